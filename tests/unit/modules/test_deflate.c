/* test_deflate.c - which responses mod_deflate compresses, for whom, and what it says of them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../replay/decode.h"
#include "base/clock.h"
#include "modules/deflate/filter.h"
#include "trial.h"

extern const struct module mod_deflate;

void request_wake(struct request *r) {
    (void)r;
}

#define TEXT_TYPES "deflate.mimetypes = (\"text/\", \"application/json\", \"image/svg*\")\n"

static const struct {
    const char *conf, *type, *name, *value; /* a field of the response */
    int status;
    size_t bytes;
    bool coded;
} responses[] = {
    {"", "text/html", "", "", 200, 1000, true},
    {"", "text/html; charset=utf-8", "", "", 200, 1000, true},
    {"", "Text/HTML", "", "", 200, 1000, true},
    {"", "application/json", "", "", 200, 1000, true},
    {"", "application/jso", "", "", 200, 1000, false},
    {"", "image/svg+xml", "", "", 200, 1000, true},
    {"", "image/png", "", "", 200, 1000, false},
    {"", "", "", "", 200, 1000, false},
    {"deflate.mimetypes := (\"\")", "image/png", "", "", 200, 1000, true},
    {"deflate.mimetypes := (\"\")", "", "", "", 200, 1000, false},
    /* sizes */
    {"", "text/html", "", "", 200, 256, true},
    {"", "text/html", "", "", 200, 255, false},
    {"", "text/html", "", "", 200, 0, false},
    {"deflate.min-compress-size = 0", "text/html", "", "", 200, 100, true},
    {"deflate.min-compress-size = 0", "text/html", "", "", 200, 0, false},
    {"deflate.max-compress-size = 1", "text/html", "", "", 200, 1024, true},
    {"deflate.max-compress-size = 1", "text/html", "", "", 200, 1025, false},
    {"deflate.max-compress-size = 0", "text/html", "", "", 200, 1025, true},
    {"compress.max-filesize = 1", "text/html", "", "", 200, 1025, false},
    /* statuses */
    {"", "text/html", "", "", 404, 1000, true},
    {"", "text/html", "", "", 500, 1000, true},
    {"", "text/html", "", "", 204, 1000, false},
    {"", "text/html", "", "", 205, 1000, false},
    {"", "text/html", "", "", 206, 1000, false},
    {"", "text/html", "", "", 304, 1000, false},
    {"", "text/html", "", "", 101, 1000, false},
    /* fields */
    {"", "text/html", "Content-Encoding", "br", 200, 1000, false},
    {"", "text/html", "Content-Range", "bytes 0-999/2000", 200, 1000, false},
    {"", "text/html", "Cache-Control", "no-transform", 200, 1000, false},
    {"", "text/html", "Cache-Control", "max-age=3, No-Transform", 200, 1000, false},
    {"", "text/html", "Cache-Control", "max-age=3", 200, 1000, true},
    /* the machine */
    {"deflate.max-loadavg = \"0.0\"", "text/html", "", "", 200, 1000, true},
    {"deflate.max-loadavg = \"100000\"", "text/html", "", "", 200, 1000, true},
    {"deflate.allowed-encodings = (\"identity\")", "text/html", "", "", 200, 1000, false},
};

static void answer(struct trial *t, int status, const char *type, size_t bytes) {
    struct blob *body = blob_make(bytes);
    memset(body->p, 'x', bytes);
    t->r.status = status;
    if (*type) fields_add(&t->r.out, &t->r.arena, HEADER_CONTENT_TYPE, span_of(type));
    chunks_add_blob(&t->r.body, body, 0, bytes);
    blob_drop(body);
}

static void accept_codings(struct trial *t, const char *list) {
    fields_add(&t->r.in.fields, &t->r.arena, HEADER_ACCEPT_ENCODING, span_of(list));
}

static void forget(struct trial *t) {
    chunks_clear(&t->r.body);
    trial_end(t);
}

START_TEST(chooses_what_is_compressed) {
    struct trial t;
    char conf[512];
    snprintf(conf, sizeof conf, TEXT_TYPES "%s\n", responses[_i].conf);
    trial_begin_warned(&t, &mod_deflate, conf);
    trial_request(&t, "a", "/");
    accept_codings(&t, "gzip");
    answer(&t, responses[_i].status, responses[_i].type, responses[_i].bytes);
    if (*responses[_i].name)
        fields_add_named(&t.r.out, &t.r.arena, span_of(responses[_i].name), span_of(responses[_i].value));
    ck_assert_int_eq(trial_run(&t, PHASE_RESPONSE_START), HANDLER_GO_ON);
    bool has_coding = !strcmp(trial_out(&t, "Content-Encoding"), "gzip");
    ck_assert(has_coding == responses[_i].coded);
    ck_assert_str_eq(trial_out(&t, "Vary"), has_coding ? "Accept-Encoding" : "");
    ck_assert(t.r.choices.count == (has_coding ? 1 : 0));
    ck_assert(has_coding == (t.r.body.bytes < responses[_i].bytes));
    forget(&t);
}
END_TEST

/* Not for who cannot decode it; but it is said that there is something to choose. */
START_TEST(says_that_it_varies) {
    struct trial t;
    trial_begin(&t, &mod_deflate, TEXT_TYPES);
    trial_request(&t, "a", "/");
    answer(&t, 200, "text/plain", 1000);
    trial_run(&t, PHASE_RESPONSE_START);
    ck_assert_str_eq(trial_out(&t, "Content-Encoding"), "");
    ck_assert_str_eq(trial_out(&t, "Vary"), "Accept-Encoding");
    ck_assert_uint_eq(t.r.body.bytes, 1000);
    ck_assert_uint_eq(t.r.choices.count, 1);
    ck_assert_int_eq(t.r.lasting, LASTS);
    forget(&t);
}
END_TEST

START_TEST(a_coded_representation_is_another) {
    struct trial t;
    struct buf plain = {0};
    trial_begin(&t, &mod_deflate, TEXT_TYPES);
    trial_request(&t, "a", "/");
    accept_codings(&t, "gzip");
    answer(&t, 200, "text/plain", 1000);
    fields_add(&t.r.out, &t.r.arena, HEADER_ETAG, SPAN("\"tag\""));
    fields_add(&t.r.out, &t.r.arena, HEADER_ACCEPT_RANGES, SPAN("bytes"));
    trial_run(&t, PHASE_RESPONSE_START);
    ck_assert_str_eq(trial_out(&t, "ETag"), "W/\"tag-gzip\"");
    ck_assert_str_eq(trial_out(&t, "Accept-Ranges"), "none");
    ck_assert(t.r.no_range);
    ck_assert_uint_eq(t.r.body.count, 1);
    const struct chunk *c = chunks_at(&t.r.body, 0);
    struct span coded = {chunk_bytes(c), (size_t)c->left};
    ck_assert_int_eq((int)decode(SPAN("gzip"), coded, &plain), DECODED_WHOLE);
    ck_assert_uint_eq(plain.n, 1000);
    buf_done(&plain);
    forget(&t);
}
END_TEST

/* What would not be smaller goes as it is, with the tag and the ranges of what it is. */
START_TEST(noise_stays_as_it_is) {
    struct trial t;
    char noise[300];
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
    trial_begin(&t, &mod_deflate, TEXT_TYPES);
    trial_request(&t, "a", "/");
    accept_codings(&t, "gzip");
    answer(&t, 200, "text/plain", 0);
    fields_add(&t.r.out, &t.r.arena, HEADER_ETAG, SPAN("\"tag\""));
    chunks_add_copy(&t.r.body, (struct span){noise, sizeof noise});
    trial_run(&t, PHASE_RESPONSE_START);
    ck_assert_str_eq(trial_out(&t, "Content-Encoding"), "");
    ck_assert_str_eq(trial_out(&t, "ETag"), "\"tag\"");
    ck_assert_str_eq(trial_out(&t, "Vary"), "Accept-Encoding");
    ck_assert(!t.r.no_range);
    ck_assert_uint_eq(t.r.body.bytes, sizeof noise);
    forget(&t);
}
END_TEST

/* Above the load, nothing is compressed, and that is not remembered. */
START_TEST(a_busy_machine_has_other_work) {
    struct trial t;
    clock_set(1000);
    trial_begin(&t, &mod_deflate, TEXT_TYPES "deflate.max-loadavg = \"0.000000001\"\n");
    trial_request(&t, "a", "/");
    accept_codings(&t, "gzip");
    answer(&t, 200, "text/plain", 1000);
    trial_run(&t, PHASE_RESPONSE_START);
    bool is_idle = !strcmp(trial_out(&t, "Content-Encoding"), "gzip"); /* really, or it does not tell */
    ck_assert_int_eq(t.r.lasting, is_idle ? LASTS : LASTS_NOT);
    ck_assert_str_eq(trial_out(&t, "Vary"), "Accept-Encoding");
    forget(&t);
}
END_TEST

/* When the turn has no time left, a small body goes piece by piece, too; in the next one it is made and kept. */
START_TEST(a_turn_has_an_end) {
    for (int turn = 0; turn < 2; turn++) {
        struct trial t;
        clock_update();
        if (turn == 0) filters_worked(UINT64_C(1000) * 1000 * 1000);
        trial_begin(&t, &mod_deflate, TEXT_TYPES);
        trial_request(&t, "a", "/");
        accept_codings(&t, "gzip");
        answer(&t, 200, "text/plain", 1000);
        trial_run(&t, PHASE_RESPONSE_START);
        ck_assert_str_eq(trial_out(&t, "Content-Encoding"), coder_for_stream(CODING_GZIP) || turn ? "gzip" : "");
        ck_assert((t.r.source != NULL) == (turn == 0 && coder_for_stream(CODING_GZIP)));
        if (t.r.source) t.r.source->drop(t.r.source);
        forget(&t);
    }
}
END_TEST

static const struct {
    const char *list, *accept, *coding;
} preferences[] = {
    {"(\"gzip\", \"deflate\")", "deflate, gzip", "gzip"},
    {"(\"deflate\", \"gzip\")", "deflate, gzip", "deflate"},
    {"(\"deflate\", \"gzip\")", "deflate;q=0.9, gzip", "gzip"},
    {"(\"x-gzip\")", "gzip", "gzip"},
    {"(\"gzip\")", "deflate", ""},
};

START_TEST(prefers) {
    struct trial t;
    char conf[512];
    static const char *const spellings[] = {"deflate", "compress"};
    for (int i = 0; i < 2; i++) {
        snprintf(conf, sizeof conf, TEXT_TYPES "%s.allowed-encodings = %s\n", spellings[i], preferences[_i].list);
        trial_begin_warned(&t, &mod_deflate, conf);
        trial_request(&t, "a", "/");
        accept_codings(&t, preferences[_i].accept);
        answer(&t, 200, "text/plain", 1000);
        trial_run(&t, PHASE_RESPONSE_START);
        ck_assert_str_eq(trial_out(&t, "Content-Encoding"), preferences[_i].coding);
        forget(&t);
    }
}
END_TEST

static const struct {
    const char *conf, *message;
} mistakes[] = {
    {"deflate.allowed-encodings = (\"gzip\", \"lzma\")",
     "t.conf:1:38: warning: lzma is left out: there is no such content coding"},
    {"compress.filetype = (\"text/\")", "compress.filetype is deprecated"},
    {"deflate.allowed-encodings = (\"bzip2\")", "warning: bzip2 is left out: it is not in this build"},
    {"deflate.params = (\"gzip.levle\" => 1)", "error: deflate.params has no \"gzip.levle\""},
    {"deflate.params = (\"gzip.level\" => 10)", "error: gzip.level is a number from 1 to 9"},
    {"deflate.params = (\"gzip.level\" => \"a\")", "error: gzip.level is a number from 1 to 9"},
    {"deflate.params = (\"BROTLI_PARAM_LGWIN\" => 25)", "error: BROTLI_PARAM_LGWIN is a number from 10 to 24"},
    {"deflate.params = (\"SYNC_FLUSH\" => 2)", "error: SYNC_FLUSH"},
    {"deflate.max-loadavg = \"much\"", "error: \"much\" is no load average"},
    {"deflate.max-loadavg = \"\"", "is no load average"},
};

START_TEST(complains) {
    char conf[256];
    snprintf(conf, sizeof conf, "%s\n", mistakes[_i].conf);
    char *messages = trial_messages(&mod_deflate, conf);
    ck_assert_msg(strstr(messages, mistakes[_i].message) != NULL, "%s", messages);
    free(messages);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    trial_directory();
    Suite *suite = suite_create("deflate");
    TCase *tests = tcase_create("deflate");
    tcase_add_loop_test(tests, complains, 0, COUNT(mistakes));
    if (decode_can(SPAN("gzip"))) {
        tcase_add_loop_test(tests, chooses_what_is_compressed, 0, COUNT(responses));
        tcase_add_test(tests, says_that_it_varies);
        tcase_add_test(tests, a_coded_representation_is_another);
        tcase_add_test(tests, noise_stays_as_it_is);
        tcase_add_test(tests, a_busy_machine_has_other_work);
        tcase_add_test(tests, a_turn_has_an_end);
        tcase_add_loop_test(tests, prefers, 0, COUNT(preferences));
    }
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
