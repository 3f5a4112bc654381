# kernel - what must hold on every kernel: a host's CPU time; a quota, an OOM kill and a
# limit of a cgroup; the exporter in its sandbox, and how it ends
# shellcheck shell=dash
# files: work
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
ifconfig lo 127.0.0.1 up

begin release
uname -rm
end release
watch_start host vmstat --json -x -y 2 1
sleep 0.5
work spin 1000
watch_end host

make_cgroup $G/c cpu.max='20000 100000' memory.max=32M memory.swap.max=0
note quota_before $G/c/cpu.stat
watch_start quota vmstat --cgroup=/c --json -x -y 4 1
sleep 0.5
work in $G/c spin 400
watch_end quota
note quota_after $G/c/cpu.stat
echo max >$G/c/cpu.max
watch_start oom vmstat --cgroup=/c --json -x -y 4 1
sleep 0.5
note oom_before $G/c/memory.events
run oom_work work in $G/c touch 64 1
note oom_after $G/c/memory.events
watch_end oom

vmstat --listen=9799 --cgroups 2>/tmp/listening &
server=$!
sleep 1
note before /proc/stat
run metrics wget -qO- http://127.0.0.1:9799/metrics
note after /proc/stat
run page wget -qO- http://127.0.0.1:9799/
begin listening
cat /tmp/listening
grep -E '^(NoNewPrivs|Seccomp)' /proc/$server/status
end listening
begin stopped
kill $server
wait $server
echo $?
end stopped
