/* handler.h - the five words that steps and hooks answer with */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HANDLER_H
#define GOLDCREST_HANDLER_H

enum handler {
    HANDLER_GO_ON,          /* a hook: nothing to say, the next one */
    HANDLER_FINISHED,       /* a hook: r->status is set, the response (or the refusal) is decided */
    HANDLER_COMEBACK,       /* a hook: r->in.uri has changed, start anew */
    HANDLER_ERROR,          /* a hook: a run-time error, drop the connection */
    HANDLER_WAIT_FOR_EVENT  /* a hook: call me again when the connection is woken */
};

#endif
