/* mod_scgi.c - SCGI and uwsgi: applications in Python and others */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/cgilike.h"

struct settings {
    struct cgilike usual;
    const struct codec *const *protocol; /* scgi.protocol; NULL: SCGI */
};

extern const struct module mod_scgi;

static const struct codec *codec_of(const struct gateway_host *h, const void *settings) {
    const struct settings *s = settings;
    (void)h;
    return s->protocol ? *s->protocol : &scgi_codec;
}

static void *compile_protocol(const struct value *v, struct complaints *c) {
    static const struct codec *codecs[] = {&scgi_codec, &uwsgi_codec};
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (span_is(v->string, span_of(codecs[i]->name))) return &codecs[i];
    complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, "write \"scgi\" or \"uwsgi\"",
             "\"%.*s\" is no protocol of scgi.server", SPAN_ARG(v->string));
    return NULL;
}

static const struct gateway_kind kind = {
    .directive = "scgi.server",
    .check_local = true,
    .has_check_local = true,
    .has_programs = true,
    .codec_of = codec_of,
};

static const struct settings defaults = {{.name = "scgi", .kind = &kind, .module = &mod_scgi}, NULL};

static void *compile_rules(const struct value *v, struct complaints *c) {
    return gateway_rules_make(v, &kind, c);
}

static const struct directive directives[] = {
    CGILIKE_DIRECTIVES("scgi", compile_rules,
                       "Prefixes of URLs and ends of paths, each with the SCGI or uwsgi applications that answer "
                       "them."),
    {"scgi.protocol", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, protocol),
     "What the hosts of scgi.server speak: \"scgi\" or \"uwsgi\".", compile_protocol, NULL, 0, NULL},
    DIRECTIVE_END};

const struct module mod_scgi = {
    MODULE_ABI, "mod_scgi",        directives,   cgilike_hooks, sizeof(struct settings),
    &defaults,  cgilike_is_active, &gateway_work};
