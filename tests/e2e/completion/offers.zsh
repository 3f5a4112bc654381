# offers.zsh SHARE LINE...: what zsh offers at the end of each line, `LINE: WORD...`
#
# An interactive zsh runs behind a pseudo-terminal; its compadd prints what it is given,
# after @@, when control-X is typed, and control-U clears the line.
# SPDX-License-Identifier: MIT
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PROMPT=; fpath=($1/zsh/site-functions \$fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=10000 KEYTIMEOUT=1
zstyle ':completion:*' list-prompt ''
offer() {
	compadd() {
		if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
			local -a hits
			builtin compadd -A hits \"\$@\"
			print -rl -- @@\$IPREFIX\$^hits
		fi
		builtin compadd \"\$@\"
	}
	_main_complete
	print @@@
}
zle -C offer list-choices offer; bindkey '^X' offer; print REA''DY"
while zpty -r z line; do [[ $line != *READY* ]] || break; done
for request in "${@[2,-1]}"; do
	zpty -n -w z $request$'\x18'
	words=()
	while zpty -r z line; do
		[[ $line != *@@@* ]] || break
		[[ $line != *@@* ]] || words+=(${${${line##*@@}%%[[:cntrl:]]*}%=})
	done
	print -r -- "$request: ${(u)words}"
	zpty -n -w z $'\x15'
done
zpty -d z
