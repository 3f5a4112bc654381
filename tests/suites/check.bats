#!/usr/bin/env bats
# --check: one verdict, for probes and monitoring.

# shellcheck disable=SC2016,SC2030,SC2031,SC2086,SC2154
load helper

setup() {
    requires_feature alerts
    use_fixture host
}

# check_two_instants ARGS...: over the two instants, which are 2.5 s apart.
check_two_instants() { COUNT=1 run_two_instants --check -y "$@"; }

# level METRIC: of that row.
level() { awk -v metric="$1" '$3 == metric { print $4 }' <<< "$output"; }

@test "the worst first, a line that pages well, performance data, status 2" {
    check_two_instants
    [[ $status == 2 && -z $stderr ]] || { show_output; false; }
    [[ ${lines[0]} == "CRITICAL: out of memory: 3 killed, swapping 200 KiB/s | "* ]] || { show_output; false; }
    [[ ${lines[0]} == *" cs=2800;3000;5000 "*" mem_full=4%;5;20 maj=4.4;50;500 oom=3;;1 "*" swap=200;1;1000 "* ]] || { show_output; false; }
    [[ $(level oom) == critical && $(level swap) == warning && $(level cs) == ok && $(level thr_pct) == unknown ]]
    ((${#output} < 10240))
}

@test "a warning is status 1, with --check=critical 0; nothing wrong is 0" {
    check_two_instants --alert=oom=99
    [[ $status == 1 && ${lines[0]} == "WARNING: swapping 200 KiB/s | "* ]] || { show_output; false; }
    use_fixture host
    COUNT=1 run_two_instants --check=critical -y --alert=oom=99
    [[ $status == 0 && ${lines[0]} == WARNING:* ]] || { show_output; false; }
    use_fixture host
    check_two_instants --alert=oom=99 --alert=swap=1000
    [[ $status == 0 && ${lines[0]} == "OK: CPU 77% used, busiest CPU 80% used (CPU 0), memory "*"% used, swap "* ]] || { show_output; false; }
}

@test "as one object: what it says, and what it is made of" {
    check_two_instants --json
    jq -e '.status == "CRITICAL" and .code == 2 and .interval == 2.5 and
        (.checks | map(select(.metric == "swap") | del(.advice))[0] == {resource: "swap", aspect: "saturation", metric: "swap",
            level: "warning", value: 200, warning: 1, critical: 1000}) and
        (.checks | map(select(.level == "unknown").metric) == ["thr_pct", "mem_pct"])' <<< "$output" || { show_output; false; }
}

@test "advice on each finding, in its object" {
    requires_feature help
    check_two_instants --json
    jq -e '[.checks[] | select(.advice) | .metric] == ["oom", "swap"] and
        (.checks[] | select(.metric == "swap").advice | startswith("find what grows"))' <<< "$output" || { show_output; false; }
    use_fixture host
    check_two_instants
    [[ $output != *"find what grows"* ]] || { show_output; false; }
}

# check_on_terminal WIDTH NAME=VALUE... -- ARGS...: the verdict on a recording of three findings.
check_on_terminal() {
    local environment=()
    requires_feature record
    requires_terminal
    printf '%s\n' time,interval,scope,cgroup,maj,mem_pct,mem_limit,thr_pct,cs,io_full \
        2026-01-02T03:04:04Z,1,cgroup,/a,0,50,524288,0,7,0 \
        2026-01-02T03:04:05Z,1,cgroup,/a,900,91.2,524288,50,7,0 > "$T/csv"
    while [[ $2 != -- ]]; do environment+=("$2"); set -- "$1" "${@:3}"; done
    output=$(script -qec "stty cols $1 rows 24; env ${environment[*]} '$VMSTAT' --replay='$T/csv' --check ${*:3}" \
        /dev/null < /dev/null | tr -d '\r')
    mapfile -t lines <<< "$output"
}

@test "on a terminal: no performance data, advice on each finding, the worst first, nothing that is not here" {
    requires_feature help cgroup top
    check_on_terminal 80 TERM=dumb -- --alert=cs=off
    output_is "CRITICAL: CPU throttled 50% of the periods, 900 major faults/s, memory 91% of
512M, at 2026-01-02 03:04:05 UTC
  CPU THROTTLED: raise the CPU quota, or run fewer threads at once
  HIGH IO LATENCY: add memory or run less: pages in use are being evicted
  MEMORY NEAR LIMIT: raise the limit, or find the leak with --top
  metric       level       value   warn   crit 
  cpu_some     unknown         -     40     80 % of the time some waiting
  thr_pct      critical       50      5     25 % of the periods
  cs           -               7      -      - context switches/s
  mem_pct      warning        91     90     97 % of the limit
  mem_full     unknown         -      5     20 % of the time all stalled
  maj          critical      900     50    500 major faults/s
  oom          unknown         -      -      1 killed
  swap         unknown         -      1   1000 KiB/s
  io_full      ok              0     10     40 % of the time all stalled"
    check_on_terminal 60 TERM=dumb --
    [[ $output == *"  maj          critical      900 major faults/s"* ]] || { echo "$output"; false; }
    run ! grep -E '^.{61}' <<< "$output"
    check_on_terminal 20 TERM=dumb --
    run ! grep -E '^.{21}' <<< "$output"
    # A host has no quota and no limit: no row.
    use_fixture host
    output=$(script -qec "'$VMSTAT' --proc='$T/f/proc' --check 0.01" /dev/null < /dev/null | tr -d '\r')
    [[ $output == *io_full* && $output != *thr_pct* && $output != *mem_pct* ]] || { echo "$output"; false; }
}

@test "levels are coloured as the table's: on a terminal, or --color; not with NO_COLOR, TERM=dumb" {
    local red=$'\e[31m' yellow=$'\e[33m' off=$'\e[0m'
    requires_feature cgroup
    check_on_terminal 120 TERM=xterm --
    [[ ${lines[0]} == "${red}CRITICAL$off: "* ]] || { echo "$output"; false; }
    grep -qF "$red  memory   saturation  maj          critical      900     50    500 major faults/s$off" <<< "$output"
    grep -qF "$yellow  memory   utilisation mem_pct      warning " <<< "$output"
    [[ $(grep -c $'\e' <<< "$output") == 4 ]] || { echo "$output"; false; }
    check_on_terminal 120 TERM=dumb --
    [[ $output != *$'\e'* ]]
    check_on_terminal 120 TERM=xterm NO_COLOR=1 --
    [[ $output != *$'\e'* && $output == *CRITICAL* ]]
    run_vmstat --replay="$T/csv" --check --color=always
    [[ ${lines[0]} == "${red}CRITICAL$off: "*" | "* ]] || { show_output; false; }
}

@test "nothing that can be judged, and what is no command line, is 3" {
    rm -r "$T/f/proc/pressure" "$T/f/proc/vmstat"
    sed -i '/^ctxt/d' "$T/f/proc/stat"
    run_vmstat --check 0.01
    [[ $status == 3 && ${lines[0]} == "UNKNOWN: nothing can be judged here |"* && -z $stderr ]] || { show_output; false; }
    run_vmstat --check --nosuch
    [[ $status == 3 && $stderr == "vmstat: unknown option"* ]] || { show_output; false; }
    run_vmstat --check=perhaps
    [[ $status == 3 ]] || { show_output; false; }
    rm -r "$T/f/proc/stat" "$T/f/proc/meminfo"
    run_vmstat --check 0.01
    [[ $status == 3 ]] || { show_output; false; }
}

@test "0.6 s unless told, the worst of N" {
    local began took
    # What else runs can make it later, but not earlier: the best of five.
    for _ in 1 2 3 4 5; do
        began=${EPOCHREALTIME/./}
        run_on_this_machine --check=critical --alert=off --threshold=1000000000 --json
        took=$((${EPOCHREALTIME/./} - began))
        jq -e '.interval > 0.55' <<< "$output"
        ((took >= 1150000)) || ! jq -e '.interval < 0.7' <<< "$output" || break
    done
    ((took < 1150000))
    jq -e '.interval < 0.7' <<< "$output"
    COUNT=3 run_two_instants --check -y
    [[ $status == 2 && ${lines[0]} == "CRITICAL: out of memory: 3 killed"* && ${#lines[@]} -lt 30 ]] || { show_output; false; }
}

# Of the interval of 2.5 s, at whose end the tree stands still: what a second interval
# does not confirm is a warning. After 10 s and more nothing has to.
@test "a burst is no critical: a second interval has to confirm it" {
    echo 'pgmajfault 10500' >> "$T/second/proc/vmstat"
    sed -i '/^pgmajfault 9011$/d' "$T/second/proc/vmstat"
    check_two_instants --alert=off --alert=maj=50,500
    [[ $status == 1 && ${lines[0]} == "WARNING: 600 major faults/s | "* ]] || { show_output; false; }
    use_fixture host
    sed -i 's/^pgmajfault 9011$/pgmajfault 15000/' "$T/second/proc/vmstat"
    sed -i 's/^1002.50 /1010.00 /' "$T/second/proc/uptime"
    check_two_instants --alert=off --alert=maj=50,500
    [[ $status == 2 && ${lines[0]} == "CRITICAL: 600 major faults/s | "* ]] || { show_output; false; }
}

@test "of pressure the kernel's average over 10 s is the second witness" {
    local avg10 want
    for want in '9.99 0 OK' '15.00 1 WARNING' '44.20 2 CRITICAL'; do
        read -r avg10 code word <<< "$want"
        use_fixture host
        sed -i "/^full/s/.*/full avg10=$avg10 avg60=0.00 avg300=0.00 total=201250000/" "$T/second/proc/pressure/io"
        sed -i '/^full/s/total=.*/total=200000000/' "$T/f/proc/pressure/io"
        check_two_instants --alert=off --alert=io_full=10,40
        [[ $status == "$code" && ${lines[0]} == "$word: "* ]] || { show_output; false; }
    done
    [[ ${lines[0]} == "CRITICAL: disk 44% of the time all stalled | "* ]] || { show_output; false; }
}

@test "context switches alone are a warning; beside a wait for CPUs, or named, critical" {
    sed -i 's/^ctxt 2574000$/ctxt 2582000/' "$T/second/proc/stat"
    check_two_instants --alert=oom=off --alert=swap=off
    [[ $status == 1 && ${lines[0]} == "WARNING: 6000 context switches/s | "* ]] || { show_output; false; }
    use_fixture host
    sed -i 's/^ctxt 2574000$/ctxt 2582000/' "$T/second/proc/stat"
    check_two_instants --alert=off --threshold=3000,5000
    [[ $status == 2 && ${lines[0]} == "CRITICAL: 6000 context switches/s | "* ]] || { show_output; false; }
    use_fixture host
    sed -i 's/^ctxt 2574000$/ctxt 2582000/' "$T/second/proc/stat"
    sed -i '/^some/s/total=.*/total=101125000/' "$T/second/proc/pressure/cpu"
    check_two_instants --alert=oom=off --alert=swap=off
    [[ $status == 2 && ${lines[0]} == "CRITICAL: 6000 context switches/s, CPU 45% "* ]] || { show_output; false; }
}

# cause SOME FULL THROTTLED: what is said of CPU pressure where in 2 s some task of
# the container waited for SOME us, all of them for FULL, and THROTTLED of the 20
# periods of its pod were.
cause() {
    use_fixture v2
    local ctr=sys/fs/cgroup/kubepods/pod1/ctr pod=sys/fs/cgroup/kubepods/pod1
    printf 'some avg10=1.00 total=0\nfull avg10=1.00 total=0\n' > "$T/f/$ctr/cpu.pressure"
    printf 'some avg10=95.00 total=%s\nfull avg10=95.00 total=%s\n' "$1" "$2" > "$T/second/$ctr/cpu.pressure"
    printf 'usage_usec 1\nnr_periods 100\nnr_throttled 50\nthrottled_usec 500\n' > "$T/f/$pod/cpu.stat"
    printf 'usage_usec 1\nnr_periods 120\nnr_throttled %s\nthrottled_usec %s\n' $((50 + $3)) $((500 + 9000 * $3)) > "$T/second/$pod/cpu.stat"
    COUNT=1 run_two_instants --check -y --scope=cgroup --alert=cpu_some=10,40 --json
    jq -r '.cause, (.checks[] | select(.metric == "cpu_some").value)' <<< "$output"
    jq -r .message <<< "$output"
}

@test "CPU pressure names its cause: a quota, the neighbours, its own tasks" {
    requires_feature cgroup
    said=$(cause 1800000 1600000 18)
    [[ $said == *"quota"*$'\n'90$'\n'*"CPU 90% of the time some waiting, held up by the quota of 0.5 CPUs of /kubepods/pod1"* ]] || { echo "$said"; show_output; false; }
    said=$(cause 1800000 1600000 0)
    [[ $said == "contended"$'\n'90$'\n'*"CPU 90% of the time some waiting, contended: 80 % of the time"* ]] || { echo "$said"; show_output; false; }
    said=$(cause 1800000 400000 0)
    [[ $said == "queueing"$'\n'90$'\n'*"CPU 90% of the time some waiting, its own tasks queue"* ]] || { echo "$said"; show_output; false; }
    said=$(cause 100000 100000 18)
    [[ $said == "null"$'\n'* ]] || { echo "$said"; show_output; false; }
}

@test "the cause in the alert of a report, too" {
    requires_feature cgroup
    cause 1800000 1600000 0 > "$T/said"
    use_fixture v2
    printf 'some avg10=1.00 total=0\nfull avg10=1.00 total=0\n' > "$T/f/sys/fs/cgroup/kubepods/pod1/ctr/cpu.pressure"
    printf 'some avg10=1.00 total=1800000\nfull avg10=1.00 total=100000\n' > "$T/second/sys/fs/cgroup/kubepods/pod1/ctr/cpu.pressure"
    cp -a "$T/f" "$T/before"
    run_two_instants --scope=cgroup --alert=cpu_some=10,40,0 --json
    [[ $(jq -c 'select(.interval == 2).alerts[] | select(.metric == "cpu_some").cause' <<< "$output") == '"queueing"' ]] || { show_output; false; }
    rm -r "$T/f" && mv "$T/before" "$T/f"
    run_two_instants --scope=cgroup --alert=cpu_some=10,40,0
    stderr_has 'CPU PRESSURE: 90% of the time some waiting, its own tasks queue$'
}

@test "memory of its limit, in the words that are paged" {
    requires_feature cgroup
    use_fixture v2
    COUNT=1 run_two_instants --check -y --scope=cgroup --alert=mem_pct=1,2
    [[ $status == 2 && ${lines[0]} =~ memory\ [0-9]+%\ of\ [0-9.]+[KMG] ]] || { show_output; false; }
}

@test "bad usage is 3 wherever --check stands" {
    run_vmstat --threshold=x --check
    [[ $status == 3 ]] || { show_output; false; }
    run_vmstat -Z --check=critical
    [[ $status == 3 ]] || { show_output; false; }
    run_vmstat -Z -- --check
    [[ $status == 1 ]] || { show_output; false; }
}

@test "a signal before the verdict: unknown, with a line, whatever the signal" {
    local signal
    for signal in INT TERM HUP; do
        run_and_signal $signal "--proc=$T/f/proc" --check 60
        [[ $status == 3 && -z $output ]] || { show_output; false; }
        stderr_has '^vmstat: --check: ended by a signal before there was a verdict$'
    done
}

# probe KIND: what docker/kubernetes/probe.yaml has vmstat judge, in $probe.
probe() {
    mapfile -t probe < <(awk -v kind="$1Probe:" '
        $1 == kind { inside = 1; next }
        inside && $1 == "-" { print $2; next }
        inside && /Seconds/ { exit }' "$REPO/docker/kubernetes/probe.yaml")
    [[ ${probe[0]} == /vmstat && ${probe[1]} == --check=critical ]]
    probe=("${probe[@]:1}")
}

# probe_says STATUS: in the container, which is as the test has changed it.
probe_says() {
    cp -a "$T/second" "$T/kept"
    COUNT=1 run_two_instants --scope=cgroup -y "${probe[@]}"
    [[ $status == "$1" ]] || { show_output; false; }
    use_fixture v2
    rm -rf "$T/second"
    mv "$T/kept" "$T/second"
}

@test "the probes of docker/kubernetes: each by its rules alone" {
    requires_feature cgroup
    local ctr=sys/fs/cgroup/kubepods/pod1/ctr events
    use_fixture v2
    events=$(< "$T/f/$ctr/memory.events")
    # Busy, and no more: tasks wait for CPUs, and switch 8,000 times a second.
    write_second "$ctr/memory.events" <<< "$events"
    sed -i '/^some/s/total=.*/total=13900000/' "$T/second/$ctr/cpu.pressure"
    sed -i 's/^voluntary_ctxt_switches:.*/voluntary_ctxt_switches: 17000/' "$T/second/proc/101/status"
    probe=(--check=critical --alert=thr_pct=off)
    probe_says 2
    [[ $(level cs) == critical && $(level cpu_some) == critical ]] || { show_output; false; }
    probe readiness
    probe_says 0
    probe liveness
    probe_says 0
    # Neither is an OOM kill in that half second a reason to start anew.
    rm "$T/second/$ctr/memory.events"
    write_second "$ctr/memory.events" <<< "${events/oom_kill */oom_kill 99}"
    probe liveness
    probe_says 0
    # Standing still for want of memory most of the time, or at the limit.
    cp "$T/second/$ctr/memory.pressure" "$T/pressure"
    sed -i '/^some/s/total=.*/total=9300000/; /^full/s/total=.*/total=4200000/' "$T/second/$ctr/memory.pressure"
    probe_says 2
    [[ $(level mem_full) == critical ]]
    probe readiness
    probe_says 2
    probe liveness
    cp "$T/pressure" "$T/second/$ctr/memory.pressure"
    probe_says 0
    echo $((48 << 20)) > "$T/second/${ctr%/*}/memory.current"
    probe_says 2
    [[ $(level mem_pct) == critical ]]
}
