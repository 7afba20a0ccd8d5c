/* fuzz_h2_client.c - a client's session gives the same events, however its input is cut, and keeps its bounds */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/fuzz/fuzz.h"
#include "base/buf.h"
#include "h2/client.h"
#include "h2/session.h"

/* The first byte: how many bytes at once the second session gets, less one. An empty SETTINGS is put before the rest,
 * unless the byte's highest bit is set. Five requests were sent: GET, HEAD, POST with an open body, CONNECT, GET. */

enum { REQUESTS = 5 };

struct run {
    struct h2_session *session;
    struct buf said;           /* events and what the session answered */
    struct chunks out;
    uint64_t data_bytes;       /* of consecutive H2_DATA */
};

static void ask(struct run *r) {
    static const char *const methods[REQUESTS] = {"GET", "HEAD", "POST", "CONNECT", "GET"};
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct fields none = {0};
        struct buf block = {0};
        uint64_t bytes;
        const struct h2_question q = {span_of(methods[i]), SPAN("http"), SPAN("a"), SPAN("/"), SPAN(""), &none, -1};
        h2_question_block(&q, &block, &bytes);
        h2_ask(r->session, buf_span(&block), method_find(q.method), i != 2 && i != 3, &r->out);
        buf_done(&block);
    }
}

static void say_data(struct run *r) {
    if (r->data_bytes) buf_printf(&r->said, "data %llu\n", (unsigned long long)r->data_bytes);
    r->data_bytes = 0;
}

static void take_head(struct run *r, struct h2_stream *st) {
    struct arena a = {NULL, NULL, NULL};
    struct h2_response x;
    int result = h2_read_response(r->session, st, &x, &a);
    buf_printf(&r->said, "%d %d %lld %u\n", result, x.status, (long long)x.length, x.fields.count);
    if (result == 0) FUZZ_ASSERT(x.status >= 100 && x.status <= 999 && x.status != 101);
    for (uint32_t i = 0; result == 0 && i < x.fields.count; i++) {
        const struct field *f = &x.fields.list[i];
        FUZZ_ASSERT(f->name.n && span_find(f->value, '\n') == f->value.n && span_find(f->value, '\r') == f->value.n);
        FUZZ_ASSERT(f->id != HEADER_CONNECTION && f->id != HEADER_TRANSFER_ENCODING);
    }
    if (result < 0) h2_stream_drop(r->session, st);
    arena_done(&a);
}

static void take(struct run *r, const struct h2_event *e) {
    if (e->kind == H2_DATA) {
        r->data_bytes += e->data.n;
        FUZZ_ASSERT(e->data.n > 0 && (int64_t)e->data.n <= e->stream->held && !e->stream->awaits_head);
        return;
    }
    say_data(r);
    buf_printf(&r->said, "event %d %u %u %s\n", (int)e->kind, e->stream ? e->stream->id : 0, e->error,
               e->why ? e->why : "");
    if (e->kind == H2_HEAD) take_head(r, e->stream);
    if (e->kind == H2_END && h2_trailers(r->session))
        buf_printf(&r->said, "trailers %u\n", h2_trailers(r->session)->count);
    if (e->kind == H2_END) h2_consumed(r->session, e->stream, (uint64_t)e->stream->held);
    if (e->kind == H2_RESET || (e->kind == H2_END && e->stream->ended_by_us)) h2_stream_drop(r->session, e->stream);
}

static void check(const struct h2_session *s) {
    FUZZ_ASSERT(s->count <= REQUESTS && s->active <= s->count && s->held == 0);
    FUZZ_ASSERT(s->receive_window <= s->receive_target);
    FUZZ_ASSERT(s->kept.n <= FRAME_HEAD_BYTES + FRAME_BYTES_MAX && s->block.fragments.n <= block_bytes_max(s));
    FUZZ_ASSERT(s->early_count == 0 && s->send_window <= WINDOW_MAX);
}

static void feed(struct run *r, struct span bytes, size_t step) {
    struct h2_event e;
    while (bytes.n) {
        struct span in = span_upto(bytes, step < bytes.n ? step : bytes.n);
        bytes = span_from(bytes, in.n);
        while (h2_next(r->session, &in, &e) != H2_MORE) {
            take(r, &e);
            if (e.kind != H2_CLOSE) continue;
            FUZZ_ASSERT(in.n == 0);
            return;
        }
        FUZZ_ASSERT(in.n == 0);
        check(r->session);
    }
    say_data(r);
}

static void run(struct run *r, struct span bytes, size_t step, bool with_settings) {
    static const struct h2_options options = {.head_bytes = 400, .fields = 20, .streams = REQUESTS};
    static const char hello[] = "\0\0\0\4\0\0\0\0\0";
    *r = (struct run){.session = h2_client_make(&options)};
    ask(r);
    if (with_settings) feed(r, (struct span){hello, sizeof hello - 1}, step);
    feed(r, bytes, step);
    h2_control(r->session, &r->out);
    for (unsigned i = 0; i < r->out.count; i++) {
        const struct chunk *c = chunks_at(&r->out, i);
        buf_add(&r->said, (struct span){chunk_bytes(c), (size_t)c->left});
    }
    while (h2_stream_count(r->session))
        h2_stream_drop(r->session, CONTAINER(h2_streams(r->session)->next, struct h2_stream, link));
    chunks_clear(&r->out);
    h2_drop(r->session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct run whole, parts;
    if (size < 1) return 0;
    struct span bytes = {(const char *)data + 1, size - 1};
    run(&whole, bytes, SIZE_MAX, !(data[0] & 0x80));
    run(&parts, bytes, 1 + (data[0] & 0x3f), !(data[0] & 0x80));
    FUZZ_ASSERT(span_is(buf_span(&whole.said), buf_span(&parts.said)));
    buf_done(&whole.said);
    buf_done(&parts.said);
    return 0;
}
