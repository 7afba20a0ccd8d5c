/* route.c - from a URL to whoever answers it: conditions, hooks, the file system */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>

#include "net/file.h"
#include "server/conn.h"
#include "server/module.h"
#include "server/plan.h"
#include "server/secure.h"
#include "server/watch.h"

enum { COMEBACKS_MAX = 100 };

/* ---- what lies between the phases ------------------------------------------------------------- */

static void log_conditions(struct request *r, struct span socket) {
    for (unsigned i = 1; i < r->conf->conditions.count; i++) {
        char room[ADDR_TEXT_BYTES];
        const struct condition *c = &r->conf->conditions.list[i];
        bool applies = (r->plan->words[i >> 6] >> (i & 63)) & 1;
        struct span is = condition_operand_text(c, r, socket, room);
        request_say(r, LOG_IS_NOTE, "condition %u: %.*s {\"%.*s\"}: %s", i, SPAN_ARG(c->block->text), SPAN_ARG(is),
                    applies ? "applies" : "does not apply");
    }
}

static enum handler begin(struct request *r) {
    struct span socket = r->conn->listening->name;
    request_set_plan(r, plan_for(r->conf, r, socket));
    if (!r->module_data) r->module_data = arena_zeroed(&r->arena, r->conf->module_count * sizeof(void *));
    if (r->plan->core->log_conditions) log_conditions(r, socket);
    if (r->comebacks == 0) {
        r->first_plan = r->plan;
        enum handler word = request_admit(r, r->plan);
        if (word != HANDLER_GO_ON) return word;
    }
    if (secure_is_misdirected(r, r->plan)) {
        request_lasts(r, LASTS_NOT);
        return request_refuse_for(r, 421, NULL, "%.*s has another certificate than this connection",
                                  SPAN_ARG(r->in.authority));
    }
    secure_export(r);
    uint64_t limit = (uint64_t)r->plan->core->max_request_kib * 1024;
    if (limit && r->in.body_bytes > 0 && (uint64_t)r->in.body_bytes > limit)
        return request_refuse_for(r, 413, "server.max-request-size", "the body has %lld bytes, %llu are allowed",
                                  (long long)r->in.body_bytes, (unsigned long long)limit);
    return HANDLER_GO_ON;
}

/* "OPTIONS *" asks for the server as a whole; CONNECT for a tunnel, which nobody here offers by itself. */
static enum handler server_itself(struct request *r) {
    static const struct span allowed = SPAN_INIT("OPTIONS, GET, HEAD");
    if (r->in.method == METHOD_CONNECT && !r->in.protocol.n) {
        fields_set(&r->out, &r->arena, HEADER_ALLOW, allowed); /* RFC 9110 15.5.6 */
        return request_refuse_for(r, 405, NULL, "nobody here makes tunnels");
    }
    if (!span_is(r->in.uri.path, SPAN("*"))) {
        r->physical.docroot = r->plan->core->document_root;
        return HANDLER_GO_ON;
    }
    r->status = 200;
    fields_set(&r->out, &r->arena, HEADER_ALLOW, allowed);
    return HANDLER_FINISHED;
}

static enum handler document_root(struct request *r) {
    struct span root = r->physical.docroot, path = r->in.uri.path;
    while (root.n > 1 && root.p[root.n - 1] == '/') root.n--;
    if (root.n == 1) root.n = 0; /* "/" itself */
    r->physical.docroot = root;
    if (r->plan->core->lowercase_filenames) path = arena_lower(&r->arena, path);
    request_set_path(r, root, path);
    if (r->plan->core->log_requests)
        request_say(r, LOG_IS_NOTE, "handling: %.*s leads to %.*s", SPAN_ARG(r->in.uri.path),
                    SPAN_ARG(r->physical.path));
    return HANDLER_GO_ON;
}

static enum handler redirect_to_directory(struct request *r) {
    struct buf location = {0};
    if (feature_flag(r->conf->core, SPAN("server.absolute-dir-redirect"), false))
        buf_add(&location, request_origin(r));
    percent_encode(&location, r->in.uri.path, PERCENT_PATH);
    buf_add_char(&location, '/');
    if (r->in.uri.query.p) {
        buf_add_char(&location, '?');
        buf_add(&location, r->in.uri.query);
    }
    request_lasts(r, LASTS_A_SECOND);
    enum handler word = request_redirect(r, 301, arena_copy(&r->arena, buf_span(&location)));
    buf_done(&location);
    return word;
}

/* The slash in path[from…to) that is nearest to the middle; `to` if there is none. */
static size_t middle_slash(struct span path, size_t from, size_t to) {
    size_t middle = from + (to - from) / 2;
    for (size_t i = middle; i < to; i++)
        if (path.p[i] == '/') return i;
    for (size_t i = middle; i > from; i--)
        if (path.p[i - 1] == '/') return i - 1;
    return to;
}

/* "/index.php/more": the longest part that is there, if that is a file; what follows is the path info. What is below
 * something missing is missing too, so a long path takes few looks. Returns 0 or the errno of the whole. */
static int split_path_info(struct request *r, struct file_state *state, int error) {
    struct span path = r->physical.path;
    char *part = memcpy(arena_bytes(&r->arena, path.n + 1), path.p, path.n);
    size_t from = r->physical.basedir.n, to = path.n, at, longest = 0;
    int found = error;
    if (from > to) return error;
    while ((at = middle_slash(path, from, to)) < to) {
        struct file_state there;
        part[at] = '\0';
        int missing = file_look(part, &there);
        part[at] = '/';
        if (missing == ENOENT || missing == ENOTDIR) {
            to = at;
            continue;
        }
        found = missing;
        *state = there;
        longest = at;
        from = at + 1;
    }
    if (found || !S_ISREG(state->mode)) return error;
    r->physical.path_info = arena_copy(&r->arena, span_from(path, longest));
    r->physical.path = arena_copy(&r->arena, span_upto(path, longest));
    return 0;
}

static enum handler look_at_file(struct request *r) {
    struct file_state state;
    int error = file_look(r->physical.path.p, &state);
    request_lasts(r, error ? LASTS_A_SECOND : LASTS_LIKE_FILE);
    if (!error && S_ISDIR(state.mode)) {
        struct span *path = &r->physical.path; /* "/alias" => "/directory/": what the client sees decides */
        if (span_ends(r->in.uri.path, SPAN("/"))) {
            if (!span_ends(*path, SPAN("/"))) *path = arena_join(&r->arena, *path, SPAN("/"));
        } else if (r->in.method == METHOD_GET || r->in.method == METHOD_HEAD) return redirect_to_directory(r);
    }
    if ((error == ENOENT || error == ENOTDIR) && feature_flag(r->conf->core, SPAN("server.http-pathinfo"), true))
        error = split_path_info(r, &state, error);
    if (error == 0) return HANDLER_GO_ON;
    if (error == EACCES || error == ELOOP)
        return request_refuse_for(r, 403, NULL, "%.*s: %s", SPAN_ARG(r->physical.path), strerror(error));
    if (error != ENOENT && error != ENOTDIR && error != ENAMETOOLONG)
        return request_refuse_for(r, 500, NULL, "%.*s: %s", SPAN_ARG(r->physical.path), strerror(error));
    return request_refuse_for(r, 404, NULL, "there is no %.*s", SPAN_ARG(r->physical.path));
}

/* Nobody took it. The path exists: either the method is not one for files, or files of this kind are not given
 * away. */
static enum handler nobody(struct request *r) {
    static const struct span allowed = SPAN_INIT("GET, HEAD, OPTIONS");
    if (r->in.method == METHOD_OTHER || r->in.method == METHOD_CONNECT)
        return request_refuse_for(r, 501, NULL, "nobody takes the method %.*s", SPAN_ARG(r->in.method_text));
    if (r->in.method == METHOD_OPTIONS) {
        r->status = 200;
        fields_set(&r->out, &r->arena, HEADER_ALLOW, allowed);
        return HANDLER_FINISHED;
    }
    if (r->in.method == METHOD_GET || r->in.method == METHOD_HEAD)
        return request_refuse_for(r, 403, NULL, "no module gives %.*s away", SPAN_ARG(r->physical.path));
    fields_set(&r->out, &r->arena, HEADER_ALLOW, allowed);
    return request_refuse_for(r, 405, NULL, "no module takes %.*s for %.*s", SPAN_ARG(r->in.method_text),
                              SPAN_ARG(r->physical.path));
}

/* ---- the road --------------------------------------------------------------------------------- */

/* Each stop: what the server does itself, then the hooks of a phase. PHASE_COUNT: none. */
static const struct {
    enum handler (*step)(struct request *r);
    enum phase phase;
} road[] = {
    {begin, PHASE_URI_RAW},
    {NULL, PHASE_URI_CLEAN},
    {server_itself, PHASE_DOCROOT},
    {document_root, PHASE_PHYSICAL},
    {look_at_file, PHASE_SUBREQUEST_START},
    {nobody, PHASE_COUNT},
};
enum { STOPS = sizeof road / sizeof *road };

/* Hooks of a phase until one has something to say. r->phase_at: 0 before the stop's own step, then the next hook,
 * from 1. */
static enum handler run_phase(struct request *r, enum phase phase) {
    const struct plan *plan = r->plan;
    while (phase < PHASE_COUNT && r->phase_at <= plan->hook_count[phase]) {
        const struct planned_hook *h = &plan->hooks[phase][r->phase_at - 1];
        request_lasts(r, h->lasting);
        enum handler word = h->run(r, h->settings);
        watch_step(r, phase, h, word);
        if (word == HANDLER_WAIT_FOR_EVENT) r->waiting = WAITING_HANDLER;
        if (word != HANDLER_GO_ON) return word;
        r->phase_at++;
        if (r->handler) return HANDLER_GO_ON;
    }
    r->phase_at = 0;
    return HANDLER_GO_ON;
}

void request_start_anew(struct request *r) {
    request_give_up(r);
    request_drop_answer(r);
    r->step = r->phase_at = 0;
    r->handler = NULL;
    r->physical = (struct physical){0};
    if (!r->error_status) r->reason = NULL;
    r->comebacks++;
}

enum handler request_come_back(struct request *r) {
    request_start_anew(r);
    if (r->comebacks <= COMEBACKS_MAX) return HANDLER_COMEBACK;
    request_reason(r, NULL, "the URL was rewritten %d times: the rules lead in a circle", COMEBACKS_MAX);
    r->status = 500;
    return HANDLER_ERROR;
}

/* An error status is an answer, but REFUSE makes its page. */
enum handler request_finish(struct request *r) {
    if (r->status < 400 || r->body.count || r->source) return HANDLER_FINISHED;
    return HANDLER_ERROR;
}

enum handler request_route(struct request *r) {
    for (; r->step < STOPS; r->step++) {
        enum handler word = HANDLER_GO_ON;
        if (r->handler) break;
        if (r->phase_at == 0) {
            r->phase_at = 1;
            if (road[r->step].step) word = road[r->step].step(r);
            watch_step(r, road[r->step].phase, NULL, word);
        }
        if (word == HANDLER_GO_ON) word = run_phase(r, road[r->step].phase);
        if (word == HANDLER_WAIT_FOR_EVENT) return word;
        if (word == HANDLER_COMEBACK) return request_come_back(r);
        if (word == HANDLER_FINISHED) return request_finish(r);
        if (word == HANDLER_ERROR) {
            if (r->status < 400) r->status = 500;
            return HANDLER_ERROR;
        }
    }
    return HANDLER_GO_ON;
}
