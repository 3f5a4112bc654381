#!/usr/bin/env bats
# Rules, their levels and messages, colour.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2030,SC2031,SC2086,SC2154

load helper

setup() {
    requires_feature alerts
    use_fixture host
    # Nothing to complain about: no swapping, no kills, cs 2567/s, maj 9/s.
    sed -i 's/^oom_kill .*/oom_kill 0/; s/^pswp\(.*\) .*/pswp\1 0/' \
        "$T/f/proc/vmstat"
    cp -a "$T/f/." "$T/calm"
}

# run_from_zero ARGS: the tree in $T/f as the second instant, after one at
# which every counter was 0, 1000 s before: its rates are since then.
run_from_zero() {
    rm -rf "$T/second" && cp -a "$T/f" "$T/second"
    sed -i 's/ [0-9]\+/ 0/g' "$T/f/proc/"{stat,vmstat}
    sed -i 's/total=[0-9]*/total=0/' "$T/f/proc/pressure/"* 2>/dev/null || true
    echo 0.00 0.00 > "$T/f/proc/uptime"
    COUNT=1 run_two_instants -y "$@"
}

# expect_message EDIT FILE MESSAGE: one alert, exactly that; no MESSAGE: none.
expect_message() {
    rm -rf "$T/f" && cp -a "$T/calm" "$T/f"
    sed -i "$1" "$T/f/proc/$2"
    run_from_zero -x
    succeeds
    [[ $stderr == "${3:+vmstat: $3}" ]] || { echo "want: $3"; show_output; false; }
}

@test "host rules: below the level nothing, at it a message" {
    # rates over 1000 s
    expect_message '' stat ''
    expect_message 's/^ctxt .*/ctxt 2990000/' stat ''
    expect_message 's/^ctxt .*/ctxt 3000000/' stat "CPU THRASHING: 3000 context switches/s"
    expect_message 's/^ctxt .*/ctxt 6234000/' stat "CPU THRASHING: 6234 context switches/s"
    expect_message 's/^pgmajfault .*/pgmajfault 49000/' vmstat ''
    expect_message 's/^pgmajfault .*/pgmajfault 50000/' vmstat "HIGH IO LATENCY: 50 major faults/s"
    # 125 pages of 4 KiB in, as many out, in 1000 s: 0.5 + 0.5 KiB/s
    expect_message 's/^pswp\(.*\) .*/pswp\1 125/' vmstat "SWAPPING: 1 KiB/s"
    expect_message 's/^pswp\(.*\) .*/pswp\1 120/' vmstat ''
    expect_message 's/^oom_kill .*/oom_kill 1/' vmstat "OOM KILL: 1 killed"
}

@test "an OOM kill is reported in a table that has no column for it" {
    local how
    for how in "" --classic -a "-o si"; do
        rm -rf "$T/f" && cp -a "$T/calm" "$T/f"
        sed -i 's/^oom_kill .*/oom_kill 3/' "$T/f/proc/vmstat"
        run_from_zero $how
        succeeds
        [[ $stderr == "vmstat: OOM KILL: 3 killed" && $output != *oom* ]] || { show_output; false; }
    done
    # Nothing of vmstat is shown, nothing of it is read.
    rm -rf "$T/f" && cp -a "$T/calm" "$T/f"
    sed -i 's/^oom_kill .*/oom_kill 3/' "$T/f/proc/vmstat"
    run_from_zero -o r
    [[ -z $stderr ]] || { show_output; false; }
}

@test "pressure rules: all stalled, some waiting" {
    expect_message '/full/s/total=.*/total=49000000/' pressure/memory ''
    expect_message '/full/s/total=.*/total=120000000/' pressure/memory \
        "MEMORY PRESSURE: 12% of the time all stalled"
    expect_message '/full/s/total=.*/total=100000000/' pressure/io \
        "IO PRESSURE: 10% of the time all stalled"
    expect_message '/some/s/total=.*/total=500000000/' pressure/cpu \
        "CPU PRESSURE: 50% of the time some waiting, tasks queue"
}

@test "the first report, an average since boot, alerts nobody" {
    requires_tool jq
    sed -i 's/^ctxt .*/ctxt 6234000/' "$T/f/proc/stat"
    sed -i 's/^oom_kill .*/oom_kill 7/; s/^pgmajfault .*/pgmajfault 900000/' "$T/f/proc/vmstat"
    run_vmstat --color=always
    succeeds
    stderr_is_empty
    [[ $output != *$'\e'* && $output == *6234* ]] || { show_output; false; }
    run_vmstat --json
    json_has alerts='[]'
}

@test "an interval alerts" {
    # (2579000-2567000)/2.5 = 4800
    sed -i 's/^ctxt .*/ctxt 2579000/' "$T/second/proc/stat"
    cp "$T/f/proc/vmstat" "$T/second/proc/vmstat"
    run_two_instants
    [[ $stderr == "vmstat: CPU THRASHING: 4800 context switches/s" ]] ||
        { show_output; false; }
}

@test "json: the alerts of a report" {
    requires_tool jq
    sed -i 's/^ctxt .*/ctxt 6234000/' "$T/f/proc/stat"
    sed -i 's/^pgmajfault .*/pgmajfault 85000/' "$T/f/proc/vmstat"
    run_from_zero --json
    diff <(jq -c '.alerts[] | [.metric, .level, .value, .threshold]' <<< "$output" | sort) - << 'END'
["cs","critical",6234,5000]
["maj","warning",85,50]
END
    [[ $(jq -r '.alerts[] | select(.metric == "maj").message' <<< "$output") == "HIGH IO LATENCY: 85 major faults/s" ]] || { show_output; false; }
    rm -rf "$T/f" && cp -a "$T/calm" "$T/f"
    run_from_zero --json
    json_has alerts='[]'
}

# Fixture: 2567 cs/s on 2 CPUs.
@test "--threshold sets the levels of cs" {
    local args want
    while read -r args want; do
        rm -rf "$T/f" && cp -a "$T/calm" "$T/f"
        run_from_zero "--threshold=$args" --color=always
        succeeds
        case $want in
        none) stderr_is_empty && [[ $output != *[39]1m* && $output != *[39]3m* ]] ;;
        warn) stderr_has 'CPU THRASHING: 2567' && [[ $output == *[39]3m* ]] ;;
        crit) stderr_has 'CPU THRASHING: 2567' && [[ $output == *[39]1m* ]] ;;
        esac || { echo "$args: not $want"; show_output; false; }
    done << 'END'
2567 crit
2568 none
2567,9000 warn
1000,2567 crit
1284/cpu none
1283/cpu crit
1283,2000/cpu warn
END
}

@test "--alert sets any rule's levels, and switches them off" {
    calm_again() { rm -rf "$T/f" && cp -a "$T/calm" "$T/f"; }
    run_from_zero --alert=maj=9
    stderr_has '^vmstat: HIGH IO LATENCY: 9 major'
    calm_again
    run_from_zero --alert=maj=10
    stderr_is_empty
    calm_again
    run_from_zero --alert=maj=9,20 --color=always
    stderr_has 'HIGH IO LATENCY: 9 major'
    [[ $output == *[39]3m* ]] || { show_output; false; }
    calm_again
    run_from_zero --alert=maj=9 --alert=cs=100,200
    stderr_has 'HIGH IO LATENCY'
    stderr_has 'CPU THRASHING: 2567'
    calm_again
    sed -i 's/^ctxt .*/ctxt 6234000/' "$T/f/proc/stat"
    run_from_zero --alert=off --color=always
    stderr_is_empty
    [[ $output != *[39]1m* && $output != *[39]3m* ]] || { show_output; false; }
}

@test "a rule is silenced alone; --alert=off silences all but those named after it" {
    sed -i 's/^ctxt .*/ctxt 6234000/' "$T/f/proc/stat"
    run_from_zero --alert=cs=100,200 --alert=cs=off --alert=maj=9
    stderr_has 'HIGH IO LATENCY: 9 major'
    [[ $stderr != *THRASHING* ]] || { show_output; false; }
    use_fixture host
    sed -i 's/^ctxt .*/ctxt 6234000/' "$T/f/proc/stat"
    run_from_zero --alert=cs=100,200 --alert=off --alert=maj=9
    [[ $(grep -c . <<< "$stderr") == 1 && $stderr == *"HIGH IO LATENCY: 9 major"* ]] || { show_output; false; }
    use_fixture host
    sed -i 's/^ctxt .*/ctxt 6234000/' "$T/f/proc/stat"
    run_from_zero --alert=off --threshold=100,200
    [[ $(grep -c . <<< "$stderr") == 1 && $stderr == *"CPU THRASHING: 6234"* ]] || { show_output; false; }
    run_vmstat --alert=nosuch=1
    fails_with "--alert: 'nosuch=1' is not *"
    run_vmstat --check --alert=off
    [[ $status == 3 && $stderr == *"conflicting options: --check and --alert=off" ]] || { show_output; false; }
}

@test "json has its alerts in the data: said only where a terminal shows them; csv has none" {
    requires_terminal
    local format
    for format in --json --csv; do # anything switches more than once a second
        run --separate-stderr "$VMSTAT" $HOST --alert=cs=0.001 -y $format 0.1 1
        printf '%s\n' "$stderr" > "$T/piped"
        script -qec "'$VMSTAT' $HOST --alert=cs=0.001 -y $format 0.1 1 >/dev/null" /dev/null < /dev/null > "$T/shown"
        grep -q 'CPU THRASHING' "$T/shown"
        [[ $(grep -c 'CPU THRASHING' "$T/piped") == $([[ $format == --csv ]]; echo $((1 - $?))) ]] || { show_output; false; }
    done
}

@test "--alert=help lists the rules, each with what to do" {
    run_vmstat --alert=help
    succeeds
    ! has_feature help || grep -A1 '^cs ' <<< "$output" | grep -qx '          use fewer threads or .*' || { show_output; false; }
    grep -qx 'cs        3000 5000 CPU THRASHING' <<< "$output" || { show_output; false; }
    grep -qx 'oom       - 1 OOM KILL' <<< "$output" || { show_output; false; }
    grep -qx 'mem_full  5 20 MEMORY PRESSURE (said after 3 s)' <<< "$output" || { show_output; false; }
    run ! grep -E '^.{81}' <<< "$output"
}

@test "-q: warnings and alerts are not said, errors are" {
    rm "$T/f/proc/vmstat"
    run_two_instants -q --alert=cs=1,2
    succeeds
    stderr_is_empty
    [[ $output == *" - "* ]] || { show_output; false; }
    run_vmstat -q --nosuch
    fails_with "unknown option '--nosuch'*"
}

@test "a rule that is named and cannot be judged says so once" {
    run_vmstat --alert=mem_pct=5
    [[ $stderr == "vmstat: rule mem_pct: cannot be judged: it is unavailable here" ]] || { show_output; false; }
    run_vmstat --alert=cs=5
    [[ $stderr == "vmstat: rule cs: the first report is an average, which nobody judges: give a delay" ]] || { show_output; false; }
    run_vmstat --alert=cs=1,2 --alert=off
    stderr_is_empty
    rm "$T/f/proc/vmstat"
    COUNT=3 run_two_instants --alert=maj=5
    [[ $(grep -c 'rule maj: cannot be judged' <<< "$stderr") == 1 ]] || { show_output; false; }
}

# in_steps FILE SED...: a tree of 1 s steps: each SED makes FILE's next instant,
# written once the report before is out; the reports are in $output.
in_steps() {
    local file=$1 change changes=()
    shift
    for change; do
        changes+=("step $((${#changes[@]} + 1)) $file '$change'")
    done
    COUNT=$(($# + 1)) run_with_changes $ARGS
}

step() { # SECOND FILE SED
    sed "$3" "$T/calm/proc/$2" > "$T/next" && cat "$T/next" > "$T/f/proc/$2"
    echo "$((1000 + $1)).00 1.00" > "$T/f/proc/uptime"
}

@test "a pressure that is short is not said; one that lasts is, once; colour and json do not wait" {
    requires_tool jq
    # total of `full`: 10 s at 1000 s. 30 % of a second, then none; then 30 % of each.
    local t='/full/s/total=.*/total'
    local steps=("$t=10300000/" "$t=10300000/" "$t=10600000/" "$t=10900000/" "$t=11200000/" "$t=11500000/")
    ARGS=--json in_steps pressure/memory "${steps[@]}"
    [[ $(jq -c '[.alerts[].level]' "$T/out" | xargs) == "[] [critical] [] [critical] [critical] [critical] [critical]" ]] || { show_output; false; }
    stderr_is_empty
    cp -a "$T/calm/." "$T/f"
    ARGS='-o pressure' in_steps pressure/memory "${steps[@]}"
    [[ $stderr == "vmstat: MEMORY PRESSURE: 30% of the time all stalled" ]] || { show_output; false; }
}

@test "seconds of a rule: --alert=NAME=WARN,CRIT,SECONDS" {
    # 4000 switches a second for 2 s
    ARGS=--alert=cs=3000,5000,2 in_steps stat 's/^ctxt .*/ctxt 2571000/' 's/^ctxt .*/ctxt 2575000/' 's/^ctxt .*/ctxt 2579000/'
    [[ $stderr == "vmstat: CPU THRASHING: 4000 context switches/s" ]] || { show_output; false; }
    cp -a "$T/calm/." "$T/f"
    ARGS=--alert=cs=3000,5000,9 in_steps stat 's/^ctxt .*/ctxt 2571000/' 's/^ctxt .*/ctxt 2575000/'
    [[ -z $stderr ]] || { show_output; false; }
}

@test "seconds of a rule: the age of the machine is no time that a level has lasted" {
    requires_feature cgroup
    use_fixture v2
    run_vmstat --scope=cgroup -o mem_pct --alert=mem_pct=5,10,60
    stderr_is_empty
    run_vmstat --scope=cgroup -o mem_pct --alert=mem_pct=5,10
    [[ $stderr == "vmstat: MEMORY NEAR LIMIT: 83% of the limit" ]] || { show_output; false; }
}

@test "messages do not flap around a level" {
    # 3100, 2900, 3100, 2950, 3200 a second: one message. 2500 leaves the level
    # by more than a tenth: 3300 after it is said anew.
    ARGS=-ocs in_steps stat 's/^ctxt .*/ctxt 2570100/' 's/^ctxt .*/ctxt 2573000/' 's/^ctxt .*/ctxt 2576100/' \
        's/^ctxt .*/ctxt 2579050/' 's/^ctxt .*/ctxt 2582250/' 's/^ctxt .*/ctxt 2584750/' 's/^ctxt .*/ctxt 2588050/'
    diff - <(printf '%s\n' "$stderr") << 'END'
vmstat: CPU THRASHING: 3100 context switches/s
vmstat: CPU THRASHING: 3300 context switches/s
END
}

@test "a message comes when the level rises and with a repeated header" {
    # Anything switches more than once a second; 45 rows have 3 headers.
    run_on_this_machine --alert=cs=0.001 0.03 45
    [[ $(grep -c 'CPU THRASHING' <<< "$stderr") == 3 ]] || { show_output; false; }
    run_on_this_machine -n --alert=cs=0.001 0.03 25
    [[ $(grep -c 'CPU THRASHING' <<< "$stderr") == 1 ]] || { show_output; false; }
}

@test "colour: red for critical, yellow for a warning, none without" {
    calm_again() { rm -rf "$T/f" && cp -a "$T/calm" "$T/f"; }
    run_from_zero --color=always
    [[ $output != *[39]1m* && $output != *[39]3m* ]] || { show_output; false; }
    calm_again
    sed -i 's/^ctxt .*/ctxt 3000000/' "$T/f/proc/stat"
    run_from_zero --color=always
    [[ ${lines[2]} == $'\e['*3m*3000*$'\e['*m ]] || { show_output; false; }
    calm_again
    sed -i 's/^ctxt .*/ctxt 5000000/' "$T/f/proc/stat"
    run_from_zero --color=always
    [[ ${lines[2]} == $'\e['*1m*5000*$'\e['*m ]] || { show_output; false; }
    calm_again
    run_from_zero --color=never
    [[ $output != *$'\e'* ]] || { show_output; false; }
}

# blamed [LINE]: the cells of a line that are bold and reversed.
blamed() { grep -oP '\e\[1;7m\K[^\e]*(?=\e\[22;27m)' <<< "${lines[${1:-2}]}" | paste -sd' '; }

@test "colour: the cell to blame stands out, of every rule with the worst level" {
    shopt -s extglob
    calm_again() { rm -rf "$T/f" && cp -a "$T/calm" "$T/f"; }
    sed -i 's/^ctxt .*/ctxt 5000000/' "$T/f/proc/stat"
    run_from_zero --alert=maj=9,20 --color=always
    [[ $(blamed) == 5000 ]] || { show_output; false; }
    # Nothing moves for it.
    local plain=${output//$'\e['*([0-9;])m/}
    calm_again
    sed -i 's/^ctxt .*/ctxt 5000000/' "$T/f/proc/stat"
    run_from_zero --alert=maj=9,20 --color=never
    output_is "$plain"
    calm_again
    sed -i 's/^pswp\(.*\) .*/pswp\1 256000/' "$T/f/proc/vmstat" # 1,024 KiB/s each way
    run_from_zero --alert=maj=9 --color=always
    [[ $(blamed) == "1024 1024 9" ]] || { show_output; false; }
    calm_again
    run_from_zero --alert=maj=9,20 --alert=cs=2567,9999 --color=always
    [[ $(blamed) == "2567 9" ]] || { show_output; false; }
    calm_again
    run_from_zero --color=always
    [[ $(blamed) == "" ]] || { show_output; false; }
}

@test "colour on a terminal: yes, but not with NO_COLOR or TERM=dumb" {
    requires_terminal
    # Anything switches more than once a second.
    run_on_terminal() { # ENVIRONMENT...
        output=$(script -qec "env $* '$VMSTAT' $HOST --alert=cs=0.001 -y 0.1 1 2>/dev/null" /dev/null < /dev/null)
    }
    run_on_terminal TERM=xterm
    [[ $output == *$'\e['*1m* ]] || { echo "$output"; false; }
    run_on_terminal TERM=dumb
    [[ $output != *$'\e'* && $output == *procs* ]] || { echo "$output"; false; }
    run_on_terminal TERM=xterm NO_COLOR=1
    [[ $output != *$'\e'* && $output == *procs* ]] || { echo "$output"; false; }
}

@test "--alert=cs takes back what --threshold said of each CPU" {
    requires_tool jq
    run_two_instants --threshold=100/cpu --alert=cs=5 --json -o cs
    [[ $(jq -r '.alerts[].threshold' <<< "${lines[1]}") == 5 ]] || { show_output; false; }
}

@test "why tasks wait for CPUs: quotas, others, or each other" {
    requires_feature record
    requires_tool jq
    local scope id some full thr cause
    # 60 % idle while some wait for 85 %: together more than 110 %, so it is no lack of CPUs.
    # Of a cgroup's "full" 50 %, what was throttled is the quota's, the rest the neighbours';
    # before Linux 5.13 there is no "full": a quota is to blame from half of "some" on.
    while read -r scope id some full thr cause; do
        printf '%s\n' time,interval,scope,cgroup,id,cpu_some,cpu_full,thr_pct \
            2026-01-02T03:04:0{4,5}"Z,1,$scope,$([[ $scope == host ]] || echo /a),${id/-},$some,${full/-},${thr/-}" > "$T/waits.csv"
        run_vmstat "--replay=$T/waits.csv" --json -o cpu_some
        [[ $(jq -r '.alerts[] | select(.metric == "cpu_some") | .cause' <<< "${lines[-1]}") == "$cause" ]] ||
            { echo "want $cause"; show_output; false; }
    done << 'END'
host 60 85 - - quotas_below
host 25 85 - - queueing
host - 85 - - null
cgroup 0 60 - 30 quota
cgroup 0 60 - 29 null
cgroup 0 60 50 30 quota
cgroup 0 60 50 20 contended
cgroup 0 60 10 10 queueing
END
}
