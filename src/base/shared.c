/* shared.c - memory that a process shares with those it forks */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/shared.h"

#include <sys/mman.h>

void *shared_make(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void shared_drop(void *memory, size_t bytes) {
    if (memory) munmap(memory, bytes);
}
