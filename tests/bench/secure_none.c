/* secure_none.c - stands for secure.c in builds without TLS */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/bench/secure.h"

#include <stdio.h>

bool secure_start(const char *pemfile) {
    (void)pemfile;
    fputs("this build has no TLS\n", stderr);
    return false;
}

struct secure *secure_make(int fd) {
    (void)fd;
    return NULL;
}

int secure_shake(struct secure *s) {
    (void)s;
    return SECURE_BROKEN;
}

ssize_t secure_read(struct secure *s, char *bytes, size_t n) {
    (void)s, (void)bytes, (void)n;
    return SECURE_BROKEN;
}

ssize_t secure_write(struct secure *s, const char *bytes, size_t n) {
    (void)s, (void)bytes, (void)n;
    return SECURE_BROKEN;
}

bool secure_holds_more(const struct secure *s) {
    (void)s;
    return false;
}

void secure_drop(struct secure *s) {
    (void)s;
}
