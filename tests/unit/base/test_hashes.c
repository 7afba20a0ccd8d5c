/* test_hashes.c - MD5, SHA-1, SHA-2, HMAC against the examples of their standards */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "base/hashes.h"

static const char *hex_of(enum hash_kind kind, const char *text, size_t times, size_t piece) {
    static char hex[HASH_HEX_MAX];
    struct hash h;
    hash_begin(&h, kind);
    for (; times > 0; times--)
        for (struct span s = span_of(text); s.n; s = span_from(s, s.n < piece ? s.n : piece))
            hash_add(&h, span_upto(s, s.n < piece ? s.n : piece));
    hash_end_hex(&h, hex);
    return hex;
}

START_TEST(examples) {
    static const struct {
        enum hash_kind kind;
        const char *text;
        size_t times;
        const char *hex;
    } table[] = {
        {HASH_MD5, "", 1, "d41d8cd98f00b204e9800998ecf8427e"}, /* RFC 1321 A.5 */
        {HASH_MD5, "abc", 1, "900150983cd24fb0d6963f7d28e17f72"},
        {HASH_MD5, "1234567890", 8, "57edf4a22be3c955ac49da2e2107b67a"},
        {HASH_SHA1, "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"}, /* FIPS 180-4 */
        {HASH_SHA1, "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
        {HASH_SHA256, "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {HASH_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {HASH_SHA512_256, "abc", 1, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"},
        {HASH_SHA512, "abc", 1,
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ck_assert_str_eq(hex_of(table[i].kind, table[i].text, table[i].times, 1000), table[i].hex);
        ck_assert_str_eq(hex_of(table[i].kind, table[i].text, table[i].times, 7), table[i].hex);
    }
}
END_TEST

/* Around the ends of blocks, in one piece and in many. */
START_TEST(pieces_do_not_matter) {
    char text[301] = "";
    for (size_t n = 0; n < 300; n++) {
        text[n] = (char)('a' + n % 26);
        for (int kind = 0; kind < HASH_KINDS; kind++) {
            char whole[HASH_HEX_MAX];
            memcpy(whole, hex_of((enum hash_kind)kind, text, 1, 1000), sizeof whole);
            ck_assert_str_eq(hex_of((enum hash_kind)kind, text, 1, 13), whole);
        }
    }
}
END_TEST

START_TEST(mac) {
    static const struct {
        struct span key, text;
        const char *hex;
    } table[] = {
        /* RFC 4231 4.3; 4.7: a key longer than a block */
        {SPAN_INIT("Jefe"), SPAN_INIT("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{NULL, 131},
         SPAN_INIT("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    char key[131], hex[2 * MAC_BYTES + 1] = "";
    unsigned char sum[MAC_BYTES];
    memset(key, 0xaa, sizeof key);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        mac_sha256(table[i].key.p ? table[i].key : (struct span){key, sizeof key}, table[i].text, sum);
        hex_digits(hex, sum, sizeof sum);
        ck_assert_str_eq(hex, table[i].hex);
    }
}
END_TEST

START_TEST(comparison) {
    ck_assert(same_secret(SPAN("abc"), SPAN("abc")));
    ck_assert(same_secret(SPAN(""), SPAN("")));
    ck_assert(!same_secret(SPAN("abc"), SPAN("abd")));
    ck_assert(!same_secret(SPAN("abc"), SPAN("ab")));
    ck_assert(!same_secret(SPAN("ab"), SPAN("abc")));
    ck_assert(!same_secret(SPAN(""), SPAN("a")));
}
END_TEST

int main(void) {
    Suite *s = suite_create("hashes");
    TCase *t = tcase_create("hashes");
    tcase_add_test(t, examples);
    tcase_add_test(t, pieces_do_not_matter);
    tcase_add_test(t, mac);
    tcase_add_test(t, comparison);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
