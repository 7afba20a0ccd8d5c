/* notify.h - the service manager is told how we are (systemd's sd_notify(3), without its library) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_NOTIFY_H
#define GOLDCREST_NOTIFY_H

#include <stdint.h>

/* Datagrams to the socket that NOTIFY_SOCKET names, by a path or "@abstract"; without it nothing happens. The
 * master's alone. */
void notify_ready(unsigned workers);       /* at the start, and after each reload, whatever came of it */
void notify_reloading(const char *what);   /* followed by notify_ready() */
void notify_stopping(const char *what, uint32_t limit_s); /* so long it may take */

/* WATCHDOG_USEC: how often notify_alive() is to be called, in seconds; 0: nobody watches us. */
int64_t notify_watchdog_s(void);
void notify_alive(void);

#endif
