/* counters_text.c - counters as lines of text: what a binary upgrade hands on */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "server/counters_private.h"

/*
 * A line is a letter, words, and for what has a name its name at the end: rows by their id, states and methods by
 * their name, so that another build with other rows understands what it knows.
 *
 *     goldcrest-counters 1
 *     b SECONDS                              begun (since 1970)
 *     r ID VALUE                             a row of counters.def
 *     c STATE WORD VALUE   q STATE WORD VALUE   what a step of the connection's, the request's machine said
 *     s STATUS VALUE   m METHOD VALUE
 *     v 9 numbers, HISTOGRAM, NAME           a virtual host
 *     g 5 numbers, HISTOGRAM, NAME           a backend
 *     t KEY COUNT ERROR BYTES                a client
 *
 * HISTOGRAM is the sum and BUCKET:COUNT,…
 */
static const struct span first_line = SPAN_INIT("goldcrest-counters 1");

enum { NUMBERS_MAX = 10 };

/* ---- out -------------------------------------------------------------------------------------- */

static void put_numbers(struct buf *out, char letter, const uint64_t *n, unsigned count) {
    buf_add_char(out, letter);
    for (unsigned i = 0; i < count; i++) buf_printf(out, " %" PRIu64, n[i]);
}

static void put_histogram(struct buf *out, const struct histogram *h, const char *name) {
    const char *between = " ";
    buf_printf(out, " %" PRIu64, h->sum_ns);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (!h->count[i]) continue;
        buf_printf(out, "%s%u:%" PRIu64, between, i, h->count[i]);
        between = ",";
    }
    if (*between == ' ') buf_add_text(out, " -");
    buf_printf(out, " %s\n", name);
}

static void put_tally(struct buf *out, const struct tally *t) {
    for (unsigned i = 0; i < COUNTERS; i++)
        if (!counter_rows[i].is_gauge && t->rows[i])
            buf_printf(out, "r %s %" PRIu64 "\n", counter_rows[i].id, t->rows[i]);
    for (unsigned s = 0; s < CONN_STATE_COUNT; s++)
        for (unsigned w = 0; w < WORDS; w++)
            if (t->conns.said[s][w])
                buf_printf(out, "c %s %u %" PRIu64 "\n", conn_state_name((enum conn_state)s), w, t->conns.said[s][w]);
    for (unsigned s = 0; s < REQUEST_STATE_COUNT; s++)
        for (unsigned w = 0; w < WORDS; w++)
            if (t->requests.said[s][w])
                buf_printf(out, "q %s %u %" PRIu64 "\n", request_state_name((enum request_state)s), w,
                           t->requests.said[s][w]);
    for (unsigned i = 0; i < STATUSES; i++)
        if (t->status[i]) buf_printf(out, "s %u %" PRIu64 "\n", STATUS_FIRST + i, t->status[i]);
    for (unsigned i = 0; i < METHOD_COUNT; i++)
        if (t->methods[i])
            buf_printf(out, "m %.*s %" PRIu64 "\n", SPAN_ARG(i ? method_name((enum method)i) : SPAN("-")),
                       t->methods[i]);
}

static void put_clients(struct buf *out, const struct toplist *t) {
    for (unsigned i = 0; i < t->used; i++) {
        buf_add_text(out, "t ");
        for (unsigned k = 0; k < 16; k++) buf_printf(out, "%02x", t->list[i].key[k]);
        const struct toplist_entry *e = &t->list[i];
        buf_printf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", e->count, e->error, e->bytes);
    }
}

void counters_export(struct buf *out) {
    struct counters_sum *sum = counters_sum();
    buf_printf(out, "%.*s\nb %" PRIu64 "\n", SPAN_ARG(first_line), (uint64_t)counters_started_s());
    put_tally(out, &sum->tally);
    for (uint32_t i = 0; i < sum->vhost_count; i++) {
        const struct vhost_counts *v = &sum->vhosts[i];
        uint64_t n[9] = {v->received_bytes, v->sent_bytes, v->sent_body_bytes};
        if (histogram_total(&v->time) == 0) continue;
        memcpy(n + 3, v->classes, sizeof v->classes);
        put_numbers(out, 'v', n, 9);
        put_histogram(out, &v->time, v->name);
    }
    for (uint32_t i = 0; i < sum->backend_count; i++) {
        const struct backend_counts *b = &sum->backends[i];
        const uint64_t n[5] = {b->requests, b->errors, b->connects, b->connect_errors, b->reused};
        if (b->requests == 0) continue;
        put_numbers(out, 'g', n, 5);
        put_histogram(out, &b->time, b->name);
    }
    put_clients(out, &sum->clients);
    free(sum);
}

/* ---- in --------------------------------------------------------------------------------------- */

static bool take_number(struct span *line, uint64_t *n) {
    struct span word;
    return span_next(line, ' ', &word) && number_parse(word, UINT64_MAX, n);
}

static bool take_histogram(struct span *line, struct histogram *h) {
    struct span list, item;
    if (!take_number(line, &h->sum_ns) || !span_next(line, ' ', &list)) return false;
    while (!span_is(list, SPAN("-")) && span_next(&list, ',', &item)) {
        struct span bucket;
        uint64_t i, n;
        if (!span_next(&item, ':', &bucket) || !number_parse(bucket, HISTOGRAM_BUCKETS - 1, &i)) return false;
        if (!number_parse(item, UINT64_MAX, &n)) return false;
        h->count[i] += n;
    }
    return true;
}

static bool take_named(struct counters *to, char letter, struct span line) {
    uint64_t n[NUMBERS_MAX];
    struct histogram time = {{0}, 0};
    unsigned count = letter == 'v' ? 9 : 5;
    for (unsigned i = 0; i < count; i++)
        if (!take_number(&line, &n[i])) return false;
    if (!take_histogram(&line, &time)) return false;
    if (letter == 'v') {
        struct vhost_counts v = {.received_bytes = n[0], .sent_bytes = n[1], .sent_body_bytes = n[2], .time = time};
        memcpy(v.classes, n + 3, sizeof v.classes);
        vhost_add(&to->vhosts[vhost_place(to, line)], &v);
    } else {
        const struct backend_counts b = {.requests = n[0], .errors = n[1], .connects = n[2], .connect_errors = n[3],
                                         .reused = n[4], .time = time};
        backend_add(&to->backends[backend_place(to, line)], &b, false);
    }
    return true;
}

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_client(struct counters *to, struct span line) {
    struct toplist one = {.used = 1};
    struct span key;
    if (!span_next(&line, ' ', &key) || key.n != 32) return false;
    for (unsigned i = 0; i < 16; i++) {
        int high = hex(key.p[2 * i]), low = hex(key.p[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        one.list[0].key[i] = (unsigned char)(high * 16 + low);
    }
    struct toplist_entry *e = &one.list[0];
    if (!take_number(&line, &e->count) || !take_number(&line, &e->error)) return false;
    if (!take_number(&line, &e->bytes)) return false;
    toplist_merge(&to->clients, &one);
    return true;
}

static uint64_t *state_place(struct counters *to, char letter, struct span name, uint64_t word) {
    struct tally *t = &to->tally;
    for (unsigned s = 0; letter == 'c' && s < CONN_STATE_COUNT; s++)
        if (span_is(name, span_of(conn_state_name((enum conn_state)s)))) return &t->conns.said[s][word];
    for (unsigned s = 0; letter == 'q' && s < REQUEST_STATE_COUNT; s++)
        if (span_is(name, span_of(request_state_name((enum request_state)s)))) return &t->requests.said[s][word];
    return NULL;
}

/* Where a line of one number goes; NULL: this build does not know it. */
static uint64_t *place(struct counters *to, char letter, struct span name, struct span *line) {
    struct tally *t = &to->tally;
    uint64_t n;
    for (unsigned i = 0; letter == 'r' && i < COUNTERS; i++)
        if (!counter_rows[i].is_gauge && span_is(name, span_of(counter_rows[i].id))) return &t->rows[i];
    if (letter == 's' && number_parse(name, STATUS_FIRST + STATUSES - 1, &n) && n >= STATUS_FIRST)
        return &t->status[n - STATUS_FIRST];
    if (letter == 'm') return &t->methods[method_find(name)];
    bool is_state = letter == 'c' || letter == 'q';
    if (is_state && take_number(line, &n) && n < WORDS) return state_place(to, letter, name, n);
    return NULL;
}

static bool take_line(struct counters *to, struct span line) {
    char letter = line.n > 2 && line.p[1] == ' ' ? line.p[0] : '\0';
    struct span name;
    uint64_t n;
    line = span_from(line, line.n > 2 ? 2 : line.n);
    switch (letter) {
    case 'v':
    case 'g': return take_named(to, letter, line);
    case 't': return take_client(to, line);
    case 'b':
        if (!number_parse(line, INT64_MAX, &n)) return false;
        counters_started_before((int64_t)n);
        return true;
    default: break;
    }
    if (!letter || !span_next(&line, ' ', &name)) return false;
    uint64_t *to_place = place(to, letter, name, &line);
    if (!to_place) return true;
    if (!number_parse(line, UINT64_MAX, &n)) return false;
    *to_place += n;
    return true;
}

bool counters_import(struct span text) {
    struct counters *to = counters_room ? &counters_room->blocks[0] : counters;
    struct span line;
    bool is_good = true;
    if (!span_next(&text, '\n', &line) || !span_is(line, first_line)) return false;
    while (span_next(&text, '\n', &line))
        if (line.n) is_good &= take_line(to, line);
    return is_good;
}
