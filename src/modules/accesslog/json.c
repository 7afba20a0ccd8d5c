/* json.c - a line of the access log as an object: server.log-format = "json" */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <unistd.h>

#include "base/json.h"
#include "modules/accesslog/format.h"

static void add_unless_empty(struct buf *line, const char *name, struct span value) {
    if (value.n) json_add(line, name, value);
}

static void add_request(struct buf *line, const struct access_facts *f) {
    struct request *r = f->request;
    char client[ADDR_TEXT_BYTES];
    json_add(line, "request_id", f->id(r));
    json_add(line, "client", (struct span){client, addr_format(&r->client, client)});
    add_unless_empty(line, "vhost", f->server_name);
    add_unless_empty(line, "method", r->in.method_text);
    add_unless_empty(line, "target", r->in.target_sent);
    json_add(line, "version", r->in.version == 10 ? SPAN("1.0") : r->in.version == 20 ? SPAN("2") : SPAN("1.1"));
}

static void add_response(struct buf *line, const struct access_facts *f) {
    json_add_number(line, "status", (uint64_t)(f->status > 0 ? f->status : 0));
    json_add_number(line, "bytes", f->sent_body_bytes);
    json_add_thousandths(line, "duration_ms", f->elapsed_ns / 1000);
    if (!f->is_complete) json_add(line, "broken", SPAN("yes"));
}

static void add_rest(struct buf *line, const struct access_facts *f, const struct access_more *more) {
    struct request *r = f->request;
    add_unless_empty(line, "user", r->user);
    add_unless_empty(line, "referer", fields_get(&r->in.fields, &r->arena, HEADER_REFERER));
    add_unless_empty(line, "user_agent", fields_get(&r->in.fields, &r->arena, HEADER_USER_AGENT));
    add_unless_empty(line, "backend", r->backend);
    if (r->backend_ms) json_add_number(line, "backend_ms", r->backend_ms - 1);
    json_add(line, "cache", span_of(more->cache));
    add_unless_empty(line, "tls", more->tls);
    add_unless_empty(line, "reason", f->why(r));
}

void access_json_write(const struct access_facts *f, const struct access_more *more, struct buf *line) {
    buf_add_char(line, '{');
    json_add_time(line, "time", f->now_s, f->now_ns);
    json_add(line, "level", SPAN("info"));
    json_add_number(line, "pid", (uint64_t)getpid());
    add_request(line, f);
    add_response(line, f);
    add_rest(line, f, more);
    buf_add_char(line, '}');
}
