/* fuzz_h2.c - a session gives the same events, however its input is cut, and keeps its bounds */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/fuzz/fuzz.h"
#include "base/buf.h"
#include "h2/h2.h"
#include "h2/session.h"

/* The first byte: how many bytes at once the second session gets, less one. The connection preface and an empty
 * SETTINGS are put before the rest, unless the byte's highest bit is set. */

struct run {
    struct h2_session *session;
    struct buf said;           /* events and what the session answered */
    struct chunks out;
    uint64_t data_bytes;       /* of consecutive H2_DATA */
};

static void say_data(struct run *r) {
    if (r->data_bytes) buf_printf(&r->said, "data %llu\n", (unsigned long long)r->data_bytes);
    r->data_bytes = 0;
}

static void answer(struct run *r, struct h2_stream *st, size_t n) {
    static const char zeros[300];
    struct chunks body = {0};
    chunks_add_constant(&body, (struct span){zeros, n % sizeof zeros});
    h2_send_block(r->session, st, SPAN("\x88"), false, &r->out);
    h2_send_data(r->session, st, &body, UINT64_MAX, true, &r->out);
    chunks_clear(&body);
}

static void take_head(struct run *r, struct h2_stream *st) {
    struct arena a = {NULL, NULL, NULL};
    struct message m;
    int status = h2_read_head(r->session, st, &m, &a);
    buf_printf(&r->said, "%d %.*s %.*s %.*s %lld %u\n", status, SPAN_ARG(m.method_text), SPAN_ARG(m.authority),
               SPAN_ARG(m.uri.target), (long long)m.body_bytes, m.fields.count);
    if (status == 0) FUZZ_ASSERT(m.method == METHOD_CONNECT || m.uri.path.p[0] == '/' || m.uri.path.p[0] == '*');
    if (status > 0) answer(r, st, 0);
    arena_done(&a);
}

static void take(struct run *r, const struct h2_event *e) {
    if (e->kind == H2_DATA) {
        r->data_bytes += e->data.n;
        FUZZ_ASSERT(e->data.n > 0 && (int64_t)e->data.n <= e->stream->held);
        return;
    }
    say_data(r);
    buf_printf(&r->said, "event %d %u %u %s\n", (int)e->kind, e->stream ? e->stream->id : 0, e->error,
               e->why ? e->why : "");
    if (e->kind == H2_HEAD) take_head(r, e->stream);
    if (e->kind == H2_END) {
        answer(r, e->stream, e->stream->id);
        h2_consumed(r->session, e->stream, (uint64_t)e->stream->held);
    }
    if (e->kind == H2_RESET || (e->kind == H2_END && e->stream->ended_by_us)) h2_stream_drop(r->session, e->stream);
}

static void check(const struct h2_session *s) {
    FUZZ_ASSERT(s->count <= 2 * s->options.streams && s->active <= s->options.streams && s->active <= s->count);
    FUZZ_ASSERT(s->held >= 0 && s->held + s->receive_window <= s->receive_target);
    FUZZ_ASSERT(s->kept.n <= FRAME_HEAD_BYTES + FRAME_BYTES_MAX && s->block.fragments.n <= block_bytes_max(s));
    FUZZ_ASSERT(s->early_count <= s->options.streams && s->send_window <= WINDOW_MAX);
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

static void run(struct run *r, struct span bytes, size_t step, bool with_preface) {
    static const struct h2_options options = {400, 20, PARSE_DEFAULTS, 4, true};
    static const char hello[] = H2_PREFACE "\0\0\0\4\0\0\0\0\0";
    *r = (struct run){.session = h2_make(&options)};
    if (with_preface) feed(r, (struct span){hello, sizeof hello - 1}, step);
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
