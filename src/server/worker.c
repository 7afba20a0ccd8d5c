/* worker.c - one process that serves */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "fdevents/socket.h"
#include "net/listener.h"
#include "net/spool.h"
#include "net/wire.h"
#include "server/counting.h"
#include "server/jobs.h"
#include "server/modules.h"
#include "server/plan.h"

enum {
    ACCEPTS_PER_TURN = 64,
    NO_ROOM_MS = 500,     /* how long to leave the listeners alone after "too many open files" */
    DEFAULT_FDS = 4096,
    MAX_FDS = 1048576,
    RETIRED_S = 24 * 3600, /* how long clients may stay after worker_retire(): server.upgrade-timeout */
    FDS_KEPT_BACK = 32,   /* for logs, listeners, the control socket and files being opened */
    CACHED_FILES_MAX = 512,
    FILES_SHARE = 4,      /* the reply cache may hold a quarter of the descriptors */
    LEAVING_MS = 50,
    LEAVING_MAX = 64
};

/* ---- limits ----------------------------------------------------------------------------------- */

static uint32_t wanted_fds(const struct core_settings *core) {
    uint32_t fds = core->max_fds ? core->max_fds : DEFAULT_FDS;
    return fds > MAX_FDS ? MAX_FDS : fds < FDS_KEPT_BACK * 2 ? FDS_KEPT_BACK * 2 : fds;
}

/* How many descriptors this process really may have. */
static uint32_t raise_fds(uint32_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted) {
        struct rlimit more = limit;
        more.rlim_cur = wanted;
        if (more.rlim_max != RLIM_INFINITY && more.rlim_max < wanted) more.rlim_max = wanted;
        if (setrlimit(RLIMIT_NOFILE, &more) != 0) more = (struct rlimit){limit.rlim_max, limit.rlim_max};
        if (more.rlim_cur > wanted) more.rlim_cur = wanted;
        /* macOS has a limit of its own below an unlimited one. */
        while (more.rlim_cur > limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &more) != 0)
            more.rlim_cur -= (more.rlim_cur - limit.rlim_cur + 7) / 8;
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted) return (uint32_t)limit.rlim_cur;
    return wanted;
}

/* With 32 bits, what is more than there are addresses is as much as there are. */
static size_t cache_bytes(const struct core_settings *core) {
    uint64_t bytes = (uint64_t)core->cache_kib * 1024;
    return bytes <= SIZE_MAX ? (size_t)bytes : SIZE_MAX;
}

/* Each connection may be sending a file that nobody else asks for: two descriptors. Whoever says
 * server.max-connections knows better. */
static void apply_limits(struct worker *w, uint32_t fds) {
    const struct core_settings *core = w->conf->core;
    uint32_t files = core->cache_kib ? fds / FILES_SHARE : 0;
    if (files > CACHED_FILES_MAX) files = CACHED_FILES_MAX;
    uint32_t room = fds > files + FDS_KEPT_BACK ? fds - files - FDS_KEPT_BACK : 1;
    w->max_conns = core->max_connections && core->max_connections < room ? core->max_connections : room;
    if (!core->max_connections) w->max_conns = room / 2 + 1;
    w->linger_room = room > w->max_conns ? (room - w->max_conns) / 4 : 0;
    if (w->linger_room > w->max_conns) w->linger_room = w->max_conns;
    if (!w->replies) w->replies = replies_make(cache_bytes(core), files);
    else replies_limit(w->replies, cache_bytes(core));
}

/* Where bodies go that are too large for memory. */
static void use_upload_dirs(struct conf *conf) {
    const struct value *v = conf->core->upload_dirs;
    const char **dirs = arena_zeroed(&conf->arena, ((v ? v->count : 0) + 1) * sizeof *dirs);
    for (size_t i = 0; v && i < v->count; i++) dirs[i] = v->elements[i].value.string.p;
    spool_set(dirs, conf->core->upload_file_bytes);
}

/* ---- accepting -------------------------------------------------------------------------------- */

static void set_accepting(struct worker *w, bool yes) {
    if (w->accepting == yes) return;
    w->accepting = yes;
    for (struct list *i = w->listeners.next; i != &w->listeners; i = i->next) {
        struct listening *l = CONTAINER(i, struct listening, link);
        if (!deadline_is_set(&l->again) && !l->is_silent) fdevent_want(&l->ev, yes ? FDEVENT_IN : 0);
    }
}

static void listen_again(struct deadline *d) {
    struct listening *l = CONTAINER(d, struct listening, again);
    if (l->worker->accepting) fdevent_want(&l->ev, FDEVENT_IN);
}

/* Too many open files: a listener that is asked again at once would spin. */
static void rest(struct listening *l, int error) {
    static int64_t said_s;
    count(COUNT_LIMIT_FILES);
    if (said_s + 60 <= clock_now_s() || said_s == 0) {
        say_error("connections cannot be accepted for now: %s (server.max-fds?)", strerror(error));
        said_s = clock_now_s();
    }
    fdevent_want(&l->ev, 0);
    deadline_in(l->worker->events, &l->again, NO_ROOM_MS);
}

/* Those that wait to be accepted, as far as there is room. How many they are. */
static unsigned accept_some(struct listening *l, struct conn *accepted[ACCEPTS_PER_TURN]) {
    unsigned n = 0;
    for (unsigned i = 0; i < ACCEPTS_PER_TURN && l->worker->accepting; i++) {
        struct addr_room room;
        struct addr peer;
        room.len = sizeof room.storage;
        int fd = socket_accept(l->ev.fd, (struct sockaddr *)&room.storage, &room.len);
        if (fd == SOCKET_AGAIN) continue;
        if (fd == SOCKET_NO_ROOM || fd == SOCKET_BROKEN) rest(l, errno);
        if (fd < 0) break;
        if (!listener_accepted(fd, &l->kind, room.len)) {
            close(fd);
            continue;
        }
        addr_from(&peer, &room);
        accepted[n] = conn_make(l->worker, l, fd, &peer);
        if (accepted[n]) n++;
    }
    return n;
}

/* Each runs after the last was accepted: meanwhile their requests come, and need not be waited for. */
static void on_connection(struct fdevent *ev, unsigned ready) {
    struct conn *accepted[ACCEPTS_PER_TURN];
    unsigned n = accept_some(CONTAINER(ev, struct listening, ev), accepted);
    (void)ready;
    for (unsigned i = 0; i < n; i++) conn_begin(accepted[i]);
}

static void on_listener_closed(struct fdevent *ev) {
    struct listening *l = CONTAINER(ev, struct listening, ev);
    list_remove(&l->link);
    deadline_stop(&l->again);
    listening_drop(l);
}

void listening_drop(struct listening *l) {
    if (--l->refs > 0) return;
    free((char *)(uintptr_t)l->name.p);
    free(l);
}

bool worker_listen(struct worker *w, struct span name, int fd, bool silent) {
    struct listening *l = memory_zeroed(1, sizeof *l);
    l->worker = w;
    l->name = (struct span){span_dup(name), name.n};
    l->id = ++w->next_listener_id;
    l->refs = 1;
    l->kind = listener_kind_of(fd);
    l->ev.run = on_connection;
    l->ev.closed = on_listener_closed;
    l->again.fire = listen_again;
    l->is_silent = silent;
    if (fdevent_add(w->events, &l->ev, fd, w->accepting && !silent ? FDEVENT_IN : 0) != 0) {
        say_error("%.*s cannot be watched: %s", SPAN_ARG(name), strerror(errno));
        close(fd);
        listening_drop(l);
        return false;
    }
    list_add_last(&w->listeners, &l->link);
    return true;
}

/* Nobody is cut off: each ends with the answer it is at, and clients are told to go elsewhere. */
static void end_connections_of(struct worker *w, const struct listening *l) {
    struct list *next;
    for (struct list *i = w->conns.next; i != &w->conns; i = next) {
        struct conn *c = CONTAINER(i, struct conn, link);
        next = i->next;
        if (c->listening == l) conn_end_gracefully(c);
    }
}

void worker_unlisten_others(struct worker *w, const struct conf *conf) {
    struct list *next;
    for (struct list *i = w->listeners.next; i != &w->listeners; i = next) {
        struct listening *l = CONTAINER(i, struct listening, link);
        bool wanted = false;
        next = i->next;
        for (size_t n = 0; conf && n < conf->listen_count; n++) wanted |= span_is(conf->listen[n].name, l->name);
        if (wanted) continue;
        if (!w->is_retired) end_connections_of(w, l);
        fdevent_close(&l->ev);
    }
}

/* ---- connections ------------------------------------------------------------------------------ */

/* Those that count against server.max-connections. */
static uint32_t active_conns(const struct worker *w) {
    return w->conn_count - w->lingering_count;
}

static void accept_again(struct worker *w) {
    if (w->mode != WORKER_SERVES || w->accepting) return;
    if (active_conns(w) < w->max_conns - w->max_conns / 10) set_accepting(w, true);
}

static struct conn *first_of(struct list *conns) {
    return CONTAINER(conns->next, struct conn, link);
}

/* Whose client has left by now is closed; others are watched from here on, as if they had been all the time. */
static void look_at_leaving(struct deadline *d) {
    struct worker *w = CONTAINER(d, struct worker, look);
    uint64_t now_ms = fdevents_now_ms(w->events);
    while (!list_is_empty(&w->leaving) && first_of(&w->leaving)->since_ms + LEAVING_MS <= now_ms)
        conn_look(first_of(&w->leaving));
    if (!list_is_empty(&w->leaving))
        deadline_in(w->events, d, first_of(&w->leaving)->since_ms + LEAVING_MS - now_ms);
}

/* Who has his response, and only has not closed yet, makes room for who has none. */
void worker_conn_added(struct worker *w) {
    w->conn_count++;
    while (w->leaving_count > LEAVING_MAX || w->leaving_count > w->linger_room / 2) conn_look(first_of(&w->leaving));
    while (w->conn_count > w->max_conns + w->linger_room && !list_is_empty(&w->lingering))
        conn_abort(first_of(&w->lingering));
    if (active_conns(w) < w->max_conns || !w->accepting) return;
    count(COUNT_LIMIT_CONNECTIONS);
    say_note("%u connections: no more are accepted until some have ended (server.max-connections)", w->conn_count);
    set_accepting(w, false);
}

void worker_conn_lingers(struct worker *w, struct conn *c) {
    list_remove(&c->link);
    list_add_last(c->is_leaving ? &w->leaving : &w->lingering, &c->link);
    c->lingers = true;
    w->lingering_count++;
    w->leaving_count += c->is_leaving;
    if (c->is_leaving && !deadline_is_set(&w->look)) deadline_in(w->events, &w->look, LEAVING_MS);
    accept_again(w);
}

void worker_conn_stays(struct worker *w, struct conn *c) {
    list_remove(&c->link);
    list_add_last(&w->lingering, &c->link);
    w->leaving_count--;
}

void worker_conn_gone(struct worker *w, const struct conn *c) {
    w->conn_count--;
    if (c->lingers) w->lingering_count--;
    if (c->is_leaving) w->leaving_count--;
    w->busy_ms = fdevents_now_ms(w->events);
    accept_again(w);
    if (w->conn_count == 0 && (w->mode == WORKER_ENDS || w->one_shot)) w->mode = WORKER_STOPS;
}

/* ---- once a second ---------------------------------------------------------------------------- */

static void on_second(struct deadline *d) {
    struct worker *w = CONTAINER(d, struct worker, second);
    uint64_t now = fdevents_now_ms(w->events);
    logs_flush();
    counting_look(w);
    if (w->idle_exit_s && w->conn_count == 0 && now - w->busy_ms >= w->idle_exit_s * UINT64_C(1000))
        worker_end_gracefully(w);
}

/* The clock ticks only while there is something that it is for: an idle server sleeps. */
static void keep_ticking(struct worker *w) {
    bool needed = w->conn_count > 0 || w->idle_exit_s || logs_waiting();
    if (needed && !deadline_is_set(&w->second)) deadline_in(w->events, &w->second, 1000);
}

/* ---- life ------------------------------------------------------------------------------------- */

static void on_end(struct deadline *d) {
    struct worker *w = CONTAINER(d, struct worker, end);
    if (w->conn_count) say_note("%u connections did not end in time and are cut", w->conn_count);
    w->mode = WORKER_STOPS;
}

struct worker *worker_make(struct conf *conf) {
    struct worker *w = memory_zeroed(1, sizeof *w);
    const struct core_settings *core = conf->core;
    const char *backend = core->event_handler.n ? fdevents_backend_by_name(core->event_handler.p) : NULL;
    unsigned fds = raise_fds(wanted_fds(core));
    if (core->event_handler.n && !backend)
        say_warning("server.event-handler \"%s\" is not in this build: the best one is used", core->event_handler.p);
    w->events = fdevents_make_most(backend, &fds, FDS_KEPT_BACK * 2);
    if (!w->events && backend) {
        say_warning("server.event-handler \"%s\" cannot be used here: %s", backend, strerror(errno));
        w->events = fdevents_make_most(NULL, &fds, FDS_KEPT_BACK * 2);
    }
    if (!w->events) {
        say_error("no event handler works here: %s", strerror(errno));
        free(w);
        return NULL;
    }
    if (core->network_backend.n && !wire_set_backend(core->network_backend))
        say_warning("server.network-backend \"%s\" is unknown: %s", core->network_backend.p, wire_backends());
    fdevents_on_wake(w->events, clock_woken);
    jobs_begin(w->events);
    list_init(&w->listeners);
    list_init(&w->conns);
    list_init(&w->lingering);
    list_init(&w->leaving);
    w->conf = conf_hold(conf);
    use_upload_dirs(conf);
    w->second.fire = on_second;
    w->end.fire = on_end;
    w->look.fire = look_at_leaving;
    w->accepting = true;
    w->control.fd = -1;
    w->max_fds = fds;
    apply_limits(w, fds);
    w->busy_ms = fdevents_now_ms(w->events);
    counting_begin(w);
    return w;
}

static void end_silence(struct worker *w) {
    for (struct list *i = w->listeners.next; i != &w->listeners; i = i->next) {
        struct listening *l = CONTAINER(i, struct listening, link);
        if (l->is_silent && w->accepting) fdevent_want(&l->ev, FDEVENT_IN);
        l->is_silent = false;
    }
}

void worker_reconfigure(struct worker *w, struct conf *conf) {
    struct conf *old = w->conf;
    w->conf = conf;
    w->plan = plan_global(conf);
    use_upload_dirs(conf);
    replies_clear(w->replies);
    uint32_t fds = raise_fds(wanted_fds(conf->core));
    apply_limits(w, fds < w->max_fds ? fds : w->max_fds); /* the event handler's size stays */
    if (active_conns(w) < w->max_conns) set_accepting(w, true);
    end_silence(w);
    modules_begin(conf, w->events);
    conf_drop(old);
}

void worker_begin(struct worker *w) {
    clock_update();
    modules_begin(w->conf, w->events);
}

void worker_run(struct worker *w) {
    worker_begin(w);
    while (w->mode != WORKER_STOPS) {
        keep_ticking(w);
        if (fdevents_turn(w->events, -1) < 0) {
            say_error("the event handler %s has failed: %s", fdevents_name(w->events), strerror(errno));
            break;
        }
    }
}

static void end_in_time(struct worker *w, void (*end)(struct conn *c), uint32_t limit_s) {
    struct list *next;
    w->mode = WORKER_ENDS;
    worker_unlisten_others(w, NULL);
    for (struct list *i = w->conns.next; i != &w->conns; i = next) {
        next = i->next;
        end(CONTAINER(i, struct conn, link));
    }
    deadline_in(w->events, &w->end, limit_s * UINT64_C(1000));
    if (w->conn_count == 0) w->mode = WORKER_STOPS;
}

void worker_end_gracefully(struct worker *w) {
    if (w->mode != WORKER_SERVES && !w->is_retired) {
        worker_stop(w);
        return;
    }
    w->is_retired = false;
    end_in_time(w, conn_end_gracefully,
                feature_number(w->conf->core, SPAN("server.graceful-shutdown-timeout"), 8));
}

void worker_retire(struct worker *w) {
    if (w->mode != WORKER_SERVES) return;
    w->is_retired = true;
    end_in_time(w, conn_retire, feature_number(w->conf->core, SPAN("server.upgrade-timeout"), RETIRED_S));
}

void worker_stop(struct worker *w) {
    w->mode = WORKER_STOPS;
}

void worker_drop(struct worker *w) {
    while (!list_is_empty(&w->conns)) conn_abort(first_of(&w->conns));
    while (!list_is_empty(&w->leaving)) conn_abort(first_of(&w->leaving));
    while (!list_is_empty(&w->lingering)) conn_abort(first_of(&w->lingering));
    deadline_stop(&w->look);
    worker_unlisten_others(w, NULL);
    counting_look(w);
    counting_begin(NULL);
    modules_end();
    jobs_end();
    fdevents_turn(w->events, 0); /* closes what waits to be closed */
    replies_drop(w->replies);
    fdevents_drop(w->events);
    conf_drop(w->conf);
    while (w->spare_requests) {
        struct request *r = w->spare_requests;
        w->spare_requests = r->handler_arg;
        arena_done(&r->arena);
        free(r);
    }
    while (w->spare_inputs) {
        struct input *in = w->spare_inputs;
        w->spare_inputs = in->spare;
        free(in);
    }
    h2_forget_spare(w);
    while (w->spare_conns) {
        struct conn *c = w->spare_conns;
        w->spare_conns = (struct conn *)(void *)c->link.next;
        free(c);
    }
    free(w);
    logs_flush();
}
