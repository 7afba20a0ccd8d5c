/* libdeflate.c - gzip and deflate by libdeflate, for whole bodies: about twice as quick as zlib */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <libdeflate.h>

#include "modules/deflate/coder.h"

enum { LEVEL = 6 };

/* A worker keeps the compressor of the level it used last: making one costs more than coding a small page. */
static struct libdeflate_compressor *compressor(int level) {
    static struct libdeflate_compressor *kept;
    static int kept_level;
    if (level == CODER_DEFAULT) level = LEVEL;
    if (kept && kept_level == level) return kept;
    if (kept) libdeflate_free_compressor(kept);
    kept = libdeflate_alloc_compressor(level);
    kept_level = level;
    return kept;
}


static struct blob *whole(const struct tuning *t, struct span bytes,
                          size_t (*compress)(struct libdeflate_compressor *c, const void *in, size_t n, void *out,
                                             size_t room)) {
    struct libdeflate_compressor *c = compressor(t->gzip_level);
    if (!c || bytes.n < 2) return NULL;
    struct blob *out = blob_make(bytes.n - 1); /* what is not fewer bytes is not wanted */
    size_t n = compress(c, bytes.p, bytes.n, out->p, out->n);
    struct blob *result = n ? blob_copy((struct span){out->p, n}) : NULL;
    blob_drop(out);
    return result;
}

static struct blob *whole_gzip(const struct tuning *t, struct span bytes) {
    return whole(t, bytes, libdeflate_gzip_compress);
}

static struct blob *whole_deflate(const struct tuning *t, struct span bytes) {
    return whole(t, bytes, libdeflate_zlib_compress);
}

const struct coder coder_libdeflate_gzip = {CODING_GZIP, NULL, whole_gzip, NULL, NULL, NULL};
const struct coder coder_libdeflate_deflate = {CODING_DEFLATE, NULL, whole_deflate, NULL, NULL, NULL};
