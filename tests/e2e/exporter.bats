# --listen on a node as the kubelet makes it, on a real kernel
load guest

setup_file() { boot_machine exporter; }

first=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
second=fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210

# sample SECTION NAME [LABELS]: the value of the one sample whose labels hold that
sample() {
	section "$1" | awk -v name="$2" -v labels="${3:-}" '
		index($0, name "{") == 1 || index($0, name " ") == 1 {
			if (index($0, labels)) { print $NF; n++ } }
		END { if (n != 1) { print n + 0 " samples of " name; exit 1 } }'
}

of_first() { sample "$1" "vmstat_cgroup_$2" "container_id=\"$first\"${3:-}"; }

@test "exporter: pods and containers carry the names that kube-state-metrics joins by" {
	have_succeeded metrics
	local path=/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1a2b3c4d_5e6f_7081_92a3_b4c5d6e7f809.slice
	section metrics | grep -F "vmstat_cgroup_tasks{cgroup=\"$path/cri-containerd-$first.scope\",pod_uid=\"1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809\",container_id=\"$first\"} 1"
	section metrics | grep -F "vmstat_cgroup_memory_limit_bytes{cgroup=\"$path\",pod_uid=\"1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809\"} 67108864"
	section metrics | grep '^vmstat_context_switches_total [0-9]'
	is_equal "left out" "$(sample metrics vmstat_cgroups_left_out)" 0
}

@test "exporter: what is exported of a container is what its files say" {
	is_equal limit "$(of_first metrics memory_limit_bytes)" $((32 << 20))
	is_equal cpus "$(of_first metrics cpu_limit_cpus)" 0.2
	is_between usage "$(of_first metrics memory_usage_bytes)" "$(noted before memory.current)" "$(noted after memory.current)"
	is_between user "$(awk "BEGIN { printf \"%.0f\", 1e6 * $(of_first metrics cpu_seconds_total ',mode="user"') }")" \
		"$(noted before cpu.stat.user_usec)" "$(noted after cpu.stat.user_usec)"
	is_between throttled "$(awk "BEGIN { printf \"%.0f\", 1e6 * $(of_first metrics throttled_seconds_total) }")" \
		"$(noted before cpu.stat.throttled_usec)" "$(noted after cpu.stat.throttled_usec)"
	is_between periods "$(of_first metrics cpu_periods_total)" "$(noted before cpu.stat.nr_periods)" "$(noted after cpu.stat.nr_periods)"
	is_between "working set" "$(of_first metrics memory_working_set_bytes)" $((24 << 20)) $((32 << 20))
	is_between faults "$(of_first metrics minor_faults_total)" \
		$(($(noted before memory.stat.pgfault) - $(noted before memory.stat.pgmajfault))) \
		$(($(noted after memory.stat.pgfault) - $(noted after memory.stat.pgmajfault)))
}

@test "exporter: two seconds of CPU time at a fifth of a CPU: four times as long it waited" {
	local user system
	user=$(of_first metrics cpu_seconds_total ',mode="user"')
	system=$(of_first metrics cpu_seconds_total ',mode="system"')
	is_near "CPU time" "$(awk "BEGIN { print $user + $system }")" 2.15 0.15
	is_between "share of throttled periods" \
		"$(awk "BEGIN { print $(of_first metrics cpu_throttled_periods_total) / $(of_first metrics cpu_periods_total) }")" 0.9 1
	is_near "CPU pressure, by CPU time" \
		"$(awk "BEGIN { print $(of_first metrics pressure_cpu_waiting_seconds_total) / ($user + $system) }")" 4 0.3
}

@test "exporter: the kill of a container that is gone is in its pod's count, and its parent's" {
	is_equal "its own" "$(sample early vmstat_cgroup_oom_kills_total "container_id=\"$second\"")" 1
	section metrics | has_no_line "$second"
	is_equal "the pod's" "$(section metrics | grep -F vmstat_cgroup_oom_kills_total | grep -F pod_uid= |
		grep -vF container_id | awk '{ print $NF }')" 1
	is_equal "the machine's" "$(sample metrics vmstat_oom_kills_total)" 1
	is_equal "of the parent, in the container" "$(sample container vmstat_cgroup_parent_oom_kills_total)" 1
	is_equal "and its own" "$(sample container vmstat_cgroup_oom_kills_total)" 0
}

@test "exporter: a machine's metrics are /proc's" {
	is_between switches "$(sample metrics vmstat_context_switches_total)" "$(noted before stat.ctxt)" "$(noted after stat.ctxt)"
	is_between faults "$(sample metrics vmstat_major_faults_total)" \
		"$(noted before vmstat.pgmajfault)" "$(noted after vmstat.pgmajfault)"
	is_between "swapped out" "$(sample metrics vmstat_swap_out_bytes_total)" \
		$(($(noted before vmstat.pswpout) * 4096)) $(($(noted after vmstat.pswpout) * 4096))
}

@test "exporter: a start time of each container; its page, in a sandbox, until it is stopped" {
	have_succeeded page health
	is_near "start of the container" "$(of_first metrics start_time_seconds)" \
		"$(awk "BEGIN { printf \"%.0f\", $(sample metrics process_start_time_seconds) + 10 }")" 2
	# The pod, which has no process of its own, is as old.
	is_equal "start of the pod" "$(section metrics | grep -F 'start_time_seconds{' | grep -F pod_uid= |
		grep -vF container_id | awk '{ print $NF }')" "$(of_first metrics start_time_seconds)"
	section page | grep '<h2>Cgroups below, worst first</h2>'
	section page | grep -F "pod 1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809 0123456789ab"
	section listening | grep -x 'vmstat: listening on 127.0.0.1:9799'
	section listening | grep -x 'NoNewPrivs:.1'
	section listening | grep -x 'Seccomp:.2'
	is_between VmRSS "$(section listening | awk '/VmRSS/ { print $2 }')" 64 1024
	is_equal status "$(section stopped)" 0
}
