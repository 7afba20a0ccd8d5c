/* urlrules.c - pattern lists applied to a request's target */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/urlrules.h"

/* $HTTP["url"] is the decoded path: what it captured must be encoded to stand in a URL again. */
static bool captures_path(const struct block *b) {
    while (b && b->op != COND_MATCH) b = b->parent;
    return b && span_is(b->left, SPAN("HTTP")) && span_is(b->item, SPAN("url"));
}

struct url_parts request_url_parts(struct request *r) {
    struct url_parts parts;
    struct addr local;
    struct span target = r->in.uri.target;
    request_local_addr(r, &local);
    parts.scheme = r->is_tls ? SPAN("https") : SPAN("http");
    parts.authority = r->in.authority.n ? r->in.authority : r->server_name;
    parts.authority_noport = host_without_port(parts.authority);
    parts.port = arena_printf(&r->arena, "%u", (unsigned)addr_port(&local));
    parts.path = span_upto(target, span_find(target, '?'));
    parts.query = r->in.uri.query;
    return parts;
}

void request_template_captures(struct request *r, const struct template *t, const struct block *set_in,
                               struct captures *captures, struct template_inputs *in) {
    captures->count = 0;
    in->condition = captures;
    if (!template_uses_condition(t)) return;
    request_captures(r, set_in, captures);
    in->condition_is_decoded = captures_path(set_in);
}

/* The rule that has matched, and what its groups have captured. */
static void say_rule(struct request *r, const struct rule *rule, const struct captures *own) {
    struct buf text = {0};
    for (unsigned i = 1; i < own->count; i++)
        buf_printf(&text, "%s$%u=%.*s", i > 1 ? " " : ", ", i, SPAN_ARG(own->group[i]));
    request_note(r, rule->place, "\"%.*s\" matches%.*s%s", SPAN_ARG(rule->text), SPAN_ARG(buf_span(&text)),
                 template_is_empty(rule->replacement) ? ": the URL stays as it is" : "");
    buf_done(&text);
}

enum rules_word request_apply_rules(struct request *r, const struct rules *rules, const struct block *set_in,
                                    struct span *result) {
    struct captures own, around;
    if (r->in.uri.target.n == 0 || r->in.uri.target.p[0] != '/')
        return RULES_NO_MATCH; /* "*", or a CONNECT's authority */
    const struct rule *rule = rules_find(rules, r->in.uri.target, &own);
    if (!rule) return RULES_NO_MATCH;
    if (request_is_rehearsed(r)) say_rule(r, rule, &own);
    if (template_is_empty(rule->replacement)) return RULES_STOP;
    struct template_inputs in = {.rule = &own, .url = request_url_parts(r)};
    request_template_captures(r, rule->replacement, set_in, &around, &in);
    struct buf out = {0};
    template_expand(rule->replacement, &in, &out);
    *result = out.n ? arena_copy(&r->arena, buf_span(&out)) : SPAN("");
    buf_done(&out);
    return RULES_REPLACED;
}
