/* secure.h - TLS for the floor and for the load: the library, and nothing around it */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_BENCH_SECURE_H
#define GOLDCREST_BENCH_SECURE_H

#include <stdbool.h>
#include <sys/types.h>

enum { SECURE_NEEDS_IN = -1, SECURE_NEEDS_OUT = -2, SECURE_BROKEN = -3 };

/* secure - the TLS of one connection, whose descriptor stays its owner's */
struct secure;

/* Once, before the first connection: the server's side with a file of certificate and key, the client's side with
 * NULL. False and why on stderr if that cannot be, or if the build has no TLS. */
bool secure_start(const char *pemfile);

struct secure *secure_make(int fd);
/* 0 when it is done, or SECURE_*. */
int secure_shake(struct secure *s);
/* How many bytes, 0 at the end, or SECURE_*. */
ssize_t secure_read(struct secure *s, char *bytes, size_t n);
ssize_t secure_write(struct secure *s, const char *bytes, size_t n);
/* May there be more in what the library has read already? No event tells of that. */
bool secure_holds_more(const struct secure *s);
/* Says goodbye (close_notify) and frees it; accepts NULL. */
void secure_drop(struct secure *s);

#endif
