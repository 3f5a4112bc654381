# cgroup v1 with real limits, and the hybrid layout: the loads are v2.bats's
load guest

setup_file() { boot_v1_machine v1; }

@test "v1: faults: 24 MiB minor, 48 MiB major" {
	is_equal scope "$(json_value swap .scope)" cgroup
	is_equal cgroup "$(json_value swap .cgroup)" /a
	is_near maj "$(total_of swap maj)" "$(pages 49152)" "$(usually 10 100)"
	is_near min "$(total_of swap min)" "$(pages 24576)" 100
	is_near "maj of the file" "$(total_of swap maj)" \
		"$(growth swap_before swap_after memory.stat.total_pgmajfault)" 10
}

@test "v1: swpd, free, cache, active, mem_pct are what the files say" {
	local usage
	usage=$(noted swap_after memory.usage_in_bytes)
	is_near swpd "$(json_value swap .swpd)" \
		$((($(noted swap_after memory.memsw.usage_in_bytes) - usage) / 1024)) 128
	is_between "swpd of the load" "$(json_value swap .swpd)" 8192 "$(usually 10500 24576)"
	is_equal mem_limit "$(json_value swap .mem_limit)" 16384
	is_near free "$(json_value swap .free)" $((16384 - usage / 1024)) 200
	is_near mem_pct "$(json_value swap .mem_pct)" \
		"$(awk -v c="$usage" 'BEGIN { print c / 16777216 * 100 }')" 1.5
	is_near cache "$(json_value swap .cache)" \
		$(($(noted swap_after memory.stat.total_cache) / 1024)) 64
	# A CPU keeps some pages back before it puts them on a list.
	is_near inact "$(json_value swap .inact)" \
		$((($(noted swap_after memory.stat.total_inactive_anon) +
		$(noted swap_after memory.stat.total_inactive_file)) / 1024)) $((16 * $(section page)))
	is_near active "$(json_value swap .active)" \
		$((($(noted swap_after memory.stat.total_active_anon) +
		$(noted swap_after memory.stat.total_active_file)) / 1024)) $((16 * $(section page)))
}

@test "v1: what it cannot know is -: swap rates, interrupts, pressure" {
	local column
	are_unavailable swap buff si so in wa st gu cpu_some cpu_full mem_some \
		mem_full io_some io_full irq_full
	for column in buff si so in wa st gu memF; do
		is_equal "$column" "$(table_value swap_table $column)" -
	done
	is_near "the host's si" "$(total_of swap_host si)" \
		$(($(growth swap_before swap_after vmstat.pswpin) * $(section page))) 100
}

@test "v1: auto is the host outside of containers, the cgroup inside" {
	is_equal plain "$(json_value inside_host .scope)" host
	for name in pid inside_marked own_namespace; do
		is_equal "$name" "$(json_value $name .scope)" cgroup
		is_equal "$name" "$(json_value $name .mem_limit)" 16384
		is_between "$name: mem_pct" "$(json_value $name .mem_pct)" 50 100
	done
	is_equal cgroup "$(json_value pid .cgroup)" /a
	section line | grep -x 'vmstat: scope cgroup /a (v1), memory limit 16M.*'
}

@test "v1: a first report in a pid namespace of its own makes up no rates" {
	are_unavailable own_namespace interval us sy min maj
	section own_namespace.err | has_no_line "major faults"
}

@test "v1: -s counts the cgroup's own" {
	have_succeeded stats stats_json
	is_near pgmajfault "$(json_value stats_json .pgmajfault)" \
		"$(noted stats_before memory.stat.total_pgmajfault)" 5
	is_near system_usec "$(json_value stats_json .system_usec)" \
		$(($(noted stats_before cpuacct.stat.system) * 10000)) 10000
	is_equal limit "$(json_value stats_json .mem_limit)" 16384
}

@test "v1: 200 major faults from disk, 200 pages in, 3200 KiB out" {
	is_near maj "$(total_of disk maj)" 200 "$(usually 2 32)"
	is_near "maj of the file" "$(total_of disk maj)" "$(noted disk_after memory.stat.total_pgmajfault)" 2
	is_near bi "$(total_of disk bi)" $((200 * $(section page))) 8
	is_near bo "$(total_of disk bo)" 3200 8
}

@test "v1: CPU is in percent of the quota, throttling in ms a second" {
	local usage throttled
	usage=$(growth quota_before quota_after cpuacct.usage)
	throttled=$(growth quota_before quota_after cpu.stat.throttled_time)
	is_between "usage of the load, ns" "$usage" 390000000 480000000
	is_equal cpu_limit "$(json_value quota .cpu_limit)" 0.2
	# Before 5.17 cpuacct.stat counts ticks.
	is_near "us + sy" "$(json_value quota '(.us + .sy) * .interval')" \
		"$(awk -v u="$usage" 'BEGIN { print u / 1e7 / 0.2 }')" "$(usually 10 20)"
	is_between "throttled in the load, ns" "$throttled" 1200000000 1900000000
	is_near thr "$(total_of quota thr)" \
		"$(awk -v t="$throttled" 'BEGIN { print t / 1e6 }')" 100
}

@test "v1: an endless loop under a quota: busy 100, throttled 800 ms/s" {
	is_between "us + sy" "$(json_value loop '.us + .sy')" 93 106
	is_near thr "$(json_value loop .thr)" 800 60
	is_between thr_pct "$(json_value loop .thr_pct)" 90 100
	is_equal r "$(json_value loop .r)" 1
	is_near "the table's thr" "$(table_value loop_table thr)" 800 60
}

@test "v1: a quota on the parent only throttles the child" {
	local throttled
	throttled=$(growth parent_before parent_after cpu.stat.throttled_time)
	is_equal "the child's own" "$(growth child_before child_after \
		cpu.stat.nr_throttled)" 0
	is_equal cpu_limit "$(json_value parent .cpu_limit)" 0.2
	is_near thr "$(total_of parent thr)" \
		"$(awk -v t="$throttled" 'BEGIN { print t / 1e6 }')" 100
}

@test "v1: an OOM kill is this cgroup's, not its neighbour's" {
	is_equal "status of the load" "$(section oom_work.status)" 137
	is_equal oom_kill "$(growth oom_before oom_after memory.oom_control.oom_kill)" 1
	is_equal oom "$(json_value oom .oom)" 1
	is_equal neighbour "$(json_value oom_next .oom)" 0
	messages oom | grep -x 'OOM KILL: 1 killed'
	is_near min "$(total_of oom min)" "$(pages 32768)" $(($(pages 32768) * 7 / 100))
}

@test "v1: the grandparent's limit is found, the sibling's is not" {
	local usage
	usage=$(($(noted nested_usage memory.usage_in_bytes) / 1024))
	is_equal nested "$(json_value nested .mem_limit)" 32768
	is_near free "$(json_value nested .free)" $((32768 - usage)) 128
	is_equal sibling "$(json_value nested_sibling .mem_limit)" 8192
	are_unavailable unlimited mem_limit mem_pct
}

@test "v1: a subtree's tasks: 3 running, 2 blocked, 4 threads that switch" {
	is_equal r "$(json_value tasks .r)" 3
	is_equal b "$(json_value tasks .b)" 2
	is_between cs "$(total_of tasks cs)" 1000 3000
}

@test "v1: a cgroup that goes away ends it, with a message and no zeros" {
	is_equal status "$(section gone.status)" 1
	section gone.err |
		grep -x 'vmstat: cgroup .*/*e: gone: the container has ended'
	is_equal reports "$(section gone | wc -l)" 3
}

@test "hybrid: limits from v1, pressure from the v2 directory" {
	local some full
	is_equal scope "$(json_value hybrid .scope)" cgroup
	is_equal mem_limit "$(json_value hybrid .mem_limit)" 16384
	is_near maj "$(total_of hybrid maj)" "$(pages 49152)" "$(usually 10 100)"
	some=$(growth hybrid_before hybrid_after memory.pressure.some.total)
	full=$(growth hybrid_before hybrid_after memory.pressure.full.total)
	is_between "stall of the load, us" "$some" 500000 5000000
	is_near mem_some "$(total_of hybrid mem_some)" \
		"$(awk -v t="$some" 'BEGIN { print t / 10000 }')" 2
	is_near mem_full "$(total_of hybrid mem_full)" \
		"$(awk -v t="$full" 'BEGIN { print t / 10000 }')" 2
	is_equal "by its path" "$(json_value hybrid_cgroup '.mem_limit, (.mem_some != null)' |
		xargs)" "16384 true"
}
