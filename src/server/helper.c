/* helper.c - the helper process: its loop, its master and the workers it works for */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/helper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "fdevents/socket.h"
#include "server/control.h"
#include "server/helper_parts.h"
#include "server/helper_process.h"
#include "server/jobs.h"

enum {
    FDS_MAX = 8192,    /* descriptors we want: two for each program that runs */
    FDS_FEW = 64,      /* with fewer it is of no use */
    FD_GUESS = 1024,   /* numbers to look at, whatever the system lists as open */
    TERM_S = 2,        /* from SIGTERM to SIGKILL at our end */
    END_S = 4          /* what is left then is left */
};

struct helper_self helper_self = {.null = -1};

static struct list clients = {&clients, &clients};
static struct fdevent from_master;
static struct control control;
static struct deadline impatience;
static int pipe_end = -1; /* of the logging program that a message names */

/* ---- workers ---------------------------------------------------------------------------------- */

static void consider_end(void);

static void on_letter(struct post *p, struct letter *l) {
    struct client *c = CONTAINER(p, struct client, post);
    if (l->kind == HELPER_JOB || l->kind == HELPER_FORGET) assistants_heard(c, l);
    else spawner_heard(c, l);
}

static void on_client_gone(struct post *p) {
    struct client *c = CONTAINER(p, struct client, post);
    assistants_client_gone(c);
    spawner_client_gone(c);
    list_remove(&c->link);
    free(c);
    consider_end();
}

static void add_client(int socket) {
    struct client *c = memory_zeroed(1, sizeof *c);
    c->post.take = on_letter;
    c->post.gone = on_client_gone;
    if (post_open(&c->post, helper_self.events, socket)) {
        list_add_last(&clients, &c->link);
        return;
    }
    say_error("the helper cannot serve another worker: %s", strerror(errno));
    free(c);
}

void helper_close_lines(void) {
    for (struct list *i = clients.next; i != &clients; i = i->next)
        post_close_copies(&CONTAINER(i, struct client, link)->post);
    close(from_master.fd);
    keeper_close_sockets();
    processes_close_reports();
    murmurs_close();
}

/* ---- the master ------------------------------------------------------------------------------- */

static int open_pipe(struct span program, void *arg) {
    (void)program, (void)arg;
    int fd = pipe_end >= 0 ? dup(pipe_end) : -1;
    if (fd >= 0) fd_set_cloexec(fd, true);
    else errno = ENOENT;
    return fd;
}

static void set_log(enum control_kind kind, struct span target) {
    if (kind == CONTROL_ERRORLOG && target.n) { /* helper_logs() */
        logs_set_json(target.p[0] == '{');
        target = span_from(target, 1);
    }
    struct log *log = target.n ? log_open(target) : NULL;
    if (target.n && !log) say_error("the helper cannot open %.*s: %s", SPAN_ARG(target), strerror(errno));
    if (kind == CONTROL_ERRORLOG && (log || target.n == 0)) log_set_main(log ? log : log_open(SPAN("")));
    if (kind != CONTROL_BREAKAGELOG || (target.n && !log)) return;
    if (helper_self.breakage) log_drop(helper_self.breakage);
    helper_self.breakage = log;
}

static void handle(enum control_kind kind, struct span payload, int fd) {
    const char done = HELPER_IS_DONE;
    pipe_end = fd;
    switch (kind) {
    case CONTROL_HELPER:
        if (fd >= 0) add_client(fd);
        else say_error("the helper cannot serve another worker: its socket did not arrive");
        return;
    case CONTROL_ERRORLOG:
    case CONTROL_BREAKAGELOG: set_log(kind, payload); break;
    case CONTROL_REOPEN: logs_reopen(); break;
    case CONTROL_WARRANT: spawner_allow(payload); break;
    case CONTROL_PROGRAMS:
        keeper_want(payload);
        if (write(from_master.fd, &done, 1) != 1) say_warning("the master does not listen");
        break;
    default: break;
    }
    if (fd >= 0) close(fd);
}

static void on_master(struct fdevent *ev, unsigned ready) {
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
    fdevent_want(ev, 0);
    helper_self.ends = true;
    consider_end();
}

/* ---- end -------------------------------------------------------------------------------------- */

static void on_impatience(struct deadline *d) {
    (void)d;
    say_warning("programs that were killed are still there: they are left alone");
    logs_flush();
    _exit(0);
}

static void kill_rest(struct deadline *d) {
    processes_kill_all();
    d->fire = on_impatience;
    deadline_in(helper_self.events, d, END_S * UINT64_C(1000));
}

/* Workers that end gracefully after the master is gone still want their programs. */
static void consider_end(void) {
    if (!helper_self.ends || !list_is_empty(&clients) || deadline_is_set(&impatience)) return;
    assistants_end();
    spawner_end();
    keeper_end();
    impatience.fire = kill_rest;
    deadline_in(helper_self.events, &impatience, TERM_S * UINT64_C(1000));
}

static void on_child(int signo, void *arg) {
    int status;
    pid_t pid;
    (void)signo, (void)arg;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (!process_reaped(pid, status)) assistants_reaped(pid, status);
}

/* Told to end by somebody else than the master: workers are not waited for. */
static void on_term(int signo, void *arg) {
    (void)signo, (void)arg;
    helper_self.ends = true;
    for (struct list *i = clients.next; i != &clients; i = i->next)
        post_close(&CONTAINER(i, struct client, link)->post);
    consider_end();
}

/* ---- begin ------------------------------------------------------------------------------------ */

static void close_on_exec(int fd) {
    if (fd > STDERR_FILENO) fd_set_cloexec(fd, true);
}

/* Whoever started the server may have left descriptors open: programs get none of them. */
static void keep_descriptors_from_programs(void) {
    const struct dirent *e;
    DIR *dir = opendir("/dev/fd");
    for (int fd = 0; fd < FD_GUESS; fd++) close_on_exec(fd); /* on some systems /dev/fd lists three of them only */
    while (dir && (e = readdir(dir))) close_on_exec(atoi(e->d_name));
    if (dir) closedir(dir);
}

static void set_signals(void) {
    static const int ignored[] = {SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};
    struct sigaction ignore;
    sigset_t none;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) sigaction(ignored[i], &ignore, NULL);
    ignore.sa_handler = SIG_DFL;
    sigaction(SIGALRM, &ignore, NULL);
    fdevents_signal(helper_self.events, SIGTERM, on_term, NULL);
    fdevents_signal(helper_self.events, SIGCHLD, on_child, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static unsigned raise_files(void) {
    struct rlimit more;
    if (getrlimit(RLIMIT_NOFILE, &helper_self.files) != 0) return 256;
    more = helper_self.files;
    if (more.rlim_cur == RLIM_INFINITY || more.rlim_cur >= FDS_MAX) return FDS_MAX;
    more.rlim_cur = more.rlim_max == RLIM_INFINITY || more.rlim_max > FDS_MAX ? FDS_MAX : more.rlim_max;
    setrlimit(RLIMIT_NOFILE, &more);
    getrlimit(RLIMIT_NOFILE, &more);
    return (unsigned)more.rlim_cur;
}

_Noreturn void helper_run(const struct helping *s, struct kin *kin, int control_end) {
    unsigned files = raise_files();
    helper_self.kin = kin;
    helper_self.null = fd_open("/dev/null", O_RDWR, 0);
    helper_self.events = fdevents_make_most(NULL, &files, FDS_FEW);
    helper_self.most_files = (int)files;
    if (!helper_self.events || !privileges_drop(s->conf->core, s->who)) _exit(1);
    set_signals();
    keep_descriptors_from_programs();
    logs_set_opener(open_pipe, NULL);
    fdevents_on_wake(helper_self.events, clock_woken);
    from_master.run = on_master;
    socket_prepare(control_end);
    if (fdevent_add(helper_self.events, &from_master, control_end, FDEVENT_IN) != 0) _exit(1);
    if (s->leaves_terminal) fd_cover_standard(dup(helper_self.null));
    while (!deadline_is_set(&impatience) || processes_any())
        if (fdevents_turn(helper_self.events, -1) < 0) break;
    logs_flush();
    _exit(0);
}
