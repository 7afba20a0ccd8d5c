/* md5crypt.c - "$1$" and "$apr1$": a thousand rounds of MD5, as FreeBSD had them first and Apache took them over */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/hashes.h"
#include "modules/auth/password.h"

enum { SALT_MAX = 8, MD5_BYTES = 16, ROUNDS = 1000 };

/* The salt between the second (third) and the last "$". */
static bool take_apart(struct span setting, struct span *magic, struct span *salt) {
    *magic = span_starts(setting, SPAN("$apr1$")) ? SPAN("$apr1$") : SPAN("$1$");
    if (!span_starts(setting, *magic)) return false;
    *salt = span_from(setting, magic->n);
    *salt = span_upto(*salt, span_find(*salt, '$'));
    if (salt->n > SALT_MAX) *salt = span_upto(*salt, SALT_MAX);
    return true;
}

static void first_round(unsigned char sum[HASH_BYTES_MAX], struct span password, struct span magic,
                        struct span salt) {
    struct hash h;
    struct span so_far = {(const char *)sum, MD5_BYTES};
    hash_begin(&h, HASH_MD5);
    hash_add(&h, password);
    hash_add(&h, salt);
    hash_add(&h, password);
    hash_end(&h, sum);
    hash_begin(&h, HASH_MD5);
    hash_add(&h, password);
    hash_add(&h, magic);
    hash_add(&h, salt);
    for (size_t left = password.n; left > 0; left -= left < MD5_BYTES ? left : MD5_BYTES)
        hash_add(&h, span_upto(so_far, left < MD5_BYTES ? left : MD5_BYTES));
    for (size_t bits = password.n; bits; bits >>= 1)
        hash_add(&h, bits & 1 ? (struct span){"", 1} : span_upto(password, 1));
    hash_end(&h, sum);
}

static void round_of(unsigned char sum[HASH_BYTES_MAX], unsigned i, struct span password, struct span salt) {
    struct hash h;
    struct span so_far = {(const char *)sum, MD5_BYTES};
    hash_begin(&h, HASH_MD5);
    hash_add(&h, i & 1 ? password : so_far);
    if (i % 3) hash_add(&h, salt);
    if (i % 7) hash_add(&h, password);
    hash_add(&h, i & 1 ? so_far : password);
    hash_end(&h, sum);
}

bool md5_crypt(struct span password, struct span setting, struct buf *out) {
    unsigned char s[HASH_BYTES_MAX];
    struct span magic, salt;
    if (!take_apart(setting, &magic, &salt)) return false;
    first_round(s, password, magic, salt);
    for (unsigned i = 0; i < ROUNDS; i++) round_of(s, i, password, salt);
    buf_add(out, magic);
    buf_add(out, salt);
    buf_add_char(out, '$');
    for (unsigned i = 0; i < 5; i++)
        crypt_digits(out, (unsigned long)s[i] << 16 | (unsigned long)s[i + 6] << 8 | s[i == 4 ? 5 : i + 12], 4);
    crypt_digits(out, s[11], 2);
    return true;
}
