# This machine's own kernel with odd views of /proc, each in a private mount
# namespace, lxcfs and runc. Root only.
# shellcheck disable=SC2016,SC2154 # the inner shell expands
load guest

setup() {
	[ "$(id -u)" = 0 ] || skip "not root"
	dir=$BATS_TEST_TMPDIR
	unshare -m --propagation private true 2>/dev/null ||
		skip "no mount namespaces here"
	# Other containers' markers must not choose the scope of these tests.
	unset container KUBERNETES_SERVICE_HOST
}

# run_with_own_mounts COMMANDS: a shell with its own mounts; what it prints goes to $dir/out
# and $dir/err, its status to $status
run_with_own_mounts() {
	status=0
	unshare -m --propagation private sh -c "$1" sh "$dir" \
		>"$dir/out" 2>"$dir/err" </dev/null || status=$?
}

run_as_process_1() { # the same as process 1 of a pid namespace
	status=0
	unshare -m --propagation private -p -f sh -c "$1" sh "$dir" \
		>"$dir/out" 2>"$dir/err" </dev/null || status=$?
}

json_output() { jq -rs ".[-1] | $1" "$dir/out"; }

are_null() { # KEY...: unavailable in the last report
	local key
	for key; do
		is_equal "$key" "$(json_output ".$key")" null || return 1
	done
}

memory_mount() { # where v1's memory hierarchy is mounted, if it is
	awk '$(NF-2) == "cgroup" && $NF ~ /(^|,)memory(,|$)/ {
		print $5; exit }' /proc/self/mountinfo
}

# $cgroup, a v1 memory cgroup below this process's own; $limit, its file
make_own_cgroup() {
	local path
	path=$(sed -n 's/^[0-9]*:memory:\//\//p' /proc/self/cgroup | grep .) ||
		skip "no v1 memory hierarchy here"
	cgroup=$(memory_mount)$path/vmstat-e2e-$$
	limit=memory.limit_in_bytes
	mkdir "$cgroup" 2>/dev/null || skip "cannot make a cgroup below $path"
}

teardown() {
	if [ -n "${lxcfs:-}" ]; then
		kill "$lxcfs" 2>/dev/null || :
		wait "$lxcfs" 2>/dev/null || :
		umount -l "$dir/lxc" 2>/dev/null || :
	fi
	if [ -n "${cgroup:-}" ] && [ -d "$cgroup" ]; then
		while read -r pid; do
			kill -9 "$pid" 2>/dev/null || :
		done <"$cgroup/cgroup.procs"
		# What was killed has yet to end.
		for _ in $(seq 100); do
			! rmdir "$cgroup" 2>/dev/null || break
			sleep 0.1
		done
		[ ! -d "$cgroup" ]
	fi
}

@test "machine: no /proc at all: the error names the mount command" {
	run_with_own_mounts 'mount -t tmpfs none /proc && "$VMSTAT" 1 2'
	is_equal status $status 1
	is_equal stdout "$(cat "$dir/out")" ""
	grep -F 'mount -t proc proc /proc' "$dir/err"
	is_equal lines "$(wc -l <"$dir/err")" 1
}

@test "machine: subset=pid: host scope is an error that says why" {
	run_as_process_1 'mount -t proc -o subset=pid proc /proc &&
		"$VMSTAT" --scope=host 1 2'
	is_equal status $status 1
	is_equal stdout "$(cat "$dir/out")" ""
	grep -i -e subset -e /proc/stat "$dir/err"
	is_equal lines "$(wc -l <"$dir/err")" 1
}

@test "machine: subset=pid: cgroup scope works where it can be read" {
	make_own_cgroup
	echo 64M >"$cgroup/$limit"
	CGROUP=$cgroup run_as_process_1 'mount -t proc -o subset=pid proc /proc &&
		echo $$ >"$CGROUP/cgroup.procs" &&
		"$VMSTAT" --scope=cgroup --json'
	is_equal status $status 0
	is_equal scope "$(json_output .scope)" cgroup
	is_equal limit "$(json_output .mem_limit)" 65536
	is_between free "$(json_output .free)" 50000 65536
	are_null in wa st gu buff
}

@test "machine: the affinity of vmstat itself says nothing of the cgroup" {
	[ "$(nproc)" -gt 1 ] || skip "one processor only"
	make_own_cgroup
	CGROUP=$cgroup run_with_own_mounts 'echo $$ >"$CGROUP/cgroup.procs" &&
		taskset -c 0 "$VMSTAT" --scope=cgroup --json 0.2 2'
	is_equal status $status 0
	is_equal cpu_limit "$(json_output .cpu_limit)" null
}

@test "machine: hidepid=2: an ordinary user is told what is not seen" {
	requires_tool setpriv
	make_own_cgroup
	echo 64M >"$cgroup/$limit"
	# Root's sleep in the same cgroup is what cannot be seen.
	CGROUP=$cgroup run_as_process_1 'mount -t proc -o hidepid=2 proc /proc &&
		echo $$ >"$CGROUP/cgroup.procs" || exit 9
		sleep 30 &
		exec setpriv --reuid 65534 --regid 65534 --clear-groups \
			/proc/self/fd/9 --scope=cgroup --json 0.2 2' 9<"$VMSTAT"
	is_equal status $status 0
	is_equal limit "$(json_output .mem_limit)" 65536
	are_null r b cs
	grep -i -e hidepid -e tasks "$dir/err"
}

@test "machine: hidepid=2: the host's own counters stay right" {
	run_as_process_1 'mount -t proc -o hidepid=2 proc /proc &&
		exec setpriv --reuid 65534 --regid 65534 --clear-groups \
			/proc/self/fd/9 --scope=host --json 0.2 2' 9<"$VMSTAT"
	is_equal status $status 0
	is_between r "$(json_output .r)" 0 1000
	is_between cs "$(json_output .cs)" 1 100000000
}

@test "machine: /proc/stat masked with /dev/null: its columns are -, once said" {
	run_with_own_mounts 'mount --bind /dev/null /proc/stat &&
		"$VMSTAT" --alert=off --scope=host --json 0.2 3'
	is_equal status $status 0
	are_null in cs us sy id wa st gu
	is_between free "$(json_output .free)" 1 100000000000
	is_equal warnings "$(grep -c /proc/stat "$dir/err")" 1
}

@test "machine: /proc/meminfo and vmstat masked" {
	run_with_own_mounts 'mount --bind /dev/null /proc/meminfo &&
		mount --bind /dev/null /proc/vmstat &&
		"$VMSTAT" --alert=off --scope=host --json 0.2 2'
	is_equal status $status 0
	are_null free buff cache swpd si so bi bo min maj
	is_between cs "$(json_output .cs)" 1 100000000
	is_equal warnings "$(grep -c . "$dir/err")" 2
}

@test "machine: an empty directory over /proc/pressure is no pressure" {
	[ -d /proc/pressure ] || skip "this kernel has no pressure"
	run_with_own_mounts 'mount -t tmpfs none /proc/pressure &&
		"$VMSTAT" --alert=off --scope=host --json -x 0.2 2'
	is_equal status $status 0
	are_null cpu_some mem_some mem_full io_some io_full
	is_equal stderr "$(cat "$dir/err")" ""
}

@test "machine: everything masked: status 1, and what to do" {
	run_with_own_mounts 'for f in stat meminfo vmstat; do
			mount --bind /dev/null /proc/$f || exit 9; done
		[ ! -d /proc/pressure ] || mount -t tmpfs none /proc/pressure
		"$VMSTAT" --scope=host 0.2 2'
	is_equal status $status 1
	is_equal stdout "$(cat "$dir/out")" ""
	[ -n "$(cat "$dir/err")" ]
}

# lxcfs in $dir/lxc, for a cgroup of 64 MiB
start_lxcfs() {
	requires_tool lxcfs
	[ -c /dev/fuse ] || skip "no /dev/fuse"
	make_own_cgroup
	echo 64M >"$cgroup/$limit"
	mkdir "$dir/lxc"
	lxcfs -f -p "$dir/lxcfs.pid" "$dir/lxc" >"$dir/lxcfs.log" 2>&1 &
	lxcfs=$!
	for _ in $(seq 300); do
		[ ! -e "$dir/lxc/proc/meminfo" ] || break
		sleep 0.1
	done
	[ -e "$dir/lxc/proc/meminfo" ] || skip "lxcfs does not run here"
}

@test "machine: lxcfs over /proc: its numbers are used as they are" {
	start_lxcfs
	CGROUP=$cgroup run_with_own_mounts 'echo $$ >"$CGROUP/cgroup.procs" &&
		for f in meminfo stat uptime swaps; do
			[ ! -e "$1/lxc/proc/$f" ] ||
				mount --bind "$1/lxc/proc/$f" /proc/$f || exit 9
		done
		grep MemTotal /proc/meminfo
		"$VMSTAT" --scope=host -s'
	is_equal status $status 0
	grep -E '^MemTotal: *65536 kB' "$dir/out" || skip "lxcfs sees no limit here"
	grep -xE ' *65536 K total memory' "$dir/out"
}

@test "machine: lxcfs over /proc: a terminal is told" {
	requires_terminal
	start_lxcfs
	CGROUP=$cgroup run_with_own_mounts 'echo $$ >"$CGROUP/cgroup.procs" &&
		mount --bind "$1/lxc/proc/meminfo" /proc/meminfo &&
		script -qec "$VMSTAT --scope=host" /dev/null'
	grep -F 'vmstat: scope host' "$dir/out"
	grep lxcfs "$dir/out"
}

@test "machine: runc: a container of the image under v1 limits" {
	requires_tool runc
	requires_buildah
	[ -n "$(memory_mount)" ] || skip "no v1 memory hierarchy here"
	"$e2e/unpack" "$dir/oci" >/dev/null
	mkdir -p "$dir/oci/run"
	mv "$dir/oci/config.json" "$dir/image.json"
	(cd "$dir/oci" && runc spec)
	jq --slurpfile image "$dir/image.json" --arg path "/vmstat-e2e-$$" '
		.process.terminal = false
		| .process.args = $image[0].config.Entrypoint + ["--alert=off", "--json", "-x", "0.5", "2"]
		| .process.user = {uid: 1000, gid: 1000}
		| .linux.cgroupsPath = $path
		| .linux.namespaces |= map(select(.type != "network"))
		| .linux.resources = {memory: {limit: 67108864}, pids: {limit: 20}}' \
		"$dir/oci/config.json" >"$dir/new.json"
	mv "$dir/new.json" "$dir/oci/config.json"
	status=0
	timeout 30 runc --root "$dir/state" run --bundle "$dir/oci" \
		"vmstat-e2e-$$" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	if [ "$status" -ne 0 ] && grep -q 'runc.*cgroup' "$dir/err"; then
		skip "runc cannot make cgroups here: $(tail -1 "$dir/err")"
	fi
	is_equal status $status 0
	is_equal stderr "$(cat "$dir/err")" ""
	is_equal scope "$(json_output .scope)" cgroup
	is_equal mem_limit "$(json_output .mem_limit)" 65536
	is_between free "$(json_output .free)" 50000 65536
	are_null in wa st gu buff
}
