# Containers made of the image that `make image` builds, run by crun
load guest

setup_file() { boot oci; }

@test "oci: the image holds vmstat and nothing else" {
	equal files "$(section image | sort | xargs)" "/oci/rootfs /oci/rootfs/vmstat"
	equal entrypoint "$(section image_config | jq -c .config.Entrypoint)" \
		'["/vmstat"]'
}

# A loop uses each period's quota, 50 of 100 ms, at its beginning. A second
# may begin and end anywhere in a period: it holds 450 to 550 ms of running.
@test "oci: plain vmstat 1 3 in 64 MiB and half a processor, under a loop" {
	equal columns "$(section busy | sed -n 2p | xargs | cut -d' ' -f1-18)" \
		"r b swpd free buff cache si so bi bo in cs us sy id wa st gu"
	equal lines "$(section busy | wc -l)" 5
	between free "$(table busy free)" 60000 65535
	between "us + sy" $(($(table busy us) + $(table busy sy))) 90 110
	between thr "$(table busy thr)" 300 700
	between thr% "$(table busy thr%)" 80 100
	equal r "$(table busy r)" 1
	for column in buff in wa st gu; do
		equal "$column" "$(table busy $column)" -
	done
}

@test "oci: the same in JSON, every report" {
	local n
	equal reports "$(section busyjson | wc -l)" 3
	equal scope "$(json busyjson .scope)" cgroup
	equal mem_limit "$(json busyjson .mem_limit)" 65536
	equal cpu_limit "$(json busyjson .cpu_limit)" 0.5
	for n in 1 2; do
		between "us + sy of $n" "$(section busyjson |
			jq -s ".[$n] | .us + .sy")" 90 110
		between "thr of $n" "$(section busyjson | jq -s ".[$n].thr")" 300 700
	done
	unavailable busyjson buff in wa st gu si so
}

@test "oci: the first report counts from the container's start, not boot" {
	between interval "$(json first .interval)" 0.001 5
	near free "$(json first .free)" 65000 600
	equal oom "$(json first .oom)" 0
	between "use in the first interval, us" "$(section busyjson |
		jq -s '.[0] | (.us + .sy) / 100 * .cpu_limit * .interval * 1000000')" \
		$(($(value busy_before cpu.stat.usage_usec) * 9 / 10)) \
		$(($(value busy_before cpu.stat.usage_usec) + 200000))
	between "its interval" "$(section busyjson | jq -s '.[0].interval')" 0.1 5
}

@test "oci: --scope=host shows the machine" {
	equal scope "$(json host .scope)" host
	equal cgroup "$(json host .cgroup)" null
	between free "$(json host .free)" 80000 262144
	near "us + sy + id" "$(json host '.us + .sy + .id + .wa')" 100 1.5
	between id "$(json host .id)" 80 100
	unavailable host mem_limit mem_pct cpu_limit thr
	equal "columns of the table" "$(section hosttable | sed -n 2p | wc -w)" 20
}

@test "oci: as an ordinary user, the same numbers" {
	succeeded user
	equal scope "$(json user .scope)" cgroup
	equal mem_limit "$(json user .mem_limit)" 65536
	equal cpu_limit "$(json user .cpu_limit)" 0.5
	near free "$(json user .free)" "$(json first .free)" 300
}

@test "oci: masked /proc files cost the container's numbers nothing" {
	equal status "$(section masked.status)" 0
	equal scope "$(json masked .scope)" cgroup
	equal mem_limit "$(json masked .mem_limit)" 65536
	near free "$(json masked .free)" "$(json first .free)" 300
	equal cpu_limit "$(json masked .cpu_limit)" 0.5
	unavailable masked in wa st gu
}

@test "oci: all of /proc masked leaves host scope nothing, and it says so" {
	equal status "$(section masked_host.status)" 1
	equal stdout "$(section masked_host)" ""
	[ "$(section masked_host.err | wc -l)" -ge 1 ]
	equal status "$(section masked_table.status)" 0
}

@test "oci: some of /proc masked: those columns are -, one warning each" {
	equal status "$(section masked_some.status)" 0
	equal scope "$(json masked_some .scope)" host
	unavailable masked_some r in cs us sy id wa st gu min maj si so bi bo \
		cpu_some mem_some
	between free "$(json masked_some .free)" 80000 262144
	equal "warnings" "$(section masked_some.err | wc -l)" 2
	section masked_some.err | grep -c /proc/stat
	section masked_some.err | grep -c /proc/vmstat
}

@test "oci: without a cgroup mount it is the host's numbers, and named so" {
	equal scope "$(json nocgroup .scope)" host
	unavailable nocgroup mem_limit cpu_limit
}

@test "oci: in the host's cgroup namespace it still finds its own" {
	equal scope "$(json hostns .scope)" cgroup
	equal cgroup "$(json hostns .cgroup)" /pods/hostns
	equal mem_limit "$(json hostns .mem_limit)" 65536
}

@test "oci: as process 1 it ends at SIGTERM and SIGINT, with status 0" {
	local signal
	for signal in sigTERM sigINT; do
		between "tenths of a second" "$(section $signal.status)" 0 20
		between lines "$(section $signal | wc -l)" 4 5
		equal stderr "$(section $signal.err)" ""
	done
	equal status "$(section status.status)" 0
}

@test "oci: --pid=1 from a sibling sees the target, as kubectl debug would" {
	local usage
	usage=$(($(value target_usage memory.current) / 1024))
	between "use of the target, KiB" $usage 16384 20000
	equal "the debugger's own" "$(json own .mem_limit)" 131072
	equal scope "$(json debug .scope)" cgroup
	equal mem_limit "$(json debug .mem_limit)" 65536
	equal cpu_limit "$(json debug .cpu_limit)" 0.5
	near free "$(json debug .free)" $((65536 - usage)) 300
	near "mem_pct" "$(json debug .mem_pct)" \
		"$(awk -v u=$usage 'BEGIN { print u / 655.36 }')" 1
	near "free of the table" "$(table debug_table free)" $((65536 - usage)) 300
}

@test "oci: --pid=1 without the right to look is an error, not a guess" {
	equal status "$(section debug_user.status)" 1
	equal stdout "$(section debug_user)" ""
	[ -n "$(section debug_user.err)" ]
	equal status "$(section debug_nosuch.status)" 1
	section debug_nosuch.err | grep 4000
}

@test "oci: --pid=1 of another user takes SYS_PTRACE" {
	equal status "$(section debug_other.status)" 1
	equal stdout "$(section debug_other)" ""
	equal "lines of stderr" "$(section debug_other.err | wc -l)" 1
	equal mem_limit "$(json debug_ptrace .mem_limit)" 65536
}

@test "oci: --pid from the host finds a container by any of its processes" {
	equal cgroup "$(json from_host .cgroup)" /pods/target
	equal limits "$(json from_host '.mem_limit, .cpu_limit' | xargs)" "65536 0.5"
	between free "$(json from_host .free)" 40000 49152
	equal r "$(json from_host .r)" 0
	between cs "$(total from_host cs)" 0.9 20
}

@test "oci: entered from outside, it is the container's numbers that count" {
	equal entered "$(json entered '.scope, .mem_limit, .cpu_limit' | xargs)" \
		"cgroup 65536 0.5"
	section moved | grep -x '0::/../../elsewhere'
	equal moved "$(section moved | tail -1 | jq -r '.scope, .mem_limit' | xargs)" \
		"cgroup 65536"
}

@test "oci: a sidecar that is shown the pod's cgroup counts the whole pod" {
	equal status "$(section pod.status)" 0
	equal scope "$(json pod .scope)" cgroup
	between "memory, the target's 16 MiB in it" \
		"$(json pod '.inact + .active')" 16384 \
		$(($(value pod_usage memory.current) / 1024 + 4096))
	unavailable pod mem_limit
	equal r "$(json pod '.r // 0')" 0
}
