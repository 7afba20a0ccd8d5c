/* fuzz_proxyline.c - PROXY lines and headers: bounded, the same however cut, spans within; what is written is read */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "net/proxyline.h"
#include "tests/fuzz/fuzz.h"

static void check_within(struct span part, struct span in) {
    if (part.p) FUZZ_ASSERT(part.p >= in.p && part.p + part.n <= in.p + in.n);
}

/* What was read is written in both versions, and read again. */
static void check_written(const struct proxyline *p) {
    for (int version = 1; version <= 2; version++) {
        struct buf out = {0};
        struct proxyline again;
        char before[ADDR_TEXT_BYTES], after[ADDR_TEXT_BYTES];
        proxyline_write(&out, version, &p->source, &p->target);
        FUZZ_ASSERT(proxyline_parse(&again, buf_span(&out)) == (long)out.n);
        addr_format(&p->source, before);
        addr_format(&again.source, after);
        FUZZ_ASSERT(again.is_local || strcmp(before, after) == 0);
        FUZZ_ASSERT(again.is_local ==
                    (p->source.is.any.sa_family != AF_INET && p->source.is.any.sa_family != AF_INET6));
        buf_done(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct proxyline p, prefix;
    struct span in = {(const char *)data, size};
    long n = proxyline_parse(&p, in);
    FUZZ_ASSERT(n >= -1 && n <= (long)size && n <= PROXYLINE_BYTES_MAX);
    if (n == PROXYLINE_MORE) FUZZ_ASSERT(size < PROXYLINE_BYTES_MAX);
    if (n <= 0) return 0;
    struct span whole = span_upto(in, (size_t)n);
    const struct span parts[] = {p.tls_version, p.tls_cn, p.tls_cipher, p.authority, p.alpn, p.unique_id};
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) check_within(parts[i], whole);
    for (size_t i = 0; i < whole.n; i++) FUZZ_ASSERT(proxyline_parse(&prefix, span_upto(whole, i)) == PROXYLINE_MORE);
    check_written(&p);
    return 0;
}
