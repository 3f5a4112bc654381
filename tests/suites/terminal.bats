#!/usr/bin/env bats
# A terminal is a place: widths, heights, resizes, signals, closed pipes.
# bats file_tags=slow

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() {
    use_fixture host
    F="'$VMSTAT' --proc='$T/f/proc' --sys='$T/f/sys'"
}

# on_tty: runs the script on stdin with a terminal; what it showed is $output.
run_on_terminal() {
    requires_terminal
    cat > "$T/script"
    output=$(TERM=dumb timeout 60 script -qec "bash $T/script" /dev/null \
        < /dev/null | tr -d '\r')
}

each='{20..300}' some='{20..60} {61..298..3} 300'

# never_wraps WIDTHS ARGS: at each, lines after `== WIDTH` fit, and there is a row.
never_wraps() {
    run_on_terminal << END
        for w in $1; do stty cols \$w rows 50; echo "== \$w"; $F ${*:2} 2>/dev/null; done
END
    awk '/^== / { if (w && rows < 2) { print "nothing at " w; bad = 1 }; w = $2; rows = 0; next }
        { rows++; if (length > w) { print "wraps at " w ": " $0; bad = 1 } }
        END { exit bad || w != 300 }' <<< "$output"
}

@test "never wraps from 20 to 300 columns" { never_wraps "$each"; }
@test "never wraps: -x" { never_wraps "$each" -x; }
@test "never wraps: -x -w -t" { never_wraps "$some" -x -w -t; }
@test "never wraps: -a -S b" { never_wraps "$some" -a -S b; }
@test "never wraps: in a cgroup" {
    requires_feature cgroup
    use_fixture v2
    never_wraps "$some" --scope=cgroup
}

@test "never wraps: disks with the time" { never_wraps "$some" -d -x -t; }
@test "never wraps: slab caches" { never_wraps "{24..60} 300" -m; }

@test "wide enough: nothing is dropped; too narrow: r and b stay" {
    run_vmstat
    local all=${lines[1]}
    run_on_terminal << END
        stty cols 300 rows 50; $F 2>/dev/null; stty cols 20 rows 50; $F 2>/dev/null
END
    mapfile -t lines <<< "$output"
    [[ ${lines[1]} == "$all" ]] || { echo "$output"; false; }
    [[ ${lines[4]} == " r  b "* && ${lines[5]} == " 5  3 "* ]] || { echo "$output"; false; }
}

@test "si and so go together, and so do bi and bo" {
    run_on_terminal << END
        for w in {20..120}; do stty cols \$w rows 50; $F 2>/dev/null; done
END
    # The order in which they go: so and si, 4 wide each, after bi and bo.
    awk '/ r  b/ { rows++; si += / si/; bi += / bi/
            if (/ si/ != / so/ || / bi/ != / bo/ || (/ bi/ && !/ si/)) { print; bad = 1 } }
        END { exit bad || rows != 101 || !si || si == rows || bi >= si }' <<< "$output" || { echo "$output"; false; }
}

@test "never wraps: -d, -d -x, -p" {
    sed -i 's/ sda 1000 102 80000 5000 2000 206 400000 / sda 1464578 67517 34977730 1904591 1002064 3841486 872160 /' "$T/f/proc/diskstats"
    never_wraps "{30..60} {61..298..9} 300" -d
    never_wraps "{45..60} {61..298..9} 300" -d -x
    never_wraps "{25..60} {61..298..9} 300" -p sda
}

@test "never wraps: the cgroups below" {
    requires_feature cgroup
    use_fixture v2
    mkdir "$T/f/sys/fs/cgroup/kubepods/a_cgroup_whose_name_is_longer_than_it_is_shown_on_a_narrow_terminal"
    run_on_terminal << END
        for w in {40..60} {61..298..9} 300; do stty cols \$w rows 50; echo "== \$w"; $F --cgroup=/ --cgroups=2 --color=always 0.01 1 2>/dev/null; done
END
    awk '/^== / { w = $2; next } { gsub(/\033\[[0-9;]*m/, "") } length > w { print "wraps at " w ": " $0; bad = 1 } END { exit bad || w != 300 }' <<< "$output"
}

@test "swap space that is not there goes first" {
    run_on_terminal <<< "stty cols 80 rows 50; $F -S K $CALM 2>/dev/null"
    [[ $output == *" si   so "* && $output != *" buff "* ]] || { echo "$output"; false; }
    sed -i 's/^Swap\(Total\|Free\):.*/Swap\1: 0 kB/' "$T/f/proc/meminfo"
    run_on_terminal <<< "stty cols 80 rows 50; $F -S K $CALM 2>/dev/null"
    [[ $output != *" si "* && $output != *swpd* && $output == *" buff "*" gu "* ]] || { echo "$output"; false; }
}

@test "a hint says, once, how many columns were left out" {
    run_on_terminal <<< "stty cols 60 rows 4; $F -S K $CALM 0.01 5"
    local shown
    shown=$(grep -m 1 '^ r  b' <<< "$output" | wc -w)
    [[ $(grep -c '^vmstat: ' <<< "$output") == 1 && $(head -n 1 <<< "$output") == "vmstat: columns left out to fit the terminal: $((20 - shown))" ]] ||
        { echo "$output"; false; }
    run_on_terminal <<< "stty cols 60 rows 50; $F -S K $CALM -q; $F -S K $CALM | cat; stty cols 100; $F -S K $CALM"
    [[ $output != *vmstat:* ]] || { echo "$output"; false; }
}

# 8,000,000 KiB are a digit more than free, buff and cache hold, in a row of 94.
@test "rows that memory makes too long show sizes as -H does, once and said" {
    local args
    run_on_terminal <<< "stty cols 96 rows 50; $F $HOST $CALM"
    [[ $output == *"vmstat: scope host, sizes as with -H (-S K: in KiB)"*" 6.0M   1.1G    22M   325M "* && $output != *"left out"* ]] ||
        { echo "$output"; false; }
    run_on_terminal <<< "stty cols 97 rows 50; $F $HOST $CALM"
    [[ $output != *vmstat:* && $output == *" 6169 1111337 22543 333010 "* ]] || { echo "$output"; false; }
    for args in '-S K' --classic -w '-o free,buff,cache,cs'; do
        run_on_terminal <<< "stty cols 28 rows 50; $F $HOST $CALM $args"
        [[ $output != *1.1G* && $output != *scope* ]] || { echo "$args: $output"; false; }
    done
    # Small memory is not to blame.
    sed -i 's/^\(Mem\|Swap\)Total:.*/\1Total: 999999 kB/' "$T/f/proc/meminfo"
    run_on_terminal <<< "stty cols 80 rows 50; $F $HOST $CALM"
    [[ $output != *scope* ]] || { echo "$output"; false; }
}

@test "--classic has its 18 columns on every terminal, with -t the time" {
    local all width
    run_vmstat --classic $CALM
    all=$output
    for width in 0 20 80 82 200; do
        run_on_terminal <<< "stty cols $width rows 50; $F --classic $CALM; $F --classic -t $CALM"
        [[ $(head -n 3 <<< "$output") == "$all" ]] || { echo "at $width: $output"; false; }
        [[ $(tail -n 1 <<< "$output") == "${all##*$'\n'} "????-??-??" "??:??:?? ]] || { echo "at $width: $output"; false; }
    done
}

@test "a terminal that does not know its width is not narrow: nothing is dropped or cut" {
    local args want
    for args in '' -x '-x -w' '-d -x'; do
        run_vmstat $args $CALM
        want=$output
        run_on_terminal <<< "stty cols 0 rows 50; $F $args $CALM 2>/dev/null"
        [[ $output == "$want" ]] || { echo "$args: $output"; false; }
    done
    has_feature cgroup || return 0
    use_fixture v2
    local long=sys/fs/cgroup/kubepods/a_cgroup_whose_name_ends_beyond_eighty_columns
    mkdir -p "$T/f/$long"
    run_on_terminal <<< "stty cols 0; $F --cgroup=/kubepods --cgroups 0.1 1; stty cols 80; $F --cgroup=/kubepods --cgroups 0.1 1"
    [[ $(grep -c ' a_cgroup_whose_name_ends_beyond_eighty_columns$' <<< "$output") == 1 ]] || { echo "$output"; false; }
}

@test "piped output is never trimmed, whatever COLUMNS says" {
    run_vmstat -x
    local want=$output
    COLUMNS=20 run_vmstat -x
    [[ $output == "$want" ]]
}

# 10 rows high: a header each 10 - 3 = 7 reports.
@test "the header repeats by the terminal's height" {
    run_on_terminal << END
        stty cols 200 rows 10; $F 0.01 15 2>/dev/null
END
    run grep -n '^procs' <<< "$output"
    [[ $(cut -d: -f1 <<< "$output" | paste -sd' ') == "1 10 19" ]] || { echo "$output"; false; }
}

# bats test_tags=serial
@test "a resize changes width and height at once" {
    run_on_terminal << END
        stty cols 200 rows 50
        $F 0.2 14 2>/dev/null & sleep 0.9; stty cols 40 rows 6; wait
END
    # 50 - 3 = 47 reports fit, so without the resize there is one header; three
    # to five where the resize comes before the tenth report.
    local headers
    headers=$(grep -c '^procs' <<< "$output")
    ((headers >= 3 && headers <= 5)) || { echo "$output"; false; }
    # The last rows are as narrow as the terminal is by then.
    [[ $(tail -n 1 <<< "$output" | wc -m) -le 41 &&
        $(sed -n 3p <<< "$output" | wc -m) -gt 80 ]] || { echo "$output"; false; }
}

# settled FILE REGEX: a line of it matches, and all are of one width: rows begin alike.
settled() {
    $t capture-pane -p > "$T/$1"
    ! grep -qvE '^(procs|--procs| r  b| 5  3|$)' "$T/$1" && grep -q '^ 5  3' "$T/$1" && grep -qE "$2" "$T/$1"
}

# bats test_tags=serial
@test "in a real terminal program: resized twice, no line wraps" {
    requires_terminal
    requires_tool tmux
    local t="tmux -f /dev/null -S $T/tmux"
    $t new-session -d -x 120 -y 24 "TERM=dumb $F 0.05 2>/dev/null" || skip "tmux does not run here"
    until_true settled first '^ r  b.{80}'
    $t resize-window -x 30 -y 12
    until_true settled pane '^ r  b.{,26}$' || { cat "$T/pane"; false; }
    $t resize-window -x 100 -y 20
    until_true settled pane2 '^ r  b.{60}' || { cat "$T/pane2"; false; }
    $t kill-server || true
}

@test "SIGINT, SIGTERM and SIGHUP: it dies of them at once, lines whole" {
    local signal start
    for signal in INT TERM HUP; do
        start=$SECONDS
        run_and_signal $signal "--proc=$T/f/proc" $CALM 60
        ((SECONDS - start < 20))
        [[ $status == $((128 + $(kill -l $signal))) ]] || { show_output; false; }
        stderr_is_empty
        [[ ${#lines[@]} == 3 ]] || { show_output; false; }
    done
}

@test "Ctrl-C ends a loop of a shell that runs it" {
    requires_tool setsid
    # Of a background job bash has SIGINT ignored; env gives it back. A terminal
    # sends the signal to the shell and to what it runs.
    setsid env --default-signal=INT \
        bash -c "for i in 1 2 3; do $F $CALM 1 3; echo next; done" > "$T/out" 2> "$T/err" 3>&- &
    local pid=$!
    until_true test -s "$T/out"
    kill -INT -- -$pid
    wait $pid || true
    run ! grep next "$T/out"
}

@test "a signal that was ignored at the start stays ignored" {
    bash -c 'trap "" INT HUP; exec '"$F $CALM"' 0.1 5' > "$T/out" 3>&- &
    local pid=$!
    until_true test -s "$T/out"
    kill -INT $pid
    kill -HUP $pid
    wait $pid
    [[ $(wc -l < "$T/out") == 7 ]]
}

@test "SIGTERM ends it as PID 1 of a PID namespace" {
    requires_tool unshare
    unshare -pf true 2>/dev/null || skip "no right to make a PID namespace"
    unshare -pf "$VMSTAT" "--proc=$T/f/proc" $CALM 100 > "$T/out" 3>&- &
    local pid=$! child
    until_true test -s "$T/out"
    child=$(< "/proc/$pid/task/$pid/children")
    kill -TERM $child
    until_true fails kill -0 $child
    wait $pid || status=$?
    [[ $status == 143 ]]
}

@test "vmstat | head ends at once and silently" {
    local start=$SECONDS
    run --separate-stderr bash -c "$F $CALM 60 | head -n 2; exit \${PIPESTATUS[0]}"
    ((SECONDS - start < 20)) || { echo "$((SECONDS - start)) s"; false; }
    succeeds
    stderr_is_empty
    [[ ${#lines[@]} == 2 ]]
}

@test "a reader that goes away before the first line: silent, status 0" {
    run --separate-stderr bash -c "{ sleep 0.2; $F $CALM; } | true; exit \${PIPESTATUS[0]}"
    succeeds
    stderr_is_empty
}

@test "a verdict that nobody reads is unknown, not OK" {
    requires_feature alerts
    run --separate-stderr bash -c "{ sleep 0.2; $F --check; } | true; exit \${PIPESTATUS[0]}"
    [[ $status == 3 ]] || { show_output; false; }
}

@test "a closed pipe where SIGPIPE is ignored: silent, status 0" {
    run --separate-stderr bash -c "trap '' PIPE; $F $CALM 0.05 | head -n 2; exit \${PIPESTATUS[0]}"
    succeeds
    stderr_is_empty
}

@test "a full disk is an error" {
    local args
    for args in '' --json --csv -s -d -D -m -f --help -V; do
        run --separate-stderr bash -c "$F $CALM $args > /dev/full"
        # What is not built in is another error, in one line too.
        fails_with '?*' || { echo "vmstat $args"; false; }
    done
    run --separate-stderr bash -c "$F $CALM 0.05 > /dev/full"
    fails_with '*o space left*'
}

@test "closed standard output is an error, closed input and stderr are not" {
    run --separate-stderr bash -c "$F $CALM >&-"
    [[ $status == 1 ]] || { show_output; false; }
    run --separate-stderr bash -c "$F $CALM <&-"
    succeeds
    run --separate-stderr bash -c "$F $(! has_feature alerts || echo --alert=cs=1) 2>&-"
    succeeds
    # A report must never land in a file of /proc that got descriptor 2.
    [[ ${#lines[@]} == 3 ]] || { show_output; false; }
}

# bats test_tags=serial
@test "stopped and continued: rates use the time that really passed" {
    requires_tool jq
    "$VMSTAT" --proc=/proc --json $CALM 1 2 > "$T/out" 3>&- &
    local pid=$!
    until_true test -s "$T/out"
    kill -STOP $pid
    sleep 2
    kill -CONT $pid
    wait $pid
    # Stopped for two seconds of its one: the interval is 2 s or more.
    [[ $(sed -n 2p "$T/out" | jq '.interval >= 1.95') == true ]] || { cat "$T/out"; false; }
}

@test "--check: all that it looked at, on a terminal of 24 lines, too" {
    requires_feature alerts
    run_on_terminal << END
        stty cols 80 rows 24; $F --check 0.1
END
    [[ $(wc -l <<< "$output") -ge 11 && $output == *cpu_some*io_full* ]] || { echo "$output"; false; }
    awk 'length($0) > 80 { print; bad = 1 } END { exit bad }' <<< "$output"
}

@test "messages break at a blank where the terminal ends" {
    requires_feature alerts
    run_on_terminal << END
        stty cols 40 rows 50; $F --alert=mem_pct=5 2>&1 >/dev/null
        stty cols 12; $F --nosuchoptionatall
        stty cols 62; $F --alert=mem_pct=5 2>&1 >/dev/null
        stty cols 61; $F --alert=mem_pct=5 2>&1 >/dev/null
END
    # The first message has 62 characters.
    output_is "vmstat: rule mem_pct: cannot be judged:
it is unavailable here
vmstat:
unknown
option
'--nosuchoptionatall'
(try --help)
vmstat: rule mem_pct: cannot be judged: it is unavailable here
vmstat: rule mem_pct: cannot be judged: it is unavailable
here"
}

@test "a narrow terminal keeps what is fed: bi, bo and pressure, not wa" {
    requires_feature cgroup
    requires_terminal
    in_v2
    # The first report knows no rates: the age is not known.
    rm "$T/f/proc/uptime"
    local out
    out=$(TERM=dumb script -qec "stty cols 100 rows 50; '$VMSTAT' --proc='$T/f/proc' --sys='$T/f/sys' --scope=cgroup $CALM 0.2 2 2>/dev/null" /dev/null < /dev/null | tr -d '\r')
    grep -q '^ r  b .* bi .*memF' <<< "$out" || { echo "$out"; false; }
    [[ $(grep '^ r  b' <<< "$out") != *" wa "* && $(grep '^ r  b' <<< "$out") != *" buff "* ]] || { echo "$out"; false; }
}
