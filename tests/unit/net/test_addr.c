/* test_addr.c - addresses as text, and prefixes that match them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>

#include "net/addr.h"

static struct addr address(const char *text) {
    struct addr_room room = {.len = sizeof room.storage};
    struct addr a;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&room.storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&room.storage;
    room.storage.ss_family = AF_UNIX;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        room.storage.ss_family = AF_INET;
        v4->sin_port = htons(8080);
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        room.storage.ss_family = AF_INET6;
        v6->sin6_port = htons(8080);
    }
    addr_from(&a, &room);
    return a;
}

START_TEST(addresses_as_text) {
    static const struct {
        const char *in, *out;
        unsigned port;
    } table[] = {
        {"192.0.2.1", "192.0.2.1", 8080},
        {"255.255.255.255", "255.255.255.255", 8080},
        {"2001:db8::1", "2001:db8::1", 8080},
        {"::ffff:192.0.2.1", "192.0.2.1", 8080}, {"::1", "::1", 8080}, {"a socket", "unix", 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char out[ADDR_TEXT_BYTES];
        struct addr a = address(table[i].in);
        ck_assert_uint_eq(addr_format(&a, out), strlen(table[i].out));
        ck_assert_str_eq(out, table[i].out);
        ck_assert_uint_eq(addr_port(&a), table[i].port);
    }
    struct addr_room nobody = {.len = 0};
    struct addr a;
    addr_from(&a, &nobody);
    ck_assert_int_eq(a.is.any.sa_family, AF_UNIX);
}
END_TEST

START_TEST(prefixes_match) {
    static const struct {
        const char *prefix, *addr;
        bool has;
    } table[] = {
        {"10.0.0.0/8", "10.255.0.1", true},      {"10.0.0.0/8", "11.0.0.0", false},
        {"192.0.2.1", "192.0.2.1", true},        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.128/25", "192.0.2.129", true}, {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "::ffff:192.0.2.200", true},
        {"0.0.0.0/0", "203.0.113.9", true},      {"0.0.0.0/0", "2001:db8::1", false},
        {"fd00::/8", "fdff::1", true},           {"fd00::/8", "fe00::1", false},
        {"[fd00::]/8", "fd00::1", true},         {"::/0", "2001:db8::1", true},
        {"2001:db8::/33", "2001:db8:7fff::", true}, {"2001:db8::/33", "2001:db8:8000::", false},
        {"/run/socket", "a socket", true},       {"/run/socket", "127.0.0.1", false},
        {"10.0.0.0/8", "a socket", false},       {"::1", "::1", true},
        {"::ffff:192.0.2.1", "192.0.2.1", true}, {"::ffff:192.0.2.1", "192.0.2.2", false},
        {"::ffff:10.0.0.0/104", "::ffff:10.255.0.1", true}, {"::ffff:10.0.0.0/104", "11.0.0.1", false},
        {"::ffff:0:0/96", "2001:db8::1", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct prefix prefix;
        struct addr a = address(table[i].addr);
        ck_assert_msg(prefix_parse(span_of(table[i].prefix), &prefix), "%s", table[i].prefix);
        ck_assert_msg(prefix_has(&prefix, &a) == table[i].has, "%s %s", table[i].prefix, table[i].addr);
    }
}
END_TEST

START_TEST(what_is_no_prefix) {
    static const char *const table[] = {
        "",     "10",          "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.256", "::/129", ":",
        "[::1", "example.com", "10.0.0.0/-1", "1.2.3.4.5", "0x7f.0.0.1", " 10.0.0.1"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct prefix prefix;
        ck_assert_msg(!prefix_parse(span_of(table[i]), &prefix), "\"%s\"", table[i]);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("addr");
    TCase *all = tcase_create("all");
    tcase_add_test(all, addresses_as_text);
    tcase_add_test(all, prefixes_match);
    tcase_add_test(all, what_is_no_prefix);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
