/* test_bytes.c - bytes through a connection, both ways: whole, in few records, to the end */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "pair.h"

static struct identity id;
static struct inputs *inputs;
static struct tls_context *context;
static SSL_CTX *client;
static struct pair p;

static void set_up(void) {
    struct tls_settings s = tls_defaults;
    id = issue(&(struct wish){.name = "a.test"}, NULL);
    inputs = inputs_none();
    put_identity(inputs, "a.pem", &id, NULL);
    s.pemfile = SPAN("a.pem");
    context = make_context(&s, inputs);
    client = make_client(NULL);
    pair_open(&p, context, NULL, NULL, client);
    ck_assert_int_eq(pair_shake(&p), TLS_DONE);
    ck_assert(p.client_done);
}

static void tear_down(void) {
    pair_close(&p);
    SSL_CTX_free(client);
    tls_context_drop(context);
    inputs_drop(inputs);
    identity_done(&id);
}

/* Position-dependent bytes, so that whatever is lost, doubled or swapped shows. */
static char byte_at(uint64_t i) {
    return (char)(unsigned char)((i * 2654435761u) >> 24 ^ i);
}

static void fill(char *bytes, uint64_t at, size_t n) {
    for (size_t i = 0; i < n; i++) bytes[i] = byte_at(at + i);
}

static struct blob *blob_from(uint64_t at, size_t n) {
    struct blob *b = blob_make(n);
    fill(b->p, at, n);
    return b;
}

static void add_blob(struct chunks *q, uint64_t at, size_t n) {
    struct blob *b = blob_from(at, n);
    chunks_add_blob(q, b, 0, n);
    blob_drop(b);
}

static struct file *file_from(uint64_t at, size_t n, char name[32]) {
    snprintf(name, 32, "/tmp/gc-tls-XXXXXX");
    int fd = mkstemp(name);
    char *bytes = memory_get(n);
    fill(bytes, at, n);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
    close(fd);
    free(bytes);
    struct file *f = file_open(name);
    ck_assert_ptr_nonnull(f);
    return f;
}

/* Everything the client can read now, compared. Returns where it is. */
static uint64_t drain(uint64_t at) {
    char bytes[40000];
    int n;
    while ((n = client_read(&p, bytes, sizeof bytes)) > 0)
        for (int i = 0; i < n; i++, at++)
            if (bytes[i] != byte_at(at)) ck_abort_msg("byte %llu", (unsigned long long)at);
    return at;
}

/* Small, large, file, constant, in any mixture. */
static const struct {
    const char *pieces; /* b: 1 byte, s: 100, m: 5000, l: 100000; capital: the same from a file */
    int send_buffer;    /* 0: as it is */
    uint64_t max;
} transfers[] = {
    {"b", 0, UINT64_MAX},          {"s", 0, UINT64_MAX},        {"l", 0, UINT64_MAX},
    {"S", 0, UINT64_MAX},          {"L", 0, UINT64_MAX},        {"sL", 0, UINT64_MAX},
    {"slsLmSbl", 0, UINT64_MAX},   {"llll", 0, UINT64_MAX},     {"LLLL", 0, UINT64_MAX},
    {"bbbbbbbb", 0, UINT64_MAX},   {"lbLbl", 4096, UINT64_MAX}, {"LLlS", 2048, UINT64_MAX},
    {"mmmmmmmm", 2048, UINT64_MAX}, {"sSm", 0, 1},              {"lLsm", 0, 16384},
    {"lLsm", 4096, 20000},         {"lSLM", 0, 100000},
};

static size_t size_of_piece(char kind) {
    switch (ascii_lower(kind)) {
    case 'b': return 1;
    case 's': return 100;
    case 'm': return 5000;
    default: return 100000;
    }
}

static uint64_t queue(struct chunks *q, const char *pieces, uint64_t at) {
    for (; *pieces; pieces++) {
        size_t n = size_of_piece(*pieces);
        if (*pieces == ascii_lower(*pieces)) {
            add_blob(q, at, n);
        } else {
            char name[32];
            struct file *f = file_from(at - 7, n + 7, name); /* a part of it */
            chunks_add_file(q, f, 7, n);
            file_drop(f);
            unlink(name);
        }
        at += n;
    }
    return at;
}

START_TEST(transfer)
{
    struct chunks q = {NULL, 0, 0, 0, 0};
    uint64_t got = 1000, before = q.bytes, end = queue(&q, transfers[_i].pieces, 1000);
    int size = transfers[_i].send_buffer, full = 0, yielded = 0;
    if (size) setsockopt(p.server_fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    for (int turns = 0;; turns++) {
        ck_assert_int_lt(turns, 500000);
        before = q.bytes;
        enum wire_sent sent = tls_flush(p.server, &q, transfers[_i].max);
        ck_assert_uint_le(before - q.bytes, transfers[_i].max);
        ck_assert_int_ne(sent, WIRE_FAILED);
        ck_assert_queue_empty();
        full += sent == WIRE_FULL;
        yielded += sent == WIRE_YIELD;
        ck_assert(tls_has_unsent(p.server) == (sent == WIRE_FULL));
        got = drain(got);
        if (sent == WIRE_SENT) break;
    }
    ck_assert_uint_eq(q.count, 0);
    ck_assert_uint_eq(drain(got), end);
    if (size && transfers[_i].max > 100000) ck_assert_int_gt(full, 0);
    if (!size && transfers[_i].max < 100000) ck_assert_int_gt(yielded, 0);
}
END_TEST

/* ---- records ---------------------------------------------------------------------------------- */

/* The plaintext lengths of the records that lie in the client's socket; they are taken out. */
static unsigned records(size_t lengths[64]) {
    static unsigned char bytes[1024 * 1024];
    size_t n = 0, overhead = 5 + 16 + 1; /* header, tag, type: AEAD of TLS 1.3 */
    unsigned count = 0;
    for (ssize_t r; (r = recv(p.client_fd, bytes + n, sizeof bytes - n, MSG_DONTWAIT)) > 0;) n += (size_t)r;
    for (size_t at = 0; at < n; at += 5 + (size_t)(bytes[at + 3] << 8 | bytes[at + 4]))
        lengths[count++] = (size_t)(bytes[at + 3] << 8 | bytes[at + 4]) + 5 - overhead;
    return count;
}

static const struct {
    const char *pieces;
    unsigned count;
    size_t lengths[8];
} layouts[] = {
    {"s", 1, {100}},
    {"ssss", 1, {400}},          /* a head and small bodies share one */
    {"sM", 1, {5100}},
    {"mmmb", 1, {15001}},
    {"mmmm", 3, {1300, 16384, 2316}}, /* longer than a record: the first is small, so that reading can begin */
    {"ls", 8, {1300, 16384, 16384, 16384, 15084, 16384, 16384, 1796}}, /* the tail of one goes with the next */
    {"ssl", 8, {1300, 16384, 16384, 16384, 15084, 16384, 16384, 1896}},
};

START_TEST(layout)
{
    struct chunks q = {NULL, 0, 0, 0, 0};
    size_t lengths[64];
    records(lengths); /* tickets */
    queue(&q, layouts[_i].pieces, 0);
    ck_assert_int_eq(tls_flush(p.server, &q, UINT64_MAX), WIRE_SENT);
    unsigned count = records(lengths);
    ck_assert_uint_eq(count, layouts[_i].count);
    for (unsigned i = 0; i < count; i++) ck_assert_uint_eq(lengths[i], layouts[_i].lengths[i]);
}
END_TEST

/* ---- in --------------------------------------------------------------------------------------- */

START_TEST(upload)
{
    static const size_t rooms[] = {1, 100, 16384, 20000, 262144};
    size_t room = rooms[_i], all = room == 1 ? 20000 : 300000;
    char *bytes = memory_get(all), *got = memory_get(room);
    uint64_t at = 0;
    size_t written = 0;
    fill(bytes, 0, all);
    while (at < all) {
        size_t part = all - written < 30000 ? all - written : 30000;
        int n = part ? SSL_write(p.client, bytes + written, (int)part) : 0;
        if (n > 0) written += (size_t)n;
        ssize_t r = tls_receive(p.server, got, room);
        ck_assert_int_ne(r, 0);
        ck_assert_int_ne(r, WIRE_BROKEN);
        ck_assert_queue_empty();
        for (ssize_t i = 0; i < r; i++, at++)
            if (got[i] != byte_at(at)) ck_abort_msg("byte %llu", (unsigned long long)at);
        int waiting = -1;
        if (r >= 0 && r < (ssize_t)room) /* short: nothing is left anywhere */
            ck_assert(ioctl(p.server_fd, FIONREAD, &waiting) == 0 && waiting == 0 && !tls_has_unread(p.server));
    }
    ck_assert_int_eq(tls_receive(p.server, got, room), WIRE_LATER);
    free(bytes);
    free(got);
}
END_TEST

START_TEST(short_result_means_empty)
{
    char bytes[100];
    ck_assert_int_eq(SSL_write(p.client, "0123456789", 10), 10);
    ck_assert_int_eq(tls_receive(p.server, bytes, 4), 4);
    ck_assert(tls_has_unread(p.server)); /* no readiness will tell of the rest */
    ck_assert_int_eq(tls_receive(p.server, bytes, sizeof bytes), 6);
    ck_assert(!tls_has_unread(p.server));
    ck_assert_int_eq(tls_receive(p.server, bytes, sizeof bytes), WIRE_LATER);
}
END_TEST

/* ---- the end ---------------------------------------------------------------------------------- */

START_TEST(client_ends)
{
    char bytes[100];
    struct chunks q = {NULL, 0, 0, 0, 0};
    SSL_write(p.client, "last", 4);
    SSL_shutdown(p.client);
    if (_i) shutdown(p.client_fd, SHUT_WR);
    ck_assert_int_eq(tls_receive(p.server, bytes, sizeof bytes), 4);
    ck_assert(tls_has_unread(p.server) || _i);
    ck_assert_int_eq(tls_receive(p.server, bytes, sizeof bytes), 0);
    ck_assert_int_eq(tls_receive(p.server, bytes, sizeof bytes), 0);
    add_blob(&q, 0, 20000); /* and still gets its answer */
    ck_assert_int_eq(tls_flush(p.server, &q, UINT64_MAX), WIRE_SENT);
    ck_assert_uint_eq(drain(0), 20000);
}
END_TEST

/* A FIN without close_notify is an end, too: many clients do so. */
START_TEST(client_cuts)
{
    char bytes[100];
    bool noise;
    drain(0); /* tickets: unread, they would make a reset of it */
    close(p.client_fd);
    p.client_fd = -1;
    ck_assert_int_eq(tls_receive(p.server, bytes, sizeof bytes), 0);
    ck_assert_str_eq(tls_why(p.server, &noise), "");
    ck_assert_queue_empty();
}
END_TEST

START_TEST(we_end)
{
    struct chunks q = {NULL, 0, 0, 0, 0};
    char bytes[100];
    add_blob(&q, 0, 10);
    ck_assert_int_eq(tls_flush(p.server, &q, UINT64_MAX), WIRE_SENT);
    ck_assert_int_eq(tls_end(p.server), WIRE_SENT);
    ck_assert_int_eq(tls_end(p.server), WIRE_SENT); /* once */
    ck_assert_uint_eq(drain(0), 10);
    ck_assert_int_eq(client_read(&p, bytes, sizeof bytes), 0);
    ck_assert_int_eq(recv(p.client_fd, bytes, sizeof bytes, MSG_DONTWAIT), -1);
    SSL_shutdown(p.client);
    ck_assert_int_eq(tls_receive(p.server, bytes, sizeof bytes), 0); /* drained as ever */
}
END_TEST

/* Whoever has nothing more to say need not say so in a segment of its own. */
START_TEST(end_with_the_last_byte)
{
    char bytes[4096];
    int before = 0, after = 0;
    struct chunks q = {NULL, 0, 0, 0, 0};
    add_blob(&q, 0, 3000);
    tls_end_soon(p.server);
    ck_assert_int_eq(tls_flush(p.server, &q, UINT64_MAX), WIRE_SENT);
    ck_assert_int_eq(ioctl(p.client_fd, FIONREAD, &before), 0);
    ck_assert_int_eq(tls_end(p.server), WIRE_SENT);
    ck_assert_int_eq(ioctl(p.client_fd, FIONREAD, &after), 0);
    ck_assert_int_eq(before, after);
    int got = 0, n;
    while ((n = SSL_read(p.client, bytes, sizeof bytes)) > 0) got += n;
    ck_assert_int_eq(got, 3000);
    ck_assert_int_eq(SSL_get_error(p.client, n), SSL_ERROR_ZERO_RETURN);
    ck_assert_queue_empty();
}
END_TEST

START_TEST(end_waits_for_room)
{
    struct chunks q = {NULL, 0, 0, 0, 0};
    char bytes[100];
    int size = 2048;
    setsockopt(p.server_fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    add_blob(&q, 0, 100000);
    while (q.count) {
        ck_assert_int_eq(tls_flush(p.server, &q, UINT64_MAX), WIRE_FULL);
        if (q.count) ck_assert_uint_gt(drain(0) + 1, 0);
        else break;
        chunks_clear(&q); /* what is encrypted already is sent whatever happens to the queue */
    }
    ck_assert_int_eq(tls_end(p.server), WIRE_FULL);
    enum wire_sent sent = WIRE_FULL;
    for (int i = 0; i < 1000 && sent == WIRE_FULL; i++) {
        while (client_read(&p, bytes, sizeof bytes) > 0) {}
        sent = tls_end(p.server);
    }
    ck_assert_int_eq(sent, WIRE_SENT);
    int n;
    while ((n = client_read(&p, bytes, sizeof bytes)) > 0) {}
    ck_assert_int_eq(n, 0);
}
END_TEST

/* ---- what goes wrong -------------------------------------------------------------------------- */

START_TEST(file_became_shorter)
{
    struct chunks q = {NULL, 0, 0, 0, 0};
    char name[32];
    struct file *f = file_from(0, 200000, name);
    chunks_add_file(&q, f, 0, 200000);
    ck_assert_int_eq(truncate(name, 150000), 0);
    enum wire_sent sent;
    uint64_t got = 0;
    do {
        sent = tls_flush(p.server, &q, UINT64_MAX);
        int number = errno;
        got = drain(got);
        errno = number;
    } while (sent == WIRE_FULL);
    ck_assert_int_eq(sent, WIRE_FAILED);
    ck_assert_int_eq(errno, EIO);
    ck_assert_uint_eq(got, 150000);
    chunks_clear(&q);
    file_drop(f);
    unlink(name);
}
END_TEST

START_TEST(peer_is_gone)
{
    struct chunks q = {NULL, 0, 0, 0, 0};
    close(p.client_fd);
    p.client_fd = -1;
    add_blob(&q, 0, 100000);
    ck_assert_int_eq(tls_flush(p.server, &q, UINT64_MAX), WIRE_FAILED);
    ck_assert(errno == EPIPE || errno == ECONNRESET);
    ck_assert(!tls_has_unsent(p.server));
    ck_assert_int_eq(tls_end(p.server), WIRE_SENT);
    ck_assert_queue_empty();
    chunks_clear(&q);
}
END_TEST

START_TEST(damaged_record)
{
    static const char junk[] = "\x17\x03\x03\x00\x20" "0123456789abcdef0123456789abcdef";
    char bytes[100];
    bool noise;
    ck_assert_int_eq(write(p.client_fd, junk, 37), 37);
    ck_assert_int_eq(tls_receive(p.server, bytes, sizeof bytes), WIRE_BROKEN);
    ck_assert_int_eq(errno, EPROTO);
    ck_assert_str_eq(tls_why(p.server, &noise), "a record was damaged on its way");
    ck_assert(noise);
    ck_assert_queue_empty();
    ck_assert_int_eq(tls_receive(p.server, bytes, sizeof bytes), WIRE_BROKEN);
    ck_assert_int_eq(tls_end(p.server), WIRE_SENT);
}
END_TEST

/* TLS 1.2: whoever asks for a new handshake is told no; who does nothing else and never reads is let go. */
START_TEST(renegotiation)
{
    struct pair old;
    char bytes[100];
    SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
    pair_open(&old, context, NULL, NULL, client);
    ck_assert_int_eq(pair_shake(&old), TLS_DONE);
    SSL_renegotiate(old.client);
    SSL_do_handshake(old.client);
    ck_assert_int_eq(tls_receive(old.server, bytes, sizeof bytes), WIRE_LATER);
    ck_assert_queue_empty();
    ERR_clear_error();
    ck_assert_int_le(SSL_do_handshake(old.client), 0);
    ck_assert_int_eq(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    pair_close(&old);
}
END_TEST

/* TLS 1.3: keys changed again and again, by a client that never reads what it is told. */
START_TEST(keys_changed)
{
    char bytes[100];
    struct chunks q = {NULL, 0, 0, 0, 0};
    for (unsigned i = 0; i < 20; i++) {
        ck_assert_int_eq(SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED), 1);
        ck_assert_int_eq(SSL_write(p.client, "x", 1), 1);
        ck_assert_int_eq(tls_receive(p.server, bytes, sizeof bytes), 1);
    }
    add_blob(&q, 0, 50000);
    ck_assert_int_eq(tls_flush(p.server, &q, UINT64_MAX), WIRE_SENT);
    ck_assert_uint_eq(drain(0), 50000);
    ck_assert(!tls_has_unsent(p.server));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bytes");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, transfer, 0, sizeof transfers / sizeof *transfers);
    tcase_add_loop_test(tests, layout, 0, sizeof layouts / sizeof *layouts);
    tcase_add_loop_test(tests, upload, 0, 5);
    tcase_add_test(tests, short_result_means_empty);
    tcase_add_loop_test(tests, client_ends, 0, 2);
    tcase_add_test(tests, client_cuts);
    tcase_add_test(tests, we_end);
    tcase_add_test(tests, end_with_the_last_byte);
    tcase_add_test(tests, end_waits_for_room);
    tcase_add_test(tests, file_became_shorter);
    tcase_add_test(tests, peer_is_gone);
    tcase_add_test(tests, damaged_record);
    tcase_add_test(tests, renegotiation);
    tcase_add_test(tests, keys_changed);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
