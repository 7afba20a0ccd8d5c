/* certificate.c - a certificate, those that vouch for it, and its key: read, put in order, looked over */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <openssl/pem.h>
#include <stdio.h>

#include "base/clock.h"
#include "tls/openssl.h"

enum { CHAIN_MAX = 32, RSA_BITS_MIN = 2048, SOON_S = 3 * 24 * 3600 };

static BIO *memory_bio(struct span text) {
    return BIO_new_mem_buf(text.p, (int)text.n);
}

/* A file is done when no further BEGIN line is found. */
static bool ended_well(void) {
    unsigned long error = ERR_peek_last_error();
    bool ok = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    if (ok) ERR_clear_error();
    return ok;
}

STACK_OF(X509) *certificates_parse(struct span pem, const char **why) {
    BIO *bio = memory_bio(pem);
    STACK_OF(X509) *list = sk_X509_new_null();
    X509 *x;
    ERR_clear_error();
    while (bio && list && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        if (!sk_X509_push(list, x)) X509_free(x);
    BIO_free(bio);
    *why = NULL;
    if (!bio || !list) *why = "out of memory";
    else if (!ended_well()) *why = why_text();
    else if (sk_X509_num(list) == 0) *why = "no certificate (-----BEGIN CERTIFICATE-----) is in it";
    if (!*why) return list;
    sk_X509_pop_free(list, X509_free);
    ERR_clear_error();
    return NULL;
}

/* Nobody sits at a terminal. */
static int no_passphrase(char *out, int n, int writing, void *asked) {
    (void)out, (void)n, (void)writing;
    *(bool *)asked = true;
    return -1;
}

static EVP_PKEY *key_parse(struct span pem, const char **why) {
    bool asked = false;
    if (span_search(pem, SPAN("PRIVATE KEY-----")) == pem.n) {
        *why = "no private key (-----BEGIN PRIVATE KEY-----) is in it";
        return NULL;
    }
    BIO *bio = memory_bio(pem);
    ERR_clear_error();
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked) : NULL;
    BIO_free(bio);
    if (key) return key;
    if (asked) *why = "the private key is locked with a passphrase; write it without one (openssl pkey)";
    else *why = why_text();
    ERR_clear_error();
    return NULL;
}

static const char *misfit(const struct certificate *c) {
    for (int i = 0; i < sk_X509_num(c->chain); i++)
        if (X509_check_private_key(sk_X509_value(c->chain, i), c->key) == 1)
            return "the private key belongs to a later certificate of the file; the server's own comes first";
    return "the private key does not belong to the certificate";
}

bool certificate_parse(struct certificate *c, struct span pem, struct span key_pem, const char **why) {
    *c = (struct certificate){NULL, NULL, NULL};
    c->chain = certificates_parse(pem, why);
    if (!c->chain) return false;
    c->leaf = sk_X509_shift(c->chain);
    c->key = key_parse(key_pem, why);
    bool fits = c->key && X509_check_private_key(c->leaf, c->key) == 1;
    if (c->key && !fits) *why = misfit(c);
    if (fits && sk_X509_num(c->chain) > CHAIN_MAX) *why = "more certificates than any chain has are in it";
    ERR_clear_error();
    if (fits && sk_X509_num(c->chain) <= CHAIN_MAX) return true;
    certificate_done(c);
    return false;
}

void certificate_done(struct certificate *c) {
    X509_free(c->leaf);
    sk_X509_pop_free(c->chain, X509_free);
    EVP_PKEY_free(c->key);
    *c = (struct certificate){NULL, NULL, NULL};
}

/* ---- the chain -------------------------------------------------------------------------------- */

static X509 *last_of(const struct certificate *c) {
    int n = sk_X509_num(c->chain);
    return n ? sk_X509_value(c->chain, n - 1) : c->leaf;
}

static X509 *find_issuer(STACK_OF(X509) *others, X509 *of) {
    for (int i = 0; i < sk_X509_num(others); i++)
        if (X509_check_issued(sk_X509_value(others, i), of) == X509_V_OK) return sk_X509_value(others, i);
    return NULL;
}

static bool is_self_signed(X509 *x) {
    return X509_check_issued(x, x) == X509_V_OK;
}

void certificate_complete(struct certificate *c, STACK_OF(X509) *others) {
    X509 *issuer;
    while (sk_X509_num(c->chain) < CHAIN_MAX && !is_self_signed(last_of(c)) &&
           (issuer = find_issuer(others, last_of(c))) != NULL) {
        X509_up_ref(issuer);
        if (!sk_X509_push(c->chain, issuer)) X509_free(issuer);
    }
    ERR_clear_error();
}

/* ---- looked over ------------------------------------------------------------------------------ */

static const char *name_text(const X509_NAME *name, char *text, size_t size) {
    BIO *bio = BIO_new(BIO_s_mem());
    int n = 0;
    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
        n = BIO_read(bio, text, (int)size - 1);
    text[n > 0 ? n : 0] = '\0';
    BIO_free(bio);
    ERR_clear_error();
    return n > 0 ? text : "a certificate without a name";
}

const char *certificate_name(X509 *x) {
    static char text[256];
    return name_text(X509_get_subject_name(x), text, sizeof text);
}

const char *certificate_issuer(X509 *x) {
    static char text[160];
    return name_text(X509_get_issuer_name(x), text, sizeof text);
}

const char *certificate_time(const ASN1_TIME *when) {
    static char text[64];
    BIO *bio = BIO_new(BIO_s_mem());
    int n = 0;
    if (bio && ASN1_TIME_print(bio, when)) n = BIO_read(bio, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    BIO_free(bio);
    return text;
}

/* warning - what one needs to know */
struct warning {
    struct span file;
    struct place at;
    struct complaints *complaints;
};

static void check_times(X509 *x, const struct warning *w) {
    time_t now = (time_t)clock_now_s(), soon = now + SOON_S;
    const char *name = certificate_name(x);
    if (X509_cmp_time(X509_get0_notAfter(x), &now) < 0)
        complain(w->complaints, COMPLAINT_WARNING, w->at, 0, "clients will refuse it",
                 "%.*s: the certificate of %s has expired on %s", SPAN_ARG(w->file), name,
                 certificate_time(X509_get0_notAfter(x)));
    else if (X509_cmp_time(X509_get0_notAfter(x), &soon) < 0)
        complain(w->complaints, COMPLAINT_WARNING, w->at, 0, NULL, "%.*s: the certificate of %s expires on %s",
                 SPAN_ARG(w->file), name, certificate_time(X509_get0_notAfter(x)));
    if (X509_cmp_time(X509_get0_notBefore(x), &now) > 0)
        complain(w->complaints, COMPLAINT_WARNING, w->at, 0, "is this machine's clock right?",
                 "%.*s: the certificate of %s is not valid before %s", SPAN_ARG(w->file), name,
                 certificate_time(X509_get0_notBefore(x)));
}

static void check_strength(const struct certificate *c, const struct warning *w) {
    int bits = EVP_PKEY_bits(c->key);
    if (EVP_PKEY_base_id(c->key) == EVP_PKEY_RSA && bits < RSA_BITS_MIN)
        complain(w->complaints, COMPLAINT_WARNING, w->at, 0, "make one of 2048 bits, or one for P-256",
                 "%.*s: an RSA key of %d bits is weak", SPAN_ARG(w->file), bits);
}

static void check_order(const struct certificate *c, const struct warning *w) {
    X509 *below = c->leaf;
    for (int i = 0; i < sk_X509_num(c->chain); i++) {
        X509 *above = sk_X509_value(c->chain, i);
        char name[128];
        snprintf(name, sizeof name, "%s", certificate_name(above));
        if (X509_check_issued(above, below) != X509_V_OK)
            complain(w->complaints, COMPLAINT_WARNING, w->at, 0,
                     "each certificate is followed by the one of its issuer",
                     "%.*s: %s stands behind %s, but has not issued it", SPAN_ARG(w->file), name,
                     certificate_name(below));
        below = above;
    }
    ERR_clear_error();
}

void certificate_check(const struct certificate *c, struct span file, struct place at,
                       struct complaints *complaints) {
    const struct warning w = {file, at, complaints};
    clock_update();
    check_times(c->leaf, &w);
    for (int i = 0; i < sk_X509_num(c->chain); i++) check_times(sk_X509_value(c->chain, i), &w);
    check_strength(c, &w);
    check_order(c, &w);
}

bool certificate_use(const struct certificate *c, SSL_CTX *ctx) {
    return SSL_CTX_use_certificate(ctx, c->leaf) == 1 && SSL_CTX_use_PrivateKey(ctx, c->key) == 1 &&
           SSL_CTX_set1_chain(ctx, c->chain) == 1;
}
