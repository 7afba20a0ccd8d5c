#!/usr/bin/env python3
# explaining.py - random requests, asked of goldcrest explain and of a server: what both say must be the same
# SPDX-License-Identifier: BSD-3-Clause
import json
import os
import random
import socket
import ssl
import subprocess

import harness
from harness import LOCALHOST, write

# What only the connection knows, or the moment.
OF_THE_CONNECTION = ("date", "connection", "keep-alive")
# Of a coded body: whether it is coded at once or on the way is decided by how busy the moment is.
OF_THE_CODING = ("content-length", "transfer-encoding")

METHODS = ["GET"] * 14 + ["HEAD"] * 4 + ["POST"] * 2 + ["OPTIONS", "PUT", "DELETE", "TRACE", "FROB", "get"]
HOSTS = ["localhost", "a.example", "A.EXAMPLE", "b.example", "b.example:8080", "www.example.org", "files.example.org",
         "www.b.example", "x.y.example.net", "127.0.0.1", "127.0.0.1:80", "[::1]", "a.example.", "unknown.test"]
SEGMENTS = ["a.txt", "b.html", "index.html", "style.css", "script.php", "sub", "sub/deep", "sub/index.html", "list",
            "list/one", "list/two", "empty", "old", "old/page", "blog/7", "blog/8/x", "go/abc", "r/a", "r/b", "loop",
            "pub", "pub/doc.txt", "private", "private/x", "~ann", "~ann/home.txt", "~bob", "api", "api/v1", "x.inc",
            "backup~", ".hidden", "with%20blank.txt", "%61.txt", "big.txt", "nothing", "nothing/at/all",
            "assets/a.js",
            "tool.cgi", "tool.cgi/more", "script.php/info/x", "secret", "deep/er/file.txt", "%c3%bc.txt", "UPPER.TXT"]
TWISTS = ["/.", "/..", "//", "/%2e%2e", "/", "/./", "%2f", "%00", "%zz", "/../a.txt", "\\", "/%7e", ";v=1", "&"]
QUERIES = [""] * 8 + ["?", "?p=1", "?id=7&x=y", "?q=a%20b", "?download", "?x=%3cscript%3e", "?a?b"]
FIELDS = ["Accept-Encoding: gzip", "Accept-Encoding: br, gzip;q=0.5", "Accept-Encoding: identity",
          "If-None-Match: *", 'If-None-Match: "no"',
          "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
          "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT", 'If-Match: "no"', "Range: bytes=0-3", "Range: bytes=-2",
          "Range: bytes=0-0,2-2", "Range: bytes=900000-", "Range: nonsense", "User-Agent: Mozilla/5.0 (bot)",
          "User-Agent: curl/8", "Cookie: session=1; x=y", "Referer: http://evil.test/", "Accept-Language: de",
          "X-Try: 1", "x-try: 2", "Authorization: Basic YW5uOnNlY3JldA==", "Authorization: Basic YW5uOndyb25n",
          "Authorization: Basic !", "Authorization: Bearer x", "X-Forwarded-For: 10.1.2.3", "Content-Length: 0",
          "X-Forwarded-Proto: https", "Upgrade: websocket", "Bad Name: x", "Accept: */*", "X-Empty:"]
ADDRESSES = [LOCALHOST] * 3 + ["127.0.0.2", "127.0.0.3", "127.0.1.9"]


def count_of_requests(usual):
    """EXPLAIN_REQUESTS: of each configuration and event backend."""
    return int(os.environ.get("EXPLAIN_REQUESTS") or usual * (20 if harness.full() else 1))


def tree(root):
    """Files and directories of the kinds that the paths above ask for."""
    for name in ("a.txt", "b.html", "index.html", "script.php", "sub/index.html", "sub/deep/file.txt", "list/one",
                 "list/two", "pub/doc.txt", "x.inc", "backup~", ".hidden", "with blank.txt", "assets/a.js",
                 "deep/er/file.txt", "\u00fc.txt", "UPPER.TXT", "private/x", "secret", "r/a"):
        write(os.path.join(root, name), "%s\n" % name)
    write(os.path.join(root, "style.css"), "b { color: red }\n" * 60)
    write(os.path.join(root, "style.css.gz"), b"not looked into")
    write(os.path.join(root, "big.txt"), "some text that is long\n" * 6000)
    write(os.path.join(root, "404.html"), "my own page\n")
    write(os.path.join(root, "tool.cgi"), "#!/bin/sh\nprintf 'X-By: program\\r\\n\\r\\nx'\n")
    os.chmod(os.path.join(root, "tool.cgi"), 0o755)
    os.makedirs(os.path.join(root, "empty"), exist_ok=True)


# ---- requests --------------------------------------------------------------------------------------

class Question:
    def __init__(self, dice, tls):
        path = "/" + dice.choice(SEGMENTS) if dice.random() < 0.93 else dice.choice(["/", "*", "/a.txt/", "//"])
        if path != "*" and dice.random() < 0.25:
            path += dice.choice(TWISTS)
        self.method = dice.choice(METHODS)
        self.target = path + (dice.choice(QUERIES) if path != "*" else "")
        self.lines = ["Host: " + dice.choice(HOSTS)]
        self.lines += dice.sample(FIELDS, dice.choice([0, 0, 0, 1, 1, 2, 4]))
        self.address = dice.choice(ADDRESSES)
        self.tls = tls and dice.random() < 0.4

    def __str__(self):
        return "%s %s %r from %s%s" % (self.method, self.target, self.lines, self.address, " (TLS)" * self.tls)

    def line(self, server):
        port = server.tls_port if self.tls else server.port
        socket_name = "%s:%d" % (getattr(server, "bound_to", LOCALHOST), port)
        return "\t".join(["%s %s" % (self.method, self.target), *self.lines, "--from=" + self.address,
                          "--socket=" + socket_name]) + "\n"

    def bytes(self):
        head = "\r\n".join(["%s %s HTTP/1.1" % (self.method, self.target), *self.lines, "", ""])
        return head.encode("latin-1")


class Explainer:
    """One process that explains many requests."""

    def __init__(self, config):
        self.process = subprocess.Popen([harness.goldcrest, "explain", "--json", "-f", config, "-"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask(self, line):
        self.process.stdin.write(line.encode("latin-1"))
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "goldcrest explain ended with %s at: %s" % (self.process.wait(5), line)
        return json.loads(answer)

    def end(self):
        self.process.stdin.close()
        status = self.process.wait(20)
        assert status == 0, "goldcrest explain ended with %d" % status


# ---- a client --------------------------------------------------------------------------------------

class Connections:
    """Kept ones, one for each client address and port."""

    def __init__(self, server):
        self.server = server
        self.open = {}

    def ask(self, q):
        """(status, fields, length) or None: closed without a word."""
        key = (q.address, q.tls)
        for again in (True, False):
            fresh = key not in self.open
            if fresh:
                self.open[key] = self.connect(q)
            s, rest = self.open[key]
            try:
                s.sendall(q.bytes())
                answer = receive(rest, q.method == "HEAD")
            except (BrokenPipeError, ConnectionResetError):
                answer = None
            if answer is None or answer[3]:
                s.close()
                rest.close()
                del self.open[key]
            if answer or fresh:
                return answer and answer[:3]
        return None

    def connect(self, q):
        s = socket.socket()
        s.settimeout(30)
        if q.address != LOCALHOST:
            s.bind((q.address, 0))
        s.connect((LOCALHOST, self.server.tls_port if q.tls else self.server.port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if q.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            s = context.wrap_socket(s)
        return s, s.makefile("rb")

    def close(self):
        for s, rest in self.open.values():
            rest.close()
            s.close()


def receive(lines, is_head):
    """(status, fields, length of the body, is it the last), or None."""
    first = lines.readline()
    if not first:
        return None
    status = int(first.split()[1])
    fields = []
    while True:
        line = lines.readline()
        assert line, "the head breaks off"
        if line == b"\r\n":
            break
        name, _, value = line.decode("latin-1").partition(":")
        fields.append((name.lower(), value.strip()))
    if 100 <= status < 200 and status != 101:
        return receive(lines, is_head)
    named = dict(fields)
    length = 0
    if is_head or status in (204, 304):
        pass
    elif named.get("transfer-encoding") == "chunked":
        while True:
            size = int(lines.readline(), 16)
            length += len(lines.read(size + 2)) - 2
            if size == 0:
                break
    elif "content-length" in named:
        length = len(lines.read(int(named["content-length"])))
    else:
        length = len(lines.read())
    return status, fields, length, named.get("connection") == "close" or status == 101


# ---- both ------------------------------------------------------------------------------------------

def of_interest(fields, is_coded):
    skipped = OF_THE_CONNECTION + (OF_THE_CODING if is_coded else ())
    return sorted((name.lower(), value) for name, value in fields if name.lower() not in skipped)


def difference(said, got):
    """What is not as it was said to be; None: all is."""
    if said["end"] == "depends":
        return None
    if got is None:
        return None if said["end"] == "broken" else "the server has said nothing"
    status, fields, length = got
    if said["end"] == "backend":
        is_program = ("x-by", "program") in fields
        is_error = status in (502, 503, 504, 501, said.get("error"))  # nobody is there, nor behind the error-handler
        return None if is_error or is_program else "%d where a backend answers" % status
    if said["end"] != "answered":
        return "%d, which was said to be %s: %s" % (status, said["end"], said["why"])
    if said["status"] != status:
        return "%d, not %d" % (status, said["status"])
    is_coded = any(name == "content-encoding" for name, _ in fields)
    expected = of_interest([(f["name"], f["value"]) for f in said["fields"]], is_coded)
    found = of_interest(fields, is_coded)
    if expected != found:
        return "the server has %r, which was said to be %r" % ([f for f in found if f not in expected],
                                                               [f for f in expected if f not in found])
    if said["length"] >= 0 and said["length"] != length and not is_coded:
        return "%d bytes, not %d" % (length, said["length"])
    return None


def compare(server, config, count, seed, tls=False):
    """Asks both the same. Returns how often each kind of answer came."""
    dice = random.Random("%s %d" % (os.environ.get("EXPLAIN_SEED", ""), seed))
    explainer, connections = Explainer(config), Connections(server)
    kinds = {}
    wrong = []
    for _ in range(count):
        q = Question(dice, tls)
        said = explainer.ask(q.line(server))
        got = connections.ask(q)
        kind = said["status"] or said["end"]
        kinds[kind] = kinds.get(kind, 0) + 1
        what = difference(said, got)
        if what:
            wrong.append("%s: %s" % (q, what))
    connections.close()
    explainer.end()
    assert not wrong, "%d of %d differ: %s" % (len(wrong), count, "\n  ".join(wrong[:8]))
    return kinds
