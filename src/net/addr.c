/* addr.c - network addresses of peers and prefixes that match them */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"

void addr_from(struct addr *a, const struct addr_room *room) {
    memset(a, 0, sizeof *a);
    a->is.any.sa_family = room->storage.ss_family;
    if (room->len == 0) a->is.any.sa_family = AF_UNIX;
    if (a->is.any.sa_family == AF_INET || a->is.any.sa_family == AF_INET6) memcpy(a, &room->storage, sizeof *a);
}

/* The bytes of an address, IPv4 where it is mapped; the family in *family. */
static const uint8_t *bytes_of(const struct addr *a, int *family) {
    static const uint8_t nothing[16];
    *family = a->is.any.sa_family;
    if (*family == AF_INET) return (const uint8_t *)&a->is.v4.sin_addr;
    if (*family != AF_INET6) return nothing;
    const uint8_t *bytes = (const uint8_t *)&a->is.v6.sin6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(&a->is.v6.sin6_addr)) return bytes;
    *family = AF_INET;
    return bytes + 12;
}

/* For each line of an access log: ten times as fast as snprintf(). */
static size_t format_v4(const uint8_t *bytes, char out[ADDR_TEXT_BYTES]) {
    char *at = out;
    for (unsigned i = 0; i < 4; i++) {
        at += number_format(at, bytes[i]);
        *at++ = '.';
    }
    *--at = '\0';
    return (size_t)(at - out);
}

size_t addr_format(const struct addr *a, char out[ADDR_TEXT_BYTES]) {
    int family;
    const uint8_t *bytes = bytes_of(a, &family);
    if (family == AF_INET) return format_v4(bytes, out);
    if (family != AF_INET6 || !inet_ntop(AF_INET6, bytes, out, ADDR_TEXT_BYTES))
        return (size_t)snprintf(out, ADDR_TEXT_BYTES, "unix");
    return strlen(out);
}

unsigned addr_network(const struct addr *a, uint8_t bytes[16]) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    int family;
    const uint8_t *own = bytes_of(a, &family);
    if (family == AF_INET6) memcpy(bytes, own, 16);
    if (family != AF_INET) return family == AF_INET6 ? 128 : 0;
    memcpy(bytes, mapped, 12);
    memcpy(bytes + 12, own, 4);
    return 32;
}

uint16_t addr_port(const struct addr *a) {
    if (a->is.any.sa_family == AF_INET) return ntohs(a->is.v4.sin_port);
    return a->is.any.sa_family == AF_INET6 ? ntohs(a->is.v6.sin6_port) : 0;
}

static bool parse_address(struct span text, struct prefix *prefix) {
    char name[INET6_ADDRSTRLEN + 1];
    if (text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']') text = (struct span){text.p + 1, text.n - 2};
    if (text.n == 0 || text.n >= sizeof name) return false;
    memcpy(name, text.p, text.n);
    name[text.n] = '\0';
    prefix->family = AF_INET;
    if (inet_pton(AF_INET, name, prefix->bytes) == 1) return true;
    prefix->family = AF_INET6;
    return inet_pton(AF_INET6, name, prefix->bytes) == 1;
}

/* "::ffff:10.0.0.0/104" is 10.0.0.0/8, since mapped addresses are compared as IPv4. */
static void unmap(struct prefix *prefix) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (prefix->family != AF_INET6 || prefix->bits < 96 || memcmp(prefix->bytes, mapped, sizeof mapped)) return;
    prefix->family = AF_INET;
    prefix->bits = (uint8_t)(prefix->bits - 96);
    memcpy(prefix->bytes, prefix->bytes + 12, 4);
    memset(prefix->bytes + 4, 0, 12);
}

bool prefix_parse(struct span text, struct prefix *prefix) {
    memset(prefix, 0, sizeof *prefix);
    if (text.n && text.p[0] == '/') {
        prefix->family = AF_UNIX;
        return true;
    }
    size_t slash = span_find(text, '/');
    if (!parse_address(span_upto(text, slash), prefix)) return false;
    uint64_t bits = prefix->family == AF_INET ? 32 : 128;
    if (slash < text.n && !number_parse(span_from(text, slash + 1), bits, &bits)) return false;
    prefix->bits = (uint8_t)bits;
    unmap(prefix);
    return true;
}

bool prefix_has(const struct prefix *prefix, const struct addr *a) {
    int family;
    const uint8_t *bytes = bytes_of(a, &family);
    if (family != prefix->family) return false;
    unsigned whole = prefix->bits / 8u, rest = prefix->bits % 8u;
    if (memcmp(bytes, prefix->bytes, whole) != 0) return false;
    if (rest == 0) return true;
    unsigned mask = (0xff00u >> rest) & 0xffu;
    return ((bytes[whole] ^ prefix->bytes[whole]) & mask) == 0;
}
