#!/bin/sh
# autogen.sh - makes ./configure from configure.ac (only needed in a checkout, not in a release)
set -e
cd "$(dirname "$0")"
for tool in autoconf automake libtoolize; do
    command -v "$tool" >/dev/null || command -v "g$tool" >/dev/null || {
        echo "autogen.sh: $tool is missing: install autoconf, automake and libtool, or run ./quickstart" >&2
        exit 1
    }
done
autoreconf --install --force ${1+"$@"}
