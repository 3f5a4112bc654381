#!/usr/bin/env bats
# The command line, and whether help, manual and README tell the same of it.

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() { use_fixture host; }

# Each line a command line. Not one may print a report.
@test "bad usage: one line of reason, status 1, nothing on stdout" {
    local line args
    while IFS= read -r line; do
        eval "args=($line)"
        run --separate-stderr timeout 5 "$VMSTAT" "${args[@]}"
        fails_with '?*' || { echo "^^^ vmstat $line"; false; }
    done << 'END'
0
-1
abc
1e9999
1 0
1 -5
1 2 3
-S x
-s -d
-p nosuch
--bogus
''
1 ''
' '
0.009
0.0
1x
0x10
-
1.2.3
1,5
99999999999999999999
18446744073709551617
1 1.5
1 18446744073709551617
-Z
-nZ
-S
-S ''
-S kk
-Sx
--unit
--unit=
--unit=kb
-p
-p ''
--partition
--json=1
--wide=yes
--c
--s
--nosuch=1
---wide
-d -m
-s -f
-p sda -s
-D -p sda
-f -m
--json --csv
-o nosuch
-o
--color=sometimes
--proc=/nosuch
--proc
1 2 -w 3
-- -w
-- 1 2 3
END
}

@test "bad usage of alerts" {
    requires_feature alerts
    local arg
    for arg in --threshold= --threshold=x --threshold=1,2,3 --threshold=1/disk \
        --threshold=-5 --alert= --alert=cs --alert=nosuch=1 --alert=cs= \
        --alert=cs=x --alert=maj=1,x; do
        run --separate-stderr timeout 5 "$VMSTAT" $arg
        fails_with '?*' || { echo "^^^ vmstat $arg"; false; }
    done
}

@test "bad usage of scope" {
    requires_feature cgroup
    local arg
    for arg in --scope=x --scope= --cgroup=/no/such/cgroup --pid=x --pid=0 \
        --pid= --pid=99999999; do
        run --separate-stderr timeout 5 "$VMSTAT" $arg
        fails_with '?*' || { echo "^^^ vmstat $arg"; false; }
    done
}

@test "a value is --x=V or --x V, -SV or -S V; options before or after operands" {
    run_vmstat -S M 0.01 1
    succeeds
    local want=$output line
    while IFS= read -r line; do
        run_vmstat $line
        [[ $status == 0 && $output == "$want" ]] || { echo "vmstat $line"; show_output; false; }
    done << 'END'
-SM 0.01 1
0.01 -S M 1
0.01 1 -SM
0.01 --unit M 1
--unit=M 0.01 1
--unit M 0.01 1
--un=M 0.01 1
-S k -S M 0.01 1
-S M -- 0.01 1
0.01 --unit=M -- 1
-nSM 0.01 1
-S M .01 1
END
}

@test "short options cluster; long ones abbreviate where that is unambiguous" {
    local short long
    while read -r short long; do
        run_vmstat "$short"
        succeeds
        local want=$output
        run_vmstat $long
        [[ $status == 0 && $output == "$want" ]] || { echo "$short is not $long"; show_output; false; }
    done << 'END'
-a --active
-a --act
-w --wide
-w --wi
-n --one-header
-n --one
-aw --active --wide
-wa -a -w
-x --extended
-x --ext
-V --version
-V --vers
END
}

@test "long names of the views" {
    local short long feature
    while read -r feature short long; do
        has_feature "$feature" || continue
        run_vmstat $short
        succeeds
        local want=$output
        run_vmstat $long
        [[ $status == 0 && -n $output && $output == "$want" ]] || { echo "$short is not $long"; show_output; false; }
    done << 'END'
stats -s --stats
stats -f --forks
disks -d --disk
disks -D --disk-sum
disks -pnvme0n1p1 --partition=nvme0n1p1
disks -pnvme0n1p1 --part=nvme0n1p1
slabs -m --slabs
human -H --human
END
}

@test "-y and -t have long names" {
    run_on_this_machine --no-first 0.01 1
    succeeds
    [[ ${#lines[@]} == 3 ]]
    run_on_this_machine --timestamp
    [[ ${lines[0]} == *--timestamp--* ]]
}

@test "count without end is not needed; a delay alone runs until stopped" {
    "$VMSTAT" "--proc=$T/f/proc" 0.1 > "$T/out" 3>&- &
    local pid=$! code=0
    until_true has_lines "$T/out" 5
    kill $pid
    wait $pid || code=$?
    ((code == 143))
}

@test "-V: name and version, what was built in" {
    run --separate-stderr "$VMSTAT" -V
    succeeds
    stderr_is_empty
    [[ ${lines[0]} =~ ^vmstat\ [0-9]+\.[0-9]+\.[0-9]+$ && ${lines[1]} == "features:"* ]] || { show_output; false; }
}

@test "--help goes to stdout, status 0, 80 columns" {
    run --separate-stderr "$VMSTAT" --help
    succeeds
    stderr_is_empty
    [[ ${lines[0]} == *sage:* ]] || { show_output; false; }
    run ! grep -E '^.{81}' <<< "$output"
    # One line an option, all descriptions in one column.
    run ! grep -vE '^(  (-.,|   ) --.{28} [^ ]|(Usage|Exit status): |[A-Z][a-z]+:$|3 unknown\.$|$)' <<< "$("$VMSTAT" --help)"
    local help
    help=$("$VMSTAT" --help)
    [[ $("$VMSTAT" -h) == "$help" ]]
}

# Long options that `vmstat --help` names, one a line.
help_options() { "$VMSTAT" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u; }

@test "help names every option of procps-ng and of this build" {
    requires_feature help
    local name
    help_options > "$T/help"
    for name in active one-header wide timestamp unit no-first help version \
        proc sys columns extended classic \
        stats forks \
        disk disk-sum partition \
        slabs human \
        json csv \
        color $(! has_feature alerts || echo threshold alert) \
        $(! has_feature cgroup || echo scope cgroup pid) $(! has_feature top || echo top) \
        $(! has_feature cgroup || echo cgroups) $(! has_feature alerts || echo check) \
        $(! has_feature graph || echo graph svg) $(! has_feature record || echo record replay from to) \
        $(! has_feature listen || echo listen) $(! has_feature prometheus || echo prometheus); do
        grep -qx -- "--$name" "$T/help" || { echo "help lacks --$name"; false; }
    done
}

@test "every option in the help is one that the program knows" {
    requires_feature help
    local option
    for option in $(help_options); do
        run --separate-stderr timeout 5 "$VMSTAT" "--proc=$T/f/proc" \
            "$option" --bogus --bogus
        # The first --bogus may be its value. It is --bogus that is wrong.
        [[ $option == --help || $option == --version ]] ||
            [[ $status == 1 && $stderr == *bogus* ]] || [[ $option == --check && $stderr == *bogus* ]] || { echo "$option"; show_output; false; }
    done
}

@test "a long list of columns, given more than once" {
    local list
    list=$(printf 'us,sy,memory,%.0s' {1..60})r
    run_vmstat -o "$list"
    succeeds
    [[ ${lines[1]} =~ ^us\ sy.*\ r$ ]] || { show_output; false; }
}

@test "a value that does not fit is named with what would" {
    local line
    while read -r line; do
        run --separate-stderr timeout 5 "$VMSTAT" ${line%% ->*}
        fails_with "${line#*-> }"
    done << 'END'
-S kk -> --unit: 'kk' is not UNIT*
--proc= -> --proc: '' is not DIR*
END
    run --separate-stderr timeout 5 "$VMSTAT" --color=sometimes
    fails_with "--color: 'sometimes' is not auto|always|never*"
}

@test "a message that is too long is cut between characters" {
    requires_tool iconv
    local start name
    for start in '' x xy; do
        name=$start$(printf '\342\202\254%.0s' {1..3000})
        run --separate-stderr "$VMSTAT" -o "$name"
        [[ $status == 1 && ${#stderr} -gt 500 ]]
        iconv -f UTF-8 -t UTF-8 <<< "$stderr" > "$T/decoded"
    done
}

@test "the manual names exactly the options of the help, README no other" {
    requires_feature help alerts cgroup top graph record prometheus listen
    requires_tool mandoc
    [[ -f $REPO/vmstat.8 && -f $REPO/README.md ]]
    help_options > "$T/help"
    mandoc -T ascii "$REPO/vmstat.8" | sed "s,.\x08,,g" |
        grep -oE -- '(^|[^-[:alnum:]])--[a-z][a-z-]+' | grep -oE -- '--.*' |
        grep -vx -- --option | sort -u > "$T/man" # --option=value stands for any
    diff "$T/help" "$T/man"
    # What README types is a part of them.
    grep -oE '( /|/tmp/|[ `])vmstat +-.*' "$REPO/README.md" | grep -oE -- '[ `]--[a-z][a-z-]+' |
        cut -c2- | sort -u > "$T/readme"
    [[ $(wc -l < "$T/readme") -gt 10 ]]
    run comm -13 "$T/help" "$T/readme"
    [[ -z $output ]] || { echo "not in the help: $output"; false; }
}

@test "manual names every metric that the program has" {
    requires_feature help alerts cgroup top graph record prometheus listen
    requires_tool mandoc jq
    run_vmstat --json -x
    local name
    mandoc -T ascii "$REPO/vmstat.8" | sed "s,.\x08,,g" > "$T/man"
    for name in $(jq -r 'keys[]' <<< "$output"); do
        grep -qw -- "$name" "$T/man" || { echo "vmstat.8 lacks $name"; false; }
    done
}

@test "the names that other exporters' are compared with are metrics of this one" {
    local readme=$REPO/docker/prometheus/README.md
    sed -n '/^## From the names/,/^## Every metric/p' "$readme" | grep -oE '\bvmstat_[a-z0-9_]*[a-z0-9]\b' | sort -u > "$T/named"
    # shellcheck disable=SC2016 # backticks of Markdown
    sed -n '/^## Every metric/,$p' "$readme" | sed -nE 's/^\| `(vmstat_[a-z0-9_]*)`.*/\1/p' | sort -u > "$T/exported"
    [ "$(wc -l < "$T/named")" -gt 50 ]
    # Its time is known of a process that runs, not of a fixture.
    run comm -23 "$T/named" <(sort "$T/exported" - <<< vmstat_cgroup_start_time_seconds)
    [[ -z $output ]] || { echo "no metrics: $output"; false; }
}
