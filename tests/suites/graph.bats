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

# svg FILE ASSERTIONS: in Python, of its panels: their label, words, and the paths and lines by class.
svg() {
    requires_tool python3
    python3 - "$1" << END
import re, sys, xml.etree.ElementTree as tree
class Panel:
    def __init__(self, svg):
        of = lambda kind: [e for e in svg.iter() if e.tag.endswith('}' + kind)]
        self.label, self.texts = svg.get('aria-label'), of('text')
        self.words = [''.join(t.itertext()) for t in self.texts]
        self.paths = {p.get('class'): p.get('d') for p in of('path')}
        self.lines = {l.get('class'): l for l in of('line')}
    def text(self, words):
        return self.texts[self.words.index(words)]
picture = tree.parse(sys.argv[1]).getroot()
panels = [Panel(svg) for svg in picture if svg.get('role') == 'img']
$(cat)
END
}

@test "SVG: valid XML; the path has the values, and its gap; levels and units" {
    run_vmstat "--replay=$T/csv" --svg --graph=cs,mem_pct
    succeeds
    stderr_is_empty
    printf '%s\n' "$output" > "$T/svg"
    svg "$T/svg" << 'END'
assert picture.tag == '{http://www.w3.org/2000/svg}svg' and picture.get('viewBox') == '0 0 800 402'
# The plot: x from 56 to 708, y from 64 (10,000) to 168 (0).
assert panels[0].paths == {'line': 'M56 168V157.6L273.3 147.2L490.7 64L708 116V168'}, panels[0].paths
# 50 %, none, 25 %, 100 %
assert panels[1].paths == {'line': 'M56 168V116V168M490.7 168V142L708 64V168'}, panels[1].paths
for panel, words in zip(panels, (
        ('Context switches cs', 'a second', '10k', '7500', 'warn 3000', 'crit 5000', 'avg 4500, max 10k'),
        ('Memory mem_pct', '% of the limit', '100%', '25%', 'warn 90%', 'crit 97%', 'avg 58%, max 100%'))):
    for word in words + ('2026-01-02 03:04:01', '2026-01-02 03:04:04 UTC'):
        assert word in panel.words, (word, panel.words)
assert panels[0].label == 'Context switches, critical:  now 5000  min 1000  avg 4500  max 10k  (warning 3000, critical 5000)'
assert 'prefers-color-scheme:dark' in ''.join(picture.itertext())
END
}

@test "SVG: levels are named in the margin, however close they are" {
    local levels
    for levels in 4990,5000 1,2 9990,10000 3000,5000; do
        run_vmstat "--replay=$T/csv" --svg --graph=cs --alert=cs=$levels
        printf '%s\n' "$output" > "$T/svg"
        svg "$T/svg" << 'END'
crit, warn = [next(t for t in panels[0].texts if t.get('class') == c) for c in ('crits', 'warns')]
edge = max(int(l.get('x2')) for l in panels[0].lines.values())
assert edge == 708 and int(crit.get('x')) > edge and int(warn.get('x')) > edge
assert int(warn.get('y')) - int(crit.get('y')) >= 14 and 64 <= int(crit.get('y')) and int(warn.get('y')) <= 172
END
    done
}

# An hour between the third report and the fourth: 1 + 1 + 3600 + 1 s on 652 or 730 pixels.
@test "time without reports is a gap: by wall time in SVG, a break in text" {
    sed -i 's/03:04:04/04:04:03/' "$T/csv"
    echo '2026-01-02T04:04:04Z,1,cgroup,/a,5000,100' >> "$T/csv"
    run_vmstat "--replay=$T/csv" --svg --graph=cs
    printf '%s\n' "$output" > "$T/svg"
    svg "$T/svg" <<< "assert panels[0].paths['line'] == 'M56 168V157.6L56.2 147.2L56.4 64V168M707.8 168V116L708 116V168', panels[0].paths"
    run_vmstat "--replay=$T/csv" --graph=cs
    [[ ${lines[8]: -7} == '###  ##' && ${lines[4]: -7} == '  #    ' ]] || { show_output; false; }
    # Unavailable is one column wide.
    run_vmstat "--replay=$T/csv" --graph=mem_pct
    [[ ${lines[8]: -7} == '# #  ##' ]] || { show_output; false; }
}

# As many as have room: of 3,600 reports, in 450 places of 8, a break is still to be seen.
@test "a gap in many reports is still one" {
    awk 'BEGIN { print "time,interval,cs"; for (i = 0; i < 3600; i++) { t = i + (i < 1800 ? 0 : 7200)
        printf "2026-01-02T%02d:%02d:%02dZ,1,100\n", t / 3600, t / 60 % 60, t % 60 } }' > "$T/csv"
    run_vmstat "--replay=$T/csv" --graph=cs
    [[ ${lines[8]} =~ ^' '+'0 |'#+' '{1,3}#+$ && ${#lines[8]} == 80 ]] || { show_output; false; }
}

@test "a clock that was wrong for one report does not move the others" {
    sed -i 's/2026-01-02T03:04:02/2030-01-01T00:00:00/' "$T/csv"
    # From a pipe: in the order in which they were written
    tail -n +1 "$T/csv" | "$VMSTAT" --replay=- --svg --graph=cs > "$T/svg"
    # It is no later than the next.
    svg "$T/svg" <<< "assert panels[0].paths['line'] == 'M56 168V157.6L490.7 147.2L490.7 64L708 116V168', panels[0].paths"
}

@test "SVG: each metric has a panel, with what the page says of it or the catalogue" {
    { echo time,interval,us,in,gu; echo 2026-01-02T03:04:01Z,1,7,3,; } > "$T/csv"
    run_vmstat "--replay=$T/csv" --svg --graph=us,in,gu
    printf '%s\n' "$output" > "$T/svg"
    svg "$T/svg" << 'END'
assert [p.label for p in panels] == ['us:  now 7%  min 7%  avg 7%  max 7%', 'in:  now 3  min 3  avg 3  max 3',
    'gu:  now -  min -  avg -  max -'], [p.label for p in panels]
assert 'unavailable' in panels[2].words and not panels[2].paths
assert panels[0].paths == {'line': 'M708 168V160.7V168'}, panels[0].paths
END
}

@test "live without a terminal: one graph at the end, also when stopped; bad names" {
    run_on_this_machine --graph=cs,us 0.02 5
    [[ $status == 0 && $(grep -c 'now .* min .* avg .* max ' <<< "$output") == 2 && ${#lines[@]} == 19 ]] || { show_output; false; }
    "$VMSTAT" $HOST --svg 0.02 > "$T/svg" &
    # It sleeps after each report; the first, an average, is not drawn.
    until_true has_slept $! 4
    kill $!
    wait $! || status=$?
    [[ $status == 143 && $(tail -n 1 "$T/svg") == "</svg>" ]]
    run_on_this_machine --graph=nosuch
    fails_with "unknown column in 'nosuch'*"
    run_on_this_machine --graph=mem_level 0.01 1
    fails_with "--graph: 'mem_level' is text, which cannot be drawn"
    run_on_this_machine --graph=thr_pct,mem_pct 0.01 1
    fails_with "--graph: 'thr_pct,mem_pct' is unavailable here"
    run_on_this_machine --graph --json; fails_with "conflicting options*"
    run_on_this_machine --graph=memory,cpu,system,io,swap,procs,faults 0.02 1
    [[ $status == 0 && $stderr == "vmstat: --graph: more than 16 metrics: the rest is left out" ]] || { show_output; false; }
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
    local t="tmux -f /dev/null -S $T/tmux"
    drawn() { # FILE ROWS
        $t capture-pane -p > "$T/$1"
        [[ $(head -n 1 "$T/$1") == "cs  now "* && $(grep -c '│' "$T/$1") == "$2" ]]
    }
    $t new-session -d -x 70 -y 20 "LC_ALL=C.UTF-8 '$VMSTAT' $HOST --graph=cs 0.05"
    until_true drawn screen 18 || { cat "$T/screen"; false; }
    $t resize-window -x 50 -y 10
    until_true drawn smaller 8 || { cat "$T/smaller"; false; }
    $t kill-server
}

# pictures COLUMNS ROWS ARGS: what a terminal of that size is shown, picture by picture,
# each after a line "== N"; no line of one may be wider, nor may it be higher.
pictures() {
    requires_terminal
    TERM=dumb script -qec "stty cols $1 rows $2; '$VMSTAT' $HOST ${*:3}" /dev/null < /dev/null |
        tr -d '\r' | tee "$T/raw" | sed 's/\x1b\[H/== \n/g; s/\x1b\[[0-9;]*[A-GI-Za-z]//g' |
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
        # Each line clears what the last picture had there.
        ! grep -v $'^\e\\[[HK]\|^\e\\[?' "$T/raw" || { cat -v "$T/raw"; false; }
    done
}

# 20 rows: a line for thr, which a host does not have, one for the time, 6 for each other.
@test "on a terminal: the metrics share it; what cannot be had takes a line" {
    pictures 60 20 $CALM --graph=cs,thr,us,free 0.02 3
    awk '/^== 3/ { on = 1; next } on { print ++n ": " $0 }' "$T/pictures" > "$T/last"
    [[ $(grep -cE '^(1: cs|8: us|14: free)  now ' "$T/last") == 3 && $(sed -n '7s/ *$//p' "$T/last") == "7: thr  unavailable" ]] || { cat "$T/last"; false; }
    [[ $(sed -n '20p' "$T/last") == 20:*:[0-9][0-9] ]] || { cat "$T/last"; false; }
    # 9 rows for ten of at least two
    pictures 40 10 $CALM --graph=cs,us,sy,id,free,cache,in,r,b,min 0.02 3
    awk '/^== 3/ { on = 1; next } on' "$T/pictures" > "$T/last"
    [[ $(grep -c '  now ' "$T/last") == 4 && $(tail -n 1 "$T/last") == '6 more: no room'*:[0-9][0-9] ]] || { cat "$T/last"; false; }
}

@test "figures that do not fit are left out whole" {
    pictures 45 20 $CALM --graph=free 0.02 2
    [[ $(grep -c '^free  now [^ ]*  min [^ ]*  avg [^ ]*\(  max [^ ]*\)\?$' "$T/pictures") == 2 ]] || { cat "$T/pictures"; false; }
    pictures 21 20 $CALM --graph=cs 0.02 2
    [[ $(grep -c '^cs  now [^ ]*\(  min [^ ]*\)\?$' "$T/pictures") == 2 ]] || { cat "$T/pictures"; false; }
}

# Seven graphs of 8 by 47 critical values, which with a colour for each were 32 KiB and more.
@test "many graphs, all in colour" {
    requires_feature alerts
    local i
    { echo time,interval,cs,maj,mem_pct,thr_pct,mem_full,io_full,cpu_some
      for i in {10..99}; do echo "2026-01-02T03:00:00.${i}0Z,0.01$((i % 2)),9999,999,99,99,99,99,9$((i % 2))"; done; } > "$T/csv"
    LC_ALL=C.UTF-8 run_vmstat "--replay=$T/csv" --color=always --graph=cs,maj,mem_pct,thr_pct,mem_full,io_full,cpu_some
    succeeds
    [[ ${#lines[@]} == 64 && ${lines[8]} == *$'0 │\e[31m███'*$'█\e[0m' ]] || { show_output; false; }
}

@test "a replay draws the graph that was shown live" {
    local R=$T/recording live
    until_punctual run_on_this_machine --graph=cs,free "--record=$R" 0.02 20
    live=$output
    run_vmstat "--replay=$R" --graph=cs,free
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

@test "a metric with decimals keeps two of them, rounded" {
    # 0.52, 1.254 and 1.256: (0.52 + 1.254 + 1.256) / 3 = 1.01
    printf '%s\n' time,interval,scope,cgroup,load1 2026-01-02T03:04:01Z,1,host,,0.52 \
        2026-01-02T03:04:02Z,1,host,,1.254 2026-01-02T03:04:03Z,1,host,,1.256 > "$T/csv"
    run_vmstat "--replay=$T/csv" --graph=load1
    succeeds
    [[ ${lines[0]} == "load1  now 1.26  min 0.52  avg 1.01  max 1.26" ]] || { show_output; false; }
}

@test "the scale ends at 100 for percentages, however small; else at 1, 2 or 5 of a power of ten" {
    local metric value top
    while read -r metric value top; do
        printf '%s\n' "time,interval,scope,cgroup,$metric" "2026-01-02T03:04:01Z,1,cgroup,/a,1" \
            "2026-01-02T03:04:02Z,1,cgroup,/a,$value" > "$T/csv"
        run_vmstat "--replay=$T/csv" "--graph=$metric"
        succeeds
        [[ ${lines[1]} =~ ^\ *$top\ \| ]] || { echo "$metric $value: not $top"; show_output; false; }
    done << 'END'
mem_pct 7 100%
cs 7 10
cs 10 10
cs 11 20
cs 49 50
cs 5001 10k
END
}
