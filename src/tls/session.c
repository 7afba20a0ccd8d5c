/* session.c - sessions that go on: tickets, encrypted with the keys of tickets.c */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "tls/openssl.h"

enum { NAME_BYTES = 16, HMAC_BYTES = 32, IV_BYTES = 16 };

enum { SESSION_S = 8 * 3600 };

enum { KEY_UNKNOWN = 0, KEY_GOOD = 1, KEY_OLD = 2 }; /* what the callback returns: 2 asks for a new ticket */

static const unsigned char *part(const char *key, size_t at) {
    return (const unsigned char *)key + at;
}

/* The key with that name, or NULL; *first: it is the one that encrypts. */
static const char *find_key(const unsigned char *name, bool *first) {
    struct span keys = tls_tickets();
    for (size_t at = 0; at < keys.n; at += TLS_TICKET_KEY_BYTES) {
        *first = at == 0;
        if (memcmp(keys.p + at, name, NAME_BYTES) == 0) return keys.p + at;
    }
    return NULL;
}

/* A ticket of TLS 1.3 is used once (RFC 8446 C.4): the client gets a new one each time. */
static int good(SSL *ssl, bool first) {
    return first && SSL_version(ssl) < TLS1_3_VERSION ? KEY_GOOD : KEY_OLD;
}

static const char *choose_key(unsigned char *name, unsigned char *iv, int encrypt, bool *first) {
    if (!encrypt) return find_key(name, first);
    const char *key = tls_tickets().p;
    memcpy(name, key, NAME_BYTES);
    return RAND_bytes(iv, IV_BYTES) == 1 ? key : NULL;
}

static bool init_cipher(EVP_CIPHER_CTX *cipher, const char *key, const unsigned char *iv, int encrypt) {
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, part(key, NAME_BYTES + HMAC_BYTES), iv, encrypt) == 1;
}

#ifdef HAVE_TLS_TICKET_EVP
#include <openssl/core_names.h>

static bool init_mac(EVP_MAC_CTX *mac, const char *key) {
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)part(key, NAME_BYTES), HMAC_BYTES),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

static int ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                      int encrypt) {
    bool first = true;
    const char *key = choose_key(name, iv, encrypt, &first);
    if (!key) return encrypt ? -1 : KEY_UNKNOWN;
    if (!init_cipher(cipher, key, iv, encrypt) || !init_mac(mac, key)) return -1;
    return encrypt ? KEY_GOOD : good(ssl, first);
}

static void set_ticket_keys(SSL_CTX *ctx) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_key);
}
#else
static int ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, HMAC_CTX *mac,
                      int encrypt) {
    bool first = true;
    const char *key = choose_key(name, iv, encrypt, &first);
    if (!key) return encrypt ? -1 : KEY_UNKNOWN;
    if (!init_cipher(cipher, key, iv, encrypt) ||
        HMAC_Init_ex(mac, part(key, NAME_BYTES), HMAC_BYTES, EVP_sha256(), NULL) != 1)
        return -1;
    return encrypt ? KEY_GOOD : good(ssl, first);
}

static void set_ticket_keys(SSL_CTX *ctx) {
    SSL_CTX_set_tlsext_ticket_key_cb(ctx, ticket_key);
}
#endif

void session_prepare(SSL_CTX *ctx, const struct tls_context *x) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(ctx, x->id, CONTEXT_ID_BYTES);
    SSL_CTX_set_timeout(ctx, SESSION_S);
    set_ticket_keys(ctx);
#ifdef HAVE_TLS_NUM_TICKETS /* a library that makes tickets of TLS 1.3: one each costs half of its default */
    SSL_CTX_set_num_tickets(ctx, 1);
#endif
}
