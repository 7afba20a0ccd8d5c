/* murmur.c - what programs say on descriptor 2: into a log, line by line */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "server/helper_parts.h"

enum { LINE_MAX_BYTES = 2048, READ_BYTES = 4096 };

/* murmur - one pipe; it may outlive the program, if that has left children behind */
struct murmur {
    struct list link;
    struct fdevent ev;
    struct buf line;
    pid_t pid;
    char program[]; /* name without its directories */
};

static struct list all = {&all, &all};

static void say(const struct murmur *m, struct span line) {
    if (helper_self.breakage && !logs_are_json()) {
        log_line(helper_self.breakage, line);
        logs_flush();
    } else if (line.n) {
        struct log *log = helper_self.breakage ? helper_self.breakage : log_main();
        log_say(log, LOG_IS_NOTE, "%s[%ld]: %.*s", m->program, (long)m->pid, SPAN_ARG(line));
    }
}

static void take(struct murmur *m, struct span bytes) {
    while (bytes.n) {
        size_t n = span_find(bytes, '\n');
        bool ends = n < bytes.n;
        size_t room = LINE_MAX_BYTES - m->line.n;
        if (n > room) n = room, ends = true; /* a line without an end is cut */
        buf_add(&m->line, span_upto(bytes, n));
        bytes = span_from(bytes, n);
        if (ends && bytes.n && bytes.p[0] == '\n') bytes = span_from(bytes, 1);
        if (!ends) return;
        say(m, buf_span(&m->line));
        buf_clear(&m->line);
    }
}

static void on_closed(struct fdevent *ev) {
    struct murmur *m = CONTAINER(ev, struct murmur, ev);
    list_remove(&m->link);
    buf_done(&m->line);
    free(m);
}

static void on_bytes(struct fdevent *ev, unsigned ready) {
    struct murmur *m = CONTAINER(ev, struct murmur, ev);
    char bytes[READ_BYTES];
    (void)ready;
    ssize_t n = read(ev->fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n > 0) {
        take(m, (struct span){bytes, (size_t)n});
        return;
    }
    if (m->line.n) say(m, buf_span(&m->line));
    fdevent_close(ev);
}

void murmur_listen(int fd, const char *program, pid_t pid) {
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
    struct murmur *m = memory_zeroed(1, sizeof *m + strlen(name) + 1);
    memcpy(m->program, name, strlen(name) + 1);
    m->pid = pid;
    m->ev.run = on_bytes;
    m->ev.closed = on_closed;
    fd_set_nonblocking(fd, true);
    if (fdevent_add(helper_self.events, &m->ev, fd, FDEVENT_IN) == 0) {
        list_add_last(&all, &m->link);
        return;
    }
    close(fd);
    free(m);
}

void murmurs_close(void) {
    for (struct list *i = all.next; i != &all; i = i->next) close(CONTAINER(i, struct murmur, link)->ev.fd);
}
