#!/usr/bin/env bats
# A /proc that is missing, masked, cut, unreadable or nonsense: the columns
# concerned are unavailable, one warning a file, and the others stay right.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2030,SC2031,SC2086,SC2154

load helper

setup() { use_fixture host; }

# Columns by the file that they come from, and what they are in the fixture.
declare -gA columns=(
    [stat]='r=5 b=3 in=123 cs=2567 us=37 sy=13 id=29 wa=11 st=4 gu=6'
    [meminfo]='swpd=6169 free=1111337 buff=22543 cache=333010'
    [vmstat]='si=8 so=12 bi=17 bo=19 min=61 maj=9'
)
shopt -s extglob

# loses FILE: its columns are `-`, all others right, one warning that names it.
only_columns_of() {
    local file
    succeeds
    for file in stat meminfo vmstat; do
        if [[ $file == "$1" ]]; then
            columns_are ${columns[$file]//=+([0-9])/=-}
        else
            columns_are ${columns[$file]}
        fi
    done
    [[ $stderr == "vmstat: "*"$1"* && $stderr != *$'\n'* ]] ||
        { echo "want one warning that names $1"; show_output; false; }
}

# each FUNCTION: applies it to each file in turn, and runs.
for_each_file() {
    local file
    for file in stat meminfo vmstat; do
        use_fixture host
        "$1" "$T/f/proc/$file"
        run_vmstat $CALM
        only_columns_of $file || { echo "^^^ $1 $file"; return 1; }
    done
}

missing() { rm "$1"; }
empty() { : > "$1"; }
directory() { rm "$1"; mkdir "$1"; }
# What `--bind /dev/null` shows: it opens and reads as empty.
masked() { ln -sf /dev/null "$1"; }
endless() { ln -sf /dev/zero "$1"; }
words() { printf 'The quick brown fox\njumps over\n\n\nthe lazy dog' > "$1"; }
no_numbers() { sed -i 's/[0-9]/x/g' "$1"; }
negative() { sed -i 's/ \([0-9]\)/ -\1/g' "$1"; }
# 20 digits and more do not fit 64 bits: no value, not its low bits.
enormous() { sed -i 's/ \([0-9]\+\)/ 99999999999999999999\1/g' "$1"; }
# The same bytes each time: pseudo-random, NULs and newlines among them.
binary() {
    awk 'BEGIN { srand(7); for (i = 0; i < 70000; i++) printf "%c", int(rand() * 256) }' > "$1"
}
one_line() { head -c 300000 /dev/zero | tr '\0' 7 > "$1"; }

@test "a file is missing" { for_each_file missing; }
@test "a file is empty" { for_each_file empty; }
@test "a file is a directory" { for_each_file directory; }
@test "a file is masked with /dev/null" { for_each_file masked; }
@test "a file is text" { for_each_file words; }
@test "a file has no numbers" { for_each_file no_numbers; }
@test "a file has negative numbers" { for_each_file negative; }
@test "a file has numbers beyond 64 bits" { for_each_file enormous; }
@test "a file is binary" { for_each_file binary; }
@test "a file is one line of 300,000 digits" { for_each_file one_line; }

@test "a file has no end: /dev/zero ends all the same" {
    endless "$T/f/proc/vmstat"
    run --separate-stderr timeout 5 "$VMSTAT" "--proc=$T/f/proc" $CALM
    # Bounded work: an answer, or an error, but within the time.
    [[ $status == 0 || $status == 1 ]] || { show_output; false; }
}

# cut FILE STRING: the file ends right behind STRING, without a newline.
cut_behind() {
    awk -v want="$2" 'BEGIN { RS = "\001" } { i = index($0, want)
        printf "%s", substr($0, 1, i + length(want) - 1) }' "$T/f/proc/$1" > "$T/cut"
    cat "$T/cut" > "$T/f/proc/$1"
}

@test "a warning comes once, not with each report" {
    : > "$T/f/proc/stat"
    : > "$T/second/proc/stat"
    COUNT=3 run_two_instants $CALM
    succeeds
    [[ ${#lines[@]} == 5 && $(grep -c '/proc/stat' <<< "$stderr") == 1 ]] || { show_output; false; }
}

# masked_by_cut FILE STRING: this machine's /proc, with a FILE that was cut so.
masked_by_cut() {
    use_fixture host
    cut_behind "$@"
    run_with_file_masked "/proc/$1" "$T/f/proc/$1"
}

@test "a file of /proc is cut in the middle of a number: no half numbers" {
    requires_mount_namespace
    # Without its newline nobody knows that the line is whole.
    masked_by_cut stat 'ctxt 25'
    columns_are cs=- r=- b=-
    [[ $(column in) =~ ^[0-9]+$ && $(column free) =~ ^[0-9]+$ ]] || { show_output; false; }
    masked_by_cut stat 'cpu  80000 6000 200'
    columns_are us=- sy=- id=- wa=- st=- gu=- in=- cs=- r=-
    masked_by_cut meminfo 'Cached:           33'
    columns_are free=1111337 buff=22543 cache=- swpd=-
    masked_by_cut vmstat 'pswpin 20'
    columns_are si=- so=- min=- maj=-
    [[ $(column bi) =~ ^[0-9]+$ ]] || { show_output; false; }
}

@test "in a copied tree a last line without its newline is whole" {
    requires_tool jq
    cut_behind stat 'ctxt 25670'
    cut_behind meminfo 'SwapFree:         8'
    cut_behind vmstat 'pswpin 20'
    printf 1000.00 > "$T/f/proc/uptime"
    run_vmstat --json $CALM
    succeeds
    # 25670 in 1000 s; 900000 - 8 KiB; 20 pages of 4 KiB
    json_has interval=1000 cs=25.67 in=123 r=null swpd=899992 si=0.08 so=null maj=null free=1111337
    in_v2
    printf 25165824 > "$T/f/$C/memory.max"
    printf '20000 100000' > "$T/f/$C/cpu.max"
    printf 3 > "$T/f/$C/cpuset.cpus.effective"
    printf 'some avg10=0.00 total=4000000' > "$T/f/$C/io.pressure"
    printf '8:0 rbytes=10240000 wbytes=0' > "$T/f/$C/io.stat"
    run_in_cgroup $CALM
    # 24 MiB, a fifth of a CPU; 4 s and 10000 KiB of 100 s
    json_has mem_limit=24576 cpu_limit=0.2 io_some=4 bi=100 r=3
}

@test "only one number is missing: only its column is" {
    sed -i '/^procs_running/d; /^ctxt/d' "$T/f/proc/stat"
    sed -i '/^pgmajfault/d' "$T/f/proc/vmstat"
    sed -i '/^SwapFree/d' "$T/f/proc/meminfo"
    run_vmstat $CALM
    succeeds
    # min is pgfault - pgmajfault, swpd SwapTotal - SwapFree
    columns_are r=- b=3 cs=- in=123 us=37 maj=- min=- si=8 bi=17 swpd=- free=1111337
}

@test "a file comes back: its columns do, rates from the next interval on" {
    cp "$T/f/proc/meminfo" "$T/second/proc/meminfo"
    : > "$T/f/proc/meminfo"
    : > "$T/f/proc/vmstat"
    run_two_instants $CALM
    succeeds
    columns_are 1 free=- bi=-
    columns_are 2 free=1111337 bi=- cs=2800
}

@test "a file goes away between the reports: unavailable, never 0" {
    rm "$T/second/proc/vmstat"
    : > "$T/second/proc/vmstat"
    run_two_instants $CALM
    succeeds
    columns_are 1 bi=17 maj=9
    columns_are 2 bi=- bo=- si=- so=- min=- maj=- cs=2800
}

@test "a copied tree loses its uptime, or gets it back: no rates by two clocks" {
    : > "$T/second/proc/uptime"
    run_two_instants $CALM
    columns_are 1 cs=2567 free=1111337
    columns_are 2 cs=- si=- free=1000001
    use_fixture host
    : > "$T/f/proc/uptime"
    run_two_instants $CALM
    columns_are 2 cs=- si=- free=1000001
    in_v2
    : > "$T/second/proc/uptime"
    run_two_instants --cgroup=/kubepods/pod1 --cgroups --csv
    [[ $output == *,/kubepods/pod1/ctr,* ]] || { show_output; false; }
    [[ $(grep -F ,/kubepods/pod1/ctr, <<< "$output") =~ ^[^,]*,,cgroup,/kubepods/pod1/ctr,[^,]*,[^,]*,,, ]] || { show_output; false; }
}

@test "json: unavailable is null, and the keys stay" {
    requires_tool jq
    rm "$T/f/proc/vmstat" "$T/f/proc/stat"
    run_vmstat --json $CALM
    succeeds
    json_has r=null cs=null us=null si=null maj=null oom=null free=1111337 \
        inact=555009
}

@test "csv: unavailable is empty, and the columns stay" {
    run_vmstat --csv $CALM
    local header=${lines[0]} columns
    columns=$(tr -cd , <<< "${lines[1]}" | wc -c)
    rm "$T/f/proc/vmstat" "$T/f/proc/stat"
    run_vmstat --csv $CALM
    [[ ${lines[0]} == "$header" &&
        $(tr -cd , <<< "${lines[1]}" | wc -c) == "$columns" ]] || { show_output; false; }
    paste -d= <(tr , '\n' <<< "$header") <(tr , '\n' <<< "${lines[1]}") > "$T/pairs"
    grep -qx cs= "$T/pairs" && grep -qx maj= "$T/pairs" &&
        grep -qx free=1111337 "$T/pairs" || { show_output; false; }
}

@test "pressure: no files, empty files, garbage: unavailable" {
    local how file
    half() { printf 'some avg10=0.00 tot' > "$1"; }
    for how in missing empty words no_numbers masked binary half; do
        use_fixture host
        for file in "$T"/f/proc/pressure/*; do $how "$file"; done
        run_vmstat -x $CALM
        succeeds
        columns_are cpuP=- memP=- memF=- ioP=- ioF=- cs=2567
    done
}

@test "nothing left: status 1, no table, and what to do" {
    rm -r "$T/f/proc" && mkdir "$T/f/proc"
    run_vmstat
    [[ $status == 1 && -z $output ]] || { show_output; false; }
    stderr_has '^vmstat: .'
}

@test "no /proc at all: names the command that mounts it" {
    requires_mount_namespace
    run --separate-stderr unshare -m --propagation private sh -c \
        "mount -t tmpfs none /proc && exec '$VMSTAT'"
    [[ $status == 1 && -z $output ]] || { show_output; false; }
    stderr_has 'mount -t proc proc /proc'
}

# real CONDITION COLUMNS: this machine's /proc, one file of it masked.
@test "masked in the real /proc: /dev/null over stat" {
    requires_mount_namespace
    run_with_file_masked /proc/stat /dev/null
    columns_are us=- cs=- in=- r=-
    [[ $(column free) =~ ^[0-9]+$ && $(column min) =~ ^[0-9]+$ ]] || { show_output; false; }
    [[ $(grep -c . <<< "$stderr") == 1 ]] || { show_output; false; }
}

@test "masked in the real /proc: /dev/null over vmstat and meminfo" {
    requires_mount_namespace
    run_with_file_masked /proc/vmstat /dev/null
    columns_are si=- bi=- maj=-
    [[ $(column us) =~ ^[0-9]+$ ]] || { show_output; false; }
    run_with_file_masked /proc/meminfo /dev/null
    columns_are swpd=- free=- buff=- cache=-
    [[ $(column cs) =~ ^[0-9]+$ ]] || { show_output; false; }
}

# Runs in a mount namespace with FILE bound over PATH.
run_with_file_masked() {
    run --separate-stderr unshare -m --propagation private sh -c \
        "mount --bind $2 $1 && exec '$VMSTAT' $HOST $CALM"
    succeeds
}

@test "subset=pid: no stat, no meminfo: an error that says so, or a cgroup" {
    requires_mount_namespace
    run --separate-stderr unshare -m -p -f --propagation private sh -c \
        "mount -t proc -o subset=pid proc /proc || exit 77; '$VMSTAT' $HOST"
    [[ $status != 77 ]] || skip "the kernel does not know subset=pid"
    [[ $status == 1 && -z $output ]] || { show_output; false; }
    stderr_has '^vmstat: '
}

@test "unreadable as non-root: unavailable, one warning" {
    local file
    for file in stat meminfo vmstat; do
        use_fixture host
        run_without_permission proc/$file -- $CALM
        only_columns_of $file
    done
}

@test "-m as non-root: says why" {
    requires_tool setpriv
    [[ $EUID == 0 ]] || skip "not root, cannot become another user"
    local dir
    dir=$(mktemp -d /tmp/vmstat-test.XXXXXX)
    install -m 755 "$VMSTAT" "$dir/vmstat" && chmod 755 "$dir"
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/vmstat" -m
    rm -rf "$dir"
    fails_with '*slabinfo*'
}

@test "gVisor: no vmstat, counters that stay 0 are unavailable" {
    use_fixture gvisor
    run_vmstat $CALM
    succeeds
    # of 10000 ticks: 2000, 5000, 3000
    columns_are r=- b=- free=1500300 cache=100400 in=- cs=- us=20 sy=50 id=30 \
        si=- so=- bi=- bo=- min=- maj=-
}

@test "gVisor: time in the kernel alone tells it, too; and without CPU columns" {
    use_fixture gvisor
    sed -i 's/^cpu .*/cpu  0 0 5000 0 0 0 0 0 0 0/' "$T/f/proc/stat"
    run_vmstat -o cs,sy $CALM
    [[ ${lines[2]} == *-*100 ]] || { show_output; false; }
    run_vmstat -o in,cs $CALM
    [[ $status == 0 && ${lines[2]} =~ ^\ +-\ +-$ ]] || { show_output; false; }
}

@test "a machine of 4,096 CPUs that is up for years: shares of 10^12 ticks" {
    use_fixture host
    write_file sys/devices/system/cpu/online <<< 0-4095
    write_file proc/uptime <<< '10000000.00 1'
    sed -i 's/^cpu .*/cpu  1 1 1 1000000000000 2000000000000 0 0 0 0 0/' "$T/f/proc/stat"
    run_vmstat $CALM
    succeeds
    columns_are us=0 sy=0 id=33 wa=67 st=0 gu=0
}

@test "WSL1: a cpu line of nine numbers, no vmstat" {
    use_fixture wsl1
    run_vmstat $CALM
    succeeds
    # of 100000 ticks: 30000, 22000, 48000; 50331648-49942008
    columns_are r=2 b=0 swpd=389640 free=9062236 buff=34032 cache=188576 in=- cs=- \
        us=30 sy=22 id=48 wa=0 bi=- maj=-
}

@test "arguments that are hostile: very long, many, not UTF-8" {
    local long
    long=$(printf '%070000d' 0 | tr 0 9)
    local arg
    for arg in "$long" "-S$long" "--$long" "--unit=$long" $'\xff\xfe' "-p$long" \
        "-o$long" '%s%n%d' '--%s%n' "-o%n%s"; do
        run --separate-stderr timeout 5 "$VMSTAT" "$arg"
        [[ $status == 1 && -z $output && $stderr == "vmstat: "* ]] ||
            { echo "status $status for ${arg:0:40}"; false; }
    done
}

@test "hostile names reach neither a terminal nor JSON raw" {
    requires_tool jq
    in_v2
    local name=$'a\e[2J\nb\x9b\xc0\xafc'
    mv "$T/f/$C" "$T/f/sys/fs/cgroup/kubepods/pod1/$name" || skip "this file system takes no such names"
    run_vmstat "--cgroup=/kubepods/pod1/$name" --json $CALM
    succeeds
    [[ ${#lines[@]} == 1 && $output != *$'\e'* ]] || { show_output; false; }
    jq -e '.cgroup == "/kubepods/pod1/a\u001b[2J\nb\ufffd\ufffd\ufffdc"' <<< "$output"
    run_vmstat "--cgroup=/kubepods/pod1/$name/nosuch"
    fails_with '*not found*'
    [[ $stderr != *$'\e'* && $stderr == *'a?[2J?b'* ]] || { show_output; false; }
    run_vmstat "--cgroup=/kubepods/pod1/$name" --csv $CALM
    [[ ${#lines[@]} == 2 && $output != *$'\e'* && $output != *$'\x9b'* ]] || { show_output; false; }
    iconv -f utf8 -t utf8 <<< "$output" > /dev/null
}

@test "control characters in names are escaped for Prometheus, too" {
    requires_feature cgroup prometheus
    in_v2
    local name=$'a\e[2J\t\x7fb\xc2\x9bc\nd'
    mv "$T/f/$C" "$T/f/sys/fs/cgroup/kubepods/pod1/$name" || skip "this file system takes no such names"
    printf ' 8 0 sd\e[31ma 1 1 1 1 1 1 1 1 1 1 1\n' | write_file proc/diskstats
    run_vmstat "--cgroup=/kubepods/pod1/$name" --prometheus
    succeeds
    grep -qF 'vmstat_cgroup_memory_usage_bytes{cgroup="/kubepods/pod1/a\\x1b[2J\\x09\\x7fb\\xc2\\x9bc\nd"} ' <<< "$output" || { show_output; false; }
    run_vmstat $HOST --prometheus
    grep -qF 'vmstat_disk_reads_completed_total{device="sd\\x1b[31ma"} 1' <<< "$output" || { show_output; false; }
    [[ $output != *$'\e'* ]]
}

@test "no two names are one series of Prometheus" {
    requires_feature cgroup prometheus
    in_v2
    local name n=0
    for name in $'a\x01' 'a\x01' $'a\xff' 'a\xff' 'a\x5cx01' 'a\x7f' $'a\x7f' 'a\x2db' 'a\d'; do
        mkdir "$T/f/$C/$name" || skip "this file system takes no such names"
        echo $((n += 4096)) > "$T/f/$C/$name/memory.current"
    done
    run_vmstat "--cgroup=/${C#sys/fs/cgroup/}" --cgroups --prometheus
    succeeds
    sort <(sed -n 's/^vmstat_cgroup_memory_usage_bytes{cgroup=".*ctr.\(a.*\)"} /\1 /p' <<< "$output") > "$T/got"
    diff "$T/got" <(sort <<'END'
a\\x01 4096
a\\x5cx01 8192
a\\xff 12288
a\\x5cxff 16384
a\\x5cx5cx01 20480
a\\x5cx7f 24576
a\\x7f 28672
a\\x2db 32768
a\\d 36864
END
    )
}

@test "a family whose first sample cannot be had keeps its help" {
    requires_feature prometheus
    sed -i '1s/^cpu *[0-9]*/cpu  18446744073709551610/' "$T/f/proc/stat"
    run_vmstat --scope=host --prometheus
    succeeds
    [[ $output == *$'\n# HELP vmstat_cpu_seconds_total CPU time by mode; user and nice include guests.\n# TYPE vmstat_cpu_seconds_total counter\nvmstat_cpu_seconds_total{mode="nice"} 60\n'* ]] ||
        { grep cpu_seconds <<< "$output"; false; }
}

# U+202E writes the name backwards; U+200B is zero wide, U+2066 isolates, U+FEFF hides.
@test "names that reorder or hide text do not on a terminal; data keeps them" {
    requires_tool jq
    local bad=$'a\xe2\x80\xaeb\xe2\x80\x8bc\xe2\x81\xa6d\xef\xbb\xbfe' good=$'f\xc3\xa9g\xe2\x80\x90h'
    printf ' 8 0 %s 1 1 1 1 1 1 1 1 1 1 1\n 8 16 %s 2 2 2 2 2 2 2 2 2 2 2\n' "$bad" "$good" | write_file proc/diskstats
    run_vmstat -d
    [[ ${lines[2]} == "a?b?c?d?e "* && ${lines[3]} == "$good "* ]] || { show_output; false; }
    run_vmstat -p "$bad"x
    fails_with '*partition a\?b\?c\?d\?ex: *'
    run_vmstat -d --json
    [[ $(jq -r .disk <<< "${lines[0]}") == "$bad" ]] || { show_output; false; }
    run_vmstat -d --csv
    [[ ${lines[1]} == *",$bad,"* ]] || { show_output; false; }
}

@test "hostile arguments and device names are one safe line" {
    local arg
    for arg in $'--bad\e[31m' $'-S\e\n' $'-o\x9b\ncs' $'--proc=/no\e\nsuch' $'5\e\n'; do
        run --separate-stderr timeout 5 "$VMSTAT" "$arg"
        fails_with '*'
        [[ $stderr != *$'\e'* && $stderr != *$'\x9b'* ]] || { show_output; false; }
    done
    printf ' 8 0 sd\e[31ma 1 1 1 1 1 1 1 1 1 1 1\n' | write_file proc/diskstats
    run_vmstat -d
    [[ $output != *$'\e'* && $output == *'sd?[31ma'* ]] || { show_output; false; }
}

@test "descriptors 0 to 2 closed at the start: no report lands in a file" {
    run --separate-stderr bash -c "'$VMSTAT' '--proc=$T/f/proc' $CALM <&- >&- 2>&-"
    [[ $status == 1 ]] || { show_output; false; }
    run bash -c "'$VMSTAT' '--proc=$T/f/proc' $CALM <&- 2>&-"
    [[ $status == 0 && ${#lines[@]} == 3 ]] || { show_output; false; }
}

# The numbers of a report without a limit are in $T/good: each is the same, or null with a
# reason on standard error.
right_or_missing() {
    local nulls
    if [[ $status == 1 ]]; then
        [[ -z $output && $stderr == "vmstat: "* ]] || { show_output; false; }
        return
    fi
    succeeds
    nulls=$(grep -o null <<< "$output" | wc -l)
    jq -e --slurpfile good "$T/good" '$good[0] as $g | to_entries |
        all(.value == null or .key == "time" or .value == $g[.key])' <<< "$output" || { show_output; false; }
    ((nulls == $(grep -o null "$T/good" | wc -l))) || [[ -n $stderr ]] || { show_output; false; }
}

@test "few descriptors, little memory: a number is right, or missing with its reason" {
    requires_feature cgroup
    requires_tool jq
    local n fixture scope
    for fixture in host:host v2:cgroup; do
        use_fixture "${fixture%:*}"
        scope=${fixture#*:}
        run_vmstat -x --json $CALM "--scope=$scope"
        succeeds
        echo "$output" > "$T/good"
        for n in {3..16} 32; do
            run --separate-stderr bash -c "ulimit -n $n -v 9000; exec \"\$0\" \"\$@\"" \
                "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" -x --json $CALM "--scope=$scope"
            right_or_missing || { echo "$n descriptors, $scope"; false; }
        done
    done
}

@test "/proc is unmounted while it runs: what is open stays, the end has a reason" {
    requires_feature top
    requires_tool jq
    requires_mount_namespace
    # A file of /proc that is open keeps its file system; tasks are opened anew.
    run --separate-stderr unshare -m --propagation private bash -c "
        '$VMSTAT' $HOST $CALM --json --top 0.2 4 | { read -r first; umount -l /proc; echo \"\$first\"; cat; }"
    succeeds
    [[ ${#lines[@]} == 4 ]] || { show_output; false; }
    jq -se 'all(.cs != null and .free != null) and (.[0].top | length > 0)' <<< "$output" || { show_output; false; }
}

@test "a stop of ten intervals: the next report covers them, and none is made up for" {
    requires_tool jq
    "$VMSTAT" --proc=/proc $HOST $CALM --json -o cs 0.2 6 > "$T/out" 3>&- &
    local pid=$!
    until_true test -s "$T/out"
    kill -STOP $pid
    sleep 2
    kill -CONT $pid
    wait $pid
    jq -se 'length == 6 and (.[1:] | map(.interval) | (max >= 1.9 and .[2:] == (.[2:] | map(select(. >= 0.1)))))' \
        "$T/out" || { cat "$T/out"; false; }
}

@test "columns of a masked file alone, or of pressure that is off: a row without numbers" {
    requires_tool jq
    : > "$T/f/proc/vmstat"
    run_vmstat --json -o maj,si
    [[ $status == 0 && $stderr == *"proc/vmstat: empty"* ]] || { show_output; false; }
    json_has maj=null si=null
    rm -r "$T/f/proc/pressure"
    run_vmstat --json -o cpu_some,io_full
    [[ $status == 0 && -z $stderr ]] || { show_output; false; }
    json_has cpu_some=null io_full=null
    rm "$T/f/proc/vmstat"
    run_vmstat --json -o maj,si
    fails_with '*proc/vmstat*'
}

@test "a device number above all others in io.stat is a device, no crash" {
    requires_feature cgroup
    use_fixture v2
    echo '18446744073709551615:18446744073709551615 rbytes=1 wbytes=2' > "$T/f/sys/fs/cgroup/kubepods/pod1/ctr/io.stat"
    run_vmstat --scope=cgroup --json
    succeeds
}
