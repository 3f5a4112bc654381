# Controllers split over v1 and v2, on a kernel booted with psi=0
load guest

setup_file() { boot split; }

@test "split: memory from v1, cpu from v2, each by its own path" {
	section controllers | grep cpu
	equal scope "$(json both .scope)" cgroup
	equal mem_limit "$(json both .mem_limit)" 32768
	near free "$(json both .free)" \
		$((32768 - $(value before memory.usage_in_bytes) / 1024)) 200
	equal cpu_limit "$(json both .cpu_limit)" 0.2
	between "us + sy" "$(json both '.us + .sy')" 93 106
	near thr "$(json both .thr)" 800 60
	equal r "$(json both .r)" 1
	equal marked "$(json marked '.scope, .mem_limit, .cpu_limit' | xargs)" \
		"cgroup 32768 0.2"
}

@test "psi=0: pressure is -, without a warning" {
	succeeded host host_table cgroup cgroup_table
	for name in host cgroup; do
		unavailable $name cpu_some cpu_full mem_some mem_full io_some \
			io_full irq_full
	done
	equal "the table's io" "$(table cgroup_table io)" -
	equal "the table's mem" "$(table cgroup_table mem)" -
}
