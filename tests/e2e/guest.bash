# guest.bash - for the bats files of this folder: boot a machine, read what it
# printed, compare numbers
# SPDX-License-Identifier: MIT

load ../tools/requires
e2e=${BATS_TEST_DIRNAME:?}
root=${e2e%/tests/e2e}
export VMSTAT=${VMSTAT:-$root/vmstat}

# boot_machine SCENARIO...: for setup_file, one machine after another. Where one
# cannot be had, each test of the file is skipped and says why; where it does not
# boot or finish, fail and show what it printed.
boot_machine() {
	local status=0 scenario
	for scenario; do
		"$e2e/qemu" boot "$scenario" >>"$BATS_FILE_TMPDIR/out" \
			2>"$BATS_FILE_TMPDIR/err" || { status=$?; break; }
	done
	command -v jq >/dev/null || { status=77; echo "no jq" >"$BATS_FILE_TMPDIR/err"; }
	if [ "$status" -eq 77 ]; then
		tail -n 1 "$BATS_FILE_TMPDIR/err" >"$BATS_FILE_TMPDIR/skip"
	elif [ "$status" -ne 0 ]; then
		tail -n 40 "$BATS_FILE_TMPDIR/out" >&2
		tail -n 40 "$BATS_FILE_TMPDIR/err" >&2
		return 1
	fi
}

# The same for scenarios with v1's memory controller, which kernels leave out since 6.12.
boot_v1_machine() {
	boot_machine "$@" || return
	! grep -q '^@@ no memory$' "$BATS_FILE_TMPDIR/out" ||
		echo "this kernel has no memory controller of cgroup v1" >"$BATS_FILE_TMPDIR/skip"
}

setup() {
	[ ! -s "$BATS_FILE_TMPDIR/skip" ] || skip "$(cat "$BATS_FILE_TMPDIR/skip")"
}

# An image can be made: buildah needs /proc, capabilities or a user namespace,
# and /etc/containers/policy.json. Tried with an empty one, so that a fault of
# docker/image is no reason to skip.
requires_buildah() {
	local probe=$BATS_TEST_TMPDIR/probe reason as=()
	requires_tool buildah jq
	[ "$(id -u)" = 0 ] || as=(buildah unshare)
	mkdir -p "$probe"
	# shellcheck disable=SC2016 # the inner shell expands
	reason=$("${as[@]}" sh -euc '
		b() { buildah --root "$0/root" --runroot "$0/run" --storage-driver vfs "$@"; }
		b commit --quiet "$(b from scratch)" empty
		b push --quiet empty "oci-archive:$0/empty.tar"
		rm -rf "$0"' "$probe" 2>&1) ||
		skip "buildah makes no image here: $(head -n 1 <<<"$reason")"
}

# install_modules FOLDER: for setup_file. Puts the npm packages of its package.json and
# its scripts into tests/out/npm-FOLDER, which outlives the run.
install_modules() {
	local to=$root/tests/out/npm-$1 error=$BATS_FILE_TMPDIR/no-modules name
	for name in node npm; do
		command -v $name >/dev/null || { echo "$name is not installed" >"$error"; return; }
	done
	mkdir -p "$to"
	if ! cmp -s "$e2e/$1/package.json" "$to/package.json"; then
		cp "$e2e/$1/package.json" "$to/"
		(cd "$to" && timeout 120 npm install --no-package-lock --no-audit --no-fund \
			--ignore-scripts --fetch-retries=1 --loglevel=error) >"$to/log" 2>&1 || {
			echo "npm install: $(head -n 1 "$to/log")" >"$error"
			rm "$to/package.json"
			return
		}
	fi
	cp "$e2e/$1"/*.mjs "$to/"
}

requires_modules() {
	[ ! -s "$BATS_FILE_TMPDIR/no-modules" ] || skip "$(head -n 1 "$BATS_FILE_TMPDIR/no-modules")"
}

# section NAME: the lines that the machine printed under that name
section() {
	awk -v begin="@@ begin $1" -v end="@@ end $1" '
		$0 == end { inside = 0 }
		inside { print }
		$0 == begin { inside = found = 1 }
		END { exit !found }' "$BATS_FILE_TMPDIR/out" ||
		{ echo "no section $1"; return 1; }
}

# noted SECTION KEY: the number a note has under KEY
noted() {
	section "$1" | awk -v key="$2" '$1 == key { print $2; found = 1 }
		END { if (!found) { print "no " key; exit 1 } }'
}

# growth BEFORE AFTER KEY: by how much, between two notes
growth() {
	local before after
	before=$(noted "$1" "$3") || before=0
	after=$(noted "$2" "$3") || { echo "no $3 in $2"; return 1; }
	awk -v a="$after" -v b="$before" 'BEGIN { printf "%.0f", a - b }'
}

# json_value SECTION FILTER: jq's answer about the last report of a section
json_value() { section "$1" | jq -rs ".[-1] | $2"; }

# pages KIB: how many of the machine's that is
pages() { echo $(($1 / $(section page))); }

# usually BOUND ELSEWHERE: the one for the usual kernel of these tests, whose behaviour
# is known, or the one for any other
usually() { [ -z "${E2E_KERNEL:-}" ] && echo "$1" || echo "$2"; }

# messages SECTION: of the alerts of its reports
messages() { section "$1" | jq -r '.alerts[].message'; }

# total_of SECTION KEY: what a rate amounts to over its interval
total_of() {
	json_value "$1" "if .$2 == null then \"null\" else .$2 * .interval end"
}

# is_near WHAT IS SHOULD TOLERANCE
is_near() {
	awk -v is="$2" -v should="$3" -v by="$4" 'BEGIN {
		d = is - should; if (d < 0) d = -d
		exit !(is ~ /^-?[0-9]/ && should ~ /^-?[0-9]/ && d <= by + 0) }' ||
		{ echo "$1 is $2, not $3 (give or take $4)"; return 1; }
}

# is_between WHAT IS LOW HIGH
is_between() {
	awk -v is="$2" -v low="$3" -v high="$4" 'BEGIN {
		exit !(is ~ /^-?[0-9]/ && is + 0 >= low + 0 && is + 0 <= high + 0) }' ||
		{ echo "$1 is $2, not between $3 and $4"; return 1; }
}

is_equal() { # WHAT IS SHOULD
	[ "$2" = "$3" ] || { echo "$1 is '$2', not '$3'"; return 1; }
}

has_no_line() { ! grep -E -e "$1"; } # REGEX: fails where a line of stdin matches

# are_unavailable SECTION KEY...: null in the last report, each of them
are_unavailable() {
	local name=$1 key
	shift
	for key; do
		is_equal "$name: $key" "$(json_value "$name" "has(\"$key\"), .$key")" \
			"true
null" || return 1
	done
}

# table_value SECTION COLUMN: that column of the last row, by the header's word
table_value() {
	section "$1" | awk -v column="$2" '
		$1 == "r" && $2 == "b" { for (i = 1; i <= NF; i++) at[$i] = i; next }
		/^ *[-0-9]/ && !/^procs/ { last = $0 }
		END { n = split(last, f); i = at[column]
			if (!i) { print "no column " column; exit 1 }
			print f[i] }'
}

have_succeeded() { # SECTION...: status 0 and nothing on stderr
	local name
	for name; do
		is_equal "$name.status" "$(section "$name.status")" 0 || return 1
		is_equal "$name.err" "$(section "$name.err")" "" || return 1
	done
}
