/* forwardrule.c - auth.forward: prefixes, each with the server that decides */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "modules/auth/forward.h"

struct forward_rules {
    struct arena arena;
    struct forward_rule *list;
    size_t count;
};

/* ---- where it is ----------------------------------------------------------------------------------- */

static const struct gateway_kind kind = {.directive = "auth.forward",
                                         .default_port = 80,
                                         .has_schemes = true,
                                         .has_http_checks = true,
                                         .codec = &http1_codec,
                                         .codec_of = forward_codec};

static struct element option(struct span key, struct span text, struct place at) {
    return (struct element){key, at, {.type = VALUE_STRING, .place = at, .string = text}};
}

/* "http://host:port/path": scheme and authority are the host's, the rest is the target. */
static bool take_url(struct forward_rule *rule, const struct value *v, struct arena *a, struct element *host) {
    struct span url = v->string, scheme = SPAN("://");
    size_t at = v->type == VALUE_STRING ? span_search(url, scheme) : url.n;
    if (v->type != VALUE_STRING || at == url.n) return false;
    struct span rest = span_from(url, at + scheme.n);
    size_t slash = span_find(rest, '/');
    if (slash == 0) return false;
    rule->target = slash < rest.n ? span_from(rest, slash) : SPAN("/");
    *host = option(SPAN("host"), arena_copy(a, span_upto(url, at + scheme.n + slash)), v->place);
    return true;
}

/* ---- the parts of a rule ---------------------------------------------------------------------------- */

static struct span *names_of(const struct value *v, struct arena *a, size_t *count, struct complaints *c) {
    struct span *names = arena_zeroed(a, (v->count + 1) * sizeof *names);
    for (size_t i = 0; v->type == VALUE_ARRAY && i < v->count; i++) {
        const struct value *name = &v->elements[i].value;
        if (name->type == VALUE_STRING && is_token(name->string)) names[(*count)++] = name->string;
        else complain(c, COMPLAINT_ERROR, name->place, 1, NULL, "expected the name of a field");
    }
    if (v->type != VALUE_ARRAY)
        complain(c, COMPLAINT_ERROR, v->place, 1, NULL, "expected a list of names of fields: ( \"Cookie\", … )");
    return names;
}

/* Whether it is one of ours; all others are options of the host. */
static bool take_part(struct forward_rule *rule, const struct element *e, struct arena *a, struct complaints *c) {
    if (span_is(e->key, SPAN("copy-request"))) rule->sends = names_of(&e->value, a, &rule->send_count, c);
    else if (span_is(e->key, SPAN("copy-response"))) rule->takes = names_of(&e->value, a, &rule->take_count, c);
    else if (span_is(e->key, SPAN("user")) && e->value.type == VALUE_STRING && is_token(e->value.string))
        rule->user = e->value.string;
    else if (span_is(e->key, SPAN("path")) && e->value.type == VALUE_STRING &&
             span_starts(e->value.string, SPAN("/")))
        rule->target = e->value.string;
    else return false;
    return true;
}

/* Of what is copied from the answer, the first that names the user as such servers do. */
static void find_user(struct forward_rule *rule) {
    static const struct span usual[] = {SPAN_INIT("Remote-User"), SPAN_INIT("X-Auth-User"),
                                        SPAN_INIT("X-Forwarded-User"), SPAN_INIT("X-Auth-Request-User")};
    for (size_t i = 0; i < rule->take_count && !rule->user.n; i++)
        for (size_t k = 0; k < sizeof usual / sizeof *usual; k++)
            if (span_is_ci(rule->takes[i], usual[k])) rule->user = rule->takes[i];
}

static void make_rule(struct forward_rule *rule, const struct element *e, struct arena *a, struct complaints *c) {
    static struct span sends[] = {SPAN_INIT("Cookie"), SPAN_INIT("Authorization"), SPAN_INIT("Accept"),
                                  SPAN_INIT("X-Requested-With"), SPAN_INIT("User-Agent")};
    struct value host = {.type = VALUE_ARRAY, .place = e->value.place};
    *rule = (struct forward_rule){.http = {.replace_http_host = true},
                                  .prefix = e->key,
                                  .target = SPAN("/"),
                                  .sends = sends,
                                  .send_count = sizeof sends / sizeof *sends};
    if (e->value.type != VALUE_ARRAY || !e->key.p || (e->key.n && e->key.p[0] != '/')) {
        complain(c, COMPLAINT_ERROR, e->value.place, 1,
                 "write \"/prefix\" => ( \"url\" => \"http://127.0.0.1:9000/verify\" )",
                 "a rule of auth.forward is a prefix of the path and a table");
        return;
    }
    host.elements = arena_zeroed(a, (e->value.count + 1) * sizeof *host.elements);
    for (size_t i = 0; i < e->value.count; i++) {
        const struct element *part = &e->value.elements[i];
        if (part->key.p && span_is(part->key, SPAN("url"))) {
            if (take_url(rule, &part->value, a, &host.elements[host.count])) host.count++;
            else
                complain(c, COMPLAINT_ERROR, part->value.place, 1, "write \"http://127.0.0.1:9000/verify\"",
                         "this is no URL of a server");
        } else if (!part->key.p || !take_part(rule, part, a, c)) host.elements[host.count++] = *part;
    }
    find_user(rule);
    rule->gateway = gateway_single_make(&host, &kind, c);
    if (rule->gateway && rule->gateway->count && rule->gateway->rules[0].count) return;
    if (!complaints_errors(c))
        complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2, "write \"url\" => \"http://127.0.0.1:9000/verify\"",
                 "\"%.*s\" says of no server that decides", SPAN_ARG(e->key));
}

/* ---- rules -------------------------------------------------------------------------------------------- */

void *forward_rules_make(const struct value *v, struct complaints *c) {
    struct forward_rules *rules = memory_zeroed(1, sizeof *rules);
    size_t errors = complaints_errors(c);
    rules->list = memory_zeroed(v->count + 1, sizeof *rules->list);
    rules->count = v->count;
    for (size_t i = 0; i < v->count; i++) make_rule(&rules->list[i], &v->elements[i], &rules->arena, c);
    if (complaints_errors(c) == errors) return rules;
    forward_rules_drop(rules);
    return NULL;
}

void forward_rules_drop(void *compiled) {
    struct forward_rules *rules = compiled;
    if (!rules) return;
    for (size_t i = 0; i < rules->count; i++) gateway_rules_drop(rules->list[i].gateway);
    free(rules->list);
    arena_done(&rules->arena);
    free(rules);
}

bool forward_rules_are_empty(const struct forward_rules *rules) {
    return !rules || rules->count == 0;
}

const struct forward_rule *forward_rule_for(const struct forward_rules *rules, struct span path, bool any_case) {
    for (size_t i = 0; rules && i < rules->count; i++) {
        struct span prefix = rules->list[i].prefix;
        if (any_case ? span_starts_ci(path, prefix) : span_starts(path, prefix)) return &rules->list[i];
    }
    return NULL;
}
