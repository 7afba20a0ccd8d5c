/* pace.c - turns at sending: so much in a second for one connection, or for many of all workers together */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/pace.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/meters.h"

enum {
    TURNS_PER_S = 20,        /* a turn is that part of a second's worth, */
    TURN_BYTES_MIN = 512,    /* or this, where that is little, */
    TURN_BYTES_MAX = 1 << 20,
    LINE_MS = 250,           /* and less where the line is longer than that */
    LATE_MAX_MS = 1000,
    KEPT_MS = 100,           /* a turn that its client did not take at once */
    BLOCKS = 16 * 1024       /* that send at a time */
};

static const uint64_t ns_per_ms = 1000000, ns_per_s = 1000000000;

/* Timers fire a little late, which must not make it slower: a line that has been empty for less than a turn has not
 * been empty. */
static const uint64_t slack_ns = 1000000000 / TURNS_PER_S;

static struct meters *lines; /* of all workers */

void pace_share(void) {
    static bool is_tried;
    if (is_tried) return;
    is_tried = true;
    lines = meters_make(BLOCKS);
    if (!lines) say_error("server.kbytes-per-second: there is no memory to count in: %s", strerror(errno));
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* ---- of one connection ------------------------------------------------------------------------ */

/* How late its turn came. */
static uint64_t late_ms(const struct turn *t, uint64_t now_ms) {
    uint64_t late = now_ms > t->one_ms ? now_ms - t->one_ms : 0;
    return late < LATE_MAX_MS ? late : 0; /* it had nothing to send */
}

/* A tenth of a second's worth. */
static uint64_t own_bytes(const struct turn *t, uint64_t rate, uint64_t now_ms) {
    return rate / 10 + 1 + rate * late_ms(t, now_ms) / 1000;
}

/* ---- in a line -------------------------------------------------------------------------------- */

static uint64_t cost_ns(uint64_t bytes, uint64_t rate) {
    return bytes * ns_per_s / rate;
}

static uint64_t behind(uint64_t now_ms) {
    uint64_t now_ns = now_ms * ns_per_ms;
    return now_ns > slack_ns ? now_ns - slack_ns : 0;
}

/* Where many stand in line, each gets less at a time, and more often. */
static uint64_t turn_bytes(uint64_t rate, uint64_t ahead_ns) {
    uint64_t bytes = rate / TURNS_PER_S, line_ms = ahead_ns / ns_per_ms;
    if (line_ms > LINE_MS) bytes = bytes * LINE_MS / line_ms;
    return least(most(bytes, least(TURN_BYTES_MIN, rate / 10 + 1)), TURN_BYTES_MAX);
}

static void reserve(struct turn *t, uint64_t ready, uint64_t now_ms) {
    const struct pace *p = &t->pace;
    uint64_t hash = meters_hash(lines, &p->block, 1), now_ns = behind(now_ms);
    t->bytes = least(ready, turn_bytes(p->all, meters_ahead(lines, hash, now_ns)));
    uint64_t ahead_ns = meters_reserve(lines, hash, now_ns, cost_ns(t->bytes, p->all));
    uint64_t wait_ns = ahead_ns > slack_ns ? ahead_ns - slack_ns : 0;
    t->all_ms = now_ms + (wait_ns + ns_per_ms - 1) / ns_per_ms;
}

static void give_back(const struct turn *t, uint64_t bytes, uint64_t now_ms) {
    meters_return(lines, meters_hash(lines, &t->pace.block, 1), behind(now_ms), cost_ns(bytes, t->pace.all));
}

void turn_leave(struct turn *t, uint64_t now_ms) {
    if (t->bytes) give_back(t, t->bytes, now_ms);
    t->bytes = t->all_ms = 0;
    t->is_kept = false;
}

/* It is another one than was reserved, or was not used for so long that it would be a burst now. */
static bool is_stale(const struct turn *t, const struct pace *p, uint64_t now_ms) {
    if (t->pace.block != p->block || t->pace.all != p->all) return true;
    return t->is_kept && now_ms > t->all_ms + KEPT_MS;
}

/* ---- both ------------------------------------------------------------------------------------- */

/* Without memory to share each connection has that rate. */
static uint64_t own_rate(const struct pace *p) {
    if (!p->all || lines) return p->one;
    return p->one ? least(p->one, p->all) : p->all;
}

uint64_t turn_take(struct turn *t, const struct pace *p, uint64_t ready, uint64_t now_ms) {
    if (p->all) pace_share();
    uint64_t one = own_rate(p), own = one ? least(ready, own_bytes(t, one, now_ms)) : ready;
    if (t->bytes && is_stale(t, p, now_ms)) turn_leave(t, now_ms);
    t->pace = *p;
    if (one && t->one_ms > now_ms) return 0;
    if (!p->all || !lines) return own;
    if (!t->bytes) reserve(t, own, now_ms);
    return t->all_ms > now_ms ? 0 : least(t->bytes, ready);
}

uint64_t turn_ms(const struct turn *t) {
    return most(t->one_ms, t->bytes ? t->all_ms : 0);
}

void turn_over(struct turn *t, uint64_t sent, uint64_t now_ms) {
    uint64_t one = own_rate(&t->pace);
    t->is_kept = !sent && t->bytes;
    if (t->is_kept) return;
    if (t->bytes > sent) give_back(t, t->bytes - sent, now_ms);
    t->bytes = 0;
    if (one) t->one_ms = most(t->one_ms, now_ms) - late_ms(t, now_ms) + sent * 1000 / one;
}
