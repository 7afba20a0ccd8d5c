/* zstd.c - zstd by libzstd */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <zstd.h>

#include "modules/deflate/coder.h"

/* RFC 9659: a client may refuse windows of more than 8 MB; ours bounds the memory of a stream, too. */
enum { WINDOW_LOG = 17 };

static void *begin(const struct tuning *t) {
    ZSTD_CCtx *z = ZSTD_createCCtx();
    if (!z) return NULL;
    if (t->zstd_level != CODER_DEFAULT) ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, t->zstd_level);
    if (t->zstd_strategy != CODER_DEFAULT) ZSTD_CCtx_setParameter(z, ZSTD_c_strategy, t->zstd_strategy);
    ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog,
                           t->zstd_window_log == CODER_DEFAULT ? WINDOW_LOG : t->zstd_window_log);
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

const struct coder coder_zstd = {CODING_ZSTD, 1700, NULL, begin, step, end};
