#!/usr/bin/env bats
# --top: the processes to blame. Two instants of the host fixture, 2.5 s apart.

# shellcheck disable=SC2016,SC2030,SC2031,SC2086,SC2154
load helper

setup() {
    requires_feature top
    use_fixture host
}

# task DIR ID PROCESS NAME VOLUNTARY OTHER "RAN WAITED TIMES" FLAGS MIN MAJ UTIME STIME START
task() {
    local dir=$1/proc/$2
    mkdir -p "$dir"
    printf 'Name:\t%s\nState:\tS (sleeping)\nTgid:\t%s\nPid:\t%s\nvoluntary_ctxt_switches:\t%s\nnonvoluntary_ctxt_switches:\t%s\n' \
        "$4" "$3" "$2" "$5" "$6" > "$dir/status"
    echo "$7" > "$dir/schedstat"
    echo "$2 ($4) S 1 1 1 0 -1 $8 $9 77 ${10} 88 ${11} ${12} 5 5 20 0 1 0 ${13} 1 ${RSS:-1}" > "$dir/stat"
}

# A process of two threads: 5,300 switches, 500 and 50 faults, 1.25 s of CPU
# time and 1.5 s of waiting more. What it waited for is in no other number.
two_threads() {
    task "$T/f" 50 50 "$1" 100 20 "1000000000 500000000 120" 4194560 1000 10 100 50 2000
    task "$T/f" 51 50 "$1" 10 0 "5000 0 10" 4194560 1 1 1 1 2000
    task "$T/second" 50 50 "$1" 350 70 "2000000000 1750000000 420" 4194560 1500 60 200 75 2000
    task "$T/second" 51 50 "$1" 5010 0 "250005000 250000000 5010" 4194560 1 1 1 1 2000
    mkdir -p "$T/f/proc/50/task/50" "$T/f/proc/50/task/51"
}

top_of() { jq -c '.top[] | [.pid, .comm, .cs, .vcs, .min, .maj, .cpu, .wait]' <<< "${lines[-1]}"; }

@test "threads are summed to their process, rates by the time that passed" {
    two_threads busy
    run_two_instants --top=5,always --json
    succeeds
    [[ $(top_of | grep '^\[50,') == '[50,"busy",2120,2100,200,20,50,60]' ]] || { top_of; show_output; false; }
}

@test "a process that has not run is not there, one that began counts from 0" {
    two_threads busy
    task "$T/f" 60 60 idle 500 5 "1000 1000 505" 4194304 9000 0 100 50 2000
    task "$T/second" 60 60 idle 500 5 "1000 1000 505" 4194304 9000 0 100 50 2000
    task "$T/second" 70 70 newborn 25 0 "1000 0 25" 4194304 50 0 0 0 100100
    task "$T/second" 71 71 moved-in 99925 0 "1000 0 99925" 4194304 99950 0 0 0 100
    run_two_instants --top=9 --json $CALM
    succeeds
    [[ $(top_of) == '[50,"busy",2120,2100,200,20,50,60]
[70,"newborn",10,10,20,0,0,0]' ]] || { top_of; show_output; false; }
}

@test "a number that another process has now counts from 0" {
    task "$T/f" 60 60 old 5000 0 "1000 0 5000" 4194304 9000 0 100 50 2000
    task "$T/second" 60 60 new 5050 0 "1000 0 5050" 4194304 9500 0 0 0 100100
    run_two_instants --top=9 --json $CALM
    succeeds
    [[ $(top_of) == '[60,"new",'*',3800,0,0,0]' ]] || { top_of; show_output; false; }
}

@test "kernel threads in brackets, names made safe, in text cut to the column" {
    task "$T/f" 60 60 $'a\e[31m)b' 1 0 "1 0 1" 4194304 0 0 0 0 2000
    task "$T/second" 60 60 $'a\e[31m)b' 26 0 "2 0 26" 4194304 0 0 0 0 2000
    task "$T/f" 61 61 kworker/0:1-events_unbound 1 0 "1 0 1" 69238880 0 0 0 0 2000
    task "$T/second" 61 61 kworker/0:1-events_unbound 51 0 "2 0 26" 69238880 0 0 0 0 2000
    run_two_instants --top=always
    succeeds
    [[ $output != *$'\e'* ]]
    grep -q '^         61 S      20       0     0    0     0        4       -       - -                         \[kworker/0:1-events_unbound\]$' <<< "$output" || { show_output; false; }
    grep -q '^         60 S      10 .* a?\[31m)b$' <<< "$output" || { show_output; false; }
    run_vmstat --top=always --json; lines=("$output"); [[ $output != *$'\e'* && $(top_of) == *'"[kworker/0:1-events_unbound]"'* ]]
}

# A process that switches, and one that faults.
begin() {
    use_fixture host
    two_threads busy
    task "$T/f" 60 60 faulty 1 0 "1 0 1" 4194304 0 0 0 0 2000
    task "$T/second" 60 60 faulty 2 0 "2 0 2" 4194304 0 1000 0 0 2000
}

@test "under a row that alerts alone; ordered by what alerts; in CSV not there" {
    requires_feature alerts
    begin
    run_two_instants --top=5,alert --json --threshold=1000000000 --alert=oom=99 --alert=maj=1000000 --alert=swap=1000000
    [[ $(jq -c .top <<< "${lines[-1]}") == '[]' ]] || { show_output; false; }
    begin
    run_two_instants --top --json --threshold=1 --alert=oom=99 --alert=maj=1000000 --alert=swap=1000000
    [[ $(jq -c '[.top[].pid]' <<< "${lines[-1]}") == '[50,60]' ]] || { show_output; false; }
    begin
    run_two_instants --top=1 --json --threshold=1000000000 --alert=oom=99 --alert=maj=1 --alert=swap=1000000
    [[ $(jq -c '[.top[].pid]' <<< "${lines[-1]}") == '[60]' ]] || { show_output; false; }
    begin
    run_two_instants --top=alert --json --threshold=1 --alert=oom=99 --alert=maj=1000000 --alert=swap=1000000
    [[ $(jq -c '[.top[].pid]' <<< "${lines[-1]}") == '[50,60]' ]] || { show_output; false; }
}

@test "without schedstat the switches of status do, and wait is not known" {
    two_threads busy
    rm "$T"/f/proc/5?/schedstat "$T"/second/proc/5?/schedstat
    run_two_instants --top=5,always --json
    [[ $(top_of) == '[50,"busy",2120,2100,200,20,50,null]' ]] || { top_of; show_output; false; }
    use_fixture host
    two_threads busy
    for dir in f second; do
        for id in 50 51; do echo "0 0 0" > "$T/$dir/proc/$id/schedstat"; done
    done
    run_two_instants --top=5,always --json
    [[ $(top_of) == '[50,"busy",2120,2100,200,20,50,null]' ]] || { top_of; show_output; false; }
}

@test "the last N, the width of the terminal, bad values" {
    run_vmstat --top=0
    fails_with "*--top*'0'*"
    run_vmstat --top=5,never
    fails_with "*--top*"
    run_vmstat --top=101
    fails_with "*--top*"
    run_vmstat --top=5,
    fails_with "*--top*"
    run_vmstat --top=5,alert,
    fails_with "*--top*"
    run_vmstat --top -d; fails_with "conflicting*"
    run_vmstat --top --csv; fails_with "conflicting options: --top and --csv"
    ! has_feature alerts || { run_vmstat --top=alert --alert=off; fails_with "conflicting options: --top and --alert=off"; }
    run_vmstat --top --alert=off --json; succeeds
}

# wordy DIR ID READ WRITTEN CGROUP ARGS...: its other files
wordy() {
    local dir=$1/proc/$2
    printf 'rchar: 9999999\nread_bytes: %s\nwrite_bytes: %s\ncancelled_write_bytes: 0\n' "$3" "$4" > "$dir/io"
    printf '12:pids:/\n0::%s\n' "$5" > "$dir/cgroup"
    printf '%s\0' "${@:6}" > "$dir/cmdline"
}

words_of() { jq -c '.top[] | [.pid, .args, .cgroup, .rss, .read, .written]' <<< "${lines[-1]}"; }

@test "command line, cgroup, memory, bytes read and written" {
    RSS=300 two_threads busy
    wordy "$T/f" 50 1048576 10240 /system.slice/nginx.service /bin/busy -x 'two words' $'esc\e[0m'
    wordy "$T/second" 50 2097152 35840 /system.slice/nginx.service /bin/busy -x 'two words' $'esc\e[0m'
    run_two_instants --top --json
    succeeds
    [[ $(words_of) == '[50,"/bin/busy -x two words esc\u001b[0m","/system.slice/nginx.service",1200,409.6,10]' ]] || { words_of; false; }
    lines[0]=; run_vmstat --top
    # Passwords stand on a terminal, not in a log.
    grep -q ' nginx.service             busy$' <<< "$output" || { show_output; false; }
    requires_terminal
    output=$(TERM=dumb script -qec "stty cols 200; '$VMSTAT' --proc='$T/f/proc' --sys='$T/f/sys' --top" /dev/null < /dev/null | tr -d '\r')
    grep -q ' nginx.service             /bin/busy -x two words esc?\[0m$' <<< "$output" || { show_output; false; }
}

@test "the unit: a pod's and its container's first letters, a container, the last components" {
    local id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef n=0 path
    for path in /kubepods/burstable/pod1f0c2b7e-1111-2222-3333-444444444444/$id /docker/$id \
        /user.slice/user-1.slice/session-4.scope /system.slice/ssh.service /; do
        n=$((n + 1))
        task "$T/f" 6$n 6$n p$n 1 0 "$((9 - n))000000000 0 1" 4194304 0 0 $((9 - n)) 0 2000
        wordy "$T/f" 6$n 0 0 $path p$n
    done
    run_vmstat --top
    succeeds
    [[ $(awk '/^ +pid / { at = index($0, "unit") } /^ +6[0-9] / { print substr($0, at, 25) "|" }' <<< "$output") == \
'pod 1f0c2b7e 0123456789ab|
container 0123456789ab   |
session-4.scope          |
system.slice/ssh.service |
-                        |' ]] || { show_output; false; }
}

@test "what children have read belongs to no interval of their parent's" {
    two_threads busy
    sed -i 's/ 77 / 78 /' "$T/second/proc/50/stat" # a fault of a child that was waited for
    wordy "$T/f" 50 0 0 / busy; wordy "$T/second" 50 1048576000 0 / busy
    run_two_instants --top --json $CALM
    [[ $(words_of) == '[50,"busy",null,4,null,null]' ]] || { words_of; false; }
}

@test "bytes that may not be read, and of a process that has not run" {
    two_threads busy
    task "$T/f" 60 60 idle 500 5 "1000 1000 505" 4194304 9000 0 100 50 2000
    task "$T/second" 60 60 idle 500 5 "1000 1000 505" 4194304 9000 0 100 50 2000
    wordy "$T/f" 60 1024 0 / idle; wordy "$T/second" 60 999999999 0 / idle
    run_two_instants --top=9 --json $CALM
    [[ $(words_of) == '[50,null,null,4,null,null]' ]] || { words_of; false; }
}

@test "args: 4,096 bytes, then dots; a hundred long ones still make a line" {
    local n
    two_threads busy
    wordy "$T/f" 50 0 0 / "$(printf '%05000d' 0)"
    run_vmstat --top --json
    [[ $(jq -r '.top[0].args' <<< "$output") == "$(printf '%04096d' 0)..." ]] || { show_output; false; }
    wordy "$T/f" 50 0 0 / "$(printf '%04096d' 0)"
    run_vmstat --top --json
    [[ $(jq -r '.top[0].args' <<< "$output") == "$(printf '%04096d' 0)" ]] || { show_output; false; }
    for n in {100..250}; do
        task "$T/f" $n $n many 5000 0 "900000 0 5" 4194304 1 0 100 0 2000
        wordy "$T/f" $n 1 1 "/$(printf '%0250d' 0)" "$(printf '%04000d' 0 | tr 0 '\1')"
    done
    run_vmstat --top=100 --json
    succeeds
    jq -e '.top | length == 100 and all(.args | endswith("..."))' <<< "$output"
    [ ${#output} -lt 61440 ]
}

@test "the pressure of I/O is judged without being asked for: it says whom to blame" {
    requires_feature alerts
    two_threads busy
    task "$T/f" 60 60 reader 1 0 "1 0 1" 4194304 0 0 0 0 2000; wordy "$T/f" 60 0 0 / reader
    task "$T/second" 60 60 reader 2 0 "2 0 2" 4194304 0 0 0 0 2000; wordy "$T/second" 60 1024000 0 / reader
    sed -i 's/^full .*/full avg10=0.00 avg60=0.00 avg300=0.00 total=31500000/' "$T/second/proc/pressure/io"
    # 60 % of the time, more than what any other rule says
    run_two_instants --top --json --alert=oom=99 --alert=swap=off
    [[ $(jq -c '[.top[].comm]' <<< "${lines[-1]}") == '["reader","busy"]' ]] || { show_output; false; }
}

@test "MEMORY by what is resident, idle or not; the pressure of I/O by who hangs, then by bytes" {
    requires_feature alerts
    local only=(--top=9 --json --alert=off)
    two_threads busy
    for dir in f second; do
        RSS=9000 task "$T/$dir" 60 60 idle 500 5 "1000 1000 505" 4194304 0 0 1 1 2000
        RSS=7 task "$T/$dir" 61 61 hung 5 5 "7000 7000 10" 4194304 0 0 1 1 2000
        task "$T/$dir" 62 62 kthread 5 5 "7000 7000 10" 69238880 0 0 1 1 2000
        sed -i 's/^State:.*/State:\tD (disk sleep)/' "$T/$dir"/proc/6[12]/status
        echo -n io_schedule > "$T/$dir/proc/61/wchan"
        echo -n 0 > "$T/$dir/proc/62/wchan" # of a task that has just woken
        wordy $T/$dir 61 1 1 / dd if=/dev/sdx
    done
    task "$T/f" 63 63 reader 5 5 "7 0 1" 4194304 0 0 1 1 2000; wordy "$T/f" 63 0 0 / reader
    task "$T/second" 63 63 reader 6 6 "8 0 2" 4194304 0 0 1 1 2000; wordy "$T/second" 63 9999 0 / reader
    again() { rm -rf "$T/f"; cp -a "$T/begin" "$T/f"; run_two_instants "$@"; }
    cp -a "$T/f" "$T/begin"
    again "${only[@]}" --alert=io_full=1,2
    [[ $(jq -c '[.top[].comm]' <<< "${lines[-1]}") == '["hung","reader","[kthread]","busy"]' ]] || { show_output; false; }
    [[ $(jq -c '[.top[] | select(.state == "D").wchan]' <<< "${lines[-1]}") == '["io_schedule",null]' ]] || { show_output; false; }
    again --top=9 --alert=off --alert=io_full=1,2
    grep -q ' 61 D .* in io_schedule: hung$' <<< "$output" || { show_output; false; }
    again "${only[@]}" --alert=swap=1,2
    [[ $(jq -c '.top[0] | [.comm, .rss]' <<< "${lines[-1]}") == '["idle",36000]' ]] || { show_output; false; }
    # It sleeps, and is reclaimed meanwhile.
    sed -i 's/ 9000$/ 8/' "$T/second/proc/60/stat"
    again "${only[@]}" --alert=swap=1,2
    [[ $(jq -c '.top[] | select(.pid == 60).rss' <<< "${lines[-1]}") == 32 ]] || { show_output; false; }
}

@test "a narrow terminal keeps the numbers that order the rows" {
    requires_feature alerts
    requires_terminal
    local rule want
    # Anything switches more than once a second.
    for rule in cs=0.001:' cs ' cs=off:' wait% '; do
        want=${rule#*:}
        script -qec "stty cols 50 rows 40; TERM=dumb '$VMSTAT' $HOST -o cs --top --alert=off --alert=${rule%:*} -y 0.2 1" /dev/null < /dev/null |
            tr -d '\r' > "$T/screen"
        grep -qE "^ +pid S .*$want.*command" "$T/screen" && ! grep -E '^ .{50}' "$T/screen" || { echo "$rule"; cat "$T/screen"; false; }
        grep -q 'columns left out to fit the terminal: [1-9]' "$T/screen" || { echo "$rule"; cat "$T/screen"; false; }
    done
}

# counted PID: the time, ns that it ran and waited for a CPU, and the time again.
counted() { echo "$EPOCHREALTIME $(cut -d' ' -f1,2 "/proc/$1/schedstat") $EPOCHREALTIME"; }

# watch PID...: --top over an interval, and what the kernel counted of each: before and
# after it in $outer, within it in $inner.
watch() {
    local seconds pid began took
    for seconds in 3 12 48; do # longer, where this shell came too late to look within it
        outer=() inner=()
        began=${EPOCHREALTIME/./}
        for pid; do outer[pid]=$(counted $pid); done
        "$VMSTAT" $HOST --top=100,always --json -y $seconds 1 > "$T/out" 3>&- &
        sleeps $!
        for pid; do inner[pid]=$(counted $pid); done
        sleep $((seconds - seconds / 3)).6
        for pid; do inner[pid]+=" $(counted $pid)"; done
        took=$((${EPOCHREALTIME/./} - began))
        wait $!
        for pid; do outer[pid]+=" $(counted $pid)"; done
        ((took >= seconds * 1000000)) || break
    done
    output=$(< "$T/out")
}

# agrees PID NAME: each share lies between what was counted within the interval, by the
# longer time, and what was counted around it, by the shorter one.
agrees() {
    jq -e --argjson pid "$1" --arg name "$2" --arg outer "${outer[$1]}" --arg inner "${inner[$1]}" '
        def numbers: split(" ") | map(tonumber);
        ($outer | numbers) as $o | ($inner | numbers) as $i | ($o[7] - $o[0]) as $long | ($i[4] - $i[3]) as $short |
        .top[] | select(.pid == $pid) | .comm == $name and
        ([[.cpu, 1, 5], [.wait, 2, 6]] | all(. as [$share, $a, $b] |
            $share * $long >= ($i[$b] - $i[$a]) / 1e7 - 0.1 and $share * $short <= ($o[$b] - $o[$a]) / 1e7 + 0.1))' \
        <<< "$output" || { echo "$1: around it ${outer[$1]}, within it ${inner[$1]}"; show_output; false; }
}

# Whatever else runs: a loop runs or waits.
# bats test_tags=serial
@test "two loops on one CPU wait for each other, as the kernel counts it" {
    requires_tool jq taskset
    local pid pids=() outer inner
    for _ in 1 2; do
        taskset -c 0 sh -c 'while :; do :; done' 3>&- & pids+=($!)
    done
    sleep 0.2
    watch "${pids[@]}"
    kill "${pids[@]}"
    for pid in "${pids[@]}"; do
        agrees $pid sh
        jq -e --argjson pid $pid '.top[] | select(.pid == $pid) |
            .wait > 30 and .cpu > 0 and (.wait + .cpu - 100 | fabs < 15)' <<< "$output" || { show_output; false; }
    done
}

# The first look at many takes a while, the second none: here one and a half second of
# three, by strace. What a task that never sleeps does not run it waits.
# bats test_tags=serial
@test "the first interval is no shorter for those that are read last" {
    requires_tool jq strace
    local first=1 spinner=0
    while ((first > spinner)); do # read in the order of their numbers
        ((spinner == 0)) || kill $first $spinner
        sleep 300 3>&- &
        first=$!
        sh -c 'while :; do :; done' 3>&- &
        spinner=$!
    done
    run --separate-stderr timeout 60 strace -o "$T/trace" -P "/proc/$first/stat" -P "/proc/$first/status" \
        -P "/proc/$first/schedstat" -e inject=open,openat:delay_enter=1500000:when=1 \
        "$VMSTAT" $HOST --top=100,always --json -y 3 1
    kill $first $spinner
    wait $first $spinner 2>/dev/null || true
    grep -q DELAYED "$T/trace" || skip "no right to delay system calls"
    jq -e --argjson pid $spinner '.top[] | select(.pid == $pid) | .cpu + .wait | . > 80 and . < 120' <<< "$output" ||
        { jq -c '.top[]' <<< "$output"; false; }
}

@test "a process that cannot be listed or read is said, with the reason" {
    requires_tool strace
    two_threads busy
    local lost="some tasks cannot be read: --top does not see them"
    local fault
    for fault in "proc getdents64 EIO" "proc/50/task getdents64 ENOMEM" "proc/50/schedstat open EMFILE" \
        "proc/51/status pread64 EIO"; do
        set -- $fault
        run --separate-stderr timeout 20 strace -o "$T/trace" -P "$T/f/$1" -e "inject=$2:error=$3" \
            "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" --top=always --alert=off
        grep -q INJECTED "$T/trace" || skip "no right to inject errors"
        succeeds
        case $3 in
        EIO) stderr_has "^vmstat: $lost: (I/O|Input/output) error$" ;;
        ENOMEM) stderr_has "^vmstat: $lost: (Out of memory|Cannot allocate memory)$" ;;
        EMFILE) stderr_has "^vmstat: $lost: (No file descriptors available|Too many open files)$" ;;
        esac
    done
}

@test "what could not be read of a process is unknown, also until it has been read twice" {
    two_threads busy
    rm "$T"/f/proc/50/{stat,schedstat} "$T/f/proc/51/schedstat"
    mkdir "$T"/f/proc/50/{stat,schedstat} "$T/f/proc/51/schedstat" # cannot be read
    # shellcheck disable=SC2034 # run_with_changes reads it
    local changes=('rmdir "$T"/f/proc/50/{stat,schedstat} "$T/f/proc/51/schedstat"; overlay')
    run_with_changes --top=9,always --json $CALM
    succeeds
    [[ $(words_of) == '[50,null,null,4,null,null]' && $(top_of) == '[50,"busy",2120,2100,null,null,null,null]' ]] ||
        { top_of; show_output; false; }
    lines=("${lines[0]}")
    [[ $(words_of) == *'[50,null,null,null,null,null]'* ]] || { words_of; show_output; false; }
    [[ $(top_of) == *'[50,"",'*',null,null,null,null]'* ]] || { top_of; show_output; false; }
}

# bats test_tags=serial
@test "a newline in a name hides neither it nor its numbers" {
    requires_tool jq
    local spinner=$T/$'ev\nil' outer inner
    cp "$(command -v bash)" "$spinner"
    "$spinner" -c 'while :; do :; done' 3>&- &
    local pid=$!
    sleep 0.2
    watch $pid
    kill $pid
    wait $pid 2>/dev/null || true
    agrees $pid $'ev\nil'
}

@test "a stat without a parenthesis, as long as the buffer: no name, no crash" {
    two_threads busy
    for dir in f second; do head -c 8192 /dev/zero | tr '\0' 1 > "$T/$dir/proc/50/stat"; done
    run_two_instants --top=5,always --json
    succeeds
    [[ $(jq -c '.top[] | select(.pid == 50) | [.comm, .cs]' <<< "${lines[-1]}") == '["",2120]' ]] || { show_output; false; }
}
