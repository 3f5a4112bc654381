#!/usr/bin/env bats
# Sizes of memory, and what reclaim does: old kernels, lxcfs, all three scopes.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() {
    requires_tool jq
    use_fixture host
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
    sed -i 's/^MemAvailable: .*/MemAvailable: 9000000 kB/' "$T/f/proc/meminfo"
    run_vmstat -s --json
    # 8000000 - 1111337
    json_has mem_used=6888663
}

@test "lxcfs: numbers of the machine beside a container's total are not shown" {
    sed -i 's/^Active: .*/Active: 8000001 kB/; s/^SwapFree: .*/SwapFree: 99999999 kB/; s/^Inactive: .*/Inactive: 8000000 kB/' \
        "$T/f/proc/meminfo"
    run_vmstat --json -o active,inact,swpd,free
    json_has active=null inact=8000000 swpd=null free=1111337
    sed -i 's/^MemTotal: .*/MemTotal: 0 kB/' "$T/f/proc/meminfo"
    run_vmstat -s --json
    json_has mem_total=null swap_used=null
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
    json_has refault=5 direct=3 steal_pct=50 zsi=1 zso=2 dirty=320
    ! has_feature cgroup || json_has hits=null peak=null
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

@test "the machine's memory is not shown under a cgroup's name" {
    in_v2
    run_vmstat --scope=cgroup -s --json
    json_has 'cgroup="/kubepods/pod1/ctr"' mem_total=null mem_used=20480
}

@test "what the memory is: of processes, of files, shared, of the kernel" {
    run_vmstat -x --json
    # file: Cached 332900, Buffers 22543; kernel: Slab 310, stacks 31, page tables 42, per CPU 53;
    # mem_used_pct: 5000000 of 8000000
    json_has anon=777001 file=355443 shmem=55501 slab=310 kernel=436 mem_used_pct=62.5
    has_feature cgroup || return 0
    use_fixture v2
    run_in_cgroup
    json_has anon=3072 file=3072 shmem=0.977 slab=40 kernel=144 mem_used_pct=null
    use_fixture v1
    run_in_cgroup
    json_has anon=42 file=5120 shmem=8 slab=null kernel=60
}

@test "--cgroups is ordered by each, which it then shows" {
    requires_feature cgroup
    local n name dir
    use_fixture v2
    for n in 1 2 3; do
        dir=$T/f/sys/fs/cgroup/c$n
        mkdir "$dir"
        echo 9999999 > "$dir/memory.current"
        for name in anon file shmem slab kernel; do echo "$name $((n * 1048576))"; done > "$dir/memory.stat"
    done
    for name in anon file shmem slab kernel; do
        sed -i "s/^$name .*/$name 8388608/" "$T/f/sys/fs/cgroup/c1/memory.stat"
        run_vmstat --cgroup=/ --cgroups=1,$name 0.01 1
        [[ ${lines[0]} == *" $name cgroup" && ${lines[1]} == *" 8.0M c1" && ${lines[2]} == *" 3.0M c3" ]] ||
            { show_output; false; }
        sed -i "s/^$name .*/$name 1048576/" "$T/f/sys/fs/cgroup/c1/memory.stat"
    done
    run_vmstat --cgroup=/ --cgroups 0.01 1
    [[ $output != *anon* ]]
}
