#!/bin/sh
# run.sh - gives every corpus to its fuzzing entry, as built by make check
# SPDX-License-Identifier: BSD-3-Clause
# The entries are in the build tree (the current directory's tests/fuzz), the corpora in the source tree ($srcdir).
corpora=${srcdir:-.}/tests/fuzz/corpus
programs=tests/fuzz
status=0
count=0

for corpus in "$corpora"/*/; do
    name=$(basename "$corpus")
    program=$programs/fuzz_$name
    if [ ! -x "$program" ]; then
        echo "$name: $program is not built"
        status=1
        continue
    fi
    echo "$name:"
    "$program" "$corpus" || status=1
    count=$((count + 1))
done

[ $count -gt 0 ] || { echo "no corpus in $corpora"; status=1; }
exit $status
