/* test_hpack.c - header blocks both ways: the RFC's examples, what is broken, what is told, the encoder */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "h2/hpack.h"
#include "h2/table.h"

/* ---- blocks as hexadecimal digits with blanks, fields as lines -------------------------------- */

static void add_hex(struct buf *out, const char *hex) {
    for (; *hex; hex += 2) {
        while (*hex == ' ') hex++;
        if (!*hex) return;
        buf_add_char(out, (char)(ascii_hex(hex[0]) << 4 | ascii_hex(hex[1])));
    }
}

static void check_field(const struct hpack_field *f) {
    ck_assert_int_eq(f->name.p[f->name.n], '\0');
    ck_assert_int_eq(f->value.p[f->value.n], '\0');
}

/* "name: value" lines, "BROKEN" at the end if it is. */
static void decode(struct hpack_decoder *d, struct span bytes, struct buf *lines) {
    struct hpack_block block = {bytes, false};
    struct arena arena = {NULL, NULL, NULL};
    struct hpack_field f;
    enum hpack_result result;
    while ((result = hpack_next(d, &block, &arena, &f)) == HPACK_FIELD) {
        check_field(&f);
        buf_add(lines, f.name);
        buf_add(lines, SPAN(": "));
        buf_add(lines, f.value);
        buf_add(lines, SPAN("\n"));
    }
    if (result == HPACK_BROKEN) buf_add(lines, SPAN("BROKEN"));
    arena_done(&arena);
}

static void check_block(struct hpack_decoder *d, const char *hex, const char *expected) {
    struct buf bytes = {NULL, 0, 0}, lines = {NULL, 0, 0};
    add_hex(&bytes, hex);
    decode(d, buf_span(&bytes), &lines);
    ck_assert_str_eq(buf_text(&lines), expected);
    buf_done(&bytes);
    buf_done(&lines);
}

/* ---- RFC 7541 Appendix C ---------------------------------------------------------------------- */

struct block {
    const char *hex, *lines;
};

#define DATE1 "date: Mon, 21 Oct 2013 20:13:21 GMT\n"
#define DATE2 "date: Mon, 21 Oct 2013 20:13:22 GMT\n"
#define PRIVATE "cache-control: private\n"
#define LOCATION "location: https://www.example.com\n"
#define COOKIE "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n"
#define REQUEST1 ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n"
#define REQUEST2 REQUEST1 "cache-control: no-cache\n"
#define REQUEST3 \
    ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value\n"

/* Blocks that come one after the other, and what is in the table behind them. */
static const struct {
    uint32_t limit;
    struct block blocks[4];
} conversations[] = {
    {4096, {{"400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", "custom-key: custom-header\n"},
            {"be", "custom-key: custom-header\n"}, {"bf", "BROKEN"}}},
    {4096, {{"040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path\n"}, {"be", "BROKEN"}}},
    {4096, {{"1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret\n"}, {"be", "BROKEN"}}},
    {4096, {{"82", ":method: GET\n"}, {"be", "BROKEN"}}},
    {4096, {{"8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", REQUEST1},
            {"8286 84be 5808 6e6f 2d63 6163 6865", REQUEST2},
            {"8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", REQUEST3},
            {"bebfc0c1", "custom-key: custom-value\ncache-control: no-cache\n:authority: www.example.com\nBROKEN"}}},
    {4096, {{"8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", REQUEST1},
            {"8286 84be 5886 a8eb 1064 9cbf", REQUEST2},
            {"8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", REQUEST3},
            {"bebfc0c1", "custom-key: custom-value\ncache-control: no-cache\n:authority: www.example.com\nBROKEN"}}},
    {256, {{"4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120"
            "474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            ":status: 302\n" PRIVATE DATE1 LOCATION},
           {"4803 3330 37c1 c0bf", ":status: 307\n" PRIVATE DATE1 LOCATION},
           {"88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738"
            "666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33"
            "3630 303b 2076 6572 7369 6f6e 3d31",
            ":status: 200\n" PRIVATE DATE2 LOCATION "content-encoding: gzip\n" COOKIE},
           {"bebfc0c1", COOKIE "content-encoding: gzip\n" DATE2 "BROKEN"}}},
    {256, {{"4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718"
            "63c7 8f0b 97c8 e9ae 82ae 43d3",
            ":status: 302\n" PRIVATE DATE1 LOCATION},
           {"4883 640e ffc1 c0bf", ":status: 307\n" PRIVATE DATE1 LOCATION},
           {"88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7"
            "b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
            ":status: 200\n" PRIVATE DATE2 LOCATION "content-encoding: gzip\n" COOKIE},
           {"bebfc0c1", COOKIE "content-encoding: gzip\n" DATE2 "BROKEN"}}},

    /* size updates, RFC 7541 4.2 and 6.3 */
    {4096, {{"4001 6101 62", "a: b\n"}, {"20be", "BROKEN"}}},
    {4096, {{"4001 6101 62", "a: b\n"}, {"3f03be", "a: b\n"}, {"3f02be", "BROKEN"}}},
    {4096, {{"4001 6101 62", "a: b\n"}, {"203fe11f4001 6301 64be", "c: d\nc: d\n"}, {"bf", "BROKEN"}}},
    {4096, {{"3fe11f", ""}, {"3fe21f", "BROKEN"}}},
    {4096, {{"3fe11f82", ":method: GET\n"}, {"823fe11f", ":method: GET\nBROKEN"}}},
    {4096, {{"20", ""}, {"4001 6101 62be", "a: b\nBROKEN"}}},
    {65536, {{"3fe1ff03", ""}, {"3fe2ff03", "BROKEN"}}},
    {100, {{"3f45", ""}, {"3f46", "BROKEN"}}},
    {0, {{"4001 6101 62be", "a: b\nBROKEN"}, {"21", "BROKEN"}}},

    /* room for two entries of 34 bytes; one that is larger than the table leaves it empty (RFC 7541 4.4) */
    {68, {{"4001 6101 62 4001 6301 64 bebf", "a: b\nc: d\nc: d\na: b\n"},
          {"4001 6501 66 bebf", "e: f\ne: f\nc: d\n"},
          {"4001 6702 6869 be", "g: hi\ng: hi\n"},
          {"bf", "BROKEN"}}},
    {68, {{"4001 6101 62", "a: b\n"},
          {"4001 6324 303132333435363738396162636465666768696a6b6c6d6e6f707172737475767778797a",
           "c: 0123456789abcdefghijklmnopqrstuvwxyz\n"},
          {"be", "BROKEN"}}},
    {68, {{"4001 6101 62", "a: b\n"},
          {"4001 6323 303132333435363738396162636465666768696a6b6c6d6e6f70717273747576777879",
           "c: 0123456789abcdefghijklmnopqrstuvwxy\n"},
          {"be", "c: 0123456789abcdefghijklmnopqrstuvwxy\n"},
          {"bf", "BROKEN"}}},
    /* the name is taken from an entry that goes away for it */
    {40, {{"4002 6162 0163", "ab: c\n"}, {"7e01 64", "ab: d\n"}, {"be", "ab: d\n"}, {"bf", "BROKEN"}}},
};

START_TEST(conversation) {
    struct hpack_decoder d;
    hpack_init(&d, conversations[_i].limit);
    for (const struct block *b = conversations[_i].blocks; b < conversations[_i].blocks + 4 && b->hex; b++)
        check_block(&d, b->hex, b->lines);
    hpack_done(&d);
}
END_TEST

/* ---- single blocks ---------------------------------------------------------------------------- */

static const struct block blocks[] = {
    {"", ""},
    {"80", "BROKEN"},                                  /* number 0 */
    {"bd", "www-authenticate: \n"},                    /* 61, the last of the static table */
    {"be", "BROKEN"},                                  /* 62, the first of the dynamic one */
    {"ff", "BROKEN"},                                  /* numbers that do not end */
    {"ff80", "BROKEN"},
    {"ffffffff", "BROKEN"},
    {"ff00", "BROKEN"},                                /* 127 */
    {"ff80808000", "BROKEN"},
    {"0f00 0161", "accept-charset: a\n"},              /* 15, in two bytes and in more */
    {"0f80808000 0161", "accept-charset: a\n"},
    {"0f8080808000 0161", "accept-charset: a\n"},
    {"0f808080808000 0161", "BROKEN"},                 /* six bytes */
    {"0ff0ffffff0f 0161", "BROKEN"},                   /* 2^32 - 1: out of range */
    {"0ff1ffffff0f 0161 00", "BROKEN"},                /* 2^32, which is 0 without care */
    {"0f808080 8010 0161", "BROKEN"},                  /* 2^32 + 15, which is 15 without care */
    {"4f", "BROKEN"},
    {"00", "BROKEN"},                                  /* strings that do not end */
    {"0001", "BROKEN"},
    {"000161", "BROKEN"},
    {"00016101", "BROKEN"},
    {"0001617f", "BROKEN"},
    {"0001617fffffffff0f", "BROKEN"},
    {"00016100", "a: \n"},
    {"000000", ": \n"},
    {"008080", ": \n"},
    {"0081ff00", "BROKEN"},                            /* Huffman codes: only padding, and too much of it */
    {"00811f00", "a: \n"},
    {"00811e00", "BROKEN"},
    {"00821fff00", "BROKEN"},
    {"000161811f", "a: a\n"},
    {"00016181 18", "BROKEN"},
    {"000161 84 ffffffff", "BROKEN"},                  /* EOS */
    {"000161 87 3fffffffffffff", "BROKEN"},
    {"7f", "BROKEN"},
    {"7e", "BROKEN"},                                  /* a name that is not there */
    {"7e0161", "BROKEN"},
    {"1f2f0161", "BROKEN"},
    {"04", "BROKEN"},
    {"8220", ":method: GET\nBROKEN"},                  /* a size update behind a field */
    {"2020202082", ":method: GET\n"},
    {"3f", "BROKEN"},
    {"2f", ""},
};

START_TEST(single_block) {
    struct hpack_decoder d;
    hpack_init(&d, 4096);
    check_block(&d, blocks[_i].hex, blocks[_i].lines);
    hpack_done(&d);
}
END_TEST

/* ---- what is told of a field ------------------------------------------------------------------ */

static const struct {
    struct span name, value;
    unsigned id;
    bool is_lower, is_clean;
} fields[] = {
    {SPAN_INIT(":authority"), SPAN_INIT("a"), PSEUDO_AUTHORITY, true, true},
    {SPAN_INIT(":method"), SPAN_INIT("a"), PSEUDO_METHOD, true, true},
    {SPAN_INIT(":path"), SPAN_INIT(""), PSEUDO_PATH, true, true},
    {SPAN_INIT(":scheme"), SPAN_INIT("a b"), PSEUDO_SCHEME, true, true},
    {SPAN_INIT(":status"), SPAN_INIT("a\tb"), PSEUDO_STATUS, true, true},
    {SPAN_INIT(":protocol"), SPAN_INIT("websocket"), PSEUDO_PROTOCOL, true, true},
    {SPAN_INIT(":Path"), SPAN_INIT("a"), PSEUDO_UNKNOWN, false, true},
    {SPAN_INIT(":paths"), SPAN_INIT("a"), PSEUDO_UNKNOWN, true, true},
    {SPAN_INIT(":"), SPAN_INIT("a"), PSEUDO_UNKNOWN, false, true},
    {SPAN_INIT("::path"), SPAN_INIT("a"), PSEUDO_UNKNOWN, false, true},
    {SPAN_INIT("user-agent"), SPAN_INIT("a"), HEADER_USER_AGENT, true, true},
    {SPAN_INIT("User-agent"), SPAN_INIT("a"), HEADER_USER_AGENT, false, true},
    {SPAN_INIT("user-agenT"), SPAN_INIT("a"), HEADER_USER_AGENT, false, true},
    {SPAN_INIT("sec-fetch-mode"), SPAN_INIT("a"), HEADER_SEC_FETCH_MODE, true, true},
    {SPAN_INIT("x-own"), SPAN_INIT("a"), HEADER_OTHER, true, true},
    {SPAN_INIT(""), SPAN_INIT("a"), HEADER_OTHER, false, true},
    {SPAN_INIT("a b"), SPAN_INIT("a"), HEADER_OTHER, false, true},
    {SPAN_INIT("a:"), SPAN_INIT("a"), HEADER_OTHER, false, true},
    {SPAN_INIT("a\0"), SPAN_INIT("a"), HEADER_OTHER, false, true},
    {SPAN_INIT("a\x80"), SPAN_INIT("a"), HEADER_OTHER, false, true},
    {SPAN_INIT("a[`{|~"), SPAN_INIT("a"), HEADER_OTHER, false, true},
    {SPAN_INIT("a^_`|~!#$%&'*+-."), SPAN_INIT("a"), HEADER_OTHER, true, true},
    {SPAN_INIT("x"), SPAN_INIT(" a"), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT("a "), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT("\ta"), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT("a\t"), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT(" "), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT("\0"), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT("\r"), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT("0123456\n"), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT("0123456\t7"), HEADER_OTHER, true, true},
    {SPAN_INIT("x"), SPAN_INIT("0123\t456\r"), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT("0123456789abcde\0"), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT("0123456\n89abcdefghij"), HEADER_OTHER, true, false},
    {SPAN_INIT("x"), SPAN_INIT("0123456789abcd\xff\x01\x7f\x80\x8a\x8d"), HEADER_OTHER, true, true},
};

static void add_string(struct buf *out, struct span s, bool coded) {
    size_t n = coded ? huffman_length(s, false) : s.n;
    ck_assert_uint_lt(n, 127);
    buf_add_char(out, (char)(coded ? 0x80 | n : n));
    if (coded)
        huffman_encode(out, s, false);
    else
        buf_add(out, s);
}

static void check_told(struct hpack_decoder *d, struct hpack_block *block, struct arena *a, int i) {
    struct hpack_field f;
    ck_assert_int_eq(hpack_next(d, block, a, &f), HPACK_FIELD);
    check_field(&f);
    ck_assert(span_is(f.name, fields[i].name));
    ck_assert(span_is(f.value, fields[i].value));
    ck_assert_uint_eq(f.id, fields[i].id);
    ck_assert_int_eq(f.is_lower, fields[i].is_lower);
    ck_assert_int_eq(f.is_clean, fields[i].is_clean);
}

/* Plain and with Huffman codes, as a literal, from the table, and with its name from the table. */
START_TEST(told) {
    struct hpack_decoder d;
    struct buf bytes = {NULL, 0, 0};
    struct arena arena = {NULL, NULL, NULL};
    hpack_init(&d, 4096);
    for (int coded = 0; coded < 2; coded++) {
        buf_add(&bytes, SPAN("\x40"));
        add_string(&bytes, fields[_i].name, coded);
        add_string(&bytes, fields[_i].value, coded);
        buf_add(&bytes, SPAN("\xbe\x7e"));
        add_string(&bytes, fields[_i].value, coded);
        buf_add(&bytes, SPAN("\xbe"));
    }
    struct hpack_block block = {buf_span(&bytes), false};
    for (int i = 0; i < 8; i++) check_told(&d, &block, &arena, _i);
    hpack_done(&d);
    buf_done(&bytes);
    arena_done(&arena);
}
END_TEST

/* The static table's numbers are those that the names have elsewhere. */
START_TEST(static_table) {
    struct hpack_decoder d;
    struct hpack_field f;
    hpack_init(&d, 4096);
    for (int number = 1; number <= 61; number++) {
        char byte = (char)(0x80 | number);
        struct hpack_block block = {{&byte, 1}, false};
        ck_assert_int_eq(hpack_next(&d, &block, NULL, &f), HPACK_FIELD);
        check_field(&f);
        ck_assert(f.is_lower && f.is_clean);
        if (f.name.p[0] != ':') ck_assert_int_eq(f.id, (int)header_find(f.name));
        ck_assert(f.id > HEADER_OTHER && f.id < PSEUDO_UNKNOWN);
        ck_assert_int_eq(hpack_next(&d, &block, NULL, &f), HPACK_END);
    }
    hpack_done(&d);
}
END_TEST

/* ---- memory and skipping ----------------------------------------------------------------------- */

/* A connection that has sent little takes little; names of the static table take nothing. */
START_TEST(table_grows_with_use) {
    struct hpack_decoder d;
    hpack_init(&d, 65536);
    ck_assert_uint_eq(d.size, 4096);
    check_block(&d, "8286", ":method: GET\n:scheme: http\n");
    ck_assert_ptr_null(d.table);
    check_block(&d, "4001 6101 62", "a: b\n");
    size_t at_first = hpack_table_memory(d.table);
    ck_assert_uint_le(at_first, 512);
    for (int i = 0; i < 7; i++)
        check_block(&d, "4019 7374 7269 6374 2d74 7261 6e73 706f 7274 2d73 6563 7572 6974 79"
                        "1e 3132 3334 3536 3738 3930 3132 3334 3536 3738 3930 3132 3334 3536 3738 3930",
                    "strict-transport-security: 123456789012345678901234567890\n");
    ck_assert_uint_eq(hpack_table_memory(d.table), at_first);
    hpack_done(&d);
}
END_TEST

/* A random block with all kinds of fields: number 62 to 70 of the table may be there or not. */
static void add_random_block(struct buf *out) {
    char text[200];
    memset(text, 'a', sizeof text);
    for (int i = rand() % 8; i > 0; i--) {
        static const char kinds[] = {0, 0x10, 0x40, 0x40, 0x40};
        struct span name = {text, (size_t)rand() % 100}, value = {text, (size_t)rand() % 150};
        text[rand() % 200] = (char)rand();
        if (rand() % 3 == 0) {
            buf_add_char(out, (char)(0x80 | (rand() % 4 ? 62 + rand() % 8 : rand() % 62)));
            continue;
        }
        buf_add_char(out, kinds[rand() % 5]);
        if (rand() % 3) add_string(out, name, rand() % 2);
        else out->p[out->n - 1] = (char)(out->p[out->n - 1] | (out->p[out->n - 1] & 0x40 ? 62 : 1 + rand() % 14));
        if (value.n > 100) value.n = 100;
        add_string(out, value, rand() % 2);
    }
}

START_TEST(skipping_keeps_the_state) {
    struct hpack_decoder reads, skips;
    struct arena arena = {NULL, NULL, NULL};
    hpack_init(&reads, 1000);
    hpack_init(&skips, 1000);
    srand(3);
    for (int i = 0; i < 3000; i++) {
        struct buf bytes = {NULL, 0, 0};
        struct hpack_field f, g;
        add_random_block(&bytes);
        struct hpack_block a = {buf_span(&bytes), false}, b = a;
        enum hpack_result result, other;
        do {
            result = hpack_next(&reads, &a, &arena, &f);
            other = hpack_next(&skips, &b, rand() % 4 ? NULL : &arena, &g);
            ck_assert_int_eq(result, other);
            if (result == HPACK_FIELD) ck_assert(f.name.n == g.name.n && f.value.n == g.value.n && f.id == g.id);
            ck_assert_uint_eq(a.rest.n, b.rest.n);
        } while (result == HPACK_FIELD);
        for (uint32_t k = 0; hpack_table_get(reads.table, k, &arena, &f); k++)
            ck_assert(hpack_table_get(skips.table, k, &arena, &g) && span_is(f.name, g.name) &&
                      span_is(f.value, g.value) && f.id == g.id && f.is_lower == g.is_lower &&
                      f.is_clean == g.is_clean);
        buf_done(&bytes);
        arena_reset(&arena);
    }
    ck_assert_ptr_nonnull(reads.table);
    hpack_done(&reads);
    hpack_done(&skips);
    arena_done(&arena);
}
END_TEST

/* ---- encoding --------------------------------------------------------------------------------- */

static const struct {
    enum header id;
    struct span name, value;
    const char *hex;
} lines_put[] = {
    {HEADER_ACCEPT_ENCODING, SPAN_INIT("Accept-Encoding"), SPAN_INIT("gzip, deflate"), "90"},
    {HEADER_ACCEPT_ENCODING, SPAN_INIT("Accept-Encoding"), SPAN_INIT("gzip"), "0f01 839bd9ab"},
    {HEADER_VARY, SPAN_INIT("Vary"), SPAN_INIT(""), "bb"},
    {HEADER_CONTENT_LENGTH, SPAN_INIT("Content-Length"), SPAN_INIT("1"), "0f0d 0131"},
    {HEADER_CACHE_CONTROL, SPAN_INIT("x"), SPAN_INIT("no-cache"), "0f09 86a8eb10649cbf"},
    {HEADER_OTHER, SPAN_INIT("Custom-Key"), SPAN_INIT("custom-value"), "00 8825a849e95ba97d7f 8925a849e95bb8e8b4bf"},
    {HEADER_OTHER, SPAN_INIT("X"), SPAN_INIT("\n\n"), "00 0178 020a0a"},
    {HEADER_X_REAL_IP, SPAN_INIT("X-Real-IP"), SPAN_INIT(""), "00 87f2b5851d0b1abf 00"},
};

static void check_hex(struct buf *out, const char *hex) {
    struct buf expected = {NULL, 0, 0};
    add_hex(&expected, hex);
    ck_assert_uint_eq(out->n, expected.n);
    ck_assert(memcmp(out->p, expected.p, out->n) == 0);
    buf_done(&expected);
    buf_done(out);
}

START_TEST(put) {
    struct buf out = {NULL, 0, 0};
    hpack_put(&out, lines_put[_i].id, lines_put[_i].name, lines_put[_i].value);
    check_hex(&out, lines_put[_i].hex);
}
END_TEST

START_TEST(put_others) {
    struct buf out = {NULL, 0, 0};
    static const int statuses[] = {200, 204, 206, 304, 400, 404, 500, 201, 103, 999};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) hpack_put_status(&out, statuses[i]);
    check_hex(&out, "88 89 8a 8b 8c 8d 8e 08821003 08820819 0803393939");
    hpack_put_never_indexed(&out, HEADER_SET_COOKIE, SPAN("Set-Cookie"), SPAN("a=b"));
    check_hex(&out, "1f28 03613d62");
    hpack_put_never_indexed(&out, HEADER_OTHER, SPAN("Aa"), SPAN(""));
    check_hex(&out, "10 026161 00");
    hpack_put_no_table(&out);
    check_hex(&out, "20");
}
END_TEST

static const struct {
    struct span head;
    const char *lines;
} heads[] = {
    {SPAN_INIT("HTTP/1.1 200 OK\r\n"), ":status: 200\n"},
    {SPAN_INIT("HTTP/1.1 204 No Content\r\nETag: \"x\"\r\n"), ":status: 204\netag: \"x\"\n"},
    {SPAN_INIT("HTTP/1.1 451 \r\nX-Own:v\r\nX-Own:  \t w, w \r\nx-empty:\r\nVary: Accept: b\r\n"),
     ":status: 451\nx-own: v\nx-own: w, w\nx-empty: \nvary: Accept: b\n"},
    {SPAN_INIT("HTTP/1.1 200 OK\r\nConnection: close\r\nKEEP-ALIVE: 5\r\nProxy-Connection: x\r\n"
               "Transfer-encoding: chunked\r\nupgrade: h2c\r\nTrailer: Digest\r\nServer: g\r\n"),
     ":status: 200\ntrailer: Digest\nserver: g\n"},
    {SPAN_INIT("HTTP/1.1 302 Found\r\nLocation: /\r\nSet-Cookie: A=B; Path=/\r\n\r\n"),
     ":status: 302\nlocation: /\nset-cookie: A=B; Path=/\n"},
};

START_TEST(put_head) {
    struct buf out = {NULL, 0, 0}, lines = {NULL, 0, 0};
    struct hpack_decoder d;
    hpack_init(&d, 0);
    hpack_put_head(&out, heads[_i].head);
    decode(&d, buf_span(&out), &lines);
    ck_assert_str_eq(buf_text(&lines), heads[_i].lines);
    bool is_never_indexed = span_search(buf_span(&out), SPAN("\x1f\x28")) < out.n;
    ck_assert_int_eq(is_never_indexed, strstr(heads[_i].lines, "set-cookie") != NULL);
    buf_done(&out);
    buf_done(&lines);
}
END_TEST

/* Lengths around the corners of numbers. */
START_TEST(put_lengths) {
    static char text[20000];
    static const size_t lengths[] = {0, 1, 126, 127, 128, 254, 255, 256, 16510, 16511, 16512, 20000};
    size_t n = lengths[_i];
    struct buf out = {NULL, 0, 0}, lines = {NULL, 0, 0}, expected = {NULL, 0, 0};
    struct hpack_decoder d;
    hpack_init(&d, 4096);
    for (int coded = 0; coded < 2; coded++) {
        memset(text, coded ? '0' : '{', n);
        hpack_put(&out, HEADER_OTHER, (struct span){text, n}, (struct span){text, n});
        buf_printf(&expected, "%.*s: %.*s\n", (int)n, text, (int)n, text);
    }
    decode(&d, buf_span(&out), &lines);
    ck_assert(span_is(buf_span(&lines), buf_span(&expected)));
    hpack_done(&d);
    buf_done(&out);
    buf_done(&lines);
    buf_done(&expected);
}
END_TEST

#define ADD_TABLE(tests, test, table) tcase_add_loop_test(tests, test, 0, sizeof table / sizeof *table)

int main(void) {
    Suite *suite = suite_create("hpack");
    TCase *tests = tcase_create("hpack");
    tcase_set_timeout(tests, 60);
    ADD_TABLE(tests, conversation, conversations);
    ADD_TABLE(tests, single_block, blocks);
    ADD_TABLE(tests, told, fields);
    tcase_add_test(tests, static_table);
    tcase_add_test(tests, table_grows_with_use);
    tcase_add_test(tests, skipping_keeps_the_state);
    ADD_TABLE(tests, put, lines_put);
    tcase_add_test(tests, put_others);
    ADD_TABLE(tests, put_head, heads);
    tcase_add_loop_test(tests, put_lengths, 0, 12);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
