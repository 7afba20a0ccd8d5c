/* hpack.c - header compression for HTTP/2 (RFC 7541) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2/hpack.h"

#include "h2/table.h"
#include "http/uri.h"

/* Appendix A. Number 0 is none. */
const struct hpack_field hpack_static[HPACK_STATIC_END] = {
    {SPAN_INIT(""), SPAN_INIT(""), HEADER_OTHER, false, false, false, false, false},
#define NAME(number, id, name, value) \
    [number] = {SPAN_INIT(name), SPAN_INIT(value), id, true, true, (int)id != HEADER_TRANSFER_ENCODING, true, false},
#define AGAIN NAME
#include "h2/hpack_static.def"
#undef NAME
#undef AGAIN
};

/* The number of the first entry with that name; 0 if there is none. */
static const uint8_t static_number[PSEUDO_END] = {
#define NAME(number, id, name, value) [id] = number,
#define AGAIN(number, id, name, value)
#include "h2/hpack_static.def"
#undef NAME
#undef AGAIN
};

/* What a field's first byte says (RFC 7541 6), and how many of its bits belong to the number. */
enum {
    INDEXED = 0x80, INDEXED_BITS = 7,
    WITH_INDEXING = 0x40, WITH_INDEXING_BITS = 6,
    SIZE_UPDATE = 0x20, SIZE_UPDATE_MASK = 0xe0, SIZE_UPDATE_BITS = 5,
    NEVER_INDEXED = 0x10, WITHOUT_INDEXING = 0x00, LITERAL_BITS = 4,
    HUFFMAN = 0x80, STRING_BITS = 7 /* RFC 7541 5.2 */
};

void hpack_init(struct hpack_decoder *d, uint32_t limit) {
    *d = (struct hpack_decoder){NULL, limit, limit < HPACK_TABLE_BYTES ? limit : HPACK_TABLE_BYTES};
}

void hpack_done(struct hpack_decoder *d) {
    hpack_table_drop(d->table);
    d->table = NULL;
}

/* ---- numbers and strings, RFC 7541 5 ---------------------------------------------------------- */

static unsigned char take_byte(struct span *in) {
    in->n--;
    return (unsigned char)*in->p++;
}

/* The bytes behind the prefix, which is in *number already. Five at most: what doesn't fit 32 bits is broken. */
static bool take_continuation(struct span *in, uint32_t *number) {
    for (unsigned shift = 0; shift < 32 && in->n; shift += 7) {
        unsigned char byte = take_byte(in);
        uint32_t more = byte & 0x7f;
        if (more > UINT32_MAX >> shift || more << shift > UINT32_MAX - *number) return false;
        *number += more << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

/* At least one byte must be there. */
static inline bool take_number(struct span *in, unsigned bits, uint32_t *number) {
    uint32_t most = (1U << bits) - 1;
    *number = take_byte(in) & most;
    return *number < most || take_continuation(in, number);
}

/* The string as it was sent. */
static bool take_string(struct span *in, struct span *sent, bool *is_coded) {
    uint32_t n;
    if (!in->n) return false;
    *is_coded = *in->p & HUFFMAN;
    if (!take_number(in, STRING_BITS, &n) || n > in->n) return false;
    *sent = span_upto(*in, n);
    *in = span_from(*in, n);
    return true;
}

static bool decode(struct span sent, struct arena *a, struct span *text) {
    char *p = arena_bytes(a, sent.n * 8 / 5 + 1);
    ptrdiff_t n = huffman_decode(sent, p);
    if (n < 0) return false;
    p[n] = '\0';
    a->at = p + n + 1; /* the rest of the room is given back */
    *text = (struct span){p, (size_t)n};
    return true;
}

/* ---- what a field is -------------------------------------------------------------------------- */

static uint16_t find_pseudo(struct span name) {
    static const struct {
        struct span name;
        uint16_t id;
    } others[] = {
        {SPAN_INIT(":authority"), PSEUDO_AUTHORITY}, {SPAN_INIT(":method"), PSEUDO_METHOD},
        {SPAN_INIT(":path"), PSEUDO_PATH},           {SPAN_INIT(":scheme"), PSEUDO_SCHEME},
        {SPAN_INIT(":status"), PSEUDO_STATUS},       {SPAN_INIT(":protocol"), PSEUDO_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (span_is(name, others[i].name)) return others[i].id;
    return PSEUDO_UNKNOWN;
}

static bool has_upper(struct span s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'Z') return true;
    return false;
}

/* Sets what a name tells. Whatever header_find() knows is a token. */
static void identify(struct span name, struct hpack_field *f) {
    if (name.n && name.p[0] == ':') {
        f->id = find_pseudo(name);
        name = span_from(name, 1);
        f->is_lower = is_token(name) && !has_upper(name);
    } else {
        f->id = (uint16_t)header_find(name);
        f->is_lower = (f->id != HEADER_OTHER || is_token(name)) && !has_upper(name);
    }
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Could one of these eight bytes be a control character? HTAB could, too: then each is looked at. */
static bool may_have_controls(const char *p) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    uint64_t eight, del;
    memcpy(&eight, p, sizeof eight);
    del = eight ^ ones * 0x7f;
    return ((eight - ones * 0x20) & ~eight & tops) || ((del - ones) & ~del & tops);
}

static void look_closely(struct span s, struct hpack_field *f) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!(char_class[(unsigned char)c] & CHAR_FIELD)) f->is_visible = false;
        if (c == '\0' || c == '\r' || c == '\n') f->is_clean = false;
    }
}

/* Sets what a value tells. */
static void check_value(struct hpack_field *f) {
    struct span s = f->value;
    size_t i = 0;
    f->is_visible = true;
    f->is_clean = s.n == 0 || !(is_blank(s.p[0]) || is_blank(s.p[s.n - 1]));
    f->is_host = f->id == PSEUDO_AUTHORITY && host_is_clean(s);
    while (s.n - i >= 8 && !may_have_controls(s.p + i)) i += 8;
    if (s.n < 8 || s.n - i >= 8 || may_have_controls(s.p + s.n - 8)) look_closely(span_from(s, i), f);
    f->is_sound = f->is_lower && f->is_clean && !hpack_is_of_connection(f->id);
}

/* The name of the static table; p is NULL if there is none. */
static struct span constant_name(uint16_t id) {
    return static_number[id] ? hpack_static[static_number[id]].name : (struct span){NULL, 0};
}

/* ---- fields, RFC 7541 6 ----------------------------------------------------------------------- */

static bool get_indexed(const struct hpack_decoder *d, uint32_t number, struct arena *a, struct hpack_field *f) {
    if (number >= HPACK_STATIC_END) return hpack_table_get(d->table, number - HPACK_STATIC_END, a, f);
    *f = hpack_static[number];
    return number > 0;
}

static bool get_name(const struct hpack_decoder *d, uint32_t number, struct arena *a, struct hpack_field *f) {
    if (number >= HPACK_STATIC_END) return hpack_table_get_name(d->table, number - HPACK_STATIC_END, a, f);
    f->id = hpack_static[number].id;
    f->name = constant_name(f->id);
    f->is_lower = true;
    return true;
}

static bool take_name(struct span *in, struct arena *a, struct hpack_field *f) {
    struct span sent, constant;
    bool is_coded;
    if (!take_string(in, &sent, &is_coded)) return false;
    if (is_coded && !decode(sent, a, &sent)) return false;
    identify(sent, f);
    constant = constant_name(f->id);
    f->name = constant.p && f->is_lower ? constant : is_coded ? sent : arena_copy(a, sent);
    return true;
}

static bool take_value(struct span *in, struct arena *a, struct hpack_field *f) {
    struct span sent;
    bool is_coded;
    if (!take_string(in, &sent, &is_coded)) return false;
    if (!is_coded)
        f->value = arena_copy(a, sent);
    else if (!decode(sent, a, &f->value))
        return false;
    check_value(f);
    return true;
}

static bool take_literal(struct hpack_decoder *d, struct span *in, struct arena *a, struct hpack_field *f) {
    bool is_added = *in->p & WITH_INDEXING;
    uint32_t number;
    if (!take_number(in, is_added ? WITH_INDEXING_BITS : LITERAL_BITS, &number)) return false;
    if (number ? !get_name(d, number, a, f) : !take_name(in, a, f)) return false;
    if (!take_value(in, a, f)) return false;
    if (is_added) hpack_table_add(d, f, f->name.p == constant_name(f->id).p);
    return true;
}

/* A literal that nobody wants to read; it may have to go into the table, and for that its text is needed. */
static bool skip_literal(struct hpack_decoder *d, struct span *in, struct hpack_field *f) {
    struct arena own = {NULL, NULL, NULL};
    bool is_good = take_literal(d, in, &own, f);
    arena_done(&own);
    f->name.p = f->value.p = NULL;
    return is_good;
}

static bool is_size_update(struct span in) {
    return in.n && (*in.p & SIZE_UPDATE_MASK) == SIZE_UPDATE;
}

/* RFC 7541 6.3 */
static bool take_size_update(struct hpack_decoder *d, struct hpack_block *block) {
    uint32_t size;
    if (block->has_fields || !take_number(&block->rest, SIZE_UPDATE_BITS, &size) || size > d->limit) return false;
    d->size = size;
    hpack_table_shrink(d->table, size);
    return true;
}

enum hpack_result hpack_next(struct hpack_decoder *d, struct hpack_block *block, struct arena *a,
                             struct hpack_field *f) {
    struct span *in = &block->rest;
    uint32_t number;
    bool is_good;
    while (is_size_update(*in))
        if (!take_size_update(d, block)) return HPACK_BROKEN;
    if (!in->n) return HPACK_END;
    block->has_fields = true;
    if (*in->p & INDEXED) is_good = take_number(in, INDEXED_BITS, &number) && get_indexed(d, number, a, f);
    else is_good = a ? take_literal(d, in, a, f) : skip_literal(d, in, f);
    return is_good ? HPACK_FIELD : HPACK_BROKEN;
}

/* ---- encoding --------------------------------------------------------------------------------- */

static void put_number(struct buf *out, unsigned kind, unsigned bits, size_t number) {
    size_t most = ((size_t)1 << bits) - 1;
    if (number < most) {
        buf_add_char(out, (char)(kind | number));
        return;
    }
    buf_add_char(out, (char)(kind | most));
    for (number -= most; number >= 0x80; number >>= 7) buf_add_char(out, (char)(0x80 | (number & 0x7f)));
    buf_add_char(out, (char)number);
}

static void put_plain(struct buf *out, struct span s, bool lower) {
    char *to = buf_room(out, s.n);
    for (size_t i = 0; i < s.n; i++) to[i] = lower ? ascii_lower(s.p[i]) : s.p[i];
    out->n += s.n;
}

static void put_string(struct buf *out, struct span s, bool lower) {
    size_t coded = huffman_length(s, lower);
    if (coded < s.n) {
        put_number(out, HUFFMAN, STRING_BITS, coded);
        huffman_encode(out, s, lower);
    } else {
        put_number(out, 0, STRING_BITS, s.n);
        put_plain(out, s, lower);
    }
}

static void put_literal(struct buf *out, unsigned kind, unsigned number, struct span name, struct span value) {
    put_number(out, kind, LITERAL_BITS, number);
    if (!number) put_string(out, name, true);
    put_string(out, value, false);
}

/* id: enum header or enum pseudo */
static void put_field(struct buf *out, unsigned id, struct span name, struct span value) {
    unsigned number = static_number[id];
    for (unsigned i = number; number && i < HPACK_STATIC_END && hpack_static[i].id == id; i++) {
        if (!span_is(hpack_static[i].value, value)) continue;
        put_number(out, INDEXED, INDEXED_BITS, i);
        return;
    }
    put_literal(out, WITHOUT_INDEXING, number, name, value);
}

void hpack_put(struct buf *out, enum header id, struct span name, struct span value) {
    put_field(out, id, name, value);
}

void hpack_put_never_indexed(struct buf *out, enum header id, struct span name, struct span value) {
    put_literal(out, NEVER_INDEXED, static_number[id], name, value);
}

void hpack_put_status(struct buf *out, int status) {
    char digits[] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10), (char)('0' + status % 10)};
    put_field(out, PSEUDO_STATUS, (struct span){NULL, 0}, (struct span){digits, sizeof digits});
}

void hpack_put_pseudo(struct buf *out, enum pseudo id, struct span value) {
    put_field(out, id, SPAN(":protocol"), value); /* the one that the static table lacks */
}

void hpack_put_no_table(struct buf *out) {
    put_number(out, SIZE_UPDATE, SIZE_UPDATE_BITS, 0);
}

static void put_line(struct buf *out, struct span line) {
    size_t colon = span_find(line, ':');
    struct span name = span_upto(line, colon);
    enum header id = header_find(name);
    if (colon == line.n || hpack_is_of_connection((uint16_t)id)) return;
    struct span value = span_trim(span_from(line, colon + 1));
    if (id == HEADER_SET_COOKIE)
        hpack_put_never_indexed(out, id, name, value);
    else
        hpack_put(out, id, name, value);
}

void hpack_put_head(struct buf *out, struct span head) {
    struct span line;
    const size_t at = sizeof "HTTP/1.1 " - 1;
    if (!span_next(&head, '\n', &line) || line.n < at + 3) return;
    hpack_put_status(out, (line.p[at] - '0') * 100 + (line.p[at + 1] - '0') * 10 + line.p[at + 2] - '0');
    while (span_next(&head, '\n', &line)) {
        if (span_ends(line, SPAN("\r"))) line.n--;
        put_line(out, line);
    }
}
