/* fuzz_hpack.c - header blocks: reading and skipping agree, bounds hold, what was read can be encoded */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2/hpack.h"
#include "h2/table.h"
#include "tests/fuzz/fuzz.h"

enum { LIMIT = 600 };

static bool same_texts(const struct hpack_field *f, const struct hpack_field *g) {
    return span_is(f->name, g->name) && span_is(f->value, g->value) && f->id == g->id;
}

/* What was told of a field must be so. */
static void check_field(const struct hpack_field *f) {
    bool is_pseudo = f->name.n && f->name.p[0] == ':';
    FUZZ_ASSERT(f->name.p[f->name.n] == '\0' && f->value.p[f->value.n] == '\0');
    FUZZ_ASSERT(is_pseudo == (f->id >= PSEUDO_AUTHORITY) && f->id < PSEUDO_END);
    FUZZ_ASSERT(is_pseudo || f->id == header_find(f->name));
    for (size_t i = 0; f->is_lower && i < f->name.n; i++)
        FUZZ_ASSERT(f->name.p[i] == ascii_lower(f->name.p[i]) && f->name.p[i] != ' ');
    for (size_t i = 0; f->is_clean && i < f->value.n; i++)
        FUZZ_ASSERT(f->value.p[i] != '\0' && f->value.p[i] != '\r' && f->value.p[i] != '\n');
}

/* Our encoding of the field, read again. */
static void check_again(const struct hpack_field *f, struct arena *arena) {
    struct buf out = {NULL, 0, 0};
    struct hpack_decoder d;
    struct hpack_field again;
    if (!f->is_lower || f->id >= HEADER_COUNT) return;
    hpack_init(&d, 0);
    hpack_put(&out, (enum header)f->id, f->name, f->value);
    struct hpack_block block = {buf_span(&out), false};
    FUZZ_ASSERT(hpack_next(&d, &block, arena, &again) == HPACK_FIELD && same_texts(f, &again));
    FUZZ_ASSERT(hpack_next(&d, &block, arena, &again) == HPACK_END);
    buf_done(&out);
}

static void check_tables(struct hpack_decoder *reads, struct hpack_decoder *skips, struct arena *arena) {
    struct hpack_field f, g;
    size_t size = 0;
    uint32_t place = 0;
    for (; hpack_table_get(reads->table, place, arena, &f); place++) {
        FUZZ_ASSERT(hpack_table_get(skips->table, place, arena, &g) && same_texts(&f, &g));
        size += f.name.n + f.value.n + HPACK_ENTRY_BYTES;
    }
    FUZZ_ASSERT(!hpack_table_get(skips->table, place, arena, &g));
    FUZZ_ASSERT(size <= reads->size && reads->size == skips->size && reads->size <= LIMIT);
    FUZZ_ASSERT(hpack_table_memory(reads->table) <= LIMIT);
}

static bool run_block(struct hpack_decoder *reads, struct hpack_decoder *skips, struct span bytes) {
    struct hpack_block block = {bytes, false}, other = block;
    struct arena arena = {NULL, NULL, NULL};
    struct hpack_field f, g;
    enum hpack_result result;
    while ((result = hpack_next(reads, &block, &arena, &f)) == HPACK_FIELD) {
        check_field(&f);
        check_again(&f, &arena);
        FUZZ_ASSERT(hpack_next(skips, &other, NULL, &g) == HPACK_FIELD);
        FUZZ_ASSERT(f.name.n == g.name.n && f.value.n == g.value.n && f.id == g.id);
        FUZZ_ASSERT(block.rest.n == other.rest.n && f.name.n + f.value.n <= 2 * (bytes.n + LIMIT));
    }
    FUZZ_ASSERT(hpack_next(skips, &other, NULL, &g) == result);
    check_tables(reads, skips, &arena);
    arena_done(&arena);
    return result == HPACK_END;
}

/* Blocks with their length in one byte before them; the last one is what is there. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct span input = {(const char *)data, size};
    struct hpack_decoder reads, skips;
    bool is_whole = true;
    hpack_init(&reads, LIMIT);
    hpack_init(&skips, LIMIT);
    while (is_whole && input.n) {
        size_t n = (unsigned char)*input.p;
        input = span_from(input, 1);
        if (n > input.n) n = input.n;
        is_whole = run_block(&reads, &skips, span_upto(input, n));
        input = span_from(input, n);
    }
    hpack_done(&reads);
    hpack_done(&skips);
    return 0;
}
