# witness - procps's programs and vmstat in one container, throttled and nearly full
# shellcheck shell=dash disable=SC2086 # words are meant to split
# files: work crun /usr/bin/free /usr/bin/top /usr/bin/vmstat /lib/terminfo/d/dumb
# modules: null_blk
# memory: 512
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
mkdir -p /run /oci /root
mount -t tmpfs none /run
mount --bind / /root

# Half a CPU and 64 MiB, of which its process holds 58. That wants a whole CPU,
# and a neighbour in the container reads pages from the disk.
cat >/oci/config.json <<END
{"ociVersion":"1.0.2",
"process":{"user":{"uid":0,"gid":0},"cwd":"/","env":["PATH=/bin"],
	"args":["/bin/work","touch","58","1","spin","100000"]},
"root":{"path":"/root","readonly":true},
"mounts":[{"destination":"/proc","type":"proc","source":"proc"},
	{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["mode=755"]},
	{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]},
	{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro"]}],
"linux":{"cgroupsPath":"/app","resources":{"memory":{"limit":67108864},
		"cpu":{"quota":50000,"period":100000}},
	"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"cgroup"}]}}
END
crun="crun --root /run/crun --cgroup-manager=cgroupfs"
$crun create --no-pivot --bundle /oci --pid-file /run/pid app </dev/null >/tmp/created 2>&1 ||
	cat /tmp/created
$crun start app
sleep 2
work join "$(cat /run/pid)" fork 1 in $G/app map /dev/nullb0 15000 &
sleep 1

inside() { # NAME COMMAND...: what it prints in the container
	name=$1
	shift
	run "$name" $crun exec app "$@"
}
counts() { # NAME
	note "$1" /proc/meminfo /proc/stat $G/app/memory.max $G/app/memory.current \
		$G/app/memory.stat $G/app/cpu.stat $G/app/cpu.max
}
counts before
sleep 3
counts after
inside free /usr/bin/free -m
inside top /usr/bin/top -b -n 2 -d 1
inside procps /usr/bin/vmstat 1 2
inside vmstat /bin/vmstat -x 1 2
counts later
inside check /bin/vmstat --check
