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
static bool is_replaced(enum header id) {
    static const enum header replaced[] = {HEADER_HOST,
                                           HEADER_CONTENT_LENGTH,
                                           HEADER_TRANSFER_ENCODING,
                                           HEADER_EXPECT,
                                           HEADER_X_FORWARDED_FOR,
                                           HEADER_X_FORWARDED_HOST,
                                           HEADER_X_FORWARDED_PROTO,
                                           HEADER_PROXY,
                                           HEADER_FORWARDED};
    for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++)
        if (replaced[i] == id) return true;
    return false;
}

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
    if (is_replaced(f->id) || is_left_behind(f, connection)) return false;
    if (f->id == HEADER_OTHER && (span_is_ci(f->name, SPAN("X-Host")) || is_in_disguise(f->name))) return false;
    return !is_websocket_of_h2 || f->id != HEADER_SEC_WEBSOCKET_KEY;
}

static void pass_fields_on(const struct message_pair *p, struct http_request *q) {
    struct request *r = p->r;
    struct span connection = fields_get(&r->in.fields, &r->arena, HEADER_CONNECTION);
    for (uint32_t i = 0; i < r->in.fields.count; i++) {
        const struct field *f = &r->in.fields.list[i];
        if (!is_passed_on(f, connection, q->is_websocket_of_h2)) continue;
        struct span value = f->value;
        if (f->id == HEADER_DESTINATION && map_of(p)) value = header_map_target(map_of(p), value, &r->arena);
        fields_append(&q->fields, &r->arena, f->id, f->name, value);
    }
    const struct field *te = fields_first(&r->in.fields, HEADER_TE);
    q->wants_trailers = te && list_has_token(te->value, SPAN("trailers"));
}

/* What clients have said themselves stands before it; whoever reads it trusts only what the last ones wrote. */
static void add_to_list(struct request *r, struct fields *to, enum header id, struct span element) {
    struct span before = fields_get(&r->in.fields, &r->arena, id);
    if (before.n) element = arena_printf(&r->arena, "%.*s, %.*s", SPAN_ARG(before), SPAN_ARG(element));
    fields_add(to, &r->arena, id, element);
}

static void add_client(const struct message_pair *p, struct http_request *q) {
    const struct http_settings *s = p->settings;
    struct request *r = p->r;
    char text[ADDR_TEXT_BYTES];
    size_t n = addr_format(&r->client, text);
    struct span before = fields_get(&r->in.fields, &r->arena, HEADER_FORWARDED);
    if (s && s->forwarded && *s->forwarded)
        add_to_list(r, &q->fields, HEADER_FORWARDED, forwarded_element(r, *s->forwarded));
    else if (before.n) fields_add(&q->fields, &r->arena, HEADER_FORWARDED, before);
    add_to_list(r, &q->fields, HEADER_X_FORWARDED_FOR, arena_copy(&r->arena, (struct span){text, n}));
    if (r->in.authority.n) {
        fields_add_named(&q->fields, &r->arena, SPAN("X-Host"), r->in.authority);
        fields_add(&q->fields, &r->arena, HEADER_X_FORWARDED_HOST, r->in.authority);
    }
    fields_add(&q->fields, &r->arena, HEADER_X_FORWARDED_PROTO, r->is_tls ? SPAN("https") : SPAN("http"));
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
    pass_fields_on(p, q);
    add_client(p, q);
    return true;
}
