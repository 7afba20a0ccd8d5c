/* groups.c - conditions that stand beside each other, looked up together */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/needles.h"
#include "server/condition.h"

/*
 * Within a block, all conditions that stand for themselves are one group, and each else-chain is one. Those of a
 * group that look at the same thing (the host, a header) are looked up in one step: its text leads to those that may
 * hold. So a thousand hosts cost what a few cost, whatever their operators; only those with != and !~, addresses of
 * clients, and regular expressions without plain text in them are compared one after the other.
 */
enum group_kind {
    GROUP_EACH,  /* whatever holds applies */
    GROUP_FIRST, /* an else-chain: the first that holds */
    GROUP_LINKED /* else-chains that begin with the same condition: who has another one before him knows */
};

struct probe {
    const struct condition *like; /* the first of them: what to look at */
    struct needles *needles;
    uint32_t *members;            /* numbers of blocks, ascending */
    size_t count, cap;
};

struct group {
    struct group *next;  /* in the same block */
    struct group *older; /* of all */
    enum group_kind kind;
    uint32_t *members;   /* ascending; until groups_make() has ended, and of GROUP_LINKED */
    size_t count, cap;
    struct probe *probes;
    size_t probe_count, probe_cap;
};

/* ---- making ----------------------------------------------------------------------------------- */

static struct group *add_group(struct conditions *c, unsigned inside, enum group_kind kind) {
    struct group *g = memory_zeroed(1, sizeof *g);
    g->kind = kind;
    g->next = c->inside[inside];
    c->inside[inside] = g;
    g->older = c->groups;
    c->groups = g;
    return g;
}

static void add_member(uint32_t **members, size_t *cap, size_t *count, unsigned number) {
    *members = memory_grow(*members, cap, *count + 1, sizeof **members);
    (*members)[(*count)++] = number;
}

static bool look_at_same(const struct condition *a, const struct condition *b) {
    return a->operand == b->operand && (a->operand != OPERAND_HEADER || span_is_ci(a->header, b->header));
}

static struct probe *probe_for(struct group *g, const struct condition *x) {
    for (size_t i = 0; i < g->probe_count; i++)
        if (look_at_same(g->probes[i].like, x)) return &g->probes[i];
    g->probes = memory_grow(g->probes, &g->probe_cap, g->probe_count + 1, sizeof *g->probes);
    g->probes[g->probe_count] = (struct probe){.like = x};
    return &g->probes[g->probe_count++];
}

/* What the text has to contain for the condition to hold. */
static struct span literal_of(const struct condition *x, struct buf *room) {
    bool is_text = x->operand != OPERAND_REMOTE_IP && x->operand != OPERAND_ALWAYS;
    bool is_host = x->operand == OPERAND_HOST && x->op == COND_EQ;
    switch (x->op) {
    case COND_EQ: case COND_PREFIX: case COND_SUFFIX:
        if (!is_text) break;
        return is_host ? span_upto(x->value, span_find(x->value, ':')) : x->value; /* its port may be left out */
    case COND_MATCH: regex_literal(x->value, room); return buf_span(room);
    case COND_NE: case COND_NOMATCH: case COND_NONE: break;
    }
    return SPAN("");
}

static void make_needles(const struct conditions *c, struct probe *p) {
    struct span *literals = memory_zeroed(p->count, sizeof *literals);
    struct arena a = {0};
    for (size_t i = 0; i < p->count; i++) {
        struct buf room = {0};
        literals[i] = arena_copy(&a, literal_of(&c->list[p->members[i]], &room));
        buf_done(&room);
    }
    p->needles = needles_make(literals, p->count);
    arena_done(&a);
    free(literals);
}

static void make_probes(const struct conditions *c, struct group *g) {
    for (size_t i = 0; i < g->count; i++) {
        struct probe *p = probe_for(g, &c->list[g->members[i]]);
        add_member(&p->members, &p->cap, &p->count, g->members[i]);
    }
    for (size_t i = 0; i < g->probe_count; i++) make_needles(c, &g->probes[i]);
    free(g->members);
    g->members = NULL;
}

/* lone: the group of each block's conditions that stand for themselves; chain: of each block its chain's. */
static void sort_into_groups(struct conditions *c, struct group **lone, struct group **chain) {
    uint32_t *followers = memory_zeroed(c->count, sizeof *followers);
    for (unsigned i = 1; i < c->count; i++)
        if (c->list[i].block->previous) followers[c->list[i].block->previous->number]++;
    for (unsigned i = 1; i < c->count; i++) {
        const struct block *b = c->list[i].block;
        unsigned parent = b->parent->number;
        if (b->previous) chain[i] = chain[b->previous->number];
        else if (followers[i]) chain[i] = add_group(c, parent, GROUP_FIRST);
        else if (lone[parent]) chain[i] = lone[parent];
        else chain[i] = lone[parent] = add_group(c, parent, GROUP_EACH);
        if (followers[i] > 1) chain[i]->kind = GROUP_LINKED;
        add_member(&chain[i]->members, &chain[i]->cap, &chain[i]->count, i);
    }
    free(followers);
}

void groups_make(struct conditions *c) {
    struct group **lone = memory_zeroed(c->count, sizeof(struct group *));
    struct group **chain = memory_zeroed(c->count, sizeof(struct group *));
    c->inside = memory_zeroed(c->count, sizeof(struct group *));
    sort_into_groups(c, lone, chain);
    free(lone);
    free(chain);
    for (struct group *g = c->groups; g; g = g->older)
        if (g->kind != GROUP_LINKED) make_probes(c, g);
}

void groups_drop(struct conditions *c) {
    while (c->groups) {
        struct group *g = c->groups;
        c->groups = g->older;
        for (size_t i = 0; i < g->probe_count; i++) {
            needles_drop(g->probes[i].needles);
            free(g->probes[i].members);
        }
        free(g->probes);
        free(g->members);
        free(g);
    }
    free(c->inside);
}

/* ---- looking up ------------------------------------------------------------------------------- */

struct question {
    const struct conditions *c;
    struct request *r;
    struct span socket;
    uint64_t *words;
};

static void look_inside(const struct question *q, unsigned number);

static bool has(const uint64_t *words, unsigned n) {
    return (words[n >> 6] >> (n & 63)) & 1;
}

static void apply(const struct question *q, unsigned number) {
    q->words[number >> 6] |= (uint64_t)1 << (number & 63);
    look_inside(q, number);
}

/* All that hold apply; or, with first_only, the first one's number is the result, if it is below `best`. */
static unsigned look_up(const struct question *q, const struct probe *p, bool first_only, unsigned best) {
    char room[ADDR_TEXT_BYTES];
    struct span text = condition_operand_text(p->like, q->r, q->socket, room);
    struct needles_walk walk;
    size_t i;
    needles_begin(p->needles, text, &walk);
    while (needles_next(&walk, &i)) {
        unsigned number = p->members[i];
        if (first_only && number >= best) break;
        if (!condition_holds(&q->c->list[number], q->r, text)) continue;
        if (first_only) return number;
        apply(q, number);
    }
    return best;
}

static bool chain_is_taken(const struct block *b, const uint64_t *words) {
    for (const struct block *earlier = b->previous; earlier; earlier = earlier->previous)
        if (has(words, earlier->number)) return true;
    return false;
}

static void look_one_by_one(const struct question *q, const struct group *g) {
    char room[ADDR_TEXT_BYTES];
    for (size_t i = 0; i < g->count; i++) {
        const struct condition *x = &q->c->list[g->members[i]];
        if (chain_is_taken(x->block, q->words)) continue;
        if (condition_holds(x, q->r, condition_operand_text(x, q->r, q->socket, room))) apply(q, g->members[i]);
    }
}

static void look_inside(const struct question *q, unsigned number) {
    for (const struct group *g = q->c->inside[number]; g; g = g->next) {
        unsigned best = q->c->count;
        if (g->kind == GROUP_LINKED) look_one_by_one(q, g);
        for (size_t i = 0; i < g->probe_count; i++)
            best = look_up(q, &g->probes[i], g->kind == GROUP_FIRST, best);
        if (best < q->c->count) apply(q, best);
    }
}

void conditions_evaluate(const struct conditions *c, struct request *r, struct span socket, uint64_t *words) {
    const struct question q = {c, r, socket, words};
    memset(words, 0, (c->count + 63) / 64 * sizeof *words);
    apply(&q, 0);
}
