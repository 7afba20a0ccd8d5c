/* rules.c - X.server as a whole: keys with their hosts, and which of them a request is for */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "modules/gateway/backend.h"
#include "modules/gateway/hostoptions.h"
#include "tls/client.h"

/* whole - rules and what they live in */
struct whole {
    struct gateway_rules rules; /* first: it is what others see */
    struct arena arena;
    size_t cap;
};

/* hosts - of a key, in the making */
struct hosts {
    struct gateway_host *list; /* malloc'd until all are known: a host must not move once its backend knows it */
    size_t count, cap;
};

/* making - rules in the making */
struct making {
    struct whole *whole;
    const struct gateway_kind *kind;
    struct complaints *complaints;
    bool ok;
};

static void refuse(struct making *m, struct place at, size_t width, const char *hint, const char *what) {
    complain(m->complaints, COMPLAINT_ERROR, at, width, hint, "%s: %s", m->kind->directive, what);
    m->ok = false;
}

static void host_done(struct gateway_host *h) {
    if (h->backend) backend_unname(h);
    program_drop(h->program);
    tls_client_drop(h->tls);
}

/* ---- a host ---------------------------------------------------------------------------------------------------- */

static void add_host(struct making *m, struct hosts *hosts, struct span label, const struct value *options) {
    struct host_text t = {.options = options, .kind = m->kind, .complaints = m->complaints,
                          .arena = &m->whole->arena, .label = label};
    if (!host_read(&t) || !host_open_tls(&t)) {
        m->ok = false;
        return;
    }
    uint32_t copies = host_copies(&t);
    for (uint32_t n = 0; n < copies; n++) {
        hosts->list = memory_grow(hosts->list, &hosts->cap, hosts->count + 1, sizeof *hosts->list);
        struct gateway_host *h = &hosts->list[hosts->count];
        if (!host_make_copy(&t, n, h)) {
            m->ok = false;
            break;
        }
        h->tls = h->tls ? tls_client_hold(h->tls) : NULL;
        hosts->count++;
    }
    tls_client_drop(t.meant.tls);
}

static void explain_parentheses(struct making *m, const struct element *rule, const struct element *e) {
    char hint[256];
    snprintf(hint, sizeof hint, "write %s = ( \"%.*s\" => ( ( \"host\" => ..., \"port\" => ... ) ) )",
             m->kind->directive, rule->key.n < 60 ? (int)rule->key.n : 0, rule->key.p);
    refuse(m, e->key.p ? e->key_place : e->value.place, e->key.p ? e->key.n + 2 : 1, hint,
           "the options of a host stand in parentheses of their own, within those of the key");
}

/* All hosts of a key. */
static void read_hosts(struct making *m, const struct element *rule, struct hosts *hosts) {
    const struct value *v = &rule->value;
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        if (e->value.type != VALUE_ARRAY) {
            explain_parentheses(m, rule, e);
            return;
        }
    }
    for (size_t i = 0; i < v->count; i++)
        add_host(m, hosts, v->elements[i].key.p ? v->elements[i].key : SPAN(""), &v->elements[i].value);
    if (v->count == 0) refuse(m, v->place, 1, NULL, "there is no host for this key");
}

/* ---- a rule ---------------------------------------------------------------------------------------------------- */

static struct gateway_rule *new_rule(struct making *m, struct span key) {
    struct gateway_rules *g = &m->whole->rules;
    g->rules = memory_grow(g->rules, &m->whole->cap, g->count + 1, sizeof *g->rules);
    struct gateway_rule *rule = &g->rules[g->count++];
    *rule = (struct gateway_rule){.key = key, .is_prefix = key.n && key.p[0] == '/'};
    g->has_prefixes |= rule->is_prefix;
    g->has_suffixes |= key.n && !rule->is_prefix;
    return rule;
}

/* Those of the hosts that are authorizers, or those that are not, become a rule: from now on they stay in place. */
static void keep_hosts(struct making *m, struct span key, const struct hosts *hosts, bool authorizers) {
    size_t count = 0;
    for (size_t i = 0; i < hosts->count; i++) count += hosts->list[i].is_authorizer == authorizers;
    if (count == 0) return;
    struct gateway_rule *rule = new_rule(m, key);
    rule->hosts = arena_get(&m->whole->arena, count * sizeof *rule->hosts);
    rule->is_authorizer = authorizers;
    m->whole->rules.has_authorizers |= authorizers;
    for (size_t i = 0; i < hosts->count; i++) {
        if (hosts->list[i].is_authorizer != authorizers) continue;
        struct gateway_host *h = &rule->hosts[rule->count++];
        *h = hosts->list[i];
        h->backend = backend_for(h);
    }
}

static void add_rule(struct making *m, struct span key, struct hosts *hosts) {
    if (m->ok) {
        keep_hosts(m, key, hosts, true);
        keep_hosts(m, key, hosts, false);
    } else {
        for (size_t i = 0; i < hosts->count; i++) host_done(&hosts->list[i]);
    }
    free(hosts->list);
}

static void read_rule(struct making *m, const struct element *e) {
    struct hosts hosts = {0};
    char hint[160];
    if (e->value.type != VALUE_ARRAY) {
        snprintf(hint, sizeof hint, "write %s = ( \"%s\" => ( ( \"host\" => ..., \"port\" => ... ) ) )",
                 m->kind->directive, m->kind->only_everything ? "" : "/prefix");
        refuse(m, e->key_place, e->key.n + 2, hint,
               host_is_option(e->key) ? "the outermost keys say for which URLs the hosts are"
                                      : "a key is followed by its hosts in parentheses");
        return;
    }
    if (m->kind->only_everything && e->key.n) {
        snprintf(hint, sizeof hint, "write %s = ( \"\" => ( ( ... ) ) )", m->kind->directive);
        refuse(m, e->key_place, e->key.n + 2, hint, "there are no URLs on such connections: the key is \"\"");
        return;
    }
    read_hosts(m, e, &hosts);
    struct gateway_rules *g = &m->whole->rules;
    size_t known = g->count;
    add_rule(m, e->key, &hosts);
    while (known < g->count) g->rules[known++].place = e->key_place;
}

static struct making begin(const struct gateway_kind *kind, struct complaints *c) {
    struct whole *w = memory_zeroed(1, sizeof *w);
    w->rules.kind = kind;
    return (struct making){w, kind, c, true};
}

static struct gateway_rules *end(const struct making *m) {
    if (m->ok) return &m->whole->rules;
    gateway_rules_drop(&m->whole->rules);
    return NULL;
}

struct gateway_rules *gateway_rules_make(const struct value *v, const struct gateway_kind *kind,
                                         struct complaints *c) {
    struct making m = begin(kind, c);
    for (size_t i = 0; i < v->count; i++) read_rule(&m, &v->elements[i]);
    return end(&m);
}

struct gateway_rules *gateway_single_make(const struct value *v, const struct gateway_kind *kind,
                                          struct complaints *c) {
    struct making m = begin(kind, c);
    struct hosts hosts = {0};
    bool is_host = v->type == VALUE_ARRAY;
    for (size_t i = 0; is_host && i < v->count; i++) is_host = v->elements[i].key.p != NULL;
    if (is_host) add_host(&m, &hosts, SPAN(""), v);
    else refuse(&m, v->place, 1, NULL, "expected the options of a host: ( \"host\" => ..., \"port\" => ... )");
    add_rule(&m, SPAN(""), &hosts);
    return end(&m);
}

void gateway_rules_drop(void *rules) {
    struct whole *w = rules;
    if (!w) return;
    for (size_t i = 0; i < w->rules.count; i++)
        for (size_t j = 0; j < w->rules.rules[i].count; j++) host_done(&w->rules.rules[i].hosts[j]);
    free(w->rules.rules);
    arena_done(&w->arena);
    free(w);
}

/* ---- finding one ----------------------------------------------------------------------------------------------- */

static const struct gateway_rule *find_mapped(const struct gateway_rules *g, const struct value *map,
                                              struct span path, bool authorizers) {
    for (size_t i = 0; i < map->count; i++) {
        const struct element *e = &map->elements[i];
        if (e->key.n == 0 || !span_ends(path, e->key)) continue;
        for (size_t j = 0; j < g->count; j++)
            if (g->rules[j].is_authorizer == authorizers && span_is(g->rules[j].key, e->value.string))
                return &g->rules[j];
        return NULL;
    }
    return NULL;
}

const struct gateway_rule *gateway_rule_find(const struct gateway_rules *g, const struct value *map_extensions,
                                             struct span url_path, struct span path, bool authorizers) {
    const struct gateway_rule *mapped = map_extensions ? find_mapped(g, map_extensions, path, authorizers) : NULL;
    if (mapped) return mapped;
    for (size_t i = 0; i < g->count; i++) {
        const struct gateway_rule *rule = &g->rules[i];
        if (rule->is_authorizer != authorizers) continue;
        if (rule->is_prefix ? span_starts(url_path, rule->key) : span_ends(path, rule->key)) return rule;
    }
    return NULL;
}
