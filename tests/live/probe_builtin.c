/* probe_builtin.c - the table of modules of tests/live/probe: the server's own, and the probe */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/modules.h"

#define X(name) extern const struct module mod_##name;
X(probe)
GC_MODULES(X)
#undef X

/* In place of src/server/builtin.c. */
const struct module *const builtin_modules[] = {
#define X(name) &mod_##name,
    X(probe) GC_MODULES(X)
#undef X
    NULL};
