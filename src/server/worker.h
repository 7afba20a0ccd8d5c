/* worker.h - one process that serves: its loop, listeners, connections and caches */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_WORKER_H
#define GOLDCREST_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "fdevents/fdevent.h"
#include "http/replies.h"
#include "server/settings.h"

struct conn;
struct plan;

enum { NAME_POOL_BYTES = 480 };

enum worker_mode { WORKER_SERVES, WORKER_ENDS /* gracefully: no new connections */, WORKER_STOPS };

struct worker {
    struct fdevents *events;
    struct conf *conf;               /* held; what new requests begin under */
    const struct plan *plan; /* of the global block: for connections without a request; made with the first of them,
                                        when the logs are open */
    struct replies *replies;
    struct list listeners;           /* struct listening */
    struct list conns;               /* struct conn */
    struct list lingering;           /* struct conn: those that have half-closed, the oldest first */
    struct list leaving;             /* … and whose client's end is soon looked for, the oldest first */
    struct deadline look;            /* when the first of those is looked at */
    struct fdevent control;          /* to the master; fd -1 if there is none */
    struct deadline second;          /* once a second while there is something to do */
    struct deadline end;             /* of a graceful end */
    struct request *spare_requests;
    struct input *spare_inputs;
    struct conn *spare_conns;
    struct stream *spare_streams;
    uint32_t conn_count;
    uint32_t lingering_count, leaving_count; /* the former with the latter */
    uint32_t max_conns, linger_room; /* … and so many more that linger */
    uint32_t max_fds;                /* what the event handler can hold */
    uint32_t spare_request_count, spare_input_count, spare_conn_count, spare_stream_count;
    uint32_t next_listener_id, next_request_id;
    uint32_t idle_exit_s;            /* -i: ends after so many seconds without a connection */
    uint64_t busy_ms;                /* when the last connection ended */
    unsigned char names[NAME_POOL_BYTES]; /* random bytes that request_id() uses up; this process's alone */
    uint32_t names_left;
    enum worker_mode mode;
    bool is_retired;                 /* WORKER_ENDS, but clients who stay may stay */
    bool accepting;                  /* false: listeners are silent, max_conns is reached */
    bool one_shot;                   /* -1: ends with its only connection */
};

/* Makes a worker for this process. NULL with errno, said on the main log. */
struct worker *worker_make(struct conf *conf);

/* Adds a listening descriptor (taken over). silent: nothing is accepted before the next worker_reconfigure(): under
 * the configuration that is in force it would be something else. */
bool worker_listen(struct worker *w, struct span name, int fd, bool silent);
/* Stops listening on what is not in the list of names any more. */
void worker_unlisten_others(struct worker *w, const struct conf *conf);

/* Exchanges the configuration: running requests keep theirs. Takes a reference over. */
void worker_reconfigure(struct worker *w, struct conf *conf);

/* What modules do beside requests begins; worker_run() calls it. */
void worker_begin(struct worker *w);

/* Serves until it is told to stop. */
void worker_run(struct worker *w);

void worker_end_gracefully(struct worker *w);

/* Others have taken its place: no new connections, but those that are there go on to their end; a client that is idle
 * may ask once more, and is told to go elsewhere. worker_end_gracefully() is still possible, and shorter. */
void worker_retire(struct worker *w);
void worker_stop(struct worker *w);

/* A connection came, has nothing to do but to end, or went. */
void worker_conn_added(struct worker *w);
void worker_conn_lingers(struct worker *w, struct conn *c);
/* One of worker.leaving goes on to the others that linger. */
void worker_conn_stays(struct worker *w, struct conn *c);
void worker_conn_gone(struct worker *w, const struct conn *c);

void worker_drop(struct worker *w);

#endif
