/* floor.c - the least that a server can do: for each head of a request one constant answer, looked at by nobody */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "net/sendfile.h"
#include "tests/bench/common.h"
#include "tests/bench/secure.h"

enum { READ_BYTES = 65536, BLOCK_BYTES = 65536, MOST_COPIES = 64, HEAD_BYTES = 512, MOST_BODY = 1 << 24 };

static const char usage[] =
    "usage: floor -p PORT [-s STATUS] [-l BYTES] [-f FILE] [-t PEMFILE] [-e N | -E N]\n"
    "\n"
    "Answers each request on 127.0.0.1:PORT alike. A request whose last line ends with \"close\" is the last one.\n"
    "  -s STATUS   of the answer (200)\n"
    "  -l BYTES    of the body (0); with status 304 there is none\n"
    "  -f FILE     the body is that file, sent with sendfile() where the system has it\n"
    "  -t PEMFILE  TLS, with the certificate and key in that file\n"
    "  -e N        each Nth answer of a connection has a wrong status\n"
    "  -E N        each Nth answer of a connection has a wrong length\n";

/* conn - a connection; what it is owed is sent from `at` in the block, round and round */
struct conn {
    struct fdevent ev;
    struct secure *secure; /* NULL without TLS */
    struct conn *next;     /* while it is kept for the next connection */
    uint64_t owed_bytes;
    uint64_t at;
    unsigned matched; /* how many bytes of an end of a head the last bytes were */
    bool is_shaking, is_last;
};

static struct fdevents *set;
static struct conn *kept;
static char received[READ_BYTES];

/* The answers, one behind the other: so many can be sent at once. With a file, which follows it, one head. */
static char *block;
static uint64_t answer_bytes, block_bytes;
static size_t head_bytes;
static int file = -1;
static uint64_t file_bytes;

static struct {
    unsigned port, status;
    uint64_t body_bytes;
    const char *file, *pemfile;
    unsigned wrong_status_each, wrong_length_each;
} option = {.status = 200};

/* ---- sending ------------------------------------------------------------------------------------ */

static ssize_t send_file(int fd, uint64_t from) {
    static char piece[READ_BYTES];
    ssize_t sent = sendfile_range(fd, file, from, file_bytes - from);
    if (sent >= 0 || !sendfile_cannot(errno)) return sent;
    ssize_t n = pread(file, piece, sizeof piece, (off_t)from);
    return n <= 0 ? -1 : send(fd, piece, (size_t)n, MSG_NOSIGNAL);
}

/* What is next in the block, as far as it is owed. Before a file, or the connection's end, the bytes wait for that
 * and leave with it. */
static ssize_t send_some(struct conn *c) {
    uint64_t n = block_bytes - c->at;
    if (n > c->owed_bytes) n = c->owed_bytes;
    if (file >= 0 && c->at >= head_bytes) return send_file(c->ev.fd, c->at - head_bytes);
    if (file >= 0) n = head_bytes - c->at;
    if (c->secure) return secure_write(c->secure, block + c->at, (size_t)n);
    bool goes_on = file >= 0 || (c->is_last && n == c->owed_bytes);
    return send(c->ev.fd, block + c->at, (size_t)n, MSG_NOSIGNAL | (goes_on ? MSG_MORE : 0));
}

/* 0 sent, 1 not yet, -1 broken. */
static int send_owed(struct conn *c) {
    while (c->owed_bytes > 0) {
        ssize_t n = send_some(c);
        if (n <= 0) return c->secure ? (n == SECURE_BROKEN ? -1 : 1) : n < 0 && errno == EAGAIN ? 1 : -1;
        c->owed_bytes -= (uint64_t)n;
        c->at += (uint64_t)n;
        if (c->at == block_bytes) c->at = 0;
    }
    return 0;
}

/* ---- receiving ---------------------------------------------------------------------------------- */

/* One byte after the other, where a head may have begun or may go on in other bytes than these. */
static unsigned match(unsigned matched, char byte) {
    static const char end[] = "\r\n\r\n";
    if (byte == end[matched]) return matched + 1;
    return byte == '\r' ? 1 : 0;
}

/* How many heads end in these bytes. In between, it looks at each fourth byte only. */
static unsigned heads_in(struct conn *c, const char *p, size_t n) {
    unsigned heads = 0;
    size_t i = 0;
    for (; c->matched && i < n; i++) {
        c->matched = match(c->matched, p[i]);
        if (c->matched == 4) heads++, c->matched = 0;
    }
    while (i + 4 <= n) {
        char last = p[i + 3];
        if (last == '\n' && p[i + 2] == '\r' && p[i + 1] == '\n' && p[i] == '\r') {
            if (i >= 5 && memcmp(p + i - 5, "close", 5) == 0) c->is_last = true;
            heads++;
            i += 4;
        } else i += last == '\n' ? 2 : last == '\r' ? 1 : 4;
    }
    for (; i < n; i++) c->matched = match(c->matched, p[i]);
    return heads;
}

/* Bytes, 0 at the end, -1 for later or -2 for broken. */
static ssize_t receive(struct conn *c) {
    if (c->secure) {
        ssize_t n = secure_read(c->secure, received, sizeof received);
        return n == SECURE_BROKEN ? -2 : n < 0 ? -1 : n;
    }
    ssize_t n = recv(c->ev.fd, received, sizeof received, 0);
    return n >= 0 ? n : errno == EAGAIN ? -1 : -2;
}

/* ---- a connection's turn ------------------------------------------------------------------------- */

static void end(struct conn *c) {
    secure_drop(c->secure);
    c->secure = NULL;
    fdevent_close(&c->ev);
}

static void serve(struct conn *c) {
    for (;;) {
        int state = send_owed(c);
        if (state < 0 || (state == 0 && c->is_last)) {
            end(c);
            return;
        }
        fdevent_want(&c->ev, state ? FDEVENT_OUT : FDEVENT_IN);
        if (state) return;
        ssize_t n = receive(c);
        if (n == -1) return;
        if (n <= 0) {
            end(c);
            return;
        }
        c->owed_bytes += heads_in(c, received, (size_t)n) * answer_bytes;
        /* A socket that gave less than it could have given is empty: the next turn asks it, not this one. */
        bool has_more = c->secure ? secure_holds_more(c->secure) : (size_t)n == sizeof received;
        if (!has_more && !c->is_last && send_owed(c) == 0) return;
    }
}

static void run(struct fdevent *ev, unsigned ready) {
    struct conn *c = (struct conn *)ev;
    (void)ready;
    if (c->is_shaking) {
        int state = secure_shake(c->secure);
        if (state == SECURE_BROKEN) {
            end(c);
            return;
        }
        if (state < 0) {
            fdevent_want(ev, state == SECURE_NEEDS_OUT ? FDEVENT_OUT : FDEVENT_IN);
            return;
        }
        c->is_shaking = false;
    }
    serve(c);
}

static void closed(struct fdevent *ev) {
    struct conn *c = (struct conn *)ev;
    c->next = kept;
    kept = c;
}

/* Its request is mostly there already: so it is asked at once, without waiting for the kernel to say so. */
static void begin(int fd) {
    struct conn *c = kept ? kept : memory_get(sizeof *c);
    if (c == kept) kept = c->next;
    memset(c, 0, sizeof *c);
    c->ev.run = run;
    c->ev.closed = closed;
    c->is_shaking = option.pemfile != NULL;
    if (c->is_shaking) c->secure = secure_make(fd);
    if (c->is_shaking && !c->secure) die("secure_make");
    if (fdevent_add(set, &c->ev, fd, FDEVENT_IN) < 0) die("fdevent_add");
    run(&c->ev, FDEVENT_IN);
}

/* ---- the answer --------------------------------------------------------------------------------- */

static const char *reason(unsigned status) {
    switch (status) {
    case 200: return "OK";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 404: return "Not Found";
    default: return "Other";
    }
}

/* Fields like those of a server with files. All answers are of one size, the wrong ones too. */
static size_t write_head(char head[HEAD_BYTES], unsigned status, uint64_t body_bytes) {
    char length[64] = "";
    if (status != 304) snprintf(length, sizeof length, "Content-Length: %09llu\r\n", (unsigned long long)body_bytes);
    int n = snprintf(head, HEAD_BYTES,
                     "HTTP/1.1 %03u %s\r\nDate: Thu, 26 Nov 2026 08:00:00 GMT\r\nServer: floor\r\n"
                     "Content-Type: text/plain\r\nAccept-Ranges: bytes\r\nETag: \"0123456789abcdef\"\r\n"
                     "Last-Modified: Thu, 26 Nov 2026 07:00:00 GMT\r\n%s\r\n",
                     status, reason(option.status), length);
    return (size_t)n;
}

static void make_answer(char *at, uint64_t number) {
    unsigned status = option.status;
    uint64_t length = file >= 0 ? file_bytes : option.body_bytes;
    if (option.wrong_status_each && number == option.wrong_status_each) status = 500;
    if (option.wrong_length_each && number == option.wrong_length_each) length--;
    char head[HEAD_BYTES];
    size_t n = write_head(head, status, length);
    memcpy(at, head, n);
    if (file < 0) memset(at + n, 'x', (size_t)option.body_bytes);
}

static void make_block(void) {
    char head[HEAD_BYTES];
    head_bytes = write_head(head, option.status, 0);
    answer_bytes = head_bytes + (file >= 0 ? file_bytes : option.body_bytes);
    uint64_t copies = file >= 0 ? 1 : BLOCK_BYTES / answer_bytes;
    if (copies > MOST_COPIES) copies = MOST_COPIES;
    if (copies < 1) copies = 1;
    if (option.wrong_status_each) copies = option.wrong_status_each;
    if (option.wrong_length_each) copies = option.wrong_length_each;
    block_bytes = copies * answer_bytes;
    uint64_t each = file >= 0 ? head_bytes : answer_bytes;
    block = memory_get((size_t)(copies * each));
    for (uint64_t i = 0; i < copies; i++) make_answer(block + i * each, i + 1);
}

static void open_file(void) {
    struct stat st;
    file = fd_open(option.file, O_RDONLY, 0);
    if (file < 0 || fstat(file, &st) < 0) die(option.file);
    file_bytes = (uint64_t)st.st_size;
}

static void take_option(int letter) {
    switch (letter) {
    case 'p': option.port = (unsigned)option_number(optarg, 65535); break;
    case 's': option.status = (unsigned)option_number(optarg, 599); break;
    case 'l': option.body_bytes = option_number(optarg, MOST_BODY); break;
    case 'f': option.file = optarg; break;
    case 't': option.pemfile = optarg; break;
    case 'e': option.wrong_status_each = (unsigned)option_number(optarg, 1000); break;
    case 'E': option.wrong_length_each = (unsigned)option_number(optarg, 1000); break;
    case 'h': fputs(usage, stdout); exit(0);
    default: fputs(usage, stderr); exit(2);
    }
}

int main(int argc, char **argv) {
    for (int letter; (letter = getopt(argc, argv, "p:s:l:f:t:e:E:h")) != -1;) take_option(letter);
    bool is_odd = option.file && (option.pemfile || option.wrong_status_each || option.wrong_length_each);
    if (!option.port || optind != argc || is_odd || (option.status == 304 && option.body_bytes)) take_option('?');
    if (option.file) open_file();
    if (option.pemfile && !secure_start(option.pemfile)) return 2;
    make_block();
    set = make_set();
    listen_on(set, option.port, begin);
    while (fdevents_turn(set, -1) >= 0)
        ;
    die("fdevents_turn");
}
