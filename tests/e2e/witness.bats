# What free, top and procps's vmstat say in a container, and what this one says: README's table
# shellcheck disable=SC2154 # guest.bash assigns
load guest

setup_file() {
	boot_machine witness
	[ -s "$BATS_FILE_TMPDIR/skip" ] || readings
}

# readings: one line `TOOL.KEY NUMBER` for each that the table shows, memory in MiB
readings() {
	local column
	{
		section free | awk '$1 == "Mem:" { print "free.total", $2; print "free.used", $3; print "free.left", $7 }'
		section top | awk '
			/^%Cpu/ { sub(/.*ni, */, ""); idle = $1 }
			/^MiB Mem/ { total = $4; used = $8 }
			/^MiB Swap/ { left = $(NF - 2) }
			END { print "top.total", total; print "top.used", used; print "top.left", left; print "top.idle", idle }'
		echo "procps.left $(table_value procps free | awk '{ print $1 / 1024 }')"
		echo "procps.idle $(table_value procps id)"
		for column in avail limit; do
			echo "ours.$column $(table_value vmstat $column | awk '{ print $1 / 1024 }')"
		done
		for column in mem% cpus id thr% maj; do
			echo "ours.$column $(table_value vmstat $column)"
		done
	} >"$BATS_FILE_TMPDIR/readings"
}

reading() { awk -v key="$1" '$1 == key { print $2 }' "$BATS_FILE_TMPDIR/readings"; }

@test "witness: free, top and procps's vmstat report the machine's memory" {
	have_succeeded free top procps
	local total left tool
	total=$(($(noted after meminfo.MemTotal) / 1024))
	left=$(($(noted after meminfo.MemAvailable) / 1024))
	is_between "the machine's memory" "$total" 400 512
	for tool in free top; do
		is_near "total of $tool" "$(reading $tool.total)" "$total" 1
		is_near "left of $tool" "$(reading $tool.left)" "$left" 8
		is_near "used of $tool" "$(reading $tool.used)" $((total - left)) 8
	done
	is_near "free of procps" "$(reading procps.left)" $(($(noted after meminfo.MemFree) / 1024)) 8
}

@test "witness: top and procps's vmstat report the machine's CPU, half of it idle" {
	local idle tool
	idle=$({ section before; section after; } | awk '$1 == "stat.cpu" {
		for (i = 2; i <= NF; i++) all += n * $i + (n ? 0 : -$i)
		idle += n ? $5 : -$5; n = 1 } END { print 100 * idle / all }')
	is_between "the machine's idle time" "$idle" 40 60
	for tool in top procps; do is_near "idle of $tool" "$(reading $tool.idle)" "$idle" 8; done
}

@test "witness: vmstat reports what the container's cgroup does" {
	is_equal status "$(section vmstat.status)" 0
	local limit used least most at
	limit=$(noted after memory.max) least=$limit most=0
	# What is read from the disk comes and goes.
	for at in before after later; do
		used=$(($(noted $at memory.current) - $(noted $at memory.stat.inactive_file)))
		least=$((used < least ? used : least)) most=$((used > most ? used : most))
	done
	is_equal limit "$(reading ours.limit)" $((limit >> 20))
	is_between mem% "$(reading ours.mem%)" $((least * 100 / limit - 4)) $((most * 100 / limit + 4))
	is_between avail "$(reading ours.avail)" $((((limit - most) >> 20) - 3)) $((((limit - least) >> 20) + 3))
	is_equal "period, with a quota of 50,000" "$(noted after cpu.max.50000)" 100000
	is_equal cpus "$(reading ours.cpus)" 0.50
	is_between id "$(reading ours.id)" 0 5
	is_near thr% "$(reading ours.thr%)" "$(awk -v n="$(growth before after cpu.stat.nr_throttled)" \
		-v of="$(growth before after cpu.stat.nr_periods)" 'BEGIN { print 100 * n / of }')" 10
	# Each period lasts 0.1 s.
	is_near maj "$(reading ours.maj)" "$(awk -v n="$(growth before after memory.stat.pgmajfault)" \
		-v periods="$(growth before after cpu.stat.nr_periods)" 'BEGIN { print 10 * n / periods }')" 60
	is_equal verdict "$(section check | cut -d: -f1 | head -n 1)" CRITICAL
	is_equal "status of --check" "$(section check.status)" 2
}

# table: the readings as Markdown
table() {
	awk '{ v[$1] = $2 }
		function mib(key) { return sprintf("%.0f MiB", v[key]) }
		function percent(key, what) { return sprintf("%.0f%% %s", v[key], what) }
		function row(question, free, top, procps, ours) {
			printf "| %s | %s | %s | %s | **%s** |\n", question, free, top, procps, ours }
		END {
			print "| You ask | `free -m` | `top` | procps'\''s `vmstat 1` | this `vmstat -x 1` |"
			print "|---|---|---|---|---|"
			row("How much memory may I use?", mib("free.total"), mib("top.total"), "-", mib("ours.limit"))
			row("How much is used?", mib("free.used"), mib("top.used"), "-", percent("ours.mem%", "of the limit"))
			row("How much is left?", mib("free.left"), mib("top.left"), mib("procps.left"), mib("ours.avail"))
			row("How many CPUs may I use?", "-", "-", "-", sprintf("%.1f", v["ours.cpus"]))
			row("Is there CPU time left?", "-", percent("top.idle", "idle"), percent("procps.idle", "idle"), \
				percent("ours.id", "idle"))
			row("Am I throttled?", "-", "-", "-", "in " percent("ours.thr%", "of the periods"))
			row("How many major faults?", "-", "-", "-", sprintf("%.0f a second", v["ours.maj"]))
		}' "$BATS_FILE_TMPDIR/readings"
}

# The words must be the same, and each number within a tenth: another kernel or QEMU
# moves them a little.
@test "witness: the table in README is what was measured" {
	mkdir -p "$root/tests/out"
	table >"$root/tests/out/witness.md"
	sed -n '/^<!-- witness -->$/,/^<!-- end -->$/{/^<!--/d;p}' "$root/README.md" |
		awk -v measured="$root/tests/out/witness.md" '
			{
				line = $0
				if ((getline other < measured) <= 0) other = ""
				while (match(line, /[0-9][0-9.]*/)) {
					is = substr(line, RSTART, RLENGTH) + 0
					if (substr(line, 1, RSTART - 1) != substr(other, 1, RSTART - 1)) break
					line = substr(line, RSTART + RLENGTH)
					if (!match(other, /[0-9][0-9.]*/)) break
					was = substr(other, RSTART, RLENGTH) + 0
					other = substr(other, RSTART + RLENGTH)
					if (is - was > was / 10 + 2 || was - is > was / 10 + 2) line = line "?"
				}
				if (line != other) { print "README: " $0; bad = 1 }
			}
			END {
				if (!NR || (getline other < measured) > 0) { print "README lacks rows"; bad = 1 }
				if (bad) print "measured: tests/out/witness.md"
				exit bad
			}'
}
