/* test_log.c - log files, pipes, and readers that do not keep up */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

static char dir[64], path[96], older[96];

static void set_up(void) {
    snprintf(dir, sizeof dir, "/tmp/goldcrest-log-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/log", dir);
    snprintf(older, sizeof older, "%s/log.1", dir);
}

static void tear_down(void) {
    unlink(path);
    unlink(older);
    rmdir(dir);
}

static void assert_file(const char *name, const char *text) {
    struct buf b = {0};
    int fd = fd_open(name, O_RDONLY, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fd_read_all(fd, &b, 1 << 20), 0);
    close(fd);
    ck_assert_str_eq(buf_text(&b), text);
    buf_done(&b);
}

START_TEST(lines_are_buffered) {
    struct log *l = log_open(span_of(path));
    ck_assert_ptr_nonnull(l);
    ck_assert(span_is(log_target(l), span_of(path)));
    log_line(l, SPAN("one"));
    assert_file(path, "");
    logs_flush();
    assert_file(path, "one\n");
    ck_assert_ptr_eq(log_open(span_of(path)), l);
    log_line(l, SPAN("two"));
    log_drop(l);
    log_drop(l);
    assert_file(path, "one\ntwo\n");
    log_drop(NULL);
}
END_TEST

START_TEST(messages_are_printable) {
    struct log *l = log_open(span_of(path));
    setenv("TZ", "UTC", 1);
    clock_set(1700000000);
    errno = ENOENT;
    log_say(l, LOG_IS_ERROR, "bad: %s", "a\nb\x7f\x1b[0m\xc3\xa9");
    ck_assert_int_eq(errno, ENOENT);
    log_say(l, LOG_IS_NOTE, "fine");
    assert_file(path, "2023-11-14 22:13:20: error: bad: a\\x0ab\\x7f\\x1b[0m\xc3\xa9\n2023-11-14 22:13:20: fine\n");
    log_drop(l);
}
END_TEST

START_TEST(a_renamed_file_is_made_anew) {
    struct log *l = log_open(span_of(path));
    log_line(l, SPAN("before"));
    ck_assert_int_eq(rename(path, older), 0);
    logs_reopen();
    log_line(l, SPAN("after"));
    log_drop(l);
    assert_file(older, "before\n");
    assert_file(path, "after\n");
}
END_TEST

START_TEST(an_old_file_is_kept_if_need_be) {
    struct log *l = log_open(span_of(path)), *main_log = log_open(span_of(older));
    log_set_main(main_log);
    ck_assert_int_eq(rename(path, older), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    logs_reopen();
    log_line(l, SPAN("line"));
    log_drop(l);
    rmdir(path);
    log_set_main(log_open(SPAN("")));
    struct stat st;
    ck_assert_int_eq(stat(older, &st), 0);
    ck_assert_int_eq(st.st_size, 5);
}
END_TEST

START_TEST(what_cannot_be_opened) {
    ck_assert_ptr_null(log_open(SPAN("/nonexistent/log")));
    ck_assert_int_eq(errno, ENOENT);
    logs_set_opener(NULL, NULL);
    ck_assert_ptr_null(log_open(SPAN("|cat")));
}
END_TEST

static int pipe_ends[2];

static int open_pipe(struct span program, void *arg) {
    ck_assert(span_is(program, SPAN("a program")));
    ck_assert_ptr_eq(arg, pipe_ends);
    return dup(pipe_ends[1]);
}

/* Reads what is there; counts the lines and sees that each is whole. */
static unsigned read_lines(bool *lost_said) {
    static char left[4096];
    static size_t left_n;
    char bytes[8192];
    unsigned lines = 0;
    ssize_t n;
    while ((n = read(pipe_ends[0], bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (left_n == sizeof left) ck_abort_msg("a line without an end");
            left[left_n++] = bytes[i];
            if (bytes[i] != '\n') continue;
            struct span line = {left, left_n - 1};
            bool is_note = span_starts(line, SPAN("goldcrest: "));
            *lost_said |= is_note;
            if (!is_note) ck_assert_uint_eq(line.n, 1000);
            lines += !is_note;
            left_n = 0;
        }
        logs_flush();
    }
    return lines;
}

START_TEST(a_reader_that_sleeps) {
    enum { LINES = 3000 };
    char text[1000];
    bool lost_said = false;
    memset(text, 'x', sizeof text);
    ck_assert_int_eq(fd_pipe(pipe_ends), 0);
    fd_set_nonblocking(pipe_ends[0], true);
    logs_set_opener(open_pipe, pipe_ends);
    struct log *l = log_open(SPAN("| a program"));
    ck_assert_ptr_nonnull(l);
    for (unsigned i = 0; i < LINES; i++) log_line(l, (struct span){text, sizeof text});
    unsigned got = read_lines(&lost_said);
    ck_assert_uint_lt(got, LINES);
    ck_assert_uint_gt(got, 1000);
    logs_flush();
    got = read_lines(&lost_said);
    ck_assert(lost_said);
    log_line(l, (struct span){text, sizeof text});
    logs_flush();
    ck_assert_uint_eq(read_lines(&lost_said), 1);
    log_drop(l);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("log");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, lines_are_buffered);
    tcase_add_test(all, messages_are_printable);
    tcase_add_test(all, a_renamed_file_is_made_anew);
    tcase_add_test(all, an_old_file_is_kept_if_need_be);
    tcase_add_test(all, what_cannot_be_opened);
    tcase_add_test(all, a_reader_that_sleeps);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
