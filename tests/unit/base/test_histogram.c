/* test_histogram.c - how long things took, and who comes most often */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/histogram.h"
#include "base/toplist.h"

/* Each value lies in the bucket whose end it does not exceed, and exceeds the end before. */
START_TEST(buckets_hold_what_they_say) {
    uint64_t ns = 1;
    for (unsigned i = 0; i < 4000; i++, ns += ns / 90 + 1) {
        unsigned b = histogram_bucket(ns);
        ck_assert_uint_lt(b, HISTOGRAM_BUCKETS);
        if (histogram_end_us(b)) ck_assert_uint_le(ns, histogram_end_us(b) * 1000);
        if (b) ck_assert_uint_gt(ns, histogram_end_us(b - 1) * 1000);
        if (ns > UINT64_C(1) << 50) break;
    }
    ck_assert_uint_eq(histogram_bucket(0), 0);
    ck_assert_uint_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    for (unsigned power = 0; power <= 28; power++) {
        uint64_t end_ns = (UINT64_C(1) << power) * 1000;
        struct histogram h = {{0}, 0};
        histogram_add(&h, end_ns);
        histogram_add(&h, end_ns + 1);
        ck_assert_uint_eq(histogram_up_to(&h, power), 1);
        ck_assert_uint_eq(histogram_total(&h), 2);
        ck_assert_uint_eq(h.sum_ns, 2 * end_ns + 1);
    }
}
END_TEST

START_TEST(quantiles_are_near) {
    static const double shares[] = {0.01, 0.5, 0.9, 0.99, 0.999};
    struct histogram h = {{0}, 0}, twice = {{0}, 0};
    ck_assert_uint_eq(histogram_quantile(&h, 0.5), 0);
    for (uint64_t us = 1; us <= 100000; us++) histogram_add(&h, us * 1000);
    for (unsigned i = 0; i < 5; i++) {
        double wanted = shares[i] * 100000e3, got = (double)histogram_quantile(&h, shares[i]);
        ck_assert(got > wanted * 0.8 && got < wanted * 1.25);
    }
    histogram_merge(&twice, &h);
    histogram_merge(&twice, &h);
    ck_assert_uint_eq(histogram_total(&twice), 200000);
    ck_assert_uint_eq(histogram_quantile(&twice, 0.5), histogram_quantile(&h, 0.5));
    ck_assert_uint_eq(twice.sum_ns, 2 * h.sum_ns);
}
END_TEST

static void key_of(unsigned n, unsigned char key[16]) {
    memset(key, 0, 16);
    memcpy(key + 8, &n, sizeof n);
}

static const struct toplist_entry *entry(const struct toplist *t, unsigned n) {
    unsigned char key[16];
    key_of(n, key);
    for (unsigned i = 0; i < t->used; i++)
        if (memcmp(t->list[i].key, key, 16) == 0) return &t->list[i];
    return NULL;
}

/* Three frequent ones among many that come once: they stay, and are counted within the error that is said. */
START_TEST(the_frequent_stay) {
    static struct toplist t, others;
    unsigned truth[3] = {0, 0, 0};
    unsigned char key[16];
    for (unsigned i = 0; i < 60000; i++) {
        unsigned who = i % 7 == 0 ? 0 : i % 11 == 0 ? 1 : i % 13 == 0 ? 2 : 1000 + i;
        if (who < 3) truth[who]++;
        key_of(who, key);
        unsigned at = toplist_add(&t, key, i % 60, 10);
        ck_assert_int_eq(memcmp(t.list[at].key, key, 16), 0);
    }
    ck_assert_uint_eq(t.used, TOPLIST_MAX);
    for (unsigned who = 0; who < 3; who++) {
        const struct toplist_entry *e = entry(&t, who);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_ge(e->count, truth[who]);
        ck_assert_uint_le(e->count - e->error, truth[who]);
    }
    for (unsigned i = 0; i < TOPLIST_MAX; i++) {
        key_of(i, key);
        toplist_add(&others, key, i, 1);
    }
    uint64_t before = entry(&t, 0)->count;
    toplist_merge(&t, &others);
    toplist_sort(&t);
    ck_assert_uint_eq(t.used, TOPLIST_MAX);
    ck_assert_uint_eq(entry(&t, 0)->count, before + 1);
    ck_assert_ptr_eq(entry(&t, 0), &t.list[0]);
    for (unsigned i = 1; i < t.used; i++) ck_assert_uint_ge(t.list[i - 1].count, t.list[i].count);
    key_of(1, key); /* it is still found where sorting has moved it */
    uint32_t used = t.used;
    toplist_add(&t, key, TOPLIST_MAX, 0);
    ck_assert_uint_eq(t.used, used);
    ck_assert_uint_eq(entry(&t, 1)->bytes % 10, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("histogram");
    TCase *c = tcase_create("histogram");
    tcase_add_test(c, buckets_hold_what_they_say);
    tcase_add_test(c, quantiles_are_near);
    tcase_add_test(c, the_frequent_stay);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
