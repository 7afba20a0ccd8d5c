/* style.c - how the dashboard looks, the script that brings it up to date, and what the page may load */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/hashes.h"
#include "modules/status/status.h"

const char status_style[] =
    ":root{color-scheme:light dark;--bg:#f4f6f8;--card:#fff;--ink:#1c2127;--soft:#5f6b78;--line:#e1e5ea;--go:#2867d6;"
    "--fin:#1f8f63;--back:#b7791f;--err:#cf3f36;--fill:#2867d61f;--box:#f4f6f8}"
    "@media(prefers-color-scheme:dark){:root{--bg:#12161b;--card:#1b2128;--ink:#e7ebef;--soft:#97a3b0;--line:#2c343d;"
    "--go:#6ea2ff;--fin:#4cc38f;--back:#e0a94a;--err:#ff7a70;--fill:#6ea2ff26;--box:#232a33}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Noto Sans','DejaVu Sans',sans-serif;font-variant-numeric:tabular-nums}"
    "header,main{max-width:1280px;margin:0 auto;padding:0 24px}header{padding-top:24px}"
    "h1{font-size:22px;line-height:1.25;margin:0;overflow-wrap:anywhere}"
    "h2{font-size:13px;font-weight:600;color:var(--soft);margin:0 0 10px}"
    "p{margin:0}header p,.tile p:last-child,.none{color:var(--soft)}header p{margin-top:4px}"
    "#live{display:inline-block;width:9px;height:9px;border-radius:50%;margin-left:4px;vertical-align:middle}"
    "#live.on{background:var(--fin)}#live.off{background:var(--err)}"
    "#tiles{display:grid;grid-template-columns:repeat(6,1fr);gap:16px;margin:20px 0 16px}"
    ".tile,.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;"
    "min-width:0}"
    ".tile h2{margin:0 0 2px}.big{font-size:24px;font-weight:600;line-height:1.3;white-space:nowrap}"
    ".big small{font-size:14px;font-weight:400;color:var(--soft);margin-left:2px}"
    ".cards{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:16px;padding-bottom:32px}"
    ".card.all{grid-column:1/-1}.c-requests-by-state{grid-row:span 2}"
    "svg{display:block;width:100%;height:auto;overflow:visible}"
    "svg text{font-size:11px;fill:var(--soft)}.grid{stroke:var(--line)}.axis{stroke:var(--soft);stroke-opacity:.6}"
    ".area{fill:var(--fill)}.curve{fill:none;stroke:var(--go);stroke-width:1.75;stroke-linejoin:round}"
    ".bar{fill:var(--go);fill-opacity:.75}.mark{stroke-width:1.5;stroke-dasharray:3 3}"
    ".mark.p50{stroke:var(--fin)}.mark.p90{stroke:var(--back)}.mark.p99{stroke:var(--err)}"
    ".box rect{fill:var(--box);stroke:var(--line)}.box text{font-size:11.5px;fill:var(--ink)}"
    ".box .n{font-weight:600;fill:var(--soft)}.box.some rect{fill:var(--fill);stroke:var(--go)}"
    ".box.some .n{fill:var(--ink)}.way path{fill:none;stroke-opacity:.85}.way .head{stroke:none}"
    ".way.never{opacity:.22}.go path{stroke:var(--go)}.go .head{fill:var(--go)}.fin path{stroke:var(--fin)}"
    ".fin .head{fill:var(--fin)}.back path{stroke:var(--back)}.back .head{fill:var(--back)}"
    ".err path{stroke:var(--err)}.err .head{fill:var(--err)}"
    ".legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin-top:8px;color:var(--soft);font-size:12px}"
    ".legend b{color:var(--ink);font-weight:600}.k{display:inline-block;width:10px;height:3px;border-radius:2px;"
    "margin-right:6px;vertical-align:middle}.k.go{background:var(--go)}.k.fin,.k.p50{background:var(--fin)}"
    ".k.back,.k.p90{background:var(--back)}.k.err,.k.p99{background:var(--err)}"
    ".scroll{overflow-x:auto}table{width:100%;border-collapse:collapse}"
    "th,td{padding:5px 12px 5px 0;text-align:left;white-space:nowrap;border-bottom:1px solid var(--line)}"
    "th:last-child,td:last-child{padding-right:0}tbody tr:last-child td{border-bottom:0}"
    "th{font-size:12px;font-weight:500;color:var(--soft)}th.n,td.n{text-align:right}"
    ".n+:not(.n){padding-left:14px}[data-sort] th{cursor:pointer}th[aria-sort]{color:var(--ink)}"
    ".name{font-weight:500}.cut{max-width:260px;overflow:hidden;text-overflow:ellipsis}.c-answers "
    ".cut{max-width:130px}"
    ".bad{color:var(--err);font-weight:600}.s{display:inline-block;border-radius:4px;padding:0 6px;"
    "background:var(--box);"
    "font-weight:600;font-size:12px}.s2{color:var(--fin)}.s3{color:var(--go)}.s4{color:var(--back)}"
    ".s5{color:var(--err)}"
    "dl{margin:0}dl div{display:flex;justify-content:space-between;gap:12px;padding:4px 0;"
    "border-bottom:1px solid var(--line)}dl div:last-child{border-bottom:0}dt{color:var(--soft)}"
    "dd{margin:0;font-weight:500;text-align:right}.none{padding-top:4px}"
    "@media(max-width:1000px){.cards{grid-template-columns:repeat(2,minmax(0,1fr))}"
    "#tiles{grid-template-columns:repeat(3,1fr)}}"
    "@media(max-width:640px){header,main{padding:0 12px}header{padding-top:16px}"
    "#tiles{grid-template-columns:repeat(2,1fr);gap:10px;margin:14px 0 10px}"
    ".cards{grid-template-columns:minmax(0,1fr);gap:10px}.tile,.card{padding:12px}.big{font-size:21px}"
    ".wide{display:none}.cut{max-width:110px}th,td{padding-right:10px}}";

/* Sorting is kept while parts are exchanged. A page in the background does not ask. */
const char status_script[] =
    "(function(){'use strict';var B=document.body,sorted={},live=document.getElementById('live');"
    "function sort(t){var s=sorted[t.id];if(!s)return;var h=t.tHead.rows[0].cells,b=t.tBodies[0];"
    "if(!h[s.c])return;h[s.c].setAttribute('aria-sort',s.d>0?'ascending':'descending');"
    "function v(r){var c=r.cells[s.c],n=c.getAttribute('data-v');return n===null?c.textContent.toLowerCase():+n}"
    "Array.from(b.rows).sort(function(x,y){var p=v(x),q=v(y);return(p<q?-1:p>q?1:0)*s.d})"
    ".forEach(function(r){b.appendChild(r)})}"
    "B.addEventListener('click',function(e){var h=e.target.closest('th');if(!h||!B.hasAttribute('data-sort'))return;"
    "var t=h.closest('table'),s=sorted[t.id],c=h.cellIndex;Array.from(h.parentNode.cells).forEach(function(x){"
    "x.removeAttribute('aria-sort')});"
    "sorted[t.id]={c:c,d:s&&s.c===c?-s.d:h.classList.contains('n')?-1:1};sort(t)});"
    "function show(j){for(var k in j.parts){var e=document.getElementById(k);if(e&&e.innerHTML!==j.parts[k]){"
    "var y=e.firstElementChild&&e.firstElementChild.scrollLeft;e.innerHTML=j.parts[k];"
    "if(y)e.firstElementChild.scrollLeft=y;var t=e.querySelector('table');if(t)sort(t)}}live.className='on'}"
    "function next(){setTimeout(ask,2000)}"
    "function ask(){if(document.hidden)return next();fetch('?live',{cache:'no-store'}).then(function(r){"
    "if(!r.ok)throw r;return r.json()}).then(show).catch(function(){live.className='off'}).then(next)}"
    "live.className='on';next()})();";

/* ---- what may be loaded ----------------------------------------------------------------------- */

static void put_base64(struct buf *out, const unsigned char *p, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned second = i + 1 < n ? p[i + 1] : 0, third = i + 2 < n ? p[i + 2] : 0;
        unsigned bits = (unsigned)p[i] << 16 | second << 8 | third;
        for (unsigned k = 0; k < 4; k++)
            buf_add_char(out, i + k > n ? '=' : digits[bits >> (18 - 6 * k) & 63]);
    }
}

static void put_hash(struct buf *out, const char *text) {
    unsigned char sum[HASH_BYTES_MAX];
    struct hash h;
    hash_begin(&h, HASH_SHA256);
    hash_add(&h, span_of(text));
    hash_end(&h, sum);
    buf_add_text(out, "'sha256-");
    put_base64(out, sum, hash_bytes_of(HASH_SHA256));
    buf_add_char(out, '\'');
}

void status_policy(struct buf *out) {
    buf_add_text(out, "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                      "frame-ancestors 'none'; style-src ");
    put_hash(out, status_style);
    buf_add_text(out, "; script-src ");
    put_hash(out, status_script);
}
