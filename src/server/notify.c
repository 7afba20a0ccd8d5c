/* notify.c - the service manager is told how we are (systemd's sd_notify(3), without its library) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"
#include "fdevents/socket.h"

static bool address(struct sockaddr_un *to, socklen_t *len) {
    const char *name = getenv("NOTIFY_SOCKET");
    size_t n = name ? strlen(name) : 0;
    if (n < 2 || n >= sizeof to->sun_path || (name[0] != '/' && name[0] != '@')) return false;
    memset(to, 0, sizeof *to);
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, name, n);
    if (name[0] == '@') to->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (name[0] == '/'));
    return true;
}

static void say(struct buf *text) {
    struct sockaddr_un to;
    socklen_t len;
    int fd = address(&to, &len) ? socket_open(AF_UNIX, SOCK_DGRAM, 0) : -1;
    if (fd >= 0 && sendto(fd, text->p, text->n, 0, (const struct sockaddr *)&to, len) < 0)
        say_warning("the service manager cannot be told (NOTIFY_SOCKET): %s", strerror(errno));
    if (fd >= 0) close(fd);
    buf_done(text);
}

void notify_ready(unsigned workers) {
    struct buf text = {0};
    buf_printf(&text, "READY=1\nMAINPID=%ld\nSTATUS=goldcrest %s serves with %u worker%s\n", (long)getpid(), VERSION,
               workers, workers == 1 ? "" : "s");
    say(&text);
}

/* MONOTONIC_USEC tells this reload from the ones before. */
void notify_reloading(const char *what) {
    struct buf text = {0};
    buf_printf(&text, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=%s\n",
               (unsigned long long)(clock_monotonic_ns() / 1000), what);
    say(&text);
}

void notify_stopping(const char *what, uint32_t limit_s) {
    struct buf text = {0};
    buf_printf(&text, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu\nSTATUS=%s\n", limit_s * 1000000ULL, what);
    say(&text);
}

int64_t notify_watchdog_s(void) {
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t n, whose;
    if (!usec || !number_parse(span_of(usec), INT64_MAX, &n) || n == 0) return 0;
    if (pid && (!number_parse(span_of(pid), INT32_MAX, &whose) || whose != (uint64_t)getpid())) return 0;
    return n / 2000000 ? (int64_t)(n / 2000000) : 1;
}

void notify_alive(void) {
    struct buf text = {0};
    buf_add_text(&text, "WATCHDOG=1\n");
    say(&text);
}
