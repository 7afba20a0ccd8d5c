/* outside.c - asks a program of its own */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/outside.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "modules/auth/question.h"

enum { ANSWER_BYTES_MAX = 16 * 1024, NOT_RUN = 127 };

static _Noreturn void become(const char *path, int in, int out) {
    const char *const argv[] = {path, NULL};
    signal(SIGPIPE, SIG_DFL);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0) _exit(NOT_RUN);
    execv(path, (char *const *)(uintptr_t)argv);
    _exit(NOT_RUN);
}

static void read_all(int fd, struct buf *answer) {
    ssize_t n;
    do {
        n = read(fd, buf_room(answer, 1024), 1024);
        if (n > 0) answer->n += (size_t)n;
    } while ((n > 0 && answer->n < ANSWER_BYTES_MAX) || (n < 0 && errno == EINTR));
}

/* Status of the program, or -1 with errno. */
static int run(const char *path, struct span question, struct buf *answer) {
    int to[2], from[2], status = -1;
    if (fd_pipe(to) != 0) return -1;
    if (fd_pipe(from) != 0) {
        close(to[0]);
        close(to[1]);
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) become(path, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    if (pid > 0) fd_write_all(to[1], question.p, question.n); /* if it does not listen, its answer tells */
    close(to[1]);
    if (pid > 0) read_all(from[0], answer);
    close(from[0]);
    if (pid < 0) return -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

void outside_ask(const char *program, struct span question, struct buf *answer) {
    const char *folder = getenv("GOLDCREST_LIBEXEC");
    struct buf path = {0};
    buf_printf(&path, "%s/%s", folder && *folder ? folder : GC_LIBEXECDIR, program);
    if (access(buf_text(&path), X_OK) != 0) {
        answer_broken(answer, "%s: %s (with server.chroot it must be in there, with its libraries)", buf_text(&path),
                      strerror(errno));
        buf_done(&path);
        return;
    }
    int status = run(buf_text(&path), question, answer);
    if (status < 0) answer_broken(answer, "%s cannot be run: %s", buf_text(&path), strerror(errno));
    else if (WIFSIGNALED(status)) answer_broken(answer, "%s ended by signal %d", buf_text(&path), WTERMSIG(status));
    else if (WEXITSTATUS(status) || !answer->n)
        answer_broken(answer, "%s ended with status %d", buf_text(&path), WEXITSTATUS(status));
    buf_done(&path);
}
