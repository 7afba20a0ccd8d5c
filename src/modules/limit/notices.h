/* notices.h - what is said of those who are refused: a line for a client and a time, not for each request */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LIMIT_NOTICES_H
#define GOLDCREST_LIMIT_NOTICES_H

#include <stdbool.h>
#include <stdint.h>

enum { NOTICE_CLIENTS = 256, NOTICE_EVERY_S = 60, NOTICES_BURST = 20 /* then one a second, of all clients */ };

/* notices - of one process; all zero at first. Two clients that fall onto the same entry are as one. */
struct notices {
    struct notice {
        uint64_t client;
        int64_t said_s;
        uint32_t unsaid; /* since then */
    } list[NOTICE_CLIENTS];
    int64_t full_s;      /* when as many lines may be said at once as ever */
    uint32_t unsaid;     /* of those without an entry */
};

/* Shall this be said now? Then what was not said before: of this client, and of those that no entry is left of. */
bool notice_is_due(struct notices *n, uint64_t client, int64_t now_s, uint32_t *of_client, uint32_t *of_others);

#endif
