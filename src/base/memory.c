/* memory.c - allocation that does not fail */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void out_of_memory(void) {
    static const char words[] = "goldcrest: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, words, sizeof words - 1);
    (void)ignored;
    abort();
}

void *memory_get(size_t size) {
    void *p = malloc(size ? size : 1);
    if (!p) out_of_memory();
    return p;
}

void *memory_zeroed(size_t count, size_t size) {
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p) out_of_memory();
    return p;
}

void *memory_resize(void *old, size_t size) {
    void *p = realloc(old, size ? size : 1);
    if (!p) out_of_memory();
    return p;
}

void *memory_copy(const void *from, size_t size) {
    void *p = memory_get(size);
    if (size) memcpy(p, from, size);
    return p;
}

void memory_clear(void *p, size_t size) {
    memset(p, 0, size);
}

void *memory_grow(void *array, size_t *cap, size_t needed, size_t element_size) {
    if (needed <= *cap) return array;
    size_t grown = *cap ? *cap * 2 : element_size == 1 ? 64 : 4;
    if (grown < needed) grown = needed;
    if (grown > SIZE_MAX / element_size) out_of_memory();
    *cap = grown;
    return memory_resize(array, grown * element_size);
}
