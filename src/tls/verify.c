/* verify.c - client certificates: who vouches for them, which are revoked, what happens without one */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <openssl/pem.h>

#include "tls/openssl.h"

struct load {
    struct tls_context *x;
    struct inputs *inputs;
    struct place at;
    struct complaints *complaints;
};

static bool refuse(const struct load *l, const char *directive, struct span file, const char *why) {
    complain(l->complaints, COMPLAINT_ERROR, l->at, 0, NULL, "%s: %.*s: %s", directive, SPAN_ARG(file), why);
    return false;
}

static STACK_OF(X509) *load_certificates(const struct load *l, const char *directive, struct span file) {
    struct span pem;
    const char *why;
    if (!context_read(l->inputs, file, directive, l->at, l->complaints, &pem)) return NULL;
    STACK_OF(X509) *list = certificates_parse(pem, &why);
    if (!list) refuse(l, directive, file, why);
    return list;
}

static void trust(SSL_CTX *ctx, STACK_OF(X509) *authorities) {
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    for (int i = 0; i < sk_X509_num(authorities); i++) X509_STORE_add_cert(store, sk_X509_value(authorities, i));
    ERR_clear_error(); /* the same one twice is no error */
}

/* The names that a client chooses its certificate by. */
static void announce(SSL_CTX *ctx, STACK_OF(X509) *authorities) {
    for (int i = 0; i < sk_X509_num(authorities); i++) SSL_CTX_add_client_CA(ctx, sk_X509_value(authorities, i));
}

static bool load_authorities(const struct load *l) {
    const struct tls_settings *s = &l->x->settings;
    bool old = !s->verify_ca_file.n;
    struct span file = old ? s->ca_file : s->verify_ca_file;
    if (!file.n) {
        complain(l->complaints, COMPLAINT_ERROR, l->at, 0, "ssl.verifyclient.ca-file = \"/path/to/authority.pem\"",
                 "ssl.verifyclient.activate needs an authority: ssl.verifyclient.ca-file is not set");
        return false;
    }
    STACK_OF(X509) *list = load_certificates(l, old ? "ssl.ca-file" : "ssl.verifyclient.ca-file", file);
    if (!list) return false;
    trust(l->x->ctx, list);
    if (!s->verify_dn_file.n) announce(l->x->ctx, list);
    sk_X509_pop_free(list, X509_free);
    return true;
}

static bool load_names(const struct load *l) {
    struct span file = l->x->settings.verify_dn_file;
    if (!file.n) return true;
    STACK_OF(X509) *list = load_certificates(l, "ssl.verifyclient.ca-dn-file", file);
    if (!list) return false;
    announce(l->x->ctx, list);
    sk_X509_pop_free(list, X509_free);
    return true;
}

static int add_lists(X509_STORE *store, struct span pem) {
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509_CRL *list;
    int count = 0;
    ERR_clear_error();
    while (bio && (list = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_crl(store, list) == 1;
        X509_CRL_free(list);
    }
    BIO_free(bio);
    return count;
}

static bool load_revoked(const struct load *l) {
    struct span file = l->x->settings.verify_crl_file, pem;
    X509_STORE *store = SSL_CTX_get_cert_store(l->x->ctx);
    if (!file.n) return true;
    if (!context_read(l->inputs, file, "ssl.verifyclient.ca-crl-file", l->at, l->complaints, &pem)) return false;
    bool found = add_lists(store, pem) > 0;
    unsigned long error = ERR_peek_last_error();
    bool whole = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    const char *why = whole ? "no list (-----BEGIN X509 CRL-----) is in it" : why_text();
    ERR_clear_error();
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return (found && whole) || refuse(l, "ssl.verifyclient.ca-crl-file", file, why);
}

bool verify_prepare(struct tls_context *x, struct inputs *inputs, struct place at, struct complaints *c) {
    const struct load l = {x, inputs, at, c};
    if (!x->settings.verify_activate) return true;
    bool ok = load_authorities(&l);
    return load_names(&l) && load_revoked(&l) && ok;
}

/* ---- during the handshake --------------------------------------------------------------------- */

/* With a list of names of its own, a client's certificate must be issued by one of them. */
static bool is_announced(const struct tls *t, X509 *client) {
    const STACK_OF(X509_NAME) *names = SSL_CTX_get_client_CA_list(t->context->ctx);
    if (!t->context->settings.verify_dn_file.n) return true;
    for (int i = 0; i < sk_X509_NAME_num(names); i++)
        if (X509_NAME_cmp(sk_X509_NAME_value(names, i), X509_get_issuer_name(client)) == 0) return true;
    return false;
}

/* Where a certificate is not required, a bad one is noted (SSL_CLIENT_VERIFY) and the handshake goes on. */
static int on_verified(int ok, X509_STORE_CTX *store) {
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct tls *t = SSL_get_app_data(ssl);
    if (ok && X509_STORE_CTX_get_error_depth(store) == 0 &&
        !is_announced(t, X509_STORE_CTX_get_current_cert(store))) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
        ok = 0;
    }
    return ok || !t->context->settings.verify_enforce;
}

/* A session that goes on shows no certificate: one that was revoked meanwhile would still be let in. */
static void allow_tickets(SSL *ssl, const struct tls_context *x) {
    bool yes = !x->settings.verify_activate && !(SSL_CTX_get_options(x->ctx) & SSL_OP_NO_TICKET);
    if (yes) SSL_clear_options(ssl, SSL_OP_NO_TICKET);
    else SSL_set_options(ssl, SSL_OP_NO_TICKET);
#ifdef HAVE_TLS_NUM_TICKETS
    SSL_set_num_tickets(ssl, yes ? SSL_CTX_get_num_tickets(x->ctx) : 0);
#endif
}

void verify_apply(SSL *ssl, const struct tls_context *x) {
    const struct tls_settings *s = &x->settings;
    int mode = SSL_VERIFY_NONE;
    if (s->verify_activate) mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;
    if (s->verify_activate && s->verify_enforce) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_set_verify(ssl, mode, on_verified);
    SSL_set_verify_depth(ssl, (int)s->verify_depth);
    allow_tickets(ssl, x);
}
