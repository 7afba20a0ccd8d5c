/* load.c - asks as fast as it is answered, on so many connections, and looks whether each answer is the right one */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "fdevents/socket.h"
#include "net/connect.h"
#include "net/sendfile.h"
#include "tests/bench/answer.h"
#include "tests/bench/common.h"
#include "tests/bench/latency.h"
#include "tests/bench/secure.h"

enum { READ_BYTES = 262144, MOST_CONNECTIONS = 4096, MOST_DEPTH = 256, GIVE_UP_AFTER = 100 };
enum { LAST_ANSWERS_US = 3000000 };

static const char usage[] =
    "usage: load -p PORT [-c CONNECTIONS] [-d MS | -n COUNT] [-g DEPTH] [-k] [-t] [-w]\n"
    "            [-u PATH | -U FILE] [-H FIELD] [-s STATUS] [-l BYTES]\n"
    "\n"
    "Asks 127.0.0.1:PORT, the next request when the one before is answered; prints what it\n"
    "counted as one line of JSON. Ends with 1 if an answer was wrong, or none came.\n"
    "  -c CONNECTIONS  at once (64)\n"
    "  -d MS           how long (1000)\n"
    "  -n COUNT        how many answers instead, at most a minute long\n"
    "  -g DEPTH        so many requests at once on a connection (1)\n"
    "  -k              a new connection for each request\n"
    "  -t              TLS\n"
    "  -w              connects and asks once, says \"ready\", and begins to count after a line of input\n"
    "  -u PATH         asked for (/)\n"
    "  -U FILE         paths, one a line, each asked for in turn\n"
    "  -H FIELD        one more field of the requests, \"Name: value\"\n"
    "  -s STATUS       that each answer must have (200)\n"
    "  -l BYTES        that each answer's body must have (all like the first)\n";

struct conn {
    struct fdevent ev;
    struct secure *secure;
    struct answer answer;  /* the one that is being received */
    const char *out;       /* what is left of the requests */
    size_t out_bytes;
    unsigned awaited;      /* answers */
    uint64_t begun_us;
    bool is_connecting, is_shaking;
};

static struct {
    unsigned port, connections, depth, status;
    uint64_t ms, count, body_bytes;
    bool is_counted, is_new_each, is_secure, is_waiting, knows_body;
    const char *path, *paths, *field;
} option = {.connections = 64, .depth = 1, .status = 200, .ms = 1000, .path = "/"};

/* What was counted. */
static struct {
    uint64_t asked, answers, connections, bytes;
    uint64_t wrong_status, wrong_length, no_answer, broken, refused;
} sum;

static struct fdevents *set;
static struct conn *conns;
static unsigned active;
static struct addr_room server;
static char received[READ_BYTES];

static char **requests; /* each is DEPTH requests, one behind the other */
static size_t *request_bytes;
static size_t request_count, next_request;
static uint64_t end_us, last_us;
static bool is_ending, is_preparing;
static unsigned prepared; /* connections that wait for the beginning */

/* ---- requests ----------------------------------------------------------------------------------- */

static void add_request(const char *path) {
    static size_t room, room_bytes;
    char one[2048];
    int n = snprintf(one, sizeof one,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: bench\r\nAccept: */*\r\n%s%s%s\r\n",
                     path, option.port, option.field ? option.field : "", option.field ? "\r\n" : "",
                     option.is_new_each ? "Connection: close\r\n" : "");
    if (n < 0 || (size_t)n >= sizeof one) {
        fputs("that request is too long\n", stderr);
        exit(2);
    }
    requests = memory_grow(requests, &room, request_count + 1, sizeof *requests);
    request_bytes = memory_grow(request_bytes, &room_bytes, request_count + 1, sizeof *request_bytes);
    char *all = memory_get((size_t)n * option.depth);
    for (unsigned i = 0; i < option.depth; i++) memcpy(all + (size_t)n * i, one, (size_t)n);
    requests[request_count] = all;
    request_bytes[request_count++] = (size_t)n * option.depth;
}

static void read_paths(void) {
    char line[1024];
    FILE *f = fopen(option.paths, "r");
    if (!f) die(option.paths);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line) add_request(line);
    }
    fclose(f);
    if (request_count == 0) {
        fprintf(stderr, "%s: no path in it\n", option.paths);
        exit(2);
    }
}

static bool may_ask(void) {
    if (is_ending) return false;
    if (is_preparing) return true;
    return !option.is_counted || sum.asked + option.depth <= option.count;
}

static void ask(struct conn *c) {
    c->out = requests[next_request];
    c->out_bytes = request_bytes[next_request];
    if (++next_request == request_count) next_request = 0;
    c->awaited = option.depth;
    sum.asked += option.depth;
    answer_begin(&c->answer);
}

/* ---- the life of a connection ------------------------------------------------------------------- */

static void run(struct fdevent *ev, unsigned ready);
static void connect_one(struct conn *c);

static uint64_t failures(void) {
    return sum.wrong_status + sum.wrong_length + sum.no_answer + sum.broken + sum.refused;
}

static void end(struct conn *c) {
    secure_drop(c->secure);
    c->secure = NULL;
    fdevent_close(&c->ev);
}

static void fail(struct conn *c, uint64_t *counter) {
    ++*counter;
    if (failures() >= GIVE_UP_AFTER) is_ending = true;
    end(c);
}

static void closed(struct fdevent *ev) {
    active--;
    if (may_ask()) connect_one((struct conn *)ev);
}

static void connect_one(struct conn *c) {
    bool is_connected = false;
    memset(c, 0, sizeof *c);
    int fd = connect_to(&server, &is_connected);
    if (fd < 0) {
        sum.refused++;
        return;
    }
    sum.connections++;
    active++;
    c->begun_us = now_us();
    c->is_connecting = !is_connected;
    c->is_shaking = option.is_secure;
    c->ev.run = run;
    c->ev.closed = closed;
    if (option.is_secure) c->secure = secure_make(fd);
    if (option.is_secure && !c->secure) die("secure_make");
    if (fdevent_add(set, &c->ev, fd, FDEVENT_OUT) < 0) die("fdevent_add");
    ask(c);
}

static void ask_next(struct conn *c) {
    if (!may_ask()) {
        end(c);
        return;
    }
    ask(c);
    c->begun_us = now_us();
    fdevent_want(&c->ev, FDEVENT_OUT);
    run(&c->ev, FDEVENT_OUT);
}

/* ---- the answers --------------------------------------------------------------------------------- */

/* The one that is complete is right, or the connection ends here. */
static bool is_right(struct conn *c) {
    if (c->answer.status != option.status) {
        fail(c, &sum.wrong_status);
        return false;
    }
    if (!option.knows_body) option.body_bytes = c->answer.body_bytes;
    option.knows_body = true;
    if (c->answer.body_bytes == option.body_bytes) return true;
    fail(c, &sum.wrong_length);
    return false;
}

/* All that was asked is answered: what now? With new connections each, the server ends this one. */
static void go_on(struct conn *c) {
    if (is_preparing) {
        prepared++;
        return;
    }
    latency_add(now_us() - c->begun_us);
    if (!option.is_new_each) ask_next(c);
}

/* Those bytes were received. False: the connection is at its end. */
static bool take(struct conn *c, const char *p, size_t n) {
    sum.bytes += n;
    while (n > 0) {
        if (c->awaited == 0) {
            fail(c, &sum.wrong_length); /* nobody has asked for these */
            return false;
        }
        size_t used = answer_take(&c->answer, p, n);
        if (c->answer.state == ANSWER_NONE) {
            fail(c, &sum.no_answer);
            return false;
        }
        p += used;
        n -= used;
        if (c->answer.state != ANSWER_WHOLE) continue;
        if (!is_right(c)) return false;
        sum.answers++;
        c->awaited--;
        answer_begin(&c->answer);
    }
    return true;
}

/* The server has ended it: as it was told to, or while it still owed something. */
static void ended(struct conn *c) {
    if (c->awaited == 0 && option.is_new_each) end(c);
    else fail(c, &sum.broken);
}

static ssize_t receive(struct conn *c) {
    if (!c->secure) {
        ssize_t n = recv(c->ev.fd, received, sizeof received, 0);
        return n >= 0 ? n : errno == EAGAIN ? SECURE_NEEDS_IN : SECURE_BROKEN;
    }
    return secure_read(c->secure, received, sizeof received);
}

static void read_all(struct conn *c) {
    for (;;) {
        unsigned awaited = c->awaited;
        ssize_t n = receive(c);
        if (n == SECURE_NEEDS_IN || n == SECURE_NEEDS_OUT) return;
        if (n <= 0) {
            ended(c);
            return;
        }
        if (!take(c, received, (size_t)n)) return;
        bool has_more = c->secure ? secure_holds_more(c->secure) : (size_t)n == sizeof received;
        if (awaited && c->awaited == 0) {
            go_on(c);
            return;
        }
        if (!has_more) return;
    }
}

/* ---- a connection's turn ------------------------------------------------------------------------- */

static bool write_all(struct conn *c) {
    while (c->out_bytes > 0) {
        ssize_t n = c->secure ? secure_write(c->secure, c->out, c->out_bytes)
                              : send(c->ev.fd, c->out, c->out_bytes, MSG_NOSIGNAL);
        if (n < 0 && c->secure ? n != SECURE_BROKEN : n < 0 && errno == EAGAIN) return true;
        if (n < 0) {
            fail(c, &sum.broken);
            return false;
        }
        c->out += n;
        c->out_bytes -= (size_t)n;
    }
    fdevent_want(&c->ev, FDEVENT_IN);
    return true;
}

static bool shake(struct conn *c) {
    int state = secure_shake(c->secure);
    if (state == SECURE_BROKEN) fail(c, &sum.broken);
    else if (state < 0) fdevent_want(&c->ev, state == SECURE_NEEDS_OUT ? FDEVENT_OUT : FDEVENT_IN);
    c->is_shaking = state < 0;
    return state == 0;
}

static void run(struct fdevent *ev, unsigned ready) {
    struct conn *c = (struct conn *)ev;
    if (c->is_connecting) {
        int error = socket_connect_result(ev->fd);
        if (error == EINPROGRESS) return;
        if (error) {
            fail(c, &sum.refused);
            return;
        }
        c->is_connecting = false;
    }
    if (c->is_shaking && !shake(c)) return;
    if (c->out_bytes > 0 && !write_all(c)) return;
    if (ready & FDEVENT_IN && c->out_bytes == 0) read_all(c);
}

/* ---- all of them --------------------------------------------------------------------------------- */

/* Connections and what they cost at first are there before it begins. */
static void prepare(void) {
    uint64_t give_up_us = now_us() + LAST_ANSWERS_US;
    is_preparing = true;
    for (unsigned i = 0; i < option.connections; i++) connect_one(&conns[i]);
    while (!is_ending && prepared < option.connections && now_us() < give_up_us)
        if (fdevents_turn(set, 20) < 0) die("fdevents_turn");
    is_preparing = false;
    puts("ready");
    fflush(stdout);
    for (int c; (c = getchar()) != EOF && c != '\n';)
        ;
    sum.asked = sum.answers = sum.bytes = 0;
}

/* When the time is over nobody asks any more, but what was asked is still waited for. */
static void run_all(void) {
    conns = memory_zeroed(option.connections, sizeof *conns);
    if (option.is_waiting) prepare();
    uint64_t begun_us = now_us();
    end_us = begun_us + option.ms * 1000;
    for (unsigned i = 0; i < option.connections; i++) {
        if (conns[i].ev.set && conns[i].awaited == 0) ask_next(&conns[i]);
        else if (!conns[i].ev.set && may_ask()) connect_one(&conns[i]);
    }
    while (active > 0) {
        uint64_t now = now_us();
        if (now >= end_us) is_ending = true;
        if (now >= end_us + LAST_ANSWERS_US) break;
        if (fdevents_turn(set, 20) < 0) die("fdevents_turn");
    }
    for (unsigned i = 0; i < option.connections; i++) sum.no_answer += conns[i].ev.set ? conns[i].awaited : 0;
    last_us = now_us() - begun_us;
}

static bool print_sum(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("{\"answers\": %llu, \"seconds\": %.6f, \"bytes\": %llu, \"connections\": %llu, \"status\": %u, "
           "\"body_bytes\": %llu, ",
           (unsigned long long)sum.answers, (double)last_us / 1e6, (unsigned long long)sum.bytes,
           (unsigned long long)sum.connections, option.status, (unsigned long long)option.body_bytes);
    printf("\"wrong_status\": %llu, \"wrong_length\": %llu, \"no_answer\": %llu, \"broken\": %llu, "
           "\"refused\": %llu, ",
           (unsigned long long)sum.wrong_status, (unsigned long long)sum.wrong_length,
           (unsigned long long)sum.no_answer, (unsigned long long)sum.broken, (unsigned long long)sum.refused);
    printf("\"p50_us\": %llu, \"p99_us\": %llu, \"cpu_s\": %.6f}\n", (unsigned long long)latency_at(0.5),
           (unsigned long long)latency_at(0.99), cpu_s);
    return sum.answers > 0 && failures() == 0;
}

static void take_option(int letter) {
    switch (letter) {
    case 'p': option.port = (unsigned)option_number(optarg, 65535); break;
    case 'c': option.connections = (unsigned)option_number(optarg, MOST_CONNECTIONS); break;
    case 'd': option.ms = option_number(optarg, 600000); break;
    case 'n': option.count = option_number(optarg, 1000000000), option.is_counted = true, option.ms = 60000; break;
    case 'g': option.depth = (unsigned)option_number(optarg, MOST_DEPTH); break;
    case 'k': option.is_new_each = true; break;
    case 't': option.is_secure = true; break;
    case 'w': option.is_waiting = true; break;
    case 'u': option.path = optarg; break;
    case 'U': option.paths = optarg; break;
    case 'H': option.field = optarg; break;
    case 's': option.status = (unsigned)option_number(optarg, 599); break;
    case 'l': option.body_bytes = option_number(optarg, UINT64_MAX), option.knows_body = true; break;
    case 'h': fputs(usage, stdout); exit(0);
    default: fputs(usage, stderr); exit(2);
    }
}

int main(int argc, char **argv) {
    for (int letter; (letter = getopt(argc, argv, "p:c:d:n:g:ktwu:U:H:s:l:h")) != -1;) take_option(letter);
    if (!option.port || !option.connections || !option.depth || optind != argc) take_option('?');
    if (option.is_secure && !secure_start(NULL)) return 2;
    if (option.is_new_each) option.depth = 1, option.is_waiting = false;
    if (option.paths) read_paths();
    else add_request(option.path);
    (void)addr_of_literal(SPAN("127.0.0.1"), (uint16_t)option.port, &server);
    set = make_set();
    run_all();
    return print_sum() ? 0 : 1;
}
