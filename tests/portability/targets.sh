#!/bin/sh
# targets.sh - compiles and links for systems that are not here
# SPDX-License-Identifier: BSD-3-Clause
set -eu
