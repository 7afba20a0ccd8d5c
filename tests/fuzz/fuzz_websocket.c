/* fuzz_websocket.c - a client's frames on their way to a backend: the same however they are cut */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "modules/wstunnel/wstunnel.h"
#include "tests/fuzz/fuzz.h"

/* What the server would say. */
struct fdevents *request_events(const struct request *r) {
    (void)r;
    return NULL;
}

void request_resume(struct request *r) {
    (void)r;
}

void request_say(const struct request *r, enum log_level level, const char *format, ...) {
    (void)r, (void)level, (void)format;
}

struct trial {
    struct request r;
    struct wstunnel_settings settings;
    struct message_pair p;
    struct chunks out;
    struct buf backend, client;
};

static void drain(struct chunks *q, struct buf *to) {
    while (q->count) {
        struct chunk *c = chunks_at(q, 0);
        buf_add(to, (struct span){chunk_bytes(c), (size_t)c->left});
        chunks_sent(q, c->left);
    }
}

static void play(struct trial *t, unsigned type, struct span in, size_t piece) {
    static const enum frame_type types[] = {FRAMES_TEXT, FRAMES_BINARY, FRAMES_BASE64};
    memset(t, 0, sizeof *t);
    t->settings.frame_type = &types[type % 3];
    t->p = (struct message_pair){.r = &t->r, .settings = &t->settings, .length = -1};
    t->p.state = arena_zeroed(&t->r.arena, wstunnel_codec.state_bytes);
    FUZZ_ASSERT(wstunnel_codec.begin(&t->p, &t->out) == 0);
    while (in.n) {
        struct chunks body = {0};
        size_t n = in.n < piece ? in.n : piece;
        chunks_add_copy(&body, span_upto(in, n));
        FUZZ_ASSERT(wstunnel_codec.body(&t->p, &t->out, &body, 65536) == n && body.bytes == 0);
        in = span_from(in, n);
    }
    drain(&t->out, &t->backend);
    drain(&t->p.body, &t->client);
}

static void end(struct trial *t) {
    wstunnel_codec.done(&t->p);
    buf_done(&t->backend);
    buf_done(&t->client);
    arena_done(&t->r.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct trial whole, cut;
    if (size < 2 || size > 60000) return 0;
    /* the first byte: the type, and how it is cut */
    struct span in = {(const char *)data + 1, size - 1};
    play(&whole, data[0], in, in.n);
    play(&cut, data[0], in, 1 + data[0] / 3 % 7);
    FUZZ_ASSERT(span_is(buf_span(&whole.client), buf_span(&cut.client)) && whole.p.is_over == cut.p.is_over);
    FUZZ_ASSERT(whole.p.is_over || span_is(buf_span(&whole.backend), buf_span(&cut.backend)));
    FUZZ_ASSERT(whole.backend.n <= in.n && whole.client.n <= in.n + 20000);
    end(&whole);
    end(&cut);
    return 0;
}
