/* streaming.c - a request's body that goes on while its response is made; tunnels */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/source.h"
#include "server/conn.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/worker.h"

enum { BODY_GRACE_MS = 30 * 1000 };

/* ---- the sink --------------------------------------------------------------------------------- */

void request_drop_sink(struct request *r) {
    if (!r->sink) return;
    if (r->body_received && !request_is_collected(r->sink)) r->body_is_torn = true;
    r->sink->drop(r->sink);
    r->sink = NULL;
    r->sink_ended = false;
}

void request_end_sink(struct request *r) {
    if (!r->sink || r->sink_ended) return;
    r->sink_ended = true;
    if (r->sink->end) r->sink->end(r->sink);
}

void request_end_body(struct request *r) {
    r->body_done = true;
    r->wants_input = false;
    if (!r->sink && r->body_received && !r->in_body.count) r->body_is_torn = true; /* it was thrown away */
    request_end_sink(r);
}

void request_give_up(struct request *r) {
    request_release(r);
    request_drop_sink(r);
    r->streams_body = r->wants_input = r->is_tunnel = r->keeps_time = false;
    r->stuck_since_ms = 0;
}

/* ---- the body that goes on -------------------------------------------------------------------- */

bool request_takes_body(const struct request *r) {
    if (r->state == REQUEST_READ_BODY) return true;
    if (!r->streams_body || r->body_done || r->error_status) return false;
    return r->state == REQUEST_HANDLE || (r->state == REQUEST_WRITE && !r->is_complete);
}

/* While the sink is full nobody can blame the client. */
static void note_stuck(struct request *r, bool is_stuck) {
    uint64_t now = fdevents_now_ms(r->conn->worker->events);
    if (r->stuck_since_ms && !is_stuck) r->stuck_ms += now - r->stuck_since_ms;
    if (!is_stuck) r->stuck_since_ms = 0;
    else if (!r->stuck_since_ms) r->stuck_since_ms = now;
}

enum handler request_stream_body(struct request *r) {
    uint8_t waiting = r->waiting;
    r->wants_input = false;
    if (r->body_done || r->error_status) return HANDLER_GO_ON; /* the error-handler gets no body */
    enum handler word = r->conn->protocol->read_body(r);
    bool is_stuck = word == HANDLER_WAIT_FOR_EVENT && r->waiting != WAITING_INPUT;
    r->wants_input = word == HANDLER_WAIT_FOR_EVENT && !is_stuck;
    r->waiting = waiting;
    note_stuck(r, is_stuck);
    return word;
}

void request_end_stream(struct request *r) {
    request_drop_sink(r);
    r->streams_body = r->wants_input = false;
    if (!r->body_done && !r->conn->protocol->body_is_small(r)) r->keep_alive = false;
}

/* They may lie in the input, or be the session's. Merging is what attacks were made of: only names that the
 * administrator has listed. */
void request_take_trailers(struct request *r, const struct fields *trailers) {
    const struct value *flags = r->conf->core->feature_flags;
    const struct value *list = flags ? value_at(flags, SPAN("request.trailer-whitelist")) : NULL;
    for (uint32_t i = 0; i < trailers->count; i++) {
        const struct field *f = &trailers->list[i];
        struct span name = arena_copy(&r->arena, f->name), value = arena_copy(&r->arena, f->value);
        fields_append(&r->in.trailers, &r->arena, f->id, name, value);
        if (list && list->type == VALUE_STRING && list_has_token(list->string, name))
            fields_append(&r->in.fields, &r->arena, f->id, name, value);
    }
}

/* ---- tunnels ---------------------------------------------------------------------------------- */

bool request_begin_tunnel(struct request *r) {
    if (r->error_status || !r->source || !r->sink || (!r->is_bare && !r->conn->protocol->begin_tunnel(r))) {
        request_reason(r, NULL, "a tunnel that the client did not ask for");
        r->status = 500;
        return false;
    }
    if (r->is_bare) return true; /* it has been one from its beginning */
    r->streams_body = true;
    r->keep_alive = r->sink_ended = false; /* the end of the request's own body was another */
    if (r->body_done) request_end_body(r);
    return true;
}

/* ---- time ------------------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b) {
    return !a || (b && b < a) ? b : a;
}

/* Is there something that the client has not taken? */
static bool has_unsent(const struct conn *c, const struct request *r) {
    return conn_has_unsent(c) || (r->stream && r->stream->queue.count);
}

/* The whole body must come at some rate, but not any more where both sides talk to each other. */
static uint64_t body_limit_ms(const struct conn *c, const struct request *r, uint64_t since_ms) {
    const struct core_settings *core = request_core(r);
    uint64_t ms = core->max_read_idle_s * UINT64_C(1000);
    if (r->state != REQUEST_HANDLE || !core->min_body_rate) return ms;
    uint64_t spent = fdevents_now_ms(c->worker->events) - since_ms;
    uint64_t total = BODY_GRACE_MS + r->stuck_ms + r->body_received * 1000 / core->min_body_rate;
    return earlier(ms, spent < total ? total - spent : 1);
}

uint64_t request_limit_ms(struct conn *c, const struct request *r, uint64_t since_ms) {
    uint64_t ms = !r->keeps_time || has_unsent(c, r) ? request_core(r)->max_write_idle_s * UINT64_C(1000) : 0;
    if (r->wants_input && !r->is_tunnel) ms = earlier(ms, body_limit_ms(c, r, since_ms));
    return ms;
}

bool request_has_time_again(struct conn *c, const struct request *r) {
    struct stream *x = r->stream;
    if (!r->keeps_time) return false;
    uint64_t ms = conn_limit_ms(c, r, request_limit(r), x->since_ms);
    bool answers = r->state == REQUEST_HANDLE || r->state == REQUEST_WRITE;
    bool owes = x->queue.count || (r->wants_input && !r->is_tunnel);
    if (ms && (!answers || owes || c->sent_bytes == x->sent_before)) return false;
    x->until_ms = ms ? fdevents_now_ms(c->worker->events) + ms : 0;
    x->sent_before = c->sent_bytes;
    return true;
}

bool request_lacks_body(const struct request *r) {
    const struct core_settings *core = request_core(r);
    if (r->state != REQUEST_HANDLE || !r->wants_input || r->is_tunnel) return false;
    return r->keeps_time || core->max_write_idle_s == 0 || core->max_read_idle_s <= core->max_write_idle_s;
}
