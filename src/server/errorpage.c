/* errorpage.c - the server's own page for an error status */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/errorpage.h"

#include "http/names.h"
#include "http/uri.h"

static const struct span style = SPAN_INIT(
    ":root{color-scheme:light dark;--ink:#1d2a1f;--soft:#5d6b60;--paper:#fbfaf5;--crest:#e8a917}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e9ede6;--soft:#9aa79c;--paper:#151a16}}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:34rem;padding:2rem}"
    "h1{margin:0;font-size:1.6rem;font-weight:600;line-height:1.25}"
    "h1 b{display:block;font-size:4.5rem;line-height:1;font-weight:700;letter-spacing:-.03em;"
    "border-left:.35rem solid var(--crest);padding-left:.9rem;margin-bottom:1rem}"
    "p{margin:.75rem 0 0;color:var(--soft)}"
    "footer{margin-top:2.5rem;font-size:.8rem;color:var(--soft)}");

void error_page(struct buf *page, int status, struct span tag) {
    struct span reason = status_reason(status), explanation = status_explanation(status);
    buf_printf(page,
               "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
               "<title>%d %.*s</title>\n<style>%.*s</style>\n</head>\n<body>\n<main>\n<h1><b>%d</b>%.*s</h1>\n",
               status, SPAN_ARG(reason), SPAN_ARG(style), status, SPAN_ARG(reason));
    if (explanation.n) buf_printf(page, "<p>%.*s</p>\n", SPAN_ARG(explanation));
    if (tag.n) {
        buf_add(page, SPAN("<footer>"));
        html_escape(page, tag);
        buf_add(page, SPAN("</footer>\n"));
    }
    buf_add(page, SPAN("</main>\n</body>\n</html>\n"));
}

struct span error_file(const struct value *files, int status) {
    char digits[3] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10), (char)('0' + status % 10)};
    for (size_t i = 0; files && i < files->count; i++) {
        struct span key = files->elements[i].key;
        size_t at = 0;
        while (at < 3 && (key.p[at] == 'x' || key.p[at] == digits[at])) at++;
        if (at == 3) return files->elements[i].value.string;
    }
    return SPAN("");
}
