# cpus - processors that leave and come back
# shellcheck shell=dash
# files: work
# smp: 2
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G

# CPUs that leave: a busy loop of one CPU, beside a machine of two, then one, from just
# after the second report on.
make_cgroup $G/spin
work in $G/spin spin 60000 &
watch_start cpus vmstat --cgroup=/spin --json 3 3
until [ "$(wc -l </tmp/cpus)" -ge 2 ]; do sleep 0.1; done
echo 0 >/sys/devices/system/cpu/cpu1/online
watch_end cpus
kill %1
run one_cpu vmstat --scope=host --json -y 0.1 100
echo 1 >/sys/devices/system/cpu/cpu1/online
