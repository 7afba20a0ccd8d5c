/* filejob.c - looks users up in files and checks their passwords; in a process that may take its time */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/filejob.h"

#include "base/number.h"
#include "base/hashes.h"
#include "modules/auth/password.h"
#include "modules/auth/question.h"
#include "modules/auth/userfile.h"

/* wanted - a question, taken apart; groups is what is left of it */
struct wanted {
    enum file_format format;
    bool is_digest, userhash;
    enum hash_kind hash;
    struct span userfile, groupfile, realm, user, password, groups;
};

void file_ask(enum file_format format, struct span userfile, struct span groupfile, const struct auth_login *l,
              struct buf *question) {
    char head[4] = {(char)format, l->algorithm ? 'd' : 'b', l->userhash ? 'u' : '-',
                    (char)('0' + (l->algorithm ? l->algorithm->hash : 0))};
    texts_add(question, (struct span){head, sizeof head});
    texts_add(question, userfile);
    texts_add(question, groupfile);
    texts_add(question, l->rule->realm);
    texts_add(question, l->user);
    texts_add(question, l->password);
    auth_add_groups(question, l->rule);
}

static bool take_apart(struct span question, struct wanted *w) {
    struct span head;
    if (!texts_next(&question, &head) || head.n != 4) return false;
    w->format = (enum file_format)head.p[0];
    w->is_digest = head.p[1] == 'd';
    w->userhash = head.p[2] == 'u';
    w->hash = (enum hash_kind)(head.p[3] - '0');
    bool ok = w->hash < HASH_KINDS && texts_next(&question, &w->userfile) && texts_next(&question, &w->groupfile) &&
              texts_next(&question, &w->realm) && texts_next(&question, &w->user) &&
              texts_next(&question, &w->password);
    w->groups = question;
    return ok;
}

/* Is it this line's user? With userhash each line's name is hashed (RFC 7616 3.4.4). */
static bool is_user(const struct wanted *w, struct span user) {
    char hex[HASH_HEX_MAX];
    if (!w->userhash) return span_is(user, w->user);
    size_t n = hash_joined(w->hash, hex, (struct span[]){user, w->realm}, 2);
    return span_is_ci((struct span){hex, n}, w->user);
}

/* A file of "user:realm:hash": the width of a hash says which it is. NULL-span: not this realm, not that width. */
static struct span htdigest_hash(const struct wanted *w, struct span rest) {
    struct span none = {NULL, 0};
    if (!span_starts(rest, w->realm) || rest.n == w->realm.n || rest.p[w->realm.n] != ':') return none;
    rest = span_from(rest, w->realm.n + 1);
    rest = span_trim(span_upto(rest, span_find(rest, ':')));
    bool fits = w->is_digest ? rest.n == 2 * hash_bytes_of(w->hash) : rest.n == 32 || rest.n == 64;
    return fits ? rest : none;
}

/* What the file has of the user: a password, or a hash. */
static bool find(const struct wanted *w, struct span text, struct span *user, struct span *secret) {
    while (userfile_next(&text, user, secret)) {
        if (!is_user(w, *user)) continue;
        if (w->format == FILE_HTPASSWD) *secret = span_trim(span_upto(*secret, span_find(*secret, ':')));
        if (w->format == FILE_HTDIGEST) *secret = htdigest_hash(w, *secret);
        if (secret->p) return true;
    }
    return false;
}

/* ---- Basic -------------------------------------------------------------------------------------- */

static bool is_in_group(const struct wanted *w, struct span user, struct buf *why) {
    struct span groups = w->groups, group, text;
    if (w->groupfile.n == 0 || groups.n == 0 || !userfile_read(w->groupfile, &text, why)) return false;
    while (texts_next(&groups, &group))
        if (groupfile_has(text, group, user)) return true;
    return false;
}

static void passed(const struct wanted *w, struct span user, struct span secret, struct buf *answer) {
    struct buf why = {0}, name = {0}, kept = {0};
    buf_add(&name, user); /* the text that they lie in may make room for the file of groups */
    buf_add(&kept, secret);
    bool in_group = is_in_group(w, buf_span(&name), &why);
    if (why.n)
        answer_broken(answer, "auth.backend.plain.groupfile: %.*s: %.*s", SPAN_ARG(w->groupfile),
                      SPAN_ARG(buf_span(&why)));
    else answer_passed(answer, in_group, buf_span(&name), buf_span(&kept));
    buf_done(&why);
    buf_done(&name);
    if (kept.p) memset(kept.p, 0, kept.cap);
    buf_done(&kept);
}

static enum password_result compare_htdigest(const struct wanted *w, struct span user, struct span hash) {
    char hex[HASH_HEX_MAX];
    enum hash_kind kinds[] = {HASH_SHA256, HASH_SHA512_256}; /* of one width: either may be meant */
    bool right = false;
    for (unsigned i = 0; i < 2; i++) {
        enum hash_kind kind = hash.n == 32 ? HASH_MD5 : kinds[i];
        size_t n = hash_joined(kind, hex, (struct span[]){user, w->realm, w->password}, 3);
        char lower[HASH_HEX_MAX];
        for (size_t k = 0; k < hash.n && k < sizeof lower; k++) lower[k] = ascii_lower(hash.p[k]);
        right |= same_secret((struct span){hex, n}, (struct span){lower, hash.n});
    }
    return right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

static enum password_result compare(const struct wanted *w, struct span user, struct span secret) {
    if (w->format == FILE_HTPASSWD) return password_check(w->password, secret);
    if (w->format == FILE_HTDIGEST) return compare_htdigest(w, user, secret);
    return secret.n && same_secret(secret, w->password) ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

/* A user that is not there takes as long as one that is: time tells nobody which names exist. Where users' hashes are
 * of several kinds, each name that is not there has one of them for its own. */
static void spend_time(const struct wanted *w, struct span text) {
    unsigned char sum[HASH_BYTES_MAX];
    struct span user, secret, rest = text;
    struct hash h;
    size_t count = 0;
    if (w->format != FILE_HTPASSWD) return;
    while (userfile_next(&rest, &user, &secret)) count += !password_is_shut(secret);
    if (count == 0) return;
    hash_begin(&h, HASH_SHA256);
    hash_add(&h, w->userfile);
    hash_add(&h, w->user);
    hash_end(&h, sum);
    size_t left = ((size_t)sum[0] << 16 | (size_t)sum[1] << 8 | sum[2]) % count + 1;
    while (left && userfile_next(&text, &user, &secret)) left -= !password_is_shut(secret);
    password_check(w->password, span_trim(span_upto(secret, span_find(secret, ':'))));
}

static void answer_basic(const struct wanted *w, struct span text, struct buf *answer) {
    struct span user, secret;
    bool found = find(w, text, &user, &secret);
    if (!found || (w->format == FILE_HTPASSWD && password_is_shut(secret))) {
        spend_time(w, text);
        answer_wrong(answer);
        return;
    }
    enum password_result result = compare(w, user, secret);
    if (result == PASSWORD_RIGHT) passed(w, user, SPAN(""), answer);
    else if (result == PASSWORD_WRONG) answer_wrong(answer);
    else
        answer_broken(
            answer,
            "%.*s: the hash of %.*s is of a kind that crypt(3) of this system does not know, or damaged: make it "
            "anew with openssl passwd -6",
            SPAN_ARG(w->userfile), SPAN_ARG(user));
}

/* ---- Digest -------------------------------------------------------------------------------------- */

static void answer_digest(const struct wanted *w, struct span text, struct buf *answer) {
    struct span user, secret;
    char hex[HASH_HEX_MAX];
    if (!find(w, text, &user, &secret) || secret.n == 0 || (w->format == FILE_HTDIGEST && secret.n >= sizeof hex)) {
        answer_wrong(answer);
        return;
    }
    size_t n = secret.n;
    if (w->format == FILE_PLAIN) n = hash_joined(w->hash, hex, (struct span[]){user, w->realm, secret}, 3);
    else
        for (size_t i = 0; i < n; i++) hex[i] = ascii_lower(secret.p[i]);
    passed(w, user, (struct span){hex, n}, answer);
}

void file_answer(struct span question, struct buf *answer) {
    struct wanted w;
    struct span text;
    struct buf why = {0};
    if (!texts_next(&question, &text) || !take_apart(question, &w)) answer_broken(answer, "the question is damaged");
    else if (!userfile_read(w.userfile, &text, &why))
        answer_broken(answer, "%.*s: %.*s (it is read with the rights of the workers)", SPAN_ARG(w.userfile),
                      SPAN_ARG(buf_span(&why)));
    else if (w.is_digest) answer_digest(&w, text, answer);
    else answer_basic(&w, text, answer);
    buf_done(&why);
}
