/* mod_sockproxy.c - connections passed on as they are: sockproxy.server */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/exchange.h"

struct settings {
    const struct gateway_rules *rules;
    const enum gateway_balance *balance;
    uint32_t debug;
};

static const struct settings defaults = {NULL, NULL, 0};

extern const struct module mod_sockproxy;

/* ---- bytes as they come ----------------------------------------------------------------------- */

static int begin(struct message_pair *p, struct chunks *out) {
    (void)out;
    p->status = 200;
    p->is_tunnel = true;
    return 0;
}

static uint64_t body(struct message_pair *p, struct chunks *out, struct chunks *from, uint64_t max) {
    uint64_t n = from->bytes < max ? from->bytes : max;
    (void)p;
    chunks_take(out, from, n);
    return n;
}

static enum take take(struct message_pair *p, struct span *in) {
    pair_body(p, *in);
    *in = span_from(*in, in->n);
    return TAKE_MORE;
}

static enum take end_of_backend(struct message_pair *p) {
    (void)p;
    return TAKE_END;
}

static const struct codec raw_codec = {
    .name = "sockproxy", .begin = begin, .body = body, .take = take, .eof = end_of_backend, .half_closes = true};

static const struct gateway_kind kind = {
    .directive = "sockproxy.server", .only_everything = true, .codec = &raw_codec};

/* ---- directives ------------------------------------------------------------------------------- */

static void *compile_server(const struct value *v, struct complaints *c) {
    return gateway_rules_make(v, &kind, c);
}

#define ROW(name, type, field, compile, discard, help) \
    { name, type, SCOPE_ANY, offsetof(struct settings, field), help, compile, discard, 0, NULL }

static const struct directive directives[] = {
    ROW("sockproxy.server", DIRECTIVE_TABLE, rules, compile_server, gateway_rules_drop,
        "Backends that get whole connections, whatever is spoken on them; in $SERVER[\"socket\"]."),
    ROW("sockproxy.balance", DIRECTIVE_STRING, balance, gateway_balance_make, NULL,
        "How one of several hosts is chosen."),
    ROW("sockproxy.debug", DIRECTIVE_INT, debug, NULL, NULL, "Above 0 the log names each connection."),
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->rules && s->rules->count;
}

/* ---- at work ---------------------------------------------------------------------------------- */

static enum handler pass_on(struct request *r, const void *settings) {
    const struct settings *s = settings;
    const struct gateway_rule *rule = &s->rules->rules[0];
    const struct gateway_ask ask = {.kind = &kind,
                                    .rule = rule,
                                    .balance = gateway_balance_of(s->balance),
                                    .settings = s,
                                    .module = &mod_sockproxy,
                                    .upgrades = true};
    if (s->debug)
        request_say(r, LOG_IS_NOTE, "sockproxy: the connection is passed on to %.*s%s",
                    SPAN_ARG(rule->hosts[0].label), rule->count > 1 ? " or another" : "");
    request_be_tunnel(r);
    return gateway_take(r, &ask);
}

static const struct hook hooks[] = {{PHASE_ACCEPT, pass_on, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_sockproxy = {MODULE_ABI, "mod_sockproxy", directives,   hooks, sizeof(struct settings),
                                     &defaults,  is_active,       &gateway_work};
