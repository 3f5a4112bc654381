#!/usr/bin/env bats
# Limits of memory, swap, CPUs and tasks: which level binds, and what is left
# below it.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() {
    requires_tool jq
    use_fixture host
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

@test "a limit whose usage cannot be read makes what is left unknown" {
    in_v2
    echo 4194304 | write_file "$C/memory.max"
    rm "$T/f/$C/memory.current"
    run_in_cgroup
    json_has free=null avail=null mem_limit=null mem_pct=null mem_level=null
}

@test "a file that makes a limit unknown is named, whichever level it is of" {
    in_v2
    local file above=sys/fs/cgroup/kubepods
    # Not /proc/meminfo, which has no Active(file) here and needs none.
    for file in memory.max memory.high memory.current memory.stat; do
        in_v2
        rm -f "$T/f/$above/$file" && mkdir "$T/f/$above/$file"
        run_in_cgroup -o avail,mem_pct,us
        json_has avail=null mem_pct=null us=17
        [[ $stderr == "vmstat: $T/f/$above/$file: avail mem_pct unavailable: Is a directory" ]] || { show_output; false; }
    done
    for file in cpu.max pids.max; do
        in_v2
        rm -f "$T/f/$above/pod1/$file" && mkdir "$T/f/$above/pod1/$file"
        run_in_cgroup -o cpu_limit,tasks_limit
        [[ $file == cpu.max ]] || json_has cpu_limit=0.5 tasks_limit=null
        [[ $file == pids.max ]] || json_has cpu_limit=null tasks_limit=null
        stderr_has "^vmstat: $T/f/$above/pod1/$file: (cpu|tasks)_limit unavailable: Is a directory$"
    done
    # Once; and one that is empty, as no limit of the kernel's is.
    in_v2
    : > "$T/f/$above/memory.max"
    two_in_cgroup -o mem_pct
    json_has 2 mem_pct=null
    [[ $stderr == "vmstat: $T/f/$above/memory.max: empty, or without its numbers: mem_pct unavailable" ]] ||
        { show_output; false; }
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

@test "CPUs of the level above are not those of a cgroup whose own list cannot be read" {
    in_v2
    find "$T/f/sys" -name cpu.max -delete
    echo 0 | write_file "$C/cpuset.cpus.effective"
    run_in_cgroup -o us,cpu_limit
    # 8.5 s of one CPU for 100 s
    json_has us=8.5 cpu_limit=1
    rm "$T/f/$C/cpuset.cpus.effective" && mkdir "$T/f/$C/cpuset.cpus.effective"
    run_in_cgroup -o us,cpu_limit
    json_has us=null cpu_limit=null
    [[ $stderr == "vmstat: $T/f/$C/cpuset.cpus.effective: us cpu_limit unavailable: Is a directory" ]] ||
        { show_output; false; }
    # That of a level above then counts for nothing.
    in_v2
    rm "$T/f/$C/../cpuset.cpus.effective" && mkdir "$T/f/$C/../cpuset.cpus.effective"
    run_in_cgroup -o us,cpu_limit
    json_has us=17 cpu_limit=0.5
    stderr_is_empty
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

@test "v1: no limit is 2^64-1 on kernels before 3.19, and 2^31-1 pages on 32 bits" {
    local limit pages=2147483647
    for limit in 18446744073709551615 $((pages * $(getconf PAGESIZE))); do
        in_v1
        echo $limit | tee "$T/f/$G/memory/memory.limit_in_bytes" > "$T/f/$G/memory/memory.memsw.limit_in_bytes"
        sed -i '/^hierarchical_mem/d' "$T/f/$G/memory/memory.stat"
        printf "hierarchical_%s_limit $limit\n" memory memsw >> "$T/f/$G/memory/memory.stat"
        run_in_cgroup
        json_has free=1111337 mem_limit=null mem_pct=null swap_limit=null
        stderr_is_empty
    done
}

@test "usage is no working set where memory.stat cannot be read" {
    in_v2
    rm "$T/f/$C/memory.stat"
    run_in_cgroup
    json_has mem_pct=83.333
    mkdir "$T/f/$C/memory.stat"
    run_in_cgroup
    json_has free=null avail=null mem_limit=null mem_pct=null
    stderr_has '/memory.stat: free .* avail mem_limit mem_pct mem_level unavailable: Is a directory$'
}
