/* core.h - the settings of the server itself (server.*, mimetype.*, etag.*, debug.*) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CORE_H
#define GOLDCREST_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/span.h"
#include "conf/directive.h"
#include "http/mime.h"
#include "net/addr.h"

/* parse_options - server.http-parseopts compiled: which bits it sets and which it clears */
struct parse_options {
    unsigned set, clear;
};

/* id_trust - server.request-id-trust compiled */
struct id_trust {
    size_t count;
    struct prefix list[];
};

enum sandbox_mode { SANDBOX_OFF, SANDBOX_ON, SANDBOX_STRICT };

struct core_settings {
    /* the process: global block only */
    const struct value *modules, *upload_dirs;
    bool compat_module_load, systemd_sockets, core_files, errorlog_syslog;
    uint32_t port, max_worker, max_fds, max_connections, max_head_bytes, max_head_fields;
    uint32_t cache_kib, upload_file_bytes;
    struct span bind, network_backend, chroot, username, groupname, syslog_facility, event_handler, pid_file;
    const bool *logs_json;            /* server.log-format; NULL: as text */
    const struct id_trust *id_trust;  /* whose X-Request-ID is taken; NULL: nobody's */
    const struct value *feature_flags, *sandbox_read, *sandbox_write;
    const enum sandbox_mode *sandbox; /* NULL: it is on */
    const struct parse_options *parse_options;
    bool header_strict, host_strict, host_normalize;

    /* the listening socket */
    uint32_t listen_backlog;
    struct span socket_perms, accept_filter;
    bool defer_accept, use_ipv6, set_v6only, v4mapped, ip_transparent;

    /* the request */
    struct span document_root, name, tag, errorfile_prefix, error_handler, error_handler_404;
    const struct value *errorfiles; /* status => file */
    uint32_t max_request_kib, max_keep_alive_requests, max_keep_alive_idle_s, max_read_idle_s, max_write_idle_s;
    uint32_t max_head_s;      /* for a whole request head */
    uint32_t min_body_rate;   /* bytes a second, on average */
    uint32_t linger_timeout_s;
    struct {
        uint32_t server_kbytes_s;
        const struct block *server_kbytes_in; /* where that is set */
    };
    uint32_t connection_kbytes_s;
    uint32_t stream_request_body, stream_response_body; /* 0: whole, 1: as it comes, 2: with little held */
    bool error_intercept, lowercase_filenames, follow_symlink, http11, range_requests;
    const struct mime_table *mime;
    bool etag_inode, etag_mtime, etag_size;
    bool log_conditions, log_not_found, log_requests, log_request_head, log_response_head, log_timeouts, log_states;
    bool log_request_head_on_error, tells_id /* X-Request-ID in responses */;
    struct log *errorlog, *breakagelog;
};

extern const struct core_settings core_defaults;
extern const struct directive core_directives[];

/* Is that flag of server.feature-flags on (or its default)? */
bool feature_flag(const struct core_settings *core, struct span flag, bool otherwise);
uint32_t feature_number(const struct core_settings *core, struct span flag, uint32_t otherwise);

#endif
