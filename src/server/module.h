/* module.h - what a module sees of the server, and what the server wants to know of a module */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MODULE_H
#define GOLDCREST_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "conf/directive.h"
#include "conf/tree.h"
#include "http/request.h"
#include "http/source.h"
#include "server/core.h"
#include "server/handler.h"

/*
 * A module is a table of directives, a struct of settings that they fill, and hooks. The server parses, checks,
 * merges and explains; a hook is called for a request only if the module is active under the settings that hold for
 * it.
 */

/* The phases of a request, in order; the names are lighttpd's. */
enum phase {
    PHASE_ACCEPT,           /* a connection before its first byte; r has no message. Conditions on the socket and the
                               peer's address hold, no others */
    PHASE_PEER,             /* a connection whose peer is known (a PROXY line is read), before TLS; else as ACCEPT */
    PHASE_CLIENT,           /* once a request, before anything is decided: who asks may be corrected (r->client,
                               is_tls, user, in.authority, env). Under the conditions as the peer meets them; they are
                               looked at anew behind it. GO_ON, or a refusal */
    PHASE_ADMIT,            /* once a request, before anything is done for it, kept replies too; under the conditions
                               that hold for the target as it was sent. GO_ON, or an answer without a body: no
                               error-handler is asked. Does not count for how long a reply may be kept */
    PHASE_URI_RAW,          /* the target may be rewritten */
    PHASE_URI_CLEAN,        /* by URL: refuse, redirect, authenticate, take it over */
    PHASE_DOCROOT,          /* virtual hosts: set physical.docroot */
    PHASE_PHYSICAL,         /* move physical.path: alias, userdir */
    PHASE_SUBREQUEST_START, /* by file: index files, listings, gateways by extension, static files */
    PHASE_RESPONSE_START,   /* add fields, wrap the source */
    PHASE_REQUEST_DONE,     /* the response is over, whole or not: logs, counters */
    PHASE_REQUEST_RESET,    /* in any case, last: give back what the request holds */
    PHASE_COUNT
};

/*
 * hook - a phase and what to call in it
 * lasting: how long the module's word holds, given the same (listener, host, target, conditions): LASTS for a pure
 * function of them, LASTS_NOT for anything that looks at the client. Not asked for in the last two phases.
 */
struct hook {
    enum phase phase;
    enum handler (*run)(struct request *r, const void *settings);
    enum lasting lasting;
};

enum { MODULE_ABI = 2 };

struct module {
    unsigned abi;                        /* MODULE_ABI */
    const char *name;                    /* "mod_alias" */
    const struct directive *directives;  /* ended by DIRECTIVE_END; fields lie in the settings struct */
    const struct hook *hooks;            /* ended by a hook with run == NULL */
    size_t settings_size;
    const void *defaults;                /* settings_size bytes */
    bool (*is_active)(const void *settings); /* NULL: always */
    const struct module_work *work;          /* NULL: nothing beside requests */
};

/*
 * module_work - what a module does beside requests
 * begin: in each worker, when it begins and after each reload (the new configuration is in force, the old one may
 * still be held by requests), also after the first reload that does not use the module any more. end: once, before
 * `events` goes away. Any may be NULL. Where a module that has a module_work is used, the helper process runs.
 * share, of all modules that are built in: in the master, before any other process is there, with the settings of the
 * global block (of the first configuration; those that do not use the module yet have its defaults). forget: there,
 * a worker is gone.
 */
struct fdevents;
struct job_kind;
struct module_work {
    void (*begin)(struct fdevents *events);
    void (*end)(void);
    const struct job_kind *const *jobs; /* NULL-ended; or NULL */
    void (*share)(const void *settings);
    void (*forget)(pid_t worker);
    bool does_without_helper;
};

/* ---- what hooks may ask ----------------------------------------------------------------------- */

/* The server's own settings that hold for this request. */
const struct core_settings *request_core(const struct request *r);

/* Says something about this request in its error log. */
void request_say(const struct request *r, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Is this "goldcrest explain", or a test that a configuration brings along? Then nobody else is asked and nothing is
 * written: who would, says so by request_note() and returns WAIT_FOR_EVENT. Always false in a server. */
bool request_is_rehearsed(const struct request *r);

/* For those who ask why: what was decided, and which line of the configuration said so (at.source NULL: none). Does
 * nothing in a server; what takes time to find out is asked for behind request_is_rehearsed(). */
void request_note(struct request *r, struct place at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A name for this request that no other has: in the logs, and for backends (X-Request-ID, REQUEST_ID). Made when it
 * is first asked for; of a peer that server.request-id-trust names the client's own is taken. At most REQUEST_ID_MAX
 * bytes of A-Z a-z 0-9 - _ . : = + / @ ~. Lives as long as the request. */
enum { REQUEST_ID_MAX = 128 };
struct span request_id(const struct request *r);

/* The captures of the innermost regex condition around the block where a directive was set (for %0…%9). Count 0 if
 * there is none. The spans live as long as the request. */
struct captures;
void request_captures(struct request *r, const struct block *set_in, struct captures *captures);

/* Replaces the target (path and query, as a client would send it) and parses it anew; the caller then returns
 * HANDLER_COMEBACK. False if it is no target (r->status is set then). */
bool request_set_target(struct request *r, struct span target);

/* A pointer of module m's own in this request, NULL at first; it survives a COMEBACK. What it points to lives in the
 * request's arena, or is freed in PHASE_REQUEST_RESET. */
void **request_data(struct request *r, const struct module *m);

/* The modules in use, in the order of their hooks: "mod_alias"; NULL after the last one. */
const char *request_module_name(const struct request *r, unsigned i);

/* The settings of another module that hold for this request; NULL where it is not used, or not active. */
const void *request_settings(const struct request *r, const struct module *m);

/* The virtual host that metrics have this request under, of modules that find hosts in the file system; server.name
 * goes before. Only hosts that are there: there is room for a hundred. */
void request_counts_for(struct request *r, struct span host);

/* Moves physical.path below another directory (alias, userdir): path = basedir + rel_path. */
void request_set_path(struct request *r, struct span basedir, struct span rel_path);

/* An answer without a body of its own: HANDLER_FINISHED, with the server's page for an error status. */
enum handler request_refuse_with(struct request *r, int status);

/*
 * The same with a reason, which the logs tell: "413: the body has 3145728 bytes: server.max-request-size = 1024 is
 * set at vhost.conf:12". directive: the one to blame, as its table names it (NULL: none is); the assignment that won
 * for this request is looked for only now. What the reason says is for the administrator, not for the client. The
 * error log has it by its status: server errors are errors, what is merely not found is not said; floods are cut
 * short.
 */
enum handler request_refuse_for(struct request *r, int status, const char *directive, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Only notes the reason, for whoever sets r->status otherwise (HANDLER_ERROR). The last one said counts. */
void request_reason(struct request *r, const char *directive, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* … with the place in the configuration that is to blame, an element of a list say. */
void request_reason_at(struct request *r, const char *directive, struct place at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Has somebody noted one for this refusal? */
bool request_has_reason(const struct request *r);
/* It stands in the error log already, in other words. */
void request_reason_is_said(struct request *r);

/* Why the response is an error: the reason with its place, or what the status says at least. Empty: it is none, or
 * not the server's own. */
struct span request_why(const struct request *r);

/* Answers with a redirect to that location (RFC 9110 15.4). */
enum handler request_redirect(struct request *r, int status, struct span location);

/* Scheme and authority of this request, as an absolute URL begins: "https://example.com". */
struct span request_origin(struct request *r);

/* Runs the connection of this request once more in the next turn: for what waited. */
void request_wake(struct request *r);

/* The same at once. Only as the last thing that a callback of fdevents does: r, and what hangs on it, may be gone
 * when this returns. */
void request_resume(struct request *r);

/* Calls `release` once, when what the request is at is given up: it is answered otherwise (an error page, a time
 * limit), starts anew, or ends, whole or not. The last one registered comes first. */
void request_on_release(struct request *r, void (*release)(void *arg), void *arg);

/* Calls `end` once, when the request is over, whatever became of it, and behind all hooks. */
void request_on_end(struct request *r, void (*end)(void *arg), void *arg);

/* What a module keeps for the connection of this request, until `end` is called with it when that is closed. One for
 * each module. NULL: nothing. */
void request_keep(struct request *r, const struct module *m, void *kept, void (*end)(void *kept));
void *request_kept(const struct request *r, const struct module *m);

/* The connection takes no further request (HTTP/2: no further stream). */
void request_end_connection(struct request *r);

/* For PHASE_PEER: HTTP/2 on this connection is to have no more streams at a time. */
void request_limit_streams(struct request *r, uint32_t streams);

/* The worker's events: for descriptors and time limits of a module's own. */
struct fdevents *request_events(const struct request *r);

/* ---- bodies of requests ----------------------------------------------------------------------- */

/* The body is collected before HANDLE, in r->in_body: up to 64 KiB in memory, then in unlinked files in
 * server.upload-dirs. */
void request_collect_body(struct request *r);

/* With r->streams_body: the sink, which took less than it was offered, can take more; or the handler is through with
 * the body. Wakes the request. */
void request_want_body(struct request *r);

/* ---- before the response ---------------------------------------------------------------------- */

/* An interim response (RFC 9110 15.2: 100, 103 …; not 101), now. Not for HTTP/1.0. */
void request_send_interim(struct request *r, int status, const struct fields *fields);

/* For PHASE_ACCEPT: the connection begins with a PROXY line or header (haproxy's proxy-protocol.txt, v1 and v2),
 * before TLS. It is read first; what it says is the connection's peer from then on, or the connection is closed.
 * trust_tls: what it says of TLS (PP2_TYPE_SSL) becomes SSL_* variables of requests. */
void request_expect_proxy_line(struct request *r, bool trust_tls);
/* For PHASE_ACCEPT: there is no HTTP on this connection (after TLS, if there is). It is a request at HANDLE, with
 * r->is_tunnel, r->handler and r->sink as set, and nothing is sent before the source's first byte. */
void request_be_tunnel(struct request *r);

/* Variables of TLS (SSL_PROTOCOL, SSL_CIPHER, SSL_CLIENT_* …): as tls_export(); false after the last one, or at once
 * without TLS. They are not in r->env, unless ssl.verifyclient.exportcert asks for it. */
bool request_tls_variable(struct request *r, unsigned *at, struct span *name, struct span *value);

/* The directory that is this process's root (server.chroot), as it was called outside; empty: there is no other. */
struct span process_root(void);

/* ---- work that blocks: other processes do it (server/helper.c) -------------------------------- */

/*
 * job_kind - something that blocks or takes long: resolving a name, checking a password
 * run: in a process of its own, with a worker's rights and the start's configuration; reads the question, writes the
 * answer; may block for JOB_SECONDS, then its process is ended.
 */
struct job_kind {
    const char *name; /* one in the whole program: "resolve" */
    void (*run)(struct span question, struct buf *answer);
    bool reads_files_only; /* nobody else is asked: it may be run in a rehearsal */
};
enum { JOB_SECONDS = 20, JOB_BYTES_MAX = 64 * 1024 /* question or answer */ };

/* Asks. done: once, in a later turn; answer.p is NULL if there is none (too many wait, it took too long, its process
 * died), else the bytes live during the call. NULL if it cannot be asked; done is then not called. Without a helper
 * process (-1, tests) it is run here, at once, and `done` called in the next turn. */
struct job;
struct job *job_ask(const struct job_kind *kind, struct span question, void (*done)(void *arg, struct span answer),
                    void *arg);
void job_forget(struct job *j); /* done will not be called; accepts NULL */

/* ---- programs: workers never fork, the helper process does ------------------------------------ */

/* spawn - what to run; read during child_start() only */
struct spawn {
    const char *const *argv; /* argv[0] is a path; NULL-ended */
    const char *const *envp; /* all of its environment; NULL-ended */
    const char *directory;   /* working directory; NULL: "/" */
    int in, out, err;        /* its descriptors 0, 1, 2: closed here in any case. err -1: server.breakagelog's, or the
                                error log */
};
enum child_event {
    CHILD_STARTED, /* value: its process id */
    CHILD_FAILED,  /* errno */
    CHILD_ENDED    /* as waitpid() has it */
};
enum { CHILD_END_UNKNOWN = -1 /* value of ENDED when the helper process was lost: the program got SIGTERM */ };

/* Starts a program that the configuration names: by DIRECTIVE_RUNS and beneath what is served, or, word for word,
 * by need() with NEED_RUN; any other is refused (EPERM). event: STARTED or FAILED in a later turn, after STARTED
 * ENDED. After FAILED or ENDED the child is no more: neither signalled nor forgotten. NULL with errno if it cannot be
 * asked for. */
struct child;
struct child *child_start(const struct spawn *s, void (*event)(void *arg, enum child_event what, int value),
                          void *arg);
void child_signal(struct child *c, int signo); /* to its process group; before STARTED: as soon as it runs */
void child_forget(struct child *c);            /* no more events; it runs on. Accepts NULL */

/*
 * program - one that runs as long as a configuration wants it (bin-path): listens on descriptor 0
 * Counted, found again by its content: a reload that changes nothing of it lets it run. The helper binds the socket,
 * starts it, and starts it anew when it ends (at once, then after 1, 2, 4 … 60 s).
 */
struct program_spec {
    struct span command;         /* split like a shell's words; no other expansion */
    struct span listen;          /* "/path/of/socket" or "ADDRESS:PORT" */
    const char *const *envp;     /* NULL-ended */
    uint32_t backlog;
    int kill_signal;
};
struct program;
struct program *program_hold(const struct program_spec *spec); /* copies; for a directive's compile() */
void program_drop(struct program *p);                          /* for its discard(); accepts NULL */

/* For PHASE_ACCEPT: the peer speaks for others, and what it does is not its own. */
void request_peer_forwards(struct request *r);
bool request_is_forwarded(const struct request *r); /* … and whoever connects is not whom requests come from */

/* The peer's end of the connection and ours. */
const struct addr *request_peer(const struct request *r);
/* A PROXY line has named that peer: whoever is behind the one that has connected. */
bool request_peer_is_named(const struct request *r);
size_t request_peer_text(const struct request *r, char out[ADDR_TEXT_BYTES]);
void request_local_addr(const struct request *r, struct addr *local);
/* The socket it came by, as $SERVER["socket"] has it: "0.0.0.0:80", "/run/http.sock". */
struct span request_socket(const struct request *r);

/* Bytes of the response put on the wire so far (head and body; body alone), and of the request. */
uint64_t request_sent_bytes(const struct request *r);
uint64_t request_sent_body_bytes(const struct request *r);
/* How many requests came on this connection before this one. */
uint32_t request_keep_alive_count(const struct request *r);
/* True if the response came to its end as it should. */
bool request_is_complete(const struct request *r);
/* "hit": a kept reply was sent; "miss": it is kept from now on; "pass": it is for this request alone. */
const char *request_cache_word(const struct request *r);
/* Status as sent: of a kept reply a client may get 304, 206, 412 or 416. */
int request_sent_status(const struct request *r);

#endif
