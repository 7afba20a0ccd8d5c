/* test_expire.c - times as expire.url writes them, and the fields that come of them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "modules/lifetime.h"
#include "trial.h"

extern const struct module mod_expire;

static const struct {
    const char *text;
    int from; /* -1: it is wrong */
    int64_t seconds;
} times[] = {
    {"", LIFETIME_NONE, 0},
    {"  ", LIFETIME_NONE, 0},
    {"access plus 2 hours 30 minutes", LIFETIME_FROM_ACCESS, 9000},
    {"access 1 seconds", LIFETIME_FROM_ACCESS, 1},
    {"now plus 1 day", LIFETIME_FROM_ACCESS, 86400},
    {"modification plus 1 days", LIFETIME_FROM_MODIFICATION, 86400},
    {"access  plus  1  weeks ", LIFETIME_FROM_ACCESS, 604800},
    {"access plus 1 months 1 years", LIFETIME_FROM_ACCESS, (30 + 365) * 86400},
    {"access plus 0 seconds", LIFETIME_FROM_ACCESS, 0},
    {"access plus 68 years", LIFETIME_FROM_ACCESS, 68LL * 365 * 86400},
    {"access plus 69 years", -1, 0},
    {"access plus 2147483648 seconds", -1, 0},
    {"access plus 2147483647 years", -1, 0},
    {"access", -1, 0},
    {"access plus", -1, 0},
    {"access plus hours", -1, 0},
    {"access plus 1", -1, 0},
    {"access plus 1 fortnight", -1, 0},
    {"access plus 1 s", -1, 0},
    {"access plus -1 hours", -1, 0},
    {"access plus 1 hours plus 2 minutes", -1, 0},
    {"1 hours", -1, 0},
    {"accession plus 1 hours", -1, 0},
};

START_TEST(parses) {
    struct lifetime l;
    const char *wrong = lifetime_parse(span_of(times[_i].text), &l);
    ck_assert_msg((wrong != NULL) == (times[_i].from < 0), "%s: %s", times[_i].text, wrong ? wrong : "accepted");
    if (wrong) return;
    ck_assert_int_eq((int)l.from, times[_i].from);
    ck_assert_int_eq(l.seconds, times[_i].seconds);
}
END_TEST

static const struct {
    struct lifetime l;
    int64_t now, modified, end;
} ends[] = {
    {{LIFETIME_FROM_ACCESS, 60}, 1000, 0, 1060},
    {{LIFETIME_FROM_MODIFICATION, 60}, 1000, 990, 1050},
    {{LIFETIME_FROM_MODIFICATION, 60}, 1000, 900, 1000},
    {{LIFETIME_FROM_MODIFICATION, 60}, 1000, INT64_C(1) << 40, 1000 + INT64_C(2147483647)},
};

START_TEST(ends_when) {
    ck_assert_int_eq(lifetime_end(&ends[_i].l, ends[_i].now, ends[_i].modified), ends[_i].end);
}
END_TEST

static const char rules[] =
    "expire.url = (\"/none/\" => \"\", \"/a\" => \"access plus 1 hours\")\n"
    "expire.mimetypes = (\"text/html\" => \"access plus 5 seconds\", \"image/*\" => \"access plus 7 seconds\")\n";

static const struct {
    const char *target, *type, *cache_control;
    uint8_t version;
    int status;
    const char *expected, *expires;
    enum lasting lasting;
} answers[] = {
    {"/a/b", "text/html", "", 11, 200, "max-age=3600", "", LASTS},
    {"/a/b", "text/html", "", 10, 200, "max-age=3600", "Thu, 01 Jan 1970 03:00:00 GMT", LASTS_NOT},
    {"/a/b", "text/html", "no-store", 11, 200, "no-store", "", LASTS},
    {"/a/b", "text/html", "", 11, 404, "", "", LASTS},
    {"/a/b", "text/html", "", 11, 301, "", "", LASTS},
    {"/a/b", "", "", 11, 304, "max-age=3600", "", LASTS},
    {"/none/x", "text/html", "", 11, 200, "", "", LASTS},
    {"/x", "text/html; charset=utf-8", "", 11, 200, "max-age=5", "", LASTS},
    {"/x", "IMAGE/png", "", 11, 200, "max-age=7", "", LASTS},
    {"/x", "application/x", "", 11, 200, "", "", LASTS},
    {"/x", "", "", 11, 200, "", "", LASTS},
};

START_TEST(says_how_long) {
    struct trial t;
    clock_set(7200);
    trial_begin(&t, &mod_expire, rules);
    trial_request(&t, "a", answers[_i].target);
    t.r.in.version = answers[_i].version;
    t.r.status = answers[_i].status;
    if (*answers[_i].type) fields_add(&t.r.out, &t.r.arena, HEADER_CONTENT_TYPE, span_of(answers[_i].type));
    if (*answers[_i].cache_control)
        fields_add(&t.r.out, &t.r.arena, HEADER_CACHE_CONTROL, span_of(answers[_i].cache_control));
    ck_assert_int_eq(trial_run(&t, PHASE_RESPONSE_START), HANDLER_GO_ON);
    ck_assert_str_eq(trial_out(&t, "Cache-Control"), answers[_i].expected);
    ck_assert_str_eq(trial_out(&t, "Expires"), answers[_i].expires);
    ck_assert_int_eq(t.r.lasting, answers[_i].lasting);
    trial_end(&t);
}
END_TEST

START_TEST(counts_from_modification) {
    struct trial t;
    struct stat st;
    trial_make("file");
    trial_begin(&t, &mod_expire, "expire.url = (\"\" => \"modification plus 1 hours\")");
    trial_request(&t, "a", "/file");
    request_set_path(&t.r, span_of(trial_directory()), t.r.in.uri.path);
    ck_assert_int_eq(stat(t.r.physical.path.p, &st), 0);
    clock_set(st.st_mtime + 100);
    t.r.status = 200;
    trial_run(&t, PHASE_RESPONSE_START);
    ck_assert_str_eq(trial_out(&t, "Cache-Control"), "max-age=3500");
    ck_assert_int_eq(t.r.lasting, LASTS_A_SECOND);
    trial_request(&t, "a", "/gone");
    t.r.status = 200;
    trial_run(&t, PHASE_RESPONSE_START);
    ck_assert_str_eq(trial_out(&t, "Cache-Control"), "");
    trial_end(&t);
}
END_TEST

START_TEST(complains) {
    char *messages = trial_messages(&mod_expire, "expire.url = (\"/\" => \"access plus 2 moons\")\n");
    ck_assert_msg(strstr(messages, "t.conf:1:22: error: \"access plus 2 moons\" is no time: the units are") != NULL,
                  "%s", messages);
    free(messages);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    trial_directory();
    Suite *s = suite_create("expire");
    TCase *t = tcase_create("expire");
    tcase_add_loop_test(t, parses, 0, COUNT(times));
    tcase_add_loop_test(t, ends_when, 0, COUNT(ends));
    tcase_add_loop_test(t, says_how_long, 0, COUNT(answers));
    tcase_add_test(t, counts_from_modification);
    tcase_add_test(t, complains);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
