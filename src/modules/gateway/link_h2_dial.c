/* link_h2_dial.c - how a link of HTTP/2 begins: connecting, one address after the other; TLS */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/link_h2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "fdevents/socket.h"
#include "net/connect.h"
#include "net/proxyline.h"
#include "net/wire.h"
#include "tls/client.h"

enum { PROXYLINE_ROOM = 4096, HEAD_BYTES = 64 * 1024, HEAD_FIELDS = 200 };

void h2_link_shake_hands(struct h2_link *l) {
    char why[320];
    switch (tls_handshake(l->tls)) {
    case TLS_DONE:
        h2_link_use(l);
        if (!l->is_over) h2_link_receive(l); /* SETTINGS may have come with the last message */
        return;
    case TLS_WANT_IN: l->wants_out = false; return;
    case TLS_WANT_OUT: l->wants_out = true; return;
    case TLS_FAILED: break;
    }
    snprintf(why, sizeof why, "TLS: %.300s", tls_why(l->tls, NULL));
    h2_link_give_up(l, OUTCOME_REFUSED, EPROTO, why);
}

/* Such a link is never shared: the one that is on it is whom it is about. */
static bool say_client(struct h2_link *l) {
    const struct exchange *x = CONTAINER(l->riders.next, struct rider, place)->x;
    uint8_t protocol = x->pair.host->proxy_protocol;
    struct addr local;
    struct buf line = {0};
    struct chunks out = {0};
    if (protocol == PROXY_PROTOCOL_NONE) return true;
    request_local_addr(x->pair.r, &local);
    proxyline_write(&line, protocol == PROXY_PROTOCOL_V1 ? 1 : 2, &x->pair.r->client, &local);
    chunks_add_copy(&out, buf_span(&line));
    buf_done(&line);
    enum wire_sent sent = wire_flush(l->ev.fd, &out, PROXYLINE_ROOM, false);
    chunks_clear(&out);
    return sent == WIRE_SENT;
}

void h2_link_connected(struct h2_link *l) {
    if (!say_client(l)) {
        h2_link_give_up(l, OUTCOME_REFUSED, errno, NULL);
        return;
    }
    if (!l->client) {
        h2_link_use(l);
        return;
    }
    l->tls = tls_connect(l->client, l->ev.fd);
    l->state = LINK_SHAKES_HANDS;
    if (l->tls) h2_link_shake_hands(l);
    else h2_link_give_up(l, OUTCOME_REFUSED, ENOMEM, NULL);
}

static struct h2_link *make(struct fdevents *events, struct backend *b, int fd) {
    static const struct h2_options options = {.head_bytes = HEAD_BYTES, .fields = HEAD_FIELDS, .streams = RIDERS_MAX};
    struct h2_link *l = memory_zeroed(1, sizeof *l);
    list_init(&l->pool);
    list_init(&l->riders);
    l->events = events;
    l->ev.run = h2_link_on_event;
    l->ev.closed = h2_link_on_closed;
    l->idle_limit.fire = h2_link_idle_too_long;
    l->made_ms = l->second_ms = fdevents_now_ms(events);
    if (fdevent_add(events, &l->ev, fd, 0) != 0) {
        int error = errno;
        close(fd);
        free(l);
        errno = error;
        return NULL;
    }
    l->backend = backend_hold(b);
    l->session = h2_client_make(&options);
    return l;
}

struct h2_link *h2_link_dial(struct fdevents *events, struct backend *b, unsigned addresses_left, bool *done) {
    const struct addr_room *to = backend_address(b);
    errno = EHOSTUNREACH;
    int fd = to ? connect_to(to, done) : -1, error = errno;
    b->counts->connects += to != NULL;
    b->counts->connect_errors += to && fd < 0;
    if (to && fd < 0) backend_address_failed(b, to);
    errno = error;
    if (fd < 0 && addresses_left) return h2_link_dial(events, b, addresses_left - 1, done);
    struct h2_link *l = fd < 0 ? NULL : make(events, b, fd);
    if (!l) return NULL;
    l->addresses_left = addresses_left;
    l->address = to;
    return l;
}

/* Another address of the same backend, for all that wait. */
static void connect_failed(struct h2_link *l, int error) {
    bool done = false, is_shared = !list_is_empty(&l->pool);
    struct h2_link *next = NULL;
    l->backend->counts->connect_errors++;
    backend_address_failed(l->backend, l->address);
    if (l->addresses_left) next = h2_link_dial(l->events, l->backend, l->addresses_left - 1, &done);
    if (!next) {
        h2_link_give_up(l, OUTCOME_REFUSED, error, NULL);
        return;
    }
    while (!list_is_empty(&l->riders)) {
        struct rider *rd = CONTAINER(l->riders.next, struct rider, place);
        list_remove(&rd->place);
        h2_link_board(next, rd);
    }
    l->rider_count = 0;
    next->client = l->client;
    next->idle_s = l->idle_s;
    l->client = NULL;
    h2_link_end(l);
    if (is_shared) list_add_last(&next->backend->h2_links, &next->pool);
    next->is_awake = true;
    if (done) h2_link_connected(next);
    h2_link_settle(next);
    h2_link_tell(next);
}

void h2_link_go_on_connecting(struct h2_link *l) {
    int error = socket_connect_result(l->ev.fd);
    if (error == EINPROGRESS) return;
    if (error) connect_failed(l, error);
    else h2_link_connected(l);
}
