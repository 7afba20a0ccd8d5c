/* test_coders.c - coders and the filter over them: what comes out is what went in, in time and within bounds */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../replay/decode.h"
#include "base/clock.h"
#include "base/memory.h"
#include "modules/deflate/filter.h"
#include "modules/deflate/options.h"
#include "trial.h"

static const char *const names[] = {"gzip", "deflate", "br", "zstd"};
enum { CODINGS = sizeof names / sizeof *names };

enum sample { ZEROS, TEXT, NOISE, SAMPLES };

/* The same bytes in each run. */
static struct blob *sample(enum sample kind, size_t n) {
    static const char words[] = "the quick brown fox jumps over the lazy dog\n";
    struct blob *b = blob_make(n);
    uint32_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        size_t slip = x >> 24 ? 0 : x & 3;
        b->p[i] = kind == ZEROS ? '\0' : kind == NOISE ? (char)(x >> 24) : words[(i + slip) % 44];
    }
    return b;
}

static bool is_here(enum coding coding) {
    return decode_can(coding_name(coding)) && coder_for_stream(coding);
}

static void expect(enum coding coding, struct span coded, struct span plain, enum decoded wanted) {
    struct buf out = {0};
    enum decoded result = decode(coding_name(coding), coded, &out);
    ck_assert_int_eq((int)result, (int)wanted);
    ck_assert_msg(span_is(buf_span(&out), plain), "%zu bytes of %zu", out.n, plain.n);
    buf_done(&out);
}

/* ---- whole bodies -------------------------------------------------------------------------------------------- */

static const struct {
    enum sample kind;
    size_t bytes;
    bool fewer;
} wholes[] = {
    {TEXT, 300, true}, {TEXT, 100 * 1000, true}, {ZEROS, 256 * 1024, true}, {ZEROS, 1000, true},
    {NOISE, 300, false}, {NOISE, 256 * 1024, false}, {TEXT, 1, false}, {TEXT, 0, false}, {TEXT, 2, false},
};

START_TEST(codes_whole_bodies) {
    for (int i = 0; i < CODINGS; i++) {
        enum coding coding = coding_find(span_of(names[i]));
        struct tuning t = options_merge(NULL, 0);
        if (!is_here(coding)) continue;
        struct blob *plain = sample(wholes[_i].kind, wholes[_i].bytes);
        struct blob *coded = coder_code(coding, &t, blob_span(plain));
        ck_assert_msg((coded != NULL) == wholes[_i].fewer, "%s %zu", names[i], plain->n);
        if (coded) {
            ck_assert_uint_lt(coded->n, plain->n);
            expect(coding, blob_span(coded), blob_span(plain), DECODED_WHOLE);
        }
        blob_drop(coded);
        blob_drop(plain);
    }
}
END_TEST

static const char *const tunings[] = {
    "(\"gzip.level\" => 1, \"BROTLI_PARAM_QUALITY\" => 0, \"ZSTD_c_compressionLevel\" => 1)",
    "(\"gzip.level\" => 9, \"gzip.windowBits\" => 15, \"gzip.memLevel\" => 9, \"gzip.strategy\" => 2)",
    "(\"gzip.windowBits\" => 9, \"gzip.memLevel\" => 1)",
    "(\"BROTLI_PARAM_QUALITY\" => 11, \"BROTLI_PARAM_LGWIN\" => 10, \"BROTLI_PARAM_MODE\" => 1)",
    "(\"ZSTD_c_compressionLevel\" => 19, \"ZSTD_c_strategy\" => 7, \"ZSTD_c_windowLog\" => 10)",
};

extern const struct module mod_deflate;

/* Streams and whole bodies take every parameter that is accepted. */
START_TEST(takes_its_parameters) {
    struct trial t;
    char conf[256];
    snprintf(conf, sizeof conf, "deflate.params = %s\n", tunings[_i]);
    trial_begin(&t, &mod_deflate, conf);
    for (int i = 0; i < CODINGS; i++) {
        enum coding coding = coding_find(span_of(names[i]));
        struct tuning tuning = options_merge(t.cells[0].is.compiled, 4);
        if (!is_here(coding)) continue;
        const struct coder *c = coder_for_stream(coding);
        void *state = c->begin(&tuning);
        ck_assert_ptr_nonnull(state);
        c->end(state);
        struct blob *plain = sample(TEXT, 5000), *coded = coder_code(coding, &tuning, blob_span(plain));
        ck_assert_ptr_nonnull(coded);
        expect(coding, blob_span(coded), blob_span(plain), DECODED_WHOLE);
        blob_drop(coded);
        blob_drop(plain);
    }
    trial_end(&t);
}
END_TEST

/* ---- the filter ---------------------------------------------------------------------------------------------- */

static unsigned wakes;

void request_wake(struct request *r) {
    (void)r;
    wakes++;
}

/* One letter a pull: p a piece, w wait (once), x broken, e end. */
struct script {
    struct source source;
    const char *next;
    struct blob *all;
    size_t piece, given;
    bool is_dropped;
};

static enum source_result pull(struct source *source, struct chunks *out, uint64_t room) {
    struct script *s = (struct script *)source;
    (void)room;
    switch (*s->next ? *s->next++ : 'e') {
    case 'p':
        chunks_add_blob(out, s->all, s->given, s->piece);
        s->given += s->piece;
        return SOURCE_MORE;
    case 'w': return SOURCE_WAIT;
    case 'x': return SOURCE_BROKEN;
    default: return SOURCE_END;
    }
}

static void drop(struct source *source) {
    ((struct script *)source)->is_dropped = true;
}

static struct script script(const char *letters, struct blob *all, size_t piece) {
    return (struct script){{pull, drop, -1}, letters, all, piece, 0, false};
}

static struct source *filter(struct script *s, enum coding coding, size_t work_bytes) {
    static struct request r;
    struct tuning t = options_merge(NULL, 0);
    struct source *f = filter_make(&r, &s->source, coder_for_stream(coding), &t, work_bytes, NULL);
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(f->length, -1);
    return f;
}

/* Pulls until it says something else than MORE. */
static enum source_result run(struct source *f, struct buf *coded, uint64_t room) {
    enum source_result result = SOURCE_MORE;
    while (result == SOURCE_MORE) {
        struct chunks out = {0};
        result = f->pull(f, &out, room);
        ck_assert_uint_le(out.bytes, room < CODER_ROOM_BYTES ? CODER_ROOM_BYTES : room);
        ck_assert(result != SOURCE_MORE || out.bytes > 0);
        for (unsigned i = 0; i < out.count; i++)
            buf_add(coded, (struct span){chunk_bytes(chunks_at(&out, i)), (size_t)chunks_at(&out, i)->left});
        chunks_clear(&out);
    }
    return result;
}

static const struct {
    const char *letters;
    enum sample kind;
    size_t piece;
    uint64_t room;
} streams[] = {
    {"e", TEXT, 0, 1000},
    {"pe", TEXT, 1, 1000},
    {"pppe", TEXT, 10, 1000},
    {"pppppppppp", NOISE, 100 * 1000, 256 * 1024},
    {"pppppppppp", NOISE, 100 * 1000, 1},
    {"pppppppppp", TEXT, 100 * 1000, 65},
    {"pppppppppp", ZEROS, 100 * 1000, 70},
};

START_TEST(filters) {
    for (int i = 0; i < CODINGS; i++) {
        enum coding coding = coding_find(span_of(names[i]));
        if (!is_here(coding)) continue;
        struct blob *all = sample(streams[_i].kind, 1000 * 1000);
        struct script s = script(streams[_i].letters, all, streams[_i].piece);
        struct source *f = filter(&s, coding, SIZE_MAX);
        struct buf coded = {0};
        ck_assert_int_eq((int)run(f, &coded, streams[_i].room), SOURCE_END);
        expect(coding, buf_span(&coded), (struct span){all->p, s.given}, DECODED_WHOLE);
        f->drop(f);
        ck_assert(s.is_dropped);
        ck_assert_uint_eq(all->refs, 1);
        blob_drop(all);
        buf_done(&coded);
    }
}
END_TEST

static const struct {
    enum sample kind;
    size_t piece;
    uint64_t room;
} events[] = {{TEXT, 20, 1000}, {TEXT, 20, 1}, {NOISE, 20, 64}, {NOISE, 5000, 64}, {NOISE, 50 * 1000, 1}};

/* What came before a wait can be decoded during it; a wait without news brings no bytes. */
START_TEST(flushes_when_it_waits) {
    for (int i = 0; i < CODINGS; i++) {
        enum coding coding = coding_find(span_of(names[i]));
        if (!is_here(coding)) continue;
        struct blob *all = sample(events[_i].kind, 300 * 1000);
        struct script s = script("wwpwwpwwwpwwppwwe", all, events[_i].piece);
        struct source *f = filter(&s, coding, SIZE_MAX);
        struct buf coded = {0};
        for (int waits = 0;; waits++) {
            ck_assert_int_lt(waits, 20);
            size_t before = coded.n, given = s.given;
            enum source_result result = run(f, &coded, events[_i].room);
            if (result == SOURCE_END) break;
            ck_assert_int_eq((int)result, SOURCE_WAIT);
            ck_assert((coded.n > before) == (s.given > given));
            if (s.given) expect(coding, buf_span(&coded), (struct span){all->p, s.given}, DECODED_PARTLY);
        }
        expect(coding, buf_span(&coded), (struct span){all->p, s.given}, DECODED_WHOLE);
        f->drop(f);
        blob_drop(all);
        buf_done(&coded);
    }
}
END_TEST

START_TEST(a_broken_source_stays_broken) {
    for (int i = 0; i < CODINGS; i++) {
        enum coding coding = coding_find(span_of(names[i]));
        if (!is_here(coding)) continue;
        struct blob *all = sample(TEXT, 1000);
        struct script s = script("ppx", all, 100);
        struct source *f = filter(&s, coding, SIZE_MAX);
        struct buf coded = {0}, plain = {0};
        ck_assert_int_eq((int)run(f, &coded, 1000), SOURCE_BROKEN);
        ck_assert_int_ne((int)decode(coding_name(coding), buf_span(&coded), &plain), DECODED_WHOLE);
        f->drop(f);
        ck_assert(s.is_dropped);
        blob_drop(all);
        buf_done(&coded);
        buf_done(&plain);
    }
}
END_TEST

/* A turn of the loop has its share of the work; then the request wakes itself. */
START_TEST(works_in_turns) {
    enum { WORK = 100 * 1000 };
    struct blob *all = sample(ZEROS, 1000 * 1000);
    struct script s = script("pppppppppp", all, 100 * 1000);
    struct source *f = filter(&s, CODING_GZIP, WORK);
    struct buf coded = {0};
    unsigned turns = 1;
    size_t given = 0;
    wakes = 0;
    for (; run(f, &coded, 256 * 1024) == SOURCE_WAIT; turns++) {
        ck_assert_uint_eq(wakes, turns);
        ck_assert_int_eq((int)run(f, &coded, 256 * 1024), SOURCE_WAIT); /* the turn is not over */
        wakes = turns;
        clock_update();
        ck_assert_uint_le(s.given - given, 2 * WORK);
        given = s.given;
    }
    ck_assert_uint_ge(turns, 9);
    expect(CODING_GZIP, buf_span(&coded), blob_span(all), DECODED_WHOLE);
    f->drop(f);
    blob_drop(all);
    buf_done(&coded);
}
END_TEST

/* Many share what one may do alone. */
START_TEST(many_share_a_turn) {
    enum { FILTERS = 10, WORK = 100 * 1000 };
    struct blob *all = sample(TEXT, 1000 * 1000);
    struct script scripts[FILTERS];
    struct source *several[FILTERS];
    struct buf coded = {0};
    size_t given = 0;
    clock_update();
    for (int i = 0; i < FILTERS; i++) {
        scripts[i] = script("pppppppppppppppppppp", all, 2000);
        several[i] = filter(&scripts[i], CODING_GZIP, WORK);
    }
    for (int i = 0; i < FILTERS; i++) {
        ck_assert_int_eq((int)run(several[i], &coded, 256 * 1024), SOURCE_WAIT);
        given += scripts[i].given;
    }
    ck_assert_uint_ge(given, WORK);
    ck_assert_uint_le(given, WORK + FILTERS * 2000);
    for (int i = 0; i < FILTERS; i++) several[i]->drop(several[i]);
    blob_drop(all);
    buf_done(&coded);
}
END_TEST

/* When a turn has no time left, filters queue up: the first to wait is the first to work, if it still asks. */
START_TEST(they_queue_up) {
    struct blob *all = sample(TEXT, 1000);
    struct script scripts[2] = {script("pppppppppp", all, 100), script("pppppppppp", all, 100)};
    struct source *a = filter(&scripts[0], CODING_GZIP, 100), *b = filter(&scripts[1], CODING_GZIP, 100);
    struct buf coded = {0};
    clock_update();
    ck_assert(filters_have_time());
    filters_worked(UINT64_C(1000) * 1000 * 1000);
    ck_assert(!filters_have_time());
    wakes = 0;
    ck_assert_int_eq((int)run(a, &coded, 1000), SOURCE_WAIT);
    ck_assert_int_eq((int)run(b, &coded, 1000), SOURCE_WAIT);
    ck_assert_uint_eq(wakes, 2);
    ck_assert_uint_eq(scripts[0].given + scripts[1].given, 0);
    clock_update();
    ck_assert(filters_have_time());
    ck_assert_int_eq((int)run(b, &coded, 1000), SOURCE_WAIT);
    ck_assert_uint_eq(wakes, 3);
    ck_assert_uint_eq(scripts[1].given, 0); /* a is the first */
    run(a, &coded, 1000);
    ck_assert_uint_gt(scripts[0].given, 0);
    run(b, &coded, 1000);
    ck_assert_uint_gt(scripts[1].given, 0);
    a->drop(a);
    b->drop(b);
    blob_drop(all);
    buf_done(&coded);
}
END_TEST

/* Who waits in front and is gone, or does not ask any more, holds up nobody. */
START_TEST(nobody_waits_for_the_gone) {
    struct blob *all = sample(TEXT, 1000);
    for (int is_dropped = 0; is_dropped < 2; is_dropped++) {
        struct script scripts[2] = {script("pppppppppp", all, 100), script("pppppppppp", all, 100)};
        struct source *a = filter(&scripts[0], CODING_GZIP, 100), *b = filter(&scripts[1], CODING_GZIP, 100);
        struct buf coded = {0};
        clock_update();
        filters_worked(UINT64_C(1000) * 1000 * 1000);
        ck_assert_int_eq((int)run(a, &coded, 1000), SOURCE_WAIT);
        ck_assert_int_eq((int)run(b, &coded, 1000), SOURCE_WAIT);
        if (is_dropped) a->drop(a);
        for (int turn = 0; turn < 2 - is_dropped; turn++) {
            clock_update();
            ck_assert_uint_eq(scripts[1].given, 0);
            run(b, &coded, 1000);
        }
        ck_assert_uint_gt(scripts[1].given, 0);
        if (!is_dropped) a->drop(a);
        b->drop(b);
        buf_done(&coded);
    }
    blob_drop(all);
}
END_TEST

/* What a source has not given in full does not look whole. */
START_TEST(a_source_keeps_its_length) {
    static const struct {
        int64_t length;
        enum source_result result;
    } rows[] = {{300, SOURCE_END}, {301, SOURCE_BROKEN}, {299, SOURCE_BROKEN}, {-1, SOURCE_END}};
    struct blob *all = sample(TEXT, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct script s = script("pppe", all, 100);
        struct buf coded = {0};
        s.source.length = rows[i].length;
        struct source *f = filter(&s, CODING_GZIP, SIZE_MAX);
        ck_assert_int_eq((int)run(f, &coded, 1000), (int)rows[i].result);
        f->drop(f);
        buf_done(&coded);
    }
    blob_drop(all);
}
END_TEST

/* Resident memory of this process, or 0 where the system does not say. */
static size_t resident_kib(void) {
    unsigned long pages[2] = {0, 0};
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%lu %lu", &pages[0], &pages[1]) != 2) pages[1] = 0;
    if (f) fclose(f);
    return pages[1] * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static const struct {
    const char *coding, *params;
    unsigned level;
} sizes[] = {
    {"gzip", "()", 0},
    {"gzip", "(\"gzip.windowBits\" => 15, \"gzip.memLevel\" => 9)", 9},
    {"gzip", "(\"gzip.windowBits\" => 9, \"gzip.memLevel\" => 1)", 1},
    {"br", "()", 0},
    {"br", "()", 1},
    {"br", "()", 3},
    {"br", "()", 4},
    {"br", "()", 9},
    {"br", "(\"BROTLI_PARAM_QUALITY\" => 11, \"BROTLI_PARAM_LGWIN\" => 10)", 0},
    {"br", "(\"BROTLI_PARAM_LGWIN\" => 18)", 9},
    {"br", "(\"BROTLI_PARAM_LGWIN\" => 24)", 0},
    {"br", "(\"BROTLI_PARAM_LGWIN\" => 22)", 3},
    {"br", "(\"BROTLI_PARAM_QUALITY\" => 11, \"BROTLI_PARAM_LGWIN\" => 24)", 0},
    {"zstd", "()", 0},
    {"zstd", "()", 1},
    {"zstd", "()", 4},
    {"zstd", "()", 9},
    {"zstd", "(\"ZSTD_c_windowLog\" => 23)", 1},
    {"zstd", "(\"ZSTD_c_compressionLevel\" => 22, \"ZSTD_c_windowLog\" => 20)", 0},
    {"zstd", "(\"ZSTD_c_strategy\" => 9)", 1},
    {"zstd", "(\"ZSTD_c_strategy\" => 9, \"ZSTD_c_windowLog\" => 10)", 9},
};

/* A stream takes no more memory than it is reckoned with (and what a sanitizer adds); with common parameters, not
 * much less. */
START_TEST(streams_are_as_large_as_is_said) {
    enum { STREAMS = 8 };
    struct trial t;
    char conf[256];
    void *states[STREAMS];
    static char out[64 * 1024];
    enum coding coding = coding_find(span_of(sizes[_i].coding));
    const struct coder *c = coder_for_stream(coding);
    if (!c) return;
    snprintf(conf, sizeof conf, "deflate.params = %s\n", sizes[_i].params);
    trial_begin(&t, &mod_deflate, conf);
    struct tuning tuning = options_merge(t.cells[0].is.compiled, sizes[_i].level);
    struct blob *plain = sample(TEXT, 2 * 1024 * 1024);
    size_t before = resident_kib();
    for (int i = 0; i < STREAMS; i++) {
        struct span in = blob_span(plain);
        size_t made;
        states[i] = c->begin(&tuning);
        ck_assert_ptr_nonnull(states[i]);
        while (in.n) ck_assert_int_ne((int)c->step(states[i], CODER_RUN, &in, out, sizeof out, &made), CODER_BROKEN);
    }
    size_t took = (resident_kib() - before) / STREAMS, said = c->stream_kib(&tuning);
    ck_assert_msg(took <= said + said / 4 + 192, "it takes %zu KiB, not %zu", took, said);
    bool is_common = before && !strcmp(sizes[_i].params, "()");
    ck_assert_msg(!is_common || took * 4 >= said, "it takes %zu KiB, not %zu", took, said);
    for (int i = 0; i < STREAMS; i++) c->end(states[i]);
    blob_drop(plain);
    trial_end(&t);
}
END_TEST

/* What is dearer than the defaults is reckoned so. */
START_TEST(dear_streams_are_fewer) {
    struct tuning plain = options_merge(NULL, 0), dear = options_merge(NULL, 9);
    dear.gzip_window_bits = 15;
    dear.br_lgwin = 24;
    for (int i = 0; i < CODINGS; i++) {
        enum coding coding = coding_find(span_of(names[i]));
        const struct coder *c = coder_for_stream(coding);
        if (c) ck_assert_uint_gt(c->stream_kib(&dear), c->stream_kib(&plain));
    }
}
END_TEST

START_TEST(streams_are_bounded) {
    for (int i = 0; i < CODINGS; i++) {
        enum coding coding = coding_find(span_of(names[i]));
        if (!is_here(coding)) continue;
        const struct coder *c = coder_for_stream(coding);
        struct script s = script("e", NULL, 0);
        struct tuning t = options_merge(NULL, 0);
        struct request r = {0};
        size_t most = FILTERS_MAX_KIB / c->stream_kib(&t), of_one = FILTERS_MAX_KIB / 4 / c->stream_kib(&t);
        struct source **all = memory_zeroed(most, sizeof *all);
        struct request *requests = memory_zeroed(most, sizeof *requests);
        for (size_t n = 0; n < most; n++) {
            requests[n].conn = (struct conn *)(void *)&requests[n / of_one]; /* a connection's name, no more */
            all[n] = filter_make(&requests[n], &s.source, c, &t, SIZE_MAX, NULL);
            ck_assert_ptr_nonnull(all[n]);
            if (n % of_one < of_one - 1) continue;
            ck_assert_ptr_null(filter_make(&requests[n], &s.source, c, &t, SIZE_MAX, NULL)); /* others may still */
        }
        ck_assert_ptr_null(filter_make(&r, &s.source, c, &t, SIZE_MAX, NULL));
        ck_assert(!s.is_dropped);
        all[0]->drop(all[0]);
        all[0] = filter_make(&r, &s.source, c, &t, SIZE_MAX, NULL);
        ck_assert_ptr_nonnull(all[0]);
        for (size_t n = 0; n < most; n++) all[n]->drop(all[n]);
        ck_assert_ptr_null(filter_make(&r, &s.source, NULL, &t, SIZE_MAX, NULL)); /* no such coder */
        free(requests);
        free(all);
    }
}
END_TEST

/* ---- files --------------------------------------------------------------------------------------------------- */

START_TEST(cache_of_ours_alone)
{
    char base[] = "/tmp/goldcrest-cache-XXXXXX", name[64], link_name[64];
    ck_assert_ptr_nonnull(mkdtemp(base));
    snprintf(name, sizeof name, "%s/kept", base);
    snprintf(link_name, sizeof link_name, "%s/link", base);
    ck_assert(cached_directory_is_ours(name)); /* we shall make it */
    ck_assert_int_eq(mkdir(name, 0750), 0);
    ck_assert(cached_directory_is_ours(name));
    ck_assert_int_eq(symlink(name, link_name), 0);
    ck_assert(!cached_directory_is_ours(link_name));
    ck_assert_int_eq(chmod(name, 0777), 0);
    ck_assert(!cached_directory_is_ours(name));
    ck_assert(!cached_directory_is_ours("/dev/null"));
    unlink(link_name);
    rmdir(name);
    rmdir(base);
}
END_TEST

START_TEST(files_are_whole_or_not_there) {
    struct arena a = {0};
    struct file_state state = {.inode = 1, .size = 2, .mtime_s = 3}, later = state, found;
    later.mtime_ns = 1;
    struct span name = cached_name(&a, span_of(trial_directory()), SPAN("/a/b/c.txt"), CODING_GZIP, &state);
    ck_assert(span_starts(name, arena_printf(&a, "%s/a/b/c.txt-gzip-", trial_directory())));
    ck_assert(!span_is(name, cached_name(&a, span_of(trial_directory()), SPAN("/a/b/c.txt"), CODING_GZIP, &later)));
    struct cached_copy *one = cached_copy_make(name), *two = cached_copy_make(name), *gone = cached_copy_make(name);
    ck_assert(one && two && gone);
    cached_copy_add(one, SPAN("con"));
    cached_copy_add(two, SPAN("content"));
    cached_copy_add(one, SPAN("tent"));
    ck_assert_int_ne(file_look(name.p, &found), 0);
    ck_assert_int_eq(cached_copy_finish(one), 0);
    ck_assert_int_eq(file_look(name.p, &found), 0);
    ck_assert_uint_eq(found.size, 7);
    ck_assert_int_eq((int)(found.mode & 0777), 0600);
    ck_assert_int_eq(cached_copy_finish(two), 0);
    cached_copy_drop(gone);
    cached_copy_drop(NULL);
    ck_assert_int_eq(unlink(name.p), 0);
    struct span above = span_upto(name, span_find_last(name, '/'));
    ck_assert_int_eq(rmdir(arena_copy(&a, above).p), 0); /* nothing else was left in it */
    ck_assert_ptr_null(cached_copy_make(SPAN("/dev/null/x")));
    struct cached_copy *all[COPIES_MAX];
    for (int i = 0; i < COPIES_MAX; i++) ck_assert_ptr_nonnull((all[i] = cached_copy_make(name)));
    ck_assert_ptr_null(cached_copy_make(name)); /* they are bounded */
    for (int i = 0; i < COPIES_MAX; i++) cached_copy_drop(all[i]);
    cached_copy_drop(cached_copy_make(name));
    arena_done(&a);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    trial_directory();
    clock_set(1000); /* no time passes: turns end by their bytes */
    Suite *suite = suite_create("coders");
    TCase *tests = tcase_create("coders");
    tcase_add_loop_test(tests, codes_whole_bodies, 0, COUNT(wholes));
    tcase_add_loop_test(tests, takes_its_parameters, 0, COUNT(tunings));
    tcase_add_loop_test(tests, filters, 0, COUNT(streams));
    tcase_add_loop_test(tests, flushes_when_it_waits, 0, COUNT(events));
    tcase_add_test(tests, cache_of_ours_alone);
    tcase_add_test(tests, a_broken_source_stays_broken);
    if (is_here(CODING_GZIP)) {
        tcase_add_test(tests, works_in_turns);
        tcase_add_test(tests, many_share_a_turn);
        tcase_add_test(tests, they_queue_up);
        tcase_add_test(tests, nobody_waits_for_the_gone);
        tcase_add_test(tests, a_source_keeps_its_length);
        tcase_add_test(tests, streams_are_bounded);
    }
    tcase_add_test(tests, dear_streams_are_fewer);
    tcase_add_loop_test(tests, streams_are_as_large_as_is_said, 0, COUNT(sizes));
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, files_are_whole_or_not_there);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
