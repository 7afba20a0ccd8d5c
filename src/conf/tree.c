/* tree.c - a parsed configuration: its end, and looking into it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/tree.h"

#include <stdlib.h>

void conf_tree_drop(struct conf_tree *tree) {
    if (!tree) return;
    arena_done(&tree->arena);
    free(tree);
}

/* FNV-1a; who writes the configuration has nobody to deceive. */
static uint64_t add_text(uint64_t hash, struct span text) {
    for (size_t i = 0; i < text.n; i++) hash = (hash ^ (unsigned char)text.p[i]) * 0x100000001b3u;
    return (hash ^ 0xff) * 0x100000001b3u;
}

uint64_t block_identity(const struct block *block) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; block; block = block->parent) {
        hash = add_text(hash, block->text);
        for (const struct block *b = block->previous; b; b = b->previous) hash = add_text(hash, b->text);
    }
    return hash;
}

const struct assignment *block_find(const struct block *block, struct span key) {
    for (size_t i = 0; i < block->assignment_count; i++)
        if (span_is(block->assignments[i].key, key)) return &block->assignments[i];
    return NULL;
}
