/* wish.c - how a client wants a listing: order and form */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/dirlisting/wish.h"

#include "http/fields.h"

static void take(struct wish *w, struct span part) {
    static const char columns[] = {[BY_NAME] = 'N', [BY_TIME] = 'M', [BY_SIZE] = 'S'};
    if (span_is(part, SPAN("json")) || span_is(part, SPAN("json=1"))) w->json = true;
    if (span_is(part, SPAN("O=A"))) w->descending = false;
    if (span_is(part, SPAN("O=D"))) w->descending = true;
    if (part.n != 3 || !span_starts(part, SPAN("C="))) return;
    for (unsigned i = 0; i < sizeof columns; i++)
        if (columns[i] == part.p[2]) w->by = (enum listing_column)i;
}

struct wish wish_from_query(struct span query) {
    struct wish w = {BY_NAME, false, false};
    while (query.n) {
        size_t n = 0;
        while (n < query.n && query.p[n] != '&' && query.p[n] != ';') n++;
        take(&w, span_upto(query, n));
        query = span_from(query, n < query.n ? n + 1 : n);
    }
    return w;
}

/* "0.8" in thousandths (RFC 9110 12.4.2); what is none counts as 1. */
static int quality(struct span s) {
    int q = 0, digit = 1000;
    if (s.n == 0 || (s.p[0] != '0' && s.p[0] != '1')) return 1000;
    if (s.p[0] == '1') return 1000;
    for (size_t i = 2; i < s.n && digit > 1 && ascii_is_digit(s.p[i]); i++) q += (s.p[i] - '0') * (digit /= 10);
    return q;
}

static int quality_of(struct span range, struct span *type) {
    struct span part;
    int q = 1000;
    span_next(&range, ';', type);
    *type = span_trim(*type);
    while (span_next(&range, ';', &part)) {
        part = span_trim(part);
        if (span_starts_ci(part, SPAN("q="))) q = quality(span_from(part, 2));
    }
    return q;
}

bool accept_prefers_json(struct span accept) {
    struct span range, type;
    int json = -1, html = -1, wild = 0;
    while (list_next(&accept, &range)) {
        int q = quality_of(range, &type);
        bool is_html = span_is_ci(type, SPAN("text/html")) || span_is_ci(type, SPAN("application/xhtml+xml"));
        if (span_is_ci(type, SPAN("application/json")) && q > json) json = q;
        else if (is_html && q > html) html = q;
        else if ((span_is(type, SPAN("*/*")) || span_is_ci(type, SPAN("text/*"))) && q > wild) wild = q;
    }
    if (json <= 0) return false;
    return html >= 0 ? json > html : json >= wild;
}
