/* brotli.c - br by libbrotlienc */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <brotli/encode.h>

#include "modules/deflate/coder.h"

/* The library's own quality, 11, takes seconds for a megabyte: good for files that are compressed once, not for
 * answers. A stream with a window of 2^17 would take twice the memory of one with 2^16, for two percent. A stream is
 * coded in blocks of 2^BLOCK_LOG at one go: 6 ms with QUALITY_MAX, but 60 and 140 with 10 and 11. */
enum { QUALITY = 5, QUALITY_MAX = 9, WINDOW_LOG = 16, WINDOW_LOG_WHOLE = 18, BLOCK_LOG = 16, WHOLE_MAX_US = 16000 };

static int or_default(int value, int otherwise) {
    return value == CODER_DEFAULT ? otherwise : value;
}

/* The best one that a body of n bytes may take: nobody is served meanwhile. */
static int affordable(int quality, size_t n) {
    static const uint16_t us_for_kib[] = {6, 9, 16, 20, 35, 60, 90, 150, 160, 170, 1200, 2700};
    while (quality > QUALITY && n / 1024 * us_for_kib[quality] > WHOLE_MAX_US) quality--;
    return quality;
}

static struct blob *whole(const struct tuning *t, struct span bytes) {
    if (bytes.n < 2) return NULL;
    struct blob *out = blob_make(bytes.n - 1); /* what is not fewer bytes is not wanted */
    size_t n = out->n;
    int quality = affordable(or_default(t->br_quality, QUALITY), bytes.n);
    int window_log = or_default(t->br_lgwin, WINDOW_LOG_WHOLE);
    BrotliEncoderMode mode = (BrotliEncoderMode)or_default(t->br_mode, BROTLI_DEFAULT_MODE);
    BROTLI_BOOL ok = BrotliEncoderCompress(quality, window_log, mode, bytes.n, (const uint8_t *)bytes.p, &n,
                                           (uint8_t *)out->p);
    struct blob *result = ok ? blob_copy((struct span){out->p, n}) : NULL;
    blob_drop(out);
    return result;
}

static int stream_quality(const struct tuning *t) {
    int quality = or_default(t->br_quality, QUALITY);
    return quality < QUALITY_MAX ? quality : QUALITY_MAX;
}

static void *begin(const struct tuning *t) {
    BrotliEncoderState *b = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    if (!b) return NULL;
    BrotliEncoderSetParameter(b, BROTLI_PARAM_QUALITY, (uint32_t)stream_quality(t));
    if (stream_quality(t) >= QUALITY) BrotliEncoderSetParameter(b, BROTLI_PARAM_LGBLOCK, BLOCK_LOG);
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

/* As measured, and a tenth or a fourth: what a quality takes with a window up to WINDOW_LOG, one up to 2^18, and a
 * larger one, to which two of its windows are added. */
static unsigned stream_kib(const struct tuning *t) {
    static const uint16_t by_quality[][3] = {
        {230, 230, 230},      {400, 400, 400},      {950, 2250, 7000},    {950, 2250, 8100},    {4100, 4600, 17000},
        {2100, 5400, 19000},  {2100, 6500, 20000},  {2100, 13300, 27000}, {2100, 22300, 37000}, {2950, 42200, 58000},
    };
    int quality = stream_quality(t), window_log = or_default(t->br_lgwin, WINDOW_LOG);
    if (window_log <= 18 || quality < 2) return by_quality[quality][window_log > WINDOW_LOG];
    return by_quality[quality][2] + 2 * ((1u << window_log) / 1024);
}

const struct coder coder_brotli = {CODING_BR, stream_kib, whole, begin, step, end};
