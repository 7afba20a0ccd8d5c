/* renewal.c - what changes without a reload */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/renewal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/memory.h"
#include "server/secure.h"
#include "tls/context.h"

enum { LOOK_S = 60, ROTATE_S = 8 * 3600, KEY_FILE_MAX = 64 * TLS_TICKET_KEY_BYTES };

/* ---- which files ------------------------------------------------------------------------------ */

static void forget_files(struct watched *files, size_t count) {
    for (size_t i = 0; i < count; i++) free(files[i].path);
    free(files);
}

void renewal_done(struct renewal *r) {
    forget_files(r->files, r->count);
    free(r->keys.path);
    *r = (struct renewal){.files = NULL};
}

static struct watched *find(struct watched *files, size_t count, struct span path) {
    for (size_t i = 0; i < count; i++)
        if (span_is(span_of(files[i].path), path)) return &files[i];
    return NULL;
}

static void add(struct renewal *r, struct span path, size_t block) {
    if (!path.n || find(r->files, r->count, path)) return;
    r->files = memory_resize(r->files, (r->count + 1) * sizeof *r->files);
    r->files[r->count++] = (struct watched){.path = span_dup(path), .block = block};
}

static void add_setting(struct renewal *r, const struct setting *s, size_t block) {
    const struct directive *d = s->cell.directive;
    if (s->module != SECURE_MODULE) return;
    if (tls_directive_is_file(d)) add(r, s->cell.is.text, block);
    if (strcmp(d->name, "ssl.stek-file") != 0 || !s->cell.is.text.n) return;
    free(r->keys.path);
    r->keys.path = span_dup(s->cell.is.text);
}

/* What was tried once stays so, whatever the configuration. */
static void keep_states(struct renewal *r, struct watched *old, size_t count) {
    for (size_t i = 0; i < r->count; i++) {
        const struct watched *before = find(old, count, span_of(r->files[i].path));
        if (before) r->files[i].state = before->state;
    }
    forget_files(old, count);
}

void renewal_watch(struct renewal *r, const struct conf *conf) {
    struct span keys;
    int64_t now = clock_monotonic_s();
    struct watched *old = r->files;
    size_t old_count = r->count;
    bool refreshes = feature_flag(conf->core, SPAN("ssl.refresh-certs"), true); /* lighttpd's switch; off there */
    r->files = NULL;
    r->count = 0;
    free(r->keys.path);
    r->keys = (struct watched){.path = NULL};
    for (size_t b = 0; conf->has_tls && b < conf->tree->block_count; b++)
        for (size_t i = 0; i < conf->blocks[b].count; i++) add_setting(r, &conf->blocks[b].list[i], b);
    while (!refreshes && r->count) free(r->files[--r->count].path);
    keep_states(r, old, old_count);
    r->look_s = r->count || r->keys.path ? now + LOOK_S : 0;
    if (!r->keys.path) r->keys_of_file = false;
    if (!conf->has_tls) r->rotate_s = 0;
    else if (!r->has_keys || (r->keys.path && !r->keys_of_file)) renewal_keys(r, &keys);
    else if (!r->keys_of_file && !r->rotate_s) r->rotate_s = now + ROTATE_S;
}

/* ---- when ------------------------------------------------------------------------------------- */

int64_t renewal_wait_s(const struct renewal *r) {
    int64_t next = r->look_s, now = clock_monotonic_s();
    if (!next || (r->rotate_s && r->rotate_s < next)) next = r->rotate_s;
    if (!next) return 0;
    return next > now ? next - now : 1;
}

bool renewal_is_due(const struct renewal *r) {
    int64_t now = clock_monotonic_s();
    return (r->look_s && now >= r->look_s) || (r->rotate_s && now >= r->rotate_s);
}

/* ---- what ------------------------------------------------------------------------------------- */

/* A file that is missing for a moment is not a new one. */
static bool has_changed(struct watched *w) {
    struct file_state now;
    if (file_look(w->path, &now) != 0 || file_same(&now, &w->state)) return false;
    w->state = now;
    return true;
}

static const char *read_keys(const char *path) {
    struct buf bytes = {NULL, 0, 0};
    int fd = fd_open(path, O_RDONLY | O_NONBLOCK, 0);
    const char *why = NULL;
    if (fd < 0 || fd_read_all(fd, &bytes, KEY_FILE_MAX) != 0) why = strerror(errno);
    else if (!tls_tickets_load(buf_span(&bytes))) why = "it does not consist of keys of 80 bytes";
    if (fd >= 0) close(fd);
    buf_done(&bytes);
    return why;
}

static bool load_keys(struct renewal *r) {
    if (!has_changed(&r->keys) && r->has_keys) return false;
    const char *why = read_keys(r->keys.path);
    if (why) say_error("ssl.stek-file: %s: %s; the keys stay as they are", r->keys.path, why);
    else r->keys_of_file = true;
    return !why;
}

bool renewal_keys(struct renewal *r, struct span *keys) {
    int64_t now = clock_monotonic_s();
    bool changed = r->keys.path && load_keys(r);
    bool rotates = !r->keys_of_file && (!r->has_keys || now >= r->rotate_s);
    if (rotates) tls_tickets_rotate();
    if (rotates) r->rotate_s = now + ROTATE_S;
    if (r->keys_of_file) r->rotate_s = 0;
    r->has_keys = true;
    *keys = tls_tickets();
    return changed || rotates;
}

/* With what is in the files now, of one block or of all. */
static struct inputs *refresh(const struct renewal *r, const struct conf *conf, size_t block, bool all) {
    const char **paths = memory_get((r->count + 1) * sizeof *paths);
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++)
        if (all || r->files[i].block == block) paths[n++] = r->files[i].path;
    struct inputs *inputs = n ? inputs_refresh(conf->inputs, paths, n) : NULL;
    free(paths);
    return inputs;
}

/* All files, not the changed ones alone: of a certificate and its key one may have been there before. */
struct inputs *renewal_inputs(struct renewal *r, const struct conf *conf) {
    int64_t now = clock_monotonic_s();
    bool changed = false;
    if (!r->look_s || now < r->look_s) return NULL;
    r->look_s = now + LOOK_S;
    for (size_t i = 0; i < r->count; i++) changed |= has_changed(&r->files[i]);
    return changed ? refresh(r, conf, 0, true) : NULL;
}

struct inputs *renewal_inputs_of(const struct renewal *r, const struct conf *conf, size_t block) {
    return refresh(r, conf, block, false);
}
