#!/bin/sh
# portability.sh - everything that can be found out on this system, in one command, into a report
# SPDX-License-Identifier: BSD-3-Clause
#
# Some systems' /bin/sh is older than POSIX: these lines are in its language, and look for a better one.
if (eval 'a=ab && test "$(echo "${a%b}")$((1 + 1))" = a2') >/dev/null 2>&1; then
    :
else
    for shell in /usr/xpg4/bin/sh /usr/bin/ksh /bin/ksh /usr/local/bin/bash /opt/local/bin/bash /usr/bin/bash; do
        if test -x "$shell"; then exec "$shell" "$0" ${1+"$@"}; fi
    done
    echo "portability.sh: this needs a POSIX shell: run it as SHELL $0" >&2
    exit 2
fi

set -u
umask 022
LC_ALL=C
export LC_ALL

usage() {
    cat <<'TEXT'
usage: tests/portability.sh [options] [-- arguments for configure]

Configures, builds and tests goldcrest on this system, in a folder of its own, and writes one report to send:
./portability-report.txt. Nothing is installed, nothing outside of that folder is touched, no network but the loopback
is used. It takes about half an hour; an old machine may need hours. No step waits for ever.

  --quick          without the live tests, which take most of the time
  --output FILE    where the report goes
  --limit SECONDS  the longest that a single test may take (3600)
  --keep           keep the build folder
  --help           this text

environment: CC, CFLAGS, CPPFLAGS, LDFLAGS, PKG_CONFIG_PATH, MAKE, JOBS, TMPDIR are respected.
The report has no host name, user name, home folder, environment or address; read it before you send it.
exit status: 0 everything passed, 1 something failed, 2 it could not be tried (the report says why)
TEXT
}

say() { printf '%s\n' "$*"; }
die() {
    printf 'portability.sh: %s\n' "$*" >&2
    exit 2
}
has() { command -v "$1" >/dev/null 2>&1; }

output=portability-report.txt quick=no keep=no test_limit=3600
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes ;;
    --keep) keep=yes ;;
    --output | --limit)
        [ $# -gt 1 ] || die "$1 needs a value"
        if [ "$1" = --output ]; then output=$2; else test_limit=$2; fi
        shift
        ;;
    --output=*) output=${1#*=} ;;
    --limit=*) test_limit=${1#*=} ;;
    -h | --help) usage; exit 0 ;;
    --) shift; break ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
case $test_limit in '' | *[!0-9]* | 0) die "--limit is a number of seconds, not \"$test_limit\"" ;; esac
case $output in /*) ;; *) output=$(pwd)/$output ;; esac
top=$(cd "$(dirname "$0")/.." && pwd) || die "where am I?"
parts=$top/tests/portability
. "$parts/places.sh"
. "$parts/report.sh"
. "$parts/smoke.sh"

# ---- a folder, and how it ends -------------------------------------------------------------------------------

work= running=

tidy() {
    [ -n "$work" ] && [ -d "$work" ] || return 0
    if [ $keep = yes ]; then say "The build folder is kept: $work"; else rm -rf "$work"; fi
    work=
}

interrupted() {
    trap '' HUP INT TERM
    [ -z "$running" ] || { kill -TERM "$running" 2>/dev/null; wait "$running"; }
    say "Interrupted; what was started is ended, and there is no report."
    keep=no
    tidy
    exit 2
}

# A folder where programs may run, with a short name: the path of a socket has at most some hundred bytes. What runs
# has its temporary files beside it.
make_work() {
    umask 077
    short=${TMPDIR:-/tmp}
    [ ${#short} -le 32 ] || short=/tmp
    for place in "$short" /tmp /var/tmp "${TMPDIR:-/tmp}" "$(pwd)"; do
        for try in "" a b c d; do
            work=$place/gcp$$$try
            mkdir "$work" 2>/dev/null || continue
            printf '#!/bin/sh\nexit 0\n' >"$work/runs" && chmod 700 "$work/runs" && "$work/runs" 2>/dev/null &&
                { umask 022; chmod 755 "$work"; given_tmp=${TMPDIR:-} TMPDIR=$place; export TMPDIR; return 0; }
            rm -rf "$work"
        done
    done
    work=
    die "there is no folder in which programs may run; set TMPDIR"
}

# ---- running things ------------------------------------------------------------------------------------------

# become PROGRAM ARGUMENT…: with those variables that a build depends on, and no others
become() {
    kept=
    for name in CC CFLAGS CPPFLAGS LDFLAGS LIBS PKG_CONFIG PKG_CONFIG_PATH PKG_CONFIG_LIBDIR LD_LIBRARY_PATH \
        TMPDIR DYLD_LIBRARY_PATH SDKROOT DEVELOPER_DIR MACOSX_DEPLOYMENT_TARGET TZ AUTOCONF_VERSION \
        AUTOMAKE_VERSION PYTHON; do
        eval "[ -n \"\${$name:-}\" ]" && kept="$kept $name=\"\$$name\""
    done
    eval "exec env -i HOME=\"\${HOME:-/}\" PATH=\"\$PATH\" LC_ALL=C $kept \"\$@\""
}
cleanly() { (become "$@"); }

# within FOLDER SECONDS LOG PROGRAM ARGUMENT…: 124 if its time was over. In the background, so that Ctrl-C is heard.
within() {
    folder=$1 limit=$2 log=$3
    shift 3
    (cd "$folder" && become "$work/within" "$limit" "$work/times" "$@") >>"$log" 2>&1 </dev/null &
    running=$!
    wait "$running"
    status=$?
    running=
    return $status
}

step=0 steps=7
progress() {
    step=$((step + 1))
    say "$step of $steps: $*"
}

now() { date '+%s' 2>/dev/null | sed 's/[^0-9].*//'; }

# timed NAME: how long it is since the last call
begun=$(now)
timed() {
    ended=$(now)
    printf '  %-22s %s s\n' "$1" "$((${ended:-0} - ${begun:-0}))" >>"$work/timings"
    begun=$ended
}

# ---- 1: what is here -----------------------------------------------------------------------------------------

compiles() {
    printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' >"$work/a.c"
    ${1:-false} ${CFLAGS:-} -o "$work/a" "$work/a.c" >"$work/compiler.out" 2>&1 && "$work/a" >/dev/null 2>&1
}

find_compiler() {
    for compiler in ${CC:+"$CC"} cc gcc clang c99; do
        has "${compiler%% *}" && compiles "$compiler" && { CC=$compiler; return 0; }
    done
    return 1
}

# A make that includes files and has suffix rules: GNU's and the BSDs', not an old Solaris'.
find_make() {
    printf 'NAMES = a.x b.x\ninclude %s/included\nall: $(NAMES:.x=.y)\n.SUFFIXES: .x .y\n' "$work" >"$work/makefile"
    printf '.x.y:\n\t@cp $< $@\n' >"$work/included"
    for make in ${MAKE:+"$MAKE"} gmake make bmake; do
        has "${make%% *}" || continue
        rm -f "$work"/?.y
        : >"$work/a.x" && : >"$work/b.x"
        (cd "$work" && cleanly $make -j 2 -f makefile all) >"$work/make.out" 2>&1 && [ -f "$work/b.y" ] &&
            return 0
    done
    return 1
}

find_jobs() {
    jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)}
    case $jobs in '' | *[!0-9]* | 0) jobs=2 ;; esac
}

# Without arguments, since the old system may have what the new has not.
build_helpers() {
    libs=
    for try in "" "-lsocket -lnsl"; do
        cleanly $CC ${CFLAGS:-} -o "$work/client" "$parts/client.c" $try >"$work/compiler.out" 2>&1 &&
            libs=$try && break
    done
    cleanly $CC ${CFLAGS:-} -o "$work/within" "$parts/within.c" >>"$work/compiler.out" 2>&1 &&
        [ -x "$work/client" ] || return 1
    cleanly $CC ${CFLAGS:-} -D_GNU_SOURCE -D__EXTENSIONS__ -o "$work/facts" "$parts/facts.c" $libs \
        >"$work/facts.out" 2>&1 || :
}

look() {
    progress "looking at the system"
    find_tools
    find_width
    find_places
    find_awk
    find_secrets
    find_compiler || give_up "there is no C compiler that makes programs which run: install one, or set CC" \
        compiler.out
    find_make || give_up "there is no make that includes files: install GNU make or bmake, or set MAKE" make.out
    find_jobs
    build_helpers || give_up "two small C programs of ours could not be compiled" compiler.out
    timed looking
}

# ---- 2: configure --------------------------------------------------------------------------------------------

# The sources as they are, or a copy where configure has to be made or would not run beside what is there.
find_source() {
    source=$top
    [ -x "$top/configure" ] && [ -f "$top/Makefile.in" ] && [ ! -f "$top/config.status" ] && return 0
    source=$work/source
    mkdir "$source" && (cd "$top" && tar cf - $(ls -a | grep -v -x -e '\.' -e '\.\.' -e '\.git' -e build)) |
        (cd "$source" && tar xf -) || return 1
    [ ! -f "$source/config.status" ] || within "$source" 300 "$work/configure.out" $make distclean || :
    rm -f "$source/config.status"
    [ -x "$source/configure" ] && [ -f "$source/Makefile.in" ] && return 0
    has autoreconf || give_up "there is no configure, and no autoconf to make it: use a release, or install \
autoconf, automake and libtool"
    choose_autotools
    within "$source" 600 "$work/configure.out" sh autogen.sh
}

choose_autotools() {
    [ "$(uname -s)" = OpenBSD ] || return 0
    AUTOCONF_VERSION=${AUTOCONF_VERSION:-$(newest_of autoconf)}
    AUTOMAKE_VERSION=${AUTOMAKE_VERSION:-$(newest_of automake)}
}

newest_of() { ls /usr/local/bin/"$1"-* 2>/dev/null | sed 's/.*-//' | sort -t . -k 1,1n -k 2,2n | tail -n 1; }

# What configure misses it names together with the switch that does without: that is taken, and reported.
configure_build() {
    progress "configuring, usually a minute or two"
    : >"$work/configure.out"
    find_source || give_up "autogen.sh failed" configure.out
    mkdir -p "$work/b"
    left_out=
    for try in 1 2 3 4 5; do
        : >"$work/configure.out"
        within "$work/b" 1800 "$work/configure.out" "$source/configure" $left_out "$@" && break
        switch=$(sed -n 's/.*or say \(--without-[a-z0-9]*\).*/\1/p' "$work/configure.out" | tail -n 1)
        case " $left_out " in *" ${switch:- } "*) switch= ;; esac
        [ -n "$switch" ] || { timed configuring; plain_conformance; return 1; }
        left_out="$left_out $switch"
        say "  not found here, left out: ${switch#--without-}"
    done
    timed configuring
    [ -f "$work/b/config.status" ]
}

# Where configure fails, the part that matters most of the kernel can be tried without it.
plain_conformance() {
    mkdir -p "$work/plain"
    macros=
    rows=HAVE_EPOLL:sys/epoll.h
    [ ! -f /usr/include/port.h ] || rows= # what is called epoll there is an emulation
    for row in $rows HAVE_KQUEUE:sys/event.h HAVE_EVENT_PORTS:port.h HAVE_DEVPOLL:sys/devpoll.h \
        HAVE_POLL:poll.h HAVE_SELECT:sys/select.h; do
        printf '#include <sys/types.h>\n#include <%s>\nint main(void) { return 0; }\n' "${row#*:}" >"$work/a.c"
        $CC -c -o "$work/a.o" "$work/a.c" >/dev/null 2>&1 && macros="$macros -D${row%%:*}"
    done
    [ ! -f /usr/include/sys/filio.h ] || macros="$macros -DHAVE_SYS_FILIO_H"
    (cd "$source" && echo fdevents/*.c src/net/linger.c tests/conformance/*.c) >"$work/plain.files"
    within "$source" 600 "$work/plain.out" $CC ${CFLAGS:-} -D_GNU_SOURCE -D__EXTENSIONS__ $macros -I. -Isrc \
        -o "$work/plain/native" $(cat "$work/plain.files") $libs
    native=$work/plain/native
}

# ---- 3 to 6: build, check, conformance, smoke ------------------------------------------------------------------

build() {
    progress "compiling, usually two minutes"
    within "$work/b" 5400 "$work/build.out" $make -k -j "$jobs" all
    built=$?
    timed compiling
    [ $built -eq 0 ] || broken build "make all: status $built"
}

failed_tests() { grep -c -E '^(FAIL|XPASS|ERROR)' "$work/results"; }

# Each test has its limit: one that hangs fails alone.
check() {
    without_live= hint="usually twenty minutes"
    [ $quick = no ] || without_live=live_tests= hint="usually five minutes"
    progress "testing, $hint"
    within "$work/b" 5400 "$work/check-build.out" $make -k -j "$jobs" check TESTS=
    tests_built=$?
    [ $tests_built -eq 0 ] || broken check-build "the tests could not be compiled: status $tests_built"
    timed "compiling tests"
    within "$work/b" 21600 "$work/check.out" $make -k -j "$jobs" check $without_live \
        LOG_COMPILER="$work/within $test_limit $work/times" SH_LOG_COMPILER="$work/within $test_limit $work/times"
    checked=$?
    timed testing
    grep -E '^(PASS|FAIL|SKIP|XFAIL|XPASS|ERROR): ' "$work/check.out" >"$work/results"
    [ $checked -eq 0 ] || failed "make check: status $checked, failed: $(failed_tests)"
    say "  $(grep -c '^PASS' "$work/results") passed, $(failed_tests) failed," \
        "$(grep -c '^SKIP' "$work/results") skipped"
}

backends_built() { sed -n 's/^#define GC_FDEVENT_ORDER "\(.*\)"$/\1/p' "$work/b/config.h" 2>/dev/null | tr ',' ' '; }

conformance() {
    progress "the event contract, each backend alone, a minute each"
    native=${native:-$work/b/tests/conformance/native}
    [ -x "$native" ] || within "$work/b" 1200 "$work/check-build.out" $make tests/conformance/native
    backends=$(backends_built)
    [ -n "$backends" ] || backends=$("$native" -b '?' 2>&1 | sed -n 's/^backends: *//p')
    [ -x "$native" ] && [ -n "$backends" ] || { broken plain "there is no conformance suite"; return; }
    for backend in $backends; do
        : >"$work/conformance.$backend"
        within "$work" "$test_limit" "$work/conformance.$backend" "$native" -b "$backend"
        status=$?
        line="$backend: $(tail -n 1 "$work/conformance.$backend")"
        say "  $line"
        [ $status -eq 0 ] || failed "conformance: $line (status $status)"
    done
    timed conformance
}

# ---- all of it -----------------------------------------------------------------------------------------------

failed() { printf '%s\n' "$*" >>"$work/failures"; }

# broken LOG WHY: and the log is shown
broken() {
    printf '%s\n' "$1" >>"$work/broken"
    shift
    failed "$@"
}

# give_up WHY [LOG]
give_up() {
    say "It cannot be tried: $1"
    printf '%s\n' "$1" >"$work/gave_up"
    [ $# -lt 2 ] || cp "$work/$2" "$work/gave_up.log"
    write_report
    say "The report says so: $output"
    tidy
    exit 2
}

make_work
trap interrupted HUP INT TERM
trap tidy EXIT
for file in failures timings times results; do : >"$work/$file"; done
true 2>/dev/null >"$output" || { tidy; die "$output cannot be written"; }
look
verdict=2
if configure_build "$@"; then
    build
    check
    conformance
    smoke
    verdict=1
    [ -s "$work/failures" ] || verdict=0
else
    failed "configure failed"
    conformance
    steps=$((step + 1))
fi
progress "writing the report"
write_report
tidy
case $verdict in
0) say "Everything passed." ;;
1) say "Something failed." ;;
2) say "It could not be configured." ;;
esac
say "The report is $output: please read it, and send it."
exit $verdict
