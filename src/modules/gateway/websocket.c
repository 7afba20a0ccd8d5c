/* websocket.c - a key, and what its answer has to be (RFC 6455 4.1, 4.2.2) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/websocket.h"

#include "base/hashes.h"
#include "base/random.h"

/* RFC 4648 4, with a NUL behind it. */
static void encode(const unsigned char *bytes, size_t n, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned second = i + 1 < n ? bytes[i + 1] : 0, third = i + 2 < n ? bytes[i + 2] : 0;
        *out++ = digits[bytes[i] >> 2];
        *out++ = digits[(bytes[i] & 3u) << 4 | second >> 4];
        *out++ = i + 1 < n ? digits[(second & 15u) << 2 | third >> 6] : '=';
        *out++ = i + 2 < n ? digits[third & 63u] : '=';
    }
    *out = '\0';
}

enum { KEY_BYTES = 24 };

bool websocket_accept(struct span key, char accept[29]) {
    static const char suffix[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA1_BYTES];
    char text[KEY_BYTES + sizeof suffix];
    if (key.n != KEY_BYTES) return false;
    memcpy(text, key.p, KEY_BYTES);
    memcpy(text + KEY_BYTES, suffix, sizeof suffix);
    sha1((struct span){text, KEY_BYTES + sizeof suffix - 1}, digest);
    encode(digest, sizeof digest, accept);
    return true;
}

void websocket_key_make(struct websocket_key *k) {
    unsigned char nonce[16];
    random_bytes(nonce, sizeof nonce);
    encode(nonce, sizeof nonce, k->key);
    websocket_accept(span_of(k->key), k->accept);
}
