/* backends.c - all backends of this process: found again by what they are, kept while anybody names or uses them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "modules/gateway/link.h"
#include "modules/gateway/watch.h"

static struct list backends = {&backends, &backends};
static struct backend_counts uncounted; /* of those that nobody asks here */
static struct fdevents *at_work; /* between backends_begin() and backends_end() */

/* ---- one ------------------------------------------------------------------------------------------------------- */

static struct backend *find(struct span identity) {
    for (struct list *l = backends.next; l != &backends; l = l->next) {
        struct backend *b = CONTAINER(l, struct backend, all);
        if (span_is(b->identity, identity)) return b;
    }
    return NULL;
}

static struct backend *make(const struct gateway_host *h) {
    struct backend *b = memory_zeroed(1, sizeof *b);
    b->identity = (struct span){span_dup(h->identity), h->identity.n};
    b->name = span_from(b->identity, span_find_last(b->identity, '\n') + 1);
    b->is_new = true;
    b->counts = &uncounted;
    list_init(&b->naming);
    list_init(&b->idle);
    list_init(&b->unheard);
    list_init(&b->h2_links);
    list_init(&b->waiters);
    list_add_last(&backends, &b->all);
    return b;
}

struct backend *backend_for(struct gateway_host *h) {
    struct backend *b = find(h->identity);
    if (!b) b = make(h);
    b->configured++;
    b->host = h;
    list_add_last(&b->naming, &h->naming);
    if (b->address_count == 0) resolve_literal(b);
    return b;
}

static void stop_work(struct backend *b) {
    if (!b->work) return;
    resolve_end(b);
    check_end(b);
    free(b->work);
    b->work = NULL;
}

static void end_if_unused(struct backend *b) {
    if (b->configured || b->refs) return;
    list_remove(&b->all);
    free((void *)(uintptr_t)b->identity.p);
    free(b);
}

void backend_unname(struct gateway_host *h) {
    struct backend *b = h->backend;
    list_remove(&h->naming);
    h->backend = NULL;
    check_unname(b, h);
    b->configured--;
    if (b->configured == 0) b->counts->state = 0;
    b->host = list_is_empty(&b->naming) ? NULL : CONTAINER(b->naming.prev, const struct gateway_host, naming);
    if (b->configured) return;
    b->refs++; /* closing links may drop the last one */
    stop_work(b);
    links_close_idle(b);
    backend_drop(b);
}

struct backend *backend_hold(struct backend *b) {
    b->refs++;
    return b;
}

void backend_drop(struct backend *b) {
    if (!b) return;
    b->refs--;
    end_if_unused(b);
}

/* ---- addresses ------------------------------------------------------------------------------------------------- */

const struct addr_room *backend_address(struct backend *b) {
    if (b->address_count == 0) return NULL;
    for (unsigned i = 0; i < b->address_count; i++) {
        b->address_next = (b->address_next + 1) % b->address_count;
        if (!(b->bad_addresses >> b->address_next & 1)) return &b->addresses[b->address_next];
    }
    b->bad_addresses = 0;
    return &b->addresses[b->address_next];
}

void backend_address_failed(struct backend *b, const struct addr_room *which) {
    if (b->address_count > 1) b->bad_addresses |= (uint16_t)(1u << (which - b->addresses));
}

struct backend *gateway_pending(const struct gateway_rule *rule) {
    for (size_t i = 0; i < rule->count; i++) {
        struct backend *b = rule->hosts[i].backend;
        if (b->address_count == 0 && b->work && b->work->job && !b->work->has_asked) return b;
    }
    return NULL;
}

void backend_wait(struct backend *b, struct backend_waiter *w) {
    list_add_last(&b->waiters, &w->link);
}

void backend_wait_no_more(struct backend_waiter *w) {
    list_remove(&w->link);
}

/* ---- all ------------------------------------------------------------------------------------------------------- */

struct backend *backends_next(const struct backend *b) {
    struct list *l = b ? b->all.next : backends.next;
    return l == &backends ? NULL : CONTAINER(l, struct backend, all);
}

/* Under its protocol and its name; two that differ in TLS alone are counted together. */
static void begin_counting(struct backend *b) {
    struct buf name = {0};
    buf_printf(&name, "%.*s %.*s", SPAN_ARG(span_upto(b->identity, span_find(b->identity, '\n'))), SPAN_ARG(b->name));
    b->counts = counters_backend(buf_span(&name));
    buf_done(&name);
    backend_show(b, fdevents_now_ms(at_work));
}

static void start_work(struct backend *b) {
    if (!b->work) {
        b->work = memory_zeroed(1, sizeof *b->work);
        b->work->backend = b;
        b->work->events = at_work;
    }
    resolve_begin(b);
    check_begin(b);
    begin_counting(b);
}

void backends_begin(struct fdevents *events) {
    at_work = events;
    for (struct backend *b = backends_next(NULL); b; b = backends_next(b))
        if (b->configured) start_work(b);
}

void backends_end(void) {
    struct backend *next;
    at_work = NULL;
    for (struct backend *b = backends_next(NULL); b; b = next) {
        b->refs++;
        stop_work(b);
        links_close_idle(b);
        next = backends_next(b);
        backend_drop(b);
    }
}

static const struct job_kind *const jobs[] = {&resolve_job, NULL};

const struct module_work gateway_work = {backends_begin, backends_end, jobs, NULL, NULL, false};
