# i386 - a 32-bit machine: the exporter in its sandbox, and how it ends
# shellcheck shell=dash
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
ifconfig lo 127.0.0.1 up
make_cgroup $G/c memory.max=32M

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

watch_start json vmstat --json -x -y 2 1
sleep 0.5
timeout 1 dd if=/dev/zero of=/dev/null bs=4k 2>/dev/null
watch_end json
