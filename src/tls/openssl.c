/* openssl.c - a connection that speaks TLS, by OpenSSL 3 or LibreSSL */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "tls/openssl.h"

enum {
    RECORD_BYTES = 16384,   /* plaintext of a full record, RFC 8446 5.1 */
    FIRST_RECORD = 1300,    /* fits into one segment: the client can begin before the rest has come */
    BURST_MAX = 8,          /* records for one send() */
    BURST_FIRST = 4,
    SPARE_RECVS = 4         /* for what carries no data: tickets asked for, keys changed */
};

/* ---- TLS in the kernel ------------------------------------------------------------------------ */

#ifdef HAVE_TLS_KTLS
static bool wants_ktls(const struct tls *t) {
    return t->context && t->context->ktls;
}

static void enter_ktls(struct tls *t) {
    if (!wants_ktls(t)) return; /* the kernel takes over with a socket of OpenSSL's own alone */
    BIO *socket_bio = BIO_new_socket(t->fd, BIO_NOCLOSE);
    if (socket_bio) SSL_set0_wbio(t->ssl, socket_bio);
}

static void leave_ktls(struct tls *t) {
    if (!wants_ktls(t) || BIO_get_ktls_send(SSL_get_wbio(t->ssl))) return;
    BIO *bio = SSL_get_rbio(t->ssl);
    if (BIO_up_ref(bio)) SSL_set0_wbio(t->ssl, bio);
}

static bool is_in_kernel(const struct tls *t) {
    return wants_ktls(t) && BIO_get_ktls_send(SSL_get_wbio(t->ssl));
}
#else
static void enter_ktls(struct tls *t) {
    (void)t;
}

static void leave_ktls(struct tls *t) {
    (void)t;
}

static bool is_in_kernel(const struct tls *t) {
    (void)t;
    return false;
}
#endif

/* ---- life ------------------------------------------------------------------------------------- */

static bool open_ssl(struct tls *t, SSL_CTX *ctx) {
    t->ssl = SSL_new(ctx);
    BIO *bio = t->ssl ? transport_make(t) : NULL;
    if (!bio) return false;
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_app_data(t->ssl, t);
    return true;
}

struct tls *tls_over(SSL_CTX *ctx, int fd) {
    struct tls *t = memory_zeroed(1, sizeof *t);
    t->fd = fd;
    t->burst = BURST_FIRST;
    t->fresh = true;
    errors_forget();
    if (open_ssl(t, ctx)) return t;
    provider_drop(t);
    return NULL;
}

struct tls *provider_open(struct tls_context *context, int fd, tls_select *select, void *arg) {
    struct tls *t = tls_over(context->ctx, fd);
    if (!t) return NULL;
    t->context = provider_context_hold(context);
    t->select = select;
    t->arg = arg;
    enter_ktls(t);
    SSL_set_accept_state(t->ssl);
    verify_apply(t->ssl, context);
    return t;
}

void provider_drop(struct tls *t) {
    if (!t) return;
    /* A session is good although its connection has ended without a word: OpenSSL would forget it. */
    if (t->client && t->established) SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(t->ssl);
    errors_forget();
    provider_context_drop(t->context);
    provider_client_drop(t->client);
    free(t->name);
    free(t->why);
    free(t->unsent);
    free(t);
}

/* ---- handshake -------------------------------------------------------------------------------- */

/* A session that was begun under other rules (without a client certificate, say) is not good here. OpenSSL sees to
 * it; libraries that look at the ticket before they look at the name do not. */
static bool session_fits(const struct tls *t) {
    unsigned length = 0;
    if (!SSL_session_reused(t->ssl)) return true;
    const unsigned char *id = SSL_SESSION_get0_id_context(SSL_get_session(t->ssl), &length);
    return length == CONTEXT_ID_BYTES && memcmp(id, t->context->id, CONTEXT_ID_BYTES) == 0;
}

static bool is_acceptable(struct tls *t) {
    if (t->client) return client_established(t);
    if (session_fits(t)) return true;
    why_say(t, "the session of the client was begun under other rules");
    return false;
}

static enum tls_progress establish(struct tls *t) {
    if (!is_acceptable(t)) {
        transport_break(t, EPROTO);
        return TLS_FAILED;
    }
    t->established = true;
    leave_ktls(t);
    return TLS_DONE;
}

enum tls_progress provider_handshake(struct tls *t) {
    if (t->established) return TLS_DONE;
    if (t->broken || !transport_push(t)) return TLS_FAILED;
    if (t->unsent) return TLS_WANT_OUT;
    errors_forget();
    t->emptied = false;
    t->recv_budget = SPARE_RECVS;
    int result = SSL_do_handshake(t->ssl);
    int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, result);
    bool waits = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    transport_push(t); /* an alert, too */
    if (result != 1 && !waits) why_keep(t, result);
    errors_forget();
    if (result == 1 && !t->broken) return establish(t);
    if (t->broken) return TLS_FAILED;
    return t->unsent || error == SSL_ERROR_WANT_WRITE ? TLS_WANT_OUT : TLS_WANT_IN;
}

/* ---- in --------------------------------------------------------------------------------------- */

/* Bytes, 0 if there are none for now or ever: then t says which. */
static size_t read_some(struct tls *t, char *bytes, size_t n) {
    errors_forget();
    int result = SSL_read(t->ssl, bytes, n < INT_MAX ? (int)n : INT_MAX);
    if (result > 0) return (size_t)result;
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: break;
    case SSL_ERROR_ZERO_RETURN: t->at_end = t->said_end = true; break;
    default:
        if (!t->at_end) why_keep(t, result);
    }
    errors_forget();
    return 0;
}

/* Nothing more can come before the socket is readable again: asking once more would only cost. */
static bool is_drained(const struct tls *t) {
#ifdef HAVE_TLS_HAS_PENDING
    return t->emptied && !SSL_has_pending(t->ssl);
#else
    (void)t;
    return false;
#endif
}

ssize_t provider_receive(struct tls *t, char *bytes, size_t n) {
    size_t total = 0, got;
    t->emptied = false;
    t->recv_budget = (unsigned)(n / RECORD_BYTES) + SPARE_RECVS;
    while (total < n && !t->broken && (got = read_some(t, bytes + total, n - total)) > 0) {
        total += got;
        if (is_drained(t)) break;
    }
    bool ended = t->at_end && !t->broken;
    transport_push(t);
    if (total) return (ssize_t)total;
    if (ended) return 0;
    if (!t->broken) return WIRE_LATER;
    errno = t->error_number;
    return WIRE_BROKEN;
}

bool provider_has_unread(const struct tls *t) {
    return t->at_end || t->broken || SSL_pending(t->ssl) > 0;
}

/* ---- out -------------------------------------------------------------------------------------- */

static char plain[BURST_MAX * RECORD_BYTES]; /* gathered; for all connections, within a turn */

static bool read_file(const struct chunk *c, char *bytes, size_t n, size_t *got) {
    ssize_t r;
    do r = pread(c->is.file->fd, bytes, n, (off_t)c->at);
    while (r < 0 && errno == EINTR);
    if (r == 0) errno = EIO; /* it has become shorter than what was announced */
    *got = r > 0 ? (size_t)r : 0;
    return r > 0;
}

/* Memory in large pieces is taken where it is. The rest goes through `plain`, so that small pieces share a record. */
static bool next_piece(const struct chunks *q, size_t most, struct span *piece) {
    const struct chunk *first = chunks_at(q, 0);
    bool large = first->left >= RECORD_BYTES && most >= RECORD_BYTES;
    if (first->kind != CHUNK_FILE && (large || q->count == 1)) {
        size_t n = (size_t)(first->left < most ? first->left : most);
        *piece = (struct span){chunk_bytes(first), q->count == 1 ? n : n - n % RECORD_BYTES};
        return true;
    }
    size_t used = 0;
    for (unsigned i = 0; i < q->count && used < most; i++) {
        const struct chunk *c = chunks_at(q, i);
        size_t n = (size_t)(c->left < most - used ? c->left : most - used), got = n;
        if (c->kind != CHUNK_FILE) memcpy(plain + used, chunk_bytes(c), n);
        else if (!read_file(c, plain + used, n, &got) && used == 0) return false;
        used += got;
        if (got < n) break;
    }
    *piece = (struct span){plain, used};
    return true;
}

static bool seal(struct tls *t, struct span piece) {
    errors_forget();
    int result = SSL_write(t->ssl, piece.p, (int)piece.n);
    if (result == (int)piece.n) return true;
    why_keep(t, result);
    return false;
}

static void say_end(struct tls *t) {
    t->ended = true;
    errors_forget();
    SSL_shutdown(t->ssl);
    errors_forget();
}

void provider_end_soon(struct tls *t) {
    t->ends = t->established && !t->ended;
}

/* One burst: encrypts, then sends. */
static enum wire_sent flush_some(struct tls *t, struct chunks *q, size_t most) {
    struct span piece;
    if (!next_piece(q, most, &piece)) return WIRE_FAILED;
    size_t first = t->fresh && piece.n > RECORD_BYTES ? FIRST_RECORD : 0;
    if (first && !seal(t, span_upto(piece, first))) return WIRE_FAILED;
    if (!seal(t, span_from(piece, first))) return WIRE_FAILED;
    t->fresh = false;
    chunks_sent(q, piece.n);
    if (t->ends && !t->ended && q->count == 0) say_end(t);
    if (!transport_push(t)) return WIRE_FAILED;
    if (t->unsent) t->burst = (unsigned char)(t->burst > 1 ? t->burst / 2 : 1);
    else if (t->burst < BURST_MAX) t->burst = (unsigned char)(t->burst * 2);
    return t->unsent ? WIRE_FULL : WIRE_SENT;
}

static enum wire_sent failed(struct tls *t) {
    if (t->broken) errno = t->error_number;
    return WIRE_FAILED;
}

enum wire_sent provider_flush(struct tls *t, struct chunks *q, uint64_t max) {
    if (t->broken || !transport_push(t)) return failed(t);
    if (t->unsent) return WIRE_FULL;
    if (is_in_kernel(t)) return wire_flush(t->fd, q, max, false);
    while (q->count) {
        size_t most = (size_t)t->burst * RECORD_BYTES;
        uint64_t before = q->bytes;
        if (max == 0) return WIRE_YIELD;
        enum wire_sent sent = flush_some(t, q, max < most ? (size_t)max : most);
        if (sent == WIRE_FAILED) return failed(t);
        if (sent == WIRE_FULL) return WIRE_FULL;
        max -= before - q->bytes;
    }
    t->fresh = true;
    return WIRE_SENT;
}

enum wire_sent provider_end(struct tls *t) {
    if (t->established && !t->broken && !t->ended) say_end(t);
    if (!t->broken) transport_push(t);
    return t->unsent && !t->broken ? WIRE_FULL : WIRE_SENT;
}

bool provider_has_unsent(const struct tls *t) {
    return t->unsent != NULL;
}

/* ---- what was agreed upon --------------------------------------------------------------------- */

const char *provider_why(const struct tls *t, bool *is_noise) {
    if (is_noise) *is_noise = t->noise || !t->why;
    return t->why ? t->why : "";
}

bool provider_is_plain_http(const struct tls *t) {
    return t->plain_http;
}

struct tls_context *provider_context_of(const struct tls *t) {
    return t->context;
}

static bool agreed_on(const struct tls *t, struct span protocol) {
    const unsigned char *name = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(t->ssl, &name, &length);
    return span_is((struct span){(const char *)name, length}, protocol);
}

unsigned provider_version(const struct tls *t) {
    switch (SSL_version(t->ssl)) {
    case TLS1_3_VERSION: return 13;
    case TLS1_2_VERSION: return 12;
    case TLS1_1_VERSION: return 11;
    case TLS1_VERSION: return 10;
    default: return 0;
    }
}

bool provider_is_h2(const struct tls *t) {
    return agreed_on(t, SPAN("h2"));
}

bool provider_is_acme(const struct tls *t) {
    return t->acme;
}

struct span provider_server_name(const struct tls *t) {
    return t->name ? span_of(t->name) : SPAN("");
}
