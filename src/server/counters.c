/* counters.c - the memory of all that is counted: who writes where, and what stays of those that have ended */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/counters_private.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/shared.h"

static struct counters alone; /* of a process that shares none; pages of it that nobody needs are none */
static struct counters aside; /* likewise */
static struct counters *own = &alone;
struct counters *counters = &alone;
struct room *counters_room;
unsigned counters_slots;
static int64_t alone_started_s;

#define COUNTS false
#define GAUGES true
#define COUNTER(id, kind, family, label, help) {#id, family, label, help, kind},
const struct counter_row counter_rows[COUNTERS] = {
#include "server/counters.def"
};
#undef COUNTER

/* ---- the memory ------------------------------------------------------------------------------- */

static struct counters *block(unsigned i) {
    return &counters_room->blocks[i];
}

static uint32_t at_most(uint32_t n, uint32_t max) {
    return n < max ? n : max;
}

uint32_t counted_vhosts(const struct counters *c) {
    return at_most(c->vhost_count, VHOSTS_MAX);
}

uint32_t counted_backends(const struct counters *c) {
    return at_most(c->backend_count, BACKENDS_MAX);
}

const char *counted_name(char to[COUNTED_NAME_BYTES], const char name[COUNTED_NAME_BYTES]) {
    memcpy(to, name, COUNTED_NAME_BYTES);
    to[COUNTED_NAME_BYTES - 1] = '\0';
    return to;
}

/* Places of names that configurations made in the master hold are the same here. */
static void take_names(struct counters *to, const struct counters *from) {
    uint32_t n = counted_vhosts(from);
    for (uint32_t i = 0; i < n; i++) memcpy(to->vhosts[i].name, from->vhosts[i].name, COUNTED_NAME_BYTES);
    to->vhost_count = n;
}

void counters_make(unsigned workers) {
    unsigned slots = workers * 2 + SPARE_SLOTS < SLOTS_MAX ? workers * 2 + SPARE_SLOTS : SLOTS_MAX;
    if (counters_room) return;
    counters_room = shared_make(sizeof *counters_room + (slots + 1) * sizeof(struct counters));
    if (!counters_room) {
        say_warning("there is no memory in which workers could count together: %s", strerror(errno));
        return;
    }
    counters_slots = slots;
    counters_room->started_s = clock_now_s();
    take_names(block(0), counters);
    counters = own = block(0);
}

int counters_take_slot(void) {
    for (unsigned i = 0; counters_room && i < counters_slots; i++) {
        if (block(i + 1)->runs) continue;
        atomic_store(&block(i + 1)->runs, 1);
        return (int)i;
    }
    if (counters_room) say_warning("there are more workers than the counters have room for: one is in no sum");
    return COUNTERS_NO_SLOT;
}

void counters_use(int slot) {
    struct counters *before = counters;
    counters = own = slot >= 0 ? block((unsigned)slot + 1) : &alone;
    if (before != counters) take_names(counters, before);
    vhost_place(counters, SPAN("other"));
}

void counters_set_aside(void) {
    counters = &aside;
}

void counters_go_on(void) {
    counters = own;
}

int64_t counters_started_s(void) {
    if (counters_room) return counters_room->started_s;
    if (!alone_started_s) alone_started_s = clock_now_s();
    return alone_started_s;
}

void counters_started_before(int64_t s) {
    if (counters_room && s > 0 && s < counters_room->started_s) counters_room->started_s = s;
}

/* ---- names ------------------------------------------------------------------------------------ */

void counted_text(char *to, size_t room, struct span text) {
    size_t n = 0;
    while (text.n) {
        size_t length = utf8_length(text), taken = length ? length : 1;
        bool is_text = length > 1 || (length && (unsigned char)text.p[0] >= 0x20 && text.p[0] != 0x7f);
        if (n + taken >= room) break;
        if (is_text) memcpy(to + n, text.p, taken);
        else to[n] = '?';
        n += taken;
        text = span_from(text, taken);
    }
    to[n] = '\0';
}

static const char *as_name(char to[COUNTED_NAME_BYTES], struct span name) {
    counted_text(to, COUNTED_NAME_BYTES, name);
    return to;
}

unsigned vhost_place(struct counters *c, struct span name) {
    char text[COUNTED_NAME_BYTES];
    uint32_t n = counted_vhosts(c);
    as_name(text, name);
    if (n == 0) {
        as_name(c->vhosts[0].name, SPAN("other"));
        atomic_store(&c->vhost_count, n = 1);
    }
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(c->vhosts[i].name, text) == 0) return i;
    if (n >= VHOSTS_MAX) return 0;
    memcpy(c->vhosts[n].name, text, sizeof text);
    atomic_store(&c->vhost_count, n + 1);
    return n;
}

unsigned backend_place(struct counters *c, struct span name) {
    char text[COUNTED_NAME_BYTES];
    uint32_t n = counted_backends(c);
    as_name(text, name);
    if (n == 0) {
        as_name(c->backends[0].name, SPAN("other"));
        atomic_store(&c->backend_count, n = 1);
    }
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(c->backends[i].name, text) == 0) return i;
    if (n >= BACKENDS_MAX) return 0;
    memcpy(c->backends[n].name, text, sizeof text);
    atomic_store(&c->backend_count, n + 1);
    return n;
}

unsigned counters_vhost(struct span name) {
    return vhost_place(own, name);
}

struct backend_counts *counters_backend(struct span name) {
    return &counters->backends[backend_place(counters, name)];
}

/* ---- what stays ------------------------------------------------------------------------------- */

static void add_words(uint64_t *to, const uint64_t *from, size_t bytes) {
    for (size_t i = 0; i < bytes / sizeof *to; i++) to[i] += from[i];
}

void tally_add(struct tally *to, const struct tally *from, bool with_gauges) {
    struct tally t = *from;
    for (unsigned i = 0; i < COUNTERS; i++)
        if (counter_rows[i].is_gauge && !with_gauges) t.rows[i] = 0;
    add_words((uint64_t *)to, (const uint64_t *)&t, sizeof t);
}

void vhost_add(struct vhost_counts *to, const struct vhost_counts *from) {
    to->received_bytes += from->received_bytes;
    to->sent_bytes += from->sent_bytes;
    to->sent_body_bytes += from->sent_body_bytes;
    add_words(to->classes, from->classes, sizeof to->classes);
    histogram_merge(&to->time, &from->time);
}

void backend_add(struct backend_counts *to, const struct backend_counts *from, bool with_gauges) {
    to->requests += from->requests;
    to->errors += from->errors;
    to->connects += from->connects;
    to->connect_errors += from->connect_errors;
    to->reused += from->reused;
    histogram_merge(&to->time, &from->time);
    if (!with_gauges) return;
    to->active += from->active;
    if (from->state > to->state) to->state = from->state;
}

/* Names first: only what has happened takes a place. */
static void keep(struct counters *past, const struct counters *c) {
    char name[COUNTED_NAME_BYTES];
    tally_add(&past->tally, &c->tally, false);
    for (uint32_t i = 0, n = counted_vhosts(c); i < n; i++)
        if (histogram_total(&c->vhosts[i].time))
            vhost_add(&past->vhosts[vhost_place(past, span_of(counted_name(name, c->vhosts[i].name)))],
                      &c->vhosts[i]);
    for (uint32_t i = 0, n = counted_backends(c); i < n; i++)
        if (c->backends[i].requests)
            backend_add(&past->backends[backend_place(past, span_of(counted_name(name, c->backends[i].name)))],
                        &c->backends[i], false);
    toplist_merge(&past->clients, &c->clients);
}

/* Pages that were never touched stay so. */
static void clear(struct counters *c) {
    memset(c->vhosts, 0, counted_vhosts(c) * sizeof *c->vhosts);
    memset(c->backends, 0, counted_backends(c) * sizeof *c->backends);
    memset(&c->tally, 0, sizeof c->tally);
    memset(&c->clients, 0, sizeof c->clients);
    c->vhost_count = c->backend_count = 0;
    c->sample_count = c->shown_count = c->conn_count = 0;
    c->shown_ms = 0;
}

void counters_ended(int slot) {
    if (!counters_room || slot < 0) return;
    struct counters *c = block((unsigned)slot + 1);
    atomic_fetch_add(&counters_room->moves, 1); /* odd: readers wait a moment */
    keep(block(0), c);
    clear(c);
    atomic_store(&c->runs, 0);
    atomic_fetch_add(&counters_room->moves, 1);
}

/* ---- who looks -------------------------------------------------------------------------------- */

enum { LOOK_S = 15 };

void counters_look(void) {
    if (counters_room) atomic_store(&counters_room->looked_s, (uint32_t)clock_monotonic_s());
}

bool counters_are_looked_at(void) {
    uint32_t at = counters_room ? atomic_load(&counters_room->looked_s) : 0;
    return at && (uint32_t)clock_monotonic_s() - at < LOOK_S;
}
