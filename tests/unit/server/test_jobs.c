/* test_jobs.c - jobs and programs, asked for and done: a worker's side and the helper's in one process */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "server/helper_parts.h"
#include "server/jobs.h"
#include "server/modules.h"

/* ---- a module with jobs, the only one there is ------------------------------------------------ */

static void run_reverse(struct span question, struct buf *answer) {
    for (size_t i = question.n; i > 0; i--) buf_add_char(answer, question.p[i - 1]);
}

static void run_crash(struct span question, struct buf *answer) {
    (void)question, (void)answer;
    raise(SIGKILL);
}

static void run_sleep(struct span question, struct buf *answer) {
    (void)question, (void)answer;
    for (;;) pause();
}

static void run_large(struct span question, struct buf *answer) {
    size_t n = (size_t)atoi(question.p);
    memset(buf_room(answer, n), 'x', n);
    answer->n = n;
}

/* How many pipes and sockets it has. */
static void run_count(struct span question, struct buf *answer) {
    struct stat st;
    unsigned n = 0;
    (void)question;
    for (int fd = 3; fd < 200; fd++) n += fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
    buf_printf(answer, "%u", n);
}

static const struct job_kind reverse = {"reverse", run_reverse, false}, crash = {"crash", run_crash, false},
                             sleeper = {"sleep", run_sleep, false}, large = {"large", run_large, false},
                             counter = {"count", run_count, false}, unknown = {"unknown", run_reverse, false};
static const struct job_kind *const jobs[] = {&reverse, &crash, &sleeper, &large, &counter, NULL};
static const struct module_work work = {.jobs = jobs};
static const struct directive no_directives[] = {DIRECTIVE_END};
static const struct hook no_hooks[] = {{PHASE_COUNT, NULL, LASTS}};
static const struct module mod_jobs = {MODULE_ABI, "mod_jobs", no_directives, no_hooks, 0, NULL, NULL, &work};
const struct module *const builtin_modules[] = {&mod_jobs, NULL};

/* ---- the stage -------------------------------------------------------------------------------- */

static struct fdevents *events;
static struct client client;
static uint64_t jump_ms; /* the clock runs ahead by so much */
static struct buf heard;
static unsigned count;
static struct kin kin;
static bool client_gone;

static uint64_t now(void *arg) {
    (void)arg;
    return clock_monotonic_ns() / 1000000 + jump_ms;
}

static void on_child(int signo, void *arg) {
    int status;
    pid_t pid;
    (void)signo, (void)arg;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (!process_reaped(pid, status)) assistants_reaped(pid, status);
}

static void take(struct post *p, struct letter *l) {
    struct client *c = CONTAINER(p, struct client, post);
    if (l->kind == HELPER_JOB || l->kind == HELPER_FORGET) assistants_heard(c, l);
    else spawner_heard(c, l);
}

static void gone(struct post *p) {
    struct client *c = CONTAINER(p, struct client, post);
    client_gone = true;
    assistants_client_gone(c);
    spawner_client_gone(c);
}

static void begin(bool with_helper) {
    int pair[2];
    events = fdevents_make(NULL, 256);
    fdevents_set_clock(events, now, NULL);
    jobs_begin(events);
    heard = (struct buf){NULL, 0, 0};
    if (!with_helper) return;
    helper_self.events = events;
    helper_self.kin = &kin;
    helper_self.null = fd_open("/dev/null", O_RDWR, 0);
    getrlimit(RLIMIT_NOFILE, &helper_self.files);
    fdevents_signal(events, SIGCHLD, on_child, NULL);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    client.post.take = take;
    client.post.gone = gone;
    ck_assert(post_open(&client.post, events, pair[0]));
    jobs_connect(pair[1]);
    spawner_allow((struct span){"a\0", 3}); /* anything */
}

/* Until so many answers or events have come; false: they do not. */
static bool wait_for(unsigned wanted) {
    const struct timespec nap = {.tv_nsec = 1000000};
    for (unsigned i = 0; i < 8000 && count < wanted; i++) {
        fdevents_turn(events, 0);
        nanosleep(&nap, NULL);
    }
    return count == wanted;
}

static void done(void *arg, struct span answer) {
    const char *name = arg;
    count++;
    if (!answer.p) buf_printf(&heard, "%s:none ", name);
    else if (answer.n > 100) buf_printf(&heard, "%s:%zu bytes ", name, answer.n);
    else buf_printf(&heard, "%s:%.*s ", name, SPAN_ARG(answer));
}

static void never(void *arg, struct span answer) {
    (void)arg, (void)answer;
    ck_abort_msg("a job that was forgotten has been answered");
}

static void end(void) {
    jobs_end();
    assistants_end();
    for (unsigned i = 0; i < 3; i++) fdevents_turn(events, 0);
    buf_done(&heard);
}

/* ---- jobs ------------------------------------------------------------------------------------- */

START_TEST(without_a_helper) {
    begin(false);
    ck_assert_ptr_nonnull(job_ask(&reverse, SPAN("abc"), done, (void *)(uintptr_t)"a"));
    struct job *b = job_ask(&reverse, SPAN("def"), never, NULL);
    ck_assert_ptr_nonnull(job_ask(&reverse, SPAN(""), done, (void *)(uintptr_t)"c"));
    ck_assert_uint_eq(count, 0); /* not before the next turn */
    job_forget(b);
    job_forget(NULL);
    ck_assert(wait_for(2));
    ck_assert_str_eq(buf_text(&heard), "a:cba c: ");
    end();
}
END_TEST

START_TEST(by_an_assistant) {
    begin(true);
    ck_assert_ptr_nonnull(job_ask(&reverse, SPAN("abc"), done, (void *)(uintptr_t)"a"));
    ck_assert_ptr_nonnull(job_ask(&unknown, SPAN("abc"), done, (void *)(uintptr_t)"u"));
    ck_assert(wait_for(2));
    ck_assert_ptr_nonnull(job_ask(&large, SPAN("65536"), done, (void *)(uintptr_t)"l"));
    ck_assert(wait_for(3));
    ck_assert_ptr_nonnull(job_ask(&large, SPAN("65537"), done, (void *)(uintptr_t)"m"));
    ck_assert(wait_for(4));
    ck_assert_ptr_nonnull(job_ask(&crash, SPAN("x"), done, (void *)(uintptr_t)"x"));
    ck_assert(wait_for(5));
    ck_assert_ptr_nonnull(job_ask(&reverse, SPAN("xyz"), done, (void *)(uintptr_t)"z"));
    ck_assert(wait_for(6));
    ck_assert_ptr_nonnull(strstr(buf_text(&heard), "a:cba "));
    ck_assert_ptr_nonnull(strstr(buf_text(&heard), "u:none "));
    ck_assert_ptr_nonnull(strstr(buf_text(&heard), "l:65536 bytes m:none x:none z:zyx "));
    end();
}
END_TEST

/* 256 at once, and one more. */
START_TEST(many) {
    static char names[300][4];
    begin(true);
    for (unsigned i = 0; i < 256; i++) {
        snprintf(names[i], sizeof names[i], "%u", i);
        ck_assert_ptr_nonnull(job_ask(&reverse, SPAN("ab"), done, names[i]));
    }
    ck_assert_ptr_null(job_ask(&reverse, SPAN("ab"), done, NULL));
    ck_assert(wait_for(256));
    ck_assert_ptr_nonnull(strstr(buf_text(&heard), "255:ba "));
    ck_assert_ptr_null(strstr(buf_text(&heard), "none"));
    end();
}
END_TEST

START_TEST(too_long) {
    begin(true);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_ptr_nonnull(job_ask(&sleeper, SPAN(""), done, (void *)(uintptr_t)"s"));
    ck_assert_ptr_nonnull(job_ask(&reverse, SPAN("ab"), done, (void *)(uintptr_t)"r"));
    for (unsigned i = 0; i < 20; i++) fdevents_turn(events, 0);
    ck_assert_uint_eq(count, 0); /* all four are busy */
    jump_ms = (JOB_SECONDS + 1) * 1000;
    ck_assert(wait_for(5));
    ck_assert_str_eq(buf_text(&heard), "s:none s:none s:none s:none r:ba ");
    end();
}
END_TEST

START_TEST(forgotten) {
    begin(true);
    struct job *a = job_ask(&reverse, SPAN("ab"), never, NULL);
    job_forget(a);
    ck_assert_ptr_nonnull(job_ask(&reverse, SPAN("ab"), done, (void *)(uintptr_t)"r"));
    ck_assert(wait_for(1));
    end();
}
END_TEST

/* What was asked fails; a job is not run here then, where it would stop everybody. */
START_TEST(the_helper_is_lost) {
    begin(true);
    ck_assert_ptr_nonnull(job_ask(&sleeper, SPAN(""), done, (void *)(uintptr_t)"s"));
    post_close(&client.post);
    ck_assert(wait_for(1));
    ck_assert_str_eq(buf_text(&heard), "s:none ");
    ck_assert(client_gone);
    ck_assert_ptr_null(job_ask(&reverse, SPAN(""), done, NULL));
    end();
}
END_TEST

/* ---- programs --------------------------------------------------------------------------------- */

static int output; /* the program's standard output */

static void on_event(void *arg, enum child_event what, int value) {
    static const char *const names[] = {"started", "failed", "ended"};
    (void)arg;
    count++;
    if (what == CHILD_STARTED) buf_printf(&heard, "%s ", names[what]);
    else if (what == CHILD_ENDED && WIFSIGNALED(value)) buf_printf(&heard, "killed:%d ", WTERMSIG(value));
    else buf_printf(&heard, "%s:%d ", names[what], what == CHILD_ENDED ? WEXITSTATUS(value) : value);
}

static struct child *start(const char *path, const char *script) {
    const char *argv[] = {path, "-c", script, NULL}, *envp[] = {"A=1", "B=two words", NULL};
    int ends[2];
    ck_assert_int_eq(fd_pipe(ends), 0);
    output = ends[0];
    const struct spawn s = {argv, envp, "/", fd_open("/dev/null", O_RDONLY, 0), ends[1], -1};
    return child_start(&s, on_event, NULL);
}

static void expect_output(const char *wanted) {
    struct buf said = {0};
    ck_assert_int_eq(fd_read_all(output, &said, 1000), 0);
    ck_assert_str_eq(buf_text(&said), wanted);
    buf_done(&said);
    close(output);
}

START_TEST(a_program) {
    begin(true);
    ck_assert_ptr_nonnull(start("/bin/sh", "echo $A $B; pwd; exit 5"));
    ck_assert(wait_for(2));
    expect_output("1 two words\n/\n");
    ck_assert_str_eq(buf_text(&heard), "started ended:5 ");
    ck_assert_ptr_nonnull(start("/no/such/program", ""));
    ck_assert(wait_for(3));
    expect_output("");
    ck_assert_ptr_nonnull(start("/etc/passwd", ""));
    ck_assert(wait_for(4));
    close(output);
    struct buf wanted = {0};
    buf_printf(&wanted, "started ended:5 failed:%d failed:%d ", ENOENT, EACCES);
    ck_assert_str_eq(buf_text(&heard), buf_text(&wanted));
    buf_done(&wanted);
    ck_assert(!processes_any());
    end();
}
END_TEST

static void allow(const char *command) {
    struct buf row = {0};
    buf_printf(&row, "c%s", command);
    buf_add(&row, (struct span){"\0", 2});
    spawner_allow(buf_span(&row));
    buf_done(&row);
}

/* What the configuration names, or the one before. */
START_TEST(programs_that_are_named) {
    begin(true);
    allow("/bin/sh -c 'exit 3'");
    ck_assert_ptr_nonnull(start("/bin/sh", "exit 3"));
    ck_assert(wait_for(2));
    close(output);
    allow("/bin/true");
    ck_assert_ptr_nonnull(start("/bin/sh", "exit 3"));
    ck_assert(wait_for(4));
    close(output);
    ck_assert_ptr_nonnull(start("/bin/sh", "true"));
    ck_assert(wait_for(5));
    close(output);
    allow("/bin/false");
    ck_assert_ptr_nonnull(start("/bin/sh", "exit 3"));
    ck_assert(wait_for(6));
    close(output);
    struct buf wanted = {0};
    buf_printf(&wanted, "started ended:3 started ended:3 failed:%d failed:%d ", EPERM, EPERM);
    ck_assert_str_eq(buf_text(&heard), buf_text(&wanted));
    buf_done(&wanted);
    end();
}
END_TEST

/* The signal is for its whole group, and waits for a program that does not run yet. */
START_TEST(signals) {
    begin(true);
    struct child *c = start("/bin/sh", "sleep 100");
    child_signal(c, SIGTERM);
    ck_assert(wait_for(2));
    expect_output("");
    ck_assert_str_eq(buf_text(&heard), "started killed:15 ");
    c = start("/bin/sh", "sleep 100 & echo x; wait");
    ck_assert(wait_for(3));
    struct pollfd said = {.fd = output, .events = POLLIN}; /* on a slow machine it has been started, but not run */
    ck_assert_int_eq(poll(&said, 1, 30000), 1);
    child_signal(c, SIGINT);
    child_signal(c, SIGKILL);
    ck_assert(wait_for(4));
    expect_output("x\n");
    end();
}
END_TEST

START_TEST(forgotten_program) {
    begin(true);
    struct child *c = start("/bin/sh", "echo still; exit 0");
    child_forget(c);
    child_forget(NULL);
    for (unsigned i = 0; i < 50; i++) wait_for(0), fdevents_turn(events, 0);
    expect_output("still\n");
    ck_assert_uint_eq(count, 0);
    end();
}
END_TEST

START_TEST(lost_with_the_helper) {
    begin(true);
    start("/bin/sh", "sleep 100");
    ck_assert(wait_for(1));
    post_close(&client.post);
    ck_assert(wait_for(2));
    expect_output(""); /* it was ended */
    ck_assert_int_eq(CHILD_END_UNKNOWN, -1);
    errno = 0;
    ck_assert_ptr_null(start("/bin/sh", "true"));
    ck_assert_int_eq(errno, ENOTCONN);
    expect_output("");
    end();
}
END_TEST

static struct process failing;
static bool kill_was_set;

static void on_failing(struct process *p, enum child_event what, int value) {
    count++;
    kill_was_set = deadline_is_set(&p->kill);
    ck_assert_int_eq(what, CHILD_FAILED);
    ck_assert_int_eq(value, ENOENT);
}

/* It has failed already when it is told to end: its owner frees it. */
START_TEST(ended_while_it_fails) {
    const struct timespec nap = {.tv_nsec = 100000000};
    char *argv[] = {(char[]){"/no/such/program"}, NULL}, *envp[] = {NULL};
    begin(true);
    const struct process_spec s = {argv, envp, "/", {helper_self.null, helper_self.null, helper_self.null}};
    failing.event = on_failing;
    ck_assert(process_start(&failing, &s));
    nanosleep(&nap, NULL);
    process_end(&failing, SIGTERM, 1);
    ck_assert(wait_for(1));
    ck_assert(!kill_was_set);
    end();
}
END_TEST

/* An assistant that is hired while programs run keeps none of their pipes, nor a message's descriptors. */
START_TEST(assistants_hold_nothing) {
    struct span first;
    begin(true);
    ck_assert_ptr_nonnull(job_ask(&counter, SPAN(""), done, (void *)(uintptr_t)"c"));
    ck_assert(wait_for(1));
    ck_assert_ptr_nonnull(job_ask(&crash, SPAN(""), done, (void *)(uintptr_t)"x"));
    ck_assert(wait_for(2));
    ck_assert_ptr_nonnull(start("/bin/sh", "sleep 100"));
    ck_assert(wait_for(3));
    int mine = output;
    ck_assert_ptr_nonnull(start("/bin/sh", "sleep 100"));
    ck_assert(wait_for(4));
    close(mine);
    close(output);
    ck_assert_ptr_nonnull(job_ask(&sleeper, SPAN(""), done, (void *)(uintptr_t)"s"));
    ck_assert_ptr_nonnull(job_ask(&counter, SPAN(""), done, (void *)(uintptr_t)"c"));
    ck_assert(wait_for(5));
    first = buf_span(&heard);
    first = span_upto(first, span_find(first, ' ') + 1);
    ck_assert_msg(span_ends(buf_span(&heard), first), "%s", buf_text(&heard));
    processes_kill_all();
    end();
}
END_TEST

/* Descriptors are kept back for what must not fail. */
START_TEST(too_many_programs) {
    begin(true);
    helper_self.most_files = 70;
    ck_assert_ptr_nonnull(start("/bin/sh", "true"));
    ck_assert(wait_for(1));
    close(output);
    struct buf wanted = {0};
    buf_printf(&wanted, "failed:%d ", EMFILE);
    ck_assert_str_eq(buf_text(&heard), buf_text(&wanted));
    buf_done(&wanted);
    end();
}
END_TEST

int main(void) {
    Suite *s = suite_create("jobs");
    TCase *t = tcase_create("jobs"), *p = tcase_create("programs");
    signal(SIGPIPE, SIG_IGN);
    tcase_set_timeout(t, 30);
    tcase_set_timeout(p, 30);
    tcase_add_test(t, without_a_helper);
    tcase_add_test(t, by_an_assistant);
    tcase_add_test(t, many);
    tcase_add_test(t, too_long);
    tcase_add_test(t, forgotten);
    tcase_add_test(t, the_helper_is_lost);
    tcase_add_test(p, a_program);
    tcase_add_test(p, programs_that_are_named);
    tcase_add_test(p, signals);
    tcase_add_test(p, forgotten_program);
    tcase_add_test(p, lost_with_the_helper);
    tcase_add_test(p, ended_while_it_fails);
    tcase_add_test(p, assistants_hold_nothing);
    tcase_add_test(p, too_many_programs);
    suite_add_tcase(s, t);
    suite_add_tcase(s, p);
    SRunner *r = srunner_create(s); /* each test in a process of its own: what is static begins anew */
    srunner_set_fork_status(r, CK_FORK);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
