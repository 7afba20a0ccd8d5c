/* mod_simple_vhost.c - a directory per host below one root: simple-vhost.* */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <sys/stat.h>

#include "modules/hostpattern.h"
#include "net/file.h"
#include "server/module.h"

struct settings {
    struct span server_root, default_host, document_root;
    uint32_t debug;
};

static const struct settings defaults = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0};

#define ROW(name, type, field, help) \
    { name, DIRECTIVE_##type, SCOPE_ANY, offsetof(struct settings, field), help, NULL, NULL, 0, NULL }

static const struct directive directives[] = {
    {"simple-vhost.server-root", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, server_root),
     "The directory that holds a directory per host.", NULL, NULL, DIRECTIVE_READS, NULL},
    ROW("simple-vhost.default-host", STRING, default_host, "The host whose directory serves those that have none."),
    ROW("simple-vhost.document-root", STRING, document_root, "The document root below the directory of a host."),
    ROW("simple-vhost.debug", SHORT, debug, "1: notes in the log which document root was chosen."), DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->server_root.n > 0;
}

static struct span without_slashes(struct span s) {
    while (s.n && s.p[0] == '/') s = span_from(s, 1);
    return s;
}

/* Takes the host's document root, if that is a directory. */
static bool use_host(struct request *r, const struct settings *s, struct span host) {
    struct span root = s->server_root, below = without_slashes(s->document_root);
    struct file_state state;
    while (root.n && root.p[root.n - 1] == '/') root.n--;
    struct span path = arena_printf(&r->arena, "%.*s/%.*s/%.*s", SPAN_ARG(root), SPAN_ARG(host), SPAN_ARG(below));
    if (file_look(path.p, &state) != 0 || !S_ISDIR(state.mode)) return false;
    r->physical.docroot = path;
    request_counts_for(r, host);
    if (s->debug) request_say(r, LOG_IS_NOTE, "the document root is %.*s", SPAN_ARG(path));
    return true;
}

static enum handler choose_root(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct span host = host_without_port(r->in.authority);
    if (host_is_name(host)) {
        if (use_host(r, s, host)) return HANDLER_GO_ON;
        request_lasts(r, LASTS_A_SECOND); /* its directory may come */
    }
    if (s->default_host.n && use_host(r, s, s->default_host)) return HANDLER_GO_ON;
    request_lasts(r, LASTS_A_SECOND);
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_DOCROOT, choose_root, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_simple_vhost = {MODULE_ABI, "mod_simple_vhost", directives, hooks, sizeof(struct settings),
                                        &defaults,  is_active, NULL};
