# What every suite loads: the program, fixtures, and how to read its output.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2086
#
#   need FEATURE...   skip unless `vmstat -V` names the feature; has: ask only
#   tool NAME...      skip unless the commands are installed
#   fixture NAME      a private copy of tests/fixtures/NAME in $T/f
#   put PATH          stdin becomes $T/f/PATH
#   vm ARGS...        run against that copy: $status $output $stderr
#   two ARGS...       the same over two instants (see tests/fixtures/README)
#   unreadable FILE... -- ARGS...
#                     the same as a user that may not read these files of it
#   live ARGS...      run against this machine, host scope
#   $HOST $CALM       the options for host scope and against alerts, where built
#   cell NAME [ROW]   a column of the table in $output, by its header
#   cells [ROW] K=V.. values of row ROW (default 1) of the table
#   same WANT         $output is exactly WANT, or a diff is shown
#   json [ROW] K=V..  values, in JSON, of report ROW (default 1)

bats_require_minimum_version 1.5.0

VMSTAT=${VMSTAT:-$BATS_TEST_DIRNAME/../vmstat}
[[ $VMSTAT == /* ]] || VMSTAT=$PWD/$VMSTAT
REPO=$BATS_TEST_DIRNAME/..
T=${BATS_TEST_TMPDIR:-$BATS_RUN_TMPDIR}
export LC_ALL=C TZ=UTC0 VMSTAT
unset NO_COLOR TERM COLUMNS LINES container KUBERNETES_SERVICE_HOST

# Names what was built in; an old or broken binary has no features at all.
features=" $("$VMSTAT" -V 2>/dev/null | sed -n 's/^features://p') "

has() { [[ $features == *" $1 "* ]]; }

HOST="" CALM=""
! has cgroup || HOST=--scope=host
! has alerts || CALM=--alert=off
export HOST CALM

need() {
    local feature
    for feature; do has "$feature" || skip "built without $feature"; done
}

tool() {
    local name
    for name; do
        command -v "$name" >/dev/null || skip "$name is not installed"
    done
}

# A private mount namespace: root, and a kernel or container that allows it.
mounts() {
    tool unshare mount
    unshare -m --propagation private true 2>/dev/null ||
        skip "no right to make a mount namespace"
}

fixture() {
    rm -rf "$T/f" "$T/second"
    cp -a "$BATS_TEST_DIRNAME/fixtures/$1" "$T/f"
    mv "$T/f/2" "$T/second" 2>/dev/null || mkdir -p "$T/second"
}

put() {
    mkdir -p "$(dirname "$T/f/$1")"
    cat > "$T/f/$1"
}

vm() {
    run --separate-stderr timeout 20 \
        "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" "$@"
}

unreadable() {
    tool setpriv
    [[ $EUID == 0 ]] || skip "not root, cannot become another user"
    local dir
    dir=$(mktemp -d /tmp/vmstat-test.XXXXXX)
    cp "$VMSTAT" "$dir/vmstat"
    cp -a "$T/f" "$dir/f"
    chmod -R go+rX "$dir"
    while [[ $1 != -- ]]; do
        chmod 0 "$dir/f/$1"
        shift
    done
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$dir/vmstat" "--proc=$dir/f/proc" "--sys=$dir/f/sys" "${@:2}"
    rm -rf "$dir"
}

live() {
    run --separate-stderr timeout 20 "$VMSTAT" $HOST "$@"
}

# Instant 2 is written over instant 1 in place, because the program keeps
# its files open, and only once the first report is out. Should the machine
# be so slow that the second report came before that was done: once more,
# with a longer delay.
two() {
    local delay pid
    cp -a "$T/f" "$T/first"
    for delay in 0.4 1.5 5; do
        rm -rf "$T/f"
        cp -a "$T/first" "$T/f"
        "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" "$@" $delay ${COUNT:-2} \
            > "$T/out" 2> "$T/err" 3>&- &
        pid=$!
        if [[ " $* " == *" -y "* ]]; then sleep 0.15; fi
        while [[ ! -s $T/out && " $* " != *" -y "* ]] && kill -0 $pid; do
            sleep 0.01
        done 2>/dev/null
        stat -c %s "$T/out" > "$T/size"
        overlay
        if [[ $(stat -c %s "$T/out") == $(< "$T/size") ]]; then break; fi
        wait $pid || true
    done
    status=0
    wait $pid || status=$?
    output=$(< "$T/out") stderr=$(< "$T/err")
    mapfile -t lines < "$T/out"
    rm -rf "$T/first"
}

overlay() {
    local gone
    if [[ -f $T/second/removed ]]; then
        while read -r gone; do rm -rf "${T:?}/f/$gone"; done \
            < "$T/second/removed"
    fi
    # Files are truncated and written again, never replaced.
    cp -r "$T/second/." "$T/f/"
}

# For a suite's messages: what was run said this.
said() {
    printf 'status %s\n--- stdout\n%s\n--- stderr\n%s\n' \
        "$status" "$output" "$stderr"
}

same() {
    diff <(printf '%s\n' "$1") <(printf '%s\n' "$output") || { said; false; }
}

# NAME=VALUE of each column of the table's row, one a line.
row() {
    awk -v row="${1:-1}" '
        $1 == "r" { columns = split($0, name); next }
        $1 == "procs" || /^--procs/ { next }
        columns && ++seen == row { for (i = 1; i <= columns; i++) print name[i] "=" $i }' \
        <<< "$output"
}

cell() { row "${2:-1}" | sed -n "s/^$1=//p"; }

# cells [ROW] NAME=VALUE...: each column has that value, or what differs.
cells() {
    local n=1 pair got bad=0
    [[ $1 == *=* ]] || { n=$1; shift; }
    got=$'\n'$(row $n)$'\n'
    for pair; do
        [[ $got == *$'\n'"$pair"$'\n'* ]] || { echo "row $n: want $pair"; bad=1; }
    done
    ((bad == 0)) || { said; false; }
}

json() {
    local row=1
    [[ $1 == *=* ]] || { row=$1; shift; }
    jq -sr --argjson n "$((row - 1))" '.[$n] as $o | $ARGS.positional[] |
        index("=") as $at | .[:$at] as $k | .[$at + 1:] as $want |
        ($o | if has($k) then .[$k] | tojson else "no such key" end) as $got |
        select($got != $want) | "\($k) is \($got), want \($want)"' \
        --args "$@" <<< "$output" > "$T/differences" ||
        echo "report $row is no object" > "$T/differences"
    [[ ! -s $T/differences ]] || { cat "$T/differences"; said; false; }
}

ok() { [[ $status == 0 ]] || { said; false; }; }
quiet() { [[ -z $stderr ]] || { said; false; }; }

# complains PATTERN: status 1, stdout empty, one line that begins `vmstat: `.
complains() {
    [[ $status == 1 && -z $output && $stderr == "vmstat: "$1 &&
        $stderr != *$'\n'* ]] || { said; false; }
}

# Whether stderr has a line that matches the pattern.
says() {
    grep -qE -- "$1" <<< "$stderr" || { echo "no line like: $1"; said; false; }
}
