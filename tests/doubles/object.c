/* object.c - what a descriptor of a double stands for: a kernel object that watches other descriptors */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/doubles/object.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct object *objects;

/* ---- their life ------------------------------------------------------------------------------- */

static void object_free(struct object *object) {
    free(object->fds);
    free(object->entries);
    free(object->numbers);
    free(object);
}

/* Nobody tells when a descriptor is closed: those of which it was are swept out before a new one is made. */
static void sweep(void) {
    struct object **link = &objects;

    while (*link) {
        struct object *object = *link;

        if (identity_holds(&object->identity, object->fd)) {
            link = &object->next;
            continue;
        }
        *link = object->next;
        object_free(object);
    }
}

/* A file in memory: unlike all eventfds, each has an identity of its own. */
struct object *object_open(size_t entry_bytes, int flags) {
    struct object *object = calloc(1, sizeof *object);

    sweep();
    if (!object) return NULL;
    object->fd = memfd_create("double", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (object->fd < 0) {
        free(object);
        return NULL;
    }
    identity_get(&object->identity, object->fd);
    object->entry_bytes = entry_bytes;
    object->next = objects;
    objects = object;
    return object;
}

struct object *object_find(int fd) {
    for (struct object *object = objects; object; object = object->next) {
        if (object->fd == fd && identity_holds(&object->identity, fd)) return object;
    }
    errno = EBADF;
    return NULL;
}

void object_close_private(void) {
    for (struct object *object = objects; object; object = object->next) {
        if (object->is_private && identity_holds(&object->identity, object->fd)) close(object->fd);
    }
    sweep();
}

/* ---- what they watch --------------------------------------------------------------------------- */

static int place_of(const struct object *object, int fd) {
    return fd >= 0 && (size_t)fd < object->numbers_room ? object->numbers[fd] : -1;
}

static void *entry_at(const struct object *object, size_t place) {
    return object->entries + place * object->entry_bytes;
}

void *object_entry(const struct object *object, int fd) {
    int place = place_of(object, fd);

    return place < 0 ? NULL : entry_at(object, (size_t)place);
}

static bool number_room(struct object *object, int fd) {
    size_t room = object->numbers_room ? object->numbers_room : 64;
    int *more;

    if ((size_t)fd < object->numbers_room) return true;
    while (room <= (size_t)fd) room *= 2;
    more = realloc(object->numbers, room * sizeof *more);
    if (!more) return false;
    for (size_t i = object->numbers_room; i < room; i++) more[i] = -1;
    object->numbers = more;
    object->numbers_room = room;
    return true;
}

static bool entry_room(struct object *object) {
    size_t room = object->room ? object->room * 2 : 64;
    struct pollfd *fds;
    char *entries;

    if (object->used < object->room) return true;
    fds = realloc(object->fds, room * sizeof *fds);
    if (fds) object->fds = fds;
    entries = realloc(object->entries, room * object->entry_bytes);
    if (entries) object->entries = entries;
    if (!fds || !entries) return false;
    object->room = room;
    return true;
}

void *object_add(struct object *object, int fd) {
    void *entry = object_entry(object, fd);

    if (entry) return entry;
    if (fd < 0 || fd >= OBJECT_NUMBERS || !number_room(object, fd) || !entry_room(object)) {
        errno = ENOMEM;
        return NULL;
    }
    object->numbers[fd] = (int)object->used;
    object->fds[object->used] = (struct pollfd){.fd = -1 - fd};
    entry = entry_at(object, object->used++);
    memset(entry, 0, object->entry_bytes);
    return entry;
}

/* Muted ones stand in fds as -1 - fd, which the real kernel passes over. */
static int number_at(const struct object *object, size_t place) {
    int fd = object->fds[place].fd;

    return fd < 0 ? -1 - fd : fd;
}

void object_ask(struct object *object, int fd, int events) {
    struct pollfd *asked = &object->fds[object->numbers[fd]];

    asked->fd = events == OBJECT_MUTE ? -1 - fd : fd;
    asked->events = events == OBJECT_MUTE ? 0 : (short)events;
    asked->revents = 0;
}

void object_forget(struct object *object, int fd) {
    int place = place_of(object, fd);
    size_t last = object->used - 1;

    if (place < 0) return;
    object->numbers[fd] = -1;
    object->used = last;
    if ((size_t)place == last) return;
    object->fds[place] = object->fds[last];
    memcpy(entry_at(object, (size_t)place), entry_at(object, last), object->entry_bytes);
    object->numbers[number_at(object, (size_t)place)] = place;
}

/* ---- waiting ------------------------------------------------------------------------------------ */

/* What the real kernel says, from where the last look ended: nobody is passed over for ever. */
static struct pollfd *ready_ones(struct object *object, size_t *count) {
    struct pollfd *ready = calloc(object->used + 1, sizeof *ready);

    *count = 0;
    for (size_t i = 0; ready && i < object->used; i++) {
        const struct pollfd *asked = &object->fds[(object->first + i) % object->used];

        if (asked->fd >= 0 && asked->revents) ready[(*count)++] = *asked;
    }
    return ready;
}

static int look(struct object *object, int max, object_report report, void *arg) {
    struct pollfd *ready;
    size_t count;
    int found = 0;

    if (facts_poll(object->fds, object->used, 0) <= 0) return 0;
    ready = ready_ones(object, &count);
    if (!ready) return 0;
    for (size_t i = 0; i < count && found < max; i++) {
        int more = report(object, ready[i].fd, ready[i].revents, max - found, arg);
        int place = place_of(object, ready[i].fd);

        found += more;
        if (more && place >= 0) object->first = (size_t)place + 1;
    }
    free(ready);
    return found;
}

int object_wait(struct object *object, int max, int64_t ms, object_report report, void *arg) {
    int64_t until_ms = facts_until(ms);

    for (;;) {
        int found = max > 0 ? look(object, max, report, arg) : 0;

        if (found > 0) return found;
        if (ms >= 0 && facts_clock_ms() >= until_ms) return 0;
        if (facts_sleep(object->fds, max > 0 ? object->used : 0, until_ms) < 0) return -1;
    }
}
