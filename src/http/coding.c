/* coding.c - content codings: which a client takes, which it gets */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/coding.h"

#include "http/etag.h"

enum {
    RANK_BITS = 4,
    RANK_MASK = 15,
    ELEMENTS_MAX = 64,   /* of all Accept-Encoding fields together; what follows does not count */
    REMEMBERED_MAX = 128 /* bytes of a field value that is worth remembering */
};

static const struct {
    struct span name, suffix;
} codings[CODING_COUNT] = {
    [CODING_IDENTITY] = {SPAN_INIT("identity"), SPAN_INIT("")},
    [CODING_GZIP] = {SPAN_INIT("gzip"), SPAN_INIT(".gz")},
    [CODING_BR] = {SPAN_INIT("br"), SPAN_INIT(".br")},
    [CODING_ZSTD] = {SPAN_INIT("zstd"), SPAN_INIT(".zst")},
    [CODING_DEFLATE] = {SPAN_INIT("deflate"), SPAN_INIT("")},
};

struct span coding_name(enum coding coding) {
    return codings[coding].name;
}

struct span coding_suffix(enum coding coding) {
    return codings[coding].suffix;
}

enum coding coding_find(struct span name) {
    if (span_is_ci(name, SPAN("x-gzip"))) return CODING_GZIP;
    for (int i = 0; i < CODING_COUNT; i++)
        if (span_is_ci(name, codings[i].name)) return (enum coding)i;
    return CODING_COUNT;
}

/* ---- what a client accepts -------------------------------------------------------------------- */

enum { Q_NOT_SAID = -1, Q_WRONG = -2, Q_ONE = 1000 };

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), in thousandths */
static int parse_q(struct span s) {
    int q, unit = 100;
    if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.')) return Q_WRONG;
    q = (s.p[0] - '0') * Q_ONE;
    for (size_t i = 2; i < s.n; i++, unit /= 10) {
        if (!ascii_is_digit(s.p[i])) return Q_WRONG;
        q += (s.p[i] - '0') * unit;
    }
    return q <= Q_ONE ? q : Q_WRONG;
}

/* The weight among the parameters of an element; without one, 1. */
static int weight(struct span parameters) {
    struct span one;
    while (span_next(&parameters, ';', &one)) {
        one = span_trim(one);
        size_t equals = span_find(one, '=');
        if (equals == one.n || !span_is_ci(span_trim(span_upto(one, equals)), SPAN("q"))) continue;
        return parse_q(span_trim(span_from(one, equals + 1)));
    }
    return Q_ONE;
}

/* q[CODING_COUNT] is that of "*". An element that is malformed says nothing; the first word about a coding counts. */
static void read_list(struct span list, int *q, unsigned *elements) {
    struct span element;
    while (*elements < ELEMENTS_MAX && span_next(&list, ',', &element)) {
        size_t end = span_find(element, ';');
        struct span name = span_trim(span_upto(element, end));
        bool any = span_is(name, SPAN("*"));
        enum coding coding = coding_find(name);
        (*elements)++;
        if (!any && coding == CODING_COUNT) continue;
        int w = end < element.n ? weight(span_from(element, end + 1)) : Q_ONE;
        if (w >= 0 && q[coding] == Q_NOT_SAID) q[coding] = w;
    }
}

/* Ranks: how many different weights above zero are not larger. Identity, if nobody speaks of it, is taken, after
 * everything else (RFC 9110 12.5.3). */
static uint32_t ranks(const int *said) {
    int q[CODING_COUNT];
    uint32_t accepts = 0;
    for (int i = 0; i < CODING_COUNT; i++) q[i] = (said[i] == Q_NOT_SAID ? said[CODING_COUNT] : said[i]) * 2;
    for (int i = 0; i < CODING_COUNT; i++)
        if (q[i] < 0) q[i] = i == CODING_IDENTITY ? 1 : 0;
    for (int i = 0; i < CODING_COUNT; i++) {
        uint32_t rank = q[i] > 0;
        for (int other = 0; other < CODING_COUNT; other++) {
            bool counted = q[other] <= 0 || q[other] >= q[i];
            for (int earlier = 0; earlier < other; earlier++) counted |= q[earlier] == q[other];
            rank += !counted;
        }
        accepts |= rank << (RANK_BITS * i);
    }
    return accepts;
}

/* Clients say the same again and again: a worker remembers the last value and what it meant. */
static struct {
    char value[REMEMBERED_MAX];
    size_t n;
    uint32_t accepts; /* 0: nothing is remembered */
} last;

static uint32_t read_fields(const struct fields *request) {
    int q[CODING_COUNT + 1];
    unsigned elements = 0;
    for (int i = 0; i <= CODING_COUNT; i++) q[i] = Q_NOT_SAID;
    for (uint32_t i = 0; i < request->count; i++)
        if (request->list[i].id == HEADER_ACCEPT_ENCODING) read_list(request->list[i].value, q, &elements);
    return ranks(q);
}

static unsigned count(const struct fields *request, enum header id) {
    unsigned n = 0;
    for (uint32_t i = 0; i < request->count; i++) n += request->list[i].id == id;
    return n;
}

/* Without the field anything goes by the letter of RFC 9110 12.5.3; who does not say that it can decode, cannot. */
uint32_t coding_accepts(const struct fields *request) {
    if (!fields_have(request, HEADER_ACCEPT_ENCODING)) return 1u << (RANK_BITS * CODING_IDENTITY);
    struct span value = fields_first(request, HEADER_ACCEPT_ENCODING)->value;
    bool alone = value.n <= REMEMBERED_MAX && count(request, HEADER_ACCEPT_ENCODING) == 1;
    if (alone && last.accepts && span_is(value, (struct span){last.value, last.n})) return last.accepts;
    uint32_t accepts = read_fields(request);
    if (alone) {
        last.accepts = accepts;
        last.n = value.n;
        if (value.n) memcpy(last.value, value.p, value.n);
    }
    return accepts;
}

/* ---- what it gets ----------------------------------------------------------------------------- */

uint32_t coding_offer(uint32_t offered, enum coding coding) {
    unsigned shift = 0;
    if (coding == CODING_IDENTITY || coding_is_offered(offered, coding)) return offered;
    while ((offered >> shift) & RANK_MASK) shift += RANK_BITS;
    return offered | ((uint32_t)coding << shift);
}

bool coding_next(uint32_t *offered, enum coding *coding) {
    *coding = (enum coding)(*offered & RANK_MASK);
    *offered >>= RANK_BITS;
    return *coding != CODING_IDENTITY;
}

bool coding_is_offered(uint32_t offered, enum coding coding) {
    enum coding next;
    while (coding_next(&offered, &next))
        if (next == coding) return true;
    return false;
}

static uint32_t rank_of(uint32_t accepts, enum coding coding) {
    return (accepts >> (RANK_BITS * coding)) & RANK_MASK;
}

enum coding coding_choose(uint32_t accepts, uint32_t offered) {
    enum coding next, best = CODING_IDENTITY;
    uint32_t best_rank = rank_of(accepts, CODING_IDENTITY);
    while (coding_next(&offered, &next)) {
        uint32_t rank = rank_of(accepts, next);
        if (rank == 0 || rank < best_rank || (rank == best_rank && best != CODING_IDENTITY)) continue;
        best = next;
        best_rank = rank;
    }
    return best;
}

bool choices_add(struct choices *c, uint32_t offered, enum coding chosen) {
    if (c->count == CHOICES_MAX) return false;
    c->list[c->count].offered = offered;
    c->list[c->count++].chosen = (uint8_t)chosen;
    return true;
}

bool choices_hold(const struct choices *c, const struct fields *request) {
    uint32_t accepts = c->count ? coding_accepts(request) : 0;
    for (unsigned i = 0; i < c->count; i++)
        if (coding_choose(accepts, c->list[i].offered) != (enum coding)c->list[i].chosen) return false;
    return true;
}

void coding_vary(struct fields *response, struct arena *a) {
    struct span there = fields_get(response, a, HEADER_VARY);
    if (list_has_token(there, SPAN("*")) || list_has_token(there, SPAN("Accept-Encoding"))) return;
    struct span with = there.n ? arena_join(a, there, SPAN(", Accept-Encoding")) : SPAN("Accept-Encoding");
    fields_set(response, a, HEADER_VARY, with);
}

struct span coding_etag(struct span etag, enum coding coding, bool weak, struct arena *a) {
    if (etag.n < 2 || etag.p[etag.n - 1] != '"') return etag;
    const char *mark = weak && !etag_is_weak(etag) ? "W/" : "";
    struct span name = coding_name(coding);
    return arena_printf(a, "%s%.*s-%.*s\"", mark, SPAN_ARG(span_upto(etag, etag.n - 1)), SPAN_ARG(name));
}
