/* master.c - reads configurations, holds listeners, starts and watches workers */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/master_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/library.h"
#include "base/memory.h"
#include "server/counters.h"
#include "server/modules.h"
#include "server/notify.h"
#include "server/pace.h"
#include "server/upgrade.h"

/*
 * The master sleeps in sigwait(): everything it does begins with a signal. SIGALRM is its clock, set while a worker
 * that died is to be started again a little later, and for the files and keys of TLS.
 */
enum { STOP_S = 15 /* what an end may take beside requests: programs of the helper */ };

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM};

void master_leave(const struct master *m) {
    for (unsigned i = 0; i < m->cap; i++)
        if (m->children[i].control >= 0) close(m->children[i].control);
    for (unsigned i = 0; i < m->retired_count; i++)
        if (m->retired[i].control >= 0) close(m->retired[i].control);
    if (m->helper.control >= 0) close(m->helper.control);
    if (m->former_helper.pid > 0) close(m->former_helper.control);
    if (m->helper.kin_fd >= 0) close(m->helper.kin_fd); /* whoever has it could make the file shorter */
    if (m->former_helper.kin_fd >= 0) close(m->former_helper.kin_fd);
    if (m->pid_file.fd >= 0) close(m->pid_file.fd);
    if (m->former_pid_file.fd >= 0) close(m->former_pid_file.fd);
    if (m->news >= 0) close(m->news);
    if (m->start->program_fd >= 0) close(m->start->program_fd);
    library_close_files();
    upgrade_leave();
}

void master_start_logger(struct span program, void *master) {
    struct master *m = master;
    if (!logger_get(&m->loggers, program, &m->who, !m->start->foreground))
        say_error("\"%.*s\": %s", SPAN_ARG(program), strerror(errno));
}

/* ---- the helper ------------------------------------------------------------------------------- */

static void leave_master_as_helper(void *arg) {
    struct master *m = arg;
    master_leave(m);
    listeners_let_go(&m->listeners);
    loggers_close(&m->loggers);
}

bool master_start_helper(struct master *m) {
    const struct helping s = {m->conf, &m->who, !m->start->foreground, leave_master_as_helper, m};
    if (!helper_start(&m->helper, &s)) return false;
    helper_logs(&m->helper, m->conf, m->loggers);
    helper_allow(&m->helper, m->conf);
    helper_keep_programs(&m->helper);
    for (unsigned i = 0; i < m->cap; i++) {
        int line = m->children[i].pid ? helper_line(&m->helper) : -1;
        if (line < 0) continue;
        crew_tell(&m->children[i], CONTROL_HELPER, SPAN(""), line);
        close(line);
    }
    return true;
}

/* Starts another if the last one is gone and it is time. Seconds until then; 0: nothing to wait for. */
static int64_t replace_helper(struct master *m) {
    struct helper *h = &m->helper;
    if (!h->is_wanted || h->pid || (m->ending && !crew_any(m))) return 0;
    int64_t wait = h->again_s - clock_monotonic_s();
    if (wait > 0) return wait;
    return master_start_helper(m) ? 0 : 1;
}

/* ---- clock and children ----------------------------------------------------------------------- */

static void reap(struct master *m) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (logger_restart(m->loggers, pid, &m->who) || crew_is_gone(m, pid, status)) continue;
        if (pid == m->helper.pid) helper_is_gone(&m->helper, status, m->ending);
    }
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
    conf_use_log_format(m->conf);
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

static uint32_t graceful_s(const struct master *m) {
    return feature_number(m->conf->core, SPAN("server.graceful-shutdown-timeout"), 8);
}

static void end(struct master *m, int signo) {
    bool again = m->ending;
    m->ending = true;
    if (signo == SIGINT && !again) {
        say_note("SIGINT: no new connections; requests that are being answered are finished");
        pid_file_remove(&m->pid_file);
        notify_stopping("requests that are being answered are finished", graceful_s(m) + STOP_S);
        crew_tell_all(m, CONTROL_END, SPAN(""));
        listeners_close(&m->listeners);
        return;
    }
    if (!again) notify_stopping("stopping", STOP_S);
    crew_signal_all(m, SIGTERM);
}

/* Starts what is due, and sets the clock for what will be. */
static void replace(struct master *m) {
    int64_t next = sooner(sooner(replace_helper(m), crew_replace(m)), m->watchdog_s);
    int64_t look = m->sandbox_look_s - clock_monotonic_s();
    if (m->sandbox_look_s && !m->ending) next = sooner(next, look > 0 ? look : 1);
    alarm((unsigned)sooner(next, m->ending ? 0 : renewal_wait_s(&m->renewal)));
}

static void reopen_logs(struct master *m) {
    act_as_worker(&m->who, true);
    logs_reopen();
    act_as_worker(&m->who, false);
    crew_tell_all(m, CONTROL_REOPEN, SPAN(""));
    if (m->helper.pid) helper_reopen_logs(&m->helper);
}

static void reload(struct master *m) {
    notify_reloading("reloading the configuration");
    reload_run(m);
    notify_ready(m->slots);
}

static int watch(struct master *m, const sigset_t *set) {
    reap(m); /* what has happened during an upgrade */
    replace(m);
    while (!m->ending || crew_any(m)) {
        int signo;
        if (sigwait(set, &signo) != 0) continue;
        clock_update();
        if (signo == SIGTERM || signo == SIGINT) end(m, signo);
        if (signo == SIGHUP) reopen_logs(m);
        if (signo == SIGUSR1 && !m->ending) reload(m);
        if (signo == SIGUSR2 && !m->ending) upgrade_run(m);
        if (signo == SIGCHLD) reap(m);
        reload_renew(m);
        crew_look(m);
        if (m->watchdog_s) notify_alive();
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
    sandbox_drop(m->sandbox);
    free(m->children);
    free(m->retired);
    free(m->pid_file.name);
    free(m->former_pid_file.name);
    free(m->user);
}

/* Waits for workers alone: logging programs stay as long as their pipe is open. After an upgrade the old program goes
 * on with everything that it had. */
static int give_up(struct master *m) {
    m->ending = true;
    for (unsigned i = 0; i < m->cap; i++) {
        if (m->children[i].pid) kill(m->children[i].pid, SIGTERM);
        while (m->children[i].pid && waitpid(m->children[i].pid, NULL, 0) < 0 && errno == EINTR) {}
    }
    upgrade_fall_back();
    pid_file_leave(&m->pid_file);
    put_away(m);
    return 255;
}

static void raise_core_limit(const struct core_settings *core) {
    struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    if (core->core_files && setrlimit(RLIMIT_CORE, &unlimited) != 0)
        say_warning("server.core-files: %s", strerror(errno));
}

/* Listeners, workers and what they need. False: said why. */
static bool begin(struct master *m) {
    if (!listeners_open(&m->listeners, m->conf, crew_size(m, m->conf))) return false;
    if (!m->start->foreground && upgrade_role() == UPGRADE_NONE && (m->news = daemonise()) < 0) return false;
    modules_share(m->conf);
    pace_share();
    conf_each_piped_log(m->conf, master_start_logger, m);
    renewal_watch(&m->renewal, m->conf);
    if (!m->rehearses) reload_prepare_helper(m);
    counters_make(crew_size(m, m->conf));
    upgrade_take_counters();
    gauge_set(COUNT_GENERATION, m->conf->generation);
    m->sandbox = sandbox_make(m->conf);
    return upgrade_role() == UPGRADE_RETURNS || crew_start(m);
}

static bool find_pid_file(struct master *m) {
    upgrade_take_pid_file(m);
    return m->rehearses || m->pid_file.fd >= 0 || pid_file_open(&m->pid_file, m->conf->core->pid_file);
}

static void say_that_we_serve(struct master *m) {
    bool is_first = upgrade_role() == UPGRADE_NONE;
    upgrade_done(m);
    sandbox_say(m->sandbox);
    say_note("goldcrest " VERSION " serves with %u worker%s", m->slots, m->slots == 1 ? "" : "s");
    if (m->start->ready && is_first) m->start->ready(m->conf);
    m->watchdog_s = notify_watchdog_s();
    notify_ready(m->slots);
    leave_terminal(m);
}

int master_run(const struct start *start, struct conf *conf) {
    struct master m = {.start = start, .conf = conf, .pid_file = {.fd = -1}, .news = -1, .helper = {.control = -1}};
    sigset_t set;
    m.former_pid_file.fd = m.helper.kin_fd = m.former_helper.kin_fd = -1;
    clock_update();
    block_signals(&set);
    raise_core_limit(conf->core);
    if (!privileges_find(conf->core, &m.who)) return give_up(&m);
    upgrade_take(&m);
    if (!find_pid_file(&m)) return give_up(&m);
    if (m.who.name) m.who.name = m.user = span_dup(span_of(m.who.name));
    bool ok = begin(&m);
    if (m.rehearses) {
        int result = upgrade_rehearsed(ok);
        put_away(&m);
        return result;
    }
    if (!ok) return give_up(&m);
    pid_file_write(&m.pid_file);
    use_error_log(&m);
    say_that_we_serve(&m);
    int status = watch(&m, &set);
    say_note("goldcrest has ended");
    pid_file_remove(&m.pid_file);
    put_away(&m);
    logs_flush();
    return status;
}
