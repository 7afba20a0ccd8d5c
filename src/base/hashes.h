/* hashes.h - MD5, SHA-1 and SHA-2: small, portable, no library asked */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HASHES_H
#define GOLDCREST_HASHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/*
 * Passwords are hashed by what files were written with, and Digest by what RFC 7616 names: MD5 must work also where a
 * library for TLS is missing, or refuses it.
 */
enum hash_kind { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA512_256, HASH_SHA512, HASH_KINDS };

enum { HASH_BYTES_MAX = 64, HASH_HEX_MAX = 2 * HASH_BYTES_MAX + 1 };

/* hash - one being computed; on the stack, nothing to give back */
struct hash {
    enum hash_kind kind;
    union {
        uint32_t w32[8];
        uint64_t w64[8];
    } state;
    uint64_t bytes;           /* so far */
    unsigned char block[128]; /* what is not a whole block yet */
};

size_t hash_bytes_of(enum hash_kind kind); /* of a result: 16, 20, 32, 32, 64 */
void hash_begin(struct hash *h, enum hash_kind kind);
void hash_add(struct hash *h, struct span bytes);
void hash_end(struct hash *h, unsigned char out[HASH_BYTES_MAX]);
/* The same as lower-case hexadecimal digits with a NUL behind them. Returns how many. */
size_t hash_end_hex(struct hash *h, char out[HASH_HEX_MAX]);

/* The hexadecimal hash of some parts with a colon between them: H(a ":" b ":" c). Returns the digits. */
size_t hash_joined(enum hash_kind kind, char out[HASH_HEX_MAX], const struct span *parts, size_t count);

/* SHA-1 at once, for Sec-WebSocket-Accept. */
enum { SHA1_BYTES = 20 };
void sha1(struct span input, unsigned char out[SHA1_BYTES]);

/* HMAC-SHA-256 (RFC 2104). */
enum { MAC_BYTES = 32 };
void mac_sha256(struct span key, struct span text, unsigned char out[MAC_BYTES]);

/* Are they the same? Takes as long for any two of this length. */
bool same_secret(struct span a, struct span b);

void hex_digits(char *out, const unsigned char *bytes, size_t n); /* 2 * n digits, no NUL */

/* In hashes' files: one block of 64 (MD5, SHA-1, SHA-256) or 128 bytes (SHA-512) goes into the state. */
void md5_block(uint32_t state[8], const unsigned char block[64]);
void sha1_block(uint32_t state[8], const unsigned char block[64]);
void sha256_block(uint32_t state[8], const unsigned char block[64]);
void sha512_block(uint64_t state[8], const unsigned char block[128]);

#endif
