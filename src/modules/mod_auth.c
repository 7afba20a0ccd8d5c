/* mod_auth.c - who may see what: auth.require, auth.backend, auth.extern-authn, auth.cache, auth.forward */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "modules/auth/backend.h"
#include "modules/auth/cache.h"
#include "modules/auth/forward.h"
#include "modules/auth/login.h"
#include "server/module.h"

struct settings {
    const struct auth_rules *rules;
    const struct auth_backend *backend;
    const struct auth_cache_options *cache;
    const struct forward_rules *forward;
    bool extern_authn;
};

static const struct settings defaults = {NULL, NULL, NULL, NULL, false};

/* ---- auth.cache ---------------------------------------------------------------------------------- */

static void *cache_make(const struct value *v, struct complaints *c) {
    struct auth_cache_options *o = memory_get(sizeof *o);
    *o = (struct auth_cache_options){v->count > 0, 600, AUTH_CACHE_ENTRIES};
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        int32_t number = 0;
        bool is_age = span_is(e->key, SPAN("max-age")), is_entries = span_is(e->key, SPAN("max-entries"));
        if (!is_age && !is_entries)
            complain(c, COMPLAINT_WARNING, e->key.p ? e->key_place : e->value.place, e->key.n + 2,
                     "write ( \"max-age\" => 600 )", "auth.cache knows no \"%.*s\"", SPAN_ARG(e->key));
        else if (!value_as_int(&e->value, &number) || number < 0 || (is_entries && number > 1000000))
            complain(c, COMPLAINT_ERROR, e->value.place, 1, NULL, "%.*s is a number%s", SPAN_ARG(e->key),
                     is_age ? " of seconds" : " up to a million");
        else if (is_age) o->max_age_s = (uint32_t)number;
        else o->max_entries = (uint32_t)number;
    }
    return o;
}

/* ---- the table ----------------------------------------------------------------------------------- */

static const struct directive directives[] = {
    {"auth.require", DIRECTIVE_TABLE, SCOPE_ANY, offsetof(struct settings, rules),
     "Prefixes of the URL's path, each with who may see what is below it.", auth_rules_make, auth_rules_drop, 0,
     NULL},
    {"auth.backend", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, backend),
     "Where users and their passwords are: plain, htpasswd, htdigest, ldap or pam.", auth_backend_make, NULL, 0,
     NULL},
    {"auth.extern-authn", DIRECTIVE_BOOL, SCOPE_ANY, offsetof(struct settings, extern_authn),
     "Takes the user whom somebody else has authenticated (a client certificate), before it asks for a password.",
     NULL, NULL, 0, NULL},
    {"auth.cache", DIRECTIVE_TABLE, SCOPE_ANY, offsetof(struct settings, cache),
     "How long credentials that were right are not looked up again, and how many of them.", cache_make, free, 0,
     NULL},
    {"auth.forward", DIRECTIVE_TABLE, SCOPE_ANY, offsetof(struct settings, forward),
     "Prefixes of the URL's path, each with another server that decides who may see what is below it.",
     forward_rules_make, forward_rules_drop, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return (s->rules && s->rules->count) || !forward_rules_are_empty(s->forward);
}

/* ---- hooks ---------------------------------------------------------------------------------------- */

extern const struct module mod_auth;

/* A tunnel (CONNECT host:port) has no path: what guards everything guards it too. */
static struct span path_of(const struct request *r) {
    struct span path = r->in.uri.path;
    return path.n && path.p[0] == '/' ? path : SPAN("/");
}

/* guarded - what a request has of ours; in its arena */
struct guarded {
    void *forward, *login;
};

static struct guarded *guarded_of(struct request *r) {
    void **slot = request_data(r, &mod_auth);
    if (!*slot) *slot = arena_zeroed(&r->arena, sizeof(struct guarded));
    request_lasts(r, LASTS_NOT);
    return *slot;
}

static enum handler guard(struct request *r, const void *settings) {
    const struct settings *s = settings;
    bool any_case = request_core(r)->lowercase_filenames;
    const struct forward_rule *forward = forward_rule_for(s->forward, path_of(r), any_case);
    const struct auth_rule *rule = s->rules ? auth_rule_for(s->rules, path_of(r), any_case) : NULL;
    enum handler word = HANDLER_GO_ON;
    if (rule) request_note(r, rule->place, "auth.require \"%.*s\" holds here", SPAN_ARG(rule->prefix));
    if (forward) word = forward_run(r, forward, &guarded_of(r)->forward);
    if (!rule || word != HANDLER_GO_ON) return word;
    return login_run(r, &(struct login_ask){rule, s->backend, s->cache, s->extern_authn}, &guarded_of(r)->login);
}

/* In PHASE_SUBREQUEST_START once more: an index file was chosen, and rules may name it. */
static const struct hook hooks[] = {
    {PHASE_URI_CLEAN, guard, LASTS}, {PHASE_SUBREQUEST_START, guard, LASTS}, {PHASE_COUNT, NULL, LASTS}};

/* What was right under the old configuration may be wrong under the new one. What recent.h has stays: a reload makes
 * no replay good. */
static void begin(struct fdevents *events) {
    (void)events;
    auth_cache_clear();
}

static void end(void) {
    auth_cache_clear();
}

static const struct module_work work = {begin, end, NULL, NULL, NULL, false};

const struct module mod_auth = {MODULE_ABI, "mod_auth", directives, hooks, sizeof(struct settings),
                                &defaults,  is_active,  &work};
