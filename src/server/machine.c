/* machine.c - runs the two tables of states.h */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <assert.h>

#include "server/counting.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/worker.h"

#define ROW(state, ...) #state,
static const char *const conn_names[] = {CONN_STATES(ROW)};
static const char *const request_names[] = {REQUEST_STATES(ROW)};
#undef ROW

const char *conn_state_name(enum conn_state s) {
    return s < CONN_STATE_COUNT ? conn_names[s] : "-";
}

const char *request_state_name(enum request_state s) {
    return s < REQUEST_STATE_COUNT ? request_names[s] : "-";
}

/* Where each word leads, by state; the columns are HANDLER_GO_ON, _FINISHED, _COMEBACK, _ERROR. */
#define ROW(state, step, limit, go_on, finished, comeback, error, says) \
    {CONN_##go_on, CONN_##finished, CONN_##comeback, CONN_##error},
static const uint8_t conn_next[][4] = {CONN_STATES(ROW)};
#undef ROW
#define ROW(state, step, limit, go_on, finished, comeback, error, says) \
    {REQUEST_##go_on, REQUEST_##finished, REQUEST_##comeback, REQUEST_##error},
static const uint8_t request_next[][4] = {REQUEST_STATES(ROW)};
#undef ROW

#define ROW(state, step, limit, ...) LIMIT_##limit,
static const uint8_t conn_limits[] = {CONN_STATES(ROW)};
static const uint8_t request_limits[] = {REQUEST_STATES(ROW)};
#undef ROW

static const char *const words[] = {"GO_ON", "FINISHED", "COMEBACK", "ERROR", "WAIT_FOR_EVENT"};

static void trace_conn(const struct conn *c, enum handler word, enum conn_state next) {
    if (!c->worker->plan->core->log_states) return;
    say_note("state: connection %d: %s -> %s -> %s", c->ev.fd, conn_state_name(c->state), words[word],
             word == HANDLER_WAIT_FOR_EVENT ? "waits" : conn_state_name(next));
}

static void trace_request(const struct request *r, enum handler word, enum request_state next) {
    const struct plan *plan = r->plan ? r->plan : r->conn->worker->plan;
    if (!plan->core->log_states) return;
    request_say(r, LOG_IS_NOTE, "state: connection %d request %u: %s -> %s -> %s", r->conn->ev.fd, r->id,
                request_state_name(r->state), words[word],
                word == HANDLER_WAIT_FOR_EVENT ? "waits" : request_state_name(next));
}

enum limit request_limit(const struct request *r) {
    return (enum limit)request_limits[r->state];
}

static bool run_conn(struct conn *c) {
    for (;;) {
        enum handler word = HANDLER_ERROR;
        switch ((enum conn_state)c->state) {
#define ROW(state, step, ...) \
    case CONN_##state: word = step(c); break;
            CONN_STATES(ROW)
#undef ROW
        case CONN_NONE: break;
        }
        if (c->state == CONN_CLOSE) {
            conn_jumps(CONN_CLOSE, CONN_STATE_COUNT);
            return false;
        }
        if (word == HANDLER_WAIT_FOR_EVENT) {
            trace_conn(c, word, CONN_NONE);
            enum limit limit = conn_limits[c->state];
            conn_wait(c, limit == LIMIT_REQUESTS && c->request ? request_limit(c->request) : limit);
            return true;
        }
        enum conn_state next = conn_next[c->state][word];
        assert(next != CONN_NONE);
        trace_conn(c, word, next);
        counters->tally.conns.said[c->state][word]++;
        c->state = (uint8_t)next;
    }
}

bool conn_run(struct conn *c) {
    c->is_running = true;
    bool is_open = run_conn(c);
    c->is_running = false; /* a closed one is freed after the batch */
    return is_open;
}

int request_run(struct request *r) {
    for (;;) {
        enum handler word = HANDLER_ERROR;
        enum request_state state = r->state;
        switch (state) {
#define ROW(state, step, ...) \
    case REQUEST_##state: word = step(r); break;
            REQUEST_STATES(ROW)
#undef ROW
        case REQUEST_NONE: break;
        }
        if (state == REQUEST_GONE) return (int)word;
        enum request_state next = word == HANDLER_WAIT_FOR_EVENT ? REQUEST_NONE : request_next[state][word];
        trace_request(r, word, next);
        if (word == HANDLER_WAIT_FOR_EVENT) return (int)word;
        assert(next != REQUEST_NONE);
        counters->tally.requests.said[state][word]++;
        r->state = (uint8_t)next;
        if (state == REQUEST_RESPONSE_END && next == REQUEST_READ) return HANDLER_GO_ON;
    }
}

void request_break(struct request *r) {
    if (r->state == REQUEST_GONE) return;
    request_jumps(r->state, REQUEST_ERROR);
    r->state = REQUEST_ERROR;
}

void request_refuse_now(struct request *r, int status) {
    r->status = status;
    r->keep_alive = false;
    request_lasts(r, LASTS_NOT);
    request_jumps(r->state, REQUEST_REFUSE);
    r->state = REQUEST_REFUSE;
}
