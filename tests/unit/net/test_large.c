/* test_large.c - files above 4 GiB and times after 2038, where pointers and long may have 32 bits */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "fdevents/socket.h"
#include "net/file.h"
#include "net/wire.h"

#define IN_2040 INT64_C(2213956800) /* Monday, 27 February, noon */
#define LARGE (UINT64_C(5) << 30)
#define MARK "behind four gigabytes"

_Static_assert(sizeof(time_t) >= 8, "a time has 64 bits");
_Static_assert(sizeof(off_t) >= 8, "a file's size has 64 bits");

static char dir[64], path[96];

static void set_up(void) {
    snprintf(dir, sizeof dir, "/tmp/goldcrest-large-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
}

static void tear_down(void) {
    unlink(path);
    rmdir(dir);
}

/* A file of 5 GiB that is a hole but for its last bytes; false where the file system has no such files. */
static bool make_large(void) {
    int fd = fd_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ssize_t n = pwrite(fd, MARK, strlen(MARK), (off_t)(LARGE - strlen(MARK)));
    close(fd);
    if (n == (ssize_t)strlen(MARK)) return true;
    printf("skip: no file of 5 GiB below /tmp: %s\n", n < 0 ? strerror(errno) : "it is full");
    return false;
}

static struct file *open_large(void) {
    struct file *f = file_open(path);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->state.size, LARGE);
    return f;
}

/* Sends the file from `at` on, and looks at what arrives. */
static void send_from(struct file *f, uint64_t at) {
    char got[64];
    struct chunks q = {0};
    int pair[2];
    ck_assert_int_eq(socket_pair(pair), 0);
    chunks_add_file(&q, f, at, LARGE - at);
    ck_assert_uint_eq(q.bytes, LARGE - at);
    ck_assert_int_eq(wire_flush(pair[0], &q, UINT64_MAX, true), WIRE_SENT);
    ck_assert_int_eq(wire_receive(pair[1], got, sizeof got), (ssize_t)(LARGE - at));
    ck_assert_mem_eq(got + (LARGE - at) - strlen(MARK), MARK, strlen(MARK));
    close(pair[0]);
    close(pair[1]);
}

START_TEST(its_end_is_sent) {
    static const char *const ways[] = {"sendfile", "writev"};
    if (!make_large()) return;
    struct file *f = open_large();
    ck_assert(wire_set_backend(span_of(ways[_i])));
    send_from(f, LARGE - strlen(MARK));
    send_from(f, LARGE - strlen(MARK) - 7);
    wire_set_backend(SPAN("sendfile"));
    file_drop(f);
}
END_TEST

/* As much as the socket takes leaves, and all that is left is still known. */
START_TEST(its_begin_is_sent) {
    int pair[2];
    struct chunks q = {0};
    if (!make_large()) return;
    struct file *f = open_large();
    ck_assert_int_eq(socket_pair(pair), 0);
    chunks_add_file(&q, f, 0, LARGE);
    ck_assert_int_eq(wire_flush(pair[0], &q, UINT64_MAX, true), WIRE_FULL);
    ck_assert_uint_lt(q.bytes, LARGE);
    ck_assert_uint_gt(q.bytes, UINT64_C(4) << 30);
    ck_assert_uint_eq(chunks_at(&q, 0)->at + chunks_at(&q, 0)->left, LARGE);
    chunks_clear(&q);
    file_drop(f);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

/* What does not fit into memory's addresses is an error, not its remainder by 4 GiB. */
START_TEST(it_is_no_blob) {
    if (sizeof(size_t) > 4 || !make_large()) return;
    struct file *f = open_large();
    errno = 0;
    ck_assert_ptr_null(file_content(f));
    ck_assert_int_eq(errno, EFBIG);
    file_drop(f);
}
END_TEST

START_TEST(a_file_of_2040) {
    struct timespec times[2] = {{.tv_sec = (time_t)IN_2040}, {.tv_sec = (time_t)IN_2040, .tv_nsec = 999}};
    struct file_state state, look;
    int fd = fd_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int done = futimens(fd, times);
    close(fd);
    ck_assert_int_eq(done, 0);
    ck_assert_int_eq(file_look(path, &look), 0);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    if ((int64_t)st.st_mtime != IN_2040) {
        printf("skip: the file system below /tmp keeps no times after 2038\n");
        return;
    }
    struct file *f = file_open(path);
    state = f->state;
    file_drop(f);
    ck_assert_int_eq(look.mtime_s, IN_2040);
    ck_assert_int_eq(state.mtime_s, IN_2040);
    ck_assert(file_same(&look, &state));
}
END_TEST

/* The clock, durations by it, and the log's lines. */
START_TEST(a_clock_in_2040) {
    static char line[256];
    setenv("TZ", "UTC0", 1);
    tzset();
    clock_set(IN_2040);
    clock_update();
    ck_assert_int_eq(clock_now_s(), IN_2040);
    ck_assert_int_eq(clock_monotonic_s(), IN_2040);
    struct log *log = log_open(span_of(path));
    log_say(log, LOG_IS_NOTE, "a line");
    log_drop(log);
    int fd = fd_open(path, O_RDONLY, 0);
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    ck_assert_int_gt(n, 0);
    if (!strstr(line, "2040-02-27 12:00:00: a line")) ck_abort_msg("'%s'", line);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("large");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_loop_test(all, its_end_is_sent, 0, 2);
    tcase_add_test(all, its_begin_is_sent);
    tcase_add_test(all, it_is_no_blob);
    tcase_add_test(all, a_file_of_2040);
    tcase_add_test(all, a_clock_in_2040);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
