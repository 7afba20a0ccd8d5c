/* api.c - what modules may ask of the server (module.h) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/regex.h"
#include "http/reply.h"
#include "server/conn.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/watch.h"
#include "server/worker.h"
#include "tls/tls.h"

const struct core_settings *request_core(const struct request *r) {
    return r->plan ? r->plan->core : r->conn->worker->plan->core;
}

const struct watcher *request_watcher;

bool request_is_rehearsed(const struct request *r) {
    (void)r;
    return request_watcher != NULL;
}

void request_note(struct request *r, struct place at, const char *format, ...) {
    struct buf text = {0};
    va_list args;
    if (!request_watcher) return;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    request_watcher->noted(r, at, buf_span(&text));
    buf_done(&text);
}

void request_captures(struct request *r, const struct block *set_in, struct captures *captures) {
    char room[ADDR_TEXT_BYTES];
    captures->count = 0;
    for (const struct block *b = set_in; b; b = b->parent) {
        const struct condition *c = &r->conf->conditions.list[b->number];
        if (c->op != COND_MATCH || !c->regex) continue;
        struct span text = condition_operand_text(c, r, r->conn->listening->name, room);
        if (text.p == room) text = arena_copy(&r->arena, text);
        if (c->operand >= OPERAND_METHOD) request_lasts(r, LASTS_NOT); /* the cache's key has the bit, not the text */
        regex_match(c->regex, text, captures);
        return;
    }
}

bool request_set_target(struct request *r, struct span target) {
    struct uri uri;
    struct span copy = arena_copy(&r->arena, target);
    int status = copy.n && copy.p[0] == '/' ? uri_parse(&uri, copy, r->conf->parse_options, &r->arena) : 400;
    if (status) {
        r->status = status;
        return false;
    }
    r->in.uri = uri;
    return true;
}

void **request_data(struct request *r, const struct module *m) {
    unsigned i = 0;
    while (i < r->conf->module_count && r->conf->modules[i] != m) i++;
    if (!r->module_data) r->module_data = arena_zeroed(&r->arena, r->conf->module_count * sizeof(void *));
    return i < r->conf->module_count ? &r->module_data[i] : NULL;
}

const char *request_module_name(const struct request *r, unsigned i) {
    return i + 1 < r->conf->module_count ? r->conf->modules[i + 1]->name : NULL;
}

const void *request_settings(const struct request *r, const struct module *m) {
    for (unsigned i = 1; i < r->conf->module_count; i++)
        if (r->conf->modules[i] == m) return r->plan->settings[i];
    return NULL;
}

void request_set_path(struct request *r, struct span basedir, struct span rel_path) {
    r->physical.basedir = basedir;
    r->physical.rel_path = rel_path;
    r->physical.path = arena_join(&r->arena, basedir, rel_path);
}

enum handler request_refuse_with(struct request *r, int status) {
    r->status = status;
    return HANDLER_FINISHED;
}

enum handler request_redirect(struct request *r, int status, struct span location) {
    r->status = status;
    fields_set(&r->out, &r->arena, HEADER_LOCATION, location);
    return HANDLER_FINISHED;
}

struct span request_origin(struct request *r) {
    const char *scheme = r->is_tls ? "https" : "http";
    if (r->in.authority.n) return arena_printf(&r->arena, "%s://%.*s", scheme, SPAN_ARG(r->in.authority));
    struct addr local;
    char name[ADDR_TEXT_BYTES];
    request_local_addr(r, &local);
    addr_format(&local, name);
    bool v6 = local.is.any.sa_family == AF_INET6;
    return arena_printf(&r->arena, v6 ? "%s://[%s]:%u" : "%s://%s:%u", scheme, name, addr_port(&local));
}

void request_wake(struct request *r) {
    if (r->stream) h2_wake(r);
    fdevent_wake(&r->conn->ev);
}

void request_resume(struct request *r) {
    struct conn *c = r->conn;
    if (r->stream) h2_wake(r);
    if (c->is_running) fdevent_wake(&c->ev); /* who calls is being called by it */
    else conn_run(c);
}

void request_want_body(struct request *r) {
    request_wake(r);
}

bool request_tls_variable(struct request *r, unsigned *at, struct span *name, struct span *value) {
    const struct proxied *p = r->conn->proxied;
    if (p && p->trusts_tls && p->has_tls) return conn_proxied_variable(p, at, name, value);
    return r->conn->tls && tls_export(r->conn->tls, at, name, value, &r->arena);
}

const struct addr *request_peer(const struct request *r) {
    return &r->conn->peer;
}

size_t request_peer_text(const struct request *r, char out[ADDR_TEXT_BYTES]) {
    return addr_format(&r->client, out);
}

void request_local_addr(const struct request *r, struct addr *local) {
    struct addr_room room;
    if (r->conn->proxied && r->conn->proxied->has_target) {
        *local = r->conn->proxied->target;
        return;
    }
    *local = r->conn->listening->local;
    if (local->is.any.sa_family != AF_UNSPEC) return;
    room.len = sizeof room.storage;
    if (getsockname(r->conn->ev.fd, (struct sockaddr *)&room.storage, &room.len) != 0) room.len = 0;
    addr_from(local, &room);
}

struct span request_socket(const struct request *r) {
    return r->conn->listening->name;
}

uint64_t request_sent_bytes(const struct request *r) {
    uint64_t sent = r->conn->sent_bytes;
    if (!r->is_emitted) return 0;
    if (r->stream) return r->stream->h2->sent_bytes;
    if (r->is_complete) return conn_queued_bytes(r->conn) - r->queued_before;
    return sent > r->queued_before ? sent - r->queued_before : 0;
}

uint64_t request_sent_body_bytes(const struct request *r) {
    uint64_t sent = request_sent_bytes(r);
    if (r->stream) return r->body_sent;
    return sent > r->head_bytes ? sent - r->head_bytes : 0;
}

uint32_t request_keep_alive_count(const struct request *r) {
    return r->conn->requests ? r->conn->requests - 1 : 0;
}

bool request_is_complete(const struct request *r) {
    return r->is_complete;
}

const char *request_cache_word(const struct request *r) {
    if (!r->reply || !r->reply->kept) return "pass";
    return r->step || r->phase_at || r->comebacks ? "miss" : "hit";
}

int request_sent_status(const struct request *r) {
    return r->sent_status ? r->sent_status : r->status;
}

struct fdevents *request_events(const struct request *r) {
    return r->conn->worker->events;
}

/* ---- whom to tell ----------------------------------------------------------------------------- */

struct release {
    struct release *next;
    void (*run)(void *arg);
    void *arg;
};

void request_on_release(struct request *r, void (*release)(void *arg), void *arg) {
    struct release *x = arena_get(&r->arena, sizeof *x);
    *x = (struct release){r->releases, release, arg};
    r->releases = x;
}

static void run_all(struct release **list) {
    while (*list) {
        struct release *x = *list;
        *list = x->next;
        x->run(x->arg);
    }
}

void request_release(struct request *r) {
    run_all(&r->releases);
}

void request_on_end(struct request *r, void (*end)(void *arg), void *arg) {
    struct release *x = arena_get(&r->arena, sizeof *x);
    *x = (struct release){r->ends, end, arg};
    r->ends = x;
}

void request_run_ends(struct request *r) {
    run_all(&r->ends);
}
