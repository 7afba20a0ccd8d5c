/* master_parts.h - between the files that are the master process */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MASTER_PARTS_H
#define GOLDCREST_MASTER_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/control.h"
#include "server/daemon.h"
#include "server/helper.h"
#include "server/listeners.h"
#include "server/loggers.h"
#include "server/master.h"
#include "server/privileges.h"
#include "server/renewal.h"
#include "server/sandbox.h"
#include "server/settings.h"

/* child - a worker, as the master sees it */
struct child {
    pid_t pid;        /* 0: none */
    int counted;      /* its slot of the counters */
    int control;      /* our end; -1: none */
    int64_t begun_s;  /* monotonic, like again_s */
    int64_t again_s;  /* when to start it anew */
    unsigned delay_s; /* back-off: 0, 1, 2, 4 … */
    unsigned slot;
    bool serves;      /* it has said so, and we have heard it */
};

struct master {
    const struct start *start;
    struct conf *conf;
    struct held_listener *listeners;
    struct logger *loggers;
    struct renewal renewal;
    struct helper helper;
    unsigned plugins, parts; /* how many were loaded when the workers began */
    struct sandbox *sandbox; /* that the workers are in */
    int64_t sandbox_look_s;  /* when to look whether it still fits; monotonic; 0: never */
    struct child *children;
    unsigned slots, cap; /* workers wanted; children in the array */
    struct child *retired;   /* workers that end when their clients have: not started again */
    unsigned retired_count;
    struct who who;        /* its name is our own: configurations come and go */
    char *user;            /* likewise */
    struct pid_file pid_file;
    int news;            /* to the process that was called, until it has its answer; -1: none waits */
    bool ending;
    struct pid_file former_pid_file; /* of the process before, where the configuration has another one now */
    struct helper former_helper;     /* likewise; let go when the workers serve */
    int64_t watchdog_s;              /* how often the service manager wants to hear of us; 0: never */
    bool rehearses;      /* tries whether workers start, for an upgrade: nobody is served */
};

/* ---- master.c --------------------------------------------------------------------------------- */

/* In a process that the master has forked: closes what is the master's alone. */
void master_leave(const struct master *m);
bool master_start_helper(struct master *m);
void master_start_logger(struct span program, void *master);

/* ---- crew.c: the workers ---------------------------------------------------------------------- */

unsigned crew_size(const struct master *m, const struct conf *conf); /* workers that this configuration wants */
bool crew_start(struct master *m);  /* all of them, and waits until they serve */
/* Others take the place of all of them, under m->conf; those who were there go on with their clients, and end then.
 * False: the new ones do not start; everything is as before. */
bool crew_renew(struct master *m);
/* Has a directory that they keep files in been made anew? They cannot write there; said. */
bool crew_is_stale(const struct master *m);
void crew_look(struct master *m); /* once a minute: renews them then */
void crew_put_aside(struct master *m); /* those there are become retired ones, and are not told yet */
void crew_retire(struct master *m);    /* now they are */
void crew_take(struct master *m, const struct child *child, bool is_retired); /* a process before us has started it */
void crew_adjust(struct master *m); /* to a configuration that is in force: starts some, or lets some end */
int64_t crew_replace(struct master *m); /* starts what is due; seconds until the next one is; 0: none will be */
bool crew_is_gone(struct master *m, pid_t pid, int status); /* false: it was none of them */
bool crew_any(const struct master *m);

void crew_tell(struct child *child, enum control_kind kind, struct span payload, int fd);
void crew_tell_all(struct master *m, enum control_kind kind, struct span payload);
void crew_signal_all(struct master *m, int signo);

/* ---- upgrade.c, takeover.c: another program --------------------------------------------------- */

void upgrade_run(struct master *m); /* SIGUSR2; returns if nothing comes of it */

/* The new program: takes what the handover names into an empty master; workers become retired ones that are not told
 * yet (UPGRADE_RETURNS: they stay what they were). */
void upgrade_take(struct master *m);
void upgrade_take_pid_file(struct master *m);
void upgrade_take_counters(void);
int upgrade_rehearsed(bool ok); /* tells the one that serves; the exit status */
void upgrade_done(struct master *m);    /* it serves: what was there before is let go */
void upgrade_leave(void);               /* in a process that is forked meanwhile */
void upgrade_fall_back(void);           /* it does not: the old program again; returns if there was no upgrade */

/* upgrade.c for takeover.c: executes a program in this process with the handover that `fd` reads. Nothing is
 * allocated: it may be a signal handler that calls. program_fd -1: by its path. Returns with errno. */
struct upgrade_call {
    char **argv, **envp;     /* envp with `variable` in it */
    char variable[64];
    int fd;                  /* of the handover */
    int program_fd;
    int *passed;             /* descriptors that stay open */
    unsigned passed_count;
};
void upgrade_exec(const struct upgrade_call *call);
char **upgrade_environment(char *variable); /* a copy of environ with that one, in memory of its own */
int upgrade_send(struct span state); /* a child writes it; the end to read from, or -1 with errno */

/* ---- reload.c: another configuration ---------------------------------------------------------- */

void reload_run(struct master *m);
void reload_renew(struct master *m); /* what changes without a signal: the files and keys of TLS */
void reload_prepare_helper(struct master *m); /* before workers take on a configuration: what it asks is there */

#endif
