/* test_hpack_peer.c - header blocks to and from nghttp2, and whether both find the same blocks broken */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "h2/hpack.h"

enum { FIELDS = 12, BLOCKS = 60, CONNECTIONS = 60, TEXT = 160 };

static unsigned random_below(unsigned n) {
    return (unsigned)rand() % n;
}

/* ---- random fields ---------------------------------------------------------------------------- */

struct list {
    nghttp2_nv fields[FIELDS];
    size_t count;
    uint8_t names[FIELDS][TEXT], values[FIELDS][TEXT];
};

static size_t random_text(uint8_t *out) {
    static const char usual[] = "abcdefghijklmnopqrstuvwxyz0123456789-/.=;, ";
    size_t n = random_below(4) ? random_below(30) : random_below(TEXT);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(random_below(8) ? usual[random_below(sizeof usual - 1)] : (int)random_below(256));
    return n;
}

static size_t random_name(uint8_t *out) {
    static const char *const names[] = {":path", ":method", ":status", "cookie", "user-agent", "accept-encoding",
                                        "sec-fetch-mode", "x-one", "x-two", "content-length", ":authority"};
    const char *name = names[random_below(sizeof names / sizeof *names)];
    size_t n = strlen(name);
    memcpy(out, name, n);
    if (random_below(4)) return n;
    n = random_text(out);
    for (size_t i = 0; i < n; i++) out[i] = (uint8_t)ascii_lower((char)out[i]);
    return n;
}

/* Fields come again, so that tables are used. */
static size_t random_value(uint8_t *out) {
    static const char *const values[] = {"/", "GET", "200", "gzip, deflate", "", "POST", "a=b; c=d", "404"};
    const char *value = values[random_below(sizeof values / sizeof *values)];
    size_t n = strlen(value);
    memcpy(out, value, n);
    return random_below(3) ? n : random_text(out);
}

static void make_list(struct list *l) {
    l->count = 1 + random_below(FIELDS);
    for (size_t i = 0; i < l->count; i++) {
        l->fields[i] = (nghttp2_nv){l->names[i], l->values[i], random_name(l->names[i]), random_value(l->values[i]),
                                    random_below(6) ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX};
    }
}

static bool same_field(const struct hpack_field *f, const nghttp2_nv *nv) {
    return span_is(f->name, (struct span){(const char *)nv->name, nv->namelen}) &&
           span_is(f->value, (struct span){(const char *)nv->value, nv->valuelen});
}

/* ---- they encode, we decode ------------------------------------------------------------------- */

static void decode_list(struct hpack_decoder *d, const uint8_t *bytes, size_t n, const struct list *l) {
    struct hpack_block block = {{(const char *)bytes, n}, false};
    struct arena arena = {NULL, NULL, NULL};
    struct hpack_field f;
    size_t same = 0;
    enum hpack_result result;
    while ((result = hpack_next(d, &block, &arena, &f)) == HPACK_FIELD && same < l->count)
        if (!same_field(&f, &l->fields[same++])) break;
    ck_assert_int_eq(result, HPACK_END);
    ck_assert_uint_eq(same, l->count);
    arena_done(&arena);
}

/* Their table changes between blocks, as an encoder may do it: up to what we allow, more than once. */
START_TEST(from_peer) {
    static const uint32_t limits[] = {0, 40, 100, 333, 1000, 4096, 20000};
    uint32_t limit = limits[(unsigned)_i % 7];
    struct hpack_decoder d;
    nghttp2_hd_deflater *deflater;
    uint8_t bytes[16384];
    static struct list l;
    srand((unsigned)_i);
    hpack_init(&d, limit);
    ck_assert_int_eq(nghttp2_hd_deflate_new(&deflater, 20000), 0);
    if (limit != 4096) nghttp2_hd_deflate_change_table_size(deflater, limit);
    for (int i = 0; i < BLOCKS; i++) {
        for (unsigned k = random_below(12); k > 9; k--)
            nghttp2_hd_deflate_change_table_size(deflater, random_below(limit + 1));
        make_list(&l);
        ssize_t n = nghttp2_hd_deflate_hd(deflater, bytes, sizeof bytes, l.fields, l.count);
        ck_assert_int_gt(n, 0);
        decode_list(&d, bytes, (size_t)n, &l);
        ck_assert_uint_le(d.size, limit);
    }
    nghttp2_hd_deflate_del(deflater);
    hpack_done(&d);
}
END_TEST

/* ---- we encode, they decode ------------------------------------------------------------------- */

static void put_list(struct buf *out, const struct list *l) {
    for (size_t i = 0; i < l->count; i++) {
        struct span name = {(const char *)l->names[i], l->fields[i].namelen};
        struct span value = {(const char *)l->values[i], l->fields[i].valuelen};
        if (l->fields[i].flags & NGHTTP2_NV_FLAG_NO_INDEX)
            hpack_put_never_indexed(out, header_find(name), name, value);
        else
            hpack_put(out, header_find(name), name, value);
    }
}

/* The next field; false at the end. What remains of the block is in *in. */
static bool inflate(nghttp2_hd_inflater *inflater, struct span *in, nghttp2_nv *nv, bool *is_broken) {
    for (;;) {
        int flags = 0;
        ssize_t n = nghttp2_hd_inflate_hd2(inflater, nv, &flags, (const uint8_t *)in->p, in->n, 1);
        *is_broken = n < 0;
        if (n < 0) return false;
        *in = span_from(*in, (size_t)n);
        if (flags & NGHTTP2_HD_INFLATE_EMIT) return true;
        if (flags & NGHTTP2_HD_INFLATE_FINAL) {
            nghttp2_hd_inflate_end_headers(inflater);
            return false;
        }
    }
}

static bool same_nv(const nghttp2_nv *a, const nghttp2_nv *b) {
    return a->namelen == b->namelen && a->valuelen == b->valuelen && memcmp(a->name, b->name, a->namelen) == 0 &&
           memcmp(a->value, b->value, a->valuelen) == 0 && a->flags == b->flags;
}

START_TEST(to_peer) {
    nghttp2_hd_inflater *inflater;
    static struct list l;
    srand((unsigned)_i);
    ck_assert_int_eq(nghttp2_hd_inflate_new(&inflater), 0);
    for (int i = 0; i < BLOCKS; i++) {
        struct buf out = {NULL, 0, 0};
        nghttp2_nv nv;
        bool is_broken, same = true;
        size_t count = 0;
        make_list(&l);
        if (i == 7) {
            nghttp2_hd_inflate_change_table_size(inflater, 100);
            hpack_put_no_table(&out);
        }
        put_list(&out, &l);
        struct span in = buf_span(&out);
        while (inflate(inflater, &in, &nv, &is_broken)) same = same && same_nv(&nv, &l.fields[count++]);
        ck_assert(same && !is_broken);
        ck_assert_uint_eq(count, l.count);
        buf_done(&out);
    }
    nghttp2_hd_inflate_del(inflater);
}
END_TEST

START_TEST(statuses_to_peer) {
    nghttp2_hd_inflater *inflater;
    ck_assert_int_eq(nghttp2_hd_inflate_new(&inflater), 0);
    for (int status = 100; status < 1000; status++) {
        struct buf out = {NULL, 0, 0};
        nghttp2_nv nv;
        bool is_broken;
        hpack_put_status(&out, status);
        struct span in = buf_span(&out);
        ck_assert(inflate(inflater, &in, &nv, &is_broken));
        ck_assert(nv.namelen == 7 && memcmp(nv.name, ":status", 7) == 0 && nv.valuelen == 3);
        ck_assert_int_eq((nv.value[0] - '0') * 100 + (nv.value[1] - '0') * 10 + nv.value[2] - '0', status);
        ck_assert(!inflate(inflater, &in, &nv, &is_broken) && !is_broken);
        buf_done(&out);
    }
    nghttp2_hd_inflate_del(inflater);
}
END_TEST

/* ---- both decode, whatever it is -------------------------------------------------------------- */

struct both {
    struct hpack_decoder ours;
    nghttp2_hd_inflater *theirs;
};

/* The same fields and the same end from both; false if it was broken. */
static bool decode_both(struct both *b, struct span bytes) {
    struct hpack_block block = {bytes, false};
    struct arena arena = {NULL, NULL, NULL};
    struct hpack_field f;
    nghttp2_nv nv;
    bool is_broken = false, same = true;
    enum hpack_result result;
    while ((result = hpack_next(&b->ours, &block, &arena, &f)) == HPACK_FIELD && same)
        same = inflate(b->theirs, &bytes, &nv, &is_broken) && same_field(&f, &nv);
    ck_assert(same);
    ck_assert(!inflate(b->theirs, &bytes, &nv, &is_broken));
    ck_assert_int_eq(is_broken, result == HPACK_BROKEN);
    arena_done(&arena);
    return result == HPACK_END;
}

static void mutate(uint8_t *bytes, size_t *n) {
    for (unsigned k = random_below(4); k > 0 && *n > 1; k--) {
        switch (random_below(4)) {
        case 0: bytes[random_below((unsigned)*n)] = (uint8_t)random_below(256); break;
        case 1: bytes[random_below((unsigned)*n)] ^= (uint8_t)(1U << random_below(8)); break;
        case 2: *n -= 1 + random_below((unsigned)*n - 1) % 4; break;
        case 3: memmove(bytes + 1, bytes, --*n); break;
        }
    }
}

/* Random bytes that look like a block more often than not. */
static size_t random_block(uint8_t *bytes) {
    size_t n = 1 + random_below(40);
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)random_below(256);
    if (random_below(2)) bytes[0] = (uint8_t)(0x40 | random_below(64));
    if (random_below(4) == 0) bytes[0] = (uint8_t)(0x20 | random_below(32));
    if (random_below(2) && n > 2) {
        bytes[1] = (uint8_t)((n - 2) | (bytes[1] & 0x80));
        bytes[n - 1] |= 7;
    }
    return n;
}

START_TEST(mutated) {
    static struct list l;
    nghttp2_hd_deflater *deflater;
    struct both b;
    uint8_t bytes[16384];
    unsigned broken = 0, whole = 0;
    srand((unsigned)_i);
    for (int connection = 0; connection < CONNECTIONS; connection++) {
        hpack_init(&b.ours, 4096);
        ck_assert_int_eq(nghttp2_hd_inflate_new(&b.theirs), 0);
        ck_assert_int_eq(nghttp2_hd_deflate_new(&deflater, 4096), 0);
        bool is_whole = true;
        for (int i = 0; i < BLOCKS && is_whole; i++) {
            make_list(&l);
            if (random_below(8) == 0) nghttp2_hd_deflate_change_table_size(deflater, random_below(5000));
            ssize_t n = nghttp2_hd_deflate_hd(deflater, bytes, sizeof bytes, l.fields, l.count);
            ck_assert_int_gt(n, 0);
            size_t length = (size_t)n;
            if (random_below(3) == 0) mutate(bytes, &length);
            if (random_below(6) == 0) length = random_block(bytes);
            is_whole = decode_both(&b, (struct span){(const char *)bytes, length});
            whole += is_whole;
            broken += !is_whole;
        }
        nghttp2_hd_deflate_del(deflater);
        nghttp2_hd_inflate_del(b.theirs);
        hpack_done(&b.ours);
    }
    ck_assert_uint_gt(whole, CONNECTIONS);
    ck_assert_uint_gt(broken, CONNECTIONS / 2);
}
END_TEST

/* Every first byte and many a second one: at the beginning, with two short entries in the table, in the middle of a
 * literal, of its Huffman code, of a size update. */
START_TEST(all_short_ones) {
    static const struct span before[] = {SPAN_INIT(""), SPAN_INIT("\x40\1a\1b\x40\2cd\0"), SPAN_INIT("\x00\2"),
                                         SPAN_INIT("\x04\x82"), SPAN_INIT("\x40\x81"), SPAN_INIT("\x3f\xe1")};
    for (unsigned two = 0; two < 65536; two += 13) {
        struct buf bytes = {NULL, 0, 0};
        struct both b;
        hpack_init(&b.ours, 4096);
        ck_assert_int_eq(nghttp2_hd_inflate_new(&b.theirs), 0);
        buf_add(&bytes, before[_i]);
        buf_add_char(&bytes, (char)(two >> 8));
        if (two & 0xff) buf_add_char(&bytes, (char)two);
        decode_both(&b, buf_span(&bytes));
        nghttp2_hd_inflate_del(b.theirs);
        hpack_done(&b.ours);
        buf_done(&bytes);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("hpack_peer");
    TCase *tests = tcase_create("hpack_peer");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, from_peer, 0, 28);
    tcase_add_loop_test(tests, to_peer, 0, 4);
    tcase_add_test(tests, statuses_to_peer);
    tcase_add_loop_test(tests, mutated, 0, 8);
    tcase_add_loop_test(tests, all_short_ones, 0, 6);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
