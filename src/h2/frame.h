/* frame.h - the frames of HTTP/2 as bytes: their heads in and out, small frames out (RFC 9113 4, 6) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H2_FRAME_H
#define GOLDCREST_H2_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum {
    FRAME_HEAD_BYTES = 9,
    FRAME_BYTES_MAX = 16384,   /* SETTINGS_MAX_FRAME_SIZE: its least value, and ours in both directions */
    WINDOW_MAX = 0x7fffffff,   /* RFC 9113 6.9.1 */
    WINDOW_AT_FIRST = 65535    /* RFC 9113 6.9.2 */
};

enum frame_type {
#define FRAME(id, number, where, least, most, section) FRAME_##id = number,
#include "h2/frames.def"
#undef FRAME
    FRAME_TYPES
};

enum frame_where { ON_STREAMS = 1, ON_CONNECTION = 2 };

enum { FLAG_END_STREAM = 0x1, FLAG_ACK = 0x1, FLAG_END_HEADERS = 0x4, FLAG_PADDED = 0x8, FLAG_PRIORITY = 0x20 };

enum setting {
#define SETTING(id, number, least, most, error) SETTING_##id = number,
#include "h2/settings.def"
#undef SETTING
    SETTINGS
};

/*
 * frame - the head of one
 *   +------------------------+----------+----------+----------------------------------+
 *   | length (24)            | type (8) | flags (8)| reserved (1), stream (31)        |  RFC 9113 4.1
 *   +------------------------+----------+----------+----------------------------------+
 */
struct frame {
    uint32_t length, stream;
    uint8_t type, flags;
};

/* 0; or the connection error that its type, stream or length is. An unknown type is no error. */
uint32_t frame_check(const struct frame *f, const char **why);
bool frame_is_known(uint8_t type);

/* The value of a setting: 0, or the connection error that it is. An unknown setting is no error (RFC 9113 6.5.2). */
uint32_t setting_check(uint16_t setting, uint32_t value);

static inline uint32_t read_32(const char *p) {
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static inline uint16_t read_16(const char *p) {
    const unsigned char *u = (const unsigned char *)p;
    return (uint16_t)(u[0] << 8 | u[1]);
}

static inline struct frame frame_read(const char *p) {
    return (struct frame){.length = read_32(p) >> 8,
                          .type = (uint8_t)p[3],
                          .flags = (uint8_t)p[4],
                          .stream = read_32(p + 5) & 0x7fffffff};
}

void write_32(char *p, uint32_t value);
void frame_write(char out[FRAME_HEAD_BYTES], const struct frame *f);

/* A whole frame, at the end of out. */
void frame_put(struct buf *out, enum frame_type type, uint8_t flags, uint32_t stream, struct span payload);
/* RST_STREAM or WINDOW_UPDATE: a payload of one number. */
void frame_put_32(struct buf *out, enum frame_type type, uint32_t stream, uint32_t value);
void frame_put_goaway(struct buf *out, uint32_t last_stream, uint32_t error);
/* A setting in the payload of SETTINGS. */
void setting_put(struct buf *payload, enum setting setting, uint32_t value);

#endif
