#!/usr/bin/env bats
# -s -d -D -p -m -f: values in JSON and CSV, repeats, rates of disks.
# Their layouts are in golden.bats.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() { use_fixture host; }

@test "-s: json" {
    requires_tool jq
    run_vmstat -s --json
    json_has mem_total=8000000 mem_used=5000000 mem_active=444418 \
        mem_inactive=555009 mem_free=1111337 mem_buffers=22543 \
        swap_total=900000 swap_used=6169 swap_free=893831 cpu_user=80000 \
        cpu_nice=6000 cpu_system=20000 cpu_idle=58000 cpu_iowait=22000 \
        cpu_irq=2000 cpu_softirq=4000 cpu_steal=8000 cpu_guest=11000 \
        cpu_guest_nice=1000 pgpgin=17000 pgpgout=19000 pswpin=2000 \
        pswpout=3000 pgalloc_dma=1001 pgalloc_dma32=1002 pgalloc_high=null \
        pgalloc_movable=1004 pgalloc_normal=1003 pgfree=1005 intr=123000 \
        ctxt=2567000 btime=1700000000 processes=4321
}

@test "-s -S M" {
    run_vmstat -s -S M
    # 8000000/1024 = 7812.5, 6169/1024 = 6.02, ticks stay ticks
    grep -qE '^ +781[23] M total memory$' <<< "$output" || { show_output; false; }
    grep -qE '^ +6 M used swap$' <<< "$output" || { show_output; false; }
    grep -qE '^ +80000 non-nice user cpu ticks$' <<< "$output" || { show_output; false; }
}

@test "-d: json, disks only" {
    requires_tool jq
    run_vmstat -d --json
    [[ ${#lines[@]} == 3 ]] || { show_output; false; }
    json_has 2 'disk="sda"' reads=1000 reads_merged=102 read_sectors=80000 \
        read_ms=5000 writes=2000 writes_merged=206 write_sectors=400000 \
        write_ms=30000 io_now=3 io_ms=250000 io_weighted_ms=36000
    json_has 3 'disk="nvme0n1"' reads=31 io_now=1
}

@test "-d -w: the same values, wider" {
    run_vmstat -d -w
    [[ ${lines[3]} == "sda        1000       102       80000        5000      2000       206      400000       30000       3     250" ]] || { show_output; false; }
}

@test "-D: json and csv" {
    requires_tool jq
    run_vmstat -D --json
    # sda + nvme0n1 + loop0
    json_has disks=3 partitions=3 reads=1031 reads_merged=134 read_sectors=80033 \
        read_ms=5034 writes=2035 writes_merged=242 write_sectors=400037 \
        write_ms=30038 io_now=4 io_ms=250039 io_weighted_ms=36040
    run_vmstat -D --csv
    [[ ${lines[1]} == *,3,3,1031,134,80033,5034,2035,242,400037,30038,4,250039,36040 ]] || { show_output; false; }
}

@test "-p: json; a disk is no partition but is found; what is not there is not" {
    requires_tool jq
    run_vmstat -p nvme0n1p1 --json
    json_has 'partition="nvme0n1p1"' reads=41 read_sectors=43 writes=45 \
        write_sectors=47
    local bad
    for bad in nosuch sd sda11 /dev/ ''; do
        run_vmstat -p "$bad"
        fails_with '*'
    done
}

@test "-p with a delay repeats with the new values" {
    run_two_instants -p sda1
    succeeds
    [[ $(tr -s ' ' <<< "${lines[1]}") == " 111 113 115 117" &&
        $(tr -s ' ' <<< "${lines[-1]}") == " 115 133 120 147" ]] || { show_output; false; }
}

@test "-D and -d with a delay repeat with the new values" {
    run_two_instants -D
    # 1031 + 250 + 5 of the new sdb; 3 disks, 1 partition
    grep -qE '^ +1286 total reads$' <<< "$output" || { show_output; false; }
    use_fixture host
    run_two_instants -d
    grep -qE '^sda +1250 +102 +90000 +5500 ' <<< "$output" || { show_output; false; }
}

@test "-m: json; repeats with a delay" {
    requires_tool jq
    run_vmstat -m --json
    json_has 2 'cache="dentry"' active_objs=1234567 num_objs=1234568 objsize=192 \
        objperslab=21
    json_has 1 'cache="a_name_of_more_than_twenty_four"'
    echo 'slabinfo - version: 2.1
# name
dentry 5 6 192 21 1 : tunables 0 0 0 : slabdata 1 1 0' > "$T/second/proc/slabinfo"
    run_two_instants -m
    grep -qE '^dentry +5 +6 +192 +21$' <<< "$output" || { show_output; false; }
}

@test "-f: json" {
    requires_tool jq
    run_vmstat -f --json
    json_has forks=4321
}

# sda in 2.5 s: 250 reads, 10000 sectors, 500 ms; 50 writes, 2000 sectors,
# 200 ms; busy 1250 ms = 50%; weighted 1750 ms / 2500 ms.
@test "-d -x: rates of each disk" {
    run_two_instants -d -x
    succeeds
    [[ ${lines[0]} == "Device          r/s     w/s     rkB/s     wkB/s r_await w_await  aqu-sz   %util" ]] || { show_output; false; }
    # since boot: 1000 and 2000 in 1000 s, 40000 KiB, 200000 KiB, 5000 ms /
    # 1000, 30000 ms / 2000, 36000 ms / 1000 s, 250 s / 1000 s
    diff <(grep -E '^sda ' <<< "$output" | tr -s ' ') - << 'END'
sda 1.00 2.00 40.00 200.00 5.00 15.00 0.04 25.00
sda 100.00 20.00 2000.00 400.00 2.00 4.00 0.70 50.00
END
}

@test "-d -x: json" {
    requires_tool jq
    run_two_instants -d -x --json
    output=$(grep '"sda"' <<< "$output")
    json_has 1 interval=1000 r_s=1 w_s=2 rkb_s=40 wkb_s=200 r_await=5 w_await=15 \
        aqu_sz=0.036 util=25
    json_has 2 interval=2.5 r_s=100 w_s=20 rkb_s=2000 wkb_s=400 r_await=2 \
        w_await=4 aqu_sz=0.7 util=50
}

@test "-d -x: a disk that vanishes and one that appears" {
    sed -i /nvme0n1/d "$T/second/proc/diskstats"
    run_two_instants -d -x
    succeeds
    [[ $(grep -c '^nvme0n1 ' <<< "$output") == 1 ]] || { show_output; false; }
    # Born in the interval, so its counters are the interval's: 5 reads of 8
    # sectors in 2.5 s, 10 ms / 5, busy 10 ms.
    grep -E '^sdb ' <<< "$output" | tr -s ' ' | diff - <(
        echo 'sdb 2.00 0.00 8.00 0.00 2.00 - 0.00 0.40')
}

@test "-d -x: no operation in the interval has no time of waiting" {
    requires_tool jq
    run_two_instants -d -x --json
    output=$(grep '"nvme0n1"' <<< "$output")
    json_has 2 r_s=0 w_s=0 r_await=null w_await=null aqu_sz=0 util=0
}

@test "-m of a machine that hides slabinfo: a reason, status 1" {
    rm "$T/f/proc/slabinfo"
    run_vmstat -m
    fails_with '*slabinfo*'
}

@test "-d without diskstats: a reason, status 1" {
    rm "$T/f/proc/diskstats"
    run_vmstat -d
    fails_with '*diskstats*'
}

@test "-s -H has one unit" {
    run_vmstat -s -H
    [[ ${lines[0]} =~ ^\ +7.6G\ total\ memory$ ]] || { show_output; false; }
}

@test "names are cut at a character, and a character is one wide" {
    printf 'slabinfo - version: 2.1\n%s 5 6 192 21 1\nab 1 2 3 4 5\n' ääääääaaaaaaaaaaaaaaaaaayz | write_file proc/slabinfo
    run_vmstat -m
    [[ ${lines[2]} == "ääääääaaaaaaaaaaaaaaaaaa "* ]] || { show_output; false; }
    iconv -f utf8 -t utf8 <<< "$output" > /dev/null
    [[ $(LC_ALL=C.UTF-8; echo ${#lines[1]}) == $(LC_ALL=C.UTF-8; echo ${#lines[2]}) ]] || { show_output; false; }
}

@test "no huge page is taken for a table of which little is used" {
    grep -q '^THP_enabled:' /proc/self/status || skip "the kernel does not say"
    "$VMSTAT" $HOST 5 > "$T/out" 2>/dev/null 3>&- &
    local pid=$!
    until [[ -s $T/out ]]; do sleep 0.02; done
    grep '^THP_enabled:' "/proc/$pid/status" > "$T/thp"
    kill $pid
    grep -qw 0 "$T/thp"
}

@test "-s names the file that is missing, and what is unavailable for it" {
    use_fixture host
    rm "$T/f/proc/vmstat"
    run_vmstat -s
    succeeds
    [[ $stderr == "vmstat: $T/f/proc/vmstat: pgpgin pgpgout pswpin pswpout "*" unavailable: No such file or directory" ]] ||
        { show_output; false; }
    grep -qx ' *- K paged in' <<< "$output"
}
