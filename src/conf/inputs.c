/* inputs.c - everything that a configuration reads from outside, read once and kept */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "conf/braces.h"
#include "conf/command.h"
#include "conf/index.h"

enum { MOST_BYTES = 32 * 1024 * 1024, READ_BYTES = 65536, SECRET_BYTES = 32 };

struct answer {
    enum input_kind kind;
    bool ok;              /* else `text` says why not */
    struct span question; /* both with a NUL behind them */
    struct span text;
};

struct inputs {
    bool asks; /* the system, when there is no answer yet */
    struct arena arena;
    struct answer *answers;
    size_t count, cap;
    struct index index;
};

static struct inputs *inputs_make(bool asks) {
    struct inputs *in = memory_zeroed(1, sizeof *in);
    in->asks = asks;
    return in;
}

struct inputs *inputs_record(void) {
    return inputs_make(true);
}

struct inputs *inputs_none(void) {
    return inputs_make(false);
}

void inputs_drop(struct inputs *in) {
    if (!in) return;
    arena_done(&in->arena);
    free(in);
}

static struct answer *keep(struct inputs *in, enum input_kind kind, struct span question, bool ok,
                           struct span text) {
    in->answers = arena_grow(&in->arena, in->answers, &in->cap, in->count, sizeof *in->answers);
    struct answer *a = &in->answers[in->count];
    *a = (struct answer){kind, ok, arena_copy(&in->arena, question), arena_copy(&in->arena, text)};
    index_put(&in->index, &in->arena, kind, a->question, in->count++);
    return a;
}

void inputs_put(struct inputs *in, enum input_kind kind, const char *question, struct span answer) {
    size_t at;
    if (!index_get(&in->index, kind, span_of(question), &at))
        keep(in, kind, span_of(question), true, answer);
    else
        in->answers[at] =
            (struct answer){kind, true, in->answers[at].question, arena_copy(&in->arena, answer)};
}

/* asker - asks the system; it adds the answer to `out` or says why there is none */
typedef bool asker(struct span what, struct buf *out, struct buf *why);

static struct answer *answer_to(struct inputs *in, enum input_kind kind, struct span what,
                                asker *ask) {
    size_t at;
    struct buf out = {NULL, 0, 0}, why = {NULL, 0, 0};
    if (index_get(&in->index, kind, what, &at)) return &in->answers[at];
    if (!in->asks) return keep(in, kind, what, false, SPAN("it is not part of what was recorded"));
    bool ok = ask(what, &out, &why);
    struct answer *a = keep(in, kind, what, ok, buf_span(ok ? &out : &why));
    buf_done(&out);
    buf_done(&why);
    return a;
}

/* For the functions that have a *why. */
static bool tell(const struct answer *a, struct span *text, struct span *why) {
    *(a->ok ? text : why) = a->text;
    *(a->ok ? why : text) = SPAN("");
    return a->ok;
}

static bool read_all(int fd, struct buf *out, struct buf *why) {
    for (;;) {
        ssize_t n = read(fd, buf_room(out, READ_BYTES), READ_BYTES);
        if (n == 0) return true;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        out->n += (size_t)n;
        if (out->n > MOST_BYTES) {
            buf_add_text(why, "it is larger than 32 MiB");
            return false;
        }
    }
    buf_add_text(why, strerror(errno));
    return false;
}

static bool ask_file(struct span what, struct buf *out, struct buf *why) {
    if (span_is(what, SPAN("-"))) return read_all(STDIN_FILENO, out, why);
    int fd = open(what.p, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        buf_add_text(why, strerror(errno));
        return false;
    }
    bool ok = read_all(fd, out, why);
    close(fd);
    return ok;
}

bool inputs_file(struct inputs *in, const char *path, struct span *text, struct span *why) {
    return tell(answer_to(in, INPUT_FILE, span_of(path), ask_file), text, why);
}

static bool same_answer(const struct answer *a, const struct answer *b) {
    return a->ok == b->ok && span_is(a->text, b->text);
}

/* In the place of the answer that was there. True if it is another one. */
static bool ask_anew(struct inputs *in, const char *path) {
    struct buf out = {NULL, 0, 0}, why = {NULL, 0, 0};
    size_t at;
    if (!index_get(&in->index, INPUT_FILE, span_of(path), &at)) return false;
    struct answer *a = &in->answers[at], before = *a;
    a->ok = ask_file(a->question, &out, &why);
    a->text = arena_copy(&in->arena, buf_span(a->ok ? &out : &why));
    buf_done(&out);
    buf_done(&why);
    return !same_answer(a, &before);
}

struct inputs *inputs_refresh(const struct inputs *old, const char *const *paths, size_t count) {
    struct inputs *in = inputs_make(old->asks);
    bool changed = false;
    for (size_t i = 0; i < old->count; i++) {
        const struct answer *a = &old->answers[i];
        keep(in, a->kind, a->question, a->ok, a->text);
    }
    for (size_t i = 0; i < count; i++) changed |= ask_anew(in, paths[i]);
    if (changed) return in;
    inputs_drop(in);
    return NULL;
}

static bool glob_one(const char *pattern, struct buf *out, struct buf *why) {
    glob_t found;
    int rc = glob(pattern, 0, NULL, &found);
    if (rc == GLOB_NOMATCH) return true;
    if (rc != 0) {
        buf_add_text(why, rc == GLOB_NOSPACE ? "out of memory" : strerror(errno));
        return false;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        buf_add_text(out, found.gl_pathv[i]);
        buf_add_char(out, '\0');
    }
    globfree(&found);
    return true;
}

static bool ask_glob(struct span what, struct buf *out, struct buf *why) {
    struct buf patterns = {NULL, 0, 0};
    bool ok = braces_expand(what, &patterns);
    if (!ok) buf_add_text(why, "the braces stand for more than 1024 patterns");
    for (size_t at = 0; ok && at < patterns.n; at += strlen(patterns.p + at) + 1)
        ok = glob_one(patterns.p + at, out, why);
    buf_done(&patterns);
    return ok;
}

bool inputs_glob(struct inputs *in, const char *pattern, struct span *names, struct span *why) {
    return tell(answer_to(in, INPUT_GLOB, span_of(pattern), ask_glob), names, why);
}

/* The question is the command, a NUL, the directory: so inputs_put() answers for a command in the
 * current one. */
static bool ask_shell(struct span what, struct buf *out, struct buf *why) {
    const char *dir = strlen(what.p) < what.n ? what.p + strlen(what.p) + 1 : "";
    return command_run(dir, what.p, MOST_BYTES, out, why);
}

bool inputs_shell(struct inputs *in, const char *dir, const char *command, struct span *output,
                  struct span *why) {
    struct buf what = {NULL, 0, 0};
    buf_add_text(&what, command);
    if (dir[0]) buf_add_char(&what, '\0');
    buf_add_text(&what, dir);
    const char *terminated = buf_text(&what);
    const struct answer *a =
        answer_to(in, INPUT_SHELL, (struct span){terminated, what.n}, ask_shell);
    buf_done(&what);
    return tell(a, output, why);
}

static bool ask_env(struct span what, struct buf *out, struct buf *why) {
    const char *text = getenv(what.p);
    buf_add_text(text ? out : why, text ? text : "not set");
    return text != NULL;
}

bool inputs_env(struct inputs *in, const char *name, struct span *value) {
    struct span why;
    return tell(answer_to(in, INPUT_ENV, span_of(name), ask_env), value, &why);
}

static bool ask_cwd(struct span what, struct buf *out, struct buf *why) {
    (void)what;
    for (size_t size = 256; size <= MOST_BYTES; size *= 2) {
        if (getcwd(buf_room(out, size), size)) {
            out->n = strlen(out->p);
            return true;
        }
        if (errno != ERANGE) break;
    }
    buf_add_text(why, strerror(errno));
    return false;
}

struct span inputs_cwd(struct inputs *in) {
    const struct answer *a = answer_to(in, INPUT_CWD, SPAN(""), ask_cwd);
    return a->ok ? a->text : SPAN("");
}

static bool ask_pid(struct span what, struct buf *out, struct buf *why) {
    (void)what;
    (void)why;
    buf_add_number(out, (uint64_t)getpid());
    return true;
}

int inputs_pid(struct inputs *in) {
    const struct answer *a = answer_to(in, INPUT_PID, SPAN(""), ask_pid);
    long pid = a->ok ? strtol(a->text.p, NULL, 10) : 0;
    return pid >= 0 && pid <= INT_MAX ? (int)pid : 0;
}

/* Made once in a process; who replays a recording takes what the recorder had. */
static bool ask_secret(struct span what, struct buf *out, struct buf *why) {
    static unsigned char secret[SECRET_BYTES];
    static bool made;
    (void)what;
    (void)why;
    if (!made) random_bytes(secret, sizeof secret);
    made = true;
    for (size_t i = 0; i < sizeof secret; i++) buf_printf(out, "%02x", secret[i]);
    return true;
}

struct span inputs_secret(struct inputs *in) {
    const struct answer *a = answer_to(in, INPUT_SECRET, SPAN(""), ask_secret);
    return a->ok ? a->text : SPAN("");
}

/*
 * A recording:
 *   "gcinput1"  number of answers  { kind+ok  question length  its bytes  text length  its bytes }
 * sum Numbers are 4 bytes, little-endian; the sum is 8 bytes, over all before it.
 */
enum { MAGIC_BYTES = 8, NUMBER_BYTES = 4, SUM_BYTES = 8, OK_BIT = 0x100 };

static const char magic[MAGIC_BYTES + 1] = "gcinput1";

/* FNV-1a: each step is a bijection, so no single damaged byte goes unseen. */
static uint64_t sum_of(struct span bytes) {
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < bytes.n; i++) sum = (sum ^ (unsigned char)bytes.p[i]) * 1099511628211u;
    return sum;
}

static void put_number(struct buf *out, uint64_t number, int bytes) {
    for (int i = 0; i < bytes; i++) buf_add_char(out, (char)(unsigned char)(number >> (8 * i)));
}

static void put_text(struct buf *out, struct span text) {
    put_number(out, text.n, NUMBER_BYTES);
    buf_add(out, text);
}

void inputs_save(const struct inputs *in, struct buf *out) {
    size_t start = out->n;
    buf_add(out, (struct span){magic, MAGIC_BYTES});
    put_number(out, in->count, NUMBER_BYTES);
    for (size_t i = 0; i < in->count; i++) {
        const struct answer *a = &in->answers[i];
        put_number(out, (unsigned)a->kind | (a->ok ? OK_BIT : 0u), NUMBER_BYTES);
        put_text(out, a->question);
        put_text(out, a->text);
    }
    put_number(out, sum_of(span_from(buf_span(out), start)), SUM_BYTES);
}

static uint64_t get_number(struct span *from, int bytes) {
    uint64_t number = 0;
    for (int i = 0; i < bytes; i++) number |= (uint64_t)(unsigned char)from->p[i] << (8 * i);
    *from = span_from(*from, (size_t)bytes);
    return number;
}

static bool get_text(struct span *from, struct span *text) {
    if (from->n < NUMBER_BYTES) return false;
    size_t n = (size_t)get_number(from, NUMBER_BYTES);
    if (n > from->n) return false;
    *text = span_upto(*from, n);
    *from = span_from(*from, n);
    return true;
}

static bool load_answer(struct inputs *in, struct span *from) {
    struct span question, text;
    size_t at;
    if (from->n < NUMBER_BYTES) return false;
    unsigned word = (unsigned)get_number(from, NUMBER_BYTES), kind = word & ~(unsigned)OK_BIT;
    if (kind < INPUT_FILE || kind > INPUT_SECRET) return false;
    if (!get_text(from, &question) || !get_text(from, &text)) return false;
    if (index_get(&in->index, kind, question, &at)) return false;
    keep(in, (enum input_kind)kind, question, (word & OK_BIT) != 0, text);
    return true;
}

static bool load(struct inputs *in, struct span from) {
    if (from.n < MAGIC_BYTES + NUMBER_BYTES + SUM_BYTES ||
        !span_starts(from, (struct span){magic, MAGIC_BYTES}))
        return false;
    struct span sum = span_from(from, from.n - SUM_BYTES);
    from.n -= SUM_BYTES;
    if (get_number(&sum, SUM_BYTES) != sum_of(from)) return false;
    from = span_from(from, MAGIC_BYTES);
    for (size_t left = (size_t)get_number(&from, NUMBER_BYTES); left > 0; left--)
        if (!load_answer(in, &from)) return false;
    return from.n == 0;
}

struct inputs *inputs_replay(struct span recording) {
    struct inputs *in = inputs_make(false);
    if (load(in, recording)) return in;
    inputs_drop(in);
    return NULL;
}
