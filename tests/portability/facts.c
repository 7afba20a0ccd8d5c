/* facts.c - what this kernel and its headers do where systems differ, asked on the loopback */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Nothing here passes or fails: it is for whoever reads a report. */

static void nap(void) {
    struct timeval step = {0, 50000};

    select(0, NULL, NULL, NULL, &step);
}

static void sizes(void) {
    const unsigned one = 1;

    printf("bytes: int %d, long %d, pointer %d, time_t %d, off_t %d\n", (int)sizeof(int), (int)sizeof(long),
           (int)sizeof(void *), (int)sizeof(time_t), (int)sizeof(off_t));
    printf("byte order: %s; char is %s\n", *(const char *)&one ? "little" : "big",
           CHAR_MIN < 0 ? "signed" : "unsigned");
    printf("FD_SETSIZE %ld, descriptors %ld, IOV_MAX %ld\n", (long)FD_SETSIZE, sysconf(_SC_OPEN_MAX),
           sysconf(_SC_IOV_MAX));
}

static void macros(void) {
    printf("macros:");
#ifdef POLLRDHUP
    printf(" POLLRDHUP=0x%x", (unsigned)POLLRDHUP);
#endif
#ifdef MSG_NOSIGNAL
    printf(" MSG_NOSIGNAL");
#endif
#ifdef SO_NOSIGPIPE
    printf(" SO_NOSIGPIPE");
#endif
#ifdef SOCK_CLOEXEC
    printf(" SOCK_CLOEXEC");
#endif
#ifdef SO_REUSEPORT
    printf(" SO_REUSEPORT");
#endif
#ifdef SO_REUSEPORT_LB
    printf(" SO_REUSEPORT_LB");
#endif
#ifdef SO_ACCEPTFILTER
    printf(" SO_ACCEPTFILTER");
#endif
#ifdef TCP_CORK
    printf(" TCP_CORK");
#endif
#ifdef TCP_NOPUSH
    printf(" TCP_NOPUSH");
#endif
    printf("\n");
}

static int listen_on(struct sockaddr_in *a) {
    socklen_t n = sizeof *a;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(a, 0, sizeof *a);
    a->sin_family = AF_INET;
    a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)a, sizeof *a) < 0 || listen(fd, 8) < 0) return -1;
    return getsockname(fd, (struct sockaddr *)a, &n) < 0 ? -1 : fd;
}

static int pair(int fds[2]) {
    struct sockaddr_in a;
    int listener = listen_on(&a);

    if (listener < 0) return -1;
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fds[0], (struct sockaddr *)&a, sizeof a) < 0) return -1;
    fds[1] = accept(listener, NULL, NULL);
    close(listener);
    return fds[1] < 0 ? -1 : 0;
}

static const char *polled(int fd, short events) {
    static char text[80];
    struct pollfd p;
    int n;

    memset(&p, 0, sizeof p);
    p.fd = fd;
    p.events = events;
    nap();
    n = poll(&p, 1, 0);
    snprintf(text, sizeof text, "%s%s%s%s%s%s", p.revents & POLLIN ? " IN" : "", p.revents & POLLOUT ? " OUT" : "",
             p.revents & POLLERR ? " ERR" : "", p.revents & POLLHUP ? " HUP" : "",
             p.revents & POLLNVAL ? " NVAL" : "", n == 0 ? " nothing" : "");
    return text;
}

static void reset(int fd) {
    struct linger now;

    memset(&now, 0, sizeof now);
    now.l_onoff = 1;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void what_poll_says(void) {
    int fds[2];

    if (pair(fds) == 0) {
        shutdown(fds[1], SHUT_WR);
        printf("poll, the peer half-closed:%s\n", polled(fds[0], POLLIN | POLLOUT));
        close(fds[0]);
        close(fds[1]);
    }
    if (pair(fds) == 0) {
        shutdown(fds[0], SHUT_WR);
        printf("poll, half-closed by ourselves:%s\n", polled(fds[0], POLLIN | POLLOUT));
        printf("half-closed twice: %s\n", shutdown(fds[0], SHUT_WR) < 0 ? strerror(errno) : "0");
        close(fds[0]);
        close(fds[1]);
    }
    if (pair(fds) == 0) {
        reset(fds[1]);
        printf("poll for OUT, reset:%s\n", polled(fds[0], POLLOUT));
        printf("poll for nothing, reset:%s\n", polled(fds[0], 0));
        printf("poll for both, reset:%s\n", polled(fds[0], POLLIN | POLLOUT));
        close(fds[0]);
    }
    if (pipe(fds) == 0) {
        close(fds[1]);
        printf("poll, a pipe whose writer left:%s\n", polled(fds[0], POLLIN));
        close(fds[0]);
    }
}

static void what_is_inherited(void) {
    struct sockaddr_in a;
    int listener = listen_on(&a), client, fd, nodelay = 0, flags;
    socklen_t n = sizeof nodelay;

    if (listener < 0) return;
    fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK);
    client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, (struct sockaddr *)&a, sizeof a) < 0) return;
    nap();
    fd = accept(listener, NULL, NULL);
    if (fd < 0) return;
    flags = fcntl(fd, F_GETFL);
    getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &n);
    printf("accepted sockets inherit: O_NONBLOCK %s, TCP_NODELAY %s\n", flags & O_NONBLOCK ? "yes" : "no",
           nodelay ? "yes" : "no");
    close(fd);
    close(client);
    client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, (struct sockaddr *)&a, sizeof a) == 0) {
        reset(client);
        nap();
        fd = accept(listener, NULL, NULL);
        printf("accept() of a connection that was reset: %s\n", fd < 0 ? strerror(errno) : "a descriptor");
    }
}

static void ipv6(void) {
    int value = -1, fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 a;
    socklen_t n = sizeof value;

    if (fd < 0) {
        printf("IPv6: %s\n", strerror(errno));
        return;
    }
    getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &n);
    memset(&a, 0, sizeof a);
    a.sin6_family = AF_INET6;
    a.sin6_addr = in6addr_loopback;
    printf("IPv6: IPV6_V6ONLY is %d; bind to ::1: %s\n", value,
           bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ? strerror(errno) : "0");
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    alarm(30);
    sizes();
    macros();
    what_poll_says();
    what_is_inherited();
    ipv6();
    return 0;
}
