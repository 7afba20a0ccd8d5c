#!/bin/sh
# variants.sh - builds goldcrest without what can be left out, in other ways and for other users, and tests each build
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/portability/variants.sh -l            lists the variants
# tests/portability/variants.sh [NAME…]       those that are named (a word with * is a pattern), or all: one line each
#
# QUICK=1   unit tests, conformance and replay with one backend, instead of all of make check but the live tests
# LIVE=1    the live tests, too; some variants ask for them by themselves
# JOBS=2    what make does at once
# WORK=DIR  where it builds; else a new directory. Logs of failures stay, all else goes (KEEP=1: all stays)
#
# Where functions can be left out that configure alone can leave out, it is told so by the variables of its cache:
# gc_cv_use_HAVE_ACCEPT4, _PACCEPT, _PIPE2, _SOCK_CLOEXEC, _MSG_NOSIGNAL, ac_cv_func_getloadavg, ac_cv_search_crypt.
set -u

# A row: the name; words for the shell, before configure: variables, all of them exported, and functions from below;
# configure's arguments; how it is built, a function from below.
# "-" is nothing.
variants() {
    cat <<'TABLE'
plain               | -                                    | -                         | build
without-openssl     | -                                    | --without-openssl         | build
without-pcre2       | -                                    | --without-pcre2           | build
without-zlib        | -                                    | --without-zlib            | build
without-coders      | -                                    | $no_coders                | build
without-libraries   | LIVE=1                               | $no_libraries             | build
only-epoll          | -                                    | --with-fdevents=epoll     | build
only-poll           | -                                    | --with-fdevents=poll      | build
only-select         | LIVE=1                               | --with-fdevents=select    | build
without-sendfile    | -                                    | --disable-sendfile        | build
without-accept4     | -                                    | gc_cv_use_HAVE_ACCEPT4=no | build
without-newer-calls | -                                    | $no_newer_calls           | build
without-ipv6        | -                                    | --disable-ipv6            | build
old-system          | LIVE=1                               | $old_system               | build
without-crypt       | -                                    | ac_cv_search_crypt=no     | build
non-root            | LIVE=1                               | -                         | build_as_nobody
bmake               | needs bmake; MAKE=bmake              | -                         | build
lto-gcc             | by gcc -O2 -flto=auto                | $gcc_tools                | build
lto-clang           | by clang -O2 -flto=thin; use_lld     | $llvm_tools               | build
O0                  | CFLAGS=-O0                           | -                         | build
O2                  | CFLAGS=-O2                           | -                         | build
O3                  | CFLAGS=-O3                           | -                         | build
gcc                 | by gcc -O2 -g                        | -                         | build
clang               | by clang -O2 -g                      | -                         | build
c11                 | CFLAGS="-O1 -std=c11"                | -                         | build
unsigned-char       | CFLAGS="-O1 -funsigned-char"         | -                         | build
in-tree             | -                                    | -                         | build_in_tree
dist                | -                                    | -                         | build_archive
space               | -                                    | -                         | build_with_space
symlink             | -                                    | -                         | build_by_symlink
read-only           | -                                    | -                         | build_read_only
dash                | shell_is dash                        | -                         | build
busybox             | shell_is busybox                     | -                         | build
bash-posix          | shell_is bash                        | -                         | build
mksh                | shell_is mksh                        | -                         | build
without-check       | hide_modules check                   | -                         | build
without-nghttp2     | hide_modules libnghttp2              | -                         | build
without-pkg-config  | -                                    | PKG_CONFIG=/bin/false     | build
without-python      | hide python; LIVE=1                  | -                         | build
without-curl        | hide curl; LIVE=1                    | -                         | build
without-modules     | -                                    | $(module_switches)        | build
each-module         | -                                    | -                         | build_each_module
umask-077           | umask 077                            | -                         | build
odd-time            | TZ=$odd_zone                         | -                         | build
turkish             | speaks tr_TR                         | -                         | build
dirty-memory        | MALLOC_PERTURB_=165                  | -                         | build
fortify             | CFLAGS=$fortified                    | -                         | build
hardened            | CFLAGS=$hardened LDFLAGS=$hard_links | -                         | build
static              | make_more=LDFLAGS=-all-static        | $not_static               | build
cross               | -                                    | $as_if_crossing           | build
no-ipv6-here        | within no_ipv6; LIVE=1               | -                         | build
no-ipv6-loopback    | within no_ipv6_loopback              | -                         | build
TABLE
}

no_coders="--without-zlib --without-libdeflate --without-brotli --without-zstd"
no_libraries="--without-openssl --without-pcre2 $no_coders
    --disable-mod-authn-ldap --disable-mod-authn-pam ac_cv_search_crypt=no"
no_newer_calls="gc_cv_use_HAVE_ACCEPT4=no gc_cv_use_HAVE_PACCEPT=no gc_cv_use_HAVE_PIPE2=no
    gc_cv_use_HAVE_SOCK_CLOEXEC=no gc_cv_use_HAVE_MSG_NOSIGNAL=no"
old_system="--with-fdevents=select --disable-sendfile --disable-ipv6 $no_newer_calls ac_cv_func_getloadavg=no"
gcc_tools="AR=gcc-ar RANLIB=gcc-ranlib NM=gcc-nm"
llvm_tools="AR=llvm-ar RANLIB=llvm-ranlib NM=llvm-nm"
odd_zone="<-1345>13:45<+1200>-12,M10.1.0,M4.1.0/3"
fortified="-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"
hardened="-O2 -g -fPIE -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2"
hardened="$hardened -Wformat -Werror=format-security"
hard_links="-pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed"
not_static="--disable-mod-authn-ldap --disable-mod-authn-pam"
as_if_crossing="--build=x86_64-unknown-freebsd14 --host=$(${CC:-cc} -dumpmachine 2>/dev/null) PKG_CONFIG=/bin/false"

# ---- before configure --------------------------------------------------------------------------------------

has() { command -v "$1" >/dev/null 2>&1; }

skip() {
    echo "$*" >"$room/skip"
    exit 77
}

needs() {
    for word in "$@"; do has "$word" || skip "there is no $word"; done
}

# by COMPILER FLAG…
by() {
    needs "$1"
    COMPILER=$1
    shift
    CFLAGS=$*
}

use_lld() {
    needs ld.lld llvm-ar
    LDFLAGS=-fuse-ld=lld
}

# shell_is NAME: configure, make and the tests run in it. Called sh, shells are as POSIX wants them.
shell_is() {
    needs "$1"
    mkdir -p "$room/bin"
    ln -s "$(command -v "$1")" "$room/bin/sh"
    CONFIG_SHELL=$room/bin/sh
    make_more="SHELL=$CONFIG_SHELL SH_LOG_COMPILER=$CONFIG_SHELL"
}

# hide WORD…: commands whose names begin so are not there. The folders of PATH become one, of links.
hide() {
    mkdir -p "$room/bin"
    IFS=:
    for folder in $PATH; do
        for file in "$folder"/*; do
            name=${file##*/}
            [ -x "$file" ] && [ ! -e "$room/bin/$name" ] && ln -s "$file" "$room/bin/$name"
        done
    done
    unset IFS
    for word in "$@"; do rm -f "$room/bin/$word"*; done
    PATH=$room/bin
}

# hide_modules NAME…: for pkg-config these are not there.
hide_modules() {
    mkdir -p "$room/bin"
    needs pkg-config
    {
        echo '#!/bin/sh'
        for word in "$@"; do echo "case \" \$* \" in *\" $word \"*) exit 1 ;; esac"; done
        echo "exec $(command -v pkg-config) \"\$@\""
    } >"$room/bin/pkg-config"
    chmod +x "$room/bin/pkg-config"
    PKG_CONFIG=$room/bin/pkg-config
}

# speaks LANGUAGE: a locale of our own making
speaks() {
    needs localedef
    mkdir -p "$room/locale"
    localedef -i "$1" -f UTF-8 "$room/locale/$1.UTF-8" >/dev/null 2>&1
    [ -d "$room/locale/$1.UTF-8" ] || skip "there is no text of the locale $1"
    LOCPATH=$room/locale
    LC_ALL=$1.UTF-8
}

# within FUNCTION: the tests run in a network of their own, changed by it.
within() {
    needs unshare ip
    unshare -n true 2>/dev/null || skip "no network of its own for whoever is not root"
    inside=$1
}

no_ipv6() {
    no_ipv6_loopback
    for knob in all default lo; do echo 1 >"/proc/sys/net/ipv6/conf/$knob/disable_ipv6"; done
}

no_ipv6_loopback() {
    ip link set lo up
    ip -6 addr flush dev lo
}

# ---- building and testing ----------------------------------------------------------------------------------

# wanted NAME: is that test to be run?
wanted() {
    case $1 in
    */live/*) [ -n "${LIVE:-}" ] && [ -z "${QUICK:-}" ] ;;
    *layers.sh | *style.sh | *manual.sh) [ -z "${QUICK:-}" ] ;;
    */fuzz/* | *conformance/solaris* | *conformance/kqueue* | *poll-semantics*) [ -z "${QUICK:-}" ] ;;
    *conformance/mutants* | */portability/*) [ -z "${QUICK:-}" ] ;;
    *) true ;;
    esac
}

make_it() { ${MAKE:-make} -j "${JOBS:-2}" $make_more "$@"; }

# What is not built is not to be built for nothing.
test_it() {
    if [ -n "${QUICK:-}" ]; then
        make_it -k "check_PROGRAMS=$programs" check "TESTS=$tests"
    else
        make_it -k check "TESTS=$tests"
    fi
}

# build SOURCE FOLDER: configure, make, make check
build() {
    mkdir -p "$2" && cd "$2" || exit 1
    eval "set -- '$1' $arguments"
    source=$1
    shift
    echo "$source/configure $*"
    ${CONFIG_SHELL:-} "$source/configure" --enable-werror "$@" || exit 1
    make_it || exit 1
    tests=
    programs=
    for word in $(make_it -s show-tests | grep "^tests/"); do
        wanted "$word" || continue
        tests="$tests $word"
        case $word in *.sh) ;; *) programs="$programs $word" ;; esac
    done
    if [ -n "${QUICK:-}" ]; then
        programs="tests/replay/player$programs"
        make_it "check_PROGRAMS=$programs" check TESTS= || exit 1
        REPLAY_MODES=plain
        REPLAY_BACKENDS=$(tests/replay/player -l | head -n 1)
        export REPLAY_MODES REPLAY_BACKENDS
    else
        make_it check TESTS= || exit 1
    fi
    if [ -z "$inside" ]; then
        test_it
    else
        export inside tests programs make_more
        unshare -n "${CONFIG_SHELL:-/bin/sh}" "$self" --inside
    fi
}

# copy_source FOLDER: as it would be in an archive, but for what has not been added yet
copy_source() {
    mkdir -p "$1"
    (cd "$top" && tar cf - --exclude=./.git --exclude=./build --exclude=./autom4te.cache .) | (cd "$1" && tar xf -)
}

build_in_tree() {
    copy_source "$room/source"
    build . "$room/source"
}

build_with_space() {
    copy_source "$room/with space/source"
    build "$room/with space/source" "$room/build"
}

build_by_symlink() {
    ln -s "$top" "$room/link"
    ln -s build "$room/build-link"
    mkdir "$room/build"
    build "$room/link" "$room/build-link"
}

# is_whole ARCHIVE: what is in the repository is in the archive, too.
is_whole() {
    (cd "$top" && git ls-files 2>/dev/null) | {
        missing=
        while read -r name; do
            [ -f "$1/$name" ] || [ "$name" = .gitignore ] || missing="$missing $name"
        done
        [ -z "$missing" ] || echo "not in the archive:$missing"
        [ -z "$missing" ]
    }
}

# The archive, made in one place, is unpacked in another, where autoconf and automake are not there.
build_archive() {
    mkdir "$room/first"
    (cd "$room/first" && "$top/configure" && make_it dist-xz) || exit 1
    for archive in "$room/first"/goldcrest-*.tar.xz; do (cd "$room" && xz -dc "$archive" | tar xf -); done
    for folder in "$room"/goldcrest-*/; do
        is_whole "$folder" || exit 1
        for name in autoconf automake aclocal autoheader autom4te; do ln -s /bin/false "$room/bin/$name"; done
        PATH=$room/bin:$PATH
        build "${folder%/}" "$room/build"
    done
}

# as_nobody SOURCE: this script's build(), as somebody who owns the folder that it builds in, and nothing else
as_nobody() {
    has setpriv || skip "there is no setpriv"
    mkdir "$room/build" "$room/build/tmp" "$room/build/cache"
    chown -R nobody "$room/build"
    chmod 755 "$room"
    TMPDIR=$room/build/tmp HOME=$room/build/tmp CCACHE_DIR=$room/build/cache
    export TMPDIR HOME CCACHE_DIR arguments make_more inside room
    setpriv --reuid=nobody --regid=nogroup --clear-groups "${CONFIG_SHELL:-/bin/sh}" \
        "$1/tests/portability/variants.sh" --build "$1" "$room/build"
}

build_as_nobody() {
    copy_source "$room/source"
    chmod -R a+rX "$room/source"
    if [ "$(id -u)" = 0 ]; then as_nobody "$room/source"; else build "$room/source" "$room/build"; fi
}

build_read_only() {
    copy_source "$room/source"
    chmod -R a+rX,a-w "$room/source"
    if [ "$(id -u)" = 0 ]; then as_nobody "$room/source"; else build "$room/source" "$room/build"; fi
    status=$?
    chmod -R u+w "$room/source"
    return $status
}

module_switches() { "$top/configure" --help | sed -n 's/^ *--disable-\(mod-[a-z0-9-]*\).*/--disable-\1/p'; }

# Compiles and links the server and the player, no more.
build_each_module() {
    mkdir "$room/build" && cd "$room/build" || exit 1
    for switch in $(module_switches); do
        echo "=== $switch"
        ${CONFIG_SHELL:-} "$top/configure" -q -C --enable-werror "$switch" || exit 1
        make_it && make_it tests/replay/player || { echo "$switch" >"$room/note"; exit 1; }
    done
}

# ---- one line each -----------------------------------------------------------------------------------------

# totals WORD: what automake counted
total() { sed -n "s/^# $1: *//p" "$log" | awk '{ n += $1 } END { print n + 0 }'; }

summary() {
    printf '%d passed' "$(total PASS)"
    bad=$(($(total FAIL) + $(total ERROR)))
    [ $bad = 0 ] || printf ', %d failed' $bad
    skipped=$(sed -n 's/^SKIP: \([^ ]*\)$/\1/p' "$log" | tr '\n' ' ')
    [ -z "$skipped" ] || printf ', skipped: %s' "${skipped% }"
    inner=$(find "$room" -name '*.log' -path '*tests*' -exec grep -h -i '^skip' {} + | grep -c -v '^SKIP tests/')
    [ "$inner" = 0 ] || printf ', %d parts skipped' "$inner"
}

# run_variant NAME WORDS CONFIGURE FUNCTION
run_variant() {
    name=$1
    room=$work/$name
    log=$room.log
    rm -rf "$room"
    mkdir -p "$room/bin"
    begun=$(date +%s)
    (
        set -a
        CONFIG_SHELL=/bin/sh
        COMPILER=${CC:-cc}
        CFLAGS=${CFLAGS:--O1}
        make_more=
        inside=
        eval "$2"
        has ccache && COMPILER="ccache $COMPILER"
        CC=$COMPILER
        set +a
        arguments=$(eval "echo \"$3\"" | tr '\n' ' ')
        $4 "$top" "$room/build"
    ) >"$log" 2>&1 </dev/null
    status=$?
    took=$(($(date +%s) - begun))
    if [ -f "$room/skip" ]; then
        echo "skip $name: $(cat "$room/skip")"
    elif [ $status = 0 ] && { [ "$(total PASS)" -gt 0 ] || [ "$4" = build_each_module ]; }; then
        echo "ok $name ($(summary), $took s)"
    else
        echo "FAIL $name ($(summary), $took s): $log"
        failed=$((failed + 1))
        mkdir -p "$work/failed/$name"
        find "$room" -name '*.log' \( -path '*tests*' -o -name config.log \) -exec cp {} "$work/failed/$name" \;
    fi
    [ -n "${KEEP:-}" ] || rm -rf "$room"
}

# chosen NAME PATTERN…
chosen() {
    candidate=$1
    shift
    [ $# -gt 0 ] || return 0
    for pattern in "$@"; do
        case $candidate in $pattern) return 0 ;; esac
    done
    return 1
}

trim() { echo "$1" | sed 's/^ *//; s/ *$//; s/^-$//'; }

# ---- the two ways that it calls itself: in a network of its own, and as somebody else ----------------------

top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd) || exit 1
self=$top/tests/portability/variants.sh
case ${1:-} in
--inside)
    "$inside" && test_it
    exit
    ;;
--build)
    build "$2" "$3"
    exit
    ;;
-l)
    variants | sed 's/ *|.*//'
    exit
    ;;
-*)
    sed -n '5,14s/^# //p' "$self" >&2
    exit 2
    ;;
esac

work=${WORK:-}
[ -n "$work" ] || work=$(mktemp -d "${TMPDIR:-/tmp}/variants.XXXXXX") || exit 1
mkdir -p "$work"
chmod 755 "$work"
failed=0
variants >"$work/table"
while IFS='|' read -r name before with how <&3; do
    name=$(trim "$name")
    chosen "$name" "$@" || continue
    run_variant "$name" "$(trim "$before")" "$(trim "$with")" "$(trim "$how")"
done 3<"$work/table"
[ $failed = 0 ] || { echo "$failed failed: logs are in $work"; exit 1; }
[ -n "${WORK:-}${KEEP:-}" ] || rm -rf "$work"
