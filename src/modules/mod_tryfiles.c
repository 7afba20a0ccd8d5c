/* mod_tryfiles.c - the first of several files that is there, or else another place: url.try-files */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/number.h"
#include "modules/template.h"
#include "net/file.h"
#include "server/module.h"

/* tries - of one assignment: paths, then what holds if none is there: a status, a name or a target */
struct tries {
    const struct value *list;
    int status;
    struct span fallback;
    struct template *target;
    struct value template_text;
};

struct settings {
    const struct tries *tries;
};

static const struct settings defaults = {NULL};
static const struct span uri_word = SPAN_INIT("$uri");

static void discard(void *p) {
    struct tries *t = p;
    if (!t) return;
    template_drop(t->target);
    free((char *)(uintptr_t)t->template_text.string.p);
    free(t);
}

/* In a target "$uri" is the path as a client would send it. */
static void make_target(struct tries *t, const struct value *last, struct complaints *c) {
    struct buf text = {0};
    struct span rest = last->string;
    for (size_t at = span_search(rest, uri_word); at < rest.n; at = span_search(rest, uri_word)) {
        buf_add(&text, span_upto(rest, at));
        buf_add_text(&text, "${url.path}");
        rest = span_from(rest, at + uri_word.n);
    }
    buf_add(&text, rest);
    t->template_text = *last;
    t->template_text.string = (struct span){span_dup(buf_span(&text)), text.n};
    buf_done(&text);
    t->target = template_make(&t->template_text, c);
}

static bool wrong(const struct value *v, struct complaints *c, const char *what) {
    complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, "such as ( \"$uri\", \"$uri/\", \"/index.php${qsa}\" )",
             "url.try-files: %s", what);
    return false;
}

static bool make_last(struct tries *t, const struct value *last, struct complaints *c) {
    uint64_t status;
    struct span text = last->string;
    if (text.n > 1 && text.p[0] == '@') t->fallback = text;
    else if (text.n == 4 && text.p[0] == '=' && number_parse(span_from(text, 1), 599, &status) && status >= 400)
        t->status = (int)status;
    else if (text.n && text.p[0] == '=') return wrong(last, c, "behind = stands a status from 400 to 599");
    else if (text.n && (text.p[0] == '/' || text.p[0] == '$')) make_target(t, last, c);
    else return wrong(last, c, "the last one is a target, \"=404\", or a name such as \"@app\"");
    return true;
}

static void *compile(const struct value *v, struct complaints *c) {
    struct tries *t = memory_zeroed(1, sizeof *t);
    bool ok = true;
    t->list = v;
    for (size_t i = 0; i + 1 < v->count; i++) {
        struct span text = v->elements[i].value.string;
        if (!span_starts(text, uri_word) && !span_starts(text, SPAN("/")))
            ok = wrong(&v->elements[i].value, c, "a path begins with / or $uri");
    }
    if (v->count) ok = make_last(t, &v->elements[v->count - 1].value, c) && ok;
    if (ok) return t;
    discard(t);
    return NULL;
}

static const struct directive directives[] = {
    {"url.try-files", DIRECTIVE_LIST, SCOPE_ANY, offsetof(struct settings, tries),
     "Paths of which the first that is there answers, and what holds if none is: a target, \"=404\" or \"@name\".",
     compile, discard, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->tries && s->tries->list->count;
}

/* "$uri" is r->physical.path as aliases have made it; everything else lies below the document root. */
static bool try_path(struct request *r, struct span pattern) {
    struct file_state state;
    bool is_uri = span_starts(pattern, uri_word);
    struct span rest = is_uri ? span_from(pattern, uri_word.n) : pattern;
    struct span below = is_uri ? r->physical.rel_path : SPAN("");
    struct span base = is_uri ? r->physical.basedir : r->physical.docroot;
    bool wants_directory = rest.n && rest.p[rest.n - 1] == '/';
    struct span path = arena_join(&r->arena, is_uri ? r->physical.path : base, rest);
    if (file_look(path.p, &state) != 0) return false;
    if (wants_directory ? !S_ISDIR(state.mode) : !S_ISREG(state.mode)) return false;
    if (wants_directory && is_uri) return true; /* without its slash it is redirected */
    if (rest.n) request_set_path(r, base, arena_join(&r->arena, below, rest));
    return true;
}

static enum handler come_back(struct request *r, const struct tries *t) {
    if (t->status) return request_refuse_with(r, t->status);
    if (t->fallback.n) {
        r->fallback = t->fallback;
        return HANDLER_COMEBACK;
    }
    struct template_inputs in = {.condition = NULL};
    struct captures none = {.count = 0};
    struct span target = r->in.uri.target;
    in.rule = &none;
    in.url.path = span_upto(target, span_find(target, '?'));
    in.url.query = r->in.uri.query;
    struct buf out = {0};
    template_expand(t->target, &in, &out);
    struct span kept = out.n ? arena_copy(&r->arena, buf_span(&out)) : SPAN("");
    buf_done(&out);
    if (kept.n && kept.p[0] == '/' && request_set_target(r, kept)) return HANDLER_COMEBACK;
    request_say(r, LOG_IS_ERROR, "500: url.try-files leads to \"%.*s\", which is no target", SPAN_ARG(kept));
    return request_refuse_with(r, 500);
}

static enum handler look(struct request *r, const void *settings) {
    const struct tries *t = ((const struct settings *)settings)->tries;
    if (r->fallback.n && span_is(r->fallback, t->fallback)) return HANDLER_GO_ON; /* it led here */
    request_lasts(r, LASTS_A_SECOND);
    for (size_t i = 0; i + 1 < t->list->count; i++)
        if (try_path(r, t->list->elements[i].value.string)) return HANDLER_GO_ON;
    return come_back(r, t);
}

static const struct hook hooks[] = {{PHASE_PHYSICAL, look, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_tryfiles = {MODULE_ABI, "mod_tryfiles", directives, hooks, sizeof(struct settings),
                                    &defaults,  is_active, NULL};
