/* mime.c - a hash table of suffixes in any case, and the order in which a name's suffixes are tried */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/mime.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"

struct mime_entry {
    struct span suffix, type;
    bool used;
};

struct mime_table {
    struct mime_entry *entries; /* open addressing; at most half of the places are used */
    size_t mask, longest;       /* places - 1; bytes of the longest suffix */
};

static size_t hash(struct span s) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.n; i++) h = (h ^ (unsigned char)ascii_lower(s.p[i])) * 16777619u;
    return h ^ (h >> 15);
}

/* The entry of that suffix, or the free place where it would stand. */
static struct mime_entry *place(const struct mime_table *table, struct span suffix) {
    size_t at = hash(suffix) & table->mask;
    while (table->entries[at].used && !span_is_ci(table->entries[at].suffix, suffix)) at = (at + 1) & table->mask;
    return &table->entries[at];
}

struct mime_table *mime_make(const struct span *suffixes, const struct span *types, size_t count) {
    struct mime_table *table = memory_zeroed(1, sizeof *table);
    size_t places = 8;
    while (places < count * 2) places *= 2;
    table->entries = memory_zeroed(places, sizeof *table->entries);
    table->mask = places - 1;
    for (size_t i = 0; i < count; i++) {
        *place(table, suffixes[i]) = (struct mime_entry){suffixes[i], types[i], true};
        if (suffixes[i].n > table->longest) table->longest = suffixes[i].n;
    }
    return table;
}

void mime_drop(struct mime_table *table) {
    if (!table) return;
    free(table->entries);
    free(table);
}

const struct mime_table *mime_builtin(void) {
    static const struct span suffixes[] = {
#define MIME(suffix, type) SPAN_INIT(suffix),
#include "http/mime.def"
#undef MIME
    };
    static const struct span types[] = {
#define MIME(suffix, type) SPAN_INIT(type),
#include "http/mime.def"
#undef MIME
    };
    static const struct mime_table *table;
    if (!table) table = mime_make(suffixes, types, sizeof suffixes / sizeof *suffixes);
    return table;
}

static const struct mime_entry *find(const struct mime_table *table, struct span suffix) {
    if (suffix.n > table->longest) return NULL; /* so that a long name full of dots costs little */
    const struct mime_entry *entry = place(table, suffix);
    return entry->used ? entry : NULL;
}

struct span mime_find(const struct mime_table *table, struct span path) {
    size_t slash = span_find_last(path, '/');
    struct span name = slash < path.n ? span_from(path, slash + 1) : path;
    const struct mime_entry *entry = find(table, name);
    for (size_t i = 0; !entry && i < name.n; i++)
        if (name.p[i] == '.') entry = find(table, span_from(name, i));
    if (!entry) entry = find(table, SPAN(""));
    return entry ? entry->type : (struct span){NULL, 0};
}
