/* mod_fastcgi.c - FastCGI: PHP and other applications that stay in memory */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/cgilike.h"

extern const struct module mod_fastcgi;

static const struct gateway_kind kind = {
    .directive = "fastcgi.server",
    .check_local = true,
    .has_check_local = true,
    .has_authorizers = true,
    .has_programs = true,
    .codec = &fastcgi_codec,
};

static const struct cgilike defaults = {.name = "fastcgi", .kind = &kind, .module = &mod_fastcgi};

static void *compile_rules(const struct value *v, struct complaints *c) {
    return gateway_rules_make(v, &kind, c);
}

static const struct directive directives[] = {
    CGILIKE_DIRECTIVES("fastcgi", compile_rules,
                       "Prefixes of URLs and ends of paths, each with the FastCGI applications that answer them."),
    DIRECTIVE_END};

const struct module mod_fastcgi = {
    MODULE_ABI, "mod_fastcgi",     directives,   cgilike_hooks, sizeof(struct cgilike),
    &defaults,  cgilike_is_active, &gateway_work};
