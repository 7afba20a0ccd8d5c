#!/bin/sh
# run.sh - make bench: finds a Python and starts bench.py with it, which measures
# SPDX-License-Identifier: BSD-3-Clause
here=$(dirname "$0")
for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
    command -v "$python" >/dev/null 2>&1 && found=$python && break
done
[ -n "${found:-}" ] || { echo "bench: there is no python3, which starts and counts what is measured" >&2; exit 1; }
PYTHONDONTWRITEBYTECODE=1 exec "$found" "$here/bench.py" "$@"
