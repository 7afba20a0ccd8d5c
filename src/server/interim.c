/* interim.c - interim responses, before the one that counts (RFC 9110 15.2) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/conn.h"
#include "server/module.h"
#include "server/plan.h"

enum { QUEUED_MAX = 64 * 1024 }; /* a backend can say them without end; a client need not read them */

/* Backends that say interim responses to clients which cannot take them have been seen: there is a switch. */
static bool is_discarded(const struct request *r) {
    struct span flag = r->stream ? SPAN("server.h2-discard-backend-1xx") : SPAN("server.h1-discard-backend-1xx");
    return feature_flag(r->conf->core, flag, false);
}

void request_send_interim(struct request *r, int status, const struct fields *fields) {
    struct conn *c = r->conn;
    if (status < 100 || status > 199 || status == 101 || r->is_emitted || r->is_bare || c->is_broken) return;
    if (r->in.version < 11 || !request_core(r)->http11 || c->out.bytes > QUEUED_MAX || is_discarded(r)) return;
    if (status == 100 && !r->in.expect_continue) return; /* it was not asked for, or is said already */
    if (status == 100) r->in.expect_continue = false;
    c->protocol->write_interim(r, status, fields);
    fdevent_wake(&c->ev);
}
