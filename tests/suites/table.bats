#!/usr/bin/env bats
# The default table over two instants, and the options that change it.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() { use_fixture host; }

# 2.5 s, 500 ticks: us 151+20-50-15 = 106 = 21.2%, sy 99+30+40 = 169 = 33.8%,
# id 35 = 7%, wa 80 = 16%, st 45 = 9%, gu 50+15 = 13%. si 50 pages of 4 KiB
# / 2.5 = 80, so 75 = 120, bi 126/2.5 = 50.4, bo 190/2.5, in 4550/2.5,
# cs 7000/2.5, min (2511-11)/2.5 = 1000, maj 11/2.5 = 4.4
second=(r=9 b=2 swpd=7005 free=1000001 buff=30002 cache=340003 si=80 so=120
    bi=50 bo=76 in=1820 cs=2800 us=21 sy=34 id=7 wa=16 st=9 gu=13)

@test "two instants: every classic column and the faults" {
    run_two_instants
    succeeds
    # min (70000-9000)/1000 s, maj 9000/1000 s
    columns_are 1 cs=2567 min=61 maj=9
    columns_are 2 "${second[@]}" min=1000 maj=4
}

@test "positions 1 to 18 are procps-ng's, then min maj" {
    run_vmstat
    [[ ${lines[1]} == " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st gu "*min*maj ]] || { show_output; false; }
    [[ ${lines[0]} == "procs -----------memory---------- ---swap-- -----io---- -system-- -------cpu------- "* ]] || { show_output; false; }
    [[ $(wc -w <<< "${lines[2]}") == 20 ]]
}

@test "-a over two instants" {
    run_two_instants -a
    columns_are 2 inact=560007 active=450006 free=1000001 si=80
}

@test "-y leaves out the report since boot" {
    run_two_instants -y
    succeeds
    columns_are 1 "${second[@]}"
}

@test "-y 0.05 2 prints two reports, -y 0.05 1 one" {
    run_on_this_machine -y 0.05 2
    [[ ${#lines[@]} == 4 ]] || { show_output; false; }
    run_on_this_machine -y 0.05 1
    [[ ${#lines[@]} == 3 ]] || { show_output; false; }
}

@test "-t appends the time in UTC, under its zone" {
    local before after
    before=$(date -u +'%F %T')
    TZ=Asia/Tokyo run_on_this_machine -t
    after=$(date -u +'%F %T')
    [[ ${lines[0]} == *" -----timestamp-----" && ${lines[1]} == *" UTC" ]] ||
        { show_output; false; }
    local got=${lines[2]: -19}
    [[ ! $got < $before && ! $got > $after ]] || { show_output; false; }
    # The zone ends where the times end.
    [[ ${#lines[0]} == "${#lines[1]}" && ${#lines[1]} == "${#lines[2]}" ]] ||
        { show_output; false; }
}

@test "header: again after 22 rows, with -n once" {
    run_on_this_machine 0.01 45
    succeeds
    [[ $(grep -c '^procs' <<< "$output") == 3 && ${lines[24]} == procs* &&
        ${#lines[@]} == 51 ]] || { show_output; false; }
    run_on_this_machine -n 0.01 45
    [[ $(grep -c '^procs' <<< "$output") == 1 && ${#lines[@]} == 47 ]] ||
        { show_output; false; }
}

@test "overflow pushes right, and later columns give the space back" {
    # 8 and 6 digits in 6 columns: behind by 2; cache 999 gives 2 of its 3.
    sed -i 's/^MemTotal: .*/MemTotal: 16000000 kB/; s/^MemFree: .*/MemFree: 12345678 kB/; s/^Buffers: .*/Buffers: 123456 kB/
        s/^Cached: .*/Cached: 889 kB/' "$T/f/proc/meminfo"
    run_vmstat --classic $CALM
    [[ ${lines[2]} == " 5  3   6169 12345678 123456  999    8   12    17    19  123 2567 37 13 29 11  4  6" ]] || { show_output; false; }
}

@test "percentages: rounded to nearest, 0 to 100 each" {
    # Of 1000 ticks: us 994 = 99.4%, sy 6 = 0.6%.
    echo 'cpu 994 0 6 0 0 0 0 0 0 0' | write_file proc/stat
    run_vmstat
    columns_are us=99 sy=1 id=0 wa=0 st=0 gu=0
}

@test "old kernels: a cpu line of 4, 7 and 8 numbers" {
    # us 200, sy 100, id 700 of 1000; what is not there is not 0.
    echo 'cpu 150 50 100 700' | write_file proc/stat
    run_vmstat
    columns_are us=20 sy=10 id=70 wa=- st=- gu=-
    # wa 100 of 1000, sy 50+20+30
    echo 'cpu 150 50 50 600 100 20 30' | write_file proc/stat
    run_vmstat
    columns_are us=20 sy=10 id=60 wa=10 st=- gu=-
    echo 'cpu 150 50 50 500 100 20 30 100' | write_file proc/stat
    run_vmstat
    columns_are us=20 sy=10 id=50 wa=10 st=10 gu=-
}

@test "no SReclaimable: cache is Cached alone" {
    sed -i /SReclaimable/d "$T/f/proc/meminfo"
    run_vmstat
    columns_are cache=332900
}

@test "a counter that steps back is unavailable for the interval; iowait, which does, grows by 0" {
    # cs 2567000 -> 2500000; iowait 22000 -> 21000: of the 420 ticks that the
    # others grew, us is 106 = 25%, sy 169 = 40%, id 35 = 8%.
    sed -i 's/^ctxt .*/ctxt 2500000/; s/22080/21000/' "$T/second/proc/stat"
    run_two_instants
    columns_are 2 cs=- wa=0 us=25 sy=40 id=8 in=1820
}

@test "a 32-bit counter that wraps is added up" {
    # 4294967296 - 4294967000 + 204 = 500 in 2.5 s
    sed -i 's/^ctxt .*/ctxt 4294967000/' "$T/f/proc/stat"
    sed -i 's/^ctxt .*/ctxt 204/' "$T/second/proc/stat"
    run_two_instants
    columns_are 2 cs=200
}

@test "4,096 CPUs and 100,000 interrupt numbers: cs, in and us are exact" {
    big() { # CTXT USER: the rest idle
        awk -v ctxt="$1" -v user="$2" -v idle="$3" -v intr="$4" 'BEGIN {
            print "cpu  " user " 0 0 " idle " 0 0 0 0 0 0"
            for (i = 0; i < 4096; i++)
                print "cpu" i " " user " 7 7 " idle " 7 7 7 7 7 7"
            printf "intr %d", intr
            for (i = 0; i < 100000; i++) printf " %d", 4000000000 + i
            print "\nctxt " ctxt "\nbtime 1\nprocesses 1"
            print "procs_running 4095\nprocs_blocked 4094" }'
    }
    # 2.5 s: cs 12500/2.5, in 10000/2.5, us 256000 of 1024000 ticks = 25%
    write_file sys/devices/system/cpu/online <<< 0-4095
    big 1000000 0 4096000 3000000 > "$T/f/proc/stat"
    big 1012500 256000 4864000 3010000 > "$T/second/proc/stat"
    run_two_instants $CALM
    succeeds
    columns_are 1 cs=1000 in=3000 us=0 id=100
    columns_are 2 cs=5000 in=4000 us=25 id=75 r=4095 b=4094
}

@test "-x has every group: oom and pressure too" {
    run_vmstat -x
    # oom 7 since boot; cpu 100 s of 1000 s waiting, mem 20 s, all stalled
    # 10 s, io 50 s, all 30 s
    columns_are oom=7 cs=2567
    columns_are cpu=10 mem=2 memF=1 io=5 ioF=3
}

# names LINE: its words, one blank between.
words_of() { tr -s ' ' <<< "$1 " | sed 's/^ //; s/ $//'; }

@test "-x adds columns after the 18 and min maj: scripts count them" {
    local added='oom rflt dscan stl% hits zsi zso dirty anon file shmem slab kernel use%'
    added+=' load1 load5 load15 max% max# cpu cpuF mem memF io ioF irq'
    local limits='avail limit mem% swlim peak tasks tlim cpus thr thr%' default rest
    run_vmstat $CALM
    default=${lines[1]}
    run_vmstat -x $CALM
    [[ ${lines[1]} == "$default "* ]] || { show_output; false; }
    [[ ${lines[0]} == *' ----memory---' ]] || { show_output; false; }
    columns_are inact=555009 active=444418 buff=22543 cache=333010 si=8
    rest=$(words_of "${lines[1]#"$default"}")
    ! has_feature cgroup || [[ $rest == "$added $limits inact active" ]] || { show_output; false; }
    run_vmstat -a $CALM
    default=${lines[1]}
    run_vmstat -x -a $CALM
    [[ ${lines[1]} == "$default "*"   buff  cache" ]] || { show_output; false; }
}

@test "-x over two instants" {
    run_two_instants -x
    # of 2.5 s: 0.75 s, 0.25 s, 0.1 s, 0.5 s, 0.225 s; kills 10-7
    columns_are 2 oom=3 cpu=30 mem=10 memF=4 io=20 ioF=9
}

@test "pressure that the kernel does not know: no warning, unavailable" {
    rm -r "$T/f/proc/pressure"
    run_vmstat -x $CALM
    succeeds
    stderr_is_empty
    columns_are cpu=- mem=- memF=- io=- ioF=-
}

@test "-o: the named columns and groups, nothing else" {
    run_vmstat -o cs,free,maj --csv
    succeeds
    local header=${lines[0]} row=${lines[1]}
    [[ $header != *us* && $header != *swpd* ]] || { show_output; false; }
    paste -d= <(tr , '\n' <<< "$header") <(tr , '\n' <<< "$row") > "$T/pairs"
    grep -qx cs=2567 "$T/pairs" && grep -qx free=1111337 "$T/pairs" &&
        grep -qx maj=9 "$T/pairs" || { show_output; false; }
    run_vmstat -o cs,free,maj
    [[ $(tr -s ' \n' ' ' <<< "${lines[-1]}") == *2567* && $(wc -w <<< "${lines[-1]}") == 3 ]] ||
        { show_output; false; }
}

@test "-o: a group by name is its columns" {
    run_vmstat -o cpu
    [[ $(tr -s ' ' <<< " ${lines[-1]}") == " 37 13 29 11 4 6" ]] || { show_output; false; }
}

@test "-o help lists what there is; what there is not is an error" {
    run_vmstat -o nosuch
    fails_with '*nosuch*'
    run_vmstat -o ''
    fails_with '*'
    requires_feature help
    run_vmstat --columns=help
    succeeds
    local name
    for name in r b swpd free buff cache inact active si so bi bo in cs us sy \
        id wa st gu min maj oom; do
        grep -qw -- "$name" <<< "$output" || { echo "no $name"; show_output; false; }
    done
}

@test "--classic has 18 columns whatever else is built in" {
    run_vmstat --classic
    [[ $(wc -w <<< "${lines[2]}") == 18 && $(wc -w <<< "${lines[1]}") == 18 ]]
}

@test "-H: sizes for people" {
    run_vmstat -H $CALM
    # 6169 KiB = 6.02 MiB, 1111337 = 1.06 GiB, 22543 = 22.0, 333010 = 325.2
    columns_are swpd=6.0M free=1.1G buff=22M cache=325M
    columns_are cs=2567 us=37
}

# bats test_tags=serial
@test "the schedule is absolute: a stop of two delays and a half shifts no later report" {
    requires_tool jq
    "$VMSTAT" --proc=/proc $HOST $CALM --json -o cs 0.8 5 > "$T/out" 3>&- &
    local pid=$!
    until_true test -s "$T/out"
    kill -STOP $pid
    sleep 2
    kill -CONT $pid
    wait $pid
    # Where reports 3 to 5 are between the multiples of 800 ms: a schedule
    # that starts anew after the stop would have them around 400.
    jq -r '.time[17:23] | tonumber * 1000 | round' "$T/out" |
        awk 'NR == 1 { first = $1 }
            NR > 2 { at = ($1 - first + 60000) % 800; if (at > 200 && at < 600) { print "report " NR " at " at; bad = 1 } }
            END { exit bad || NR != 5 }' || { cat "$T/out"; false; }
}

# traced CALLS ARGS...: those system calls, one a line, in $T/trace.
trace_calls() {
    requires_tool strace
    strace -o "$T/trace" -e "trace=$1" "$VMSTAT" "--proc=$T/f/proc" \
        "--sys=$T/f/sys" "${@:2}" > "$T/out" 2>"$T/err" || {
        strace -o /dev/null true 2>/dev/null || skip "no right to trace"
        cat "$T/err"
        false
    }
}

@test "only the files that the columns need are opened" {
    trace_calls open,openat,openat2 -o us,cs $CALM
    grep -q '/stat"' "$T/trace"
    run ! grep -E 'meminfo|vmstat"|pressure|slabinfo|diskstats' "$T/trace"
    trace_calls open,openat,openat2 -o free $CALM
    grep -q meminfo "$T/trace"
    run ! grep -E '/stat"|vmstat"|pressure' "$T/trace"
}

@test "the kernel's files stay open: read again, not opened again" {
    trace_calls open,openat,openat2 $HOST --proc=/proc --sys=/sys $CALM 0.01 5
    [[ $(grep -c '/proc/stat"' "$T/trace") == 1 && $(grep -c meminfo "$T/trace") == 1 ]] || { cat "$T/trace"; false; }
}

@test "of /proc/vmstat no more is read than is wanted, once its place is known" {
    trace_calls pread64 $HOST --proc=/proc --sys=/sys $CALM -o bi 0.01 4
    grep -qE '^pgpgin' /proc/vmstat || skip "no pgpgin here"
    # Up to pgpgin, whose numbers and those before it may grow meanwhile.
    local most
    most=$(($(sed '/^pgpgin/q' /proc/vmstat | wc -c) + 48))
    [[ $(wc -c < /proc/vmstat) -gt $most ]] || skip "a short vmstat"
    [[ $(sed -n 's/^pread.*nr_free_pages.*, \([0-9]*\), 0) = .*/\1/p' "$T/trace" | tail -n 1) -le $most ]] || { cat "$T/trace"; false; }
}

@test "a report is one write" {
    local format
    for format in -n --json; do
        trace_calls write,writev $format $CALM 0.01 4
        [[ $(grep -c '^writev\?(1,' "$T/trace") == 4 ]] || { cat "$T/trace"; false; }
    done
}
