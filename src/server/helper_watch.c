/* helper_watch.c - the helper process as its parent sees it: started, told, replaced, ended */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/shared.h"
#include "server/control.h"
#include "server/helper_process.h"
#include "server/programs.h"
#include "server/warrant.h"

enum {
    SEND_S = 5,
    BIND_MS = 10 * 1000,
    LIVES_LONG_S = 10,
    BACK_OFF_MAX_S = 60,
    END_NAPS = 800, /* of 10 ms */
    NAP_MS = 10
};

static bool failed(const char *what) {
    say_error("the helper process cannot be started: %s: %s", what, strerror(errno));
    return false;
}

/* Memory in a file without a name can be had again after exec(). Where there is none, another process than ours has
 * nothing of it: programs of a helper that dies are not ended then. */
static bool make_kin(struct helper *h) {
    if (h->kin) return true;
    h->kin_fd = shared_file(sizeof *h->kin);
    h->kin = shared_map(h->kin_fd, sizeof *h->kin);
    return h->kin || failed("mmap");
}

void helper_take(struct helper *h, pid_t pid, int control, int kin_fd) {
    struct timeval limit = {.tv_sec = SEND_S};
    h->is_wanted = true;
    h->pid = pid;
    h->control = control;
    setsockopt(control, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    h->kin_fd = kin_fd;
    h->kin = shared_map(kin_fd, sizeof *h->kin);
    h->begun_s = clock_monotonic_s();
    h->has_programs = true;
}

void helper_let_go(struct helper *h) {
    if (h->kin_fd >= 0) close(h->kin_fd);
    h->kin_fd = -1;
}

bool helper_start(struct helper *h, const struct helping *s) {
    struct timeval limit = {.tv_sec = SEND_S};
    int pair[2];
    h->is_wanted = true;
    h->control = -1;
    h->pid = 0;
    if (!make_kin(h)) return false;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return failed("socketpair");
    fd_set_cloexec(pair[0], true);
    fd_set_cloexec(pair[1], true);
    logs_flush();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        if (s->in_child) s->in_child(s->arg);
        helper_run(s, h->kin, pair[1]);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return failed("fork");
    }
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    h->pid = pid;
    h->who = *s->who;
    h->control = pair[0];
    h->begun_s = clock_monotonic_s();
    h->owed = 0;
    return true;
}

static bool tell(struct helper *h, enum control_kind kind, struct span payload, int fd) {
    if (h->control < 0) return false;
    if (control_send(h->control, kind, payload, fd)) return true;
    say_error("the helper process cannot be told: %s", strerror(errno));
    if (h->pid > 0) kill(h->pid, SIGKILL); /* half a message may have been sent; another one takes its place */
    close(h->control);
    h->control = -1;
    return false;
}

int helper_line(struct helper *h) {
    int pair[2];
    if (h->control < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return -1;
    fd_set_cloexec(pair[0], true);
    fd_set_cloexec(pair[1], true);
    bool ok = tell(h, CONTROL_HELPER, SPAN(""), pair[1]);
    close(pair[1]);
    if (ok) return pair[0];
    close(pair[0]);
    return -1;
}

static int pipe_of(struct logger *loggers, struct span target) {
    const struct logger *l =
        span_starts(target, SPAN("|")) ? logger_find(loggers, span_trim(span_from(target, 1))) : NULL;
    return l ? l->write_end : -1;
}

void helper_logs(struct helper *h, const struct conf *conf, struct logger *loggers) {
    struct buf target = {0};
    struct span breakage = conf_global_text(conf, SPAN("server.breakagelog"));
    buf_add_char(&target, logs_are_json() ? '{' : ' '); /* in front of the target: how lines are written */
    conf_error_log(conf, &target);
    tell(h, CONTROL_ERRORLOG, buf_span(&target), pipe_of(loggers, span_from(buf_span(&target), 1)));
    tell(h, CONTROL_BREAKAGELOG, breakage, pipe_of(loggers, breakage));
    buf_done(&target);
}

void helper_allow(struct helper *h, const struct conf *conf) {
    struct buf warrant = {0};
    warrant_make(conf, &warrant);
    tell(h, CONTROL_WARRANT, buf_span(&warrant), -1);
    buf_done(&warrant);
}

void helper_reopen_logs(struct helper *h) {
    tell(h, CONTROL_REOPEN, SPAN(""), -1);
}

/* It answers each list with a byte. */
static void wait_for_sockets(struct helper *h) {
    uint64_t until = clock_monotonic_ns() / 1000000 + BIND_MS;
    while (h->owed > 0 && h->control >= 0) {
        struct pollfd p = {h->control, POLLIN, 0};
        char byte;
        uint64_t now = clock_monotonic_ns() / 1000000;
        int n = now < until ? poll(&p, 1, (int)(until - now)) : 0;
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) say_warning("the helper process has not said in time that the programs' sockets are there");
        if (n <= 0 || read(h->control, &byte, 1) != 1) return;
        h->owed--;
    }
}

void helper_keep_programs(struct helper *h) {
    struct buf list = {0};
    programs_list(&list);
    if ((list.n || h->has_programs) && tell(h, CONTROL_PROGRAMS, buf_span(&list), -1)) h->owed++;
    h->has_programs = list.n > 0;
    buf_done(&list);
    wait_for_sockets(h);
}

static bool any_kin(const struct kin *kin) {
    for (unsigned i = 0; i < PROGRAMS_MAX; i++)
        if (kin->programs[i]) return true;
    return false;
}

static _Noreturn void end_kin_as(const struct who *who, const struct kin *kin) {
    static const struct core_settings no_root;
    if (!privileges_drop(&no_root, who)) _exit(1);
    for (unsigned i = 0; i < PROGRAMS_MAX; i++) {
        pid_t group = kin->programs[i];
        if (group > 1) kill(-group, SIGTERM);
    }
    _exit(0);
}

/* They listen on sockets that the next helper is to bind. A helper that was taken over may have written any number
 * there: they are ended with its rights, not with ours. */
static void end_kin(struct helper *h) {
    if (!any_kin(h->kin)) return;
    pid_t pid = fork();
    if (pid == 0) end_kin_as(&h->who, h->kin);
    if (pid < 0) say_error("programs of the helper process that is gone are not ended: fork: %s", strerror(errno));
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    for (unsigned i = 0; i < PROGRAMS_MAX; i++) h->kin->programs[i] = 0;
}

void helper_is_gone(struct helper *h, int status, bool ending) {
    if (h->control >= 0) close(h->control);
    h->control = -1;
    h->pid = 0;
    end_kin(h);
    if (WIFSIGNALED(status))
        say_error("the helper process was killed by signal %d%s; the programs it ran are ended", WTERMSIG(status),
                  ending ? "" : ": it is replaced");
    else if (!ending)
        say_error("the helper process ended with status %d: it is replaced", WEXITSTATUS(status));
    bool short_lived = clock_monotonic_s() - h->begun_s < LIVES_LONG_S;
    h->delay_s = !short_lived ? 0 : h->delay_s ? h->delay_s * 2 : 1;
    if (h->delay_s > BACK_OFF_MAX_S) h->delay_s = BACK_OFF_MAX_S;
    h->again_s = clock_monotonic_s() + (h->delay_s > 1 ? h->delay_s : 0);
}

void helper_end(struct helper *h) {
    struct pollfd nothing = {-1, 0, 0};
    int status;
    if (h->pid <= 0) return;
    if (h->control >= 0) close(h->control);
    h->control = -1;
    for (unsigned i = 0; i < END_NAPS; i++) {
        if (waitpid(h->pid, &status, WNOHANG) != 0) break;
        poll(&nothing, 1, NAP_MS);
        if (i == END_NAPS - 1) {
            say_error("the helper process does not end: it is killed");
            kill(h->pid, SIGKILL);
            end_kin(h);
            waitpid(h->pid, &status, 0);
        }
    }
    h->pid = 0;
}
