/* debug.c - fastcgi.debug, scgi.debug, ajp13.debug: what was asked and answered, in the log */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/debug.h"

#include "modules/gateway/exchange.h"

struct saying {
    const struct request *r;
    const char *name;
};

static bool is_secret(struct span name) {
    static const struct span secrets[] = {SPAN_INIT("HTTP_AUTHORIZATION"), SPAN_INIT("HTTP_COOKIE"),
                                          SPAN_INIT("HTTP_PROXY_AUTHORIZATION")};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (span_is(name, secrets[i])) return true;
    return false;
}

static void say_variable(void *arg, struct span name, struct span value) {
    const struct saying *s = arg;
    if (is_secret(name)) value = SPAN("(not shown)");
    request_say(s->r, LOG_IS_NOTE, "%s.debug: %.*s=%.*s", s->name, SPAN_ARG(name), SPAN_ARG(value));
}

void gateway_debug(const struct message_pair *p, const char *name, uint32_t verbosity) {
    struct saying saying = {p->r, name};
    const struct environment_sink sink = {say_variable, &saying};
    if (verbosity == 0) return;
    if (verbosity >= 3) environment_each(p, &sink);
    request_say(p->r, LOG_IS_NOTE, "%s.debug: %.*s %.*s: \"%.*s\", host %.*s, answers %d", name,
                SPAN_ARG(p->r->in.method_text), SPAN_ARG(p->r->in.target_sent), SPAN_ARG(p->rule->key),
                SPAN_ARG(p->host->label), p->status);
    for (uint32_t i = 0; verbosity >= 2 && i < p->fields.count; i++)
        request_say(p->r, LOG_IS_NOTE, "%s.debug: %.*s: %.*s", name, SPAN_ARG(p->fields.list[i].name),
                    SPAN_ARG(p->fields.list[i].value));
}
