/* mod_probe.c - a module that tries what no module should: /probe/read?/etc/shadow answers with 0, or errno */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/ptrace.h>
#endif

#include "base/fd.h"
#include "server/module.h"

static int close_or(int fd) {
    if (fd >= 0) close(fd);
    return fd < 0 ? -1 : 0;
}

static int read_it(const char *path) {
    return close_or(open(path, O_RDONLY | O_NONBLOCK));
}

/* As the server opens files: it may ask the opener. */
static int ask_it(const char *path) {
    return close_or(fd_open(path, O_RDONLY | O_NONBLOCK, 0));
}

static int ask_to_write(const char *path) {
    return close_or(fd_open(path, O_WRONLY | O_CREAT | O_APPEND, 0644));
}

static int write_it(const char *path) {
    return close_or(open(path, O_WRONLY | O_CREAT, 0600));
}

static int list_it(const char *path) {
    return close_or(open(path, O_RDONLY | O_DIRECTORY));
}

static int chmod_it(const char *path) {
    return chmod(path, 0600);
}

static int link_it(const char *path) {
    return symlink("/etc/passwd", path);
}

static int fork_it(const char *arg) {
    (void)arg;
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    return pid < 0 ? -1 : waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static int exec_it(const char *path) {
    return execl(path, path, (char *)NULL);
}

static int trace_it(const char *arg) {
    (void)arg;
#ifdef __linux__
    return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
#else
    errno = ENOSYS; /* each system has a call of its own, and no filter to try it on */
    return -1;
#endif
}

static int socket_at(const char *port, int (*use)(int fd, const struct sockaddr *at, socklen_t n)) {
    struct sockaddr_in at;
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_port = htons((uint16_t)atoi(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int result = fd < 0 ? -1 : use(fd, (struct sockaddr *)&at, sizeof at), error = errno;
    if (fd >= 0) close(fd);
    errno = error;
    return result;
}

static int connect_it(const char *port) {
    return socket_at(port, connect);
}

static int bind_it(const char *port) {
    return socket_at(port, bind);
}

static int be_root(const char *arg) {
    (void)arg;
    return setuid(0);
}

static int strange_socket(const char *family) {
    return close_or(socket(atoi(family), SOCK_DGRAM, 0));
}

static const struct {
    const char *path;
    int (*run)(const char *arg);
} urls[] = {
    {"/probe/read", read_it},   {"/probe/ask", ask_it},       {"/probe/ask-to-write", ask_to_write},
    {"/probe/write", write_it}, {"/probe/list", list_it},     {"/probe/chmod", chmod_it},
    {"/probe/link", link_it},   {"/probe/unlink", unlink},    {"/probe/fork", fork_it},
    {"/probe/exec", exec_it},   {"/probe/trace", trace_it},   {"/probe/connect", connect_it},
    {"/probe/bind", bind_it},   {"/probe/setuid", be_root},   {"/probe/socket", strange_socket},
};

static enum handler on_uri(struct request *r, const void *settings) {
    (void)settings;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        if (!span_is(r->in.uri.path, span_of(urls[i].path))) continue;
        struct span arg = arena_copy(&r->arena, r->in.uri.query);
        request_lasts(r, LASTS_NOT);
        errno = 0;
        int result = urls[i].run(arg.p), error = errno;
        chunks_add_copy(&r->body, arena_printf(&r->arena, "%d", result == 0 ? 0 : error));
        r->status = 200;
        return HANDLER_FINISHED;
    }
    return HANDLER_GO_ON;
}

static const struct directive directives[] = {DIRECTIVE_END};
static const struct hook hooks[] = {{PHASE_URI_CLEAN, on_uri, LASTS_NOT}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_probe = {MODULE_ABI, "mod_probe", directives, hooks, 0, NULL, NULL, NULL};
