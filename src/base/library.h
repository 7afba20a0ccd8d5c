/* library.h - a shared library that is opened while the program runs */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LIBRARY_H
#define GOLDCREST_LIBRARY_H

#include <stdbool.h>

/* Can this program open libraries? A static one, or one that was built without, cannot. */
bool library_can(void);

/*
 * The address of an object in that library, which stays open to the process's end. All its references are resolved
 * at once. NULL: *why says what is wrong, in words of the system (static memory, until the next call).
 */
const void *library_object(const char *path, const char *name, const char **why);

#endif
