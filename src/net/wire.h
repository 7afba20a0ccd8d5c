/* wire.h - bytes from and to a socket: one recv, one writev per turn, sendfile where the system has it */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_WIRE_H
#define GOLDCREST_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/chunk.h"

enum { WIRE_LATER = -1, WIRE_BROKEN = -2 };

/* Reads at most n bytes: how many, 0 at the peer's end, WIRE_LATER, or WIRE_BROKEN with errno. */
ssize_t wire_receive(int fd, char *bytes, size_t n);

enum wire_sent {
    WIRE_SENT,    /* everything */
    WIRE_FULL,    /* the socket takes no more now: wait for OUT */
    WIRE_YIELD,   /* more could be sent, but it is others' turn */
    WIRE_FAILED   /* with errno; EIO: a file has become shorter than what was announced */
};

/* Sends what is in the queue, at most max bytes in this call. is_last: socket_half_close() follows at once; the last
 * bytes may wait for it and leave in one segment with the FIN. */
enum wire_sent wire_flush(int fd, struct chunks *q, uint64_t max, bool is_last);

/* How files are sent, by server.network-backend's words: "sendfile", "writev", "write" and lighttpd's longer names.
 * False if the word is unknown. */
bool wire_set_backend(struct span name);
const char *wire_backends(void); /* "sendfile writev", for -V */

#endif
