/* play.h - what the commands of a scenario share */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_PLAY_H
#define GOLDCREST_PLAY_H

#include "base/map.h"
#include "h2_peer.h"
#include "player.h"

/* player - a stage, and what the scenario remembers */
struct player {
    struct stage *stage;
    struct command *at;
    struct map values;      /* {NAME} => text */
    struct response last;
    struct buf last_bytes;
    unsigned tries;
    bool is_over;           /* not for this mode, or a module is missing */
    bool is_skipped;
};

/* The command's words: the text of one (fails if it is missing), whether it is that text, its number. */
struct span play_word(const struct player *p, unsigned i);
bool play_has_word(const struct player *p, unsigned i, const char *text);
uint64_t play_number(const struct player *p, struct span text);
/* With the values of `save` in it. */
struct span play_expand(const struct player *p, struct span text);
/* The worker is there from here on. */
void play_worker(struct player *p);
/* The client that the command is for. */
struct client *play_client(struct player *p);
/* A detail of what a response must be. */
void play_detail(struct player *p, const struct response *r, struct span line);

/* Lines as HTTP has them; bytes that tell where they stand. */
struct span play_with_crlf(const struct player *p, struct span text);
struct span play_pattern(struct player *p, size_t n);

/* ---- backend.c: backend NAME … -------------------------------------------------------------------------------------- */

void play_backend(struct player *p);

/* ---- h2_play.c: the commands of HTTP/2 --------------------------------------------------------------------------- */

void play_h2(struct player *p);

#endif
