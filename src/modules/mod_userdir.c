/* mod_userdir.c - "/~user/" is a directory in the home of a user: userdir.* */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <pwd.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "net/file.h"
#include "server/module.h"

struct settings {
    struct span path, basepath;
    const struct value *exclude, *include;
    bool letterhomes, active;
};

static const struct settings defaults = {{NULL, 0}, {NULL, 0}, NULL, NULL, false, true};

#define ROW(name, type, field, help) \
    { name, DIRECTIVE_##type, SCOPE_ANY, offsetof(struct settings, field), help, NULL, NULL, 0, NULL }

static const struct directive directives[] = {
    {"userdir.path", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, path),
     "The directory in the home of a user that \"/~user/\" leads to.", NULL, NULL, DIRECTIVE_HOMES, NULL},
    {"userdir.basepath", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, basepath),
     "Where the homes lie; without it the system is asked for each user's.", NULL, NULL, DIRECTIVE_READS, NULL},
    ROW("userdir.exclude-user", LIST, exclude, "Users who have no \"/~user/\"."),
    ROW("userdir.include-user", LIST, include, "If it is not empty, the only users who have one."),
    ROW("userdir.letterhomes", BOOL, letterhomes, "Homes lie below their first letter: basepath/u/user."),
    ROW("userdir.active", BOOL, active, "Whether \"/~user/\" means anything."),
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->active && s->path.p;
}

/* ---- which users ------------------------------------------------------------------------------ */

static bool is_listed(const struct value *list, struct span user) {
    for (size_t i = 0; list && i < list->count; i++)
        if (span_is(list->elements[i].value.string, user)) return true;
    return false;
}

/* A name begins a path: no dot in front, no byte that means something there. */
static bool is_user_name(struct span user) {
    if (user.n == 0 || user.p[0] == '.') return false;
    for (size_t i = 0; i < user.n; i++) {
        char c = ascii_lower(user.p[i]);
        if (!(c >= 'a' && c <= 'z') && !ascii_is_digit(c) && c != '.' && c != '_' && c != '-') return false;
    }
    return true;
}

static bool has_directory(const struct settings *s, struct span user) {
    if (!is_user_name(user) || is_listed(s->exclude, user)) return false;
    return !s->include || s->include->count == 0 || is_listed(s->include, user);
}

/* ---- where they live -------------------------------------------------------------------------- */

enum { KNOWN_USERS = 32, KNOWN_FOR_S = 10, USER_BYTES = 64, HOME_BYTES = 512 };

/* known_user - what the system said of a name; asking it may take a query over the network */
struct known_user {
    char name[USER_BYTES], home[HOME_BYTES]; /* home "": there is no such user */
    size_t name_n, home_n;
    int64_t asked_s;
};

static void ask_system(struct known_user *u, struct span user) {
    *u = (struct known_user){.name_n = user.n, .asked_s = clock_now_s()};
    memcpy(u->name, user.p, user.n); /* zeroed behind it */
    const struct passwd *entry = getpwnam(u->name);
    size_t n = entry && entry->pw_dir && entry->pw_dir[0] == '/' ? strlen(entry->pw_dir) : 0;
    if (n == 0 || n > HOME_BYTES) return;
    memcpy(u->home, entry->pw_dir, n);
    u->home_n = n;
}

/* The last ones asked for are remembered for a moment, each in the place that its name chooses. */
static struct span system_home(struct span user) {
    static struct known_user known[KNOWN_USERS];
    unsigned hash = 0;
    if (user.n >= USER_BYTES) return SPAN("");
    for (size_t i = 0; i < user.n; i++) hash = hash * 31 + (unsigned char)user.p[i];
    struct known_user *u = &known[hash % KNOWN_USERS];
    int64_t age_s = clock_now_s() - u->asked_s;
    if (!span_is((struct span){u->name, u->name_n}, user) || age_s < 0 || age_s >= KNOWN_FOR_S) ask_system(u, user);
    return (struct span){u->home, u->home_n};
}

static struct span home_of(struct request *r, const struct settings *s, struct span user) {
    struct span base = s->basepath;
    if (base.n == 0) return system_home(user);
    while (base.n && base.p[base.n - 1] == '/') base.n--;
    if (!s->letterhomes) return arena_printf(&r->arena, "%.*s/%.*s", SPAN_ARG(base), SPAN_ARG(user));
    return arena_printf(&r->arena, "%.*s/%c/%.*s", SPAN_ARG(base), user.p[0], SPAN_ARG(user));
}

/* ---- the hook --------------------------------------------------------------------------------- */

static bool is_directory(const char *path) {
    struct file_state state;
    return file_look(path, &state) == 0 && S_ISDIR(state.mode);
}

/* From the decoded path, in which no "//" is left that would make a host of what follows. */
static enum handler redirect_to_slash(struct request *r) {
    struct buf location = {0};
    percent_encode(&location, r->in.uri.path, PERCENT_PATH);
    buf_add_char(&location, '/');
    if (r->in.uri.query.p) {
        buf_add_char(&location, '?');
        buf_add(&location, r->in.uri.query);
    }
    struct span kept = arena_copy(&r->arena, buf_span(&location));
    buf_done(&location);
    return request_redirect(r, 301, kept);
}

static enum handler find_user(struct request *r, const void *settings) {
    const struct settings *s = settings;
    struct span path = r->physical.rel_path, below = s->path;
    if (!span_starts(path, SPAN("/~")) || !span_is(r->physical.basedir, r->physical.docroot)) return HANDLER_GO_ON;
    path = span_from(path, 2);
    struct span user = span_upto(path, span_find(path, '/')), rest = span_from(path, user.n);
    if (!has_directory(s, user)) return HANDLER_GO_ON;
    request_lasts(r, LASTS_A_SECOND);
    struct span home = home_of(r, s, user);
    if (home.n == 0) return HANDLER_GO_ON;
    while (below.n && below.p[0] == '/') below = span_from(below, 1);
    while (below.n && below.p[below.n - 1] == '/') below.n--;
    struct span base = arena_printf(&r->arena, below.n ? "%.*s/%.*s" : "%.*s%.*s", SPAN_ARG(home), SPAN_ARG(below));
    if (!is_directory(base.p)) return HANDLER_GO_ON;
    if (rest.n == 0) return redirect_to_slash(r);
    request_set_path(r, base, rest);
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_PHYSICAL, find_user, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_userdir = {MODULE_ABI, "mod_userdir", directives, hooks, sizeof(struct settings),
                                   &defaults,  is_active, NULL};
