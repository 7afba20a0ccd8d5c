/* children.c - programs that the helper process runs for this worker */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/map.h"
#include "base/memory.h"
#include "server/counters.h"
#include "server/jobs.h"
#include "server/module.h"

/* child - asked for; freed when it has ended, could not be started, or is forgotten */
struct child {
    uint32_t id;
    pid_t pid;        /* once it is started */
    int signo;        /* what to send once it is */
    bool is_lost;     /* its helper is gone: what becomes of it nobody will tell */
    struct list link; /* in lost */
    void (*event)(void *arg, enum child_event what, int value);
    void *arg;
};

static struct map children; /* by id */
static struct list lost = {&lost, &lost};
static uint32_t next_id;

static struct span key_of(const struct child *c) {
    return (struct span){(const char *)&c->id, sizeof c->id};
}

static void child_free(struct child *c) {
    map_remove(&children, key_of(c));
    list_remove(&c->link);
    free(c);
}

static void add_words(struct buf *payload, const char *const *words) {
    for (; *words; words++) buf_add(payload, (struct span){*words, strlen(*words) + 1});
}

static uint32_t count_words(const char *const *words) {
    uint32_t count = 0;
    while (words[count]) count++;
    return count;
}

/* Two numbers: words of argv, words of envp; then strings with their NUL: directory, argv, envp. */
static void describe(const struct spawn *s, struct buf *payload) {
    uint32_t counts[2] = {count_words(s->argv), count_words(s->envp)};
    const char *const directory[] = {s->directory ? s->directory : "/", NULL};
    buf_add(payload, (struct span){(const char *)counts, sizeof counts});
    add_words(payload, directory);
    add_words(payload, s->argv);
    add_words(payload, s->envp);
}

static void close_descriptors(const struct spawn *s) {
    int error = errno;
    close(s->in);
    close(s->out);
    if (s->err >= 0) close(s->err);
    errno = error;
}

struct child *child_start(const struct spawn *s, void (*event)(void *arg, enum child_event what, int value),
                          void *arg) {
    struct post *line = jobs_line();
    struct buf payload = {0};
    errno = ENOTCONN;
    if (!line) {
        close_descriptors(s);
        return NULL;
    }
    struct child *c = memory_zeroed(1, sizeof *c);
    c->id = ++next_id;
    c->event = event;
    c->arg = arg;
    list_init(&c->link);
    describe(s, &payload);
    const struct enclosure enclosed = {{s->in, s->out, s->err}, s->err >= 0 ? 3 : 2};
    bool ok = post_send(line, HELPER_SPAWN, c->id, buf_span(&payload), &enclosed);
    int error = errno;
    buf_done(&payload);
    if (ok) count(COUNT_PROGRAMS);
    if (ok) map_put(&children, key_of(c), c);
    else free(c);
    errno = error;
    return ok ? c : NULL;
}

/* Its own group: what it has started itself goes with it. */
static void send_signal(const struct child *c, int signo) {
    int32_t number = signo;
    if (c->pid > 0 && c->is_lost) kill(-c->pid, signo);
    if (c->pid > 0 && !c->is_lost && jobs_line())
        post_send(jobs_line(), HELPER_SIGNAL, c->id, (struct span){(const char *)&number, sizeof number}, NULL);
}

void child_signal(struct child *c, int signo) {
    if (c->pid > 0) send_signal(c, signo);
    else c->signo = signo;
}

void child_forget(struct child *c) {
    if (!c) return;
    c->event = NULL;
    if (c->pid > 0 || c->signo == 0 || c->is_lost) child_free(c); /* else the signal is still owed */
}

/* ---- what the helper says --------------------------------------------------------------------- */

static void tell(struct child *c, enum child_event what, int value) {
    void (*event)(void *arg, enum child_event what, int value) = c->event;
    void *arg = c->arg;
    if (what == CHILD_STARTED) {
        c->pid = value;
        if (c->signo) send_signal(c, c->signo);
        if (!event) child_free(c);
    } else {
        child_free(c);
    }
    if (event) event(arg, what, value);
}

void children_heard(const struct letter *l) {
    int32_t said[2];
    struct child *c = map_get(&children, (struct span){(const char *)&l->id, sizeof l->id});
    if (!c || l->payload.n != sizeof said) return;
    memcpy(said, l->payload.p, sizeof said);
    tell(c, (enum child_event)said[0], said[1]);
}

void children_line_lost(void) {
    struct map_entry *e;
    bool any = false;
    for (size_t i = 0; (e = map_each(&children, &i));) {
        struct child *c = e->value;
        if (c->is_lost) continue;
        c->is_lost = any = true;
        list_add_last(&lost, &c->link);
        if (c->pid > 0) send_signal(c, SIGTERM); /* it has nobody any more who looks after it */
    }
    if (any) jobs_run_later();
}

void children_later(void) {
    while (!list_is_empty(&lost)) {
        struct child *c = CONTAINER(lost.next, struct child, link);
        if (c->pid > 0) tell(c, CHILD_ENDED, CHILD_END_UNKNOWN);
        else tell(c, CHILD_FAILED, EPIPE);
    }
}

void children_end(void) {
    struct map_entry *e;
    for (size_t i = 0; (e = map_each(&children, &i));) free(e->value);
    map_done(&children);
    list_init(&lost);
}
