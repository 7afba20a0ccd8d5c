/* hello.c - what the client wants: a name (SNI, RFC 6066 3), a protocol (ALPN, RFC 7301) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "tls/openssl.h"

enum { NAME_MAX_BYTES = 253 }; /* RFC 1035 2.3.4, as text */

/* ---- the name --------------------------------------------------------------------------------- */

static bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-' || c == '_' || c == '.';
}

/* Lower case, without the dot at the end; "" if it is no host name. The caller frees it. */
static char *clean_name(struct span name) {
    if (name.n && name.p[name.n - 1] == '.') name.n--;
    if (name.n > NAME_MAX_BYTES) name.n = 0;
    char *clean = span_dup(name);
    for (size_t i = 0; i < name.n; i++) {
        clean[i] = ascii_lower(clean[i]);
        bool empty_label = clean[i] == '.' && (i == 0 || clean[i - 1] == '.');
        if (is_name_char(clean[i]) && !empty_label) continue;
        clean[0] = '\0';
        break;
    }
    return clean;
}

/* OpenSSL goes on with the other context's certificate; the rest of it is ours to take over. */
static void use_context(struct tls *t, struct tls_context *x) {
    if (!x || x == t->context || !SSL_set_SSL_CTX(t->ssl, x->ctx)) return;
    SSL_set_session_id_context(t->ssl, x->id, CONTEXT_ID_BYTES);
    verify_apply(t->ssl, x);
    provider_context_hold(x);
    provider_context_drop(t->context);
    t->context = x;
}

static void take_name(struct tls *t, struct span name) {
    if (t->name) return; /* a second ClientHello after HelloRetryRequest: it may not change */
    t->name = clean_name(name);
    if (t->select) use_context(t, t->select(t->arg, span_of(t->name)));
}

/* ---- the protocol ----------------------------------------------------------------------------- */

/* Is it in the list: length, name, length, name …? */
static bool offers(struct span list, struct span protocol) {
    while (list.n) {
        size_t n = (unsigned char)list.p[0];
        if (n >= list.n) return false;
        if (span_is((struct span){list.p + 1, n}, protocol)) return true;
        list = span_from(list, n + 1);
    }
    return false;
}

/* In the order of our preference. A client that offers nothing we know is told so, RFC 7301 3.2. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
                           const unsigned char *offered, unsigned n, void *arg) {
    struct tls *t = SSL_get_app_data(ssl);
    const struct tls_settings *s = &t->context->settings;
    struct span list = {(const char *)offered, n};
    const struct {
        struct span name;
        bool is_on;
    } known[] = {{SPAN("acme-tls/1"), t->acme},
                 {SPAN("h2"), s->h2},
                 {SPAN("http/1.1"), true},
                 {SPAN("http/1.0"), true}};
    (void)arg;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!known[i].is_on || !offers(list, known[i].name)) continue;
        *chosen = (const unsigned char *)known[i].name.p;
        *length = (unsigned char)known[i].name.n;
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* RFC 8737: who offers acme-tls/1 alone is a certificate authority that asks for a challenge's certificate. */
static bool answer_challenge(struct tls *t, struct span protocols) {
    struct span directory = t->context->settings.acme_dir;
    if (!directory.n || !t->name || !offers(protocols, SPAN("acme-tls/1"))) return true;
    t->acme = acme_show(t->ssl, directory, span_of(t->name));
    return t->acme;
}

/* ---- when they are looked at ------------------------------------------------------------------ */

#ifdef HAVE_TLS_CLIENT_HELLO
/* Before anything else, above all before a ticket is looked at: it is judged by the rules of the name's context. */
static struct span extension(SSL *ssl, unsigned type) {
    const unsigned char *bytes = NULL;
    size_t n = 0;
    return SSL_client_hello_get0_ext(ssl, type, &bytes, &n) ? (struct span){(const char *)bytes, n} : SPAN("");
}

static size_t two_bytes(struct span s) {
    return (size_t)(unsigned char)s.p[0] << 8 | (unsigned char)s.p[1];
}

/* length of the list (2), type (1) 0, length of the name (2), name */
static struct span name_in(struct span list) {
    if (list.n < 5 || two_bytes(list) != list.n - 2 || list.p[2] != 0) return SPAN("");
    size_t n = two_bytes(span_from(list, 3));
    return n <= list.n - 5 ? (struct span){list.p + 5, n} : SPAN("");
}

static int on_hello(SSL *ssl, int *alert, void *arg) {
    struct tls *t = SSL_get_app_data(ssl);
    struct span protocols = extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation);
    (void)arg;
    take_name(t, name_in(extension(ssl, TLSEXT_TYPE_server_name)));
    if (protocols.n > 2 && !answer_challenge(t, span_from(protocols, 2))) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int on_name(SSL *ssl, int *alert, void *arg) {
    (void)ssl, (void)alert, (void)arg;
    return SSL_TLSEXT_ERR_OK;
}

void hello_prepare(SSL_CTX *ctx) {
    SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
    SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
}
#else
/* A new session was begun before the name was known; without the mark of its own context it would be let in by the
 * first one the next time, and refused when the name is known. */
static void ask_name(SSL *ssl) {
    struct tls *t = SSL_get_app_data(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_SESSION *session = SSL_get_session(ssl);
    take_name(t, name ? span_of(name) : SPAN(""));
    if (session && !SSL_session_reused(ssl)) SSL_SESSION_set1_id_context(session, t->context->id, CONTEXT_ID_BYTES);
}

static int on_name(SSL *ssl, int *alert, void *arg) {
    (void)alert, (void)arg;
    ask_name(ssl);
    return SSL_TLSEXT_ERR_OK;
}

static int on_protocols(SSL *ssl, const unsigned char **chosen, unsigned char *length, const unsigned char *offered,
                        unsigned n, void *arg) {
    ask_name(ssl); /* LibreSSL calls this one before the other */
    if (!answer_challenge(SSL_get_app_data(ssl), (struct span){(const char *)offered, n}))
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return choose_protocol(ssl, chosen, length, offered, n, arg);
}

void hello_prepare(SSL_CTX *ctx) {
    SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
    SSL_CTX_set_alpn_select_cb(ctx, on_protocols, NULL);
}
#endif
