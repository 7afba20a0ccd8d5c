#!/usr/bin/env python3
# t_logs.py - a request's name in all logs and at backends, why it is refused and by which line, logs as JSON
# SPDX-License-Identifier: BSD-3-Clause
import http.server
import json
import os
import re
import signal
import socket
import threading

from harness import LOCALHOST, Server, Test, backends, connect, folder, get, need, raw, read, wait_for, write

NAME = re.compile("[0-9a-z]{24}")

CONFIG = '''server.modules = ( "mod_access", "mod_accesslog", "mod_proxy", "mod_cgi" )
server.log-format = "json"
accesslog.filename = "@DIR@/access.log"
server.max-request-field-size = 2000
include "vhost.conf"
proxy.server = ( "/gone" => (( "socket" => "@DIR@/none.sock" )),
  "/full" => (( "host" => "127.0.0.1", "port" => @BACKEND@, "max-conns" => 1 )),
  "/late" => (( "host" => "127.0.0.1", "port" => @BACKEND@, "read-timeout" => 1 )),
  "/app" => (( "host" => "127.0.0.1", "port" => @BACKEND@ )) )
cgi.assign = ( ".cgi" => "/bin/sh" )
'''
VHOST = '''# what is forbidden, and where
url.access-deny = ( "~",
  ".inc" )
$HTTP["host"] == "small" {
  server.max-request-size = 1
}
server.max-read-idle = 1
server.follow-symlink = "disable"
'''


class Backend(http.server.BaseHTTPRequestHandler):
    """Says what it got; /late and /full take their time."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append(self.path)
        if self.path.startswith(("/late", "/full")):
            self.server.event.wait(20)
        body = json.dumps(dict(self.headers.items())).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Backends:
    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer((LOCALHOST, 0), Backend)
        self.server.daemon_threads = True
        self.server.event = threading.Event()
        self.server.seen = []
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.event.set()
        self.server.shutdown()
        self.server.server_close()


def objects(path):
    """A file of JSON, each line by itself."""
    return [json.loads(line) for line in read(path).splitlines()] if os.path.exists(path) else []


def make(backend, port, more=""):
    need("mod_access", "mod_accesslog", "mod_proxy", "mod_cgi")
    directory = folder("server")
    write(os.path.join(directory, "vhost.conf"), VHOST)
    server = Server(CONFIG.replace("@BACKEND@", str(port)) + more, backend, directory)
    server.file("a.txt", b"alpha")
    server.file("b.inc", b"secret")
    server.file("env.cgi", b"echo; echo $REQUEST_ID; echo $HTTP_X_REQUEST_ID\n")
    server.file("bad.cgi", b"exit 1\n")
    os.symlink(os.path.join(server.root, "a.txt"), os.path.join(server.root, "link"))
    server.access_log = os.path.join(directory, "access.log")
    return server


def place(server, name, words):
    """FILE:LINE of the line that has these words."""
    path = os.path.join(server.dir, name)
    for number, line in enumerate(read(path).decode().splitlines(), 1):
        if words in line:
            return "%s:%d" % (path, number)
    raise AssertionError("%s does not have %s" % (name, words))


# ---- reasons -------------------------------------------------------------------------------------

HEAD = b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
CONF, HOSTS = "goldcrest.conf", "vhost.conf"

# what is sent, status, a part of the reason, (file, words of the line that is to blame), is it in the error log
REFUSALS = (
    (b"GET /b.inc" + HEAD + b"\r\n", 403, 'ends with ".inc"', (HOSTS, '".inc"'), True),
    (b"GET /a.txt~" + HEAD + b"\r\n", 403, 'ends with "~"', (HOSTS, "url.access-deny"), True),
    (b"GET /link" + HEAD + b"\r\n", 403, "server.follow-symlink", (HOSTS, "server.follow-symlink"), True),
    (b"POST /a.txt HTTP/1.1\r\nHost: small\r\nContent-Length: 3000\r\n\r\n", 413, "3000 bytes, 1024 are allowed",
     (HOSTS, "max-request-size"), True),
    (b"POST /env.cgi HTTP/1.1\r\nHost: small\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + b"x" * 2048, 413,
     "more than 1024 bytes", (HOSTS, "max-request-size"), True),
    (b"POST /env.cgi" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nz\r\n", 400, "a chunk without a size", None,
     False),
    (b"GET /" + b"x" * 3000 + HEAD + b"\r\n", 414, "more than 2000 bytes", (CONF, "field-size"), True),
    (b"GET /" + HEAD + b"X: " + b"x" * 3000 + b"\r\n\r\n", 431, "more than 2000 bytes", (CONF, "field-size"), True),
    (b"GET /" + HEAD + b"X: 1\r\n" * 150 + b"\r\n", 431, "server.max-request-fields = 100 by default", None, True),
    (b"GET /gone" + HEAD + b"\r\n", 502, "no connection", (CONF, '"/gone"'), True),
    (b"GET /late" + HEAD + b"\r\n", 504, "no answer in time", (CONF, '"/late"'), True),
    (b"GET /bad.cgi" + HEAD + b"\r\n", 502, "the program: it ended without", (CONF, "cgi.assign"), True),
    (b"GET /none" + HEAD + b"\r\n", 404, "there is no ", None, False),
    (b"POST /a.txt" + HEAD + b"Content-Length: 0\r\n\r\n", 405, "no module takes POST", None, False),
    (b"BREW /a.txt" + HEAD + b"\r\n", 501, "BREW", None, False),
    (b"GET /a.txt" + HEAD + b"Expect: more\r\n\r\n", 417, "100-continue", None, False),
    (b"GET / HTTP/3.0\r\n\r\n", 505, "1.x", None, False),
    (b"GET /\x01" + HEAD + b"\r\n", 400, "control character", None, False),
    (b"GET /" + HEAD + b"X : 1\r\n\r\n", 400, "no token", None, False),
    (b"GET / HTTP/1.1\r\n\r\n", 400, "no Host", None, False),
    (b"GET /" + HEAD + b"Host: h\r\n\r\n", 400, "a second Host", None, False),
    (b"GET /" + HEAD + b"Content-Length: 1, 2\r\n\r\n", 400, "two different lengths", None, False),
    (b"GET http://h:x/" + HEAD + b"\r\n", 400, "the host", None, False),
    (b"\x16\x03\x01\x02", 400, "TLS on a plain port", None, False),
    (b"GET /a.txt HT", 408, "the request's head did not come in", (HOSTS, "max-read-idle"), False),
)


def refused(server, request, status, words, blamed, is_told):
    before = len(objects(server.access_log))
    told = len([x for x in objects(server.error_log) if x.get("status") == status])
    answer = raw(server.port, request)
    assert answer.startswith(b"HTTP/1.1 %d " % status), (request[:60], answer[:60])
    line = wait_for(lambda: objects(server.access_log)[before:], "a line for %r" % request[:40])[0]
    where = " is set at " + place(server, *blamed) if blamed else ""
    assert line["status"] == status and words in line["reason"], (request[:60], line)
    assert where in line["reason"], (request[:60], line)
    lines = [x for x in objects(server.error_log) if x.get("status") == status]
    if not is_told:
        assert len(lines) == told, lines
        return
    assert len(lines) > told, (request[:60], lines)
    assert lines[-1]["reason"] == line["reason"] and lines[-1]["request_id"] == line["request_id"], lines[-1]
    assert lines[-1].get("place") == (place(server, *blamed) if blamed else None), lines[-1]
    assert lines[-1]["message"].startswith("%d: %s" % (status, line["reason"]))


def reasons(backend):
    with Backends() as b:
        server = make(backend, b.port)
        for row in REFUSALS:
            refused(server, *row)
        with connect(server.port) as s:  # the only connection that /full may have
            s.sendall(b"GET /full HTTP/1.1\r\nHost: h\r\n\r\n")
            wait_for(lambda: "/full" in b.server.seen, "the backend to have it")
            assert get(server.port, "/full")[0] == 503
            [last] = wait_for(lambda: [x for x in objects(server.access_log) if x["status"] == 503], "503 in the log")
            assert "max-conns" in last["reason"] and place(server, CONF, '"/full"') in last["reason"], last
            b.server.event.set()
        assert server.end() == 0


def flood():
    """Nobody fills the disk by what is forbidden."""
    server = make(None, 1, "server.reply-cache-size = 0\n")
    with connect(server.port) as s:
        s.sendall(b"GET /b.inc HTTP/1.1\r\nHost: h\r\n\r\n" * 900)
        s.shutdown(socket.SHUT_WR)
        while s.recv(262144):
            pass
    wait_for(lambda: len(objects(server.access_log)) == 900, "900 lines")
    told = len([x for x in objects(server.error_log) if x.get("status") == 403])
    assert 90 <= told <= 160, told
    assert server.end() == 0


# ---- names ---------------------------------------------------------------------------------------

def names(backend):
    with Backends() as b:
        server = make(backend, b.port, 'server.request-id-header = "enable"\n')
        status, fields, body = get(server.port, "/app", {"X-Request-ID": "mine"})
        name, sent = fields["X-Request-ID"], json.loads(body)
        assert status == 200 and NAME.fullmatch(name) and sent["X-Request-ID"] == name, (name, sent)
        status, fields, body = get(server.port, "/env.cgi")
        assert body.decode().split() == [fields["X-Request-ID"]] * 2, (fields, body)
        seen = {name, fields["X-Request-ID"]}
        status, fields, body = get(server.port, "/gone")
        refusal = fields["X-Request-ID"]
        seen |= {refusal, get(server.port, "/a.txt")[1]["X-Request-ID"]}
        assert status == 502 and len(seen) == 4, seen
        logged = wait_for(lambda: len(objects(server.access_log)) == 4 and objects(server.access_log), "four lines")
        assert {x["request_id"] for x in logged} == seen, logged
        assert refusal in [x.get("request_id") for x in objects(server.error_log)]
        app = [x for x in logged if x["target"] == "/app"][0]
        assert app["backend"] == "127.0.0.1:%d" % b.port and app["backend_ms"] >= 0, app
        server.configure(CONFIG.replace("@BACKEND@", str(b.port)) + 'server.request-id-header = "enable"\n'
                         'server.request-id-trust = ( "127.0.0.0/8" )\n')
        server.send(signal.SIGUSR1)
        server.wait_log("is in force")
        wait_for(lambda: get(server.port, "/app", {"X-Request-ID": "a-1:2"})[1]["X-Request-ID"] == "a-1:2", "trust")
        for bad in ("a b", "x" * 129, 'a"b', "a;b"):
            assert NAME.fullmatch(get(server.port, "/app", {"X-Request-ID": bad})[1]["X-Request-ID"]), bad
        assert server.end() == 0


# ---- JSON ----------------------------------------------------------------------------------------

def back(text):
    """The bytes that a text of the log stands for."""
    parts = re.split("([\uef80-\uefff])", text)
    return b"".join(bytes([ord(p) - 0xef00]) if i % 2 else p.encode() for i, p in enumerate(parts))


def any_bytes():
    server = make(None, 1, 'server.http-parseopts = ( "header-strict" => "disable" )\n')
    agents = [bytes(range(0x80, 0x100)), b'"\\\x7f\x08', "\u00e9\U0001f426\uef80\uefff".encode(), b"\xc3",
              b"\xed\xa0\x80"]
    for agent in agents:
        raw(server.port, b"GET /a.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\nUser-Agent: " + agent + b"\r\n\r\n")
    wait_for(lambda: len(objects(server.access_log)) == len(agents), "the lines")
    lines = objects(server.access_log)
    assert [back(x["user_agent"]) for x in lines] == agents, lines
    for x in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", x["time"]), x
        found = x["method"], x["target"], x["version"], x["status"], x["bytes"]
        assert found == ("GET", "/a.txt", "1.1", 200, 5), x
        assert x["vhost"] == "h" and x["client"] == LOCALHOST and x["pid"] in server.workers(), x
    assert [x["cache"] for x in lines] == ["miss"] + ["hit"] * (len(agents) - 1), lines
    assert server.end() == 0
    assert all({"time", "level", "pid", "message"} <= x.keys() for x in objects(server.error_log))


def terminals():
    """What a client says into the error log as text gives a terminal no orders, and keeps its letters."""
    server = Server('server.http-parseopts = ( "header-strict" => "disable" )\n'
                    'debug.log-request-header-on-error = "enable"\n')
    raw(server.port, b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: x\r\nUser-Agent: " +
        b"<\xc2\x9b1m|\xc3\xa9|\x9b|\xff|\x1b[1m|\xe2\x82\xac>\r\n\r\n")
    server.wait_log("User-Agent")
    line = [x for x in read(server.error_log).splitlines() if b"User-Agent" in x][0]
    said = line[line.index(b"<"):line.index(b">") + 1]
    assert said == b"<\\xc2\\x9b1m|\xc3\xa9|\\x9b|\\xff|\\x1b[1m|\xe2\x82\xac>", said
    assert server.end() == 0


def complaints():
    """A message of several lines is one object: at a reload, at a start that fails, and of programs."""
    server = make(None, 1)
    good = read(server.config)
    write(server.config, good + b"server.prot = 80\nserver.max-worker = ( 1 )\n")
    server.send(signal.SIGUSR1)
    server.wait_log("is refused")
    [one] = [x for x in objects(server.error_log) if "server.prot" in x["message"]]
    assert one["level"] == "error" and "^~~~" in one["message"] and "max-worker" in one["message"], one
    broken = Server(read(server.config).decode(), wait=False)
    assert broken.process.wait(20) != 0
    [one] = objects(os.path.join(broken.dir, "output"))
    assert "server.prot" in one["message"] and one["level"] == "error", one
    write(server.config, good)
    server.file("says.cgi", b"echo 'a \"word\"' >&2; echo; echo said\n")
    assert get(server.port, "/says.cgi")[2] == b"said\n"
    wait_for(lambda: [x for x in objects(server.error_log) if 'a "word"' in x["message"]], "the program's word")
    assert server.end() == 0


def other_ways():
    """A format of one's own stands beside JSON; lines through a program; and text again after a reload."""
    text = CONFIG.replace('accesslog.filename = "@DIR@/access.log"', 'accesslog.filename = "|cat >@DIR@/piped"')
    need("mod_access", "mod_accesslog", "mod_proxy", "mod_cgi")
    directory = folder("server")
    write(os.path.join(directory, "vhost.conf"),
          VHOST + '$HTTP["host"] == "own" { accesslog.format = "%L|%{reason}L" }\n')
    server = Server(text.replace("@BACKEND@", "1"), None, directory)
    server.file("b.inc", b"")
    assert get(server.port, "/b.inc", {"Host": "h"})[0] == get(server.port, "/b.inc", {"Host": "own"})[0] == 403
    piped = os.path.join(directory, "piped")
    wait_for(lambda: len(read(piped).splitlines()) == 2, "two lines")
    first, second = read(piped).decode().splitlines()
    assert json.loads(first)["vhost"] == "h" and json.loads(first)["reason"].startswith("/b.inc"), first
    assert NAME.fullmatch(second.split("|")[0]) and 'ends with \\".inc\\"' in second, second
    server.configure(text.replace("@BACKEND@", "1").replace('"json"', '"text"'))
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    wait_for(lambda: get(server.port, "/none.inc", {"Host": "t"})[0] == 403 and
             not server.log().splitlines()[-1].startswith("{"), "text")
    assert re.search(r"\(GET /none.inc\) \[[0-9a-z]{24}\]", server.log()), server.log()
    assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("logs: every refusal has its reason and its line, %s" % backend, reasons, backend)
        yield Test("logs: one name in all logs and at backends, %s" % backend, names, backend)
    yield Test("logs: a flood of refusals", flood)
    yield Test("logs: any bytes in JSON", any_bytes)
    yield Test("logs: no orders for a terminal", terminals)
    yield Test("logs: complaints in JSON", complaints)
    yield Test("logs: JSON, text and programs", other_ways)
