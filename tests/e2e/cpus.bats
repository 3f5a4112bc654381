#!/usr/bin/env bats
# processors that leave while it runs
load guest

setup_file() { boot_machine cpus; }

@test "cpus: CPUs that leave: the capacity is that of those which are left" {
	is_near "of two" "$(section cpus | jq -s '.[1].us + .[1].sy')" 50 8
	is_near "of one" "$(section cpus | jq -s '.[2].us + .[2].sy')" 97 12
	# While other load keeps it from its processors this machine loses ticks, and an
	# interval of too few has no shares: those of the others.
	section one_cpu | jq -s 'map(select(.us != null) | .us + .sy + .id + .wa + .st)' >"$BATS_TEST_TMPDIR/shares"
	is_between "intervals with shares" "$(jq length "$BATS_TEST_TMPDIR/shares")" 1 100
	is_near "the host's shares, at least" "$(jq min "$BATS_TEST_TMPDIR/shares")" 100 0.5
	is_near "and at most" "$(jq max "$BATS_TEST_TMPDIR/shares")" 100 0.5
}
