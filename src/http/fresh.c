/* fresh.c - If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, If-Range */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/fresh.h"

#include "http/date.h"
#include "http/etag.h"

/* Several fields of one name are one list (RFC 9110 5.3). */
static bool any_has(const struct fields *request, enum header id, struct span etag, bool weak) {
    for (uint32_t i = 0; i < request->count; i++)
        if (request->list[i].id == id && etag_list_has(request->list[i].value, etag, weak)) return true;
    return false;
}

/* A date that is none is as if the field were not there. */
static bool has_date(const struct fields *request, enum header id, int64_t now, int64_t *t) {
    return fields_have(request, id) && date_parse(fields_first(request, id)->value, now, t);
}

static bool may_be_done(const struct fields *request, const struct validators *v, int64_t now) {
    int64_t date;
    if (fields_have(request, HEADER_IF_MATCH)) return any_has(request, HEADER_IF_MATCH, v->etag, false);
    if (v->last_modified < 0 || !has_date(request, HEADER_IF_UNMODIFIED_SINCE, now, &date)) return true;
    return v->last_modified <= date;
}

static bool is_changed(const struct fields *request, bool safe, const struct validators *v, int64_t now) {
    int64_t date;
    if (fields_have(request, HEADER_IF_NONE_MATCH)) return !any_has(request, HEADER_IF_NONE_MATCH, v->etag, true);
    if (!safe || v->last_modified < 0 || !has_date(request, HEADER_IF_MODIFIED_SINCE, now, &date)) return true;
    return v->last_modified > date;
}

int fresh_check(const struct fields *request, bool safe, const struct validators *v, int64_t now) {
    if (!may_be_done(request, v, now)) return 412;
    if (!is_changed(request, safe, v, now)) return safe ? 304 : 412;
    return 0;
}

bool fresh_range(const struct fields *request, const struct validators *v, int64_t now) {
    const struct field *field = fields_first(request, HEADER_IF_RANGE);
    struct span rest, tag;
    int64_t date;
    if (!field) return true;
    rest = field->value;
    if (etag_next(&rest, &tag)) return rest.n == 0 && !etag_is_weak(tag) && span_is(tag, v->etag);
    if (v->last_modified < 0 || !date_parse(field->value, now, &date) || date != v->last_modified) return false;
    return v->last_modified < now; /* else it may change once more within this second (RFC 9110 8.8.2.2) */
}
