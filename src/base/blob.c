/* blob.c - counted bytes that never change */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/blob.h"

#include <stdlib.h>

#include "base/memory.h"

enum { SPARE_BLOBS = 32 };

/* Those of the usual size are used again: most of what is sent or has come is a copy in one of them. */
static struct blob *spare[SPARE_BLOBS];
static unsigned spare_count;

struct blob *blob_make(size_t n) {
    struct blob *b = n == BLOB_USUAL_BYTES && spare_count ? spare[--spare_count] : memory_get(sizeof *b + n);
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
    if (!b || --b->refs > 0) return;
    if (b->n == BLOB_USUAL_BYTES && spare_count < SPARE_BLOBS) spare[spare_count++] = b;
    else free(b);
}
