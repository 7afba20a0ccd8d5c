/* test_table.c - the dynamic table of a decoder under load, with a plain model beside it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "h2/table.h"

enum { MODEL_ENTRIES = 2048 };

struct model {
    uint32_t size, used, count;
    struct {
        struct span name, value;
        char text[600];
    } entries[MODEL_ENTRIES]; /* newest first */
};

static void model_shrink(struct model *m, size_t size) {
    for (; m->used > size; m->count--)
        m->used -= (uint32_t)(m->entries[m->count - 1].name.n + m->entries[m->count - 1].value.n + HPACK_ENTRY_BYTES);
}

static void model_add(struct model *m, struct span name, struct span value) {
    size_t n = name.n + value.n + HPACK_ENTRY_BYTES;
    model_shrink(m, n > m->size ? 0 : m->size - n);
    if (n > m->size) return;
    for (uint32_t i = m->count; i > 0; i--) {
        memcpy(m->entries[i].text, m->entries[i - 1].text, sizeof m->entries[i].text);
        m->entries[i].name = (struct span){m->entries[i].text, m->entries[i - 1].name.n};
        m->entries[i].value = (struct span){m->entries[i].text + m->entries[i].name.n, m->entries[i - 1].value.n};
    }
    memcpy(m->entries[0].text, name.p, name.n);
    memcpy(m->entries[0].text + name.n, value.p, value.n);
    m->entries[0].name = (struct span){m->entries[0].text, name.n};
    m->entries[0].value = (struct span){m->entries[0].text + name.n, value.n};
    m->used += (uint32_t)n;
    m->count++;
}

static void check_model(const struct model *m, const struct hpack_decoder *d, uint32_t limit) {
    struct arena arena = {NULL, NULL, NULL};
    struct hpack_field f;
    bool same = !hpack_table_get(d->table, m->count, &arena, &f);
    for (uint32_t i = 0; i < m->count; i++) {
        same = same && hpack_table_get(d->table, i, &arena, &f) && span_is(f.name, m->entries[i].name) &&
               span_is(f.value, m->entries[i].value);
    }
    ck_assert(same);
    ck_assert_uint_le(hpack_table_memory(d->table), limit);
    arena_done(&arena);
}

static const uint32_t table_limits[] = {0, 31, 32, 33, 64, 100, 300, 700, 1500, 4096, 10000};

/* Short fields and long ones by turns, so that entries and texts want each other's room. */
START_TEST(table_is_bounded) {
    static struct model m;
    char text[600];
    struct hpack_decoder d;
    uint32_t limit = table_limits[_i];
    hpack_init(&d, limit);
    d.size = limit;
    m.size = limit;
    srand((unsigned)_i);
    for (int i = 0; i < 2500; i++) {
        size_t most = i / 150 % 3 == 0 ? 3 : i / 150 % 3 == 1 ? sizeof text : 40;
        size_t name_n = (size_t)rand() % most, value_n = (size_t)rand() % (most - name_n);
        for (size_t k = 0; k < name_n + value_n; k++) text[k] = (char)rand();
        struct span constant = SPAN("constant");
        bool is_constant = value_n + constant.n < sizeof text && rand() % 3 == 0;
        struct hpack_field f = {.name = is_constant ? constant : (struct span){text, name_n},
                                .value = {text + name_n, value_n}};
        hpack_table_add(&d, &f, is_constant);
        model_add(&m, f.name, f.value);
        if (rand() % 300 == 0) {
            m.size = d.size = (uint32_t)rand() % (limit + 1);
            hpack_table_shrink(d.table, d.size);
            model_shrink(&m, m.size);
        } else if (rand() % 100 == 0) {
            m.size = d.size = limit;
        }
        if (i % 5 == 0) check_model(&m, &d, limit);
    }
    hpack_done(&d);
    ck_assert_ptr_null(d.table);
}
END_TEST

/* Texts that fill their ring (256 bytes, 512, 1024 …) to the last byte, and one byte more. */
START_TEST(table_is_full) {
    static const size_t lengths[] = {128, 128, 1, 255, 1, 511, 1, 512, 511, 1, 300};
    static struct model m;
    char text[600];
    struct hpack_decoder d;
    hpack_init(&d, 65536);
    m.size = d.size;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memset(text, 'a' + (int)i, sizeof text);
        struct hpack_field f = {.name = {text, lengths[i] / 2}, .value = {text, lengths[i] - lengths[i] / 2}};
        hpack_table_add(&d, &f, false);
        model_add(&m, f.name, f.value);
        check_model(&m, &d, 65536);
    }
    hpack_done(&d);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("table");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, table_is_bounded, 0, sizeof table_limits / sizeof *table_limits);
    tcase_add_test(tests, table_is_full);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
