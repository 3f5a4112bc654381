# shellcheck shell=bash
# Sourced by the scripts beside it: TAP, and builds with switches turned off.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
mkdir -p tests/out
CC=${CC:-$(command -v musl-gcc || echo cc)}
tap_count=0 tap_bad=0

# check NAME COMMAND...: passes when COMMAND does; else shows what it printed.
check() {
	local name=$1 printed
	shift
	tap_count=$((tap_count + 1))
	if printed=$("$@" 2>&1); then
		echo "ok $tap_count - $name"
	else
		echo "not ok $tap_count - $name"
		printf '# %s\n' "${printed//$'\n'/$'\n# '}"
		tap_bad=1
	fi
}

skip() { # NAME REASON
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # skip $2"
}

finish() {
	echo "1..$tap_count"
	exit "$tap_bad"
}

have() { command -v "$1" >/dev/null; }

# hosted COMPILER: it is there, with the headers of a C library, which Debian's cc may lack.
hosted() { echo '#include <stdlib.h>' | "$1" -E -o /dev/null - 2>/dev/null; }

# within WHAT VALUE BOUND: a bound as a test.
within() {
	check "$1: $2, bound $3" awk "BEGIN { exit !($2 <= $3) }"
}

# switches VALUE: those that config.h leaves at it, 1 or 0, one a line. One that
# is what another is counts as 1.
switches() {
	"$CC" -E -dM -x c config.h |
		awk -v value="$1" '$2 ~ /^WITH_/ && ($3 != "0") == value { print $2 }' | sort
}

# The flags that turn all of them off.
all_off() { switches 1 | sed 's/.*/-D&=0/' | tr '\n' ' '; }

# qemu_of ARCH: QEMU's program for the programs of a machine of Debian's
qemu_of() {
	case $1 in
	arm64) echo qemu-aarch64-static ;;
	armhf) echo qemu-arm-static ;;
	ppc64el) echo qemu-ppc64le-static ;;
	*) echo "qemu-$1-static" ;;
	esac
}

# build NAME FLAGS: makes tests/out/switch/NAME; a warning is an error.
build() {
	mkdir -p tests/out/switch
	make -s CC="$CC" BIN="tests/out/switch/$1" CPPFLAGS="$2 -Werror"
}

# result NAME: keeps what is on standard input as what `make NAME` found last, with the
# date and the machine. `make docs` takes tests/results into FIGURES.md.
result() {
	local cpu
	cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
	mkdir -p tests/results
	{
		echo "make $1, $(date -u +%F), $(nproc) CPUs (${cpu:-unknown}), Linux $(uname -r | cut -d- -f1)"
		cat
	} >"tests/out/result.$$" && cat "tests/out/result.$$" >"tests/results/$1"
	rm -f "tests/out/result.$$"
}
