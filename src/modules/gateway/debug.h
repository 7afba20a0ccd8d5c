/* debug.h - fastcgi.debug, scgi.debug, ajp13.debug: what was asked and answered, in the log */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_DEBUG_H
#define GOLDCREST_GATEWAY_DEBUG_H

#include "modules/gateway/codec.h"

/*
 * For a module's `answer`, when the head has come. verbosity 0: nothing; 1: who answered with which status;
 * 2: also the response's fields; 3: also the variables of the request, but for those that carry secrets
 * (Authorization, Cookie), whose values are not shown. name: "fastcgi".
 */
void gateway_debug(const struct message_pair *p, const char *name, uint32_t verbosity);

#endif
