/* common.c - what the programs of the benchmark share: options, a set of descriptors, a listening socket */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/bench/common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/number.h"
#include "fdevents/socket.h"
#include "net/listener.h"

enum { BACKLOG = 1024, MOST_DESCRIPTORS = 65536 };

_Noreturn void die(const char *what) {
    perror(what);
    exit(2);
}

uint64_t option_number(const char *text, uint64_t max) {
    uint64_t number = 0;
    if (number_parse(span_of(text), max, &number)) return number;
    fprintf(stderr, "\"%s\" is no number from 0 to %llu\n", text, (unsigned long long)max);
    exit(2);
}

struct fdevents *make_set(void) {
    struct rlimit limit = {0, 0};
    unsigned most = MOST_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < most) most = (unsigned)limit.rlim_cur;
    }
    signal(SIGPIPE, SIG_IGN);
    struct fdevents *set = fdevents_make_most(NULL, &most, 64);
    if (!set) die("fdevents_make_most");
    return set;
}

/* ---- connections that come --------------------------------------------------------------------- */

static struct fdevent door;
static struct listener_kind kind;
static void (*take)(int fd);

static void accept_all(struct fdevent *ev, unsigned ready) {
    (void)ready;
    for (;;) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        int fd = socket_accept(ev->fd, (struct sockaddr *)&peer, &len);
        if (fd == SOCKET_AGAIN) continue;
        if (fd == SOCKET_BROKEN) die("accept");
        if (fd < 0) return;
        if (listener_accepted(fd, &kind, len)) take(fd);
        else close(fd);
    }
}

void listen_on(struct fdevents *set, unsigned port, void (*taken)(int fd)) {
    struct listener_options options = {.backlog = BACKLOG, .defer_accept = true};
    char name[32], why[128];
    snprintf(name, sizeof name, "127.0.0.1:%u", port);
    int fd = listener_open(span_of(name), &options, why);
    if (fd < 0) {
        fprintf(stderr, "%s: %s\n", name, why);
        exit(2);
    }
    kind = listener_kind_of(fd);
    take = taken;
    door.run = accept_all;
    if (fdevent_add(set, &door, fd, FDEVENT_IN) < 0) die("fdevent_add");
}
