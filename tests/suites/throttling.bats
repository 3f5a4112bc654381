#!/usr/bin/env bats
# Time that a CPU quota takes away: shares of periods, and levels out of sight.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() {
    requires_tool jq
    use_fixture host
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

@test "throttling: no share of an interval that may be shorter than the period, which cannot be read" {
    in_v2
    rm "$T/f/sys/fs/cgroup/kubepods/pod1/cpu.max"
    mkdir "$T/f/sys/fs/cgroup/kubepods/pod1/cpu.max"
    find "$T/second" -name 'cpu.*' -delete
    echo '1000.05 1' | write_file ../second/proc/uptime
    two_in_cgroup
    json_has 2 thr_pct=null
}

@test "throttling: a level that could not be read before may be the worst: unknown" {
    in_v2
    cp "$T/f/sys/fs/cgroup/kubepods/pod1/cpu.stat" "$T/second/sys/fs/cgroup/kubepods/pod1/"
    : > "$T/f/sys/fs/cgroup/kubepods/pod1/cpu.stat"
    two_in_cgroup
    json_has 2 thr=null thr_pct=null
}

@test "throttling: a level with a quota but without counts may be the worst, one without a quota is not" {
    in_v2
    : > "$T/f/sys/fs/cgroup/kubepods/pod1/cpu.stat" # the container itself has 1 %
    run_in_cgroup -o thr_pct
    json_has thr_pct=null
    in_v2
    rm "$T/f/sys/fs/cgroup/cpu.stat" && mkdir "$T/f/sys/fs/cgroup/cpu.stat" # the root has none
    run_in_cgroup -o thr_pct
    json_has thr_pct=4
    stderr_is_empty
    in_v2
    rm "$T/f/sys/fs/cgroup/kubepods/pod1/cpu.stat" && mkdir "$T/f/sys/fs/cgroup/kubepods/pod1/cpu.stat"
    run_in_cgroup -o thr_pct
    json_has thr_pct=null
    stderr_has '/kubepods/pod1/cpu.stat: thr_pct unavailable: Is a directory$'
    # Of 20 periods it is not known how many were throttled: not the container's 5 %.
    in_v2
    sed -i 's/^nr_throttled .*/nr_throttled 7/' "$T/second/sys/fs/cgroup/kubepods/pod1/cpu.stat"
    two_in_cgroup -o thr_pct
    json_has 2 thr_pct=null
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

@test "more time throttled, or used by a child, than CPUs can have is no count" {
    in_v2
    sed -i 's/^throttled_usec .*/throttled_usec 18446744073709/' "$T/second/sys/fs/cgroup/kubepods/pod1/cpu.stat"
    two_in_cgroup -o thr,us
    json_has 2 thr=null
    requires_feature cgroup
    in_v2
    printf 'usage_usec 9000000000\nuser_usec 9000000000\nsystem_usec 0\n' | write_second $C/worker/cpu.stat
    two_in_cgroup --cgroups
    jq -se 'map(select(.cgroup | endswith("/worker"))) | .[1].cpu == null' <<< "$output" || { show_output; false; }
}
