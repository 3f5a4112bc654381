# Other machines and other kernels: what must hold on all of them. `make kernels` runs
# more of these files there, and on more kernels.
# shellcheck disable=SC2154 # guest.bash assigns
load guest

# boot_other NAME ARCH SUITE: in the background of setup_file; a test whose name begins
# with NAME judges that machine.
boot_other() {
	local to=$BATS_FILE_TMPDIR/$1 environment
	mkdir "$to"
	environment=$("$e2e/kernel" "$2" "$3" 2>"$to/err") || {
		[ $? = 77 ] || return 1
		tail -n 1 "$to/err" >"$to/skip"
		return 0
	}
	eval "$environment"
	BATS_FILE_TMPDIR=$to boot_machine kernel
}

setup_file() {
	boot_other i386 i386 - &
	boot_other arm64 arm64 - &
	boot_other oldest amd64 bullseye &
	boot_other newest amd64 trixie-backports &
	local bad=0
	for job in $(jobs -p); do wait "$job" || bad=1; done
	return $bad
}

setup() {
	BATS_FILE_TMPDIR+=/${BATS_TEST_DESCRIPTION%%:*}
	[ ! -s "$BATS_FILE_TMPDIR/skip" ] || skip "$(cat "$BATS_FILE_TMPDIR/skip")"
	section release
}

host() {
	have_succeeded host
	is_near interval "$(json_value host .interval)" 2 0.02
	is_near us+sy "$(json_value host '.us + .sy')" 50 5
	is_near id "$(json_value host .id)" 50 5
}

cgroup() {
	have_succeeded quota oom
	is_equal cpu_limit "$(json_value quota .cpu_limit)" 0.2
	is_near thr "$(total_of quota thr)" "$(awk -v us="$(growth quota_before quota_after cpu.stat.throttled_usec)" \
		'BEGIN { print us / 1000 }')" 10
	is_between thr "$(total_of quota thr)" 1200 1900
	is_near thr_pct "$(json_value quota .thr_pct)" "$(awk -v n="$(growth quota_before quota_after cpu.stat.nr_throttled)" \
		-v of="$(growth quota_before quota_after cpu.stat.nr_periods)" 'BEGIN { print 100 * n / of }')" 5
	is_equal "status of the load" "$(section oom_work.status)" 137
	is_equal kills "$(growth oom_before oom_after memory.events.oom_kill)" 1
	is_equal oom "$(json_value oom .oom)" 1
	is_equal mem_limit "$(json_value oom .mem_limit)" 32768
	messages oom | grep -x 'OOM KILL: 1 killed'
}

# exporter [LINE]: which it prints beside its address
exporter() {
	have_succeeded metrics page
	is_equal listening "$(section listening | grep ^vmstat:)" "${1:+vmstat: $1
}vmstat: listening on 127.0.0.1:9799"
	section listening | grep -x 'NoNewPrivs:.1'
	section listening | grep -x 'Seccomp:.2'
	is_between switches "$(section metrics | awk '/^vmstat_context_switches_total / { printf "%.0f", $2 }')" \
		"$(noted before stat.ctxt)" "$(noted after stat.ctxt)"
	section metrics | grep -Fx 'vmstat_cgroup_memory_limit_bytes{cgroup="/c"} 33554432'
	section page | grep '</html>'
	is_equal status "$(section stopped)" 0
}

@test "i386: a second of two is half of the CPU" { host; }
@test "i386: a cgroup's quota, OOM kill and limit" { cgroup; }
@test "i386: the exporter serves from its sandbox; SIGTERM ends it with status 0" { exporter; }

@test "arm64: a second of two is half of the CPU" { host; }
@test "arm64: a cgroup's quota, OOM kill and limit" { cgroup; }
@test "arm64: the exporter serves from its sandbox; SIGTERM ends it with status 0" { exporter; }

@test "oldest: a second of two is half of the CPU" { host; }
@test "oldest: a cgroup's quota, OOM kill and limit" { cgroup; }
@test "oldest: the exporter serves without Landlock, which 5.10 lacks, and ends with status 0" {
	exporter 'sandbox: without Landlock: Function not implemented'
}

@test "newest: a second of two is half of the CPU" { host; }
@test "newest: a cgroup's quota, OOM kill and limit" { cgroup; }
@test "newest: the exporter serves from its sandbox; SIGTERM ends it with status 0" { exporter; }
