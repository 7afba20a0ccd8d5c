/* replay_main.c - gives every file of a corpus to a fuzzing entry; an entry that aborts has failed */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/fuzz/fuzz.h"

static bool read_file(const char *path, struct buf *content) {
    FILE *file = fopen(path, "rb");
    size_t n = 1;
    if (!file) return false;
    while (n > 0) {
        n = fread(buf_room(content, 65536), 1, 65536, file);
        content->n += n;
    }
    bool whole = !ferror(file);
    fclose(file);
    return whole;
}

/* In a process of its own, so that one input that fails does not hide the others. */
static bool passes(const char *path) {
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct buf content = {NULL, 0, 0};
        if (!read_file(path, &content)) _exit(1);
        int result = LLVMFuzzerTestOneInput((const uint8_t *)(content.p ? content.p : ""), content.n);
        buf_done(&content);
        exit(result ? 1 : 0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv) {
    static DIR *corpus; /* in sight of those that look for leaks, when a child ends */
    unsigned passed = 0, failed = 0;
    corpus = argc == 2 ? opendir(argv[1]) : NULL;
    if (!corpus) {
        fprintf(stderr, "usage: %s corpus-directory\n", argv[0]);
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(corpus));) {
        struct buf path = {NULL, 0, 0};
        if (entry->d_name[0] == '.') continue;
        buf_printf(&path, "%s/%s", argv[1], entry->d_name);
        bool good = passes(buf_text(&path));
        if (!good) printf("FAIL %s\n", buf_text(&path));
        passed += good;
        failed += !good;
        buf_done(&path);
    }
    closedir(corpus);
    printf("%u passed, %u failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
