/* coverage.c - which transitions of the two tables in states.h the scenarios have seen */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "player.h"
#include "server/handler.h"
#include "server/states.h"
#include "tls/context.h"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

enum { WORDS = 4 }; /* HANDLER_GO_ON … HANDLER_ERROR; to wait is no transition */

struct coverage {
    unsigned conn[CONN_STATE_COUNT][WORDS], request[REQUEST_STATE_COUNT][WORDS];
    unsigned conn_reached[CONN_STATE_COUNT], request_reached[REQUEST_STATE_COUNT];
};

static const char *const words[WORDS] = {"GO_ON", "FINISHED", "COMEBACK", "ERROR"};

#define ROW(state, step, limit, go_on, finished, comeback, error, says) \
    {CONN_##go_on, CONN_##finished, CONN_##comeback, CONN_##error},
static const uint8_t conn_next[][WORDS] = {CONN_STATES(ROW)};
#undef ROW
#define ROW(state, step, limit, go_on, finished, comeback, error, says) \
    {REQUEST_##go_on, REQUEST_##finished, REQUEST_##comeback, REQUEST_##error},
static const uint8_t request_next[][WORDS] = {REQUEST_STATES(ROW)};
#undef ROW

/* Words of the table that no step says today. One that is seen after all must be taken off the list. */
static const struct {
    const char *machine, *state;
    enum handler word;
    const char *reason;
} exceptions[] = {
    {"connection", "SERVE", HANDLER_ERROR, "conn_serve() knows an end (GO_ON) and a client that is gone (FINISHED)"},
    {"connection", "LINGER", HANDLER_ERROR, "however draining ends, what follows is the same: GO_ON"},
    {"request", "RESPONSE_END", HANDLER_ERROR, "an unread body that breaks off ends the connection: FINISHED"},
    {"request", "ERROR", HANDLER_ERROR, "request_error() cannot fail"},
};

struct coverage *coverage_make(void) {
    void *p = mmap(NULL, sizeof(struct coverage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED) return p;
    perror("mmap");
    exit(1);
}

static int find_word(struct span word) {
    for (int i = 0; i < WORDS; i++)
        if (span_is(word, span_of(words[i]))) return i;
    return -1;
}

/* "STATE -> WORD -> NEXT": the three parts. */
static bool split(struct span text, struct span *state, int *word) {
    size_t arrow = span_search(text, SPAN(" -> "));
    *state = span_upto(text, arrow);
    if (arrow == text.n) return false;
    text = span_from(text, arrow + 4);
    *word = find_word(span_upto(text, span_find(text, ' ')));
    return *word >= 0;
}

static void note_conn(struct coverage *c, struct span state, int word) {
    for (unsigned i = 0; i < CONN_STATE_COUNT; i++) {
        if (!span_is(state, span_of(conn_state_name((enum conn_state)i)))) continue;
        c->conn[i][word]++;
        if (conn_next[i][word] < CONN_STATE_COUNT) c->conn_reached[conn_next[i][word]]++;
    }
}

static void note_request(struct coverage *c, struct span state, int word) {
    for (unsigned i = 0; i < REQUEST_STATE_COUNT; i++) {
        if (!span_is(state, span_of(request_state_name((enum request_state)i)))) continue;
        c->request[i][word]++;
        if (request_next[i][word] < REQUEST_STATE_COUNT) c->request_reached[request_next[i][word]]++;
    }
}

void coverage_note(struct coverage *c, struct span log) {
    struct span line, state;
    int word;
    while (span_next(&log, '\n', &line)) {
        size_t at = span_search(line, SPAN("state: connection "));
        if (at == line.n) continue;
        line = span_from(line, at + 18);
        bool is_request = span_search(line, SPAN(" request ")) < line.n;
        size_t colon = span_search(line, SPAN(": "));
        if (colon == line.n || !split(span_from(line, colon + 2), &state, &word)) continue;
        if (is_request) note_request(c, state, word);
        else note_conn(c, state, word);
    }
}

static const char *exception(const char *machine, const char *state, unsigned word) {
    if (!tls_is_there() && word == HANDLER_FINISHED && strcmp(state, "HANDSHAKE") == 0)
        return "it is TLS that is refused, which is not in this build";
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (exceptions[i].word == word && strcmp(exceptions[i].machine, machine) == 0 &&
            strcmp(exceptions[i].state, state) == 0)
            return exceptions[i].reason;
    return NULL;
}

static unsigned check_word(const char *machine, const char *state, unsigned word, bool in_table, unsigned seen) {
    const char *reason = exception(machine, state, word);
    if (in_table && !seen && !reason) printf("coverage: %s %s -> %s was never seen\n", machine, state, words[word]);
    if (seen && reason) printf("coverage: %s %s -> %s was seen, but: %s\n", machine, state, words[word], reason);
    return in_table && !seen == !reason;
}

unsigned coverage_check(const struct coverage *c) {
    unsigned missing = 0;
    for (unsigned i = 0; i < CONN_STATE_COUNT; i++) {
        const char *name = conn_state_name((enum conn_state)i);
        for (unsigned w = 0; w < WORDS; w++)
            missing += check_word("connection", name, w, conn_next[i][w] != CONN_NONE, c->conn[i][w]);
        if (i == 0 || c->conn_reached[i]) continue;
        printf("coverage: connection %s was never reached\n", name);
        missing++;
    }
    for (unsigned i = 0; i < REQUEST_STATE_COUNT; i++) {
        const char *name = request_state_name((enum request_state)i);
        for (unsigned w = 0; w < WORDS; w++)
            missing += check_word("request", name, w, request_next[i][w] != REQUEST_NONE, c->request[i][w]);
        if (i == 0 || c->request_reached[i]) continue;
        printf("coverage: request %s was never reached\n", name);
        missing++;
    }
    return missing;
}
