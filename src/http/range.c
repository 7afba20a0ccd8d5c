/* range.c - the Range field: parsed, clipped, coalesced */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/range.h"

#include "http/fields.h"

enum { SPECS_MAX = 128 };

struct range_set {
    struct byte_range list[SPECS_MAX];
    unsigned count, specs;
};

/* A number too large for 64 bits is as good as the largest. False if there is no digit. */
static bool take_number(struct span *s, uint64_t *number) {
    size_t i = 0;
    *number = 0;
    for (; i < s->n && ascii_is_digit(s->p[i]); i++) {
        unsigned digit = (unsigned)(s->p[i] - '0');
        *number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
    }
    *s = span_from(*s, i);
    return i > 0;
}

static bool touches(struct byte_range a, struct byte_range b) {
    return a.first <= b.last + 1 && b.first <= a.last + 1; /* last < length, so there is no overflow */
}

/* Takes those that r touches out of the set and puts the union where the first of them stood. */
static void add(struct range_set *set, struct byte_range r) {
    unsigned place = set->count;
    for (unsigned i = 0; i < set->count;) {
        struct byte_range old = set->list[i];
        if (!touches(old, r)) {
            i++;
            continue;
        }
        if (old.first < r.first) r.first = old.first;
        if (old.last > r.last) r.last = old.last;
        memmove(&set->list[i], &set->list[i + 1], (set->count - i - 1) * sizeof *set->list);
        set->count--;
        if (i < place) place = i;
        i = 0; /* it has grown: look again */
    }
    if (place > set->count) place = set->count;
    memmove(&set->list[place + 1], &set->list[place], (set->count - place) * sizeof *set->list);
    set->list[place] = r;
    set->count++;
}

/* "first-last", "first-" or "-suffix" (RFC 9110 14.1.1). False: bad syntax; one that cannot be
 * satisfied is not added. */
static bool take_spec(struct range_set *set, struct span spec, uint64_t length) {
    struct byte_range r = {0, UINT64_MAX};
    uint64_t suffix;
    bool has_first = take_number(&spec, &r.first);
    if (spec.n == 0 || spec.p[0] != '-') return false;
    spec = span_from(spec, 1);
    bool has_last = take_number(&spec, has_first ? &r.last : &suffix);
    if (spec.n > 0 || (!has_first && !has_last)) return false;
    if (!has_first) {
        if (suffix == 0) return true;
        r.first = suffix < length ? length - suffix : 0;
        r.last = length - 1;
    } else if (!has_last) {
        r.last = UINT64_MAX;
    }
    if (r.first > r.last) return false;
    if (r.first >= length) return true;
    if (r.last >= length) r.last = length - 1;
    add(set, r);
    return true;
}

enum range_result ranges_parse(struct span value, uint64_t length, struct byte_range ranges[RANGES_MAX],
                               unsigned *count) {
    struct range_set set; /* its list is 2 KB that nobody has to clear */
    struct span spec;
    set.count = set.specs = 0;
    *count = 0;
    if (length == 0) return RANGE_IGNORE; /* Content-Range has no words for a part of nothing */
    if (!span_starts_ci(value, SPAN("bytes="))) return RANGE_IGNORE;
    value = span_from(value, 6);
    while (list_next(&value, &spec))
        if (set.specs++ == SPECS_MAX || !take_spec(&set, spec, length)) return RANGE_IGNORE;
    if (set.specs == 0 || set.count > RANGES_MAX) return RANGE_IGNORE;
    if (set.count == 0) return RANGE_UNSATISFIABLE;

    memcpy(ranges, set.list, set.count * sizeof *ranges);
    *count = set.count;
    return RANGE_OK;
}
