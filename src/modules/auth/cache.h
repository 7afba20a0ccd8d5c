/* cache.h - credentials that were right a moment ago: auth.cache */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_CACHE_H
#define GOLDCREST_AUTH_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/*
 * Of each worker. The key is a keyed hash of the whole question (backend, file or directory, realm, user, password,
 * groups): what a client has sent is not kept, and another configuration asks anew. What is kept is the answer: for
 * Digest H(user:realm:password), as in a file of htdigest.
 */
enum { AUTH_CACHE_KEY = 32, AUTH_CACHE_ENTRIES = 4096 /* by default */, AUTH_CACHE_ANSWER_MAX = 512 };

void auth_cache_key(struct span question, unsigned char key[AUTH_CACHE_KEY]);

/* The answer, which lives until the next call of these functions; false if there is none that is at most
 * max_age_s old. */
bool auth_cache_get(const unsigned char key[AUTH_CACHE_KEY], int64_t now_s, uint32_t max_age_s, struct span *answer);

/* Keeps it; the oldest make room beyond max_entries. Answers longer than AUTH_CACHE_ANSWER_MAX are not kept. */
void auth_cache_put(const unsigned char key[AUTH_CACHE_KEY], struct span answer, int64_t now_s, uint32_t max_entries);

void auth_cache_clear(void);

#endif
