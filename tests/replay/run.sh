#!/bin/sh
# run.sh - plays every scenario with every backend: as it is, byte by byte, and with every second write refused
# SPDX-License-Identifier: BSD-3-Clause
# The player is in the build tree (the current directory's tests/replay), the scenarios in the source tree ($srcdir).
player=${PLAYER:-tests/replay/player}
scenarios=${srcdir:-.}/tests/replay
passed=0
failed=0

for backend in ${REPLAY_BACKENDS:-$("$player" -l)}; do
    for mode in ${REPLAY_MODES:-plain bytes refuse}; do
        if "$player" -c -b "$backend" -m $mode "$scenarios"/*.replay; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
done

# The table of rules names scenarios that are there.
for name in $(sed -n 's/.*  \(h2-[a-z0-9-]*\)$/\1/p' "$scenarios/h2-rfc9113.txt" | sort -u); do
    [ -f "$scenarios/$name.replay" ] && continue
    echo "FAIL h2-rfc9113.txt: there is no $name.replay"
    failed=$((failed + 1))
done

echo "$passed passed, $failed failed"
[ $passed -gt 0 ] && [ $failed -eq 0 ]
