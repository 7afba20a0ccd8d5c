/* mod_wstunnel.c - WebSocket to what does not speak it: wstunnel.server */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/exchange.h"
#include "modules/wstunnel/wstunnel.h"

static const struct wstunnel_settings defaults = {NULL, NULL, NULL, NULL, NULL, 0, 0};

extern const struct module mod_wstunnel;

static const struct gateway_kind kind = {.directive = "wstunnel.server", .codec = &wstunnel_codec};

/* ---- at load ---------------------------------------------------------------------------------- */

static const struct {
    struct span name;
    enum frame_type type;
} frame_types[] = {
    {SPAN_INIT("text"), FRAMES_TEXT}, {SPAN_INIT("binary"), FRAMES_BINARY}, {SPAN_INIT("base64"), FRAMES_BASE64}};

static void *compile_server(const struct value *v, struct complaints *c) {
    return gateway_rules_make(v, &kind, c);
}

static void *compile_frame_type(const struct value *v, struct complaints *c) {
    for (size_t i = 0; i < sizeof frame_types / sizeof *frame_types; i++)
        if (span_is_ci(v->string, frame_types[i].name)) return (void *)(uintptr_t)&frame_types[i].type;
    complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, "write \"text\", \"binary\" or \"base64\"",
             "\"%.*s\" is no type of frames", SPAN_ARG(v->string));
    return NULL;
}

#define ROW(name, type, field, compile, discard, help) \
    { name, type, SCOPE_ANY, offsetof(struct wstunnel_settings, field), help, compile, discard, 0, NULL }

static const struct directive directives[] = {
    ROW("wstunnel.server", DIRECTIVE_TABLE, rules, compile_server, gateway_rules_drop,
        "Backends that get the bytes of WebSocket messages, without frames."),
    ROW("wstunnel.balance", DIRECTIVE_STRING, balance, gateway_balance_make, NULL,
        "How one of several hosts is chosen."),
    ROW("wstunnel.map-extensions", DIRECTIVE_MAP, map_extensions, NULL, NULL,
        "Ends of paths that are treated as others."),
    ROW("wstunnel.frame-type", DIRECTIVE_STRING, frame_type, compile_frame_type, NULL,
        "Frames to the client: \"text\", \"binary\", or \"base64\" within text."),
    ROW("wstunnel.origins", DIRECTIVE_LIST, origins, NULL, NULL,
        "Ends of the Origin of pages that may connect; none: all may."),
    ROW("wstunnel.ping-interval", DIRECTIVE_SHORT, ping_s, NULL, NULL,
        "Seconds between pings to the client; 0: none."),
    ROW("wstunnel.debug", DIRECTIVE_INT, debug, NULL, NULL, "Above 0 the log says why a WebSocket was ended."),
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct wstunnel_settings *s = settings;
    return s->rules && s->rules->count;
}

/* ---- at work ---------------------------------------------------------------------------------- */

static bool has_token(const struct request *r, enum header id, struct span token) {
    for (uint32_t i = 0; i < r->in.fields.count; i++)
        if (r->in.fields.list[i].id == id && list_has_token(r->in.fields.list[i].value, token)) return true;
    return false;
}

/* RFC 6455 4.2.1, RFC 8441 5. Other requests are for somebody else. */
static bool is_websocket(const struct request *r) {
    if (r->in.protocol.n) return span_is(r->in.protocol, SPAN("websocket"));
    return r->in.method == METHOD_GET && r->in.version == 11 && r->in.body_bytes == 0 &&
           has_token(r, HEADER_UPGRADE, SPAN("websocket")) && has_token(r, HEADER_CONNECTION, SPAN("upgrade"));
}

/* The value of a field that there must be once (RFC 6455 11.3); empty: it is not so. */
static struct span only(const struct request *r, enum header id) {
    struct span value = SPAN("");
    unsigned count = 0;
    for (uint32_t i = 0; i < r->in.fields.count; i++) {
        if (r->in.fields.list[i].id != id) continue;
        value = r->in.fields.list[i].value;
        count++;
    }
    return count == 1 ? value : SPAN("");
}

/* The whole origin, or its end behind a dot or a slash: "example.com" is also https://www.example.com. */
static bool is_origin_of(struct span origin, struct span end) {
    if (end.n == 0 || !span_ends(origin, end)) return false;
    if (origin.n == end.n) return true;
    char before = origin.p[origin.n - end.n - 1];
    return before == '.' || before == '/' || end.p[0] == '.';
}

static bool is_origin_allowed(const struct request *r, const struct value *origins) {
    struct span origin = only(r, HEADER_ORIGIN);
    if (!origins || origins->count == 0) return true;
    for (size_t i = 0; i < origins->count; i++)
        if (is_origin_of(origin, origins->elements[i].value.string)) return true;
    return false;
}

/* RFC 6455 4.4: the client is told which version there is. */
static enum handler refuse_version(struct request *r) {
    chunks_add_constant(&r->body, SPAN("WebSocket is spoken in version 13 here.\n"));
    fields_set(&r->out, &r->arena, HEADER_SEC_WEBSOCKET_VERSION, SPAN("13"));
    fields_set(&r->out, &r->arena, HEADER_UPGRADE, SPAN("websocket"));
    fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, SPAN("text/plain"));
    return request_refuse_for(r, 426, NULL, "WebSocket: it asks for another version than 13");
}

/* The word of a handshake for one of the rules; GO_ON: it is well. */
static enum handler check(struct request *r, const struct wstunnel_settings *s) {
    char accept[WS_ACCEPT_BYTES];
    if (!span_is(only(r, HEADER_SEC_WEBSOCKET_VERSION), SPAN("13"))) return refuse_version(r);
    if (!r->in.protocol.n && !wstunnel_accept(only(r, HEADER_SEC_WEBSOCKET_KEY), accept))
        return request_refuse_for(r, 400, NULL, "WebSocket: Sec-WebSocket-Key is none");
    if (!is_origin_allowed(r, s->origins))
        return request_refuse_for(r, 403, "wstunnel.origins", "WebSocket: its Origin is not allowed");
    return HANDLER_GO_ON;
}

static enum handler open_tunnel(struct request *r, const struct wstunnel_settings *s, struct span path) {
    const struct gateway_rule *rule = gateway_rule_find(s->rules, s->map_extensions, r->in.uri.path, path, false);
    if (!rule) return HANDLER_GO_ON;
    request_lasts(r, LASTS_NOT); /* what a page gets at this URL is no answer for a WebSocket */
    if (!is_websocket(r)) return HANDLER_GO_ON;
    enum handler word = check(r, s);
    if (word != HANDLER_GO_ON) return word;
    const struct gateway_ask ask = {.kind = &kind,
                                    .rule = rule,
                                    .balance = gateway_balance_of(s->balance),
                                    .settings = s,
                                    .module = &mod_wstunnel,
                                    .upgrades = true};
    return gateway_take(r, &ask);
}

static enum handler connect_by_url(struct request *r, const void *settings) {
    return open_tunnel(r, settings, r->in.uri.path);
}

static const struct hook hooks[] = {{PHASE_URI_CLEAN, connect_by_url, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_wstunnel = {MODULE_ABI, "mod_wstunnel", directives,   hooks, sizeof(struct wstunnel_settings),
                                    &defaults,  is_active,      &gateway_work};
