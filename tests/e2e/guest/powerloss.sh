# powerloss - what a recording holds after the power went, and a recorder that goes on
# until it goes again
# shellcheck shell=dash
# smp: 1
# memory: 128
# append: no_timer_check
mount -t proc proc /proc
mount -t sysfs sys /sys
echo 50 >/proc/sys/vm/dirty_expire_centisecs
echo 20 >/proc/sys/vm/dirty_writeback_centisecs
# Without a journal there is nothing to commit.
mkdir -p /mnt
mount -t ext4 -o commit=1 /dev/nvme0n1 /mnt 2>/dev/null || mount -t ext4 /dev/nvme0n1 /mnt
[ ! -e /mnt/recording ] || run kept vmstat --replay=/mnt/recording --csv
echo '@@ recording'
vmstat --scope=host --csv -y --record=/mnt/recording,100000 0.1 | cat
