# A rescue shell: an initramfs that holds busybox and vmstat, and no more
load guest

setup_file() { boot_machine rescue; }

@test "rescue: without /proc, the error names the command that mounts it" {
	for name in noproc noproc_json noproc_stats; do
		is_equal status "$(section $name.status)" 1
		is_equal stdout "$(section $name)" ""
		section $name.err | grep -F 'mount -t proc proc /proc'
		is_equal "lines of stderr" "$(section $name.err | wc -l)" 1
	done
}

@test "rescue: --help needs no /proc" {
	have_succeeded noproc_help
	section noproc_help | grep -e --scope
}

@test "rescue: with /proc, everything works and is the host's" {
	have_succeeded table classic csv stats disks sum slabs
	is_equal scope "$(json_value json .scope)" host
	is_equal cgroup "$(json_value json .cgroup)" null
	is_equal columns "$(section classic | sed -n 2p | wc -w)" 18
	are_unavailable json mem_limit mem_pct cpu_limit thr thr_pct
	is_between "memory" "$(section stats | awk '/K total memory/ { print $1 }')" \
		150000 262144
}

@test "rescue: cgroup scope says that there is none" {
	is_equal status "$(section cgroup.status)" 1
	is_equal stdout "$(section cgroup)" ""
	section cgroup.err | grep -i cgroup
}

@test "rescue: the console is a terminal: no scope line on a plain host, no wrapping" {
	section terminal | grep '^procs'
	section terminal | has_no_line scope
	section narrow | awk 'length > 40 { print "too wide: " $0; bad = 1 }
		END { exit bad }' <(section narrow | grep -v '^vmstat:')
}

@test "rescue: two busy seconds of four are half of the processor" {
	is_between "us + sy" "$(json_value cpu '.us + .sy')" 48 56
	is_between id "$(json_value cpu .id)" 44 52
	is_near interval "$(json_value cpu .interval)" 4 0.05
}

@test "rescue: 16 MiB written to memory move from free to cache" {
	local cache free
	cache=$(($(json_value memory_after .cache) - $(json_value memory_before .cache)))
	free=$(($(json_value memory_before .free) - $(json_value memory_after .free)))
	is_near "growth of cache" $cache 16384 200
	# What else it frees meanwhile is the kernel's: 5 MiB on 6.12 once.
	is_near "loss of free" $free 16384 "$(usually 1500 8192)"
	is_near "free of the file" "$(json_value memory_after .free)" "$(noted meminfo_after meminfo.MemFree)" 1000
}

@test "rescue: a hundred processes: forks, faults and switches add up" {
	local before after faults switches
	before=$(section forks_before | awk '{ print $1 }')
	after=$(section forks_after | awk '{ print $1 }')
	is_between forks $((after - before)) 100 130
	# The second note and the two of vmstat's own runs come on top.
	faults=$(($(growth faults_before faults_after vmstat.pgfault) -
		$(growth faults_before faults_after vmstat.pgmajfault)))
	is_between faults "$(total_of forks min)" "$faults" $((faults * 13 / 10 + 2000))
	switches=$(growth faults_before faults_after stat.ctxt)
	is_between switches "$(total_of forks cs)" "$switches" $((switches * 2 + 400))
}

@test "rescue: three processes that want one processor are in r" {
	# They and the reader; a thread of the kernel may run at an instant, but not at each.
	is_equal "the least r" "$(section busy | jq -s 'map(.r) | min')" 4
	is_equal b "$(json_value busy .b)" 0
	is_between id "$(json_value busy .id)" 0 1
}
