#!/usr/bin/env python3
# t_signals.py - ends of all kinds, workers that die, privileges, chroot, pid file, logging programs
# SPDX-License-Identifier: BSD-3-Clause
import os
import pwd
import signal
import stat
import subprocess
import time

from harness import Server, Skip, Test, command, connect, features, get, is_root, need, noise, read, wait_for, write
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


def daemon_lets_go():
    """Neither workers nor logging programs hold the pipes of the one who called: $(goldcrest -f …) comes back."""
    server = Server("", wait=False)
    server.end()
    log = 'accesslog.filename = "|cat"\n' if features().get("mod_accesslog") else ""
    server.configure('server.modules = ( "mod_accesslog" )\nserver.pid-file = "@DIR@/pid"\n' + log)
    assert command("-f", server.config)[0] == 0
    os.kill(int(read(os.path.join(server.dir, "pid"))), signal.SIGTERM)
    wait_for(lambda: not os.path.exists(os.path.join(server.dir, "pid")), "the pid file to be gone")


def started_twice(workers):
    """The second one must notice, and leave the first one's pid file alone."""
    text = 'server.pid-file = "@DIR@/pid"\nserver.max-worker = %d\n' % workers
    server = Server(text)
    wait_for(lambda: read(os.path.join(server.dir, "pid")), "the pid")
    status, _, errors = command("-D", "-f", server.config)
    assert status == 255 and "cannot listen" in errors, (status, errors)
    assert int(read(os.path.join(server.dir, "pid"))) == server.process.pid
    assert server.end() == 0
    assert not os.path.exists(os.path.join(server.dir, "pid"))


def pid_file_replaced():
    """What stands there when the server ends is not its own any more: nor would a device be."""
    server = Server('server.pid-file = "@DIR@/pid"\n')
    name = os.path.join(server.dir, "pid")
    wait_for(lambda: read(name), "the pid")
    os.rename(write(name + ".new", "somebody else's"), name)
    assert server.end() == 0
    assert read(name) == b"somebody else's"


def pid_file_elsewhere():
    """A reload cannot move the pid file: what the new name belongs to is not touched."""
    server = Server('server.pid-file = "@DIR@/pid"\n')
    other = write(os.path.join(server.dir, "other"), "not ours")
    server.configure('server.pid-file = "@DIR@/other"\n')
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    assert server.end() == 0
    assert read(other) == b"not ours"
    assert not os.path.exists(os.path.join(server.dir, "pid"))


def failure_with_program():
    """A worker cannot open its log while a logging program runs: the server ends nevertheless."""
    need("mod_accesslog")
    server = Server('server.modules = ( "mod_accesslog" )\naccesslog.filename = "|cat"\n'
                    'server.errorlog = "@DIR@/nowhere/log"\n', wait=False)
    assert server.process.wait(timeout=15) == 255


def children_ignored():
    """Whoever started us ignored SIGCHLD, and that is handed down: a worker's death is noticed all the same."""
    server = Server("", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    before = server.workers()
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: len(server.workers()) == 1 and server.workers() != before, "another worker in its place")
    assert server.end() == 0


def user_after_reload():
    if not is_root():
        raise Skip("this needs root")
    user = somebody()
    server = Server('server.username = "%s"\nserver.errorlog = ""\n' % user.pw_name)
    before = server.workers()
    server.send(signal.SIGUSR1)
    wait_for(lambda: "is in force" in server.has_said(), "the reload")
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: server.workers() and server.workers() != before, "another worker in its place")
    wait_for(lambda: owner(server.workers()[0]) == user.pw_uid, "its user")
    assert "initgroups" not in server.has_said(), server.has_said()
    assert server.end() == 0


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


def socket_beside_a_helper():
    """The helper process closes its copies of the listeners: the socket's file is not its to remove."""
    need("mod_cgi")
    server = Server('server.modules = ( "mod_cgi" )\ncgi.assign = ( ".sh" => "/bin/sh" )\n'
                    '$SERVER["socket"] == "@DIR@/s" { }\n')
    assert len(server.workers()) == 2, "a worker and the helper"
    assert stat.S_ISSOCK(os.stat(os.path.join(server.dir, "s")).st_mode)
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
    yield Test("daemon lets go of its caller", daemon_lets_go)
    yield Test("a pid file that was replaced", pid_file_replaced)
    yield Test("started twice", started_twice, 1)
    yield Test("started twice with several workers", started_twice, 2)
    yield Test("pid file under another name", pid_file_elsewhere)
    yield Test("start fails beside a logging program", failure_with_program)
    yield Test("SIGCHLD ignored by the caller", children_ignored)
    yield Test("a worker's user after a reload", user_after_reload)
    yield Test("privileges are dropped", privileges)
    yield Test("chroot", chrooted)
    yield Test("unix socket's mode and end", socket_mode)
    yield Test("unix socket beside a helper process", socket_beside_a_helper)
    yield Test("access log to a program", logging_program)
    yield Test("error log to a program", error_program)
