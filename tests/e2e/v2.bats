# cgroup v2 with real limits, each column against what a known load did
load guest

setup_file() { boot v2; }

# The load of `swap`: 24 MiB of 4 KiB pages touched three times over under a
# limit of 16 MiB. 24 * 256 = 6144 pages: the first pass is as many minor
# faults, each of the others as many major ones, each of them a page from swap.

@test "v2: faults: 6144 minor, 12288 major" {
	equal scope "$(json swap .scope)" cgroup
	equal cgroup "$(json swap .cgroup)" /a
	near interval "$(json swap .interval)" 10 0.05
	near maj "$(total swap maj)" 12288 10
	near min "$(total swap min)" 6144 100
	near "maj of the file" "$(total swap maj)" \
		"$(grew swap_before swap_after memory.stat.pgmajfault)" 10
}

@test "v2: swap-in and swap-out belong to the host on this kernel" {
	unavailable swap si so
	near si "$(total swap_host si)" \
		$(($(grew swap_before swap_after vmstat.pswpin) * 4)) 100
	near so "$(total swap_host so)" \
		$(($(grew swap_before swap_after vmstat.pswpout) * 4)) 100
	near "si of the load" "$(total swap_host si)" $((12288 * 4)) 200
	near "maj of the host" "$(total swap_host maj)" 12288 20
}

@test "v2: swpd, free, cache, active, mem_pct are what the files say" {
	local current
	current=$(value swap_after memory.current)
	near swpd "$(json swap .swpd)" \
		$(($(value swap_after memory.swap.current) / 1024)) 64
	between "swpd of the load" "$(json swap .swpd)" 8192 10500
	equal mem_limit "$(json swap .mem_limit)" 16384
	near free "$(json swap .free)" $((16384 - current / 1024)) 128
	near mem_pct "$(json swap .mem_pct)" \
		"$(awk -v c="$current" 'BEGIN { print c / 16777216 * 100 }')" 1
	between "mem_pct of the load" "$(json swap .mem_pct)" 80 100
	near cache "$(json swap .cache)" \
		$(($(value swap_after memory.stat.file) / 1024)) 64
	near inact "$(json swap .inact)" $((($(value swap_after memory.stat.inactive_anon) +
		$(value swap_after memory.stat.inactive_file)) / 1024)) 64
	near active "$(json swap .active)" $((($(value swap_after memory.stat.active_anon) +
		$(value swap_after memory.stat.active_file)) / 1024)) 64
}

@test "v2: memory pressure is the growth of total over the interval" {
	local some full
	some=$(grew swap_before swap_after memory.pressure.some.total)
	full=$(grew swap_before swap_after memory.pressure.full.total)
	between "stall of the load, us" "$some" 500000 5000000
	near mem_some "$(total swap mem_some)" \
		"$(awk -v t="$some" 'BEGIN { print t / 10000 }')" 2
	near mem_full "$(total swap mem_full)" \
		"$(awk -v t="$full" 'BEGIN { print t / 10000 }')" 2
}

@test "v2: what a cgroup cannot know is -, never the host's" {
	local column
	unavailable swap buff in wa st gu si so
	for column in buff in wa st gu si so; do
		equal "$column" "$(table swap_table $column)" -
	done
	near "the table's maj" "$(table swap_table maj)" 1229 3
	near "the table's min" "$(table swap_table min)" 614 12
	equal "the host's cgroup" "$(json swap_host .cgroup)" null
	unavailable swap_host mem_limit mem_pct cpu_limit thr thr_pct
}

@test "v2: alerts for major faults, memory limit and pressure" {
	json swap '.alerts | map(.metric) | sort | join(" ")' |
		grep -x 'maj mem_full.*'
	equal level "$(json swap '.alerts[] | select(.metric == "maj") | .level')" \
		critical
	section swap.err | grep -x 'vmstat: HIGH IO LATENCY: 12[23][0-9] major faults/s'
	section swap.err | grep 'vmstat: MEMORY PRESSURE: [0-9]*% of the time all stalled'
}

@test "v2: --pid finds the same cgroup, --cgroup takes a directory too" {
	equal cgroup "$(json pid .cgroup)" /a
	equal mem_limit "$(json pid .mem_limit)" 16384
	near swpd "$(json pid .swpd)" "$(json swap .swpd)" 200
	equal absolute "$(json absolute .mem_limit)" 16384
	equal status "$(section nosuch.status)" 1
	equal stdout "$(section nosuch)" ""
	section nosuch.err | grep nosuch
}

@test "v2: auto is the host outside of containers, the cgroup inside" {
	equal plain "$(json inside_host .scope)" host
	equal marked "$(json inside_marked .scope)" cgroup
	equal marked "$(json inside_marked .cgroup)" /a
	for name in own_namespace own_namespace_old_mount own_namespace_leaf; do
		equal $name "$(json $name .scope)" cgroup
		equal $name "$(json $name .mem_limit)" 16384
		between "$name: mem_pct" "$(json $name .mem_pct)" 50 100
	done
}

@test "v2: a terminal is told scope, cgroup and limits" {
	section line | grep -x 'vmstat: scope cgroup /a (v2), memory limit 16M.*'
	section line_own | grep -x \
		'vmstat: scope cgroup / (v2), memory limit 16M.*, inexact: ancestors not visible'
}

@test "v2: -s counts the cgroup's own" {
	succeeded stats stats_json
	equal "OOM kills" "$(section stats | sed -n 's/^ *\(.*\) OOM kills/\1/p')" 0
	near pgmajfault "$(json stats_json .pgmajfault)" \
		"$(value stats_before memory.stat.pgmajfault)" 5
	equal "the text's" "$(section stats |
		sed -n 's/^ *\([0-9]*\) major page faults/\1/p')" \
		"$(json stats_json .pgmajfault)"
	near system_usec "$(json stats_json .system_usec)" \
		"$(value stats_before cpu.stat.system_usec)" 20000
	equal limit "$(json stats_json .mem_limit)" 16384
	unavailable stats_json intr cpu_idle cpu_iowait cpu_steal mem_buffers
}

# The load of `disk`: 200 pages of a file read one by one, then 50 writes of
# 64 KiB. The disk takes a millisecond for each.

@test "v2: 200 major faults from disk, 800 KiB in, 3200 KiB out" {
	near maj "$(total disk maj)" 200 2
	near bi "$(total disk bi)" 800 8
	near bo "$(total disk bo)" 3200 8
	near "the host's bi" "$(total disk_host bi)" 800 40
	near "the host's bo" "$(total disk_host bo)" 3200 40
}

@test "v2: 250 requests of 1 ms are a quarter of a second of io pressure" {
	near io_some "$(total disk io_some)" 25 3
	near "io_some of the file" "$(total disk io_some)" \
		"$(awk -v t="$(grew disk_before disk_after io.pressure.some.total)" \
			'BEGIN { print t / 10000 }')" 1
	near "io_full of the file" "$(total disk io_full)" \
		"$(awk -v t="$(grew disk_before disk_after io.pressure.full.total)" \
			'BEGIN { print t / 10000 }')" 1
}

@test "v2: -d and -D count the cgroup's requests" {
	succeeded disks disks_sum
	equal reads "$(section disks | jq -s 'map(select(.reads == 200)) | length')" 1
	equal writes "$(section disks | jq -s 'map(select(.reads == 200))[0].writes')" 50
	equal sectors "$(section disks |
		jq -s 'map(select(.reads == 200))[0] | .read_sectors, .write_sectors' |
		xargs)" "1600 6400"
	equal sum "$(json disks_sum '.reads, .writes' | xargs)" "200 50"
}

# The load of `quota`: 400 ms of a processor at 20 ms in each 100.

@test "v2: CPU is in percent of the quota, a fraction of a processor" {
	local usage
	usage=$(grew quota_before quota_after cpu.stat.usage_usec)
	between "usage of the load" "$usage" 390000 480000
	equal cpu_limit "$(json quota .cpu_limit)" 0.2
	near "us + sy" "$(json quota '(.us + .sy) * .interval')" \
		"$(awk -v u="$usage" 'BEGIN { print u / 10000 / 0.2 }')" 8
	near "us + sy + id" "$(json quota '.us + .sy + .id')" 100 0.1
}

@test "v2: throttling is the growth of throttled_usec and the periods" {
	local throttled periods
	throttled=$(grew quota_before quota_after cpu.stat.throttled_usec)
	periods=$(grew quota_before quota_after cpu.stat.nr_periods)
	between "throttled in the load, us" "$throttled" 1200000 1900000
	near thr "$(total quota thr)" \
		"$(awk -v t="$throttled" 'BEGIN { print t / 1000 }')" 100
	near thr_pct "$(json quota .thr_pct)" "$(awk -v p="$periods" -v t="$(
		grew quota_before quota_after cpu.stat.nr_throttled)" \
		'BEGIN { print t / p * 100 }')" 5
	near cpu_some "$(total quota cpu_some)" "$(awk -v t="$(
		grew quota_before quota_after cpu.pressure.some.total)" \
		'BEGIN { print t / 10000 }')" 12
}

@test "v2: an endless loop under a quota: busy 100, throttled 800 ms/s" {
	between "us + sy" "$(json loop '.us + .sy')" 93 106
	between id "$(json loop .id)" 0 7
	near thr "$(json loop .thr)" 800 60
	between thr_pct "$(json loop .thr_pct)" 90 100
	equal r "$(json loop .r)" 1
	equal alert "$(json loop '.alerts[] | select(.metric == "thr_pct") | .level')" \
		critical
	section loop.err | grep 'vmstat: CPU THROTTLED: [0-9]*% of the periods'
	near "the table's thr" "$(table loop_table thr)" 800 60
	between "the table's thr%" "$(table loop_table thr%)" 90 100
	equal "the table's cpus" "$(table loop_table cpus)" 0.20
}

@test "v2: a quota on the parent only throttles the child" {
	local throttled
	throttled=$(grew parent_before parent_after cpu.stat.throttled_usec)
	equal "the child's own periods" "$(grew child_before child_after \
		cpu.stat.nr_throttled)" 0
	equal cpu_limit "$(json parent .cpu_limit)" 0.2
	between "throttled, us" "$throttled" 1200000 1900000
	near thr "$(total parent thr)" \
		"$(awk -v t="$throttled" 'BEGIN { print t / 1000 }')" 100
	between thr_pct "$(json parent .thr_pct)" 70 100
}

@test "v2: an OOM kill is this cgroup's, not its neighbour's" {
	equal "status of the load" "$(section oom_work.status)" 137
	equal oom_kill "$(grew oom_before oom_after memory.events.oom_kill)" 1
	equal oom "$(json oom .oom)" 1
	equal neighbour "$(json oom_next .oom)" 0
	equal host "$(json oom_host .oom)" 1
	equal alert "$(json oom '.alerts[] | select(.metric == "oom") | .level')" critical
	section oom.err | grep -x 'vmstat: OOM KILL: 1 killed'
	section oom_next.err | lacks OOM
	near min "$(total oom min)" 8192 600
	near swpd "$(json oom .swpd)" 0 0
}

@test "v2: the grandparent's limit is found, the sibling's is not" {
	local usage
	usage=$(($(value nested_usage memory.current) / 1024))
	for name in nested nested_parent; do
		equal $name "$(json $name .mem_limit)" 32768
		near "$name: free" "$(json $name .free)" $((32768 - usage)) 64
		near "$name: mem_pct" "$(json $name .mem_pct)" \
			"$(awk -v u="$usage" 'BEGIN { print u / 327.68 }')" 1
	done
	equal sibling "$(json nested_sibling .mem_limit)" 8192
}

@test "v2: without limits there is no limit, and no throttling to speak of" {
	unavailable unlimited mem_limit mem_pct
	between free "$(json unlimited .free)" 60000 262144
	equal thr "$(json unlimited '.thr // 0')" 0
}

@test "v2: a subtree's tasks: 3 running, 2 blocked" {
	equal r "$(json tasks .r)" 3
	equal b "$(json tasks .b)" 2
	equal "r of one child" "$(json tasks_x .r)" 3
	equal "b of one child" "$(json tasks_x .b)" 0
	equal empty "$(json tasks_empty '.r, .b' | xargs)" "0 0"
}

@test "v2: a subtree's switches: 4 threads that slept 250 times each" {
	between cs "$(total tasks cs)" 1000 3000
	between "less than the host's" "$(total tasks cs)" 0 \
		"$(grew tasks_host_before tasks_host_after stat.ctxt)"
}

@test "v2: switches of old tasks and of new ones, none from another cgroup" {
	between "cs of tasks that were there" "$(total old cs)" 1000 1030
	between "cs of tasks born in the interval" "$(total new cs)" 1000 1030
	between "cs of a task moved in" "$(total moved cs)" 0 30
}

@test "v2: a cgroup that goes away ends it, with a message and no zeros" {
	for name in gone gone_table; do
		equal status "$(section $name.status)" 1
		section $name.err |
			grep -x 'vmstat: cgroup .*/*e: gone: the container has ended'
		equal "lines of stderr" "$(section $name.err | wc -l)" 1
	done
	equal reports "$(section gone | wc -l)" 3
	equal "rows and heads" "$(section gone_table | wc -l)" 5
}

@test "v2: a first report where the first tasks have ended makes up no rates" {
	between "us + sy" "$(json late '(.us // 0) + (.sy // 0)')" 0 100.5
	between "faults a second" "$(json late '.min // 0')" 0 60
}

@test "v2: a process whose cgroup is deleted has no other's numbers" {
	section deleted_cgroup | grep '(deleted)'
	equal status "$(section deleted.status)" 1
	equal stdout "$(section deleted)" ""
	section deleted.err | grep /del
}

@test "v2: pressure off in a cgroup is unavailable, without a warning" {
	succeeded nopressure nopressure_table
	unavailable nopressure cpu_some mem_some mem_full io_some io_full
	equal io "$(table nopressure_table io)" -
	equal reports "$(section lost | wc -l)" 4
	equal status "$(section lost.status)" 0
	unavailable lost cpu_some mem_some mem_full io_some io_full
	equal "while it was on" "$(section lost | jq -s '.[1].cpu_some')" 0
}
