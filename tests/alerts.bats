#!/usr/bin/env bats
# Rules, their levels and messages, colour.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() {
    need alerts
    fixture host
    # Nothing to complain about: no swapping, no kills, cs 2567/s, maj 9/s.
    sed -i 's/^oom_kill .*/oom_kill 0/; s/^pswp\(.*\) .*/pswp\1 0/' \
        "$T/f/proc/vmstat"
    cp -a "$T/f/." "$T/calm"
}

# expect EDIT FILE MESSAGE: one alert, exactly that; no MESSAGE: none.
expect() {
    rm -rf "$T/f" && cp -a "$T/calm" "$T/f"
    sed -i "$1" "$T/f/proc/$2"
    vm -x "${@:4}"
    ok
    [[ $stderr == "${3:+vmstat: $3}" ]] || { echo "want: $3"; said; false; }
}

@test "host rules: below the level nothing, at it a message" {
    local since='(since boot)'
    # rates over 1000 s
    expect '' stat ''
    expect 's/^ctxt .*/ctxt 2990000/' stat ''
    expect 's/^ctxt .*/ctxt 3000000/' stat "CPU THRASHING: 3000 context switches/s $since"
    expect 's/^ctxt .*/ctxt 6234000/' stat "CPU THRASHING: 6234 context switches/s $since"
    expect 's/^pgmajfault .*/pgmajfault 49000/' vmstat ''
    expect 's/^pgmajfault .*/pgmajfault 50000/' vmstat "HIGH IO LATENCY: 50 major faults/s $since"
    # 125 pages of 4 KiB in, as many out, in 1000 s: 0.5 + 0.5 KiB/s
    expect 's/^pswp\(.*\) .*/pswp\1 125/' vmstat "SWAPPING: 1 KiB/s $since"
    expect 's/^pswp\(.*\) .*/pswp\1 120/' vmstat ''
    expect 's/^oom_kill .*/oom_kill 1/' vmstat "OOM KILL: 1 killed $since"
}

@test "an OOM kill is told in a table that has no column for it" {
    sed -i 's/^oom_kill .*/oom_kill 3/' "$T/f/proc/vmstat"
    local how
    for how in "" --classic -a "-o si"; do
        vm $how
        ok
        [[ $stderr == "vmstat: OOM KILL: 3 killed (since boot)" && $output != *oom* ]] || { said; false; }
    done
    # Nothing of vmstat is shown, nothing of it is read.
    vm -o r
    [[ -z $stderr ]] || { said; false; }
}

@test "pressure rules: all stalled, some waiting" {
    need pressure
    local since='(since boot)'
    expect '/full/s/total=.*/total=49000000/' pressure/memory ''
    expect '/full/s/total=.*/total=120000000/' pressure/memory \
        "MEMORY PRESSURE: 12% of the time all stalled $since"
    expect '/full/s/total=.*/total=100000000/' pressure/io \
        "IO PRESSURE: 10% of the time all stalled $since"
    expect '/some/s/total=.*/total=500000000/' pressure/cpu \
        "CPU PRESSURE: 50% of the time some waiting $since"
}

@test "an interval's message does not say since boot" {
    # (2579000-2567000)/2.5 = 4800
    sed -i 's/^ctxt .*/ctxt 2579000/' "$T/second/proc/stat"
    cp "$T/f/proc/vmstat" "$T/second/proc/vmstat"
    two
    [[ $stderr == "vmstat: CPU THRASHING: 4800 context switches/s" ]] ||
        { said; false; }
}

@test "json: the alerts of a report" {
    need json
    tool jq
    sed -i 's/^ctxt .*/ctxt 6234000/' "$T/f/proc/stat"
    sed -i 's/^pgmajfault .*/pgmajfault 85000/' "$T/f/proc/vmstat"
    vm --json
    diff <(jq -c '.alerts[] | [.metric, .level, .value, .threshold]' <<< "$output" | sort) - << 'END'
["cs","critical",6234,5000]
["maj","warning",85,50]
END
    [[ $(jq -r '.alerts[] | select(.metric == "maj").message' <<< "$output") == *"HIGH IO LATENCY: 85 major faults/s"* ]] || { said; false; }
    cp "$T/calm/proc/"{stat,vmstat} "$T/f/proc/"
    vm --json
    json alerts='[]'
}

# Fixture: 2567 cs/s on 2 CPUs.
@test "--threshold sets the levels of cs" {
    need color
    local args want
    while read -r args want; do
        vm "--threshold=$args" --color=always
        ok
        case $want in
        none) quiet && [[ $output != *[39]1m* && $output != *[39]3m* ]] ;;
        warn) says 'CPU THRASHING: 2567' && [[ $output == *[39]3m* ]] ;;
        crit) says 'CPU THRASHING: 2567' && [[ $output == *[39]1m* ]] ;;
        esac || { echo "$args: not $want"; said; false; }
    done << 'END'
2567 crit
2568 none
2567,9000 warn
1000,2567 crit
2568,9000 none
1284/cpu none
1283/cpu crit
1283,2000/cpu warn
END
}

@test "--alert sets any rule's levels, and switches them off" {
    need color
    vm --alert=maj=9
    says '^vmstat: HIGH IO LATENCY: 9 major'
    vm --alert=maj=10
    quiet
    vm --alert=maj=9,20 --color=always
    says 'HIGH IO LATENCY: 9 major'
    [[ $output == *[39]3m* ]] || { said; false; }
    vm --alert=maj=9 --alert=cs=100,200
    says 'HIGH IO LATENCY'
    says 'CPU THRASHING: 2567'
    sed -i 's/^ctxt .*/ctxt 6234000/' "$T/f/proc/stat"
    vm --alert=off --color=always
    quiet
    [[ $output != *[39]1m* && $output != *[39]3m* ]] || { said; false; }
}

@test "a message comes when the level rises and with a repeated header" {
    # Anything switches more than once a second; 45 rows have 3 headers.
    live --alert=cs=0.001 0.03 45
    [[ $(grep -c 'CPU THRASHING' <<< "$stderr") == 3 ]] || { said; false; }
    live -n --alert=cs=0.001 0.03 25
    [[ $(grep -c 'CPU THRASHING' <<< "$stderr") == 1 ]] || { said; false; }
}

@test "colour: red for critical, yellow for a warning, none without" {
    need color
    vm --color=always
    [[ $output != *[39]1m* && $output != *[39]3m* ]] || { said; false; }
    sed -i 's/^ctxt .*/ctxt 3000000/' "$T/f/proc/stat"
    vm --color=always
    [[ ${lines[2]} == $'\e['*3m*3000*$'\e['*m ]] || { said; false; }
    sed -i 's/^ctxt .*/ctxt 5000000/' "$T/f/proc/stat"
    vm --color=always
    [[ ${lines[2]} == $'\e['*1m*5000*$'\e['*m ]] || { said; false; }
    vm --color=never
    [[ $output != *$'\e'* ]] || { said; false; }
    vm
    [[ $output != *$'\e'* ]] || { said; false; }
}

@test "colour on a terminal: yes, but not with NO_COLOR or TERM=dumb" {
    need color
    tool script
    sed -i 's/^ctxt .*/ctxt 5000000/' "$T/f/proc/stat"
    tty() { # ENVIRONMENT...
        output=$(script -qec "env $* '$VMSTAT' '--proc=$T/f/proc'" /dev/null < /dev/null)
    }
    tty TERM=xterm
    [[ $output == *$'\e['*1m*5000* ]] || { echo "$output"; false; }
    tty TERM=dumb
    [[ $output != *$'\e'* && $output == *5000* ]] || { echo "$output"; false; }
    tty TERM=xterm NO_COLOR=1
    [[ $output != *$'\e'* && $output == *5000* ]] || { echo "$output"; false; }
}
