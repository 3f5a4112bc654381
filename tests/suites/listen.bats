#!/usr/bin/env bats
# --listen: what a client of the exporter sees, byte by byte; what is exported
# of the fixtures; and what the process has given up.
# shellcheck disable=SC2016,SC2030,SC2031,SC2059,SC2086,SC2154,SC2164

load helper

setup() {
    requires_feature listen
    server=
    use_fixture host
}

teardown() {
    [[ -z ${server:-} ]] || kill_server
}

kill_server() {
    kill -KILL "$server" || true
    wait "$server" || true # and bash does not say that it was killed
    server=
} 2> /dev/null

# serve ARGS...: starts it on what $at says, a free port unless set, and waits
# until it says where: $server $port.
serve() {
    : > "$T/err"
    "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" "--listen=${at:-127.0.0.1:0}" "$@" \
        > "$T/out" 2> "$T/err" 3>&- &
    server=$!
    listens
}

listens() {
    until grep -q '^vmstat: listening on ' "$T/err"; do
        kill -0 "$server" || { cat "$T/err"; return 1; }
        sleep 0.01
    done
    port=$(sed -n 's/^vmstat: listening on .*://p' "$T/err")
}

# Ends it as a service manager does; status 0, and nothing said but where.
stop_server() {
    local code=0
    kill -TERM "$server"
    wait "$server" || code=$?
    server=
    [[ $code == 0 && ! -s $T/out ]] || { echo "status $code"; cat "$T/out" "$T/err"; false; }
    fails grep -v -e ': listening on ' -e ': sandbox: without ' "$T/err"
}

connects() { (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null; }

# ask FORMAT: sends that in one write; what comes until the end to $T/answer.
ask() {
    printf "$1" > "$T/request"
    exec 8<> "/dev/tcp/127.0.0.1/$port"
    cat "$T/request" >&8
    timeout 8 cat <&8 > "$T/answer"
    exec 8>&-
}

# get PATH [HEADERS]: with an end of the connection.
get() { ask "GET $1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${2:-}\r\n"; }

# The head of the answer, without its CRs; each line must have one.
head_lines() {
    sed '/^\r$/q' "$T/answer" > "$T/head"
    if grep -v $'\r$' "$T/head"; then echo "a line without CR"; return 1; fi
    tr -d '\r' < "$T/head"
}

header() { head_lines | sed -n "s/^$1: //p"; }

# dechunk: stdin is chunks and nothing after them; prints what they hold.
dechunk() {
    local size n chunk end
    while IFS= read -r size; do
        [[ $size =~ ^[0-9a-f]+$'\r'$ ]] || { echo "no size: $size"; return 1; }
        n=$((16#${size%?}))
        if ((n)); then IFS= read -r -N "$n" chunk; else chunk=; fi
        IFS= read -r -N 2 end
        [[ ${#chunk} == "$n" && $end == $'\r\n' ]] || { echo "a chunk of $n is no such"; return 1; }
        printf %s "$chunk"
        if ((n == 0)); then
            ! IFS= read -r -N 1 end || { echo "bytes after the last chunk"; return 1; }
            return 0
        fi
    done
    echo "no last chunk"
    return 1
}

# The body of the answer, as its head says it is sent, and not a byte more.
body() {
    local length
    sed '1,/^\r$/d' "$T/answer" > "$T/raw"
    length=$(header Content-Length)
    if [[ $(header Transfer-Encoding) == chunked ]]; then
        [[ -z $length ]] || { echo "both lengths"; return 1; }
        dechunk < "$T/raw"
    else
        [[ -z $length || $length == $(stat -c %s "$T/raw") ]] || { echo "not of Content-Length"; return 1; }
        cat "$T/raw"
    fi
}

# answers STATUS [REASON]: and of an error, its text with its length.
answers() {
    local first
    first=$(head -n 1 "$T/answer" | tr -d '\r')
    [[ $first == "HTTP/1.1 $1 "* ]] || { echo "want $1, got: $first"; return 1; }
    [[ $1 == 200 || -z ${2:-} || $(body) == "${first#HTTP/1.1 }$2" ]] ||
        { echo "body: $(body)"; return 1; }
}

# refused STATUS FORMAT...: each of these requests, and the connection is ended.
refused() {
    local want=$1 request answer bad=0
    shift
    for request; do
        ask "$request" || bad=1
        answer=$(< "$T/answer")
        [[ $answer == "HTTP/1.1 $want "*$'\r\nConnection: close\r\n'*$'\r\n\r\n'"$want "* &&
            $answer != *HTTP/1.1*HTTP/1.1* ]] ||
            { echo "request: ${request:0:80}: ${answer:0:400}"; bad=1; }
    done
    ((bad == 0))
}

# scrape: the metrics, to $T/metrics
scrape() {
    get /metrics
    answers 200 || return 1
    body > "$T/metrics"
}

# metrics_are LINE...: each is a line of the last scrape.
metrics_are() {
    local line bad=0
    for line; do
        grep -qxF -- "$line" "$T/metrics" || { echo "not there: $line"; bad=1; }
    done
    ((bad == 0)) || { grep -v '^#' "$T/metrics" | head -n 200; false; }
}

# ------------------------------------------------------------- where it listens

@test "port 0 is a free one, and stderr names it" {
    at=0 serve
    [[ $(grep listening "$T/err") == "vmstat: listening on 127.0.0.1:$port" ]]
    ((port > 0))
    get /healthz
    answers 200
    [[ $(body) == ok ]]
    stop_server
}

@test "IPv6, and all addresses" {
    [[ -s /proc/net/if_inet6 ]] || skip "no IPv6"
    at='[::1]:0' serve
    [[ $(grep listening "$T/err") == "vmstat: listening on [::1]:$port" ]]
    exec 8<> "/dev/tcp/::1/$port"
    printf 'GET /healthz HTTP/1.0\r\n\r\n' >&8
    cat <&8 > "$T/answer"
    answers 200
    fails connects
    stop_server
    at=':0' serve
    get /healthz
    answers 200
    exec 8<> "/dev/tcp/::1/$port"
    stop_server
}

@test "a unix socket; a stale one is replaced" {
    requires_tool curl
    at=unix:$T/s serve
    [[ $(grep listening "$T/err") == "vmstat: listening on unix:$T/s" ]]
    [[ $(curl -s --max-time 5 --unix-socket "$T/s" http://x/healthz) == ok ]]
    kill_server
    [[ -S $T/s ]]
    at=unix:$T/s serve
    [[ $(curl -s --max-time 5 --unix-socket "$T/s" http://x/healthz) == ok ]]
    run_vmstat --listen="unix:$T/s"
    fails_with "--listen: $T/s: Address*in use"
    [[ $(curl -s --max-time 5 --unix-socket "$T/s" http://x/healthz) == ok ]]
    stop_server
}

@test "a file that is there is not replaced" {
    echo precious > "$T/file"
    ln -s "$T/file" "$T/link"
    for path in "$T/file" "$T/link" "$T"; do
        run_vmstat --listen="unix:$path"
        fails_with "--listen: $path is there, and no socket"
    done
    [[ $(< "$T/file") == precious && -L $T/link ]]
    run_vmstat --listen=unix:
    fails_with "--listen: *"
    run_vmstat --listen="unix:/$(printf '%0200d' 0)"
    fails_with "--listen: *1 to 107 bytes*"
    [[ $stderr != *"rror"* ]] # no errno is behind it
    run_vmstat --listen="unix:$T/none/s"
    fails_with "--listen: *: No such file or directory"
}

@test "an address that is none, and one in use" {
    for value in 70000 65536 -1 :0x50 nosuch:1 1:2:3 '' ' 1' 1x '[::1]' '[::1:1' '[]:1' ::1:1 \
        1.2.3:1 300.1.1.1:1 127.0.0.1: : "$(printf '%0300d' 0)x:1"; do
        run_vmstat --listen="$value"
        fails_with "--listen: *" || { echo "value: $value"; false; }
    done
    serve
    run_vmstat --listen="127.0.0.1:$port"
    fails_with "--listen: 127.0.0.1:$port: Address*in use"
    run_vmstat --listen=192.0.2.1:0
    fails_with "--listen: 192.0.2.1:0: *"
    stop_server
}

@test "the socket of a service manager is taken" {
    requires_tool systemd-socket-activate curl
    : > "$T/err"
    systemd-socket-activate -l "$T/s" "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" \
        --listen=127.0.0.1:1 > "$T/out" 2> "$T/err" 3>&- &
    server=$!
    while [[ ! -S $T/s ]]; do sleep 0.01; done
    [[ $(curl -s --max-time 5 --unix-socket "$T/s" http://x/healthz) == ok ]]
    listens
    kill -TERM "$server"
    wait "$server"
    server=
}

@test "LISTEN_FDS of another process is not meant; one that is no socket is told" {
    LISTEN_PID=1 LISTEN_FDS=1 serve
    get /healthz
    answers 200
    stop_server
    run --separate-stderr bash -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$VMSTAT" --listen=0 3</dev/null'
    fails_with "--listen: LISTEN_FDS hands no listening socket over"
    run --separate-stderr bash -c 'LISTEN_PID=$$ LISTEN_FDS=2 exec "$VMSTAT" --listen=0 3</dev/null 4</dev/null'
    fails_with "--listen: LISTEN_FDS hands 2 sockets over: one is served"
}

@test "options that do not go with it" {
    for option in --json --csv -d -D -s -f -m -psda --top --prometheus --graph --svg -ocs \
        --replay=x; do
        run --separate-stderr timeout 20 "$VMSTAT" --listen=0 "$option"
        fails_with "conflicting options: *" || { echo "option: $option"; false; }
    done
}

# --------------------------------------------------------------------- answers

@test "the endpoints, their types and heads" {
    serve
    before=$(date +%s)
    get /metrics
    after=$(date +%s)
    answers 200
    [[ $(head_lines | sed 's/^Date: .*/Date:/') == 'HTTP/1.1 200 OK
Date:
Content-Type: text/plain; version=0.0.4; charset=utf-8
Cache-Control: no-store
X-Content-Type-Options: nosniff
Connection: close
Transfer-Encoding: chunked' ]]
    [[ $(header Date) =~ ^(Mon|Tue|Wed|Thu|Fri|Sat|Sun),\ [0-3][0-9]\ [A-Z][a-z]{2}\ 20[0-9]{2}\ [0-9:]{8}\ GMT$ ]]
    is=$(date -u -d "$(header Date)" +%s)
    ((before <= is && is <= after))
    [[ $(header Date) == "$(date -u -d "@$is" '+%a, %d %b %Y %H:%M:%S GMT')" ]]
    get /healthz
    answers 200
    [[ $(header Content-Type) == 'text/plain; charset=utf-8' && $(body) == ok ]]
    ! has_feature listen || {
        get /
        answers 200
        [[ $(header Content-Type) == 'text/html; charset=utf-8' ]]
        [[ $(header Content-Security-Policy) == "default-src 'none'; "* ]]
        [[ $(body) == '<!DOCTYPE html>'*"<title>$(uname -n): "*" - vmstat</title>"*'</html>' ]]
    }
    stop_server
}

@test "chunks: exact, and those of a short answer byte for byte" {
    serve
    get /healthz
    printf '0003\r\nok\n\r\n0\r\n\r\n' | cmp - <(sed '1,/^\r$/d' "$T/answer")
}

@test "404 names what is there; a query does not matter" {
    serve
    for path in /nosuch /metrics/ /metrics%%20 /Metrics /met //metrics; do
        get "$path"
        answers 404 ': try /metrics or /healthz' || { echo "$path"; false; }
    done
    for path in '/healthz?' '/healthz?a=b&c' '/healthz?/metrics' 'http://x/healthz' 'HTTP://x:80/healthz?q'; do
        get "$path"
        answers 200 || { echo "$path"; false; }
        [[ $(body) == ok ]]
    done
}

@test "HEAD: the head of GET, and no body" {
    serve
    for path in /metrics /healthz /nosuch; do
        get "$path"
        head_lines | sed 's/^Date: .*//' > "$T/get"
        ask "HEAD $path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        head_lines | sed 's/^Date: .*//' | diff "$T/get" -
        [[ -z $(sed '1,/^\r$/d' "$T/answer") ]]
    done
}

@test "HTTP/1.0: no chunks, the end is the end; no Host needed" {
    serve
    ask 'GET /healthz HTTP/1.0\r\n\r\n'
    answers 200
    [[ -z $(header Transfer-Encoding) && $(header Connection) == close && $(body) == ok ]]
    scrape
    ask 'GET /metrics HTTP/1.0\r\n\r\n'
    answers 200
    diff <(grep -v -e duration -e ^process <(sed '1,/^\r$/d' "$T/answer" | sed '/^#/d')) \
        <(grep -v -e duration -e ^process "$T/metrics" | sed '/^#/d')
}

@test "405: only GET and HEAD" {
    serve
    for method in POST PUT DELETE OPTIONS TRACE CONNECT get Get GETX HEADS X; do
        ask "$method /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answers 405 && [[ $(header Allow) == 'GET, HEAD' && $(header Connection) == close ]] ||
            { echo "$method"; false; }
    done
    ask 'POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello'
    answers 405
}

@test "400: what is no request" {
    serve
    refused 400 'GET / HTTP/1.1\r\n\r\n' 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' \
        'GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost: localhost\r\n: v\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost: localhost\r\nA : b\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost : x\r\n\r\n' 'GET / HTTP/1.1\r\nHost\t: x\r\n\r\n' \
        'GET / HTTP/1.1\r\n Host: localhost\r\n\r\n' 'GET / HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost: localhost\r\nA: \1\r\n\r\n' 'GET / HTTP/1.1\r\nHost: localhost\r\nA: b\0c\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost: localhost\r\nA: b\rc\r\n\r\n' 'GET / HTTP/1.1\r\nHost: localhost\r\nA: \177\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1x\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length:\r\n\r\n' \
        'GET\r\n' 'GET /\r\n' 'GET  / HTTP/1.1\r\n' 'GET / HTTP/1.1 \r\n' 'GET / a HTTP/1.1\r\n' \
        'GET / http/1.1\r\n' 'GET / HTTP/1\r\n' 'GET / HTTP/1.10\r\n' 'GET / HTTP/11\r\n' \
        'GET / HTTP/a.b\r\n' ' GET / HTTP/1.1\r\n' 'GET /\0 HTTP/1.1\r\n' 'GET\t/ HTTP/1.1\r\n' \
        'GET metrics HTTP/1.1\r\n' 'GET * HTTP/1.1\r\n' 'GET https://x/ HTTP/1.1\r\n' \
        '\26\3\1\2\0\1\0\1\374\3\3\n'
}

@test "505, 414 and 431" {
    long=$(printf '%03000d' 0)
    serve
    refused 505 'GET / HTTP/2.0\r\nHost: localhost\r\n\r\n' 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' \
        'GET / HTTP/0.9\r\n\r\n'
    refused 414 "GET /$long HTTP/1.1\r\nHost: localhost\r\n\r\n" "GET /$long" "$long"
    refused 431 "GET / HTTP/1.1\r\nHost: localhost\r\nA: $long\r\nB: $long\r\n\r\n" \
        "GET / HTTP/1.1\r\nHost: localhost\r\nA: $long$long"
    # What is just within is served.
    get "/healthz?$(printf '%01900d' 0)" "A: $(printf '%01900d' 0)\r\n"
    answers 200
}

@test "a line of 2,048 bytes is served, however it comes in" {
    line="GET /healthz?$(printf '%02026d' 0) HTTP/1.1"
    [[ ${#line} == 2048 ]]
    serve
    ask "$line\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answers 200
    exec 8<> "/dev/tcp/127.0.0.1/$port"
    printf %s "$line" >&8
    sleep 0.1
    printf '\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&8
    timeout 8 cat <&8 > "$T/answer"
    answers 200
}

@test "bare LF, empty lines before, blanks around a value, any case" {
    serve
    for request in 'GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n' \
        '\r\n\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' \
        'GET /healthz HTTP/1.1\r\nhOST:x\r\nconnection: \t CLOSE \t\r\n\r\n' \
        'GET /healthz HTTP/1.1\r\nHost:\r\nConnection: keep-alive , close\r\n\r\n' \
        'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: foo\r\nConnection: close\r\n\r\n'; do
        ask "$request"
        answers 200 && [[ $(body) == ok ]] || { echo "$request"; false; }
    done
}

@test "a request in single bytes" {
    request=$'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    serve
    exec 8<> "/dev/tcp/127.0.0.1/$port"
    for ((i = 0; i < ${#request}; i++)); do
        printf %s "${request:i:1}" >&8
        sleep 0.005
    done
    timeout 8 cat <&8 > "$T/answer"
    answers 200
    [[ $(body) == ok ]]
}

@test "one request a connection: what follows it is drained, not answered" {
    serve
    for headers in '' 'Connection: keep-alive\r\n' 'Content-Length: 43\r\n' 'Transfer-Encoding: chunked\r\n'; do
        ask "GET /healthz HTTP/1.1\r\nHost: localhost\r\n$headers\r\nGET /nosuch HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answers 200
        [[ $(grep -ac ^HTTP/1.1 "$T/answer") == 1 && $(header Connection) == close && $(body) == ok ]] ||
            { echo "$headers"; cat "$T/answer"; false; }
    done
    # A wrong one is the last, too.
    ask 'GET /healthz HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
    answers 400
    [[ $(grep -ac ^HTTP/1.1 "$T/answer") == 1 ]]
}

@test "what a client goes on to send does not undo the response" {
    serve
    exec 8<> "/dev/tcp/127.0.0.1/$port"
    printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' >&8
    sleep 0.2 # the response is there, and not read yet
    for _ in {1..20}; do printf '%05000d' 0 >&8 || break; done 2> /dev/null
    sleep 0.2
    timeout 8 cat <&8 > "$T/answer"
    answers 200
    [[ $(body | tail -n 1) == "process_start_time_seconds "* ]]
}

@test "a client that closes its side after its request gets the answer" {
    requires_tool socat
    serve
    printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' |
        socat -t 5 - "TCP:127.0.0.1:$port" > "$T/answer"
    answers 200
    [[ $(tail -c 5 "$T/answer" | od -An -c | tr -d ' ') == '0\r\n\r\n' ]]
}

# by_name HOST [PATH]: as a client that asks by that name
by_name() {
    ask "GET ${2:-/metrics} HTTP/1.1\r\nHost: $1\r\n\r\n"
}

@test "a loopback address: asked by another's name, 421" {
    local name path own
    own=$(uname -n)
    serve
    for name in localhost LocalHost localhost. localhost:80 a.localhost a.b.LOCALHOST.:1 127.0.0.1 10.1.2.3:9799 \
        '[::1]' '[fe80::1]:80' '' "$own" "${own^^}.:$port"; do
        for path in /metrics /; do
            by_name "$name" "$path"
            answers 200 || { echo "$name"; false; }
        done
    done
    for name in evil.example localhost.evil.example 127.0.0.1.evil.example evillocalhost .localhost.evil 1.2.3 \
        1.2.3.4.5 ::1 '[::1' '[x]' 'localhost:x' 'localhost:1:2' "x$own" "$(printf '%0500d' 0)" '.' ':80'; do
        by_name "$name"
        answers 421 || { echo "$name"; false; }
        by_name "$name" /nosuch
        answers 421
        by_name "$name" /healthz
        answers 200
    done
    by_name evil.example
    answers 421 ': a loopback address is asked by IP address, as localhost or by the name of this machine: in a proxy, set Host to localhost'
    # The host of an absolute URI counts, and not the other.
    ask 'GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'
    answers 421
    ask 'GET http://localhost:1/metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n'
    answers 200
    ask 'GET /metrics HTTP/1.0\r\n\r\n'
    answers 200
    ask 'HEAD /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n'
    answers 421
    stop_server
}

@test "other addresses are asked by any name: all of them, a unix socket" {
    requires_tool curl
    at=0.0.0.0:0 serve
    by_name evil.example
    answers 200
    stop_server
    at=unix:$T/s serve
    [[ $(curl -s --max-time 5 --unix-socket "$T/s" http://evil.example/metrics | head -c 6) == '# HELP' ]]
    stop_server
}

@test "a loopback socket that was handed over asks for the name, too" {
    requires_tool systemd-socket-activate
    # Port 0 cannot be given: where one is in use, the next.
    for _ in {1..20}; do
        : > "$T/err"
        port=$((20000 + RANDOM % 10000))
        systemd-socket-activate -l "127.0.0.1:$port" "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" \
            --listen=127.0.0.1:1 > "$T/out" 2> "$T/err" 3>&- &
        server=$!
        until_true grep -qi 'listening on\|in use' "$T/err"
        grep -q 'in use' "$T/err" || break
        wait "$server" || server=
    done
    [[ $server ]]
    by_name evil.example
    answers 421
    by_name localhost
    answers 200
    kill -TERM "$server"
    wait "$server"
    server=
}

@test "the page tells browsers to keep it to themselves" {
    serve
    get /
    answers 200
    [[ $(header Referrer-Policy) == no-referrer && $(header Cross-Origin-Resource-Policy) == same-origin ]]
}

# ------------------------------------------------------------- time and places

@test "408: a request that is not whole in 10 seconds, however it drips" {
    serve
    # What else runs can only make it later: the best of three.
    for _ in 1 2 3; do
        began=${EPOCHREALTIME/./}
        exec 5<> "/dev/tcp/127.0.0.1/$port" 6<> "/dev/tcp/127.0.0.1/$port" 7<> "/dev/tcp/127.0.0.1/$port"
        printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n' >&5
        { while sleep 0.4; do printf 'A' >&6 || break; done; } 2> /dev/null 3>&- &
        drip=$!
        timeout 30 cat <&6 > "$T/dripped" 3>&- &
        reader=$!
        timeout 30 cat <&5 > "$T/answer"
        took=$(((${EPOCHREALTIME/./} - began) / 1000))
        wait $reader || true
        dripped=$(((${EPOCHREALTIME/./} - began) / 1000))
        kill $drip || true
        ((took >= 10000 && dripped >= 10000))
        ((dripped >= 11000)) || break
    done
    ((dripped < 11000)) || { echo "after $took and $dripped ms"; false; }
    answers 408
    [[ $(header Connection) == close && $(body) == '408 Request Timeout' ]]
    mv "$T/dripped" "$T/answer"
    answers 408
    run timeout 10 cat <&7
    [[ $status == 0 && -z $output ]] # nothing was asked: nothing is said
}

@test "all slots taken: the oldest that has not asked makes room, at once" {
    serve
    for ((i = 0; i < 64; i++)); do
        exec {fd}<> "/dev/tcp/127.0.0.1/$port"
        fds[i]=$fd
    done
    sleep 0.1
    # What else runs can only add: the least of five.
    for _ in 1 2 3 4 5; do
        began=${EPOCHREALTIME/./}
        get /healthz
        took=$((${EPOCHREALTIME/./} - began))
        answers 200
        ((took >= 500000)) || break
        exec {fd}<> "/dev/tcp/127.0.0.1/$port" # in the slot that is free again
    done
    ((took < 500000))
    run timeout 3 cat <&"${fds[0]}"
    [[ $status == 0 && -z $output ]]
    printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"${fds[63]}"
    timeout 5 cat <&"${fds[63]}" > "$T/answer"
    answers 200
}

@test "503: the cgroup has ended, and /proc is empty" {
    use_fixture v2
    serve --scope=cgroup
    get /metrics
    answers 200
    rm -rf "$T/f/sys/fs/cgroup/kubepods/pod1/ctr"
    for path in /metrics /healthz; do
        get "$path"
        answers 503 ': the cgroup has ended'
    done
    stop_server
    use_fixture host
    serve --scope=host
    cp -a "$T/f/proc" "$T/proc"
    find "$T/f/proc" -type f -exec truncate -s 0 {} +
    get /healthz
    answers 503 ': /proc cannot be read'
    get /metrics
    answers 503 ': no numbers can be read: is /proc mounted?'
    cp -r "$T/proc/." "$T/f/proc"
    get /metrics
    answers 200
}

# make_cgroups N LENGTH [FILE...]: cgroups with names so long, with these files.
make_cgroups() {
    local i file name pressure='some avg10=0.00 total=7
full avg10=0.00 total=3'
    use_fixture v2
    printf -v name "%0$2d" 0
    (
        cd "$T/f/sys/fs/cgroup/kubepods"
        for ((i = 0; i < $1; i++)); do echo "$i-$name"; done | xargs mkdir
        for i in [0-9]*; do
            echo 4096 > "$i/memory.current"
            for file in "${@:3}"; do echo "$pressure" > "$i/$file"; done
        done
    )
}

@test "SIGTERM: an answer that is under way is completed, new ones are not begun" {
    make_cgroups 800 200 cpu.pressure # more than sockets hold
    # It is given 0.9 s, in which all of this has to happen: once more, where it did not.
    for _ in {1..10}; do
        serve --cgroup=/kubepods --cgroups
        exec 8<> "/dev/tcp/127.0.0.1/$port" 7<> "/dev/tcp/127.0.0.1/$port"
        printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' >&8
        IFS= read -r first <&8 # it is under way
        began=${EPOCHREALTIME/./}
        kill -TERM "$server"
        idle=0 alive=0 rest=
        IFS= read -r -t 5 rest <&7 || idle=$?
        ! connects || idle=connected
        kill -0 "$server" || alive=$?
        timeout 8 cat <&8 > "$T/rest" || true
        took=$((${EPOCHREALTIME/./} - began))
        exec 8>&-
        code=0
        wait "$server" || code=$?
        server=
        ((took >= 850000)) || break
    done
    echo "$took us, idle: $idle $rest, alive: $alive"
    [[ $idle == 1 && -z $rest && $alive == 0 && $code == 0 && $took -lt 850000 ]] # 1: an end, and no timeout
    { printf '%s\n' "$first"; cat "$T/rest"; } > "$T/answer"
    answers 200
    body > "$T/metrics"
    (($(stat -c %s "$T/metrics") > 800000))
    [[ $(grep -c '^vmstat_cgroup_memory_usage_bytes{cgroup="/kubepods/' "$T/metrics") == 802 ]]
    [[ $(tail -n 1 "$T/metrics") == "process_start_time_seconds "* ]]
}

@test "a response that is broken off is reset: nobody takes it for a whole one" {
    make_cgroups 800 200 cpu.pressure
    # What else runs can only add to the 0.9 s that it is given: the least of five.
    for _ in 1 2 3 4 5; do
        serve --cgroup=/kubepods --cgroups
        exec 8<> "/dev/tcp/127.0.0.1/$port"
        printf 'GET /metrics HTTP/1.0\r\n\r\n' >&8
        IFS= read -r _ <&8 # it is under way
        began=${EPOCHREALTIME/./}
        stop_server
        took=$((${EPOCHREALTIME/./} - began))
        ((took >= 1000000)) || break
    done
    ((took < 1000000))
    code=0
    timeout 5 cat <&8 > "$T/answer" 2> "$T/reset" || code=$?
    [[ $code == 1 ]]
    grep -qi reset "$T/reset"
}

@test "SIGTERM and SIGHUP without connections: status 0 at once" {
    for signal in TERM HUP; do
        # What else runs can only add: the least of five.
        for _ in 1 2 3 4 5; do
            serve
            began=${EPOCHREALTIME/./}
            kill -$signal "$server"
            wait "$server"
            took=$((${EPOCHREALTIME/./} - began))
            server=
            [[ ! -s $T/out ]]
            ((took >= 500000)) || break
        done
        ((took < 500000))
    done
}

@test "SIGTERM with a connection that idles: status 0 at once, long before the next tick" {
    serve 3600
    exec 8<> "/dev/tcp/127.0.0.1/$port"
    sleep 0.1
    local start=$SECONDS
    stop_server
    ((SECONDS - start <= 5)) # of an hour, or of the 10 s of a connection
    exec 8>&-
}

# serve_watched CALL [ERROR[:WHEN]]: with a log of that call, which fails in that way from
# now on. -D: the program is the child, and strace watches from aside.
serve_watched() {
    requires_tool strace
    : > "$T/err"
    : > "$T/calls"
    strace -D -f -o "$T/calls" -e "trace=$1" ${2:+-e "inject=$1:error=$2"} \
        "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" --listen=127.0.0.1:0 > "$T/out" 2> "$T/err" 3>&- &
    server=$!
    timeout 30 bash -c 'until grep -q listening "$0"; do sleep 0.02; done' "$T/err" || skip "strace cannot watch here"
    listens
}

calls() { grep -c "^[0-9]* *$1(" "$T/calls"; }

# ends_with STATUS TENTHS: by itself, within so many tenths of a second
ends_with() {
    local i code=0
    for ((i = 0; i < $2; i++)); do
        kill -0 "$server" 2> /dev/null || break
        sleep 0.1
    done
    ((i < $2)) || { echo "it goes on"; return 1; }
    wait "$server" || code=$?
    server=
    [[ $code == "$1" ]] || { echo "status $code"; cat "$T/err"; return 1; }
}

@test "accept fails: a pause and one word, no loop" {
    for error in EPROTO EPERM ENOMEM EMFILE; do
        serve_watched accept4 $error
        began=${EPOCHREALTIME/./}
        exec 8<> "/dev/tcp/127.0.0.1/$port"
        until_true grep -q 'no connection is accepted: ' "$T/err"
        sleep 1
        called=$(calls accept4)
        # One each tenth of a second
        ((called <= (${EPOCHREALTIME/./} - began) / 100000 + 2)) || { echo "$error: $called calls"; false; }
        [[ $(grep -c 'no connection is accepted: ' "$T/err") == 1 ]] || { cat "$T/err"; false; }
        exec 8>&-
        kill -TERM "$server"
        ends_with 0 50
    done
    # One that a firewall refused is not the end, nor is what a client took back.
    for error in EPERM:when=1..3 ECONNABORTED:when=1 EINTR:when=1; do
        serve_watched accept4 $error
        get /healthz
        answers 200
        kill -TERM "$server"
        ends_with 0 50
    done
}

@test "accept fails for good: status 1, with the reason" {
    for error in 'EBADF 50 Bad file descriptor' 'EINVAL 50 Invalid argument' 'ENOTSOCK 50 Not a socket' \
        'EPERM 150 Operation not permitted'; do
        read -r error tenths words <<< "$error"
        serve_watched accept,accept4 "$error" # musl has both
        began=${EPOCHREALTIME/./}
        exec 8<> "/dev/tcp/127.0.0.1/$port"
        ends_with 1 "$tenths"
        [[ $error != EPERM || $((${EPOCHREALTIME/./} - began)) -ge 10000000 ]]
        [[ $(tail -n 1 "$T/err") == "vmstat: --listen: no connection is accepted: $words" ]] || { cat "$T/err"; false; }
        exec 8>&-
    done
}

@test "poll that has no memory for a while is waited out" {
    serve_watched ppoll ENOMEM:when=2..4
    for _ in 1 2 3; do
        get /healthz
        answers 200
    done
    kill -TERM "$server"
    ends_with 0 50
}

@test "a report every 10 seconds, for which a scrape will do; every 2 while somebody looks" {
    serve_watched pread64
    sleep 6
    idle=$(calls pread64)
    scrape
    sleep 2
    scraped=$(calls pread64)
    sleep 3.5 # the tenth second
    [[ $(calls pread64) == "$scraped" && $scraped -gt $idle ]] || { echo "$idle, $scraped, $(calls pread64)"; false; }
    get /
    sleep 3
    (($(calls pread64) > scraped))
    kill -TERM "$server"
    ends_with 0 50
}

@test "few descriptors: no series is lost for connections; too few are refused" {
    local fd fds=() all
    (ulimit -n 63; fails "$VMSTAT" "--proc=$T/f/proc" --listen=0 2> "$T/err")
    grep -x 'vmstat: --listen: 63 open files are too few: at least 64' "$T/err"
    (ulimit -n 64; exec "$VMSTAT" "--proc=$T/f/proc" "--sys=$T/f/sys" --listen=127.0.0.1:0) 2> "$T/err" 3>&- &
    server=$!
    listens
    scrape
    all=$(grep -c '^vmstat_' "$T/metrics")
    for _ in {1..50}; do
        exec {fd}<> "/dev/tcp/127.0.0.1/$port"
        fds+=("$fd")
    done
    sleep 0.1
    scrape
    [[ $(grep -c '^vmstat_' "$T/metrics") == "$all" ]]
    for fd in "${fds[@]}"; do exec {fd}>&-; done
}

@test "a disk that has done nothing yet counts 0; a loop device that has is not there" {
    local zeros='0 0 0 0 0 0 0 0 0 0 0'
    printf '%s\n' "253 0 vdz $zeros" "7 0 loop0 $zeros" >> "$T/f/proc/diskstats"
    serve
    scrape
    grep -x 'vmstat_disk_read_bytes_total{device="vdz"} 0' "$T/metrics"
    fails grep loop0 "$T/metrics"
}

@test "with --record, both" {
    requires_feature record
    local before=${EPOCHREALTIME/./}
    serve --record="$T/rec.csv" 0.1
    until_true has_lines "$T/rec.csv" 4
    scrape
    stop_server
    run --separate-stderr "$VMSTAT" --replay="$T/rec.csv" --csv
    succeeds
    ((${#lines[@]} >= 4 && ${#lines[@]} <= (${EPOCHREALTIME/./} - before) / 100000 + 3)) || { show_output; false; }
}

@test "with --record, in the sandbox: it rotates, and a file that is gone is begun anew" {
    requires_feature record
    mkdir "$T/r"
    cd "$T/r"
    rotated() { [[ $(stat -c %i "$name.1") != "$before" ]]; }
    for name in rec.csv "$T/r/other.csv"; do
        serve --scope=host --record="$name,3" 0.05
        until_true test -s "$name.1"
        before=$(stat -c %i "$name.1")
        until_true rotated
        rm -f "$name" "$name.1"
        until_true test -s "$name.1"
        scrape
        stop_server
        [[ $(head -c 5 "$name.1") == time, && $(wc -l < "$name.1") == 4 ]]
    done
    [[ $(ls -A) == $'other.csv\nother.csv.1\nrec.csv\nrec.csv.1' ]] || { ls -A; false; }
}

# --------------------------------------------------------------- what it serves

@test "a host: every counter is the fixture's" {
    serve --scope=host
    scrape
    # MemTotal 8000000 kB * 1024; pswpin 2000 pages of 4096; pgpgin 17000 KiB;
    # user 70000 + guest within; ticks of 1/100 s; sectors of 512.
    page=$(getconf PAGESIZE)
    metrics_are 'vmstat_memory_total_bytes 8192000000' \
        "vmstat_swap_in_bytes_total $((2000 * page))" "vmstat_swap_out_bytes_total $((3000 * page))" \
        'vmstat_paged_in_bytes_total 17408000' 'vmstat_major_faults_total 9000' \
        'vmstat_minor_faults_total 61000' 'vmstat_oom_kills_total 7' 'vmstat_interrupts_total 123000' \
        'vmstat_context_switches_total 2567000' 'vmstat_forks_total 4321' \
        'vmstat_cpu_seconds_total{mode="user"} 800' 'vmstat_cpu_seconds_total{mode="nice"} 60' \
        'vmstat_cpu_seconds_total{mode="idle"} 580' 'vmstat_cpu_seconds_total{mode="iowait"} 220' \
        'vmstat_cpu_seconds_total{mode="steal"} 80' 'vmstat_cpu_guest_seconds_total{mode="user"} 110' \
        'vmstat_boot_time_seconds 1700000000' 'vmstat_disk_reads_completed_total{device="sda"} 1000' \
        'vmstat_disk_read_bytes_total{device="sda"} 40960000' \
        'vmstat_disk_io_time_seconds_total{device="sda"} 250' 'vmstat_disks_left_out 0' \
        'vmstat_build_info{version="1.0.0"} 1'
    metrics_are 'vmstat_pressure_cpu_waiting_seconds_total 100' 'vmstat_pressure_io_stalled_seconds_total 30'
    [[ $(awk '$2 == "sda" || $3 == "sda" { print $4, $6 * 512 }' "$T/f/proc/diskstats") == '1000 40960000' ]]
    [[ $(awk '/^ctxt/ { print $2 }' "$T/f/proc/stat") == 2567000 ]]
    run_vmstat --prometheus --scope=host
    succeeds
    diff <(grep -v -e duration <<< "$output") <(grep -v -e duration -e process_ "$T/metrics")
}

@test "the text: titles once, before their samples, families together, counters end in _total" {
    make_cgroups 20 20 cpu.pressure memory.pressure
    serve --cgroup=/kubepods --cgroups
    scrape
    awk '
        /^# HELP/ { help[$3]++; next }
        /^# TYPE/ { if (!help[$3] || type[$3]) bad("TYPE of " $3); type[$3] = $4; next }
        !/^[a-z_]+([{]([a-z_]+="([^"\\]|\\.)*",?)+[}])? [0-9]+([.][0-9]+)?$/ { bad("no sample: " $0) }
        { name = $0; sub(/[{ ].*/, "", name)
          if (name != last && seen[name]++) bad(name " in two places")
          if (!type[name]) bad("no TYPE of " name)
          if ((type[name] == "counter") != (name ~ /_total$/)) bad(name " is a " type[name])
          series = $0; sub(/ [^ ]*$/, "", series)
          if (of[series]++) bad(series " twice")
          last = name }
        function bad(why) { print why; failed = 1 }
        END { for (n in help) if (help[n] != 1 || !seen[n]) bad("HELP of " n)
              exit failed }' "$T/metrics"
    [[ $(tail -c 1 "$T/metrics" | od -An -c | tr -d ' ') == '\n' ]]
    metrics_are 'vmstat_cgroups_left_out 0'
}

@test "--prometheus prints the same, with the cgroups below" {
    requires_feature cgroup
    use_fixture v2
    serve --scope=host --cgroups=3
    scrape
    metrics_are 'vmstat_cgroup_memory_usage_bytes{cgroup="/kubepods/pod1/ctr"} 20971520' \
        'vmstat_memory_total_bytes 8192000000'
    run_vmstat --prometheus --scope=host --cgroups=3
    succeeds
    diff <(grep -v -e duration <<< "$output") <(grep -v -e duration -e process_ "$T/metrics")
}

@test "CPU time that steps back stays where it was; a restart is let through" {
    serve --scope=host
    local stat=$T/f/proc/stat
    # Two CPUs: less than 6 s of idle together is no restart.
    cpu_becomes() { # TICKS...: what is served of user, idle, iowait, steal, guest
        { echo "cpu $*"; tail -n +2 "$stat"; } > "$T/stat"
        cat "$T/stat" > "$stat"
        scrape
        awk -F '[ "]' '/^vmstat_cpu_seconds_total/ && $2 ~ /^(user|idle|iowait|steal)$/ ||
            /^vmstat_cpu_guest.*user/ { v[$2 (/guest/ ? "!" : "")] = $NF }
            END { print v["user"], v["idle"], v["iowait"], v["steal"], v["user!"] }' "$T/metrics"
    }
    [[ $(cpu_becomes 80000 6000 20000 58000 22000 2000 4000 8000 11000 1000) == '800 580 220 80 110' ]]
    [[ $(cpu_becomes 79990 6000 20000 57401 12000 2000 4000 7950 10990 1000) == '800 580 220 80 110' ]]
    [[ $(cpu_becomes 80001 6000 20000 58001 22002 2000 4000 8001 11001 1000) == '800.01 580.01 220.02 80.01 110.01' ]]
    [[ $(cpu_becomes 500 6000 20000 57401 300 2000 4000 100 400 1000) == '5 574.01 3 1 4' ]]
}

@test "a captured tree: a file that another replaces, or that comes later, is read" {
    rm "$T/f/proc/pressure/memory"
    serve --scope=host
    scrape
    metrics_are 'vmstat_context_switches_total 2567000'
    fails grep memory_waiting "$T/metrics"
    sed -i 's/^ctxt .*/ctxt 2567001/' "$T/f/proc/stat"
    echo 'some avg10=0 avg60=0 avg300=0 total=5000000' | write_file proc/pressure/memory
    scrape
    metrics_are 'vmstat_context_switches_total 2567001' 'vmstat_pressure_memory_waiting_seconds_total 5'
}

@test "lines that end in CR LF, devices of one name, more bytes than can be counted" {
    echo '8 64 sdz 7 0 8 0 9 0 16 0 0 0 0' >> "$T/f/proc/diskstats"
    sed -i 's/$/\r/' "$T"/f/proc/{stat,vmstat,meminfo,diskstats}
    echo '8 80 sdz 70 0 80 0 90 0 0 0 0 0 0' >> "$T/f/proc/diskstats"
    echo "8 96 sdy 7 0 $((1 << 55)) 0 9 0 16 0 0 0 0" >> "$T/f/proc/diskstats"
    run_vmstat --prometheus --scope=host
    succeeds
    printf '%s\n' "$output" > "$T/metrics"
    metrics_are 'vmstat_context_switches_total 2567000' 'vmstat_major_faults_total 9000' \
        'vmstat_memory_total_bytes 8192000000' 'vmstat_disk_io_time_seconds_total{device="sda"} 250' \
        'vmstat_disk_reads_completed_total{device="sdz"} 7' 'vmstat_disk_written_bytes_total{device="sdz"} 8192' \
        'vmstat_disk_reads_completed_total{device="sdy"} 7' 'vmstat_disk_written_bytes_total{device="sdy"} 8192'
    [[ -z $(sed -n 's/^\(vmstat.*\) .*/\1/p' "$T/metrics" | sort | uniq -d) ]]
    fails grep 'read_bytes_total{device="sdy"}' "$T/metrics"
}

@test "a v2 container: numbers of its files" {
    requires_feature cgroup
    use_fixture v2
    serve --scope=cgroup
    scrape
    c='{cgroup="/kubepods/pod1/ctr"}' l='{cgroup="/kubepods/pod1/ctr"'
    # limit: pod1's 48 MiB of which 40 are used... so free is the least headroom
    metrics_are "vmstat_cgroup_memory_usage_bytes$c 20971520" \
        "vmstat_cgroup_memory_working_set_bytes$c $((20971520 - 524288))" \
        "vmstat_cgroup_memory_cache_bytes$c 3145728" "vmstat_cgroup_swap_usage_bytes$c 6989824" \
        "vmstat_cgroup_minor_faults_total$c $((50100 - 100))" "vmstat_cgroup_major_faults_total$c 100" \
        "vmstat_cgroup_oom_kills_total$c 2" "vmstat_cgroup_memory_limit_hits_total$c 77" \
        "vmstat_cgroup_cpu_seconds_total$l,mode=\"user\"} 8.5" \
        "vmstat_cgroup_cpu_seconds_total$l,mode=\"system\"} 11.5" \
        'vmstat_cgroup_cpu_periods_total{cgroup="/kubepods/pod1"} 1000' \
        'vmstat_cgroup_throttled_seconds_total{cgroup="/kubepods/pod1"} 3' \
        'vmstat_cgroup_cpu_throttled_periods_total{cgroup="/kubepods"} 100' \
        "vmstat_cgroup_disk_reads_completed_total$l,device=\"sda\"} 501" \
        "vmstat_cgroup_disk_written_bytes_total$l,device=\"nvme0n1\"} 2048000"
    metrics_are "vmstat_cgroup_pressure_cpu_waiting_seconds_total$c 12" \
        "vmstat_cgroup_pressure_memory_stalled_seconds_total$c 3" "vmstat_cgroup_pressure_irq_stalled_seconds_total$c 1"
    fails grep -e '^vmstat_memory_total' -e cgroups_left_out -e pod_uid= "$T/metrics"
    stop_server
    serve --scope=cgroup --cgroups
    scrape
    metrics_are 'vmstat_cgroup_cpu_seconds_total{cgroup="/kubepods/pod1/ctr/worker",mode="user"} 0.000003' \
        'vmstat_cgroup_cpu_seconds_total{cgroup="/kubepods/pod1/ctr/worker",mode="system"} 0.000002'
}

@test "throttling: no samples without a quota, 0 where no period of one has ended" {
    requires_feature cgroup
    use_fixture v2
    serve --scope=cgroup --cgroups
    scrape
    fails grep -E '(periods|throttled_seconds)_total.*/ctr' "$T/metrics"
    stop_server
    echo '50000 100000' | write_file sys/fs/cgroup/kubepods/pod1/ctr/cpu.max
    serve --scope=cgroup --cgroups
    scrape
    metrics_are 'vmstat_cgroup_cpu_periods_total{cgroup="/kubepods/pod1/ctr"} 0' \
        'vmstat_cgroup_cpu_throttled_periods_total{cgroup="/kubepods/pod1/ctr"} 0' \
        'vmstat_cgroup_throttled_seconds_total{cgroup="/kubepods/pod1/ctr"} 0'
    fails grep -E '(periods|throttled_seconds)_total.*/worker' "$T/metrics"
}

@test "a v1 container: numbers of its files" {
    requires_feature cgroup
    use_fixture v1
    serve --scope=cgroup
    scrape
    c='{cgroup="/docker/c0ffee"}' l='{cgroup="/docker/c0ffee"'
    # usage 70 MiB of 100; total_inactive_file 2 MiB; swap is memsw less memory;
    # quota 75000 of 100000; throttled_time in ns
    metrics_are "vmstat_cgroup_memory_usage_bytes$c $((70 << 20))" "vmstat_cgroup_memory_limit_bytes$c $((100 << 20))" \
        "vmstat_cgroup_memory_free_bytes$c $((30 << 20))" "vmstat_cgroup_memory_working_set_bytes$c $((68 << 20))" \
        "vmstat_cgroup_swap_usage_bytes$c $((4 << 20))" "vmstat_cgroup_cpu_limit_cpus$c 0.75" \
        "vmstat_cgroup_cpu_seconds_total$l,mode=\"user\"} 9" "vmstat_cgroup_cpu_seconds_total$l,mode=\"system\"} 21" \
        "vmstat_cgroup_cpu_periods_total$c 1000" "vmstat_cgroup_cpu_throttled_periods_total$c 60" \
        "vmstat_cgroup_throttled_seconds_total$c 4" "vmstat_cgroup_oom_kills_total$c 4" \
        "vmstat_cgroup_disk_read_bytes_total$l,device=\"8:16\"} 1024000"
}

@test "labels: names that anybody has made are escaped" {
    requires_feature cgroup
    use_fixture v2
    dir=$T/f/sys/fs/cgroup/kubepods/pod1/ctr
    n=0
    for name in 'a"b' 'c\d' $'e\nf' $'\xc3\xa9' $'g\xffh' $'i\xc0\xafj' $'\xe2\x82' 'k{l="m"} 7' $'\xf0\x9f\x98\x80'; do
        mkdir "$dir/$name"
        echo $((n += 4096)) > "$dir/$name/memory.current"
    done
    serve --scope=cgroup --cgroups
    scrape
    p='vmstat_cgroup_memory_usage_bytes{cgroup="/kubepods/pod1/ctr/'
    metrics_are "$p"'a\"b"} 4096' "$p"'c\\d"} 8192' "$p"'e\nf"} 12288' "$p"$'\xc3\xa9"} 16384' \
        "$p"'g\\xffh"} 20480' "$p"'i\\xc0\\xafj"} 24576' "$p"'\\xe2\\x82"} 28672' \
        "$p"'k{l=\"m\"} 7"} 32768' "$p"$'\xf0\x9f\x98\x80"} 36864'
    iconv -f UTF-8 -t UTF-8 "$T/metrics" > /dev/null
}

@test "pods and containers: both drivers, all classes, every runtime" {
    requires_feature cgroup
    use_fixture v2
    top=$T/f/sys/fs/cgroup/kubepods
    u=01234567-89ab-cdef-0123-456789abcde s=01234567_89ab_cdef_0123_456789abcde
    id=$(printf 'f00d%060d' 0)
    paths=("pod${u}0/$id|${u}0|$id" "burstable/pod${u}1/$id|${u}1|$id" "besteffort/pod${u}2/$id|${u}2|$id"
        "kubepods-pod${s}3.slice/cri-containerd-$id.scope|${u}3|$id"
        "kubepods-burstable.slice/kubepods-burstable-pod${s}4.slice/crio-$id.scope|${u}4|$id"
        "kubepods-besteffort.slice/kubepods-besteffort-pod${s}5.slice/docker-$id.scope|${u}5|$id"
        "burstable/pod0123456789abcdef0123456789abcdef/$id|0123456789abcdef0123456789abcdef|$id"
        "burstable/pod${u}1|${u}1|" "kubepods-pod${s}3.slice|${u}3|" "system.slice/docker-$id.scope||$id"
        "docker/$id||$id" "podnothex/x||" "burstable/pod${u}Z||" "docker/${id}0||" "docker/${id%?}||")
    for path in "${paths[@]}"; do
        mkdir -p "$top/${path%%|*}"
        echo 8192 > "$top/${path%%|*}/memory.current"
    done
    serve --cgroup=/kubepods --cgroups=4
    scrape
    for path in "${paths[@]}"; do
        IFS='|' read -r where uid container <<< "$path"
        metrics_are "vmstat_cgroup_memory_usage_bytes{cgroup=\"/kubepods/$where\"${uid:+,pod_uid=\"$uid\"}${container:+,container_id=\"$container\"}} 8192"
    done
}

@test "children that find no room are counted, the others are all there" {
    requires_feature cgroup
    make_cgroups 2136 3
    serve --cgroup=/kubepods --cgroups=1
    scrape
    # 2136 and pod1 and pod2, of which config.h has 2048
    metrics_are 'vmstat_cgroups_left_out 90'
    [[ $(grep -c '^vmstat_cgroup_memory_usage_bytes{cgroup="/kubepods/' "$T/metrics") == 204[678] ]]
    rm -rf "$T/f/sys/fs/cgroup/kubepods/"[0-5]*
    scrape # finds that they are gone
    scrape
    metrics_are 'vmstat_cgroups_left_out 0'
    [[ $(grep -c '^vmstat_cgroup_memory_usage_bytes{cgroup="/kubepods/[6-9]' "$T/metrics") == 444 ]]
}

@test "v1: cgroups of two hierarchies that have the same inode number are two" {
    requires_feature cgroup
    requires_mount_namespace
    use_fixture v1
    # Each of these file systems counts its inodes by itself, as hierarchies do.
    : > "$T/err"
    unshare -m --propagation private sh -ec '
        cd "$0/f/sys/fs/cgroup"
        for d in memory cpu,cpuacct; do
            mv $d $d.old
            mkdir $d
            mount -t tmpfs none $d
            mkdir $d/of-$d
            cp -r $d.old/. $d
        done
        echo 4096 > memory/of-memory/memory.usage_in_bytes
        cp cpu,cpuacct/cpu*.* cpu,cpuacct/of-cpu,cpuacct
        stat -c %i memory/of-memory cpu,cpuacct/of-cpu,cpuacct > "$0/inodes"
        exec "$VMSTAT" "--proc=$0/f/proc" "--sys=$0/f/sys" --scope=cgroup --cgroups --listen=0' "$T" \
        > "$T/out" 2> "$T/err" 3>&- &
    server=$!
    listens
    scrape
    [[ $(uniq "$T/inodes" | wc -l) == 1 ]] || skip "no two inodes of one number"
    metrics_are 'vmstat_cgroup_memory_usage_bytes{cgroup="/docker/c0ffee/of-memory"} 4096' \
        'vmstat_cgroup_cpu_seconds_total{cgroup="/docker/c0ffee/of-cpu,cpuacct",mode="user"} 9'
}

# ------------------------------------------------------------- what it gave up

@test "the process: no new privileges, a filter, and its metrics of itself" {
    before=$(date +%s)
    serve
    get /healthz
    [[ $(sed -n 's/^NoNewPrivs:\t//p' "/proc/$server/status") == 1 ]]
    if ! grep -q 'without seccomp' "$T/err"; then
        [[ $(sed -n 's/^Seccomp:\t//p' "/proc/$server/status") == 2 ]]
    fi
    fails grep -E '^[^ ]+ .wx' "/proc/$server/maps"
    scrape
    [[ $(sed -n 's/^process_resident_memory_bytes //p' "$T/metrics") -gt 4096 ]]
    [[ $(sed -n 's/^process_resident_memory_bytes //p' "$T/metrics") -lt 2097152 ]]
    start=$(sed -n 's/^process_start_time_seconds //p' "$T/metrics")
    ((${start%.*} <= $(date +%s) && ${start%.*} >= before))
    grep -q '^process_cpu_seconds_total 0' "$T/metrics"
}

@test "a Landlock rule that cannot be added is said, and the numbers are there" {
    serve
    ! grep -q 'without Landlock' "$T/err" || skip "no Landlock in this kernel"
    stop_server
    serve_watched landlock_add_rule EINVAL
    grep -qx 'vmstat: sandbox: without Landlock: Invalid argument' "$T/err"
    scrape
    metrics_are 'vmstat_context_switches_total 2567000'
    stop_server
}

@test "the program: position-independent, without an interpreter, RELRO, bound at once, no executable stack" {
    requires_tool readelf
    local program=${RUNS:-$VMSTAT} # behind a program that runs it
    program=${program##* }
    [[ $(readelf -hW "$program") == *"DYN ("* ]]
    segments=$(readelf -lW "$program")
    [[ $segments != *INTERP* && $segments == *GNU_RELRO* ]]
    [[ $(readelf -dW "$program") == *BIND_NOW* ]]
    [[ $segments =~ GNU_STACK[^$'\n']*\ RW\  ]]
    fails grep -q ' RWE ' <<< "$segments"
}

@test "as nobody, without capabilities, on a read-only root" {
    requires_mount_namespace
    requires_tool setpriv
    dir=$(mktemp -d /tmp/vmstat-test.XXXXXX)
    cp "$VMSTAT" "$dir/vmstat"
    chmod 755 "$dir"
    : > "$T/err"
    unshare -m --propagation private sh -c '
        mount -o remount,bind,ro / || exit 77
        ! touch /vmstat-test 2>/dev/null || exit 78
        exec setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --inh-caps -all \
            --no-new-privs "$0/vmstat" --listen=127.0.0.1:0' "$dir" > "$T/out" 2> "$T/err" 3>&- &
    server=$!
    listens || { code=0; wait $server || code=$?; rm -rf "$dir"; [[ $code != 77 ]] || skip "/ cannot be read-only"; false; }
    rm -rf "$dir"
    [[ $(sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' "/proc/$server/status") == 65534 ]]
    [[ $(sed -n 's/^CapEff:\t//p' "/proc/$server/status") =~ ^0+$ ]]
    scrape
    grep -Eq '^vmstat_(cgroup_)?context_switches_total' "$T/metrics"
    stop_server
}

@test "a cgroup of which nothing can be read: an error" {
    requires_feature cgroup
    use_fixture v2
    rm "$T"/f/sys/fs/cgroup/kubepods/pod1/ctr/{cpu,cpuset,memory,io,irq}.* "$T"/f/sys/fs/cgroup/kubepods{,/pod1}/{cpu,memory}.*
    rm -r "$T/f/proc/meminfo" "$T/f/sys/devices" "$T"/f/sys/fs/cgroup/kubepods/pod1/ctr/{cgroup.threads,worker}
    echo 0 | write_file sys/fs/cgroup/kubepods/pod1/ctr/cgroup.procs # of another namespace
    run_vmstat --prometheus --scope=cgroup
    fails_with '*no numbers can be read*'
}

@test "the page covers ten minutes, however often it takes a report" {
    requires_feature listen
    local delay minutes
    for delay in 2:10 10:10 60:10 1:5 0.4:2 600:20; do
        minutes=${delay#*:} delay=${delay%:*}
        serve --scope=host "$delay"
        get /
        answers 200
        [[ $(body) == *"the last $minutes minutes"* ]] || { echo "^^^ $delay"; body | tail -n 3; false; }
        stop_server
    done
    ! has_feature cgroup || {
        use_fixture v2
        serve --scope=host --cgroups
        get /
        [[ $(body) == *"the last 10 minutes"* && $(body) != *"<tr></tr>"* ]] || { body | tail -n 9; false; }
    }
}

# page ARGS...: of a server that has taken some reports. panels: their labels, in their order.
page() {
    # Long enough that ticks which the kernel counts late are not missed.
    serve "$@" 0.3
    sleep 1
    get /
    answers 200
    stop_server
}

panels() { body | grep -o 'role="img" aria-label="[^"]*"' | cut -d'"' -f4; }

@test "the page: what alerts comes first, in words and as a panel" {
    requires_feature alerts
    page --proc=/proc --sys=/sys --scope=host --alert=cs=0.5,1 --alert=maj=1000000
    [[ $(panels | head -n 1) == 'Context switches, critical:  now '*'  (warning 0.5, critical 1)' ]] || { panels; false; }
    [[ $(body) == *'<li class="critical">CPU THRASHING: '* && $(body) == *'<text class="now crits" x="386" y="28">'* ]] || { body; false; }
    page --proc=/proc --sys=/sys --scope=host $CALM
    [[ $(panels | head -n 1) == CPU:* && $(body) == *'<li>Nothing is wrong.</li>'* ]] || { panels; false; }
    # Of a cgroup: 20 of 24 MiB are 83 %.
    ! has_feature cgroup || {
        in_v2
        page --scope=cgroup --alert=mem_pct=50,99
        [[ $(panels) == 'Memory, warning:  now 83%  min 83%  avg 83%  max 83%  (warning 50%, critical 99%)'$'\n'* ]] || { panels; false; }
        [[ $(body) == *'<li class="warning">MEMORY NEAR LIMIT: 83% of the limit'*'</li>'* ]]
        [[ $(body) == *'<text class="now warns" x="386" y="28">83%</text>'* ]]
    }
}

@test "the page: CPU is one panel, of layers; a panel without a value is left out" {
    page --proc=/proc --sys=/sys --scope=host $CALM
    [[ $(panels | grep -c '^CPU: .*: us [0-9.]*%, sy [0-9.]*%, wa [0-9.]*%, st [0-9.]*%, gu [0-9.]*%$') == 1 ]] || { panels; false; }
    [[ $(body | grep -o 'class="layer [a-z]*"' | tr -d '\n') == \
        'class="layer gu"class="layer st"class="layer wa"class="layer sy"class="layer us"' ]] || { body; false; }
    ! panels | grep '^Throttled' || false
    ! has_feature cgroup || {
        in_v2
        page --scope=cgroup $CALM
        panels | grep '^Working set: '
        fails grep -e '^I/O pressure' -e '>unavailable<' <(panels; body)
    }
}
