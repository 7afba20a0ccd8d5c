#!/bin/sh
# places.sh - where each system's packages put headers and libraries, for quickstart and portability.sh to source
# SPDX-License-Identifier: BSD-3-Clause
#
# configure looks where the compiler looks, and some compilers do not look where their system's packages are.
# find_places adds those folders that exist to PKG_CONFIG_PATH, CPPFLAGS and LDFLAGS, behind what is set already.
# PLACES_SYSTEM and PLACES_ROOT are for tests: what uname -s would say, and what stands before each folder.

# append VARIABLE SEPARATOR WORD: once
append() {
    eval "old=\${$1:-}"
    case $2$old$2 in
    *"$2$3$2"*) return 0 ;;
    esac
    eval "$1=\${$1:+\${$1}\$2}\$3"
}

module_place() {
    [ ! -d "${PLACES_ROOT:-}$1" ] || append PKG_CONFIG_PATH : "${PLACES_ROOT:-}$1"
}

# place PREFIX LIB LOADED: headers in PREFIX/include, libraries in PREFIX/LIB; LOADED is yes where programs find them
# at run time, no where they have to be told
place() {
    root=${PLACES_ROOT:-}
    [ ! -d "$root$1/include" ] || append CPPFLAGS ' ' "-I$root$1/include"
    module_place "$1/$2/pkgconfig"
    [ -d "$root$1/$2" ] || return 0
    append LDFLAGS ' ' "-L$root$1/$2"
    [ "$3" = yes ] || append LDFLAGS ' ' "-Wl,-R$root$1/$2"
}

# Homebrew is in one of two places, and keeps what macOS has in another version apart from everybody.
brew_places() {
    brewed=$(brew --prefix 2>/dev/null) || brewed=
    for prefix in ${brewed:-/opt/homebrew /usr/local}; do place "$prefix" lib yes; done
    for prefix in ${brewed:-/opt/homebrew /usr/local}; do
        for keg in openssl@3 zlib openldap; do module_place "$prefix/opt/$keg/lib/pkgconfig"; done
    done
}

# 64 bits, since the packages are; what OpenSSL is in differs between the distributions of illumos.
illumos_places() {
    for folder in /usr/lib/64/pkgconfig /usr/lib/amd64/pkgconfig /usr/openssl/3/lib/64/pkgconfig \
        /usr/ssl-3/lib/amd64/pkgconfig /opt/ooce/lib/amd64/pkgconfig; do
        module_place "$folder"
    done
    place /opt/local lib no
    [ ! -d "${PLACES_ROOT:-}/opt/ooce/lib/amd64" ] || place /opt/ooce lib/amd64 no
}

find_places() {
    case ${PLACES_SYSTEM:-$(uname -s)} in
    FreeBSD)
        module_place /usr/local/libdata/pkgconfig
        place /usr/local lib yes
        ;;
    DragonFly)
        module_place /usr/local/libdata/pkgconfig
        place /usr/local lib no
        ;;
    OpenBSD) place /usr/local lib yes ;;
    NetBSD) place /usr/pkg lib no ;;
    SunOS) illumos_places ;;
    Darwin)
        brew_places
        place /opt/local lib yes
        place /opt/pkg lib yes
        ;;
    *) return 0 ;;
    esac
    export PKG_CONFIG_PATH CPPFLAGS LDFLAGS
}

# Solaris has the POSIX tools beside others of the same names; NetBSD's and illumos' packages may not be on the path.
find_tools() {
    case ${PLACES_SYSTEM:-$(uname -s)} in
    SunOS)
        PATH=${PLACES_ROOT:-}/usr/xpg4/bin:$PATH
        folders="/usr/gnu/bin /opt/local/bin /opt/local/sbin /opt/ooce/bin /usr/ccs/bin"
        ;;
    NetBSD) folders="/usr/pkg/bin /usr/pkg/sbin /usr/sbin /sbin" ;;
    FreeBSD | DragonFly | OpenBSD) folders="/usr/local/bin /usr/local/sbin /usr/sbin /sbin" ;;
    Darwin) folders="/opt/homebrew/bin /usr/local/bin /opt/local/bin /usr/sbin /sbin" ;;
    *) folders="/usr/sbin /sbin" ;;
    esac
    for folder in $folders; do append PATH : "${PLACES_ROOT:-}$folder"; done
    export PATH
}

# A compiler of Solaris and illumos may make programs of 32 bits by itself, for which there are no libraries.
find_width() {
    [ "${PLACES_SYSTEM:-$(uname -s)}" = SunOS ] && [ -z "${CFLAGS:-}" ] || return 0
    CFLAGS="-m64 -g -O2"
    export CFLAGS
}
