/* cgihead.c - the head of a CGI response (RFC 3875 6.3) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/number.h"
#include "http/length.h"
#include "modules/gateway/exchange.h"

enum {
    HEAD_MAX = 64 * 1024,
    FIRST_ROOM = 1024,
    FIELDS_MAX = 400,
    INTERIMS_MAX = 16,
    SHOWN_MAX = 60 /* of a line that is complained of */
};

/* ---- lines -------------------------------------------------------------------------------------- */

static enum take broken(struct message_pair *p, const char *what, struct span line) {
    if (line.n > SHOWN_MAX) line.n = SHOWN_MAX;
    p->why = arena_printf(&p->r->arena, "%s: \"%.*s\"", what, SPAN_ARG(line));
    return TAKE_BROKEN;
}

static enum take broken_as(struct message_pair *p, struct span why) {
    p->why = why;
    return TAKE_BROKEN;
}

/* RFC 9110 5.5: no control characters but HTAB. */
static bool is_field_value(struct span s) {
    if (!span_has_control(s)) return true;
    for (size_t i = 0; i < s.n; i++)
        if (!(char_class[(unsigned char)s.p[i]] & CHAR_FIELD)) return false;
    return true;
}

/* "200 OK", "404" */
static int parse_status(struct span s) {
    uint64_t status;
    if (s.n < 3 || (s.n > 3 && s.p[3] != ' ')) return 0;
    return number_parse(span_upto(s, 3), 999, &status) && status >= 100 ? (int)status : 0;
}

/* parsing - what is only known while a head is read */
struct parsing {
    struct message_pair *p;
    struct fields fields;
    unsigned flags; /* of their names, together */
    bool has_status;
};

static enum take set_status(struct parsing *g, struct span text, struct span line) {
    int status = parse_status(text);
    if (!status) return broken(g->p, "no status", line);
    if (g->has_status && g->p->status != status) return broken(g->p, "a second status", line);
    g->p->status = status;
    g->has_status = true;
    return TAKE_MORE;
}

static enum take take_field(struct parsing *g, struct span line) {
    struct message_pair *p = g->p;
    size_t colon = span_find(line, ':');
    struct span name = span_upto(line, colon);
    if (colon == line.n) return broken(p, "a line is no header field", line);
    enum header id = header_find(name);
    if (id == HEADER_OTHER && !is_token(name)) return broken(p, "no name of a field", line);
    struct span value = span_trim(span_from(line, colon + 1));
    if (!is_field_value(value)) return broken(p, "control characters in a field", name);
    if (id == HEADER_STATUS) return set_status(g, value, line);
    if (id == HEADER_CONTENT_LENGTH)
        return length_note(value, &p->length, NULL) ? broken(p, "no Content-Length", line) : TAKE_MORE;
    if (g->fields.count == FIELDS_MAX) return broken_as(p, SPAN("its head has more than 400 fields"));
    g->flags |= header_flags(id);
    fields_append(&g->fields, &p->r->arena, id, name, value);
    return TAKE_MORE;
}

/* "HTTP/1.1 200 OK", as nph programs and uwsgi begin */
static bool is_status_line(struct span line) {
    return span_starts(line, SPAN("HTTP/")) && span_find(line, ' ') < span_find(line, ':');
}

static enum take take_line(struct parsing *g, struct span line, bool is_first) {
    if (is_first && is_status_line(line)) return set_status(g, span_from(line, span_find(line, ' ') + 1), line);
    if (line.p[0] == ' ' || line.p[0] == '\t') return broken(g->p, "a folded header field", line);
    return take_field(g, line);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static void keep_fields(struct parsing *g) {
    struct message_pair *p = g->p;
    if (!(g->flags & HEADER_HOP_BY_HOP)) {
        p->fields = g->fields;
        return;
    }
    struct span connection = fields_get(&g->fields, &p->r->arena, HEADER_CONNECTION);
    for (uint32_t i = 0; i < g->fields.count; i++) {
        const struct field *f = &g->fields.list[i];
        bool stays = f->id == HEADER_UPGRADE && p->status == 101;
        if (stays || !is_hop_by_hop(f, connection)) fields_append(&p->fields, &p->r->arena, f->id, f->name, f->value);
    }
}

/* RFC 3875 6.3.3: a status is 200 unless there is a Location. */
static void default_status(struct parsing *g) {
    struct message_pair *p = g->p;
    const struct field *to = fields_first(&g->fields, HEADER_LOCATION);
    if (g->has_status) return;
    p->status = to ? 302 : 200;
    p->is_local_redirect = to && span_starts(to->value, SPAN("/")) && !span_starts(to->value, SPAN("//"));
}

static enum take finish(struct cgi_head *h, struct parsing *g) {
    struct message_pair *p = g->p;
    default_status(g);
    keep_fields(g);
    if (p->status == 101) {
        if (!p->is_upgrade) return broken_as(p, SPAN("it changes to a protocol that nobody has asked for (101)"));
        p->is_tunnel = true;
        return TAKE_HEAD;
    }
    if (p->status >= 200) return TAKE_HEAD;
    if (++h->interims > INTERIMS_MAX) return broken_as(p, SPAN("it sends one interim response after the other"));
    p->is_interim = true;
    p->length = -1;
    return TAKE_INTERIM;
}

/* head: to its last line's end, without the empty line; lives as long as the request */
static enum take parse(struct cgi_head *h, struct message_pair *p, struct span head) {
    struct parsing g = {.p = p};
    struct span line;
    bool is_first = true;
    p->length = -1;
    p->status = 0;
    p->is_interim = false;
    p->fields = (struct fields){0};
    while (span_next(&head, '\n', &line)) {
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        if (line.n == 0) break;
        if (take_line(&g, line, is_first) == TAKE_BROKEN) return TAKE_BROKEN;
        is_first = false;
    }
    return finish(h, &g);
}

/* Is the newline at s.p[at] that of an empty line? */
static bool ends_head(struct span s, size_t at) {
    if (at == 0 || s.p[at - 1] == '\n') return true;
    return s.p[at - 1] == '\r' && (at == 1 || s.p[at - 2] == '\n');
}

/* How long the head is, its empty line included; 0: its end has not come. */
static size_t head_bytes(struct span s, size_t *seen) {
    while (*seen < s.n) {
        const char *newline = memchr(s.p + *seen, '\n', s.n - *seen);
        *seen = newline ? (size_t)(newline - s.p) + 1 : s.n;
        if (newline && ends_head(s, *seen - 1)) return *seen;
    }
    return 0;
}

static void append(struct cgi_head *h, struct arena *a, struct span s) {
    if (h->cap - h->n < s.n) {
        size_t cap = h->cap ? h->cap : FIRST_ROOM;
        while (cap - h->n < s.n) cap *= 2;
        char *room = arena_bytes(a, cap);
        if (h->n) memcpy(room, h->p, h->n);
        h->p = room;
        h->cap = cap;
    }
    memcpy(h->p + h->n, s.p, s.n);
    h->n += s.n;
}

/* A head that comes in one piece, the usual case, is copied once; of one in pieces all is gathered that may be part
 * of it. */
enum take cgi_head_take(struct cgi_head *h, struct message_pair *p, struct span *in) {
    size_t before = h->n, more = in->n < HEAD_MAX - before ? in->n : HEAD_MAX - before, n;
    struct span all = span_upto(*in, more);
    if (more == 0) return TAKE_MORE;
    if (before) {
        append(h, &p->r->arena, all);
        all = (struct span){h->p, h->n};
    }
    n = head_bytes(all, &h->seen);
    *in = span_from(*in, n ? n - before : more);
    if (!n) {
        if (!before) append(h, &p->r->arena, all);
        return h->n < HEAD_MAX ? TAKE_MORE : broken_as(p, SPAN("its head is larger than 64 KiB"));
    }
    struct span head = before ? span_upto(all, n) : arena_copy(&p->r->arena, span_upto(all, n));
    *h = (struct cgi_head){.interims = h->interims};
    return parse(h, p, head);
}

enum take cgi_head_eof(const struct cgi_head *h, struct message_pair *p) {
    return broken_as(p,
                     h->n ? SPAN("it ended within the head of its response") : SPAN("it ended without a response"));
}

bool cgi_has_body(const struct message_pair *p) {
    return p->r->in.method != METHOD_HEAD && p->status != 204 && p->status != 304;
}

void cgi_body(struct message_pair *p, struct span bytes) {
    if (cgi_has_body(p) && bytes.n) pair_body(p, bytes);
}
