/* h2_names.c - frame types, error codes and settings by the names that RFC 9113 gives them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2_peer.h"

enum { FRAME_NAMES = FRAME_PRIORITY_UPDATE + 1 };

static const struct {
    const char *name;
    unsigned flags;
} frames[FRAME_NAMES] = {
    [FRAME_DATA] = {"DATA", FLAG_END_STREAM | FLAG_PADDED},
    [FRAME_HEADERS] = {"HEADERS", FLAG_END_STREAM | FLAG_END_HEADERS | FLAG_PADDED | FLAG_PRIORITY},
    [FRAME_PRIORITY] = {"PRIORITY", 0},
    [FRAME_RST_STREAM] = {"RST_STREAM", 0},
    [FRAME_SETTINGS] = {"SETTINGS", FLAG_ACK},
    [FRAME_PUSH_PROMISE] = {"PUSH_PROMISE", FLAG_END_HEADERS | FLAG_PADDED},
    [FRAME_PING] = {"PING", FLAG_ACK},
    [FRAME_GOAWAY] = {"GOAWAY", 0},
    [FRAME_WINDOW_UPDATE] = {"WINDOW_UPDATE", 0},
    [FRAME_CONTINUATION] = {"CONTINUATION", FLAG_END_HEADERS},
    [FRAME_PRIORITY_UPDATE] = {"PRIORITY_UPDATE", 0},
};

static const char *const errors[] = {
    "NO_ERROR",      "PROTOCOL_ERROR", "INTERNAL_ERROR",    "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
    "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM",  "CANCEL",             "COMPRESSION_ERROR",
    "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"};
enum { ERROR_NAMES = sizeof errors / sizeof *errors };

static const char *const settings[SETTINGS_KNOWN] = {
    [SETTING_HEADER_TABLE_SIZE] = "HEADER_TABLE_SIZE",
    [SETTING_ENABLE_PUSH] = "ENABLE_PUSH",
    [SETTING_MAX_CONCURRENT_STREAMS] = "MAX_CONCURRENT_STREAMS",
    [SETTING_INITIAL_WINDOW_SIZE] = "INITIAL_WINDOW_SIZE",
    [SETTING_MAX_FRAME_SIZE] = "MAX_FRAME_SIZE",
    [SETTING_MAX_HEADER_LIST_SIZE] = "MAX_HEADER_LIST_SIZE",
    [SETTING_ENABLE_CONNECT_PROTOCOL] = "ENABLE_CONNECT_PROTOCOL",
    [SETTING_NO_RFC7540_PRIORITIES] = "NO_RFC7540_PRIORITIES",
};

bool any_number(struct span text, uint64_t *number) {
    unsigned base = span_starts(text, SPAN("0x")) ? 16 : 10;
    if (base == 16) text = span_from(text, 2);
    *number = 0;
    for (size_t i = 0; i < text.n; i++) {
        int digit = ascii_hex(text.p[i]);
        if (digit < 0 || (unsigned)digit >= base || *number >> 56) return false;
        *number = *number * base + (unsigned)digit;
    }
    return text.n > 0;
}

const char *frame_name(unsigned type) {
    return type < FRAME_NAMES && frames[type].name ? frames[type].name : "?";
}

bool frame_by_name(struct span name, unsigned *type) {
    for (*type = 0; *type < FRAME_NAMES; ++*type)
        if (frames[*type].name && span_is(name, span_of(frames[*type].name))) return true;
    return false;
}

unsigned frame_flags(unsigned type) {
    return type < FRAME_NAMES ? frames[type].flags : 0;
}

const char *error_name(uint32_t code) {
    return code < ERROR_NAMES ? errors[code] : "?";
}

bool error_by_name(struct span name, uint32_t *code) {
    uint64_t number;
    for (*code = 0; *code < ERROR_NAMES; ++*code)
        if (span_is(name, span_of(errors[*code]))) return true;
    if (!any_number(name, &number)) return false;
    *code = (uint32_t)number;
    return true;
}

const char *setting_name(unsigned id) {
    return id < SETTINGS_KNOWN && settings[id] ? settings[id] : "?";
}

bool setting_by_name(struct span name, unsigned *id) {
    uint64_t number;
    for (*id = 0; *id < SETTINGS_KNOWN; ++*id)
        if (settings[*id] && span_is(name, span_of(settings[*id]))) return true;
    if (!any_number(name, &number)) return false;
    *id = (unsigned)number & 0xffff;
    return true;
}
