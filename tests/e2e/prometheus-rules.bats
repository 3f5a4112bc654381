# docker/prometheus/: configuration, rules, alerts, dashboard and what its README says
# shellcheck disable=SC2154,SC2016 # guest.bash assigns; sed, jq and awk read $ themselves
load guest

setup() {
	dir=$BATS_TEST_TMPDIR
	prometheus=$root/docker/prometheus
	cd "$prometheus" || return 1
}

# What Grafana puts in for the variables of an expression.
put_in_variables() {
	sed -E 's/\$\{?__(rate_)?interval\}?/5m/g; s/\$\{?(instance|cgroup)\}?/x/g'
}

# Makes rules of the expressions on stdin, JSON strings, and lets promtool parse them.
parse_expressions() {
	jq -s '{groups: [{name: "expressions", rules: [to_entries[] |
		{record: "expression:\(.key)", expr: .value}]}]}' >"$dir/expressions.yml"
	promtool check rules "$dir/expressions.yml"
}

dashboard_expressions() { jq '.panels[].targets[]?.expr' grafana.json | put_in_variables; }

readme_queries() { # N: the Nth
	awk -v n="$1" '/^```$/ { inside = 0 } inside && i == n { print }
		/^```promql$/ { inside = 1; i++ }' README.md
}

# "ALERT SEVERITY LEVEL MINUTES" of each alert of alerts.yml; no level: "-"
alerts() {
	awk 'function flush() { if (name) print name, severity, level, minutes }
		/- alert:/ { flush(); name = $3; level = "-"; minutes = 0 }
		/^        expr:/ && $(NF - 1) == ">=" { level = $NF }
		/^        for:/ { minutes = $2 + 0 }
		/^        labels:/ { severity = $NF; sub(/}/, "", severity) }
		END { flush() }' alerts.yml
}

squeeze() { tr -s ' \n' ' ' | sed 's/^ //; s/ $//'; }

@test "prometheus: the configuration is valid, and names the rules" {
	requires_tool promtool
	promtool check config scrape.yml | tee "$dir/out"
	grep 'SUCCESS: 2 rule files found' "$dir/out"
}

@test "prometheus: the configuration for Kubernetes is, too" {
	requires_tool promtool
	awk '/^  - job_name:/ { exit } { print }' scrape.yml >"$dir/scrape.yml"
	sed -n '/^  # - job_name:/,$s/^  # /  /p' scrape.yml >>"$dir/scrape.yml"
	cp rules.yml alerts.yml "$dir/"
	grep -A 1 'kubernetes_sd_configs:$' "$dir/scrape.yml" | grep 'role: pod$'
	# Debian's promtool is built without Kubernetes: it judges all but those lines.
	if ! promtool check config "$dir/scrape.yml" 2>"$dir/err"; then
		grep 'field kubernetes_sd_configs not found' "$dir/err" || { cat "$dir/err"; return 1; }
		sed -i '/kubernetes_sd_configs:/,/role: pod/d' "$dir/scrape.yml"
		promtool check config "$dir/scrape.yml"
	fi
}

@test "prometheus: recording and alerting rules are valid, none twice" {
	requires_tool promtool
	promtool check rules --lint=all --lint-fatal rules.yml alerts.yml
}

@test "prometheus: the rules do what their cases say" {
	requires_tool promtool
	promtool test rules tests.yml
}

@test "prometheus: each alert has a case that fires, one that does not, and a row of the README" {
	local name
	alerts | cut -d' ' -f1 | sort -u >"$dir/names"
	[ -s "$dir/names" ]
	is_equal README "$(sed -n 's/^| `\(Vmstat[A-Za-z]*\)` .*/\1/p' README.md | sort)" \
		"$(cat "$dir/names")"
	while read -r name; do
		grep -A 3 "alertname: $name\$" tests.yml | grep 'exp_labels' ||
			{ echo "$name fires nowhere"; return 1; }
		grep "alertname: $name, .*exp_alerts: \[\]" tests.yml ||
			{ echo "$name is always to fire"; return 1; }
	done <"$dir/names"
}

@test "prometheus: each recording rule has a case" {
	local name names
	names=$(sed -n 's/.*- record: //p' rules.yml)
	[ -n "$names" ]
	for name in $names; do
		grep -F "'$name{" tests.yml || { echo "no case of $name"; return 1; }
	done
}

@test "prometheus: levels are those of vmstat --alert=help" {
	local rule alert factor rest
	"$VMSTAT" --alert=help | grep '^[a-z]' >"$dir/levels"
	while read -r rule alert factor; do
		is_equal "$alert" "$(alerts | awk -v name="$alert" '
			$1 == name { printf "%s %.10g\n", $2, $3 }')" \
			"$(awk -v rule="$rule" -v by="$factor" '$1 == rule {
				printf "warning %.10g\ncritical %.10g\n", $2 * by, $3 * by }' "$dir/levels")"
	done <<-'END'
		cs VmstatHostThrashing 1
		maj VmstatHostMajorFaults 1
		swap VmstatHostSwapping 1024
		cpu_some VmstatHostCPUPressure 0.01
		mem_full VmstatHostMemoryPressure 0.01
		io_full VmstatHostIOPressure 0.01
		mem_pct VmstatCgroupMemoryNearLimit 0.01
		thr_pct VmstatCgroupThrottled 0.01
		mem_full VmstatCgroupMemoryPressure 0.01
	END
	# oom, which any kill is too many for, is the only other one
	is_equal rules "$(wc -l <"$dir/levels")" 9
}

@test "prometheus: levels of the README are those of the alerts" {
	local name severity level minutes row column
	while read -r name severity level minutes; do
		[ "$level" != - ] || continue
		column=$([ "$severity" = warning ] && echo 3 || echo 4)
		row=$(grep "^| \`$name\`" README.md | cut -d'|' -f"$column" | squeeze)
		case $level in
		0.*) level="$(awk "BEGIN { print $level * 100 }") %" ;;
		esac
		[ "$name" != VmstatHostSwapping ] || level=$((level / 1024))
		is_equal "$name $severity" "$row" "$level, $minutes min"
	done < <(alerts)
}

@test "prometheus: every expression of the dashboard parses" {
	requires_tool promtool jq
	dashboard_expressions | parse_expressions
	is_equal "variables left" "$(dashboard_expressions | grep -oE '\$[{_a-z]+' || :)" ""
}

@test "prometheus: the dashboard is whole" {
	requires_tool jq
	is_equal rows "$(jq -c '[.panels[] | select(.type == "row").title]' grafana.json)" \
		'["Host","Cgroups"]'
	jq -e '[.panels[].id] | length == (unique | length)' grafana.json
	jq -e '[.panels[].gridPos | [.x, .y]] | length == (unique | length)' grafana.json
	jq -e '[.panels[] | select(.type != "row")] | length > 0 and all(
		(.targets | length > 0) and (.fieldConfig.defaults.unit | length > 0) and
		.datasource.uid == "${datasource}")' grafana.json
	is_equal variables "$(jq -c '[.templating.list[].name]' grafana.json)" \
		'["datasource","instance","cgroup"]'
}

@test "prometheus: the queries of the README parse, and the join is the one tested and shown" {
	requires_tool promtool jq
	local join n
	for n in 1 2; do readme_queries $n | jq -Rs .; done | parse_expressions
	join=$(readme_queries 1 | squeeze)
	[ -n "$join" ]
	squeeze <tests.yml | grep -F "$join"
	# The panel is of one instance.
	is_equal panel "$(jq -r '.panels[].targets[]?.expr | select(contains("kube_pod"))' \
		grafana.json | sed 's/instance="$instance", //' | put_in_variables | squeeze)" "$join"
}

@test "prometheus: every metric named is one that vmstat has" {
	# consumers.bats holds these against what vmstat prints.
	grep '^vmstat_' "$e2e/consumers/names.txt" | sort -u >"$dir/has"
	# A rule's name has colons and is no metric of vmstat.
	grep -ohE '[a-z0-9_:]*\bvmstat_[a-z0-9_:]+' -- *.yml *.json README.md |
		grep -v : | sort -u >"$dir/named"
	[ -s "$dir/named" ]
	is_equal unknown "$(comm -13 "$dir/has" "$dir/named")" ""
	# And the README, which is to tell every one, does.
	sed -n '/^## Every metric/,$p' README.md | grep -oE '\bvmstat_[a-z0-9_]+' | sort -u >"$dir/told"
	is_equal "not told" "$(comm -23 "$dir/has" "$dir/told")" ""
}
