/* port.h - declarations of the event port double; for tests on Linux only */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DOUBLE_PORT_H
#define GOLDCREST_DOUBLE_PORT_H

#include <stdint.h>
#include <time.h>

#define PORT_SOURCE_FD 4

typedef unsigned int uint_t;
typedef struct port_event {
    int portev_events;
    unsigned short portev_source;
    unsigned short portev_pad;
    uintptr_t portev_object;
    void *portev_user;
} port_event_t;

int port_create(void);
int port_associate(int port, int source, uintptr_t object, int events, void *user);
int port_dissociate(int port, int source, uintptr_t object);
int port_getn(int port, port_event_t list[], uint_t max, uint_t *nget, struct timespec *timeout);

#endif
