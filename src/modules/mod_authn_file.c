/* mod_authn_file.c - passwords in files: auth.backend plain, htpasswd, htdigest */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/filejob.h"
#include "server/module.h"

struct settings {
    struct span plain_groups, plain, htdigest, htpasswd;
};

static const struct settings defaults = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};

static const struct directive directives[] = {
    {"auth.backend.plain.groupfile", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, plain_groups),
     "A file of lines \"group: user user\", for group= in auth.require; of all three kinds of files.", NULL, NULL,
     DIRECTIVE_ASKS, NULL},
    {"auth.backend.plain.userfile", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, plain),
     "A file of lines \"user:password\".", NULL, NULL, DIRECTIVE_ASKS, NULL},
    {"auth.backend.htdigest.userfile", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, htdigest),
     "A file of lines \"user:realm:hash\", as htdigest makes them.", NULL, NULL, DIRECTIVE_ASKS, NULL},
    {"auth.backend.htpasswd.userfile", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, htpasswd),
     "A file of lines \"user:hash\", as htpasswd makes them.", NULL, NULL, DIRECTIVE_ASKS, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->plain.n || s->htdigest.n || s->htpasswd.n;
}

static const char *ask_plain(const void *settings, const struct auth_login *l, struct buf *question) {
    const struct settings *s = settings;
    if (!s || !s->plain.n) return "auth.backend is plain, but auth.backend.plain.userfile is not set";
    file_ask(FILE_PLAIN, s->plain, s->plain_groups, l, question);
    return NULL;
}

static const char *ask_htpasswd(const void *settings, const struct auth_login *l, struct buf *question) {
    const struct settings *s = settings;
    if (!s || !s->htpasswd.n) return "auth.backend is htpasswd, but auth.backend.htpasswd.userfile is not set";
    file_ask(FILE_HTPASSWD, s->htpasswd, s->plain_groups, l, question);
    return NULL;
}

static const char *ask_htdigest(const void *settings, const struct auth_login *l, struct buf *question) {
    const struct settings *s = settings;
    if (!s || !s->htdigest.n) return "auth.backend is htdigest, but auth.backend.htdigest.userfile is not set";
    file_ask(FILE_HTDIGEST, s->htdigest, s->plain_groups, l, question);
    return NULL;
}

static const struct job_kind job = {"password-file", file_answer, true};
static const struct job_kind *const jobs[] = {&job, NULL};
static const struct module_work work = {NULL, NULL, jobs, NULL, NULL, false};
static const struct hook hooks[] = {{PHASE_COUNT, NULL, LASTS}};

const struct module mod_authn_file = {MODULE_ABI, "mod_authn_file", directives, hooks, sizeof(struct settings),
                                      &defaults,  is_active,        &work};

extern const struct auth_backend auth_backend_plain, auth_backend_htpasswd, auth_backend_htdigest;
const struct auth_backend auth_backend_plain = {"plain", &mod_authn_file, &job, true, ask_plain};
const struct auth_backend auth_backend_htpasswd = {"htpasswd", &mod_authn_file, &job, false, ask_htpasswd};
const struct auth_backend auth_backend_htdigest = {"htdigest", &mod_authn_file, &job, true, ask_htdigest};
