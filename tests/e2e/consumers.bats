# What reads vmstat's metrics and its page: promtool, a parser of npm, node_exporter
# beside it, a Prometheus server with docker/prometheus/, a browser
# shellcheck disable=SC2154,SC2016,SC2013 # guest.bash assigns; jq and sed read $ themselves
load guest

# In the environment of every test, as what setup_file exports is.
setup_file() {
	export npm=$root/tests/out/npm-consumers
	export tmp=$BATS_FILE_TMPDIR fixtures=$root/tests/fixtures
	install_modules consumers
	"$VMSTAT" --prometheus >"$tmp/once" 2>"$tmp/err" || true
	if ! grep -q ^vmstat_ "$tmp/once"; then
		echo "built without the exporter" >"$tmp/skip"
		return
	fi
	: >"$tmp/pids"
	start host "$VMSTAT" --listen=0 --scope=host
	start cgroups "$VMSTAT" --listen=0 --scope=host --cgroups=2
	! command -v curl >/dev/null || start_prometheus
}

teardown_file() { end "$tmp/pids"; }

setup() {
	[ ! -s "$tmp/skip" ] || skip "$(cat "$tmp/skip")"
	dir=$BATS_TEST_TMPDIR
	tmp_of_start=$dir
}

teardown() { end "$dir/pids"; }

exposition() { node "$npm/exposition.mjs" "$@"; }

# start NAME COMMAND...: a server of 127.0.0.1, which says what port it took;
# url NAME then tells, and pid NAME. It ends with the test or the file.
start() {
	local name=$1 to=${tmp_of_start:-$tmp} n
	shift
	"$@" >"$to/$name.log" 2>&1 </dev/null 3>&- &
	echo $! | tee "$to/$name.pid" >>"$to/pids"
	for n in {1..300}; do
		sed -nE 's/.*[Ll]istening on.*127\.0\.0\.1:([1-9][0-9]*).*/\1/p' \
			"$to/$name.log" | head -n 1 >"$to/$name.port"
		[ ! -s "$to/$name.port" ] || return 0
		sleep 0.1
	done
	tail -n 5 "$to/$name.log"
	return 1
}

of() { cat "$dir/$1" 2>/dev/null || cat "$tmp/$1"; }
url() { echo "http://127.0.0.1:$(of "$1.port")"; }
pid() { of "$1.pid"; }
scrape() { curl -sS --fail --max-time 10 "$(url "$1")/metrics"; }

end() { # FILE: the processes whose ids are in it
	local pid
	[ -s "$1" ] || return 0
	while read -r pid; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done <"$1"
}

# What vmstat tells, and no more.
node_exporter() {
	start node prometheus-node-exporter --web.listen-address=127.0.0.1:0 \
		--collector.disable-defaults "$@"
}
like_vmstat=(--collector.stat --collector.cpu --collector.meminfo --collector.vmstat
	--collector.diskstats --collector.pressure --collector.loadavg)

# docker/prometheus/scrape.yml with the real ports, node_exporter beside it, a
# second for 15, and alerts that need not wait for minutes.
start_prometheus() {
	local config=$tmp/prometheus
	command -v prometheus-node-exporter >/dev/null || return 0
	node_exporter "${like_vmstat[@]}"
	command -v prometheus >/dev/null || return 0
	mkdir "$config"
	cp "$root"/docker/prometheus/*.yml "$config/"
	sed -i "s/_interval: 15s/_interval: 1s/
		s/localhost:9799/127.0.0.1:$(cat "$tmp/host.port"), 127.0.0.1:$(cat "$tmp/cgroups.port")/
		/^scrape_configs:/a\\
  - job_name: node\\
    static_configs:\\
      - targets: [127.0.0.1:$(cat "$tmp/node.port")]" "$config/scrape.yml"
	sed -i 's/\[5m\]/[15s]/; s/for: [0-9]*m$/for: 3s/' "$config"/{rules,alerts}.yml
	date +%s >"$tmp/started"
	start prometheus prometheus --config.file="$config/scrape.yml" \
		--storage.tsdb.path="$tmp/data" --web.listen-address=127.0.0.1:0
}

requires_prometheus() {
	requires_tool curl jq prometheus-node-exporter prometheus
}

requires_minute() { # of scrapes
	requires_prometheus
	local age=$(($(date +%s) - $(cat "$tmp/started")))
	[ "$age" -ge 60 ] || sleep $((60 - age))
}

query() { # EXPRESSION [TIME]: what the server answers, an array
	curl -sSG --max-time 30 --data-urlencode "query=$1" ${2:+-d "time=$2"} "$(url prometheus)/api/v1/query" |
		jq -ce 'if .status == "success" then .data.result else error(.error) end'
}

value() { query "$@" | jq -er 'if length == 1 then .[0].value[1] else error("\(length) series") end'; }

# alerts NAME: the states of its alerts, and of which severity
alerts() {
	curl -sS "$(url prometheus)/api/v1/alerts" | jq -r --arg name "$1" \
		--arg instance "127.0.0.1:$(of host.port)" '.data.alerts[] |
		select(.labels | .alertname == $name and .instance == $instance) |
		"\(.labels.severity) \(.state)"' | sort
}

counts() { # of awk, which knows nothing of the format: "N families, N samples"
	awk '/^# TYPE / { families++ } !/^#/ { samples++ }
		END { printf "%d families, %d samples\n", families, samples }' "$1"
}

# Seconds of CPU that a process has used
cpu_of() {
	awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / ticks }' \
		"/proc/$(pid "$1")/stat"
}

least() { awk "BEGIN { a = $1; b = $2; print b < a ? b : a }"; }

@test "consumers: promtool has nothing to say of the metrics" {
	requires_tool promtool curl
	local name
	scrape host >"$dir/host"
	scrape cgroups >"$dir/cgroups"
	for name in "$tmp/once" "$dir/host" "$dir/cgroups"; do
		run promtool check metrics <"$name"
		is_equal "$name" "$status $output" "0 "
	done
}

@test "consumers: each series is there once, in its family, by Prometheus' rules for names" {
	requires_modules
	requires_tool curl
	local name found
	scrape host >"$dir/host"
	scrape cgroups >"$dir/cgroups"
	for name in host v2 v1 gvisor wsl1; do
		"$VMSTAT" --prometheus --proc="$fixtures/$name/proc" --sys="$fixtures/$name/sys" \
			>"$dir/fixture-$name"
	done
	for name in "$tmp/once" "$dir"/*; do
		[ -s "$name" ]
		found=$(exposition check "$name")
		is_equal "$name" "$found" "$(counts "$name")"
	done
	is_equal process "$(grep -c '^process_' "$dir/host" "$tmp/once" | sed 's/.*://' | xargs)" "3 0"
}

@test "consumers: what is wrong with metrics is found" {
	requires_modules
	local change said
	exposition check "$tmp/once"
	while IFS='|' read -r change said; do
		sed -E "$change" "$tmp/once" >"$dir/wrong"
		! cmp -s "$tmp/once" "$dir/wrong"
		! exposition check "$dir/wrong" 2>"$dir/err" || { echo "not found: $change"; return 1; }
		grep -q "$said" "$dir/err" || { cat "$dir/err"; echo "$change: no word of $said"; return 1; }
	done <<'END'
/^vmstat_forks_total/p|this series was there before
s/mode="nice"/mode="user"/|this series was there before
1,3{H;d};$G|neither HELP
1{h;d};3G|HELP behind a sample
/^vmstat_cpu_seconds_total.*idle/{h;d};$G|not below HELP
s/^vmstat_forks_total .*/vmstat_forks_total -1/|no plain number
s/^vmstat_forks_total .*/vmstat_forks_total NaN/|no plain number
s/^(vmstat_forks_total) .*/\1/|neither HELP
s/vmstat_forks_total/vmstat_forks/|is a counter
s/(vmstat_forks_total) counter/\1 gauge/|is a gauge
s/vmstat_memory_free_bytes/vmstat_memory_free_kib/|no base unit
s/vmstat_memory_free_bytes/vmstat_memory_free_pct/|no base unit
s/vmstat_cpu_seconds_total/vmstat_cpu_ms_total/|no base unit
s/vmstat_forks_total/forks_total/|prefix
s/^# HELP vmstat_forks_total .*//|neither HELP
/^# HELP vmstat_forks_total/d|no HELP
s/mode="user"/mode="us"er"/|labels
END
}

@test "consumers: the content type is that of the format 0.0.4" {
	requires_tool curl
	local type
	for type in '' 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'; do
		is_equal "for ${type:-anyone}" "$(curl -sS -o /dev/null -w '%{content_type}' \
			${type:+-H "Accept: $type"} "$(url host)/metrics")" \
			'text/plain; version=0.0.4; charset=utf-8'
	done
}

@test "consumers: parse-prometheus-text-format finds every family and sample" {
	requires_modules
	requires_tool curl
	local name found
	scrape host >"$dir/host"
	scrape cgroups >"$dir/cgroups"
	for name in "$tmp/once" "$dir/host" "$dir/cgroups"; do
		found=$(exposition npm "$name")
		is_equal "$name" "$found" "$(counts "$name")"
	done
}

# made_up_cgroup: the fixture v2 with what it lacks, in $dir/v2
made_up_cgroup() {
	local cgroup=$dir/v2/sys/fs/cgroup/kubepods/pod1/ctr
	cp -r "$fixtures/v2" "$dir/v2"
	echo 12 >"$cgroup/pids.current"
	echo 100 >"$cgroup/pids.max"
	echo 67108864 >"$cgroup/memory.swap.max"
	echo 25165824 >"$cgroup/memory.peak"
	printf '%s\n' 'workingset_refault_anon 11' 'workingset_refault_file 22' \
		'pswpin 33' 'pswpout 44' 'file_dirty 55' 'file_writeback 66' \
		'pgscan 77' 'pgsteal 88' 'pgscan_direct 99' >>"$cgroup/memory.stat"
}

@test "consumers: each name that vmstat prints is in names.txt, and each there is one" {
	requires_tool curl
	local tree
	made_up_cgroup
	for tree in "$fixtures/host" "$fixtures/v1" "$dir/v2"; do
		"$VMSTAT" --prometheus --proc="$tree/proc" --sys="$tree/sys"
		"$VMSTAT" --prometheus --proc="$tree/proc" --sys="$tree/sys" --scope=host
	done >"$dir/out"
	"$VMSTAT" --prometheus --proc="$dir/v2/proc" --sys="$dir/v2/sys" \
		--scope=cgroup >"$dir/out-cgroup"
	scrape host >"$dir/out-live"
	scrape cgroups >"$dir/out-cgroups"
	sed -n 's/^# TYPE \([a-z0-9_]*\) .*/\1/p' "$dir"/out* | sort -u >"$dir/printed"
	sort -c "$e2e/consumers/names.txt"
	is_equal "not in names.txt" "$(comm -23 "$dir/printed" "$e2e/consumers/names.txt")" ""
	# That needs a cgroup with a process in it, and the time that it started at.
	is_equal "not printed" "$(comm -13 "$dir/printed" "$e2e/consumers/names.txt" |
		grep -vx vmstat_cgroup_start_time_seconds)" ""
}

@test "consumers: --prometheus prints what --listen serves, cgroups too" {
	requires_tool curl
	local options
	made_up_cgroup
	for options in --scope=host --scope=cgroup --cgroups=3; do
		options="$options --proc=$dir/v2/proc --sys=$dir/v2/sys"
		# shellcheck disable=SC2086 # several words
		start fixture "$VMSTAT" --listen=0 $options
		# shellcheck disable=SC2086
		"$VMSTAT" --prometheus $options | grep -v '^vmstat_scrape_duration' >"$dir/once"
		scrape fixture | grep -v -e '^vmstat_scrape_duration' -e '\bprocess_' >"$dir/served"
		diff "$dir/served" "$dir/once" >"$dir/diff" || {
			echo "$options: $(grep -c '^<' "$dir/diff") lines are only served"
			head -n 5 "$dir/diff"
			return 1
		}
		end "$dir/pids"
		rm "$dir/pids"
	done
	grep 'cgroup="/kubepods/pod1/ctr"' "$dir/once"
}

# Both read the same files, and node_exporter all devices: of itself it leaves out
# those of loops and of compressed memory. TREE
has_values_of_node_exporter() {
	node_exporter --web.disable-exporter-metrics --path.procfs="$1/proc" --path.sysfs="$1/sys" \
		"${like_vmstat[@]}" --collector.vmstat.fields='.*' --collector.diskstats.device-exclude='^$'
	scrape node >"$dir/node"
	is_equal "failed collectors" "$(grep '^node_scrape_collector_success.* 0$' "$dir/node")" ""
	"$VMSTAT" --prometheus --proc="$1/proc" --sys="$1/sys" >"$dir/vmstat"
	exposition equal "$dir/node" "$dir/vmstat" >"$dir/equal"
	# Not in node_exporter 1.5
	is_equal "only of vmstat" "$(sed -n 's/^alone: \([a-z0-9_]*\).*/\1/p' "$dir/equal" |
		grep -vx -e vmstat_disks_left_out -e vmstat_build_info -e vmstat_scrape_duration_seconds \
			-e vmstat_pressure_irq_stalled_seconds_total)" ""
	tail -n 1 "$dir/equal"
	echo "# $(tail -n 1 "$dir/equal")" >&3
	is_between "values compared" "$(tail -n 1 "$dir/equal" | cut -d' ' -f1)" 40 100000
}

@test "consumers: on this machine's files every value is node_exporter's" {
	requires_modules
	requires_tool curl prometheus-node-exporter
	local file
	mkdir -p "$dir/tree/proc/pressure" "$dir/tree/sys/devices/system/cpu"
	for file in /proc/{stat,meminfo,vmstat,diskstats,loadavg,uptime} /proc/pressure/* \
		/sys/devices/system/cpu/{online,possible}; do
		[ ! -r "$file" ] || cat "$file" >"$dir/tree$file"
	done
	has_values_of_node_exporter "$dir/tree"
}

@test "consumers: and on the fixture, where each value is one of its own" {
	requires_modules
	requires_tool curl prometheus-node-exporter
	cp -r "$fixtures/host" "$dir/tree"
	printf '%s\n' '7 1 loop1 11 12 13 14 15 16 17 18 19 20 21' '252 0 zram0 31 32 33 34 35 36 37 38 39 40 41' \
		>>"$dir/tree/proc/diskstats"
	# node_exporter wants all ten softirqs.
	sed -i 's/^softirq .*/softirq 7654321 1 2 3 4 5 6 7 8 9 10/' "$dir/tree/proc/stat"
	has_values_of_node_exporter "$dir/tree"
	# It can fail: each of these is found.
	local file change
	while read -r file change; do
		cp "$fixtures/host/proc/$file" "$dir/tree/proc/$file"
		sed -i "$change" "$dir/tree/proc/$file"
		! cmp -s "$fixtures/host/proc/$file" "$dir/tree/proc/$file"
		"$VMSTAT" --prometheus --proc="$dir/tree/proc" --sys="$dir/tree/sys" >"$dir/vmstat"
		! exposition equal "$dir/node" "$dir/vmstat" || { echo "equal: $change"; return 1; }
		cp "$fixtures/host/proc/$file" "$dir/tree/proc/$file"
	done <<'END'
vmstat s/^pswpin .*/pswpin 2001/
meminfo s/^Dirty: .*/Dirty: 18 kB/
stat s/^cpu  80000/cpu  80010/
diskstats s/ sda 1000 / sda 1001 /
pressure/io s/total=30000000/total=30000001/
END
}

@test "consumers: node_exporter serves it from a textfile, beside its own process_*" {
	requires_modules
	requires_tool curl prometheus-node-exporter
	local found
	mkdir "$dir/textfile"
	"$VMSTAT" --prometheus --cgroups=2 >"$dir/textfile/vmstat.prom"
	node_exporter --collector.textfile --collector.textfile.directory="$dir/textfile"
	scrape node >"$dir/node"
	grep -x 'node_textfile_scrape_error 0' "$dir/node"
	is_equal process "$(grep -c '^process_cpu_seconds_total ' "$dir/node")" 1
	found=$(exposition within "$dir/textfile/vmstat.prom" "$dir/node")
	is_equal samples "$found" "$(counts "$dir/textfile/vmstat.prom" | sed 's/.*, \(.*\) samples/\1 of \1/')"
	exposition check "$dir/node" '*'
	! grep -E 'level=(warn|error)' "$dir/node.log" | grep -v 'running as root' || return 1
}

# Beside other tests: `make bench` holds it to a twentieth.
@test "consumers: a scrape costs a small part of node_exporter's, in less than 1 MiB" {
	requires_tool curl prometheus-node-exporter getconf
	local n name before ours=9 theirs=9
	start vmstat "$VMSTAT" --listen=0 --scope=host
	node_exporter "${like_vmstat[@]}"
	# One connection, as Prometheus keeps it, and compressed where that can be had.
	for name in vmstat node; do
		for n in {1..200}; do
			printf 'url = %s/metrics\noutput = /dev/null\n' "$(url $name)"
		done >"$dir/$name.200"
		curl -sS --fail -K "$dir/$name.200"
	done
	# What else runs can only add: of each the best of three rounds. Of vmstat two
	# thousand, as the kernel tells its time in hundredths of a second.
	for n in {1..3}; do
		before=$(cpu_of vmstat)
		for name in {1..10}; do
			curl -sS --fail -H 'Accept-Encoding: gzip' -K "$dir/vmstat.200"
		done
		ours=$(least "$ours" "($(cpu_of vmstat) - $before) / 2000")
		before=$(cpu_of node)
		curl -sS --fail -H 'Accept-Encoding: gzip' -K "$dir/node.200"
		theirs=$(least "$theirs" "($(cpu_of node) - $before) / 200")
	done
	said=$(awk "BEGIN { printf \"# CPU time of a scrape, us: vmstat %.0f, node_exporter %.0f, ratio 1/%.1f\",
		$ours * 1e6, $theirs * 1e6, $theirs / $ours }")
	echo "$said" >&3
	rss=$(awk '/^VmRSS:/ { print $2 }' "/proc/$(pid vmstat)/status")
	echo "# VmRSS after it, KiB: vmstat $rss, node_exporter $(awk '/^VmRSS:/ { print $2 }' \
		"/proc/$(pid node)/status")" >&3
	is_between "KiB of memory" "$rss" 1 1024
	# What it says of itself is so.
	scrape vmstat >"$dir/metrics"
	is_near "its own seconds" "$(awk '/^process_cpu_seconds_total/ { print $2 }' "$dir/metrics")" \
		"$(cpu_of vmstat)" 0.03
	is_near "its own memory" "$(awk '/^process_resident_memory_bytes/ { print $2 }' "$dir/metrics")" \
		"$((rss * 1024))" 65536
	is_between "of node_exporter's CPU time" "$(awk "BEGIN { print $ours / $theirs }")" 0 0.1
}

# looks_well NAME PICTURE
looks_well() {
	requires_modules
	requires_tool curl chromium
	# Something to see: a graph of half a minute
	local age=$(($(date +%s) - $(stat -c %Y "$tmp/$1.pid")))
	[ "$age" -ge 30 ] || sleep $((30 - age))
	curl -sS "$(url "$1")/" >"$dir/page.html"
	grep -q '</html>' "$dir/page.html"
	node "$npm/page.mjs" "$(url "$1")/" "$root/tests/out/$2"
}

@test "consumers: the page in a browser, on a desktop and a phone, light and dark" {
	looks_well host page
	! grep '<table' "$dir/page.html" || return 1
}

@test "consumers: and with the table of cgroups" {
	looks_well cgroups page-cgroups
	grep '<table' "$dir/page.html"
}

# incident [OPTION]: the page of a container, from a recording, or --to a time of it
incident() {
	make -s -C "$root" tests/out/e2e/consumers/page
	"$root/tests/out/e2e/consumers/page" --replay="$fixtures/incident/incident.csv" "$@"
}

@test "consumers: and of a container, calm and with three alerts, the critical ones first" {
	requires_modules
	requires_tool chromium
	local when
	incident --to=09:23:00 >"$dir/calm.html"
	incident >"$dir/alerts.html"
	grep '<li>Nothing is wrong' "$dir/calm.html"
	is_equal alerts "$(sed -nE 's/<li class="(.*)">([^:]*):.*/\1 \2/p' "$dir/alerts.html")" \
		'critical CPU THROTTLED
critical MEMORY NEAR LIMIT
warning CPU PRESSURE'
	is_equal panels "$(grep -oE 'aria-label="[^:]*' "$dir/alerts.html" | cut -d'"' -f2 | head -n 4)" \
		'Memory, critical
Throttled, critical
CPU pressure, warning
CPU'
	for when in calm alerts; do
		node "$npm/page.mjs" "file://$dir/$when.html" "$root/tests/out/page-$when"
	done
}

@test "consumers: html-validate finds nothing in the page" {
	requires_modules
	requires_tool curl
	local name
	incident >"$dir/incident.html"
	for name in host cgroups incident; do
		[ -s "$dir/$name.html" ] || curl -sS "$(url $name)/" >"$dir/$name.html"
		[ -s "$dir/$name.html" ]
		(cd "$npm" && node node_modules/html-validate/bin/html-validate.mjs \
			--preset recommended "$dir/$name.html")
	done
	sed 's/<h1>/<h4>/' "$dir/host.html" >"$dir/wrong.html"
	! (cd "$npm" && node node_modules/html-validate/bin/html-validate.mjs \
		--preset recommended "$dir/wrong.html") || return 1
}

@test "consumers: Prometheus has scraped vmstat for a minute, without a miss" {
	requires_minute
	is_equal up "$(query 'up' | jq -c 'map(.value[1]) | sort')" '["1","1","1"]'
	is_equal misses "$(query 'min_over_time(up{job="vmstat"}[50s]) < 1')" '[]'
	is_between "scrapes" "$(value "count_over_time(up{instance=\"127.0.0.1:$(of host.port)\"}[50s])")" 45 51
	is_between samples "$(value 'min(scrape_samples_scraped{job="vmstat"})')" 51 100000
	is_equal dropped "$(query 'scrape_samples_scraped != scrape_samples_post_metric_relabeling')" '[]'
	! grep -Ei 'level=error|duplicate|out.of.order|too old|rule failed' "$tmp/prometheus.log" ||
		return 1
}

# around EXPRESSION: $least and $most of it, from the sample before $before to the one after
# $after; where one is missing, the next.
around() {
	local span="[$((after - before + 6))s:1s]" at=$((after + 3))
	least=$(value "min_over_time(($1)$span)" $at)
	most=$(value "max_over_time(($1)$span)" $at)
}

@test "consumers: its values are those of vmstat --json" {
	requires_minute
	local host key name before after least most
	host="{instance=\"127.0.0.1:$(of host.port)\"}"
	before=$(date +%s)
	"$VMSTAT" --scope=host --json --alert=off >"$dir/json"
	after=$(date +%s)
	sleep 4 # of samples
	is_equal "memory, total" "$(value "vmstat_memory_total_bytes$host / 1024")" \
		"$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)"
	# Between the least and the most of the seconds around it
	while read -r key name; do
		around "($name) / 1024"
		is_between "$name" "$(jq ".$key" "$dir/json")" \
			"$(awk "BEGIN { print $least * 0.98 - 1024 }")" "$(awk "BEGIN { print $most * 1.02 + 1024 }")"
	done <<END
avail vmstat_memory_available_bytes$host
swpd vmstat_swap_total_bytes$host - vmstat_swap_free_bytes$host
END
	# Its first report is of the time since boot; both numbers are rounded to thousandths.
	while read -r key name; do
		around "$name$host"
		is_between "$name" "$(jq ".$key * .interval" "$dir/json")" \
			"$(jq "$least - (.$key + .interval) / 1000" "$dir/json")" \
			"$(jq "$most + (.$key + .interval) / 1000" "$dir/json")"
	done <<'END'
cs vmstat_context_switches_total
in vmstat_interrupts_total
maj vmstat_major_faults_total
END
}

@test "consumers: the names of node_exporter that README translates are its own" {
	requires_tool curl prometheus-node-exporter
	node_exporter "${like_vmstat[@]}"
	curl -sS "$(url node)/metrics" | sed -nE 's/^(node_[a-zA-Z0-9_]+).*/\1/p' | sort -u >"$dir/is"
	sed -n '/^| node_exporter |/,/^$/p' "$root/docker/prometheus/README.md" |
		grep -oE '\bnode_[a-z]+_[a-zA-Z0-9_]+|\bnode_load[0-9]+' | sort -u >"$dir/named"
	is_between names "$(wc -l <"$dir/named")" 35 100
	is_equal unknown "$(comm -23 "$dir/named" "$dir/is")" ""
}

# bracketed OURS THEIRS TIMES: how many of our samples of the last minute lie between
# node_exporter's, one scraped a second before or earlier, the other a second after or
# later; fails where one does not. Neither counts backwards, and a scrape takes less
# than a second, so this holds whatever the machine does meanwhile.
bracketed() {
	{ query "$1[60s]"; query "$2[60s]"; } | jq -ers --argjson times "$3" '
		# the series of an array, added up by their time
		def sums: [.[].values[]] | group_by(.[0]) |
			map([.[0][0], (map(.[1] | tonumber) | add)]);
		(.[1] | sums) as $theirs | .[0] | sums | map(. as [$at, $is] |
			($theirs | map(select(.[0] <= $at - 1)) | last) as $before |
			($theirs | map(select(.[0] >= $at + 1)) | first) as $after |
			select($before and $after) | [$before, $after | .[1] * $times] as [$low, $high] |
			if $is < $low - 0.1 or $is > $high + 0.1
			then error("\($is), not \($low) to \($high)") else . end) | length'
}

@test "consumers: its counters are node_exporter's of the same second" {
	requires_minute
	local ours theirs times host judged n=0
	host="instance=\"127.0.0.1:$(of host.port)\""
	while read -r ours theirs times; do
		echo "$ours"
		judged=$(bracketed "${ours/\{/{$host,}" "$theirs" "$times")
		is_between "samples of $ours" "$judged" 40 60
		n=$((n + 1))
	done <<'END'
vmstat_context_switches_total{} node_context_switches_total 1
vmstat_interrupts_total{} node_intr_total 1
vmstat_forks_total{} node_forks_total 1
vmstat_cpu_seconds_total{mode="user"} node_cpu_seconds_total{mode="user"} 1
vmstat_cpu_seconds_total{mode="nice"} node_cpu_seconds_total{mode="nice"} 1
vmstat_cpu_seconds_total{mode="system"} node_cpu_seconds_total{mode="system"} 1
vmstat_cpu_seconds_total{mode="idle"} node_cpu_seconds_total{mode="idle"} 1
vmstat_cpu_seconds_total{mode="iowait"} node_cpu_seconds_total{mode="iowait"} 1
vmstat_cpu_seconds_total{mode="steal"} node_cpu_seconds_total{mode="steal"} 1
vmstat_major_faults_total{} node_vmstat_pgmajfault 1
vmstat_paged_in_bytes_total{} node_vmstat_pgpgin 1024
vmstat_paged_out_bytes_total{} node_vmstat_pgpgout 1024
vmstat_pressure_cpu_waiting_seconds_total{} node_pressure_cpu_waiting_seconds_total 1
END
	is_equal counters "$n" 13
	! bracketed "vmstat_forks_total{$host}" node_forks_total 1.01 || return 1
}

# answers FILTER SERVER: each expression of the panels that jq's filter leaves, to
# $dir/empty those without an answer and why that may be
answers() {
	local expression name zero at
	scrape "$2" | sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' >"$dir/has"
	: >"$dir/empty"
	while read -r expression; do
		expression=$(jq -r . <<<"$expression" | sed -E 's/\$\{?__(rate_)?interval\}?/40s/g
			s/\$\{?cgroup\}?/.*/g; s/\$\{?instance\}?/127.0.0.1:'"$(of "$2.port")/g")
		at=$(date +%s)
		[ "$(query "$expression" "$at")" = '[]' ] || continue
		for name in $(grep -oE '\b(vmstat|kube)_[a-z_]+' <<<"$expression" | sort -u); do
			# A cgroup that comes and goes is scraped once, which makes no rate.
			if ! grep -qx "$name" "$dir/has" || [ "$(query "count_over_time(${name}[40s]) > 1" "$at")" = '[]' ]; then
				echo "unknown: $name" >>"$dir/empty"
				continue 2
			fi
		done
		# Of nothing, as many a second there is no time each took.
		zero=$(tr '\n' ' ' <<<"$expression" | sed -n 's/.*\/ (\(.*\) > 0).*/\1/p')
		if [ -n "$zero" ] && [ "$(value "sum($zero)" "$at")" = 0 ]; then
			echo "zero: $zero" >>"$dir/empty"
			continue
		fi
		echo "no answer: $expression"
		return 1
	done < <(jq -c ".panels | (map(.title == \"Cgroups\") | index(true)) as \$cgroups |
		$1 | .[].targets[]?.expr" "$root/docker/prometheus/grafana.json" | tee "$dir/asked")
	[ -s "$dir/asked" ]
	sed 's/^/# empty: /' "$dir/empty" >&3
}

@test "consumers: every panel of the dashboard has data" {
	requires_prometheus
	answers '.[:$cgroups]' host
	is_between expressions "$(wc -l <"$dir/asked")" 25 100
	[ -r /proc/pressure/irq ] || sed -i '/^unknown: vmstat_pressure_irq/d' "$dir/empty"
	[ -r /proc/pressure/cpu ] || sed -i '/^unknown: vmstat_pressure/d' "$dir/empty"
	is_equal unknown "$(grep unknown "$dir/empty")" ""
	# What a cgroup has depends on its controllers and limits.
	answers '.[$cgroups:]' cgroups
	[ "$(wc -l <"$dir/empty")" -lt "$(wc -l <"$dir/asked")" ]
}

@test "consumers: a load that thrashes makes its alert fire, first pending" {
	requires_prometheus
	local n switches
	mkfifo "$dir/there" "$dir/back"
	# Each line is a switch to the other, and back. In shells of their own: in this
	# one bats traps every command.
	bash -c 'while read -r line; do echo "$line"; done' <"$dir/there" >"$dir/back" 3>&- &
	echo $! >>"$dir/pids"
	bash -c 'echo ball; while read -r line; do echo "$line"; done' \
		>"$dir/there" <"$dir/back" 3>&- &
	echo $! >>"$dir/pids"
	for n in {1..100}; do
		sleep 0.2
		alerts VmstatHostThrashing >"$dir/now"
		# By this load, whatever else the machine does
		switches=$(awk '/^voluntary/ { print $2 }' "/proc/$(tail -n 1 "$dir/pids")/status")
		[ "$switches" -lt 20000 ] || ! grep -qx 'critical firing' "$dir/now" || break
	done
	is_between "context switches of the load" "$switches" 20000 100000000
	is_equal states "$(cat "$dir/now")" 'critical firing
warning firing'
	is_equal "were pending" "$(query "count(max_over_time(ALERTS{alertname=\"VmstatHostThrashing\",
		alertstate=\"pending\", instance=\"127.0.0.1:$(of host.port)\"}[5m]))" | jq -r '.[].value[1]')" 2
	is_between "context switches a second" "$(value \
		"instance:vmstat_context_switches:rate5m{instance=\"127.0.0.1:$(of host.port)\"}")" 5000 10000000
	is_equal "down" "$(alerts VmstatDown)" ""
}
