/* serve_h2.c - HTTP/2 on a connection: frames in, requests on streams; responses, frames out */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/source.h"
#include "http/why.h"
#include "net/wire.h"
#include "server/conn.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/worker.h"

enum {
    READS_PER_TURN = 16,         /* of the input's size; then it is the others' turn */
    OUT_CHUNKS_MAX = 128,
    OUT_BYTES_MAX = 256 * 1024,  /* queued for the connection, whatever the windows allow */
    QUEUE_BYTES_MAX = 64 * 1024, /* of one source's body, ahead of its turn */
    FRAME_BYTES_MAX = 16 * 1024, /* a turn: what the peer takes in any case (RFC 9113 4.2) */
    CONTROL_BYTES_MAX = 16 * 1024,
    TICK_MS = 1000,
    LINGER_MS = 1000,            /* a stream that is answered before its request has come */
    SPARE_STREAMS = 128
};

/* ---- streams ---------------------------------------------------------------------------------- */

static struct stream *stream_get(struct worker *w) {
    struct stream *x = w->spare_streams;
    if (!x) return memory_zeroed(1, sizeof *x);
    w->spare_streams = (struct stream *)(void *)x->ready.next;
    w->spare_stream_count--;
    memory_clear(x, sizeof *x);
    return x;
}

static void stream_give_back(struct worker *w, struct stream *x) {
    chunks_clear(&x->queue);
    buf_done(&x->held);
    if (w->spare_stream_count >= SPARE_STREAMS) {
        free(x);
        return;
    }
    x->ready.next = (struct list *)(void *)w->spare_streams;
    w->spare_streams = x;
    w->spare_stream_count++;
}

void h2_forget_spare(struct worker *w) {
    while (w->spare_streams) {
        struct stream *x = w->spare_streams;
        w->spare_streams = (struct stream *)(void *)x->ready.next;
        free(x);
    }
}

/* The session may forget the stream. */
static void end_stream(struct conn *c, struct stream *x) {
    if (x->h2) h2_stream_drop(c->h2, x->h2);
    stream_give_back(c->worker, x);
    c->since_ms = fdevents_now_ms(c->worker->events);
    c->answered_bytes = conn_queued_bytes(c);
}

/* The request is over. If the client still sends what nobody wants, RST_STREAM with NO_ERROR would be in order
 * (RFC 9113 8.1), but there are clients that then throw the response away with it: they get a moment to read it. */
static void end_request(struct conn *c, struct stream *x) {
    bool lingers = x->h2 && x->h2->ended_by_us && !x->h2->ended_by_peer && !x->h2->is_reset && !c->is_failed;
    request_drop(x->request);
    x->request = NULL;
    list_remove(&x->ready); /* whoever was let go of may have woken it */
    if (!lingers || c->is_broken) {
        end_stream(c, x);
        return;
    }
    if (x->held.n) h2_consumed(c->h2, x->h2, x->held.n);
    buf_done(&x->held);
    x->held = (struct buf){0};
    x->until_ms = fdevents_now_ms(c->worker->events) + LINGER_MS;
}

/* Runs a stream's request until it waits or is over. */
static void run(struct conn *c, struct stream *x) {
    struct request *r = x->request;
    list_remove(&x->ready);
    if (request_run(r) != HANDLER_WAIT_FOR_EVENT) {
        end_request(c, x);
        return;
    }
    uint64_t ms = conn_limit_ms(c, r, request_limit(r), x->since_ms);
    x->until_ms = ms ? fdevents_now_ms(c->worker->events) + ms : 0;
    x->sent_before = c->sent_bytes;
}

void h2_wake(struct request *r) {
    struct stream *x = r->stream;
    if (list_is_empty(&x->ready)) list_add_last(&r->conn->ready, &x->ready);
}

static void run_those_woken(struct conn *c) {
    struct list woken;
    list_init(&woken);
    while (!list_is_empty(&c->ready)) { /* who wakes itself meanwhile is for the next turn */
        struct list *link = c->ready.next;
        list_remove(link);
        list_add_last(&woken, link);
    }
    while (!list_is_empty(&woken)) run(c, CONTAINER(woken.next, struct stream, ready));
}

/* ---- the session's life ----------------------------------------------------------------------- */

void h2_begin(struct conn *c) {
    const struct core_settings *core = c->worker->conf->core;
    struct h2_options o = {.head_bytes = core->max_head_bytes,
                           .fields = core->max_head_fields,
                           .parse = c->worker->conf->parse_options,
                           .streams = c->max_streams ? c->max_streams : STREAMS_MAX,
                           .extended_connect = true};
    c->h2 = h2_make(&o);
    h2_input_begins(c->h2);
    c->protocol = &http2;
    c->since_ms = fdevents_now_ms(c->worker->events);
}

/* The request ends here, and the stream with it. */
static void break_request(struct conn *c, struct stream *x) {
    request_break(x->request);
    run(c, x);
}

/* The stream ends here, whether its request is over or not. */
static void cut_stream(struct conn *c, struct stream *x) {
    if (x->request) break_request(c, x);
    else end_stream(c, x);
}

static void abort_streams(struct conn *c) {
    struct list *streams = h2_streams(c->h2);
    while (!list_is_empty(streams)) cut_stream(c, CONTAINER(streams->next, struct h2_stream, link)->owner);
}

void h2_end(struct conn *c) {
    if (!c->h2) return;
    abort_streams(c);
    h2_drop(c->h2);
    c->h2 = NULL;
}

/* ---- frames in -------------------------------------------------------------------------------- */

static void begin_stream(struct conn *c, struct h2_stream *st, uint64_t now_ns) {
    struct stream *x = stream_get(c->worker);
    struct request *r = request_make(c);
    st->owner = x;
    x->h2 = st;
    x->request = r;
    x->since_ms = fdevents_now_ms(c->worker->events);
    list_init(&x->ready);
    r->stream = x;
    r->begun_ns = now_ns;
    r->begun_s = clock_now_s();
    run(c, x);
}

/* The body goes on. What nobody takes now is kept: the peer sends no more than the window of this stream allows. */
static void take_data(struct conn *c, struct stream *x, struct span data) {
    struct request *r = x->request;
    if (!r) {
        x->drained_bytes += data.n;
        if (x->drained_bytes < LINGER_BYTES) h2_consumed(c->h2, x->h2, data.n);
        return;
    }
    x->data = data;
    r->received_bytes += data.n;
    if (request_takes_body(r)) {
        run(c, x);
        return;
    }
    if (r->is_emitted) { /* answered already: nobody wants it */
        h2_consumed(c->h2, x->h2, data.n);
        x->data.n = 0;
    }
    buf_add(&x->held, x->data);
    x->data.n = 0;
}

/* What clients do wrong is written for those who ask: anybody could fill the log with it. */
static bool is_told(const struct conn *c) {
    return c->worker->plan->core->log_request_head_on_error;
}

/* The peer is through with the stream, or the session for the peer's fault. */
static void stream_is_reset(struct conn *c, struct stream *x, const struct h2_event *e) {
    if (e->why && x->request && is_told(c))
        request_say(x->request, LOG_IS_NOTE, "HTTP/2: stream %u: %s", x->h2->id, e->why);
    cut_stream(c, x);
}

static void session_is_over(struct conn *c, const struct h2_event *e) {
    char name[ADDR_TEXT_BYTES];
    c->is_failed = true;
    if (!is_told(c)) return;
    addr_format(&c->peer, name);
    say_note("HTTP/2: connection from %s ends with %s: %s", name, h2_error_name(e->error), e->why ? e->why : "");
}

static void take_event(struct conn *c, const struct h2_event *e, uint64_t now_ns) {
    struct stream *x = e->stream ? e->stream->owner : NULL;
    switch (e->kind) {
    case H2_HEAD: begin_stream(c, e->stream, now_ns); return;
    case H2_DATA: take_data(c, x, e->data); return;
    case H2_END:
        x->body_ended = true;
        if (x->request && h2_trailers(c->h2)) request_take_trailers(x->request, h2_trailers(c->h2));
        if (!x->request) end_stream(c, x);
        else if (request_takes_body(x->request)) run(c, x);
        return;
    case H2_RESET: stream_is_reset(c, x, e); return;
    case H2_CLOSE: session_is_over(c, e); return;
    case H2_MORE: return;
    }
}

static bool out_is_full(const struct conn *c) {
    return c->out.bytes >= OUT_BYTES_MAX || c->out.count >= OUT_CHUNKS_MAX ||
           h2_control_bytes(c->h2) > CONTROL_BYTES_MAX;
}

/* The client has sent its last byte: what is not complete now never will be. */
static void end_incomplete(struct conn *c) {
    struct list *streams = h2_streams(c->h2), *next;
    for (struct list *i = streams->next; i != streams; i = next) {
        struct h2_stream *st = CONTAINER(i, struct h2_stream, link);
        struct stream *x = st->owner;
        next = i->next;
        if (st->ended_by_peer) continue;
        if (!x->request || request_takes_body(x->request)) cut_stream(c, x);
    }
}

/* After its last byte no window will open any more. */
static void end_blocked(struct conn *c) {
    struct list *streams = h2_streams(c->h2), *next;
    for (struct list *i = streams->next; i != streams; i = next) {
        struct stream *x = CONTAINER(i, struct h2_stream, link)->owner;
        next = i->next;
        if (x->request && x->queue.count) break_request(c, x);
    }
}

/* One input full of frames. False: nothing more comes now. */
static bool read_frames(struct conn *c) {
    struct h2_event e;
    if (c->is_failed || out_is_full(c)) return false;
    if (conn_unread(c).n == 0) h2_input_begins(c->h2);
    if (conn_unread(c).n == 0 && conn_receive(c) <= 0) {
        if (c->is_eof) end_incomplete(c);
        return false;
    }
    struct span in = conn_unread(c);
    uint64_t now_ns = clock_monotonic_ns(); /* all of its requests have come by now */
    do h2_next(c->h2, &in, &e), take_event(c, &e, now_ns);
    while (e.kind != H2_MORE && e.kind != H2_CLOSE && !(in.n && out_is_full(c)));
    c->in->start = c->in->end - in.n; /* what is incomplete the session keeps */
    return !c->is_failed && !out_is_full(c);
}

/* ---- a request's body ------------------------------------------------------------------------- */

static enum handler read_head(struct request *r) {
    int status = h2_read_head(r->conn->h2, r->stream->h2, &r->in, &r->arena);
    r->keep_alive = false;
    r->body_done = r->in.body_bytes == 0;
    if (status < 0 && is_told(r->conn))
        request_say(r, LOG_IS_NOTE, "HTTP/2: malformed: %s", http_why ? http_why : "");
    if (status < 0) r->stream->h2 = NULL; /* malformed: the session has reset it and forgotten it */
    if (status < 0) return HANDLER_FINISHED;
    if (fields_have(&r->in.fields, HEADER_COOKIE)) /* one value for whoever reads it (RFC 9113 8.2.3) */
        fields_set(&r->in.fields, &r->arena, HEADER_COOKIE, fields_get(&r->in.fields, &r->arena, HEADER_COOKIE));
    r->status = status;
    if (status) request_head_reason(r, status);
    return status ? HANDLER_ERROR : HANDLER_GO_ON;
}

/* What the sink takes of the bytes; -1: it is broken. */
static ptrdiff_t give(struct request *r, struct span bytes) {
    if (bytes.n == 0) return 0;
    ptrdiff_t taken = r->sink ? r->sink->put(r->sink, bytes) : (ptrdiff_t)bytes.n;
    if (taken <= 0) return taken;
    r->body_received += (uint64_t)taken;
    h2_consumed(r->conn->h2, r->stream->h2, (uint64_t)taken);
    return taken;
}

/* First what was kept, then what has just come. False: the sink is broken. */
static bool give_all(struct request *r) {
    struct stream *x = r->stream;
    struct span *parts[] = {&(struct span){x->held.p, x->held.n}, &x->data};
    for (unsigned i = 0; i < 2; i++) {
        if (parts[i]->n == 0) continue;
        ptrdiff_t taken = give(r, *parts[i]);
        if (taken < 0) return false;
        *parts[i] = span_from(*parts[i], (size_t)taken);
        if (parts[i]->n) break;
    }
    if (parts[0]->n && parts[0]->p != x->held.p) memmove(x->held.p, parts[0]->p, parts[0]->n);
    x->held.n = parts[0]->n;
    buf_add(&x->held, x->data);
    x->data.n = 0;
    if (x->held.n == 0) buf_done(&x->held);
    return true;
}

static enum handler read_body(struct request *r) {
    struct stream *x = r->stream;
    uint64_t limit = (uint64_t)request_core(r)->max_request_kib * 1024;
    if (r->body_done) return HANDLER_GO_ON;
    if (!give_all(r)) {
        h2_consumed(r->conn->h2, x->h2, x->data.n);
        x->data.n = 0; /* it is the input's, and not for long */
        return request_refuse_body(r, 500);
    }
    if (limit && !r->is_tunnel && r->body_received + x->held.n > limit) return request_refuse_body(r, 413);
    if (x->body_ended && x->held.n == 0) {
        request_end_body(r);
        return HANDLER_GO_ON;
    }
    if (r->in.expect_continue && !r->body_received) {
        h2_send_continue(r->conn->h2, x->h2, &r->conn->out);
        r->in.expect_continue = false;
    }
    r->waiting = x->held.n ? WAITING_HANDLER : WAITING_INPUT;
    return HANDLER_WAIT_FOR_EVENT;
}

/* The stream ends, not the connection: what is left of the body is nobody's trouble. */
static bool body_is_small(const struct request *r) {
    (void)r;
    return true;
}

/* ---- responses -------------------------------------------------------------------------------- */

static bool is_paced(const struct core_settings *core) {
    return core->connection_kbytes_s || core->server_kbytes_s;
}

static void count_request(struct request *r) {
    struct conn *c = r->conn;
    const struct core_settings *core = request_core(r);
    if (c->requests >= core->max_keep_alive_requests || core->max_keep_alive_idle_s == 0) c->is_last = true;
    c->is_rated |= is_paced(core);
}

static void want_turn(struct conn *c, struct stream *x) {
    x->h2->pending = x->queue.bytes;
    h2_want_turn(c->h2, x->h2, x->queue.count > 0);
}

static void write_interim(struct request *r, int status, const struct fields *fields) {
    h2_send_interim(r->conn->h2, r->stream->h2, status, fields, &r->conn->out);
}

static void write_reply(struct request *r) {
    struct conn *c = r->conn;
    struct stream *x = r->stream;
    struct answer a;
    count_request(r);
    answer_decide(&a, r->reply, r, clock_now_s());
    r->sent_status = a.status;
    r->head_bytes = h2_send_small_reply(c->h2, x->h2, r->reply, &a, clock_now_s(), &c->out);
    if (r->head_bytes) r->body_sent = r->reply->length;
    if (r->head_bytes) return;
    r->head_bytes = h2_send_reply_head(c->h2, x->h2, r->reply, &a, clock_now_s(), &c->out);
    if (x->h2->ended_by_us) return;
    answer_body(&a, r->reply, &x->queue);
    x->is_last = true;
    want_turn(c, x);
}

static void write_head(struct request *r) {
    struct conn *c = r->conn;
    bool end = r->in.method == METHOD_HEAD;
    count_request(r);
    if (r->is_tunnel) r->status = 200; /* there is no 101 here (RFC 8441 5) */
    r->sent_status = r->status;
    r->head_bytes = h2_send_head(c->h2, r->stream->h2, r, r->source->length, end, clock_now_s(), &c->out);
}

/* The bytes of the body that were handed on. */
static uint64_t given_bytes(const struct request *r) {
    return r->body_sent + r->stream->queue.bytes;
}

/* An end needs neither window nor turn. */
static void send_end(struct conn *c, struct stream *x) {
    if (x->is_last) h2_send_data(c->h2, x->h2, &x->queue, 0, true, &c->out);
    if (x->has_trailers) h2_send_trailers(c->h2, x->h2, &x->request->trailers, &c->out);
    x->has_trailers = false;
}

/* Pulls from the source ahead of the stream's turn. */
static enum handler write_body(struct request *r) {
    struct conn *c = r->conn;
    struct stream *x = r->stream;
    enum source_result result = SOURCE_MORE;
    while (x->queue.bytes < QUEUE_BYTES_MAX && result == SOURCE_MORE) {
        struct chunks body = {0};
        result = r->source->pull(r->source, &body, QUEUE_BYTES_MAX - x->queue.bytes);
        if (!source_keeps_length(r, given_bytes(r), body.bytes, result == SOURCE_END)) {
            chunks_clear(&body);
            return HANDLER_ERROR;
        }
        chunks_move(&x->queue, &body);
    }
    if (result == SOURCE_BROKEN) return HANDLER_ERROR;
    x->has_trailers = result == SOURCE_END && r->trailers.count;
    x->is_last = result == SOURCE_END && !x->has_trailers;
    if (!x->queue.count) send_end(c, x);
    want_turn(c, x);
    r->waiting = x->queue.count ? WAITING_ROOM : WAITING_HANDLER;
    return result == SOURCE_END ? HANDLER_GO_ON : HANDLER_WAIT_FOR_EVENT;
}

/* What goes at a pace of its own keeps its settings to the end. */
static bool is_through(const struct request *r) {
    struct conn *c = r->conn;
    if (!r->stream->h2->ended_by_us) return false;
    c->is_watched |= is_paced(request_core(r)) && c->out.count;
    return !is_paced(request_core(r)) || c->out.count == 0;
}

static void run_those_watched(struct conn *c) {
    struct list *streams = h2_streams(c->h2), *next;
    c->is_watched = false;
    for (struct list *i = streams->next; i != streams; i = next) {
        struct h2_stream *st = CONTAINER(i, struct h2_stream, link);
        struct stream *x = st->owner;
        next = i->next;
        if (st->ended_by_us && x->request) run(c, x);
    }
}

/* DATA of both sides are the tunnel's. */
static bool begin_tunnel(struct request *r) {
    return r->in.method == METHOD_CONNECT && r->status >= 100 && r->status < 300;
}

/* RST_STREAM tells that what came is not the whole. */
static void break_off(struct request *r) {
    struct stream *x = r->stream;
    if (x->h2->ended_by_us) return;
    r->is_complete = false;
    h2_reset(r->conn->h2, x->h2, H2_INTERNAL_ERROR);
}

/* ---- frames out ------------------------------------------------------------------------------- */

/* A stream at a time, in the order that the client wishes (RFC 9218). */
static void send_turns(struct conn *c) {
    struct h2_stream *st;
    while (!out_is_full(c) && (st = h2_next_turn(c->h2))) {
        struct stream *x = st->owner;
        struct request *r = x->request;
        uint64_t sent = h2_send_data(c->h2, st, &x->queue, FRAME_BYTES_MAX, x->is_last, &c->out);
        r->body_sent += sent;
        if (x->until_ms) x->until_ms = fdevents_now_ms(c->worker->events) + conn_limit_ms(c, r, LIMIT_WRITE_IDLE, 0);
        if (x->queue.count) continue;
        if (x->has_trailers) send_end(c, x);
        h2_want_turn(c->h2, st, false);
        run(c, x); /* through, or more from its source */
    }
}

/* ---- the step SERVE --------------------------------------------------------------------------- */

/* Responses are queued that the client has not taken. */
static bool is_sending(const struct conn *c) {
    return c->sent_bytes < c->answered_bytes;
}

/* Nothing is open, and no request may come. */
static bool is_over(const struct conn *c) {
    return (c->is_eof || h2_is_ending(c->h2)) && h2_stream_count(c->h2) == 0;
}

static enum handler wait_for_more(struct conn *c) {
    if (conn_unread(c).n == 0) conn_release_input(c);
    c->waiting = out_is_full(c) ? WAITING_ROOM : WAITING_INPUT;
    return HANDLER_WAIT_FOR_EVENT;
}

static enum handler serve(struct conn *c) {
    for (unsigned reads = 0;; reads++) {
        if (c->is_broken) abort_streams(c);
        if (c->is_broken) return HANDLER_FINISHED;
        if (reads == 0) run_those_woken(c); /* once a turn: they share it with everybody */
        bool more = reads < READS_PER_TURN && read_frames(c);
        if (c->is_failed) abort_streams(c);
        send_turns(c);
        if (c->is_eof && !out_is_full(c)) end_blocked(c);
        if (c->is_last) h2_goaway(c->h2);
        if (is_over(c)) h2_goaway_now(c->h2);
        h2_control(c->h2, &c->out);
        bool was_full = out_is_full(c), was_sending = is_sending(c);
        uint64_t before = c->sent_bytes;
        if (!conn_flush(c)) continue;
        if (c->is_watched && c->out.count == 0) run_those_watched(c);
        if (was_sending && c->sent_bytes > before) /* not idle yet */
            c->since_ms = fdevents_now_ms(c->worker->events);
        if (c->is_broken) continue;
        if (c->is_failed || is_over(c)) return HANDLER_GO_ON;
        if (reads >= READS_PER_TURN) {
            fdevent_wake(&c->ev);
            return wait_for_more(c);
        }
        if (!more && !(was_full && !out_is_full(c))) return wait_for_more(c);
    }
}

/* ---- time ------------------------------------------------------------------------------------- */

/* How long it may go on without an open stream, since the last one or the last byte of its response. */
static uint64_t idle_limit_ms(const struct conn *c) {
    const struct core_settings *core = c->worker->plan->core;
    if (is_sending(c)) return core->max_write_idle_s * UINT64_C(1000);
    return (c->requests ? core->max_keep_alive_idle_s : core->max_read_idle_s) * UINT64_C(1000);
}

/* While streams are open, or the end is announced, it looks after them once a second. An idle connection lasts as
 * long as an idle one of HTTP/1, whatever else than requests comes on it. */
uint64_t h2_limit_ms(struct conn *c) {
    uint64_t now = fdevents_now_ms(c->worker->events), idle_ms = now - c->since_ms, limit = idle_limit_ms(c);
    if (h2_stream_count(c->h2) || c->is_last) {
        if (!c->tick_ms) c->tick_ms = now + TICK_MS; /* whatever the client sends meanwhile */
        return now < c->tick_ms ? c->tick_ms - now : 1;
    }
    c->tick_ms = 0;
    return idle_ms < limit ? limit - idle_ms : 1;
}

/* Idle for long enough, or the client does not take what it asked for. */
static void end_idle(struct conn *c) {
    if (is_sending(c)) c->is_broken = true;
    else c->is_last = true;
}

void h2_tick(struct conn *c) {
    uint64_t now = fdevents_now_ms(c->worker->events);
    struct list *streams = h2_streams(c->h2), *next;
    if (now < c->tick_ms) return; /* it was woken for something else */
    c->tick_ms = 0;
    h2_second(c->h2);
    if (c->is_last && c->is_warned) h2_goaway_now(c->h2);
    c->is_warned = c->is_last;
    if (list_is_empty(streams) && now - c->since_ms >= idle_limit_ms(c)) end_idle(c);
    for (struct list *i = streams->next; i != streams; i = next) {
        struct stream *x = CONTAINER(i, struct h2_stream, link)->owner;
        next = i->next;
        if (!x->until_ms || now < x->until_ms) continue;
        if (!x->request) {
            end_stream(c, x);
            continue;
        }
        if (request_has_time_again(c, x->request)) continue;
        if (h2_is_blocked(c->h2) && x->request->state == REQUEST_WRITE) {
            h2_fail(c->h2, H2_ENHANCE_YOUR_CALM); /* it holds up all of them */
            c->is_failed = true;
            return;
        }
        conn_time_out(c, x->request);
        h2_wake(x->request);
    }
}

const struct protocol http2 = {.serve = serve,
                               .read_head = read_head,
                               .read_body = read_body,
                               .body_is_small = body_is_small,
                               .write_interim = write_interim,
                               .write_reply = write_reply,
                               .write_head = write_head,
                               .write_body = write_body,
                               .is_through = is_through,
                               .begin_tunnel = begin_tunnel,
                               .break_off = break_off};
