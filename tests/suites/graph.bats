#!/usr/bin/env bats
# --graph and --svg: the history of metrics, of reports that are replayed.

# shellcheck disable=SC2016,SC2030,SC2031,SC2086,SC2154
load helper

setup() {
    requires_feature graph
    requires_feature record
    use_fixture host
    {
        echo 'time,interval,scope,cgroup,cs,mem_pct'
        echo '2026-01-02T03:04:01Z,1,cgroup,/a,1000,50'
        echo '2026-01-02T03:04:02Z,1,cgroup,/a,2000,'
        echo '2026-01-02T03:04:03Z,1,cgroup,/a,10000,25'
        echo '2026-01-02T03:04:04Z,1,cgroup,/a,5000,100'
    } > "$T/csv"
}

@test "in ASCII: scale, levels, now, min, avg and max, the value at its place" {
    run_vmstat "--replay=$T/csv" --graph=cs
    succeeds
    [[ ${lines[0]} == "cs  now 5000  min 1000  avg 4500  max 10k  (warning 3000, critical 5000)" ]] || { show_output; false; }
    # 71 columns, the last four are the reports; 8 rows of 1250, the lowest last.
    local i got=""
    for ((i = 1; i <= 8; i++)); do got+="${lines[i]: -4}|"; done
    [[ $got == "  # |  # |  # |  # |--##|  ##|-:##|####|" ]] || { echo "$got"; show_output; false; }
    [[ ${lines[1]} == "    10k |"* && ${lines[5]} == "   5000 |"* && ${lines[8]} == "      0 |"* && ${lines[9]} == *" 03:04:04" ]] || { show_output; false; }
}

@test "in eighths where the locale is UTF-8, a gap where there was no value" {
    LC_ALL=C.UTF-8 run_vmstat "--replay=$T/csv" --graph=mem_pct
    [[ ${lines[0]} == "mem_pct  now 100%  min 25%  avg 58%  max 100%  (warning 90%, critical 97%)" ]] || { show_output; false; }
    LC_ALL=C.UTF-8
    local last=${lines[8]: -4} fourth=${lines[5]: -4}
    [[ $last == "█ ██" && $fourth == "█  █" ]] || { show_output; false; }
}

@test "SVG: valid XML; the path has the values, and its gap; levels and units" {
    requires_tool python3
    run_vmstat "--replay=$T/csv" --svg --graph=cs,mem_pct
    succeeds
    stderr_is_empty
    printf '%s\n' "$output" > "$T/svg"
    python3 - "$T/svg" <<'END'
import re, sys, xml.etree.ElementTree as tree
ns = '{http://www.w3.org/2000/svg}'
svg = tree.parse(sys.argv[1]).getroot()
assert svg.tag == ns + 'svg' and svg.get('viewBox') == '0 0 800 348'
lines = [p.get('d') for p in svg.iter(ns + 'path') if p.get('class') == 'line']
# The plot: x from 64 to 784, y from 36 (10,000) to 146 (0).
assert lines[0] == 'M64 135L304 124L544 36L784 91', lines[0]
# 50 %, none, 25 %, 100 %: the second panel is 170 below.
assert lines[1] == 'M64 261h1M544 288.5L784 206', lines[1]
words = [t.text for t in svg.iter(ns + 'text')]
for word in ('cs', 'mem_pct', '10k', '7500', '100%', '25%', 'warning 3000', 'critical 5000', 'warning 90%', 'critical 97%',
             '2026-01-02 03:04:01', '2026-01-02 03:04:04 UTC'):
    assert word in words, word
assert 'prefers-color-scheme:dark' in svg.find(ns + 'style').text
END
}

@test "live without a terminal: one graph at the end, also when stopped; bad names" {
    run_on_this_machine --graph=cs,us 0.02 5
    [[ $status == 0 && $(grep -c 'now .* min .* avg .* max ' <<< "$output") == 2 && ${#lines[@]} == 19 ]] || { show_output; false; }
    "$VMSTAT" $HOST --svg 0.02 > "$T/svg" &
    sleep 0.3
    kill $!
    wait $! || status=$?
    [[ $status == 143 && $(tail -n 1 "$T/svg") == "</svg>" ]]
    run_on_this_machine --graph=nosuch
    fails_with "unknown column in 'nosuch'*"
    run_on_this_machine --graph --json; fails_with "conflicting options*"
}

@test "more reports than the history holds are all in the graph of a replay" {
    local i
    { echo time,interval,cs; for ((i = 0; i < 3000; i++)); do
        printf '2026-01-02T%02d:%02d:%02dZ,1,%d\n' $((i / 3600)) $((i / 60 % 60)) $((i % 60)) $((i == 1 ? 900 : 100)); done; } > "$T/csv"
    run_vmstat "--replay=$T/csv" --graph
    [[ ${lines[0]} == *"max 900 "* && ${lines[9]} == *00:00:00*00:49:5? ]] || { show_output; false; }
}

# bats test_tags=serial
@test "on a terminal: drawn anew each time, as high and wide as it is" {
    requires_terminal
    requires_tool tmux
    tmux -L vmstat-graph new-session -d -x 70 -y 20 "LC_ALL=C.UTF-8 '$VMSTAT' $HOST --graph=cs 0.05"
    sleep 1
    tmux -L vmstat-graph capture-pane -p > "$T/screen"
    tmux -L vmstat-graph resize-window -x 50 -y 10
    sleep 0.7
    tmux -L vmstat-graph capture-pane -p > "$T/smaller"
    tmux -L vmstat-graph kill-server
    [[ $(head -n 1 "$T/screen") == "cs  now "* && $(grep -c '│' "$T/screen") == 18 ]] || { cat "$T/screen"; false; }
    [[ $(head -n 1 "$T/smaller") == "cs  now "* && $(grep -c '│' "$T/smaller") == 8 ]] || { cat "$T/smaller"; false; }
}

# pictures COLUMNS ROWS ARGS: what a terminal of that size is shown, picture by picture,
# each after a line "== N"; no line of one may be wider, nor may it be higher.
pictures() {
    requires_terminal
    TERM=dumb script -qec "stty cols $1 rows $2; '$VMSTAT' $HOST ${*:3}" /dev/null < /dev/null |
        tr -d '\r' | sed 's/\x1b\[H/== \n/g; s/\x1b\[[0-9;]*[A-GI-Za-z]//g' |
        awk '$0 ~ /== $/ { n++; sub(/== $/, ""); if (length) print; print "== " n; next } n' > "$T/pictures"
    awk -v columns=$1 -v rows=$2 '/^== / { lines = 0; next }
        length > columns || ++lines > rows { print "too large: " $0; bad = 1 }
        END { exit bad }' "$T/pictures" || { cat "$T/pictures"; false; }
}

@test "on a terminal: each picture fits it from the first report on, the time ends at the edge" {
    local size
    for size in 60x20 80x24; do
        pictures ${size%x*} ${size#*x} $CALM --graph=cs 0.02 7
        awk -v size=$size -v rows=${size#*x} -v columns=${size%x*} '
            /^== / { n++; lines = 0; next }
            ++lines == 1 && !/^cs  now / || lines == rows && (!/[0-9][0-9]:[0-9][0-9]:[0-9][0-9]$/ || length != columns) {
                print "picture " n " at " size ": " $0; bad = 1 }
            END { exit bad || n != 7 }' "$T/pictures" || { cat "$T/pictures"; false; }
    done
}

@test "a replay draws the graph that was shown live" {
    run_on_this_machine --graph=cs,free "--record=$T/recording" 0.02 20
    local live=$output
    run_vmstat "--replay=$T/recording" --graph=cs,free
    output_is "$live"
}

@test "100,000 reports replay in the memory of a few" {
    awk 'BEGIN { print "time,interval,scope,cgroup,cs,us,free,maj"; for (i = 0; i < 100000; i++)
        printf "2026-01-%02dT%02d:%02d:%02dZ,1,host,,%d,%d,%d,0\n", i / 86400 + 1, i / 3600 % 24, i / 60 % 60, i % 60, i % 900, i % 100, i }' > "$T/csv"
    mkfifo "$T/fifo"
    "$VMSTAT" "--replay=$T/csv" > "$T/fifo" &
    local peak rest
    { head -c 3000000 > /dev/null; peak=$(awk '/VmHWM/ { print $2 }' /proc/$!/status); rest=$(wc -l); } < "$T/fifo"
    wait $!
    ((rest > 50000 && peak < 400)) || { echo "$rest more lines, $peak KiB"; false; }
}
