# cpus - processors that leave and come back
# shellcheck shell=dash
# files: work
# smp: 2
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G

# CPUs that leave: a busy loop of one CPU, beside a machine of two, then one.
make_cgroup $G/spin
work in $G/spin spin 20000 &
watch_start cpus vmstat --cgroup=/spin --json 3 3
sleep 3.5
echo 0 >/sys/devices/system/cpu/cpu1/online
watch_end cpus
run one_cpu vmstat --scope=host --json 1 2
echo 1 >/sys/devices/system/cpu/cpu1/online
