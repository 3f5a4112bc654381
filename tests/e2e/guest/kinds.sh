# kinds - what other tools get wrong, on a kernel: cache, layers, ends
# shellcheck shell=dash
# files: work
# modules: null_blk dm-mod
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G

# Page cache: 48 MiB read under 32 MiB, then 15 MiB really allocated.
# (The cache of a block device goes with the last that has it open.)
exec 7</dev/nullb0
make_cgroup $G/cache memory.max=32M memory.swap.max=0
in_cgroup $G/cache dd if=/dev/nullb0 of=/dev/null bs=1M count=48 2>/dev/null
sleep 3
run cache vmstat --cgroup=/cache --json
run cache_table vmstat --cgroup=/cache 0.5 2
work in $G/cache touch 15 1
echo $? >/tmp/allocated
report allocated 0
note allocated_events $G/cache/memory.events

make_cgroup $G/high memory.high=16M
run high vmstat --cgroup=/high --json

# Layers: 6400 KiB through one linear device, then through two.
size=$(cat /sys/block/nullb0/size)
work stack "$(cat /sys/block/nullb0/dev)" "$size"
work stack "$(cat /sys/block/dm-0/dev)" "$size"
for layers in 1 2; do
	make_cgroup $G/layers$layers
	watch_start layers$layers vmstat --cgroup=/layers$layers --json 4 2
	sleep 1
	in_cgroup $G/layers$layers dd if=/dev/zero of=/dev/dm-$((layers - 1)) \
		oflag=direct bs=64k count=100 2>/dev/null
	watch_end layers$layers
	note io$layers $G/layers$layers/io.stat
done
run layers_sum vmstat -D --json

# The end, also where a new cgroup has taken the name.
make_cgroup $G/end
work in $G/end wait 60000 &
worker=$!
watch_start end vmstat --cgroup=/end --json 1 8
sleep 2.5
kill $worker
wait $worker
rmdir $G/end
make_cgroup $G/end
watch_end end

# A controller that is switched off for a while.
make_cgroup $G/off
watch_start off vmstat --cgroup=/off --json 1 7
sleep 1.5
echo -io >$G/cgroup.subtree_control
sleep 2
echo +io >$G/cgroup.subtree_control
in_cgroup $G/off dd if=/dev/nullb0 of=/dev/null iflag=direct bs=64k count=10 2>/dev/null
watch_end off

# Another's cgroup is all that is mounted.
make_cgroup $G/mine
make_cgroup $G/other memory.max=8M
cat >/tmp/only_other.sh <<'END'
mount --bind /sys/fs/cgroup/other /mnt && umount -l /sys/fs/cgroup &&
	mount --move /mnt /sys/fs/cgroup && exec vmstat --scope=cgroup --json
END
mkdir -p /mnt
run other work in $G/mine exec /bin/unshare -m sh /tmp/only_other.sh

# A first report alarms nobody: a kill and heavy faults since the start.
make_cgroup $G/killed memory.max=8M memory.swap.max=0
work in $G/killed touch 16 1 2>/dev/null
run killed vmstat --cgroup=/killed
run killed_json vmstat --cgroup=/killed --json
run killed_host vmstat --scope=host
