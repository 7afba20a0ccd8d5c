#!/usr/bin/env python3
# t_helper.py - the process that forks for the workers: its end, theirs, reloads, programs that are kept running
# SPDX-License-Identifier: BSD-3-Clause
import os
import pwd
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from harness import Server, Skip, Test, connect, get, is_root, need, read, wait_for, write
from t_cgi import is_alive, pid_in

CGI = 'server.modules = ( "mod_cgi" )\ncgi.assign = ( ".sh" => "/bin/sh" )\n'

# A FastCGI application in a few lines: it answers each request with its process id and its MARK.
APPLICATION = """
import os, socket, struct, sys, threading
listener = socket.socket(fileno=os.dup(0))
def take(c, n):
    data = b""
    while len(data) < n:
        part = c.recv(n - len(data))
        if not part: raise EOFError
        data += part
    return data
def record(kind, i, data):
    return struct.pack(">BBHHBB", 1, kind, i, len(data), 0, 0) + data
def serve(c):
    try:
        while True:
            _, kind, i, length, padding, _ = struct.unpack(">BBHHBB", take(c, 8))
            body = take(c, length); take(c, padding)
            if kind == 5 and not length:
                said = "Content-Type: text/plain\\n\\n%d %s" % (os.getpid(), os.environ.get("MARK", "-"))
                c.sendall(record(6, i, said.encode()) + record(6, i, b"") + record(3, i, bytes(8)))
    except (EOFError, OSError):
        c.close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def program(server, name, text):
    os.chmod(server.file(name, text), 0o755)


def helper_of(server):
    """The parent of a CGI program, which prints it."""
    return int(get(server.port, "/parent.sh")[2])


def cgi_server(text=""):
    need("mod_cgi")
    server = Server(CGI + text)
    program(server, "parent.sh", "echo Content-Type: text/plain\necho\necho $PPID\n")
    program(server, "wait.sh", "echo $$ >pid\necho Content-Type: text/plain\necho\nwhile :; do sleep 0.1; done\n")
    return server


def descendants(pids):
    done = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE)
    rows = [tuple(map(int, line.split())) for line in done.stdout.decode().splitlines()]
    found = set(pids)
    while True:
        more = {p for p, parent in rows if parent in found} - found
        if not more:
            return found
        found |= more


# ---- the helper ----------------------------------------------------------------------------------

def no_helper_needed():
    server = Server("server.max-worker = 1\n")
    assert len(server.workers()) == 1, server.workers()
    assert server.end() == 0


def killed_helper():
    server = cgi_server("server.max-worker = 2\n")
    before = helper_of(server)
    assert before in server.workers(), "the helper is a child of the master"
    s = connect(server.port)
    s.sendall(b"GET /wait.sh HTTP/1.1\r\nHost: a\r\n\r\n")
    pid = pid_in(server)
    assert s.recv(1), "the response begins"
    time.sleep(0.3)  # whoever started it has told the worker
    os.kill(before, signal.SIGKILL)
    server.wait_log("the helper process was killed by signal 9")
    wait_for(lambda: not is_alive(pid), "the program that it ran to end", 8)
    wait_for(lambda: get(server.port, "/parent.sh")[0] == 200, "programs to run again", 8)
    for _ in range(20):
        assert helper_of(server) != before
    assert len(server.workers()) == 3, server.workers()
    s.close()
    assert server.end() == 0


def killed_again_and_again():
    """In the middle of requests, which get an answer each: the program's, or an error."""
    server = cgi_server("server.max-worker = 2\n")
    ended = threading.Event()
    seen, problems = set(), []

    def ask():
        while not ended.is_set():
            try:
                seen.add(get(server.port, "/parent.sh")[0])
            except Exception as error:
                problems.append(repr(error))
            time.sleep(0.01)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for t in threads:
        t.start()
    for _ in range(2):
        os.kill(wait_for(lambda: helper_or_none(server), "a helper"), signal.SIGKILL)
        time.sleep(0.5)
    wait_for(lambda: get(server.port, "/parent.sh")[0] == 200, "programs to run again", 10)
    ended.set()
    for t in threads:
        t.join()
    assert seen <= {200, 500, 502, 503} and 200 in seen, seen
    assert server.end() == 0


def helper_or_none(server):
    status, _, body = get(server.port, "/parent.sh")
    return int(body) if status == 200 else None


def dead_worker():
    """A worker that dies takes its programs with it; the one in its place has a helper too."""
    server = cgi_server("server.max-worker = 1\n")
    helper = helper_of(server)
    worker = [p for p in server.workers() if p != helper][0]
    s = connect(server.port)
    s.sendall(b"GET /wait.sh HTTP/1.1\r\nHost: a\r\n\r\n")
    pid = pid_in(server)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not is_alive(pid), "its program to end", 8)
    wait_for(lambda: len(server.workers()) == 2, "another worker")
    assert helper_of(server) == helper
    s.close()
    assert server.end() == 0


def nothing_stays(number):
    server = cgi_server("server.max-worker = 2\n")
    helper_of(server)
    program(server, "stubborn.sh", "trap '' TERM\necho $$ >pid2\nwhile :; do sleep 0.1; done\n")
    sockets = [connect(server.port) for _ in range(2)]
    sockets[0].sendall(b"GET /wait.sh HTTP/1.1\r\nHost: a\r\n\r\n")
    sockets[1].sendall(b"GET /stubborn.sh HTTP/1.1\r\nHost: a\r\n\r\n")
    pid_in(server), pid_in(server, "pid2")
    family = descendants([server.process.pid])
    assert len(family) >= 6, family
    if number == signal.SIGKILL:
        os.kill(server.process.pid, number)
        server.process.wait()
    else:
        assert server.end(number) == 0
    wait_for(lambda: not [p for p in family if is_alive(p)], "everybody to be gone", 20)
    for s in sockets:
        s.close()


def first_in_a_reload():
    need("mod_cgi")
    server = Server("")
    program(server, "parent.sh", "echo Content-Type: text/plain\necho\necho $PPID\n")
    assert len(server.workers()) == 1
    server.configure(CGI)
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    wait_for(lambda: get(server.port, "/parent.sh")[2].strip().isdigit(), "a program to run", 5)
    helper = helper_of(server)
    server.configure(CGI + "server.max-worker = 3\n")
    server.send(signal.SIGUSR1)
    server.wait_log("is in force", 2)
    wait_for(lambda: len(server.workers()) == 4, "three workers and a helper")
    assert {helper_of(server) for _ in range(12)} == {helper}, "the helper lives through reloads"
    assert server.end() == 0


def unprivileged():
    if not is_root():
        raise Skip("not root")
    user = pwd.getpwnam("nobody")
    need("mod_cgi")
    server = Server(CGI + 'server.username = "nobody"\nserver.errorlog = ""\n')
    program(server, "id.sh", "echo Content-Type: text/plain\necho\nid -u; id -g; id -G; grep -E '^Groups|^CapEff' "
            "/proc/self/status\n")
    lines = get(server.port, "/id.sh")[2].decode().split("\n")
    assert lines[0] == str(user.pw_uid) and lines[1] == str(user.pw_gid) and "0" not in lines[2].split(), lines
    assert server.end() == 0


def not_with_roots_rights():
    """The master ends what a dead helper has left, by a list that a helper taken over may have written."""
    if not is_root() or not os.path.exists("/proc/self/maps"):
        raise Skip("not root on Linux")
    need("mod_cgi")
    server = Server(CGI + 'server.username = "nobody"\nserver.errorlog = ""\n')
    program(server, "parent.sh", "echo Content-Type: text/plain\necho\necho $PPID\n")
    helper = helper_of(server)
    victim = subprocess.Popen(["sleep", "60"], start_new_session=True)
    other = subprocess.Popen(["sleep", "60"], start_new_session=True, user="nobody")
    shared = [line.split()[0] for line in read("/proc/%d/maps" % helper).decode().splitlines()
              if " rw-s " in line and "/goldcrest." in line]  # not what is counted in /dev/zero
    assert len(shared) == 1, shared
    with open("/proc/%d/mem" % helper, "r+b", buffering=0) as memory:
        for place in shared:
            memory.seek(int(place.split("-")[0], 16))
            memory.write(struct.pack("ii", victim.pid, other.pid))
    os.kill(helper, signal.SIGKILL)
    wait_for(lambda: get(server.port, "/parent.sh")[0] == 200, "programs to run again", 8)
    assert other.wait(5) == -signal.SIGTERM, "what the helper had started itself is ended"
    alive = victim.poll() is None
    victim.kill()
    victim.wait()
    assert alive, "a process of root's was ended"
    assert server.end() == 0


def open_links(pid):
    """What the descriptors of a process are."""
    there = "/proc/%d/fd" % pid
    try:
        return [os.readlink(os.path.join(there, name)) for name in os.listdir(there)]
    except FileNotFoundError:
        return []


def list_is_the_masters():
    """Nobody but the master has the file of that list: who made it shorter would end the master at its next look."""
    if not os.path.exists("/proc/self/fd"):
        raise Skip("there is no /proc/PID/fd")
    need("mod_cgi")
    server = Server(CGI)
    for n in (0, 1, 2):
        if n:
            server.send(signal.SIGUSR2)
            server.wait_log("has taken over from", n)
        program(server, "parent.sh", "echo Content-Type: text/plain\necho\necho $PPID\n")
        pids = server.workers() + [helper_of(server)]
        assert not [link for pid in pids for link in open_links(pid) if "/goldcrest." in link], (n, pids)
        lists = [link for link in open_links(server.process.pid) if "/goldcrest." in link and "conf" not in link]
        assert len(lists) == 1, (n, lists)
    assert server.end() == 0


# ---- programs that are kept running (bin-path) ---------------------------------------------------

def application(server_dir):
    return write(os.path.join(server_dir, "application.py"), APPLICATION)


def kept(mark, more=""):
    return ('server.modules = ( "mod_fastcgi" )\nfastcgi.server = ( "/app" => (( "socket" => "@DIR@/sock", '
            '"check-local" => "disable", "max-procs" => 1, "bin-path" => "%s @DIR@/application.py", '
            '"bin-environment" => ( "MARK" => "%s" ) )) )\n%s' % (sys.executable, mark, more))


def kept_server(mark, more=""):
    from harness import folder
    need("mod_fastcgi")
    place = folder("server")
    application(place)
    return Server(kept(mark, more), directory=place)


def who(server):
    status, _, body = get(server.port, "/app")
    assert status == 200, (status, body)
    pid, mark = body.decode().split()
    return int(pid), mark


def kept_program():
    server = kept_server("one")
    pid, mark = who(server)
    assert mark == "one"
    os.kill(pid, signal.SIGKILL)
    server.wait_log("was killed by signal 9")
    other, _ = who(server)  # who comes in the meantime waits in the socket's queue
    assert other != pid
    server.configure(kept("one", "server.max-worker = 2\n"))
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    assert who(server)[0] == other, "a reload that changes nothing of it lets it run"
    server.configure(kept("two"))
    server.send(signal.SIGUSR1)
    server.wait_log("is in force", 2)
    wait_for(lambda: who(server)[1] == "two", "the new program")
    wait_for(lambda: not is_alive(other), "the old program's end", 12)
    for _ in range(10):
        assert who(server)[1] == "two"
    last = who(server)[0]
    server.configure(CGI)
    server.send(signal.SIGUSR1)
    server.wait_log("is in force", 3)
    wait_for(lambda: not is_alive(last), "a program that nobody wants to end", 12)
    assert not os.path.exists(os.path.join(server.dir, "sock-0")), "the socket is still there"
    assert server.end() == 0


def kept_and_ends():
    server = kept_server("one", "server.max-worker = 2\n")
    pid, _ = who(server)
    assert server.end() == 0
    assert not is_alive(pid), "the program is still there"
    assert not os.path.exists(os.path.join(server.dir, "sock-0"))


def kept_successor():
    """What takes the socket's place while an old program does not want to end is another server's."""
    from harness import folder
    need("mod_fastcgi")
    place = folder("server")
    write(os.path.join(place, "application.py"),
          "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + APPLICATION)
    server = Server(kept("one"), directory=place)
    pid, _ = who(server)
    path = os.path.join(server.dir, "sock-0")
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    wait_for(lambda: not os.path.exists(path), "the socket to go", 8)
    assert is_alive(pid)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        wait_for(lambda: not is_alive(pid), "the old program to end", 8)
        time.sleep(0.3)
        assert os.path.exists(path), "it has been removed once more"


def kept_helper_dies():
    server = kept_server("one")
    pid, _ = who(server)
    done = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], stdout=subprocess.PIPE)
    os.kill(int(done.stdout), signal.SIGKILL)
    wait_for(lambda: not is_alive(pid), "the program of the dead helper to end", 8)

    def back():
        status, _, body = get(server.port, "/app")
        return status == 200 and int(body.split()[0]) != pid
    wait_for(back, "the program to be back", 15)
    assert server.end() == 0


def not_startable():
    """The server serves all the same, and says what is wrong."""
    need("mod_fastcgi")
    server = Server('server.modules = ( "mod_fastcgi" )\nfastcgi.server = ( "/app" => (( "socket" => "@DIR@/sock", '
                    '"check-local" => "disable", "max-procs" => 1, "bin-path" => "@DIR@/not-there" )) )\n')
    server.file("x", "x")
    assert get(server.port, "/x")[0] == 200
    server.wait_log("not-there\" cannot be started: No such file")
    assert server.end() == 0


def stale_socket():
    """A socket file that nobody listens on is replaced; one that somebody answers on is left alone."""
    from harness import folder
    need("mod_fastcgi")
    place = folder("server")
    application(place)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(os.path.join(place, "sock-0"))
    server = Server(kept("one"), directory=place)
    assert who(server)[1] == "one"
    assert server.end() == 0
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(os.path.join(place, "sock-0"))
        s.listen(5)
        before = os.stat(os.path.join(place, "sock-0")).st_ino
        server = Server(kept("one"), directory=place)
        server.wait_log("cannot be made")
        assert os.stat(os.path.join(place, "sock-0")).st_ino == before
    assert server.end() == 0


def errors_of_programs():
    server = kept_server("one")
    server.end()
    write(os.path.join(server.dir, "application.py"), "import sys\nsys.stderr.write('no database here\\n')\n"
          "sys.exit(7)\n")
    server = Server(kept("one"), directory=server.dir)
    server.wait_log("no database here")
    server.wait_log("ended with status 7")
    assert server.end() == 0


def tests():
    yield Test("helper: none where none is needed", no_helper_needed)
    yield Test("helper: killed, and replaced", killed_helper)
    yield Test("helper: killed while requests come", killed_again_and_again)
    yield Test("helper: a worker dies", dead_worker)
    yield Test("helper: SIGTERM leaves nothing behind", nothing_stays, signal.SIGTERM)
    yield Test("helper: SIGINT leaves nothing behind", nothing_stays, signal.SIGINT)
    yield Test("helper: a killed master leaves nothing behind", nothing_stays, signal.SIGKILL)
    yield Test("helper: first wanted by a reload", first_in_a_reload)
    yield Test("helper: privileges", unprivileged)
    yield Test("helper: a list that was written by somebody else", not_with_roots_rights)
    yield Test("helper: a list that is the master's alone", list_is_the_masters)
    yield Test("bin-path: restarts and reloads", kept_program)
    yield Test("bin-path: ends with the server", kept_and_ends)
    yield Test("bin-path: the helper dies", kept_helper_dies)
    yield Test("bin-path: another server's socket", kept_successor)
    yield Test("bin-path: what cannot be started", not_startable)
    yield Test("bin-path: socket files of others", stale_socket)
    yield Test("bin-path: its errors are logged", errors_of_programs)
