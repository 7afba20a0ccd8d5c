/* crew.c - the workers as the master sees them: started, told, watched, replaced */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/master_parts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/library.h"
#include "base/memory.h"
#include "server/counters.h"
#include "server/modules.h"
#include "server/plugins.h"
#include "server/serving.h"

enum {
    READY_TIMEOUT_MS = 30 * 1000,
    CONTROL_TIMEOUT_S = 5,
    LIVES_LONG_S = 10,
    BACK_OFF_MAX_S = 60,
    SANDBOX_LOOK_S = 60
};

/* ---- begin ------------------------------------------------------------------------------------ */

/* With -i it is one: nobody could tell when several have had nothing to do at the same time. */
unsigned crew_size(const struct master *m, const struct conf *conf) {
    return conf->core->max_worker && !m->start->idle_exit_s ? conf->core->max_worker : 1;
}

static _Noreturn void be_worker(struct master *m, unsigned slot, int control, int helper) {
    struct serving s = {m->conf,   m->listeners, m->loggers, m->who,
                        m->children[slot].counted,
                        slot,      m->slots,     control,    helper,
                        m->start->idle_exit_s,   m->sandbox, m->rehearses, !m->start->foreground};
    master_leave(m);
    serving_run(&s);
}

static bool start_worker(struct master *m, unsigned slot) {
    struct child *child = &m->children[slot];
    struct timeval limit = {.tv_sec = CONTROL_TIMEOUT_S};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        say_error("a worker cannot be started: socketpair: %s", strerror(errno));
        return false;
    }
    fd_set_cloexec(pair[0], true);
    fd_set_cloexec(pair[1], true);
    int helper = helper_line(&m->helper);
    logs_flush();
    fflush(NULL);
    child->counted = counters_take_slot();
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        be_worker(m, slot, pair[1], helper);
    }
    close(pair[1]);
    if (helper >= 0) close(helper);
    if (pid < 0) {
        say_error("a worker cannot be started: fork: %s", strerror(errno));
        close(pair[0]);
        counters_ended(child->counted);
        return false;
    }
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    child->pid = pid;
    child->slot = slot;
    child->control = pair[0];
    child->begun_s = clock_monotonic_s();
    child->again_s = 0;
    child->serves = false;
    return true;
}

/* A worker says one byte when it serves; if it cannot, it is gone, and has said why. */
static bool is_ready(struct child *child, int timeout_ms) {
    struct pollfd p = {child->control, POLLIN, 0};
    char byte;
    int n;
    if (child->serves) return true;
    do n = poll(&p, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    child->serves = n == 1 && read(child->control, &byte, 1) == 1 && byte == WORKER_IS_READY;
    return child->serves;
}

static void make_slots(struct master *m, unsigned slots) {
    if (slots > m->cap) {
        m->children = memory_resize(m->children, slots * sizeof *m->children);
        for (; m->cap < slots; m->cap++) m->children[m->cap] = (struct child){.control = -1};
    }
    m->slots = slots;
}

static bool start_all(struct master *m) {
    for (unsigned i = 0; i < m->slots; i++)
        if (!start_worker(m, i)) return false;
    for (unsigned i = 0; i < m->slots; i++)
        if (!is_ready(&m->children[i], READY_TIMEOUT_MS)) return false;
    return true;
}

bool crew_start(struct master *m) {
    m->plugins = plugins_loaded();
    m->parts = library_parts();
    make_slots(m, m->rehearses ? 1 : crew_size(m, m->conf));
    bool ok = start_all(m);
    m->sandbox_look_s = sandbox_remember(m->sandbox) ? clock_monotonic_s() + SANDBOX_LOOK_S : 0;
    return ok;
}

bool crew_is_stale(const struct master *m) {
    bool yes = m->sandbox_look_s && sandbox_is_stale(m->sandbox);
    if (yes) say_note("a directory that workers keep files in is another one now: others take their places");
    return yes;
}

void crew_look(struct master *m) {
    if (m->ending || !m->sandbox_look_s || clock_monotonic_s() < m->sandbox_look_s) return;
    m->sandbox_look_s = clock_monotonic_s() + SANDBOX_LOOK_S;
    if (crew_is_stale(m)) crew_renew(m);
}

/* Half a message may have been sent: nothing that follows would be understood. The worker takes the end of the
 * connection for ours, ends gracefully and is replaced. */
void crew_tell(struct child *child, enum control_kind kind, struct span payload, int fd) {
    if (child->control < 0) return;
    if (control_send(child->control, kind, payload, fd)) return;
    say_error("worker %ld cannot be told: %s", (long)child->pid, strerror(errno));
    close(child->control);
    child->control = -1;
}

/* Some of them have ended already, and only have not been asked for yet. */
static void tell_retired(struct master *m, enum control_kind kind) {
    for (unsigned i = 0; i < m->retired_count; i++)
        if (m->retired[i].control >= 0) control_send(m->retired[i].control, kind, SPAN(""), -1);
}

void crew_tell_all(struct master *m, enum control_kind kind, struct span payload) {
    for (unsigned i = 0; i < m->cap; i++) crew_tell(&m->children[i], kind, payload, -1);
    if (kind == CONTROL_END || kind == CONTROL_REOPEN) tell_retired(m, kind);
}

void crew_signal_all(struct master *m, int signo) {
    for (unsigned i = 0; i < m->cap; i++)
        if (m->children[i].pid) kill(m->children[i].pid, signo);
    for (unsigned i = 0; i < m->retired_count; i++) kill(m->retired[i].pid, signo);
}

bool crew_any(const struct master *m) {
    if (m->retired_count) return true;
    for (unsigned i = 0; i < m->cap; i++)
        if (m->children[i].pid) return true;
    return false;
}

/* ---- children that are gone ------------------------------------------------------------------- */

static void say_death(pid_t pid, int status) {
    if (WIFSIGNALED(status))
        say_error("worker %ld was killed by signal %d: it is replaced, its clients are lost", (long)pid,
                  WTERMSIG(status));
    else
        say_error("worker %ld ended with status %d: it is replaced", (long)pid, WEXITSTATUS(status));
}

static void worker_is_gone(struct master *m, unsigned slot, int status) {
    struct child *child = &m->children[slot];
    pid_t pid = child->pid;
    bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (child->control >= 0) close(child->control);
    child->control = -1;
    child->pid = 0;
    counters_ended(child->counted);
    if (m->ending || slot >= m->slots) return;
    if (clean && m->start->idle_exit_s) { /* -i: nobody came */
        m->ending = true;
        crew_tell_all(m, CONTROL_END, SPAN(""));
        return;
    }
    count(COUNT_WORKERS_LOST);
    say_death(pid, status);
    bool short_lived = clock_monotonic_s() - child->begun_s < LIVES_LONG_S;
    child->delay_s = !short_lived ? 0 : child->delay_s ? child->delay_s * 2 : 1;
    if (child->delay_s > BACK_OFF_MAX_S) child->delay_s = BACK_OFF_MAX_S;
    child->again_s = clock_monotonic_s() + (short_lived && child->delay_s > 1 ? child->delay_s : 0);
}

static bool retired_is_gone(struct master *m, pid_t pid, int status) {
    for (unsigned i = 0; i < m->retired_count; i++) {
        if (m->retired[i].pid != pid) continue;
        if (WIFSIGNALED(status) && !m->ending)
            say_error("worker %ld, which had been replaced, was killed by signal %d", (long)pid, WTERMSIG(status));
        if (m->retired[i].control >= 0) close(m->retired[i].control);
        counters_ended(m->retired[i].counted);
        m->retired[i] = m->retired[--m->retired_count];
        return true;
    }
    return false;
}

bool crew_is_gone(struct master *m, pid_t pid, int status) {
    modules_forget(pid); /* whichever it is: they know their own */
    if (retired_is_gone(m, pid, status)) return true;
    for (unsigned i = 0; i < m->cap; i++) {
        if (m->children[i].pid != pid) continue;
        worker_is_gone(m, i, status);
        return true;
    }
    return false;
}

int64_t crew_replace(struct master *m) {
    int64_t next = 0;
    for (unsigned i = 0; i < m->slots && !m->ending; i++) {
        struct child *child = &m->children[i];
        if (child->pid) continue;
        int64_t wait = child->again_s - clock_monotonic_s();
        if (wait <= 0) wait = start_worker(m, i) ? 0 : 1; /* no process can be had: no signal will tell when */
        if (wait && (!next || wait < next)) next = wait;
    }
    return next;
}

/* ---- more and fewer --------------------------------------------------------------------------- */

/* The kernel goes on to give connections to the sockets of workers that leave: those who stay take them over. */
static void hand_sockets_over(struct master *m, unsigned before, unsigned now) {
    for (const struct held_listener *l = m->listeners; l; l = l->next)
        for (unsigned i = now; i < l->count; i++)
            if (i % before != i % now)
                crew_tell(&m->children[i % now], CONTROL_LISTENER, span_of(l->name), l->fds[i]);
}

void crew_retire(struct master *m) {
    tell_retired(m, CONTROL_RETIRE);
}

static void put_aside(struct master *m, struct child *child) {
    if (!child->pid) return;
    m->retired = memory_resize(m->retired, (m->retired_count + 1) * sizeof *m->retired);
    m->retired[m->retired_count++] = *child;
    *child = (struct child){.control = -1};
}

void crew_put_aside(struct master *m) {
    for (unsigned i = 0; i < m->cap; i++) put_aside(m, &m->children[i]);
}

void crew_take(struct master *m, const struct child *child, bool is_retired) {
    struct child copy = *child;
    unsigned slots = m->slots > child->slot ? m->slots : child->slot + 1;
    if (copy.control >= 0) fd_set_cloexec(copy.control, true);
    if (is_retired) {
        put_aside(m, &copy);
        return;
    }
    make_slots(m, slots);
    m->children[child->slot] = copy;
}

void crew_adjust(struct master *m) {
    unsigned before = m->slots, now = crew_size(m, m->conf);
    make_slots(m, now);
    if (now < before) hand_sockets_over(m, before, now);
    for (unsigned i = now; i < before; i++) {
        crew_tell(&m->children[i], CONTROL_RETIRE, SPAN(""), -1);
        put_aside(m, &m->children[i]);
    }
    for (unsigned i = before; i < now; i++)
        if (!m->children[i].pid) start_worker(m, i);
}

/* One that serves may have clients by now: it ends when they have. One that does not is of no use, perhaps stuck. */
static void take_back(struct master *m, struct child *child) {
    if (child->pid && child->control >= 0 && is_ready(child, 0)) {
        crew_tell(child, CONTROL_RETIRE, SPAN(""), -1);
        put_aside(m, child);
        return;
    }
    if (child->control >= 0) close(child->control);
    if (child->pid) kill(child->pid, SIGKILL);
    while (child->pid && waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {}
    if (child->pid) modules_forget(child->pid);
    if (child->pid) counters_ended(child->counted);
    *child = (struct child){.control = -1};
}

/* Those that were begun end, and those before them are back. */
static void undo_renewal(struct master *m, unsigned from, unsigned slots) {
    unsigned before = m->retired_count - from;
    struct child *old = memory_get((before + 1) * sizeof *old);
    memcpy(old, m->retired + from, before * sizeof *old);
    m->retired_count = from;
    for (unsigned i = 0; i < m->cap; i++) take_back(m, &m->children[i]);
    for (unsigned i = 0; i < before; i++) m->children[old[i].slot] = old[i];
    free(old);
    m->slots = slots;
}

bool crew_renew(struct master *m) {
    unsigned from = m->retired_count, slots = m->slots;
    crew_put_aside(m);
    bool ok = crew_start(m);
    if (ok) crew_retire(m);
    else undo_renewal(m, from, slots);
    return ok;
}
