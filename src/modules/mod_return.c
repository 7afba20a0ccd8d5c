/* mod_return.c - answers with a status and a few words: return.status */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/names.h"
#include "server/module.h"

enum { HANGS_UP = 444 }; /* as nginx has it */

struct settings {
    uint32_t status; /* 0: it answers nothing */
    struct span body, type;
};

static const struct settings defaults = {0, {NULL, 0}, SPAN_INIT("text/plain; charset=utf-8")};

static const struct directive directives[] = {
    {"return.status", DIRECTIVE_SHORT, SCOPE_ANY, offsetof(struct settings, status),
     "Answers with this status, from 200 to 599, whatever is there; 0 does not, and 444 hangs up.", NULL, NULL, 0,
     NULL},
    {"return.body", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, body),
     "The body of that answer; without it an error has the page that errors have.", NULL, NULL, 0, NULL},
    {"return.type", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, type), "The media type of that body.",
     NULL, NULL, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    return ((const struct settings *)settings)->status != 0;
}

static enum handler answer(struct request *r, const void *settings) {
    const struct settings *s = settings;
    if (s->status < 200 || s->status > 599) {
        request_say(r, LOG_IS_ERROR, "500: return.status is %u: not from 200 to 599", (unsigned)s->status);
        return request_refuse_with(r, 500);
    }
    if (s->status == HANGS_UP) {
        r->hangs_up = true;
        r->status = HANGS_UP;
        return HANDLER_ERROR;
    }
    bool has_body = s->status != 204 && s->status != 205 && s->status != 304;
    if (s->status >= 400 && s->body.n == 0) return request_refuse_with(r, (int)s->status);
    r->status = (int)s->status;
    if (!has_body || s->body.n == 0) return HANDLER_FINISHED;
    chunks_add_copy(&r->body, s->body);
    fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, s->type);
    return HANDLER_FINISHED;
}

static const struct hook hooks[] = {{PHASE_URI_CLEAN, answer, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_return = {MODULE_ABI, "mod_return", directives, hooks, sizeof(struct settings),
                                  &defaults,  is_active, NULL};
