/* test_post.c - messages with descriptors, in pieces, in both directions at once, to a peer who does not read */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "fdevents/socket.h"
#include "server/post.h"
#include "server/programs.h"

/* end - one side, and what it has heard */
struct end {
    struct post post;
    struct buf heard; /* "kind:id:length:descriptors " for each */
    size_t bytes;
    int kept;         /* the first descriptor of the last letter that had one */
    bool gone, closes;
};

static struct fdevents *events;
static struct end a, b;

static void take(struct post *p, struct letter *l) {
    struct end *e = CONTAINER(p, struct end, post);
    buf_printf(&e->heard, "%u:%u:%zu:%u%s ", l->kind, l->id, l->payload.n, l->enclosed.count, l->fds_lost ? "!" : "");
    size_t good = 0;
    while (good < l->payload.n && l->payload.p[good] == (char)(l->id + good)) good++;
    ck_assert_uint_eq(good, l->payload.n);
    e->bytes += l->payload.n;
    if (l->enclosed.count) {
        if (e->kept >= 0) close(e->kept);
        e->kept = enclosure_take(&l->enclosed, 0);
    }
    if (e->closes) post_close(p);
}

static void gone(struct post *p) {
    CONTAINER(p, struct end, post)->gone = true;
}

static void begin(struct end *e, int fd) {
    *e = (struct end){.kept = -1};
    e->post.take = take;
    e->post.gone = gone;
    ck_assert(post_open(&e->post, events, fd));
}

static void set_up(void) {
    int pair[2];
    events = fdevents_make(NULL, 64);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    begin(&a, pair[0]);
    begin(&b, pair[1]);
}

static void turn(unsigned times) {
    while (times--) fdevents_turn(events, 0);
}

static void tear_down(void) {
    post_close(&a.post);
    post_close(&b.post);
    turn(2);
    ck_assert(a.gone && b.gone);
    buf_done(&a.heard);
    buf_done(&b.heard);
    if (a.kept >= 0) close(a.kept);
    if (b.kept >= 0) close(b.kept);
    fdevents_drop(events);
}

static bool say(struct end *e, unsigned kind, uint32_t id, size_t n, const int *fds, unsigned fd_count) {
    struct buf payload = {0};
    char *p = buf_room(&payload, n + 1);
    for (size_t i = 0; i < n; i++) p[i] = (char)(id + i);
    payload.n = n;
    struct enclosure enclosed = {.count = fd_count};
    for (unsigned i = 0; i < fd_count; i++) enclosed.fds[i] = fds[i];
    bool ok = post_send(&e->post, kind, id, buf_span(&payload), &enclosed);
    int error = errno;
    buf_done(&payload);
    errno = error;
    return ok;
}

static unsigned open_descriptors(void) {
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

START_TEST(messages_come_in_order) {
    for (uint32_t i = 1; i <= 3; i++) ck_assert(say(&a, i, 10 * i, i * 5, NULL, 0));
    ck_assert(say(&b, 7, 1, 0, NULL, 0));
    turn(3);
    ck_assert_str_eq(buf_text(&b.heard), "1:10:5:0 2:20:10:0 3:30:15:0 ");
    ck_assert_str_eq(buf_text(&a.heard), "7:1:0:0 ");
}
END_TEST

/* Each belongs to its message, and is nobody's when nobody takes it. */
START_TEST(descriptors_travel) {
    int ends[2], other[2];
    char byte;
    unsigned before = open_descriptors();
    ck_assert_int_eq(fd_pipe(ends), 0);
    ck_assert_int_eq(fd_pipe(other), 0);
    ck_assert(say(&a, 1, 1, 3, NULL, 0));
    ck_assert(say(&a, 2, 2, 4, (int[]){ends[1], dup(1), dup(2)}, 3));
    ck_assert(say(&a, 3, 3, 0, NULL, 0));
    ck_assert(say(&a, 4, 4, 1, (int[]){other[1]}, 1));
    turn(3);
    ck_assert_str_eq(buf_text(&b.heard), "1:1:3:0 2:2:4:3 3:3:0:0 4:4:1:1 ");
    ck_assert_int_eq(write(b.kept, "x", 1), 1);
    ck_assert(read(other[0], &byte, 1) == 1 && byte == 'x');
    ck_assert_int_eq(fcntl(b.kept, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* nobody has its other end any more */
    close(ends[0]);
    close(other[0]);
    close(b.kept);
    b.kept = -1;
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

/* Larger than any buffer of the kernel: in pieces, while the other direction works. */
START_TEST(large_messages) {
    int ends[2];
    ck_assert_int_eq(fd_pipe(ends), 0);
    for (uint32_t i = 0; i < 3; i++) ck_assert(say(&a, 1, i, POST_BYTES_MAX, i == 1 ? &ends[1] : NULL, i == 1));
    ck_assert(say(&b, 2, 9, 100, NULL, 0));
    turn(400);
    ck_assert_uint_eq(b.bytes, 3 * (size_t)POST_BYTES_MAX);
    ck_assert_str_eq(buf_text(&b.heard), "1:0:1048576:0 1:1:1048576:1 1:2:1048576:0 ");
    ck_assert_str_eq(buf_text(&a.heard), "2:9:100:0 ");
    close(ends[0]);
}
END_TEST

START_TEST(bounds) {
    unsigned before = open_descriptors(), sent = 0;
    int ends[2];
    ck_assert_int_eq(fd_pipe(ends), 0);
    ck_assert(!say(&a, 1, 1, POST_BYTES_MAX + 1, &ends[1], 1) && errno == EMSGSIZE);
    close(ends[0]);
    ck_assert_uint_eq(open_descriptors(), before); /* closed in any case */
    while (say(&a, 1, 1, POST_BYTES_MAX / 2, NULL, 0)) ck_assert_uint_lt(++sent, 20);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_ge(sent, POST_QUEUE_MAX / (POST_BYTES_MAX / 2) - 1);
    turn(400);
    ck_assert_uint_eq(b.bytes, sent * (size_t)(POST_BYTES_MAX / 2));
    ck_assert(say(&a, 1, 1, 5, NULL, 0));
}
END_TEST

START_TEST(the_end) {
    ck_assert(say(&b, 1, 1, 4, NULL, 0));
    ck_assert(say(&b, 2, 2, 4, NULL, 0));
    a.closes = true; /* in the middle of what comes */
    turn(1);
    ck_assert(a.gone);
    ck_assert_str_eq(buf_text(&a.heard), "1:1:4:0 ");
    turn(2);
    ck_assert(b.gone);
    ck_assert(!say(&b, 1, 1, 1, NULL, 0) && errno == EPIPE);
}
END_TEST

START_TEST(nonsense_ends_it) {
    const uint32_t head[3] = {UINT32_MAX, 1, 1};
    ck_assert_int_eq(write(a.post.ev.fd, head, sizeof head), sizeof head);
    turn(2);
    ck_assert(b.gone && b.heard.n == 0);
}
END_TEST

START_TEST(words_of_a_command) {
    static const struct {
        const char *command, *words; /* joined with "|" */
    } table[] = {
        {"/bin/a", "/bin/a"},
        {"  /bin/a  -b\t-c ", "/bin/a|-b|-c"},
        {"a 'b c' \"d e\"", "a|b c|d e"},
        {"a 'x\\'y \"q\\\"r\" s\\ t", "a|x\\y|q\"r|s t"},
        {"a '' b", "a||b"},
        {"a pre'fix'\"ed\"", "a|prefixed"},
        {"a 'not closed", "a|not closed"},
        {"a $HOME *.c", "a|$HOME|*.c"},
        {"a \\", "a|\\"},
        {"x x x x x x", "x|x|x|x|x|x"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char **words = command_words(span_of(table[i].command));
        struct buf joined = {0};
        for (char **w = words; *w; w++) buf_printf(&joined, "%s%s", w == words ? "" : "|", *w);
        ck_assert_str_eq(buf_text(&joined), table[i].words);
        buf_done(&joined);
        free(words);
    }
    ck_assert_ptr_null(command_words(SPAN("  ")));
    ck_assert_ptr_null(command_words(SPAN("")));
}
END_TEST

int main(void) {
    Suite *s = suite_create("post");
    TCase *t = tcase_create("post"), *w = tcase_create("words");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, messages_come_in_order);
    tcase_add_test(t, descriptors_travel);
    tcase_add_test(t, large_messages);
    tcase_add_test(t, bounds);
    tcase_add_test(t, the_end);
    tcase_add_test(t, nonsense_ends_it);
    tcase_add_test(w, words_of_a_command);
    suite_add_tcase(s, t);
    suite_add_tcase(s, w);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
