/* test_rewrite.c - url.rewrite-* and url.redirect on requests */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/regex.h"
#include "trial.h"

extern const struct module mod_redirect, mod_rewrite;

/* ---- redirect ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *conf, *host, *target;
    enum method method;
    uint8_t version;
    int status; /* 0: goes on */
    const char *location;
} redirects[] = {
    {"url.redirect = (\"^/old/(.*)\" => \"/new/$1\")", "a", "/old/x%20y?q", METHOD_GET, 11, 301, "/new/x%20y?q"},
    {"url.redirect = (\"^/old\" => \"/new\")", "a", "/older", METHOD_HEAD, 11, 301, "/new"},
    {"url.redirect = (\"^/old\" => \"/new\")", "a", "/old", METHOD_POST, 11, 308, "/new"},
    {"url.redirect = (\"^/old\" => \"/new\")", "a", "/old", METHOD_POST, 10, 301, "/new"},
    {"url.redirect = (\"^/old\" => \"/new\")", "a", "/other", METHOD_GET, 11, 0, ""},
    {"url.redirect = (\"^/old/keep\" => \"\", \"^/old\" => \"/new\")", "a", "/old/keep", METHOD_GET, 11, 0, ""},
    {"url.redirect = (\"\" => \"/x\")\nurl.redirect-code = 302", "a", "/", METHOD_POST, 11, 302, "/x"},
    {"url.redirect = (\"\" => \"/x\")\nurl.redirect-code = 7", "a", "/", METHOD_GET, 11, 301, "/x"},
    {"url.redirect = (\"\" => \"/x\")\n", "a", "*", METHOD_OPTIONS, 11, 0, ""},
    {"url.redirect = (\"\" => \"https://${url.authority}${url.path}${qsa}\")", "b.org:81", "/p?q", METHOD_GET, 11,
     301, "https://b.org:81/p?q"},
    {"url.redirect = (\"\" => \"https://${url.authority.noport}:${url.port}/\")", "b.org:81", "/", METHOD_GET, 11,
     301, "https://b.org:8080/"},
    {"url.redirect = (\"\" => \"${url.scheme}://${url.authority}/\")", "", "/", METHOD_GET, 10, 301, "http://named/"},
    {"$HTTP[\"host\"] =~ \"^www\\.(.*)\" { url.redirect = (\"^/(.*)\" => \"http://%1/$1\") }", "www.b.org", "/x",
     METHOD_GET, 11, 301, "http://b.org/x"},
    {"$HTTP[\"host\"] =~ \"^www\\.(.*)\" { $HTTP[\"scheme\"] == \"http\" { url.redirect = (\"\" => \"https://%1/\") "
     "} }",
     "www.b.org", "/x", METHOD_GET, 11, 301, "https://b.org/"},
    {"$HTTP[\"url\"] =~ \"^/a/(.*)\" { url.redirect = (\"\" => \"/b/%1\") }", "a", "/a/x%20%252F", METHOD_GET, 11,
     301, "/b/x%20%252F"},
    {"url.redirect = (\"^/d/(.*)\" => \"/${decb64u:1}\")", "a", "/d/YQ0KYjogYw", METHOD_GET, 11, 301,
     "/a%0D%0Ab:%20c"},
};

START_TEST(redirects_to) {
    struct trial t;
    trial_begin(&t, &mod_redirect, redirects[_i].conf);
    trial_request(&t, redirects[_i].host, redirects[_i].target);
    t.r.in.method = redirects[_i].method;
    t.r.in.version = redirects[_i].version;
    enum handler word = trial_run(&t, PHASE_URI_CLEAN);
    ck_assert_int_eq(word, redirects[_i].status ? HANDLER_FINISHED : HANDLER_GO_ON);
    ck_assert_int_eq(t.r.status, redirects[_i].status);
    ck_assert_str_eq(trial_out(&t, "Location"), redirects[_i].location);
    ck_assert_int_eq(t.r.lasting, LASTS);
    trial_end(&t);
}
END_TEST

/* ---- rewrite ------------------------------------------------------------------------------------------------- */

/* As the server does it: again from the start after each COMEBACK. Returns the last word; 100 rounds are too many. */
static enum handler travel(struct trial *t) {
    for (int round = 0; round < 100; round++) {
        enum handler word = trial_run(t, PHASE_URI_RAW);
        if (word == HANDLER_GO_ON) {
            t->r.physical.docroot = span_of(trial_directory());
            request_set_path(&t->r, t->r.physical.docroot, t->r.in.uri.path);
            word = trial_run(t, PHASE_PHYSICAL);
        }
        if (word != HANDLER_COMEBACK) return word;
    }
    return HANDLER_COMEBACK;
}

static const char rules[] = "url.rewrite-once = (\"^/once/(.*)\" => \"/missing/$1\", \"^/stop\" => \"\", \"^/bad\" "
                            "=> \"bad\", \"^/frag\" => \"/a#b\",\n"
                            "                    \"^/q\\?(.*)\" => \"/p?z&$1\")\n"
                            "url.rewrite-repeat = (\"^/rep/(.*)\" => \"/once/$1\", \"^/three\" => \"/two\", "
                            "\"^/two\" => \"/one\", \"^/loop\" => \"/loop\",\n"
                            "                      \"^/stop\" => \"/never\")\n"
                            "url.rewrite-if-not-file = (\"^/(missing|file)(.*)\" => \"/index.php?u=$1$2\")\n"
                            "url.rewrite-repeat-if-not-file = (\"^/deep/(.*)\" => \"/missing/$1\")\n";

static const struct {
    const char *sent, *target, *path;
    enum handler word;
    enum lasting lasting;
} rewrites[] = {
    {"/other?x", "/other?x", "/other", HANDLER_GO_ON, LASTS_A_SECOND},
    {"/once/1", "/missing/1", "/missing/1", HANDLER_GO_ON, LASTS}, /* and no rule more, if-not-file neither */
    {"/rep/1?a=b", "/missing/1?a=b", "/missing/1", HANDLER_GO_ON, LASTS},
    {"/three", "/one", "/one", HANDLER_GO_ON, LASTS_A_SECOND},
    {"/stop", "/stop", "/stop", HANDLER_GO_ON, LASTS_A_SECOND},
    {"/q?a=%2F", "/p?z&a=%2F", "/p", HANDLER_GO_ON, LASTS},
    {"/missing/x", "/index.php?u=missing/x", "/index.php", HANDLER_GO_ON, LASTS_A_SECOND},
    {"/deep/x", "/index.php?u=missing/x", "/index.php", HANDLER_GO_ON, LASTS_A_SECOND},
    {"/file", "/file", "/file", HANDLER_GO_ON, LASTS_A_SECOND},
    {"/file/", "/index.php?u=file/", "/index.php", HANDLER_GO_ON, LASTS_A_SECOND},
    {"/bad", "/bad", "/bad", HANDLER_ERROR, LASTS},
    {"/frag", "/frag", "/frag", HANDLER_ERROR, LASTS},
    {"/loop", "/loop", "/loop", HANDLER_COMEBACK, LASTS},
};

START_TEST(rewrites_to) {
    struct trial t;
    trial_make("file");
    trial_begin(&t, &mod_rewrite, rules);
    trial_request(&t, "a", rewrites[_i].sent);
    enum handler word = travel(&t);
    ck_assert_int_eq(word, rewrites[_i].word);
    ck_assert_msg(span_is(t.r.in.uri.target, span_of(rewrites[_i].target)), "%.*s", SPAN_ARG(t.r.in.uri.target));
    ck_assert_msg(span_is(t.r.in.uri.path, span_of(rewrites[_i].path)), "%.*s", SPAN_ARG(t.r.in.uri.path));
    ck_assert_int_eq(t.r.lasting, rewrites[_i].lasting);
    trial_end(&t);
}
END_TEST

START_TEST(knows_old_spellings) {
    static const char *const confs[] = {"url.rewrite = (\"^/a\" => \"/b\")",
                                        "url.rewrite-final = (\"^/a\" => \"/b\")"};
    struct trial t;
    trial_begin(&t, &mod_rewrite, confs[_i]);
    trial_request(&t, "a", "/a");
    ck_assert_int_eq(travel(&t), HANDLER_GO_ON);
    ck_assert(span_is(t.r.in.uri.path, SPAN("/b")));
    trial_end(&t);
}
END_TEST

static const struct {
    const struct module *module;
    const char *conf, *messages;
} faults[] = {
    {&mod_redirect, "url.redirect = (\"(\" => \"/\")\n",
     "t.conf:1:17: error: the regular expression is not one (at its byte 1): missing closing parenthesis\n"},
    {&mod_rewrite, "url.rewrite-once = (\"a\" => \"/${url.pth}\")\n", "t.conf:1:28: warning: {url.pth} is nothing"},
    {&mod_rewrite, "url.rewrite-once = (\"a\" => \"/${url.pth}\")\n", "did you mean url.path?"},
    {&mod_rewrite, "url.rewrite-once = (\"a\" => \"/${1\")\n", "t.conf:1:28: warning: no \"}\" ends \"${1\""},
};

START_TEST(complains) {
    char *messages = trial_messages(faults[_i].module, faults[_i].conf);
    ck_assert_msg(strstr(messages, faults[_i].messages) != NULL, "%s", messages);
    free(messages);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    if (!regex_is_built()) {
        puts("SKIP: PCRE2 is not in this build");
        return 77;
    }
    trial_directory();
    Suite *s = suite_create("rewrite");
    TCase *t = tcase_create("rewrite");
    tcase_add_loop_test(t, redirects_to, 0, COUNT(redirects));
    tcase_add_loop_test(t, rewrites_to, 0, COUNT(rewrites));
    tcase_add_loop_test(t, knows_old_spellings, 0, 2);
    tcase_add_loop_test(t, complains, 0, COUNT(faults));
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
