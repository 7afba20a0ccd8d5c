/* cgilike.c - requests that are answered as by a CGI program: the hooks of their modules */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/cgilike.h"

bool cgilike_is_active(const void *settings) {
    const struct cgilike *s = settings;
    return s->rules && s->rules->count;
}

static enum handler answer(struct message_pair *p) {
    const struct cgilike *s = p->settings;
    gateway_debug(p, s->name, s->debug);
    return cgi_answer(p, p->host->x_sendfile, p->host->x_sendfile_docroot, false);
}

static struct gateway_ask ask_for(const struct cgilike *s) {
    return (struct gateway_ask){.kind = s->kind,
                                .balance = gateway_balance_of(s->balance),
                                .settings = s,
                                .answer = answer,
                                .map_extensions = s->map_extensions,
                                .module = s->module};
}

static enum handler by_url(struct request *r, const void *settings) {
    const struct cgilike *s = settings;
    struct gateway_ask ask = ask_for(s);
    return gateway_by_url(r, &ask, s->rules);
}

static enum handler by_path(struct request *r, const void *settings) {
    const struct cgilike *s = settings;
    struct gateway_ask ask = ask_for(s);
    return gateway_by_path(r, &ask, s->rules, s->map_extensions);
}

/* Which requests are taken depends on the URL and the file alone; the answers of those are never kept. */
const struct hook cgilike_hooks[] = {
    {PHASE_URI_CLEAN, by_url, LASTS}, {PHASE_SUBREQUEST_START, by_path, LASTS}, {PHASE_COUNT, NULL, LASTS}};
