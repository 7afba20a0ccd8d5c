/* block.c - header blocks: HEADERS and CONTINUATION become one (RFC 9113 4.3), which begins or ends a stream */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2/session.h"

/*
 * What a block may cost. A head that is larger than options.head_bytes is decoded all the same and answered with
 * 431; twice that (and a frame on top) is no head any more, nor is one in very many pieces. A field of the table
 * takes one byte and may become 4 KiB: what a block becomes is bounded as well. Beyond: ENHANCE_YOUR_CALM.
 */
enum { BLOCK_FACTOR = 2, DECODED_FACTOR = 16, FRAGMENTS_MAX = 32, EMPTY_FRAGMENTS_MAX = 4 };

uint64_t block_bytes_max(const struct h2_session *s) {
    return (uint64_t)s->options.head_bytes * BLOCK_FACTOR + FRAME_BYTES_MAX;
}

uint64_t block_decoded_max(const struct h2_session *s) {
    return (uint64_t)s->options.head_bytes * DECODED_FACTOR + FRAME_BYTES_MAX;
}

void block_is_read(struct h2_session *s) {
    s->block.is_unread = false;
    buf_done(&s->block.fragments);
}

/* On a stream that is closed: a block may have been under way when it was reset; else it is an error. */
static enum h2_event_kind take_late(struct h2_session *s, uint32_t id) {
    const char *why;
    if (!stream_was_opened(s, id))
        return session_fail(s, H2_PROTOCOL_ERROR, "HEADERS on a stream that was skipped");
    if (!stream_is_lenient(s, id))
        return session_fail(s, H2_STREAM_CLOSED, "HEADERS on a stream that is closed");
    if ((why = budget_spend(&s->budgets, BUDGET_LATE))) return session_fail(s, H2_ENHANCE_YOUR_CALM, why);
    head_skip(s, s->block.whole);
    return H2_MORE;
}

/* The table has to be kept right, even if nobody wants the request (RFC 9113 4.3). */
static enum h2_event_kind refuse(struct h2_session *s, uint32_t id) {
    const char *why = budget_spend(&s->budgets, BUDGET_RESETS);
    if (why) return session_fail(s, H2_ENHANCE_YOUR_CALM, why);
    if (!s->block.end_stream && id > s->lenient_upto) s->lenient_upto = id;
    if (head_skip(s, s->block.whole)) frame_put_32(&s->control, FRAME_RST_STREAM, id, H2_REFUSED_STREAM);
    return H2_MORE;
}

static enum h2_event_kind open_stream(struct h2_session *s, uint32_t id, struct h2_event *e) {
    if (s->client.is_on) return session_fail(s, H2_PROTOCOL_ERROR, "HEADERS on a stream that was not asked for");
    stream_note_id(s, id);
    if (id > s->last_served) return take_late(s, id); /* after our GOAWAY: RFC 9113 6.8 */
    /* Streams that are closed but still held by their takers have a bound, too. */
    if (s->active >= s->options.streams || s->count >= 2 * s->options.streams) return refuse(s, id);
    struct h2_stream *st = stream_make(s, id);
    if (s->early) priority_take_early(s, st);
    if (s->block.end_stream) {
        stream_peer_ended(s, st);
        s->ending = st;
    }
    s->block.is_unread = true;
    e->stream = st;
    return H2_HEAD;
}

/* In a client's session: interim heads, then one. */
static enum h2_event_kind take_response(struct h2_session *s, struct h2_stream *st, struct h2_event *e) {
    if (st->ended_by_peer || st->reset_by_peer)
        return session_fail(s, H2_STREAM_CLOSED, "HEADERS on a stream that the peer has ended");
    if (st->is_reset) return take_late(s, st->id);
    if (s->block.end_stream) {
        stream_peer_ended(s, st);
        s->ending = st;
    }
    s->block.is_unread = true;
    e->stream = st;
    return H2_HEAD;
}

/* A second block is trailers: they end the stream (RFC 9113 8.1). */
static enum h2_event_kind take_trailers(struct h2_session *s, struct h2_stream *st, struct h2_event *e) {
    if (st->ended_by_peer || st->reset_by_peer)
        return session_fail(s, H2_STREAM_CLOSED, "HEADERS on a stream that the peer has ended");
    if (st->is_reset) return take_late(s, st->id);
    const char *why = head_read_trailers(s, s->block.whole);
    if (s->has_failed) return H2_CLOSE;
    if (st->is_connect) why = "HEADERS in a tunnel"; /* RFC 9113 8.5 */
    if (!s->block.end_stream) why = "trailers without END_STREAM";
    if (st->body_left > 0) why = "the body is not as long as its content-length";
    if (why) head_forget_trailers(s);
    if (why) return stream_fail(s, st, H2_PROTOCOL_ERROR, why, e);
    stream_peer_ended(s, st);
    s->ending = st;
    return H2_MORE;
}

static enum h2_event_kind take_block(struct h2_session *s, uint32_t id, struct span whole, struct h2_event *e) {
    enum h2_event_kind kind;
    bool is_idle = stream_is_idle(s, id);
    struct h2_stream *st = is_idle ? NULL : stream_find(s, id);
    s->block.whole = whole;
    s->block.stream = 0;
    if (is_idle) kind = open_stream(s, id, e);
    else if (!st) kind = take_late(s, id);
    else if (st->awaits_head) kind = take_response(s, st, e);
    else kind = take_trailers(s, st, e);
    if (kind != H2_HEAD) block_is_read(s);
    return kind;
}

static enum h2_event_kind keep_fragment(struct h2_session *s, struct span fragment) {
    struct block *b = &s->block;
    const char *why = NULL;
    b->count++;
    if (fragment.n == 0) b->empty++;
    if (b->count > FRAGMENTS_MAX) why = "a header block in too many pieces";
    if (b->empty > EMPTY_FRAGMENTS_MAX) why = "a header block with empty pieces";
    if (b->fragments.n + fragment.n > block_bytes_max(s)) why = "a header block is much too large";
    if (why) return session_fail(s, H2_ENHANCE_YOUR_CALM, why);
    buf_add(&b->fragments, fragment);
    return H2_MORE;
}

/* [pad length (8)] [priority (40)] fragment [padding]: what stands before the fragment. */
static size_t before(const struct frame *f) {
    return (f->flags & FLAG_PADDED ? 1u : 0u) + (f->flags & FLAG_PRIORITY ? 5u : 0u);
}

/* Takes padding and priority off. False: more padding than payload. */
static bool unwrap(const struct frame *f, struct span *payload) {
    size_t padding = f->flags & FLAG_PADDED ? (unsigned char)payload->p[0] : 0;
    if (payload->n - before(f) < padding) return false;
    *payload = span_upto(span_from(*payload, before(f)), payload->n - before(f) - padding);
    return true;
}

enum h2_event_kind block_headers(struct h2_session *s, const struct frame *f, struct span payload,
                                 struct h2_event *e) {
    if (f->stream % 2 == 0)
        return session_fail(s, H2_PROTOCOL_ERROR, "HEADERS on a stream that nobody can open");
    if (payload.n < before(f)) /* RFC 9113 4.2 */
        return session_fail(s, H2_FRAME_SIZE_ERROR, "HEADERS too short for their flags");
    if (!unwrap(f, &payload)) return session_fail(s, H2_PROTOCOL_ERROR, "more padding than payload");
    s->block.end_stream = (f->flags & FLAG_END_STREAM) != 0;
    if (f->flags & FLAG_END_HEADERS) return take_block(s, f->stream, payload, e);
    s->block.stream = f->stream;
    s->block.count = s->block.empty = 0;
    return keep_fragment(s, payload);
}

enum h2_event_kind block_continuation(struct h2_session *s, const struct frame *f, struct span payload,
                                      struct h2_event *e) {
    if (s->block.stream == 0) return session_fail(s, H2_PROTOCOL_ERROR, "CONTINUATION of nothing");
    if (keep_fragment(s, payload) == H2_CLOSE) return H2_CLOSE;
    if (!(f->flags & FLAG_END_HEADERS)) return H2_MORE;
    return take_block(s, f->stream, buf_span(&s->block.fragments), e);
}
