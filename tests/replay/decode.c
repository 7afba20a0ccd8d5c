/* decode.c - for tests: content codings undone by the libraries that others use */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "decode.h"

#include <stdint.h>
#include <string.h>

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_BROTLIDEC
#include <brotli/decode.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum { STEP_BYTES = 64 * 1024 };

#ifdef HAVE_ZLIB
static enum decoded inflate_all(struct span in, struct buf *out, int window_bits) {
    z_stream z = {0};
    z.next_in = (z_const Bytef *)(uintptr_t)in.p;
    z.avail_in = (uInt)in.n;
    if (inflateInit2(&z, window_bits) != Z_OK) return DECODED_BROKEN;
    int result = Z_OK;
    while (result == Z_OK) {
        z.next_out = (Bytef *)buf_room(out, STEP_BYTES);
        z.avail_out = STEP_BYTES;
        result = inflate(&z, Z_SYNC_FLUSH);
        out->n += STEP_BYTES - z.avail_out;
    }
    bool whole = result == Z_STREAM_END && z.avail_in == 0;
    inflateEnd(&z);
    return whole ? DECODED_WHOLE : result == Z_BUF_ERROR ? DECODED_PARTLY : DECODED_BROKEN;
}

static enum decoded gunzip(struct span in, struct buf *out) {
    return inflate_all(in, out, 15 + 16);
}

static enum decoded unzlib(struct span in, struct buf *out) {
    return inflate_all(in, out, 15);
}
#endif

#ifdef HAVE_BROTLIDEC
static enum decoded unbrotli(struct span in, struct buf *out) {
    BrotliDecoderState *b = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    const uint8_t *next_in = (const uint8_t *)in.p;
    size_t left = in.n;
    BrotliDecoderResult result;
    do {
        uint8_t *next_out = (uint8_t *)buf_room(out, STEP_BYTES);
        size_t room = STEP_BYTES;
        result = BrotliDecoderDecompressStream(b, &left, &next_in, &room, &next_out, NULL);
        out->n += STEP_BYTES - room;
    } while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT ||
             (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT && BrotliDecoderHasMoreOutput(b)));
    BrotliDecoderDestroyInstance(b);
    if (result == BROTLI_DECODER_RESULT_SUCCESS && left == 0) return DECODED_WHOLE;
    return result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT ? DECODED_PARTLY : DECODED_BROKEN;
}
#endif

#ifdef HAVE_ZSTD
static enum decoded unzstd(struct span in, struct buf *out) {
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer from = {in.p, in.n, 0};
    size_t hint;
    bool full;
    do {
        ZSTD_outBuffer to = {buf_room(out, STEP_BYTES), STEP_BYTES, 0};
        hint = ZSTD_decompressStream(z, &to, &from);
        out->n += to.pos;
        full = to.pos == to.size;
    } while (!ZSTD_isError(hint) && hint && (full || from.pos < from.size));
    ZSTD_freeDStream(z);
    if (ZSTD_isError(hint)) return DECODED_BROKEN;
    if (hint) return DECODED_PARTLY;
    return from.pos == from.size ? DECODED_WHOLE : DECODED_BROKEN;
}
#endif

static const struct {
    const char *name;
    enum decoded (*decode)(struct span in, struct buf *out);
} decoders[] = {
#ifdef HAVE_ZLIB
    {"gzip", gunzip},
    {"deflate", unzlib},
#endif
#ifdef HAVE_BROTLIDEC
    {"br", unbrotli},
#endif
#ifdef HAVE_ZSTD
    {"zstd", unzstd},
#endif
    {NULL, NULL},
};

bool decode_can(struct span coding) {
    for (size_t i = 0; decoders[i].name; i++)
        if (span_is(coding, span_of(decoders[i].name))) return true;
    return false;
}

enum decoded decode(struct span coding, struct span bytes, struct buf *out) {
    for (size_t i = 0; decoders[i].name; i++)
        if (span_is(coding, span_of(decoders[i].name))) return decoders[i].decode(bytes, out);
    return DECODED_BROKEN;
}
