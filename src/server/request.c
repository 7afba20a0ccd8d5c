/* request.c - a request's life but for its routing: beginning, ready replies, response, end */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/reply.h"
#include "http/source.h"
#include "server/counting.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/secure.h"
#include "server/watch.h"
#include "server/worker.h"

enum { SPARE_REQUESTS = 64 };

/* ---- making and forgetting -------------------------------------------------------------------- */

struct request *request_make(struct conn *c) {
    struct worker *w = c->worker;
    struct request *r = w->spare_requests;
    if (r) {
        w->spare_requests = r->handler_arg;
        w->spare_request_count--;
    } else {
        r = memory_zeroed(1, sizeof *r);
    }
    r->handler_arg = NULL;
    r->conn = c;
    r->conf = conf_hold(w->conf);
    r->client = c->peer;
    r->is_tls = c->tls != NULL;
    r->id = ++w->next_request_id;
    r->state = REQUEST_READ;
    request_jumps(REQUEST_STATE_COUNT, REQUEST_READ);
    if (c->h2) count(COUNT_H2_STREAMS);
    if (c->proxied) conn_apply_proxied(c, r);
    return r;
}

void request_reset(struct request *r) {
    request_release(r);
    struct arena arena = r->arena;
    if (r->ends) request_run_ends(r);
    reply_drop(r->reply);
    if (r->source) r->source->drop(r->source);
    if (r->sink) r->sink->drop(r->sink);
    chunks_clear(&r->body);
    chunks_clear(&r->in_body);
    conf_drop(r->conf);
    arena_reset(&arena);
    memory_clear(r, sizeof *r);
    r->arena = arena;
}

void request_drop(struct request *r) {
    struct worker *w = r->conn->worker;
    request_jumps(r->state, REQUEST_STATE_COUNT);
    request_reset(r);
    if (w->spare_request_count >= SPARE_REQUESTS) {
        arena_done(&r->arena);
        free(r);
        return;
    }
    r->handler_arg = w->spare_requests;
    w->spare_requests = r;
    w->spare_request_count++;
}

/* ---- READ, LOOKUP ----------------------------------------------------------------------------- */

static void log_head(const struct request *r) {
    request_say(r, LOG_IS_NOTE, "request: %.*s %.*s HTTP/%d.%d", SPAN_ARG(r->in.method_text),
                SPAN_ARG(r->in.target_sent), r->in.version / 10, r->in.version % 10);
    for (uint32_t i = 0; i < r->in.fields.count; i++)
        request_say(r, LOG_IS_NOTE, "request: %.*s: %.*s", SPAN_ARG(r->in.fields.list[i].name),
                    SPAN_ARG(r->in.fields.list[i].value));
}

/* "example.com:80" is "example.com" (RFC 9110 4.2.1); conditions and gateways see the short form. */
static void drop_default_port(struct request *r) {
    struct span port = r->is_tls ? SPAN(":443") : SPAN(":80");
    if (!(r->conf->parse_options & PARSE_HOST_NORMALIZE)) return;
    if (span_ends(r->in.authority, port)) r->in.authority.n -= port.n;
}

enum handler request_read(struct request *r) {
    enum handler word = r->conn->protocol->read_head(r);
    if (word == HANDLER_GO_ON) drop_default_port(r);
    if (word == HANDLER_GO_ON || word == HANDLER_ERROR) {
        r->conn->requests++;
        if (r->conn->worker->plan->core->log_request_head) log_head(r);
    }
    return word;
}

/* Is it of the kind whose replies are kept? */
static bool is_cacheable(const struct request *r) {
    return (r->in.method == METHOD_GET || r->in.method == METHOD_HEAD) && r->in.body_bytes == 0 &&
           r->conf->core->cache_kib && r->conf->conditions.other_count <= CONDITION_OTHERS_MAX &&
           r->conf == r->conn->worker->conf;
}

void request_set_plan(struct request *r, const struct plan *plan) {
    r->plan = plan;
    r->server_name = plan->core->name.n ? plan->core->name : r->in.authority;
}

/* PHASE_CLIENT. What conditions say, and which reply fits, is found for whom it names. */
static enum handler correct_client(struct request *r) {
    const struct plan *plan = plan_for(r->conf, r, r->conn->listening->name);
    for (unsigned i = 0; i < plan->hook_count[PHASE_CLIENT]; i++) {
        const struct planned_hook *h = &plan->hooks[PHASE_CLIENT][i];
        enum handler word = h->run(r, h->settings);
        watch_step(r, PHASE_CLIENT, h, word);
        if (word == HANDLER_GO_ON) continue;
        if (r->status < 400) r->status = 500;
        return HANDLER_ERROR;
    }
    drop_default_port(r);
    return HANDLER_GO_ON;
}

enum handler request_lookup(struct request *r) {
    struct worker *w = r->conn->worker;
    if (r->conf->corrects_client && r->comebacks == 0 && correct_client(r) == HANDLER_ERROR) return HANDLER_ERROR;
    if (r->comebacks == 0) r->conditions = conditions_others(&r->conf->conditions, r);
    if (!is_cacheable(r) || r->comebacks) return HANDLER_GO_ON;
    struct reply *reply = replies_find(w->replies, r, r->conn->listening->id, clock_now_s());
    if (!reply || secure_is_misdirected(r, reply->plan)) return HANDLER_GO_ON;
    if (reply->first_plan->hook_count[PHASE_ADMIT]) {
        enum handler word = request_admit(r, reply->first_plan);
        if (word != HANDLER_GO_ON) return word == HANDLER_ERROR ? HANDLER_ERROR : HANDLER_GO_ON; /* ROUTE says it */
    }
    r->reply = reply_hold(reply);
    request_set_plan(r, reply->plan);
    secure_export(r);
    r->status = reply->status;
    r->vhost = reply->vhost;
    r->physical.path = reply->path;
    return HANDLER_FINISHED;
}

/* ---- the body, and whoever answers ------------------------------------------------------------ */

enum handler request_body(struct request *r) {
    if (r->error_status) request_end_sink(r); /* the error-handler is asked without the client's body */
    if (r->error_status) return HANDLER_GO_ON;
    if (r->in.method == METHOD_CONNECT) return HANDLER_GO_ON;
    if (r->sink && r->body_is_torn) {
        request_reason(r, NULL, "somebody else has taken a part of the body already");
        r->status = 500;
        return HANDLER_ERROR;
    }
    if (r->body_done) request_end_body(r);
    if (r->body_done || !r->streams_body) return r->conn->protocol->read_body(r);
    return request_stream_body(r) == HANDLER_ERROR ? HANDLER_ERROR : HANDLER_GO_ON;
}

enum handler request_handle(struct request *r) {
    if (r->streams_body && request_stream_body(r) == HANDLER_ERROR) return HANDLER_ERROR;
    enum handler word = r->handler ? (enum handler)r->handler(r, r->handler_arg) : HANDLER_ERROR;
    if (word == HANDLER_WAIT_FOR_EVENT) r->waiting = WAITING_HANDLER;
    if (word == HANDLER_COMEBACK) word = request_come_back(r);
    else if (word == HANDLER_FINISHED) word = request_finish(r) == HANDLER_ERROR ? HANDLER_ERROR : HANDLER_GO_ON;
    if (word == HANDLER_GO_ON && r->is_tunnel && !request_begin_tunnel(r)) word = HANDLER_ERROR;
    if (word == HANDLER_ERROR && r->status < 400) r->status = 500;
    return word;
}

/* ---- the response ----------------------------------------------------------------------------- */

static void log_response(const struct request *r) {
    request_say(r, LOG_IS_NOTE, "response: %d", r->status);
    for (uint32_t i = 0; i < r->out.count; i++)
        request_say(r, LOG_IS_NOTE, "response: %.*s: %.*s", SPAN_ARG(r->out.list[i].name),
                    SPAN_ARG(r->out.list[i].value));
}

/* The body of the request that nobody read: a little is read away later, of more the connection must end. */
static void decide_keep_alive(struct request *r) {
    if (r->streams_body && r->source) return; /* most of it will have come by then */
    if (!r->body_done && !r->conn->protocol->body_is_small(r)) r->keep_alive = false;
}

/* Conditions and ranges are for answer_decide(), which wants a reply. */
static bool asks_for_less(const struct request *r) {
    const struct fields *f = &r->in.fields;
    if (r->status != 200) return false;
    return fields_have(f, HEADER_RANGE) || fields_have(f, HEADER_IF_NONE_MATCH) ||
           fields_have(f, HEADER_IF_MODIFIED_SINCE) || fields_have(f, HEADER_IF_MATCH) ||
           fields_have(f, HEADER_IF_UNMODIFIED_SINCE);
}

/* Is it for this request alone, and whole as it is? */
static bool goes_as_it_is(const struct request *r) {
    if (r->lasting < LASTS_NOT || r->in.method == METHOD_HEAD || !r->conn->protocol->write_whole) return false;
    if (r->status < 200 || r->status == 204 || r->status == 304 || asks_for_less(r)) return false;
    for (unsigned i = 0; i < r->body.count; i++)
        if (chunks_at(&r->body, i)->kind == CHUNK_FILE) return false;
    return true;
}

static enum handler fix_reply(struct request *r) {
    struct worker *w = r->conn->worker;
    const struct core_settings *core = request_core(r);
    r->reply = reply_make(r, core->range_requests, request_why(r));
    if (!r->reply) {
        request_say(r, LOG_IS_ERROR, "%.*s cannot be read: %s", SPAN_ARG(r->physical.path), strerror(errno));
        return HANDLER_ERROR;
    }
    if (is_cacheable(r) && r->first_plan && !r->first_plan->alone && !r->plan->alone)
        replies_keep(w->replies, r->reply, r, r->conn->listening->id, clock_now_s());
    return HANDLER_GO_ON;
}

void request_drop_answer(struct request *r) {
    if (r->source) r->source->drop(r->source);
    r->source = NULL;
    chunks_clear(&r->body);
}

/* RFC 9110 6.4.1: whatever a module or a gateway has made, these have none. */
static void drop_body(struct request *r) {
    if ((r->status == 204 || r->status == 304 || r->status < 200) && !r->is_tunnel) request_drop_answer(r);
}

enum handler request_start(struct request *r) {
    const struct plan *plan = r->plan;
    if ((r->keep_error_status || r->is_no_tunnel) && r->status < 300) r->status = r->error_status;
    drop_body(r);
    for (unsigned i = 0; i < plan->hook_count[PHASE_RESPONSE_START]; i++) {
        const struct planned_hook *h = &plan->hooks[PHASE_RESPONSE_START][i];
        request_lasts(r, h->lasting);
        enum handler word = h->run(r, h->settings);
        watch_step(r, PHASE_RESPONSE_START, h, word);
        if (word == HANDLER_ERROR) return HANDLER_ERROR;
    }
    if (plan->core->tag.n && !fields_have(&r->out, HEADER_SERVER))
        fields_add(&r->out, &r->arena, HEADER_SERVER, plan->core->tag);
    if (plan->core->tells_id) request_tell_id(r);
    if (plan->core->log_response_head) log_response(r);
    decide_keep_alive(r);
    return r->source || goes_as_it_is(r) ? HANDLER_GO_ON : fix_reply(r);
}

bool source_keeps_length(const struct request *r, uint64_t before, uint64_t given, bool is_end) {
    uint64_t left = (uint64_t)r->source->length - before;
    if (r->source->length < 0 || (is_end ? given == left : given <= left)) return true;
    request_say(r, LOG_IS_ERROR, "%.*s: the response has %s bytes than the %lld that were announced",
                SPAN_ARG(r->in.target_sent), is_end && given < left ? "fewer" : "more", (long long)r->source->length);
    return false;
}

enum handler request_write(struct request *r) {
    const struct protocol *protocol = r->conn->protocol;
    if (!r->is_emitted) {
        if (r->reply) protocol->write_reply(r);
        else if (r->source) protocol->write_head(r);
        else protocol->write_whole(r);
        r->is_emitted = true;
        r->is_complete = !r->source || (r->in.method == METHOD_HEAD && !r->is_tunnel);
    }
    if (!r->is_complete) {
        if (r->streams_body && request_stream_body(r) == HANDLER_ERROR) return HANDLER_ERROR;
        enum handler word = protocol->write_body(r);
        if (word != HANDLER_GO_ON) return word;
        r->is_complete = true;
    }
    if (r->streams_body) request_end_stream(r);
    if (protocol->is_through(r)) return HANDLER_GO_ON;
    r->waiting = WAITING_ROOM;
    return HANDLER_WAIT_FOR_EVENT;
}

/* ---- the end ---------------------------------------------------------------------------------- */

void request_run_hooks(struct request *r, enum phase phase) {
    const struct plan *plan = r->plan;
    for (unsigned i = 0; plan && i < plan->hook_count[phase]; i++)
        plan->hooks[phase][i].run(r, plan->hooks[phase][i].settings);
}

enum handler request_end(struct request *r) {
    if (r->keep_alive && !r->body_done) {
        enum handler word = r->conn->protocol->read_body(r);
        if (word == HANDLER_WAIT_FOR_EVENT) return word;
        if (word == HANDLER_ERROR) r->keep_alive = false;
    }
    request_counted(r);
    request_run_hooks(r, PHASE_REQUEST_DONE);
    request_run_hooks(r, PHASE_REQUEST_RESET);
    return r->keep_alive ? HANDLER_GO_ON : HANDLER_FINISHED;
}

/* A run-time error: the request still gets its line in the access log; whoever was at it lets go. What the client
 * has of a response must not look whole: without a length or a last chunk only a reset tells. */
enum handler request_error(struct request *r) {
    r->keep_alive = false;
    if (!r->hangs_up) request_error_counted(r);
    r->conn->protocol->break_off(r);
    request_release(r);
    if (r->status) request_counted(r);
    if (r->status && r->plan) request_run_hooks(r, PHASE_REQUEST_DONE);
    request_run_hooks(r, PHASE_REQUEST_RESET);
    return HANDLER_GO_ON;
}

enum handler request_gone(struct request *r) {
    return r->conn->is_broken || r->conn->must_reset ? HANDLER_ERROR : HANDLER_FINISHED;
}
