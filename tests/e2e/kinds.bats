#!/usr/bin/env bats
# what other tools get wrong, on a real kernel; see suites/kinds.bats
load guest

setup_file() { boot kinds; }

@test "kinds: 48 MiB read under 32 MiB is no shortage, and 15 MiB can be had" {
	between mem_pct "$(json cache .mem_pct)" 0 60
	between avail "$(json cache .avail)" 15360 32768
	between free "$(json cache .free)" 0 8192
	equal alerts "$(json cache '.alerts | length')" 0
	succeeded cache cache_table
	between "the table's avail" "$(table cache_table avail)" 15360 32768
	equal "status of the allocation" "$(section allocated)" 0
	equal "OOM kills" "$(value allocated_events memory.events.oom_kill)" 0
}

@test "kinds: memory.high is the limit" {
	equal limit "$(json high .mem_limit)" 16384
	equal level "$(json high .mem_level)" /high
}

@test "kinds: 6400 KiB through one and through two layers are 6400 KiB" {
	near "one layer" "$(total layers1 bo)" 6400 1
	near "two layers" "$(total layers2 bo)" 6400 1
	equal "lines of io.stat" "$(section io2 | grep -c wbytes)" 3
	near "sectors of all disks" "$(json layers_sum .write_sectors)" 25600 8
}

@test "kinds: the end of a cgroup, also when a new one has its name" {
	equal status "$(section end.status)" 1
	section end.err | grep -x 'vmstat: cgroup /end: gone: the container has ended'
	between reports "$(section end | wc -l)" 2 4
}

@test "kinds: a controller that is switched off is unavailable and comes back" {
	equal status "$(section off.status)" 0
	equal bi "$(section off | jq -s 'map(.bi == null) | unique | length')" 2
	equal "the last" "$(json off '.bi != null')" true
	between "KiB in all" "$(section off | jq -s 'map((.bi // 0) * (.interval // 0)) | add | round')" 0 641
}

@test "kinds: another subtree is mounted: an error, not its numbers" {
	equal status "$(section other.status)" 1
	equal stdout "$(section other)" ""
	section other.err | grep 'no cgroup can be read here'
}

@test "kinds: a first report alarms nobody" {
	equal kills "$(json killed_json .oom)" 1
	equal alerts "$(json killed_json '.alerts | length')" 0
	succeeded killed killed_json killed_host
}
