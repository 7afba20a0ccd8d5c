/* suggest.c - "did you mean": the known word that is nearest to a mistyped one */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/complain.h"

#include <stdio.h>

enum { LONGEST_WORD = 63 };

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

/* Edits (insert, delete, replace, swap of two neighbours) from a to b, both at most LONGEST_WORD
 * bytes. */
static unsigned distance(struct span a, struct span b) {
    unsigned rows[3][LONGEST_WORD + 1];
    for (unsigned j = 0; j <= b.n; j++) rows[0][j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        const unsigned *before = rows[(i + 1) % 3], *above = rows[(i - 1) % 3];
        unsigned *row = rows[i % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            char x = ascii_lower(a.p[i - 1]), y = ascii_lower(b.p[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            bool swapped =
                i > 1 && j > 1 && x == ascii_lower(b.p[j - 2]) && y == ascii_lower(a.p[i - 2]);
            if (swapped) row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[a.n % 3][b.n];
}

/* How many edits are a slip rather than another word. */
static unsigned slip(size_t length) {
    if (length < 3) return 0;
    if (length < 6) return 1;
    return length < 12 ? 2 : 3;
}

const char *did_you_mean(struct span word, const char *(*candidate)(void *arg, size_t i),
                         void *arg) {
    const char *best = NULL;
    unsigned limit = slip(word.n) + 1;
    if (word.n > LONGEST_WORD) return NULL;
    for (size_t i = 0;; i++) {
        const char *name = candidate(arg, i);
        if (!name) return best;
        struct span other = span_of(name);
        size_t apart = other.n > word.n ? other.n - word.n : word.n - other.n;
        if (other.n > LONGEST_WORD || apart >= limit) continue;
        unsigned edits = distance(word, other);
        if (edits >= limit) continue;
        limit = edits;
        best = name;
    }
}

const char *hint_near(char hint[HINT_BYTES], const char *near, const char *otherwise) {
    if (!near) return otherwise;
    snprintf(hint, HINT_BYTES, "did you mean %s?", near);
    return hint;
}
