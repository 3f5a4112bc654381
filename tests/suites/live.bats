#!/usr/bin/env bats
# Against the installed procps-ng, side by side, where that one is right:
# 4.0.2 does not refresh memory between reports and has no gu in narrow
# tables, so memory is compared since boot, gu in wide ones. Since boot it
# divides rates by the time of all CPUs together, and what it calls swap cache
# is the page cache: neither is compared.
# bats file_tags=slow,serial

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2030,SC2031,SC2086,SC2154

load helper

setup() {
    requires_tool vmstat
    command vmstat -V | grep -q procps || skip "the installed vmstat is not procps-ng's"
    run command vmstat
    [[ $status == 0 ]] || skip "the installed vmstat does not run here"
}

# The last line of each, NAME=VALUE a line, in $T/ours and $T/theirs.
side_by_side() {
    command vmstat -w "$@" > "$T/theirs.out" 3>&- &
    local pid=$!
    "$VMSTAT" $HOST -w $CALM "$@" > "$T/ours.out" 3>&-
    wait $pid
    local who
    for who in ours theirs; do
        awk '$1 == "r" { split($0, name) } END { for (i in name) print name[i], $i }' \
            "$T/$who.out" | sort > "$T/$who"
    done
}

# near NAME RELATIVE ABSOLUTE: the two differ by at most the greater of both.
is_near() {
    join "$T/ours" "$T/theirs" | awk -v name="$1" -v rel="$2" -v abs="$3" '
        $1 == name { d = $2 - $3; if (d < 0) d = -d
            if (d > abs && d > rel * $3) { print name ": ours " $2 ", theirs " $3; bad = 1 }
            if ($2 !~ /^[0-9]+$/) { print name ": " $2; bad = 1 }; seen = 1 }
        END { exit bad || !seen }' || { cat "$T/ours.out" "$T/theirs.out"; false; }
}

# The two read a few milliseconds apart. What the disk writes or memory takes all
# at once just then is in one of them alone: not three times in a row.
in_three_tries() { "$@" || "$@" || "$@"; }

since_boot_agrees() {
    side_by_side
    is_near swpd 0 0 && is_near free 0.02 4096 && is_near buff 0.02 1024 && is_near cache 0.02 4096 || return
    local name
    for name in us sy id wa st gu; do is_near $name 0 1 || return; done
}

@test "since boot: memory and CPU" {
    in_three_tries since_boot_agrees
}

# One CPU in user mode, one that switches and faults, and writes.
rates_agree() {
    (while :; do :; done) 3>&- & local spin=$!
    (while :; do /bin/true; done) 3>&- & local fork=$!
    side_by_side 2 2
    kill $spin $fork
    wait $spin $fork 2>/dev/null || true
    local name
    is_near si 0.1 8 && is_near so 0.1 8 && is_near bi 0.1 64 && is_near bo 0.1 64 &&
        is_near in 0.1 100 && is_near cs 0.1 200 || return
    for name in us sy id wa st gu; do is_near $name 0 4 || return; done
    awk '$1 == "cs" { exit !($2 > 100) }' "$T/ours"
}

@test "two seconds under load: every rate" {
    in_three_tries rates_agree
}

active_memory_agrees() {
    side_by_side -a
    is_near inact 0.02 4096 && is_near active 0.02 4096
}

@test "-a: inactive and active memory" {
    in_three_tries active_memory_agrees
}

stats_agree() {
    command vmstat -s > "$T/theirs.out"
    run_on_this_machine -s
    printf '%s\n' "$output" > "$T/ours.out"
    paste -d'|' <(sort -k2 "$T/theirs.out") \
        <(grep -Ff <(cut -c14- "$T/theirs.out") "$T/ours.out" | sort -k2) |
        awk -F'|' '{ split($1, a, " "); split($2, b, " "); d = a[1] - b[1]
            if (d < 0) d = -d
            if (d > 4096 && !/swap cache/ && d > a[1] * 0.02) { print; bad = 1 } } END { exit bad }'
}

@test "-s: the same labels, the same values" {
    in_three_tries stats_agree
    # Every label of theirs, in their order. (4.0.2 lacks some of ours.)
    diff <(cut -c15- "$T/theirs.out") \
        <(cut -c15- "$T/ours.out" | grep -Fxf <(cut -c15- "$T/theirs.out"))
    # What does not move at all.
    local label
    for label in 'K total memory' 'K total swap' 'boot time'; do
        [[ $(grep -F "$label" "$T/ours.out") == "$(grep -F "$label" "$T/theirs.out")" ]]
    done
}

@test "-m, -f: the same caches, the same forks" {
    [[ -r /proc/slabinfo ]] || skip "no right to read slabinfo"
    caches() { awk '$1 != "Cache" { print $1, $4, $5 }'; }
    diff <(command vmstat -m | caches) <("$VMSTAT" $HOST -m | caches)
    local before ours after
    before=$(command vmstat -f)
    ours=$("$VMSTAT" $HOST -f)
    after=$(command vmstat -f)
    [[ ${ours#*[0-9] } == "${before#*[0-9] }" ]]
    ((${before% forks} < ${ours% forks} && ${ours% forks} < ${after% forks}))
}

@test "-d and -D: the same disks" {
    diff <(command vmstat -d | awk '{ print $1 }') <("$VMSTAT" $HOST -d | awk '{ print $1 }')
    diff <(command vmstat -D | head -n 2) <("$VMSTAT" $HOST -D | head -n 2)
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
    in1=$(counter pgpgin) out1=$(counter pgpgout)
    "$VMSTAT" $HOST --json $CALM 1 2 > "$T/out" 3>&- &
    local pid=$!
    while [[ ! -s $T/out ]] && kill -0 $pid; do sleep 0.01; done
    dd if=/dev/zero of="$file" bs=1M count=24 oflag=direct conv=notrunc 2>/dev/null
    dd if="$file" of=/dev/null bs=1M count=16 iflag=direct 2>/dev/null
    [[ $(wc -l < "$T/out") == 1 ]] || { rm -f "$file"; skip "the disk is too slow for this test"; }
    wait $pid
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
    local before after
    before=$(counter)
    "$VMSTAT" $HOST --json $CALM 1 2 > "$T/out" 3>&- &
    local pid=$!
    while [[ ! -s $T/out ]] && kill -0 $pid; do sleep 0.01; done
    head -c 16777216 /dev/zero | tail -c 16777216 > /dev/null
    wait $pid
    after=$(counter)
    # tail holds 16 MiB: 4,096 pages, unless they come in huge ones.
    [[ $(jq -s --argjson max $((after - before)) '.[1] | .min * .interval | . > 500 and . <= $max + 2' "$T/out") == true ]] ||
        { echo "at most $((after - before))"; cat "$T/out"; false; }
}
