#!/bin/sh
# smoke.sh - the installed server for a minute: starts, answers, reloads, ends
# SPDX-License-Identifier: BSD-3-Clause
#
# Sourced by portability.sh; each line of its log begins with ok, FAIL or skip.

smoke_say() { printf '%s\n' "$*" >>"$work/smoke.out"; }

# expect WHAT PROGRAM ARGUMENT…: one thing that must be so
expect() {
    what=$1
    shift
    if "$@" >>"$work/smoke.log" 2>&1; then smoke_say "ok    $backend: $what"; else
        smoke_say "FAIL  $backend: $what"
        smoke_failures=$((smoke_failures + 1))
    fi
}

smoke_conf() {
    cat >"$work/smoke.conf" <<TEXT
server.document-root = "$work/site"
server.bind          = "127.0.0.1"
server.port          = $port
server.errorlog      = "$work/smoke.errors"
server.event-handler = "$backend"
server.max-worker    = 2
server.graceful-shutdown-timeout = 5
index-file.names     = ( "index.html" )
server.tag           = "smoke-$1"
mimetype.assign      = ( ".html" => "text/html", ".bin" => "application/octet-stream" )
TEXT
}

smoke_site() {
    mkdir -p "$work/site/files" || return
    echo "<p>It works.</p>" >"$work/site/index.html"
    n=0
    while [ $n -lt 4000 ]; do
        echo "line $n of a file that fits neither into one packet nor into the buffer of a socket, on whatever system"
        n=$((n + 1))
    done >"$work/site/files/large.bin"
}

ask() { "$work/client" get "$port" "$1" >"$work/got" 2>"$work/head"; }
same() { ask "$1" && cmp "$work/got" "$work/site$2" && grep '^HTTP/1.. 200' "$work/head"; }
refuses() { ask "$1" && grep "^HTTP/1.. $2" "$work/head"; }
tagged() { ask / && grep -i "^server: smoke-$1" "$work/head"; }
alive() { kill -0 "$server" 2>/dev/null; }

pipelined() {
    {
        printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
        printf 'GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    } | "$work/client" raw "$port" >"$work/got" && grep 'HTTP/1.1 200' "$work/got" && grep 'HTTP/1.1 404' "$work/got"
}

# Twenty times, since a signal takes its time.
retagged() {
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        tagged "$1" && return
        sleep 1
    done
    return 1
}

# What this system's users would take; each only if it is there.
others_ask() {
    url=http://127.0.0.1:$port/files/large.bin
    for program in curl wget fetch ftp; do
        has $program || { smoke_say "skip  $backend: there is no $program"; continue; }
        rm -f "$work/fetched"
        case $program in
        curl) set -- -s -o "$work/fetched" ;;
        wget) set -- -q -O "$work/fetched" ;;
        fetch) set -- -q -o "$work/fetched" ;;
        ftp) set -- -V -o "$work/fetched" ;;
        esac
        cleanly "$work/within" 60 - $program "$@" "$url" >>"$work/smoke.log" 2>&1 </dev/null
        if [ $program = ftp ] && [ ! -s "$work/fetched" ]; then
            smoke_say "skip  $backend: this ftp knows no HTTP"
            continue
        fi
        expect "$program gets the large file" cmp "$work/fetched" "$work/site/files/large.bin"
    done
}

# The server is run by within, which passes TERM on to its group; other signals go to the server itself.
start_server() {
    become "$work/within" 300 - sh -c 'echo $$ >"$0"; exec "$@"' "$work/smoke.pid" \
        "$program_path" -D -f "$work/smoke.conf" >>"$work/smoke.log" 2>&1 </dev/null &
    running=$!
    "$work/client" wait "$port" || return 1
    server=$(cat "$work/smoke.pid")
}

ended_well() {
    wait "$running"
    status=$?
    running=
    [ $status -eq 0 ] && "$work/client" gone "$port"
}

smoke_backend() {
    port=$("$work/client" port)
    smoke_conf one
    expect "its configuration is understood" "$program_path" -t -f "$work/smoke.conf"
    if ! start_server; then
        smoke_say "FAIL  $backend: it does not start"
        smoke_failures=$((smoke_failures + 1))
        [ -z "$running" ] || { kill -TERM "$running" 2>/dev/null; wait "$running"; }
        running=
        return
    fi
    expect "GET /" same / /index.html
    expect "GET of a large file" same /files/large.bin /files/large.bin
    expect "404" refuses /nothing 404
    expect "two requests at once, from a client that has half-closed" pipelined
    others_ask
    smoke_conf two
    kill -USR1 "$server"
    expect "SIGUSR1: the new configuration holds" retagged two
    kill -HUP "$server"
    expect "SIGHUP: it goes on" same / /index.html
    signal=TERM
    [ "$1" != first ] || signal=INT
    kill -$signal "$server"
    expect "SIG$signal: it ends, with status 0, and the port is free" ended_well
}

install_server() {
    prefix=$(sed -n 's/^S\["prefix"\]="\(.*\)"$/\1/p' "$work/b/config.status")
    case $prefix in '' | NONE | *'$'*) prefix=/usr/local ;; esac
    : >"$work/install.out"
    within "$work/b" 600 "$work/install.out" $make install DESTDIR="$work/root" || return 1
    program_path=$work/root$prefix/sbin/goldcrest
    [ -x "$program_path" ] || program_path=$(find "$work/root" -name goldcrest -type f -perm -100 | sed 1q)
    [ -n "$program_path" ]
}

smoke() {
    progress "the installed server: start, requests, signals, end"
    smoke_failures=0 backend=install
    : >"$work/smoke.out" && : >"$work/smoke.log"
    if ! install_server; then
        smoke_say "FAIL  make install"
        tail -n 40 "$work/install.out" >>"$work/smoke.out"
        failed "make install"
        return
    fi
    smoke_say "ok    make install"
    smoke_site
    place=first
    for backend in $(backends_built); do
        smoke_backend $place
        place=other
    done
    [ $smoke_failures -eq 0 ] || {
        failed "smoke test: $smoke_failures things"
        smoke_say "What was said meanwhile:"
        tail -n 60 "$work/smoke.log" "$work/smoke.errors" >>"$work/smoke.out" 2>/dev/null
    }
    say "  $(grep -c '^ok' "$work/smoke.out") passed, $smoke_failures failed"
    timed "smoke test"
}
