# manual.awk - makes goldcrest.conf.5 from the program's table of directives and doc/goldcrest.conf.5.in
# SPDX-License-Identifier: BSD-3-Clause
#
#   goldcrest --help-config=table | awk -f manual.awk part=table - part=source goldcrest.conf.5.in
#
# In goldcrest.conf.5.in a line ".It Ic NAME" stands for a directive; name, type, scope, help and default are those of
# the table, what follows the line is put behind them. Directives that have no such line come last in their section.
# What modules have that this build leaves out is kept as far as it is known, and a comment says which they are. A line
# for a directive that is not there, or is there twice, is an error: status 1.

function wrong(line, what) {
    print FILENAME ":" line ": " what >"/dev/stderr"
    failed = 1
}

# Text, as a line or some: backslashes and dots are no syntax, and names of directives are set as such.
function print_text(text, n, i, words, line, word, behind) {
    gsub(/\\/, "\\e", text)
    gsub(/…/, "...", text)
    n = split(text, words, " ")
    line = ""
    for (i = 1; i <= n; i++) {
        word = behind = words[i]
        sub(/[.,;:]+$/, "", word)
        if (word in module) {
            if (line != "") print line
            behind = substr(behind, length(word) + 1)
            print ".Ic " word (behind == "" ? "" : " " behind)
            line = ""
        } else if (line != "" && length(line words[i]) > 76) {
            print line
            line = safe(words[i])
        } else
            line = line == "" ? safe(words[i]) : line " " words[i]
    }
    if (line != "") print line
}

# A word that begins a line must not look like a request.
function safe(word) { return word ~ /^[.']/ ? "\\&" word : word }

function print_default(name) {
    if (type[name] == "switch") print "Default: " otherwise[name] "d."
    else if (type[name] == "text") print "Default:\n.Dq Li " otherwise[name] " ."
    else print "Default: " otherwise[name] "."
}

function print_directive(name) {
    print ".It Ic " name " No = Ar " type[name] (scope[name] == "anywhere" ? "" : " Pq " scope[name])
    if (state[name] == "ignored") print_text("Accepted; has no effect" (instead[name] == "" ? "" : ": " instead[name]) ".")
    else print_text(help[name])
    if (otherwise[name] != "") print_default(name)
    if (state[name] == "deprecated" && !index(help[name], instead[name])) {
        print "Today one writes"
        print_text(instead[name] ".")
    }
}

function unplaced(of, i, n) {
    for (i = 1; i <= rows; i++) n += module[names[i]] == of && !(names[i] in placed)
    return n + 0
}

function print_unplaced(of, i) {
    for (i = 1; i <= rows; i++) if (module[names[i]] == of && !(names[i] in placed)) print_directive(names[i])
}

function print_list(title, of) {
    if (!unplaced(of)) return
    print ".Ss " title "\n.Bl -tag -width Ds"
    print_unplaced(of)
    print ".El"
    shown[of] = 1
}

# The lines of a section, from one heading to the next.
function print_section(from, to, of, depth, i, last, name) {
    of = source[from] ~ /^\.Ss mod_/ ? substr(source[from], 5) : ""
    last = 0 # the end of the list of directives
    if (of != "" && unplaced(of)) {
        depth = 0
        for (i = from; i <= to; i++) {
            if (source[i] ~ /^\.Bl/) depth++
            if (source[i] ~ /^\.It Ic / && depth == 1) last = -1
            if (source[i] ~ /^\.El/ && --depth == 0 && last == -1) last = i
        }
    }
    if (of != "") shown[of] = 1
    for (i = from; i <= to; i++) {
        if (i == last) print_unplaced(of)
        name = directive_of(source[i])
        if (name == "") print source[i]
        else if (name in module) print_directive(name)
        else print ".It Ic " name
    }
    if (of != "" && last < 1 && unplaced(of)) {
        print ".Bl -tag -width Ds"
        print_unplaced(of)
        print ".El"
    }
}

function directive_of(line, words) {
    if (line !~ /^\.It Ic [a-z0-9-]+\.[a-zA-Z]/) return ""
    split(line, words, " ")
    return words[3]
}

part == "table" && NF { # with tabs
    n = split($0, column, "\t")
    if (n != 8) wrong(FNR, "is no row of the table")
    name = column[2]
    names[++rows] = name
    module[name] = column[1]
    type[name] = column[3]
    scope[name] = column[4]
    otherwise[name] = column[5]
    state[name] = column[6]
    help[name] = column[7]
    instead[name] = column[8]
    built[column[1]] = 1
}

part == "source" {
    if ($0 ~ /^\.S[hs] mod_/) here = $2
    else if ($0 ~ /^\.Sh /) here = $2 == "TLS" ? "mod_openssl" : "server"
    name = directive_of($0)
    if (name != "") {
        if (name in placed) wrong(FNR, name " is there twice")
        else if (here in built && !(name in module)) wrong(FNR, "there is no directive " name)
        else if ($0 != ".It Ic " name) wrong(FNR, "the rest of the line comes from the table: .It Ic " name)
        if (!(here in built) && !(here in without)) {
            without[here] = 1
            left_out = left_out " " here
        }
        placed[name] = 1
    }
    source[++lines] = $0
}

END {
    if (failed) exit 1
    from = 1
    for (line = 2; line <= lines + 1; line++) {
        if (line <= lines && source[line] !~ /^\.S[hs] /) continue
        if (source[from] ~ /^\.Sh /) chapter = substr(source[from], 5)
        print_section(from, line - 1)
        from = line
        if (line <= lines && source[line] !~ /^\.Sh /) continue
        if (chapter == "SERVER") print_list("Others", "server")
        if (chapter == "TLS") print_list("Others", "mod_openssl")
        if (chapter == "MODULES")
            for (i = 1; i <= rows; i++) if (!(module[names[i]] in shown)) print_list(module[names[i]], module[names[i]])
    }
    if (left_out != "") print ".\\\" without:" left_out
}
