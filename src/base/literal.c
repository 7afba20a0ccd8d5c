/* literal.c - the plain bytes that every match of a regular expression contains */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/regex.h"

/*
 * Reads a pattern that PCRE2 has accepted. Whatever is not plainly understood gives no literal: that only costs time.
 * What stands in groups is left out, and so is what may be repeated no times. Of several runs of bytes each is kept,
 * with a NUL between.
 */
struct reader {
    struct span rest;
    struct buf *out;
    bool any_case;
    bool understood;
};

static void end_run(struct reader *r) {
    if (r->out->n && r->out->p[r->out->n - 1]) buf_add_char(r->out, '\0');
}

/* Of an escape: a byte that stands for itself, a kind of byte, or something else. */
enum escape { ESCAPE_BYTE, ESCAPE_KIND, ESCAPE_OTHER };

static enum escape escape_of(char c) {
    bool is_word = ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (unsigned char)c >= 0x80;
    if (!is_word) return ESCAPE_BYTE;
    return memchr("dDwWsSbBAzZ", c, 11) ? ESCAPE_KIND : ESCAPE_OTHER;
}

/* Behind the "]" of a class; *rest is behind its "[". False: it does not end, or who knows where ([\E]a], [\c]a]). */
static bool skip_class(struct span *rest) {
    if (rest->n && rest->p[0] == '^') *rest = span_from(*rest, 1);
    for (size_t i = 0; i < rest->n; i++) {
        char c = rest->p[i];
        if (c == '\\') {
            if (++i == rest->n || escape_of(rest->p[i]) == ESCAPE_OTHER) return false;
        } else if (c == '[' && i + 1 < rest->n && memchr(":.=", rest->p[i + 1], 3)) {
            return false; /* [:alpha:] */
        } else if (c == ']' && i > 0) {
            *rest = span_from(*rest, i + 1);
            return true;
        }
    }
    return false;
}

/* Only groups that say nothing of what follows them: (…) (?:…) (?=…) (?!…) (?>…) */
static bool opens_group(struct span *rest) {
    if (rest->n && rest->p[0] == '*') return false;
    if (rest->n == 0 || rest->p[0] != '?') return true;
    if (rest->n < 2 || !memchr(":=!>", rest->p[1], 4)) return false;
    *rest = span_from(*rest, 2);
    return true;
}

/* Behind the ")" of a group; *rest is behind its "(". */
static bool skip_group(struct span *rest) {
    size_t depth = 1;
    if (!opens_group(rest)) return false;
    while (rest->n && depth) {
        char c = rest->p[0];
        *rest = span_from(*rest, 1);
        if (c == ')') depth--;
        if (c == '[' && !skip_class(rest)) return false;
        if (c == '(' && (depth++, !opens_group(rest))) return false;
        if (c != '\\') continue;
        if (rest->n == 0 || escape_of(rest->p[0]) == ESCAPE_OTHER) return false;
        *rest = span_from(*rest, 1);
    }
    return depth == 0;
}

/* How long a quantifier is, its "?" or "+" not counted. 0: it may be none (a{|}b has two branches). */
static size_t quantifier_bytes(struct span s) {
    size_t n = 1;
    if (s.p[0] != '{') return n;
    while (n < s.n && (ascii_is_digit(s.p[n]) || s.p[n] == ',' || s.p[n] == ' ')) n++;
    return n < s.n && s.p[n] == '}' ? n + 1 : 0;
}

/* "{2,3}", "*", "+", "?" behind something. False: it is none. *least: false if it may be none at all. */
static bool skip_quantifier(struct reader *r, bool *least) {
    char c = r->rest.n ? r->rest.p[0] : '\0';
    *least = true;
    if (c != '*' && c != '+' && c != '?' && c != '{') return false;
    size_t n = quantifier_bytes(r->rest);
    if (n == 0) r->understood = false;
    *least = c == '+';
    r->rest = span_from(r->rest, n);
    while (r->rest.n && (r->rest.p[0] == '?' || r->rest.p[0] == '+')) r->rest = span_from(r->rest, 1);
    return true;
}

/* Beyond ASCII, "k" and "s" have a third form (the sign of Kelvin, the long s). */
static bool is_kept(const struct reader *r, char c) {
    if (c == '\0' || (unsigned char)c >= 0x80) return false;
    return !r->any_case || (ascii_lower(c) != 'k' && ascii_lower(c) != 's');
}

static void read_byte(struct reader *r, char c) {
    bool least;
    bool repeats = skip_quantifier(r, &least);
    if (!is_kept(r, c) || !least) end_run(r);
    else buf_add_char(r->out, c);
    if (repeats) end_run(r);
}

static void read_other(struct reader *r) {
    bool least;
    end_run(r);
    skip_quantifier(r, &least);
}

static void read_one(struct reader *r) {
    char c = r->rest.p[0];
    r->rest = span_from(r->rest, 1);
    enum escape escape = c == '\\' ? escape_of(r->rest.n ? r->rest.p[0] : 'Q') : ESCAPE_KIND;
    switch (c) {
    case '\\':
        r->understood = escape != ESCAPE_OTHER;
        if (!r->understood) return;
        c = r->rest.p[0];
        r->rest = span_from(r->rest, 1);
        if (escape == ESCAPE_BYTE) read_byte(r, c);
        else read_other(r);
        return;
    case '[':
        r->understood = skip_class(&r->rest);
        read_other(r);
        return;
    case '(':
        r->understood = skip_group(&r->rest);
        read_other(r);
        return;
    case '^': case '$': case '.': read_other(r); return;
    case '|': case ')': case '*': case '+': case '?': case '{': r->understood = false; return;
    default: read_byte(r, c);
    }
}

void regex_literal(struct span pattern, struct buf *out) {
    struct reader r = {.rest = pattern, .out = out, .understood = true};
    size_t before = out->n;
    if (span_starts(pattern, SPAN("(?i)"))) {
        r.any_case = true;
        r.rest = span_from(pattern, 4);
    }
    while (r.rest.n && r.understood) read_one(&r);
    if (!r.understood) out->n = before;
}
