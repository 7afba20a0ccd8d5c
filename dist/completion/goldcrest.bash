# goldcrest.bash - completion of goldcrest's command line in bash
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash

# Commands and options are asked of the program itself: what -h says.
_goldcrest_commands() {
    "$1" -h 2>/dev/null | sed -n '/^commands:/,/^signals:/s/^  goldcrest \([a-z-]*\).*/\1/p'
}

# _goldcrest_options PROGRAM [COMMAND]
_goldcrest_options() {
    if [[ $2 ]]; then
        "$1" -h 2>/dev/null | sed -n "/^commands:/,/^signals:/s/^  goldcrest $2 //p" |
            tr -c 'a-zA-Z0-9\n-' ' ' | tr ' ' '\n' | grep '^-.'
    else
        "$1" -h 2>/dev/null | sed -n 's/^  \(-[^ ,]*\)\(, \(-[^ ]*\)\)\{0,1\} .*/\1 \3/p'
    fi
}

_goldcrest() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]} command='' name
    program=${program/#\~/$HOME}
    COMPREPLY=()
    if ((COMP_CWORD > 1)); then
        for name in $(_goldcrest_commands "$program"); do
            [[ ${COMP_WORDS[1]} == "$name" ]] && command=$name
        done
    fi

    # bash cuts --help-config=NAME at the sign.
    if [[ $word == = && $before == --help-config ]]; then
        before='=' word=''
    fi
    if [[ $before == '=' && ${COMP_WORDS[COMP_CWORD - 2]} == --help-config || $before == --help-config ]]; then
        mapfile -t COMPREPLY < <(compgen -W "table $("$program" --help-config=table 2>/dev/null | cut -f 2)" -- "$word")
        [[ $before == --help-config ]] && COMPREPLY=("${COMPREPLY[@]/#/=}")
        return
    fi

    case $before in
    -f | --diff | --log)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames
        return
        ;;
    --serve | -m)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        compopt -o filenames
        return
        ;;
    -i | --port | -H | --from | --socket) return ;;
    esac

    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_goldcrest_options "$program" "$command")" -- "$word")
    elif ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$(_goldcrest_commands "$program")" -- "$word")
    elif [[ $command ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames
    fi
}

complete -F _goldcrest goldcrest
