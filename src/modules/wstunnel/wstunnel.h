/* wstunnel.h - what mod_wstunnel and its codec share */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_WSTUNNEL_H
#define GOLDCREST_WSTUNNEL_H

#include "modules/gateway/codec.h"
#include "modules/gateway/options.h"

/* What frames to the client are, and what is in them. */
enum frame_type { FRAMES_TEXT, FRAMES_BINARY, FRAMES_BASE64 /* text frames, whose text is base64 */ };

struct wstunnel_settings {
    const struct gateway_rules *rules;
    const enum gateway_balance *balance;
    const struct value *map_extensions;
    const enum frame_type *frame_type;
    const struct value *origins;
    uint32_t debug, ping_s;
};

/* Between a client that speaks WebSocket and a backend that gets and gives the bytes alone. It answers by itself, as
 * soon as the backend is connected. */
extern const struct codec wstunnel_codec;

/* Sec-WebSocket-Accept of a Sec-WebSocket-Key (RFC 6455 4.2.2); false: it is none. */
enum { WS_ACCEPT_BYTES = 29 /* with a NUL */ };
bool wstunnel_accept(struct span key, char accept[WS_ACCEPT_BYTES]);

/* Frames that this client gets; *protocol: what of its Sec-WebSocket-Protocol was chosen for that, or empty. */
enum frame_type wstunnel_type(const struct request *r, enum frame_type set, struct span *protocol);

#endif
