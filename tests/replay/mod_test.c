/* mod_test.c - a module that does what modules may do, and what they should not: /test/… */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/memory.h"
#include "base/number.h"
#include "player.h"
#include "server/module.h"

struct settings {
    bool is_active;
    uint32_t tunnels; /* 1: connections are echoed; 2: they break */
};

static const struct settings defaults = {false, 0};

static const struct directive directives[] = {
    {"test.activate", DIRECTIVE_BOOL, SCOPE_ANY, offsetof(struct settings, is_active),
     "Answers /test/ and logs ends.", NULL, NULL, 0, NULL},
    {"test.tunnels", DIRECTIVE_SHORT, SCOPE_ANY, offsetof(struct settings, tunnels),
     "Whole connections are echoed.", NULL, NULL, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    return ((const struct settings *)settings)->is_active || ((const struct settings *)settings)->tunnels;
}

/* ---- what waits --------------------------------------------------------------------------------------------------------- */

enum { WAITERS_MAX = 256 };
static struct request *waiters[WAITERS_MAX], *resumed[WAITERS_MAX];
static unsigned waiter_count, wakes; /* wakes: how many `wake` there were so far */

static void wait_for_wake(struct request *r) {
    for (unsigned i = 0; i < waiter_count; i++)
        if (waiters[i] == r) return;
    if (waiter_count < WAITERS_MAX) waiters[waiter_count++] = r;
}

static void forget(const struct request *r) {
    for (unsigned i = 0; i < waiter_count; i++)
        if (waiters[i] == r) waiters[i--] = waiters[--waiter_count];
    for (unsigned i = 0; i < WAITERS_MAX; i++)
        if (resumed[i] == r) resumed[i] = NULL;
}

void mod_test_wake(void) {
    unsigned n = waiter_count;
    waiter_count = 0;
    wakes++;
    for (unsigned i = 0; i < n; i++) request_wake(waiters[i]);
}

void mod_test_resume(void) {
    unsigned n = waiter_count;
    memcpy(resumed, waiters, n * sizeof *waiters);
    waiter_count = 0;
    wakes++;
    for (unsigned i = 0; i < n; i++)
        if (resumed[i]) request_resume(resumed[i]);
    memset(resumed, 0, sizeof resumed);
}

/* ---- a source ------------------------------------------------------------------------------------------------------------ */

/* What a source says, one letter a pull: b bytes ("part N."), w wait for a wake, e end, x broken, z a large piece. */
struct test_source {
    struct source source;
    struct request *r;
    const char *script;
    unsigned parts, waited_since;
    bool waits;
};

static enum source_result pull(struct source *source, struct chunks *out, uint64_t room) {
    struct test_source *s = (struct test_source *)source;
    char part[16] = "part 0.";
    (void)room;
    switch (*s->script) {
    case 'b':
        part[5] = (char)('0' + ++s->parts);
        chunks_add_copy(out, span_of(part));
        s->script++;
        return SOURCE_MORE;
    case 'z': {
        struct blob *large = blob_make(100 * 1000);
        memset(large->p, 'z', large->n);
        chunks_add_blob(out, large, 0, large->n);
        blob_drop(large);
        s->script++;
        return SOURCE_MORE;
    }
    case 'w':
        if (!s->waits) s->waited_since = wakes;
        s->waits = true;
        if (s->waited_since == wakes) {
            wait_for_wake(s->r);
            return SOURCE_WAIT;
        }
        s->waits = false;
        s->script++;
        return pull(source, out, room);
    case 'x': return SOURCE_BROKEN;
    default: return SOURCE_END;
    }
}

static void drop_source(struct source *s) {
    free(s);
}

static enum handler answer_from_source(struct request *r, const char *script, int64_t length) {
    struct test_source *s = memory_zeroed(1, sizeof *s);
    s->source = (struct source){pull, drop_source, length};
    s->r = r;
    s->script = script;
    r->source = &s->source;
    r->status = 200;
    fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, SPAN("text/plain"));
    return HANDLER_FINISHED;
}

/* ---- a sink --------------------------------------------------------------------------------------------------------------- */

/* Takes `at_once` bytes, then wants to be woken; 0: all. */
struct test_sink {
    struct sink sink;
    struct request *r;
    struct buf got;
    size_t at_once, breaks_at;
    unsigned waited_since;
    bool waits, is_whole;
};

static ptrdiff_t put(struct sink *sink, struct span bytes) {
    struct test_sink *s = (struct test_sink *)sink;
    if (s->breaks_at && s->got.n + bytes.n >= s->breaks_at) return -1;
    if (s->waits && s->waited_since == wakes) return 0;
    s->waits = s->at_once && bytes.n > s->at_once;
    if (s->waits) {
        bytes = span_upto(bytes, s->at_once);
        s->waited_since = wakes;
        wait_for_wake(s->r);
    }
    buf_add(&s->got, bytes);
    return (ptrdiff_t)bytes.n;
}

static void end_sink(struct sink *sink) {
    ((struct test_sink *)sink)->is_whole = true;
}

static void drop_sink(struct sink *sink) {
    struct test_sink *s = (struct test_sink *)sink;
    buf_done(&s->got);
    free(s);
}

/* Says what came. */
static int echo(struct request *r, void *arg) {
    const struct test_sink *s = arg;
    chunks_add_copy(&r->body, arena_printf(&r->arena, "%s %zu:", s->is_whole ? "whole" : "broken", s->got.n));
    chunks_add_copy(&r->body, buf_span(&s->got));
    r->status = 200;
    return HANDLER_GO_ON;
}

static enum handler take_body(struct request *r, size_t at_once, size_t breaks_at) {
    struct test_sink *s = memory_zeroed(1, sizeof *s);
    s->sink = (struct sink){put, end_sink, drop_sink};
    s->r = r;
    s->at_once = at_once;
    s->breaks_at = breaks_at;
    r->sink = &s->sink;
    r->handler = echo;
    r->handler_arg = s;
    return HANDLER_GO_ON;
}

/* ---- handlers ------------------------------------------------------------------------------------------------------------- */

/* handler_arg: what it says once it was woken */
struct waiting_handler {
    unsigned since;
    enum handler says;
    int status;
};

static int say_when_woken(struct request *r, void *arg) {
    struct waiting_handler *h = arg;
    if (h->since == wakes) {
        wait_for_wake(r);
        return HANDLER_WAIT_FOR_EVENT;
    }
    if (h->says == HANDLER_COMEBACK)
        request_set_target(r, r->in.uri.query.n ? r->in.uri.query : SPAN("/index.html"));
    r->status = h->status;
    if (h->status == 200) chunks_add_copy(&r->body, SPAN("woken"));
    return (int)h->says;
}

static enum handler handle_later(struct request *r, enum handler says, int status) {
    struct waiting_handler *h = arena_get(&r->arena, sizeof *h);
    *h = (struct waiting_handler){wakes, says, status};
    r->handler = say_when_woken;
    r->handler_arg = h;
    return HANDLER_GO_ON;
}

/* ---- both directions at once --------------------------------------------------------------------------------------------- */

/* exchange - gives back what it gets, while more comes: a sink and a source that share a buffer */
struct exchange {
    struct sink sink;
    struct source source;
    struct request *r;
    struct buf held;
    size_t most;         /* held at once; 0: whatever comes */
    size_t breaks_at;    /* the sink; 0: never */
    size_t ends_at;      /* the source, of all bytes; 0: with the body */
    size_t got, given;
    unsigned since;      /* the handler waits for so many wakes */
    unsigned first;      /* it was not yet at work; each wake since then doubles `most` */
    bool is_whole, is_tunnel, has_trailers;
    bool resumes;        /* it asks to be run at once, while it runs */
    uint8_t users;       /* sink, source */
};

static void tell(struct exchange *x) {
    if (x->resumes) request_resume(x->r);
    else request_wake(x->r);
}

static ptrdiff_t put_on(struct sink *sink, struct span bytes) {
    struct exchange *x = CONTAINER(sink, struct exchange, sink);
    if (x->breaks_at && x->got + bytes.n >= x->breaks_at) return -1;
    size_t most = x->most << (wakes - x->first);
    if (x->most && bytes.n > most - x->held.n) bytes.n = most - x->held.n;
    buf_add(&x->held, bytes);
    x->got += bytes.n;
    if (bytes.n) tell(x);
    return (ptrdiff_t)bytes.n;
}

static void end_on(struct sink *sink) {
    struct exchange *x = CONTAINER(sink, struct exchange, sink);
    x->is_whole = true;
    tell(x);
}

static void leave(struct exchange *x) {
    if (--x->users > 0) return;
    buf_done(&x->held);
    free(x);
}

static void drop_on(struct sink *sink) {
    leave(CONTAINER(sink, struct exchange, sink));
}

static enum source_result pull_back(struct source *source, struct chunks *out, uint64_t room) {
    struct exchange *x = CONTAINER(source, struct exchange, source);
    size_t n = x->held.n < room ? x->held.n : (size_t)room;
    if (x->ends_at && n > x->ends_at - x->given) n = x->ends_at - x->given;
    if (n) {
        chunks_add_copy(out, span_upto(buf_span(&x->held), n));
        x->held.n -= n;
        memmove(x->held.p, x->held.p + n, x->held.n);
        x->given += n;
        request_want_body(x->r);
        if (x->resumes) tell(x);
    }
    if (x->ends_at && x->given == x->ends_at) return SOURCE_END;
    if (n) return SOURCE_MORE;
    if (!x->is_whole) return SOURCE_WAIT;
    if (x->has_trailers) fields_add_named(&x->r->trailers, &x->r->arena, SPAN("X-Sum"), SPAN("ok"));
    if (x->has_trailers) fields_add(&x->r->trailers, &x->r->arena, HEADER_CONTENT_LENGTH, SPAN("7")); /* left out */
    return SOURCE_END;
}

static void drop_back(struct source *source) {
    leave(CONTAINER(source, struct exchange, source));
}

static void on_release(void *arg) {
    struct request *r = arg;
    forget(r);
    if (span_search(r->in.uri.query, SPAN("wakes")) < r->in.uri.query.n) request_wake(r);
    request_say(r, LOG_IS_NOTE, "test: released %.*s", SPAN_ARG(r->in.target_sent));
}

static int answer_on(struct request *r, void *arg) {
    struct exchange *x = arg;
    if (wakes < x->since) {
        wait_for_wake(r);
        return HANDLER_WAIT_FOR_EVENT;
    }
    x->users++;
    x->source = (struct source){pull_back, drop_back, -1};
    if (x->is_tunnel && !r->is_bare) x->is_whole = false; /* that was the end of the request's own body */
    r->source = &x->source;
    r->is_tunnel = x->is_tunnel;
    r->status = !x->is_tunnel || (r->in.method == METHOD_CONNECT && r->in.version < 20) ? 200 : 101;
    if (x->is_tunnel && r->status == 101) fields_set(&r->out, &r->arena, HEADER_UPGRADE, SPAN("test"));
    else if (!x->is_tunnel) fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, SPAN("text/plain"));
    return HANDLER_GO_ON;
}

/* What of these stands in the query: late, later, patient, most=N, breaks=N, ends=N, trailers, resumes, wakes (when
 * it is released). */
static size_t query_number(struct span query, const char *name) {
    struct span word;
    uint64_t n;
    while (query.n && span_next(&query, '&', &word))
        if (span_starts(word, span_of(name)) && number_parse(span_from(word, strlen(name)), 1000000, &n))
            return (size_t)n;
    return 0;
}

static enum handler answer_while_reading(struct request *r, bool is_tunnel) {
    struct exchange *x = memory_zeroed(1, sizeof *x);
    struct span query = r->in.uri.query;
    *x = (struct exchange){.sink = {put_on, end_on, drop_on},
                           .r = r,
                           .most = query_number(query, "most="),
                           .breaks_at = query_number(query, "breaks="),
                           .ends_at = query_number(query, "ends="),
                           .since = wakes + (span_search(query, SPAN("late")) < query.n) +
                                    (span_search(query, SPAN("later")) < query.n),
                           .first = wakes,
                           .has_trailers = span_search(query, SPAN("trailers")) < query.n,
                           .is_tunnel = is_tunnel,
                           .resumes = span_search(query, SPAN("resumes")) < query.n,
                           .users = 1};
    r->keeps_time = span_search(query, SPAN("patient")) < query.n;
    r->streams_body = true;
    r->sink = &x->sink;
    r->handler = answer_on;
    r->handler_arg = x;
    request_on_release(r, on_release, r);
    return HANDLER_GO_ON;
}

/* ---- a collected body ----------------------------------------------------------------------------------------------------- */

static int say_collected(struct request *r, void *arg) {
    bool is_file = r->in_body.count && chunks_at(&r->in_body, 0)->kind == CHUNK_FILE;
    (void)arg;
    chunks_add_copy(&r->body, arena_printf(&r->arena, "%s %llu %u:", is_file ? "file" : "memory",
                                           (unsigned long long)r->in_body.bytes, r->in.trailers.count));
    for (uint32_t i = 0; i < r->in.trailers.count; i++)
        chunks_add_copy(&r->body, arena_printf(&r->arena, "%.*s=%.*s:", SPAN_ARG(r->in.trailers.list[i].name),
                                               SPAN_ARG(r->in.trailers.list[i].value)));
    struct span merged = fields_get_named(&r->in.fields, &r->arena, SPAN("X-Merge"));
    if (merged.p) chunks_add_copy(&r->body, arena_printf(&r->arena, "merged=%.*s:", SPAN_ARG(merged)));
    chunks_move(&r->body, &r->in_body);
    r->status = 200;
    return HANDLER_GO_ON;
}

static enum handler collect(struct request *r) {
    request_collect_body(r);
    r->handler = say_collected;
    return HANDLER_GO_ON;
}

/* ---- interim responses ----------------------------------------------------------------------------------------------------- */

static enum handler hint_first(struct request *r) {
    struct fields fields = {0};
    fields_add(&fields, &r->arena, HEADER_LINK, SPAN("</a.css>; rel=preload"));
    fields_add(&fields, &r->arena, HEADER_CONTENT_LENGTH, SPAN("7")); /* is left out */
    request_send_interim(r, 103, &fields);
    return handle_later(r, HANDLER_GO_ON, 200);
}

/* ---- hooks ----------------------------------------------------------------------------------------------------------------- */

extern const struct module mod_test;

static enum handler wait_in_hook(struct request *r) {
    struct waiting_handler **h = (struct waiting_handler **)request_data(r, &mod_test);
    if (!*h) {
        *h = arena_get(&r->arena, sizeof **h);
        **h = (struct waiting_handler){wakes, HANDLER_GO_ON, 0};
    }
    if ((*h)->since == wakes) {
        wait_for_wake(r);
        return HANDLER_WAIT_FOR_EVENT;
    }
    r->status = 200;
    chunks_add_copy(&r->body, SPAN("the hook was woken"));
    return HANDLER_FINISHED;
}

/* With a script an answer had begun. */
static enum handler come_back(struct request *r, const char *script) {
    if (script) answer_from_source(r, script, -1);
    if (script) chunks_add_copy(&r->body, SPAN("begun"));
    bool ok = request_set_target(r, r->in.uri.query.n ? r->in.uri.query : SPAN("/index.html"));
    return ok ? HANDLER_COMEBACK : HANDLER_FINISHED;
}

enum kind {
    SOURCE, SINK, HANDLER, REFUSAL, HOOK_ERROR, HOOK_WAIT, COMEBACK, START_ERROR, STREAM, TUNNEL, COLLECT, INTERIM
};

/* What the URLs do. */
static const struct {
    const char *path;
    enum kind kind;
    const char *script;
    int64_t n;            /* SOURCE: length; SINK: at once; HANDLER, REFUSAL: status */
    enum handler says;    /* HANDLER */
    size_t breaks_at;     /* SINK */
} urls[] = {
    {"/test/chunks", SOURCE, "bbbe", -1, HANDLER_GO_ON, 0},
    {"/test/length", SOURCE, "bbbe", 21, HANDLER_GO_ON, 0},
    {"/test/wait", SOURCE, "bwbwbe", -1, HANDLER_GO_ON, 0},
    {"/test/wait-first", SOURCE, "wbe", -1, HANDLER_GO_ON, 0},
    {"/test/wait-length", SOURCE, "bwbe", 14, HANDLER_GO_ON, 0},
    {"/test/never-ends", SOURCE, "bw", -1, HANDLER_GO_ON, 0},
    {"/test/break", SOURCE, "bwx", -1, HANDLER_GO_ON, 0},
    {"/test/break-length", SOURCE, "bx", 1000, HANDLER_GO_ON, 0},
    {"/test/short", SOURCE, "be", 1000, HANDLER_GO_ON, 0},
    {"/test/long", SOURCE, "bbe", 7, HANDLER_GO_ON, 0},
    {"/test/empty", SOURCE, "e", -1, HANDLER_GO_ON, 0},
    {"/test/large", SOURCE, "zzzzzzzzzze", -1, HANDLER_GO_ON, 0},
    {"/test/sink", SINK, NULL, 0, HANDLER_GO_ON, 0},
    {"/test/slow-sink", SINK, NULL, 3, HANDLER_GO_ON, 0},
    {"/test/broken-sink", SINK, NULL, 0, HANDLER_GO_ON, 5},
    {"/test/handler", HANDLER, NULL, 200, HANDLER_GO_ON, 0},
    {"/test/handler-error", HANDLER, NULL, 0, HANDLER_ERROR, 0},
    {"/test/handler-502", HANDLER, NULL, 502, HANDLER_ERROR, 0},
    {"/test/handler-finished", HANDLER, NULL, 503, HANDLER_FINISHED, 0},
    {"/test/handler-comeback", HANDLER, NULL, 0, HANDLER_COMEBACK, 0},
    {"/test/403", REFUSAL, NULL, 403, HANDLER_GO_ON, 0},
    {"/test/hook-error", HOOK_ERROR, NULL, 0, HANDLER_GO_ON, 0},
    {"/test/hook-wait", HOOK_WAIT, NULL, 0, HANDLER_GO_ON, 0},
    {"/test/comeback", COMEBACK, NULL, 0, HANDLER_GO_ON, 0},
    {"/test/begun-comeback", COMEBACK, "be", 0, HANDLER_GO_ON, 0},
    {"/test/start-error", START_ERROR, NULL, 0, HANDLER_GO_ON, 0},
    {"/test/stream", STREAM, NULL, 0, HANDLER_GO_ON, 0},
    {"/test/tunnel", TUNNEL, NULL, 0, HANDLER_GO_ON, 0},
    {"/test/collect", COLLECT, NULL, 0, HANDLER_GO_ON, 0},
    {"/test/interim", INTERIM, NULL, 0, HANDLER_GO_ON, 0},
};
enum { URLS = sizeof urls / sizeof *urls };

static enum handler on_uri(struct request *r, const void *settings) {
    unsigned i = 0;
    (void)settings;
    if (r->in.method == METHOD_CONNECT && span_is(r->in.authority, SPAN("tunnel:7")))
        return answer_while_reading(r, true);
    while (i < URLS && !span_is(r->in.uri.path, span_of(urls[i].path))) i++;
    if (i == URLS) return HANDLER_GO_ON;
    request_lasts(r, LASTS_NOT);
    switch (urls[i].kind) {
    case SOURCE: return answer_from_source(r, urls[i].script, urls[i].n);
    case SINK: return take_body(r, (size_t)urls[i].n, urls[i].breaks_at);
    case HANDLER: return handle_later(r, urls[i].says, (int)urls[i].n);
    case REFUSAL: return request_refuse_with(r, (int)urls[i].n);
    case HOOK_ERROR: return HANDLER_ERROR;
    case HOOK_WAIT: return wait_in_hook(r);
    case COMEBACK: return come_back(r, urls[i].script);
    case START_ERROR: r->status = 200; return HANDLER_FINISHED;
    case STREAM: return answer_while_reading(r, false);
    case TUNNEL: return answer_while_reading(r, true);
    case COLLECT: return collect(r);
    case INTERIM: return hint_first(r);
    }
    return HANDLER_GO_ON;
}

static enum handler on_start(struct request *r, const void *settings) {
    (void)settings;
    return span_is(r->in.uri.path, SPAN("/test/start-error")) ? HANDLER_ERROR : HANDLER_GO_ON;
}

static enum handler on_done(struct request *r, const void *settings) {
    (void)settings;
    request_say(r, LOG_IS_NOTE, "test: done %.*s %d %s", SPAN_ARG(r->in.target_sent), request_sent_status(r),
                request_is_complete(r) ? "complete" : "broken");
    return HANDLER_GO_ON;
}

static enum handler on_reset(struct request *r, const void *settings) {
    (void)settings;
    forget(r);
    request_say(r, LOG_IS_NOTE, "test: reset %.*s", SPAN_ARG(r->in.target_sent));
    return HANDLER_GO_ON;
}

static int fail(struct request *r, void *arg) {
    (void)r, (void)arg;
    return HANDLER_ERROR;
}

static enum handler on_accept(struct request *r, const void *settings) {
    if (!((const struct settings *)settings)->tunnels) return HANDLER_GO_ON;
    request_be_tunnel(r);
    answer_while_reading(r, true);
    if (((const struct settings *)settings)->tunnels == 2) r->handler = fail;
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {
    {PHASE_ACCEPT, on_accept, LASTS},
    {PHASE_URI_CLEAN, on_uri, LASTS},
    {PHASE_RESPONSE_START, on_start, LASTS},
    {PHASE_REQUEST_DONE, on_done, LASTS},
    {PHASE_REQUEST_RESET, on_reset, LASTS},
    {PHASE_COUNT, NULL, LASTS},
};

const struct module mod_test = {
    MODULE_ABI, "mod_test", directives, hooks, sizeof(struct settings), &defaults, is_active, NULL};
