/* identity.c - the id of a request: one name for it in all logs, at the backend, and for the client that is told */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/random.h"
#include "http/names.h"
#include "server/conn.h"
#include "server/module.h"
#include "server/worker.h"

/* 120 random bits, in 24 characters that nobody confuses (Crockford's base 32, lower case). */
enum { ID_BYTES = 15, ID_CHARS = ID_BYTES * 8 / 5 };

static void take_random(struct worker *w, unsigned char out[ID_BYTES]) {
    if (w->names_left < ID_BYTES) {
        random_bytes(w->names, NAME_POOL_BYTES);
        w->names_left = NAME_POOL_BYTES;
    }
    w->names_left -= ID_BYTES;
    memcpy(out, w->names + w->names_left, ID_BYTES);
}

/* Five bytes are eight characters. */
static void spell(const unsigned char *bytes, char *out) {
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint64_t group = 0;
    for (unsigned i = 0; i < 5; i++) group = group << 8 | bytes[i];
    for (unsigned i = 8; i-- > 0; group >>= 5) out[i] = digits[group & 31];
}

static struct span make(struct request *r) {
    unsigned char bytes[ID_BYTES];
    char *out = arena_bytes(&r->arena, ID_CHARS);
    take_random(r->conn->worker, bytes);
    for (unsigned i = 0; i < ID_BYTES / 5; i++) spell(bytes + 5 * i, out + 8 * i);
    return (struct span){out, ID_CHARS};
}

/* Nothing that means something in a log, a header or a shell. */
static bool is_sound(struct span id) {
    if (id.n == 0 || id.n > REQUEST_ID_MAX) return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i], lower = ascii_lower(c);
        if (!ascii_is_digit(c) && !(lower >= 'a' && lower <= 'z') && !(c && strchr("-_.:=+/@~", c))) return false;
    }
    return true;
}

/* X-Request-ID comes from whoever has connected, or whom a PROXY line named: not from whom that peer speaks for. */
static bool is_trusted(const struct request *r) {
    const struct id_trust *t = r->conf->core->id_trust;
    for (size_t i = 0; t && i < t->count; i++)
        if (prefix_has(&t->list[i], &r->conn->peer)) return true;
    return false;
}

struct span request_id(const struct request *r) {
    if (r->name.n) return r->name;
    struct request *named = (struct request *)(uintptr_t)r; /* the name is no news: it had one, unsaid */
    struct span sent = {NULL, 0};
    if (is_trusted(r)) sent = fields_get(&r->in.fields, &named->arena, HEADER_X_REQUEST_ID);
    named->name = is_sound(sent) ? arena_copy(&named->arena, sent) : make(named);
    return r->name;
}

void request_tell_id(struct request *r) {
    request_lasts(r, LASTS_NOT);
    fields_set(&r->out, &r->arena, HEADER_X_REQUEST_ID, request_id(r));
}
