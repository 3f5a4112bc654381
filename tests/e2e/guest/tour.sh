# tour - the commands of README's tour, on loads that give them something to show
# shellcheck shell=dash disable=SC1091,SC2046,SC2086 # words are meant to split
# files: work
# modules: lzo-rle zram null_blk
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
swap_on 64M
ifconfig lo 127.0.0.1 up
export NO_COLOR=1 TERM=xterm LC_ALL=C.UTF-8
for name in api cache backup leak; do
	ln -s /bin/work /tmp/$name
done
cd /tmp || exit

cat >show <<'END'
show() { # COMMAND [HOW]: what a terminal shows of it, run as HOW where the guest differs
	echo "$ $1"
	eval "${2:-$1}" 2>&1 </dev/null
}
END
. ./show

begin tour
make_cgroup $G/shop cgroup.subtree_control='+memory +cpu +pids +io'
make_cgroup $G/shop/api cpu.max='50000 100000' memory.max=64M memory.swap.max=0
make_cgroup $G/shop/cache memory.max=16M
make_cgroup $G/shop/backup io.max="$(cat /sys/block/nullb0/dev) rbps=1048576"
in_cgroup $G/shop/backup /tmp/backup read /dev/nullb0 102400 &
sleep 4
show 'vmstat 1 2'
show 'vmstat -o procs,io,cpu --top=1,alert -y 5 1'

# In a container: half a CPU for two loops, 59 of 64 MiB in use.
cat >inside <<'END'
. ./show
/tmp/api touch 59 1 fork 2 spin 10000 &
sleep 2
show 'vmstat -o us,sy,maj,cpu_some,mem_limit,mem_pct,cpu_limit,thr_pct -y 1 3'
show 'vmstat --check'
sleep 6
END
work in $G/shop/api newns $G exec /bin/sh inside &
sleep 9
/tmp/cache in $G/shop/cache touch 20 20 &
sleep 1
show 'vmstat --cgroup=/shop --cgroups 2 1'
kill $!
wait $! 2>/dev/null

# It grows by 2 MiB a second, is killed at its limit, and begins anew.
make_cgroup $G/leak memory.max=64M memory.swap.max=0
grow=$(for _ in $(seq 40); do echo touch 2 1 wait 1000; done)
for _ in 1 2 3; do
	/tmp/leak in $G/leak touch 8 1 $grow 2>/dev/null
done &
sleep 0.5
vmstat --cgroup=/leak --record=recording.csv 1 56 >/dev/null 2>&1
show 'vmstat --replay=recording.csv --from=-2s -o oom,mem_full,avail,mem_pct'
show 'vmstat --replay=recording.csv --graph=mem_pct'

vmstat --listen=9799 --cgroups=2 2>/dev/null &
sleep 1
show 'curl -s localhost:9799/metrics | grep ^vmstat_cgroup_throttled' \
	'wget -qO- http://127.0.0.1:9799/metrics | grep ^vmstat_cgroup_throttled'
end tour
