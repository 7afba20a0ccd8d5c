/* fuzz_chunked.c - a chunked body is the same at once and byte for byte; then its trailers */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/buf.h"
#include "tests/fuzz/fuzz.h"
#include "h1/h1.h"
#include "http/uri.h"

/* Gives `step` bytes at a time; *used counts what was taken. */
static int decode(struct span input, size_t step, struct buf *out, size_t *used) {
    struct h1_chunked c = {0, 0, 0, 0};
    int result = CHUNKED_MORE;
    for (*used = 0; result == CHUNKED_MORE && *used < input.n;) {
        size_t n = input.n - *used < step ? input.n - *used : step;
        struct span in = {input.p + *used, n}, data;
        while ((result = h1_chunked_next(&c, &in, &data)) == CHUNKED_DATA) buf_add(out, data);
        if (result == CHUNKED_MORE) FUZZ_ASSERT(in.n == 0);
        *used += n - in.n;
    }
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct h1_limits limits = {8192, 16, PARSE_DEFAULTS};
    struct span input = {(const char *)data, size};
    struct buf whole = {NULL, 0, 0}, bytes = {NULL, 0, 0};
    struct arena arena = {NULL, NULL, NULL};
    struct fields fields = {.list = NULL};
    size_t used, used_bytewise;
    int result = decode(input, SIZE_MAX, &whole, &used);
    FUZZ_ASSERT(decode(input, 1, &bytes, &used_bytewise) == result && used == used_bytewise);
    FUZZ_ASSERT(span_is(buf_span(&whole), buf_span(&bytes)));
    if (result == CHUNKED_TRAILERS) {
        struct span rest = span_from(input, used);
        if (h1_parse_trailers(&fields, rest, &used, &limits, &arena) == H1_DONE) {
            FUZZ_ASSERT(used <= rest.n);
            FUZZ_ASSERT(!fields_have(&fields, HEADER_CONTENT_LENGTH) && !fields_have(&fields, HEADER_HOST));
        }
    }
    buf_done(&whole);
    buf_done(&bytes);
    arena_done(&arena);
    return 0;
}
