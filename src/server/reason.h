/* reason.h - why a request is refused */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_REASON_H
#define GOLDCREST_REASON_H

#include "server/module.h"

/* reason - in the request's arena; request_reason() makes it, REFUSE tells it */
struct reason {
    struct span text;             /* with the place in the configuration */
    const char *directive;        /* that is to blame; or NULL */
    struct reason *after_handler; /* why the error-handler had been asked, which now fails itself */
    int status;                   /* that REFUSE had it for; 0: not yet */
    bool is_said;                 /* in the error log */
};

#endif
