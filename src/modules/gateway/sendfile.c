/* sendfile.c - X-Sendfile and its family: the backend names a file, and the server sends it; local redirects */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/number.h"
#include "http/date.h"
#include "http/etag.h"
#include "http/mime.h"
#include "modules/gateway/exchange.h"
#include "net/file.h"

enum { PARTS_MAX = 64, LOCAL_REDIRECTS_MAX = 10 };

/* sendfile - what is asked for, and what is permitted */
struct sendfile {
    struct message_pair *p;
    struct request *r;
    const struct value *docroots; /* NULL: the document root */
    struct span field;            /* its name, for the log */
};

static enum handler refuse(const struct sendfile *s, int status, struct span path, const char *why) {
    request_reason(s->r, NULL, "%.*s: %.*s: %s", SPAN_ARG(s->field), SPAN_ARG(path), why);
    s->r->status = status;
    return HANDLER_ERROR;
}

static enum handler refuse_errno(const struct sendfile *s, struct span path, int error) {
    static const struct {
        int error, status;
    } table[] = {{EACCES, 403}, {EPERM, 403},   {ELOOP, 403},  {EISDIR, 403},
                 {ENOENT, 404}, {ENOTDIR, 404}, {EMFILE, 503}, {ENFILE, 503}};
    int status = 500;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].error == error) status = table[i].status;
    return refuse(s, status, path, strerror(error));
}

/* ---- which file ----------------------------------------------------------------------------------- */

/* Without links and dots, in the arena; {NULL, 0} with errno. */
static struct span real_path(struct arena *a, struct span path) {
    char *real = realpath(path.p, NULL);
    if (!real) return (struct span){NULL, 0};
    struct span copy = arena_copy(a, span_of(real));
    free(real);
    return copy;
}

static bool is_below(struct arena *a, struct span path, struct span directory) {
    struct span root = directory.n ? real_path(a, arena_copy(a, directory)) : (struct span){NULL, 0};
    if (!root.p) return false;
    if (root.n == 1) return true; /* "/" */
    return path.n > root.n && span_starts(path, root) && path.p[root.n] == '/';
}

static bool is_permitted(const struct sendfile *s, struct span path) {
    struct arena *a = &s->r->arena;
    struct span root = s->r->physical.docroot.n ? s->r->physical.docroot : request_core(s->r)->document_root;
    if (!s->docroots || s->docroots->count == 0) return is_below(a, path, root);
    for (size_t i = 0; i < s->docroots->count; i++)
        if (is_below(a, path, s->docroots->elements[i].value.string)) return true;
    return false;
}

/* What is compared with the directories is what is opened: a link that comes in between does not lead out of them. */
static enum handler open_file(const struct sendfile *s, struct span named, struct file **file, struct span *path) {
    struct arena *a = &s->r->arena;
    char *bytes = arena_bytes(a, named.n + 1);
    size_t n = percent_decode(named, bytes);
    bytes[n] = '\0';
    *path = (struct span){bytes, n};
    if (n == 0 || bytes[0] != '/' || memchr(bytes, '\0', n)) return refuse(s, 502, *path, "that is no absolute path");
    path->n = path_simplify(bytes, n);
    bytes[path->n] = '\0';
    struct span real = real_path(a, *path);
    if (!real.p) return refuse_errno(s, *path, errno);
    if (!is_permitted(s, real))
        return refuse(s, 403, *path, "it is not below the document root or a directory of x-sendfile-docroot");
    if (!request_core(s->r)->follow_symlink && !span_is(real, *path)) return refuse_errno(s, *path, ELOOP);
    *file = file_open_without_links(real.p);
    return *file ? HANDLER_GO_ON : refuse_errno(s, *path, errno);
}

/* ---- the answer ----------------------------------------------------------------------------------- */

static bool is_of_family(enum header id) {
    return id == HEADER_X_SENDFILE || id == HEADER_X_LIGHTTPD_SEND_FILE || id == HEADER_X_SENDFILE2;
}

/* The backend's fields, but for those about a body that is not sent. */
static void keep_fields(const struct sendfile *s) {
    for (uint32_t i = 0; i < s->p->fields.count; i++) {
        const struct field *f = &s->p->fields.list[i];
        bool is_of_body = f->id == HEADER_CONTENT_LENGTH || f->id == HEADER_CONTENT_RANGE || f->id == HEADER_DATE;
        if (!is_of_family(f->id) && !is_of_body) fields_append(&s->r->out, &s->r->arena, f->id, f->name, f->value);
    }
}

static void add_type(const struct sendfile *s, struct span path) {
    const struct core_settings *core = request_core(s->r);
    if (fields_have(&s->r->out, HEADER_CONTENT_TYPE)) return;
    struct span type = mime_find(core->mime ? core->mime : mime_builtin(), path);
    fields_add(&s->r->out, &s->r->arena, HEADER_CONTENT_TYPE, type.n ? type : SPAN("application/octet-stream"));
}

static void add_validators(const struct sendfile *s, const struct file_state *f) {
    const struct core_settings *core = request_core(s->r);
    struct arena *a = &s->r->arena;
    struct fields *out = &s->r->out;
    if (!fields_have(out, HEADER_ETAG) && (core->etag_inode || core->etag_size || core->etag_mtime)) {
        char *tag = arena_bytes(a, ETAG_MAX_BYTES);
        size_t n = etag_make(tag, core->etag_inode ? f->inode : 0, core->etag_size ? f->size : 0,
                             core->etag_mtime ? f->mtime_s : 0, core->etag_mtime ? f->mtime_ns : 0);
        fields_add(out, a, HEADER_ETAG, (struct span){tag, n});
    }
    if (!fields_have(out, HEADER_LAST_MODIFIED)) {
        char *date = arena_bytes(a, HTTP_DATE_BYTES);
        date_format(f->mtime_s, date);
        fields_add(out, a, HEADER_LAST_MODIFIED, (struct span){date, HTTP_DATE_BYTES});
    }
    if (core->range_requests) fields_set(out, a, HEADER_ACCEPT_RANGES, SPAN("bytes"));
}

/* As if the client had asked for the file: ranges and conditions hold. */
static enum handler send_whole(const struct sendfile *s, struct span named) {
    struct request *r = s->r;
    struct file *f;
    struct span path;
    enum handler word = open_file(s, named, &f, &path);
    if (word != HANDLER_GO_ON) return word;
    keep_fields(s);
    add_type(s, path);
    add_validators(s, &f->state);
    r->status = s->p->status;
    r->physical.path = path;
    r->physical.path_info = (struct span){NULL, 0};
    chunks_add_file(&r->body, f, 0, f->state.size);
    file_drop(f);
    return HANDLER_FINISHED;
}

/* ---- X-Sendfile2: "/path from-to, /path from-" ------------------------------------------------------ */

struct parts {
    struct source source;
    struct chunks files;
};

static enum source_result pull_parts(struct source *source, struct chunks *out, uint64_t room) {
    struct parts *parts = (struct parts *)source;
    uint64_t n = parts->files.bytes < room ? parts->files.bytes : room;
    if (n) chunks_take(out, &parts->files, n);
    return parts->files.bytes ? SOURCE_MORE : SOURCE_END;
}

static void drop_parts(struct source *source) {
    chunks_clear(&((struct parts *)source)->files);
}

/* "0-99", "100-": first byte and how many; false if it is no range of a file of that size. */
static bool parse_range(struct span s, uint64_t size, uint64_t *from, uint64_t *n) {
    size_t dash = span_find(s, '-');
    uint64_t to = size - 1;
    if (dash == s.n || !number_parse(span_upto(s, dash), INT64_MAX, from) || *from >= size) return false;
    struct span last = span_from(s, dash + 1);
    if (last.n && !number_parse(last, INT64_MAX, &to)) return false;
    if (to >= size) to = size - 1;
    *n = to - *from + 1;
    return to >= *from;
}

static enum handler add_part(const struct sendfile *s, struct span part, struct chunks *files) {
    size_t blank = span_find_last(part, ' ');
    uint64_t from, n;
    struct file *f;
    struct span path;
    if (blank == part.n) return refuse(s, 502, part, "there is no range behind the path");
    enum handler word = open_file(s, span_trim(span_upto(part, blank)), &f, &path);
    if (word != HANDLER_GO_ON) return word;
    bool fits = parse_range(span_from(part, blank + 1), f->state.size, &from, &n);
    if (fits) chunks_add_file(files, f, from, n);
    file_drop(f);
    return fits ? HANDLER_GO_ON : refuse(s, 502, part, "the file has no such range");
}

static enum handler send_parts(const struct sendfile *s, struct span list) {
    struct request *r = s->r;
    struct parts *parts = arena_zeroed(&r->arena, sizeof *parts);
    struct span part;
    enum handler word = HANDLER_GO_ON;
    for (unsigned count = 0; word == HANDLER_GO_ON && span_next(&list, ',', &part); count++) {
        part = span_trim(part);
        word = count == PARTS_MAX ? refuse(s, 502, part, "more than 64 parts") : add_part(s, part, &parts->files);
    }
    if (word != HANDLER_GO_ON) {
        chunks_clear(&parts->files);
        return word;
    }
    keep_fields(s);
    r->status = s->p->status;
    parts->source = (struct source){pull_parts, drop_parts, (int64_t)parts->files.bytes};
    r->source = &parts->source;
    return HANDLER_FINISHED;
}

/* ---- local redirects (RFC 3875 6.2.2) --------------------------------------------------------------- */

/* The new target is asked for by GET, without the body; if that has not been read, the client is redirected. */
static enum handler redirect(struct message_pair *p) {
    struct request *r = p->r;
    const struct field *to = fields_first(&p->fields, HEADER_LOCATION);
    if (!to || !r->body_done) return HANDLER_GO_ON;
    if (r->comebacks >= LOCAL_REDIRECTS_MAX) {
        request_reason(r, NULL, "local redirects lead in a circle: %.*s", SPAN_ARG(to->value));
        r->status = 500;
        return HANDLER_ERROR;
    }
    if (!request_set_target(r, to->value)) {
        request_reason(r, NULL, "a local redirect to \"%.*s\", which is no target", SPAN_ARG(to->value));
        r->status = 502;
        return HANDLER_ERROR;
    }
    if (r->in.method != METHOD_HEAD) r->in.method = METHOD_GET;
    r->in.method_text = method_name(r->in.method);
    r->in.body_bytes = 0;
    chunks_clear(&r->in_body);
    fields_remove(&r->in.fields, HEADER_CONTENT_LENGTH);
    fields_remove(&r->in.fields, HEADER_CONTENT_TYPE);
    r->status = 0;
    return HANDLER_COMEBACK;
}

enum handler cgi_answer(struct message_pair *p, bool x_sendfile, const struct value *docroots, bool local_redir) {
    static const enum header whole[] = {HEADER_X_SENDFILE, HEADER_X_LIGHTTPD_SEND_FILE};
    struct sendfile s = {p, p->r, docroots, header_name(HEADER_X_SENDFILE2)};
    if (local_redir && p->is_local_redirect) return redirect(p);
    if (!x_sendfile) return HANDLER_GO_ON;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        const struct field *f = fields_first(&p->fields, whole[i]);
        s.field = header_name(whole[i]);
        if (f && f->value.n) return send_whole(&s, f->value);
    }
    s.field = header_name(HEADER_X_SENDFILE2);
    if (!fields_have(&p->fields, HEADER_X_SENDFILE2)) return HANDLER_GO_ON;
    return send_parts(&s, fields_get(&p->fields, &p->r->arena, HEADER_X_SENDFILE2));
}
