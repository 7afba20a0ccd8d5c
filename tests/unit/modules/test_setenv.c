/* test_setenv.c - setenv.*: fields and variables added, set and removed */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "trial.h"

extern const struct module mod_setenv;

static const char *field(struct trial *t, const struct fields *f, const char *name) {
    struct span value = fields_get_named(f, &t->r.arena, span_of(name));
    if (!value.p) return "(none)";
    return value.n ? arena_copy(&t->r.arena, value).p : "";
}

START_TEST(changes_response) {
    struct trial t;
    trial_begin(&t, &mod_setenv,
                "setenv.add-response-header = (\"X-A\" => \"1\", \"Vary\" => \"Cookie\", \"X-Empty\" => \"\")\n"
                "setenv.set-response-header = (\"Server\" => \" mine \", \"ETag\" => \"\", \"x-gone\" => \"\", "
                "\"X-New\" => \"n\")\n");
    trial_request(&t, "a", "/");
    struct fields *out = &t.r.out;
    fields_add(out, &t.r.arena, HEADER_ETAG, SPAN("\"1\""));
    fields_add(out, &t.r.arena, HEADER_VARY, SPAN("Accept"));
    fields_add_named(out, &t.r.arena, SPAN("X-Gone"), SPAN("x"));
    fields_add(out, &t.r.arena, HEADER_SERVER, SPAN("theirs"));
    ck_assert_int_eq(trial_run(&t, PHASE_RESPONSE_START), HANDLER_GO_ON);
    ck_assert_str_eq(field(&t, out, "X-A"), "1");
    ck_assert_str_eq(field(&t, out, "Vary"), "Accept, Cookie");
    ck_assert_str_eq(field(&t, out, "X-Empty"), "(none)");
    ck_assert_str_eq(field(&t, out, "Server"), "mine");
    ck_assert_str_eq(field(&t, out, "ETag"), "(none)");
    ck_assert_str_eq(field(&t, out, "X-Gone"), "(none)");
    ck_assert_str_eq(field(&t, out, "X-New"), "n");
    ck_assert_int_eq(t.r.lasting, LASTS);
    trial_end(&t);
}
END_TEST

/* What is of the client makes the response one for this request alone; errors have what is for all. */
START_TEST(makes_fields) {
    struct trial t;
    trial_begin(&t, &mod_setenv,
                "setenv.template-request-header = (\"X-Real-IP\" => \"${client.ip}\", "
                "\"X-Gone\" => \"${header:X-None}\")\n"
                "setenv.template-environment = (\"HOW\" => \"${request.method} ${url.path}\")\n"
                "setenv.template-response-header = (\"X-Url\" => \"${url.scheme}://${url.authority}\")\n"
                "setenv.template-success-header = (\"X-Good\" => \"100%% ${header:X-Real-IP}\")\n");
    trial_request(&t, "a", "/b");
    fields_add_named(&t.r.in.fields, &t.r.arena, SPAN("X-Real-IP"), SPAN("6.6.6.6"));
    fields_add_named(&t.r.in.fields, &t.r.arena, SPAN("X-Gone"), SPAN("x"));
    t.r.client.is.any.sa_family = AF_INET;
    ck_assert_int_eq(trial_run(&t, PHASE_URI_CLEAN), HANDLER_GO_ON);
    ck_assert_str_eq(field(&t, &t.r.in.fields, "X-Real-IP"), "0.0.0.0");
    ck_assert_str_eq(field(&t, &t.r.in.fields, "X-Gone"), "(none)");
    ck_assert_str_eq(field(&t, &t.r.env, "HOW"), "GET /b");
    t.r.lasting = LASTS;
    t.r.status = 404;
    ck_assert_int_eq(trial_run(&t, PHASE_RESPONSE_START), HANDLER_GO_ON);
    ck_assert_str_eq(field(&t, &t.r.out, "X-Url"), "http://a");
    ck_assert_str_eq(field(&t, &t.r.out, "X-Good"), "(none)");
    ck_assert_int_eq(t.r.lasting, LASTS);
    t.r.status = 200;
    ck_assert_int_eq(trial_run(&t, PHASE_RESPONSE_START), HANDLER_GO_ON);
    ck_assert_str_eq(field(&t, &t.r.out, "X-Good"), "100% 0.0.0.0");
    ck_assert_int_eq(t.r.lasting, LASTS_NOT);
    trial_end(&t);
}
END_TEST

/* A rewritten request comes a second time: nothing is added twice. */
START_TEST(changes_request_once) {
    struct trial t;
    trial_begin(&t, &mod_setenv,
                "setenv.add-request-header = (\"X-A\" => \"1\")\n"
                "setenv.set-request-header = (\"User-Agent\" => \"\", \"X-B\" => \"2\")\n"
                "setenv.add-environment = (\"E\" => \"3\")\n"
                "setenv.set-environment = (\"F\" => \"4\", \"G\" => \"\")\n");
    trial_request(&t, "a", "/");
    fields_add(&t.r.in.fields, &t.r.arena, HEADER_USER_AGENT, SPAN("ua"));
    fields_add_named(&t.r.in.fields, &t.r.arena, SPAN("x-b"), SPAN("old"));
    for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(trial_run(&t, PHASE_URI_CLEAN), HANDLER_GO_ON);
        ck_assert_str_eq(field(&t, &t.r.in.fields, "X-A"), "1");
        ck_assert_str_eq(field(&t, &t.r.in.fields, "User-Agent"), "(none)");
        ck_assert_str_eq(field(&t, &t.r.in.fields, "X-B"), "2");
        ck_assert_str_eq(field(&t, &t.r.env, "E"), "3");
        ck_assert_str_eq(field(&t, &t.r.env, "F"), "4");
        ck_assert_str_eq(field(&t, &t.r.env, "G"), "");
    }
    ck_assert_int_eq(t.r.lasting, LASTS);
    trial_end(&t);
}
END_TEST

static const struct {
    const char *conf;
    enum lasting lasting;
} keeps[] = {
    {"setenv.set-request-header = (\"Range\" => \"\")", LASTS_NOT},
    {"setenv.set-request-header = (\"if-none-match\" => \"\")", LASTS_NOT},
    {"setenv.add-request-header = (\"If-Range\" => \"x\")", LASTS_NOT},
    {"setenv.set-request-header = (\"Ranges\" => \"\")", LASTS},
    {"setenv.set-response-header = (\"Range\" => \"\")", LASTS},
};

START_TEST(knows_what_decides) {
    struct trial t;
    trial_begin(&t, &mod_setenv, keeps[_i].conf);
    trial_request(&t, "a", "/");
    trial_run(&t, PHASE_URI_CLEAN);
    ck_assert_int_eq(t.r.lasting, keeps[_i].lasting);
    trial_end(&t);
}
END_TEST

static const struct {
    const char *conf, *messages;
} faults[] = {
    {"setenv.add-response-header = (\"X A\" => \"1\")\n",
     "t.conf:1:31: error: \"X A\" is no name of a header field\n"},
    {"setenv.set-request-header = (\"\" => \"1\")\n", "t.conf:1:30: error: \"\" is no name of a header field\n"},
    {"setenv.set-environment = (\"A=B\" => \"1\")\n", "t.conf:1:27: error: \"A=B\" is no name of a variable\n"},
    {"setenv.add-response-header = (\"X\" => \"1\n2\")\n",
     "t.conf:1:38: error: the value of \"X\" holds a control character\n"},
    {"setenv.set-response-header = (\"content-length\" => \"1\")\n",
     "t.conf:1:31: warning: content-length is left out"},
};

START_TEST(complains) {
    char *messages = trial_messages(&mod_setenv, faults[_i].conf);
    ck_assert_msg(strstr(messages, faults[_i].messages) != NULL, "%s", messages);
    free(messages);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    Suite *s = suite_create("setenv");
    TCase *t = tcase_create("setenv");
    tcase_add_test(t, changes_response);
    tcase_add_test(t, changes_request_once);
    tcase_add_test(t, makes_fields);
    tcase_add_loop_test(t, knows_what_decides, 0, COUNT(keeps));
    tcase_add_loop_test(t, complains, 0, COUNT(faults));
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
