/* uri.c - request targets become a normalised target, a decoded path and a query */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/uri.h"

#include <stdint.h>

#include "http/names.h"
#include "http/why.h"

static const struct {
    struct span key;
    unsigned bit;
} parse_options[] = {
    {SPAN_INIT("header-strict"), PARSE_HEADER_STRICT},
    {SPAN_INIT("host-strict"), PARSE_HOST_STRICT},
    {SPAN_INIT("host-normalize"), PARSE_HOST_NORMALIZE},
    {SPAN_INIT("url-normalize"), PARSE_URL_NORMALIZE},
    {SPAN_INIT("url-normalize-unreserved"), PARSE_URL_UNRESERVED},
    {SPAN_INIT("url-normalize-required"), PARSE_URL_REQUIRED},
    {SPAN_INIT("url-ctrls-reject"), PARSE_URL_CTRLS_REJECT},
    {SPAN_INIT("url-path-backslash-trans"), PARSE_URL_BACKSLASH_TRANS},
    {SPAN_INIT("url-path-2f-decode"), PARSE_URL_2F_DECODE},
    {SPAN_INIT("url-path-2f-reject"), PARSE_URL_2F_REJECT},
    {SPAN_INIT("url-path-dotseg-remove"), PARSE_URL_DOTSEG_REMOVE},
    {SPAN_INIT("url-path-dotseg-reject"), PARSE_URL_DOTSEG_REJECT},
    {SPAN_INIT("url-query-20-plus"), PARSE_URL_QUERY_20_PLUS},
    {SPAN_INIT("url-invalid-utf8-reject"), PARSE_URL_INVALID_UTF8_REJECT},
    {SPAN_INIT("method-get-body"), PARSE_METHOD_GET_BODY},
};

unsigned parse_option_find(struct span key) {
    for (size_t i = 0; i < sizeof parse_options / sizeof *parse_options; i++)
        if (span_is(key, parse_options[i].key)) return parse_options[i].bit;
    return 0;
}

/* The start of the segment before the one that begins at `at` (behind a "/"): where ".." leads. */
static size_t parent(const char *path, size_t at) {
    if (at <= 1) return at == 1 && path[0] == '/' ? 1 : 0;
    for (at--; at > 0 && path[at - 1] != '/';) at--;
    return at;
}

size_t path_simplify(char *path, size_t n) {
    size_t out = n > 0 && path[0] == '/' ? 1 : 0;
    for (size_t at = out, end; at < n; at = end + 1) {
        for (end = at; end < n && path[end] != '/';) end++;
        size_t length = end - at;
        if (length == 0 || (length == 1 && path[at] == '.')) continue;
        if (length == 2 && path[at] == '.' && path[at + 1] == '.') {
            out = parent(path, out);
            continue;
        }
        memmove(path + out, path + at, length);
        out += length;
        if (end < n) path[out++] = '/';
    }
    return out;
}

/* Is there anything for path_simplify() to do? *dots: a "." or ".." segment. */
static bool is_simple(struct span path, bool *dots) {
    bool simple = true;
    *dots = false;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] != '/') continue;
        struct span next = span_from(path, i + 1);
        size_t end = span_find(next, '/');
        if (end == 0 && next.n > 0) simple = false;
        if ((end == 1 || end == 2) && next.p[0] == '.' && next.p[end - 1] == '.') {
            *dots = true;
            simple = false;
        }
        i += end; /* now at the next "/" but for the loop's step */
    }
    return simple;
}

/* The usual target: nothing to encode, decode or simplify. *query: position of "?", or n. */
static bool is_clean(struct span target, size_t *query) {
    size_t i = 0;
    for (; i < target.n && target.p[i] != '?'; i++) {
        if (!(char_class[(unsigned char)target.p[i]] & CHAR_URI)) return false;
        if (target.p[i] != '/' || i + 1 == target.n) continue;
        if (target.p[i + 1] == '/' || target.p[i + 1] == '.') return false;
    }
    *query = i;
    for (; i < target.n; i++)
        if (!(char_class[(unsigned char)target.p[i]] & CHAR_URI)) return false;
    return true;
}

static bool is_control(unsigned c) {
    return c < 0x20 || c == 0x7f;
}

/* What no option makes acceptable, and what ctrls-reject refuses beside it; of bytes as sent and of escapes. */
static bool is_refused(unsigned c, bool in_path, unsigned options) {
    return (c == 0 && in_path) || (is_control(c) && (options & PARSE_URL_CTRLS_REJECT));
}

/* May the escape of c be replaced by c? url-normalize-required: wherever that does not change what
 * the target says. */
static bool is_decoded(unsigned c, bool in_path, unsigned options) {
    if (!(options & PARSE_URL_REQUIRED)) return (char_class[c] & CHAR_UNRESERVED) != 0;
    if (!(char_class[c] & CHAR_URI)) return false;
    return in_path ? c != '/' && c != '?' : c != '&' && c != '=' && c != ';' && c != '+';
}

static char *put_escape(char *out, unsigned c) {
    *out++ = '%';
    *out++ = "0123456789ABCDEF"[c >> 4];
    *out++ = "0123456789ABCDEF"[c & 15];
    return out;
}

/* The byte that an escape at position `at` stands for, or -1. */
static int escaped_byte(struct span s, size_t at) {
    if (s.p[at] != '%' || s.n - at < 3) return -1;
    int high = ascii_hex(s.p[at + 1]), low = ascii_hex(s.p[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static char *put_escaped(char *out, unsigned c, bool in_path, unsigned options) {
    if (in_path && c == '/' && (options & PARSE_URL_2F_DECODE)) *out++ = '/';
    else if (in_path && c == '\\' && (options & PARSE_URL_BACKSLASH_TRANS)) *out++ = '/';
    else if (!in_path && c == ' ' && (options & PARSE_URL_QUERY_20_PLUS)) *out++ = '+';
    else if (is_decoded(c, in_path, options)) *out++ = (char)c;
    else return put_escape(out, c);
    return out;
}

static char *put_raw(char *out, unsigned c, bool in_path, unsigned options) {
    if (in_path && c == '\\' && (options & PARSE_URL_BACKSLASH_TRANS)) *out++ = '/';
    else if (!in_path && c == ' ' && (options & PARSE_URL_QUERY_20_PLUS)) *out++ = '+';
    else if (char_class[c] & CHAR_URI) *out++ = (char)c;
    else return put_escape(out, c);
    return out;
}

/* Rewrites path or query into out (three times the room); NULL if it is refused. Without url-
 * normalize it only checks. */
static char *put_part(char *out, struct span part, bool in_path, unsigned options) {
    bool rewrite = (options & PARSE_URL_NORMALIZE) != 0;
    for (size_t i = 0; i < part.n; i++) {
        int escaped = escaped_byte(part, i);
        unsigned c = escaped >= 0 ? (unsigned)escaped : (unsigned char)part.p[i];
        if (is_refused(c, in_path, options)) return NULL;
        if (escaped == '/' && in_path && (options & PARSE_URL_2F_REJECT)) return NULL;
        if (!rewrite) *out++ = part.p[i];
        else if (escaped >= 0) out = put_escaped(out, c, in_path, options);
        else out = put_raw(out, c, in_path, options);
        if (escaped >= 0 && rewrite) i += 2;
    }
    return out;
}

static bool is_valid_decoded(struct span s, struct arena *a) {
    char *decoded = arena_bytes(a, s.n);
    return utf8_is_valid((struct span){decoded, percent_decode(s, decoded)});
}

/* uri->path from the target's path: decoded and simplified, whatever the options. Returns 0 or 400. */
static int set_path(struct uri *uri, struct span encoded, unsigned options, struct arena *a) {
    bool dots;
    struct span path = encoded;
    if (span_find(encoded, '%') < encoded.n) {
        char *decoded = arena_bytes(a, encoded.n + 1);
        path = (struct span){decoded, percent_decode(encoded, decoded)};
    }
    if (span_find(path, '\0') < path.n) return http_refuse(400, "NUL in the path");
    if ((options & PARSE_URL_INVALID_UTF8_REJECT) && !utf8_is_valid(path))
        return http_refuse(400, "the path is not UTF-8 (server.http-parseopts: url-invalid-utf8-reject)");
    if (!is_simple(path, &dots)) {
        if (dots && (options & PARSE_URL_DOTSEG_REJECT))
            return http_refuse(400, "dots in the path (server.http-parseopts: url-path-dotseg-reject)");
        char *copy = arena_bytes(a, path.n);
        memcpy(copy, path.p, path.n);
        path = (struct span){copy, path_simplify(copy, path.n)};
    }
    uri->path = path;
    return 0;
}

/* Returns 0 or 400. */
static int rewrite(struct uri *uri, struct span path, struct span query, unsigned options, struct arena *a) {
    bool dots;
    char *start = arena_bytes(a, (path.n + query.n) * 3 + 1), *out = put_part(start, path, true, options);
    if (!out) return http_refuse(400, "a control character or %2F in the path (server.http-parseopts)");
    struct span clean = span_between(start, out);
    if (!is_simple(clean, &dots)) {
        if (dots && (options & PARSE_URL_DOTSEG_REJECT))
            return http_refuse(400, "dots in the path (server.http-parseopts: url-path-dotseg-reject)");
        if ((options & PARSE_URL_NORMALIZE) && (options & PARSE_URL_DOTSEG_REMOVE))
            clean.n = path_simplify(start, clean.n);
    }
    out = start + clean.n;
    if (query.p) {
        *out++ = '?';
        char *end = put_part(out, query, false, options);
        if (!end)
            return http_refuse(400, "a control character in the query (server.http-parseopts: url-ctrls-reject)");
        uri->query = span_between(out, end);
        out = end;
        if ((options & PARSE_URL_INVALID_UTF8_REJECT) && !is_valid_decoded(uri->query, a))
            return http_refuse(400, "the query is not UTF-8 (server.http-parseopts: url-invalid-utf8-reject)");
    }
    uri->target = span_between(start, out);
    return set_path(uri, clean, options, a);
}

int uri_parse(struct uri *uri, struct span target, unsigned options, struct arena *a) {
    size_t question;
    *uri = (struct uri){target, target, {NULL, 0}};
    if (span_is(target, SPAN("*"))) return 0;
    if (target.n == 0 || target.p[0] != '/') return http_refuse(400, "the target does not begin with a slash");
    if (is_clean(target, &question)) {
        uri->path.n = question;
        if (question < target.n) uri->query = span_from(target, question + 1);
        return 0;
    }
    if (span_find(target, '#') < target.n) return http_refuse(400, "a fragment in the target");
    question = span_find(target, '?');
    struct span query = question < target.n ? span_from(target, question + 1) : (struct span){NULL, 0};
    return rewrite(uri, span_upto(target, question), query, options, a);
}
