#!/usr/bin/env python3
# t_quiet.py - whoever makes the server wait costs it no time, with every event backend
# SPDX-License-Identifier: BSD-3-Clause
import os
import re
import socket
import subprocess
import time

from harness import LOCALHOST, Server, Test, backends, connect, need, noise, read

LARGE = 12 * 1024 * 1024
SETTLED_S, WATCHED_S, ALLOWED_S = 1.0, 2.0, 0.08

CONFIG = """
server.modules = ( "mod_proxy" )
server.max-keep-alive-idle = 60
server.stream-request-body = 2
proxy.server = ( "/waits" => (( "host" => "127.0.0.1", "port" => %d )) )
"""


def ticks(pid):
    stat = read("/proc/%d/stat" % pid).rsplit(b")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def told_by_ps(pid):
    """[[days-]hours:]minutes:seconds[.fraction]"""
    done = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], stdout=subprocess.PIPE)
    seconds = 0.0
    for part in re.split("[-:]", done.stdout.decode().strip()):
        seconds = seconds * 60 + float(part)
    return seconds


def spent(server):
    """Processor time of its processes, in seconds."""
    tell = ticks if os.path.exists("/proc/self/stat") else told_by_ps
    return sum(tell(pid) for pid in [server.process.pid, *server.workers()])


# ---- those who make it wait: each returns what has to stay open ----------------------------------

def ask(port, path, more=b""):
    s = connect(port)
    s.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path + more)
    return s


def has_read(port):
    """A large response makes the server wait for room; after it the connection is idle."""
    s = ask(port, b"/large")
    count = 0
    while count < LARGE:
        part = s.recv(65536)
        assert part, "the response ended early"
        count += len(part)
    return s


def does_not_read(port):
    return ask(port, b"/large")


def waits(port):
    return ask(port, b"/waits")


def half_closed(port):
    s = ask(port, b"/waits")
    s.shutdown(socket.SHUT_WR)
    return s


def sends_more(port):
    """More than the server takes in advance."""
    s = ask(port, b"/waits")
    fill(s)
    return s


def uploads(port):
    """To somebody who does not read."""
    s = connect(port)
    s.sendall(b"POST /waits HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (1 << 30))
    fill(s)
    return s


def fill(s):
    s.settimeout(0.3)
    try:
        while True:
            s.sendall(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n" * 512)
    except (TimeoutError, socket.timeout):
        pass


WAITING = (has_read, does_not_read, waits, half_closed, sends_more, uploads)


def quiet(backend):
    need("mod_proxy")
    with socket.create_server((LOCALHOST, 0)) as silent:
        server = Server(CONFIG % silent.getsockname()[1], backend)
        server.file("large", noise(LARGE))
        kept = [make(server.port) for make in WAITING]
        time.sleep(SETTLED_S)
        before = spent(server)
        time.sleep(WATCHED_S)
        used = spent(server) - before
        assert used <= ALLOWED_S, "%.2f s of processor time in %.0f s in which nothing happened" % (used, WATCHED_S)
        for s in kept:
            s.close()
        assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("quiet: those who wait, %s" % backend, quiet, backend)
