# docker/systemd/: the units are sound and tight, and a socket is handed over
# shellcheck disable=SC2154 # guest.bash assigns
load guest

setup() {
	dir=$BATS_TEST_TMPDIR
	units=$root/docker/systemd
}

teardown() { # what a test started
	[ ! -s "$dir/pid" ] || kill "$(cat "$dir/pid")" 2>/dev/null || :
}

free_port() { # one that nothing listens on
	local port
	for port in $(shuf -i 20000-29999 -n 20); do
		(exec 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null ||
			{ echo "$port"; return; }
	done
	return 1
}

@test "systemd: the units are sound" {
	requires_tool systemd-analyze
	# The binary need not be installed where this test runs.
	sed "s,^\(ExecStart=\)/usr/local/bin/vmstat ,\1$VMSTAT ," \
		"$units/vmstat.service" >"$dir/vmstat.service"
	cp "$units/vmstat.socket" "$dir/"
	grep -qF "ExecStart=$VMSTAT --listen=" "$dir/vmstat.service"
	systemd-analyze verify --man=no --recursive-errors=no \
		"$dir/vmstat.service" "$dir/vmstat.socket" >"$dir/out" 2>&1 ||
		{ cat "$dir/out"; return 1; }
	# A line that is not understood is told and ignored: of ours, there is none.
	cat "$dir/out"
	has_no_line "vmstat\.(service|socket)" <"$dir/out"
}

@test "systemd: the socket's port is the one of the service" {
	is_equal port "$(sed -n 's/^ListenStream=.*://p' "$units/vmstat.socket")" \
		"$(sed -n 's/^ExecStart=.*--listen=//p' "$units/vmstat.service")"
}

@test "systemd: the service's exposure is 1.5 of 10 at most" {
	requires_tool systemd-analyze
	systemd-analyze security --help | grep -q -e --threshold ||
		skip "this systemd-analyze knows no --threshold"
	systemd-analyze security --no-pager --offline=true --threshold=15 \
		"$units/vmstat.service"
}

@test "systemd: vmstat serves the socket that it is handed" {
	requires_tool systemd-socket-activate curl
	"$VMSTAT" --help | grep -q -e --listen || skip "this vmstat has no --listen"
	local port family
	port=$(free_port)
	systemd-socket-activate -l "127.0.0.1:$port" "$VMSTAT" "--listen=$port" \
		>"$dir/log" 2>&1 3>&- &
	echo $! >"$dir/pid"
	curl -fsS --retry 20 --retry-delay 1 --retry-connrefused --max-time 20 \
		"http://127.0.0.1:$port/healthz" || { cat "$dir/log"; return 1; }
	curl -fsS --max-time 20 "http://127.0.0.1:$port/metrics" >"$dir/metrics"
	for family in vmstat_memory_total_bytes vmstat_context_switches_total \
		vmstat_build_info; do
		grep -E "^$family(\{.*\})? [0-9]" "$dir/metrics"
	done
}
