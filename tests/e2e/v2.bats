# cgroup v2 with real limits, each column against what a known load did
load guest

setup_file() { boot_machine v2; }

# The load of `swap`: 24 MiB touched three times over under a limit of 16 MiB. In pages
# of 4 KiB that is 6144: the first pass is as many minor faults, each of the others as
# many major ones, each of them a page from swap. A kernel that knows better what to
# keep, as 7.3 does now and then, has the 8 MiB that have no room left at least.

@test "v2: faults: 24 MiB minor, 48 MiB major" {
	is_equal scope "$(json_value swap .scope)" cgroup
	is_equal cgroup "$(json_value swap .cgroup)" /a
	is_near interval "$(json_value swap .interval)" 10 0.05
	is_between maj "$(total_of swap maj)" $(($(pages "$(usually 49152 16384)") - 10)) $(($(pages 49152) + 10))
	is_near min "$(total_of swap min)" "$(pages 24576)" 100
	is_near "maj of the file" "$(total_of swap maj)" \
		"$(growth swap_before swap_after memory.stat.pgmajfault)" 10
}

# swap_rates: those that the kernel counts for each cgroup, since 6.13
swap_rates() { section swap_after | awk '$1 == "memory.stat.pswpin" { print "si so" }'; }

@test "v2: swap-in and swap-out belong to the host unless the kernel counts them for each" {
	if [ -n "$(swap_rates)" ]; then
		is_near "the cgroup's si" "$(total_of swap si)" \
			$(($(growth swap_before swap_after memory.stat.pswpin) * $(section page))) 100
		is_near "the cgroup's so" "$(total_of swap so)" \
			$(($(growth swap_before swap_after memory.stat.pswpout) * $(section page))) 100
	else
		are_unavailable swap si so
	fi
	is_near si "$(total_of swap_host si)" \
		$(($(growth swap_before swap_after vmstat.pswpin) * $(section page))) 100
	is_near so "$(total_of swap_host so)" \
		$(($(growth swap_before swap_after vmstat.pswpout) * $(section page))) 100
	is_between "si of the load" "$(total_of swap_host si)" "$(usually 48952 16384)" 49352
	is_near "maj of the host" "$(total_of swap_host maj)" "$(growth swap_before swap_after vmstat.pgmajfault)" 20
}

@test "v2: swpd, free, cache, active, mem_pct are what the files say" {
	local current
	current=$(noted swap_after memory.current)
	is_near swpd "$(json_value swap .swpd)" \
		$(($(noted swap_after memory.swap.current) / 1024)) 64
	is_between "swpd of the load" "$(json_value swap .swpd)" 8192 "$(usually 10500 24576)"
	is_equal mem_limit "$(json_value swap .mem_limit)" 16384
	is_near free "$(json_value swap .free)" $((16384 - current / 1024)) 128
	is_near mem_pct "$(json_value swap .mem_pct)" \
		"$(awk -v c="$current" 'BEGIN { print c / 16777216 * 100 }')" 1
	is_between "mem_pct of the load" "$(json_value swap .mem_pct)" "$(usually 80 50)" 100
	is_near cache "$(json_value swap .cache)" \
		$(($(noted swap_after memory.stat.file) / 1024)) 64
	# A CPU keeps some pages back before it puts them on a list, since 6.9 up to 31 for each.
	is_near inact "$(json_value swap .inact)" $((($(noted swap_after memory.stat.inactive_anon) +
		$(noted swap_after memory.stat.inactive_file)) / 1024)) $(($(usually 16 64) * $(section page)))
	is_near active "$(json_value swap .active)" $((($(noted swap_after memory.stat.active_anon) +
		$(noted swap_after memory.stat.active_file)) / 1024)) $(($(usually 16 64) * $(section page)))
}

@test "v2: memory pressure is the growth of total over the interval" {
	local some full
	some=$(growth swap_before swap_after memory.pressure.some.total)
	full=$(growth swap_before swap_after memory.pressure.full.total)
	is_between "stall of the load, us" "$some" 500000 5000000
	is_near mem_some "$(total_of swap mem_some)" \
		"$(awk -v t="$some" 'BEGIN { print t / 10000 }')" 2
	is_near mem_full "$(total_of swap mem_full)" \
		"$(awk -v t="$full" 'BEGIN { print t / 10000 }')" 2
}

@test "v2: what a cgroup cannot know is -, never the host's" {
	local column unknown='buff in wa st gu'
	[ -n "$(swap_rates)" ] || unknown+=' si so'
	# shellcheck disable=SC2086 # words are meant to split
	are_unavailable swap $unknown
	for column in $unknown; do
		is_equal "$column" "$(table_value swap_table "$column")" -
	done
	is_near "the table's maj" "$(table_value swap_table maj)" "$(json_value swap .maj)" 3
	is_near "the table's min" "$(table_value swap_table min)" "$(json_value swap .min)" 3
	is_equal "the host's cgroup" "$(json_value swap_host .cgroup)" null
	are_unavailable swap_host mem_limit mem_pct cpu_limit thr thr_pct
}

@test "v2: alerts for major faults, memory limit and pressure" {
	json_value swap '.alerts | map(.metric) | sort | join(" ")' |
		grep -x 'maj mem_full.*'
	is_equal level "$(json_value swap '.alerts[] | select(.metric == "maj") | .level')" \
		"$([ "$(pages 49152)" -ge 5000 ] && echo critical || echo warning)"
	messages swap | grep -x "HIGH IO LATENCY: $(json_value swap '.maj | round') major faults/s"
	messages swap | grep 'MEMORY PRESSURE: [0-9]*% of the time all stalled'
}

@test "v2: --pid finds the same cgroup, --cgroup takes a directory too" {
	is_equal cgroup "$(json_value pid .cgroup)" /a
	is_equal mem_limit "$(json_value pid .mem_limit)" 16384
	is_near swpd "$(json_value pid .swpd)" "$(json_value swap .swpd)" 200
	is_equal absolute "$(json_value absolute .mem_limit)" 16384
	is_equal status "$(section nosuch.status)" 1
	is_equal stdout "$(section nosuch)" ""
	section nosuch.err | grep nosuch
}

@test "v2: auto is the host outside of containers, the cgroup inside" {
	is_equal plain "$(json_value inside_host .scope)" host
	is_equal marked "$(json_value inside_marked .scope)" cgroup
	is_equal marked "$(json_value inside_marked .cgroup)" /a
	for name in own_namespace own_namespace_old_mount own_namespace_leaf; do
		is_equal $name "$(json_value $name .scope)" cgroup
		is_equal $name "$(json_value $name .mem_limit)" 16384
		is_between "$name: mem_pct" "$(json_value $name .mem_pct)" 50 100
	done
}

@test "v2: a terminal is told scope, cgroup and limits" {
	section line | grep -x 'vmstat: scope cgroup /a (v2), memory limit 16M.*'
	section line_own | grep -x \
		'vmstat: scope cgroup / (v2), memory limit 16M.*, inexact: ancestors not visible'
}

@test "v2: -s counts the cgroup's own" {
	have_succeeded stats stats_json
	is_equal "OOM kills" "$(section stats | sed -n 's/^ *\(.*\) OOM kills/\1/p')" 0
	is_near pgmajfault "$(json_value stats_json .pgmajfault)" \
		"$(noted stats_before memory.stat.pgmajfault)" 5
	is_equal "the text's" "$(section stats |
		sed -n 's/^ *\([0-9]*\) major page faults/\1/p')" \
		"$(json_value stats_json .pgmajfault)"
	is_near system_usec "$(json_value stats_json .system_usec)" \
		"$(noted stats_before cpu.stat.system_usec)" 20000
	is_equal limit "$(json_value stats_json .mem_limit)" 16384
	are_unavailable stats_json intr cpu_idle cpu_iowait cpu_steal mem_buffers
}

# The load of `disk`: 200 pages of a file read one by one, then 50 writes of
# 64 KiB. The disk takes a millisecond for each.

# Before 5.13 a cgroup's events are counted in batches of 32.
@test "v2: 200 major faults from disk, 200 pages in, 3200 KiB out" {
	is_near maj "$(total_of disk maj)" 200 "$(usually 2 32)"
	is_near "maj of the file" "$(total_of disk maj)" \
		"$(growth disk_before disk_after memory.stat.pgmajfault)" 2
	is_near bi "$(total_of disk bi)" $((200 * $(section page))) 8
	is_near bo "$(total_of disk bo)" 3200 8
	is_near "the host's bi" "$(total_of disk_host bi)" $((200 * $(section page))) 40
	is_near "the host's bo" "$(total_of disk_host bo)" 3200 40
}

@test "v2: 250 requests of 1 ms are a quarter of a second of io pressure" {
	is_near io_some "$(total_of disk io_some)" 25 3
	is_near "io_some of the file" "$(total_of disk io_some)" \
		"$(awk -v t="$(growth disk_before disk_after io.pressure.some.total)" \
			'BEGIN { print t / 10000 }')" 1
	is_near "io_full of the file" "$(total_of disk io_full)" \
		"$(awk -v t="$(growth disk_before disk_after io.pressure.full.total)" \
			'BEGIN { print t / 10000 }')" 1
}

@test "v2: -d and -D count the cgroup's requests" {
	have_succeeded disks disks_sum
	is_equal reads "$(section disks | jq -s 'map(select(.reads == 200)) | length')" 1
	is_equal writes "$(section disks | jq -s 'map(select(.reads == 200))[0].writes')" 50
	is_equal sectors "$(section disks |
		jq -s 'map(select(.reads == 200))[0] | .read_sectors, .write_sectors' |
		xargs)" "$((400 * $(section page))) 6400"
	is_equal sum "$(json_value disks_sum '.reads, .writes' | xargs)" "200 50"
}

# The load of `quota`: 400 ms of a processor at 20 ms in each 100.

@test "v2: CPU is in percent of the quota, a fraction of a processor" {
	local usage
	usage=$(growth quota_before quota_after cpu.stat.usage_usec)
	is_between "usage of the load" "$usage" 390000 480000
	is_equal cpu_limit "$(json_value quota .cpu_limit)" 0.2
	is_near "us + sy" "$(json_value quota '(.us + .sy) * .interval')" \
		"$(awk -v u="$usage" 'BEGIN { print u / 10000 / 0.2 }')" 8
	is_near "us + sy + id" "$(json_value quota '.us + .sy + .id')" 100 0.1
}

@test "v2: throttling is the growth of throttled_usec and the periods" {
	local throttled periods
	throttled=$(growth quota_before quota_after cpu.stat.throttled_usec)
	periods=$(growth quota_before quota_after cpu.stat.nr_periods)
	is_between "throttled in the load, us" "$throttled" 1200000 1900000
	is_near thr "$(total_of quota thr)" \
		"$(awk -v t="$throttled" 'BEGIN { print t / 1000 }')" 100
	is_near thr_pct "$(json_value quota .thr_pct)" "$(awk -v p="$periods" -v t="$(
		growth quota_before quota_after cpu.stat.nr_throttled)" \
		'BEGIN { print t / p * 100 }')" 5
	is_near cpu_some "$(total_of quota cpu_some)" "$(awk -v t="$(
		growth quota_before quota_after cpu.pressure.some.total)" \
		'BEGIN { print t / 10000 }')" 12
}

@test "v2: an endless loop under a quota: busy 100, throttled 800 ms/s" {
	is_between "us + sy" "$(json_value loop '.us + .sy')" 93 106
	is_between id "$(json_value loop .id)" 0 7
	is_near thr "$(json_value loop .thr)" 800 60
	is_between thr_pct "$(json_value loop .thr_pct)" 90 100
	is_equal r "$(json_value loop .r)" 1
	is_equal alert "$(json_value loop '.alerts[] | select(.metric == "thr_pct") | .level')" \
		critical
	messages loop | grep 'CPU THROTTLED: [0-9]*% of the periods'
	is_near "the table's thr" "$(table_value loop_table thr)" 800 60
	is_between "the table's thr%" "$(table_value loop_table thr%)" 90 100
	is_equal "the table's cpus" "$(table_value loop_table cpus)" 0.20
}

@test "v2: a quota on the parent only throttles the child" {
	local throttled
	throttled=$(growth parent_before parent_after cpu.stat.throttled_usec)
	is_equal "the child's own periods" "$(growth child_before child_after \
		cpu.stat.nr_throttled)" 0
	is_equal cpu_limit "$(json_value parent .cpu_limit)" 0.2
	is_between "throttled, us" "$throttled" 1200000 1900000
	is_near thr "$(total_of parent thr)" \
		"$(awk -v t="$throttled" 'BEGIN { print t / 1000 }')" 100
	is_between thr_pct "$(json_value parent .thr_pct)" 70 100
}

@test "v2: an OOM kill is this cgroup's, not its neighbour's" {
	is_equal "status of the load" "$(section oom_work.status)" 137
	is_equal oom_kill "$(growth oom_before oom_after memory.events.oom_kill)" 1
	is_equal oom "$(json_value oom .oom)" 1
	is_equal neighbour "$(json_value oom_next .oom)" 0
	is_equal host "$(json_value oom_host .oom)" 1
	is_equal alert "$(json_value oom '.alerts[] | select(.metric == "oom") | .level')" critical
	messages oom | grep -x 'OOM KILL: 1 killed'
	section oom_next.err | has_no_line OOM
	is_near min "$(total_of oom min)" "$(pages 32768)" $(($(pages 32768) * 7 / 100))
	is_near swpd "$(json_value oom .swpd)" 0 0
}

@test "v2: the grandparent's limit is found, the sibling's is not" {
	local usage
	usage=$(($(noted nested_usage memory.current) / 1024))
	for name in nested nested_parent; do
		is_equal $name "$(json_value $name .mem_limit)" 32768
		is_near "$name: free" "$(json_value $name .free)" $((32768 - usage)) 64
		is_near "$name: mem_pct" "$(json_value $name .mem_pct)" \
			"$(awk -v u="$usage" 'BEGIN { print u / 327.68 }')" 1
	done
	is_equal sibling "$(json_value nested_sibling .mem_limit)" 8192
}

@test "v2: without limits there is no limit, and no throttling" {
	are_unavailable unlimited mem_limit mem_pct cpu_limit thr thr_pct
	is_between free "$(json_value unlimited .free)" 60000 262144
}

@test "v2: a subtree's tasks: 3 running, 2 blocked" {
	is_equal r "$(json_value tasks .r)" 3
	is_equal b "$(json_value tasks .b)" 2
	is_equal "r of one child" "$(json_value tasks_x .r)" 3
	is_equal "b of one child" "$(json_value tasks_x .b)" 0
	is_equal empty "$(json_value tasks_empty '.r, .b' | xargs)" "0 0"
}

@test "v2: a subtree's switches: 4 threads that slept 250 times each" {
	is_between cs "$(total_of tasks cs)" 1000 "$(usually 3000 10000)"
	is_between "less than the host's" "$(total_of tasks cs)" 0 \
		"$(growth tasks_host_before tasks_host_after stat.ctxt)"
}

@test "v2: switches of old tasks and of new ones, none from another cgroup" {
	is_between "cs of tasks that were there" "$(total_of old cs)" 1000 1030
	is_between "cs of tasks born in the interval" "$(total_of new cs)" 1000 1030
	is_between "cs of a task moved in" "$(total_of moved cs)" 0 30
}

@test "v2: a cgroup that goes away ends it, with a message and no zeros" {
	for name in gone gone_table; do
		is_equal status "$(section $name.status)" 1
		section $name.err |
			grep -x 'vmstat: cgroup .*/*e: gone: the container has ended'
		is_equal "lines of stderr" "$(section $name.err | wc -l)" 1
	done
	is_equal reports "$(section gone | wc -l)" 3
	is_equal "rows and heads" "$(section gone_table | wc -l)" 5
}

@test "v2: a first report where the first tasks have ended makes up no rates" {
	are_unavailable late interval us sy min maj
}

@test "v2: a process whose cgroup is deleted has no other's numbers" {
	section deleted_cgroup | grep '(deleted)'
	is_equal status "$(section deleted.status)" 1
	is_equal stdout "$(section deleted)" ""
	section deleted.err | grep /del
}

@test "v2: pressure off in a cgroup is unavailable, without a warning" {
	! grep '^@@ cannot set cgroup.pressure' "$BATS_FILE_TMPDIR/out" ||
		skip "before 6.1 a cgroup has no cgroup.pressure"
	have_succeeded nopressure nopressure_table
	are_unavailable nopressure cpu_some mem_some mem_full io_some io_full
	is_equal io "$(table_value nopressure_table ioP)" -
	is_equal reports "$(section lost | wc -l)" 4
	is_equal status "$(section lost.status)" 0
	are_unavailable lost cpu_some mem_some mem_full io_some io_full
	is_equal "while it was on" "$(section lost | jq -s '.[1].cpu_some')" 0
}

@test "v2: 48 MiB read under 32 MiB is no shortage, and 15 MiB can be had" {
	is_between mem_pct "$(json_value cache .mem_pct)" 0 60
	is_between avail "$(json_value cache .avail)" 15360 32768
	is_between free "$(json_value cache .free)" 0 8192
	is_equal alerts "$(json_value cache '.alerts | length')" 0
	have_succeeded cache cache_table
	is_between "the table's avail" "$(table_value cache_table avail)" 15360 32768
	is_equal "status of the allocation" "$(section allocated)" 0
	is_equal "OOM kills" "$(noted allocated_events memory.events.oom_kill)" 0
}

@test "v2: memory.high is the limit" {
	is_equal limit "$(json_value high .mem_limit)" 16384
	is_equal level "$(json_value high .mem_level)" /high
}

@test "v2: 6400 KiB through one and through two layers are 6400 KiB" {
	is_near "one layer" "$(total_of layers1 bo)" 6400 1
	is_near "two layers" "$(total_of layers2 bo)" 6400 1
	is_equal "lines of io.stat" "$(section io2 | grep -c wbytes)" 3
	is_near "sectors of all disks" "$(json_value layers_sum .write_sectors)" 25600 $((2 * $(section page)))
}

@test "v2: the end of a cgroup, also when a new one has its name" {
	is_equal status "$(section end.status)" 1
	section end.err | grep -x 'vmstat: cgroup /end: gone: the container has ended'
	is_between reports "$(section end | wc -l)" 2 4
}

@test "v2: a controller that is switched off is unavailable and comes back" {
	is_equal status "$(section off.status)" 0
	is_equal bi "$(section off | jq -s 'map(.bi == null) | unique | length')" 2
	is_equal "the last" "$(json_value off '.bi != null')" true
	is_between "KiB in all" "$(section off | jq -s 'map((.bi // 0) * (.interval // 0)) | add | round')" 0 641
}

@test "v2: another subtree is mounted: an error, not its numbers" {
	is_equal status "$(section other.status)" 1
	is_equal stdout "$(section other)" ""
	section other.err | grep 'no cgroup can be read here'
}

@test "v2: a first report alarms nobody" {
	is_equal kills "$(json_value killed_json .oom)" 1
	is_equal alerts "$(json_value killed_json '.alerts | length')" 0
	have_succeeded killed killed_json killed_host
}
