/* conn.c - one client's connection: the steps of its life */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "fdevents/socket.h"
#include "net/listener.h"
#include "net/wire.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/worker.h"

enum {
    REQUESTS_PER_TURN = 64,          /* then it is the others' turn */
    SEND_PER_TURN = 2 * 1024 * 1024, /* bytes */
    SPARE_CONNS = 64,
    LINGER_BYTES = 1024 * 1024,
    LINGER_MAX_BYTES = 1024 * 1024 * 1024,
    LINGER_TOTAL_MS = 30 * 1000,
    BODY_GRACE_MS = 30 * 1000,
    PACE_LATE_MAX_MS = 1000
};

/* ---- beginning -------------------------------------------------------------------------------- */

static void on_event(struct fdevent *ev, unsigned ready) {
    struct conn *c = CONTAINER(ev, struct conn, ev);
    if (ready & (FDEVENT_IN | FDEVENT_RDHUP)) c->may_read = true;
    if (ready & FDEVENT_NVAL) c->is_broken = true;
    conn_run(c);
}

static void on_closed(struct fdevent *ev) {
    struct conn *c = CONTAINER(ev, struct conn, ev);
    struct worker *w = c->worker;
    if (w->spare_conn_count >= SPARE_CONNS) {
        free(c);
        return;
    }
    c->link.next = (struct list *)(void *)w->spare_conns;
    w->spare_conns = c;
    w->spare_conn_count++;
}

static void say_timeout(const struct conn *c, const char *what) {
    char name[ADDR_TEXT_BYTES];
    if (!c->worker->plan->core->log_timeouts) return;
    addr_format(&c->peer, name);
    say_note("timeout: connection %d from %s: %s", c->ev.fd, name, what);
}

/* Time is up for what the connection waits for. */
static void on_deadline(struct deadline *d) {
    struct conn *c = CONTAINER(d, struct conn, deadline);
    struct request *r = c->request;
    if (c->is_paced) {
        c->is_paced = false;
    } else if (c->state == CONN_LINGER) {
        say_timeout(c, "closed without waiting longer for the client's end");
        c->is_broken = true;
    } else if (!r) {
        say_timeout(c, "idle");
        c->state = CONN_LINGER;
    } else if (r->state == REQUEST_READ || (r->state == REQUEST_READ_BODY && c->waiting == WAITING_INPUT)) {
        say_timeout(c,
                    r->state == REQUEST_READ ? "the request's head did not come" : "the request's body did not come");
        if (r->state == REQUEST_READ && !r->begun_ns) c->state = CONN_LINGER;
        else request_refuse_now(r, 408);
    } else if (r->state == REQUEST_WRITE || r->state == REQUEST_RESPONSE_END) {
        say_timeout(c, "the client does not take the response");
        request_break(r);
    } else {
        say_timeout(c, "nobody answered the request");
        request_refuse_now(r, 504);
    }
    conn_run(c);
}

static struct conn *conn_get(struct worker *w) {
    struct conn *c = w->spare_conns;
    if (!c) return memory_zeroed(1, sizeof *c);
    w->spare_conns = (struct conn *)(void *)c->link.next;
    w->spare_conn_count--;
    memset(c, 0, sizeof *c);
    return c;
}

void conn_open(struct worker *w, struct listening *l, int fd, const struct addr *peer) {
    struct conn *c = conn_get(w);
    if (!w->plan) w->plan = plan_global(w->conf);
    c->worker = w;
    c->listening = l;
    l->refs++;
    c->peer = *peer;
    c->state = CONN_HANDSHAKE;
    c->ev.run = on_event;
    c->ev.closed = on_closed;
    c->deadline.fire = on_deadline;
    c->may_read = true; /* often the request is there already */
    if (fdevent_add(w->events, &c->ev, fd, FDEVENT_IN) != 0) {
        say_error("a connection cannot be watched: %s", strerror(errno));
        close(fd);
        l->refs--;
        free(c);
        return;
    }
    list_add_last(&w->conns, &c->link);
    worker_conn_added(w);
    conn_run(c);
}

/* ---- waiting ---------------------------------------------------------------------------------- */

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* What is left of `total` since c->since_ms; never 0, so that it still fires. */
static uint64_t left_of(const struct conn *c, uint64_t total) {
    uint64_t spent = fdevents_now_ms(c->worker->events) - c->since_ms;
    return spent < total ? total - spent : 1;
}

static uint64_t read_limit_ms(struct conn *c, const struct core_settings *core) {
    struct request *r = c->request;
    uint64_t ms = core->max_read_idle_s * UINT64_C(1000);
    if (r->state == REQUEST_READ && core->max_head_s) return least(ms, left_of(c, core->max_head_s * UINT64_C(1000)));
    if ((r->state == REQUEST_READ_BODY || r->state == REQUEST_RESPONSE_END) && core->min_body_rate)
        return least(ms, left_of(c, BODY_GRACE_MS + r->body_received * 1000 / core->min_body_rate));
    return ms;
}

static uint64_t limit_ms(struct conn *c, enum limit limit) {
    const struct plan *plan = c->request && c->request->plan ? c->request->plan : c->worker->plan;
    const struct core_settings *core = plan->core;
    uint64_t now = fdevents_now_ms(c->worker->events);
    if (c->is_paced) return c->pace_ms > now ? c->pace_ms - now : 1;
    switch (limit) {
    case LIMIT_READ_IDLE: return c->request ? read_limit_ms(c, core) : core->max_read_idle_s * UINT64_C(1000);
    case LIMIT_WRITE_IDLE: return core->max_write_idle_s * UINT64_C(1000);
    case LIMIT_REQUESTS: return (c->requests ? core->max_keep_alive_idle_s : core->max_read_idle_s) * UINT64_C(1000);
    case LIMIT_LINGER:
        if (c->out.count) return core->max_write_idle_s * UINT64_C(1000);
        /* 0 seconds are next to nothing, not for ever */
        return least(core->linger_timeout_s * UINT64_C(1000) + 1, left_of(c, LINGER_TOTAL_MS));
    case LIMIT_NONE:
    case LIMIT_COUNT: break;
    }
    return 0;
}

void conn_wait(struct conn *c, enum limit limit) {
    uint64_t ms = limit_ms(c, limit);
    unsigned want = 0;
    if (c->waiting == WAITING_INPUT && !c->is_eof) want |= FDEVENT_IN;
    if (c->out.count && !c->is_paced) want |= FDEVENT_OUT;
    fdevent_want(&c->ev, want);
    if (ms) deadline_in(c->worker->events, &c->deadline, ms);
    else deadline_stop(&c->deadline);
}

/* ---- sending ---------------------------------------------------------------------------------- */

/* How late its turn came: time limits fire a little after their time, which must not make it slower. */
static uint64_t paced_late_ms(const struct conn *c, uint64_t now) {
    uint64_t late = now > c->pace_ms ? now - c->pace_ms : 0;
    return late < PACE_LATE_MAX_MS ? late : 0; /* it had nothing to send */
}

/* How many bytes may go now under kbytes-per-second; 0: wait until c->pace_ms. A tenth of a second's worth at a
 * time. */
static uint64_t allowance(struct conn *c, uint64_t rate) {
    uint64_t now = fdevents_now_ms(c->worker->events);
    if (rate == 0) return SEND_PER_TURN;
    if (c->pace_ms > now) return 0;
    return rate / 10 + 1 + rate * paced_late_ms(c, now) / 1000;
}

static uint64_t rate_of(const struct conn *c) {
    const struct plan *plan = c->request && c->request->plan ? c->request->plan : c->worker->plan;
    uint64_t one = plan->core->connection_kbytes_s, all = plan->core->server_kbytes_s;
    if (all) all = all / (c->worker->conn_count ? c->worker->conn_count : 1) + 1; /* an equal share each */
    return (one && all ? least(one, all) : one ? one : all) * 1024;
}

static void pace(struct conn *c, uint64_t rate, uint64_t sent) {
    uint64_t now = fdevents_now_ms(c->worker->events);
    if (rate == 0) return;
    c->pace_ms = (c->pace_ms > now ? c->pace_ms : now - paced_late_ms(c, now)) + sent * 1000 / rate;
}

/* Sends what it can. False: nobody is there any more. */
static bool flush(struct conn *c) {
    if (c->out.count == 0) return true;
    uint64_t rate = rate_of(c), before = c->out.bytes, may = allowance(c, rate);
    enum wire_sent result = may ? wire_flush(c->ev.fd, &c->out, may, c->state == CONN_LINGER) : WIRE_YIELD;
    c->sent_bytes += before - c->out.bytes;
    pace(c, rate, before - c->out.bytes);
    c->is_paced = rate && c->out.count && result == WIRE_YIELD;
    if (result != WIRE_FAILED) return true;
    if (errno == EIO) say_error("connection %d: a file has become shorter while it was sent", c->ev.fd);
    c->must_reset |= errno == EIO;
    c->is_broken = true;
    return false;
}

/* ---- the steps -------------------------------------------------------------------------------- */

enum handler conn_handshake(struct conn *c) {
    (void)c; /* plain HTTP/1: nothing to agree upon */
    return HANDLER_GO_ON;
}

static bool has_input(const struct conn *c) {
    return c->in && c->in->start < c->in->end;
}

/* Nothing is being answered: is there something new? */
static enum handler begin_request(struct conn *c) {
    if (!has_input(c)) {
        ssize_t n = conn_receive(c);
        if (n == WIRE_LATER) return c->is_last && c->requests ? HANDLER_FINISHED : HANDLER_WAIT_FOR_EVENT;
        if (n <= 0) return HANDLER_FINISHED;
    }
    c->since_ms = fdevents_now_ms(c->worker->events);
    c->request = request_make(c);
    return HANDLER_GO_ON;
}

/* What may still come of the request's body, as far as anybody knows: a chunked one has no end in sight. */
static uint64_t rest_of_body(const struct conn *c) {
    const struct request *r = c->request;
    if (!c->in || r->body_done || c->in->body_left == 0) return 0;
    return c->in->body_left > 0 ? (uint64_t)c->in->body_left : LINGER_MAX_BYTES;
}

static void end_request(struct conn *c) {
    struct request *r = c->request;
    c->linger.bytes_left = LINGER_BYTES + least(rest_of_body(c), LINGER_MAX_BYTES);
    request_drop(r);
    c->request = NULL;
    if (c->in) c->in->keep = 0; /* nobody's spans point there any more */
}

/* Between two requests, with everything sent: what is kept of an idle connection is its struct alone. */
static enum handler wait_for_request(struct conn *c) {
    if (!flush(c)) return HANDLER_FINISHED;
    if (!has_input(c)) conn_release_input(c);
    c->waiting = WAITING_INPUT;
    return HANDLER_WAIT_FOR_EVENT;
}

enum handler conn_serve(struct conn *c) {
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
            end_request(c);
            if (budget-- > 0) continue;
            fdevent_wake(&c->ev);
            return wait_for_request(c);
        }
        if (word != HANDLER_WAIT_FOR_EVENT) {
            end_request(c);
            return c->is_broken ? HANDLER_FINISHED : HANDLER_GO_ON;
        }
        unsigned chunks = c->out.count;
        if (!flush(c)) continue; /* into ERROR */
        if (c->waiting != WAITING_ROOM || c->out.count == chunks) return HANDLER_WAIT_FOR_EVENT;
        if (c->out.count && c->request->is_emitted) return HANDLER_WAIT_FOR_EVENT;
    }
}

static bool begin_linger(struct conn *c) {
    uint64_t bytes = c->linger.bytes_left ? c->linger.bytes_left : LINGER_BYTES;
    c->half_closed = true;
    conn_release_input(c);
    if (c->is_eof || socket_half_close(c->ev.fd) != 0)
        return false; /* the client's end was read already, or it is gone */
    linger_begin(&c->linger, bytes);
    c->since_ms = fdevents_now_ms(c->worker->events);
    return true;
}

enum handler conn_linger(struct conn *c) {
    if (c->request) end_request(c);
    if (c->is_broken || !flush(c) || c->must_reset) return HANDLER_GO_ON;
    c->waiting = WAITING_ROOM;
    if (c->out.count) return HANDLER_WAIT_FOR_EVENT;
    c->waiting = WAITING_INPUT;
    if (!c->half_closed) return begin_linger(c) ? HANDLER_WAIT_FOR_EVENT : HANDLER_GO_ON;
    int result = linger_turn(&c->linger, c->ev.fd);
    if (result == LINGER_DONE) return HANDLER_GO_ON;
    if (result == LINGER_MORE) fdevent_wake(&c->ev);
    return HANDLER_WAIT_FOR_EVENT;
}

/* The client must not take what it has for the whole: it gets a reset instead of an end. */
static void arm_reset(int fd) {
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

enum handler conn_close(struct conn *c) {
    if (c->request) end_request(c);
    if (c->must_reset) arm_reset(c->ev.fd);
    deadline_stop(&c->deadline);
    chunks_clear(&c->out);
    conn_release_input(c);
    list_remove(&c->link);
    worker_conn_gone(c->worker);
    listening_drop(c->listening);
    fdevent_close(&c->ev);
    return HANDLER_GO_ON;
}

/* ---- from outside ----------------------------------------------------------------------------- */

void conn_end_gracefully(struct conn *c) {
    c->is_last = true;
    if (c->state != CONN_SERVE || c->request) return;
    c->may_read = true; /* a request that is on its way already is still answered */
    fdevent_wake(&c->ev);
}

void conn_abort(struct conn *c) {
    c->is_broken = true;
    conn_run(c);
}
