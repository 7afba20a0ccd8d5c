/* client.h - TLS to a backend: we are the client (RFC 8446); the records are tls.h's */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TLS_CLIENT_H
#define GOLDCREST_TLS_CLIENT_H

#include <stdbool.h>

#include "base/span.h"
#include "conf/complain.h"
#include "conf/inputs.h"
#include "tls/tls.h"

/* tls_client_options - how a backend is known to be who it should be */
struct tls_client_options {
    bool verify;          /* the certificate must be valid for `name` and signed by someone we trust; default */
    bool h2;              /* offers "h2" alone in ALPN; else "http/1.1" */
    struct span name;     /* SNI (unless it is an address) and the name or address that the certificate must have */
    struct span ca_file;  /* empty: what the system trusts */
    struct span cert_file, key_file; /* ours; may be empty; the key may stand in cert_file */
};

/* tls_client - counted; made at load (files are read through inputs), never changes but for its last sessions, which
 * are resumed */
struct tls_client;
struct tls_client *tls_client_make(const struct tls_client_options *o, struct inputs *inputs, struct place at,
                                   struct complaints *c); /* NULL after complaints */
struct tls_client *tls_client_hold(struct tls_client *x);
void tls_client_drop(struct tls_client *x); /* accepts NULL */

/* A connection that will speak TLS over the connected fd: then tls_handshake(), tls_receive(), tls_flush(), tls_end()
 * and tls_drop() as for clients; tls_why() says what was wrong with the backend's certificate, in plain words. With
 * TLS 1.3 a backend says what it thinks of our certificate after the handshake: tls_receive() is then WIRE_BROKEN. */
struct tls *tls_connect(struct tls_client *x, int fd);

/* The backend has said close_notify. If it has closed without, a response that has no length may have been cut
 * (RFC 9112 9.8). */
bool tls_has_said_end(const struct tls *t);
/* The handshake went on with a session of before. */
bool tls_is_resumed(const struct tls *t);

/* Files and directories that hold what the system trusts, which the library reads when it needs it; NULL: no more. */
const char *tls_trusted_path(unsigned n);

#endif
