/* stream.c - one exchange on a session: its states (RFC 9113 5.1), and how it is found by its number */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "h2/session.h"

/* Structs are used again by whatever session needs one, so that an idle session holds none. */
enum { SPARE_STREAMS = 128 };
static struct h2_stream *spare;
static unsigned spare_count;

static struct h2_stream **slot_of(struct h2_session *s, uint32_t id) {
    return &s->slots[id / 2 % STREAM_SLOTS];
}

void stream_note_id(struct h2_session *s, uint32_t id) {
    uint32_t steps = (id - s->last_id) / 2;
    s->opened = s->last_id == 0 || steps >= 64 ? 1 : s->opened << steps | 1;
    s->last_id = id;
}

struct h2_stream *stream_make(struct h2_session *s, uint32_t id) {
    struct h2_stream *st = spare, **slot = slot_of(s, id);
    if (st) {
        spare = st->next;
        spare_count--;
    } else {
        st = memory_get(sizeof *st);
    }
    memory_clear(st, sizeof *st);
    st->id = id;
    st->next = *slot;
    st->send_window = s->peer_window;
    st->receive_window = st->receive_target = WINDOW_AT_FIRST;
    st->body_left = BODY_UNKNOWN;
    st->urgency = H2_URGENCY_DEFAULT;
    list_add_last(&s->streams, &st->link);
    list_init(&st->turn);
    *slot = s->last = st;
    s->count++;
    s->active++;
    return st;
}

struct h2_stream *stream_find(struct h2_session *s, uint32_t id) {
    if (s->last && s->last->id == id) return s->last;
    struct h2_stream *st = *slot_of(s, id);
    while (st && st->id != id) st = st->next;
    if (st) s->last = st;
    return st;
}

void stream_free(struct h2_session *s, struct h2_stream *st) {
    struct h2_stream **at = slot_of(s, st->id);
    while (*at != st) at = &(*at)->next;
    *at = st->next;
    if (st->wants_turn) s->wanting--;
    list_remove(&st->link);
    list_remove(&st->turn);
    if (s->last == st) s->last = NULL;
    if (s->ending == st) s->ending = NULL;
    if (s->data.stream == st) s->data.stream = NULL;
    s->count--;
    if (spare_count == SPARE_STREAMS) {
        free(st);
        return;
    }
    st->next = spare;
    spare = st;
    spare_count++;
}

/* Clients use odd numbers, and servers none, as nothing is pushed (RFC 9113 5.1.1). */
bool stream_is_idle(const struct h2_session *s, uint32_t id) {
    return id % 2 == 0 || id > s->last_id;
}

bool stream_is_lenient(const struct h2_session *s, uint32_t id) {
    return id <= s->lenient_upto || id > s->last_served;
}

bool stream_was_opened(const struct h2_session *s, uint32_t id) {
    uint32_t steps = (s->last_id - id) / 2;
    return steps >= 64 || (s->opened >> steps & 1);
}

/* Closed is what was reset, or ended by both (RFC 9113 5.1). */
static bool is_closed(const struct h2_stream *st) {
    return st->is_reset || (st->ended_by_peer && st->ended_by_us);
}

void stream_peer_ended(struct h2_session *s, struct h2_stream *st) {
    st->ended_by_peer = true;
    if (is_closed(st)) s->active--;
}

void stream_we_ended(struct h2_session *s, struct h2_stream *st) {
    st->ended_by_us = true;
    if (is_closed(st)) s->active--;
    budget_worked(&s->budgets, BUDGET_RESPONSE);
    turn_update(s, st);
}

void stream_closed(struct h2_session *s, struct h2_stream *st) {
    if (!is_closed(st)) s->active--;
    st->is_reset = true;
    if (s->ending == st) s->ending = NULL;
    if (s->data.stream == st) s->data.stream = NULL;
    turn_update(s, st);
}

void h2_reset(struct h2_session *s, struct h2_stream *st, uint32_t error) {
    if (is_closed(st)) return;
    if (!st->ended_by_peer && st->id > s->lenient_upto) s->lenient_upto = st->id;
    stream_closed(s, st);
    if (!s->has_failed) frame_put_32(&s->control, FRAME_RST_STREAM, st->id, error);
}

void h2_stream_drop(struct h2_session *s, struct h2_stream *st) {
    assert(!s->block.is_unread);
    h2_reset(s, st, st->ended_by_us && !s->client.is_on ? H2_NO_ERROR : H2_CANCEL);
    if (st->held) flow_consume(s, st, st->held);
    stream_free(s, st);
}

uint32_t h2_stream_count(const struct h2_session *s) {
    return s->count;
}

struct list *h2_streams(struct h2_session *s) {
    return &s->streams;
}
