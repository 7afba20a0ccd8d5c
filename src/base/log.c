/* log.c - where lines for people go: files, pipes, syslog, standard error */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/list.h"
#include "base/memory.h"

enum {
    FLUSH_BYTES = 16 * 1024,  /* a fuller buffer is written at once */
    WAITING_MAX = 1024 * 1024 /* what a reader that does not read may make us keep */
};

enum log_kind { TO_STDERR, TO_FILE, TO_PIPE, TO_SYSLOG };

struct log {
    struct list all;
    unsigned refs;
    enum log_kind kind;
    int fd;
    int syslog_level;
    size_t atomic_bytes; /* of a pipe: PIPE_BUF */
    uint64_t lost; /* lines, since the reader last kept up */
    struct buf waiting;
    char *target;
};

static struct list logs = {&logs, &logs};
static struct log to_stderr = {.all = {&to_stderr.all, &to_stderr.all},
                               .refs = 1,
                               .kind = TO_STDERR,
                               .fd = STDERR_FILENO,
                               .syslog_level = LOG_ERR};
static bool as_json;
static struct log *main_log = &to_stderr;
static int (*open_pipe)(struct span program, void *arg);
static void *open_pipe_arg;
static void (*capture)(void *arg, enum log_level level, struct span text);
static void *capture_arg;

static const struct {
    const char *name;
    int facility;
} facilities[] = {{"auth", LOG_AUTH},     {"cron", LOG_CRON},     {"daemon", LOG_DAEMON}, {"kern", LOG_KERN},
                  {"lpr", LOG_LPR},       {"mail", LOG_MAIL},     {"news", LOG_NEWS},     {"syslog", LOG_SYSLOG},
                  {"user", LOG_USER},     {"uucp", LOG_UUCP},     {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},
                  {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},
                  {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7}};

static int open_syslog(struct span facility) {
    int number = LOG_DAEMON;
    for (size_t i = 0; i < sizeof facilities / sizeof *facilities; i++)
        if (span_is(facility, span_of(facilities[i].name))) number = facilities[i].facility;
    openlog("goldcrest", LOG_CONS | LOG_PID | LOG_NDELAY, number);
    return -1;
}

static int open_file(const char *path) {
    return fd_open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
}

static enum log_kind kind_of(struct span target) {
    if (target.n == 0) return TO_STDERR;
    if (target.p[0] == '|') return TO_PIPE;
    return span_starts(target, SPAN("syslog:")) ? TO_SYSLOG : TO_FILE;
}

static int open_target(struct log *l) {
    struct span target = span_of(l->target);
    if (l->kind == TO_SYSLOG) return open_syslog(span_from(target, 7));
    if (l->kind == TO_FILE) return open_file(l->target);
    errno = ENOSYS;
    int fd = open_pipe ? open_pipe(span_trim(span_from(target, 1)), open_pipe_arg) : -1;
    if (fd >= 0) fd_set_nonblocking(fd, true);
    return fd;
}

struct log *log_open(struct span target) {
    if (kind_of(target) == TO_STDERR) return log_hold(&to_stderr);
    for (struct list *i = logs.next; i != &logs; i = i->next) {
        struct log *l = CONTAINER(i, struct log, all);
        if (span_is(span_of(l->target), target)) return log_hold(l);
    }
    struct log *l = memory_zeroed(1, sizeof *l);
    l->refs = 1;
    l->kind = kind_of(target);
    l->syslog_level = LOG_ERR;
    l->target = span_dup(target);
    l->fd = open_target(l);
    if (l->fd < 0 && l->kind != TO_SYSLOG) {
        free(l->target);
        free(l);
        return NULL;
    }
    long atomic = l->kind == TO_PIPE ? fpathconf(l->fd, _PC_PIPE_BUF) : 0;
    l->atomic_bytes = atomic > 0 ? (size_t)atomic : _POSIX_PIPE_BUF;
    list_add_last(&logs, &l->all);
    return l;
}

struct log *log_hold(struct log *l) {
    l->refs++;
    return l;
}

struct span log_target(const struct log *l) {
    return span_of(l->target);
}

int log_descriptor(const struct log *l) {
    return l->fd;
}

/* How much to write at once. Several workers share a pipe: only so much as it takes whole or not at all is never cut
 * and never mixed with what others write. */
static size_t piece(const struct log *l, size_t done) {
    const char *from = l->waiting.p + done;
    size_t n = l->waiting.n - done;
    if (l->kind != TO_PIPE || n <= l->atomic_bytes) return n;
    for (size_t end = l->atomic_bytes; end > 0; end--)
        if (from[end - 1] == '\n') return end;
    const char *end = memchr(from, '\n', n);
    return end ? (size_t)(end - from) + 1 : n;
}

static const struct {
    const char *word;
    int syslog;
    const char *name;
} levels[] = {{"error: ", LOG_ERR, "error"},
              {"warning: ", LOG_WARNING, "warning"},
              {"", LOG_NOTICE, "notice"},
              {"debug: ", LOG_DEBUG, "debug"}};

void logs_set_json(bool yes) {
    as_json = yes;
}

bool logs_are_json(void) {
    return as_json;
}

static void add_object(struct buf *line, enum log_level level, const struct log_fact *facts, size_t count,
                       struct span text) {
    int64_t now_s = clock_now_s();
    buf_add_char(line, '{');
    json_add_time(line, "time", now_s ? now_s : (int64_t)time(NULL), clock_now_ns());
    json_add(line, "level", span_of(levels[level].name));
    json_add_number(line, "pid", (uint64_t)getpid());
    for (size_t i = 0; i < count; i++) {
        if (facts[i].value.p) json_add(line, facts[i].name, facts[i].value);
        else json_add_number(line, facts[i].name, facts[i].number);
    }
    json_add(line, "message", text);
    buf_add_char(line, '}');
}

static void add_lost(struct log *l) {
    char text[96];
    int n = snprintf(text, sizeof text, "%llu lines were lost here: the reader did not keep up",
                     (unsigned long long)l->lost);
    l->lost = 0;
    if (as_json) add_object(&l->waiting, LOG_IS_WARNING, NULL, 0, (struct span){text, (size_t)n});
    else buf_printf(&l->waiting, "goldcrest: %s", text);
    buf_add_char(&l->waiting, '\n');
}

/* Writes what waits, as far as whole lines can be kept whole. A pipe whose reader sleeps keeps the rest for later. */
static void flush(struct log *l) {
    size_t done = 0;
    while (done < l->waiting.n) {
        ssize_t n = write(l->fd, l->waiting.p + done, piece(l, done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += (size_t)n;
    }
    bool later = done < l->waiting.n && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (!later) done = l->waiting.n; /* a full disk: the lines are gone, the server goes on */
    l->waiting.n -= done;
    if (l->waiting.n) memmove(l->waiting.p, l->waiting.p + done, l->waiting.n);
    if (l->lost && l->waiting.n == 0) add_lost(l);
}

void log_drop(struct log *l) {
    if (!l || --l->refs > 0 || l == &to_stderr) return;
    if (l->fd >= 0) {
        flush(l);
        close(l->fd);
    }
    list_remove(&l->all);
    buf_done(&l->waiting);
    free(l->target);
    free(l);
}

void log_line(struct log *l, struct span line) {
    if (l->kind == TO_SYSLOG) {
        syslog(l->syslog_level, "%.*s", SPAN_ARG(line));
        return;
    }
    if (l->waiting.n + line.n > WAITING_MAX) {
        l->lost++;
        return;
    }
    buf_add(&l->waiting, line);
    buf_add_char(&l->waiting, '\n');
    if (l->waiting.n >= FLUSH_BYTES) flush(l);
}

void log_set_syslog_level(struct log *l, int level) {
    l->syslog_level = level;
}

static void add_time(struct buf *line) {
    time_t now = (time_t)clock_now_s();
    struct tm tm;
    char text[32];
    if (now == 0) now = time(NULL);
    if (localtime_r(&now, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S: ", &tm)) buf_add_text(line, text);
}

/* What a terminal would obey is escaped: control characters, those of U+0080 to U+009F, and what is no UTF-8. */
static void add_printable(struct buf *line, struct span text) {
    for (size_t n; text.n; text = span_from(text, n)) {
        unsigned char c = (unsigned char)text.p[0];
        size_t length = utf8_length(text);
        bool is_control = c < 0x20 || c == 0x7f || (c == 0xc2 && length == 2 && (unsigned char)text.p[1] < 0xa0);
        n = length ? length : 1;
        if (length && !is_control) buf_add(line, span_upto(text, n));
        else for (size_t i = 0; i < n; i++) buf_printf(line, "\\x%02x", (unsigned char)text.p[i]);
    }
}

static void add_plain(struct buf *line, bool with_time, enum log_level level, struct span text) {
    if (with_time) add_time(line);
    buf_add_text(line, levels[level].word);
    add_printable(line, text);
}

void log_tell(struct log *l, enum log_level level, const struct log_fact *facts, size_t count, struct span text) {
    struct buf line = {0};
    if (capture) {
        capture(capture_arg, level, text);
        return;
    }
    if (as_json) add_object(&line, level, facts, count, text);
    else add_plain(&line, l->kind != TO_SYSLOG, level, text);
    if (l->kind != TO_SYSLOG) {
        log_line(l, buf_span(&line));
        flush(l);
    } else {
        syslog(levels[level].syslog, "%s", buf_text(&line));
    }
    buf_done(&line);
}

void log_vsay(struct log *l, enum log_level level, const char *format, va_list args) {
    struct buf text = {0};
    buf_vprintf(&text, format, args);
    log_tell(l, level, NULL, 0, buf_span(&text));
    buf_done(&text);
}

void log_capture(void (*take)(void *arg, enum log_level level, struct span text), void *arg) {
    capture = take;
    capture_arg = arg;
}

void log_say(struct log *l, enum log_level level, const char *format, ...) {
    va_list args;
    int saved = errno;
    va_start(args, format);
    log_vsay(l, level, format, args);
    va_end(args);
    errno = saved;
}

struct log *log_main(void) {
    return main_log;
}

void log_set_main(struct log *l) {
    struct log *old = main_log;
    main_log = l;
    log_drop(old);
}

void logs_flush(void) {
    for (struct list *i = logs.next; i != &logs; i = i->next) {
        struct log *l = CONTAINER(i, struct log, all);
        if (l->waiting.n) flush(l);
    }
}

bool logs_waiting(void) {
    for (struct list *i = logs.next; i != &logs; i = i->next)
        if (CONTAINER(i, struct log, all)->waiting.n) return true;
    return false;
}

void logs_reopen(void) {
    logs_flush();
    for (struct list *i = logs.next; i != &logs; i = i->next) {
        struct log *l = CONTAINER(i, struct log, all);
        if (l->kind != TO_FILE) continue;
        int fd = open_file(l->target);
        if (fd < 0) {
            say_error("%s: cannot be opened again, the old file is kept: %s", l->target, strerror(errno));
            continue;
        }
        close(l->fd);
        l->fd = fd;
    }
}

void logs_set_opener(int (*opener)(struct span program, void *arg), void *arg) {
    open_pipe = opener;
    open_pipe_arg = arg;
}
