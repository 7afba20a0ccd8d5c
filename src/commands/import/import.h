/* import.h - what the parts of the translation from nginx share; nobody else includes this */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_IMPORT_IMPORT_H
#define GOLDCREST_IMPORT_IMPORT_H

#include "commands/import/nginx.h"

/* setting - `key = value` of a block of ours; value is text of our language */
struct setting {
    struct span key, value;
    const struct nginx_directive *from; /* NULL: a default of nginx's */
};

struct settings {
    struct setting *list;
    size_t count, cap;
};

struct map_use;

struct import {
    struct nginx_tree *tree;
    struct arena *arena;
    struct nginx_directive *http; /* or the root */
    struct settings global;       /* of http { } */
    struct buf out;               /* the blocks; the head is written last */
    unsigned level;               /* of blocks in out */
    bool quiet;                   /* a copy of what was written already: nothing is counted twice */
    const struct settings *server; /* that the present place is in */
    struct map_use *uses;         /* of variables of maps */
    size_t use_count, use_cap;
    struct buf notes;             /* what is the same but for a detail: lines of text */
    bool is_ended[4];             /* which keys that end a request stand in locations of the present server */
};

/* ---- settings.c: settings and how they are written -------------------------------------------- */

void settings_set(struct settings *s, const char *key, struct span value, const struct nginx_directive *from);
const struct setting *settings_find(const struct settings *s, struct span key);
void settings_done(struct settings *s);

/* What differs from those that hold around; what is not there any more is set back. */
void write_settings(struct import *im, const struct settings *s, const struct settings *around);
void write_line(struct import *im, const struct nginx_directive *from, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void write_open(struct import *im, bool is_else, const char *condition, const struct nginx_directive *from);
void write_close(struct import *im, bool goes_on);

/* `text` in quotes, as our language has it. NULL-terminated, in the arena; so is all that follows. */
struct span quoted(struct import *im, struct span text);
struct span list_of(struct import *im, const struct span *words, size_t count);
struct span joined(struct import *im, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- tree.c: looking for directives ----------------------------------------------------------- */

/* Of a block itself; the last one. NULL: none. */
struct nginx_directive *own(const struct nginx_directive *block, const char *name);
/* The same in the blocks around, if it has none. */
struct nginx_directive *inherited(const struct nginx_directive *block, const char *name);
/* The block that says them: itself or the nearest around; for directives of which all of one level count. */
const struct nginx_directive *level_of(const struct nginx_directive *block, const char *name);
struct nginx_directive *next_named(struct nginx_directive *d, const char *name); /* d itself may be it */

void translated(struct import *im, struct nginx_directive *d);
void unneeded(struct import *im, struct nginx_directive *d);
void left(struct import *im, struct nginx_directive *d, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void settle_subtree(struct nginx_directive *d, enum nginx_fate fate, struct span why);

/* What is translated, and will be a little different: told once. */
void note(struct import *im, const struct nginx_directive *d, const char *text);

bool seconds_of(struct span text, uint64_t *seconds); /* "75", "1m30s", "500ms" (rounded up) */
bool bytes_of(struct span text, uint64_t *bytes);     /* "8k", "10m", "1g" */
struct span beside_main(struct import *im, struct span path); /* relative to the main file */

/* ---- plain.c, content.c: directives become settings ------------------------------------------- */

void plain_settings(struct import *im, struct nginx_directive *block, struct settings *s);
void content_settings(struct import *im, struct nginx_directive *block, struct settings *s);
void process_settings(struct import *im, struct settings *s); /* worker_processes, user, pid */
void settle_unneeded(struct import *im, struct nginx_directive *block);

/* ---- gateways.c ------------------------------------------------------------------------------- */

void gateway_settings(struct import *im, struct nginx_directive *block, struct settings *s);

/* target - what stands behind proxy_pass, taken apart */
struct target {
    struct span scheme, authority, uri; /* uri.p NULL: there is none, and the request's is passed on */
};
struct target target_of(struct span text);
struct nginx_directive *upstream_of(struct import *im, struct span name); /* NULL: it is a host */
/* A location that passes files with some ending, such as \.php$, to a program: the ending; or an empty span. */
struct span suffix_of(struct import *im, const struct nginx_directive *location);

/* ---- rules.c: return, rewrite, try_files ------------------------------------------------------ */

void rule_settings(struct import *im, struct nginx_directive *block, struct settings *s);
bool ends_requests(const struct nginx_directive *block); /* its own rules answer, or send elsewhere */
extern const char *const ending_keys[4];

/* nginx's variables in a text become ours. False, with *why, if there is one that we do not have. */
enum expanding {
    IN_URL,   /* of url.redirect and its kin; $1 is what a condition around captured */
    IN_RULE,  /* the same; $1 is what the rule itself captured */
    IN_FIELD  /* of setenv.template-* */
};
bool expand_variables(struct import *im, const struct nginx_directive *at, struct span text, enum expanding where,
                      struct span *result, struct span *why);
#define CONDITION_CAPTURE "gc_captured_" /* in a variable's name: what the condition around has captured */

/* The number of a named group "(?<name>" in a regular expression; 0: there is none. */
unsigned group_named(struct span regex, struct span name);
struct span replaced_words(struct import *im, struct span text, const char *word, const char *by);

/* ---- conditions.c: if, allow, deny ------------------------------------------------------------ */

/* What conditions call it; empty: they cannot look at it. */
struct span subject_of(struct import *im, struct span variable);
bool is_ending_key(struct span key);
struct span condition_of_if(struct import *im, struct nginx_directive *d); /* empty: there is none (said) */
void write_ifs(struct import *im, struct nginx_directive *block, const struct settings *around, bool is_server);
void write_access(struct import *im, struct nginx_directive *block);
bool has_return_behind_ifs(const struct nginx_directive *block);

/* ---- maps.c: set, map, geo -------------------------------------------------------------------- */

/* Variables that are set once are replaced by their value, those of maps by their default, for the time being. */
void settle_variables(struct import *im);
/* In all directives of d and behind it. */
void put_everywhere(struct import *im, struct nginx_directive *d, struct span name, struct span value);
/* For a block that uses some: what is different in each case of its maps. `s` is what was written for the block. */
void write_maps(struct import *im, struct nginx_directive *block, const struct settings *s);
struct nginx_directive *map_called(struct import *im, struct span name); /* NULL: there is none */
struct span map_default(const struct nginx_directive *map);
void map_is_used(struct nginx_directive *map);
/* if ($variable), = and !=. Empty: conditions cannot look at what the map does. */
struct span condition_of_map(struct import *im, struct nginx_directive *map, struct span op, struct span wanted);

/* ---- asking.c: auth_request ------------------------------------------------------------------- */

void settle_answers(struct import *im); /* auth_request_set: before variables are replaced */
void forward_settings(struct import *im, struct nginx_directive *block, struct settings *s);

/* ---- clients.c: limit_req, limit_conn, set_real_ip_from ---------------------------------------- */

void client_settings(struct import *im, struct nginx_directive *block, struct settings *s);

/* ---- places.c, servers.c ---------------------------------------------------------------------- */

/* All settings of a server, location or if. */
void settings_of(struct import *im, struct nginx_directive *block, struct settings *s);
void write_inside(struct import *im, struct nginx_directive *block, const struct settings *around);
void write_servers(struct import *im);
struct span regex_for_path(struct import *im, struct span regex, bool any_case);

/* import.c of the folder above: the whole, as text; how many directives are left is returned. */
size_t import_translate(struct nginx_tree *tree, struct buf *conf, struct buf *report);

#endif
