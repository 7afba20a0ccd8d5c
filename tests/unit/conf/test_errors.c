/* test_errors.c - broken configurations and every word that is said about them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "conf/complain.h"
#include "conf/tree.h"
#include "conf_text.h"

static const struct {
    struct span text;
    const char *messages;
} cases[] = {
#include "errors.def"
};

START_TEST(messages)
{
    char *said = text_messages(cases[_i].text);
    ck_assert_str_eq(said, cases[_i].messages);
    free(said);
}
END_TEST

/* A right text, cut off anywhere: a quote, a ) and a } can be missing, and no more is said. */
START_TEST(cut_anywhere)
{
    static const char whole[] =
        "server.modules = ( \"a\", \"b\" )\n$HTTP[\"host\"] == \"x\" {\n    alias.url += ( \"/a\" "
        "=> \"/b\" )\n"
        "    $HTTP[\"url\"] =~ \"y\" { a = \"1\" + 2 }\n} else {\n    b = (( 1 ))\n}\n";
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *said = text_messages((struct span){whole, n});
        size_t errors = 0;
        for (const char *at = said; (at = strstr(at, " error: ")); at++) errors++;
        ck_assert_msg(errors <= 3, "%zu: %s", n, said);
        free(said);
    }
}
END_TEST

START_TEST(counts_and_limit)
{
    struct complaints *c = complaints_make();
    struct source_text source = {SPAN_INIT("f"), SPAN_INIT("one\ntwo\n"), {NULL, 0}};
    struct place at = {&source, 4};
    struct buf out = {NULL, 0, 0};
    complain(c, COMPLAINT_WARNING, at, 3, "a hint\nof two lines", "odd %s", "thing");
    complain(c, COMPLAINT_NOTE, (struct place){NULL, 0}, 0, NULL, "nowhere");
    complaints_print(c, &out);
    ck_assert_str_eq(
        buf_text(&out),
        "f:2:1: warning: odd thing\n  two\n  ^~~\n  a hint\n  of two lines\nnote: nowhere\n");
    for (int i = 0; i < 1100; i++) complain(c, COMPLAINT_ERROR, at, 0, NULL, "again");
    buf_clear(&out);
    complaints_print(c, &out);
    ck_assert_uint_eq(complaints_errors(c), 1100);
    ck_assert_uint_eq(complaints_warnings(c), 1);
    ck_assert(span_ends(buf_span(&out), SPAN("(101 more messages)\n")));
    buf_done(&out);
    complaints_drop(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("errors");
    TCase *tcase = tcase_create("errors");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, messages, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, cut_anywhere);
    tcase_add_test(tcase, counts_and_limit);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
