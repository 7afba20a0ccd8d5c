/* logline.c - reads lines of access logs */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "commands/logline.h"

#include "net/addr.h"

/* What stands behind a backslash: \" \\ \xHH; in JSON \/ \n \t \uHHHH as well. */
static size_t add_escaped(struct buf *out, struct span rest) {
    char c = rest.n > 1 ? rest.p[1] : '\\';
    bool is_x = c == 'x' && rest.n > 3, is_u = c == 'u' && rest.n > 5;
    if (!is_x && !is_u) {
        buf_add_char(out, c == 'n' ? '\n' : c == 't' ? '\t' : c);
        return 2;
    }
    size_t at = is_x ? 2 : 4;
    int high = ascii_hex(rest.p[at]), low = ascii_hex(rest.p[at + 1]);
    buf_add_char(out, high < 0 || low < 0 ? '?' : (char)(high * 16 + low));
    return at + 2;
}

/* The text behind a quotation mark, up to the next; *rest goes on behind that. False: it does not end. */
static bool quoted(struct span *rest, struct span *text, struct arena *a) {
    size_t at = 0;
    bool escaped = false;
    while (at < rest->n && rest->p[at] != '"') {
        size_t step = rest->p[at] == '\\' ? 2 : 1;
        escaped |= step == 2;
        at += step;
    }
    if (at >= rest->n) return false;
    *text = span_upto(*rest, at);
    *rest = span_from(*rest, at + 1);
    if (!escaped) return true;
    struct buf out = {0};
    for (size_t i = 0; i < text->n;) {
        if (text->p[i] == '\\') i += add_escaped(&out, span_from(*text, i));
        else buf_add_char(&out, text->p[i++]);
    }
    *text = arena_copy(a, buf_span(&out));
    buf_done(&out);
    return true;
}

static bool next_quoted(struct span *rest, struct span *text, struct arena *a) {
    size_t at = span_find(*rest, '"');
    if (at == rest->n) return false;
    *rest = span_from(*rest, at + 1);
    if (!quoted(rest, text, a)) return false;
    if (span_is(*text, SPAN("-"))) *text = SPAN("");
    return true;
}

/* "GET /x HTTP/1.1" */
static bool take_request_line(struct logged_request *r, struct span line) {
    size_t first = span_find(line, ' '), last = span_find_last(line, ' ');
    if (first == 0 || first >= last || last == line.n) return false;
    r->method = span_upto(line, first);
    r->target = span_between(line.p + first + 1, line.p + last);
    return r->target.n > 0 && span_starts(span_from(line, last + 1), SPAN("HTTP/"));
}

static bool is_address(struct span word) {
    struct prefix prefix;
    return word.n && span_find(word, '/') == word.n && prefix_parse(word, &prefix);
}

/* ADDRESS HOST USER, or HOST:PORT ADDRESS - USER. A user may have blanks: what stands in front counts. */
static void take_words(struct logged_request *r, struct span text) {
    struct span words[3] = {SPAN(""), SPAN(""), SPAN("")}, word;
    size_t count = 0;
    while (count < 3 && span_next(&text, ' ', &word))
        if (word.n) words[count++] = word;
    bool host_first = !is_address(words[0]) && is_address(words[1]);
    r->client = host_first ? words[1] : is_address(words[0]) ? words[0] : SPAN("");
    r->host = host_first ? words[0] : words[1];
    if (span_is(r->host, SPAN("-"))) r->host = SPAN("");
    if (host_first && span_ends(r->host, SPAN(":80"))) r->host.n -= 3;
}

static bool parse_combined(struct span line, struct logged_request *r, struct arena *a) {
    size_t bracket = span_find(line, '['), quote = span_find(line, '"');
    struct span request, rest = line;
    take_words(r, span_upto(line, bracket < quote ? bracket : quote));
    if (!next_quoted(&rest, &request, a) || !take_request_line(r, request)) return false;
    if (next_quoted(&rest, &r->referer, a)) next_quoted(&rest, &r->agent, a);
    return true;
}

static bool parse_json(struct span line, struct logged_request *r, struct arena *a) {
    const struct {
        struct span name, *value;
    } names[] = {{SPAN("client"), &r->client}, {SPAN("vhost"), &r->host},   {SPAN("method"), &r->method},
                 {SPAN("target"), &r->target}, {SPAN("referer"), &r->referer}, {SPAN("user_agent"), &r->agent}};
    struct span rest = line, name, value;
    for (;;) {
        size_t at = span_find(rest, '"');
        if (at == rest.n) break;
        rest = span_from(rest, at + 1);
        if (!quoted(&rest, &name, a)) return false;
        if (!span_starts(rest, SPAN(":"))) return false;
        rest = span_from(rest, 1);
        if (!span_starts(rest, SPAN("\""))) { /* a number */
            rest = span_from(rest, span_find(rest, ','));
            continue;
        }
        rest = span_from(rest, 1);
        if (!quoted(&rest, &value, a)) return false;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (span_is(name, names[i].name)) *names[i].value = value;
    }
    return r->method.n && r->target.n;
}

bool logline_parse(struct span line, struct logged_request *r, struct arena *a) {
    static const struct span none = SPAN_INIT("");
    *r = (struct logged_request){none, none, none, none, none, none};
    return span_starts(line, SPAN("{")) ? parse_json(line, r, a) : parse_combined(line, r, a);
}
