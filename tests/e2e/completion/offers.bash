#!/usr/bin/env bash
# offers.bash SHARE LINE...: what bash offers at the end of each line, `LINE: WORD...`
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1091 # installed by the test
. "$1/bash-completion/completions/vmstat-ct"
shift
command=$(complete -p vmstat-ct | sed 's/.*-F \([^ ]*\).*/\1/')
for COMP_LINE; do
	read -ra COMP_WORDS <<<"$COMP_LINE"
	[[ $COMP_LINE != *' ' ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_POINT=${#COMP_LINE}
	"$command" vmstat-ct "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	echo "$COMP_LINE: ${COMPREPLY[*]%=}"
done
