#!/bin/sh
# completion.sh - what bash and zsh offer behind "goldcrest", against what goldcrest -h says
# SPDX-License-Identifier: BSD-3-Clause
#
# One line for what is wrong; the last line is "N passed, M failed". A shell that is not there is said.
source=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
program=${GOLDCREST:-src/goldcrest}
[ -x "$program" ] || { echo "skip: $program is not built"; exit 77; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/completion.XXXXXX") || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM
mkdir "$scratch/bin" "$scratch/home" "$scratch/folder"
mkdir "$scratch/folder/htdocs"
touch "$scratch/folder/site.conf"
cp "$program" "$scratch/bin/goldcrest"
PATH=$scratch/bin:$PATH HOME=$scratch/home
export PATH HOME
goldcrest -h >"$scratch/help"
passed=0 failed=0

# What has to be offered, from the program: it is asked in other words than the completions do.
options=$(grep -o -E '^  -[^ ,]+(, -[^ ]+)?' "$scratch/help" | tr -d ',' | tr -s ' ' '\n' | grep . | tr '\n' ' ')
commands=$(grep -o -E '^  goldcrest [a-z-]+' "$scratch/help" | cut -d ' ' -f 4 | tr '\n' ' ')
directives=$(goldcrest --help-config=table | cut -f 2 | grep '^ssl\.v' | tr '\n' ' ')
if [ -z "$options" ] || [ -z "$commands" ] || [ -z "$directives" ]; then
    echo "FAIL completion.sh cannot read -h"
    exit 1
fi

# offers SHELL LINE WORD…: all these are among what LINE is completed with.
offers() {
    shell=$1 line=$2
    shift 2
    said=" $("in_$shell" "$line" | tr '\n' ' ') "
    for word in "$@"; do
        case $said in
        *" $word "*) passed=$((passed + 1)) ;;
        *)
            failed=$((failed + 1))
            echo "FAIL $shell: \"$line\" does not offer $word, but:$said"
            ;;
        esac
    done
}

# offers_not SHELL LINE WORD
offers_not() {
    case " $("in_$1" "$2" | tr '\n' ' ') " in
    *" $3 "*)
        failed=$((failed + 1))
        echo "FAIL $1: \"$2\" offers $3"
        ;;
    *) passed=$((passed + 1)) ;;
    esac
}

# A line is completed at its end, which is a new word if it ends with a blank.
in_bash() {
    bash --norc -c '
        compopt() { :; }
        . "$1"
        line=$2
        [[ $line == *--help-config=* ]] && line=${line/=/ = }
        read -r -a COMP_WORDS <<<"$line"
        [[ $line == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _goldcrest
        printf "%s\n" "${COMPREPLY[@]}"' bash "$source/dist/completion/goldcrest.bash" "$1" 2>"$scratch/complaints"
    sed 's/^/bash: /' "$scratch/complaints"
}

# zsh completes in a terminal of its own; what it would show is written down in place of being shown.
in_zsh() {
    cat >"$scratch/driver" <<'ZSH'
zmodload zsh/zpty
typeset -F SECONDS=0
zpty -b run zsh -f -i
until_there() { # what the shell prints is taken away, so that it can go on
    while [[ ! -e $1 ]] && (( SECONDS < 30 )); do
        zpty -r -t run seen || sleep 0.02
    done
}
zpty -w run "PS1=; TERM=dumb; fpath=($1 \$fpath); autoload -Uz compinit && compinit -u -D"
zpty -w run "compadd() { local -a got; builtin compadd -O got \"\$@\"; print -r -l -- \$got >>|$3; note \"\$@\"; }"
zpty -w run "note() { builtin compadd \"\$@\"; }"
zpty -w run "offered() { _main_complete; : >|$3.done; }"
zpty -w run "zle -C offered .list-choices offered; bindkey '^X^Y' offered; : >|$3.ready"
until_there $3.ready
zpty -w -n run "$2"$'\C-x\C-y'
until_there $3.done
zpty -d run
ZSH
    rm -f "$scratch/offered.ready" "$scratch/offered.done"
    : >"$scratch/offered"
    zsh -f "$scratch/driver" "$source/dist/completion" "$1" "$scratch/offered" >"$scratch/complaints" 2>&1
    sort -u "$scratch/offered"
}

for shell in bash zsh; do
    command -v $shell >/dev/null 2>&1 || { echo "skip: $shell is not here"; continue; }
    offers $shell "goldcrest -" $options
    offers $shell "goldcrest " $commands
    for command in $commands; do
        usage=$(sed -n "s/^  goldcrest $command //p" "$scratch/help")
        wanted=$(echo "$usage" | grep -o -E -e '(^|[^a-zA-Z])--?[a-zA-Z][a-z-]*' | grep -o -e '-.*')
        [ -z "$wanted" ] || offers $shell "goldcrest $command -" $wanted
    done
    offers $shell "goldcrest --help-config=ssl.v" $directives
    offers_not $shell "goldcrest --help-config=ssl.v" server.port
    offers_not $shell "goldcrest -" server.port
    cd "$scratch/folder" || exit 2
    offers $shell "goldcrest -f " site.conf
    offers $shell "goldcrest --serve " htdocs
    offers_not $shell "goldcrest --serve " site.conf
    cd "$OLDPWD" || exit 2
done
echo "$passed passed, $failed failed"
[ "$passed" -gt 0 ] || exit 77
[ "$failed" -eq 0 ]
