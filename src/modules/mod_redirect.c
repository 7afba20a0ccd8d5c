/* mod_redirect.c - answers with another URL: url.redirect */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/urlrules.h"
#include "server/module.h"

struct settings {
    const struct rules *rules;
    const struct block *rules_in;
    uint32_t code;
};

static const struct settings defaults = {NULL, NULL, 0};

static const struct directive directives[] = {
    {"url.redirect", DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, rules),
     "Patterns of path and query, each with the URL to send the client to; \"\" ends the search.", rules_make,
     rules_drop, DIRECTIVE_IN_BLOCK, NULL},
    {"url.redirect-code", DIRECTIVE_SHORT, SCOPE_ANY, offsetof(struct settings, code),
     "The status of redirects; 0 means 301, or 308 where a client must repeat its method.", NULL, NULL, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->rules && s->rules->count;
}

/* 301 lets a client turn POST into GET, 308 does not (RFC 9110 15.4.9); HTTP/1.0 knows no 308. */
static int code_for(const struct request *r, const struct settings *s) {
    if (s->code >= 200 && s->code <= 599) return (int)s->code;
    bool is_plain = r->in.method == METHOD_GET || r->in.method == METHOD_HEAD || r->in.version == 10;
    return is_plain ? 301 : 308;
}

static enum handler redirect(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct span url;
    if (request_apply_rules(r, s->rules, s->rules_in, &url) != RULES_REPLACED) return HANDLER_GO_ON;
    struct buf location = {0};
    location_encode(&location, url);
    struct span kept = location.n ? arena_copy(&r->arena, buf_span(&location)) : SPAN("");
    buf_done(&location);
    return request_redirect(r, code_for(r, s), kept);
}

static const struct hook hooks[] = {{PHASE_URI_CLEAN, redirect, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_redirect = {MODULE_ABI, "mod_redirect", directives, hooks, sizeof(struct settings),
                                    &defaults,  is_active, NULL};
