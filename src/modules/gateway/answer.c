/* answer.c - what a backend has said becomes the request's response: collected, or a source that is pulled */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>

#include "http/head.h"
#include "modules/gateway/exchange_private.h"
#include "net/spool.h"

/* ---- collecting ------------------------------------------------------------------------------- */

static bool has_token(const struct message_pair *p, enum header id, struct span token) {
    const struct field *f = fields_first(&p->fields, id);
    return f && span_starts_ci(f->value, token);
}

/* Events are of no use once all of them are there; and a backend may say so itself. */
static bool is_live(const struct message_pair *p) {
    return p->is_tunnel || has_token(p, HEADER_CONTENT_TYPE, SPAN("text/event-stream")) ||
           has_token(p, HEADER_X_ACCEL_BUFFERING, SPAN("no"));
}

void exchange_decide_collecting(struct exchange *x) {
    uint32_t streams = request_core(x->pair.r)->stream_response_body;
    x->collects = x->consults || (streams == 0 && !is_live(&x->pair));
}

static bool spool(struct exchange *x, struct chunks *from) {
    const char *why = NULL;
    while (from->count) {
        struct chunk *c = chunks_at(from, 0);
        struct span bytes = {chunk_bytes(c), (size_t)c->left};
        if (!spool_add(&x->collected, bytes, &why)) {
            request_reason(x->pair.r, "server.upload-dirs", "the response cannot be kept until it is whole: %s: %s",
                           why ? why : "any directory", strerror(errno));
            return false;
        }
        chunks_sent(from, c->left);
    }
    return true;
}

void exchange_collect(struct exchange *x) {
    struct chunks *body = &x->pair.body;
    if (x->collected.bytes + body->bytes <= SPOOL_MEMORY_BYTES) return;
    if (x->consults) x->pair.why = SPAN("its answer is longer than 64 KiB");
    if (!x->consults && spool(x, body)) return;
    x->is_final = true;
    x->status = x->consults ? 502 : 500;
    if (x->step == EXCHANGE_WHOLE) x->step = EXCHANGE_ANSWERS;
    exchange_failed(x, OUTCOME_GONE, 0);
}

/* ---- the source ------------------------------------------------------------------------------- */

static enum source_result pull(struct source *s, struct chunks *out, uint64_t room) {
    struct exchange *x = CONTAINER(s, struct exchange, source);
    struct chunks *from = x->collected.bytes ? &x->collected : &x->pair.body;
    bool wanted = exchange_wants_input(x);
    x->has_news = false;
    if (from->bytes) chunks_take(out, from, from->bytes < room ? from->bytes : room);
    exchange_pull(x, wanted);
    if (x->pair.body.bytes || x->collected.bytes) return SOURCE_MORE;
    if (x->step == EXCHANGE_FAILED || x->is_released) return SOURCE_BROKEN;
    if (x->step != EXCHANGE_WHOLE) return SOURCE_WAIT;
    x->pair.r->trailers = x->pair.trailers;
    return SOURCE_END;
}

static void drop(struct source *s) {
    exchange_release(CONTAINER(s, struct exchange, source));
}

/* ---- the answer ------------------------------------------------------------------------------- */

/* All but those that the server says itself. */
static bool is_theirs(const struct field *f, const void *unused) {
    (void)unused;
    return !head_is_framing(f->id);
}

/* Mostly there are none before, and the list changes its owner. */
static void hand_fields_over(struct request *r, struct fields *from) {
    fields_keep(from, is_theirs, NULL);
    if (r->out.count == 0) r->out = *from;
    else
        for (uint32_t i = 0; i < from->count; i++)
            fields_append(&r->out, &r->arena, from->list[i].id, from->list[i].name, from->list[i].value);
    *from = (struct fields){0};
}

/* A short body that is there is the request's; else it is pulled. */
static void give_body(struct exchange *x) {
    struct request *r = x->pair.r;
    bool is_short = x->step == EXCHANGE_WHOLE && !x->collected.count && !x->pair.trailers.count;
    if (is_short && r->in.method != METHOD_HEAD && !x->pair.is_tunnel) {
        chunks_move(&r->body, &x->pair.body);
        return;
    }
    x->source = (struct source){pull, drop, x->pair.length};
    if (x->step == EXCHANGE_WHOLE && r->in.method != METHOD_HEAD && !x->pair.trailers.count && !x->pair.is_tunnel)
        x->source.length = (int64_t)(x->collected.bytes + x->pair.body.bytes);
    if (x->pair.is_tunnel) x->source.length = -1;
    r->source = &x->source;
}

/* 2xx to CONNECT is a tunnel for the client, also where a program of CGI or an upgrade stands behind it. */
static bool misleads(const struct exchange *x, int status) {
    return x->pair.r->in.method == METHOD_CONNECT && !x->pair.is_tunnel && status / 100 == 2;
}

static enum handler no_tunnel(struct exchange *x) {
    struct request *r = x->pair.r;
    struct span who = x->pair.host ? x->pair.host->label : span_of(x->ask.kind->directive);
    request_reason(r, x->ask.kind->directive, "%.*s: it answers %d to a request for a tunnel, and opens none",
                   SPAN_ARG(who), x->pair.status);
    exchange_release(x);
    r->status = 502;
    return HANDLER_ERROR;
}

static enum handler give_answer(struct exchange *x) {
    struct request *r = x->pair.r;
    if (!request_core(r)->error_intercept) r->keep_error_status = false; /* this error-handler has the last word */
    enum handler word = x->ask.answer ? x->ask.answer(&x->pair) : HANDLER_GO_ON;
    int status = x->pair.status;
    if (word != HANDLER_GO_ON) {
        exchange_release(x);
        return word;
    }
    x->is_answered = true;
    if (misleads(x, status)) return no_tunnel(x);
    if (status >= 400 && request_core(r)->error_intercept && !r->error_status) {
        request_reason(r, "server.error-intercept", "the backend has answered so");
        hand_fields_over(r, &x->pair.fields); /* some belong to the error, and stay */
        exchange_release(x);
        r->status = status;
        return HANDLER_ERROR;
    }
    r->status = status;
    r->is_tunnel = x->pair.is_tunnel;
    if (r->is_tunnel && r->in.version >= 20) r->status = 200; /* RFC 8441 5 */
    hand_fields_over(r, &x->pair.fields);
    give_body(x);
    return HANDLER_GO_ON;
}

static enum handler give_up(struct exchange *x) {
    struct request *r = x->pair.r;
    exchange_note_reason(x);
    if (x->status == 503) fields_set(&r->out, &r->arena, HEADER_RETRY_AFTER, SPAN("2"));
    r->status = x->status;
    exchange_release(x);
    return HANDLER_ERROR;
}

int exchange_handle(struct request *r, void *exchange) {
    struct exchange *x = exchange;
    (void)r;
    switch (exchange_advance(x)) {
    case EXCHANGE_ANSWERS:
        if (!x->collects) return (int)give_answer(x);
        break;
    case EXCHANGE_WHOLE: return (int)give_answer(x);
    case EXCHANGE_FAILED: return (int)give_up(x);
    case EXCHANGE_NEW:
    case EXCHANGE_CONNECTS:
    case EXCHANGE_ASKS: break;
    }
    return HANDLER_WAIT_FOR_EVENT;
}
