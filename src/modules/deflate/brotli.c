/* brotli.c - br by libbrotlienc */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <brotli/encode.h>

#include "modules/deflate/coder.h"

/* The library's own quality, 11, takes a second for a megabyte: good for files that are compressed once, not for
 * answers. A stream with a window of 2^17 would take twice the memory of one with 2^16, for two percent. */
enum { QUALITY = 5, WINDOW_LOG = 16, WINDOW_LOG_WHOLE = 18 };

static int or_default(int value, int otherwise) {
    return value == CODER_DEFAULT ? otherwise : value;
}

static struct blob *whole(const struct tuning *t, struct span bytes) {
    if (bytes.n < 2) return NULL;
    struct blob *out = blob_make(bytes.n - 1); /* what is not fewer bytes is not wanted */
    size_t n = out->n;
    int quality = or_default(t->br_quality, QUALITY), window_log = or_default(t->br_lgwin, WINDOW_LOG_WHOLE);
    BrotliEncoderMode mode = (BrotliEncoderMode)or_default(t->br_mode, BROTLI_DEFAULT_MODE);
    BROTLI_BOOL ok = BrotliEncoderCompress(quality, window_log, mode, bytes.n, (const uint8_t *)bytes.p, &n,
                                           (uint8_t *)out->p);
    struct blob *result = ok ? blob_copy((struct span){out->p, n}) : NULL;
    blob_drop(out);
    return result;
}

static void *begin(const struct tuning *t) {
    BrotliEncoderState *b = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    if (!b) return NULL;
    BrotliEncoderSetParameter(b, BROTLI_PARAM_QUALITY, (uint32_t)or_default(t->br_quality, QUALITY));
    BrotliEncoderSetParameter(b, BROTLI_PARAM_LGWIN, (uint32_t)or_default(t->br_lgwin, WINDOW_LOG));
    if (t->br_mode != CODER_DEFAULT) BrotliEncoderSetParameter(b, BROTLI_PARAM_MODE, (uint32_t)t->br_mode);
    return b;
}

static enum coder_word step(void *state, enum coder_step what, struct span *in, char *out, size_t room,
                            size_t *made) {
    static const BrotliEncoderOperation operations[] = {[CODER_RUN] = BROTLI_OPERATION_PROCESS,
                                                        [CODER_FLUSH] = BROTLI_OPERATION_FLUSH,
                                                        [CODER_FINISH] = BROTLI_OPERATION_FINISH};
    BrotliEncoderState *b = state;
    const uint8_t *next_in = (const uint8_t *)in->p;
    uint8_t *next_out = (uint8_t *)out;
    size_t left = in->n, room_left = room;
    BROTLI_BOOL ok = BrotliEncoderCompressStream(b, operations[what], &left, &next_in, &room_left, &next_out, NULL);
    *in = span_from(*in, in->n - left);
    *made = room - room_left;
    if (!ok) return CODER_BROKEN;
    if (what == CODER_FINISH) return BrotliEncoderIsFinished(b) ? CODER_DONE : CODER_MORE;
    return in->n || BrotliEncoderHasMoreOutput(b) ? CODER_MORE : CODER_DONE;
}

static void end(void *state) {
    BrotliEncoderDestroyInstance(state);
}

const struct coder coder_brotli = {CODING_BR, 1900, whole, begin, step, end};
