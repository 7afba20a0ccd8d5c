/* log.h - where lines for people go: files, pipes, syslog, standard error */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LOG_H
#define GOLDCREST_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/*
 * log - one destination, counted: the same target opened twice is one log. Lines are written whole, with O_APPEND, so
 * that several processes can share a file; what waits in the buffer is written by log_flush().
 *
 * A target is "" (standard error), a path, "|program" or "syslog:FACILITY". A program is started by whoever
 * logs_set_opener() named: the master starts it, workers get the pipe's end.
 */
struct log;

enum log_level { LOG_IS_ERROR, LOG_IS_WARNING, LOG_IS_NOTE, LOG_IS_DEBUG };

/* NULL with errno if it cannot be opened. */
struct log *log_open(struct span target);
struct log *log_hold(struct log *l);
void log_drop(struct log *l);
struct span log_target(const struct log *l);
int log_descriptor(const struct log *l); /* -1: it has none (syslog) */

/* A whole line without its newline; buffered until the buffer is full or log_flush() comes. syslog_level:
 * LOG_INFO … */
void log_line(struct log *l, struct span line);
void log_set_syslog_level(struct log *l, int level);

/* For messages: "2026-11-24 06:50:11: error: …", written at once. Bytes that are not printable are shown as \xNN. */
void log_say(struct log *l, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_vsay(struct log *l, enum log_level level, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* From now on messages (not lines) go there, whatever their log; NULL: to their logs again. For those who only try
 * something out. */
void log_capture(void (*take)(void *arg, enum log_level level, struct span text), void *arg);

/*
 * All messages of this process as JSON (server.log-format): an object a line, with time, level, pid and message.
 * log_tell() adds more; in plain text it is log_say().
 */
struct log_fact {
    const char *name;
    struct span value; /* p is NULL: the number */
    uint64_t number;
};
void logs_set_json(bool yes);
bool logs_are_json(void);
void log_tell(struct log *l, enum log_level level, const struct log_fact *facts, size_t count, struct span text);

/* The process's own log: where messages without a better place go. Standard error at first. */
struct log *log_main(void);
void log_set_main(struct log *l); /* takes a reference over */
#define say_error(...) log_say(log_main(), LOG_IS_ERROR, __VA_ARGS__)
#define say_warning(...) log_say(log_main(), LOG_IS_WARNING, __VA_ARGS__)
#define say_note(...) log_say(log_main(), LOG_IS_NOTE, __VA_ARGS__)

/* All logs of the process. Reopening: a file that was renamed is made anew; what was buffered goes to the old one. */
void logs_flush(void);
bool logs_waiting(void); /* is there anything that logs_flush() would write? */
void logs_reopen(void);

/* How "|program" is opened: a descriptor to write to, or -1 with errno. */
void logs_set_opener(int (*open_pipe)(struct span program, void *arg), void *arg);

#endif
