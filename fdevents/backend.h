/* backend.h - what a kernel interface offers to the set, and what it may see of the set */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_FDEVENTS_BACKEND_H
#define GOLDCREST_FDEVENTS_BACKEND_H

#include "fdevents/fdevent.h"

#include <stdbool.h>

/* Without configure the compiler's line names what is the system's own (-DHAVE_KQUEUE); these two are everywhere. */
#ifndef HAVE_CONFIG_H
#define HAVE_POLL 1
#define HAVE_SELECT 1
#endif

/* What a kernel means with HUP or ERR: whatever is wanted of it will not block. */
enum { BACKEND_FAILED = FDEVENT_IN | FDEVENT_OUT | FDEVENT_RDHUP };

struct backend {
    const char *name;
    bool checks_fd;     /* watch() says EBADF of a descriptor that is not open */
    bool notes_at_once; /* what is ready within watch() is said by the next wait, though read empty in between */
    unsigned caps;      /* FDEVENTS_CAP_*, where they cannot be tried out */

    /* Opens the kernel object, also anew in a child after fork(). The state, or NULL with errno. */
    void *(*start)(unsigned max_fds);
    void (*stop)(void *state);

    /* Makes the kernel watch ev->fd for `wanted` (FDEVENT_IN, _OUT, _RDHUP), in place of ev->armed;
     * 0: not at all. 0, or -1 with errno, whatever of it was done; taking a descriptor out never fails, also where
     * it is out already. */
    int (*watch)(void *state, struct fdevent *ev, unsigned wanted);

    /* Waits at most ms (-1: without limit) and calls backend_mark() for what is ready. 0, or -1
     * with errno. */
    int (*wait)(void *state, struct fdevents *set, int ms);
};

/* Notes that ev is ready; what is not wanted is dropped. FDEVENT_NVAL: the descriptor was closed by
 * somebody else. */
void backend_mark(struct fdevent *ev, unsigned ready);

/* The kernel has stopped watching ev (one-shot interfaces): it is registered again afterwards. */
void backend_unarmed(struct fdevent *ev);

/* The fdevent that fd belongs to, or NULL. */
struct fdevent *backend_find(const struct fdevents *set, int fd);

#endif
