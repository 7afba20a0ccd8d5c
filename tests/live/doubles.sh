#!/bin/sh
# doubles.sh - the whole server over doubles of event ports, /dev/poll, kqueue, and other systems' poll()
# SPDX-License-Identifier: BSD-3-Clause
#
# In a build folder, after make check TESTS= : tests/live/doubles.sh [DOUBLE…] [-- WORD…], for example
#     tests/live/doubles.sh kqueue poll/macos -- features reload
here=$(dirname "$0")
for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
    command -v "$python" >/dev/null 2>&1 && found=$python && break
done
[ -n "${found:-}" ] || { echo "skip: there is no python3"; exit 77; }
ps -A -o pid=,ppid= >/dev/null 2>&1 || { echo "skip: there is no ps that knows -A and -o"; exit 77; }
command -v curl >/dev/null 2>&1 || { echo "skip: there is no curl"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec "$found" "$here/doubles.py" "$@"
