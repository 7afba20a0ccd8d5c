/* test_proxyline.c - PROXY lines and headers: what they say, every prefix of them, and what is none */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>

#include "net/proxyline.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4_BOTH "\300\0\2\1\306\063\144\1\334\004\001\273" /* 192.0.2.1:56324 to 198.51.100.1:443 */
#define V6_FROM "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define V6_BOTH V6_FROM V6_FROM "\334\004\001\273"
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define PATH HUNDRED "01234567"

/* "192.0.2.1:80", as the tests name it. */
static const char *text_of(const struct addr *a) {
    static char out[2][ADDR_TEXT_BYTES + 8];
    static unsigned next;
    char *at = out[next++ & 1];
    if (a->is.any.sa_family == AF_UNSPEC) return "";
    size_t n = addr_format(a, at);
    snprintf(at + n, 8, ":%u", addr_port(a));
    return at;
}

/* Each with what it says; and each beginning of it is MORE; and a byte behind it changes nothing. */
static const struct {
    struct span in;
    const char *source, *target;
    bool is_local, has_tls, is_verified;
    const char *authority, *cn;
} valid[] = {
    {SPAN_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), "192.0.2.1:56324", "198.51.100.1:443", 0, 0, 0, 0,
     0},
    {SPAN_INIT("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"), "0.0.0.0:0", "255.255.255.255:65535", 0, 0, 0, 0,
     0},
    {SPAN_INIT("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"), "2001:db8::1:1", "::1:2", 0, 0, 0, 0, 0},
    {SPAN_INIT("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
               "65535\r\n"),
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:65535", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:65535", 0, 0, 0, 0, 0},
    {SPAN_INIT("PROXY UNKNOWN\r\n"), "", "", true, 0, 0, 0, 0},
    {SPAN_INIT("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
               "65535\r\n"), /* 107 bytes, the most there can be */
     "", "", true, 0, 0, 0, 0},
    {SPAN_INIT(SIGNATURE "\x21\x11\0\x0c" V4_BOTH), "192.0.2.1:56324", "198.51.100.1:443", 0, 0, 0, 0, 0},
    {SPAN_INIT(SIGNATURE "\x21\x12\0\x0c" V4_BOTH), "192.0.2.1:56324", "198.51.100.1:443", 0, 0, 0, 0, 0},
    {SPAN_INIT(SIGNATURE "\x21\x21\0\x24" V6_BOTH), "2001:db8::1:56324", "2001:db8::1:443", 0, 0, 0, 0, 0},
    {SPAN_INIT(SIGNATURE "\x21\x31\0\xd8" PATH PATH), "unix:0", "unix:0", 0, 0, 0, 0, 0},
    {SPAN_INIT(SIGNATURE "\x20\0\0\0"), "", "", true, 0, 0, 0, 0},
    {SPAN_INIT(SIGNATURE "\x20\xff\0\x05rests"), "", "", true, 0, 0, 0, 0}, /* LOCAL: skipped unread */
    {SPAN_INIT(SIGNATURE "\x21\0\0\0"), "", "", true, 0, 0, 0, 0},
    {SPAN_INIT(SIGNATURE "\x21\0\0\x08\2\0\5a.com"), "", "", true, 0, 0, "a.com", 0},
    {SPAN_INIT(SIGNATURE "\x21\x11\0\x1d" V4_BOTH "\1\0\2h2\2\0\5a.com\4\0\1\0"), "192.0.2.1:56324",
     "198.51.100.1:443", 0, 0, 0, "a.com", 0},
    {SPAN_INIT(SIGNATURE "\x21\x11\0\x13" V4_BOTH "\xee\0\4what"), "192.0.2.1:56324", "198.51.100.1:443", 0, 0, 0, 0,
     0},
    /* TLS: version and name of a certificate that is right, that is wrong, and no certificate */
    {SPAN_INIT(SIGNATURE "\x21\x11\0\x24" V4_BOTH "\x20\0\x15\7\0\0\0\0\x21\0\7TLSv1.3\x22\0\3Eva"),
     "192.0.2.1:56324", "198.51.100.1:443", 0, true, true, 0, "Eva"},
    {SPAN_INIT(SIGNATURE "\x21\x11\0\x24" V4_BOTH "\x20\0\x15\7\0\0\0\1\x21\0\7TLSv1.3\x22\0\3Eva"),
     "192.0.2.1:56324", "198.51.100.1:443", 0, true, false, 0, "Eva"},
    {SPAN_INIT(SIGNATURE "\x21\x11\0\x14" V4_BOTH "\x20\0\5\1\0\0\0\0"), "192.0.2.1:56324", "198.51.100.1:443", 0,
     true, false, 0, 0},
    {SPAN_INIT(SIGNATURE "\x21\x11\0\x14" V4_BOTH "\x20\0\5\6\0\0\0\0"), "192.0.2.1:56324", "198.51.100.1:443", 0,
     false, false, 0, 0},
};

START_TEST(what_they_say) {
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        struct proxyline p;
        char more[4200];
        memcpy(more, valid[i].in.p, valid[i].in.n);
        memcpy(more + valid[i].in.n, "GET /", 5);
        ck_assert_msg(proxyline_parse(&p, (struct span){more, valid[i].in.n + 5}) == (long)valid[i].in.n, "%zu", i);
        ck_assert_str_eq(text_of(&p.source), valid[i].source);
        ck_assert_str_eq(text_of(&p.target), valid[i].target);
        ck_assert_msg(p.is_local == valid[i].is_local && p.has_tls == valid[i].has_tls &&
                          p.is_verified == valid[i].is_verified,
                      "%zu", i);
        ck_assert_msg(span_is(p.authority, span_of(valid[i].authority)), "%zu", i);
        ck_assert_msg(span_is(p.tls_cn, span_of(valid[i].cn)), "%zu", i);
        if (valid[i].cn) ck_assert(span_is(p.tls_version, SPAN("TLSv1.3")));
    }
}
END_TEST

START_TEST(every_beginning_wants_more) {
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        struct proxyline p;
        for (size_t n = 0; n < valid[i].in.n; n++)
            ck_assert_msg(proxyline_parse(&p, span_upto(valid[i].in, n)) == PROXYLINE_MORE, "%zu, %zu bytes", i, n);
        ck_assert_int_eq(proxyline_parse(&p, valid[i].in), (long)valid[i].in.n);
    }
}
END_TEST

START_TEST(what_is_none) {
    static const struct span table[] = {
        SPAN_INIT("GET / HTTP/1.1\r\n"),
        SPAN_INIT("PROXY\r\n"),
        SPAN_INIT("PROXY \r\n"),
        SPAN_INIT("PROXY \n"),
        SPAN_INIT("proxy TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"),
        SPAN_INIT("PROXY tcp4 192.0.2.1 198.51.100.1 56324 443\r\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n"),
        SPAN_INIT("PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.1\t198.51.100.1 56324 443\r\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 1\r\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 -1 443\r\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 0443 443\r\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 000001 443\r\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.256 198.51.100.1 56324 443\r\n"),
        SPAN_INIT("PROXY TCP4 192.0.2.1\0 198.51.100.1 56324 443\r\n"),
        SPAN_INIT("PROXY TCP4 ::1 ::1 56324 443\r\n"),
        SPAN_INIT("PROXY TCP6 192.0.2.1 198.51.100.1 56324 443\r\n"),
        SPAN_INIT("PROXY TCP6 [::1] [::1] 56324 443\r\n"),
        SPAN_INIT("PROXY UDP4 192.0.2.1 198.51.100.1 56324 443\r\n"),
        SPAN_INIT("PROXY UNKNOWNS\r\n"),
        SPAN_INIT("PROXY UNKNOWN \r\r\n"),
        SPAN_INIT(
            "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"
            "  65535\r\n"),                  /* 108 bytes */
        SPAN_INIT("PROXY UNKNOWN " HUNDRED), /* and no end yet */
        SPAN_INIT(SIGNATURE "\x11"),         /* version 1 in a header */
        SPAN_INIT(SIGNATURE "\x22"),         /* no such command */
        SPAN_INIT("\r\n\r\n\0\r\nQUIX\n\x21\x11\0\x0c" V4_BOTH),
        SPAN_INIT(SIGNATURE "\x21\x10\0\x0c" V4_BOTH), /* a family, no transport */
        SPAN_INIT(SIGNATURE "\x21\x41\0\x0c" V4_BOTH),
        SPAN_INIT(SIGNATURE "\x21\x11\0\x0b" V4_BOTH), /* too short for its family */
        SPAN_INIT(SIGNATURE "\x21\x21\0\x23" V6_BOTH),
        SPAN_INIT(SIGNATURE "\x21\x31\0\xd7" PATH PATH),
        SPAN_INIT(SIGNATURE "\x21\x11\x0f\xf1"), /* 4097 bytes */
        SPAN_INIT(SIGNATURE "\x20\x11\xff\xff"),
        SPAN_INIT(SIGNATURE "\x21\x11\0\x0d" V4_BOTH "\4"), /* types that are cut off */
        SPAN_INIT(SIGNATURE "\x21\x11\0\x0e" V4_BOTH "\4\0"),
        SPAN_INIT(SIGNATURE "\x21\x11\0\x0f" V4_BOTH "\4\0\1"),
        SPAN_INIT(SIGNATURE "\x21\x11\0\x0f" V4_BOTH "\4\xff\xff"),
        SPAN_INIT(SIGNATURE "\x21\x11\0\x18" V4_BOTH "\2\0\3a.b\2\0\3a.b"), /* twice */
        SPAN_INIT(SIGNATURE "\x21\x11\0\x12" V4_BOTH "\2\0\3a\nb"),
        SPAN_INIT(SIGNATURE "\x21\x11\0\x12" V4_BOTH "\2\0\3a\0b"),
        SPAN_INIT(SIGNATURE "\x21\x11\0\x90" V4_BOTH "\5\0\x81" HUNDRED TEN TEN "012345678"), /* unique id: 129 */
        SPAN_INIT(SIGNATURE "\x21\x11\0\x13" V4_BOTH "\x20\0\4\1\0\0\0"), /* TLS: no room for its head */
        SPAN_INIT(SIGNATURE "\x21\x11\0\x16" V4_BOTH "\x20\0\7\1\0\0\0\0\x22\0"),
        SPAN_INIT(SIGNATURE "\x21\x11\0\x18" V4_BOTH "\x20\0\x09\1\0\0\0\0\x22\0\2E\x04\0\0"), /* reaches out of it */
        SPAN_INIT(SIGNATURE "\x21\x11\0\x1b" V4_BOTH "\x20\0\x0c\7\0\0\0\0\x22\0\4Ev\r\n"),
        SPAN_INIT(SIGNATURE "\x21\x11\0\x12" V4_BOTH "\3\0\3abc"), /* a checksum has four bytes */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct proxyline p;
        ck_assert_msg(proxyline_parse(&p, table[i]) == PROXYLINE_BAD, "%zu: %.*s", i, SPAN_ARG(table[i]));
    }
}
END_TEST

/* CRC-32C of the whole with its own four bytes as zero; this one was made by another implementation. */
START_TEST(a_checksum_is_checked) {
    char header[] = SIGNATURE "\x21\x11\0\x13" V4_BOTH "\3\0\4\x73\x7e\xe9\x19";
    struct span in = {header, sizeof header - 1};
    struct proxyline p;
    ck_assert_int_eq(proxyline_parse(&p, in), 35);
    for (size_t i = 16; i < in.n; i++) {
        header[i] = (char)(header[i] ^ 0x10);
        ck_assert_msg(proxyline_parse(&p, in) == PROXYLINE_BAD || i == 28, "byte %zu", i);
        header[i] = (char)(header[i] ^ 0x10);
    }
}
END_TEST

static struct addr address(const char *text) {
    struct addr a = {0};
    if (inet_pton(AF_INET, text, &a.is.v4.sin_addr) == 1) {
        a.is.any.sa_family = AF_INET;
        a.is.v4.sin_port = htons(56324);
    } else if (inet_pton(AF_INET6, text, &a.is.v6.sin6_addr) == 1) {
        a.is.any.sa_family = AF_INET6;
        a.is.v6.sin6_port = htons(56324);
    } else {
        a.is.any.sa_family = *text ? AF_UNIX : AF_UNSPEC;
    }
    return a;
}

START_TEST(what_is_written) {
    static const struct {
        const char *source, *target, *line, *seen_source, *seen_target;
    } table[] = {
        {"192.0.2.1", "198.51.100.1", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 56324\r\n", "192.0.2.1:56324",
         "198.51.100.1:56324"},
        {"2001:db8::1", "::1", "PROXY TCP6 2001:db8::1 ::1 56324 56324\r\n", "2001:db8::1:56324", "::1:56324"},
        {"::ffff:192.0.2.1", "::ffff:198.51.100.1", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 56324\r\n",
         "192.0.2.1:56324", "198.51.100.1:56324"},
        {"192.0.2.1", "2001:db8::1", "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 56324 56324\r\n", "192.0.2.1:56324",
         "2001:db8::1:56324"},
        {"192.0.2.1", "a socket", "PROXY TCP4 192.0.2.1 0.0.0.0 56324 0\r\n", "192.0.2.1:56324", "0.0.0.0:0"},
        {"a socket", "a socket", "PROXY UNKNOWN\r\n", "", ""},
        {"", "", "PROXY UNKNOWN\r\n", "", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct addr source = address(table[i].source), target = address(table[i].target);
        struct buf out = {0};
        struct proxyline p;
        proxyline_write(&out, 1, &source, &target);
        ck_assert_str_eq(buf_text(&out), table[i].line);
        ck_assert_int_eq(proxyline_parse(&p, buf_span(&out)), (long)out.n);
        buf_clear(&out);
        proxyline_write(&out, 2, &source, &target);
        ck_assert_int_eq(proxyline_parse(&p, buf_span(&out)), (long)out.n);
        ck_assert_str_eq(text_of(&p.source), table[i].seen_source);
        ck_assert_str_eq(text_of(&p.target), table[i].seen_target);
        ck_assert(p.is_local == !*table[i].seen_source);
        buf_done(&out);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("proxyline");
    TCase *tests = tcase_create("proxyline");
    tcase_add_test(tests, what_they_say);
    tcase_add_test(tests, every_beginning_wants_more);
    tcase_add_test(tests, what_is_none);
    tcase_add_test(tests, a_checksum_is_checked);
    tcase_add_test(tests, what_is_written);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
