/* resolve.c - addresses of backends that have a name: asked for off the loop, and again when they are old */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "modules/gateway/link.h"
#include "modules/gateway/watch.h"
#include "net/connect.h"
#include "net/lookup.h"

/* ---- the job, in a process of its own -------------------------------------------------------------------------- */

/* "192.0.2.1", "2001:db8::1", "fe80::1%2" (the number of the interface) */
static void add_address(struct buf *answer, const struct addr_room *a) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->storage;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->storage;
    char text[INET6_ADDRSTRLEN];
    bool is_v6 = a->storage.ss_family == AF_INET6;
    if (!inet_ntop(a->storage.ss_family, is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr, text,
                   sizeof text))
        return;
    buf_add_text(answer, text);
    if (is_v6 && v6->sin6_scope_id) buf_printf(answer, "%%%lu", (unsigned long)v6->sin6_scope_id);
    buf_add_char(answer, '\n');
}

static void run(struct span name, struct buf *answer) {
    struct addr_room found[ADDRESSES_MAX];
    const char *why;
    unsigned count = name_lookup(name, found, ADDRESSES_MAX, &why);
    if (count == 0) {
        buf_printf(answer, "!%s", why);
        return;
    }
    int64_t ttl = name_ttl(name);
    buf_printf(answer, "ttl %lld\n", (long long)(ttl < 0 ? RESOLVE_TTL_S : ttl));
    for (unsigned i = 0; i < count; i++) add_address(answer, &found[i]);
}

const struct job_kind resolve_job = {"resolve", run, false};

static bool read_address(struct span line, uint16_t port, struct addr_room *a) {
    size_t percent = span_find(line, '%');
    uint64_t scope = 0;
    if (percent < line.n && !number_parse(span_from(line, percent + 1), UINT32_MAX, &scope)) return false;
    if (!addr_of_literal(span_upto(line, percent), port, a)) return false;
    if (a->storage.ss_family == AF_INET6) ((struct sockaddr_in6 *)&a->storage)->sin6_scope_id = (uint32_t)scope;
    return a->storage.ss_family == AF_INET6 || scope == 0;
}

void resolution_read(struct resolution *r, struct span answer, uint16_t port) {
    struct span line;
    uint64_t ttl;
    r->count = 0;
    r->ttl_s = RESOLVE_TTL_S;
    r->why = SPAN("nobody has answered in time");
    if (!answer.p) return;
    if (answer.n && answer.p[0] == '!') r->why = span_from(answer, 1);
    while (r->count < ADDRESSES_MAX && span_next(&answer, '\n', &line)) {
        if (span_starts(line, SPAN("ttl ")) && number_parse(span_from(line, 4), INT32_MAX, &ttl))
            r->ttl_s = (uint32_t)ttl;
        else if (read_address(line, port, &r->addresses[r->count])) r->count++;
    }
    if (r->ttl_s < RESOLVE_TTL_MIN_S) r->ttl_s = RESOLVE_TTL_MIN_S;
    if (r->ttl_s > RESOLVE_TTL_MAX_S) r->ttl_s = RESOLVE_TTL_MAX_S;
}

/* ---- what it means --------------------------------------------------------------------------------------------- */

static void wake_waiters(struct backend *b) {
    backend_hold(b);
    while (!list_is_empty(&b->waiters)) {
        struct backend_waiter *w = CONTAINER(b->waiters.next, struct backend_waiter, link);
        list_remove(&w->link);
        w->wake(w->arg);
    }
    backend_drop(b);
}

static void take_failure(struct backend *b, const struct resolution *r) {
    struct backend_work *w = b->work;
    snprintf(b->why_unresolved, sizeof b->why_unresolved, "%.*s", SPAN_ARG(r->why));
    w->backoff_s = w->backoff_s ? w->backoff_s * 2 : 1;
    if (w->backoff_s > RESOLVE_BACKOFF_MAX_S) w->backoff_s = RESOLVE_BACKOFF_MAX_S;
    if (!w->said_failure)
        say_error("backend %.*s: its name is not found (%s); %s; it is asked for again after 1, 2, 4 ... %d s",
                  SPAN_ARG(b->name), b->why_unresolved,
                  b->address_count ? "the addresses it had go on to be used" : "nothing is sent there",
                  RESOLVE_BACKOFF_MAX_S);
    w->said_failure = true;
    deadline_in(w->events, &w->resolve_in, w->backoff_s * 1000ull);
}

static bool has_address(const struct resolution *r, const struct addr_room *a) {
    for (unsigned i = 0; i < r->count; i++)
        if (r->addresses[i].len == a->len && memcmp(&r->addresses[i].storage, &a->storage, a->len) == 0) return true;
    return false;
}

static void take_addresses(struct backend *b, const struct resolution *r) {
    struct backend_work *w = b->work;
    bool has_moved = false;
    for (unsigned i = 0; i < b->address_count; i++) has_moved |= !has_address(r, &b->addresses[i]);
    if (has_moved) links_close_idle(b); /* to which of the addresses they lead is not known here */
    memcpy(b->addresses, r->addresses, r->count * sizeof *r->addresses);
    b->address_count = r->count;
    b->bad_addresses = 0;
    b->why_unresolved[0] = '\0';
    if (w->said_failure) say_note("backend %.*s: its name is found again", SPAN_ARG(b->name));
    w->said_failure = false;
    w->backoff_s = 0;
    deadline_in(w->events, &w->resolve_in, r->ttl_s * 1000ull);
    if (b->is_new && deadline_is_set(&w->check_in)) deadline_in(w->events, &w->check_in, 0); /* it has waited */
}

void resolve_take(struct backend *b, struct span answer) {
    struct resolution r;
    resolution_read(&r, answer, b->port);
    b->work->has_asked = true;
    b->work->was_used = false;
    if (r.count) take_addresses(b, &r);
    else take_failure(b, &r);
    wake_waiters(b);
}

/* ---- when it is asked for -------------------------------------------------------------------------------------- */

static void done(void *arg, struct span answer) {
    struct backend_work *w = arg;
    w->job = NULL;
    resolve_take(w->backend, answer);
}

static void ask(struct backend_work *w) {
    struct span name = w->backend->host->host;
    w->is_due = false;
    w->job = job_ask(&resolve_job, name, done, w);
    if (!w->job) deadline_in(w->events, &w->resolve_in, 1000);
}

/* The answer is old. Nobody is asked for the sake of a backend that nobody uses. */
static void fire(struct deadline *d) {
    struct backend_work *w = CONTAINER(d, struct backend_work, resolve_in);
    if (w->backend->address_count && !w->was_used) w->is_due = true;
    else if (!w->job) ask(w);
}

void resolve_used(struct backend *b) {
    if (!b->work || b->is_fixed) return;
    b->work->was_used = true;
    if (b->work->is_due) ask(b->work);
}

bool resolve_literal(struct backend *b) {
    const struct gateway_host *h = b->host;
    bool ok = h->socket.n ? addr_of_path(h->socket, &b->addresses[0])
                          : addr_of_literal(h->host, h->port, &b->addresses[0]);
    b->port = h->port;
    b->is_fixed = ok;
    b->address_count = ok;
    return ok;
}

void resolve_begin(struct backend *b) {
    struct backend_work *w = b->work;
    w->resolve_in.fire = fire;
    if (!b->is_fixed && !w->job && !w->has_asked && !deadline_is_set(&w->resolve_in)) ask(w);
}

void resolve_end(struct backend *b) {
    deadline_stop(&b->work->resolve_in);
    job_forget(b->work->job);
    b->work->job = NULL;
    b->work->has_asked = true;
    wake_waiters(b);
}
