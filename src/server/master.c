/* master.c - reads configurations, holds listeners, starts and watches workers */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/master.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "fdevents/socket.h"
#include "server/control.h"
#include "server/daemon.h"
#include "server/helper.h"
#include "server/modules.h"
#include "server/plan.h"
#include "server/programs.h"
#include "server/renewal.h"
#include "server/serving.h"
#include "tls/context.h"

/*
 * The master sleeps in sigwait(): everything it does begins with a signal. SIGALRM is its clock, set while a worker
 * that died is to be started again a little later, and for the files and keys of TLS.
 */
enum { READY_TIMEOUT_MS = 30 * 1000, CONTROL_TIMEOUT_S = 5, LIVES_LONG_S = 10, BACK_OFF_MAX_S = 60 };

struct child {
    pid_t pid;        /* 0: none */
    int control;      /* our end; -1: none */
    int64_t begun_s;  /* monotonic, like again_s */
    int64_t again_s;  /* when to start it anew */
    unsigned delay_s; /* back-off: 0, 1, 2, 4 … */
    bool leaves;      /* told to end: not started again */
};

struct master {
    const struct start *start;
    struct conf *conf;
    struct held_listener *listeners;
    struct logger *loggers;
    struct renewal renewal;
    struct helper helper;
    struct child *children;
    unsigned slots, cap; /* workers wanted; children in the array */
    struct who who;        /* its name is our own: configurations come and go */
    char *user;            /* likewise */
    struct pid_file pid_file;
    int news;            /* to the process that was called, until it has its answer; -1: none waits */
    bool ending;
};

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, SIGALRM};

/* ---- workers ---------------------------------------------------------------------------------- */

/* With -i it is one: nobody could tell when several have had nothing to do at the same time. */
static unsigned worker_count(const struct master *m, const struct conf *conf) {
    return conf->core->max_worker && !m->start->idle_exit_s ? conf->core->max_worker : 1;
}

/* In a process that the master has forked: what is the master's alone. */
static void leave_master(const struct master *m) {
    for (unsigned i = 0; i < m->cap; i++)
        if (m->children[i].control >= 0) close(m->children[i].control);
    if (m->helper.control >= 0) close(m->helper.control);
    if (m->pid_file.fd >= 0) close(m->pid_file.fd);
    if (m->news >= 0) close(m->news);
}

static _Noreturn void be_worker(struct master *m, unsigned slot, int control, int helper) {
    struct serving s = {m->conf,   m->listeners, m->loggers, m->who,
                        slot,      m->slots,     control,    helper,
                        m->start->idle_exit_s,   !m->start->foreground};
    leave_master(m);
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
        return false;
    }
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    child->pid = pid;
    child->control = pair[0];
    child->begun_s = clock_monotonic_s();
    child->again_s = 0;
    child->leaves = false;
    return true;
}

/* A worker says one byte when it serves; if it cannot, it is gone, and has said why. */
static bool is_ready(const struct child *child) {
    struct pollfd p = {child->control, POLLIN, 0};
    char byte;
    int n;
    do n = poll(&p, 1, READY_TIMEOUT_MS);
    while (n < 0 && errno == EINTR);
    return n == 1 && read(child->control, &byte, 1) == 1 && byte == WORKER_IS_READY;
}

static void make_slots(struct master *m, unsigned slots) {
    if (slots > m->cap) {
        m->children = memory_resize(m->children, slots * sizeof *m->children);
        for (; m->cap < slots; m->cap++) m->children[m->cap] = (struct child){.control = -1};
    }
    m->slots = slots;
}

static bool start_workers(struct master *m) {
    make_slots(m, worker_count(m, m->conf));
    for (unsigned i = 0; i < m->slots; i++)
        if (!start_worker(m, i)) return false;
    for (unsigned i = 0; i < m->slots; i++)
        if (!is_ready(&m->children[i])) return false;
    return true;
}

/* Half a message may have been sent: nothing that follows would be understood. The worker takes the end of the
 * connection for ours, ends gracefully and is replaced. */
static void tell(struct child *child, enum control_kind kind, struct span payload, int fd) {
    if (child->control < 0) return;
    if (control_send(child->control, kind, payload, fd)) return;
    say_error("worker %ld cannot be told: %s", (long)child->pid, strerror(errno));
    close(child->control);
    child->control = -1;
}

static void tell_all(struct master *m, enum control_kind kind, struct span payload) {
    for (unsigned i = 0; i < m->cap; i++) tell(&m->children[i], kind, payload, -1);
}

static void signal_all(struct master *m, int signo) {
    for (unsigned i = 0; i < m->cap; i++)
        if (m->children[i].pid) kill(m->children[i].pid, signo);
}

static bool any_worker(const struct master *m) {
    for (unsigned i = 0; i < m->cap; i++)
        if (m->children[i].pid) return true;
    return false;
}

/* ---- the helper ------------------------------------------------------------------------------- */

static void leave_master_as_helper(void *arg) {
    struct master *m = arg;
    leave_master(m);
    listeners_close(&m->listeners);
    loggers_close(&m->loggers);
}

static bool start_helper(struct master *m) {
    const struct helping s = {m->conf, &m->who, !m->start->foreground, leave_master_as_helper, m};
    if (!helper_start(&m->helper, &s)) return false;
    helper_logs(&m->helper, m->conf, m->loggers);
    helper_keep_programs(&m->helper);
    for (unsigned i = 0; i < m->cap; i++) {
        int line = m->children[i].pid ? helper_line(&m->helper) : -1;
        if (line < 0) continue;
        tell(&m->children[i], CONTROL_HELPER, SPAN(""), line);
        close(line);
    }
    return true;
}

/* Before workers take on a configuration: what it asks of the helper is there. */
static void prepare_helper(struct master *m) {
    if (m->helper.pid) {
        helper_logs(&m->helper, m->conf, m->loggers);
        helper_keep_programs(&m->helper);
    } else if (modules_need_helper(m->conf) || programs_any()) {
        start_helper(m);
    }
}

/* Starts another if the last one is gone and it is time. Seconds until then; 0: nothing to wait for. */
static int64_t replace_helper(struct master *m) {
    struct helper *h = &m->helper;
    if (!h->is_wanted || h->pid || (m->ending && !any_worker(m))) return 0;
    int64_t wait = h->again_s - clock_monotonic_s();
    if (wait > 0) return wait;
    return start_helper(m) ? 0 : 1;
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
    bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0, left = child->leaves;
    if (child->control >= 0) close(child->control);
    child->control = -1;
    child->pid = 0;
    child->leaves = false;
    if (m->ending || left || slot >= m->slots) return; /* a reload may want the slot again: replace_workers() */
    if (clean && m->start->idle_exit_s) { /* -i: nobody came */
        m->ending = true;
        tell_all(m, CONTROL_END, SPAN(""));
        return;
    }
    say_death(pid, status);
    bool short_lived = clock_monotonic_s() - child->begun_s < LIVES_LONG_S;
    child->delay_s = !short_lived ? 0 : child->delay_s ? child->delay_s * 2 : 1;
    if (child->delay_s > BACK_OFF_MAX_S) child->delay_s = BACK_OFF_MAX_S;
    child->again_s = clock_monotonic_s() + (short_lived && child->delay_s > 1 ? child->delay_s : 0);
}

static void reap(struct master *m) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (logger_restart(m->loggers, pid, &m->who)) continue;
        if (pid == m->helper.pid) helper_is_gone(&m->helper, status, m->ending);
        for (unsigned i = 0; i < m->cap; i++)
            if (m->children[i].pid == pid) worker_is_gone(m, i, status);
    }
}

/* Starts what is due. Seconds until the next one is; 0: none will be. */
static int64_t replace_workers(struct master *m) {
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

/* ---- reload ----------------------------------------------------------------------------------- */

static void say_complaints(const struct complaints *c) {
    struct buf text = {0};
    complaints_print(c, &text);
    struct span rest = buf_span(&text), line;
    while (span_next(&rest, '\n', &line))
        if (line.n) say_note("%.*s", SPAN_ARG(line));
    buf_done(&text);
}

static void start_logger(struct span program, void *arg) {
    struct master *m = arg;
    if (!logger_get(&m->loggers, program, &m->who, !m->start->foreground))
        say_error("\"%.*s\": %s", SPAN_ARG(program), strerror(errno));
}

static struct conf *load(const struct start *start, struct inputs *inputs, struct complaints *complaints) {
    struct conf *conf = conf_load(inputs, start->config_name, complaints);
    if (complaints_errors(complaints) == 0) return conf;
    conf_drop(conf);
    return NULL;
}

/* Settings that only a new process can take on. */
static void say_what_stays(const struct core_settings *old, const struct core_settings *new) {
    if (!span_is(old->username, new->username) || !span_is(old->groupname, new->groupname) ||
        !span_is(old->chroot, new->chroot))
        say_warning("server.username, server.groupname and server.chroot take effect at the next start");
    if (!span_is(old->event_handler, new->event_handler))
        say_warning("server.event-handler takes effect at the next start");
    if (!span_is(old->pid_file, new->pid_file)) say_warning("server.pid-file takes effect at the next start");
}

static void send_conf(struct master *m, struct child *child, unsigned slot, const struct conf *old,
                      struct span recording) {
    for (struct held_listener *l = m->listeners; l; l = l->next) {
        bool known = l->passed;
        for (size_t i = 0; i < old->listen_count; i++) known |= span_is(old->listen[i].name, span_of(l->name));
        if (!known) tell(child, CONTROL_LISTENER, span_of(l->name), listener_fd(l, slot));
    }
    for (struct logger *l = m->loggers; l; l = l->next) tell(child, CONTROL_PIPE, span_of(l->program), l->write_end);
    tell(child, CONTROL_RELOAD, recording, -1);
}

static void send_all(struct master *m, const struct conf *old) {
    struct buf recording = {0};
    buf_add_text(&recording, m->start->config_name);
    buf_add_char(&recording, '\0');
    inputs_save(m->conf->inputs, &recording);
    for (unsigned i = 0; i < m->slots && i < m->cap; i++)
        if (m->children[i].pid && !m->children[i].leaves)
            send_conf(m, &m->children[i], i, old, buf_span(&recording));
    buf_done(&recording);
}

/* The kernel goes on to give connections to the sockets of workers that leave: those who stay take them over. */
static void hand_sockets_over(struct master *m, unsigned before, unsigned now) {
    for (const struct held_listener *l = m->listeners; l; l = l->next)
        for (unsigned i = now; i < l->count; i++)
            if (i % before != i % now) tell(&m->children[i % now], CONTROL_LISTENER, span_of(l->name), l->fds[i]);
}

/* More workers are started with the new configuration; those that are too many end gracefully. */
static void adjust_workers(struct master *m) {
    unsigned before = m->slots, now = worker_count(m, m->conf);
    make_slots(m, now);
    if (now < before) hand_sockets_over(m, before, now);
    for (unsigned i = now; i < before; i++) {
        if (!m->children[i].pid || m->children[i].leaves) continue;
        m->children[i].leaves = true;
        tell(&m->children[i], CONTROL_END, SPAN(""), -1);
    }
    for (unsigned i = before; i < now; i++)
        if (!m->children[i].pid) start_worker(m, i);
}

/* The configuration as these inputs (taken over) have it; why: what begins the message. False: it is refused. */
static bool change(struct master *m, struct inputs *inputs, const char *why) {
    struct complaints *complaints = complaints_make();
    struct conf *old = m->conf, *new = load(m->start, inputs, complaints);
    say_complaints(complaints);
    bool ok = new && listeners_open(&m->listeners, new, worker_count(m, new));
    if (!ok) {
        say_error("%s: the new configuration is refused; the old one stays in force", why);
        conf_drop(new);
    } else {
        m->conf = new;
        renewal_watch(&m->renewal, new);
        if (new->has_tls) tell_all(m, CONTROL_TICKETS, tls_tickets());
        say_what_stays(old->core, new->core);
        conf_each_piped_log(new, start_logger, m);
        prepare_helper(m);
        send_all(m, old);
        listeners_close_others(&m->listeners, new);
        adjust_workers(m);
        conf_drop(old);
        if (m->helper.pid) helper_keep_programs(&m->helper); /* those that only the old one wanted are let go */
        say_note("%s: configuration %u is in force", why, new->generation);
    }
    complaints_drop(complaints);
    return ok;
}

static void reload(struct master *m) {
    change(m, m->start->inputs(m->start->inputs_arg), "reload");
}

/* A certificate that cannot be used does not keep the others from being renewed. */
static void renew_one_by_one(struct master *m) {
    size_t blocks = m->conf->tree->block_count, changed = 0;
    for (size_t b = 0; b < blocks; b++) {
        struct inputs *inputs = renewal_inputs_of(&m->renewal, m->conf, b);
        changed += inputs != NULL;
        inputs_drop(inputs);
    }
    for (size_t b = 0; changed > 1 && b < blocks; b++) {
        struct inputs *inputs = renewal_inputs_of(&m->renewal, m->conf, b);
        if (inputs) change(m, inputs, "ssl.*: files of one block have changed");
    }
}

/* What changes without a signal: the files and keys of TLS. */
static void renew(struct master *m) {
    struct span keys;
    if (m->ending || !renewal_is_due(&m->renewal)) return;
    if (renewal_keys(&m->renewal, &keys)) tell_all(m, CONTROL_TICKETS, keys);
    struct inputs *inputs = renewal_inputs(&m->renewal, m->conf);
    if (inputs && !change(m, inputs, "ssl.*: a file has changed")) renew_one_by_one(m);
}

/* 0 is never. */
static int64_t sooner(int64_t a, int64_t b) {
    return !a || (b && b < a) ? b : a;
}

/* ---- start and end ---------------------------------------------------------------------------- */

static void leave_terminal(struct master *m) {
    const char good = 0;
    if (m->news < 0) return;
    fd_cover_standard(fd_open("/dev/null", O_RDWR, 0));
    if (write(m->news, &good, 1) != 1) say_warning("the process that started this one is gone");
    close(m->news);
    m->news = -1;
}

static int open_pipe(struct span program, void *arg) {
    const struct master *m = arg;
    struct logger *l = logger_find(m->loggers, program);
    int fd = l ? dup(l->write_end) : -1;
    if (fd >= 0) fd_set_cloexec(fd, true);
    return fd;
}

/* Whoever may write in the directory of a log can put a link there: files are opened with a worker's rights. */
static void act_as_worker(const struct who *who, bool yes) {
    bool ok = true;
    if (!who->is_set) return;
    if (yes) ok = setegid(who->gid) == 0 && (!who->name || seteuid(who->uid) == 0);
    else ok = seteuid(getuid()) == 0 && setegid(getgid()) == 0;
    if (!ok) say_error("seteuid: %s", strerror(errno));
}

/* The master speaks in the error log too; a worker has made the file already, as its user. */
static void use_error_log(struct master *m) {
    const struct core_settings *core = m->conf->core;
    struct buf target = {0};
    bool is_file = conf_error_log(m->conf, &target);
    if (is_file && core->chroot.n) {
        buf_clear(&target);
        buf_printf(&target, "%s/%s", core->chroot.p, conf_global_text(m->conf, SPAN("server.errorlog")).p);
    }
    logs_set_opener(open_pipe, m);
    act_as_worker(&m->who, true);
    struct log *log = target.n ? log_open(buf_span(&target)) : NULL;
    act_as_worker(&m->who, false);
    if (log) log_set_main(log);
    buf_done(&target);
}

static void heard(int signo) {
    (void)signo;
}

/* They need a handler, though it never runs: an ignored SIGCHLD, as some parents hand it down, tells nobody of a
 * worker's death, and some systems drop what is ignored even while somebody waits for it. */
static void block_signals(sigset_t *set) {
    struct sigaction ignore, hear;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, NULL);
    memset(&hear, 0, sizeof hear);
    hear.sa_handler = heard;
    sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaddset(set, signals[i]);
    sigprocmask(SIG_BLOCK, set, NULL);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &hear, NULL);
}

static void end(struct master *m, int signo) {
    bool again = m->ending;
    m->ending = true;
    if (signo == SIGINT && !again) {
        say_note("SIGINT: no new connections; requests that are being answered are finished");
        pid_file_remove(&m->pid_file);
        tell_all(m, CONTROL_END, SPAN(""));
        listeners_close(&m->listeners);
        return;
    }
    signal_all(m, SIGTERM);
}

/* Starts what is due, and sets the clock for what will be. */
static void replace(struct master *m) {
    int64_t next = sooner(replace_helper(m), replace_workers(m));
    alarm((unsigned)sooner(next, m->ending ? 0 : renewal_wait_s(&m->renewal)));
}

static int watch(struct master *m, const sigset_t *set) {
    replace(m);
    while (!m->ending || any_worker(m)) {
        int signo;
        if (sigwait(set, &signo) != 0) continue;
        clock_update();
        if (signo == SIGTERM || signo == SIGINT) end(m, signo);
        if (signo == SIGHUP) {
            act_as_worker(&m->who, true);
            logs_reopen();
            act_as_worker(&m->who, false);
            tell_all(m, CONTROL_REOPEN, SPAN(""));
            if (m->helper.pid) helper_reopen_logs(&m->helper);
        }
        if (signo == SIGUSR1 && !m->ending) reload(m);
        if (signo == SIGCHLD) reap(m);
        renew(m);
        replace(m);
    }
    return 0;
}

static void put_away(struct master *m) {
    helper_end(&m->helper);
    listeners_close(&m->listeners);
    loggers_close(&m->loggers);
    renewal_done(&m->renewal);
    conf_drop(m->conf);
    free(m->children);
    free(m->pid_file.name);
    free(m->user);
}

/* Waits for workers alone: logging programs stay as long as their pipe is open. */
static int give_up(struct master *m) {
    m->ending = true;
    signal_all(m, SIGTERM);
    for (unsigned i = 0; i < m->cap; i++)
        while (m->children[i].pid && waitpid(m->children[i].pid, NULL, 0) < 0 && errno == EINTR) {}
    pid_file_leave(&m->pid_file);
    put_away(m);
    return 255;
}

static void raise_core_limit(const struct core_settings *core) {
    struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    if (core->core_files && setrlimit(RLIMIT_CORE, &unlimited) != 0)
        say_warning("server.core-files: %s", strerror(errno));
}

int master_run(const struct start *start, struct conf *conf) {
    struct master m = {.start = start, .conf = conf, .pid_file = {.fd = -1}, .news = -1, .helper = {.control = -1}};
    sigset_t set;
    clock_update();
    block_signals(&set);
    raise_core_limit(conf->core);
    if (!privileges_find(conf->core, &m.who) || !pid_file_open(&m.pid_file, conf->core->pid_file)) return give_up(&m);
    if (m.who.name) m.who.name = m.user = span_dup(span_of(m.who.name));
    if (!listeners_open(&m.listeners, conf, worker_count(&m, conf))) return give_up(&m);
    if (!start->foreground && (m.news = daemonise()) < 0) return give_up(&m);
    conf_each_piped_log(conf, start_logger, &m);
    renewal_watch(&m.renewal, conf);
    prepare_helper(&m);
    if (!start_workers(&m)) return give_up(&m);
    pid_file_write(&m.pid_file);
    use_error_log(&m);
    say_note("goldcrest " VERSION " serves with %u worker%s", m.slots, m.slots == 1 ? "" : "s");
    if (start->ready) start->ready(conf);
    leave_terminal(&m);
    int status = watch(&m, &set);
    say_note("goldcrest has ended");
    pid_file_remove(&m.pid_file);
    put_away(&m);
    logs_flush();
    return status;
}
