#!/usr/bin/env bats
# The container's own numbers: cgroup v2, v1, hybrid, and what mountinfo and
# /proc/PID/cgroup may look like. All from captured trees; the real thing is
# booted in e2e/.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() {
    requires_tool jq
    in_v2
}

# v2, from the start at 900 s to 1000 s. Half a CPU for 100 s = 50 s.
#   r 102 104 105, b 103 106 (105 and 106 are in worker/); cs 1500 + 500 +
#   3000 + 1000 + 2000 + 2000 = 10000 / 100 s
#   free: pod1 48 - 40 MiB; the container itself would have 64 - 20
#   cache 3145728 bytes; inact 1048576 + 524288; active 2097152 + 1572864
#   bi (10240000 + 1024000) / 1024 / 100 s, bo (20480000 + 2048000) ...
#   us 8.5 s / 50 s, sy 11.5 s / 50 s; min (50100 - 100) / 100 s; maj 100
#   thr 3000000 us / 100 s = 30 ms/s of pod1, thr_pct 40 of 1000 periods
@test "v2: every value of the first report, since the container's start" {
    run_in_cgroup $CALM
    succeeds
    json_has interval=100 'scope="cgroup"' 'cgroup="/kubepods/pod1/ctr"' r=3 b=2 \
        swpd=6826 free=8192 buff=null cache=3072 inact=1536 active=3584 \
        si=null so=null bi=110 bo=220 in=null cs=100 us=17 sy=23 id=60 \
        wa=null st=null gu=null min=500 maj=1 oom=2 mem_limit=49152 \
        mem_pct=83.333 cpu_limit=0.5 thr=30 thr_pct=4
    json_has cpu_some=12 cpu_full=6 mem_some=8 mem_full=3 io_some=9 io_full=7 \
        irq_full=1
}

# 2 s later; half a CPU is 1 s.
#   r 101 107, b 104 105 106; cs 16 + 100 + 24 + 0 + 200 + 60 (107 is new
#   and counts from 0; 102 ended and is lost) = 400
#   free 48 - 42 MiB; swpd 7340032; us 0.31 s, sy 0.46 s
#   bi 307200 bytes = 300 KiB, bo 409600 + 102400 = 500 KiB
#   min (1010 - 6) / 2, maj 6 / 2; thr 500 ms / 2, 3 of 20 periods
#   pressure of 2 s: 0.52 0.28, 0.36 0.08, 0.32 0.18, 0.04 s
@test "v2: every value of the second report" {
    two_in_cgroup $CALM
    succeeds
    json_has 2 interval=2 r=2 b=3 swpd=7168 free=6144 buff=null cache=4096 \
        inact=2048 active=5120 si=null so=null bi=150 bo=250 in=null cs=200 \
        us=31 sy=46 id=23 wa=null st=null gu=null min=502 maj=3 oom=3 \
        mem_limit=49152 mem_pct=87.5 cpu_limit=0.5 thr=250 thr_pct=15
    json_has 2 cpu_some=26 cpu_full=14 mem_some=18 mem_full=4 io_some=16 \
        io_full=9 irq_full=2
}

@test "v2: the table has pressure and limits, and - where nothing is known" {
    run_vmstat --scope=cgroup $CALM
    succeeds
    columns_are r=3 b=2 swpd=6826 free=8192 buff=- cache=3072 si=- so=- bi=110 \
        bo=220 in=- cs=100 us=17 sy=23 id=60 wa=- st=- gu=- min=500 maj=1 \
        memP=8 memF=3 ioP=9 ioF=7 limit=49152 mem%=83 thr=30 thr%=4
    # `cpu`, of pressure, and `cpus`
    columns_are cpuP=12
    [[ $(column cpus) =~ ^0\.50?$ ]] || { show_output; false; }
    run_vmstat --scope=cgroup --classic $CALM
    [[ $(tr -s ' ' <<< "${lines[2]}") == " 3 2 6826 8192 - 3072 - - 110 220 - 100 17 23 60 - - -" ]] || { show_output; false; }
    run_vmstat --scope=cgroup -a $CALM
    columns_are inact=1536 active=3584
}

# Docker's bound subtrees: 100 s, 0.75 CPUs = 75 s.
#   r 7 8, b 9; cs 400 + 1600 + 2500 + 500 = 5000 / 100 s
#   swpd memsw 74 - 70 MiB; free: the hierarchy's 100 MiB - 70
#   working set 70 - 2 of 100 MiB
#   cache 5242880; inact 1048576 + 2097152; active 4194304 + 3145728
#   bi (5120000 + 1024000) / 1024 / 100 s, bo (10240000 + 2048000) ...
#   us 9 s, sy 21 s of 75 s; min (30200 - 200) / 100 s; thr 4 s, 60 of 1000
@test "v1: every value of both reports" {
    use_fixture v1
    two_in_cgroup $CALM
    succeeds
    json_has 1 interval=100 'scope="cgroup"' 'cgroup="/docker/c0ffee"' r=2 b=1 \
        swpd=4096 free=30720 buff=null cache=5120 inact=3072 active=7168 \
        si=null so=null bi=60 bo=120 in=null cs=50 us=12 sy=28 id=60 wa=null \
        st=null gu=null min=300 maj=2 oom=4 mem_limit=102400 mem_pct=68 avail=32768 \
        cpu_limit=0.75 thr=40 thr_pct=6
    json_has 1 cpu_some=null mem_full=null
    # 4 s, 3 s of capacity: us 0.9, sy 0.45; cs 40 + 80 + 120 + 160 = 400
    # swpd 80 - 75 MiB, free 100 - 75; bi 409600 bytes, bo 819200
    # min (840 - 40) / 4, maj 40 / 4; thr 0.2 s / 4, 2 of 40
    json_has 2 interval=4 r=1 b=2 swpd=5120 free=25600 buff=null cache=6144 \
        inact=4096 active=8192 bi=100 bo=200 cs=100 us=30 sy=15 id=55 \
        min=200 maj=10 oom=1 mem_limit=102400 mem_pct=72 thr=50 thr_pct=5
}

@test "v1: no limits: free and avail are the host's, no limit" {
    use_fixture v1
    echo -1 | write_file sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us
    # of 64 bits, of 32: 2^31 - 1 pages
    for none in 9223372036854771712 8796093018112; do
        echo $none | write_file sys/fs/cgroup/memory/memory.limit_in_bytes
        sed -i "s/^hierarchical_memory_limit .*/hierarchical_memory_limit $none/" \
            "$T/f/sys/fs/cgroup/memory/memory.stat"
        run_in_cgroup $CALM
        succeeds
        json_has free=1111337 avail=3000000 mem_limit=null mem_pct=null
    done
}

@test "hybrid: controllers from v1, pressure from the unified directory" {
    use_fixture v1
    echo 0::/docker/c0ffee >> "$T/f/proc/self/cgroup"
    echo '31 24 0:30 /docker/c0ffee /sys/fs/cgroup/unified ro - cgroup2 cgroup rw' >> "$T/f/proc/self/mountinfo"
    local u=sys/fs/cgroup/unified
    printf '1\n7\n9\n' | write_file $u/cgroup.procs
    echo 'some avg10=0 avg60=0 avg300=0 total=4000000' | write_file $u/cpu.pressure
    printf 'some avg10=0 avg60=0 avg300=0 total=2000000\nfull avg10=0 avg60=0 avg300=0 total=1000000\n' | write_file $u/memory.pressure
    run_in_cgroup $CALM
    succeeds
    # of 100 s
    json_has cpu_some=4 mem_some=2 mem_full=1 io_some=null free=30720 us=12 \
        cpu_limit=0.75 bi=60 r=2
}

@test "hybrid: a v2 cgroup of another name is neither its name nor its pressure" {
    # Docker with v1 controllers: the container is in its runtime's v2 cgroup.
    local root g u=sys/fs/cgroup/unified/system.slice/containerd.service
    for root in /docker/c0ffee /; do
        use_fixture v1
        mkdir -p "$T/f/$u" && echo 0::/system.slice/containerd.service >> "$T/f/proc/self/cgroup"
        sed -i "s|/docker/c0ffee /sys|$root /sys|" "$T/f/proc/self/mountinfo"
        [[ $root != / ]] || for g in "$T/f/sys/fs/cgroup/"{memory,cpu,blkio}*; do
            mkdir -p "$g/docker/c0ffee" && cp "$g"/*.* "$g"/tasks "$g/docker/c0ffee" 2> /dev/null || true
        done
        echo '31 24 0:30 / /sys/fs/cgroup/unified ro - cgroup2 cgroup rw' >> "$T/f/proc/self/mountinfo"
        printf '1\n7\n9\n4242\n' | write_file $u/cgroup.procs
        echo 'some avg10=0 avg60=0 avg300=0 total=90000000' | write_file $u/cpu.pressure
        run_in_cgroup $CALM
        succeeds
        json_has 'cgroup="/docker/c0ffee"' cpu_some=null us=12 bi=60
    done
}

@test "v1: a controller that has the process above or below counts others, or only some" {
    # systemd without CPU accounting: 4:cpu,cpuacct:/docker beside 9:memory:/docker/c0ffee
    local g
    in_v1
    echo 4 | write_file $G/pids/pids.current
    for g in memory cpu,cpuacct blkio cpuset pids; do
        mkdir -p "$T/f/$G/$g/docker/c0ffee/below"
        cp "$T/f/$G/$g/"*.* "$T/f/$G/$g/docker/"
        cp "$T/f/$G/$g/"*.* "$T/f/$G/$g/docker/c0ffee/"
        cp "$T/f/$G/$g/"*.* "$T/f/$G/$g/docker/c0ffee/below/"
    done
    cp "$T/f/$G/memory/tasks" "$T/f/$G/memory/docker/c0ffee/"
    sed -i 's| /docker/c0ffee /sys| / /sys|' "$T/f/proc/self/mountinfo"
    run_in_cgroup -x
    json_has 'cgroup="/docker/c0ffee"' us=12 cpu_limit=0.75 bi=60 tasks=4 mem_limit=102400
    sed -i 's#\(cpuacct\|blkio\):/docker/c0ffee#\1:/docker#; s#pids:.*#&/below#' "$T/f/proc/self/cgroup"
    run_in_cgroup -x
    json_has 'cgroup="/docker/c0ffee"' us=null cpu_limit=null bi=null tasks=null mem_limit=102400 r=2
}

@test "hybrid: memory and io on v2, cpu and cpuacct on v1" {
    # The container's v2 tree, and a v1 cpu hierarchy beside it.
    use_fixture v1
    cp -a "$T/f" "$T/v1"
    use_fixture v2
    mkdir -p "$T/f/sys/fs/v1/box"
    cp "$T/v1/sys/fs/cgroup/cpu,cpuacct"/* "$T/f/sys/fs/v1/box/"
    sed -i '1i 4:cpu,cpuacct:/box' "$T/f/proc/self/cgroup"
    echo '40 23 0:40 / /sys/fs/v1 rw - cgroup cgroup rw,cpu,cpuacct' >> "$T/f/proc/self/mountinfo"
    run_in_cgroup $CALM
    succeeds
    # 0.75 CPUs for 100 s: us 9 s, sy 21 s; memory as in v2
    json_has us=12 sy=28 id=60 cpu_limit=0.75 thr=40 free=8192 cache=3072 bi=110
}

# Which level limits.
@test "limits: only the grandparent's" {
    rm "$T/f/sys/fs/cgroup/kubepods/pod1/"{cpu.max,memory.max} "$T/f/$C/"{cpu,memory}.max
    sed -i '/nr_\|throttled/d' "$T/f/sys/fs/cgroup/kubepods/pod1/cpu.stat"
    echo 1090519040 | write_file sys/fs/cgroup/kubepods/memory.max
    echo '25000 100000' | write_file sys/fs/cgroup/kubepods/cpu.max
    run_in_cgroup $CALM
    succeeds
    # 1040 MiB - 1024 MiB; 1024/1040 = 98.4615%; kubepods 100 of 10000 periods:
    # 1000 s, which are not the container's 100: no rate is made of them.
    json_has free=16384 mem_limit=1064960 mem_pct=98.462 cpu_limit=0.25 thr=null \
        thr_pct=1
}

@test "limits: the container's own where it is the tightest, not the sibling's" {
    echo 25165824 | write_file "$C/memory.max"
    echo '20000 100000' | write_file "$C/cpu.max"
    run_in_cgroup $CALM
    # 24 - 20 MiB = 4096 KiB of 24576, 512 KiB of inactive page cache apart;
    # 0.2 CPUs = 20 s: us 8.5 s, sy 11.5 s
    json_has free=4096 avail=4608 mem_limit=24576 mem_pct=81.25 'mem_level="/kubepods/pod1/ctr"' cpu_limit=0.2 us=42.5 \
        sy=57.5 id=0
}

@test "limits: none at any level" {
    find "$T/f/sys" -name '*.max' -delete
    find "$T/f/sys" -name cpu.stat -exec sed -i '/nr_\|throttled/s/ .*/ 0/' {} +
    run_in_cgroup $CALM
    succeeds
    json_has free=1111337 avail=3000000 mem_limit=null mem_pct=null mem_level=null thr=null thr_pct=null
}

@test "limits: usage above the limit is no headroom, not a huge one" {
    echo 10485760 | write_file "$C/memory.max"
    run_in_cgroup $CALM
    # 20 - 0.5 of 10 MiB
    json_has free=0 avail=0 mem_limit=10240 mem_pct=195
}

@test "limits: a cpuset of one CPU is tighter than the quota" {
    echo '300000 100000' | write_file sys/fs/cgroup/kubepods/pod1/cpu.max
    echo 3 | write_file "$C/cpuset.cpus.effective"
    run_in_cgroup $CALM
    # 1 CPU for 100 s
    json_has cpu_limit=1 us=8.5 sy=11.5 id=80
}

@test "more used than the capacity: idle is 0, never below" {
    # user 2.31 s + system 0.46 s in 1 s of capacity, on 4 CPUs: a burst
    sed -i 's/^user_usec .*/user_usec 10810000/' "$T/second/$C/cpu.stat"
    two_in_cgroup $CALM
    json_has 2 us=83.394 sy=16.606 id=0
    # 900,000 s in 2 s are none
    use_fixture v2
    sed -i 's/^user_usec .*/user_usec 900000000000/' "$T/second/$C/cpu.stat"
    two_in_cgroup $CALM
    json_has 2 us=null sy=null id=null
}

# mount TABLE ENTRY: the container's tree is where ROOT, MOUNT and PATH say.
@test "where the cgroup is: what mountinfo and /proc/self/cgroup may say" {
    local root mount path n=0
    while read -r root mount path; do
        use_fixture v2
        local dir=sys${mount#/sys}
        printf -v dir %b "${dir//\\/\\0}"
        [[ $dir == sys/fs/cgroup ]] || mv "$T/f/sys/fs/cgroup" "$T/f/$dir"
        sed -i "s|^24 23.*|24 23 0:23 ${root//\\/\\\\} ${mount//\\/\\\\} ro,nosuid shared:4 master:1 - cgroup2 cgroup2 rw|" "$T/f/proc/self/mountinfo"
        echo "0::$path" | write_file proc/self/cgroup
        run_in_cgroup $CALM
        [[ $status == 0 ]] && json_has free=8192 cache=3072 us=17 r=3 cpu_limit=0.5 ||
            { echo "root $root, mount $mount, path $path"; show_output; false; }
        n=$((n + 1))
    done << 'END'
/ /sys/fs/cgroup /kubepods/pod1/ctr
/docker /sys/fs/cgroup /docker/kubepods/pod1/ctr
/a/b /sys/fs/cgroup /a/b/kubepods/pod1/ctr
/ /sys/fs/cgroup\040with\011blanks /kubepods/pod1/ctr
/ /sys/fs/back\134slash /kubepods/pod1/ctr
/a\040b /sys/fs/cgroup /a b/kubepods/pod1/ctr
/ /sys/elsewhere /kubepods/pod1/ctr
END
    [[ $n == 7 ]]
}

@test "several mounts of the hierarchy: the one that shows the cgroup" {
    local after
    after='50 23 0:23 /somewhere/else /sys/fs/other rw - cgroup2 cgroup2 rw'
    mkdir -p "$T/f/sys/fs/other"
    # As first and as last of them.
    sed -i "1i $after" "$T/f/proc/self/mountinfo"
    run_in_cgroup $CALM
    succeeds
    json_has free=8192 us=17
    sed -i 1d "$T/f/proc/self/mountinfo"
    echo "$after" >> "$T/f/proc/self/mountinfo"
    run_in_cgroup $CALM
    json_has free=8192 us=17
}

@test "a path with colons and blanks; a directory really named (deleted)" {
    local name
    for name in 'c:t:r' 'my ctr' 'ctr (deleted)'; do
        use_fixture v2
        mv "$T/f/$C" "$T/f/sys/fs/cgroup/kubepods/pod1/$name"
        echo "0::/kubepods/pod1/$name" | write_file proc/self/cgroup
        run_in_cgroup $CALM
        succeeds
        json_has "cgroup=\"/kubepods/pod1/$name\"" free=8192 cache=3072
    done
}

@test "a path that JSON and CSV must quote" {
    local name=$'q"u,o\\t\te'
    mv "$T/f/$C" "$T/f/sys/fs/cgroup/kubepods/pod1/$name"
    echo "0::/kubepods/pod1/$name" | write_file proc/self/cgroup
    run_in_cgroup $CALM
    succeeds
    json_has 'cgroup="/kubepods/pod1/q\"u,o\\t\te"' free=8192
    run_vmstat --scope=cgroup --csv $CALM
    [[ ${lines[1]} == *,cgroup,'"/kubepods/pod1/q""u,o\t'$'\t''e"',3,2,6826,* ]] || { show_output; false; }
}

@test "a mount with fields that look like the separator" {
    sed -i 's|^24 23.*|24 23 0:23 / /sys/fs/cgroup ro,a-b shared:4 - cgroup2 - rw,nsdelegate|' "$T/f/proc/self/mountinfo"
    run_in_cgroup $CALM
    json_has free=8192
}

@test "private namespace with its own mount: the mount's root is the container" {
    mv "$T/f/$C" "$T/ctr" && rm -rf "$T/f/sys/fs/cgroup" && mv "$T/ctr" "$T/f/sys/fs/cgroup"
    echo 0::/ | write_file proc/self/cgroup
    rm -rf "$T/f/proc/self/ns/cgroup" && ln -s 'cgroup:[4026532777]' "$T/f/proc/self/ns/cgroup"
    echo '50000 100000' | write_file sys/fs/cgroup/cpu.max
    run_in_cgroup $CALM
    succeeds
    # 64 - 20 MiB: no ancestor can be seen
    json_has 'cgroup="/"' free=45056 mem_limit=65536 mem_pct=30.469 cpu_limit=0.5 \
        us=17 r=3 oom=2
}

# run_in_private_namespace SYS: of cgroups; vmstat is a process of $C below SYS.
run_in_private_namespace() {
    rm -rf "$T/f/proc/self/ns/cgroup" && ln -s 'cgroup:[4026532777]' "$T/f/proc/self/ns/cgroup"
    echo 0::/ | write_file proc/self/cgroup
    run --separate-stderr sh -c "echo \$\$ >> '${1%/sys}/$C/cgroup.procs'
        exec '$VMSTAT' --proc='$T/f/proc' --sys='$1' --scope=cgroup --json $CALM"
}

@test "private namespace, the host's mount: where cgroup.procs has this process" {
    sed -i 's|^24 23.*|24 23 0:23 /../../.. /sys/fs/cgroup ro - cgroup2 cgroup2 rw|' "$T/f/proc/self/mountinfo"
    run_in_private_namespace "$T/f/sys"
    succeeds
    json_has free=8192 cache=3072 us=17
    # In none of them: unknown, and not the host's root.
    use_fixture v2
    sed -i 's|^24 23.*|24 23 0:23 /../../.. /sys/fs/cgroup ro - cgroup2 cgroup2 rw|' "$T/f/proc/self/mountinfo"
    echo 0::/ | write_file proc/self/cgroup
    run_in_cgroup
    [[ $status == 1 && -z $output ]] || { show_output; false; }
    stderr_has '^vmstat: .*cgroup'
}

@test "entered from outside the namespace: PID 1's cgroup, and said so" {
    echo 0::/../../elsewhere | write_file proc/self/cgroup
    echo 0::/kubepods/pod1/ctr | write_file proc/1/cgroup
    run_in_cgroup $CALM
    succeeds
    json_has free=8192 cache=3072
    rm "$T/f/proc/1/cgroup"
    run_in_cgroup
    [[ $status == 1 && -z $output ]] || { show_output; false; }
    stderr_has '^vmstat: .*cgroup'
}

@test "the cgroup is deleted: a reason, status 1, nothing on stdout" {
    rm -r "$T/f/$C"
    echo '0::/kubepods/pod1/ctr (deleted)' | write_file proc/self/cgroup
    run_in_cgroup
    [[ $status == 1 && -z $output ]] || { show_output; false; }
    stderr_has '^vmstat: .*cgroup'
}

@test "the container ends between two samples: said so, status 1, no zeros" {
    echo "$C" > "$T/second/removed"
    rm -rf "$T/second/$C"
    COUNT=5 run_two_instants --scope=cgroup --json $CALM
    [[ $status == 1 && $(wc -l < "$T/out") == 1 ]] || { cat "$T/out" "$T/err"; false; }
    grep -qxE 'vmstat: cgroup .*ctr: gone: the container has ended' "$T/err" ||
        { cat "$T/err"; false; }
}

@test "no cgroup mounted: --scope=cgroup is an error" {
    sed -i /cgroup2/d "$T/f/proc/self/mountinfo"
    run_in_cgroup
    [[ $status == 1 && -z $output ]] || { show_output; false; }
    stderr_has '^vmstat: .*cgroup'
}

# Files that a kernel or a configuration lacks.
@test "kernel 5.x: cpu.pressure without full" {
    sed -i /full/d "$T/f/$C/cpu.pressure"
    rm "$T/f/$C/irq.pressure"
    run_in_cgroup $CALM
    json_has cpu_some=12 cpu_full=null irq_full=null mem_full=3
}

@test "kernel 6.13: pages swapped of the container" {
    printf 'pswpin 2500\npswpout 5000\n' >> "$T/f/$C/memory.stat"
    printf 'pswpin 2600\npswpout 5300\n' >> "$T/second/$C/memory.stat"
    two_in_cgroup $CALM
    # pages of 4 KiB: 2500/100 s, 5000/100 s; 100/2 s, 300/2 s
    json_has 1 si=100 so=200
    json_has 2 si=200 so=600
}

@test "no pressure files: unavailable, no warning" {
    rm "$T/f/$C/"*.pressure
    run_in_cgroup $CALM
    succeeds
    stderr_is_empty
    json_has cpu_some=null mem_some=null mem_full=null io_full=null free=8192
}

@test "no memory controller in the container: its parents' limits still hold" {
    rm "$T/f/$C/"memory.*
    run_in_cgroup $CALM
    succeeds
    json_has swpd=null cache=null inact=null active=null min=null maj=null \
        free=8192 mem_limit=49152 us=17
}

@test "no io controller, no cpu limits: unavailable, never the host's" {
    rm "$T/f/$C/io.stat" "$T/f/$C/cpu.stat"
    run_in_cgroup $CALM
    succeeds
    json_has bi=null bo=null us=null sy=null free=8192
}

@test "a quota or limit that cannot be read is no missing one" {
    run_without_permission "${C%/*}/cpu.max" -- --scope=cgroup --json $CALM
    succeeds
    json_has us=null sy=null id=null cpu_limit=null free=8192 mem_limit=49152
    run_without_permission "${C%/*}/memory.max" -- --scope=cgroup --json $CALM
    json_has free=null mem_limit=null mem_pct=null us=17 cpu_limit=0.5
}

@test "a cpu.stat that cannot be read does not take the quota away" {
    run_without_permission "${C%/*}/cpu.stat" -- --scope=cgroup --json $CALM
    succeeds
    json_has us=17 sy=23 id=60 cpu_limit=0.5
}

@test "a mountinfo line that is longer than the buffer: its tail is no line" {
    # The buffer holds 8192 bytes; what follows them would be a mount of v2.
    local head='30 24 0:9 / /sys/fs/x rw - cgroup c rw,cpu '
    { printf %s "$head"
        head -c $((8192 - ${#head})) /dev/zero | tr '\0' z
        echo ' 1 2 3 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw'; } | write_file proc/self/mountinfo
    run_vmstat --scope=cgroup
    fails_with '*no cgroup can be read*'
}

@test "io.stat: numbers that are none, or add up to too much" {
    printf '8:0 rbytes=18446744073709551615 wbytes=3 rios=x\n8:16 rbytes=6 wbytes=4\n' | write_file "$C/io.stat"
    run_in_cgroup $CALM
    succeeds
    json_has bi=null bo=0
    run_in_cgroup -d $CALM
    # 8:0 has 2^64-1 bytes; rios=x is no number, no wios is none; 8:16 has 6 bytes
    json_has 1 read_sectors=null reads=null writes=0 write_sectors=0
    json_has 2 read_sectors=0 reads=0
}

@test "an empty io.stat is a container without I/O: 0" {
    : > "$T/f/$C/io.stat"
    run_in_cgroup $CALM
    json_has bi=0 bo=0
}

@test "io.stat: a line without numbers, a line with keys in another order" {
    printf '254:0\n8:0 wbytes=2048000 dios=1 rbytes=1024000\n' | write_file "$C/io.stat"
    run_in_cgroup $CALM
    # 1000 KiB and 2000 KiB in 100 s
    json_has bi=10 bo=20
}

@test "tasks of another PID namespace cannot be counted: r, b, cs unknown" {
    sed -i 1i0 "$T/f/$C/cgroup.procs" "$T/f/$C/cgroup.threads"
    run_in_cgroup $CALM
    succeeds
    json_has r=null b=null cs=null free=8192
    [[ $stderr == "vmstat: "* && $stderr != *$'\n'* ]] || { show_output; false; }
}

@test "more tasks than the table holds: r, b, cs unknown, and said so" {
    seq 200000 208300 >> "$T/f/$C/cgroup.threads"
    seq 200000 208300 >> "$T/f/$C/cgroup.procs"
    run_in_cgroup $CALM
    succeeds
    json_has r=null b=null cs=null free=8192
    [[ $stderr == "vmstat: "* && $stderr != *$'\n'* ]] || { show_output; false; }
}

@test "garbage in every file of the cgroup: unavailable, no crash" {
    local file
    for file in "$T/f/$C/"{cpu,io,irq,memory}*; do
        printf 'x\0y %d abc=\n-5 999999999999999999999999\n' 3 > "$file"
    done
    run_in_cgroup $CALM
    succeeds
    json_has swpd=null cache=null bi=null us=null maj=null oom=null \
        free=null mem_limit=null r=3
    json_has mem_some=null irq_full=null
}

@test "a copied tree whose lines end in CR LF: the same numbers" {
    local tree want
    for tree in v2 v1; do
        use_fixture $tree
        run_in_cgroup -x
        want=$(jq -c 'del(.time)' <<< "$output")
        find "$T/f" -type f ! -path '*/self/*' -exec sed -i 's/$/\r/' {} +
        run_in_cgroup -x
        stderr_is_empty
        diff <(echo "$want") <(jq -c 'del(.time)' <<< "$output")
    done
}

# run_with_fault [-P PATH] FAULT ARGS...: as run_vmstat, with a system call that fails.
run_with_fault() {
    requires_tool strace
    strace -o /dev/null true 2>/dev/null || skip "no right to trace"
    local path=()
    [[ $1 != -P ]] || { path=("$1" "$2"); shift 2; }
    run --separate-stderr timeout 20 strace -o /dev/null "${path[@]}" -e "inject=$1" \
        "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" "${@:2}"
}

@test "charges and OOM kills that cannot be read are unavailable, and the file is named" {
    rm "$T/f/$C/io.stat" && mkdir "$T/f/$C/io.stat"
    run_in_cgroup -o bi,bo
    json_has bi=null bo=null
    [[ $stderr == "vmstat: $T/f/$C/io.stat: bi bo unavailable: Is a directory" ]] || { show_output; false; }
    in_v1
    local file of=(blkio/blkio.throttle.io_service_bytes_recursive memory/memory.oom_control)
    for file in "${of[@]}"; do
        rm "$T/f/$G/$file" && mkdir "$T/f/$G/$file"
    done
    run_in_cgroup -o bi,bo,oom
    json_has bi=null bo=null oom=null
    stderr_has "/${of[0]}: bi bo unavailable: Is a directory$"
    stderr_has "/${of[1]}: oom unavailable: Is a directory$"
    # Without devices that kernel has not counted: nothing to read, and no word.
    in_v1
    printf 'Total 0\n' | write_file "$G/${of[0]}"
    run_in_cgroup -o bi,bo
    json_has bi=null bo=null
    stderr_is_empty
}

@test "a task that cannot be read is not one less: r, b, cs unknown, and the reason" {
    local lost="some tasks cannot be read: r, b and cs are unavailable"
    run_with_fault -P "$T/f/proc/102/status" pread64:error=EIO --scope=cgroup --json $CALM
    json_has r=null b=null cs=null free=8192
    stderr_has "^vmstat: $lost: (I/O|Input/output) error$"
    run_with_fault -P "$T/f/proc/102/status" open,openat:error=EMFILE --scope=cgroup --json $CALM
    json_has r=null b=null cs=null
    stderr_has "^vmstat: $lost: (No file descriptors available|Too many open files)$"
    run_with_fault -P "$T/f/$C/worker/cgroup.threads" pread64:error=ENOMEM --scope=cgroup --json $CALM
    json_has r=null b=null cs=null
    stderr_has "^vmstat: $lost: (Out of memory|Cannot allocate memory)$"
    # It has ended.
    run_with_fault -P "$T/f/proc/102/status" open,openat:error=ENOENT --scope=cgroup --json $CALM
    json_has r=2 b=2
    stderr_is_empty
}

@test "tasks of a cgroup that cannot be listed: r, b, cs unknown, not those of its processes" {
    run_with_fault -P "$T/f/$C/worker/cgroup.threads" open,openat:error=EIO --scope=cgroup --json $CALM
    succeeds
    json_has r=null b=null cs=null free=8192
    # Before Linux 4.14 there is no such file: 101 103 104 106, of which 104 runs;
    # cs 1500 + 3000 + 1000 + 2000 in 100 s
    rm "$T/f/$C/cgroup.threads" "$T/f/$C/worker/cgroup.threads"
    run_in_cgroup $CALM
    json_has r=1 b=2 cs=75
}

@test "a cgroup whose directory cannot be read to its end: not all tasks, r, b, cs unknown" {
    # 105 and 106 are in worker/, which the directory of the container names.
    run_with_fault getdents64:error=EIO:when=1 --scope=cgroup --json $CALM
    succeeds
    json_has r=null b=null cs=null free=8192
    [[ $stderr == "vmstat: "* && $stderr != *$'\n'* ]] || { show_output; false; }
}

@test "a task whose age cannot be read may be the oldest: no rates since the start" {
    run_with_fault -P "$T/f/proc/101/stat" open,openat:error=EACCES --scope=cgroup --json $CALM
    # 101 is 100 s old, 102 a second less
    json_has interval=null us=null min=null free=8192
    run_with_fault -P "$T/f/proc/101/stat" open,openat:error=ENOENT --scope=cgroup --json $CALM
    json_has interval=99
}

@test "a new task whose age cannot be read: its switches are not silently left out of cs" {
    rm "$T/second/proc/107/stat"
    mkdir "$T/second/proc/107/stat" # cannot be read
    two_in_cgroup
    json_has 2 r=null b=null cs=null free=6144
    stderr_has "^vmstat: some tasks cannot be read: r, b and cs are unavailable: Is a directory$"
}

@test "no descriptors left: that is the reason, not that nothing is there" {
    local choice
    cp "$T/f/proc/self/cgroup" "$T/f/proc/103/"
    for choice in --cgroup=/kubepods/pod1/ctr "--cgroup=$T/f/$C" --pid=103 --scope=cgroup; do
        run --separate-stderr sh -c 'ulimit -n 3; exec "$@"' sh \
            "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" "$choice"
        fails_with '*: No file descriptors available' || { echo "^^^ $choice"; false; }
    done
}

@test "the reason for a file that is missing in a copied tree is just that" {
    rm -r "$T/f/proc/meminfo" "$T/f/proc/self"
    run_vmstat --scope=host -o free
    fails_with "$T/f/proc/meminfo: No such file or directory"
}

@test "a file of one level that cannot be read: what may be limited there is unknown" {
    # v1: hierarchical_memory_limit, 100 MiB, is in memory.stat; 128 MiB is the cgroup's own.
    use_fixture v1
    run_with_fault -P "$T/f/sys/fs/cgroup/memory/memory.stat" open,openat:error=EIO --scope=cgroup --json $CALM
    json_has mem_limit=null mem_pct=null free=null avail=null us=12
    run_with_fault -P "$T/f/sys/fs/cgroup/memory/memory.stat" pread64:error=EIO --scope=cgroup --json $CALM
    json_has mem_limit=null mem_pct=null free=null avail=null us=12
    run_with_fault -P "$T/f/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us" open,openat:error=ENOMEM --scope=cgroup --json $CALM
    json_has us=null id=null cpu_limit=null mem_limit=102400
    # v2: the pod's, which suffers most
    use_fixture v2
    run_with_fault -P "$T/f/${C%/*}/cpu.stat" open,openat:error=EIO --scope=cgroup --json $CALM
    json_has thr_pct=null us=17 mem_limit=49152
}

# Options that choose.
@test "--cgroup: by path below the mount, and by directory" {
    echo 0::/ | write_file proc/self/cgroup
    run_vmstat --cgroup=/kubepods/pod1/ctr --json $CALM
    succeeds
    json_has 'scope="cgroup"' free=8192 us=17 r=3
    run_vmstat --cgroup="$T/f/$C" --json $CALM
    succeeds
    json_has 'scope="cgroup"' free=8192 us=17 r=3
    run_vmstat --cgroup=/kubepods/nosuch
    fails_with '*/kubepods/nosuch*'
}

@test "--cgroup of a parent counts its whole subtree's tasks" {
    # pod1 has no tasks of its own; those of ctr and worker count.
    run_vmstat --cgroup=/kubepods/pod1 --json $CALM
    succeeds
    json_has r=3 b=2 free=8192
    # us 10 s, sy 20 s, of half a CPU for 100 s
    [[ $(jq .interval <<< "$output") == 100 ]] && json_has us=20 sy=40
}

@test "--pid: the cgroup of that process" {
    echo 0::/ | write_file proc/self/cgroup
    echo 0::/kubepods/pod1/ctr | write_file proc/103/cgroup
    run_vmstat --pid=103 --json $CALM
    succeeds
    json_has 'scope="cgroup"' 'cgroup="/kubepods/pod1/ctr"' free=8192 us=17
    run_vmstat --pid=4000000
    fails_with '*4000000*'
}

@test "--pid: what only the process itself sees, through its root" {
    # Our own namespace has no cgroup mount; the process has one.
    sed -i /cgroup2/d "$T/f/proc/self/mountinfo"
    echo 0::/ | write_file proc/103/cgroup
    echo '24 23 0:23 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw' | write_file proc/103/mountinfo
    mkdir -p "$T/f/proc/103/root/sys/fs"
    mv "$T/f/$C" "$T/f/proc/103/root/sys/fs/cgroup"
    run_vmstat --pid=103 --json $CALM
    succeeds
    json_has 'scope="cgroup"' free=45056 cache=3072 r=3
}

@test "--pid: a process that moves is said to, once; the numbers stay" {
    cp "$T/f/proc/self/cgroup" "$T/f/proc/103/"
    echo 0::/kubepods/pod1 | write_second proc/103/cgroup
    COUNT=4 run_two_instants --pid=103 --json $CALM
    succeeds
    [[ $stderr == "vmstat: pid 103 has moved to cgroup /kubepods/pod1: the numbers stay those of /kubepods/pod1/ctr" ]] || { show_output; false; }
    # of ctr, as in the second report of v2
    json_has 2 'cgroup="/kubepods/pod1/ctr"' us=31 sy=46 r=2
    # v1: the line of its hierarchy alone; "/" is what a process that has ended reports.
    use_fixture v1
    cp "$T/f/proc/self/cgroup" "$T/f/proc/7/"
    sed 's|^4:.*|4:cpu,cpuacct:/x|; s|^9:.*|9:memory:/|' "$T/f/proc/self/cgroup" | write_second proc/7/cgroup
    run_two_instants --pid=7 --json $CALM
    succeeds
    stderr_is_empty
    cp "$T/f/proc/self/cgroup" "$T/f/proc/7/"
    sed 's|^9:.*|9:memory:/docker/c0ffee/s|' "$T/f/proc/self/cgroup" | write_second proc/7/cgroup
    run_two_instants --pid=7 --json $CALM
    stderr_has '^vmstat: pid 7 has moved to cgroup /docker/c0ffee/s: '
}

@test "--scope=host: the machine's numbers; a captured tree is host by default" {
    run_vmstat --scope=host --json $CALM
    json_has 'scope="host"' cgroup=null r=5 free=1111337 cs=2567 us=37
    run_vmstat --json $CALM
    json_has 'scope="host"' free=1111337
}

# Views.
@test "-s in a cgroup" {
    run_vmstat --scope=cgroup -s --json
    succeeds
    # Throttling as in thr: of the level that suffers most.
    json_has mem_limit=49152 user_usec=8500000 system_usec=11500000 \
        nr_periods=1000 nr_throttled=40 throttled_usec=3000000 oom_kill=2 \
        pgfault=50100 pgmajfault=100 mem_free=8192 swap_used=6826 \
        mem_active=3584 mem_inactive=1536 intr=null cpu_idle=null \
        pgalloc_normal=null mem_buffers=null
    run_vmstat --scope=cgroup -s
    grep -qE '^ +49152 K memory limit$' <<< "$output" || { show_output; false; }
    grep -qE '^ +2 OOM kills$' <<< "$output" || { show_output; false; }
    grep -qE '^ +- interrupts$' <<< "$output" || { show_output; false; }
}

@test "-d and -D in a cgroup: io.stat under the disks' names" {
    run_vmstat --scope=cgroup -d --json
    succeeds
    local all=$output
    output=$(grep '"sda"' <<< "$all")
    # 10240000/512, 20480000/512
    json_has reads=501 read_sectors=20000 writes=502 write_sectors=40000 \
        reads_merged=null read_ms=null io_now=null
    output=$(grep '"nvme0n1"' <<< "$all")
    json_has reads=511 read_sectors=2000 writes=512 write_sectors=4000
    run_vmstat --scope=cgroup -D --json
    json_has reads=1012 read_sectors=22000 writes=1014 write_sectors=44000 \
        reads_merged=null io_ms=null
}

@test "-m, -f, -p in a cgroup are the host's, and say so" {
    cp "$BATS_TEST_DIRNAME/../fixtures/host/proc/slabinfo" "$T/f/proc/"
    cp -r "$BATS_TEST_DIRNAME/../fixtures/host/sys/." "$T/f/sys/"
    local args
    for args in -m -f '-p sda1'; do
        run_vmstat --scope=cgroup $args
        succeeds
        [[ -n $output ]] && stderr_has '^vmstat: .*host' || { echo "vmstat $args"; false; }
    done
}

# Alerts.
@test "alerts: throttling, memory near the limit, kills of this cgroup" {
    requires_feature alerts
    run_two_instants --scope=cgroup
    # The first report's 2 kills are since the start: nobody is alarmed.
    [[ $(head -n 1 "$T/err") == "vmstat: OOM KILL: 3 killed" ]] || { show_output; false; }
    stderr_has '^vmstat: CPU THROTTLED: 15% of the periods$'
    use_fixture v2
    run_two_instants --scope=cgroup --json
    stderr_is_empty
    [[ $(jq -sc '.[1].alerts | map([.metric, .level, .value]) | sort' <<< "$output") == '[["oom","critical",3],["thr_pct","warning",15]]' ]] || { show_output; false; }
    use_fixture v2
    echo 46976204 | write_file sys/fs/cgroup/kubepods/pod1/memory.current
    sed -i 's/^oom_kill .*/oom_kill 0/' "$T/f/$C/memory.events"
    run_vmstat --scope=cgroup
    # 44.8 MiB of 48: 93.3%
    [[ $stderr == "vmstat: MEMORY NEAR LIMIT: 93% of the limit" ]] || { show_output; false; }
}

@test "the scope line on a terminal: which cgroup, which limits" {
    requires_terminal
    local line
    line=$(TERM=dumb script -qec "'$VMSTAT' --proc='$T/f/proc' --sys='$T/f/sys' --scope=cgroup $CALM" /dev/null < /dev/null | tr -d '\r' | head -n 1)
    [[ $line == "vmstat: scope cgroup /kubepods/pod1/ctr (v2), memory limit 48M of /kubepods/pod1, 0.50 CPUs of /kubepods/pod1" ]] || { echo "$line"; false; }
    # A shell of the host's that joined the container's namespaces.
    echo 0::/../../elsewhere | write_file proc/self/cgroup
    echo 0::/kubepods/pod1/ctr | write_file proc/1/cgroup
    line=$(TERM=dumb script -qec "'$VMSTAT' --proc='$T/f/proc' --sys='$T/f/sys' --scope=cgroup $CALM" /dev/null < /dev/null | tr -d '\r' | head -n 1)
    [[ $line == "vmstat: scope cgroup /kubepods/pod1/ctr (v2), memory limit 48M of /kubepods/pod1, 0.50 CPUs of /kubepods/pod1, entered from outside: as PID 1 sees it" ]] || { echo "$line"; false; }
    # A subtree bound in: what is above it cannot be seen.
    use_fixture v1
    line=$(TERM=dumb script -qec "'$VMSTAT' --proc='$T/f/proc' --sys='$T/f/sys' --scope=cgroup $CALM" /dev/null < /dev/null | tr -d '\r' | head -n 1)
    [[ $line == "vmstat: scope cgroup /docker/c0ffee (v1), memory limit 100M, 0.75 CPUs, inexact: ancestors not visible" ]] || { echo "$line"; false; }
    # On a plain host, what any vmstat shows: no line.
    line=$(TERM=dumb script -qec "'$VMSTAT' --proc='$T/f/proc' --scope=host $CALM" /dev/null < /dev/null | tr -d '\r' | head -n 1)
    [[ $line == procs* ]] || { echo "$line"; false; }
}

@test "lxcfs over files of /proc is used, and the scope line says so" {
    requires_terminal
    echo '60 22 0:50 /proc/meminfo /proc/meminfo rw,nosuid - fuse.lxcfs lxcfs rw' >> "$T/f/proc/self/mountinfo"
    local line
    line=$(TERM=dumb script -qec "'$VMSTAT' --proc='$T/f/proc' --scope=host $CALM" /dev/null < /dev/null | tr -d '\r' | head -n 1)
    [[ $line == "vmstat: scope host, "*lxcfs* ]] || { echo "$line"; false; }
    run_vmstat --scope=host --json
    json_has free=1111337
}

# deeper N: moves worker/, with tasks 104 105 106, N levels down in the container.
deeper() {
    local i below=$C
    for ((i = 0; i < $1; i++)); do below+=/d; done
    mkdir -p "$T/f/$below"
    mv "$T/f/$C/worker" "$T/f/$below/worker"
}

@test "tasks of a deep and wide tree all count" {
    deeper 20
    mkdir "$T/f/$C/"wide{1..300}
    touch "$T/f/$C/"wide{1..300}/cgroup.threads
    run_in_cgroup $CALM
    succeeds
    json_has r=3 b=2 cs=100
}

@test "tasks deeper than 32 levels below: r, b, cs unknown, and said so" {
    deeper 200
    run_in_cgroup $CALM
    succeeds
    json_has r=null b=null cs=null free=8192
    [[ $stderr == "vmstat: some tasks are hidden"* && $stderr != *$'\n'* ]] || { show_output; false; }
}

@test "20 levels below the limit: it holds" {
    local below=$C i
    for i in {1..20}; do below+=/d; done
    mkdir -p "$T/f/$below"
    cp "$T/f/$C"/{cgroup.,cpu.stat,memory.stat}* "$T/f/$below/"
    echo "0::/${below#sys/fs/cgroup/}" | write_file proc/self/cgroup
    run_in_cgroup $CALM
    succeeds
    json_has free=8192 mem_limit=49152 cpu_limit=0.5 thr_pct=4
}

@test "--cgroup=DIR is looked for below its own mount, in whatever order mounts stand" {
    requires_tool jq
    local order
    for order in first last; do
        use_fixture v2
        cp -a "$T/f/sys/fs/cgroup/kubepods/pod1" "$T/pod.$order"
        local line="60 23 0:23 /.. $T/pod.$order ro - cgroup2 cgroup2 rw"
        if [[ $order == first ]]; then
            sed -i "1i $line" "$T/f/proc/self/mountinfo"
        else
            echo "$line" >> "$T/f/proc/self/mountinfo"
        fi
        run_vmstat "--cgroup=$T/pod.$order" --json $CALM -o mem_limit,tasks
        succeeds
        # pod1's limit
        jq -e --argjson limit "$(($(< "$T/f/sys/fs/cgroup/kubepods/pod1/memory.max") / 1024))" \
            '.cgroup == "/" and .mem_limit == $limit' <<< "$output" || { echo "^^^ $order"; show_output; false; }
    done
    # v1: a hierarchy that is not mounted there says nothing about it.
    use_fixture v1
    mkdir "$T/f/other"
    echo 4096 > "$T/f/other/memory.usage_in_bytes"
    echo 1 > "$T/f/other/cgroup.procs"
    echo "61 23 0:31 /kubepods/podX $T/f/other ro - cgroup cgroup rw,memory" >> "$T/f/proc/self/mountinfo"
    run_vmstat "--cgroup=$T/f/other" --json $CALM -o us,sy,bi
    jq -e '.us == null and .sy == null and .bi == null' <<< "$output" || { show_output; false; }
}

@test "--sys: our own hierarchies are not those that it shows" {
    requires_tool jq
    local order
    # shellcheck disable=SC2016 # sed's last line
    for order in 1i '$a'; do
        use_fixture v2
        mkdir "$T/f/host"
        mv "$T/f/sys" "$T/f/host/sys"
        sed -i "s|^24 23.*|24 23 0:23 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw|" "$T/f/proc/self/mountinfo"
        sed -i "$order 60 23 0:23 /../../.. $T/f/host/sys/fs/cgroup ro - cgroup2 cgroup2 rw" "$T/f/proc/self/mountinfo"
        run_in_private_namespace "$T/f/host/sys"
        succeeds
        json_has free=8192 cache=3072 us=17
    done
}

@test "--sys: a directory that is not there is refused; a copied tree may lack it" {
    run_on_this_machine --sys=/nonexistent
    fails_with '--sys: /nonexistent: No such file or directory'
    run_on_this_machine -d --sys=/nonexistent
    fails_with '--sys: /nonexistent: No such file or directory'
    run_vmstat --sys=/nonexistent --scope=host --json $CALM -o free
    json_has free=1111337
}

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

@test "a limit that cannot be read is unknown on the scope line" {
    requires_terminal
    : > "$T/f/sys/fs/cgroup/kubepods/memory.max"
    local line
    line=$(TERM=dumb script -qec "'$VMSTAT' --proc='$T/f/proc' --sys='$T/f/sys' --scope=cgroup $CALM" /dev/null < /dev/null | tr -d '\r' | head -n 1)
    [[ $line == *", memory limit unknown, "* ]] || { echo "$line"; false; }
}

@test "hybrid: a v2 directory has no say where v1 carries the controller" {
    in_v1
    sed -i 's| /docker/c0ffee /sys| / /sys|' "$T/f/proc/self/mountinfo"
    echo '31 24 0:30 / /sys/fs/cgroup/unified ro - cgroup2 cgroup rw' >> "$T/f/proc/self/mountinfo"
    echo 1 | write_file $G/unified/only/cgroup.procs
    run_vmstat --cgroup=/only --json $CALM
    json_has free=null avail=null mem_limit=null us=null
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

@test "a cgroup2 mount whose source is empty" {
    sed -i 's|^24 23.*|24 23 0:23 / /sys/fs/cgroup ro,nosuid - cgroup2  rw,nsdelegate|' "$T/f/proc/self/mountinfo"
    run_in_cgroup
    json_has free=8192 us=17
}

@test "more tasks than there is room for: - and one warning, also for -o r,b,cs" {
    seq 200000 208300 >> "$T/f/$C/cgroup.threads"
    run_in_cgroup -o r,b,cs
    succeeds
    json_has r=null b=null cs=null
    [[ $stderr == "vmstat: more than 8192 tasks: r, b and cs are unavailable" ]] || { show_output; false; }
}

@test "auto in a namespace of cgroups whose files cannot be read: the host's numbers, and why" {
    requires_feature cgroup
    requires_tool unshare strace jq
    unshare -C true 2>/dev/null || skip "no right to make a cgroup namespace"
    strace -o /dev/null true 2>/dev/null || skip "no right to trace"
    local when
    for when in 2 3; do # /proc/self/cgroup, mountinfo; the first is no file
        run --separate-stderr unshare -C strace -o /dev/null \
            -e "inject=open,openat:error=EMFILE:when=$when" "$VMSTAT" --json $CALM -o free
        succeeds
        json_has 'scope="host"'
        [[ $stderr == "vmstat: the host's numbers: no cgroup can be read: No file descriptors available" ]] || { show_output; false; }
    done
}
