/* module.h - what a module sees of the server, and what the server wants to know of a module */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MODULE_H
#define GOLDCREST_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/directive.h"
#include "conf/tree.h"
#include "http/request.h"
#include "http/source.h"
#include "server/core.h"
#include "server/handler.h"

/*
 * A module is a table of directives, a struct of settings that they fill, and hooks. The server parses, checks,
 * merges and explains; a hook is called for a request only if the module is active under the settings that hold for
 * it.
 */

/* The phases of a request, in order; the names are lighttpd's. */
enum phase {
    PHASE_URI_RAW,          /* the target may be rewritten */
    PHASE_URI_CLEAN,        /* by URL: refuse, redirect, authenticate, take it over */
    PHASE_DOCROOT,          /* virtual hosts: set physical.docroot */
    PHASE_PHYSICAL,         /* move physical.path: alias, userdir */
    PHASE_SUBREQUEST_START, /* by file: index files, listings, gateways by extension, static files */
    PHASE_RESPONSE_START,   /* add fields, wrap the source */
    PHASE_REQUEST_DONE,     /* the response is over, whole or not: logs, counters */
    PHASE_REQUEST_RESET,    /* in any case, last: give back what the request holds */
    PHASE_COUNT
};

/*
 * hook - a phase and what to call in it
 * lasting: how long the module's word holds, given the same (listener, host, target, conditions): LASTS for a pure
 * function of them, LASTS_NOT for anything that looks at the client. Not asked for in the last two phases.
 */
struct hook {
    enum phase phase;
    enum handler (*run)(struct request *r, const void *settings);
    enum lasting lasting;
};

enum { MODULE_ABI = 1 };

struct module {
    unsigned abi;                        /* MODULE_ABI */
    const char *name;                    /* "mod_alias" */
    const struct directive *directives;  /* ended by DIRECTIVE_END; fields lie in the settings struct */
    const struct hook *hooks;            /* ended by a hook with run == NULL */
    size_t settings_size;
    const void *defaults;                /* settings_size bytes */
    bool (*is_active)(const void *settings); /* NULL: always */
};

/* ---- what hooks may ask ----------------------------------------------------------------------- */

/* The server's own settings that hold for this request. */
const struct core_settings *request_core(const struct request *r);

/* Says something about this request in its error log. */
void request_say(const struct request *r, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The captures of the innermost regex condition around the block where a directive was set (for %0…%9). Count 0 if
 * there is none. The spans live as long as the request. */
struct captures;
void request_captures(struct request *r, const struct block *set_in, struct captures *captures);

/* Replaces the target (path and query, as a client would send it) and parses it anew; the caller then returns
 * HANDLER_COMEBACK. False if it is no target (r->status is set then). */
bool request_set_target(struct request *r, struct span target);

/* A pointer of module m's own in this request, NULL at first; it survives a COMEBACK. What it points to lives in the
 * request's arena, or is freed in PHASE_REQUEST_RESET. */
void **request_data(struct request *r, const struct module *m);

/* Moves physical.path below another directory (alias, userdir): path = basedir + rel_path. */
void request_set_path(struct request *r, struct span basedir, struct span rel_path);

/* An answer without a body of its own: HANDLER_FINISHED, with the server's page for an error status. */
enum handler request_refuse_with(struct request *r, int status);

/* Answers with a redirect to that location (RFC 9110 15.4). */
enum handler request_redirect(struct request *r, int status, struct span location);

/* Scheme and authority of this request, as an absolute URL begins: "https://example.com". */
struct span request_origin(struct request *r);

/* Runs the connection of this request once more in the next turn: for what waited. */
void request_wake(struct request *r);

/* The peer's end of the connection and ours. */
const struct addr *request_peer(const struct request *r);
size_t request_peer_text(const struct request *r, char out[ADDR_TEXT_BYTES]);
void request_local_addr(const struct request *r, struct addr *local);

/* Bytes of the response put on the wire so far (head and body; body alone), and of the request. */
uint64_t request_sent_bytes(const struct request *r);
uint64_t request_sent_body_bytes(const struct request *r);
/* How many requests came on this connection before this one. */
uint32_t request_keep_alive_count(const struct request *r);
/* True if the response came to its end as it should. */
bool request_is_complete(const struct request *r);
/* Status as sent: of a kept reply a client may get 304, 206, 412 or 416. */
int request_sent_status(const struct request *r);

#endif
