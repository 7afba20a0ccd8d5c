/* test_h2_peer.c - nghttp2 as client of a session: whatever the order of things, everything arrives as it was sent */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2/h2.h"
#include "h2/hpack.h"

enum { STREAMS = 400, CONNECTIONS = 100, TURNS = 80 };

/* What is known of a stream, on both sides. Bodies are patterns that depend on stream and position. */
struct trial {
    int32_t id;
    uint64_t body, reply;              /* how long they are */
    uint64_t up, down;                 /* what came of them */
    uint64_t given;                    /* of the body, to nghttp2 */
    bool trailers, head, expects;
    bool at_server;                    /* the server has seen its head */
    bool up_ended, head_came, down_ended;
    bool is_broken;                    /* reset by either side: it need not be whole */
    bool closed;
    /* the server's side */
    struct h2_stream *stream;
    uint64_t produced, held;
    struct chunks queue;
    bool started, dropped;
};

static struct {
    nghttp2_session *client;
    struct h2_session *server;
    struct buf up, down;               /* under way */
    struct chunks out;
    struct trial trials[STREAMS];
    unsigned count, faults, breaks;
    bool holds_back;                   /* windows are not updated by nghttp2 itself */
} world;

static unsigned below(unsigned n) {
    return (unsigned)rand() % n;
}

static bool chance(unsigned percent) {
    return below(100) < percent;
}

static char pattern(const struct trial *t, uint64_t at) {
    return (char)((uint64_t)t->id * 31 + at * 7 + at / 251);
}

static bool is_pattern(const struct trial *t, uint64_t at, const char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != pattern(t, at + i)) return false;
    return true;
}

static struct trial *trial_of(int32_t id) {
    for (unsigned i = 0; i < world.count; i++)
        if (world.trials[i].id == id) return &world.trials[i];
    ck_abort_msg("stream %d is unknown", id);
    return NULL;
}

static uint64_t some_length(void) {
    static const unsigned most[] = {1, 10, 300, 5000, 20000, 100000};
    return below(most[below(sizeof most / sizeof *most)]);
}

/* ---- the client ------------------------------------------------------------------------------- */

static int on_data(nghttp2_session *c, uint8_t flags, int32_t id, const uint8_t *data, size_t n, void *unused) {
    struct trial *t = trial_of(id);
    (void)flags;
    (void)unused;
    ck_assert(is_pattern(t, t->down, (const char *)data, n));
    t->down += n;
    if (world.holds_back) t->held += n;
    (void)c;
    return 0;
}

static int on_frame(nghttp2_session *c, const nghttp2_frame *f, void *unused) {
    (void)c;
    (void)unused;
    if (f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA) return 0;
    struct trial *t = trial_of(f->hd.stream_id);
    if (f->hd.type == NGHTTP2_HEADERS) t->head_came = true;
    if (f->hd.flags & NGHTTP2_FLAG_END_STREAM) t->down_ended = true;
    return 0;
}

static int on_header(nghttp2_session *c, const nghttp2_frame *f, const uint8_t *name, size_t name_n,
                     const uint8_t *value, size_t value_n, uint8_t flags, void *unused) {
    struct trial *t = trial_of(f->hd.stream_id);
    (void)c;
    (void)flags;
    (void)unused;
    if (name_n != 4 || memcmp(name, "x-id", 4) != 0) return 0;
    char text[16];
    int n = snprintf(text, sizeof text, "%d", t->id);
    ck_assert((size_t)n == value_n && memcmp(text, value, value_n) == 0);
    return 0;
}

static int on_close(nghttp2_session *c, int32_t id, uint32_t error, void *unused) {
    struct trial *t = trial_of(id);
    (void)c;
    (void)unused;
    t->closed = true;
    if (error == NGHTTP2_REFUSED_STREAM) t->is_broken = true;
    ck_assert_msg(error == 0 || t->is_broken, "stream %d: error %u", id, error);
    return 0;
}

static int on_invalid(nghttp2_session *c, const nghttp2_frame *f, int error, void *unused) {
    (void)c;
    (void)unused;
    fprintf(stderr, "invalid frame %d on %d: %s\n", f->hd.type, f->hd.stream_id, nghttp2_strerror(error));
    world.faults++;
    return 0;
}

static ssize_t give_body(nghttp2_session *c, int32_t id, uint8_t *out, size_t n, uint32_t *flags,
                         nghttp2_data_source *source, void *unused) {
    struct trial *t = trial_of(id);
    (void)source;
    (void)unused;
    size_t part = below((unsigned)n) + 1;
    if (part > t->body - t->given) part = (size_t)(t->body - t->given);
    for (size_t i = 0; i < part; i++) out[i] = (uint8_t)pattern(t, t->given + i);
    t->given += part;
    if (t->given < t->body) return (ssize_t)part;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!t->trailers) return (ssize_t)part;
    static uint8_t name[] = "x-trailer", value[] = "yes";
    const nghttp2_nv field = {name, value, 9, 3, NGHTTP2_NV_FLAG_NONE};
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    ck_assert_int_eq(nghttp2_submit_trailer(c, id, &field, 1), 0);
    return (ssize_t)part;
}

static nghttp2_nv field(const char *name, const char *value) {
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        chance(20) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE};
}

static void ask(void) {
    static const char *const priorities[] = {"u=0", "u=5, i", "i", "u=7"};
    struct trial *t = &world.trials[world.count];
    char length[24], path[80], large[9000];
    nghttp2_nv fields[12];
    size_t n = 0;
    if (world.count == STREAMS) return;
    *t = (struct trial){.reply = some_length(), .body = chance(50) ? some_length() : 0, .head = chance(10)};
    bool post = t->body > 0 || chance(10);
    if (post) t->head = false;
    t->trailers = post && chance(20);
    snprintf(path, sizeof path, "/%llu?%u", (unsigned long long)t->reply, below(5));
    fields[n++] = field(":method", post ? "POST" : t->head ? "HEAD" : "GET");
    fields[n++] = field(":scheme", "https");
    fields[n++] = field(":path", path);
    fields[n++] = field(":authority", "www.example.org");
    snprintf(length, sizeof length, "%llu", (unsigned long long)t->body);
    if (post && chance(50)) fields[n++] = field("content-length", length);
    if (chance(30)) fields[n++] = field("priority", priorities[below(4)]);
    if (chance(30)) fields[n++] = field("cookie", "a=b; c=d");
    memset(large, 'a', sizeof large);
    large[below(sizeof large)] = '\0';
    large[sizeof large - 1] = '\0';
    if (chance(5)) fields[n++] = field("x-large", large);
    if (post && chance(20)) fields[n++] = field("expect", "100-continue");
    const nghttp2_data_provider body = {.read_callback = give_body};
    t->id = nghttp2_submit_request(world.client, NULL, fields, n, post ? &body : NULL, NULL);
    ck_assert_int_gt(t->id, 0);
    world.count++;
}

static void client_changes(void) {
    nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, below(100000)};
    nghttp2_settings_entry table = {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, below(10000)};
    static const uint8_t opaque[8] = "12345678";
    if (chance(5) && world.breaks < 150) { /* the session allows 200 */
        struct trial *t = &world.trials[below(world.count)];
        if (t->closed || !nghttp2_session_find_stream(world.client, t->id)) return; /* or not yet there */
        nghttp2_submit_rst_stream(world.client, NGHTTP2_FLAG_NONE, t->id, NGHTTP2_CANCEL);
        t->is_broken = true;
        world.breaks++;
    }
    if (chance(2)) nghttp2_submit_settings(world.client, NGHTTP2_FLAG_NONE, chance(50) ? &window : &table, 1);
    if (chance(5)) nghttp2_submit_ping(world.client, NGHTTP2_FLAG_NONE, opaque);
}

/* What was held back becomes window. */
static void client_consumes(void) {
    for (unsigned i = 0; i < world.count; i++) {
        struct trial *t = &world.trials[i];
        if (t->held == 0 || !world.holds_back) continue;
        nghttp2_session_consume(world.client, t->id, (size_t)t->held);
        t->held = 0;
    }
}

/* ---- the server ------------------------------------------------------------------------------- */

static void server_drops(struct trial *t) {
    if (!t->stream) return;
    if (!t->stream->ended_by_us || !t->stream->ended_by_peer) t->is_broken = true;
    h2_stream_drop(world.server, t->stream);
    chunks_clear(&t->queue);
    t->stream = NULL;
    t->dropped = true;
}

static void server_takes_head(struct h2_stream *st) {
    struct arena a = {0};
    struct message m;
    struct trial *t = trial_of((int32_t)st->id);
    int status = h2_read_head(world.server, st, &m, &a);
    t->at_server = true;
    if (status == 431) {
        t->stream = st;
        t->reply = 0;
        t->is_broken = true;
        server_drops(t);
    } else {
        ck_assert_int_eq(status, 0);
        ck_assert_uint_eq((uint64_t)strtoull(m.uri.path.p + 1, NULL, 10), t->reply);
        ck_assert(span_is(m.authority, SPAN("www.example.org")));
        ck_assert(m.body_bytes == BODY_UNKNOWN || (uint64_t)m.body_bytes == t->body);
        ck_assert((m.method == METHOD_HEAD) == t->head);
        t->stream = st;
        t->expects = m.expect_continue;
        st->owner = t;
        if (t->expects) h2_send_continue(world.server, st, &world.out);
    }
    arena_done(&a);
}

static void server_takes(const struct h2_event *e) {
    struct trial *t;
    ck_assert_msg(e->kind != H2_CLOSE, "%s: %s", h2_error_name(e->error), e->why);
    if (e->kind == H2_HEAD) {
        server_takes_head(e->stream);
        return;
    }
    t = e->stream->owner;
    if (e->kind == H2_DATA) {
        ck_assert(is_pattern(t, t->up, e->data.p, e->data.n));
        t->up += e->data.n;
    } else if (e->kind == H2_END) {
        t->up_ended = true;
        ck_assert_uint_eq(t->up, t->body);
    } else {
        ck_assert_msg(t->is_broken && !e->why, "stream %d: %s", t->id, e->why);
        server_drops(t);
    }
}

static void server_starts(struct trial *t) {
    struct buf block = {0};
    char id[16];
    int n = snprintf(id, sizeof id, "%d", t->id);
    hpack_put_status(&block, 200);
    hpack_put(&block, HEADER_OTHER, SPAN("X-Id"), (struct span){id, (size_t)n});
    h2_send_block(world.server, t->stream, buf_span(&block), t->head, &world.out);
    buf_done(&block);
    t->started = true;
    h2_want_turn(world.server, t->stream, !t->head);
}

/* Something more of the reply is there. */
static void server_produces(struct trial *t) {
    char bytes[5000];
    uint64_t left = t->reply - t->produced, n = below(sizeof bytes);
    if (n > left) n = left;
    for (uint64_t i = 0; i < n; i++) bytes[i] = pattern(t, t->produced + i);
    chunks_add_copy(&t->queue, (struct span){bytes, (size_t)n});
    t->produced += n;
}

static void server_sends(void) {
    for (int i = 0; i < 8 && world.down.n < 50000; i++) {
        struct h2_stream *st = h2_next_turn(world.server);
        if (!st) return;
        struct trial *t = st->owner;
        server_produces(t);
        h2_send_data(world.server, st, &t->queue, 1 + below(40000), t->produced == t->reply, &world.out);
        if (st->ended_by_us) h2_want_turn(world.server, st, false);
    }
}

static void server_works(void) {
    for (unsigned i = 0; i < world.count; i++) {
        struct trial *t = &world.trials[i];
        if (!t->stream) continue;
        if (t->stream->held && chance(50)) h2_consumed(world.server, t->stream, below((unsigned)t->stream->held + 1));
        if (t->stream->held && t->up_ended) h2_consumed(world.server, t->stream, (uint64_t)t->stream->held);
        if (!t->started && (t->up_ended || chance(5))) server_starts(t);
        /* An end alone waits for no window, and has no turn. */
        if (t->started && t->produced == t->reply && t->queue.bytes == 0 && !t->stream->ended_by_us)
            h2_send_data(world.server, t->stream, &t->queue, 1, true, &world.out);
        if (t->stream->ended_by_us) h2_want_turn(world.server, t->stream, false);
        bool over = t->stream->ended_by_us && (t->stream->ended_by_peer || chance(1));
        if (over || below(5000) == 0) server_drops(t);
    }
    server_sends();
}

/* ---- the road between ------------------------------------------------------------------------- */

static void take_off(struct buf *b, size_t n) {
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

static bool carry_up(void) {
    const uint8_t *bytes;
    ssize_t n = world.up.n < 20000 ? nghttp2_session_mem_send(world.client, &bytes) : 0;
    if (n < 0) ck_abort_msg("%s", nghttp2_strerror((int)n));
    buf_add(&world.up, (struct span){(const char *)bytes, (size_t)n});
    size_t part = below((unsigned)(chance(50) ? world.up.n : 30) + 1);
    if (part > world.up.n) part = world.up.n;
    struct span in = {world.up.p, part};
    struct h2_event e;
    while (h2_next(world.server, &in, &e) != H2_MORE) server_takes(&e);
    if (in.n) ck_abort_msg("%zu bytes were not taken", in.n);
    if (part) take_off(&world.up, part);
    h2_control(world.server, &world.out);
    return n || world.up.n;
}

static bool carry_down(void) {
    for (unsigned i = 0; i < world.out.count; i++) {
        const struct chunk *c = chunks_at(&world.out, i);
        buf_add(&world.down, (struct span){chunk_bytes(c), (size_t)c->left});
    }
    bool any = world.out.bytes || world.down.n;
    chunks_clear(&world.out);
    size_t part = below((unsigned)(chance(50) ? world.down.n : 30) + 1);
    if (part > world.down.n) part = world.down.n;
    if (part == 0) return any;
    ssize_t n = nghttp2_session_mem_recv(world.client, (const uint8_t *)world.down.p, part);
    if (n != (ssize_t)part) ck_abort_msg("%s", n < 0 ? nghttp2_strerror((int)n) : "not all was taken");
    take_off(&world.down, part);
    return any;
}

static void open_world(unsigned seed) {
    static const struct h2_options options = {8192, 64, PARSE_DEFAULTS | PARSE_METHOD_GET_BODY, 100, true};
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    srand(seed);
    memset(&world, 0, sizeof world);
    world.holds_back = chance(50);
    world.server = h2_make(&options);
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid);
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, world.holds_back);
    nghttp2_session_client_new2(&world.client, callbacks, NULL, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 + below(200000)};
    nghttp2_submit_settings(world.client, NGHTTP2_FLAG_NONE, &window, chance(50));
}

static void close_world(void) {
    nghttp2_session_del(world.client);
    for (unsigned i = 0; i < world.count; i++) server_drops(&world.trials[i]);
    h2_drop(world.server);
    chunks_clear(&world.out);
    buf_done(&world.up);
    buf_done(&world.down);
}

static void turn(void) {
    server_works();
    carry_up();
    carry_down();
    if (chance(30)) client_consumes();
}

static bool all_is_over(void) {
    for (unsigned i = 0; i < world.count; i++)
        if (!world.trials[i].closed || world.trials[i].stream) return false;
    return true;
}

START_TEST(conversation) {
    open_world((unsigned)_i + 1);
    for (int i = 0; i < TURNS; i++) {
        for (unsigned n = below(4); n; n--) ask();
        if (world.count) client_changes();
        turn();
    }
    /* Whatever the windows were made: at the end there is room. */
    const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535};
    nghttp2_submit_settings(world.client, NGHTTP2_FLAG_NONE, &window, 1);
    for (int i = 0; i < 20000 && !all_is_over(); i++) turn();

    for (unsigned i = 0; i < world.count; i++) {
        const struct trial *t = &world.trials[i];
        ck_assert_msg(t->closed && !t->stream,
                      "stream %d is not over: up %d of %d, down %d of %d, at server %d, broken %d, windows %d %d",
                      t->id, (int)t->up, (int)t->body, (int)t->down, (int)t->reply, t->at_server, t->is_broken,
                      t->stream ? (int)t->stream->send_window : 0, t->stream ? (int)t->stream->receive_window : 0);
    }
    ck_assert_uint_eq(world.faults, 0);
    unsigned whole = 0;
    for (unsigned i = 0; i < world.count; i++) {
        const struct trial *t = &world.trials[i];
        if (t->is_broken) continue;
        whole++;
        ck_assert_uint_eq(t->up, t->body);
        ck_assert_uint_eq(t->down, t->head ? 0 : t->reply);
        ck_assert(t->up_ended && t->head_came && t->down_ended);
    }
    ck_assert_uint_gt(whole, world.count / 4);
    ck_assert_uint_eq(h2_stream_count(world.server), 0);
    close_world();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("h2 peer");
    TCase *c = tcase_create("nghttp2");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, conversation, 0, CONNECTIONS);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
