# --top, --cgroups, --check and --record, on loads that are known, on a real kernel
load guest

setup_file() { boot_machine blame; }

@test "blame: 200 threads that sleep 40 times each are named first: 8,000 switches" {
	have_succeeded top
	is_equal name "$(json_value top '.top[0].comm')" work
	is_between cs "$(json_value top '.top[0].cs * .interval')" 8000 "$(json_value top '.cs * .interval')"
	is_near vcs "$(json_value top '.top[0].vcs * .interval')" 8000 400
	is_near "the other" "$(json_value top '.top[1].cs * .interval')" 100 20
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
