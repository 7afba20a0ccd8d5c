/* tls.h - records <-> bytes: TLS on a connection (RFC 8446, RFC 5246). One provider per build: openssl.c or none.c */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TLS_H
#define GOLDCREST_TLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/span.h"
#include "net/chunk.h"
#include "net/wire.h"
#include "tls/context.h"

/* tls - one connection's; belongs to it. Between two requests it holds no buffers. */
struct tls;

/* Whose certificate is shown: called within tls_handshake() when the client has said which name it wants (lower case,
 * valid as a host name; empty if it said none, or nonsense). NULL: stays with what tls_open() was given. */
typedef struct tls_context *tls_select(void *arg, struct span name);

/* A connection that will speak TLS over fd as the context (held) says. NULL when there is no memory or no
 * provider. */
struct tls *tls_open(struct tls_context *context, int fd, tls_select *select, void *arg);
void tls_drop(struct tls *t); /* accepts NULL; the descriptor stays the caller's */

enum tls_progress {
    TLS_DONE,
    TLS_WANT_IN,  /* call again when the descriptor is readable */
    TLS_WANT_OUT, /* … or writable */
    TLS_FAILED    /* tls_why() tells; an alert was sent if the protocol has one for it */
};
/* After TLS_DONE call tls_receive() at once: a request may have come with the last message of the handshake. */
enum tls_progress tls_handshake(struct tls *t);

/* What went wrong, for the log; "" if the peer is simply gone. is_noise: nothing that an administrator should care
 * about (plain HTTP on the port, a scanner, an unknown CA on the client's side). */
const char *tls_why(const struct tls *t, bool *is_noise);
/* The first bytes looked like plain HTTP: the client could be told so. */
bool tls_is_plain_http(const struct tls *t);

/* As wire_receive(): at most n bytes of plaintext; a result below n has emptied what was there for now: no more will
 * come before the descriptor is readable again. 0: the peer has said close_notify, or its FIN. */
ssize_t tls_receive(struct tls *t, char *bytes, size_t n);

/* tls_receive() has something to say that no readiness will announce: plaintext that a full buffer had no room for,
 * the peer's end, a failure. Who stops reading for a while looks here before it waits for the descriptor. */
bool tls_has_unread(const struct tls *t);

/* As wire_flush(): sends what is in the queue, at most max bytes. Small pieces share a record, large ones have full
 * ones, and as many records as there are go out with one system call. */
enum wire_sent tls_flush(struct tls *t, struct chunks *q, uint64_t max);

/* Nothing will be put into the queue any more: when tls_flush() sends its last byte, close_notify leaves with it. */
void tls_end_soon(struct tls *t);

/* Says close_notify (RFC 8446 6.1), once. WIRE_SENT when it is in the kernel (or cannot be sent any more); WIRE_FULL:
 * call again when the descriptor is writable. The caller then half-closes and drains as on any connection. */
enum wire_sent tls_end(struct tls *t);

/* Bytes that are encrypted already and wait for room in the kernel: the connection wants OUT although its queue is
 * empty. */
bool tls_has_unsent(const struct tls *t);

/* ---- what was agreed upon --------------------------------------------------------------------- */

struct tls_context *tls_context_of(const struct tls *t); /* in force, not held */
unsigned tls_version(const struct tls *t);              /* 10 … 13; 0: something else, or none yet */
bool tls_is_h2(const struct tls *t);                     /* ALPN chose "h2" */
bool tls_is_acme(const struct tls *t);                   /* ALPN chose "acme-tls/1": close after the handshake */
struct span tls_name(const struct tls *t);               /* SNI; empty if there was none */

/* The variables that mod_openssl of lighttpd exports: SSL_PROTOCOL, SSL_CIPHER, SSL_CIPHER_USEKEYSIZE,
 * SSL_CIPHER_ALGKEYSIZE, SSL_CLIENT_VERIFY, SSL_CLIENT_S_DN and its parts, SSL_CLIENT_M_SERIAL, SSL_CLIENT_CERT …
 * *at is 0 at first; false after the last one. Texts in the arena, or constants. */
bool tls_export(const struct tls *t, unsigned *at, struct span *name, struct span *value, struct arena *a);
/* ssl.verifyclient.username: the value of that variable; empty if there is no valid certificate. */
struct span tls_user(const struct tls *t, struct arena *a);

#endif
