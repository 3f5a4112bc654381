# rescue - an initramfs with busybox and vmstat, nothing mounted yet
# shellcheck shell=dash disable=SC2046 # words are meant to split
run noproc vmstat
run noproc_json vmstat --json 1 2
run noproc_stats vmstat -s
run noproc_help vmstat --help

mount -t proc proc /proc
run table vmstat
run classic vmstat --classic
run json vmstat --json -x
run csv vmstat --csv
run stats vmstat -s
run disks vmstat -d
run sum vmstat -D
run slabs vmstat -m
run cgroup vmstat --scope=cgroup

# On the serial console, which is a terminal that knows no width.
begin terminal
vmstat
end terminal
stty cols 40 rows 10 </dev/console
begin narrow
vmstat 1 2
end narrow

# A known load: one processor, busy for half of four seconds.
note cpu_before /proc/stat /proc/vmstat
watch_start cpu vmstat --json -y 4 1
sleep 1
timeout 2 dd if=/dev/zero of=/dev/null bs=4k 2>/dev/null
watch_end cpu
note cpu_after /proc/stat /proc/vmstat

# 16 MiB into a file of the root file system, which is memory.
run memory_before vmstat --json
dd if=/dev/zero of=/tmp/file bs=1M count=16 2>/dev/null
run memory_after vmstat --json
note meminfo_after /proc/meminfo
rm /tmp/file

# A hundred processes, each from fork to end.
watch_start forks vmstat --json -x -y 8 1
sleep 1
run forks_before vmstat -f
note faults_before /proc/stat /proc/vmstat
n=0
while [ $n -lt 100 ]; do
	busybox true
	n=$((n + 1))
done
note faults_after /proc/stat /proc/vmstat
run forks_after vmstat -f
watch_end forks

# Three processes want the one processor.
yes >/dev/null &
yes >/dev/null &
yes >/dev/null &
run busy vmstat --json -y 1 5
kill %1 %2 %3 2>/dev/null || killall yes
