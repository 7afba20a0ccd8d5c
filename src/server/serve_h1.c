/* serve_h1.c - HTTP/1 on a connection: bytes in, requests; responses, bytes out */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "h1/emit.h"
#include "http/source.h"
#include "net/wire.h"
#include "server/conn.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/worker.h"

enum {
    REQUESTS_PER_TURN = 64,       /* then it is the others' turn */
    READS_PER_TURN = 128,         /* of a body */
    OUT_CHUNKS_MAX = 48,          /* more pipelined answers wait until these are sent: one writev takes 64 */
    OUT_BYTES_MAX = 256 * 1024,
    SMALL_BODY_BYTES = 64 * 1024  /* is read away so that the connection can go on */
};

/* ---- requests --------------------------------------------------------------------------------- */

static struct h1_limits limits_of(const struct request *r) {
    return (struct h1_limits){r->conf->core->max_head_bytes, r->conf->core->max_head_fields, r->conf->parse_options};
}

static enum handler head_is_there(struct request *r, size_t used) {
    struct input *in = r->conn->in;
    in->start += used;
    in->keep = in->start;
    in->seen = 0;
    in->body_left = r->in.body_bytes;
    in->chunked = (struct h1_chunked){0};
    in->in_trailers = in->is_raw = false;
    r->received_bytes = used;
    r->keep_alive = r->in.keep_alive;
    r->body_done = r->in.body_bytes == 0;
    return HANDLER_GO_ON;
}

static enum handler refuse_head(struct request *r, int status) {
    struct conn *c = r->conn;
    r->status = status;
    r->keep_alive = false;
    request_head_reason(r, status);
    r->received_bytes = c->in->end - c->in->start;
    if (r->conf->core->log_request_head_on_error)
        request_say(r, LOG_IS_NOTE, "request refused with %d: %.*s", status, SPAN_ARG(conn_unread(c)));
    c->in->start = c->in->end; /* what follows cannot be understood */
    r->in.body_bytes = 0;
    r->body_done = true;
    return HANDLER_ERROR;
}

/* RFC 9112 2.2: empty lines before a request are no part of it, nor its beginning. */
static struct span skip_empty_lines(struct input *in) {
    while (in->end - in->start >= 2 && in->bytes[in->start] == '\r' && in->bytes[in->start + 1] == '\n')
        in->start += 2;
    struct span rest = {in->bytes + in->start, in->end - in->start};
    return span_is(rest, SPAN("\r")) ? span_upto(rest, 0) : rest; /* maybe half of another one */
}

static enum handler read_head(struct request *r) {
    struct conn *c = r->conn;
    struct h1_limits limits = limits_of(r);
    for (;;) {
        struct span bytes = c->in && !r->begun_ns ? skip_empty_lines(c->in) : conn_unread(c);
        if (c->out.count > OUT_CHUNKS_MAX || c->out.bytes > OUT_BYTES_MAX) {
            r->waiting = WAITING_ROOM;
            return HANDLER_WAIT_FOR_EVENT;
        }
        if (bytes.n) {
            size_t used = 0;
            if (!r->begun_ns) {
                r->begun_ns = clock_latest_ns();
                r->begun_s = clock_now_s();
            }
            int result = h1_parse_head(&r->in, bytes, &c->in->seen, &used, &limits, &r->arena);
            if (result == H1_DONE) return head_is_there(r, used);
            if (result != H1_MORE) return refuse_head(r, result);
        }
        ssize_t n = conn_receive(c);
        if (n == 0 || n == WIRE_BROKEN) return HANDLER_FINISHED; /* the client left, maybe within a head */
        if (n == WIRE_LATER) {
            r->waiting = WAITING_INPUT;
            return HANDLER_WAIT_FOR_EVENT;
        }
    }
}

/* ---- bodies ----------------------------------------------------------------------------------- */

/* Gives bytes to whom they are for. How many were taken, or -1. */
static ptrdiff_t give(struct request *r, struct span bytes) {
    ptrdiff_t taken = r->sink ? r->sink->put(r->sink, bytes) : (ptrdiff_t)bytes.n;
    if (taken > 0) r->body_received += (uint64_t)taken;
    return taken;
}

static enum handler body_is_there(struct request *r) {
    request_end_body(r);
    return HANDLER_GO_ON;
}

enum { BODY_DONE, BODY_MORE, BODY_STUCK };

static int take_sized(struct request *r, struct input *in, int *status) {
    struct span bytes = {in->bytes + in->start, in->end - in->start};
    if ((uint64_t)in->body_left < bytes.n) bytes.n = (size_t)in->body_left;
    ptrdiff_t taken = bytes.n ? give(r, bytes) : 0;
    if (taken < 0) *status = 500;
    if (taken < 0) return BODY_STUCK;
    in->start += (size_t)taken;
    in->body_left -= taken;
    if (in->body_left == 0) return BODY_DONE;
    return (size_t)taken < bytes.n ? BODY_STUCK : BODY_MORE;
}

static int take_raw(struct request *r, struct input *in, int *status) {
    struct span bytes = {in->bytes + in->start, in->end - in->start};
    ptrdiff_t taken = bytes.n ? give(r, bytes) : 0;
    if (taken < 0) *status = 500;
    if (taken < 0) return BODY_STUCK;
    in->start += (size_t)taken;
    return (size_t)taken < bytes.n ? BODY_STUCK : BODY_MORE;
}

static int take_trailers(struct request *r, struct input *in, int *status) {
    size_t used = 0;
    struct fields trailers = {0};
    struct h1_limits limits = limits_of(r);
    struct span bytes = {in->bytes + in->start, in->end - in->start};
    int result = h1_parse_trailers(&trailers, bytes, &used, &limits, &r->arena);
    if (result == H1_MORE) return BODY_MORE;
    if (result != H1_DONE) *status = result;
    else request_take_trailers(r, &trailers);
    in->start += used;
    return result == H1_DONE ? BODY_DONE : BODY_STUCK;
}

static int take_chunked(struct request *r, struct input *in, int *status) {
    while (!in->in_trailers) {
        struct span bytes = {in->bytes + in->start, in->end - in->start}, data = {NULL, 0};
        int result = h1_chunked_next(&in->chunked, &bytes, &data);
        in->start = in->end - bytes.n;
        if (result == CHUNKED_MORE) return BODY_MORE;
        if (result == CHUNKED_TRAILERS) in->in_trailers = true;
        else if (result != CHUNKED_DATA) {
            *status = result;
            return BODY_STUCK;
        } else {
            ptrdiff_t taken = give(r, data);
            if (taken < 0) *status = 500;
            if (taken == (ptrdiff_t)data.n) continue;
            /* the sink is full: hand the rest back to the decoder */
            size_t rest = data.n - (size_t)(taken > 0 ? taken : 0);
            in->start -= rest;
            h1_chunked_give_back(&in->chunked, rest);
            return BODY_STUCK;
        }
    }
    return take_trailers(r, in, status);
}

static bool is_too_large(const struct request *r) {
    uint64_t limit = (uint64_t)request_core(r)->max_request_kib * 1024;
    bool is_kept = !r->is_emitted || r->streams_body; /* once it is answered, it is thrown away */
    return limit && is_kept && !r->is_tunnel && r->body_received > limit;
}

static int take_some(struct request *r, struct input *in, int *status) {
    if (in->is_raw) return take_raw(r, in, status);
    return r->in.chunked ? take_chunked(r, in, status) : take_sized(r, in, status);
}

static enum handler read_body(struct request *r) {
    struct conn *c = r->conn;
    if (r->body_done) return HANDLER_GO_ON;
    conn_need_input(c);
    for (unsigned reads = 0;; reads++) {
        int status = 0;
        size_t before = c->in->start;
        int result = take_some(r, c->in, &status);
        r->received_bytes += c->in->start - before;
        if (status) return request_refuse_body(r, status);
        if (is_too_large(r)) return request_refuse_body(r, 413);
        if (result == BODY_DONE) return body_is_there(r);
        r->waiting = result == BODY_STUCK ? WAITING_HANDLER : WAITING_INPUT;
        if (result == BODY_STUCK) return HANDLER_WAIT_FOR_EVENT;
        if (r->in.expect_continue && !r->body_received) {
            h1_emit_continue(&c->out);
            r->in.expect_continue = false;
        }
        if (reads >= READS_PER_TURN) fdevent_wake(&c->ev);
        if (reads >= READS_PER_TURN) return HANDLER_WAIT_FOR_EVENT;
        ssize_t n = conn_receive(c);
        if (n == 0 && c->in->is_raw) return body_is_there(r);
        bool has_room = c->in->end < c->in->cap || c->in->start > c->in->keep;
        if (n == WIRE_LATER) return has_room ? HANDLER_WAIT_FOR_EVENT : request_refuse_body(r, 413);
        if (n <= 0) return request_refuse_body(r, 400); /* the body broke off */
    }
}

static bool body_is_small(const struct request *r) {
    const struct input *in = r->conn->in;
    if (r->in.expect_continue) return false; /* it may never come */
    return !r->in.chunked && in && in->body_left <= SMALL_BODY_BYTES;
}

/* ---- responses -------------------------------------------------------------------------------- */

/* No chunked coding, and keep-alive is said: for a client of that age, or because we are to look so old ourselves. */
static bool speaks_10(const struct request *r) {
    return r->in.version < 11 || !request_core(r)->http11;
}

static struct h1_framing framing(struct request *r) {
    const struct core_settings *core = request_core(r);
    struct conn *c = r->conn;
    if (c->requests >= core->max_keep_alive_requests || core->max_keep_alive_idle_s == 0 || c->is_last || c->is_eof)
        r->keep_alive = false;
    return (struct h1_framing){r->keep_alive, speaks_10(r), !core->http11};
}

static void write_interim(struct request *r, int status, const struct fields *fields) {
    h1_emit_interim(&r->conn->out, status, fields);
}

static void write_reply(struct request *r) {
    struct conn *c = r->conn;
    struct answer a;
    answer_decide(&a, r->reply, r, clock_now_s());
    r->sent_status = a.status;
    r->queued_before = conn_queued_bytes(c);
    r->head_bytes = h1_emit_reply(&c->out, r->reply, &a, framing(r), clock_now_s());
}

static void write_whole(struct request *r) {
    struct conn *c = r->conn;
    r->queued_before = conn_queued_bytes(c);
    r->sent_status = r->status;
    r->whole_bytes = r->body.bytes;
    r->head_bytes = h1_emit_head(&c->out, r, (int64_t)r->body.bytes, framing(r), clock_now_s());
    chunks_move(&c->out, &r->body);
}

static void write_head(struct request *r) {
    struct conn *c = r->conn;
    r->queued_before = conn_queued_bytes(c);
    r->sent_status = r->status;
    if (r->is_bare) return;
    if (r->source->length < 0 && speaks_10(r)) r->keep_alive = false; /* the end of the connection ends the body */
    r->head_bytes = h1_emit_head(&c->out, r, r->source->length, framing(r), clock_now_s());
}

/* RFC 9110 6.5.1: who has not asked for them may never see them. */
static bool takes_trailers(struct request *r) {
    return r->trailers.count && list_has_token(fields_get(&r->in.fields, &r->arena, HEADER_TE), SPAN("trailers"));
}

/* Queues what the source gives, in the framing that the head announced. */
static enum handler write_body(struct request *r) {
    struct conn *c = r->conn;
    bool chunked = r->source->length < 0 && !speaks_10(r) && !r->is_tunnel;
    enum handler word = HANDLER_GO_ON;
    for (;;) {
        struct chunks body = {0};
        if (c->out.bytes >= OUT_BYTES_MAX || c->out.count >= OUT_CHUNKS_MAX) {
            r->waiting = WAITING_ROOM;
            word = HANDLER_WAIT_FOR_EVENT;
            break;
        }
        enum source_result result = r->source->pull(r->source, &body, OUT_BYTES_MAX - c->out.bytes);
        uint64_t queued = conn_queued_bytes(c) - r->queued_before - r->head_bytes;
        if (!source_keeps_length(r, queued, body.bytes, result == SOURCE_END)) {
            chunks_clear(&body);
            word = HANDLER_ERROR;
            break;
        }
        if (chunked) h1_emit_chunk(&c->out, &body);
        else chunks_move(&c->out, &body);
        if (result == SOURCE_MORE) continue;
        r->waiting = WAITING_HANDLER;
        word = result == SOURCE_WAIT ? HANDLER_WAIT_FOR_EVENT : result == SOURCE_END ? HANDLER_GO_ON : HANDLER_ERROR;
        break;
    }
    if (word == HANDLER_GO_ON && chunked) h1_emit_last_chunk(&c->out, takes_trailers(r) ? &r->trailers : NULL);
    return word;
}

/* Small answers count as sent once they are queued, so that pipelined ones leave together; of what takes long the
 * log is to tell the truth, and what goes at a pace of its own keeps its settings to the end. */
static bool is_through(const struct request *r) {
    const struct conn *c = r->conn;
    const struct core_settings *core = request_core(r);
    if (core->connection_kbytes_s || core->server_kbytes_s) return c->out.count == 0;
    if (c->out.count == 0) return true;
    return (r->reply ? !r->reply->file : !r->source) && c->out.bytes < 2 * REPLY_INLINE_BYTES;
}

/* A proxy in front of us that does not know Upgrade hands it on, but not Connection (RFC 9110 7.8). */
static bool asks_for_switch(struct request *r) {
    return r->in.version == 11 && fields_have(&r->in.fields, HEADER_UPGRADE) &&
           list_has_token(fields_get(&r->in.fields, &r->arena, HEADER_CONNECTION), SPAN("upgrade"));
}

/* What follows the head, and what the client has sent behind its own, has no framing any more. */
static bool begin_tunnel(struct request *r) {
    struct conn *c = r->conn;
    bool is_switch = r->status == 101 && asks_for_switch(r);
    bool is_connect = r->status >= 200 && r->status < 300 && r->in.method == METHOD_CONNECT;
    if (!r->is_bare && ((!is_switch && !is_connect) || !r->body_done)) return false;
    conn_need_input(c);
    c->in->is_raw = true;
    c->in->body_left = BODY_UNKNOWN;
    r->body_done = false;
    return true;
}

/* Without a length or a last chunk only a reset tells that a response is not whole. */
static void break_off(struct request *r) {
    struct conn *c = r->conn;
    if (r->is_emitted && c->out.bytes) r->is_complete = false;
    if (r->is_emitted && !r->is_complete) c->must_reset = true;
}

/* ---- one request after the other -------------------------------------------------------------- */

static bool has_input(const struct conn *c) {
    return c->in && c->in->start < c->in->end;
}

/* Nothing is being answered: is there something new? */
static enum handler begin_request(struct conn *c) {
    if (!has_input(c)) {
        ssize_t n = conn_receive(c);
        bool ends = c->is_last && c->requests && !c->worker->is_retired;
        if (n == WIRE_LATER) return ends ? HANDLER_FINISHED : HANDLER_WAIT_FOR_EVENT;
        if (n <= 0) return HANDLER_FINISHED;
    }
    c->since_ms = fdevents_now_ms(c->worker->events);
    c->request = request_make(c);
    return HANDLER_GO_ON;
}

/* What may still come of the request's body, as far as anybody knows: a chunked one has no end in sight. */
static uint64_t rest_of_body(const struct conn *c) {
    if (!c->in || c->request->body_done || c->in->body_left == 0) return 0;
    return c->in->body_left > 0 ? (uint64_t)c->in->body_left : LINGER_UNKNOWN_BYTES;
}

void h1_end_request(struct conn *c) {
    if (!c->request) return;
    c->linger.bytes_left = LINGER_BYTES + rest_of_body(c);
    if (c->linger.bytes_left > LINGER_UNKNOWN_BYTES) c->linger.bytes_left = LINGER_UNKNOWN_BYTES;
    request_drop(c->request);
    c->request = NULL;
    c->since_ms = fdevents_now_ms(c->worker->events);
    if (c->in) c->in->keep = 0; /* nobody's spans point there any more */
}

/* Between two requests, with everything sent: what is kept of an idle connection is its struct alone. */
static enum handler wait_for_request(struct conn *c) {
    if (!conn_flush(c)) return HANDLER_FINISHED;
    if (!has_input(c)) conn_release_input(c);
    c->waiting = WAITING_INPUT;
    return HANDLER_WAIT_FOR_EVENT;
}

static enum handler serve(struct conn *c) {
    unsigned budget = REQUESTS_PER_TURN;
    for (;;) {
        if (c->is_broken && c->request) request_break(c->request);
        if (c->is_broken && !c->request) return HANDLER_FINISHED;
        if (!c->request) {
            enum handler word = begin_request(c);
            if (word == HANDLER_WAIT_FOR_EVENT) return wait_for_request(c);
            if (word == HANDLER_FINISHED) return HANDLER_GO_ON;
        }
        int word = request_run(c->request);
        if (word == HANDLER_GO_ON) { /* that one is answered */
            h1_end_request(c);
            if (budget-- > 0) continue;
            fdevent_wake(&c->ev);
            return wait_for_request(c);
        }
        if (word != HANDLER_WAIT_FOR_EVENT) {
            h1_end_request(c);
            return c->is_broken ? HANDLER_FINISHED : HANDLER_GO_ON;
        }
        unsigned chunks = c->out.count;
        if (!conn_flush(c)) continue; /* into ERROR */
        c->waiting = c->request->waiting;
        if (c->waiting != WAITING_ROOM || c->out.count == chunks) return HANDLER_WAIT_FOR_EVENT;
        if (c->out.count && c->request->is_emitted) return HANDLER_WAIT_FOR_EVENT;
    }
}

const struct protocol http1 = {.serve = serve,
                               .read_head = read_head,
                               .read_body = read_body,
                               .body_is_small = body_is_small,
                               .write_interim = write_interim,
                               .write_reply = write_reply,
                               .write_whole = write_whole,
                               .write_head = write_head,
                               .write_body = write_body,
                               .is_through = is_through,
                               .begin_tunnel = begin_tunnel,
                               .break_off = break_off};
