/* plan.c - what a configuration means for one combination of conditions */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/plan.h"

#include "base/memory.h"

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

static struct plan *build(const struct conf *conf, const uint64_t *words, struct arena *a) {
    struct plan *p = arena_zeroed(a, sizeof *p);
    size_t n = (conf->tree->block_count + 63) / 64;
    p->conf = conf;
    p->words = memcpy(arena_get(a, n * sizeof *words), words, n * sizeof *words);
    p->core = conf_merge(conf, 0, words, a);
    p->settings = arena_zeroed(a, conf->module_count * sizeof(void *));
    for (unsigned m = 1; m < conf->module_count; m++) {
        const void *settings = conf_merge(conf, m, words, a);
        if (!conf->modules[m]->is_active || conf->modules[m]->is_active(settings)) p->settings[m] = settings;
    }
    for (unsigned phase = 0; phase < PHASE_COUNT; phase++) collect_hooks(p, (enum phase)phase, a);
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
    conditions_evaluate(&conf->conditions, r, socket, words);
    return find(conf, words, &r->arena);
}

const struct plan *plan_global(struct conf *conf) {
    size_t n = (conf->tree->block_count + 63) / 64;
    uint64_t *words = arena_zeroed(&conf->arena, n * sizeof *words);
    words[0] = 1;
    return find(conf, words, NULL);
}
