/* codec.h - how a request is said to a backend, and its answer understood: what each protocol fills in */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_CODEC_H
#define GOLDCREST_GATEWAY_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/fields.h"
#include "http/request.h"
#include "net/chunk.h"

struct gateway_host;
struct gateway_rule;
struct transport;

/*
 * message_pair - a request on its way to a backend and the response on its way back: what codecs see of an exchange
 * Codecs are bytes in, bytes out: no sockets, no clock. What they keep lives in `state` or in the request's arena.
 */
struct message_pair {
    struct request *r;             /* in, physical, env, client … to be read; fields of r->out are not theirs */
    const struct gateway_host *host;
    const struct gateway_rule *rule;
    const void *settings;          /* the module's, merged for this request */
    void *state;                   /* codec->state_bytes, zeroed before begin() */

    /* of the request */
    int64_t body_bytes;            /* BODY_UNKNOWN: its end only end() tells */
    bool is_upgrade;               /* the client wants another protocol, and the host may (Upgrade, CONNECT) */

    /* of the response, for codecs to fill in */
    int status;                    /* once the head is there; before: 0 */
    struct fields fields;          /* in r's arena; without those of the connection (RFC 9110 7.6.1) */
    struct fields trailers;
    int64_t length;                /* of the body, as far as it was declared; -1 */
    struct chunks body;            /* what has come and nobody has taken: the codec adds, by pair_body() */
    bool is_interim;               /* TAKE_INTERIM: status and fields are those of an interim response */
    bool is_local_redirect;        /* RFC 3875 6.2.2: Location is a path, nobody has said a status (which is 302) */
    bool is_tunnel;                /* 101, or 2xx to CONNECT: bytes are raw from here */
    bool is_over;                  /* set by body(): what it has put into p->body is the response's end, once `out`
                                      is sent */
    bool can_keep;                 /* the connection may be used for the next request, once TAKE_END was said */
    struct span why;               /* TAKE_BROKEN: a sentence part for the log */
    uint64_t wanted;               /* body bytes that the backend has asked for (AJP13); UINT64_MAX: as they come. Set
                                      before begin(), which may lower it. Raised by take(): then body() is called,
                                      even if there is nothing left of the body */
    struct blob *in_blob;          /* what take()'s `in` points into */
};

enum take {
    TAKE_MORE,     /* `in` is used up */
    TAKE_INTERIM,  /* 1xx is in status and fields: pass it on, then call again (they are emptied) */
    TAKE_HEAD,     /* status and fields are there; call again for the body */
    TAKE_END,      /* the response is whole. Bytes left in `in` are the next response's: then nothing is kept */
    TAKE_BROKEN    /* nonsense; pair->why */
};

struct codec {
    const char *name;              /* "fastcgi": for the log and the identity of backends */
    size_t state_bytes;
    /* The request's head (and whatever begins a body) into out. 0, or the status to answer with instead: 501 if the
     * protocol cannot say this, 431 if it is too large for it. */
    int (*begin)(struct message_pair *p, struct chunks *out);
    /* Takes from `body` what may be sent now (at most max bytes, and p->wanted), framed, into out. Returns how many
     * bytes of body. */
    uint64_t (*body)(struct message_pair *p, struct chunks *out, struct chunks *body, uint64_t max);
    /* The body was complete. r->in.trailers may be there. */
    void (*end)(struct message_pair *p, struct chunks *out);
    /* Takes bytes off *in. Called until it says MORE (or END, BROKEN). */
    enum take (*take)(struct message_pair *p, struct span *in);
    /* The backend has ended its side: END if the response was whole thereby, TAKE_HEAD first if it ends the head,
     * else BROKEN. */
    enum take (*eof)(struct message_pair *p);
    /* The client is gone: something to say before the connection is closed (FCGI_ABORT_REQUEST)? NULL: close. */
    void (*abort)(struct message_pair *p, struct chunks *out);
    /* The exchange ends, whatever has become of it: gives back what the state holds beside the arena, or NULL. */
    void (*done)(struct message_pair *p);
    const struct transport *transport; /* what carries it; NULL: a connection of its own (link.c) */
    bool half_closes;              /* the end of the request's body is the end of the sending side (SCGI: no) */
    bool needs_length;             /* a body of unknown length is collected first (CONTENT_LENGTH) */
    bool holds_process;            /* a connection keeps a process of the backend from others (php-fpm's children):
                                      it is kept for 250 ms at most, and not while somebody waits for one */
};

/* Adds bytes of the response's body: copies small ones, else takes a part of in_blob. bytes lie in in_blob. */
void pair_body(struct message_pair *p, struct span bytes);

/* ---- shared by codecs ------------------------------------------------------------------------- */

/*
 * environment.c: the variables of CGI (RFC 3875 4.1 and what lighttpd sends), in order, one call a variable: method
 * variables, SERVER_*, REMOTE_*, SCRIPT_*, PATH_*, REQUEST_*, QUERY_STRING, CONTENT_*, HTTPS, HTTP_* of fields (never
 * HTTP_PROXY; fields with an underscore in their name or that would collide are left out), r->env, SSL_*. The host's
 * docroot, strip-request-uri, broken-scriptfilename and fix-root-scriptname are applied. Host may be NULL (mod_cgi).
 */
struct environment_sink {
    void (*put)(void *arg, struct span name, struct span value);
    void *arg;
};
void environment_each(const struct message_pair *p, const struct environment_sink *sink);

/*
 * cgihead.c: the head of a CGI response (RFC 3875 6.3), also of FastCGI, SCGI and uwsgi: fields, "Status:" or a
 * status line "HTTP/1.1 200 OK" (uwsgi, nph). Without a status it is 302 if there is a Location, else 200.
 * Content-Length is in p->length alone; the X-Sendfile family stays in p->fields for cgi_answer(). At most 64 KiB;
 * nothing is to be freed.
 */
struct cgi_head {
    char *p;                       /* what has come of it, in r's arena */
    size_t n, cap;
    size_t seen;                   /* bytes that were looked at */
    unsigned interims;             /* heads with 1xx so far */
};
/* MORE, INTERIM, HEAD, BROKEN */
enum take cgi_head_take(struct cgi_head *h, struct message_pair *p, struct span *in);
enum take cgi_head_eof(const struct cgi_head *h, struct message_pair *p); /* BROKEN: its end is missing */
/* Once the status is known: HEAD, 204 and 304 have none. */
bool cgi_has_body(const struct message_pair *p);
/* Bytes behind the head: as pair_body(), but nothing where the response has no body. */
void cgi_body(struct message_pair *p, struct span bytes);

/* Is it a field that belongs to one connection (RFC 9110 7.6.1), or is named by Connection's value? */
bool is_hop_by_hop(const struct field *f, struct span connection);
/* The same for a request's fields: what a client names takes nothing away that it has not sent itself. */
bool is_left_behind(const struct field *f, struct span connection);

/* ---- the codecs ------------------------------------------------------------------------------- */

extern const struct codec fastcgi_codec, scgi_codec, uwsgi_codec, ajp13_codec;

#endif
