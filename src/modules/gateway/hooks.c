/* hooks.c - which requests are for a gateway: by URL, by file; and authorizers */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/exchange.h"

/* ---- authorizers (FastCGI 1.0, 6.3) ----------------------------------------------------------- */

/* "Variable-REMOTE_USER: joe" becomes REMOTE_USER for whoever answers the request. */
static void take_variables(struct request *r, const struct fields *from) {
    static const struct span prefix = SPAN_INIT("Variable-");
    for (uint32_t i = 0; i < from->count; i++) {
        const struct field *f = &from->list[i];
        if (!span_starts_ci(f->name, prefix) || f->name.n == prefix.n) continue;
        struct span name = span_from(f->name, prefix.n);
        fields_set_named(&r->env, &r->arena, name, f->value);
        if (span_is(name, SPAN("REMOTE_USER"))) r->user = f->value;
    }
}

/* It says no: its answer is the client's. */
static enum handler deny(struct request *r, const struct message_pair *p) {
    r->status = p->status;
    for (uint32_t i = 0; i < p->fields.count; i++) {
        const struct field *f = &p->fields.list[i];
        if (f->id != HEADER_CONTENT_LENGTH && f->id != HEADER_DATE)
            fields_append(&r->out, &r->arena, f->id, f->name, f->value);
    }
    for (unsigned i = 0; i < p->body.count; i++) {
        const struct chunk *c = chunks_at(&p->body, i);
        chunks_add_copy(&r->body, (struct span){chunk_bytes(c), (size_t)c->left});
    }
    return HANDLER_FINISHED;
}

static enum handler authorize(struct request *r, const struct gateway_ask *ask, const struct gateway_rule *rule) {
    struct gateway_ask question = *ask;
    const struct message_pair *answer = NULL;
    question.rule = rule;
    question.answer = NULL;
    enum handler word = gateway_consult(r, &question, request_data(r, ask->module), &answer);
    if (word != HANDLER_GO_ON) return word;
    if (answer->status == 0) {
        if (!request_has_reason(r)) request_reason(r, ask->kind->directive, "the authorizer has not answered");
        return request_refuse_with(r, r->status);
    }
    if (answer->status != 200) return deny(r, answer);
    take_variables(r, &answer->fields);
    return HANDLER_GO_ON;
}

/* ---- the hooks -------------------------------------------------------------------------------- */

static enum handler take(struct request *r, const struct gateway_ask *ask, const struct gateway_rule *rule) {
    struct gateway_ask question = *ask;
    question.rule = rule;
    return gateway_take(r, &question);
}

enum handler gateway_by_url(struct request *r, const struct gateway_ask *ask, const struct gateway_rules *rules) {
    struct span path = r->in.uri.path;
    if (rules->has_authorizers && ask->module && !r->error_status) {
        const struct gateway_rule *rule = gateway_rule_find(rules, ask->map_extensions, path, path, true);
        enum handler word = rule ? authorize(r, ask, rule) : HANDLER_GO_ON;
        if (word != HANDLER_GO_ON) return word;
    }
    const struct gateway_rule *rule = gateway_rule_find(rules, ask->map_extensions, path, path, false);
    if (!rule || rule->count == 0 || rule->hosts[0].check_local) return HANDLER_GO_ON;
    return take(r, ask, rule);
}

/* Whoever comes here has a file at physical.path. */
enum handler gateway_by_path(struct request *r, const struct gateway_ask *ask, const struct gateway_rules *rules,
                             const struct value *map_extensions) {
    const struct gateway_rule *rule =
        gateway_rule_find(rules, map_extensions, r->in.uri.path, r->physical.path, false);
    if (!rule || rule->count == 0 || !rule->hosts[0].check_local) return HANDLER_GO_ON;
    return take(r, ask, rule);
}
