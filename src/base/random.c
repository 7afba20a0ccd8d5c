/* random.c - bytes nobody can foretell */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/random.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"

void random_bytes(void *out, size_t n) {
    int fd = fd_open("/dev/urandom", O_RDONLY, 0);
    ssize_t got = fd < 0 ? -1 : read(fd, out, n);
    if (fd >= 0) close(fd);
    if (got == (ssize_t)n) return;
    fputs("goldcrest: /dev/urandom cannot be read\n", stderr);
    abort();
}
