/* pair.c - a connection within a test */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "pair.h"

#include <check.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

void pair_open(struct pair *p, struct tls_context *context, tls_select *select, void *arg, SSL_CTX *client) {
    int fds[2];
    *p = (struct pair){.server_fd = -1};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    fd_set_nonblocking(fds[0], true);
    fd_set_nonblocking(fds[1], true);
    p->server_fd = fds[0];
    p->client_fd = fds[1];
    p->server = tls_open(context, fds[0], select, arg);
    ck_assert_ptr_nonnull(p->server);
    if (!client) return;
    p->client = SSL_new(client);
    SSL_set_fd(p->client, fds[1]);
    SSL_set_connect_state(p->client);
}

void pair_close(struct pair *p) {
    tls_drop(p->server);
    SSL_free(p->client);
    close(p->server_fd);
    if (p->client_fd >= 0) close(p->client_fd);
    ERR_clear_error();
}

static void client_step(struct pair *p) {
    if (p->client_done || p->client_error) return;
    ERR_clear_error();
    int result = SSL_do_handshake(p->client);
    int error = SSL_get_error(p->client, result);
    p->client_done = result == 1;
    if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        p->client_error = ERR_GET_REASON(ERR_peek_error()) ? ERR_GET_REASON(ERR_peek_error()) : -1;
    ERR_clear_error();
}

enum tls_progress pair_shake(struct pair *p) {
    enum tls_progress progress = TLS_WANT_IN;
    for (int i = 0; i < 20; i++) {
        client_step(p);
        progress = tls_handshake(p->server);
        ck_assert_queue_empty();
        if (progress == TLS_FAILED) break;
        if (progress == TLS_DONE && (p->client_done || p->client_error)) break;
    }
    client_step(p);
    return progress;
}

int client_read(struct pair *p, char *bytes, int n) {
    ERR_clear_error();
    int got = SSL_read(p->client, bytes, n);
    int error = SSL_get_error(p->client, got);
    ERR_clear_error();
    if (got > 0) return got;
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    ck_assert_int_eq(error, SSL_ERROR_WANT_READ);
    return -1;
}

void put_text(struct inputs *in, const char *file, struct buf *text) {
    inputs_put(in, INPUT_FILE, file, buf_span(text));
    buf_done(text);
    *text = (struct buf){NULL, 0, 0};
}

void put_identity(struct inputs *in, const char *file, const struct identity *id, const struct identity *issuer) {
    struct buf pem = {NULL, 0, 0};
    add_certificate(&pem, id);
    if (issuer) add_certificate(&pem, issuer);
    add_key(&pem, id);
    put_text(in, file, &pem);
}

char *complaints_of(const struct tls_settings *s, struct inputs *in, bool *made) {
    struct complaints *c = complaints_make();
    struct buf text = {NULL, 0, 0};
    struct tls_context *x = tls_context_make(s, in, (struct place){NULL, 0}, c);
    *made = x != NULL;
    ck_assert_int_eq(*made, complaints_errors(c) == 0);
    complaints_print(c, &text);
    char *copy = span_dup(buf_span(&text));
    tls_context_drop(x);
    complaints_drop(c);
    buf_done(&text);
    ck_assert_queue_empty();
    return copy;
}

struct tls_context *make_context(const struct tls_settings *s, struct inputs *in) {
    struct complaints *c = complaints_make();
    struct buf text = {NULL, 0, 0};
    struct tls_context *x = tls_context_make(s, in, (struct place){NULL, 0}, c);
    complaints_print(c, &text);
    ck_assert_msg(x && text.n == 0, "%s", buf_text(&text));
    complaints_drop(c);
    buf_done(&text);
    ck_assert_queue_empty();
    return x;
}

SSL_CTX *make_client(const struct identity *authority) {
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (authority) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), authority->x);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    }
    return ctx;
}

void ck_assert_queue_empty(void) {
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
