/* client.c - TLS to a backend: what it is asked for, who it has to be, sessions that go on */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <openssl/x509_vfy.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "tls/openssl.h"

enum {
    SESSIONS_MAX = 8,     /* of one client: as many connections begin at once without a full handshake */
    SESSION_S = 3600,     /* the backend's certificate is looked at anew after that */
    STORE_S = 60          /* what the system trusts is read anew after that */
};

/* kept_sessions - the newest last */
struct kept_sessions {
    unsigned count;
    struct {
        SSL_SESSION *session; /* held */
        int64_t since_s;
        bool is_used_once; /* a ticket of TLS 1.3 (RFC 8446 C.4); those of before are used many times */
    } kept[SESSIONS_MAX];
};

/* ---- sessions --------------------------------------------------------------------------------- */

static void forget_session(struct kept_sessions *s, unsigned i) {
    SSL_SESSION_free(s->kept[i].session);
    s->count--;
    for (; i < s->count; i++) s->kept[i] = s->kept[i + 1];
}

static void forget_sessions(struct kept_sessions *s) {
    while (s->count) forget_session(s, s->count - 1);
}

/* The library's callback; 1: we hold it from now on. */
static int keep_session(SSL *ssl, SSL_SESSION *session) {
    const struct tls *t = SSL_get_app_data(ssl);
    struct kept_sessions *s = t->client->sessions;
    bool once = SSL_version(ssl) >= TLS1_3_VERSION;
    if (!once) forget_sessions(s);
    if (s->count == SESSIONS_MAX) forget_session(s, 0);
    s->kept[s->count].session = session;
    s->kept[s->count].is_used_once = once;
    s->kept[s->count++].since_s = clock_now_s();
    return 1;
}

static void resume(SSL *ssl, struct kept_sessions *s) {
    while (s->count && clock_now_s() - s->kept[0].since_s > SESSION_S) forget_session(s, 0);
    if (!s->count) return;
    SSL_set_session(ssl, s->kept[s->count - 1].session);
    if (s->kept[s->count - 1].is_used_once) forget_session(s, s->count - 1);
}

static void prepare_sessions(SSL_CTX *ctx) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
}

/* ---- whom we trust ---------------------------------------------------------------------------- */

struct load {
    struct tls_client *x;
    struct inputs *inputs;
    struct place at;
    struct complaints *complaints;
};

static bool refuse(const struct load *l, const char *option, struct span file, const char *why) {
    complain(l->complaints, COMPLAINT_ERROR, l->at, 0, NULL, "%s: %.*s: %s", option, SPAN_ARG(file), why);
    return false;
}

/* What the system trusts is large, and the same for all. */
static bool trust_system(const struct load *l) {
    static X509_STORE *store;
    static int64_t read_s;
    clock_update();
    if (!store || clock_now_s() - read_s > STORE_S) {
        X509_STORE_free(store);
        store = X509_STORE_new();
        read_s = clock_now_s();
        if (store) X509_STORE_set_default_paths(store);
        ERR_clear_error();
    }
    if (!store || X509_STORE_up_ref(store) != 1)
        return refuse(l, "tls-verify", SPAN("the system's store"), why_text());
    SSL_CTX_set_cert_store(l->x->ctx, store);
    return true;
}

/* Each of the file is trusted by itself: it may be an authority, one below it, or the backend's own certificate. */
static bool trust_file(const struct load *l, struct span file) {
    struct span pem;
    const char *why;
    X509_STORE *store = SSL_CTX_get_cert_store(l->x->ctx);
    if (!context_read(l->inputs, file, "tls-ca-file", l->at, l->complaints, &pem)) return false;
    STACK_OF(X509) *list = certificates_parse(pem, &why);
    if (!list) return refuse(l, "tls-ca-file", file, why);
    for (int i = 0; i < sk_X509_num(list); i++) X509_STORE_add_cert(store, sk_X509_value(list, i));
    sk_X509_pop_free(list, X509_free);
    ERR_clear_error(); /* the same one twice is no error */
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    return true;
}

static bool prepare_verify(const struct load *l, const struct tls_client_options *o) {
    if (!o->verify) return true;
    SSL_CTX_set_verify(l->x->ctx, SSL_VERIFY_PEER, verdict_on_backend);
    if (!*l->x->name) {
        complain(l->complaints, COMPLAINT_ERROR, l->at, 0, "\"tls-name\" => \"app.example\"",
                 "tls-name is not set: which name does the certificate of the backend have?");
        return false;
    }
    return o->ca_file.n ? trust_file(l, o->ca_file) : trust_system(l);
}

/* ---- our certificate -------------------------------------------------------------------------- */

static bool use_certificate(const struct load *l, const struct tls_client_options *o) {
    struct span pem, key;
    struct certificate cert;
    const char *why;
    if (!o->cert_file.n && !o->key_file.n) return true;
    if (!o->cert_file.n) return refuse(l, "tls-key-file", o->key_file, "a key without a certificate (tls-cert-file)");
    if (!context_read(l->inputs, o->cert_file, "tls-cert-file", l->at, l->complaints, &pem)) return false;
    key = pem;
    if (o->key_file.n && !context_read(l->inputs, o->key_file, "tls-key-file", l->at, l->complaints, &key))
        return false;
    if (!certificate_parse(&cert, pem, key, &why)) return refuse(l, "tls-cert-file", o->cert_file, why);
    bool ok = certificate_use(&cert, l->x->ctx);
    if (!ok) refuse(l, "tls-cert-file", o->cert_file, why_text());
    certificate_done(&cert);
    return ok;
}

/* ---- life ------------------------------------------------------------------------------------- */

static void set_defaults(SSL_CTX *ctx) {
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
#ifdef SSL_MODE_NO_AUTO_CHAIN /* whom we trust is no chain of ours */
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
#endif
#ifdef SSL_OP_NO_RENEGOTIATION
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
#endif
    SSL_CTX_set_read_ahead(ctx, 1);
}

/* One alone: what is spoken is decided before. */
static void offer_protocol(SSL_CTX *ctx, bool h2) {
    static const unsigned char old[] = "\x08http/1.1", new[] = "\x02h2";
    if (h2) SSL_CTX_set_alpn_protos(ctx, new, sizeof new - 1);
    else SSL_CTX_set_alpn_protos(ctx, old, sizeof old - 1);
}

static bool fill(const struct load *l, const struct tls_client_options *o) {
    set_defaults(l->x->ctx);
    offer_protocol(l->x->ctx, o->h2);
    prepare_sessions(l->x->ctx);
    bool ok = prepare_verify(l, o);
    ok = use_certificate(l, o) && ok;
    ERR_clear_error();
    return ok;
}

/* Without the brackets of "[::1]", and without the dot of the root. */
static char *copy_name(struct span name) {
    bool brackets = name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']';
    if (brackets) return span_dup((struct span){name.p + 1, name.n - 2});
    if (span_ends(name, SPAN("."))) name.n--;
    return span_dup(name);
}

static bool is_address(const char *name) {
    X509_VERIFY_PARAM *trial = X509_VERIFY_PARAM_new();
    bool yes = trial && X509_VERIFY_PARAM_set1_ip_asc(trial, name) == 1;
    X509_VERIFY_PARAM_free(trial);
    ERR_clear_error();
    return yes;
}

struct tls_client *provider_client_make(const struct tls_client_options *o, struct inputs *inputs, struct place at,
                                   struct complaints *c) {
    struct tls_client *x = memory_zeroed(1, sizeof *x);
    const struct load l = {x, inputs, at, c};
    x->refs = 1;
    x->verify = o->verify;
    x->h2 = o->h2;
    x->name = copy_name(o->name);
    x->is_address = is_address(x->name);
    x->sessions = memory_zeroed(1, sizeof *x->sessions);
    ERR_clear_error();
    x->ctx = SSL_CTX_new(TLS_client_method());
    if (!x->ctx) complain(c, COMPLAINT_ERROR, at, 0, NULL, "TLS: %s", why_text());
    if (x->ctx && fill(&l, o)) return x;
    provider_client_drop(x);
    return NULL;
}

struct tls_client *provider_client_hold(struct tls_client *x) {
    x->refs++;
    return x;
}

void provider_client_drop(struct tls_client *x) {
    if (!x || --x->refs > 0) return;
    forget_sessions(x->sessions);
    SSL_CTX_free(x->ctx);
    free(x->sessions);
    free(x->name);
    free(x);
}

/* ---- a connection ----------------------------------------------------------------------------- */

/* RFC 9525 6: the name as a whole, or "*" for its first label. */
static bool demand_name(const struct tls_client *x, SSL *ssl) {
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    if (!x->verify) return true;
    if (x->is_address) return X509_VERIFY_PARAM_set1_ip_asc(param, x->name) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, x->name, strlen(x->name)) == 1;
}

struct tls *provider_connect(struct tls_client *x, int fd) {
    struct tls *t = tls_over(x->ctx, fd);
    if (!t) return NULL;
    t->client = provider_client_hold(x);
    SSL_set_connect_state(t->ssl);
    bool ok = demand_name(x, t->ssl);
    if (ok && *x->name && !x->is_address) ok = SSL_set_tlsext_host_name(t->ssl, x->name) == 1;
    if (ok) resume(t->ssl, x->sessions);
    errors_forget();
    if (ok) return t;
    provider_drop(t);
    return NULL;
}

bool client_established(struct tls *t) {
    if (!t->client->h2 || provider_is_h2(t)) return true;
    why_say(t, "the backend does not offer HTTP/2 (ALPN)");
    return false;
}

bool provider_has_said_end(const struct tls *t) {
    return t->said_end;
}

bool provider_is_resumed(const struct tls *t) {
    return SSL_session_reused(t->ssl);
}

const char *provider_trusted_path(unsigned n) {
    const char *file = getenv(X509_get_default_cert_file_env()), *dir = getenv(X509_get_default_cert_dir_env());
    if (n == 0) return file ? file : X509_get_default_cert_file();
    return n == 1 ? dir ? dir : X509_get_default_cert_dir() : NULL;
}
