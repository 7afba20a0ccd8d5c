/* directive.h - a row of a directive table: a name in the configuration becomes a field of a struct */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_DIRECTIVE_H
#define GOLDCREST_CONF_DIRECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/complain.h"
#include "conf/value.h"

enum directive_type {     /* the field's C type */
    DIRECTIVE_BOOL,       /* bool */
    DIRECTIVE_SHORT,      /* uint32_t, 0…65535 */
    DIRECTIVE_INT,        /* uint32_t, 0…2147483647 */
    DIRECTIVE_STRING,     /* struct span (with a NUL behind it) */
    DIRECTIVE_LIST,       /* const struct value *: an array of strings */
    DIRECTIVE_MAP,        /* const struct value *: an array of key => string */
    DIRECTIVE_TABLE,      /* const struct value *: an array of key => anything */
    DIRECTIVE_ANY         /* const struct value *: as it stands */
};

enum directive_scope {
    SCOPE_GLOBAL, /* the global block only */
    SCOPE_SOCKET, /* global or $SERVER["socket"] == blocks */
    SCOPE_ANY     /* everywhere */
};

enum {
    DIRECTIVE_IGNORED = 1,    /* flags: accepted, said in the log */
    DIRECTIVE_DEPRECATED = 2,
    DIRECTIVE_IN_BLOCK = 4,   /* a `const struct block *` stands behind the field: where the value was set */
    DIRECTIVE_LOG = 8,        /* a string that names a log; the field is a `struct log *` */
    /* What a string, or each value in a list or map, is to the system; the sandbox comes from it (conf/needs.h). */
    DIRECTIVE_READS = 16,     /* a file, or a directory beneath which files are read, by workers */
    DIRECTIVE_READS_IN = 32,  /* the beginning of such a path, up to a "%" if there is one; names go on from it */
    DIRECTIVE_WRITES = 64,    /* a directory in which workers make files */
    DIRECTIVE_KEEPS = 128,    /* the same, and it is made itself where it is missing */
    DIRECTIVE_HOMES = 256,    /* a directory in every user's home that is read */
    DIRECTIVE_ASKS = 512,     /* a file that the helper's assistants read */
    DIRECTIVE_RUNS = 1024,    /* a program that the helper starts; in a map, for files whose names end with the key,
                                 which "" runs themselves */
    DIRECTIVE_SETS = 2048     /* in a map: a variable of programs, by the key */
};

/*
 * directive - name, type, scope, field, help
 * `compile`, where it is set, turns the value into something quicker, once per assignment, at load: regexes, tables.
 * The field is then a `const void *` (whatever the type) and gets what compile returned; NULL after a complaint. It
 * is freed by `discard` with the configuration.
 */
struct directive {
    const char *name;
    enum directive_type type;
    enum directive_scope scope;
    size_t offset;
    const char *help;        /* one sentence, for --help-config and the manual */
    void *(*compile)(const struct value *v, struct complaints *c);
    void (*discard)(void *compiled);
    unsigned flags;
    const char *instead;     /* what to write today; of an ignored one: why it has no effect */
};

#define DIRECTIVE_END {NULL, DIRECTIVE_BOOL, SCOPE_ANY, 0, NULL, NULL, NULL, 0, NULL}

/* cell - a directive's value, converted, ready to be laid into a settings struct */
struct cell {
    const struct directive *directive;
    struct place place;
    union {
        bool yes;
        uint32_t number;
        struct span text;
        const struct value *value;
        void *compiled;
    } is;
};

/* Checks the value's type and converts it. False after a complaint that says what was expected. */
bool directive_convert(const struct directive *d, const struct value *v, struct place at, struct cell *cell,
                       struct complaints *c);

/* Lays a converted value into the struct that holds d's field. */
void directive_apply(const struct cell *cell, void *settings);

/* Frees what compile made. */
void directive_discard(struct cell *cell);

#endif
