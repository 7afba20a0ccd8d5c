/* logline.h - a line of an access log becomes a request again */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LOGLINE_H
#define GOLDCREST_LOGLINE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

/* logged_request - empty where the log does not say; spans of the line or the arena */
struct logged_request {
    struct span client, host, method, target, referer, agent;
};

/*
 * Lines of the common and combined formats (ADDRESS - USER [TIME] "REQUEST" …), with a host in the second place, as
 * lighttpd and goldcrest write them, or in front ("HOST:PORT ADDRESS - …"), and objects of server.log-format "json".
 * False: it is none, or tells no request.
 */
bool logline_parse(struct span line, struct logged_request *r, struct arena *a);

#endif
