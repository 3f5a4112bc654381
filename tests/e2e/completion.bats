# docker/completion/: what bash, zsh and fish themselves offer, installed under another name
# shellcheck disable=SC2154 # guest.bash assigns
load guest

setup_file() {
	make -s -C "$root" install NAME=vmstat-ct PREFIX="$BATS_FILE_TMPDIR"
}

setup() {
	dir=$BATS_TEST_TMPDIR
	export HOME=$dir # what the shells write, and no settings of anybody
}

# offers SHELL LINE...: `LINE: WORD...` of each, the words in order. Shells differ in
# whether the = after an option belongs to the word: it is left out.
offers() {
	local shell=$1 words
	requires_tool "$shell"
	case $shell in bash) set -- --norc "${@:2}" ;; zsh) set -- -f "${@:2}" ;; *) set -- --no-config "${@:2}" ;; esac
	timeout 60 "$shell" "$1" "$e2e/completion/offers.$shell" "$BATS_FILE_TMPDIR/share" "${@:2}" >"$dir/offers"
	while IFS= read -r words; do
		printf '%s: %s\n' "${words%%: *}" "$(tr ' ' '\n' <<<"${words#*: }" | LC_ALL=C sort -u | xargs)"
	done <"$dir/offers"
}

names() { awk '{ print $1 }' | LC_ALL=C sort -u | xargs; }

# What one is to offer, from the program's own lists; and some lines by hand.
expected() {
	local options metrics columns units
	units=$("$VMSTAT" --help | sed -n 's/.*--unit=UNIT//p' | grep -ow '[A-Za-z]' | names)
	options=$("$VMSTAT" --help | grep -oE -e '^ +(-., )?--[a-z-]+' | sed 's/.*--/--/' | names)
	metrics=$("$VMSTAT" --graph=help | sed 's/^/--graph=/' | names)
	columns=$({ echo help; "$VMSTAT" --columns=help; "$VMSTAT" --columns=help | cut -c 20-27; } | names)
	cat <<-END
		vmstat-ct --: $options
		vmstat-ct --graph=: $(xargs -n 1 <<<"$metrics --graph=help" | names)
		vmstat-ct --columns : $columns
		vmstat-ct -xo : $columns
		vmstat-ct --alert=: $({ echo --alert=off; echo --alert=help
			"$VMSTAT" --alert=help | sed -n 's/^[^ ]/--alert=&/p'; } | names)
		vmstat-ct --j: --json
		vmstat-ct -x --scope=: --scope=auto --scope=cgroup --scope=host
		vmstat-ct --scope h: host
		vmstat-ct --color=a: --color=always --color=auto
		vmstat-ct --check=: --check=critical
		vmstat-ct -S : $units
		vmstat-ct -o cs,mem_p: cs,mem_pct
		vmstat-ct --graph=cs,thr_: --graph=cs,thr_pct
		vmstat-ct --alert=mem_p: --alert=mem_pct
		vmstat-ct --alert=cs=: --alert=cs=off
		vmstat-ct --replay=README: --replay=README.md
		vmstat-ct --proc=dock: --proc=docker
	END
}

# Names of directories end in / in some shells.
completes_in() { # SHELL
	local lines
	cd "$root" || return
	expected >"$dir/expected"
	mapfile -t lines < <(sed 's/:[^:]*$//' "$dir/expected")
	offers "$1" "${lines[@]}" | sed 's,/$,,' >"$dir/is"
	diff "$dir/expected" "$dir/is"
}

@test "completion: bash offers options, metrics, rules and the words of a list" { completes_in bash; }

@test "completion: zsh offers options, metrics, rules and the words of a list" { completes_in zsh; }

@test "completion: fish offers options, metrics, rules and the words of a list" { completes_in fish; }

@test "completion: short options in bash and fish" {
	local letters
	letters=$("$VMSTAT" --help | grep -oE '^ +-[A-Za-z],' | tr -d ' ,' | names)
	for shell in bash fish; do
		offers $shell 'vmstat-ct -' | sed 's/.*: //' | tr ' ' '\n' | grep -E '^-[A-Za-z]$' | names >"$dir/is"
		is_equal $shell "$(cat "$dir/is")" "$letters"
	done
}

# A shell at a terminal, with the tabulator: what the command is given in the end. At a
# terminal bash splits words at =.
@test "completion: bash at a terminal" {
	requires_terminal
	printf '%s\n' 'vmstat-ct() { printf "<%s>" "$@" >>"$HOME/given"; echo >>"$HOME/given"; }' \
		". '$BATS_FILE_TMPDIR/share/bash-completion/completions/vmstat-ct'" "cd '$root'" >"$dir/rc"
	printf '%b' 'vmstat-ct --sco\th\t--grap\t=cs,mem_p\t -yo us,cpu_f\t 1\n' \
		'vmstat-ct --alert=mem_p\toff --replay=READ\t\n' 'exit\n' |
		timeout 30 script -qec "bash --noprofile --rcfile '$dir/rc' -i" /dev/null >"$dir/screen"
	cat "$dir/screen"
	is_equal given "$(cat "$dir/given")" '<--scope=host><--graph=cs,mem_pct><-yo><us,cpu_full><1>
<--alert=mem_pct=off><--replay=README.md>'
}
