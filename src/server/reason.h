/* reason.h - why a request is refused */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_REASON_H
#define GOLDCREST_REASON_H

#include "server/module.h"

/* reason - in the request's arena; request_reason() makes it, REFUSE tells it */
struct reason {
    struct span text;             /* with the place in the configuration */
    const char *directive;        /* that is to blame; or NULL */
    struct span at;               /* … "vhost.conf:12"; empty: nowhere */
    struct reason *after_handler; /* why the error-handler had been asked, which now fails itself */
    int status;                   /* that REFUSE had it for; 0: not yet */
    bool is_said;                 /* in the error log */
};

/* say.c: a line in the error log about r; more: what JSON tells besides. */
void request_tell(const struct request *r, enum log_level level, struct span text, const struct log_fact *more,
                  size_t count);

/* say.c: a line in the error log about r; more: what JSON tells besides. */
void request_tell(const struct request *r, enum log_level level, struct span text, const struct log_fact *more,
                  size_t count);

#endif
