/* backend.c - servers that gateways ask: unix sockets {dir}/NAME.sock, and what a scenario makes of them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "fdevents/socket.h"
#include "play.h"

#define FAIL(...) stage_fail(p->stage, __VA_ARGS__)

enum { PIECE_BYTES = 64 * 1024, SMALL_STEP_BYTES = 4096, ODD_PIECE_BYTES = 997 };

/* backend - one that listens, or a connection that was accepted from it */
struct backend {
    struct span name;
    int fd;            /* -1: it does not listen any more, or is closed */
    bool listens;
    bool is_eof, is_reset, is_stalled, ends;
    bool holds_one;    /* the first byte of the kernel's queue is in `in` already: see receive() */
    struct buf in, out;
    uint64_t sent;
    struct backend *next;
};

static struct backend *find(const struct stage *s, struct span name, bool listens) {
    for (struct backend *b = s->backends; b; b = b->next)
        if (b->listens == listens && span_is(b->name, name)) return b;
    return NULL;
}

static struct backend *find_or_make(struct stage *s, struct span name, bool listens) {
    struct backend *b = find(s, name, listens);
    if (b) return b;
    b = memory_zeroed(1, sizeof *b);
    b->name = arena_copy(&s->arena, name);
    b->listens = listens;
    b->fd = -1;
    b->next = s->backends;
    s->backends = b;
    return b;
}

static void shut(struct backend *b) {
    if (b->fd >= 0) close(b->fd);
    buf_done(&b->in);
    buf_done(&b->out);
    b->fd = -1;
    b->is_eof = b->is_reset = b->is_stalled = b->ends = b->holds_one = false;
    b->sent = 0;
}

void backends_strike(struct stage *s) {
    while (s->backends) {
        struct backend *b = s->backends;
        s->backends = b->next;
        shut(b);
        free(b);
    }
}

/* ---- motion --------------------------------------------------------------------------------------------------------- */

/* A unix socket tells of a reset only if something was not read when it was closed: the last byte that came is looked
 * at, but stays in the queue until it must not. */
static bool receive(struct backend *b) {
    static char room[PIECE_BYTES];
    if (b->fd < 0 || b->listens || b->is_stalled || b->is_eof) return false;
    ssize_t got = recv(b->fd, room, sizeof room, MSG_PEEK);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got <= 0) {
        b->is_eof = true;
        b->is_reset = got < 0;
        return true;
    }
    size_t held = b->holds_one ? 1 : 0;
    if ((size_t)got == held) return false;
    buf_add(&b->in, (struct span){room + held, (size_t)got - held});
    b->holds_one = true;
    return got < 2 || recv(b->fd, room, (size_t)got - 1, 0) > 0;
}

static void take_last(struct backend *b) {
    char one;
    if (b->holds_one && b->fd >= 0 && recv(b->fd, &one, 1, 0) != 1) b->is_reset = true;
    b->holds_one = false;
}

static bool transmit(const struct stage *s, struct backend *b) {
    size_t n = b->out.n;
    if (b->fd < 0 || b->listens) return false;
    if (n == 0) {
        if (b->ends) shutdown(b->fd, SHUT_WR);
        b->ends = false;
        return false;
    }
    if (s->mode == MODE_BYTES) n = b->sent < SMALL_STEP_BYTES ? 1 : n < ODD_PIECE_BYTES ? n : ODD_PIECE_BYTES;
    ssize_t sent = write(b->fd, b->out.p, n);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (sent < 0) {
        buf_clear(&b->out);
        return false;
    }
    b->sent += (uint64_t)sent;
    b->out.n -= (size_t)sent;
    memmove(b->out.p, b->out.p + sent, b->out.n);
    return true;
}

bool backends_send(struct stage *s) {
    bool news = false;
    for (struct backend *b = s->backends; b; b = b->next) news |= transmit(s, b);
    return news;
}

bool backends_receive(struct stage *s) {
    bool news = false;
    for (struct backend *b = s->backends; b; b = b->next) news |= receive(b);
    return news;
}

/* ---- commands ------------------------------------------------------------------------------------------------------- */

static void path_of(const struct player *p, struct span name, struct sockaddr_un *where) {
    *where = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(where->sun_path, sizeof where->sun_path, "%s/%.*s.sock", p->stage->dir, SPAN_ARG(name));
    if (n < 0 || (size_t)n >= sizeof where->sun_path) FAIL("the backend's name is too long");
}

static void do_listen(struct player *p, struct span name) {
    struct backend *b = find_or_make(p->stage, name, true);
    struct sockaddr_un where;
    path_of(p, name, &where);
    shut(b);
    unlink(where.sun_path);
    b->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int backlog = p->at->word_count > 3 ? (int)play_number(p, play_word(p, 3)) : 16;
    if (b->fd < 0 || bind(b->fd, (struct sockaddr *)&where, sizeof where) != 0 || listen(b->fd, backlog) != 0 ||
        fd_set_nonblocking(b->fd, true) != 0)
        FAIL("%s: %s", where.sun_path, strerror(errno));
    fd_set_cloexec(b->fd, true);
}

static int next_connection(struct player *p, struct span name) {
    struct backend *l = find(p->stage, name, true);
    if (!l || l->fd < 0) FAIL("backend %.*s does not listen", SPAN_ARG(name));
    stage_settle(p->stage);
    return accept(l->fd, NULL, NULL);
}

static void do_accept(struct player *p, struct span name) {
    int fd = next_connection(p, name);
    if (fd < 0) FAIL("nobody has connected to backend %.*s", SPAN_ARG(name));
    struct backend *b = find_or_make(p->stage, play_has_word(p, 3, "as") ? play_word(p, 4) : name, false);
    shut(b);
    b->fd = fd;
    socket_prepare(fd);
    stage_settle(p->stage); /* what has come before */
}

static void do_idle(struct player *p, struct span name) {
    int fd = next_connection(p, name);
    if (fd >= 0) close(fd);
    if (fd >= 0) FAIL("somebody has connected to backend %.*s", SPAN_ARG(name));
}

static void do_stop(struct player *p, struct span name) {
    struct backend *l = find(p->stage, name, true);
    struct sockaddr_un where;
    if (!l) FAIL("backend %.*s does not listen", SPAN_ARG(name));
    path_of(p, name, &where);
    if (!play_has_word(p, 3, "keep")) unlink(where.sun_path);
    shut(l);
}

static struct backend *connection(struct player *p, struct span name) {
    struct backend *b = find(p->stage, name, false);
    if (!b || b->fd < 0) FAIL("there is no connection %.*s to a backend", SPAN_ARG(name));
    return b;
}

static void show(const struct backend *b) {
    fprintf(stderr, "  the backend has (%zu bytes):\n    ", b->in.n);
    for (size_t i = 0; i < b->in.n && i < 2000; i++) {
        unsigned char c = (unsigned char)b->in.p[i];
        if (c == '\n') fputs("\\n\n    ", stderr);
        else if (c >= 0x20 && c < 0x7f) fputc(c, stderr);
        else fprintf(stderr, "\\x%02x", c);
    }
    fputc('\n', stderr);
}

static void forget(struct backend *b, size_t n) {
    b->in.n -= n;
    if (b->in.n) memmove(b->in.p, b->in.p + n, b->in.n);
}

/* The text of a command: its words from `from` on, and the lines below. */
static struct span text_of(struct player *p, unsigned from) {
    struct buf all = {0};
    for (unsigned i = from; i < p->at->word_count; i++) buf_add(&all, play_expand(p, play_word(p, i)));
    if (p->at->has_text) buf_add(&all, play_with_crlf(p, play_expand(p, buf_span(&p->at->text))));
    struct span copy = arena_copy(&p->stage->arena, buf_span(&all));
    buf_done(&all);
    return copy;
}

/* How many bytes of `in` are what is wanted; a * at a line's end is its rest. 0: they are not. */
static size_t match(struct span in, struct span wanted) {
    size_t at = 0;
    for (size_t i = 0; i < wanted.n; i++) {
        bool is_rest = wanted.p[i] == '*' && i + 1 < wanted.n && wanted.p[i + 1] == '\r';
        if (is_rest) at += span_find(span_from(in, at), '\r');
        else if (at == in.n || in.p[at++] != wanted.p[i]) return 0;
    }
    return at;
}

static void do_expect(struct player *p, struct span name) {
    struct backend *b = connection(p, name);
    struct span wanted = text_of(p, 3);
    size_t n = match(buf_span(&b->in), wanted);
    if (n == 0 && wanted.n) {
        show(b);
        FAIL("the backend got other bytes");
    }
    forget(b, n);
}

static void look_for(struct player *p, struct span name, bool wanted) {
    struct backend *b = connection(p, name);
    struct span text = text_of(p, 3);
    bool found = span_search(buf_span(&b->in), text) < b->in.n;
    if (found == wanted) return;
    show(b);
    FAIL("the backend %s \"%.*s\"", found ? "has" : "does not have", SPAN_ARG(text));
}

static void do_has(struct player *p, struct span name) {
    look_for(p, name, true);
}

static void do_lacks(struct player *p, struct span name) {
    look_for(p, name, false);
}

static void do_take(struct player *p, struct span name) {
    struct backend *b = connection(p, name);
    size_t n = p->at->word_count > 3 ? (size_t)play_number(p, play_word(p, 3)) : b->in.n;
    if (n > b->in.n) FAIL("the backend got %zu bytes", b->in.n);
    forget(b, n);
}

/* Bytes that tell where they stand, as `fill` sends them. */
static void do_filled(struct player *p, struct span name) {
    struct backend *b = connection(p, name);
    size_t n = (size_t)play_number(p, play_word(p, 3));
    if (b->in.n < n || !span_is(span_upto(buf_span(&b->in), n), play_pattern(p, n)))
        FAIL("of %zu bytes the backend got %zu, or others", n, b->in.n);
    forget(b, n);
}

static void do_nothing(struct player *p, struct span name) {
    struct backend *b = connection(p, name);
    if (b->in.n) show(b);
    if (b->in.n || b->is_eof) FAIL("the backend got something");
}

static void do_end(struct player *p, struct span name) {
    struct backend *b = connection(p, name);
    if (b->in.n) {
        show(b);
        FAIL("the backend got more");
    }
    take_last(b);
    receive(b);
    if (!b->is_eof && !b->is_reset) FAIL("the server has not ended this connection");
}

static void do_open(struct player *p, struct span name) {
    struct backend *b = connection(p, name);
    bool held = b->holds_one;
    if (b->in.n == 0 && held) take_last(b);
    receive(b);
    if (b->is_eof) FAIL("the server has ended this connection");
}

static void do_send(struct player *p, struct span name) {
    struct backend *b = connection(p, name);
    buf_add(&b->out, text_of(p, 3));
    stage_settle(p->stage);
}

static void do_fill(struct player *p, struct span name) {
    struct backend *b = connection(p, name);
    buf_add(&b->out, play_pattern(p, (size_t)play_number(p, play_word(p, 3))));
    stage_settle(p->stage);
}

static void do_unsent(struct player *p, struct span name) {
    if (connection(p, name)->out.n == 0) FAIL("the server took all of it");
}

static void do_close(struct player *p, struct span name) {
    struct backend *b = connection(p, name);
    take_last(b);
    shut(b);
    stage_settle(p->stage);
}

static void do_reset(struct player *p, struct span name) {
    struct backend *b = connection(p, name);
    if (!b->holds_one) FAIL("a reset needs something that came before it");
    shut(b);
    stage_settle(p->stage);
}

static void do_half_close(struct player *p, struct span name) {
    connection(p, name)->ends = true;
    stage_settle(p->stage);
}

static void do_stall(struct player *p, struct span name) {
    connection(p, name)->is_stalled = true;
}

static void do_drain(struct player *p, struct span name) {
    connection(p, name)->is_stalled = false;
    stage_settle(p->stage);
}

static const struct {
    const char *name;
    void (*run)(struct player *p, struct span name);
} commands[] = {
    {"listen", do_listen}, {"accept", do_accept}, {"idle", do_idle},     {"stop", do_stop},
    {"expect", do_expect}, {"has", do_has},       {"lacks", do_lacks},   {"take", do_take},
    {"filled", do_filled}, {"nothing", do_nothing}, {"end", do_end},     {"open", do_open},
    {"send", do_send},     {"fill", do_fill},     {"unsent", do_unsent}, {"close", do_close},
    {"reset", do_reset},   {"half-close", do_half_close}, {"stall", do_stall}, {"drain", do_drain},
};

void play_backend(struct player *p) {
    struct span name = play_word(p, 1);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!play_has_word(p, 2, commands[i].name)) continue;
        if (commands[i].run != do_listen) play_worker(p);
        commands[i].run(p, name);
        return;
    }
    FAIL("a backend cannot \"%.*s\"", SPAN_ARG(play_word(p, 2)));
}
