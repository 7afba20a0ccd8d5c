/* link.c - a connection to a backend: made, used by one exchange after the other, kept in between */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "fdevents/socket.h"
#include "modules/gateway/exchange_private.h"
#include "modules/gateway/input.h"
#include "net/connect.h"
#include "net/proxyline.h"
#include "net/wire.h"
#include "tls/client.h"

/*
 * The kernel watches a link for input all its life, also while it is idle: that is how its end is noticed, and why a
 * request on a kept connection costs one send, one receive, and mostly nothing else.
 */
enum {
    IDLE_MAX = 512,                /* kept for each backend */
    READS_PER_TURN = 4,            /* then it is the others' turn */
    SEND_PER_TURN = 512 * 1024,
    PROCESS_MS = 250,              /* a kept connection may hold a process so long */
    WAITING_MS = 20
};

enum link_state { LINK_CONNECTS, LINK_SHAKES_HANDS /* TLS */, LINK_OPEN };

struct link {
    struct fdevent ev;
    struct deadline idle_limit;
    struct list pool;              /* in backend.idle while it is idle */
    struct backend *backend;       /* held */
    struct exchange *x;            /* NULL: idle, or it is being closed */
    struct tls *tls;
    const struct addr_room *address; /* one of the backend's */
    unsigned addresses_left;       /* to try, after this one */
    uint8_t state;                 /* enum link_state */
    uint64_t begun_ms;
    bool wants_out;                /* TLS, in its handshake */
    bool half_closed;
    bool has_more;                 /* the last read filled its room: something may lie behind it */
};

/* ---- the end ---------------------------------------------------------------------------------- */

static void on_closed(struct fdevent *ev) {
    struct link *l = CONTAINER(ev, struct link, ev);
    backend_drop(l->backend);
    free(l);
}

static void leave_pool(struct link *l) {
    if (list_is_empty(&l->pool)) return;
    list_remove(&l->pool);
    l->backend->idle_count--;
}

static void end(struct link *l) {
    leave_pool(l);
    l->x = NULL;
    deadline_stop(&l->idle_limit);
    tls_drop(l->tls);
    l->tls = NULL;
    fdevent_close(&l->ev);
}

void links_close_idle(struct backend *b) {
    while (!list_is_empty(&b->idle)) end(CONTAINER(b->idle.prev, struct link, pool));
    h2_links_close_idle(b);
}

/* While a request uses it the limit runs on, and is put off when it is idle again: that is one store. */
static void idle_too_long(struct deadline *d) {
    struct link *l = CONTAINER(d, struct link, idle_limit);
    if (!l->x) end(l);
}

/* ---- input and output ------------------------------------------------------------------------- */

static void want(struct link *l) {
    struct exchange *x = l->x;
    unsigned interest = 0;
    if (!x || (l->state == LINK_OPEN && exchange_wants_input(x))) interest |= FDEVENT_IN;
    if (l->state == LINK_CONNECTS) interest = FDEVENT_OUT;
    if (l->state == LINK_SHAKES_HANDS) interest = l->wants_out ? FDEVENT_OUT : FDEVENT_IN;
    if (l->state == LINK_OPEN && x && (x->out.count || (l->tls && tls_has_unsent(l->tls)))) interest |= FDEVENT_OUT;
    fdevent_want(&l->ev, interest);
    if (x && l->tls && l->state == LINK_OPEN && exchange_wants_input(x) && tls_has_unread(l->tls))
        fdevent_wake(&l->ev);
}

static bool half_close(struct link *l) {
    if (l->tls && tls_end(l->tls) == WIRE_FULL) return false;
    socket_half_close(l->ev.fd);
    return true;
}

/* Sends what there is. The exchange may be gone from the link when this returns. */
static void flush(struct link *l) {
    struct exchange *x = l->x;
    while (l->x == x && (x->out.count || (l->tls && tls_has_unsent(l->tls)))) {
        uint64_t before = x->out.bytes;
        enum wire_sent sent = l->tls ? tls_flush(l->tls, &x->out, SEND_PER_TURN)
                                     : wire_flush(l->ev.fd, &x->out, SEND_PER_TURN, false);
        int error = errno;
        bool was_silent = !x->has_sent && x->out.bytes == before;
        if (x->out.bytes < before) exchange_sent(x);
        if (l->x != x) return;
        if (sent == WIRE_FAILED && was_silent) exchange_failed(x, OUTCOME_BROKEN, error);
        else if (sent == WIRE_FAILED) exchange_cannot_send(x); /* it may have answered before it went */
        if (sent != WIRE_SENT) break;
    }
    if (l->x != x || x->out.count || l->half_closed || !exchange_half_closes(x)) return;
    l->half_closed = half_close(l);
}

/* With TLS 1.3 a backend says only now what it thinks of our certificate. */
static void receive_failed(struct link *l, int error) {
    struct exchange *x = l->x;
    const char *why = l->tls ? tls_why(l->tls, NULL) : "";
    if (*why) x->pair.why = arena_printf(&x->pair.r->arena, "TLS: %s", why);
    exchange_failed(x, OUTCOME_BROKEN, error);
}

static void receive(struct link *l) {
    struct exchange *x = l->x;
    for (unsigned reads = 0; reads < READS_PER_TURN && exchange_wants_input(x); reads++) {
        struct blob *blob;
        size_t room;
        char *to = input_room(&blob, &room);
        ssize_t n = l->tls ? tls_receive(l->tls, to, room) : wire_receive(l->ev.fd, to, room);
        if (n == WIRE_LATER) return;
        if (n == WIRE_BROKEN) receive_failed(l, errno);
        else if (n == 0 && l->tls && !tls_has_said_end(l->tls)) exchange_failed(x, OUTCOME_BROKEN, ECONNRESET);
        else if (n == 0) exchange_eof(x);
        l->has_more = n == (ssize_t)room;
        if (n <= 0) return;
        input_used((size_t)n);
        exchange_received(x, blob, (struct span){to, (size_t)n});
        if (l->x != x || (size_t)n < room) return;
    }
}

/* ---- beginning -------------------------------------------------------------------------------- */

static void use(struct link *l) {
    struct exchange *x = l->x;
    l->state = LINK_OPEN;
    exchange_ready(x);
    if (l->x == x) flush(l);
}

static void shake_hands(struct link *l) {
    bool is_noise;
    switch (tls_handshake(l->tls)) {
    case TLS_DONE: use(l); return;
    case TLS_WANT_IN: l->wants_out = false; return;
    case TLS_WANT_OUT: l->wants_out = true; return;
    case TLS_FAILED: break;
    }
    const char *why = tls_why(l->tls, &is_noise);
    struct exchange *x = l->x;
    x->pair.why = arena_printf(&x->pair.r->arena, "TLS: %s", why && *why ? why : "it closed the connection");
    exchange_failed(x, OUTCOME_REFUSED, EPROTO);
}

/* Who the client is, before anything else. A fresh socket has room for so little. */
static bool say_client(struct link *l, const struct gateway_host *h) {
    struct request *r = l->x->pair.r;
    struct addr local;
    struct buf line = {0};
    struct chunks out = {0};
    request_local_addr(r, &local);
    proxyline_write(&line, h->proxy_protocol == PROXY_PROTOCOL_V1 ? 1 : 2, &r->client, &local);
    chunks_add_copy(&out, buf_span(&line));
    buf_done(&line);
    enum wire_sent sent = wire_flush(l->ev.fd, &out, SEND_PER_TURN, false);
    chunks_clear(&out);
    return sent == WIRE_SENT;
}

static void connected(struct link *l) {
    struct exchange *x = l->x;
    const struct gateway_host *h = x->pair.host;
    if (h->proxy_protocol != PROXY_PROTOCOL_NONE && !say_client(l, h)) {
        exchange_failed(x, OUTCOME_REFUSED, errno);
        return;
    }
    if (!h->tls) {
        use(l);
        return;
    }
    l->tls = tls_connect(h->tls, l->ev.fd);
    l->state = LINK_SHAKES_HANDS;
    if (l->tls) shake_hands(l);
    else exchange_failed(x, OUTCOME_REFUSED, ENOMEM);
}

static int begin(struct exchange *x, unsigned addresses_left);

/* Another address of the same host, on a link of its own. */
static void connect_failed(struct link *l, int error) {
    struct exchange *x = l->x;
    unsigned left = l->addresses_left;
    l->backend->counts->connect_errors++;
    backend_address_failed(l->backend, l->address);
    end(l);
    x->carrier = NULL;
    if (left) error = begin(x, left - 1);
    if (error) exchange_failed(x, OUTCOME_REFUSED, error);
}

static void go_on_connecting(struct link *l) {
    int error = socket_connect_result(l->ev.fd);
    if (error == EINPROGRESS) return;
    if (error) connect_failed(l, error);
    else connected(l);
}

/* Has nothing come on a link that waits for a request? What lies there would be taken for the answer to the next one:
 * its end, or what somebody wants another client to get. TLS has records that say nothing (tickets). */
static bool is_quiet(struct link *l) {
    char byte;
    bool is_empty = recv(l->ev.fd, &byte, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (!l->tls) return is_empty;
    return is_empty ? !tls_has_unread(l->tls) : tls_receive(l->tls, &byte, 1) == WIRE_LATER;
}

/* What comes while it is idle runs on_event(), so the kernel is asked only where that may not have been its turn yet:
 * the last read left something, news were collected just now, or the request may not be said twice. */
static bool may_be_used(struct link *l, const struct exchange *x) {
    bool is_repeatable = method_flags(x->pair.r->in.method) & METHOD_IDEMPOTENT;
    return (is_repeatable && !l->tls && !l->has_more && !fdevent_has_news(&l->ev)) || is_quiet(l);
}

static void on_event(struct fdevent *ev, unsigned ready) {
    struct link *l = CONTAINER(ev, struct link, ev);
    struct exchange *x = l->x;
    if (!x) {
        if (ready & FDEVENT_NVAL || !is_quiet(l)) end(l);
        return;
    }
    if (ready & FDEVENT_NVAL) exchange_failed(x, OUTCOME_BROKEN, EBADF);
    else if (l->state == LINK_CONNECTS) go_on_connecting(l);
    else if (l->state == LINK_SHAKES_HANDS) shake_hands(l);
    else {
        if (ready & (FDEVENT_IN | FDEVENT_RDHUP | FDEVENT_WAKE)) receive(l);
        if (l->x == x && (x->out.count || ready & FDEVENT_OUT)) flush(l);
    }
    if (l->x == x) want(l);
    exchange_tell(x);
}

static struct link *make(struct exchange *x, int fd) {
    struct link *l = memory_zeroed(1, sizeof *l);
    list_init(&l->pool);
    l->backend = backend_hold(x->backend);
    l->ev.run = on_event;
    l->ev.closed = on_closed;
    l->idle_limit.fire = idle_too_long;
    l->begun_ms = fdevents_now_ms(request_events(x->pair.r));
    if (fdevent_add(request_events(x->pair.r), &l->ev, fd, 0) == 0) return l;
    int error = errno;
    close(fd);
    backend_drop(l->backend);
    free(l);
    errno = error;
    return NULL;
}

static int begin(struct exchange *x, unsigned addresses_left) {
    const struct addr_room *to = backend_address(x->backend);
    bool done = false;
    if (!to) return EHOSTUNREACH;
    int fd = connect_to(to, &done);
    x->backend->counts->connects++;
    if (fd < 0) {
        x->backend->counts->connect_errors++;
        int error = errno;
        backend_address_failed(x->backend, to);
        return addresses_left ? begin(x, addresses_left - 1) : error;
    }
    struct link *l = make(x, fd);
    if (!l) return errno;
    l->address = to;
    l->addresses_left = addresses_left;
    l->x = x;
    x->carrier = l;
    l->state = LINK_CONNECTS;
    if (done) connected(l);
    if (l->x == x) want(l);
    return 0;
}

static struct link *kept(struct exchange *x) {
    struct backend *b = x->backend;
    while (!x->is_fresh && !list_is_empty(&b->idle)) {
        struct link *l = CONTAINER(b->idle.next, struct link, pool);
        leave_pool(l);
        if (may_be_used(l, x)) return l;
        end(l);
    }
    return NULL;
}

static int link_open(struct exchange *x) {
    struct link *l = x->pair.host->keep_alive ? kept(x) : NULL;
    if (!l) return begin(x, x->backend->address_count ? x->backend->address_count - 1 : 0);
    l->x = x;
    x->carrier = l;
    x->was_kept = true;
    x->backend->counts->reused++;
    use(l);
    if (l->x == x) want(l);
    return 0;
}

static void link_pump(struct exchange *x) {
    struct link *l = x->carrier;
    if (l->state != LINK_OPEN) return;
    flush(l);
    if (l->x == x) want(l);
}

/* Where each connection holds a process, others may wait for one: of this worker those that have heard nothing for
 * some time, of other workers nobody knows. */
static bool is_needed_elsewhere(const struct link *l, const struct exchange *x) {
    uint64_t now_ms = fdevents_now_ms(request_events(x->pair.r));
    const struct list *waiting = &l->backend->unheard;
    if (!x->codec->holds_process) return false;
    if (now_ms - l->begun_ms >= PROCESS_MS) return true;
    if (list_is_empty(waiting)) return false;
    return now_ms - CONTAINER(waiting->next, struct exchange, unheard)->unheard_ms >= WAITING_MS;
}

static void link_close(struct exchange *x, bool keep) {
    struct link *l = x->carrier;
    struct backend *b = l->backend;
    uint64_t idle_ms = x->pair.host ? x->pair.host->idle_s * UINT64_C(1000) : 0;
    bool is_too_late = l->state == LINK_CONNECTS && x->step == EXCHANGE_FAILED;
    if (is_too_late && x->error == ETIMEDOUT) backend_address_failed(b, l->address);
    bool is_clean = !l->half_closed && !(l->tls && tls_has_unread(l->tls));
    if (!keep || !is_clean || b->configured == 0 || is_needed_elsewhere(l, x)) {
        end(l);
        return;
    }
    l->x = NULL;
    l->addresses_left = 0;
    list_add_first(&b->idle, &l->pool);
    if (++b->idle_count > IDLE_MAX) end(CONTAINER(b->idle.prev, struct link, pool));
    if (x->codec->holds_process && idle_ms > PROCESS_MS) idle_ms = PROCESS_MS;
    deadline_in(request_events(x->pair.r), &l->idle_limit, idle_ms);
    want(l);
}

const struct transport link_transport = {link_open, link_pump, link_close};
