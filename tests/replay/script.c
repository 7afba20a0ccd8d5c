/* script.c - a scenario's text becomes commands */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "player.h"

static char escaped(struct span *rest) {
    static const char from[] = "rnt0", to[] = "\r\n\t\0";
    char c = rest->p[0];
    *rest = span_from(*rest, 1);
    const char *at = strchr(from, c);
    if (c == 'x' && rest->n >= 2 && ascii_hex(rest->p[0]) >= 0 && ascii_hex(rest->p[1]) >= 0) {
        c = (char)(ascii_hex(rest->p[0]) * 16 + ascii_hex(rest->p[1]));
        *rest = span_from(*rest, 2);
        return c;
    }
    return at ? to[at - from] : c;
}

static bool quoted(struct span *rest, struct span *word, struct arena *a) {
    char *p = arena_bytes(a, rest->n + 1);
    size_t n = 0;
    *rest = span_from(*rest, 1);
    while (rest->n && rest->p[0] != '"') {
        char c = rest->p[0];
        *rest = span_from(*rest, 1);
        if (c == '\\' && rest->n) c = escaped(rest);
        p[n++] = c;
    }
    if (rest->n == 0) return false;
    *rest = span_from(*rest, 1);
    p[n] = '\0';
    *word = (struct span){p, n};
    return true;
}

int words_split(struct span line, struct span *words, struct arena *a) {
    int count = 0;
    for (line = span_trim(line); line.n; line = span_trim(line)) {
        if (count == WORDS_MAX) return -1;
        if (line.p[0] == '"') {
            if (!quoted(&line, &words[count++], a)) return -1;
            continue;
        }
        size_t end = span_find(line, ' ');
        words[count++] = arena_copy(a, span_upto(line, end));
        line = span_from(line, end);
    }
    return count;
}

static _Noreturn void bad_line(const struct script *s, unsigned line, const char *why) {
    fprintf(stderr, "%s:%u: %s\n", s->name, line, why);
    exit(1);
}

static void add_command(struct script *s, struct span line, unsigned number) {
    s->list = memory_grow(s->list, &s->cap, s->count + 1, sizeof *s->list);
    struct command *c = &s->list[s->count++];
    memset(c, 0, sizeof *c);
    c->line = number;
    size_t blank = span_find(line, ' ');
    if (blank > 1 && line.p[blank - 1] == ':') {
        c->client = arena_copy(&s->arena, span_upto(line, blank - 1));
        line = span_from(line, blank);
    }
    int count = words_split(line, c->words, &s->arena);
    if (count <= 0) bad_line(s, number, "this line cannot be split into words");
    c->word_count = (unsigned)count;
}

static void add_line(struct script *s, struct span line, unsigned number) {
    struct command *last = s->count ? &s->list[s->count - 1] : NULL;
    if (line.n == 0 || line.p[0] == '#') return;
    if (line.p[0] != '|' && line.p[0] != ' ') {
        add_command(s, line, number);
        return;
    }
    if (!last) bad_line(s, number, "this line belongs to no command");
    if (line.p[0] == ' ') {
        if (last->detail_count == DETAILS_MAX) bad_line(s, number, "too many details");
        last->details[last->detail_count++] = arena_copy(&s->arena, span_trim(line));
        return;
    }
    line = span_from(line, line.n > 1 && line.p[1] == ' ' ? 2 : 1);
    buf_add(&last->text, line);
    buf_add_char(&last->text, '\n');
    last->has_text = true;
}

void script_read(struct script *s, const char *name) {
    struct buf text = {0};
    struct span rest, line;
    unsigned number = 0;
    *s = (struct script){.name = name};
    int fd = fd_open(name, O_RDONLY, 0);
    if (fd < 0 || fd_read_all(fd, &text, 1024 * 1024) != 0) {
        perror(name);
        exit(1);
    }
    close(fd);
    rest = buf_span(&text);
    while (span_next(&rest, '\n', &line)) add_line(s, line, ++number);
    buf_done(&text);
}

void script_done(struct script *s) {
    for (size_t i = 0; i < s->count; i++) buf_done(&s->list[i].text);
    free(s->list);
    arena_done(&s->arena);
}
