/* control.h - messages from the master to a worker or the helper, with a descriptor where one is needed */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONTROL_H
#define GOLDCREST_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "net/enclosure.h"

/* An upgrade leaves workers of the version before, which end their requests: what they are told (control.c's heads,
 * and the numbers of the first three) stays as it is for all time. */
enum control_kind {
    CONTROL_END = 1,     /* gracefully: the server ends */
    CONTROL_RETIRE = 2,  /* another worker takes over: its clients notice nothing, however long they stay */
    CONTROL_REOPEN = 3,  /* logs */
    CONTROL_LISTENER,    /* a socket for a configuration that follows; payload: its name; with descriptor */
    CONTROL_PIPE,   /* the pipe to a logging program; payload: the program; with descriptor */
    CONTROL_RELOAD, /* payload: name of the configuration, NUL, the recording of its inputs */
    CONTROL_TICKETS, /* payload: keys of session tickets, for tls_tickets_set() */
    CONTROL_HELPER, /* one end of a line between a worker and the helper (jobs.h), to either; with descriptor */
    CONTROL_ERRORLOG,    /* to the helper; payload: its target; with the pipe's descriptor for "|…" */
    CONTROL_BREAKAGELOG, /* likewise; empty: there is none */
    CONTROL_PROGRAMS,    /* to the helper; payload: programs_list(); it answers with a byte */
    CONTROL_WARRANT      /* to the helper; payload: warrant_make() */
};

/* Sends one message on a blocking socket; fd -1: none. False with errno; a worker that does not read is given up
 * after seconds. */
bool control_send(int socket, enum control_kind kind, struct span payload, int fd);

/* control - what a worker has received of a message */
struct control {
    struct buf bytes;
    struct enclosure enclosed; /* with the message being read */
};

enum control_result { CONTROL_MESSAGE, CONTROL_LATER, CONTROL_GONE };

/* The next whole message from a nonblocking socket. payload lives until the next call; *fd is the caller's from then
 * on. */
enum control_result control_receive(struct control *c, int socket, enum control_kind *kind, struct span *payload,
                                    int *fd);
void control_done(struct control *c);

#endif
