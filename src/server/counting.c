/* counting.c - where the server counts: requests that are over, handshakes, once a second what there is */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/counting.h"

#include <string.h>

#include "base/clock.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/worker.h"
#include "tls/client.h"
#include "tls/tls.h"

enum { CONNS_LOOKED_AT = 1024, IPV6_NETWORK_BYTES = 8 };

/* ---- requests --------------------------------------------------------------------------------- */

/* A network of IPv6 is one client: it has more addresses than anybody could list. */
static void client_key(const struct addr *a, unsigned char key[16]) {
    memset(key, 0, 16);
    if (a->is.any.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&a->is.v6.sin6_addr)) {
        memcpy(key, &a->is.v6.sin6_addr, IPV6_NETWORK_BYTES);
    } else if (a->is.any.sa_family == AF_INET || a->is.any.sa_family == AF_INET6) {
        key[10] = key[11] = 0xff;
        if (a->is.any.sa_family == AF_INET) memcpy(key + 12, &a->is.v4.sin_addr, 4);
        else memcpy(key + 12, (const char *)&a->is.v6.sin6_addr + 12, 4);
    }
}

/* Of answers that the server itself made. */
static void count_limit(const struct request *r, unsigned status) {
    if (r->source) return;
    if (status == 413) count(COUNT_LIMIT_BODY_SIZE);
    if (status == 414 || status == 431) count(COUNT_LIMIT_HEAD_SIZE);
}

void request_counted(struct request *r) {
    struct tally *t = &counters->tally;
    struct vhost_counts *v = &counters->vhosts[r->vhost ? r->vhost - 1u : r->plan ? r->plan->vhost : 0u];
    unsigned status = (unsigned)request_sent_status(r), known = status - STATUS_FIRST < STATUSES ? status : 0;
    uint64_t sent = request_sent_bytes(r), body = request_sent_body_bytes(r);
    unsigned char key[16];
    t->rows[r->in.version == 11 ? COUNT_REQUESTS_11 : r->in.version == 20 ? COUNT_REQUESTS_20 : COUNT_REQUESTS_10]++;
    t->rows[COUNT_REUSED] += r->conn->requests > 1;
    t->rows[COUNT_BODY_IN] += r->body_received;
    t->rows[COUNT_BODY_OUT] += body;
    t->methods[r->in.method]++;
    if (known) t->status[known - STATUS_FIRST]++;
    if (known >= 400) count_limit(r, known);
    v->classes[known / 100]++;
    v->received_bytes += r->received_bytes;
    v->sent_bytes += sent;
    v->sent_body_bytes += body;
    histogram_add(&v->time, r->begun_ns ? clock_monotonic_ns() - r->begun_ns : 0);
    client_key(&r->client, key);
    r->conn->top_at = (uint8_t)toplist_add(&counters->clients, key, r->conn->top_at, sent);
}

void request_counts_for(struct request *r, struct span host) {
    _Static_assert(VHOSTS_MAX < UINT8_MAX, "request.vhost has a byte");
    if (!r->plan->core->name.n && !request_is_rehearsed(r)) r->vhost = (uint8_t)(counters_vhost(host) + 1);
}

void request_error_counted(const struct request *r) {
    count(COUNT_RUN_TIME_ERRORS);
    if (!r->stream || !r->stream->h2) return;
    if (r->stream->h2->is_reset) count(COUNT_H2_RESETS_IN);
    else if (!r->stream->h2->ended_by_us) count(COUNT_H2_RESETS_OUT);
}

/* The condition on the host that is nearest to the end of the file; server.name is said by somebody who knows. */
struct span counted_vhost(const struct plan *p) {
    struct span name = SPAN("default");
    if (p->core->name.n) return p->core->name;
    for (size_t i = 1; conf_next_block(p->words, p->conf->tree->block_count, &i); i++) {
        const struct condition *c = &p->conf->conditions.list[i];
        bool is_one = c->op != COND_NE && c->op != COND_NOMATCH;
        if (c->operand == OPERAND_HOST && is_one && c->value.n) name = c->value;
    }
    return name;
}

/* ---- TLS -------------------------------------------------------------------------------------- */

void handshake_counted(const struct conn *c, bool is_good) {
    unsigned version = tls_version(c->tls);
    if (!is_good) {
        count(COUNT_TLS_FAILED);
        return;
    }
    count(tls_is_resumed(c->tls) ? COUNT_TLS_RESUMED : COUNT_TLS_FULL);
    if (version >= 10 && version <= 13) counters->tally.rows[COUNT_TLS_10 + version - 10]++;
    count(tls_is_h2(c->tls) ? COUNT_ALPN_H2 : COUNT_ALPN_H1);
}

/* ---- what there is ---------------------------------------------------------------------------- */

static void look_at_cache(const struct worker *w) {
    struct replies_counts c = replies_count(w->replies);
    gauge_set(COUNT_CACHE_HITS, c.hits);
    gauge_set(COUNT_CACHE_MISSES, c.misses);
    gauge_set(COUNT_CACHE_KEPT, c.kept);
    gauge_set(COUNT_CACHE_EVICTED, c.evicted);
    gauge_set(COUNT_CACHE_ENTRIES, c.entries);
    gauge_set(COUNT_CACHE_BYTES, c.bytes);
    gauge_set(COUNT_CACHE_FILES, c.files);
    gauge_set(COUNT_CACHE_ROOM, c.max_bytes);
    gauge_set(COUNT_CONNECTIONS_ROOM, w->max_conns);
}

static void take_sample(void) {
    const uint64_t *rows = counters->tally.rows;
    counters->samples[counters->sample_count % SAMPLES] =
        (struct sample){clock_monotonic_ns() / 1000000,
                        rows[COUNT_REQUESTS_10] + rows[COUNT_REQUESTS_11] + rows[COUNT_REQUESTS_20],
                        rows[COUNT_WIRE_OUT], rows[COUNT_WIRE_IN]};
    counters->sample_count++;
}

#define PUT(field, text) counted_text(s->field, sizeof s->field, text)

/* Where it has none of its own, a request of HTTP/2 is shown with what its connection has. */
static void show(const struct conn *c, const struct request *r, uint64_t now_ms) {
    char client[ADDR_TEXT_BYTES];
    struct shown *s = &counters->shown[counters->shown_count];
    if (counters->shown_count == SHOWN_ROOM) return;
    memset(s, 0, sizeof *s);
    addr_format(r ? &r->client : &c->peer, client);
    PUT(client, span_of(client));
    s->conn_state = c->state;
    s->request_state = r ? r->state : REQUEST_STATE_COUNT;
    s->is_kept_alive = !r && c->requests > 0;
    s->is_tls = c->tls != NULL;
    s->is_h2 = c->h2 != NULL;
    s->since_ms = now_ms - (fdevents_now_ms(c->worker->events) - c->since_ms);
    if (r && r->begun_ns) s->since_ms = r->begun_ns / 1000000;
    s->sent_bytes = r ? request_sent_body_bytes(r) : 0;
    if (r && r->state > REQUEST_READ && r->in.version) {
        PUT(host, r->in.authority);
        PUT(uri, r->in.uri.path);
        PUT(uri_sent, r->in.target_sent);
        PUT(file, r->physical.path);
        s->received_bytes = r->body_received;
        s->received_of = r->in.body_bytes > 0 ? (uint64_t)r->in.body_bytes : 0;
        if (r->reply) s->sent_of = r->reply->length;
        else if (r->source && r->source->length > 0) s->sent_of = (uint64_t)r->source->length;
    }
    counters->shown_count++;
}
#undef PUT

static void show_conn(const struct conn *c, bool with_request, uint64_t now_ms) {
    if (c->h2) {
        struct list *streams = h2_streams(c->h2);
        for (struct list *i = streams->next; i != streams && with_request; i = i->next) {
            const struct stream *x = CONTAINER(i, struct h2_stream, link)->owner;
            if (x->request) show(c, x->request, now_ms);
        }
        if (list_is_empty(streams) && !with_request) show(c, NULL, now_ms);
    } else if ((c->request != NULL) == with_request) {
        show(c, c->request, now_ms);
    }
}

static void show_all(const struct worker *w) {
    uint64_t now_ms = clock_monotonic_ns() / 1000000;
    counters->shown_count = 0;
    for (int with_request = 1; with_request >= 0; with_request--) {
        unsigned left = CONNS_LOOKED_AT;
        for (const struct list *i = w->conns.next; i != &w->conns && left; i = i->next, left--)
            show_conn(CONTAINER(i, struct conn, link), with_request, now_ms);
    }
    counters->conn_count = w->conn_count;
    counters->shown_ms = now_ms;
}

static struct worker *looks_at;

void counting_begin(struct worker *w) {
    looks_at = w;
}

void counters_refresh(void) {
    if (!looks_at) return;
    look_at_cache(looks_at);
    show_all(looks_at);
}

void counting_look(struct worker *w) {
    look_at_cache(w);
    take_sample();
    if (counters_are_looked_at()) show_all(w);
}
