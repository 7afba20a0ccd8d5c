#!/bin/sh
# poll-semantics.sh - the conformance suite with a poll() that answers as those of other systems
# SPDX-License-Identifier: BSD-3-Clause

status=0
for GC_POLL_SEMANTICS in macos openbsd dragonfly netbsd freebsd; do
    export GC_POLL_SEMANTICS
    echo "$GC_POLL_SEMANTICS:"
    ./tests/conformance/pollwrap -b poll || status=1
done
exit $status
