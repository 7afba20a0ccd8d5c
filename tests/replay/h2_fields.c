/* h2_fields.c - header blocks: the client's from lines, the server's read strictly */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/number.h"
#include "h2_peer.h"

/* ---- the client's ----------------------------------------------------------------------------------------------- */

/* RFC 7541 5.1; `first` has the bits above the prefix. */
static void put_integer(struct buf *out, unsigned first, unsigned prefix_bits, size_t n) {
    size_t max = ((size_t)1 << prefix_bits) - 1;
    if (n < max) {
        buf_add_char(out, (char)(first | n));
        return;
    }
    buf_add_char(out, (char)(first | max));
    for (n -= max; n >= 0x80; n >>= 7) buf_add_char(out, (char)(0x80 | (n & 0x7f)));
    buf_add_char(out, (char)n);
}

/* A literal with a literal name, no Huffman code; index: it goes into the server's table. */
void fields_put(struct buf *block, struct span line, bool index) {
    size_t colon = line.n ? 1 + span_find(span_from(line, 1), ':') : 0; /* the first may be a pseudo-header field's */
    struct span name = span_upto(line, colon < line.n ? colon : line.n);
    struct span value = colon < line.n ? span_from(line, colon + 1) : (struct span){"", 0};
    if (span_starts(value, SPAN(" "))) value = span_from(value, 1);
    buf_add_char(block, (char)(index ? 0x40 : 0x00));
    put_integer(block, 0, 7, name.n);
    buf_add(block, name);
    put_integer(block, 0, 7, value.n);
    buf_add(block, value);
}

/* ---- the server's ----------------------------------------------------------------------------------------------- */

bool fields_find(struct span lines, struct span name, struct span *value) {
    struct span line;
    while (span_next(&lines, '\n', &line)) {
        size_t colon = span_find(line, ':');
        if (colon == 0 || !span_is(span_upto(line, colon), name)) continue;
        *value = span_trim(span_upto(span_from(line, colon + 1), line.n - colon - 2));
        return true;
    }
    return false;
}

/* RFC 9113 8.2.1, 8.2.2. */
static const char *wrong_field(const struct hpack_field *f) {
    static const char *const hop_by_hop[] = {"connection", "keep-alive", "proxy-connection",
                                             "transfer-encoding", "upgrade", "te"};
    if (f->name.n == 0) return "a field without a name";
    for (size_t i = 0; i < f->name.n; i++) {
        unsigned char c = (unsigned char)f->name.p[i];
        if (c >= 'A' && c <= 'Z') return "an upper-case letter in the name of a field";
        if (c <= 0x20 || c >= 0x7f || (c == ':' && i > 0)) return "the name of a field is no token";
    }
    for (size_t i = 0; i < f->value.n; i++) {
        unsigned char c = (unsigned char)f->value.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) return "a control character in the value of a field";
    }
    if (!span_is(span_trim(f->value), f->value)) return "a blank at an end of the value of a field";
    for (size_t i = 0; i < sizeof hop_by_hop / sizeof *hop_by_hop; i++)
        if (span_is(f->name, span_of(hop_by_hop[i]))) return "a connection-specific field";
    return NULL;
}

/* RFC 9113 8.3.2: ":status" alone, once, before the others. */
static const char *wrong_pseudo(const struct hpack_field *f, size_t before, int *status) {
    uint64_t number;
    if (f->name.p[0] != ':') return NULL;
    if (!span_is(f->name, SPAN(":status"))) return "a pseudo-header field that a response does not have";
    if (*status) return ":status twice";
    if (before) return ":status behind a field";
    if (f->value.n != 3 || !number_parse(f->value, 599, &number) || number < 100) return ":status is none";
    *status = (int)number;
    return NULL;
}

/* RFC 7541 4.2: a table that we have made smaller is acknowledged at the beginning of the next block. */
static void check_shrink(struct peer *p, struct span block) {
    if (p->must_shrink_to == UINT32_MAX) return;
    if (block.n == 0 || (block.p[0] & 0xe0) != 0x20)
        stage_fail(p->stage, "HPACK: the table is smaller, and the next block does not begin with a size update");
    p->must_shrink_to = UINT32_MAX;
}

struct span fields_read(struct peer *p, struct span block, int *status) {
    struct hpack_block at = {.rest = block};
    struct hpack_field f;
    struct buf lines = {0};
    enum hpack_result result;
    check_shrink(p, block);
    *status = 0;
    for (size_t count = 0; (result = hpack_next(&p->decoder, &at, &p->stage->arena, &f)) == HPACK_FIELD; count++) {
        const char *wrong = wrong_field(&f);
        if (!wrong) wrong = wrong_pseudo(&f, count, status);
        if (wrong) stage_fail(p->stage, "HEADERS: %s: \"%.*s: %.*s\"", wrong, SPAN_ARG(f.name), SPAN_ARG(f.value));
        buf_add(&lines, f.name);
        buf_add(&lines, SPAN(": "));
        buf_add(&lines, f.value);
        buf_add(&lines, SPAN("\r\n"));
    }
    if (result == HPACK_BROKEN) stage_fail(p->stage, "HPACK: a header block cannot be decoded");
    const char *wrong = p->second ? second_read(p->second, block, buf_span(&lines)) : NULL;
    if (wrong) stage_fail(p->stage, "HPACK: %s", wrong);
    struct span copy = arena_copy(&p->stage->arena, buf_span(&lines));
    buf_done(&lines);
    return copy;
}
