/* handover.c - what one goldcrest tells the next, which goes on in its place */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/handover.h"

#include <string.h>

#include "base/number.h"

static const struct span greeting = SPAN_INIT("goldcrest-handover ");

/* ---- writing ---------------------------------------------------------------------------------- */

void handover_begin(struct buf *out) {
    buf_printf(out, "%s%d %s\n", greeting.p, HANDOVER_FORMAT, VERSION);
}

void handover_add(struct buf *out, const char *name, struct span payload) {
    buf_printf(out, "%s %zu\n", name, payload.n);
    buf_add(out, payload);
    buf_add_char(out, '\n');
}

void handover_end(struct buf *out) {
    handover_add(out, "end", SPAN(""));
}

/* ---- reading ---------------------------------------------------------------------------------- */

static const char *const known[] = {"config",  "inputs",  "listener", "logger", "worker",      "helper",
                                    "pidfile", "tickets", "renewal",  "counters", "descriptors", "program"};

static bool is_known(struct span name) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (span_is(name, span_of(known[i]))) return true;
    return false;
}

static bool take_record(struct span *rest, struct span *name, struct span *payload) {
    struct span line;
    uint64_t length;
    size_t end = span_find(*rest, '\n');
    if (end == rest->n) return false;
    line = span_upto(*rest, end);
    size_t blank = span_find(line, ' ');
    if (blank == line.n || !number_parse(span_from(line, blank + 1), UINT32_MAX, &length)) return false;
    *rest = span_from(*rest, end + 1);
    if (rest->n <= length || rest->p[length] != '\n') return false;
    *name = span_upto(line, blank);
    *payload = span_upto(*rest, (size_t)length);
    *rest = span_from(*rest, (size_t)length + 1);
    return true;
}

static const char *check_records(struct span rest) {
    struct span name, payload;
    while (take_record(&rest, &name, &payload)) {
        if (span_is(name, SPAN("end"))) return rest.n ? "there is something behind its end" : NULL;
        if (span_starts(name, SPAN("!")) && !is_known(span_from(name, 1))) return "it says what must be known";
    }
    return "it is not whole";
}

bool handover_open(struct span bytes, struct span *from, struct span *records, const char **why) {
    size_t end = span_find(bytes, '\n');
    struct span line = span_upto(bytes, end);
    uint64_t format;
    *why = "it is no handover of goldcrest";
    if (end == bytes.n || !span_starts(line, greeting)) return false;
    line = span_from(line, greeting.n);
    size_t blank = span_find(line, ' ');
    if (blank == line.n || !number_parse(span_upto(line, blank), INT32_MAX, &format)) return false;
    *from = span_from(line, blank + 1);
    *records = span_from(bytes, end + 1);
    *why = "its format is another one";
    if (format != HANDOVER_FORMAT) return false;
    *why = check_records(*records);
    return !*why;
}

bool handover_next(struct span *records, struct span *name, struct span *payload) {
    if (!take_record(records, name, payload) || span_is(*name, SPAN("end"))) return false;
    if (name->n && name->p[0] == '!') *name = span_from(*name, 1);
    return true;
}

struct span handover_find(struct span records, struct span name) {
    struct span n, payload;
    while (handover_next(&records, &n, &payload))
        if (span_is(n, name)) return payload;
    return SPAN("");
}

/* ---- words ------------------------------------------------------------------------------------ */

/* What stands behind "key=", to the end of the payload. */
static bool find_word(struct span payload, const char *key, struct span *value) {
    size_t n = strlen(key);
    while (payload.n) {
        if (span_starts(payload, span_of(key)) && payload.n > n && payload.p[n] == '=') {
            *value = span_from(payload, n + 1);
            return true;
        }
        size_t blank = span_find(payload, ' ');
        payload = span_from(payload, blank < payload.n ? blank + 1 : blank);
    }
    return false;
}

int64_t handover_time(struct span payload, const char *key) {
    struct span value;
    uint64_t number;
    if (!find_word(payload, key, &value)) return 0;
    value = span_upto(value, span_find(value, ' '));
    return number_parse(value, INT64_MAX, &number) ? (int64_t)number : 0;
}

int handover_number(struct span payload, const char *key, int otherwise) {
    int number;
    return handover_numbers(payload, key, &number, 1) ? number : otherwise;
}

unsigned handover_numbers(struct span payload, const char *key, int *numbers, unsigned max) {
    struct span value;
    unsigned count = 0;
    uint64_t number;
    if (!find_word(payload, key, &value)) return 0;
    value = span_upto(value, span_find(value, ' '));
    while (value.n) {
        size_t comma = span_find(value, ',');
        if (!number_parse(span_upto(value, comma), INT32_MAX, &number)) return count;
        if (count < max) numbers[count] = (int)number;
        count++;
        value = span_from(value, comma < value.n ? comma + 1 : comma);
    }
    return count;
}

struct span handover_text(struct span payload, const char *key) {
    struct span value;
    return find_word(payload, key, &value) ? value : SPAN("");
}
