/* mod_staticfile.c - files as they are */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "http/coding.h"
#include "http/date.h"
#include "http/etag.h"
#include "http/mime.h"
#include "net/file.h"
#include "server/module.h"

struct settings {
    const struct value *excluded;
    const uint32_t *siblings; /* codings, as coding_offer() lists them; NULL: none */
    bool etags, no_path_info;
};

static const struct settings defaults = {NULL, NULL, true, true};

static void *compile_siblings(const struct value *v, struct complaints *c) {
    uint32_t codings = 0;
    bool ok = true;
    for (size_t i = 0; i < v->count; i++) {
        struct span name = v->elements[i].value.string;
        enum coding coding = coding_find(name);
        if (coding < CODING_COUNT && coding_suffix(coding).n) {
            codings = coding_offer(codings, coding);
            continue;
        }
        complain(c, COMPLAINT_ERROR, v->elements[i].value.place, name.n + 2, "write \"br\", \"zstd\" or \"gzip\"",
                 "\"%.*s\" is no coding of files", SPAN_ARG(name));
        ok = false;
    }
    return ok ? memory_copy(&codings, sizeof codings) : NULL;
}

static const struct directive directives[] = {
    {"static-file.exclude-extensions", DIRECTIVE_LIST, SCOPE_ANY, offsetof(struct settings, excluded),
     "Ends of file names that are never given away as files (403): the sources of scripts.", NULL, NULL, 0, NULL},
    {"static-file.etags", DIRECTIVE_BOOL, SCOPE_ANY, offsetof(struct settings, etags), "Files have an ETag.", NULL,
     NULL, 0, NULL},
    {"static-file.disable-pathinfo", DIRECTIVE_BOOL, SCOPE_ANY, offsetof(struct settings, no_path_info),
     "A URL that goes on behind a file's name is not found (404).", NULL, NULL, 0, NULL},
    {"static-file.precompressed", DIRECTIVE_LIST, SCOPE_ANY, offsetof(struct settings, siblings),
     "Codings of the files beside a file that may be given instead (\"br\": NAME.br), the preferred first.",
     compile_siblings, free, 0, NULL},
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
    bool is_link = error == ELOOP && !request_core(r)->follow_symlink;
    return request_refuse_for(r, status, is_link ? "server.follow-symlink" : NULL, "%.*s: %s",
                              SPAN_ARG(r->physical.path), strerror(error));
}

static void add_etag(struct request *r, const struct core_settings *core, const struct file_state *f,
                     enum coding coding) {
    if (!core->etag_inode && !core->etag_size && !core->etag_mtime) return;
    char *bytes = arena_bytes(&r->arena, ETAG_MAX_BYTES);
    struct span tag = {bytes, etag_make(bytes, core->etag_inode ? f->inode : 0, core->etag_size ? f->size : 0,
                                        core->etag_mtime ? f->mtime_s : 0, core->etag_mtime ? f->mtime_ns : 0)};
    if (coding != CODING_IDENTITY) tag = coding_etag(tag, coding, false, &r->arena);
    fields_set(&r->out, &r->arena, HEADER_ETAG, tag);
}

/* f: of the file whose bytes are sent; the media type is that of what they are once they are decoded. */
static void add_fields(struct request *r, const struct settings *s, const struct file_state *f, enum coding coding) {
    const struct core_settings *core = request_core(r);
    struct span type = mime_find(core->mime ? core->mime : mime_builtin(), r->physical.path);
    char *date = arena_bytes(&r->arena, HTTP_DATE_BYTES);
    date_format(f->mtime_s, date);
    fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, type.n ? type : SPAN("application/octet-stream"));
    if (coding != CODING_IDENTITY) fields_set(&r->out, &r->arena, HEADER_CONTENT_ENCODING, coding_name(coding));
    if (s->etags) add_etag(r, core, f, coding);
    fields_set(&r->out, &r->arena, HEADER_LAST_MODIFIED, (struct span){date, HTTP_DATE_BYTES});
    if (core->range_requests) fields_set(&r->out, &r->arena, HEADER_ACCEPT_RANGES, SPAN("bytes"));
}

static struct file *open_file(const struct request *r, struct span path) {
    return request_core(r)->follow_symlink ? file_open(path.p) : file_open_without_links(path.p);
}

/* ---- precompressed siblings ------------------------------------------------------------------- */

static struct span sibling_path(struct request *r, enum coding coding) {
    return arena_join(&r->arena, r->physical.path, coding_suffix(coding));
}

/* One that is older than the file was made of something else. */
static bool has_sibling(struct request *r, const struct file_state *f, enum coding coding) {
    struct file_state s;
    if (file_look(sibling_path(r, coding).p, &s) != 0 || !S_ISREG(s.mode)) return false;
    return s.mtime_s > f->mtime_s || (s.mtime_s == f->mtime_s && s.mtime_ns >= f->mtime_ns);
}

/* The sibling that this client gets instead of f, open; NULL: f itself is right. */
static struct file *choose_sibling(struct request *r, const struct settings *s, const struct file_state *f,
                                   enum coding *coding) {
    uint32_t offered = 0, rest = *s->siblings;
    enum coding next;
    while (coding_next(&rest, &next))
        if (has_sibling(r, f, next)) offered = coding_offer(offered, next);
    request_lasts(r, LASTS_A_SECOND); /* siblings come and go */
    if (!offered) return NULL;
    enum coding chosen = coding_choose(coding_accepts(&r->in.fields), offered);
    coding_vary(&r->out, &r->arena);
    if (!choices_add(&r->choices, offered, chosen)) request_lasts(r, LASTS_NOT);
    if (chosen == CODING_IDENTITY) return NULL;
    struct file *sibling = open_file(r, sibling_path(r, chosen));
    if (sibling) *coding = chosen;
    else request_lasts(r, LASTS_NOT);
    return sibling;
}

/* ---- the hook --------------------------------------------------------------------------------- */

static enum handler answer(struct request *r, const void *settings) {
    const struct settings *s = settings;
    const struct core_settings *core = request_core(r);
    struct span path = r->physical.path;
    if (r->in.method != METHOD_GET && r->in.method != METHOD_HEAD) return HANDLER_GO_ON;
    if (path.n == 0 || path.p[path.n - 1] == '/') return HANDLER_GO_ON; /* a directory */
    if (r->physical.path_info.n && s->no_path_info) {
        request_lasts(r, LASTS_A_SECOND);
        return request_refuse_for(r, 404, "static-file.disable-pathinfo", "%.*s is a file", SPAN_ARG(path));
    }
    if (is_excluded(s, path, core->lowercase_filenames))
        return request_refuse_for(r, 403, "static-file.exclude-extensions", "%.*s is none that is given away",
                                  SPAN_ARG(path));
    struct file *f = open_file(r, path), *sibling = NULL;
    enum coding coding = CODING_IDENTITY;
    if (!f) return refuse(r, errno);
    if (s->siblings) sibling = choose_sibling(r, s, &f->state, &coding);
    if (sibling) {
        file_drop(f);
        f = sibling;
    }
    r->status = 200;
    add_fields(r, s, &f->state, coding);
    chunks_add_file(&r->body, f, 0, f->state.size);
    file_drop(f);
    return HANDLER_FINISHED;
}

static const struct hook hooks[] = {{PHASE_SUBREQUEST_START, answer, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_staticfile = {
    MODULE_ABI, "mod_staticfile", directives, hooks, sizeof(struct settings), &defaults, NULL, NULL};
