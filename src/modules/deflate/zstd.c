/* zstd.c - zstd by libzstd */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <zstd.h>

#include "modules/deflate/coder.h"

/* RFC 9659: a client may refuse windows of more than 8 MB; ours bounds the memory of a stream, too. A stream is coded
 * in blocks of 128 KiB at one go: some 8 ms with LEVEL_MAX, but 30 to 160 with higher levels. From LEVEL_LARGE on
 * the level's tables would be much larger than the window. */
enum { WINDOW_LOG = 17, LEVEL_LARGE = 4, LEVEL_MAX = 10, STRATEGY_MAX = ZSTD_btlazy2 };

static int or_default(int value, int otherwise) {
    return value == CODER_DEFAULT ? otherwise : value;
}

static int at_most(int value, int most) {
    return value < most ? value : most;
}

static int level_of(const struct tuning *t) {
    return at_most(or_default(t->zstd_level, ZSTD_CLEVEL_DEFAULT), LEVEL_MAX);
}

static void *begin(const struct tuning *t) {
    ZSTD_CCtx *z = ZSTD_createCCtx();
    if (!z) return NULL;
    int window_log = or_default(t->zstd_window_log, WINDOW_LOG);
    ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, level_of(t));
    ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window_log);
    if (t->zstd_strategy != CODER_DEFAULT)
        ZSTD_CCtx_setParameter(z, ZSTD_c_strategy, at_most(t->zstd_strategy, STRATEGY_MAX));
    if (level_of(t) < LEVEL_LARGE) return z;
    ZSTD_CCtx_setParameter(z, ZSTD_c_hashLog, window_log);
    ZSTD_CCtx_setParameter(z, ZSTD_c_chainLog, window_log);
    return z;
}

static enum coder_word step(void *state, enum coder_step what, struct span *in, char *out, size_t room,
                            size_t *made) {
    static const ZSTD_EndDirective directives[] = {
        [CODER_RUN] = ZSTD_e_continue, [CODER_FLUSH] = ZSTD_e_flush, [CODER_FINISH] = ZSTD_e_end};
    ZSTD_inBuffer from = {in->p, in->n, 0};
    ZSTD_outBuffer to = {out, room, 0};
    size_t left = ZSTD_compressStream2(state, &to, &from, directives[what]);
    *in = span_from(*in, from.pos);
    *made = to.pos;
    if (ZSTD_isError(left)) return CODER_BROKEN;
    if (what == CODER_RUN) return in->n ? CODER_MORE : CODER_DONE;
    return left ? CODER_MORE : CODER_DONE;
}

static void end(void *state) {
    ZSTD_freeCCtx(state);
}

/* As measured, and a tenth: its tables, its window, and what is always there. */
static unsigned stream_kib(const struct tuning *t) {
    static const uint32_t tables[] = {0, 150, 300, 900};
    unsigned window = (1u << or_default(t->zstd_window_log, WINDOW_LOG)) / 1024;
    unsigned strategy = t->zstd_strategy == CODER_DEFAULT ? 0 : 1100;
    return (level_of(t) < LEVEL_LARGE ? tables[level_of(t)] + window : 10 * window) + window / 10 + strategy + 900;
}

const struct coder coder_zstd = {CODING_ZSTD, stream_kib, NULL, begin, step, end};
