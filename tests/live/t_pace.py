#!/usr/bin/env python3
# t_pace.py - server.kbytes-per-second: what many connections to several workers get together, and how evenly
# SPDX-License-Identifier: BSD-3-Clause
import socket
import threading
import time

from certificates import client, connect_tls, tls_text
from frames import Connection
from harness import LOCALHOST, Server, Test, backends, connect, features, need, raw

RATE = 1024 * 1024
SECONDS = 5
BIG = 16 * 1024 * 1024
CONFIG = '''server.max-worker = 3
server.modules = ( "mod_proxy" )
server.feature-flags = ( "server.h2c" => "enable" )
$HTTP["host"] == "slow.test" { server.kbytes-per-second = 1024 }
$HTTP["url"] == "/through" { proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => %d ))) }
'''
GET = b"GET %s HTTP/1.1\r\nHost: slow.test\r\n\r\n"


class Reader(threading.Thread):
    """Takes whatever comes, and notes when."""

    def __init__(self, s):
        super().__init__(daemon=True)
        self.s, self.came = s, []

    def run(self):
        begun = time.monotonic()
        while time.monotonic() < begun + SECONDS:
            count = len(self.s.recv(65536))
            assert count
            self.came.append((time.monotonic(), count))
        self.s.close()

    def count(self, start, end):
        return sum(count for at, count in self.came if start <= at < end)


def serve(listening):
    """A backend that has as much as anybody wants."""
    s, _ = listening.accept()
    s.recv(65536)
    try:
        s.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
        while True:
            s.sendall(bytes(65536))
    except OSError:
        s.close()


def asking(server, is_secure):
    """Five connections of HTTP/1, one of them to a backend, one with TLS, and two of HTTP/2 with two streams each."""
    sockets = [connect(server.port) for _ in range(5)]
    if is_secure:
        sockets.append(connect_tls(server.tls_port, "localhost", client(alpn=["http/1.1"])))
    for i, s in enumerate(sockets):
        s.sendall(GET % (b"/big" if i else b"/through"))
    for _ in range(2):
        both = Connection(server.tls_port if is_secure else server.port, is_secure)
        both.ask("/big", authority="slow.test")
        both.ask("/big", authority="slow.test")
        sockets.append(both.s)
    return [Reader(s) for s in sockets]


def together(backend):
    need("mod_proxy")
    is_secure = bool(features().get("SSL support"))
    listening = socket.create_server((LOCALHOST, 0))
    threading.Thread(target=serve, args=(listening,), daemon=True).start()
    server = Server(CONFIG % listening.getsockname()[1] + (tls_text() if is_secure else ""), backend)
    server.file("big", bytes(BIG))
    readers = asking(server, is_secure)
    begun = time.monotonic()
    for reader in readers:
        reader.start()
    others = 0
    while time.monotonic() < begun + SECONDS - 1:  # who asks another host has all that there is
        others += len(raw(server.port, b"GET /big HTTP/1.1\r\nHost: fast.test\r\nConnection: close\r\n\r\n"))
        time.sleep(0.3)
    for reader in readers:
        reader.join(30)
    assert others > 3 * RATE * SECONDS, others
    parts = [reader.count(begun + 1, begun + SECONDS) for reader in readers]
    whole, mean = RATE * (SECONDS - 1), sum(parts) / len(parts)
    assert whole * 0.5 <= sum(parts) <= whole * 1.2, (parts, whole)
    assert all(mean / 3 <= part <= mean * 2 for part in parts), (parts, mean)
    steps = [sum(r.count(begun + 1 + i / 4, begun + 1.25 + i / 4) for r in readers) for i in range(4 * SECONDS - 4)]
    assert max(steps) <= 0.7 * RATE, steps
    listening.close()
    assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("pace of a host over several workers, %s" % backend, together, backend)
