/* cgilike.h - what the modules share whose answers are like a CGI program's: mod_fastcgi, mod_scgi, mod_ajp13 */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_CGILIKE_H
#define GOLDCREST_GATEWAY_CGILIKE_H

#include "modules/gateway/debug.h"
#include "modules/gateway/exchange.h"

/* cgilike - settings; those of a module begin with it. The first three are the module's, in its defaults: no
 * directive changes them. */
struct cgilike {
    const char *name; /* "fastcgi" */
    const struct gateway_kind *kind;
    const struct module *module;
    const struct gateway_rules *rules;
    const enum gateway_balance *balance;
    const struct value *map_extensions;
    uint32_t debug;
};

/* The rows of NAME.server, NAME.balance, NAME.debug and NAME.map-extensions. */
#define CGILIKE_DIRECTIVES(name, compile_rules, help)                                                            \
    {name ".server", DIRECTIVE_TABLE, SCOPE_ANY, offsetof(struct cgilike, rules), help, compile_rules,           \
     gateway_rules_drop, 0, NULL},                                                                               \
    {name ".balance", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct cgilike, balance),                            \
     "How one of several hosts is chosen: \"least-connection\", \"round-robin\", \"hash\" or \"sticky\".",       \
     gateway_balance_make, NULL, 0, NULL},                                                                       \
    {name ".debug", DIRECTIVE_INT, SCOPE_ANY, offsetof(struct cgilike, debug),                                   \
     "What is said in the log of each request: 1 who answered, 2 with which fields, 3 also what was asked.",     \
     NULL, NULL, 0, NULL},                                                                                       \
    {name ".map-extensions", DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct cgilike, map_extensions),                 \
     "Ends of paths that are answered as others are: ( \".php3\" => \".php\" ).", NULL, NULL, 0, NULL}

bool cgilike_is_active(const void *settings);

extern const struct hook cgilike_hooks[];

#endif
