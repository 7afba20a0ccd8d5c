/* logs.c - the logs that a configuration names, opened by the process that writes them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "server/settings.h"

static bool open_log(struct setting *s, struct conf *conf) {
    struct cell *cell = &s->cell;
    struct span target = cell->is.text;
    if (target.n == 0) return true;
    if (conf->core->errorlog_syslog && cell->directive->offset == offsetof(struct core_settings, errorlog) &&
        s->module == 0)
        target = arena_printf(&conf->arena, "syslog:%.*s", SPAN_ARG(conf->core->syslog_facility));
    s->log = log_open(target);
    if (s->log) return true;
    unsigned line, column;
    int error = errno;
    place_line(cell->place, &line, &column);
    say_error("%.*s:%u: %s: %.*s cannot be opened: %s", SPAN_ARG(place_name(cell->place)), line,
              cell->directive->name, SPAN_ARG(target), strerror(error));
    return false;
}

void conf_use_log_format(const struct conf *conf) {
    logs_set_json(conf->core->logs_json && *conf->core->logs_json);
}

bool conf_open_logs(struct conf *conf) {
    bool ok = true;
    conf_use_log_format(conf);
    for (size_t i = 0; i < conf->tree->block_count; i++) {
        struct block_settings *b = &conf->blocks[i];
        for (size_t s = 0; s < b->count; s++)
            if (b->list[s].cell.directive->flags & DIRECTIVE_LOG) ok &= open_log(&b->list[s], conf);
    }
    return ok;
}

struct span conf_global_text(const struct conf *conf, struct span directive) {
    const struct assignment *a = block_find(conf->tree->blocks[0], directive);
    return a && a->value.type == VALUE_STRING ? a->value.string : SPAN("");
}

bool conf_error_log(const struct conf *conf, struct buf *target) {
    bool syslog = conf->core->errorlog_syslog;
    if (syslog) buf_printf(target, "syslog:%.*s", SPAN_ARG(conf->core->syslog_facility));
    else buf_add(target, conf_global_text(conf, SPAN("server.errorlog")));
    return !syslog && target->n && target->p[0] != '|';
}

void conf_each_piped_log(const struct conf *conf, void (*each)(struct span program, void *arg), void *arg) {
    for (size_t i = 0; i < conf->tree->block_count; i++) {
        const struct block_settings *b = &conf->blocks[i];
        for (size_t s = 0; s < b->count; s++) {
            const struct cell *cell = &b->list[s].cell;
            if (!(cell->directive->flags & DIRECTIVE_LOG) || !span_starts(cell->is.text, SPAN("|"))) continue;
            each(span_trim(span_from(cell->is.text, 1)), arg);
        }
    }
}
