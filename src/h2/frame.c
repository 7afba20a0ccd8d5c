/* frame.c - the frames of HTTP/2 as bytes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2/frame.h"

#include "h2/h2.h"

static const struct {
    uint8_t where;
    uint32_t least, most;
} frames[FRAME_TYPES] = {
#define FRAME(id, number, where, least, most, section) [number] = {where, least, most},
#include "h2/frames.def"
#undef FRAME
};

static const struct {
    uint32_t least, most, error;
} settings[SETTINGS] = {
#define SETTING(id, number, least, most, error) [number] = {least, most, error},
#include "h2/settings.def"
#undef SETTING
};

const char *h2_error_name(uint32_t error) {
    static const char *const names[] = {
#define H2_ERROR(id, number) [number] = #id,
#include "h2/errors.def"
#undef H2_ERROR
    };
    return error < sizeof names / sizeof *names ? names[error] : "?";
}

bool frame_is_known(uint8_t type) {
    return type < FRAME_TYPES && frames[type].where;
}

uint32_t frame_check(const struct frame *f, const char **why) {
    *why = "a frame is larger than allowed";
    if (f->length > FRAME_BYTES_MAX) return H2_FRAME_SIZE_ERROR;
    if (!frame_is_known(f->type)) return H2_NO_ERROR;
    *why = "a frame on a stream that is not for its type";
    if (!(frames[f->type].where & (f->stream ? ON_STREAMS : ON_CONNECTION))) return H2_PROTOCOL_ERROR;
    *why = "a frame has a length that its type cannot have";
    return f->length < frames[f->type].least || f->length > frames[f->type].most ? H2_FRAME_SIZE_ERROR : H2_NO_ERROR;
}

uint32_t setting_check(uint16_t setting, uint32_t value) {
    if (setting == 0 || setting >= SETTINGS || settings[setting].most == 0) return H2_NO_ERROR;
    return value < settings[setting].least || value > settings[setting].most ? settings[setting].error : H2_NO_ERROR;
}

void write_32(char *p, uint32_t value) {
    for (int i = 0; i < 4; i++) p[i] = (char)(value >> (24 - 8 * i) & 0xff);
}

void frame_write(char out[FRAME_HEAD_BYTES], const struct frame *f) {
    write_32(out, f->length << 8 | f->type);
    out[4] = (char)f->flags;
    write_32(out + 5, f->stream);
}

void frame_put(struct buf *out, enum frame_type type, uint8_t flags, uint32_t stream, struct span payload) {
    frame_write(buf_room(out, FRAME_HEAD_BYTES), &(struct frame){(uint32_t)payload.n, stream, (uint8_t)type, flags});
    out->n += FRAME_HEAD_BYTES;
    buf_add(out, payload);
}

void frame_put_32(struct buf *out, enum frame_type type, uint32_t stream, uint32_t value) {
    char payload[4];
    write_32(payload, value);
    frame_put(out, type, 0, stream, (struct span){payload, sizeof payload});
}

void frame_put_goaway(struct buf *out, uint32_t last_stream, uint32_t error) {
    char payload[8];
    write_32(payload, last_stream);
    write_32(payload + 4, error);
    frame_put(out, FRAME_GOAWAY, 0, 0, (struct span){payload, sizeof payload});
}

void setting_put(struct buf *payload, enum setting setting, uint32_t value) {
    char *p = buf_room(payload, 6);
    p[0] = 0;
    p[1] = (char)setting;
    write_32(p + 2, value);
    payload->n += 6;
}
