/* test_replies.c - replies: what they are made of, who may have a kept one, and when it goes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "http/replies.h"

static char path[64];
static struct request r;

static void set_up(void) {
    snprintf(path, sizeof path, "/tmp/goldcrest-reply-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fd_write_all(fd, "content", 7), 0);
    close(fd);
    memset(&r, 0, sizeof r);
}

static void tear_down(void) {
    unlink(path);
    chunks_clear(&r.body);
    arena_done(&r.arena);
}

/* What modules would have made of it. */
static struct reply *make(const char *target, enum lasting lasting, size_t bytes) {
    char *body = calloc(1, bytes + 1);
    memset(body, 'x', bytes);
    r.in.method = METHOD_GET;
    r.in.target_sent = span_of(target);
    r.in.authority = SPAN("host");
    r.status = 200;
    r.lasting = (uint8_t)lasting;
    r.physical.path = span_of(path);
    chunks_add_copy(&r.body, (struct span){body, bytes});
    free(body);
    struct reply *p = reply_make(&r, true, SPAN(""));
    ck_assert_ptr_nonnull(p);
    return p;
}

static void keep(struct replies *c, const char *target, enum lasting lasting, size_t bytes, int64_t now) {
    struct reply *p = make(target, lasting, bytes);
    replies_keep(c, p, &r, 1, now);
    reply_drop(p);
}

static bool has(struct replies *c, const char *target, int64_t now) {
    r.in.target_sent = span_of(target);
    return replies_find(c, &r, 1, now) != NULL;
}

START_TEST(a_reply_is_complete) {
    fields_add(&r.out, &r.arena, HEADER_CONTENT_TYPE, SPAN("text/plain"));
    fields_add(&r.out, &r.arena, HEADER_ETAG, SPAN("\"tag\""));
    fields_add(&r.out, &r.arena, HEADER_LAST_MODIFIED, SPAN("Tue, 14 Nov 2023 22:13:20 GMT"));
    fields_add(&r.out, &r.arena, HEADER_CONTENT_LENGTH, SPAN("99"));
    chunks_add_constant(&r.body, SPAN("one "));
    struct file *f = file_open(path);
    chunks_add_file(&r.body, f, 3, 4);
    struct reply *p = make("/", LASTS, 3);
    file_drop(f);
    ck_assert(span_is(blob_span(p->body), SPAN("one tentxxx")));
    ck_assert_uint_eq(p->length, 11);
    ck_assert_uint_eq(r.body.count, 0);
    ck_assert(span_is(p->validators.etag, SPAN("\"tag\"")));
    ck_assert_int_eq(p->validators.last_modified, 1700000000);
    struct span head = blob_span(p->head);
    ck_assert(span_starts(head, SPAN("HTTP/1.1 200 OK\r\n")));
    ck_assert(span_ends(head, SPAN("Content-Length: 11\r\n")));
    ck_assert_uint_eq(span_search(head, SPAN("99")), head.n);
    reply_drop(p);
    reply_drop(NULL);
}
END_TEST

START_TEST(some_have_no_body) {
    static const int statuses[] = {204, 304};
    chunks_add_constant(&r.body, SPAN("body"));
    r.status = statuses[_i];
    r.in.target_sent = SPAN("/");
    struct reply *p = reply_make(&r, false, SPAN(""));
    ck_assert(p->no_body && p->no_range && !p->body && !p->file);
    ck_assert_uint_eq(span_search(blob_span(p->head), SPAN("Content-Length")), p->head->n);
    reply_drop(p);
}
END_TEST

START_TEST(large_files_stay_files) {
    char *bytes = calloc(1, REPLY_INLINE_BYTES + 1);
    int fd = fd_open(path, O_WRONLY, 0);
    ck_assert_int_eq(fd_write_all(fd, bytes, REPLY_INLINE_BYTES + 1), 0);
    close(fd);
    free(bytes);
    struct file *f = file_open(path);
    chunks_add_file(&r.body, f, 0, f->state.size - (_i ? 1 : 0));
    r.status = 200;
    struct reply *p = reply_make(&r, true, SPAN(""));
    ck_assert(_i ? p->body && !p->file : p->file == f && !p->body);
    reply_drop(p);
    ck_assert_uint_eq(f->refs, 1);
    file_drop(f);
}
END_TEST

START_TEST(a_file_that_has_become_shorter) {
    struct file *f = file_open(path);
    chunks_add_file(&r.body, f, 0, 7);
    ck_assert_int_eq(truncate(path, 3), 0);
    r.status = 200;
    ck_assert_ptr_null(reply_make(&r, true, SPAN("")));
    file_drop(f);
}
END_TEST

START_TEST(the_key_is_all_of_it) {
    struct replies *c = replies_make(1 << 20, 10);
    keep(c, "/a", LASTS, 10, 100);
    ck_assert(has(c, "/a", 100));
    ck_assert(!has(c, "/A", 100));
    ck_assert(!has(c, "/a?", 100));
    r.in.target_sent = SPAN("/a");
    ck_assert_ptr_null(replies_find(c, &r, 2, 100));
    r.is_tls = true;
    ck_assert(!has(c, "/a", 100));
    r.is_tls = false;
    r.conditions = 4;
    ck_assert(!has(c, "/a", 100));
    r.conditions = 0;
    r.in.authority = SPAN("other");
    ck_assert(!has(c, "/a", 100));
    r.in.authority = SPAN("host");
    ck_assert(has(c, "/a", 5000));
    ck_assert_uint_eq(replies_count(c).hits, 2);
    ck_assert_uint_eq(replies_count(c).misses, 6);
    replies_clear(c);
    ck_assert(!has(c, "/a", 5000));
    ck_assert_uint_eq(replies_count(c).bytes, 0);
    replies_drop(c);
    replies_drop(NULL);
}
END_TEST

START_TEST(each_lasts_as_it_may) {
    static const struct {
        enum lasting lasting;
        bool same_second, later, after_change;
    } table[] = {{LASTS, true, true, true},
                 {LASTS_LIKE_FILE, true, true, false},
                 {LASTS_A_SECOND, true, false, false},
                 {LASTS_NOT, false, false, false}};
    struct replies *c = replies_make(1 << 20, 10);
    keep(c, "/a", table[_i].lasting, 10, 100);
    ck_assert_int_eq(has(c, "/a", 100), table[_i].same_second);
    ck_assert_int_eq(has(c, "/a", 101), table[_i].later);
    ck_assert_int_eq(truncate(path, 3), 0);
    ck_assert_int_eq(has(c, "/a", 101), table[_i].later); /* looked at already in this second */
    ck_assert_int_eq(has(c, "/a", 102), table[_i].after_change);
    ck_assert_uint_eq(replies_count(c).entries, table[_i].after_change);
    replies_drop(c);
}
END_TEST

static void accept_codings(const char *list) {
    r.in.fields = (struct fields){0};
    if (list) fields_add(&r.in.fields, &r.arena, HEADER_ACCEPT_ENCODING, span_of(list));
}

/* What was chosen for one client is for those who would have got the same; what was not chosen is for all. */
START_TEST(choices_are_kept_apart) {
    struct replies *c = replies_make(1 << 20, 10);
    uint32_t offered = coding_offer(coding_offer(0, CODING_BR), CODING_GZIP);
    accept_codings("gzip");
    ck_assert(choices_add(&r.choices, offered, CODING_GZIP));
    keep(c, "/a", LASTS, 10, 100);
    ck_assert(has(c, "/a", 100));
    accept_codings("deflate, gzip;q=0.1");
    ck_assert(has(c, "/a", 100));
    accept_codings("gzip, br");
    ck_assert(!has(c, "/a", 100));
    accept_codings(NULL);
    ck_assert(!has(c, "/a", 100));
    r.choices = (struct choices){0};
    ck_assert(choices_add(&r.choices, offered, CODING_IDENTITY));
    keep(c, "/a", LASTS, 20, 100);
    ck_assert_uint_eq(replies_find(c, &r, 1, 100)->length, 20);
    accept_codings("gzip");
    ck_assert_uint_eq(replies_find(c, &r, 1, 100)->length, 10);
    accept_codings("br");
    ck_assert(!has(c, "/a", 100));
    r.choices = (struct choices){0};
    keep(c, "/b", LASTS, 10, 100);
    accept_codings("gzip");
    ck_assert(has(c, "/b", 100));
    replies_drop(c);
}
END_TEST

/* A body that was made from a file is looked at again with that file, not with what it is now. */
START_TEST(what_was_made_from_a_file) {
    struct replies *c = replies_make(1 << 20, 10);
    struct file_state state;
    ck_assert_int_eq(file_look(path, &state), 0);
    r.made_from = &state;
    r.no_range = true;
    struct reply *p = make("/a", LASTS_LIKE_FILE, 10);
    ck_assert(p->no_range);
    replies_keep(c, p, &r, 1, 100);
    ck_assert(has(c, "/a", 200));
    ck_assert_int_eq(truncate(path, 3), 0);
    ck_assert(!has(c, "/a", 300));
    reply_drop(p);
    replies_drop(c);
}
END_TEST

START_TEST(a_change_before_it_is_kept) {
    struct replies *c = replies_make(1 << 20, 10);
    struct file *f = file_open(path);
    r.in.target_sent = SPAN("/a");
    r.in.authority = SPAN("host");
    r.physical.path = span_of(path);
    r.lasting = LASTS_LIKE_FILE;
    r.status = 200;
    chunks_add_file(&r.body, f, 0, f->state.size);
    struct reply *p = reply_make(&r, true, SPAN(""));
    ck_assert_int_eq(truncate(path, 3), 0);
    replies_keep(c, p, &r, 1, 100); /* its state is that of its bytes, not what the file is now */
    ck_assert(!has(c, "/a", 101));
    reply_drop(p);
    file_drop(f);
    p = make("/b", LASTS_LIKE_FILE, 10);
    unlink(path);
    replies_keep(c, p, &r, 1, 100);
    reply_drop(p);
    ck_assert_uint_eq(replies_count(c).entries, 0);
    replies_drop(c);
}
END_TEST

START_TEST(it_is_bounded) {
    char target[16];
    struct replies *c = replies_make(100 * 1000, 10);
    keep(c, "/large", LASTS, 26 * 1000, 100);
    ck_assert_uint_eq(replies_count(c).entries, 0);
    for (unsigned i = 0; i < 300; i++) {
        snprintf(target, sizeof target, "/%u", i);
        keep(c, target, LASTS, 1000, 100);
        ck_assert_uint_le(replies_count(c).bytes, 100 * 1000);
        ck_assert_msg(has(c, "/0", 100), "used all the time, and gone after %u", i);
    }
    ck_assert(has(c, "/299", 100));
    ck_assert(!has(c, "/1", 100));
    ck_assert_uint_gt(replies_count(c).entries, 50);
    replies_limit(c, 3000);
    ck_assert_uint_le(replies_count(c).bytes, 3000);
    ck_assert(has(c, "/299", 100));
    replies_drop(c);
}
END_TEST

START_TEST(files_are_bounded) {
    struct replies *c = replies_make(1 << 20, _i ? 2 : 0);
    for (unsigned i = 0; i < 5; i++) {
        char target[8];
        snprintf(target, sizeof target, "/%u", i);
        struct reply *p = make(target, LASTS, 1);
        blob_drop(p->body);
        p->body = NULL;
        p->file = file_open(path);
        p->state = p->file->state;
        replies_keep(c, p, &r, 1, 100);
        reply_drop(p);
    }
    ck_assert_uint_eq(replies_count(c).files, _i ? 2 : 0);
    ck_assert_int_eq(has(c, "/4", 100), _i == 1);
    replies_drop(c);
}
END_TEST

START_TEST(one_that_is_in_use_lives_on) {
    struct replies *c = replies_make(1 << 20, 10);
    keep(c, "/a", LASTS, 10, 100);
    r.in.target_sent = SPAN("/a");
    struct reply *p = reply_hold(replies_find(c, &r, 1, 100));
    replies_drop(c);
    ck_assert_uint_eq(p->refs, 1);
    ck_assert_uint_eq(p->body->n, 10);
    reply_drop(p);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("replies");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, a_reply_is_complete);
    tcase_add_loop_test(all, some_have_no_body, 0, 2);
    tcase_add_loop_test(all, large_files_stay_files, 0, 2);
    tcase_add_test(all, a_file_that_has_become_shorter);
    tcase_add_test(all, the_key_is_all_of_it);
    tcase_add_loop_test(all, each_lasts_as_it_may, 0, 4);
    tcase_add_test(all, choices_are_kept_apart);
    tcase_add_test(all, what_was_made_from_a_file);
    tcase_add_test(all, a_change_before_it_is_kept);
    tcase_add_test(all, it_is_bounded);
    tcase_add_loop_test(all, files_are_bounded, 0, 2);
    tcase_add_test(all, one_that_is_in_use_lives_on);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
