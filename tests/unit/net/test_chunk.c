/* test_chunk.c - queues of chunks against a model that is nothing but bytes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "base/buf.h"
#include "net/chunk.h"

enum { QUEUES = 3, STEPS = 1000, PIECE_MAX = 700, LARGE_MAX = 20000 /* beyond what copies share */ };

static struct chunks queues[QUEUES];
static struct buf models[QUEUES];
static uint32_t seed;

static uint32_t any(uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static const char *piece(size_t n) {
    static char bytes[LARGE_MAX];
    for (size_t i = 0; i < n; i++) bytes[i] = (char)('a' + any(26));
    return bytes;
}

static void remove_first(struct buf *model, size_t n) {
    memmove(model->p, model->p + n, model->n - n);
    model->n -= n;
}

static void compare(unsigned i) {
    size_t at = 0;
    ck_assert_uint_eq(queues[i].bytes, models[i].n);
    for (unsigned c = 0; c < queues[i].count; c++) {
        const struct chunk *chunk = chunks_at(&queues[i], c);
        ck_assert_uint_gt(chunk->left, 0);
        ck_assert_uint_le(at + chunk->left, models[i].n);
        ck_assert_mem_eq(chunk_bytes(chunk), models[i].p + at, (size_t)chunk->left);
        at += (size_t)chunk->left;
    }
    ck_assert_uint_eq(at, models[i].n);
}

static void add_blob(unsigned i) {
    size_t n = any(PIECE_MAX) + 1, from = any((uint32_t)n);
    struct blob *b = blob_copy((struct span){piece(n), n});
    chunks_add_blob(&queues[i], b, from, n - from);
    buf_add(&models[i], (struct span){b->p + from, n - from});
    blob_drop(b);
}

static void add_copy(unsigned i) {
    size_t n = any(4) ? any(40) : any(16) ? any(PIECE_MAX) : any(LARGE_MAX);
    struct span s = {piece(n), n};
    chunks_add_copy(&queues[i], s);
    buf_add(&models[i], s);
}

static void add_room(unsigned i) {
    size_t n = any(PIECE_MAX) + 1;
    const char *bytes = piece(n);
    memcpy(chunks_add_room(&queues[i], n), bytes, n);
    buf_add(&models[i], (struct span){bytes, n});
}

static void send(unsigned i) {
    size_t n = models[i].n ? any((uint32_t)models[i].n + 1) : 0;
    chunks_sent(&queues[i], n);
    if (n) remove_first(&models[i], n);
}

static void take(unsigned i) {
    unsigned from = (i + 1) % QUEUES;
    size_t n = models[from].n ? any((uint32_t)models[from].n + 1) : 0;
    chunks_take(&queues[i], &queues[from], n);
    buf_add(&models[i], (struct span){models[from].p, n});
    if (n) remove_first(&models[from], n);
}

START_TEST(queues_are_bytes) {
    static void (*const steps[])(unsigned i) = {add_copy, add_copy, add_copy, add_room, add_blob, send, take};
    seed = (uint32_t)_i;
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = any(QUEUES);
        steps[any(sizeof steps / sizeof *steps)](i);
        if (models[i].n > LARGE_MAX) send(i);
        for (unsigned q = 0; q < QUEUES; q++) compare(q);
    }
    for (unsigned q = 0; q < QUEUES; q++) {
        chunks_clear(&queues[q]);
        buf_done(&models[q]);
        models[q] = (struct buf){0};
    }
}
END_TEST

START_TEST(small_copies_share_a_blob) {
    struct chunks q = {0};
    for (int i = 0; i < 20; i++) chunks_add_copy(&q, SPAN("a frame head, or so"));
    ck_assert_uint_eq(q.count, 1);
    chunks_clear(&q);
    ck_assert_ptr_null(q.ring);
}
END_TEST

/* As frames of HTTP/2 do: heads share one blob, and each part is sent and let go of by itself. */
START_TEST(copies_behind_bodies_share_a_blob) {
    struct chunks q = {0};
    struct blob *body = blob_copy(SPAN("a body")), *heads;
    for (int i = 0; i < 20; i++) {
        chunks_add_copy(&q, SPAN("a head "));
        chunks_add_blob(&q, body, 0, body->n);
    }
    heads = blob_hold(chunks_at(&q, 0)->is.blob);
    ck_assert_uint_eq(q.count, 40);
    ck_assert_uint_eq(heads->refs, 21);
    for (unsigned i = 0; i < q.count; i += 2) ck_assert_ptr_eq(chunks_at(&q, i)->is.blob, heads);
    for (unsigned sent = 0; sent < 19; sent++) chunks_sent(&q, sizeof "a head a body" - 1);
    chunks_sent(&q, 3);
    ck_assert_uint_eq(heads->refs, 2);
    chunks_add_copy(&q, SPAN("the last")); /* what is half sent is not written over */
    ck_assert_mem_eq(chunk_bytes(chunks_at(&q, 0)), "ead ", 4);
    ck_assert_mem_eq(chunk_bytes(chunks_at(&q, 2)), "the last", 8);
    chunks_clear(&q);
    ck_assert_uint_eq(heads->refs, 1);
    ck_assert_uint_eq(body->refs, 1);
    blob_drop(heads);
    blob_drop(body);
}
END_TEST

int main(void) {
    Suite *s = suite_create("chunk");
    TCase *t = tcase_create("chunk");
    tcase_add_loop_test(t, queues_are_bytes, 0, 4);
    tcase_add_test(t, small_copies_share_a_blob);
    tcase_add_test(t, copies_behind_bodies_share_a_blob);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
