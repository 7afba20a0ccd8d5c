/* priority.c - whose turn it is to send: urgency and increments (RFC 9218) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "h2/session.h"

/*
 * There is a ring for each urgency, of the streams that want to send and whose window is open; the first of the most
 * urgent ring sends. A stream that is not incremental stays first until it has nothing left; an incremental one goes
 * to the end of its ring after each turn. Among those that are not incremental the oldest is first (RFC 9218 10).
 */

enum { USEFUL_BYTES = 1024 };

/* One member of the dictionary: "u=5", "i", "i=?0"; parameters of it are of no interest. */
static void take_member(struct span member, uint8_t *urgency, bool *incremental) {
    member = span_trim(span_upto(member, span_find(member, ';')));
    if (member.n == 3 && span_starts(member, SPAN("u=")) && member.p[2] >= '0' && member.p[2] <= '7')
        *urgency = (uint8_t)(member.p[2] - '0');
    else if (span_is(member, SPAN("i")) || span_is(member, SPAN("i=?1")))
        *incremental = true;
    else if (span_is(member, SPAN("i=?0")))
        *incremental = false;
}

void priority_parse(struct span value, uint8_t *urgency, bool *incremental) {
    struct span member;
    while (list_next(&value, &member)) take_member(member, urgency, incremental);
}

/*
 * A window that opens by bits is left to grow: else ever smaller frames and updates go to and fro (RFC 9293 3.8.6.2
 * tells of it for TCP), until they look like an attack. But what waits may be less; and never more than a quarter of
 * the window that there was at first is waited for: a peer may keep that much back until there is more to tell.
 */
static int64_t useful_bytes(const struct h2_stream *st, int64_t first_window) {
    int64_t n = first_window / 4 < USEFUL_BYTES ? first_window / 4 : USEFUL_BYTES;
    if ((uint64_t)n > st->pending) n = (int64_t)st->pending;
    return n > 0 ? n : 1;
}

static bool can_send(const struct h2_session *s, const struct h2_stream *st) {
    return st->wants_turn && st->send_window >= useful_bytes(st, s->peer_window) && !st->ended_by_us && !st->is_reset;
}

/* Behind all of its ring; or, not incremental, behind those that are older. Streams mostly come in order. */
static void enter(struct h2_session *s, struct h2_stream *st) {
    struct list *ring = &s->turns[st->urgency], *before = ring->prev;
    while (!st->incremental && before != ring) {
        const struct h2_stream *other = CONTAINER(before, struct h2_stream, turn);
        if (other->incremental || other->id < st->id) break;
        before = before->prev;
    }
    list_add_last(before->next, &st->turn);
}

void turn_update(struct h2_session *s, struct h2_stream *st) {
    bool is_in = !list_is_empty(&st->turn), should = can_send(s, st);
    if (should && !is_in) enter(s, st);
    if (!should && is_in) list_remove(&st->turn);
}

void priority_set(struct h2_session *s, struct h2_stream *st, uint8_t urgency, bool incremental) {
    if (st->urgency == urgency && st->incremental == incremental) return;
    st->urgency = urgency;
    st->incremental = incremental;
    list_remove(&st->turn);
    turn_update(s, st);
}

void h2_want_turn(struct h2_session *s, struct h2_stream *st, bool yes) {
    if (st->wants_turn == yes) return;
    st->wants_turn = yes;
    s->wanting += yes ? 1u : UINT32_MAX;
    turn_update(s, st);
}

struct h2_stream *h2_next_turn(struct h2_session *s) {
    if (s->send_window <= 0 || s->wanting == 0) return NULL;
    for (unsigned i = 0; i < H2_URGENCIES; i++) {
        struct list *ring = &s->turns[i];
        if (list_is_empty(ring)) continue;
        struct h2_stream *st = CONTAINER(ring->next, struct h2_stream, turn);
        if (s->send_window < useful_bytes(st, WINDOW_AT_FIRST)) return NULL;
        if (!st->incremental) return st;
        list_remove(&st->turn);
        list_add_last(ring, &st->turn);
        return st;
    }
    return NULL;
}

bool h2_is_blocked(const struct h2_session *s) {
    return s->send_window < USEFUL_BYTES && s->wanting > 0;
}

/* ---- PRIORITY_UPDATE -------------------------------------------------------------------------- */

static void forget_early(struct h2_session *s, uint32_t upto) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->early_count; i++)
        if (s->early[i].stream > upto) s->early[kept++] = s->early[i];
    s->early_count = kept;
    if (kept) return;
    free(s->early);
    s->early = NULL;
}

void priority_take_early(struct h2_session *s, struct h2_stream *st) {
    for (uint32_t i = 0; i < s->early_count; i++) {
        if (s->early[i].stream != st->id) continue;
        priority_set(s, st, s->early[i].urgency, s->early[i].incremental);
        st->is_prioritized = true;
    }
    if (s->early) forget_early(s, st->id);
}

/* The last word on each stream is kept, of no more streams than may be open (RFC 9218 7.1). */
static enum h2_event_kind keep_early(struct h2_session *s, struct early early) {
    uint32_t i = 0;
    while (i < s->early_count && s->early[i].stream != early.stream) i++;
    if (i == s->early_count) {
        if (s->early_count + s->active >= s->options.streams)
            return session_fail(s, H2_PROTOCOL_ERROR, "PRIORITY_UPDATE for more streams than may be open");
        s->early = memory_resize(s->early, ++s->early_count * sizeof *s->early);
    }
    s->early[i] = early;
    return H2_MORE;
}

enum h2_event_kind priority_update(struct h2_session *s, struct span payload) {
    struct early said = {read_32(payload.p) & 0x7fffffff, H2_URGENCY_DEFAULT, false};
    const char *why = budget_spend(&s->budgets, BUDGET_PRIORITIES);
    if (why) return session_fail(s, H2_ENHANCE_YOUR_CALM, why);
    if (said.stream % 2 == 0)
        return session_fail(s, H2_PROTOCOL_ERROR, "PRIORITY_UPDATE for a stream that cannot be");
    priority_parse(span_from(payload, 4), &said.urgency, &said.incremental);
    if (stream_is_idle(s, said.stream)) return keep_early(s, said);
    struct h2_stream *st = stream_find(s, said.stream);
    if (!st) return H2_MORE;
    st->is_prioritized = true;
    priority_set(s, st, said.urgency, said.incremental);
    return H2_MORE;
}
