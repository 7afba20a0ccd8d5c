/* helper_parts.h - between the files that are the helper process */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HELPER_PARTS_H
#define GOLDCREST_HELPER_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/log.h"
#include "fdevents/fdevent.h"
#include "server/helper.h"
#include "server/module.h"
#include "server/post.h"

/* helper_self - this process */
struct helper_self {
    struct fdevents *events;
    struct kin *kin;
    struct log *breakage; /* where programs' errors go; NULL: into the error log */
    int null;             /* /dev/null, from before the chroot; -1: there is none */
    struct rlimit files;  /* descriptors that programs may have: what we had ourselves */
    int most_files;       /* that we may have; 0: not known */
    bool ends;
};
extern struct helper_self helper_self;

/* client - a worker; what was begun for it knows it by this pointer until client_is_gone() */
struct client {
    struct list link;
    struct post post;
};

/* In an assistant, which lives on without exec(): what others wait for the end of, or what keeps a socket listening,
 * is the helper's alone. */
void helper_close_lines(void);

/* ---- process.c: a program that runs ----------------------------------------------------------- */

/* process - embedded in its owner, who hears of it, not before the next turn: STARTED or FAILED, then ENDED; after
 * FAILED or ENDED the owner may free it. */
struct process {
    struct list link;
    pid_t pid;
    bool is_started;        /* its program runs */
    bool is_told;           /* of what became of exec() */
    struct fdevent report;  /* nothing or an errno comes, then the end */
    struct deadline kill;   /* when patience ends */
    void (*event)(struct process *p, enum child_event what, int value);
};

struct process_spec {
    char *const *argv, *const *envp;
    const char *directory;
    int fds[3];             /* stay the caller's; the third may be -1: its lines go into the log */
};

/* Forks. False with errno; no event comes then. */
bool process_start(struct process *p, const struct process_spec *s);
void process_signal(const struct process *p, int signo); /* to its group */
/* That signal, and SIGKILL if it is still there after so many seconds. */
void process_end(struct process *p, int signo, unsigned patience_s);
/* A child is gone: was it one of these? */
bool process_reaped(pid_t pid, int status);
bool processes_any(void);
void processes_close_reports(void); /* in an assistant, like murmurs_close() */
void processes_kill_all(void);

/* In a child that is going to be something else: no signal is left blocked, ignored or handled. */
void signals_as_new(void);
/* fork() with all signals blocked until the child calls signals_as_new(). */
pid_t fork_quietly(void);

/* ---- murmur.c: what programs say on descriptor 2 ---------------------------------------------- */

/* Takes the reading end of a pipe over, logs line by line until its end. */
void murmur_listen(int fd, const char *program, pid_t pid);
void murmurs_close(void);

/* ---- spawner.c: programs for workers (CGI) ---------------------------------------------------- */

/* By this warrant or the one before: requests that have begun under a configuration are ended under it. */
void spawner_allow(struct span warrant);
void spawner_heard(struct client *c, struct letter *l); /* HELPER_SPAWN, HELPER_SIGNAL */
void spawner_client_gone(const struct client *c);
void spawner_end(void);

/* ---- assistants.c: work that blocks ----------------------------------------------------------- */

void assistants_heard(struct client *c, const struct letter *l); /* HELPER_JOB, HELPER_FORGET */
void assistants_client_gone(const struct client *c);
bool assistants_reaped(pid_t pid, int status);
void assistants_end(void);

/* ---- keeper.c: programs that are kept running ------------------------------------------------- */

void keeper_want(struct span list); /* as programs_list() makes it */
void keeper_close_sockets(void);
void keeper_end(void);

#endif
