/* histogram.h - how long things took: buckets that double, four within each doubling */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HISTOGRAM_H
#define GOLDCREST_HISTOGRAM_H

#include <stdint.h>

/*
 * Buckets of microseconds: 1, 2, 3, 4 us, then four between each power of two and the next, up to 2^28 us (268 s);
 * what is longer lies in the last one. A value lies in the bucket whose end it does not exceed: 128.0 us is in the
 * one that ends at 128 us. So a quantile is wrong by less than a quarter. Plain data: it may lie in shared memory.
 */
enum { HISTOGRAM_BUCKETS = 109 };

struct histogram {
    uint64_t count[HISTOGRAM_BUCKETS];
    uint64_t sum_ns;
};

static inline unsigned histogram_bucket(uint64_t ns) {
    uint64_t us = ns ? (ns - 1) / 1000 : 0;
    if (us < 4) return (unsigned)us;
    if (us >> 28) return HISTOGRAM_BUCKETS - 1;
    unsigned e = 63 - (unsigned)__builtin_clzll(us); /* 2^e <= us */
    return 4 * (e - 1) + ((unsigned)(us >> (e - 2)) & 3);
}

static inline void histogram_add(struct histogram *h, uint64_t ns) {
    h->count[histogram_bucket(ns)]++;
    h->sum_ns += ns;
}

/* Where the bucket ends, in us; of the last one 0: nowhere. */
uint64_t histogram_end_us(unsigned bucket);
/* How many values there are in all, or up to the end at 2^power us (power 0 … 28). */
uint64_t histogram_total(const struct histogram *h);
uint64_t histogram_up_to(const struct histogram *h, unsigned power);
/* The value (ns) that a share of all (0 … 1) does not exceed, as far as buckets tell; 0: there are none. */
uint64_t histogram_quantile(const struct histogram *h, double share);
void histogram_merge(struct histogram *h, const struct histogram *other);

#endif
