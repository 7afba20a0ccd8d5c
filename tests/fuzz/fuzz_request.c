/* fuzz_request.c - a head is the same at once and in two parts; the first four bytes: options, split, limit */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/fuzz/fuzz.h"
#include "h1/h1.h"

struct parse {
    struct message m;
    struct arena arena;
    size_t seen, used;
    int result;
};

static void check_message(const struct message *m) {
    struct span path = m->uri.path;
    if (m->method == METHOD_CONNECT) return;
    FUZZ_ASSERT(path.n > 0 && (path.p[0] == '/' || span_is(path, SPAN("*"))));
    FUZZ_ASSERT(span_search(path, SPAN("/../")) == path.n && span_find(path, '\0') == path.n);
    FUZZ_ASSERT(!m->chunked || (m->body_bytes == BODY_UNKNOWN && !fields_have(&m->fields, HEADER_CONTENT_LENGTH)));
}

static void check_same(const struct parse *a, const struct parse *b) {
    FUZZ_ASSERT(a->result == b->result);
    if (a->result != H1_DONE) return;
    FUZZ_ASSERT(a->used == b->used && a->m.body_bytes == b->m.body_bytes && a->m.keep_alive == b->m.keep_alive);
    FUZZ_ASSERT(span_is(a->m.uri.target, b->m.uri.target) && span_is(a->m.authority, b->m.authority));
    FUZZ_ASSERT(a->m.fields.count == b->m.fields.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parse whole = {.result = 0}, parts = {.result = 0};
    if (size < 4) return 0;
    const struct h1_limits limits = {data[3] & 1 ? 64 : 8192, 16, (unsigned)data[0] << 8 | data[1]};
    struct span in = {(const char *)data + 4, size - 4}, first = span_upto(in, in.n ? data[2] % in.n : 0);
    whole.result = h1_parse_head(&whole.m, in, &whole.seen, &whole.used, &limits, &whole.arena);
    parts.result = h1_parse_head(&parts.m, first, &parts.seen, &parts.used, &limits, &parts.arena);
    if (parts.result == H1_MORE)
        parts.result = h1_parse_head(&parts.m, in, &parts.seen, &parts.used, &limits, &parts.arena);
    FUZZ_ASSERT(whole.used <= in.n);
    check_same(&whole, &parts);
    if (whole.result == H1_DONE) check_message(&whole.m);
    arena_done(&whole.arena);
    arena_done(&parts.arena);
    return 0;
}
