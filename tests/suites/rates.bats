#!/usr/bin/env bats
# Rates and shares, and the counters that make none: those that step back, begin
# anew, or are more than CPUs and time can hold.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2016,SC2086,SC2154

load helper

setup() {
    requires_tool jq
    use_fixture host
}

@test "a counter that steps back is unavailable, not 0" {
    in_v2
    sed -i 's/^pgmajfault .*/pgmajfault 7/' "$T/second/$C/memory.stat"
    two_in_cgroup
    json_has 2 maj=null
    json_has 2 cs=200
}

@test "32-bit counters that wrap: faults, sectors, a task; KiB of a 32-bit kernel do so at 2^31" {
    # In 2.5 s: 4294966296 + 2500 and 4294967276 + 20 are 2^32 + 1500 and 2^32 + 0.
    sed -i 's/^pgfault .*/pgfault 4294966296/; s/^pgmajfault .*/pgmajfault 4294967276/
        s/^pgpgin .*/pgpgin 2147483600/' "$T/f/proc/vmstat"
    sed -i 's/^pgfault .*/pgfault 1500/; s/^pgmajfault .*/pgmajfault 0/
        s/^pgpgin .*/pgpgin 10/' "$T/second/proc/vmstat"
    # 2^32 - 1200 to 800: 1000 KiB
    sed -i -E 's/^( +8 +0 sda [0-9]+ [0-9]+) [0-9]+/\1 4294966096/' "$T/f/proc/diskstats"
    sed -i -E 's/^( +8 +0 sda [0-9]+ [0-9]+) [0-9]+/\1 800/' "$T/second/proc/diskstats"
    cp -a "$T/f" "$T/whole"
    run_two_instants --json $CALM
    json_has 2 min=992 maj=8 bi=null
    rm -r "$T/f" && mv "$T/whole" "$T/f"
    run_two_instants -d -x --json
    jq -se 'map(select(.disk == "sda"))[1].rkb_s == 400' <<< "$output" || { show_output; false; }
    in_v2
    # 500 + 2^32 - 10 to 506 + 990: 1006 instead of the 16 of 400
    sed -i 's/^voluntary_ctxt_switches:.*/voluntary_ctxt_switches:\t4294967286/' "$T/f/proc/101/status"
    sed -i 's/^voluntary_ctxt_switches:.*/voluntary_ctxt_switches:\t990/' "$T/second/proc/101/status"
    two_in_cgroup
    json_has 2 cs=695
}

@test "more ticks than CPUs and time hold: steal alone is lost, idle takes all with it" {
    # Of 2 CPUs in 2.5 s: 455 ticks beside steal; us 106, sy 169, id 35, wa 80.
    sed -i -E 's/^(cpu +([0-9]+ ){7})[0-9]+/\11844674407365/' "$T/second/proc/stat"
    run_two_instants --json $CALM
    json_has 2 st=null us=23.297 sy=37.143 id=7.692 wa=17.582
    use_fixture host
    sed -i -E 's/^(cpu +([0-9]+ ){3})[0-9]+/\18300000000000000000/' "$T/f/proc/stat" "$T/second/proc/stat"
    run_two_instants --json $CALM
    json_has 1 us=null id=null
    json_has 2 us=null id=null st=null cs=2800
}

@test "idle time that begins anew takes all shares with it; one that steps back a little none" {
    # Of 2 CPUs: 5 s more than they may lose.
    sed -i -E 's/^(cpu +([0-9]+ ){3})[0-9]+/\157300/' "$T/second/proc/stat"
    run_two_instants --json -o us,id,st,cs
    json_has 2 us=null id=null st=null cs=2800
    use_fixture host
    sed -i -E 's/^(cpu +([0-9]+ ){3})[0-9]+/\157990/' "$T/second/proc/stat"
    run_two_instants --json -o id,cs
    json_has 2 id=0 cs=2800
}

@test "ticks are judged by the CPUs that are online, and without sysfs, too" {
    echo 0-255 | write_file sys/devices/system/cpu/possible
    # 40 s of steal in 2.5 s on 2 CPUs
    sed -i -E 's/^(cpu +([0-9]+ ){7})[0-9]+/\112000/' "$T/second/proc/stat"
    run_two_instants --json -o us,st
    json_has 2 us=23.297 st=null
    use_fixture host
    rm -r "$T/f/sys/devices"
    sed -i -E 's/^(cpu +([0-9]+ ){7})[0-9]+/\11844674407365/' "$T/second/proc/stat"
    run_two_instants --json -o us,st
    json_has 2 us=23.297 st=null
}

@test "-s: ticks that are no count are not there" {
    sed -i -E 's/^(cpu +([0-9]+ ){7})[0-9]+/\11844674407365/' "$T/f/proc/stat"
    run_vmstat -s --json
    json_has cpu_user=80000 cpu_idle=58000 cpu_steal=null
    use_fixture gvisor
    sed -i -E 's/^cpu .*/cpu  0 0 0 0 0 0 0 0 0 0/' "$T/f/proc/stat"
    run_vmstat -s --json
    json_has cpu_user=null cpu_nice=null cpu_idle=null cpu_guest=null processes=null
    ! has_feature prometheus || {
        run_vmstat --prometheus
        [[ $output != *vmstat_cpu_* && $output != *vmstat_tasks_* ]] || { show_output; false; }
    }
}

@test "sums over CPUs that went below 0 are not known, and lose no disk" {
    sed -i 's/^procs_blocked .*/procs_blocked 4294967294/' "$T/f/proc/stat"
    sed -i -E 's/^( +8 +0 sda ([0-9]+ ){8})[0-9]+/\1-1/; s/^( +259 +0 nvme0n1 ([0-9]+ ){8})[0-9]+/\14294967295/' \
        "$T/f/proc/diskstats"
    run_vmstat --json -o r,b
    json_has r=5 b=null
    run_vmstat -d --json
    jq -se 'map({ (.disk): [.reads, .io_now, .io_ms] }) | add |
        .sda == [1000, null, 250000] and .nvme0n1 == [31, null, 39]' <<< "$output" || { show_output; false; }
}

@test "a first report whose stalls or periods exceed the age has no rates" {
    in_v2
    sed -i 's/^some .*/some avg10=0.00 avg60=0.00 avg300=0.00 total=900000000/' "$T/f/$C/memory.pressure"
    run_in_cgroup
    json_has interval=null bi=null mem_some=null free=8192
    in_v2
    # 10,000 periods of 100 ms in 100 s
    sed -i 's/^nr_periods .*/nr_periods 10000/' "$T/f/$C/cpu.stat"
    grep -q nr_periods "$T/f/$C/cpu.stat" || echo nr_periods 10000 >> "$T/f/$C/cpu.stat"
    run_in_cgroup
    json_has interval=null bi=null free=8192
}

@test "stalls that exceed the interval are no stalls, and alarm nobody" {
    requires_feature alerts
    in_v2
    sed -i 's/total=[0-9]*/total=900008000000/' "$T/second/$C/memory.pressure"
    run_two_instants --scope=cgroup --json --alert=oom=9
    json_has 2 mem_full=null mem_some=null
    [[ $(jq -sc '.[1].alerts | map(.metric)' <<< "$output") == '["thr_pct"]' ]] || { show_output; false; }
}

@test "faults since a start that nobody saw are no rate" {
    in_v2
    # 10^11 faults in 100 s on 4 CPUs
    sed -i 's/^pgfault .*/pgfault 100000000000000/' "$T/f/$C/memory.stat"
    run_in_cgroup
    json_has interval=null min=null maj=null free=8192
}

@test "a captured tree without uptime: no rates since boot; one that goes back: none" {
    rm "$T/f/proc/uptime"
    run_vmstat --json
    json_has interval=null cs=null us=37 free=1111337
    use_fixture host
    echo '999.00 1' | write_file ../second/proc/uptime
    run_two_instants --json
    json_has 2 interval=null cs=null free=1000001
}

@test "counters that are 0 since boot are not kept, whatever the CPU line says" {
    sed -i 's/^cpu .*/cpu  0 0 0 0 0 0 0 0 0 0/; s/^ctxt .*/ctxt 0/; s/^intr .*/intr 0/; s/^processes .*/processes 0/' "$T/f/proc/stat"
    run_vmstat --json
    json_has cs=null in=null us=null
    run_vmstat -s --json
    json_has ctxt=null intr=null processes=null
    run_vmstat -f
    fails_with '*the number of forks is not there*'
}

@test "v1: OOM kills below the cgroup count" {
    in_v1
    mkdir -p "$T/f/$G/memory/a/b"
    printf 'oom_kill_disable 0\nunder_oom 0\noom_kill 5\n' | tee "$T/f/$G/memory/a/memory.oom_control" > "$T/f/$G/memory/a/b/memory.oom_control"
    run_in_cgroup
    json_has oom=14
}

@test "v1: OOM kills of a child and below it" {
    requires_feature cgroup
    in_v1
    printf 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n' | write_file $G/memory/kid/memory.oom_control
    printf 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n' | write_file $G/memory/kid/below/memory.oom_control
    echo 4096 | write_file $G/memory/kid/memory.usage_in_bytes
    mkdir -p "$T/second/$G/memory/kid/below"
    printf 'oom_kill_disable 0\nunder_oom 0\noom_kill 4\n' | write_second $G/memory/kid/below/memory.oom_control
    two_in_cgroup --cgroups
    jq -se 'map(select(.cgroup | endswith("/kid"))) | .[1].oom == 3' <<< "$output" || { show_output; false; }
}

@test "shares of a whole that is more than the CPUs had are none" {
    # Of 2 CPUs in 2.5 s, 500 ticks: user 300 and system 400 are possible alone, not both.
    sed -i -E 's/^cpu .*/cpu  80300 6000 20400 58000 22000 2000 4000 8000 11000 1000/' "$T/second/proc/stat"
    run_two_instants --json -o us,sy,id,wa,st,cs
    json_has 2 us=null sy=null id=null wa=null st=null cs=2800
    # System time of 900 ticks is none; the other kinds are 200, or 650 of the 500: no whole.
    local idle
    for idle in 58050 58500; do
        use_fixture host
        sed -i -E "s/^cpu .*/cpu  80150 6000 20900 $idle 22000 2000 4000 8000 11000 1000/" "$T/second/proc/stat"
        run_two_instants --json -o us,sy,id,wa,cs
        json_has 2 us=null sy=null id=null wa=null cs=2800
    done
    # Since boot: 800 and 900 ticks in 5 s of 2 CPUs.
    use_fixture host
    sed -i -E 's/^cpu .*/cpu  800 0 900 0 0 0 0 0 0 0/' "$T/f/proc/stat"
    echo "5.00 0" | write_file proc/uptime
    run_vmstat --json -o us,sy,id
    json_has us=null sy=null id=null
}

@test "shares of a whole that is less than the CPUs had are none" {
    # Idle stands still: user 50 and system 50 of 500 ticks are not half each.
    sed -i -E 's/^cpu .*/cpu  80050 6000 20050 58000 22000 2000 4000 8000 11000 1000/' "$T/second/proc/stat"
    run_two_instants --json -o us,sy,id,cs
    json_has 2 us=null sy=null id=null cs=2800
    use_fixture host
    # It steps back by 0.1 s on a machine that is mostly idle.
    sed -i -E 's/^cpu .*/cpu  80050 6000 20050 57990 22000 2000 4000 8000 11000 1000/' "$T/second/proc/stat"
    run_two_instants --json -o us,sy,id
    json_has 2 us=null sy=null id=null
    use_fixture host
    # Since boot they may be: half of the time the machine was suspended.
    sed -i -E 's/^cpu .*/cpu  30000 0 20000 50000 0 0 0 0 0 0/' "$T/f/proc/stat"
    run_vmstat --json -o us,sy,id
    json_has us=30 sy=20 id=50
}

@test "shares of no time are none" {
    echo '0.00 0.00' | write_file proc/uptime
    sed -i -E 's/^cpu .*/cpu  1 0 1 0 0 0 0 0 0 0/' "$T/f/proc/stat"
    run_vmstat --json -o us,sy,id,free
    json_has us=null sy=null id=null free=1111337
}

@test "without sysfs the cpuN lines are the CPUs" {
    rm -r "$T/f/sys/devices"
    sed -i -E 's/^(cpu +([0-9]+ ){3})[0-9]+/\157300/' "$T/second/proc/stat"
    run_two_instants --json -o us,id,st
    json_has 2 us=null id=null st=null
    ! has_feature prometheus || {
        run_vmstat $HOST --prometheus
        grep -qx 'vmstat_cpus_online 2' <<< "$output" || { show_output; false; }
    }
    use_fixture host
    rm -r "$T/f/sys/devices"
    # One line is missing: 500 ticks are beyond the other.
    sed -i /^cpu1/d "$T/f/proc/stat" "$T/second/proc/stat"
    run_two_instants --json -o us,id
    json_has 1 us=null id=null
    json_has 2 us=null id=null
    use_fixture host
    # sysfs has it: 106 and 35 of 500.
    sed -i /^cpu1/d "$T/f/proc/stat" "$T/second/proc/stat"
    run_two_instants --json -o us,id
    json_has 2 us=21.2 id=7
    use_fixture host
    # None is there: it has both.
    sed -i '/^cpu[0-9]/d' "$T/f/proc/stat" "$T/second/proc/stat"
    sed -i -E 's/^(cpu +([0-9]+ ){2})[0-9]+/\120900/' "$T/second/proc/stat"
    run_two_instants --json -o us,sy,id
    json_has 2 us=null sy=null id=null
}

@test "CPUs that are offline now have counted since boot, too" {
    # As on a telephone: 200000 ticks in 1000 s, of which one CPU is left.
    sed -i /^cpu1/d "$T/f/proc/stat"
    echo 0 | write_file sys/devices/system/cpu/online
    echo 0-1 | write_file sys/devices/system/cpu/possible
    run_vmstat --json -o us,id
    json_has us=37 id=29
}

@test "in a cgroup the cpuN lines are the CPUs where sysfs is not there" {
    in_v2
    find "$T/f/sys" -name cpu.max -delete
    find "$T/f/sys" -name 'cpuset.*' -delete
    rm -r "$T/f/sys/devices"
    sed -i '/^cpu[0-9]/d' "$T/f/proc/stat"
    run_in_cgroup
    json_has us=null
    printf 'cpu  0 0 0 0\n' | write_file proc/stat
    printf 'cpu%d 0 0 0 0\n' {0..3} >> "$T/f/proc/stat"
    echo 'intr 5' >> "$T/f/proc/stat"
    run_in_cgroup
    # 8.5 and 11.5 s of 4 CPUs for 100 s
    json_has us=2.125 sy=2.875
}

@test "sysfs is read once, not at each sample" {
    requires_tool strace
    strace -o "$T/strace" -e trace=open,openat,pread64 "$VMSTAT" $HOST 0.05 4 > "$T/out"
    # The descriptor is closed by nobody: reads by its number.
    local fd
    fd=$(sed -n 's/.*cpu\/online".* = //p' "$T/strace")
    [[ $fd && $(grep -c "^pread64($fd, \"[0-9]" "$T/strace") == 1 ]] || { cat "$T/strace"; false; }
}

@test "since boot: an uptime that is not the machine's, with counters of its own" {
    requires_mount_namespace
    (($(cut -d. -f1 /proc/uptime) > 60)) || skip "the machine has just booted"
    # 20 s of 2 CPUs, as OpenVZ has it: 4000 ticks, 100 switches a second.
    printf '%s\n' 'cpu  1000 0 500 2500 0 0 0 0 0 0' 'cpu0 500 0 250 1250 0 0 0 0 0 0' \
        'cpu1 500 0 250 1250 0 0 0 0 0 0' 'ctxt 2000' > "$T/stat"
    echo '20.00 12.50' > "$T/uptime"
    run --separate-stderr unshare -m --propagation private sh -c \
        'mount --bind "$0/stat" /proc/stat && mount --bind "$0/uptime" /proc/uptime && exec "$VMSTAT" "$@"' \
        "$T" $HOST --json -o cs,us,id
    json_has interval=20 cs=100 us=25 id=62.5
    # lxcfs: the host's counters beside a container's uptime go by the clock.
    echo '2.00 1.00' > "$T/uptime"
    run --separate-stderr unshare -m --propagation private sh -c \
        'mount --bind "$0/uptime" /proc/uptime && exec "$VMSTAT" "$@"' "$T" $HOST --json -o cs,us,id
    jq -e '.interval > 50 and .us != null' <<< "$output" || { show_output; false; }
}

@test "the busiest CPU: its share and its number" {
    use_fixture host
    run_two_instants -x --json $CALM
    # CPU 0 was in use for 250 - 20 - 30 of 250 ticks, CPU 1 for 250 - 15 - 50
    json_has 2 cpu_max=80 cpu_max_id=0
    run_vmstat --json
    [[ $output != *cpu_max* ]] # costs a reading
    requires_feature alerts
    use_fixture host
    run_two_instants --check --json 0.1 1
    jq -e '.checks[] | select(.metric == "cpu_max").value == 80' <<< "$output"
}

@test "one CPU of 4,096 is busy; one that was offline or counts anew is none" {
    local n
    use_fixture host
    for n in {0..4095}; do echo "cpu$n 100 0 100 800 0 0 0 0 0 0"; done > "$T/many"
    { echo "cpu  409600 0 409600 3276800 0 0 0 0 0 0"; cat "$T/many"; echo "ctxt 5"; } > "$T/f/proc/stat"
    # 250 ticks more of each; CPU 4000 uses 200 of them, CPU 7 counts anew, CPU 8 was not there
    { echo "cpu  409800 0 409600 4300600 0 0 0 0 0 0"
        awk '{ $5 += 250 } $1 == "cpu4000" { $2 += 200; $5 -= 200 } $1 == "cpu7" { $2 = 250; $5 = 0; $4 = 0 } { print }' "$T/many"
        echo "ctxt 9"; } > "$T/second/proc/stat"
    sed -i '/^cpu8 /d' "$T/f/proc/stat"
    run_two_instants -x --json $CALM
    json_has 2 cpu_max=80 cpu_max_id=4000
}

@test "the busiest CPU since boot: 700 days of ticks are more than 32 bits" {
    use_fixture host
    printf 'cpu  1209600000 0 0 10886400000 0 0 0 0 0 0\ncpu0 604800000 0 0 5443200000 0 0 0 0 0 0\ncpu1 604800000 0 0 5443200000 0 0 0 0 0 0\n' > "$T/f/proc/stat"
    echo '60480000.00 1.00' > "$T/f/proc/uptime"
    run_vmstat --json -o us,cpu_max
    json_has us=10 cpu_max=null
}

@test "the busiest CPU of a guest has lost ticks" {
    use_fixture host
    # 100 of CPU 0's 250 ticks are left, all of them busy; CPU 1 has them all, 25 busy
    sed -i 's/^cpu0 .*/cpu0 50100 2000 12000 20000 11000 1500 1000 2500 6000 600/
        s/^cpu1 .*/cpu1 30025 4000 8000 38225 11000 500 3000 5500 5000 400/' "$T/second/proc/stat"
    run_two_instants -x --json $CALM
    json_has 2 cpu_max=100 cpu_max_id=0
}

@test "load averages, of a host alone" {
    use_fixture host
    run_vmstat -x --json
    json_has load1=1.25 load5=0.5 load15=12.07
    run_vmstat -o load1,load15
    [[ ${lines[2]} == " 1.25  12.07" ]] || { show_output; false; }
    echo 'x 0.1' > "$T/f/proc/loadavg"
    run_vmstat -x --json
    json_has load1=null load5=null
    has_feature cgroup || return 0
    use_fixture v2
    run_in_cgroup
    json_has load1=null
}
