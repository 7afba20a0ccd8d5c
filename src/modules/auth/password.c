/* password.c - which kind of hash it is, and whether the password fits */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/password.h"

#include "modules/auth/base64.h"
#include "base/hashes.h"

void crypt_digits(struct buf *out, unsigned long value, int digits) {
    static const char letters[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (; digits > 0; digits--, value >>= 6) buf_add_char(out, letters[value & 63]);
}

static enum password_result is_same(struct span a, struct span b) {
    return same_secret(a, b) ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

/* "{SHA}" and base64 of SHA-1, without salt. */
static enum password_result check_sha1(struct span password, struct span encoded) {
    struct hash h;
    unsigned char sum[HASH_BYTES_MAX];
    struct buf decoded = {0};
    hash_begin(&h, HASH_SHA1);
    hash_add(&h, password);
    hash_end(&h, sum);
    enum password_result result = PASSWORD_UNKNOWN;
    if (base64_decode(encoded, &decoded) && decoded.n == 20)
        result = is_same((struct span){(const char *)sum, 20}, buf_span(&decoded));
    buf_done(&decoded);
    return result;
}

static bool by_system(struct span password, struct span setting, struct buf *out) {
    struct buf p = {0}, s = {0};
    buf_add(&p, password);
    buf_add(&s, setting);
    bool ok = system_crypt(buf_text(&p), buf_text(&s), out);
    memset(p.p, 0, p.cap);
    buf_done(&p);
    buf_done(&s);
    return ok;
}

bool password_is_shut(struct span hash) {
    return hash.n == 0 || hash.p[0] == '!' || hash.p[0] == '*';
}

enum password_result password_check(struct span password, struct span hash) {
    static const struct {
        struct span begin;
        bool (*make)(struct span password, struct span setting, struct buf *out);
    } kinds[] = {
        {SPAN_INIT("$apr1$"), md5_crypt}, {SPAN_INIT("$1$"), md5_crypt}, {SPAN_INIT("$5$"), sha_crypt},
        {SPAN_INIT("$6$"), sha_crypt},    {SPAN_INIT("$"), by_system},   {SPAN_INIT("_"), by_system},
    };
    struct buf made = {0};
    bool known = false;
    size_t i = 0, count = sizeof kinds / sizeof *kinds;
    if (password.n > PASSWORD_BYTES_MAX || memchr(password.p ? password.p : "", '\0', password.n))
        return PASSWORD_WRONG;
    if (password_is_shut(hash)) return PASSWORD_WRONG;
    if (span_starts(hash, SPAN("{SHA}"))) return check_sha1(password, span_from(hash, 5));
    while (i < count && !span_starts(hash, kinds[i].begin)) i++;
    if (i < count) known = kinds[i].make(password, hash, &made);
    else if (hash.n == 13) known = by_system(password, hash, &made);
    enum password_result result = known ? is_same(buf_span(&made), hash) : PASSWORD_UNKNOWN;
    buf_done(&made);
    return result;
}
