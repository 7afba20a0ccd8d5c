/* check.c - active checks: a backend is asked now and then whether it is well */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "fdevents/socket.h"
#include "modules/gateway/watch.h"
#include "net/connect.h"
#include "net/proxyline.h"
#include "net/wire.h"
#include "tls/client.h"

enum { HEAD_BYTES_MAX = 4096 };

/* check_run - one question to one backend; freed when its descriptor is closed */
struct check_run {
    struct backend_work *work;
    const struct gateway_host *host; /* what is asked; it names the backend as long as this runs */
    struct fdevent ev;
    struct deadline limit;
    struct tls *tls;
    struct chunks out;
    const struct addr_room *address;
    unsigned addresses_left;         /* to be tried after this one */
    char head[HEAD_BYTES_MAX];
    size_t used;
    bool is_connected, is_secure;
};

static void free_run(struct fdevent *ev) {
    free(CONTAINER(ev, struct check_run, ev));
}

static void abandon(struct check_run *run) {
    deadline_stop(&run->limit);
    tls_drop(run->tls);
    run->tls = NULL;
    chunks_clear(&run->out);
    run->work->run = NULL;
    fdevent_close(&run->ev);
}

/* why NULL: the backend is well. The next check comes after the interval. */
static void finish(struct check_run *run, const char *why) {
    struct backend_work *w = run->work;
    deadline_in(w->events, &w->check_in, run->host->check.interval_s * 1000ull);
    abandon(run);
    health_checked(w->backend, why, fdevents_now_ms(w->events));
}

/* No connection came about. */
static void unreachable(struct backend_work *w, const struct gateway_host *h, int error) {
    struct buf why = {0};
    deadline_in(w->events, &w->check_in, h->check.interval_s * 1000ull);
    if (health_excuses(w->backend, error, fdevents_now_ms(w->events))) return;
    explain_connect(h->socket, error, &why);
    health_checked(w->backend, buf_text(&why), fdevents_now_ms(w->events));
    buf_done(&why);
}

static void ask(struct backend_work *w, const struct gateway_host *h, unsigned addresses_left);

/* One of several addresses that does not answer makes no backend ill. */
static void try_another(struct check_run *run, int error) {
    struct backend_work *w = run->work;
    const struct gateway_host *h = run->host;
    unsigned left = run->addresses_left;
    backend_address_failed(w->backend, run->address);
    abandon(run);
    if (left) ask(w, h, left - 1);
    else unreachable(w, h, error);
}

static void out_of_time(struct deadline *d) {
    struct check_run *run = CONTAINER(d, struct check_run, limit);
    char why[96];
    if (!run->is_connected && run->addresses_left) {
        try_another(run, ETIMEDOUT);
        return;
    }
    snprintf(why, sizeof why, run->is_connected ? "it takes a connection, but has not answered the check in %u s"
                                                : "no connection to it came about in %u s",
             (unsigned)run->host->check.timeout_s);
    finish(run, why);
}

/* ---- a question of HTTP/1.1 ------------------------------------------------------------------------------------ */

int check_status(struct span head) {
    size_t end = span_find(head, '\n');
    struct span line = span_upto(head, end);
    bool is_http = span_starts(head, SPAN("HTTP/1.")) || (head.n < 7 && span_starts(SPAN("HTTP/1."), head));
    if (!is_http) return 0;
    if (end == head.n) return -1;
    if (line.n < 12 || line.p[8] != ' ' || (line.n > 12 && line.p[12] != ' ' && line.p[12] != '\r')) return 0;
    int status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (!ascii_is_digit(line.p[i])) return 0;
        status = status * 10 + (line.p[i] - '0');
    }
    return status;
}

static bool speaks_http1(const struct check_run *run) {
    return run->host->check.is_http;
}

static void write_question(struct check_run *run) {
    const struct gateway_host *h = run->host;
    struct span host = h->check.host.n ? h->check.host : h->authority;
    struct buf text = {0};
    buf_printf(&text, "%.*s %.*s HTTP/1.1\r\nHost: %.*s\r\n", SPAN_ARG(h->check.method), SPAN_ARG(h->check.path),
               SPAN_ARG(host));
    buf_add_text(&text, "User-Agent: goldcrest (health check)\r\nConnection: close\r\n\r\n");
    chunks_add_copy(&run->out, buf_span(&text));
    buf_done(&text);
}

/* Where the connections of clients begin with who they are, this one says that it is our own; not within TLS. */
static void write_proxy_line(struct check_run *run) {
    struct buf line = {0};
    struct addr nobody;
    memset(&nobody, 0, sizeof nobody);
    if (run->host->proxy_protocol == PROXY_PROTOCOL_NONE) return;
    proxyline_write(&line, run->host->proxy_protocol == PROXY_PROTOCOL_V1 ? 1 : 2, &nobody, &nobody);
    chunks_add_copy(&run->out, buf_span(&line));
    buf_done(&line);
}

static void judge(struct check_run *run, bool is_over) {
    char why[96];
    int status = check_status((struct span){run->head, run->used});
    if (status < 0 && !is_over && run->used < sizeof run->head) return;
    if (status <= 0) {
        finish(run, run->used ? "what it answers to the check is not HTTP/1.1"
                              : "it ends the connection without an answer to the check");
        return;
    }
    snprintf(why, sizeof why, "it answers the check with %d", status);
    finish(run, status >= run->host->check.status_from && status <= run->host->check.status_to ? NULL : why);
}

static void receive(struct check_run *run) {
    char *at = run->head + run->used;
    size_t room = sizeof run->head - run->used;
    ssize_t n = run->tls ? tls_receive(run->tls, at, room) : wire_receive(run->ev.fd, at, room);
    if (n == WIRE_LATER) return;
    if (n > 0) run->used += (size_t)n;
    judge(run, n <= 0);
}

/* ---- step by step ---------------------------------------------------------------------------------------------- */

/* False: it waits, or has ended. */
static bool connected(struct check_run *run) {
    if (run->is_connected) return true;
    int error = socket_connect_result(run->ev.fd);
    if (error == EINPROGRESS) return false;
    if (error) {
        try_another(run, error);
        return false;
    }
    run->is_connected = true;
    write_proxy_line(run);
    if (run->host->tls) return true;
    if (speaks_http1(run)) write_question(run);
    else finish(run, NULL);
    return run->work->run == run;
}

static bool flushed(struct check_run *run) {
    enum wire_sent sent = run->tls ? tls_flush(run->tls, &run->out, UINT64_MAX)
                                   : wire_flush(run->ev.fd, &run->out, UINT64_MAX, false);
    if (sent == WIRE_SENT) return true;
    if (sent == WIRE_FAILED) finish(run, "it ends the connection before the check was sent");
    else fdevent_want(&run->ev, FDEVENT_IN | FDEVENT_OUT);
    return false;
}

static bool secured(struct check_run *run) {
    bool is_noise;
    if (run->is_secure || !run->host->tls) return true;
    if (!run->tls && !flushed(run)) return false; /* the PROXY line goes first */
    if (!run->tls) run->tls = tls_connect(run->host->tls, run->ev.fd);
    switch (run->tls ? tls_handshake(run->tls) : TLS_FAILED) {
    case TLS_WANT_IN: fdevent_want(&run->ev, FDEVENT_IN); return false;
    case TLS_WANT_OUT: fdevent_want(&run->ev, FDEVENT_OUT); return false;
    case TLS_FAILED: break;
    case TLS_DONE:
        run->is_secure = true;
        if (speaks_http1(run)) write_question(run);
        else finish(run, NULL);
        return run->work->run == run;
    }
    const char *why = run->tls ? tls_why(run->tls, &is_noise) : "";
    char text[256];
    snprintf(text, sizeof text, "TLS with it does not come about: %s", *why ? why : "it ends the connection");
    finish(run, text);
    return false;
}

/* The backend may be gone when this returns, and the run with it. */
static void step(struct fdevent *ev, unsigned ready) {
    struct check_run *run = CONTAINER(ev, struct check_run, ev);
    if (!connected(run) || !secured(run)) return;
    if (run->out.bytes && !flushed(run)) return;
    fdevent_want(&run->ev, FDEVENT_IN);
    if (ready & FDEVENT_IN || run->tls) receive(run);
}

/* ---- begin and end --------------------------------------------------------------------------------------------- */

/* A connection to one of the backend's addresses; -1 with errno. */
static int connect_to_one(struct backend *b, unsigned *addresses_left, const struct addr_room **address) {
    bool done;
    for (;;) {
        *address = backend_address(b);
        int fd = connect_to(*address, &done);
        if (fd >= 0) return fd;
        int error = errno;
        backend_address_failed(b, *address);
        errno = error;
        if (*addresses_left == 0) return -1;
        --*addresses_left;
    }
}

static void ask(struct backend_work *w, const struct gateway_host *h, unsigned addresses_left) {
    const struct addr_room *address;
    int fd = connect_to_one(w->backend, &addresses_left, &address);
    if (fd < 0) {
        unreachable(w, h, errno);
        return;
    }
    struct check_run *run = memory_zeroed(1, sizeof *run);
    run->work = w;
    run->host = h;
    run->address = address;
    run->addresses_left = addresses_left;
    run->ev.run = step;
    run->ev.closed = free_run;
    run->limit.fire = out_of_time;
    if (fdevent_add(w->events, &run->ev, fd, FDEVENT_OUT) != 0) { /* says nothing of the backend */
        close(fd);
        free(run);
        deadline_in(w->events, &w->check_in, h->check.interval_s * 1000ull);
        return;
    }
    w->run = run;
    deadline_in(w->events, &run->limit, h->check.timeout_s * 1000ull);
}

static void start(struct deadline *d) {
    struct backend_work *w = CONTAINER(d, struct backend_work, check_in);
    const struct gateway_host *h = health_checked_host(w->backend);
    if (!h || w->run) return;
    resolve_used(w->backend);
    if (w->backend->address_count) ask(w, h, w->backend->address_count - 1);
    else deadline_in(w->events, &w->check_in, 1000); /* its name comes first */
}

/* A reload may have changed what is asked: what runs was asked for the old host. */
void check_begin(struct backend *b) {
    struct backend_work *w = b->work;
    const struct gateway_host *h = health_checked_host(b);
    w->check_in.fire = start;
    if (!h) {
        check_end(b);
        return;
    }
    if (w->run && w->run->host != h) abandon(w->run);
    if (!w->run) deadline_in(w->events, &w->check_in, 0);
}

void check_unname(struct backend *b, const struct gateway_host *h) {
    struct backend_work *w = b->work;
    if (!w) return;
    bool was_running = w->run && w->run->host == h;
    if (was_running) abandon(w->run);
    if (!health_checked_host(b)) check_end(b);
    else if (was_running) deadline_in(w->events, &w->check_in, 0);
}

void check_end(struct backend *b) {
    struct backend_work *w = b->work;
    if (w->run) abandon(w->run);
    deadline_stop(&w->check_in);
    health_unchecked(b);
}
