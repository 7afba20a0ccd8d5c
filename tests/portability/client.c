/* client.c - a client for the smoke test: the least that can ask an HTTP server something */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * client port         prints a port of 127.0.0.1 where nobody listens
 * client wait PORT    waits until somebody listens there
 * client gone PORT    waits until nobody listens there
 * client raw PORT     sends what it reads, half-closes, and prints all that comes
 * client get PORT /X  asks for /X; the head goes to the standard error output, the body to the standard output
 */
enum { PATIENCE = 150, STEP_US = 100000 };

static void nap(void) {
    struct timeval step = {0, STEP_US};

    select(0, NULL, NULL, NULL, &step);
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in a;

    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons((unsigned short)port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static int print_port(void) {
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || getsockname(fd, (struct sockaddr *)&a, &n) < 0)
        return 1;
    printf("%d\n", ntohs(a.sin_port));
    return 0;
}

static int connect_to(int port) {
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0) return fd;
    close(fd);
    return -1;
}

static int await(int port, int there) {
    int i;

    for (i = 0; i < PATIENCE; i++) {
        int fd = connect_to(port);

        if (fd >= 0) close(fd);
        if ((fd >= 0) == there) return 0;
        nap();
    }
    return 1;
}

static int send_all(int fd, const char *bytes, size_t n) {
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, 0);

        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return -1;
        bytes += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* The first part, up to the empty line, goes to `head`. A reset is no good end. */
static int print_all(int fd, FILE *head) {
    static char bytes[65536];
    int newlines = 0;
    ssize_t got, i;

    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        for (i = 0; head && newlines < 2 && i < got; i++) {
            if (bytes[i] == '\n') newlines++;
            else if (bytes[i] != '\r') newlines = 0;
            putc(bytes[i], head);
        }
        if (!head || newlines < 2) i = head ? got : 0;
        fwrite(bytes + i, 1, (size_t)(got - i), stdout);
    }
    return got < 0 || fflush(stdout) != 0;
}

static int raw(int port) {
    static char bytes[65536];
    size_t n = fread(bytes, 1, sizeof bytes, stdin);
    int fd = connect_to(port);

    if (fd < 0 || send_all(fd, bytes, n) < 0 || shutdown(fd, SHUT_WR) < 0) return 1;
    return print_all(fd, NULL);
}

static int get(int port, const char *target) {
    char request[1024];
    int fd = connect_to(port);

    snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", target);
    if (fd < 0 || send_all(fd, request, strlen(request)) < 0) return 1;
    return print_all(fd, stderr);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    int port = argc > 2 ? atoi(argv[2]) : 0;

    signal(SIGPIPE, SIG_IGN);
    alarm(60); /* a server that hangs is a failure, not a wait */
    if (!strcmp(what, "port")) return print_port();
    if (!strcmp(what, "wait")) return await(port, 1);
    if (!strcmp(what, "gone")) return await(port, 0);
    if (!strcmp(what, "raw")) return raw(port);
    if (!strcmp(what, "get") && argc > 3) return get(port, argv[3]);
    return 2;
}
