/* deadline.c - time limits on a timing wheel: setting, putting off and stopping are O(1) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdevents/set.h"

#include <limits.h>
#include <time.h>

/*
 *      tick:  n   n+1   n+2   n+3   ...       a slot per 64 ms, WHEEL_SLOTS of them, used over
 *            [ ]  [a]   [ ]  [b c]            and over
 *
 * A deadline stands in the slot in which the wheel looks at it (due_ms). at_ms says when it fires:
 * putting it off changes only at_ms, and the wheel moves it when it comes by. What is further away
 * than one round stands in the last slot and is moved in the same way. A slot is looked at when its
 * tick has begun, and the tick of at_ms is rounded up, so nothing fires early, not even by the
 * fraction of a millisecond that the clock cuts off.
 */

/* To the jiffy, and in a fraction of the time: enough for how long to wait. */
#ifdef CLOCK_MONOTONIC_COARSE
static const clockid_t coarse_clock = CLOCK_MONOTONIC_COARSE;
#else
static const clockid_t coarse_clock = CLOCK_MONOTONIC;
#endif

static uint64_t read_clock_ns(const struct fdevents *set, clockid_t id) {
    struct timespec time = {.tv_sec = 0};

    if (set->clock) return set->clock(set->clock_arg) * 1000000;
    if (clock_gettime(id, &time) != 0) clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void unlink_deadline(struct deadline *d) {
    *d->prev = d->next;
    if (d->next) d->next->prev = d->prev;
    d->next = NULL;
    d->prev = NULL;
}

static void link_deadline(struct deadline **head, struct deadline *d) {
    d->next = *head;
    d->prev = head;
    if (d->next) d->next->prev = &d->next;
    *head = d;
}

static uint64_t tick_after(uint64_t ms) {
    return (ms >> TICK_SHIFT) + 1;
}

static void place(struct wheel *wheel, struct deadline *d) {
    uint64_t tick = tick_after(d->at_ms);

    if (tick <= wheel->tick) tick = wheel->tick + 1;
    if (tick - wheel->tick >= WHEEL_SLOTS) tick = wheel->tick + WHEEL_SLOTS - 1;
    d->due_ms = tick << TICK_SHIFT;
    link_deadline(&wheel->slots[tick % WHEEL_SLOTS], d);
    if (tick < wheel->next) wheel->next = tick;
}

void deadline_in(struct fdevents *set, struct deadline *d, uint64_t ms) {
    uint64_t at_ms = set->now_ms + ms;

    if (at_ms < ms) at_ms = UINT64_MAX;
    d->at_ms = at_ms;
    if (d->prev) {
        if (at_ms >= d->due_ms) return; /* put off: the wheel will see */
        unlink_deadline(d);
    }
    place(&set->wheel, d);
}

void deadline_stop(struct deadline *d) {
    if (d->prev) unlink_deadline(d);
}

bool deadline_is_set(const struct deadline *d) {
    return d->prev != NULL;
}

uint64_t fdevents_now_ms(const struct fdevents *set) {
    return set->now_ms;
}

void wheel_start(struct fdevents *set) {
    set->now_ms = read_clock_ns(set, CLOCK_MONOTONIC) / 1000000;
    set->wheel.tick = set->now_ms >> TICK_SHIFT;
    set->wheel.next = UINT64_MAX;
}

/* Takes every deadline off the wheel and onto *all. */
static void wheel_empty(struct wheel *wheel, struct deadline **all) {
    for (size_t i = 0; i < WHEEL_SLOTS; i++) {
        while (wheel->slots[i]) {
            struct deadline *d = wheel->slots[i];

            unlink_deadline(d);
            link_deadline(all, d);
        }
    }
}

void wheel_done(struct fdevents *set) {
    struct deadline *all = NULL;

    wheel_empty(&set->wheel, &all);
    while (all) unlink_deadline(all);
}

void fdevents_set_clock(struct fdevents *set, uint64_t (*clock)(void *), void *arg) {
    struct deadline *all = NULL;
    uint64_t before_ms = set->now_ms;

    set->clock = clock;
    set->clock_arg = arg;
    wheel_empty(&set->wheel, &all);
    wheel_start(set);
    while (all) { /* what was left of each is left of it still */
        struct deadline *d = all;

        unlink_deadline(d);
        deadline_in(set, d, d->at_ms > before_ms ? d->at_ms - before_ms : 0);
    }
}

int wheel_wait_ms(const struct fdevents *set) {
    uint64_t now_ms, at_ms = set->wheel.next << TICK_SHIFT;

    if (set->wheel.next == UINT64_MAX) return -1;
    now_ms = read_clock_ns(set, coarse_clock) / 1000000; /* the batch may have taken its time */
    if (at_ms <= now_ms) return 0;
    return at_ms - now_ms > INT_MAX ? INT_MAX : (int)(at_ms - now_ms);
}

uint64_t wheel_turn(struct fdevents *set) {
    uint64_t now_ns = read_clock_ns(set, CLOCK_MONOTONIC), now_ms = now_ns / 1000000;

    if (now_ms > set->now_ms) set->now_ms = now_ms;
    return now_ns;
}

static void fire_slot(struct fdevents *set, struct deadline **slot) {
    struct deadline *due = *slot;

    if (!due) return;
    *slot = NULL;
    due->prev = &due; /* a list of its own: callbacks may stop any of it, or start new ones */
    while (due) {
        struct deadline *d = due;

        unlink_deadline(d);
        if (tick_after(d->at_ms) > set->wheel.tick) place(&set->wheel, d);
        else d->fire(d);
    }
}

static uint64_t first_used(const struct wheel *wheel) {
    for (uint64_t tick = wheel->tick + 1; tick < wheel->tick + WHEEL_SLOTS; tick++) {
        if (wheel->slots[tick % WHEEL_SLOTS]) return tick;
    }
    return UINT64_MAX;
}

void wheel_fire(struct fdevents *set) {
    struct wheel *wheel = &set->wheel;
    uint64_t now_tick = set->now_ms >> TICK_SHIFT;
    uint64_t from = wheel->next, to = now_tick;

    if (now_tick < from) { /* nothing before `from`: the usual case, and all there is to do */
        if (now_tick > wheel->tick) wheel->tick = now_tick;
        return;
    }
    if (to - from >= WHEEL_SLOTS) to = from + WHEEL_SLOTS - 1; /* once around is everything */
    wheel->tick = now_tick;
    wheel->next = UINT64_MAX;
    for (uint64_t tick = from; tick <= to; tick++) fire_slot(set, &wheel->slots[tick % WHEEL_SLOTS]);
    wheel->next = first_used(wheel);
}
