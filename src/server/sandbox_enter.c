/* sandbox_enter.c - a worker goes into its sandbox; the opener, which stays outside and opens for it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/fd.h"
#include "base/memory.h"
#include "net/enclosure.h"
#include "net/file.h"
#include "server/sandbox.h"
#include "tls/client.h"

/*
 * Landlock knows files by what they are, a configuration by what they are called: a link from a document root to
 * /usr/share, or a "current" that points to another release since, is served by every server, and has to be by this
 * one. So what is refused is asked of the opener, by name. It looks only at the name: beneath what the configuration
 * reads (as it stands there, or where that leads to now); then the kernel decides, with a worker's rights. A worker
 * that was taken over gets nothing by it that it could not have asked for by a URL.
 */
enum { PATH_BYTES = 4096, ANSWER_S = 20, FDS_MAX = 65536, REFUSALS_SAID = 5 };

/* question and answer: one message each */
struct question {
    int32_t flags;
    char path[PATH_BYTES];
};

struct answer {
    int32_t error;      /* 0: with a descriptor */
    int32_t is_outside; /* the sandbox refuses, not the file's mode */
};

static int line = -1; /* to the opener */
static void (*on_lost)(void);

/* ---- the opener ------------------------------------------------------------------------------- */

static bool is_ours(const struct sandbox *s, const char *path, int flags) {
    if (!sandbox_lets(s, path, flags)) return false;
    if (s->mode != SANDBOX_STRICT || (flags & O_ACCMODE) != O_RDONLY) return true;
    char *real = realpath(path, NULL);
    bool holds = !real || sandbox_holds(s, real);
    free(real);
    return holds;
}

static int open_without_links(const char *path) {
    struct file *f = file_open_without_links(path);
    int fd = f ? dup(f->fd) : -1, error = errno;
    file_drop(f);
    errno = error;
    return fd;
}

/* A worker could not unlink it. */
static int open_without_name(const char *path) {
    int fd = fd_open(path, SANDBOX_MAKES | O_NOFOLLOW, 0600);
    if (fd >= 0) unlink(path);
    return fd;
}

static int open_for(const char *path, int flags) {
    if ((flags & O_ACCMODE) == O_RDWR) return open_without_name(path);
    if ((flags & O_ACCMODE) != O_RDONLY) return fd_open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (flags & O_NOFOLLOW) return open_without_links(path);
    return fd_open(path, O_RDONLY | O_NONBLOCK | (flags & O_DIRECTORY), 0);
}

static bool answer_one(const struct sandbox *s, int socket) {
    static struct question q;
    ssize_t n;
    do n = recv(socket, &q, sizeof q, 0);
    while (n < 0 && errno == EINTR);
    if (n <= (ssize_t)sizeof q.flags) return false;
    q.path[sizeof q.path - 1] = '\0';
    struct answer a = {EACCES, 1};
    int fd = -1;
    if (is_ours(s, q.path, q.flags)) {
        fd = open_for(q.path, q.flags);
        a = (struct answer){fd >= 0 ? 0 : errno, 0};
    }
    struct enclosure enclosed = {{fd}, fd >= 0};
    struct iovec piece = {&a, sizeof a};
    bool sent = enclosure_send(socket, &piece, 1, &enclosed) == (ssize_t)sizeof a;
    enclosure_close(&enclosed);
    return sent;
}

/* It ends when the worker's end of the line is closed; whatever tells processes to end, tells the worker too. */
static _Noreturn void be_opener(const struct sandbox *s, int socket, const struct core_settings *core,
                                const struct who *who) {
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};
    struct rlimit files;
    int most = FDS_MAX;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
    if (!privileges_drop(core, who)) _exit(1);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FDS_MAX) most = (int)files.rlim_cur;
    for (int fd = 0; fd < most; fd++)
        if (fd != socket) close(fd);
    fd_fill_standard();
    confine_calls();
    while (answer_one(s, socket)) {}
    _exit(0);
}

static void start_opener(const struct sandbox *s, const struct core_settings *core, const struct who *who) {
    int pair[2];
    struct timeval limit = {.tv_sec = ANSWER_S};
    sigset_t all, before;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0) {
        say_error("server.sandbox: socketpair: %s", strerror(errno));
        return;
    }
    logs_flush();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) be_opener(s, pair[1], core, who);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(pair[1]);
    line = pair[0];
    fd_set_cloexec(line, true);
    setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(line, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (pid > 0) return;
    say_error("server.sandbox: fork: %s", strerror(error));
    close(line);
    line = -1;
}

/* ---- the worker ------------------------------------------------------------------------------- */

static void lose(const char *why) {
    say_error("server.sandbox: the opener is lost (%s): this worker is replaced", why);
    close(line);
    line = -1;
    if (on_lost) on_lost();
}

static bool ask(const struct question *q, size_t n) {
    ssize_t sent;
    do sent = send(line, q, n, 0);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)n;
}

static bool hear(struct answer *a, int *fd) {
    struct enclosure enclosed = {.count = 0};
    ssize_t n = enclosure_receive(line, a, sizeof *a, &enclosed);
    *fd = enclosure_take(&enclosed, 0);
    enclosure_close(&enclosed);
    return n == (ssize_t)sizeof *a;
}

static void say_refused(const char *path) {
    static unsigned said;
    if (said++ >= REFUSALS_SAID) return;
    say_warning("server.sandbox does not let this process open %s: nothing in the configuration asks for it%s", path,
                said == REFUSALS_SAID ? " (no more of these are told)" : " (server.sandbox-read, server.sandbox)");
}

static int open_otherwise(const char *path, int flags) {
    static struct question q;
    struct answer a;
    size_t n = strlen(path);
    int fd;
    errno = EACCES;
    if (line < 0 || n >= sizeof q.path) return -1;
    q.flags = flags;
    memcpy(q.path, path, n + 1);
    if (!ask(&q, offsetof(struct question, path) + n + 1) || !hear(&a, &fd)) {
        lose(strerror(errno));
        errno = EACCES;
        return -1;
    }
    if (fd < 0 && a.is_outside) say_refused(path);
    errno = fd >= 0 ? 0 : a.error ? a.error : EMFILE; /* a descriptor that did not arrive */
    return fd;
}

/* What libraries read on their own, later: names, time, languages, certificates, parts of themselves. */
static const struct confine_rule libraries[] = {
    {"/lib", CONFINE_READ},
    {"/lib64", CONFINE_READ},
    {"/usr/lib", CONFINE_READ},
    {"/usr/lib64", CONFINE_READ},
    {"/usr/local/lib", CONFINE_READ},
    {"/usr/libexec", CONFINE_READ},
    {"/etc/ld.so.cache", CONFINE_READ},
    {"/var/run/ld.so.hints", CONFINE_READ},
    {"/usr/share/zoneinfo", CONFINE_READ},
    {"/etc/localtime", CONFINE_READ},
    {"/etc/passwd", CONFINE_READ},
    {"/etc/group", CONFINE_READ},
    {"/etc/nsswitch.conf", CONFINE_READ},
    {"/etc/hosts", CONFINE_READ},
    {"/etc/host.conf", CONFINE_READ},
    {"/etc/gai.conf", CONFINE_READ},
    {"/etc/resolv.conf", CONFINE_READ},
    {"/etc/services", CONFINE_READ},
    {"/etc/protocols", CONFINE_READ},
    {"/var/lib/sss/mc", CONFINE_READ},
    {"/etc/ssl/openssl.cnf", CONFINE_READ},
    {"/etc/ssl/certs", CONFINE_READ},
    {"/etc/pki/tls/certs", CONFINE_READ},
    {"/etc/pki/tls/openssl.cnf", CONFINE_READ},
    {"/etc/pki/ca-trust", CONFINE_READ},
    {"/etc/crypto-policies", CONFINE_READ},
    {"/usr/share/ca-certificates", CONFINE_READ},
    {"/usr/local/share/ca-certificates", CONFINE_READ},
    {"/proc/loadavg", CONFINE_READ},
    {"/proc/stat", CONFINE_READ},
    {"/proc/self", CONFINE_READ},
    {"/proc/sys/vm/overcommit_memory", CONFINE_READ},
    {"/sys/devices/system/cpu", CONFINE_READ},
    {"/dev/null", CONFINE_READ | CONFINE_DEVICE},
    {"/dev/urandom", CONFINE_READ},
    {"/dev/random", CONFINE_READ},
};
enum { LIBRARIES = sizeof libraries / sizeof *libraries, TRUSTED = 4 };

static const unsigned rights_of[NEED_KINDS] = {
    [NEED_READ] = CONFINE_READ,
    [NEED_WRITE] = CONFINE_READ | CONFINE_WRITE,
    [NEED_KEEP] = CONFINE_READ | CONFINE_WRITE,
    [NEED_APPEND] = CONFINE_APPEND,
    [NEED_SOCKET] = CONFINE_CONNECT,
};

/* deflate.cache-dir is made where it is missing, as it would be later. */
static void make_directory(struct span path) {
    char *name = span_dup(path);
    for (char *slash = strchr(name + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(name, 0700);
        *slash = '/';
    }
    mkdir(name, 0700);
    free(name);
}

static unsigned enter_files(const struct sandbox *s) {
    struct confine_rule *rules = memory_zeroed(s->count + LIBRARIES + TRUSTED, sizeof *rules);
    uint16_t *ports = memory_zeroed(s->count + 1, sizeof *ports);
    struct confinement c = {.rules = rules, .ports = ports, .hides_files = s->mode == SANDBOX_STRICT};
    for (size_t i = 0; i < s->count; i++) {
        const struct sandbox_item *item = &s->list[i];
        unsigned rights = rights_of[item->is.kind];
        if (item->is.kind == NEED_KEEP) make_directory(item->is.text);
        if (item->is.kind == NEED_CONNECT) ports[c.port_count++] = item->is.number;
        if (rights && item->beneath.n) rules[c.rule_count++] = (struct confine_rule){item->beneath.p, rights};
    }
    memcpy(rules + c.rule_count, libraries, sizeof libraries);
    c.rule_count += LIBRARIES;
    for (unsigned i = 0; i < TRUSTED; i++) {
        const char *path = tls_trusted_path(i);
        if (path) rules[c.rule_count++] = (struct confine_rule){path, CONFINE_READ};
    }
    unsigned bits = confine_files(&c);
    free(rules);
    free(ports);
    return bits;
}

void sandbox_prepare(const struct sandbox *s, const struct core_settings *core, const struct who *who) {
    struct buf how = {0};
    unsigned bits = s->mode == SANDBOX_OFF ? 0 : confine_possible(s->mode == SANDBOX_STRICT, &how);
    if (bits & CONFINE_FILES && !(bits & CONFINE_HIDES)) start_opener(s, core, who);
    buf_done(&how);
}

void sandbox_enter(const struct sandbox *s, void (*lost)(void)) {
    if (s->mode == SANDBOX_OFF) return;
    on_lost = lost;
    tzset();
    if (enter_files(s) && line >= 0) fd_set_opener(open_otherwise);
    else sandbox_leave();
    confine_calls();
}

void sandbox_leave(void) {
    if (line >= 0) close(line);
    line = -1;
    fd_set_opener(NULL);
}
