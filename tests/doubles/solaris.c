/* solaris.c - a double of /dev/poll and of event ports that keeps illumos' awkward rules */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/doubles/facts.h"

#include <errno.h>
#include <port.h>
#include <stdlib.h>
#include <string.h>
#include <sys/devpoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#undef open
#undef pwrite
#undef ioctl

enum { NUMBERS = 65536, HANDLES = 16 };

/* entry - one descriptor number in a handle */
struct entry {
    bool used;
    short events;
    void *user;               /* ports               */
    struct identity identity; /* ports: close() ends it; /dev/poll does not look */
};

/* handle - an open /dev/poll or a port; known by its number until the number is opened anew */
struct handle {
    int fd; /* 0: unused */
    pid_t owner;
    struct entry entries[NUMBERS];
    int highest, rotation;
    unsigned turns;
};

static struct handle *handles[HANDLES];

static struct handle *handle_find(int fd) {
    for (int i = 0; i < HANDLES; i++) {
        if (handles[i] && handles[i]->fd == fd) return handles[i];
    }
    return NULL;
}

static int handle_open(void) {
    int fd = eventfd(0, EFD_CLOEXEC);
    struct handle *handle = handle_find(fd);

    for (int i = 0; i < HANDLES && fd >= 0 && !handle; i++) {
        if (handles[i] && handles[i]->fd >= 0 && fcntl(handles[i]->fd, F_GETFD) >= 0) continue;
        if (!handles[i]) handles[i] = malloc(sizeof *handle);
        handle = handles[i];
    }
    if (!handle) {
        errno = fd < 0 ? errno : EMFILE;
        return -1;
    }
    memset(handle, 0, sizeof *handle);
    handle->fd = fd;
    handle->highest = -1;
    return fd;
}

/* The first process that uses a handle owns it; a forked child is refused. */
static struct handle *handle_use(int fd) {
    struct handle *handle = handle_find(fd);

    if (!handle || fcntl(fd, F_GETFD) < 0) {
        errno = EBADF;
        return NULL;
    }
    if (handle->owner == 0) handle->owner = getpid();
    if (handle->owner != getpid()) {
        errno = EACCES;
        return NULL;
    }
    return handle;
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

typedef int (*report_fn)(struct handle *handle, int fd, short revents, void *arg, int place);

/* One pass over the entries, starting behind where the last one ended. */
static int collect(struct handle *handle, int max, report_fn report, void *arg) {
    struct pollfd *fds;
    int count = 0, found = 0, numbers = handle->highest + 1;

    if (numbers == 0) return 0;
    fds = calloc((size_t)numbers, sizeof *fds);
    for (int i = 0; i < numbers; i++) {
        int fd = (handle->rotation + i) % numbers;

        if (handle->entries[fd].used) fds[count++] = (struct pollfd){.fd = fd, .events = handle->entries[fd].events};
    }
    facts_poll(fds, (unsigned long)count, 0);
    for (int i = 0; i < count && found < max; i++) {
        short revents = illumos_revents(fds[i].fd, fds[i].events, fds[i].revents);

        if (revents && report(handle, fds[i].fd, revents, arg, found)) {
            found++;
            handle->rotation = (fds[i].fd + 1) % numbers;
        }
    }
    free(fds);
    return found;
}

static int wait_for(struct handle *handle, int max, int ms, report_fn report, void *arg) {
    int64_t until_ms = facts_clock_ms() + ms;

    for (;;) {
        int found = max > 0 ? collect(handle, max, report, arg) : 0;

        if (found || (ms >= 0 && facts_clock_ms() >= until_ms)) return found;
        facts_nap();
    }
}

/* ---- /dev/poll ------------------------------------------------------------------------------- */

int double_devpoll_open(const char *path, int flags) {
    if (strcmp(path, "/dev/poll") != 0 || !(flags & O_RDWR)) {
        errno = ENOENT;
        return -1;
    }
    return handle_open();
}

/* Or-ed into what is there, until POLLREMOVE; a number that is not open is taken without a word and
 * forgotten. */
static void devpoll_entry(struct handle *handle, const struct pollfd *told) {
    struct entry *entry;

    if (told->fd < 0 || told->fd >= NUMBERS) return;
    entry = &handle->entries[told->fd];
    if (told->events & POLLREMOVE) {
        memset(entry, 0, sizeof *entry);
        return;
    }
    if (!entry->used && fcntl(told->fd, F_GETFD) < 0) return;
    entry->used = true;
    entry->events = (short)(entry->events | told->events);
    if (told->fd > handle->highest) handle->highest = told->fd;
}

ssize_t double_devpoll_pwrite(int fd, const void *entries, size_t bytes, off_t offset) {
    const struct pollfd *told = entries;
    struct handle *handle = handle_use(fd);
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

static int devpoll_report(struct handle *handle, int fd, short revents, void *arg, int place) {
    struct pollfd *results = arg;

    results[place] = (struct pollfd){.fd = fd, .events = handle->entries[fd].events, .revents = revents};
    return 1;
}

int double_devpoll_ioctl(int fd, unsigned long request, struct dvpoll *argument) {
    struct handle *handle = handle_use(fd);

    if (!handle) return -1;
    if (request != DP_POLL || argument->dp_nfds >= NUMBERS) {
        errno = EINVAL;
        return -1;
    }
    double_calls++;
    return wait_for(handle, (int)argument->dp_nfds, argument->dp_timeout, devpoll_report, argument->dp_fds);
}

/* ---- event ports ----------------------------------------------------------------------------- */

int port_create(void) {
    return handle_open();
}

int port_associate(int port, int source, uintptr_t object, int events, void *user) {
    struct handle *handle = handle_use(port);
    struct entry *entry;

    if (!handle) return -1;
    if (source != PORT_SOURCE_FD || object >= NUMBERS) {
        errno = EINVAL;
        return -1;
    }
    entry = &handle->entries[object];
    if (!identity_get(&entry->identity, (int)object)) {
        errno = EBADFD;
        return -1;
    }
    entry->used = true;
    entry->events = (short)events;
    entry->user = user;
    if ((int)object > handle->highest) handle->highest = (int)object;
    return 0;
}

int port_dissociate(int port, int source, uintptr_t object) {
    struct handle *handle = handle_use(port);

    if (!handle) return -1;
    if (source != PORT_SOURCE_FD || object >= NUMBERS || !handle->entries[object].used) {
        errno = ENOENT;
        return -1;
    }
    handle->entries[object].used = false;
    return 0;
}

static int port_report(struct handle *handle, int fd, short revents, void *arg, int place) {
    port_event_t *list = arg;
    struct entry *entry = &handle->entries[fd];

    entry->used = false; /* one-shot; and close() had ended it without a word */
    if (!identity_holds(&entry->identity, fd)) return 0;
    list[place] = (port_event_t){.portev_events = revents,
                                 .portev_source = PORT_SOURCE_FD,
                                 .portev_object = (uintptr_t)fd,
                                 .portev_user = entry->user};
    return 1;
}

/* Every third time the events come together with ETIME or EINTR. */
int port_getn(int port, port_event_t list[], uint_t max, uint_t *nget, struct timespec *timeout) {
    struct handle *handle = handle_use(port);
    int ms = timeout ? (int)(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000) : -1;
    int found;

    if (!handle) return -1;
    double_calls++;
    found = wait_for(handle, (int)max, ms, port_report, list);
    *nget = (uint_t)found;
    if (found == 0 || ++handle->turns % 3 == 0) {
        errno = found && handle->turns % 2 ? EINTR : ETIME;
        return -1;
    }
    return 0;
}
