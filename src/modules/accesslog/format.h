/* format.h - accesslog.format: compiled once, written for each request */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_ACCESSLOG_FORMAT_H
#define GOLDCREST_ACCESSLOG_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/complain.h"
#include "conf/value.h"
#include "http/request.h"

#define ACCESS_FORMAT_DEFAULT "%h %V %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""

/* What is not the log's own text is written through one of these: a client must not be able to forge a line. */
typedef void access_escape(struct buf *out, struct span s);
access_escape access_escape_default; /* \" \\ and \xHH for what is not printable ASCII */
access_escape access_escape_json;    /* the inside of a JSON string */

/* access_facts - what a line is made of, beside the request itself: the connection's part and the time */
struct access_facts {
    struct request *request;       /* its arena is used for what has to be put together */
    access_escape *escape;
    struct span server_name;
    const struct addr *peer;
    void (*local_addr)(const struct request *r, struct addr *local); /* a system call: asked for when it is used */
    struct span (*id)(const struct request *r);  /* made when it is asked for */
    struct span (*why)(const struct request *r); /* the reason of a refusal */
    uint64_t sent_bytes, sent_body_bytes;
    uint64_t elapsed_ns;           /* since the request began; only needed where access_format_is_timing() */
    int64_t now_s;
    uint32_t now_ns;
    uint32_t keep_alive_count;
    int status;                    /* as sent; 0: none */
    bool is_complete;
};

struct access_format;

/* Compiles the string v; NULL after a complaint that names the place in the text. */
struct access_format *access_format_make(const struct value *v, struct complaints *c);
void access_format_drop(struct access_format *format); /* accepts NULL */

/* Does a line tell how long the request took, or when it began to less than a second? */
bool access_format_is_timing(const struct access_format *format);

/* access_more - what only JSON tells */
struct access_more {
    const char *cache; /* request_cache_word() */
    struct span tls;   /* "TLSv1.3"; empty: none */
};

/* An object of JSON, without a newline; what is empty is left out. */
void access_json_write(const struct access_facts *facts, const struct access_more *more, struct buf *line);

/* Appends the line, without a newline. The texts of a second are kept in the format: hence not const. */
void access_format_write(struct access_format *format, const struct access_facts *facts, struct buf *line);

#endif
