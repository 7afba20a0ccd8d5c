/* solaris.c - a double of /dev/poll and of event ports that keeps illumos' awkward rules */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/doubles/object.h"

#include <errno.h>
#include <port.h>
#include <string.h>
#include <sys/devpoll.h>
#include <sys/resource.h>
#undef open
#undef pwrite
#undef ioctl

/* entry - one descriptor number in a handle */
struct entry {
    short events;
    short queued;             /* ports: what was ready when it was associated */
    void *user;               /* ports */
    struct identity identity; /* ports: close() ends it; /dev/poll does not look */
};

static int handle_open(int flags) {
    struct object *handle = object_open(sizeof(struct entry), flags);

    return handle ? handle->fd : -1;
}

/* The first process that uses a handle owns it; a forked child is refused. */
static struct object *handle_use(int fd) {
    struct object *handle = object_find(fd);

    if (!handle) return NULL;
    if (handle->owner == 0) handle->owner = getpid();
    if (handle->owner == getpid()) return handle;
    errno = EACCES;
    return NULL;
}

/* What illumos reports: an error is IN|OUT as far as asked for and nothing else; HUP excludes OUT.
 */
static short illumos_revents(int fd, short events, short linux_revents) {
    struct facts facts;
    short revents = 0;

    if (linux_revents & POLLNVAL) return POLLNVAL;
    if (!linux_revents) return 0;
    facts_of(&facts, fd, linux_revents);
    if (facts.kind == FACT_SOCKET && facts.error) return (short)(events & (POLLIN | POLLOUT | POLLRDHUP));
    revents = (short)(linux_revents & events);
    if (linux_revents & POLLHUP) revents = (short)((revents & ~POLLOUT) | POLLHUP);
    if (linux_revents & POLLERR) revents = (short)((revents & ~POLLOUT) | POLLERR);
    return revents;
}

/* ---- /dev/poll ------------------------------------------------------------------------------- */

int double_devpoll_open(const char *path, int flags) {
    if (strcmp(path, "/dev/poll") != 0 || !(flags & O_RDWR)) {
        errno = ENOENT;
        return -1;
    }
    return handle_open(flags);
}

/* Or-ed into what is there, until POLLREMOVE; a number that is not open is taken without a word and
 * forgotten. */
static void devpoll_entry(struct object *handle, const struct pollfd *told) {
    struct entry *entry = object_entry(handle, told->fd);

    if (told->events & POLLREMOVE) {
        object_forget(handle, told->fd);
        return;
    }
    if (!entry && fcntl(told->fd, F_GETFD) < 0) return;
    if (!entry) entry = object_add(handle, told->fd);
    if (!entry) return;
    entry->events = (short)(entry->events | told->events);
    object_ask(handle, told->fd, entry->events);
}

ssize_t double_devpoll_pwrite(int fd, const void *entries, size_t bytes, off_t offset) {
    const struct pollfd *told = entries;
    struct object *handle = handle_use(fd);
    struct rlimit limit;

    (void)offset;
    if (!handle) return -1;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (bytes % sizeof *told || bytes / sizeof *told > limit.rlim_cur) {
        errno = EINVAL;
        return -1;
    }
    for (size_t i = 0; i < bytes / sizeof *told; i++) devpoll_entry(handle, &told[i]);
    return (ssize_t)bytes;
}

struct results {
    struct pollfd *next;
};

static int devpoll_report(struct object *handle, int fd, short linux_revents, int room, void *arg) {
    const struct entry *entry = object_entry(handle, fd);
    struct results *results = arg;
    short revents = illumos_revents(fd, entry->events, linux_revents);

    (void)room;
    if (!revents) return 0;
    *results->next++ = (struct pollfd){.fd = fd, .events = entry->events, .revents = revents};
    return 1;
}

int double_devpoll_ioctl(int fd, unsigned long request, struct dvpoll *argument) {
    struct object *handle = handle_use(fd);
    struct results results = {.next = argument->dp_fds};
    struct rlimit limit;

    if (!handle) return -1;
    if (request != DP_POLL || argument->dp_nfds >= OBJECT_NUMBERS) {
        errno = EINVAL;
        return -1;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    if (argument->dp_nfds >= limit.rlim_cur) { /* old Solaris; illumos clamps */
        errno = EINVAL;
        return -1;
    }
    double_calls++;
    return object_wait(handle, (int)argument->dp_nfds, argument->dp_timeout, devpoll_report, &results);
}

/* ---- event ports ----------------------------------------------------------------------------- */

int port_create(void) {
    return handle_open(0);
}

/* What is ready already is queued now, and comes even if it has been read empty by then. */
static void queue_now(struct object *handle, int fd, struct entry *entry) {
    struct pollfd asked = {.fd = fd, .events = entry->events};

    if (entry->queued) handle->queued--;
    entry->queued = facts_poll(&asked, 1, 0) > 0 ? illumos_revents(fd, asked.events, asked.revents) : 0;
    if (entry->queued) handle->queued++;
}

int port_associate(int port, int source, uintptr_t object, int events, void *user) {
    struct object *handle = handle_use(port);
    struct identity identity;
    struct entry *entry;

    if (!handle) return -1;
    if (source != PORT_SOURCE_FD || object >= OBJECT_NUMBERS) {
        errno = EINVAL;
        return -1;
    }
    if (!identity_get(&identity, (int)object)) {
        errno = EBADFD;
        return -1;
    }
    entry = object_add(handle, (int)object);
    if (!entry) return -1;
    entry->events = (short)events;
    entry->user = user;
    entry->identity = identity;
    object_ask(handle, (int)object, events);
    queue_now(handle, (int)object, entry);
    return 0;
}

static void forget(struct object *handle, int fd) {
    const struct entry *entry = object_entry(handle, fd);

    if (entry->queued) handle->queued--;
    object_forget(handle, fd);
}

int port_dissociate(int port, int source, uintptr_t object) {
    struct object *handle = handle_use(port);

    if (!handle) return -1;
    if (source != PORT_SOURCE_FD || object >= OBJECT_NUMBERS || !object_entry(handle, (int)object)) {
        errno = ENOENT;
        return -1;
    }
    forget(handle, (int)object);
    return 0;
}

struct list {
    port_event_t *next;
};

/* One-shot; and close() had ended it without a word. */
static int tell(struct object *handle, int fd, short revents, struct list *list) {
    const struct entry entry = *(const struct entry *)object_entry(handle, fd);
    bool is_ours = identity_holds(&entry.identity, fd);

    if (is_ours && !revents) return 0;
    forget(handle, fd);
    if (!is_ours) return 0;
    *list->next++ = (port_event_t){.portev_events = revents,
                                   .portev_source = PORT_SOURCE_FD,
                                   .portev_object = (uintptr_t)fd,
                                   .portev_user = entry.user};
    return 1;
}

static int port_report(struct object *handle, int fd, short linux_revents, int room, void *arg) {
    const struct entry *entry = object_entry(handle, fd);

    (void)room;
    return tell(handle, fd, illumos_revents(fd, entry->events, linux_revents), arg);
}

static int tell_queued(struct object *handle, int max, struct list *list) {
    int found = 0;

    for (size_t i = 0; i < handle->used && handle->queued && found < max;) {
        int fd = handle->fds[i].fd, more = 0;
        const struct entry *entry = object_entry(handle, fd);
        short revents = entry->queued;

        if (revents) more = tell(handle, fd, revents, list);
        found += more;
        if (!revents) i++; /* else the last one stands here now */
    }
    return found;
}

/* Every third time the events come together with ETIME or EINTR. */
int port_getn(int port, port_event_t list[], uint_t max, uint_t *nget, struct timespec *timeout) {
    struct object *handle = handle_use(port);
    int64_t ms = timeout ? (int64_t)timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000 : -1;
    struct list results = {.next = list};
    int found, more;

    if (!handle) return -1;
    double_calls++;
    found = tell_queued(handle, (int)max, &results);
    more = object_wait(handle, (int)max - found, *nget && !found ? ms : 0, port_report, &results);
    if (more > 0) found += more;
    if (found == 0 && more < 0) return -1; /* and *nget is what it was */
    *nget = (uint_t)found;
    if (found > 0 && ++handle->turns % 3) return 0;
    errno = found && handle->turns % 2 ? EINTR : ETIME;
    return -1;
}
