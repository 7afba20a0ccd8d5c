/* print.c - a parsed configuration in its own language: what -p shows */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "conf/tree.h"

enum { LINE_COLUMNS = 100 };

/* printing - the blocks of the tree as lists: children of a block, successors of a block in
 * else-chains */
struct printing {
    const struct conf_tree *tree;
    struct buf *out;
    unsigned *child, *successor,
        *next; /* numbers of the first one and of the next one in the same list; 0: none */
};

static void indent(struct buf *out, unsigned level) {
    while (level-- > 0) buf_add_text(out, "    ");
}

static void print_string(struct buf *out, struct span text) {
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') buf_add_char(out, '\\');
        buf_add_char(out, text.p[i]);
    }
    buf_add_char(out, '"');
}

/* A list of few scalars stands on one line. */
static bool is_short(const struct value *array) {
    size_t columns = 0;
    for (size_t i = 0; i < array->count; i++) {
        const struct element *e = &array->elements[i];
        if (e->key.p || e->value.type == VALUE_ARRAY) return false;
        columns += e->value.type == VALUE_STRING ? e->value.string.n + 4 : 8;
        if (columns > LINE_COLUMNS / 2) return false;
    }
    return true;
}

static void print_value(struct buf *out, const struct value *v, unsigned level);

static void print_short(struct buf *out, const struct value *array) {
    buf_add_char(out, '(');
    for (size_t i = 0; i < array->count; i++) {
        if (i > 0) buf_add_text(out, ", ");
        print_value(out, &array->elements[i].value, 0);
    }
    buf_add_char(out, ')');
}

static void print_long(struct buf *out, const struct value *array, unsigned level) {
    buf_add_text(out, "(\n");
    for (size_t i = 0; i < array->count; i++) {
        const struct element *e = &array->elements[i];
        indent(out, level + 1);
        if (e->key.p) {
            print_string(out, e->key);
            buf_add_text(out, " => ");
        }
        print_value(out, &e->value, level + 1);
        buf_add_text(out, ",\n");
    }
    indent(out, level);
    buf_add_char(out, ')');
}

static void print_value(struct buf *out, const struct value *v, unsigned level) {
    if (v->type == VALUE_STRING) print_string(out, v->string);
    else if (v->type == VALUE_INT) buf_printf(out, "%ld", (long)v->number);
    else if (is_short(v)) print_short(out, v);
    else print_long(out, v, level);
}

static void print_assignments(struct buf *out, const struct block *b, unsigned level) {
    for (size_t i = 0; i < b->assignment_count; i++) {
        const struct assignment *a = &b->assignments[i];
        if (!a->place.source) continue; /* var.PID, var.CWD */
        indent(out, level);
        buf_add(out, a->key);
        buf_add_text(out, " = ");
        print_value(out, &a->value, level);
        buf_add_char(out, '\n');
    }
}

static void print_chain(const struct printing *p, const struct block *b, unsigned level);

static void print_inside(const struct printing *p, const struct block *b, unsigned level) {
    indent(p->out, level);
    buf_printf(p->out, "# block %u\n", b->number);
    print_assignments(p->out, b, level);
    for (unsigned n = p->child[b->number]; n; n = p->next[n]) {
        buf_add_char(p->out, '\n');
        print_chain(p, p->tree->blocks[n], level);
    }
}

/* `{` behind the words that open b; behind else, if it has a predecessor. */
static void print_header(struct buf *out, const struct block *b, unsigned level) {
    if (b->previous) buf_add_text(out, b->op == COND_NONE ? " " : " else ");
    else indent(out, level);
    buf_add(out, b->text);
    buf_add_text(out, " {");
}

/* The chain up to b with nothing inside: opens these blocks again, for a second successor. */
static void print_again(struct buf *out, const struct block *b, unsigned level) {
    size_t n = 0;
    const struct block *at = b;
    for (; at; at = at->previous) n++;
    while (n-- > 0) { /* from the first one */
        at = b;
        for (size_t i = 0; i < n; i++) at = at->previous;
        print_header(out, at, level);
        buf_add_char(out, '}');
    }
}

static void print_block(const struct printing *p, const struct block *b, unsigned level) {
    print_header(p->out, b, level);
    buf_add_char(p->out, '\n');
    print_inside(p, b, level + 1);
    indent(p->out, level);
    buf_add_char(p->out, '}');
}

/* b and what follows it with else. Chains can be thousands long, so the first successors are a
 * loop. */
static void print_chain(const struct printing *p, const struct block *b, unsigned level) {
    print_block(p, b, level);
    const struct block *last = b;
    while (p->successor[last->number]) {
        last = p->tree->blocks[p->successor[last->number]];
        print_block(p, last, level);
    }
    buf_add_char(p->out, '\n');
    for (; last != b; last = last->previous) {
        for (unsigned n = p->next[last->number]; n; n = p->next[n]) {
            buf_add_char(p->out, '\n');
            print_again(p->out, p->tree->blocks[n]->previous, level);
            print_chain(p, p->tree->blocks[n], level);
        }
    }
}

/* Puts every block into the list of its parent or predecessor, from the last to the first. */
static void list_blocks(struct printing *p) {
    for (size_t i = p->tree->block_count; i-- > 1;) {
        const struct block *b = p->tree->blocks[i];
        unsigned *first =
            b->previous ? &p->successor[b->previous->number] : &p->child[b->parent->number];
        p->next[i] = *first;
        *first = (unsigned)i;
    }
}

/* Checks of one test stand behind each other. */
static void print_tests(const struct conf_tree *tree, struct buf *out) {
    for (size_t i = 0; i < tree->check_count; i++) {
        const struct conf_check *c = &tree->checks[i];
        bool begins = i == 0 || !span_is(c->test, c[-1].test);
        if (begins) {
            buf_add_text(out, i ? "}\n\ntest " : "\ntest ");
            print_string(out, c->test);
            buf_add_text(out, " {\n");
        }
        indent(out, 1);
        print_string(out, c->request.string);
        buf_add_text(out, " => ");
        print_value(out, &c->expected, 1);
        buf_add_char(out, '\n');
    }
    if (tree->check_count) buf_add_text(out, "}\n");
}

void conf_print(const struct conf_tree *tree, struct buf *out) {
    size_t count = tree->block_count;
    unsigned *lists = memory_zeroed(count * 3, sizeof *lists);
    struct printing p = {tree, out, lists, lists + count, lists + 2 * count};
    list_blocks(&p);
    print_inside(&p, tree->blocks[0], 0);
    print_tests(tree, out);
    free(lists);
}
