/* no_doubles.c - where the linker has no --wrap: writes are as the system has them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "player.h"

const bool doubles_are_here = false;

void doubles_refuse(bool every_second) {
    (void)every_second;
}

unsigned doubles_writes(void) {
    return 0;
}

void doubles_forget(int fd) {
    (void)fd;
}

bool doubles_was_reset(int fd) {
    (void)fd;
    return false;
}
