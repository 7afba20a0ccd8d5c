#!/bin/sh
# variants.sh - builds and tests without what can be left out
# SPDX-License-Identifier: BSD-3-Clause
set -eu
