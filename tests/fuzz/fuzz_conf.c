/* fuzz_conf.c - any bytes as a configuration: nothing but messages may come of it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdint.h>

#include "conf/complain.h"
#include "conf/inputs.h"
#include "conf/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct inputs *in = inputs_none(); /* no file, no command, no environment: only this text, which
                                          may include itself */
    struct complaints *complaints = complaints_make();
    struct buf out = {NULL, 0, 0};
    inputs_put(in, INPUT_FILE, "fuzz.conf", (struct span){(const char *)data, size});
    inputs_put(in, INPUT_FILE, "./fuzz.conf", (struct span){(const char *)data, size});
    struct conf_tree *tree = conf_parse(in, complaints, "fuzz.conf");
    complaints_print(complaints, &out);
    if (size < 4096) conf_print(tree, &out);
    buf_done(&out);
    conf_tree_drop(tree);
    complaints_drop(complaints);
    inputs_drop(in);
    return 0;
}
