/* plugin.h - a module that is built outside of goldcrest and loaded by server.modules */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_PLUGIN_H
#define GOLDCREST_PLUGIN_H

#include <stdint.h>
#include <time.h>

#include "server/abi.h"
#include "server/module.h"

/*
 * plugin - what the server looks for in mod_NAME.so: one object called goldcrest_plugin, which PLUGIN() defines
 * The first four members stay as they are for ever: they are read before anything else is believed.
 */
struct plugin {
    uint32_t abi;          /* MODULE_ABI */
    uint32_t headers;      /* GOLDCREST_HEADERS: a checksum of the headers that it was compiled with */
    uint32_t layout;       /* PLUGIN_LAYOUT: how its compiler laid them out */
    const char *version;   /* the goldcrest that the headers came with, for messages */
    const char *before;    /* the module whose hooks come right behind its own, "mod_access"; NULL: before all those
                              that answer, behind those that decide */
    const struct module *module;
};

/* Sizes that switches of the compiler change. */
#define PLUGIN_LAYOUT                                                                                        \
    ((uint32_t)(sizeof(struct request) * 1021 + sizeof(struct core_settings) * 31 + sizeof(struct module) + \
                sizeof(off_t) * 3 + sizeof(time_t) * 5))

/* At the end of mod_NAME.c, once: PLUGIN(mod_NAME, NULL) */
#define PLUGIN(the_module, before_module)                                              \
    extern const struct plugin goldcrest_plugin;                                      \
    const struct plugin __attribute__((visibility("default"))) goldcrest_plugin = { \
        MODULE_ABI, GOLDCREST_HEADERS, PLUGIN_LAYOUT, GOLDCREST_VERSION, before_module, &the_module}

#endif
