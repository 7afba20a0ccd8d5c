/* ingredients.c - what this kernel has of that of which cases are made, found out by use */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/conformance/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_LIMIT_S = 20 };

/* A kernel inside a process may have its own read() and write(), but the process' pipe(): so a byte has to pass. */
static bool passes_a_byte(int from, int to) {
    char byte = 0;
    bool passed = write(from, "x", 1) == 1;

    nap(1);
    passed = passed && read(to, &byte, 1) == 1 && byte == 'x';
    close(from);
    close(to);
    return passed;
}

static bool has_local(void) {
    int fds[2];

    return socket_pair(fds) == 0 && passes_a_byte(fds[0], fds[1]);
}

static bool has_pipe(void) {
    int fds[2];

    return pipe(fds) == 0 && socket_prepare(fds[0]) == 0 && passes_a_byte(fds[1], fds[0]);
}

static bool has_dup(void) {
    int fd = socket_open(AF_INET, SOCK_STREAM, 0), copy = dup(fd);
    int type = 0;
    socklen_t len = sizeof type;
    bool good = fd >= 0 && copy >= 0 && getsockopt(copy, SOL_SOCKET, SO_TYPE, &type, &len) == 0;

    close(copy);
    close(fd);
    return good;
}

static bool has_files(void) {
    char name[] = "/tmp/conformance.XXXXXX", byte = 0;
    int fd = mkstemp(name);
    bool good = fd >= 0 && write(fd, "x", 1) == 1 && lseek(fd, 0, SEEK_SET) == 0 && read(fd, &byte, 1) == 1;

    if (fd >= 0) unlink(name);
    close(fd);
    return good;
}

static bool has_null(void) {
    int fd = open("/dev/null", O_RDWR);
    bool good = fd >= 0 && write(fd, "x", 1) == 1;

    close(fd);
    return good;
}

static bool has_fork(void) {
    int fd;

    if (suite_fork() == 0) {
        fd = socket_open(AF_INET, SOCK_STREAM, 0);
        _exit(fd >= 0 && listen(fd, 1) == 0 ? 0 : 1);
    }
    return child_agrees();
}

static int ends[2];
static volatile sig_atomic_t handled;

static void handle(int signo) {
    (void)signo;
    handled = write(ends[1], "x", 1) == 1;
}

static bool has_signals(void) {
    struct sigaction action, before;

    if (pipe(ends) < 0) return false;
    handled = 0;
    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, &before);
    raise(SIGUSR1);
    sigaction(SIGUSR1, &before, NULL);
    close(ends[0]);
    close(ends[1]);
    return handled;
}

static bool has_limit(void) {
    struct rlimit limit, low;
    int fd;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return false;
    low = limit;
    low.rlim_cur = (rlim_t)spare_number();
    if (setrlimit(RLIMIT_NOFILE, &low) < 0) return false;
    fd = socket_open(AF_INET, SOCK_STREAM, 0);
    setrlimit(RLIMIT_NOFILE, &limit);
    if (fd < 0) return errno == EMFILE || errno == ENFILE;
    close(fd);
    return false;
}

enum verdict { UNKNOWN, HERE, MISSING, EXCLUDED };

static struct ingredient {
    const char *name, *without;
    bool (*is_here)(void);
    unsigned bit;
    enum verdict verdict;
    int error;
} ingredients[] = {
    {"local", "no pairs of local sockets here", has_local, NEEDS_LOCAL, UNKNOWN, 0},
    {"pipe", "no pipes here", has_pipe, NEEDS_PIPE, UNKNOWN, 0},
    {"dup", "no dup() of sockets here", has_dup, NEEDS_DUP, UNKNOWN, 0},
    {"files", "no files in /tmp here", has_files, NEEDS_FILES, UNKNOWN, 0},
    {"null", "no /dev/null here", has_null, NEEDS_NULL, UNKNOWN, 0},
    {"fork", "no sockets in a forked child here", has_fork, NEEDS_FORK, UNKNOWN, 0},
    {"signals", "no signals whose handlers can write here", has_signals, NEEDS_SIGNALS, UNKNOWN, 0},
    {"limit", "no limit of descriptors that holds for sockets here", has_limit, NEEDS_LIMIT, UNKNOWN, 0},
};

enum { INGREDIENTS = sizeof ingredients / sizeof ingredients[0] };

static void find_out(struct ingredient *i) {
    if (i->verdict != UNKNOWN) return;
    i->verdict = MISSING; /* should the question itself hang */
    errno = 0;
    if (i->is_here()) i->verdict = HERE;
    i->error = errno;
}

const char *suite_lacks(unsigned needs) {
    static char why[200];

    for (size_t i = 0; i < INGREDIENTS; i++) {
        struct ingredient *one = &ingredients[i];

        if (!(needs & one->bit)) continue;
        find_out(one);
        if (one->verdict == HERE) continue;
        snprintf(why, sizeof why, "%s (%s)", one->without,
                 one->verdict == EXCLUDED ? "excluded with -x"
                 : one->error             ? strerror(one->error)
                                          : "it was tried");
        return why;
    }
    return NULL;
}

static char excluded[200];

/* Is `name` one of the comma-separated names? */
static bool is_among(const char *names, const char *name) {
    size_t length = strlen(name);

    for (const char *p = names; *p; p += strcspn(p, ","), p += *p == ',') {
        if (strcspn(p, ",") == length && !strncmp(p, name, length)) return true;
    }
    return false;
}

bool suite_exclude(const char *names) {
    size_t known = 0, wanted = 1;

    for (const char *p = names; *p; p++) wanted += *p == ',';
    for (size_t i = 0; i < INGREDIENTS; i++) {
        if (!is_among(names, ingredients[i].name)) continue;
        ingredients[i].verdict = EXCLUDED;
        known++;
    }
    for (const char *const *name = fdevents_backends(); *name; name++) known += is_among(names, *name);
    snprintf(excluded, sizeof excluded, "%s", names);
    return known == wanted && strlen(names) < sizeof excluded;
}

bool suite_excluded(const char *backend) {
    return is_among(excluded, backend);
}

/* ---- children -------------------------------------------------------------------------------- */

static pid_t child = -1;

int suite_fork(void) {
    fflush(stdout);
    child = fork();
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(CHILD_LIMIT_S);
    }
    return (int)child;
}

bool child_agrees(void) {
    pid_t waited;
    int status = -1;

    if (child < 0) return false;
    do waited = waitpid(child, &status, 0);
    while (waited < 0 && errno == EINTR);
    if (waited != child) return false;
    child = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void child_forget(void) {
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    child = -1;
}
