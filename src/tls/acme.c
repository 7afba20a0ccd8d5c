/* acme.c - certificates that answer the challenge of an authority, laid down by an ACME client (RFC 8737) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"
#include "tls/openssl.h"

#include <fcntl.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024 };

/* The name is one of hello.c's: letters, digits, "-", "_" and single dots, none of them first. */
static bool read_part(struct span directory, struct span name, const char *suffix, struct buf *out) {
    struct buf path = {NULL, 0, 0};
    buf_printf(&path, "%.*s/%.*s%s", SPAN_ARG(directory), SPAN_ARG(name), suffix);
    int fd = fd_open(buf_text(&path), O_RDONLY | O_NONBLOCK, 0);
    buf_done(&path);
    if (fd < 0) return false;
    bool ok = fd_read_all(fd, out, FILE_MAX) == 0;
    close(fd);
    return ok;
}

/* In a context of its own: beside the usual certificate a client might get the usual one. */
static bool show(SSL *ssl, const struct certificate *c) {
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx) return false;
    hello_prepare(ctx);
    bool ok = certificate_use(c, ctx) && SSL_set_SSL_CTX(ssl, ctx) == ctx;
    SSL_CTX_free(ctx); /* the connection holds it */
    return ok;
}

/* It stands for this connection alone: nothing is asked of the authority, no session goes on from it. */
static bool show_parsed(SSL *ssl, struct span name, struct span pem, struct span key) {
    struct certificate c;
    const char *why;
    if (!certificate_parse(&c, pem, key, &why)) {
        say_warning("ssl.acme-tls-1: the certificate for %.*s: %s", SPAN_ARG(name), why);
        return false;
    }
    SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    SSL_set_options(ssl, SSL_OP_NO_TICKET);
    bool ok = show(ssl, &c);
    certificate_done(&c);
    return ok;
}

bool acme_show(SSL *ssl, struct span directory, struct span name) {
    struct buf pem = {NULL, 0, 0}, key = {NULL, 0, 0};
    bool ok = name.n > 0 && name.p[0] != '.' && span_find(name, '/') == name.n &&
              read_part(directory, name, ".crt.pem", &pem) && read_part(directory, name, ".key.pem", &key) &&
              show_parsed(ssl, name, buf_span(&pem), buf_span(&key));
    buf_done(&pem);
    buf_done(&key);
    ERR_clear_error();
    return ok;
}
