/* mod_ajp13.c - AJP13: Tomcat and its kin */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/cgilike.h"

extern const struct module mod_ajp13;

static const struct gateway_kind kind = {
    .directive = "ajp13.server",
    .codec = &ajp13_codec,
};

static const struct cgilike defaults = {.name = "ajp13", .kind = &kind, .module = &mod_ajp13};

static void *compile_rules(const struct value *v, struct complaints *c) {
    return gateway_rules_make(v, &kind, c);
}

static const struct directive directives[] = {
    CGILIKE_DIRECTIVES("ajp13", compile_rules,
                       "Prefixes of URLs, each with the AJP13 servers that answer them."),
    DIRECTIVE_END};

const struct module mod_ajp13 = {
    MODULE_ABI, "mod_ajp13",     directives,   cgilike_hooks, sizeof(struct cgilike),
    &defaults,  cgilike_is_active, &gateway_work};
