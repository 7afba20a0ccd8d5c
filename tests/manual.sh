#!/bin/sh
# manual.sh - the manuals name every directive and option that the program has, as it has them, and no other
# SPDX-License-Identifier: BSD-3-Clause
#
# One line for what is wrong; the last line is "N passed, M failed", counted in directives and options.
source=${srcdir:-$(dirname "$0")/..}
program=${GOLDCREST:-src/goldcrest}
[ -x "$program" ] || { echo "skip: $program is not built"; exit 77; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/manual.XXXXXX") || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM

"$program" --help-config=table >"$scratch/directives"
"$program" -V >"$scratch/features"
"$program" -h >"$scratch/options"
page=$source/doc/goldcrest.conf.5.in

# goldcrest.conf(5) can be made: doc/goldcrest.conf.5.in names directives that there are, each once; then each is
# there. Modules that this build leaves out are known to configure.
if ${AWK:-awk} -f "$source/doc/manual.awk" part=table "$scratch/directives" part=source "$page" >"$scratch/page.5" \
    2>"$scratch/said"; then
    cut -f 2 "$scratch/directives" | while read -r name; do
        if grep -q "^\.It Ic $name No = Ar " "$scratch/page.5"; then echo 1 0; else
            echo "FAIL goldcrest.conf.5 does not know $name"
            echo 0 1
        fi
    done
    for name in $(sed -n 's/^\.\\" without://p' "$scratch/page.5"); do
        grep -q "^GOLDCREST_MODULE(\[$(echo "${name#mod_}" | tr _ -)\]" "$source/configure.ac" && continue
        echo "FAIL $page: there is no module $name"
        echo 0 1
    done
else
    sed "s,^$source/,FAIL ," "$scratch/said"
    echo 0 1
fi >>"$scratch/result"

# A release has the page ready made; it is that of these sources.
shipped=$source/doc/shipped/goldcrest.conf.5
if [ -f "$shipped" ] && ! grep -q '^\.\\" without:' "$scratch/page.5" && ! cmp -s "$shipped" "$scratch/page.5"; then
    echo "FAIL doc/shipped/goldcrest.conf.5 is not what these sources make: take it away, or replace it"
    echo 0 1
fi >>"$scratch/result"

# Options: each that -h prints stands in goldcrest.8; long ones are written "Fl -name" there.
sed -n 's/^  \(-[^ ,]*\)\(, \(-[^ ]*\)\)\{0,1\} .*/\1 \3/p' "$scratch/options" | tr ' ' '\n' | grep . |
while read -r option; do
    name=$(printf '%s\n' "$option" | sed 's/^-//')
    if grep -q -E -e "Fl.*[ |]$name( |\$|,)" "$source/doc/goldcrest.8"; then echo 1 0; else
        echo "FAIL goldcrest.8 does not know $option"
        echo 0 1
    fi
done >>"$scratch/result"

# Commands: each that -h prints has a section ".Ss goldcrest NAME" in goldcrest.8, with every option of its usage
# but -f; and no others have.
sed -n '/^commands:/,/^signals:/s/^  goldcrest //p' "$scratch/options" >"$scratch/commands"
sed -n '/^\.Sh COMMANDS/,/^\.Sh [^C]/p' "$source/doc/goldcrest.8" >"$scratch/entries"
while read -r name usage; do
    awk -v name="$name" '/^\.Ss / { on = $3 == name } on' "$scratch/entries" >"$scratch/entry"
    grep -q . "$scratch/entry" || echo "FAIL goldcrest.8 does not know the command $name"
    for option in $(echo "$usage" | tr -c 'a-z0-9A-Z\n-' ' ' | tr ' ' '\n' | grep '^-.' | grep -v -x -e -f); do
        grep -q -e "Fl.* $(echo "$option" | sed 's/^-//')\( \|\$\)" "$scratch/entry" ||
            echo "FAIL goldcrest.8 does not know $option of $name"
    done
done <"$scratch/commands" >"$scratch/wrong"
sed -n 's/^\.Ss goldcrest \([a-z-]*\).*/\1/p' "$scratch/entries" | while read -r name; do
    grep -q -e "^$name\( \|\$\)" "$scratch/commands" || echo "FAIL goldcrest.8: there is no command $name"
done >>"$scratch/wrong"
sed 'p; s/.*/0 1/' "$scratch/wrong" >>"$scratch/result"
awk '{ print 1, 0 }' "$scratch/commands" >>"$scratch/result"

# They are mandoc's language.
if command -v mandoc >/dev/null 2>&1; then
    for manual in "$source/doc/goldcrest.8" "$scratch/page.5"; do
        [ -s "$manual" ] || continue
        mandoc -T lint -W warning "$manual" >"$scratch/said" 2>&1 && echo 1 0 && continue
        sed -e 's/^/FAIL /' -e "s,$scratch/page.5,goldcrest.conf.5," "$scratch/said"
        echo 0 1
    done >>"$scratch/result"
fi

# The example is a configuration without a mistake.
if grep -q '+ PCRE support' "$scratch/features"; then
    if "$program" -t -f "$source/doc/goldcrest.conf" >"$scratch/said" 2>&1; then echo 1 0; else
        echo "FAIL doc/goldcrest.conf: $(head -n 1 "$scratch/said")"
        echo 0 1
    fi >>"$scratch/result"
fi

# The two tables of states.h, as doc/ARCHITECTURE shows them.
name='[A-Z_]*' step='[a-z_]*' word='[A-Z_-]*'
sed -n "s/^ *ROW(\\($name, $step, $name, $name, $name, $name, $name\\), \".*/\\1/p" "$source/src/server/states.h" |
    tr -d ',' | sed 's/ NONE/ -/g' >"$scratch/states"
sed -n "s/^    \\($name *$step *$word *$word *$word *$word *$word\\)\$/\\1/p" "$source/doc/ARCHITECTURE" |
    tr -s ' ' >"$scratch/shown"
[ "$(grep -c . "$scratch/states")" -ge 15 ] || echo "FAIL manual.sh cannot read states.h" >>"$scratch/result"
while read -r row; do
    if grep -q -x -F -e "$row" "$scratch/shown"; then echo 1 0; else
        echo "FAIL doc/ARCHITECTURE has no row \"$row\""
        echo 0 1
    fi
done <"$scratch/states" >>"$scratch/result"

# doc/PORTABILITY: files and functions that it names are there, a function behind a file in that file; so are the
# cases of the conformance suite in its last column, and what it says of configure.
awk '
BEGIN { path = "[A-Za-z0-9_./-]+[.](c|h|sh|m4|def|ac)" }
{
    text = $0
    column = 0
    while (match(text, path "|[a-z_0-9]+\\(\\)|--[a-z]+-[a-z0-9-]*[a-z0-9]|gc_cv_[A-Za-z0-9_]+")) {
        word = substr(text, RSTART, RLENGTH)
        between = substr(text, 1, RSTART - 1)
        column += RSTART
        text = substr(text, RSTART + RLENGTH)
        if (word ~ /\(\)$/) {
            name = substr(word, 1, length(word) - 2)
            behind = FNR == line ? between ~ /^ +$/ : FNR == line + 1 && column > 60 && between ~ /   $/
            print "function", behind ? file : "-", name, FNR
        } else if (word ~ /^--(with|without|enable|disable)-/ || (word ~ /^gc_cv_/ && word !~ /_NAME$/))
            print "switch", "-", word, FNR
        else if (word ~ /\// || word ~ /\.ac$/) {
            if (text !~ /^>/ && substr($0, column - 1, 1) != "<") {
                print "file", word, "-", FNR
                file = word
                line = FNR
            }
        }
        column += length(word) - 1
    }
}
/^    .* [0-9]/ && length($0) > 104 {
    n = split(substr($0, 105), cases, " ")
    for (i = 1; i <= n; i++) if (cases[i] ~ /^[0-9]+[a-z]?$/) print "case", "-", cases[i], FNR
}' "$source/doc/PORTABILITY" | sort -u >"$scratch/named"
(
    cd "$source" || exit
    cat fdevents/*.[ch] src/*.c src/*/*.[ch] src/*/*/*.[ch] tests/conformance/*.[ch] >"$scratch/sources"
)
while read -r kind file name line; do
    case $kind in
    file) test -e "$source/${file#./}" ;;
    function)
        [ "$file" = - ] && file=$scratch/sources || file=$source/$file
        grep -q -E -e "(^|[^a-z_0-9])$name\(" "$file" 2>/dev/null
        ;;
    case) grep -q -e "{\"$name " "$source"/tests/conformance/cases_*.c ;;
    switch) [ ! -f "$source/configure" ] || grep -q -e "$name" "$source/configure" ;;
    esac && echo 1 0 && continue
    echo "FAIL doc/PORTABILITY:$line: there is no $kind $name ($file)" | sed -e "s,$source/,," -e "s,$scratch/,,"
    echo 0 1
done <"$scratch/named" >>"$scratch/result"
[ "$(grep -c . "$scratch/named")" -ge 100 ] || echo "FAIL manual.sh cannot read doc/PORTABILITY" >>"$scratch/result"

grep '^FAIL' "$scratch/result"
awk '/^[0-9]/ { passed += $1; failed += $2 }
     /^FAIL manual/ { failed++ }
     END { print passed + 0 " passed, " failed + 0 " failed"; exit failed > 0 || passed == 0 }' "$scratch/result"
