/* test_scgi.c - SCGI and uwsgi: what is said; responses are those of test_cgihead.c */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "base/number.h"
#include "pair.h"

static struct pair t;

static void begin(void) {
    pair_begin(&t, &scgi_codec);
}

static void end(void) {
    pair_end(&t);
}

/* ---- SCGI ------------------------------------------------------------------------------------- */

static struct span take_text(struct span *s) {
    size_t n = span_find(*s, '\0');
    ck_assert_uint_lt(n, s->n);
    struct span text = span_upto(*s, n);
    *s = span_from(*s, n + 1);
    return text;
}

/* The netstring's content; what follows it in *rest. */
static struct span netstring(struct span said, struct span *rest) {
    size_t colon = span_find(said, ':');
    uint64_t n;
    ck_assert(number_parse(span_upto(said, colon), 1 << 20, &n));
    ck_assert_uint_lt(colon + 1 + n, said.n);
    ck_assert_int_eq(said.p[colon + 1 + n], ',');
    *rest = span_from(said, colon + 2 + (size_t)n);
    return (struct span){said.p + colon + 1, (size_t)n};
}

START_TEST(scgi_request) {
    struct span rest, head;
    unsigned lengths = 0, scripts = 0;
    t.p.body_bytes = 27;
    pair_field(&t, "Content-Length", "27");
    ck_assert_int_eq(scgi_codec.begin(&t.p, &t.out), 0);
    ck_assert_uint_eq(t.out.count, 1);
    head = netstring(pair_said(&t), &rest);
    ck_assert_uint_eq(rest.n, 0);
    ck_assert(span_starts(head, SPAN("CONTENT_LENGTH\00027\0SCGI\0001\0")));
    while (head.n) {
        struct span name = take_text(&head), value = take_text(&head);
        lengths += span_is(name, SPAN("CONTENT_LENGTH"));
        scripts += span_is(name, SPAN("SCRIPT_NAME")) && span_is(value, SPAN("/dir/a.php"));
    }
    ck_assert_uint_eq(lengths, 1);
    ck_assert_uint_eq(scripts, 1);
}
END_TEST

START_TEST(scgi_always_tells_the_length) {
    struct span rest;
    ck_assert_int_eq(scgi_codec.begin(&t.p, &t.out), 0);
    ck_assert(span_starts(netstring(pair_said(&t), &rest), SPAN("CONTENT_LENGTH\0000\0SCGI\0001\0")));
}
END_TEST

START_TEST(needs_a_length) {
    t.p.body_bytes = BODY_UNKNOWN;
    ck_assert_int_eq(scgi_codec.begin(&t.p, &t.out), 411);
    ck_assert_int_eq(uwsgi_codec.begin(&t.p, &t.out), 411);
    ck_assert(scgi_codec.needs_length && uwsgi_codec.needs_length);
}
END_TEST

START_TEST(body_goes_as_it_is) {
    struct chunks body = {0};
    chunks_add_copy(&body, SPAN("what is posted"));
    ck_assert_uint_eq(scgi_codec.body(&t.p, &t.out, &body, 4), 4);
    ck_assert_uint_eq(scgi_codec.body(&t.p, &t.out, &body, 1000), 10);
    ck_assert_uint_eq(scgi_codec.body(&t.p, &t.out, &body, 1000), 0);
    scgi_codec.end(&t.p, &t.out);
    ck_assert(span_is(pair_said(&t), SPAN("what is posted")));
}
END_TEST

/* ---- uwsgi ------------------------------------------------------------------------------------ */

static struct span take_sized(struct span *s) {
    ck_assert_uint_ge(s->n, 2);
    size_t n = (size_t)((unsigned char)s->p[0] | (unsigned char)s->p[1] << 8);
    ck_assert_uint_ge(s->n, n + 2);
    struct span text = {s->p + 2, n};
    *s = span_from(*s, n + 2);
    return text;
}

START_TEST(uwsgi_request) {
    bool has_script = false;
    t.p.body_bytes = 300;
    ck_assert_int_eq(uwsgi_codec.begin(&t.p, &t.out), 0);
    struct span said = pair_said(&t);
    ck_assert_uint_ge(said.n, 4);
    ck_assert_int_eq(said.p[0], 0);
    ck_assert_int_eq(said.p[3], 0);
    ck_assert_uint_eq((size_t)((unsigned char)said.p[1] | (unsigned char)said.p[2] << 8), said.n - 4);
    said = span_from(said, 4);
    while (said.n) {
        struct span name = take_sized(&said), value = take_sized(&said);
        has_script |= span_is(name, SPAN("CONTENT_LENGTH")) && span_is(value, SPAN("300"));
    }
    ck_assert(has_script);
}
END_TEST

static const struct {
    size_t n;
    int status;
} sizes[] = {{60000, 0}, {65536, 431}, {70000, 431}, {131072, 431}};

START_TEST(uwsgi_heads_are_bounded) {
    char *value = malloc(sizes[_i].n + 1);
    memset(value, 'v', sizes[_i].n);
    value[sizes[_i].n] = '\0';
    pair_field(&t, "X-Long", value);
    ck_assert_int_eq(uwsgi_codec.begin(&t.p, &t.out), sizes[_i].status);
    ck_assert(sizes[_i].status == 0 || t.out.bytes == 0);
    free(value);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scgi");
    TCase *cases = tcase_create("scgi");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, scgi_request);
    tcase_add_test(cases, scgi_always_tells_the_length);
    tcase_add_test(cases, needs_a_length);
    tcase_add_test(cases, body_goes_as_it_is);
    tcase_add_test(cases, uwsgi_request);
    tcase_add_loop_test(cases, uwsgi_heads_are_bounded, 0, (int)(sizeof sizes / sizeof *sizes));
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
