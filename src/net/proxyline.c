/* proxyline.c - the PROXY protocol, versions 1 (a line) and 2 (a header of bytes), read and written */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/proxyline.h"

#include <arpa/inet.h>

#include "base/number.h"

/*
 *  v1    PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 CR LF              at most 107 bytes
 *
 *  v2    0             12         13       14       16
 *        +-------------+----------+--------+--------+-----------+------------------------+
 *        | signature   | 2 | cmd  | family | length | addresses | type, length, value …  |
 *        +-------------+----------+--------+--------+-----------+------------------------+
 *                                                   |<----------- length --------------->|
 */
enum { V1_BYTES_MAX = 107, V2_HEAD_BYTES = 16, TLV_HEAD_BYTES = 3 };

static const struct span v1_begins = SPAN_INIT("PROXY ");
static const struct span v2_begins = SPAN_INIT("\r\n\r\n\0\r\nQUIT\n");

static bool is_beginning(struct span in, struct span signature) {
    size_t n = in.n < signature.n ? in.n : signature.n;
    return memcmp(in.p, signature.p, n) == 0;
}

static unsigned byte_at(struct span s, size_t at) {
    return (unsigned char)s.p[at];
}

static void set_address(struct addr *a, int family, const void *bytes, uint16_t port_be) {
    memset(a, 0, sizeof *a);
    a->is.any.sa_family = (sa_family_t)family;
    if (family == AF_INET) {
        memcpy(&a->is.v4.sin_addr, bytes, 4);
        a->is.v4.sin_port = port_be;
    } else if (family == AF_INET6) {
        memcpy(&a->is.v6.sin6_addr, bytes, 16);
        a->is.v6.sin6_port = port_be;
    }
}

/* ---- version 1 -------------------------------------------------------------------------------- */

static bool text_address(struct span text, int family, unsigned char bytes[16]) {
    char name[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof name || memchr(text.p, '\0', text.n)) return false;
    memcpy(name, text.p, text.n);
    name[text.n] = '\0';
    return inet_pton(family, name, bytes) == 1;
}

static bool text_port(struct span text, uint16_t *port_be) {
    uint64_t port;
    if (text.n > 5 || !number_parse(text, 65535, &port) || (text.n > 1 && text.p[0] == '0')) return false;
    *port_be = htons((uint16_t)port);
    return true;
}

/* "192.0.2.1 198.51.100.1 56324 443": exactly one blank between them. */
static bool v1_addresses(struct proxyline *p, struct span rest, int family) {
    enum { FROM, TO, FROM_PORT, TO_PORT, PARTS };
    struct span part[PARTS];
    unsigned char from[16], to[16];
    uint16_t from_port, to_port;
    for (unsigned i = 0; i < PARTS; i++) {
        size_t end = span_find(rest, ' ');
        if ((end < rest.n) != (i < PARTS - 1)) return false;
        part[i] = span_upto(rest, end);
        if (i < PARTS - 1) rest = span_from(rest, end + 1);
    }
    if (!text_address(part[FROM], family, from) || !text_address(part[TO], family, to)) return false;
    if (!text_port(part[FROM_PORT], &from_port) || !text_port(part[TO_PORT], &to_port)) return false;
    set_address(&p->source, family, from, from_port);
    set_address(&p->target, family, to, to_port);
    return true;
}

static bool is_printable(struct span s) {
    for (size_t i = 0; i < s.n; i++)
        if (byte_at(s, i) < ' ' || byte_at(s, i) == 0x7f) return false;
    return true;
}

static bool v1_line(struct proxyline *p, struct span line) {
    static const struct span tcp4 = SPAN_INIT("TCP4 "), tcp6 = SPAN_INIT("TCP6 "), unknown = SPAN_INIT("UNKNOWN");
    if (span_starts(line, tcp4)) return v1_addresses(p, span_from(line, tcp4.n), AF_INET);
    if (span_starts(line, tcp6)) return v1_addresses(p, span_from(line, tcp6.n), AF_INET6);
    if (!span_starts(line, unknown)) return false;
    p->is_local = true; /* what follows is to be ignored */
    return is_printable(line) && (line.n == unknown.n || line.p[unknown.n] == ' ');
}

static long v1_parse(struct proxyline *p, struct span in) {
    size_t window = in.n < V1_BYTES_MAX ? in.n : V1_BYTES_MAX;
    size_t end = span_find(span_upto(in, window), '\n');
    if (end == window) return window < V1_BYTES_MAX ? PROXYLINE_MORE : PROXYLINE_BAD;
    if (in.p[end - 1] != '\r') return PROXYLINE_BAD; /* "PROXY " stands before it */
    struct span line = span_from(span_upto(in, end), v1_begins.n);
    if (line.n) line.n--; /* CR */
    return v1_line(p, line) ? (long)end + 1 : PROXYLINE_BAD;
}

/* ---- version 2 -------------------------------------------------------------------------------- */

/* CRC-32C (RFC 3720 B.4), with the four bytes at `hole` as if they were zero. */
static uint32_t crc32c(struct span s, size_t hole) {
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < s.n; i++) {
        crc ^= i >= hole && i < hole + 4 ? 0 : byte_at(s, i);
        for (unsigned bit = 0; bit < 8; bit++) crc = (crc & 1 ? 0x82f63b78u : 0) ^ crc >> 1;
    }
    return ~crc;
}

static uint32_t number_at(struct span s, size_t at) {
    return byte_at(s, at) << 24 | byte_at(s, at + 1) << 16 | byte_at(s, at + 2) << 8 | byte_at(s, at + 3);
}

enum tlv_type {
    TLV_ALPN = 0x01,
    TLV_AUTHORITY = 0x02,
    TLV_CRC32C = 0x03,
    TLV_UNIQUE_ID = 0x05,
    TLV_TLS = 0x20,
    TLV_TLS_VERSION = 0x21,
    TLV_TLS_CN = 0x22,
    TLV_TLS_CIPHER = 0x23
};
enum { CLIENT_TLS = 1, CLIENT_CERTIFICATE = 2 | 4 /* on this connection, or in its session */, TLS_HEAD_BYTES = 5 };

/* Takes one off *rest. False: it does not fit. */
static bool next_tlv(struct span *rest, unsigned *type, struct span *value) {
    if (rest->n < TLV_HEAD_BYTES) return false;
    size_t n = byte_at(*rest, 1) << 8 | byte_at(*rest, 2);
    if (n > rest->n - TLV_HEAD_BYTES) return false;
    *type = byte_at(*rest, 0);
    *value = span_upto(span_from(*rest, TLV_HEAD_BYTES), n);
    *rest = span_from(*rest, TLV_HEAD_BYTES + n);
    return true;
}

/* What ends up in the environment of requests: each only once, without control characters. Types that are not in the
 * table are for others. */
static bool keep_text(struct proxyline *p, unsigned type, struct span value, bool within_tls) {
    const struct {
        uint8_t type;
        bool within_tls, may_be_bytes;
        uint16_t max;
        struct span *place;
    } table[] = {
        {TLV_ALPN, false, true, 255, &p->alpn},           {TLV_AUTHORITY, false, false, 255, &p->authority},
        {TLV_UNIQUE_ID, false, true, 128, &p->unique_id}, {TLV_TLS_VERSION, true, false, 255, &p->tls_version},
        {TLV_TLS_CN, true, false, 1024, &p->tls_cn},      {TLV_TLS_CIPHER, true, false, 255, &p->tls_cipher},
    };
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].type != type || table[i].within_tls != within_tls) continue;
        if (table[i].place->p || value.n > table[i].max) return false;
        *table[i].place = value;
        return table[i].may_be_bytes || is_printable(value);
    }
    return true;
}

static bool v2_tls(struct proxyline *p, struct span value) {
    unsigned type;
    struct span part;
    if (value.n < TLS_HEAD_BYTES) return false;
    unsigned client = byte_at(value, 0);
    p->has_tls = client & CLIENT_TLS;
    p->is_verified = p->has_tls && (client & CLIENT_CERTIFICATE) && number_at(value, 1) == 0;
    for (struct span rest = span_from(value, TLS_HEAD_BYTES); rest.n;)
        if (!next_tlv(&rest, &type, &part) || !keep_text(p, type, part, true)) return false;
    return true;
}

static bool v2_tlvs(struct proxyline *p, struct span whole, struct span rest) {
    unsigned type;
    struct span value;
    bool seen_tls = false, seen_crc = false;
    while (rest.n) {
        if (!next_tlv(&rest, &type, &value)) return false;
        if (type == TLV_TLS) {
            if (seen_tls || !v2_tls(p, value)) return false;
            seen_tls = true;
        } else if (type == TLV_CRC32C) {
            if (seen_crc || value.n != 4) return false;
            if (crc32c(whole, (size_t)(value.p - whole.p)) != number_at(value, 0)) return false;
            seen_crc = true;
        } else if (!keep_text(p, type, value, false)) {
            return false;
        }
    }
    return true;
}

/* Families with their transport: what addresses look like. */
static const struct {
    uint8_t code;
    uint8_t address_bytes; /* of one */
    bool has_ports;
    sa_family_t family;
} families[] = {
    {0x00, 0, false, AF_UNSPEC}, {0x11, 4, true, AF_INET}, /* TCP */
    {0x12, 4, true, AF_INET},                              /* UDP, of a proxy for HTTP/3 */
    {0x21, 16, true, AF_INET6},  {0x22, 16, true, AF_INET6}, {0x31, 108, false, AF_UNIX}, /* stream */
    {0x32, 108, false, AF_UNIX},                                                          /* datagrams */
};

/* Bytes of the addresses at the beginning of `rest`, or -1. */
static long v2_addresses(struct proxyline *p, unsigned code, struct span rest) {
    unsigned i = 0;
    while (i < sizeof families / sizeof *families && families[i].code != code) i++;
    if (i == sizeof families / sizeof *families) return -1;
    size_t n = families[i].address_bytes, all = 2 * n + (families[i].has_ports ? 4 : 0);
    if (rest.n < all) return -1;
    uint16_t ports[2] = {0};
    if (families[i].has_ports) memcpy(ports, rest.p + 2 * n, sizeof ports);
    set_address(&p->source, families[i].family, rest.p, ports[0]);
    set_address(&p->target, families[i].family, rest.p + n, ports[1]);
    p->is_local = families[i].family == AF_UNSPEC;
    return (long)all;
}

static long v2_parse(struct proxyline *p, struct span in) {
    enum { VERSION_AND_COMMAND = 12, FAMILY = 13, LENGTH = 14, LOCAL = 0x20, PROXY = 0x21 };
    if (in.n <= VERSION_AND_COMMAND) return PROXYLINE_MORE;
    unsigned command = byte_at(in, VERSION_AND_COMMAND);
    if (command != LOCAL && command != PROXY) return PROXYLINE_BAD;
    if (in.n < V2_HEAD_BYTES) return PROXYLINE_MORE;
    size_t bytes = V2_HEAD_BYTES + (byte_at(in, LENGTH) << 8 | byte_at(in, LENGTH + 1));
    if (bytes > PROXYLINE_BYTES_MAX) return PROXYLINE_BAD;
    if (in.n < bytes) return PROXYLINE_MORE;
    struct span whole = span_upto(in, bytes), rest = span_from(whole, V2_HEAD_BYTES);
    if (command == LOCAL) { /* a health check of the proxy's own: the rest is to be skipped, whatever it says */
        p->is_local = true;
        return (long)bytes;
    }
    long used = v2_addresses(p, byte_at(in, FAMILY), rest);
    if (used < 0 || !v2_tlvs(p, whole, span_from(rest, (size_t)used))) return PROXYLINE_BAD;
    return (long)bytes;
}

long proxyline_parse(struct proxyline *p, struct span in) {
    *p = (struct proxyline){0};
    if (in.n == 0) return PROXYLINE_MORE;
    bool is_v2 = in.p[0] == v2_begins.p[0];
    struct span begins = is_v2 ? v2_begins : v1_begins;
    if (!is_beginning(in, begins)) return PROXYLINE_BAD;
    if (in.n <= begins.n) return PROXYLINE_MORE;
    return is_v2 ? v2_parse(p, in) : v1_parse(p, in);
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* The address as its 16 bytes of IPv6: an IPv4 address is mapped; what is neither has no bytes (::). */
static void as_v6(const struct addr *a, unsigned char bytes[16]) {
    memset(bytes, 0, 16);
    if (a->is.any.sa_family == AF_INET6) memcpy(bytes, &a->is.v6.sin6_addr, 16);
    if (a->is.any.sa_family != AF_INET) return;
    bytes[10] = bytes[11] = 0xff;
    memcpy(bytes + 12, &a->is.v4.sin_addr, 4);
}

static bool is_v4(const struct addr *a) {
    if (a->is.any.sa_family == AF_INET6) return IN6_IS_ADDR_V4MAPPED(&a->is.v6.sin6_addr);
    return a->is.any.sa_family == AF_INET;
}

static bool is_v6(const struct addr *a) {
    return a->is.any.sa_family == AF_INET6 && !is_v4(a);
}

/* What both can be said in: a target that has no address (a unix socket) goes along as nothing. */
static int family_of(const struct addr *source, const struct addr *target) {
    if (!is_v4(source) && !is_v6(source)) return AF_UNSPEC;
    return is_v6(source) || is_v6(target) ? AF_INET6 : AF_INET;
}

static void write_v1(struct buf *out, int family, const unsigned char from[16], const unsigned char to[16],
                     unsigned from_port, unsigned to_port) {
    char from_text[INET6_ADDRSTRLEN], to_text[INET6_ADDRSTRLEN];
    size_t skip = family == AF_INET ? 12 : 0;
    if (family == AF_UNSPEC || !inet_ntop(family, from + skip, from_text, sizeof from_text) ||
        !inet_ntop(family, to + skip, to_text, sizeof to_text)) {
        buf_add_text(out, "PROXY UNKNOWN\r\n");
        return;
    }
    buf_printf(out, "PROXY TCP%c %s %s %u %u\r\n", family == AF_INET ? '4' : '6', from_text, to_text, from_port,
               to_port);
}

static void write_v2(struct buf *out, int family, const unsigned char from[16], const unsigned char to[16],
                     unsigned from_port, unsigned to_port) {
    size_t n = family == AF_INET ? 4 : 16;
    bool is_local = family == AF_UNSPEC;
    buf_add(out, v2_begins);
    buf_add_char(out, is_local ? 0x20 : 0x21);
    buf_add_char(out, is_local ? 0x00 : family == AF_INET ? 0x11 : 0x21);
    buf_add_char(out, 0);
    buf_add_char(out, is_local ? 0 : (char)(2 * n + 4));
    if (is_local) return;
    buf_add(out, (struct span){(const char *)from + 16 - n, n});
    buf_add(out, (struct span){(const char *)to + 16 - n, n});
    const unsigned ports[2] = {from_port, to_port};
    for (unsigned i = 0; i < 2; i++) {
        buf_add_char(out, (char)(ports[i] >> 8));
        buf_add_char(out, (char)(ports[i] & 0xff));
    }
}

void proxyline_write(struct buf *out, int version, const struct addr *source, const struct addr *target) {
    unsigned char from[16], to[16];
    int family = family_of(source, target);
    as_v6(source, from);
    as_v6(target, to);
    (version == 1 ? write_v1 : write_v2)(out, family, from, to, addr_port(source), addr_port(target));
}
