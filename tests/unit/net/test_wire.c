/* test_wire.c - files, queues of chunks, and both over a socket that takes little at a time */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "fdevents/socket.h"
#include "net/file.h"
#include "net/wire.h"

enum { FILE_BYTES = 200000 };
static char dir[64], path[96], other[96];
static int pair[2];

static char byte_at(size_t i) {
    return (char)('a' + i % 23);
}

static void set_up(void) {
    char *bytes = malloc(FILE_BYTES);
    signal(SIGPIPE, SIG_IGN);
    snprintf(dir, sizeof dir, "/tmp/goldcrest-wire-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
    snprintf(other, sizeof other, "%s/other", dir);
    for (size_t i = 0; i < FILE_BYTES; i++) bytes[i] = byte_at(i);
    int fd = fd_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(fd_write_all(fd, bytes, FILE_BYTES), 0);
    close(fd);
    free(bytes);
    int few = 4096;
    ck_assert_int_eq(socket_pair(pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &few, sizeof few);
}

static void tear_down(void) {
    close(pair[0]);
    close(pair[1]);
    unlink(path);
    unlink(other);
    rmdir(dir);
}

START_TEST(files_are_opened) {
    struct file_state a, b;
    struct file *f = file_open(path);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->state.size, FILE_BYTES);
    ck_assert_int_eq(file_look(path, &a), 0);
    ck_assert(file_same(&a, &f->state));
    struct blob *content = file_content(f);
    ck_assert_uint_eq(content->n, FILE_BYTES);
    ck_assert_int_eq(content->p[FILE_BYTES - 1], byte_at(FILE_BYTES - 1));
    blob_drop(content);
    ck_assert_int_eq(truncate(path, 10), 0);
    ck_assert_int_eq(file_look(path, &b), 0);
    ck_assert(!file_same(&a, &b));
    ck_assert_ptr_null(file_content(f));
    ck_assert_int_eq(errno, EIO);
    file_drop(file_hold(f));
    file_drop(f);
    file_drop(NULL);
}
END_TEST

START_TEST(what_is_no_file) {
    ck_assert_ptr_null(file_open(dir));
    ck_assert_int_eq(errno, EISDIR);
    ck_assert_ptr_null(file_open(other));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(mkfifo(other, 0600), 0);
    ck_assert_ptr_null(file_open(other)); /* and does not hang */
    ck_assert_int_eq(errno, EACCES);
    struct file_state s;
    ck_assert_int_eq(file_look("/nonexistent/x", &s), ENOENT);
}
END_TEST

START_TEST(links_are_refused_where_asked) {
    char below[160];
    ck_assert_int_eq(symlink("file", other), 0);
    struct file *f = file_open(other);
    ck_assert_ptr_nonnull(f);
    file_drop(f);
    ck_assert_ptr_null(file_open_without_links(other));
    ck_assert_int_eq(errno, ELOOP);
    f = file_open_without_links(path);
    ck_assert_ptr_nonnull(f);
    file_drop(f);
    ck_assert_int_eq(unlink(other), 0);
    ck_assert_int_eq(symlink(dir, other), 0);
    snprintf(below, sizeof below, "%s/file", other);
    ck_assert_ptr_null(file_open_without_links(below));
    ck_assert(errno == ELOOP || errno == ENOTDIR);
}
END_TEST

START_TEST(chunks_queue) {
    struct chunks q = {0}, more = {0};
    struct blob *b = blob_copy(SPAN("0123456789"));
    for (unsigned i = 0; i < 100; i++) chunks_add_blob(&q, b, 2, 3);
    chunks_add_blob(&q, b, 0, 0);
    ck_assert_uint_eq(q.count, 100);
    ck_assert_uint_eq(q.bytes, 300);
    ck_assert_uint_eq(b->refs, 101);
    chunks_sent(&q, 4);
    ck_assert_uint_eq(q.count, 99);
    ck_assert_int_eq(chunk_bytes(chunks_at(&q, 0))[0], '3');
    chunks_add_constant(&more, SPAN("constant"));
    chunks_add_copy(&more, SPAN("copy"));
    chunks_move(&q, &more);
    ck_assert_uint_eq(more.count, 0);
    ck_assert_ptr_null(more.ring);
    ck_assert_uint_eq(q.bytes, 296 + 12);
    chunks_sent(&q, 296 + 11);
    ck_assert_uint_eq(q.count, 1);
    ck_assert_uint_eq(b->refs, 1);
    chunks_sent(&q, 1);
    ck_assert_ptr_null(q.ring);
    chunks_add_blob(&q, b, 0, 10);
    chunks_clear(&q);
    ck_assert_uint_eq(b->refs, 1);
    blob_drop(b);
}
END_TEST

/* Sends a mixed queue through the narrow socket; what arrives is compared byte by byte. */
static void send_mixed(uint64_t max) {
    struct chunks q = {0};
    struct buf wanted = {0}, got = {0};
    struct file *f = file_open(path);
    for (unsigned i = 0; i < 90; i++) { /* more than one writev takes */
        chunks_add_copy(&q, SPAN("some bytes, "));
        buf_add(&wanted, SPAN("some bytes, "));
    }
    chunks_add_file(&q, f, 5, FILE_BYTES - 10);
    for (size_t i = 5; i < FILE_BYTES - 5; i++) buf_add_char(&wanted, byte_at(i));
    chunks_add_constant(&q, SPAN("the end"));
    buf_add(&wanted, SPAN("the end"));
    unsigned full = 0, yields = 0;
    while (q.count) {
        uint64_t before = q.bytes;
        enum wire_sent sent = wire_flush(pair[0], &q, max, false);
        ck_assert_int_ne(sent, WIRE_FAILED);
        ck_assert_msg(before - q.bytes <= max, "more than was allowed");
        full += sent == WIRE_FULL;
        yields += sent == WIRE_YIELD;
        ck_assert_int_eq(sent == WIRE_SENT, q.count == 0);
        if (sent == WIRE_FULL || q.count == 0)
            for (ssize_t n; (n = wire_receive(pair[1], buf_room(&got, 65536), 65536)) > 0;) got.n += (size_t)n;
    }
    ck_assert(max > 100000 ? full > 0 : yields > 0);
    ck_assert_uint_eq(got.n, wanted.n);
    ck_assert(span_is(buf_span(&got), buf_span(&wanted)));
    ck_assert_uint_eq(f->refs, 1);
    file_drop(f);
    buf_done(&got);
    buf_done(&wanted);
}

START_TEST(all_bytes_arrive) {
    static const char *const backends[] = {"sendfile", "writev"};
    static const uint64_t limits[] = {7, 1000, 1 << 20};
    ck_assert(wire_set_backend(span_of(backends[_i % 2])));
    ck_assert(!wire_set_backend(SPAN("carrier-pigeon")));
    send_mixed(limits[_i / 2]);
    wire_set_backend(SPAN("sendfile"));
}
END_TEST

/* Small parts of a file leave with what stands before them, in one segment; what cannot be read is an error still. */
START_TEST(small_parts_of_a_file) {
    char got[4096];
    struct chunks q = {0};
    struct file *f = file_open(path);
    chunks_add_constant(&q, SPAN("head: "));
    chunks_add_file(&q, f, 1000, 300);
    chunks_add_constant(&q, SPAN("between"));
    chunks_add_file(&q, f, 70000, 20);
    ck_assert_int_eq(wire_flush(pair[0], &q, 1 << 20, false), WIRE_SENT);
    ssize_t n = wire_receive(pair[1], got, sizeof got);
    ck_assert_int_eq(n, 6 + 300 + 7 + 20);
    ck_assert_int_eq(memcmp(got, "head: ", 6), 0);
    ck_assert_int_eq(memcmp(got + 306, "between", 7), 0);
    for (size_t i = 0; i < 300; i++) ck_assert_int_eq(got[6 + i], byte_at(1000 + i));
    for (size_t i = 0; i < 20; i++) ck_assert_int_eq(got[313 + i], byte_at(70000 + i));

    chunks_add_constant(&q, SPAN("head: "));
    chunks_add_file(&q, f, 90, 300);
    ck_assert_int_eq(truncate(path, 100), 0);
    ck_assert_int_eq(wire_flush(pair[0], &q, 1 << 20, false), WIRE_FAILED);
    ck_assert_int_eq(errno, EIO);
    ck_assert_int_eq(wire_receive(pair[1], got, sizeof got), 6 + 10);
    ck_assert_uint_eq(q.bytes, 290);
    chunks_clear(&q);
    ck_assert_uint_eq(f->refs, 1);
    file_drop(f);
}
END_TEST

#ifdef TCP_CORK
static void make_tcp_pair(int fds[2]) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int l = socket(AF_INET, SOCK_STREAM, 0), few = 32768;
    ck_assert_int_eq(bind(l, (struct sockaddr *)&a, n), 0);
    ck_assert_int_eq(listen(l, 1), 0);
    ck_assert_int_eq(getsockname(l, (struct sockaddr *)&a, &n), 0);
    fds[1] = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fds[1], SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
    ck_assert_int_eq(connect(fds[1], (struct sockaddr *)&a, n), 0);
    fds[0] = accept(l, NULL, NULL);
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &few, sizeof few);
    for (int i = 0; i < 2; i++) fcntl(fds[i], F_SETFL, O_NONBLOCK);
    close(l);
}

static int is_corked(int fd) {
    int value = -1;
    socklen_t n = sizeof value;
    getsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, &n);
    return value;
}

/* While a large file is on its way, and no longer. */
START_TEST(large_files_are_corked) {
    enum { LARGE = 1000003, SMALL = 100000 };
    static char bytes[65536];
    int fds[2];
    struct chunks q = {0};
    uint64_t got = 0;
    make_tcp_pair(fds);
    ck_assert_int_eq(truncate(path, LARGE), 0);
    struct file *f = file_open(path);
    chunks_add_file(&q, f, 0, LARGE);
    ck_assert_int_eq(wire_flush(fds[0], &q, 1 << 20, false), WIRE_FULL);
    ck_assert_int_eq(is_corked(fds[0]), 1);
    while (got < LARGE) {
        ssize_t n = wire_receive(fds[1], bytes, sizeof bytes);
        if (n > 0) got += (uint64_t)n;
        ck_assert_int_ne(wire_flush(fds[0], &q, 1 << 20, false), WIRE_FAILED);
    }
    ck_assert_int_eq(is_corked(fds[0]), 0);
    chunks_add_file(&q, f, 0, SMALL);
    ck_assert_int_ne(wire_flush(fds[0], &q, 1 << 20, false), WIRE_FAILED);
    ck_assert_int_eq(is_corked(fds[0]), 0);
    chunks_clear(&q);
    file_drop(f);
    close(fds[0]);
    close(fds[1]);
}
END_TEST
#endif

START_TEST(a_file_that_has_become_shorter) {
    ck_assert(wire_set_backend(_i ? SPAN("writev") : SPAN("sendfile")));
    struct chunks q = {0};
    struct file *f = file_open(path);
    chunks_add_file(&q, f, 0, FILE_BYTES);
    ck_assert_int_eq(truncate(path, 100), 0);
    ck_assert_int_eq(wire_flush(pair[0], &q, 1 << 20, false), WIRE_FAILED);
    ck_assert_int_eq(errno, EIO);
    chunks_clear(&q);
    file_drop(f);
    wire_set_backend(SPAN("sendfile"));
}
END_TEST

START_TEST(a_peer_that_is_gone) {
    char bytes[8];
    struct chunks q = {0};
    ck_assert_int_eq(wire_receive(pair[0], bytes, sizeof bytes), WIRE_LATER);
    ck_assert_int_eq(write(pair[1], "abc", 3), 3);
    ck_assert_int_eq(wire_receive(pair[0], bytes, 2), 2);
    close(pair[1]);
    ck_assert_int_eq(wire_receive(pair[0], bytes, sizeof bytes), 1);
    ck_assert_int_eq(wire_receive(pair[0], bytes, sizeof bytes), 0);
    chunks_add_constant(&q, SPAN("nobody reads this"));
    ck_assert_int_eq(wire_flush(pair[0], &q, 100, false), WIRE_FAILED);
    ck_assert_int_eq(errno, EPIPE);
    chunks_clear(&q);
    ck_assert_int_eq(wire_receive(-1, bytes, sizeof bytes), WIRE_BROKEN);
    pair[1] = dup(pair[0]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("wire");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, files_are_opened);
    tcase_add_test(all, what_is_no_file);
    tcase_add_test(all, links_are_refused_where_asked);
    tcase_add_test(all, chunks_queue);
    tcase_add_loop_test(all, all_bytes_arrive, 0, 6);
    tcase_add_test(all, small_parts_of_a_file);
#ifdef TCP_CORK
    tcase_add_test(all, large_files_are_corked);
#endif
    tcase_add_loop_test(all, a_file_that_has_become_shorter, 0, 2);
    tcase_add_test(all, a_peer_that_is_gone);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
