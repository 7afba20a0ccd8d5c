/* directives.c - lists the rows of all tables of directives, for people and for programs */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "commands/directives.h"

#include <stdio.h>
#include <string.h>

#include "server/modules.h"
#include "server/settings.h"
#include "tls/context.h"

/* table - a module's, with the settings that hold where nothing is written */
struct table {
    const char *module;
    const struct directive *rows;
    const void *defaults;
};

static const char *const scopes[] = {"global", "socket", "anywhere"};

static const char *wanted = ""; /* what names begin with */
static unsigned printed;

static bool is_wanted(const struct directive *d) {
    return strncmp(d->name, wanted, strlen(wanted)) == 0;
}

static void each_table(void (*print)(const struct table *t)) {
    print(&(struct table){"server", core_directives, &core_defaults});
    print(&(struct table){"mod_openssl", tls_directives, &tls_defaults});
    for (const struct module *const *m = builtin_modules; *m; m++)
        print(&(struct table){(*m)->name, (*m)->directives, (*m)->defaults});
}

/* ---- for people ------------------------------------------------------------------------------- */

static const char *type_shown(enum directive_type t) {
    /* Padded here: printf counts bytes, and … has three. */
    static const char *const names[] = {"on/off                    ", "0…65535                   ",
                                        "number                    ", "\"text\"                    ",
                                        "( \"text\", … )             ", "( \"key\" => \"text\", … )    ",
                                        "( \"key\" => value, … )     ", "value                     "};
    return names[t];
}

static void print_for_people(const struct table *t) {
    bool any = false;
    for (const struct directive *d = t->rows; d->name; d++) {
        if (!is_wanted(d)) continue;
        if (!any) printf("%s%s\n", printed ? "\n" : "", t->module);
        any = true;
        printed++;
        printf("  %-36s %s %-9s %s\n", d->name, type_shown(d->type), scopes[d->scope], d->help);
    }
}

/* ---- for programs ----------------------------------------------------------------------------- */

static const char *type_word(enum directive_type t) {
    static const char *const words[] = {"switch", "number", "number", "text", "list", "map", "table", "value"};
    return words[t];
}

static void print_default(const struct directive *d, const void *settings) {
    const char *field = (const char *)settings + d->offset;
    bool yes;
    uint32_t number;
    struct span text;
    if (d->compile || d->flags & (DIRECTIVE_IGNORED | DIRECTIVE_DEPRECATED | DIRECTIVE_LOG)) return;
    switch (d->type) {
    case DIRECTIVE_BOOL:
        memcpy(&yes, field, sizeof yes);
        fputs(yes ? "enable" : "disable", stdout);
        break;
    case DIRECTIVE_SHORT:
    case DIRECTIVE_INT:
        memcpy(&number, field, sizeof number);
        printf("%u", (unsigned)number);
        break;
    case DIRECTIVE_STRING:
        memcpy(&text, field, sizeof text);
        printf("%.*s", (int)text.n, text.n ? text.p : "");
        break;
    case DIRECTIVE_LIST:
    case DIRECTIVE_MAP:
    case DIRECTIVE_TABLE:
    case DIRECTIVE_ANY: break;
    }
}

static void print_for_programs(const struct table *t) {
    for (const struct directive *d = t->rows; d->name; d++) {
        bool ignored = d->flags & DIRECTIVE_IGNORED, deprecated = d->flags & DIRECTIVE_DEPRECATED;
        printf("%s\t%s\t%s\t%s\t", t->module, d->name, type_word(d->type), scopes[d->scope]);
        print_default(d, t->defaults);
        printf("\t%s\t%s\t%s\n", ignored ? "ignored" : deprecated ? "deprecated" : "", d->help,
               d->instead ? d->instead : "");
    }
}

bool directives_print(const char *what) {
    bool for_programs = what && strcmp(what, "table") == 0;
    if (what && !for_programs) wanted = what;
    each_table(for_programs ? print_for_programs : print_for_people);
    return for_programs || printed > 0;
}
