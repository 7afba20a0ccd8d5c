/* mod_staticfile.c - files as they are */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>

#include "http/date.h"
#include "http/etag.h"
#include "http/mime.h"
#include "net/file.h"
#include "server/module.h"

struct settings {
    const struct value *excluded;
    bool etags, no_path_info;
};

static const struct settings defaults = {NULL, true, true};

static const struct directive directives[] = {
    {"static-file.exclude-extensions", DIRECTIVE_LIST, SCOPE_ANY, offsetof(struct settings, excluded),
     "Ends of file names that are never given away as files (403): the sources of scripts.", NULL, NULL, 0, NULL},
    {"static-file.etags", DIRECTIVE_BOOL, SCOPE_ANY, offsetof(struct settings, etags), "Files have an ETag.", NULL,
     NULL, 0, NULL},
    {"static-file.disable-pathinfo", DIRECTIVE_BOOL, SCOPE_ANY, offsetof(struct settings, no_path_info),
     "A URL that goes on behind a file's name is not found (404).", NULL, NULL, 0, NULL},
    DIRECTIVE_END};

static bool is_excluded(const struct settings *s, struct span path, bool any_case) {
    for (size_t i = 0; s->excluded && i < s->excluded->count; i++) {
        struct span suffix = s->excluded->elements[i].value.string;
        if (suffix.n && (any_case ? span_ends_ci(path, suffix) : span_ends(path, suffix))) return true;
    }
    return false;
}

/* What the error of an open means to the client. What may pass by itself is not kept. */
static enum handler refuse(struct request *r, int error) {
    static const struct {
        int error, status;
        enum lasting lasting;
    } table[] = {
        {EACCES, 403, LASTS_A_SECOND}, {EPERM, 403, LASTS_A_SECOND},   {ELOOP, 403, LASTS_A_SECOND},
        {ENOENT, 404, LASTS_A_SECOND}, {ENOTDIR, 404, LASTS_A_SECOND}, {EMFILE, 503, LASTS_NOT},
        {ENFILE, 503, LASTS_NOT},      {ENOMEM, 503, LASTS_NOT},
    };
    int status = 500;
    enum lasting lasting = LASTS_NOT;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].error != error) continue;
        status = table[i].status;
        lasting = table[i].lasting;
    }
    request_lasts(r, lasting);
    if (status != 404)
        request_say(r, status == 403 ? LOG_IS_WARNING : LOG_IS_ERROR, "%d: %.*s: %s", status,
                    SPAN_ARG(r->physical.path), strerror(error));
    return request_refuse_with(r, status);
}

static void add_etag(struct request *r, const struct core_settings *core, const struct file_state *f) {
    if (!core->etag_inode && !core->etag_size && !core->etag_mtime) return;
    char *tag = arena_bytes(&r->arena, ETAG_MAX_BYTES);
    size_t n = etag_make(tag, core->etag_inode ? f->inode : 0, core->etag_size ? f->size : 0,
                         core->etag_mtime ? f->mtime_s : 0, core->etag_mtime ? f->mtime_ns : 0);
    fields_set(&r->out, &r->arena, HEADER_ETAG, (struct span){tag, n});
}

static void add_fields(struct request *r, const struct settings *s, const struct file_state *f) {
    const struct core_settings *core = request_core(r);
    struct span type = mime_find(core->mime ? core->mime : mime_builtin(), r->physical.path);
    char *date = arena_bytes(&r->arena, HTTP_DATE_BYTES);
    date_format(f->mtime_s, date);
    fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, type.n ? type : SPAN("application/octet-stream"));
    if (s->etags) add_etag(r, core, f);
    fields_set(&r->out, &r->arena, HEADER_LAST_MODIFIED, (struct span){date, HTTP_DATE_BYTES});
    if (core->range_requests) fields_set(&r->out, &r->arena, HEADER_ACCEPT_RANGES, SPAN("bytes"));
}

static enum handler answer(struct request *r, const void *settings) {
    const struct settings *s = settings;
    const struct core_settings *core = request_core(r);
    struct span path = r->physical.path;
    if (r->in.method != METHOD_GET && r->in.method != METHOD_HEAD) return HANDLER_GO_ON;
    if (path.n == 0 || path.p[path.n - 1] == '/') return HANDLER_GO_ON; /* a directory */
    if (r->physical.path_info.n && s->no_path_info) {
        if (core->log_not_found) request_say(r, LOG_IS_NOTE, "404: %.*s is a file", SPAN_ARG(path));
        request_lasts(r, LASTS_A_SECOND);
        return request_refuse_with(r, 404);
    }
    if (is_excluded(s, path, core->lowercase_filenames)) {
        if (core->log_requests)
            request_say(r, LOG_IS_NOTE, "403: static-file.exclude-extensions has %.*s", SPAN_ARG(path));
        return request_refuse_with(r, 403);
    }
    struct file *f = core->follow_symlink ? file_open(path.p) : file_open_without_links(path.p);
    if (!f) return refuse(r, errno);
    r->status = 200;
    add_fields(r, s, &f->state);
    chunks_add_file(&r->body, f, 0, f->state.size);
    file_drop(f);
    return HANDLER_FINISHED;
}

static const struct hook hooks[] = {{PHASE_SUBREQUEST_START, answer, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_staticfile = {
    MODULE_ABI, "mod_staticfile", directives, hooks, sizeof(struct settings), &defaults, NULL};
