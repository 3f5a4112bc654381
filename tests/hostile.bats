#!/usr/bin/env bats
# A /proc that is missing, masked, cut, unreadable or nonsense: the columns
# concerned are unavailable, one warning a file, and the others stay right.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() { fixture host; }

# Columns by the file that they come from, and what they are in the fixture.
declare -gA columns=(
    [stat]='r=5 b=3 in=123 cs=2567 us=37 sy=13 id=29 wa=11 st=4 gu=6'
    [meminfo]='swpd=6169 free=1111337 buff=22543 cache=333010'
    [vmstat]='si=8 so=12 bi=17 bo=19 min=61 maj=9'
)
shopt -s extglob

# loses FILE: its columns are `-`, all others right, one warning that names it.
loses() {
    local file
    ok
    for file in stat meminfo vmstat; do
        if [[ $file == "$1" ]]; then
            cells ${columns[$file]//=+([0-9])/=-}
        else
            cells ${columns[$file]}
        fi
    done
    [[ $stderr == "vmstat: "*"$1"* && $stderr != *$'\n'* ]] ||
        { echo "want one warning that names $1"; said; false; }
}

# each FUNCTION: applies it to each file in turn, and runs.
each() {
    local file
    for file in stat meminfo vmstat; do
        fixture host
        "$1" "$T/f/proc/$file"
        vm $CALM
        loses $file || { echo "^^^ $1 $file"; return 1; }
    done
}

missing() { rm "$1"; }
empty() { : > "$1"; }
directory() { rm "$1"; mkdir "$1"; }
# What `--bind /dev/null` shows: it opens and reads as empty.
masked() { ln -sf /dev/null "$1"; }
endless() { ln -sf /dev/zero "$1"; }
words() { printf 'The quick brown fox\njumps over\n\n\nthe lazy dog' > "$1"; }
no_numbers() { sed -i 's/[0-9]/x/g' "$1"; }
negative() { sed -i 's/ \([0-9]\)/ -\1/g' "$1"; }
# 20 digits and more do not fit 64 bits: no value, not its low bits.
enormous() { sed -i 's/ \([0-9]\+\)/ 99999999999999999999\1/g' "$1"; }
# The same bytes each time: pseudo-random, NULs and newlines among them.
binary() {
    awk 'BEGIN { srand(7); for (i = 0; i < 70000; i++) printf "%c", int(rand() * 256) }' > "$1"
}
one_line() { head -c 300000 /dev/zero | tr '\0' 7 > "$1"; }

@test "a file is missing" { each missing; }
@test "a file is empty" { each empty; }
@test "a file is a directory" { each directory; }
@test "a file is masked with /dev/null" { each masked; }
@test "a file is text" { each words; }
@test "a file has no numbers" { each no_numbers; }
@test "a file has negative numbers" { each negative; }
@test "a file has numbers beyond 64 bits" { each enormous; }
@test "a file is binary" { each binary; }
@test "a file is one line of 300,000 digits" { each one_line; }

@test "a file has no end: /dev/zero ends all the same" {
    endless "$T/f/proc/vmstat"
    run --separate-stderr timeout 5 "$VMSTAT" "--proc=$T/f/proc" $CALM
    # Bounded work: an answer, or an error, but within the time.
    [[ $status == 0 || $status == 1 ]] || { said; false; }
}

# cut FILE STRING: the file ends right behind STRING, without a newline.
cut_behind() {
    awk -v want="$2" 'BEGIN { RS = "\001" } { i = index($0, want)
        printf "%s", substr($0, 1, i + length(want) - 1) }' "$T/f/proc/$1" > "$T/cut"
    cat "$T/cut" > "$T/f/proc/$1"
}

@test "a warning comes once, not with each report" {
    : > "$T/f/proc/stat"
    : > "$T/second/proc/stat"
    COUNT=3 two $CALM
    ok
    [[ ${#lines[@]} == 5 && $(grep -c '/proc/stat' <<< "$stderr") == 1 ]] || { said; false; }
}

@test "stat is cut in the middle of a number: no half numbers" {
    cut_behind stat 'ctxt 25'
    vm $CALM
    ok
    # Without its newline nobody knows that the line is whole.
    cells cs=- r=- b=- in=123 us=37 gu=6 si=8 free=1111337
    fixture host
    cut_behind stat 'cpu  80000 6000 200'
    vm $CALM
    cells us=- sy=- id=- wa=- st=- gu=- in=- cs=- r=- free=1111337
}

@test "meminfo and vmstat are cut in the middle of a number" {
    cut_behind meminfo 'Cached:           33'
    vm $CALM
    cells free=1111337 buff=22543 cache=- swpd=- cs=2567 si=8
    fixture host
    cut_behind vmstat 'pswpin 20'
    vm $CALM
    cells bi=17 bo=19 si=- so=- min=- maj=- cs=2567 free=1111337
}

@test "only one number is missing: only its column is" {
    sed -i '/^procs_running/d; /^ctxt/d' "$T/f/proc/stat"
    sed -i '/^pgmajfault/d' "$T/f/proc/vmstat"
    sed -i '/^SwapFree/d' "$T/f/proc/meminfo"
    vm $CALM
    ok
    # min is pgfault - pgmajfault, swpd SwapTotal - SwapFree
    cells r=- b=3 cs=- in=123 us=37 maj=- min=- si=8 bi=17 swpd=- free=1111337
}

@test "a file comes back: its columns do, rates from the next interval on" {
    cp "$T/f/proc/meminfo" "$T/second/proc/meminfo"
    : > "$T/f/proc/meminfo"
    : > "$T/f/proc/vmstat"
    two $CALM
    ok
    cells 1 free=- bi=-
    cells 2 free=1111337 bi=- cs=2800
}

@test "a file goes away between the reports: unavailable, never 0" {
    rm "$T/second/proc/vmstat"
    : > "$T/second/proc/vmstat"
    two $CALM
    ok
    cells 1 bi=17 maj=9
    cells 2 bi=- bo=- si=- so=- min=- maj=- cs=2800
}

@test "json: unavailable is null, and the keys stay" {
    need json
    tool jq
    rm "$T/f/proc/vmstat" "$T/f/proc/stat"
    vm --json $CALM
    ok
    json r=null cs=null us=null si=null maj=null oom=null free=1111337 \
        inact=555009
}

@test "csv: unavailable is empty, and the columns stay" {
    need csv
    vm --csv $CALM
    local header=${lines[0]} columns
    columns=$(tr -cd , <<< "${lines[1]}" | wc -c)
    rm "$T/f/proc/vmstat" "$T/f/proc/stat"
    vm --csv $CALM
    [[ ${lines[0]} == "$header" &&
        $(tr -cd , <<< "${lines[1]}" | wc -c) == "$columns" ]] || { said; false; }
    paste -d= <(tr , '\n' <<< "$header") <(tr , '\n' <<< "${lines[1]}") > "$T/pairs"
    grep -qx cs= "$T/pairs" && grep -qx maj= "$T/pairs" &&
        grep -qx free=1111337 "$T/pairs" || { said; false; }
}

@test "pressure: no files, empty files, garbage: unavailable" {
    need pressure
    local how file
    half() { printf 'some avg10=0.00 total=100' > "$1"; }
    for how in missing empty words no_numbers masked binary half; do
        fixture host
        for file in "$T"/f/proc/pressure/*; do $how "$file"; done
        vm -x $CALM
        ok
        cells cpu=- mem=- memF=- io=- ioF=- cs=2567
    done
}

@test "nothing left: status 1, no table, and what to do" {
    rm -r "$T/f/proc" && mkdir "$T/f/proc"
    vm
    [[ $status == 1 && -z $output ]] || { said; false; }
    says '^vmstat: .'
}

@test "no /proc at all: names the command that mounts it" {
    mounts
    run --separate-stderr unshare -m --propagation private sh -c \
        "mount -t tmpfs none /proc && exec '$VMSTAT'"
    [[ $status == 1 && -z $output ]] || { said; false; }
    says 'mount -t proc proc /proc'
}

# real CONDITION COLUMNS: this machine's /proc, one file of it masked.
@test "masked in the real /proc: /dev/null over stat" {
    mounts
    need_bind /proc/stat /dev/null
    cells us=- cs=- in=- r=-
    [[ $(cell free) =~ ^[0-9]+$ && $(cell min) =~ ^[0-9]+$ ]] || { said; false; }
    [[ $(grep -c . <<< "$stderr") == 1 ]] || { said; false; }
}

@test "masked in the real /proc: /dev/null over vmstat and meminfo" {
    mounts
    need_bind /proc/vmstat /dev/null
    cells si=- bi=- maj=-
    [[ $(cell us) =~ ^[0-9]+$ ]] || { said; false; }
    need_bind /proc/meminfo /dev/null
    cells swpd=- free=- buff=- cache=-
    [[ $(cell cs) =~ ^[0-9]+$ ]] || { said; false; }
}

# Runs in a mount namespace with FILE bound over PATH.
need_bind() {
    run --separate-stderr unshare -m --propagation private sh -c \
        "mount --bind $2 $1 && exec '$VMSTAT' $HOST $CALM"
    ok
}

@test "subset=pid: no stat, no meminfo: an error that says so, or a cgroup" {
    mounts
    run --separate-stderr unshare -m -p -f --propagation private sh -c \
        "mount -t proc -o subset=pid proc /proc || exit 77; '$VMSTAT' $HOST"
    [[ $status != 77 ]] || skip "the kernel does not know subset=pid"
    [[ $status == 1 && -z $output ]] || { said; false; }
    says '^vmstat: '
}

@test "unreadable as non-root: unavailable, one warning" {
    local file
    for file in stat meminfo vmstat; do
        fixture host
        unreadable proc/$file -- $CALM
        loses $file
    done
}

@test "-m as non-root: says why" {
    need slabs
    tool setpriv
    [[ $EUID == 0 ]] || skip "not root, cannot become another user"
    local dir
    dir=$(mktemp -d /tmp/vmstat-test.XXXXXX)
    install -m 755 "$VMSTAT" "$dir/vmstat" && chmod 755 "$dir"
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/vmstat" -m
    rm -rf "$dir"
    complains '*slabinfo*'
}

@test "gVisor: no vmstat, counters that stay 0 are unavailable" {
    fixture gvisor
    vm $CALM
    ok
    # of 10000 ticks: 2000, 5000, 3000
    cells r=0 b=0 free=1500300 cache=100400 in=- cs=- us=20 sy=50 id=30 \
        si=- so=- bi=- bo=- min=- maj=-
}

@test "gVisor: time in the kernel alone tells it, too; and without CPU columns" {
    fixture gvisor
    sed -i 's/^cpu .*/cpu  0 0 5000 0 0 0 0 0 0 0/' "$T/f/proc/stat"
    vm -o cs,sy $CALM
    [[ ${lines[2]} == *-*100 ]] || { said; false; }
    vm -o in,cs $CALM
    [[ $status == 0 && ${lines[2]} =~ ^\ +-\ +-$ ]] || { said; false; }
}

@test "a machine of 4,096 CPUs that is up for years: shares of 10^12 ticks" {
    fixture host
    sed -i 's/^cpu .*/cpu  1 1 1 1000000000000 2000000000000 0 0 0 0 0/' "$T/f/proc/stat"
    vm $CALM
    ok
    cells us=0 sy=0 id=33 wa=67 st=0 gu=0
}

@test "WSL1: a cpu line of nine numbers, no vmstat" {
    fixture wsl1
    vm $CALM
    ok
    # of 100000 ticks: 30000, 22000, 48000; 50331648-49942008
    cells r=2 b=0 swpd=389640 free=9062236 buff=34032 cache=188576 in=- cs=- \
        us=30 sy=22 id=48 wa=0 bi=- maj=-
}

@test "arguments that are hostile: very long, many, not UTF-8" {
    local long
    long=$(printf '%070000d' 0 | tr 0 9)
    local arg
    for arg in "$long" "-S$long" "--$long" "--unit=$long" $'\xff\xfe' "-p$long" \
        "-o$long" '%s%n%d' '--%s%n' "-o%n%s"; do
        run --separate-stderr timeout 5 "$VMSTAT" "$arg"
        [[ $status == 1 && -z $output && $stderr == "vmstat: "* ]] ||
            { echo "status $status for ${arg:0:40}"; false; }
    done
}
