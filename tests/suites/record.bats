#!/usr/bin/env bats
# --record and --replay: a flight recorder in CSV, and reading it.

# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helper

setup() {
    requires_feature record
    use_fixture host
    R=$T/recording.csv
    # A replay takes a report for an average since boot that covers ten times the
    # time since the one before, and a second: the fixtures' instants are 4 s apart.
    DELAYS='500 2000 10000'
}

times() { sed 1d "$1" | cut -d, -f1; }

# record ARGS...: on this machine, 2 columns and no alerts, into $R.
record() { run_on_this_machine "--record=$R" -o cs,maj $CALM "$@"; }
HEAD=time,interval,scope,cgroup,cs,maj

# In the background, into a new $R: has begun once there is a report.
start_recorder() {
    rm -f "$R" "$R.1"
    "$VMSTAT" $HOST $CALM -o cs,maj "--record=$R${1:+,$1}" 0.02 > "$T/shown" 2> "$T/err" 3>&- &
    recorder=$!
    until_true has_lines "$R" 2
}

stop_recorder() {
    status=0
    kill -"${1:-TERM}" $recorder
    wait $recorder || status=$?
    stderr=$(< "$T/err")
}

@test "reports are appended; at N of them FILE becomes FILE.1; a restart goes on" {
    run_on_this_machine "--record=$R,5" -o cs,maj $CALM 0.02 13
    succeeds
    stderr_is_empty
    # 13 were shown; the first, an average since boot, is not recorded. 12 = 5 given up, 5, 2.
    [[ $(wc -l < "$R.1") == 6 && $(wc -l < "$R") == 3 ]] || { wc -l "$R"*; false; }
    [[ $(head -n 1 "$R") == "$HEAD" && $(head -n 1 "$R.1") == "$HEAD" ]]
    [[ $({ times "$R.1"; times "$R"; } | sort -uc; times "$R.1" | wc -l) == 5 ]]
    run ! grep -Ev "^time|^[^,]*T[^,]*Z,[^,]{1,5},host,,[0-9.]*,[0-9.]*$" "$R" "$R.1"
    local before
    before=$(< "$R")
    run_on_this_machine "--record=$R,5" -o cs,maj $CALM 0.02 4
    [[ $(wc -l < "$R") == 6 && $(head -n 3 "$R") == "$before" ]] || { cat "$R"; false; }
    run_on_this_machine "--record=$R,5" -o cs,maj $CALM 0.02 2
    [[ $(wc -l < "$R") == 2 && $(head -n 3 "$R.1") == "$before" ]] || { cat "$R"; false; }
}

@test "a replay has FILE.1, then FILE, each by its own header; one of them is enough" {
    printf '%s\n' "time,interval,scope,cgroup,maj,cs" 2026-01-02T03:04:05Z,1,host,,1,100 2026-01-02T03:04:06Z,1,host,,2,200 > "$R.1"
    printf '%s\n' "$HEAD" 2026-01-02T03:04:07Z,1,host,,300,3 > "$R"
    run_vmstat "--replay=$R" -o cs --csv
    [[ $(cut -d, -f5 <<< "$output" | xargs) == "cs 100 200 300" ]] || { show_output; false; }
    cat "$R.1" "$R" > "$T/both"
    run_vmstat "--replay=$T/both" -o cs --csv
    [[ $(cut -d, -f5 <<< "$output" | xargs) == "cs 100 200 300" ]] || { show_output; false; }
    : > "$R" # begun, nothing reported yet
    run_vmstat "--replay=$R" -o cs --csv
    [[ ${#lines[@]} == 3 ]] || { show_output; false; }
    stderr_is_empty
    rm "$R"
    run_vmstat "--replay=$R" -o cs --csv
    [[ ${#lines[@]} == 3 ]] || { show_output; false; }
    ln "$R.1" "$R" # FILE is opened, and becomes FILE.1: read once
    run_vmstat "--replay=$R.1" -o cs --csv
    [[ ${#lines[@]} == 3 ]] || { show_output; false; }
    : > "$R.1"
    run_vmstat "--replay=$R"
    fails_with "--replay: $R: no reports"
}

@test "a replay gives the table, the CSV and the alerts that were shown live" {
    requires_feature alerts
    until_punctual run_on_this_machine "--record=$R" --color=always -y -t --alert=cs=1 0.6 3
    local table=$output said=$stderr time='[0-9-]{10} [0-9:]{8} UTC: '
    run_vmstat "--replay=$R" --color=always --alert=cs=1
    [[ $output == "$table" && -n $said ]] || { echo "$table"; show_output; false; }
    diff <(sed -E "s/$time//" <<< "$stderr") - <<< "$said"
    ! grep -vE "^vmstat: $time" <<< "$stderr" || { show_output; false; }
    ! has_feature cgroup || {
        use_fixture v2
        rm "$R"
        run_two_instants "--record=$R" --scope=cgroup -y -t
        table=$output
        run_vmstat "--replay=$R"
        output_is "$table"
    }
    use_fixture host
    run_two_instants --csv
    printf '%s\n' "$output" > "$T/csv"
    run_vmstat "--replay=$T/csv" --csv
    output_is "$(< "$T/csv")"
    run --separate-stderr "$VMSTAT" --replay=- --csv < "$T/csv"
    output_is "$(< "$T/csv")"
}

@test "damaged lines are skipped and counted, unknown columns named, missing ones unavailable" {
    cat > "$T/csv" <<'EOF'
time,interval,cs,"co""l,or","maj",us
2026-01-02T03:04:05.000Z,1,100,red,5,50
2026-01-02T03:04:06Z,1,nonsense,red,6,51
2026-01-02T03:04:07Z,1,300
2026-01-02T03:04:08+01:00,1,350,red,7,52
2026-01-02T03:04:08.5Z,1,400,"r""e,d",8,53
2026-01-02T03:04:09Z,1,500,red,9,54,55
2026-13-02T03:04:09Z,1,500,red,9,54

2026-01-02T03:04:10Z,1,600,red,,56
2026-01-02T03:04:11Z,1,70
EOF
    truncate -s -1 "$T/csv"
    run_vmstat "--replay=$T/csv" -o cs,maj,us,sy --csv
    output_is "time,interval,scope,cgroup,cs,maj,us,sy
2026-01-02T03:04:05.000Z,1,host,,100,5,50,
2026-01-02T03:04:08.500Z,1,host,,400,8,53,
2026-01-02T03:04:10.000Z,1,host,,600,,56,"
    stderr_has '^vmstat: --replay: column co"l,or is not known: left out$'
    stderr_has '^vmstat: --replay: damaged lines: 6, skipped$'
    [[ $(wc -l <<< "$output") == 4 ]] || { show_output; false; }
}

# selects LIST [OPTION...]: the numbers of the reports that are shown.
selects() {
    run_vmstat "--replay=$T/csv" -o cs --csv "${@:2}"
    [[ $(sed 1d <<< "$output" | cut -d, -f5 | xargs) == "$1" ]] || { echo "$*"; show_output; false; }
}

@test "--from and --to: a time of the day, a date, an instant, before the end" {
    {
        echo time,interval,cs
        printf '%s,1,%d\n' 2026-01-01T23:59:58Z 1 2026-01-01T23:59:59Z 2 2026-01-02T03:04:01Z 3 \
            2026-01-02T03:04:02.5Z 4 2026-01-02T12:00:00Z 5 2026-01-02T12:00:10Z 6
    } > "$T/csv"
    selects '3 4' --from=2026-01-02T03:04:01Z --to=2026-01-02T03:04:02.5Z
    selects '3' --from=2026-01-02T03:04:01Z --to=2026-01-02T03:04:02.499Z
    selects '3 4' --from=2026-01-02 --to='2026-01-02 03:05'
    selects '1 2' --to=2026-01-02
    selects '4 5 6' --from='2026-01-02 03:04:02'
    # The last row is at 12:00:10: 12:00 is of that day, 12:01 and 23:59:59 of the day before.
    selects '5 6' --from=12:00
    selects '2 3 4 5 6' --from=23:59:59
    selects '1 2' --to=23:59:59
    # --to is the first one after --from.
    selects '2 3' --from=23:59:59 --to=03:04:02
    selects '1' --from=23:59:58 --to=23:59:58
    selects '3 4' --from=2026-01-02 --to=03:05
    selects '5 6' --from=-10s
    selects '6' --from=-9s
    selects '3 4 5' --from=-9h --to=-1s
    selects '1 2 3 4 5 6' --from=-1d --to=now
    truncate -s -4 "$T/csv" # the last row is no row
    selects '4 5' --from=-32158s
    selects '5' --from=-535m
    run_vmstat "--replay=$T/csv" -o cs --from=now
    stderr_has "^vmstat: --replay: there is no report between --from and --to: the recording covers 2026-01-01 23:59:58 to 2026-01-02 12:00:00 UTC$"
    [[ $status == 1 && -z $output ]]
    local value
    for value in yesterday '' -1 -1w -h 24:00 12:60 1:00 12:00:00.5 12:00Z 2026-01-02T03:04:05 2026-01-02T03:04:05+01:00 \
        2026-02-29 2026-02-30T00:00:00Z 2026-04-31 2026-1-02 '2026-01-02 ' 2026-01-0212:00 '2026-01-02 12' nowhere; do
        run_vmstat "--replay=$T/csv" "--from=$value"
        fails_with "--from: '$value' is not*"
    done
    run_vmstat --to=-1h
    fails_with "--to is for --replay"
    printf '\n%s,1,7\n' "$(date -u -d '-30 seconds' +%FT%TZ)" "$(date -u -d '-2 hours' +%FT%TZ)" >> "$T/csv"
    run --separate-stderr "$VMSTAT" --replay=- --from=-1m -o cs --csv < <(cat "$T/csv") # of a pipe: from now
    [[ ${#lines[@]} == 2 ]] || { show_output; false; }
    run_vmstat "--replay=$T/csv" --to=2600-01-01T00:00:00Z -o cs --csv
    [[ ${#lines[@]} == 8 ]] || { show_output; false; }
}

@test "--from of a long recording reads its end, of FILE.1 where FILE has no report" {
    { echo time,interval,cs; for i in {1000..2999}; do echo "2026-01-02T03:04:05Z,1,$i"; done
        echo 2026-01-02T04:00:00Z,1,1; head -c 30000 /dev/zero; } > "$T/csv"
    selects 1 --from=-1s
    mv "$T/csv" "$T/csv.1"
    echo time,interval,cs > "$T/csv"
    selects 1 --from=-1s
}

@test "a verdict on the worst of what was recorded" {
    requires_feature alerts
    printf 'time,interval,cs,maj\n2026-01-02T03:04:05Z,1,1,1\n2026-01-02T03:04:06Z,1,4000,900\n2026-01-02T03:04:07Z,1,2,1\n' > "$T/csv"
    run_vmstat "--replay=$T/csv" --check
    [[ $status == 2 && ${lines[0]} == "CRITICAL: 900 major faults/s, 4000 context switches/s, at 2026-01-02 03:04:06 UTC | "* ]] || { show_output; false; }
    run_vmstat "--replay=$T/csv" --check --json
    json_has time='"2026-01-02T03:04:06.000Z"' code=2
    run_vmstat "--replay=$T/csv" --check --from=2090-01-01T00:00:00Z
    [[ $status == 3 && -z $output && $stderr == *"no report between"* ]] || { show_output; false; }
}

@test "a replay shows when: each row, each alert; not where 18 columns are asked for" {
    requires_feature alerts
    printf 'time,interval,cs,maj\n2026-01-02T03:04:05.9Z,1,1,1\n2026-01-02T03:04:06.9Z,1,4000,900\n' > "$T/csv"
    run_vmstat "--replay=$T/csv" -o cs,maj
    output_is "syst faul -----timestamp-----
  cs  maj                 UTC
   1    1 2026-01-02 03:04:05
4000  900 2026-01-02 03:04:06"
    [[ $stderr == "vmstat: 2026-01-02 03:04:06 UTC: HIGH IO LATENCY: 900 major faults/s
vmstat: 2026-01-02 03:04:06 UTC: CPU THRASHING: 4000 context switches/s" ]] || { show_output; false; }
    run_vmstat "--replay=$T/csv" --classic
    [[ $output != *2026* ]] || { show_output; false; }
    run_vmstat "--replay=$T/csv" --classic -t
    [[ $output == *"2026-01-02 03:04:06"* ]] || { show_output; false; }
}

# alerting TIMES TIME INTERVAL MEM_PCT...: rows of 900 major faults alert at these times.
alerting() {
    { echo time,interval,scope,cgroup,maj,mem_pct; printf '2026-01-02T%sZ,%s,cgroup,/a,900,%s\n' "${@:2}"; } > "$T/csv"
    run_vmstat "--replay=$T/csv" --json -o maj,mem_pct
    [[ $(jq -r 'select(any(.alerts[]; .metric == "maj")) | .time[11:19]' <<< "$output" | xargs) == "$1" ]] || { show_output; false; }
}

@test "an average since boot is shown, and judged by gauges alone" {
    requires_feature alerts cgroup
    requires_tool jq
    # Of a boot: neither the 80 s since the row before nor the 1 s of the next. The pause before
    # 10:05 is one of the recorder: the row is like the next.
    alerting "10:00:01 10:00:02 10:01:23 10:05:00 10:05:01" 10:00:00 86400 0 10:00:01 1 0 10:00:02 1 0 \
        10:01:22 31.5 99 10:01:23 1 0 10:05:00 1 0 10:05:01 1 0
    json_has 4 maj=900 mem_pct=99
    [[ $(jq -c '.alerts | map(.metric)' <<< "${lines[3]}") == '["mem_pct"]' ]] || { show_output; false; }
    run_vmstat "--replay=$T/csv" -o maj,mem_pct --csv -y
    [[ ${#lines[@]} == 6 ]] || { show_output; false; }
    # A tenth more or less is no average; the first row is none if it is like the second.
    alerting "10:00:00 10:00:02 10:00:04 10:00:06" \
        10:00:00 2 0 10:00:02 2 0 10:00:04 2.2 0 10:00:06 1.8 0 10:00:08 2.3 0 10:00:10 1.7 0 10:00:12 4 0
    alerting "" 10:00:00 1 0
    # A clock that is set back: like the next one.
    alerting "10:00:00 10:00:01 09:00:01 09:00:02" 10:00:00 1 0 10:00:01 1 0 09:00:01 1 0 09:00:02 1 0
}

@test "what cannot be a recording is refused, with the reason, and untouched" {
    record
    fails_with "--record needs a delay*"
    [[ ! -e $R ]]
    run_on_this_machine "--record=$R,abc" 1
    fails_with "--record: '$R,abc' is not FILE\[,N\]*"
    for count in 0 -1 4294967296 '' 5x; do
        run_on_this_machine "--record=$R,$count" 1
        fails_with "--record: *"
    done
    mkdir "$T/a,b"
    run_on_this_machine "--record=$T/a,b/c" -o cs,maj $CALM 0.02 3
    [[ $(wc -l < "$T/a,b/c") == 3 ]]
    run_on_this_machine "--record=$T/a,b/c,d,7" -o cs,maj $CALM 0.02 3
    [[ $(wc -l < "$T/a,b/c,d") == 3 ]]
    local text
    for text in 'something else' 'time,value\n1,2' 'time,interval,scope,cgroup' '\0\0\0\n\0\0\n' 'x' '\0\0\0x' "${HEAD:0:9}\0\n"; do
        printf '%b\n' "$text" > "$R"
        cp "$R" "$T/copy"
        record 0.02 2
        fails_with "--record: $R: not a recording"
        cmp "$R" "$T/copy"
    done
    rm "$R"
    ln -s elsewhere "$R"
    record 0.02 2
    fails_with "--record: $R: a symbolic link"
    rm "$R"
    mkfifo "$R"
    record 0.02 2
    fails_with "--record: $R: not a file"
    run_on_this_machine "--record=/proc/version" 0.02 2
    [[ $status == 1 ]]
    run_on_this_machine "--record=$T/no/such" 0.02 2
    fails_with "--record: $T/no/such: No such file*"
    ln -s "$T/a,b" "$T/link" # directories may be
    R=$T/link/r
    record 0.02 3
    succeeds
    run_vmstat "--replay=$T/f/proc/stat"
    fails_with "--replay: *: not CSV of vmstat*"
    run_vmstat --replay=/nosuch
    fails_with "--replay: /nosuch: No such file*"
}

@test "what a power loss leaves at the end is cut off, what is damaged before stays" {
    record 0.02 7
    local whole
    whole=$(< "$R")
    printf '2026-01-02T03:04:05.000Z,0.02,ho' >> "$R"
    record 0.02 3
    succeeds
    stderr_has "^vmstat: --record: $R: no whole line at its end: 32 bytes are cut off$"
    [[ $stderr != *$'\n'* ]]
    [[ $(wc -l < "$R") == 9 && $(head -n 7 "$R") == "$whole" ]] || { cat "$R"; false; }
    # Zeros over line 4, its newline included; at the end a line that holds some, and more.
    local at length
    at=$(head -n 3 "$R" | wc -c) length=$(sed -n 4p "$R" | wc -c)
    dd if=/dev/zero of="$R" bs=1 seek="$at" count="$length" conv=notrunc status=none
    printf '2026-01-02T03:04:05.000Z,\0\0\0\n\0\0\0\0\0\0' >> "$R"
    record 0.02 3
    stderr_has "^vmstat: --record: $R: no whole line at its end: 35 bytes are cut off$"
    stderr_has "^vmstat: --record: $R: damaged lines: 1, they stay$"
    run_vmstat "--replay=$R" --csv
    stderr_has '^vmstat: --replay: damaged lines: 1, skipped$'
    # 6 + 2 + 2 reports, of which two are one line now.
    [[ ${#lines[@]} == 9 && $(times "$R" | tail -n 2) == "$(times <(echo "$output") | tail -n 2)" ]] || { show_output; false; }
    # All zeros, longer than a buffer, or a header that is cut: begun anew.
    local beginning
    for beginning in '' "${HEAD:0:9}" "$HEAD"; do
        { printf %s "$beginning"; head -c 20000 /dev/zero; } > "$R"
        record 0.02 3
        succeeds
        stderr_has "^vmstat: --record: $R: .*: $((20000 + ${#beginning})) bytes are cut off"
        [[ $(head -n 1 "$R") == "$HEAD" && $(wc -l < "$R") == 3 ]] || { head -n 3 "$R"; false; }
        printf %s "$beginning" > "$R"
        record 0.02 3
        [[ $(head -n 1 "$R") == "$HEAD" && $(wc -l < "$R") == 3 ]] || { head -n 3 "$R"; false; }
    done
}

@test "a recording with other columns becomes FILE.1" {
    record 0.02 3
    local before
    before=$(< "$R")
    run_on_this_machine "--record=$R" -o cs,us $CALM 0.02 3
    succeeds
    [[ $(< "$R.1") == "$before" && $(head -n 1 "$R") == *,cs,us ]] || { cat "$R" "$R.1"; false; }
    run_vmstat "--replay=$R" -o cs,us,maj --csv
    [[ ${#lines[@]} == 5 && ${lines[1]} == *,[0-9]*,,[0-9]* && ${lines[4]} == *, ]] || { show_output; false; }
}

@test "emptied, moved or deleted: begun anew" {
    start_recorder
    : > "$R"
    until_true has_lines "$R" 3
    [[ $(head -n 1 "$R") == "$HEAD" ]]
    mv "$R" "$T/moved"
    until_true has_lines "$R" 3
    [[ $(head -n 1 "$R") == "$HEAD" && $(tail -n 1 "$T/moved") < $(sed -n 2p "$R") ]]
    rm "$R"
    until_true has_lines "$R" 3
    echo 'not a recording' > "$T/new"
    mv "$T/new" "$R"
    until_true grep -q 'not a recording' "$T/err"
    [[ $(< "$R") == 'not a recording' ]]
    rm "$R"
    until_true has_lines "$R" 3
    stop_recorder
    [[ $status == 1 && $(grep -c . <<< "$stderr") == 1 && $(tail -c 1 "$R" | od -An -c) == *'\n' ]] || { show_output; false; }
}

@test "SIGTERM and SIGHUP end it with its own status, SIGINT kills it" {
    start_recorder
    stop_recorder TERM
    [[ $status == 0 && -z $stderr ]] || { show_output; false; }
    start_recorder
    stop_recorder HUP
    [[ $status == 0 && -z $stderr ]] || { show_output; false; }
    # A background job of a shell without job control ignores SIGINT.
    run --separate-stderr env --default-signal=INT timeout -s INT 0.3 "$VMSTAT" $HOST "--record=$R" -o cs,maj 0.02
    [[ $status == 124 && $(tail -c 1 "$R" | od -An -c) == *'\n' ]] || { show_output; false; }
}

@test "one recorder a file, after a rotation, too" {
    start_recorder 4
    until_true has_lines "$R.1" 5
    local i
    for i in {1..20}; do
        record 0.02 2
        fails_with "--record: $R: another vmstat records into it"
    done
    stop_recorder
    [[ $status == 0 && -z $stderr ]] || { show_output; false; }
    [[ $(wc -l < "$R.1") == 5 ]]
    { times "$R.1"; times "$R"; } | sort -c
}

@test "a file that cannot be renamed is refused at the start" {
    requires_mount_namespace
    mkdir "$T/d"
    : > "$T/d/r"
    run --separate-stderr unshare -m --propagation private sh -c '
        mount --bind "$0/copy" "$0/d/r" 2>/dev/null || { cp "$0/d/r" "$0/copy"; mount --bind "$0/copy" "$0/d/r"; }
        exec "$1" '"$HOST"' --record="$0/d/r" 0.02 3' "$T" "$VMSTAT"
    fails_with "--record: $T/d/r: a mount point cannot be renamed: mount its directory"
    [[ $(ls "$T/d") == r ]]
    requires_tool setpriv
    [[ $EUID == 0 ]] || skip "not root, cannot become another user"
    local dir
    dir=$(mktemp -d /tmp/vmstat-test.XXXXXX)
    cp "$VMSTAT" "$dir/vmstat"
    mkdir "$dir/d"
    : > "$dir/d/r"
    chown 65534 "$dir/d/r"
    chmod 755 "$dir" "$dir/d"
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/vmstat" $HOST "--record=$dir/d/r" 0.02 3
    fails_with "--record: $dir/d/r: its directory does not let it be renamed"
    : > "$dir/d/r.1"
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/vmstat" $HOST "--record=$dir/d/r" 0.02 3
    fails_with "--record: $dir/d/r: its directory does not let it be renamed"
    rm -rf "$dir"
}

@test "a rename that fails later is said; the file is begun anew at 2 N" {
    requires_mount_namespace
    mkdir "$T/d"
    local reports rows delay
    # 10 reports and 20 are 10 at the end, 11 and 21 are one.
    for reports in 10:10 20:10 11:1 21:1; do
        rows=${reports#*:} reports=${reports%:*}
        for delay in 0.05 0.3 2; do # longer, where it was mounted too late
            rm -rf "$T/d" && mkdir "$T/d"
            run --separate-stderr unshare -m --propagation private sh -c '
                "$1" '"$HOST $CALM"' -o cs,maj -y --record="$0/d/r,5" $2 $3 >"$0/shown" & pid=$!
                until [ -s "$0/d/r" ]; do sleep 0.01; done
                mount --bind "$0/d/r" "$0/d/r"
                wait $pid' "$T" "$VMSTAT" $delay "$reports"
            [[ -e $T/d/r.1 ]] || break
        done
        [[ $status == 1 && $(sort -u <<< "$stderr") == \
            "vmstat: --record: $T/d/r: a mount point cannot be renamed: mount its directory" ]] || { show_output; false; }
        [[ $(wc -l < "$T/d/r") == $((rows + 1)) && $(head -n 1 "$T/d/r") == "$HEAD" && ! -e $T/d/r.1 ]] ||
            { wc -l "$T/d/r"; false; }
    done
}

# in_tmpfs SIZE COMMAND: in a full disk's place, where it is /mnt; vmstat is $0.
in_tmpfs() {
    requires_mount_namespace
    run --separate-stderr unshare -m --propagation private sh -c '
        mount -t tmpfs -o size='"$1"' none /mnt && cd /mnt && { '"$2"'
        }; status=$?; cp /mnt/r* "$1"; exit $status' "$VMSTAT" "$T"
}

@test "a full disk: FILE.1 is given up, so that the newest reports survive" {
    in_tmpfs 16k '"$0" '"$HOST $CALM"' -o cs,maj --record=/mnt/r,1000 0.01 700'
    succeeds
    stderr_is_empty
    [[ $(grep -c '^ *[0-9]' <<< "$output") == 700 && $(head -n 1 "$T/r") == "$HEAD" ]] || { show_output; false; }
    # At 50 bytes a line 16 KiB hold some 320; the last of them is the last.
    run_vmstat "--replay=$T/r" --csv -o cs,maj $CALM
    [[ $(tail -n 1 "$T/r") == "$(tail -n 1 <<< "$output")" ]] || { tail -n 2 "$T/r"; false; }
    stderr_is_empty
}

@test "no room that stays so is said once, tried again, and leaves nothing half" {
    requires_tool prlimit
    "$VMSTAT" $HOST $CALM -o cs,maj "--record=$R" 0.02 > /dev/null 2> >(cat > "$T/err") 3>&- &
    recorder=$!
    until_true has_lines "$R" 4
    # Room for a part of the header: all of it or nothing.
    prlimit --pid $recorder --fsize=30:unlimited
    until_true test -s "$T/err"
    sleep 0.2
    [[ $(stat -c %s "$R") == 0 && ! -s $R.1 ]] || { cat "$R"; false; }
    prlimit --pid $recorder --fsize=unlimited:unlimited
    until_true has_lines "$R" 4
    stop_recorder
    [[ $status == 1 && $stderr == "vmstat: --record: $R: File too large" ]] || { show_output; false; }
    [[ $(head -n 1 "$R") == "$HEAD" ]]
    run ! grep -v "^time\|Z,.*,host,,.*,.*" "$R"
}

@test "a line that found room for its half only is written whole elsewhere" {
    requires_tool prlimit
    "$VMSTAT" $HOST $CALM -o cs,maj "--record=$R" 0.02 > /dev/null 2> "$T/err" 3>&- &
    recorder=$!
    until_true has_lines "$R" 4
    prlimit --pid $recorder --fsize=$(($(stat -c %s "$R") + 70)):unlimited
    until_true has_lines "$R.1" 4
    until_true has_lines "$R" 2
    stop_recorder
    [[ $status == 0 && -z $stderr && $(grep -h '^2' "$R.1" "$R" | cut -d, -f1 | sort -uc) == "" ]] || { show_output; false; }
    run ! grep -hv "^time\|Z,.*,host,,.*,.*" "$R.1" "$R"
}

@test "killed a hundred times: nothing is lost but a line, and nothing is half" {
    local i
    for i in {1..100}; do
        "$VMSTAT" $HOST $CALM "--record=$R,7" -o cs,maj 0.01 > /dev/null 2> "$T/err" &
        sleep 0.0$((RANDOM % 6 + 3))
        kill -9 $! 2> /dev/null
        wait $! 2> /dev/null || true
        [[ ! -s $T/err ]] || { cat "$T/err"; false; }
        [[ ! -e $R.1 || $(wc -l < "$R.1") == 8 ]] || { cat "$R.1"; false; }
        [[ -s $R || -s $R.1 ]] || continue
        "$VMSTAT" "--replay=$R" --csv -o cs,maj $CALM > "$T/replayed" 2> "$T/err"
        [[ ! -s $T/err ]] || { cat "$T/err" "$R"; false; }
        cat "$R.1" "$R" 2> /dev/null | grep -v time | cmp - <(sed 1d "$T/replayed")
    done
    [[ -s $R.1 ]]
}

@test "a replay: -y, no delay, no other view's CSV, each cgroup's name" {
    requires_tool jq
    cat > "$T/csv" <<'EOF'
time,interval,scope,cgroup,cs
2026-01-02T03:04:05Z,1000,cgroup,/a,100
2026-01-02T03:04:06Z,1,cgroup,/b,200
2026-01-02T03:04:07Z,1,cgroup,/c,300
EOF
    run_vmstat "--replay=$T/csv" -o cs --json
    [[ $(jq -r .cgroup <<< "$output" | xargs) == '/a /b /c' ]] || { show_output; false; }
    run_vmstat "--replay=$T/csv" -o cs --json -y
    [[ $(jq .cs <<< "$output" | xargs) == '200 300' ]] || { show_output; false; }
    run_vmstat "--replay=$T/csv" 1 3
    fails_with "conflicting options: --replay and a delay"
    use_fixture host
    run_vmstat -d --csv
    printf '%s\n' "$output" > "$T/csv"
    run_vmstat "--replay=$T/csv"
    [[ $status == 1 && -z $output && $stderr == *": not CSV of vmstat:"* ]] || { show_output; false; }
}

@test "the order is the written one, whatever the clock said" {
    printf '%s\n' time,interval,cs 2026-01-02T03:04:05Z,1,1 2026-01-02T03:04:06Z,1,2 2090-01-02T03:04:07Z,1,3 \
        2026-01-02T03:04:08Z,1,4 2026-01-02T03:04:09Z,1,5 > "$T/csv"
    selects '1 2 3 4 5'
    printf '%s\n' "$HEAD" 2090-01-02T03:04:05Z,1,host,,1,1 > "$R"
    record 0.02 3
    [[ $(times "$R" | head -n 1) == 2090-* && $(wc -l < "$R") == 4 ]] || { cat "$R"; false; }
}

@test "a replay knows the busiest CPU by its number" {
    requires_feature record
    use_fixture host
    sed -i 's/^cpu1 .*/cpu1 30051 4010 8049 38005 11030 540 3040 5525 5010 405/' "$T/second/proc/stat"
    run_two_instants -x --csv $CALM
    printf '%s\n' "${lines[@]}" > "$T/csv"
    run_vmstat "--replay=$T/csv" --json -o cpu_max,cpu_max_id
    # CPU 1: 51 + 10 + 49 + 5 + 30 + 40 + 40 + 25 ticks, 35 of them idle
    json_has 2 cpu_max=86 cpu_max_id=1
}

@test "a container that ends: its last report has the OOM kills that its pod counted" {
    in_v2
    echo "$C" > "$T/second/removed"
    rm -rf "$T/second/$C"
    printf 'oom_kill 5\n' | write_file "${C%/*}/memory.events"
    printf 'oom_kill 7\n' | write_second "${C%/*}/memory.events"
    COUNT=5 run_two_instants --scope=cgroup -o oom,maj $CALM "--record=$R"
    [[ $status == 1 ]] || { show_output; false; }
    # The first report, an average since boot, is not recorded; of the last only oom is known.
    [[ $(cut -d, -f3- "$R") == "scope,cgroup,oom,maj
cgroup,/kubepods/pod1/ctr,2," ]] || { cat "$R"; show_output; false; }
}
