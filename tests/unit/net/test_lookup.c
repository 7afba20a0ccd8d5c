/* test_lookup.c - addresses as text, and what a DNS message says of their time */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "net/connect.h"
#include "net/lookup.h"

#define HEAD(questions, answers) "\x12\x34\x81\x80\0" questions "\0" answers "\0\0\0\0"
#define QUESTION "\1a\7example\0\0\1\0\1"
#define ANSWER(ttl) "\xc0\x0c\0\1\0\1" ttl "\0\4\xc0\0\2\1"
#define ALIAS(ttl) "\xc0\x0c\0\5\0\1" ttl "\0\4\1b\xc0\x0e"

static const struct {
    struct span message;
    int64_t ttl;
} messages[] = {
    {SPAN_INIT(HEAD("\1", "\1") QUESTION ANSWER("\0\0\1\x2c")), 300},
    {SPAN_INIT(HEAD("\1", "\2") QUESTION ALIAS("\0\0\0\x1e") ANSWER("\0\0\1\x2c")), 30},
    {SPAN_INIT(HEAD("\1", "\2") QUESTION ALIAS("\0\0\1\x2c") ANSWER("\0\0\0\0")), 0},
    {SPAN_INIT(HEAD("\0", "\1") ANSWER("\xff\xff\xff\xff")), 0},
    {SPAN_INIT(HEAD("\1", "\0") QUESTION), -1},
    {SPAN_INIT(HEAD("\1", "\1") QUESTION), -1},
    {SPAN_INIT(HEAD("\1", "\2") QUESTION ANSWER("\0\0\1\x2c") "\xc0"), 300},
    {SPAN_INIT(HEAD("\xff", "\xff") QUESTION), -1},
    {SPAN_INIT(HEAD("\0", "\1") "\x3f"), -1},
    {SPAN_INIT("\0\0\0"), -1},
    {SPAN_INIT(""), -1},
};

START_TEST(how_long_it_holds) {
    char *copy = memcpy(malloc(messages[_i].message.n + 1), messages[_i].message.p, messages[_i].message.n);
    ck_assert_int_eq(dns_message_ttl((struct span){copy, messages[_i].message.n}), messages[_i].ttl);
    free(copy);
}
END_TEST

/* Cut anywhere, it is read no further than it goes (the sanitizer would tell). */
START_TEST(a_message_that_is_cut) {
    struct span whole = messages[1].message;
    for (size_t n = 0; n < whole.n; n++) {
        char *copy = memcpy(malloc(n + 1), whole.p, n);
        int64_t ttl = dns_message_ttl((struct span){copy, n});
        ck_assert(ttl == -1 || ttl == 30);
        free(copy);
    }
}
END_TEST

static const struct {
    const char *text;
    int family; /* 0: it is a name */
} literals[] = {
    {"192.0.2.1", AF_INET}, {"::1", AF_INET6},       {"[::1]", AF_INET6}, {"::ffff:192.0.2.1", AF_INET6},
    {"192.0.2", 0},         {"192.0.2.256", 0},      {"localhost", 0},    {"", 0},
    {"[]", 0},              {"[192.0.2.1", 0},       {"1.2.3.4 ", 0},     {"[::1", 0},
    {"2001:db8:1111:2222:3333:4444:5555:6666:7777:8888", 0},
};

START_TEST(what_is_an_address) {
    struct addr_room room;
    struct addr a;
    bool found = addr_of_literal(span_of(literals[_i].text), 8080, &room);
    ck_assert_int_eq(found, literals[_i].family != 0);
    if (!found) return;
    addr_from(&a, &room);
    ck_assert_int_eq(a.is.any.sa_family, literals[_i].family);
    ck_assert_uint_eq(addr_port(&a), 8080);
}
END_TEST

START_TEST(a_path_has_its_length) {
    struct addr_room room;
    enum { MOST = sizeof(((struct sockaddr_un *)0)->sun_path) - 1 };
    char path[MOST + 2];
    memset(path, 'x', sizeof path);
    ck_assert(addr_of_path((struct span){path, MOST}, &room));
    ck_assert_int_eq(room.storage.ss_family, AF_UNIX);
    ck_assert(!addr_of_path((struct span){path, MOST + 1}, &room));
    ck_assert_int_eq(errno, ENAMETOOLONG);
    ck_assert(!addr_of_path(SPAN(""), &room));
}
END_TEST

START_TEST(this_machine_has_a_name) {
    struct addr_room rooms[4];
    const char *why = NULL;
    ck_assert_uint_ge(name_lookup(SPAN("localhost"), rooms, 4, &why), 1);
    ck_assert_str_eq(why, "");
    ck_assert_uint_eq(name_lookup(SPAN("no-such-name.invalid"), rooms, 4, &why), 0);
    ck_assert_str_ne(why, "");
    ck_assert_int_eq(name_ttl(SPAN("localhost")), -1);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    Suite *suite = suite_create("lookup");
    TCase *tc = tcase_create("lookup");
    tcase_set_timeout(tc, 30);
    tcase_add_loop_test(tc, how_long_it_holds, 0, COUNT(messages));
    tcase_add_test(tc, a_message_that_is_cut);
    tcase_add_loop_test(tc, what_is_an_address, 0, COUNT(literals));
    tcase_add_test(tc, a_path_has_its_length);
    tcase_add_test(tc, this_machine_has_a_name);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
