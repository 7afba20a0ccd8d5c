/* core.c - the directives of the server itself */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/core.h"

#include <stdlib.h>

#include "base/memory.h"
#include "http/uri.h"

static const char *parse_option_name(void *arg, size_t i) {
    static const char *const names[] = {
        "header-strict",        "host-strict",           "host-normalize",         "url-normalize",
        "url-normalize-unreserved", "url-normalize-required", "url-ctrls-reject",   "url-path-backslash-trans",
        "url-path-2f-decode",   "url-path-2f-reject",    "url-path-dotseg-remove", "url-path-dotseg-reject",
        "url-query-20-plus",    "url-invalid-utf8-reject", "method-get-body"};
    (void)arg;
    return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static void *compile_parse_options(const struct value *v, struct complaints *c) {
    struct parse_options *o = memory_zeroed(1, sizeof *o);
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        unsigned bit = parse_option_find(e->key);
        bool yes = false;
        if (!bit) {
            const char *near = did_you_mean(e->key, parse_option_name, NULL);
            complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2, near, "\"%.*s\" is no parse option",
                     SPAN_ARG(e->key));
        } else if (!value_as_bool(&e->value, &yes)) {
            complain(c, COMPLAINT_ERROR, e->value.place, 1, "write \"enable\" or \"disable\"",
                     "\"%.*s\" is switched on or off", SPAN_ARG(e->key));
        }
        if (bit == PARSE_URL_NORMALIZE && !yes) bit = PARSE_URL_ALL;
        unsigned *bits = yes ? &o->set : &o->clear, *others = yes ? &o->clear : &o->set;
        *bits |= bit;
        *others &= ~bit;
    }
    return o;
}

static void *compile_log_format(const struct value *v, struct complaints *c) {
    static const bool formats[] = {false, true};
    bool is_json = span_is_ci(v->string, SPAN("json"));
    if (is_json || span_is_ci(v->string, SPAN("text"))) return (void *)(uintptr_t)&formats[is_json];
    complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, "write \"text\" or \"json\"",
             "\"%.*s\" is no format of logs", SPAN_ARG(v->string));
    return NULL;
}

static void *compile_id_trust(const struct value *v, struct complaints *c) {
    struct id_trust *t = memory_zeroed(1, sizeof *t + v->count * sizeof *t->list);
    for (size_t i = 0; i < v->count; i++) {
        const struct value *one = &v->elements[i].value;
        if (prefix_parse(one->string, &t->list[t->count])) t->count++;
        else complain(c, COMPLAINT_ERROR, one->place, one->string.n + 2,
                     "write an address, a network (\"10.0.0.0/8\"), or \"/\" for peers of unix sockets",
                     "\"%.*s\" is no address", SPAN_ARG(one->string));
    }
    return t;
}

static void *compile_mime(const struct value *v, struct complaints *c) {
    struct span *suffixes = memory_zeroed(v->count, sizeof *suffixes);
    struct span *types = memory_zeroed(v->count, sizeof *types);
    (void)c;
    for (size_t i = 0; i < v->count; i++) {
        suffixes[i] = v->elements[i].key;
        types[i] = v->elements[i].value.string;
    }
    struct mime_table *table = mime_make(suffixes, types, v->count);
    free(suffixes);
    free(types);
    return table;
}

/* "404", "50x", "4xx" */
static bool is_status_pattern(struct span s) {
    if (s.n != 3 || (s.p[0] != '4' && s.p[0] != '5')) return false;
    return (ascii_is_digit(s.p[1]) && (ascii_is_digit(s.p[2]) || s.p[2] == 'x')) || (s.p[1] == 'x' && s.p[2] == 'x');
}

static void *compile_errorfiles(const struct value *v, struct complaints *c) {
    size_t errors = complaints_errors(c);
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        if (!is_status_pattern(e->key))
            complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2, "write \"404\", \"50x\" or \"4xx\"",
                     "\"%.*s\" is no error status", SPAN_ARG(e->key));
        if (!span_starts(e->value.string, SPAN("/")))
            complain(c, COMPLAINT_ERROR, e->value.place, e->value.string.n + 2, NULL,
                     "the page of an error is a file, with its whole path");
    }
    return complaints_errors(c) == errors ? (void *)(uintptr_t)v : NULL;
}

static void discard_mime(void *table) {
    mime_drop(table);
}

static void *compile_sandbox(const struct value *v, struct complaints *c) {
    static const enum sandbox_mode modes[] = {SANDBOX_OFF, SANDBOX_ON, SANDBOX_STRICT};
    bool on;
    const enum sandbox_mode *mode = NULL;
    if (span_is(v->string, SPAN("strict"))) mode = &modes[SANDBOX_STRICT];
    else if (value_as_bool(v, &on)) mode = &modes[on ? SANDBOX_ON : SANDBOX_OFF];
    else complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, "write \"enable\", \"disable\" or \"strict\"",
                  "\"%.*s\" is no kind of sandbox", SPAN_ARG(v->string));
    return (void *)(uintptr_t)mode;
}

#define FIELD(field) offsetof(struct core_settings, field)
#define ROW(name, type, scope, field, help) \
    {name, DIRECTIVE_##type, SCOPE_##scope, FIELD(field), help, NULL, NULL, 0, NULL}
#define LOGROW(name, field, help) \
    {name, DIRECTIVE_STRING, SCOPE_ANY, FIELD(field), help, NULL, NULL, DIRECTIVE_LOG, NULL}
#define PATHROW(name, type, scope, field, flag, help) \
    {name, DIRECTIVE_##type, SCOPE_##scope, FIELD(field), help, NULL, NULL, DIRECTIVE_##flag, NULL}
#define IGNORED(name, type, scope, field, why) \
    {name, DIRECTIVE_##type, SCOPE_##scope, FIELD(field), "Accepted; has no effect here.", \
     NULL, NULL, DIRECTIVE_IGNORED, why}

const struct directive core_directives[] = {
    ROW("server.modules", LIST, GLOBAL, modules, "The modules to use; the order does not matter here."),
    ROW("server.compat-module-load", BOOL, GLOBAL, compat_module_load,
        "Adds mod_indexfile, mod_dirlisting and mod_staticfile to server.modules."),
    ROW("server.systemd-socket-activation", BOOL, GLOBAL, systemd_sockets,
        "Takes listening sockets from LISTEN_FDS instead of opening them."),
    ROW("server.port", SHORT, GLOBAL, port, "The port that server.bind listens on."),
    ROW("server.bind", STRING, GLOBAL, bind,
        "The address to listen on; a path for a unix socket; empty for all of IPv4."),
    ROW("server.network-backend", STRING, GLOBAL, network_backend, "How files are sent: \"sendfile\" or \"writev\"."),
    ROW("server.chroot", STRING, GLOBAL, chroot, "The directory that becomes the root for the workers."),
    ROW("server.username", STRING, GLOBAL, username, "The user that the workers run as."),
    ROW("server.groupname", STRING, GLOBAL, groupname,
        "The group that the workers run as; the user's own by default."),
    ROW("server.errorlog-use-syslog", BOOL, GLOBAL, errorlog_syslog, "Sends the error log to syslog."),
    ROW("server.syslog-facility", STRING, GLOBAL, syslog_facility, "The syslog facility: \"daemon\", \"local0\" …"),
    ROW("server.core-files", BOOL, GLOBAL, core_files, "Lets the system write core files when a process crashes."),
    ROW("server.event-handler", STRING, GLOBAL, event_handler, "The event backend; the best that works by default."),
    ROW("server.pid-file", STRING, GLOBAL, pid_file, "Where the master writes its process id."),
    ROW("server.max-worker", SHORT, GLOBAL, max_worker, "How many processes serve; 0 means one."),
    ROW("server.max-fds", INT, GLOBAL, max_fds, "How many descriptors a worker may have open; 0 means 4096."),
    ROW("server.max-connections", INT, GLOBAL, max_connections,
        "How many clients a worker serves at once; 0 means what server.max-fds allows."),
    ROW("server.max-request-field-size", SHORT, GLOBAL, max_head_bytes,
        "Bytes that request line and header fields may have together; more is answered with 431."),
    ROW("server.max-request-fields", SHORT, GLOBAL, max_head_fields,
        "How many header fields a request may have; more is answered with 431."),
    ROW("server.reply-cache-size", INT, GLOBAL, cache_kib, "KiB of ready replies that a worker keeps; 0 keeps none."),
    {"server.http-parseopts", DIRECTIVE_MAP, SCOPE_GLOBAL, FIELD(parse_options),
     "What is accepted in requests and how URLs are normalised.", compile_parse_options, free, 0, NULL},
    ROW("server.http-parseopt-header-strict", BOOL, GLOBAL, header_strict,
        "Old spelling of a key of server.http-parseopts."),
    ROW("server.http-parseopt-host-strict", BOOL, GLOBAL, host_strict,
        "Old spelling of a key of server.http-parseopts."),
    ROW("server.http-parseopt-host-normalize", BOOL, GLOBAL, host_normalize,
        "Old spelling of a key of server.http-parseopts."),
    PATHROW("server.upload-dirs", LIST, GLOBAL, upload_dirs, WRITES,
        "Directories for request bodies that are too large for memory; $TMPDIR, /var/tmp and /tmp by default."),
    ROW("server.upload-temp-file-size", INT, GLOBAL, upload_file_bytes,
        "Bytes that the first file of such a body may have; 0 means 1 MiB."),
    {"server.log-format", DIRECTIVE_STRING, SCOPE_GLOBAL, FIELD(logs_json),
     "What lines of the error log and of access logs are: \"text\", or \"json\" for an object each.",
     compile_log_format, NULL, 0, NULL},
    {"server.request-id-trust", DIRECTIVE_LIST, SCOPE_GLOBAL, FIELD(id_trust),
     "Addresses and networks of peers whose X-Request-ID becomes the id of the request.", compile_id_trust, free, 0,
     NULL},
    {"server.sandbox", DIRECTIVE_STRING, SCOPE_GLOBAL, FIELD(sandbox),
     "Workers may do what the configuration needs: \"enable\", \"strict\" (links do not lead out) or \"disable\".",
     compile_sandbox, NULL, 0, NULL},
    PATHROW("server.sandbox-read", LIST, GLOBAL, sandbox_read, READS,
            "Files and directories that workers may read too."),
    PATHROW("server.sandbox-write", LIST, GLOBAL, sandbox_write, WRITES,
            "Directories in which workers may make, read and remove files too."),
    ROW("server.feature-flags", TABLE, GLOBAL, feature_flags, "Switches for single features."),
    ROW("debug.log-request-header-on-error", BOOL, GLOBAL, log_request_head_on_error,
        "Writes heads of malformed requests, and why HTTP/2 connections fail, to the error log."),

    ROW("server.listen-backlog", INT, SOCKET, listen_backlog, "Connections that may wait to be accepted."),
    ROW("server.socket-perms", STRING, SOCKET, socket_perms, "The mode of a unix socket, octal: \"0770\"."),
    ROW("server.bsd-accept-filter", STRING, SOCKET, accept_filter, "\"httpready\" or \"dataready\" on BSD systems."),
    ROW("server.defer-accept", BOOL, SOCKET, defer_accept,
        "Lets the kernel wait for the first data of a connection."),
    ROW("server.use-ipv6", BOOL, SOCKET, use_ipv6, "An empty server.bind means all of IPv6; better write \"[::]\"."),
    ROW("server.set-v6only", BOOL, SOCKET, set_v6only, "An IPv6 socket takes IPv6 alone."),
    ROW("server.v4mapped", BOOL, SOCKET, v4mapped, "An IPv6 socket takes IPv4 too."),
    ROW("server.ip-transparent", BOOL, SOCKET, ip_transparent, "IP_TRANSPARENT on the listening socket."),

    PATHROW("server.document-root", STRING, ANY, document_root, READS, "The directory that URLs lead into."),
    ROW("server.name", STRING, ANY, name, "The name that this server has for logs and gateways."),
    ROW("server.tag", STRING, ANY, tag, "The Server field of responses; empty for none."),
    ROW("server.max-request-size", INT, ANY, max_request_kib, "KiB that a request's body may have; 0 for no limit."),
    ROW("server.max-keep-alive-requests", INT, ANY, max_keep_alive_requests,
        "Requests on one connection; 0 switches keep-alive off."),
    ROW("server.max-keep-alive-idle", SHORT, ANY, max_keep_alive_idle_s,
        "Seconds between two requests of a connection."),
    ROW("server.max-read-idle", SHORT, ANY, max_read_idle_s, "Seconds that a request may come without progress."),
    ROW("server.max-write-idle", SHORT, ANY, max_write_idle_s, "Seconds that a response may wait without progress."),
    ROW("server.max-request-head-time", SHORT, GLOBAL, max_head_s,
        "Seconds that a whole request head may take to come; 0 for no limit."),
    ROW("server.min-request-body-rate", INT, ANY, min_body_rate,
        "Bytes a second that a body must come with on average, after half a minute; 0 for no limit."),
    ROW("server.linger-timeout", SHORT, ANY, linger_timeout_s,
        "Seconds without progress that a closed connection is drained, so that the client can read the last byte."),
    PATHROW("server.errorfile-prefix", STRING, ANY, errorfile_prefix, READS_IN,
        "Error pages are the files PREFIX + status + \".html\"."),
    {"server.errorfiles", DIRECTIVE_MAP, SCOPE_ANY, FIELD(errorfiles),
     "Files that are the pages of errors, by their status: \"404\", \"50x\", \"4xx\".", compile_errorfiles, NULL,
     DIRECTIVE_READS, NULL},
    ROW("server.error-handler", STRING, ANY, error_handler, "The URL that is asked for the page of an error status."),
    ROW("server.error-handler-404", STRING, ANY, error_handler_404,
        "The URL that answers in place of what was not found or is forbidden; its status counts."),
    ROW("server.stream-request-body", SHORT, ANY, stream_request_body,
        "0: gateways get a request when its body is there; 1: the body as it comes; 2: with little of it held."),
    ROW("server.stream-response-body", SHORT, ANY, stream_response_body,
        "0: a gateway's response is collected first; 1: it is sent as it comes; 2: with little of it held."),
    ROW("server.request-id-header", BOOL, ANY, tells_id, "Responses have the id of the request in X-Request-ID."),
    ROW("server.error-intercept", BOOL, ANY, error_intercept, "Error pages in place of those that gateways make."),
    ROW("server.force-lowercase-filenames", BOOL, ANY, lowercase_filenames,
        "File names are looked for in lower case."),
    ROW("server.follow-symlink", BOOL, ANY, follow_symlink,
        "If disabled, a path through a symbolic link is refused."),
    ROW("server.protocol-http11", BOOL, ANY, http11, "If disabled, responses say HTTP/1.0."),
    ROW("server.range-requests", BOOL, ANY, range_requests, "Parts of files may be asked for."),
    {"server.kbytes-per-second", DIRECTIVE_INT, SCOPE_ANY, FIELD(server_kbytes_s),
     "KiB a second of all responses together for which the block holds where it is set.", NULL, NULL,
     DIRECTIVE_IN_BLOCK, NULL},
    ROW("connection.kbytes-per-second", INT, ANY, connection_kbytes_s, "KiB a second for one connection."),
    {"mimetype.assign", DIRECTIVE_MAP, SCOPE_ANY, FIELD(mime), "File name suffixes and their media types.",
     compile_mime, discard_mime, 0, NULL},
    ROW("etag.use-inode", BOOL, ANY, etag_inode, "The inode is part of the entity tag."),
    ROW("etag.use-mtime", BOOL, ANY, etag_mtime, "The time of the last change is part of the entity tag."),
    ROW("etag.use-size", BOOL, ANY, etag_size, "The size is part of the entity tag."),
    ROW("debug.log-condition-handling", BOOL, ANY, log_conditions, "Writes which conditions hold to the error log."),
    ROW("debug.log-file-not-found", BOOL, ANY, log_not_found, "Writes what was not found to the error log."),
    ROW("debug.log-request-handling", BOOL, ANY, log_requests, "Writes how a URL becomes a path to the error log."),
    ROW("debug.log-request-header", BOOL, ANY, log_request_head, "Writes request heads to the error log."),
    ROW("debug.log-response-header", BOOL, ANY, log_response_head, "Writes response heads to the error log."),
    ROW("debug.log-timeouts", BOOL, ANY, log_timeouts, "Writes which connections were let go to the error log."),
    ROW("debug.log-state-handling", BOOL, ANY, log_states,
        "Writes each transition of the state machines to the error log."),
    LOGROW("server.errorlog", errorlog,
        "Where errors are written: a file or \"|program\"; standard error by default."),
    LOGROW("server.breakagelog", breakagelog,
        "Where programs' own errors are written (CGI, bin-path); the error log by default."),

    IGNORED("server.stat-cache-engine", STRING, GLOBAL, syslog_facility,
            "files are looked at once a second at most, whatever it says"),
    IGNORED("server.chunkqueue-chunk-sz", INT, GLOBAL, max_worker, "buffers have one size"),
    IGNORED("server.reject-expect-100-with-417", BOOL, GLOBAL, core_files, "lighttpd ignores it too"),
    IGNORED("mimetype.use-xattr", BOOL, ANY, core_files, "extended attributes are not read in this build"),
    IGNORED("mimetype.xattr-name", STRING, GLOBAL, syslog_facility, "extended attributes are not read in this build"),
    DIRECTIVE_END};

const struct core_settings core_defaults = {
    .compat_module_load = true,
    .port = 80,
    .max_head_bytes = 8192,
    .max_head_fields = 100,
    .cache_kib = 16384,
    .header_strict = true,
    .host_strict = true,
    .host_normalize = true,
    .listen_backlog = 0,
    .set_v6only = true,
    .tag = SPAN_INIT("goldcrest/" VERSION),
    .max_keep_alive_requests = 1000,
    .max_keep_alive_idle_s = 5,
    .max_read_idle_s = 60,
    .max_write_idle_s = 360,
    .max_head_s = 60,
    .min_body_rate = 240,
    .linger_timeout_s = 5,
    .stream_response_body = 2,
    .follow_symlink = true,
    .http11 = true,
    .range_requests = true,
    .etag_inode = true,
    .etag_mtime = true,
    .etag_size = true,
};

bool feature_flag(const struct core_settings *core, struct span flag, bool otherwise) {
    const struct value *v = core->feature_flags ? value_at(core->feature_flags, flag) : NULL;
    bool yes;
    return v && value_as_bool(v, &yes) ? yes : otherwise;
}

uint32_t feature_number(const struct core_settings *core, struct span flag, uint32_t otherwise) {
    const struct value *v = core->feature_flags ? value_at(core->feature_flags, flag) : NULL;
    int32_t number;
    return v && value_as_int(v, &number) && number >= 0 ? (uint32_t)number : otherwise;
}
