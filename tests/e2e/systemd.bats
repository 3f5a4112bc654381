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
	local name
	requires_tool systemd-analyze
	# The binary need not be installed where this test runs.
	cp "$units"/*.{service,socket} "$dir/"
	sed -i "s,^\(ExecStart=\)/usr/local/bin/vmstat ,\1$VMSTAT ," "$dir"/*.service
	for name in vmstat vmstat-recorder; do
		grep -qF "ExecStart=$VMSTAT --listen=" "$dir/$name.service"
	done
	systemd-analyze verify --man=no --recursive-errors=no \
		"$dir"/*.{service,socket} >"$dir/out" 2>&1 ||
		{ cat "$dir/out"; return 1; }
	# A line that is not understood is told and ignored: of ours, there is none.
	cat "$dir/out"
	has_no_line "vmstat(-recorder)?\.(service|socket)" <"$dir/out"
}

@test "systemd: the exporter, its socket and the recorder have one port" {
	is_equal ports "$(sed -n 's/^ListenStream=.*://p; s/^SocketBindAllow=.*://p
		s/^ExecStart=.*--listen=\([0-9]*\).*/\1/p' "$units"/*.{service,socket} | xargs)" \
		'9799 9799 9799 9799'
}

@test "systemd: the services' exposure is 1.5 of 10 at most" {
	local name
	requires_tool systemd-analyze
	systemd-analyze security --help | grep -q -e --threshold ||
		skip "this systemd-analyze knows no --threshold"
	for name in vmstat vmstat-recorder; do
		systemd-analyze security --no-pager --offline=true --threshold=15 \
			"$units/$name.service"
	done
}

@test "systemd: the recorder writes where the unit gives it a directory" {
	local path
	path=$(sed -n 's/^ExecStart=.*--record=\([^,]*\),.*/\1/p' "$units/vmstat-recorder.service")
	is_equal path "$path" "%S/$(sed -n 's/^StateDirectory=//p' "$units/vmstat-recorder.service")/vmstat.csv"
	is_equal "recordings in README" "$(grep -oE -e '--replay=[^ ]+' "$units/README.md" | sort -u)" \
		"--replay=${path/#%S//var/lib}"
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
