# Random mutations of vmstat.c: lines "LINE COLUMN LENGTH REPLACEMENT", tab-separated.
# -v seed=N -v count=N; files: tests/out/coverage/lines (what reaches each line), vmstat.c.

function random(n) { # 0 to n - 1, alike in every awk: Lehmer's generator
	seed = seed * 16807 % 2147483647
	return seed % n
}

function add(column, n, text) {
	found[++all] = FNR "\t" column "\t" n "\t" text
}

FNR == NR { # fuzzers judge too little
	for (i = 2; i <= NF; i++)
		reached[$1] += $i !~ /^fuzz-/
	next
}
!reached[FNR] { next }
{
	code = $0 # of the same length, without strings and comments
	while (match(code, /"([^"\\]|\\.)*"|'([^'\\]|\\.)+'|\/\*.*(\*\/|$)/)) {
		blank = sprintf("%" RLENGTH "s", "")
		gsub(/ /, "@", blank)
		code = substr(code, 1, RSTART - 1) blank substr(code, RSTART + RLENGTH)
	}
	if (code ~ /^ \*/)
		next
	n = split("<= < >= > == != && || + - * / += -= |= &= & | ++ --", from, " ")
	split("< <= > >= != == || && - + / * -= += &= |= | & -- ++", to, " ")
	for (i = 1; i <= n; i++) {
		pattern = from[i] ~ /^(\+\+|--)$/ ? from[i] : " " from[i] " "
		for (at = 1; (j = index(substr(code, at), pattern)); at += j)
			add(at + j - 1, length(pattern), pattern ~ / / ? " " to[i] " " : to[i])
	}
	for (at = 1; match(substr(code, at), /[^A-Za-z0-9_.][0-9]+[^A-Za-z0-9_.x]/); at += RSTART) {
		number = substr(code, at + RSTART, RLENGTH - 2)
		add(at + RSTART, RLENGTH - 2, random(2) && number > 0 ? number - 1 : number + 1)
	}
	if (match(code, /(if|while) \(/) && code ~ /\)( \{)?$/) {
		start = RSTART + RLENGTH
		end = length(code) - (code ~ /\{$/ ? 2 : 0)
		add(start, end - start, "!(" substr($0, start, end - start) ")")
	}
	if (match(code, /^\t+[^\t].*;$/) && code !~ /^\t+(return|case|const|static|struct|char|bool|unsigned|uint)/)
		add(1, length(code), ";")
}
END {
	for (i = 1; i <= count && i <= all; i++) {
		j = i + random(all - i + 1)
		print found[j]
		found[j] = found[i]
	}
}
