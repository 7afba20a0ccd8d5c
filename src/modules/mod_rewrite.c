/* mod_rewrite.c - changes the URL of a request within the server: url.rewrite-once and its kin */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <sys/stat.h>

#include "modules/urlrules.h"
#include "net/file.h"
#include "server/module.h"

/* rule_set - once: a match ends all rewriting of the request; repeat: everything starts anew, rules included */
struct rule_set {
    const struct rules *once;
    const struct block *once_in;
    const struct rules *repeat;
    const struct block *repeat_in;
};

struct settings {
    struct rule_set always, if_not_file;
};

static const struct settings defaults = {{NULL, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL}};

extern const struct module mod_rewrite;

#define ROW(name, field, help) \
    { \
        name, DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, field), help, rules_make, rules_drop, \
            DIRECTIVE_IN_BLOCK, NULL \
    }

static const struct directive directives[] = {
    ROW("url.rewrite-once", always.once,
        "Patterns of path and query, each with a new path; the first match is the last."),
    ROW("url.rewrite-final", always.once, "Old spelling of url.rewrite-once."),
    ROW("url.rewrite", always.once, "Old spelling of url.rewrite-once."),
    ROW("url.rewrite-repeat", always.repeat,
        "The same, but after a match the rules are tried again, at most 100 times."),
    ROW("url.rewrite-if-not-file", if_not_file.once,
        "As url.rewrite-once, for requests whose path is no regular file."),
    ROW("url.rewrite-repeat-if-not-file", if_not_file.repeat,
        "As url.rewrite-repeat, for requests whose path is no regular file."),
    DIRECTIVE_END};

static bool has_rules(const struct rule_set *set) {
    return (set->once && set->once->count) || (set->repeat && set->repeat->count);
}

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return has_rules(&s->always) || has_rules(&s->if_not_file);
}

static enum handler come_back_as(struct request *r, struct span target) {
    if (target.n == 0 || target.p[0] != '/') {
        request_reason(r, NULL, "\"%.*s\" was rewritten to \"%.*s\", which does not begin with \"/\"",
                       SPAN_ARG(r->in.uri.target), SPAN_ARG(target));
        return HANDLER_ERROR;
    }
    if (request_set_target(r, target)) return HANDLER_COMEBACK;
    request_reason(r, "url.rewrite-once", "\"%.*s\" was rewritten to \"%.*s\", which is no valid target",
                   SPAN_ARG(r->in.uri.target), SPAN_ARG(target));
    return HANDLER_ERROR;
}

/* The mark in request_data() says that a "once" rule has been carried out: from then on the URL stays as it is. */
static enum handler apply(struct request *r, const struct rule_set *set) {
    static char done;
    void **mark = request_data(r, &mod_rewrite);
    struct span target;
    enum rules_word word = RULES_NO_MATCH;
    if (set->once) word = request_apply_rules(r, set->once, set->once_in, &target);
    if (word == RULES_REPLACED) *mark = &done;
    if (word == RULES_NO_MATCH && set->repeat) word = request_apply_rules(r, set->repeat, set->repeat_in, &target);
    return word == RULES_REPLACED ? come_back_as(r, target) : HANDLER_GO_ON;
}

static enum handler rewrite(struct request *r, const void *settings) {
    const struct settings *s = settings;
    if (!has_rules(&s->always) || *request_data(r, &mod_rewrite)) return HANDLER_GO_ON;
    return apply(r, &s->always);
}

static enum handler rewrite_if_not_file(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct file_state state;
    if (!has_rules(&s->if_not_file) || *request_data(r, &mod_rewrite)) return HANDLER_GO_ON;
    request_lasts(r, LASTS_A_SECOND);
    if (file_look(r->physical.path.p, &state) == 0 && S_ISREG(state.mode)) return HANDLER_GO_ON;
    return apply(r, &s->if_not_file);
}

static const struct hook hooks[] = {
    {PHASE_URI_RAW, rewrite, LASTS}, {PHASE_PHYSICAL, rewrite_if_not_file, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_rewrite = {MODULE_ABI, "mod_rewrite", directives, hooks, sizeof(struct settings),
                                   &defaults,  is_active, NULL};
