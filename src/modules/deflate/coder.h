/* coder.h - what compresses: one const struct for each library and coding */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DEFLATE_CODER_H
#define GOLDCREST_DEFLATE_CODER_H

#include "base/blob.h"
#include "http/coding.h"

/* tuning - deflate.compression-level and deflate.params; CODER_DEFAULT leaves the choice to the coder */
enum { CODER_DEFAULT = -1 };
struct tuning {
    int gzip_level, gzip_window_bits, gzip_mem_level, gzip_strategy;
    int br_quality, br_lgwin, br_mode;
    int zstd_level, zstd_strategy, zstd_window_log;
    int sync_flush; /* 0: what a stream has given waits for more */
};

enum coder_step { CODER_RUN, CODER_FLUSH, CODER_FINISH };
enum coder_word {
    CODER_MORE,  /* the room is full: once more, with the same step */
    CODER_DONE,  /* RUN: all was taken; FLUSH, FINISH: all is out */
    CODER_BROKEN
};

/*
 * coder - for whole bodies, for streams, or both
 * whole: the coded bytes with one reference, or NULL: they would not be fewer. May be NULL.
 * begin, step, end: a stream; begin gives NULL if the library refuses, and may be NULL itself. A step takes bytes off
 * *in, writes at most `room` and says how many in *made. A FLUSH wants room for CODER_ROOM_BYTES at least.
 */
enum { CODER_ROOM_BYTES = 64 };
struct coder {
    enum coding coding;
    unsigned (*stream_kib)(const struct tuning *t); /* what a stream takes, about and at most */
    struct blob *(*whole)(const struct tuning *t, struct span bytes);
    void *(*begin)(const struct tuning *t);
    enum coder_word (*step)(void *state, enum coder_step step, struct span *in, char *out, size_t room,
                            size_t *made);
    void (*end)(void *state);
};

/* coders - those of this build, the quicker of a coding first, then NULL: linked with the program, or a part of it */
struct coders {
    uint32_t build; /* GOLDCREST_BUILD: stays the first */
    const struct coder *const *list;
};
/* All that the library shows; the rest is hidden by -fvisibility. */
extern const struct coders goldcrest_coders __attribute__((visibility("default")));
const struct coders *coders_find(const char **why); /* of linked.c or loaded.c; NULL: *why says why not */

/* At load, by who will want a coder: false with *why. It is loaded for the whole life of the process. */
bool coders_load(const char **why);

/* The quickest for that, or NULL if it is not in this build. */
const struct coder *coder_for_whole(enum coding coding);
const struct coder *coder_for_stream(enum coding coding);

/* Codes a whole body: as coder_for_whole() does, or by a stream at one go. NULL: it would not be fewer bytes, or the
 * coding is not in this build. */
struct blob *coder_code(enum coding coding, const struct tuning *t, struct span bytes);

#endif
