/* command.c - runs a command at load time and takes what it writes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

enum { MOST_WORDS = 64, CHECK_MS = 50, READ_BYTES = 16384 };

/* child - a command that runs; `failure` carries the errno of an exec that did not work */
struct child {
    pid_t pid;
    int output, failure;
    int status;
    bool gone;
};

static bool needs_shell(const char *command) {
    return command[0] != '/' || strpbrk(command, "|&;<>()$`\\\"'*?[]{}#~!\n\r");
}

/* Cuts text at its blanks. False if there are too many words. */
static bool split_words(char *text, char *words[static MOST_WORDS + 1]) {
    size_t n = 0;
    for (char *word = strtok(text, " \t"); word; word = strtok(NULL, " \t")) {
        if (n == MOST_WORDS) return false;
        words[n++] = word;
    }
    words[n] = NULL;
    return n > 0;
}

static void exec_command(char *command) {
    char *words[MOST_WORDS + 1];
    char *copy = span_dup(span_of(command));
    if (!needs_shell(command) && split_words(copy, words)) {
        execv(words[0], words);
        return;
    }
    const char *shell = getenv("SHELL");
    if (!shell || !shell[0]) shell = "/bin/sh";
    execl(shell, shell, "-c", command, (char *)NULL);
}

/* In the child. Signals that the server blocks or ignores are none of the command's business. */
static void become_command(const char *dir, const char *command, int output, int failure) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    int null = open("/dev/null", O_RDONLY);
    bool ready = null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0;
    if (null > STDERR_FILENO) close(null);
    if (ready && (!dir[0] || chdir(dir) == 0)) exec_command(span_dup(span_of(command)));
    int reason = errno;
    ssize_t ignored = write(failure, &reason, sizeof reason);
    (void)ignored;
    _exit(127);
}

/* A pipe whose ends are above the standard descriptors and close themselves in commands. */
static bool make_pipe(int ends[2]) {
    int low[2];
    if (pipe(low) < 0) return false;
    for (int i = 0; i < 2; i++) ends[i] = fcntl(low[i], F_DUPFD, STDERR_FILENO + 1);
    close(low[0]);
    close(low[1]);
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    if (ends[0] >= 0 && ends[1] >= 0) return true;
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0) close(ends[i]);
    return false;
}

static bool child_start(struct child *child, const char *dir, const char *command) {
    int output[2], failure[2];
    if (!make_pipe(output)) return false;
    if (!make_pipe(failure)) {
        close(output[0]);
        close(output[1]);
        return false;
    }
    child->pid = fork();
    if (child->pid == 0) become_command(dir, command, output[1], failure[1]);
    close(output[1]);
    close(failure[1]);
    child->output = output[0];
    child->failure = failure[0];
    fcntl(child->output, F_SETFL, O_NONBLOCK);
    if (child->pid > 0) return true;
    int reason = errno;
    close(output[0]);
    close(failure[0]);
    errno = reason;
    return false;
}

static void child_reap(struct child *child, int options) {
    pid_t pid;
    if (child->gone) return;
    do pid = waitpid(child->pid, &child->status, options);
    while (pid < 0 && errno == EINTR);
    child->gone =
        pid !=
        0; /* an error means that SIGCHLD is ignored: the status is lost, the output is not */
    if (pid < 0) child->status = 0;
}

/* What is there now. 1: more may come; 0: that was all; -1: too much. */
static int child_read(struct child *child, size_t most, struct buf *out) {
    for (;;) {
        ssize_t n = read(child->output, buf_room(out, READ_BYTES), READ_BYTES);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
        if (n == 0) return 0;
        out->n += (size_t)n;
        if (out->n > most) return -1;
    }
}

/* Somebody in the background may hold the pipe open: once the command is gone, what is in the pipe
 * is all. */
static bool child_collect(struct child *child, size_t most, struct buf *out) {
    for (;;) {
        struct pollfd wait = {child->output, POLLIN, 0};
        bool was_gone = child->gone;
        int more = child_read(child, most, out);
        if (more < 0) kill(child->pid, SIGKILL);
        if (more <= 0 || was_gone) {
            child_reap(child, 0);
            return more >= 0;
        }
        poll(&wait, 1, CHECK_MS);
        child_reap(child, WNOHANG);
    }
}

static bool child_succeeded(const struct child *child, struct buf *why) {
    int reason = 0;
    if (fcntl(child->failure, F_SETFL, O_NONBLOCK) == 0 &&
        read(child->failure, &reason, sizeof reason) == sizeof reason)
        buf_add_text(why, strerror(reason));
    else if (WIFSIGNALED(child->status))
        buf_printf(why, "killed by signal %d", WTERMSIG(child->status));
    else if (WEXITSTATUS(child->status) != 0)
        buf_printf(why, "exit status %d", WEXITSTATUS(child->status));
    else return true;
    return false;
}

bool command_run(const char *dir, const char *command, size_t most, struct buf *out,
                 struct buf *why) {
    struct child child = {.pid = -1};
    if (!child_start(&child, dir, command)) {
        buf_add_text(why, strerror(errno));
        return false;
    }
    bool fits = child_collect(&child, most, out);
    bool ok = fits && child_succeeded(&child, why);
    if (!fits) buf_printf(why, "more than %zu bytes of output", most);
    close(child.output);
    close(child.failure);
    return ok;
}
