/* rehearsal.c - a request through the server's own steps, without anybody at the other end */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/rehearsal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "http/answer.h"
#include "http/head.h"
#include "http/source.h"
#include "net/file.h"
#include "server/counters.h"
#include "server/errorpage.h"
#include "server/jobs.h"
#include "server/rehearsal_parts.h"

enum {
    STAGE_FDS = 64,
    STEPS_MAX = 2000,             /* a hundred rewrites have fewer */
    TURNS_MAX = 200,              /* of waiting for a file of passwords */
    BODY_MAX = 4 * 1024 * 1024,   /* of a body whose length only its end tells */
    CACHED_FILES = 1
};

static const struct place nowhere;

/* ---- what HTTP/1 does on a connection, without one -------------------------------------------- */

static enum handler read_head(struct request *r) {
    struct stage *s = stage_of(r);
    struct h1_limits limits = {r->conf->core->max_head_bytes, r->conf->core->max_head_fields, r->conf->parse_options};
    size_t seen = 0, used = 0;
    r->begun_ns = clock_monotonic_ns();
    r->begun_s = clock_now_s();
    int result = h1_parse_head(&r->in, buf_span(&s->head), &seen, &used, &limits, &r->arena);
    r->received_bytes = s->head.n;
    r->keep_alive = r->in.keep_alive;
    r->body_done = r->in.body_bytes == 0;
    if (result == H1_DONE) return HANDLER_GO_ON;
    r->status = result == H1_MORE ? 400 : result;
    r->in.body_bytes = 0;
    r->body_done = true;
    rehearsal_say(s, PHASE_ACCEPT, nowhere, "%d: the head of the request is refused", r->status);
    return HANDLER_ERROR;
}

/* As if it had come, and was empty. */
static enum handler read_body(struct request *r) {
    r->body_done = true;
    return HANDLER_GO_ON;
}

static bool body_is_small(const struct request *r) {
    (void)r;
    return true;
}

static void write_interim(struct request *r, int status, const struct fields *fields) {
    (void)fields;
    rehearsal_say(stage_of(r), PHASE_COUNT, nowhere, "%d is sent in between", status);
}

static void take_field(struct rehearsal *x, struct span name, struct span value) {
    name = arena_copy(&x->arena, name);
    fields_append(&x->fields, &x->arena, header_find(name), name, arena_copy(&x->arena, value));
}

/* The lines of a head, but for its first. */
static void take_lines(struct rehearsal *x, struct span head) {
    struct span line;
    span_next(&head, '\n', &line);
    while (head.n && span_next(&head, '\n', &line)) {
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        size_t colon = span_find(line, ':');
        if (colon < line.n) take_field(x, span_upto(line, colon), span_trim(span_from(line, colon + 1)));
    }
}

static void write_reply(struct request *r) {
    struct rehearsal *x = stage_of(r)->at;
    struct chunks body = {0};
    struct answer a;
    answer_decide(&a, r->reply, r, clock_now_s());
    if (a.status != r->status)
        rehearsal_say(stage_of(r), PHASE_COUNT, nowhere, "%d in place of %d: the fields of the request ask for it",
                      a.status, r->status);
    r->sent_status = a.status;
    struct blob *head = answer_head(&a, r->reply);
    take_lines(x, blob_span(head));
    blob_drop(head);
    answer_body(&a, r->reply, &body);
    x->body_bytes = (int64_t)body.bytes;
    chunks_clear(&body);
    x->is_kept = r->reply->kept;
}

static void write_head(struct request *r) {
    struct rehearsal *x = stage_of(r)->at;
    r->sent_status = r->status;
    for (uint32_t i = 0; i < r->out.count; i++)
        if (!head_is_framing(r->out.list[i].id)) take_field(x, r->out.list[i].name, r->out.list[i].value);
    char digits[24];
    x->body_bytes = r->in.method == METHOD_HEAD ? 0 : r->source->length;
    if (r->source->length >= 0)
        take_field(x, SPAN("Content-Length"),
                   (struct span){digits, number_format(digits, (uint64_t)r->source->length)});
    else if (r->in.version >= 11 && request_core(r)->http11)
        take_field(x, SPAN("Transfer-Encoding"), SPAN("chunked"));
}

/* How long it is that only its end tells: as far as that is bearable. */
static enum handler write_body(struct request *r) {
    struct stage *s = stage_of(r);
    uint64_t n = 0;
    if (r->source->length >= 0) return HANDLER_GO_ON;
    for (unsigned turns = 0; n < BODY_MAX && turns < TURNS_MAX;) {
        struct chunks some = {0};
        enum source_result result = r->source->pull(r->source, &some, 64 * 1024);
        n += some.bytes;
        chunks_clear(&some);
        if (result == SOURCE_BROKEN) return HANDLER_ERROR;
        if (result == SOURCE_END) {
            s->at->body_bytes = (int64_t)n;
            return HANDLER_GO_ON;
        }
        if (result == SOURCE_MORE) continue;
        clock_update();
        fdevents_turn(s->worker.events, 0);
        turns++;
    }
    return HANDLER_GO_ON;
}

static bool is_through(const struct request *r) {
    (void)r;
    return true;
}

static bool begin_tunnel(struct request *r) {
    (void)r;
    return false;
}

static void break_off(struct request *r) {
    (void)r;
}

static const struct protocol nobody = {.read_head = read_head,
                                       .read_body = read_body,
                                       .body_is_small = body_is_small,
                                       .write_interim = write_interim,
                                       .write_reply = write_reply,
                                       .write_head = write_head,
                                       .write_body = write_body,
                                       .is_through = is_through,
                                       .begin_tunnel = begin_tunnel,
                                       .break_off = break_off};

/* ---- the stage -------------------------------------------------------------------------------- */

static void on_wake(struct fdevent *ev, unsigned ready) {
    (void)ev, (void)ready;
}

struct stage *stage_make(struct conf *conf) {
    const char *backend = fdevents_backend_by_name("poll");
    struct stage *s = memory_zeroed(1, sizeof *s);
    struct worker *w = &s->worker;
    clock_update();
    w->events = fdevents_make(backend, STAGE_FDS);
    if (!w->events) {
        free(s);
        return NULL;
    }
    w->conf = conf_hold(conf);
    w->plan = plan_global(conf);
    w->replies = replies_make((size_t)conf->core->cache_kib * 1024, CACHED_FILES);
    list_init(&w->listeners);
    list_init(&w->conns);
    list_init(&w->lingering);
    list_init(&w->leaving);
    s->listening.worker = w;
    s->listening.refs = 1;
    s->listening.ev.fd = -1;
    s->conn.worker = w;
    s->conn.listening = &s->listening;
    s->conn.protocol = &nobody;
    s->conn.ev = (struct fdevent){.run = on_wake, .fd = -1};
    list_init(&s->conn.link);
    list_init(&s->conn.ready);
    s->truths = memory_zeroed(conf->conditions.count, 1);
    jobs_begin(w->events);
    return s;
}

void stage_drop(struct stage *s) {
    struct worker *w = &s->worker;
    jobs_end();
    for (struct request *r = w->spare_requests; r;) {
        struct request *next = r->handler_arg;
        arena_done(&r->arena);
        free(r);
        r = next;
    }
    replies_drop(w->replies);
    fdevents_drop(w->events);
    conf_drop(w->conf);
    buf_done(&s->head);
    free(s->truths);
    free(s);
}

/* ---- through the table of states.h ------------------------------------------------------------ */

/* Where the words of each step lead; as machine.c has it. */
#define ROW(state, step, limit, go_on, finished, comeback, error, says) \
    {REQUEST_##go_on, REQUEST_##finished, REQUEST_##comeback, REQUEST_##error},
static const uint8_t next_of[][4] = {REQUEST_STATES(ROW)};
#undef ROW

static enum handler step(struct request *r) {
    switch ((enum request_state)r->state) {
#define ROW(state, function, ...) \
    case REQUEST_##state: return function(r);
        REQUEST_STATES(ROW)
#undef ROW
    case REQUEST_NONE: break;
    }
    return HANDLER_ERROR;
}

static struct place place_of_directive(const struct request *r, struct span directive) {
    const struct assignment *before, *a = r->plan ? plan_assignment(r->plan, directive, &before) : NULL;
    return a ? a->place : nowhere;
}

static void say_refusal(struct stage *s, struct request *r, int status, enum handler word) {
    const struct core_settings *core = request_core(r);
    bool is_404 = core->error_handler.n == 0;
    if (word == HANDLER_COMEBACK) {
        struct span name = is_404 ? SPAN("server.error-handler-404") : SPAN("server.error-handler");
        rehearsal_say(s, PHASE_COUNT, place_of_directive(r, name), "%d: the error-handler %.*s is asked", status,
                      SPAN_ARG(is_404 ? core->error_handler_404 : core->error_handler));
    } else if (r->body.count && chunks_at(&r->body, 0)->kind == CHUNK_FILE) {
        struct span path = error_file(core->errorfiles, r->status);
        struct file_state state;
        bool is_listed = path.n && file_look(path.p, &state) == 0;
        struct span name = is_listed ? SPAN("server.errorfiles") : SPAN("server.errorfile-prefix");
        if (!is_listed)
            path = arena_printf(&r->arena, "%.*s%d.html", SPAN_ARG(core->errorfile_prefix), r->status);
        rehearsal_say(s, PHASE_COUNT, place_of_directive(r, name), "%d: the page is %.*s", r->status, SPAN_ARG(path));
    }
}

/* Files of passwords are read in the next turn. True: it may go on. */
static bool wait_a_moment(struct stage *s, const struct request *r) {
    if (r->state != REQUEST_ROUTE) return false;
    clock_update();
    return fdevents_turn(s->worker.events, 0) > 0;
}

static bool is_at_end(const struct request *r) {
    return r->state == REQUEST_RESPONSE_END || r->state == REQUEST_ERROR || r->state == REQUEST_GONE;
}

static enum rehearsal_end run(struct stage *s, struct request *r) {
    for (unsigned steps = 0; steps < STEPS_MAX && !is_at_end(r); steps++) {
        enum request_state state = r->state;
        int status = r->status;
        if (state == REQUEST_HANDLE && r->handler) return REHEARSAL_BACKEND;
        if (state == REQUEST_RESPONSE_START) snapshot_take(s, r); /* what REFUSE has thrown away is no change */
        enum handler word = step(r);
        if (state == REQUEST_READ) snapshot_take(s, r);
        if (state == REQUEST_REFUSE) say_refusal(s, r, status, word);
        rehearsal_name_notes(s, PHASE_COUNT, "core");
        if (state != REQUEST_RESPONSE_START) rehearsal_note_lasting(s, r, "core");
        if (word == HANDLER_WAIT_FOR_EVENT && !wait_a_moment(s, r)) return REHEARSAL_DEPENDS;
        if (word == HANDLER_WAIT_FOR_EVENT) continue;
        if (state == REQUEST_REFUSE && word == HANDLER_COMEBACK) snapshot_take(s, r);
        r->state = next_of[state][word];
    }
    return r->state == REQUEST_RESPONSE_END ? REHEARSAL_ANSWERED : REHEARSAL_BROKEN;
}

/* ---- the answer ------------------------------------------------------------------------------- */

static const char *why_not_kept(const struct rehearsal *x, const struct request *r) {
    const struct conf *conf = r->conf;
    if (r->in.method != METHOD_GET && r->in.method != METHOD_HEAD) return "only answers to GET and HEAD are kept";
    if (r->in.body_bytes != 0) return "the request has a body";
    if (!conf->core->cache_kib) return "server.reply-cache-size is 0";
    if (conf->conditions.other_count > CONDITION_OTHERS_MAX) return "more than 64 conditions look at the client";
    if (r->lasting >= LASTS_NOT) return "it is for this request alone";
    if (r->plan && r->plan->alone) return "too many combinations of conditions were seen";
    if (r->source) return "it is made while it is sent";
    return x->status ? "it is too large" : "";
}

static struct span why_kept(const struct rehearsal *x, const struct request *r) {
    static const char *const until[] = {"until the next reload", "as long as the file is the same",
                                        "for a second", ""};
    return span_of(x->is_kept ? until[r->lasting] : why_not_kept(x, r));
}

static struct span kept(struct rehearsal *x, struct span s) {
    return s.p ? arena_copy(&x->arena, s) : s;
}

static void take_request(struct rehearsal *x, const struct stage *s, const struct request *r) {
    char client[ADDR_TEXT_BYTES];
    size_t n = addr_format(&r->client, client);
    x->status = x->end == REHEARSAL_ANSWERED ? request_sent_status(r) : 0;
    x->method = kept(x, r->in.method_text);
    x->url = kept(x, r->in.uri.target);
    x->socket = kept(x, s->listening.name);
    x->host = kept(x, r->in.authority);
    x->client = kept(x, (struct span){client, n});
    x->user = kept(x, r->user);
    x->docroot = kept(x, r->physical.docroot);
    x->path = kept(x, r->physical.path);
    x->path_info = kept(x, r->physical.path_info);
    x->is_tls = r->is_tls;
    x->error_status = r->error_status;
    x->lasting = r->lasting;
    x->kept_why = why_kept(x, r);
    x->plan = r->plan && !r->plan->alone ? r->plan : NULL;
    if (!x->module) x->module = "core";
}

/* The last thing that a module has said is whom it would have asked. */
static void name_backend(struct rehearsal *x) {
    for (size_t i = x->note_count; i-- > 0;) {
        if (x->notes[i].kind != NOTE_DETAIL) continue;
        if (x->end == REHEARSAL_BACKEND) x->backend = x->notes[i].text;
        else x->why = x->notes[i].text;
        return;
    }
}

/* A socket of mod_sockproxy: there is no HTTP on it as far as we know. */
static bool is_passed_on(struct stage *s, struct request *r) {
    const struct plan *plan = plan_for(r->conf, r, s->listening.name);
    for (unsigned i = 0; i < plan->hook_count[PHASE_ACCEPT]; i++) {
        const struct planned_hook *h = &plan->hooks[PHASE_ACCEPT][i];
        request_set_plan(r, plan);
        if (!r->module_data) r->module_data = arena_zeroed(&r->arena, r->conf->module_count * sizeof(void *));
        enum handler word = h->run(r, h->settings);
        watch_step(r, PHASE_ACCEPT, h, word);
        if (s->conn.proxied)
            rehearsal_say(s, PHASE_ACCEPT, nowhere, "connections begin with a PROXY line here: it is taken to name "
                                                    "this client");
        conn_drop_proxied(&s->conn);
        if (r->is_bare) return true;
    }
    r->plan = NULL;
    r->status = 0;
    return false;
}

static void play(struct stage *s, struct rehearsal *x) {
    struct request *r = s->conn.request = request_make(&s->conn);
    r->is_tls = x->is_tls;
    snapshot_take(s, r);
    x->end = r->conf->looks_at_connections && is_passed_on(s, r) ? REHEARSAL_BACKEND : run(s, r);
    rehearsal_name_notes(s, PHASE_COUNT, "core");
    take_request(x, s, r);
    if (x->end == REHEARSAL_BACKEND || x->end == REHEARSAL_DEPENDS) name_backend(x);
    if (x->end == REHEARSAL_BROKEN) x->why = SPAN("a run-time error: the connection is ended");
    request_release(r);
    if (r->plan && r->module_data) request_run_hooks(r, PHASE_REQUEST_RESET);
    request_drop(r);
    s->conn.request = NULL;
    s->conn.is_last = s->conn.is_forwarder = false;
    conn_drop_kept(&s->conn);
    replies_clear(s->worker.replies);
}

void rehearse(struct stage *s, const struct rehearsal_question *q, struct rehearsal *x) {
    const struct watcher *before = request_watcher;
    memset(x, 0, sizeof *x);
    x->body_bytes = -1;
    x->end = REHEARSAL_INVALID;
    s->at = x;
    memset(s->truths, 0, s->worker.conf->conditions.count);
    clock_update();
    counters_set_aside();
    fdevents_turn(s->worker.events, 0);
    request_watcher = &rehearsal_watcher;
    log_capture(rehearsal_capture, s);
    struct rehearsal_url p = rehearsal_url(q->url);
    if (!rehearsal_is_clean(q)) x->why = SPAN("method or URL is missing, or has a blank in it");
    else if (rehearsal_connect(s, q, &p)) {
        rehearsal_write(&s->head, q, &p);
        play(s, x);
    }
    rehearsal_name_notes(s, PHASE_COUNT, "core");
    log_capture(NULL, NULL);
    counters_go_on();
    request_watcher = before;
    s->at = NULL;
}

void rehearsal_done(struct rehearsal *x) {
    free(x->notes);
    free(x->origins);
    arena_done(&x->arena);
}

const struct rehearsal_origin *rehearsal_origin(const struct rehearsal *x, const struct field *f) {
    for (size_t i = x->origin_count; i-- > 0;)
        if (span_is_ci(x->origins[i].name, f->name) && span_is(x->origins[i].value, f->value)) return &x->origins[i];
    return NULL;
}

struct span rehearsal_field(const struct rehearsal *x, struct span name) {
    const struct field *f = fields_first_named(&x->fields, name);
    return f ? f->value : (struct span){NULL, 0};
}
