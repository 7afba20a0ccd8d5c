/* mod_cgi.c - programs that answer a request each (RFC 3875) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "modules/cgi/cgi.h"
#include "net/file.h"

static const struct cgi_settings defaults = {NULL, NULL, NULL, false, false, false, false};

#define FIELD(field) offsetof(struct cgi_settings, field)

static const struct directive directives[] = {
    {"cgi.assign", DIRECTIVE_MAP, SCOPE_ANY, FIELD(assign),
     "Ends of file names, each with the interpreter that runs such files; \"\" runs the file itself.", NULL, NULL,
     DIRECTIVE_RUNS, NULL},
    {"cgi.execute-x-only", DIRECTIVE_BOOL, SCOPE_ANY, FIELD(execute_x_only),
     "Files that are not executable are refused (403), also if an interpreter would run them.", NULL, NULL, 0, NULL},
    {"cgi.x-sendfile", DIRECTIVE_BOOL, SCOPE_ANY, FIELD(x_sendfile),
     "Programs may name a file that is sent in place of their output (X-Sendfile).", NULL, NULL, 0, NULL},
    {"cgi.x-sendfile-docroot", DIRECTIVE_LIST, SCOPE_ANY, FIELD(x_sendfile_docroot),
     "The directories that such files must lie in; the document root by default.", NULL, NULL, DIRECTIVE_READS,
     NULL},
    {"cgi.local-redir", DIRECTIVE_BOOL, SCOPE_ANY, FIELD(local_redir),
     "A Location that is a path is answered here, without a round to the client (RFC 3875 6.2.2).", NULL, NULL, 0,
     NULL},
    {"cgi.upgrade", DIRECTIVE_BOOL, SCOPE_ANY, FIELD(upgrade),
     "Programs may change the protocol (101), to WebSocket for example.", NULL, NULL, 0, NULL},
    {"cgi.limits", DIRECTIVE_TABLE, SCOPE_ANY, FIELD(limits),
     "How many programs run at once, seconds that one may neither say nor take anything, and the signal it gets when "
     "its client is gone.",
     cgi_limits_make, free, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct cgi_settings *s = settings;
    return s->assign && s->assign->count;
}

const struct span *cgi_interpreter(const struct cgi_settings *s, struct span path) {
    for (size_t i = 0; s->assign && i < s->assign->count; i++)
        if (span_ends(path, s->assign->elements[i].key)) return &s->assign->elements[i].value.string;
    return NULL;
}

static const struct gateway_kind kind = {.directive = "cgi.assign", .codec = &cgi_codec};

static enum handler answer(struct message_pair *p) {
    const struct cgi_settings *s = p->settings;
    return cgi_answer(p, s->x_sendfile, s->x_sendfile_docroot, s->local_redir);
}

/* server.follow-symlink = "disable": nothing on the way to the program may be a link. */
static bool leads_through_link(const struct request *r, struct span path) {
    if (request_core(r)->follow_symlink) return false;
    struct file *f = file_open_without_links(path.p);
    bool is_link = !f && errno == ELOOP;
    file_drop(f);
    return is_link;
}

static enum handler take(struct request *r, const void *settings) {
    const struct cgi_settings *s = settings;
    struct span path = r->physical.path;
    struct file_state file;
    if (path.n == 0 || !cgi_interpreter(s, path)) return HANDLER_GO_ON;
    request_lasts(r, LASTS_A_SECOND);
    if (file_look(path.p, &file) != 0 || !S_ISREG(file.mode)) return HANDLER_GO_ON;
    if (s->execute_x_only && !(file.mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
        return request_refuse_for(r, 403, "cgi.execute-x-only", "%.*s is not executable", SPAN_ARG(path));
    if (leads_through_link(r, path))
        return request_refuse_for(r, 403, "server.follow-symlink", "%.*s leads through a symbolic link",
                                  SPAN_ARG(path));
    const struct gateway_ask ask = {.kind = &kind, .settings = s, .answer = answer, .upgrades = s->upgrade};
    return gateway_take_by(r, &ask, &cgi_transport, NULL);
}

static const struct hook hooks[] = {{PHASE_SUBREQUEST_START, take, LASTS}, {PHASE_COUNT, NULL, LASTS}};

static const struct module_work work = {NULL, cgi_runs_end, NULL, NULL, NULL, false};

const struct module mod_cgi = {MODULE_ABI, "mod_cgi", directives, hooks, sizeof(struct cgi_settings),
                               &defaults,  is_active, &work};
