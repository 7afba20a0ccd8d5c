#!/usr/bin/env python3
# t_upgrade.py - SIGUSR2: another program goes on in the master's place, and no request is lost
# SPDX-License-Identifier: BSD-3-Clause
import http.client
import os
import resource
import shutil
import signal
import socket
import threading
import time

import harness
from certificates import client, tls_text
from harness import (Server, Skip, Test, answers, backends, connect, folder, free_port, get, need, noise, raw, read,
                     wait_for, write)
from t_helper import kept_server, who
from t_reload import Download, Load, text
from t_signals import is_alive
from t_tls_life import resume
from t_websocket import PROXY
from websockets import TEXT, Backend, Client, echo_frames, make

UPGRADES = 20
DOWNLOAD = 24 * 1024 * 1024
BODY = noise(200000)
COUNTS = b"#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'; wc -c\n"


class Many:
    """Threads that do the same again and again; whatever goes wrong is remembered."""

    def __init__(self, what, threads=2):
        self.over = threading.Event()
        self.wrong, self.count = [], 0
        self.threads = [threading.Thread(target=self.run, args=(what,), daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, what):
        while not self.over.is_set():
            try:
                what()
            except (OSError, AssertionError, EOFError, http.client.HTTPException) as error:
                self.wrong.append("%s: %s" % (type(error).__name__, error))
            self.count += 1

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(30)
        assert not self.wrong, "%d of %d failed: %s" % (len(self.wrong), self.count, self.wrong[:3])
        assert self.count > UPGRADES, "only %d in all that time" % self.count


def upgrade(server, count):
    server.send(signal.SIGUSR2)
    server.wait_log("has taken over from", count)


def talk(socket_):
    socket_.send(make(TEXT, b"hello"))
    assert socket_.collect(5) == b"hello"


def open_files(pid):
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except FileNotFoundError:
        return 0


def under_load(backend, workers):
    """New and kept connections, uploads, one download and one WebSocket all the time."""
    need("mod_cgi", "mod_proxy")
    with Backend(echo_frames) as frames:
        config = ('server.modules = ( "mod_cgi", "mod_proxy" )\ncgi.assign = ( ".sh" => "/bin/sh" )\n' +
                  PROXY.format(frames.port))
        server = Server(config + text(0) + "server.max-worker = %d\n" % workers, backend=backend)
        upgrades(server, config, workers)


def upgrades(server, config, workers):
    pid = server.process.pid
    server.file("x.txt", "content")
    server.file("up.sh", COUNTS)
    content = noise(DOWNLOAD)
    server.file("slow", content)
    download = Download(server.port, "/slow", pause_s=0.03, most=DOWNLOAD // 2)
    socket_ = Client(connect(server.port), "/echo")
    talk(socket_)
    kept = Load(server.port, "/x.txt", (b"content",))

    def new():
        assert raw(server.port, b"GET /x.txt HTTP/1.0\r\n\r\n").endswith(b"content")

    def upload():
        status, _, body = get(server.port, "/up.sh", method="POST", body=BODY)
        assert status == 200 and int(body) == len(BODY), (status, body[:60])
    others = [Many(new), Many(upload, 1)]
    wait_for(lambda: len(download.data) > 65536, "the download to begin")
    for n in range(1, UPGRADES + 1):
        count = workers + n % 3  # workers come and go with it
        server.configure(config + text(n) + "server.max-worker = %d\n" % count)
        upgrade(server, n)
        talk(socket_)
    files = open_files(pid)
    asked = kept.end()
    for load in others:
        load.end()
    assert asked > UPGRADES, "only %d requests in all that time" % asked
    assert download.finish() == content, "the download is not what was sent"
    talk(socket_)
    assert get(server.port, "/x.txt")[1]["Content-Type"] == "text/x-%d" % UPGRADES
    assert server.process.poll() is None and server.process.pid == pid, "it has another process id"
    assert files < 60, "%d descriptors are open in the master" % files
    socket_.close()
    wait_for(lambda: len(server.workers()) <= workers + 3, "the workers before to end: %r" % server.workers())
    assert server.end() == 0
    assert "lost" not in server.log() and "error" not in server.log(), server.log()


# ---- what fails --------------------------------------------------------------------------------------------

def copied_server(config="", place=None, **more):
    """A server whose program is a copy, so that it can be replaced."""
    place = place or folder("server")
    program = os.path.join(place, "program")
    shutil.copy(harness.goldcrest, program)
    ours, harness.goldcrest = harness.goldcrest, program
    try:
        server = Server(config, directory=place, **more)
    finally:
        harness.goldcrest = ours
    return server, program


def replace(program, content, mode=0o755):
    name = write(program + ".new", content)
    os.chmod(name, mode)
    os.rename(name, program)


BROKEN = (
    ("no program", b"this is no program\n", 0o755, "Exec format error"),
    ("not executable", b"#!/bin/sh\n", 0o644, "Permission denied"),
    ("fails", b"#!/bin/sh\necho broken >&2\nexit 3\n", 0o755, "exit status 3"),
    ("crashes", b"#!/bin/sh\nkill -SEGV $$\n", 0o755, "killed by signal 11"),
    ("says nothing", b"#!/bin/sh\nexit 0\n", 0o755, "is it goldcrest?"),
    ("interpreter is missing", b"#!/not/there\n", 0o755, "No such file"),
)


def broken_program():
    server, program = copied_server(text(1) + "server.max-worker = 2\n")
    server.file("x.txt", "content")
    before = server.workers()
    load = Load(server.port, "/x.txt", (b"content",))
    for n, (name, content, mode, words) in enumerate(BROKEN, 1):
        replace(program, content, mode)
        server.send(signal.SIGUSR2)
        server.wait_log("upgrade: refused", n)
        assert words in server.log(), "%s: %s" % (name, server.log())
        assert server.workers() == before, "%s: the workers are others" % name
    os.unlink(program)
    server.send(signal.SIGUSR2)
    server.wait_log("upgrade: refused", len(BROKEN) + 1)
    assert server.workers() == before
    shutil.copy(harness.goldcrest, program)
    upgrade(server, 1)
    load.end()
    assert server.end() == 0


def never_ends():
    """A program that does not come to an end does not keep the server from ending, which is no fault of either."""
    for number in (signal.SIGTERM, signal.SIGINT):
        server, program = copied_server("")
        replace(program, b"#!/bin/sh\nsleep 300\n")
        server.send(signal.SIGUSR2)
        server.wait_log("is tried out")
        assert server.end(number, 10) == 0
        assert "the server is to end" in server.log() and "error" not in server.log(), server.log()


def no_descriptors():
    """An upgrade that cannot be tried for want of descriptors leaves none behind."""
    if not hasattr(resource, "prlimit") or not os.path.isdir("/proc/self/fd"):
        raise Skip("the master's limits cannot be changed from outside")
    server = Server("")
    server.file("x", "x")
    pid = server.process.pid
    before, limits = open_files(pid), resource.prlimit(pid, resource.RLIMIT_NOFILE)
    free = [n for n in range(64) if not os.path.exists("/proc/%d/fd/%d" % (pid, n))]
    for tries, room in enumerate((0, 1, 2, 3, 4)):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (free[room], limits[1]))
        server.send(signal.SIGUSR2)
        server.wait_log("upgrade: refused", tries + 1)
        assert open_files(pid) == before, "room for %d: %d, %d before" % (room, open_files(pid), before)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    upgrade(server, 1)
    assert server.end() == 0


def broken_configuration():
    server = Server(text(1) + "server.max-worker = 2\n")
    server.file("x.txt", "content")
    before = server.workers()
    lines = ('server.port = "no', 'include "missing.conf"', '$SERVER["socket"] == "203.0.113.1:1" { }',
             'server.errorlog = "@DIR@/nowhere/log"')
    for n, line in enumerate(lines, 1):
        server.configure(text(2) + line + "\n")
        server.send(signal.SIGUSR2)
        server.wait_log("upgrade: refused", n)
        assert server.workers() == before, line
        assert get(server.port, "/x.txt")[1]["Content-Type"] == "text/x-1", line
    assert "goldcrest.conf:" in server.log() and "missing.conf" in server.log() and "203.0.113.1" in server.log()
    server.configure(text(3))
    upgrade(server, 1)
    assert get(server.port, "/x.txt")[1]["Content-Type"] == "text/x-3"
    assert server.end() == 0


def late(then):
    """What the trial did not see: the third time that the configuration is read, something else happens. The old
    program is back, with its workers and its configuration, though its file is another one by then."""
    place = folder("late")
    turns = os.path.join(place, "turns")
    script = write(os.path.join(place, "turn.sh"),
                   'echo >>%s\n[ "$(wc -l <%s)" -ne 3 ] || %s\n' % (turns, turns, then))
    server, program = copied_server(text(1) + 'server.max-worker = 2\ninclude_shell "/bin/sh %s"\n' % script)
    if b"fexecve" not in read(program):
        raise Skip("a program that is open cannot be executed here")
    server.file("x.txt", "content")
    load = Load(server.port, "/x.txt", (b"content",))
    before = server.workers()
    replace(program, read(harness.goldcrest))
    for n in (1, 2):
        write(turns, b"\n")
        server.send(signal.SIGUSR2)
        server.wait_log("is back", n)
        assert server.workers() == before, "the workers are others"
    write(turns, b"\n\n\n\n")
    server.send(signal.SIGUSR1)  # it has all that it had
    server.wait_log("is in force")
    upgrade(server, 1)
    load.end()
    assert server.end() == 0


# ---- what stays --------------------------------------------------------------------------------------------

def programs():
    """Programs of bin-path run on, logging programs too, and the pid file says the same."""
    server = kept_server("one", 'server.pid-file = "@DIR@/pid"\nserver.errorlog = "|cat >>@DIR@/error.log"\n')
    pid = who(server)
    for n in (1, 2, 3):
        upgrade(server, n)
        assert who(server) == pid, "the program is another one"
    assert int(read(os.path.join(server.dir, "pid"))) == server.process.pid
    os.kill(pid[0], signal.SIGKILL)
    server.wait_log("was killed by signal 9")
    other = who(server)[0]
    assert other != pid[0]
    assert server.log().count("has ended: it is started again") == 0, server.log()
    server.send(signal.SIGINT)
    assert server.process.wait(timeout=30) == 0
    wait_for(lambda: not is_alive(other), "the program to end")
    assert not os.path.exists(os.path.join(server.dir, "pid"))


def helper_without_programs():
    """It is a new one, and the old one ends when nobody works with it any more."""
    need("mod_cgi")
    server = Server('server.modules = ( "mod_cgi" )\ncgi.assign = ( ".sh" => "/bin/sh" )\n')
    server.file("up.sh", COUNTS)
    server.file("slow.sh", b"printf 'Content-Type: text/plain\r\n\r\n'; sleep 1.5; echo end\n")
    before = server.workers()
    slow = connect(server.port)
    slow.sendall(b"GET /slow.sh HTTP/1.0\r\n\r\n")
    time.sleep(0.3)
    upgrade(server, 1)
    assert get(server.port, "/up.sh", method="POST", body=b"123")[2].strip() == b"3"
    assert harness.read_all(slow).endswith(b"end\n"), "a program that ran was cut"
    slow.close()
    wait_for(lambda: not set(before) & set(server.workers()), "worker and helper of before to end", 20)
    assert server.end() == 0


def daemon():
    server = Server('server.pid-file = "@DIR@/pid"\nserver.max-worker = 2\n', arguments=(), wait=False)
    assert server.process.wait(timeout=15) == 0
    server.file("x", "x")
    pid = int(read(os.path.join(server.dir, "pid")))
    for n in (1, 2):
        os.kill(pid, signal.SIGUSR2)
        server.wait_log("has taken over from", n)
        assert get(server.port, "/x")[2] == b"x"
        assert int(read(os.path.join(server.dir, "pid"))) == pid
    server.configure('server.pid-file = "@DIR@/other"\n')
    os.kill(pid, signal.SIGUSR2)
    server.wait_log("has taken over from", 3)
    assert int(read(os.path.join(server.dir, "other"))) == pid and not os.path.exists(os.path.join(server.dir, "pid"))
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not is_alive(pid), "the daemon to end")
    assert not os.path.exists(os.path.join(server.dir, "other"))


def listeners():
    """A unix socket's file stays; a port that goes is gone, one that comes is there."""
    other, third = free_port(), free_port()
    block = '$SERVER["socket"] == "127.0.0.1:%d" { }\n'
    unix = '$SERVER["socket"] == "@DIR@/s" { }\n'
    server = Server(unix + block % other)
    server.file("x", "x")
    name = os.path.join(server.dir, "s")
    before = os.stat(name).st_ino
    server.configure(unix + block % third)
    upgrade(server, 1)
    assert os.stat(name).st_ino == before
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(name)
        s.sendall(b"GET /x HTTP/1.0\r\n\r\n")
        assert harness.read_all(s).endswith(b"x")
    assert answers(third)
    wait_for(lambda: not answers(other), "the port to be gone")
    assert server.end() == 0
    assert not os.path.exists(name)


def many_listeners():
    count, room = 1040, 4096
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < room:
        raise Skip("a process may not have so many files open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, room), hard))
    try:
        server = Server("".join('$SERVER["socket"] == "@DIR@/%d" { }\n' % n for n in range(count)))
        names = [os.path.join(server.dir, str(n)) for n in range(count)]
        before = [os.stat(name).st_ino for name in names]
        upgrade(server, 1)
        assert [os.stat(name).st_ino for name in names] == before, "sockets were bound anew"
        for name in names[::100]:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(name)
                s.sendall(b"GET /x HTTP/1.0\r\n\r\n")
                assert harness.read_all(s).startswith(b"HTTP/1.")
        assert server.end() == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def tickets():
    """TLS sessions go on, with tickets of the program before."""
    need("SSL support")
    server = Server("server.max-worker = 2\n" + tls_text())
    server.file("x", "x")
    context = client()
    _, session = resume(server, context, None)
    upgrade(server, 1)
    reused = [resume(server, context, session)[0] for _ in range(8)]
    assert all(reused), "%d of 8 were resumed" % reused.count(True)
    assert server.end() == 0


def ends_with_old_workers():
    """SIGINT ends those in time, too, that an upgrade has left; SIGTERM at once."""
    for number, seconds in ((signal.SIGINT, 9), (signal.SIGTERM, 4)):
        server = Server('server.feature-flags = ( "server.graceful-shutdown-timeout" => 2 )\n')
        server.file("big", noise(32 * 1024 * 1024))
        download = Download(server.port, "/big", pause_s=0.2)
        wait_for(lambda: download.data, "the download to begin")
        upgrade(server, 1)
        assert len(server.workers()) == 2, "the worker of before is still there"
        assert server.end(number, seconds) == 0


def limit_for_old_workers():
    server = Server('server.feature-flags = ( "server.upgrade-timeout" => 1 )\n')
    server.file("big", noise(32 * 1024 * 1024))
    download = Download(server.port, "/big", pause_s=0.2)
    wait_for(lambda: download.data, "the download to begin")
    before = server.workers()
    upgrade(server, 1)
    wait_for(lambda: not set(before) & set(server.workers()), "the worker of before to end", 10)
    assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("upgrade: %s, twenty times under load" % backend, under_load, backend, 1)
    yield Test("upgrade: several workers, twenty times under load", under_load, None, 3)
    yield Test("upgrade: a broken program changes nothing", broken_program)
    yield Test("upgrade: a program that never ends", never_ends)
    yield Test("upgrade: a broken configuration changes nothing", broken_configuration)
    yield Test("upgrade: fails late, and the old one is back", late, "exit 1")
    yield Test("upgrade: crashes late, and the old one is back", late, "kill -SEGV $PPID")
    yield Test("upgrade: programs run on", programs)
    yield Test("upgrade: helper process", helper_without_programs)
    yield Test("upgrade: daemon", daemon)
    yield Test("upgrade: listeners", listeners)
    yield Test("upgrade: more than a thousand listeners", many_listeners)
    yield Test("upgrade: no descriptors left", no_descriptors)
    yield Test("upgrade: tickets of TLS sessions", tickets)
    yield Test("upgrade: ends with old workers", ends_with_old_workers)
    yield Test("upgrade: old workers have a limit", limit_for_old_workers)
