#!/usr/bin/env python3
# t_systemd.py - what the service manager is told, and sockets that it passes: a double of it, and its own launcher
# SPDX-License-Identifier: BSD-3-Clause
import os
import shutil
import signal
import socket
import subprocess
import time

import harness
from harness import LOCALHOST, Server, Skip, Test, folder, free_ports, get, raw, running, wait_for
from t_upgrade import copied_server, replace


class Manager:
    """What systemd is at the other end of NOTIFY_SOCKET."""

    def __init__(self, abstract=False):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.name = ("@goldcrest-live-%d" % os.getpid()) if abstract else os.path.join(folder("notify"), "socket")
        self.socket.bind("\0" + self.name[1:] if abstract else self.name)
        self.socket.settimeout(15)

    def environment(self, **more):
        return dict(os.environ, NOTIFY_SOCKET=self.name, **more)

    def next(self):
        """The next message but for signs of life, as a dictionary."""
        while True:
            lines = self.socket.recv(4096).decode().splitlines()
            message = dict(line.split("=", 1) for line in lines)
            if "WATCHDOG" not in message:
                return message

    def expect(self, key, pid=None):
        message = self.next()
        assert message.get(key) == "1", "%s was expected: %r" % (key, message)
        assert "STATUS" in message, message
        if pid:
            assert message["MAINPID"] == str(pid), message
        return message

    def silence(self):
        self.socket.settimeout(0.3)
        try:
            raise AssertionError("nothing was expected: %r" % self.next())
        except socket.timeout:
            self.socket.settimeout(15)


def told(abstract):
    manager = Manager(abstract)
    server = Server("server.max-worker = 2\n", env=manager.environment())
    pid = server.process.pid
    assert "2 workers" in manager.expect("READY", pid)["STATUS"]
    for good in (True, False):
        server.configure("server.max-worker = %s\n" % (3 if good else "nonsense"))
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        server.send(signal.SIGUSR1)
        at = int(manager.expect("RELOADING")["MONOTONIC_USEC"])
        assert before <= at <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000, "the time is another reload's"
        assert "3 workers" in manager.expect("READY", pid)["STATUS"]
    server.send(signal.SIGUSR2)  # refused: the configuration is wrong
    manager.expect("RELOADING")
    manager.expect("READY", pid)
    server.configure("server.max-worker = 1\n")
    server.send(signal.SIGUSR2)
    manager.expect("RELOADING")
    assert "1 worker" in manager.expect("READY", pid)["STATUS"]
    server.wait_log("has taken over from")
    server.send(signal.SIGHUP)
    manager.silence()
    server.send(signal.SIGINT)
    message = manager.expect("STOPPING")
    assert int(message["EXTEND_TIMEOUT_USEC"]) >= 8000000, message
    assert server.process.wait(timeout=20) == 0


def told_by_daemon():
    manager = Manager()
    server = Server('server.pid-file = "@DIR@/pid"\n', arguments=(), wait=False, env=manager.environment())
    assert server.process.wait(timeout=15) == 0
    pid = int(manager.expect("READY")["MAINPID"])
    assert pid != server.process.pid and pid == int(harness.read(os.path.join(server.dir, "pid")))
    os.kill(pid, signal.SIGTERM)
    manager.expect("STOPPING")


def nobody_listens():
    """A manager that is gone does not keep the server from serving."""
    for name in ("/not/there", "@nobody-is-there", "nonsense", "/" + "x" * 200):
        server = Server("", env=dict(os.environ, NOTIFY_SOCKET=name))
        assert server.end() == 0


def watched():
    manager = Manager()
    server = Server("", env=manager.environment(WATCHDOG_USEC="2000000"))
    manager.expect("READY")
    times = []
    while len(times) < 3:
        assert manager.socket.recv(4096) == b"WATCHDOG=1\n"
        times.append(time.monotonic())
    assert times[2] - times[0] < 4, "it is too slow: %r" % times
    server.send(signal.SIGUSR2)
    server.wait_log("has taken over from")
    manager.expect("RELOADING")
    manager.expect("READY")
    assert manager.socket.recv(4096) == b"WATCHDOG=1\n", "it is forgotten by an upgrade"
    assert server.end() == 0
    other = Server("", env=manager.environment(WATCHDOG_USEC="2000000", WATCHDOG_PID="1"))
    while manager.socket.recv(4096).startswith(b"WATCHDOG"):
        pass
    manager.expect("READY")
    manager.silence()
    assert other.end() == 0


def watched_while_it_tries():
    """A new program that does not come to an end of its trial does not make us look dead."""
    manager = Manager()
    server, program = copied_server(env=manager.environment(WATCHDOG_USEC="2000000"))
    manager.expect("READY")
    replace(program, b"#!/bin/sh\nsleep 300\n")
    server.send(signal.SIGUSR2)
    manager.expect("RELOADING")
    for _ in range(3):
        assert manager.socket.recv(4096) == b"WATCHDOG=1\n"
    assert "refused" not in server.log()
    assert server.end(signal.SIGTERM, 10) == 0


# ---- sockets that are passed ---------------------------------------------------------------------------

ACTIVATION = 'server.systemd-socket-activation = "enable"\n'


def activated(config, sockets, names="web:web:admin"):
    """The server with these as descriptors 3 and up, as systemd starts it."""
    command = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", harness.goldcrest]

    def pass_on():
        high = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate(sockets)]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        os.closerange(3 + len(sockets), 200)

    class Activated(Server):
        def __init__(self):
            real = subprocess.Popen

            def start(arguments, **more):
                return real(command + arguments[1:], preexec_fn=pass_on, close_fds=False, **more)
            subprocess.Popen = start
            try:
                Server.__init__(self, config, env=dict(os.environ, LISTEN_FDS=str(len(sockets)),
                                                       LISTEN_FDNAMES=names), wait=False)
            finally:
                subprocess.Popen = real
            self.wait_ready()
    return Activated()


def listening(address):
    s = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(address)
    s.listen(64)
    return s


def ask_unix(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"GET /x HTTP/1.0\r\n\r\n")
        return harness.read_all(s)


def passed(workers):
    """Two ports and a path: served, through a reload, an upgrade, a worker's death; the path stays at the end."""
    one, two = free_ports(2)
    path = os.path.join(folder("passed"), "s")
    sockets = [listening((LOCALHOST, one)), listening((LOCALHOST, two)), listening(path)]
    config = (ACTIVATION + 'server.bind = "127.0.0.1"\nserver.port = %d\nserver.max-worker = %d\n'
              '$SERVER["socket"] == "127.0.0.1:%d" { }\n$SERVER["socket"] == "%s" { }\n' % (one, workers, two, path))
    server = activated(config, sockets)
    server.file("x", "x")
    number = os.stat(path).st_ino

    def ask():
        for port in (one, two):
            for _ in range(6):
                assert raw(port, b"GET /x HTTP/1.0\r\n\r\n").endswith(b"x")
        assert ask_unix(path).endswith(b"x")
    ask()
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    ask()
    for n in (1, 2):
        server.send(signal.SIGUSR2)
        server.wait_log("has taken over from", n)
        ask()
    os.kill(server.workers()[-1], signal.SIGKILL)
    server.wait_log("was killed by signal 9")
    ask()
    assert server.end() == 0
    assert os.stat(path).st_ino == number, "the socket's file is systemd's"
    with socket.socket() as s:  # systemd goes on to listen: who comes meanwhile waits
        s.connect((LOCALHOST, one))
    for s in sockets:
        s.close()


def passed_without_names():
    """Without server.bind what is passed is what is served."""
    one, two = free_ports(2)
    sockets = [listening((LOCALHOST, one)), listening((LOCALHOST, two))]
    server = activated(ACTIVATION + "server.port = %d\n" % one, sockets, "unknown")
    server.file("x", "x")
    for n in (1, 2):
        for port in (one, two):
            assert raw(port, b"GET /x HTTP/1.0\r\n\r\n").endswith(b"x")
        server.send(signal.SIGUSR2)
        server.wait_log("has taken over from", n)
    assert server.end() == 0
    for s in sockets:
        s.close()


def its_own_launcher():
    """systemd-socket-activate starts us with the first connection, which is answered."""
    launcher = shutil.which("systemd-socket-activate")
    if not launcher:
        raise Skip("there is no systemd-socket-activate")
    port = free_ports(1)[0]
    server = Server(ACTIVATION + 'server.bind = "127.0.0.1"\nserver.port = %d\n' % port)
    server.end()
    running.remove(server)
    server.output.close()
    command = [launcher, "-l", "%s:%d" % (LOCALHOST, port), "--fdname=web",
               harness.goldcrest, "-D", "-f", server.config]
    server.output = open(os.path.join(server.dir, "output"), "ab")
    server.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=server.output,
                                      stderr=subprocess.STDOUT, start_new_session=True)
    running.append(server)
    server.file("x", "x")
    wait_for(lambda: harness.answers(port), "the launcher to listen")
    assert get(port, "/x")[2] == b"x"
    server.send(signal.SIGUSR2)
    server.wait_log("has taken over from")
    assert get(port, "/x")[2] == b"x"
    assert server.end() == 0


def tests():
    yield Test("systemd: told by a path", told, False)
    if os.path.isdir("/proc/self"):
        yield Test("systemd: told by an abstract name", told, True)
    yield Test("systemd: told by a daemon", told_by_daemon)
    yield Test("systemd: nobody listens", nobody_listens)
    yield Test("systemd: watchdog", watched)
    yield Test("systemd: watchdog during an upgrade", watched_while_it_tries)
    yield Test("systemd: passed sockets", passed, 1)
    yield Test("systemd: passed sockets, several workers", passed, 3)
    yield Test("systemd: passed sockets that nobody names", passed_without_names)
    yield Test("systemd: its own launcher", its_own_launcher)
