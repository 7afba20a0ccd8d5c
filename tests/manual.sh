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

"$program" --help-config >"$scratch/directives"
"$program" -V >"$scratch/features"
"$program" -h >"$scratch/options"

# Directives: name, type and scope as --help-config has them; of modules that are left out known.def has the names.
awk -v features="$scratch/features" '
function wrong(what) { print "FAIL " what; failed++; bad = 1 }
function kind(line) {
    if (line ~ /on\/off/) return "switch"
    if (line ~ /"key" => "text"/) return "map"
    if (line ~ /"key" => value/) return "table"
    if (line ~ /\( "text"/) return "list"
    if (line ~ /^  [^ ]+ +"text"/) return "text"
    return "number"
}
FNR == 1 { part++ }
part == 1 && /^  [a-z]/ {
    type[$1] = kind($0)
    scope[$1] = $0 ~ / global +[A-Z"]/ ? "global" : $0 ~ / socket +[A-Z"]/ ? "socket" : ""
}
part == 2 && /^\t\+ mod_/ { built[$2] = 1 }
part == 3 && /^KNOWN/ { split($0, known, "\""); module[known[2]] = known[4] }
part == 4 && /^\.It Ic [a-z0-9-]+\.[a-z]/ {
    name = $3
    bad = 0
    if (name in seen) wrong("goldcrest.conf.5:" FNR ": " name " is there twice")
    seen[name] = 1
    if (name in type) {
        wanted = ".It Ic " name " No = Ar " type[name] (scope[name] == "" ? "" : " Pq " scope[name])
        if ($0 != wanted) wrong("goldcrest.conf.5:" FNR ": is \"" $0 "\", should be \"" wanted "\"")
    } else if (!(name in module) || module[name] in built)
        wrong("goldcrest.conf.5:" FNR ": there is no directive " name)
    if (!bad) passed++
}
END {
    for (name in type) if (!(name in seen)) wrong("goldcrest.conf.5 does not know " name)
    print passed + 0, failed + 0
}' "$scratch/directives" "$scratch/features" "$source/src/server/known.def" "$source/doc/goldcrest.conf.5" \
    >"$scratch/result"

# Options: each that -h prints stands in goldcrest.8; long ones are written "Fl -name" there.
sed -n 's/^  \(-[^ ,]*\)\(, \(-[^ ]*\)\)\{0,1\} .*/\1 \3/p' "$scratch/options" | tr ' ' '\n' | grep . |
while read -r option; do
    name=$(printf '%s\n' "$option" | sed 's/^-//')
    if grep -q -e "Fl.*[ |]$name\( \|\$\|,\)" "$source/doc/goldcrest.8"; then echo 1 0; else
        echo "FAIL goldcrest.8 does not know $option"
        echo 0 1
    fi
done >>"$scratch/result"

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

grep '^FAIL' "$scratch/result"
awk '/^[0-9]/ { passed += $1; failed += $2 }
     /^FAIL manual/ { failed++ }
     END { print passed + 0 " passed, " failed + 0 " failed"; exit failed > 0 || passed == 0 }' "$scratch/result"
