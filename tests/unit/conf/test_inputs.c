/* test_inputs.c - what is read from outside, recorded, and told again */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "conf/braces.h"
#include "conf/complain.h"
#include "conf/inputs.h"
#include "conf/tree.h"

static char directory[64];
static char path_room[256];

static const char *path(const char *name) {
    snprintf(path_room, sizeof path_room, "%s/%s", directory, name);
    return path_room;
}

static void write_file(const char *name, const char *text, mode_t mode) {
    FILE *file = fopen(path(name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path(name), mode), 0);
}

static const char *const file_names[] = {"main.conf", "a.conf", "b.conf", "c.txt", "say.sh"};

static void set_up(void) {
    snprintf(directory, sizeof directory, "/tmp/gc-inputs-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    write_file("main.conf",
               "include \"*.{txt,none}\"\ninclude \"[ab].conf\"\ninclude_shell \"cat c.txt | sed "
               "s/c/d/\"\n"
               "e = env.GC_TEST\ninclude_shell \"echo p = $((1 + 2))\"\n",
               0600);
    write_file("a.conf", "a = 1\n", 0600);
    write_file("b.conf", "b = a + 1\n", 0600);
    write_file("c.txt", "c = 3\n", 0600);
    write_file("say.sh", "#!/bin/sh\necho \"n = $#\"\necho \"x = \\\"$2\\\"\"\n", 0700);
    setenv("GC_TEST", "set", 1);
    setenv("SHELL", "/bin/sh", 1);
}

static void tear_down(void) {
    for (size_t i = 0; i < sizeof file_names / sizeof *file_names; i++) unlink(path(file_names[i]));
    rmdir(directory);
}

static char *tree_of(struct inputs *in) {
    struct complaints *c = complaints_make();
    struct buf out = {NULL, 0, 0};
    struct conf_tree *tree = conf_parse(in, c, path("main.conf"));
    complaints_print(c, &out);
    conf_print(tree, &out);
    char *text = span_dup(buf_span(&out));
    conf_tree_drop(tree);
    complaints_drop(c);
    buf_done(&out);
    return text;
}

START_TEST(recorded_and_replayed)
{
    struct buf saved = {NULL, 0, 0}, again = {NULL, 0, 0};
    struct inputs *in = inputs_record();
    char *first = tree_of(in);
    ck_assert_str_eq(
        first,
        "# block 0\nvar.c = 3\nvar.a = 1\nvar.b = 2\nvar.d = 3\nvar.e = \"set\"\nvar.p = 3\n");
    inputs_save(in, &saved);
    int pid = inputs_pid(in);
    inputs_drop(in);
    ck_assert_int_eq(pid, (int)getpid());
    for (size_t i = 1; i < 4; i++) unlink(path(file_names[i]));
    write_file("main.conf", "other = 1\n", 0600);
    unsetenv("GC_TEST");

    struct inputs *replay = inputs_replay(buf_span(&saved));
    ck_assert_ptr_nonnull(replay);
    char *second = tree_of(replay);
    ck_assert_str_eq(second, first);
    ck_assert_int_eq(inputs_pid(replay), pid);
    inputs_save(replay, &again);
    ck_assert(span_is(buf_span(&again), buf_span(&saved)));
    inputs_drop(replay);
    buf_done(&saved);
    buf_done(&again);
    free(first);
    free(second);
}
END_TEST

START_TEST(damage_is_refused)
{
    struct buf saved = {NULL, 0, 0};
    struct inputs *in = inputs_record();
    free(tree_of(in));
    inputs_save(in, &saved);
    inputs_drop(in);
    for (size_t i = 0; i < saved.n; i++) {
        struct inputs *cut = inputs_replay((struct span){saved.p, i});
        ck_assert_msg(!cut, "cut at %zu", i);
        for (unsigned bit = 0; bit < 8; bit++) {
            saved.p[i] = (char)(saved.p[i] ^ (1 << bit));
            struct inputs *flipped = inputs_replay(buf_span(&saved));
            ck_assert_msg(!flipped, "bit %u of %zu", bit, i);
            saved.p[i] = (char)(saved.p[i] ^ (1 << bit));
        }
    }
    buf_add_char(&saved, '\0');
    ck_assert_ptr_null(inputs_replay(buf_span(&saved)));
    buf_done(&saved);
}
END_TEST

START_TEST(asked_once)
{
    struct inputs *in = inputs_record();
    struct span text, why;
    ck_assert(inputs_file(in, path("a.conf"), &text, &why) && span_is(text, SPAN("a = 1\n")));
    write_file("a.conf", "a = 2\n", 0600);
    ck_assert(inputs_file(in, path("a.conf"), &text, &why) && span_is(text, SPAN("a = 1\n")));
    ck_assert(!inputs_file(in, path("new.conf"), &text, &why));
    ck_assert(span_is(why, SPAN("No such file or directory")));
    ck_assert(!inputs_file(in, directory, &text, &why) && span_is(why, SPAN("Is a directory")));
    inputs_drop(in);
}
END_TEST

/* What was renewed is read again, everything else stays as it was told. */
START_TEST(refreshed)
{
    struct inputs *in = inputs_record(), *renewed;
    struct span text, why;
    char a[256], b[256], gone[256];
    snprintf(a, sizeof a, "%s", path("a.conf"));
    snprintf(b, sizeof b, "%s", path("b.conf"));
    snprintf(gone, sizeof gone, "%s", path("c.txt"));
    const char *const paths[] = {a, gone, "/never/asked/for"};
    ck_assert(inputs_file(in, a, &text, &why) && inputs_file(in, b, &text, &why));
    ck_assert(inputs_file(in, gone, &text, &why));
    ck_assert_ptr_null(inputs_refresh(in, paths, 3));
    write_file("b.conf", "b = 9\n", 0600); /* not among them */
    ck_assert_ptr_null(inputs_refresh(in, paths, 3));
    write_file("a.conf", "a = 2\n", 0600);
    renewed = inputs_refresh(in, paths, 3);
    ck_assert_ptr_nonnull(renewed);
    ck_assert(inputs_file(renewed, a, &text, &why) && span_is(text, SPAN("a = 2\n")));
    ck_assert(inputs_file(renewed, b, &text, &why) && span_is(text, SPAN("b = a + 1\n")));
    ck_assert(inputs_file(in, a, &text, &why) && span_is(text, SPAN("a = 1\n")));
    inputs_drop(in);
    unlink(gone);
    in = inputs_refresh(renewed, paths, 3);
    inputs_drop(renewed);
    ck_assert_ptr_nonnull(in);
    ck_assert(!inputs_file(in, gone, &text, &why) && span_is(why, SPAN("No such file or directory")));
    ck_assert(inputs_file(in, a, &text, &why) && span_is(text, SPAN("a = 2\n")));
    ck_assert_ptr_null(inputs_refresh(in, paths, 3));
    inputs_drop(in);
}
END_TEST

START_TEST(none_says_no)
{
    struct inputs *in = inputs_none();
    struct span text, why;
    ck_assert(!inputs_file(in, "/etc/passwd", &text, &why) && why.n > 0 && text.n == 0);
    ck_assert(!inputs_glob(in, "/*", &text, &why) && !inputs_shell(in, "", "echo x", &text, &why));
    ck_assert(!inputs_env(in, "PATH", &text) && inputs_pid(in) == 0 && inputs_cwd(in).n == 0);
    inputs_put(in, INPUT_ENV, "PATH", SPAN("mine"));
    ck_assert(inputs_env(in, "PATH", &text) && span_is(text, SPAN("mine")));
    inputs_drop(in);
}
END_TEST

static const struct {
    const char *command, *output, *why; /* one of the last two */
} commands[] = {
    {"echo a; echo b", "a\nb\n", NULL},
    {"/bin/echo a  b\tc", "a b c\n", NULL},
    {"/bin/sh -c exit", "", NULL},
    {"pwd", NULL, NULL}, /* the directory, see below */
    {"cat", "", NULL},   /* standard input is empty */
    {"exit 3", NULL, "exit status 3"},
    {"kill -9 $$", NULL, "killed by signal 9"},
    {"/no/such/program", NULL, "No such file or directory"},
    {"/", NULL, "Permission denied"},
    {"sleep 20 & echo here", "here\n", NULL},
};

START_TEST(shell)
{
    struct inputs *in = inputs_record();
    struct span text = SPAN(""), why = SPAN("");
    time_t start = time(NULL);
    bool ok = inputs_shell(in, directory, commands[_i].command, &text, &why);
    ck_assert_int_lt(time(NULL) - start, 10);
    ck_assert_msg(ok == !commands[_i].why, "%s: %.*s", commands[_i].command, SPAN_ARG(why));
    struct span expected = span_of(commands[_i].why ? commands[_i].why : commands[_i].output);
    if (!expected.p) ck_assert(span_search(text, span_of(directory)) < text.n);
    else ck_assert_msg(span_is(ok ? text : why, expected), "%.*s", SPAN_ARG(ok ? text : why));
    inputs_drop(in);
}
END_TEST

START_TEST(program_is_started_itself)
{
    struct inputs *in = inputs_record();
    struct span text, why;
    char command[320];
    setenv("SHELL", "/bin/false", 1);
    snprintf(command, sizeof command, "%s one two=2", path("say.sh"));
    ck_assert(inputs_shell(in, "", command, &text, &why));
    ck_assert(span_is(text, SPAN("n = 2\nx = \"two=2\"\n")));
    ck_assert(!inputs_shell(in, "", "echo x", &text, &why));
    ck_assert(span_is(why, SPAN("exit status 1")));
    inputs_drop(in);
}
END_TEST

/* A command that is killed for its output does not fill the memory. */
START_TEST(endless_output)
{
    struct inputs *in = inputs_record();
    struct span text, why;
    ck_assert(!inputs_shell(
        in, "", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done | cat", &text, &why));
    ck_assert(span_starts(why, SPAN("more than")));
    inputs_drop(in);
}
END_TEST

static const struct {
    const char *pattern, *expanded; /* with spaces for the NULs */
} braces[] = {
    {"a", "a "},
    {"", " "},
    {"{a,b}", "a b "},
    {"x{a,b,}y", "xay xby xy "},
    {"a{b,c{d,e}}f", "abf acdf acef "},
    {"{a,b}{c,d}", "ac ad bc bd "},
    {"{}", "{} "},
    {"x{}{a,b}", "x{}a x{}b "},
    {"{a", "{a "},
    {"a}", "a} "},
    {"\\{a,b\\}", "\\{a,b\\} "},
    {"{a\\,b,c}", "a\\,b c "},
    {"{a}", "a "},
    {"{{a,b},c}", "a b c "},
    {"{,}", "  "},
};

START_TEST(brace)
{
    struct buf out = {NULL, 0, 0};
    ck_assert(braces_expand(span_of(braces[_i].pattern), &out));
    for (size_t i = 0; i < out.n; i++)
        if (!out.p[i]) out.p[i] = ' ';
    ck_assert_str_eq(buf_text(&out), braces[_i].expanded);
    buf_done(&out);
}
END_TEST

START_TEST(brace_bomb)
{
    struct buf out = {NULL, 0, 0};
    ck_assert(
        !braces_expand(SPAN("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"), &out));
    buf_done(&out);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("inputs");
    TCase *tcase = tcase_create("inputs");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, recorded_and_replayed);
    tcase_add_test(tcase, damage_is_refused);
    tcase_add_test(tcase, asked_once);
    tcase_add_test(tcase, refreshed);
    tcase_add_test(tcase, none_says_no);
    tcase_add_loop_test(tcase, shell, 0, (int)(sizeof commands / sizeof *commands));
    tcase_add_test(tcase, program_is_started_itself);
    tcase_add_test(tcase, endless_output);
    tcase_add_loop_test(tcase, brace, 0, (int)(sizeof braces / sizeof *braces));
    tcase_add_test(tcase, brace_bomb);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
