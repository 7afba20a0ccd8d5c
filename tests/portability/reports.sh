#!/bin/sh
# reports.sh - portability.sh over a project of nothing, with everything planted that it must notice or keep to itself
# SPDX-License-Identifier: BSD-3-Clause
#
# The server that it installs is the built one, if there is one. The last line is "N passed, M failed".
source=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
server=$(pwd)/src/goldcrest
cc=${CC:-cc}
command -v "${cc%% *}" >/dev/null 2>&1 || { echo "skip: there is no compiler"; exit 77; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/gcr.XXXXXX") || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM
passed=0 failed=0

check() { # check WHAT PROGRAM ARGUMENT…
    title=$1
    shift
    if "$@" >/dev/null 2>&1; then passed=$((passed + 1)); else
        echo "FAIL $title"
        failed=$((failed + 1))
    fi
}
no() { ! "$@"; }

# The project: configure and make as they look from outside.
tree=$scratch/tree
mkdir -p "$tree/tests/portability" "$scratch/home/annabell" "$scratch/tmp" "$scratch/fakes"
cp "$source/tests/portability.sh" "$tree/tests/"
cp "$source"/tests/portability/*.[ch] "$tree/tests/portability/"
for name in places report smoke; do cp "$source/tests/portability/$name.sh" "$tree/tests/portability/"; done
: >"$tree/Makefile.in"
echo 'AC_INIT([goldcrest], [9.9.9])' >"$tree/configure.ac"

cat >"$tree/configure" <<'TEXT'
#!/bin/sh
echo "running on $(uname -n)"
case " $* " in *" --fails "*)
    printf 'conftest: it is all wrong\n## Cache variables. ##\nac_cv_env_SECRET=hunter2\n' >config.log
    echo "configure: error: it is all wrong"; exit 1 ;;
esac
case " $* " in *" --needs-x "*) case " $* " in *" --without-x "*) ;; *)
    echo "configure: error: X was not found. Install its package, or say --without-x"; exit 1 ;; esac ;;
esac
folder=$(dirname "$0")
mkdir -p tests/conformance
printf '#define GC_FDEVENT_ORDER "poll"\n#define HAVE_POLL 1\n/* #undef HAVE_KQUEUE */\n' >config.h
echo 'S["prefix"]="/usr/local"' >config.status
printf '#!/bin/sh\necho "SKIP poll: 99: not here"\necho "3 passed, 0 failed, 1 skipped"\n' >tests/conformance/native
chmod 755 tests/conformance/native
echo "goldcrest is configured:"; echo "  event backends     poll"; echo "Now: make"
tab=$(printf '\t')
cat >Makefile <<MAKE
TESTS = $(cd "$folder" && ls tests/t_* 2>/dev/null | tr '\n' ' ')
all:
${tab}@echo 'a.c:1: warning: what is this'
check:
${tab}@LOG_COMPILER='\$(LOG_COMPILER)' sh $folder/harness \$(TESTS)
install:
${tab}@mkdir -p \$(DESTDIR)/usr/local/sbin && cp SERVER \$(DESTDIR)/usr/local/sbin/goldcrest
MAKE
TEXT
cat >"$tree/harness" <<'TEXT'
bad=0
for test in "$@"; do
    $LOG_COMPILER "$(dirname "$0")/$test" >"$test.log" 2>&1
    case $? in 0) word=PASS ;; 77) word=SKIP ;; *) word=FAIL bad=1 ;; esac
    echo ":test-result: $word" >"$test.trs"
    echo "$word: $test"
done
exit $bad
TEXT
chmod 755 "$tree/configure"

plant() { # plant NAME LINE…: a test of the project
    name=$1
    shift
    { echo '#!/bin/sh'; printf '%s\n' "$@"; } >"$tree/tests/t_$name"
    chmod 755 "$tree/tests/t_$name"
}
fake() {
    { echo '#!/bin/sh'; printf '%s\n' "$2"; } >"$scratch/fakes/$1"
    chmod 755 "$scratch/fakes/$1"
}
fake hostname 'echo Cherrytree.orchard.example'
fake uname "case \$1 in -n) echo Cherrytree.orchard.example ;; *) exec $(command -v uname) \"\$@\" ;; esac"
fake id "case \$1 in -un) echo annabell ;; *) exec $(command -v id) \"\$@\" ;; esac"
fake true-server 'exit 0'

run() { # run ARGUMENT…: as somebody who has something to hide
    (
        cd "$scratch/home/annabell" || exit
        HOME=$scratch/home/annabell LOGNAME=annabell USER=annabell SECRET=hunter2 TMPDIR=$scratch/tmp JOBS=2
        PATH=$scratch/fakes:${path:-$PATH}
        export HOME LOGNAME USER SECRET TMPDIR JOBS PATH
        unset MAKE MAKEFLAGS MFLAGS MAKELEVEL
        exec ${shell:-sh} "$tree/tests/portability.sh" --output "$scratch/report" "$@"
    ) >"$scratch/said" 2>&1
}
ends_with() { [ "$status" = "$1" ]; }
reports() { grep -e "$1" "$scratch/report"; }
nothing_left() { [ -z "$(ls "$scratch/tmp")" ]; }

installed=yes
[ -x "$server" ] || { installed=no; server=$scratch/fakes/true-server; }
sed "s,SERVER,$server," "$tree/configure" >"$scratch/configure" && cat "$scratch/configure" >"$tree/configure"

# ---- what goes well, and what must not be told --------------------------------------------------------------

plant good 'echo "7 passed, 0 failed"'
plant skips 'echo "skip: there is no moon"' 'exit 77'
if [ $installed = yes ]; then
    run
    status=$?
    check "all is well: 0" ends_with 0
    check "all is well: said" reports '^  everything passed'
    check "the server was tried" reports 'ok    poll: GET of a large file'
    check "the server ended" reports 'ok    poll: SIGINT: it ends'
    check "a test with its count" reports '^  PASS .* tests/t_good  (7 passed, 0 failed)'
    check "a skip with its reason" reports '^  SKIP .* tests/t_skips  (skip: there is no moon)'
    check "conformance" reports 'poll: 3 passed, 0 failed, 1 skipped'
    check "warnings are counted" reports '1 a.c:1: warning: what is this'
    check "config.h" reports 'HAVE_KQUEUE is not defined'
    check "nothing is left" nothing_left
    grep -q '^  everything passed' "$scratch/report" || cat "$scratch/said" "$scratch/report"
fi

plant tells 'echo "user annabell, ANNABELL; annabella and xannabell are somebody else"' \
    'echo "host cherrytree, Cherrytree.orchard.example; env $SECRET"; env' \
    "echo 'in $scratch/home/annabell/mail and $tree/tests'" \
    'echo "198.51.100.7:80 [2001:db8::17]:443 fe80::1 02:42:ac:11:00:02 anna@orchard.example"' \
    'echo "kept: 127.0.0.1:8080 0.0.0.0 [::1]:80 :: 12:34:56 1.2.3 openssl@3"' 'exit 1'
run
status=$?
check "a failing test: 1" ends_with 1
check "a failing test: named" reports '^  FAIL .* tests/t_tells'
check "a failing test: its log" reports '^---- FAIL: tests/t_tells'
check "what is harmless is kept" reports 'kept: 127.0.0.1:8080 0.0.0.0 \[::1\]:80 :: 12:34:56 1.2.3 openssl@3'
check "other words are kept" reports 'annabella and xannabell are somebody else'
for word in 'user annabell' 'annabell[^a ]' cherrytree orchard hunter2 /home "$scratch" 198.51.100 2001:db8 fe80 \
    02:42 anna@; do
    check "not told: $word" no grep -i -e "$word" "$scratch/report"
done
rm "$tree/tests/t_tells"

# ---- what hangs, what fails, what is missing ----------------------------------------------------------------

plant hangs "sleep 6543 & echo \$! >'$scratch/sleeper'; wait"
plant later 'exit 0'
run --limit 2
status=$?
check "a test that hangs: 1" ends_with 1
check "a test that hangs: named" reports '^  FAIL .* tests/t_hangs'
check "a test that hangs: said" reports 'within: ended after 2 seconds'
check "a test that hangs: those after it ran" reports '^  PASS .* tests/t_later'
check "a test that hangs: ended" no kill -0 "$(cat "$scratch/sleeper")"
check "a test that hangs: nothing is left" nothing_left

rm -f "$scratch/sleeper"
run --limit 60 &
job=$!
n=0
while [ ! -s "$scratch/sleeper" ] && [ $n -lt 120 ]; do sleep 1; n=$((n + 1)); done
script=$(ps -A -o pid= -o args= 2>/dev/null |
    sed -n "s,^ *\([0-9]*\) [^ ]*sh $tree/tests/portability.sh.*,\1,p" | sed 1q)
if [ -n "$script" ] && [ -s "$scratch/sleeper" ]; then
    kill -INT "$script" 2>/dev/null
    kill -TERM "$script"
    wait $job
    status=$?
    check "interrupted: 2" ends_with 2
    check "interrupted: ended" no kill -0 "$(cat "$scratch/sleeper")"
    check "interrupted: nothing is left" nothing_left
else
    echo "skip: interrupting it needs ps -A -o"
    wait $job
fi
rm "$tree/tests/t_hangs"

run -- --needs-x
check "what is not found is left out" reports 'left out, as configure did not find them: --without-x'
run -- --fails
status=$?
check "configure fails: 2" ends_with 2
check "configure fails: config.log" reports 'conftest: it is all wrong'
check "configure fails: no variables" no grep hunter2 "$scratch/report"
mkdir "$scratch/tools"
for tool in sh sed grep tr sort head tail cat dirname rm mkdir chmod env cut ls awk date wc cp uniq find id; do
    ln -s "$(command -v $tool)" "$scratch/tools/$tool"
done
CC=$scratch/none path=$scratch/tools run
status=$?
check "no compiler: 2" ends_with 2
check "no compiler: said" reports 'It could not be tried: there is no C compiler'
run --nonsense
status=$?
check "an unknown option: 2" ends_with 2
check "--help" sh "$tree/tests/portability.sh" --help
run --keep
check "--keep" no nothing_left
rm -rf "$scratch"/tmp/*

for shell in dash bash ksh93 mksh "busybox sh" /usr/xpg4/bin/sh ksh; do
    command -v "${shell%% *}" >/dev/null 2>&1 || continue
    run
    check "$shell: conformance" reports 'poll: 3 passed, 0 failed, 1 skipped'
    check "$shell: a test" reports '^  PASS .* tests/t_good  (7 passed, 0 failed)'
    check "$shell: its log is quiet" no grep -e 'not found' -e 'syntax' -e 'bad ' -e 'unexpected' "$scratch/said"
    [ "$installed" = no ] || check "$shell: all" reports '^  everything passed'
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 30 ]
