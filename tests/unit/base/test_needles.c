/* test_needles.c - literals that a text may contain, and those that a regular expression cannot do without */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/needles.h"
#include "base/regex.h"

enum { MANY = 10000, PATTERNS = 60000, TEXTS = 12 };

static unsigned next_random(void) {
    static uint32_t state = 12345;
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

static struct span random_text(char *room, size_t most, struct span alphabet) {
    size_t n = next_random() % (most + 1);
    for (size_t i = 0; i < n; i++) room[i] = alphabet.p[next_random() % alphabet.n];
    return (struct span){room, n};
}

static bool contains_ci(struct span text, struct span what) {
    for (size_t i = 0; i + what.n <= text.n; i++)
        if (span_starts_ci(span_from(text, i), what)) return true;
    return what.n == 0;
}

/* Whatever is in the text is found, in ascending order; nothing is found that does not exist. */
static size_t check_walk(const struct needles *n, const struct span *literals, size_t count, struct span text) {
    struct needles_walk walk;
    size_t found = 0, number, expected = 0;
    needles_begin(n, text, &walk);
    while (needles_next(&walk, &number)) {
        ck_assert_uint_lt(number, count);
        for (; expected < number; expected++)
            ck_assert_msg(!contains_ci(text, literals[expected]), "%zu in %.*s", expected, SPAN_ARG(text));
        expected = number + 1;
        found++;
    }
    for (; expected < count; expected++) ck_assert(!contains_ci(text, literals[expected]));
    return found;
}

START_TEST(needles_miss_nothing) {
    static const size_t counts[] = {0, 1, 7, 8, 9, 100};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (unsigned round = 0; round < 200; round++) {
            char rooms[100][8], text[64];
            struct span literals[100];
            for (size_t k = 0; k < counts[i]; k++) literals[k] = random_text(rooms[k], 8, SPAN("abAB\0\xc3"));
            struct needles *n = needles_make(literals, counts[i]);
            for (unsigned k = 0; k < 10; k++)
                check_walk(n, literals, counts[i], random_text(text, sizeof text, SPAN("abcBC\0\xc3\xe3")));
            needles_drop(n);
        }
    }
    needles_drop(NULL);
}
END_TEST

/* The cost of a look-up: how many literals have to be compared. */
START_TEST(needles_do_not_grow) {
    static char rooms[MANY][32];
    static struct span literals[MANY];
    size_t most = 0;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(rooms[i], sizeof rooms[i], "h%zu.example", i);
        literals[i] = span_of(rooms[i]);
    }
    struct needles *n = needles_make(literals, MANY);
    for (size_t i = 0; i < MANY; i += 7) {
        struct needles_walk walk;
        size_t number, found = 0;
        bool is_found = false;
        needles_begin(n, literals[i], &walk);
        for (; needles_next(&walk, &number); found++) is_found |= number == i;
        ck_assert(is_found);
        if (found > most) most = found;
    }
    ck_assert_uint_le(most, 16);
    ck_assert_uint_eq(check_walk(n, literals, MANY, SPAN("nobody.test")), 0);
    needles_drop(n);
}
END_TEST

static void check_literal(const char *pattern, const char *literal) {
    struct buf out = {0};
    regex_literal(span_of(pattern), &out);
    for (size_t i = 0; i < out.n; i++)
        if (!out.p[i]) out.p[i] = '~';
    ck_assert_msg(span_is(buf_span(&out), span_of(literal)), "%s: %.*s", pattern, SPAN_ARG(buf_span(&out)));
    buf_done(&out);
}

START_TEST(literals_of_patterns) {
    static const struct {
        const char *pattern, *literal;
    } table[] = {
        {"", ""},
        {"abc", "abc"},
        {"^/old(/.*)?$", "/old~"},
        {"^(www\\.)?h1\\.example$", "h1.example~"},
        {"ab*cd", "a~cd"},
        {"ab+cd", "ab~cd"},
        {"ab{2}cd", "a~cd"},
        {"ab?cd", "a~cd"},
        {"a[b]c]d", "a~c]d"},
        {"a[^]b]cd", "a~cd"},
        {"a.c\\d{3}ef", "a~c~ef"},
        {"a|b", ""},
        {"a(b|c)d", "a~d"},
        {"a(b(c)[)]\\))d", "a~d"},
        {"a\\Qb*\\E", ""},
        {"\\x41bc", ""},
        {"(?i)/Task", "/Ta~"},
        {"(?i:a)b", ""},
        {"a(?i)b", ""},
        {"(?=ab)ac", "ac"},
        {"(*UTF)ab", ""},
        {"a{b", ""},
        {"ab{,2}cd", "a~cd"},
        {"ab{ 1, 2 }?cd", "a~cd"},
        {"ab{|}cd", ""},   /* "ab{" or "}cd" */
        {"ab{[}]cd", ""},
        {"[\\E]abcd]", ""}, /* the class goes on to the second "]" */
        {"[\\Q\\E]abcd]", ""},
        {"[^\\E]abcd]", ""},
        {"[\\c]]abcd", ""},  /* control-"]" */
        {"([\\c])|]abcd", ""},
        {"[\\]\\d]abcd", "abcd"},
        {"\xc3\xa4z", "z"},
        {"ab\\", ""},
        {"ab[c", ""},
        {"ab(c", ""},
        {"*", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) check_literal(table[i].pattern, table[i].literal);
}
END_TEST

static void check_match(struct span pattern, struct span literal, struct span text) {
    struct span rest = literal, run;
    while (span_next(&rest, '\0', &run))
        ck_assert_msg(contains_ci(text, run), "%.*s matches %.*s without %.*s", SPAN_ARG(pattern), SPAN_ARG(text),
                      SPAN_ARG(run));
}

/* Whatever a pattern matches has its literals: patterns and texts at random. */
START_TEST(literals_are_in_all_matches) {
    unsigned checked = 0;
    for (unsigned i = 0; i < PATTERNS; i++) {
        char room[16], text_room[24], why[128];
        size_t at;
        struct span pattern = random_text(room, sizeof room, SPAN("aabbcSk()[]|*+?.\\dc{}12,^$:-!=iQE"));
        struct regex *re = regex_make(pattern, why, &at);
        struct buf literal = {0};
        regex_literal(pattern, &literal);
        for (unsigned k = 0; re && literal.n && k < TEXTS; k++) {
            struct span text = random_text(text_room, sizeof text_room, SPAN("aaabbbcSk1()[]{}.$-,i"));
            if (!regex_match(re, text, NULL)) continue;
            check_match(pattern, buf_span(&literal), text);
            checked++;
        }
        buf_done(&literal);
        regex_drop(re);
    }
    ck_assert_uint_gt(checked, 1000);
}
END_TEST

/* Whether a pattern is interpreted or compiled (from its second match on) makes no difference. */
START_TEST(a_match_stays_a_match) {
    static const char *const patterns[] = {"^(?:(a)|b)*$", "^((?:[a-z]|%[0-9a-f][0-9a-f])*)$", "^(a|b)*$"};
    static char text[2500];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        char why[128];
        size_t at;
        struct regex *re = regex_make(span_of(patterns[i]), why, &at);
        for (unsigned k = 0; k < 4; k++)
            ck_assert_msg(regex_match(re, (struct span){text, sizeof text}, NULL), "%s: %u", patterns[i], k);
        regex_drop(re);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("needles");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, needles_miss_nothing);
    tcase_add_test(all, needles_do_not_grow);
    tcase_add_test(all, literals_of_patterns);
    if (regex_is_built()) tcase_add_test(all, literals_are_in_all_matches);
    if (regex_is_built()) tcase_add_test(all, a_match_stays_a_match);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
