/* process.c - a program that the helper process has started */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "server/helper_parts.h"

enum { EXIT_NO_EXEC = 127, SPARE_FILES = 64 };

static struct list processes = {&processes, &processes};

/* ---- the child -------------------------------------------------------------------------------- */

void signals_as_new(void) {
    struct sigaction standard;
    sigset_t none;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int signo = 1; signo < NSIG; signo++) sigaction(signo, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t fork_quietly(void) {
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before); /* the child must not answer a signal with our handlers */
    pid_t pid = fork();
    int error = errno;
    if (pid != 0) sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}

/* Descriptors 0, 1, 2; those given may be such numbers themselves, in any order. */
static bool arrange(const int wanted[3]) {
    int high[3];
    for (int i = 0; i < 3; i++) {
        high[i] = fcntl(wanted[i], F_DUPFD, 3);
        if (high[i] < 0 || fd_set_cloexec(high[i], true) != 0) return false;
    }
    for (int i = 0; i < 3; i++)
        if (dup2(high[i], i) < 0) return false;
    return true;
}

static _Noreturn void become(const struct process_spec *s, const int fds[3], int report) {
    setpgid(0, 0);
    if (arrange(fds) && (!s->directory || chdir(s->directory) == 0)) {
        for (int i = 0; i < 3; i++) fd_set_nonblocking(i, false);
        signals_as_new();
        setrlimit(RLIMIT_NOFILE, &helper_self.files);
        execve(s->argv[0], s->argv, s->envp);
    }
    int error = errno;
    if (write(report, &error, sizeof error) < 0) _exit(EXIT_NO_EXEC);
    _exit(EXIT_NO_EXEC);
}

/* ---- the parent ------------------------------------------------------------------------------- */

/* What became of exec(): the pipe was closed by it, or brings its error. False: it failed, and p may be freed. */
static bool learn(struct process *p) {
    int error = 0, fd = p->report.fd;
    ssize_t n;
    do n = read(fd, &error, sizeof error);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) return true;
    p->is_told = true;
    p->is_started = n == 0;
    fdevent_remove(&p->report);
    close(fd);
    if (n != 0) { /* waitpid() finds nobody to tell */
        list_remove(&p->link);
        deadline_stop(&p->kill);
    }
    p->event(p, n == 0 ? CHILD_STARTED : CHILD_FAILED, n == 0 ? (int)p->pid : error);
    return n == 0;
}

static void on_report(struct fdevent *ev, unsigned ready) {
    (void)ready;
    learn(CONTAINER(ev, struct process, report));
}

static void on_patience_ended(struct deadline *d) {
    process_signal(CONTAINER(d, struct process, kill), SIGKILL);
}

static pid_t fork_program(const struct process_spec *s, const int fds[3], const int report[2]) {
    pid_t pid = fork_quietly();
    if (pid == 0) become(s, fds, report[1]);
    if (pid > 0) setpgid(pid, pid); /* as the child does: a signal to the group finds it in any case */
    return pid;
}

/* The rest is for workers' lines and logs: they must not be what is missing. */
static bool no_more_files(const int report[2]) {
    close(report[0]);
    close(report[1]);
    errno = EMFILE;
    return false;
}

bool process_start(struct process *p, const struct process_spec *s) {
    int report[2], murmur[2] = {-1, -1}, fds[3] = {s->fds[0], s->fds[1], s->fds[2]};
    if (fd_pipe(report) != 0) return false;
    if (helper_self.most_files && report[1] + SPARE_FILES > helper_self.most_files) return no_more_files(report);
    if (fds[2] < 0 && fd_pipe(murmur) == 0) fds[2] = murmur[1];
    if (fds[2] < 0) fds[2] = helper_self.null;
    fd_set_nonblocking(report[0], true);
    *p = (struct process){.event = p->event};
    p->report.run = on_report;
    p->kill.fire = on_patience_ended;
    list_init(&p->link);
    bool watched = fdevent_add(helper_self.events, &p->report, report[0], FDEVENT_IN) == 0;
    p->pid = watched ? fork_program(s, fds, report) : -1;
    int error = errno;
    close(report[1]);
    if (murmur[1] >= 0) close(murmur[1]);
    if (p->pid < 0) {
        if (watched) fdevent_remove(&p->report);
        close(report[0]);
        if (murmur[0] >= 0) close(murmur[0]);
        errno = error;
        return false;
    }
    if (murmur[0] >= 0) murmur_listen(murmur[0], s->argv[0], p->pid);
    list_add_last(&processes, &p->link);
    return true;
}

void process_signal(const struct process *p, int signo) {
    if (p->pid > 0 && kill(-p->pid, signo) != 0) kill(p->pid, signo);
}

void process_end(struct process *p, int signo, unsigned patience_s) {
    process_signal(p, signo);
    deadline_in(helper_self.events, &p->kill, patience_s * UINT64_C(1000));
}

bool process_reaped(pid_t pid, int status) {
    for (struct list *i = processes.next; i != &processes; i = i->next) {
        struct process *p = CONTAINER(i, struct process, link);
        if (p->pid != pid) continue;
        if (!p->is_told && !learn(p)) return true;
        list_remove(&p->link);
        deadline_stop(&p->kill);
        p->event(p, CHILD_ENDED, status);
        return true;
    }
    return false;
}

void processes_close_reports(void) {
    for (struct list *i = processes.next; i != &processes; i = i->next)
        if (!CONTAINER(i, struct process, link)->is_told) close(CONTAINER(i, struct process, link)->report.fd);
}

bool processes_any(void) {
    return !list_is_empty(&processes);
}

void processes_kill_all(void) {
    for (struct list *i = processes.next; i != &processes; i = i->next)
        process_signal(CONTAINER(i, struct process, link), SIGKILL);
}
