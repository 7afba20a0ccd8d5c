/* options.c - the options of a host: a table of their names, types and bounds, and who has a use for them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "http/names.h"
#include "modules/gateway/hostoptions.h"

enum option_type { OPTION_BOOL, OPTION_NUMBER, OPTION_TEXT, OPTION_LIST, OPTION_MAP, OPTION_ANY };

enum { FOR_ALL, FOR_SCHEMES, FOR_AUTHORIZERS, FOR_PROGRAMS, FOR_NOBODY };

static const char *const expected[] = {
    [OPTION_BOOL] = "\"enable\" or \"disable\"",
    [OPTION_NUMBER] = "a number",
    [OPTION_TEXT] = "a string",
    [OPTION_LIST] = "a list of strings: ( \"...\", \"...\" )",
    [OPTION_MAP] = "( \"NAME\" => \"value\", ... )",
    [OPTION_ANY] = "a value",
};

/* option - a key; `from` and `to` bound numbers; `who` has a use for it */
struct option {
    const char *name;
    size_t offset;
    uint8_t type, who;
    uint32_t from, to;
};

#define IN_TEXT(field) offsetof(struct host_text, field)
#define IN_HOST(field) offsetof(struct host_text, meant.field)
#define TEXT(name, field, who) {name, IN_TEXT(field), OPTION_TEXT, who, 0, 0}
#define YES(name, where, who) {name, where, OPTION_BOOL, who, 0, 0}
#define NUMBER(name, where, from, to, who) {name, where, OPTION_NUMBER, who, from, to}

static const struct option options[] = {
    TEXT("host", host, FOR_ALL),
    NUMBER("port", IN_TEXT(port), 1, 65535, FOR_ALL),
    TEXT("socket", socket, FOR_ALL),
    TEXT("scheme", scheme, FOR_SCHEMES),
    NUMBER("listen-backlog", IN_TEXT(listen_backlog), 1, INT_MAX, FOR_PROGRAMS),
    TEXT("bin-path", bin_path, FOR_PROGRAMS),
    NUMBER("kill-signal", IN_TEXT(kill_signal), 1, 64, FOR_PROGRAMS),
    YES("check-local", IN_HOST(check_local), FOR_ALL),
    TEXT("mode", mode, FOR_ALL),
    {"docroot", IN_HOST(docroot), OPTION_TEXT, FOR_ALL, 0, 0},
    NUMBER("min-procs", IN_TEXT(min_procs), 0, 1024, FOR_PROGRAMS),
    NUMBER("max-procs", IN_TEXT(max_procs), 1, 1024, FOR_PROGRAMS),
    NUMBER("max-load-per-proc", IN_TEXT(max_load_per_proc), 0, INT_MAX, FOR_NOBODY),
    NUMBER("idle-timeout", IN_TEXT(idle_timeout), 0, INT_MAX, FOR_NOBODY),
    NUMBER("disable-time", IN_HOST(disable_s), 0, 86400, FOR_ALL),
    {"bin-environment", IN_TEXT(bin_environment), OPTION_MAP, FOR_PROGRAMS, 0, 0},
    {"bin-copy-environment", IN_TEXT(bin_copy_environment), OPTION_LIST, FOR_PROGRAMS, 0, 0},
    YES("broken-scriptfilename", IN_HOST(broken_scriptfilename), FOR_ALL),
    {"strip-request-uri", IN_HOST(strip_request_uri), OPTION_TEXT, FOR_ALL, 0, 0},
    YES("fix-root-scriptname", IN_HOST(fix_root_scriptname), FOR_ALL),
    YES("allow-x-send-file", IN_TEXT(allow_x_send_file), FOR_ALL),
    YES("x-sendfile", IN_HOST(x_sendfile), FOR_ALL),
    {"x-sendfile-docroot", IN_HOST(x_sendfile_docroot), OPTION_LIST, FOR_ALL, 0, 0},
    YES("tcp-fin-propagate", IN_HOST(tcp_fin_propagate), FOR_ALL),
    NUMBER("connect-timeout", IN_HOST(connect_s), 0, 86400, FOR_ALL),
    NUMBER("write-timeout", IN_HOST(write_s), 0, INT_MAX / 1000, FOR_ALL),
    NUMBER("read-timeout", IN_HOST(read_s), 0, INT_MAX / 1000, FOR_ALL),
    YES("upgrade", IN_HOST(upgrade), FOR_ALL),
    YES("tls-verify", IN_TEXT(tls_verify), FOR_SCHEMES),
    TEXT("tls-ca-file", tls_ca_file, FOR_SCHEMES),
    TEXT("tls-name", tls_name, FOR_SCHEMES),
    TEXT("tls-cert-file", tls_cert_file, FOR_SCHEMES),
    TEXT("tls-key-file", tls_key_file, FOR_SCHEMES),
    NUMBER("weight", IN_HOST(weight), 1, 1000, FOR_ALL),
    YES("backup", IN_HOST(is_backup), FOR_ALL),
    NUMBER("max-conns", IN_HOST(max_conns), 0, INT_MAX, FOR_ALL),
    YES("keep-alive", IN_HOST(keep_alive), FOR_ALL),
    NUMBER("keep-alive-idle", IN_HOST(idle_s), 1, 86400, FOR_ALL),
    NUMBER("max-fails", IN_HOST(max_fails), 0, 1000000, FOR_ALL),
    NUMBER("slow-start", IN_HOST(slow_start_s), 0, 86400, FOR_ALL),
    TEXT("proxy-protocol", proxy_protocol, FOR_ALL),
    {"check", IN_TEXT(check), OPTION_ANY, FOR_ALL, 0, 0},
};

enum { OPTIONS = sizeof options / sizeof *options };

static const char *option_name(void *arg, size_t i) {
    (void)arg;
    return i < OPTIONS ? options[i].name : NULL;
}

static const struct option *option_find(struct span key) {
    for (size_t i = 0; i < OPTIONS; i++)
        if (span_is(key, span_of(options[i].name))) return &options[i];
    return NULL;
}

bool host_is_option(struct span key) {
    return option_find(key) != NULL;
}

/* ---- complaints ------------------------------------------------------------------------------------------------ */

static const struct element *element_of(const struct host_text *t, const char *option) {
    for (size_t i = 0; i < t->options->count; i++)
        if (span_is(t->options->elements[i].key, span_of(option))) return &t->options->elements[i];
    return NULL;
}

bool host_has(const struct host_text *t, const char *option) {
    return element_of(t, option) != NULL;
}

/* Bytes that the value takes in the text, if it stands there as it is. */
static size_t width_of(const struct value *v) {
    char digits[16];
    if (v->type == VALUE_ARRAY) return 1;
    if (v->type == VALUE_INT) return (size_t)snprintf(digits, sizeof digits, "%ld", (long)v->number);
    return v->string.n + 2;
}

static void say(const struct host_text *t, enum complaint_kind kind, struct place at, size_t width, const char *hint,
                const char *format, va_list args) {
    struct buf text = {0};
    buf_vprintf(&text, format, args);
    complain(t->complaints, kind, at, width, hint, "%s: %s", t->kind->directive, buf_text(&text));
    buf_done(&text);
}

bool host_refuse(const struct host_text *t, const char *option, const char *hint, const char *format, ...) {
    const struct element *e = option ? element_of(t, option) : NULL;
    va_list args;
    va_start(args, format);
    say(t, COMPLAINT_ERROR, e ? e->value.place : t->options->place, e ? width_of(&e->value) : 1, hint, format, args);
    va_end(args);
    return false;
}

void host_warn(const struct host_text *t, const char *option, const char *hint, const char *format, ...) {
    const struct element *e = element_of(t, option);
    va_list args;
    if (!e) return;
    va_start(args, format);
    say(t, COMPLAINT_WARNING, e->key_place, e->key.n + 2, hint, format, args);
    va_end(args);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static bool say_unknown(const struct host_text *t, const struct element *e) {
    char hint[HINT_BYTES];
    const char *near = did_you_mean(e->key, option_name, NULL);
    if (!e->key.p) {
        complain(t->complaints, COMPLAINT_ERROR, e->value.place, width_of(&e->value),
                 e->value.type == VALUE_ARRAY ? "here is one pair of parentheses too many" : NULL,
                 "%s: expected an option of the host, \"key\" => value", t->kind->directive);
        return false;
    }
    complain(t->complaints, COMPLAINT_WARNING, e->key_place, e->key.n + 2,
             hint_near(hint, near, "goldcrest.conf(5) lists them under GATEWAYS"),
             "%s: \"%.*s\" is no option of a host: it is left out", t->kind->directive, SPAN_ARG(e->key));
    return true; /* lighttpd says nothing */
}

static bool is_list(const struct value *v, bool keyed) {
    if (v->type != VALUE_ARRAY) return false;
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        bool fits = e->value.type == VALUE_STRING || (keyed && e->value.type == VALUE_INT);
        if ((e->key.p != NULL) != keyed || !fits) return false;
    }
    return true;
}

static bool refuse_type(const struct host_text *t, const struct option *o) {
    if (o->type != OPTION_NUMBER)
        return host_refuse(t, o->name, NULL, "%s: expected %s", o->name, expected[o->type]);
    if (o->to == INT_MAX) return host_refuse(t, o->name, NULL, "%s: expected a number from %u on", o->name, o->from);
    return host_refuse(t, o->name, NULL, "%s: expected a number from %u to %u", o->name, o->from, o->to);
}

static bool put(struct host_text *t, const struct option *o, const struct value *v) {
    void *field = (char *)t + o->offset;
    int32_t number;
    switch ((enum option_type)o->type) {
    case OPTION_BOOL: return value_as_bool(v, field) || refuse_type(t, o);
    case OPTION_NUMBER:
        if (!value_as_int(v, &number) || number < 0 || (uint32_t)number < o->from || (uint32_t)number > o->to)
            return refuse_type(t, o);
        memcpy(field, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
        return true;
    case OPTION_TEXT:
        if (v->type != VALUE_STRING) return refuse_type(t, o);
        memcpy(field, &v->string, sizeof v->string);
        return true;
    case OPTION_LIST:
    case OPTION_MAP:
        if (!is_list(v, o->type == OPTION_MAP)) return refuse_type(t, o);
        break;
    case OPTION_ANY: break;
    }
    memcpy(field, &v, sizeof v);
    return true;
}

static void warn_of_use(const struct host_text *t, const struct option *o) {
    const struct gateway_kind *k = t->kind;
    bool useful = o->who == FOR_ALL || (o->who == FOR_SCHEMES && k->has_schemes) ||
                  (o->who == FOR_PROGRAMS && k->has_programs);
    if (useful) return;
    if (o->who == FOR_NOBODY)
        host_warn(t, o->name, "as many processes as max-procs says run all the time", "%s has no effect", o->name);
    else host_warn(t, o->name, NULL, "%s has no effect there", o->name);
}

static void set_defaults(struct host_text *t) {
    struct gateway_host *h = &t->meant;
    h->place = t->options->place;
    h->check_local = t->kind->check_local;
    h->weight = 1;
    h->connect_s = 8;
    h->disable_s = 1;
    h->max_fails = 1;
    h->idle_s = 30;
    h->keep_alive = true;
    t->tls_verify = true;
    t->listen_backlog = SOMAXCONN > 1024 ? SOMAXCONN : 1024;
    t->kill_signal = SIGTERM;
    t->max_procs = 4;
}

/* ---- what several options say together ------------------------------------------------------------------------- */

static bool read_mode(struct host_text *t) {
    if (t->mode.n == 0 || span_is(t->mode, SPAN("responder"))) return true;
    if (!span_is(t->mode, SPAN("authorizer")))
        return host_refuse(t, "mode", "write \"responder\" or \"authorizer\"", "\"%.*s\" is no mode",
                           SPAN_ARG(t->mode));
    if (!t->kind->has_authorizers)
        return host_refuse(t, "mode", "only fastcgi.server has authorizers", "there are no authorizers here");
    t->meant.is_authorizer = true;
    return true;
}

static bool read_proxy_protocol(struct host_text *t) {
    struct gateway_host *h = &t->meant;
    if (t->proxy_protocol.n == 0) return true;
    if (span_is(t->proxy_protocol, SPAN("v1"))) h->proxy_protocol = PROXY_PROTOCOL_V1;
    else if (span_is(t->proxy_protocol, SPAN("v2"))) h->proxy_protocol = PROXY_PROTOCOL_V2;
    else
        return host_refuse(t, "proxy-protocol", "write \"v1\" (a line of text) or \"v2\" (binary)",
                           "\"%.*s\" is no version of the PROXY protocol", SPAN_ARG(t->proxy_protocol));
    if (h->keep_alive)
        host_warn(t, "keep-alive", NULL, "with proxy-protocol each connection is for one client: none is kept");
    h->keep_alive = false;
    return true;
}

static bool check_paths(const struct host_text *t) {
    const struct value *v = t->meant.x_sendfile_docroot;
    for (size_t i = 0; v && i < v->count; i++)
        if (!span_starts(v->elements[i].value.string, SPAN("/")))
            return host_refuse(t, "x-sendfile-docroot", NULL, "\"%.*s\" is no path from the root (\"/...\")",
                               SPAN_ARG(v->elements[i].value.string));
    return true;
}

static bool read_all(struct host_text *t) {
    bool ok = true;
    for (size_t i = 0; i < t->options->count; i++) {
        const struct element *e = &t->options->elements[i];
        const struct option *o = e->key.p ? option_find(e->key) : NULL;
        if (o) warn_of_use(t, o);
        ok &= o ? put(t, o, &e->value) : say_unknown(t, e);
    }
    return ok;
}

bool host_read(struct host_text *t) {
    set_defaults(t);
    if (!read_all(t)) return false;
    if (!t->kind->has_check_local && t->meant.check_local)
        host_warn(t, "check-local", NULL, "check-local has no effect there: no file is looked for");
    if (!t->kind->has_check_local) t->meant.check_local = false;
    if (!t->kind->has_programs) t->bin_path = SPAN("");
    if (!host_has(t, "x-sendfile")) t->meant.x_sendfile = t->allow_x_send_file;
    if (t->bin_path.n && host_has(t, "min-procs") && t->min_procs != t->max_procs)
        host_warn(t, "min-procs", "as many processes as max-procs says run all the time", "min-procs has no effect");
    bool ok = read_mode(t);
    ok &= read_proxy_protocol(t);
    ok &= check_paths(t);
    ok &= host_find_address(t);
    return host_read_check(t) && ok;
}
