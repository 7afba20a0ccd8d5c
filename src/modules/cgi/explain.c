/* explain.c - why a CGI program could not be started, and what to do about it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "modules/cgi/cgi.h"

enum { LINE_BYTES = 128 };

/* What stands behind "#!" in the file's first line; empty if there is no such line. */
static struct span first_line(const char *path, char line[LINE_BYTES]) {
    int fd = fd_open(path, O_RDONLY | O_NONBLOCK, 0);
    ssize_t n = fd >= 0 ? read(fd, line, LINE_BYTES) : -1;
    if (fd >= 0) close(fd);
    if (n < 2 || line[0] != '#' || line[1] != '!') return SPAN("");
    struct span s = {line + 2, (size_t)n - 2};
    return span_upto(s, span_find(s, '\n'));
}

static void explain_missing(struct request *r, struct span path) {
    char line[LINE_BYTES];
    struct span named = first_line(path.p, line);
    if (named.n && named.p[named.n - 1] == '\r')
        request_reason(r, "cgi.assign",
                    "%.*s cannot be run: its first line ends with a carriage return, which is taken for a part of "
                    "the interpreter's name: save it with the line ends of Unix",
                    SPAN_ARG(path));
    else if (named.n)
        request_reason(r, "cgi.assign", "%.*s cannot be run: the interpreter of its first line is not there: %.*s",
                    SPAN_ARG(path), SPAN_ARG(span_trim(named)));
    else
        request_reason(r, "cgi.assign",
                    "%.*s cannot be run: it is not there any more, or its dynamic loader is missing (in a chroot?)",
                    SPAN_ARG(path));
}

static int explain_interpreter(struct request *r, struct span interpreter, int error) {
    request_reason(r, "cgi.assign", "cgi.assign: the interpreter %.*s cannot be run: %s%s", SPAN_ARG(interpreter),
                strerror(error),
                error == ENOENT ? ": install it, or correct its path" : "");
    return 500;
}

/* There is not enough of something; that may pass. */
static bool is_shortage(int error) {
    static const int shortages[] = {EAGAIN, ENOMEM, EMFILE, ENFILE, ENOBUFS, EPIPE, ENOTCONN, ETXTBSY};
    for (size_t i = 0; i < sizeof shortages / sizeof *shortages; i++)
        if (shortages[i] == error) return true;
    return false;
}

int cgi_explain(struct request *r, struct span interpreter, int error) {
    struct span path = r->physical.path;
    if (is_shortage(error)) {
        request_reason(r, "cgi.assign", "%.*s cannot be started now: %s%s", SPAN_ARG(path), strerror(error),
                    error == EPIPE || error == ENOTCONN ? " (the helper process is not there)" : "");
        return 503;
    }
    if (interpreter.n) return explain_interpreter(r, interpreter, error);
    switch (error) {
    case EPERM: /* the helper has said why; or a mount, or a security module */
        request_reason(r, "cgi.assign", "%.*s is not run: %s", SPAN_ARG(path), strerror(error));
        return 403;
    case EACCES:
        request_reason(r, "cgi.assign",
                    "%.*s cannot be run: %s: make it executable (chmod +x) for the workers' user, let that user "
                    "search each directory above it, and see whether its file system is mounted with noexec",
                    SPAN_ARG(path), strerror(error));
        return 403;
    case ENOENT: explain_missing(r, path); break;
    case ENOEXEC:
        request_reason(r, "cgi.assign",
                    "%.*s cannot be run: it is no program, and has no first line such as \"#!/bin/sh\"; name an "
                    "interpreter in cgi.assign, or write one there",
                    SPAN_ARG(path));
        break;
    default: request_reason(r, "cgi.assign", "%.*s cannot be run: %s", SPAN_ARG(path), strerror(error));
    }
    return 500;
}
