# oci - containers FROM scratch that hold vmstat only, run by crun
# shellcheck shell=dash disable=SC2046,SC2013 # words are meant to split
# files: work crun image
G=/sys/fs/cgroup
mount -t proc proc /proc
mount -t sysfs sys /sys
mount_v2 $G
mkdir -p /dev/pts /dev/shm /run
mount -t devpts none /dev/pts
mount -t tmpfs none /run

begin image
find /oci/rootfs
end image
begin image_config
cat /oci/config.json
end image_config
ENTRY=$(sed 's/.*"Entrypoint":\["\([^"]*\)"\].*/\1/' /oci/config.json)

# bundle NAME ARGUMENT...: a container of the image as Docker and Kubernetes
# make them, by these variables:
LIMITS='"memory":{"limit":67108864},"cpu":{"quota":50000,"period":100000}'
PIDS='' USERID=0 CGROUPNS=',{"type":"cgroup"}' CAPS='' MASKED=''
CGROUPS=',{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup",
	"options":["nosuid","noexec","nodev","relatime","ro"]}'
bundle() {
	name=$1
	shift
	args="\"$ENTRY\""
	for word; do args="$args,\"$word\""; done
	mkdir -p "/oci/$name"
	cat >"/oci/$name/config.json" <<-END
	{"ociVersion":"1.0.2",
	"process":{"terminal":false,"user":{"uid":$USERID,"gid":$USERID},
		"args":[$args],"env":["PATH=/bin"],"cwd":"/","noNewPrivileges":true,
		"capabilities":{"bounding":[$CAPS],"effective":[$CAPS],"permitted":[$CAPS]}},
	"root":{"path":"/oci/rootfs","readonly":true},
	"mounts":[{"destination":"/proc","type":"proc","source":"proc"},
		{"destination":"/dev","type":"tmpfs","source":"tmpfs",
			"options":["nosuid","mode=755","size=65536k"]},
		{"destination":"/sys","type":"sysfs","source":"sysfs",
			"options":["nosuid","noexec","nodev","ro"]}$CGROUPS],
	"linux":{"cgroupsPath":"/pods/$name","resources":{$LIMITS},
		"namespaces":[{"type":"pid"$PIDS},{"type":"ipc"},{"type":"uts"},
			{"type":"mount"},{"type":"network"}$CGROUPNS],
		"maskedPaths":["/proc/acpi","/proc/kcore","/proc/keys",
			"/proc/latency_stats","/proc/timer_list","/proc/sched_debug",
			"/proc/scsi","/sys/firmware"$MASKED],
		"readonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys",
			"/proc/sysrq-trigger"]}}
	END
}
oci() { crun --root /run/crun --cgroup-manager=cgroupfs "$@"; }

# start NAME: create it, and start it once its output has a file
create() { # NAME
	oci create --no-pivot --bundle "/oci/$1" --pid-file "/run/$1.pid" "$1" \
		>"/tmp/$1" 2>"/tmp/$1.err" </dev/null
}

# container NAME ARGUMENT...: run it to its end and print its sections
container() {
	bundle "$@"
	result=0
	oci run --no-pivot --bundle "/oci/$1" "$1" >"/tmp/$1" 2>"/tmp/$1.err" \
		</dev/null || result=$?
	report "$1" $result
}

# await NAME: until the container that was started has ended
await() {
	n=0
	while [ -d "/proc/$(cat "/run/$1.pid")" ] &&
		! grep -q 'State:.*Z' "/proc/$(cat "/run/$1.pid")/status" &&
		[ $n -lt 300 ]; do
		sleep 0.1
		n=$((n + 1))
	done
	report "$1" "$n"
	oci delete --force "$1"
}

# How long the machine has been up must not show in a container's first line.
sleep 300

# The promise: 64 MiB and half a processor, and a loop that wants all.
bundle busy 1 3
create busy
work join "$(cat /run/busy.pid)" fork 1 in $G/pods/busy spin 100000 &
sleep 0.2
oci start busy
await busy
bundle busyjson --json -x 1 3
create busyjson
work join "$(cat /run/busyjson.pid)" fork 1 in $G/pods/busyjson spin 100000 &
sleep 0.2
note busy_before $G/pods/busyjson/cpu.stat
oci start busyjson
await busyjson

container first --json -x
container table
container host --scope=host --json
container hosttable --scope=host
USERID=1000
container user --json -x
USERID=0
MASKED=',"/proc/stat","/proc/meminfo","/proc/vmstat","/proc/loadavg","/proc/pressure"'
container masked --json -x
container masked_table
container masked_host --scope=host --json 1 2
MASKED=',"/proc/stat","/proc/vmstat","/proc/pressure"'
container masked_some --scope=host --json -x 1 3
MASKED=
keep=$CGROUPS
CGROUPS=
container nocgroup --json
CGROUPS=$keep
keep=$CGROUPNS
CGROUPNS=
container hostns --json -x
CGROUPNS=$keep

# Process 1 ends at a signal, with nobody to give it a handler.
for signal in TERM INT; do
	bundle sig$signal 1
	create sig$signal
	oci start sig$signal
	sleep 2.5
	oci kill sig$signal $signal
	await sig$signal
done
bundle status 1
oci run --no-pivot --bundle /oci/status status >/tmp/status 2>/tmp/status.err &
sleep 2.5
oci kill status TERM
wait $!
report status $?

# kubectl debug --target: a container in the target's pid namespace, with a
# cgroup namespace of its own. The target has 64 MiB, the debugger 128.
bundle target 1
create target
oci start target
target=$(cat /run/target.pid)
work join "$target" fork 1 in $G/pods/target touch 16 1 wait 60000 &
sleep 1
run from_host vmstat --pid="$target" --json -x 1 2
# nsenter leaves the cgroup namespace outside, where the caller's own cgroup
# is not to be seen from the container: it is process 1's that counts.
run entered nsenter -t "$target" -m -p /vmstat --json -x
cat >/tmp/moved.sh <<'END'
sleep 1
cat /proc/self/cgroup
exec vmstat --json -x
END
make_cgroup $G/elsewhere memory.max=8M
work in $G/pods/target newns $G exec /bin/sh /tmp/moved.sh >/tmp/moved \
	2>/tmp/moved.err &
moved=$!
sleep 0.5
for process in $(cat $G/pods/target/cgroup.procs); do
	! grep -q moved.sh "/proc/$process/cmdline" ||
		echo "$process" >$G/elsewhere/cgroup.procs
done
wait $moved
report moved $?
PIDS=",\"path\":\"/proc/$target/ns/pid\""
LIMITS='"memory":{"limit":134217728}'
note target_usage $G/pods/target/memory.current
container own --json -x
container debug --pid=1 --json -x
container debug_table --pid=1 1 2
USERID=1000
container debug_user --pid=1 --json -x
container debug_nosuch --pid=4000 --json

# The target runs as another user: that takes SYS_PTRACE, as the profile
# `general` of kubectl debug gives it.
PIDS='' USERID=1000
LIMITS='"memory":{"limit":67108864}'
bundle other 1
create other
oci start other
USERID=0 PIDS=",\"path\":\"/proc/$(cat /run/other.pid)/ns/pid\""
LIMITS='"memory":{"limit":134217728}'
container debug_other --pid=1 --json
CAPS='"CAP_SYS_PTRACE"'
container debug_ptrace --pid=1 --json
CAPS=''
PIDS=",\"path\":\"/proc/$target/ns/pid\""

# A sidecar that is shown the pod's cgroup, which holds the target's.
USERID=0
keep=$CGROUPS
CGROUPS="$CGROUPS,{\"destination\":\"/pod\",\"type\":\"bind\",
	\"source\":\"$G/pods\",\"options\":[\"bind\",\"ro\"]}"
note pod_usage $G/pods/memory.current
container pod --cgroup=/pod --json -x
CGROUPS=$keep
