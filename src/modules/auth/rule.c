/* rule.c - what auth.require says: checked at load, since a rule that is left out opens what it guards */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/rule.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "conf/inputs.h"

const struct algorithm algorithms[ALGORITHMS] = {
    {SPAN_INIT("SHA-512-256"), HASH_SHA512_256, false},
    {SPAN_INIT("SHA-512-256-sess"), HASH_SHA512_256, true},
    {SPAN_INIT("SHA-256"), HASH_SHA256, false},
    {SPAN_INIT("SHA-256-sess"), HASH_SHA256, true},
    {SPAN_INIT("MD5"), HASH_MD5, false},
    {SPAN_INIT("MD5-sess"), HASH_MD5, true},
};

static const char *algorithm_name(void *arg, size_t i) {
    (void)arg;
    return i < ALGORITHMS ? algorithms[i].name.p : NULL;
}

/* ---- the parts of a rule ---------------------------------------------------------------------- */

static void take_method(struct auth_rule *rule, const struct value *v, struct complaints *c) {
    static const struct span names[] = {SPAN_INIT("basic"), SPAN_INIT("digest"), SPAN_INIT("extern")};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (!span_is_ci(v->string, names[i])) continue;
        rule->method = (enum auth_method)i;
        return;
    }
    complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, "write basic, digest or extern",
             "\"%.*s\" is no method of authentication in this build", SPAN_ARG(v->string));
}

static void take_realm(struct auth_rule *rule, const struct value *v, struct complaints *c) {
    rule->realm = v->string;
    for (size_t i = 0; i < v->string.n; i++)
        if ((unsigned char)v->string.p[i] < ' ' || v->string.p[i] == 0x7f) {
            complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, NULL, "a realm has no control characters");
            return;
        }
}

static void take_requirement(struct auth_rule *rule, struct span part, const struct value *v, struct complaints *c) {
    static const struct span user = SPAN_INIT("user="), group = SPAN_INIT("group=");
    if (span_is(part, SPAN("valid-user"))) rule->any_user = true;
    else if (span_starts(part, user) && part.n > user.n) rule->users[rule->user_count++] = span_from(part, user.n);
    else if (span_starts(part, group) && part.n > group.n)
        rule->groups[rule->group_count++] = span_from(part, group.n);
    else if (span_starts(part, SPAN("host=")))
        complain(c, COMPLAINT_WARNING, v->place, v->string.n + 2, "write a condition on $HTTP[\"remoteip\"]",
                 "\"%.*s\" lets nobody in", SPAN_ARG(part));
    else
        complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2,
                 "write \"valid-user\", or \"user=NAME\" and \"group=NAME\" with \"|\" between them",
                 "\"%.*s\" is nothing that can be required", SPAN_ARG(part));
}

static void take_require(struct auth_rule *rule, const struct value *v, struct complaints *c) {
    struct span rest = v->string, part;
    size_t most = 1;
    for (size_t i = 0; i < rest.n; i++) most += rest.p[i] == '|';
    rule->users = memory_zeroed(most, sizeof *rule->users);
    rule->groups = memory_zeroed(most, sizeof *rule->groups);
    if (rest.n == 0) take_requirement(rule, rest, v, c);
    while (span_next(&rest, '|', &part)) take_requirement(rule, span_trim(part), v, c);
}

static void take_algorithms(struct auth_rule *rule, const struct value *v, struct complaints *c) {
    struct span rest = v->string, part;
    while (span_next(&rest, '|', &part)) {
        unsigned i = 0;
        char hint[HINT_BYTES];
        part = span_trim(part);
        while (i < ALGORITHMS && !span_is_ci(part, algorithms[i].name)) i++;
        if (i < ALGORITHMS) rule->offered |= 1u << i;
        else
            complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2,
                     hint_near(hint, did_you_mean(part, algorithm_name, NULL), "write MD5, SHA-256 or SHA-512-256"),
                     "\"%.*s\" is no algorithm of Digest", SPAN_ARG(part));
    }
}

static void take_secret(struct auth_rule *rule, const struct value *v, struct complaints *c) {
    rule->nonce_secret = v->string;
    if (v->string.n < 32)
        complain(c, COMPLAINT_WARNING, v->place, v->string.n + 2, "take 32 or more random characters",
                 "this nonce-secret is short");
}

static const struct {
    struct span key;
    void (*take)(struct auth_rule *rule, const struct value *v, struct complaints *c);
} parts[] = {
    {SPAN_INIT("method"), take_method},           {SPAN_INIT("realm"), take_realm},
    {SPAN_INIT("require"), take_require},         {SPAN_INIT("algorithm"), take_algorithms},
    {SPAN_INIT("nonce-secret"), take_secret},     {SPAN_INIT("nonce_secret"), take_secret},
    {SPAN_INIT("userhash"), NULL /* a switch */},
};
enum { PARTS = sizeof parts / sizeof *parts };

static const char *part_name(void *arg, size_t i) {
    (void)arg;
    return i < PARTS ? parts[i].key.p : NULL;
}

static void take_part(struct auth_rule *rule, const struct element *e, struct complaints *c) {
    size_t i = 0;
    char hint[HINT_BYTES];
    while (i < PARTS && !span_is(e->key, parts[i].key)) i++;
    if (i == PARTS)
        complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2,
                 hint_near(hint, did_you_mean(e->key, part_name, NULL), NULL), "auth.require knows no \"%.*s\"",
                 SPAN_ARG(e->key));
    else if (!parts[i].take && !value_as_bool(&e->value, &rule->userhash))
        complain(c, COMPLAINT_ERROR, e->value.place, 1, NULL, "userhash is \"enable\" or \"disable\"");
    else if (parts[i].take && e->value.type != VALUE_STRING)
        complain(c, COMPLAINT_ERROR, e->value.place, 1, NULL, "%.*s is a text in double quotes", SPAN_ARG(e->key));
    else if (parts[i].take) parts[i].take(rule, &e->value, c);
}

/* ---- rules ------------------------------------------------------------------------------------ */

static void check_missing(const struct element *e, const struct auth_rule *rule, struct complaints *c) {
    static const struct span needed[] = {SPAN_INIT("method"), SPAN_INIT("require"), SPAN_INIT("realm")};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (value_at(&e->value, needed[i])) continue;
        if (rule->method == AUTH_EXTERN && span_is(needed[i], SPAN("realm"))) continue;
        complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2,
                 "write ( \"method\" => \"basic\", \"realm\" => \"…\", \"require\" => \"valid-user\" )",
                 "\"%.*s\" has no \"%s\"", SPAN_ARG(e->key), needed[i].p);
    }
}

static void make_rule(struct auth_rule *rule, const struct element *e, struct complaints *c) {
    rule->prefix = e->key;
    rule->place = e->key_place;
    if (e->value.type != VALUE_ARRAY) {
        complain(c, COMPLAINT_ERROR, e->value.place, 1, "write \"/prefix\" => ( \"method\" => \"basic\", … )",
                 "what \"%.*s\" requires is a table", SPAN_ARG(e->key));
        return;
    }
    if (!e->key.p || (e->key.n && e->key.p[0] != '/'))
        complain(c, COMPLAINT_ERROR, e->key.p ? e->key_place : e->value.place, e->key.n + 2, NULL,
                 "a rule of auth.require begins with a prefix of the path: \"/…\" => ( … )");
    for (size_t i = 0; i < e->value.count; i++) take_part(rule, &e->value.elements[i], c);
    check_missing(e, rule, c);
    if (!rule->offered) rule->offered = 1u << ALGORITHM_MD5; /* what lighttpd offers when nobody says */
}

/* The first match wins: what stands behind a shorter prefix is never reached. */
static void check_order(const struct auth_rules *rules, const struct value *v, struct complaints *c) {
    for (size_t i = 1; i < rules->count; i++) {
        for (size_t before = 0; before < i; before++) {
            if (!span_starts(rules->list[i].prefix, rules->list[before].prefix)) continue;
            complain(c, COMPLAINT_WARNING, v->elements[i].key_place, rules->list[i].prefix.n + 2,
                     "put the longer prefix in front: the first match wins",
                     "\"%.*s\" is never asked for: \"%.*s\" stands before it", SPAN_ARG(rules->list[i].prefix),
                     SPAN_ARG(rules->list[before].prefix));
            break;
        }
    }
}

/* What nonces are made with: all workers must agree, also after a reload. */
static struct span shared_secret(struct complaints *c) {
    static unsigned char own[32]; /* without a recording (tests) */
    struct inputs *in = complaints_inputs(c);
    struct span secret = in ? inputs_secret(in) : SPAN("");
    if (secret.n) return secret;
    if (!own[0]) random_bytes(own, sizeof own);
    own[0] |= 1;
    return (struct span){(const char *)own, sizeof own};
}

void *auth_rules_make(const struct value *v, struct complaints *c) {
    struct auth_rules *rules = memory_zeroed(1, sizeof *rules);
    size_t errors = complaints_errors(c);
    struct span secret = shared_secret(c);
    rules->list = memory_zeroed(v->count ? v->count : 1, sizeof *rules->list);
    rules->count = v->count;
    for (size_t i = 0; i < v->count; i++) {
        make_rule(&rules->list[i], &v->elements[i], c);
        if (!rules->list[i].nonce_secret.n) rules->list[i].nonce_secret = secret;
    }
    check_order(rules, v, c);
    if (complaints_errors(c) == errors) return rules;
    auth_rules_drop(rules);
    return NULL;
}

void auth_rules_drop(void *compiled) {
    struct auth_rules *rules = compiled;
    if (!rules) return;
    for (size_t i = 0; i < rules->count; i++) {
        free(rules->list[i].users);
        free(rules->list[i].groups);
    }
    free(rules->list);
    free(rules);
}

const struct auth_rule *auth_rule_for(const struct auth_rules *rules, struct span path, bool any_case) {
    for (size_t i = 0; i < rules->count; i++) {
        struct span prefix = rules->list[i].prefix;
        if (any_case ? span_starts_ci(path, prefix) : span_starts(path, prefix)) return &rules->list[i];
    }
    return NULL;
}

bool auth_rule_allows(const struct auth_rule *rule, struct span user, bool in_group) {
    if (rule->any_user || (in_group && rule->group_count)) return true;
    for (size_t i = 0; i < rule->user_count; i++)
        if (span_is(rule->users[i], user)) return true;
    return false;
}
