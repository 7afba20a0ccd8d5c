/* loggers.c - the programs that "|program" logs are written to */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/loggers.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "server/helper_parts.h"

enum { FAST_FAILURES_MAX = 5, LIVES_LONG_S = 10 };

/* In the child: the pipe is standard input; no signal is left blocked or ignored. */
static void become(const struct logger *l, const struct who *who) {
    signals_as_new();
    if (l->is_quiet) fd_cover_standard(fd_open("/dev/null", O_RDWR, 0));
    if (dup2(l->read_end, STDIN_FILENO) < 0) _exit(127);
    if (who->is_set && (setgroups(1, &who->gid) != 0 || setgid(who->gid) != 0)) _exit(127);
    if (who->name && (initgroups(who->name, (GC_INITGROUPS_TYPE)who->gid) != 0 || setuid(who->uid) != 0)) _exit(127);
    execl("/bin/sh", "sh", "-c", l->program, (char *)NULL);
    _exit(127);
}

static bool start(struct logger *l, const struct who *who) {
    l->begun_s = clock_monotonic_s();
    l->pid = fork();
    if (l->pid == 0) become(l, who);
    if (l->pid < 0) say_error("the logging program \"%s\" cannot be started: %s", l->program, strerror(errno));
    return l->pid >= 0;
}

struct logger *logger_find(struct logger *list, struct span program) {
    while (list && !span_is(span_of(list->program), program)) list = list->next;
    return list;
}

struct logger *logger_get(struct logger **list, struct span program, const struct who *who, bool is_quiet) {
    int ends[2];
    struct logger *l = logger_find(*list, program);
    if (l) return l;
    if (fd_pipe(ends) != 0) return NULL;
    l = memory_zeroed(1, sizeof *l);
    l->program = span_dup(program);
    l->read_end = ends[0];
    l->write_end = ends[1];
    l->is_quiet = is_quiet;
    start(l, who);
    l->next = *list;
    *list = l;
    return l;
}

struct logger *logger_take(struct logger **list, struct span program, const int ends[2], pid_t pid, bool is_quiet) {
    struct logger *l = memory_zeroed(1, sizeof *l);
    l->program = span_dup(program);
    l->read_end = ends[0];
    l->write_end = ends[1];
    l->pid = pid > 0 ? pid : -1;
    l->begun_s = clock_monotonic_s();
    l->is_quiet = is_quiet;
    l->next = *list;
    *list = l;
    return l;
}

bool logger_restart(struct logger *list, pid_t pid, const struct who *who) {
    for (struct logger *l = list; l; l = l->next) {
        if (l->pid != pid) continue;
        l->pid = -1;
        if (clock_monotonic_s() - l->begun_s >= LIVES_LONG_S) l->failures = 0;
        if (++l->failures > FAST_FAILURES_MAX) {
            say_error("the logging program \"%s\" has ended %u times: it is not started again", l->program,
                      l->failures);
            return true;
        }
        say_warning("the logging program \"%s\" has ended: it is started again", l->program);
        start(l, who);
        return true;
    }
    return false;
}

void loggers_close(struct logger **list) {
    while (*list) {
        struct logger *next = (*list)->next;
        close((*list)->read_end);
        close((*list)->write_end);
        free((*list)->program);
        free(*list);
        *list = next;
    }
}
