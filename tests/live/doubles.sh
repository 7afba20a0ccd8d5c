#!/bin/sh
# doubles.sh - the whole server over doubles of event ports, /dev/poll, kqueue, and other systems' poll()
# SPDX-License-Identifier: BSD-3-Clause
#
# In a build folder, after make check TESTS= : tests/live/doubles.sh [DOUBLE…] [-- WORD…], for example
#     tests/live/doubles.sh kqueue poll/macos -- features reload
LIVE_SCRIPT=doubles.py exec "$(dirname "$0")/run.sh" "$@"
