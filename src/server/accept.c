/* accept.c - a connection before its first byte: what modules make of it, and who its client really is */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/proxyline.h"
#include "net/wire.h"
#include "server/counting.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/worker.h"

/* ---- modules ---------------------------------------------------------------------------------- */

void request_expect_proxy_line(struct request *r, bool trust_tls) {
    struct conn *c = r->conn;
    if (!c->proxied) c->proxied = memory_zeroed(1, sizeof *c->proxied);
    c->proxied->trusts_tls |= trust_tls;
}

void request_be_tunnel(struct request *r) {
    r->is_tunnel = r->is_bare = true;
}

static void forget(struct request *r) {
    request_run_hooks(r, PHASE_REQUEST_RESET);
    request_drop(r);
}

/* There is no message yet: conditions on the socket and the peer's address tell which hooks there are. */
static enum handler ask_modules(struct conn *c, enum phase phase) {
    enum handler word = HANDLER_GO_ON;
    struct request *r = request_make(c);
    r->begun_ns = clock_monotonic_ns();
    r->begun_s = clock_now_s();
    r->module_data = arena_zeroed(&r->arena, r->conf->module_count * sizeof(void *));
    request_set_plan(r, plan_for(r->conf, r, c->listening->name));
    const struct plan *plan = r->plan;
    for (unsigned i = 0; i < plan->hook_count[phase] && word == HANDLER_GO_ON && !r->is_bare; i++)
        word = plan->hooks[phase][i].run(r, plan->hooks[phase][i].settings);
    if (r->is_bare && word == HANDLER_GO_ON) c->request = r;
    else forget(r);
    return word == HANDLER_GO_ON ? HANDLER_GO_ON : HANDLER_ERROR;
}

/* ---- the PROXY line --------------------------------------------------------------------------- */

static enum handler refuse(struct conn *c, const char *why) {
    char name[ADDR_TEXT_BYTES];
    addr_format(&c->peer, name);
    say_note("connection from %s: %s", name, why);
    return HANDLER_ERROR;
}

static void take_proxy_line(struct conn *c, const struct proxyline *line) {
    struct proxied *p = c->proxied;
    p->is_read = true;
    if (line->is_local) return;
    p->is_named = line->source.is.any.sa_family != AF_UNSPEC;
    if (p->is_named) c->peer = line->source;
    p->target = line->target;
    p->has_target = line->target.is.any.sa_family == AF_INET || line->target.is.any.sa_family == AF_INET6;
    p->has_tls = line->has_tls;
    p->is_verified = line->has_tls && line->is_verified;
    p->version = line->tls_version;
    p->cipher = line->tls_cipher;
    p->cn = line->tls_cn;
}

bool request_peer_is_named(const struct request *r) {
    return r->conn->proxied && r->conn->proxied->is_named;
}

/* It is looked at before it is taken: what follows is for TLS, or the first request. */
static enum handler read_proxy_line(struct conn *c) {
    struct proxied *p = c->proxied;
    struct proxyline line;
    for (;;) {
        size_t had = p->bytes.n;
        ssize_t n = recv(c->ev.fd, buf_room(&p->bytes, PROXYLINE_BYTES_MAX), PROXYLINE_BYTES_MAX, MSG_PEEK);
        if (n < 0 && errno == EINTR) continue;
        c->waiting = WAITING_INPUT;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return HANDLER_WAIT_FOR_EVENT;
        if (n <= 0) return HANDLER_ERROR;
        p->bytes.n += (size_t)n;
        memset(&line, 0, sizeof line);
        long used = proxyline_parse(&line, buf_span(&p->bytes));
        if (used == PROXYLINE_BAD) return refuse(c, "it does not begin with a PROXY line (extforward.hap-PROXY)");
        size_t take = used == PROXYLINE_MORE ? (size_t)n : (size_t)used - had;
        if (recv(c->ev.fd, p->bytes.p + had, take, 0) != (ssize_t)take) return HANDLER_ERROR;
        p->bytes.n = had + take;
        if (used == PROXYLINE_MORE) continue;
        take_proxy_line(c, &line);
        return HANDLER_GO_ON;
    }
}

/* What a proxy says of its client's TLS, once it is trusted. */
void conn_apply_proxied(const struct conn *c, struct request *r) {
    const struct proxied *p = c->proxied;
    r->is_tls |= p->has_tls;
    if (!p->trusts_tls || !p->is_verified || !p->cn.n) return;
    r->user = p->cn;
    fields_add_named(&r->env, &r->arena, SPAN("AUTH_TYPE"), SPAN("SSL_CLIENT_VERIFY"));
}

bool conn_proxied_variable(const struct proxied *p, unsigned *at, struct span *name, struct span *value) {
    const struct {
        struct span name, value;
    } all[] = {{SPAN("SSL_PROTOCOL"), p->version},
               {SPAN("SSL_CIPHER"), p->cipher},
               {SPAN("SSL_CLIENT_VERIFY"), p->is_verified ? SPAN("SUCCESS") : SPAN("NONE")},
               {SPAN("SSL_CLIENT_S_DN_CN"), p->is_verified ? p->cn : SPAN("")}};
    for (; *at < sizeof all / sizeof *all; (*at)++) {
        if (!all[*at].value.n) continue;
        *name = all[*at].name;
        *value = all[*at].value;
        (*at)++;
        return true;
    }
    return false;
}

void conn_drop_proxied(struct conn *c) {
    if (c->proxied) buf_done(&c->proxied->bytes);
    free(c->proxied);
    c->proxied = NULL;
}

/* ---- the step --------------------------------------------------------------------------------- */

/* Once, as soon as it is known who that is. */
static enum handler meet_peer(struct conn *c) {
    bool is_met = c->is_met;
    c->is_met = true;
    return is_met || !c->worker->conf->looks_at_peers ? HANDLER_GO_ON : ask_modules(c, PHASE_PEER);
}

enum handler conn_accept(struct conn *c) {
    if (!c->is_known && c->worker->conf->looks_at_connections) {
        c->is_known = true;
        if (ask_modules(c, PHASE_ACCEPT) == HANDLER_ERROR) return HANDLER_ERROR;
    }
    c->is_known = true;
    if (!c->proxied || c->proxied->is_read) return meet_peer(c);
    enum handler word = read_proxy_line(c);
    if (word == HANDLER_GO_ON) c->since_ms = fdevents_now_ms(c->worker->events);
    return word == HANDLER_GO_ON ? meet_peer(c) : word;
}

void conn_begin_tunnel(struct conn *c) {
    struct request *r = c->request;
    r->client = c->peer;
    r->is_tls = c->tls != NULL;
    if (c->proxied) conn_apply_proxied(c, r);
    r->in.version = 11;
    r->streams_body = true;
    c->protocol->begin_tunnel(r);
    c->requests++;
    request_jumps(r->state, REQUEST_HANDLE);
    r->state = REQUEST_HANDLE;
}

void conn_forget_tunnel(struct conn *c) {
    if (!c->request || !c->request->is_bare || c->request->state != REQUEST_READ) return;
    forget(c->request);
    c->request = NULL;
}
