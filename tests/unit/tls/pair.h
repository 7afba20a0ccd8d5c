/* pair.h - a connection within a test: our side, and a client of OpenSSL's, over a socketpair */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TEST_PAIR_H
#define GOLDCREST_TEST_PAIR_H

#include <openssl/ssl.h>

#include "authority.h"
#include "tls/tls.h"

/* pair - filled by pair_open(), emptied by pair_close() */
struct pair {
    int server_fd, client_fd;
    struct tls *server;
    SSL *client;
    bool client_done;
    int client_error; /* SSL_R_… of a handshake that failed */
};

void pair_open(struct pair *p, struct tls_context *context, tls_select *select, void *arg, SSL_CTX *client);
void pair_close(struct pair *p);

/* Both do what they can until nothing moves. How far our side came. */
enum tls_progress pair_shake(struct pair *p);

/* What the client has, up to n bytes; -1: nothing now; 0: close_notify. */
int client_read(struct pair *p, char *bytes, int n);

/* Files for contexts: inputs that know `name` as the PEM of a certificate, its issuers and its key. */
void put_identity(struct inputs *in, const char *file, const struct identity *id, const struct identity *issuer);
void put_text(struct inputs *in, const char *file, struct buf *text); /* which is given back */

/* A context that must load without complaints. */
struct tls_context *make_context(const struct tls_settings *s, struct inputs *in);
/* The complaints of one that is made, as text; freed by the caller. */
char *complaints_of(const struct tls_settings *s, struct inputs *in, bool *made);

/* A client that knows the authority (NULL: verifies nothing). */
SSL_CTX *make_client(const struct identity *authority);

void ck_assert_queue_empty(void);

#endif
