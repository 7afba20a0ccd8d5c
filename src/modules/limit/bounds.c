/* bounds.c - what mod_limit's directives come to: how much, for whom */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/limit/bounds.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/meters.h"

enum { COUNT_MAX = 1000000 };

/* ---- limit.requests --------------------------------------------------------------------------- */

static bool read_number(const struct element *e, uint32_t max, uint32_t *number, struct complaints *c) {
    int32_t n;
    if (!value_as_int(&e->value, &n) || n < 1 || (uint32_t)n > max) {
        complain(c, COMPLAINT_ERROR, e->value.place, 0, NULL, "\"%.*s\" is a number from 1 to %u", SPAN_ARG(e->key),
                 max);
        return false;
    }
    *number = (uint32_t)n;
    return true;
}

static bool read_rate(struct rate *rate, const struct value *v, struct complaints *c) {
    bool good = true;
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        if (span_is(e->key, SPAN("rate"))) good &= read_number(e, COUNT_MAX, &rate->count, c);
        else if (span_is(e->key, SPAN("burst"))) good &= read_number(e, COUNT_MAX, &rate->burst, c);
        else if (span_is(e->key, SPAN("per"))) good &= read_number(e, METER_SECONDS_MAX, &rate->per_s, c);
        else {
            complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2,
                     "write ( \"rate\" => 20, \"per\" => 1, \"burst\" => 40 )", "limit.requests knows no \"%.*s\"",
                     SPAN_ARG(e->key));
            good = false;
        }
    }
    if (good && v->count && !rate->count) {
        complain(c, COMPLAINT_ERROR, v->place, 0, "\"rate\" => 20 is 20 requests a second", "\"rate\" is missing");
        good = false;
    }
    return good;
}

void *rate_make(const struct value *v, struct complaints *c) {
    struct rate *rate = memory_zeroed(1, sizeof *rate);
    rate->per_s = 1;
    rate->place = v->place;
    if (!read_rate(rate, v, c)) {
        free(rate);
        return NULL;
    }
    if (!rate->count) return rate;
    if (!rate->burst) rate->burst = rate->count;
    rate->step_ns = rate->per_s * UINT64_C(1000000000) / rate->count;
    rate->slack_ns = rate->step_ns * (rate->burst - 1);
    if (rate->slack_ns <= METER_SECONDS_MAX * UINT64_C(1000000000)) return rate;
    complain(c, COMPLAINT_ERROR, v->place, 0, NULL,
             "it would take more than a day until a burst of %u is there again, at %u in %u s", rate->burst,
             rate->count, rate->per_s);
    free(rate);
    return NULL;
}

/* ---- the others ------------------------------------------------------------------------------- */

void *most_make(const struct value *v, struct complaints *c) {
    int32_t n;
    if (!value_as_int(v, &n) || n < 0 || n > COUNT_MAX) {
        complain(c, COMPLAINT_ERROR, v->place, 0, "0 is no limit", "a number from 0 to %d is expected", COUNT_MAX);
        return NULL;
    }
    struct most *most = memory_zeroed(1, sizeof *most);
    most->count = (uint32_t)n;
    most->place = v->place;
    return most;
}

void *network_make(const struct value *v, struct complaints *c) {
    struct network *n = memory_zeroed(1, sizeof *n);
    *n = (struct network){32, 64};
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        bool is_v4 = span_is(e->key, SPAN("ipv4"));
        uint32_t bits;
        if (!is_v4 && !span_is(e->key, SPAN("ipv6"))) {
            complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2, "write ( \"ipv4\" => 32, \"ipv6\" => 64 )",
                     "limit.prefix knows no \"%.*s\"", SPAN_ARG(e->key));
        } else if (read_number(e, is_v4 ? 32 : 128, &bits, c)) {
            if (is_v4) n->v4_bits = (uint8_t)bits;
            else n->v6_bits = (uint8_t)bits;
        }
    }
    return n;
}

void *exempt_make(const struct value *v, struct complaints *c) {
    struct exempt *e = memory_zeroed(1, sizeof *e + v->count * sizeof *e->list);
    for (size_t i = 0; i < v->count; i++) {
        struct span text = v->elements[i].value.string;
        if (prefix_parse(text, &e->list[e->count])) e->count++;
        else
            complain(c, COMPLAINT_ERROR, v->elements[i].value.place, text.n + 2,
                     "write \"192.0.2.1\", \"10.0.0.0/8\" or \"fd00::/8\"", "\"%.*s\" is no address or prefix",
                     SPAN_ARG(text));
    }
    return e;
}

void *status_make(const struct value *v, struct complaints *c) {
    int32_t n;
    if (value_as_int(v, &n) && n >= 400 && n <= 599) return (void *)(intptr_t)n;
    complain(c, COMPLAINT_ERROR, v->place, 0, NULL, "a status from 400 to 599 is expected");
    return NULL;
}

bool is_exempt(const struct exempt *e, const struct addr *a) {
    for (size_t i = 0; e && i < e->count; i++)
        if (prefix_has(&e->list[i], a)) return true;
    return false;
}

/* ---- clients ---------------------------------------------------------------------------------- */

bool client_words(const struct addr *a, const struct network *n, uint64_t words[2]) {
    static const struct network usual = {32, 64};
    uint8_t bytes[16];
    unsigned bits = addr_network(a, bytes);
    if (!bits) return false;
    if (!n) n = &usual;
    unsigned keep = bits == 32 ? 96u + n->v4_bits : n->v6_bits;
    words[0] = words[1] = 0;
    for (unsigned i = 0; i < 16; i++) words[i / 8] = words[i / 8] << 8 | bytes[i];
    if (keep < 64) words[0] &= keep ? UINT64_MAX << (64 - keep) : 0;
    if (keep < 128) words[1] &= keep > 64 ? UINT64_MAX << (128 - keep) : 0;
    return true;
}

uint64_t identity_in(uint64_t *identity, const struct block *b) {
    if (!*identity) *identity = block_identity(b) | 1;
    return *identity;
}
