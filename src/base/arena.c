/* arena.c - memory that is freed at once */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

enum { BLOCK_BYTES = 2048, SPARE_BLOCKS = 32 };

struct arena_block {
    struct arena_block *older;
    size_t size;
    max_align_t bytes[];
};

/* Of BLOCK_BYTES: what one request gives back, the next one takes. */
static struct arena_block *spare;
static unsigned spare_count;

static struct arena_block *block_get(size_t size) {
    struct arena_block *block = spare;
    if (size != BLOCK_BYTES || !block) return memory_get(sizeof *block + size);
    spare = block->older;
    spare_count--;
    return block;
}

static void block_drop(struct arena_block *block) {
    if (block->size != BLOCK_BYTES || spare_count == SPARE_BLOCKS) {
        free(block);
        return;
    }
    block->older = spare;
    spare = block;
    spare_count++;
}

static void arena_add_block(struct arena *a, size_t at_least) {
    size_t size = at_least > BLOCK_BYTES ? at_least : BLOCK_BYTES;
    struct arena_block *block = block_get(size);
    block->older = a->blocks;
    block->size = size;
    a->blocks = block;
    a->at = (char *)block->bytes;
    a->end = a->at + size;
}

char *arena_bytes(struct arena *a, size_t size) {
    if ((size_t)(a->end - a->at) < size || !a->at) arena_add_block(a, size);
    char *p = a->at;
    a->at += size;
    return p;
}

void *arena_get(struct arena *a, size_t size) {
    size_t past = (size_t)((uintptr_t)a->at % _Alignof(max_align_t));
    size_t pad = past ? _Alignof(max_align_t) - past : 0;
    if (!a->at || (size_t)(a->end - a->at) < size + pad) {
        arena_add_block(a, size);
        pad = 0;
    }
    char *p = a->at + pad;
    a->at = p + size;
    return p;
}

void *arena_zeroed(struct arena *a, size_t size) {
    return memset(arena_get(a, size), 0, size);
}

struct span arena_copy(struct arena *a, struct span s) {
    return arena_join(a, s, (struct span){NULL, 0});
}

struct span arena_join(struct arena *a, struct span x, struct span y) {
    char *p = arena_bytes(a, x.n + y.n + 1);
    if (x.n) memcpy(p, x.p, x.n);
    if (y.n) memcpy(p + x.n, y.p, y.n);
    p[x.n + y.n] = '\0';
    return (struct span){p, x.n + y.n};
}

struct span arena_lower(struct arena *a, struct span s) {
    size_t i = 0;
    while (i < s.n && ascii_lower(s.p[i]) == s.p[i]) i++;
    if (i == s.n) return s;
    char *p = arena_bytes(a, s.n);
    for (i = 0; i < s.n; i++) p[i] = ascii_lower(s.p[i]);
    return (struct span){p, s.n};
}

struct span arena_printf(struct arena *a, const char *format, ...) {
    va_list args;
    char probe[1];
    va_start(args, format);
    int n = vsnprintf(probe, sizeof probe, format, args);
    va_end(args);
    if (n < 0) n = 0;
    char *p = arena_bytes(a, (size_t)n + 1);
    va_start(args, format);
    vsnprintf(p, (size_t)n + 1, format, args);
    va_end(args);
    return (struct span){p, (size_t)n};
}

void arena_reset(struct arena *a) {
    while (a->blocks && a->blocks->older) {
        struct arena_block *older = a->blocks->older;
        block_drop(a->blocks);
        a->blocks = older;
    }
    if (!a->blocks) return;
    if (a->blocks->size > BLOCK_BYTES) {
        arena_done(a);
        return;
    }
    a->at = (char *)a->blocks->bytes;
    a->end = a->at + a->blocks->size;
}

void arena_done(struct arena *a) {
    while (a->blocks) {
        struct arena_block *older = a->blocks->older;
        block_drop(a->blocks);
        a->blocks = older;
    }
    *a = (struct arena){NULL, NULL, NULL};
}
