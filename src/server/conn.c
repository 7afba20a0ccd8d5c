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
#include "server/counting.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/worker.h"
#include "tls/tls.h"

enum {
    SEND_PER_TURN = 2 * 1024 * 1024, /* bytes; then it is the others' turn */
    SPARE_CONNS = 64,
    LINGER_TOTAL_MS = 30 * 1000,
    BODY_GRACE_MS = 30 * 1000
};

/* ---- beginning -------------------------------------------------------------------------------- */

/* A client that has only said its last byte may still read; one that is gone needs no answer any more. */
static bool was_reset(int fd) {
    int error = 0;
    socklen_t n = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error != 0;
}

static void on_event(struct fdevent *ev, unsigned ready) {
    struct conn *c = CONTAINER(ev, struct conn, ev);
    if (ready & (FDEVENT_IN | FDEVENT_RDHUP)) c->may_read = true;
    if (ready & FDEVENT_NVAL) c->is_broken = true;
    bool is_unread = c->waiting == WAITING_HANDLER && !(c->request && c->request->wants_input);
    if ((ready & FDEVENT_IN) && is_unread && was_reset(ev->fd)) c->is_broken = true;
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

void conn_time_out(struct conn *c, struct request *r) {
    if (r->state == REQUEST_READ || (r->state == REQUEST_READ_BODY && r->waiting == WAITING_INPUT)) {
        bool is_head = r->state == REQUEST_READ;
        const char *what = is_head ? "the request's head did not come" : "the request's body did not come";
        say_timeout(c, what);
        count(is_head ? COUNT_LIMIT_HEAD_TIME : COUNT_LIMIT_BODY_TIME);
        request_time_reason(c, r, what);
        request_refuse_now(r, 408);
    } else if (r->state == REQUEST_WRITE || r->state == REQUEST_RESPONSE_END) {
        say_timeout(c, "the client does not take the response");
        count(COUNT_LIMIT_WRITE_TIME);
        request_break(r);
    } else if (request_lacks_body(r)) {
        say_timeout(c, "the request's body did not come");
        count(COUNT_LIMIT_BODY_TIME);
        request_time_reason(c, r, "the request's body did not come");
        request_refuse_now(r, 408);
    } else {
        say_timeout(c, "nobody answered the request");
        count(COUNT_LIMIT_ANSWER_TIME);
        request_time_reason(c, r, "nobody answered the request");
        request_refuse_now(r, 504);
    }
}

static void linger(struct conn *c) {
    conn_jumps(c->state, CONN_LINGER);
    c->state = CONN_LINGER;
}

/* Time is up for what the connection waits for. */
static void give_up_waiting(struct conn *c) {
    const struct request *r = c->request;
    if (c->state == CONN_LINGER) {
        say_timeout(c, "closed without waiting longer for the client's end");
        count(COUNT_LIMIT_LINGER_TIME);
        c->is_broken = true;
    } else if (c->state == CONN_HANDSHAKE) {
        say_timeout(c, "the handshake did not come to its end");
        count(COUNT_LIMIT_HANDSHAKE);
        linger(c);
    } else if (!r || (r->state == REQUEST_READ && !r->begun_ns)) {
        say_timeout(c, "idle");
        count(COUNT_LIMIT_IDLE);
        linger(c);
    } else {
        conn_time_out(c, c->request);
    }
}

static void on_deadline(struct deadline *d) {
    struct conn *c = CONTAINER(d, struct conn, deadline);
    bool was_paced = c->is_paced;
    c->is_paced = false; /* if it is too early, conn_flush() will say so */
    if (c->h2 && c->state == CONN_SERVE) h2_tick(c);
    else if (!was_paced) give_up_waiting(c);
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

static bool is_one_address(const struct addr *a) {
    const struct in6_addr *v6 = &a->is.v6.sin6_addr;
    if (a->is.any.sa_family == AF_INET) return a->is.v4.sin_addr.s_addr != htonl(INADDR_ANY);
    return a->is.any.sa_family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(v6) && !IN6_IS_ADDR_V4MAPPED(v6);
}

/* Where it listens on one address, its connections have no other: none of them need be asked. */
static void look_at(struct listening *l) {
    struct addr_room room = {.len = sizeof room.storage};
    l->is_looked_at = true;
    if (!l->kind.is_tcp || getsockname(l->ev.fd, (struct sockaddr *)&room.storage, &room.len) != 0) return;
    addr_from(&l->local, &room);
    if (!is_one_address(&l->local)) l->local.is.any.sa_family = AF_UNSPEC;
}

struct conn *conn_make(struct worker *w, struct listening *l, int fd, const struct addr *peer) {
    struct conn *c = conn_get(w);
    if (!l->is_looked_at) look_at(l);
    if (!w->plan) w->plan = plan_global(w->conf);
    c->worker = w;
    c->listening = l;
    l->refs++;
    c->peer = *peer;
    c->state = CONN_HANDSHAKE;
    c->protocol = &http1;
    list_init(&c->ready);
    c->ev.run = on_event;
    c->ev.closed = on_closed;
    c->deadline.fire = on_deadline;
    c->may_read = true; /* often the request is there already */
    if (fdevent_add_open(w->events, &c->ev, fd, FDEVENT_IN) != 0) {
        say_error("a connection cannot be watched: %s", strerror(errno));
        close(fd);
        l->refs--;
        free(c);
        return NULL;
    }
    c->since_ms = fdevents_now_ms(w->events);
    list_add_last(&w->conns, &c->link);
    count(COUNT_ACCEPTED);
    conn_jumps(CONN_STATE_COUNT, CONN_HANDSHAKE);
    worker_conn_added(w);
    return c;
}

void conn_begin(struct conn *c) {
    conn_run(c);
}

void conn_open(struct worker *w, struct listening *l, int fd, const struct addr *peer) {
    struct conn *c = conn_make(w, l, fd, peer);
    if (c) conn_begin(c);
}

/* ---- waiting ---------------------------------------------------------------------------------- */

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* What is left of `total` since then; never 0, so that it still fires. */
static uint64_t left_of(const struct conn *c, uint64_t since_ms, uint64_t total) {
    uint64_t spent = fdevents_now_ms(c->worker->events) - since_ms;
    return spent < total ? total - spent : 1;
}

static uint64_t read_limit_ms(const struct conn *c, const struct request *r, const struct core_settings *core,
                              uint64_t since_ms) {
    uint64_t ms = core->max_read_idle_s * UINT64_C(1000);
    bool head = r ? r->state == REQUEST_READ : c->state == CONN_HANDSHAKE;
    if (head && core->max_head_s) return least(ms, left_of(c, since_ms, core->max_head_s * UINT64_C(1000)));
    if (r && (r->state == REQUEST_READ_BODY || r->state == REQUEST_RESPONSE_END) && core->min_body_rate)
        return least(ms, left_of(c, since_ms, BODY_GRACE_MS + r->body_received * 1000 / core->min_body_rate));
    return ms;
}

/* From the end of the last response, or the handshake, whatever comes that is no request (TLS has such things). */
static uint64_t idle_limit_ms(const struct conn *c, const struct core_settings *core, uint64_t since_ms) {
    uint64_t ms = (c->requests ? core->max_keep_alive_idle_s : core->max_read_idle_s) * UINT64_C(1000);
    return ms ? left_of(c, since_ms, ms) : 0;
}

static bool ends(const struct worker *w) {
    return w->mode == WORKER_ENDS && !w->is_retired;
}

uint64_t conn_limit_ms(struct conn *c, const struct request *r, enum limit limit, uint64_t since_ms) {
    const struct core_settings *core = (r && r->plan ? r->plan : c->worker->plan)->core;
    switch (limit) {
    case LIMIT_READ_IDLE: return read_limit_ms(c, r, core, since_ms);
    case LIMIT_WRITE_IDLE:
        if (r && (r->streams_body || r->keeps_time || r->is_tunnel)) return request_limit_ms(c, r, since_ms);
        return core->max_write_idle_s * UINT64_C(1000);
    case LIMIT_REQUESTS:
        if (c->h2) return h2_limit_ms(c);
        return idle_limit_ms(c, core, since_ms);
    case LIMIT_LINGER:
        if (conn_has_unsent(c)) return core->max_write_idle_s * UINT64_C(1000);
        /* 0 seconds are next to nothing, not for ever; at its end the worker waits a second at most */
        return least(least(core->linger_timeout_s * UINT64_C(1000) + 1, ends(c->worker) ? 1000 : UINT64_MAX),
                     left_of(c, since_ms, LINGER_TOTAL_MS));
    case LIMIT_NONE:
    case LIMIT_COUNT: break;
    }
    return 0;
}

bool conn_has_unsent(const struct conn *c) {
    return c->out.count || (c->tls && tls_has_unsent(c->tls));
}

/* Who waits for a handler need not be told anew each time that nothing has come: only what comes and is not read now
 * ends the interest. */
static bool takes_input(const struct conn *c) {
    if (c->waiting == WAITING_INPUT || (c->request && c->request->wants_input)) return true;
    return c->waiting == WAITING_HANDLER && !c->may_read && (c->ev.interest & FDEVENT_IN);
}

void conn_wait(struct conn *c, enum limit limit) {
    uint64_t ms = c->is_leaving ? 0 : conn_limit_ms(c, c->request, limit, c->since_ms);
    unsigned want = 0;
    bool handshake_waits = c->state == CONN_HANDSHAKE && c->waiting == WAITING_ROOM;
    uint64_t pause_ms = c->is_paced ? conn_pause_ms(c) : 0;
    if (pause_ms && (!c->h2 || pause_ms < ms)) ms = pause_ms;
    if (takes_input(c) && !c->is_eof && !c->is_leaving) want |= FDEVENT_IN;
    if ((conn_has_unsent(c) && !c->is_paced) || handshake_waits) want |= FDEVENT_OUT;
    fdevent_want(&c->ev, want);
    if (ms) deadline_in(c->worker->events, &c->deadline, ms);
    else deadline_stop(&c->deadline);
}

/* ---- sending ---------------------------------------------------------------------------------- */

/* Most have none. */
static bool may_be_paced(const struct conn *c) {
    const struct plan *plan = c->request && c->request->plan ? c->request->plan : c->worker->plan;
    return (c->h2 ? c->is_rated : plan->core->connection_kbytes_s || plan->core->server_kbytes_s) && c->out.count;
}

static enum wire_sent send_some(struct conn *c, uint64_t may) {
    return c->tls ? tls_flush(c->tls, &c->out, may) : wire_flush(c->ev.fd, &c->out, may, c->state == CONN_LINGER);
}

/* Turn after turn, until the next one has to be waited for. */
static enum wire_sent send_paced(struct conn *c) {
    enum wire_sent result = WIRE_YIELD;
    uint64_t before;
    do {
        uint64_t may = SEND_PER_TURN;
        c->is_paced = conn_take_turn(c, &may);
        if (!may) return WIRE_YIELD;
        before = c->out.bytes;
        result = send_some(c, may);
        if (c->is_paced) conn_end_turn(c, before - c->out.bytes);
    } while (c->is_paced && result == WIRE_YIELD && c->out.bytes < before);
    return result;
}

bool conn_flush(struct conn *c) {
    if (!conn_has_unsent(c)) return true;
    uint64_t before = c->out.bytes;
    c->is_paced = false;
    enum wire_sent result = may_be_paced(c) ? send_paced(c) : send_some(c, SEND_PER_TURN);
    c->sent_bytes += before - c->out.bytes;
    count_add(COUNT_WIRE_OUT, before - c->out.bytes);
    if (result != WIRE_YIELD || !c->out.count) c->is_paced = false;
    if (result != WIRE_FAILED) return true;
    if (errno == EIO) say_error("connection %d: a file has become shorter while it was sent", c->ev.fd);
    c->must_reset |= errno == EIO;
    c->is_broken = true;
    return false;
}

/* ---- the steps -------------------------------------------------------------------------------- */

enum handler conn_serve(struct conn *c) {
    return c->protocol->serve(c);
}

/* Most clients close as soon as they have the response, and whether this one has is asked a moment later: that takes
 * neither a registration nor a wake-up. Not of one who may be sending still, and waits for us to read. */
static bool may_leave(const struct conn *c, uint64_t bytes) {
    return bytes <= LINGER_BYTES && c->worker->mode == WORKER_SERVES && !c->worker->one_shot;
}

static bool begin_linger(struct conn *c) {
    uint64_t bytes = c->linger.bytes_left ? c->linger.bytes_left : LINGER_BYTES;
    c->half_closed = true;
    conn_release_input(c);
    if (c->is_eof || socket_half_close(c->ev.fd) != 0)
        return false; /* the client's end was read already, or it is gone */
    linger_begin(&c->linger, bytes);
    c->since_ms = fdevents_now_ms(c->worker->events);
    c->is_leaving = may_leave(c, bytes);
    if (c->is_leaving) conn_drop_kept(c);
    worker_conn_lingers(c->worker, c);
    return true;
}

/* The protocol's own end, before the connection's: close_notify. False: it waits for room. */
static bool say_goodbye(struct conn *c) {
    if (!c->tls || c->is_quiet) return true;
    c->is_quiet = tls_end(c->tls) != WIRE_FULL;
    return c->is_quiet;
}

enum handler conn_linger(struct conn *c) {
    conn_forget_tunnel(c);
    h1_end_request(c);
    h2_end(c);
    if (c->tls && !c->must_reset) tls_end_soon(c->tls);
    if (c->is_broken || !conn_flush(c) || c->must_reset) return HANDLER_GO_ON;
    c->waiting = WAITING_ROOM;
    if (conn_has_unsent(c) || !say_goodbye(c)) return HANDLER_WAIT_FOR_EVENT;
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
    conn_forget_tunnel(c);
    h1_end_request(c);
    h2_end(c);
    if (c->must_reset) arm_reset(c->ev.fd);
    deadline_stop(&c->deadline);
    chunks_clear(&c->out);
    conn_release_input(c);
    tls_drop(c->tls);
    conn_drop_proxied(c);
    conn_drop_kept(c);
    conn_drop_turn(c);
    conf_drop(c->tls_conf);
    if (c->is_failed) count(COUNT_H2_FAILED);
    list_remove(&c->link);
    worker_conn_gone(c->worker, c);
    listening_drop(c->listening);
    fdevent_close(&c->ev);
    return HANDLER_GO_ON;
}

/* ---- from outside ----------------------------------------------------------------------------- */

void conn_end_gracefully(struct conn *c) {
    c->is_last = true;
    if (c->h2) fdevent_wake(&c->ev);
    if (c->state != CONN_SERVE || c->request) return;
    c->may_read = true; /* a request that is on its way already is still answered */
    fdevent_wake(&c->ev);
}

void conn_retire(struct conn *c) {
    c->is_last = true;
    if (c->h2) fdevent_wake(&c->ev);
}

void conn_look(struct conn *c) {
    c->is_leaving = false;
    worker_conn_stays(c->worker, c);
    conn_run(c);
}

void conn_abort(struct conn *c) {
    c->is_broken = true;
    conn_run(c);
}
