/* say.c - what the error log hears of a request: as text, or as an object of JSON */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "server/conn.h"
#include "server/reason.h"
#include "server/watch.h"

enum { TEXT_BYTES = 2048, TARGET_BYTES = 1024, FACTS_MAX = 16 };

static size_t add_fact(struct log_fact *facts, size_t n, const char *name, struct span value) {
    if (value.n == 0) return n;
    facts[n] = (struct log_fact){name, value, 0};
    return n + 1;
}

static void tell_json(struct log *log, const struct request *r, enum log_level level, struct span text,
                      const struct log_fact *more, size_t count) {
    struct log_fact facts[FACTS_MAX];
    struct span target = r->in.target_sent;
    char client[ADDR_TEXT_BYTES];
    size_t n = 0;
    if (target.n > TARGET_BYTES) target.n = TARGET_BYTES;
    n = add_fact(facts, n, "request_id", request_id(r));
    n = add_fact(facts, n, "client", (struct span){client, addr_format(&r->client, client)});
    n = add_fact(facts, n, "vhost", r->server_name);
    n = add_fact(facts, n, "method", r->in.method_text);
    n = add_fact(facts, n, "target", target);
    for (size_t i = 0; i < count && n < FACTS_MAX; i++) facts[n++] = more[i];
    log_tell(log, level, facts, n, text);
}

void request_tell(const struct request *r, enum log_level level, struct span text, const struct log_fact *more,
                  size_t count) {
    const struct core_settings *core = request_core(r);
    struct log *log = core->errorlog ? core->errorlog : log_main();
    char client[ADDR_TEXT_BYTES];
    if (logs_are_json() && !request_watcher) {
        tell_json(log, r, level, text, more, count);
        return;
    }
    struct span id = level <= LOG_IS_WARNING && !request_watcher ? request_id(r) : r->name;
    addr_format(&r->client, client);
    if (id.n) log_say(log, level, "%s: %.*s [%.*s]", client, SPAN_ARG(text), SPAN_ARG(id));
    else log_say(log, level, "%s: %.*s", client, SPAN_ARG(text));
}

void request_say(const struct request *r, enum log_level level, const char *format, ...) {
    char text[TEXT_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    request_tell(r, level, (struct span){text, length}, NULL, 0);
}
