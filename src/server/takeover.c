/* takeover.c - this program goes on where another has stopped, or shows that it could */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/library.h"
#include "base/memory.h"
#include "base/number.h"
#include "server/counters.h"
#include "server/handover.h"
#include "server/master_parts.h"
#include "tls/context.h"

enum { HANDOVER_MAX = 256 * 1024 * 1024, FDS_MAX = 16384, SOCKETS_MAX = 4096, AGAIN_S = 5 };

/* What this process is, until the workers serve. */
static struct {
    enum upgrade_role role;
    struct buf bytes;
    struct span from, records;
    char *config_name;
    int answer;              /* a rehearsal's */
    int standard_error;      /* while messages go to the log of the process before; -1: they don't */
    pid_t pid;
    bool is_armed;
    struct upgrade_call back;
} now = {.answer = -1, .standard_error = -1};

/* ---- failure ---------------------------------------------------------------------------------- */

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

static void be_the_old_one(void) {
    if (now.standard_error >= 0) dup2(now.standard_error, STDERR_FILENO);
    upgrade_exec(&now.back);
}

static void on_crash(int signo) {
    static const char line[] = "error: upgrade: the new program has crashed: the old one goes on\n";
    sigset_t this;
    sigemptyset(&this);
    sigaddset(&this, signo);
    sigprocmask(SIG_UNBLOCK, &this, NULL); /* exec() would keep it blocked */
    if (getpid() == now.pid && now.is_armed) {
        now.is_armed = false;
        if (write(STDERR_FILENO, line, sizeof line - 1) > 0) be_the_old_one();
    }
    signal(signo, SIG_DFL);
    raise(signo);
}

static void on_exit_too_early(void) {
    if (getpid() == now.pid) upgrade_fall_back();
}

static bool is_told_to_end(void) {
    sigset_t waiting;
    return sigpending(&waiting) == 0 && (sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1);
}

/* The old program cannot be had any more. Those whom it has started serve on; this one is tried again. */
static _Noreturn void hold_on(void) {
    struct span records = now.records, name, payload;
    say_error("upgrade: %s; the workers that are there serve on, and the start is tried again every %d seconds",
              strerror(errno), AGAIN_S);
    while (!is_told_to_end()) {
        poll(NULL, 0, AGAIN_S * 1000);
        now.back.program_fd = -1;
        memcpy(strchr(now.back.variable, '=') + 1, "take   ", 7);
        upgrade_exec(&now.back);
    }
    while (handover_next(&records, &name, &payload))
        if (span_is(name, SPAN("worker"))) kill((pid_t)handover_number(payload, "pid", 0), SIGTERM);
    _exit(0);
}

void upgrade_fall_back(void) {
    if (!now.is_armed) return;
    now.is_armed = false;
    say_error("upgrade: goldcrest " VERSION " does not start: goldcrest %.*s goes on", SPAN_ARG(now.from));
    logs_flush();
    be_the_old_one();
    hold_on();
}

/* The handover goes once more into a pipe, from which the old program would have it. */
static void arm(char **argv) {
    struct span program = handover_find(now.records, SPAN("program"));
    struct upgrade_call *back = &now.back;
    back->argv = argv;
    back->program_fd = handover_number(program, "fd", -1);
    back->passed = memory_get(FDS_MAX * sizeof *back->passed);
    back->passed_count =
        handover_numbers(handover_find(now.records, SPAN("descriptors")), "all", back->passed, FDS_MAX);
    for (unsigned i = 0; i < back->passed_count; i++) fd_set_cloexec(back->passed[i], true);
    if (now.role != UPGRADE_TAKES) return;
    int log = handover_number(program, "log", -1);
    if (log >= 0) now.standard_error = fcntl(STDERR_FILENO, F_DUPFD, STDERR_FILENO + 1);
    if (now.standard_error >= 0) {
        fd_set_cloexec(now.standard_error, true);
        dup2(log, STDERR_FILENO);
    }
    back->fd = upgrade_send(buf_span(&now.bytes));
    snprintf(back->variable, sizeof back->variable, UPGRADE_VARIABLE "=return %d", back->fd);
    back->envp = upgrade_environment(back->variable);
    now.pid = getpid();
    now.is_armed = back->fd >= 0;
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) signal(crashes[i], on_crash);
    atexit(on_exit_too_early);
}

/* ---- begin ------------------------------------------------------------------------------------ */

static const struct {
    struct span word;
    enum upgrade_role role;
} words[] = {{SPAN_INIT("rehearse"), UPGRADE_REHEARSES},
             {SPAN_INIT("take"), UPGRADE_TAKES},
             {SPAN_INIT("return"), UPGRADE_RETURNS}};

static int next_number(struct span *rest) {
    struct span word;
    uint64_t number;
    do
        if (!span_next(rest, ' ', &word)) return -1;
    while (!word.n);
    return number_parse(word, INT32_MAX, &number) ? (int)number : -1;
}

static bool refuse(const char *why) {
    fprintf(stderr, "goldcrest: " UPGRADE_VARIABLE ": %s\n", why);
    return false;
}

static bool read_handover(const char *text) {
    struct span rest = span_of(text), word;
    const char *why = "";
    if (!span_next(&rest, ' ', &word)) return refuse("it is empty");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (span_is(word, words[i].word)) now.role = words[i].role;
    int fd = next_number(&rest);
    if (now.role == UPGRADE_NONE || fd <= STDERR_FILENO) return refuse("it cannot be understood");
    if (now.role == UPGRADE_REHEARSES) now.answer = next_number(&rest);
    if (now.answer >= 0) fd_set_cloexec(now.answer, true);
    bool ok = fd_read_all(fd, &now.bytes, HANDOVER_MAX) == 0;
    if (!ok) return refuse(strerror(errno));
    close(fd);
    return handover_open(buf_span(&now.bytes), &now.from, &now.records, &why) || refuse(why);
}

/* The libraries of the program before: if it is back, they are its own; else they are closed in the end. */
static void each_part(void (*act)(struct span name, int fd)) {
    struct span records = now.records, name, payload;
    while (handover_next(&records, &name, &payload))
        if (span_is(name, SPAN("part"))) act(handover_text(payload, "name"), handover_number(payload, "fd", -1));
}

static void take_part(struct span name, int fd) {
    if (fd >= 0) library_part_take(span_dup(name), fd);
}

static void close_part(struct span name, int fd) {
    (void)name;
    if (fd >= 0) close(fd);
}

bool upgrade_begin(char **argv) {
    const char *text = getenv(UPGRADE_VARIABLE);
    if (!text) return true;
    char *copy = span_dup(span_of(text));
    unsetenv(UPGRADE_VARIABLE);
    bool ok = read_handover(copy);
    free(copy);
    if (!ok) return false;
    struct span name = handover_find(now.records, SPAN("config"));
    if (name.n) now.config_name = span_dup(name);
    arm(argv);
    if (now.role == UPGRADE_RETURNS) each_part(take_part);
    return true;
}

int upgrade_program(char **argv) {
    int ours = now.role == UPGRADE_RETURNS ? now.back.program_fd : -1; /* by the path there is another one */
    return ours >= 0 ? ours : fd_open(argv[0], O_RDONLY, 0);
}

enum upgrade_role upgrade_role(void) {
    return now.role;
}

const char *upgrade_config_name(void) {
    return now.config_name;
}

struct inputs *upgrade_inputs(void) {
    struct span recording = handover_find(now.records, SPAN("inputs"));
    return now.role == UPGRADE_RETURNS && recording.n ? inputs_replay(recording) : NULL;
}

/* ---- what was handed over --------------------------------------------------------------------- */

static void take_listener(struct master *m, struct span payload) {
    static int fds[SOCKETS_MAX];
    unsigned n = handover_numbers(payload, "fds", fds, SOCKETS_MAX);
    struct span name = handover_text(payload, "name");
    if (!n || n > SOCKETS_MAX || !name.n) return;
    struct held_listener *l = listener_take(&m->listeners, name, fds, n);
    l->passed = handover_number(payload, "passed", 0) == 1;
    l->is_lent = handover_number(payload, "lent", 0) == 1 || m->rehearses;
}

static void take_logger(struct master *m, struct span payload) {
    int ends[2];
    struct span program = handover_text(payload, "program");
    if (handover_numbers(payload, "ends", ends, 2) != 2 || !program.n) return;
    pid_t pid = m->rehearses ? 0 : (pid_t)handover_number(payload, "pid", 0);
    logger_take(&m->loggers, program, ends, pid, handover_number(payload, "quiet", 0) == 1);
}

static void take_worker(struct master *m, struct span payload) {
    struct child c = {.pid = (pid_t)handover_number(payload, "pid", 0),
                      .control = handover_number(payload, "control", -1),
                      .counted = COUNTERS_NO_SLOT, /* in the memory of the process before */
                      .begun_s = clock_monotonic_s(),
                      .slot = (unsigned)handover_number(payload, "slot", 0)};
    bool is_retired = handover_number(payload, "retired", 0) == 1 || now.role == UPGRADE_TAKES;
    if (c.pid > 1 && !m->rehearses) crew_take(m, &c, is_retired);
}

/* A helper that keeps programs running stays, and so do they: if it understands us. Else there will be another, and
 * this one ends with the workers that it works for. */
static void take_helper(struct master *m, struct span payload) {
    int pid = handover_number(payload, "pid", 0), control = handover_number(payload, "control", -1);
    int kin = handover_number(payload, "kin", -1);
    bool same = handover_number(payload, "protocol", 0) == HELPER_PROTOCOL && kin >= 0 &&
                handover_time(payload, "uid") == (m->who.is_set ? (int64_t)m->who.uid : 0) &&
                handover_time(payload, "gid") == (m->who.is_set ? (int64_t)m->who.gid : 0);
    bool stays = now.role == UPGRADE_RETURNS || (same && handover_number(payload, "programs", 0) == 1);
    if (pid <= 1 || control < 0 || m->rehearses) return;
    helper_take(stays ? &m->helper : &m->former_helper, (pid_t)pid, control, kin);
    if (stays) m->helper.who = m->who;
}

static void take_renewal(struct master *m, struct span payload) {
    m->renewal.rotate_s = handover_time(payload, "rotate");
    m->renewal.keys_of_file = handover_number(payload, "of-file", 0) == 1;
    m->renewal.has_keys = tls_tickets_set(handover_find(now.records, SPAN("tickets")));
}

static const struct {
    struct span name;
    void (*take)(struct master *m, struct span payload);
} takers[] = {{SPAN_INIT("listener"), take_listener},
              {SPAN_INIT("logger"), take_logger},
              {SPAN_INIT("worker"), take_worker},
              {SPAN_INIT("helper"), take_helper},
              {SPAN_INIT("renewal"), take_renewal}};

void upgrade_take(struct master *m) {
    struct span records = now.records, name, payload;
    m->rehearses = now.role == UPGRADE_REHEARSES;
    if (now.role == UPGRADE_NONE) return;
    while (handover_next(&records, &name, &payload))
        for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
            if (span_is(name, takers[i].name)) takers[i].take(m, payload);
}

void upgrade_take_counters(void) {
    struct span text = handover_find(now.records, SPAN("counters"));
    if (!text.n || now.role == UPGRADE_REHEARSES) return;
    counters_import(text);
    if (now.role != UPGRADE_RETURNS) count(COUNT_UPGRADES);
}

void upgrade_take_pid_file(struct master *m) {
    struct span record = handover_find(now.records, SPAN("pidfile")), name = handover_text(record, "name");
    int fd = handover_number(record, "fd", -1);
    if (fd < 0 || !name.n) return;
    bool same = span_is(name, m->conf->core->pid_file);
    struct pid_file *f = same ? &m->pid_file : &m->former_pid_file;
    *f = (struct pid_file){span_dup(name), fd};
}

/* ---- end -------------------------------------------------------------------------------------- */

static void say_on_terminal_again(void) {
    if (now.standard_error < 0) return;
    dup2(now.standard_error, STDERR_FILENO);
    close(now.standard_error);
    now.standard_error = -1;
}

static void close_own(void) {
    int log = handover_number(handover_find(now.records, SPAN("program")), "log", -1);
    say_on_terminal_again();
    if (now.back.fd > 0) close(now.back.fd);
    if (now.back.program_fd >= 0 && now.role == UPGRADE_TAKES) close(now.back.program_fd);
    if (now.role == UPGRADE_TAKES) each_part(close_part);
    if (log >= 0) close(log);
}

void upgrade_leave(void) {
    if (now.role == UPGRADE_TAKES) close_own();
}

int upgrade_rehearsed(bool ok) {
    if (ok && write(now.answer, VERSION, strlen(VERSION)) < 0) ok = false;
    return ok ? 0 : 1;
}

void upgrade_done(struct master *m) {
    if (now.role == UPGRADE_NONE) return;
    for (size_t i = 0; now.role == UPGRADE_TAKES && i < sizeof crashes / sizeof *crashes; i++)
        signal(crashes[i], SIG_DFL);
    close_own();
    if (m->former_helper.pid > 0) close(m->former_helper.control);
    helper_let_go(&m->former_helper);
    m->former_helper.pid = 0;
    pid_file_remove(&m->former_pid_file);
    crew_retire(m);
    listeners_close_others(&m->listeners, m->conf);
    if (now.role == UPGRADE_TAKES)
        say_note("upgrade: goldcrest " VERSION " has taken over from goldcrest %.*s", SPAN_ARG(now.from));
    else say_error("upgrade: goldcrest " VERSION " is back: what it was to be replaced by has not started");
    memory_clear(now.bytes.p, now.bytes.n);
    buf_done(&now.bytes);
    free(now.back.passed);
    free(now.back.envp);
    now.records = now.from = SPAN("");
    now.is_armed = false;
    now.role = UPGRADE_NONE;
}
