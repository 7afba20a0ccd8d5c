/* explain_facts.c - beside the rehearsal: paths and who may pass, settings in force, limits */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/explain.h"
#include "conf/complain.h"
#include "conf/show.h"
#include "server/plan.h"

/* ---- whose rights ----------------------------------------------------------------------------- */

static void add_group(struct viewer *v, gid_t gid) {
    for (unsigned i = 0; i < v->group_count; i++)
        if (v->groups[i] == gid) return;
    if (v->group_count < sizeof v->groups / sizeof *v->groups) v->groups[v->group_count++] = gid;
}

static void find_groups(struct viewer *v) {
    const struct group *g;
    add_group(v, v->gid);
    setgrent();
    while ((g = getgrent()))
        for (char **name = g->gr_mem; v->name && name && *name; name++)
            if (strcmp(*name, v->name) == 0) add_group(v, g->gr_gid);
    endgrent();
}

void viewer_find(struct viewer *v, const struct core_settings *core) {
    *v = (struct viewer){.uid = geteuid(), .gid = getegid(), .is_us = true};
    const struct passwd *user = core->username.n ? getpwnam(core->username.p) : NULL;
    if (user) {
        v->name = core->username.p;
        v->uid = user->pw_uid;
        v->gid = user->pw_gid;
    }
    const struct group *group = core->groupname.n ? getgrnam(core->groupname.p) : NULL;
    if (group) v->gid = group->gr_gid;
    find_groups(v);
    v->is_us = v->uid == geteuid();
}

static bool is_in(const struct viewer *v, gid_t gid) {
    for (unsigned i = 0; i < v->group_count; i++)
        if (v->groups[i] == gid) return true;
    return false;
}

/* wanted: of 4 (read) and 1 (pass). */
static bool may(const struct viewer *v, const char *path, const struct stat *st, unsigned wanted) {
    if (v->is_us) return faccessat(AT_FDCWD, path, wanted == 1 ? X_OK : R_OK, AT_EACCESS) == 0;
    if (v->uid == 0) return true;
    unsigned bits = st->st_mode & 7;
    if (is_in(v, st->st_gid)) bits = (st->st_mode >> 3) & 7;
    if (st->st_uid == v->uid) bits = (st->st_mode >> 6) & 7;
    return (bits & wanted) == wanted;
}

/* ---- paths ------------------------------------------------------------------------------------ */

static void name_owner(struct component *c, const struct stat *st) {
    const struct passwd *user = getpwuid(st->st_uid);
    const struct group *group = getgrgid(st->st_gid);
    char uid[24], gid[24];
    snprintf(uid, sizeof uid, "%lu", (unsigned long)st->st_uid);
    snprintf(gid, sizeof gid, "%lu", (unsigned long)st->st_gid);
    snprintf(c->owner, sizeof c->owner, "%s:%s", user ? user->pw_name : uid, group ? group->gr_name : gid);
}

static void look_at(struct component *c, const struct viewer *v, struct arena *a) {
    struct stat st, link;
    char target[1024];
    ssize_t n = -1;
    if (lstat(c->path.p, &link) == 0 && S_ISLNK(link.st_mode)) n = readlink(c->path.p, target, sizeof target);
    if (n > 0) c->link = arena_copy(a, (struct span){target, (size_t)n});
    c->error = stat(c->path.p, &st) == 0 ? 0 : errno;
    if (c->error) return;
    c->mode = st.st_mode;
    name_owner(c, &st);
    c->may = may(v, c->path.p, &st, c->is_last && !S_ISDIR(st.st_mode) ? 4 : 1);
}

unsigned components_of(struct span path, const struct viewer *v, struct component *list, struct arena *a) {
    unsigned count = 0;
    while (path.n > 1 && path.p[path.n - 1] == '/') path.n--;
    for (size_t end = 1; path.n && path.p[0] == '/' && count < COMPONENTS_MAX; end++) {
        while (end < path.n && path.p[end] != '/') end++;
        if (end > path.n) end = path.n;
        struct component *c = &list[count];
        size_t from = count ? list[count - 1].path.n : 0;
        if (count == 0) end = 1;
        *c = (struct component){.path = arena_copy(a, span_upto(path, end)), .is_last = end == path.n};
        c->name = span_from(c->path, count ? from : 0);
        if (count && c->name.n > 1 && c->name.p[0] == '/') c->name = span_from(c->name, 1);
        look_at(c, v, a);
        count++;
        if (c->error || !c->may || c->is_last) break;
    }
    return count;
}

/* ---- settings --------------------------------------------------------------------------------- */

static void note(struct in_force *list, size_t *count, const struct conf *conf, const struct setting *x,
                 const struct block *b) {
    const char *module = conf->modules[x->module]->name;
    const struct assignment *a = block_find(b, span_of(x->cell.directive->name));
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(list[i].module, module) != 0 || !span_is(list[i].set->key, a->key)) continue;
        list[i].before = list[i].set;
        list[i].set = a;
        return;
    }
    list[(*count)++] = (struct in_force){module, a, NULL};
}

size_t settings_in_force(const struct plan *plan, struct in_force **list, struct arena *a) {
    const struct conf *conf = plan->conf;
    size_t most = 0, count = 0;
    for (size_t b = 0; conf_next_block(plan->words, conf->tree->block_count, &b); b++) most += conf->blocks[b].count;
    *list = arena_zeroed(a, (most + 1) * sizeof **list);
    for (unsigned m = 0; m < conf->module_count; m++) {
        if (m > 0 && !plan->settings[m]) continue;
        for (size_t b = 0; conf_next_block(plan->words, conf->tree->block_count, &b); b++)
            for (size_t i = 0; i < conf->blocks[b].count; i++) {
                const struct setting *x = &conf->blocks[b].list[i];
                bool is_of_requests = x->cell.directive->scope == SCOPE_ANY;
                if (x->module == m && is_of_requests) note(*list, &count, conf, x, conf->tree->blocks[b]);
            }
    }
    return count;
}

static void add_quoted(struct buf *out, struct span text) {
    buf_add_char(out, '"');
    show_text(out, text);
    buf_add_char(out, '"');
}

static void add_value(struct buf *out, const struct value *v, size_t most) {
    if (most && out->n > most) return;
    if (v->type == VALUE_STRING) add_quoted(out, v->string);
    if (v->type == VALUE_INT) buf_printf(out, "%ld", (long)v->number);
    if (v->type != VALUE_ARRAY) return;
    buf_add_text(out, v->count ? "( " : "(");
    for (size_t i = 0; i < v->count && !(most && out->n > most); i++) {
        if (i) buf_add_text(out, ", ");
        if (v->elements[i].key.p) {
            add_quoted(out, v->elements[i].key);
            buf_add_text(out, " => ");
        }
        add_value(out, &v->elements[i].value, most);
    }
    buf_add_text(out, v->count ? " )" : ")");
}

void explain_value(struct buf *out, const struct value *v, size_t columns) {
    struct buf text = {0};
    add_value(&text, v, columns);
    if (columns && text.n > columns) {
        text.n = columns;
        while (text.n && (text.p[text.n - 1] & 0xc0) == 0x80) text.n--; /* within a character */
        if (text.n && text.p[text.n - 1] & 0x80) text.n--;
        buf_add_text(&text, "...");
    }
    buf_add(out, buf_span(&text));
    buf_done(&text);
}

void explain_place(struct buf *out, struct place at) {
    unsigned line, column;
    if (!at.source) return;
    place_line(at, &line, &column);
    show_text(out, place_name(at));
    buf_printf(out, ":%u", line);
}

bool explain_limit(const struct core_settings *core, size_t i, struct span *directive, uint32_t *value,
                   const char **unit) {
    const struct {
        struct span directive;
        uint32_t value;
        const char *unit;
    } limits[] = {
        {SPAN("server.max-request-field-size"), core->max_head_bytes, "bytes"},
        {SPAN("server.max-request-size"), core->max_request_kib, "KiB"},
        {SPAN("server.max-read-idle"), core->max_read_idle_s, "s"},
        {SPAN("server.max-write-idle"), core->max_write_idle_s, "s"},
        {SPAN("server.max-keep-alive-requests"), core->max_keep_alive_requests, ""},
        {SPAN("server.max-keep-alive-idle"), core->max_keep_alive_idle_s, "s"},
        {SPAN("connection.kbytes-per-second"), core->connection_kbytes_s, "KiB/s"},
        {SPAN("server.kbytes-per-second"), core->server_kbytes_s, "KiB/s"},
    };
    if (i >= sizeof limits / sizeof *limits) return false;
    *directive = limits[i].directive;
    *value = limits[i].value;
    *unit = limits[i].unit;
    return true;
}
