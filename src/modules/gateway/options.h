/* options.h - fastcgi.server, scgi.server, proxy.server …: what they say, compiled when the configuration is read */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_OPTIONS_H
#define GOLDCREST_GATEWAY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "conf/complain.h"
#include "conf/value.h"
#include "modules/gateway/codec.h"
#include "server/module.h"

struct backend;
struct tls_client;

/* How we speak to a host of proxy.server: "scheme" => "…", or in front of "host" ("https://app.example:8443"). */
enum gateway_scheme { SCHEME_HTTP, SCHEME_HTTPS, SCHEME_H2C, SCHEME_H2 };

enum proxy_protocol { PROXY_PROTOCOL_NONE, PROXY_PROTOCOL_V1, PROXY_PROTOCOL_V2 };

/*
 * gateway_host - one host of a rule; immutable, belongs to its rules. With bin-path and max-procs N it is N of them
 * (socket "-0" … "-N-1", or ports from `port` on), each with its own backend.
 */
struct gateway_host {
    struct span label;             /* as written, or made from the address; for the log and Host */
    struct place place;
    struct span host;              /* name or address (without brackets); empty with a socket */
    struct span socket;            /* path; or empty */
    struct span authority;         /* host:port as a URL has it (the port only if it is not the scheme's), or
                                      "localhost" with a socket: for Host */
    struct span identity;          /* protocol, scheme, address, how TLS is checked: which backend it is */
    struct list naming;            /* backends.c: among those that name `backend` */
    uint16_t port;
    uint8_t scheme;                /* enum gateway_scheme */
    uint8_t proxy_protocol;        /* enum proxy_protocol: what a connection begins with */
    bool is_authorizer;            /* mode */
    bool check_local, broken_scriptfilename, fix_root_scriptname, x_sendfile, tcp_fin_propagate, upgrade;
    bool keep_alive;               /* connections are kept for the next request; never with proxy_protocol, which
                                      names one client */
    bool is_backup;                /* asked when no other can be */
    uint32_t weight;               /* 1…1000 */
    uint32_t connect_s, write_s, read_s; /* 0: none */
    uint32_t disable_s;            /* a failed host is left alone so long */
    uint32_t max_fails;            /* failures in a row until it is */
    uint32_t idle_s;               /* a kept connection's */
    uint32_t max_conns;            /* requests at once, in each worker; 0: no limit */
    uint32_t slow_start_s;
    struct span docroot, strip_request_uri;
    const struct value *x_sendfile_docroot; /* list of strings, or NULL */
    struct backend *backend;       /* held */
    struct program *program;       /* held; NULL without bin-path */
    struct tls_client *tls;        /* held; NULL without TLS */
    struct {                       /* "check" => ( … ); interval_s 0: no active checks */
        struct span method, path, host;
        uint32_t interval_s, timeout_s, rise, fall;
        uint16_t status_from, status_to; /* "200", "200-399" */
        bool is_http;              /* else it only connects (with TLS: until that is agreed upon) */
    } check;
};

/* gateway_rule - a key of X.server with its hosts. A key that has authorizers and others becomes two rules */
struct gateway_rule {
    struct place place;            /* of the key */
    struct span key;               /* "/prefix", ".suffix", or "" for everything */
    bool is_prefix;
    bool is_authorizer;            /* all its hosts are */
    struct gateway_host *hosts;
    size_t count;
};

struct gateway_rules {
    const struct gateway_kind *kind;
    struct gateway_rule *rules;
    size_t count;
    bool has_prefixes, has_suffixes, has_authorizers;
};

/* gateway_kind - what differs between mod_fastcgi, mod_proxy … in their hosts' options; constant, one a module */
struct gateway_kind {
    const char *directive;         /* "proxy.server" */
    uint16_t default_port;         /* 0: it must be said */
    bool check_local;              /* the default */
    bool has_check_local;          /* else forced off */
    bool has_schemes, has_authorizers, has_programs;
    bool has_http_checks;          /* "check" asks for a path; else it only connects */
    bool only_everything;          /* sockproxy: the key is "" */
    const struct codec *codec;     /* in use for a host; codec_of() where it depends */
    const struct codec *(*codec_of)(const struct gateway_host *h, const void *settings);
};

/* For `compile` of a directive X.server; NULL after complaints. Files (CA, certificate, key) are read through
 * complaints_inputs(). */
struct gateway_rules *gateway_rules_make(const struct value *v, const struct gateway_kind *kind,
                                         struct complaints *c);
void gateway_rules_drop(void *rules); /* the directive's discard() */

/* One host without a rule around it: forward authentication. v: as one host's ( "host" => …, … ). */
struct gateway_rules *gateway_single_make(const struct value *v, const struct gateway_kind *kind,
                                          struct complaints *c);

/* X.balance */
enum gateway_balance { BALANCE_LEAST, BALANCE_ROUND_ROBIN, BALANCE_HASH, BALANCE_STICKY };
/* compile of X.balance: a pointer to a constant enum gateway_balance, or NULL after a complaint with a suggestion; no
 * discard. */
void *gateway_balance_make(const struct value *v, struct complaints *c);
static inline enum gateway_balance gateway_balance_of(const enum gateway_balance *set) {
    return set ? *set : BALANCE_LEAST;
}

/*
 * The first rule, in the order of the configuration, that a request is for: prefixes are compared with url_path,
 * suffixes with the end of `path` (the URL's path in PHASE_URI_CLEAN, physical.path later), "" is for everything.
 * map_extensions (X.map-extensions, a DIRECTIVE_MAP or NULL: ( ".php3" => ".php" )) is looked at before: a path that
 * ends in one of its keys is for the rule with that value as its key. authorizers: only such, or only others. NULL:
 * none.
 */
const struct gateway_rule *gateway_rule_find(const struct gateway_rules *g, const struct value *map_extensions,
                                             struct span url_path, struct span path, bool authorizers);

#endif
