/* export.c - what was agreed upon, as variables for logs and programs: SSL_PROTOCOL, SSL_CLIENT_S_DN … */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <openssl/pem.h>

#include "tls/openssl.h"

/* ---- of the connection ------------------------------------------------------------------------ */

static struct span protocol(const struct tls *t, struct arena *a) {
    (void)a;
    return span_of(SSL_get_version(t->ssl));
}

static struct span cipher(const struct tls *t, struct arena *a) {
    (void)a;
    return span_of(SSL_CIPHER_get_name(SSL_get_current_cipher(t->ssl)));
}

static struct span used_bits(const struct tls *t, struct arena *a) {
    return arena_printf(a, "%d", SSL_CIPHER_get_bits(SSL_get_current_cipher(t->ssl), NULL));
}

static struct span cipher_bits(const struct tls *t, struct arena *a) {
    int bits = 0;
    SSL_CIPHER_get_bits(SSL_get_current_cipher(t->ssl), &bits);
    return arena_printf(a, "%d", bits);
}

/* ---- of the client's certificate -------------------------------------------------------------- */

/* Not counted up: it lives as long as the session. */
static X509 *client_of(const struct tls *t) {
    X509 *x = SSL_get_peer_certificate(t->ssl);
    X509_free(x);
    return x;
}

static bool is_verified(const struct tls *t) {
    return client_of(t) && SSL_get_verify_result(t->ssl) == X509_V_OK;
}

static struct span verdict(const struct tls *t, struct arena *a) {
    if (!t->context->settings.verify_activate) return SPAN("");
    if (!client_of(t)) return SPAN("NONE");
    if (is_verified(t)) return SPAN("SUCCESS");
    return arena_printf(a, "FAILED:%s", X509_verify_cert_error_string(SSL_get_verify_result(t->ssl)));
}

static struct span from_bio(BIO *bio, struct arena *a) {
    char *bytes = NULL;
    long n = bio ? BIO_get_mem_data(bio, &bytes) : 0;
    struct span text = n > 0 ? arena_copy(a, (struct span){bytes, (size_t)n}) : SPAN("");
    BIO_free(bio);
    ERR_clear_error();
    return text;
}

static struct span subject(const struct tls *t, struct arena *a) {
    BIO *bio = is_verified(t) ? BIO_new(BIO_s_mem()) : NULL;
    if (bio) X509_NAME_print_ex(bio, X509_get_subject_name(client_of(t)), 0, XN_FLAG_ONELINE);
    return from_bio(bio, a);
}

static struct span serial(const struct tls *t, struct arena *a) {
    BIO *bio = is_verified(t) ? BIO_new(BIO_s_mem()) : NULL;
    if (bio) i2a_ASN1_INTEGER(bio, X509_get_serialNumber(client_of(t)));
    return from_bio(bio, a);
}

static struct span pem(const struct tls *t, struct arena *a) {
    BIO *bio = is_verified(t) && t->context->settings.verify_export ? BIO_new(BIO_s_mem()) : NULL;
    if (bio) PEM_write_bio_X509(bio, client_of(t));
    return from_bio(bio, a);
}

/* ---- as a list -------------------------------------------------------------------------------- */

static const struct {
    struct span name;
    struct span (*value)(const struct tls *t, struct arena *a); /* empty: not exported */
} variables[] = {
    {SPAN_INIT("SSL_PROTOCOL"), protocol},
    {SPAN_INIT("SSL_CIPHER"), cipher},
    {SPAN_INIT("SSL_CIPHER_USEKEYSIZE"), used_bits},
    {SPAN_INIT("SSL_CIPHER_ALGKEYSIZE"), cipher_bits},
    {SPAN_INIT("SSL_CLIENT_VERIFY"), verdict},
    {SPAN_INIT("SSL_CLIENT_S_DN"), subject},
    {SPAN_INIT("SSL_CLIENT_M_SERIAL"), serial},
    {SPAN_INIT("SSL_CLIENT_CERT"), pem},
};

enum { VARIABLES = sizeof variables / sizeof *variables };

/* SSL_CLIENT_S_DN_CN, SSL_CLIENT_S_DN_emailAddress …: one for each part of the name. False behind the last one. */
static bool name_part(const struct tls *t, int i, struct span *name, struct span *value, struct arena *a) {
    X509_NAME *subject_name = X509_get_subject_name(client_of(t));
    if (i >= X509_NAME_entry_count(subject_name)) return false;
    X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject_name, i);
    const ASN1_STRING *text = X509_NAME_ENTRY_get_data(entry);
    const char *key = OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)));
    *name = arena_printf(a, "SSL_CLIENT_S_DN_%s", key ? key : "UNDEF");
    const char *bytes = (const char *)ASN1_STRING_get0_data(text);
    *value = arena_copy(a, (struct span){bytes, (size_t)ASN1_STRING_length(text)});
    return true;
}

bool provider_export(const struct tls *t, unsigned *at, struct span *name, struct span *value, struct arena *a) {
    if (!t->established || !t->context) return false;
    for (; *at < VARIABLES; ++*at) {
        *value = variables[*at].value(t, a);
        *name = variables[*at].name;
        if (!value->n) continue;
        ++*at;
        return true;
    }
    if (!t->context->settings.verify_activate || !is_verified(t)) return false;
    return name_part(t, (int)((*at)++ - VARIABLES), name, value, a);
}

struct span provider_user(const struct tls *t, struct arena *a) {
    struct span wanted = t->context ? t->context->settings.verify_username : SPAN(""), name, value;
    if (!wanted.n || !t->established || !is_verified(t)) return SPAN("");
    for (unsigned at = 0; provider_export(t, &at, &name, &value, a);)
        if (span_is(name, wanted)) return value;
    return SPAN("");
}
