/* refusals.c - reasons of what a connection itself refuses: heads, bodies, and what does not come in time */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/why.h"
#include "server/conn.h"
#include "server/module.h"
#include "server/worker.h"

void request_head_reason(struct request *r, int status) {
    const struct core_settings *core = r->conf->core;
    const char *why = http_why;
    http_why = NULL;
    if (why == http_too_many_fields)
        request_reason(r, "server.max-request-fields", "the head has more than %u fields", core->max_head_fields);
    else if (status == 414 || status == 431)
        request_reason(r, "server.max-request-field-size", "%s more than %u bytes",
                       status == 414 ? "the request line has" : "request line and fields have", core->max_head_bytes);
    else if (why) request_reason(r, NULL, "%s", why);
}

enum handler request_refuse_body(struct request *r, int status) {
    const char *why = http_why;
    uint64_t limit = (uint64_t)request_core(r)->max_request_kib * 1024;
    http_why = NULL;
    r->status = status;
    r->keep_alive = false;
    if (request_has_reason(r)) return HANDLER_ERROR; /* the sink has said it */
    if (status == 413 && !why)
        request_reason(r, "server.max-request-size", "more than %llu bytes of the body have come",
                       (unsigned long long)limit);
    else if (status == 500) request_reason(r, NULL, "whoever takes the body is broken");
    else request_reason(r, NULL, "%s", why ? why : "the body broke off");
    return HANDLER_ERROR;
}

/* Which of the limits it was: the shorter one fires. */
void request_time_reason(struct conn *c, struct request *r, const char *what) {
    const struct core_settings *core = request_core(r);
    uint64_t since_ms = r->stream ? r->stream->since_ms : c->since_ms;
    uint64_t ms = fdevents_now_ms(c->worker->events) - since_ms;
    bool is_head = r->state == REQUEST_READ;
    bool is_body = r->state == REQUEST_READ_BODY || request_lacks_body(r);
    const char *directive = is_head || is_body ? "server.max-read-idle" : "server.max-write-idle";
    if (is_head && core->max_head_s && ms >= core->max_head_s * UINT64_C(1000))
        directive = "server.max-request-head-time";
    if (is_body && core->min_body_rate && ms < core->max_read_idle_s * UINT64_C(1000))
        directive = "server.min-request-body-rate";
    request_reason(r, directive, "%s in %llu s", what, (unsigned long long)((ms + 500) / 1000));
}
