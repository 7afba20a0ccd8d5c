/* hashes.c - hashes of any length of bytes, from the functions for one block */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/hashes.h"

static const struct {
    size_t bytes, block;
    bool little_endian;
    uint64_t begin[8];
} kinds[HASH_KINDS] = {
    [HASH_MD5] = {16, 64, true, {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}},
    [HASH_SHA1] = {20, 64, false, {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}},
    [HASH_SHA256] = {32,
                     64,
                     false,
                     {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
                      0x5be0cd19}},
    [HASH_SHA512_256] = {32,
                         128,
                         false,
                         {0x22312194fc2bf72c, 0x9f555fa3c84c64c2, 0x2393b86b6f53b151, 0x963877195940eabd,
                          0x96283ee2a88effe3, 0xbe5e1e2553863992, 0x2b0199fc2c85b8aa, 0x0eb72ddc81c52ca2}},
    [HASH_SHA512] = {64,
                     128,
                     false,
                     {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                      0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179}},
};

size_t hash_bytes_of(enum hash_kind kind) {
    return kinds[kind].bytes;
}

static bool is_wide(enum hash_kind kind) {
    return kinds[kind].block == 128;
}

void hash_begin(struct hash *h, enum hash_kind kind) {
    h->kind = kind;
    h->bytes = 0;
    for (int i = 0; i < 8; i++) {
        if (is_wide(kind)) h->state.w64[i] = kinds[kind].begin[i];
        else h->state.w32[i] = (uint32_t)kinds[kind].begin[i];
    }
}

static void take_block(struct hash *h, const unsigned char *block) {
    if (h->kind == HASH_MD5) md5_block(h->state.w32, block);
    else if (h->kind == HASH_SHA1) sha1_block(h->state.w32, block);
    else if (h->kind == HASH_SHA256) sha256_block(h->state.w32, block);
    else sha512_block(h->state.w64, block);
}

void hash_add(struct hash *h, struct span s) {
    size_t size = kinds[h->kind].block, filled = (size_t)(h->bytes % size);
    h->bytes += s.n;
    while (s.n) {
        size_t n = size - filled < s.n ? size - filled : s.n;
        memcpy(h->block + filled, s.p, n);
        filled += n;
        s = span_from(s, n);
        if (filled < size) return;
        take_block(h, h->block);
        filled = 0;
    }
}

void hash_end(struct hash *h, unsigned char out[HASH_BYTES_MAX]) {
    size_t size = kinds[h->kind].block, filled = (size_t)(h->bytes % size), tail = size == 128 ? 16 : 8;
    uint64_t bits = h->bytes * 8;
    h->block[filled++] = 0x80;
    if (filled > size - tail) {
        memset(h->block + filled, 0, size - filled);
        take_block(h, h->block);
        filled = 0;
    }
    memset(h->block + filled, 0, size - filled);
    for (unsigned i = 0; i < 8; i++)
        h->block[kinds[h->kind].little_endian ? size - 8 + i : size - 1 - i] = (unsigned char)(bits >> (8 * i));
    take_block(h, h->block);
    size_t word = is_wide(h->kind) ? 8 : 4;
    for (size_t i = 0; i < kinds[h->kind].bytes; i++) {
        uint64_t w = word == 8 ? h->state.w64[i / 8] : h->state.w32[i / 4];
        size_t at = kinds[h->kind].little_endian ? i % word : word - 1 - i % word;
        out[i] = (unsigned char)(w >> (8 * at));
    }
}

void hex_digits(char *out, const unsigned char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

size_t hash_end_hex(struct hash *h, char out[HASH_HEX_MAX]) {
    unsigned char bytes[HASH_BYTES_MAX];
    size_t n = kinds[h->kind].bytes;
    hash_end(h, bytes);
    hex_digits(out, bytes, n);
    out[2 * n] = '\0';
    return 2 * n;
}

size_t hash_joined(enum hash_kind kind, char out[HASH_HEX_MAX], const struct span *parts, size_t count) {
    struct hash h;
    hash_begin(&h, kind);
    for (size_t i = 0; i < count; i++) {
        if (i) hash_add(&h, SPAN(":"));
        hash_add(&h, parts[i]);
    }
    return hash_end_hex(&h, out);
}

void sha1(struct span input, unsigned char out[SHA1_BYTES]) {
    struct hash h;
    unsigned char sum[HASH_BYTES_MAX];
    hash_begin(&h, HASH_SHA1);
    hash_add(&h, input);
    hash_end(&h, sum);
    memcpy(out, sum, SHA1_BYTES);
}

void mac_sha256(struct span key, struct span text, unsigned char out[MAC_BYTES]) {
    struct hash h;
    unsigned char pad[64] = {0}, inner[HASH_BYTES_MAX], outer[HASH_BYTES_MAX];
    struct span padded = {(const char *)pad, sizeof pad};
    if (key.n > sizeof pad) {
        hash_begin(&h, HASH_SHA256);
        hash_add(&h, key);
        hash_end(&h, inner);
        key = (struct span){(const char *)inner, 32};
    }
    memcpy(pad, key.p, key.n);
    for (size_t i = 0; i < sizeof pad; i++) pad[i] ^= 0x36;
    hash_begin(&h, HASH_SHA256);
    hash_add(&h, padded);
    hash_add(&h, text);
    hash_end(&h, inner);
    for (size_t i = 0; i < sizeof pad; i++) pad[i] ^= 0x36 ^ 0x5c;
    hash_begin(&h, HASH_SHA256);
    hash_add(&h, padded);
    hash_add(&h, (struct span){(const char *)inner, 32});
    hash_end(&h, outer);
    memcpy(out, outer, MAC_BYTES);
}

bool same_secret(struct span a, struct span b) {
    unsigned char differs = a.n != b.n;
    for (size_t i = 0; i < a.n; i++) differs |= (unsigned char)(a.p[i] ^ (i < b.n ? b.p[i] : 0));
    return !differs;
}
