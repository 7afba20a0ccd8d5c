/* take.c - how a request comes to a backend: gateway_take() and its kin, and the way of the request's body */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/exchange_private.h"

/* ---- a streamed body -------------------------------------------------------------------------- */

static bool takes_body(const struct exchange *x) {
    bool is_over = x->step == EXCHANGE_WHOLE && !x->pair.is_tunnel;
    return !x->is_released && x->step != EXCHANGE_FAILED && !is_over && !x->cannot_send;
}

/* It has failed, and may be tried again: what comes meanwhile is for the next attempt. */
static bool is_between_attempts(const struct exchange *x) {
    return x->step == EXCHANGE_FAILED && !x->is_released && !x->is_answered;
}

/* What nobody wants any more is thrown away, so that the client can end its request. */
static ptrdiff_t put(struct sink *s, struct span bytes) {
    struct exchange *x = CONTAINER(s, struct exchange, sink);
    uint64_t room = x->body.bytes < EXCHANGE_SINK_ROOM ? EXCHANGE_SINK_ROOM - x->body.bytes : 0;
    x->sink_waits = is_between_attempts(x);
    if (x->sink_waits) return 0;
    if (!takes_body(x)) return (ptrdiff_t)bytes.n;
    size_t n = bytes.n < room ? bytes.n : (size_t)room;
    chunks_add_copy(&x->body, span_upto(bytes, n));
    x->sink_waits = n < bytes.n;
    exchange_push(x);
    if (x->has_news) request_wake(x->pair.r);
    return (ptrdiff_t)n;
}

static void end(struct sink *s) {
    struct exchange *x = CONTAINER(s, struct exchange, sink);
    if (x->wants_upgrade && !x->pair.r->is_tunnel) return; /* of the request itself, which had none */
    x->sink_ended = x->body_ended = true;
    if (!takes_body(x)) return;
    exchange_push(x);
    if (x->has_news) request_wake(x->pair.r);
}

static void drop(struct sink *s) {
    (void)s;
}

/* Does the client ask for another protocol (RFC 9110 7.8, RFC 8441 4)? */
static bool wants_upgrade(const struct request *r) {
    if (r->in.method == METHOD_CONNECT || r->is_bare) return true;
    if (r->in.version != 11 || r->in.body_bytes != 0) return false;
    const struct field *connection = fields_first(&r->in.fields, HEADER_CONNECTION);
    return connection && fields_have(&r->in.fields, HEADER_UPGRADE) &&
           list_has_token(connection->value, SPAN("upgrade"));
}

static bool may_upgrade(const struct gateway_ask *ask) {
    for (size_t i = 0; ask->rule && i < ask->rule->count; i++)
        if (ask->rule->hosts[i].upgrade) return true;
    return ask->upgrades;
}

/* HTTP/2 carries messages both ways at once. A body of known length is none such, and can be sent again if it is
 * collected. */
static bool is_both_ways(const struct request *r, const struct gateway_ask *ask) {
    return r->in.body_bytes < 0 && ask->rule && ask->rule->count && ask->rule->hosts[0].scheme >= SCHEME_H2C;
}

static bool is_collected(const struct request *r, const struct gateway_ask *ask) {
    const struct gateway_kind *kind = ask->kind;
    const struct codec *c = kind->codec_of && ask->rule && ask->rule->count
                                ? kind->codec_of(&ask->rule->hosts[0], ask->settings)
                                : kind->codec;
    if (ask->collects_body || (r->in.body_bytes < 0 && c->needs_length)) return true;
    return request_core(r)->stream_request_body == 0 && !is_both_ways(r, ask);
}

static void stream_body(struct exchange *x) {
    struct request *r = x->pair.r;
    x->is_streamed = true;
    x->sink = (struct sink){put, end, drop};
    r->sink = &x->sink;
    r->streams_body = true;
}

static void decide_body(struct exchange *x) {
    struct request *r = x->pair.r;
    x->wants_upgrade = wants_upgrade(r) && may_upgrade(&x->ask);
    if (r->error_status) return; /* the error-handler is asked without it */
    if (x->wants_upgrade) stream_body(x);
    else if (r->in.body_bytes == 0 || r->body_done) return;
    else if (is_collected(r, &x->ask)) request_collect_body(r);
    else stream_body(x);
}

/* ---- exchanges -------------------------------------------------------------------------------- */

static void release(void *exchange) {
    exchange_release(exchange);
}

static struct exchange *make(struct request *r, const struct gateway_ask *ask) {
    struct exchange *x = arena_zeroed(&r->arena, sizeof *x);
    x->pair.r = r;
    x->ask = *ask;
    x->limit.fire = exchange_out_of_time;
    x->comebacks = r->comebacks;
    request_lasts(r, LASTS_NOT);
    fields_set(&r->in.fields, &r->arena, HEADER_X_REQUEST_ID, request_id(r));
    request_on_release(r, release, x);
    return x;
}

/* "proxy.server "/api" => 127.0.0.1:8000, 127.0.0.1:8001" */
static void say_whom(struct request *r, const struct gateway_ask *ask, const char *how) {
    const struct gateway_rule *rule = ask->rule;
    struct buf hosts = {0};
    struct place at = {NULL, 0};
    for (size_t i = 0; rule && i < rule->count; i++) {
        if (i == 0) at = rule->hosts[i].place;
        if (hosts.n) buf_add(&hosts, SPAN(", "));
        buf_add(&hosts, rule->hosts[i].label);
    }
    if (rule)
        request_note(r, at, "%s%s \"%.*s\" => %.*s", how, ask->kind->directive, SPAN_ARG(rule->key),
                     SPAN_ARG(buf_span(&hosts)));
    else request_note(r, at, "%s%s: a program for %.*s", how, ask->kind->directive, SPAN_ARG(r->physical.path));
    buf_done(&hosts);
}

static struct exchange *take(struct request *r, const struct gateway_ask *ask) {
    struct exchange *x = make(r, ask);
    decide_body(x);
    r->handler = exchange_handle;
    r->handler_arg = x;
    if (request_is_rehearsed(r)) say_whom(r, ask, "");
    return x;
}

enum handler gateway_take(struct request *r, const struct gateway_ask *ask) {
    if (r->in.protocol.n && !may_upgrade(ask))
        return request_refuse_for(r, 501, ask->kind->directive, "no \"upgrade\" for the protocol %.*s",
                                  SPAN_ARG(r->in.protocol));
    take(r, ask);
    return HANDLER_GO_ON;
}

enum handler gateway_take_by(struct request *r, const struct gateway_ask *ask, const struct transport *t, void *arg) {
    struct exchange *x = take(r, ask);
    x->transport = t;
    x->carrier = arg;
    return HANDLER_GO_ON;
}

/* ---- asking only ------------------------------------------------------------------------------ */

enum handler gateway_consult(struct request *r, const struct gateway_ask *ask, void **slot,
                             const struct message_pair **answer) {
    struct exchange *x = *slot;
    if (request_is_rehearsed(r)) {
        say_whom(r, ask, "is asked first: ");
        return HANDLER_WAIT_FOR_EVENT;
    }
    if (!x || x->comebacks != r->comebacks) { /* rewritten, it is another question */
        *slot = x = make(r, ask);
        x->consults = true;
    }
    enum exchange_step step = x->is_answered ? EXCHANGE_WHOLE : exchange_advance(x);
    if (step != EXCHANGE_WHOLE && step != EXCHANGE_FAILED) return HANDLER_WAIT_FOR_EVENT;
    x->is_answered = true;
    *answer = &x->pair;
    if (step == EXCHANGE_FAILED) {
        exchange_note_reason(x);
        x->pair.status = 0;
        r->status = x->status;
    }
    return HANDLER_GO_ON;
}
