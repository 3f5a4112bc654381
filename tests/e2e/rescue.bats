# A rescue shell: an initramfs that holds busybox and vmstat, and no more
load guest

setup_file() { boot rescue; }

@test "rescue: without /proc, the error names the command that mounts it" {
	for name in noproc noproc_json noproc_stats; do
		equal status "$(section $name.status)" 1
		equal stdout "$(section $name)" ""
		section $name.err | grep -F 'mount -t proc proc /proc'
		equal "lines of stderr" "$(section $name.err | wc -l)" 1
	done
}

@test "rescue: --help needs no /proc" {
	succeeded noproc_help
	section noproc_help | grep -e --scope
}

@test "rescue: with /proc, everything works and is the host's" {
	succeeded table classic csv stats disks sum slabs
	equal scope "$(json json .scope)" host
	equal cgroup "$(json json .cgroup)" null
	equal columns "$(section classic | sed -n 2p | wc -w)" 18
	unavailable json mem_limit mem_pct cpu_limit thr thr_pct
	between "memory" "$(section stats | awk '/K total memory/ { print $1 }')" \
		150000 262144
}

@test "rescue: cgroup scope says that there is none" {
	equal status "$(section cgroup.status)" 1
	equal stdout "$(section cgroup)" ""
	section cgroup.err | grep -i cgroup
}

@test "rescue: the console is a terminal: no scope line on a plain host, no wrapping" {
	section terminal | grep '^procs'
	section terminal | lacks scope
	section narrow | awk 'length > 40 { print "too wide: " $0; bad = 1 }
		END { exit bad }' <(section narrow | grep -v '^vmstat:')
}

@test "rescue: two busy seconds of four are half of the processor" {
	between "us + sy" "$(json cpu '.us + .sy')" 48 56
	between id "$(json cpu .id)" 44 52
	near interval "$(json cpu .interval)" 4 0.05
}

@test "rescue: 16 MiB written to memory move from free to cache" {
	local cache free
	cache=$(($(json memory_after .cache) - $(json memory_before .cache)))
	free=$(($(json memory_before .free) - $(json memory_after .free)))
	near "growth of cache" $cache 16384 200
	near "loss of free" $free 16384 1500
}

@test "rescue: a hundred processes: forks, faults and switches add up" {
	local before after faults switches
	before=$(section forks_before | awk '{ print $1 }')
	after=$(section forks_after | awk '{ print $1 }')
	between forks $((after - before)) 100 130
	# The second note and the two of vmstat's own runs come on top.
	faults=$(($(grew faults_before faults_after vmstat.pgfault) -
		$(grew faults_before faults_after vmstat.pgmajfault)))
	between faults "$(total forks min)" "$faults" $((faults * 13 / 10 + 2000))
	switches=$(grew faults_before faults_after stat.ctxt)
	between switches "$(total forks cs)" "$switches" $((switches * 2 + 400))
}

@test "rescue: three processes that want one processor are in r" {
	between r "$(json busy .r)" 3 4
	equal b "$(json busy .b)" 0
	between id "$(json busy .id)" 0 1
}
