# README's tour: its commands print what it shows
# shellcheck disable=SC2154 # guest.bash assigns
load guest

setup_file() { boot_machine tour; }

# Numbers and bars move with the kernel, the words and columns around them do not.
without_figures() { sed -E 's/[0-9]+(\.[0-9]+)?/0/g; s/(│).*/\1/; s/ +/ /g; s/ $//'; }

@test "tour: each command of README prints what README shows, apart from figures" {
	local tour block shown=0
	tour=$(section tour | without_figures)
	# Blocks of indented lines that begin with a command; `...` is the rest of one.
	while IFS= read -r -d '' block; do
		shown=$((shown + 1))
		[[ "$tour"$'\n' == *"${block%$'...\n'}"* ]] || { echo "not printed:"; echo "$block"; echo "$tour"; false; }
	done < <(sed -n '/^## A tour/,/^## In containers/p' "$root/README.md" |
		sed -n 's/^    //p; t; s/.*//p' | without_figures |
		awk -v RS= '/^\$ / { printf "%s\n%c", $0, 0 }')
	is_equal "commands shown" "$shown" "$(section tour | grep -c '^\$ ')"
}
