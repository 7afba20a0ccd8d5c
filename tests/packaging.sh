#!/bin/sh
# packaging.sh - what packages name is what make install installs; versions agree; scripts and lists can be read
# SPDX-License-Identifier: BSD-3-Clause
#
# One line for what is wrong; the last line is "N passed, M failed", counted in files and versions.
source=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
[ -f Makefile ] && [ -f config.status ] || { echo "skip: this is no build folder"; exit 77; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/packaging.XXXXXX") || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM
passed=0 failed=0

right() { passed=$((passed + 1)); }
wrong() {
    failed=$((failed + 1))
    echo "FAIL $*"
}

# What is installed, below /p and /etc; headers are many, and nobody names them one by one.
MAKEFLAGS='' MFLAGS='' MAKELEVEL=''
export MAKEFLAGS MFLAGS MAKELEVEL
if ! ${MAKE:-make} install install-configuration install-systemd install-logrotate DESTDIR="$scratch/root" \
    prefix=/p exec_prefix=/p sysconfdir=/etc localstatedir=/var runstatedir=/run \
    >"$scratch/said" 2>&1; then
    tail -n 20 "$scratch/said"
    echo "FAIL make install"
    exit 1
fi
(cd "$scratch/root" && find . ! -type d | sed -e 's,^\./,,' -e 's,^p/,,' | grep -v '^include/' | sort) \
    >"$scratch/there"
[ -s "$scratch/root/p/include/goldcrest/server/module.h" ] || wrong "module.h is not installed"
for page in goldcrest.8 goldcrest.conf.5; do
    grep -q "/$page\$" "$scratch/there" || wrong "the manual $page is not installed"
done

# Nothing is left to be put in place, and the sample configuration is one.
if find "$scratch/root/etc" "$scratch/root/p/lib" "$scratch/root/p/sbin/goldcrest-enable-mod" -type f ! -name '*.so' \
    -exec grep -n '@[a-z]*@' {} /dev/null \; | grep .; then
    wrong "places that are not put in"
else
    right
fi
mkdir -p "$scratch/config"
for file in "$scratch/root/etc/goldcrest/goldcrest.conf" "$scratch/root"/etc/goldcrest/conf-available/*.conf; do
    sed -e '/^server.username/d' -e '/^server.groupname/d' "$scratch/root/etc/goldcrest/goldcrest.conf" |
        grep -v '^include' >"$scratch/config/t.conf"
    case $file in */conf-available/*) # what it depends on, and the file
        for other in $(sed -n 's/^# *-[*]- *depends: *\(.*\) *-[*]-.*/\1/p' "$file" | tr -s ' ,' '\n\n'); do
            cat "$scratch/root"/etc/goldcrest/conf-available/[0-9]*-"$other.conf" >>"$scratch/config/t.conf"
        done
        case $file in
        */*-ssl.conf) right && continue ;; # wants a certificate
        esac
        cat "$file" >>"$scratch/config/t.conf" ;;
    esac
    if src/goldcrest -t -f "$scratch/config/t.conf" >"$scratch/said" 2>&1; then right; else
        wrong "${file##*/}: $(head -n 1 "$scratch/said")"
    fi
done

# named WHO: standard input has files that a package names; each must be there
named() {
    while read -r file; do
        case $file in
        libexec/goldcrest/goldcrest-authn-* | lib/goldcrest/*.so) # not in every build
            grep -q "^$file\$" "$scratch/there" || continue ;;
        esac
        if grep -q -x -F -e "$file" "$scratch/there"; then echo 1; else echo "FAIL $1 names $file"; fi
    done
}

# complete WHO EXCEPT: and each that is there, but for what the pattern says, is named in standard input
complete() {
    sort >"$scratch/names"
    named "$1" <"$scratch/names"
    grep -v -E -e "$2" "$scratch/there" | while read -r file; do
        if grep -q -x -F -e "$file" "$scratch/names"; then echo 1; else echo "FAIL $1 does not name $file"; fi
    done
}

# What the systems of BSD do not take: units of systemd and what goes with them.
linux='^lib/(systemd|tmpfiles.d|sysusers.d)/|^etc/logrotate.d/'
{
    sed -e 's,^@sample \(.*\)\.sample$,\1,' -e '/^@/d' -e '/^etc\/rc\.d\//d' -e 's,%%ETCDIR%%,etc/goldcrest,' \
        -e 's,%%DOCSDIR%%,share/doc/goldcrest,' -e 's,^%%[A-Z]*%%,,' -e 's,\.gz$,,' \
        -e 's,^libdata/,lib/,' -e 's,^%%[A-Z]*%%,,' "$source/dist/freebsd/pkg-plist" |
        complete dist/freebsd/pkg-plist "$linux"
    sed -e 's,^@bin ,,' -e 's,^@so ,,' -e 's,^@man ,,' -e '/^@/d' -e 's,^man/,share/man/,' \
        -e 's,^share/examples/goldcrest/,etc/goldcrest/,' "$source/dist/openbsd/pkg/PLIST" |
        complete dist/openbsd/pkg/PLIST "$linux|^libexec/|/pkgconfig/|/example-module/"
    sed -e '/^@/d' -e 's,^man/,share/man/,' -e 's,^share/examples/goldcrest/,etc/goldcrest/,' \
        "$source/dist/pkgsrc/PLIST" | complete dist/pkgsrc/PLIST "$linux|^libexec/"
    sed -n '/^%files/,/^%changelog/p' "$source/dist/rpm/goldcrest.spec" |
        sed -e 's,%config(noreplace) ,,' -e 's,%attr([^)]*) ,,' -e '/^%[a-z]/d' \
            -e 's,%{name},goldcrest,g' -e 's,%{_sysconfdir}/,etc/,' -e 's,%{_sbindir}/,sbin/,' \
            -e 's,%{_libexecdir}/,libexec/,' -e 's,%{_unitdir}/,lib/systemd/system/,' \
            -e 's,%{_tmpfilesdir}/,lib/tmpfiles.d/,' -e 's,%{_sysusersdir}/,lib/sysusers.d/,' \
            -e 's,%{_datadir}/,share/,' -e 's,%{_mandir}/,share/man/,' -e 's,%{_libdir}/,lib/,' |
        grep -v -e '^%' -e '^-' -e '^[*]' -e '^$' -e 'able-mod\.8' |
        sed -e 's,\*$,,' | grep -v '/$' | named dist/rpm/goldcrest.spec
    for list in "$source"/debian/*.install; do
        while read -r pattern place; do
            case $pattern in
            debian/* | usr/include/*) continue ;;
            esac
            pattern=$(printf '%s\n' "$pattern" | sed -e 's,^usr/,,' -e 's,^lib/\*/,lib/,' \
                -e 's,\*,[^/]*,g' -e 's,vendor-completions,site-functions,')
            case $pattern in libexec/* | lib/goldcrest*) # not in every build
                grep -q -E -e "^$pattern" "$scratch/there" || continue ;;
            esac
            grep -q -E -e "^$pattern(/|\$)" "$scratch/there" && echo 1 && continue
            echo "FAIL ${list##*/} names $pattern ${place:+for $place}"
        done <"$list"
    done
} >"$scratch/result"
passed=$((passed + $(grep -c -x 1 "$scratch/result")))
grep '^FAIL' "$scratch/result" >"$scratch/wrong"
while read -r line; do wrong "${line#FAIL }"; done <"$scratch/wrong"

# put FILE WHERE: a file of dist/ as make put puts it; nothing is left to be put in place
put() {
    file=$1 where=$2
    shift 2
    if ${MAKE:-make} -s put FILE="$file" TO="$scratch/$where" "$@" >"$scratch/said" 2>&1 &&
        [ -s "$scratch/$where" ] && ! grep -n '@[a-z]*@' "$scratch/$where"; then right; else
        wrong "make put FILE=$file: $(tail -n 1 "$scratch/said")"
    fi
}

# The unit reloads with a line of its own before systemd 253, and only there.
for version in 252 253; do
    put systemd/goldcrest.service "unit.$version" systemd_version=$version
    if [ "$(grep -c '^ExecReload=' "$scratch/unit.$version")" -eq $((253 - version)) ]; then right; else
        wrong "systemd/goldcrest.service: ExecReload= for systemd $version"
    fi
done

# Ports take scripts of rc.d out of the archive.
for pair in freebsd:freebsd openbsd:openbsd pkgsrc:netbsd; do
    script="rc.d/${pair#*:}"
    put "$script" script
    if sh -n "$scratch/script" 2>"$scratch/said"; then right; else wrong "$script: $(head -n 1 "$scratch/said")"; fi
    if grep -q -F -e "$script" "$source/dist/${pair%:*}/Makefile"; then right; else
        wrong "dist/${pair%:*}/Makefile does not take $script"
    fi
done
for part in "$source"/dist/config/conf-available/*; do
    if grep -q -w -F -e "${part##*/}" "$source/dist/pkgsrc/Makefile"; then right; else
        wrong "dist/pkgsrc/Makefile does not name ${part##*/}"
    fi
done

# One version.
version=$(sed -n 's/^AC_INIT(\[goldcrest\], \[\(.*\)\]).*/\1/p' "$source/configure.ac")
same() { # same FILE SED: what that expression finds in the file
    found=$(sed -n "$2" "$source/$1" | head -n 1)
    if [ "$found" = "$version" ]; then right; else wrong "$1: version \"$found\" is not $version"; fi
}
same NEWS 's/^\([0-9][0-9.]*\)$/\1/p'
same debian/changelog 's/^goldcrest (\([0-9.]*\)-.*/\1/p'
same dist/rpm/goldcrest.spec 's/^Version: *//p'
same dist/freebsd/Makefile 's/^DISTVERSION=[[:blank:]]*//p'
same dist/freebsd/distinfo 's/^SIZE (goldcrest-\([0-9.]*\)\.tar.*/\1/p'
same dist/openbsd/Makefile 's/^DISTNAME =[[:blank:]]*goldcrest-//p'
same dist/pkgsrc/Makefile 's/^DISTNAME=[[:blank:]]*goldcrest-//p'
same dist/openwrt/Makefile 's/^PKG_VERSION:=//p'
same dist/alpine/APKBUILD 's/^pkgver=//p'

# Scripts that a shell can read.
for script in dist/tools/goldcrest-enable-mod dist/tools/goldcrest-take-lighttpd dist/openwrt/files/goldcrest.init \
    dist/alpine/APKBUILD dist/alpine/goldcrest.pre-install debian/goldcrest.postinst debian/goldcrest.postrm \
    debian/tests/serves debian/tests/beside-lighttpd; do
    if sh -n "$source/$script" 2>"$scratch/said"; then right; else wrong "$script: $(head -n 1 "$scratch/said")"; fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
