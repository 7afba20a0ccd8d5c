/* test_limit.c - limit.*: what directives come to, which addresses are one client, what is said of a flood */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "modules/limit/bounds.h"
#include "modules/limit/notices.h"
#include "server/settings.h"

/* What is complained of in these lines; "" if they are right. */
static const char *complaints_of(const char *lines) {
    static struct buf text, said;
    struct complaints *complaints = complaints_make();
    struct inputs *inputs = inputs_none();
    buf_clear(&text);
    buf_clear(&said);
    buf_printf(&text, "server.document-root = \"/tmp\"\nserver.modules = ( \"mod_limit\" )\n%s\n", lines);
    inputs_put(inputs, INPUT_FILE, "test.conf", buf_span(&text));
    struct conf *conf = conf_load(inputs, "test.conf", complaints);
    complaints_print(complaints, &said);
    conf_drop(conf);
    complaints_drop(complaints);
    return buf_text(&said);
}

START_TEST(mistakes_are_told) {
    static const struct {
        const char *line, *complaint; /* NULL: none */
    } table[] = {
        {"limit.requests = ( \"rate\" => 20, \"burst\" => 40 )", NULL},
        {"limit.requests = ( \"rate\" => \"20\" )", NULL},
        {"limit.requests = ()", NULL},
        {"limit.requests = ( \"rate\" => 1, \"per\" => 86400, \"burst\" => 2 )", NULL},
        {"limit.requests = ( \"rate\" => 1, \"per\" => 86400, \"burst\" => 3 )", "more than a day"},
        {"limit.requests = ( \"rate\" => 0 )", "a number from 1"},
        {"limit.requests = ( \"rate\" => \"many\" )", "a number from 1"},
        {"limit.requests = ( \"rate\" => 2000000 )", "a number from 1"},
        {"limit.requests = ( \"burst\" => 5 )", "\"rate\" is missing"},
        {"limit.requests = ( \"rate\" => 5, \"brust\" => 5 )", "knows no \"brust\""},
        {"limit.connections = 10", NULL},
        {"limit.connections = 0", NULL},
        {"limit.connections = 1000001", "a number from 0"},
        {"limit.prefix = ( \"ipv4\" => 24, \"ipv6\" => 56 )", NULL},
        {"limit.prefix = ( \"ipv4\" => 33 )", "from 1 to 32"},
        {"limit.prefix = ( \"ipv5\" => 1 )", "knows no \"ipv5\""},
        {"limit.exempt = ( \"127.0.0.0/8\", \"::1\" )", NULL},
        {"limit.exempt = ( \"localhost\" )", "is no address"},
        {"limit.status = 503", NULL},
        {"limit.status = 200", "from 400 to 599"},
        {"evasive.max-conns-per-ip = 5\nevasive.silent = \"enable\"\nevasive.location = \"/busy\"", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *said = complaints_of(table[i].line);
        if (table[i].complaint)
            ck_assert_msg(strstr(said, table[i].complaint) != NULL, "%s: %s", table[i].line, said);
        else ck_assert_msg(*said == '\0', "%s: %s", table[i].line, said);
    }
}
END_TEST

static struct addr addr_of(const char *text) {
    struct addr a;
    memset(&a, 0, sizeof a);
    a.is.any.sa_family = strchr(text, ':') ? AF_INET6 : *text == 'u' ? AF_UNIX : AF_INET;
    if (a.is.any.sa_family == AF_INET6) ck_assert_int_eq(inet_pton(AF_INET6, text, &a.is.v6.sin6_addr), 1);
    if (a.is.any.sa_family == AF_INET) ck_assert_int_eq(inet_pton(AF_INET, text, &a.is.v4.sin_addr), 1);
    return a;
}

START_TEST(a_network_is_one_client) {
    static const struct {
        const char *one, *other;
        struct network network; /* 0: as it is by itself */
        bool same;
    } table[] = {
        {"192.0.2.1", "192.0.2.1", {0, 0}, true},
        {"192.0.2.1", "192.0.2.2", {0, 0}, false},
        {"192.0.2.1", "192.0.2.254", {24, 64}, true},
        {"192.0.2.1", "192.0.3.1", {24, 64}, false},
        {"192.0.2.1", "193.0.2.1", {1, 64}, true},
        {"192.0.2.1", "64.0.2.1", {1, 64}, false},
        {"192.0.2.1", "::ffff:192.0.2.1", {0, 0}, true},
        {"192.0.2.1", "::ffff:192.0.2.77", {24, 1}, true},
        {"2001:db8::1", "2001:db8::ffff:1:2:3", {0, 0}, true},
        {"2001:db8::1", "2001:db8:0:1::1", {0, 0}, false},
        {"2001:db8::1", "2001:db8:0:ff::1", {32, 56}, true},
        {"2001:db8::1", "2001:db8:0:100::1", {32, 56}, false},
        {"2001:db8::1", "2001:db8::2", {32, 128}, false},
        {"2001:db8::1", "2001:db8::8000:0:0:1", {32, 65}, false},
        {"2001:db8::1", "2001:db8::7000:0:0:1", {32, 65}, true},
        {"2001:db8::1", "3fff:db8::1", {32, 3}, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct addr one = addr_of(table[i].one), other = addr_of(table[i].other);
        const struct network *n = table[i].network.v4_bits ? &table[i].network : NULL;
        uint64_t a[2], b[2];
        ck_assert(client_words(&one, n, a) && client_words(&other, n, b));
        ck_assert_msg((memcmp(a, b, sizeof a) == 0) == table[i].same, "%s %s", table[i].one, table[i].other);
    }
    struct addr unix_peer = addr_of("unix");
    uint64_t words[2];
    ck_assert(!client_words(&unix_peer, NULL, words));
}
END_TEST

START_TEST(blocks_are_told_apart) {
    struct block a = {.text = SPAN("$HTTP[\"host\"] == \"a\"")}, b = {.text = SPAN("$HTTP[\"host\"] == \"b\"")};
    struct block inside = a, other = a, again = b;
    inside.parent = &b;
    other.previous = &b;
    again.number = 77;
    ck_assert_uint_ne(block_identity(&a), block_identity(&b));
    ck_assert_uint_ne(block_identity(&a), block_identity(&inside));
    ck_assert_uint_ne(block_identity(&a), block_identity(&other));
    ck_assert_uint_eq(block_identity(&b), block_identity(&again));
}
END_TEST

START_TEST(a_client_has_a_line_a_minute) {
    struct notices n;
    uint32_t own, others;
    memset(&n, 0, sizeof n);
    ck_assert(notice_is_due(&n, 7, 1000, &own, &others));
    ck_assert_uint_eq(own + others, 0);
    for (unsigned i = 0; i < 500; i++) ck_assert(!notice_is_due(&n, 7, 1000 + i / 10, &own, &others));
    ck_assert(notice_is_due(&n, 8, 1059, &own, &others));
    ck_assert(notice_is_due(&n, 7, 1060, &own, &others));
    ck_assert_uint_eq(own, 500);
    ck_assert_uint_eq(others, 0);
    ck_assert(notice_is_due(&n, 7, 500, &own, &others)); /* somebody has set the clock */
    /* Whose place another takes is one of the others. */
    ck_assert(!notice_is_due(&n, 8, 1061, &own, &others));
    ck_assert(notice_is_due(&n, 8 + NOTICE_CLIENTS, 1062, &own, &others));
    ck_assert_uint_eq(others, 1);
}
END_TEST

START_TEST(many_clients_do_not_fill_the_log) {
    struct notices n;
    uint32_t own, others, lines = 0, told = 0;
    memset(&n, 0, sizeof n);
    for (uint64_t i = 0; i < 100000; i++) {
        if (!notice_is_due(&n, i * 977 + 1, 1000 + (int64_t)(i / 10000), &own, &others)) continue;
        lines++;
        told += own + others;
    }
    ck_assert_uint_ge(lines, NOTICES_BURST);
    ck_assert_uint_le(lines, NOTICES_BURST + 10);
    ck_assert_uint_ge(told, 80000);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("limit");
    TCase *all = tcase_create("limit");
    tcase_add_test(all, mistakes_are_told);
    tcase_add_test(all, a_network_is_one_client);
    tcase_add_test(all, blocks_are_told_apart);
    tcase_add_test(all, a_client_has_a_line_a_minute);
    tcase_add_test(all, many_clients_do_not_fill_the_log);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
