/* library.h - a shared library that is opened while the program runs */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LIBRARY_H
#define GOLDCREST_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

/* Can this program open libraries? A static one, or one that was built without, cannot. */
bool library_can(void);

/*
 * The address of an object in that library, which stays open to the process's end. All its references are resolved
 * at once. NULL: *why says what is wrong, in words of the system (static memory, until the next call).
 */
const void *library_object(const char *path, const char *name, const char **why);

/* ---- parts: libraries that are built with the program, and loaded when they are needed --------- */

/*
 * NAME.so lies in the folder that the environment's GOLDCREST_LIBDIR says; without that in .libs beside the program,
 * where libtool leaves it in a build folder, or in ../lib/goldcrest from there, else in configure's libdir/goldcrest.
 * The object begins with a uint32_t, which has to be `build`: a part of another build is refused. NULL: *why says
 * what is wrong, with the file's name (static memory, as above). The name is borrowed.
 */
const void *library_part(const char *name, const char *object, uint32_t build, const char **why);

/* The program's file, by its whole path; borrowed. */
void library_set_program(const char *path);

/* How many parts were loaded so far: processes that were forked before have fewer. */
unsigned library_parts(void);

/*
 * For an upgrade: the file of the nth part, open, with its name; -1: there are no more. Files may be replaced while
 * the program runs, and if it is executed once more it has to find its own.
 */
int library_part_file(unsigned n, const char **name);
/* In a process that takes no part in upgrades. */
void library_close_files(void);
/* The program before had this file open as a part of that name: it is looked for there first. */
void library_part_take(const char *name, int fd);

#endif
