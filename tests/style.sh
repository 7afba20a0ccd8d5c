#!/bin/sh
# style.sh - what a reader may rely on in every file: a first line that says what it is, a licence, a bounded size
# SPDX-License-Identifier: BSD-3-Clause
#
# One line for each rule that is broken; the last line is "N passed, M failed", counted in files.
cd "${srcdir:-$(dirname "$0")/..}" || exit 2
LC_ALL=C
export LC_ALL

columns=118 file_lines=600 function_lines=80

find fdevents src tests m4 -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.py' -o -name '*.m4' | sort |
    grep -v -e '^m4/lt' -e '^m4/libtool' -e '^tests/data/' -e '^tests/fuzz/corpus/' |
    xargs awk -v columns=$columns -v file_lines=$file_lines -v function_lines=$function_lines '
function wrong(what) {
    print "FAIL " FILENAME ":" FNR ": " what
    if (!(FILENAME in failed)) failures++
    failed[FILENAME] = 1
}

function end_of_file() {
    if (!files) return
    if (!licence) print "FAIL " name ": no SPDX-License-Identifier line in the first four"
    ceiling = name ~ /\.def$/ ? 5 * file_lines : file_lines # a table is as long as it is
    if (lines > ceiling) print "FAIL " name ": " lines " lines; " ceiling " is the ceiling"
    if ((!licence || lines > ceiling) && !(name in failed)) { failures++; failed[name] = 1 }
}

FNR == 1 {
    end_of_file()
    files++
    name = FILENAME
    licence = in_function = 0
    is_c = name ~ /\.(c|h|def)$/
    base = name
    sub(/.*\//, "", base)
    gsub(/[.+]/, "\\.", base)
    title = is_c ? "^/\\* (.*/)?" base " - " : "^(# |#!)"
    if ($0 !~ title) wrong("the first line says what the file is: /* name - what */")
}

{ lines = FNR }

FNR == 2 && !is_c && name !~ /\.m4$/ && $0 !~ "^# " base " - " {
    wrong("the second line says what the script is: # name - what")
}

FNR <= 4 && /SPDX-License-Identifier: BSD-3-Clause/ { licence = 1 }

{
    text = $0
    gsub(/[\200-\277]/, "", text)    # a letter of several bytes counts once
    if (length(text) > columns && text !~ /^\/\* ----/) wrong(length(text) " columns; " columns " is the limit")
}

/\t/ { wrong("a tab") }
/[ \t\r]$/ { wrong("blanks at the end") }
/(^|[^A-Za-z_])(TODO|FIXME|XXX)([^A-Za-z_]|$)/ && base != "style\\.sh" {
    wrong("what is not done is an issue, not a comment")
}
/^[ \t]*#[ \t]*if[ \t]+0/ { wrong("#if 0: take it out, the history has it") }

# A function begins with a brace behind what starts in the first column, and ends with a brace in the first column.
is_c && /^[A-Za-z_].*\).*\{$/ { in_function = 1; begin = FNR }
is_c && /^\}/ {
    if (in_function && FNR - begin + 1 > function_lines)
        wrong("the function above has " FNR - begin + 1 " lines; " function_lines " is the limit")
    in_function = 0
}

END {
    end_of_file()
    print files - failures + 0 " passed, " failures + 0 " failed"
    exit failures > 0 || files == 0
}'
