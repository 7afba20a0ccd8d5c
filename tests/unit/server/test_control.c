/* test_control.c - messages to a worker, with descriptors; and the server's own error page */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "http/names.h"
#include "server/control.h"
#include "server/errorpage.h"

static int pair[2];
static struct control c;

static void set_up(void) {
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    fd_set_nonblocking(pair[1], true);
    c = (struct control){.enclosed = {.count = 0}};
}

static void tear_down(void) {
    close(pair[0]);
    close(pair[1]);
    control_done(&c);
}

static int expect(enum control_kind wanted_kind, struct span wanted) {
    enum control_kind kind;
    struct span payload;
    int fd = -2;
    ck_assert_int_eq(control_receive(&c, pair[1], &kind, &payload, &fd), CONTROL_MESSAGE);
    ck_assert_int_eq(kind, wanted_kind);
    ck_assert(span_is(payload, wanted));
    return fd;
}

static void expect_no_message(enum control_result wanted) {
    enum control_kind kind;
    struct span payload;
    int fd;
    ck_assert_int_eq(control_receive(&c, pair[1], &kind, &payload, &fd), wanted);
}

START_TEST(messages_come_one_by_one) {
    expect_no_message(CONTROL_LATER);
    ck_assert(control_send(pair[0], CONTROL_REOPEN, (struct span){NULL, 0}, -1));
    ck_assert(control_send(pair[0], CONTROL_RELOAD, SPAN("name\0recording"), -1));
    ck_assert(control_send(pair[0], CONTROL_END, SPAN("x"), -1));
    ck_assert_int_eq(expect(CONTROL_REOPEN, SPAN("")), -1);
    ck_assert_int_eq(expect(CONTROL_RELOAD, SPAN("name\0recording")), -1);
    ck_assert_int_eq(expect(CONTROL_END, SPAN("x")), -1);
    expect_no_message(CONTROL_LATER);
    close(pair[0]);
    pair[0] = -1;
    expect_no_message(CONTROL_GONE);
}
END_TEST

/* Each descriptor belongs to its message, whatever stands around it in the socket. */
START_TEST(descriptors_travel) {
    int pipes[2][2];
    char byte;
    for (unsigned i = 0; i < 2; i++) ck_assert_int_eq(fd_pipe(pipes[i]), 0);
    ck_assert(control_send(pair[0], CONTROL_REOPEN, SPAN(""), -1));
    ck_assert(control_send(pair[0], CONTROL_LISTENER, SPAN("first"), pipes[0][1]));
    ck_assert(control_send(pair[0], CONTROL_PIPE, SPAN("second"), pipes[1][1]));
    ck_assert(control_send(pair[0], CONTROL_END, SPAN(""), -1));
    ck_assert_int_eq(expect(CONTROL_REOPEN, SPAN("")), -1);
    int first = expect(CONTROL_LISTENER, SPAN("first"));
    int second = expect(CONTROL_PIPE, SPAN("second"));
    ck_assert_int_eq(expect(CONTROL_END, SPAN("")), -1);
    ck_assert_int_ge(first, 0);
    ck_assert_int_ge(second, 0);
    ck_assert_int_eq(write(first, "1", 1), 1);
    ck_assert_int_eq(write(second, "2", 1), 1);
    ck_assert(read(pipes[0][0], &byte, 1) == 1 && byte == '1');
    ck_assert(read(pipes[1][0], &byte, 1) == 1 && byte == '2');
    for (unsigned i = 0; i < 2; i++) close(pipes[i][0]), close(pipes[i][1]);
    close(first);
    close(second);
}
END_TEST

/* The head may come in pieces: what is there already is kept. */
START_TEST(a_message_in_pieces) {
    char bytes[64];
    int other[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
    ck_assert(control_send(other[0], CONTROL_RELOAD, SPAN("payload"), -1));
    ssize_t n = read(other[1], bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++) {
        expect_no_message(CONTROL_LATER);
        ck_assert_int_eq(write(pair[0], bytes + i, 1), 1);
    }
    expect(CONTROL_RELOAD, SPAN("payload"));
    expect_no_message(CONTROL_LATER);
    close(other[0]);
    close(other[1]);
}
END_TEST

/* A second one, which no message has, and those of a message without an end: nobody would close them. */
START_TEST(descriptors_that_nobody_wants) {
    const struct enclosure two = {{1, 2}, 2};
    uint32_t heads[2][2] = {{CONTROL_LISTENER, 0}, {CONTROL_LISTENER, 5}};
    unsigned before = 0, after = 0;
    for (int fd = 0; fd < 256; fd++) before += fcntl(fd, F_GETFD) >= 0;
    for (unsigned i = 0; i < 2; i++) {
        struct iovec piece = {heads[i], sizeof heads[i]};
        ck_assert_int_eq(enclosure_send(pair[0], &piece, 1, &two), sizeof heads[i]);
    }
    close(expect(CONTROL_LISTENER, SPAN("")));
    expect_no_message(CONTROL_LATER);
    control_done(&c);
    for (int fd = 0; fd < 256; fd++) after += fcntl(fd, F_GETFD) >= 0;
    ck_assert_uint_eq(before, after);
    c = (struct control){.enclosed = {.count = 0}};
}
END_TEST

START_TEST(an_impossible_length) {
    uint32_t head[2] = {CONTROL_RELOAD, UINT32_MAX};
    ck_assert_int_eq(write(pair[0], head, sizeof head), sizeof head);
    expect_no_message(CONTROL_GONE);
}
END_TEST

START_TEST(error_pages) {
    static const int statuses[] = {400, 403, 404, 405, 408, 413, 500, 501, 503, 504};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct buf page = {0}, title = {0};
        struct span reason = status_reason(statuses[i]);
        ck_assert_uint_gt(reason.n, 0);
        error_page(&page, statuses[i], i % 2 ? SPAN("<tag> & more") : SPAN(""));
        buf_printf(&title, "<title>%d %.*s</title>", statuses[i], SPAN_ARG(reason));
        ck_assert(span_starts(buf_span(&page), SPAN("<!DOCTYPE html>")));
        ck_assert(span_ends(buf_span(&page), SPAN("</html>\n")));
        ck_assert_uint_lt(span_search(buf_span(&page), buf_span(&title)), page.n);
        ck_assert_uint_eq(span_search(buf_span(&page), SPAN("<tag>")), page.n);
        bool footer = span_search(buf_span(&page), SPAN("<footer>&lt;tag&gt; &amp; more</footer>")) < page.n;
        ck_assert_int_eq(footer, i % 2 == 1);
        buf_done(&page);
        buf_done(&title);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("control");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, messages_come_one_by_one);
    tcase_add_test(all, descriptors_travel);
    tcase_add_test(all, a_message_in_pieces);
    tcase_add_test(all, descriptors_that_nobody_wants);
    tcase_add_test(all, an_impossible_length);
    tcase_add_test(all, error_pages);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
