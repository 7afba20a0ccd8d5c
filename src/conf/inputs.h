/* inputs.h - everything that a configuration reads from outside, read once and kept */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_INPUTS_H
#define GOLDCREST_CONF_INPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

/*
 * A configuration is a function of its inputs: files, lists of names that a glob matched, output of include_shell,
 * environment variables, the working directory, the process id. The master, which may read them all, records them; a
 * worker, which may not, parses the same configuration from the record. So a reload is checked whole before
 * anybody gives anything up.
 */
struct inputs;

struct inputs *inputs_record(void);                  /* asks the system, keeps each answer */
struct inputs *inputs_replay(struct span recording); /* answers from a recording only; NULL if it is damaged */
struct inputs *inputs_none(void);                    /* answers "no" to everything but what inputs_put() gave it */
void inputs_drop(struct inputs *in);

/* The recording so far, as bytes to hand to inputs_replay() in another process of this machine. */
void inputs_save(const struct inputs *in, struct buf *out);

/*
 * The same answers, but these files read anew, now. NULL if all of them say what they said: then nothing has changed.
 * Files that nobody has asked for are left out.
 */
struct inputs *inputs_refresh(const struct inputs *old, const char *const *paths, size_t count);

/*
 * Each returns true and an answer that lives as long as `in`, or false with *why (a sentence part: "No such file or
 * directory", "exit status 3"). A failure is recorded too.
 */
bool inputs_file(struct inputs *in, const char *path, struct span *text,
                 struct span *why); /* "-": stdin; <= 32 MiB */
bool inputs_glob(struct inputs *in, const char *pattern, struct span *names,
                 struct span *why); /* sorted, each + '\0' */
bool inputs_shell(struct inputs *in, const char *dir, const char *command, struct span *output, struct span *why);
bool inputs_env(struct inputs *in, const char *name, struct span *value);
struct span inputs_cwd(struct inputs *in);
int inputs_pid(struct inputs *in);

/* Random bytes, as hexadecimal digits: the same for all workers and all reloads of one master. Empty where there is
 * none (a recording without it). */
struct span inputs_secret(struct inputs *in);

enum input_kind { INPUT_FILE = 1, INPUT_GLOB, INPUT_SHELL, INPUT_ENV, INPUT_CWD, INPUT_PID, INPUT_SECRET };

/* An answer known beforehand, whatever the system would say; both are copied. For tests, and for text from
 * elsewhere. */
void inputs_put(struct inputs *in, enum input_kind kind, const char *question, struct span answer);

#endif
