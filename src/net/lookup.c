/* lookup.c - addresses of a name, and how long they hold */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/lookup.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#if defined HAVE_RES_NSEARCH
#include <arpa/nameser.h>
#include <resolv.h>
#endif

/* ---- addresses ------------------------------------------------------------------------------------------------- */

static bool is_known(const struct addr_room *addresses, unsigned count, const struct addrinfo *found) {
    for (unsigned i = 0; i < count; i++) {
        const struct addr_room *a = &addresses[i];
        if (a->len == found->ai_addrlen && memcmp(&a->storage, found->ai_addr, a->len) == 0) return true;
    }
    return false;
}

static unsigned take(const struct addrinfo *found, struct addr_room *addresses, unsigned max) {
    unsigned count = 0;
    for (; found && count < max; found = found->ai_next) {
        if (found->ai_addrlen > sizeof addresses->storage || is_known(addresses, count, found)) continue;
        memset(&addresses[count], 0, sizeof addresses[count]);
        memcpy(&addresses[count].storage, found->ai_addr, found->ai_addrlen);
        addresses[count++].len = found->ai_addrlen;
    }
    return count;
}

unsigned name_lookup(struct span name, struct addr_room *addresses, unsigned max, const char **why) {
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    char *text = span_dup(name);
    int error = getaddrinfo(text, NULL, &hints, &found);
    /* Without a network there are no addresses configured, but "localhost" still means something. Who has waited in
     * vain for DNS does not wait a second time. */
    if (error && error != EAI_AGAIN) {
        hints.ai_flags = 0;
        error = getaddrinfo(text, NULL, &hints, &found);
    }
    free(text);
    if (error) {
        *why = gai_strerror(error);
        return 0;
    }
    unsigned count = take(found, addresses, max);
    freeaddrinfo(found);
    *why = count ? "" : "it has no address";
    return count;
}

/* ---- time to live ---------------------------------------------------------------------------------------------- */

static uint32_t number_at(struct span message, size_t at, unsigned bytes) {
    uint32_t n = 0;
    for (unsigned i = 0; i < bytes; i++) n = n << 8 | (unsigned char)message.p[at + i];
    return n;
}

/* Behind a name: labels up to an empty one, or up to a pointer. message.n + 1 where it does not end. */
static size_t skip_name(struct span message, size_t at) {
    while (at < message.n) {
        unsigned length = (unsigned char)message.p[at];
        if (length == 0) return at + 1;
        if (length >= 0xc0) return at + 2;
        at += length + 1;
    }
    return message.n + 1;
}

int64_t dns_message_ttl(struct span message) {
    enum { HEAD = 12, BEHIND_QUESTION = 4, BEHIND_NAME = 10 /* type, class, TTL, length of the data */ };
    int64_t shortest = -1;
    if (message.n < HEAD) return -1;
    unsigned questions = number_at(message, 4, 2), answers = number_at(message, 6, 2);
    size_t at = HEAD;
    while (questions-- && at <= message.n) at = skip_name(message, at) + BEHIND_QUESTION;
    while (answers-- && at <= message.n) {
        at = skip_name(message, at);
        if (at + BEHIND_NAME > message.n) return shortest;
        uint32_t ttl = number_at(message, at + 4, 4);
        if (ttl > INT32_MAX) ttl = 0; /* RFC 2181 8 */
        if (shortest < 0 || ttl < shortest) shortest = ttl;
        at += BEHIND_NAME + number_at(message, at + 8, 2);
    }
    return shortest;
}

#if defined HAVE_RES_NSEARCH

static int64_t ask(struct __res_state *state, const char *name, int type) {
    enum { CLASS_INTERNET = 1, MESSAGE_BYTES = 4096 };
    unsigned char message[MESSAGE_BYTES];
    int n = res_nsearch(state, name, CLASS_INTERNET, type, message, sizeof message);
    if (n <= 0) return -1;
    return dns_message_ttl((struct span){(const char *)message, n < MESSAGE_BYTES ? (size_t)n : MESSAGE_BYTES});
}

static void forget(struct __res_state *state) {
#if defined HAVE_RES_NDESTROY
    res_ndestroy(state);
#else
    res_nclose(state);
#endif
}

int64_t name_ttl(struct span name) {
    enum { TYPE_A = 1, TYPE_AAAA = 28 };
    struct __res_state state;
    memset(&state, 0, sizeof state);
    if (span_is_ci(name, SPAN("localhost")) || res_ninit(&state) != 0) return -1;
    state.retrans = 1; /* seconds; the addresses are there already, this is not worth long waiting */
    state.retry = 1;
    char *text = span_dup(name);
    h_errno = 0;
    int64_t ttl = ask(&state, text, TYPE_A);
    if (ttl < 0 && h_errno != TRY_AGAIN) ttl = ask(&state, text, TYPE_AAAA);
    free(text);
    forget(&state);
    return ttl;
}

#else

int64_t name_ttl(struct span name) {
    (void)name;
    return -1;
}

#endif
