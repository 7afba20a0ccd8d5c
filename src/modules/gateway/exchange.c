/* exchange.c - a request and a backend: attempts, what is sent and understood, failures */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/exchange_private.h"

#include <errno.h>

#include "base/clock.h"

enum {
    OUT_ROOM = 64 * 1024,   /* framed bytes that wait for the kernel */
    ROOM_AT_1 = 256 * 1024, /* stream-response-body: bytes that wait for the client */
    ROOM_AT_2 = 64 * 1024
};

static struct fdevents *events_of(const struct exchange *x) {
    return request_events(x->pair.r);
}

/* ---- time limits ------------------------------------------------------------------------------ */

void exchange_out_of_time(struct deadline *d) {
    struct exchange *x = CONTAINER(d, struct exchange, limit);
    enum outcome what = x->step == EXCHANGE_CONNECTS ? OUTCOME_REFUSED : OUTCOME_TIMED_OUT;
    exchange_failed(x, x->pair.is_tunnel ? OUTCOME_GONE : what, ETIMEDOUT); /* it was silence of both sides */
    exchange_tell(x);
}

/* What may pass until the backend does something: it takes bytes, or it says something. While it waits for the client
 * (to send the body, to take the response) its time stands still; a tunnel's does if nobody says anything. */
static uint32_t limit_s(const struct exchange *x) {
    const struct gateway_host *h = x->pair.host;
    bool is_tunnel = x->pair.is_tunnel && x->carrier;
    if (!h || x->step < EXCHANGE_CONNECTS || x->step > (is_tunnel ? EXCHANGE_WHOLE : EXCHANGE_ANSWERS)) return 0;
    if (x->step == EXCHANGE_CONNECTS) return h->connect_s;
    if (x->out.count && !x->cannot_send) return h->write_s;
    if (x->step == EXCHANGE_WHOLE) return h->read_s;
    return (x->end_said || x->cannot_send || x->pair.is_upgrade) && exchange_wants_input(x) ? h->read_s : 0;
}

static void arm(struct exchange *x) {
    uint32_t s = limit_s(x);
    if (s) deadline_in(events_of(x), &x->limit, s * UINT64_C(1000));
    else if (deadline_is_set(&x->limit)) deadline_stop(&x->limit);
}

/* ---- an attempt's end ------------------------------------------------------------------------- */

static void detach(struct exchange *x, bool keep) {
    if (deadline_is_set(&x->limit)) deadline_stop(&x->limit);
    if (x->carrier) x->transport->close(x, keep);
    x->carrier = NULL;
}

/* The request waits on a fresh connection, maybe for a process that takes it. */
static void begin_waiting(struct exchange *x) {
    if (!x->codec->holds_process || x->was_kept) return;
    x->unheard_ms = fdevents_now_ms(events_of(x));
    list_add_last(&x->backend->unheard, &x->unheard);
}

static void end_waiting(struct exchange *x) {
    if (x->unheard.next && !list_is_empty(&x->unheard)) list_remove(&x->unheard);
}

static void end_backend(struct exchange *x, enum outcome what, int error) {
    if (!x->backend) return;
    end_waiting(x);
    backend_ended(x->backend, what, error, fdevents_now_ms(events_of(x)));
    x->backend = NULL;
}

static void end_codec(struct exchange *x) {
    if (x->pair.state && x->codec->done) x->codec->done(&x->pair);
    x->pair.state = NULL;
}

/* A kept connection that the backend has closed in the meantime says nothing of its health. */
static bool is_stale(const struct exchange *x, enum outcome what) {
    return x->was_kept && !x->has_heard && what == OUTCOME_BROKEN;
}

/* Something has run out, with us, or the room in the queue of the backend's socket. */
static bool is_for_now(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL ||
           error == EAGAIN;
}

void exchange_failed(struct exchange *x, enum outcome what, int error) {
    if (x->step == EXCHANGE_FAILED) return;
    x->is_fresh = is_stale(x, what) && !x->is_fresh;
    x->failed_at = x->step;
    x->step = EXCHANGE_FAILED;
    x->failure = (uint8_t)what;
    x->error = error;
    if (!x->status) x->status = error == ETIMEDOUT ? 504 : is_for_now(error) ? 503 : 502;
    x->has_news = true;
    if (x->is_answered && !x->is_released) exchange_say_failure(x);
    detach(x, false);
    end_backend(x, x->is_fresh ? OUTCOME_GONE : what, error);
    if (x->sink_waits) request_want_body(x->pair.r);
    x->sink_waits = false;
}

/* The backend is well, but this request cannot be said to it. */
static void refuse(struct exchange *x, int status) {
    x->status = status;
    x->is_final = true;
    exchange_failed(x, OUTCOME_GONE, 0);
}

void exchange_release(struct exchange *x) {
    if (x->is_released) return;
    x->is_released = true;
    x->sink_waits = false;
    if (x->waits_for_name) backend_wait_no_more(&x->name_waiter);
    x->waits_for_name = false;
    if (x->carrier && x->codec->abort && x->step == EXCHANGE_ASKS && !x->cannot_send) {
        x->codec->abort(&x->pair, &x->out);
        x->transport->pump(x);
    }
    detach(x, false);
    end_backend(x, OUTCOME_GONE, 0);
    end_codec(x);
    chunks_clear(&x->out);
    chunks_clear(&x->body);
    chunks_clear(&x->collected);
    chunks_clear(&x->pair.body);
}

/* ---- another one ------------------------------------------------------------------------------ */

/* May the request be sent again? Nothing was said to the client yet, and the backend either has nothing of it, or it
 * makes no difference (RFC 9110 9.2.2), and we have it still. */
static bool may_try_again(const struct exchange *x) {
    if (x->is_answered || x->is_final || !x->ask.rule) return false;
    if (x->failed_at == EXCHANGE_CONNECTS) return true;
    if (x->body_gone) return false;
    return !x->has_sent || x->consults || method_flags(x->pair.r->in.method) & METHOD_IDEMPOTENT;
}

/* After a failure: ready for another attempt, or false. */
static bool try_again(struct exchange *x) {
    if (!may_try_again(x)) return false;
    if (!x->is_fresh) {
        if (x->tried_count == TRIED_MAX) return false;
        x->tried[x->tried_count++] = x->pair.host->backend;
        x->wants_other = true;
    }
    end_codec(x);
    chunks_clear(&x->out);
    chunks_clear(&x->collected);
    chunks_clear(&x->pair.body);
    x->step = EXCHANGE_NEW;
    return true;
}

static void name_is_known(void *exchange) {
    struct exchange *x = exchange;
    x->waits_for_name = false;
    x->has_waited = x->has_news = true;
    exchange_tell(x);
}

/* The server has just begun, and asks for the host's name: that is worth a moment. */
static bool wait_for_name(struct exchange *x, enum backend_state why) {
    struct backend *b = why == BACKEND_UNRESOLVED && !x->has_waited ? gateway_pending(x->ask.rule) : NULL;
    if (!b) return false;
    x->waits_for_name = true;
    x->name_waiter.wake = name_is_known;
    x->name_waiter.arg = x;
    backend_wait(b, &x->name_waiter);
    return true;
}

static bool choose(struct exchange *x) {
    enum backend_state why = BACKEND_UP;
    if (!x->ask.rule || (x->pair.host && !x->wants_other)) return true;
    const struct gateway_host *h =
        gateway_choose(x->ask.rule, x->ask.balance, x->pair.r, (const struct backend *const *)x->tried,
                       x->tried_count, fdevents_now_ms(events_of(x)), &why);
    if (h) {
        x->pair.host = h;
        x->wants_other = false;
        return true;
    }
    if (wait_for_name(x, why)) return false;
    x->has_no_host = !x->tried_count;
    x->no_host = (uint8_t)why;
    if (!x->tried_count) x->status = 503; /* else what the last one came to */
    x->is_final = true;
    x->step = EXCHANGE_FAILED;
    return false;
}

static void copy_chunks(struct chunks *to, const struct chunks *from) {
    for (unsigned i = 0; i < from->count; i++) {
        const struct chunk *c = chunks_at(from, i);
        if (c->kind == CHUNK_FILE) chunks_add_file(to, c->is.file, c->at, c->left);
        else if (c->kind == CHUNK_BLOB) chunks_add_blob(to, c->is.blob, (size_t)c->at, (size_t)c->left);
        else chunks_add_constant(to, (struct span){chunk_bytes(c), (size_t)c->left});
    }
}

/* The protocol is set for the host; the pair is as at the beginning. */
static void prepare(struct exchange *x) {
    struct message_pair *p = &x->pair;
    struct request *r = p->r;
    const struct gateway_host *h = p->host;
    const struct gateway_kind *kind = x->ask.kind;
    x->codec = h && kind->codec_of ? kind->codec_of(h, x->ask.settings) : kind->codec;
    if (x->is_prepared) *p = (struct message_pair){.r = r, .host = h};
    x->is_prepared = true;
    if (x->ask.rule) x->transport = x->codec->transport ? x->codec->transport : &link_transport;
    if (!x->is_streamed && !x->consults) {
        chunks_clear(&x->body);
        copy_chunks(&x->body, &r->in_body);
    }
    p->rule = x->ask.rule;
    p->settings = x->ask.settings;
    p->state = arena_zeroed(&r->arena, x->codec->state_bytes);
    p->body_bytes = x->wants_upgrade ? 0 : x->is_streamed ? r->in.body_bytes : (int64_t)x->body.bytes;
    p->is_upgrade = x->wants_upgrade && (x->ask.upgrades || (h && h->upgrade));
    p->length = -1;
    p->wanted = UINT64_MAX;
    x->status = x->error = 0;
    x->room = request_core(r)->stream_response_body == 1 ? ROOM_AT_1 : ROOM_AT_2;
    x->was_kept = x->has_sent = x->has_heard = x->end_said = x->cannot_send = false;
    x->body_ended = !x->is_streamed || x->sink_ended || (x->wants_upgrade && !x->pair.is_upgrade);
}

static void attempt(struct exchange *x) {
    if (!choose(x)) return;
    prepare(x);
    x->step = EXCHANGE_CONNECTS;
    x->asked_ms = fdevents_now_ms(events_of(x));
    if (!x->consults) x->pair.r->backend = x->pair.host ? x->pair.host->label : span_of(x->ask.kind->directive);
    if (x->pair.host) {
        x->backend = x->pair.host->backend;
        backend_began(x->backend, fdevents_now_ms(events_of(x)));
        x->began_ns = clock_monotonic_ns();
        x->pair.r->keeps_time |= x->pair.host->read_s > 0;
    }
    int error = x->transport->open(x);
    if (error) {
        x->carrier = NULL;
        exchange_failed(x, OUTCOME_REFUSED, error);
    } else if (x->step == EXCHANGE_CONNECTS) {
        arm(x);
    }
}

enum exchange_step exchange_advance(struct exchange *x) {
    x->has_news = false;
    while (!x->waits_for_name && (x->step == EXCHANGE_NEW || (x->step == EXCHANGE_FAILED && try_again(x))))
        attempt(x);
    return x->step;
}

/* ---- the request, on its way ------------------------------------------------------------------ */

/* Frames what there is room for. */
static void fill(struct exchange *x) {
    const struct codec *c = x->codec;
    uint64_t answered = x->pair.body.bytes;
    while (x->body.bytes && x->out.bytes < OUT_ROOM && !x->cannot_send) {
        uint64_t n = c->body ? c->body(&x->pair, &x->out, &x->body, OUT_ROOM - x->out.bytes) : 0;
        if (n == 0) break;
        x->body_gone |= x->is_streamed;
    }
    if (x->body_ended && !x->body.bytes && !x->end_said && !x->cannot_send) {
        if (c->end) c->end(&x->pair, &x->out);
        x->end_said = true;
    }
    if (x->sink_waits && x->body.bytes < EXCHANGE_SINK_ROOM / 2) {
        x->sink_waits = false;
        request_want_body(x->pair.r);
    }
    if (x->pair.body.bytes > answered) x->has_news = true;
    bool may_end = x->step == EXCHANGE_ASKS || x->step == EXCHANGE_ANSWERS;
    if (x->pair.is_over && !x->out.count && may_end) exchange_word(x, TAKE_END);
}

void exchange_ready(struct exchange *x) {
    x->step = EXCHANGE_ASKS;
    begin_waiting(x);
    int status = x->codec->begin(&x->pair, &x->out);
    if (status) {
        refuse(x, status);
        return;
    }
    if (x->pair.status) exchange_word(x, TAKE_HEAD); /* the protocol has no heads of its own */
    fill(x);
    arm(x);
}

void exchange_sent(struct exchange *x) {
    x->has_sent = true;
    if (x->step < EXCHANGE_ASKS || x->step == EXCHANGE_FAILED) return;
    fill(x);
    arm(x);
}

void exchange_cannot_send(struct exchange *x) {
    x->cannot_send = true;
    x->body_ended = true;
    x->body_gone |= x->is_streamed;
    chunks_clear(&x->out);
    chunks_clear(&x->body);
    if (x->sink_waits) request_want_body(x->pair.r);
    x->sink_waits = false;
    arm(x);
}

bool exchange_half_closes(const struct exchange *x) {
    return x->end_said && (x->pair.is_tunnel || x->codec->half_closes);
}

/* ---- the response ----------------------------------------------------------------------------- */

bool exchange_wants_input(const struct exchange *x) {
    if (x->step != EXCHANGE_ASKS && x->step != EXCHANGE_ANSWERS) return false;
    return x->collects || x->pair.body.bytes < x->room;
}

static void take_interim(struct exchange *x) {
    struct message_pair *p = &x->pair;
    if (p->status != 100 && !x->consults && p->r->in.version >= 11) {
        request_send_interim(p->r, p->status, &p->fields);
        x->has_news = true;
    }
    p->status = 0;
    p->is_interim = false;
    p->fields = (struct fields){0};
}

/* The response is whole. A tunnel's other direction may go on. */
static void take_end(struct exchange *x) {
    struct message_pair *p = &x->pair;
    x->step = EXCHANGE_WHOLE;
    x->has_news = true;
    if (x->sink_waits && !p->is_tunnel) request_want_body(p->r); /* what is left is thrown away */
    if (p->is_tunnel) return;
    x->sink_waits = false;
    bool is_sent = (x->end_said || p->is_upgrade) && !x->out.count && !x->cannot_send;
    detach(x, is_sent && p->can_keep && p->host && p->host->keep_alive);
    end_backend(x, OUTCOME_GOOD, 0);
}

static void take_more(struct exchange *x) {
    x->has_news |= x->is_answered;
    if (x->collects) exchange_collect(x);
}

static void follow_word(struct exchange *x, enum take word) {
    x->has_heard = true;
    switch (word) {
    case TAKE_MORE: take_more(x); break;
    case TAKE_INTERIM: take_interim(x); break;
    case TAKE_HEAD:
        x->step = EXCHANGE_ANSWERS;
        if (!x->consults) x->pair.r->backend_ms = fdevents_now_ms(events_of(x)) - x->asked_ms + 1;
        exchange_decide_collecting(x);
        if (x->backend) backend_answered(x->backend, fdevents_now_ms(events_of(x)));
        if (x->backend) histogram_add(&x->backend->counts->time, clock_monotonic_ns() - x->began_ns);
        x->has_news |= !x->collects;
        break;
    case TAKE_END: take_end(x); break;
    case TAKE_BROKEN: exchange_failed(x, OUTCOME_BROKEN, 0); break;
    }
}

void exchange_word(struct exchange *x, enum take word) {
    follow_word(x, word);
    arm(x);
}

static bool is_going_on(enum take word) {
    return word == TAKE_INTERIM || word == TAKE_HEAD;
}

/* AJP13: the backend has asked for more of the body, and gets an answer also where there is no more. */
static void answer_wish(struct exchange *x, uint64_t wanted_before) {
    if (x->pair.wanted == wanted_before || !x->pair.wanted || x->cannot_send) return;
    if (x->body.bytes || x->end_said) x->codec->body(&x->pair, &x->out, &x->body, OUT_ROOM);
    fill(x);
}

void exchange_received(struct exchange *x, struct blob *blob, struct span bytes) {
    enum take word;
    uint64_t wanted = x->pair.wanted;
    end_waiting(x);
    x->has_heard = true;
    x->pair.in_blob = blob;
    do {
        word = x->codec->take(&x->pair, &bytes);
        if (word == TAKE_END && bytes.n) x->pair.can_keep = false; /* nobody has asked for that */
        follow_word(x, word);
    } while (is_going_on(word));
    arm(x);
    if (word == TAKE_END && x->collects) exchange_collect(x);
    if (word != TAKE_MORE || x->step == EXCHANGE_FAILED) return;
    answer_wish(x, wanted);
}

void exchange_eof(struct exchange *x) {
    enum take word;
    x->pair.in_blob = NULL;
    bool has_heard = x->has_heard;
    do {
        word = x->codec->eof(&x->pair);
        x->has_heard = has_heard;
        if (word == TAKE_MORE || word == TAKE_BROKEN) exchange_failed(x, OUTCOME_BROKEN, 0);
        else exchange_word(x, word);
    } while (is_going_on(word));
}

void exchange_tell(struct exchange *x) {
    if (!x->has_news || x->is_released) return;
    x->has_news = false;
    request_resume(x->pair.r);
}

/* ---- from within the request ------------------------------------------------------------------ */

/* The body has become longer or complete: on with it. */
void exchange_push(struct exchange *x) {
    if (x->step < EXCHANGE_ASKS || x->step == EXCHANGE_FAILED || !x->carrier) return;
    fill(x);
    x->transport->pump(x);
    arm(x);
}

/* Some of the response was taken: is there room for more now? */
void exchange_pull(struct exchange *x, bool wanted_before) {
    if (!x->carrier || wanted_before || !exchange_wants_input(x)) return;
    x->transport->pump(x);
    arm(x);
}
