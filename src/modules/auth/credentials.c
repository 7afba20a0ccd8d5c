/* credentials.c - what stands in Authorization, and what is said in WWW-Authenticate */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/credentials.h"

#include "http/names.h"
#include "http/uri.h"
#include "modules/auth/base64.h"

bool credentials_are(struct span value, struct span scheme, struct span *rest) {
    if (!span_starts_ci(value, scheme) || value.n == scheme.n || value.p[scheme.n] != ' ') return false;
    *rest = span_trim(span_from(value, scheme.n));
    return true;
}

bool credentials_are_ambiguous(const struct fields *fields) {
    unsigned count = 0;
    for (uint32_t i = 0; i < fields->count; i++) count += fields->list[i].id == HEADER_AUTHORIZATION;
    return count > 1;
}

static bool has_controls(struct span s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f) return true;
    return false;
}

/* ---- Basic --------------------------------------------------------------------------------------- */

bool basic_parse(struct span rest, struct arena *a, struct span *user, struct span *password) {
    struct buf decoded = {0};
    bool ok = base64_decode(rest, &decoded) && !has_controls(buf_span(&decoded));
    size_t colon = ok ? span_find(buf_span(&decoded), ':') : 0;
    ok = ok && colon < decoded.n; /* the first colon: passwords may have more of them */
    if (ok) {
        *user = arena_copy(a, span_upto(buf_span(&decoded), colon));
        *password = arena_copy(a, span_from(buf_span(&decoded), colon + 1));
    }
    if (decoded.p) memset(decoded.p, 0, decoded.cap);
    buf_done(&decoded);
    return ok;
}

/* ---- Digest -------------------------------------------------------------------------------------- */

static struct span take_blanks(struct span s) {
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = span_from(s, 1);
    return s;
}

/* A quoted-string (RFC 9110 5.6.4) in front of rest, unquoted. */
static bool take_quoted(struct span *rest, struct arena *a, struct span *value) {
    char *to = arena_bytes(a, rest->n + 1);
    size_t n = 0;
    for (size_t i = 1; i < rest->n; i++) {
        if (rest->p[i] == '"') {
            to[n] = '\0';
            *value = (struct span){to, n};
            *rest = span_from(*rest, i + 1);
            return true;
        }
        if (rest->p[i] == '\\' && ++i == rest->n) return false;
        to[n++] = rest->p[i];
    }
    return false;
}

static bool take_token(struct span *rest, struct span *token) {
    size_t n = 0;
    while (n < rest->n && char_class[(unsigned char)rest->p[n]] & CHAR_TOKEN) n++;
    *token = span_upto(*rest, n);
    *rest = span_from(*rest, n);
    return n > 0;
}

/* name = token or quoted-string */
static bool take_parameter(struct span *rest, struct arena *a, struct span *name, struct span *value) {
    *rest = take_blanks(*rest);
    if (!take_token(rest, name)) return false;
    *rest = take_blanks(*rest);
    if (rest->n == 0 || rest->p[0] != '=') return false;
    *rest = take_blanks(span_from(*rest, 1));
    if (rest->n && rest->p[0] == '"' ? !take_quoted(rest, a, value) : !take_token(rest, value)) return false;
    *rest = take_blanks(*rest);
    if (rest->n && rest->p[0] != ',') return false;
    while (rest->n && (rest->p[0] == ',' || rest->p[0] == ' ' || rest->p[0] == '\t')) *rest = span_from(*rest, 1);
    return true;
}

/* UTF-8''J%C3%A4s%C3%B8n (RFC 8187) */
static bool decode_extended(struct span *value, struct arena *a) {
    static const struct span begin = SPAN_INIT("UTF-8''");
    if (!span_starts_ci(*value, begin)) return false;
    char *to = arena_bytes(a, value->n);
    *value = (struct span){to, percent_decode(span_from(*value, begin.n), to)};
    return utf8_is_valid(*value);
}

static bool is_hex(struct span s, size_t n) {
    for (size_t i = 0; i < s.n; i++)
        if (ascii_hex(s.p[i]) < 0) return false;
    return s.n == n;
}

static bool find_algorithm(struct digest *d) {
    if (!d->algorithm_text.p) d->algorithm_text = algorithms[ALGORITHM_MD5].name; /* RFC 7616 3.4 */
    for (unsigned i = 0; i < ALGORITHMS; i++)
        if (span_is_ci(d->algorithm_text, algorithms[i].name)) d->algorithm = &algorithms[i];
    return d->algorithm != NULL;
}

static bool is_whole(struct digest *d) {
    if (!d->username.n || !d->realm.p || !d->nonce.n || !d->uri.n || !d->cnonce.n) return false;
    if (!span_is(d->qop, SPAN("auth")) || !is_hex(d->nc, 8) || has_controls(d->username)) return false;
    return find_algorithm(d) && is_hex(d->response, 2 * hash_bytes_of(d->algorithm->hash));
}

bool digest_parse(struct span rest, struct arena *a, struct digest *d) {
    struct span name, value, extended = {0}, userhash = {0};
    *d = (struct digest){0};
    const struct {
        struct span name, *to;
    } known[] = {
        {SPAN("username"), &d->username},
        {SPAN("realm"), &d->realm},
        {SPAN("nonce"), &d->nonce},
        {SPAN("uri"), &d->uri},
        {SPAN("qop"), &d->qop},
        {SPAN("response"), &d->response},
        {SPAN("nc"), &d->nc},
        {SPAN("cnonce"), &d->cnonce},
        {SPAN("algorithm"), &d->algorithm_text},
        {SPAN("username*"), &extended},
        {SPAN("userhash"), &userhash},
    };
    while (rest.n) {
        if (!take_parameter(&rest, a, &name, &value)) return false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            if (!span_is_ci(name, known[i].name)) continue;
            if (known[i].to->p) return false;
            *known[i].to = value;
        }
    }
    d->userhash = span_is_ci(userhash, SPAN("true"));
    if (extended.p) {
        if (d->username.p || d->userhash || !decode_extended(&extended, a)) return false; /* RFC 7616 3.4, 3.4.4 */
        d->username = extended;
    }
    return is_whole(d);
}

size_t digest_response(const struct digest *d, struct span method, struct span secret, char out[HASH_HEX_MAX]) {
    char session[HASH_HEX_MAX], request[HASH_HEX_MAX];
    enum hash_kind kind = d->algorithm->hash;
    size_t n;
    if (d->algorithm->is_session) {
        n = hash_joined(kind, session, (struct span[]){secret, d->nonce, d->cnonce}, 3);
        secret = (struct span){session, n};
    }
    n = hash_joined(kind, request, (struct span[]){method, d->uri}, 2);
    struct span last = {request, n};
    return hash_joined(kind, out, (struct span[]){secret, d->nonce, d->nc, d->cnonce, d->qop, last}, 6);
}

/* ---- nonces -------------------------------------------------------------------------------------- */

enum { TIME_DIGITS = 16, SUM_BYTES = 16 };

/* 16 digits: the time; 32 digits: who made it. */
size_t nonce_make(const struct auth_rule *rule, int64_t now_s, char out[NONCE_BYTES]) {
    unsigned char bytes[8], sum[MAC_BYTES];
    char text[TIME_DIGITS + 1024];
    struct span realm = rule->realm.n > 1000 ? span_upto(rule->realm, 1000) : rule->realm;
    for (unsigned i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)now_s >> (56 - 8 * i));
    hex_digits(text, bytes, 8);
    memcpy(text + TIME_DIGITS, realm.p ? realm.p : "", realm.n);
    mac_sha256(rule->nonce_secret, (struct span){text, TIME_DIGITS + realm.n}, sum);
    memcpy(out, text, TIME_DIGITS);
    hex_digits(out + TIME_DIGITS, sum, SUM_BYTES);
    return TIME_DIGITS + 2 * SUM_BYTES;
}

enum nonce_state nonce_check(const struct auth_rule *rule, struct span nonce, int64_t now_s) {
    char made[NONCE_BYTES];
    uint64_t then = 0;
    if (!is_hex(nonce, TIME_DIGITS + 2 * SUM_BYTES)) return NONCE_FOREIGN;
    for (size_t i = 0; i < TIME_DIGITS; i++) then = then << 4 | (unsigned)ascii_hex(nonce.p[i]);
    size_t n = nonce_make(rule, (int64_t)then, made);
    if (!same_secret((struct span){made, n}, nonce)) return NONCE_FOREIGN;
    int64_t age = now_s - (int64_t)then; /* another machine with this nonce-secret may be a little ahead */
    return age >= -60 && age <= NONCE_SECONDS ? NONCE_GOOD : NONCE_STALE;
}

/* ---- challenges ----------------------------------------------------------------------------------- */

static void add_quoted(struct buf *out, struct span s) {
    buf_add_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') buf_add_char(out, '\\');
        buf_add_char(out, s.p[i]);
    }
    buf_add_char(out, '"');
}

void challenge_basic(const struct auth_rule *rule, struct buf *out) {
    buf_add_text(out, "Basic realm=");
    add_quoted(out, rule->realm);
    buf_add_text(out, ", charset=\"UTF-8\"");
}

void challenge_digest(const struct auth_rule *rule, unsigned algorithm, bool stale, int64_t now_s, struct buf *out) {
    char nonce[NONCE_BYTES];
    size_t n = nonce_make(rule, now_s, nonce);
    buf_add_text(out, "Digest realm=");
    add_quoted(out, rule->realm);
    buf_printf(out, ", charset=\"UTF-8\", algorithm=%s, nonce=\"%.*s\", qop=\"auth\"", algorithms[algorithm].name.p,
               (int)n, nonce);
    if (rule->userhash) buf_add_text(out, ", userhash=true");
    if (stale) buf_add_text(out, ", stale=true");
}
