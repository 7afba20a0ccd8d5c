/* compare.c - goldcrest explain --diff: what of an access log another configuration would answer differently */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "commands/compare.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "commands/logline.h"

enum { LINE_BYTES_MAX = 64 * 1024, MOST_REQUESTS = 200000, SHOWN_OF_A_GROUP = 10 };

/* outcome - what one configuration makes of a request, as far as it is compared */
struct outcome {
    struct span status; /* "301", "backend", "broken" … */
    struct span module;
    struct span where;  /* Location, backend or path */
};

/* asked - a request of the log: the same line of request, host, client and fields that conditions look at */
struct asked {
    struct logged_request request;
    size_t count;
    struct outcome before, after;
};

struct comparison {
    struct arena arena;
    struct map known;
    struct asked *list;
    size_t count, cap;
    size_t lines, odd, beyond; /* read; not understood; of requests above MOST_REQUESTS */
};

/* ---- reading ---------------------------------------------------------------------------------- */

static void take_request(struct comparison *c, const struct logged_request *r) {
    struct buf key = {0};
    buf_printf(&key, "%.*s %.*s\n%.*s\n%.*s\n%.*s\n%.*s", SPAN_ARG(r->method), SPAN_ARG(r->target), SPAN_ARG(r->host),
               SPAN_ARG(r->client), SPAN_ARG(r->agent), SPAN_ARG(r->referer));
    struct span text = arena_copy(&c->arena, buf_span(&key));
    buf_done(&key);
    uintptr_t known = (uintptr_t)map_get(&c->known, text); /* its number, from 1 */
    if (known) {
        c->list[known - 1].count++;
        return;
    }
    if (c->count == MOST_REQUESTS) {
        c->beyond++;
        return;
    }
    c->list = memory_grow(c->list, &c->cap, c->count + 1, sizeof *c->list);
    struct asked *a = &c->list[c->count++];
    *a = (struct asked){.count = 1};
    a->request = (struct logged_request){arena_copy(&c->arena, r->client), arena_copy(&c->arena, r->host),
                                         arena_copy(&c->arena, r->method), arena_copy(&c->arena, r->target),
                                         arena_copy(&c->arena, r->referer), arena_copy(&c->arena, r->agent)};
    map_put(&c->known, text, (void *)(uintptr_t)c->count);
}

static void read_log(struct comparison *c) {
    char *line = memory_get(LINE_BYTES_MAX);
    while (fgets(line, LINE_BYTES_MAX, stdin)) {
        struct span text = span_of(line);
        struct logged_request r;
        struct arena arena = {NULL, NULL, NULL};
        while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) text.n--;
        if (text.n == 0) continue;
        c->lines++;
        if (logline_parse(text, &r, &arena)) take_request(c, &r);
        else c->odd++;
        arena_done(&arena);
    }
    free(line);
}

/* ---- asking ----------------------------------------------------------------------------------- */

static struct outcome outcome_of(struct comparison *c, const struct rehearsal *x) {
    static const char *const ends[] = {"", "backend", "somebody outside", "broken", "no request"};
    struct span location = rehearsal_field(x, SPAN("Location")), where = x->path;
    struct outcome o = {SPAN(""), span_of(x->module ? x->module : "core"), SPAN("")};
    if (x->end == REHEARSAL_BACKEND) where = x->backend;
    if (location.n) where = location;
    o.status = x->end == REHEARSAL_ANSWERED ? arena_printf(&c->arena, "%d", x->status) : span_of(ends[x->end]);
    o.where = arena_copy(&c->arena, where.n ? where : SPAN(""));
    o.module = arena_copy(&c->arena, o.module);
    return o;
}

/* The log does not say by which socket it came: it is the first one, but for what names another scheme. */
static struct outcome ask(struct comparison *c, struct stage *stage, const struct logged_request *r) {
    char host[512], referer[2048], agent[2048];
    struct span lines[3];
    struct rehearsal_question q = {.method = r->method, .url = r->target, .from = r->client, .lines = lines};
    const struct {
        const char *name;
        struct span value;
        char *room;
        size_t size;
    } fields[] = {{"Host", r->host, host, sizeof host},
                  {"Referer", r->referer, referer, sizeof referer},
                  {"User-Agent", r->agent, agent, sizeof agent}};
    for (size_t i = 0; i < 3; i++) {
        if (fields[i].value.n == 0) continue;
        snprintf(fields[i].room, fields[i].size, "%s: %.*s", fields[i].name, SPAN_ARG(fields[i].value));
        lines[q.line_count++] = span_of(fields[i].room);
    }
    struct rehearsal x;
    rehearse(stage, &q, &x);
    struct outcome o = outcome_of(c, &x);
    rehearsal_done(&x);
    return o;
}

static bool ask_all(struct comparison *c, struct conf *conf, bool after) {
    struct stage *stage = stage_make(conf);
    if (!stage) return false;
    for (size_t i = 0; i < c->count; i++) {
        struct outcome o = ask(c, stage, &c->list[i].request);
        if (after) c->list[i].after = o;
        else c->list[i].before = o;
    }
    stage_drop(stage);
    return true;
}

/* ---- telling ---------------------------------------------------------------------------------- */

static bool differs(const struct asked *a) {
    return !span_is(a->before.status, a->after.status) || !span_is(a->before.module, a->after.module) ||
           !span_is(a->before.where, a->after.where);
}

static int compare_outcomes(const struct outcome *a, const struct outcome *b) {
    int word = span_compare(a->status, b->status);
    return word ? word : span_compare(a->module, b->module);
}

/* The kind of change: statuses and who answers. */
static int compare_kinds(const struct asked *a, const struct asked *b) {
    int word = compare_outcomes(&a->before, &b->before);
    return word ? word : compare_outcomes(&a->after, &b->after);
}

/* By kind, and within it the most frequent first. */
static int compare_asked(const void *x, const void *y) {
    const struct asked *a = x, *b = y;
    int word = compare_kinds(a, b);
    if (word) return word;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    word = span_compare(a->request.host, b->request.host);
    return word ? word : span_compare(a->request.target, b->request.target);
}

static void tell_outcome(const char *when, const struct outcome *o) {
    printf("             %s %.*s%s%.*s (%.*s)\n", when, SPAN_ARG(o->status), o->where.n ? " " : "",
           SPAN_ARG(o->where), SPAN_ARG(o->module));
}

static void tell_one(const struct asked *a) {
    const struct logged_request *r = &a->request;
    printf("  %8zu x %.*s %.*s%.*s\n", a->count, SPAN_ARG(r->method), SPAN_ARG(r->host), SPAN_ARG(r->target));
    tell_outcome("before:", &a->before);
    tell_outcome("after: ", &a->after);
}

static void tell_group(const struct asked *list, size_t count, bool all) {
    size_t times = 0;
    for (size_t i = 0; i < count; i++) times += list[i].count;
    const struct outcome *b = &list->before, *a = &list->after;
    printf("%.*s (%.*s) -> %.*s (%.*s): %zu requests, %zu different ones\n", SPAN_ARG(b->status), SPAN_ARG(b->module),
           SPAN_ARG(a->status), SPAN_ARG(a->module), times, count);
    for (size_t i = 0; i < count && (all || i < SHOWN_OF_A_GROUP); i++) tell_one(&list[i]);
    if (!all && count > SHOWN_OF_A_GROUP) printf("           … %zu more (--all)\n", count - SHOWN_OF_A_GROUP);
    putchar('\n');
}

/* Returns how many requests are answered differently. */
static size_t tell(struct comparison *c, bool all) {
    struct asked *list = memory_zeroed(c->count ? c->count : 1, sizeof *list);
    size_t count = 0, times = 0, total = 0;
    for (size_t i = 0; i < c->count; i++) {
        total += c->list[i].count;
        if (!differs(&c->list[i])) continue;
        times += c->list[i].count;
        list[count++] = c->list[i];
    }
    qsort(list, count, sizeof *list, compare_asked);
    for (size_t i = 0, n; i < count; i += n) {
        n = 1;
        while (i + n < count && compare_kinds(&list[i], &list[i + n]) == 0) n++;
        tell_group(&list[i], n, all);
    }
    printf("%zu of %zu requests (%zu of %zu different ones) would be answered differently\n", times, total, count,
           c->count);
    if (c->odd) printf("%zu of %zu lines were not understood\n", c->odd, c->lines);
    if (c->beyond) printf("%zu requests beyond %d different ones were left out\n", c->beyond, MOST_REQUESTS);
    free(list);
    return count;
}

int compare_run(struct conf *before, struct conf *after, bool all) {
    struct comparison c = {.count = 0};
    int status = -1;
    read_log(&c);
    if (ask_all(&c, before, false) && ask_all(&c, after, true)) status = tell(&c, all) > 0;
    free(c.list);
    map_done(&c.known);
    arena_done(&c.arena);
    return status;
}
