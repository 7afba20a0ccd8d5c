/* mod_limit.c - how much one client may ask: requests in a time, connections, requests at once */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/meters.h"
#include "base/tallies.h"
#include "fdevents/fdevent.h"
#include "modules/limit/bounds.h"
#include "modules/limit/notices.h"
#include "server/counters.h"
#include "server/module.h"

enum {
    WORKERS = 64,             /* that count connections together; further ones do it alone */
    CONNECTIONS_RETRY_S = 1,
    TOLD = 2                  /* so many times the connections that are allowed are told so; others are closed */
};

extern const struct module mod_limit;

static const uint64_t evasive_identity = 2; /* those of blocks are odd */

struct settings {
    struct rate *requests;
    const struct block *requests_in;
    struct most *connections;
    const struct block *connections_in;
    struct most *evasive;
    const struct network *network;
    const struct exempt *exempt;
    uintptr_t status;
    struct span evasive_location;
    uint32_t clients;
    bool log_only, evasive_silent;
};

static const struct settings defaults = {.status = 429, .clients = 16384};

#define ROW(name, type, scope, field, compile, discard, flags, help) \
    { name, type, scope, offsetof(struct settings, field), help, compile, discard, flags, NULL }

static const struct directive directives[] = {
    ROW("limit.requests", DIRECTIVE_TABLE, SCOPE_ANY, requests, rate_make, free, DIRECTIVE_IN_BLOCK,
        "Requests of one client: \"rate\" in a second, or in \"per\" seconds, of which \"burst\" may come at once."),
    ROW("limit.connections", DIRECTIVE_INT, SCOPE_ANY, connections, most_make, free, DIRECTIVE_IN_BLOCK,
        "Connections of one client at a time, and further streams of HTTP/2; in a block that only a request tells, "
        "requests at a time."),
    ROW("limit.prefix", DIRECTIVE_TABLE, SCOPE_ANY, network, network_make, free, 0,
        "Bits of an address that make a client: \"ipv4\" => 32, \"ipv6\" => 64."),
    ROW("limit.exempt", DIRECTIVE_LIST, SCOPE_ANY, exempt, exempt_make, free, 0,
        "Addresses and prefixes of clients that have no limits."),
    ROW("limit.status", DIRECTIVE_INT, SCOPE_ANY, status, status_make, NULL, 0,
        "The status of what is refused for a limit."),
    ROW("limit.log-only", DIRECTIVE_BOOL, SCOPE_ANY, log_only, NULL, NULL, 0,
        "Nothing is refused; the error log says what would have been."),
    ROW("limit.table-size", DIRECTIVE_INT, SCOPE_GLOBAL, clients, NULL, NULL, 0,
        "Clients that are remembered at a time; takes effect at the start."),
    ROW("evasive.max-conns-per-ip", DIRECTIVE_INT, SCOPE_ANY, evasive, most_make, free, 0,
        "Requests of one client that are answered at a time; others get 403."),
    ROW("evasive.silent", DIRECTIVE_BOOL, SCOPE_ANY, evasive_silent, NULL, NULL, 0,
        "The error log does not say who was refused for evasive.max-conns-per-ip."),
    ROW("evasive.location", DIRECTIVE_STRING, SCOPE_ANY, evasive_location, NULL, NULL, 0,
        "Where those are sent (302) who are refused for evasive.max-conns-per-ip."),
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return (s->requests && s->requests->count) || (s->connections && s->connections->count) ||
           (s->evasive && s->evasive->count);
}

/* ---- what all workers have -------------------------------------------------------------------- */

static struct meters *meters;
static struct tallies *tallies;
static struct notices notices;
static bool serves; /* this process; others only try out what would be */

static void share(const void *settings) {
    const struct settings *s = settings;
    meters = meters_make(s->clients);
    tallies = tallies_make(s->clients, WORKERS);
    if (!meters || !tallies) say_error("limit.*: there is no memory for limits: %s", strerror(errno));
}

static void begin(struct fdevents *events) {
    (void)events;
    if (serves) return;
    serves = true;
    if (!meters && !tallies) share(&defaults); /* a process alone */
    if (tallies) tallies_begin(tallies, (uint32_t)getpid());
}

static void end(void) {
    serves = false;
}

static void forget(pid_t worker) {
    if (tallies) tallies_forget(tallies, (uint32_t)worker);
}

/* ---- refusing --------------------------------------------------------------------------------- */

struct client {
    uint64_t words[3]; /* its network, and which limit it is about */
};

static bool find_client(struct client *client, const struct addr *a, const struct settings *s) {
    return !is_exempt(s->exempt, a) && client_words(a, s->network, client->words);
}

/* exceeded - a limit, in words */
struct exceeded {
    const char *directive;
    struct place place;
    char what[100];
};

/* The error log has a line now and then; the reason is noted for all. */
static void say(struct request *r, const struct settings *s, const struct client *client, const char *word,
                const struct exceeded *limit) {
    char unsaid[80] = "";
    uint32_t more, others;
    unsigned line, column;
    if (!s->log_only) request_reason_at(r, limit->directive, limit->place, "%s", limit->what);
    if (!s->log_only) request_reason_is_said(r);
    if (!notice_is_due(&notices, meters_hash(meters, client->words, 2), clock_now_s(), &more, &others)) return;
    if (more || others)
        snprintf(unsaid, sizeof unsaid, " (not said before: %u of this client, %u of others)", more, others);
    place_line(limit->place, &line, &column);
    request_say(r, LOG_IS_NOTE, "%s%s: %s: %s is set at %.*s:%u%s", s->log_only ? "limit.log-only: would be " : "",
                word, limit->what, limit->directive, SPAN_ARG(place_name(limit->place)), line, unsaid);
}

static enum handler refuse(struct request *r, const struct settings *s, uint64_t wait_s, enum counter which) {
    count(which);
    fields_set(&r->out, &r->arena, HEADER_RETRY_AFTER,
               arena_printf(&r->arena, "%llu", (unsigned long long)(wait_s ? wait_s : 1)));
    return request_refuse_with(r, (int)s->status);
}

/* ---- connections ------------------------------------------------------------------------------ */

/* held - a connection that is counted */
struct held {
    struct client client;
    uint64_t hash;
    uint32_t streams; /* of HTTP/2; the first one counts as the connection */
    bool is_over;     /* beyond what is allowed: it is there to be told so */
};

static void let_go(void *kept) {
    struct held *h = kept;
    tallies_remove(tallies, h->hash);
    free(h);
}

static void say_most(struct request *r, const struct settings *s, const struct client *client,
                     const struct most *most, const char *word, const char *of) {
    bool is_evasive = most == s->evasive;
    struct exceeded limit = {is_evasive ? "evasive.max-conns-per-ip" : "limit.connections", most->place, ""};
    snprintf(limit.what, sizeof limit.what, "more than %u %s of one client at a time", most->count, of);
    say(r, s, client, word, &limit);
}

/* A connection counts from its first moment to its last, whether it asks for something or not. Those that are a few
 * too many may ask, and are told; more are closed. */
static enum handler meet(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct client client;
    if (!s->connections || !s->connections->count || !tallies || !serves || request_is_forwarded(r) ||
        !find_client(&client, request_peer(r), s))
        return HANDLER_GO_ON;
    client.words[2] = identity_in(&s->connections->identity, s->connections_in);
    uint64_t hash = tallies_hash(tallies, client.words, 3);
    uint32_t most = s->connections->count, sum = tallies_add(tallies, hash);
    if (!sum) return HANDLER_GO_ON; /* there is no room to count it */
    if (sum > most * TOLD) say_most(r, s, &client, s->connections, "closed", "connections");
    if (sum > most * TOLD && !s->log_only) {
        tallies_remove(tallies, hash);
        count(COUNT_LIMIT_CLIENT_CONNECTIONS);
        return HANDLER_ERROR;
    }
    struct held *h = memory_zeroed(1, sizeof *h);
    *h = (struct held){client, hash, 0, sum > most};
    request_keep(r, &mod_limit, h, let_go);
    if (!s->log_only) request_limit_streams(r, most);
    return HANDLER_GO_ON;
}

/* ---- requests at a time ----------------------------------------------------------------------- */

static void end_stream(void *arg) {
    struct held *h = arg;
    if (h->streams-- > 1) tallies_remove(tallies, h->hash);
}

/* On a connection that is counted itself. */
static bool has_room_on(struct request *r, struct held *h, const struct most *most, bool log_only) {
    if (h->is_over && tallies_sum(tallies, h->hash) <= most->count) h->is_over = false; /* others have gone */
    if (h->is_over && !log_only) request_end_connection(r);
    if (h->is_over) return false;
    if (r->in.version < 20) return true;
    if (h->streams++ > 0) {
        uint32_t count = tallies_add(tallies, h->hash);
        if (!count) h->streams--;
        if (!count) return true;
        if (count > most->count && !log_only) {
            tallies_remove(tallies, h->hash);
            h->streams--;
            return false;
        }
        request_on_end(r, end_stream, h);
        return count <= most->count;
    }
    request_on_end(r, end_stream, h);
    return true;
}

static void end_request(void *arg) {
    tallies_remove(tallies, *(const uint64_t *)arg);
}

/* By itself: whoever it is from has no connection of his own here, or it is one host's limit. */
static bool has_room(struct request *r, const struct client *client, const struct most *most, bool log_only) {
    uint64_t *hash = arena_get(&r->arena, sizeof *hash);
    *hash = tallies_hash(tallies, client->words, 3);
    uint32_t count = tallies_add(tallies, *hash);
    if (!count) return true;
    if (count > most->count && !log_only) {
        tallies_remove(tallies, *hash);
        return false;
    }
    request_on_end(r, end_request, hash);
    return count <= most->count;
}

static enum handler check_connections(struct request *r, const struct settings *s, struct client *client) {
    char word[8];
    client->words[2] = identity_in(&s->connections->identity, s->connections_in);
    struct held *h = request_kept(r, &mod_limit);
    bool is_own = h && memcmp(&h->client, client, sizeof *client) == 0;
    if (is_own ? has_room_on(r, h, s->connections, s->log_only) : has_room(r, client, s->connections, s->log_only))
        return HANDLER_GO_ON;
    snprintf(word, sizeof word, "%d", (int)s->status);
    say_most(r, s, client, s->connections, word, is_own ? "connections or streams" : "requests");
    if (s->log_only) return HANDLER_GO_ON;
    return refuse(r, s, CONNECTIONS_RETRY_S, COUNT_LIMIT_CLIENT_CONNECTIONS);
}

static enum handler check_evasive(struct request *r, const struct settings *s, struct client *client) {
    client->words[2] = evasive_identity;
    if (has_room(r, client, s->evasive, s->log_only)) return HANDLER_GO_ON;
    if (!s->evasive_silent)
        say_most(r, s, client, s->evasive, s->evasive_location.n ? "302" : "403", "requests");
    if (s->log_only) return HANDLER_GO_ON;
    count(COUNT_LIMIT_CLIENT_CONNECTIONS);
    return s->evasive_location.n ? request_redirect(r, 302, s->evasive_location) : request_refuse_with(r, 403);
}

/* ---- requests in a time ----------------------------------------------------------------------- */

static enum handler check_rate(struct request *r, const struct settings *s, struct client *client) {
    const struct rate *rate = s->requests;
    struct exceeded limit = {"limit.requests", rate->place, ""};
    char word[8];
    client->words[2] = identity_in(&s->requests->identity, s->requests_in);
    uint64_t hash = meters_hash(meters, client->words, 3);
    uint64_t now_ns = fdevents_now_ms(request_events(r)) * 1000000;
    uint64_t wait_ns = meters_take(meters, hash, now_ns, rate->step_ns, rate->slack_ns);
    if (!wait_ns) return HANDLER_GO_ON;
    snprintf(word, sizeof word, "%d", (int)s->status);
    snprintf(limit.what, sizeof limit.what, "more than %u requests of one client in %u s, burst %u", rate->count,
             rate->per_s, rate->burst);
    say(r, s, client, word, &limit);
    if (s->log_only) return HANDLER_GO_ON;
    return refuse(r, s, (wait_ns + 999999999) / 1000000000, COUNT_LIMIT_CLIENT);
}

/* For goldcrest explain, where nobody is counted. */
static void note_limits(struct request *r, const struct settings *s) {
    const char *off = is_exempt(s->exempt, &r->client) ? ", but not for this client (limit.exempt)" : "";
    if (s->connections && s->connections->count)
        request_note(r, s->connections->place, "limit.connections: %u of one client at a time%s",
                     s->connections->count, off);
    if (s->evasive && s->evasive->count)
        request_note(r, s->evasive->place, "evasive.max-conns-per-ip: %u requests of one client at a time%s",
                     s->evasive->count, off);
    if (s->requests && s->requests->count)
        request_note(r, s->requests->place, "limit.requests: %u of one client in %u s, %u at once%s",
                     s->requests->count, s->requests->per_s, s->requests->burst, off);
}

static enum handler check(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct client client;
    enum handler word = HANDLER_GO_ON;
    if (request_is_rehearsed(r)) note_limits(r, s);
    if (!meters || !tallies || !serves || !find_client(&client, &r->client, s)) return HANDLER_GO_ON;
    if (s->connections && s->connections->count) word = check_connections(r, s, &client);
    if (word == HANDLER_GO_ON && s->evasive && s->evasive->count) word = check_evasive(r, s, &client);
    if (word == HANDLER_GO_ON && s->requests && s->requests->count) word = check_rate(r, s, &client);
    return word;
}

static const struct hook hooks[] = {
    {PHASE_PEER, meet, LASTS}, {PHASE_ADMIT, check, LASTS}, {PHASE_COUNT, NULL, LASTS}};

static const struct module_work work = {begin, end, NULL, share, forget, true};

const struct module mod_limit = {MODULE_ABI, "mod_limit", directives, hooks, sizeof(struct settings),
                                 &defaults,  is_active,   &work};
