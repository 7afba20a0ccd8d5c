/* connect.c - connections that we make */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fdevents/socket.h"

int connect_to(const struct addr_room *to, bool *done) {
    int on = 1, fd = socket_open(to->storage.ss_family, SOCK_STREAM, 0);
    *done = false;
    if (fd < 0) return -1;
    if (to->storage.ss_family != AF_UNIX) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)&to->storage, to->len) == 0) {
        *done = true;
        return fd;
    }
    /* Interrupted: it goes on by itself (POSIX); asking again would be EALREADY. */
    if (errno == EINPROGRESS || errno == EINTR) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

bool addr_of_path(struct span path, struct addr_room *a) {
    struct sockaddr_un *un = (struct sockaddr_un *)&a->storage;
    memset(a, 0, sizeof *a);
    if (path.n == 0 || path.n >= sizeof un->sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path.p, path.n);
    a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
    return true;
}

bool addr_of_literal(struct span host, uint16_t port, struct addr_room *a) {
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_in *v4 = (struct sockaddr_in *)&a->storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->storage;
    memset(a, 0, sizeof *a);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') host = (struct span){host.p + 1, host.n - 2};
    if (host.n == 0 || host.n >= sizeof text || memchr(host.p, '\0', host.n)) return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        a->len = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    a->len = sizeof *v6;
    return true;
}
