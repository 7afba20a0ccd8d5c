/* test_fastcgi.c - FastCGI: records out, records in, whole and in pieces */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "pair.h"

enum { BEGIN = 1, ABORT, END, PARAMS, IN, OUT, ERR, GET_VALUES_RESULT = 10, UNKNOWN = 11 };

static struct pair t;
static struct buf wire; /* what the application says */

static void begin(void) {
    pair_begin(&t, &fastcgi_codec);
    buf_clear(&wire);
}

static void end(void) {
    pair_end(&t);
    buf_done(&wire);
}

static void record_of(unsigned request, int type, const char *content, size_t n, unsigned padding) {
    const char header[8] = {
        1, (char)type, (char)(request >> 8), (char)request, (char)(n >> 8), (char)n, (char)padding, 0};
    buf_add(&wire, (struct span){header, sizeof header});
    buf_add(&wire, (struct span){content, n});
    for (unsigned i = 0; i < padding; i++) buf_add_char(&wire, 'P');
}

static void record(int type, const char *content, unsigned padding) {
    record_of(1, type, content, strlen(content), padding);
}

static void end_record(unsigned protocol_status) {
    const char content[8] = {0, 0, 0, 0, (char)protocol_status, 0, 0, 0};
    record_of(1, END, content, sizeof content, 0);
}

static const char *hear(size_t step) {
    pair_anew(&t);
    return pair_hear(&t, buf_span(&wire), step, true);
}

/* The same for every fragmentation. */
static void expect(const char *story) {
    for (size_t step = wire.n + 1; step > 0; step--) {
        const char *heard = hear(step);
        ck_assert_msg(strcmp(heard, story) == 0, "in steps of %zu: \"%s\"", step, heard);
    }
}

/* ---- the request ------------------------------------------------------------------------------ */

/* Takes a record apart; false at the end. */
static bool next_record(struct span *rest, int *type, struct span *content) {
    const unsigned char *h = (const unsigned char *)rest->p;
    if (rest->n == 0) return false;
    ck_assert_uint_ge(rest->n, 8);
    ck_assert_int_eq(h[0], 1);
    ck_assert_int_eq(h[2] << 8 | h[3], 1);
    size_t n = (size_t)(h[4] << 8 | h[5]);
    ck_assert_uint_ge(rest->n, 8 + n + h[6]);
    *type = h[1];
    *content = (struct span){rest->p + 8, n};
    *rest = span_from(*rest, 8 + n + h[6]);
    return true;
}

static size_t take_length(struct span *s) {
    const unsigned char *p = (const unsigned char *)s->p;
    ck_assert_uint_ge(s->n, 1);
    size_t n = p[0], bytes = 1;
    if (n & 0x80) {
        ck_assert_uint_ge(s->n, 4);
        n = (n & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        bytes = 4;
    }
    *s = span_from(*s, bytes);
    return n;
}

/* The value in a PARAMS stream; {NULL, 0} if it is not there. All of the stream must be well formed. */
static struct span param(struct span params, const char *name) {
    struct span found = {NULL, 0};
    while (params.n) {
        size_t name_bytes = take_length(&params), value_bytes = take_length(&params);
        ck_assert_uint_le(name_bytes, params.n);
        ck_assert_uint_le(value_bytes, params.n - name_bytes);
        if (span_is(span_upto(params, name_bytes), span_of(name)))
            found = (struct span){params.p + name_bytes, value_bytes};
        params = span_from(params, name_bytes + value_bytes);
    }
    return found;
}

START_TEST(request_without_body) {
    struct span said, content;
    int type;
    ck_assert_int_eq(fastcgi_codec.begin(&t.p, &t.out), 0);
    ck_assert_uint_eq(t.out.count, 1); /* one piece, one part of a write */
    said = pair_said(&t);
    ck_assert(next_record(&said, &type, &content) && type == BEGIN);
    ck_assert(span_is(content, SPAN("\0\1\1\0\0\0\0\0"))); /* responder, keeps the connection */
    ck_assert(next_record(&said, &type, &content) && type == PARAMS);
    ck_assert(span_is(param(content, "SCRIPT_FILENAME"), SPAN("/srv/www/dir/a.php")));
    ck_assert(span_is(param(content, "QUERY_STRING"), SPAN("")) && param(content, "QUERY_STRING").p);
    ck_assert(next_record(&said, &type, &content) && type == PARAMS && content.n == 0);
    ck_assert(next_record(&said, &type, &content) && type == IN && content.n == 0);
    ck_assert(!next_record(&said, &type, &content));
    uint64_t bytes = t.out.bytes;
    fastcgi_codec.end(&t.p, &t.out);
    ck_assert_uint_eq(t.out.bytes, bytes); /* it has been said */
}
END_TEST

START_TEST(roles_and_keeping) {
    struct span said, content;
    int type;
    t.host.is_authorizer = true;
    t.host.keep_alive = false;
    ck_assert_int_eq(fastcgi_codec.begin(&t.p, &t.out), 0);
    said = pair_said(&t);
    ck_assert(next_record(&said, &type, &content) && type == BEGIN);
    ck_assert(span_is(content, SPAN("\0\2\0\0\0\0\0\0")));
    ck_assert(next_record(&said, &type, &content) && type == PARAMS);
    ck_assert_ptr_null(param(content, "SCRIPT_NAME").p);
}
END_TEST

static const size_t value_bytes[] = {127, 128, 255, 256, 65000, 65500, 65528, 70000, 131056, 200000};

START_TEST(long_values_are_split_over_records) {
    struct buf all = {0};
    char *value = malloc(value_bytes[_i] + 1);
    struct span said, content;
    int type;
    memset(value, 'v', value_bytes[_i]);
    value[value_bytes[_i]] = '\0';
    pair_field(&t, "X-Long", value);
    pair_field(&t, "X-After", "a");
    ck_assert_int_eq(fastcgi_codec.begin(&t.p, &t.out), 0);
    said = pair_said(&t);
    ck_assert(next_record(&said, &type, &content) && type == BEGIN);
    while (next_record(&said, &type, &content) && type == PARAMS && content.n) buf_add(&all, content);
    ck_assert(type == PARAMS && next_record(&said, &type, &content) && type == IN && content.n == 0 && said.n == 0);
    ck_assert(span_is(param(buf_span(&all), "HTTP_X_LONG"), span_of(value)));
    ck_assert(span_is(param(buf_span(&all), "HTTP_X_AFTER"), SPAN("a")));
    ck_assert(span_is(param(buf_span(&all), "HTTP_HOST"), SPAN("example.com")));
    buf_done(&all);
    free(value);
}
END_TEST

/* The variables, in as many records as there are. */
static size_t params_bytes(const char *value, unsigned *records) {
    struct span said, content;
    size_t bytes = 0;
    int type;
    chunks_clear(&t.out);
    t.r.in.fields = (struct fields){0};
    pair_field(&t, "X-Long", value);
    ck_assert_int_eq(fastcgi_codec.begin(&t.p, &t.out), 0);
    said = pair_said(&t);
    *records = 0;
    ck_assert(next_record(&said, &type, &content) && type == BEGIN);
    while (next_record(&said, &type, &content) && type == PARAMS && content.n) {
        bytes += content.n;
        ++*records;
    }
    ck_assert(type == PARAMS && next_record(&said, &type, &content) && type == IN && said.n == 0);
    return bytes;
}

START_TEST(records_may_be_full) {
    enum { FULL = 65528, VALUE = 100000 };
    char *value = malloc(3 * FULL);
    unsigned records;
    memset(value, 'v', 3 * FULL);
    value[VALUE] = '\0';
    size_t others = params_bytes(value, &records) - VALUE;
    value[VALUE] = 'v';
    value[2 * FULL - others] = '\0';
    ck_assert_uint_eq(params_bytes(value, &records), 2 * FULL);
    ck_assert_uint_eq(records, 2);
    free(value);
}
END_TEST

START_TEST(body_is_framed) {
    struct chunks body = {0};
    struct buf all = {0}, sent = {0};
    struct span said, content;
    int type;
    for (size_t i = 0; i < 200000; i++) buf_add_char(&all, (char)(i % 251));
    t.p.body_bytes = (int64_t)all.n;
    ck_assert_int_eq(fastcgi_codec.begin(&t.p, &t.out), 0);
    chunks_clear(&t.out);
    chunks_add_copy(&body, buf_span(&all));
    ck_assert_uint_eq(fastcgi_codec.body(&t.p, &t.out, &body, 100), 100); /* no more than there is room for */
    ck_assert_uint_eq(fastcgi_codec.body(&t.p, &t.out, &body, 1 << 20), all.n - 100);
    ck_assert_uint_eq(fastcgi_codec.body(&t.p, &t.out, &body, 1 << 20), 0);
    fastcgi_codec.end(&t.p, &t.out);
    said = pair_said(&t);
    while (next_record(&said, &type, &content) && content.n) {
        ck_assert_int_eq(type, IN);
        buf_add(&sent, content);
    }
    ck_assert(type == IN && content.n == 0 && said.n == 0);
    ck_assert(span_is(buf_span(&sent), buf_span(&all)));
    buf_done(&all);
    buf_done(&sent);
    chunks_clear(&body);
}
END_TEST

START_TEST(aborts) {
    fastcgi_codec.abort(&t.p, &t.out);
    ck_assert(span_is(pair_said(&t), SPAN("\1\2\0\1\0\0\0\0")));
}
END_TEST

/* ---- the response ----------------------------------------------------------------------------- */

/* As after begin() of a request without a body. */
static void said_all(void) {
    ck_assert_int_eq(fastcgi_codec.begin(&t.p, &t.out), 0);
}

START_TEST(plain_response) {
    record(OUT, "Content-type: text/html\r\n\r\nhello", 0);
    record(OUT, "", 0);
    end_record(0);
    expect("200 Content-type: text/html; | -1 | hello | END");
}
END_TEST

START_TEST(keeps_the_connection) {
    record(OUT, "A: b\n\nhello", 5);
    end_record(0);
    said_all();
    ck_assert_str_eq(pair_hear(&t, buf_span(&wire), 1, true), "200 A: b; | -1 | hello | END keep");
    t.host.keep_alive = false;
    pair_anew(&t);
    said_all();
    ck_assert_str_eq(pair_hear(&t, buf_span(&wire), 1, true), "200 A: b; | -1 | hello | END");
}
END_TEST

/* Of a body that was not sent to its end, the rest would be the next request's. */
START_TEST(does_not_keep_what_was_not_said_to_its_end) {
    record(OUT, "A: b\n\nhello", 0);
    end_record(0);
    t.p.body_bytes = 5;
    said_all();
    ck_assert_str_eq(pair_hear(&t, buf_span(&wire), 99, true), "200 A: b; | -1 | hello | END");
}
END_TEST

START_TEST(records_of_all_kinds_and_sizes) {
    record_of(0, GET_VALUES_RESULT, "x", 1, 3);
    record_of(0, UNKNOWN, "\14\0\0\0\0\0\0\0", 8, 0);
    record(ERR, "a notice", 2);
    record(OUT, "Conte", 1);
    record_of(7, 99, "of the future", 13, 255);
    record(OUT, "nt-Length: 5\n", 7);
    record(OUT, "", 8);
    record(ERR, "\nanother\r\n\n", 0);
    record(OUT, "\nhel", 0);
    record(OUT, "lo", 0);
    record(ERR, "the last", 0);
    record_of(1, END, "\0\0\0\0\0\0\0\0more", 12, 4);
    expect("200 | 5 | hello | END");
    hear(3);
    buf_clear(&pair_log);
    hear(1);
    ck_assert_str_eq(buf_text(&pair_log), "fastcgi: /dir/a.php: a notice\n"
                                          "fastcgi: /dir/a.php: another\n"
                                          "fastcgi: /dir/a.php: the last\n");
}
END_TEST

static const struct {
    const char *bytes;
    size_t n;
    const char *story;
} hostile[] = {
#define ROW(bytes, story) \
    { bytes, sizeof(bytes) - 1, story }
    ROW("HTTP/1.1 200 OK\r\n\r\n", "|  | BROKEN it does not speak FastCGI 1 (its first byte is 72)"),
    ROW("\2\6\0\1\0\0\0\0", "|  | BROKEN it does not speak FastCGI 1 (its first byte is 2)"),
    ROW("\1\6\0\2\0\0\0\0", "|  | BROKEN it answers request 2, which nobody has sent"),
    ROW("\1\6\1\1\0\0\0\0", "|  | BROKEN it answers request 257, which nobody has sent"),
    ROW("\1\3\0\0\0\10\0\0\0\0\0\0\0\0\0\0", "|  | BROKEN it answers request 0, which nobody has sent"),
    ROW("\1\3\0\1\0\7\0\0\0\0\0\0\0\0\0", "|  | BROKEN its END_REQUEST has 7 bytes"),
    ROW("\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0\0", "|  | BROKEN it ended without a response"),
    ROW("\1\6\0\1\0\4\0\0A: b\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0\0",
        "|  | BROKEN it ended within the head of its response"),
    ROW("\1\6\0\1\0\4\0\0A: b", "|  | BROKEN it ended within the head of its response"),
    ROW("\1\6\0\1", "|  | BROKEN it ended without a response"),
    ROW("", "|  | BROKEN it ended without a response"),
    ROW("\1\6\0\1\0\7\0\0A: b\n\nx", "200 A: b; |  x | BROKEN it ended after 1 bytes, without END_REQUEST"),
    ROW("\1\6\0\1\0\7\0\0\1\3\0\1\0\10\0", "|  | BROKEN it ended within the head of its response"),
    ROW("\1\3\0\1\0\10\0\0\0\0\0\0\3\0\0\0", "|  | BROKEN it does not know the role (1) that it is asked in"),
    ROW("\1\6\0\1\0\7\0\0A: b\n\nx\1\3\0\1\0\10\0\0\0\0\0\0\2\0\0\0",
        "200 A: b; |  x | BROKEN it gave up (protocol status 2)"),
    ROW("\1\3\0\1\0\10\0\0\0\0\0\0\2\0\0\0", "503 | -1 |  | END"), /* overloaded */
    ROW("\1\3\0\1\0\10\0\0\0\0\0\0\1\0\0\0", "503 | -1 |  | END"), /* one request at a time */
    ROW("\1\6\0\1\0\26\0\0Content-Length: 1\n\nxyz\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0\0", "200 | 1 | xyz | END"),
    /* closes without END_REQUEST: whole only if it was announced so */
    ROW("\1\6\0\1\0\24\0\0Content-Length: 1\n\nx", "200 | 1 | x | END"),
    ROW("\1\6\0\1\0\24\0\0Content-Length: 2\n\nx", "200 |  x | BROKEN it ended after 1 bytes, without END_REQUEST"),
#undef ROW
};

static void squeeze(const char *from, char *to) {
    for (; *from; from++)
        if (*from != ' ' || to[-1] != ' ') *to++ = *from;
    *to = '\0';
}

START_TEST(hostile_applications) {
    char heard[300] = " ", expected[300] = " ";
    buf_add(&wire, (struct span){hostile[_i].bytes, hostile[_i].n});
    squeeze(hostile[_i].story, expected + 1);
    for (size_t step = wire.n + 1; step > 0; step--) {
        squeeze(hear(step), heard + 1);
        ck_assert_msg(strcmp(heard, expected) == 0, "in steps of %zu: \"%s\"", step, heard);
    }
}
END_TEST

/* What comes behind the end is another's. */
START_TEST(stops_at_the_end) {
    record(OUT, "A: b\n\nx", 0);
    end_record(0);
    size_t whole = wire.n;
    record(OUT, "A: b\n\ny", 0);
    struct span in = buf_span(&wire);
    ck_assert_int_eq(fastcgi_codec.take(&t.p, &in), TAKE_HEAD);
    ck_assert_int_eq(fastcgi_codec.take(&t.p, &in), TAKE_END);
    ck_assert_uint_eq(in.n, wire.n - whole);
}
END_TEST

START_TEST(stderr_is_bounded) {
    char line[1000];
    memset(line, 'e', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (int i = 0; i < 100; i++) record(ERR, line, 0);
    hear(5000);
    ck_assert_uint_le(pair_log.n, 70000);
    ck_assert_ptr_nonnull(strstr(buf_text(&pair_log), "beyond 64 KiB is not logged"));
}
END_TEST

START_TEST(bodies_of_head_are_dropped) {
    t.r.in.method = METHOD_HEAD;
    record(OUT, "Content-Length: 5\n\nhello", 0);
    end_record(0);
    expect("200 | 5 |  | END");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("fastcgi");
    TCase *cases = tcase_create("fastcgi");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, request_without_body);
    tcase_add_test(cases, roles_and_keeping);
    tcase_add_loop_test(cases, long_values_are_split_over_records, 0,
                        (int)(sizeof value_bytes / sizeof *value_bytes));
    tcase_add_test(cases, records_may_be_full);
    tcase_add_test(cases, body_is_framed);
    tcase_add_test(cases, aborts);
    tcase_add_test(cases, plain_response);
    tcase_add_test(cases, keeps_the_connection);
    tcase_add_test(cases, does_not_keep_what_was_not_said_to_its_end);
    tcase_add_test(cases, records_of_all_kinds_and_sizes);
    tcase_add_loop_test(cases, hostile_applications, 0, (int)(sizeof hostile / sizeof *hostile));
    tcase_add_test(cases, stops_at_the_end);
    tcase_add_test(cases, stderr_is_bounded);
    tcase_add_test(cases, bodies_of_head_are_dropped);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
