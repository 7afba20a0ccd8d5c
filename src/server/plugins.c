/* plugins.c - modules that lie in the module directory */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/plugins.h"

#include <string.h>
#include <unistd.h>

#include "base/library.h"
#include "base/memory.h"
#include "server/modules.h"
#include "server/plugin.h"

static const char *directory; /* NULL: none is looked for */
static const struct module **loaded; /* in the order in which they came */
static size_t loaded_count, loaded_cap;

void plugins_set_directory(const char *name) {
    directory = name;
}

unsigned plugins_loaded(void) {
    return (unsigned)loaded_count;
}

const char *plugins_with_jobs(unsigned since) {
    for (size_t i = since; i < loaded_count; i++)
        if (loaded[i]->work && loaded[i]->work->jobs) return loaded[i]->name;
    return NULL;
}

/* The name becomes part of a path. */
static bool is_name(struct span name) {
    if (!span_starts(name, SPAN("mod_"))) return false;
    for (size_t i = 0; i < name.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", name.p[i])) return false;
    return true;
}

static bool fits(const struct plugin *p, struct buf *why) {
    if (p->abi == MODULE_ABI && p->headers == GOLDCREST_HEADERS && p->layout == PLUGIN_LAYOUT) return true;
    if (p->abi == MODULE_ABI && p->headers == GOLDCREST_HEADERS)
        buf_add_text(why, "it was compiled with other switches (sizes of off_t or time_t?) than this goldcrest; "
                          "pkg-config --cflags goldcrest has the right ones");
    else
        buf_printf(why,
                   "it was built for goldcrest %s (ABI %u, headers %08x); this is " GOLDCREST_VERSION
                   " (ABI %u, headers %08x): build it anew with this one's headers",
                   p->abi <= MODULE_ABI && p->version ? p->version : "of another age", (unsigned)p->abi,
                   (unsigned)p->headers, (unsigned)MODULE_ABI, (unsigned)GOLDCREST_HEADERS);
    return false;
}

/* The first of those that answer: a module that says nothing of its place may still decide. */
static const struct module *default_place(void) {
    static const char *const answering[] = {"mod_sockproxy", "mod_cgi",      "mod_fastcgi", "mod_scgi",
                                            "mod_ajp13",     "mod_wstunnel", "mod_proxy",   "mod_dirlisting",
                                            "mod_staticfile"};
    const struct module *m = NULL;
    for (size_t i = 0; !m && i < sizeof answering / sizeof *answering; i++) m = module_find(span_of(answering[i]));
    return m;
}

static bool join(const struct plugin *p, struct span name, struct buf *why) {
    const struct module *m = p->module, *before = p->before ? module_find(span_of(p->before)) : default_place();
    if (!span_is(name, span_of(m->name))) {
        buf_printf(why, "the module in it calls itself %s", m->name);
        return false;
    }
    if (p->before && !before) {
        buf_printf(why, "it wants its place before %s, which is not there", p->before);
        return false;
    }
    modules_add(m, before);
    loaded = memory_grow(loaded, &loaded_cap, loaded_count + 1, sizeof *loaded);
    loaded[loaded_count++] = m;
    return true;
}

enum plugin_result plugins_load(struct span name, struct buf *why) {
    struct buf path = {0};
    const char *said = NULL;
    if (!directory || !is_name(name)) return PLUGIN_NONE;
    buf_printf(&path, "%s/%.*s.so", directory, SPAN_ARG(name));
    enum plugin_result result = access(buf_text(&path), F_OK) == 0 ? PLUGIN_BAD : PLUGIN_NONE;
    if (result == PLUGIN_BAD) {
        const struct plugin *p = library_object(buf_text(&path), "goldcrest_plugin", &said);
        if (said) buf_add_text(why, said);
        else if (fits(p, why) && join(p, name, why)) result = PLUGIN_LOADED;
    }
    buf_done(&path);
    return result;
}
