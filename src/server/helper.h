/* helper.h - the process that forks and blocks, so that no worker has to */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HELPER_H
#define GOLDCREST_HELPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"
#include "server/loggers.h"
#include "server/privileges.h"
#include "server/settings.h"

/*
 * The master forks one where a configuration has a module that needs it. It has a worker's rights and root directory,
 * lives on through reloads, runs programs for workers (CGI), keeps others running (bin-path), and has assistants,
 * processes of its own, do what blocks. It ends when the master and all workers are gone, and signals its children
 * first; if it dies itself, the master starts another.
 */
enum { PROGRAMS_MAX = 256 };

/* What workers and the master say to it (control.h, jobs.h, programs.h, kin): another number when any of that becomes
 * something else. After an upgrade a helper that keeps programs running stays if the number is the same. */
enum { HELPER_PROTOCOL = 2 };

/* kin - shared memory of the master and its helpers: if one is killed, the master still knows what it had started */
struct kin {
    volatile pid_t programs[PROGRAMS_MAX];
};

/* helper - as its parent sees it */
struct helper {
    pid_t pid;        /* 0: none runs */
    int control;      /* the parent's end of their pair; -1: none */
    struct kin *kin;  /* NULL: never started */
    int kin_fd;       /* it is in this file; -1: in none */
    struct who who;   /* its rights */
    int64_t begun_s;  /* monotonic, like again_s */
    int64_t again_s;  /* when to start another */
    unsigned delay_s;
    unsigned owed;    /* answers to lists of programs */
    bool is_wanted;
    bool has_programs;
};

/* helping - what is handed to a new helper; in_child is called there first, to close what is the parent's alone */
struct helping {
    const struct conf *conf;
    const struct who *who;
    bool leaves_terminal;
    void (*in_child)(void *arg);
    void *arg;
};

/* Forks it. False with the reason said. */
bool helper_start(struct helper *h, const struct helping *s);

/* A worker's line: its end is returned, the other sent to the helper. -1: there is none, or it cannot be told. */
int helper_line(struct helper *h);

/* Where its errors go, and those of programs, as this configuration has it. */
void helper_logs(struct helper *h, const struct conf *conf, struct logger *loggers);
void helper_reopen_logs(struct helper *h);

/* What it may start for workers from now on, as this configuration and the one before name it (warrant.h). */
void helper_allow(struct helper *h, const struct conf *conf);

/* The programs that are held now (programs.h) are the ones wanted. Waits until their sockets are bound, but no longer
 * than ten seconds. */
void helper_keep_programs(struct helper *h);

/* One that a process before us has started; kin_fd as it was there. */
void helper_take(struct helper *h, pid_t pid, int control, int kin_fd);
/* The file is not handed on any more. */
void helper_let_go(struct helper *h);

/* It is gone (waitpid() has told): ends what it had kept running. */
void helper_is_gone(struct helper *h, int status, bool ending);

/* Lets it end, and waits for that some seconds. */
void helper_end(struct helper *h);

#endif
