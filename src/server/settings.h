/* settings.h - a configuration, checked and made ready: struct conf, immutable and counted */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_SETTINGS_H
#define GOLDCREST_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "conf/inputs.h"
#include "conf/needs.h"
#include "conf/tree.h"
#include "server/condition.h"
#include "server/core.h"
#include "server/module.h"

/* setting - one assignment of one block, converted, and the module it belongs to */
struct setting {
    struct cell cell;
    unsigned module; /* index in conf.modules */
    struct log *log; /* of a DIRECTIVE_LOG, once conf_open_logs() has opened it */
};

struct block_settings {
    struct setting *list;
    size_t count, cap;
};

/* listen_spec - a socket that the configuration wants */
struct listen_spec {
    struct span name;  /* canonical */
    struct span token; /* as written */
    const struct core_settings *core; /* global, then the socket's block */
    struct tls_context *secure; /* connections begin with TLS; NULL: they are plain */
    bool implied;      /* server.bind, not a $SERVER["socket"] */
};

/*
 * conf - never changes once it is made; a reload makes a new one and exchanges a pointer. Requests hold theirs to
 * their end. (Plans are added as combinations of conditions are first seen: that is memory, not meaning.)
 */
struct conf {
    unsigned refs;
    uint32_t generation;          /* counts within the process */
    struct inputs *inputs;
    struct needs needs;           /* of what was compiled; the flags of directives say the rest (sandbox.h) */
    struct conf_tree *tree;
    struct conditions conditions;
    struct block_settings *blocks;
    const struct module **modules; /* [0] is the core; then the active ones in hook order */
    unsigned module_count;
    const struct core_settings *core; /* of the global block */
    unsigned parse_options;        /* enum parse_option */
    struct listen_spec *listen;
    size_t listen_count;
    struct map secured;            /* secure.c: ssl.* as merged => context */
    struct tls_context *secure;    /* of sockets that others have opened, which are not in listen */
    bool has_tls;                  /* some socket has ssl.engine */
    bool has_secure_hosts;         /* some block but a socket's says something of certificates */
    bool offers_h2;                /* in ALPN */
    bool corrects_client;          /* some module has a hook in PHASE_CLIENT */
    bool looks_at_connections;     /* … in PHASE_ACCEPT */
    bool looks_at_peers;           /* … in PHASE_PEER */
    struct map plans;              /* the bits of the blocks that apply => struct plan */
    const struct plan *global_plan; /* … of the global block alone; NULL: nobody has asked yet */
    struct arena arena;
};

/*
 * Reads the file through inputs (taken over) and makes a conf of it. Complaints say what is wrong; if there are
 * errors the result is good for further checks only.
 */
struct conf *conf_load(struct inputs *inputs, const char *name, struct complaints *complaints);

/* Opens the logs that the configuration names. False with the first failure said on the main log. In the process that
 * writes them: with its user and root directory. */
bool conf_open_logs(struct conf *conf);

/* server.log-format, for this process. */
void conf_use_log_format(const struct conf *conf);

/* A string that the global block sets, as it stands there; empty if it does not. */
struct span conf_global_text(const struct conf *conf, struct span directive);
/* The target of the process's own log, for log_open(). True if it is a file. */
bool conf_error_log(const struct conf *conf, struct buf *target);

/* Each "|program" that a log needs. */
void conf_each_piped_log(const struct conf *conf, void (*each)(struct span program, void *arg), void *arg);

static inline struct conf *conf_hold(struct conf *conf) {
    conf->refs++;
    return conf;
}

void conf_drop(struct conf *conf);

/* Moves *i to the next block, from *i on, whose bit is set. False: there is none. */
bool conf_next_block(const uint64_t *words, size_t count, size_t *i);

/* Settings of one module merged for the blocks whose bits are set; arena memory. */
void *conf_merge(const struct conf *conf, unsigned module, const uint64_t *words, struct arena *a);

#endif
