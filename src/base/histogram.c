/* histogram.c - how long things took: ends of buckets, sums, quantiles */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/histogram.h"

uint64_t histogram_end_us(unsigned bucket) {
    unsigned e = bucket / 4 + 1, quarter = bucket % 4;
    if (bucket < 4) return bucket + 1;
    if (bucket >= HISTOGRAM_BUCKETS - 1) return 0;
    return (UINT64_C(4) + quarter + 1) << (e - 2);
}

uint64_t histogram_total(const struct histogram *h) {
    uint64_t total = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) total += h->count[i];
    return total;
}

uint64_t histogram_up_to(const struct histogram *h, unsigned power) {
    uint64_t total = 0, end = UINT64_C(1) << power;
    for (unsigned i = 0; i + 1 < HISTOGRAM_BUCKETS && histogram_end_us(i) <= end; i++) total += h->count[i];
    return total;
}

static uint64_t begin_us(unsigned bucket) {
    return bucket ? histogram_end_us(bucket - 1) : 0;
}

/* Within a bucket values are taken to lie evenly. */
uint64_t histogram_quantile(const struct histogram *h, double share) {
    uint64_t total = histogram_total(h), before = 0;
    double wanted = share * (double)total;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && total; i++) {
        uint64_t here = h->count[i], begin = begin_us(i), end = histogram_end_us(i);
        if (here && (double)(before + here) >= wanted) {
            double part = (wanted - (double)before) / (double)here;
            if (end == 0) return begin * 1000;
            return (uint64_t)(((double)begin + (double)(end - begin) * (part > 0 ? part : 0)) * 1000.0);
        }
        before += here;
    }
    return 0;
}

void histogram_merge(struct histogram *h, const struct histogram *other) {
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) h->count[i] += other->count[i];
    h->sum_ns += other->sum_ns;
}
