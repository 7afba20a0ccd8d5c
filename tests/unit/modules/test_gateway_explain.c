/* test_gateway_explain.c - which component of a socket's path is to blame, looked at in real directories */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "modules/gateway/backend.h"
#include "net/connect.h"
#include "trial.h"

enum { NOBODY = 65534 };

static char path[256];

static const char *below(const char *name) {
    snprintf(path, sizeof path, "%s/%s", trial_directory(), name);
    return path;
}

static int make_socket(const char *name, int type) {
    struct addr_room room;
    int fd = socket(AF_UNIX, type, 0);
    ck_assert(addr_of_path(span_of(below(name)), &room));
    unlink(path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&room.storage, room.len), 0);
    if (type == SOCK_STREAM) ck_assert_int_eq(listen(fd, 1), 0);
    return fd;
}

/* Connecting fails, and what is said of it has these parts. */
static void expect_failure(const char *name, int error, const char *part, const char *other) {
    struct addr_room room;
    struct buf text = {0};
    bool done;
    ck_assert(addr_of_path(span_of(below(name)), &room));
    int fd = connect_to(&room, &done);
    ck_assert_int_lt(fd, 0);
    ck_assert_int_eq(errno, error);
    explain_connect(span_of(path), error, &text);
    ck_assert_msg(strstr(buf_text(&text), part) && strstr(buf_text(&text), other), "%s", buf_text(&text));
    ck_assert(span_starts(buf_span(&text), span_of(strerror(error))));
    buf_done(&text);
}

static void become_nobody(void) {
    if (geteuid() != 0) return;
    ck_assert_int_eq(setgid(NOBODY), 0);
    ck_assert_int_eq(setuid(NOBODY), 0);
}

START_TEST(the_directory_is_missing) {
    expect_failure("nowhere/x/s", ENOENT, "there is no directory ", "/nowhere");
}
END_TEST

START_TEST(the_socket_is_missing) {
    trial_make("here/");
    expect_failure("here/s", ENOENT, "here/s: the backend is not started", "");
}
END_TEST

START_TEST(the_root_is_another) {
    trial_root = SPAN("/jail");
    expect_failure("there/s", ENOENT, "there is no directory ", "/there below /jail, which server.chroot makes");
    trial_make("there/");
    expect_failure("there/s", ENOENT, "/there/s below /jail, which server.chroot makes", "the backend is not");
}
END_TEST

START_TEST(nobody_listens_any_more) {
    close(make_socket("left", SOCK_STREAM));
    expect_failure("left", ECONNREFUSED, "nobody listens on ", "left its socket behind");
}
END_TEST

START_TEST(it_is_a_file) {
    trial_make("file");
    expect_failure("file", ECONNREFUSED, "file is a file, not a socket", "");
    expect_failure("file/s", ENOTDIR, "file is a file, not a directory", "");
}
END_TEST

START_TEST(it_is_for_datagrams) {
    int fd = make_socket("dgram", SOCK_DGRAM);
    expect_failure("dgram", EPROTOTYPE, "is a socket for datagrams", "");
    close(fd);
}
END_TEST

START_TEST(the_queue_is_full) {
    int fd = make_socket("full", SOCK_STREAM), clients[8];
    struct addr_room room;
    bool done;
    ck_assert(addr_of_path(span_of(below("full")), &room));
    unsigned n = 0;
    while (n < 8 && (clients[n] = connect_to(&room, &done)) >= 0) n++;
    ck_assert_uint_lt(n, 8);
    expect_failure("full", EAGAIN, "too many connections wait on ", "");
    while (n) close(clients[--n]);
    close(fd);
}
END_TEST

START_TEST(a_directory_does_not_let_us_through) {
    trial_make("shut/in/");
    int fd = make_socket("shut/in/s", SOCK_STREAM);
    ck_assert_int_eq(chmod(below("shut/in"), 0700), 0);
    chmod(trial_directory(), 0755);
    if (geteuid() != 0) ck_assert_int_eq(chmod(below("shut/in"), 0), 0);
    become_nobody();
    expect_failure("shut/in/s", EACCES, "/shut/in (owner ", "does not let us through: we are the user ");
    close(fd);
}
END_TEST

START_TEST(the_socket_may_not_be_written) {
    int fd = make_socket("ours", SOCK_STREAM);
    ck_assert_int_eq(chmod(below("ours"), geteuid() ? 0 : 0600), 0);
    chmod(trial_directory(), 0755);
    become_nobody();
    expect_failure("ours", EACCES, "may not be written by us: we are the user ", "listen.mode");
    close(fd);
}
END_TEST

START_TEST(join_the_group) {
    if (geteuid() != 0) return; /* only root gives files away */
    int fd = make_socket("group", SOCK_STREAM);
    ck_assert_int_eq(chown(below("group"), 0, 54321), 0);
    ck_assert_int_eq(chmod(path, 0660), 0);
    chmod(trial_directory(), 0755);
    become_nobody();
    expect_failure("group", EACCES, "group 54321, mode 0660) may not be written by us", "into the group 54321");
    close(fd);
}
END_TEST

static const struct {
    int error;
    const char *part;
} networks[] = {
    {ECONNREFUSED, "nobody listens there"}, {EHOSTUNREACH, "there is no way to it"}, {ETIMEDOUT, "was not answered"},
    {EACCES, "SELinux"},                    {ENETUNREACH, "no route"},               {EADDRNOTAVAIL, "no port left"},
    {EMFILE, "server.max-fds"},
};

START_TEST(what_is_wrong_with_the_network) {
    struct buf text = {0};
    explain_connect(SPAN(""), networks[_i].error, &text);
    ck_assert_msg(strstr(buf_text(&text), networks[_i].part), "%s", buf_text(&text));
    buf_done(&text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gateway explain");
    TCase *tc = tcase_create("explain");
    trial_directory();
    tcase_add_test(tc, the_directory_is_missing);
    tcase_add_test(tc, the_socket_is_missing);
    tcase_add_test(tc, the_root_is_another);
    tcase_add_test(tc, nobody_listens_any_more);
    tcase_add_test(tc, it_is_a_file);
    tcase_add_test(tc, it_is_for_datagrams);
    tcase_add_test(tc, the_queue_is_full);
    tcase_add_test(tc, a_directory_does_not_let_us_through);
    tcase_add_test(tc, the_socket_may_not_be_written);
    tcase_add_test(tc, join_the_group);
    tcase_add_loop_test(tc, what_is_wrong_with_the_network, 0, (int)(sizeof networks / sizeof *networks));
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
