/* upgrade.c - the master hands everything to another binary (SIGUSR2), after a rehearsal */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/upgrade.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/library.h"
#include "base/memory.h"
#include "server/counters.h"
#include "server/handover.h"
#include "server/master_parts.h"
#include "server/notify.h"
#include "tls/context.h"

enum { REHEARSAL_S = 60, TICK_MS = 100, LINES_MAX = 64 };

extern char **environ;

/* ---- what is handed over ---------------------------------------------------------------------- */

/* bundle - the handover, and the descriptors that go with it */
struct bundle {
    struct buf text, record;
    int *fds;
    unsigned count;
};

static int pass(struct bundle *b, int fd) {
    if (fd < 0) return fd;
    b->fds = memory_resize(b->fds, (b->count + 1) * sizeof *b->fds);
    b->fds[b->count++] = fd;
    return fd;
}

static void add_record(struct bundle *b, const char *name) {
    handover_add(&b->text, name, buf_span(&b->record));
    buf_clear(&b->record);
}

static void add_listeners(struct bundle *b, const struct master *m) {
    const struct held_listener **order = NULL;
    size_t n = 0, cap = 0;
    for (const struct held_listener *l = m->listeners; l; l = l->next) {
        order = memory_grow(order, &cap, n + 1, sizeof *order);
        order[n++] = l;
    }
    while (n-- > 0) { /* the reader puts each in front of those before */
        const struct held_listener *l = order[n];
        buf_add_text(&b->record, "fds=");
        for (unsigned i = 0; i < l->count; i++)
            buf_printf(&b->record, "%s%d", i ? "," : "", pass(b, l->fds[i]));
        buf_printf(&b->record, " passed=%d lent=%d name=%s", l->passed, l->is_lent, l->name);
        add_record(b, "listener");
    }
    free(order);
}

static void add_loggers(struct bundle *b, const struct master *m) {
    for (const struct logger *l = m->loggers; l; l = l->next) {
        buf_printf(&b->record, "ends=%d,%d pid=%ld quiet=%d program=%s", pass(b, l->read_end), pass(b, l->write_end),
                   l->pid > 0 ? (long)l->pid : 0, l->is_quiet, l->program);
        add_record(b, "logger");
    }
}

static void add_worker(struct bundle *b, const struct child *c, bool retired) {
    if (!c->pid) return;
    buf_printf(&b->record, "pid=%ld slot=%u retired=%d", (long)c->pid, c->slot, retired);
    if (c->control >= 0) buf_printf(&b->record, " control=%d", pass(b, c->control));
    add_record(b, "worker");
}

static void add_helper(struct bundle *b, const struct helper *h) {
    if (h->pid <= 0 || h->control < 0) return;
    buf_printf(&b->record, "pid=%ld control=%d protocol=%d programs=%d uid=%lu gid=%lu", (long)h->pid,
               pass(b, h->control), HELPER_PROTOCOL, h->has_programs, h->who.is_set ? (unsigned long)h->who.uid : 0,
               h->who.is_set ? (unsigned long)h->who.gid : 0);
    if (h->kin_fd >= 0) buf_printf(&b->record, " kin=%d", pass(b, h->kin_fd));
    add_record(b, "helper");
}

static void add_secrets(struct bundle *b, const struct master *m) {
    if (!m->conf->has_tls) return;
    handover_add(&b->text, "tickets", tls_tickets());
    buf_printf(&b->record, "rotate=%lld of-file=%d", (long long)m->renewal.rotate_s, m->renewal.keys_of_file);
    add_record(b, "renewal");
}

static void add_counters(struct bundle *b) {
    counters_export(&b->record);
    add_record(b, "counters");
}

static void add_configuration(struct bundle *b, const struct master *m) {
    handover_add(&b->text, "config", span_of(m->start->config_name));
    inputs_save(m->conf->inputs, &b->record);
    add_record(b, "inputs");
}

/* By their paths there may be others. */
static void add_parts(struct bundle *b) {
    const char *name;
    for (unsigned i = 0; i < library_parts(); i++) {
        int fd = library_part_file(i, &name);
        if (fd < 0) continue;
        buf_printf(&b->record, "fd=%d name=%s", pass(b, fd), name);
        add_record(b, "part");
    }
}

static void make_bundle(struct bundle *b, const struct master *m) {
    *b = (struct bundle){.fds = NULL};
    handover_begin(&b->text);
    add_configuration(b, m);
    add_listeners(b, m);
    add_loggers(b, m);
    for (unsigned i = 0; i < m->cap; i++) add_worker(b, &m->children[i], false);
    for (unsigned i = 0; i < m->retired_count; i++) add_worker(b, &m->retired[i], true);
    add_helper(b, &m->helper);
    if (m->pid_file.fd >= 0) {
        buf_printf(&b->record, "fd=%d name=%s", pass(b, m->pid_file.fd), m->pid_file.name);
        add_record(b, "pidfile");
    }
    add_secrets(b, m);
    add_counters(b);
    add_parts(b);
    if (m->start->program_fd >= 0) buf_printf(&b->record, "fd=%d", pass(b, m->start->program_fd));
    if (log_descriptor(log_main()) > STDERR_FILENO)
        buf_printf(&b->record, " log=%d", pass(b, log_descriptor(log_main())));
    add_record(b, "program");
    buf_add_text(&b->record, "all=");
    for (unsigned i = 0; i < b->count; i++) buf_printf(&b->record, "%s%d", i ? "," : "", b->fds[i]);
    add_record(b, "descriptors");
    handover_end(&b->text);
}

/* There are keys in it. */
static void forget_bundle(struct bundle *b) {
    if (b->text.p) memory_clear(b->text.p, b->text.n);
    buf_done(&b->text);
    buf_done(&b->record);
    free(b->fds);
}

static bool is_program(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* As execvp() finds it. */
static bool search(const char *name, struct buf *path) {
    const char *all = getenv("PATH");
    struct span rest = all ? span_of(all) : SPAN("/bin:/usr/bin"), folder;
    while (span_next(&rest, ':', &folder)) {
        buf_clear(path);
        buf_printf(path, "%.*s/%s", SPAN_ARG(folder), name);
        if (is_program(buf_text(path))) return true;
    }
    return false;
}

char **upgrade_arguments(char **argv) {
    static char **copy;
    char here[4096];
    struct buf path = {0};
    size_t n = 0;
    while (argv[n]) n++;
    copy = memory_zeroed(n + 1, sizeof *copy);
    if (n) memcpy(copy, argv, n * sizeof *copy);
    if (n && argv[0][0] != '/') {
        bool found = strchr(argv[0], '/') || search(argv[0], &path);
        if (!path.n || path.p[0] != '/') {
            buf_clear(&path);
            if (found && getcwd(here, sizeof here)) buf_printf(&path, "%s/%s", here, argv[0]);
        }
        if (path.n) copy[0] = span_dup(buf_span(&path));
    }
    buf_done(&path);
    return copy;
}

/* ---- exec() ----------------------------------------------------------------------------------- */

/* A pipe holds little; a child has it all in its memory, and ends when it is read. */
int upgrade_send(struct span state) {
    int ends[2];
    if (fd_pipe(ends) != 0) return -1;
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        _exit(fd_write_all(ends[1], state.p, state.n) == 0 ? 0 : 1);
    }
    close(ends[1]);
    if (pid > 0) return ends[0];
    close(ends[0]);
    return -1;
}

char **upgrade_environment(char *variable) {
    size_t n = 0, kept = 0;
    while (environ[n]) n++;
    char **copy = memory_get((n + 2) * sizeof *copy);
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], UPGRADE_VARIABLE "=", strlen(UPGRADE_VARIABLE) + 1) != 0) copy[kept++] = environ[i];
    copy[kept] = variable;
    copy[kept + 1] = NULL;
    return copy;
}

static void keep_open(const struct upgrade_call *call, bool yes) {
    for (unsigned i = 0; i < call->passed_count; i++) fd_set_cloexec(call->passed[i], !yes);
    fd_set_cloexec(call->fd, !yes);
}

void upgrade_exec(const struct upgrade_call *call) {
    keep_open(call, true);
    if (call->program_fd >= 0) fd_exec(call->program_fd, call->argv, call->envp);
    else execve(call->argv[0], call->argv, call->envp);
    int error = errno;
    keep_open(call, false);
    errno = error;
}

/* ---- the rehearsal ---------------------------------------------------------------------------- */

/* With -tt: a program that knows nothing of handovers looks at the configuration, and gives no answer. */
static char **with_tests(char **argv) {
    size_t n = 0;
    while (argv[n]) n++;
    char **copy = memory_get((n + 2) * sizeof *copy);
    memcpy(copy, argv, n * sizeof *copy);
    copy[n] = (char *)(uintptr_t)"-tt";
    copy[n + 1] = NULL;
    return copy;
}

static _Noreturn void rehearse_here(const struct master *m, const struct bundle *b, int state, int answer, int said) {
    struct upgrade_call call = {with_tests(m->start->argv), NULL, "", state, -1, b->fds, b->count};
    setpgid(0, 0);
    alarm(0);
    snprintf(call.variable, sizeof call.variable, UPGRADE_VARIABLE "=rehearse %d %d", state, answer);
    call.envp = upgrade_environment(call.variable);
    dup2(said, STDOUT_FILENO);
    dup2(said, STDERR_FILENO);
    fd_set_cloexec(answer, false);
    upgrade_exec(&call);
    dprintf(STDERR_FILENO, "%s: %s\n", call.argv[0], strerror(errno));
    _exit(1);
}

static void log_lines(struct buf *text, bool all, unsigned *lines) {
    struct span rest = buf_span(text), line;
    while (span_find(rest, '\n') < rest.n || (all && rest.n)) {
        if (!span_next(&rest, '\n', &line)) break;
        if (line.n && (*lines)++ < LINES_MAX) say_note("upgrade: %.*s", SPAN_ARG(line));
    }
    size_t left = rest.n;
    if (left) memmove(text->p, rest.p, left);
    text->n = left;
}

/* The server is told to end: a rehearsal is of no interest any more. */
static bool is_told_to_end(void) {
    sigset_t waiting;
    return sigpending(&waiting) == 0 && (sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1);
}

/* Whoever watches us must not take a long rehearsal for the end of us. */
static void stay_alive(int64_t watchdog_s, int64_t *again_s) {
    if (!watchdog_s || clock_monotonic_s() < *again_s) return;
    *again_s = clock_monotonic_s() + watchdog_s;
    notify_alive();
}

/* Logs what it says until it has ended; its exit status, or -1. */
static int listen_to(const struct master *m, pid_t pid, int said) {
    struct buf text = {0};
    unsigned lines = 0;
    int status = -1;
    pid_t gone = 0;
    int64_t until = clock_monotonic_s() + REHEARSAL_S, alive_s = 0;
    fd_set_nonblocking(said, true);
    while (!gone) {
        struct pollfd p = {said, POLLIN, 0};
        poll(&p, 1, TICK_MS);
        stay_alive(m->watchdog_s, &alive_s);
        gone = waitpid(pid, &status, WNOHANG);
        ssize_t n;
        while ((n = read(said, buf_room(&text, 4096), 4096)) > 0) {
            text.n += (size_t)n;
            log_lines(&text, text.n > 4096, &lines);
        }
        if (n == 0) poll(NULL, 0, TICK_MS / 10); /* it has closed its end, and ends any moment */
        if (!gone && (clock_monotonic_s() > until || is_told_to_end())) {
            if (is_told_to_end()) say_note("upgrade: the server is to end: the trial is given up");
            else say_error("upgrade: the new program does not come to an end of its trial: it is killed");
            kill(-pid, SIGKILL);
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
            break;
        }
    }
    log_lines(&text, true, &lines);
    buf_done(&text);
    return status;
}

/* Its answer is its version. */
static bool read_answer(int fd, char version[64]) {
    ssize_t n = read(fd, version, 63);
    version[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static void say_failure(int status) {
    if (WIFSIGNALED(status)) say_error("upgrade: the new program was killed by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) == 0) say_error("upgrade: the new program has not answered: is it goldcrest?");
    else say_error("upgrade: the new program does not start (exit status %d)", WEXITSTATUS(status));
}

static void close_ends(int ends[2]) {
    for (unsigned i = 0; i < 2; i++) {
        if (ends[i] >= 0) close(ends[i]);
        ends[i] = -1;
    }
}

static bool no_pipes(int state, int answer[2], int said[2]) {
    say_error("upgrade: %s", strerror(errno));
    if (state >= 0) close(state);
    close_ends(answer);
    close_ends(said);
    return false;
}

/* False with the reason said: the new program would not start here. */
static bool rehearse(const struct master *m, const struct bundle *b, char version[64]) {
    int answer[2] = {-1, -1}, said[2] = {-1, -1}, state = upgrade_send(buf_span(&b->text));
    if (state < 0 || fd_pipe(answer) != 0 || fd_pipe(said) != 0) return no_pipes(state, answer, said);
    pid_t pid = fork();
    if (pid == 0) rehearse_here(m, b, state, answer[1], said[1]);
    close(state);
    close(answer[1]);
    close(said[1]);
    int status = pid > 0 ? listen_to(m, pid, said[0]) : 256;
    bool ok = status == 0 && read_answer(answer[0], version);
    if (!ok && !is_told_to_end()) say_failure(status);
    close(answer[0]);
    close(said[0]);
    return ok;
}

/* ---- SIGUSR2 ---------------------------------------------------------------------------------- */

static void hand_over(const struct master *m, const struct bundle *b) {
    struct upgrade_call call = {m->start->argv, NULL, "", upgrade_send(buf_span(&b->text)), -1, b->fds, b->count};
    if (call.fd < 0) return;
    snprintf(call.variable, sizeof call.variable, UPGRADE_VARIABLE "=take %d", call.fd);
    call.envp = upgrade_environment(call.variable);
    logs_flush();
    fflush(NULL);
    alarm(0);
    upgrade_exec(&call);
    close(call.fd);
    free(call.envp);
}

void upgrade_run(struct master *m) {
    struct bundle b;
    char version[64];
    say_note("SIGUSR2: %s is tried out, to take over", m->start->argv[0]);
    notify_reloading("upgrading");
    make_bundle(&b, m);
    if (rehearse(m, &b, version)) {
        say_note("upgrade: goldcrest %s starts well here: it takes over", version);
        hand_over(m, &b);
        say_error("upgrade: %s: %s", m->start->argv[0], strerror(errno));
    }
    forget_bundle(&b);
    if (is_told_to_end()) return; /* the signal waits for the master's loop */
    say_error("upgrade: refused; goldcrest " VERSION " goes on as before");
    notify_ready(m->slots);
}
