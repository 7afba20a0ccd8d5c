/* mod_proxy.c - HTTP to a backend */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "modules/gateway/backend.h"
#include "modules/gateway/http.h"
#include "server/module.h"

struct settings {
    struct http_settings http; /* first: what the codecs see */
    const struct gateway_rules *server;
    const enum gateway_balance *balance;
    uint32_t debug;
    const struct value *map_extensions;
};

static const struct settings defaults = {{NULL, NULL, false}, NULL, NULL, 0, NULL};

static const struct codec *codec_of(const struct gateway_host *h, const void *settings) {
    (void)settings;
    return h->scheme == SCHEME_H2C || h->scheme == SCHEME_H2 ? &http2_codec : &http1_codec;
}

static const struct gateway_kind kind = {.directive = "proxy.server",
                                         .default_port = 80,
                                         .has_schemes = true,
                                         .has_http_checks = true,
                                         .codec = &http1_codec,
                                         .codec_of = codec_of};

static void *make_rules(const struct value *v, struct complaints *c) {
    return gateway_rules_make(v, &kind, c);
}

#define FIELD(field) offsetof(struct settings, field)
#define ROW(name, type, field, compile, discard, help) \
    { name, type, SCOPE_ANY, FIELD(field), help, compile, discard, 0, NULL }

static const struct directive directives[] = {
    ROW("proxy.server", DIRECTIVE_TABLE, server, make_rules, gateway_rules_drop,
        "Which requests are answered by backends that speak HTTP, and where these are."),
    ROW("proxy.balance", DIRECTIVE_STRING, balance, gateway_balance_make, NULL,
        "How one of several hosts is chosen: \"least-connection\", \"round-robin\", \"hash\", \"sticky\"."),
    ROW("proxy.debug", DIRECTIVE_INT, debug, NULL, NULL, "Above 0: says in the log which host a request goes to."),
    ROW("proxy.map-extensions", DIRECTIVE_MAP, map_extensions, NULL, NULL,
        "Suffixes that are answered like another one."),
    ROW("proxy.forwarded", DIRECTIVE_TABLE, http.forwarded, forwarded_make, free,
        "Which parts of the field Forwarded (RFC 7239) backends get: for, proto, host, by, remote_user."),
    ROW("proxy.header", DIRECTIVE_TABLE, http.header, header_map_make, header_map_drop,
        "Hosts and paths that have other names at the backend, and whether protocols may be changed."),
    ROW("proxy.replace-http-host", DIRECTIVE_BOOL, http.replace_http_host, NULL, NULL,
        "The backend gets the label of its host as Host, and not what the client said."),
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->server && s->server->count;
}

/* ---- responses -------------------------------------------------------------------------------- */

/* Places of the backend become places of ours. */
static enum handler answer(struct message_pair *p) {
    const struct settings *s = p->settings;
    const struct header_map *m = s->http.header;
    struct request *r = p->r;
    struct span sent = http_host(p), host = r->in.authority;
    for (uint32_t i = 0; m && i < p->fields.count; i++) {
        struct field *f = &p->fields.list[i];
        bool is_url = f->id == HEADER_LOCATION || f->id == HEADER_CONTENT_LOCATION ||
                      (f->id == HEADER_OTHER && span_is_ci(f->name, SPAN("URI")));
        if (is_url) f->value = header_map_url(m, f->value, sent, host, r->is_tls, &r->arena);
        if (f->id == HEADER_SET_COOKIE) f->value = header_map_cookie(m, f->value, sent, host, &r->arena);
    }
    if (s->debug)
        request_say(r, LOG_IS_NOTE, "proxy: %.*s has answered with %d", SPAN_ARG(p->host->label), p->status);
    return HANDLER_GO_ON;
}

/* ---- hooks ------------------------------------------------------------------------------------ */

static bool is_connect(const struct request *r) {
    return r->in.method == METHOD_CONNECT && !r->in.protocol.n;
}

/* A body whose length nobody knows cannot be said in HTTP/1.0. */
static bool collects_body(const struct request *r, const struct header_map *m) {
    if (r->in.body_bytes != BODY_UNKNOWN) return false;
    return (m && m->force_http10) || feature_flag(request_core(r), SPAN("proxy.force-http10"), false);
}

static struct gateway_ask ask_of(const struct request *r, const struct settings *s) {
    const struct header_map *m = s->http.header;
    return (struct gateway_ask){.kind = &kind,
                                .balance = gateway_balance_of(s->balance),
                                .settings = s,
                                .answer = answer,
                                .map_extensions = s->map_extensions,
                                .collects_body = collects_body(r, m),
                                .upgrades = m && (m->upgrade || is_connect(r))};
}

/* CONNECT makes any port of the backend's network reachable: only for those who ask for it. */
static bool is_refused(const struct request *r, const struct settings *s) {
    return is_connect(r) && !(s->http.header && s->http.header->connect);
}

static enum handler by_url(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct gateway_ask ask = ask_of(r, s);
    if (is_refused(r, s)) return HANDLER_GO_ON;
    return gateway_by_url(r, &ask, s->server);
}

static enum handler by_path(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct gateway_ask ask = ask_of(r, s);
    if (is_refused(r, s)) return HANDLER_GO_ON;
    return gateway_by_path(r, &ask, s->server, s->map_extensions);
}

static const struct hook hooks[] = {
    {PHASE_URI_CLEAN, by_url, LASTS}, {PHASE_SUBREQUEST_START, by_path, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_proxy = {MODULE_ABI, "mod_proxy", directives,   hooks, sizeof(struct settings),
                                 &defaults,  is_active,   &gateway_work};
