/* admit.c - who may come in: what modules say of connections and requests before anything is done for them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "server/conn.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/watch.h"

/* ---- a request -------------------------------------------------------------------------------- */

enum handler request_admit(struct request *r, const struct plan *plan) {
    for (unsigned i = 0; i < plan->hook_count[PHASE_ADMIT]; i++) {
        const struct planned_hook *h = &plan->hooks[PHASE_ADMIT][i];
        if (i == 0) request_set_plan(r, plan);
        enum handler word = h->run(r, h->settings);
        watch_step(r, PHASE_ADMIT, h, word);
        if (word == HANDLER_GO_ON) continue;
        request_lasts(r, LASTS_NOT);
        r->is_turned_away = true;
        if (word == HANDLER_FINISHED && r->status < 400) return HANDLER_FINISHED;
        if (r->status < 400) r->status = 500;
        return HANDLER_ERROR;
    }
    return HANDLER_GO_ON;
}

/* ---- its connection --------------------------------------------------------------------------- */

struct kept {
    struct kept *next;
    const struct module *module;
    void *data;
    void (*end)(void *data);
};

void request_keep(struct request *r, const struct module *m, void *data, void (*end)(void *data)) {
    struct kept *k = memory_zeroed(1, sizeof *k);
    *k = (struct kept){r->conn->kept, m, data, end};
    r->conn->kept = k;
}

void *request_kept(const struct request *r, const struct module *m) {
    for (const struct kept *k = r->conn->kept; k; k = k->next)
        if (k->module == m) return k->data;
    return NULL;
}

void conn_drop_kept(struct conn *c) {
    while (c->kept) {
        struct kept *k = c->kept;
        c->kept = k->next;
        k->end(k->data);
        free(k);
    }
}

void request_end_connection(struct request *r) {
    r->keep_alive = false;
    if (r->stream) r->conn->is_last = true;
}

void request_limit_streams(struct request *r, uint32_t streams) {
    r->conn->max_streams = (uint8_t)(streams < 1 ? 1 : streams < STREAMS_MAX ? streams : STREAMS_MAX);
}

void request_peer_forwards(struct request *r) {
    r->conn->is_forwarder = true;
}

bool request_is_forwarded(const struct request *r) {
    return r->conn->is_forwarder && !request_peer_is_named(r);
}
