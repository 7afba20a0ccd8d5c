/* mod_alias.c - serves a part of the URL space from another directory: alias.url */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/needles.h"
#include "server/module.h"

/* aliases - of one assignment, checked */
struct aliases {
    const struct value *map;
    struct needles *needles; /* which prefixes a path may have */
};

struct settings {
    const struct aliases *aliases;
};

static const struct settings defaults = {NULL};

/* The first prefix that matches wins: one that an earlier, shorter one hides would never be used. */
static bool check_order(const struct aliases *a, size_t at, struct complaints *c) {
    const struct element *e = &a->map->elements[at];
    struct needles_walk walk;
    size_t i;
    needles_begin(a->needles, e->key, &walk);
    while (needles_next(&walk, &i) && i < at) {
        const struct element *earlier = &a->map->elements[i];
        if (!span_starts(e->key, earlier->key)) continue;
        complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2, "put the longer one first",
                 "\"%.*s\" is never used, since \"%.*s\" matches first", SPAN_ARG(e->key), SPAN_ARG(earlier->key));
        complain(c, COMPLAINT_NOTE, earlier->key_place, earlier->key.n + 2, NULL, "it stands here");
        return false;
    }
    return true;
}

static bool check_target(const struct element *e, struct complaints *c) {
    if (e->value.string.n) return true;
    complain(c, COMPLAINT_ERROR, e->value.place, 2, "write \"/\" if you mean the whole file system",
             "\"%.*s\" leads nowhere", SPAN_ARG(e->key));
    return false;
}

static struct needles *make_needles(const struct value *map) {
    struct span *prefixes = memory_zeroed(map->count, sizeof *prefixes);
    for (size_t i = 0; i < map->count; i++) prefixes[i] = map->elements[i].key;
    struct needles *needles = needles_make(prefixes, map->count);
    free(prefixes);
    return needles;
}

static void discard(void *p) {
    struct aliases *a = p;
    if (a) needles_drop(a->needles);
    free(a);
}

static void *compile(const struct value *v, struct complaints *c) {
    struct aliases *a = memory_zeroed(1, sizeof *a);
    bool ok = true;
    a->map = v;
    a->needles = make_needles(v);
    for (size_t i = 0; i < v->count; i++) {
        ok &= check_order(a, i, c);
        ok &= check_target(&v->elements[i], c);
    }
    if (ok) return a;
    discard(a);
    return NULL;
}

static const struct directive directives[] = {
    {"alias.url", DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, aliases),
     "Prefixes of the URL, each with what stands for it in the file system; the first that matches wins.", compile,
     discard, DIRECTIVE_READS_IN, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->aliases && s->aliases->map->count;
}

/* With "/x" => "/y/" the URL "/x../secret" would lead to "/y/../secret". */
static bool climbs(struct span rest) {
    struct span segment = span_upto(rest, span_find(rest, '/'));
    return span_is(segment, SPAN(".")) || span_is(segment, SPAN(".."));
}

static enum handler map_path(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct span path = r->physical.rel_path;
    bool any_case = request_core(r)->lowercase_filenames;
    struct needles_walk walk;
    size_t i;
    needles_begin(s->aliases->needles, path, &walk);
    while (needles_next(&walk, &i)) {
        const struct element *e = &s->aliases->map->elements[i];
        if (any_case ? !span_starts_ci(path, e->key) : !span_starts(path, e->key)) continue;
        struct span rest = span_from(path, e->key.n);
        if (climbs(rest)) {
            request_reason_at(r, "alias.url", e->key_place, "behind \"%.*s\" the URL leads upwards",
                              SPAN_ARG(e->key));
            return request_refuse_with(r, 403);
        }
        request_set_path(r, e->value.string, rest);
        return HANDLER_GO_ON;
    }
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_PHYSICAL, map_path, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_alias = {MODULE_ABI, "mod_alias", directives, hooks, sizeof(struct settings),
                                 &defaults,  is_active, NULL};
