#!/usr/bin/env bats
# JSON Lines and CSV of the default table. The arithmetic is in table.bats.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() { use_fixture host; }

@test "json: every value of the first report, exact" {
    requires_tool jq
    run_vmstat --json $CALM
    succeeds
    # min (70000-9000)/1000, oom since boot
    json_has interval=1000 'scope="host"' r=5 b=3 swpd=6169 \
        free=1111337 buff=22543 cache=333010 inact=555009 active=444418 si=8 \
        so=12 bi=17 bo=19 in=123 cs=2567 us=37 sy=13 id=29 wa=11 st=4 gu=6 \
        min=61 maj=9 oom=7
    ! has_feature cgroup || json_has cgroup=null cpu_full=null mem_limit=null mem_pct=null \
        cpu_limit=null thr=null thr_pct=null
    json_has cpu_some=10 mem_some=2 mem_full=1 io_some=5 io_full=3 \
        irq_full=0.4
}

@test "json: every value of the second report, with its fractions" {
    requires_tool jq
    run_two_instants --json $CALM
    succeeds
    json_has 2 interval=2.5 r=9 b=2 swpd=7005 free=1000001 buff=30002 \
        cache=340003 inact=560007 active=450006 si=80 so=120 bi=50.4 bo=76 \
        in=1820 cs=2800 us=21.2 sy=33.8 id=7 wa=16 st=9 gu=13 min=1000 \
        maj=4.4 oom=3
    ! has_feature cgroup || json_has 2 cpu_full=null
    json_has 2 cpu_some=30 mem_some=10 mem_full=4 io_some=20 \
        io_full=9 irq_full=2
}

@test "json: every key, in order, one object a line" {
    requires_feature cgroup alerts
    requires_tool jq
    run_vmstat --json
    [[ ${#lines[@]} == 1 ]] || { show_output; false; }
    local want="time interval scope cgroup r b swpd free buff cache inact active
        si so bi bo in cs us sy id wa st gu min maj oom refault direct
        steal_pct hits zsi zso dirty anon file shmem slab kernel mem_used_pct
        load1 load5 load15 cpu_some cpu_full mem_some mem_full io_some
        io_full irq_full avail mem_limit mem_pct mem_level swap_limit peak tasks
        tasks_limit cpu_limit cpu_level thr thr_pct alerts"
    diff <(printf '%s\n' $want) <(jq -r 'keys_unsorted[]' <<< "$output")
}

@test "json: time is now, in UTC, to the millisecond" {
    requires_tool jq
    local before after got
    before=$(date -u +%FT%T.%3NZ)
    run_on_this_machine --json
    after=$(date -u +%FT%T.%3NZ)
    got=$(jq -r .time <<< "$output")
    [[ $got =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$ &&
        ! $got < $before && ! $got > $after ]] ||
        { echo "$before <= $got <= $after?"; false; }
}

@test "json: -S changes sizes, not rates of blocks" {
    requires_tool jq
    run_vmstat --json -S b
    # 6169*1024, 1111337*1024
    json_has swpd=6317056 free=1138009088 bi=17 bo=19
}

@test "json -o: what was named" {
    requires_tool jq
    run_vmstat --json -o maj,us
    json_has maj=9 us=37 'cs=no such key' 'free=no such key'
}

@test "csv: header and row, empty where there is nothing" {
    run_vmstat --csv $CALM
    succeeds
    [[ ${#lines[@]} == 2 && $output != *$'\r'* ]] || { show_output; false; }
    paste -d= <(tr , '\n' <<< "${lines[0]}") <(tr , '\n' <<< "${lines[1]}") \
        > "$T/pairs"
    local pair
    for pair in interval=1000 scope=host r=5 b=3 swpd=6169 free=1111337 \
        buff=22543 cache=333010 inact=555009 active=444418 si=8 so=12 bi=17 \
        bo=19 in=123 cs=2567 us=37 sy=13 id=29 wa=11 st=4 gu=6 min=61 maj=9 \
        oom=7 $(! has_feature cgroup || echo cgroup= mem_limit= mem_pct= cpu_limit= \
        thr= thr_pct= cpu_full=) mem_some=2; do
        grep -qx -- "$pair" "$T/pairs" || { echo "no $pair"; show_output; false; }
    done
}

@test "csv: one header, then a row a report" {
    run_two_instants --csv $CALM
    [[ ${#lines[@]} == 3 && ${lines[0]} == time,* && ${lines[1]} != time* ]] ||
        { show_output; false; }
    # maj 11/2.5, us 106/500
    local at
    at=$(tr , '\n' <<< "${lines[0]}" | grep -nx maj | cut -d: -f1)
    [[ $(cut -d, -f"$at" <<< "${lines[2]}") == 4.4 ]] || { show_output; false; }
    at=$(tr , '\n' <<< "${lines[0]}" | grep -nx us | cut -d: -f1)
    [[ $(cut -d, -f"$at" <<< "${lines[2]}") == 21.2 ]] || { show_output; false; }
}

@test "csv has json's names in json's order" {
    requires_tool jq
    run_vmstat --csv -x
    local header=${lines[0]}
    run_vmstat --json -x
    diff <(tr , '\n' <<< "$header" | grep -vx alerts) \
        <(jq -r 'keys_unsorted[]' <<< "$output" | grep -vx alerts)
}
