/* test_gateway_balance.c - which host is asked: shares, load, keys that stay, and who is left out */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "gateways.h"

enum { NOW = 1000000, HOSTS = 4 };

static struct trial trial;
static const struct gateway_rule *rule;
static enum backend_state why;

static void begin(const char *hosts) {
    char conf[1024];
    snprintf(conf, sizeof conf, "t.server = ( \"\" => ( %s ) )\n", hosts);
    trial_begin(&trial, &gateways, conf);
    rule = &gateways_of(&trial)->t->rules[0];
    trial_request(&trial, "a.example", "/");
}

static void end(void) {
    trial_end(&trial);
}

static void ask_url(const char *url) {
    trial_request(&trial, "a.example", url);
}

static int choose_at(enum gateway_balance how, uint64_t now_ms) {
    const struct gateway_host *h = gateway_choose(rule, how, &trial.r, NULL, 0, now_ms, &why);
    return h ? (int)(h - rule->hosts) : -1;
}

static int choose(enum gateway_balance how) {
    return choose_at(how, NOW);
}

#define A "( \"socket\" => \"/a\" )"
#define B "( \"socket\" => \"/b\" )"
#define C "( \"socket\" => \"/c\" )"

static void refuse(int host) {
    struct backend *b = rule->hosts[host].backend;
    backend_began(b, NOW);
    backend_ended(b, OUTCOME_REFUSED, 111, NOW);
}

START_TEST(in_turn_by_weight) {
    char seen[13] = "";
    begin("( \"socket\" => \"/a\", \"weight\" => 4 ), " B ", ( \"socket\" => \"/c\", \"weight\" => 1 )");
    for (int i = 0; i < 12; i++) seen[i] = (char)('a' + choose(BALANCE_ROUND_ROBIN));
    ck_assert_str_eq(seen, "aabacaaabaca"); /* no more than three in a row */
    end();
}
END_TEST

START_TEST(the_least_busy) {
    begin(A ", " B ", ( \"socket\" => \"/c\", \"weight\" => 2 )");
    struct backend *b[3];
    for (int i = 0; i < 3; i++) b[i] = rule->hosts[i].backend;
    b[0]->active = 3;
    b[1]->active = 2;
    b[2]->active = 3; /* of twice the weight */
    ck_assert_int_eq(choose(BALANCE_LEAST), 2);
    b[2]->active = 5;
    ck_assert_int_eq(choose(BALANCE_LEAST), 1);
    b[0]->active = b[1]->active = b[2]->active = 0;
    int counts[3] = {0};
    for (int i = 0; i < 400; i++) counts[choose(BALANCE_LEAST)]++;
    ck_assert_int_eq(counts[0], 100); /* all idle: in turn, by weight */
    ck_assert_int_eq(counts[2], 200);
    end();
}
END_TEST

START_TEST(who_rests_is_left_out) {
    begin(A ", " B);
    refuse(0);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(choose(BALANCE_ROUND_ROBIN), 1);
    refuse(1);
    ck_assert_int_eq(choose(BALANCE_LEAST), -1);
    ck_assert_int_eq(why, BACKEND_RESTS);
    ck_assert_int_ge(choose_at(BALANCE_LEAST, NOW + 1000), 0);
    end();
}
END_TEST

START_TEST(who_is_tried_is_asked_last) {
    begin(A ", " B);
    refuse(0);
    backend_began(rule->hosts[0].backend, NOW + 1000); /* the rest is over, and somebody tries */
    for (int i = 0; i < 4; i++) ck_assert_int_eq(choose_at(BALANCE_ROUND_ROBIN, NOW + 1001), 1);
    backend_answered(rule->hosts[0].backend, NOW + 1002);
    int counts[2] = {0};
    for (int i = 0; i < 4; i++) counts[choose_at(BALANCE_ROUND_ROBIN, NOW + 1003)]++;
    ck_assert_int_eq(counts[0], 2);
    end();
}
END_TEST

START_TEST(the_only_one_is_asked_though_it_is_tried) {
    begin(A);
    refuse(0);
    ck_assert_int_eq(choose(BALANCE_LEAST), -1);
    backend_began(rule->hosts[0].backend, NOW + 1000);
    ck_assert_int_eq(choose_at(BALANCE_LEAST, NOW + 1001), 0);
    end();
}
END_TEST

START_TEST(doubtful_is_better_than_nobody) {
    begin(A ", " B);
    struct backend *b = rule->hosts[0].backend;
    for (int i = 0; i < 3; i++) {
        backend_began(b, NOW);
        backend_ended(b, OUTCOME_BROKEN, 0, NOW);
    }
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_RESTS);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(choose(BALANCE_ROUND_ROBIN), 1);
    refuse(1);
    ck_assert_int_eq(choose(BALANCE_ROUND_ROBIN), 0);
    end();
}
END_TEST

START_TEST(a_backup_waits) {
    begin("( \"socket\" => \"/a\", \"backup\" => \"enable\" ), " B);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(choose(BALANCE_ROUND_ROBIN), 1);
    refuse(1);
    ck_assert_int_eq(choose(BALANCE_ROUND_ROBIN), 0);
    end();
}
END_TEST

START_TEST(full_is_full) {
    begin("( \"socket\" => \"/a\", \"max-conns\" => 2 ), ( \"socket\" => \"/b\", \"max-conns\" => 1 )");
    rule->hosts[0].backend->active = 2;
    for (int i = 0; i < 4; i++) ck_assert_int_eq(choose(BALANCE_HASH), 1);
    rule->hosts[1].backend->active = 1;
    ck_assert_int_eq(choose(BALANCE_LEAST), -1);
    ck_assert_int_eq(why, BACKEND_UP);
    rule->hosts[0].backend->active = rule->hosts[1].backend->active = 0;
    end();
}
END_TEST

START_TEST(tried_ones_are_not_tried_again) {
    begin(A ", " B ", " C);
    const struct backend *tried[2] = {rule->hosts[0].backend, rule->hosts[2].backend};
    ck_assert_ptr_eq(gateway_choose(rule, BALANCE_LEAST, &trial.r, tried, 2, NOW, &why), &rule->hosts[1]);
    end();
}
END_TEST

START_TEST(a_name_without_address) {
    begin("( \"host\" => \"a.example\", \"port\" => 80 )");
    ck_assert_int_eq(choose(BALANCE_LEAST), -1);
    ck_assert_int_eq(why, BACKEND_UNRESOLVED);
    end();
}
END_TEST

enum { KEYS = 2000 };

static void place(int where[KEYS], int counts[HOSTS]) {
    char url[32];
    memset(counts, 0, HOSTS * sizeof *counts);
    for (int i = 0; i < KEYS; i++) {
        snprintf(url, sizeof url, "/%d", i);
        ask_url(url);
        where[i] = choose(BALANCE_HASH);
        counts[where[i]]++;
    }
}

START_TEST(keys_stay_where_they_are) {
    int before[KEYS], after[KEYS], counts[HOSTS];
    begin(A ", " B ", " C ", ( \"socket\" => \"/d\", \"weight\" => 3 )");
    place(before, counts);
    for (int i = 0; i < 3; i++) ck_assert_msg(counts[i] > 270 && counts[i] < 400, "%d of 333", counts[i]);
    ck_assert_msg(counts[3] > 920 && counts[3] < 1080, "%d of 1000", counts[3]);
    rule->hosts[1].backend->is_unfit = true;
    place(after, counts);
    ck_assert_int_eq(counts[1], 0);
    for (int i = 0; i < KEYS; i++) ck_assert(before[i] == 1 ? after[i] != 1 : after[i] == before[i]);
    rule->hosts[1].backend->is_unfit = false;
    place(after, counts);
    ck_assert_mem_eq(before, after, sizeof before);
    end();
}
END_TEST

START_TEST(a_url_has_its_host_whatever_the_query) {
    begin(A ", " B ", " C);
    for (int i = 0; i < 20; i++) {
        char url[64];
        snprintf(url, sizeof url, "/%d", i);
        ask_url(url);
        int first = choose(BALANCE_HASH);
        snprintf(url, sizeof url, "/%d?x=%d", i, i);
        ask_url(url);
        ck_assert_int_eq(choose(BALANCE_HASH), first);
    }
    end();
}
END_TEST

static int of_client(const char *address, int family) {
    memset(&trial.r.client, 0, sizeof trial.r.client);
    trial.r.client.is.any.sa_family = (sa_family_t)family;
    void *to = family == AF_INET ? (void *)&trial.r.client.is.v4.sin_addr : (void *)&trial.r.client.is.v6.sin6_addr;
    ck_assert_int_eq(inet_pton(family, address, to), 1);
    return choose(BALANCE_STICKY);
}

START_TEST(a_client_has_its_host) {
    int counts[HOSTS] = {0};
    char text[64];
    begin(A ", " B ", " C);
    for (int i = 0; i < 250; i++) {
        snprintf(text, sizeof text, "192.0.2.%d", i);
        int first = of_client(text, AF_INET);
        counts[first]++;
        snprintf(text, sizeof text, "::ffff:192.0.2.%d", i);
        ck_assert_int_eq(of_client(text, AF_INET6), first);
        snprintf(text, sizeof text, "2001:db8:1:%d::1", i);
        first = of_client(text, AF_INET6);
        snprintf(text, sizeof text, "2001:db8:1:%d:9876:5432:1:2", i);
        ck_assert_int_eq(of_client(text, AF_INET6), first);
    }
    for (int i = 0; i < 3; i++) ck_assert_msg(counts[i] > 50, "%d", counts[i]);
    end();
}
END_TEST

START_TEST(who_is_back_gets_more_and_more) {
    int counts[2] = {0};
    begin("( \"socket\" => \"/a\", \"slow-start\" => 10 ), " B);
    rule->hosts[0].backend->up_since_ms = NOW;
    for (int i = 0; i < 1010; i++) counts[choose_at(BALANCE_ROUND_ROBIN, NOW)]++;
    ck_assert_msg(counts[0] >= 5 && counts[0] <= 15, "%d", counts[0]);
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < 900; i++) counts[choose_at(BALANCE_ROUND_ROBIN, NOW + 5000)]++;
    ck_assert_msg(counts[0] >= 295 && counts[0] <= 305, "%d", counts[0]);
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < 1000; i++) counts[choose_at(BALANCE_ROUND_ROBIN, NOW + 10000)]++;
    ck_assert_msg(counts[0] >= 495 && counts[0] <= 505, "%d", counts[0]);
    end();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gateway balance");
    TCase *tc = tcase_create("balance");
    struct log *nowhere = log_open(SPAN("/dev/null"));
    log_set_main(nowhere);
    tcase_add_test(tc, in_turn_by_weight);
    tcase_add_test(tc, the_least_busy);
    tcase_add_test(tc, who_rests_is_left_out);
    tcase_add_test(tc, who_is_tried_is_asked_last);
    tcase_add_test(tc, the_only_one_is_asked_though_it_is_tried);
    tcase_add_test(tc, doubtful_is_better_than_nobody);
    tcase_add_test(tc, a_backup_waits);
    tcase_add_test(tc, full_is_full);
    tcase_add_test(tc, tried_ones_are_not_tried_again);
    tcase_add_test(tc, a_name_without_address);
    tcase_add_test(tc, keys_stay_where_they_are);
    tcase_add_test(tc, a_url_has_its_host_whatever_the_query);
    tcase_add_test(tc, a_client_has_its_host);
    tcase_add_test(tc, who_is_back_gets_more_and_more);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
