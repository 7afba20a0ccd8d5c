/* mod_dirlisting.c - what is in a directory: dir-listing.* */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "http/uri.h"
#include "modules/dirlisting/page.h"
#include "net/file.h"
#include "server/module.h"

enum { INCLUDED_MAX_BYTES = 1024 * 1024 }; /* of a README or HEADER */

struct settings {
    bool is_on, hide_dotfiles, hide_readme, hide_header, encode_readme, encode_header, has_layout, is_sorted;
    const struct patterns *exclude;
    struct span css, js, encoding, readme, header, footer;
    const struct value *unused;
};

static const struct settings defaults = {
    .hide_dotfiles = true,
    .encode_readme = true,
    .encode_header = true,
    .has_layout = true,
    .is_sorted = true,
    .encoding = SPAN_INIT("utf-8"),
};

/* ---- directives ------------------------------------------------------------------------------- */

static void discard_patterns(void *compiled) {
    struct patterns *p = compiled;
    for (size_t i = 0; i < p->count; i++) regex_drop(p->list[i]);
    free(p);
}

static void *compile_patterns(const struct value *v, struct complaints *c) {
    struct patterns *p = memory_zeroed(1, sizeof *p + v->count * sizeof *p->list);
    for (size_t i = 0; i < v->count; i++) {
        const struct value *pattern = &v->elements[i].value;
        char why[128];
        size_t offset;
        struct regex *re = regex_make(pattern->string, why, &offset);
        if (!re) {
            complain(c, COMPLAINT_ERROR, pattern->place, pattern->string.n + 2, NULL,
                     "dir-listing.exclude: \"%.*s\" is no regular expression: %s (at byte %u)",
                     SPAN_ARG(pattern->string), why, (unsigned)offset + 1);
            discard_patterns(p);
            return NULL;
        }
        p->list[p->count++] = re;
    }
    return p;
}

#define FILEROW(name, field, help)                                                                            \
    {"dir-listing." name, DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, field), help, NULL, NULL,       \
     DIRECTIVE_READS, NULL}
#define ROW(name, type, field, help) \
    {"dir-listing." name, DIRECTIVE_##type, SCOPE_ANY, offsetof(struct settings, field), help, NULL, NULL, 0, NULL}

static const struct directive directives[] = {
    ROW("activate", BOOL, is_on, "A directory without an index file is answered with a list of what is in it."),
    {"server.dir-listing", DIRECTIVE_BOOL, SCOPE_ANY, offsetof(struct settings, is_on),
     "Old spelling of dir-listing.activate.", NULL, NULL, 0, NULL},
    {"dir-listing.exclude", DIRECTIVE_LIST, SCOPE_ANY, offsetof(struct settings, exclude),
     "Regular expressions; names that match one are not listed.", compile_patterns, discard_patterns, 0, NULL},
    ROW("hide-dotfiles", BOOL, hide_dotfiles, "Names that begin with a dot are not listed."),
    ROW("external-css", STRING, css, "The URL of a style sheet in place of the built-in style."),
    ROW("external-js", STRING, js, "The URL of a script that the page loads."),
    ROW("encoding", STRING, encoding, "The character encoding of file names."),
    FILEROW("show-readme", readme,
            "Shows README.txt (\"enable\") or another file of the directory below the list."),
    ROW("hide-readme-file", BOOL, hide_readme, "That file is not listed."),
    ROW("encode-readme", BOOL, encode_readme, "That file is text; if disabled, it is HTML."),
    FILEROW("show-header", header,
            "Shows HEADER.txt (\"enable\") or another file of the directory above the list."),
    ROW("hide-header-file", BOOL, hide_header, "That file is not listed."),
    ROW("encode-header", BOOL, encode_header, "That file is text; if disabled, it is HTML."),
    ROW("set-footer", STRING, footer, "HTML below the page; server.tag by default."),
    ROW("auto-layout", BOOL, has_layout, "If disabled, the page's frame is left to the header and readme files."),
    ROW("sort", BOOL, is_sorted, "If disabled, the order is the directory's own."),
    {"dir-listing.cache", DIRECTIVE_TABLE, SCOPE_ANY, offsetof(struct settings, unused),
     "Accepted; has no effect here.", NULL, NULL, DIRECTIVE_IGNORED, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->is_on;
}

/* ---- README and HEADER ------------------------------------------------------------------------ */

/* A setting that is a switch or a name. Empty: none. */
static struct span included_name(struct span setting, struct span otherwise) {
    struct value v = {.type = VALUE_STRING, .string = setting};
    bool yes;
    if (!value_as_bool(&v, &yes)) return setting;
    return yes ? otherwise : SPAN("");
}

static struct blob *read_included(struct request *r, struct span name) {
    struct span path = name.p[0] == '/' ? name : arena_join(&r->arena, r->physical.path, name);
    struct file *f = request_core(r)->follow_symlink ? file_open(path.p) : file_open_without_links(path.p);
    bool fits = f && f->state.size <= INCLUDED_MAX_BYTES;
    struct blob *content = fits ? file_content(f) : NULL;
    if (!f && errno != ENOENT) request_say(r, LOG_IS_WARNING, "%.*s: %s", SPAN_ARG(path), strerror(errno));
    if (f && !fits) request_say(r, LOG_IS_WARNING, "%.*s is not shown: it is larger than 1 MiB", SPAN_ARG(path));
    file_drop(f);
    return content;
}

static void add_included(struct request *r, struct buf *out, struct span name, bool encode, const char *class) {
    struct blob *content = name.n ? read_included(r, name) : NULL;
    if (!content) return;
    if (encode) {
        buf_printf(out, "<pre class=\"%s\">\n", class);
        html_escape(out, blob_span(content));
        buf_add(out, SPAN("</pre>\n"));
    } else {
        buf_add(out, blob_span(content));
    }
    blob_drop(content);
}

/* ---- the answer ------------------------------------------------------------------------------- */

static void write_page(struct request *r, const struct settings *s, const struct listing *l, struct wish wish,
                       struct buf *out) {
    struct buf header = {0}, readme = {0}, footer = {0};
    add_included(r, &header, included_name(s->header, SPAN("HEADER.txt")), s->encode_header, "header");
    add_included(r, &readme, included_name(s->readme, SPAN("README.txt")), s->encode_readme, "readme");
    if (s->footer.n) buf_add(&footer, s->footer);
    else html_escape(&footer, request_core(r)->tag);
    struct page page = {
        .path = r->in.uri.path,
        .site = host_without_port(r->in.authority),
        .encoding = s->encoding,
        .css = s->css,
        .js = s->js,
        .header = buf_span(&header),
        .readme = buf_span(&readme),
        .footer = buf_span(&footer),
        .wish = wish,
        .is_sortable = s->is_sorted,
        .has_layout = s->has_layout,
    };
    page_write(out, &page, l);
    buf_done(&header);
    buf_done(&readme);
    buf_done(&footer);
}

static enum handler refuse(struct request *r, int error) {
    bool forbidden = error == EACCES || error == EPERM, gone = error == ENOENT || error == ENOTDIR;
    bool busy = error == EMFILE || error == ENFILE;
    request_lasts(r, forbidden || gone ? LASTS_A_SECOND : LASTS_NOT);
    return request_refuse_for(r, forbidden ? 403 : gone ? 404 : busy ? 503 : 500, NULL, "%.*s cannot be listed: %s",
                              SPAN_ARG(r->physical.path), strerror(error));
}

static void set_body(struct request *r, const struct settings *s, const struct listing *l, struct wish wish,
                     bool json) {
    struct buf out = {0};
    if (json) page_write_json(&out, l);
    else write_page(r, s, l, wish, &out);
    chunks_add_copy(&r->body, buf_span(&out));
    buf_done(&out);
    struct span type = json ? SPAN("application/json")
                            : arena_join(&r->arena, SPAN("text/html; charset="), s->encoding);
    fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, type);
    r->status = 200;
}

/* Without server.follow-symlink a directory behind a link is not shown either. */
static bool is_behind_link(struct request *r) {
    if (request_core(r)->follow_symlink) return false;
    struct file *f = file_open_without_links(r->physical.path.p);
    bool yes = f || errno != EISDIR;
    file_drop(f);
    return yes;
}

static enum handler list(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct span path = r->physical.path;
    struct listing l = {0};
    if (r->in.method != METHOD_GET && r->in.method != METHOD_HEAD) return HANDLER_GO_ON;
    if (r->status || path.n == 0 || path.p[path.n - 1] != '/') return HANDLER_GO_ON;
    if (is_behind_link(r))
        return request_refuse_for(r, 403, "server.follow-symlink", "%.*s leads through a symbolic link",
                                  SPAN_ARG(path));
    struct wish wish = wish_from_query(r->in.uri.query);
    struct listing_filter filter = {
        .exclude = s->exclude,
        .hidden = {s->hide_readme ? included_name(s->readme, SPAN("README.txt")) : SPAN(""),
                   s->hide_header ? included_name(s->header, SPAN("HEADER.txt")) : SPAN("")},
        .hide_dotfiles = s->hide_dotfiles,
        .hide_links = !request_core(r)->follow_symlink,
    };
    request_lasts(r, wish.json ? LASTS_A_SECOND : LASTS_NOT); /* else Accept has a say */
    int error = listing_read(&l, path.p, &filter);
    if (error) {
        listing_done(&l);
        return refuse(r, error);
    }
    if (s->is_sorted) listing_sort(&l, wish.by, wish.descending);
    if (!wish.json) fields_set(&r->out, &r->arena, HEADER_VARY, SPAN("Accept"));
    bool json = wish.json || accept_prefers_json(fields_get(&r->in.fields, &r->arena, HEADER_ACCEPT));
    set_body(r, s, &l, wish, json);
    listing_done(&l);
    return HANDLER_FINISHED;
}

static const struct hook hooks[] = {{PHASE_SUBREQUEST_START, list, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_dirlisting = {MODULE_ABI, "mod_dirlisting", directives, hooks, sizeof(struct settings),
                                      &defaults, is_active, NULL};
