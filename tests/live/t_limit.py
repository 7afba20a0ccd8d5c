#!/usr/bin/env python3
# t_limit.py - limits of one client, counted by several workers together: rates, connections, reloads, killed workers
# SPDX-License-Identifier: BSD-3-Clause
import http.client
import os
import signal
import socket
import time

from harness import LOCALHOST, Server, Skip, Test, backends, connect, free_port, need, noise, raw, wait_for

CONFIG = ('server.max-worker = 3\nserver.modules = ( "mod_extforward", "mod_limit", "mod_status" )\n'
          'status.metrics-url = "/metrics"\n'
          'extforward.forwarder = ( "127.0.0.1" => "trust" )\n')
GET = b"GET /x HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: %s\r\n\r\n"
CLIENTS = 100000


def start(text, backend=None):
    need("mod_extforward", "mod_limit", "mod_status")
    server = Server(CONFIG + text, backend)
    server.file("x", "content")
    return server


def ask(connection, client):
    connection.request("GET", "/x", headers={"X-Forwarded-For": client})
    response = connection.getresponse()
    response.read()
    return response.status, response.getheader("Retry-After")


def counted(server, limit):
    """How often mod_status says that it was reached, in all workers."""
    page = raw(server.port, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").decode()
    name = 'goldcrest_limits_reached_total{limit="%s"} ' % limit
    sums = [line[len(name):] for line in page.splitlines() if line.startswith(name)]
    return int(sums[0])


def rate(backend):
    """However many workers there are, and whatever is reloaded meanwhile."""
    limit = 'limit.requests = ( "rate" => 5, "burst" => 10 )\n'
    server = start(limit, backend)
    connections = [http.client.HTTPConnection(LOCALHOST, server.port, timeout=20) for _ in range(12)]
    begun, passed, refused = time.monotonic(), 0, 0
    for turn in range(4):
        while time.monotonic() < begun + turn + 1:
            for connection in connections:
                status, after = ask(connection, "192.0.2.1")
                assert (status, after) in ((200, None), (429, "1")), (status, after)
                passed, refused = passed + (status == 200), refused + (status == 429)
        if turn == 1:
            server.configure(CONFIG + "# another one\n" + limit)
            server.send(signal.SIGUSR1)
            server.wait_log("configuration 2 is in force")
    most = 10 + 5 * (time.monotonic() - begun)
    assert refused > 100 and most * 0.6 <= passed <= most + 1, (passed, most, refused)
    assert ask(connections[0], "192.0.2.2")[0] == 200
    assert counted(server, "client-rate") == refused, refused
    lines = [line for line in server.log().splitlines() if "429: more than 5 requests" in line]
    assert 1 <= len(lines) <= 3 and "192.0.2.1" in lines[0] and "limit.requests is set at" in lines[0], lines
    assert server.end() == 0


def opened(address, port, count):
    return [socket.create_connection((address, port), 20) for _ in range(count)]


def fate(s):
    """What a connection gets: a status, or its end."""
    try:
        s.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return s.recv(65536)[9:12].decode() or "closed"
    except ConnectionError:
        return "closed"


def at_a_time(backend):
    """Idle ones count; what a killed worker had counted does not."""
    port = free_port()
    try:
        socket.socket(socket.AF_INET6).bind(("::1", 0))
    except OSError as error:
        raise Skip("there is no IPv6") from error
    server = start('$SERVER["socket"] == "[::1]:%d" { limit.connections = 4 }\n' % port, backend)
    held = opened("::1", port, 10)
    wait_for(lambda: server.log().count("closed: more than 4 connections") > 0, "a connection that is closed")
    fates = sorted(fate(s) for s in held)
    # Workers that take connections at the same moment see each other's: one more may be refused, never one less.
    assert 2 <= fates.count("200") <= 4 and fates.count("429") <= 4 + 2 and "closed" in fates, fates
    assert counted(server, "client-connections") == len(fates) - fates.count("200")
    workers = server.workers()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(set(server.workers()) - set(workers)) == 3, "other workers")
    for s in held:
        s.close()
    again, fates = [], []
    for _ in range(5):  # one after the other
        again += opened("::1", port, 1)
        fates.append(fate(again[-1]))
    assert fates == ["200"] * 4 + ["429"], fates
    for s in again:
        s.close()
    wait_for(lambda: fate(opened("::1", port, 1)[0]) == "200", "room for another one")
    server.end()


def replaced_workers():
    """Nor does what a worker had counted whose place others have taken, when it is killed."""
    need("mod_limit")
    text = 'server.modules = ( "mod_limit" )\nlimit.connections = 4\nserver.sandbox = "%s"\n'
    server = Server(text % "enable")
    server.file("x", "content")
    server.file("big", noise(32 * 1024 * 1024))
    held, before = opened(LOCALHOST, server.port, 4), server.workers()
    for s in held:
        s.sendall(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert s.recv(12) == b"HTTP/1.1 200"
    server.configure(text % "disable")
    server.send(signal.SIGUSR1)
    server.wait_log("configuration 2 is in force")
    assert fate(opened(LOCALHOST, server.port, 1)[0]) == "429", "the worker of before has four"
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    server.wait_log("which had been replaced, was killed")
    again = opened(LOCALHOST, server.port, 4)
    fates = [fate(s) for s in again]
    assert fates == ["200"] * 4, fates
    server.end()


def memory_kib(server):
    total = 0
    for pid in server.workers():
        with open("/proc/%d/status" % pid, encoding="ascii") as status:
            total += sum(int(line.split()[1]) for line in status if line.startswith("RssShmem"))
    return total


def many_clients():
    """A hundred thousand clients need no more memory than the table has."""
    if not os.path.exists("/proc/self/status"):
        raise Skip("there is no /proc/PID/status")
    server = start('limit.requests = ( "rate" => 5, "burst" => 10 )\n')
    answers = 0
    for first in range(0, CLIENTS, 500):
        s = connect(server.port)
        s.sendall(b"".join(GET % b"10.%d.%d.%d" % (i >> 16, i >> 8 & 255, i & 255)
                           for i in range(first, first + 500)))
        s.shutdown(socket.SHUT_WR)
        while True:
            block = s.recv(65536)
            if not block:
                break
            answers += block.count(b"HTTP/1.1 200")
        s.close()
    assert answers >= CLIENTS * 0.99, answers  # a status line may be cut by a block
    assert memory_kib(server) < 3 * 2048, memory_kib(server)
    assert raw(server.port, GET % b"192.0.2.1").startswith(b"HTTP/1.1 200 ")
    assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("limit rate of several workers, %s" % backend, rate, backend)
        yield Test("limit connections of several workers, %s" % backend, at_a_time, backend)
    yield Test("limit connections of workers that are replaced", replaced_workers)
    yield Test("limit a hundred thousand clients", many_clients)
