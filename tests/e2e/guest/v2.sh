# v2 - cgroup v2: cache, layers, memory with swap, disk, CPU, OOM, tasks, nesting, the
# end
# shellcheck shell=dash disable=SC2046 # words are meant to split
# files: work
# modules: lzo-rle zram null_blk dm-mod
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
swap_on 64M
run page sed -n '/^KernelPageSize/ { s/[^0-9]//g; p; q; }' /proc/self/smaps

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

files() { # DIR: what the notes below hold
	for file in memory.stat memory.current memory.swap.current memory.events \
		memory.pressure io.pressure cpu.pressure io.stat cpu.stat; do
		echo "$1/$file"
	done
}

# Memory: 24 MiB touched three times over under a limit of 16 MiB. The kernel
# folds its counters every 2 s, hence the long intervals, which cost nothing.
make_cgroup $G/a memory.max=16M
watch_start swap vmstat --cgroup=/a --json -x -y 10 1
watch_start swap_host vmstat --scope=host --json -x -y 10 1
watch_start swap_table vmstat --cgroup=/a -y 10 1
sleep 1
note swap_before $(files $G/a) /proc/vmstat
work in $G/a touch 24 3 wait 25000 &
worker=$!
watch_end swap
watch_end swap_host
watch_end swap_table
note swap_after $(files $G/a) /proc/vmstat
run pid vmstat --pid=$worker --json
run inside_host work in $G/a exec /bin/vmstat --json
run inside_marked work in $G/a exec /bin/env container=oci vmstat --json
run own_namespace work in $G/a newns $G exec /bin/vmstat --json
run own_namespace_old_mount work in $G/a newns - exec /bin/vmstat --json
make_cgroup $G/a/leaf
run own_namespace_leaf work in $G/a newns $G in $G/leaf exec /bin/vmstat --json
run absolute vmstat --cgroup=$G/a --json
run nosuch vmstat --cgroup=/nosuch --json
# A console of s390x has 80 columns, at which messages break.
stty cols 200 </dev/console
begin line
vmstat --cgroup=/a >/dev/null
end line
begin line_own
work in $G/a newns $G exec /bin/vmstat >/dev/null
end line_own
note stats_before $(files $G/a)
run stats vmstat --cgroup=/a -s
run stats_json vmstat --cgroup=/a -s --json
wait $worker
rmdir $G/a/leaf

# Disk: 200 pages mapped and read one by one, 1 ms each, and 50 writes.
make_cgroup $G/d
echo 1 >/proc/sys/vm/drop_caches
watch_start disk vmstat --cgroup=/d --json -x -y 8 1
watch_start disk_host vmstat --scope=host --json -x -y 8 1
sleep 1
note disk_before $(files $G/d)
work in $G/d map /dev/nullb0 200
in_cgroup $G/d dd if=/dev/zero of=/dev/nullb0 oflag=direct bs=64k count=50 \
	2>/dev/null
watch_end disk
watch_end disk_host
note disk_after $(files $G/d)
run disks vmstat --cgroup=/d -d --json
run disks_sum vmstat --cgroup=/d -D --json

# CPU: a fifth of a processor. First a known amount of work within the
# interval, then an endless loop around it.
make_cgroup $G/c cpu.max='20000 100000'
sleep 1
watch_start quota vmstat --cgroup=/c --json -x -y 5 1
sleep 1
note quota_before $(files $G/c)
work in $G/c spin 400
watch_end quota
note quota_after $(files $G/c)
work in $G/c spin 1800 &
sleep 0.5
run loop vmstat --cgroup=/c --json -x -y 3 1
run loop_table vmstat --cgroup=/c 1 3
wait $!

# A quota on the parent only.
make_cgroup $G/q cpu.max='20000 100000' cgroup.subtree_control=+cpu
make_cgroup $G/q/child
sleep 1
watch_start parent vmstat --cgroup=/q/child --json -x -y 5 1
sleep 1
note parent_before $G/q/cpu.stat
note child_before $G/q/child/cpu.stat
work in $G/q/child spin 400
watch_end parent
note parent_after $G/q/cpu.stat
note child_after $G/q/child/cpu.stat

# OOM: 64 MiB into 32, and a cgroup next door that must not notice.
make_cgroup $G/o memory.max=32M memory.swap.max=0
make_cgroup $G/n
watch_start oom vmstat --cgroup=/o --json -x -y 4 1
watch_start oom_next vmstat --cgroup=/n --json -x -y 4 1
watch_start oom_host vmstat --scope=host --json -x -y 4 1
sleep 1
note oom_before $(files $G/o)
run oom_work work in $G/o touch 64 1
sleep 1
note oom_after $(files $G/o)
watch_end oom
watch_end oom_next
watch_end oom_host

# Nested limits: 32 MiB on the grandparent, 256 on the child, 8 next door.
make_cgroup $G/gp memory.max=32M cgroup.subtree_control='+memory +cpu'
make_cgroup $G/gp/s memory.max=8M
make_cgroup $G/gp/p cgroup.subtree_control='+memory +cpu'
make_cgroup $G/gp/p/c memory.max=256M
work in $G/gp/p/c touch 4 1 wait 3000 &
sleep 1
note nested_usage $G/gp/memory.current
run nested vmstat --cgroup=/gp/p/c --json
run nested_parent vmstat --cgroup=/gp/p --json
run nested_sibling vmstat --cgroup=/gp/s --json
run unlimited vmstat --cgroup=/n --json -x
wait $!

# Tasks: three runnable and two in D in children, four threads that switch
# 250 times each in a grandchild, one sleeper above them.
make_cgroup $G/t
for name in x y y/z; do make_cgroup $G/t/$name; done
watch_start tasks vmstat --cgroup=/t --json -x -y 5 1
sleep 0.5
work in $G/t wait 6000 &
work in $G/t/x fork 3 spin 3000 &
work in $G/t/y vfork 2 6000 &
work in $G/t/y/z threads 4 switch 250 2000 wait 4000 &
note tasks_host_before /proc/stat
watch_end tasks
note tasks_host_after /proc/stat
run tasks_x vmstat --cgroup=/t/x --json
run tasks_empty vmstat --cgroup=/n --json
wait

# Switches: four threads that were there before and sleep 250 times each in
# the interval, four that are born in it, and a task that had its 500 switches
# elsewhere before it came.
for name in old new moved; do make_cgroup $G/$name; done
work in $G/old threads 4 wait 1500 switch 250 2000 wait 9000 &
work switch 500 500 wait 2500 in $G/moved wait 6000 &
sleep 1
watch_start old vmstat --cgroup=/old --json -y 5 1
watch_start new vmstat --cgroup=/new --json -y 5 1
watch_start moved vmstat --cgroup=/moved --json -y 5 1
sleep 0.5
work in $G/new threads 4 switch 250 2000 wait 6000 &
for name in old new moved; do watch_end $name; done
wait

# The container ends between two samples.
make_cgroup $G/e
watch_start gone vmstat --cgroup=/e --json 1 10
watch_start gone_table vmstat --cgroup=/e 1 10
sleep 2.5
rmdir $G/e
watch_end gone
watch_end gone_table

# A cgroup whose first task has ended: its counters are older than any task.
make_cgroup $G/r
work in $G/r spin 500
work in $G/r wait 1500 &
sleep 0.2
run late vmstat --cgroup=/r --json -x
wait

# A cgroup that is gone already, while a zombie still names it. The bind mount
# of another cgroup must not be taken for it.
make_cgroup $G/del
mkdir /bound
mount --bind $G/a /bound
sh -c "work in $G/del wait 200 & echo \$! >/tmp/zombie; exec sleep 3" &
sleep 1
rmdir $G/del
note deleted_cgroup "/proc/$(cat /tmp/zombie)/cgroup"
run deleted vmstat --pid="$(cat /tmp/zombie)" --json
umount /bound
wait

# Pressure turned off for one cgroup, before and while one looks.
make_cgroup $G/u cgroup.pressure=0
run nopressure vmstat --cgroup=/u --json -x 1 2
run nopressure_table vmstat --cgroup=/u 1 2
make_cgroup $G/w
watch_start lost vmstat --cgroup=/w --json -x 1 4
sleep 1.5
echo 0 >$G/w/cgroup.pressure
watch_end lost
