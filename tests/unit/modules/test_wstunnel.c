/* test_wstunnel.c - WebSocket's frames, what is in them, and the tunnel between them and a backend's bytes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>

#include "base/random.h"
#include "modules/wstunnel/frames.h"
#include "modules/wstunnel/text.h"
#include "modules/wstunnel/wstunnel.h"

/* ---- what the server would say ------------------------------------------------------------------------------- */

void request_say(const struct request *r, enum log_level level, const char *format, ...) {
    (void)r, (void)level, (void)format;
}

struct fdevents *request_events(const struct request *r) {
    (void)r;
    return NULL;
}

void request_resume(struct request *r) {
    (void)r;
}

/* ---- the key -------------------------------------------------------------------------------------------------- */

START_TEST(keys) {
    char accept[WS_ACCEPT_BYTES];
    ck_assert(wstunnel_accept(SPAN("dGhlIHNhbXBsZSBub25jZQ=="), accept)); /* RFC 6455 1.3 */
    ck_assert_str_eq(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    static const char *const none[] = {"",
                                       "dGhlIHNhbXBsZSBub25jZQ=",
                                       "dGhlIHNhbXBsZSBub25jZQ===",
                                       "dGhlIHNhbXBsZSBub25jZX==X",
                                       "dGhlIHNhbXBsZSBub25jZXh4",
                                       "dGhlIHNhbXBsZSBub25j!Q==",
                                       "dGhlIHNhbXBsZSBub25jZXg="};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert_msg(!wstunnel_accept(span_of(none[i]), accept), "%s", none[i]);
}
END_TEST

/* ---- text ---------------------------------------------------------------------------------------------------- */

START_TEST(utf8_in_pieces) {
    static const struct {
        struct span s;
        bool is_valid, is_whole;
    } table[] = {
        {SPAN_INIT(""), true, true},
        {SPAN_INIT("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), true, true},
        {SPAN_INIT("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"), true, true},
        {SPAN_INIT("a\xc3"), true, false},
        {SPAN_INIT("\xf0\x9f\x98"), true, false},
        {SPAN_INIT("\xc0\x80"), false, false}, /* longer than need be */
        {SPAN_INIT("\xe0\x9f\xbf"), false, false},
        {SPAN_INIT("\xf0\x8f\xbf\xbf"), false, false},
        {SPAN_INIT("\xed\xa0\x80"), false, false},     /* a surrogate */
        {SPAN_INIT("\xf4\x90\x80\x80"), false, false}, /* above U+10FFFF */
        {SPAN_INIT("\x80"), false, false},
        {SPAN_INIT("\xc3z"), false, false},
        {SPAN_INIT("\xff"), false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        for (size_t cut = 0; cut <= table[i].s.n; cut++) {
            struct utf8 u = {0};
            size_t whole;
            bool ok = utf8_take(&u, span_upto(table[i].s, cut), &whole) &&
                      utf8_take(&u, span_from(table[i].s, cut), &whole);
            ck_assert_msg(ok == table[i].is_valid && (!ok || (u.need == 0) == table[i].is_whole), "%zu, %zu", i, cut);
        }
    }
}
END_TEST

START_TEST(base64_in_pieces) {
    static const struct {
        const char *plain, *coded;
    } table[] = {{"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
                 {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xfb\xff", "+/8="}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct span plain = span_of(table[i].plain), coded = span_of(table[i].coded);
        char out[32];
        ck_assert(span_is((struct span){out, base64_make(plain, out)}, coded));
        for (size_t cut = 0; cut <= coded.n; cut++) {
            struct base64 b = {0};
            long n = base64_take(&b, span_upto(coded, cut), out);
            ck_assert_int_ge(n, 0);
            long m = base64_take(&b, span_from(coded, cut), out + n);
            ck_assert(m >= 0 && base64_end(&b) && span_is((struct span){out, (size_t)(n + m)}, plain));
        }
    }
    static const char *const none[] = {"Z", "Zg", "Zg=", "=", "Z===", "Zg==Zg==", "Zg=a", "Zm9v!", "Zm 9v"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct base64 b = {0};
        char out[32];
        ck_assert_msg(base64_take(&b, span_of(none[i]), out) < 0 || !base64_end(&b), "%s", none[i]);
    }
}
END_TEST

/* ---- the tunnel ---------------------------------------------------------------------------------------------- */

#define MASK "\x11\x22\x33\x44"

/* A client's frame: first byte, payload, which is masked here. */
static void add_frame(struct buf *b, unsigned first, struct span payload) {
    buf_add_char(b, (char)first);
    if (payload.n > 125) {
        buf_add_char(b, (char)(0x80 | 126));
        buf_add_char(b, (char)(payload.n >> 8));
        buf_add_char(b, (char)(payload.n & 0xff));
    } else {
        buf_add_char(b, (char)(0x80 | payload.n));
    }
    buf_add(b, SPAN(MASK));
    for (size_t i = 0; i < payload.n; i++) buf_add_char(b, (char)(payload.p[i] ^ MASK[i & 3]));
}

struct tunnel_trial {
    struct request r;
    struct wstunnel_settings settings;
    struct message_pair p;
    struct chunks out; /* for the backend */
    struct buf text;
};

static void begin_tunnel(struct tunnel_trial *x, enum frame_type type) {
    static const enum frame_type types[] = {FRAMES_TEXT, FRAMES_BINARY, FRAMES_BASE64};
    memset(x, 0, sizeof *x);
    x->settings.frame_type = &types[type];
    fields_add(&x->r.in.fields, &x->r.arena, HEADER_SEC_WEBSOCKET_KEY, SPAN("dGhlIHNhbXBsZSBub25jZQ=="));
    x->p = (struct message_pair){.r = &x->r, .settings = &x->settings, .length = -1};
    x->p.state = arena_zeroed(&x->r.arena, wstunnel_codec.state_bytes);
    ck_assert_int_eq(wstunnel_codec.begin(&x->p, &x->out), 0);
    ck_assert(x->p.status == 101 && x->p.is_tunnel);
}

static void end_tunnel(struct tunnel_trial *x) {
    wstunnel_codec.done(&x->p);
    chunks_clear(&x->p.body);
    chunks_clear(&x->out);
    buf_done(&x->text);
    arena_done(&x->r.arena);
}

/* All that waits in q, which is empty then. */
static struct span drain(struct tunnel_trial *x, struct chunks *q) {
    buf_clear(&x->text);
    while (q->count) {
        struct chunk *c = chunks_at(q, 0);
        buf_add(&x->text, (struct span){chunk_bytes(c), (size_t)c->left});
        chunks_sent(q, c->left);
    }
    return buf_span(&x->text);
}

static void from_client(struct tunnel_trial *x, struct span bytes, size_t piece) {
    while (bytes.n) {
        struct chunks body = {0};
        size_t n = bytes.n < piece ? bytes.n : piece;
        chunks_add_copy(&body, span_upto(bytes, n));
        ck_assert_uint_eq(wstunnel_codec.body(&x->p, &x->out, &body, 65536), n);
        ck_assert_uint_eq(body.bytes, 0);
        bytes = span_from(bytes, n);
    }
}

static struct span cut_off_long(struct span s) {
    return s.n > 40 ? span_upto(s, 40) : s;
}

#define CLOSE(code) "\x88\x02" code
#define BAD CLOSE("\x03\xea")      /* 1002 */
#define NOT_TYPE CLOSE("\x03\xef") /* 1007 */
#define HUNDRED "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

/* Frames, then what the backend gets and what the client gets. */
static const struct {
    enum frame_type type;
    struct {
        unsigned first;
        struct span payload;
    } frames[6];
    struct span backend, client;
    bool is_over;
} talks[] = {
    {FRAMES_TEXT, {{0x81, SPAN_INIT("hello")}}, SPAN_INIT("hello"), SPAN_INIT(""), false},
    {FRAMES_TEXT, {{0x82, SPAN_INIT("\0\xff")}}, SPAN_INIT("\0\xff"), SPAN_INIT(""), false},
    {FRAMES_TEXT, {{0x81, SPAN_INIT("")}, {0x81, SPAN_INIT("x")}}, SPAN_INIT("x"), SPAN_INIT(""), false},
    {FRAMES_TEXT,
     {{0x81, SPAN_INIT(HUNDRED HUNDRED HUNDRED)}},
     SPAN_INIT(HUNDRED HUNDRED HUNDRED),
     SPAN_INIT(""),
     false},
    /* fragments, with a ping between them */
    {FRAMES_TEXT,
     {{0x01, SPAN_INIT("a\xe2\x82")}, {0x89, SPAN_INIT("p")}, {0x00, SPAN_INIT("\xac")}, {0x80, SPAN_INIT("b")}},
     SPAN_INIT("a\xe2\x82\xac"
               "b"),
     SPAN_INIT("\x8a\x01p"),
     false},
    {FRAMES_TEXT, {{0x89, SPAN_INIT("")}}, SPAN_INIT(""), SPAN_INIT("\x8a\0"), false},
    {FRAMES_TEXT, {{0x8a, SPAN_INIT("pong")}}, SPAN_INIT(""), SPAN_INIT(""), false},
    /* the end: what comes behind it is for nobody */
    {FRAMES_TEXT,
     {{0x81, SPAN_INIT("x")},
      {0x88, SPAN_INIT("\x03\xe8"
                       "bye")},
      {0x81, SPAN_INIT("y")}},
     SPAN_INIT("x"),
     SPAN_INIT(CLOSE("\x03\xe8")),
     true},
    {FRAMES_TEXT, {{0x88, SPAN_INIT("")}}, SPAN_INIT(""), SPAN_INIT("\x88\0"), true},
    {FRAMES_TEXT, {{0x88, SPAN_INIT("\x0f\xa0")}}, SPAN_INIT(""), SPAN_INIT(CLOSE("\x0f\xa0")), true},
    {FRAMES_TEXT, {{0x88, SPAN_INIT("x")}}, SPAN_INIT(""), SPAN_INIT(BAD), true},
    {FRAMES_TEXT, {{0x88, SPAN_INIT("\x03\xed")}}, SPAN_INIT(""), SPAN_INIT(BAD), true}, /* 1005 is never said */
    {FRAMES_TEXT, {{0x88, SPAN_INIT("\0\0")}}, SPAN_INIT(""), SPAN_INIT(BAD), true},
    {FRAMES_TEXT, {{0x88, SPAN_INIT("\x03\xe8\xff")}}, SPAN_INIT(""), SPAN_INIT(BAD), true},
    /* protocol errors */
    {FRAMES_TEXT, {{0xc1, SPAN_INIT("x")}}, SPAN_INIT(""), SPAN_INIT(BAD), true},
    {FRAMES_TEXT, {{0x83, SPAN_INIT("x")}}, SPAN_INIT(""), SPAN_INIT(BAD), true},
    {FRAMES_TEXT, {{0x8b, SPAN_INIT("x")}}, SPAN_INIT(""), SPAN_INIT(BAD), true},
    {FRAMES_TEXT, {{0x80, SPAN_INIT("x")}}, SPAN_INIT(""), SPAN_INIT(BAD), true},
    {FRAMES_TEXT, {{0x01, SPAN_INIT("x")}, {0x81, SPAN_INIT("y")}}, SPAN_INIT("x"), SPAN_INIT(BAD), true},
    {FRAMES_TEXT, {{0x09, SPAN_INIT("x")}}, SPAN_INIT(""), SPAN_INIT(BAD), true},
    {FRAMES_TEXT, {{0x89, SPAN_INIT(HUNDRED "01234567890123456789012345")}}, SPAN_INIT(""), SPAN_INIT(BAD), true},
    /* texts that are none */
    {FRAMES_TEXT, {{0x81, SPAN_INIT("\xff")}}, SPAN_INIT(""), SPAN_INIT(NOT_TYPE), true},
    {FRAMES_TEXT, {{0x81, SPAN_INIT("\xe2\x82")}}, SPAN_INIT(""), SPAN_INIT(NOT_TYPE), true},
    {FRAMES_BINARY, {{0x81, SPAN_INIT("\xff")}}, SPAN_INIT(""), SPAN_INIT(NOT_TYPE), true},
    {FRAMES_BASE64,
     {{0x01, SPAN_INIT("Zm9v")}, {0x80, SPAN_INIT("Yg==")}, {0x81, SPAN_INIT("Zg==")}},
     SPAN_INIT("foobf"),
     SPAN_INIT(""),
     false},
    {FRAMES_BASE64, {{0x82, SPAN_INIT("raw")}}, SPAN_INIT("raw"), SPAN_INIT(""), false},
    {FRAMES_BASE64, {{0x81, SPAN_INIT("Zg=")}}, SPAN_INIT(""), SPAN_INIT(NOT_TYPE), true},
    {FRAMES_BASE64, {{0x81, SPAN_INIT("Z!==")}}, SPAN_INIT(""), SPAN_INIT(NOT_TYPE), true},
};

START_TEST(from_client_to_backend) {
    static const size_t pieces[] = {65536, 1, 3};
    for (size_t i = 0; i < sizeof talks / sizeof *talks; i++) {
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            struct tunnel_trial x;
            struct buf frames = {0};
            begin_tunnel(&x, talks[i].type);
            for (size_t f = 0; f < 6 && talks[i].frames[f].payload.p; f++)
                add_frame(&frames, talks[i].frames[f].first, talks[i].frames[f].payload);
            from_client(&x, buf_span(&frames), pieces[k]);
            struct span got = drain(&x, &x.out);
            if (talks[i].client.n != 4 ||
                !talks[i].is_over) /* how much of a bad message has gone on, pieces decide */
                ck_assert_msg(span_is(got, talks[i].backend), "%zu: %.*s", i, SPAN_ARG(cut_off_long(got)));
            got = drain(&x, &x.p.body);
            ck_assert_msg(span_is(got, talks[i].client), "%zu, pieces of %zu", i, pieces[k]);
            ck_assert_msg(x.p.is_over == talks[i].is_over, "%zu", i);
            buf_done(&frames);
            end_tunnel(&x);
        }
    }
}
END_TEST

/* Heads that add_frame() cannot make. */
START_TEST(bad_heads) {
    static const struct span table[] = {
        SPAN_INIT("\x81\x05hello"),       /* not masked */
        SPAN_INIT("\x81\xfe\0\x7d" MASK), /* longer forms than need be */
        SPAN_INIT("\x81\xff\0\0\0\0\0\0\xff\xff" MASK),
        SPAN_INIT("\x81\xff\x80\0\0\0\0\0\0\0" MASK), /* the highest bit */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct tunnel_trial x;
        begin_tunnel(&x, FRAMES_TEXT);
        from_client(&x, table[i], 65536);
        ck_assert_msg(span_is(drain(&x, &x.p.body), SPAN(BAD)), "%zu", i);
        ck_assert(x.p.is_over);
        end_tunnel(&x);
    }
}
END_TEST

/* A client that pings and does not read gets no more pongs than there is room for. */
START_TEST(floods_of_pings) {
    struct tunnel_trial x;
    struct buf ping = {0};
    begin_tunnel(&x, FRAMES_TEXT);
    add_frame(&ping, 0x89, SPAN(HUNDRED));
    for (int i = 0; i < 10000; i++) from_client(&x, buf_span(&ping), 65536);
    ck_assert(x.p.body.bytes > 1000 && x.p.body.bytes < 20000);
    buf_done(&ping);
    end_tunnel(&x);
}
END_TEST

static void from_backend(struct tunnel_trial *x, struct span bytes, enum take word) {
    ck_assert_int_eq(wstunnel_codec.take(&x->p, &bytes), word);
    ck_assert_uint_eq(bytes.n, 0);
}

START_TEST(from_backend_to_client) {
    struct tunnel_trial x;
    begin_tunnel(&x, FRAMES_TEXT);
    from_backend(&x, SPAN("a\xe2"), TAKE_MORE);
    from_backend(&x, SPAN("\x82"), TAKE_MORE);
    ck_assert(span_is(drain(&x, &x.p.body), SPAN("\x81\1a"))); /* a frame ends between characters */
    from_backend(&x,
                 SPAN("\xac"
                      "b\xf0"),
                 TAKE_MORE);
    ck_assert(span_is(drain(&x, &x.p.body), SPAN("\x81\4\xe2\x82\xac"
                                                 "b")));
    from_backend(&x, SPAN("\x9f\x98\x80"), TAKE_MORE);
    ck_assert(span_is(drain(&x, &x.p.body), SPAN("\x81\4\xf0\x9f\x98\x80")));
    from_backend(&x, SPAN("\xff"), TAKE_END);
    ck_assert(span_is(drain(&x, &x.p.body), SPAN(CLOSE("\x03\xf3"))));
    end_tunnel(&x);

    begin_tunnel(&x, FRAMES_BINARY);
    from_backend(&x, SPAN("\xff\0"), TAKE_MORE);
    from_backend(&x, SPAN(HUNDRED HUNDRED), TAKE_MORE);
    ck_assert_int_eq(wstunnel_codec.eof(&x.p), TAKE_END);
    ck_assert(span_is(drain(&x, &x.p.body), SPAN("\x82\2\xff\0\x82\x7e\0\xc8" HUNDRED HUNDRED CLOSE("\x03\xe8"))));
    end_tunnel(&x);

    begin_tunnel(&x, FRAMES_BASE64);
    from_backend(&x, SPAN("foob"), TAKE_MORE);
    ck_assert(span_is(drain(&x, &x.p.body), SPAN("\x81\x08Zm9vYg==")));
    end_tunnel(&x);
}
END_TEST

/* A long one in base64 is one frame; and the client's own frames are unmasked wherever they are cut. */
START_TEST(large_ones) {
    struct tunnel_trial x;
    static char noise[60000], coded[80000];
    random_bytes(noise, sizeof noise);
    begin_tunnel(&x, FRAMES_BASE64);
    from_backend(&x, (struct span){noise, sizeof noise}, TAKE_MORE);
    struct span got = drain(&x, &x.p.body);
    size_t n = base64_make((struct span){noise, sizeof noise}, coded);
    ck_assert(span_starts(got, SPAN("\x81\x7f\0\0\0\0\0\1\x38\x80")) &&
              span_is(span_from(got, 10), (struct span){coded, n}));
    end_tunnel(&x);

    struct buf frame = {0};
    begin_tunnel(&x, FRAMES_TEXT);
    add_frame(&frame, 0x82, (struct span){noise, sizeof noise});
    from_client(&x, buf_span(&frame), 777);
    ck_assert(span_is(drain(&x, &x.out), (struct span){noise, sizeof noise}));
    buf_done(&frame);
    end_tunnel(&x);
}
END_TEST

/* ---- handshakes ---------------------------------------------------------------------------------------------- */

START_TEST(types) {
    static const struct {
        const char *offered;
        enum frame_type set, type;
        const char *protocol;
    } table[] = {
        {NULL, FRAMES_TEXT, FRAMES_TEXT, ""},
        {NULL, FRAMES_BASE64, FRAMES_BASE64, ""},
        {"chat", FRAMES_TEXT, FRAMES_TEXT, ""},
        {"binary", FRAMES_TEXT, FRAMES_BINARY, "binary"},
        {"base64, binary", FRAMES_TEXT, FRAMES_BINARY, "binary"},
        {"base64, binary", FRAMES_BASE64, FRAMES_BASE64, "base64"},
        {"binary, base64", FRAMES_BINARY, FRAMES_BINARY, "binary"},
        {"base64", FRAMES_BINARY, FRAMES_BASE64, "base64"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct request r = {0};
        struct span protocol;
        if (table[i].offered)
            fields_add(&r.in.fields, &r.arena, HEADER_SEC_WEBSOCKET_PROTOCOL, span_of(table[i].offered));
        ck_assert_msg(wstunnel_type(&r, table[i].set, &protocol) == table[i].type, "%zu", i);
        ck_assert_msg(span_is(protocol, span_of(table[i].protocol)), "%zu", i);
        arena_done(&r.arena);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("wstunnel");
    TCase *all = tcase_create("all");
    tcase_add_test(all, keys);
    tcase_add_test(all, utf8_in_pieces);
    tcase_add_test(all, base64_in_pieces);
    tcase_add_test(all, from_client_to_backend);
    tcase_add_test(all, bad_heads);
    tcase_add_test(all, floods_of_pings);
    tcase_add_test(all, from_backend_to_client);
    tcase_add_test(all, large_ones);
    tcase_add_test(all, types);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
