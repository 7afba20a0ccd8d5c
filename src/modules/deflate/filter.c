/* filter.c - a source that compresses what another one gives */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/deflate/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"
#include "server/module.h"

/*
 * All filters of a worker share its time: in a turn of the loop they code no more than one alone would, each its
 * part, and when that has taken TURN_NS (a coder may save up its work) the others queue up for the next turns. Who
 * waits wakes itself in each turn, and works when it is the first; then it queues up behind the others.
 */
enum { PIECE_BYTES = 32 * 1024, LEAST_BYTES = 8 * 1024, TURN_NS = 5 * 1000 * 1000, CONN_SHARE = 4 };

struct filter {
    struct source source;
    struct source *inner;
    struct request *r;
    struct list link, waiting; /* of all filters; of those that wait for their turn */
    const struct coder *coder;
    void *state;               /* the coder's */
    struct chunks in;          /* given by `inner`, not coded yet */
    struct cached_copy *copy;
    int64_t given;             /* by `inner`, so far */
    size_t work_bytes, worked; /* in one turn: the most of all filters, and of this one so far */
    uint32_t turn;             /* in which that was worked */
    uint32_t asked;            /* the turn in which it was last told to wait */
    unsigned kib;              /* that its coder takes */
    uint8_t step;              /* enum coder_step that is being made */
    bool is_at_end;            /* `inner` has nothing more */
    bool is_dirty;             /* the coder has bytes that a flush would bring out */
    bool may_flush;
};

static struct list all = {&all, &all}, waiting = {&waiting, &waiting};
static unsigned filters, filters_kib; /* of all in this worker */
static uint64_t busy_ns;              /* of all, in busy_turn */
static uint32_t busy_turn;

/* ---- input ------------------------------------------------------------------------------------ */

/* The beginning of what is to be coded: in place, or read into room. False if a file cannot be read. */
static bool next_piece(const struct chunks *in, size_t most, char *room, struct span *piece) {
    const struct chunk *c = chunks_at(in, 0);
    size_t n = most < PIECE_BYTES ? most : PIECE_BYTES;
    if (c->left < n) n = (size_t)c->left;
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

/* A body that is not as long as its source announced must not look whole because of its coding. */
static bool keeps_length(const struct filter *f, bool is_end) {
    int64_t length = f->inner->length;
    return length < 0 || (is_end ? f->given == length : f->given <= length);
}

/* What to do next while nothing is left to be coded: SOURCE_MORE, f->in or f->step tell; else what to say. */
static enum source_result ask_inner(struct filter *f, uint64_t room) {
    enum source_result result = f->is_at_end ? SOURCE_END : f->inner->pull(f->inner, &f->in, room);
    f->given += (int64_t)f->in.bytes; /* nothing was left there before */
    if (result == SOURCE_BROKEN || !keeps_length(f, result == SOURCE_END)) return SOURCE_BROKEN;
    f->is_at_end |= result == SOURCE_END;
    if (f->in.count || result == SOURCE_MORE) return SOURCE_MORE;
    if (result == SOURCE_WAIT && !(f->is_dirty && f->may_flush)) return SOURCE_WAIT;
    f->step = f->is_at_end ? CODER_FINISH : CODER_FLUSH;
    return SOURCE_MORE;
}

/* ---- turns ------------------------------------------------------------------------------------ */

/* What it may still code in this turn. */
static size_t share_left(struct filter *f) {
    size_t share = f->work_bytes / filters;
    if (share < LEAST_BYTES) share = LEAST_BYTES;
    if (f->turn != clock_turn()) f->worked = 0;
    f->turn = clock_turn();
    return f->worked < share ? share - f->worked : 0;
}

bool filters_have_time(void) {
    if (busy_turn != clock_turn()) busy_ns = 0;
    busy_turn = clock_turn();
    return busy_ns < TURN_NS;
}

void filters_worked(uint64_t ns) {
    filters_have_time(); /* which turn it is */
    busy_ns += ns;
}

/* The first to wait, if it has asked in this turn or the last one: nobody waits for one who is not asked any more. */
static struct filter *first_waiting(void) {
    while (!list_is_empty(&waiting)) {
        struct filter *f = CONTAINER(waiting.next, struct filter, waiting);
        if (clock_turn() - f->asked <= 1) return f;
        list_remove(&f->waiting);
    }
    return NULL;
}

static bool is_put_off(struct filter *f) {
    const struct filter *first = first_waiting();
    if (filters_have_time() && (!first || first == f)) {
        list_remove(&f->waiting);
        return false;
    }
    f->asked = clock_turn();
    if (list_is_empty(&f->waiting)) list_add_last(&waiting, &f->waiting);
    return true;
}

/* ---- output ----------------------------------------------------------------------------------- */

/* One call of the coder: SOURCE_MORE, go on; SOURCE_END, all is out; SOURCE_BROKEN. */
static enum source_result code(struct filter *f, char *out, size_t room, size_t *made) {
    static char bytes[PIECE_BYTES];
    struct span piece = SPAN("");
    *made = 0;
    if (f->step == CODER_RUN && !next_piece(&f->in, share_left(f), bytes, &piece)) return SOURCE_BROKEN;
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

static enum source_result wait_for_turn(struct filter *f) {
    request_wake(f->r);
    return SOURCE_WAIT;
}

static enum source_result work(struct filter *f, struct chunks *out, uint64_t room) {
    static char bytes[PIECE_BYTES];
    size_t n = 0, made, max = room < PIECE_BYTES ? (size_t)room : PIECE_BYTES;
    enum source_result result = SOURCE_MORE;
    if (max < CODER_ROOM_BYTES) max = CODER_ROOM_BYTES;
    while (result == SOURCE_MORE && (n == 0 || max - n >= CODER_ROOM_BYTES)) {
        if (share_left(f) == 0) {
            result = wait_for_turn(f);
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

static enum source_result pull(struct source *s, struct chunks *out, uint64_t room) {
    struct filter *f = (struct filter *)s;
    if (is_put_off(f)) return wait_for_turn(f);
    uint64_t began = clock_monotonic_ns();
    enum source_result result = work(f, out, room);
    filters_worked(clock_monotonic_ns() - began);
    return result;
}

/* ---- life ------------------------------------------------------------------------------------- */

static void drop(struct source *s) {
    struct filter *f = (struct filter *)s;
    filters--;
    filters_kib -= f->kib;
    list_remove(&f->link);
    list_remove(&f->waiting);
    cached_copy_drop(f->copy);
    f->coder->end(f->state);
    f->inner->drop(f->inner);
    chunks_clear(&f->in);
    free(f);
}

/* One client that does not take what it asked for must not have all the room. */
static bool has_room(const struct request *r, unsigned kib) {
    unsigned of_conn_kib = 0; /* the first may be as large as it likes */
    for (const struct list *i = all.next; i != &all; i = i->next) {
        const struct filter *f = CONTAINER(i, struct filter, link);
        if (f->r->conn == r->conn) of_conn_kib += f->kib;
    }
    if (of_conn_kib && of_conn_kib + kib > FILTERS_MAX_KIB / CONN_SHARE) return false;
    return filters_kib + kib <= FILTERS_MAX_KIB;
}

struct source *filter_make(struct request *r, struct source *inner, const struct coder *coder,
                           const struct tuning *t, size_t work_bytes, struct cached_copy *copy) {
    unsigned kib = coder ? coder->stream_kib(t) : 0;
    void *state = coder && has_room(r, kib) ? coder->begin(t) : NULL;
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
    f->kib = kib;
    list_add_last(&all, &f->link);
    list_init(&f->waiting);
    filters++;
    filters_kib += kib;
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
