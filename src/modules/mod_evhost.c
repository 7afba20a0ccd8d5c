/* mod_evhost.c - document roots made of the host's name: evhost.path-pattern */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>

#include "modules/hostpattern.h"
#include "net/file.h"
#include "server/module.h"

struct settings {
    const struct host_pattern *pattern;
};

static const struct settings defaults = {NULL};

static const struct directive directives[] = {
    {"evhost.path-pattern", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, pattern),
     "The document root, with %_ for the host, %0 for its last two labels, %1 for the last one and so on.",
     host_pattern_make, host_pattern_drop, DIRECTIVE_READS_IN, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->pattern != NULL;
}

/* Without such a directory the document root stays what it was. */
static enum handler choose_root(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct span host = host_without_port(r->in.authority);
    struct file_state state;
    struct buf path = {0};
    if (!host_is_name(host)) return HANDLER_GO_ON;
    host_pattern_expand(s->pattern, host, &path);
    struct span root = path.n ? arena_copy(&r->arena, buf_span(&path)) : SPAN("");
    buf_done(&path);
    int error = root.n ? file_look(root.p, &state) : ENOENT;
    if (error == 0 && S_ISDIR(state.mode)) {
        r->physical.docroot = root;
        request_counts_for(r, host);
        return HANDLER_GO_ON;
    }
    request_lasts(r, LASTS_A_SECOND);
    if (request_core(r)->log_not_found)
        request_say(r, LOG_IS_NOTE, "no document root for %.*s: %.*s: %s", SPAN_ARG(host), SPAN_ARG(root),
                    error ? strerror(error) : "not a directory");
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_DOCROOT, choose_root, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_evhost = {MODULE_ABI, "mod_evhost", directives, hooks, sizeof(struct settings),
                                  &defaults,  is_active, NULL};
