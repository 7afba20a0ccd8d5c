/* explain.c - why a backend cannot be reached, and what to do about it: the component of a path that is to blame */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/number.h"
#include "modules/gateway/backend.h"
#include "server/module.h"

/* ---- people ---------------------------------------------------------------------------------------------------- */

/* The name of an id, from a file as /etc/passwd; asking the system could block. The number where it is not found. */
static void add_name(struct buf *out, const char *file, unsigned long id) {
    char line[1024];
    FILE *f = fopen(file, "r");
    while (f && fgets(line, sizeof line, f)) {
        struct span rest = span_of(line), name, skipped, number;
        uint64_t found;
        bool is_whole = span_next(&rest, ':', &name) && span_next(&rest, ':', &skipped);
        if (!is_whole || !span_next(&rest, ':', &number)) continue;
        if (!number_parse(number, ULONG_MAX, &found) || found != id) continue;
        buf_add(out, name);
        fclose(f);
        return;
    }
    if (f) fclose(f);
    buf_add_number(out, id);
}

static void add_user(struct buf *out, uid_t uid) {
    add_name(out, "/etc/passwd", uid);
}

static void add_group(struct buf *out, gid_t gid) {
    add_name(out, "/etc/group", gid);
}

/* "we are www-data, in the groups www-data and adm" */
static void add_us(struct buf *out) {
    enum { GROUPS_SHOWN = 32 };
    gid_t groups[GROUPS_SHOWN];
    int count = getgroups(GROUPS_SHOWN, groups);
    buf_add_text(out, "we are the user ");
    add_user(out, geteuid());
    buf_add_text(out, " in group ");
    add_group(out, getegid());
    for (int i = 0; i < count; i++) {
        if (groups[i] == getegid()) continue;
        buf_add_text(out, ", ");
        add_group(out, groups[i]);
    }
}

/* "/run/php (owner root, group www-data, mode 0750)" */
static void add_owned(struct buf *out, const char *path, const struct stat *st) {
    buf_printf(out, "%s (owner ", path);
    add_user(out, st->st_uid);
    buf_add_text(out, ", group ");
    add_group(out, st->st_gid);
    buf_printf(out, ", mode %04o)", (unsigned)(st->st_mode & 07777));
}

static bool may(const char *path, int how) {
    return faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0;
}

/* ---- paths ----------------------------------------------------------------------------------------------------- */

static const char *kind_of(const struct stat *st) {
    if (S_ISREG(st->st_mode)) return "a file";
    if (S_ISDIR(st->st_mode)) return "a directory";
    return "something else";
}

/* Who would be let in by the group's bits is told to join; else the mode is to be changed. */
static void add_advice(struct buf *out, const struct stat *st, bool is_socket) {
    mode_t needed = is_socket ? S_IWGRP : S_IXGRP;
    bool by_group = st->st_mode & needed && st->st_uid != geteuid();
    buf_add_text(out, "; ");
    if (by_group) {
        buf_add_text(out, "put ");
        add_user(out, geteuid());
        buf_add_text(out, " into the group ");
        add_group(out, st->st_gid);
        buf_add_text(out, " and start this server anew");
        if (is_socket) buf_add_text(out, ", or let the backend make it with another group (php-fpm: listen.group)");
        return;
    }
    if (!is_socket) {
        buf_add_text(out, "let us through: chmod a+x, or g+x with a group that we are in");
        return;
    }
    buf_add_text(out, "let the backend make the socket with mode 0660 and a group that we are in (php-fpm:"
                      " listen.mode, listen.group)");
}

static void explain_denied(const char *path, const struct stat *st, bool is_socket, struct buf *out) {
    add_owned(out, path, st);
    buf_add_text(out, is_socket ? " may not be written by us: " : " does not let us through: ");
    add_us(out);
    add_advice(out, st, is_socket);
}

static void explain_missing(const char *path, bool is_last, struct buf *out) {
    struct span root = process_root();
    buf_printf(out, is_last ? "there is no %s" : "there is no directory %s", path);
    if (root.n) buf_printf(out, " below %.*s, which server.chroot makes our root", SPAN_ARG(root));
    if (is_last) buf_add_text(out, ": the backend is not started, or makes its socket elsewhere");
}

/* The end of the path, which is there. */
static void explain_end(const char *path, const struct stat *st, int error, struct buf *out) {
    if (!S_ISSOCK(st->st_mode)) buf_printf(out, "%s is %s, not a socket", path, kind_of(st));
    else if (error == EACCES && !may(path, W_OK)) explain_denied(path, st, true, out);
    else if (error == ECONNREFUSED)
        buf_printf(out, "nobody listens on %s: the backend has ended and left its socket behind; start it", path);
    else if (error == EAGAIN)
        buf_printf(out, "too many connections wait on %s: the backend is too slow, or has too few processes", path);
    else if (error == EPROTOTYPE) buf_printf(out, "%s is a socket for datagrams", path);
    else if (error == ENOENT) buf_printf(out, "%s was not there a moment ago", path);
    else buf_printf(out, "the socket is %s", path);
}

/* One component more each time; whole is the path, changed and put right again. True: it was to blame. */
static bool explain_component(char *whole, size_t end, size_t length, int error, struct buf *out) {
    struct stat st;
    char behind = whole[end];
    bool is_last = end == length;
    whole[end] = '\0';
    bool found = stat(whole, &st) == 0;
    bool blamed = true;
    if (!found) {
        if (errno == ENOENT) explain_missing(whole, is_last, out);
        else buf_printf(out, "%s: %s", whole, strerror(errno));
    } else if (is_last) {
        explain_end(whole, &st, error, out);
    } else if (!S_ISDIR(st.st_mode)) {
        buf_printf(out, "%s is %s, not a directory", whole, kind_of(&st));
    } else if (!may(whole, X_OK)) {
        explain_denied(whole, &st, false, out);
    } else {
        blamed = false;
    }
    whole[end] = behind;
    return blamed;
}

static void explain_path(struct span path, int error, struct buf *out) {
    char whole[256];
    if (path.n == 0 || path.n >= sizeof whole) return;
    memcpy(whole, path.p, path.n);
    whole[path.n] = '\0';
    buf_add_text(out, ": ");
    for (size_t end = 1; end <= path.n; end++) {
        bool is_end = end == path.n || (whole[end] == '/' && whole[end - 1] != '/');
        if (is_end && explain_component(whole, end, path.n, error, out)) return;
    }
}

/* ---- networks -------------------------------------------------------------------------------------------------- */

struct advice {
    int error;
    const char *text;
};

static const struct advice networks[] = {
    {ECONNREFUSED, "nobody listens there; is the backend started, and does it listen on this address and port?"},
    {EHOSTUNREACH, "there is no way to it; is the machine up, and does a firewall refuse us?"},
    {ENETUNREACH, "there is no route to its network"},
    {ETIMEDOUT, "the attempt to connect was not answered; is the machine up, and does a firewall drop what we send?"},
    {ECONNRESET, "it ends the connection at once"},
    {EACCES, "a firewall, or what confines this server (SELinux: httpd_can_network_connect), forbids it"},
    {EPERM, "a firewall of this machine forbids it"},
    {EPROTO, "TLS with it does not come about"},
};

/* ---- us -------------------------------------------------------------------------------------------------------- */

static const struct advice ours[] = {
    {EMFILE, "this process has as many descriptors as it may have; see server.max-fds"},
    {ENFILE, "this machine has no descriptor left"},
    {ENOBUFS, "this machine has no memory left for it"},
    {ENOMEM, "this machine has no memory left for it"},
    {EADDRNOTAVAIL, "this machine has no port left for another connection to it"},
};

static bool advise(const struct advice *list, size_t count, int error, struct buf *out) {
    for (size_t i = 0; i < count; i++) {
        if (list[i].error != error) continue;
        buf_printf(out, ": %s", list[i].text);
        return true;
    }
    return false;
}

void explain_connect(struct span socket_path, int error, struct buf *out) {
    buf_add_text(out, strerror(error));
    if (advise(ours, sizeof ours / sizeof *ours, error, out)) return;
    if (socket_path.n) explain_path(socket_path, error, out);
    else advise(networks, sizeof networks / sizeof *networks, error, out);
}
