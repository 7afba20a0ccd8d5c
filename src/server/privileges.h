/* privileges.h - what a worker gives up before it talks to anybody */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_PRIVILEGES_H
#define GOLDCREST_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "server/core.h"

/* who - the user and group that server.username and server.groupname mean */
struct who {
    uid_t uid;
    gid_t gid;
    bool is_set; /* false: we are not root, or nothing was asked for */
    const char *name;
};

/* Looks them up. False with the reason said: unknown, or uid/gid 0. */
bool privileges_find(const struct core_settings *core, struct who *who);

/* chroot, then group, supplementary groups and user, for good. False with the reason said. */
bool privileges_drop(const struct core_settings *core, const struct who *who);

#endif
