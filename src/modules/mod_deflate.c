/* mod_deflate.c - compresses responses for clients that can decode them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/date.h"
#include "http/fresh.h"
#include "http/reply.h"
#include "modules/deflate/filter.h"
#include "modules/deflate/load.h"
#include "modules/deflate/options.h"
#include "server/module.h"

/*
 * A body that is there and small is compressed at once, and kept with its reply (http/replies.h). A larger one, and
 * what comes from a source, goes through a filter, a few milliseconds at a time; so does a small one if this turn of
 * the loop has had its part of compressing, and then it is not kept. With deflate.cache-dir compressed
 * files become files.
 *
 * Ranges: what is coded here is another representation than the file, and need not come out the same twice, so its
 * entity tag is weak and it has no ranges (RFC 9110 14.3, 8.8.3.3): a client that asks for a range gets the whole.
 * A range of the plain file would be right by the letter, but a client that has the beginning of the coded one could
 * put both together.
 */
enum {
    WHOLE_MAX_BYTES = 256 * 1024, /* a few milliseconds of work at the default levels */
    TURN_MAX_BYTES = 64 * 1024,   /* of a stream in one turn of the loop */
    LOAD_SECONDS = 5,             /* how long a load average is believed */
    COMPLAIN_SECONDS = 60         /* between two lines in the log about a cache-dir that does not work */
};

struct settings {
    const struct value *types;
    const uint32_t *codings; /* as coding_offer() makes them; NULL: all */
    uint32_t max_kib, min_bytes, level, output_kib, work_kib;
    const double *max_load;
    struct span cache_dir;
    const struct tuning *params;
};

static const struct settings defaults = {NULL, NULL, 128 * 1024, 256, 0, 0, 2048, NULL, {NULL, 0}, NULL};

#define ROW(name, type, field, help) \
    { name, type, SCOPE_ANY, offsetof(struct settings, field), help, NULL, NULL, 0, NULL }
#define MADE(name, type, field, compile, help) \
    { name, type, SCOPE_ANY, offsetof(struct settings, field), help, compile, free, 0, NULL }
#define OLD(name, type, field, compile, discard, instead) \
    { name, type, SCOPE_ANY, offsetof(struct settings, field), "Old spelling of " instead ".", compile, discard, \
      DIRECTIVE_DEPRECATED, instead }

static const struct directive directives[] = {
    {"deflate.mimetypes", DIRECTIVE_LIST, SCOPE_ANY, offsetof(struct settings, types),
     "Beginnings of the media types that are compressed; without it nothing is.", options_types, NULL, 0, NULL},
    MADE("deflate.allowed-encodings", DIRECTIVE_LIST, codings, options_codings,
         "The codings to choose from, the preferred first: zstd, br, gzip, deflate."),
    ROW("deflate.max-compress-size", DIRECTIVE_INT, max_kib,
        "Larger bodies are not compressed, in KiB; 0: no limit."),
    ROW("deflate.min-compress-size", DIRECTIVE_SHORT, min_bytes, "Smaller bodies are not compressed, in bytes."),
    ROW("deflate.compression-level", DIRECTIVE_SHORT, level, "1 (quick) to 9 (small); 0: each coder's own choice."),
    {"deflate.output-buffer-size", DIRECTIVE_SHORT, SCOPE_ANY, offsetof(struct settings, output_kib),
     "The size of a buffer.", NULL, NULL, DIRECTIVE_IGNORED, "buffers are as large as they need to be"},
    ROW("deflate.work-block-size", DIRECTIVE_SHORT, work_kib,
        "How much of a stream is compressed before other connections have their turn, in KiB; at most 64."),
    MADE("deflate.max-loadavg", DIRECTIVE_STRING, max_load, options_load,
         "Nothing is compressed while the load average is above; \"0.0\": always."),
    {"deflate.cache-dir", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, cache_dir),
     "The directory that keeps compressed files.", NULL, NULL, DIRECTIVE_KEEPS, NULL},
    MADE("deflate.params", DIRECTIVE_TABLE, params, options_tuning, "Parameters of the coders, by name."),
    OLD("compress.filetype", DIRECTIVE_LIST, types, options_types, NULL, "deflate.mimetypes"),
    OLD("compress.allowed-encodings", DIRECTIVE_LIST, codings, options_codings, free,
        "deflate.allowed-encodings"),
    {"compress.cache-dir", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, cache_dir),
     "Old spelling of deflate.cache-dir.", NULL, NULL, DIRECTIVE_DEPRECATED | DIRECTIVE_KEEPS, "deflate.cache-dir"},
    OLD("compress.max-filesize", DIRECTIVE_INT, max_kib, NULL, NULL, "deflate.max-compress-size"),
    OLD("compress.max-loadavg", DIRECTIVE_STRING, max_load, options_load, free, "deflate.max-loadavg"),
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->types && s->types->count;
}

/* ---- what is compressed ----------------------------------------------------------------------- */

static bool has_type(struct span type, const struct value *types) {
    for (size_t i = 0; type.n && i < types->count; i++) {
        struct span prefix = types->elements[i].value.string;
        if (span_ends(prefix, SPAN("*"))) prefix.n--;
        if (span_starts_ci(type, prefix)) return true;
    }
    return false;
}

static bool has_size(const struct request *r, const struct settings *s) {
    int64_t n = r->source ? r->source->length : (int64_t)r->body.bytes;
    if (r->is_tunnel) return false;
    if (n < 0) return true; /* only its end will tell */
    return n > 0 && n >= (int64_t)s->min_bytes && (s->max_kib == 0 || n <= (int64_t)s->max_kib * 1024);
}

/* What has no content, or is a part of one (RFC 9110 15). */
static bool has_status(int status) {
    return status >= 200 && status != 204 && status != 205 && status != 206 && status != 304;
}

static bool is_for_us(struct request *r, const struct settings *s) {
    if (!has_status(r->status) || fields_have(&r->out, HEADER_CONTENT_ENCODING) ||
        fields_have(&r->out, HEADER_CONTENT_RANGE) || !has_size(r, s))
        return false;
    if (!has_type(fields_get(&r->out, &r->arena, HEADER_CONTENT_TYPE), s->types)) return false;
    return !list_has_token(fields_get(&r->out, &r->arena, HEADER_CACHE_CONTROL), SPAN("no-transform"));
}

static bool is_stream(const struct request *r) {
    return r->source || r->body.bytes > WHOLE_MAX_BYTES;
}

static uint32_t offer(const struct request *r, const struct settings *s) {
    uint32_t offered = s->codings ? *s->codings : options_all_codings(), streams = 0;
    enum coding next;
    if (!is_stream(r)) return offered;
    while (coding_next(&offered, &next))
        if (coder_for_stream(next)) streams = coding_offer(streams, next);
    return streams;
}

static bool is_busy(const struct settings *s) {
    static int64_t looked_s = INT64_MIN;
    static double load;
    if (!s->max_load || *s->max_load <= 0) return false;
    if (looked_s > clock_now_s() || looked_s < clock_now_s() - LOAD_SECONDS) {
        load = load_average();
        looked_s = clock_now_s();
    }
    return load > *s->max_load;
}

/* ---- what comes of it ------------------------------------------------------------------------- */

static void say_coded(struct request *r, enum coding coding) {
    struct span etag = fields_get(&r->out, &r->arena, HEADER_ETAG);
    fields_set(&r->out, &r->arena, HEADER_CONTENT_ENCODING, coding_name(coding));
    if (etag.n) fields_set(&r->out, &r->arena, HEADER_ETAG, coding_etag(etag, coding, true, &r->arena));
    if (fields_have(&r->out, HEADER_ACCEPT_RANGES))
        fields_set(&r->out, &r->arena, HEADER_ACCEPT_RANGES, SPAN("none"));
    r->no_range = true;
}

/* The file that is the whole body, or NULL. */
static struct file *body_file(const struct request *r) {
    const struct chunk *only = r->body.count == 1 ? chunks_at(&r->body, 0) : NULL;
    bool whole = only && only->kind == CHUNK_FILE && only->at == 0 && only->left == only->is.file->state.size;
    return whole ? only->is.file : NULL;
}

/* The kept reply is to be looked at again as that of the plain file would be. */
static void remember_file(struct request *r, const struct file *f) {
    if (!f || r->made_from) return;
    struct file_state *state = arena_get(&r->arena, sizeof *state);
    *state = f->state;
    r->made_from = state;
}

/* ---- deflate.cache-dir ------------------------------------------------------------------------ */

static void complain_cache(const struct request *r, struct span name) {
    static int64_t said_s;
    int error = errno;
    if (error == EBUSY || (said_s && clock_now_s() - said_s < COMPLAIN_SECONDS)) return;
    said_s = clock_now_s();
    request_say(r, LOG_IS_ERROR, "deflate.cache-dir: %.*s: %s", SPAN_ARG(name), strerror(error));
}

/* Where the compressed file lies or would lie; empty: it is not to be kept so. Error pages would be kept under names
 * that clients think of. */
static struct span kept_name(struct request *r, const struct settings *s, enum coding coding) {
    const struct file *f = body_file(r);
    bool is_page = r->status != 200 || r->error_status || r->physical.path.n == 0;
    if (!s->cache_dir.n || !f || is_page) return (struct span){NULL, 0};
    if (!request_is_rehearsed(r) && !cached_directory_is_ours(s->cache_dir.p)) {
        errno = EPERM;
        complain_cache(r, s->cache_dir);
        return (struct span){NULL, 0};
    }
    return cached_name(&r->arena, s->cache_dir, r->physical.path, coding, &f->state);
}

static bool use_kept(struct request *r, struct span name, enum coding coding) {
    struct file *f = name.n ? file_open(name.p) : NULL;
    if (!f || f->state.size == 0) { /* empty: what a crash of the machine may leave of one; it is made again */
        file_drop(f);
        return false;
    }
    remember_file(r, body_file(r));
    chunks_clear(&r->body);
    chunks_add_file(&r->body, f, 0, f->state.size);
    file_drop(f);
    say_coded(r, coding);
    return true;
}

static void keep_whole(const struct request *r, struct span name, struct span bytes) {
    if (request_is_rehearsed(r)) return;
    struct cached_copy *copy = cached_copy_make(name);
    if (copy) cached_copy_add(copy, bytes);
    if (!copy || cached_copy_finish(copy) != 0) complain_cache(r, name);
}

/* ---- bodies that are there -------------------------------------------------------------------- */

static void code_whole(struct request *r, const struct tuning *t, enum coding coding, struct span kept) {
    struct blob *plain = body_join(&r->body);
    uint64_t began = clock_monotonic_ns();
    struct blob *coded = plain ? coder_code(coding, t, blob_span(plain)) : NULL;
    filters_worked(clock_monotonic_ns() - began);
    blob_drop(plain);
    remember_file(r, body_file(r));
    if (!coded) return; /* it would not be smaller */
    chunks_clear(&r->body);
    chunks_add_blob(&r->body, coded, 0, coded->n);
    if (kept.n) keep_whole(r, kept, blob_span(coded));
    blob_drop(coded);
    say_coded(r, coding);
}

/* ---- streams ---------------------------------------------------------------------------------- */

/* A stream is no reply, on which the server looks at preconditions; and whoever made it may have compared them with
 * the plain entity tag. True: the client has it already, or wants it on a condition that does not hold. */
static bool is_answered(struct request *r) {
    struct validators v = {fields_get(&r->out, &r->arena, HEADER_ETAG), -1};
    struct span modified = fields_get(&r->out, &r->arena, HEADER_LAST_MODIFIED);
    if (r->status != 200 || (r->in.method != METHOD_GET && r->in.method != METHOD_HEAD)) return false;
    if (modified.n) date_parse(modified, clock_now_s(), &v.last_modified);
    int status = fresh_check(&r->in.fields, true, &v, clock_now_s());
    if (status == 0) return false;
    static const enum header of_content[] = {HEADER_CONTENT_ENCODING, HEADER_CONTENT_TYPE, HEADER_ACCEPT_RANGES};
    for (size_t i = 0; i < sizeof of_content / sizeof *of_content; i++) fields_remove(&r->out, of_content[i]);
    r->status = status;
    chunks_clear(&r->body);
    if (r->source) r->source->drop(r->source);
    r->source = NULL;
    request_lasts(r, LASTS_NOT);
    return true;
}

static void code_stream(struct request *r, const struct settings *s, const struct tuning *t, enum coding coding,
                        struct span kept) {
    uint32_t work = s->work_kib && s->work_kib < TURN_MAX_BYTES / 1024 ? s->work_kib * 1024 : TURN_MAX_BYTES;
    bool is_kept = kept.n && r->in.method == METHOD_GET && !request_is_rehearsed(r);
    struct cached_copy *copy = is_kept ? cached_copy_make(kept) : NULL;
    if (is_kept && !copy) complain_cache(r, kept);
    struct source *inner = r->source ? r->source : chunks_source(&r->body);
    struct source *filter = filter_make(r, inner, coder_for_stream(coding), t, work, copy);
    if (filter) {
        r->source = filter;
        say_coded(r, coding);
        is_answered(r);
        return;
    }
    cached_copy_drop(copy);
    request_lasts(r, LASTS_NOT); /* another time there may be room */
    if (r->source) return;
    inner->pull(inner, &r->body, UINT64_MAX);
    inner->drop(inner);
}

/* ---- the hook --------------------------------------------------------------------------------- */

static enum handler compress(struct request *r, const void *settings) {
    const struct settings *s = settings;
    uint32_t offered = is_for_us(r, s) ? offer(r, s) : 0;
    if (!offered) return HANDLER_GO_ON;
    enum coding coding = coding_choose(coding_accepts(&r->in.fields), offered);
    if (!choices_add(&r->choices, offered, coding)) request_lasts(r, LASTS_NOT);
    coding_vary(&r->out, &r->arena);
    if (coding == CODING_IDENTITY) return HANDLER_GO_ON;
    struct span kept = kept_name(r, s, coding);
    if (use_kept(r, kept, coding)) return HANDLER_GO_ON;
    if (is_busy(s)) {
        request_lasts(r, LASTS_NOT);
        return HANDLER_GO_ON;
    }
    struct tuning t = options_merge(s->params, s->level);
    if (is_stream(r) || !filters_have_time()) code_stream(r, s, &t, coding, kept);
    else code_whole(r, &t, coding, kept);
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_RESPONSE_START, compress, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_deflate = {MODULE_ABI, "mod_deflate", directives, hooks, sizeof(struct settings),
                                   &defaults,  is_active, NULL};
