#!/bin/sh
# packages.sh - what quickstart would install on each system, told by package managers that only write down
# SPDX-License-Identifier: BSD-3-Clause
#
# Nothing is installed: PATH has fakes and the few tools that quickstart needs. The last line is "N passed, M failed".
source=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/packages.XXXXXX") || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM
shell=$(command -v sh) passed=0 failed=0

mkdir "$scratch/tools"
for tool in sh sed grep tr sort head tail cat dirname mktemp rm mkdir env cut ls awk touch chmod; do
    ln -s "$(command -v $tool)" "$scratch/tools/$tool" || exit 2
done

fake() { # fake NAME LINE…
    name=$1
    shift
    { echo "#!$shell"; printf '%s\n' "$@"; } >"$scratch/bin/$name"
    chmod 755 "$scratch/bin/$name"
}

# system UNAME USER COMMAND…: a fresh machine, where those commands are
system() {
    rm -rf "$scratch/bin" "$scratch/tree"
    mkdir -p "$scratch/bin" "$scratch/tree/tests/portability"
    cp "$source/quickstart" "$scratch/tree/"
    cp "$source/tests/portability/places.sh" "$scratch/tree/tests/portability/"
    : >"$scratch/record"
    fake uname "case \$1 in -r) echo 10.1 ;; -p) echo x86_64 ;; *) echo $1 ;; esac"
    fake id "echo $2"
    shift 2
    for name in "$@"; do
        case $name in
        sudo | doas) fake $name "echo $name >>'$scratch/record'" 'exec "$@"' ;;
        *) fake $name "echo $name \"\$@\" >>'$scratch/record'" "[ -z \"\$UNKNOWN\" ] || for p; do
            [ \"\$p\" != \"\$UNKNOWN\" ] || exit 1; done" "[ $name != pkg_add ] || :" 'exit 0' ;;
        esac
    done
    [ "${all:-no}" = no ] || have_all
    (
        cd "$scratch/tree" || exit
        PATH=$scratch/bin:$scratch/tools PLACES_ROOT=$scratch/none UNKNOWN=${unknown:-} CC=''
        export PATH PLACES_ROOT UNKNOWN CC
        "$shell" ./quickstart "${what:-check}"
    ) >"$scratch/said" 2>&1
}

check() { # check WHAT FILE PATTERN…: each is a basic regular expression that some line matches
    title=$1 file=$2 good=yes
    shift 2
    for pattern in "$@"; do
        grep -q -e "$pattern" "$scratch/$file" && continue
        echo "FAIL $title: no line of what was ${file} is like \"$pattern\":"
        sed 's/^/    /' "$scratch/$file"
        good=no
    done
    if [ $good = yes ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# With all that is needed there, what is wished for is asked for one by one.
wishes() { # wishes NAME UNAME MANAGER PATTERN…
    title=$1
    all=yes system "$2" 0 "$3"
    shift 3
    check "$title, wishes" record "$@"
}

have_all() {
    for name in autoconf automake libtoolize make curl ps python3 openssl; do fake $name 'exit 0'; done
    fake pkg-config 'case $* in *pcre2*|*openssl*|*zlib*|*check*) exit 0 ;; *) exit 1 ;; esac'
    fake cc 'case $* in *" -l"*) exit 1 ;; esac' 'while [ "$1" != -o ]; do shift; done' \
        "echo '#!$shell' >\"\$2\"" 'chmod 755 "$2"'
}

# table NAME UNAME MANAGER UPDATE COMMAND NEEDED… : as root on a checkout, all that is needed in one command
table() {
    title=$1 manager=$3 update=$4 command=$5
    system "$2" 0 "$manager"
    shift 5
    set -- $(printf '%s\n' "$@" | sort)
    check "$title" record "^$manager $command $* *\$"
    [ "$update" = - ] || check "$title, lists" record "^$manager $update\$"
    if grep -q -e 'command-' "$scratch/record"; then
        echo "FAIL $title: a need is no package"
        failed=$((failed + 1))
    fi
}

table Debian Linux apt-get update "install -y --no-install-recommends" autoconf automake libtool pkg-config make gcc \
    libc6-dev libpcre2-dev libssl-dev zlib1g-dev check curl procps python3 openssl
wishes Debian Linux apt-get libbrotli-dev libzstd-dev libdeflate-dev libldap-dev libpam0g-dev libnghttp2-dev \
    ' nghttp2-client$' ' nghttp2-server$' ' php-cgi$'
table Fedora Linux dnf - "install -y" autoconf automake libtool pkgconf-pkg-config make gcc glibc-devel pcre2-devel \
    openssl-devel zlib-devel check-devel curl procps-ng python3 libasan libubsan openssl
wishes Fedora Linux dnf openldap-devel pam-devel libzstd-devel brotli-devel ' nghttp2$' ' php-cli$'
table openSUSE Linux zypper - "--non-interactive install --no-recommends" autoconf automake libtool pkg-config make \
    gcc glibc-devel pcre2-devel libopenssl-devel zlib-devel check-devel curl procps python3 openssl
table Alpine Linux apk update add autoconf automake libtool pkgconf make gcc musl-dev pcre2-dev openssl-dev zlib-dev \
    check-dev curl procps python3 openssl
wishes Alpine Linux apk brotli-dev zstd-dev linux-pam-dev openldap-dev nghttp2-dev ' nghttp2$'
table Arch Linux pacman -Sy "-S --needed --noconfirm" autoconf automake libtool pkgconf make gcc pcre2 openssl zlib \
    check curl procps-ng python
table Void Linux xbps-install -S -y autoconf automake libtool pkg-config make gcc pcre2-devel openssl-devel \
    zlib-devel check-devel curl procps-ng python3 openssl
table FreeBSD FreeBSD pkg - "install -y" autoconf automake libtool pkgconf gmake pcre2 openssl check curl python3
wishes FreeBSD FreeBSD pkg ' libnghttp2$' ' nghttp2$' ' openldap26-client$'
table DragonFly DragonFly pkg - "install -y" autoconf automake libtool pkgconf gmake pcre2 openssl check curl python3
table NetBSD NetBSD pkgin "-y update" "-y install" autoconf automake libtool pkgconf gmake pcre2 openssl check curl \
    python312
table OpenBSD OpenBSD pkg_add - -I 'autoconf%2.71' 'automake%1.16' libtool gmake pcre2 check curl 'python%3'
table illumos SunOS pkg - "install --accept" developer/build/autoconf developer/build/automake \
    developer/build/libtool developer/build/pkg-config developer/build/gnu-make build-essential library/pcre2 \
    library/security/openssl-3 library/zlib library/check web/curl runtime/python-312
table SmartOS SunOS pkgin "-y update" "-y install" autoconf automake libtool pkgconf gmake build-essential pcre2 \
    openssl zlib check curl python312

system Darwin 501 brew
check macOS record '^brew install autoconf automake check curl libtool openssl@3 pcre2 pkgconf python3 *$'
system Darwin 0 brew
check "macOS, root" said 'does not let root install'
system Darwin 501
check "macOS without Homebrew" said 'there is no Homebrew: https://brew.sh'
system NetBSD 0
check "NetBSD without pkgin" said 'PKG_PATH=https://cdn.NetBSD.org/.*/NetBSD/x86_64/10.1/All' 'pkg_add pkgin'
system DragonFly 0
check "DragonFly without pkg" said 'make pkg-bootstrap'
system Linux 1000 apt-get sudo
check sudo record '^sudo$' '^apt-get install'
system OpenBSD 1000 pkg_add doas
check doas record '^doas$' '^pkg_add -I'
system Linux 1000 apt-get
check "no way to root" said 'neither sudo nor doas. As root: .*apt-get install -y .*libpcre2-dev'
system Linux 0 apt-get brew
check "Debian with Homebrew" record '^apt-get install'
system SunOS 0 pkg pkgin
check "illumos with pkgin" record '^pkg install --accept'
system Plan9 0
check "no manager" said 'these are missing: .*pcre2' 'no package manager that I know'
unknown=check-dev system Linux 0 apk
check "a name that is not known" record '^apk add check-dev$' '^apk add pcre2-dev$'
check "a name that is not known, said" said 'check-dev could not be installed'
what=build system Linux 0 apt-get
if grep -q check "$scratch/record"; then echo "FAIL build: tests' packages are installed"; failed=$((failed + 1)); fi
check build record libpcre2-dev

# Where packages are, with folders that stand for each system's
places() { # places SYSTEM FOLDER…
    rm -rf "$scratch/root"
    PLACES_SYSTEM=$1
    shift
    for folder in "$@"; do mkdir -p "$scratch/root$folder"; done
    (
        PLACES_ROOT=$scratch/root CFLAGS='' CPPFLAGS=-DMINE LDFLAGS='' PKG_CONFIG_PATH=''
        . "$source/tests/portability/places.sh"
        brew() { return 1; }
        find_places
        find_places
        find_width
        echo "$CPPFLAGS|$LDFLAGS|$PKG_CONFIG_PATH|$CFLAGS" | sed "s,$scratch/root,,g"
    ) >"$scratch/placed"
}
places FreeBSD /usr/local/include /usr/local/lib/pkgconfig /usr/local/libdata/pkgconfig
check "places of FreeBSD" placed \
    '^-DMINE -I/usr/local/include|-L/usr/local/lib|/usr/local/libdata/pkgconfig:/usr/local/lib/pkgconfig|$'
places NetBSD /usr/pkg/include /usr/pkg/lib/pkgconfig
check "places of NetBSD" placed \
    '^-DMINE -I/usr/pkg/include|-L/usr/pkg/lib -Wl,-R/usr/pkg/lib|/usr/pkg/lib/pkgconfig|$'
places OpenBSD /usr/local/include /usr/local/lib
check "places of OpenBSD" placed '^-DMINE -I/usr/local/include|-L/usr/local/lib||$'
places SunOS /usr/lib/64/pkgconfig
check "places of illumos" placed '^-DMINE||/usr/lib/64/pkgconfig|-m64 -g -O2$'
places SunOS /opt/local/include /opt/local/lib/pkgconfig
check "places of SmartOS" placed \
    '^-DMINE -I/opt/local/include|-L/opt/local/lib -Wl,-R/opt/local/lib|/opt/local/lib/pkgconfig|'
places Darwin /opt/homebrew/include /opt/homebrew/lib/pkgconfig /opt/homebrew/opt/openssl@3/lib/pkgconfig
check "places of macOS" placed \
    '-L/opt/homebrew/lib|/opt/homebrew/lib/pkgconfig:/opt/homebrew/opt/openssl@3/lib/pkgconfig|$'
places Linux /usr/local/include /usr/local/lib/pkgconfig
check "places of Linux" placed '^-DMINE|||$'

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 30 ]
