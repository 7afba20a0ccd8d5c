/* table.c - the dynamic table of a decoder: a ring of entries and a ring of their texts in one piece of memory */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2/table.h"

#include <stdlib.h>

#include "base/memory.h"

struct entry {
    const char *constant; /* the name, if it needs no place among the texts */
    uint32_t at;          /* its texts: name (unless constant), value */
    uint32_t name_n, value_n;
    uint16_t id;
    bool is_lower, is_clean, is_sound, is_visible, is_host; /* as in struct hpack_field */
};

/* RFC 7541 4.1 charges 32 bytes for what an entry costs beside its text. As it costs less here, there is always room
 * for all entries below the limit. */
_Static_assert(sizeof(struct entry) <= HPACK_ENTRY_BYTES, "an entry costs what is charged for it");

enum { FIRST_ENTRIES = 8, FIRST_TEXT = 256 };

/*
 *     entries[slots]   [   ][oldest][     ][newest][   ]     count of them, perhaps around the end
 *     text[room]       ...][value][name|value][.........     in the same order, text_n bytes, perhaps around the end
 */
struct hpack_table {
    size_t charged; /* the size of RFC 7541 4.1 */
    uint32_t slots, oldest, count;
    uint32_t room, text_n;
    char *text;
    struct entry entries[];
};

static size_t charge(size_t name_n, size_t value_n) {
    return name_n + value_n + HPACK_ENTRY_BYTES;
}

static uint32_t text_length(const struct entry *e) {
    return (e->constant ? 0 : e->name_n) + e->value_n;
}

/* By age: 0 is the oldest. */
static uint32_t slot_of(const struct hpack_table *t, uint32_t age) {
    uint32_t slot = t->oldest + age;
    return slot < t->slots ? slot : slot - t->slots;
}

static uint32_t text_at(const struct hpack_table *t, uint32_t from, uint32_t n) {
    return n < t->room - from ? from + n : n - (t->room - from);
}

/* ---- the ring of texts ------------------------------------------------------------------------ */

static void read_text(const struct hpack_table *t, uint32_t at, uint32_t n, char *to) {
    uint32_t until_end = t->room - at;
    if (n <= until_end) {
        memcpy(to, t->text + at, n);
        return;
    }
    memcpy(to, t->text + at, until_end);
    memcpy(to + until_end, t->text, n - until_end);
}

static uint32_t write_text(struct hpack_table *t, uint32_t at, struct span s) {
    uint32_t n = (uint32_t)s.n, until_end = t->room - at;
    if (n < until_end) {
        if (n) memcpy(t->text + at, s.p, n);
        return at + n;
    }
    memcpy(t->text + at, s.p, until_end);
    if (n > until_end) memcpy(t->text, s.p + until_end, n - until_end);
    return n - until_end;
}

static struct span copy_text(const struct hpack_table *t, uint32_t at, uint32_t n, struct arena *a) {
    if (!a) return (struct span){NULL, n};
    char *p = arena_bytes(a, (size_t)n + 1);
    if (n <= t->room - at) memcpy(p, t->text + at, n);
    else read_text(t, at, n, p);
    p[n] = '\0';
    return (struct span){p, n};
}

/* ---- looking up ------------------------------------------------------------------------------- */

static const struct entry *entry_at(const struct hpack_table *t, uint32_t place) {
    return t && place < t->count ? &t->entries[slot_of(t, t->count - 1 - place)] : NULL;
}

static void get_name(const struct hpack_table *t, const struct entry *e, struct arena *a, struct hpack_field *f) {
    f->name = e->constant ? (struct span){e->constant, e->name_n} : copy_text(t, e->at, e->name_n, a);
    f->id = e->id;
    f->is_lower = e->is_lower;
}

bool hpack_table_get_name(const struct hpack_table *t, uint32_t place, struct arena *a, struct hpack_field *f) {
    const struct entry *e = entry_at(t, place);
    if (e) get_name(t, e, a, f);
    return e != NULL;
}

bool hpack_table_get(const struct hpack_table *t, uint32_t place, struct arena *a, struct hpack_field *f) {
    const struct entry *e = entry_at(t, place);
    if (!e) return false;
    get_name(t, e, a, f);
    f->value = copy_text(t, e->constant ? e->at : text_at(t, e->at, e->name_n), e->value_n, a);
    f->is_clean = e->is_clean;
    f->is_sound = e->is_sound;
    f->is_visible = e->is_visible;
    f->is_host = e->is_host;
    return true;
}

/* ---- adding and evicting ---------------------------------------------------------------------- */

static void evict_oldest(struct hpack_table *t) {
    const struct entry *e = &t->entries[t->oldest];
    t->charged -= charge(e->name_n, e->value_n);
    t->text_n -= text_length(e);
    t->oldest = slot_of(t, 1);
    t->count--;
}

void hpack_table_shrink(struct hpack_table *t, uint32_t size) {
    while (t && t->charged > size) evict_oldest(t);
}

/* A table with that much room and what is in the old one. */
static struct hpack_table *rebuild(struct hpack_table *old, uint32_t slots, uint32_t room) {
    struct hpack_table *t = memory_get(sizeof *t + slots * sizeof *t->entries + room);
    *t = (struct hpack_table){.slots = slots, .room = room};
    t->text = (char *)&t->entries[slots];
    if (!old) return t;
    for (; t->count < old->count; t->count++) {
        struct entry *e = &t->entries[t->count];
        *e = old->entries[slot_of(old, t->count)];
        read_text(old, e->at, text_length(e), t->text + t->text_n);
        e->at = t->text_n;
        t->text_n += text_length(e);
    }
    t->charged = old->charged;
    free(old);
    return t;
}

static uint32_t grown(uint32_t now, uint32_t first, uint32_t needed) {
    if (needed <= now) return now;
    uint32_t twice = now ? now * 2 : first;
    return needed > twice ? needed : twice;
}

/*
 * Room for another entry with text_n bytes of text. What there is too little of is doubled; where that would take
 * more than the limit, entries and texts get as much as they need now, and half each of what is left.
 */
static void make_room(struct hpack_decoder *d, uint32_t text_n) {
    struct hpack_table *t = d->table;
    uint32_t need_slots = t ? t->count + 1 : 1, need_room = t ? t->text_n + text_n : text_n;
    if (t && need_slots <= t->slots && need_room <= t->room) return;
    uint32_t slots = grown(t ? t->slots : 0, FIRST_ENTRIES, need_slots);
    uint32_t room = grown(t ? t->room : 0, FIRST_TEXT, need_room);
    if (slots * sizeof(struct entry) + room > d->limit) {
        size_t left = d->limit - need_slots * sizeof(struct entry) - need_room;
        slots = need_slots + (uint32_t)(left / 2 / sizeof(struct entry));
        room = d->limit - (uint32_t)(slots * sizeof(struct entry));
    }
    d->table = rebuild(t, slots, room);
}

/* Makes way for n bytes as RFC 7541 4.1 counts them; false if they don't fit into the empty table. */
static bool make_way(struct hpack_decoder *d, size_t n) {
    hpack_table_shrink(d->table, n > d->size ? 0 : d->size - (uint32_t)n);
    return n <= d->size;
}

void hpack_table_add(struct hpack_decoder *d, const struct hpack_field *f, bool name_is_constant) {
    size_t n = charge(f->name.n, f->value.n);
    if (!make_way(d, n)) return;
    make_room(d, (uint32_t)((name_is_constant ? 0 : f->name.n) + f->value.n));
    struct hpack_table *t = d->table;
    struct entry *e = &t->entries[slot_of(t, t->count)];
    uint32_t at = t->count ? text_at(t, t->entries[t->oldest].at, t->text_n) : 0;
    *e = (struct entry){name_is_constant ? f->name.p : NULL, at, (uint32_t)f->name.n, (uint32_t)f->value.n, f->id,
                        f->is_lower, f->is_clean, f->is_sound, f->is_visible, f->is_host};
    if (!name_is_constant) at = write_text(t, at, f->name);
    write_text(t, at, f->value);
    t->text_n += text_length(e);
    t->charged += n;
    t->count++;
}

size_t hpack_table_memory(const struct hpack_table *t) {
    return t ? t->slots * sizeof(struct entry) + t->room : 0;
}

void hpack_table_drop(struct hpack_table *t) {
    free(t);
}
