/* hostoptions.h - the options of one host, as they are written and as they are meant */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_HOSTOPTIONS_H
#define GOLDCREST_GATEWAY_HOSTOPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "conf/complain.h"
#include "conf/value.h"
#include "modules/gateway/options.h"

/* host_text - what is written between the parentheses of a host; spans and values are the configuration's */
struct host_text {
    const struct value *options;   /* all of it */
    const struct gateway_kind *kind;
    struct complaints *complaints;
    struct arena *arena;           /* of the rules: for what is made of it */
    struct span label;
    struct gateway_host meant;     /* what needs no second look stands there already */
    struct span host, socket, scheme, mode, proxy_protocol, bin_path;
    struct span tls_name, tls_ca_file, tls_cert_file, tls_key_file;
    bool tls_verify, allow_x_send_file;
    uint32_t port;
    uint32_t listen_backlog, kill_signal, min_procs, max_procs, max_load_per_proc, idle_timeout;
    const struct value *bin_environment, *bin_copy_environment, *check;
};

/* ---- options.c -------------------------------------------------------------------------------- */

/* Reads all options into t, where the first four fields and the label are set. False after complaints. */
bool host_read(struct host_text *t);
/* Is it the name of an option? For those who forgot parentheses. */
bool host_is_option(struct span key);
/* A complaint about an option, at its value (or at the host, if it is not written). False, for returning it. */
bool host_refuse(const struct host_text *t, const char *option, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A warning about an option at its key, if it is written. */
void host_warn(const struct host_text *t, const char *option, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool host_has(const struct host_text *t, const char *option);

/* ---- hostaddress.c ---------------------------------------------------------------------------- */

/* Where it is and how it is spoken to: host, port, socket, scheme. False after complaints. */
bool host_find_address(struct host_text *t);
/* h->authority, label and identity, for this port or socket. */
void host_name(const struct host_text *t, struct gateway_host *h);
/* h->tls, if its scheme wants it. */
bool host_open_tls(struct host_text *t);

/* ---- hostcheck.c ------------------------------------------------------------------------------ */

/* "check": what active checks ask, and how often. False after complaints. */
bool host_read_check(struct host_text *t);

/* ---- hostprogram.c ---------------------------------------------------------------------------- */

/* How many backends it is: max-procs with bin-path, else one. */
uint32_t host_copies(const struct host_text *t);
/* Number n of them: its socket or port, and its program. False after complaints. */
bool host_make_copy(const struct host_text *t, uint32_t n, struct gateway_host *h);

#endif
