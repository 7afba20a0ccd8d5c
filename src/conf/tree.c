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

const struct assignment *block_find(const struct block *block, struct span key) {
    for (size_t i = 0; i < block->assignment_count; i++)
        if (span_is(block->assignments[i].key, key)) return &block->assignments[i];
    return NULL;
}
