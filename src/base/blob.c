/* blob.c - counted bytes that never change */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/blob.h"

#include <stdlib.h>

#include "base/memory.h"

struct blob *blob_make(size_t n) {
    struct blob *b = memory_get(sizeof *b + n);
    b->refs = 1;
    b->n = n;
    return b;
}

struct blob *blob_copy(struct span s) {
    struct blob *b = blob_make(s.n);
    if (s.n) memcpy(b->p, s.p, s.n);
    return b;
}

void blob_drop(struct blob *b) {
    if (b && --b->refs == 0) free(b);
}
