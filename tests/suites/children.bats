#!/usr/bin/env bats
# --cgroups: the cgroups below, worst first. Two instants of a made-up v2 tree,
# 2 s apart.

# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helper

setup() {
    requires_feature cgroup
    use_fixture v2
    rm -rf "$T/f/sys/fs/cgroup/kubepods" "$T/second/sys" "$T/second/removed"
}

# child PATH USAGE_US PERIODS THROTTLED MEMORY INACTIVE MAX FAULTS KILLS: at both
# instants, what it counts at the second; 100000 of each counter at the first.
child() {
    local instant base n
    for instant in f second; do
        base=$T/$instant/sys/fs/cgroup/$1
        n=$([[ $instant == f ]] && echo 0 || echo 1)
        mkdir -p "$base"
        printf 'usage_usec 1\nuser_usec %s\nsystem_usec 100000\nnr_periods %s\nnr_throttled %s\nthrottled_usec %s\n' \
            $((100000 + n * $2)) $(($3 ? 1000 + n * $3 : 0)) $(($3 ? 500 + n * $4 : 0)) $((100000 + n * $4 * 1000)) > "$base/cpu.stat"
        [[ $3 == 0 ]] && echo "max 100000" > "$base/cpu.max" || echo "50000 100000" > "$base/cpu.max"
        echo "$5" > "$base/memory.current"
        printf 'anon 5\ninactive_file %s\npgfault 9\npgmajfault %s\n' "$6" $((100 + n * $8)) > "$base/memory.stat"
        echo "$7" > "$base/memory.max"
        printf 'low 0\noom_kill %s\n' $((7 + n * $9)) > "$base/memory.events"
        echo 12 > "$base/pids.current"
        : > "$base/cgroup.procs"
    done
}

children() { COUNT=1 run_two_instants --cgroup=/ -y "$@"; }

names() { awk 'NR > 1 { sub(/ +$/, ""); print $12 (NF > 12 ? " " $13 " " $14 : "") }' <<< "$output" | paste -sd' '; }

@test "worst first, each with the numbers of its own files" {
    child idle 0 0 0 4096000 0 max 0 0
    child throttled 500000 20 18 8192000 4096000 16384000 0 0
    child killed 20000 0 0 10240000 0 16384000 6 1
    child swapping 40000 0 0 16000000 0 16384000 1600 0
    children --cgroups
    succeeds
    [[ $(names) == "throttled swapping killed idle" ]] || { show_output; false; }
    [[ ${lines[1]} == "  0.25   50   90    -    -   -   3.9M   25     0   0    12 throttled"* ]] || { show_output; false; }
    [[ ${lines[2]} == "  0.02    -    -    -    -   -    15M   98   800   0    12 swapping"* ]] || { show_output; false; }
    [[ ${lines[3]} == "  0.01    -    -    -    -   -   9.8M   63     3   1    12 killed"* ]] || { show_output; false; }
    [[ ${lines[4]} == "  0.00    -    -    -    -   -   3.9M    -     0   0    12 idle"* ]] || { show_output; false; }
}

@test "colour: each row by its worst rule, the cell to blame stands out" {
    requires_feature alerts
    child idle 0 0 0 4096000 0 max 0 0
    child swapping 0 0 0 16000000 0 16384000 0 0
    child warned 0 0 0 16000000 0 17384000 0 0
    child killed 0 0 0 10240000 0 16384000 0 1
    child stalled 0 0 0 4096000 0 max 0 0
    # 1 s of 2 s: of all tasks, shown beside that of some
    printf 'some total=0\nfull total=0\n' > "$T/f/sys/fs/cgroup/stalled/memory.pressure"
    printf 'some total=1000000\nfull total=1000000\n' > "$T/second/sys/fs/cgroup/stalled/memory.pressure"
    children --cgroups --color=always
    local color cell name
    while read -r color cell name; do
        [[ $(grep "$name" <<< "$output") == $'\e['"${color}m"*$'\e[1;7m'"$cell"$'\e[22;27m'*" $name"*$'\e[0m' ]] ||
            { echo "$name"; show_output; false; }
    done << 'END'
31 98 swapping
31 1 killed
31 50 stalled
33 92 warned
END
    [[ $(grep idle <<< "$output") != *$'\e'* ]] || { show_output; false; }
    children --cgroups --color=always --alert=off
    [[ $output != *$'\e'* ]] || { show_output; false; }
}

@test "the heading once a screen, a blank line between reports that share it; -S: plain sizes" {
    child a 0 0 0 4096000 0 max 0 0
    child b 0 0 0 8192000 0 max 0 0
    # A pipe is a screen of 25 lines: 1 + 8 * 3 - 1 of them.
    run_vmstat --cgroup=/ --cgroups -S K 0.01 9
    [[ $(grep -n wset <<< "$output" | cut -d: -f1 | paste -sd' ') == "1 25" && $(grep -c '^$' <<< "$output") == 7 ]] || { show_output; false; }
    [[ ${lines[1]} == *" 8000 "*" b" || ${lines[2]} == *" 8000 "*" b" ]] || { show_output; false; }
    run_vmstat --cgroup=/ --cgroups -n 0.01 9
    [[ $(grep -c wset <<< "$output") == 1 ]] || { show_output; false; }
}

@test "a heading gives the order, too" {
    child a 100000 20 0 4096000 0 max 0 0
    child b 900000 0 0 8192000 0 max 0 0
    children --cgroups=1,cpu%
    [[ $(names) == "a b" ]] || { show_output; false; }
}

@test "of those that are as bad and use no CPU, the largest first" {
    child a 0 0 0 4096000 0 max 0 0
    child b 0 0 0 16384000 0 max 0 0
    child c 0 0 0 8192000 0 max 0 0
    children --cgroups
    [[ $(names) == "b c a" ]] || { show_output; false; }
}

@test "by a column, what is not known last; no deeper than asked" {
    child a 100000 20 0 4096000 0 max 0 0
    child a/b 900000 0 0 8192000 0 max 0 0
    child a/b/c 1000 0 0 16384000 0 max 0 0
    children --cgroups=2,working_set
    [[ $(names) == "a/b a" ]] || { show_output; false; }
    setup
    child a 100000 20 0 4096000 0 max 0 0
    child b 900000 0 0 8192000 0 max 0 0
    children --cgroups=1,cpu_pct
    [[ $(names) == "a b" ]] || { show_output; false; }
    children --cgroups=0
    fails_with "--cgroups: '0' is not*"
    children --cgroups=1,nosuch
    fails_with "--cgroups*"
}

@test "one that comes counts from 0, one that goes is a row less" {
    child stays 100000 0 0 4096000 0 max 0 0
    child goes 100000 0 0 4096000 0 max 0 0
    child comes 300000 0 0 4096000 0 max 0 0
    rm -r "$T/f/sys/fs/cgroup/comes"
    echo sys/fs/cgroup/goes > "$T/second/removed"
    rm -r "$T/second/sys/fs/cgroup/goes"
    children --cgroups
    [[ $(names) == "comes stays" && ${lines[1]} == "  0.25 "* ]] || { show_output; false; }
}

@test "what the kubelet made is shown as pod and container" {
    local id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    local path=kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod2c48913c_b29f_11e9_9350_020968147796.slice/cri-containerd-$id.scope
    child "$path" 0 0 0 4096000 0 max 0 0
    children --cgroups=4,cpu
    grep -q 'pod 2c48913c-b29f-11e9-9350-020968147796 0123456789ab *$' <<< "$output" || { show_output; false; }
    setup
    child "$path" 0 0 0 4096000 0 max 0 0
    children --cgroups=4 --json
    jq -es --arg path "/$path" --arg id "$id" 'map(select(.cgroup == $path))[0] |
        .pod_uid == "2c48913c-b29f-11e9-9350-020968147796" and .container_id == $id and .tasks == 12' \
        <<< "$output" || { show_output; false; }
}

id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
uid=2c48913c-b29f-11e9-9350-020968147796
slice=kubepods-burstable-pod${uid//-/_}.slice

# named PATH POD CONTAINER TEXT: what the last child below it is called.
named() {
    setup
    child "$1" 0 0 0 4096000 0 max 0 0
    children --cgroups=9 --json
    jq -es --arg path "/$1" --arg pod "$2" --arg id "$3" 'map(select(.cgroup == $path))[0] |
        (.pod_uid // "") == $pod and (.container_id // "") == $id' <<< "$output" || { show_output; false; }
    children --cgroups=9
    grep -q " 12 $4 *$" <<< "$output" || { show_output; false; }
}

@test "pods and containers, by the last of each in the path" {
    local node=docker/${id//0/d}/kubelet/kubepods
    named "kubepods/pod$uid/$id" $uid $id "pod $uid 0123456789ab"
    # the kubelet by systemd, the runtime by cgroupfs
    named "system.slice/containerd.service/$slice:cri-containerd:$id" $uid $id "pod $uid 0123456789ab"
    # a node that is a container itself: kind, k3d
    named "$node/pod$uid" $uid '' "pod $uid"
    named "$node/pod$uid/$id" $uid $id "pod $uid 0123456789ab"
    # what the container made, and a container in it
    named "kubepods/pod$uid/$id/init.scope" $uid $id "pod $uid 0123456789ab/init.scope"
    named "kubepods/pod$uid/$id/docker/${id//0/f}" $uid ${id//0/f} "pod $uid f123456789ab"
    named "kubepods/pod$uid/crio-conmon-$id.scope" $uid '' "pod $uid/crio-conmon-$id.scope"
    named "machine.slice/libpod-conmon-$id.scope" '' '' "machine.slice/libpod-conmon-$id.scope"
    named "machine.slice/libpod-$id.scope" '' $id "machine.slice/libpod-$id.scope"
}

@test "the pod is that of the whole path, where the scope is in it" {
    child "kubepods/pod$uid/$id" 0 0 0 4096000 0 max 0 0
    child "kubepods/pod$uid/$id/a" 0 0 0 4096000 0 max 0 0
    run_vmstat --cgroup=/kubepods/pod$uid --cgroups --json
    json_has "cgroup=\"/kubepods/pod$uid/$id\"" "pod_uid=\"$uid\"" "container_id=\"$id\""
    run_vmstat --cgroup=/kubepods/pod$uid --cgroups
    [[ ${lines[1]} == *" pod $uid 0123456789ab"* ]] || { show_output; false; }
    run_vmstat --cgroup=/kubepods/pod$uid/$id --cgroups --json
    json_has "pod_uid=\"$uid\"" "container_id=\"$id\""
    run_vmstat --cgroup=/kubepods/pod$uid/$id --cgroups
    [[ ${lines[1]} =~ \ a\ *$ ]] || { show_output; false; }
    requires_feature prometheus
    run_vmstat --cgroup=/kubepods/pod$uid --cgroups --prometheus
    grep -qF "memory_usage_bytes{cgroup=\"/kubepods/pod$uid/$id\",pod_uid=\"$uid\",container_id=\"$id\"}" <<< "$output" ||
        { show_output; false; }
}

@test "more than the table holds: said, the rest shown; 500 take 160 KiB" {
    local i
    for i in {1..2060}; do
        mkdir -p "$T/f/sys/fs/cgroup/c$i"
        echo 4096 > "$T/f/sys/fs/cgroup/c$i/memory.current"
    done
    run_vmstat --cgroup=/ --cgroups 0.01 1
    local left='vmstat: more than 2048 cgroups: 12 are left out, /(c[0-9]+) the first of them'
    [[ $stderr =~ ^$left$ && ${#lines[@]} == 2049 && $output != *" ${BASH_REMATCH[1]}"$'\n'* ]] ||
        { echo "$stderr"; false; }
    rm -rf "$T"/f/sys/fs/cgroup/c{501..2060}
    local many
    many=$(memory)
    rm -rf "$T"/f/sys/fs/cgroup/c*[0-9]
    echo "500: $many KiB, none: $(memory) KiB"
    ((many <= $(memory) + 160))
}

@test "one that finds room in the table late does not count from 0" {
    local i late changes
    mkdir -p "$T"/f/sys/fs/cgroup/c{1..2049}
    for i in {1..2049}; do echo 'oom_kill 7' > "$T/f/sys/fs/cgroup/c$i/memory.events"; done
    # A slot that is given up is free from the next walk on.
    changes=('late=$(sed -n "s/.* left out, .\(c[0-9]*\) .*/\1/p" "$T/err")
        rm -rf "$T"/f/sys/fs/cgroup/$([[ $late == c1 ]] && echo c2 || echo c1)
        echo 1002 1 > "$T/f/proc/uptime"' 'echo 1004 1 > "$T/f/proc/uptime"')
    COUNT=2 run_with_changes --cgroup=/ -y --cgroups --json
    succeeds
    [[ $(grep -c "\"cgroup\":\"/$late\",.*\"oom\":null," <<< "$output") == 1 ]] ||
        { grep "/$late\"" <<< "$output"; false; }
    fails grep '"oom":7' <<< "$output"
}

# KiB that it takes at most, of some reports.
memory() {
    "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" --cgroup=/ --cgroups 0.05 > "$T/out" 3>&- &
    until_true has_slept $! 4 >&2
    awk '/VmHWM/ { print $2 }' /proc/$!/status
    kill $!
}
