/* confine_parts.h - the kernels' interfaces behind confine.h; each answers "not here" where it is not built */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONFINE_PARTS_H
#define GOLDCREST_CONFINE_PARTS_H

#include "base/confine.h"

/* The version of Landlock that the kernel has; 0: none. */
unsigned landlock_version(void);
/* Bits that hold; 0 with errno. */
unsigned landlock_enter(const struct confinement *c);

bool seccomp_is_there(void);
bool seccomp_enter(void); /* false with errno */

#endif
