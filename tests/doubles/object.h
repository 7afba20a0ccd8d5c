/* object.h - what a descriptor of a double stands for: a kernel object that watches other descriptors */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DOUBLE_OBJECT_H
#define GOLDCREST_DOUBLE_OBJECT_H

#include "tests/doubles/facts.h"

enum { OBJECT_NUMBERS = 1 << 20, OBJECT_MUTE = -1 };

/*
 * object - found by its descriptor for as long as that is open; freed some time after it was closed
 *
 *   numbers  by descriptor number: its place in fds and entries, or -1
 *   fds      packed, in the form in which the real kernel is asked
 *   entries  packed, what the double knows of each: entry_bytes each
 */
struct object {
    struct object *next;
    int fd;
    struct identity identity;
    bool is_private; /* forked children do not get it */
    pid_t owner;     /* 0: nobody has used it yet */
    unsigned turns, queued; /* for the double's own use */
    size_t entry_bytes, used, room, first;
    struct pollfd *fds;
    char *entries;
    int *numbers;
    size_t numbers_room;
};

struct object *object_open(size_t entry_bytes, int flags); /* flags: 0 or O_CLOEXEC. NULL with errno */
struct object *object_find(int fd);                        /* NULL, EBADF: there is none, or it was closed */

/* In a forked child: closes those that are private. */
void object_close_private(void);

/* What is known of fd, all zero when it is new; NULL: not watched, or no room (ENOMEM). Valid until the next call. */
void *object_entry(const struct object *object, int fd);
void *object_add(struct object *object, int fd);
void object_forget(struct object *object, int fd);

/* What the real kernel is asked for fd, which has an entry; OBJECT_MUTE: nothing, HUP and ERR neither. */
void object_ask(struct object *object, int fd, int events);

/* Tells of fd by putting at most `room` events where arg says; how many. It may forget fd. */
typedef int (*object_report)(struct object *object, int fd, short linux_revents, int room, void *arg);

/* Looks, and sleeps until there is something to tell or ms are over (-1: without limit). The number of events, or -1
 * with EINTR. */
int object_wait(struct object *object, int max, int64_t ms, object_report report, void *arg);

#endif
