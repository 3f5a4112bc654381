# split - memory and blkio on v1, cpu on v2; a kernel booted without pressure
# shellcheck shell=dash disable=SC2046 # words are meant to split
# files: work
# append: psi=0
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs none $G
mkdir $G/memory $G/blkio $G/unified
mount -t cgroup -o memory cgroup $G/memory || echo '@@ no memory'
mount -t cgroup -o blkio cgroup $G/blkio
mount -t cgroup2 cgroup2 $G/unified
note controllers $G/unified/cgroup.controllers
echo '+cpu +pids' >$G/unified/cgroup.subtree_control

# The memory cgroup has another name than the one of the rest.
make_cgroup $G/memory/m memory.limit_in_bytes=32M
make_cgroup $G/unified/c cpu.max='20000 100000'
work in $G/memory/m in $G/unified/c touch 8 1 spin 800 &
worker=$!
sleep 0.5
note before $G/memory/m/memory.usage_in_bytes $G/unified/c/cpu.stat
run both vmstat --pid=$worker --json -x -y 2 1
note after $G/memory/m/memory.usage_in_bytes $G/unified/c/cpu.stat
run marked work in $G/memory/m in $G/unified/c exec /bin/env container=oci \
	vmstat --json
wait $worker

# No pressure anywhere, and that is no reason to complain.
run host vmstat --json -x 1 2
run host_table vmstat -x 1 2
make_cgroup $G/unified/idle
run cgroup vmstat --cgroup=/idle --json -x 1 2
run cgroup_table vmstat --cgroup=/idle 1 2
