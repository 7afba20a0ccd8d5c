/* flow.c - flow control (RFC 9113 5.2, 6.9): how much each side may send */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2/session.h"

/*
 * Receive windows. A window and what is held (received, not yet consumed) are together never more than a target, so
 * a consumer that takes nothing costs its target and no more. Targets begin small and are brought up to what the road
 * to the peer holds: now and then a PING goes out with a window update, and what was consumed until its answer comes
 * is what was under way in one round trip. If that is more than half of a stream's window, the window was what held
 * the peer up: it is doubled. Only a stream whose consumer has taken everything gets the larger target.
 *
 * Where we are the client, streams are the requests of many clients: one that takes nothing must not hold up the
 * others. The connection's window is then given back as bytes come, and only streams, with a smaller bound, hold the
 * peer back.
 */
enum {
    CONNECTION_TARGET = 256 * 1024,      /* at first: four streams */
    TARGET_MAX = 4 * 1024 * 1024,        /* of the connection, and of a stream */
    CLIENT_TARGET = 1024 * 1024,         /* of a client's connection */
    CLIENT_STREAM_MAX = 256 * 1024       /* … stream */
};
enum probe_state { PROBE_NONE, PROBE_UNDER_WAY };

/* Small steps are saved up: an update is sent when half of the target can be given. */
static bool give_window(struct h2_session *s, uint32_t stream, int64_t *window, int64_t held, int64_t target) {
    int64_t room = target - held - *window;
    if (room * 2 < target || s->has_failed) return false;
    frame_put_32(&s->control, FRAME_WINDOW_UPDATE, stream, (uint32_t)room);
    *window += room;
    return true;
}

void flow_init(struct h2_session *s) {
    s->send_window = s->peer_window = WINDOW_AT_FIRST;
    s->receive_window = WINDOW_AT_FIRST;
    s->receive_target = s->client.is_on ? CLIENT_TARGET : CONNECTION_TARGET;
    s->stream_target = WINDOW_AT_FIRST;
    give_window(s, 0, &s->receive_window, 0, s->receive_target);
}

static int64_t stream_target_max(const struct h2_session *s) {
    return s->client.is_on ? CLIENT_STREAM_MAX : TARGET_MAX;
}

static void start_probe(struct h2_session *s) {
    char payload[8];
    if (s->probe_state != PROBE_NONE || s->stream_target >= stream_target_max(s)) return;
    s->probe_state = PROBE_UNDER_WAY;
    s->probe_bytes = 0;
    s->probe++;
    write_32(payload, (uint32_t)(s->probe >> 32));
    write_32(payload + 4, (uint32_t)s->probe);
    frame_put(&s->control, FRAME_PING, 0, 0, (struct span){payload, sizeof payload});
}

bool flow_probe_answered(struct h2_session *s, uint64_t opaque) {
    if (s->probe_state != PROBE_UNDER_WAY || opaque != s->probe) return false;
    s->probe_state = PROBE_NONE;
    if (s->probe_bytes * 2 <= s->stream_target) return true;
    int64_t most = stream_target_max(s);
    s->stream_target = s->stream_target * 2 < most ? s->stream_target * 2 : most;
    if (s->receive_target < s->stream_target * 2) s->receive_target = s->stream_target * 2;
    if (s->receive_target > TARGET_MAX) s->receive_target = TARGET_MAX;
    return true;
}

bool flow_receive(struct h2_session *s, struct h2_stream *st, uint32_t n) {
    if (n > s->receive_window) return false;
    s->receive_window -= n;
    if (!s->client.is_on) s->held += n;
    if (st) {
        st->receive_window -= n;
        st->held += n;
    }
    return true;
}

void flow_consume(struct h2_session *s, struct h2_stream *st, int64_t n) {
    bool gave = false;
    if (!s->client.is_on) s->held -= n;
    s->probe_bytes += n;
    if (st) {
        st->held -= n;
        if (st->held == 0) st->receive_target = s->stream_target;
        if (!st->ended_by_peer && !st->is_reset)
            gave = give_window(s, st->id, &st->receive_window, st->held, st->receive_target);
    }
    if (give_window(s, 0, &s->receive_window, s->held, s->receive_target) || gave) start_probe(s);
}

void h2_consumed(struct h2_session *s, struct h2_stream *st, uint64_t n) {
    if (n > (uint64_t)st->held) n = (uint64_t)st->held;
    if (n) flow_consume(s, st, (int64_t)n);
}

static enum h2_event_kind widen_connection(struct h2_session *s, uint32_t increment) {
    if (increment == 0) return session_fail(s, H2_PROTOCOL_ERROR, "WINDOW_UPDATE of nothing");
    if (s->send_window + increment > WINDOW_MAX)
        return session_fail(s, H2_FLOW_CONTROL_ERROR, "the connection's window is too large");
    s->send_window += increment;
    return H2_MORE;
}

static enum h2_event_kind widen_stream(struct h2_session *s, struct h2_stream *st, uint32_t increment,
                                       struct h2_event *e) {
    if (increment == 0) return stream_fail(s, st, H2_PROTOCOL_ERROR, "WINDOW_UPDATE of nothing", e);
    if (st->send_window + increment > WINDOW_MAX)
        return stream_fail(s, st, H2_FLOW_CONTROL_ERROR, "the stream's window is too large", e);
    st->send_window += increment;
    turn_update(s, st);
    return H2_MORE;
}

enum h2_event_kind flow_window_update(struct h2_session *s, const struct frame *f, struct span payload,
                                      struct h2_event *e) {
    uint32_t increment = read_32(payload.p) & WINDOW_MAX;
    const char *why = NULL;
    if (increment < TINY_INCREMENT && s->small_frames) s->small_frames--; /* it has got no more than that */
    else if (increment < TINY_INCREMENT) why = budget_spend(&s->budgets, BUDGET_TINY_WINDOWS);
    if (why) return session_fail(s, H2_ENHANCE_YOUR_CALM, why);
    if (f->stream == 0) return widen_connection(s, increment);
    if (stream_is_idle(s, f->stream)) return session_fail(s, H2_PROTOCOL_ERROR, "WINDOW_UPDATE on an idle stream");
    struct h2_stream *st = stream_find(s, f->stream);
    return st && !st->is_reset && !st->ended_by_us ? widen_stream(s, st, increment, e) : H2_MORE;
}

bool flow_set_initial(struct h2_session *s, uint32_t size) {
    int64_t more = (int64_t)size - s->peer_window;
    s->peer_window = size;
    for (struct list *l = s->streams.next; l != &s->streams; l = l->next) {
        struct h2_stream *st = CONTAINER(l, struct h2_stream, link);
        st->send_window += more;
        if (st->send_window > WINDOW_MAX) return false;
        turn_update(s, st);
    }
    return true;
}
