/* authority.c - certificates made for tests */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "authority.h"

#include <check.h>
#include <openssl/ec.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

enum { DAY_S = 24 * 3600 };

static EVP_PKEY *make_key(enum key_kind kind) {
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(kind == KEY_EC ? EVP_PKEY_EC : EVP_PKEY_RSA, NULL);
    EVP_PKEY *key = NULL;
    ck_assert_ptr_nonnull(ctx);
    ck_assert_int_eq(EVP_PKEY_keygen_init(ctx), 1);
    if (kind == KEY_EC) ck_assert_int_eq(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1), 1);
    else ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, kind == KEY_RSA ? 2048 : 1024), 1);
    ck_assert_int_eq(EVP_PKEY_keygen(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static void add_extension(X509 *x, X509 *issuer, int nid, const char *text) {
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, (char *)(uintptr_t)text);
    ck_assert_ptr_nonnull(e);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

static void name(X509 *x, const struct wish *wish) {
    X509_NAME *n = X509_get_subject_name(x);
    char san[128];
    X509_NAME_add_entry_by_txt(n, "O", MBSTRING_ASC, (const unsigned char *)"Tests", -1, -1, 0);
    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)wish->name, -1, -1, 0);
    if (wish->mail)
        X509_NAME_add_entry_by_txt(n, "emailAddress", MBSTRING_ASC, (const unsigned char *)wish->mail, -1, -1, 0);
    snprintf(san, sizeof san, "DNS:%s", wish->name);
    if (!wish->is_authority) add_extension(x, NULL, NID_subject_alt_name, wish->san ? wish->san : san);
}

struct identity issue(const struct wish *wish, const struct identity *issuer) {
    static long serial = 4096;
    struct identity id = {X509_new(), make_key(wish->kind)};
    const struct identity *by = issuer ? issuer : &id;
    bool usual = wish->from_s == 0 && wish->until_s == 0;
    X509_set_version(id.x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(id.x), wish->serial ? wish->serial : ++serial);
    X509_gmtime_adj(X509_getm_notBefore(id.x), usual ? -DAY_S : wish->from_s);
    X509_gmtime_adj(X509_getm_notAfter(id.x), usual ? 30L * DAY_S : wish->until_s);
    name(id.x, wish);
    X509_set_issuer_name(id.x, X509_get_subject_name(by->x));
    X509_set_pubkey(id.x, id.key);
    add_extension(id.x, by->x, NID_basic_constraints, wish->is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (wish->is_authority) add_extension(id.x, by->x, NID_key_usage, "keyCertSign,cRLSign");
    ck_assert_int_gt(X509_sign(id.x, by->key, EVP_sha256()), 0);
    return id;
}

void identity_done(struct identity *id) {
    X509_free(id->x);
    EVP_PKEY_free(id->key);
}

static void take(struct buf *out, BIO *bio) {
    char *bytes;
    long n = BIO_get_mem_data(bio, &bytes);
    buf_add(out, (struct span){bytes, (size_t)n});
    BIO_free(bio);
}

void add_certificate(struct buf *pem, const struct identity *id) {
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, id->x);
    take(pem, bio);
}

void add_key(struct buf *pem, const struct identity *id) {
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, id->key, NULL, NULL, 0, NULL, NULL);
    take(pem, bio);
}

void add_list(struct buf *pem, const struct identity *issuer, const struct identity *revoked) {
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *next = X509_gmtime_adj(NULL, DAY_S);
    X509_CRL_set_version(list, 1);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer->x));
    X509_CRL_set1_lastUpdate(list, now);
    X509_CRL_set1_nextUpdate(list, next);
    if (revoked) {
        X509_REVOKED *r = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(revoked->x));
        X509_REVOKED_set_revocationDate(r, now);
        X509_CRL_add0_revoked(list, r);
    }
    X509_CRL_sort(list);
    ck_assert_int_gt(X509_CRL_sign(list, issuer->key, EVP_sha256()), 0);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_CRL(bio, list);
    take(pem, bio);
    X509_CRL_free(list);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
}

void make_response(struct buf *der, const struct identity *id, const struct identity *issuer, int status,
                   long from_s, long until_s) {
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *about = OCSP_cert_to_id(EVP_sha1(), id->x, issuer->x);
    ASN1_TIME *from = X509_gmtime_adj(NULL, from_s), *until = X509_gmtime_adj(NULL, until_s);
    ASN1_TIME *revoked = status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL;
    ck_assert_ptr_nonnull(OCSP_basic_add1_status(basic, about, status, 0, revoked, from, until));
    ck_assert_int_eq(OCSP_basic_sign(basic, issuer->x, issuer->key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char *bytes = NULL;
    int n = i2d_OCSP_RESPONSE(response, &bytes);
    ck_assert_int_gt(n, 0);
    buf_add(der, (struct span){(char *)bytes, (size_t)n});
    OPENSSL_free(bytes);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(about);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
}
