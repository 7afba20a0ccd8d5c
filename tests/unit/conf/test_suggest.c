/* test_suggest.c - which slips are recognised */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "conf/complain.h"

static const char *const words[] = {"server.port", "server.name", "server.document-root",
                                    "url.rewrite", "ssl.pemfile", "alias.url",
                                    "include",     "else",        "tag",
                                    "x",           NULL};

static const struct {
    const char *word, *near;
} cases[] = {
    {"server.prot", "server.port"},
    {"server.por", "server.port"},
    {"serverport", "server.port"},
    {"Server.Port", "server.port"},
    {"server.pport", "server.port"},
    {"servre.prot", "server.port"},
    {"server.nane", "server.name"},
    {"server.document-rot", "server.document-root"},
    {"server.docment-rooot", "server.document-root"},
    {"ssl.pem-file", "ssl.pemfile"},
    {"alias.uri", "alias.url"},
    {"inlcude", "include"},
    {"esle", "else"},
    {"tga", "tag"},
    {"ta", NULL},
    {"y", NULL},
    {"", NULL},
    {"proxy.server", NULL},
    {"elephant", NULL},
    {"server.document-root-and-a-lot-of-other-words-behind-it-that-go-on-and-on", NULL},
};

static const char *word_at(void *arg, size_t i) {
    ck_assert_ptr_eq(arg, words);
    return words[i];
}

START_TEST(nearest)
{
    const char *near = did_you_mean(span_of(cases[_i].word), word_at, (void *)words);
    if (cases[_i].near) ck_assert_msg(near != NULL, "%s", cases[_i].word);
    if (near) ck_assert_str_eq(near, cases[_i].near ? cases[_i].near : "(none)");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("suggest");
    TCase *tcase = tcase_create("suggest");
    tcase_add_loop_test(tcase, nearest, 0, (int)(sizeof cases / sizeof *cases));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
