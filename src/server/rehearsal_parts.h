/* rehearsal_parts.h - between rehearsal.c and rehearsal_notes.c */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_REHEARSAL_PARTS_H
#define GOLDCREST_REHEARSAL_PARTS_H

#include "base/buf.h"
#include "server/conn.h"
#include "server/plan.h"
#include "server/rehearsal.h"
#include "server/watch.h"
#include "server/worker.h"

/* snapshot - of what hooks change; spans as the request has them, which stay in place until its end */
struct snapshot {
    struct span target, docroot, path, path_info, user, host;
    struct addr client;
    struct field *out, *in; /* copies of the lists */
    uint32_t out_count, in_count, env_count;
    int status;
    uint16_t comebacks;
    uint8_t lasting;
    bool is_tls, has_handler;
};

struct stage {
    struct worker worker;
    struct conn conn;
    struct listening listening;
    struct buf head;           /* of the request */
    struct rehearsal *at;      /* the one that is on */
    struct snapshot before;
    uint8_t *truths;           /* of each block, + 1; 0: not looked at yet */
};

static inline struct stage *stage_of(const struct request *r) {
    return CONTAINER(r->conn, struct stage, conn);
}

/* ---- rehearsal_question.c --------------------------------------------------------------------- */

/* rehearsal_url - a URL's parts; without a scheme it is the path alone, and port is 0 */
struct rehearsal_url {
    struct span scheme, authority, host, target;
    unsigned port;
};
struct rehearsal_url rehearsal_url(struct span url);
/* Nothing in it would end a line of the request. */
bool rehearsal_is_clean(const struct rehearsal_question *q);
/* The head as a client would send it. */
void rehearsal_write(struct buf *head, const struct rehearsal_question *q, const struct rehearsal_url *u);
/* Sets the stage's listener, peer, is_tls and certificate. False with why. */
bool rehearsal_connect(struct stage *s, const struct rehearsal_question *q, const struct rehearsal_url *u);

/* ---- rehearsal_notes.c ------------------------------------------------------------------------ */

extern const struct watcher rehearsal_watcher;
void rehearsal_capture(void *stage, enum log_level level, struct span text);

/* What holds now is what the next change is told from. */
void snapshot_take(struct stage *s, const struct request *r);
/* A note of the server itself. */
void rehearsal_say(struct stage *s, enum phase phase, struct place at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Those that were told within a hook or step are its own. */
void rehearsal_name_notes(struct stage *s, enum phase phase, const char *module);
/* Who has raised r->lasting since the last look. */
void rehearsal_note_lasting(struct stage *s, const struct request *r, const char *module);

#endif
