/* modules.c - modules by name: built in, or known from elsewhere */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/modules.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "server/settings.h"

static const struct module **all; /* with those that were loaded; NULL: none was */

const struct module *const *modules_all(void) {
    return all ? all : builtin_modules;
}

static size_t count(const struct module *const *list) {
    size_t n = 0;
    while (list[n]) n++;
    return n;
}

void modules_add(const struct module *m, const struct module *before) {
    const struct module *const *old = modules_all();
    size_t n = count(old), to = 0;
    const struct module **new = memory_zeroed(n + 2, sizeof *new);
    for (size_t i = 0; i < n; i++) {
        if (old[i] == before) new[to++] = m;
        new[to++] = old[i];
    }
    if (!before) new[to] = m;
    free(all);
    all = new;
}

const struct module *module_find(struct span name) {
    if (span_is(name, SPAN("mod_compress"))) name = SPAN("mod_deflate"); /* since lighttpd 1.4.56 */
    if (span_is(name, SPAN("mod_evasive"))) name = SPAN("mod_limit");    /* until lighttpd 1.4.67 */
    for (const struct module *const *m = modules_all(); *m; m++)
        if (span_is(name, span_of((*m)->name))) return *m;
    return NULL;
}

const char *module_known(struct span name) {
    static const struct {
        const char *name, *say;
    } known[] = {
        {"mod_compress", "it is mod_deflate today, which is not in this build"},
        {"mod_evasive", "it is mod_limit here, which is not in this build"},
        {"mod_secdownload", "it was taken out of lighttpd in 1.4.68"},
        {"mod_uploadprogress", "it was taken out of lighttpd in 1.4.68"},
        {"mod_usertrack", "it was taken out of lighttpd in 1.4.68"},
        {"mod_cml", "it was taken out of lighttpd"},
        {"mod_flv_streaming", "it was taken out of lighttpd"},
        {"mod_geoip", "it was taken out of lighttpd; mod_maxminddb replaced it"},
        {"mod_mysql_vhost", "it was taken out of lighttpd; mod_vhostdb replaced it"},
        {"mod_trigger_b4_dl", "it was taken out of lighttpd"},
        {"mod_authn_mysql", "it was taken out of lighttpd; mod_authn_dbi replaced it"},
        {"mod_openssl", "TLS is not in this build"},
        {"mod_gnutls", "TLS is not in this build"},
        {"mod_mbedtls", "TLS is not in this build"},
        {"mod_nss", "TLS is not in this build"},
        {"mod_wolfssl", "TLS is not in this build"},
        {"mod_boringssl", "TLS is not in this build"},
        {"mod_authn_file", "authentication is not in this build"},
#define KNOWN(directive, module) {module, "it is not in this build"},
#define REMOVED(directive, say)
#include "server/known.def"
#undef KNOWN
#undef REMOVED
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (span_is(name, span_of(known[i].name))) return known[i].say;
    return NULL;
}

/* ---- what modules do beside requests ---------------------------------------------------------- */

static bool is_used(const struct conf *conf, const struct module *m) {
    for (unsigned i = 0; i < conf->module_count; i++)
        if (conf->modules[i] == m) return true;
    return false;
}

static struct {
    const struct module **list;
    size_t count, cap;
} begun;

static bool has_begun(const struct module *m) {
    for (size_t i = 0; i < begun.count; i++)
        if (begun.list[i] == m) return true;
    begun.list = memory_grow(begun.list, &begun.cap, begun.count + 1, sizeof *begun.list);
    return false;
}

void modules_begin(const struct conf *conf, struct fdevents *events) {
    for (const struct module *const *m = modules_all(); *m; m++) {
        if (!(*m)->work) continue;
        bool again = has_begun(*m);
        if (!again && !is_used(conf, *m)) continue;
        if (!again) begun.list[begun.count++] = *m;
        if ((*m)->work->begin) (*m)->work->begin(events);
    }
}

void modules_end(void) {
    for (size_t i = 0; i < begun.count; i++)
        if (begun.list[i]->work->end) begun.list[i]->work->end();
    free(begun.list);
    memset(&begun, 0, sizeof begun);
}

bool modules_need_helper(const struct conf *conf) {
    for (unsigned i = 0; i < conf->module_count; i++) {
        const struct module_work *work = conf->modules[i]->work;
        if (work && !work->does_without_helper) return true;
    }
    return false;
}

/* ---- what they share --------------------------------------------------------------------------- */

static const void *global_settings(const struct conf *conf, const struct module *m, struct arena *a) {
    size_t words = (conf->tree->block_count + 63) / 64;
    for (unsigned i = 0; i < conf->module_count; i++) {
        if (conf->modules[i] != m) continue;
        uint64_t *global = arena_zeroed(a, words * sizeof *global);
        global[0] = 1;
        return conf_merge(conf, i, global, a);
    }
    return m->defaults;
}

void modules_share(const struct conf *conf) {
    struct arena a = {0};
    for (const struct module *const *m = modules_all(); *m; m++) {
        const struct module_work *work = (*m)->work;
        if (work && work->share) work->share(global_settings(conf, *m, &a));
    }
    arena_done(&a);
}

void modules_forget(pid_t worker) {
    for (const struct module *const *m = modules_all(); *m; m++) {
        const struct module_work *work = (*m)->work;
        if (work && work->forget) work->forget(worker);
    }
}

const struct job_kind *modules_job_kind(struct span name) {
    for (const struct module *const *m = modules_all(); *m; m++) {
        const struct module_work *work = (*m)->work;
        for (const struct job_kind *const *k = work ? work->jobs : NULL; k && *k; k++)
            if (span_is(name, span_of((*k)->name))) return *k;
    }
    return NULL;
}
