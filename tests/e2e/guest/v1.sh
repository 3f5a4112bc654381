# v1 - cgroup v1 as cgroupfs-mount lays it out, then systemd's hybrid layout
# shellcheck shell=dash disable=SC2046 # words are meant to split
# files: work
# modules: lzo-rle zram null_blk
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v1 $G
[ -e $G/memory/tasks ] || return 0 # as since 6.12: nothing to see
swap_on 64M
run page sed -n '/^KernelPageSize/ { s/[^0-9]//g; p; q; }' /proc/self/smaps

make_v1() { # NAME [FILE=VALUE]...: in each hierarchy; FILE names its own
	for hierarchy in memory cpu,cpuacct blkio pids; do
		mkdir -p "$G/$hierarchy/$1"
	done
	directory=$1
	shift
	for setting; do
		case $setting in
		memory.*) hierarchy=memory ;;
		cpu.*) hierarchy=cpu,cpuacct ;;
		esac
		echo "${setting#*=}" >"$G/$hierarchy/$directory/${setting%%=*}" ||
			echo "@@ cannot set $setting"
	done
}

join_v1() { # NAME: the words for work
	for hierarchy in memory cpu,cpuacct blkio pids; do
		printf 'in %s ' "$G/$hierarchy/$1"
	done
}

files() {
	for file in memory.stat memory.usage_in_bytes memory.memsw.usage_in_bytes \
		memory.oom_control; do
		echo "$G/memory/$1/$file"
	done
	echo "$G/blkio/$1/blkio.throttle.io_service_bytes_recursive"
	for file in cpu.stat cpuacct.usage cpuacct.stat; do
		echo "$G/cpu,cpuacct/$1/$file"
	done
}

# Memory, as in v2.sh.
make_v1 a memory.limit_in_bytes=16M
watch_start swap vmstat --cgroup=/a --json -x -y 10 1
watch_start swap_host vmstat --scope=host --json -x -y 10 1
watch_start swap_table vmstat --cgroup=/a -y 10 1
sleep 1
note swap_before $(files a) /proc/vmstat
work $(join_v1 a) touch 24 3 wait 25000 &
worker=$!
watch_end swap
watch_end swap_host
watch_end swap_table
note swap_after $(files a) /proc/vmstat
run pid vmstat --pid=$worker --json
run inside_host work $(join_v1 a) exec /bin/vmstat --json
run inside_marked work $(join_v1 a) exec /bin/env container=oci vmstat --json
run own_namespace work $(join_v1 a) newns - exec /bin/vmstat --json
begin line
vmstat --cgroup=/a >/dev/null
end line
note stats_before $(files a)
run stats vmstat --cgroup=/a -s
run stats_json vmstat --cgroup=/a -s --json
wait $worker

# Disk, as in v2.sh. Kernels from 5.18 count what v1's blkio throttles only
# where there is a rule, here one that is out of reach.
make_v1 d
for direction in read write; do
	echo "$(cat /sys/block/nullb0/dev) 4000000000" \
		>"$G/blkio/d/blkio.throttle.${direction}_bps_device"
done
watch_start disk vmstat --cgroup=/d --json -x -y 8 1
sleep 1
work $(join_v1 d) map /dev/nullb0 200
work $(join_v1 d) exec /bin/dd if=/dev/zero of=/dev/nullb0 oflag=direct \
	bs=64k count=50 2>/dev/null
watch_end disk
note disk_after $(files d)

# CPU, as in v2.sh.
make_v1 c cpu.cfs_period_us=100000 cpu.cfs_quota_us=20000
sleep 1
watch_start quota vmstat --cgroup=/c --json -x -y 5 1
sleep 1
note quota_before $(files c)
work $(join_v1 c) spin 400
watch_end quota
note quota_after $(files c)
work $(join_v1 c) spin 1800 &
sleep 0.5
run loop vmstat --cgroup=/c --json -x -y 3 1
run loop_table vmstat --cgroup=/c 1 3
wait $!

# A quota on the parent only.
make_v1 q cpu.cfs_period_us=100000 cpu.cfs_quota_us=20000
make_v1 q/child
sleep 1
watch_start parent vmstat --cgroup=/q/child --json -x -y 5 1
sleep 1
note parent_before $G/cpu/q/cpu.stat $G/cpu,cpuacct/q/cpu.stat
note child_before $G/cpu,cpuacct/q/child/cpu.stat
work $(join_v1 q/child) spin 400
watch_end parent
note parent_after $G/cpu,cpuacct/q/cpu.stat
note child_after $G/cpu,cpuacct/q/child/cpu.stat

# OOM, as in v2.sh: without swap for it.
make_v1 o memory.limit_in_bytes=32M memory.memsw.limit_in_bytes=32M
make_v1 n
watch_start oom vmstat --cgroup=/o --json -x -y 4 1
watch_start oom_next vmstat --cgroup=/n --json -x -y 4 1
sleep 1
note oom_before $(files o)
run oom_work work $(join_v1 o) touch 64 1
sleep 1
note oom_after $(files o)
watch_end oom
watch_end oom_next

# Nested limits.
make_v1 gp memory.limit_in_bytes=32M
make_v1 gp/s memory.limit_in_bytes=8M
make_v1 gp/p
make_v1 gp/p/c memory.limit_in_bytes=30M
echo 256M >$G/memory/gp/p/c/memory.limit_in_bytes
work $(join_v1 gp/p/c) touch 4 1 wait 3000 &
sleep 1
note nested_usage $G/memory/gp/memory.usage_in_bytes
run nested vmstat --cgroup=/gp/p/c --json
run nested_sibling vmstat --cgroup=/gp/s --json
run unlimited vmstat --cgroup=/n --json -x
wait $!

# Tasks.
make_v1 t
for name in x y y/z; do make_v1 t/$name; done
watch_start tasks vmstat --cgroup=/t --json -x -y 5 1
sleep 0.5
work $(join_v1 t) wait 6000 &
work $(join_v1 t/x) fork 3 spin 3000 &
work $(join_v1 t/y) vfork 2 6000 &
work $(join_v1 t/y/z) threads 4 switch 250 2000 wait 4000 &
watch_end tasks
wait

# The container ends between two samples.
make_v1 e
watch_start gone vmstat --cgroup=/e --json 1 10
sleep 2.5
for hierarchy in memory cpu,cpuacct blkio pids; do rmdir $G/$hierarchy/e; done
watch_end gone

# Hybrid: the limits stay on v1, pressure comes from the v2 directory.
mkdir $G/unified
mount -t cgroup2 cgroup2 $G/unified
make_v1 h memory.limit_in_bytes=16M
mkdir $G/unified/h
work $(join_v1 h) in $G/unified/h wait 2500 touch 24 3 wait 8000 &
worker=$!
sleep 0.5
watch_start hybrid vmstat --pid=$worker --json -x -y 8 1
sleep 1
note hybrid_before $(files h) $G/unified/h/memory.pressure
watch_end hybrid
note hybrid_after $(files h) $G/unified/h/memory.pressure
run hybrid_cgroup vmstat --cgroup=/h --json -x
wait $worker
