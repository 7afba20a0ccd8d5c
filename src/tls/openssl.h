/* openssl.h - what the files of the OpenSSL provider share; nobody else includes it */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TLS_OPENSSL_H
#define GOLDCREST_TLS_OPENSSL_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "tls/provider.h"

/* ---- table.c: what the front calls, each in the file of its subject ------------------------------ */

/* All that the library shows; the rest is hidden by -fvisibility. */
extern const struct tls_provider goldcrest_tls __attribute__((visibility("default")));
const char *provider_name(void);
const char *provider_trusted_path(unsigned n);
struct tls_context *provider_context_make(const struct tls_settings *s, struct inputs *inputs, struct place at,
                                          struct complaints *c);
struct tls_context *provider_context_hold(struct tls_context *x);
void provider_context_drop(struct tls_context *x);
const struct tls_settings *provider_context_settings(const struct tls_context *x);
struct tls_client *provider_client_make(const struct tls_client_options *o, struct inputs *inputs, struct place at,
                                        struct complaints *c);
struct tls_client *provider_client_hold(struct tls_client *x);
void provider_client_drop(struct tls_client *x);
struct tls *provider_open(struct tls_context *context, int fd, tls_select *select, void *arg);
struct tls *provider_connect(struct tls_client *x, int fd);
void provider_drop(struct tls *t);
enum tls_progress provider_handshake(struct tls *t);
const char *provider_why(const struct tls *t, bool *is_noise);
bool provider_is_plain_http(const struct tls *t);
ssize_t provider_receive(struct tls *t, char *bytes, size_t n);
bool provider_has_unread(const struct tls *t);
enum wire_sent provider_flush(struct tls *t, struct chunks *q, uint64_t max);
void provider_end_soon(struct tls *t);
enum wire_sent provider_end(struct tls *t);
bool provider_has_unsent(const struct tls *t);
bool provider_has_said_end(const struct tls *t);
bool provider_is_resumed(const struct tls *t);
struct tls_context *provider_context_of(const struct tls *t);
unsigned provider_version(const struct tls *t);
bool provider_is_h2(const struct tls *t);
bool provider_is_acme(const struct tls *t);
struct span provider_server_name(const struct tls *t);
bool provider_export(const struct tls *t, unsigned *at, struct span *name, struct span *value, struct arena *a);
struct span provider_user(const struct tls *t, struct arena *a);

/* ---- certificate.c: a certificate, those that vouch for it, and its key ------------------------- */

struct certificate {
    X509 *leaf;
    STACK_OF(X509) *chain; /* what is sent behind the leaf, in order */
    EVP_PKEY *key;
};

/* From PEM. False with *why, a part of a sentence that lives until the next call. Zeroed memory is an empty one. */
bool certificate_parse(struct certificate *c, struct span pem, struct span key_pem, const char **why);
/* All certificates of a PEM text, or NULL with *why. */
STACK_OF(X509) *certificates_parse(struct span pem, const char **why);
/* Issuers that the chain lacks, from among others. */
void certificate_complete(struct certificate *c, STACK_OF(X509) *others);
/* Warnings: expired, not valid yet, weak, out of order. `file` is how messages call it. */
void certificate_check(const struct certificate *c, struct span file, struct place at, struct complaints *complaints);
bool certificate_use(const struct certificate *c, SSL_CTX *ctx);
void certificate_done(struct certificate *c);
/* "CN=example.org": for messages; lives until the next call. */
const char *certificate_name(X509 *x);
const char *certificate_issuer(X509 *x);
/* "Nov 25 15:00:00 2026 GMT"; lives until the next call. */
const char *certificate_time(const ASN1_TIME *when);

/* ---- context.c ---------------------------------------------------------------------------------- */

enum { CONTEXT_ID_BYTES = 32 };

struct tls_context {
    unsigned refs;
    struct tls_settings settings; /* texts in the arena; conf_cmd NULL */
    struct arena arena;
    SSL_CTX *ctx;
    struct staple *staple;
    unsigned char id[CONTEXT_ID_BYTES]; /* a session of one context is not good for another */
    bool ktls;
};

/* A file that ssl.* names, through the inputs; false after a complaint. */
bool context_read(struct inputs *inputs, struct span path, const char *directive, struct place at,
                  struct complaints *c, struct span *text);

/* ---- command.c: ssl.openssl.ssl-conf-cmd -------------------------------------------------------- */

void commands_apply(SSL_CTX *ctx, const struct value *commands, struct inputs *inputs, struct complaints *c);

/* ---- verify.c: client certificates -------------------------------------------------------------- */

bool verify_prepare(struct tls_context *x, struct inputs *inputs, struct place at, struct complaints *c);
/* What SSL_set_SSL_CTX() does not take over from the context. */
void verify_apply(SSL *ssl, const struct tls_context *x);

/* ---- stapling.c: OCSP responses (RFC 6066 8) ------------------------------------------------------ */

struct staple *staple_make(struct span file, struct span der, const struct certificate *c, const char **why);
/* The response, as long as it is valid; empty after that (said once). */
struct span staple_bytes(struct staple *s);
void staple_drop(struct staple *s); /* accepts NULL */
int staple_answer(SSL *ssl, void *arg); /* the callback */

/* ---- hello.c: what the client wants: a name (SNI), a protocol (ALPN) ----------------------------- */

void hello_prepare(SSL_CTX *ctx);
/* acme.c: shows the certificate of a challenge (RFC 8737) for that name; false if there is none. */
bool acme_show(SSL *ssl, struct span directory, struct span name);

/* ---- session.c: tickets, encrypted with the keys of tickets.c ------------------------------------ */

void session_prepare(SSL_CTX *ctx, const struct tls_context *x);

/* ---- client.c: we are the client ------------------------------------------------------------------ */

struct tls_client {
    unsigned refs;
    bool verify, h2, is_address;
    char *name; /* "" if nobody said one */
    SSL_CTX *ctx;
    struct kept_sessions *sessions;
};

/* Of a handshake that is done: false if it is not good enough, with t->why. */
bool client_established(struct tls *t);

/* ---- verdict.c: certificates of backends ---------------------------------------------------------- */

/* For SSL_set_verify(): says in t->why what is wrong. */
int verdict_on_backend(int ok, X509_STORE_CTX *store);

/* ---- stream.c: between OpenSSL and the socket ----------------------------------------------------- */

struct tls {
    SSL *ssl;
    struct tls_context *context; /* in force, held; NULL: we are the client */
    struct tls_client *client;   /* held; NULL: we are the server */
    tls_select *select;
    void *arg;
    char *name;          /* SNI; NULL: none */
    char *why;           /* it failed; NULL: it did not, or the peer is just gone */
    char *unsent;        /* encrypted; the kernel had no room for it */
    size_t unsent_at, unsent_n;
    int fd;
    unsigned recv_budget;   /* recv() calls left in this turn */
    unsigned char burst;    /* records encrypted at once: adapts to what the kernel takes */
    bool emptied;        /* the last recv() took all there was */
    bool established;    /* the handshake is done */
    bool fresh;          /* nothing of the response was sent yet */
    bool at_end;         /* the peer has said close_notify, or FIN */
    bool said_end;       /* … close_notify */
    bool broken;         /* nothing goes any more, because of error_number */
    bool ends;           /* close_notify is to leave with the last byte */
    bool ended;          /* close_notify is said */
    bool noise, plain_http, acme;
    int error_number;
};

/* A connection over fd, of neither role yet. NULL: no memory. */
struct tls *tls_over(SSL_CTX *ctx, int fd);

/* The error queue is the thread's: nothing in it may be taken for the next connection's. It is mostly empty. */
static inline void errors_forget(void) {
    if (ERR_peek_error()) ERR_clear_error();
}

BIO *transport_make(struct tls *t);
/* Sends what was encrypted since the last call, behind what waits. False if the connection is broken. */
bool transport_push(struct tls *t);
void transport_break(struct tls *t, int error_number);

/* ---- why.c: errors in plain words ---------------------------------------------------------------- */

/* Empties OpenSSL's error queue, keeps what it said in t. result: of the call that failed. */
void why_keep(struct tls *t, int result);
/* For t->why, unless it says something already; at most 300 bytes. */
void why_say(struct tls *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The oldest reason in the queue, which is emptied: a part of a sentence; lives until the next call. */
const char *why_text(void);

#endif
