# cgroup v1 with real limits, and the hybrid layout: the loads are v2.bats's
load guest

setup_file() { boot v1; }

@test "v1: faults: 6144 minor, 12288 major" {
	equal scope "$(json swap .scope)" cgroup
	equal cgroup "$(json swap .cgroup)" /a
	near maj "$(total swap maj)" 12288 10
	near min "$(total swap min)" 6144 100
	near "maj of the file" "$(total swap maj)" \
		"$(grew swap_before swap_after memory.stat.total_pgmajfault)" 10
}

@test "v1: swpd, free, cache, active, mem_pct are what the files say" {
	local usage
	usage=$(value swap_after memory.usage_in_bytes)
	near swpd "$(json swap .swpd)" \
		$((($(value swap_after memory.memsw.usage_in_bytes) - usage) / 1024)) 128
	between "swpd of the load" "$(json swap .swpd)" 8192 10500
	equal mem_limit "$(json swap .mem_limit)" 16384
	near free "$(json swap .free)" $((16384 - usage / 1024)) 200
	near mem_pct "$(json swap .mem_pct)" \
		"$(awk -v c="$usage" 'BEGIN { print c / 16777216 * 100 }')" 1.5
	near cache "$(json swap .cache)" \
		$(($(value swap_after memory.stat.total_cache) / 1024)) 64
	near inact "$(json swap .inact)" \
		$((($(value swap_after memory.stat.total_inactive_anon) +
		$(value swap_after memory.stat.total_inactive_file)) / 1024)) 128
	near active "$(json swap .active)" \
		$((($(value swap_after memory.stat.total_active_anon) +
		$(value swap_after memory.stat.total_active_file)) / 1024)) 128
}

@test "v1: what it cannot know is -: swap rates, interrupts, pressure" {
	local column
	unavailable swap buff si so in wa st gu cpu_some cpu_full mem_some \
		mem_full io_some io_full irq_full
	for column in buff si so in wa st gu memF; do
		equal "$column" "$(table swap_table $column)" -
	done
	near "the host's si" "$(total swap_host si)" \
		$(($(grew swap_before swap_after vmstat.pswpin) * 4)) 100
}

@test "v1: auto is the host outside of containers, the cgroup inside" {
	equal plain "$(json inside_host .scope)" host
	for name in pid inside_marked own_namespace; do
		equal "$name" "$(json $name .scope)" cgroup
		equal "$name" "$(json $name .mem_limit)" 16384
		between "$name: mem_pct" "$(json $name .mem_pct)" 50 100
	done
	equal cgroup "$(json pid .cgroup)" /a
	section line | grep -x 'vmstat: scope cgroup /a (v1), memory limit 16M.*'
}

@test "v1: a first report in a pid namespace of its own makes up no rates" {
	between "us + sy" "$(json own_namespace '(.us // 0) + (.sy // 0)')" 0 100.5
	between maj "$(json own_namespace '.maj // 0')" 0 2000
	section own_namespace.err | lacks "major faults"
}

@test "v1: -s counts the cgroup's own" {
	succeeded stats stats_json
	near pgmajfault "$(json stats_json .pgmajfault)" \
		"$(value stats_before memory.stat.total_pgmajfault)" 5
	near system_usec "$(json stats_json .system_usec)" \
		$(($(value stats_before cpuacct.stat.system) * 10000)) 10000
	equal limit "$(json stats_json .mem_limit)" 16384
}

@test "v1: 200 major faults from disk, 800 KiB in, 3200 KiB out" {
	near maj "$(total disk maj)" 200 2
	near bi "$(total disk bi)" 800 8
	near bo "$(total disk bo)" 3200 8
}

@test "v1: CPU is in percent of the quota, throttling in ms a second" {
	local usage throttled
	usage=$(grew quota_before quota_after cpuacct.usage)
	throttled=$(grew quota_before quota_after cpu.stat.throttled_time)
	between "usage of the load, ns" "$usage" 390000000 480000000
	equal cpu_limit "$(json quota .cpu_limit)" 0.2
	near "us + sy" "$(json quota '(.us + .sy) * .interval')" \
		"$(awk -v u="$usage" 'BEGIN { print u / 1e7 / 0.2 }')" 10
	between "throttled in the load, ns" "$throttled" 1200000000 1900000000
	near thr "$(total quota thr)" \
		"$(awk -v t="$throttled" 'BEGIN { print t / 1e6 }')" 100
}

@test "v1: an endless loop under a quota: busy 100, throttled 800 ms/s" {
	between "us + sy" "$(json loop '.us + .sy')" 93 106
	near thr "$(json loop .thr)" 800 60
	between thr_pct "$(json loop .thr_pct)" 90 100
	equal r "$(json loop .r)" 1
	near "the table's thr" "$(table loop_table thr)" 800 60
}

@test "v1: a quota on the parent only throttles the child" {
	local throttled
	throttled=$(grew parent_before parent_after cpu.stat.throttled_time)
	equal "the child's own" "$(grew child_before child_after \
		cpu.stat.nr_throttled)" 0
	equal cpu_limit "$(json parent .cpu_limit)" 0.2
	near thr "$(total parent thr)" \
		"$(awk -v t="$throttled" 'BEGIN { print t / 1e6 }')" 100
}

@test "v1: an OOM kill is this cgroup's, not its neighbour's" {
	equal "status of the load" "$(section oom_work.status)" 137
	equal oom_kill "$(grew oom_before oom_after memory.oom_control.oom_kill)" 1
	equal oom "$(json oom .oom)" 1
	equal neighbour "$(json oom_next .oom)" 0
	section oom.err | grep -x 'vmstat: OOM KILL: 1 killed'
	near min "$(total oom min)" 8192 600
}

@test "v1: the grandparent's limit is found, the sibling's is not" {
	local usage
	usage=$(($(value nested_usage memory.usage_in_bytes) / 1024))
	equal nested "$(json nested .mem_limit)" 32768
	near free "$(json nested .free)" $((32768 - usage)) 128
	equal sibling "$(json nested_sibling .mem_limit)" 8192
	unavailable unlimited mem_limit mem_pct
}

@test "v1: a subtree's tasks: 3 running, 2 blocked, 4 threads that switch" {
	equal r "$(json tasks .r)" 3
	equal b "$(json tasks .b)" 2
	between cs "$(total tasks cs)" 1000 3000
}

@test "v1: a cgroup that goes away ends it, with a message and no zeros" {
	equal status "$(section gone.status)" 1
	section gone.err |
		grep -x 'vmstat: cgroup .*/*e: gone: the container has ended'
	equal reports "$(section gone | wc -l)" 3
}

@test "hybrid: limits from v1, pressure from the v2 directory" {
	local some
	equal scope "$(json hybrid .scope)" cgroup
	equal mem_limit "$(json hybrid .mem_limit)" 16384
	near maj "$(total hybrid maj)" 12288 10
	some=$(grew hybrid_before hybrid_after memory.pressure.some.total)
	between "stall of the load, us" "$some" 500000 5000000
	near mem_some "$(total hybrid mem_some)" \
		"$(awk -v t="$some" 'BEGIN { print t / 10000 }')" 2
	near mem_full "$(total hybrid mem_full)" "$(total hybrid mem_some)" 10
	equal "by its path" "$(json hybrid_cgroup '.mem_limit, (.mem_some != null)' |
		xargs)" "16384 true"
}
