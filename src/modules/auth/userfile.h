/* userfile.h - files of users, passwords and groups, read by the processes that check passwords */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_USERFILE_H
#define GOLDCREST_AUTH_USERFILE_H

#include <stdbool.h>

#include "base/buf.h"

enum { USERFILE_BYTES_MAX = 8 * 1024 * 1024, USERFILES_KEPT = 16 };

/*
 * The file's text, which lives until the next call. It is kept, and read anew when its time, size or inode has
 * changed; as long as it is younger than two seconds each time, since a second change would not be seen. False
 * after `why` was told.
 */
bool userfile_read(struct span path, struct span *text, struct buf *why);

/* The next line that says something: "user:rest". Empty lines, comments (#) and lines without a user are passed
 * over. */
bool userfile_next(struct span *text, struct span *user, struct span *rest);

/* "group: user user,user"; a group may have several lines. */
bool groupfile_has(struct span text, struct span group, struct span user);

#endif
