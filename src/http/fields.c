/* fields.c - a list of header fields, and lists within a field */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/fields.h"

enum { FIRST_ROOM = 16 };

void fields_make_room(struct fields *f, struct arena *a) {
    uint32_t cap = f->cap ? f->cap * 2 : FIRST_ROOM;
    struct field *list = arena_get(a, cap * sizeof *list);
    if (f->count) memcpy(list, f->list, f->count * sizeof *list);
    f->list = list;
    f->cap = cap;
}

void fields_add(struct fields *f, struct arena *a, enum header id, struct span value) {
    fields_append(f, a, id, header_name(id), value);
}

void fields_add_named(struct fields *f, struct arena *a, struct span name, struct span value) {
    fields_append(f, a, header_find(name), name, value);
}

static bool is_named(const struct field *field, enum header id, struct span name) {
    return field->id == id && (id != HEADER_OTHER || span_is_ci(field->name, name));
}

static const struct field *find(const struct fields *f, uint32_t from, enum header id, struct span name) {
    if (!fields_have(f, id)) return NULL;
    for (uint32_t i = from; i < f->count; i++)
        if (is_named(&f->list[i], id, name)) return &f->list[i];
    return NULL;
}

const struct field *fields_search(const struct fields *f, enum header id) {
    return find(f, 0, id, header_name(id));
}

const struct field *fields_first_named(const struct fields *f, struct span name) {
    return find(f, 0, header_find(name), name);
}

static struct span joined(const struct fields *f, struct arena *a, enum header id, struct span name) {
    const struct field *first = find(f, 0, id, name);
    if (!first) return (struct span){NULL, 0};
    if (!find(f, (uint32_t)(first - f->list) + 1, id, name)) return first->value;

    size_t room = 0;
    for (uint32_t i = 0; i < f->count; i++)
        if (is_named(&f->list[i], id, name)) room += f->list[i].value.n + 2;
    char *p = arena_bytes(a, room);
    const char *between = id == HEADER_COOKIE ? "; " : ", "; /* RFC 9113 8.2.3 */
    size_t n = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        struct span value = f->list[i].value;
        if (!is_named(&f->list[i], id, name)) continue;
        if (&f->list[i] != first) {
            memcpy(p + n, between, 2);
            n += 2;
        }
        if (value.n) memcpy(p + n, value.p, value.n);
        n += value.n;
    }
    return (struct span){p, n};
}

struct span fields_join(const struct fields *f, struct arena *a, enum header id) {
    return joined(f, a, id, header_name(id));
}

struct span fields_get_named(const struct fields *f, struct arena *a, struct span name) {
    return joined(f, a, header_find(name), name);
}

/* Removes those of that name from position `from` on; the presence bit follows what is left in the whole list. */
static void remove_from(struct fields *f, uint32_t from, enum header id, struct span name) {
    uint32_t kept = from;
    bool left = false;
    for (uint32_t i = 0; i < f->count; i++) {
        bool of_kind = f->list[i].id == id;
        if (i >= from) {
            if (is_named(&f->list[i], id, name)) continue;
            f->list[kept++] = f->list[i];
        }
        left |= of_kind;
    }
    f->count = kept > from ? kept : from;
    if (!left) f->present[id >> 6] &= ~(UINT64_C(1) << (id & 63));
}

static void set(struct fields *f, struct arena *a, enum header id, struct span name, struct span value) {
    const struct field *first = find(f, 0, id, name);
    if (!first) {
        fields_append(f, a, id, name, value);
        return;
    }
    uint32_t at = (uint32_t)(first - f->list);
    f->list[at].value = value;
    f->list[at].is_received = false;
    remove_from(f, at + 1, id, name);
}

void fields_set(struct fields *f, struct arena *a, enum header id, struct span value) {
    set(f, a, id, header_name(id), value);
}

void fields_set_named(struct fields *f, struct arena *a, struct span name, struct span value) {
    set(f, a, header_find(name), name, value);
}

void fields_remove(struct fields *f, enum header id) {
    if (fields_have(f, id)) remove_from(f, 0, id, header_name(id));
}

void fields_remove_named(struct fields *f, struct span name) {
    enum header id = header_find(name);
    if (fields_have(f, id)) remove_from(f, 0, id, name);
}

void fields_keep(struct fields *f, bool (*keeps)(const struct field *field, const void *arg), const void *arg) {
    uint32_t kept = 0;
    memset(f->present, 0, sizeof f->present);
    for (uint32_t i = 0; i < f->count; i++) {
        const struct field *field = &f->list[i];
        if (!keeps(field, arg)) continue;
        f->present[field->id >> 6] |= UINT64_C(1) << (field->id & 63);
        if (kept != i) f->list[kept] = *field;
        kept++;
    }
    f->count = kept;
}

/* The end of a list element: the next comma outside of a quoted string. */
static size_t element_end(struct span s) {
    bool quoted = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"') quoted = !quoted;
        else if (s.p[i] == '\\' && quoted) i++;
        else if (s.p[i] == ',' && !quoted) return i;
    }
    return s.n;
}

bool list_next(struct span *rest, struct span *element) {
    while (rest->n > 0) {
        size_t end = element_end(*rest);
        *element = span_trim(span_upto(*rest, end));
        *rest = span_from(*rest, end < rest->n ? end + 1 : end);
        if (element->n > 0) return true;
    }
    return false;
}

bool list_has_token(struct span list, struct span token) {
    struct span element;
    while (list_next(&list, &element))
        if (span_is_ci(element, token)) return true;
    return false;
}
