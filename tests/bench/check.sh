#!/bin/sh
# check.sh - the benchmark itself: counts what it should, notices wrong answers, ends what it started
# SPDX-License-Identifier: BSD-3-Clause
#
# From the build folder. The figures of these tenths of a second say nothing, and are looked at for sense alone. The
# last line is "N passed, M failed".
here=$(dirname "$0")
tools=${BENCH_TOOLS:-tests/bench}
for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
    command -v "$python" >/dev/null 2>&1 && found=$python && break
done
[ -n "${found:-}" ] || { echo "skip: there is no python3"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec "$found" "$here/check.py" "$tools" "${GOLDCREST:-src/goldcrest}"
