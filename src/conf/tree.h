/* tree.h - a parsed configuration: blocks in the order of their first appearance, each with its assignments */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_TREE_H
#define GOLDCREST_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"
#include "conf/value.h"

enum cond_op { COND_NONE, COND_EQ, COND_NE, COND_MATCH, COND_NOMATCH, COND_PREFIX, COND_SUFFIX };

/* assignment - `key = value` as it stands in one block, after += and := were carried out */
struct assignment {
    struct span key;
    struct place place; /* of the key */
    struct value value;
};

/*
 * block - the global block (number 0), a condition's, or a final `else { }`
 * A block applies when its parent does, when all blocks before it in its else-chain were false, and when its own
 * condition (COND_NONE: always) is true.
 */
struct block {
    unsigned number;            /* = its index in the tree */
    struct block *parent;       /* NULL for the global block */
    struct block *previous;     /* of an else-chain: the one that must be false; NULL otherwise */
    struct span left;           /* HTTP, SERVER, REQUEST_HEADER */
    struct span item;           /* host, url, socket, a header's name … */
    enum cond_op op;
    struct span operand;
    struct place place;         /* of the `$` (or of `else`) */
    struct place left_place;    /* of the name after `$` */
    struct place item_place;
    struct place operand_place;
    struct span text;           /* as shown: $HTTP["host"] == "a" */
    struct assignment *assignments; /* in order of first assignment */
    size_t assignment_count, assignment_cap;
};

/* source_text - one file (or shell output) that was read; kept for messages */
struct source_text {
    struct span name; /* as the user knows it: a path, or `include_shell "cmd"` */
    struct span text;
    struct place included_at;
};

/* conf_check - a request of a test, and what is expected of its answer: a text, or a list of texts */
struct conf_check {
    struct span test; /* its name; empty: it has none */
    struct value request, expected;
};
enum { MOST_CHECKS = 1000 };

struct conf_tree {
    struct arena arena;
    struct block **blocks;
    size_t block_count, block_cap;
    struct conf_check *checks;
    size_t check_count, check_cap;
};

struct inputs;    /* conf/inputs.h */
struct complaints; /* conf/complain.h */

/*
 * Reads the file `name` ("-": standard input) through `inputs` and everything it includes. Every error is complained
 * of, not the first only. Returns the tree even if there were errors (complaints_errors() tells), so that later
 * checks can speak too. The tree points into `inputs`, which must live as long.
 */
struct conf_tree *conf_parse(struct inputs *inputs, struct complaints *complaints, const char *name);
void conf_tree_drop(struct conf_tree *tree);

/* Tells blocks apart by their conditions, those around them included: the same number in the next configuration,
 * where they are written the same way. Others have other numbers, as far as 64 bits go. */
uint64_t block_identity(const struct block *block);

/* The assignment of key in that block, or NULL. */
const struct assignment *block_find(const struct block *block, struct span key);

/* What `-p` prints: the tree in the language itself, nested, with block numbers as comments. */
void conf_print(const struct conf_tree *tree, struct buf *out);

#endif
