/* stage.c - the worker that a scenario plays against, its files, its clients, its clock */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/memory.h"
#include "fdevents/socket.h"
#include "h2_peer.h"
#include "net/listener.h"
#include "player.h"
#include "server/conn.h"
#include "server/worker.h"

enum {
    SMALL_STEP_BYTES = 4096, /* so much goes byte by byte, the rest in odd pieces */
    ODD_PIECE_BYTES = 997,
    TURNS_WITHOUT_NEWS = 500,
    STEP_MS = 100
};
#define BEGIN_MS UINT64_C(1800000000000) /* Fri, 15 Jan 2027 08:00:00 GMT */

/* ---- what went wrong ------------------------------------------------------------------------------------------------ */

static void show(const char *what, struct span bytes, size_t max) {
    fprintf(stderr, "  %s (%zu bytes):\n    ", what, bytes.n);
    if (bytes.n > max) bytes.n = max;
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char c = (unsigned char)bytes.p[i];
        if (c == '\n') fputs("\\n\n    ", stderr);
        else if (c == '\r') fputs("\\r", stderr);
        else if (c < 0x20 || c > 0x7e) fprintf(stderr, "\\x%02x", c);
        else fputc(c, stderr);
    }
    fputc('\n', stderr);
}

_Noreturn void stage_fail(struct stage *s, const char *format, ...) {
    va_list args;
    fprintf(stderr, "%s:%u: [%s %s] ", s->scenario, s->line, s->backend, mode_names[s->mode]);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    for (unsigned i = 0; i < s->client_count; i++) {
        const struct client *c = &s->clients[i];
        char what[96];
        snprintf(what, sizeof what, "client \"%.*s\"%s%s%s has", SPAN_ARG(c->name), c->fd < 0 ? " (left)" : "",
                 c->is_eof ? " (end)" : "", c->is_reset ? " (reset)" : "");
        show(what, buf_span(&c->in), 1500);
        if (c->peer) peer_show(c->peer);
    }
    struct span log = stage_read(s, "error.log");
    if (log.n > 3000) log = span_from(log, log.n - 3000);
    fprintf(stderr, "  error log:\n%.*s\n", SPAN_ARG(log));
    stage_strike(s);
    _exit(1);
}

/* ---- files ------------------------------------------------------------------------------------------------------------ */

struct span stage_path(struct stage *s, struct span name) {
    return arena_printf(&s->arena, "%s/docs/%.*s", s->dir, SPAN_ARG(name));
}

void stage_file(struct stage *s, struct span path, struct span content, int64_t mtime_s) {
    struct span full = stage_path(s, path);
    char *slash = (char *)(uintptr_t)full.p + strlen(s->dir) + 6;
    while ((slash = strchr(slash, '/'))) {
        *slash = '\0';
        mkdir(full.p, 0755);
        *slash++ = '/';
    }
    int fd = fd_open(full.p, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || fd_write_all(fd, content.p, content.n) != 0) stage_fail(s, "%s: %s", full.p, strerror(errno));
    struct timespec times[2] = {{.tv_sec = (time_t)mtime_s}, {.tv_sec = (time_t)mtime_s}};
    futimens(fd, times);
    close(fd);
}

struct span stage_read(struct stage *s, const char *name) {
    struct buf text = {0};
    struct span path = arena_printf(&s->arena, "%s/%s", s->dir, name);
    logs_flush();
    int fd = fd_open(path.p, O_RDONLY, 0);
    if (fd >= 0) {
        fd_read_all(fd, &text, 64 * 1024 * 1024);
        close(fd);
    }
    struct span copy = arena_copy(&s->arena, buf_span(&text));
    buf_done(&text);
    return copy;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)type, (void)at;
    return remove(path);
}

/* ---- the worker ---------------------------------------------------------------------------------------------------------- */

static uint64_t stage_clock(void *arg) {
    return ((const struct stage *)arg)->now_ms;
}

void stage_build(struct stage *s) {
    const char *tmp = getenv("TMPDIR");
    s->now_ms = BEGIN_MS;
    clock_set((int64_t)(s->now_ms / 1000));
    snprintf(s->dir, sizeof s->dir, "%s/goldcrest-replay-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(s->dir)) {
        perror(s->dir);
        exit(1);
    }
    mkdir(arena_printf(&s->arena, "%s/docs", s->dir).p, 0755);
    struct log *log = log_open(arena_printf(&s->arena, "%s/error.log", s->dir));
    if (!log) stage_fail(s, "the error log cannot be opened");
    log_set_main(log);
}

static struct conf *load(struct stage *s, struct span text) {
    struct complaints *complaints = complaints_make();
    struct inputs *inputs = inputs_record(); /* certificates are read from the stage */
    struct buf whole = {0};
    buf_printf(&whole,
               "server.document-root = \"%s/docs\"\ndebug.log-state-handling = \"enable\"\n"
               "server.bind = \"/nowhere\"\nserver.event-handler = \"%s\"\n%.*s",
               s->dir, s->backend, SPAN_ARG(text));
    inputs_put(inputs, INPUT_FILE, "scenario.conf", buf_span(&whole));
    struct conf *conf = conf_load(inputs, "scenario.conf", complaints);
    bool wrong = complaints_errors(complaints) || complaints_warnings(complaints);
    buf_clear(&whole);
    complaints_print(complaints, &whole);
    if (wrong) stage_fail(s, "the configuration is wrong:\n%s", buf_text(&whole));
    buf_done(&whole);
    complaints_drop(complaints);
    if (!conf_open_logs(conf)) stage_fail(s, "a log cannot be opened");
    return conf;
}

void stage_configure(struct stage *s, struct span text) {
    struct conf *conf = load(s, text);
    if (s->worker) {
        worker_reconfigure(s->worker, conf);
        return;
    }
    s->worker = worker_make(conf);
    if (!s->worker) stage_fail(s, "no worker can be made");
    conf_drop(conf); /* the worker has its own reference */
    if (strcmp(fdevents_name(s->worker->events), s->backend) != 0) stage_fail(s, "that backend does not work here");
    fdevents_set_clock(s->worker->events, stage_clock, s);
    worker_begin(s->worker);
    struct listening *l = memory_zeroed(1, sizeof *l);
    l->worker = s->worker;
    l->name = (struct span){span_dup(SPAN("127.0.0.1:80")), 12};
    l->id = ++s->worker->next_listener_id;
    l->refs = 1;
    l->ev.fd = -1;
    s->listening = l;
}

void stage_strike(struct stage *s) {
    for (unsigned i = 0; i < s->client_count; i++) {
        client_leave(&s->clients[i]);
        buf_done(&s->clients[i].in);
        peer_drop(s->clients[i].peer);
        s->clients[i].peer = NULL;
    }
    backends_strike(s);
    if (s->worker) {
        struct listening *l = s->listening;
        worker_drop(s->worker);
        if (l) listening_drop(l);
    }
    s->worker = NULL;
    log_set_main(log_open(SPAN("")));
    nftw(s->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    arena_done(&s->arena);
}

/* ---- clients --------------------------------------------------------------------------------------------------------------- */

struct client *stage_client(struct stage *s, struct span name) {
    for (unsigned i = s->client_count; i-- > 0;)
        if (span_is(s->clients[i].name, name)) return &s->clients[i];
    stage_fail(s, "there is no client \"%.*s\"", SPAN_ARG(name));
}

/* Another client of that name is forgotten: a scenario may open many. */
static struct client *new_client(struct stage *s, struct span name, int fd, int server_fd) {
    struct client *c = NULL;
    for (unsigned i = 0; i < s->client_count; i++) {
        if (s->clients[i].server_fd == server_fd) s->clients[i].server_fd = -1;
        if (span_is(s->clients[i].name, name)) c = &s->clients[i];
    }
    if (c) {
        if (c->peer) peer_over(c->peer);
        client_leave(c);
        buf_done(&c->in);
        peer_drop(c->peer);
    } else {
        if (s->client_count == CLIENTS_MAX) stage_fail(s, "too many clients");
        c = &s->clients[s->client_count++];
    }
    *c = (struct client){.name = name, .fd = fd, .server_fd = server_fd};
    doubles_forget(server_fd);
    return c;
}

static void peer_address(struct stage *s, struct span text, struct addr *peer) {
    struct prefix prefix;
    if (text.n == 0) text = SPAN("127.0.0.1");
    memset(peer, 0, sizeof *peer);
    if (!prefix_parse(text, &prefix)) stage_fail(s, "\"%.*s\" is no address", SPAN_ARG(text));
    peer->is.any.sa_family = prefix.family;
    if (prefix.family == AF_INET) memcpy(&peer->is.v4.sin_addr, prefix.bytes, 4);
    if (prefix.family == AF_INET6) memcpy(&peer->is.v6.sin6_addr, prefix.bytes, 16);
}

struct client *stage_open(struct stage *s, struct span name, struct span from, bool narrow) {
    int pair[2];
    struct addr peer;
    peer_address(s, from, &peer);
    if (socket_pair(pair) != 0) stage_fail(s, "socketpair: %s", strerror(errno));
    int few = 4096;
    if (narrow) setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &few, sizeof few);
    struct client *c = new_client(s, name, pair[1], pair[0]);
    conn_open(s->worker, s->listening, pair[0], &peer);
    return c;
}

void stage_listen(struct stage *s) {
    char why[128];
    struct span name = arena_printf(&s->arena, "%s/socket", s->dir);
    struct listener_options o = {.backlog = 16};
    int fd = listener_open(name, &o, why);
    if (fd < 0 || !worker_listen(s->worker, name, fd, false)) stage_fail(s, "%s: %s", name.p, why);
}

struct client *stage_connect(struct stage *s, struct span name) {
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(where.sun_path, sizeof where.sun_path, "%s/socket", s->dir);
    if (fd < 0 || fd_set_nonblocking(fd, true) != 0 || connect(fd, (struct sockaddr *)&where, sizeof where) != 0)
        stage_fail(s, "%s: %s", where.sun_path, strerror(errno));
    return new_client(s, name, fd, -1);
}

void client_leave(struct client *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    buf_done(&c->out);
}

static struct conn *find_conn(struct list *conns, int fd) {
    for (struct list *i = conns->next; i != conns; i = i->next) {
        struct conn *c = CONTAINER(i, struct conn, link);
        if (c->ev.fd == fd) return c;
    }
    return NULL;
}

struct conn *stage_conn(const struct stage *s, const struct client *client) {
    struct conn *c = find_conn(&s->worker->conns, client->server_fd);
    if (!c) c = find_conn(&s->worker->leaving, client->server_fd);
    return c ? c : find_conn(&s->worker->lingering, client->server_fd);
}

bool stage_is_gone(struct stage *s, const struct client *client) {
    for (int i = 0; i < 2 && find_conn(&s->worker->leaving, client->server_fd); i++) stage_wait(s, STEP_MS);
    return !stage_conn(s, client);
}

void stage_over(struct stage *s) {
    for (unsigned i = 0; i < s->client_count; i++)
        if (s->clients[i].peer) peer_over(s->clients[i].peer);
}

/* ---- time and motion --------------------------------------------------------------------------------------------------------- */

static bool client_sends(struct stage *s, struct client *c) {
    size_t n = c->out.n;
    if (c->fd < 0) return false;
    if (n == 0) {
        if (c->ends) shutdown(c->fd, SHUT_WR);
        c->ends = false;
        return false;
    }
    if (s->mode == MODE_BYTES) n = c->sent < SMALL_STEP_BYTES ? 1 : n < ODD_PIECE_BYTES ? n : ODD_PIECE_BYTES;
    ssize_t sent = write(c->fd, c->out.p, n); /* not send(): the doubles are for the server */
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (sent < 0) { /* nobody reads it any more */
        buf_clear(&c->out);
        return false;
    }
    c->sent += (uint64_t)sent;
    c->out.n -= (size_t)sent;
    memmove(c->out.p, c->out.p + sent, c->out.n);
    return true;
}

static bool client_receives(struct client *c) {
    if (c->fd < 0 || c->is_eof || c->is_stalled) return false;
    ssize_t got = recv(c->fd, buf_room(&c->in, 64 * 1024), 64 * 1024, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    c->is_reset = got < 0 || (got == 0 && doubles_was_reset(c->server_fd));
    c->is_eof = got <= 0;
    if (got > 0) c->in.n += (size_t)got;
    if (c->peer) peer_receive(c->peer);
    return true;
}

void stage_settle(struct stage *s) {
    unsigned quiet = 0, idle_turns = 0;
    while (quiet < 2) {
        bool news = false;
        for (unsigned i = 0; i < s->client_count; i++) news |= client_sends(s, &s->clients[i]);
        news |= backends_send(s);
        int ran = fdevents_turn(s->worker->events, 0);
        if (ran < 0) stage_fail(s, "fdevents_turn: %s", strerror(errno));
        for (unsigned i = 0; i < s->client_count; i++) news |= client_receives(&s->clients[i]);
        news |= backends_receive(s);
        quiet = news || ran ? 0 : quiet + 1;
        idle_turns = news ? 0 : idle_turns + 1;
        if (idle_turns > TURNS_WITHOUT_NEWS) stage_fail(s, "the server spins");
    }
    for (unsigned i = 0; i < s->client_count; i++)
        if (s->clients[i].peer) peer_settled(s->clients[i].peer);
}

void stage_wait(struct stage *s, uint64_t ms) {
    while (ms) {
        uint64_t step = ms < STEP_MS ? ms : STEP_MS;
        s->now_ms += step;
        clock_set((int64_t)(s->now_ms / 1000));
        stage_settle(s);
        ms -= step;
    }
}
