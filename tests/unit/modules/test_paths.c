/* test_paths.c - alias.url, url.access-*, userdir.* */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "trial.h"

extern const struct module mod_access, mod_alias, mod_userdir;

/* ---- alias --------------------------------------------------------------------------------------------------- */

static const char aliases[] =
    "alias.url = (\"/x/long/\" => \"/l/\", \"/x\" => \"/y/\", \"/d/\" => \"/srv/d\", \"/file\" => \"/f.txt\")\n";

static const struct {
    const char *target, *basedir, *path;
    int status; /* 0: goes on */
    bool lowercase;
} mapped[] = {
    {"/other", "/docroot", "/docroot/other", 0, false},
    {"/x/a", "/y/", "/y//a", 0, false},
    {"/xa", "/y/", "/y/a", 0, false},
    {"/x", "/y/", "/y/", 0, false},
    {"/x/long/a", "/l/", "/l/a", 0, false},
    {"/d/a", "/srv/d", "/srv/da", 0, false},
    {"/file", "/f.txt", "/f.txt", 0, false},
    {"/file/more", "/f.txt", "/f.txt/more", 0, false},
    {"/X/a", "/docroot", "/docroot/X/a", 0, false},
    {"/X/a", "/y/", "/y//a", 0, true},
    {"/x../secret", "/docroot", "/docroot/x../secret", 403, false},
    {"/x%2e./secret", "/docroot", "/docroot/x../secret", 403, false},
    {"/x..", "/docroot", "/docroot/x..", 403, false},
    {"/x.", "/docroot", "/docroot/x.", 403, false},
    {"/x./a", "/docroot", "/docroot/x./a", 403, false},
    {"/x..a", "/y/", "/y/..a", 0, false},
    {"/x...", "/y/", "/y/...", 0, false},
};

START_TEST(alias_maps) {
    struct trial t;
    trial_begin(&t, &mod_alias, aliases);
    trial_request(&t, "a", mapped[_i].target);
    trial_core.lowercase_filenames = mapped[_i].lowercase;
    enum handler word = trial_run(&t, PHASE_PHYSICAL);
    ck_assert_int_eq(word, mapped[_i].status ? HANDLER_FINISHED : HANDLER_GO_ON);
    ck_assert_int_eq(t.r.status, mapped[_i].status);
    ck_assert_msg(span_is(t.r.physical.basedir, span_of(mapped[_i].basedir)), "%.*s", SPAN_ARG(t.r.physical.basedir));
    ck_assert_msg(span_is(t.r.physical.path, span_of(mapped[_i].path)), "%.*s", SPAN_ARG(t.r.physical.path));
    trial_end(&t);
}
END_TEST

static const struct {
    const char *conf, *messages;
} faults[] = {
    {"alias.url = (\"/a\" => \"/1\",\n \"/ab\" => \"/2\")\n",
     "t.conf:2:2: error: \"/ab\" is never used, since \"/a\" matches first\n"},
    {"alias.url = (\"/a\" => \"/1\",\n \"/ab\" => \"/2\")\n", "t.conf:1:14: note: it stands here\n"},
    {"alias.url = (\"/a\" => \"\")\n", "t.conf:1:22: error: \"/a\" leads nowhere\n"},
};

START_TEST(alias_complains) {
    char *messages = trial_messages(&mod_alias, faults[_i].conf);
    ck_assert_msg(strstr(messages, faults[_i].messages) != NULL, "%s", messages);
    free(messages);
}
END_TEST

/* ---- access -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *conf, *path;
    bool lowercase, allowed;
} accesses[] = {
    {"url.access-deny = (\"~\", \".inc\")", "/a.inc", false, false},
    {"url.access-deny = (\"~\", \".inc\")", "/a.php~", false, false},
    {"url.access-deny = (\"~\", \".inc\")", "/a.INC", false, true},
    {"url.access-deny = (\"~\", \".inc\")", "/a.INC", true, false},
    {"url.access-deny = (\"~\", \".inc\")", "/a.inc.txt", false, true},
    {"url.access-deny = (\"\")", "/", false, false},
    {"url.access-deny = ()", "/", false, true},
    {"url.access-allow = (\".txt\")", "/a.txt", false, true},
    {"url.access-allow = (\".txt\")", "/a", false, false},
    {"url.access-allow = (\".txt\")\nurl.access-deny = (\"\")", "/a.txt", false, true},
    {"url.access-allow = (\".txt\")\nurl.access-deny = (\"\")", "/a", false, false},
    {"url.access-allow = ()\nurl.access-deny = (\".c\")", "/a", false, true},
    {"url.access-allow = ()\nurl.access-deny = (\".c\")", "/a.c", false, false},
};

START_TEST(access_checks) {
    struct trial t;
    trial_begin(&t, &mod_access, accesses[_i].conf);
    trial_core.lowercase_filenames = accesses[_i].lowercase;
    trial_request(&t, "a", accesses[_i].path);
    ck_assert_int_eq(trial_run(&t, PHASE_URI_CLEAN), accesses[_i].allowed ? HANDLER_GO_ON : HANDLER_FINISHED);
    ck_assert_int_eq(t.r.status, accesses[_i].allowed ? 0 : 403);
    trial_request(&t, "a", "/innocent.txt"); /* an index file may have such a name */
    request_set_path(&t.r, SPAN("/docroot"), span_of(accesses[_i].path));
    ck_assert_int_eq(trial_run(&t, PHASE_SUBREQUEST_START), accesses[_i].allowed ? HANDLER_GO_ON : HANDLER_FINISHED);
    ck_assert_int_eq(t.r.status, accesses[_i].allowed ? 0 : 403);
    trial_end(&t);
}
END_TEST

/* ---- userdir ------------------------------------------------------------------------------------------------- */

#define BASE "userdir.path = \"public_html\"\nuserdir.basepath = \"%s/home/\"\n"

static const struct {
    const char *conf, *target;
    const char *path;     /* below the directory of the trial; NULL: as it was */
    const char *location; /* NULL: no redirect */
} users[] = {
    {BASE, "/~joe/", "/home/joe/public_html/", NULL},
    {BASE, "/~joe/a/b?c", "/home/joe/public_html/a/b", NULL},
    {BASE, "/~joe", NULL, "/~joe/"},
    {BASE, "/~joe?a=b", NULL, "/~joe/?a=b"},
    {BASE, "//~joe", NULL, "/~joe/"},
    {BASE, "/~none/x", NULL, NULL},
    {BASE, "/~none", NULL, NULL},
    {BASE, "/~file/x", NULL, NULL},
    {BASE, "/~", NULL, NULL},
    {BASE, "/~/", NULL, NULL},
    {BASE, "/joe/", NULL, NULL},
    {BASE, "/~../x", NULL, NULL},
    {BASE, "/~./x", NULL, NULL},
    {BASE, "/~.hidden/x", NULL, NULL},
    {BASE, "/~jo%65/x", "/home/joe/public_html/x", NULL},
    {BASE, "/~a b/x", NULL, NULL},
    {BASE, "/~j%5Coe/x", NULL, NULL},
    {BASE "userdir.exclude-user = (\"root\", \"joe\")\n", "/~joe/", NULL, NULL},
    {BASE "userdir.exclude-user = (\"root\")\n", "/~joe/", "/home/joe/public_html/", NULL},
    {BASE "userdir.include-user = (\"joe\")\n", "/~joe/", "/home/joe/public_html/", NULL},
    {BASE "userdir.include-user = (\"ann\")\n", "/~joe/", NULL, NULL},
    {BASE "userdir.include-user = ()\n", "/~joe/", "/home/joe/public_html/", NULL},
    {BASE "userdir.include-user = (\"joe\")\nuserdir.exclude-user = (\"joe\")\n", "/~joe/", NULL, NULL},
    {BASE "userdir.letterhomes = \"enable\"\n", "/~ann/x", "/home/a/ann/public_html/x", NULL},
    {BASE "userdir.letterhomes = \"enable\"\n", "/~joe/x", NULL, NULL},
    {BASE "userdir.active = \"disable\"\n", "/~joe/", NULL, NULL},
    {"userdir.path = \"\"\nuserdir.basepath = \"%s/home\"\n", "/~joe/x", "/home/joe/x", NULL},
    {"userdir.basepath = \"%s/home\"\n", "/~joe/x", NULL, NULL},
};

START_TEST(userdir_finds) {
    struct trial t;
    char conf[512], expected[256];
    trial_make("home/joe/public_html/");
    trial_make("home/a/ann/public_html/");
    trial_make("home/.hidden/public_html/");
    trial_make("home/a b/public_html/");
    trial_make("home/file/public_html");
    trial_make("public_html/");
    snprintf(conf, sizeof conf, users[_i].conf, trial_directory());
    trial_begin(&t, &mod_userdir, conf);
    trial_request(&t, "a", users[_i].target);
    struct span before = t.r.physical.path;
    ck_assert_int_eq(trial_run(&t, PHASE_PHYSICAL), users[_i].location ? HANDLER_FINISHED : HANDLER_GO_ON);
    ck_assert_str_eq(trial_out(&t, "Location"), users[_i].location ? users[_i].location : "");
    snprintf(expected, sizeof expected, "%s%s", trial_directory(), users[_i].path ? users[_i].path : "");
    struct span path = users[_i].path ? span_of(expected) : before;
    ck_assert_msg(span_is(t.r.physical.path, path), "%.*s", SPAN_ARG(t.r.physical.path));
    if (users[_i].path || users[_i].location) ck_assert_int_eq(t.r.lasting, LASTS_A_SECOND);
    trial_end(&t);
}
END_TEST

/* An alias was there first: what is left of the URL is no user's. */
START_TEST(userdir_respects_alias) {
    struct trial t;
    char conf[512];
    trial_make("home/joe/public_html/");
    snprintf(conf, sizeof conf, BASE, trial_directory());
    trial_begin(&t, &mod_userdir, conf);
    trial_request(&t, "a", "/x/~joe/y");
    request_set_path(&t.r, SPAN("/aliased"), SPAN("/~joe/y"));
    trial_run(&t, PHASE_PHYSICAL);
    ck_assert(span_is(t.r.physical.path, SPAN("/aliased/~joe/y")));
    trial_end(&t);
}
END_TEST

START_TEST(userdir_asks_the_system) {
    const struct passwd *me = getpwuid(getuid());
    struct trial t;
    char target[128], expected[512];
    if (!me || me->pw_dir[0] != '/' || access(me->pw_dir, X_OK) != 0) return;
    snprintf(target, sizeof target, "/~%s/x", me->pw_name);
    snprintf(expected, sizeof expected, "%s/x", me->pw_dir);
    clock_set(1000);
    trial_begin(&t, &mod_userdir, "userdir.path = \"\"\n");
    for (int again = 0; again < 2; again++) {
        trial_request(&t, "a", target);
        trial_run(&t, PHASE_PHYSICAL);
        ck_assert_msg(span_is(t.r.physical.path, span_of(expected)), "%.*s", SPAN_ARG(t.r.physical.path));
        trial_request(&t, "a", "/~no-such-user-here/x");
        trial_run(&t, PHASE_PHYSICAL);
        ck_assert(span_is(t.r.physical.path, SPAN("/docroot/~no-such-user-here/x")));
    }
    trial_end(&t);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    trial_directory();
    Suite *s = suite_create("paths");
    TCase *t = tcase_create("paths");
    tcase_add_loop_test(t, alias_maps, 0, COUNT(mapped));
    tcase_add_loop_test(t, alias_complains, 0, COUNT(faults));
    tcase_add_loop_test(t, access_checks, 0, COUNT(accesses));
    tcase_add_loop_test(t, userdir_finds, 0, COUNT(users));
    tcase_add_test(t, userdir_respects_alias);
    tcase_add_test(t, userdir_asks_the_system);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
