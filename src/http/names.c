/* names.c - methods, statuses, field names and character classes: tables and how they are searched */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/names.h"

struct name {
    const char *text;
    uint8_t n, flags;
};

const uint8_t header_flag_bits[HEADER_COUNT] = {
    0,
#define HEADER(id, text, flags) flags,
#include "http/header.def"
#undef HEADER
};

static const struct name methods[METHOD_COUNT] = {
    {"", 0, 0},
#define METHOD(id, text, flags) {text, sizeof text - 1, flags},
#include "http/method.def"
#undef METHOD
};

static const struct name headers[HEADER_COUNT] = {
    {"", 0, 0},
#define HEADER(id, text, flags) {text, sizeof text - 1, 0},
#include "http/header.def"
#undef HEADER
};

_Static_assert(HEADER_COUNT <= 128, "struct fields has 128 bits");

/*
 * Open addressing with linear probing, 0 is an empty place. Written out because a constant needs no start-up code;
 * tests/unit/http/test_names checks it and prints the right one when header.def has changed.
 */
static const uint8_t header_slots[HEADER_SLOTS] = {
    [0] = HEADER_LINK, [2] = HEADER_REFERRER_POLICY, [4] = HEADER_X_FORWARDED_PROTO,
    [10] = HEADER_TE, [13] = HEADER_KEEP_ALIVE, [15] = HEADER_USER_AGENT, [17] = HEADER_OVERWRITE,
    [19] = HEADER_ACCEPT, [23] = HEADER_AUTHORIZATION, [24] = HEADER_X_SENDFILE,
    [27] = HEADER_STRICT_TRANSPORT_SECURITY, [28] = HEADER_PRIORITY, [29] = HEADER_CONTENT_LENGTH,
    [36] = HEADER_DESTINATION, [39] = HEADER_IF_NONE_MATCH, [60] = HEADER_LOCK_TOKEN,
    [63] = HEADER_CONTENT_LOCATION, [66] = HEADER_REFRESH, [68] = HEADER_PROXY_CONNECTION,
    [71] = HEADER_UPGRADE_INSECURE_REQUESTS, [81] = HEADER_CONNECTION, [84] = HEADER_LOCATION,
    [86] = HEADER_X_LIGHTTPD_SEND_FILE, [91] = HEADER_ALT_USED, [93] = HEADER_SEC_CH_UA_PLATFORM,
    [103] = HEADER_CONTENT_MD5, [113] = HEADER_SEC_FETCH_USER, [114] = HEADER_X_REAL_IP,
    [115] = HEADER_CONTENT_RANGE, [117] = HEADER_SEC_WEBSOCKET_KEY, [124] = HEADER_DATE,
    [127] = HEADER_SEC_WEBSOCKET_EXTENSIONS, [129] = HEADER_CONTENT_SECURITY_POLICY,
    [134] = HEADER_TRAILER, [135] = HEADER_EXPECT, [143] = HEADER_ACCESS_CONTROL_EXPOSE_HEADERS,
    [144] = HEADER_X_REQUESTED_WITH, [152] = HEADER_FROM, [153] = HEADER_SEC_WEBSOCKET_ACCEPT,
    [160] = HEADER_X_ROBOTS_TAG, [167] = HEADER_EARLY_DATA, [172] = HEADER_X_SENDFILE2,
    [173] = HEADER_SEC_CH_UA_MOBILE, [174] = HEADER_TIMEOUT,
    [175] = HEADER_ACCESS_CONTROL_REQUEST_METHOD, [177] = HEADER_SEC_FETCH_DEST, [190] = HEADER_P3P,
    [202] = HEADER_HOST, [205] = HEADER_SEC_WEBSOCKET_VERSION, [208] = HEADER_X_FORWARDED_FOR,
    [209] = HEADER_SEC_FETCH_MODE, [210] = HEADER_SEC_FETCH_SITE, [212] = HEADER_X_POWERED_BY,
    [217] = HEADER_SERVER_TIMING, [229] = HEADER_ACCESS_CONTROL_ALLOW_CREDENTIALS,
    [231] = HEADER_ETAG, [232] = HEADER_PROXY_AUTHENTICATE, [235] = HEADER_IF_RANGE,
    [237] = HEADER_CACHE_CONTROL, [241] = HEADER_ACCEPT_LANGUAGE, [242] = HEADER_PRAGMA,
    [248] = HEADER_X_ACCEL_BUFFERING, [252] = HEADER_PROXY_AUTHORIZATION,
    [263] = HEADER_ACCEPT_ENCODING, [265] = HEADER_CONTENT_DISPOSITION, [283] = HEADER_WARNING,
    [287] = HEADER_CONTENT_LANGUAGE, [289] = HEADER_ACCESS_CONTROL_REQUEST_HEADERS,
    [302] = HEADER_PROXY, [306] = HEADER_X_XSS_PROTECTION, [308] = HEADER_REFERER,
    [309] = HEADER_CONTENT_ENCODING, [310] = HEADER_DAV, [313] = HEADER_WWW_AUTHENTICATE,
    [323] = HEADER_SERVER, [324] = HEADER_DNT, [326] = HEADER_TRANSFER_ENCODING,
    [329] = HEADER_SET_COOKIE, [331] = HEADER_IF_MATCH, [335] = HEADER_ACCEPT_RANGES,
    [338] = HEADER_X_FRAME_OPTIONS, [341] = HEADER_MAX_FORWARDS, [343] = HEADER_STATUS,
    [349] = HEADER_SEC_WEBSOCKET_PROTOCOL, [355] = HEADER_AGE, [369] = HEADER_IF,
    [371] = HEADER_EXPIRES, [383] = HEADER_CONTENT_TYPE, [385] = HEADER_ACCESS_CONTROL_ALLOW_ORIGIN,
    [389] = HEADER_IF_UNMODIFIED_SINCE, [397] = HEADER_SEC_CH_UA, [401] = HEADER_COOKIE,
    [407] = HEADER_ALT_SVC, [411] = HEADER_ACCESS_CONTROL_ALLOW_HEADERS,
    [412] = HEADER_ACCESS_CONTROL_ALLOW_METHODS, [423] = HEADER_ACCEPT_CHARSET,
    [425] = HEADER_ALLOW, [431] = HEADER_IF_MODIFIED_SINCE, [432] = HEADER_X_FORWARDED_HOST,
    [433] = HEADER_X_FORWARDED_PORT, [436] = HEADER_RETRY_AFTER, [440] = HEADER_DEPTH,
    [441] = HEADER_UPGRADE, [442] = HEADER_LAST_MODIFIED, [449] = HEADER_ACCESS_CONTROL_MAX_AGE,
    [453] = HEADER_ONION_LOCATION, [454] = HEADER_X_CONTENT_TYPE_OPTIONS,
    [458] = HEADER_X_HTTP_METHOD_OVERRIDE, [464] = HEADER_VIA, [478] = HEADER_HTTP2_SETTINGS,
    [482] = HEADER_RANGE, [486] = HEADER_X_REQUEST_ID, [488] = HEADER_FORWARDED,
    [501] = HEADER_ORIGIN, [506] = HEADER_VARY,
};

static struct span name_span(const struct name *name) {
    return (struct span){name->text, name->n};
}

enum method method_find(struct span text) {
    switch (text.n) { /* the usual ones without a search */
    case 3:
        if (memcmp(text.p, "GET", 3) == 0) return METHOD_GET;
        break;
    case 4:
        if (memcmp(text.p, "HEAD", 4) == 0) return METHOD_HEAD;
        if (memcmp(text.p, "POST", 4) == 0) return METHOD_POST;
        break;
    case 0:
        return METHOD_OTHER;
    }
    for (int m = METHOD_OTHER + 1; m < METHOD_COUNT; m++)
        if (span_is(text, name_span(&methods[m]))) return (enum method)m;
    return METHOD_OTHER;
}

struct span method_name(enum method m) {
    return name_span(&methods[m]);
}

unsigned method_flags(enum method m) {
    return methods[m].flags;
}

struct span status_reason(int status) {
    switch (status) {
#define STATUS(number, reason, explanation) \
    case number: return SPAN(reason);
#include "http/status.def"
#undef STATUS
    default: return SPAN("");
    }
}

struct span status_explanation(int status) {
    switch (status) {
#define STATUS(number, reason, explanation) \
    case number: return SPAN(explanation);
#include "http/status.def"
#undef STATUS
    default: return SPAN("");
    }
}

static inline unsigned folded(char c) {
    return (unsigned char)c | 0x20u;
}

static inline unsigned slot_of(struct span name) {
    if (name.n == 0) return 0;
    unsigned first = folded(name.p[0]), middle = folded(name.p[name.n / 2]), last = folded(name.p[name.n - 1]);
    return ((unsigned)name.n * 244U + first * 157U + middle * 6U + last * 32U) % HEADER_SLOTS;
}

unsigned header_slot(struct span name) {
    return slot_of(name);
}

/* Up to eight bytes in one word; some of them twice. */
static inline uint64_t word_of(const char *p, size_t n) {
    uint64_t word = 0;
    uint32_t half[2] = {0, 0};
    if (n >= 8) {
        memcpy(&word, p, 8);
        return word;
    }
    if (n >= 4) {
        memcpy(&half[0], p, 4);
        memcpy(&half[1], p + n - 4, 4);
        return (uint64_t)half[1] << 32 | half[0];
    }
    for (size_t i = 0; i < n; i++) word = word << 8 | (unsigned char)p[i];
    return word;
}

/* Do they differ only in the case of letters? Names in the table consist of letters, which have bit 0x40, and of
 * digits and "-", which don't: so 0x20 may differ exactly where the name has 0x40. */
static inline bool same_word(const char *sent, const char *name, size_t n) {
    uint64_t a = word_of(sent, n), b = word_of(name, n);
    return ((a ^ b) & ~((b >> 1) & UINT64_C(0x2020202020202020))) == 0;
}

static inline bool same_name(const char *sent, const char *name, size_t n) {
    for (; n > 8; sent += 8, name += 8, n -= 8)
        if (!same_word(sent, name, 8)) return false;
    return same_word(sent, name, n);
}

enum header header_find(struct span name) {
    for (unsigned slot = slot_of(name); header_slots[slot]; slot = (slot + 1) % HEADER_SLOTS) {
        const struct name *known = &headers[header_slots[slot]];
        if (known->n == name.n && same_name(name.p, known->text, name.n)) return (enum header)header_slots[slot];
    }
    return HEADER_OTHER;
}

struct span header_name(enum header h) {
    return name_span(&headers[h]);
}

/* Sums of the CHAR_ bits. */
const uint8_t char_class[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, /* 00 */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 10 */
    2, 55, 6, 7, 55, 7, 55, 55, 54, 54, 55, 55, 54, 127, 63, 54, /* 20 */
    127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 54, 54, 6, 54, 6, 38, /* 30 */
    54, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, /* 40 */
    63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 38, 6, 38, 7, 127, /* 50 */
    7, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, /* 60 */
    127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 6, 7, 6, 63, 0, /* 70 */
    6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, /* 80 */
    6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, /* 90 */
    6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, /* A0 */
    6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, /* B0 */
    6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, /* C0 */
    6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, /* D0 */
    6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, /* E0 */
    6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, /* F0 */
};

bool is_token(struct span s) {
    for (size_t i = 0; i < s.n; i++)
        if (!(char_class[(unsigned char)s.p[i]] & CHAR_TOKEN)) return false;
    return s.n > 0;
}
