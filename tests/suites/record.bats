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

@test "plain CSV of lines of one length, the last N of them, continued by a restart" {
    run_on_this_machine "--record=$R,5" 0.02 4
    succeeds
    [[ $(wc -l < "$R") == 5 && $(sed 1d "$R" | awk '{ print length($0) }' | sort -u | wc -l) == 1 ]]
    local size
    run_on_this_machine "--record=$R,5" 0.02 1
    size=$(stat -c %s "$R")
    run_on_this_machine "--record=$R,5" 0.02 3
    [[ $(stat -c %s "$R") == "$size" && $(wc -l < "$R") == 6 ]]
    # 8 were written: lines 6, 7 and 8 over 1 to 3, then 4 and 5.
    [[ $(times "$R" | sort) == "$({ times "$R" | tail -n 2; times "$R" | head -n 3; })" ]]
    run_on_this_machine "--replay=$R" --csv
    [[ $(times <(echo "$output")) == "$(times "$R" | sort)" ]] || { show_output; false; }
    awk -F, -v fields="$(head -n 1 "$R" | awk -F, '{ print NF }')" 'NF != fields { exit 1 }' "$R"
}

@test "a replay gives the table, the CSV and the alerts that were shown live" {
    requires_feature alerts
    run_two_instants "--record=$R" --color=always
    local table=$output said=$stderr
    run_vmstat "--replay=$R" --color=always
    [[ $output == "$table" && $stderr == "$said" && -n $said ]] || { echo "$table"; show_output; false; }
    ! has_feature cgroup || {
        use_fixture v2
        rm "$R"
        run_two_instants "--record=$R" --scope=cgroup
        table=$output said=$stderr
        run_vmstat "--replay=$R"
        [[ $output == "$table" && $stderr == "$said" ]] || { echo "$table"; show_output; false; }
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
    cat > "$T/csv" <<'END'
time,interval,cs,color,"maj",us
2026-01-02T03:04:05.000Z,1,100,red,5,50
2026-01-02T03:04:06Z,1,nonsense,red,6,51
2026-01-02T03:04:07Z,1,300
2026-01-02T03:04:08+01:00,1,350,red,7,52
2026-01-02T03:04:08.5Z,1,400,"re,d",8,53
2026-01-02T03:04:09Z,1,500,red,9,54,55
2026-13-02T03:04:09Z,1,500,red,9,54

2026-01-02T03:04:10Z,1,600,red,,56
2026-01-02T03:04:11Z,1,70
END
    truncate -s -1 "$T/csv"
    run_vmstat "--replay=$T/csv" -o cs,maj,us,sy --csv
    output_is "time,interval,scope,cgroup,cs,maj,us,sy
2026-01-02T03:04:05.000Z,1,host,,100,5,50,
2026-01-02T03:04:08.500Z,1,host,,400,8,53,
2026-01-02T03:04:10.000Z,1,host,,600,,56,"
    stderr_has '^vmstat: --replay: column color is not known: left out$'
    stderr_has '^vmstat: --replay: 6 damaged lines skipped$'
    [[ $(wc -l <<< "$output") == 4 ]] || { show_output; false; }
}

@test "--from and --to" {
    printf 'time,interval,cs\n' > "$T/csv"
    local i
    for i in 1 2 3 4 5; do echo "2026-01-02T03:04:0${i}Z,1,$i" >> "$T/csv"; done
    run_vmstat "--replay=$T/csv" --from=2026-01-02T03:04:02Z --to=2026-01-02T03:04:04Z -o cs --json
    [[ $(jq -s -c 'map(.cs)' <<< "$output") == "[2,3,4]" ]] || { show_output; false; }
    for i in 7200 60 1; do echo "$(date -u -d "-$i seconds" +%FT%TZ),1,$i"; done >> "$T/csv"
    run_vmstat "--replay=$T/csv" --from=-1h -o cs --json
    [[ $(jq -s -c 'map(.cs)' <<< "$output") == "[60,1]" ]] || { show_output; false; }
    ! has_feature alerts || {
        run_vmstat "--replay=$T/csv" --check --from=2090-01-01T00:00:00Z
        [[ $status == 3 && -z $output && $stderr == *"no report between"* ]] || { show_output; false; }
    }
    run_vmstat "--replay=$T/csv" --from=yesterday
    fails_with "--from: 'yesterday' is not*"
    run_vmstat --to=-1h
    fails_with "--to is for --replay"
}

@test "a verdict on the worst of what was recorded" {
    requires_feature alerts
    printf 'time,interval,cs,maj\n2026-01-02T03:04:05Z,1,1,1\n2026-01-02T03:04:06Z,1,4000,900\n2026-01-02T03:04:07Z,1,2,1\n' > "$T/csv"
    run_vmstat "--replay=$T/csv" --check
    [[ $status == 2 && ${lines[0]} == "CRITICAL: 900 major faults/s, 4000 context switches/s | "* ]] || { show_output; false; }
}

@test "a file that is not its own, or held, or has other columns: refused with the reason" {
    run_on_this_machine "--record=/proc/version"
    [[ $status == 1 && -z $output ]]
    echo "something else" > "$R"
    run_on_this_machine "--record=$R"
    fails_with "--record: $R: not a recording"
    [[ $(< "$R") == "something else" ]]
    rm "$R"
    run_on_this_machine "--record=$R,5" 0.02 5
    run_on_this_machine "--record=$R" -o cs,us
    fails_with "--record: $R: its columns are others"
    run_on_this_machine "--record=$R,3"
    fails_with "--record: $R: it has more lines than that"
    requires_tool flock
    run flock "$R" "$VMSTAT" $HOST "--record=$R,5"
    [[ $status == 1 && $output == "vmstat: --record: $R: another vmstat records into it" ]] || { show_output; false; }
    run_vmstat "--replay=$T/f/proc/stat"
    fails_with "--replay: *: not CSV of vmstat*"
    run_vmstat --replay=/nosuch
    fails_with "--replay: /nosuch: No such file*"
    run_on_this_machine "--record=$T/no/such"
    fails_with "--record: $T/no/such: No such file*"
}

@test "a full disk is said and does not stop the display" {
    requires_mount_namespace
    run --separate-stderr unshare -m --propagation private sh -c '
        mount -t tmpfs -o size=8k none /mnt && cd /mnt && exec "$0" '"$HOST $CALM"' --record=/mnt/r 0.02 40' "$VMSTAT"
    succeeds
    [[ $(grep -c '^ *[0-9]' <<< "$output") == 40 && $stderr == "vmstat: --record: /mnt/r: No space left on device" ]] || { show_output; false; }
}

@test "killed a hundred times: each recording replays, at most one line is lost" {
    local i kept
    for i in {1..100}; do
        rm -f "$R"
        "$VMSTAT" $HOST $CALM "--record=$R,7" 0.01 > /dev/null 2>&1 &
        sleep 0.0$((RANDOM % 6 + 3))
        kill -9 $! 2>/dev/null
        wait $! 2>/dev/null || true
        [[ -s $R ]] || continue
        "$VMSTAT" "--replay=$R" --csv > "$T/replayed" 2> "$T/err" || grep -q 'no reports' "$T/err"
        ! grep -q '[2-9] damaged' "$T/err" || { cat "$T/err" "$R"; false; }
        kept=$(sed 1d "$T/replayed" | wc -l)
        ((kept >= $(sed 1d "$R" | grep -c '^2') - 1)) || { cat "$R" "$T/replayed"; false; }
    done
}

@test "a replay: -y, no delay, no other view's CSV, no selection that is empty, each cgroup's name" {
    requires_tool jq
    cat > "$T/csv" <<'END'
time,interval,scope,cgroup,cs
2026-01-02T03:04:05Z,1000,cgroup,/a,100
2026-01-02T03:04:06Z,1,cgroup,/b,200
2026-01-02T03:04:07Z,1,cgroup,/c,300
END
    run_vmstat "--replay=$T/csv" -o cs --json
    [[ $(jq -r .cgroup <<< "$output" | xargs) == '/a /b /c' ]] || { show_output; false; }
    run_vmstat "--replay=$T/csv" -o cs --json -y
    [[ $(jq .cs <<< "$output" | xargs) == '200 300' ]] || { show_output; false; }
    run_vmstat "--replay=$T/csv" 1 3
    fails_with "conflicting options: --replay and a delay"
    run_vmstat "--replay=$T/csv" --from=2030-01-01T00:00:00Z
    fails_with "--replay: there is no report between --from and --to"
    run_vmstat "--replay=$T/csv" --to=2600-01-01T00:00:00Z -o cs --csv
    [[ ${#lines[@]} == 4 ]] || { show_output; false; }
    local day
    for day in 2026-02-29 2026-02-30 2026-04-31 2026-01-32 2026-12-32; do
        run_vmstat "--replay=$T/csv" "--from=${day}T00:00:00Z"
        fails_with "--from: *"
    done
    run_vmstat "--replay=$T/csv" --from=2024-02-29T00:00:00Z -o cs
    succeeds
    use_fixture host
    run_vmstat -d --csv
    printf '%s\n' "$output" > "$T/csv"
    run_vmstat "--replay=$T/csv"
    [[ $status == 1 && -z $output && $stderr == *": not CSV of vmstat:"* ]] || { show_output; false; }
}

@test "a recording goes on after its newest line, not after one from a clock that was wrong" {
    run_on_this_machine "--record=$R,100" -o cs,maj --csv 0.05 4
    local year
    year=$(date +%Y)
    sed -i "5s/^$year/2090/" "$R"
    run_on_this_machine "--record=$R,100" -o cs,maj --csv 0.05 4
    run_on_this_machine "--record=$R,100" -o cs,maj --csv 0.05 4
    # 3 of the first, and what the wrong one is written over by, then 4 and 4
    [[ $(grep -c "^$year" "$R") == 11 ]] || { cat "$R"; false; }
}
