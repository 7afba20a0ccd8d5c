/* pieces.c - the conversions of the access log's format language: %h, %r, %{Referer}i … */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/accesslog/pieces.h"

#include <unistd.h>

#include "http/reply.h"
#include "http/uri.h"

static void add_or_dash(const struct access_facts *f, struct buf *line, struct span s) {
    if (s.n) f->escape(line, s);
    else buf_add_char(line, '-');
}

void piece_literal(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)f;
    buf_add(line, p->argument);
}

/* ---- addresses ----------------------------------------------------------------------------------- */

/* Most clients have IPv4 addresses; printf() would be the dearest part of a line. */
static void add_ipv4(struct buf *line, const uint8_t bytes[4]) {
    char *at = buf_room(line, 16), *start = at;
    for (unsigned i = 0; i < 4; i++) {
        unsigned b = bytes[i];
        if (b >= 100) *at++ = (char)('0' + b / 100);
        if (b >= 10) *at++ = (char)('0' + b / 10 % 10);
        *at++ = (char)('0' + b % 10);
        *at++ = '.';
    }
    line->n += (size_t)(at - start - 1);
}

static void add_addr(struct buf *line, const struct addr *a) {
    char text[ADDR_TEXT_BYTES];
    if (a->is.any.sa_family == AF_INET) {
        add_ipv4(line, (const uint8_t *)&a->is.v4.sin_addr);
    } else {
        buf_add(line, (struct span){text, addr_format(a, text)});
    }
}

/* For logs that shall not tell who it was: a /24 of IPv4, a /48 of IPv6. */
static struct addr masked(const struct addr *a) {
    struct addr m = *a;
    uint8_t *v4 = (uint8_t *)&m.is.v4.sin_addr, *v6 = (uint8_t *)&m.is.v6.sin6_addr;
    if (m.is.any.sa_family == AF_INET) v4[3] = 0;
    if (m.is.any.sa_family != AF_INET6) return m;
    if (IN6_IS_ADDR_V4MAPPED(&m.is.v6.sin6_addr)) v6[15] = 0;
    else memset(v6 + 6, 0, 10);
    return m;
}

static void write_client(struct piece *p, const struct access_facts *f, struct buf *line) {
    const struct addr *client = &f->request->client;
    if (!p->masked) {
        add_addr(line, client);
        return;
    }
    struct addr m = masked(client);
    add_addr(line, &m);
}

static void write_local(struct piece *p, const struct access_facts *f, struct buf *line) {
    struct addr local;
    (void)p;
    f->local_addr(f->request, &local);
    add_addr(line, &local);
}

static void write_port(struct piece *p, const struct access_facts *f, struct buf *line) {
    struct addr local;
    if (!p->remote) f->local_addr(f->request, &local);
    buf_add_number(line, addr_port(p->remote ? f->peer : &local));
}

/* ---- the request --------------------------------------------------------------------------------- */

static struct span version_text(const struct request *r) {
    return r->in.version == 10 ? SPAN("HTTP/1.0") : r->in.version == 20 ? SPAN("HTTP/2.0") : SPAN("HTTP/1.1");
}

static void write_request_line(struct piece *p, const struct access_facts *f, struct buf *line) {
    const struct message *in = &f->request->in;
    (void)p;
    if (in->target_sent.n == 0) { /* a head that could not be read */
        buf_add_char(line, '-');
        return;
    }
    f->escape(line, in->method_text);
    buf_add_char(line, ' ');
    f->escape(line, in->target_sent);
    buf_add_char(line, ' ');
    buf_add(line, version_text(f->request));
}

static void write_method(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    add_or_dash(f, line, f->request->in.method_text);
}

static void write_protocol(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    buf_add(line, version_text(f->request));
}

/* Path and query as the client asked, whatever a rewrite or an index file made of them: a ready reply tells no
 * more. */
static struct span asked_for(const struct request *r) {
    struct span target = r->in.target_sent;
    size_t scheme = span_search(target, SPAN("://"));
    if (target.n == 0 || target.p[0] == '/' || scheme == target.n) return target;
    target = span_from(target, scheme + 3);
    size_t slash = span_find(target, '/');
    return slash < target.n ? span_from(target, slash) : SPAN("/");
}

/* Escapes stay: a decoded blank would be the end of a column. */
static void write_path(struct piece *p, const struct access_facts *f, struct buf *line) {
    struct span path = asked_for(f->request);
    (void)p;
    path.n = span_find(path, '?');
    add_or_dash(f, line, path);
}

static void write_query(struct piece *p, const struct access_facts *f, struct buf *line) {
    struct span target = asked_for(f->request);
    size_t mark = span_find(target, '?');
    (void)p;
    if (mark < target.n) f->escape(line, span_from(target, mark + 1));
}

static void write_field(struct piece *p, const struct access_facts *f, struct buf *line) {
    struct request *r = f->request;
    bool common = p->header != HEADER_OTHER;
    add_or_dash(f, line, common ? fields_get(&r->in.fields, &r->arena, p->header)
                                : fields_get_named(&r->in.fields, &r->arena, p->argument));
}

/* "a=1; b=2" (RFC 6265 4.2.1) */
static struct span cookie_find(struct span list, struct span name) {
    struct span pair;
    while (span_next(&list, ';', &pair)) {
        pair = span_trim(pair);
        if (pair.n > name.n && span_starts(pair, name) && pair.p[name.n] == '=') return span_from(pair, name.n + 1);
    }
    return (struct span){NULL, 0};
}

static void write_cookie(struct piece *p, const struct access_facts *f, struct buf *line) {
    const struct fields *fields = &f->request->in.fields;
    struct span value = {NULL, 0};
    for (uint32_t i = 0; i < fields->count && !value.p; i++)
        if (fields->list[i].id == HEADER_COOKIE) value = cookie_find(fields->list[i].value, p->argument);
    add_or_dash(f, line, value);
}

/* Apache's letter for what the error log calls the request by. */
static void write_log(struct piece *p, const struct access_facts *f, struct buf *line) {
    add_or_dash(f, line, p->reason ? f->why(f->request) : f->id(f->request));
}

static void write_env(struct piece *p, const struct access_facts *f, struct buf *line) {
    struct request *r = f->request;
    add_or_dash(f, line, fields_get_named(&r->env, &r->arena, p->argument));
}

static void write_user(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    add_or_dash(f, line, f->request->user);
}

static void write_server_name(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    add_or_dash(f, line, f->server_name);
}

static void write_authority(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    add_or_dash(f, line, f->request->in.authority);
}

static void write_file(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    add_or_dash(f, line, f->request->physical.path);
}

static void write_received(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    buf_add_number(line, f->request->received_bytes);
}

/* ---- the response -------------------------------------------------------------------------------- */

/* Of a ready reply there are only the lines of its head. */
static void add_from_head(const struct access_facts *f, struct buf *line, struct span head, struct span name) {
    struct span field;
    bool found = false;
    span_next(&head, '\n', &field); /* the status line */
    while (span_next(&head, '\n', &field)) {
        size_t colon = span_find(field, ':');
        if (colon != name.n || !span_starts_ci(field, name)) continue;
        if (found) buf_add(line, SPAN(", "));
        if (field.p[field.n - 1] == '\r') field.n--;
        f->escape(line, span_trim(span_from(field, colon + 1)));
        found = true;
    }
    if (!found) buf_add_char(line, '-');
}

static void write_sent_field(struct piece *p, const struct access_facts *f, struct buf *line) {
    struct request *r = f->request;
    bool is_whole = r->is_emitted && !r->reply && !r->source;
    if (r->reply) add_from_head(f, line, blob_span(r->reply->head), p->argument);
    else if (is_whole && p->header == HEADER_CONTENT_LENGTH) buf_add_number(line, r->whole_bytes);
    else if (p->header != HEADER_OTHER) add_or_dash(f, line, fields_get(&r->out, &r->arena, p->header));
    else add_or_dash(f, line, fields_get_named(&r->out, &r->arena, p->argument));
}

static void write_status(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    if (f->status > 0) buf_add_number(line, (uint64_t)f->status);
    else buf_add_char(line, '-');
}

static void write_body_bytes(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    buf_add_number(line, f->sent_body_bytes);
}

static void write_sent(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    buf_add_number(line, f->sent_bytes);
}

static void write_keep_alive_count(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    buf_add_number(line, f->keep_alive_count);
}

static void write_connection(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    buf_add_char(line, !f->is_complete ? 'X' : f->request->keep_alive ? '+' : '-');
}

static void write_dash(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    (void)f;
    buf_add_char(line, '-');
}

static void write_process(struct piece *p, const struct access_facts *f, struct buf *line) {
    (void)p;
    (void)f;
    buf_add_number(line, (uint64_t)getpid());
}

const struct conversion conversions[] = {
    {'a', TAKES_WORD, write_client},
    {'A', TAKES_NOTHING, write_local},
    {'b', TAKES_NOTHING, write_body_bytes},
    {'B', TAKES_NOTHING, write_body_bytes},
    {'C', TAKES_NAME, write_cookie},
    {'D', TAKES_NOTHING, piece_duration},
    {'e', TAKES_NAME, write_env},
    {'f', TAKES_NOTHING, write_file},
    {'h', TAKES_WORD, write_client},
    {'H', TAKES_NOTHING, write_protocol},
    {'i', TAKES_NAME, write_field},
    {'I', TAKES_NOTHING, write_received},
    {'k', TAKES_NOTHING, write_keep_alive_count},
    {'l', TAKES_NOTHING, write_dash},
    {'L', TAKES_WORD, write_log},
    {'m', TAKES_NOTHING, write_method},
    {'n', TAKES_NAME, write_env},
    {'o', TAKES_NAME, write_sent_field},
    {'O', TAKES_NOTHING, write_sent},
    {'p', TAKES_WORD, write_port},
    {'P', TAKES_NOTHING, write_process},
    {'q', TAKES_NOTHING, write_query},
    {'r', TAKES_NOTHING, write_request_line},
    {'s', TAKES_NOTHING, write_status},
    {'t', TAKES_TIME, piece_time},
    {'T', TAKES_WORD, piece_duration},
    {'u', TAKES_NOTHING, write_user},
    {'U', TAKES_NOTHING, write_path},
    {'v', TAKES_NOTHING, write_server_name},
    {'V', TAKES_NOTHING, write_authority},
    {'X', TAKES_NOTHING, write_connection},
};
const size_t conversion_count = sizeof conversions / sizeof *conversions;
