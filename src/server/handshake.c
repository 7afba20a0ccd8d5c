/* handshake.c - the first step of a connection: TLS, and which version of HTTP is spoken */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "net/wire.h"
#include "server/counting.h"
#include "server/plan.h"
#include "server/secure.h"
#include "server/worker.h"
#include "tls/tls.h"

static enum handler fail(struct conn *c, const char *why) {
    char name[ADDR_TEXT_BYTES];
    addr_format(&c->peer, name);
    say_error("connection from %s: %s", name, why);
    return HANDLER_ERROR;
}

/* Somebody has asked the port of TLS in plain HTTP: the answer is plain, too. */
static void explain_port(struct conn *c) {
    static const struct span answer =
        SPAN_INIT("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 53\r\n"
                  "Connection: close\r\n\r\n"
                  "This port speaks HTTPS: the address begins https://\r\n");
    tls_drop(c->tls);
    c->tls = NULL;
    chunks_add_constant(&c->out, answer);
}

/* An alert, or the plain answer, is still to be read by the client. */
static enum handler refuse(struct conn *c) {
    char name[ADDR_TEXT_BYTES];
    bool is_noise;
    const char *why = tls_why(c->tls, &is_noise);
    handshake_counted(c, false);
    addr_format(&c->peer, name);
    if (*why && (!is_noise || tls_context_settings(tls_context_of(c->tls))->log_noise))
        say_note("TLS: %s: %s", name, why);
    if (tls_is_plain_http(c->tls)) explain_port(c);
    else c->is_quiet = true;
    return HANDLER_FINISHED;
}

static enum handler shake_hands(struct conn *c) {
    enum tls_progress progress = tls_handshake(c->tls);
    c->waiting = progress == TLS_WANT_OUT ? WAITING_ROOM : WAITING_INPUT;
    if (progress == TLS_WANT_IN || progress == TLS_WANT_OUT) return HANDLER_WAIT_FOR_EVENT;
    if (progress == TLS_FAILED) return refuse(c);
    return tls_is_acme(c->tls) ? HANDLER_FINISHED : HANDLER_GO_ON;
}

/* Without TLS the client's first bytes tell (RFC 9113 3.3). */
static enum handler look_for_preface(struct conn *c) {
    static const struct span preface = SPAN_INIT(H2_PREFACE);
    for (;;) {
        struct span got = conn_unread(c);
        size_t n = got.n < preface.n ? got.n : preface.n;
        if (n && memcmp(got.p, preface.p, n) != 0) return HANDLER_GO_ON;
        if (n == preface.n) break;
        ssize_t received = conn_receive(c);
        if (received == 0 || received == WIRE_BROKEN) return HANDLER_GO_ON;
        c->waiting = WAITING_INPUT;
        if (received == WIRE_LATER) return HANDLER_WAIT_FOR_EVENT;
    }
    count(COUNT_H2_CONNECTIONS);
    h2_begin(c);
    return HANDLER_GO_ON;
}

static enum handler begin(struct conn *c) {
    if (c->request) conn_begin_tunnel(c);
    if (c->request || !c->tls || !tls_is_h2(c->tls)) return HANDLER_GO_ON;
    count(COUNT_H2_CONNECTIONS);
    h2_begin(c);
    return HANDLER_GO_ON;
}

enum handler conn_handshake(struct conn *c) {
    struct worker *w = c->worker;
    if (c->is_broken) return HANDLER_ERROR;
    if (!c->is_known || c->proxied) {
        enum handler word = conn_accept(c);
        if (word != HANDLER_GO_ON) return word;
    }
    if (!c->tls && !c->tls_conf) {
        struct tls_context *context = secure_context(w->conf, c->listening->name);
        if (!context && feature_flag(w->conf->core, SPAN("server.h2c"), false) && !c->request)
            return look_for_preface(c);
        if (!context) return begin(c);
        c->tls_conf = conf_hold(w->conf);
        c->tls = tls_open(context, c->ev.fd, secure_select, c);
        if (!c->tls) return fail(c, "no TLS session can be made");
    }
    enum handler word = shake_hands(c);
    if (word != HANDLER_GO_ON) return word;
    handshake_counted(c, true);
    conf_drop(c->tls_conf); /* names are not selected any more */
    c->tls_conf = NULL;
    c->since_ms = fdevents_now_ms(w->events);
    return begin(c);
}
