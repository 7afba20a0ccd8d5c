/* fuzz_forwarded.c - what proxies wrote of the way of a request: bounded, and the end of it is what counts */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/extforward/chain.h"
#include "tests/fuzz/fuzz.h"

static void check_part(struct span part, struct span in) {
    FUZZ_ASSERT(part.n <= in.n && (part.n == 0 || part.p));
}

static void check(const struct chain *chain, struct span in) {
    struct addr addr;
    char text[ADDR_TEXT_BYTES];
    FUZZ_ASSERT(chain->count <= HOPS_MAX);
    for (unsigned i = 0; i < chain->count; i++) {
        const struct hop *h = &chain->hops[i];
        check_part(h->node, in);
        check_part(h->proto, in);
        check_part(h->host, in);
        check_part(h->user, in);
        if (node_address(h->node, &addr)) FUZZ_ASSERT(addr_format(&addr, text) > 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct span in = {(const char *)data, size};
    struct chain chain, more;
    struct arena a = {0};
    chain_of_list(&chain, in);
    check(&chain, in);
    if (chain_of_forwarded(&chain, in, &a)) {
        check(&chain, in);
        struct span longer = arena_join(&a, in, SPAN(", for=192.0.2.1")); /* a proxy's word stays the last */
        FUZZ_ASSERT(chain_of_forwarded(&more, longer, &a) && more.count > 0);
        FUZZ_ASSERT(span_is(more.hops[more.count - 1].node, SPAN("192.0.2.1")));
    }
    arena_done(&a);
    return 0;
}
