/* connect.h - connections that we make */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_NET_CONNECT_H
#define GOLDCREST_NET_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "net/addr.h"

/* A nonblocking, close-on-exec stream socket on its way to that address (TCP_NODELAY set). *done: it is connected
 * already (unix sockets are). -1 with errno (EAGAIN of a unix socket: its queue is full). After IN|OUT ask
 * socket_connect_result(). */
int connect_to(const struct addr_room *to, bool *done);

/* The address of a unix socket; false if the path is too long (ENAMETOOLONG). */
bool addr_of_path(struct span path, struct addr_room *a);
/* "192.0.2.1", "::1", "[::1]" with a port; false if it is a name. */
bool addr_of_literal(struct span host, uint16_t port, struct addr_room *a);

#endif
