/* parse.c - one request head, or the trailers of a body: bytes become a message (RFC 9112 2-5) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h1/framing.h"
#include "h1/h1.h"
#include "http/why.h"

enum { EMPTY_LINES_MAX = 4, METHOD_BYTES_MAX = 32 };

/*
 * lines - a cursor over the lines of a head. A line ends with CRLF; LF alone is a line end only without
 * header-strict. NUL and a CR alone are never accepted, other control characters only without header-strict
 * (RFC 9110 5.5).
 */
struct lines {
    struct span in;
    size_t at;
    bool strict;
};

/* How lines_next() ends, beside 400: */
enum { LINE_NONE = 0, LINE = 1 };

/* The end of a line without header-strict, from a control character in it on. */
static size_t tolerant_end(struct span in, size_t end, char mark, size_t *marked) {
    size_t first = *marked, later;
    while (end < in.n && in.p[end] != '\r' && in.p[end] != '\n' && in.p[end] != '\0') {
        end = scan_line(in, end + 1, mark, &later);
        if (first == in.n) first = later;
    }
    *marked = first;
    return end;
}

/* *marked: where the first `mark` stands in the line, or its length. */
static inline int lines_next(struct lines *l, char mark, struct span *line, size_t *marked) {
    size_t start = l->at, at, end = scan_line(l->in, start, mark, &at);
    if (!l->strict) end = tolerant_end(l->in, end, mark, &at);
    if (end == l->in.n) return LINE_NONE;
    *line = span_between(l->in.p + start, l->in.p + end);
    *marked = at == l->in.n ? line->n : at - start;
    if (l->in.p[end] == '\r') {
        if (++end == l->in.n) return LINE_NONE;
        if (l->in.p[end] != '\n') return http_refuse(400, "a CR without its LF");
    } else if (l->in.p[end] != '\n' || l->strict) {
        return http_refuse(400, "a control character, or a line that ends with LF alone");
    }
    l->at = end + 1;
    return LINE;
}

/* Position behind the empty line that ends a head, looking at what comes from `from` on; 0 if it has not come yet. */
static size_t head_end(struct span in, size_t from) {
    for (size_t i = scan_newline(in, from); i < in.n; i = scan_newline(in, i + 1)) {
        if (i >= 1 && in.p[i - 1] == '\n') return i + 1;
        if (i >= 2 && in.p[i - 1] == '\r' && in.p[i - 2] == '\n') return i + 1;
    }
    return 0;
}

/* Larger than the limit: is it the request line (414) or the fields (431)? The line ends where its first LF is. */
static int too_large(struct span in, size_t start, uint32_t limit) {
    return scan_newline(span_upto(in, start + limit), start) == start + limit ? 414 : 431;
}

/* Position behind leading empty lines (RFC 9112 2.2); in.n if there is nothing else yet. */
static size_t skip_empty_lines(struct span in, bool strict) {
    size_t at = 0;
    for (int lines = 0; at < in.n && lines < EMPTY_LINES_MAX; lines++) {
        if (in.p[at] == '\r' && at + 1 == in.n) return in.n;
        if (in.p[at] == '\r' && in.p[at + 1] == '\n') at += 2;
        else if (in.p[at] == '\n' && !strict) at++;
        else break;
    }
    return at;
}

/* "HTTP/" DIGIT "." DIGIT, exactly (RFC 9112 2.3). Minor versions above 1 are answered as 1.1. */
static int parse_version(struct message *m, struct span version) {
    if (version.n != 8 || memcmp(version.p, "HTTP/", 5) != 0 || version.p[6] != '.')
        return http_refuse(400, "the request line does not end with HTTP/1.1");
    if (!ascii_is_digit(version.p[5]) || !ascii_is_digit(version.p[7]))
        return http_refuse(400, "the version has no numbers");
    if (version.p[5] != '1') return http_refuse(505, "the version is not 1.x");
    m->version = version.p[7] == '0' ? 10 : 11;
    return 0;
}

static int parse_method(struct message *m, struct span text) {
    m->method_text = text;
    m->method = method_find(text);
    if (m->method != METHOD_OTHER) return 0;
    if (!is_token(text)) return http_refuse(400, "the method is no token");
    return text.n > METHOD_BYTES_MAX ? http_refuse(501, "the method is longer than any") : 0;
}

/* method SP request-target SP HTTP-version: single spaces (RFC 9112 3). */
static int parse_request_line(struct message *m, struct span line, size_t space) {
    if (space == line.n) return http_refuse(400, "the request line has no blank");
    int status = parse_method(m, span_upto(line, space));
    line = span_from(line, space + 1);
    space = scan_class(line, 0, CHAR_TARGET);
    m->target_sent = span_upto(line, space < line.n && line.p[space] != ' ' ? span_find(line, ' ') : space);
    if (space == 0 || space == line.n || line.p[space] != ' ')
        return http_refuse(400, "no target, no version, or a byte that no target has"); /* HTTP/0.9, too */
    int version_status = parse_version(m, span_from(line, space + 1));
    return version_status ? version_status : status;
}

/* field-name ":" OWS field-value OWS; no space before the colon, no folding (RFC 9112 5). Returns 0 or 400. */
static inline int split_field(struct span line, size_t colon, struct field *field) {
    if (colon == line.n) return http_refuse(400, "a field without a colon");
    field->name = span_upto(line, colon);
    field->value = span_trim(span_from(line, colon + 1));
    field->id = header_find(field->name);
    if (field->id != HEADER_OTHER || is_token(field->name)) return 0;
    return http_refuse(400, "a field's name is no token (a blank before the colon?)");
}

/* Fields up to the empty line. Returns H1_DONE, H1_MORE or a status. */
static int parse_fields(struct message *m, struct lines *lines, struct h1_framing *framing,
                        const struct h1_limits *limits, struct arena *a) {
    struct span line;
    struct field field;
    size_t colon;
    uint32_t count = 0;
    for (;;) {
        int status = lines_next(lines, ':', &line, &colon);
        if (status != LINE) return status == LINE_NONE ? H1_MORE : status;
        if (line.n == 0) return H1_DONE;
        if ((status = split_field(line, colon, &field))) return status;
        if (count++ == limits->fields) return http_refuse(431, http_too_many_fields);
        bool is_kept = h1_framing_note(framing, &field, &status);
        if (status) return status;
        if (!is_kept) continue;
        fields_append(&m->fields, a, field.id, field.name, field.value);
        m->fields.list[m->fields.count - 1].is_received = true;
    }
}

static int parse_lines(struct message *m, struct lines *lines, const struct h1_limits *limits, struct arena *a) {
    struct h1_framing framing = {.length = -1};
    struct span line;
    size_t space;
    int status = lines_next(lines, ' ', &line, &space);
    if (status != LINE) return status == LINE_NONE ? H1_MORE : status;
    if ((status = parse_request_line(m, line, space))) return status;
    status = parse_fields(m, lines, &framing, limits, a);
    if (status != H1_DONE) return status;
    status = h1_framing_finish(m, &framing, limits->options, a);
    return status ? status : H1_DONE;
}

int h1_parse_head(struct message *m, struct span in, size_t *seen, size_t *used, const struct h1_limits *limits,
                  struct arena *a) {
    struct lines lines = {.strict = (limits->options & PARSE_HEADER_STRICT) != 0};
    size_t start = skip_empty_lines(in, lines.strict), end = 0; /* end 0: it has not come */
    bool cut = in.n - start > limits->head_bytes;
    int status = H1_MORE;

    *m = (struct message){.version = 11};
    *used = in.n;
    if (start == in.n) return H1_MORE;
    if (!(char_class[(unsigned char)in.p[start]] & CHAR_TOKEN))
        return http_refuse(400, "it does not begin like HTTP (TLS on a plain port?)");
    if (cut) in.n = start + limits->head_bytes;

    /* At first it is read as if it were complete, which it mostly is; after that, not before the end is there. */
    if (*seen == 0 || cut || head_end(in, *seen)) {
        lines.in = in;
        lines.at = start;
        status = parse_lines(m, &lines, limits, a);
        if (status == H1_DONE) end = lines.at;
        else if (status != H1_MORE) end = head_end(in, lines.at > start ? lines.at - 1 : start);
    }
    if (end == 0) {
        *seen = in.n;
        m->keep_alive = false;
        http_why = NULL;
        return cut ? too_large(in, start, limits->head_bytes) : H1_MORE;
    }
    *used = end;
    return status;
}

/* The whole is looked at when its end is there; trailers are short and rare. */
int h1_parse_trailers(struct fields *f, struct span in, size_t *used, const struct h1_limits *limits,
                      struct arena *a) {
    struct lines lines = {.in = in, .strict = (limits->options & PARSE_HEADER_STRICT) != 0};
    struct span line;
    struct field field;
    size_t colon;
    uint32_t count = 0;
    bool cut = in.n > limits->head_bytes;
    if (cut) lines.in.n = limits->head_bytes;
    bool is_empty = in.n > 0 && (in.p[0] == '\n' || (in.n > 1 && in.p[0] == '\r' && in.p[1] == '\n'));
    if (!is_empty && !head_end(lines.in, 0)) return cut ? http_refuse(431, "the trailers are too large") : H1_MORE;

    for (;;) {
        int status = lines_next(&lines, ':', &line, &colon);
        if (status != LINE) return status ? status : http_refuse(400, "the trailers end early");
        if (line.n == 0) break;
        if ((status = split_field(line, colon, &field))) return status;
        if (count++ == limits->fields) return http_refuse(431, http_too_many_fields);
        if (header_flags(field.id) & HEADER_NO_TRAILER) continue;
        fields_append(f, a, field.id, field.name, field.value);
    }
    *used = lines.at;
    return H1_DONE;
}
