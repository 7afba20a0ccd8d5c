/* memory.h - allocation that does not fail: out of memory ends the process with a message */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MEMORY_H
#define GOLDCREST_MEMORY_H

#include <stddef.h>

/*
 * A worker without memory cannot answer anybody; the master replaces it. What a client can make grow is bounded
 * elsewhere, long before. Sizes are in bytes; each result is freed with free().
 */
void *memory_get(size_t size);                  /* uninitialised */
void *memory_zeroed(size_t count, size_t size); /* all zero; count * size is checked for overflow */
void *memory_resize(void *old, size_t size);    /* as realloc() */
void *memory_copy(const void *from, size_t size);

/* Zeroes a struct of a few hundred bytes that is used again and again: the library's loop begins sooner than the
 * instruction that compilers put in the place of a memset() whose size they know. */
void memory_clear(void *p, size_t size);

/* Room for at least `needed` elements: doubles *cap, resizes. Returns the (moved) array. */
void *memory_grow(void *array, size_t *cap, size_t needed, size_t element_size);

#endif
