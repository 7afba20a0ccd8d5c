/* jobs.c - what a worker asks of the helper process, and the line between them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "fdevents/socket.h"
#include "server/counters.h"
#include "server/module.h"

enum { JOBS_MAX = 256 }; /* asked by one worker and not answered yet */

/* job - one question; freed once it is answered, or forgotten */
struct job {
    struct list link; /* in asked or in finished */
    uint32_t id;
    bool has_answer;
    struct buf answer;
    void (*done)(void *arg, struct span answer);
    void *arg;
};

/* line - the post to one helper; a new helper gets a new one while the old may still be closing */
struct line {
    struct post post;
};

static struct fdevents *events;
static struct line *line;
static bool has_helper; /* has, had or will have one: a job is never run here then, it would stop everybody */
static struct list asked = {&asked, &asked}, finished = {&finished, &finished};
static unsigned asked_count;
static uint32_t next_id;
static struct fdevent later; /* woken for what is due in the next turn; its socket says nothing */

/* ---- in the next turn ------------------------------------------------------------------------- */

static void job_free(struct job *j) {
    list_remove(&j->link);
    asked_count--;
    buf_done(&j->answer);
    free(j);
}

static void finish(struct job *j) {
    struct span answer = {NULL, 0};
    struct job was = *j;
    if (!j->has_answer) count(COUNT_JOBS_LOST);
    if (j->has_answer) answer = (struct span){was.answer.p ? was.answer.p : "", was.answer.n};
    j->answer = (struct buf){NULL, 0, 0};
    job_free(j);
    was.done(was.arg, answer);
    buf_done(&was.answer);
}

static void on_later(struct fdevent *ev, unsigned ready) {
    struct list due;
    (void)ev, (void)ready;
    list_init(&due);
    while (!list_is_empty(&finished)) { /* what is added meanwhile is for the turn after this one */
        struct list *first = finished.next;
        list_remove(first);
        list_add_last(&due, first);
    }
    while (!list_is_empty(&due)) finish(CONTAINER(due.next, struct job, link));
    children_later();
}

/* Made when it is first needed: most workers never do. */
static bool make_later(void) {
    if (later.set) return true;
    int fd = socket_open(AF_UNIX, SOCK_STREAM, 0);
    later = (struct fdevent){.run = on_later};
    return fd >= 0 && fdevent_add(events, &later, fd, 0) == 0;
}

void jobs_run_later(void) {
    if (make_later()) fdevent_wake(&later);
}

static void finish_later(struct job *j) {
    list_remove(&j->link);
    list_add_last(&finished, &j->link);
    jobs_run_later();
}

/* ---- the line --------------------------------------------------------------------------------- */

static struct job *find(uint32_t id) {
    for (struct list *i = asked.next; i != &asked; i = i->next) {
        struct job *j = CONTAINER(i, struct job, link);
        if (j->id == id) return j;
    }
    return NULL;
}

static void on_letter(struct post *p, struct letter *l) {
    (void)p;
    if (l->kind == HELPER_CHILD) children_heard(l);
    struct job *j = l->kind == HELPER_ANSWER ? find(l->id) : NULL;
    if (!j) return;
    j->has_answer = l->payload.n > 0 && l->payload.p[0];
    if (j->has_answer) buf_add(&j->answer, span_from(l->payload, 1));
    finish(j);
}

/* What the old helper was asked, the new one does not know. */
static void fail_all(void) {
    while (!list_is_empty(&asked)) finish_later(CONTAINER(asked.next, struct job, link));
    children_line_lost();
}

static void on_gone(struct post *p) {
    struct line *gone = CONTAINER(p, struct line, post);
    if (gone == line) {
        line = NULL;
        fail_all();
    }
    free(gone);
}

struct post *jobs_line(void) {
    return line && line->post.is_open ? &line->post : NULL;
}

void jobs_leave_to_helper(void) {
    has_helper = true;
}

void jobs_connect(int socket) {
    struct line *new = memory_zeroed(1, sizeof *new), *old = line;
    new->post.take = on_letter;
    new->post.gone = on_gone;
    has_helper = true;
    line = NULL;
    if (old) {
        fail_all();
        post_close(&old->post);
    }
    if (post_open(&new->post, events, socket)) line = new;
    else free(new);
}

/* ---- asking ----------------------------------------------------------------------------------- */

static void answer_here(struct job *j, const struct job_kind *kind, struct span question) {
    kind->run(question, &j->answer);
    j->has_answer = j->answer.n <= JOB_BYTES_MAX;
    finish_later(j);
}

static bool send_question(const struct job *j, const struct job_kind *kind, struct span question) {
    struct buf payload = {0};
    buf_add_text(&payload, kind->name);
    buf_add_char(&payload, '\0');
    buf_add(&payload, question);
    bool ok = post_send(jobs_line(), HELPER_JOB, j->id, buf_span(&payload), NULL);
    buf_done(&payload);
    return ok;
}

struct job *job_ask(const struct job_kind *kind, struct span question, void (*done)(void *arg, struct span answer),
                    void *arg) {
    if (!events || asked_count == JOBS_MAX || question.n > JOB_BYTES_MAX) return NULL;
    if (has_helper ? !jobs_line() : !make_later()) return NULL;
    struct job *j = memory_zeroed(1, sizeof *j);
    j->id = ++next_id;
    j->done = done;
    j->arg = arg;
    list_add_last(&asked, &j->link);
    asked_count++;
    count(COUNT_JOBS);
    if (!has_helper) {
        answer_here(j, kind, question);
    } else if (!send_question(j, kind, question)) {
        job_free(j);
        return NULL;
    }
    return j;
}

void job_forget(struct job *j) {
    if (!j) return;
    if (jobs_line()) post_send(jobs_line(), HELPER_FORGET, j->id, SPAN(""), NULL);
    job_free(j);
}

/* ---- life ------------------------------------------------------------------------------------- */

void jobs_begin(struct fdevents *of_worker) {
    events = of_worker;
}

void jobs_end(void) {
    while (!list_is_empty(&asked)) job_free(CONTAINER(asked.next, struct job, link));
    while (!list_is_empty(&finished)) job_free(CONTAINER(finished.next, struct job, link));
    children_end();
    if (line) post_close(&line->post);
    line = NULL;
    if (later.set) fdevent_close(&later);
    events = NULL;
    has_helper = false;
}
