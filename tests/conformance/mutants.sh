#!/bin/sh
# mutants.sh - plants the known mistakes of event loops, one at a time; the suite has to notice each
# SPDX-License-Identifier: BSD-3-Clause
set -eu
