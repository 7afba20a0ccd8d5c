/* assistants.c - processes of the helper that do what blocks, one job at a time each */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "fdevents/socket.h"
#include "server/helper_parts.h"
#include "server/jobs.h"
#include "server/modules.h"

enum { ASSISTANTS = 4, QUEUE_MAX = 256, IDLE_S = 60 };

/* task - a job that waits, or is being done */
struct task {
    struct list link;      /* in queue, while it waits */
    struct client *client; /* NULL: nobody wants the answer any more */
    uint32_t id;
    const struct job_kind *kind;
    struct buf question;
};

/* assistant - forked when there is work and nobody free */
struct assistant {
    struct fdevent ev;
    struct deadline limit; /* of its job, or of its idleness */
    struct task *task;
    struct buf in;         /* of its answer: length, then bytes */
    pid_t pid;             /* 0: this place is empty */
};

static struct assistant assistants[ASSISTANTS];
static struct list queue = {&queue, &queue};
static unsigned queued;

static void give_out(void);

/* ---- the assistant's own life ----------------------------------------------------------------- */

static bool read_all(int fd, char *bytes, size_t n) {
    while (n > 0) {
        ssize_t got = read(fd, bytes, n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        bytes += got;
        n -= (size_t)got;
    }
    return true;
}

/* A question is: kind (a pointer: it is the same program), length, bytes; an answer: length, bytes. */
static _Noreturn void assist(int fd) {
    struct {
        const struct job_kind *kind;
        size_t length;
    } head;
    struct buf question = {0}, answer = {0};
    signals_as_new();
    signal(SIGPIPE, SIG_IGN);
    while (read_all(fd, (char *)&head, sizeof head)) {
        question.n = answer.n = 0;
        if (!read_all(fd, buf_room(&question, head.length + 1), head.length)) break;
        question.n = head.length;
        head.kind->run(buf_span(&question), &answer);
        uint32_t length = (uint32_t)answer.n;
        if (answer.n > JOB_BYTES_MAX || fd_write_all(fd, (const char *)&length, sizeof length) != 0) break;
        if (fd_write_all(fd, answer.p, answer.n) != 0) break;
    }
    _exit(0);
}

/* ---- jobs ------------------------------------------------------------------------------------- */

static void task_drop(struct task *t) {
    buf_done(&t->question);
    free(t);
}

/* bytes.p NULL: there is no answer. */
static void answer(struct task *t, struct span bytes) {
    struct buf payload = {0};
    buf_add_char(&payload, bytes.p ? 1 : 0);
    buf_add(&payload, bytes);
    if (t->client) post_send(&t->client->post, HELPER_ANSWER, t->id, buf_span(&payload), NULL);
    buf_done(&payload);
    task_drop(t);
}

static void refuse(struct task *t) {
    answer(t, (struct span){NULL, 0});
}

/* ---- assistants ------------------------------------------------------------------------------- */

/* It is not asked any more; a job it has is lost. The end of the socket is the end of an idle one. */
static void dismiss(struct assistant *a) {
    int fd = a->ev.fd;
    if (a->ev.set) {
        fdevent_remove(&a->ev);
        close(fd);
    }
    deadline_stop(&a->limit);
    if (a->task) refuse(a->task);
    buf_done(&a->in);
    *a = (struct assistant){.pid = 0};
}

static void on_limit(struct deadline *d) {
    struct assistant *a = CONTAINER(d, struct assistant, limit);
    if (a->task) {
        say_warning("a job (%s) has taken longer than %d seconds: it is given up", a->task->kind->name,
                    (int)JOB_SECONDS);
        kill(a->pid, SIGKILL);
    }
    dismiss(a);
    give_out();
}

static void on_answer(struct fdevent *ev, unsigned ready) {
    struct assistant *a = CONTAINER(ev, struct assistant, ev);
    uint32_t length = 0;
    (void)ready;
    ssize_t n = read(ev->fd, buf_room(&a->in, 8192), 8192);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n > 0) a->in.n += (size_t)n;
    if (n > 0 && a->in.n >= sizeof length) memcpy(&length, a->in.p, sizeof length);
    bool whole = n > 0 && a->in.n >= sizeof length && a->in.n == sizeof length + length;
    if (n > 0 && !whole && a->in.n <= sizeof length + JOB_BYTES_MAX) return;
    if (!whole || !a->task) { /* gone, or nonsense: waitpid() will tell what has happened */
        kill(a->pid, SIGKILL);
        fdevent_want(ev, 0);
        return;
    }
    struct task *done = a->task;
    a->task = NULL;
    answer(done, (struct span){a->in.p + sizeof length, length});
    if (a->in.cap > 16 * 1024) buf_done(&a->in);
    a->in.n = 0;
    deadline_in(helper_self.events, &a->limit, IDLE_S * UINT64_C(1000));
    give_out();
}

static bool hire(struct assistant *a) {
    int pair[2];
    if (socket_pair(pair) != 0) return false;
    pid_t pid = fork_quietly();
    if (pid == 0) {
        close(pair[0]);
        helper_close_lines();
        for (unsigned i = 0; i < ASSISTANTS; i++)
            if (assistants[i].ev.set) close(assistants[i].ev.fd);
        fd_set_nonblocking(pair[1], false);
        assist(pair[1]);
    }
    close(pair[1]);
    *a = (struct assistant){.pid = pid, .ev = {.run = on_answer}, .limit = {.fire = on_limit}};
    if (pid > 0 && fdevent_add(helper_self.events, &a->ev, pair[0], FDEVENT_IN) == 0) return true;
    say_error("an assistant cannot be started: %s", strerror(errno));
    close(pair[0]);
    *a = (struct assistant){.pid = 0};
    return false;
}

/* The socket's buffer is empty and takes a question whole, or the assistant reads: it does nothing else now. */
static bool ask(struct assistant *a, struct task *t) {
    struct {
        const struct job_kind *kind;
        size_t length;
    } head = {t->kind, t->question.n};
    fd_set_nonblocking(a->ev.fd, false);
    bool ok = fd_write_all(a->ev.fd, (const char *)&head, sizeof head) == 0 &&
              fd_write_all(a->ev.fd, t->question.p, t->question.n) == 0;
    fd_set_nonblocking(a->ev.fd, true);
    if (!ok) return false;
    a->task = t;
    deadline_in(helper_self.events, &a->limit, JOB_SECONDS * UINT64_C(1000));
    return true;
}

static struct assistant *somebody(void) {
    struct assistant *place = NULL;
    for (unsigned i = 0; i < ASSISTANTS; i++) {
        if (assistants[i].pid > 0 && !assistants[i].task) return &assistants[i];
        if (assistants[i].pid == 0 && !place) place = &assistants[i];
    }
    return place;
}

static void give_out(void) {
    struct assistant *a;
    while (!helper_self.ends && !list_is_empty(&queue) && (a = somebody())) {
        struct task *t = CONTAINER(queue.next, struct task, link);
        list_remove(&t->link);
        queued--;
        if (a->pid == 0 && !hire(a)) {
            refuse(t);
            continue;
        }
        if (ask(a, t)) continue;
        dismiss(a); /* it has died while it was idle: another one may do it */
        list_add_first(&queue, &t->link);
        queued++;
    }
}

/* ---- from workers ----------------------------------------------------------------------------- */

static void queue_job(struct client *c, const struct letter *l) {
    size_t n = span_find(l->payload, '\0');
    struct task *t = memory_zeroed(1, sizeof *t);
    t->client = c;
    t->id = l->id;
    t->kind = modules_job_kind(span_upto(l->payload, n));
    if (!t->kind || n == l->payload.n || queued == QUEUE_MAX) {
        refuse(t);
        return;
    }
    buf_add(&t->question, span_from(l->payload, n + 1));
    list_add_last(&queue, &t->link);
    queued++;
    give_out();
}

static bool concerns(const struct task *t, const struct client *c, const uint32_t *id) {
    return t && t->client == c && (!id || t->id == *id);
}

/* id NULL: all of that client. */
static void forget(const struct client *c, const uint32_t *id) {
    struct list *next;
    for (struct list *i = queue.next; i != &queue; i = next) {
        struct task *t = CONTAINER(i, struct task, link);
        next = i->next;
        if (!concerns(t, c, id)) continue;
        list_remove(&t->link);
        queued--;
        task_drop(t);
    }
    for (unsigned i = 0; i < ASSISTANTS; i++)
        if (concerns(assistants[i].task, c, id)) assistants[i].task->client = NULL;
}

void assistants_heard(struct client *c, const struct letter *l) {
    if (l->kind == HELPER_JOB) queue_job(c, l);
    if (l->kind == HELPER_FORGET) forget(c, &l->id);
}

void assistants_client_gone(const struct client *c) {
    forget(c, NULL);
}

bool assistants_reaped(pid_t pid, int status) {
    for (unsigned i = 0; i < ASSISTANTS; i++) {
        struct assistant *a = &assistants[i];
        if (a->pid != pid) continue;
        if (WIFSIGNALED(status))
            say_error("an assistant was killed by signal %d%s%s", WTERMSIG(status),
                      a->task ? "; it was at: " : "", a->task ? a->task->kind->name : "");
        dismiss(a);
        give_out();
        return true;
    }
    return false;
}

void assistants_end(void) {
    for (unsigned i = 0; i < ASSISTANTS; i++) {
        if (assistants[i].pid == 0) continue;
        if (assistants[i].task) kill(assistants[i].pid, SIGKILL);
        dismiss(&assistants[i]);
    }
}
