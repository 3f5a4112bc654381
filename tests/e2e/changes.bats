#!/usr/bin/env bats
# a machine whose clock is set, whose memory shrinks, whose cgroups are made anew
load guest

setup_file() { boot_machine changes; }

@test "changes: a clock that is set an hour back and two ahead is no interval, and no rate" {
	have_succeeded clock
	section clock | jq -se 'length == 8 and (.[1:] | all(.interval > 0.9 and .interval < 1.1))'
	# The shares of each second are those of a second.
	section clock | jq -se '.[1:] | all(.us + .id <= 100.5 and .cs < 100000)'
	# Its own times follow the clock: back once, and ahead once.
	section clock | jq -se '[.[].time[11:13] | tonumber] | . as $h |
		[range(1; length) | ($h[.] - $h[. - 1] + 24) % 24 | select(. != 0)] == [23, 2]'
}

@test "changes: memory that is taken away is no longer the machine's" {
	have_succeeded memory less
	local kib
	grep -q '^@@ offline' "$BATS_FILE_TMPDIR/out" || skip "the kernel gives up no block of memory"
	kib=$(noted after meminfo.MemTotal)
	is_equal "MemTotal" "$(section less | jq .mem_total)" "$kib"
	is_between "less than it had by" $(($(section memory | jq .mem_total) - kib)) $((64 << 10)) $((256 << 10))
}

@test "changes: a cgroup that is made anew 1,000 times leaves nothing behind" {
	have_succeeded children scrape
	section children | jq -se 'all(.cgroup == "/again" and (.cpu == null or .cpu < 100))'
	is_equal "it is exported" "$(section scrape | grep -c '^vmstat_cgroup_tasks{cgroup="/again"} 0')" 1
	is_between "descriptors" "$(section server | sed -n 2p)" 3 40
	is_equal "status" "$(section server | tail -n 1)" 0
	[ "$(section server | wc -l)" = 3 ]
}
