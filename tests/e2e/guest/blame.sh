# blame - --top, --cgroups, --check and --record on loads that are known
# shellcheck shell=dash disable=SC2046 # words are meant to split
# files: work
# memory: 512
# modules: lzo-rle zram null_blk dm-mod
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
swap_on 64M

# Two hundred threads that sleep 40 times each, in the interval, beside one
# process that sleeps 300 times.
watch_start top vmstat --scope=host --alert=off --threshold=100 --top=3,alert --json -y 5 1
sleep 0.5
work threads 200 switch 40 2000 wait 6000 &
work switch 300 2000 wait 6000 &
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

# What each workload counted itself, by its step `tell`.
counting() { work "$@" >>/tmp/told & }

# A reader and a writer of a disk that lets 1 MiB/s and a half through, past the
# page cache, beside a process that sleeps 300 times a second.
disk=$(cat /sys/block/nullb0/dev)
make_cgroup $G/reader io.max="$disk rbps=1048576"
make_cgroup $G/writer io.max="$disk wbps=524288"
counting in $G/reader read /dev/nullb0 512 tell reader_before wait 2000 read /dev/nullb0 5120 tell reader wait 5000
counting in $G/writer wait 2000 write /dev/nullb0 2560 tell writer wait 5000
work switch 3000 3333 &
sleep 1
run reader vmstat --scope=host --alert=off --alert=io_full=10,20 --top=4,alert --json -y 8 1
wait

# A task that hangs on a device that is suspended, beside one that reads.
work stack "$disk" "$(cat /sys/block/nullb0/size)"
work suspend "$disk"
counting read /dev/dm-0 64 tell hung
hung=$!
counting in $G/reader read /dev/nullb0 4096 tell beside wait 4000
sleep 1
for user in 0 1000; do
	watch_start hung_$user work uid $user exec /bin/vmstat --scope=host --alert=off \
		--alert=io_full=10,20 --top=4,alert --json -y 4 1
done
run hung_text vmstat --scope=host --alert=off --alert=io_full=10,20 --top=4,alert -y 3 1
for user in 0 1000; do
	watch_end hung_$user
done
note hung_wchan /proc/$hung/wchan
work resume "$disk"
wait

# Command lines of 4,096 bytes, with the NUL at the end, and of two more.
long=$(printf '%04065d' 0)
watch_start args vmstat --scope=host --top=9,always --json -y 2 1
sleep 0.5
for args in "$long" "${long}00"; do
	work wait 3000 exec /bin/true "$args" &
done
watch_end args
wait

# A leak: to nine tenths of the limit, and then it keeps what it has. Another that
# swaps. Beside each a loop that runs for longer.
make_cgroup $G/leak memory.max=32M memory.swap.max=0
make_cgroup $G/swaps memory.max=16M
watch_start leak vmstat --cgroup=/leak --top=3,alert --json -y 6 1
sleep 1
counting in $G/leak touch 20 1 wait 2000 touch 9 1 tell leak wait 15000
work in $G/leak spin 500 wait 5000 &
watch_end leak
watch_start swap vmstat --scope=host --alert=off --alert=swap=1,2 --top=3,alert --json -y 8 1
watch_start maj vmstat --scope=host --alert=off --alert=maj=1,2 --top=9,alert --json -y 8 1
sleep 1
counting in $G/swaps touch 24 3 tell swapper wait 7000
work spin 3500 wait 7000 &
watch_end swap
watch_end maj
wait

# A loop beside 3,000 processes that sleep 12 s each time. The first look at so
# many takes seconds here, and the loop is there before, in between and after.
make_cgroup $G/sleepers
work in $G/sleepers fork 3000 switch 3 12000000 &
until [ "$(wc -l <$G/sleepers/cgroup.procs)" -gt 3000 ]; do sleep 0.2; done
counting spin 15000 tell spinner
run spinner vmstat --scope=host --alert=off --alert=cpu_some=1,2 --top=3,alert --json -y 10 1
begin sleepers
awk '{ split($4, n, "/"); print "tasks", n[2] }' /proc/loadavg
end sleepers
wait

begin told
cat /tmp/told
end told
