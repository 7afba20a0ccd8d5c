/* keeper.c - the helper process keeps programs running that listen on a socket (bin-path) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "net/listener.h"
#include "server/helper_parts.h"
#include "server/programs.h"

enum {
    LIVES_LONG_S = 10,
    BACK_OFF_MAX_S = 60,
    STAYS_S = 5,    /* after it is not wanted any more: workers change over, requests end */
    PATIENCE_S = 20 /* from its signal to SIGKILL */
};

/* kept - a program that is wanted, or was; freed once it has ended and is not wanted */
struct kept {
    struct list link;
    struct process process;
    struct deadline again;   /* to be started, or its socket to be bound */
    struct deadline leaving; /* to be ended */
    struct buf text;
    struct program_text is;  /* in text */
    int fd;                  /* the socket it listens on, open here too, so that who connects waits; -1: not bound */
    int kin;                 /* its place among kin; -1: none was free */
    int64_t begun_s;
    unsigned delay_s;        /* back-off: 0, 1, 2, 4 … */
    bool runs, is_wanted, is_told_to_end;
    bool is_unlinked;        /* its socket: what is there now is another server's */
};

static struct list all = {&all, &all};

static bool is_path(struct span listen) {
    return listen.n && listen.p[0] == '/';
}

/* ---- the socket ------------------------------------------------------------------------------- */

static struct kept *other_on_same_socket(const struct kept *k) {
    for (struct list *i = all.next; i != &all; i = i->next) {
        struct kept *o = CONTAINER(i, struct kept, link);
        if (o != k && o->fd >= 0 && span_is(o->is.listen, k->is.listen)) return o;
    }
    return NULL;
}

static int open_socket(const struct kept *k, char why[128]) {
    struct listener_options o = {.backlog = (int)k->is.backlog, .v6_only = true, .perms = SPAN("0600")};
    struct buf name = {0};
    const struct kept *other = other_on_same_socket(k);
    if (other) { /* a reload has changed the program and not its place */
        int copy = dup(other->fd);
        if (copy >= 0) fd_set_cloexec(copy, true);
        else strcpy(why, "too many open files");
        return copy;
    }
    strcpy(why, "the address cannot be understood");
    bool ok = listener_name(k->is.listen, 0, &o, &name);
    int fd = ok ? listener_open(buf_span(&name), &o, why) : -1;
    buf_done(&name);
    return fd;
}

/* ---- life ------------------------------------------------------------------------------------- */

static void start_again(struct kept *k) {
    bool long_lived = k->begun_s && clock_monotonic_s() - k->begun_s >= LIVES_LONG_S;
    if (long_lived) k->delay_s = 0;
    deadline_in(helper_self.events, &k->again, k->delay_s * UINT64_C(1000));
    k->delay_s = k->delay_s ? k->delay_s * 2 : 1;
    if (k->delay_s > BACK_OFF_MAX_S) k->delay_s = BACK_OFF_MAX_S;
}

static void remember_kin(struct kept *k) {
    k->kin = -1;
    for (int i = 0; i < PROGRAMS_MAX && k->kin < 0; i++)
        if (helper_self.kin->programs[i] == 0) k->kin = i;
    if (k->kin >= 0) helper_self.kin->programs[k->kin] = k->process.pid;
}

/* Its working directory is its own, as lighttpd has it. */
static bool run(struct kept *k, char *const *argv) {
    char **envp = memory_zeroed((size_t)k->is.words + 1, sizeof *envp), *slash = strrchr(argv[0], '/');
    char *directory = span_dup(slash && slash > argv[0] ? span_between(argv[0], slash) : SPAN("/"));
    const char *at = k->is.environment.p;
    for (uint32_t i = 0; i < k->is.words; i++) {
        envp[i] = (char *)(uintptr_t)at;
        at += strlen(at) + 1;
    }
    struct process_spec s = {argv, envp, directory, {k->fd, helper_self.null, -1}};
    bool ok = process_start(&k->process, &s);
    int error = errno;
    free(envp);
    free(directory);
    errno = error;
    return ok;
}

static void start(struct kept *k) {
    char why[128];
    if (k->fd < 0 && (k->fd = open_socket(k, why)) < 0) {
        say_error("%.*s: its socket %.*s cannot be made: %s; this is tried again", SPAN_ARG(k->is.command),
                  SPAN_ARG(k->is.listen), why);
        start_again(k);
        return;
    }
    char **argv = command_words(k->is.command);
    errno = ENOENT;
    k->begun_s = clock_monotonic_s();
    k->runs = argv && run(k, argv);
    if (k->runs) {
        remember_kin(k);
    } else {
        say_error("bin-path \"%.*s\" cannot be started: %s", SPAN_ARG(k->is.command), strerror(errno));
        start_again(k);
    }
    free(argv);
}

static void on_again(struct deadline *d) {
    start(CONTAINER(d, struct kept, again));
}

static void unlink_socket(struct kept *k) {
    if (k->fd >= 0 && is_path(k->is.listen) && !k->is_unlinked) unlink(k->is.listen.p);
    k->is_unlinked = true;
}

static void forget(struct kept *k) {
    if (!other_on_same_socket(k)) unlink_socket(k);
    if (k->fd >= 0) close(k->fd);
    deadline_stop(&k->again);
    deadline_stop(&k->leaving);
    list_remove(&k->link);
    buf_done(&k->text);
    free(k);
}

static void leave(struct kept *k) {
    k->is_told_to_end = true;
    if (k->runs) process_end(&k->process, k->is.kill_signal, PATIENCE_S);
    else forget(k);
}

static void on_leaving(struct deadline *d) {
    leave(CONTAINER(d, struct kept, leaving));
}

static void say_end(const struct kept *k, int status) {
    char how[64];
    long pid = (long)k->process.pid;
    if (WIFSIGNALED(status)) snprintf(how, sizeof how, "was killed by signal %d", WTERMSIG(status));
    else snprintf(how, sizeof how, "ended with status %d", WEXITSTATUS(status));
    if (k->is_told_to_end)
        say_note("bin-path \"%.*s\" (%ld) has ended", SPAN_ARG(k->is.command), pid);
    else if (k->delay_s == 0 || clock_monotonic_s() - k->begun_s >= LIVES_LONG_S)
        say_error("bin-path \"%.*s\" (%ld) %s: it is started again", SPAN_ARG(k->is.command), pid, how);
    else
        say_error("bin-path \"%.*s\" (%ld) %s soon after its start: it is started again in %u s; what it says on "
                  "standard error is in this log or in server.breakagelog",
                  SPAN_ARG(k->is.command), pid, how, k->delay_s);
}

static void on_process(struct process *p, enum child_event what, int value) {
    struct kept *k = CONTAINER(p, struct kept, process);
    if (what == CHILD_STARTED) {
        say_note("bin-path \"%.*s\" runs as process %d", SPAN_ARG(k->is.command), value);
        return;
    }
    k->runs = false;
    if (k->kin >= 0) helper_self.kin->programs[k->kin] = 0;
    if (what == CHILD_ENDED) say_end(k, value);
    else
        say_error("bin-path \"%.*s\" cannot be started: %s%s", SPAN_ARG(k->is.command), strerror(value),
                  value == EACCES  ? " (is it executable for the workers' user, and each directory above it?)"
                  : value == ENOENT ? " (its path, or the interpreter that its first line names)"
                                    : "");
    if (k->is_told_to_end) forget(k);
    else start_again(k);
}

/* ---- what is wanted --------------------------------------------------------------------------- */

static struct kept *find(struct span text) {
    for (struct list *i = all.next; i != &all; i = i->next) {
        struct kept *k = CONTAINER(i, struct kept, link);
        if (!k->is_told_to_end && span_is(buf_span(&k->text), text)) return k;
    }
    return NULL;
}

static void keep(struct span text) {
    struct kept *k = find(text);
    if (k) {
        k->is_wanted = true;
        deadline_stop(&k->leaving);
        return;
    }
    k = memory_zeroed(1, sizeof *k);
    buf_add(&k->text, text);
    if (!program_text_read(buf_span(&k->text), &k->is)) {
        buf_done(&k->text);
        free(k);
        return;
    }
    k->process.event = on_process;
    k->again.fire = on_again;
    k->leaving.fire = on_leaving;
    k->fd = k->kin = -1;
    k->is_wanted = true;
    list_add_last(&all, &k->link);
    start(k);
}

void keeper_want(struct span list) {
    struct span text;
    for (struct list *i = all.next; i != &all; i = i->next) CONTAINER(i, struct kept, link)->is_wanted = false;
    while (programs_next(&list, &text)) keep(text);
    for (struct list *i = all.next; i != &all; i = i->next) {
        struct kept *k = CONTAINER(i, struct kept, link);
        if (!k->is_wanted && !k->is_told_to_end && !deadline_is_set(&k->leaving))
            deadline_in(helper_self.events, &k->leaving, STAYS_S * UINT64_C(1000));
    }
}

void keeper_close_sockets(void) {
    for (struct list *i = all.next; i != &all; i = i->next)
        if (CONTAINER(i, struct kept, link)->fd >= 0) close(CONTAINER(i, struct kept, link)->fd);
}

void keeper_end(void) {
    struct list *next;
    for (struct list *i = all.next; i != &all; i = next) {
        struct kept *k = CONTAINER(i, struct kept, link);
        next = i->next;
        unlink_socket(k);
        if (!k->is_told_to_end) leave(k);
    }
}
