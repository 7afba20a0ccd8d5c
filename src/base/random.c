/* random.c - bytes nobody can foretell */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/random.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef HAVE_SYS_RANDOM_H
#include <sys/random.h> /* macOS has getentropy() here */
#endif

#include "base/fd.h"

/* Needs no descriptor, and no device in a chroot; a kernel may be older than the library. */
static bool from_kernel(unsigned char *out, size_t n) {
#ifdef HAVE_GETENTROPY
    enum { AT_ONCE = 256 };
    while (n) {
        size_t part = n < AT_ONCE ? n : AT_ONCE;
        if (getentropy(out, part) != 0) return false;
        out += part;
        n -= part;
    }
    return true;
#else
    (void)out, (void)n;
    return false;
#endif
}

void random_bytes(void *out, size_t n) {
    if (from_kernel(out, n)) return;
    int fd = fd_open("/dev/urandom", O_RDONLY, 0);
    ssize_t got = fd < 0 ? -1 : read(fd, out, n);
    if (fd >= 0) close(fd);
    if (got == (ssize_t)n) return;
    fputs("goldcrest: /dev/urandom cannot be read\n", stderr);
    abort();
}
