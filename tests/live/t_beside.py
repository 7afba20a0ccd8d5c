#!/usr/bin/env python3
# t_beside.py - the same requests to lighttpd (if there is one) and to goldcrest, with the same configuration
# SPDX-License-Identifier: BSD-3-Clause
import itertools
import os
import random

from beside import Refused, compare, request
from harness import Test, folder, full, need, write

MODULES = ('server.modules = ( "mod_rewrite", "mod_redirect", "mod_setenv", "mod_access", "mod_alias", "mod_expire", '
           '"mod_simple_vhost", "mod_evhost", "mod_indexfile", "mod_cgi", "mod_staticfile" )\n'
           'mimetype.assign = ( ".html" => "text/html", ".txt" => "text/plain", ".tar.gz" => "application/x-tgz", '
           '".gz" => "application/gzip", "" => "application/octet-stream" )\nindex-file.names = ( "index.html" )\n')
FILES = ("a.txt", "b.tar.gz", "index.html", "folder/index.html", "folder/x.txt", "empty/x.inc", "with blank/y.txt",
         "vhosts/a.example/docs/a.txt", "vhosts/a/a.txt")
OLD = 1577836800

CONFIGS = (
    "",
    'url.access-deny = ( "~", ".inc" )',
    'static-file.exclude-extensions = ( ".txt" )',
    'alias.url = ( "/al" => "@ROOT@/folder/" )',
    'alias.url = ( "/al/" => "@ROOT@/folder" )',
    'alias.url = ( "/al/" => "@ROOT@/folder/", "/a" => "@ROOT@/vhosts/a/" )',
    'url.redirect = ( "^/folder/(.*)" => "/other/$1" )',
    'url.redirect = ( "^/(.*)" => "http://%{url.authority}/${esc:$1}?${1}" )',
    '$HTTP["host"] =~ "^(www\\.)(.*)$" { url.redirect = ( "^/(.*)" => "http://%2/$1" ) }',
    '$HTTP["host"] =~ "(.)\\." { $HTTP["url"] =~ "^/(f)" { url.redirect = ( "" => "/%1${url.path}${qsa}" ) } }',
    'url.rewrite-once = ( "^/folder/(.*)" => "/$1", "^/a" => "/folder/" )',
    'url.rewrite-repeat = ( "^/none" => "/folder", "^/folder" => "/a.txt" )',
    'url.rewrite-if-not-file = ( "^/([^?]*)(?:\\?(.*))?$" => "/a.txt?$1&$2" )',
    'server.error-handler-404 = "/a.txt"',
    'server.error-handler = "/a.txt"',
    'cgi.assign = ( ".sh" => "/bin/sh" ) server.error-handler = "/answer.sh"',
    'cgi.assign = ( ".sh" => "/bin/sh" ) server.error-handler-404 = "/answer.sh" server.error-intercept = "enable"',
    'expire.url = ( "/folder/" => "access plus 1 hours", "/a" => "modification 2 days" )',
    'expire.mimetypes = ( "text/" => "access 5 minutes", "" => "access 1 weeks" )',
    'simple-vhost.server-root = "@ROOT@/vhosts" simple-vhost.document-root = "docs"',
    'evhost.path-pattern = "@ROOT@/vhosts/%_/docs"',
    'evhost.path-pattern = "@ROOT@/vhosts/%{2.1}/"',
    'server.range-requests = "disable"',
    'server.follow-symlink = "disable" etag.use-mtime = "disable"',
    'server.http-parseopts = ( "url-path-2f-reject" => "enable", '
    '"url-path-2f-decode" => "disable" )',
    'server.feature-flags = ( "server.absolute-dir-redirect" => "enable" )',
)

CONDITIONS = ('$HTTP["host"] == "a.example"', '$HTTP["host"] != "www.b.example"', '$HTTP["host"] =~ "^a"',
              '$HTTP["host"] =$ ".example"', '$HTTP["url"] =^ "/folder"', '$HTTP["url"] =~ "\\.(txt|gz)$"',
              '$HTTP["url"] !~ "with blank"', '$HTTP["querystring"] =~ "a=b"', '$HTTP["querystring"] == ""',
              '$HTTP["remoteip"] == "127.0.0.0/8"', '$HTTP["remoteip"] != "10.0.0.0/8"', '$HTTP["cookie"] =~ "c=d"',
              '$HTTP["useragent"] =~ "curl"', '$REQUEST_HEADER["X-Any"] == "1, 2"', '$REQUEST_HEADER["Host"] =~ "a"',
              '$HTTP["request-method"] == "HEAD"', '$HTTP["scheme"] == "http"', '$HTTP["language"] =~ "de"')

TARGETS = ("/", "/a.txt", "/folder", "/folder/", "/folder/x.txt", "/none", "/none?a=b", "/folder?a=b&c", "/al",
           "/al/", "/al/x.txt", "/alx.txt", "/with%20blank/y.txt?%20", "/%66older/./x.txt", "/folder//x.txt",
           "/folder/../a.txt", "/empty/x.inc", "/b.tar.gz", "/a.txt~", "/%2e%2e/a.txt", "/folder%2fx.txt", "/empty/",
           "/answer.sh")
HOSTS = ("localhost", "a.example", "A.EXAMPLE:80", "www.b.example", "[::1]", "a.example.")
FIELDS = ("Range: bytes=1-2", "Range: bytes=-2", "If-Modified-Since: Wed, 01 Jan 2020 00:00:00 GMT",
          "If-None-Match: \"x\"", "Cookie: a=b", "Cookie: c=d", "X-Any: 1", "X-Any: 2", "User-Agent: curl",
          "Accept-Language: de, en")


def make_root():
    root = folder("beside")
    for name in FILES:
        os.utime(write(os.path.join(root, name), "this is %s\n" % name), (OLD, OLD))
    program = write(os.path.join(root, "answer.sh"), "printf 'Content-Type: text/plain\\r\\n\\r\\nanswer\\n'\n")
    os.utime(program, (OLD, OLD))  # for expire.url from the modification on
    return root


def is_known(config, fields):
    """Different on purpose: ranges of programs, 304 with what expire says or with an error-handler's page."""
    return ("cgi.assign" in config and any(f.startswith("Range") for f in fields) or
            ("error-handler" in config or "expire" in config) and any(f.startswith("If-") for f in fields))


def some_requests(rng, config, count):
    for target in TARGETS:
        yield request(target, "Connection: close")
    for _ in range(count):
        fields = rng.sample(FIELDS, rng.randrange(3))
        if not is_known(config, fields):
            yield request(rng.choice(TARGETS), *fields, "Connection: close", host=rng.choice(HOSTS),
                          method=rng.choice(("GET", "GET", "HEAD")))


def configurations():
    need("PCRE support")
    rng, root = random.Random(1), make_root()
    for config in CONFIGS:
        compare(config, MODULES + config, root, some_requests(rng, config, 200 if full() else 12))


def random_tree(rng, depth, names, left):
    """left: conditions that may still be used. lighttpd sometimes takes two blocks of one condition for one."""
    text = ""
    for _ in range(rng.randrange(1, 4)):
        chain = rng.randrange(1, 4)
        for link in range(chain):
            if not left:
                return text
            last = link and link == chain - 1 and rng.randrange(2)
            text += ("else " if link else "") + ("" if last else left.pop() + " ") + "{\n"
            text += 'setenv.add-response-header += ( "X-Block-%d" => "applies" )\n' % next(names)
            text += (random_tree(rng, depth + 1, names, left) if depth < 2 and rng.randrange(3) == 0 else "") + "}\n"
    return text


def conditions():
    """Trees of conditions, at random: which blocks apply, and what += makes of their lists."""
    need("PCRE support")
    rng, root, wanted = random.Random(2), make_root(), 100 if full() else 8
    for _ in range(wanted * 3):
        text = random_tree(rng, 0, itertools.count(), rng.sample(CONDITIONS, len(CONDITIONS)))
        try:
            compare(text, MODULES + text, root, some_requests(rng, text, 200 if full() else 20))
            wanted -= 1
        except Refused:
            continue  # it finds an else that it takes for unreachable in some
        if wanted == 0:
            return
    raise AssertionError("lighttpd has taken too few of the configurations")


def tests():
    return [Test("lighttpd: configurations", configurations),
            Test("lighttpd: conditions at random", conditions)]
