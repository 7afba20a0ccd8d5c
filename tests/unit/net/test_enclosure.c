/* test_enclosure.c - descriptors that travel: who has them then, and that none is left over */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/enclosure.h"

static int pair[2];
static struct rlimit files;

static void set_up(void) {
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
}

static void tear_down(void) {
    setrlimit(RLIMIT_NOFILE, &files);
    close(pair[0]);
    close(pair[1]);
}

static unsigned open_descriptors(void) {
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void send_bytes(const char *bytes, const struct enclosure *e) {
    struct iovec piece = {(void *)(uintptr_t)bytes, strlen(bytes)};
    ck_assert_int_eq(enclosure_send(pair[0], &piece, 1, e), (ssize_t)strlen(bytes));
}

static void receive(const char *bytes, struct enclosure *e) {
    char room[64];
    ck_assert_int_eq(enclosure_receive(pair[1], room, strlen(bytes), e), (ssize_t)strlen(bytes));
    ck_assert_mem_eq(room, bytes, strlen(bytes));
}

START_TEST(bytes_alone) {
    struct enclosure none = {.count = 0}, came = {.count = 0};
    send_bytes("one", NULL);
    send_bytes("two", &none);
    receive("onetwo", &came);
    ck_assert_uint_eq(came.count, 0);
    ck_assert_int_eq(enclosure_take(&came, 0), -1);
    close(pair[0]);
    pair[0] = dup(1);
    ck_assert_int_eq(enclosure_receive(pair[1], &came, 1, &came), 0);
}
END_TEST

/* They are what was sent, close-on-exec; what is not taken is closed. */
START_TEST(they_travel) {
    int ends[2];
    char byte;
    struct enclosure came = {.count = 0};
    ck_assert_int_eq(fd_pipe(ends), 0);
    unsigned before = open_descriptors();
    struct enclosure sent = {{ends[1], dup(1), dup(2)}, 3};
    send_bytes("three", &sent);
    close(sent.fds[1]);
    close(sent.fds[2]);
    receive("three", &came);
    ck_assert_uint_eq(came.count, 3);
    for (unsigned i = 0; i < 3; i++) ck_assert(fcntl(came.fds[i], F_GETFD) & FD_CLOEXEC);
    int mine = enclosure_take(&came, 0);
    ck_assert_int_eq(enclosure_take(&came, 0), -1);
    ck_assert_int_eq(enclosure_take(&came, 3), -1);
    enclosure_close(&came);
    ck_assert_uint_eq(came.count, 0);
    ck_assert_uint_eq(open_descriptors(), before + 1);
    ck_assert_int_eq(write(mine, "x", 1), 1);
    ck_assert(read(ends[0], &byte, 1) == 1 && byte == 'x');
    close(mine);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* A reader who asks for some bytes only gets the descriptors with the first, once. */
START_TEST(in_pieces) {
    struct enclosure sent = {{1, 2}, 2}, came = {.count = 0};
    send_bytes("ab", &sent);
    receive("a", &came);
    ck_assert_uint_eq(came.count, 2);
    receive("b", &came);
    ck_assert_uint_eq(came.count, 2);
    send_bytes("c", &sent);
    unsigned before = open_descriptors();
    receive("c", &came); /* there is room for one more */
    ck_assert_uint_le(came.count, 3);
    ck_assert_uint_le(open_descriptors(), before + 1);
    enclosure_close(&came);
    ck_assert_uint_eq(open_descriptors(), before - 2);
}
END_TEST

/* More than there is room for, from somebody who is not one of us. */
START_TEST(too_many) {
    enum { SENT = 8 };
    union {
        char bytes[CMSG_SPACE(SENT * sizeof(int))];
        struct cmsghdr align;
    } ancillary;
    int fds[SENT];
    struct iovec piece = {(void *)(uintptr_t)"x", 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    struct enclosure came = {.count = 0};
    unsigned before = open_descriptors();
    for (unsigned i = 0; i < SENT; i++) fds[i] = dup(1);
    memset(&ancillary, 0, sizeof ancillary);
    message.msg_control = ancillary.bytes;
    message.msg_controllen = sizeof ancillary.bytes;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(c), fds, sizeof fds);
    ck_assert_int_eq(sendmsg(pair[0], &message, 0), 1);
    for (unsigned i = 0; i < SENT; i++) close(fds[i]);
    receive("x", &came);
    ck_assert_uint_le(came.count, ENCLOSURE_MAX);
    enclosure_close(&came);
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

/* There is a number left for one of three: it would be anybody's guess which one it is. */
START_TEST(no_descriptors_left) {
    struct enclosure sent = {{0, 1, 2}, 3}, came = {.count = 0};
    struct rlimit few = files;
    int free_one = dup(1);
    close(free_one);
    send_bytes("three", &sent);
    unsigned before = open_descriptors();
    few.rlim_cur = (rlim_t)free_one + 1;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    char room[8];
    ssize_t n = enclosure_receive(pair[1], room, 5, &came);
    ck_assert(n == 5 || (n < 0 && errno != EINTR)); /* some systems refuse the whole call */
    ck_assert_uint_eq(came.count, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("enclosure");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, bytes_alone);
    tcase_add_test(all, they_travel);
    tcase_add_test(all, in_pieces);
    tcase_add_test(all, too_many);
    tcase_add_test(all, no_descriptors_left);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
