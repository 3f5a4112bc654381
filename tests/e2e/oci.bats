# Containers made of the image that `make image` builds, run by crun
load guest

setup_file() { boot_machine oci; }

@test "oci: the image holds vmstat and nothing else" {
	is_equal files "$(section image | sort | xargs)" "/oci/rootfs /oci/rootfs/vmstat"
	is_equal entrypoint "$(section image_config | jq -c .config.Entrypoint)" \
		'["/vmstat"]'
}

# A loop uses each period's quota, 50 of 100 ms, at its beginning. A second
# may begin and end anywhere in a period: it holds 450 to 550 ms of running.
@test "oci: plain vmstat 1 3 in 64 MiB and half a processor, under a loop" {
	is_equal columns "$(section busy | sed -n 2p | xargs | cut -d' ' -f1-18)" \
		"r b swpd free buff cache si so bi bo in cs us sy id wa st gu"
	is_equal lines "$(section busy | wc -l)" 5
	is_between free "$(table_value busy free)" 60000 65535
	is_between "us + sy" $(($(table_value busy us) + $(table_value busy sy))) 90 110
	is_between thr "$(table_value busy thr)" 300 700
	is_between thr% "$(table_value busy thr%)" 80 100
	is_equal r "$(table_value busy r)" 1
	for column in buff in wa st gu; do
		is_equal "$column" "$(table_value busy $column)" -
	done
}

@test "oci: the same in JSON, every report" {
	local n
	is_equal reports "$(section busyjson | wc -l)" 3
	is_equal scope "$(json_value busyjson .scope)" cgroup
	is_equal mem_limit "$(json_value busyjson .mem_limit)" 65536
	is_equal cpu_limit "$(json_value busyjson .cpu_limit)" 0.5
	for n in 1 2; do
		is_between "us + sy of $n" "$(section busyjson |
			jq -s ".[$n] | .us + .sy")" 90 110
		is_between "thr of $n" "$(section busyjson | jq -s ".[$n].thr")" 300 700
	done
	are_unavailable busyjson buff in wa st gu si so
}

@test "oci: the first report counts from the container's start, not boot" {
	is_between interval "$(json_value first .interval)" 0.001 5
	is_near free "$(json_value first .free)" 65000 600
	is_equal oom "$(json_value first .oom)" 0
	is_between "use in the first interval, us" "$(section busyjson |
		jq -s '.[0] | (.us + .sy) / 100 * .cpu_limit * .interval * 1000000')" \
		$(($(noted busy_before cpu.stat.usage_usec) * 9 / 10)) \
		$(($(noted busy_before cpu.stat.usage_usec) + 200000))
	is_between "its interval" "$(section busyjson | jq -s '.[0].interval')" 0.1 5
}

@test "oci: --scope=host shows the machine" {
	is_equal scope "$(json_value host .scope)" host
	is_equal cgroup "$(json_value host .cgroup)" null
	is_between free "$(json_value host .free)" 80000 262144
	is_near "us + sy + id" "$(json_value host '.us + .sy + .id + .wa')" 100 1.5
	is_between id "$(json_value host .id)" 80 100
	are_unavailable host mem_limit mem_pct cpu_limit thr
	is_equal "columns of the table" "$(section hosttable | sed -n 2p | wc -w)" 20
}

@test "oci: as an ordinary user, the same numbers" {
	have_succeeded user
	is_equal scope "$(json_value user .scope)" cgroup
	is_equal mem_limit "$(json_value user .mem_limit)" 65536
	is_equal cpu_limit "$(json_value user .cpu_limit)" 0.5
	is_near free "$(json_value user .free)" "$(json_value first .free)" 300
}

@test "oci: masked /proc files cost the container's numbers nothing" {
	is_equal status "$(section masked.status)" 0
	is_equal scope "$(json_value masked .scope)" cgroup
	is_equal mem_limit "$(json_value masked .mem_limit)" 65536
	is_near free "$(json_value masked .free)" "$(json_value first .free)" 300
	is_equal cpu_limit "$(json_value masked .cpu_limit)" 0.5
	are_unavailable masked in wa st gu
}

@test "oci: all of /proc masked leaves host scope nothing, and it says so" {
	is_equal status "$(section masked_host.status)" 1
	is_equal stdout "$(section masked_host)" ""
	is_equal "lines of stderr" "$(section masked_host.err | grep -c '^vmstat: /proc/')" 1
	is_equal status "$(section masked_table.status)" 0
}

@test "oci: some of /proc masked: those columns are -, one warning each" {
	is_equal status "$(section masked_some.status)" 0
	is_equal scope "$(json_value masked_some .scope)" host
	are_unavailable masked_some r in cs us sy id wa st gu min maj si so bi bo \
		cpu_some mem_some
	is_between free "$(json_value masked_some .free)" 80000 262144
	is_equal "warnings" "$(section masked_some.err | wc -l)" 2
	section masked_some.err | grep -c /proc/stat
	section masked_some.err | grep -c /proc/vmstat
}

@test "oci: without a cgroup mount it is the host's numbers, and named so" {
	is_equal scope "$(json_value nocgroup .scope)" host
	are_unavailable nocgroup mem_limit cpu_limit
}

@test "oci: in the host's cgroup namespace it still finds its own" {
	is_equal scope "$(json_value hostns .scope)" cgroup
	is_equal cgroup "$(json_value hostns .cgroup)" /pods/hostns
	is_equal mem_limit "$(json_value hostns .mem_limit)" 65536
}

@test "oci: as process 1 it ends at SIGTERM and SIGINT, with a shell's status for them" {
	local signal
	for signal in sigTERM sigINT; do
		is_between "tenths of a second" "$(section $signal.status)" 0 20
		is_between lines "$(section $signal | wc -l)" 4 5
		is_equal stderr "$(section $signal.err)" ""
	done
	is_equal status "$(section status.status)" 143
}

@test "oci: --pid=1 from a sibling sees the target, as kubectl debug would" {
	local usage
	usage=$(($(noted target_usage memory.current) / 1024))
	is_between "use of the target, KiB" $usage 16384 20000
	is_equal "the debugger's own" "$(json_value own .mem_limit)" 131072
	is_equal scope "$(json_value debug .scope)" cgroup
	is_equal mem_limit "$(json_value debug .mem_limit)" 65536
	is_equal cpu_limit "$(json_value debug .cpu_limit)" 0.5
	is_near free "$(json_value debug .free)" $((65536 - usage)) 300
	is_near "mem_pct" "$(json_value debug .mem_pct)" \
		"$(awk -v u=$usage 'BEGIN { print u / 655.36 }')" 1
	is_near "free of the table" "$(table_value debug_table free)" $((65536 - usage)) 300
}

@test "oci: --pid=1 without the right to look is an error, not a guess" {
	is_equal status "$(section debug_user.status)" 1
	is_equal stdout "$(section debug_user)" ""
	[ -n "$(section debug_user.err)" ]
	is_equal status "$(section debug_nosuch.status)" 1
	section debug_nosuch.err | grep 4000
}

@test "oci: --pid=1 of another user takes SYS_PTRACE" {
	is_equal status "$(section debug_other.status)" 1
	is_equal stdout "$(section debug_other)" ""
	is_equal "lines of stderr" "$(section debug_other.err | wc -l)" 1
	is_equal mem_limit "$(json_value debug_ptrace .mem_limit)" 65536
}

@test "oci: --pid from the host finds a container by any of its processes" {
	is_equal cgroup "$(json_value from_host .cgroup)" /pods/target
	is_equal limits "$(json_value from_host '.mem_limit, .cpu_limit' | xargs)" "65536 0.5"
	is_between free "$(json_value from_host .free)" 40000 49152
	is_equal r "$(json_value from_host .r)" 0
	is_between cs "$(total_of from_host cs)" 0.9 20
}

@test "oci: entered from outside, it is the container's numbers that count" {
	is_equal entered "$(json_value entered '.scope, .mem_limit, .cpu_limit' | xargs)" \
		"cgroup 65536 0.5"
	section moved | grep -x '0::/../../elsewhere'
	is_equal moved "$(section moved | tail -1 | jq -r '.scope, .mem_limit' | xargs)" \
		"cgroup 65536"
}

@test "oci: a sidecar that is shown the pod's cgroup counts the whole pod" {
	is_equal status "$(section pod.status)" 0
	is_equal scope "$(json_value pod .scope)" cgroup
	is_between "memory, the target's 16 MiB in it" \
		"$(json_value pod '.inact + .active')" 16384 \
		$(($(noted pod_usage memory.current) / 1024 + 4096))
	# The app's tasks are out of sight without a common process namespace.
	are_unavailable pod mem_limit r b cs
}
