#!/usr/bin/env python3
# t_features.py - every feature once, with every event backend, as curl sees it
# SPDX-License-Identifier: BSD-3-Clause
import os
import re
import subprocess
import sys
import time

from harness import (Server, Skip, Test, backends, connect, curl, features, get, need, noise, raw, read, wait_for,
                     write)

BIG = 5 * 1024 * 1024 + 321

CONFIG = r'''
server.modules = ( "mod_rewrite", "mod_redirect", "mod_access", "mod_setenv", "mod_simple_vhost", "mod_evhost",
                   "mod_alias", "mod_userdir", "mod_expire", "mod_accesslog" )
server.tag = "live"
server.network-backend = "@NETWORK@"
server.max-request-size = 64
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", ".txt" => "text/plain", ".tar.gz" => "application/x-tgz" )
accesslog.filename = "@DIR@/access.log"
accesslog.format = "%m %U%q %s %b \"%{User-Agent}i\" %H"
url.access-deny = ( "~", ".inc" )
static-file.exclude-extensions = ( ".php" )
alias.url = ( "/other/" => "@DIR@/other/" )
url.redirect = ( "^/old/(.*)$" => "/new/$1" )
url.rewrite-once = ( "^/pretty/([a-z]+)$" => "/page.txt?name=$1" )
url.rewrite-if-not-file = ( "^/app/(.*)$" => "/page.txt" )
setenv.add-response-header = ( "X-Added" => "yes" )
expire.url = ( "/cached/" => "access plus 1 hours" )
userdir.path = "web"
userdir.basepath = "@DIR@/homes"
server.errorfile-prefix = "@DIR@/errors/"
$HTTP["url"] =~ "^/(nothing|etc/|goldcrest\.conf|page\.txt/|other\.\.)" {
    }
$HTTP["url"] =^ "/list/" { dir-listing.activate = "enable" }
$HTTP["url"] =~ "^/(nothing|etc/|goldcrest|other\.\.|page\.txt/)" { server.error-handler-404 = "/missing.html" }
$HTTP["host"] == "simple.test" {
    simple-vhost.server-root = "@DIR@/vhosts"
    simple-vhost.document-root = "htdocs"
}
$HTTP["host"] =~ "(^|\.)even\.test$" { evhost.path-pattern = "@DIR@/ev/%_" }
$HTTP["host"] =~ "^www\.(.*)" { url.redirect = ( "^/(.*)" => "http://%1/$1" ) }
$HTTP["user-agent"] == "blocked" { url.access-deny = ( "" ) }
$HTTP["querystring"] =~ "secret" { url.access-deny = ( "" ) }
$HTTP["remote-ip"] == "127.0.0.0/8" { setenv.set-response-header = ( "X-Net" => "loopback" ) }
$REQUEST_HEADER["X-Slow"] == "1" { connection.kbytes-per-second = 512 }
$SERVER["socket"] == "@DIR@/unix.sock" { setenv.set-response-header = ( "X-Socket" => "unix" ) }
'''

# what is asked (curl's arguments; a path alone is a GET), what must be in the answer's head, what its body must be
ASK = [
    ("/", ["200 OK", "Content-Type: text/html", "Server: live", "ETag: ", "Last-Modified: ", "X-Added: yes"],
     b"index\n"),
    ("/index.html", ["200", "Content-Length: 6"], b"index\n"),
    (["-I", "/page.txt"], ["200", "Content-Length: 5", "Content-Type: text/plain"], None),
    ("/page.txt", ["200", "Accept-Ranges: bytes"], b"page\n"),
    (["-r", "1-2", "/page.txt"], ["206", "Content-Range: bytes 1-2/5"], b"ag"),
    (["-r", "-2", "/page.txt"], ["206", "Content-Range: bytes 3-4/5"], b"e\n"),
    (["-r", "7-", "/page.txt"], ["416", "Content-Range: bytes */5"], None),
    (["-H", "If-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT", "/page.txt"], ["304"], b""),
    (["-H", "If-None-Match: *", "/page.txt"], ["304"], b""),
    ("/archive.tar.gz", ["200", "Content-Type: application/x-tgz"], b"tgz"),
    ("/folder", ["301", "Location: /folder/"], None),
    ("/folder?x=1", ["301", "Location: /folder/?x=1"], None),
    ("/folder/", ["403"], b"error file\n"),
    ("/nothing", ["200"], b"missing\n"),
    ("/nothing.inc", ["200"], b"missing\n"),
    ("/none", ["404", "text/html"], re.compile(b"<b>404</b>")),
    ("/a%20b.txt", ["200"], b"space\n"),
    ("/%66older/../page.txt", ["200"], b"page\n"),
    (["--path-as-is", "/../../../../etc/passwd"], ["200"], b"missing\n"),
    (["--path-as-is", "/folder/%2e%2e/%2e%2e/%2e%2e/goldcrest.conf"], ["200"], b"missing\n"),
    ("/page.txt/more", ["200"], b"missing\n"),
    ("/secret.inc", ["403"], b"error file\n"),
    ("/backup~", ["403"], None),
    ("/code.php", ["403"], None),
    ("/other/file.txt", ["200"], b"other\n"),
    (["--path-as-is", "/other../goldcrest.conf"], ["200"], b"missing\n"),
    ("/old/thing?q", ["301", "Location: /new/thing"], None),
    (["-X", "POST", "-d", "x", "/old/thing"], ["308", "Location: /new/thing"], None),
    ("/pretty/name", ["200"], b"page\n"),
    ("/app/real.txt", ["200"], b"real\n"),
    ("/app/unreal", ["200"], b"page\n"),
    ("/cached/file.txt", ["200", "Cache-Control: max-age=3600"], b"cached\n"),
    ("/~ann/hello.txt", ["200"], b"ann\n"),
    ("/list/", ["200", "Content-Type: text/html"], re.compile(rb'href="one%20file.txt"')),
    (["-H", "Host: simple.test", "/v.txt"], ["200"], b"simple\n"),
    (["-H", "Host: a.even.test", "/v.txt"], ["200"], b"even\n"),
    (["-H", "Host: www.example.test", "/x"], ["301", "Location: http://example.test/x"], None),
    (["-A", "blocked", "/page.txt"], ["403"], None),
    ("/page.txt?secret", ["403"], None),
    (["-X", "POST", "-d", "x", "/page.txt"], ["405", "Allow: GET, HEAD"], None),
    (["-X", "OPTIONS", "/page.txt"], ["200", "Allow: "], b""),
    (["-X", "BREW", "/page.txt"], ["501"], None),
    (["-0", "/page.txt"], ["200"], b"page\n"),
    (["-H", "Transfer-Encoding: chunked", "-d", "body", "/page.txt"], ["405"], None),
    (["-H", "X-Long: " + "x" * 9000, "/page.txt"], ["431"], None),
    (["-d", "x" * 70000, "/page.txt"], ["413"], None),
]


def tree(server):
    f, d = server.file, server.dir
    for name, content in (("index.html", "index\n"), ("page.txt", "page\n"), ("archive.tar.gz", "tgz"),
                          ("folder/x", ""), ("missing.html", "missing\n"), ("a b.txt", "space\n"),
                          ("secret.inc", ""), ("backup~", ""),
                          ("code.php", ""), ("app/real.txt", "real\n"), ("cached/file.txt", "cached\n"),
                          ("list/one file.txt", ""), ("big", noise(BIG))):
        f(name, content)
    for name, content in (("other/file.txt", "other\n"), ("homes/ann/web/hello.txt", "ann\n"),
                          ("vhosts/simple.test/htdocs/v.txt", "simple\n"), ("ev/a.even.test/v.txt", "even\n"),
                          ("errors/403.html", "error file\n")):
        write(os.path.join(d, name), content)


def start(backend, network, more=""):
    need("PCRE support", "mod_rewrite", "mod_redirect", "mod_access", "mod_setenv", "mod_simple_vhost", "mod_evhost",
         "mod_alias", "mod_userdir", "mod_expire", "mod_accesslog", "mod_dirlisting")
    if network == "sendfile" and not features().get("sendfile"):
        raise Skip("there is no sendfile")
    server = Server(CONFIG.replace("@NETWORK@", network) + more, backend)
    tree(server)
    return server


def split(answer):
    """Head and body of the last response in curl -i's output."""
    while True:
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.split(b" ", 2)[1:2] == [b"100"]:
            return head.decode("latin-1"), body
        answer = body


def ask_all(server, base=None, options=(), table=ASK):
    """Asks for everything in the table, from that base of URLs, with those options of curl."""
    wrong = []
    for what, wanted, body in table:
        arguments = [what] if isinstance(what, str) else list(what)
        arguments[-1] = (base or "http://127.0.0.1:%d" % server.port) + arguments[-1]
        status, answer = curl("-i", *options, *arguments)
        head, got = split(answer) if status == 0 and answer else ("curl ended with %d" % status, answer)
        lines = head.split("\r\n")
        for words in wanted:
            in_status = " " + words if lines[0].startswith("HTTP/1") else " %s " % words[:3]  # HTTP/2 has no reasons
            found = in_status in lines[0] if words[:1].isdigit() else any(
                words.lower() in l.lower() for l in lines[1:])
            if not found:
                wrong.append("%.60s: no \"%s\" in\n    %s" % (what, words, "\n    ".join(lines)))
        if body is not None and not (got == body if isinstance(body, bytes) else body.search(got)):
            wrong.append("%.60s: the body is %r" % (what, got[:200]))
    assert not wrong, "%d of %d answers are wrong\n  " % (len(wrong), len(table)) + "\n  ".join(wrong)


def log_has_all(server):
    log = os.path.join(server.dir, "access.log")
    wait_for(lambda: os.path.exists(log) and read(log).count(b"\n") >= len(ASK), "a line for each request", 5)
    lines = read(log).decode().splitlines()
    assert re.match(r'GET / 200 6 "curl/', lines[0]), lines[0]
    assert len(lines) == len(ASK), "%d lines for %d requests" % (len(lines), len(ASK))


def big_file(server):
    status, headers, body = get(server.port, "/big")
    assert status == 200 and body == noise(BIG), "%d, %d bytes" % (status, len(body))
    status, _, body = get(server.port, "/big", {"Range": "bytes=1000000-2999999"})
    assert status == 206 and body == noise(BIG)[1000000:3000000], "%d, %d bytes" % (status, len(body))
    status, headers, body = get(server.port, "/big", {"Range": "bytes=0-9,100-109"})
    assert status in (200, 206), status
    if status == 206:
        assert "multipart/byteranges" in headers["Content-Type"], headers["Content-Type"]
        assert noise(BIG)[:10] in body and noise(BIG)[100:110] in body, "the parts are not there"


def connections(server):
    url = "http://127.0.0.1:%d/page.txt" % server.port
    _, counts = curl("-o", "/dev/null", "-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} ", url, url, url)
    assert counts.split() == [b"1", b"0", b"0"], "keep-alive: connects %r" % counts
    one = b"GET /page.txt HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET /page.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = raw(server.port, one * 20 + last)
    counts = answer.count(b"HTTP/1.1 200 OK\r\n"), answer.count(b"page\n")
    assert counts == (21, 21), "pipelining: %r, %r" % (counts, answer[-300:])
    with connect(server.port) as s:  # byte after byte
        for byte in last:
            s.send(bytes([byte]))
        assert b"page\n" in s.makefile("rb").read(), "one byte at a time"
    answer = raw(server.port, one, half_close=True)
    assert answer.endswith(b"page\n"), "half-closed client: %r" % answer
    for bad in (b"GET /\r\n\r\n", b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/3.7\r\nHost: a\r\n\r\n"):
        answer = raw(server.port, bad)
        assert re.match(rb"HTTP/1\.[01] (400|505) ", answer), "%r was answered with %r" % (bad, answer[:80])


def other_sockets(server):
    socket_file = os.path.join(server.dir, "unix.sock")
    _, answer = curl("-i", "--unix-socket", socket_file, "http://a/page.txt")
    assert b"X-Socket: unix" in answer and answer.endswith(b"page\n"), answer
    _, answer = curl("-i", "http://127.0.0.1:%d/page.txt" % server.port)
    assert b"X-Net: loopback" in answer, answer


def slow(server):
    begun = time.monotonic()
    status, _, body = get(server.port, "/big", {"Range": "bytes=0-1048575", "X-Slow": "1"})
    took = time.monotonic() - begun
    assert status == 206 and len(body) == 1048576, "%d, %d bytes" % (status, len(body))
    assert 1.2 < took < 6, "1 MiB at 512 KiB a second took %.2f s" % took


def all_features(backend, network):
    server = start(backend, network)
    ask_all(server)
    log_has_all(server)
    big_file(server)
    connections(server)
    other_sockets(server)
    slow(server)
    assert server.end() == 0, "the exit status after SIGTERM"
    assert "warning" not in server.has_said(), server.has_said()


def ipv6():
    need("IPv6 support")
    if subprocess.call([sys.executable, "-c", "import socket; socket.socket(socket.AF_INET6).bind(('::1', 0))"],
                       stderr=subprocess.DEVNULL):
        raise Skip("this machine has no IPv6 loopback")
    server = Server('$SERVER["socket"] == "[::1]:@PORT@" { }\n')
    server.file("x", "six")
    status, answer = curl("-g", "http://[::1]:%d/x" % server.port)
    assert (status, answer) == (0, b"six"), answer


def many_workers():
    server = Server('server.max-worker = 4\n')
    server.file("x", "x" * 100)
    assert len(server.workers()) == 4, server.workers()
    for _ in range(50):
        assert get(server.port, "/x")[0] == 200
    assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("features %s sendfile" % backend, all_features, backend, "sendfile")
        yield Test("features %s writev" % backend, all_features, backend, "writev")
    yield Test("features IPv6", ipv6)
    yield Test("features four workers", many_workers)
