/* test_emit.c - responses as HTTP/2 has them: header blocks that are kept, frames, what is left out */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "h2/session.h"
#include "tests/unit/h2/player.h"

#define HELLO "PREFACE; SETTINGS 0 0; "
#define G "{:method=GET|:scheme=http|:path=/|:authority=a}"
#define DATE "date: Tue, 14 Nov 2023 22:13:20 GMT"
enum { NOW = 1700000000 };

static struct player p;
static struct request r;
static struct chunks out;

static void set_up(void) {
    player_init(&p, &player_options);
    player_play(&p, HELLO "3x HEADERS 5 @ " G, 0);
    r.status = 200;
}

static void tear_down(void) {
    chunks_clear(&out);
    player_done(&p);
    arena_done(&r.arena);
    memset(&r, 0, sizeof r);
}

static void add_text(struct buf *text, struct span block) {
    struct hpack_decoder decoder;
    struct hpack_block b = {.rest = block};
    struct hpack_field f;
    struct arena a = {0};
    enum hpack_result result;
    hpack_init(&decoder, 4096);
    while ((result = hpack_next(&decoder, &b, &a, &f)) == HPACK_FIELD)
        buf_printf(text, "%.*s: %.*s\n", SPAN_ARG(f.name), SPAN_ARG(f.value));
    ck_assert_int_eq(result, HPACK_END);
    ck_assert_ptr_null(decoder.table); /* what we send needs no table */
    hpack_done(&decoder);
    arena_done(&a);
}

/* All frames in out, as text: "HEADERS 1 flags" with its fields, "DATA 1 flags bytes". Clears it. */
static const char *frames(void) {
    static struct buf text;
    struct buf all = {0}, block = {0};
    buf_clear(&text);
    for (unsigned i = 0; i < out.count; i++) {
        const struct chunk *c = chunks_at(&out, i);
        buf_add(&all, (struct span){chunk_bytes(c), (size_t)c->left});
    }
    chunks_clear(&out);
    for (size_t at = 0; at < all.n;) {
        struct frame f = frame_read(all.p + at);
        struct span payload = span_upto(span_from(buf_span(&all), at + FRAME_HEAD_BYTES), f.length);
        at += FRAME_HEAD_BYTES + f.length;
        const char *type = f.type == FRAME_DATA ? "DATA" : f.type == FRAME_HEADERS ? "HEADERS" : "CONTINUATION";
        buf_printf(&text, "%s %u %x\n", type, f.stream, f.flags);
        if (f.type == FRAME_DATA) buf_printf(&text, "%.*s\n", SPAN_ARG(payload));
        else buf_add(&block, payload);
        if (f.type != FRAME_DATA && f.flags & FLAG_END_HEADERS) {
            add_text(&text, buf_span(&block));
            buf_clear(&block);
        }
    }
    buf_done(&all);
    buf_done(&block);
    return buf_text(&text);
}

static struct reply *make_reply(const char *body) {
    fields_set(&r.out, &r.arena, HEADER_CONTENT_TYPE, SPAN("text/plain"));
    fields_set(&r.out, &r.arena, HEADER_ETAG, SPAN("\"x\""));
    chunks_add_copy(&r.body, span_of(body));
    struct reply *reply = reply_make(&r, true, SPAN(""));
    ck_assert_ptr_nonnull(reply);
    return reply;
}

START_TEST(replies) {
    static const struct {
        struct answer a;
        const char *frames;
    } table[] = {
        {{.status = 200, .with_body = true},
         "HEADERS 1 4\n:status: 200\ncontent-type: text/plain\netag: \"x\"\ncontent-length: 5\n" DATE "\n"},
        {{.status = 200}, /* HEAD */
         "HEADERS 1 5\n:status: 200\ncontent-type: text/plain\netag: \"x\"\ncontent-length: 5\n" DATE "\n"},
        {{.status = 304}, "HEADERS 1 5\n:status: 304\netag: \"x\"\n" DATE "\n"},
        {{.status = 206, .with_body = true, .range_count = 1, .ranges = {{1, 2}}},
         "HEADERS 1 4\n:status: 206\ncontent-type: text/plain\netag: \"x\"\ncontent-range: bytes 1-2/5\n"
         "content-length: 2\n" DATE "\n"},
        {{.status = 416},
         "HEADERS 1 5\n:status: 416\ncontent-range: bytes */5\ncontent-length: 0\n" DATE "\n"},
    };
    struct reply *reply = make_reply("hello");
    for (int again = 0; again < 2; again++) {
        struct h2_stream *st = p.streams[0];
        const bool ended = st->ended_by_us;
        size_t n = h2_send_reply_head(p.session, st, reply, &table[_i].a, NOW, &out);
        if (ended) break; /* nothing is sent on a stream that is over */
        ck_assert_uint_eq(n, out.bytes);
        ck_assert_str_eq(frames(), table[_i].frames);
    }
    ck_assert_uint_eq(out.bytes, 0);
    ck_assert((reply->coded[0] != NULL) == (table[_i].a.status == 200));
    ck_assert((reply->coded[1] != NULL) == (table[_i].a.status == 304));
    reply_drop(reply);
}
END_TEST

/* Head and body in one piece: only where nothing speaks against it, and then as the two would be. */
START_TEST(small_replies) {
    struct h2_stream *first = p.streams[0], *second = p.streams[1];
    const struct answer a = {.status = 200, .with_body = true};
    static const struct answer others[] = {
        {.status = 200}, {.status = 304}, {.status = 206, .with_body = true, .range_count = 1, .ranges = {{1, 2}}}};
    struct reply *reply = make_reply("hello"), *empty;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_uint_eq(h2_send_small_reply(p.session, first, reply, &others[i], NOW, &out), 0);
    first->send_window = 4;
    ck_assert_uint_eq(h2_send_small_reply(p.session, first, reply, &a, NOW, &out), 0);
    first->send_window = 5;
    h2_want_turn(p.session, second, true);
    ck_assert_uint_eq(h2_send_small_reply(p.session, first, reply, &a, NOW, &out), 0);
    h2_want_turn(p.session, second, false);
    priority_set(p.session, first, H2_URGENCY_DEFAULT + 1, false);
    ck_assert_uint_eq(h2_send_small_reply(p.session, first, reply, &a, NOW, &out), 0);
    priority_set(p.session, first, H2_URGENCY_DEFAULT, false);
    ck_assert(!first->ended_by_us);
    ck_assert_uint_eq(out.bytes, 0);

    int64_t window = p.session->send_window;
    size_t n = h2_send_small_reply(p.session, first, reply, &a, NOW, &out);
    ck_assert_uint_eq(n + FRAME_HEAD_BYTES + 5, out.bytes);
    ck_assert_uint_eq(first->sent_bytes, out.bytes);
    ck_assert(first->ended_by_us && first->send_window == 0 && p.session->send_window == window - 5);
    ck_assert_str_eq(frames(), "HEADERS 1 4\n:status: 200\ncontent-type: text/plain\netag: \"x\"\n"
                               "content-length: 5\n" DATE "\nDATA 1 1\nhello\n");
    ck_assert_uint_eq(h2_send_small_reply(p.session, first, reply, &a, NOW, &out), 0); /* it is over */

    player_play(&p, "SETTINGS 0 0 0001 #0", 0); /* no table: the next head has to say so */
    chunks_clear(&p.out);
    ck_assert_uint_eq(h2_send_small_reply(p.session, second, reply, &a, NOW, &out), 0);
    reply_drop(reply);
    empty = make_reply("");
    ck_assert_uint_eq(h2_send_small_reply(p.session, second, empty, &a, NOW, &out), 0);
    reply_drop(empty);
}
END_TEST

/* What the client still sends may be at fault: it gets its turn. */
START_TEST(small_reply_before_the_end_of_the_request) {
    struct reply *reply = make_reply("hello");
    player_play(&p, "HEADERS 4 @ " G, 0);
    ck_assert_uint_eq(h2_send_small_reply(p.session, p.streams[3], reply,
                                          &(struct answer){.status = 200, .with_body = true}, NOW, &out), 0);
    reply_drop(reply);
}
END_TEST

START_TEST(replies_without_body) {
    struct reply *reply = make_reply("");
    h2_send_reply_head(p.session, p.streams[0], reply, &(struct answer){.status = 200, .with_body = true}, NOW, &out);
    ck_assert_str_eq(frames(), "HEADERS 1 5\n:status: 200\ncontent-type: text/plain\netag: \"x\"\n"
                               "content-length: 0\n" DATE "\n");
    reply_drop(reply);
}
END_TEST

START_TEST(blocks_are_kept) {
    struct reply *reply = make_reply("hello");
    struct answer a = {.status = 200, .with_body = true};
    h2_send_reply_head(p.session, p.streams[0], reply, &a, NOW, &out);
    struct blob *kept = reply->coded[0];
    h2_send_reply_head(p.session, p.streams[1], reply, &a, NOW + 1, &out);
    ck_assert_ptr_eq(reply->coded[0], kept);
    ck_assert_uint_eq(kept->refs, 1);
    ck_assert_ptr_nonnull(strstr(frames(), "22:13:21"));
    reply_drop(reply);
}
END_TEST

START_TEST(heads) {
    fields_add(&r.out, &r.arena, HEADER_CONTENT_TYPE, SPAN("text/plain"));
    fields_add(&r.out, &r.arena, HEADER_CONNECTION, SPAN("close"));
    fields_add(&r.out, &r.arena, HEADER_TRANSFER_ENCODING, SPAN("gzip"));
    fields_add(&r.out, &r.arena, HEADER_CONTENT_LENGTH, SPAN("77"));
    fields_add(&r.out, &r.arena, HEADER_DATE, SPAN("today"));
    fields_add(&r.out, &r.arena, HEADER_SET_COOKIE, SPAN("a=b"));
    fields_add(&r.out, &r.arena, HEADER_PROXY_AUTHENTICATE, SPAN("x"));
    fields_add_named(&r.out, &r.arena, SPAN("X-Other"), SPAN("y"));
    size_t n = h2_send_head(p.session, p.streams[0], &r, 5, false, NOW, &out);
    ck_assert_uint_eq(n, out.bytes);
    ck_assert_uint_eq(p.streams[0]->sent_bytes, n);
    ck_assert_str_eq(frames(), "HEADERS 1 4\n:status: 200\ncontent-type: text/plain\nset-cookie: a=b\n"
                               "proxy-authenticate: x\nx-other: y\ncontent-length: 5\n" DATE "\n");
    h2_send_head(p.session, p.streams[1], &(struct request){.status = 204}, -1, true, NOW, &out);
    ck_assert_str_eq(frames(), "HEADERS 3 5\n:status: 204\n" DATE "\n");
    ck_assert(p.streams[1]->ended_by_us);
}
END_TEST

START_TEST(continue_then_more) {
    struct chunks body = {0};
    h2_send_continue(p.session, p.streams[0], &out);
    h2_send_head(p.session, p.streams[0], &r, -1, false, NOW, &out);
    chunks_add_constant(&body, SPAN("abc"));
    h2_send_data(p.session, p.streams[0], &body, 100, false, &out);
    h2_send_data(p.session, p.streams[0], &body, 100, true, &out);
    ck_assert_str_eq(frames(), "HEADERS 1 4\n:status: 100\nHEADERS 1 4\n:status: 200\n" DATE "\nDATA 1 0\nabc\n"
                               "DATA 1 1\n\n");
}
END_TEST

/* Of all lengths about what is copied as one, and about what a frame holds. */
START_TEST(large_blocks) {
    size_t sizes[] = {900, 960, 970, 980, 990, 1000, 1010, 1015, 1023, 1024, 2000, 16370, 16380, 16384, 16385, 40000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buf block = {0}, wanted = {0};
        char *text = calloc(1, sizes[i] + 1);
        memset(text, '~', sizes[i]); /* its Huffman code is longer */
        hpack_put_status(&block, 200);
        hpack_put(&block, HEADER_OTHER, SPAN("x"), span_of(text));
        h2_send_block(p.session, p.streams[0], buf_span(&block), false, &out);
        size_t count = (block.n + FRAME_BYTES_MAX - 1) / FRAME_BYTES_MAX;
        ck_assert_uint_eq(out.bytes, block.n + count * FRAME_HEAD_BYTES);
        buf_printf(&wanted, "HEADERS 1 %d\n", count == 1 ? 4 : 0);
        for (size_t n = 1; n < count; n++) buf_printf(&wanted, "CONTINUATION 1 %d\n", n + 1 == count ? 4 : 0);
        buf_printf(&wanted, ":status: 200\nx: %s\n", text);
        ck_assert_str_eq(frames(), buf_text(&wanted));
        buf_done(&block);
        buf_done(&wanted);
        free(text);
    }
}
END_TEST

/* RFC 7541 4.2: a smaller table is acknowledged by the next block, and by no other. */
START_TEST(no_table) {
    player_play(&p, "SETTINGS 0 0 0001#100 0001#200 0001#50", 0);
    for (int i = 0; i < 2; i++) {
        h2_send_continue(p.session, p.streams[0], &out);
        const char *block = chunk_bytes(chunks_at(&out, 0)) + FRAME_HEAD_BYTES;
        ck_assert((*block == 0x20) == (i == 0));
        chunks_clear(&out);
    }
}
END_TEST

START_TEST(control_frames_come_first) {
    struct h2_session *s = p.session;
    h2_goaway_now(s);
    h2_send_continue(s, p.streams[0], &out);
    struct frame f = frame_read(chunk_bytes(chunks_at(&out, 0)));
    ck_assert_uint_eq(f.type, FRAME_GOAWAY);
    ck_assert_uint_eq(h2_control_bytes(s), 0);
    ck_assert(h2_is_ending(s));
}
END_TEST

START_TEST(nothing_after_the_end) {
    struct chunks body = {0};
    chunks_add_constant(&body, SPAN("abc"));
    h2_reset(p.session, p.streams[0], H2_CANCEL);
    h2_control(p.session, &out);
    chunks_clear(&out);
    h2_reset(p.session, p.streams[0], H2_CANCEL);
    h2_send_continue(p.session, p.streams[0], &out);
    ck_assert_uint_eq(h2_send_head(p.session, p.streams[0], &r, 5, true, NOW, &out), 0);
    ck_assert_uint_eq(h2_send_data(p.session, p.streams[0], &body, 100, true, &out), 0);
    h2_control(p.session, &out);
    ck_assert_uint_eq(out.bytes, 0);
    ck_assert_uint_eq(body.bytes, 3);
    chunks_clear(&body);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("emit");
    TCase *c = tcase_create("emit");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, replies, 0, 5);
    tcase_add_test(c, small_replies);
    tcase_add_test(c, small_reply_before_the_end_of_the_request);
    tcase_add_test(c, replies_without_body);
    tcase_add_test(c, blocks_are_kept);
    tcase_add_test(c, heads);
    tcase_add_test(c, continue_then_more);
    tcase_add_test(c, large_blocks);
    tcase_add_test(c, no_table);
    tcase_add_test(c, control_frames_come_first);
    tcase_add_test(c, nothing_after_the_end);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
