#!/usr/bin/env bats
# what other tools get wrong, on a real kernel; see suites/kinds.bats
load guest

setup_file() { boot_machine kinds; }

@test "kinds: 48 MiB read under 32 MiB is no shortage, and 15 MiB can be had" {
	is_between mem_pct "$(json_value cache .mem_pct)" 0 60
	is_between avail "$(json_value cache .avail)" 15360 32768
	is_between free "$(json_value cache .free)" 0 8192
	is_equal alerts "$(json_value cache '.alerts | length')" 0
	have_succeeded cache cache_table
	is_between "the table's avail" "$(table_value cache_table avail)" 15360 32768
	is_equal "status of the allocation" "$(section allocated)" 0
	is_equal "OOM kills" "$(noted allocated_events memory.events.oom_kill)" 0
}

@test "kinds: memory.high is the limit" {
	is_equal limit "$(json_value high .mem_limit)" 16384
	is_equal level "$(json_value high .mem_level)" /high
}

@test "kinds: 6400 KiB through one and through two layers are 6400 KiB" {
	is_near "one layer" "$(total_of layers1 bo)" 6400 1
	is_near "two layers" "$(total_of layers2 bo)" 6400 1
	is_equal "lines of io.stat" "$(section io2 | grep -c wbytes)" 3
	is_near "sectors of all disks" "$(json_value layers_sum .write_sectors)" 25600 8
}

@test "kinds: the end of a cgroup, also when a new one has its name" {
	is_equal status "$(section end.status)" 1
	section end.err | grep -x 'vmstat: cgroup /end: gone: the container has ended'
	is_between reports "$(section end | wc -l)" 2 4
}

@test "kinds: a controller that is switched off is unavailable and comes back" {
	is_equal status "$(section off.status)" 0
	is_equal bi "$(section off | jq -s 'map(.bi == null) | unique | length')" 2
	is_equal "the last" "$(json_value off '.bi != null')" true
	is_between "KiB in all" "$(section off | jq -s 'map((.bi // 0) * (.interval // 0)) | add | round')" 0 641
}

@test "kinds: another subtree is mounted: an error, not its numbers" {
	is_equal status "$(section other.status)" 1
	is_equal stdout "$(section other)" ""
	section other.err | grep 'no cgroup can be read here'
}

@test "kinds: a first report alarms nobody" {
	is_equal kills "$(json_value killed_json .oom)" 1
	is_equal alerts "$(json_value killed_json '.alerts | length')" 0
	have_succeeded killed killed_json killed_host
}
