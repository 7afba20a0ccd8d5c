/* health.c - whether a backend is asked: failures in a row make it rest, active checks take it out */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "modules/gateway/watch.h"

/* A client can make a backend end a connection, or take its time: one such failure means little. */
enum { SOFT_FAILS_MIN = 3 };

enum backend_state backend_state(const struct backend *b, uint64_t now_ms) {
    if (b->address_count == 0) return BACKEND_UNRESOLVED;
    if (b->is_unfit) return BACKEND_UNFIT;
    return now_ms < b->rests_until_ms ? BACKEND_RESTS : BACKEND_UP;
}

const char *backend_state_name(enum backend_state s) {
    static const char *const names[] = {"up", "unresolved", "resting", "unfit"};
    return names[s];
}

void backend_show(struct backend *b, uint64_t now_ms) {
    if (b->configured) b->counts->state = (uint64_t)backend_state(b, now_ms) + 1;
    b->counts->active = b->active;
}

/* ---- what is said ---------------------------------------------------------------------------------------------- */

static void say_down(struct backend *b, const char *what, int error, uint64_t now_ms) {
    struct buf text = {0};
    bool is_news = b->down_since_ms == 0 || b->said_error != error;
    if (b->down_since_ms == 0) b->down_since_ms = now_ms ? now_ms : 1;
    b->said_error = error;
    if (!is_news) return;
    if (what) buf_add_text(&text, what);
    else explain_connect(b->host ? b->host->socket : SPAN(""), error, &text);
    say_error("backend %.*s does not answer: %s", SPAN_ARG(b->name), buf_text(&text));
    buf_done(&text);
}

static void come_back(struct backend *b, uint64_t now_ms) {
    b->fails = 0;
    b->rests_until_ms = 0;
    b->rests_softly = b->is_tried = false;
    if (b->down_since_ms == 0) return;
    say_note("backend %.*s answers again, after %llu s", SPAN_ARG(b->name),
             (unsigned long long)((now_ms - b->down_since_ms + 500) / 1000));
    b->down_since_ms = 0;
    b->said_error = 0;
    b->up_since_ms = now_ms;
}

/* It does not rest for that. Requests have failed, and the log has to tell why, but not for each of them. */
static void say_failure(struct backend *b, int error, uint64_t now_ms) {
    enum { PAUSE_MS = 60000 };
    struct buf text = {0};
    if (b->said_failure_ms && now_ms < b->said_failure_ms + PAUSE_MS) return;
    b->said_failure_ms = now_ms ? now_ms : 1;
    explain_connect(b->host ? b->host->socket : SPAN(""), error, &text);
    say_error("backend %.*s: a connection to it has failed: %s", SPAN_ARG(b->name), buf_text(&text));
    buf_done(&text);
}

/* ---- attempts -------------------------------------------------------------------------------------------------- */

/* What says nothing of the backend, but of us. */
static bool is_our_own(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL;
}

bool health_excuses(struct backend *b, int error, uint64_t now_ms) {
    if (is_our_own(error)) say_failure(b, error, now_ms);
    return is_our_own(error);
}

static void rest(struct backend *b, bool softly, const char *what, int error, uint64_t now_ms) {
    uint64_t until = now_ms + (b->host ? b->host->disable_s : 1) * 1000ull;
    bool is_hard_already = now_ms < b->rests_until_ms && !b->rests_softly;
    if (until > b->rests_until_ms) b->rests_until_ms = until;
    b->rests_softly = softly && !is_hard_already;
    say_down(b, what, error, now_ms);
}

/* The one that was silent is known, and the next attempt goes to another. */
static bool has_better_address(const struct backend *b) {
    return b->address_count > 1 && b->bad_addresses && b->bad_addresses != (1u << b->address_count) - 1;
}

static void fail(struct backend *b, enum outcome o, int error, uint64_t now_ms) {
    uint32_t limit = b->host ? b->host->max_fails : 1;
    bool softly = o != OUTCOME_REFUSED || error == EAGAIN;
    b->failed++;
    b->fails += b->fails < UINT32_MAX;
    b->is_tried = false;
    if (limit && softly && limit < SOFT_FAILS_MIN) limit = SOFT_FAILS_MIN;
    bool is_one_address = o == OUTCOME_REFUSED && error == ETIMEDOUT && has_better_address(b);
    if (limit == 0 || b->fails < limit || is_one_address) { /* "max-fails" => 0: never */
        if (o == OUTCOME_REFUSED) say_failure(b, error, now_ms); /* the others are in the request's log */
        return;
    }
    if (o == OUTCOME_REFUSED) rest(b, softly, NULL, error, now_ms);
    else if (o == OUTCOME_TIMED_OUT) rest(b, softly, "it takes connections, but says nothing in time", -1, now_ms);
    else rest(b, softly, "it ends connections without an answer, or with one that is none", -2, now_ms);
}

void backend_began(struct backend *b, uint64_t now_ms) {
    b->active++;
    b->counts->requests++;
    resolve_used(b);
    if (b->rests_until_ms && now_ms >= b->rests_until_ms) b->is_tried = true;
    backend_show(b, now_ms);
}

void backend_answered(struct backend *b, uint64_t now_ms) {
    if (b->fails || b->rests_until_ms) come_back(b, now_ms);
}

void backend_ended(struct backend *b, enum outcome o, int error, uint64_t now_ms) {
    b->active--;
    if (o == OUTCOME_GOOD) {
        b->served++;
        backend_answered(b, now_ms);
    } else if (o == OUTCOME_GONE || (o == OUTCOME_REFUSED && health_excuses(b, error, now_ms))) {
        b->is_tried = false; /* the next one tries it */
    } else {
        b->counts->errors++;
        fail(b, o, error, now_ms);
    }
    backend_show(b, now_ms);
}

/* ---- active checks --------------------------------------------------------------------------------------------- */

const struct gateway_host *health_checked_host(const struct backend *b) {
    for (const struct list *l = b->naming.prev; l != &b->naming; l = l->prev) {
        const struct gateway_host *h = CONTAINER(l, const struct gateway_host, naming);
        if (h->check.interval_s) return h;
    }
    return NULL;
}

static void check_failed(struct backend *b, const struct gateway_host *h, const char *why, uint64_t now_ms) {
    b->checks_good = 0;
    b->checks_bad++;
    /* One that has never been well is not waited for. */
    bool is_enough = b->checks_bad >= h->check.fall || b->is_new;
    b->is_new = false;
    if (!is_enough || b->is_unfit) return;
    b->is_unfit = true;
    if (b->down_since_ms == 0) b->down_since_ms = now_ms ? now_ms : 1;
    say_error("backend %.*s is not fit: %s", SPAN_ARG(b->name), why);
}

static void check_ended(struct backend *b, const struct gateway_host *h, const char *why, uint64_t now_ms) {
    if (why) {
        check_failed(b, h, why, now_ms);
        return;
    }
    b->checks_bad = 0;
    b->checks_good++;
    b->is_new = false;
    if (b->is_unfit && b->checks_good < h->check.rise) return;
    b->is_unfit = false;
    bool is_away = b->down_since_ms || b->rests_until_ms;
    if (is_away && !b->rests_softly) come_back(b, now_ms); /* else it connects, but that is not the matter */
}

void health_checked(struct backend *b, const char *why, uint64_t now_ms) {
    const struct gateway_host *h = health_checked_host(b);
    if (!h) return;
    check_ended(b, h, why, now_ms);
    backend_show(b, now_ms);
}

void health_unchecked(struct backend *b) {
    b->is_unfit = false;
    b->checks_good = b->checks_bad = 0;
    b->is_new = true;
}
