/* listener.c - sockets that connections come from */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "fdevents/socket.h"

enum { NODELAY_UNKNOWN, NODELAY_INHERITED, NODELAY_NOT_INHERITED };

/* endpoint - an address to bind */
struct endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un unix_path;
        struct sockaddr_storage room;
    } is;
    socklen_t len;
};

static bool split_port(struct span token, unsigned default_port, struct span *host, unsigned *port) {
    size_t colon = span_find_last(token, ':');
    size_t bracket = span_find_last(token, ']');
    bool has_port = colon < token.n && (bracket == token.n || colon > bracket);
    uint64_t number = default_port;
    *host = has_port ? span_upto(token, colon) : token;
    if (has_port && !number_parse(span_from(token, colon + 1), 65535, &number)) return false;
    *port = (unsigned)number;
    return true;
}

static bool is_unix(struct span token) {
    return span_starts(token, SPAN("/")) || span_starts(token, SPAN("\\x00"));
}

static bool format(const struct sockaddr *sa, unsigned port, struct buf *name) {
    char text[INET6_ADDRSTRLEN];
    const void *bytes = sa->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)sa)->sin_addr
                                                 : (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr;
    if (!inet_ntop(sa->sa_family, bytes, text, sizeof text)) return false;
    buf_printf(name, sa->sa_family == AF_INET ? "%s:%u" : "[%s]:%u", text, port);
    return true;
}

static bool resolve(struct span host, bool ipv6, unsigned port, struct buf *name) {
    struct addrinfo hints = {
        .ai_family = ipv6 ? AF_INET6 : AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    char *text = span_dup(host);
    int error = getaddrinfo(text, NULL, &hints, &found);
    free(text);
    if (error) return false;
    bool ok = format(found->ai_addr, port, name);
    freeaddrinfo(found);
    return ok;
}

bool listener_name(struct span token, unsigned default_port, const struct listener_options *o, struct buf *name) {
    struct span host;
    unsigned port;
    if (is_unix(token)) {
        buf_add(name, token);
        return true;
    }
    if (!split_port(token, default_port, &host, &port)) return false;
    if (host.n == 0 || span_is(host, SPAN("*"))) host = o->use_ipv6 ? SPAN("[::]") : SPAN("0.0.0.0");
    bool brackets = host.p[0] == '[';
    if (brackets && host.p[host.n - 1] != ']') return false;
    if (brackets) host = (struct span){host.p + 1, host.n - 2};
    return resolve(host, brackets || o->use_ipv6, port, name);
}

static bool endpoint_unix(struct span name, struct endpoint *e, char why[128]) {
    bool abstract = span_starts(name, SPAN("\\x00"));
    struct span path = abstract ? span_from(name, 3) : name;
    e->is.unix_path.sun_family = AF_UNIX;
    if (path.n >= sizeof e->is.unix_path.sun_path) {
        snprintf(why, 128, "the path is longer than %zu bytes", sizeof e->is.unix_path.sun_path - 1);
        return false;
    }
    memcpy(e->is.unix_path.sun_path, path.p, path.n);
    if (abstract) e->is.unix_path.sun_path[0] = '\0';
    e->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + (abstract ? 0 : 1));
    return true;
}

static bool endpoint_parse(struct span name, struct endpoint *e, char why[128]) {
    struct span host;
    unsigned port;
    char text[INET6_ADDRSTRLEN + 2];
    memset(e, 0, sizeof *e);
    if (is_unix(name)) return endpoint_unix(name, e, why);
    if (!split_port(name, 0, &host, &port) || host.n == 0 || host.n >= sizeof text) return false;
    bool v6 = host.p[0] == '[';
    if (v6) host = (struct span){host.p + 1, host.n - 2};
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    e->is.any.sa_family = v6 ? AF_INET6 : AF_INET;
    e->len = v6 ? sizeof e->is.v6 : sizeof e->is.v4;
    if (v6) e->is.v6.sin6_port = htons((uint16_t)port);
    else e->is.v4.sin_port = htons((uint16_t)port);
    return inet_pton(e->is.any.sa_family, text, v6 ? (void *)&e->is.v6.sin6_addr : (void *)&e->is.v4.sin_addr) == 1;
}

static bool set(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static void set_v6_only(int fd, const struct listener_options *o) {
    static bool said;
    if (set(fd, IPPROTO_IPV6, IPV6_V6ONLY, o->v6_only) || o->v6_only || said) return;
    said = true;
    say_warning("this system has no IPv6 sockets that take IPv4 too (%s): listen on an IPv4 address as well",
                strerror(errno));
}

static void set_options(int fd, const struct endpoint *e, const struct listener_options *o) {
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (e->is.any.sa_family == AF_INET6) set_v6_only(fd, o);
    if (e->is.any.sa_family == AF_UNIX) return;
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* inherited by accepted sockets on most systems */
#ifdef GC_BALANCING_OPTION
    if (o->reuse_port) set(fd, SOL_SOCKET, GC_BALANCING_OPTION, 1);
#endif
#ifdef TCP_DEFER_ACCEPT
    if (o->defer_accept) set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5);
#endif
#ifdef IP_TRANSPARENT
    if (o->transparent) set(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
#endif
}

/* After listen(), as the BSDs want it. */
static void set_accept_filter(int fd, const struct listener_options *o) {
#ifdef SO_ACCEPTFILTER
    struct accept_filter_arg filter;
    memset(&filter, 0, sizeof filter);
    if (o->accept_filter.n == 0 || o->accept_filter.n >= sizeof filter.af_name) return;
    memcpy(filter.af_name, o->accept_filter.p, o->accept_filter.n);
    static bool said;
    if (setsockopt(fd, SOL_SOCKET, SO_ACCEPTFILTER, &filter, sizeof filter) == 0 || said) return;
    said = true;
    say_warning("the accept filter \"%.*s\" cannot be used: %s", SPAN_ARG(o->accept_filter), strerror(errno));
#else
    (void)fd, (void)o;
#endif
}

/* A socket file left by a process that is gone: nobody answers there. */
static void remove_stale(const struct endpoint *e) {
    struct stat st;
    const char *path = e->is.unix_path.sun_path;
    if (e->is.any.sa_family != AF_UNIX || path[0] == '\0' || lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode)) return;
    int fd = socket_open(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) return;
    if (connect(fd, &e->is.any, e->len) != 0 && errno == ECONNREFUSED) unlink(path);
    close(fd);
}

static int set_perms(const struct endpoint *e, struct span perms) {
    if (e->is.any.sa_family != AF_UNIX || e->is.unix_path.sun_path[0] == '\0' || perms.n == 0) return 0;
    return chmod(e->is.unix_path.sun_path, (mode_t)strtoul(perms.p, NULL, 8));
}

int listener_open(struct span name, const struct listener_options *o, char why[128]) {
    struct endpoint e;
    snprintf(why, 128, "the address cannot be understood");
    if (!endpoint_parse(name, &e, why)) return -1;
    int fd = socket_open(e.is.any.sa_family, SOCK_STREAM, 0);
    if (fd < 0) {
        snprintf(why, 128, "socket: %s", strerror(errno));
        return -1;
    }
    remove_stale(&e);
    set_options(fd, &e, o);
    if (bind(fd, &e.is.any, e.len) != 0) {
        snprintf(why, 128, "bind: %s", strerror(errno));
    } else if (set_perms(&e, o->perms) != 0) {
        snprintf(why, 128, "chmod: %s", strerror(errno));
    } else if (listen(fd, o->backlog) != 0) {
        snprintf(why, 128, "listen: %s", strerror(errno));
    } else {
        set_accept_filter(fd, o);
        return fd;
    }
    close(fd);
    return -1;
}

bool listener_is(int fd, struct span name) {
    struct endpoint wanted, has;
    char why[128];
    memset(&has, 0, sizeof has);
    has.len = sizeof has.is;
    if (!endpoint_parse(name, &wanted, why) || getsockname(fd, &has.is.any, &has.len) != 0) return false;
    if (has.is.any.sa_family != wanted.is.any.sa_family) return false;
    if (has.is.any.sa_family == AF_INET)
        return has.is.v4.sin_port == wanted.is.v4.sin_port &&
               has.is.v4.sin_addr.s_addr == wanted.is.v4.sin_addr.s_addr;
    if (has.is.any.sa_family == AF_INET6)
        return has.is.v6.sin6_port == wanted.is.v6.sin6_port &&
               memcmp(&has.is.v6.sin6_addr, &wanted.is.v6.sin6_addr, sizeof has.is.v6.sin6_addr) == 0;
    if (wanted.is.unix_path.sun_path[0] == '\0') /* abstract: what follows the zero counts */
        return has.len == wanted.len && memcmp(&has.is, &wanted.is, wanted.len) == 0;
    return strcmp(has.is.unix_path.sun_path, wanted.is.unix_path.sun_path) == 0;
}

/* The headers may be newer than the kernel. */
bool listener_balances(void) {
#ifdef GC_BALANCING_OPTION
    static int known = -1;
    int fd = known < 0 ? socket_open(AF_INET, SOCK_STREAM, 0) : -1;
    if (known < 0 && fd < 0) fd = socket_open(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0) return known > 0;
    known = set(fd, SOL_SOCKET, GC_BALANCING_OPTION, 1);
    close(fd);
    return known > 0;
#else
    return false;
#endif
}

struct listener_kind listener_kind_of(int fd) {
    struct endpoint e;
    memset(&e, 0, sizeof e);
    e.len = sizeof e.is;
    if (getsockname(fd, &e.is.any, &e.len) != 0) e.is.any.sa_family = AF_UNIX;
    return (struct listener_kind){e.is.any.sa_family == AF_INET || e.is.any.sa_family == AF_INET6, NODELAY_UNKNOWN};
}

/* A connection that is broken already cannot tell: the next one is asked. */
static uint8_t nodelay_of(int fd) {
    int value = 0;
    socklen_t len = sizeof value;
    if (getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &len) != 0) return NODELAY_UNKNOWN;
    return value ? NODELAY_INHERITED : NODELAY_NOT_INHERITED;
}

bool listener_accepted(int fd, struct listener_kind *kind, size_t peer_bytes) {
    if (!kind->is_tcp) return true;
    if (peer_bytes == 0) return false; /* macOS */
    if (kind->nodelay == NODELAY_UNKNOWN) kind->nodelay = nodelay_of(fd);
    if (kind->nodelay != NODELAY_INHERITED) set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return true;
}
