/* builtin.c - the player's table of modules: the server's own, and the test module in front */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/modules.h"

#define X(name) extern const struct module mod_##name;
X(test)
GC_MODULES(X)
#undef X

/* In place of src/server/builtin.c. */
const struct module *const builtin_modules[] = {
#define X(name) &mod_##name,
    X(test) GC_MODULES(X)
#undef X
    NULL};
