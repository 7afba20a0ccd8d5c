#!/usr/bin/env python3
# t_h2_backend.py - backends that speak HTTP/2: streams that share a connection, retries, windows, trailers, tunnels
# SPDX-License-Identifier: BSD-3-Clause
import hashlib
import http.client
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

from certificates import authority, localhost, tls_text
from frames import (CANCEL, Connection, DATA, DEFAULT_WINDOW_BYTES, END_HEADERS, END_STREAM, GOAWAY, HEADERS,
                    MAX_STREAMS, NO_ERROR, PING, RST_STREAM, SETTINGS, Stream, WINDOW_UPDATE,
                    frame, literal)
from h2_peer import Backend
from harness import (LOCALHOST, Server, Skip, Test, backends, connect, curl, free_port, is_sanitized, noise,
                     wait_for, write)

CLEARTEXT_H2 = 'server.feature-flags = ( "server.h2c" => "enable" )\n'
REFUSED_STREAM, INTERNAL_ERROR = 7, 2
ENABLE_CONNECT = 8
MEGABYTE = 1024 * 1024
BIG = 20 * MEGABYTE


def proxy(port, options="", more="", **arguments):
    return Server('server.modules += ( "mod_proxy" )\nproxy.server = ( "" => (( "host" => "127.0.0.1", "port" => %d, '
                  '"scheme" => "h2c"%s )))\n' % (port, options) + CLEARTEXT_H2 + more, **arguments)


def fetch_all(server, count, path="/", method="GET", body=None):
    """That many at once: a list of (status, body) or exceptions."""
    results = [None] * count

    def one(i):
        try:
            c = http.client.HTTPConnection(LOCALHOST, server.port, timeout=30)
            c.request(method, path, body=body)
            r = c.getresponse()
            results[i] = (r.status, r.read())
            c.close()
        except Exception as error:
            results[i] = error
    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def same_body(a, b):
    return hashlib.sha256(a).digest() == hashlib.sha256(b).digest()


# ---- our own server, and others --------------------------------------------------------------------

def ourselves(backend):
    """Large files through two of ours, from all kinds of clients."""
    behind = Server(CLEARTEXT_H2, backend=backend)
    content = noise(BIG)
    behind.file("big", content)
    behind.file("small.txt", "content\n")
    front = proxy(behind.port, backend=backend)
    base = "http://127.0.0.1:%d" % front.port
    for way in (["--http1.1"], ["--http2-prior-knowledge"]):
        status, got = curl(*way, base + "/big")
        assert status == 0 and same_body(got, content), (way, status, len(got))
        status, got = curl(*way, "-r", "1000-1999", base + "/big")
        assert got == content[1000:2000], (way, len(got))
        status, got = curl(*way, "-I", base + "/small.txt")
        assert b" 200" in got.split(b"\r\n")[0] and b"content-length: 8" in got.lower(), got
        assert curl(*way, base + "/none", "-o", "/dev/null", "-w", "%{http_code}")[1] == b"404"
    results = fetch_all(front, 40, "/small.txt")
    assert results == [(200, b"content\n")] * 40, results
    assert front.end() == 0 and behind.end() == 0
    assert "error" not in front.has_said(), front.has_said()


def other_server(name, arguments):
    program = shutil.which(name) or shutil.which("/usr/sbin/" + name)
    if not program:
        raise Skip("there is no " + name)
    port = free_port()
    process = subprocess.Popen([program, *arguments(port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    return port, process


def nghttpd():
    """Bodies both ways, of known and unknown length; trailers."""
    def arguments(port):
        return ["--no-tls", "-a", LOCALHOST, "--echo-upload", "--trailer", "x-check: yes", str(port)]
    port, process = other_server("nghttpd", arguments)
    try:
        wait_for(lambda: socket.socket().connect_ex((LOCALHOST, port)) == 0, "nghttpd")
        front = proxy(port, more="server.stream-request-body = 2\n")
        content = noise(BIG)
        path = write(os.path.join(front.dir, "upload"), content)
        base = "http://127.0.0.1:%d/x" % front.port
        for way in (["--http1.1"], ["--http2-prior-knowledge"]):
            for how in (["--data-binary", "@" + path], ["-H", "Transfer-Encoding: chunked", "-T", path]):
                if "chunked" in how[1] and way != ["--http1.1"]:
                    continue
                status, got = curl(*way, "-H", "Expect:", *how, base)
                assert status == 0 and same_body(got, content), (way, how, status, len(got))
        with Connection(front.port, secure=False) as c:
            number = c.ask("/x", "POST", body=b"abc")
            assert c.answer(number) == (200, b"abc")
            assert c.streams[number].trailers
    finally:
        process.kill()
        process.wait()


# ---- connections and streams -----------------------------------------------------------------------

def shared():
    """All on one connection, if the backend takes so many; else on several."""
    def slowly(peer, stream):
        time.sleep(0.3)
        peer.answer(stream)
    for limit, least, most in ((None, 1, 1), (3, 4, 4)):
        settings = [(MAX_STREAMS, limit)] if limit else []
        with Backend(slowly, settings) as b:
            server = proxy(b.port)
            assert fetch_all(server, 1) == [(200, b"ok")]  # the limit is known from now on
            results = fetch_all(server, 12)
            assert results == [(200, b"ok")] * 12, results
            assert least <= len(b.peers) <= most, "%d connections" % len(b.peers)
            assert not limit or max(len(p.order) for p in b.peers) <= 2 * limit + 1
            assert server.end() == 0


def idle():
    """A kept connection goes after keep-alive-idle, with GOAWAY before it."""
    with Backend(lambda peer, stream: peer.answer(stream)) as b:
        server = proxy(b.port, ', "keep-alive-idle" => 1')
        assert fetch_all(server, 1) == [(200, b"ok")]
        wait_for(lambda: b.peers[0].s.fileno() < 0, "the end of the idle connection", 5)
        assert fetch_all(server, 1) == [(200, b"ok")] and len(b.peers) == 2


def unprocessed():
    """GOAWAY and REFUSED_STREAM: whatever was not begun with is sent again, POST too."""
    def goes(peer, stream):
        if peer.number == 0:
            peer.send(GOAWAY, 0, 0, struct.pack(">II", 0, NO_ERROR))
        else:
            peer.answer(stream, bytes(peer.bodies[stream]) or b"ok")

    def refuses(peer, stream):
        if stream == 1:
            peer.send(RST_STREAM, 0, stream, struct.pack(">I", REFUSED_STREAM))
        else:
            peer.answer(stream, bytes(peer.bodies[stream]) or b"ok")
    for how in (goes, refuses):
        for method, body in (("GET", None), ("POST", b"once")):
            with Backend(how) as b:
                server = proxy(b.port)
                assert fetch_all(server, 1, "/", method, body) == [(200, body or b"ok")], (how, method)
                assert server.end() == 0
                assert "error" not in server.has_said(), server.has_said()


def goes_while_serving():
    """What it has begun with is served to the end; what comes later goes elsewhere."""
    def slowly(peer, stream):
        if peer.number == 0 and stream == 1:
            peer.send(GOAWAY, 0, 0, struct.pack(">II", 1, NO_ERROR))
            time.sleep(0.5)
        peer.answer(stream, b"%d" % peer.number)
    with Backend(slowly) as b:
        server = proxy(b.port)
        first = threading.Thread(target=lambda: first.results.extend(fetch_all(server, 1)))
        first.results = []
        first.start()
        wait_for(lambda: b.peers and b.peers[0].order, "the first request")
        time.sleep(0.1)
        assert fetch_all(server, 1) == [(200, b"1")]
        first.join()
        assert first.results == [(200, b"0")]


# ---- what goes wrong -------------------------------------------------------------------------------

def broken():
    """A response that is none is 502; one that is cut never looks whole."""
    def reset(peer, stream):
        peer.send(RST_STREAM, 0, stream, struct.pack(">I", INTERNAL_ERROR))

    def upper_case(peer, stream):
        peer.send(HEADERS, END_HEADERS | END_STREAM, stream, literal(b":status", b"200") + literal(b"Server", b"x"))

    def split(peer, stream):
        peer.send(HEADERS, END_HEADERS | END_STREAM, stream,
                  literal(b":status", b"200") + literal(b"x", b"a\r\nSet-Cookie: b"))

    def no_status(peer, stream):
        peer.send(HEADERS, END_HEADERS | END_STREAM, stream, literal(b"server", b"x"))

    def data_first(peer, stream):
        peer.send(DATA, END_STREAM, stream, b"x")

    def closes(peer, stream):
        peer.s.shutdown(socket.SHUT_RDWR)

    def nonsense(peer, stream):
        peer.s.sendall(b"\0" * 64)
    for how in (reset, upper_case, split, no_status, data_first, closes, nonsense):
        with Backend(how) as b:
            server = proxy(b.port)
            got = fetch_all(server, 1)[0]
            assert got[0] == 502, (how.__name__, got)
            assert server.end() == 0

    def cut(peer, stream):
        peer.head(stream, 200)
        peer.data(stream, b"half", end=False)
        time.sleep(0.2)
        reset(peer, stream)
    with Backend(cut) as b:
        server = proxy(b.port)
        status, got = curl("--http1.1", "http://127.0.0.1:%d/" % server.port)
        assert status != 0, "curl takes it for whole"
        with Connection(server.port, secure=False) as c:
            assert c.answer(c.ask("/"))[0] is None


def old_server():
    """HTTP/1 where HTTP/2 was expected."""
    behind = Server("")
    server = proxy(behind.port)
    assert fetch_all(server, 1)[0][0] == 502
    server.wait_log("it speaks HTTP/1, and not HTTP/2")


def client_leaves():
    """Then the backend is told that nobody waits: CANCEL, and the connection is still good."""
    with Backend(lambda peer, stream: peer.answer(stream) if stream > 3 else None) as b:
        server = proxy(b.port)
        with Connection(server.port, secure=False) as c:
            number = c.ask("/")
            wait_for(lambda: b.peers and b.peers[0].order == [1], "the request")
            c.send(RST_STREAM, 0, number, struct.pack(">I", CANCEL))
            wait_for(lambda: b.peers[0].resets.get(1) == CANCEL, "RST_STREAM with CANCEL")
        with connect(server.port) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(lambda: b.peers[0].order == [1, 3], "the request")
        wait_for(lambda: b.peers[0].resets.get(3) == CANCEL, "RST_STREAM with CANCEL")
        assert fetch_all(server, 1) == [(200, b"ok")] and len(b.peers) == 1


def time_out():
    """A backend that says nothing: 504, and nobody else waits on that connection."""
    with Backend(lambda peer, stream: peer.number and peer.answer(stream)) as b:
        server = proxy(b.port, ', "read-timeout" => 1, "max-fails" => 100')
        assert fetch_all(server, 1, method="POST", body=b"x")[0][0] == 504
        assert fetch_all(server, 1) == [(200, b"ok")] and len(b.peers) == 2


def steady():
    """A response that takes longer than read-timeout, and comes a little at a time."""
    def slowly(peer, stream):
        peer.head(stream, 200)
        for i in range(6):
            peer.data(stream, b"%d" % i, end=i == 5)
            time.sleep(0.4)
    with Backend(slowly) as b:
        server = proxy(b.port, ', "read-timeout" => 1')
        assert fetch_all(server, 3) == [(200, b"012345")] * 3


class Hasty(Backend):
    """Says GOAWAY with its first SETTINGS on the first connection."""

    def greet(self, peer):
        goaway = frame(GOAWAY, 0, 0, struct.pack(">II", 0x7fffffff, NO_ERROR)) if peer.number == 0 else b""
        with peer.lock:
            peer.s.sendall(frame(SETTINGS, 0, 0, struct.pack(">HI", ENABLE_CONNECT, 1)) + goaway)


def queue():
    """Who waits for a stream on a connection that the backend takes leave of goes elsewhere at once."""
    with Hasty(None, begins=lambda peer, stream, flags, block: peer.head(stream, 200)) as b:
        server = proxy(b.port, ', "upgrade" => "enable", "read-timeout" => 5')
        with Connection(server.port, secure=False) as c:
            stream = c.streams[connect_extended(c, "/chat")]
            begun = time.monotonic()
            c.until(lambda: stream.status is not None)
            assert stream.status == 200 and len(b.peers) == 2, (stream.status, len(b.peers))
            assert time.monotonic() - begun < 3


def chatter():
    """A backend that goes on talking keeps no connection that nobody needs."""
    def answer(peer, stream):
        peer.answer(stream)
        for _ in range(40):
            time.sleep(0.2)
            peer.send(PING, 0, 0, b"12345678")
    with Backend(answer) as b:
        server = proxy(b.port, ', "keep-alive-idle" => 1')
        assert fetch_all(server, 1) == [(200, b"ok")]
        wait_for(lambda: b.peers[0].s.fileno() < 0, "the end of the idle connection", 5)


def no_body():
    """204 has no body, whatever content-length says (RFC 9110 6.4.1): the next response is none of it."""
    def answer(peer, stream):
        peer.head(stream, 204 if stream == 1 else 200, [("content-length", "5" if stream == 1 else "2")])
        peer.send(DATA, END_STREAM, stream, b"" if stream == 1 else b"ok")
    with Backend(answer) as b:
        server = proxy(b.port)
        c = http.client.HTTPConnection(LOCALHOST, server.port, timeout=10)
        c.request("GET", "/")
        r = c.getresponse()
        assert (r.status, r.read(), r.getheader("Content-Length")) == (204, b"", None), r.getheaders()
        c.request("GET", "/")
        assert c.getresponse().read() == b"ok"


def other_upgrade():
    """An Upgrade that cannot be said in HTTP/2 may be ignored (RFC 9110 7.8), and is."""
    with Backend(lambda peer, stream: peer.answer(stream)) as b:
        server = proxy(b.port, ', "upgrade" => "enable"')
        for more in ("Upgrade: foo\r\n", "Upgrade: websocket\r\n"):
            with connect(server.port) as s:
                s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n" + more.encode() + b"\r\n")
                got = s.recv(4096)
                assert got.startswith(b"HTTP/1.1 200 "), got
                while b"ok" not in got:
                    got += s.recv(4096)


def send_until_closed(s):
    try:
        s.sendall(noise(MEGABYTE) * 100)
    except OSError:
        pass


def deaf():
    """A backend that wants answers and reads none: they are not collected without end."""
    turn, got = 28, threading.Semaphore(0)

    def begins(peer, stream, flags, block):
        for number in (0, stream):
            peer.send(WINDOW_UPDATE, 0, number, struct.pack(">I", 1 << 30))
        time.sleep(0.5)  # until the kernel takes no more of the request
        peer.send(HEADERS, END_HEADERS, stream, literal(b":status", b"200"))
        peer.sent, peer.result = 0, None
        try:
            while peer.sent < 20 * MEGABYTE:
                peer.s.sendall((frame(DATA, 0, stream, b"x" * 1024) + frame(PING, 0, 0, b"12345678")) * turn)
                peer.sent += turn * 1024
                got.acquire(timeout=5)
            peer.result = "nobody minds"
        except OSError:
            peer.result = "closed"
        peer.s.close()
    with Backend(lambda *_: None, begins=begins) as b:
        b.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        server = proxy(b.port, more="server.stream-request-body = 2\nserver.max-request-size = 1000000\n")
        with connect(server.port) as s:
            s.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
            threading.Thread(target=send_until_closed, args=(s,), daemon=True).start()
            count, part = 0, b"-"
            while part:
                try:
                    part = s.recv(65536)
                except ConnectionResetError:
                    part = b""
                count += part.count(b"x")
                while count >= turn * 1024:
                    got.release()
                    count -= turn * 1024
            got.release(1000)
        wait_for(lambda: b.peers[0].result, "the end", 20)
        assert b.peers[0].result == "closed", b.peers[0].result
        server.wait_log("answers are not read")


# ---- windows ---------------------------------------------------------------------------------------

def memory_kib(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def slow_client():
    """Who reads nothing holds up its own stream and nobody else's, and costs no memory."""
    sent = {}

    def large(peer, stream):
        if stream > 1:
            peer.answer(stream, noise(MEGABYTE))
            return
        peer.head(stream, 200)
        for i in range(64):
            peer.data(stream, noise(MEGABYTE, i + 2), end=i == 63)
            sent[stream] = i + 1
    with Backend(large) as b:
        server = proxy(b.port)
        with connect(server.port) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(lambda: b.peers and b.peers[0].order, "the request")
            time.sleep(1)
            stuck = sent.get(1, 0)
            assert stuck < 16, "%d MiB went to somebody who reads nothing" % stuck
            assert fetch_all(server, 4) == [(200, noise(MEGABYTE))] * 4
            assert len(b.peers) == 1 and sent.get(1, 0) <= stuck + 1
            if os.path.exists("/proc/self/status") and not is_sanitized():
                for pid in server.workers():
                    assert memory_kib(pid) < 40 * 1024, "%d KiB" % memory_kib(pid)
            count, digest = 0, hashlib.sha256()
            while count < 64 * MEGABYTE:
                part = s.recv(262144)
                assert part, "the end after %d bytes" % count
                count += len(part)


def slow_backend():
    """A backend that opens no window: the client is held up, and memory does not grow."""
    with Backend(lambda peer, stream: peer.answer(stream), reads=False) as b:
        server = proxy(b.port, more="server.stream-request-body = 2\nserver.max-request-size = 1000000\n")
        with connect(server.port) as s:
            s.settimeout(1)
            s.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (100 * MEGABYTE))
            total, block = 0, noise(MEGABYTE)
            try:
                while total < 100 * MEGABYTE:
                    total += s.send(block)
            except socket.timeout:
                pass
            assert total < 40 * MEGABYTE, "%d bytes were taken" % total
            assert len(b.peers[0].bodies[1]) <= DEFAULT_WINDOW_BYTES
            if os.path.exists("/proc/self/status") and not is_sanitized():
                for pid in server.workers():
                    assert memory_kib(pid) < 40 * 1024, "%d KiB" % memory_kib(pid)


# ---- gRPC, tunnels ---------------------------------------------------------------------------------

def grpc():
    """Messages both ways before either side has ended; trailers at the end, or alone."""
    def on_data(peer, stream, payload):
        if len(peer.bodies[stream]) == len(payload):
            peer.head(stream, 200, [("content-type", "application/grpc")])
        threading.Thread(target=peer.data, args=(stream, payload, False), daemon=True).start()

    def ends(peer, stream):
        if not peer.bodies[stream]:
            peer.head(stream, 200, [("grpc-status", "12")], end=True)
            return
        time.sleep(0.1)
        peer.trailers(stream, [("grpc-status", "0"), ("grpc-message", "fine")])
    with Backend(ends, on_data=on_data) as b:
        server = proxy(b.port, more="server.stream-request-body = 2\n")
        with Connection(server.port, secure=False) as c:
            number = c.ask("/x.Y/Z", "POST", [("te", "trailers"), ("content-type", "application/grpc")], ends=False)
            stream = c.streams[number]
            for message in (b"one", b"two two", b"three"):
                before = len(stream.body)
                c.send(DATA, 0, number, message)
                assert c.until(lambda: len(stream.body) == before + len(message)), bytes(stream.body)
            c.send(HEADERS, END_HEADERS | END_STREAM, number, literal(b"x-sum", b"1"))
            assert c.answer(number) == (200, b"onetwo twothree")
            assert b.peers[0].trailers_of == {1}
            assert stream.trailers and stream.reset is None
            number = c.ask("/x.Y/None", "POST", [("te", "trailers")], body=b"")
            assert c.answer(number) == (200, b"")


def tunnel():
    """An extended CONNECT goes through, if the backend takes such."""
    def begins(peer, stream, flags, block):
        peer.head(stream, 200)

    def echo(peer, stream, payload):
        threading.Thread(target=peer.data, args=(stream, payload, False), daemon=True).start()

    def ends(peer, stream):
        time.sleep(0.1)
        peer.send(DATA, END_STREAM, stream)
    for can in (1, 0):
        with Backend(ends, [(ENABLE_CONNECT, 1)] if can else [], begins=begins, on_data=echo) as b:
            server = proxy(b.port, ', "upgrade" => "enable"')
            with Connection(server.port, secure=False) as c:
                number = connect_extended(c, "/chat")
                stream = c.streams[number]
                c.until(lambda: stream.status is not None)
                assert stream.status == (200 if can else 501), stream.status
                if not can:
                    break
                for message in (b"hello", b"x" * 30000):
                    before = len(stream.body)
                    c.send(DATA, 0, number, message[:16000])
                    if message[16000:]:
                        c.send(DATA, 0, number, message[16000:])
                    assert c.until(lambda: len(stream.body) == before + len(message))
                c.send(DATA, END_STREAM, number)
                assert c.until(lambda: stream.ended) and stream.reset is None
            with connect(server.port) as s:  # RFC 6455 1.3: the same by an Upgrade of HTTP/1
                s.sendall(b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                          b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                head = b""
                while b"\r\n\r\n" not in head:
                    head += s.recv(4096)
                assert head.startswith(b"HTTP/1.1 101 "), head
                assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head and b"pgrade: websocket" in head, head
                s.sendall(b"hello")
                assert s.recv(4096) == b"hello"
                s.shutdown(socket.SHUT_WR)
                assert s.recv(4096) == b""


def connect_extended(c, path):
    number = c.next
    c.next += 2
    c.streams[number] = Stream()
    rows = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", c.scheme), (":path", path),
            (":authority", c.authority)]
    c.send(HEADERS, END_HEADERS, number, b"".join(literal(n.encode(), v.encode()) for n, v in rows))
    return number


# ---- reload, TLS -----------------------------------------------------------------------------------

def reload():
    """A reload cuts nobody off, and the connection is found again."""
    with Backend(lambda peer, stream: (time.sleep(1), peer.answer(stream))) as b:
        server = proxy(b.port)
        results = []
        waiting = threading.Thread(target=lambda: results.extend(fetch_all(server, 3)))
        waiting.start()
        wait_for(lambda: b.peers and len(b.peers[0].order) == 3, "three requests")
        server.send(signal.SIGUSR1)
        waiting.join()
        assert results == [(200, b"ok")] * 3, results
        assert fetch_all(server, 1) == [(200, b"ok")] and len(b.peers) == 1


def over_tls(backend):
    """"h2" is agreed upon by ALPN; a backend that has it not is said to have it not."""
    content = noise(4 * MEGABYTE)
    text = ('proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => %d, "scheme" => "h2", "tls-name" => '
            '"localhost", "tls-ca-file" => "%s" )))\nserver.modules += ( "mod_proxy" )\n')
    no_h2 = 'server.feature-flags = ( "server.h2proto" => "disable" )\n'
    behind = Server(tls_text(localhost()), backend=backend)
    behind.file("big", content)
    front = Server(text % (behind.tls_port, authority().pem), backend=backend)
    status, got = curl("http://127.0.0.1:%d/big" % front.port)
    assert status == 0 and same_body(got, content), (status, len(got))
    assert fetch_all(front, 20, "/none") == [(404, fetch_all(front, 1, "/none")[0][1])] * 20
    old = Server(tls_text(localhost()) + no_h2, backend=backend)
    front = Server(text % (old.tls_port, authority().pem), backend=backend)
    assert fetch_all(front, 1)[0][0] == 502
    front.wait_log("ALPN")


def tests():
    rows = [shared, idle, steady, unprocessed, goes_while_serving, broken, old_server, client_leaves, time_out,
            queue, chatter, no_body, other_upgrade, deaf,
            slow_client, slow_backend, grpc, tunnel, reload, nghttpd]
    each = [(way, name) for way in (ourselves, over_tls) for name in backends()]
    return ([Test("h2-backend: " + f.__name__.replace("_", " "), f) for f in rows] +
            [Test("h2-backend: %s (%s)" % (f.__name__.replace("_", " "), name), f, name) for f, name in each])
