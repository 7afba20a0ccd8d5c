/* notices.c - what is said of those who are refused: a line for a client and a time, not for each request */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/limit/notices.h"

static void add_one(uint32_t *count) {
    if (*count < UINT32_MAX) ++*count;
}

/* One line a second, and so many at once after a silence. */
static bool has_room(struct notices *n, int64_t now_s) {
    if (n->full_s < now_s || n->full_s > now_s + NOTICES_BURST) n->full_s = now_s;
    if (n->full_s - now_s >= NOTICES_BURST) return false;
    n->full_s++;
    return true;
}

bool notice_is_due(struct notices *n, uint64_t client, int64_t now_s, uint32_t *of_client, uint32_t *of_others) {
    struct notice *entry = &n->list[client % NOTICE_CLIENTS];
    bool is_known = entry->client == client && entry->said_s;
    bool was_said = is_known && now_s - entry->said_s < NOTICE_EVERY_S && now_s >= entry->said_s;
    if (was_said || !has_room(n, now_s)) {
        add_one(is_known ? &entry->unsaid : &n->unsaid);
        return false;
    }
    *of_client = is_known ? entry->unsaid : 0;
    *of_others = n->unsaid + (is_known ? 0 : entry->unsaid);
    *entry = (struct notice){client, now_s, 0};
    n->unsaid = 0;
    return true;
}
