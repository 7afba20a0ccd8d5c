/* needs.c - what a configuration wants of the system, collected */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/needs.h"

#include <stdlib.h>

#include "base/memory.h"
#include "conf/complain.h"

void needs_add(struct needs *needs, const struct need *n) {
    needs->list = memory_grow(needs->list, &needs->cap, needs->count + 1, sizeof *needs->list);
    needs->list[needs->count++] = *n;
}

void need(struct complaints *c, const struct need *n) {
    struct needs *needs = complaints_needs(c);
    if (needs) needs_add(needs, n);
}

void needs_done(struct needs *needs) {
    free(needs->list);
    *needs = (struct needs){NULL, 0, 0};
}
