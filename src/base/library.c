/* library.c - a shared library that is opened while the program runs */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/library.h"

#include <stddef.h>

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
