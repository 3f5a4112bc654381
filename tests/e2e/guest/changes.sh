# changes - a machine that changes while it runs: its clock, its memory, its cgroups
# shellcheck shell=dash disable=SC2012 # a descriptor is a number
# memory: 512
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
ifconfig lo 127.0.0.1 up

# An hour back, then two ahead, each between two reports.
watch_start clock vmstat --scope=host --json -q -o cs,us,id 1 8
sleep 2.5
date -s "@$(($(date +%s) - 3600))" >/dev/null
sleep 2
date -s "@$(($(date +%s) + 7200))" >/dev/null
watch_end clock

# A block of memory that the kernel gives up.
watch_start memory vmstat --scope=host --json -q -s 1 1
watch_end memory
for block in /sys/devices/system/memory/memory*; do
	echo offline >"$block/state" 2>/dev/null && { echo "@@ offline ${block##*/}"; break; }
done
note after /proc/meminfo
run less vmstat --scope=host --json -q -s

# A cgroup that is made anew a thousand times, and lives for a millisecond or two.
vmstat --listen=9799 --cgroups=1 2>/tmp/listening &
server=$!
watch_start children vmstat --cgroups --json -q 0.05 200
n=0
while [ $n -lt 1000 ]; do
	mkdir $G/again && rmdir $G/again
	n=$((n + 1))
	[ $((n % 20)) != 0 ] || wget -qO- http://127.0.0.1:9799/metrics >/tmp/scrape || echo "@@ no answer"
done
mkdir $G/again
run scrape wget -qO- http://127.0.0.1:9799/metrics
watch_end children
begin server
cat /tmp/listening
ls /proc/$server/fd | wc -l
kill $server
wait $server
echo $?
end server
