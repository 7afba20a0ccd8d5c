/* input.c - bytes received and not yet used up */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "net/wire.h"
#include "server/conn.h"
#include "server/counters.h"
#include "server/worker.h"
#include "tls/tls.h"

enum {
    INPUT_BYTES = 16 * 1024,
    SPARE_INPUTS = 8,
    BODY_ROOM_BYTES = 1024,
    LINE_SPARE_BYTES = 512 /* room beyond the head's limit, so that the limit is noticed */
};

static struct input *input_get(struct worker *w) {
    struct input *in = w->spare_inputs;
    if (in) {
        w->spare_inputs = in->spare;
        w->spare_input_count--;
        return in;
    }
    in = memory_get(sizeof *in + INPUT_BYTES);
    memset(in, 0, sizeof *in);
    in->cap = INPUT_BYTES;
    return in;
}

void conn_release_input(struct conn *c) {
    struct worker *w = c->worker;
    struct input *in = c->in;
    c->in = NULL;
    if (!in) return;
    if (in->cap != INPUT_BYTES || w->spare_input_count >= SPARE_INPUTS) {
        free(in);
        return;
    }
    memset(in, 0, offsetof(struct input, cap));
    in->seen = 0;
    in->spare = w->spare_inputs;
    w->spare_inputs = in;
    w->spare_input_count++;
}

/* Where input ends for now: while no head is held, room for a body is left behind the one that is coming. */
static size_t end_of_room(const struct input *in) {
    return in->keep ? in->cap : in->cap - BODY_ROOM_BYTES;
}

/* Room for more bytes. While a head is incomplete nothing points into the buffer: it may move and grow. */
static bool make_room(struct conn *c) {
    struct input *in = c->in;
    if (in->start == in->end) in->start = in->end = in->keep;
    if (in->end < end_of_room(in)) return true;
    if (in->start > in->keep) {
        memmove(in->bytes + in->keep, in->bytes + in->start, in->end - in->start);
        in->end -= in->start - in->keep;
        in->start = in->keep;
        return true;
    }
    size_t limit = c->worker->conf->core->max_head_bytes + LINE_SPARE_BYTES + BODY_ROOM_BYTES;
    if (in->keep > 0 || in->cap >= limit) return false;
    c->in = memory_resize(in, sizeof *in + limit);
    c->in->cap = limit;
    return true;
}

void conn_need_input(struct conn *c) {
    if (!c->in) c->in = input_get(c->worker);
}

ssize_t conn_receive(struct conn *c) {
    conn_need_input(c);
    if (c->is_eof) return 0;
    if (!c->may_read || !make_room(c)) return WIRE_LATER;
    size_t room = end_of_room(c->in) - c->in->end;
    char *at = c->in->bytes + c->in->end;
    ssize_t n = c->tls ? tls_receive(c->tls, at, room) : wire_receive(c->ev.fd, at, room);
    c->may_read = n == (ssize_t)room; /* a short read has emptied the socket; if not, the next turn tells */
    if (n > 0 && c->tls) c->may_read |= tls_has_unread(c->tls);
    if (n > 0) {
        c->in->end += (size_t)n;
        count_add(COUNT_WIRE_IN, (uint64_t)n);
    }
    c->is_eof = n == 0;
    c->is_broken |= n == WIRE_BROKEN;
    return n;
}
