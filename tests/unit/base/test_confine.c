/* test_confine.c - what OpenBSD is told: the promises, and the files that are not hidden */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#undef HAVE_PLEDGE
#undef HAVE_UNVEIL
#define HAVE_PLEDGE 1
#define HAVE_UNVEIL 1
#define pledge said_pledge
#define unveil said_unveil
int said_pledge(const char *promises, const char *of_programs);
int said_unveil(const char *path, const char *rights);

#include "base/confine.c"

/* A kernel that writes down what it is told. */
static char told[512];
static unsigned landlock;

static void tell(const char *word, const char *more) {
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s %s;", word ? word : "-", more ? more : "-");
}

int said_pledge(const char *promises, const char *of_programs) {
    static const char *const unwanted[] = {" exec ", " proc ", " id ", " unveil ", " settime ", " fattr "};
    bool all = of_programs != NULL;
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++) all = all || strstr(promises, unwanted[i]);
    tell("pledge", all ? "all" : "some");
    return 0;
}

int said_unveil(const char *path, const char *rights) {
    tell(path, rights);
    errno = ENOENT;
    return path && strcmp(path, "/missing") == 0 ? -1 : 0;
}

unsigned landlock_version(void) {
    return landlock;
}

unsigned landlock_enter(const struct confinement *c) {
    tell("landlock", c->hides_files ? "hides" : "shows");
    return CONFINE_FILES;
}

bool seccomp_is_there(void) {
    return false;
}

bool seccomp_enter(void) {
    return false;
}

static const struct confine_rule rules[] = {
    {"/srv", CONFINE_READ},     {"/missing", CONFINE_READ},     {"/tmp", CONFINE_READ | CONFINE_WRITE},
    {"/log", CONFINE_APPEND},   {"/fpm.sock", CONFINE_CONNECT}, {"/dev/null", CONFINE_READ | CONFINE_DEVICE},
};

static unsigned enter(bool hides) {
    struct confinement c = {.rules = rules, .rule_count = sizeof rules / sizeof *rules, .hides_files = hides};
    told[0] = '\0';
    return confine_files(&c);
}

static void expect(bool hides, unsigned bits, const char *words) {
    struct buf out = {0};
    ck_assert_uint_eq(confine_possible(hides, &out), bits);
    ck_assert_str_eq(buf_text(&out), words);
    buf_done(&out);
}

/* What is said to be possible is what is then done. */
START_TEST(files_are_hidden_where_that_is_wanted) {
    landlock = 0;
    expect(false, CONFINE_CALLS, "pledge");
    ck_assert_uint_eq(enter(false), 0);
    ck_assert_str_eq(told, "");
    expect(true, CONFINE_FILES | CONFINE_HIDES | CONFINE_CALLS, "unveil, pledge");
    ck_assert_uint_eq(enter(true), CONFINE_FILES | CONFINE_HIDES);
    ck_assert_str_eq(told, "/srv r;/missing r;/tmp rwc;/log wc;/fpm.sock rw;/dev/null rw;- -;");
}
END_TEST

START_TEST(links_are_followed_elsewhere) {
    landlock = 3;
    expect(true, CONFINE_FILES | CONFINE_CALLS, "Landlock 3, pledge");
    ck_assert_uint_eq(enter(true), CONFINE_FILES);
    ck_assert_str_eq(told, "landlock hides;");
    landlock = 4;
    expect(false, CONFINE_FILES | CONFINE_PORTS | CONFINE_CALLS, "Landlock 4, pledge");
}
END_TEST

START_TEST(no_program_is_promised) {
    told[0] = '\0';
    ck_assert_uint_eq(confine_calls(), CONFINE_CALLS);
    ck_assert_str_eq(told, "pledge some;");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("confine");
    TCase *c = tcase_create("confine");
    tcase_add_test(c, files_are_hidden_where_that_is_wanted);
    tcase_add_test(c, links_are_followed_elsewhere);
    tcase_add_test(c, no_program_is_promised);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
