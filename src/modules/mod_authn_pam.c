/* mod_authn_pam.c - passwords of the system: auth.backend pam */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/backend.h"
#include "modules/auth/outside.h"
#include "modules/auth/question.h"
#include "server/module.h"

struct settings {
    const struct span *service;
};

static const struct settings defaults = {NULL};

static void *take_options(const struct value *v, struct complaints *c) {
    const struct value *service = value_at(v, SPAN("service"));
    static struct span usual = SPAN_INIT("http");
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        if (e->key.p && span_is(e->key, SPAN("service"))) continue;
        complain(c, COMPLAINT_WARNING, e->key.p ? e->key_place : e->value.place, e->key.n + 2,
                 "write ( \"service\" => \"http\" )", "auth.backend.pam.opts knows no \"%.*s\"", SPAN_ARG(e->key));
    }
    return service ? (void *)&service->string : &usual;
}

static const struct directive directives[] = {
    {"auth.backend.pam.opts", DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, service),
     "\"service\": which file of /etc/pam.d says how; http by default.", take_options, NULL, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    return ((const struct settings *)settings)->service != NULL;
}

static const char *ask(const void *settings, const struct auth_login *l, struct buf *question) {
    const struct settings *s = settings;
    texts_add(question, s ? *s->service : SPAN("http"));
    texts_add(question, l->client);
    texts_add(question, l->user);
    texts_add(question, l->password);
    auth_add_groups(question, l->rule);
    return NULL;
}

static void ask_pam(struct span question, struct buf *answer) {
    outside_ask("goldcrest-authn-pam", question, answer);
}

static const struct job_kind job = {"password-pam", ask_pam, false};
static const struct job_kind *const jobs[] = {&job, NULL};
static const struct module_work work = {NULL, NULL, jobs, NULL, NULL, false};
static const struct hook hooks[] = {{PHASE_COUNT, NULL, LASTS}};

const struct module mod_authn_pam = {MODULE_ABI, "mod_authn_pam", directives, hooks, sizeof(struct settings),
                                     &defaults,  is_active,       &work};

extern const struct auth_backend auth_backend_pam;
const struct auth_backend auth_backend_pam = {"pam", &mod_authn_pam, &job, false, ask};
