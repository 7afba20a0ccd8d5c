/* mod_indexfile.c - a directory is answered by a file in it: index-file.names */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>

#include "net/file.h"
#include "server/module.h"

struct settings {
    const struct value *names;
};

static const struct settings defaults = {NULL};

static const struct directive directives[] = {
    {"index-file.names", DIRECTIVE_LIST, SCOPE_ANY, offsetof(struct settings, names),
     "Files that answer for their directory, the first that exists; a leading \"/\" starts at the document root.",
     NULL, NULL, 0, NULL},
    {"server.indexfiles", DIRECTIVE_LIST, SCOPE_ANY, offsetof(struct settings, names),
     "Old spelling of index-file.names.", NULL, NULL, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->names && s->names->count;
}

static bool is_missing(int error) {
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}

/* From here on the request is one for that file: conditions of other modules (".php" => …) look at its path. */
static void take(struct request *r, struct span name, struct span path) {
    struct arena *a = &r->arena;
    struct physical *p = &r->physical;
    if (name.p[0] == '/') {
        p->basedir = p->docroot;
        p->rel_path = r->in.uri.path = name;
    } else {
        p->rel_path = arena_join(a, p->rel_path, name);
        r->in.uri.path = arena_join(a, r->in.uri.path, name);
    }
    p->path = path;
}

static enum handler refuse(struct request *r, struct span path, int error) {
    bool forbidden = error == EACCES || error == ELOOP;
    request_lasts(r, forbidden ? LASTS_A_SECOND : LASTS_NOT);
    return request_refuse_for(r, forbidden ? 403 : 500, NULL, "%.*s: %s", SPAN_ARG(path), strerror(error));
}

static enum handler look_for_index(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct span directory = r->physical.path;
    if (directory.n == 0 || directory.p[directory.n - 1] != '/') return HANDLER_GO_ON;
    for (size_t i = 0; i < s->names->count; i++) {
        struct span name = s->names->elements[i].value.string;
        struct file_state state;
        if (name.n == 0) continue;
        struct span path = arena_join(&r->arena, name.p[0] == '/' ? r->physical.docroot : directory, name);
        int error = file_look(path.p, &state);
        if (error && !is_missing(error)) return refuse(r, path, error);
        if (!error && S_ISREG(state.mode)) {
            take(r, name, path);
            return HANDLER_GO_ON;
        }
        request_lasts(r, LASTS_A_SECOND); /* what is missing now may be there soon */
    }
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_SUBREQUEST_START, look_for_index, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_indexfile = {MODULE_ABI, "mod_indexfile", directives, hooks, sizeof(struct settings),
                                     &defaults, is_active, NULL};
