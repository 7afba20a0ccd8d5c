/* plain.c - directives that have one of ours each, and those that need none */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <unistd.h>

#include "base/number.h"
#include "commands/import/import.h"

enum kind { KIND_SWITCH, KIND_SECONDS, KIND_KIB, KIND_NUMBER, KIND_LIST, KIND_NOT };

/* Of nginx's defaults those that are others than ours are written down. */
static const struct plain {
    const char *name, *key;
    enum kind kind;
    const char *otherwise;
} plain[] = {
    {"index", "index-file.names", KIND_LIST, "index.html"},
    {"autoindex", "dir-listing.activate", KIND_SWITCH, NULL},
    {"client_max_body_size", "server.max-request-size", KIND_KIB, "1m"},
    {"client_body_timeout", "server.max-read-idle", KIND_SECONDS, NULL},
    {"send_timeout", "server.max-write-idle", KIND_SECONDS, "60s"},
    {"keepalive_timeout", "server.max-keep-alive-idle", KIND_SECONDS, "75s"},
    {"keepalive_requests", "server.max-keep-alive-requests", KIND_NUMBER, NULL},
    {"limit_rate", "connection.kbytes-per-second", KIND_KIB, NULL},
    {"etag", "static-file.etags", KIND_SWITCH, NULL},
    {"disable_symlinks", "server.follow-symlink", KIND_NOT, NULL},
    {"proxy_intercept_errors", "server.error-intercept", KIND_SWITCH, NULL},
    {"fastcgi_intercept_errors", "server.error-intercept", KIND_SWITCH, NULL},
};

/* Nothing has to be said, since it is so, or is found out. */
static const char *const not_needed[] = {
    "sendfile", "sendfile_max_chunk", "tcp_nopush", "tcp_nodelay", "aio", "aio_write", "directio", "output_buffers",
    "postpone_output", "worker_connections", "multi_accept", "use", "accept_mutex", "worker_cpu_affinity",
    "worker_priority", "worker_rlimit_nofile", "worker_shutdown_timeout", "pcre_jit", "load_module", "daemon",
    "master_process", "events", "http", "timer_resolution", "types_hash_max_size", "types_hash_bucket_size",
    "server_names_hash_max_size", "server_names_hash_bucket_size", "variables_hash_max_size",
    "variables_hash_bucket_size", "map_hash_bucket_size", "map_hash_max_size", "client_body_buffer_size",
    "client_header_buffer_size", "large_client_header_buffers", "connection_pool_size", "request_pool_size",
    "reset_timedout_connection", "lingering_close", "lingering_time", "lingering_timeout", "open_file_cache",
    "open_file_cache_valid", "open_file_cache_min_uses", "open_file_cache_errors", "log_not_found", "log_subrequest",
    "gzip_buffers", "gzip_disable", "gzip_vary", "gzip_http_version", "gzip_proxied", "gunzip",
    "ignore_invalid_headers",
    "underscores_in_headers", "merge_slashes", "msie_padding", "port_in_redirect", "absolute_redirect",
    "server_name_in_redirect", "ssl_session_cache", "ssl_session_timeout", "ssl_session_tickets", "ssl_buffer_size",
    "ssl_stapling", "ssl_stapling_verify", "ssl_early_data", "resolver", "resolver_timeout", "proxy_http_version",
    "proxy_buffers", "proxy_buffer_size", "proxy_busy_buffers_size", "proxy_redirect", "proxy_headers_hash_max_size",
    "proxy_headers_hash_bucket_size", "proxy_max_temp_file_size", "proxy_temp_path", "proxy_temp_file_write_size",
    "proxy_socket_keepalive", "proxy_ssl_session_reuse", "proxy_next_upstream", "proxy_next_upstream_tries",
    "proxy_next_upstream_timeout", "fastcgi_buffers", "fastcgi_buffer_size", "fastcgi_busy_buffers_size",
    "fastcgi_temp_file_write_size", "fastcgi_max_temp_file_size", "fastcgi_temp_path", "fastcgi_keep_conn",
    "uwsgi_buffers", "uwsgi_buffer_size", "uwsgi_busy_buffers_size", "uwsgi_temp_path", "scgi_buffers",
    "scgi_buffer_size", "scgi_temp_path", "client_body_temp_path", "keepalive_disable", "keepalive_time",
    "rewrite_log", "uninitialized_variable_warn", "http2", "http2_max_concurrent_streams", "http2_recv_buffer_size",
    "http2_chunk_size", "http2_max_field_size", "http2_max_header_size", "chunked_transfer_encoding",
    "if_modified_since",
    "env", "thread_pool", "max_ranges", "read_ahead", "satisfy_any", "ssl_trusted_certificate", "lock_file",
    "default_type", "fastcgi_split_path_info", "fastcgi_index", "gzip_min_length", "gzip_comp_level", "gzip_types",
    "server_names_hash", "charset_types", "log_format", "upstream", "proxy_ssl_server_name",
    "ssl_protocols", "ssl_ciphers", "ssl_prefer_server_ciphers", "ssl_ecdh_curve", "ssl_dhparam",
};

static const char *switched(struct span word, bool inverse) {
    bool on = !span_is(word, SPAN("off"));
    return on != inverse ? "\"enable\"" : "\"disable\"";
}

static bool convert(struct import *im, const struct plain *p, struct nginx_directive *d, struct span *value) {
    uint64_t n = 0;
    struct span word = d ? nginx_word(d, 1) : span_of(p->otherwise);
    switch (p->kind) {
    case KIND_LIST: *value = d ? list_of(im, d->words + 1, d->count - 1) : list_of(im, &word, 1); return true;
    case KIND_SWITCH: *value = span_of(switched(word, false)); return true;
    case KIND_NOT: *value = span_of(switched(word, true)); return true;
    case KIND_SECONDS:
        if (!seconds_of(word, &n)) return false;
        break;
    case KIND_KIB:
        if (!bytes_of(word, &n)) return false;
        n = (n + 1023) / 1024;
        break;
    case KIND_NUMBER:
        if (!number_parse(word, INT32_MAX, &n)) return false;
        break;
    }
    *value = joined(im, "%llu", (unsigned long long)n);
    return n <= INT32_MAX;
}

static void root_of(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d = inherited(block, "root");
    struct span path, why;
    if (!d) return;
    translated(im, d);
    if (!expand_variables(im, d, nginx_word(d, 1), IN_URL, &path, &why)) {
        struct span name = nginx_word(d, 1);
        bool by_host = span_ends(name, SPAN("/$host")) || span_ends(name, SPAN("/$http_host"));
        if (!by_host) {
            left(im, d, "a document root is made of the host alone here (evhost.path-pattern): %.*s", SPAN_ARG(why));
            return;
        }
    }
    struct span word = nginx_word(d, 1);
    size_t dollar = span_find(word, '$');
    if (dollar < word.n) {
        struct span pattern = replaced_words(im, replaced_words(im, word, "$http_host", "%_"), "$host", "%_");
        if (span_find(pattern, '$') < pattern.n) {
            left(im, d, "a document root is made of the host alone here (evhost.path-pattern)");
            return;
        }
        settings_set(s, "evhost.path-pattern", quoted(im, pattern), d);
        path = span_upto(word, dollar);
    }
    if (path.n == 0 || path.p[0] != '/')
        left(im, d, "a relative path: nginx looks for it in the folder that it was built for");
    settings_set(s, "server.document-root", quoted(im, path), d);
}

void plain_settings(struct import *im, struct nginx_directive *block, struct settings *s) {
    root_of(im, block, s);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        const struct plain *p = &plain[i];
        struct nginx_directive *d = inherited(block, p->name);
        struct span value;
        if (!d && !p->otherwise) continue;
        if (convert(im, p, d, &value)) settings_set(s, p->key, value, d);
        if (d && !convert(im, p, d, &value)) left(im, d, "this value is not understood");
        else if (d) translated(im, d);
    }
    struct nginx_directive *d = inherited(block, "server_tokens");
    if (d) translated(im, d);
    if (d && span_is(nginx_word(d, 1), SPAN("off"))) settings_set(s, "server.tag", SPAN("\"goldcrest\""), d);
}

void settle_unneeded(struct import *im, struct nginx_directive *block) {
    for (struct nginx_directive *d = block->first; d; d = d->next) {
        for (size_t i = 0; i < sizeof not_needed / sizeof *not_needed; i++)
            if (nginx_is(d, not_needed[i])) unneeded(im, d);
        settle_unneeded(im, d);
    }
}

/* ---- of the whole program --------------------------------------------------------------------- */

static void workers(struct import *im, struct settings *s) {
    struct nginx_directive *d = own(&im->tree->root, "worker_processes");
    uint64_t n = 1;
    if (!d) return;
    translated(im, d);
    if (span_is(nginx_word(d, 1), SPAN("auto"))) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        n = processors > 0 ? (uint64_t)processors : 1;
    } else if (!number_parse(nginx_word(d, 1), 1024, &n)) {
        left(im, d, "this value is not understood");
        return;
    }
    settings_set(s, "server.max-worker", joined(im, "%llu", (unsigned long long)n), d);
}

void process_settings(struct import *im, struct settings *s) {
    static const struct {
        const char *name, *key;
        size_t word;
    } texts[] = {{"user", "server.username", 1}, {"user", "server.groupname", 2}, {"pid", "server.pid-file", 1}};
    workers(im, s);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct nginx_directive *d = own(&im->tree->root, texts[i].name);
        if (!d) continue;
        translated(im, d);
        if (texts[i].word < d->count) settings_set(s, texts[i].key, quoted(im, d->words[texts[i].word]), d);
    }
    struct nginx_directive *d = own(im->http, "client_header_timeout");
    uint64_t seconds;
    if (!d) return;
    if (!seconds_of(nginx_word(d, 1), &seconds)) left(im, d, "this value is not understood");
    else settings_set(s, "server.max-request-head-time", joined(im, "%llu", (unsigned long long)seconds), d);
    translated(im, d);
}
