/* cgi.h - between the files of mod_cgi: its settings, the codec, and programs that run */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CGI_H
#define GOLDCREST_CGI_H

#include "modules/gateway/exchange.h"

/* cgi_limits - cgi.limits, compiled */
struct cgi_limits {
    uint32_t read_s, write_s; /* without progress; 0: none */
    int signo;                /* what a program gets when its client is gone, or its time is up */
    uint32_t most;            /* programs that may run at once in a worker */
};
enum { CGI_PROGRAMS_MAX = 256 /* where cgi.limits says nothing of it */ };

struct cgi_settings {
    const struct value *assign;
    const struct value *x_sendfile_docroot;
    const struct cgi_limits *limits;
    bool execute_x_only, x_sendfile, local_redir, upgrade;
};

/* compile of cgi.limits; discard is free(). */
void *cgi_limits_make(const struct value *v, struct complaints *c);

/* The interpreter of the first key that the path ends with; NULL: no key does. Empty: the file is the program. */
const struct span *cgi_interpreter(const struct cgi_settings *s, struct span path);

/* run.c: a program for one request, over pipes. */
extern const struct transport cgi_transport;
void cgi_runs_end(void);
/* How the program of this exchange has ended, as far as it is known: ", with status 1"; else "". */
const char *cgi_end_text(const struct message_pair *p, char room[64]);
/* It was killed, as far as is known: what it has said is not all it had to say. */
bool cgi_was_killed(const struct message_pair *p);

/* codec.c: nothing but the body goes to it; it answers with a head of RFC 3875 6 and what follows. */
extern const struct codec cgi_codec;
/* Has the whole response come, though the program may go on? */
bool cgi_is_whole(const struct message_pair *p);

/* explain.c: says why a program could not be started, and what to do. The status for the client. */
int cgi_explain(struct request *r, struct span interpreter, int error);

#endif
