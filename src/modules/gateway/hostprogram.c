/* hostprogram.c - bin-path: a host that we start ourselves, perhaps several times, each with a socket of its own */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "conf/needs.h"
#include "modules/gateway/hostoptions.h"
#include "net/connect.h"

extern char **environ;

uint32_t host_copies(const struct host_text *t) {
    return t->bin_path.n ? t->max_procs : 1;
}

/* environment - what the program gets, in the making; texts in the rules' arena */
struct environment {
    const char **texts; /* "NAME=value", NULL at the end */
    size_t count, cap;
};

static struct span name_of(const char *text) {
    struct span s = span_of(text);
    return span_upto(s, span_find(s, '='));
}

/* The last one of a name counts. */
static void add(struct arena *a, struct environment *e, const char *text) {
    struct span name = name_of(text);
    for (size_t i = 0; i < e->count; i++) {
        if (!span_is(name_of(e->texts[i]), name)) continue;
        e->texts[i] = text;
        return;
    }
    if (e->count + 1 >= e->cap) {
        size_t cap = e->cap ? e->cap * 2 : 64;
        const char **texts = arena_get(a, cap * sizeof *texts);
        if (e->count) memcpy(texts, e->texts, e->count * sizeof *texts);
        e->texts = texts;
        e->cap = cap;
    }
    e->texts[e->count++] = text;
    e->texts[e->count] = NULL;
}

/* What tells us something of our own start, and would tell the program something wrong of its. */
static bool is_ours_alone(struct span name) {
    return span_starts(name, SPAN("LISTEN_")) || span_is(name, SPAN("NOTIFY_SOCKET")) ||
           span_starts(name, SPAN("WATCHDOG_")) || span_is(name, SPAN("MAINPID"));
}

static void copy_environment(const struct host_text *t, struct environment *e) {
    for (char **text = environ; text && *text; text++) {
        struct span name = name_of(*text);
        bool wanted = !t->bin_copy_environment && !is_ours_alone(name);
        for (size_t i = 0; t->bin_copy_environment && i < t->bin_copy_environment->count; i++)
            wanted |= span_is(t->bin_copy_environment->elements[i].value.string, name);
        if (wanted) add(t->arena, e, arena_copy(t->arena, span_of(*text)).p);
    }
}

static const char *const *environment_of(const struct host_text *t) {
    static const char *const nothing[] = {NULL};
    struct environment e = {0};
    copy_environment(t, &e);
    for (size_t i = 0; t->bin_environment && i < t->bin_environment->count; i++) {
        const struct element *one = &t->bin_environment->elements[i];
        struct span text = one->value.type == VALUE_INT
                               ? arena_printf(t->arena, "%.*s=%ld", SPAN_ARG(one->key), (long)one->value.number)
                               : arena_printf(t->arena, "%.*s=%.*s", SPAN_ARG(one->key), SPAN_ARG(one->value.string));
        add(t->arena, &e, text.p);
    }
    return e.count ? e.texts : nothing;
}

static bool check_listen(const struct host_text *t, struct gateway_host *h) {
    struct addr_room room;
    if (h->socket.n || addr_of_literal(h->host, h->port, &room)) return true;
    if (span_is_ci(h->host, SPAN("localhost"))) {
        h->host = SPAN("127.0.0.1");
        return true;
    }
    return host_refuse(t, "host", "write \"127.0.0.1\", or use a socket",
                       "a program that is started here listens on an address of this machine");
}

/* The socket, or the port; and what the backend may have sent with X-Sendfile. */
static void say_needs(const struct host_text *t, const struct gateway_host *h) {
    struct need n = {h->socket.n ? NEED_SOCKET : NEED_CONNECT, h->port, h->socket, h->place, t->kind->directive};
    need(t->complaints, &n);
    n.kind = NEED_RUN;
    n.text = t->bin_path;
    if (t->bin_path.n) need(t->complaints, &n);
    for (size_t i = 0; h->x_sendfile_docroot && i < h->x_sendfile_docroot->count; i++) {
        n.kind = NEED_READ;
        n.text = h->x_sendfile_docroot->elements[i].value.string;
        need(t->complaints, &n);
    }
}

bool host_make_copy(const struct host_text *t, uint32_t n, struct gateway_host *h) {
    *h = t->meant;
    if (t->bin_path.n) {
        if (!check_listen(t, h)) return false;
        if (h->socket.n) h->socket = arena_printf(t->arena, "%.*s-%u", SPAN_ARG(h->socket), (unsigned)n);
        else h->port = (uint16_t)(h->port + n);
    }
    host_name(t, h);
    say_needs(t, h);
    if (!t->bin_path.n) return true;
    size_t newline = span_find_last(h->identity, '\n');
    struct program_spec spec = {.command = t->bin_path, .listen = span_from(h->identity, newline + 1),
                                .envp = environment_of(t), .backlog = t->listen_backlog,
                                .kill_signal = (int)t->kill_signal};
    h->program = program_hold(&spec);
    return true;
}
