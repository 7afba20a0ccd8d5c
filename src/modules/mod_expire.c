/* mod_expire.c - says how long responses stay fresh: Cache-Control: max-age, Expires */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/date.h"
#include "modules/lifetime.h"
#include "net/file.h"
#include "server/module.h"

struct expiry {
    struct span prefix; /* of the path, or of the media type */
    struct place place;
    struct lifetime lifetime;
};

struct expiries {
    size_t count;
    struct expiry list[];
};

struct settings {
    const struct expiries *by_url, *by_type;
};

static const struct settings defaults = {NULL, NULL};

static bool parse(struct expiry *x, const struct element *e, struct complaints *c) {
    const char *wrong = lifetime_parse(e->value.string, &x->lifetime);
    x->prefix = e->key;
    x->place = e->key_place;
    if (!wrong) return true;
    complain(c, COMPLAINT_ERROR, e->value.place, e->value.string.n + 2,
             "write for instance \"access plus 2 hours 30 minutes\"", "\"%.*s\" is no time: %s",
             SPAN_ARG(e->value.string), wrong);
    return false;
}

static void *compile(const struct value *v, struct complaints *c) {
    struct expiries *list = memory_zeroed(1, sizeof *list + v->count * sizeof *list->list);
    bool ok = true;
    for (size_t i = 0; i < v->count; i++) ok &= parse(&list->list[list->count++], &v->elements[i], c);
    if (ok) return list;
    free(list);
    return NULL;
}

/* "text/" and "text/" followed by "*" are the same. */
static void *compile_types(const struct value *v, struct complaints *c) {
    struct expiries *list = compile(v, c);
    for (size_t i = 0; list && i < list->count; i++) {
        struct span *prefix = &list->list[i].prefix;
        if (prefix->n && prefix->p[prefix->n - 1] == '*') prefix->n--;
    }
    return list;
}

static const struct directive directives[] = {
    {"expire.url", DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, by_url),
     "Prefixes of the path, each with how long such responses stay fresh: \"access plus 1 days\"; \"\" says nothing.",
     compile, free, 0, NULL},
    {"expire.mimetypes", DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, by_type),
     "The same by prefixes of the media type, where expire.url has none.", compile_types, free, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return (s->by_url && s->by_url->count) || (s->by_type && s->by_type->count);
}

static const struct expiry *find(const struct expiries *list, struct span what, bool any_case) {
    for (size_t i = 0; list && i < list->count; i++) {
        const struct expiry *x = &list->list[i];
        if (any_case ? span_starts_ci(what, x->prefix) : span_starts(what, x->prefix)) return x;
    }
    return NULL;
}

static const struct lifetime *lifetime_of(struct request *r, const struct settings *s) {
    const struct expiry *x = find(s->by_url, r->in.uri.path, request_core(r)->lowercase_filenames);
    if (!x) x = find(s->by_type, fields_get(&r->out, &r->arena, HEADER_CONTENT_TYPE), true);
    if (x && x->lifetime.from != LIFETIME_NONE)
        request_note(r, x->place, "\"%.*s\" tells how long it stays fresh", SPAN_ARG(x->prefix));
    return x ? &x->lifetime : NULL;
}

/* When the file was changed; false if there is none. The answer then depends on the time that has passed. */
static bool modified_at(struct request *r, int64_t *when) {
    struct file_state state;
    request_lasts(r, LASTS_A_SECOND);
    if (r->physical.path.n == 0 || file_look(r->physical.path.p, &state) != 0) return false;
    *when = state.mtime_s;
    return true;
}

/* HTTP/1.0 knows no Cache-Control; the date is true for this moment alone. */
static void add_expires(struct request *r, int64_t end) {
    if (r->in.version != 10 || fields_have(&r->out, HEADER_EXPIRES)) return;
    char *text = arena_bytes(&r->arena, HTTP_DATE_BYTES);
    date_format(end, text);
    fields_add(&r->out, &r->arena, HEADER_EXPIRES, (struct span){text, HTTP_DATE_BYTES});
    request_lasts(r, LASTS_NOT);
}

static bool is_worth_keeping(int status) {
    return (status >= 200 && status < 300) || status == 304;
}

static enum handler expire(struct request *r, const void *settings) {
    if (!is_worth_keeping(r->status) || fields_have(&r->out, HEADER_CACHE_CONTROL)) return HANDLER_GO_ON;
    const struct lifetime *l = lifetime_of(r, settings);
    int64_t now = clock_now_s(), modified = 0;
    if (!l || l->from == LIFETIME_NONE) return HANDLER_GO_ON;
    if (l->from == LIFETIME_FROM_MODIFICATION && !modified_at(r, &modified)) return HANDLER_GO_ON;
    int64_t end = lifetime_end(l, now, modified);
    fields_add(&r->out, &r->arena, HEADER_CACHE_CONTROL,
               arena_printf(&r->arena, "max-age=%lld", (long long)(end - now)));
    add_expires(r, end);
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_RESPONSE_START, expire, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_expire = {MODULE_ABI, "mod_expire", directives, hooks, sizeof(struct settings),
                                  &defaults,  is_active, NULL};
