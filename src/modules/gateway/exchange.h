/* exchange.h - a request and a backend: choosing one, sending, receiving, trying another, giving up */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_EXCHANGE_H
#define GOLDCREST_GATEWAY_EXCHANGE_H

#include "modules/gateway/backend.h"
#include "modules/gateway/codec.h"
#include "modules/gateway/options.h"
#include "server/module.h"

/* gateway_ask - what an exchange is about; read during the call */
struct gateway_ask {
    const struct gateway_kind *kind;
    const struct gateway_rule *rule;
    enum gateway_balance balance;
    const void *settings;          /* the module's: codecs see them */
    /* The response's head has come: a module's last word on p->status and p->fields (URLs mapped, X-Sendfile …).
     * NULL: none. Returns as handlers do: GO_ON (it is the answer), COMEBACK (request_set_target() was called),
     * FINISHED (r is answered otherwise, p's body is not wanted), ERROR with r->status. */
    enum handler (*answer)(struct message_pair *p);
    const struct value *map_extensions; /* gateway_by_url(): X.map-extensions, or NULL */
    const struct module *module;   /* gateway_by_url() with authorizers: its request_data() is the slot */
    bool collects_body;            /* the request's body has to be complete first, in any case */
    bool upgrades;                 /* the module allows upgrades, whatever the host says */
};

/*
 * For a hook (PHASE_URI_CLEAN, PHASE_SUBREQUEST_START): this request is answered by a backend. Sets r->handler and
 * what it needs; returns what the hook is to return (GO_ON, or FINISHED with a status). The request's body is
 * collected or streamed as server.stream-request-body says; a tunnel, and to HTTP/2 a body of unknown length, is
 * streamed.
 */
enum handler gateway_take(struct request *r, const struct gateway_ask *ask);

/*
 * For a hook that decides by what a backend says (FastCGI authorizer, forward authentication): asks without the
 * request's body and waits. Call it again with the same `slot` (request_data) until it does not say WAIT_FOR_EVENT:
 * then *answer is there (status 0: nobody answered, r->status is the error to give); its body is complete, at most
 * 64 KiB. After a COMEBACK it asks again: the URL is another one.
 */
enum handler gateway_consult(struct request *r, const struct gateway_ask *ask, void **slot,
                             const struct message_pair **answer);

/* The usual last word for CGI-like responses: X-Sendfile, X-LIGHTTPD-send-file, X-Sendfile2, X-Accel-Redirect within
 * the permitted directories; Status; local redirects (RFC 3875 6.2.2) for cgi.local-redir. */
enum handler cgi_answer(struct message_pair *p, bool x_sendfile, const struct value *docroots, bool local_redir);

/* The two hooks of a gateway module, over the settings' rules. */
enum handler gateway_by_url(struct request *r, const struct gateway_ask *ask, const struct gateway_rules *rules);
enum handler gateway_by_path(struct request *r, const struct gateway_ask *ask, const struct gateway_rules *rules,
                             const struct value *map_extensions);

/*
 * transport - what carries an exchange's bytes: a link to a backend, or the pipes of a CGI program (mod_cgi). link.c
 * has the one for sockets; the exchange drives it.
 */
struct exchange;
struct transport {
    /* Begins; when it is ready (maybe within this call): exchange_ready(). 0, or errno at once: then nothing is open.
     * x->carrier is the transport's own (gateway_take_by(): arg at first). */
    int (*open)(struct exchange *x);
    /* out has something, or the exchange wants to read (or not): act now, as far as it goes. */
    void (*pump)(struct exchange *x);
    /* The exchange is through: no more callbacks for x. keep: the connection may serve another. Not called after an
     * open() that failed. */
    void (*close)(struct exchange *x, bool keep);
};
enum handler gateway_take_by(struct request *r, const struct gateway_ask *ask, const struct transport *t, void *arg);

#endif
