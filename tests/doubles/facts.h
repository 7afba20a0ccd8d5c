/* facts.h - what Linux knows of a descriptor, for the doubles of other kernels */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DOUBLE_FACTS_H
#define GOLDCREST_DOUBLE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum fact_kind { FACT_SOCKET, FACT_PIPE, FACT_OTHER };

/* facts - one look at a descriptor; nothing is consumed, SO_ERROR neither */
struct facts {
    enum fact_kind kind;
    bool open, readable, writable;
    bool peer_end; /* the peer sent its FIN, or closed                  */
    bool own_end;  /* we called shutdown(SHUT_WR)                       */
    bool error;    /* reset or refused, and the error not yet fetched   */
    bool dead;     /* both directions are over, or the pipe's other end */
    bool listening;
};

void facts_look(struct facts *facts, int fd);
void facts_of(struct facts *facts, int fd, int linux_revents); /* as far as they were asked for */

/* identity - tells a descriptor from the next one with the same number: how a double notices
 * close() */
struct identity {
    dev_t dev;
    ino_t ino;
};
bool identity_get(struct identity *identity, int fd); /* false: not open */
bool identity_holds(const struct identity *identity, int fd);

/* How many times a double was asked to wait, so that a test can be sure of it. */
extern unsigned long double_calls;

int64_t facts_clock_ms(void);

/* The real poll(), also where the program's own is wrapped. */
struct pollfd;
int facts_poll(struct pollfd *fds, size_t count, int timeout_ms);

/* After a look (fds with their revents) that found nothing that counts by the double's rules: sleeps until something
 * can have changed, at most until until_ms (INT64_MAX: without limit). 0; -1 with errno: EINTR. */
int facts_sleep(const struct pollfd *fds, size_t count, int64_t until_ms);

/* The end of a wait of ms milliseconds, -1 being without limit. */
int64_t facts_until(int64_t ms);

#endif
