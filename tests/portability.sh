#!/bin/sh
# portability.sh - everything that can be found out on this system, in one command, into a report
# SPDX-License-Identifier: BSD-3-Clause
set -eu
