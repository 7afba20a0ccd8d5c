/* states.h - the life of a connection and the life of a request, one table each. Read this first. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_STATES_H
#define GOLDCREST_STATES_H

/*
 * A step never names a state. It returns one of five words, and the row says where that leads:
 *
 *   GO_ON           the step is done, the usual next one follows
 *   FINISHED        done, by the short way
 *   COMEBACK        processing starts anew, with another target
 *   ERROR           a run-time error: the peer left, a write failed, a handler broke (an HTTP error is an answer:
 * REFUSE)
 *   WAIT_FOR_EVENT  stay here until something happens, at most as long as the limit says
 *
 * A "-" is a word that this step never returns; the runner asserts it.
 */

/*          state        step            limit      GO_ON   FINISHED  COMEBACK  ERROR    what happens here */
#define CONN_STATES(ROW)                                                                                         \
    ROW(HANDSHAKE, conn_handshake, READ_IDLE, SERVE, LINGER, NONE, CLOSE, "TLS, and which protocol is spoken") \
    ROW(SERVE, conn_serve, REQUESTS, LINGER, CLOSE, NONE, CLOSE, "requests in, responses out")                 \
    ROW(LINGER, conn_linger, LINGER, CLOSE, NONE, NONE, CLOSE, "half-closed: what still comes is drained")     \
    ROW(CLOSE, conn_close, NONE, NONE, NONE, NONE, NONE, "everything is given back")

/*              state  step  limit  GO_ON  FINISHED  COMEBACK  ERROR */
#define REQUEST_STATES(ROW)                                                                                      \
    ROW(READ, request_read, READ_IDLE, LOOKUP, GONE, NONE, REFUSE, "until the head is complete and valid")     \
    ROW(LOOKUP, request_lookup, NONE, ROUTE, WRITE, NONE, REFUSE, "is there a ready reply?")                   \
    ROW(ROUTE, request_route, WRITE_IDLE, READ_BODY, RESPONSE_START, LOOKUP, REFUSE, "conditions, then hooks") \
    ROW(READ_BODY, request_body, READ_IDLE, HANDLE, NONE, NONE, REFUSE, "the request's body")                  \
    ROW(HANDLE, request_handle, WRITE_IDLE, RESPONSE_START, NONE, LOOKUP, REFUSE, "until the status is known")  \
    ROW(REFUSE, request_refuse, NONE, RESPONSE_START, NONE, LOOKUP, ERROR, "an HTTP error: page or error-handler") \
    ROW(RESPONSE_START, request_start, NONE, WRITE, NONE, NONE, ERROR, "fields are added; the reply is kept")  \
    ROW(WRITE, request_write, WRITE_IDLE, RESPONSE_END, NONE, NONE, ERROR, "until the last byte is queued")    \
    ROW(RESPONSE_END, request_end, READ_IDLE, READ, GONE, NONE, ERROR, "log; then the next request, or the end") \
    ROW(ERROR, request_error, NONE, GONE, NONE, NONE, GONE, "a run-time error: log it, tell the modules")      \
    ROW(GONE, request_gone, NONE, NONE, NONE, NONE, NONE, "nothing is left of it")

/* What a WAIT_FOR_EVENT may last: names for the table; net times are in conn.c. */
#define LIMITS(ROW)                                                        \
    ROW(NONE, "")                                                          \
    ROW(REQUESTS, "the request's own limit")                               \
    ROW(READ_IDLE, "server.max-read-idle, server.max-keep-alive-idle")     \
    ROW(WRITE_IDLE, "server.max-write-idle")                               \
    ROW(LINGER, "server.linger-timeout")

enum conn_state {
#define ROW(state, ...) CONN_##state,
    CONN_STATES(ROW)
#undef ROW
    CONN_STATE_COUNT,
    CONN_NONE = CONN_STATE_COUNT
};

enum request_state {
#define ROW(state, ...) REQUEST_##state,
    REQUEST_STATES(ROW)
#undef ROW
    REQUEST_STATE_COUNT,
    REQUEST_NONE = REQUEST_STATE_COUNT
};

enum limit {
#define ROW(limit, ...) LIMIT_##limit,
    LIMITS(ROW)
#undef ROW
    LIMIT_COUNT
};

/* For the log (debug.log-state-handling), the status page and the tests. */
const char *conn_state_name(enum conn_state s);
const char *request_state_name(enum request_state s);

struct conn;
struct request;

/* The limit of the row that the request stands at. */
enum limit request_limit(const struct request *r);

/* Runs the connection until it waits (true) or is closed (false: it must not be touched any more). */
_Bool conn_run(struct conn *c);

/* Runs the request until it waits (HANDLER_WAIT_FOR_EVENT), is through and another may follow on this connection
 * (HANDLER_GO_ON: it stands at READ), or is gone (HANDLER_FINISHED; HANDLER_ERROR after a run-time error). */
int request_run(struct request *r);

#endif
