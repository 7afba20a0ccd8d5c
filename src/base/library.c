/* library.c - a shared library that is opened while the program runs */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/library.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#ifdef HAVE_DLOPEN

#include <dlfcn.h>

bool library_can(void) {
    return true;
}

const void *library_object(const char *path, const char *name, const char **why) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const void *object = library ? dlsym(library, name) : NULL;
    if (object) return object;
    *why = dlerror();
    if (!*why) *why = "it cannot be opened";
    return NULL;
}

#else

bool library_can(void) {
    return false;
}

const void *library_object(const char *path, const char *name, const char **why) {
    (void)path;
    (void)name;
    *why = "this program cannot open libraries";
    return NULL;
}

#endif

/* ---- parts ------------------------------------------------------------------------------------ */

enum { PARTS_MAX = 8, PATH_BYTES = 4096 };

struct part {
    const char *name;
    int fd;
};

static const char *program = "";
static struct part loaded[PARTS_MAX], taken[PARTS_MAX];
static unsigned loaded_count, taken_count;
static char said[PATH_BYTES + 512];

void library_set_program(const char *path) {
    program = path;
}

unsigned library_parts(void) {
    return loaded_count;
}

int library_part_file(unsigned n, const char **name) {
    if (n >= loaded_count) return -1;
    *name = loaded[n].name;
    return loaded[n].fd;
}

void library_close_files(void) {
    for (unsigned i = 0; i < loaded_count; i++) {
        if (loaded[i].fd >= 0) close(loaded[i].fd);
        loaded[i].fd = -1;
    }
}

void library_part_take(const char *name, int fd) {
    if (taken_count < PARTS_MAX) taken[taken_count++] = (struct part){name, fd};
}

static const void *refuse(const char *path, const char *what, const char **why) {
    snprintf(said, sizeof said, "%s: %s", path, what);
    *why = said;
    return NULL;
}

/* By whichever name it is opened: the file is the one behind fd. */
static const void *open_part(const char *path, const char *shown, int fd, const char *name, const char *object,
                             uint32_t build, const char **why) {
    uint32_t found;
    const char *what;
    const void *part = library_object(path, object, &what);
    if (!part) return refuse(shown, what, why);
    memcpy(&found, part, sizeof found);
    if (found != build) return refuse(shown, "it is of another build of goldcrest than this program", why);
    if (loaded_count < PARTS_MAX) loaded[loaded_count++] = (struct part){name, fd};
    return part;
}

/* The path may lead to the file of another version by now. */
static const void *open_taken(const struct part *t, const char *object, uint32_t build, const char **why) {
    static const char *const folders[] = {"/proc/self/fd", "/dev/fd"};
    char path[64];
    const void *part = NULL;
    for (size_t i = 0; !part && i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%d", folders[i], t->fd);
        part = open_part(path, path, t->fd, t->name, object, build, why);
    }
    return part;
}

/* Where libtool leaves it; where it is when what was installed has moved as a whole. */
static bool find_beside(char path[PATH_BYTES], const char *name) {
    static const char *const folders[] = {".libs", "../lib/goldcrest"};
    const char *slash = strrchr(program, '/');
    for (size_t i = 0; slash && i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, PATH_BYTES, "%.*s/%s/%s.so", (int)(slash - program), program, folders[i], name);
        if (access(path, R_OK) == 0) return true;
    }
    return false;
}

static bool find(char path[PATH_BYTES], const char *name) {
    const char *folder = getenv("GOLDCREST_LIBDIR");
    bool is_told = folder && *folder;
    if (!is_told && find_beside(path, name)) return true;
    snprintf(path, PATH_BYTES, "%s/%s.so", is_told ? folder : GC_MODULE_DIR, name);
    return access(path, R_OK) == 0;
}

const void *library_part(const char *name, const char *object, uint32_t build, const char **why) {
    char path[PATH_BYTES];
    for (unsigned i = 0; i < taken_count; i++) {
        const void *part = strcmp(taken[i].name, name) == 0 ? open_taken(&taken[i], object, build, why) : NULL;
        if (part) return part;
    }
    if (!find(path, name)) return refuse(path, "this part of goldcrest is not installed", why);
    int fd = fd_open(path, O_RDONLY, 0);
    const void *part = open_part(path, path, fd, name, object, build, why);
    if (!part && fd >= 0) close(fd);
    return part;
}
