# What every suite loads: the program, fixtures, and how to read its output.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2086
#
# What a test needs, or it is skipped and says why:
#   requires_feature FEATURE...  `vmstat -V` names them; has_feature: ask only
#   requires_tool NAME...        the commands are installed
#   requires_terminal            a pseudo-terminal can be had
#   requires_mount_namespace     root, and a kernel that allows one
# The kernel's files:
#   use_fixture NAME             a private copy of tests/fixtures/NAME in $T/f
#   in_v2, in_v1                 those of a cgroup; $C is its directory in v2, $G
#                                the hierarchies' in v1
#   write_file PATH              stdin becomes $T/f/PATH
#   write_second PATH            the same at the second instant
# Running it, into $status $output $stderr:
#   run_vmstat ARGS...           against that copy
#   run_two_instants ARGS...     the same over two instants (fixtures/README)
#   run_with_changes ARGS...     the same with $changes made between samples
#   run_in_cgroup, two_in_cgroup ARGS...
#                                both in cgroup scope, as JSON, without alerts
#   run_without_permission FILE... -- ARGS...
#                                as a user that may not read these files of it
#   run_on_this_machine ARGS...  in host scope
#   run_and_signal SIGNAL ARGS...
#                                that it gets once it sleeps
#   $HOST $CALM                  options for host scope, against alerts
#   until_true COMMAND...        waits for it: has_lines FILE N, has_slept PID N
# VMSTAT may be a script: RUNS names what it runs, an emulator and the program itself.
# What came out:
#   succeeds, stderr_is_empty
#   fails COMMAND...             it does
#   fails_with PATTERN           status 1, no output, one line of reason
#   stderr_has REGEX             some line of it matches
#   output_is TEXT               exactly that
#   column NAME [ROW]            a column of the table, by its header
#   columns_are [ROW] K=V...     values of row ROW (default 1) of the table
#   json_has [ROW] K=V...        values, in JSON, of report ROW (default 1)

bats_require_minimum_version 1.5.0
load ../tools/requires

VMSTAT=${VMSTAT:-$BATS_TEST_DIRNAME/../../vmstat}
[[ $VMSTAT == /* ]] || VMSTAT=$PWD/$VMSTAT
REPO=$BATS_TEST_DIRNAME/../..
T=${BATS_TEST_TMPDIR:-$BATS_RUN_TMPDIR}
export LC_ALL=C TZ=UTC0 VMSTAT
unset NO_COLOR TERM COLUMNS LINES container KUBERNETES_SERVICE_HOST

# Names what was built in; an old or broken binary has no features at all.
features=" $("$VMSTAT" -V 2>/dev/null | sed -n 's/^features://p') "

has_feature() { [[ $features == *" $1 "* ]]; }

HOST="" CALM=""
! has_feature cgroup || HOST=--scope=host
! has_feature alerts || CALM=--alert=off
export HOST CALM

requires_feature() {
    local feature
    for feature; do has_feature "$feature" || skip "built without $feature"; done
}

# A private mount namespace: root, and a kernel or container that allows it.
requires_mount_namespace() {
    requires_tool unshare mount
    unshare -m --propagation private true 2>/dev/null ||
        skip "no right to make a mount namespace"
}

use_fixture() {
    rm -rf "$T/f" "$T/second"
    cp -a "$BATS_TEST_DIRNAME/../fixtures/$1" "$T/f"
    mv "$T/f/2" "$T/second" 2>/dev/null || mkdir -p "$T/second"
}

in_v2() {
    requires_feature cgroup
    use_fixture v2
    C=sys/fs/cgroup/kubepods/pod1/ctr
}

in_v1() {
    requires_feature cgroup
    use_fixture v1
    G=sys/fs/cgroup
}

write_file() {
    mkdir -p "$(dirname "$T/f/$1")"
    cat > "$T/f/$1"
}

write_second() {
    mkdir -p "$(dirname "$T/second/$1")"
    cat > "$T/second/$1"
}

run_vmstat() {
    run --separate-stderr timeout 20 \
        "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" "$@"
}

run_without_permission() {
    requires_tool setpriv
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

run_on_this_machine() {
    run --separate-stderr timeout 20 "$VMSTAT" $HOST "$@"
}

# `env`, as bash has SIGINT ignored of what runs in the background.
run_and_signal() {
    local pid
    env --default-signal=INT "$VMSTAT" "${@:2}" > "$T/out" 2> "$T/err" 3>&- &
    pid=$!
    sleeps $pid
    kill -"$1" $pid
    status=0
    wait $pid 2> /dev/null || status=$?
    output=$(< "$T/out") stderr=$(< "$T/err")
    mapfile -t lines < "$T/out"
}

run_two_instants() {
    local changes=(overlay)
    run_with_changes "$@"
}

# Files are truncated and written again, never replaced: the program keeps them
# open. What goes, goes last: what comes must not get its inode, by which
# vmstat tells cgroups apart.
overlay() {
    local gone
    cp -r "$T/second/." "$T/f/"
    [[ -f $T/second/removed ]] || return 0
    while read -r gone; do rm -rf "${T:?}/f/$gone"; done < "$T/second/removed"
}

# Runs the first of $changes once the first report is out (with -y, the first
# sample taken), the second after the next report, and so on. Each is done
# before the sample that is to see it is due, or all is tried once more with a
# longer delay; a captured tree has a clock of its own, so the first is short.
run_with_changes() {
    local ms delay pid started n
    cp -a "$T/f" "$T/first"
    for ms in ${DELAYS:-50 400 2000 10000}; do
        rm -rf "$T/f"
        cp -a "$T/first" "$T/f"
        for n; do
            [[ $n != --record=* ]] || { n=${n#*=}; rm -f "${n%,[0-9]*}"{,.1}; }
        done
        : > "$T/out" # of an earlier run: it must not pass for a report
        delay=$((ms / 1000)).$(printf %03d $((ms % 1000)))
        started=${EPOCHREALTIME/./}
        "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" "$@" $delay ${COUNT:-2} \
            > "$T/out" 2> "$T/err" 3>&- &
        pid=$!
        ! make_changes "$@" || break
        kill $pid || true
        wait $pid || true
    done 2> /dev/null
    status=0
    wait $pid || status=$?
    output=$(< "$T/out") stderr=$(< "$T/err")
    mapfile -t lines < "$T/out"
    rm -rf "$T/first"
}

# Fails where one came too late, or the program has ended, with an error or
# unseen. A view of intervals alone sleeps before its first report, too.
make_changes() {
    local change samples=1 seen=0
    while sleeps $pid && [[ ! -s $T/out && " $* " != *" -y "* ]]; do
        samples=2
        sleep 0.005
    done
    for change in "${changes[@]}"; do
        while ((samples > 1)) && [[ $(stat -c %s "$T/out") == "$seen" ]]; do
            kill -0 $pid || return
            sleep 0.002
        done
        seen=$(stat -c %s "$T/out")
        eval "$change"
        ((${EPOCHREALTIME/./} - started < samples * ms * 1000)) || return
        samples=$((samples + 1))
    done
}

# Waits until the program that bash started sleeps; fails where it has ended.
sleeps() {
    local stat
    while read -r stat < "/proc/$1/stat" && [[ $stat != *") Z "* ]]; do
        [[ $stat != *") S "* || /proc/$1/exe -ef /proc/$$/exe ]] || return 0
        sleep 0.002
    done
    return 1
}

# Waits up to half a minute until a command succeeds.
until_true() {
    local end=$((SECONDS + 30))
    while ((SECONDS < end)); do
        ! "$@" 2> /dev/null || return 0
        sleep 0.02
    done
    echo "in vain: $*"
    false
}

# until_punctual COMMAND...: it records into $R; again where the first report came so late
# that its interval is unlike the next: then a replay takes it for an average since boot.
until_punctual() {
    for _ in {1..20}; do
        rm -f "$R" "$R.1"
        "$@"
        awk -F, 'NR == 2 { first = $2 } NR == 3 { late = $2 - first }
            END { exit !(NR > 2 && late < 0.045 && late > -0.045) }' "$R" && return
    done
}

fails() { if "$@"; then return 1; fi; } # of bats, ! alone does not fail a test

has_lines() { [[ $(wc -l < "$1") -ge $2 ]]; } # FILE N

has_slept() { # PID TIMES: a program that bash started, between its reports
    [[ ! /proc/$1/exe -ef /proc/$$/exe &&
        $(sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$1/status") -ge $2 ]]
}

run_in_cgroup() { run_vmstat --scope=cgroup --json $CALM "$@"; }
two_in_cgroup() { run_two_instants --scope=cgroup --json $CALM "$@"; }

# For a suite's messages: what was run said this.
show_output() {
    printf 'status %s\n--- stdout\n%s\n--- stderr\n%s\n' \
        "$status" "$output" "$stderr"
}

output_is() {
    diff <(printf '%s\n' "$1") <(printf '%s\n' "$output") || { show_output; false; }
}

# NAME=VALUE of each column of the table's row, one a line.
row() {
    awk -v row="${1:-1}" '
        $1 == "r" { columns = split($0, name); next }
        $1 == "procs" || /^--procs/ { next }
        columns && ++seen == row { for (i = 1; i <= columns; i++) print name[i] "=" $i }' \
        <<< "$output"
}

column() { row "${2:-1}" | sed -n "s/^$1=//p"; }

# cells [ROW] NAME=VALUE...: each column has that value, or what differs.
columns_are() {
    local n=1 pair got bad=0
    [[ $1 == *=* ]] || { n=$1; shift; }
    got=$'\n'$(row $n)$'\n'
    for pair; do
        [[ $got == *$'\n'"$pair"$'\n'* ]] || { echo "row $n: want $pair"; bad=1; }
    done
    ((bad == 0)) || { show_output; false; }
}

json_has() {
    local row=1
    [[ $1 == *=* ]] || { row=$1; shift; }
    jq -sr --argjson n "$((row - 1))" '.[$n] as $o | $ARGS.positional[] |
        index("=") as $at | .[:$at] as $k | .[$at + 1:] as $want |
        ($o | if has($k) then .[$k] | tojson else "no such key" end) as $got |
        select($got != $want) | "\($k) is \($got), want \($want)"' \
        --args "$@" <<< "$output" > "$T/differences" ||
        echo "report $row is no object" > "$T/differences"
    [[ ! -s $T/differences ]] || { cat "$T/differences"; show_output; false; }
}

succeeds() { [[ $status == 0 ]] || { show_output; false; }; }
stderr_is_empty() { [[ -z $stderr ]] || { show_output; false; }; }

# complains PATTERN: status 1, stdout empty, one line that begins `vmstat: `.
fails_with() {
    [[ $status == 1 && -z $output && $stderr == "vmstat: "$1 &&
        $stderr != *$'\n'* ]] || { show_output; false; }
}

# Whether stderr has a line that matches the pattern.
stderr_has() {
    grep -qE -- "$1" <<< "$stderr" || { echo "no line like: $1"; show_output; false; }
}
