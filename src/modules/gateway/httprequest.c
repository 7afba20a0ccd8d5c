/* httprequest.c - a request as a backend of HTTP is to see it: what is passed on, what is added, what is kept back */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/http.h"

static const struct header_map *map_of(const struct message_pair *p) {
    const struct http_settings *s = p->settings;
    return s ? s->header : NULL;
}

bool http_speaks_10(const struct message_pair *p) {
    const struct header_map *m = map_of(p);
    if (m && m->force_http10) return true;
    return feature_flag(request_core(p->r), SPAN("proxy.force-http10"), false);
}

struct span http_host(const struct message_pair *p) {
    const struct http_settings *s = p->settings;
    const struct header_map *m = map_of(p);
    struct span host = p->r->in.authority;
    if (s && s->replace_http_host && p->host && p->host->label.n) return p->host->label;
    if (!host.n) host = p->r->server_name.n ? p->r->server_name : p->host ? p->host->authority : SPAN("localhost");
    return m ? header_map_host(m, host) : host;
}

/* Fields that are said anew, or are nobody's business behind us ("Proxy" would be HTTP_PROXY of a CGI program). */
static const bool is_replaced[HEADER_COUNT] = {
    [HEADER_HOST] = true,
    [HEADER_CONTENT_LENGTH] = true,
    [HEADER_TRANSFER_ENCODING] = true,
    [HEADER_EXPECT] = true,
    [HEADER_X_FORWARDED_FOR] = true,
    [HEADER_X_FORWARDED_HOST] = true,
    [HEADER_X_FORWARDED_PROTO] = true,
    [HEADER_PROXY] = true,
    [HEADER_FORWARDED] = true,
};

/* "X_Forwarded_For" is X-Forwarded-For for programs that get fields as variables (RFC 3875 4.1.18): of a name that
 * means something only the right spelling is passed on. */
static bool is_in_disguise(struct span name) {
    char text[64];
    if (name.n > sizeof text || span_find(name, '_') == name.n) return false;
    for (size_t i = 0; i < name.n; i++) text[i] = name.p[i] == '_' ? '-' : name.p[i];
    struct span plain = {text, name.n};
    return header_find(plain) != HEADER_OTHER || span_is_ci(plain, SPAN("X-Host"));
}

static bool is_passed_on(const struct field *f, struct span connection, bool is_websocket_of_h2) {
    if (is_replaced[f->id] || is_left_behind(f, connection)) return false;
    if (f->id == HEADER_OTHER && (span_is_ci(f->name, SPAN("X-Host")) || is_in_disguise(f->name))) return false;
    return !is_websocket_of_h2 || f->id != HEADER_SEC_WEBSOCKET_KEY;
}

/* passing - on the way to whoever writes the fields */
struct passing {
    void (*put)(void *arg, const struct field *f);
    void *arg;
};

static void put(const struct passing *g, enum header id, struct span name, struct span value) {
    const struct field f = {name, value, id, false};
    g->put(g->arg, &f);
}

static void put_known(const struct passing *g, enum header id, struct span value) {
    put(g, id, header_name(id), value);
}

static void pass_fields_on(const struct message_pair *p, const struct http_request *q, const struct passing *g) {
    struct request *r = p->r;
    const struct header_map *map = map_of(p);
    struct span connection = fields_get(&r->in.fields, &r->arena, HEADER_CONNECTION);
    for (uint32_t i = 0; i < r->in.fields.count; i++) {
        const struct field *f = &r->in.fields.list[i];
        if (!is_passed_on(f, connection, q->is_websocket_of_h2)) continue;
        if (f->id == HEADER_DESTINATION && map) put(g, f->id, f->name, header_map_target(map, f->value, &r->arena));
        else g->put(g->arg, f);
    }
}

/* What clients have said themselves stands before it; whoever reads it trusts only what the last ones wrote. */
static void put_in_list(struct request *r, const struct passing *g, enum header id, struct span element) {
    struct span before = fields_get(&r->in.fields, &r->arena, id);
    if (before.n) element = arena_printf(&r->arena, "%.*s, %.*s", SPAN_ARG(before), SPAN_ARG(element));
    put_known(g, id, element);
}

static void put_client(const struct message_pair *p, const struct passing *g) {
    const struct http_settings *s = p->settings;
    struct request *r = p->r;
    char text[ADDR_TEXT_BYTES];
    size_t n = addr_format(&r->client, text);
    struct span before = fields_get(&r->in.fields, &r->arena, HEADER_FORWARDED);
    if (s && s->forwarded && *s->forwarded)
        put_in_list(r, g, HEADER_FORWARDED, forwarded_element(r, *s->forwarded));
    else if (before.n) put_known(g, HEADER_FORWARDED, before);
    put_in_list(r, g, HEADER_X_FORWARDED_FOR, (struct span){text, n});
    if (r->in.authority.n) {
        put(g, HEADER_OTHER, SPAN("X-Host"), r->in.authority);
        put_known(g, HEADER_X_FORWARDED_HOST, r->in.authority);
    }
    put_known(g, HEADER_X_FORWARDED_PROTO, r->is_tls ? SPAN("https") : SPAN("http"));
}

void http_request_fields(const struct message_pair *p, const struct http_request *q,
                         void (*put_field)(void *arg, const struct field *f), void *arg) {
    const struct passing passing = {put_field, arg};
    pass_fields_on(p, q, &passing);
    put_client(p, &passing);
}

static bool set_target(const struct message_pair *p, struct http_request *q) {
    const struct request *r = p->r;
    q->method = r->in.method_text;
    q->target = r->in.uri.target;
    if (q->is_websocket_of_h2) q->method = SPAN("GET");
    else if (r->in.method == METHOD_CONNECT) q->target = r->in.authority;
    else if (q->target.n && q->target.p[0] == '/' && map_of(p))
        q->target = header_map_target(map_of(p), q->target, &p->r->arena);
    return q->target.n > 0;
}

bool http_request_make(const struct message_pair *p, struct http_request *q) {
    *q = (struct http_request){.is_websocket_of_h2 = p->r->in.protocol.n > 0};
    q->is_connect = p->r->in.method == METHOD_CONNECT && !q->is_websocket_of_h2;
    q->authority = http_host(p);
    if (!set_target(p, q)) return false;
    const struct field *te = fields_first(&p->r->in.fields, HEADER_TE);
    q->wants_trailers = te && list_has_token(te->value, SPAN("trailers"));
    return true;
}
