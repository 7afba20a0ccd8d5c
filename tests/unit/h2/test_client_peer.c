/* test_client_peer.c - nghttp2 as server of a client's session: everything arrives as it was sent, in any order */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2/client.h"

enum { STREAMS = 400, CONNECTIONS = 60, TURNS = 80 };

/* What is known of a request, on both sides. Bodies are patterns that depend on stream and position. */
struct trial {
    uint64_t body, reply;              /* how long they are */
    uint64_t up, down;                 /* what came of them */
    uint64_t produced, given, held;
    struct chunks queue;
    struct h2_stream *stream;          /* the client's */
    uint32_t id;
    bool head, trailers_up, trailers_down, interim;
    bool head_came, interim_came, trailers_came, up_trailers_came, up_ended, down_ended;
    bool is_broken;                    /* reset by either side */
};

static struct {
    struct h2_session *client;
    nghttp2_session *server;
    struct buf up, down;               /* under way */
    struct chunks out;
    struct trial trials[STREAMS];
    unsigned count, faults;
    bool is_narrowed;                  /* nghttp2 then may reset a stream whose window update it has queued */
    bool is_lowered;                   /* the limit of streams, while some may be under way: those are refused */
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

static struct trial *trial_of(uint32_t id) {
    ck_assert_msg(id % 2 == 1 && id / 2 < world.count, "stream %u is unknown", id);
    return &world.trials[id / 2];
}

static uint64_t some_length(void) {
    static const unsigned most[] = {1, 10, 300, 5000, 20000, 100000};
    return below(most[below(sizeof most / sizeof *most)]);
}

/* ---- the server ------------------------------------------------------------------------------- */

static nghttp2_nv field(const char *name, const char *value) {
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        chance(20) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE};
}

static ssize_t give_reply(nghttp2_session *s, int32_t id, uint8_t *out, size_t n, uint32_t *flags,
                          nghttp2_data_source *source, void *unused) {
    struct trial *t = trial_of((uint32_t)id);
    (void)source;
    (void)unused;
    size_t part = below((unsigned)n) + 1;
    if (part > t->reply - t->given) part = (size_t)(t->reply - t->given);
    for (size_t i = 0; i < part; i++) out[i] = (uint8_t)pattern(t, t->given + i);
    t->given += part;
    if (t->given < t->reply) return (ssize_t)part;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!t->trailers_down) return (ssize_t)part;
    const nghttp2_nv trailer = field("x-trailer", "yes");
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    ck_assert_int_eq(nghttp2_submit_trailer(s, id, &trailer, 1), 0);
    return (ssize_t)part;
}

static void server_answers(nghttp2_session *s, struct trial *t) {
    char length[24], id[16], large[5000];
    nghttp2_nv fields[8];
    size_t n = 0;
    memset(large, 'a', sizeof large);
    large[sizeof large - 1 - below(sizeof large - 1)] = '\0';
    snprintf(length, sizeof length, "%llu", (unsigned long long)t->reply);
    snprintf(id, sizeof id, "%u", t->id);
    const nghttp2_nv early[] = {field(":status", "103"), field("link", "x")};
    if (t->interim) nghttp2_submit_headers(s, NGHTTP2_FLAG_NONE, (int32_t)t->id, NULL, early, 2, NULL);
    fields[n++] = field(":status", "200");
    fields[n++] = field("x-id", id);
    if (chance(50)) fields[n++] = field("content-length", length);
    if (chance(10)) fields[n++] = field("x-large", large);
    const nghttp2_data_provider reply = {.read_callback = give_reply};
    ck_assert_int_eq(nghttp2_submit_response(s, (int32_t)t->id, fields, n, t->head ? NULL : &reply), 0);
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *data, size_t n, void *unused) {
    struct trial *t = trial_of((uint32_t)id);
    (void)s;
    (void)flags;
    (void)unused;
    ck_assert(is_pattern(t, t->up, (const char *)data, n));
    t->up += n;
    return 0;
}

static int on_frame(nghttp2_session *s, const nghttp2_frame *f, void *unused) {
    (void)unused;
    if (f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA) return 0;
    struct trial *t = trial_of((uint32_t)f->hd.stream_id);
    if (f->hd.type == NGHTTP2_HEADERS && f->headers.cat == NGHTTP2_HCAT_HEADERS) t->up_trailers_came = true;
    if (!(f->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    t->up_ended = true;
    server_answers(s, t);
    return 0;
}

static int on_invalid(nghttp2_session *s, const nghttp2_frame *f, int error, void *unused) {
    (void)s;
    (void)unused;
    if (error == NGHTTP2_ERR_REFUSED_STREAM && world.is_lowered) return 0;
    fprintf(stderr, "invalid frame %d on %d: %s\n", f->hd.type, f->hd.stream_id, nghttp2_strerror(error));
    world.faults++;
    return 0;
}

static void server_changes(void) {
    nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, below(100000)};
    nghttp2_settings_entry table = {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, below(10000)};
    nghttp2_settings_entry streams = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, below(100)};
    const nghttp2_settings_entry *entries[] = {&window, &table, &streams};
    unsigned which = below(3);
    if (chance(2)) {
        nghttp2_submit_settings(world.server, NGHTTP2_FLAG_NONE, entries[which], 1);
        world.is_lowered |= which == 2;
        world.is_narrowed |= which == 0;
    }
    if (chance(5)) nghttp2_submit_ping(world.server, NGHTTP2_FLAG_NONE, (const uint8_t *)"12345678");
    if (!chance(5)) return;
    struct trial *t = &world.trials[below(world.count)];
    if (!nghttp2_session_find_stream(world.server, (int32_t)t->id)) return;
    nghttp2_submit_rst_stream(world.server, NGHTTP2_FLAG_NONE, (int32_t)t->id, NGHTTP2_INTERNAL_ERROR);
    t->is_broken = true;
}

/* ---- the client ------------------------------------------------------------------------------- */

static void ask(void) {
    struct trial *t = &world.trials[world.count];
    struct arena a = {0};
    struct fields fields = {0};
    struct buf block = {0};
    uint64_t decoded;
    if (world.count == STREAMS || !h2_client_has_room(world.client)) return;
    *t = (struct trial){.id = world.count * 2 + 1,
                        .reply = some_length(),
                        .body = chance(50) ? some_length() : 0,
                        .interim = chance(20),
                        .trailers_down = chance(20)};
    t->head = !t->body && chance(10);
    t->trailers_up = t->body && chance(20);
    if (t->head) t->trailers_down = false;
    fields_add_named(&fields, &a, SPAN("X-Any"), SPAN("thing"));
    const struct h2_question q = {.method = t->body ? SPAN("POST") : t->head ? SPAN("HEAD") : SPAN("GET"),
                                  .scheme = SPAN("http"),
                                  .authority = SPAN("www.example.org"),
                                  .path = SPAN("/x?y"),
                                  .fields = &fields,
                                  .length = t->body && chance(50) ? (int64_t)t->body : -1};
    h2_question_block(&q, &block, &decoded);
    t->stream = h2_ask(world.client, buf_span(&block), method_find(q.method), !t->body, &world.out);
    ck_assert_uint_eq(t->stream->id, t->id);
    t->stream->owner = t;
    t->stream->incremental = chance(50);
    world.count++;
    buf_done(&block);
    arena_done(&a);
}

static void client_drops(struct trial *t) {
    if (!t->stream) return;
    if (!t->stream->ended_by_peer || !t->stream->ended_by_us) t->is_broken = true;
    h2_stream_drop(world.client, t->stream);
    chunks_clear(&t->queue);
    t->stream = NULL;
}

static void client_takes_head(struct trial *t) {
    struct arena a = {0};
    struct h2_response r;
    char id[16];
    ck_assert_int_eq(h2_read_response(world.client, t->stream, &r, &a), 0);
    snprintf(id, sizeof id, "%u", t->id);
    if (r.is_interim) {
        ck_assert(r.status == 103 && t->interim && !t->head_came);
        t->interim_came = true;
    } else {
        const struct field *f = fields_first_named(&r.fields, SPAN("x-id"));
        ck_assert(r.status == 200 && f && span_is(f->value, span_of(id)));
        ck_assert(r.length < 0 || (uint64_t)r.length == t->reply);
        t->head_came = true;
    }
    arena_done(&a);
}

static void client_takes(const struct h2_event *e) {
    ck_assert_msg(e->kind != H2_CLOSE, "%s: %s", h2_error_name(e->error), e->why);
    struct trial *t = e->stream->owner;
    if (e->kind == H2_HEAD) {
        client_takes_head(t);
    } else if (e->kind == H2_DATA) {
        ck_assert(is_pattern(t, t->down, e->data.p, e->data.n));
        t->down += e->data.n;
        t->held += e->data.n;
    } else if (e->kind == H2_END) {
        t->down_ended = true;
        t->trailers_came = h2_trailers(world.client) != NULL;
        if (t->stream->ended_by_us) client_drops(t);
    } else {
        if (t->stream->is_unprocessed && world.is_lowered) t->is_broken = true;
        if (e->error == H2_FLOW_CONTROL_ERROR && world.is_narrowed) t->is_broken = true;
        ck_assert_msg(t->is_broken && !e->why, "stream %u: %s %s", t->id, h2_error_name(e->error),
                      e->why ? e->why : "");
        client_drops(t);
    }
}

/* Something more of the body is there. */
static void client_produces(struct trial *t) {
    char bytes[5000];
    uint64_t left = t->body - t->produced, n = below(sizeof bytes);
    if (n > left) n = left;
    for (uint64_t i = 0; i < n; i++) bytes[i] = pattern(t, t->produced + i);
    chunks_add_copy(&t->queue, (struct span){bytes, (size_t)n});
    t->produced += n;
    h2_want_turn(world.client, t->stream, t->queue.count > 0);
}

static void client_sends(void) {
    struct h2_stream *st;
    for (unsigned n = below(20); n && (st = h2_next_turn(world.client)); n--) {
        struct trial *t = st->owner;
        bool last = t->produced == t->body;
        h2_send_data(world.client, st, &t->queue, 1 + below(20000), last && !t->trailers_up, &world.out);
        h2_want_turn(world.client, st, t->queue.count > 0);
    }
}

static void end_body(struct trial *t) {
    struct arena a = {0};
    struct fields trailers = {0};
    if (t->produced < t->body || t->queue.count || t->stream->ended_by_us) return;
    if (!t->trailers_up) {
        h2_send_data(world.client, t->stream, &t->queue, 0, true, &world.out);
        return;
    }
    fields_add_named(&trailers, &a, SPAN("X-Sum"), SPAN("1"));
    h2_send_trailers(world.client, t->stream, &trailers, &world.out);
    arena_done(&a);
}

static void client_works(void) {
    for (unsigned i = 0; i < world.count; i++) {
        struct trial *t = &world.trials[i];
        if (!t->stream) continue;
        if (t->produced < t->body && chance(50)) client_produces(t);
        if (t->body) end_body(t);
        if (t->held && chance(30)) h2_consumed(world.client, t->stream, t->held), t->held = 0;
        if (t->down_ended && t->stream->ended_by_us) client_drops(t);
        else if (chance(1) && chance(30)) client_drops(t);
    }
    client_sends();
}

/* ---- the road --------------------------------------------------------------------------------- */

static void take_off(struct buf *b, size_t n) {
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

static size_t some_of(const struct buf *b) {
    size_t part = below((unsigned)(chance(50) ? b->n : 30) + 1);
    return part > b->n ? b->n : part;
}

static void carry_up(void) {
    h2_control(world.client, &world.out);
    for (unsigned i = 0; i < world.out.count; i++) {
        const struct chunk *c = chunks_at(&world.out, i);
        buf_add(&world.up, (struct span){chunk_bytes(c), (size_t)c->left});
    }
    chunks_clear(&world.out);
    size_t part = some_of(&world.up);
    if (!part) return;
    ssize_t n = nghttp2_session_mem_recv(world.server, (const uint8_t *)world.up.p, part);
    if (n != (ssize_t)part) ck_abort_msg("%s", n < 0 ? nghttp2_strerror((int)n) : "not all was taken");
    take_off(&world.up, part);
}

static void carry_down(void) {
    const uint8_t *bytes;
    ssize_t n = nghttp2_session_mem_send(world.server, &bytes);
    ck_assert_int_ge(n, 0);
    if (n) buf_add(&world.down, (struct span){(const char *)bytes, (size_t)n});
    size_t part = some_of(&world.down);
    if (!part) return;
    char *copy = malloc(part); /* exact bounds, for the sanitizer */
    memcpy(copy, world.down.p, part);
    struct span in = {copy, part};
    struct h2_event e;
    while (h2_next(world.client, &in, &e) != H2_MORE) client_takes(&e);
    ck_assert_uint_eq(in.n, 0);
    free(copy);
    take_off(&world.down, part);
}

static void open_world(unsigned seed) {
    static const struct h2_options options = {.head_bytes = 16384, .fields = 64, .streams = 100};
    nghttp2_session_callbacks *callbacks;
    srand(seed);
    memset(&world, 0, sizeof world);
    world.client = h2_client_make(&options);
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid);
    nghttp2_session_server_new(&world.server, callbacks, NULL);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry entries[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 + below(200000)},
                                              {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100}};
    nghttp2_submit_settings(world.server, NGHTTP2_FLAG_NONE, entries, 2);
}

static void close_world(void) {
    nghttp2_session_del(world.server);
    h2_drop(world.client);
    chunks_clear(&world.out);
    buf_done(&world.up);
    buf_done(&world.down);
}

static void turn(void) {
    client_works();
    carry_up();
    carry_down();
    if (chance(10)) h2_second(world.client);
}

START_TEST(conversation) {
    open_world((unsigned)_i + 1);
    for (int i = 0; i < TURNS; i++) {
        for (unsigned n = below(4); n; n--) ask();
        if (world.count) server_changes();
        turn();
    }
    /* Whatever the windows were made: at the end there is room. */
    const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535};
    nghttp2_submit_settings(world.server, NGHTTP2_FLAG_NONE, &window, 1);
    for (int i = 0; i < 40000 && h2_stream_count(world.client); i++) turn();

    unsigned whole = 0;
    for (unsigned i = 0; i < world.count; i++) {
        const struct trial *t = &world.trials[i];
        ck_assert_msg(!t->stream, "stream %u is not over", t->id);
        if (t->is_broken) continue;
        whole++;
        ck_assert_uint_eq(t->up, t->body);
        ck_assert_uint_eq(t->down, t->head ? 0 : t->reply);
        ck_assert(t->up_ended && t->head_came && t->down_ended && t->interim_came == t->interim);
        ck_assert(t->trailers_came == t->trailers_down && t->up_trailers_came == t->trailers_up);
    }
    ck_assert_uint_eq(world.faults, 0);
    ck_assert_uint_gt(whole, world.count / 4);
    close_world();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client peer");
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
