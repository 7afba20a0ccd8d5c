/* stapling.c - an authority's word that a certificate is not revoked, sent along (OCSP: RFC 6960, RFC 6066 8) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <openssl/ocsp.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "tls/openssl.h"

/* staple - belongs to a context */
struct staple {
    char *file;
    char *der;
    size_t n;
    ASN1_GENERALIZEDTIME *until; /* NULL: the authority has set no end */
    bool expired;                /* said already */
};

#ifdef HAVE_TLS_OCSP_ID
/* Does it speak of this certificate? The issuer is hashed the way the response has it. */
static bool is_about(OCSP_SINGLERESP *single, const struct certificate *c) {
    OCSP_CERTID *id = (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(single);
    X509 *issuer = sk_X509_num(c->chain) ? sk_X509_value(c->chain, 0) : NULL;
    ASN1_OBJECT *hash = NULL;
    ASN1_INTEGER *serial = NULL;
    OCSP_id_get0_info(NULL, &hash, NULL, &serial, id);
    if (ASN1_INTEGER_cmp(serial, X509_get_serialNumber(c->leaf)) != 0) return false;
    const EVP_MD *digest = EVP_get_digestbyobj(hash);
    OCSP_CERTID *ours = issuer && digest ? OCSP_cert_to_id(digest, c->leaf, issuer) : NULL;
    bool same = !ours || OCSP_id_cmp(ours, id) == 0;
    OCSP_CERTID_free(ours);
    return same;
}

#else
/* Is its number in there? */
static bool is_about(OCSP_SINGLERESP *single, const struct certificate *c) {
    unsigned char *der = NULL, *serial = NULL;
    int n = i2d_OCSP_SINGLERESP(single, &der), serial_n = i2d_ASN1_INTEGER(X509_get_serialNumber(c->leaf), &serial);
    bool ok = n > 0 && serial_n > 0;
    struct span all = {(const char *)der, ok ? (size_t)n : 0};
    bool found = ok && span_search(all, (struct span){(const char *)serial, (size_t)serial_n}) < all.n;
    OPENSSL_free(der);
    OPENSSL_free(serial);
    return found;
}
#endif

static OCSP_SINGLERESP *find_single(OCSP_BASICRESP *basic, const struct certificate *c) {
    for (int i = 0; i < OCSP_resp_count(basic); i++)
        if (is_about(OCSP_resp_get0(basic, i), c)) return OCSP_resp_get0(basic, i);
    return NULL;
}

static bool is_over(const ASN1_GENERALIZEDTIME *until) {
    time_t now = (time_t)clock_now_s();
    return until && X509_cmp_time(until, &now) < 0;
}

/* Takes *until over from the response; returns what is wrong with it, or NULL. */
static const char *judge(OCSP_BASICRESP *basic, const struct certificate *c, ASN1_GENERALIZEDTIME **until) {
    ASN1_GENERALIZEDTIME *next = NULL;
    OCSP_SINGLERESP *single = find_single(basic, c);
    if (!single) return "it is about another certificate";
    int status = OCSP_single_get0_status(single, NULL, NULL, NULL, &next);
    if (status == V_OCSP_CERTSTATUS_REVOKED) return "it says that the certificate is revoked";
    if (status != V_OCSP_CERTSTATUS_GOOD) return "it says that the authority does not know the certificate";
    clock_update();
    if (is_over(next)) return "it has expired";
    *until = next ? ASN1_STRING_dup(next) : NULL;
    return NULL;
}

static const char *parse(struct span der, const struct certificate *c, ASN1_GENERALIZEDTIME **until) {
    const unsigned char *p = (const unsigned char *)der.p;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
    const char *wrong = "it is no OCSP response (DER)";
    if (response && OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        wrong = "the authority has answered with an error";
    OCSP_BASICRESP *basic = response && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL
                                ? OCSP_response_get1_basic(response)
                                : NULL;
    if (basic) wrong = judge(basic, c, until);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return wrong;
}

struct staple *staple_make(struct span file, struct span der, const struct certificate *c, const char **why) {
    ASN1_GENERALIZEDTIME *until = NULL;
    ERR_clear_error();
    *why = parse(der, c, &until);
    if (*why) return NULL;
    struct staple *s = memory_zeroed(1, sizeof *s);
    s->file = span_dup(file);
    s->der = memory_copy(der.p, der.n);
    s->n = der.n;
    s->until = until;
    return s;
}

struct span staple_bytes(struct staple *s) {
    if (!is_over(s->until)) return (struct span){s->der, s->n};
    if (!s->expired) say_warning("ssl.stapling-file: %s has expired: it is not sent any more", s->file);
    s->expired = true;
    return SPAN("");
}

void staple_drop(struct staple *s) {
    if (!s) return;
    ASN1_GENERALIZEDTIME_free(s->until);
    free(s->file);
    free(s->der);
    free(s);
}

int staple_answer(SSL *ssl, void *arg) {
    struct tls *t = SSL_get_app_data(ssl);
    struct span der = t->context->staple ? staple_bytes(t->context->staple) : SPAN("");
    (void)arg;
    if (!der.n) return SSL_TLSEXT_ERR_NOACK;
    unsigned char *copy = OPENSSL_malloc(der.n);
    if (!copy) return SSL_TLSEXT_ERR_NOACK;
    memcpy(copy, der.p, der.n);
    if (SSL_set_tlsext_status_ocsp_resp(ssl, copy, (int)der.n)) return SSL_TLSEXT_ERR_OK;
    OPENSSL_free(copy);
    return SSL_TLSEXT_ERR_NOACK;
}
