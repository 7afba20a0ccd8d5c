/* test_chunked.c - chunked coding, at once and in pieces */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "h1/h1.h"

static const struct {
    struct span sent;
    int result;
    struct span data; /* what came out until then */
    size_t left;      /* bytes behind, for the trailers; without a meaning when it is refused */
} cases[] = {
    {SPAN_INIT("0\r\n"), CHUNKED_TRAILERS, SPAN_INIT(""), 0},
    {SPAN_INIT("0\r\n\r\n"), CHUNKED_TRAILERS, SPAN_INIT(""), 2},
    {SPAN_INIT("5\r\nhello\r\n0\r\nX: y\r\n\r\n"), CHUNKED_TRAILERS, SPAN_INIT("hello"), 8},
    {SPAN_INIT("5\r\nhello\r\n6\r\n world\r\n000\r\n"), CHUNKED_TRAILERS, SPAN_INIT("hello world"), 0},
    {SPAN_INIT("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n"), CHUNKED_TRAILERS,
     SPAN_INIT("01234567890123456789"), 0},
    {SPAN_INIT("0000000000000001\r\na\r\n0000000000000000\r\n"), CHUNKED_TRAILERS, SPAN_INIT("a"), 0},
    {SPAN_INIT("2\r\n\r\n\r\n0\r\n"), CHUNKED_TRAILERS, SPAN_INIT("\r\n"), 0},
    {SPAN_INIT("1;\r\na\r\n0\r\n"), CHUNKED_TRAILERS, SPAN_INIT("a"), 0},
    {SPAN_INIT("1;x=y;\"q\xff\";\t z \r\na\r\n0;end\r\n"), CHUNKED_TRAILERS, SPAN_INIT("a"), 0},
    {SPAN_INIT("1 \t ;x\r\na\r\n0\r\n"), CHUNKED_TRAILERS, SPAN_INIT("a"), 0},
    {SPAN_INIT(""), CHUNKED_MORE, SPAN_INIT(""), 0},
    {SPAN_INIT("5\r\nhel"), CHUNKED_MORE, SPAN_INIT("hel"), 0},
    {SPAN_INIT("5\r\nhello\r\n0\r"), CHUNKED_MORE, SPAN_INIT("hello"), 0},
    {SPAN_INIT("7fffffffffffffff\r\n"), CHUNKED_MORE, SPAN_INIT(""), 0},
    {SPAN_INIT("8000000000000000\r\n"), 413, SPAN_INIT(""), 0},
    {SPAN_INIT("ffffffffffffffff\r\n"), 413, SPAN_INIT(""), 0},
    {SPAN_INIT("00000000000000001\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("10000000000000000\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT(";x\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT(" 1\r\na\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("+1\r\na\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("-1\r\na\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("0x1\r\na\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("g\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("1\na\n0\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("1\r\na\n0\r\n"), 400, SPAN_INIT("a"), 0},
    {SPAN_INIT("1\r\na\r0\r\n"), 400, SPAN_INIT("a"), 0},
    {SPAN_INIT("1\r\rna"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("1\r\nab\r\n"), 400, SPAN_INIT("a"), 0},
    {SPAN_INIT("1 \r\na\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("1 2\r\na\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("1;x\ny\r\na\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("1;x\ry\r\na\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("1;x\0\r\na\r\n"), 400, SPAN_INIT(""), 0},
    {SPAN_INIT("1;\x7f\r\na\r\n"), 400, SPAN_INIT(""), 0},
};

/* Decodes what is there; the data is appended to out. */
static int decode(struct h1_chunked *c, struct span *in, char *out, size_t *n) {
    struct span data;
    int result;
    while ((result = h1_chunked_next(c, in, &data)) == CHUNKED_DATA) {
        ck_assert_uint_gt(data.n, 0);
        memcpy(out + *n, data.p, data.n);
        *n += data.n;
    }
    return result;
}

static void check(int _i, int result, const char *out, size_t n, size_t left) {
    ck_assert_msg(result == cases[_i].result, "%.*s: %d", SPAN_ARG(cases[_i].sent), result);
    ck_assert(span_is((struct span){out, n}, cases[_i].data));
    if (result < 100) ck_assert_uint_eq(left, cases[_i].left);
}

START_TEST(at_once) {
    struct h1_chunked c = {0, 0, 0, 0};
    struct span in = cases[_i].sent;
    char out[64];
    size_t n = 0;
    int result = decode(&c, &in, out, &n);
    check(_i, result, out, n, in.n);
    if (result == CHUNKED_TRAILERS) ck_assert_int_eq(decode(&c, &in, out, &n), CHUNKED_TRAILERS);
}
END_TEST

START_TEST(in_two_pieces) {
    for (size_t split = 0; split <= cases[_i].sent.n; split++) {
        struct h1_chunked c = {0, 0, 0, 0};
        struct span in = span_upto(cases[_i].sent, split);
        char out[64];
        size_t n = 0;
        int result = decode(&c, &in, out, &n);
        size_t behind = cases[_i].sent.n - split;
        if (result < 100) {
            in = (struct span){in.p, in.n + behind};
            result = decode(&c, &in, out, &n);
        }
        check(_i, result, out, n, in.n);
    }
}
END_TEST

START_TEST(byte_for_byte) {
    struct h1_chunked c = {0, 0, 0, 0};
    char out[64];
    size_t n = 0, used = 0;
    int result = CHUNKED_MORE;
    while (result == CHUNKED_MORE && used < cases[_i].sent.n) {
        struct span in = {cases[_i].sent.p + used, 1};
        result = decode(&c, &in, out, &n);
        used += 1 - in.n;
    }
    check(_i, result, out, n, cases[_i].sent.n - used);
}
END_TEST

START_TEST(extensions_are_bounded) {
    char text[600] = "1;";
    struct h1_chunked c = {0, 0, 0, 0};
    memset(text + 2, 'x', 256);
    strcpy(text + 258, "\r\na\r\n1;y\r\n");
    struct span in = span_of(text);
    char out[8];
    size_t n = 0;
    ck_assert_int_eq(decode(&c, &in, out, &n), CHUNKED_MORE);
    memset(text + 2, 'x', 257);
    strcpy(text + 259, "\r\n");
    in = span_of(text);
    c = (struct h1_chunked){0, 0, 0, 0};
    ck_assert_int_eq(decode(&c, &in, out, &n), 400);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("chunked");
    TCase *tests = tcase_create("chunked");
    int count = sizeof cases / sizeof *cases;
    tcase_add_loop_test(tests, at_once, 0, count);
    tcase_add_loop_test(tests, in_two_pieces, 0, count);
    tcase_add_loop_test(tests, byte_for_byte, 0, count);
    tcase_add_test(tests, extensions_are_bounded);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
