# A 32-bit machine: an i386 kernel, busybox, and vmstat built with musl for it
load guest

setup_file() {
	local dir cc err=$BATS_FILE_TMPDIR/fetch
	dir=$("$root/tests/tools/fetch" i386 - busybox-static linux-image-686-pae 2>"$err") &&
		cc=$("$root/tests/tools/cross" i386 2>"$err") || {
		tail -n 1 "$err" >"$BATS_FILE_TMPDIR/skip"
		return
	}
	make -s -C "$root" CC="$cc" BIN="$dir/vmstat"
	export VMSTAT=$dir/vmstat BUSYBOX=$dir/bin/busybox E2E_QEMU=qemu-system-i386 E2E_KERNEL
	E2E_KERNEL=$(echo "$dir"/boot/vmlinuz-*)
	boot_machine i386
}

@test "i386: the exporter serves from its sandbox, and SIGTERM ends it with status 0" {
	have_succeeded metrics page
	section listening | grep -x 'vmstat: listening on 127.0.0.1:9799'
	section listening | has_no_line sandbox
	section listening | grep -x 'NoNewPrivs:.1'
	section listening | grep -x 'Seccomp:.2'
	is_between switches "$(section metrics | awk '/^vmstat_context_switches_total / { print $2 }')" \
		"$(noted before stat.ctxt)" "$(noted after stat.ctxt)"
	section metrics | grep -Fx 'vmstat_cgroup_memory_limit_bytes{cgroup="/c"} 33554432'
	section page | grep '</html>'
	is_equal status "$(section stopped)" 0
}

@test "i386: a second of which half was busy" {
	have_succeeded json
	is_near interval "$(json_value json .interval)" 2 0.01
	is_near us+sy "$(json_value json '.us + .sy')" 50 5
	is_near id "$(json_value json .id)" 50 5
}
