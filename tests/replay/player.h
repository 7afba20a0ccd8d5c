/* player.h - plays scenarios against a worker in this process: the other end of its sockets, and its clock */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_PLAYER_H
#define GOLDCREST_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

enum mode { MODE_PLAIN, MODE_BYTES, MODE_REFUSE, MODE_COUNT };
extern const char *const mode_names[MODE_COUNT];

/* ---- script.c: a scenario's text becomes commands --------------------------------------------------------------- */

enum { WORDS_MAX = 32, DETAILS_MAX = 64 };

/* command - one line, with the lines below it that begin with '|' (text) or with a blank (details) */
struct command {
    unsigned line;
    struct span client;           /* before the colon; empty: the only one */
    struct span words[WORDS_MAX]; /* quotes and escapes are resolved */
    unsigned word_count;
    struct buf text;              /* each line ended by '\n' */
    bool has_text;
    struct span details[DETAILS_MAX];
    unsigned detail_count;
};

struct script {
    const char *name;
    struct command *list;
    size_t count, cap;
    struct arena arena;
};

void script_read(struct script *s, const char *name);
void script_done(struct script *s);
/* The words of a line, the same way. Returns how many; more than WORDS_MAX or a missing quote is -1. */
int words_split(struct span line, struct span *words, struct arena *a);

/* ---- response.c: what the client got ------------------------------------------------------------------------------ */

enum framing { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_END };

struct response {
    int status;
    struct span head;   /* status line and fields, as received */
    struct span trailers; /* lines */
    struct buf body;    /* decoded */
    size_t used;
    enum framing framing;
    bool is_whole;
};

/* NULL, or what is wrong with it ("": the head is not complete yet). for_head: no body follows. is_end: nothing more
 * comes. */
const char *response_read(struct response *r, struct span in, bool for_head, bool is_end);
void response_done(struct response *r);
/* The value of a field; false if there is none. */
bool response_field(const struct response *r, struct span name, struct span *value);
bool response_trailer(const struct response *r, struct span name, struct span *value);

/* ---- stage.c: the worker, its files, its clients, its clock --------------------------------------------------------- */

enum { CLIENTS_MAX = 32 };

/* client - the other end of a connection */
struct peer;
struct client {
    struct span name;
    struct peer *peer; /* NULL: it does not speak HTTP/2 */
    int fd;           /* -1: closed */
    int server_fd;    /* the worker's end, as long as nobody else has that number; -1 */
    struct buf out;   /* not sent yet */
    struct buf in;    /* received, not expected yet */
    uint64_t sent;
    bool is_stalled;
    bool is_eof, is_reset;
    bool ends;        /* shut down for writing once `out` is sent */
};

struct backend;
struct stage {
    const char *scenario;
    unsigned line;
    enum mode mode;
    const char *backend;
    char dir[88];          /* a unix socket lies in it: short */
    uint64_t now_ms;
    struct worker *worker;
    struct listening *listening;
    struct client clients[CLIENTS_MAX];
    unsigned client_count;
    struct backend *backends;
    struct arena arena;
};

/* Says what did not happen, what the client has and what the log says; ends the scenario. */
_Noreturn void stage_fail(struct stage *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

void stage_build(struct stage *s);
/* Makes the worker of that configuration; the second time it is a reload. */
void stage_configure(struct stage *s, struct span text);
void stage_file(struct stage *s, struct span path, struct span content, int64_t mtime_s);
struct span stage_path(struct stage *s, struct span name);
/* All of a file of the stage: logs. */
struct span stage_read(struct stage *s, const char *name);
void stage_strike(struct stage *s);

struct client *stage_client(struct stage *s, struct span name);
struct client *stage_open(struct stage *s, struct span name, struct span from, bool narrow);
void stage_listen(struct stage *s);
struct client *stage_connect(struct stage *s, struct span name);
void client_leave(struct client *c);
/* Nothing may have come that the scenario does not know of. */
void stage_over(struct stage *s);

/* Runs the worker until nothing moves any more. Fails the scenario if it never rests. */
void stage_settle(struct stage *s);
/* Time goes on by that many ms, in small steps. */
void stage_wait(struct stage *s, uint64_t ms);
/* The worker's connection of a client, or NULL if it is closed. */
struct conn *stage_conn(const struct stage *s, const struct client *c);
/* Who has half-closed is looked at a moment later, which is waited for. */
bool stage_is_gone(struct stage *s, const struct client *c);

/* ---- backend.c: servers that gateways ask ---------------------------------------------------------------------------- */

/* Bytes of all backends' connections move. True: some did. */
bool backends_send(struct stage *s);
bool backends_receive(struct stage *s);
void backends_strike(struct stage *s);

/* ---- play.c ------------------------------------------------------------------------------------------------------------ */

/* Plays it to its end; fails by exit(1). False: it needs a module that is not built. */
bool play(struct stage *s, struct script *script);

/* ---- coverage.c ---------------------------------------------------------------------------------------------------------- */

/* In memory that the scenarios' processes share. */
struct coverage;
struct coverage *coverage_make(void);
/* Counts the transitions in a log. */
void coverage_note(struct coverage *c, struct span log);
/* Says what was never seen. How many that are. */
unsigned coverage_check(const struct coverage *c);

/* ---- doubles.c: the system's calls as a bad day has them ------------------------------------------------------------------ */

extern const bool doubles_are_here;
void doubles_refuse(bool every_second);
/* How often the worker has written since the last question. */
unsigned doubles_writes(void);
void doubles_forget(int fd);
/* Was it closed to be reset? */
bool doubles_was_reset(int fd);

/* ---- mod_test.c ------------------------------------------------------------------------------------------------------------- */

/* Wakes whatever waits in the test module; or runs it at once. */
void mod_test_wake(void);
void mod_test_resume(void);

#endif
