/* emit.c - responses as frames: header blocks and data (RFC 9113 6.1, 6.2, 8.1) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2/session.h"
#include "http/date.h"

/* A body of so few bytes is copied behind its head: the two together are no more than a packet. */
enum { SMALL_BODY_BYTES = 1280 };

static bool can_send(const struct h2_session *s, const struct h2_stream *st) {
    return !s->has_failed && !st->is_reset && !st->ended_by_us;
}

/* ---- header blocks ---------------------------------------------------------------------------- */

/* The block of the date is the same for all responses of a second. */
static struct span date_block(int64_t now_s) {
    static struct buf block;
    static int64_t second;
    char date[HTTP_DATE_BYTES];
    if (block.n && second == now_s) return buf_span(&block);
    date_format(now_s, date);
    buf_clear(&block);
    hpack_put(&block, HEADER_DATE, SPAN("date"), (struct span){date, sizeof date});
    second = now_s;
    return buf_span(&block);
}

/* HEADERS, and CONTINUATION for what does not fit. */
static size_t queue_large(struct h2_stream *st, struct span block, uint8_t end, struct chunks *out) {
    struct frame f = {.type = FRAME_HEADERS, .flags = end, .stream = st->id};
    char head[FRAME_HEAD_BYTES];
    size_t queued = 0;
    while (block.n) {
        f.length = block.n < FRAME_BYTES_MAX ? (uint32_t)block.n : FRAME_BYTES_MAX;
        if (f.length == block.n) f.flags |= FLAG_END_HEADERS;
        frame_write(head, &f);
        chunks_add_copy(out, (struct span){head, sizeof head});
        chunks_add_copy(out, span_upto(block, f.length));
        queued += sizeof head + f.length;
        block = span_from(block, f.length);
        f = (struct frame){.type = FRAME_CONTINUATION, .stream = st->id};
    }
    return queued;
}

/* The usual head: one frame. */
static size_t queue_small(struct h2_stream *st, struct span first, struct span second, uint8_t end,
                          struct chunks *out) {
    size_t n = first.n + second.n;
    char *p = chunks_add_room(out, FRAME_HEAD_BYTES + n);
    frame_write(p, &(struct frame){(uint32_t)n, st->id, FRAME_HEADERS, end | FLAG_END_HEADERS});
    memcpy(p + FRAME_HEAD_BYTES, first.p, first.n);
    if (second.n) memcpy(p + FRAME_HEAD_BYTES + first.n, second.p, second.n);
    return FRAME_HEAD_BYTES + n;
}

static size_t queue_joined(struct h2_session *s, struct h2_stream *st, struct span first, struct span second,
                           uint8_t end, struct chunks *out) {
    struct buf all = {0};
    if (s->must_say_no_table) hpack_put_no_table(&all);
    s->must_say_no_table = false;
    buf_add(&all, first);
    buf_add(&all, second);
    size_t queued = queue_large(st, buf_span(&all), end, out);
    buf_done(&all);
    return queued;
}

/* A block in two parts. Returns bytes queued. */
static size_t send_blocks(struct h2_session *s, struct h2_stream *st, struct span first, struct span second, bool end,
                          struct chunks *out) {
    bool is_small = first.n + second.n <= FRAME_BYTES_MAX && !s->must_say_no_table;
    uint8_t flags = end ? FLAG_END_STREAM : 0;
    if (!can_send(s, st)) return 0;
    h2_control(s, out);
    size_t queued = is_small ? queue_small(st, first, second, flags, out)
                             : queue_joined(s, st, first, second, flags, out);
    st->sent_bytes += queued;
    if (end) stream_we_ended(s, st);
    return queued;
}

static const struct span nothing = {NULL, 0};

void h2_send_block(struct h2_session *s, struct h2_stream *st, struct span block, bool end, struct chunks *out) {
    send_blocks(s, st, block, nothing, end, out);
}

static struct blob *encode(struct span head) {
    struct buf block = {0};
    hpack_put_head(&block, head);
    struct blob *blob = blob_copy(buf_span(&block));
    buf_done(&block);
    return blob;
}

/* The block of this answer's head: kept with the reply, where other clients will get the same. */
static struct blob *answer_block(const struct answer *a, struct reply *p) {
    struct blob **kept = a->status == p->status ? &p->coded[0] : a->status == 304 ? &p->coded[1] : NULL;
    if (kept && *kept) return blob_hold(*kept);
    struct blob *head = answer_head(a, p), *block = encode(blob_span(head));
    blob_drop(head);
    if (kept) *kept = blob_hold(block);
    return block;
}

size_t h2_send_reply_head(struct h2_session *s, struct h2_stream *st, struct reply *p, const struct answer *a,
                          int64_t now_s, struct chunks *out) {
    struct blob *block = answer_block(a, p);
    bool end = !a->with_body || p->length == 0;
    size_t queued = send_blocks(s, st, blob_span(block), date_block(now_s), end, out);
    blob_drop(block);
    return queued;
}

/* Fields of HTTP/1's connections (RFC 9113 8.2.2), and those that are made here. */
static bool is_left_out(enum header id) {
    return header_flags(id) & HEADER_HOP_BY_HOP || id == HEADER_CONTENT_LENGTH || id == HEADER_DATE;
}

static void put_field(struct buf *block, const struct field *f) {
    if (is_left_out(f->id) && f->id != HEADER_PROXY_AUTHENTICATE && f->id != HEADER_TRAILER) return;
    if (f->id == HEADER_SET_COOKIE) hpack_put_never_indexed(block, f->id, f->name, f->value);
    else hpack_put(block, f->id, f->name, f->value);
}

size_t h2_send_head(struct h2_session *s, struct h2_stream *st, const struct request *r, int64_t length, bool end,
                    int64_t now_s, struct chunks *out) {
    struct buf block = {0}, digits = {0};
    hpack_put_status(&block, r->status);
    for (uint32_t i = 0; i < r->out.count; i++) put_field(&block, &r->out.list[i]);
    if (length >= 0) {
        buf_add_number(&digits, (uint64_t)length);
        hpack_put(&block, HEADER_CONTENT_LENGTH, SPAN("content-length"), buf_span(&digits));
    }
    size_t queued = send_blocks(s, st, buf_span(&block), date_block(now_s), end, out);
    buf_done(&block);
    buf_done(&digits);
    return queued;
}

void h2_send_continue(struct h2_session *s, struct h2_stream *st, struct chunks *out) {
    struct buf block = {0};
    hpack_put_status(&block, 100);
    send_blocks(s, st, buf_span(&block), nothing, false, out);
    buf_done(&block);
}

void h2_send_trailers(struct h2_session *s, struct h2_stream *st, const struct fields *f, struct chunks *out) {
    struct buf block = {0};
    for (uint32_t i = 0; i < f->count; i++)
        if (!(header_flags(f->list[i].id) & HEADER_NO_TRAILER))
            hpack_put(&block, f->list[i].id, f->list[i].name, f->list[i].value);
    if (block.n) {
        send_blocks(s, st, buf_span(&block), nothing, true, out);
    } else {
        struct chunks empty = {0};
        h2_send_data(s, st, &empty, 0, true, out);
    }
    buf_done(&block);
}

void h2_send_interim(struct h2_session *s, struct h2_stream *st, int status, const struct fields *fields,
                     struct chunks *out) {
    struct buf block = {0};
    hpack_put_status(&block, status);
    for (uint32_t i = 0; fields && i < fields->count; i++) put_field(&block, &fields->list[i]);
    send_blocks(s, st, buf_span(&block), nothing, false, out);
    buf_done(&block);
}

/* ---- data ------------------------------------------------------------------------------------- */

/* How much of n may be sent now. */
static uint64_t within_windows(const struct h2_session *s, const struct h2_stream *st, uint64_t n) {
    int64_t window = s->send_window < st->send_window ? s->send_window : st->send_window;
    if (window <= 0) return 0;
    return n < (uint64_t)window ? n : (uint64_t)window;
}

/* n bytes go out, perhaps all there are; one unit of work for each frame. */
static void note_data(struct h2_session *s, struct h2_stream *st, uint64_t n, bool is_all) {
    if (n < TINY_INCREMENT && is_all && s->small_frames < SMALL_FRAMES_MAX) s->small_frames += 2;
    s->send_window -= (int64_t)n;
    st->send_window -= (int64_t)n;
    budget_worked(&s->budgets, (uint32_t)((n + FRAME_BYTES_MAX - 1) / FRAME_BYTES_MAX) * BUDGET_DATA);
}

/* A frame of few bytes that are in memory is cheaper as a copy behind its head than as a chunk of its own. */
static void queue_data(const struct frame *f, struct chunks *body, struct chunks *out) {
    const struct chunk *c = body->count ? chunks_at(body, 0) : NULL;
    bool is_small = c && c->kind != CHUNK_FILE && c->left >= f->length && f->length <= SMALL_BODY_BYTES;
    size_t copied = is_small ? f->length : 0;
    char *p = chunks_add_room(out, FRAME_HEAD_BYTES + copied);
    frame_write(p, f);
    if (copied) memcpy(p + FRAME_HEAD_BYTES, chunk_bytes(c), copied);
    if (copied) chunks_sent(body, copied);
    else chunks_take(out, body, f->length);
}

uint64_t h2_send_data(struct h2_session *s, struct h2_stream *st, struct chunks *body, uint64_t max, bool last,
                      struct chunks *out) {
    uint64_t n = within_windows(s, st, body->bytes < max ? body->bytes : max), moved = 0;
    bool end = last && n == body->bytes;
    if (!can_send(s, st) || (n == 0 && !end)) return 0;
    note_data(s, st, n, n == body->bytes);
    h2_control(s, out);
    do {
        uint64_t part = n - moved < FRAME_BYTES_MAX ? n - moved : FRAME_BYTES_MAX;
        moved += part;
        uint8_t flags = end && moved == n ? FLAG_END_STREAM : 0;
        queue_data(&(struct frame){(uint32_t)part, st->id, FRAME_DATA, flags}, body, out);
        st->sent_bytes += FRAME_HEAD_BYTES + part;
    } while (moved < n);
    st->pending = body->bytes;
    if (end) stream_we_ended(s, st);
    else turn_update(s, st);
    return n;
}

/* ---- both in one piece ------------------------------------------------------------------------ */

/* Nobody waits for a turn, and n bytes are so few that this stream need not, either; less urgent ones go by their
 * turns, as something better may stand in what was not read yet. */
static bool needs_no_turn(const struct h2_session *s, const struct h2_stream *st, size_t n) {
    return n <= SMALL_BODY_BYTES && s->wanting == 0 && st->ended_by_peer && st->urgency <= H2_URGENCY_DEFAULT &&
           s->send_window >= (int64_t)n && st->send_window >= (int64_t)n;
}

size_t h2_send_small_reply(struct h2_session *s, struct h2_stream *st, struct reply *p, const struct answer *a,
                           int64_t now_s, struct chunks *out) {
    size_t n = (size_t)p->length;
    if (!a->with_body || a->status != p->status || !p->body || n == 0) return 0;
    if (!needs_no_turn(s, st, n) || s->must_say_no_table || !can_send(s, st)) return 0;
    if (!p->coded[0]) blob_drop(answer_block(a, p)); /* it is kept */
    struct span block = blob_span(p->coded[0]), date = date_block(now_s);
    size_t head_n = FRAME_HEAD_BYTES + block.n + date.n;
    if (head_n > FRAME_BYTES_MAX) return 0;
    h2_control(s, out);
    char *at = chunks_add_room(out, head_n + FRAME_HEAD_BYTES + n);
    frame_write(at, &(struct frame){(uint32_t)(block.n + date.n), st->id, FRAME_HEADERS, FLAG_END_HEADERS});
    memcpy(at + FRAME_HEAD_BYTES, block.p, block.n);
    memcpy(at + FRAME_HEAD_BYTES + block.n, date.p, date.n);
    frame_write(at + head_n, &(struct frame){(uint32_t)n, st->id, FRAME_DATA, FLAG_END_STREAM});
    memcpy(at + head_n + FRAME_HEAD_BYTES, p->body->p, n);
    note_data(s, st, n, true);
    st->sent_bytes += head_n + FRAME_HEAD_BYTES + n;
    stream_we_ended(s, st);
    return head_n;
}
