/* explain.h - between the parts of goldcrest explain */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_EXPLAIN_H
#define GOLDCREST_EXPLAIN_H

#include <sys/types.h>

#include "server/rehearsal.h"

/* viewer - with whose rights files are looked at */
struct viewer {
    const char *name;    /* whom the workers run as; NULL: whoever runs this */
    uid_t uid;
    gid_t gid;
    gid_t groups[64];
    unsigned group_count;
    bool is_us;          /* the kernel can be asked; else modes tell */
};

/* Whom the configuration means. */
void viewer_find(struct viewer *v, const struct core_settings *core);

/* component - of a path, from the root on */
struct component {
    struct span path, name;
    struct span link;    /* where it leads, if it is a symbolic link */
    char owner[64];      /* "root:www-data" */
    mode_t mode;
    int error;           /* errno: it cannot be looked at */
    bool is_last;
    bool may;            /* pass, or read the last one */
};
enum { COMPONENTS_MAX = 64 };
/* Until one stops the viewer. Their number; spans in the arena. */
unsigned components_of(struct span path, const struct viewer *v, struct component *list, struct arena *a);

/* in_force - a setting that the configuration makes, and the one that it overrides (or NULL) */
struct in_force {
    const char *module;
    const struct assignment *set, *before;
};
/* Of those that hold for requests; in the order of modules. Arena memory. */
size_t settings_in_force(const struct plan *plan, struct in_force **list, struct arena *a);

/* A value on one line, shortened to about `columns`; 0: whole. */
void explain_value(struct buf *out, const struct value *v, size_t columns);
/* "vhosts.conf:12" */
void explain_place(struct buf *out, struct place at);
/* A limit that holds: its directive and value; false after the last one. */
bool explain_limit(const struct core_settings *core, size_t i, struct span *directive, uint32_t *value,
                   const char **unit);

/* What is asked, as text for people or an object of JSON on a line. */
void explain_text(struct buf *out, const struct rehearsal_question *q, const struct rehearsal *x,
                  const struct viewer *v, bool has_colours, bool shows_all);
void explain_json(struct buf *out, const struct rehearsal_question *q, const struct rehearsal *x,
                  const struct viewer *v);
const char *explain_end_name(enum rehearsal_end end);

#endif
