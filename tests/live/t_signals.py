#!/usr/bin/env python3
# t_signals.py - ends of all kinds, workers that die, privileges, chroot, pid file, logging programs
# SPDX-License-Identifier: BSD-3-Clause
import os
import pwd
import signal
import stat
import subprocess
import time

from harness import Server, Skip, Test, connect, features, get, is_root, need, noise, read, wait_for, write
from t_reload import Download, Load


def term():
    server = Server("")
    server.file("big", noise(32 * 1024 * 1024))
    download = Download(server.port, "/big")
    idle = connect(server.port)
    wait_for(lambda: download.data, "the download to begin")
    begun = time.monotonic()
    assert server.end(signal.SIGTERM) == 0, "the exit status with connections open"
    assert time.monotonic() - begun < 3, "SIGTERM took %.1f s" % (time.monotonic() - begun)
    idle.close()


def graceful():
    server = Server('server.feature-flags = ( "server.graceful-shutdown-timeout" => 30 )\n'
                    'server.pid-file = "@DIR@/pid"\n')
    content = noise(16 * 1024 * 1024)
    server.file("big", content)
    assert int(read(os.path.join(server.dir, "pid"))) == server.process.pid
    download = Download(server.port, "/big")
    idle = connect(server.port)
    idle.sendall(b"HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b" 200 " in idle.recv(4096)
    wait_for(lambda: download.data, "the download to begin")
    server.send(signal.SIGINT)
    wait_for(lambda: not os.path.exists(os.path.join(server.dir, "pid")), "the pid file to be gone")
    assert idle.recv(1) == b"", "an idle connection is closed"
    try:
        connect(server.port, 2).close()
        raise AssertionError("it still listens")
    except ConnectionRefusedError:
        pass
    assert server.process.poll() is None, "it ended while a download was running"
    assert download.finish() == content, "the download is not whole"
    assert server.process.wait(timeout=15) == 0
    idle.close()


def graceful_twice():
    server = Server('server.feature-flags = ( "server.graceful-shutdown-timeout" => 60 )\n')
    server.file("big", noise(32 * 1024 * 1024))
    download = Download(server.port, "/big", pause_s=0.2)
    wait_for(lambda: download.data, "the download to begin")
    server.send(signal.SIGINT)
    server.wait_log("SIGINT")
    assert server.end(signal.SIGINT, 5) == 0, "a second SIGINT ends it at once"


def graceful_is_bounded():
    server = Server('server.feature-flags = ( "server.graceful-shutdown-timeout" => 1 )\n')
    server.file("big", noise(32 * 1024 * 1024))
    download = Download(server.port, "/big", pause_s=0.2)
    wait_for(lambda: download.data, "the download to begin")
    assert server.end(signal.SIGINT, 8) == 0


def killed_worker():
    server = Server("server.max-worker = 2\n")
    server.file("x", "x")
    before = server.workers()
    assert len(before) == 2, before
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: len(server.workers()) == 2 and before[0] not in server.workers(), "another worker in its place")
    server.wait_log("was killed by signal 9")
    for _ in range(20):
        assert get(server.port, "/x")[0] == 200
    assert server.end() == 0


def killed_master():
    server = Server("")
    workers = server.workers()
    server.process.kill()
    server.process.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in workers), "the workers to end too", 15)


def is_alive(pid):
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE)
    state = done.stdout.decode().strip()
    return bool(state) and not state.startswith("Z")


def daemon():
    server = Server('server.pid-file = "@DIR@/pid"\n', arguments=(), wait=False)
    assert server.process.wait(timeout=15) == 0, "the one who called ends well once it serves"
    server.file("x", "x")
    assert get(server.port, "/x")[0] == 200, "it serves as soon as the caller has ended"
    pid = int(read(os.path.join(server.dir, "pid")))
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not os.path.exists(os.path.join(server.dir, "pid")), "the pid file to be gone")
    wait_for(lambda: not is_alive(pid), "the daemon to end")


def daemon_that_fails():
    server = Server("")
    second = Server('server.port = %d\nserver.bind = "127.0.0.1"\n' % server.port, arguments=(), wait=False)
    assert second.process.wait(timeout=15) == 255, "the port is taken: the caller must know"
    assert b"cannot listen" in read(os.path.join(second.dir, "output"))


def somebody():
    for name in ("www-data", "nobody", "www", "daemon"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if user.pw_uid and user.pw_gid:
            return user
    raise Skip("there is no user to become")


def owner(pid):
    done = subprocess.run(["ps", "-o", "uid=", "-p", str(pid)], stdout=subprocess.PIPE)
    return int(done.stdout)


def privileges():
    if not is_root():
        raise Skip("this needs root")
    user = somebody()
    server = Server('server.username = "%s"\nserver.errorlog = ""\nserver.max-worker = 2\n' % user.pw_name)
    write(os.path.join(server.root, "private"), "x")
    os.chmod(os.path.join(server.root, "private"), 0o600)
    server.file("public", "x")
    assert owner(server.process.pid) == 0
    assert [owner(pid) for pid in server.workers()] == [user.pw_uid] * 2
    assert get(server.port, "/public")[0] == 200
    assert get(server.port, "/private")[0] == 403, "a file of root's alone"
    if os.path.isdir("/proc/self"):
        status = read("/proc/%d/status" % server.workers()[0]).decode()
        groups = [line.split()[1:] for line in status.splitlines() if line.startswith(("Gid:", "Groups:"))]
        assert str(0) not in groups[0] + groups[1], "root's group is still there: %r" % groups
    assert server.end() == 0


def chrooted():
    if not is_root():
        raise Skip("this needs root")
    user = somebody()
    server = Server('server.chroot = "@DIR@"\nserver.document-root = "/root"\nserver.username = "%s"\n'
                    'server.errorlog = ""\nserver.pid-file = "@DIR@/pid"\n' % user.pw_name)
    server.file("x", "inside")
    os.symlink("/etc", os.path.join(server.root, "out"))
    assert get(server.port, "/x")[2] == b"inside"
    assert get(server.port, "/out/passwd")[0] in (403, 404), "a link leads out of the chroot"
    assert server.end() == 0
    assert not os.path.exists(os.path.join(server.dir, "pid")), "the pid file is still there"


def socket_mode():
    server = Server('server.socket-perms = "0600"\n$SERVER["socket"] == "@DIR@/s" { }\n')
    mode = os.stat(os.path.join(server.dir, "s")).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600, oct(mode)
    assert server.end() == 0
    assert not os.path.exists(os.path.join(server.dir, "s")), "the socket's file is still there"


def logging_program():
    need("mod_accesslog")
    server = Server('server.modules = ( "mod_accesslog" )\naccesslog.filename = "|cat >>@DIR@/piped"\n'
                    'accesslog.format = "%m %U %s"\nserver.max-worker = 2\n')
    server.file("x", "x")
    load = Load(server.port, "/x", (b"x",))
    time.sleep(0.5)
    asked = load.end()
    assert server.end() == 0
    piped = os.path.join(server.dir, "piped")
    wait_for(lambda: os.path.exists(piped) and read(piped).count(b"\n") >= asked, "all lines", 10)
    lines = read(piped).decode().splitlines()
    assert len(lines) == asked and set(lines) == {"GET /x 200"}, "%d lines for %d requests" % (len(lines), asked)


def error_program():
    server = Server('server.errorlog = "|cat >>@DIR@/piped"\n')
    piped = os.path.join(server.dir, "piped")
    wait_for(lambda: os.path.exists(piped) and b"serves with" in read(piped), "the start in the log", 10)
    assert server.end() == 0
    wait_for(lambda: b"has ended" in read(piped), "the end in the log", 10)


def tests():
    yield Test("SIGTERM with connections open", term)
    yield Test("SIGINT finishes a download", graceful)
    yield Test("SIGINT twice", graceful_twice)
    yield Test("SIGINT has a limit", graceful_is_bounded)
    yield Test("a killed worker is replaced", killed_worker)
    yield Test("workers of a killed master end", killed_master)
    yield Test("daemon", daemon)
    yield Test("daemon that cannot start", daemon_that_fails)
    yield Test("privileges are dropped", privileges)
    yield Test("chroot", chrooted)
    yield Test("unix socket's mode and end", socket_mode)
    yield Test("access log to a program", logging_program)
    yield Test("error log to a program", error_program)
