/* serving.c - a worker process, from fork() to exit */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/serving.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/map.h"
#include "fdevents/socket.h"
#include "net/wire.h"
#include "server/control.h"
#include "server/counters.h"
#include "server/jobs.h"
#include "server/plan.h"
#include "server/worker.h"
#include "tls/context.h"

static struct worker *worker;
static struct control control;
static struct map pipes; /* program => descriptor + 1, from the master */

/* ---- logs ------------------------------------------------------------------------------------- */

static int open_pipe(struct span program, void *arg) {
    (void)arg;
    int fd = (int)(intptr_t)map_get(&pipes, program) - 1;
    if (fd < 0) errno = ENOENT;
    return fd < 0 ? -1 : dup(fd);
}

static void keep_pipe(struct span program, int fd) {
    if (map_get(&pipes, program)) {
        close(fd);
        return;
    }
    map_put(&pipes, (struct span){span_dup(program), program.n}, (void *)(intptr_t)(fd + 1));
}

/* The error log of the global block is where the process itself speaks. */
static void use_main_log(struct conf *conf) {
    const struct core_settings *core = plan_global(conf)->core;
    struct buf target = {0};
    if (core->errorlog) {
        log_set_main(log_hold(core->errorlog));
    } else if (core->errorlog_syslog) {
        buf_printf(&target, "syslog:%.*s", SPAN_ARG(core->syslog_facility));
        log_set_main(log_open(buf_span(&target)));
    }
    buf_done(&target);
}

/* ---- messages from the master ----------------------------------------------------------------- */

static void reload(struct span payload) {
    const char *name = payload.p;
    struct span recording = span_from(payload, strlen(name) + 1);
    struct inputs *inputs = inputs_replay(recording);
    struct complaints *complaints = complaints_make();
    struct conf *conf = inputs ? conf_load(inputs, name, complaints) : NULL;
    if (!conf || complaints_errors(complaints)) {
        say_error("the new configuration did not arrive as the master has it: the old one stays");
        conf_drop(conf);
        worker_unlisten_others(worker, worker->conf);
    } else {
        conf_open_logs(conf);
        use_main_log(conf);
        worker_reconfigure(worker, conf);
        worker_unlisten_others(worker, conf);
    }
    complaints_drop(complaints);
}

/* One socket more of those we have (another worker leaves) is served at once. */
static bool is_listened_on(struct span name) {
    const struct conf *conf = worker->conf;
    for (size_t i = 0; i < conf->listen_count; i++)
        if (span_is(conf->listen[i].name, name)) return true;
    return false;
}

static void handle(enum control_kind kind, struct span payload, int fd) {
    switch (kind) {
    case CONTROL_LISTENER:
        if (fd >= 0) worker_listen(worker, payload, fd, !is_listened_on(payload));
        else say_error("a socket to listen on did not arrive (too many open files?): %.*s", SPAN_ARG(payload));
        return;
    case CONTROL_PIPE:
        if (fd >= 0) keep_pipe(payload, fd);
        return;
    case CONTROL_RELOAD: reload(payload); return;
    case CONTROL_TICKETS: tls_tickets_set(payload); return;
    case CONTROL_REOPEN: logs_reopen(); return;
    case CONTROL_END: worker_end_gracefully(worker); return;
    case CONTROL_RETIRE: worker_retire(worker); return;
    case CONTROL_HELPER:
        if (fd >= 0) jobs_connect(fd);
        else say_error("the socket to the helper process did not arrive (too many open files?)");
        return;
    case CONTROL_ERRORLOG:
    case CONTROL_BREAKAGELOG:
    case CONTROL_PROGRAMS:
    case CONTROL_WARRANT: return;
    }
}

static void on_control(struct fdevent *ev, unsigned ready) {
    enum control_kind kind;
    struct span payload;
    int fd;
    (void)ready;
    for (;;) {
        enum control_result result = control_receive(&control, ev->fd, &kind, &payload, &fd);
        if (result == CONTROL_LATER) return;
        if (result == CONTROL_GONE) break;
        handle(kind, payload, fd);
    }
    say_error("the master is gone: this worker ends");
    fdevent_want(ev, 0);
    worker_end_gracefully(worker);
}

static void on_term(int signo, void *arg) {
    (void)signo, (void)arg;
    worker_stop(worker);
}

static void end_soon(struct deadline *d) {
    (void)d;
    worker_end_gracefully(worker);
}

/* Whoever notices is in the middle of a request. */
static void lose_opener(void) {
    static struct deadline soon = {.fire = end_soon};
    deadline_in(worker->events, &soon, 1);
}

/* ---- life ------------------------------------------------------------------------------------- */

/* The master had its signals blocked; what a terminal sends to the whole group is the master's to decide. */
static void set_signals(void) {
    struct sigaction ignore;
    sigset_t none;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGUSR1, &ignore, NULL);
    sigaction(SIGUSR2, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    ignore.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &ignore, NULL);
    sigaction(SIGALRM, &ignore, NULL);
    fdevents_signal(worker->events, SIGTERM, on_term, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool listen_on_all(const struct serving *s) {
    for (struct held_listener *l = s->listeners; l; l = l->next) {
        if (!listener_is_wanted(l, s->conf)) continue; /* the configuration before had it */
        /* more than one where a reload has left fewer workers than sockets: each has somebody who accepts */
        for (unsigned i = s->slot % l->count; i < l->count; i += s->slots) {
            int fd = dup(l->fds[i]);
            if (fd < 0 || socket_prepare(fd) != 0 || !worker_listen(worker, span_of(l->name), fd, false))
                return false;
        }
    }
    return true;
}

static void close_others(const struct serving *s) {
    for (struct held_listener *l = s->listeners; l; l = l->next)
        for (unsigned i = 0; i < l->count; i++) close(l->fds[i]);
    for (struct logger *l = s->loggers; l; l = l->next) close(l->read_end);
}

_Noreturn void serving_run(const struct serving *s) {
    const char ready = WORKER_IS_READY;
    sandbox_prepare(s->sandbox, s->conf->core, &s->who);
    int null = s->leaves_terminal ? fd_open("/dev/null", O_RDWR, 0) : -1; /* a chroot may have none */
    for (struct logger *l = s->loggers; l; l = l->next) keep_pipe(span_of(l->program), l->write_end);
    logs_set_opener(open_pipe, NULL);
    counters_use(s->counted);
    if (!(worker = worker_make(s->conf)) || !listen_on_all(s)) exit(1);
    jobs_leave_to_helper();
    if (s->helper >= 0) jobs_connect(s->helper);
    if (!privileges_drop(s->conf->core, &s->who) || !conf_open_logs(s->conf)) exit(1);
    use_main_log(s->conf);
    set_signals();
    close_others(s);
    socket_prepare(s->control);
    worker->control.run = on_control;
    worker->idle_exit_s = s->idle_exit_s;
    if (fdevent_add(worker->events, &worker->control, s->control, FDEVENT_IN) != 0) exit(1);
    fd_cover_standard(null);
    sandbox_enter(s->sandbox, lose_opener);
    if (write(s->control, &ready, 1) != 1) exit(1);
    if (s->rehearses) exit(0);
    worker_run(worker);
    worker_drop(worker);
    sandbox_leave();
    control_done(&control);
    exit(0);
}
