/* confine.h - a process gives up, for good, what it will not need: files, ports, system calls */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONFINE_H
#define GOLDCREST_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * What a kernel has for it differs: Landlock and seccomp on Linux, pledge and unveil on OpenBSD, privileges on
 * illumos, flags of a process on FreeBSD. Each is taken where configure found it and the kernel has it.
 */
enum {
    CONFINE_READ = 1,   /* rights beneath a path: open and list */
    CONFINE_WRITE = 2,  /* make, write, rename and remove files, and read them */
    CONFINE_DEVICE = 4, /* write to the file itself */
    /* Only where files are hidden do these have to be allowed: */
    CONFINE_APPEND = 8, /* make that file, and write to it */
    CONFINE_CONNECT = 16 /* connect to the socket there */
};

struct confine_rule {
    const char *path; /* links in it are followed; what is not there has no effect */
    unsigned rights;
};

struct confinement {
    const struct confine_rule *rules;
    size_t rule_count;
    const uint16_t *ports; /* of TCP, to connect to */
    size_t port_count;
    bool hides_files;      /* also where a file that is not allowed looks as if it were not there (unveil) */
    unsigned newest;       /* of Landlock, for tests: as if the kernel had no newer one; 0: what it has */
};

/* What holds after confine_files() or confine_calls(), or would hold. */
enum {
    CONFINE_FILES = 1, /* only what the rules say is opened */
    CONFINE_PORTS = 2, /* only those ports are connected to, none is bound */
    CONFINE_CALLS = 4, /* no programs, no processes, nothing of the system's own */
    CONFINE_GAINS = 8, /* no program gives it rights that it has not */
    CONFINE_HIDES = 16 /* with CONFINE_FILES: what is not allowed looks as if it were not there */
};

/* Bits that this kernel can do, and whether files may be hidden for it; *out gets words: "Landlock 7, seccomp". */
unsigned confine_possible(bool hides_files, struct buf *out);

/*
 * Takes the process there, for good, with all that it forks later. The bits that hold now; what the kernel has, but
 * refuses, is said on the main log. confine_files() comes first where both are wanted.
 */
unsigned confine_files(const struct confinement *c);
unsigned confine_calls(void);

#endif
