/* environment.c - the variables of CGI (RFC 3875 4.1), as lighttpd names and fills them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/number.h"
#include "modules/gateway/exchange.h"

/*
 * Nothing that a client sends may pass for something else: the variable of a field has HTTP_ in front; a field whose
 * name has other bytes than letters, digits and "-" is left out, since "X_Real_Ip" would become what "X-Real-IP" is;
 * "Proxy" would be HTTP_PROXY, which programs take for their own (CVE-2016-5385). A value with NUL or a line's end is
 * left out too. Each variable is given once: what r->env says holds, of that the last.
 */
struct variables {
    const struct message_pair *p;
    const struct request *r;
    const struct gateway_host *host; /* NULL: mod_cgi */
    struct arena *arena;
    const struct environment_sink *sink;
};

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

static bool is_alnum(char c) {
    return ascii_is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'Z');
}

static char name_byte(char c) {
    return is_alnum(c) ? upper(c) : '_';
}

static bool is_safe(struct span value) {
    if (!span_has_control(value)) return true;
    return !memchr(value.p, '\0', value.n) && !memchr(value.p, '\n', value.n) && !memchr(value.p, '\r', value.n);
}

/* Is `name` of r->env that variable, once it is written as one? */
static bool names_same(struct span name, struct span variable) {
    if (name.n != variable.n) return false;
    for (size_t i = 0; i < name.n; i++)
        if (name_byte(name.p[i]) != name_byte(variable.p[i])) return false;
    return true;
}

static bool is_in_env(const struct fields *env, uint32_t from, struct span variable) {
    for (uint32_t i = from; i < env->count; i++)
        if (names_same(env->list[i].name, variable)) return true;
    return false;
}

/* Of a value that we have made ourselves. */
static void put_ours(const struct variables *v, struct span name, struct span value) {
    if (!is_in_env(&v->r->env, 0, name)) v->sink->put(v->sink->arg, name, value);
}

static void put(const struct variables *v, struct span name, struct span value) {
    if (is_safe(value)) put_ours(v, name, value);
}

static void put_number(const struct variables *v, struct span name, uint64_t number) {
    char text[NUMBER_BYTES];
    put_ours(v, name, (struct span){text, number_format(text, number)});
}

/* ---- the body, the method, the target --------------------------------------------------------------------------- */

static bool is_authorizer(const struct variables *v) {
    return v->host && v->host->is_authorizer;
}

/* RFC 3875 4.1.2: if there is a body; a client that has said "0" means an empty one. */
static void put_content(const struct variables *v) {
    const struct fields *fields = &v->r->in.fields;
    bool is_said = v->p->body_bytes > 0 || (v->p->body_bytes == 0 && fields_have(fields, HEADER_CONTENT_LENGTH));
    if (is_said && !is_authorizer(v)) put_number(v, SPAN("CONTENT_LENGTH"), (uint64_t)v->p->body_bytes);
    if (fields_have(fields, HEADER_CONTENT_TYPE))
        put(v, SPAN("CONTENT_TYPE"), fields_get(fields, v->arena, HEADER_CONTENT_TYPE));
}

/* As on the wire, but for scheme and authority. */
static struct span target_as_sent(const struct variables *v) {
    struct span target = v->r->in.target_sent, scheme, authority, rest;
    if (target.n && target.p[0] != '/' && uri_absolute(target, &scheme, &authority, &rest))
        target = rest.n && rest.p[0] == '/' ? rest : arena_join(v->arena, SPAN("/"), rest);
    return target.n ? target : v->r->in.uri.target;
}

static struct span request_uri(const struct variables *v) {
    struct span target = target_as_sent(v), strip = v->host ? v->host->strip_request_uri : (struct span){NULL, 0};
    if (strip.n && strip.p[strip.n - 1] == '/') strip.n--;
    bool fits = strip.n && target.n > strip.n && span_starts(target, strip) && target.p[strip.n] == '/';
    return fits ? span_from(target, strip.n) : target;
}

static void put_target(const struct variables *v) {
    const struct request *r = v->r;
    bool by_connect = v->p->is_upgrade && r->in.protocol.n; /* RFC 8441 is news to programs */
    put(v, SPAN("REQUEST_METHOD"), by_connect ? SPAN("GET") : r->in.method_text);
    put(v, SPAN("REQUEST_URI"), request_uri(v));
    put(v, SPAN("QUERY_STRING"), r->in.uri.query.p ? r->in.uri.query : SPAN(""));
    if (r->comebacks) put(v, SPAN("REDIRECT_URI"), r->in.uri.target);
    /* PHP runs nothing without it, if it was built to be asked by servers only */
    put_number(v, SPAN("REDIRECT_STATUS"), r->error_status ? (uint64_t)r->error_status : 200);
}

/* ---- the script --------------------------------------------------------------------------------------------------- */

struct script {
    struct span name, info;
};

static struct script split_at(struct span path, size_t at) {
    return (struct script){span_upto(path, at), span_from(path, at)};
}

/* "/app" answers "/app/more": the name ends with the path segment that the prefix ends in. */
static struct script split_by_prefix(const struct variables *v, struct span path, struct span key) {
    if (key.n == 1 && v->host && v->host->fix_root_scriptname) return split_at(path, 0);
    if (path.n <= key.n) return split_at(path, path.n);
    return split_at(path, key.n + span_find(span_from(path, key.n), '/'));
}

static struct script script_of(const struct variables *v) {
    const struct request *r = v->r;
    const struct gateway_rule *rule = v->p->rule;
    struct span path = r->in.uri.path;
    size_t info = r->physical.path_info.n;
    if (is_authorizer(v)) return split_at(path, path.n);
    if (r->physical.path.n || !rule || !rule->is_prefix)
        return split_at(path, info < path.n ? path.n - info : path.n);
    return split_by_prefix(v, path, rule->key);
}

/* Where documents lie, for the backend; without a slash at the end. */
static struct span root_of(const struct variables *v) {
    struct span root = request_core(v->r)->document_root;
    if (v->r->physical.path.n) root = v->r->physical.basedir;
    if (v->host && v->host->docroot.n) root = v->host->docroot;
    while (root.n && root.p[root.n - 1] == '/') root.n--;
    return root;
}

static void put_script(const struct variables *v) {
    const struct request *r = v->r;
    struct script script = script_of(v);
    struct span root = root_of(v), file = r->physical.path;
    bool is_mapped = (v->host && v->host->docroot.n) || !file.n;
    if (!is_authorizer(v)) {
        put(v, SPAN("SCRIPT_NAME"), script.name);
        if (script.info.n) {
            put(v, SPAN("PATH_INFO"), script.info);
            put(v, SPAN("PATH_TRANSLATED"), arena_join(v->arena, root, script.info));
        }
    }
    if (is_mapped) file = arena_join(v->arena, root, script.name);
    if (v->host && v->host->broken_scriptfilename) file = arena_join(v->arena, file, script.info);
    put(v, SPAN("SCRIPT_FILENAME"), file);
    put(v, SPAN("DOCUMENT_ROOT"), root.n ? root : SPAN("/"));
}

/* ---- both ends of the connection -------------------------------------------------------------------------------- */

static struct span protocol_name(const struct request *r) {
    return r->in.version == 10 ? SPAN("HTTP/1.0") : r->in.version == 20 ? SPAN("HTTP/2.0") : SPAN("HTTP/1.1");
}

static void put_server(const struct variables *v) {
    const struct request *r = v->r;
    struct addr local;
    char text[ADDR_TEXT_BYTES];
    request_local_addr(r, &local);
    struct span address = {text, addr_format(&local, text)}, name = host_without_port(r->server_name);
    uint16_t port = addr_port(&local);
    bool is_unix = local.is.any.sa_family != AF_INET && local.is.any.sa_family != AF_INET6;
    put_ours(v, SPAN("GATEWAY_INTERFACE"), SPAN("CGI/1.1"));
    put(v, SPAN("SERVER_SOFTWARE"), request_core(r)->tag);
    put_ours(v, SPAN("SERVER_PROTOCOL"), protocol_name(r));
    put(v, SPAN("SERVER_NAME"), name.n ? name : address);
    if (!is_unix) put_ours(v, SPAN("SERVER_ADDR"), address);
    put_number(v, SPAN("SERVER_PORT"), port ? port : r->is_tls ? 443 : 80);
    put_ours(v, SPAN("REQUEST_SCHEME"), r->is_tls ? SPAN("https") : SPAN("http"));
    if (r->is_tls) put_ours(v, SPAN("HTTPS"), SPAN("on"));
}

/* Whoever authenticates says in r->env how; else the client's credentials tell. */
static void put_user(const struct variables *v) {
    static const struct span schemes[] = {SPAN_INIT("Basic"), SPAN_INIT("Digest")};
    const struct field *given = fields_first(&v->r->in.fields, HEADER_AUTHORIZATION);
    if (!v->r->user.n) return;
    put(v, SPAN("REMOTE_USER"), v->r->user);
    for (size_t i = 0; given && i < sizeof schemes / sizeof *schemes; i++)
        if (span_starts_ci(given->value, schemes[i])) put(v, SPAN("AUTH_TYPE"), schemes[i]);
}

static void put_client(const struct variables *v) {
    char text[ADDR_TEXT_BYTES];
    put(v, SPAN("REMOTE_ADDR"), (struct span){text, addr_format(&v->r->client, text)});
    put_number(v, SPAN("REMOTE_PORT"), addr_port(&v->r->client));
    put_ours(v, SPAN("REQUEST_ID"), request_id(v->r));
    put_user(v);
}

/* ---- fields ------------------------------------------------------------------------------------------------------- */

/* Said otherwise (the length, the type, the host), or about the connection's framing. */
static bool is_left_out(const struct field *f) {
    switch (f->id) {
    case HEADER_CONTENT_LENGTH:
    case HEADER_CONTENT_TYPE:
    case HEADER_HOST:
    case HEADER_HTTP2_SETTINGS:
    case HEADER_PROXY:
    case HEADER_PROXY_CONNECTION:
    case HEADER_TRAILER:
    case HEADER_TRANSFER_ENCODING: return true;
    default: return false;
    }
}

/* "HTTP_" and the name; {NULL, 0} if that could be taken for another's. */
static struct span variable_of_field(struct span name, struct arena *a) {
    char *out = arena_bytes(a, name.n + 5);
    memcpy(out, "HTTP_", 5);
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] != '-' && !is_alnum(name.p[i])) return (struct span){NULL, 0};
        out[5 + i] = name_byte(name.p[i]);
    }
    return (struct span){out, name.n + 5};
}

/* Has an earlier field of that name brought all its values? */
static bool was_given(const struct fields *fields, uint32_t at) {
    const struct field *f = &fields->list[at];
    const struct field *first =
        f->id == HEADER_OTHER ? fields_first_named(fields, f->name) : fields_first(fields, f->id);
    return first != f;
}

static void put_fields(const struct variables *v) {
    const struct request *r = v->r;
    const struct fields *fields = &r->in.fields;
    bool by_connect = v->p->is_upgrade && r->in.protocol.n;
    if (r->in.authority.n) put(v, SPAN("HTTP_HOST"), r->in.authority);
    if (by_connect) put(v, SPAN("HTTP_UPGRADE"), r->in.protocol);
    if (by_connect) put(v, SPAN("HTTP_CONNECTION"), SPAN("upgrade"));
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *f = &fields->list[i];
        if (is_left_out(f) || was_given(fields, i)) continue;
        if (by_connect && (f->id == HEADER_UPGRADE || f->id == HEADER_CONNECTION)) continue;
        struct span name = variable_of_field(f->name, v->arena);
        if (!name.p) continue;
        put(v, name, f->id == HEADER_OTHER ? fields_get_named(fields, v->arena, f->name)
                                           : fields_get(fields, v->arena, f->id));
    }
}

/* ---- what modules add, and TLS ----------------------------------------------------------------------------------- */

static void put_env(const struct variables *v) {
    const struct fields *env = &v->r->env;
    for (uint32_t i = 0; i < env->count; i++) {
        struct span name = env->list[i].name, value = env->list[i].value;
        if (!name.n || !is_safe(value) || is_in_env(env, i + 1, name)) continue;
        char *out = arena_bytes(v->arena, name.n);
        for (size_t j = 0; j < name.n; j++) out[j] = name_byte(name.p[j]);
        v->sink->put(v->sink->arg, (struct span){out, name.n}, value);
    }
}

static void put_tls(const struct variables *v) {
    struct span name, value;
    unsigned at = 0;
    while (request_tls_variable(v->p->r, &at, &name, &value)) put(v, name, value);
}

void environment_each(const struct message_pair *p, const struct environment_sink *sink) {
    const struct variables v = {p, p->r, p->host, &p->r->arena, sink};
    put_content(&v);
    put_target(&v);
    put_script(&v);
    put_server(&v);
    put_client(&v);
    put_fields(&v);
    put_env(&v);
    put_tls(&v);
}
