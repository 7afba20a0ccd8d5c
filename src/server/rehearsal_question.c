/* rehearsal_question.c - the request of a rehearsal as text, and the connection that it would come by */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>

#include "base/number.h"
#include "server/rehearsal_parts.h"
#include "server/secure.h"

static const struct place nowhere;

/* ---- the question ----------------------------------------------------------------------------- */

void rehearsal_split(struct span line, struct rehearsal_question *q) {
    line = span_trim(line);
    size_t blank = span_find(line, ' ');
    q->method = blank < line.n ? span_upto(line, blank) : SPAN("");
    q->url = span_trim(blank < line.n ? span_from(line, blank) : line);
}

static struct span port_text(struct span authority) {
    size_t colon = span_find_last(authority, ':'), bracket = span_find_last(authority, ']');
    bool is_none = colon == authority.n || (bracket < authority.n && colon < bracket);
    return is_none ? SPAN("") : span_from(authority, colon + 1);
}

struct rehearsal_url rehearsal_url(struct span url) {
    struct rehearsal_url p = {.target = url};
    uint64_t port = 0;
    if (!uri_absolute(url, &p.scheme, &p.authority, &p.target)) return p;
    p.target = span_upto(p.target, span_find(p.target, '#')); /* no browser sends it */
    p.host = host_without_port(p.authority);
    p.port = span_is_ci(p.scheme, SPAN("https")) ? 443 : 80;
    if (number_parse(port_text(p.authority), 65535, &port)) p.port = (unsigned)port;
    return p;
}

bool rehearsal_is_clean(const struct rehearsal_question *q) {
    bool is_dirty = span_find(q->method, '\n') < q->method.n || span_find(q->url, '\n') < q->url.n ||
                    span_find(q->method, ' ') < q->method.n || span_find(q->url, ' ') < q->url.n || q->url.n == 0;
    for (size_t i = 0; i < q->line_count; i++) is_dirty |= span_find(q->lines[i], '\n') < q->lines[i].n;
    return !is_dirty;
}

void rehearsal_write(struct buf *head, const struct rehearsal_question *q, const struct rehearsal_url *p) {
    bool has_host = false;
    buf_clear(head);
    buf_add(head, q->method.n ? q->method : SPAN("GET"));
    buf_add_char(head, ' ');
    buf_add(head, p->target.n ? p->target : SPAN("/"));
    buf_add(head, SPAN(" HTTP/1.1\r\n"));
    for (size_t i = 0; i < q->line_count; i++) {
        has_host |= span_starts_ci(q->lines[i], SPAN("host:"));
        buf_add(head, q->lines[i]);
        buf_add(head, SPAN("\r\n"));
    }
    if (!has_host) {
        buf_add(head, SPAN("Host: "));
        buf_add(head, p->authority.n ? p->authority : SPAN("localhost"));
        buf_add(head, SPAN("\r\n"));
    }
    buf_add(head, SPAN("\r\n"));
}

/* ---- the socket that it comes by -------------------------------------------------------------- */

static unsigned port_of(struct span name) {
    uint64_t port = 0;
    return name.n && name.p[0] != '/' && number_parse(port_text(name), 65535, &port) ? (unsigned)port : 0;
}

static bool is_any(struct span host) {
    return span_is(host, SPAN("0.0.0.0")) || span_is(host, SPAN("[::]"));
}

/* How well a socket fits the URL: its port first, then TLS, then its address. */
static unsigned fit(const struct listen_spec *spec, const struct rehearsal_url *p) {
    bool wants_tls = span_is_ci(p->scheme, SPAN("https"));
    struct span host = host_without_port(spec->name);
    unsigned points = 0;
    if (!p->scheme.n) return 0;
    if (port_of(spec->name) == p->port) points += 8;
    if ((spec->secure != NULL) == wants_tls) points += 4;
    if (span_is_ci(host, p->host)) points += 2;
    else if (is_any(host)) points += 1;
    return points;
}

static const struct listen_spec *choose(const struct conf *conf, struct span wanted, const struct rehearsal_url *p) {
    const struct listen_spec *best = NULL;
    for (size_t i = 0; i < conf->listen_count; i++) {
        const struct listen_spec *spec = &conf->listen[i];
        if (wanted.n && (span_is(spec->name, wanted) || span_is(spec->token, wanted))) return spec;
        bool is_better = !best || fit(spec, p) > fit(best, p);
        if (!wanted.n && (is_better || (!p->scheme.n && spec->implied && !best->implied))) best = spec;
    }
    return best;
}

static struct place place_of_socket(const struct conf *conf, const struct listen_spec *spec) {
    const struct block *global = conf->tree->blocks[0];
    for (unsigned i = 1; !spec->implied && i < conf->conditions.count; i++) {
        const struct condition *c = &conf->conditions.list[i];
        if (c->operand == OPERAND_SOCKET && c->op == COND_EQ && span_is(c->value, spec->name)) return c->block->place;
    }
    const struct assignment *a = block_find(global, SPAN("server.port"));
    if (!a) a = block_find(global, SPAN("server.bind"));
    return a ? a->place : nowhere;
}

static void set_address(struct addr *a, struct span host, unsigned port) {
    struct prefix prefix;
    memset(a, 0, sizeof *a);
    a->is.any.sa_family = AF_UNIX;
    if (!prefix_parse(host, &prefix) || prefix.family == AF_UNIX) return;
    a->is.any.sa_family = prefix.family;
    if (prefix.family == AF_INET) {
        memcpy(&a->is.v4.sin_addr, prefix.bytes, 4);
        a->is.v4.sin_port = htons((uint16_t)port);
    } else {
        memcpy(&a->is.v6.sin6_addr, prefix.bytes, 16);
        a->is.v6.sin6_port = htons((uint16_t)port);
    }
}

/* Our end of the connection: what the socket is bound to, or what the client would have reached it by. */
static void set_local(struct stage *s, struct span name, const struct rehearsal_url *p) {
    struct span host = host_without_port(name);
    struct prefix prefix;
    if (is_any(host)) host = prefix_parse(p->host, &prefix) && prefix.family != AF_UNIX ? p->host : SPAN("127.0.0.1");
    set_address(&s->listening.local, host, port_of(name));
}

static void say_socket(struct stage *s, const struct listen_spec *spec, const struct rehearsal_url *p) {
    struct place at = place_of_socket(s->worker.conf, spec);
    bool wants_tls = span_is_ci(p->scheme, SPAN("https"));
    rehearsal_say(s, PHASE_ACCEPT, at, "socket %.*s%s", SPAN_ARG(spec->name), spec->secure ? ", with TLS" : "");
    if (p->scheme.n && port_of(spec->name) && port_of(spec->name) != p->port)
        rehearsal_say(s, PHASE_ACCEPT, nowhere, "nobody listens on port %u: as if somebody in front handed it on",
                      p->port);
    if (p->scheme.n && wants_tls != (spec->secure != NULL))
        rehearsal_say(s, PHASE_ACCEPT, nowhere, "the URL says %.*s, but this socket is %s TLS", SPAN_ARG(p->scheme),
                      spec->secure ? "with" : "without");
}

/* Which certificate the client would be shown. */
static void choose_certificate(struct stage *s, const struct listen_spec *spec, const struct rehearsal_url *p) {
    struct rehearsal *x = s->at;
    s->conn.tls_conf = s->worker.conf;
    struct tls_context *own = spec->secure, *named = p->host.n ? secure_select(&s->conn, p->host) : NULL;
    const struct tls_settings *t = tls_context_settings(named ? named : own);
    s->conn.tls_conf = NULL;
    x->certificate = arena_copy(&x->arena, t->pemfile.n ? t->pemfile : t->acme_dir);
    const char *client = "";
    if (t->verify_activate) client = "; the client may show one, too (it has not)";
    if (t->verify_activate && t->verify_enforce) client = "; the client has to show one, too (it is taken to)";
    rehearsal_say(s, PHASE_ACCEPT, nowhere, "certificate %.*s%s", SPAN_ARG(x->certificate), client);
}

bool rehearsal_connect(struct stage *s, const struct rehearsal_question *q, const struct rehearsal_url *p) {
    struct conf *conf = s->worker.conf;
    struct rehearsal *x = s->at;
    const struct listen_spec *spec = choose(conf, q->socket, p);
    struct prefix prefix;
    struct span from = q->from.n ? q->from : SPAN("127.0.0.1");
    if (q->socket.n && !spec) x->why = SPAN("the configuration has no such socket");
    if (!prefix_parse(from, &prefix) || span_find(from, '/') < from.n) {
        if (!span_starts(from, SPAN("/")) && !span_is(from, SPAN("unix")))
            x->why = SPAN("the client's address is none");
    }
    if (x->why.n) return false;
    set_address(&s->conn.peer, from, 0);
    s->listening.name = spec ? spec->name : SPAN("stdin");
    s->listening.id = spec ? (uint32_t)(spec - conf->listen) + 1 : 0;
    set_local(s, s->listening.name, p);
    if (spec) say_socket(s, spec, p);
    if (spec && spec->secure) choose_certificate(s, spec, p);
    x->is_tls = spec ? spec->secure != NULL : span_is_ci(p->scheme, SPAN("https"));
    return true;
}
