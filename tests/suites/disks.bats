#!/usr/bin/env bats
# Block devices: layers, partitions, more of them than the table holds, devices
# that come and go. Layouts and rates are in views.bats.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() {
    requires_tool jq
    use_fixture host
}

@test "layers: a device with slaves is not counted beside them" {
    in_v2
    mkdir -p "$T/f/sys/dev/block/253:0/slaves/sda"
    echo '253:0 rbytes=10240000 wbytes=20480000 rios=1 wios=1' >> "$T/f/$C/io.stat"
    run_in_cgroup
    json_has bi=110 bo=220
    use_fixture host
    mkdir -p "$T/f/sys/dev/block/253:0/slaves/sda"
    echo ' 253 0 dm-0 1000 0 80000 5000 2000 0 400000 30000 0 0 0' >> "$T/f/proc/diskstats"
    run_vmstat -D --json
    json_has disks=4 reads=1031 write_sectors=400037
}

@test "a loop device counts with the disk below it" {
    in_v2
    echo /file | write_file sys/dev/block/7:0/loop/backing_file
    echo '7:0 rbytes=10240000 wbytes=20480000 rios=1 wios=1' >> "$T/f/$C/io.stat"
    run_in_cgroup
    json_has bi=110 bo=220
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

@test "a device, or a cgroup's, that counts anew has no rates at all" {
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

@test "what is a partition is known by sysfs, by name only without it" {
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
    printf ' 8 0 sda 100 1 800 10 200 2 1600 20 0 30 30\n 8 1 sda1 90 720 190 1520\n' | write_file proc/diskstats
    rm -rf "$T/f/sys/block" "$T/f/sys/class"
    run_vmstat -p sda1 --json
    json_has reads=90 read_sectors=720 writes=190 write_sectors=1520
    run_vmstat -D --json
    json_has disks=1 partitions=1 reads=100
}

@test "more than 512 devices: sums and -p have them all" {
    awk 'BEGIN { for (i = 0; i < 700; i++) printf " 259 %d nvme%dn1 %d 0 8 1 1 0 8 1 0 1 1\n", i, i, i }' | write_file proc/diskstats
    rm -rf "$T/f/sys/block" "$T/f/sys/class"
    run_vmstat -D --json
    # 0 + 1 + ... + 699
    json_has disks=700 reads=244650 writes=700
    stderr_is_empty
    run_vmstat -p nvme699n1 --json
    json_has reads=699
    run_vmstat -d --json
    [[ $stderr == "vmstat: more than 512 block devices: the others are added up in one line" ]] || { show_output; false; }
    [[ ${#lines[@]} == 513 && ${lines[511]} == *'"nvme511n1"'* ]] || { show_output; false; }
    output=${lines[512]}
    # 512 + ... + 699
    json_has 'disk="(others)"' reads=113834 read_sectors=1504 write_ms=188
    requires_feature prometheus
    run_vmstat --prometheus
    # Their sum steps back when one of them goes, which Prometheus would take for a restart.
    [[ $output == *"vmstat_disks_left_out 188"* && $output != *others* ]] || { show_output; false; }
}

# disks N READS: N disks; the two beyond the table have done so many reads of 8 sectors.
disks() {
    awk -v n="$1" -v reads="$2" 'BEGIN { for (i = 0; i < n; i++)
        printf " 259 %d nvme%dn1 %d 0 %d 1 1 0 8 1 0 1 1\n", i, i, i < 512 ? 0 : reads, i < 512 ? 0 : reads * 8 }'
}

@test "-d -x: those beyond the table are one more disk, for as long as they are as many" {
    disks 514 100 | write_file proc/diskstats
    disks 514 150 | write_second proc/diskstats
    run_two_instants -d -x --json
    output=$(grep others <<< "$output")
    # 2 * 50 reads of 4 KiB in 2.5 s
    json_has 2 r_s=40 rkb_s=160 rareq_sz=4
    use_fixture host
    disks 514 100 | write_file proc/diskstats
    disks 515 150 | write_second proc/diskstats
    run_two_instants -d -x --json
    output=$(grep others <<< "$output")
    json_has 2 r_s=null rkb_s=null
}

# looked_up COUNT ARGS...: how often something of a device was looked for in sysfs.
looked_up() {
    COUNT=$1 run --separate-stderr timeout 20 strace -f -o "$T/trace" -e trace=file \
        "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" "${@:2}" 0.01 "$1"
    grep -cE 'sys/(class|dev|block)/' "$T/trace"
}

@test "sysfs is asked about a device once, not with each report" {
    requires_tool strace
    strace -o "$T/trace" true || skip "no right to trace"
    disks 530 7 | write_file proc/diskstats
    (($(looked_up 1 -D) >= 530))
    [[ $(looked_up 4 -D) == "$(looked_up 1 -D)" && $(looked_up 4 -d -x) == "$(looked_up 1 -d -x)" ]]
    in_v2
    awk 'BEGIN { for (i = 0; i < 530; i++) print "259:" i " rbytes=1024 wbytes=0 rios=1 wios=0" }' > "$T/f/$C/io.stat"
    [[ $(looked_up 4 --scope=cgroup -d) == "$(looked_up 1 --scope=cgroup -d)" ]]
}

@test "sysfs that cannot be read: no sums, and why; each disk has its own numbers" {
    mkdir -p "$T/f/sys/dev/block/8:0/slaves"
    run_without_permission sys/dev -- -D --json
    json_has disks=3 reads=null write_sectors=null
    [[ $stderr == *'/sys: sums of block devices are unavailable, as some may lie on others: Permission denied' ]] ||
        { show_output; false; }
    run_without_permission sys/dev -- -d --json
    output=$(grep '"sda"' <<< "$output")
    json_has reads=1000
    stderr_is_empty
    in_v2
    mkdir -p "$T/f/sys/dev/block/8:0/slaves"
    run_without_permission sys/dev -- --scope=cgroup --json $CALM
    json_has bi=null bo=null us=17
    stderr_has 'sums of block devices are unavailable.*Permission denied$'
}

@test "sysfs that cannot be read: a partition is known by its name" {
    run_without_permission sys/class/block -- -d --json
    output=$(jq -r .disk <<< "$output")
    output_is $'loop0\nsda\nnvme0n1'
}

@test "more than 512 devices in io.stat: bi has them all" {
    in_v2
    awk 'BEGIN { for (i = 0; i < 700; i++) print "259:" i " rbytes=1024000 wbytes=0 rios=1 wios=0" }' > "$T/f/$C/io.stat"
    run_in_cgroup
    # 700 * 1000 KiB in 100 s
    json_has bi=7000
    run_in_cgroup -D
    json_has disks=700 reads=700
}

@test "the host's disks and the cgroup's are not compared with each other" {
    in_v2
    cp "$BATS_TEST_DIRNAME/../fixtures/host/proc/diskstats" "$T/f/proc/"
    rm "$T/second/$C/io.stat"
    echo "$C/io.stat" >> "$T/second/removed"
    run_two_instants --scope=cgroup --json -d -x $CALM
    output=$(grep '"sda"' <<< "$output")
    json_has 1 'scope="cgroup"' r_s=5.01
    json_has 2 'scope="host"' r_s=null rkb_s=null
}

@test "-d where no io controller counts: the machine's disks, and one line that says so" {
    in_v2
    rm "$T/f/$C/io.stat"
    cp "$BATS_TEST_DIRNAME/../fixtures/host/proc/diskstats" "$T/f/proc/"
    run_in_cgroup -d
    succeeds
    [[ $(grep '"sda"' <<< "$output" | jq .reads) == 1000 ]] || { show_output; false; }
    [[ $stderr == "vmstat: --disk: no io controller counts for this cgroup: these are the host's numbers" ]] || { show_output; false; }
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

@test "v1: requests are in a file of their own" {
    in_v1
    printf '8:0 Read 30\n8:0 Write 50\n8:16 Read x\n8:16 Write 7\n8:32 Read 9\nTotal 96\n' \
        | write_file $G/blkio/blkio.throttle.io_serviced_recursive
    run_in_cgroup -d
    # 5120000 / 512, 10240000 / 512
    json_has 1 'disk="8:0"' reads=30 read_sectors=10000 writes=50 write_sectors=20000 read_ms=null
    json_has 2 'disk="8:16"' reads=null read_sectors=2000 writes=7
    [[ ${#lines[@]} == 2 ]] || { show_output; false; }
    rm "$T/f/$G/blkio/blkio.throttle.io_serviced_recursive"
    run_in_cgroup -d
    json_has 1 reads=null read_sectors=10000
}

@test "v1 counts I/O since Linux 6.10 where a limit is set: no device is not 0" {
    in_v1
    echo 'Total 0' | write_file $G/blkio/blkio.throttle.io_service_bytes_recursive
    run_in_cgroup
    json_has bi=null bo=null
}

# Linux 5.18 and later count what v1's blkio throttles only while a rule throttles.
@test "v1: what has never counted while the machine's disks have is no count" {
    in_v1
    sed -i 's/ [0-9]*$/ 0/' "$T/f/$G/blkio/"blkio.throttle.io_service*
    run_in_cgroup
    json_has bi=0 bo=0
    cp "$BATS_TEST_DIRNAME/../fixtures/host/proc/diskstats" "$T/f/proc/"
    run_in_cgroup
    json_has bi=null bo=null
    run_in_cgroup -d
    [[ $(grep '"sda"' <<< "$output" | jq -c '[.scope, .reads]') == '["host",1000]' ]] || { show_output; false; }
    if has_feature prometheus; then
        run_vmstat --scope=cgroup --prometheus
        [[ $output == *vmstat_cgroup_* && $output != *vmstat_cgroup_disk_* ]] || { show_output; false; }
    fi
    # It begins to count, with a rule: 8000 KiB in 4 s.
    echo '8:0 Read 8192000' | write_second $G/blkio/blkio.throttle.io_service_bytes_recursive
    two_in_cgroup -o bi,bo
    json_has 1 bi=null bo=null
    json_has 2 bi=2000 bo=0
}

@test "-d -t has the time, -d without a disk its header" {
    run_vmstat -d -t
    [[ ${lines[0]} == *-timestamp-* && ${lines[1]} == *UTC && ${#lines[1]} == "${#lines[2]}" ]] || { show_output; false; }
    : | write_file proc/diskstats
    run_vmstat -d
    [[ ${#lines[@]} == 2 && ${lines[0]} == disk-* ]] || { show_output; false; }
    run_vmstat -d --csv
    [[ ${#lines[@]} == 1 && ${lines[0]} == time,scope,cgroup,disk,reads,* ]] || { show_output; false; }
}

@test "-p takes a path, by the number of its device" {
    [[ $EUID == 0 ]] || skip "not root, cannot make a device"
    mknod "$T/any-name" b 8 1 || skip "no right to make a device"
    [[ -b $T/any-name ]] || skip "no devices here"
    run_vmstat -p "$T/any-name" --json
    json_has 'partition="sda1"' reads=111
}

@test "-d -x: idle devices are left out, discards and request sizes with -w" {
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

@test "-m: more slab caches than fit are left out, and that is said" {
    local n most
    most=$(sed -n 's/^#define MAX_SLABS //p' "$REPO/config.h")
    for ((n = 10000; n <= 10000 + most; n++)); do
        echo "cache$n 1 2 3 4 5 : tunables 0 0 0 : slabdata 6 7 0"
    done > "$T/slabs"
    sed -i -e '3,$d' -e "2r $T/slabs" "$T/f/proc/slabinfo"
    run_vmstat -m
    succeeds
    [[ $(grep -c ^cache1 <<< "$output") == "$most" && ${lines[-1]} == "cache$((10000 + most - 1)) "* ]] || { tail -n 2 <<< "$output"; false; }
    stderr_has "^vmstat: more than $most slab caches: the rest is left out\$"
}
