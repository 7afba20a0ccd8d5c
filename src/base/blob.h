/* blob.h - counted bytes that never change */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_BLOB_H
#define GOLDCREST_BLOB_H

#include <stddef.h>

#include "base/span.h"

/* blob - whoever keeps a pointer holds a reference; freed with the last one. Filled by its maker before it is
 * shared */
struct blob {
    size_t refs, n;
    char p[];
};

enum { BLOB_USUAL_BYTES = 2032 }; /* the size that costs least: two kilobytes with what stands in front */

struct blob *blob_make(size_t n); /* uninitialised, one reference */
struct blob *blob_copy(struct span s);

static inline struct blob *blob_hold(struct blob *b) {
    b->refs++;
    return b;
}

void blob_drop(struct blob *b); /* accepts NULL */

static inline struct span blob_span(const struct blob *b) {
    return (struct span){b->p, b->n};
}

#endif
