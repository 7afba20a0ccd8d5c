/* run.c - a CGI program that runs for one request: started by the helper, heard and fed over pipes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/memory.h"
#include "modules/cgi/cgi.h"
#include "modules/gateway/exchange_private.h"
#include "modules/gateway/input.h"

enum {
    SCRATCH_BYTES = 64 * 1024,
    READS_PER_TURN = 4,
    WRITES_PER_TURN = 8,
    PIECES = 8,                /* of one writev() */
    KILL_MS = 5000,            /* from its signal to SIGKILL */
    END_MS = 300,              /* how long its end may come behind that of its output */
    REST_MAX = 1024 * 1024,    /* of output behind a response that is whole */
    WAITING_MAX = 1024,        /* requests in line for a program */
    WAIT_MS = 30 * 1000,
    COMPLAIN_S = 60,           /* between two complaints that there is a line */
    ENVIRONMENT_MAX = 512 * 1024
};

/* run - freed once both pipes are closed, its exchange has let go of it, and it has ended or nobody cares any more */
struct run {
    struct list link;
    struct list turn;          /* in line, until it may start */
    struct exchange *x;        /* NULL: the request is over */
    struct child *child;       /* NULL: ended, could not be started, or forgotten */
    struct fdevents *events;
    struct fdevent to, from;   /* its standard input and output */
    struct deadline limit;     /* of waiting for it; then until it is killed */
    struct deadline last;      /* until its end must be known */
    const struct cgi_limits *limits;
    size_t rest;               /* bytes said behind the response */
    unsigned refs;
    int status;                /* as waitpid() has it */
    bool has_ended, at_eof;    /* it; its output */
};

static struct list runs = {&runs, &runs}, line = {&line, &line};
static unsigned programs, in_line; /* that run, as far as is known; requests that wait */
static char scratch[SCRATCH_BYTES];

/* ---- life ------------------------------------------------------------------------------------- */

static void let_go(struct run *c) {
    if (--c->refs) return;
    deadline_stop(&c->limit);
    deadline_stop(&c->last);
    list_remove(&c->link);
    free(c);
}

static void on_to_closed(struct fdevent *ev) {
    let_go(CONTAINER(ev, struct run, to));
}

static void on_from_closed(struct fdevent *ev) {
    let_go(CONTAINER(ev, struct run, from));
}

static void close_pipe(struct fdevent *ev) {
    if (ev->set && ev->fd >= 0) fdevent_close(ev);
}

static void forget_child(struct run *c) {
    child_forget(c->child);
    c->child = NULL;
}

static void kill_it(struct deadline *d) {
    child_signal(CONTAINER(d, struct run, limit)->child, SIGKILL);
}

static void leave_line(struct run *c) {
    if (list_is_empty(&c->turn)) return;
    list_remove(&c->turn);
    list_init(&c->turn);
    in_line--;
}

static void on_rest(struct fdevent *ev, unsigned ready) {
    struct run *c = CONTAINER(ev, struct run, from);
    ssize_t n = read(ev->fd, scratch, sizeof scratch);
    (void)ready;
    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n > 0) c->rest += (size_t)n;
    if (n <= 0 || c->rest > REST_MAX) close_pipe(ev);
}

/* Its response is whole; or its head was all that was wanted: it names a file, another place, or an error that the
 * server has a page for. */
static bool has_said_enough(const struct run *c, const struct exchange *x) {
    const struct request *r = x->pair.r;
    bool intercepted = x->pair.status >= 400 && request_core(r)->error_intercept && !r->error_status;
    if (c->at_eof || !c->child || x->pair.is_tunnel) return c->at_eof;
    if (x->step == EXCHANGE_ANSWERS && !x->collects && (!x->is_answered || intercepted)) return true;
    return cgi_is_whole(&x->pair);
}

/* The request is over. A program that has said what it had to say may go on with its work; what it says meanwhile is
 * thrown away. */
static void cgi_close(struct exchange *x, bool keep) {
    struct run *c = x->carrier;
    bool is_whole = has_said_enough(c, x);
    (void)keep;
    c->x = NULL;
    leave_line(c);
    deadline_stop(&c->limit);
    deadline_stop(&c->last);
    close_pipe(&c->to);
    c->from.run = on_rest;
    if (c->child && is_whole && !c->at_eof) fdevent_want(&c->from, FDEVENT_IN);
    else close_pipe(&c->from);
    if (c->child && !is_whole) {
        child_signal(c->child, c->limits ? c->limits->signo : SIGTERM);
        c->limit.fire = kill_it;
        deadline_in(c->events, &c->limit, KILL_MS);
    }
    let_go(c);
}

void cgi_runs_end(void) {
    struct list *next;
    for (struct list *i = runs.next; i != &runs; i = next) {
        struct run *c = CONTAINER(i, struct run, link);
        next = i->next;
        if (!c->child) continue;
        if (!c->x) close_pipe(&c->from);
        forget_child(c);
        let_go(c);
    }
    input_forget();
}

/* ---- its output ------------------------------------------------------------------------------- */

static void on_limit(struct deadline *d) {
    struct run *c = CONTAINER(d, struct run, limit);
    struct exchange *x = c->x;
    exchange_failed(x, OUTCOME_TIMED_OUT, ETIMEDOUT);
    exchange_tell(x);
}

/* What is waited for now, and how long that may take. */
static void want(struct run *c) {
    struct exchange *x = c->x;
    bool writes = x->out.count && c->to.set, reads = exchange_wants_input(x);
    uint32_t s = !c->limits ? 0 : writes ? c->limits->write_s : reads && !x->pair.is_tunnel ? c->limits->read_s : 0;
    if (c->to.set) fdevent_want(&c->to, writes ? FDEVENT_OUT : 0u);
    if (c->from.set) fdevent_want(&c->from, reads && !c->at_eof ? FDEVENT_IN : 0u);
    if (s) deadline_in(c->events, &c->limit, s * UINT64_C(1000));
    else deadline_stop(&c->limit);
}

/* The client sees that its response is cut off; the log says why. */
static void hear_end(struct exchange *x) {
    exchange_eof(x);
    if (x->step == EXCHANGE_FAILED && x->is_answered)
        request_say(x->pair.r, LOG_IS_ERROR, "cgi.assign: %.*s: %.*s", SPAN_ARG(x->pair.r->physical.path),
                    SPAN_ARG(x->pair.why));
}

static void end_is_late(struct deadline *d) {
    struct exchange *x = CONTAINER(d, struct run, last)->x;
    hear_end(x);
    exchange_tell(x);
}

/* Whether the response is whole, its end may tell, which comes by another way. */
static void output_has_ended(struct run *c) {
    struct exchange *x = c->x;
    c->at_eof = true;
    if (c->has_ended || !c->child || cgi_is_whole(&x->pair)) {
        hear_end(x);
        return;
    }
    deadline_in(c->events, &c->last, END_MS);
}

static void receive(struct run *c) {
    struct exchange *x = c->x;
    for (unsigned reads = 0; reads < READS_PER_TURN && exchange_wants_input(x); reads++) {
        struct blob *blob;
        size_t room;
        char *to = input_room(&blob, &room);
        ssize_t n = read(c->from.fd, to, room);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (n < 0) exchange_failed(x, OUTCOME_BROKEN, errno);
        if (n == 0) output_has_ended(c);
        if (n <= 0) return;
        input_used((size_t)n);
        exchange_received(x, blob, (struct span){to, (size_t)n});
        if (c->x != x) return;
    }
}

static void on_output(struct fdevent *ev, unsigned ready) {
    struct run *c = CONTAINER(ev, struct run, from);
    struct exchange *x = c->x;
    (void)ready;
    c->refs++;
    receive(c);
    if (c->x) want(c);
    let_go(c);
    exchange_tell(x);
}

/* ---- its input -------------------------------------------------------------------------------- */

static ssize_t write_file(int fd, const struct chunk *c) {
    size_t n = c->left < sizeof scratch ? (size_t)c->left : sizeof scratch;
    ssize_t got = pread(c->is.file->fd, scratch, n, (off_t)c->at);
    errno = got == 0 ? EIO : errno;
    return got > 0 ? write(fd, scratch, (size_t)got) : -1;
}

static ssize_t write_some(int fd, const struct chunks *q) {
    struct iovec pieces[PIECES];
    int count = 0;
    if (chunks_at(q, 0)->kind == CHUNK_FILE) return write_file(fd, chunks_at(q, 0));
    for (unsigned i = 0; i < q->count && count < PIECES && chunks_at(q, i)->kind != CHUNK_FILE; i++) {
        const struct chunk *c = chunks_at(q, i);
        pieces[count++] = (struct iovec){(void *)(uintptr_t)chunk_bytes(c), (size_t)c->left};
    }
    return writev(fd, pieces, count);
}

/* A program need not read what it gets; what it says counts all the same. */
static void flush(struct run *c) {
    struct exchange *x = c->x;
    if (!c->to.set) {
        if (x->out.count) exchange_cannot_send(x);
        return;
    }
    for (unsigned i = 0; i < WRITES_PER_TURN && c->x == x && x->out.count; i++) {
        ssize_t n = write_some(c->to.fd, &x->out);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (n < 0) {
            exchange_cannot_send(x);
            close_pipe(&c->to);
            return;
        }
        chunks_sent(&x->out, (uint64_t)n);
        exchange_sent(x);
    }
    if (c->x == x && !x->out.count && exchange_half_closes(x)) close_pipe(&c->to);
}

static void on_input(struct fdevent *ev, unsigned ready) {
    struct run *c = CONTAINER(ev, struct run, to);
    struct exchange *x = c->x;
    (void)ready;
    c->refs++;
    flush(c);
    if (c->x) want(c);
    let_go(c);
    exchange_tell(x);
}

static void cgi_pump(struct exchange *x) {
    struct run *c = x->carrier;
    flush(c);
    if (c->x == x) want(c);
}

/* ---- its end ---------------------------------------------------------------------------------- */

static void could_not_start(struct run *c, int error) {
    struct exchange *x = c->x;
    struct request *r = x ? x->pair.r : NULL;
    if (!x) return;
    const struct span *interpreter = cgi_interpreter(x->pair.settings, r->physical.path);
    x->status = cgi_explain(r, interpreter ? *interpreter : SPAN(""), error);
    exchange_failed(x, OUTCOME_REFUSED, error);
}

static void next_in_line(void);

static void on_child(void *arg, enum child_event what, int value) {
    struct run *c = arg;
    struct exchange *x = c->x;
    if (what == CHILD_STARTED) return;
    c->has_ended = what == CHILD_ENDED && value != CHILD_END_UNKNOWN;
    c->status = value;
    c->child = NULL;
    programs--;
    if (!x) deadline_stop(&c->limit);
    if (what == CHILD_FAILED) could_not_start(c, value);
    else if (x && c->at_eof) hear_end(x);
    let_go(c);
    next_in_line();
    if (x) exchange_tell(x);
}

static const struct run *run_of(const struct message_pair *p) {
    return ((const struct exchange *)(const void *)((const char *)p - offsetof(struct exchange, pair)))->carrier;
}

const char *cgi_end_text(const struct message_pair *p, char room[64]) {
    const struct run *c = run_of(p);
    room[0] = '\0';
    if (!c || !c->has_ended) return room;
    if (WIFSIGNALED(c->status)) snprintf(room, 64, ", killed by signal %d", WTERMSIG(c->status));
    else snprintf(room, 64, ", with status %d", WEXITSTATUS(c->status));
    return room;
}

bool cgi_was_killed(const struct message_pair *p) {
    const struct run *c = run_of(p);
    return c && c->has_ended && WIFSIGNALED(c->status);
}

/* ---- its beginning ---------------------------------------------------------------------------- */

/* environment - strings one behind the other; afterwards an array of them */
struct environment {
    struct buf text;
    size_t count;
    bool has_path;
};

static void put(void *arg, struct span name, struct span value) {
    struct environment *e = arg;
    e->has_path |= span_is(name, SPAN("PATH"));
    buf_add(&e->text, name);
    buf_add_char(&e->text, '=');
    buf_add(&e->text, value);
    buf_add_char(&e->text, '\0');
    e->count++;
}

/* Programs are found, and their libraries, as the server itself would. */
static void put_own(struct environment *e, const char *name) {
    const char *value = getenv(name);
    if (value) put(e, span_of(name), span_of(value));
}

static const char **make_environment(const struct message_pair *p, struct environment *e) {
    const struct environment_sink sink = {put, e};
    environment_each(p, &sink);
    if (!e->has_path) put_own(e, "PATH");
    put_own(e, "LD_LIBRARY_PATH");
    if (e->text.n > ENVIRONMENT_MAX) return NULL;
    const char **list = memory_get((e->count + 1) * sizeof *list), *at = e->text.p;
    for (size_t i = 0; i < e->count; i++) {
        list[i] = at;
        at += strlen(at) + 1;
    }
    list[e->count] = NULL;
    return list;
}

/* The pipe to a logging program is shared with us and must not block: the helper writes what a program says to it. */
static int error_descriptor(const struct request *r) {
    const struct log *breakage = request_core(r)->breakagelog;
    struct stat st;
    int fd = breakage ? log_descriptor(breakage) : -1;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return -1;
    fd = dup(fd);
    if (fd >= 0) fd_set_cloexec(fd, true);
    return fd;
}

/* Asks for the program; the descriptors are closed in any case. 0, or errno. */
static int start(struct run *c, int in, int out) {
    struct exchange *x = c->x;
    struct request *r = x->pair.r;
    struct span path = r->physical.path;
    const struct span *interpreter = cgi_interpreter(x->pair.settings, path);
    struct environment e = {.count = 0};
    const char **envp = make_environment(&x->pair, &e);
    const char *argv[3] = {path.p, NULL, NULL};
    if (interpreter && interpreter->n) argv[0] = interpreter->p, argv[1] = path.p;
    struct span directory = arena_copy(&r->arena, span_upto(path, span_find_last(path, '/')));
    struct spawn s = {argv, envp, directory.n ? directory.p : "/", in, out, -1};
    int error = E2BIG;
    if (envp) {
        s.err = error_descriptor(r);
        c->child = child_start(&s, on_child, c);
        error = c->child ? 0 : errno;
    } else {
        close(in);
        close(out);
    }
    free(envp);
    buf_done(&e.text);
    return error;
}

static void close_two(const int ends[2]) {
    if (ends[0] >= 0) close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
}

/* Nothing to read: /dev/null, or where there is none (in a chroot) a pipe that nobody writes to. */
static int nothing_to_read(void) {
    int ends[2], fd = fd_open("/dev/null", O_RDONLY, 0);
    if (fd >= 0 || fd_pipe(ends) != 0) return fd;
    close(ends[1]);
    return ends[0];
}

static int open_pipes(const struct exchange *x, int to[2], int from[2]) {
    bool reads = x->pair.body_bytes != 0 || x->pair.is_upgrade;
    to[0] = to[1] = from[0] = from[1] = -1;
    if (reads && fd_pipe(to) != 0) return errno;
    if (!reads && (to[0] = nothing_to_read()) < 0) return errno;
    if (fd_pipe(from) != 0) {
        int error = errno;
        close_two(to);
        return error;
    }
    if (to[1] >= 0) fd_set_nonblocking(to[1], true);
    fd_set_nonblocking(from[0], true);
    return 0;
}

static struct run *make(struct exchange *x) {
    struct run *c = memory_zeroed(1, sizeof *c);
    c->x = x;
    c->events = request_events(x->pair.r);
    c->limits = ((const struct cgi_settings *)x->pair.settings)->limits;
    c->refs = 1;
    c->to.run = on_input;
    c->to.closed = on_to_closed;
    c->from.run = on_output;
    c->from.closed = on_from_closed;
    c->limit.fire = on_limit;
    c->last.fire = end_is_late;
    list_init(&c->turn);
    list_add_last(&runs, &c->link);
    x->carrier = c;
    return c;
}

static bool watch(struct run *c, struct fdevent *ev, int fd) {
    if (fd < 0) return true;
    if (fdevent_add(c->events, ev, fd, 0) != 0) return false;
    c->refs++;
    return true;
}

static int give_up(struct run *c, int error) {
    c->x->status = cgi_explain(c->x->pair.r, SPAN(""), error);
    close_pipe(&c->to);
    close_pipe(&c->from);
    let_go(c);
    return error;
}

static int begin(struct run *c) {
    struct exchange *x = c->x;
    int to[2], from[2], error = open_pipes(x, to, from);
    if (error) return error;
    if (!watch(c, &c->to, to[1]) || !watch(c, &c->from, from[0])) {
        error = errno;
        if (!c->to.set && to[1] >= 0) close(to[1]);
        close(from[0]);
        close(to[0]);
        close(from[1]);
        return error;
    }
    error = start(c, to[0], from[1]);
    if (error) return error;
    c->refs++;
    programs++;
    c->limit.fire = on_limit;
    x->pair.r->keeps_time |= c->limits && c->limits->read_s;
    exchange_ready(x);
    if (c->x == x) cgi_pump(x);
    return 0;
}

/* ---- the line of those who wait for a program's end ------------------------------------------- */

static bool has_turn(const struct run *c) {
    return programs < (c->limits ? c->limits->most : (uint32_t)CGI_PROGRAMS_MAX);
}

static void has_waited(struct deadline *d) {
    struct run *c = CONTAINER(d, struct run, limit);
    struct exchange *x = c->x;
    request_reason(x->pair.r, "cgi.limits", "no turn in %d seconds, %u programs run (max-procs)", WAIT_MS / 1000,
                   programs);
    x->status = 503;
    exchange_failed(x, OUTCOME_REFUSED, EAGAIN);
    exchange_tell(x);
}

static int wait_in_line(struct run *c) {
    static int64_t last_s;
    int64_t now_s = clock_monotonic_s();
    if (in_line == WAITING_MAX) return EAGAIN;
    if (!last_s || now_s - last_s >= COMPLAIN_S) {
        request_say(c->x->pair.r, LOG_IS_WARNING,
                    "%u programs run: requests wait for their end (cgi.limits, max-procs)", programs);
        last_s = now_s;
    }
    list_add_last(&line, &c->turn);
    in_line++;
    c->limit.fire = has_waited;
    deadline_in(c->events, &c->limit, WAIT_MS);
    return 0;
}

static void next_in_line(void) {
    while (!list_is_empty(&line) && has_turn(CONTAINER(line.next, struct run, turn))) {
        struct run *c = CONTAINER(line.next, struct run, turn);
        struct exchange *x = c->x;
        leave_line(c);
        deadline_stop(&c->limit);
        int error = begin(c);
        if (error) {
            x->status = cgi_explain(x->pair.r, SPAN(""), error);
            exchange_failed(x, OUTCOME_REFUSED, error);
        }
        request_wake(x->pair.r);
    }
}

static int cgi_open(struct exchange *x) {
    struct run *c = make(x);
    int error = list_is_empty(&line) && has_turn(c) ? begin(c) : wait_in_line(c);
    return error ? give_up(c, error) : 0;
}

const struct transport cgi_transport = {cgi_open, cgi_pump, cgi_close};
