/* plan.c - what a configuration means for one combination of conditions */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/plan.h"

#include "base/memory.h"
#include "server/counting.h"

/* Whether a module whose settings differ from the global ones has a hook in that phase. */
static bool is_changed(const struct conf *conf, const bool *changed, enum phase phase) {
    for (unsigned m = 1; m < conf->module_count; m++)
        for (const struct hook *h = conf->modules[m]->hooks; changed[m] && h->run; h++)
            if (h->phase == phase) return true;
    return false;
}

static void collect_hooks(struct plan *p, enum phase phase, struct arena *a) {
    const struct conf *conf = p->conf;
    size_t room = 0;
    for (unsigned m = 1; m < conf->module_count; m++)
        for (const struct hook *h = conf->modules[m]->hooks; p->settings[m] && h->run; h++) room += h->phase == phase;
    if (room == 0) return;
    p->hooks[phase] = arena_get(a, room * sizeof(struct planned_hook));
    for (unsigned m = 1; m < conf->module_count; m++)
        for (const struct hook *h = conf->modules[m]->hooks; p->settings[m] && h->run; h++)
            if (h->phase == phase)
                p->hooks[phase][p->hook_count[phase]++] =
                    (struct planned_hook){h->run, p->settings[m], h->lasting, (uint16_t)m};
}

/* changed[m]: some block that applies, beside the global one, sets something of module m. */
static void find_changes(const struct conf *conf, const uint64_t *words, bool *changed) {
    for (size_t i = 1; conf_next_block(words, conf->tree->block_count, &i); i++)
        for (size_t s = 0; s < conf->blocks[i].count; s++) changed[conf->blocks[i].list[s].module] = true;
}

static void merge_module(struct plan *p, unsigned m, struct arena *a) {
    const struct module *module = p->conf->modules[m];
    const void *settings = conf_merge(p->conf, m, p->words, a);
    if (!module->is_active || module->is_active(settings)) p->settings[m] = settings;
}

/* What no block changes is the global plan's: a thousand hosts have one copy of it. */
static struct plan *build(const struct conf *conf, const uint64_t *words, struct arena *a) {
    const struct plan *global = conf->global_plan;
    struct plan *p = arena_zeroed(a, sizeof *p);
    bool *changed = arena_zeroed(a, conf->module_count * sizeof *changed);
    size_t n = (conf->tree->block_count + 63) / 64;
    find_changes(conf, words, changed);
    p->conf = conf;
    p->words = memcpy(arena_get(a, n * sizeof *words), words, n * sizeof *words);
    p->core = global && !changed[0] ? global->core : conf_merge(conf, 0, words, a);
    if (p->core->server_kbytes_s) p->pace_block = block_identity(p->core->server_kbytes_in);
    p->vhost = (uint16_t)counters_vhost(counted_vhost(p));
    p->settings = arena_zeroed(a, conf->module_count * sizeof(void *));
    for (unsigned m = 1; m < conf->module_count; m++) {
        if (global && !changed[m]) p->settings[m] = global->settings[m];
        else merge_module(p, m, a);
    }
    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        if (!global || is_changed(conf, changed, (enum phase)i)) {
            collect_hooks(p, (enum phase)i, a);
            continue;
        }
        p->hooks[i] = global->hooks[i];
        p->hook_count[i] = global->hook_count[i];
    }
    return p;
}

static const struct plan *find(struct conf *conf, const uint64_t *words, struct arena *otherwise) {
    struct span key = {(const char *)words, (conf->tree->block_count + 63) / 64 * sizeof *words};
    struct plan *p = map_get(&conf->plans, key);
    if (p) return p;
    if (conf->plans.count >= PLANS_MAX && otherwise) {
        p = build(conf, words, otherwise);
        p->alone = true;
        return p;
    }
    p = build(conf, words, &conf->arena);
    map_put(&conf->plans, (struct span){(const char *)p->words, key.n}, p);
    if (conf->plans.count == PLANS_MAX)
        say_warning("%d combinations of conditions were seen: further ones are not kept", PLANS_MAX);
    return p;
}

const struct plan *plan_for(struct conf *conf, struct request *r, struct span socket) {
    uint64_t few[4], *words = few;
    if (conf->conditions.count > 256)
        words = arena_get(&r->arena, (conf->conditions.count + 63) / 64 * sizeof *words);
    plan_global(conf);
    conditions_evaluate(&conf->conditions, r, socket, words);
    return find(conf, words, &r->arena);
}

const struct plan *plan_global(struct conf *conf) {
    if (conf->global_plan) return conf->global_plan;
    size_t n = (conf->tree->block_count + 63) / 64;
    uint64_t *words = arena_zeroed(&conf->arena, n * sizeof *words);
    words[0] = 1;
    conf->global_plan = find(conf, words, NULL);
    return conf->global_plan;
}

void plans_forget(struct conf *conf) {
    map_done(&conf->plans);
    conf->global_plan = NULL;
}
