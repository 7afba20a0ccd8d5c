#!/bin/sh
# emulated.sh - make check for other processors and libraries of C, under qemu
# SPDX-License-Identifier: BSD-3-Clause
set -eu
