# offers.fish SHARE LINE...: what fish offers at the end of each line, `LINE: WORD...`
# SPDX-License-Identifier: MIT
source $argv[1]/fish/vendor_completions.d/vmstat-ct.fish
for line in $argv[2..]
	set -l words (complete -C$line | string replace -r '=?(\t.*)?$' '' | sort -u)
	echo "$line: $words"
end
