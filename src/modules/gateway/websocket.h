/* websocket.h - the opening of a WebSocket that we make, or answer, ourselves (RFC 6455 4.1, 4.2.2) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_WEBSOCKET_H
#define GOLDCREST_GATEWAY_WEBSOCKET_H

#include <stdbool.h>

#include "base/span.h"

/* websocket_key - a fresh Sec-WebSocket-Key, and the Sec-WebSocket-Accept that is its answer; texts */
struct websocket_key {
    char key[25], accept[29];
};
void websocket_key_make(struct websocket_key *k);
/* The answer to a client's key; false if it is none. */
bool websocket_accept(struct span key, char accept[29]);

#endif
