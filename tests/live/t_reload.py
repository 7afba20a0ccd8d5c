#!/usr/bin/env python3
# t_reload.py - SIGUSR1 under load: nobody notices, and a mistake changes nothing
# SPDX-License-Identifier: BSD-3-Clause
import http.client
import os
import signal
import threading
import time

from harness import LOCALHOST, Server, Test, answers, connect, features, free_port, get, noise, raw, read, wait_for

RELOADS = 50
DOWNLOAD = 24 * 1024 * 1024


class Load:
    """Threads with keep-alive connections; every request must be answered as it should."""

    def __init__(self, port, path, wanted, threads=4):
        self.port, self.path, self.wanted = port, path, wanted
        self.over = threading.Event()
        self.wrong = []
        self.counts = [0] * threads
        self.threads = [threading.Thread(target=self.ask, args=(i,), daemon=True) for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def ask(self, i):
        connection = http.client.HTTPConnection(LOCALHOST, self.port, timeout=20)
        while not self.over.is_set():
            try:
                connection.request("GET", self.path)
                response = connection.getresponse()
                body = response.read()
                if response.status != 200 or body not in self.wanted:
                    self.wrong.append("%d %r" % (response.status, body[:60]))
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append("%s: %s, after %d requests" % (type(error).__name__, error, self.counts[i]))
                connection.close()
            self.counts[i] += 1
            time.sleep(0.002)
        connection.close()

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(30)
        assert not self.wrong, "%d of %d requests failed: %s" % (len(self.wrong), sum(self.counts), self.wrong[:3])
        return sum(self.counts)


class Download:
    """A slow client. Behind the first `most` bytes it goes on only when it is to finish."""

    def __init__(self, port, path, pause_s=0.02, part=65536, most=None):
        self.data = bytearray()
        self.error = None
        self.most = most
        self.to_finish = threading.Event()
        self.arguments = port, path, pause_s, part
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def connect(self, port):
        return connect(port, 60)

    def run(self):
        port, path = self.arguments[:2]
        try:
            with self.connect(port) as s:
                s.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path.encode())
                while True:
                    pause_s, part = self.arguments[2:]
                    got = s.recv(part)
                    if not got:
                        return
                    self.data += got
                    time.sleep(pause_s)
                    if self.most and len(self.data) > self.most:
                        self.to_finish.wait(300)
        except OSError as error:
            self.error = error

    def finish(self):
        self.arguments = self.arguments[0], self.arguments[1], 0, 262144
        self.to_finish.set()
        self.thread.join(120)
        assert not self.error, "the download broke: %s" % self.error
        return bytes(self.data).partition(b"\r\n\r\n")[2]


def text(n):
    return 'mimetype.assign = ( ".txt" => "text/x-%d" )\n' % n


def fifty_reloads(workers):
    server = Server(text(0) + "server.max-worker = %d\n" % workers)
    server.file("x.txt", "content")
    content = noise(DOWNLOAD)
    server.file("slow", content)
    download = Download(server.port, "/slow", most=DOWNLOAD // 2)
    load = Load(server.port, "/x.txt", (b"content",))
    wait_for(lambda: len(download.data) > 65536, "the download to begin")
    for n in range(1, RELOADS + 1):
        server.configure(text(n) + "server.max-worker = %d\n" % workers)
        server.send(signal.SIGUSR1)
        server.wait_log("is in force", n)
    asked = load.end()
    assert asked > RELOADS, "only %d requests in all that time" % asked
    assert download.finish() == content, "the download is not what was sent"
    last = "text/x-%d" % RELOADS
    wait_for(lambda: get(server.port, "/x.txt")[1]["Content-Type"] == last, "the last configuration", 5)
    assert server.process.poll() is None and server.end() == 0


def broken_configuration():
    server = Server(text(1))
    server.file("x.txt", "content")
    connection = http.client.HTTPConnection(LOCALHOST, server.port, timeout=10)
    for line in ('server.port = "no', 'server.max-worker = ( "list" )', 'include "missing.conf"',
                 '$HTTP["url"] =~ "(" { }', 'include_shell "exit 3"', '$SERVER["socket"] == "203.0.113.1:1" { }'):
        if "=~" in line and not features().get("PCRE support"):
            continue
        before = server.log().count("refused")
        server.configure(text(2) + line + "\n")
        server.send(signal.SIGUSR1)
        server.wait_log("refused; the old one stays in force", before + 1)
        connection.request("GET", "/x.txt")
        response = connection.getresponse()
        response.read()
        assert response.status == 200 and response.headers["Content-Type"] == "text/x-1", line
    log = server.log()
    assert "goldcrest.conf:" in log, "the log does not say where the mistake is"
    server.configure(text(3))
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    wait_for(lambda: get(server.port, "/x.txt")[1]["Content-Type"] == "text/x-3", "the good configuration", 5)
    assert server.end() == 0


def listeners():
    server = Server(text(1))
    server.file("x.txt", "content")
    other = free_port()
    socket = '$SERVER["socket"] == "127.0.0.1:%d" { mimetype.assign = ( ".txt" => "text/other" ) }\n'
    server.configure(text(1) + socket % other)
    server.send(signal.SIGUSR1)
    wait_for(lambda: answers(other), "the new listener")
    wait_for(lambda: get(other, "/x.txt")[1]["Content-Type"] == "text/other", "its settings", 5)
    server.configure(text(1))
    server.send(signal.SIGUSR1)
    wait_for(lambda: not answers(other), "the listener to be gone")
    assert get(server.port, "/x.txt")[0] == 200
    assert server.end() == 0


def more_and_fewer_workers():
    server = Server("server.max-worker = 1\n")
    server.file("x", "x")
    load = Load(server.port, "/x", (b"x",))
    wait_for(lambda: all(load.counts), "connections to the worker that stays")  # others' idle ones are closed
    for n in (3, 2, 4, 1):
        server.configure("server.max-worker = %d\n" % n)
        server.send(signal.SIGUSR1)
        wait_for(lambda: len(server.workers()) == n, "%d workers" % n, 20)
    load.end()
    assert server.end() == 0


def fewer_workers_than_sockets():
    """The kernel spreads connections over the sockets of all workers there ever were: none may be left alone."""
    server = Server("server.max-worker = 4\n")
    server.file("x", "x")

    def ask():
        for _ in range(24):
            assert b" 200 " in raw(server.port, b"GET /x HTTP/1.0\r\n\r\n")
    for n in (1, 3, 2):
        server.configure("server.max-worker = %d\n" % n)
        server.send(signal.SIGUSR1)
        wait_for(lambda: len(server.workers()) == n, "%d workers" % n, 20)
        ask()
        before = server.workers()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(set(server.workers()) - set(before)) == n, "others in their place", 20)
        ask()
    assert server.end() == 0


def renamed_logs():
    """rename + SIGHUP under load: not one line is lost or torn."""
    if not features().get("mod_accesslog"):
        return
    server = Server('server.modules = ( "mod_accesslog" )\naccesslog.filename = "@DIR@/access.log"\n'
                    'accesslog.format = "%m %U %s"\nserver.max-worker = 2\n')
    server.file("x", "x")
    log = os.path.join(server.dir, "access.log")
    load = Load(server.port, "/x", (b"x",))
    for n in range(20):
        time.sleep(0.05)
        os.rename(log, "%s.%d" % (log, n))
        server.send(signal.SIGHUP)
        wait_for(lambda: os.path.exists(log), "a new log")
    asked = load.end()
    assert server.end() == 0
    lines = b"".join(read(log + "." + str(n)) for n in range(20)) + read(log)
    lines = lines.decode().splitlines()
    assert set(lines) == {"GET /x 200"}, set(lines)
    assert len(lines) == asked, "%d lines for %d requests" % (len(lines), asked)


def tests():
    yield Test("fifty reloads under load", fifty_reloads, 1)
    yield Test("fifty reloads under load, two workers", fifty_reloads, 2)
    yield Test("a broken configuration changes nothing", broken_configuration)
    yield Test("listeners come and go at a reload", listeners)
    yield Test("workers come and go at a reload", more_and_fewer_workers)
    yield Test("fewer workers than sockets", fewer_workers_than_sockets)
    yield Test("logs renamed under load", renamed_logs)
