/* listeners.c - the sockets that the master holds open for its workers */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/listeners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/number.h"
#include "fdevents/socket.h"
#include "net/addr.h"
#include "net/listener.h"

enum { FIRST_PASSED_FD = 3, DEFAULT_BACKLOG = 1024 };

static struct held_listener *make(struct span name, unsigned count) {
    struct held_listener *l = memory_zeroed(1, sizeof *l + count * sizeof(int));
    l->name = span_dup(name);
    l->count = count;
    for (unsigned i = 0; i < count; i++) l->fds[i] = -1;
    return l;
}

static void let_go(struct held_listener *l) {
    for (unsigned i = 0; i < l->count; i++)
        if (l->fds[i] >= 0) close(l->fds[i]);
    free(l->name);
    free(l);
}

static void drop(struct held_listener *l) {
    if (l->name[0] == '/' && !l->is_lent) unlink(l->name);
    let_go(l);
}

static struct held_listener *find(struct held_listener *list, struct span name) {
    while (list && !span_is(span_of(list->name), name)) list = list->next;
    return list;
}

/* Descriptors that the one who started us passed (sd_listen_fds: LISTEN_PID is ours, or "parent:" and our
 * parent's). */
static unsigned passed_count(void) {
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    uint64_t number, count;
    if (!pid || !fds || !number_parse(span_of(fds), 256, &count)) return 0;
    bool parent = strncmp(pid, "parent:", 7) == 0;
    if (!number_parse(span_of(parent ? pid + 7 : pid), UINT32_MAX, &number)) return 0;
    return number == (uint64_t)(parent ? getppid() : getpid()) ? (unsigned)count : 0;
}

static int take_passed(struct span name) {
    for (unsigned i = 0, n = passed_count(); i < n; i++) {
        int fd = FIRST_PASSED_FD + (int)i;
        if (listener_is(fd, name)) return socket_prepare(fd) == 0 ? fd : -1;
    }
    return -1;
}

static struct listener_options options_of(const struct core_settings *core, bool reuse_port) {
    return (struct listener_options){
        .backlog = core->listen_backlog          ? (int)core->listen_backlog
                   : SOMAXCONN > DEFAULT_BACKLOG ? SOMAXCONN
                                                 : DEFAULT_BACKLOG,
        .v6_only = core->set_v6only && !core->v4mapped,
        .use_ipv6 = core->use_ipv6,
        .reuse_port = reuse_port,
        .defer_accept = core->defer_accept,
        .transparent = core->ip_transparent,
        .accept_filter = core->accept_filter,
        .perms = core->socket_perms,
    };
}

/* The kernel lets anybody of our user join those who share an address: without this a server that is started twice
 * would not notice. */
static bool is_free(struct span name, const struct core_settings *core, char why[128]) {
    struct listener_options alone = options_of(core, false);
    int fd = listener_open(name, &alone, why);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static struct held_listener *open_one(const struct conf *conf, const struct listen_spec *spec, unsigned workers) {
    bool is_unix = spec->name.p[0] == '/' || spec->name.p[0] == '\\';
    int passed = conf->core->systemd_sockets ? take_passed(spec->name) : -1;
    bool several = workers > 1 && !is_unix && passed < 0 && listener_balances();
    struct held_listener *l = make(spec->name, several ? workers : 1);
    struct listener_options o = options_of(spec->core, several);
    char why[128];
    bool may = !several || is_free(spec->name, spec->core, why);
    l->fds[0] = passed;
    l->is_lent = passed >= 0;
    for (unsigned i = 0; i < l->count; i++) {
        if (l->fds[i] < 0 && may) l->fds[i] = listener_open(spec->name, &o, why);
        if (l->fds[i] >= 0) continue;
        say_error("cannot listen on %s: %s", l->name, why);
        l->name[0] = ' '; /* whoever's socket file it is, it stays */
        drop(l);
        return NULL;
    }
    return l;
}

/* Sockets passed by systemd that the configuration does not name: used all the same if server.bind is empty. */
static void take_unnamed(struct held_listener **list, const struct conf *conf) {
    if (!conf->core->systemd_sockets || conf->core->bind.n) return;
    for (unsigned i = 0, n = passed_count(); i < n; i++) {
        struct addr_room room;
        struct addr a;
        char text[ADDR_TEXT_BYTES];
        struct buf name = {0};
        int fd = FIRST_PASSED_FD + (int)i;
        room.len = sizeof room.storage;
        if (getsockname(fd, (struct sockaddr *)&room.storage, &room.len) != 0) continue;
        addr_from(&a, &room);
        addr_format(&a, text);
        if (a.is.any.sa_family == AF_UNIX) buf_printf(&name, "unix:%d", fd);
        else buf_printf(&name, a.is.any.sa_family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, addr_port(&a));
        if (!find(*list, buf_span(&name)) && socket_prepare(fd) == 0) {
            struct held_listener *l = make(buf_span(&name), 1);
            l->fds[0] = fd;
            l->passed = true;
            l->next = *list;
            *list = l;
        }
        buf_done(&name);
    }
}

bool listeners_open(struct held_listener **list, const struct conf *conf, unsigned workers) {
    struct held_listener *before = *list;
    for (size_t i = 0; i < conf->listen_count; i++) {
        if (find(*list, conf->listen[i].name)) continue;
        struct held_listener *l = open_one(conf, &conf->listen[i], workers);
        if (!l) {
            while (*list != before) {
                struct held_listener *next = (*list)->next;
                drop(*list);
                *list = next;
            }
            return false;
        }
        l->next = *list;
        *list = l;
    }
    take_unnamed(list, conf);
    return true;
}

struct held_listener *listener_take(struct held_listener **list, struct span name, const int *fds, unsigned count) {
    struct held_listener *l = make(name, count);
    memcpy(l->fds, fds, count * sizeof *fds);
    l->next = *list;
    *list = l;
    return l;
}

bool listener_is_wanted(const struct held_listener *l, const struct conf *conf) {
    bool wanted = l->passed;
    for (size_t i = 0; i < conf->listen_count; i++) wanted |= span_is(conf->listen[i].name, span_of(l->name));
    return wanted;
}

void listeners_close_others(struct held_listener **list, const struct conf *conf) {
    while (*list) {
        struct held_listener *l = *list;
        if (listener_is_wanted(l, conf)) {
            list = &l->next;
            continue;
        }
        *list = l->next;
        drop(l);
    }
}

static void end_all(struct held_listener **list, void (*end)(struct held_listener *l)) {
    while (*list) {
        struct held_listener *next = (*list)->next;
        end(*list);
        *list = next;
    }
}

void listeners_close(struct held_listener **list) {
    end_all(list, drop);
}

void listeners_let_go(struct held_listener **list) {
    end_all(list, let_go);
}
