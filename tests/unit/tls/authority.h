/* authority.h - certificates made for tests: authorities, servers, clients, expired ones, OCSP responses, lists */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TEST_AUTHORITY_H
#define GOLDCREST_TEST_AUTHORITY_H

#include <openssl/ssl.h>

#include "base/buf.h"

/* identity - a certificate with its key; belongs to the test */
struct identity {
    X509 *x;
    EVP_PKEY *key;
};

enum key_kind { KEY_EC, KEY_RSA, KEY_RSA_WEAK };

/* wish - what a certificate is to be; zero is the usual */
struct wish {
    const char *name;        /* CN, and the one DNS name */
    const char *san;         /* whom it is for: "DNS:*.a.test,IP:127.0.0.1"; NULL: the name */
    const char *mail;        /* emailAddress; NULL: none */
    enum key_kind kind;
    bool is_authority;
    long from_s, until_s;    /* from now; 0, 0: yesterday to in thirty days */
    long serial;             /* 0: the next */
};

/* issuer NULL: by itself */
struct identity issue(const struct wish *wish, const struct identity *issuer);
void identity_done(struct identity *id);

void add_certificate(struct buf *pem, const struct identity *id);
void add_key(struct buf *pem, const struct identity *id);
/* A list of one revoked certificate (NULL: of none). */
void add_list(struct buf *pem, const struct identity *issuer, const struct identity *revoked);

/* The authority's word about a certificate, valid from now + from_s until now + until_s; DER. */
void make_response(struct buf *der, const struct identity *id, const struct identity *issuer, int status,
                   long from_s, long until_s);

#endif
