/* test_counters.c - blocks of several processes and their sums, which never fall; what an upgrade hands on */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/counting.h"

enum { MS = 1000 * 1000 };

/* In a process of its own, as a worker: n requests of a virtual host, and one that is still at ROUTE. */
static int work(unsigned n, const char *host) {
    int slot = counters_take_slot();
    pid_t pid = fork();
    if (pid == 0) {
        counters_use(slot);
        unsigned at = counters_vhost(span_of(host));
        struct backend_counts *b = counters_backend(SPAN("proxy one"));
        for (unsigned i = 0; i < n; i++) {
            count(COUNT_REQUESTS_11);
            counters->tally.status[200 - STATUS_FIRST]++;
            counters->vhosts[at].classes[2]++;
            histogram_add(&counters->vhosts[at].time, MS);
            b->requests++;
            histogram_add(&b->time, 2 * MS);
            unsigned char key[16] = {[15] = (unsigned char)slot};
            toplist_add(&counters->clients, key, 0, 100);
        }
        b->active = 1;
        b->state = (unsigned)slot + 1;
        request_jumps(REQUEST_STATE_COUNT, REQUEST_READ);
        counters->tally.requests.said[REQUEST_READ][0]++;
        counters->tally.requests.said[REQUEST_LOOKUP][0]++;
        gauge_set(COUNT_CACHE_ENTRIES, 5);
        _exit(0);
    }
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    return slot;
}

static const struct vhost_counts *vhost(const struct counters_sum *sum, const char *name) {
    for (uint32_t i = 0; i < sum->vhost_count; i++)
        if (strcmp(sum->vhosts[i].name, name) == 0) return &sum->vhosts[i];
    return NULL;
}

static void check_counts(const struct counters_sum *sum) {
    ck_assert_uint_eq(sum->answered, 1030);
    ck_assert_uint_eq(sum->tally.status[200 - STATUS_FIRST], 1030);
    ck_assert_uint_eq(sum->classes[2], 1030);
    ck_assert_uint_eq(histogram_total(&sum->time), 1030);
    ck_assert_uint_eq(vhost(sum, "one")->classes[2], 1010);
    ck_assert_uint_eq(vhost(sum, "two")->classes[2], 20);
    ck_assert_uint_eq(vhost(sum, "one")->time.sum_ns, UINT64_C(1010) * MS);
    ck_assert_uint_eq(sum->backends[1].requests, 1030);
    ck_assert_uint_eq(sum->clients.used, 3);
    ck_assert_uint_eq(sum->clients.list[0].count, 1000);
}

START_TEST(sums_do_not_fall) {
    struct counters *own = counters;
    counters_vhost(SPAN("early")); /* as the master's configuration does, before there is shared memory */
    counters_make(2);
    ck_assert_ptr_ne(counters, own);
    ck_assert_uint_eq(counters_vhost(SPAN("early")), 1);
    int a = work(10, "one"), b = work(20, "two"), c = work(1000, "one");
    struct counters_sum *sum = counters_sum();
    check_counts(sum);
    ck_assert_uint_eq(sum->workers, 3);
    ck_assert_uint_eq(sum->requests[REQUEST_ROUTE], 3);
    ck_assert_uint_eq(sum->requests[REQUEST_READ], 0);
    ck_assert_uint_eq(sum->requests[REQUEST_LOOKUP], 0);
    ck_assert_uint_eq(sum->tally.rows[COUNT_CACHE_ENTRIES], 15);
    ck_assert_uint_eq(sum->backends[1].active, 3);
    ck_assert_uint_eq(sum->backends[1].state, (unsigned)c + 1);
    free(sum);
    counters_ended(a);
    counters_ended(c);
    sum = counters_sum();
    check_counts(sum);
    ck_assert_uint_eq(sum->workers, 1);
    ck_assert_uint_eq(sum->requests[REQUEST_ROUTE], 1);
    ck_assert_uint_eq(sum->tally.rows[COUNT_CACHE_ENTRIES], 5);
    ck_assert_uint_eq(sum->backends[1].active, 1);
    ck_assert_uint_eq(sum->backends[1].state, (unsigned)b + 1);
    free(sum);
    ck_assert_int_eq(work(0, "three"), a); /* the slot begins anew */
    counters_ended(a);
    counters_ended(b);
    sum = counters_sum();
    check_counts(sum);
    ck_assert_uint_eq(sum->workers, 0);
    ck_assert_ptr_null(vhost(sum, "three")); /* nobody has asked for it */
    free(sum);
}
END_TEST

/* Beyond the room a worker counts for itself, and breaks nothing. */
START_TEST(one_too_many) {
    int slot = 0, room = 0;
    counters_make(1);
    while ((slot = counters_take_slot()) != COUNTERS_NO_SLOT) room++;
    ck_assert_int_ge(room, 32);
    ck_assert_int_eq(work(5, "far"), COUNTERS_NO_SLOT);
    struct counters_sum *sum = counters_sum();
    ck_assert_uint_eq(sum->answered, 0);
    free(sum);
    counters_ended(COUNTERS_NO_SLOT);
    counters_ended(7);
    ck_assert_int_eq(work(5, "near"), 7);
    sum = counters_sum();
    ck_assert_uint_eq(sum->answered, 5);
    free(sum);
}
END_TEST

START_TEST(names_are_bounded) {
    char name[200];
    counters_make(1);
    for (unsigned i = 0; i < 2 * VHOSTS_MAX; i++) {
        int n = snprintf(name, sizeof name, "host%u.example", i);
        unsigned at = counters_vhost((struct span){name, (size_t)n});
        ck_assert_uint_eq(at, i + 1 < VHOSTS_MAX ? i + 1 : 0);
        ck_assert_uint_eq(counters_vhost((struct span){name, (size_t)n}), at);
    }
    for (unsigned i = 0; i < 2 * BACKENDS_MAX; i++) {
        int n = snprintf(name, sizeof name, "proxy %u", i);
        ck_assert_ptr_nonnull(counters_backend((struct span){name, (size_t)n}));
    }
    ck_assert_uint_eq(counters->backend_count, BACKENDS_MAX);
    ck_assert_str_eq(counters->vhosts[0].name, "other");
}
END_TEST

START_TEST(long_and_strange_names) {
    char name[300];
    counters_make(1);
    memset(name, 'x', sizeof name);
    unsigned at = counters_vhost((struct span){name, sizeof name});
    ck_assert_uint_eq(at, 1);
    ck_assert_uint_eq(counters_vhost((struct span){name, sizeof name}), 1);
    ck_assert_uint_eq(strlen(counters->vhosts[1].name), COUNTED_NAME_BYTES - 1);
    at = counters_vhost(SPAN("a\nr FAKE 1"));
    ck_assert_str_eq(counters->vhosts[at].name, "a?r FAKE 1");
}
END_TEST

/* One label that is no UTF-8, and Prometheus takes none of the metrics. */
START_TEST(texts_are_utf8) {
    char cut[6], whole[7], strange[16];
    counted_text(cut, sizeof cut, SPAN("aaaa\xc3\xa9"));
    ck_assert_str_eq(cut, "aaaa");
    counted_text(whole, sizeof whole, SPAN("aaaa\xc3\xa9z"));
    ck_assert_str_eq(whole, "aaaa\xc3\xa9");
    counted_text(strange, sizeof strange, SPAN("\xff\xc3" "a\n\xed\xa0\x80\x7f"));
    ck_assert_str_eq(strange, "??a?????");
}
END_TEST

/* What one server exports, the next one has; imported twice it is twice. */
START_TEST(an_upgrade_hands_on) {
    struct buf first = {0}, second = {0};
    counters_make(2);
    count(COUNT_RELOADS);
    gauge_set(COUNT_GENERATION, 7);
    counters->tally.conns.said[CONN_SERVE][1] = 3;
    counters->tally.methods[METHOD_OTHER] = 2;
    counters->tally.methods[METHOD_GET] = 9;
    int a = work(1010, "one"), b = work(20, "two words");
    counters_export(&first);
    ck_assert_int_eq(memcmp(buf_text(&first), "goldcrest-counters 1\n", 21), 0);
    counters_ended(a);
    counters_ended(b);
    counters_export(&second);
    ck_assert_str_eq(buf_text(&first), buf_text(&second)); /* gauges are not in it */
    ck_assert_ptr_null(strstr(buf_text(&first), "GENERATION"));
    ck_assert(counters_import(buf_span(&first)));
    struct counters_sum *sum = counters_sum();
    ck_assert_uint_eq(sum->answered, 2060);
    ck_assert_uint_eq(histogram_total(&vhost(sum, "two words")->time), 40);
    ck_assert_uint_eq(sum->tally.rows[COUNT_RELOADS], 2);
    ck_assert_uint_eq(sum->tally.rows[COUNT_GENERATION], 7);
    ck_assert_uint_eq(sum->tally.conns.said[CONN_SERVE][1], 6);
    ck_assert_uint_eq(sum->tally.methods[METHOD_OTHER], 4);
    ck_assert_uint_eq(sum->tally.methods[METHOD_GET], 18);
    ck_assert_uint_eq(sum->clients.list[0].count, 2020);
    free(sum);
    buf_done(&first);
    buf_done(&second);
}
END_TEST

START_TEST(other_texts_are_refused) {
    static const char *const bad[] = {
        "", "goldcrest-counters 2\n", "goldcrest-counters 1\nr RELOADS x\n", "goldcrest-counters 1\nv 1 2\n",
        "goldcrest-counters 1\nt 00 1 1 1\n", "goldcrest-counters 1\nnonsense\n",
        "goldcrest-counters 1\nv 0 0 0 0 0 0 0 0 0 5 999:1 name\n"};
    counters_make(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) ck_assert(!counters_import(span_of(bad[i])));
    /* what this build does not know is left out */
    ck_assert(counters_import(SPAN("goldcrest-counters 1\nr NEWER 5\nq NOWHERE 1 5\nr RELOADS 5\ns 999 1\n")));
    struct counters_sum *sum = counters_sum();
    ck_assert_uint_eq(sum->tally.rows[COUNT_RELOADS], 5);
    free(sum);
}
END_TEST

/* What is only played through leaves no trace, but names that a configuration has are the process's. */
START_TEST(aside_nothing_counts) {
    counters_make(1);
    counters_set_aside();
    count(COUNT_REQUESTS_11);
    unsigned at = counters_vhost(SPAN("one"));
    counters_go_on();
    struct counters_sum *sum = counters_sum();
    ck_assert_uint_eq(sum->answered, 0);
    free(sum);
    ck_assert_uint_eq(counters->tally.rows[COUNT_REQUESTS_11], 0);
    ck_assert_str_eq(counters->vhosts[at].name, "one");
}
END_TEST

/* Between samples on a line; where there was nothing to do, at its end. */
START_TEST(how_it_went) {
    uint64_t now = clock_monotonic_ns() / MS;
    struct sample *s = counters->samples;
    s[0] = (struct sample){now - 20000, 100, 1000, 0};
    s[1] = (struct sample){now - 19000, 200, 2000, 0};
    s[2] = (struct sample){now - 4000, 300, 3000, 0};
    counters->sample_count = 3;
    counters->tally.rows[COUNT_REQUESTS_11] = 400;
    ck_assert_uint_eq(counters_at(now - 30000).requests, 0);
    ck_assert_uint_eq(counters_at(now - 20000).requests, 100);
    ck_assert_uint_eq(counters_at(now - 19500).requests, 150);
    ck_assert_uint_eq(counters_at(now - 10000).requests, 200);
    ck_assert_uint_eq(counters_at(now - 4000).sent_bytes, 3000);
    ck_assert_uint_eq(counters_at(now - 3000).requests, 300);
    ck_assert_uint_eq(counters_at(now + 1000).requests, 400);
    counters->sample_count = SAMPLES + 2; /* the ring went round: [2] is the oldest, [1] the newest */
    for (unsigned i = 0; i < SAMPLES; i++)
        s[(i + 2) % SAMPLES] = (struct sample){now - 300000 + i * 1000, i, 0, 0};
    ck_assert_uint_eq(counters_at(now - 400000).requests, 0);
    ck_assert_uint_eq(counters_at(now - 200000).requests, 100);
}
END_TEST

/* A worker that was taken over can write whatever it likes, into all of it: the master reads it, and lives. */
START_TEST(nothing_is_believed) {
    struct buf text = {0};
    counters_make(2);
    int slot = work(10, "one");
    pid_t pid = fork();
    if (pid == 0) {
        counters_use(slot);
        unsigned char *own = (unsigned char *)counters, *masters = own - (size_t)(slot + 1) * sizeof *counters;
        for (size_t i = 0; i < sizeof *counters; i++) own[i] = masters[i] = 0xff;
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    unsigned at = counters_vhost(SPAN("two"));
    ck_assert_uint_lt(at, VHOSTS_MAX);
    counters_backend(SPAN("proxy two"));
    counters_export(&text);
    counters_ended(slot);
    struct counters_sum *sum = counters_sum();
    ck_assert_uint_le(sum->vhost_count, VHOSTS_MAX);
    ck_assert_uint_le(sum->clients.used, TOPLIST_MAX);
    for (uint32_t i = 0; i < sum->vhost_count; i++)
        ck_assert_uint_lt(strlen(sum->vhosts[i].name), COUNTED_NAME_BYTES);
    free(sum);
    counters_import(buf_span(&text));
    ck_assert_int_ge(counters_take_slot(), 0);
    buf_done(&text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("counters");
    TCase *c = tcase_create("counters");
    clock_update();
    tcase_add_test(c, sums_do_not_fall);
    tcase_add_test(c, one_too_many);
    tcase_add_test(c, names_are_bounded);
    tcase_add_test(c, long_and_strange_names);
    tcase_add_test(c, texts_are_utf8);
    tcase_add_test(c, an_upgrade_hands_on);
    tcase_add_test(c, other_texts_are_refused);
    tcase_add_test(c, aside_nothing_counts);
    tcase_add_test(c, how_it_went);
    tcase_add_test(c, nothing_is_believed);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
