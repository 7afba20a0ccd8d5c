/* refuse.c - an HTTP error is an answer: the error-handler, an error file, or the server's own page */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>

#include "http/mime.h"
#include "http/source.h"
#include "net/file.h"
#include "server/conn.h"
#include "server/errorpage.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/worker.h"

/* What a module had begun to say is not said. Of the fields only those that belong to the error stay. */
static void forget_answer(struct request *r) {
    const struct fields said = r->out;
    request_drop_answer(r);
    r->out = (struct fields){0};
    for (uint32_t i = 0; i < said.count; i++) {
        enum header id = said.list[i].id;
        if (id == HEADER_ALLOW || id == HEADER_WWW_AUTHENTICATE || id == HEADER_RETRY_AFTER)
            fields_append(&r->out, &r->arena, id, said.list[i].name, said.list[i].value);
    }
}

/* lighttpd asks the handler by GET, whatever the client sent, and without the client's body. */
static enum handler ask_handler(struct request *r, struct span url, bool keep_status) {
    if (!r->body_done && !r->conn->protocol->body_is_small(r)) r->keep_alive = false;
    int status = r->status;
    if (!request_set_target(r, url)) {
        r->status = status; /* the client has not said it */
        request_say(r, LOG_IS_ERROR, "the error-handler \"%.*s\" is no URL", SPAN_ARG(url));
        return HANDLER_GO_ON;
    }
    if (r->in.body_bytes != 0) request_lasts(r, LASTS_NOT);
    r->in.body_bytes = 0;
    fields_remove(&r->in.fields, HEADER_CONTENT_LENGTH);
    fields_remove(&r->in.fields, HEADER_CONTENT_TYPE);
    fields_remove(&r->in.fields, HEADER_TRANSFER_ENCODING);
    r->error_status = r->status;
    r->keep_error_status = keep_status;
    r->is_no_tunnel = r->in.method == METHOD_CONNECT;
    if (r->in.method != METHOD_GET && r->in.method != METHOD_HEAD)
        request_lasts(r, LASTS_NOT); /* no answer for GET */
    if (r->in.method != METHOD_HEAD) r->in.method = METHOD_GET;
    r->in.method_text = method_name(r->in.method);
    r->in.protocol = (struct span){NULL, 0}; /* of an extended CONNECT */
    r->in.trailers = (struct fields){0};
    r->status = 0;
    request_start_anew(r);
    return HANDLER_COMEBACK;
}

static bool use_file(struct request *r, struct span path) {
    const struct core_settings *core = request_core(r);
    struct file *f = file_open(path.p);
    if (!f) {
        if (errno != ENOENT) request_say(r, LOG_IS_ERROR, "%.*s: %s", SPAN_ARG(path), strerror(errno));
        return false;
    }
    chunks_add_file(&r->body, f, 0, f->state.size);
    file_drop(f);
    struct span type = mime_find(core->mime ? core->mime : mime_builtin(), path);
    bool is_html = type.n == 0 || span_is(type, SPAN("text/html"));
    fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, is_html ? SPAN("text/html; charset=utf-8") : type);
    request_lasts(r, LASTS_A_SECOND);
    return true;
}

static bool use_listed(struct request *r, const struct value *files) {
    struct span path = error_file(files, r->status);
    return path.n && use_file(r, path);
}

static bool use_numbered(struct request *r, struct span prefix) {
    return prefix.n && use_file(r, arena_printf(&r->arena, "%.*s%d.html", SPAN_ARG(prefix), r->status));
}

static void use_page(struct request *r) {
    struct buf page = {0};
    error_page(&page, r->status, request_core(r)->tag);
    chunks_add_copy(&r->body, buf_span(&page));
    buf_done(&page);
    fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, SPAN("text/html; charset=utf-8"));
}

/* A malformed head may have no plan yet: the global settings hold. */
static void find_plan(struct request *r) {
    if (r->plan) return;
    request_set_plan(r, r->conf == r->conn->worker->conf ? r->conn->worker->plan : plan_global(r->conf));
    r->module_data = arena_zeroed(&r->arena, r->conf->module_count * sizeof(void *));
    request_lasts(r, LASTS_NOT);
}

/* In spite of its name server.error-handler-404 also answers for what may not be seen. */
static bool is_for_404(int status) {
    return status == 404 || status == 403;
}

enum handler request_refuse(struct request *r) {
    request_give_up(r);
    if (r->is_bare || r->hangs_up) return HANDLER_ERROR; /* whatever is spoken here, it is not HTTP */
    chunks_clear(&r->in_body);
    find_plan(r);
    const struct core_settings *core = r->plan->core;
    request_say_reason(r);
    bool understood = r->in.uri.path.n > 0 && r->status != 400 && r->status != 408 && !r->is_turned_away;
    forget_answer(r);
    if (r->error_status) r->status = r->error_status; /* the error-handler failed too */
    if (understood && !r->error_status && core->error_handler.n) {
        if (ask_handler(r, core->error_handler, true) == HANDLER_COMEBACK) return HANDLER_COMEBACK;
    } else if (understood && !r->error_status && is_for_404(r->status) && core->error_handler_404.n) {
        if (ask_handler(r, core->error_handler_404, false) == HANDLER_COMEBACK) return HANDLER_COMEBACK;
    }
    if (use_listed(r, core->errorfiles) || use_numbered(r, core->errorfile_prefix)) return HANDLER_GO_ON;
    use_page(r);
    return HANDLER_GO_ON;
}
