#!/bin/sh
# report.sh - writes the report of portability.sh, without anything that tells who or where
# SPDX-License-Identifier: BSD-3-Clause
#
# Sourced by portability.sh. LOG_LINES and LOG_BYTES bound what is shown of one log, LOGS_SHOWN how many.
LOG_LINES=250 LOG_BYTES=30000 LOGS_SHOWN=30

# ---- what must not be in it ------------------------------------------------------------------------------------

find_awk() {
    for awk in awk nawk gawk mawk; do
        has $awk || continue
        [ "$(echo a | $awk 'function f(x) { return toupper(x) } { print f($0) }' 2>/dev/null)" = A ] && return
    done
    give_up "there is no awk with functions"
}

# secret WORD REPLACEMENT: one to be replaced wherever it stands as a word of its own
secret() {
    case $1 in
    '' | / | . | root | localhost | localhost.* | goldcrest | build | none) return ;;
    esac
    system=$(uname -s | tr 'A-Z' 'a-z')
    [ "$(printf '%s' "$1" | tr 'A-Z' 'a-z')" != "$system" ] || return 0
    printf '%s\t%s\n' "$1" "$2" >>"$work/secrets"
}

path_secret() {
    [ -n "$1" ] && [ -d "$1" ] || return 0
    secret "$1" "$2"
    secret "$(cd "$1" && pwd -P)" "$2"
}

# Longer ones come first, as a home folder is part of the others.
find_secrets() {
    : >"$work/secrets"
    path_secret "$work" BUILD
    path_secret "$top" SOURCE
    path_secret "$(dirname "$output")" FOLDER
    path_secret "${HOME:-}" HOME
    path_secret "$given_tmp" TMP
    me=$(id -un 2>/dev/null || echo "${LOGNAME:-${USER:-}}")
    for name in "$me" "${LOGNAME:-}" "${USER:-}" "${SUDO_USER:-}" "${DOAS_USER:-}"; do secret "$name" USER; done
    secret "$(sed -n "s/^$me:[^:]*:[^:]*:[^:]*:\([^:,]*\).*/\1/p" /etc/passwd 2>/dev/null)" NAME
    for host in "$(uname -n)" "$(hostname 2>/dev/null)"; do
        secret "$host" HOST
        secret "${host%%.*}" HOST
        case $host in *.*.*) secret "${host#*.}" DOMAIN ;; esac
    done
    sort -u "$work/secrets" | $awk '{ printf "%06d\t%s\n", length($0), $0 }' | sort -r |
        cut -f 2- >"$work/secrets.sorted"
}

# Takes out secrets, addresses of networks, of mail and of hardware; 127.0.0.1, 0.0.0.0, :: and ::1 stay.
clean() {
    $awk -v secrets="$work/secrets.sorted" '
BEGIN {
    while ((getline line < secrets) > 0) {
        tab = index(line, "\t")
        word[++words] = tolower(substr(line, 1, tab - 1))
        instead[words] = substr(line, tab + 1)
    }
}
function is_letter(c) { return c ~ /[A-Za-z0-9_]/ }
function replace(text, secret, by,    low, at, out, before, after) {
    low = tolower(text)
    out = ""
    while ((at = index(low, secret)) > 0) {
        before = at > 1 ? substr(low, at - 1, 1) : ""
        after = substr(low, at + length(secret), 1)
        if ((before != "" && is_letter(before) && is_letter(substr(secret, 1, 1))) ||
            (after != "" && is_letter(after)))
            out = out substr(text, 1, at + length(secret) - 1)
        else out = out substr(text, 1, at - 1) by
        text = substr(text, at + length(secret))
        low = substr(low, at + length(secret))
    }
    return out text
}
function is_address(token,    part, n, i, colons, copy) {
    copy = token
    colons = gsub(/:/, ":", copy)
    if (colons >= 5 && token ~ /[0-9A-Fa-f]/) return 1
    if (token ~ /[0-9A-Fa-f]::/) return 1
    if (token ~ /^::[0-9A-Fa-f]/) return token !~ /^::1$/ && token !~ /^::ffff:(127|0)\./ && token !~ /^::1:/
    sub(/:.*/, "", token)
    n = split(token, part, ".")
    if (n != 4) return 0
    for (i = 1; i <= 4; i++) if (part[i] !~ /^[0-9][0-9]?[0-9]?$/ || part[i] + 0 > 255) return 0
    return part[1] + 0 != 127 && token != "0.0.0.0"
}
function addresses(text,    out, token, before, after) {
    out = ""
    while (match(text, /[0-9A-Fa-f:.]+/)) {
        token = substr(text, RSTART, RLENGTH)
        before = RSTART > 1 ? substr(text, RSTART - 1, 1) : ""
        after = substr(text, RSTART + RLENGTH, 1)
        out = out substr(text, 1, RSTART - 1)
        text = substr(text, RSTART + RLENGTH)
        tail = ""
        if (match(token, /[.]+$/)) { tail = substr(token, RSTART); token = substr(token, 1, RSTART - 1) }
        else if (match(token, /[^:]:$/)) { tail = ":"; token = substr(token, 1, RSTART) }
        out = out (!is_letter(before) && !is_letter(after) && is_address(token) ? "ADDRESS" : token) tail
    }
    return out text
}
{
    text = $0
    for (i = 1; i <= words; i++) text = replace(text, word[i], instead[i])
    gsub(/[A-Za-z0-9._+-]+@[A-Za-z][A-Za-z0-9.-]*/, "MAIL", text)
    gsub(/[\001-\010\013-\037]/, "", text)
    print addresses(text)
}'
}

# ---- what is in it ---------------------------------------------------------------------------------------------

chapter() { printf '\n---- %s ----\n\n' "$*"; }

indented() { sed 's/^/  /'; }

# excerpt FILE: its end, bounded
excerpt() {
    [ -f "$1" ] || { say "  (there is no log)"; return; }
    lines=$(wc -l <"$1" | tr -d ' ')
    [ "$lines" -le $LOG_LINES ] || say "  (the last $LOG_LINES of $lines lines)"
    tail -n $LOG_LINES "$1" | cut -c 1-400 | tail -c $LOG_BYTES | indented
}

first_line() { "$@" 2>&1 </dev/null | sed -n '/./{p;q;}'; }

system_facts() {
    say "  system      $(uname -s) $(uname -r) $(uname -m) $(uname -p 2>/dev/null)"
    [ "$(uname -s)" = Linux ] || say "  version     $(uname -v)"
    for file in /etc/os-release /etc/release /etc/redhat-release; do
        [ -f $file ] || continue
        say "  release     $(sed -n -e 's/^PRETTY_NAME=//p' -e '/^ /p' $file | sed 's/^ *//;q')"
        break
    done
    has sw_vers && say "  release     macOS $(sw_vers -productVersion 2>/dev/null)"
    say "  shell       $(shell_version)"
    say "  compiler    $CC: $(first_line ${CC:-cc} --version)"
    say "  make        ${make:-none}: $(make_version)"
    say "  libc        $(libc_version)"
    say "  processors  ${jobs:-?}"
    say "  user        $([ "$(id -u 2>/dev/null)" = 0 ] && echo root || echo ordinary)"
    for name in CFLAGS CPPFLAGS LDFLAGS PKG_CONFIG_PATH; do eval "say \"  $name = \${$name:-}\""; done
    for tool in pkg-config python3 curl openssl autoconf perl; do
        has $tool || continue
        case $tool in
        openssl) say "  openssl     $(first_line openssl version)" ;;
        perl) say "  perl        $(perl -e 'print $]' 2>/dev/null)" ;;
        *) say "  $tool: $(first_line $tool --version)" ;;
        esac
    done
}

shell_version() {
    version=${BASH_VERSION:+bash $BASH_VERSION}${KSH_VERSION:+ksh $KSH_VERSION}${ZSH_VERSION:+zsh $ZSH_VERSION}
    say "${version:-sh}"
}

make_version() {
    case $(first_line $make --version) in
    GNU*) first_line $make --version ;;
    *) say "MAKE_VERSION $(printf 'all:\n\t@echo $(MAKE_VERSION)\n' | $make -f - all 2>/dev/null | sed 1q)" ;;
    esac
}

libc_version() {
    version=$(getconf GNU_LIBC_VERSION 2>/dev/null) && [ -n "$version" ] && { say "$version"; return; }
    case $(ldd --version 2>&1) in
    *musl*) ldd --version 2>&1 | sed -n '1,2p' | tr '\n' ' ' ;;
    *) say "the system's" ;;
    esac
}

sysctls() {
    has sysctl || { say "  (there is no sysctl)"; return; }
    for name in kern.maxfiles kern.maxfilesperproc kern.somaxconn kern.ipc.somaxconn kern.ipc.soacceptqueue \
        kern.ipc.maxsockbuf kern.sbmax net.inet.tcp.sendspace net.inet.tcp.recvspace net.inet.tcp.sendbuf_max \
        net.inet.tcp.delayed_ack net.inet.tcp.msl net.inet.tcp.blackhole net.inet6.ip6.v6only kern.osreldate \
        kern.timecounter.hardware vfs.aio.max_aio_queue hw.ncpu hw.pagesize hw.byteorder fs.file-max fs.nr_open \
        net.core.somaxconn net.core.wmem_max net.ipv4.tcp_wmem net.ipv4.tcp_rmem net.ipv4.tcp_fin_timeout \
        net.ipv4.ip_local_port_range net.ipv6.bindv6only kernel.io_uring_disabled security.bsd.see_other_uids; do
        value=$(sysctl -n "$name" 2>/dev/null) && [ -n "$value" ] && say "  $name = $value"
    done
}

# Lines "seconds status program" of within, for one test
seconds_of() {
    $awk -v name="${1##*/}" '{ n = $3; sub(/.*\//, "", n) } n == name { s = $1 } END { print s + 0 }' "$work/times"
}

test_results() {
    while read -r result name; do
        log=$work/b/${name%.sh}.log
        note=
        case $result in
        SKIP:) note=$(grep -i -e skip "$log" 2>/dev/null | sed 1q) ;;
        *) note=$(grep -E '[0-9]+ passed, [0-9]+ failed|[0-9]+%: Checks' "$log" 2>/dev/null | tail -n 1) ;;
        esac
        printf '  %-5s %8s s  %s%s\n' "${result%:}" "$(seconds_of "$name")" "$name" "${note:+  ($note)}"
    done <"$work/results"
    unfinished
}

# make was ended, or a test could not be started
unfinished() {
    [ -d "$work/b/tests" ] || return 0
    find "$work/b/tests" -name '*.log' ! -name test-suite.log 2>/dev/null | sort | while read -r log; do
        [ -f "${log%.log}.trs" ] || say "  no result       ${log#"$work/b/"}: it was still running"
    done
}

skips_within() {
    find "$work/b/tests" -name '*.log' ! -name test-suite.log -exec grep -h -E '^ *(SKIP|skip|skipped)[ :]' {} + \
        2>/dev/null | sort | uniq | sed 150q | cut -c 1-200 | indented
}

conformance_results() {
    for log in "$work"/conformance.*; do
        [ -f "$log" ] || continue
        say "  ${log##*/conformance.}: $(tail -n 1 "$log")"
        grep -E '^(FAIL|SKIP)' "$log" | sed 60q | indented
    done
}

failure_logs() {
    shown=0
    [ ! -s "$work/gave_up.log" ] || { chapter "why it could not be tried"; excerpt "$work/gave_up.log"; }
    if [ ! -f "$work/b/config.status" ] && [ -s "$work/configure.out" ]; then
        chapter "configure"
        excerpt "$work/configure.out"
        chapter "config.log, up to its variables"
        sed '/^## Cache variables/,$d' "$work/b/config.log" 2>/dev/null >"$work/config.part"
        excerpt "$work/config.part"
    fi
    for log in build check-build plain; do
        grep -q -x "$log" "$work/broken" 2>/dev/null || continue
        chapter "$log"
        excerpt "$work/$log.out"
    done
    grep -E '^(FAIL|ERROR|XPASS): ' "$work/results" | while read -r result name; do
        shown=$((shown + 1))
        [ $shown -le $LOGS_SHOWN ] || { say "(more logs are not shown)"; break; }
        chapter "$result $name"
        excerpt "$work/b/${name%.sh}.log"
    done
    for log in "$work"/conformance.* "$work/smoke.out"; do
        grep -q -e '^FAIL' "$log" 2>/dev/null || continue
        chapter "${log##*/}"
        excerpt "$log"
    done
}

warnings() {
    cat "$work/build.out" "$work/check-build.out" 2>/dev/null | grep 'warning:' | sort | uniq -c | sort -r -n |
        sed 60q | cut -c 1-300
}

sources() {
    if [ -e "$top/.git" ] && has git; then
        (cd "$top" && echo "revision $(git rev-parse --short=12 HEAD 2>/dev/null)")
    else
        echo "an archive"
    fi
}

content() {
    say "goldcrest $(sed -n 's/^AC_INIT(\[goldcrest\], \[\(.*\)\])/\1/p' "$top/configure.ac"): portability report"
    say "by tests/portability.sh$([ $quick = no ] || echo ' --quick') on $(date -u '+%Y-%m-%d'), of $(sources)"
    say "It has no names, addresses or environment."
    chapter "outcome"
    if [ -s "$work/gave_up" ]; then say "  It could not be tried: $(cat "$work/gave_up")"
    elif [ -s "$work/failures" ]; then sed 's/^/  FAILED  /' "$work/failures"
    else say "  everything passed"; fi
    [ -z "${left_out:-}" ] || say "  left out, as configure did not find them:$left_out"
    chapter "system"
    system_facts
    chapter "limits"
    (ulimit -a 2>/dev/null || ulimit -n) | indented
    chapter "sysctl"
    sysctls
    chapter "what the kernel and the headers say"
    if [ -x "$work/facts" ]; then "$work/within" 60 - "$work/facts" 2>&1 | indented; fi
    [ -x "$work/facts" ] || excerpt "$work/facts.out"
    [ -f "$work/b/config.status" ] || [ -f "$work/b/config.log" ] || { failure_logs; return; }
    chapter "configure"
    sed -n '/ is configured:$/,/^Now: /p' "$work/configure.out" 2>/dev/null
    chapter "config.h"
    sed -n -e 's/^#define \([A-Z_a-z0-9()]*\) \(.*\)/\1 = \2/p' -e 's,^/\* #undef \(.*\) \*/,\1 is not defined,p' \
        "$work/b/config.h" 2>/dev/null | indented
    chapter "warnings of the compiler"
    warnings
    chapter "tests"
    test_results
    chapter "conformance of the event backends"
    conformance_results
    chapter "smoke test of the installed server"
    grep -v '^+' "$work/smoke.out" 2>/dev/null | indented
    chapter "parts of tests that were skipped"
    skips_within
    chapter "timings"
    cat "$work/timings"
    failure_logs
    chapter "end of the report"
}

write_report() {
    content >"$work/report" 2>&1
    clean <"$work/report" >"$output"
}
