/* trust.c - whom to believe what they say of others */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/extforward/trust.h"

#include "base/memory.h"

static bool means_trust(const struct element *e, struct complaints *c) {
    if (span_is_ci(e->value.string, SPAN("trust"))) return true;
    if (!span_is_ci(e->value.string, SPAN("untrusted")))
        complain(c, COMPLAINT_WARNING, e->value.place, e->value.string.n + 2, "write \"trust\" or \"untrusted\"",
                 "\"%.*s\" is taken for \"untrusted\"", SPAN_ARG(e->value.string));
    return false;
}

void *trust_make(const struct value *v, struct complaints *c) {
    struct trust *t = memory_zeroed(1, sizeof *t + v->count * sizeof *t->list);
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        struct trusted *entry = &t->list[t->count];
        bool yes = means_trust(e, c);
        if (span_is(e->key, SPAN("all"))) {
            t->all = yes;
        } else if (prefix_parse(e->key, &entry->prefix)) {
            entry->yes = yes;
            if (entry->prefix.family == AF_UNIX) entry->socket = e->key;
            t->count++;
        } else {
            complain(c, COMPLAINT_WARNING, e->key_place, e->key.n + 2,
                     "write \"192.0.2.1\", \"10.0.0.0/8\", \"fd00::/8\", \"/unix/path\" or \"all\"",
                     "\"%.*s\" is left out: it is no address or prefix", SPAN_ARG(e->key));
        }
    }
    return t;
}

static const struct trusted *find(const struct trust *t, const struct addr *a, struct span socket) {
    const struct trusted *best = NULL;
    for (size_t i = 0; i < t->count; i++) {
        const struct trusted *entry = &t->list[i];
        if (!prefix_has(&entry->prefix, a)) continue;
        if (entry->socket.n && !span_is(entry->socket, socket)) continue;
        if (!best || entry->prefix.bits >= best->prefix.bits) best = entry;
    }
    return best;
}

bool trust_has(const struct trust *t, const struct addr *a, struct span socket) {
    const struct trusted *entry = find(t, a, socket);
    return entry && entry->yes;
}

bool trust_has_peer(const struct trust *t, const struct addr *a, struct span socket) {
    const struct trusted *entry = find(t, a, socket);
    return entry ? entry->yes : t->all;
}
