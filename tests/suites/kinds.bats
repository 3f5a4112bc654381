#!/usr/bin/env bats
# Kinds of input that other tools, and earlier versions of this one, got
# wrong: layers of devices, page cache, old kernels, names that are hostile.
# Each has numbers of its own; real kernels show some of them in e2e/.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() {
    requires_feature json
    requires_tool jq
    use_fixture host
}

in_v2() {
    requires_feature cgroup
    use_fixture v2
    C=sys/fs/cgroup/kubepods/pod1/ctr
}

in_v1() {
    requires_feature cgroup
    use_fixture v1
    G=sys/fs/cgroup
}

# As write_file, at the second instant.
write_second() {
    mkdir -p "$(dirname "$T/second/$1")"
    cat > "$T/second/$1"
}

run_in_cgroup() { run_vmstat --scope=cgroup --json $CALM "$@"; }
two_in_cgroup() { run_two_instants --scope=cgroup --json $CALM "$@"; }

# --- whose numbers

@test "auto: a mark alone makes no container where a controller is at its root" {
    requires_feature cgroup
    # --proc is host by default; the choice itself is in the guests of e2e/.
    run --separate-stderr env container=oci KUBERNETES_SERVICE_HOST=x "$VMSTAT" --json $CALM
    succeeds
    local root
    root=$(awk -F: '$2 == "" || $2 ~ /(^|,)(cpu|memory)(,|$)/ { if ($3 == "/") n++ } END { print n + 0 }' /proc/self/cgroup)
    [[ $(readlink /proc/self/ns/cgroup) == 'cgroup:[4026531835]' && $(readlink /proc/self/ns/pid) == 'pid:[4026531836]' && $root -gt 0 ]] ||
        skip "vmstat itself runs in a container here"
    json_has 'scope="host"'
}

@test "another subtree is mounted: an error, unless the process is found in it" {
    in_v2
    sed -i 's|^24 23.*|24 23 0:23 /docker/other /sys/fs/cgroup ro - cgroup2 cgroup2 rw|' "$T/f/proc/self/mountinfo"
    echo 0::/kubepods/pod1/ctr | write_file proc/self/cgroup
    run_in_cgroup
    fails_with '*no cgroup can be read here*'
    # The process in it, under whatever path: its own directory, no other.
    echo '4242 (x) S 1' | write_file proc/self/stat
    echo 4242 >> "$T/f/$C/cgroup.procs"
    run_in_cgroup
    succeeds
    json_has free=8192 us=17
}

@test "--cgroup: double slashes, a trailing one, a symbolic link, another file system" {
    in_v2
    local path
    ln -s ctr "$T/f/sys/fs/cgroup/kubepods/pod1/link"
    for path in /kubepods/pod1/ctr/ //kubepods//pod1/ctr kubepods/pod1/ctr /kubepods/pod1/link \
        "$T/f/$C" "$T/f/$C/" "$T/f//$C" "$T/f/sys/fs/cgroup/kubepods/pod1/link"; do
        run_vmstat "--cgroup=$path" --json $CALM
        succeeds
        json_has free=8192 us=17 r=3 || { echo "^^^ $path"; false; }
    done
    mkdir "$T/other"
    find "$T/f/$C" -maxdepth 1 -type f -exec cp {} "$T/other/" \;
    ln -s "$T/other" "$T/f/sys/fs/cgroup/kubepods/out"
    for path in "$T/other" /kubepods/out /proc /kubepods/../../..; do
        run_vmstat "--cgroup=$path" --json $CALM
        fails_with '*' || { echo "^^^ $path"; false; }
    done
}

@test "a controller that is not there makes its columns unavailable, not an error" {
    in_v1
    sed -i '/cpuset\|cpu,cpuacct\|blkio/d' "$T/f/proc/self/mountinfo"
    run_in_cgroup -o us,id,cpu_limit
    succeeds
    json_has us=null id=null cpu_limit=null
    run_in_cgroup
    json_has us=null free=30720 bi=null
}

@test "-d where no io controller counts: the machine's disks, and one line that says so" {
    requires_feature disks
    in_v2
    rm "$T/f/$C/io.stat"
    cp "$BATS_TEST_DIRNAME/../fixtures/host/proc/diskstats" "$T/f/proc/"
    run_in_cgroup -d
    succeeds
    [[ $(grep '"sda"' <<< "$output" | jq .reads) == 1000 ]] || { show_output; false; }
    [[ $stderr == "vmstat: --disk: no io controller counts for this cgroup: these are the host's numbers" ]] || { show_output; false; }
}

@test "a limit that cannot be read is unknown on the scope line" {
    requires_terminal
    in_v2
    : > "$T/f/sys/fs/cgroup/kubepods/memory.max"
    local line
    line=$(TERM=dumb script -qec "'$VMSTAT' --proc='$T/f/proc' --sys='$T/f/sys' --scope=cgroup $CALM" /dev/null < /dev/null | tr -d '\r' | head -n 1)
    [[ $line == *", memory limit unknown, "* ]] || { echo "$line"; false; }
}

@test "the level whose limit binds is named" {
    in_v2
    run_in_cgroup
    json_has 'mem_level="/kubepods/pod1"' 'cpu_level="/kubepods/pod1"'
    echo 22020096 | write_file "$C/memory.max"
    echo '30000 100000' | write_file "$C/cpu.max"
    run_in_cgroup
    json_has 'mem_level="/kubepods/pod1/ctr"' 'cpu_level="/kubepods/pod1/ctr"' cpu_limit=0.3
}

# --- memory

@test "page cache that can be dropped is not used memory" {
    in_v2
    # Usage 44 of 48 MiB of the pod, of which 24 are inactive page cache:
    # working set 20 MiB, 41.667 %; 4 MiB are idle.
    echo 46137344 | write_file sys/fs/cgroup/kubepods/pod1/memory.current
    echo 'inactive_file 25165824' | write_file sys/fs/cgroup/kubepods/pod1/memory.stat
    run_in_cgroup
    # The container itself has 64 - 20 + 0.5 MiB, more.
    json_has free=4096 avail=28672 mem_pct=41.667 mem_limit=49152
}

@test "the level that counts is the one with the least left, its cache apart" {
    in_v2
    # The pod has 4 MiB idle, 28 available; the container 24 - 20 + 0.5.
    echo 46137344 | write_file sys/fs/cgroup/kubepods/pod1/memory.current
    echo 'inactive_file 25165824' | write_file sys/fs/cgroup/kubepods/pod1/memory.stat
    echo 25165824 | write_file "$C/memory.max"
    run_in_cgroup
    json_has free=4096 avail=4608 mem_limit=24576 mem_pct=81.25
}

@test "memory.high is a limit, the smaller of both" {
    in_v2
    echo 23068672 | write_file "$C/memory.high"
    run_in_cgroup
    # 22 - 20 + 0.5 MiB
    json_has mem_limit=22528 free=2048 avail=2560
}

@test "swap_limit: the least of all levels" {
    in_v2
    echo max | write_file "$C/memory.swap.max"
    echo 16777216 | write_file sys/fs/cgroup/kubepods/pod1/memory.swap.max
    run_in_cgroup
    json_has swap_limit=16384
    in_v1
    echo 125829120 | write_file $G/memory/memory.memsw.limit_in_bytes
    echo 104857600 | write_file $G/memory/memory.limit_in_bytes
    run_in_cgroup
    # 120 - 100 MiB
    json_has swap_limit=20480
}

@test "v1: without use_hierarchy the levels above do not bind" {
    in_v1
    echo 5:memory:/docker/c0ffee/in >> "$T/f/proc/self/cgroup"
    sed -i '/:memory:\/docker\/c0ffee$/d' "$T/f/proc/self/cgroup"
    mkdir "$T/f/$G/memory/in"
    cp "$T/f/$G/memory/"memory.* "$T/f/$G/memory/tasks" "$T/f/$G/memory/cgroup.procs" "$T/f/$G/memory/in/"
    echo 9223372036854771712 | write_file $G/memory/in/memory.limit_in_bytes
    sed -i 's/^hierarchical_memory_limit .*/hierarchical_memory_limit 9223372036854771712/' "$T/f/$G/memory/in/memory.stat"
    echo 83886080 | write_file $G/memory/memory.limit_in_bytes
    echo 1 | write_file $G/memory/memory.use_hierarchy
    run_in_cgroup
    json_has mem_limit=81920
    echo 0 | write_file $G/memory/memory.use_hierarchy
    run_in_cgroup
    json_has mem_limit=null
}

@test "before Linux 3.14: available is free memory and file pages" {
    sed -i '/MemAvailable\|(file)/d' "$T/f/proc/meminfo"
    printf 'Active(file): 200000 kB\nInactive(file): 300000 kB\n' >> "$T/f/proc/meminfo"
    run_vmstat --json
    # 1111337 + 500000
    json_has avail=1611337
    sed -i '/(file)/d' "$T/f/proc/meminfo"
    run_vmstat --json
    # Buffers 22543, Cached 332900
    json_has avail=1466780
}

@test "MemAvailable above MemTotal is nonsense: used is total - free" {
    requires_feature stats
    sed -i 's/^MemAvailable: .*/MemAvailable: 9000000 kB/' "$T/f/proc/meminfo"
    run_vmstat -s --json
    # 8000000 - 1111337
    json_has mem_used=6888663
}

@test "a limit whose usage cannot be read makes what is left unknown" {
    in_v2
    echo 4194304 | write_file "$C/memory.max"
    rm "$T/f/$C/memory.current"
    run_in_cgroup
    json_has free=null avail=null mem_limit=null mem_pct=null mem_level=null
}

@test "no memory files where ancestors are out of sight: unknown, not the host's" {
    in_v2
    mv "$T/f/$C" "$T/ctr" && rm -rf "$T/f/sys/fs/cgroup" && mv "$T/ctr" "$T/f/sys/fs/cgroup"
    rm "$T/f/sys/fs/cgroup/"memory.*
    echo 0::/ | write_file proc/self/cgroup
    rm -rf "$T/f/proc/self/ns/cgroup" && ln -s 'cgroup:[4026532777]' "$T/f/proc/self/ns/cgroup"
    run_in_cgroup
    json_has free=null avail=null mem_limit=null
}

@test "hybrid: a v2 directory has no say where v1 carries the controller" {
    in_v1
    sed -i 's| /docker/c0ffee /sys| / /sys|' "$T/f/proc/self/mountinfo"
    echo '31 24 0:30 / /sys/fs/cgroup/unified ro - cgroup2 cgroup rw' >> "$T/f/proc/self/mountinfo"
    echo 1 | write_file $G/unified/only/cgroup.procs
    run_vmstat --cgroup=/only --json $CALM
    json_has free=null avail=null mem_limit=null us=null
}

@test "more levels than there is room for: limits are unknown" {
    in_v2
    local below
    below=$C$(printf '/a%.0s' {1..34})
    mkdir -p "$T/f/$below" && cp "$T/f/$C"/cgroup.* "$T/f/$C"/memory.{current,stat} "$T/f/$below/"
    echo "0::/${below#sys/fs/cgroup/}" | write_file proc/self/cgroup
    run_in_cgroup
    json_has free=null mem_limit=null cpu_limit=null us=null swap_limit=null
}

@test "v1: the memory and swap limit of levels out of sight" {
    in_v1
    sed -i '/^hierarchical_memsw_limit/d' "$T/f/$G/memory/memory.stat"
    echo 'hierarchical_memsw_limit 154857600' >> "$T/f/$G/memory/memory.stat"
    run_in_cgroup
    # 154857600 - 104857600 bytes
    json_has swap_limit=48828.125
}

@test "a level above the root of the namespace is named as one" {
    in_v2
    rm -rf "$T/f/proc/self/ns/cgroup" && ln -s 'cgroup:[4026532777]' "$T/f/proc/self/ns/cgroup"
    sed -i 's|^24 23.*|24 23 0:23 /../../.. /sys/fs/cgroup ro - cgroup2 cgroup2 rw|' "$T/f/proc/self/mountinfo"
    echo 0::/ | write_file proc/self/cgroup
    echo '101 (x) S 1' | write_file proc/self/stat
    run_in_cgroup
    json_has 'mem_level="/.."' 'cgroup="/"'
    in_v2
    ln -s kubepods/pod1/ctr "$T/f/sys/fs/cgroup/alias"
    run_vmstat --cgroup=/alias --json $CALM
    json_has 'cgroup="/kubepods/pod1/ctr"' 'mem_level="/kubepods/pod1"'
}

# --- counters

@test "layers: a device with slaves is not counted beside them" {
    in_v2
    mkdir -p "$T/f/sys/dev/block/253:0/slaves/sda"
    echo '253:0 rbytes=10240000 wbytes=20480000 rios=1 wios=1' >> "$T/f/$C/io.stat"
    run_in_cgroup
    json_has bi=110 bo=220
    requires_feature disks
    use_fixture host
    mkdir -p "$T/f/sys/dev/block/253:0/slaves/sda"
    echo ' 253 0 dm-0 1000 0 80000 5000 2000 0 400000 30000 0 0 0' >> "$T/f/proc/diskstats"
    run_vmstat -D --json
    json_has disks=4 reads=1031 write_sectors=400037
}

@test "devices that leave, appear, or have no name take nothing else with them" {
    in_v2
    # 307200 and 409600 bytes of sda and 102400 of nvme in 2 s; nvme leaves,
    # 7:0 appears with 204800, a line has no device.
    { grep '^8:0 ' "$T/second/$C/io.stat"; echo '(unknown) rbytes=5 wbytes=5'; echo '7:0 rbytes=204800 wbytes=0'; } > "$T/io"
    cp "$T/io" "$T/second/$C/io.stat"
    local before after
    before=$(sed -n 's/^8:0 .*rbytes=\([0-9]*\).*/\1/p' "$T/f/$C/io.stat")
    after=$(sed -n 's/^8:0 .*rbytes=\([0-9]*\).*/\1/p' "$T/io")
    two_in_cgroup
    json_has 2 bi=$(((after - before + 204800) / 2048))
}

@test "a counter that steps back is unavailable, not 0" {
    in_v2
    sed -i 's/^pgmajfault .*/pgmajfault 7/' "$T/second/$C/memory.stat"
    two_in_cgroup
    json_has 2 maj=null
    json_has 2 cs=200
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

@test "a first report whose stalls or periods exceed the age has no rates" {
    requires_feature pressure
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
    requires_feature pressure alerts
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
    requires_feature stats
    sed -i 's/^cpu .*/cpu  0 0 0 0 0 0 0 0 0 0/; s/^ctxt .*/ctxt 0/; s/^intr .*/intr 0/; s/^processes .*/processes 0/' "$T/f/proc/stat"
    run_vmstat --json
    json_has cs=null in=null us=null
    run_vmstat -s --json
    json_has ctxt=null intr=null processes=null
    run_vmstat -f
    fails_with '*the number of forks is not there*'
}

@test "CPUs that come online while it runs" {
    in_v2
    find "$T/f/sys" "$T/second" -name cpu.max -delete
    find "$T/f/sys" "$T/second" -name 'cpuset.*' -delete
    echo 0 | write_file sys/devices/system/cpu/online
    mkdir -p "$T/second/sys/devices/system/cpu" && echo 0-3 > "$T/second/sys/devices/system/cpu/online"
    two_in_cgroup
    # 0.31 s and 0.46 s of 4 CPUs for 2 s
    json_has 2 us=3.875 sy=5.75
}

@test "cpuset.cpus where effective_cpus is missing" {
    in_v1
    rm "$T/f/$G/cpuset/cpuset.effective_cpus"
    echo -1 | write_file $G/cpu,cpuacct/cpu.cfs_quota_us
    echo 0,2-4 | write_file $G/cpuset/cpuset.cpus
    echo 0-15 | write_file sys/devices/system/cpu/online
    run_in_cgroup
    # 9 s of 4 CPUs for 100 s
    json_has cpu_limit=4 us=2.25
}

@test "v1: the throttle's own files of a leaf; of a cgroup with children they say too little" {
    in_v1
    mv "$T/f/$G/blkio/blkio.throttle.io_service_bytes"{_recursive,}
    run_in_cgroup
    json_has bi=60 bo=120
    mkdir "$T/f/$G/blkio/child"
    run_in_cgroup
    json_has bi=null bo=null
}

@test "v1: OOM kills below the cgroup count" {
    in_v1
    mkdir -p "$T/f/$G/memory/a/b"
    printf 'oom_kill_disable 0\nunder_oom 0\noom_kill 5\n' | tee "$T/f/$G/memory/a/memory.oom_control" > "$T/f/$G/memory/a/b/memory.oom_control"
    run_in_cgroup
    json_has oom=14
}

@test "throttling: no share of an interval shorter than a period; idle is 0" {
    in_v2
    two_in_cgroup
    json_has 2 thr_pct=15
    in_v2
    find "$T/second" -name cpu.stat -delete
    echo '1000.05 1' | write_file ../second/proc/uptime
    two_in_cgroup
    json_has 2 thr_pct=null
    in_v2
    find "$T/second" -name cpu.stat -delete
    two_in_cgroup
    json_has 2 thr_pct=0 thr=0
}

@test "throttling: fewer than five periods alarm nobody" {
    requires_feature alerts
    in_v2
    # pod1: 3 of 4 periods
    awk '$1 == "nr_periods" { $2 += 4 } $1 == "nr_throttled" { $2 += 3 } { print }' \
        "$T/f/sys/fs/cgroup/kubepods/pod1/cpu.stat" > "$T/second/sys/fs/cgroup/kubepods/pod1/cpu.stat"
    sed -i 's/^oom_kill .*/oom_kill 2/' "$T/second/$C/memory.events"
    run_two_instants --scope=cgroup --json
    json_has 2 thr_pct=75 alerts='[]'
}

@test "throttling: cpu.stat.local counts what quotas out of sight do" {
    in_v2
    echo 'throttled_usec 1000000' | write_file "$C/cpu.stat.local"
    mkdir -p "$T/second/$C" && echo 'throttled_usec 2600000' > "$T/second/$C/cpu.stat.local"
    two_in_cgroup
    # 1.6 s in 2 s; the pod's own file says 250 ms/s
    json_has 2 thr=800 thr_pct=15
}

# --- disks

@test "what is a partition is known by sysfs, by name only without it" {
    requires_feature disks
    printf ' 9 127 md_data 10 0 80 1 0 0 0 0 0 1 1\n 9 126 md_data2 20 0 160 1 0 0 0 0 0 1 1\n' | write_file proc/diskstats
    run_vmstat -D --json
    json_has disks=1 partitions=1 reads=10
    mkdir -p "$T/f/sys/class/block/"md_data{,2}
    run_vmstat -D --json
    json_has disks=2 partitions=0 reads=30
    printf ' 202 1 xvda1 10 0 80 1 0 0 0 0 0 1 1\n' | write_file proc/diskstats
    mkdir -p "$T/f/sys/class/block/xvda1"
    run_vmstat -D --json
    json_has disks=1 partitions=0
    touch "$T/f/sys/class/block/xvda1/partition"
    run_vmstat -D --json
    json_has disks=0 partitions=1
}

@test "partitions of four numbers, before Linux 2.6.25" {
    requires_feature disks
    printf ' 8 0 sda 100 1 800 10 200 2 1600 20 0 30 30\n 8 1 sda1 90 720 190 1520\n' | write_file proc/diskstats
    rm -rf "$T/f/sys/block" "$T/f/sys/class"
    run_vmstat -p sda1 --json
    json_has reads=90 read_sectors=720 writes=190 write_sectors=1520
    run_vmstat -D --json
    json_has disks=1 partitions=1 reads=100
}

@test "more than 512 devices: sums and -p have them all" {
    requires_feature disks
    awk 'BEGIN { for (i = 0; i < 700; i++) printf " 259 %d nvme%dn1 %d 0 8 1 1 0 8 1 0 1 1\n", i, i, i }' | write_file proc/diskstats
    rm -rf "$T/f/sys/block" "$T/f/sys/class"
    run_vmstat -D --json
    # 0 + 1 + ... + 699
    json_has disks=700 reads=244650 writes=700
    stderr_is_empty
    run_vmstat -p nvme699n1 --json
    json_has reads=699
    run_vmstat -d
    [[ $stderr == "vmstat: more than 512 block devices: the rest is left out" ]] || { show_output; false; }
}

@test "more than 512 devices in io.stat: bi has them all" {
    requires_feature disks
    in_v2
    awk 'BEGIN { for (i = 0; i < 700; i++) print "259:" i " rbytes=1024000 wbytes=0 rios=1 wios=0" }' > "$T/f/$C/io.stat"
    run_in_cgroup
    # 700 * 1000 KiB in 100 s
    json_has bi=7000
    run_in_cgroup -D
    json_has disks=700 reads=700
}

@test "a loop device counts with the disk below it" {
    in_v2
    echo /file | write_file sys/dev/block/7:0/loop/backing_file
    echo '7:0 rbytes=10240000 wbytes=20480000 rios=1 wios=1' >> "$T/f/$C/io.stat"
    run_in_cgroup
    json_has bi=110 bo=220
}

@test "the host's disks and the cgroup's are not compared with each other" {
    requires_feature disks
    in_v2
    cp "$BATS_TEST_DIRNAME/../fixtures/host/proc/diskstats" "$T/f/proc/"
    rm "$T/second/$C/io.stat"
    echo "$C/io.stat" >> "$T/second/removed"
    run_two_instants --scope=cgroup --json -d -x $CALM
    output=$(grep '"sda"' <<< "$output")
    json_has 1 'scope="cgroup"' r_s=5.01
    json_has 2 'scope="host"' r_s=null rkb_s=null
}

@test "v1 counts I/O since Linux 6.10 where a limit is set: no device is not 0" {
    in_v1
    echo 'Total 0' | write_file $G/blkio/blkio.throttle.io_service_bytes_recursive
    run_in_cgroup
    json_has bi=null bo=null
}

@test "-d -t has the time, -d without a disk its header" {
    requires_feature disks csv
    run_vmstat -d -t
    [[ ${lines[0]} == *-timestamp-* && ${lines[1]} == *UTC && ${#lines[1]} == "${#lines[2]}" ]] || { show_output; false; }
    : | write_file proc/diskstats
    run_vmstat -d
    [[ ${#lines[@]} == 2 && ${lines[0]} == disk-* ]] || { show_output; false; }
    run_vmstat -d --csv
    [[ ${#lines[@]} == 1 && ${lines[0]} == time,scope,cgroup,disk,reads,* ]] || { show_output; false; }
}

@test "-s -H has one unit" {
    requires_feature stats human
    run_vmstat -s -H
    [[ ${lines[0]} =~ ^\ +7.6G\ total\ memory$ ]] || { show_output; false; }
}

@test "names are cut at a character, and a character is one wide" {
    requires_feature slabs
    printf 'slabinfo - version: 2.1\n%s 5 6 192 21 1\nab 1 2 3 4 5\n' ääääääaaaaaaaaaaaaaaaaaayz | write_file proc/slabinfo
    run_vmstat -m
    [[ ${lines[2]} == "ääääääaaaaaaaaaaaaaaaaaa "* ]] || { show_output; false; }
    iconv -f utf8 -t utf8 <<< "$output" > /dev/null
    [[ $(LC_ALL=C.UTF-8; echo ${#lines[1]}) == $(LC_ALL=C.UTF-8; echo ${#lines[2]}) ]] || { show_output; false; }
}

@test "-p takes a path, by the number of its device" {
    requires_feature disks
    [[ $EUID == 0 ]] || skip "not root, cannot make a device"
    mknod "$T/any-name" b 8 1 || skip "no right to make a device"
    [[ -b $T/any-name ]] || skip "no devices here"
    run_vmstat -p "$T/any-name" --json
    json_has 'partition="sda1"' reads=111
}

@test "-d -x: idle devices are left out, discards and request sizes with -w" {
    requires_feature disks
    echo ' 7 1 loop1 0 0 0 0 0 0 0 0 0 0 0' >> "$T/f/proc/diskstats"
    echo ' 8 32 sdc 100 0 3200 961490 0 0 0 0 0 0 0 50 0 4000 25 10 20' >> "$T/f/proc/diskstats"
    run_vmstat -d -x --json
    [[ $output != *loop1* ]] || { show_output; false; }
    output=$(grep '"sdc"' <<< "$output")
    # 3200 sectors / 100 = 16 KiB; 50 discards of 4000 sectors in 1000 s
    json_has rareq_sz=16 d_s=0.05 dkb_s=2 d_await=0.5 f_s=0.01 f_await=2 r_await=9614.9
    run_vmstat -d -x -w
    [[ ${lines[0]} == *rareq-sz*d/s* && ${#lines[0]} == "${#lines[1]}" ]] || { show_output; false; }
    run_vmstat -d --json
    grep -q loop1 <<< "$output"
}

# --- what a person sees

@test "hostile names reach neither a terminal nor JSON raw" {
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
    requires_feature csv
    run_vmstat "--cgroup=/kubepods/pod1/$name" --csv $CALM
    [[ ${#lines[@]} == 2 && $output != *$'\e'* && $output != *$'\x9b'* ]] || { show_output; false; }
    iconv -f utf8 -t utf8 <<< "$output" > /dev/null
}

@test "hostile arguments and device names are one safe line" {
    local arg
    for arg in $'--bad\e[31m' $'-S\e\n' $'-o\x9b\ncs' $'--proc=/no\e\nsuch' $'5\e\n'; do
        run --separate-stderr timeout 5 "$VMSTAT" "$arg"
        fails_with '*'
        [[ $stderr != *$'\e'* && $stderr != *$'\x9b'* ]] || { show_output; false; }
    done
    requires_feature disks
    printf ' 8 0 sd\e[31ma 1 1 1 1 1 1 1 1 1 1 1\n' | write_file proc/diskstats
    run_vmstat -d
    [[ $output != *$'\e'* && $output == *'sd?[31ma'* ]] || { show_output; false; }
}

@test "a narrow terminal keeps what is fed: bi, bo and pressure, not wa" {
    requires_feature cgroup fit pressure
    requires_terminal
    in_v2
    # The first report knows no rates: the age is not known.
    rm "$T/f/proc/uptime"
    local out
    out=$(TERM=dumb script -qec "stty cols 100 rows 50; '$VMSTAT' --proc='$T/f/proc' --sys='$T/f/sys' --scope=cgroup $CALM 0.2 2 2>/dev/null" /dev/null < /dev/null | tr -d '\r')
    grep -q '^ r  b .* bi .*memF' <<< "$out" || { echo "$out"; false; }
    [[ $(grep '^ r  b' <<< "$out") != *" wa "* && $(grep '^ r  b' <<< "$out") != *" buff "* ]] || { echo "$out"; false; }
}

@test "descriptors 0 to 2 closed at the start: no report lands in a file" {
    run --separate-stderr bash -c "'$VMSTAT' '--proc=$T/f/proc' $CALM <&- >&- 2>&-"
    [[ $status == 1 ]] || { show_output; false; }
    run bash -c "'$VMSTAT' '--proc=$T/f/proc' $CALM <&- 2>&-"
    [[ $status == 0 && ${#lines[@]} == 3 ]] || { show_output; false; }
}

@test "a cgroup2 mount whose source is empty" {
    in_v2
    sed -i 's|^24 23.*|24 23 0:23 / /sys/fs/cgroup ro,nosuid - cgroup2  rw,nsdelegate|' "$T/f/proc/self/mountinfo"
    run_in_cgroup
    json_has free=8192 us=17
}

@test "more tasks than there is room for: - and one warning, also for -o r,b,cs" {
    in_v2
    seq 200000 208300 >> "$T/f/$C/cgroup.threads"
    run_in_cgroup -o r,b,cs
    succeeds
    json_has r=null b=null cs=null
    [[ $stderr == "vmstat: more than 8192 tasks: r, b and cs are unavailable" ]] || { show_output; false; }
}

# --- rows that a diagnosis needs

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
    requires_feature stats
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
    requires_feature disks
    run_vmstat -d --json
    jq -se 'map({ (.disk): [.reads, .io_now, .io_ms] }) | add |
        .sda == [1000, null, 250000] and .nvme0n1 == [31, null, 39]' <<< "$output" || { show_output; false; }
}

@test "a device, or a cgroup's, that counts anew has no rates at all" {
    requires_feature disks
    # reads fall, writes rise
    sed -i -E 's/^( +8 +0 sda )1250 102 90000/\17 0 90001/' "$T/second/proc/diskstats"
    run_two_instants -d -x --json
    jq -se 'map(select(.disk == "sda")) | .[0].r_s == 1 and .[1].r_s == null and .[1].w_s == null and .[1].wkb_s == null' \
        <<< "$output" || { show_output; false; }
    in_v2
    echo '8:0 rbytes=4096 wbytes=999999999999 rios=1 wios=900000' | write_second $C/io.stat
    two_in_cgroup -o bi,bo
    json_has 2 bi=null bo=null
}

@test "lxcfs: numbers of the machine beside a container's total are not shown" {
    sed -i 's/^Active: .*/Active: 8000001 kB/; s/^SwapFree: .*/SwapFree: 99999999 kB/; s/^Inactive: .*/Inactive: 8000000 kB/' \
        "$T/f/proc/meminfo"
    run_vmstat --json -o active,inact,swpd,free
    json_has active=null inact=8000000 swpd=null free=1111337
    requires_feature stats
    sed -i 's/^MemTotal: .*/MemTotal: 0 kB/' "$T/f/proc/meminfo"
    run_vmstat -s --json
    json_has mem_total=null swap_used=null
}

@test "sizes of a cgroup that went below 0 bind no limit" {
    in_v2
    echo 18446744073709535232 | write_file $C/memory.current
    run_in_cgroup -o mem_pct,free,avail
    json_has mem_pct=null free=null avail=null
    in_v2
    sed -i 's/^inactive_file .*/inactive_file 18446744073709547520/' "$T/f/$C/memory.stat"
    run_in_cgroup -o mem_pct,avail
    json_has mem_pct=null avail=null
}

@test "more time throttled, or used by a child, than CPUs can have is no count" {
    in_v2
    sed -i 's/^throttled_usec .*/throttled_usec 18446744073709/' "$T/second/sys/fs/cgroup/kubepods/pod1/cpu.stat"
    two_in_cgroup -o thr,us
    json_has 2 thr=null
    requires_feature cgroups
    in_v2
    printf 'usage_usec 9000000000\nuser_usec 9000000000\nsystem_usec 0\n' | write_second $C/worker/cpu.stat
    two_in_cgroup --cgroups
    jq -se 'map(select(.cgroup | endswith("/worker"))) | .[1].cpu == null' <<< "$output" || { show_output; false; }
}

@test "tasks_limit: the least of all levels" {
    in_v2
    echo max | write_file $C/pids.max
    echo 300 | write_file "$C/../pids.max"
    echo 200 | write_file "$C/../../pids.max"
    run_in_cgroup -o tasks_limit
    json_has tasks_limit=200
    rm "$T/f/$C/../../pids.max"
    run_in_cgroup -o tasks_limit
    json_has tasks_limit=300
    echo nonsense | write_file "$C/../pids.max"
    run_in_cgroup -o tasks_limit
    json_has tasks_limit=null
}

@test "v1: OOM kills of a child and below it" {
    requires_feature cgroups
    in_v1
    printf 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n' | write_file $G/memory/kid/memory.oom_control
    printf 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n' | write_file $G/memory/kid/below/memory.oom_control
    echo 4096 | write_file $G/memory/kid/memory.usage_in_bytes
    mkdir -p "$T/second/$G/memory/kid/below"
    printf 'oom_kill_disable 0\nunder_oom 0\noom_kill 4\n' | write_second $G/memory/kid/below/memory.oom_control
    two_in_cgroup --cgroups
    jq -se 'map(select(.cgroup | endswith("/kid"))) | .[1].oom == 3' <<< "$output" || { show_output; false; }
}

@test "columns of a masked file alone, or of pressure that is off: a row without numbers" {
    : > "$T/f/proc/vmstat"
    run_vmstat --json -o maj,si
    [[ $status == 0 && $stderr == *"proc/vmstat: empty"* ]] || { show_output; false; }
    json_has maj=null si=null
    requires_feature pressure
    rm -r "$T/f/proc/pressure"
    run_vmstat --json -o cpu_some,io_full
    [[ $status == 0 && -z $stderr ]] || { show_output; false; }
    json_has cpu_some=null io_full=null
    rm "$T/f/proc/vmstat"
    run_vmstat --json -o maj,si
    fails_with '*proc/vmstat*'
}

@test "reclaim for huge pages and by request, and refaults before Linux 5.9, are counted" {
    printf '%s\n' 'pgscan_direct 1000' 'pgscan_kswapd 2000' 'pgscan_khugepaged 3000' 'pgscan_proactive 4000' \
        'pgsteal_direct 1000' 'pgsteal_kswapd 500' 'pgsteal_khugepaged 300' 'pgsteal_proactive 200' \
        'workingset_refault 6000' >> "$T/f/proc/vmstat"
    run_vmstat -x --json $CALM
    succeeds
    json_has steal_pct=20 direct=1 refault=6
}

@test "refaults, reclaim, hits, peak, zswap, tasks, dirty: host, v2, v1" {
    printf 'workingset_refault_file 4000\nworkingset_refault_anon 1000\npgscan_direct 3000\npgscan_kswapd 5000\npgsteal_direct 1000\npgsteal_kswapd 3000\nzswpin 250\nzswpout 500\n' >> "$T/f/proc/vmstat"
    sed -i '/^Dirty\|^Writeback/d' "$T/f/proc/meminfo"
    printf 'Dirty: 300 kB\nWriteback: 20 kB\n' >> "$T/f/proc/meminfo"
    run_vmstat --json
    # over 1000 s; 4000 of 8000; pages of 4 KiB
    json_has refault=5 direct=3 steal_pct=50 zsi=1 zso=2 dirty=320 hits=null peak=null
    in_v2
    printf 'workingset_refault_file 400\nworkingset_refault_anon 100\npgscan 800\npgsteal 200\npgscan_direct 300\nzswpin 50\nzswpout 100\nfile_dirty 4096\nfile_writeback 8192\n' >> "$T/f/$C/memory.stat"
    printf 'low 0\nhigh 7\nmax 5\noom 1\noom_kill 0\n' | write_file "$C/memory.events"
    echo 33554432 | write_file "$C/memory.peak"
    echo 12 | write_file "$C/pids.current"
    echo 100 | write_file "$C/pids.max"
    run_in_cgroup
    json_has refault=5 direct=3 steal_pct=25 zsi=2 zso=4 dirty=12 hits=12 peak=32768 tasks=12 tasks_limit=100
    in_v1
    echo 9 | write_file $G/memory/memory.failcnt
    echo 94371840 | write_file $G/memory/memory.max_usage_in_bytes
    run_in_cgroup
    json_has hits=9 peak=92160 refault=null
}
