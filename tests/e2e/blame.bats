# --top, --cgroups, --check and --record, on loads that are known, on a real kernel
load guest

setup_file() { boot_machine blame pinned; }

# is_blamed SECTION METRIC FILTER: the alert is there, and alone; the first process is
# the one that the filter is true of.
is_blamed() {
	if ! is_equal "$1.status" "$(section "$1.status")" 0 ||
		! is_equal "alerts of $1" "$(json_value "$1" '.alerts | map(.metric) | join(" ")')" "$2" ||
		! is_equal "first of $1" "$(json_value "$1" ".top[0] | $3")" true; then
		json_value "$1" '.alerts, .top'
		return 1
	fi
}

# is_share WHAT IS SHOULD: within a tenth
is_share() { is_near "$1" "$2" "$3" "$(awk -v n="$3" 'BEGIN { print n / 10 }')"; }

# in_interval SECTION ROW KEY: what a rate of a process amounts to
in_interval() { json_value "$1" ".top[$2].$3 * .interval"; }

@test "blame: 200 threads that sleep 40 times each are named first: 8,000 switches" {
	is_blamed top cs '.args | startswith("work threads 200 ")'
	is_between cs "$(json_value top '.top[0].cs * .interval')" 8000 "$(json_value top '.cs * .interval')"
	is_near vcs "$(json_value top '.top[0].vcs * .interval')" 8000 400
	is_near "the other" "$(json_value top '.top[1].cs * .interval')" 300 20
}

@test "blame: two loops on one CPU wait half of the time each" {
	have_succeeded spinners
	for row in 0 1; do
		is_near wait "$(json_value spinners ".top[$row].wait")" 50 5
		is_near cpu "$(json_value spinners ".top[$row].cpu")" 50 5
	done
}

@test "blame: throttled, swapping, killed, idle children, in that order" {
	have_succeeded children children_text
	is_equal order "$(section children | jq -rs 'map(.cgroup) | join(" ")')" \
		"/k/throttled /k/swapping /k/killed /k/idle" || {
		section children_text
		return 1
	}
}

child() { section children | jq -rs "map(select(.cgroup == \"/k/$1\"))[0] | $2"; }

@test "blame: the numbers of each child match its load" {
	is_near "cpu of the throttled" "$(child throttled '.cpu * .interval')" 1.7 0.15
	is_between "its thr_pct" "$(child throttled .thr_pct)" 90 100
	is_near "maj of the swapping" "$(child swapping '.maj * .interval')" \
		"$(growth swapping_before swapping_after memory.stat.pgmajfault)" 20
	is_equal "oom of the killed" "$(child killed .oom)" 1
	is_equal "oom of the idle" "$(child idle .oom)" 0
	is_equal "tasks of the idle" "$(child idle .tasks)" 1
	is_near "cpu of the idle" "$(child idle .cpu)" 0 0.01
}

@test "blame: CPU pressure names its cause" {
	is_equal quota "$(json_value quota .cause)" quota
	json_value quota .message | grep 'held up by its own quota of 0.2 CPUs'
	is_equal status "$(section quota.status)" 2
	section quota_text | head -n 1 | grep '^CRITICAL: .*CPU throttled [0-9]*% of the periods.* | '
	is_equal contended "$(json_value contended .cause)" contended
	json_value contended .message | grep -E 'contended: (4[5-9]|5[0-5]) % of the time'
	is_equal queueing "$(json_value queueing .cause)" queueing
}

@test "blame: the OOM kill of a container that is gone is in the recording" {
	is_equal oom "$(json_value replay .oom)" 1
	is_equal cgroup "$(json_value replay .cgroup)" /e/c
	section recorder.err | grep 'cgroup /e/c: gone'
}

# From here on a workload has written down itself what it did, in the section `told`.

@test "blame: the pressure of I/O: who reads and writes most, not who runs" {
	is_blamed reader io_full '.args | contains(" tell reader wait ")'
	is_share read "$(in_interval reader 0 read)" \
		$((($(noted told reader.read) - $(noted told reader_before.read)) / 1024))
	is_equal "written by the reader" "$(json_value reader '.top[0].written')" 0
	is_equal second "$(json_value reader '.top[1].cgroup')" /writer
	is_share written "$(in_interval reader 1 written)" $(($(noted told writer.written) / 1024))
	is_equal "read by the writer" "$(json_value reader '.top[1].read')" 0
	is_equal third "$(json_value reader '.top[2].args')" "work switch 3000 3333"
	is_between "CPU time of the third in that of the two" \
		"$(json_value reader '.top[2].cpu / (.top[0].cpu + .top[1].cpu)')" 1.5 100
}

@test "blame: a task that hangs on a suspended device comes first, with where it waits" {
	local hangs='.state == "D" and (.args | endswith(" tell hung"))' wchan
	is_blamed hung_0 io_full "$hangs"
	wchan=$(noted hung_wchan wchan)
	is_equal wchan "$(json_value hung_0 '.top[0].wchan')" "$wchan"
	[ "$wchan" != 0 ]
	is_equal read "$(json_value hung_0 '.top[0].read')" 0
	is_equal "read at last" "$(noted told hung.read)" 65536
	is_equal second "$(json_value hung_0 '.top[1].args | endswith(" tell beside wait 4000")')" true
	is_between "read by the second" "$(in_interval hung_0 1 read)" 2048 $(($(noted told beside.read) / 1024))
	section hung_text | sed -n 5p | grep -E "^ *[0-9]+ D .* in $wchan: work\$"
}

@test "blame: another user is told the same but for what the kernel keeps from it" {
	is_blamed hung_1000 io_full '.state == "D" and (.args | endswith(" tell hung"))'
	is_equal "of others" "$(json_value hung_1000 '[.top[:2][] | .read, .written, .wchan] | unique | tojson')" \
		'[null]'
}

# The kernel's 4,096 bytes end with a NUL.
@test "blame: a command line of 4,096 bytes is whole, of a longer one as many are there" {
	local start="work wait 3000 exec /bin/true " whole
	have_succeeded args
	whole=$start$(printf '%04065d' 0)
	is_equal length ${#whole} 4095
	is_equal args "$(json_value args '[.top[].args | select(. and startswith("work wait 3000 "))] | sort[]')" \
		"$whole
${whole}0..."
}

@test "blame: a leak into a limit comes first, not who runs more" {
	is_blamed leak mem_pct '.args | contains(" tell leak wait ")'
	is_share rss "$(json_value leak '.top[0].rss')" "$(noted told leak.touched)"
	is_equal second "$(json_value leak '.top[1].args | endswith(" spin 500 wait 5000")')" true
	is_equal "the second ran more" "$(json_value leak '.top[1].cpu > .top[0].cpu')" true
}

@test "blame: swapping: the largest comes first, idle or not; major faults: who has them" {
	is_blamed swap swap '.args | contains(" tell leak wait ")'
	is_equal "switches of the idle" "$(json_value swap '.top[0].cs')" 0
	is_share rss "$(json_value swap '.top[0].rss')" "$(noted told leak.touched)"
	is_blamed maj maj '.args | contains(" tell swapper wait ")'
	is_equal "faults of the load" "$(noted told swapper.maj)" 12288
	is_equal "who ran most" "$(json_value maj '.top | max_by(.cpu) | .args')" "work spin 3500 wait 7000"
	is_share maj "$(in_interval maj 0 maj)" "$(noted told swapper.maj)"
}

# percent_of NAME KEY...: of the time that it lived, by its own count
percent_of() {
	local name=$1 sum=0 key
	shift
	for key; do sum=$((sum + $(noted told "$name.$key"))); done
	echo $((sum * 100 / $(noted told "$name.lived")))
}

@test "blame: a loop beside 3,000 that sleep is named first" {
	is_between tasks "$(noted sleepers tasks)" 3000 3200
	is_blamed spinner cpu_some '.args == "work spin 15000 tell spinner"'
	is_share "cpu + wait" "$(json_value spinner '.top[0].cpu + .top[0].wait')" "$(percent_of spinner ran waited)"
}

# threads_percent KEY: the sum over the threads that told, of the life of their process
threads_percent() {
	section pinned_told | awk -v key="pinned.$1" '
		$1 == key { n += $2 }
		$1 == "pinned.lived" && $2 > lived { lived = $2 }
		END { print 100 * n / lived }'
}

@test "blame: two threads on one CPU of four" {
	local ran waited
	is_blamed pinned cpu_some '.args == "work cpu 2 threads 2 spin 3500 tell pinned"'
	ran=$(threads_percent ran)
	waited=$(threads_percent waited)
	is_near "of the workload" "$ran" 100 5
	is_share cpu "$(json_value pinned '.top[0].cpu')" "$ran"
	is_share wait "$(json_value pinned '.top[0].wait')" "$waited"
}

# ticks_of CPU: as many as /proc/stat counted meanwhile, in percent of the most of any CPU
ticks_of() {
	{ section ticks_before; section ticks_after; } | awk -v cpu="stat.cpu$1" '
		/^stat\.cpu[0-9]/ { n = 0; for (i = 2; i <= 9; i++) n += $i; if ($1 in was) grown[$1] = n - was[$1]; was[$1] = n }
		END { for (c in grown) if (grown[c] > most) most = grown[c]
			printf "%.0f", 100 * grown[cpu] / most }'
}

@test "blame: the busiest CPU of four, which are in use by a quarter" {
	local cpu ticks
	cpu=$(noted pinned_told pinned.cpu | sort -u)
	is_equal "CPU of both threads" "$cpu" 2
	ticks=$(ticks_of "$cpu")
	# The emulated CPU loses the ticks at which the machine below ran something else.
	[ "$ticks" -ge 78 ] || skip "this machine is busy: the CPU got $ticks % of its ticks"
	is_near cpu_max "$(json_value pinned .cpu_max)" 100 10
	is_equal cpu_max_id "$(json_value pinned .cpu_max_id)" "$cpu"
	is_near "us + sy" "$(json_value pinned '.us + .sy')" 25 5
}
