/* pair.h - for tests: a request and a codec, without a server and without sockets */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TESTS_PAIR_H
#define GOLDCREST_TESTS_PAIR_H

#include "modules/gateway/exchange.h"

/*
 * pair - what an exchange would give a codec, for a GET of "http://example.com/dir/a.php" by 192.0.2.9:40000,
 * listener 192.0.2.7:8080, file "/srv/www/dir/a.php". pair.c also answers for the server (module.h), with
 * pair_core as its settings.
 */
struct pair {
    struct request r;
    struct gateway_host host;
    struct gateway_rule rule;
    struct message_pair p;
    const struct codec *codec;
    struct chunks out; /* what was said to the backend */
    struct buf story;  /* what came back: pair_hear() */
    enum take word;    /* the last one */
};

extern struct core_settings pair_core;
extern struct buf pair_log;         /* lines of request_say(), since pair_begin() */
extern const char *const *pair_tls; /* names and values in turn, NULL-ended; or NULL */

void pair_begin(struct pair *t, const struct codec *codec);
void pair_end(struct pair *t);
/* Forgets what was heard: as before the response. */
void pair_anew(struct pair *t);

void pair_target(struct pair *t, const char *target);
void pair_field(struct pair *t, const char *name, const char *value);

/* All that was queued so far, in one piece; it stays queued. Lives until the next call. */
struct span pair_said(struct pair *t);

/*
 * Gives the codec the response, at most `step` bytes at once, and then the end of the connection if `closes` and it
 * still wants to know. The story tells what it understood:
 *     "200 Content-Type: text/html; | 5 | hello | END keep"
 * status and fields, the declared length (-1), the body, the last word (and why it is BROKEN).
 */
const char *pair_hear(struct pair *t, struct span response, size_t step, bool closes);

#endif
