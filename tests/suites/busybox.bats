#!/usr/bin/env bats
# A chroot that holds a static busybox and vmstat and nothing else.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() {
    requires_mount_namespace
    local busybox file
    busybox=$(command -v busybox) || skip "busybox is not installed"
    R=$T/root
    mkdir -p "$R/proc" "$R/sys" "$R/bin" "$R/dev"
    cp "$busybox" "$R/bin/busybox"
    chroot "$R" /bin/busybox true 2>/dev/null || skip "busybox is not static, or no right to chroot"
    cp "$VMSTAT" "$R/bin/vmstat"
    [[ -z ${RUNS:-} ]] || ln -s busybox "$R/bin/sh"
    for file in ${RUNS:-}; do
        mkdir -p "$R${file%/*}"
        cp "$file" "$R$file"
    done
}

# Runs the script under busybox sh in the chroot, /proc and /sys mounted.
inside() {
    run --separate-stderr unshare -m --propagation private sh -c "
        mount --rbind /proc '$R/proc' && mount --rbind /sys '$R/sys' &&
        mount --bind /dev '$R/dev' &&
        exec chroot '$R' /bin/busybox sh -c \"\$1\"" sh "$1"
}

# Each line: what must be built in, the arguments, what a line must look like.
@test "every mode under busybox sh" {
    local feature args pattern
    while IFS='|' read -r feature args pattern; do
        [[ -z $feature ]] || has_feature "$feature" || continue
        inside "vmstat $args $([[ $feature ]] || echo $HOST)"
        succeeds
        grep -qE -- "$pattern" <<< "$output" || { echo "vmstat $args: no $pattern"; show_output; false; }
        [[ $output != *$'\e'* ]] || { echo "vmstat $args: escapes"; show_output; false; }
    done << 'END'
||^ *[0-9]+( +[0-9]+){19}$
|0.05 2|^ *[0-9]+( +[0-9]+){19}$
|--classic|^ *[0-9]+( +[0-9]+){17}$
|-a -w|^ *[0-9]+( +[0-9]+){19}$
|-n -S M -y 0.05 2|^ *[0-9]+( +[0-9]+){19}$
|-t|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}$
stats|-s|^ +[1-9][0-9]* boot time$
stats|-f|^ +[1-9][0-9]* forks$
disks|-d|^disk- -
disks|-D|^ +[0-9]+ disks$
slabs|-m|^kmalloc-
json|--json|"cs":[0-9]
csv|--csv|^time,interval,scope
human|-H|^ *[0-9]
|-x|^ *[0-9]
help|--help|--wide
|-V|^vmstat [0-9]
END
}

@test "it sees what busybox sees" {
    inside "busybox grep MemTotal /proc/meminfo; vmstat -s $HOST | busybox head -n 1"
    local total
    total=$(awk '/MemTotal/ { print $2 }' <<< "$output")
    grep -qE "^ +$total K total memory$" <<< "$output" || { show_output; false; }
}

@test "pipes of busybox: head and a loop" {
    inside "vmstat $CALM 1 | busybox head -n 2 | busybox wc -l"
    succeeds
    [[ $output == 2 ]] || { show_output; false; }
}

@test "no /proc in the chroot: the reason and the command" {
    run --separate-stderr chroot "$R" /bin/busybox sh -c vmstat
    [[ $status == 1 && -z $output ]] || { show_output; false; }
    stderr_has 'mount -t proc proc /proc'
}

@test "no /dev, no descriptors but three, an empty environment" {
    inside "busybox env -i /bin/vmstat --proc=/proc"
    succeeds
    [[ $(wc -w <<< "${lines[2]}") == 20 ]] || { show_output; false; }
}
