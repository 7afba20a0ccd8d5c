/* builtin.c - the table of modules that are built in */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/modules.h"

/* GC_MODULES(X) comes from configure: a row for each GOLDCREST_MODULE that was not disabled, in hook order. */
#define X(name) extern const struct module mod_##name;
GC_MODULES(X)
#undef X

const struct module *const builtin_modules[] = {
#define X(name) &mod_##name,
    GC_MODULES(X)
#undef X
    NULL};
