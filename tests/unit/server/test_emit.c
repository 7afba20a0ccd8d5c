/* test_emit.c - responses as HTTP/1 has them: heads, framing, chunks */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>

#include "base/buf.h"
#include "h1/emit.h"

enum { NOW = 1700000000 };
#define TYPE "Content-Type: text/plain\r\n"
#define DATE "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"

static struct request r;

static void tear_down(void) {
    arena_done(&r.arena);
    memset(&r, 0, sizeof r);
}

static void assert_queue(struct chunks *q, const char *wanted) {
    struct buf all = {0};
    ck_assert_uint_eq(q->bytes, strlen(wanted));
    for (unsigned i = 0; i < q->count; i++) {
        const struct chunk *c = chunks_at(q, i);
        buf_add(&all, (struct span){chunk_bytes(c), (size_t)c->left});
    }
    ck_assert_str_eq(buf_text(&all), wanted);
    buf_done(&all);
    chunks_clear(q);
}

START_TEST(heads_and_framing) {
    static const struct {
        struct h1_framing f;
        int64_t length;
        const char *head;
    } table[] = {
        {{true, false, false}, 5, "HTTP/1.1 200 OK\r\n" TYPE "Content-Length: 5\r\n" DATE "\r\n"},
        {{false, false, false}, 5,
         "HTTP/1.1 200 OK\r\n" TYPE "Content-Length: 5\r\n" DATE "Connection: close\r\n\r\n"},
        {{true, true, false}, 0,
         "HTTP/1.1 200 OK\r\n" TYPE "Content-Length: 0\r\n" DATE "Connection: keep-alive\r\n\r\n"},
        {{true, false, false}, -1,
         "HTTP/1.1 200 OK\r\n" TYPE "Transfer-Encoding: chunked\r\n" DATE "\r\n"},
        {{false, true, false}, -1, "HTTP/1.1 200 OK\r\n" TYPE DATE "Connection: close\r\n\r\n"},
        {{false, true, true}, -1, "HTTP/1.0 200 OK\r\n" TYPE DATE "Connection: close\r\n\r\n"},
    };
    r.status = 200;
    fields_add(&r.out, &r.arena, HEADER_CONTENT_TYPE, SPAN("text/plain"));
    fields_add(&r.out, &r.arena, HEADER_CONNECTION, SPAN("upgrade")); /* not a module's to say */
    fields_add(&r.out, &r.arena, HEADER_TRANSFER_ENCODING, SPAN("gzip"));
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct chunks q = {0};
        size_t n = h1_emit_head(&q, &r, table[i].length, table[i].f, NOW);
        ck_assert_uint_eq(n, q.bytes);
        assert_queue(&q, table[i].head);
    }
}
END_TEST

START_TEST(the_date_follows_the_clock) {
    struct chunks q = {0};
    struct h1_framing f = {true, false, false};
    r.status = 200;
    h1_emit_head(&q, &r, 0, f, NOW);
    h1_emit_head(&q, &r, 0, f, NOW + 1); /* while the first is still queued */
    assert_queue(&q, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" DATE "\r\n"
                     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: Tue, 14 Nov 2023 22:13:21 GMT\r\n\r\n");
}
END_TEST

START_TEST(replies_whole_and_in_parts) {
    static const struct {
        struct answer a;
        const char *body;
    } table[] = {
        {{.status = 200, .with_body = true}, "0123456789"},
        {{.status = 200}, ""},
        {{.status = 206, .with_body = true, .range_count = 1, .ranges = {{2, 4}}}, "234"},
        {{.status = 304}, ""},
        {{.status = 412}, ""},
        {{.status = 416}, ""},
    };
    r.status = 200;
    r.in.method = METHOD_GET;
    chunks_add_constant(&r.body, SPAN("0123456789"));
    struct reply *p = reply_make(&r, true, SPAN(""));
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct chunks q = {0};
        size_t head = h1_emit_reply(&q, p, &table[i].a, (struct h1_framing){true, false, false}, NOW);
        ck_assert_uint_eq(q.bytes - head, strlen(table[i].body));
        chunks_sent(&q, head);
        assert_queue(&q, table[i].body);
    }
    ck_assert_uint_eq(p->head->refs, 1);
    reply_drop(p);
}
END_TEST

START_TEST(chunks_are_wrapped) {
    struct chunks q = {0}, body = {0};
    h1_emit_continue(&q);
    assert_queue(&q, "HTTP/1.1 100 Continue\r\n\r\n");
    h1_emit_chunk(&q, &body); /* nothing: it would be the last */
    ck_assert_uint_eq(q.count, 0);
    chunks_add_constant(&body, SPAN("0123456789"));
    chunks_add_constant(&body, SPAN("0123456789"));
    h1_emit_chunk(&q, &body);
    h1_emit_last_chunk(&q, NULL);
    assert_queue(&q, "14\r\n01234567890123456789\r\n0\r\n\r\n");
    ck_assert_uint_eq(body.count, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("emit");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, NULL, tear_down);
    tcase_add_test(all, heads_and_framing);
    tcase_add_test(all, the_date_follows_the_clock);
    tcase_add_test(all, replies_whole_and_in_parts);
    tcase_add_test(all, chunks_are_wrapped);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
