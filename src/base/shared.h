/* shared.h - memory that a process shares with those it forks */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_SHARED_H
#define GOLDCREST_SHARED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Zeroed memory, at the same place in every process forked afterwards; pages that nobody writes to cost nothing.
 * What it holds is plain data without pointers; a word that several processes write is an _Atomic. NULL with errno
 * if there is none.
 */
void *shared_make(size_t bytes);
/* The same in a file that has no name, which another program can be given; close-on-exec. -1 with errno. */
int shared_file(size_t bytes);
void *shared_map(int fd, size_t bytes); /* fd -1: as shared_make() */
void shared_drop(void *memory, size_t bytes); /* in this process; accepts NULL */

/* The widest word that several processes change without a lock, for locks of compilers' libraries are of one process;
 * and how many nanoseconds a tick has where such a word is a time. */
#if ATOMIC_LLONG_LOCK_FREE == 2
typedef uint64_t shared_word;
enum { SHARED_TICK_NS = 1 };
#else
typedef uint32_t shared_word;
enum { SHARED_TICK_NS = 1000000 };
#endif

#endif
