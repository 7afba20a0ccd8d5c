/* shared.c - memory that a process shares with those it forks */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/shared.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

void *shared_make(size_t bytes) {
    return shared_map(-1, bytes);
}

/* Written, not only made longer: whoever first touches a page that a full disk has no room for is killed. */
static int fill(int fd, size_t bytes) {
    static const char zeros[4096];
    for (size_t n; bytes; bytes -= n) {
        n = bytes < sizeof zeros ? bytes : sizeof zeros;
        if (fd_write_all(fd, zeros, n) != 0) return -1;
    }
    return 0;
}

int shared_file(size_t bytes) {
    char name[] = "/tmp/goldcrest.XXXXXX";
    int fd = mkstemp(name);
    if (fd < 0) return -1;
    unlink(name);
    if (fd_set_cloexec(fd, true) == 0 && fill(fd, bytes) == 0) return fd;
    close(fd);
    return -1;
}

void *shared_map(int fd, size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANON : 0), fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void shared_drop(void *memory, size_t bytes) {
    if (memory) munmap(memory, bytes);
}
