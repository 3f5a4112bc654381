# blame - --top, --cgroups, --check and --record on loads that are known
# shellcheck shell=dash disable=SC2046 # words are meant to split
# files: work
# modules: lzo-rle zram
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
swap_on 64M

# Two hundred threads that sleep 40 times each, in the interval, beside one
# process that sleeps 100 times.
watch_start top vmstat --scope=host --top=3,always --json -y 5 1
sleep 0.5
work threads 200 switch 40 2000 wait 6000 &
work switch 100 2000 wait 6000 &
watch_end top
wait

# Two loops on the only CPU.
work spin 5000 &
work spin 5000 &
sleep 0.5
run spinners vmstat --scope=host --alert=off --top=2,always --json -y 3 1
wait

# Four children: one at a fifth of a CPU, one that swaps, one that is killed for
# want of memory, one idle.
make_cgroup $G/k cgroup.subtree_control='+memory +cpu +pids'
make_cgroup $G/k/throttled cpu.max='20000 100000'
make_cgroup $G/k/swapping memory.max=16M
make_cgroup $G/k/killed memory.max=32M memory.swap.max=0
make_cgroup $G/k/idle
work in $G/k/idle wait 20000 &
watch_start children vmstat --cgroup=/k --cgroups --json 10 1
watch_start children_text vmstat --cgroup=/k --cgroups 10 1
sleep 1
note swapping_before $G/k/swapping/memory.stat
work in $G/k/throttled spin 1700 &
work in $G/k/swapping touch 20 3
work in $G/k/killed touch 64 1 2>/dev/null
sleep 4
note swapping_after $G/k/swapping/memory.stat
watch_end children
watch_end children_text
wait

# Why a cgroup waits: its quota, others, its own tasks.
make_cgroup $G/p cgroup.subtree_control='+cpu'
make_cgroup $G/p/own cpu.max='20000 100000'
make_cgroup $G/p/other
work in $G/p/own spin 2000 &
sleep 1
run quota vmstat --cgroup=/p/own --check --json 3
run quota_text vmstat --cgroup=/p/own --check 1
wait
echo max >$G/p/own/cpu.max
work in $G/p/own spin 6000 &
work in $G/p/other spin 6000 &
sleep 1
run contended vmstat --cgroup=/p/own --check --json --alert=cpu_some=30,40 3
wait
work in $G/p/own fork 2 spin 3000 &
sleep 1
run queueing vmstat --cgroup=/p/own --check --json --alert=cpu_some=30,40 3
wait

# A recording of a container that is killed for want of memory, and gone with
# its counters before anybody looked.
make_cgroup $G/e cgroup.subtree_control='+memory'
make_cgroup $G/e/c memory.max=16M memory.swap.max=0
watch_start recorder vmstat --cgroup=/e/c --record=/tmp/recording,10 2 10
sleep 2.5
work in $G/e/c touch 32 1 2>/dev/null
rmdir $G/e/c
watch_end recorder
run replay vmstat --replay=/tmp/recording --json
