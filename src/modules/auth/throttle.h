/* throttle.h - who guesses passwords has to wait */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_THROTTLE_H
#define GOLDCREST_AUTH_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "net/addr.h"

/*
 * Failures are counted for the client's network (IPv4: the address, IPv6: its /64) and for the user's name, in each
 * worker; a count is halved each minute. After three, attempts from that network come one after the other, with half
 * a second, then 1, 2, 4 seconds between them; those for that name wait, but not for one another: nobody can lock
 * somebody else out. The wait comes before the password is looked at, so that it tells nothing and costs nothing.
 *
 * Who was right from the same network not long ago does not wait for what others try elsewhere under that name; and
 * who comes with the very credentials that were right, not for a neighbour's failures either. That tells at once
 * whether they are these: so it ends when THROTTLE_TRUSTED attempts from there had to wait (a count that is halved
 * too).
 *
 * Of attempts that nobody has judged yet a network has a few at a time: guesses that are sent all at once are counted
 * like others, and the queue of the processes that judge is not filled by one client. The tables have a fixed size.
 */
enum {
    THROTTLE_FREE = 3,
    THROTTLE_MOST_MS = 4000,
    THROTTLE_QUEUE_MS = 12000,
    THROTTLE_TRUSTED = 100,      /* attempts of a network that had to wait */
    THROTTLE_AT_ONCE = 16,       /* attempts that are not judged yet */
    THROTTLE_AT_ONCE_KNOWN = 64, /* for a name that was right from this network a moment ago */
    THROTTLE_AGAIN_MS = 100,
    THROTTLE_KEY = 8
};

/* In how many milliseconds this attempt may be looked at: 0 is now; -1: too many wait already (429). Takes a place in
 * the queue. credentials: THROTTLE_KEY bytes that are a secret function of them; NULL: they cannot be told from
 * others yet. now_ms: monotonic. */
int throttle_wait_ms(const struct addr *client, struct span user, const unsigned char *credentials, uint64_t now_ms);

/* An attempt is being looked at, until throttle_end(). False: that network has enough of them; come again in
 * THROTTLE_AGAIN_MS, and ask throttle_wait_ms() anew. */
bool throttle_begin(const struct addr *client, struct span user, uint64_t now_ms);
void throttle_end(const struct addr *client, uint64_t now_ms);

void throttle_failed(const struct addr *client, struct span user, uint64_t now_ms);
void throttle_passed(const struct addr *client, struct span user, const unsigned char *credentials, uint64_t now_ms);
void throttle_clear(void);

#endif
