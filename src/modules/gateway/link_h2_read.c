/* link_h2_read.c - what a backend says on a link of HTTP/2: heads, bodies, ends, resets, for their exchanges */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/link_h2.h"

#include <errno.h>
#include <stdio.h>

#include "modules/gateway/input.h"
#include "net/wire.h"
#include "tls/client.h"

enum { READS_PER_TURN = 8 }; /* then it is the others' turn */

void h2_link_consume(struct rider *rd) {
    if (rd->st && rd->st->held && exchange_wants_input(rd->x))
        h2_consumed(rd->l->session, rd->st, (uint64_t)rd->st->held);
}

static void take_head(struct rider *rd) {
    struct h2_link *l = rd->l;
    struct exchange *x = rd->x;
    struct h2_response response;
    if (h2_read_response(l->session, rd->st, &response, &x->pair.r->arena) == 0)
        exchange_word(x, http2_take_head(&x->pair, &response));
    else
        h2_link_fail(rd, OUTCOME_BROKEN, 0, h2_last_fault(l->session));
    h2_link_note(l, x);
}

static void take_data(struct rider *rd, struct blob *blob, struct span data) {
    struct h2_link *l = rd->l;
    struct exchange *x = rd->x;
    x->pair.in_blob = blob;
    pair_body(&x->pair, data);
    exchange_word(x, TAKE_MORE);
    if (x->carrier == rd) h2_link_consume(rd);
    h2_link_note(l, x);
}

static void take_end(struct rider *rd) {
    struct h2_link *l = rd->l;
    struct exchange *x = rd->x;
    struct request *r = x->pair.r;
    const struct fields *trailers = h2_trailers(l->session);
    for (uint32_t i = 0; trailers && i < trailers->count; i++) {
        const struct field *f = &trailers->list[i];
        fields_append(&x->pair.trailers, &r->arena, f->id, arena_copy(&r->arena, f->name),
                      arena_copy(&r->arena, f->value));
    }
    x->pair.can_keep = true;
    exchange_word(x, TAKE_END);
    h2_link_note(l, x);
}

static void take_reset(struct rider *rd, const struct h2_event *e) {
    struct h2_link *l = rd->l;
    struct exchange *x = rd->x;
    char why[160];
    if (rd->st->ended_by_peer) { /* a tunnel's other direction */
        exchange_cannot_send(x);
        h2_link_note(l, x);
        return;
    }
    if (rd->st->is_unprocessed) h2_link_forget_asking(x);
    snprintf(why, sizeof why, "HTTP/2: it ended the stream with %s", h2_error_name(e->error));
    h2_link_fail(rd, OUTCOME_BROKEN, 0, e->why ? e->why : why);
}

static void take_event(struct h2_link *l, struct blob *blob, const struct h2_event *e) {
    struct rider *rd = e->stream ? e->stream->owner : NULL;
    switch (e->kind) {
    case H2_HEAD: take_head(rd); break;
    case H2_DATA: take_data(rd, blob, e->data); break;
    case H2_END: take_end(rd); break;
    case H2_RESET: take_reset(rd, e); break;
    case H2_CLOSE:
        h2_control(l->session, &l->out);
        h2_link_send(l);
        h2_link_give_up(l, OUTCOME_BROKEN, 0, e->why);
        break;
    case H2_MORE: break;
    }
}

static void take(struct h2_link *l, struct blob *blob, struct span in) {
    struct h2_event e;
    uint64_t now_ms = fdevents_now_ms(l->events);
    if (now_ms - l->second_ms >= 1000) { /* what a backend may say beside its answers (h2/budgets.def) */
        if (l->rider_count) h2_second(l->session);
        l->second_ms = now_ms;
    }
    while (!l->is_over && h2_next(l->session, &in, &e) != H2_MORE) take_event(l, blob, &e);
}

void h2_link_receive(struct h2_link *l) {
    for (unsigned reads = 0; reads < READS_PER_TURN && !l->is_over; reads++) {
        struct blob *blob;
        size_t room;
        char *to = input_room(&blob, &room);
        ssize_t n = l->tls ? tls_receive(l->tls, to, room) : wire_receive(l->ev.fd, to, room);
        int error = errno;
        if (n == WIRE_LATER) return;
        if (n <= 0) {
            h2_link_give_up(l, OUTCOME_BROKEN, n == 0 ? 0 : error, l->tls && n ? tls_why(l->tls, NULL) : NULL);
            return;
        }
        blob_hold(blob);
        input_used((size_t)n);
        take(l, blob, (struct span){to, (size_t)n});
        blob_drop(blob);
        if ((size_t)n < room) return;
    }
    if (!l->is_over) fdevent_wake(&l->ev);
}
