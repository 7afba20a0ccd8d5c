/* shacrypt.c - "$5$" and "$6$": SHA-256 and SHA-512 in many rounds, as Ulrich Drepper specified them in 2007 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/hashes.h"
#include "modules/auth/password.h"

enum { SALT_MAX = 16, ROUNDS_LEAST = 1000, ROUNDS_USUAL = 5000, ROUNDS_MOST = 999999999 };

struct parts {
    enum hash_kind kind;
    struct span magic, salt;
    uint64_t rounds;
    bool says_rounds;
};

static bool take_apart(struct span setting, struct parts *p) {
    static const struct span word = SPAN_INIT("rounds=");
    struct span rest = span_from(setting, 3);
    *p = (struct parts){span_starts(setting, SPAN("$5$")) ? HASH_SHA256 : HASH_SHA512, span_upto(setting, 3),
                        SPAN(""), ROUNDS_USUAL, false};
    if (span_starts(rest, word)) {
        size_t end = span_find(rest, '$');
        if (end == rest.n) return false;
        if (!number_parse(span_from(span_upto(rest, end), word.n), UINT64_MAX, &p->rounds)) return false;
        if (p->rounds < ROUNDS_LEAST) p->rounds = ROUNDS_LEAST;
        if (p->rounds > ROUNDS_MOST) p->rounds = ROUNDS_MOST;
        p->says_rounds = true;
        rest = span_from(rest, end + 1);
    }
    p->salt = span_upto(rest, span_find(rest, '$'));
    if (p->salt.n > SALT_MAX) p->salt = span_upto(p->salt, SALT_MAX);
    return true;
}

/* The hash over and over until there are n bytes. */
static void add_repeated(struct hash *h, struct span sum, size_t n) {
    for (; n > sum.n; n -= sum.n) hash_add(h, sum);
    hash_add(h, span_upto(sum, n));
}

/* n bytes: the hash of `count` times the text, repeated. To be freed. */
static struct span sequence(enum hash_kind kind, struct span text, size_t count, size_t n) {
    struct hash h;
    unsigned char sum[HASH_BYTES_MAX];
    char *bytes = memory_get(n + 1);
    size_t size = hash_bytes_of(kind);
    hash_begin(&h, kind);
    for (; count > 0; count--) hash_add(&h, text);
    hash_end(&h, sum);
    for (size_t at = 0; at < n; at += size) memcpy(bytes + at, sum, n - at < size ? n - at : size);
    return (struct span){bytes, n};
}

static void first_sum(const struct parts *p, struct span password, unsigned char sum[HASH_BYTES_MAX]) {
    struct hash h;
    struct span so_far = {(const char *)sum, hash_bytes_of(p->kind)};
    hash_begin(&h, p->kind);
    hash_add(&h, password);
    hash_add(&h, p->salt);
    hash_add(&h, password);
    hash_end(&h, sum);
    hash_begin(&h, p->kind);
    hash_add(&h, password);
    hash_add(&h, p->salt);
    add_repeated(&h, so_far, password.n);
    for (size_t bits = password.n; bits; bits >>= 1) hash_add(&h, bits & 1 ? so_far : password);
    hash_end(&h, sum);
}

static void all_rounds(const struct parts *p, struct span password, unsigned char sum[HASH_BYTES_MAX]) {
    struct span so_far = {(const char *)sum, hash_bytes_of(p->kind)};
    struct span secret = sequence(p->kind, password, password.n, password.n);
    struct span salt = sequence(p->kind, p->salt, 16 + (size_t)sum[0], p->salt.n);
    for (uint64_t i = 0; i < p->rounds; i++) {
        struct hash h;
        hash_begin(&h, p->kind);
        hash_add(&h, i & 1 ? secret : so_far);
        if (i % 3) hash_add(&h, salt);
        if (i % 7) hash_add(&h, secret);
        hash_add(&h, i & 1 ? so_far : secret);
        hash_end(&h, sum);
    }
    free((char *)secret.p);
    free((char *)salt.p);
}

/* Three bytes make four letters; which three, the specification says in a list that turns by one from row to row. */
static void add_letters(struct buf *out, enum hash_kind kind, const unsigned char *s) {
    bool wide = kind == HASH_SHA512;
    unsigned third = wide ? 21 : 10, a = 0, b = third, c = 2 * third;
    for (unsigned i = 0; i < third; i++) {
        crypt_digits(out, (unsigned long)s[a] << 16 | (unsigned long)s[b] << 8 | s[c], 4);
        unsigned was_a = a, was_b = b, was_c = c;
        a = (wide ? was_b : was_c) + 1;
        b = (wide ? was_c : was_a) + 1;
        c = (wide ? was_a : was_b) + 1;
    }
    if (wide) crypt_digits(out, s[63], 2);
    else crypt_digits(out, (unsigned long)s[31] << 8 | s[30], 3);
}

bool sha_crypt(struct span password, struct span setting, struct buf *out) {
    unsigned char sum[HASH_BYTES_MAX];
    struct parts p;
    if (!take_apart(setting, &p)) return false;
    first_sum(&p, password, sum);
    all_rounds(&p, password, sum);
    buf_add(out, p.magic);
    if (p.says_rounds) buf_printf(out, "rounds=%llu$", (unsigned long long)p.rounds);
    buf_add(out, p.salt);
    buf_add_char(out, '$');
    add_letters(out, p.kind, sum);
    return true;
}
