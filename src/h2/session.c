/* session.c - an HTTP/2 connection: its life, its frames one after the other (RFC 9113 3.4, 4, 5.4, 6) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "h2/session.h"

/* A peer that makes us answer and does not read: whoever drives the session should have stopped long before. */
enum { CONTROL_BYTES_MAX = 64 * 1024 };

/* ---- life ------------------------------------------------------------------------------------- */

/* The first frame (RFC 9113 3.4). What is not said has its default: windows of 64 KiB, a table of 4 KiB. */
static void put_settings(struct h2_session *s) {
    struct buf payload = {0};
    setting_put(&payload, SETTING_MAX_CONCURRENT_STREAMS, s->options.streams);
    setting_put(&payload, SETTING_MAX_HEADER_LIST_SIZE, s->options.head_bytes);
    setting_put(&payload, SETTING_NO_RFC7540_PRIORITIES, 1);
    if (s->options.extended_connect) setting_put(&payload, SETTING_ENABLE_CONNECT_PROTOCOL, 1);
    frame_put(&s->control, FRAME_SETTINGS, 0, 0, buf_span(&payload));
    buf_done(&payload);
}

struct h2_session *session_make(const struct h2_options *o) {
    struct h2_session *s = memory_zeroed(1, sizeof *s);
    s->options = *o;
    s->last_served = s->earlier_upto = UINT32_MAX;
    s->peer_table = HPACK_TABLE_BYTES;
    s->peer_no_priorities = -1;
    list_init(&s->streams);
    for (unsigned i = 0; i < H2_URGENCIES; i++) list_init(&s->turns[i]);
    hpack_init(&s->decoder, HPACK_TABLE_BYTES);
    return s;
}

struct h2_session *h2_make(const struct h2_options *o) {
    struct h2_session *s = session_make(o);
    put_settings(s);
    flow_init(s);
    return s;
}

void h2_drop(struct h2_session *s) {
    if (!s) return;
    assert(s->count == 0);
    hpack_done(&s->decoder);
    buf_done(&s->control);
    buf_done(&s->kept);
    buf_done(&s->block.fragments);
    head_forget_trailers(s);
    free(s->early);
    free(s);
}

/* ---- errors and the end ----------------------------------------------------------------------- */

/* The PING behind the first GOAWAY: its answer says that the client has read that. */
static const char farewell[8] = {'f', 'a', 'r', 'e', 'w', 'e', 'l', 'l'};

static void put_goaway(struct h2_session *s, uint32_t error) {
    if (s->last_served > s->last_id && !s->client.is_on) s->last_served = s->last_id;
    s->is_leaving = false;
    s->is_going = true;
    frame_put_goaway(&s->control, s->client.is_on ? 0 : s->last_served, error); /* a server opens no streams */
}

enum h2_event_kind session_fail(struct h2_session *s, uint32_t error, const char *why) {
    if (s->has_failed) return H2_CLOSE;
    put_goaway(s, error);
    s->has_failed = true;
    s->error = error;
    s->why = why;
    return H2_CLOSE;
}

enum h2_event_kind stream_fail(struct h2_session *s, struct h2_stream *st, uint32_t error, const char *why,
                               struct h2_event *e) {
    const char *too_often = budget_spend(&s->budgets, BUDGET_RESETS);
    h2_reset(s, st, error);
    if (too_often) return session_fail(s, H2_ENHANCE_YOUR_CALM, too_often);
    s->why = why;
    e->stream = st;
    e->error = error;
    e->why = why;
    return H2_RESET;
}

const char *h2_last_fault(const struct h2_session *s) {
    return s->why;
}

void h2_goaway(struct h2_session *s) {
    if (s->is_going || s->is_leaving) return;
    s->is_leaving = true;
    frame_put_goaway(&s->control, WINDOW_MAX, H2_NO_ERROR);
    frame_put(&s->control, FRAME_PING, 0, 0, (struct span){farewell, sizeof farewell});
}

void h2_goaway_now(struct h2_session *s) {
    if (!s->is_going) put_goaway(s, H2_NO_ERROR);
}

void h2_fail(struct h2_session *s, uint32_t error) {
    session_fail(s, error, "the connection is given up");
}

void h2_second(struct h2_session *s) {
    budget_worked(&s->budgets, BUDGET_SECOND);
}

bool h2_is_ending(const struct h2_session *s) {
    return s->is_going || s->peer_is_going;
}

void h2_control(struct h2_session *s, struct chunks *out) {
    if (s->control.n == 0) return;
    chunks_add_copy(out, buf_span(&s->control));
    buf_done(&s->control);
}

const struct fields *h2_trailers(const struct h2_session *s) {
    return s->trailers.count ? &s->trailers : NULL;
}

size_t h2_control_bytes(const struct h2_session *s) {
    return s->control.n;
}

/* Spends for a frame that makes work and is of no use. True: that was one too many. */
static bool is_too_much(struct h2_session *s, enum budget which) {
    const char *why = budget_spend(&s->budgets, which);
    if (why) session_fail(s, H2_ENHANCE_YOUR_CALM, why);
    return why != NULL;
}

/* ---- SETTINGS, PING, GOAWAY, RST_STREAM, PRIORITY --------------------------------------------- */

static enum h2_event_kind take_setting(struct h2_session *s, uint16_t setting, uint32_t value) {
    const char *why = "a setting has a value that it cannot have";
    uint32_t error = setting_check(setting, value);
    if (!error && s->client.is_on) error = client_setting(s, setting, value, &why);
    if (error) return session_fail(s, error, why);
    switch (setting) {
    case SETTING_HEADER_TABLE_SIZE:
        if (value < s->peer_table) s->must_say_no_table = true;
        s->peer_table = value;
        break;
    case SETTING_INITIAL_WINDOW_SIZE:
        if (flow_set_initial(s, value)) break;
        return session_fail(s, H2_FLOW_CONTROL_ERROR, "SETTINGS make the window of a stream too large");
    case SETTING_NO_RFC7540_PRIORITIES: /* fixed by the first SETTINGS (RFC 9218 2.1) */
        if (s->has_settings && s->peer_no_priorities != (int8_t)value)
            return session_fail(s, H2_PROTOCOL_ERROR, "SETTINGS_NO_RFC7540_PRIORITIES was changed");
        s->peer_no_priorities = (int8_t)value;
        break;
    default: /* of no meaning for what we send: we push nothing, and our heads and frames are small */
        break;
    }
    return H2_MORE;
}

enum { SETTING_BYTES = 6, SETTINGS_FOR_ONE = 32 /* a frame with more costs as several */ };

static enum h2_event_kind take_settings(struct h2_session *s, const struct frame *f, struct span payload) {
    if (is_too_much(s, BUDGET_SETTINGS)) return H2_CLOSE;
    if (f->flags & FLAG_ACK)
        return payload.n ? session_fail(s, H2_FRAME_SIZE_ERROR, "SETTINGS with ACK and a payload") : H2_MORE;
    if (payload.n % SETTING_BYTES) return session_fail(s, H2_FRAME_SIZE_ERROR, "SETTINGS with half a setting");
    if (!s->has_settings) s->client.peer_streams = UINT32_MAX; /* unless they say less */
    for (size_t at = 0; at < payload.n; at += SETTING_BYTES) {
        if (at && at % (SETTING_BYTES * SETTINGS_FOR_ONE) == 0 && is_too_much(s, BUDGET_SETTINGS)) return H2_CLOSE;
        if (take_setting(s, read_16(payload.p + at), read_32(payload.p + at + 2)) == H2_CLOSE) return H2_CLOSE;
    }
    if (s->peer_no_priorities < 0) s->peer_no_priorities = 0;
    s->has_settings = true;
    frame_put(&s->control, FRAME_SETTINGS, FLAG_ACK, 0, (struct span){NULL, 0});
    return H2_MORE;
}

static enum h2_event_kind take_ping(struct h2_session *s, const struct frame *f, struct span payload) {
    uint64_t opaque = (uint64_t)read_32(payload.p) << 32 | read_32(payload.p + 4);
    if (f->flags & FLAG_ACK && flow_probe_answered(s, opaque)) return H2_MORE;
    if (f->flags & FLAG_ACK && s->is_leaving && memcmp(payload.p, farewell, sizeof farewell) == 0) {
        h2_goaway_now(s);
        return H2_MORE;
    }
    if (is_too_much(s, BUDGET_PINGS)) return H2_CLOSE;
    if (!(f->flags & FLAG_ACK)) frame_put(&s->control, FRAME_PING, FLAG_ACK, 0, payload);
    return H2_MORE;
}

static enum h2_event_kind take_goaway(struct h2_session *s, struct span payload) {
    s->peer_is_going = true;
    if (s->client.is_on) client_goaway(s, payload);
    return is_too_much(s, BUDGET_UNKNOWN) ? H2_CLOSE : H2_MORE;
}

/* A request that is taken back in the same breath may have been answered already. That response was of no use: what
 * it has earned is paid back with the price of a reset. */
static bool is_taken_back_too_often(struct h2_session *s) {
    for (unsigned i = 0; i < 3; i++)
        if (is_too_much(s, BUDGET_RESETS)) return true;
    return false;
}

static enum h2_event_kind take_reset(struct h2_session *s, const struct frame *f, struct span payload,
                                     struct h2_event *e) {
    if (stream_is_idle(s, f->stream)) return session_fail(s, H2_PROTOCOL_ERROR, "RST_STREAM on an idle stream");
    struct h2_stream *st = stream_find(s, f->stream);
    bool same_breath = !st && f->stream > s->earlier_upto;
    if (same_breath && is_taken_back_too_often(s)) return H2_CLOSE;
    if (!st || st->is_reset) return is_too_much(s, BUDGET_LATE) ? H2_CLOSE : H2_MORE;
    st->reset_by_peer = true;
    if (st->ended_by_peer && st->ended_by_us) return H2_MORE; /* over already: nobody need know */
    if (!st->ended_by_us && !s->client.is_on && is_too_much(s, BUDGET_RESETS)) return H2_CLOSE;
    stream_closed(s, st);
    e->stream = st;
    e->error = read_32(payload.p);
    st->is_unprocessed = e->error == H2_REFUSED_STREAM; /* RFC 9113 8.7 */
    return H2_RESET;
}

/* ---- DATA ------------------------------------------------------------------------------------- */

/* What is wrong with n bytes of body for this stream; 0 if nothing is. */
static uint32_t check_body(const struct h2_stream *st, const struct frame *f, uint32_t n, const char **why) {
    *why = "more data than the stream's window allows";
    if (f->length > st->receive_window) return H2_FLOW_CONTROL_ERROR;
    *why = "DATA before a head";
    if (st->awaits_head) return H2_PROTOCOL_ERROR;
    *why = "the body is not as long as its content-length"; /* RFC 9113 8.1.1 */
    if (st->body_left == BODY_UNKNOWN) return H2_NO_ERROR;
    bool fits = f->flags & FLAG_END_STREAM ? n == st->body_left : n <= st->body_left;
    return fits ? H2_NO_ERROR : H2_PROTOCOL_ERROR;
}

/* The stream that wants this frame's data: NULL, nobody does, it is thrown away. */
static enum h2_event_kind find_taker(struct h2_session *s, const struct frame *f, struct h2_stream **taker) {
    struct h2_stream *st = stream_find(s, f->stream);
    *taker = NULL;
    if (stream_is_idle(s, f->stream)) return session_fail(s, H2_PROTOCOL_ERROR, "DATA on an idle stream");
    if (st ? st->ended_by_peer || st->reset_by_peer : !stream_is_lenient(s, f->stream))
        return session_fail(s, H2_STREAM_CLOSED, "DATA on a stream that the peer has ended");
    if (st && !st->is_reset) *taker = st;
    else if (is_too_much(s, BUDGET_LATE)) return H2_CLOSE;
    return H2_MORE;
}

static enum h2_event_kind begin_data(struct h2_session *s, const struct frame *f, struct span payload,
                                     struct h2_event *e) {
    struct h2_stream *st;
    const char *why;
    uint32_t around = f->flags & FLAG_PADDED ? 1 : 0; /* the length of the padding, and the padding */
    if (around && f->length == 0) return session_fail(s, H2_FRAME_SIZE_ERROR, "no room for the length of padding");
    if (around) around += (unsigned char)payload.p[0];
    if (around > f->length) return session_fail(s, H2_PROTOCOL_ERROR, "more padding than payload");
    uint32_t n = f->length - around;
    if (find_taker(s, f, &st) == H2_CLOSE) return H2_CLOSE;
    if (n == 0 && !(f->flags & FLAG_END_STREAM) && is_too_much(s, BUDGET_EMPTY_DATA)) return H2_CLOSE;

    uint32_t error = st ? check_body(st, f, n, &why) : H2_NO_ERROR;
    if (!flow_receive(s, error ? NULL : st, f->length))
        return session_fail(s, H2_FLOW_CONTROL_ERROR, "more data than the connection's window allows");
    if (error) stream_fail(s, st, error, why, e);
    if (error) st = NULL;
    flow_consume(s, st, st ? around : f->length);
    if (st && st->body_left != BODY_UNKNOWN) st->body_left -= n;
    if (n >= BUDGET_DATA_BYTES) budget_worked(&s->budgets, BUDGET_DATA);
    s->data = (struct data){.stream = st,
                            .left = n,
                            .padding = (uint16_t)(around ? around - 1 : 0),
                            .is_open = true,
                            .end_stream = (f->flags & FLAG_END_STREAM) != 0};
    return error ? H2_RESET : H2_MORE;
}

/* Goes on with the payload: what there is of it. */
static enum h2_event_kind next_data(struct h2_session *s, struct span *in, struct h2_event *e) {
    struct data *d = &s->data;
    uint32_t n = in->n < d->left ? (uint32_t)in->n : d->left;
    if (n) {
        e->stream = d->stream;
        e->data = span_upto(*in, n);
        *in = span_from(*in, n);
        d->left -= n;
        return d->stream ? H2_DATA : H2_MORE;
    }
    uint16_t skip = in->n < d->padding ? (uint16_t)in->n : d->padding;
    *in = span_from(*in, skip);
    d->padding = (uint16_t)(d->padding - skip);
    if (d->left || d->padding) return H2_MORE;
    d->is_open = false;
    if (!d->stream || !d->end_stream) return H2_MORE;
    stream_peer_ended(s, d->stream);
    e->stream = d->stream;
    d->stream = NULL;
    return H2_END;
}

/* ---- frames ----------------------------------------------------------------------------------- */

static enum h2_event_kind skip_unknown(struct h2_session *s, const struct frame *f) {
    if (is_too_much(s, BUDGET_UNKNOWN)) return H2_CLOSE;
    s->data = (struct data){.left = f->length, .is_open = true};
    return H2_MORE;
}

static enum h2_event_kind take_frame(struct h2_session *s, const struct frame *f, struct span payload,
                                     struct h2_event *e) {
    switch (f->type) {
    case FRAME_DATA: return begin_data(s, f, payload, e);
    case FRAME_HEADERS: return block_headers(s, f, payload, e);
    case FRAME_PRIORITY: /* what it says is out of use (RFC 9113 5.3.2) */
        return is_too_much(s, BUDGET_PRIORITIES) ? H2_CLOSE : H2_MORE;
    case FRAME_RST_STREAM: return take_reset(s, f, payload, e);
    case FRAME_SETTINGS: return take_settings(s, f, payload);
    case FRAME_PUSH_PROMISE: return session_fail(s, H2_PROTOCOL_ERROR, "PUSH_PROMISE, which nobody may send here");
    case FRAME_PING: return take_ping(s, f, payload);
    case FRAME_GOAWAY: return take_goaway(s, payload);
    case FRAME_WINDOW_UPDATE: return flow_window_update(s, f, payload, e);
    case FRAME_CONTINUATION: return block_continuation(s, f, payload, e);
    case FRAME_PRIORITY_UPDATE:
        if (s->client.is_on) return session_fail(s, H2_PROTOCOL_ERROR, "PRIORITY_UPDATE from a server");
        return priority_update(s, payload);
    default: return skip_unknown(s, f);
    }
}

/* Of a frame's head, alone and in its place among others. */
static bool is_sound(struct h2_session *s, const struct frame *f) {
    const char *why = "the first frame is not SETTINGS";
    uint32_t error = H2_PROTOCOL_ERROR;
    if (s->has_settings || (f->type == FRAME_SETTINGS && !(f->flags & FLAG_ACK))) error = frame_check(f, &why);
    if (error && client_sees_http1(s, f)) why = "it speaks HTTP/1, and not HTTP/2";
    bool continues = f->type == FRAME_CONTINUATION && f->stream == s->block.stream;
    if (!error && s->block.stream && !continues) {
        error = H2_PROTOCOL_ERROR;
        why = "another frame within a header block";
    }
    if (error) session_fail(s, error, why);
    return !error;
}

/* How much must be there before it is acted on: data is handed on as it comes, the unknown is not looked at. */
static size_t needed(const struct frame *f) {
    size_t payload = f->length;
    if (f->type == FRAME_DATA) payload = f->flags & FLAG_PADDED && f->length > 0 ? 1 : 0;
    else if (!frame_is_known(f->type)) payload = 0;
    return FRAME_HEAD_BYTES + payload;
}

/* Moves bytes until n are kept; false if there are not enough. */
static bool keep(struct h2_session *s, struct span *in, size_t n) {
    size_t more = s->kept.n < n ? n - s->kept.n : 0;
    if (more > in->n) more = in->n;
    buf_add(&s->kept, span_upto(*in, more));
    *in = span_from(*in, more);
    return s->kept.n >= n;
}

/* The next frame: in place, where the input has all of it. False: there is none yet, or the session has failed. */
static bool next_frame(struct h2_session *s, struct span *in, struct frame *f, struct span *payload) {
    if (s->kept_is_done) buf_done(&s->kept);
    s->kept_is_done = false;
    if (s->kept.n == 0 && in->n >= FRAME_HEAD_BYTES) {
        *f = frame_read(in->p);
        if (!is_sound(s, f)) return false;
        size_t n = needed(f);
        if (in->n >= n) {
            *payload = span_between(in->p + FRAME_HEAD_BYTES, in->p + n);
            *in = span_from(*in, n);
            return true;
        }
    }
    if (!keep(s, in, FRAME_HEAD_BYTES)) return false;
    *f = frame_read(s->kept.p);
    if (!is_sound(s, f) || !keep(s, in, needed(f))) return false;
    *payload = span_from(buf_span(&s->kept), FRAME_HEAD_BYTES);
    s->kept_is_done = true;
    return true;
}

/* RFC 9113 3.4 */
static bool has_preface(struct h2_session *s, struct span *in) {
    size_t left = (size_t)H2_PREFACE_BYTES - s->preface_at, n = in->n < left ? in->n : left;
    if (n && memcmp(in->p, &H2_PREFACE[s->preface_at], n) != 0) {
        session_fail(s, H2_PROTOCOL_ERROR, "no connection preface");
        return false;
    }
    s->preface_at = (uint8_t)(s->preface_at + n);
    *in = span_from(*in, n);
    return n == left;
}

/* The next step: false if the input is used up (or the session has failed). */
static bool step(struct h2_session *s, struct span *in, struct h2_event *e) {
    struct frame f;
    struct span payload;
    if (s->ending) {
        e->stream = s->ending;
        e->kind = H2_END;
        s->ending = NULL;
        return true;
    }
    if (s->client.has_unprocessed && client_next_unprocessed(s, e)) return true;
    if (s->data.is_open) {
        if (in->n == 0 && (s->data.left || s->data.padding)) return false;
        e->kind = next_data(s, in, e);
        return true;
    }
    if (s->preface_at < H2_PREFACE_BYTES && !has_preface(s, in)) return false;
    if (!next_frame(s, in, &f, &payload)) return false;
    e->kind = take_frame(s, &f, payload, e);
    if (s->control.n > CONTROL_BYTES_MAX) session_fail(s, H2_ENHANCE_YOUR_CALM, "answers are not read");
    return true;
}

void h2_input_begins(struct h2_session *s) {
    s->earlier_upto = s->last_id;
}

enum h2_event_kind h2_next(struct h2_session *s, struct span *in, struct h2_event *e) {
    assert(!s->block.is_unread);
    if (s->trailer_arena.blocks) head_forget_trailers(s);
    *e = (struct h2_event){.kind = H2_MORE};
    while (e->kind == H2_MORE && !s->has_failed)
        if (!step(s, in, e)) break;
    if (!s->has_failed) return e->kind;
    if (s->block.is_unread) { /* a stream was opened in this very step: nobody is told of it */
        if (!s->client.is_on) stream_free(s, e->stream);
        block_is_read(s);
    }
    *e = (struct h2_event){.kind = H2_CLOSE, .error = s->error, .why = s->why};
    *in = span_from(*in, in->n);
    return H2_CLOSE;
}
