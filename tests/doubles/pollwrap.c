/* pollwrap.c - a poll() that answers as another system's does, chosen by GC_POLL_SEMANTICS */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/doubles/facts.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

/* What an answer to the wanted IN, to the wanted OUT, and unasked, consists of. None of them knows
 * RDHUP. */
static short macos(const struct facts *f, short events) {
    short revents = 0;
    bool reading_over = f->peer_end || f->error, writing_over = f->own_end || f->error;

    if (events & POLLIN && (f->readable || reading_over)) revents |= POLLIN;
    if ((events & POLLIN && reading_over) || (events & POLLOUT && (writing_over || reading_over)))
        revents |= POLLHUP; /* for a mere half close too */
    if (events & POLLOUT && f->writable && !(revents & POLLHUP)) revents |= POLLOUT;
    return revents;
}

static short dragonfly(const struct facts *f, short events) {
    short revents = 0;
    bool writing_over = f->own_end || f->error;

    if (events & POLLIN && (f->readable || f->peer_end || f->error)) revents |= POLLIN;
    if (f->error) revents |= POLLERR | POLLHUP;
    if ((events & POLLOUT && writing_over) || f->dead) revents |= POLLHUP;
    if (events & POLLOUT && f->writable && !(revents & POLLHUP)) revents |= POLLOUT;
    return events ? revents : 0;
}

/* OpenBSD and FreeBSD: HUP in place of OUT once both directions are over, also for interest 0. */
static short hup_for_out(const struct facts *f, short events) {
    short revents = 0;

    if (events & POLLIN && (f->readable || f->peer_end || f->error)) revents |= POLLIN;
    if (f->error || f->dead) revents |= POLLHUP;
    else if (events & POLLOUT && f->writable) revents |= POLLOUT;
    return revents;
}

static short netbsd(const struct facts *f, short events) {
    short revents = 0;

    if (events & POLLIN && (f->readable || f->peer_end || f->error)) revents |= POLLIN;
    if (events & POLLOUT && (f->writable || f->own_end || f->error)) revents |= POLLOUT;
    return revents;
}

/* A pipe whose other end is gone: HUP and no IN, HUP and no OUT; NetBSD says all that was asked
 * for, and HUP. */
static short dead_pipe(const struct facts *f, short events, bool all) {
    if (all) return (short)((events & (POLLIN | POLLOUT)) | POLLHUP);
    return (short)(f->readable ? (events & POLLIN) | POLLHUP : POLLHUP);
}

static const struct semantics {
    const char *name;
    short (*socket)(const struct facts *f, short events);
    bool all;
} systems[] = {
    {"macos", macos, false},         {"openbsd", hup_for_out, false}, {"dragonfly", dragonfly, false},
    {"freebsd", hup_for_out, false}, {"netbsd", netbsd, true},
};

static const struct semantics *chosen(void) {
    static const struct semantics *found;
    const char *name = getenv("GC_POLL_SEMANTICS");

    for (size_t i = 0; i < sizeof systems / sizeof systems[0] && !found; i++) {
        if (name && !strcmp(systems[i].name, name)) found = &systems[i];
    }
    if (found) return found;
    fprintf(stderr, "GC_POLL_SEMANTICS: no such system: %s\n", name ? name : "(not set)");
    abort();
}

static short translate(const struct semantics *semantics, int fd, short events, short linux_revents) {
    struct facts facts;

    if (linux_revents & POLLNVAL) return POLLNVAL;
    facts_of(&facts, fd, linux_revents);
    if (facts.kind == FACT_PIPE && (facts.dead || facts.error)) return dead_pipe(&facts, events, semantics->all);
    if (facts.kind == FACT_SOCKET) return semantics->socket(&facts, events);
    return (short)(linux_revents & events);
}

/* The real kernel's answers stay in `all`. */
static int look(const struct semantics *semantics, struct pollfd *fds, nfds_t count, struct pollfd *all) {
    int found = 0;

    for (nfds_t i = 0; i < count; i++)
        all[i] = (struct pollfd){.fd = fds[i].fd, .events = (short)(fds[i].events | POLLRDHUP)};
    if (facts_poll(all, count, 0) < 0) return -1;
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = all[i].revents ? translate(semantics, fds[i].fd, fds[i].events, all[i].revents) : 0;
        found += fds[i].revents != 0;
    }
    return found;
}

static struct pollfd *copies(nfds_t count) {
    static struct pollfd *room;
    static nfds_t size;
    struct pollfd *more;

    if (room && count <= size) return room;
    more = realloc(room, (count + 1) * 2 * sizeof *room);
    if (!more) return NULL;
    room = more;
    size = (count + 1) * 2;
    return room;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    const struct semantics *semantics = chosen();
    struct pollfd *all = copies(count);
    int64_t until_ms = facts_until(timeout_ms);
    int found;

    double_calls++;
    while (all && (found = look(semantics, fds, count, all)) <= 0) {
        if (found < 0) return -1;
        if (timeout_ms >= 0 && facts_clock_ms() >= until_ms) return 0;
        if (facts_sleep(all, count, until_ms) < 0) return -1;
    }
    return all ? found : -1;
}
