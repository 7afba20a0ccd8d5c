#!/bin/sh
# layers.sh - the staircase: a folder leans only on those below it, and #if lives where it may
# SPDX-License-Identifier: BSD-3-Clause
#
#   base < conf < net < tls < http < h1 = h2 < server < modules < commands   fdevents stands beside base
#
# One line a file that breaks a rule; the last line is "N passed, M failed", counted in files.
cd "${srcdir:-$(dirname "$0")/..}" || exit 2
LC_ALL=C
export LC_ALL

# Files outside fdevents/, net/ and tls/ that may ask the preprocessor for a feature, and why.
allowed='
src/base/fd.c     what descriptors can do differs between systems
src/base/fd.h     its header
src/base/library.c not every system, and no static program, opens libraries
src/base/regex.c  PCRE2 or nothing: the one place that knows
src/base/confine.c  pledge, unveil, privileges, procctl: one of them
src/base/landlock.c Landlock or nothing
src/base/seccomp.c  seccomp or nothing, and the processor that the filter is for
src/base/random.c where randomness comes from
src/base/shared.h which words have atomics without locks
src/h1/scan.c     the one place with SIMD, and with its portable twin
'

find fdevents src -name '*.[ch]' -o -name '*.def' | sort | allowed=$allowed xargs awk '
BEGIN {
    split("base conf net tls http h1 server modules commands main", order, " ")
    for (i = 1; i <= 10; i++) rank[order[i]] = i
    rank["h2"] = rank["h1"]
    shared["gateway"] = shared["auth"] = 1 # what several modules lean on
    counts["gateway"] = counts["status"] = counts["limit"] = counts["auth"] = 1 # see server/counters.h
    split("net server modules commands main fdevents", users, " ")
    for (i in users) uses_events[users[i]] = 1
    plain["base"] = plain["net"] = plain["fdevents"] = 1 # part 6 of doc/PORTABILITY
    n = split(ENVIRON["allowed"], lines, "\n") # a value of -v may have no newline in some
    for (i = 1; i <= n; i++) if (split(lines[i], words, " ") > 1) may_ask[words[1]] = 1
}

function wrong(what) {
    print "FAIL " FILENAME ":" FNR ": " what
    if (!(FILENAME in failed)) failures++
    failed[FILENAME] = 1
}

{
    before = here
    here = $0
}

# "src/modules/accesslog/format.c" stands in modules; its own folder there is "accesslog"
FNR == 1 {
    files++
    parts = split(FILENAME, path, "/")
    folder = path[1] == "fdevents" ? "fdevents" : parts == 2 ? "main" : path[2]
    file = path[parts]
    own = ""
    if (folder == "modules") {
        own = parts > 3 ? path[3] : file
        sub(/^mod_/, "", own)
        sub(/\.[ch]$/, "", own)
    }
    guard = file ~ /\.h$/
    if (folder != "fdevents" && !(folder in rank)) wrong("the folder " folder " has no place in the staircase")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    name = quoted[2]
    if (name == "config.h") {
        if (plain[folder] && before != "#ifdef HAVE_CONFIG_H")
            wrong(folder " is compiled without configure, too: config.h behind #ifdef HAVE_CONFIG_H")
        next
    }
    depth = split(name, target, "/")
    to = target[1]
    if (depth < 2) wrong("include \"folder/" name "\", from the root of src")
    else if (to == "fdevents") {
        if (!(folder in uses_events)) wrong(folder " must not know fdevents")
    } else if (folder == "fdevents") wrong("fdevents must not know " to)
    else if (!(to in rank)) wrong("\"" name "\" is in no folder of the staircase")
    else if (rank[to] > rank[folder]) wrong(folder " must not know " to ": it is above")
    else if (rank[to] == rank[folder] && to != folder) wrong(folder " and " to " must not know each other")
    else if (folder == "modules" && to == "server" && name != "server/module.h" &&
             !(name == "server/counters.h" && (own in counts)))
        wrong("of the server a module sees server/module.h alone")
    else if (folder == "modules" && to == "modules" && (target[2] ~ /^mod_/ || depth > 2) && target[2] != own &&
             !(target[2] in shared))
        wrong("modules do not know each other")
}

/^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)([ \t(!]|$)/ {
    if (guard && $0 ~ /^#ifndef [A-Z0-9_]+_H$/) { guard = 0; next }
    if (folder == "base" && $0 == "#ifdef HAVE_CONFIG_H") next # without configure: a plain compiler line
    if (folder != "fdevents" && folder != "net" && folder != "tls" && !(FILENAME in may_ask))
        wrong("#if lives in configure.ac, fdevents/, net/, base/fd and tls/")
    if ($0 ~ /__linux|__FreeBSD|__NetBSD|__OpenBSD|__DragonFly|__APPLE__|__sun|_WIN32|__CYGWIN__|__HAIKU__/)
        wrong("ask for a feature, never for the name of a system")
}

END {
    print files - failures + 0 " passed, " failures + 0 " failed"
    exit failures > 0 || files == 0
}'
