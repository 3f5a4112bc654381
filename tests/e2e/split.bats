# Controllers split over v1 and v2, on a kernel booted with psi=0
load guest

setup_file() { boot_v1_machine split; }

@test "split: memory from v1, cpu from v2, each by its own path" {
	section controllers | grep cpu
	is_equal scope "$(json_value both .scope)" cgroup
	is_equal mem_limit "$(json_value both .mem_limit)" 32768
	is_near free "$(json_value both .free)" \
		$((32768 - $(noted before memory.usage_in_bytes) / 1024)) 200
	is_equal cpu_limit "$(json_value both .cpu_limit)" 0.2
	is_between "us + sy" "$(json_value both '.us + .sy')" 93 106
	is_near thr "$(json_value both .thr)" 800 60
	is_equal r "$(json_value both .r)" 1
	is_equal marked "$(json_value marked '.scope, .mem_limit, .cpu_limit' | xargs)" \
		"cgroup 32768 0.2"
}

@test "psi=0: pressure is -, without a warning" {
	have_succeeded host host_table cgroup cgroup_table
	for name in host cgroup; do
		are_unavailable $name cpu_some cpu_full mem_some mem_full io_some \
			io_full irq_full
	done
	is_equal "the table's io" "$(table_value cgroup_table ioP)" -
	is_equal "the table's mem" "$(table_value cgroup_table memP)" -
}
