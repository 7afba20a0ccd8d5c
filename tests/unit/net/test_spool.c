/* test_spool.c - bodies that are collected: memory, then files without names */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/spool.h"

static char dir[64], nowhere[80];
static const char *dirs[3];

static void set_up(void) {
    snprintf(dir, sizeof dir, "/tmp/goldcrest-spool-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(nowhere, sizeof nowhere, "%s/nowhere", dir);
    dirs[0] = nowhere;
    dirs[1] = dir;
    dirs[2] = NULL;
    spool_set(dirs, 100000);
}

static void tear_down(void) {
    ck_assert_int_eq(rmdir(dir), 0); /* nothing is left in it */
}

static void fill(char *bytes, size_t n, size_t at) {
    for (size_t i = 0; i < n; i++) bytes[i] = (char)((at + i) * 7 + (at + i) / 251);
}

/* Adds n bytes in pieces; their values tell where they stand. */
static void add(struct chunks *q, size_t *at, size_t n, size_t piece) {
    char bytes[70000];
    const char *why;
    while (n) {
        size_t part = n < piece ? n : piece;
        fill(bytes, part, *at);
        ck_assert(spool_add(q, (struct span){bytes, part}, &why));
        *at += part;
        n -= part;
    }
}

/* Reads `n` bytes off the front. */
static void expect(struct chunks *q, size_t *at, size_t n) {
    char got[4096], wanted[4096];
    while (n) {
        ck_assert_uint_gt(q->count, 0);
        const struct chunk *c = chunks_at(q, 0);
        size_t part = n < sizeof got ? n : sizeof got;
        if (part > c->left) part = (size_t)c->left;
        if (c->kind == CHUNK_FILE) ck_assert_int_eq(pread(c->is.file->fd, got, part, (off_t)c->at), (ssize_t)part);
        else memcpy(got, chunk_bytes(c), part);
        fill(wanted, part, *at);
        ck_assert_mem_eq(got, wanted, part);
        chunks_sent(q, part);
        *at += part;
        n -= part;
    }
}

static unsigned files_in(const struct chunks *q) {
    unsigned n = 0;
    for (unsigned i = 0; i < q->count; i++) n += chunks_at(q, i)->kind == CHUNK_FILE;
    return n;
}

START_TEST(little_stays_in_memory) {
    struct chunks q = {0};
    size_t at = 0, from = 0;
    add(&q, &at, SPOOL_MEMORY_BYTES, 777);
    ck_assert_uint_eq(files_in(&q), 0);
    ck_assert_uint_eq(q.bytes, SPOOL_MEMORY_BYTES);
    add(&q, &at, 1, 1);
    ck_assert_uint_eq(files_in(&q), q.count);
    ck_assert_uint_eq(q.count, 1);
    expect(&q, &from, SPOOL_MEMORY_BYTES + 1);
    ck_assert_uint_eq(q.count, 0);
}
END_TEST

START_TEST(much_needs_few_files) {
    struct chunks q = {0};
    size_t at = 0, from = 0;
    add(&q, &at, 30000000, 65000);
    ck_assert_uint_eq(files_in(&q), q.count);
    ck_assert_uint_ge(q.count, 3);
    ck_assert_uint_le(q.count, 20);
    ck_assert_uint_le(chunks_at(&q, 0)->left, 100000 + 65000);
    expect(&q, &from, 30000000);
    ck_assert_uint_eq(q.bytes, 0);
    chunks_clear(&q);
}
END_TEST

START_TEST(it_is_read_while_it_grows) {
    struct chunks q = {0};
    size_t at = 0, from = 0;
    for (unsigned i = 0; i < 50; i++) {
        add(&q, &at, 20000, 3000);
        expect(&q, &from, i < 10 ? 1000 : 20000);
    }
    expect(&q, &from, (size_t)q.bytes);
    ck_assert_uint_eq(at, from);
    chunks_clear(&q);
}
END_TEST

START_TEST(an_error_names_the_directory) {
    struct chunks q = {0};
    const char *why = NULL;
    char bytes[1000] = "";
    size_t at = 0;
    dirs[1] = NULL;
    add(&q, &at, SPOOL_MEMORY_BYTES, 1000);
    ck_assert(!spool_add(&q, (struct span){bytes, sizeof bytes}, &why));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_str_eq(why, nowhere);
    ck_assert_uint_eq(q.bytes, SPOOL_MEMORY_BYTES); /* what was there still is */
    chunks_clear(&q);
}
END_TEST

START_TEST(files_are_private) {
    struct chunks q = {0};
    struct stat st;
    size_t at = 0;
    add(&q, &at, 100000, 1000);
    ck_assert_int_eq(fstat(chunks_at(&q, 0)->is.file->fd, &st), 0);
    ck_assert_int_eq((int)(st.st_mode & 077), 0);
    ck_assert_int_eq((int)st.st_nlink, 0);
    chunks_clear(&q);
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("spool");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, little_stays_in_memory);
    tcase_add_test(all, much_needs_few_files);
    tcase_add_test(all, it_is_read_while_it_grows);
    tcase_add_test(all, an_error_names_the_directory);
    tcase_add_test(all, files_are_private);
    suite_add_tcase(s, all);
    return s;
}

int main(void) {
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
