#!/usr/bin/env bats
# --listen under fire: loads, slow and broken clients, floods, and what it reads
# going away under it. Meanwhile a scrape each second gets its numbers; afterwards
# the process is what it was.
# shellcheck disable=SC2013,SC2016

load ../tools/requires

root=${BATS_TEST_DIRNAME%/tests/e2e}
export VMSTAT=${VMSTAT:-$root/vmstat}

setup_file() {
	export FIRE=$BATS_FILE_TMPDIR/fire
	[[ $("$VMSTAT" -V) == *" listen "* ]] || { echo "built without listen" >"$BATS_FILE_TMPDIR/skip"; return; }
	command -v cc >/dev/null || { echo "no cc" >"$BATS_FILE_TMPDIR/skip"; return; }
	cc -O1 -o "$FIRE" "$BATS_TEST_DIRNAME/fire.c"
}

setup() {
	[ ! -s "$BATS_FILE_TMPDIR/skip" ] || skip "$(cat "$BATS_FILE_TMPDIR/skip")"
	T=$BATS_TEST_TMPDIR server='' cgroups=()
}

teardown() {
	local dir
	{
		[ -z "$server" ] || kill -KILL "$server" && wait "$server"
		for dir in "${cgroups[@]}"; do rmdir "$dir"; done
	} 2>/dev/null || true
}

# serve ARGS...: $server, $port. `before` is a command that runs it.
before=()
serve() {
	: >"$T/err"
	"${before[@]}" "$VMSTAT" --listen=127.0.0.1:0 "$@" >"$T/out" 2>"$T/err" 3>&- &
	server=$!
	until grep -q 'listening on' "$T/err"; do
		kill -0 "$server" || { cat "$T/err"; return 1; }
		sleep 0.02
	done
	port=$(sed -n 's/.*listening on .*://p' "$T/err")
	export FIRE_SERVER=$server
	"$FIRE" once "$port" >/dev/null
	# That of this client may still be open: the least of a few looks.
	descriptors=$(for _ in {1..10}; do count_descriptors; sleep 0.02; done | sort -n | head -n 1)
}

fails() { if "$@"; then return 1; fi; } # of bats, ! alone does not fail a test

count_descriptors() { find "/proc/$server/fd" -mindepth 1 | wc -l; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$server/status"; }

# Alive and as it was: it answers, holds no more than 1 MiB and no descriptor of a
# client that is gone, and ends in order.
is_well() {
	local i
	kill -0 "$server"
	for ((i = 0; i < 200; i++)); do
		[ "$(count_descriptors)" -gt "$descriptors" ] || break
		sleep 0.05
	done
	"$FIRE" once "$port" | head -n 1 | grep -q '^HTTP/1.1 200 '
	for ((i = 0; i < 200; i++)); do
		[ "$(count_descriptors)" -gt "$descriptors" ] || break
		sleep 0.05
	done
	[ "$(count_descriptors)" -le "$descriptors" ] || { ls -l "/proc/$server/fd"; return 1; }
	echo "VmRSS $(resident) kB"
	[ "$(resident)" -le 1024 ]
}

ends() {
	local code=0
	kill -TERM "$server"
	wait "$server" || code=$?
	server=''
	[ "$code" = 0 ] || { echo "status $code"; cat "$T/err"; return 1; }
}

# ends_during N ATTACK...: serves with $options; while $FIRE attacks like that a scrape gets
# its numbers, N times, and SIGTERM ends it within a second. What else runs on the
# machine may delay that: the best of three counts.
ends_during() {
	local n=$1 pid began took _
	shift
	for _ in 1 2 3; do
		serve "${options[@]}"
		"$FIRE" "$1" "$port" "${@:2}" >"$T/attack" 2>&1 3>&- &
		pid=$!
		sleep 0.7
		"$FIRE" scrape "$port" "$n" && took=0 || took=9999
		began=$(date +%s%N)
		ends
		took=$((took + ($(date +%s%N) - began) / 1000000))
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		echo "$*: ended after $took ms"
		((took >= 1000)) || return 0
	done
	return 1
}

# during SECONDS COMMAND...: a scrape each second while that runs.
during() {
	local seconds=$1 pid code=0
	shift
	"$@" >"$T/attack" 2>&1 3>&- &
	pid=$!
	sleep 0.1
	"$FIRE" scrape "$port" "$seconds" || code=1
	wait "$pid" || true
	[ "$code" = 0 ] || { tail -n 20 "$T/attack"; return 1; }
}

@test "64 connections that ask as fast as they can: no answer fails" {
	requires_tool wrk
	serve
	wrk -t 2 -c 64 -d 5s --timeout 5s "http://127.0.0.1:$port/metrics" >"$T/wrk"
	cat "$T/wrk"
	fails grep -E 'Non-2xx|Socket errors' "$T/wrk"
	[ "$(awk '/requests in/ { print $1 }' "$T/wrk")" -gt 1000 ]
	is_well
	ends
}

@test "slow headers" {
	requires_tool slowhttptest
	serve
	during 10 slowhttptest -H -c 1000 -r 200 -i 2 -l 10 -p 2 -u "http://127.0.0.1:$port/metrics"
	grep -q 'SLOW HEADERS' "$T/attack"
	is_well
	ends
}

@test "slow bodies" {
	requires_tool slowhttptest
	serve
	during 10 slowhttptest -B -c 1000 -r 200 -i 2 -l 10 -s 8192 -p 2 -u "http://127.0.0.1:$port/metrics"
	grep -q 'SLOW BODY' "$T/attack"
	is_well
	ends
}

@test "slow readers" {
	requires_tool slowhttptest
	serve
	during 10 slowhttptest -X -c 1000 -r 200 -l 10 -w 1 -y 16 -n 1 -z 8 -k 3 -p 2 -u "http://127.0.0.1:$port/metrics"
	grep -q 'SLOW READ' "$T/attack"
	is_well
	ends
}

@test "1,000 connections that say nothing" {
	serve
	during 5 "$FIRE" hold "$port" 1000 5
	is_well
	ends
}

@test "connections opened and closed as fast as can be" {
	serve
	during 4 "$FIRE" churn "$port" 4
	is_well
	ends
}

# Answers that sockets do not hold, on all slots there are: many cgroups with long names.
@test "clients that ask for much and never read" {
	[[ $("$VMSTAT" -V) == *" cgroup "* ]] || skip "built without cgroup"
	local name pressure='some avg10=0.00 total=7
full avg10=0.00 total=3' dir
	cp -r "$root/tests/fixtures/v2" "$T/f"
	printf -v name '%0200d' 0
	(
		cd "$T/f/sys/fs/cgroup/kubepods"
		for i in {1..120}; do echo "$i-$name"; done | xargs mkdir
		for dir in [0-9]*; do
			echo 4096 >"$dir/memory.current"
			echo "$pressure" >"$dir/memory.pressure"
			echo "$pressure" >"$dir/cpu.pressure"
		done
	)
	serve --proc="$T/f/proc" --sys="$T/f/sys" --cgroup=/kubepods --cgroups
	"$FIRE" once "$port" >"$T/metrics"
	[ "$(stat -c %s "$T/metrics")" -gt 200000 ]
	ends
	options=(--proc="$T/f/proc" --sys="$T/f/sys" --cgroup=/kubepods --cgroups)
	ends_during 4 deaf 70 7
	ends_during 2 loop 48 5
}

@test "a scrape is answered, and SIGTERM heard, within a second, whatever clients do" {
	local attack
	for attack in 'loop 48' 'pipeline 32' 'hold 1000' 'drip 48' 'deaf 48'; do
		options=(--scope=host)
		ends_during 2 "${attack% *}" "${attack#* }" 10
	done
}

@test "10,000 broken requests, each with an answer or the end" {
	serve
	"$FIRE" garbage "$port" 10000 1
	is_well
	ends
}

@test "two rounds of the same: no byte more, no descriptor" {
	local round first
	serve
	for round in 1 2; do
		"$FIRE" garbage "$port" 3000 7
		"$FIRE" hold "$port" 200 1
		"$FIRE" deaf "$port" 100 1
		"$FIRE" scrape "$port" 1
		is_well
		[ $round = 2 ] || first=$(resident)
	done
	echo "$first kB, then $(resident)"
	[ $(($(resident) - first)) -le 64 ]
	ends
}

# ------------------------------------------------- what it reads goes away

# answers_and_lives SECONDS: scrapes follow each other, of whatever status, and
# none is broken off; the last to $T/last.
answers_and_lives() {
	local until=$((SECONDS + $1))
	while ((SECONDS < until)); do
		"$FIRE" once "$port" >"$T/last" || { cat "$T/last" "$T/err"; return 1; }
		grep -Eq '^HTTP/1.1 (200|503) ' "$T/last" || { head -n 1 "$T/last"; return 1; }
	done
	kill -0 "$server"
}

# has_ended: from now on 503, with the reason, and 200 for nothing.
has_ended() {
	"$FIRE" once "$port" >"$T/last"
	head -n 1 "$T/last" | grep -q '^HTTP/1.1 503 '
	tail -n 1 "$T/last" | grep -q "^503 Service Unavailable: $1$"
}

@test "the cgroup ends, a real one" {
	local name=vmstat-fire-$$ dir pid
	for dir in $(awk '$3 == "cgroup2" || ($3 == "cgroup" && $4 ~ /(^|,)(memory|cpuacct|cpu|blkio|pids)(,|$)/) { print $2 }' /proc/mounts); do
		mkdir "$dir/$name" 2>/dev/null || continue
		cgroups+=("$dir/$name")
	done
	[ ${#cgroups[@]} != 0 ] || skip "no right to make a cgroup"
	sleep 100 3>&- &
	pid=$!
	for dir in "${cgroups[@]}"; do echo $pid >"$dir/cgroup.procs" 2>/dev/null || true; done
	serve --cgroup="/$name"
	"$FIRE" once "$port" | grep -q "^vmstat_cgroup_.*cgroup=\"/$name\""
	"$FIRE" deaf "$port" 4 3 3>&- &
	(
		sleep 0.7
		kill -KILL $pid
		for dir in "${cgroups[@]}"; do
			for _ in {1..100}; do ! rmdir "$dir" || break; sleep 0.1; done
		done
	) 2>/dev/null 3>&- &
	answers_and_lives 3
	wait $pid 2>/dev/null || true
	wait $!
	[ ! -e "${cgroups[0]}" ]
	cgroups=()
	has_ended 'the cgroup has ended'
	ends
}

@test "the cgroup ends, a captured one" {
	[[ $("$VMSTAT" -V) == *" cgroup "* ]] || skip "built without cgroup"
	local version
	for version in v1 v2; do
		rm -rf "$T/f"
		cp -r "$root/tests/fixtures/$version" "$T/f"
		serve --proc="$T/f/proc" --sys="$T/f/sys" --scope=cgroup
		(sleep 0.4; find "$T/f/sys/fs/cgroup" -mindepth 1 -delete) 3>&- &
		answers_and_lives 2
		wait $!
		has_ended 'the cgroup has ended'
		ends
	done
}

requires_mount_namespace() {
	requires_tool unshare mount nsenter
	unshare -m --propagation private true 2>/dev/null || skip "no right to make a mount namespace"
}

# Files that are open go on to be read: the numbers go on, or it says why not.
@test "/proc is unmounted" {
	requires_mount_namespace
	before=(unshare -m --propagation private)
	serve --scope=host
	(sleep 0.4; nsenter -t "$server" -m umount -l /proc) 3>&- &
	answers_and_lives 2
	wait $!
	answers_and_lives 1
	fails nsenter -t "$server" -m /bin/sh -c 'test -e /proc/stat'
	if ! head -n 1 "$T/last" | grep -q ' 200 '; then
		has_ended 'no numbers can be read: is /proc mounted?'
	else
		grep -q '^vmstat_context_switches_total [0-9]' "$T/last"
	fi
	ends
}

@test "/proc is empty, and comes back" {
	requires_mount_namespace
	cp -r "$root/tests/fixtures/host/proc" "$T/proc"
	serve --proc="$T/proc" --sys=/nonexistent --scope=host
	find "$T/proc" -type f -exec truncate -s 0 {} +
	answers_and_lives 1
	has_ended 'no numbers can be read: is /proc mounted?'
	cp -r "$root/tests/fixtures/host/proc/." "$T/proc"
	"$FIRE" scrape "$port" 1
	ends
}

@test "the recorder's disk is full: the newest reports are kept, the metrics go on" {
	[[ $("$VMSTAT" -V) == *" record "* ]] || skip "built without record"
	requires_mount_namespace
	mkdir "$T/disk"
	before=(unshare -m --propagation private sh -c 'mount -t tmpfs -o size=32k none "$0" && exec "$@"' "$T/disk")
	serve --scope=host --record="$T/disk/rec.csv,100000" 0.02
	during 4 sleep 3
	[ "$(wc -l <"$T/err")" -le 3 ] && ! grep record "$T/err" || { cat "$T/err"; return 1; }
	is_well
	# Just after FILE.1 was given up there are few.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		nsenter -t "$server" -m sh -c "cat '$T/disk/rec.csv.1' '$T/disk/rec.csv' 2>/dev/null || :" >"$T/rec.csv"
		"$VMSTAT" --replay="$T/rec.csv" --csv >"$T/replayed" || :
		[ "$(wc -l <"$T/replayed")" -le 10 ] || break
		sleep 0.1
	done
	ends
	[ "$(wc -l <"$T/replayed")" -gt 10 ]
	(($(date +%s) - $(date -d "$(tail -n 1 "$T/replayed" | cut -d, -f1)" +%s) < 10))
}
