#!/usr/bin/env python3
# t_proxy.py - mod_proxy before backends that do as they are told: kept connections, retries, truncations, streams
# SPDX-License-Identifier: BSD-3-Clause
import http.client
import os
import re
import socket
import threading
import time

from harness import (LOCALHOST, Server, Test, backends, connect, curl, folder, full, get, is_sanitized, need, noise,
                     raw, read_all)
from scripted import Backend

MEGABYTE = 1024 * 1024
CLEARTEXT_H2 = 'server.feature-flags = ( "server.h2c" => "enable" )\n'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def echo(peer):
    """Tells what came, one field a line, then the length of the body."""
    while True:
        method, target, fields, body = peer.request()
        peer.backend.requests.append((method, target, fields, body))
        told = "%s %s\n" % (method, target) + "".join("%s: %s\n" % f for f in sorted(fields.items())) + str(len(body))
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(told)
        peer.say((head + ("" if method == "HEAD" else told)).encode())


def answering(data, close=False):
    def serve(peer):
        while True:
            peer.backend.requests.append(peer.request())
            peer.say(data)
            if close:
                return
    return serve


def start(hosts, more="", event_backend=None, modules='"mod_proxy"'):
    need("mod_proxy")
    text = CLEARTEXT_H2 + 'server.modules = ( %s )\nproxy.server = ( "" => ( %s ) )\n' % (modules, ", ".join(hosts))
    return Server(text + more, event_backend)


# ---- what is passed on ---------------------------------------------------------------------------

def fields_of_a_request():
    backend = Backend(echo)
    server = start([backend.host()], 'proxy.forwarded = ( "for" => 1, "proto" => 1, "host" => 1 )\n')
    raw(server.port, b"POST /a%20b?c=d HTTP/1.1\r\nHost: Example.COM\r\nConnection: X-Mine, close\r\nX-Mine: 1\r\n"
        b"Keep-Alive: 5\r\nProxy: evil\r\nProxy-Connection: x\r\nX-Forwarded-For: 192.0.2.1\r\n"
        b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Yours: 2\r\nTE: trailers, gzip\r\nUpgrade: h2c\r\n"
        b"Content-Length: 3\r\n\r\nabc")
    method, target, fields, body = backend.requests[0]
    assert (method, target, body) == ("POST", "/a%20b?c=d", b"abc"), (method, target, body)
    assert fields["host"] == "example.com", fields
    assert fields["x-yours"] == "2" and fields["content-length"] == "3", fields
    assert fields["x-forwarded-for"] == "192.0.2.1, 127.0.0.1", fields
    assert fields["x-forwarded-proto"] == "http" and fields["x-forwarded-host"] == "example.com", fields
    assert fields["forwarded"] == "for=127.0.0.1;proto=http;host=example.com", fields
    assert fields["te"] == "trailers" and fields["connection"] == "TE", fields
    for name in ("x-mine", "keep-alive", "proxy", "proxy-connection", "upgrade", "transfer-encoding"):
        assert name not in fields, (name, fields)


def bodies_and_methods():
    backend = Backend(echo)
    server = start([backend.host()])
    for method, body, said in (("GET", None, None), ("HEAD", None, None), ("POST", b"", "0"),
                               ("PUT", b"x" * 70000, "70000"), ("DELETE", None, None), ("PATCH", b"y", "1"),
                               ("OPTIONS", None, None), ("QUERY", b"z", "1")):
        status, headers, content = get(server.port, "/", method=method, body=body)
        assert status == 200, (method, status)
        assert len(content) == (0 if method == "HEAD" else int(headers["Content-Length"])), method
        fields = backend.requests[-1][2]
        assert backend.requests[-1][0] == method and fields.get("content-length") == said, (method, fields)
        assert len(backend.requests[-1][3]) == len(body or b""), method
    answer = raw(server.port, b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                 b"2\r\nab\r\n186a0\r\n" + b"c" * 100000 + b"\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ") and backend.requests[-1][3] == b"ab" + b"c" * 100000
    assert backend.connections <= 2, backend.connections


def trailers_and_interim():
    def serve(peer):
        request = peer.request()
        peer.backend.requests.append(request)
        peer.say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                 b"2\r\nok\r\n0\r\nX-Sum: 5\r\n\r\n")
    backend = Backend(serve)
    server = start([backend.host()], 'server.stream-request-body = 2\n')
    answer = raw(server.port, b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTE: trailers\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Mine: 1\r\nHost: evil\r\n\r\n")
    hints = answer.index(b"HTTP/1.1 103 ")
    assert answer[hints:].startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n"), answer
    assert answer.endswith(b"\r\n2\r\nok\r\n0\r\nX-Sum: 5\r\n\r\n"), answer
    fields = backend.requests[0][2]
    assert fields.get("trailer x-mine") == "1" and "trailer host" not in fields, fields
    assert backend.requests[0][3] == b"abc"


def statuses_without_a_body():
    for head in (b"HTTP/1.1 204 No Content\r\n\r\n",
                 b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 7\r\n\r\n"):
        backend = Backend(answering(head))
        server = start([backend.host()])
        for _ in range(3):
            status, headers, body = get(server.port, "/")
            assert status == int(head[9:12]) and body == b"" and not headers.get("Content-Length"), (head, headers)
        assert backend.connections == 1


def unix_sockets():
    path = os.path.join(folder("socket"), "s")
    os.chmod(os.path.dirname(path), 0o755)
    backend = Backend(echo, path)
    server = start([backend.host()])
    for _ in range(5):
        assert get(server.port, "/x")[0] == 200
    assert backend.connections == 1


def maps():
    def serve(peer):
        while True:
            _, target, fields, _ = peer.request()
            peer.backend.requests.append((target, fields["host"]))
            peer.say(b"HTTP/1.1 302 Found\r\nLocation: http://inner.example/app/next\r\nSet-Cookie: a=b; "
                     b"Path=/app/x; Domain=inner.example\r\nContent-Location: /app/y\r\nContent-Length: 0\r\n\r\n")
    backend = Backend(serve)
    server = start([backend.host()], 'proxy.header = ( "map-urlpath" => ( "/pub" => "/app" ), "map-host-request" => '
                   '( "-" => "inner.example" ), "map-host-response" => ( "-" => "-" ) )\n')
    status, headers, _ = get(server.port, "/pub/z?q", {"Host": "outer.example"})
    assert backend.requests == [("/app/z?q", "inner.example")], backend.requests
    assert status == 302 and headers["Location"] == "http://outer.example/pub/next", headers
    assert headers["Content-Location"] == "/pub/y"
    assert headers["Set-Cookie"] == "a=b; Path=/pub/x; Domain=outer.example", headers["Set-Cookie"]


# ---- connections ---------------------------------------------------------------------------------

def connections_are_kept():
    backend = Backend(echo)
    server = start([backend.host()])
    for i in range(50):
        assert get(server.port, "/%d" % i)[0] == 200
    assert backend.connections == 1, backend.connections
    fields = backend.requests[0][2]
    assert "connection" not in fields, fields


def closing_backends():
    for data in (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", b"HTTP/1.0 200 OK\r\n\r\nok",
                 b"HTTP/1.1 200 OK\r\n\r\nok"):
        backend = Backend(answering(data, close=True))
        server = start([backend.host()])
        for _ in range(5):
            status, _, body = get(server.port, "/")
            assert (status, body) == (200, b"ok"), (data, status, body)
        assert backend.connections == 5


def a_kept_connection_that_ends():
    """The second request on a connection is read and never answered."""
    def serve(peer):
        peer.backend.requests.append(peer.request())
        peer.say(OK)
        peer.backend.requests.append(peer.request())
    backend = Backend(serve)
    server = start([backend.host()])
    assert get(server.port, "/1")[0] == 200
    status, _, body = get(server.port, "/2")
    assert (status, body) == (200, b"ok"), status
    assert backend.connections == 2 and [r[1] for r in backend.requests] == ["/1", "/2", "/2"], backend.requests
    assert get(server.port, "/3", method="POST", body=b"x")[0] == 502  # it may have been done
    assert [r[1] for r in backend.requests].count("/3") == 1


def idle_connections_that_the_backend_closes():
    def serve(peer):
        peer.request()
        peer.say(OK)
    backend = Backend(serve)
    server = start([backend.host()])
    for method in ("GET", "POST") * 5:
        assert get(server.port, "/", method=method, body=b"x" if method == "POST" else None)[0] == 200
        time.sleep(0.05)
    assert backend.connections == 10


# ---- failures ------------------------------------------------------------------------------------

def refusing_port():
    s = socket.socket()
    s.bind((LOCALHOST, 0))
    return s, s.getsockname()[1]


def other_hosts():
    def dies(peer):
        peer.backend.requests.append(peer.request())
        peer.reset()
    held, refusing = refusing_port()
    dying, good = Backend(dies), Backend(answering(OK))
    server = start(['( "host" => "%s", "port" => %d )' % (LOCALHOST, refusing), dying.host(), good.host()],
                   'proxy.balance = "round-robin"\n')
    for i in range(12):
        status, _, body = get(server.port, "/%d" % i)
        assert (status, body) == (200, b"ok"), (i, status)
    assert dying.requests, "nobody asked the one that dies"
    statuses = set()
    for i in range(12):
        statuses.add(get(server.port, "/", method="POST", body=b"x")[0])
    posted = sum(1 for r in dying.requests + good.requests if r[0] == "POST")
    assert posted == 12 and statuses <= {200, 502}, (posted, statuses)
    held.close()


def errors_are_told_apart():
    held, refusing = refusing_port()
    server = start(['( "host" => "%s", "port" => %d, "disable-time" => 60 )' % (LOCALHOST, refusing)])
    assert get(server.port, "/")[0] == 502
    statuses = [get(server.port, "/") for _ in range(4)]
    assert statuses[-1][0] == 503 and statuses[-1][1]["Retry-After"], statuses
    held.close()

    def silent(peer):
        peer.request()
        time.sleep(20)
    backend = Backend(silent)
    server = start([backend.host('"read-timeout" => 1')])
    began = time.monotonic()
    assert get(server.port, "/")[0] == 504
    assert 0.9 < time.monotonic() - began < 4

    def dies(peer):
        peer.request()
        peer.reset()
    backend = Backend(dies)
    server = start([backend.host()])
    assert get(server.port, "/")[0] == 502


def nonsense():
    for data in (b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
                 b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: a\0\r\n\r\n",
                 b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
                 b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n",
                 b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"HTTP/2 200 OK\r\n\r\n", b""):
        backend = Backend(answering(data, close=True))
        server = start([backend.host()])
        status, headers, body = get(server.port, "/")
        assert status == 502 and b"502" in body and not headers.get("Set-Cookie"), (data[:80], status)


def a_second_response():
    """What comes behind a response belongs to nobody."""
    evil = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    backend = Backend(answering(evil))
    server = start([backend.host()])
    for _ in range(6):
        status, _, body = get(server.port, "/")
        assert (status, body) == (200, b"ok"), body
    assert backend.connections == 6, backend.connections


def late_second_response():
    def serve(peer):
        peer.request()
        peer.say(OK)
        time.sleep(0.1)
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        peer.request()
    backend = Backend(serve)
    server = start([backend.host()])
    for _ in range(4):
        assert get(server.port, "/")[2] == b"ok"
        time.sleep(0.3)
    assert backend.connections == 4, backend.connections


def a_second_response_that_waits():
    """It lies behind what the server reads at once, and the next request is there already."""
    def serve(peer):
        request = peer.request()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (65536 - 42)
        peer.say(OK if request[1] == "/2" else head + b"x" * (65536 - 42) + OK.replace(b"ok", b"no"))
        peer.request()
    path = os.path.join(folder("second"), "s")
    os.chmod(os.path.dirname(path), 0o755)
    backend = Backend(serve, path)
    server = start([backend.host()])
    answer = raw(server.port, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                 b"GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nok"), answer[-100:]
    assert backend.connections == 2, backend.connections


def truncated(port, path="/"):
    """How a client of HTTP/1.1 sees it: (status, bytes that came, was it whole)."""
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    try:
        return response.status, len(response.read()), True
    except http.client.IncompleteRead as e:
        return response.status, len(e.partial), False
    except ConnectionResetError:
        return response.status, 0, False


def truncations():
    half = b"x" * 300000
    heads = {"length": b"HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n" + half,
             "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n927c0\r\n" + half,
             "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n" + half + b"\r\n"}
    for name, data in heads.items():
        for ends in ("close", "reset"):
            def serve(peer):
                peer.request()
                peer.say(data)
                time.sleep(0.2)
                if ends == "reset":
                    peer.reset()
            backend = Backend(serve)
            server = start([backend.host()], "server.stream-response-body = 2\n")
            status, count, whole = truncated(server.port)
            assert status == 200 and not whole, (name, ends, status, count, whole)
            code, out = curl("--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}",
                             "http://127.0.0.1:%d/" % server.port)
            assert code == 92 and b"200" in out, (name, ends, code, out)
            server.wait_log("in the middle of its answer")
            server = start([backend.host()], "server.stream-response-body = 0\n")
            assert get(server.port, "/")[0] == 502, (name, ends)


# ---- streams -------------------------------------------------------------------------------------

def events_arrive_at_once():
    for streams in (0, 1, 2):
        told = threading.Event()

        def serve(peer):
            peer.request()
            peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            told.wait(10)
            peer.say(b"data: 2\n\n")
        backend = Backend(serve)
        server = start([backend.host()], "server.stream-response-body = %d\n" % streams)
        with connect(server.port) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            data = b""
            while b"data: 1" not in data:
                data += s.recv(4096)
            assert b"data: 2" not in data
            told.set()
            data += read_all(s)
            assert b"data: 2" in data and data.endswith(b"0\r\n\r\n"), data


def upgraded():
    def serve(peer):
        _, _, fields, _ = peer.request()
        assert fields["connection"].lower() == "upgrade" and fields["upgrade"] == "echo", fields
        peer.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nhello ")
        while True:
            data = peer.rest or peer.s.recv(65536)
            peer.rest = b""
            if not data:
                peer.say(b"bye")
                return
            peer.say(data)
    backend = Backend(serve)
    server = start([backend.host('"upgrade" => "enable"')])
    with connect(server.port) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        data = b""
        while b"hello " not in data:
            part = s.recv(4096)
            assert part, data
            data += part
        head = data.lower()
        assert data.startswith(b"HTTP/1.1 101 ") and b"\r\nupgrade: echo\r\n" in head, data
        assert b"\r\nconnection: upgrade\r\n" in head and b"transfer-encoding" not in head, data
        for size in (1, 1000, 300000):
            block = noise(size)
            thread = threading.Thread(target=s.sendall, args=(block,))
            thread.start()
            got = b""
            while len(got) < size:
                part = s.recv(262144)
                assert part, (size, len(got))
                got += part
            thread.join()
            assert got == block, size
        s.shutdown(socket.SHUT_WR)
        assert read_all(s) == b"bye"


def upgrade_not_allowed():
    backend = Backend(echo)
    server = start([backend.host()])
    answer = raw(server.port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: echo\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert "upgrade" not in backend.requests[0][2], backend.requests


def answered_before_the_body_is_through():
    def serve(peer):
        peer.line_block()
        peer.say(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
        peer.s.shutdown(socket.SHUT_WR)
        time.sleep(0.5)
    for streams in (0, 2):
        backend = Backend(serve)
        server = start([backend.host()], "server.stream-request-body = %d\n" % streams)
        with connect(server.port) as s:
            s.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
            try:
                s.sendall(b"x" * 3000000)
            except OSError:
                pass
            assert s.recv(4096).startswith(b"HTTP/1.1 413 "), streams


def resident_kib(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/status" % pid) as f:
            total += int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
    return total


def sends(count):
    def serve(peer):
        peer.request()
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % count)
        block = noise(MEGABYTE)
        for _ in range(count // MEGABYTE):
            peer.say(block)
    return serve


def takes(peer):
    head = peer.line_block()
    left = int(re.search(r"content-length: (\d+)", head, re.I).group(1)) - len(peer.rest)
    buffer = bytearray(MEGABYTE)
    while left > 0:
        count = peer.s.recv_into(buffer)
        if not count:
            return
        left -= count
    peer.say(OK)


def large(event_backend):
    size = (1024 if full() else 200) * MEGABYTE
    down, up = Backend(sends(size)), Backend(takes)
    more = 'server.max-request-size = 0\nserver.stream-request-body = 2\nserver.stream-response-body = 2\n'
    text = 'server.modules = ( "mod_proxy" )\nproxy.server = ( "/down" => ( %s ), "/up" => ( %s ) )\n' % (
        down.host(), up.host())
    server = Server(text + more, event_backend)
    highest = []
    done = threading.Event()

    def watch():
        while not done.is_set():
            highest.append(resident_kib(server.workers()))
            time.sleep(0.05)
    before = resident_kib(server.workers())
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with connect(server.port, 120) as s:
            s.sendall(b"GET /down HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            buffer, count = bytearray(MEGABYTE), 0
            while True:
                n = s.recv_into(buffer)
                if not n:
                    break
                count += n
            assert size < count < size + 1000, count
        with connect(server.port, 120) as s:
            s.sendall(b"PUT /up HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size)
            block = noise(MEGABYTE)
            for _ in range(size // MEGABYTE):
                s.sendall(block)
            assert read_all(s).endswith(b"ok")
    finally:
        done.set()
        watcher.join()
    if os.path.exists("/proc/self/status") and not is_sanitized():
        assert max(highest) - before < 8 * 1024, "%d KiB more" % (max(highest) - before)


def slow_client():
    """The backend is held up; what waits in the server is bounded."""
    sent = []

    def serve(peer):
        peer.request()
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (100 * MEGABYTE))
        for _ in range(100):
            peer.say(b"x" * MEGABYTE)
            sent.append(1)
    backend = Backend(serve)
    server = start([backend.host()], "server.stream-response-body = 2\n")
    before = resident_kib(server.workers())
    with connect(server.port) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        s.recv(1000)
        time.sleep(1.5)
        held = len(sent)
        assert held < 60, "%d MiB were taken off the backend" % held
        if not is_sanitized():
            assert resident_kib(server.workers()) - before < 4096
        rest = len(read_all(s))
        assert rest > 99 * MEGABYTE, rest


def client_that_leaves():
    gone = threading.Event()

    def serve(peer):
        peer.request()
        peer.say(b"HTTP/1.1 200 OK\r\n\r\nbegun")
        try:
            if not peer.s.recv(100):
                gone.set()
        except OSError:
            gone.set()
    backend = Backend(serve)
    server = start([backend.host()], "server.stream-response-body = 2\n")
    with connect(server.port) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        data = b""
        while b"begun" not in data:
            data += s.recv(1000)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert gone.wait(5), "the backend goes on for nobody"


def with_each_backend(event_backend):
    backend = Backend(echo)
    server = start([backend.host()], "", event_backend)
    for i in range(20):
        assert get(server.port, "/%d" % i, method="POST", body=b"x" * i * 1000)[0] == 200
    assert backend.connections <= 3, backend.connections
    code, out = curl("--http2-prior-knowledge", "-d", "abc", "http://127.0.0.1:%d/" % server.port)
    assert code == 0 and out.endswith(b"\n3"), out


def tests():
    found = [Test("proxy: " + f.__name__.replace("_", " "), f) for f in (
        fields_of_a_request, bodies_and_methods, trailers_and_interim, statuses_without_a_body, unix_sockets, maps,
        connections_are_kept, closing_backends, a_kept_connection_that_ends, idle_connections_that_the_backend_closes,
        other_hosts, errors_are_told_apart, nonsense, a_second_response, late_second_response,
        a_second_response_that_waits, truncations, events_arrive_at_once, upgraded, upgrade_not_allowed,
        answered_before_the_body_is_through, slow_client, client_that_leaves)]
    for name in backends():
        found.append(Test("proxy: requests over %s" % name, with_each_backend, name))
        found.append(Test("proxy: much over %s" % name, large, name))
    return found
