/* test_coding.c - content codings: what Accept-Encoding says, what is chosen, what is noted of it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/coding.h"

static struct arena arena;
static struct fields request;

static void set_up(void) {
    request = (struct fields){0};
}

static void tear_down(void) {
    arena_done(&arena);
}

static void say(const char *accept_encoding) {
    fields_add(&request, &arena, HEADER_ACCEPT_ENCODING, span_of(accept_encoding));
}

/* "br gzip" */
static uint32_t offer(const char *names) {
    struct span rest = span_of(names), name;
    uint32_t offered = 0;
    while (span_next(&rest, ' ', &name))
        if (name.n) offered = coding_offer(offered, coding_find(name));
    return offered;
}

static const char *choose(const char *offered) {
    static char name[16];
    enum coding chosen = coding_choose(coding_accepts(&request), offer(offered));
    snprintf(name, sizeof name, "%.*s", SPAN_ARG(coding_name(chosen)));
    return name;
}

static const struct {
    const char *accept, *offered, *chosen;
} lists[] = {
    {"gzip", "br gzip", "gzip"},
    {"gzip, br", "br gzip", "br"},
    {"gzip, br", "gzip br", "gzip"},
    {"br, gzip", "gzip br", "gzip"}, /* their order says nothing */
    {"gzip, deflate, br, zstd", "zstd br gzip deflate", "zstd"},
    {"gzip, deflate, br, zstd", "deflate", "deflate"},
    {"gzip, deflate, br, zstd", "", "identity"},
    {"", "br gzip", "identity"},
    {"identity", "br gzip", "identity"},
    {"compress", "br gzip", "identity"},
    /* weights */
    {"gzip;q=1.0, br;q=0.5", "br gzip", "gzip"},
    {"gzip;q=0.5, br;q=0.5", "br gzip", "br"},
    {"gzip;q=0.501, br;q=0.5", "br gzip", "gzip"},
    {"gzip;q=0.001", "br gzip", "gzip"},
    {"gzip;q=0", "br gzip", "identity"},
    {"gzip;q=0.0", "gzip", "identity"},
    {"gzip;q=0.000", "gzip", "identity"},
    {"gzip;q=0, br;q=0.1", "gzip br", "br"},
    {"zstd;q=0.1, br;q=0.2, gzip;q=0.3, deflate;q=0.4", "zstd br gzip deflate", "deflate"},
    {"zstd;q=0.1, br;q=0.2, gzip;q=0.3, deflate;q=0.4", "zstd br gzip", "gzip"},
    /* identity */
    {"identity;q=1, gzip;q=0.5", "gzip", "identity"},
    {"identity;q=0.5, gzip;q=1", "gzip", "gzip"},
    {"identity, gzip", "gzip", "gzip"},
    {"identity;q=0", "gzip", "identity"}, /* nothing else is acceptable: better than nothing */
    {"identity;q=0, gzip;q=0.1", "gzip", "gzip"},
    {"gzip;q=0.001, identity;q=0.002", "gzip", "identity"},
    /* anything */
    {"*", "br gzip", "br"},
    {"*;q=0.5, gzip", "br gzip", "gzip"},
    {"*;q=0", "br gzip", "identity"},
    {"gzip, *;q=0", "br gzip", "gzip"},
    {"gzip;q=0, *", "gzip br", "br"},
    {"gzip;q=0, *", "gzip", "identity"},
    {"br;q=0.5, *;q=0.4", "gzip br", "br"},
    {"identity;q=0.5, *;q=0.4", "gzip br", "identity"},
    /* old names, letters, spaces */
    {"x-gzip", "br gzip", "gzip"},
    {"x-gzip;q=0, br;q=0.2", "gzip br", "br"},
    {"GZIP", "gzip", "gzip"},
    {"Br;Q=0.3", "br", "br"},
    {"\tgzip \t;\t q=1 \t", "gzip", "gzip"},
    {"gzip ; q = 0", "gzip", "identity"},
    {" , ,gzip,, ", "gzip", "gzip"},
    {"gzip;level=9;q=0", "gzip", "identity"},
    {"gzip;q=0;level=9", "gzip", "identity"},
    /* what is malformed says nothing */
    {"gzip;q=2", "gzip", "identity"},
    {"gzip;q=1.001", "gzip", "identity"},
    {"gzip;q=1.000", "gzip", "gzip"},
    {"gzip;q=0.1234", "gzip", "identity"},
    {"gzip;q=-1", "gzip", "identity"},
    {"gzip;q=", "gzip", "identity"},
    {"gzip;q=.5", "gzip", "identity"},
    {"gzip;q=0,5", "gzip", "identity"},
    {"gzip;q=a", "gzip", "identity"},
    {"gzip br", "gzip br", "identity"},
    {"gzipp, gzi, bro", "gzip br", "identity"},
    {"gzip;q=0, gzip", "gzip", "identity"}, /* the first word counts */
};

START_TEST(chooses) {
    say(lists[_i].accept);
    for (int again = 0; again < 2; again++) /* the second time it is remembered */
        ck_assert_msg(!strcmp(choose(lists[_i].offered), lists[_i].chosen), "\"%s\" of \"%s\": %s", lists[_i].accept,
                      lists[_i].offered, choose(lists[_i].offered));
}
END_TEST

START_TEST(says_nothing) {
    ck_assert_str_eq(choose("br gzip"), "identity");
}
END_TEST

START_TEST(several_fields_are_one_list) {
    say("gzip;q=0.5");
    say("br;q=0.7");
    ck_assert_str_eq(choose("gzip br"), "br");
    request = (struct fields){0};
    say("gzip;q=0.5");
    ck_assert_str_eq(choose("gzip br"), "gzip");
}
END_TEST

/* One client's word is not another's. */
START_TEST(remembers_one) {
    for (int i = 0; i < 3; i++) {
        request = (struct fields){0};
        say("gzip");
        ck_assert_str_eq(choose("gzip br"), "gzip");
        request = (struct fields){0};
        say("gzib");
        ck_assert_str_eq(choose("gzip br"), "identity");
        request = (struct fields){0};
        say("");
        ck_assert_str_eq(choose("gzip br"), "identity");
        request = (struct fields){0};
        say("*;q=0");
        ck_assert_str_eq(choose("gzip br"), "identity");
        request = (struct fields){0};
        ck_assert_str_eq(choose("gzip br"), "identity");
    }
}
END_TEST

/* So long a list is nobody's: it is read to its 64th element and no farther. */
START_TEST(long_lists_are_bounded) {
    static char list[64 * 1024];
    for (int before = 63; before <= 64; before++) {
        size_t n = 0;
        for (int i = 0; i < before; i++) n += (size_t)snprintf(list + n, sizeof list - n, "x%d;q=0.%d, ", i, i % 10);
        snprintf(list + n, sizeof list - n, "gzip");
        request = (struct fields){0};
        say(list);
        ck_assert_str_eq(choose("gzip"), before == 63 ? "gzip" : "identity");
    }
    request = (struct fields){0};
    for (int i = 0; i < 40; i++) say("x, y");
    say("gzip");
    ck_assert_str_eq(choose("gzip"), "identity");
}
END_TEST

START_TEST(offers_are_lists) {
    uint32_t offered = offer("br gzip br zstd identity deflate gzip");
    static const enum coding order[] = {CODING_BR, CODING_GZIP, CODING_ZSTD, CODING_DEFLATE};
    ck_assert(coding_is_offered(offered, CODING_ZSTD));
    ck_assert(!coding_is_offered(offer("br gzip"), CODING_ZSTD));
    enum coding next;
    for (int i = 0; i < 4; i++) {
        ck_assert(coding_next(&offered, &next));
        ck_assert_int_eq((int)next, (int)order[i]);
    }
    ck_assert(!coding_next(&offered, &next));
}
END_TEST

START_TEST(choices_hold_for_those_who_would_get_the_same) {
    struct choices c = {0};
    say("gzip, br");
    ck_assert(choices_hold(&c, &request)); /* nothing was chosen */
    ck_assert(choices_add(&c, offer("br"), CODING_BR));
    ck_assert(choices_hold(&c, &request));
    request = (struct fields){0};
    say("br;q=0.1");
    ck_assert(choices_hold(&c, &request));
    request = (struct fields){0};
    ck_assert(!choices_hold(&c, &request));
    c = (struct choices){0};
    ck_assert(choices_add(&c, offer("br"), CODING_IDENTITY));
    ck_assert(choices_hold(&c, &request));
    ck_assert(choices_add(&c, offer("br gzip"), CODING_GZIP));
    ck_assert(!choices_hold(&c, &request));
    say("gzip");
    ck_assert(choices_hold(&c, &request)); /* for both */
    say("br;q=0.5");
    ck_assert(!choices_hold(&c, &request));
    ck_assert(!choices_add(&c, offer("zstd"), CODING_ZSTD)); /* there is no room for a third */
}
END_TEST

static const struct {
    const char *there, *after;
} varies[] = {
    {"", "Accept-Encoding"},
    {"Origin", "Origin, Accept-Encoding"},
    {"origin, accept-encoding", "origin, accept-encoding"},
    {"*", "*"},
    {"Accept-Encodings", "Accept-Encodings, Accept-Encoding"},
};

START_TEST(says_that_it_varies) {
    struct fields response = {0};
    if (*varies[_i].there) fields_add(&response, &arena, HEADER_VARY, span_of(varies[_i].there));
    coding_vary(&response, &arena);
    ck_assert(span_is(fields_get(&response, &arena, HEADER_VARY), span_of(varies[_i].after)));
}
END_TEST

static const struct {
    const char *tag;
    bool weak;
    const char *coded;
} tags[] = {
    {"\"a\"", false, "\"a-gzip\""},
    {"\"a\"", true, "W/\"a-gzip\""},
    {"W/\"a\"", true, "W/\"a-gzip\""},
    {"W/\"a\"", false, "W/\"a-gzip\""},
    {"\"\"", true, "W/\"-gzip\""},
    {"", true, ""},
    {"a", true, "a"},
};

START_TEST(tags_tell_codings_apart) {
    struct span coded = coding_etag(span_of(tags[_i].tag), CODING_GZIP, tags[_i].weak, &arena);
    ck_assert_msg(span_is(coded, span_of(tags[_i].coded)), "%.*s", SPAN_ARG(coded));
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    Suite *suite = suite_create("coding");
    TCase *tests = tcase_create("coding");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, chooses, 0, COUNT(lists));
    tcase_add_test(tests, says_nothing);
    tcase_add_test(tests, several_fields_are_one_list);
    tcase_add_test(tests, remembers_one);
    tcase_add_test(tests, long_lists_are_bounded);
    tcase_add_test(tests, offers_are_lists);
    tcase_add_test(tests, choices_hold_for_those_who_would_get_the_same);
    tcase_add_loop_test(tests, says_that_it_varies, 0, COUNT(varies));
    tcase_add_loop_test(tests, tags_tell_codings_apart, 0, COUNT(tags));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
