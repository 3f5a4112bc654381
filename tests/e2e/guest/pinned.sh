# pinned - two threads on one CPU of four
# shellcheck shell=dash
# files: work
# smp: 4
mount -t proc proc /proc
mount -t sysfs sys /sys
work cpu 2 threads 2 spin 3500 tell pinned >/tmp/told &
sleep 0.5
note ticks_before /proc/stat
run pinned vmstat --scope=host -x --alert=off --alert=cpu_some=5,10 --top=3,alert --json -y 3 1
note ticks_after /proc/stat
wait
begin pinned_told
cat /tmp/told
end pinned_told
