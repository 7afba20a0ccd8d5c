#!/bin/sh
# emulated.sh - make check for other processors and another library of C, under qemu where the processor is not here
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/portability/emulated.sh [OPTION…] [i686|armhf|s390x|musl …]      all four if none is named
#   --cache DIR   where packages and libraries are kept     [${XDG_CACHE_HOME:-$HOME/.cache}/goldcrest]
#   --build DIR   where it is built                         [below the cache]
#   --keep        continues a build that is there
#   --tests LIST  runs these tests instead of all, as make's TESTS
#   --quick       musl without OpenSSL, which takes the longest to build
#   FULL=1        all scenarios with every event backend, in every mode; all live tests under qemu. JOBS=2 processes
#
# Needs Debian's tools for it (gcc-i686-linux-gnu gcc-arm-linux-gnueabihf gcc-s390x-linux-gnu, qemu-user-static,
# musl-tools, pkg-config) and its archive. Nothing is installed: packages of another architecture are fetched with an
# apt state of its own and unpacked, libraries for musl are built from Debian's sources. What cannot be tried here is
# said, and is no failure.
set -eu
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/goldcrest
top=$(cd "$(dirname "$0")/../.." && pwd)
jobs=${JOBS:-2}
build="" keep="" tests="" quick="" names=""
packages="libc6-dev libssl-dev libpcre2-dev zlib1g-dev libbrotli-dev libzstd-dev libdeflate-dev libcrypt-dev
    libpam0g-dev libldap-dev check libsubunit-dev libnghttp2-dev"

while [ $# -gt 0 ]; do
    case $1 in
    --cache) cache=$2 && shift ;;
    --build) build=$2 && shift ;;
    --tests) tests=$2 && shift ;;
    --keep) keep=yes ;;
    --quick) quick=--without-openssl ;;
    i686 | armhf | s390x | musl) names="$names $1" ;;
    *) echo "$0: $1 is none of i686, armhf, s390x, musl and no option" >&2 && exit 2 ;;
    esac
    shift
done
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
build=${build:-$cache/build}
report=$cache/report.$$
: >"$report"
trap 'rm -f "$report"' EXIT

say() { echo "== $*"; }

row() { printf '%-7s %s\n' "$1" "$2" | tee -a "$report"; }

have() {
    for wanted in "$@"; do
        command -v "$wanted" >/dev/null 2>&1 && continue
        row "$name" "left out: $wanted is not here"
        return 1
    done
}

# What stands for a processor: Debian's word, the compiler's prefix, the library's folder, qemu's word, the loader.
facts() {
    case $1 in
    i686) echo "i386 i686-linux-gnu i386-linux-gnu i386 lib/ld-linux.so.2" ;;
    armhf) echo "armhf arm-linux-gnueabihf arm-linux-gnueabihf arm lib/ld-linux-armhf.so.3" ;;
    s390x) echo "s390x s390x-linux-gnu s390x-linux-gnu s390x lib/ld64.so.1" ;;
    esac
}

# apt_in DIR ARCHITECTURE COMMAND… - apt-get that knows only the archive, and leaves the system's own state alone
apt_in() {
    state=$1 architecture=$2
    shift 2
    if [ ! -e "$state/updated" ]; then
        mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/parts"
        suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
        signed="signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"
        printf '%s\n' "deb [arch=$architecture $signed] $mirror $suite main" "deb-src [$signed] $mirror $suite main" \
            >"$state/sources.list"
        : >"$state/status"
        apt_run update
        : >"$state/updated"
    fi
    apt_run "$@"
}

apt_run() {
    apt-get -q -y -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state/cache" -o Dir::Etc::sourcelist="$state/sources.list" \
        -o Dir::Etc::sourceparts="$state/parts" -o APT::Architecture="$architecture" \
        -o APT::Architectures::="$architecture" -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none \
        -o APT::Install-Recommends=false "$@"
}

make_sysroot() { # ROOT ARCHITECTURE
    [ -e "$1/complete" ] && return
    say "$2: packages"
    mkdir -p "$1"
    # shellcheck disable=SC2086 # a list of words
    apt_in "$1.apt" "$2" --download-only install $packages
    for package in "$1.apt"/cache/archives/*.deb; do
        dpkg -x "$package" "$1"
    done
    find "$1" -type l -lname '/*' | while read -r link; do
        ln -sfn "$1$(readlink "$link")" "$link"
    done
    : >"$1/complete"
}

configure_here() {
    [ -n "$keep" ] && [ -e Makefile ] && return
    PKG_CONFIG_PATH='' PKG_CONFIG_SYSROOT_DIR=$sysroot \
        PKG_CONFIG_LIBDIR=$root$libdir/pkgconfig:$root/usr/share/pkgconfig \
        "$top/configure" --enable-werror --prefix=/opt/goldcrest "$@"
}

# Programs of another processor become scripts that start qemu, so that everybody who runs one gets it: make, the
# tests' scripts, the server that starts its own programs. argv[0] stays what it was.
wrap_programs() {
    magic=$(printf '\177ELF')
    find . -type f -perm -u+x ! -name '*.elf' ! -name '*.o' | while read -r program; do
        [ "$(head -c 4 "$program" | tr -d '\0')" = "$magic" ] || continue
        mv "$program" "$program.elf"
        printf '#!/bin/sh\nexec %s -0 "$0" "%s" "$@"\n' "$qemu" "$PWD/${program#./}.elf" >"$program"
        chmod +x "$program"
    done
}

# in_build FUNCTION - the build and its tests, with what they say in the folder of that name
in_build() {
    mkdir -p "$build/$name"
    (
        cd "$build/$name"
        "$1" >configure.log 2>&1 || { row "$name" "FAILED to configure: $build/$name/configure.log"; exit 1; }
        say "$name: make"
        make -j"$jobs" >make.log 2>&1 && make -j"$jobs" check TESTS= >>make.log 2>&1 ||
            { row "$name" "FAILED to build: $build/$name/make.log"; exit 1; }
        [ -z "$qemu" ] || wrap_programs
        say "$name: make check"
        [ -n "${FULL:-}" ] || export REPLAY_BACKENDS=epoll REPLAY_MODES="plain bytes"
        [ -z "$qemu" ] || [ -n "${FULL:-}" ] || export LIVE_TESTS="features above command: helper:"
        export CK_TIMEOUT_MULTIPLIER=10
        if [ -n "$tests" ]; then set -- "TESTS=$tests"; else set --; fi
        status=0
        make -k check "$@" >check.log 2>&1 || status=1
        tell_results
        exit $status
    )
}

tell_results() {
    awk -v name="$name" '
        /^# (PASS|SKIP|FAIL|ERROR):/ { n[$2] = $3 }
        /^(FAIL|ERROR|SKIP): / && !/^[A-Z]*: *$/ { which = which "\n        " $0 }
        END {
            printf "%-7s %d passed, %d failed, %d skipped", name, n["PASS:"], n["FAIL:"] + n["ERROR:"], n["SKIP:"]
            print which
        }
    ' check.log | tee -a "$report"
    live=tests/live/run.log
    [ -e $live ] || return 0
    awk '/^(FAIL|skip) / { which = which "\n        " substr($0, 1, 200) }
        { last = $0 }
        END { print "        live: " last which }' $live |
        tee -a "$report"
}

# ---- other processors

configure_cross() {
    run_path=$root/lib/$multiarch:$root/usr/lib/$multiarch
    configure_here --host="$triplet" CC="$triplet-gcc --sysroot=$root" CFLAGS="${CFLAGS:--O2 -g}" \
        LDFLAGS="-Wl,--dynamic-linker=$root/$loader -Wl,--disable-new-dtags,-rpath,$run_path"
}

# Does the kernel run it? Then it needs no emulation.
runs_here() {
    echo 'int main(void) { return 0; }' >"$build/$name.c"
    "$triplet-gcc" -static -o "$build/$name.try" "$build/$name.c" && "$build/$name.try"
}

check_processor() {
    # shellcheck disable=SC2046
    set -- $(facts "$name")
    architecture=$1 triplet=$2 multiarch=$3 loader=$5 root=$cache/$name libdir=/usr/lib/$3 sysroot=$cache/$name
    qemu=qemu-$4-static
    have "$triplet-gcc" apt-get dpkg pkg-config || return 0
    mkdir -p "$build"
    if runs_here 2>/dev/null; then qemu=; else have "$qemu" || return 0; fi
    make_sysroot "$root" "$architecture" >"$root.log" 2>&1 ||
        { row "$name" "left out: its packages could not be fetched: $root.log"; return 0; }
    in_build configure_cross
}

# ---- musl

# from_source NAME COMMAND… - builds Debian's source of NAME in its folder by the command, once
from_source() {
    package=$1
    shift
    [ -e "$root/$package.built" ] && return
    say "musl: $package"
    (cd "$root.src" && apt_in "$root.apt" amd64 --download-only source "$package")
    mkdir -p "$root.src/$package"
    tar -C "$root.src/$package" --strip-components=1 \
        -xf "$(find "$root.src" -name "${package}_*.orig.tar.*" ! -name '*.asc' | head -n 1)"
    (cd "$root.src/$package" && "$@")
    : >"$root/$package.built"
}

build_zlib() {
    CC=musl-gcc ./configure --prefix="$root" --static
    make -j"$jobs" install
}

build_autotools() {
    [ -x configure ] || autoreconf -fi
    ./configure CC=musl-gcc --prefix="$root" --disable-shared --enable-static "$@"
    make -j"$jobs" install
}

# The kernel's headers are musl's too where they are installed as such; they are lent to OpenSSL alone.
build_openssl() {
    mkdir -p "$root/kernel"
    for headers in /usr/include/linux /usr/include/asm-generic "/usr/include/$(gcc -print-multiarch)/asm"; do
        ln -sf "$headers" "$root/kernel/"
    done
    CC=musl-gcc ./Configure "linux-$(uname -m)" no-asm no-shared no-tests no-dso no-module no-engine no-legacy \
        --prefix="$root" --libdir=lib -idirafter "$root/kernel"
    make -j"$jobs" build_sw
    make install_dev
}

make_musl_root() {
    mkdir -p "$root/lib/pkgconfig" "$root.src"
    from_source zlib build_zlib
    from_source pcre2 build_autotools
    from_source check build_autotools --disable-subunit --disable-build-docs
    from_source nghttp2 build_autotools --enable-lib-only
    [ -n "$quick" ] || from_source openssl build_openssl
}

configure_musl() {
    # shellcheck disable=SC2086 # none or one
    configure_here $quick CC=musl-gcc CPPFLAGS="-I$root/include" LDFLAGS="-static -L$root/lib" \
        CFLAGS="${CFLAGS:--O2 -g}"
}

check_musl() {
    have musl-gcc apt-get pkg-config autoreconf perl || return 0
    root=$cache/musl libdir=/lib sysroot='' qemu=''
    make_musl_root >"$root.log" 2>&1 ||
        { row musl "left out: its libraries could not be built: $root.log"; return 0; }
    in_build configure_musl
}

status=0
for name in ${names:-s390x armhf musl i686}; do
    if [ "$name" = musl ]; then check_musl || status=1; else check_processor || status=1; fi
done
echo
cat "$report"
exit $status
