#!/usr/bin/env bats
# Against the installed procps-ng, where that one is right: 4.0.2 does not
# refresh memory between reports and has no gu in narrow tables, so memory is
# compared since boot, gu in wide ones. Since boot it divides rates by the time
# of all CPUs together, and what it calls swap cache is the page cache: neither
# is compared. And loads of this machine, against what its kernel counted.
# bats file_tags=slow,serial

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2016,SC2030,SC2031,SC2086,SC2154

load helper

setup() {
    requires_tool vmstat
    command vmstat -V | grep -q procps || skip "the installed vmstat is not procps-ng's"
    run command vmstat
    [[ $status == 0 ]] || skip "the installed vmstat does not run here"
}

# Both read the same files, captured from this machine: what it does between two
# readings is in both or in none.
files='stat uptime meminfo vmstat diskstats slabinfo'

capture() { # DIR
    local file
    mkdir -p "$T/$1/proc" "$T/$1/sys/devices/system/cpu"
    for file in $files; do
        [[ ! -r /proc/$file ]] || cat "/proc/$file" > "$T/$1/proc/$file"
    done
    cat /sys/devices/system/cpu/online > "$T/$1/sys/devices/system/cpu/online"
}

# Each where the captured files are /proc's.
inside() {
    unshare -m --propagation private sh -ec '
        for file in $(ls "$0"); do mount --bind "$0/$file" "/proc/$file"; done
        exec "$@"' "$T/f/proc" "$@"
}

procps() { inside vmstat "$@"; }
ours() { inside "$VMSTAT" $HOST "$@"; }

# The last line of each, NAME=VALUE a line, in $T/ours and $T/theirs.
named() {
    local who
    for who in ours theirs; do
        awk '$1 == "r" { split($0, name) } END { for (i in name) print name[i], $i }' \
            "$T/$who.out" | sort > "$T/$who"
    done
}

side_by_side() {
    requires_mount_namespace
    capture f
    procps -w "$@" > "$T/theirs.out"
    ours -w $CALM "$@" > "$T/ours.out"
    named
}

# is_near NAME ABSOLUTE [OURS THEIRS]: the two differ by no more, as rates of so many seconds.
is_near() {
    join "$T/ours" "$T/theirs" | awk -v name="$1" -v abs="$2" -v ours="${3:-1}" -v theirs="${4:-1}" '
        $1 == name { d = $2 * ours - $3 * theirs; if (d < 0) d = -d
            if (d > abs) { print name ": ours " $2 ", theirs " $3; bad = 1 }
            if ($2 !~ /^[0-9]+$/) { print name ": " $2; bad = 1 }; seen = 1 }
        END { exit bad || !seen }' || { cat "$T/ours.out" "$T/theirs.out"; false; }
}

@test "since boot: memory and CPU" {
    side_by_side
    local name
    for name in r b swpd free buff cache; do is_near $name 0; done
    for name in us sy id wa st gu; do is_near $name 1; done
}

# One CPU in user mode, one that switches and faults.
@test "two seconds under load: every rate" {
    requires_mount_namespace
    local name delay began took seconds
    capture f
    (while :; do :; done) 3>&- & local spin=$!
    (while :; do /bin/true; done) 3>&- & local fork=$!
    sleep 2
    capture second
    kill $spin $fork
    wait $spin $fork 2>/dev/null || true
    seconds=$(paste -d' ' "$T"/{f,second}/proc/uptime | awk '{ print $3 - $1 }')
    cp -a "$T/f" "$T/earlier"
    run_two_instants -w $CALM
    printf '%s\n' "$output" > "$T/ours.out"
    for delay in 1 4 16; do # longer, where the change came too late for it
        rm -rf "$T/f"
        cp -a "$T/earlier" "$T/f"
        began=$SECONDS
        procps -w $delay 2 > "$T/theirs.out" 3>&- &
        until_true has_lines "$T/theirs.out" 3
        overlay
        took=$((SECONDS - began))
        wait $!
        ((took >= delay)) || break
    done
    named
    # Each is rounded.
    for name in si so bi bo in cs; do
        is_near $name "$(awk "BEGIN { print ($seconds + $delay) / 2 + 0.01 }")" "$seconds" $delay
    done
    for name in us sy id wa st gu; do is_near $name 1; done
    awk '$1 == "cs" { exit !($2 > 100) }' "$T/ours"
}

@test "-a: inactive and active memory" {
    side_by_side -a
    is_near inact 0
    is_near active 0
}

@test "-s: the same labels, the same values" {
    requires_mount_namespace
    capture f
    procps -s > "$T/theirs.out"
    ours -s > "$T/ours.out"
    # In their order. (4.0.2 lacks some of ours.)
    diff <(grep -v 'swap cache' "$T/theirs.out") \
        <(awk 'FNR == NR { theirs[substr($0, 15)]; next } substr($0, 15) in theirs' "$T"/{theirs,ours}.out |
            grep -v 'swap cache')
}

@test "-m, -f: the same caches, the same forks" {
    requires_mount_namespace
    [[ -r /proc/slabinfo ]] || skip "no right to read slabinfo"
    capture f
    caches() { awk '$1 != "Cache" { print $1, $2, $3, $4, $5 }'; }
    diff <(procps -m | caches) <(ours -m | caches)
    local before ours after
    before=$(command vmstat -f)
    ours=$("$VMSTAT" $HOST -f)
    after=$(command vmstat -f)
    [[ ${ours#*[0-9] } == "${before#*[0-9] }" ]]
    ((${before% forks} < ${ours% forks} && ${ours% forks} < ${after% forks}))
}

@test "-d and -D: the same disks" {
    requires_mount_namespace
    capture f
    # It divides these by 1000: of each what is under way, of all the last three.
    disks() { awk '{ $10 = ""; print }'; }
    sums() { sed '/ IO$/d'; }
    diff <(procps -d | disks) <(ours -d | disks)
    diff <(procps -D | sums) <(ours -D | sums)
}

# during COMMAND: in the second report of vmstat to $T/out; in a longer interval where it
# took too long for one. `before` comes first. False: too long for any.
during() {
    local delay start pid took
    for delay in 1 4 16; do
        before
        start=$SECONDS
        "$VMSTAT" $HOST --json $CALM $delay 2 > "$T/out" 3>&- &
        pid=$!
        until_true test -s "$T/out"
        "$@"
        took=$((SECONDS - start))
        wait $pid
        ((took >= delay)) || return 0
    done
    return 1
}

# What dd wrote and read, and not a block more than the kernel counted over
# a longer time around it.
@test "dd with O_DIRECT: bi and bo are exact" {
    requires_tool jq dd
    local file=$REPO/tests/direct.$$
    dd if=/dev/zero of="$file" bs=1M count=1 oflag=direct 2>/dev/null ||
        { rm -f "$file"; skip "no O_DIRECT on this file system"; }
    counter() { awk -v k="$1" '$1 == k { print $2 }' /proc/vmstat; }
    sync "$file"
    local in1 out1 in2 out2
    in1=$(counter pgpgin) out1=$(counter pgpgout)
    dd if=/dev/zero of="$file" bs=1M count=1 oflag=direct conv=notrunc 2>/dev/null
    (($(counter pgpgout) - out1 >= 1024)) ||
        { rm -f "$file"; skip "this file system's writes are not in pgpgout"; }
    writes_and_reads() {
        dd if=/dev/zero of="$file" bs=1M count=24 oflag=direct conv=notrunc 2>/dev/null
        dd if="$file" of=/dev/null bs=1M count=16 iflag=direct 2>/dev/null
    }
    before() { in1=$(counter pgpgin) out1=$(counter pgpgout); }
    during writes_and_reads || { rm -f "$file"; skip "the disk is too slow for this test"; }
    in2=$(counter pgpgin) out2=$(counter pgpgout)
    rm -f "$file"
    # The interval is printed to the millisecond.
    jq -se --argjson in $((in2 - in1)) --argjson out $((out2 - out1)) '.[1] |
        (.interval - 0.001) as $least | (.interval + 0.001) as $most |
        .bo * $most >= 24576 and .bo * $least <= $out and
        .bi * $most >= 16384 and .bi * $least <= $in' "$T/out" ||
        { echo "counted $((in2 - in1)) in, $((out2 - out1)) out"; cat "$T/out"; false; }
}

@test "faults: a program that touches 4,096 new pages shows up in min" {
    requires_tool jq
    counter() { awk '$1 == "pgfault" { f = $2 } $1 == "pgmajfault" { m = $2 } END { print f - m }' /proc/vmstat; }
    local began after
    before() { began=$(counter); }
    touch_pages() { head -c 16777216 /dev/zero | tail -c 16777216 > /dev/null; }
    during touch_pages
    after=$(counter)
    # tail holds 16 MiB: 4,096 pages, unless they come in huge ones.
    [[ $(jq -s --argjson max $((after - began)) '.[1] | .min * .interval | . > 500 and . <= $max + 2' "$T/out") == true ]] ||
        { echo "at most $((after - began))"; cat "$T/out"; false; }
}
