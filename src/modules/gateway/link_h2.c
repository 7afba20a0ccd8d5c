/* link_h2.c - many exchanges ride on one connection of HTTP/2: getting on, requests out, getting off (RFC 9113 5) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/link_h2.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "modules/gateway/link.h"
#include "net/wire.h"
#include "tls/client.h"

enum {
    SEND_PER_TURN = 512 * 1024,
    OUT_ROOM = 256 * 1024,           /* frames that wait for the kernel */
    STREAM_TURN_BYTES = 16 * 1024,   /* of one body, then it is the next one's turn */
    RIDERS_AT_FIRST = 100,           /* before the backend has said how many it takes */
    FRESH_MS = 1000                  /* a link that is younger was not closed by a backend that found it idle */
};

/* ---- telling exchanges ------------------------------------------------------------------------ */

void h2_link_note(struct h2_link *l, struct exchange *x) {
    if (!x->has_news || x->is_released || l->news == x) return;
    if (!l->is_awake) {
        request_wake(x->pair.r);
        return;
    }
    if (l->news) request_wake(l->news->pair.r);
    l->news = x;
}

void h2_link_tell(struct h2_link *l) {
    struct exchange *x = l->news;
    l->news = NULL;
    l->is_awake = false;
    if (x) exchange_tell(x);
}

/* ---- the end ---------------------------------------------------------------------------------- */

void h2_link_on_closed(struct fdevent *ev) {
    struct h2_link *l = CONTAINER(ev, struct h2_link, ev);
    h2_drop(l->session);
    backend_drop(l->backend);
    free(l);
}

/* Nobody may join any more. */
static void leave_pool(struct h2_link *l) {
    list_remove(&l->pool);
}

void h2_link_send(struct h2_link *l) {
    enum wire_sent sent = l->tls ? tls_flush(l->tls, &l->out, SEND_PER_TURN)
                                 : wire_flush(l->ev.fd, &l->out, SEND_PER_TURN, false);
    if (sent != WIRE_FAILED) return;
    l->cannot_send = true;
    chunks_clear(&l->out);
    leave_pool(l);
}

void h2_link_end(struct h2_link *l) {
    leave_pool(l);
    l->is_over = true;
    if (l->state == LINK_OPEN && !l->cannot_send) {
        h2_goaway_now(l->session);
        h2_control(l->session, &l->out);
        h2_link_send(l);
        if (l->tls && !l->cannot_send) tls_end(l->tls);
    }
    chunks_clear(&l->out);
    deadline_stop(&l->idle_limit);
    tls_drop(l->tls);
    tls_client_drop(l->client);
    l->tls = NULL;
    l->client = NULL;
    fdevent_close(&l->ev);
}

void h2_link_forget_asking(struct exchange *x) {
    x->has_sent = x->has_heard = false;
    x->was_kept = true;
    x->backend->counts->reused++;
}

void h2_link_fail(struct rider *rd, enum outcome what, int error, const char *why) {
    struct h2_link *l = rd->l;
    struct exchange *x = rd->x;
    if (what == OUTCOME_BROKEN && rd->is_ready && !rd->st) h2_link_forget_asking(x);
    if (why && *why) x->pair.why = arena_copy(&x->pair.r->arena, span_of(why));
    exchange_failed(x, what, error); /* which closes it here */
    h2_link_note(l, x);
}

void h2_link_give_up(struct h2_link *l, enum outcome what, int error, const char *why) {
    char text[300];
    size_t n = why ? strlen(why) : 0;
    if (l->is_over) return;
    if (n >= sizeof text) n = sizeof text - 1;
    if (n) memcpy(text, why, n); /* it may be the session's, or that of TLS */
    text[n] = '\0';
    l->is_over = true;
    while (!list_is_empty(&l->riders))
        h2_link_fail(CONTAINER(l->riders.next, struct rider, place), what, error, text);
    h2_link_end(l);
}

void h2_link_idle_too_long(struct deadline *d) {
    struct h2_link *l = CONTAINER(d, struct h2_link, idle_limit);
    if (l->rider_count == 0) h2_link_end(l);
}

void h2_links_close_idle(struct backend *b) {
    struct list *next;
    for (struct list *i = b->h2_links.next; i != &b->h2_links; i = next) {
        struct h2_link *l = CONTAINER(i, struct h2_link, pool);
        next = i->next;
        if (l->rider_count == 0) h2_link_end(l);
        else leave_pool(l);
    }
}

/* ---- requests out ----------------------------------------------------------------------------- */

static const struct http2_state *state_of(const struct rider *rd) {
    return rd->x->pair.state;
}

/* Everything of the body that will ever be there is in x->out. */
static bool is_complete(const struct rider *rd) {
    return state_of(rd)->ended;
}

/* The end needs neither window nor turn. */
static void say_end(struct rider *rd) {
    struct h2_link *l = rd->l;
    const struct fields *trailers = http2_trailers(&rd->x->pair);
    if (!is_complete(rd) || rd->x->out.count || rd->st->ended_by_us) return;
    if (trailers) h2_send_trailers(l->session, rd->st, trailers, &l->out);
    else h2_send_data(l->session, rd->st, &rd->x->out, 0, true, &l->out);
}

static void want_turn(struct rider *rd) {
    if (rd->st->is_reset || rd->st->ended_by_us) return;
    rd->st->pending = rd->x->out.bytes;
    h2_want_turn(rd->l->session, rd->st, rd->x->out.count > 0);
    say_end(rd);
}

/* What this backend cannot be asked: the request is answered with that. */
static int refusal(const struct rider *rd) {
    const struct http2_state *s = state_of(rd);
    if (s->is_extended && !h2_client_can_connect(rd->l->session)) return 501;
    return h2_client_is_too_large(rd->l->session, s->decoded_bytes) ? 431 : 0;
}

static void refuse(struct rider *rd, int status) {
    rd->x->status = status;
    rd->x->is_final = true;
    h2_link_fail(rd, OUTCOME_GONE, 0, NULL);
}

/* Opens its stream, if that can be done now. */
static void ask(struct rider *rd) {
    struct h2_link *l = rd->l;
    const struct http2_state *s = state_of(rd);
    if (rd->st || l->cannot_send || l->out.bytes >= OUT_ROOM || !h2_client_has_room(l->session)) return;
    if (s->is_extended && !h2_client_has_settings(l->session)) return; /* it will say whether it can */
    int status = refusal(rd);
    if (status) {
        refuse(rd, status);
        return;
    }
    bool is_whole = is_complete(rd) && !rd->x->out.count && !http2_trailers(&rd->x->pair);
    enum method method = s->is_extended ? METHOD_CONNECT : s->method;
    rd->st = h2_ask(l->session, s->block, method, is_whole, &l->out);
    rd->st->owner = rd;
    rd->st->incremental = true; /* bodies take turns */
    rd->x->has_sent = true;
    want_turn(rd);
}

static void ready(struct rider *rd) {
    struct h2_link *l = rd->l;
    struct exchange *x = rd->x;
    rd->is_ready = true;
    exchange_ready(x);
    if (x->carrier == rd) ask(rd);
    else h2_link_note(l, x);
}

/* Those that wait for a stream. */
static void ask_all(struct h2_link *l) {
    struct list *next;
    for (struct list *i = l->riders.next; i != &l->riders && h2_client_has_room(l->session); i = next) {
        struct rider *rd = CONTAINER(i, struct rider, place);
        next = i->next;
        if (rd->is_ready && !rd->st) ask(rd);
    }
}

/* Bodies become frames: a piece of each in turn. */
static void frame_bodies(struct h2_link *l) {
    struct h2_stream *st;
    while (l->out.bytes < OUT_ROOM && (st = h2_next_turn(l->session))) {
        struct rider *rd = st->owner;
        struct exchange *x = rd->x;
        bool last = is_complete(rd) && !http2_trailers(&x->pair);
        uint64_t n = h2_send_data(l->session, st, &x->out, STREAM_TURN_BYTES, last, &l->out);
        if (n) exchange_sent(x); /* more of it may come */
        if (x->carrier == rd) want_turn(rd);
        h2_link_note(l, x);
        if (!n) break;
    }
}

static bool has_output(const struct h2_link *l) {
    return l->out.count || (l->tls && tls_has_unsent(l->tls));
}

/* Answers to what the backend says wait in the session while it reads nothing: there they have a bound. */
static void flush(struct h2_link *l) {
    bool was_full;
    do {
        ask_all(l);
        frame_bodies(l);
        was_full = l->out.bytes >= OUT_ROOM;
        if (!was_full) h2_control(l->session, &l->out);
        if (!l->cannot_send && has_output(l)) h2_link_send(l);
    } while (!l->cannot_send && !has_output(l) && (was_full || h2_next_turn(l->session)));
    if (l->cannot_send) chunks_clear(&l->out);
}

/* Those that wait for a stream, which they will not get here. */
static void turn_away(struct h2_link *l) {
    struct list *next;
    for (struct list *i = l->riders.next; i != &l->riders; i = next) {
        struct rider *rd = CONTAINER(i, struct rider, place);
        next = i->next;
        if (rd->is_ready && !rd->st) h2_link_fail(rd, OUTCOME_BROKEN, 0, NULL);
    }
}

static void want(struct h2_link *l) {
    unsigned interest = FDEVENT_IN;
    if (l->state == LINK_CONNECTS) interest = FDEVENT_OUT;
    if (l->state == LINK_SHAKES_HANDS) interest = l->wants_out ? FDEVENT_OUT : FDEVENT_IN;
    if (l->state == LINK_OPEN && !l->cannot_send && has_output(l)) interest |= FDEVENT_OUT;
    fdevent_want(&l->ev, interest);
    if (l->state == LINK_OPEN && l->tls && tls_has_unread(l->tls)) fdevent_wake(&l->ev);
}

void h2_link_settle(struct h2_link *l) {
    if (l->is_over || l->is_settling) return;
    if (l->state == LINK_OPEN) {
        l->is_settling = true; /* who leaves it meanwhile comes here, too */
        flush(l);
        bool takes_no_more = l->cannot_send || h2_client_is_spent(l->session);
        if (takes_no_more) leave_pool(l);
        if (takes_no_more) turn_away(l);
        l->is_settling = false;
    }
    bool is_shared = !list_is_empty(&l->pool) && l->backend->configured;
    if (l->rider_count == 0 && (l->state != LINK_OPEN || !is_shared)) {
        h2_link_end(l);
        return;
    }
    if (l->rider_count == 0 && !l->is_idle) deadline_in(l->events, &l->idle_limit, l->idle_s * UINT64_C(1000));
    l->is_idle = l->rider_count == 0;
    want(l);
}

/* ---- events ----------------------------------------------------------------------------------- */

void h2_link_use(struct h2_link *l) {
    struct list *next;
    l->state = LINK_OPEN;
    l->is_settling = true;
    for (struct list *i = l->riders.next; i != &l->riders; i = next) {
        next = i->next;
        ready(CONTAINER(i, struct rider, place));
    }
    l->is_settling = false;
}

void h2_link_on_event(struct fdevent *ev, unsigned ready) {
    struct h2_link *l = CONTAINER(ev, struct h2_link, ev);
    l->is_awake = true;
    if (ready & FDEVENT_NVAL) h2_link_give_up(l, OUTCOME_BROKEN, EBADF, NULL);
    else if (l->state == LINK_CONNECTS) h2_link_go_on_connecting(l);
    else if (l->state == LINK_SHAKES_HANDS) h2_link_shake_hands(l);
    else if (ready & (FDEVENT_IN | FDEVENT_RDHUP | FDEVENT_WAKE)) h2_link_receive(l);
    h2_link_settle(l);
    h2_link_tell(l);
}

/* ---- the transport ---------------------------------------------------------------------------- */

static bool has_room(const struct h2_link *l) {
    uint32_t most = l->backend->h2_streams ? l->backend->h2_streams : RIDERS_AT_FIRST;
    if (h2_client_has_settings(l->session)) most = l->backend->h2_streams = h2_client_streams(l->session);
    return l->rider_count < (most < RIDERS_MAX ? most : RIDERS_MAX);
}

static struct h2_link *find(const struct exchange *x) {
    struct list *links = &x->backend->h2_links;
    uint64_t now_ms = fdevents_now_ms(request_events(x->pair.r));
    for (struct list *i = links->next; i != links; i = i->next) {
        struct h2_link *l = CONTAINER(i, struct h2_link, pool);
        bool is_fresh = now_ms - l->made_ms < FRESH_MS;
        if (has_room(l) && (is_fresh || !x->is_fresh)) return l;
    }
    return NULL;
}

void h2_link_board(struct h2_link *l, struct rider *rd) {
    list_add_last(&l->riders, &rd->place);
    rd->l = l;
    l->rider_count++;
    l->is_idle = false;
}

static struct rider *mount(struct h2_link *l, struct exchange *x) {
    struct rider *rd = memory_zeroed(1, sizeof *rd);
    rd->x = x;
    h2_link_board(l, rd);
    x->carrier = rd;
    l->idle_s = x->pair.host->idle_s;
    return rd;
}

static int begin(struct exchange *x) {
    const struct gateway_host *h = x->pair.host;
    struct backend *b = x->backend;
    unsigned others = b->address_count ? b->address_count - 1 : 0;
    bool done = false;
    struct h2_link *l = h2_link_dial(request_events(x->pair.r), b, others, &done);
    if (!l) return errno;
    if (h->tls) l->client = tls_client_hold(h->tls);
    if (h->keep_alive) list_add_last(&b->h2_links, &l->pool);
    mount(l, x);
    if (done) h2_link_connected(l);
    h2_link_settle(l);
    return 0;
}

static int h2_open(struct exchange *x) {
    struct h2_link *l = x->pair.host->keep_alive ? find(x) : NULL;
    if (!l) return begin(x);
    struct rider *rd = mount(l, x);
    if (l->state != LINK_OPEN) return 0;
    x->was_kept = true;
    x->backend->counts->reused++;
    ready(rd);
    h2_link_settle(l);
    return 0;
}

static void h2_pump(struct exchange *x) {
    struct rider *rd = x->carrier;
    struct h2_link *l = rd->l;
    if (l->state != LINK_OPEN || !rd->is_ready || l->is_over) return;
    if (rd->st) {
        want_turn(rd);
        h2_link_consume(rd);
    }
    if (!l->is_awake) h2_link_settle(l);
}

static void h2_close(struct exchange *x, bool keep) {
    struct rider *rd = x->carrier;
    struct h2_link *l = rd->l;
    (void)keep; /* the stream is reset if it is not over */
    if (rd->st) h2_stream_drop(l->session, rd->st);
    list_remove(&rd->place);
    l->rider_count--;
    free(rd);
    x->carrier = NULL;
    /* Who does not answer in time may be gone for good: nobody else shall wait for it. */
    if (x->step == EXCHANGE_FAILED && x->error == ETIMEDOUT) leave_pool(l);
    if (!l->is_awake) h2_link_settle(l);
}

const struct transport h2_transport = {h2_open, h2_pump, h2_close};
