/* programs.c - the programs that the configurations of this process want to run */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/programs.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/memory.h"
#include "server/module.h"

/* program - counted; found again by its text */
struct program {
    struct list link;
    unsigned refs;
    struct buf text;
};

static struct list programs = {&programs, &programs};

/* ---- as one piece of bytes -------------------------------------------------------------------- */

static void add_string(struct buf *out, struct span s) {
    buf_add(out, s);
    buf_add_char(out, '\0');
}

static void describe(const struct program_spec *spec, struct buf *out) {
    uint32_t head[3] = {spec->backlog, (uint32_t)spec->kill_signal, 0};
    while (spec->envp && spec->envp[head[2]]) head[2]++;
    buf_add(out, (struct span){(const char *)head, sizeof head});
    add_string(out, spec->listen);
    add_string(out, spec->command);
    for (uint32_t i = 0; i < head[2]; i++) add_string(out, span_of(spec->envp[i]));
}

static bool take_string(struct span *rest, struct span *s) {
    size_t n = span_find(*rest, '\0');
    if (n == rest->n) return false;
    *s = span_upto(*rest, n);
    *rest = span_from(*rest, n + 1);
    return true;
}

bool program_text_read(struct span bytes, struct program_text *t) {
    uint32_t head[3];
    struct span s;
    if (bytes.n < sizeof head) return false;
    memcpy(head, bytes.p, sizeof head);
    bytes = span_from(bytes, sizeof head);
    t->backlog = head[0];
    t->kill_signal = (int32_t)head[1];
    t->words = head[2];
    if (!take_string(&bytes, &t->listen) || !take_string(&bytes, &t->command)) return false;
    t->environment = bytes;
    for (uint32_t i = 0; i < head[2]; i++)
        if (!take_string(&bytes, &s)) return false;
    return bytes.n == 0;
}

/* ---- the registry ----------------------------------------------------------------------------- */

struct program *program_hold(const struct program_spec *spec) {
    struct buf text = {0};
    describe(spec, &text);
    for (struct list *i = programs.next; i != &programs; i = i->next) {
        struct program *p = CONTAINER(i, struct program, link);
        if (!span_is(buf_span(&p->text), buf_span(&text))) continue;
        buf_done(&text);
        p->refs++;
        return p;
    }
    struct program *p = memory_zeroed(1, sizeof *p);
    p->refs = 1;
    p->text = text;
    list_add_last(&programs, &p->link);
    return p;
}

void program_drop(struct program *p) {
    if (!p || --p->refs > 0) return;
    list_remove(&p->link);
    buf_done(&p->text);
    free(p);
}

void programs_list(struct buf *out) {
    for (struct list *i = programs.next; i != &programs; i = i->next) {
        const struct program *p = CONTAINER(i, struct program, link);
        uint32_t length = (uint32_t)p->text.n;
        buf_add(out, (struct span){(const char *)&length, sizeof length});
        buf_add(out, buf_span(&p->text));
    }
}

bool programs_next(struct span *list, struct span *bytes) {
    uint32_t length;
    if (list->n < sizeof length) return false;
    memcpy(&length, list->p, sizeof length);
    *list = span_from(*list, sizeof length);
    if (length > list->n) return false;
    *bytes = span_upto(*list, length);
    *list = span_from(*list, length);
    return true;
}

bool programs_any(void) {
    return !list_is_empty(&programs);
}

/* ---- words ------------------------------------------------------------------------------------ */

/* One word off *rest, without its quotes, to `at`; the end of what was written. NULL: there is none. */
static char *take_word(struct span *rest, char *at) {
    struct span s = *rest;
    char quote = 0;
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\n')) s = span_from(s, 1);
    if (s.n == 0) return NULL;
    for (; s.n; s = span_from(s, 1)) {
        char c = s.p[0];
        bool escapes = c == '\\' && s.n > 1 && quote != '\'' && (!quote || s.p[1] == '"' || s.p[1] == '\\');
        if (!quote && (c == ' ' || c == '\t' || c == '\n')) break;
        if (escapes) {
            s = span_from(s, 1);
            *at++ = s.p[0];
        } else if (quote ? c == quote : c == '"' || c == '\'') {
            quote = quote ? 0 : c;
        } else {
            *at++ = c;
        }
    }
    *rest = s;
    *at++ = '\0';
    return at;
}

char **command_words(struct span command) {
    size_t room = command.n / 2 + 2, count = 0; /* a word and its blank are two bytes at least */
    char **words = memory_zeroed(1, room * sizeof *words + command.n + 1);
    char *at = (char *)(words + room), *end;
    while ((end = take_word(&command, at))) {
        words[count++] = at;
        at = end;
    }
    if (count) return words;
    free(words);
    return NULL;
}
