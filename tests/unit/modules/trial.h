/* trial.h - for tests: one module, a configuration as text, a request; no server */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TESTS_TRIAL_H
#define GOLDCREST_TESTS_TRIAL_H

#include "conf/inputs.h"
#include "server/module.h"

enum { TRIAL_CELLS = 16 };

/*
 * trial - the module's settings as if every block of the configuration applied, and a request that its hooks see
 * trial.c also answers for the server (module.h): the core's settings are trial_core, the listener is 192.0.2.7:8080.
 */
struct trial {
    struct inputs *inputs;
    struct conf_tree *tree;
    const struct module *module;
    void *settings;
    struct cell cells[TRIAL_CELLS];
    size_t cell_count;
    struct request r;
};

extern struct core_settings trial_core;

extern struct span trial_root; /* process_root() */

/* The configuration must be faultless; or it may have warnings. */
void trial_begin(struct trial *t, const struct module *m, const char *conf);
void trial_begin_warned(struct trial *t, const struct module *m, const char *conf);
void trial_end(struct trial *t);

/* A fresh GET for "http://host/target", physical path below docroot as the server would set it. */
void trial_request(struct trial *t, const char *host, const char *target);

/* Runs the module's hooks of that phase until one has something to say. */
enum handler trial_run(struct trial *t, enum phase phase);

/* A field of the response; "" if there is none. */
const char *trial_out(struct trial *t, const char *name);

/* What is complained of; to be freed. */
char *trial_messages(const struct module *m, const char *conf);

/* A directory of its own, removed at the end: main() asks for it first, so that all tests share it. */
const char *trial_directory(void);
/* A file below it, or a directory if the path ends with "/"; what lies above is made too. */
void trial_make(const char *path);

#endif
