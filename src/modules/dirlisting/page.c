/* page.c - a listing as a page for people, and as JSON */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/dirlisting/page.h"

#include <time.h>

#include "http/date.h"
#include "http/uri.h"

/* ---- parts --------------------------------------------------------------------------------------- */

/* Bytes of the character at the start of s; 0 if they are no UTF-8. */
static size_t character_length(struct span s) {
    for (size_t n = 1; n <= 4 && n <= s.n; n++)
        if (utf8_is_valid(span_upto(s, n))) return n;
    return 0;
}

/* Control characters have pictures in Unicode (U+2400 …): a name with a line break in it shall look like one. */
void page_add_text(struct buf *out, struct span name, bool is_utf8) {
    while (name.n) {
        unsigned char c = (unsigned char)name.p[0];
        size_t n = is_utf8 ? character_length(name) : 1;
        if (n == 0) buf_add_text(out, "\xef\xbf\xbd");
        else if (c < 0x20 || c == 0x7f) buf_printf(out, "&#x%x;", c == 0x7f ? 0x2421u : 0x2400u + c);
        else html_escape(out, span_upto(name, n));
        name = span_from(name, n ? n : 1);
    }
}

void page_add_link(struct buf *out, const struct entry *e) {
    struct buf url = {0};
    if (span_find(e->name, ':') < e->name.n) buf_add(&url, SPAN("./")); /* RFC 3986 4.2 */
    percent_encode(&url, e->name, PERCENT_PATH);
    if (e->is_folder) buf_add_char(&url, '/');
    html_escape(out, buf_span(&url));
    buf_done(&url);
}

void page_add_size(struct buf *out, uint64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;
    while (unit < 6 && bytes >> (10 * unit) >= 1024) unit++;
    if (unit == 0) {
        buf_printf(out, "%u B", (unsigned)bytes);
        return;
    }
    uint64_t smaller = bytes >> (10 * (unit - 1)), tenths = (smaller * 10 + 512) / 1024;
    if (tenths >= 10240) { /* 1023.96 KiB */
        tenths = 10;
        unit++;
    }
    if (tenths >= 1000) buf_printf(out, "%u %s", (unsigned)(tenths + 5) / 10, units[unit]);
    else buf_printf(out, "%u.%u %s", (unsigned)tenths / 10, (unsigned)tenths % 10, units[unit]);
}

void page_add_grouped(struct buf *out, uint64_t number) {
    char text[32];
    size_t at = sizeof text;
    unsigned digits = 0;
    do {
        if (digits && digits % 3 == 0) text[--at] = ',';
        text[--at] = (char)('0' + number % 10);
        digits++;
    } while (number /= 10);
    buf_add(out, span_between(text + at, text + sizeof text));
}

static void add_iso_time(struct buf *out, int64_t t) {
    struct civil c = civil_from_unix(t);
    buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

/* As the clock on the server's wall has it. */
static void add_time(struct buf *out, int64_t t) {
    time_t seconds = (time_t)t;
    struct tm tm;
    char text[32];
    if (!localtime_r(&seconds, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm)) return;
    buf_add_text(out, "<time datetime=\"");
    add_iso_time(out, t);
    buf_printf(out, "\">%s</time>", text);
}

static void add_count(struct buf *out, size_t n, const char *one, const char *many) {
    page_add_grouped(out, n);
    buf_add_char(out, ' ');
    buf_add_text(out, n == 1 ? one : many);
}

/* ---- the page ------------------------------------------------------------------------------------ */

static bool is_utf8(const struct page *p) {
    return span_is_ci(p->encoding, SPAN("utf-8")) || span_is_ci(p->encoding, SPAN("utf8"));
}

static void add_linked_file(struct buf *out, const char *before, struct span url, const char *after) {
    if (url.n == 0) return;
    buf_add_text(out, before);
    html_escape(out, url);
    buf_add_text(out, after);
}

static void start(struct buf *out, const struct page *p) {
    buf_add(out, SPAN("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\""));
    html_escape(out, p->encoding);
    buf_add(out,
            SPAN("\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>Index of "));
    page_add_text(out, p->path, is_utf8(p));
    buf_add(out, SPAN("</title>\n"));
    if (p->css.n) {
        add_linked_file(out, "<link rel=\"stylesheet\" href=\"", p->css, "\">\n");
    } else {
        buf_add(out, SPAN("<style>"));
        buf_add(out, listing_style);
        buf_add(out, SPAN("</style>\n"));
    }
    add_linked_file(out, "<script defer src=\"", p->js, "\"></script>\n");
    buf_add(out, SPAN("</head>\n<body>\n<main>\n"));
}

/* Takes the next folder's name off the path. False at its end. */
static bool next_folder(struct span *path, struct span *name) {
    while (span_next(path, '/', name))
        if (name->n) return true;
    return false;
}

/* The path, each folder above being a link; relative, so that it holds behind a proxy that serves us elsewhere. */
static void add_heading(struct buf *out, const struct page *p) {
    struct span rest = p->path, part;
    size_t depth = 0;
    while (next_folder(&rest, &part)) depth++;
    rest = p->path;
    part = p->site.n ? p->site : SPAN("Index");
    buf_add(out, SPAN("<h1>"));
    for (; depth; depth--) {
        buf_add(out, SPAN("<a href=\""));
        for (size_t i = 0; i < depth; i++) buf_add(out, SPAN("../"));
        buf_add(out, SPAN("\">"));
        page_add_text(out, part, is_utf8(p));
        buf_add(out, SPAN("</a><i>/</i>"));
        next_folder(&rest, &part);
    }
    page_add_text(out, part, is_utf8(p));
    buf_add(out, SPAN("</h1>\n"));
}

static void add_sum(struct buf *out, const struct listing *l) {
    size_t folders = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < l->count; i++) {
        folders += l->list[i].is_folder;
        bytes += l->list[i].size;
    }
    if (l->count == 0) return;
    buf_add(out, SPAN("<p class=\"sum\">"));
    if (folders) add_count(out, folders, "folder", "folders");
    if (folders && l->count > folders) buf_add(out, SPAN(", "));
    if (l->count > folders) {
        add_count(out, l->count - folders, "file", "files");
        buf_add(out, SPAN(", "));
        page_add_size(out, bytes);
    }
    buf_add(out, SPAN("</p>\n"));
}

static const struct {
    char class, key;
    const char *title;
    bool first_descending; /* the newest and the largest are what one looks for */
} columns[] = {
    [BY_NAME] = {'n', 'N', "Name", false},
    [BY_TIME] = {'m', 'M', "Last modified", true},
    [BY_SIZE] = {'s', 'S', "Size", true},
};

static void add_columns(struct buf *out, const struct page *p) {
    buf_add(out, SPAN("<thead><tr>"));
    for (unsigned i = 0; i < sizeof columns / sizeof *columns; i++) {
        bool here = p->is_sortable && p->wish.by == i;
        bool next = here ? !p->wish.descending : columns[i].first_descending;
        buf_printf(out, "<th class=\"%c\"", columns[i].class);
        if (here) buf_printf(out, " aria-sort=\"%s\"", p->wish.descending ? "descending" : "ascending");
        if (p->is_sortable)
            buf_printf(out, "><a href=\"?C=%c;O=%c\">%s</a></th>", columns[i].key, next ? 'D' : 'A',
                       columns[i].title);
        else
            buf_printf(out, "><span>%s</span></th>", columns[i].title);
    }
    buf_add(out, SPAN("</tr></thead>\n"));
}

static void add_row(struct buf *out, const struct entry *e, bool utf8) {
    buf_add_text(out, e->is_folder ? "<tr class=\"d\"><td class=\"n\"><a href=\"" : "<tr><td class=\"n\"><a href=\"");
    page_add_link(out, e);
    buf_add(out, SPAN("\">"));
    page_add_text(out, e->name, utf8);
    if (e->is_folder) buf_add_char(out, '/');
    buf_add(out, SPAN("</a></td><td class=\"m\">"));
    add_time(out, e->mtime_s);
    if (e->is_folder) {
        buf_add(out, SPAN("</td><td class=\"s\"></td></tr>\n"));
        return;
    }
    buf_add(out, SPAN("</td><td class=\"s\" title=\""));
    page_add_grouped(out, e->size);
    buf_add_text(out, e->size == 1 ? " byte\">" : " bytes\">");
    page_add_size(out, e->size);
    buf_add(out, SPAN("</td></tr>\n"));
}

static void add_list(struct buf *out, const struct page *p, const struct listing *l) {
    bool utf8 = is_utf8(p);
    buf_add(out, SPAN("<div class=\"list\">\n<table>\n"));
    add_columns(out, p);
    buf_add(out, SPAN("<tbody>\n"));
    if (p->path.n > 1)
        buf_add(out, SPAN("<tr class=\"d up\"><td class=\"n\"><a href=\"../\">Parent folder</a></td>"
                          "<td class=\"m\"></td><td class=\"s\"></td></tr>\n"));
    for (size_t i = 0; i < l->count; i++) add_row(out, &l->list[i], utf8);
    buf_add(out, SPAN("</tbody>\n</table>\n"));
    if (l->count == 0) buf_add(out, SPAN("<p class=\"empty\">This folder is empty.</p>\n"));
    if (l->is_cut) {
        buf_add(out, SPAN("<p class=\"cut\">This folder has more entries; "));
        page_add_grouped(out, l->count);
        buf_add(out, SPAN(" of them are listed.</p>\n"));
    }
    buf_add(out, SPAN("</div>\n"));
}

void page_write(struct buf *out, const struct page *p, const struct listing *l) {
    if (p->has_layout) {
        start(out, p);
        add_heading(out, p);
        add_sum(out, l);
    }
    buf_add(out, p->header);
    add_list(out, p, l);
    buf_add(out, p->readme);
    if (!p->has_layout) return;
    if (p->footer.n) {
        buf_add(out, SPAN("<div class=\"foot\">"));
        buf_add(out, p->footer);
        buf_add(out, SPAN("</div>\n"));
    }
    buf_add(out, SPAN("</main>\n</body>\n</html>\n"));
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

void page_write_json(struct buf *out, const struct listing *l) {
    buf_add(out, SPAN("["));
    for (size_t i = 0; i < l->count; i++) {
        const struct entry *e = &l->list[i];
        buf_add_text(out, i ? ",\n{\"name\":\"" : "\n{\"name\":\"");
        json_escape(out, e->name);
        buf_add_text(out, e->is_folder ? "\",\"type\":\"directory\",\"size\":" : "\",\"type\":\"file\",\"size\":");
        if (e->is_folder) buf_add(out, SPAN("null"));
        else buf_add_number(out, e->size);
        buf_add(out, SPAN(",\"mtime\":\""));
        add_iso_time(out, e->mtime_s);
        buf_add(out, SPAN("\"}"));
    }
    buf_add(out, SPAN("\n]\n"));
}
