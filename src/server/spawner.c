/* spawner.c - the helper process starts programs for workers */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "server/helper_parts.h"
#include "server/jobs.h"
#include "server/warrant.h"

enum { PATIENCE_S = 5, MESSAGES_MAX = 20 };

/* offspring - a program that a worker has asked for */
struct offspring {
    struct process process;
    struct list link;
    struct client *client; /* NULL: the worker is gone */
    uint32_t id;           /* what it calls it */
};

static struct list all = {&all, &all};
static struct buf warrant, warrant_before; /* what may be started */

static void say(struct client *c, uint32_t id, enum child_event what, int value) {
    int32_t said[2] = {(int32_t)what, value};
    if (c) post_send(&c->post, HELPER_CHILD, id, (struct span){(const char *)said, sizeof said}, NULL);
}

static void on_process(struct process *p, enum child_event what, int value) {
    struct offspring *o = CONTAINER(p, struct offspring, process);
    say(o->client, o->id, what, value);
    if (what == CHILD_STARTED) return;
    list_remove(&o->link);
    free(o);
}

/* So many strings, each with its NUL, off *rest: an array that ends with NULL, for free(). NULL: they are missing. */
static char **take_words(struct span *rest, uint32_t count) {
    if (count > rest->n) return NULL;
    char **words = memory_zeroed((size_t)count + 1, sizeof *words);
    for (uint32_t i = 0; i < count; i++) {
        size_t n = span_find(*rest, '\0');
        if (n == rest->n) {
            free(words);
            return NULL;
        }
        words[i] = (char *)(uintptr_t)rest->p;
        *rest = span_from(*rest, n + 1);
    }
    return words;
}

void spawner_allow(struct span text) {
    if (span_is(buf_span(&warrant), text)) return;
    struct buf oldest = warrant_before;
    warrant_before = warrant;
    warrant = oldest;
    buf_clear(&warrant);
    buf_add(&warrant, text);
}

static bool is_allowed(const struct warrant_ask *a) {
    static unsigned said;
    const char *left_out;
    bool yes = warrant_lets(buf_span(&warrant), a, &left_out);
    if (!yes) yes = warrant_lets(buf_span(&warrant_before), a, &left_out);
    if (yes && !left_out) return true;
    if (said++ >= MESSAGES_MAX) return yes;
    if (!yes) say_error("%s is not started for a worker: nothing in the configuration names it", a->argv[0]);
    else
        say_warning("%s does not get the variable %.*s: no request has it and no directive sets it "
                    "(setenv.add-environment; with \"\" there, it may have any value)", a->argv[0],
                    SPAN_ARG(span_upto(span_of(left_out), span_find(span_of(left_out), '='))));
    return yes;
}

/* 0, or errno. Strings stay where they arrived: the fork has its own copy. */
static int start(struct client *c, const struct letter *l) {
    struct span rest = l->payload;
    uint32_t counts[2];
    if (l->fds_lost) return EMFILE;
    if (l->enclosed.count < 2 || rest.n < sizeof counts) return EINVAL;
    memcpy(counts, rest.p, sizeof counts);
    rest = span_from(rest, sizeof counts);
    char **directory = take_words(&rest, 1);
    char **argv = directory ? take_words(&rest, counts[0]) : NULL;
    char **envp = argv ? take_words(&rest, counts[1]) : NULL;
    int error = EINVAL;
    if (envp && counts[0] && !is_allowed(&(struct warrant_ask){argv, envp, directory[0]})) {
        error = EPERM;
    } else if (envp && counts[0]) {
        const int *fds = l->enclosed.fds;
        struct process_spec s = {argv, envp, directory[0], {fds[0], fds[1], l->enclosed.count > 2 ? fds[2] : -1}};
        struct offspring *o = memory_zeroed(1, sizeof *o);
        *o = (struct offspring){.client = c, .id = l->id, .process = {.event = on_process}};
        list_add_last(&all, &o->link);
        error = process_start(&o->process, &s) ? 0 : errno;
        if (error) list_remove(&o->link), free(o);
    }
    free(directory);
    free(argv);
    free(envp);
    return error;
}

static void pass_signal_on(const struct client *c, const struct letter *l) {
    int32_t signo;
    if (l->payload.n != sizeof signo) return;
    memcpy(&signo, l->payload.p, sizeof signo);
    for (struct list *i = all.next; i != &all; i = i->next) {
        const struct offspring *o = CONTAINER(i, struct offspring, link);
        if (o->client == c && o->id == l->id) process_signal(&o->process, signo);
    }
}

void spawner_heard(struct client *c, struct letter *l) {
    int error = l->kind == HELPER_SPAWN ? start(c, l) : 0;
    if (l->kind == HELPER_SIGNAL) pass_signal_on(c, l);
    if (error) say(c, l->id, CHILD_FAILED, error);
}

/* Nobody reads what they write. */
void spawner_client_gone(const struct client *c) {
    for (struct list *i = all.next; i != &all; i = i->next) {
        struct offspring *o = CONTAINER(i, struct offspring, link);
        if (o->client != c) continue;
        o->client = NULL;
        process_end(&o->process, SIGTERM, PATIENCE_S);
    }
}

void spawner_end(void) {
    for (struct list *i = all.next; i != &all; i = i->next)
        process_end(&CONTAINER(i, struct offspring, link)->process, SIGTERM, PATIENCE_S);
}
