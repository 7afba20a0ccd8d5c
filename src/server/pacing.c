/* pacing.c - how fast a connection may send: connection.kbytes-per-second, server.kbytes-per-second */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "server/conn.h"
#include "server/pace.h"
#include "server/plan.h"
#include "server/worker.h"

static const struct plan *plan_of(const struct conn *c, const struct request *r) {
    return r && r->plan ? r->plan : c->worker->plan;
}

static uint64_t lesser(uint64_t kib, uint64_t than) {
    return kib && (!than || kib < than) ? kib : than;
}

static void add_plan(struct pace *p, const struct plan *plan) {
    const struct core_settings *core = plan->core;
    p->one = lesser(core->connection_kbytes_s, p->one);
    if (lesser(core->server_kbytes_s, p->all) == p->all) return;
    p->all = core->server_kbytes_s;
    p->block = plan->pace_block;
}

/* In KiB. Streams that are answered share their connection, which has the least of their rates. */
static void look_at_streams(struct pace *p, const struct conn *c) {
    struct list *streams = h2_streams(c->h2);
    for (struct list *i = streams->next; i != streams; i = i->next) {
        const struct stream *x = CONTAINER(i, struct h2_stream, link)->owner;
        if (x->request) add_plan(p, plan_of(c, x->request));
    }
}

static struct pace pace_of(const struct conn *c) {
    struct pace p = {0, 0, 0};
    if (c->h2) look_at_streams(&p, c);
    else add_plan(&p, plan_of(c, c->request));
    p.one *= 1024;
    p.all *= 1024;
    return p;
}

bool conn_take_turn(struct conn *c, uint64_t *may) {
    struct pace p = pace_of(c);
    if (!p.one && !p.all) return false;
    if (!c->turn) c->turn = memory_zeroed(1, sizeof *c->turn);
    uint64_t allowed = turn_take(c->turn, &p, c->out.bytes, fdevents_now_ms(c->worker->events));
    if (allowed < *may) *may = allowed;
    return true;
}

void conn_end_turn(struct conn *c, uint64_t sent) {
    turn_over(c->turn, sent, fdevents_now_ms(c->worker->events));
}

uint64_t conn_pause_ms(const struct conn *c) {
    uint64_t now = fdevents_now_ms(c->worker->events), then = turn_ms(c->turn);
    return then > now ? then - now : 1;
}

void conn_drop_turn(struct conn *c) {
    if (!c->turn) return;
    turn_leave(c->turn, fdevents_now_ms(c->worker->events));
    free(c->turn);
    c->turn = NULL;
}
