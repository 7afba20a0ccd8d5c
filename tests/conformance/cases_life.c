/* cases_life.c - conformance 47 and on: names, limits, fork, signals, many idle descriptors */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/conformance/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

enum { IN = FDEVENT_IN, OUT = FDEVENT_OUT };

#ifdef SUITE_DOUBLE
enum { IDLE = 2000 }; /* a double asks for each descriptor, again and again */
#else
enum { IDLE = 20000 };
#endif

static void forked(void) {
    struct probe p = {.runs = 0}, muted = {.runs = 0};
    int fds[2], others[2];

    tcp_pair(fds);
    tcp_pair(others);
    probe_add(&p, fds[0], IN);
    probe_add(&muted, others[0], IN);
    CHECK(quiet());
    fdevent_want(&muted.ev, 0);
    turn();
    put(others[1], "x");
    if (suite_fork() == 0) {
        bool good = fdevents_after_fork(set) == 0 && quiet();

        put(fds[1], "x");
        good = good && next(&p) == IN && muted.runs == 0;
        fdevent_want(&p.ev, OUT);
        _exit(good && next(&p) == OUT ? 0 : 1);
    }
    CHECK(child_agrees());
    CHECK(next(&p) == IN);
    CHECK(p.runs == 1 && muted.runs == 0);
    CHECK(get(fds[0]) == 1);
    CHECK(quiet());
    close(fds[1]);
    close(others[1]);
    close_all(&p, 1);
    close_all(&muted, 1);
}

/* A listener without room for another descriptor is muted, and nothing spins. */
static void no_room_to_accept(void) {
    struct probe p = {.runs = 0};
    struct rlimit limit, low;
    int client, fd;

    probe_add(&p, tcp_listener(), IN);
    client = tcp_connect(p.ev.fd);
    CHECK(next(&p) == IN);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    low = limit;
    low.rlim_cur = (rlim_t)spare_number();
    CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
    CHECK(socket_accept(p.ev.fd, NULL, NULL) == SOCKET_NO_ROOM && errno == EMFILE);
    fdevent_want(&p.ev, 0);
    CHECK(quiet());
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    fdevent_want(&p.ev, IN);
    CHECK(next(&p) == IN);
    fd = socket_accept(p.ev.fd, NULL, NULL);
    CHECK(fd >= 0);
    close(fd);
    close(client);
    CHECK(socket_accept(-1, NULL, NULL) == SOCKET_BROKEN);
    close_all(&p, 1);
}

static void many_idle(void) {
    int most = suite_room(IDLE), count = 0, good = 0, idle[2], fds[2], fd;
    struct probe *p = calloc((size_t)most, sizeof *p), active = {.runs = 0};

    any_pair(idle);
    tcp_pair(fds);
    probe_add(&active, fds[0], IN);
    while (count < most && (fd = dup(idle[0])) >= 0) probe_add(&p[count++], fd, IN);
    if (count < 100) suite_skip("too few descriptors");
    CHECK(quiet());
    for (int i = 0; i < 100; i++) {
        put(fds[1], "x");
        CHECK(next(&active) == IN);
        CHECK(get(fds[0]) == 1);
    }
    CHECK(active.runs == 100);
    CHECK(quiet());
    close_all(p, count);
    for (int i = 0; i < count; i++) good += p[i].closed == 1 && p[i].runs == 0;
    CHECK(good == count);
    close_all(&active, 1);
    close(idle[0]);
    close(idle[1]);
    close(fds[1]);
    free(p);
}

/* Whoever has left leaves no hole: kernels count what they are asked to look at. */
static void come_and_gone(void) {
    struct probe p = {.runs = 0}, q = {.runs = 0};
    struct rlimit limit, low;
    int fds[2];

    tcp_pair(fds);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    low = limit;
    low.rlim_cur = (rlim_t)spare_number() + 20;
    CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
    probe_add(&q, fds[1], IN);
    for (int i = 0; i < 3 * (int)low.rlim_cur; i++) {
        probe_add(&p, fds[0], IN);
        fdevent_remove(&p.ev);
    }
    probe_add(&p, fds[0], IN);
    for (int i = 0; i < 3 * (int)low.rlim_cur; i++) {
        fdevent_want(&p.ev, i % 2 ? IN : 0);
        turn();
    }
    fdevent_want(&p.ev, IN);
    CHECK(quiet());
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    put(fds[1], "x");
    CHECK(next(&p) == IN && q.runs == 0);
    close_all(&p, 1);
    close_all(&q, 1);
}

static void beyond_what_select_holds(void) {
    struct probe p;
    struct rlimit limit;
    int high, fds[2];

    CHECK(fdevents_make("select", FD_SETSIZE + 1) == NULL && errno == EMFILE);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur <= FD_SETSIZE) {
        suite_skip("no descriptor can be that large");
        return;
    }
    any_pair(fds);
    high = fcntl(fds[0], F_DUPFD, FD_SETSIZE);
    probe_init(&p);
    CHECK(fdevent_add(set, &p.ev, high, IN) == -1 && errno == EMFILE);
    CHECK(p.ev.set == NULL);
    CHECK(quiet());
    close(high);
    close(fds[0]);
    close(fds[1]);
}

static void names(void) {
    static const struct {
        const char *configured, *name;
    } rows[] = {
        {"linux-sysepoll", "epoll"},
        {"freebsd-kqueue", "kqueue"},
        {"solaris-eventports", "ports"},
        {"solaris-devpoll", "devpoll"},
        {"poll", "poll"},
        {"select", "select"},
        {"epoll", "epoll"},
        {"kqueue", "kqueue"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *found = fdevents_backend_by_name(rows[i].configured);
        bool built = false;

        for (const char *const *name = fdevents_backends(); *name; name++)
            built = built || !strcmp(*name, rows[i].name);
        CHECK(built ? found && !strcmp(found, rows[i].name) : !found);
    }
    CHECK(fdevents_backend_by_name("libev") == NULL && fdevents_backend_by_name("") == NULL);
    CHECK(fdevents_make("no-such", 10) == NULL && errno == ENOSYS);
    CHECK(!strcmp(fdevents_name(set), backend_name));
}

static void best_that_works(void) {
    struct fdevents *best = fdevents_make(NULL, 100);

    CHECK(best && !strcmp(fdevents_name(best), fdevents_backends()[0]));
    fdevents_drop(best);
    fdevents_drop(NULL);
}

static int dropped_closed;

static void note_dropped(struct fdevent *ev) {
    (void)ev;
    dropped_closed++;
}

static void dropped(void) {
    struct fdevents *other = fdevents_make(backend_name, 10);
    struct probe added, closing;
    int fds[2];

    dropped_closed = 0;
    any_pair(fds);
    probe_init(&added);
    probe_init(&closing);
    closing.ev.closed = note_dropped;
    CHECK(fdevent_add(other, &added.ev, fds[0], IN) == 0);
    CHECK(fdevent_add(other, &closing.ev, fds[1], IN) == 0);
    fdevent_close(&closing.ev);
    fdevents_drop(other);
    CHECK(dropped_closed == 1);
    CHECK(added.ev.set == NULL && added.closed == 0);
    CHECK(fcntl(fds[0], F_GETFD) >= 0 && fcntl(fds[1], F_GETFD) < 0);
    close(fds[0]);
}

static volatile int caught_signo;

static void caught(int signo, void *arg) {
    caught_signo = signo;
    ++*(volatile int *)arg;
}

static void signals(void) {
    struct fdevents *other = fdevents_make(backend_name, 10);
    int count = 0;

    CHECK(fdevents_signal(set, SIGUSR1, caught, &count) == 0);
    CHECK(fdevents_signal(set, SIGUSR2, caught, &count) == 0);
    CHECK(fdevents_signal(other, SIGUSR2, caught, &count) == -1 && errno == EBUSY);
    CHECK(fdevents_signal(set, -1, caught, &count) == -1 && errno == EINVAL);
    CHECK(fdevents_signal(set, SIGKILL, caught, &count) == -1);
    fdevents_drop(other);
    CHECK(quiet());
    raise(SIGUSR1);
    CHECK(count == 0); /* never outside of a turn */
    fdevents_turn(set, 500);
    CHECK(count == 1 && caught_signo == SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR2);
    fdevents_turn(set, 500);
    CHECK(count == 3);
    CHECK(quiet());
}

/* Thousands of signals while the process waits: none blocks it, none is lost for good, and it
 * sleeps again. */
static void signal_storm(void) {
    int count = 0;
    int64_t start_ms = suite_ms();
    pid_t parent = getpid();

    CHECK(fdevents_signal(set, SIGUSR1, caught, &count) == 0);
    if (suite_fork() == 0) {
        nap(30);
        for (int i = 0; i < 5000; i++) kill(parent, SIGUSR1);
        _exit(0);
    }
    while (count == 0 && suite_ms() - start_ms < 5000) CHECK(fdevents_turn(set, 2000) >= 0);
    CHECK(child_agrees());
    CHECK(count >= 1);
    turn();
    turn();
    CHECK(quiet());
}

static void signals_forked(void) {
    int count = 0;

    CHECK(fdevents_signal(set, SIGUSR1, caught, &count) == 0);
    raise(SIGUSR1); /* the parent's */
    if (suite_fork() == 0) {
        bool good;

        raise(SIGUSR1); /* the child's own, before it has a pipe of its own */
        good = fdevents_after_fork(set) == 0;
        turn();
        turn();
        good = good && count == 1 && quiet();
        raise(SIGUSR1);
        fdevents_turn(set, 500);
        _exit(good && count == 2 ? 0 : 1);
    }
    CHECK(child_agrees());
    fdevents_turn(set, 500);
    CHECK(count == 1);
    CHECK(quiet());
}

static void signals_given_back(void) {
    struct sigaction action;

    CHECK(sigaction(SIGUSR1, NULL, &action) == 0);
    CHECK(action.sa_handler == SIG_DFL); /* the sets before this one have left nothing behind */
}

/* A backend may put those that are ready in front of those that are not: each stays who it is. */
static void the_last_is_ready(void) {
    struct probe p[3] = {{.runs = 0}, {.runs = 0}, {.runs = 0}};
    int peers[3];

    for (int i = 0; i < 3; i++) {
        int fds[2];

        tcp_pair(fds);
        peers[i] = fds[1];
        probe_add(&p[i], fds[0], IN);
    }
    CHECK(quiet());
    for (int i = 2; i >= 0; i--) {
        put(peers[i], "x");
        CHECK(next(&p[i]) == IN);
        CHECK(get(p[i].ev.fd) == 1);
        CHECK(quiet());
        fdevent_want(&p[0].ev, OUT);
        CHECK(next(&p[0]) == OUT);
        fdevent_want(&p[0].ev, IN);
    }
    fdevent_close(&p[2].ev);
    put(peers[1], "x");
    CHECK(next(&p[1]) == IN);
    close_all(p, 3);
    for (int i = 0; i < 3; i++) close(peers[i]);
}

const struct suite_case cases_life[] = {
    {"47 forked", forked, NEEDS_FORK},
    {"50 no room to accept", no_room_to_accept, NEEDS_LIMIT},
    {"54 many idle, one active", many_idle, NEEDS_DUP},
    {"54b beyond what select holds", beyond_what_select_holds, ONLY_SELECT | NEEDS_DUP},
    {"56 signal storm", signal_storm, NEEDS_SIGNALS | NEEDS_FORK},
    {"58 signals", signals, NEEDS_SIGNALS},
    {"59 signals, forked", signals_forked, NEEDS_SIGNALS | NEEDS_FORK},
    {"60 signals given back", signals_given_back, 0},
    {"61 names", names, 0},
    {"62 the best that works", best_that_works, 0},
    {"63 dropped", dropped, 0},
    {"64 come and gone", come_and_gone, NEEDS_LIMIT},
    {"65b the last is ready", the_last_is_ready, 0},
    {NULL, NULL, 0},
};
