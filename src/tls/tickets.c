/* tickets.c - keys of session tickets (RFC 5077, RFC 8446 4.6.1): the same in all workers, changed now and then */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/random.h"
#include "tls/context.h"

/*
 *   0       16       48            80
 *   +-------+--------+-------------+--
 *   | name  | HMAC   | AES-256-CBC | the next, older one …
 *   +-------+--------+-------------+--
 * The first encrypts; the others still decrypt. Who holds a key can read the traffic of all sessions that began with
 * its tickets under TLS 1.2: therefore a key is forgotten after some hours.
 */
static char ring[TLS_TICKET_KEYS * TLS_TICKET_KEY_BYTES];
static size_t used; /* bytes */

struct span tls_tickets_rotate(void) {
    memmove(ring + TLS_TICKET_KEY_BYTES, ring, sizeof ring - TLS_TICKET_KEY_BYTES);
    random_bytes(ring, TLS_TICKET_KEY_BYTES);
    if (used < sizeof ring) used += TLS_TICKET_KEY_BYTES;
    return (struct span){ring, used};
}

bool tls_tickets_set(struct span keys) {
    if (keys.n == 0 || keys.n % TLS_TICKET_KEY_BYTES != 0) return false;
    size_t n = keys.n < sizeof ring ? keys.n : sizeof ring;
    memmove(ring, keys.p, n); /* they may be our own */
    memset(ring + n, 0, sizeof ring - n);
    used = n;
    return true;
}

enum { LIGHTTPD_HEAD_BYTES = 12, LIGHTTPD_FILE_BYTES = LIGHTTPD_HEAD_BYTES + TLS_TICKET_KEY_BYTES };

static void put_first(struct span key) {
    if (used && memcmp(ring, key.p, TLS_TICKET_KEY_BYTES) == 0) return;
    memmove(ring + TLS_TICKET_KEY_BYTES, ring, sizeof ring - TLS_TICKET_KEY_BYTES);
    memcpy(ring, key.p, TLS_TICKET_KEY_BYTES);
    if (used < sizeof ring) used += TLS_TICKET_KEY_BYTES;
}

bool tls_tickets_load(struct span file) {
    if (file.n != LIGHTTPD_FILE_BYTES) return tls_tickets_set(file);
    if (memcmp(file.p, "\0\0\0\0", 4) != 0) return false; /* the only format there is */
    put_first(span_from(file, LIGHTTPD_HEAD_BYTES));
    return true;
}

struct span tls_tickets(void) {
    return used ? (struct span){ring, used} : tls_tickets_rotate();
}
