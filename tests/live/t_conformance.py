#!/usr/bin/env python3
# t_conformance.py - the cases of the event contract that need the whole server: conformance 50 to 53
# SPDX-License-Identifier: BSD-3-Clause
import os
import resource
import select
import socket
import ssl
import time

from certificates import authority, client, connect_tls, tls_text
from harness import Server, Skip, Test, backends, connect, get, need, noise, raw, read, wait_for

REQUEST = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"


def share_running(server, seconds):
    """How often one of the server's processes was found running; on a busy machine one that spins is, too."""
    if not os.path.exists("/proc/self/stat"):
        raise Skip("there is no /proc")
    looks = running = 0
    pids = [server.process.pid] + server.workers()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        states = [read("/proc/%d/stat" % pid).rsplit(b")", 1)[1].split()[0] for pid in pids]
        running += b"R" in states
        looks += 1
        time.sleep(0.02)
    return running / looks


def no_room(backend):
    """50: without a descriptor for the next connection the listener is muted; nothing spins, nobody is forgotten."""
    server = Server('server.max-fds = 100\nserver.max-connections = 1000\nserver.reply-cache-size = 0\n', backend,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)))
    slow = []
    for i in range(60):  # two descriptors each: there are not so many
        os.truncate(server.file("big%d" % i), 64 << 20)
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(30)
        s.connect(("127.0.0.1", server.port))
        s.sendall(REQUEST % (b"/big%d" % i))
        slow.append(s)
        full = "connections cannot be accepted for now"
        wait_for(lambda: select.select([s], [], [], 0)[0] or full in server.log(), "an answer, or no room for it")
        if full in server.log():
            break
    server.wait_log(full)
    server.file("small", b"small")
    late = connect(server.port)
    late.sendall(REQUEST % b"/small")
    share = share_running(server, 2)
    assert share < 0.5, "running in %.0f %% of two seconds in which there was nothing to do" % (share * 100)
    for s in slow:
        s.close()
    answer = late.recv(4096)
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"small"), answer
    assert server.log().count(full) == 1, server.log()
    assert server.end() == 0


def in_one_record(backend, version):
    """51: what came with a record is behind the socket already, and no kernel will say IN for it."""
    authority()
    server = Server("server.max-keep-alive-requests = 10000\n" + tls_text(), backend)
    server.file("small", b"small")
    count = 16384 // len(REQUEST % b"/small")
    with connect_tls(server.tls_port, context=client(version=version)) as s:
        s.settimeout(30)
        for _ in range(3):
            s.sendall(REQUEST % b"/small" * count)
            got = b""
            while got.count(b"\r\n\r\nsmall") < count:
                part = s.recv(65536)
                assert part, "the end after %d of %d responses" % (got.count(b"\r\n\r\nsmall"), count)
                got += part
    assert server.end() == 0


def lingering_is_bounded(backend):
    """52: connections at their end hold nobody up for longer than they may, and take no more than they may."""
    server = Server('server.max-connections = 8\nserver.linger-timeout = 2\n', backend)
    server.file("small", b"small")
    lingering = []
    for _ in range(8):
        s = connect(server.port)
        s.sendall(b"GET /small HTTP/1.0\r\n\r\n")
        while s.recv(4096):
            pass
        lingering.append(s)  # and it never closes
    begun = time.monotonic()
    assert get(server.port, "/small")[2] == b"small"
    took = time.monotonic() - begun
    assert took < 1.5, "a client had to wait %.1f s for those that linger" % took
    s = connect(server.port)
    s.sendall(b"GET /small HTTP/1.0\r\n\r\n")
    sent = 0
    try:
        while sent < 64 << 20:
            sent += s.send(b"x" * 65536)
    except OSError:
        pass
    assert sent < 32 << 20, "%d bytes were taken after the end" % sent
    for s in lingering:
        s.close()
    assert server.end() == 0


def sigpipe_of_programs():
    """53: the server ignores SIGPIPE, the programs that it starts die of it as they are used to."""
    need("mod_cgi")
    server = Server('server.modules = ( "mod_cgi" )\ncgi.assign = ( ".sh" => "/bin/sh" )\n')
    server.file("yes.sh", "echo Content-Type: text/plain; echo; exec 3>&1\n"
                "{ yes; echo \"yes ended with $?\" >&3; } 2>/dev/null | head -n 1 >/dev/null\n")
    body = get(server.port, "/yes.sh")[2]
    assert body in (b"yes ended with 141\n", b"yes ended with 269\n"), body  # ksh93 counts from 256
    assert server.end() == 0


def gone_before_the_answer(backend):
    """53: a client that has reset its connection kills nobody."""
    server = Server("", backend)
    server.file("big", noise(1 << 20))
    workers = server.workers()
    for _ in range(50):
        s = connect(server.port)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.sendall(REQUEST % b"/big" * 3)
        s.close()
    assert raw(server.port, b"GET /big HTTP/1.0\r\n\r\n").endswith(noise(1 << 20))
    assert server.workers() == workers
    assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("conformance 50: no room to accept (%s)" % backend, no_room, backend)
    for backend in backends():
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            yield Test("conformance 51: many requests in one record, %s (%s)" % (version.name, backend),
                       in_one_record, backend, version)
    for backend in backends():
        yield Test("conformance 52: lingering is bounded (%s)" % backend, lingering_is_bounded, backend)
    yield Test("conformance 53: SIGPIPE of programs", sigpipe_of_programs)
    for backend in backends():
        yield Test("conformance 53: gone before the answer (%s)" % backend, gone_before_the_answer, backend)
