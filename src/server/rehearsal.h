/* rehearsal.h - what a configuration makes of a request: the real steps and modules, and nobody notices */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_REHEARSAL_H
#define GOLDCREST_REHEARSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "http/fields.h"
#include "server/module.h"
#include "server/settings.h"

/*
 * A stage is a worker without a loop, for one configuration: requests are parsed, routed and answered by the server's
 * own steps and modules, one after the other, in this process. No socket is opened, no backend is asked, no program
 * is started, nothing is logged or written. Files are looked at with this process's rights.
 * One stage at a time in a process, and none in a worker that serves.
 */
struct stage;
struct stage *stage_make(struct conf *conf); /* holds it; NULL with errno */
void stage_drop(struct stage *s);

/* rehearsal_question - what is asked; spans are borrowed for the call */
struct rehearsal_question {
    struct span method;       /* empty: GET */
    struct span url;          /* "https://example.com:8443/blog/?p=1", or "/blog/?p=1" on the first socket */
    const struct span *lines; /* further fields, each "Name: value"; a Host takes the place of the URL's */
    size_t line_count;
    struct span from;         /* the client's address; empty: 127.0.0.1 */
    struct span socket;       /* by which it comes, as the configuration has it; empty: the URL tells */
};

/* "GET https://example.com/", "POST /form" or "/path" alone becomes method and URL. */
void rehearsal_split(struct span line, struct rehearsal_question *q);

enum rehearsal_end {
    REHEARSAL_ANSWERED, /* status, fields and length are what the client gets */
    REHEARSAL_BACKEND,  /* a backend or a program answers: `backend` tells which; status is 0 */
    REHEARSAL_DEPENDS,  /* somebody outside is asked first (LDAP, PAM, an authorizer): `why`; status is 0 */
    REHEARSAL_BROKEN,   /* a run-time error: the client gets nothing, or less than was announced */
    REHEARSAL_INVALID   /* the question makes no sense: `why` */
};

enum rehearsal_kind {
    NOTE_CONDITION, /* `block` and what came of it */
    NOTE_DECISION,  /* a hook or a step has changed something, or decided */
    NOTE_DETAIL,    /* a module tells why */
    NOTE_LOG        /* what the error log would have said */
};

enum rehearsal_truth {
    CONDITION_APPLIES,
    CONDITION_FALSE,
    CONDITION_OUTSIDE,  /* not looked at: the block around it does not apply */
    CONDITION_ELSE      /* not looked at: an earlier one of its chain applies (`other`) */
};

/* rehearsal_note - in the order of events */
struct rehearsal_note {
    enum rehearsal_kind kind;
    enum phase phase;
    const char *module;        /* "mod_alias"; "core" for the server's own steps */
    struct place at;           /* the line that says so; at.source NULL: none */
    struct span text;
    const struct block *block; /* of a condition */
    const struct block *other;
    enum rehearsal_truth truth;
    enum log_level level;      /* NOTE_LOG */
};

/* rehearsal_origin - who has put a field into the response; of several of one name and value the last one counts */
struct rehearsal_origin {
    struct span name, value;
    const char *module;
    struct place at;
};

/* rehearsal - the answer; everything in it lives until rehearsal_done(), and as long as the stage */
struct rehearsal {
    enum rehearsal_end end;
    int status;
    struct span why;           /* BROKEN, DEPENDS, INVALID */
    struct fields fields;      /* as sent but for Date and Connection, with Content-Length or Transfer-Encoding */
    int64_t body_bytes;        /* as the client gets it, coded but without chunks; -1: known only when it is sent */
    struct span backend;       /* BACKEND: "proxy.server \"/api\" => 127.0.0.1:8000" */
    const char *module;        /* who answers; "core": the server itself */
    enum phase phase;          /* … in which phase */
    struct span method, url;   /* in the end: after rewriting; path and query, encoded */
    struct span socket;        /* the listener */
    struct span host;          /* that conditions see */
    struct span client, user;
    struct span docroot, path, path_info; /* of the file system; empty: it was not looked at */
    struct span certificate;   /* ssl.pemfile; empty without TLS */
    bool is_tls;
    int error_status;          /* of an error that the error-handler answers; else 0 */
    uint8_t lasting;           /* enum lasting */
    struct span lowered_by;    /* who has made it so short: "mod_auth", "core"; empty: nobody */
    bool is_kept;              /* by the reply cache */
    struct span kept_why;      /* why not, or until when */
    const struct plan *plan;   /* settings in force; NULL: it has not come so far */
    struct rehearsal_note *notes;
    size_t note_count, note_cap;
    struct rehearsal_origin *origins;
    size_t origin_count, origin_cap;
    struct arena arena;
};

void rehearse(struct stage *s, const struct rehearsal_question *q, struct rehearsal *result);
void rehearsal_done(struct rehearsal *result);

/* The first value of that field of the answer; {NULL, 0}: there is none. */
struct span rehearsal_field(const struct rehearsal *x, struct span name);

/* Who has put that field there; NULL: the server itself, when it was sent. */
const struct rehearsal_origin *rehearsal_origin(const struct rehearsal *x, const struct field *f);

/* Where that directive got the value that holds under the plan; NULL: nowhere, its default holds. *before: the last
 * one that it overrides, or NULL. */
const struct assignment *plan_assignment(const struct plan *plan, struct span directive,
                                         const struct assignment **before);

const char *phase_name(enum phase phase); /* "uri clean" */

#endif
