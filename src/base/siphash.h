/* siphash.h - a hash of a few words that nobody can foretell without its key (SipHash-1-3) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_SIPHASH_H
#define GOLDCREST_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* The words are numbers, the same on every machine: what a client chooses among them leads where nobody but the owner
 * of the key can tell. */
uint64_t siphash_words(const uint64_t key[2], const uint64_t *words, size_t count);

#endif
