/* filter.c - a source that compresses what another one gives */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/deflate/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "server/module.h"

enum { PIECE_BYTES = 32 * 1024 };

struct filter {
    struct source source;
    struct source *inner;
    struct request *r;
    const struct coder *coder;
    void *state;               /* the coder's */
    struct chunks in;          /* given by `inner`, not coded yet */
    struct cached_copy *copy;
    size_t work_bytes, worked; /* in one turn: the most, and so far */
    uint8_t step;              /* enum coder_step that is being made */
    bool is_at_end;            /* `inner` has nothing more */
    bool is_dirty;             /* the coder has bytes that a flush would bring out */
    bool may_flush;
};

static unsigned filters_kib; /* of all in this worker */

/* ---- input ------------------------------------------------------------------------------------ */

/* The beginning of what is to be coded: in place, or read into room. False if a file cannot be read. */
static bool next_piece(const struct chunks *in, char *room, struct span *piece) {
    const struct chunk *c = chunks_at(in, 0);
    size_t n = c->left < PIECE_BYTES ? (size_t)c->left : PIECE_BYTES;
    if (c->kind != CHUNK_FILE) {
        *piece = (struct span){chunk_bytes(c), n};
        return true;
    }
    ssize_t got;
    do got = pread(c->is.file->fd, room, n, (off_t)c->at);
    while (got < 0 && errno == EINTR);
    *piece = (struct span){room, got > 0 ? (size_t)got : 0};
    return got > 0; /* 0: the file is shorter than it was */
}

/* What to do next while nothing is left to be coded: SOURCE_MORE, f->in or f->step tell; else what to say. */
static enum source_result ask_inner(struct filter *f, uint64_t room) {
    enum source_result result = f->is_at_end ? SOURCE_END : f->inner->pull(f->inner, &f->in, room);
    if (result == SOURCE_BROKEN) return result;
    f->is_at_end |= result == SOURCE_END;
    if (f->in.count || result == SOURCE_MORE) return SOURCE_MORE;
    if (result == SOURCE_WAIT && !(f->is_dirty && f->may_flush)) return SOURCE_WAIT;
    f->step = f->is_at_end ? CODER_FINISH : CODER_FLUSH;
    return SOURCE_MORE;
}

/* ---- output ----------------------------------------------------------------------------------- */

/* One call of the coder: SOURCE_MORE, go on; SOURCE_END, all is out; SOURCE_BROKEN. */
static enum source_result code(struct filter *f, char *out, size_t room, size_t *made) {
    static char bytes[PIECE_BYTES];
    struct span piece = SPAN("");
    *made = 0;
    if (f->step == CODER_RUN && !next_piece(&f->in, bytes, &piece)) return SOURCE_BROKEN;
    size_t n = piece.n;
    enum coder_word word = f->coder->step(f->state, (enum coder_step)f->step, &piece, out, room, made);
    if (word == CODER_BROKEN) return SOURCE_BROKEN;
    f->worked += n - piece.n;
    if (n > piece.n) chunks_sent(&f->in, n - piece.n);
    if (f->step == CODER_RUN) {
        f->is_dirty = true;
        return SOURCE_MORE;
    }
    if (word == CODER_MORE) return SOURCE_MORE;
    if (f->step == CODER_FINISH) return SOURCE_END;
    f->step = CODER_RUN;
    f->is_dirty = false;
    return SOURCE_MORE;
}

/* Other connections want their turn, too. */
static bool is_over_for_now(struct filter *f) {
    if (f->worked < f->work_bytes) return false;
    f->worked = 0;
    request_wake(f->r);
    return true;
}

static enum source_result pull(struct source *s, struct chunks *out, uint64_t room) {
    static char bytes[PIECE_BYTES];
    struct filter *f = (struct filter *)s;
    size_t n = 0, made, max = room < PIECE_BYTES ? (size_t)room : PIECE_BYTES;
    enum source_result result = SOURCE_MORE;
    if (max < CODER_ROOM_BYTES) max = CODER_ROOM_BYTES;
    while (result == SOURCE_MORE && (n == 0 || max - n >= CODER_ROOM_BYTES)) {
        if (is_over_for_now(f)) {
            result = SOURCE_WAIT;
            break;
        }
        if (f->step == CODER_RUN && f->in.count == 0) result = ask_inner(f, PIECE_BYTES);
        if (result != SOURCE_MORE || (f->step == CODER_RUN && f->in.count == 0)) continue;
        result = code(f, bytes + n, max - n, &made);
        n += made;
    }
    chunks_add_copy(out, (struct span){bytes, n});
    if (f->copy && n) cached_copy_add(f->copy, (struct span){bytes, n});
    if (result == SOURCE_END && f->copy) {
        cached_copy_finish(f->copy);
        f->copy = NULL;
    }
    return result;
}

/* ---- life ------------------------------------------------------------------------------------- */

static void drop(struct source *s) {
    struct filter *f = (struct filter *)s;
    filters_kib -= f->coder->stream_kib;
    cached_copy_drop(f->copy);
    f->coder->end(f->state);
    f->inner->drop(f->inner);
    chunks_clear(&f->in);
    free(f);
}

struct source *filter_make(struct request *r, struct source *inner, const struct coder *coder,
                           const struct tuning *t, size_t work_bytes, struct cached_copy *copy) {
    bool has_room = coder && filters_kib + coder->stream_kib <= FILTERS_MAX_KIB;
    void *state = has_room ? coder->begin(t) : NULL;
    if (!state) return NULL;
    struct filter *f = memory_zeroed(1, sizeof *f);
    f->source = (struct source){pull, drop, -1};
    f->inner = inner;
    f->r = r;
    f->coder = coder;
    f->state = state;
    f->copy = copy;
    f->work_bytes = work_bytes;
    f->may_flush = t->sync_flush != 0;
    filters_kib += coder->stream_kib;
    return &f->source;
}

/* ---- chunks as a source ----------------------------------------------------------------------- */

struct chunks_source {
    struct source source;
    struct chunks body;
};

static enum source_result pull_chunks(struct source *s, struct chunks *out, uint64_t room) {
    (void)room; /* files and blobs are counted: it is no more memory */
    chunks_move(out, &((struct chunks_source *)s)->body);
    return SOURCE_END;
}

static void drop_chunks(struct source *s) {
    chunks_clear(&((struct chunks_source *)s)->body);
    free(s);
}

struct source *chunks_source(struct chunks *body) {
    struct chunks_source *s = memory_zeroed(1, sizeof *s);
    s->source = (struct source){pull_chunks, drop_chunks, (int64_t)body->bytes};
    chunks_move(&s->body, body);
    return &s->source;
}
