/* template.c - the replacement language of url.redirect, url.rewrite and setenv.template-* */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/template.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "http/uri.h"

enum source { LITERAL, OF_RULE, OF_CONDITION, OF_URL, QUERY_APPENDED, OF_MODULE, NOTHING };

enum transform {
    ESCAPE_ALL = 1,
    ESCAPE_ONCE = 2, /* existing escapes stay */
    ESCAPE_PATH = 4, /* they and "/" stay */
    ESCAPE_NOT = 8,
    CASE_LOWER = 16,
    CASE_UPPER = 32,
    BASE64_ENCODE = 64,
    BASE64_DECODE = 128,
    ESCAPE_BRACES = 256, /* a capture in braces without another word: as ESCAPE_PATH */
    ESCAPE_DECODED = 512 /* not written by anybody: what was decoded is encoded again */
};
enum { ESCAPES = ESCAPE_ALL | ESCAPE_ONCE | ESCAPE_PATH | ESCAPE_NOT };

struct part {
    enum source source;
    unsigned transforms;
    size_t which; /* capture: its number; URL: offset in url_parts */
    struct span literal; /* OF_MODULE: the name */
};

struct template {
    const struct template_more *more;
    struct part *parts;
    size_t count, cap;
};

static const struct {
    struct span name;
    enum source source;
    size_t which;
} names[] = {
    {SPAN_INIT("url.scheme"), OF_URL, offsetof(struct url_parts, scheme)},
    {SPAN_INIT("url.authority"), OF_URL, offsetof(struct url_parts, authority)},
    {SPAN_INIT("url.authority.noport"), OF_URL, offsetof(struct url_parts, authority_noport)},
    {SPAN_INIT("url.port"), OF_URL, offsetof(struct url_parts, port)},
    {SPAN_INIT("url.path"), OF_URL, offsetof(struct url_parts, path)},
    {SPAN_INIT("url.query"), OF_URL, offsetof(struct url_parts, query)},
    {SPAN_INIT("qsa"), QUERY_APPENDED, 0},
};
enum { NAMES = sizeof names / sizeof *names };

static const struct {
    struct span prefix;
    unsigned transform;
} prefixes[] = {
    {SPAN_INIT("esc:"), ESCAPE_ALL},        {SPAN_INIT("escape:"), ESCAPE_ALL},
    {SPAN_INIT("escnde:"), ESCAPE_ONCE},    {SPAN_INIT("escpsnde:"), ESCAPE_PATH},
    {SPAN_INIT("noesc:"), ESCAPE_NOT},      {SPAN_INIT("noescape:"), ESCAPE_NOT},
    {SPAN_INIT("tolower:"), CASE_LOWER},    {SPAN_INIT("toupper:"), CASE_UPPER},
    {SPAN_INIT("encb64u:"), BASE64_ENCODE}, {SPAN_INIT("decb64u:"), BASE64_DECODE},
};

/* ---- reading ---------------------------------------------------------------------------------- */

static void add(struct template *t, struct part part) {
    if (part.source == LITERAL && part.literal.n == 0) return;
    t->parts = memory_grow(t->parts, &t->cap, t->count + 1, sizeof *t->parts);
    t->parts[t->count++] = part;
}

static bool take_prefix(struct span *text, unsigned *transforms) {
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (!span_starts(*text, prefixes[i].prefix)) continue;
        *transforms |= prefixes[i].transform;
        *text = span_from(*text, prefixes[i].prefix.n);
        return true;
    }
    return false;
}

static const char *name_at(void *arg, size_t i) {
    (void)arg;
    return i < NAMES ? names[i].name.p : NULL;
}

/* What stands between the braces. */
static struct part read_braces(const struct template *t, struct span inside, enum source captures,
                               const struct value *v, struct complaints *c) {
    struct part part = {.source = NOTHING};
    uint64_t number;
    while (take_prefix(&inside, &part.transforms)) {}
    bool has_sign = inside.n > 1 && (inside.p[0] == '$' || inside.p[0] == '%') && ascii_is_digit(inside.p[1]);
    if (has_sign) inside = span_from(inside, 1); /* "${esc:$1}": whose capture it is, the outer one says */
    if (number_parse(inside, REGEX_CAPTURES - 1, &number)) {
        part.source = captures;
        part.which = (size_t)number;
        if (part.transforms == 0) part.transforms = ESCAPE_BRACES;
        return part;
    }
    for (size_t i = 0; i < NAMES && part.source == NOTHING; i++) {
        if (!span_is(inside, names[i].name)) continue;
        part.source = names[i].source;
        part.which = names[i].which;
    }
    if (part.source == NOTHING && t->more && t->more->knows(inside)) {
        part.source = OF_MODULE;
        part.literal = inside;
    }
    if (part.source != NOTHING) return part;
    const char *near = did_you_mean(inside, name_at, NULL);
    char hint[HINT_BYTES];
    complain(c, COMPLAINT_WARNING, v->place, v->string.n + 2, hint_near(hint, near, NULL),
             "{%.*s} is nothing that a replacement knows: it is left out", SPAN_ARG(inside));
    return part;
}

/* What a "$" or "%" begins; returns how many bytes of text (which begins with it) that takes. 0: it is itself. */
static size_t read_variable(struct template *t, struct span text, const struct value *v, struct complaints *c) {
    enum source captures = text.p[0] == '$' ? OF_RULE : OF_CONDITION;
    if (text.n < 2) return 0;
    if (text.p[1] == text.p[0]) {
        add(t, (struct part){.literal = span_upto(text, 1)});
        return 2;
    }
    if (ascii_is_digit(text.p[1])) {
        add(t, (struct part){.source = captures, .which = (size_t)(text.p[1] - '0')});
        return 2;
    }
    if (text.p[1] != '{') return 0;
    size_t end = span_find(text, '}');
    if (end == text.n) {
        complain(c, COMPLAINT_WARNING, v->place, v->string.n + 2, NULL,
                 "no \"}\" ends \"%.*s\": it is taken as it stands", SPAN_ARG(text));
        return 0;
    }
    add(t, read_braces(t, span_between(text.p + 2, text.p + end), captures, v, c));
    return end + 1;
}

struct template *template_make(const struct value *v, struct complaints *c) {
    return template_make_knowing(v, NULL, c);
}

struct template *template_make_knowing(const struct value *v, const struct template_more *more,
                                       struct complaints *c) {
    struct template *t = memory_zeroed(1, sizeof *t);
    t->more = more;
    struct span text = v->string;
    size_t literal = 0;
    for (size_t at = 0; at < text.n;) {
        if (text.p[at] != '$' && text.p[at] != '%') {
            at++;
            continue;
        }
        add(t, (struct part){.literal = span_between(text.p + literal, text.p + at)});
        size_t taken = read_variable(t, span_from(text, at), v, c);
        literal = at + taken;
        at += taken ? taken : 1;
    }
    if (text.n) add(t, (struct part){.literal = span_from(text, literal)});
    return t;
}

void template_drop(struct template *t) {
    if (!t) return;
    free(t->parts);
    free(t);
}

bool template_is_empty(const struct template *t) {
    return t->count == 0;
}

static bool uses(const struct template *t, enum source source) {
    for (size_t i = 0; i < t->count; i++)
        if (t->parts[i].source == source) return true;
    return false;
}

bool template_uses_condition(const struct template *t) {
    return uses(t, OF_CONDITION);
}

bool template_uses_more(const struct template *t) {
    return uses(t, OF_MODULE);
}

/* ---- writing ---------------------------------------------------------------------------------- */

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* RFC 4648 5, without padding. */
static void add_base64(struct buf *out, struct span s) {
    for (size_t i = 0; i < s.n; i += 3) {
        size_t n = s.n - i < 3 ? s.n - i : 3;
        unsigned bits = 0;
        for (size_t k = 0; k < 3; k++) bits = bits << 8 | (k < n ? (unsigned char)s.p[i + k] : 0);
        for (size_t k = 0; k <= n; k++) buf_add_char(out, base64url[bits >> (18 - 6 * k) & 63]);
    }
}

static void add_decoded(struct buf *out, struct span s) {
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < s.n && s.p[i] != '='; i++) {
        const char *digit = s.p[i] ? strchr(base64url, s.p[i]) : NULL;
        if (!digit) return; /* what comes behind is no base64url */
        bits = bits << 6 | (unsigned)(digit - base64url);
        have += 6;
        if (have < 8) continue;
        have -= 8;
        buf_add_char(out, (char)(bits >> have & 255));
    }
}

static void change_case(struct buf *b, bool upper) {
    for (size_t i = 0; i < b->n; i++) {
        char c = b->p[i];
        if (!upper) b->p[i] = ascii_lower(c);
        else if (c >= 'a' && c <= 'z') b->p[i] = (char)(c & ~0x20);
    }
}

static void add_escaped(struct buf *out, struct span s, unsigned transforms) {
    if (transforms & ESCAPE_ALL) percent_encode(out, s, PERCENT_COMPONENT);
    else if (transforms & ESCAPE_ONCE) percent_encode(out, s, PERCENT_NO_DOUBLE);
    else if (transforms & ESCAPE_PATH) percent_encode(out, s, PERCENT_COMPONENT_SLASH);
    else if (transforms & ESCAPE_DECODED) percent_encode(out, s, PERCENT_PATH);
    else if (transforms & ESCAPE_BRACES) percent_encode(out, s, PERCENT_COMPONENT_SLASH);
    else buf_add(out, s);
}

static void add_transformed(struct buf *out, struct span s, unsigned transforms) {
    struct buf work = {0};
    if (transforms & BASE64_DECODE) add_decoded(&work, s);
    else if (transforms & BASE64_ENCODE) add_base64(&work, s);
    else buf_add(&work, s);
    if (transforms & (CASE_LOWER | CASE_UPPER)) change_case(&work, transforms & CASE_UPPER);
    add_escaped(out, buf_span(&work), transforms);
    buf_done(&work);
}

static struct span captured(const struct captures *c, size_t which) {
    return c && which < c->count ? c->group[which] : (struct span){NULL, 0};
}

/* "/x${qsa}", "/x?a${qsa}", "/x?${qsa}" all become what one expects. `start` is where this expansion began. */
static void append_query(struct buf *out, size_t start, struct span query, unsigned transforms) {
    struct span so_far = span_from(buf_span(out), start);
    if (query.n == 0) return;
    if (span_find(so_far, '?') == so_far.n) buf_add_char(out, '?');
    else if (so_far.p[so_far.n - 1] != '?' && so_far.p[so_far.n - 1] != '&') buf_add_char(out, '&');
    add_transformed(out, query, transforms);
}

static void expand_part(const struct template *t, const struct part *p, const struct template_inputs *in,
                        struct buf *out, size_t start) {
    struct span s = p->literal;
    unsigned transforms = p->transforms;
    switch (p->source) {
    case NOTHING: return;
    case LITERAL: break;
    case OF_RULE: s = captured(in->rule, p->which); break;
    case OF_CONDITION:
        s = captured(in->condition, p->which);
        if (in->condition_is_decoded && !(transforms & ESCAPES)) transforms |= ESCAPE_DECODED;
        break;
    case OF_URL: s = *(const struct span *)(const void *)((const char *)&in->url + p->which); break;
    case OF_MODULE: s = t->more->value(in->more, p->literal); break;
    case QUERY_APPENDED: append_query(out, start, in->url.query, p->transforms); return;
    }
    if (s.n == 0) return;
    if (transforms) add_transformed(out, s, transforms);
    else buf_add(out, s);
}

void template_expand(const struct template *t, const struct template_inputs *in, struct buf *out) {
    size_t start = out->n;
    for (size_t i = 0; i < t->count; i++) expand_part(t, &t->parts[i], in, out, start);
}

void location_encode(struct buf *out, struct span url) {
    for (size_t i = 0; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];
        if (c > 0x20 && c < 0x7f) buf_add_char(out, url.p[i]);
        else buf_printf(out, "%%%02X", c);
    }
}
