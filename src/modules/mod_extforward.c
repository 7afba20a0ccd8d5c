/* mod_extforward.c - who the client is, as a trusted proxy says it: Forwarded, X-Forwarded-For, the PROXY protocol */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "http/uri.h"
#include "modules/extforward/chain.h"
#include "modules/extforward/trust.h"
#include "server/module.h"

/* What of Forwarded is believed beside for= and proto=. */
struct params {
    bool host, remote_user;
};

struct settings {
    const struct trust *forwarder;
    const struct value *headers; /* NULL: the default */
    const struct params *params;
    bool proxy_line, trust_tls;
};

static const struct settings defaults = {NULL, NULL, NULL, false, false};

/* ---- at load ---------------------------------------------------------------------------------- */

static void *compile_headers(const struct value *v, struct complaints *c) {
    for (size_t i = 0; i < v->count; i++) {
        struct span name = v->elements[i].value.string;
        if (is_token(name)) continue;
        complain(c, COMPLAINT_ERROR, v->elements[i].value.place, name.n + 2, NULL,
                 "\"%.*s\" is no name of a header field", SPAN_ARG(name));
        return NULL;
    }
    return (void *)(uintptr_t)v;
}

static void *compile_params(const struct value *v, struct complaints *c) {
    static const struct params table[] = {{false, false}, {false, true}, {true, false}, {true, true}};
    unsigned which = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        bool on = false;
        unsigned bit = span_is(e->key, SPAN("host")) ? 2 : span_is(e->key, SPAN("remote_user")) ? 1 : 0;
        if (!bit || !value_as_bool(&e->value, &on))
            complain(c, COMPLAINT_WARNING, e->key_place, e->key.n + 2,
                     "write \"host\" => \"enable\" or \"remote_user\" => \"enable\"",
                     "\"%.*s\" of extforward.params has no effect", SPAN_ARG(e->key));
        if (on) which |= bit;
    }
    return (void *)(uintptr_t)&table[which];
}

#define ROW(name, type, field, compile, discard, help) \
    { name, type, SCOPE_ANY, offsetof(struct settings, field), help, compile, discard, 0, NULL }

static const struct directive directives[] = {
    ROW("extforward.forwarder", DIRECTIVE_MAP, forwarder, trust_make, free,
        "Proxies whose word on the client is taken: address or prefix => \"trust\"; \"all\" is any peer."),
    ROW("extforward.headers", DIRECTIVE_LIST, headers, compile_headers, NULL,
        "Header fields that name the client; the first that a request has is used."),
    ROW("extforward.params", DIRECTIVE_TABLE, params, compile_params, NULL,
        "What else of Forwarded is believed: \"host\", \"remote_user\" => \"enable\"."),
    ROW("extforward.hap-PROXY", DIRECTIVE_BOOL, proxy_line, NULL, NULL,
        "Connections of trusted proxies begin with a PROXY line or header (v1, v2)."),
    ROW("extforward.hap-PROXY-ssl-client-verify", DIRECTIVE_BOOL, trust_tls, NULL, NULL,
        "What a PROXY header says of the client's TLS becomes SSL_CLIENT_VERIFY and REMOTE_USER."),
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->forwarder && (s->forwarder->count || s->forwarder->all);
}

/* ---- a connection ----------------------------------------------------------------------------- */

/* Others than the trusted may not say a PROXY line: for them it is a bad request. */
static enum handler look_at_peer(struct request *r, const void *settings) {
    const struct settings *s = settings;
    bool is_trusted = trust_has_peer(s->forwarder, request_peer(r), request_socket(r));
    if (is_trusted) request_peer_forwards(r);
    if (!s->proxy_line) return HANDLER_GO_ON;
    if (is_trusted) request_expect_proxy_line(r, s->trust_tls);
    else if (request_core(r)->log_requests)
        request_say(r, LOG_IS_NOTE, "not in extforward.forwarder: no PROXY line is expected");
    return HANDLER_GO_ON;
}

/* ---- a request -------------------------------------------------------------------------------- */

/* The field that is there, all its lines; is_forwarded: it is written as RFC 7239 says. */
static struct span find_field(struct request *r, const struct settings *s, bool *is_forwarded) {
    static const struct span usual[] = {SPAN_INIT("X-Forwarded-For"), SPAN_INIT("Forwarded-For")};
    size_t count = s->headers ? s->headers->count : sizeof usual / sizeof *usual;
    for (size_t i = 0; i < count; i++) {
        struct span name = s->headers ? s->headers->elements[i].value.string : usual[i];
        struct span value = fields_get_named(&r->in.fields, &r->arena, name);
        *is_forwarded = span_is_ci(name, SPAN("Forwarded"));
        if (value.n) return value;
    }
    return SPAN("");
}

/* From us to the client, as long as the word comes from somebody who is trusted. The index of the hop that names the
 * client, or -1: whoever is behind the last trusted proxy is not known. */
static int find_client(const struct chain *chain, const struct trust *t, struct addr *client) {
    struct addr addr;
    int found = -1;
    for (int i = (int)chain->count - 1; i >= 0; i--) {
        if (!node_address(chain->hops[i].node, &addr)) break;
        *client = addr;
        found = i;
        if (!trust_has(t, &addr, SPAN(""))) break;
    }
    return found;
}

static void remember(struct request *r, const char *name, struct span actual) {
    fields_set_named(&r->env, &r->arena, span_of(name), arena_copy(&r->arena, actual));
}

static void set_client(struct request *r, const struct addr *client) {
    char room[ADDR_TEXT_BYTES];
    remember(r, "_L_EXTFORWARD_ACTUAL_FOR", (struct span){room, addr_format(&r->client, room)});
    r->client = *client;
}

static void set_proto(struct request *r, struct span proto) {
    bool is_https = span_is_ci(proto, SPAN("https"));
    if (!is_https && !span_is_ci(proto, SPAN("http"))) return;
    remember(r, "_L_EXTFORWARD_ACTUAL_PROTO", r->is_tls ? SPAN("https") : SPAN("http"));
    r->is_tls = is_https;
}

/* False: it is no host. */
static bool set_host(struct request *r, struct span host) {
    if (host.n == 0 || host_parse(&host, PARSE_DEFAULTS, &r->arena)) return false;
    remember(r, "_L_EXTFORWARD_ACTUAL_HOST", r->in.authority);
    r->in.authority = host;
    fields_set(&r->in.fields, &r->arena, HEADER_HOST, host);
    return true;
}

static enum handler believe_forwarded(struct request *r, const struct settings *s, struct span value) {
    struct chain chain;
    struct addr client;
    if (!chain_of_forwarded(&chain, value, &r->arena))
        return request_refuse_for(r, 400, "extforward.forwarder",
                                  "the Forwarded field of a trusted proxy is malformed");
    int at = find_client(&chain, s->forwarder, &client);
    if (at < 0) return HANDLER_GO_ON;
    const struct hop *hop = &chain.hops[at];
    set_client(r, &client);
    set_proto(r, hop->proto);
    if (s->params && s->params->remote_user && hop->user.n) r->user = hop->user;
    if (!s->params || !s->params->host || !hop->host.p || set_host(r, hop->host)) return HANDLER_GO_ON;
    return request_refuse_for(r, 400, "extforward.forwarder",
                              "the host in the Forwarded field of a trusted proxy is none");
}

/* X-Forwarded-Proto has no place in that chain. Where it is a list, its elements stand for the same hops; a single
 * one is the word of the nearest proxy. */
static struct span proto_of_hop(struct request *r, unsigned from_the_end) {
    struct chain protos;
    chain_of_list(&protos, fields_get_named(&r->in.fields, &r->arena, SPAN("X-Forwarded-Proto")));
    if (protos.count == 0) return SPAN("");
    return protos.hops[from_the_end < protos.count ? protos.count - 1 - from_the_end : 0].node;
}

static enum handler believe_list(struct request *r, const struct settings *s, struct span value) {
    struct chain chain;
    struct addr client;
    chain_of_list(&chain, value);
    int at = find_client(&chain, s->forwarder, &client);
    if (at < 0) return HANDLER_GO_ON;
    set_client(r, &client);
    set_proto(r, proto_of_hop(r, chain.count - 1 - (unsigned)at));
    return HANDLER_GO_ON;
}

/* Whom a PROXY line names did not connect to us: "all" and sockets are not about him. */
static bool is_trusted(const struct request *r, const struct settings *s) {
    if (request_peer_is_named(r)) return trust_has(s->forwarder, request_peer(r), SPAN(""));
    return trust_has_peer(s->forwarder, request_peer(r), request_socket(r));
}

static enum handler find_out_who_asks(struct request *r, const void *settings) {
    const struct settings *s = settings;
    bool is_forwarded;
    if (!is_trusted(r, s)) return HANDLER_GO_ON;
    struct span value = find_field(r, s, &is_forwarded);
    if (value.n == 0) return HANDLER_GO_ON;
    return (is_forwarded ? believe_forwarded : believe_list)(r, s, value);
}

static const struct hook hooks[] = {
    {PHASE_ACCEPT, look_at_peer, LASTS}, {PHASE_CLIENT, find_out_who_asks, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_extforward = {MODULE_ABI, "mod_extforward", directives, hooks, sizeof(struct settings),
                                      &defaults,  is_active,        NULL};
