/* test_huffman.c - the Huffman code of HPACK: its tables, both directions, what must be refused */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "h2/hpack.h"

static const struct code {
    uint32_t code;
    unsigned bits;
} codes[256] = {
#define CODE(byte, code, bits) [byte] = {code, bits},
#include "h2/huffman.def"
#undef CODE
};

/* RFC 7541 Appendix B: a complete prefix code, one length after the other, in the order of bytes within a length. */
START_TEST(code_is_canonical) {
    uint64_t next = 0;
    for (unsigned bits = 5; bits <= 30; bits++) {
        for (int i = 0; i < 256; i++)
            if (codes[i].bits == bits) ck_assert_uint_eq(codes[i].code, next++);
        if (bits < 30) next <<= 1;
    }
    ck_assert_uint_eq(next, 0x3fffffff); /* which is EOS */
}
END_TEST

/* The tables that decode, made anew from the code. */
START_TEST(tables_for_decoding) {
    static const uint8_t shorts[][2] = {
#define SHORT(byte, bits) {byte, bits},
#define LONG(last, bits, first)
#define SORTED(byte)
#include "h2/huffman_decode.def"
#undef SHORT
#undef LONG
#undef SORTED
    };
    static const uint32_t longs[][3] = {
#define SHORT(byte, bits)
#define LONG(last, bits, first) {last, bits, first},
#define SORTED(byte)
#include "h2/huffman_decode.def"
#undef SHORT
#undef LONG
#undef SORTED
    };
    static const uint8_t sorted[] = {
#define SHORT(byte, bits)
#define LONG(last, bits, first)
#define SORTED(byte) byte,
#include "h2/huffman_decode.def"
#undef SHORT
#undef LONG
#undef SORTED
    };
    size_t at = 0, row = 0, place = 0;
    for (unsigned bits = 5; bits <= 30; bits++) {
        size_t first = place;
        uint32_t last = 0;
        for (int i = 0; i < 256; i++) {
            if (codes[i].bits != bits) continue;
            for (unsigned k = 0; bits <= 8 && k < 1U << (8 - bits); k++, at++) {
                ck_assert_uint_eq(shorts[at][0], (unsigned)i);
                ck_assert_uint_eq(shorts[at][1], bits);
            }
            if (bits > 8) ck_assert_uint_eq(sorted[place++], (unsigned)i);
            last = (uint32_t)(((uint64_t)codes[i].code + 1) << (32 - bits)) - 1;
        }
        if (place == first) continue;
        ck_assert_uint_eq(longs[row][0], bits == 30 ? UINT32_MAX : last);
        ck_assert_uint_eq(longs[row][1], bits);
        ck_assert_uint_eq(longs[row++][2], first);
    }
    ck_assert_uint_eq(at, 0xfe);
    ck_assert_uint_eq(shorts[0xfe][1] + shorts[0xff][1], 0);
    ck_assert_uint_eq(row, sizeof longs / sizeof *longs);
    ck_assert_uint_eq(place, sizeof sorted);
}
END_TEST

/* The lengths of everybody's implementation, from the RFC's examples and its table's corners. */
static const struct {
    struct span text, coded;
} examples[] = {
    {SPAN_INIT(""), SPAN_INIT("")},
    {SPAN_INIT("www.example.com"), SPAN_INIT("\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff")},
    {SPAN_INIT("no-cache"), SPAN_INIT("\xa8\xeb\x10\x64\x9c\xbf")},
    {SPAN_INIT("custom-value"), SPAN_INIT("\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf")},
    {SPAN_INIT("302"), SPAN_INIT("\x64\x02")},
    {SPAN_INIT("Mon, 21 Oct 2013 20:13:21 GMT"),
     SPAN_INIT("\xd0\x7a\xbe\x94\x10\x54\xd4\x44\xa8\x20\x05\x95\x04\x0b\x81\x66\xe0\x82\xa6\x2d\x1b\xff")},
    {SPAN_INIT("gzip"), SPAN_INIT("\x9b\xd9\xab")},
    {SPAN_INIT("\n"), SPAN_INIT("\xff\xff\xff\xf3")},
    {SPAN_INIT("\x16"), SPAN_INIT("\xff\xff\xff\xfb")},
    {SPAN_INIT("\0"), SPAN_INIT("\xff\xc7")},
    {SPAN_INIT("00000000"), SPAN_INIT("\0\0\0\0\0")},
    {SPAN_INIT("\xff\\"), SPAN_INIT("\xff\xff\xfb\xbf\xff\x87")},
};

START_TEST(example) {
    struct buf coded = {NULL, 0, 0};
    char text[64];
    huffman_encode(&coded, examples[_i].text, false);
    ck_assert_uint_eq(huffman_length(examples[_i].text, false), examples[_i].coded.n);
    ck_assert(span_is(buf_span(&coded), examples[_i].coded));
    ptrdiff_t n = huffman_decode(examples[_i].coded, text);
    ck_assert_int_eq(n, (ptrdiff_t)examples[_i].text.n);
    ck_assert(span_is((struct span){text, (size_t)n}, examples[_i].text));
    buf_done(&coded);
}
END_TEST

/* Decodes from and into memory of exactly the promised size, so that sanitizers see a step aside. */
static ptrdiff_t decode_tightly(struct span coded, char **text) {
    size_t room = 8 * coded.n / 5 + 1;
    char *copy = malloc(coded.n + 1);
    *text = malloc(room);
    memcpy(copy + 1, coded.p, coded.n);
    ptrdiff_t n = huffman_decode((struct span){copy + 1, coded.n}, *text);
    ck_assert_int_lt(n, (ptrdiff_t)room);
    free(copy);
    return n;
}

static void check_round_trip(struct span text, bool lower) {
    struct buf coded = {NULL, 0, 0};
    char *again;
    huffman_encode(&coded, text, lower);
    ck_assert_uint_eq(coded.n, huffman_length(text, lower));
    ck_assert_int_eq(decode_tightly(buf_span(&coded), &again), (ptrdiff_t)text.n);
    size_t same = 0;
    while (same < text.n && again[same] == (lower ? ascii_lower(text.p[same]) : text.p[same])) same++;
    ck_assert_uint_eq(same, text.n);
    free(again);
    buf_done(&coded);
}

/* Each byte alone, and with each place of a code within a byte. */
START_TEST(all_bytes) {
    char text[18];
    memset(text, 'a', sizeof text);
    for (int byte = 0; byte < 256; byte++) {
        for (size_t before = 0; before < 8; before++) {
            text[before] = text[before + 9] = (char)byte;
            check_round_trip((struct span){text, before + 1}, false);
            check_round_trip((struct span){text, before + 1}, true);
            check_round_trip((struct span){text, sizeof text}, false);
            text[before] = text[before + 9] = 'a';
        }
    }
}
END_TEST

START_TEST(random_texts) {
    char text[300];
    srand(1);
    for (int i = 0; i < 3000; i++) {
        size_t n = (size_t)rand() % sizeof text;
        for (size_t k = 0; k < n; k++) text[k] = (char)(i % 2 ? rand() % 256 : ' ' + rand() % 95);
        check_round_trip((struct span){text, n}, i % 3 == 0);
    }
}
END_TEST

static const struct span refused[] = {
    SPAN_INIT("\xff"),                     /* 8 bits of padding */
    SPAN_INIT("\xff\xff"),
    SPAN_INIT("\xff\xff\xff"),
    SPAN_INIT("\xff\xff\xff\xff"),         /* EOS */
    SPAN_INIT("\xff\xff\xff\xfc"),         /* EOS, padding of zeros */
    SPAN_INIT("\x07\xff\xff\xff\xff"),     /* "0", EOS */
    SPAN_INIT("\xfe"),                     /* half of "!" */
    SPAN_INIT("\x00"),                     /* "0", padding of zeros */
    SPAN_INIT("\x06"),                     /* "0", padding of ones and a zero */
    SPAN_INIT("\x03"),
    SPAN_INIT("\x07\xff"),                 /* "0", 11 bits of padding */
    SPAN_INIT("\xa8\xeb\x10\x64\x9c\xbf\xff"), /* "no-cache", 14 bits */
    SPAN_INIT("\xa8\xeb\x10\x64\x9c\xbe"),
    SPAN_INIT("\xf8\xff"),                 /* "&", 8 bits */
    SPAN_INIT("\xff\xff\xff\xf0"),         /* the codes of 30 bits, and what is behind their first 28 */
    SPAN_INIT("\xff\xff\xff"),
    SPAN_INIT("\x00\x00\x00\x00\x00\x00\x00\x00"), /* 12 times "0" and zeros, longer than a window */
    SPAN_INIT("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff"),
};

START_TEST(is_refused) {
    char *text;
    ck_assert_int_eq(decode_tightly(refused[_i], &text), -1);
    free(text);
}
END_TEST

/* One bit after the other: what the decoder should say, slowly. */
static ptrdiff_t decode_slowly(struct span s, char *out) {
    ptrdiff_t n = 0;
    uint32_t code = 0;
    unsigned bits = 0;
    for (size_t at = 0; at < s.n * 8; at++) {
        int byte = 0;
        code = code << 1 | ((unsigned)(unsigned char)s.p[at / 8] >> (7 - at % 8) & 1U);
        if (++bits == 30 && code == 0x3fffffff) return -1;
        while (byte < 256 && (codes[byte].bits != bits || codes[byte].code != code)) byte++;
        if (byte == 256) continue;
        out[n++] = (char)byte;
        code = bits = 0;
    }
    return bits < 8 && code == (1U << bits) - 1 ? n : -1;
}

START_TEST(random_bits) {
    char bits[12], slow[32], *quick;
    srand(2);
    for (int i = 0; i < 10000; i++) {
        struct span coded = {bits, (size_t)rand() % sizeof bits};
        for (size_t k = 0; k < coded.n; k++) bits[k] = (char)(rand() % 4 ? rand() : 0xff);
        if (coded.n && i % 2) bits[coded.n - 1] = (char)(bits[coded.n - 1] | ((1 << rand() % 8) - 1));
        ptrdiff_t n = decode_tightly(coded, &quick);
        ck_assert_int_eq(n, decode_slowly(coded, slow));
        if (n > 0) ck_assert(memcmp(quick, slow, (size_t)n) == 0);
        free(quick);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("huffman");
    TCase *tests = tcase_create("huffman");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, code_is_canonical);
    tcase_add_test(tests, tables_for_decoding);
    tcase_add_loop_test(tests, example, 0, sizeof examples / sizeof *examples);
    tcase_add_test(tests, all_bytes);
    tcase_add_test(tests, random_texts);
    tcase_add_loop_test(tests, is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tests, random_bits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
