/* oneshot.c - serves one connection that is standard input (-1: inetd, systemd Accept=yes, or a pipe) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "fdevents/socket.h"
#include "server/conn.h"
#include "server/helper.h"
#include "server/jobs.h"
#include "server/master.h"
#include "server/modules.h"
#include "server/programs.h"
#include "server/sandbox.h"
#include "server/worker.h"

/* Copies what is there from one descriptor to the other. False at the end. */
static bool copy(int from, int to) {
    char bytes[16 * 1024];
    ssize_t n = read(from, bytes, sizeof bytes);
    return n > 0 && fd_write_all(to, bytes, (size_t)n) == 0;
}

/* Standard input and output are pipes: a child carries the bytes between them and a socket. */
static void relay(int socket) {
    struct pollfd p[2] = {{STDIN_FILENO, POLLIN, 0}, {socket, POLLIN, 0}};
    while (p[1].fd >= 0) {
        if (poll(p, 2, -1) < 0) continue;
        if (p[0].revents && !copy(STDIN_FILENO, socket)) {
            p[0].fd = -1;
            p[0].revents = 0;
            shutdown(socket, SHUT_WR);
        }
        if (p[1].revents && !copy(socket, STDOUT_FILENO)) p[1].fd = -1;
    }
    _exit(0);
}

/* A nonblocking socket to the client, whatever standard input is. */
static int client_socket(void) {
    int pair[2], fd;
    struct sockaddr_storage room;
    socklen_t len = sizeof room;
    if (getsockname(STDIN_FILENO, (struct sockaddr *)&room, &len) == 0) {
        fd = dup(STDIN_FILENO);
        return fd >= 0 && socket_prepare(fd) == 0 ? fd : -1;
    }
    if (socket_pair(pair) != 0) return -1;
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        fd_set_nonblocking(pair[1], false);
        relay(pair[1]);
    }
    close(pair[1]);
    return pid < 0 ? -1 : pair[0];
}

/* The errors of programs go where ours do. */
static void start_helper(struct helper *h, const struct conf *conf, const struct who *who) {
    const struct helping s = {conf, who, false, NULL, NULL};
    if (!modules_need_helper(conf) && !programs_any()) return;
    if (!helper_start(h, &s)) return;
    helper_logs(h, conf, NULL);
    helper_allow(h, conf);
    helper_keep_programs(h);
}

int oneshot_run(struct conf *conf, uint32_t idle_exit_s) {
    struct helper helper = {.control = -1};
    struct addr_room room;
    struct addr peer;
    struct who who;
    signal(SIGPIPE, SIG_IGN);
    clock_update();
    if (!privileges_find(conf->core, &who)) return 255;
    start_helper(&helper, conf, &who);
    struct sandbox *sandbox = sandbox_make(conf);
    sandbox_prepare(sandbox, conf->core, &who);
    struct worker *w = worker_make(conf);
    if (w && !privileges_drop(conf->core, &who)) return 255;
    int line = w ? helper_line(&helper) : -1;
    if (line >= 0) jobs_connect(line);
    int fd = client_socket();
    if (!w || fd < 0 || !conf_open_logs(conf)) {
        if (fd < 0) say_error("standard input is no connection: %s", strerror(errno));
        return 255;
    }
    sandbox_enter(sandbox, NULL);
    room.len = sizeof room.storage;
    if (getpeername(fd, (struct sockaddr *)&room.storage, &room.len) != 0) room.len = 0;
    addr_from(&peer, &room);
    struct listening *l = memory_zeroed(1, sizeof *l);
    l->worker = w;
    l->name = (struct span){span_dup(SPAN("stdin")), 5};
    l->refs = 1;
    l->ev.fd = -1;
    w->one_shot = true;
    w->idle_exit_s = idle_exit_s;
    conn_open(w, l, fd, &peer);
    worker_run(w);
    listening_drop(l);
    worker_drop(w);
    sandbox_leave();
    sandbox_drop(sandbox);
    helper_end(&helper);
    conf_drop(conf);
    while (waitpid(-1, NULL, 0) > 0) {} /* the relay, until the last byte is out */
    return 0;
}
