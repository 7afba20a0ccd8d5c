#!/bin/sh
# run.sh - the built server on the loopback: installs it, starts it, and does to it what users do
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/live/run.sh [WORD…] runs the tests whose names contain one of the words. LIVE_FULL=1 repeats more often.
here=$(dirname "$0")
for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
    command -v "$python" >/dev/null 2>&1 && found=$python && break
done
[ -n "${found:-}" ] || { echo "skip: there is no python3"; exit 77; }
ps -A -o pid=,ppid= >/dev/null 2>&1 || { echo "skip: there is no ps that knows -A and -o"; exit 77; }
command -v curl >/dev/null 2>&1 || { echo "skip: there is no curl"; exit 77; }
# shellcheck disable=SC2086 # LIVE_TESTS are words for those who cannot give arguments
[ $# -gt 0 ] || [ -n "${LIVE_SCRIPT:-}" ] || set -- ${LIVE_TESTS:-}
PYTHONDONTWRITEBYTECODE=1 exec "$found" "$here/${LIVE_SCRIPT:-live.py}" "$@"
