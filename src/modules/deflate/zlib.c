/* zlib.c - gzip and deflate by zlib, for streams */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/memory.h"
#include "modules/deflate/coder.h"

/* Half of the memory that zlib's own windowBits 15 and memLevel 8 would take; text loses below a percent. */
enum { WINDOW_BITS = 14, MEM_LEVEL = 7, GZIP_WRAPPER = 16 };

static int or_default(int value, int otherwise) {
    return value == CODER_DEFAULT ? otherwise : value;
}

static void *begin(const struct tuning *t, int wrapper) {
    z_stream *z = memory_zeroed(1, sizeof *z);
    int bits = or_default(t->gzip_window_bits, WINDOW_BITS);
    if (deflateInit2(z, or_default(t->gzip_level, Z_DEFAULT_COMPRESSION), Z_DEFLATED, bits + wrapper,
                     or_default(t->gzip_mem_level, MEM_LEVEL),
                     or_default(t->gzip_strategy, Z_DEFAULT_STRATEGY)) == Z_OK)
        return z;
    free(z);
    return NULL;
}

static void *begin_gzip(const struct tuning *t) {
    return begin(t, GZIP_WRAPPER);
}

/* RFC 9110 8.4.1.2: "deflate" has the zlib wrapper. */
static void *begin_deflate(const struct tuning *t) {
    return begin(t, 0);
}

static enum coder_word step(void *state, enum coder_step what, struct span *in, char *out, size_t room,
                            size_t *made) {
    static const int modes[] = {[CODER_RUN] = Z_NO_FLUSH, [CODER_FLUSH] = Z_SYNC_FLUSH, [CODER_FINISH] = Z_FINISH};
    z_stream *z = state;
    size_t given = in->n < INT32_MAX ? in->n : INT32_MAX;
    z->next_in = (z_const Bytef *)(uintptr_t)in->p;
    z->avail_in = (uInt)given;
    z->next_out = (Bytef *)out;
    z->avail_out = (uInt)(room < INT32_MAX ? room : INT32_MAX);
    uInt had = z->avail_out;
    int result = deflate(z, modes[what]);
    *in = span_from(*in, given - z->avail_in);
    *made = had - z->avail_out;
    if (result == Z_STREAM_END) return CODER_DONE;
    if (result != Z_OK && result != Z_BUF_ERROR) return CODER_BROKEN; /* Z_BUF_ERROR: there was nothing to do */
    if (what == CODER_FINISH || in->n) return CODER_MORE;
    return what == CODER_FLUSH && z->avail_out == 0 ? CODER_MORE : CODER_DONE;
}

static void end(void *state) {
    deflateEnd(state);
    free(state);
}

/* What zlib's manual says, and a little for its struct. */
static unsigned stream_kib(const struct tuning *t) {
    unsigned window = 1u << (or_default(t->gzip_window_bits, WINDOW_BITS) + 2);
    return (window + (1u << (or_default(t->gzip_mem_level, MEM_LEVEL) + 9))) / 1024 + 12;
}

const struct coder coder_zlib_gzip = {CODING_GZIP, stream_kib, NULL, begin_gzip, step, end};
const struct coder coder_zlib_deflate = {CODING_DEFLATE, stream_kib, NULL, begin_deflate, step, end};
