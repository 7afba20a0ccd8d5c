/* mod_fastcgi.c - FastCGI: PHP and other applications that stay in memory */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/debug.h"
#include "modules/gateway/exchange.h"

struct settings {
    const struct gateway_rules *rules;
    const enum gateway_balance *balance;
    const struct value *map_extensions;
    uint32_t debug;
};

static const struct settings defaults = {NULL, NULL, NULL, 0};

extern const struct module mod_fastcgi;

static const struct gateway_kind kind = {
    .directive = "fastcgi.server",
    .check_local = true,
    .has_check_local = true,
    .has_authorizers = true,
    .has_programs = true,
    .codec = &fastcgi_codec,
};

static void *compile_rules(const struct value *v, struct complaints *c) {
    return gateway_rules_make(v, &kind, c);
}

static const struct directive directives[] = {
    {"fastcgi.server", DIRECTIVE_TABLE, SCOPE_ANY, offsetof(struct settings, rules),
     "Prefixes of URLs and ends of paths, each with the FastCGI applications that answer them.", compile_rules,
     gateway_rules_drop, 0, NULL},
    {"fastcgi.balance", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, balance),
     "How one of several hosts is chosen: \"least-connection\", \"round-robin\", \"hash\" or \"sticky\".",
     gateway_balance_make, NULL, 0, NULL},
    {"fastcgi.debug", DIRECTIVE_INT, SCOPE_ANY, offsetof(struct settings, debug),
     "What is said in the log of each request: 1 who answered, 2 with which fields, 3 also what was asked.", NULL,
     NULL, 0, NULL},
    {"fastcgi.map-extensions", DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, map_extensions),
     "Ends of paths that are answered as others are: ( \".php3\" => \".php\" ).", NULL, NULL, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->rules && s->rules->count;
}

/* ---- the hooks -------------------------------------------------------------------------------- */

static enum handler answer(struct message_pair *p) {
    const struct settings *s = p->settings;
    gateway_debug(p, "fastcgi", s->debug);
    return cgi_answer(p, p->host->x_sendfile, p->host->x_sendfile_docroot, false);
}

static struct gateway_ask ask_for(const struct settings *s) {
    return (struct gateway_ask){.kind = &kind,
                                .balance = gateway_balance_of(s->balance),
                                .settings = s,
                                .answer = answer,
                                .map_extensions = s->map_extensions,
                                .module = &mod_fastcgi};
}

static enum handler by_url(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct gateway_ask ask = ask_for(s);
    return gateway_by_url(r, &ask, s->rules);
}

static enum handler by_path(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct gateway_ask ask = ask_for(s);
    return gateway_by_path(r, &ask, s->rules, s->map_extensions);
}

/* Which requests are taken depends on the URL and the file alone; the answers of those are never kept. */
static const struct hook hooks[] = {
    {PHASE_URI_CLEAN, by_url, LASTS}, {PHASE_SUBREQUEST_START, by_path, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_fastcgi = {MODULE_ABI, "mod_fastcgi", directives,   hooks, sizeof(struct settings),
                                   &defaults,  is_active,     &gateway_work};
