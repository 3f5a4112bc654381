# exporter - --listen on a node as the kubelet makes it: two containers of a pod, of
# which one is killed for want of memory and gone
# shellcheck shell=dash disable=SC2046 # words are meant to split
# files: work
# modules: lzo-rle zram
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
swap_on 64M
ifconfig lo 127.0.0.1 up

uid=1a2b3c4d_5e6f_7081_92a3_b4c5d6e7f809
first=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
second=fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210
B=$G/kubepods.slice/kubepods-burstable.slice
P=$B/kubepods-burstable-pod$uid.slice
make_cgroup $G/kubepods.slice cgroup.subtree_control='+memory +cpu +pids'
make_cgroup $B cgroup.subtree_control='+memory +cpu +pids'
make_cgroup $P cgroup.subtree_control='+memory +cpu +pids' memory.max=64M
make_cgroup $P/cri-containerd-$first.scope cpu.max='20000 100000' memory.max=32M
make_cgroup $P/cri-containerd-$second.scope memory.max=16M memory.swap.max=0

vmstat --listen=9799 --cgroups=4 2>/tmp/listening &
server=$!
sleep 0.5
# A fifth of a CPU for two seconds; 24 MiB in 32 that stay.
work in $P/cri-containerd-$first.scope spin 2000
work in $P/cri-containerd-$first.scope touch 24 1 wait 20000 &
work in $P/cri-containerd-$second.scope touch 32 1 2>/dev/null
sleep 1
run early wget -qO- http://127.0.0.1:9799/metrics
rmdir $P/cri-containerd-$second.scope
note before $P/cri-containerd-$first.scope/cpu.stat $P/cri-containerd-$first.scope/memory.stat \
	$P/cri-containerd-$first.scope/memory.current $P/memory.events /proc/vmstat /proc/stat
run metrics wget -qO- http://127.0.0.1:9799/metrics
note after $P/cri-containerd-$first.scope/cpu.stat $P/cri-containerd-$first.scope/memory.stat \
	$P/cri-containerd-$first.scope/memory.current $P/memory.events /proc/vmstat /proc/stat
run page wget -qO- http://127.0.0.1:9799/
run health wget -qO- http://127.0.0.1:9799/healthz
run container vmstat --prometheus --cgroup=/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod$uid.slice/cri-containerd-$first.scope
begin listening
cat /tmp/listening
grep -E '^(NoNewPrivs|Seccomp|VmRSS)' /proc/$server/status
end listening
begin stopped
kill $server
wait $server
echo $?
end stopped
