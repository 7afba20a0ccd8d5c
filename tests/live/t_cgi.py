#!/usr/bin/env python3
# t_cgi.py - CGI programs: what they get, what becomes of what they say, large bodies, ends of all kinds
# SPDX-License-Identifier: BSD-3-Clause
import hashlib
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from harness import Server, Skip, Test, backends, connect, curl, get, is_sanitized, need, noise, read, read_all
from harness import is_root, wait_for, write

CONF = 'server.modules = ( "mod_cgi"%s )\ncgi.assign = ( ".py" => "' + sys.executable + '", ".sh" => "/bin/sh", ' \
       '".cgi" => "" )\n'

SHOW = """
import os, sys
print("Content-Type: text/plain\\nX-From: program\\n")
for name in sorted(os.environ): print("%s=%s" % (name, os.environ[name]))
print("cwd=" + os.getcwd())
print("args=" + "|".join(sys.argv[1:]))
print("body=" + sys.stdin.read())
"""

DIGEST = """
import hashlib, os, sys
d, n = hashlib.sha256(), 0
while True:
    part = sys.stdin.buffer.read(65536)
    if not part: break
    d.update(part); n += len(part)
print("Content-Type: text/plain\\n\\n%s %d %s" % (os.environ.get("CONTENT_LENGTH"), n, d.hexdigest()))
"""

STREAM = """
import os, sys
print("Content-Type: application/octet-stream\\n", flush=True)
for i in range(int(os.environ["QUERY_STRING"])): sys.stdout.buffer.write(bytes([i & 255]) * 65536)
"""


def serve(text="", backend=None, modules=""):
    need("mod_cgi")
    return Server(CONF % modules + text, backend)


def program(server, name, text, mode=0o755):
    os.chmod(server.file(name, text), mode)


def variables(body):
    return dict(line.split("=", 1) for line in body.decode().splitlines() if "=" in line)


# ---- what a program gets, and how it is heard ----------------------------------------------------

def environment():
    server = serve()
    program(server, "d/show.py", SHOW, 0o644)
    fields = {"Content-Type": "text/x", "X-Thing": "yes", "X_Under": "no", "Proxy": "http://evil/"}
    status, head, body = get(server.port, "/d/show.py/info/more?a=1&b=%20", fields, "POST", b"the body")
    assert status == 200 and head["X-From"] == "program", (status, body)
    v = variables(body)
    for name, value in (("GATEWAY_INTERFACE", "CGI/1.1"), ("REQUEST_METHOD", "POST"), ("QUERY_STRING", "a=1&b=%20"),
                        ("SCRIPT_NAME", "/d/show.py"), ("PATH_INFO", "/info/more"), ("CONTENT_LENGTH", "8"),
                        ("CONTENT_TYPE", "text/x"), ("SERVER_PROTOCOL", "HTTP/1.1"), ("REMOTE_ADDR", "127.0.0.1"),
                        ("SERVER_PORT", str(server.port)), ("HTTP_X_THING", "yes"), ("REDIRECT_STATUS", "200"),
                        ("REQUEST_URI", "/d/show.py/info/more?a=1&b=%20"), ("DOCUMENT_ROOT", server.root),
                        ("SCRIPT_FILENAME", os.path.join(server.root, "d/show.py")),
                        ("PATH_TRANSLATED", os.path.join(server.root, "info/more")), ("body", "the body"),
                        ("cwd", os.path.realpath(os.path.join(server.root, "d"))), ("args", "")):
        assert v.get(name) == value, "%s is %r, not %r" % (name, v.get(name), value)
    for name in ("HTTP_PROXY", "HTTP_X_UNDER"):
        assert name not in v, "%s came through" % name
    assert get(server.port, "/d/show.py?one+two")[2].count(b"args=\n") == 1, "the query became arguments"
    assert server.end() == 0


def descriptors():
    """Programs have 0, 1 and 2, whatever the server, its workers or whoever started it have open."""
    if not os.path.isdir("/dev/fd"):
        raise Skip("there is no /dev/fd")
    need("mod_cgi")
    leak = os.open("/", os.O_RDONLY)
    os.set_inheritable(leak, True)
    server = Server(CONF % ', "mod_accesslog"' + 'accesslog.filename = "@DIR@/access"\nserver.max-worker = 2\n',
                    close_fds=False)
    os.close(leak)
    program(server, "fds.py", "import os\n"
            "print('Content-Type: text/plain\\n\\n' + ' '.join(os.listdir('/dev/fd')))\n")
    idle = [connect(server.port) for _ in range(5)]
    for _ in range(3):
        numbers = sorted(int(f) for f in get(server.port, "/fds.py")[2].split())
        assert numbers in ([0, 1, 2], [0, 1, 2, 3]), numbers  # 3 is the directory itself
    for s in idle:
        s.close()
    signals = read("/proc/self/status") if os.path.exists("/proc/self/status") else b""
    if b"SigIgn" in signals:
        program(server, "signals.sh", "echo Content-Type: text/plain\necho\n"
                "grep -E '^Sig(Ign|Blk)' /proc/self/status\n")
        body = get(server.port, "/signals.sh")[2]
        theirs = 1 << 31 | 1 << 32  # two signals that the C library keeps for itself and lets nobody set
        assert all(int(line.split()[1], 16) & ~theirs == 0 for line in body.splitlines()), body
    assert server.end() == 0


def statuses():
    server = serve('cgi.local-redir = "enable"\n')
    heads = {"a": ("Status: 404 Nowhere\nContent-Type: text/plain\n\nmine", 404, b"mine"),
             "b": ("Location: http://other/\n\n", 302, None), "c": ("HTTP/1.1 201 Made\nX: y\n\nz", 201, b"z"),
             "d": ("Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nabcdef", 200, b"abc"),
             "e": ("Location: /d.sh?x\n\n", 200, b"abc"), "f": ("Status: 204\n\n", 204, b""),
             "g": ("Location: /h.txt\n\n", 200, b"file")}
    server.file("h.txt", "file")
    for name, (text, _, _) in heads.items():
        program(server, name + ".sh", "cat <<'END'\n" + text + "\nEND\n", 0o644)
    for name, (_, status, wanted) in heads.items():
        got, _, body = get(server.port, "/%s.sh" % name)
        assert got == status and (wanted is None or body.rstrip(b"\n") == wanted), (name, got, body)
        if status == 200:
            assert get(server.port, "/%s.sh" % name, method="HEAD")[2] == b""
    assert get(server.port, "/d.sh", headers={"Range": "bytes=0-0"})[0] in (200, 206)
    server.configure(CONF % "")
    assert server.end() == 0


def refusals():
    """What cannot be run is told apart, and the log says what to do."""
    server = serve()
    program(server, "mode.cgi", "#!/bin/sh\necho\n", 0o644)
    program(server, "missing.cgi", "#!/no/such/interpreter\n")
    program(server, "crlf.cgi", "#!/bin/sh\r\necho\r\n")
    program(server, "none.cgi", "just text\n")
    program(server, "exit.cgi", "#!/bin/sh\nexit 3\n")
    program(server, "crash.cgi", "#!/bin/sh\nkill -SEGV $$\n")
    program(server, "words.cgi", "#!/bin/sh\necho no header at all\n")
    os.makedirs(os.path.join(server.root, "dir.cgi"))
    for name, statuses_, words in (("mode", (403,), "chmod +x"), ("missing", (500,), "/no/such/interpreter"),
                                   ("crlf", (500,), "carriage return"), ("none", (500,), "first line"),
                                   ("exit", (502,), "with status 3"), ("crash", (502,), "killed by signal 11"),
                                   ("words", (502,), "ended within the head"), ("nothing-there", (404,), None)):
        status = get(server.port, "/%s.cgi" % name)[0]
        assert status in statuses_, "%s.cgi: %d" % (name, status)
        if words:
            server.wait_log(words)
    assert get(server.port, "/dir.cgi/")[0] in (403, 404)
    assert server.end() == 0


def only_executables():
    server = serve('cgi.execute-x-only = "enable"\n')
    program(server, "a.sh", "echo Content-Type: text/plain\necho\necho ran\n", 0o644)
    assert get(server.port, "/a.sh")[0] == 403
    os.chmod(os.path.join(server.root, "a.sh"), 0o755)
    wait_for(lambda: get(server.port, "/a.sh")[0] == 200, "the mode to be seen", 5)
    assert server.end() == 0


def links():
    server = serve('server.follow-symlink = "disable"\n')
    program(server, "a.sh", "echo Content-Type: text/plain\necho\necho ran\n")
    os.symlink("a.sh", os.path.join(server.root, "b.sh"))
    assert get(server.port, "/a.sh")[2] == b"ran\n"
    status, _, body = get(server.port, "/b.sh")
    assert status in (403, 404) and b"ran" not in body and b"echo" not in body, (status, body)
    assert server.end() == 0


def sendfile():
    server = serve('cgi.x-sendfile = "enable"\ncgi.x-sendfile-docroot = ( "@DIR@/private" )\n')
    write(os.path.join(server.dir, "private/big"), noise(300000))
    write(os.path.join(server.dir, "secret"), "secret")
    program(server, "good.sh", "echo X-Sendfile: %s/private/big\necho Content-Type: text/x\necho\necho not this\n"
            % server.dir)
    program(server, "bad.sh", "echo X-Sendfile: %s/private/../secret\necho\n" % server.dir)
    status, head, body = get(server.port, "/good.sh")
    assert status == 200 and body == noise(300000) and head["Content-Type"] == "text/x", (status, len(body))
    status, head, body = get(server.port, "/bad.sh")
    assert status == 403 and b"secret" not in body, (status, body)
    assert server.end() == 0


def errors_are_logged():
    server = serve('server.breakagelog = "@DIR@/breakage"\n')
    program(server, "err.sh", "echo complaint number one >&2\necho Content-Type: text/plain\necho\nprintf two >&2\n")
    assert get(server.port, "/err.sh")[0] == 200
    log = os.path.join(server.dir, "breakage")
    wait_for(lambda: os.path.exists(log) and b"complaint number one\n" in read(log), "the line in the breakage log")
    assert server.end() == 0
    server = serve()
    program(server, "err.sh", "echo complaint number one >&2\necho Content-Type: text/plain\necho\nprintf two >&2\n")
    assert get(server.port, "/err.sh")[0] == 200
    server.wait_log("complaint number one")
    server.wait_log("]: two")
    assert server.end() == 0


def errors_after_rotation():
    """SIGHUP: the breakage log is opened anew, in the worker and in the helper."""
    server = serve('server.breakagelog = "@DIR@/breakage"\n')
    log = os.path.join(server.dir, "breakage")
    program(server, "err.sh", "echo line of $QUERY_STRING >&2\necho Content-Type: text/plain\necho\n")
    assert get(server.port, "/err.sh?one")[0] == 200
    wait_for(lambda: b"line of one\n" in read(log), "the first line")
    os.rename(log, log + ".1")
    server.send(signal.SIGHUP)
    wait_for(lambda: os.path.exists(log), "the new file")

    def arrives():
        get(server.port, "/err.sh?two")
        return b"line of two\n" in read(log)
    wait_for(arrives, "a line in the new file")
    for pid in server.workers() if os.path.isdir("/proc/self/fd") else ():
        wait_for(lambda: not [f for f in os.listdir("/proc/%d/fd" % pid)
                              if os.readlink("/proc/%d/fd/%s" % (pid, f)) == log + ".1"], "the old file to be closed")
    assert server.end() == 0


# ---- bodies --------------------------------------------------------------------------------------

def memory(server):
    """Bytes that the children of the master have touched, at most; 0 where that is not told."""
    most = 0
    for pid in server.workers():
        path = "/proc/%d/status" % pid
        if os.path.exists(path):
            most = max([most] + [int(line.split()[1]) * 1024 for line in read(path).decode().splitlines()
                                 if line.startswith("VmHWM")])
    return most


def large_bodies(megabytes):
    """Both ways in constant memory."""
    server = serve("server.max-request-size = 0\nserver.stream-request-body = 2\n")
    program(server, "digest.py", DIGEST)
    program(server, "stream.py", STREAM)
    content = noise(megabytes * 1024 * 1024)
    path = write(os.path.join(server.dir, "body"), content)
    wanted = "%d %d %s" % (len(content), len(content), hashlib.sha256(content).hexdigest())
    status, said = curl("-T", path, "-X", "POST", "http://127.0.0.1:%d/digest.py" % server.port)
    assert status == 0 and said.decode().strip() == wanted, said
    status, said = curl("-T", path, "-H", "Transfer-Encoding: chunked", "-X", "POST",
                        "http://127.0.0.1:%d/digest.py" % server.port)
    assert status == 0 and said.decode().strip().endswith(wanted.split()[2]), said[-200:]
    blocks = megabytes * 16
    body = get(server.port, "/stream.py?%d" % blocks)[2]
    assert len(body) == blocks * 65536 and all(body[i * 65536] == i & 255 for i in range(blocks)), len(body)
    used = memory(server)
    assert is_sanitized() or used < 24 * 1024 * 1024, "%.1f MB" % (used / 1048576)
    assert server.end() == 0


def body_not_read():
    """A program that does not look at its body answers all the same."""
    server = serve("server.max-request-size = 0\n")
    program(server, "no.sh", "echo Content-Type: text/plain\necho\necho enough\n")
    for _ in range(5):
        status, _, body = get(server.port, "/no.sh", method="POST", body=noise(4 * 1024 * 1024))
        assert status == 200 and body == b"enough\n", (status, body)
    assert server.end() == 0


def slow_client():
    """What the client does not take, the program does not get rid of: nothing is kept here."""
    server = serve()
    program(server, "stream.py", STREAM)
    with connect(server.port) as s:
        s.sendall(b"GET /stream.py?512 HTTP/1.0\r\nHost: a\r\n\r\n")
        s.recv(100)
        time.sleep(1.5)
        used = memory(server)
        assert is_sanitized() or used < 24 * 1024 * 1024, "%.1f MB" % (used / 1048576)
        body = read_all(s)
    assert len(body) > 511 * 65536, len(body)
    assert server.end() == 0


def ask(server, name):
    """The response, also if a reset ends it."""
    said = b""
    with connect(server.port) as s:
        s.sendall(b"GET /%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % name.encode())
        try:
            while True:
                part = s.recv(65536)
                if not part:
                    return said
                said += part
        except ConnectionResetError:
            return said


def cut_off():
    """A program that dies in the middle of its body never looks as if it had come to its end."""
    server = serve()
    program(server, "length.sh",
            "echo Content-Type: text/plain\necho Content-Length: 100\necho\necho some\nsleep 0.2\nexit 0\n")
    program(server, "killed.sh", "echo Content-Type: text/plain\necho\necho some\nsleep 0.3\nkill -9 $$\n")
    program(server, "fine.sh", "echo Content-Type: text/plain\necho\necho some\nsleep 0.2\n")
    for name, good in (("length", False), ("killed", False), ("fine", True)):
        said = ask(server, name + ".sh")
        assert b"some" in said, said
        whole = said.endswith(b"0\r\n\r\n") if b"chunked" in said else len(said.split(b"\r\n\r\n", 1)[1]) == 100
        assert whole == good, "%s: %r" % (name, said[-40:])
    server.wait_log("killed by signal 9")
    assert server.end() == 0


# ---- ends ----------------------------------------------------------------------------------------

def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE)
    return done.stdout.strip()[:1] not in (b"", b"Z")


def pid_in(server, name="pid"):
    path = os.path.join(server.root, name)
    wait_for(lambda: os.path.exists(path) and read(path).strip(), "the program to run")
    return int(read(path))


def client_gone(stubborn):
    server = serve()
    trap = "trap '' TERM\n" if stubborn else ""
    program(server, "wait.sh", trap + "echo $$ >pid\necho Content-Type: text/plain\necho\n"
            "while :; do sleep 0.1; done\n")
    s = connect(server.port)
    s.sendall(b"GET /wait.sh HTTP/1.1\r\nHost: a\r\n\r\n")
    pid = pid_in(server)
    assert is_alive(pid)
    s.close()
    wait_for(lambda: not is_alive(pid), "the program to end with its client", 12 if stubborn else 4)
    assert server.end() == 0


def time_limits():
    server = serve('cgi.limits = ( "read-timeout" => 1, "write-timeout" => 1 )\nserver.max-request-size = 0\n')
    program(server, "silent.sh", "echo $$ >pid\nexec sleep 60\n")
    program(server, "half.sh", "echo $$ >pid\necho Content-Type: text/plain\necho\necho half\nexec sleep 60\n")
    program(server, "deaf.sh", "echo $$ >pid\nexec sleep 60 2>/dev/null\n")
    begun = time.monotonic()
    assert get(server.port, "/silent.sh")[0] == 504
    assert 0.9 < time.monotonic() - begun < 4, time.monotonic() - begun
    wait_for(lambda: not is_alive(pid_in(server)), "the silent program's end", 4)
    os.unlink(os.path.join(server.root, "pid"))
    said = ask(server, "half.sh")
    assert b"half" in said and not said.endswith(b"0\r\n\r\n"), said
    wait_for(lambda: not is_alive(pid_in(server)), "the half-hearted program's end", 4)
    status, _, _ = get(server.port, "/deaf.sh", method="POST", body=noise(2 * 1024 * 1024))
    assert status == 504, status
    assert server.end() == 0


def background():
    """A program may close its output and go on with its work."""
    server = serve()
    program(server, "go-on.sh", "echo $$ >pid\necho Content-Type: text/plain\necho\necho done\n"
            "exec >&- 2>&-\nsleep 1\necho went on >later\n")
    begun = time.monotonic()
    assert get(server.port, "/go-on.sh")[2] == b"done\n"
    assert time.monotonic() - begun < 0.9, "the response has waited for the program"
    wait_for(lambda: os.path.exists(os.path.join(server.root, "later")), "the program's work", 5)
    assert server.end() == 0


def work_after(method):
    """What a program does behind a response that is whole is not cut off, also if it still has its output open."""
    server = serve('server.stream-response-body = 1\ncgi.x-sendfile = "enable"\n'
                   'cgi.x-sendfile-docroot = ( "@DIR@" )\ncgi.local-redir = "enable"\n')
    program(server, "after.sh", "echo Content-Type: text/plain\necho Content-Length: 3\necho\nprintf abc\nsleep 0.5\n"
            "head -c 300000 /dev/zero\necho 1 >later\n")
    status, _, body = get(server.port, "/after.sh", method=method)
    assert status == 200 and body == (b"" if method == "HEAD" else b"abc"), (status, body)
    wait_for(lambda: os.path.exists(os.path.join(server.root, "later")), "the program's work", 5)
    os.unlink(os.path.join(server.root, "later"))
    server.file("file.txt", "file")
    for field in ("X-Sendfile: %s/file.txt" % server.root, "Location: /file.txt"):
        program(server, "after.sh", "echo Content-Type: text/plain\necho %s\necho\nsleep 0.5\n"
                "head -c 300000 /dev/zero\necho 1 >later\n" % field)
        assert get(server.port, "/after.sh", method=method)[0] == 200, field
        wait_for(lambda: os.path.exists(os.path.join(server.root, "later")), "the work behind " + field, 5)
        os.unlink(os.path.join(server.root, "later"))
    program(server, "endless.sh", "echo $$ >pid\necho Content-Type: text/plain\necho Content-Length: 3\necho\n"
            "exec cat /dev/zero\n")
    assert get(server.port, "/endless.sh", method=method)[0] == 200
    wait_for(lambda: not is_alive(pid_in(server)), "a program that does not stop talking to be stopped", 5)
    assert server.end() == 0


def log_that_does_not_read():
    """A logging program is shared: what a CGI program gets must not make it block for those who serve."""
    if not os.path.isdir("/proc/self/fdinfo"):
        raise Skip("there is no /proc/self/fdinfo")
    server = serve('server.breakagelog = "|exec sleep 1000"\n')
    program(server, "err.sh", "echo oops >&2\necho Content-Type: text/plain\necho\necho fine\n")
    assert get(server.port, "/err.sh")[2] == b"fine\n"
    seen = 0
    for pid in server.workers():
        for fd in os.listdir("/proc/%d/fd" % pid) if b"goldcrest" in read("/proc/%d/cmdline" % pid) else ():
            if not os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith("pipe:"):
                continue
            flags = int(read("/proc/%d/fdinfo/%s" % (pid, fd)).split(b"flags:")[1].split()[0], 8)
            if flags & os.O_ACCMODE == os.O_WRONLY:
                seen += 1
                assert flags & os.O_NONBLOCK, "descriptor %s of %d blocks" % (fd, pid)
    assert seen, "nobody has that pipe"
    assert server.end() == 0


def limited():
    """More than cgi.limits allows wait for their turn, and who leaves the line is not started."""
    server = serve('cgi.limits = ( "max-procs" => 3 )\n')
    program(server, "count.sh", "mkdir run.$$\nls -d run.* | wc -l >>most\nsleep 0.2\nrmdir run.$$\n"
            "echo Content-Type: text/plain\necho\necho $QUERY_STRING\n")
    program(server, "long.sh", "echo Content-Type: text/plain\necho\nexec >&- 2>&-\nsleep 2\n")
    problems = []

    def one(i):
        status, _, body = get(server.port, "/count.sh?%d" % i)
        if (status, body) != (200, b"%d\n" % i):
            problems.append((i, status, body))
    threads = [threading.Thread(target=one, args=(i,)) for i in range(15)]
    for t in threads:
        t.start()
    time.sleep(0.1)
    with connect(server.port) as s:
        s.sendall(b"GET /count.sh?gone HTTP/1.1\r\nHost: a\r\n\r\n")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() is a reset
        time.sleep(0.1)
    for t in threads:
        t.join()
    assert not problems, problems
    counts = [int(n) for n in read(os.path.join(server.root, "most")).split()]
    assert len(counts) == 15 and max(counts) <= 3, counts
    for _ in range(3):  # those that go on behind their response count, too
        assert get(server.port, "/long.sh")[0] == 200
    begun = time.monotonic()
    assert get(server.port, "/count.sh?x")[0] == 200
    assert time.monotonic() - begun > 1, "they were forgotten"
    assert server.end() == 0


def many(backend, count):
    """Many at once, over that event backend, GET and POST."""
    server = serve("server.max-worker = 2\n", backend)
    program(server, "digest.py", DIGEST)
    program(server, "quick.sh", "echo Content-Type: text/plain\necho\necho $QUERY_STRING\nsleep 0.3\n")
    content = noise(200000)
    digest = hashlib.sha256(content).hexdigest()
    problems = []

    def one(i):
        try:
            if i % 10:
                assert get(server.port, "/quick.sh?%d" % i)[2] == b"%d\n" % i
            else:
                assert digest.encode() in get(server.port, "/digest.py", method="POST", body=content)[2]
        except Exception as error:
            problems.append("%d: %r" % (i, error))
    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not problems, problems[:3]
    assert server.end() == 0


def upgrade():
    server = serve('cgi.upgrade = "enable"\n')
    program(server, "echo.py", "import os, sys\n"
            "if os.environ.get('HTTP_UPGRADE') != 'websocket':\n"
            "    print('Content-Type: text/plain\\n\\nno upgrade'); sys.exit()\n"
            "os.write(1, b'Status: 101\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n')\n"
            "while True:\n    b = os.read(0, 4096)\n    if not b: break\n    os.write(1, b.upper())\n"
            "os.write(1, b'<end>')\n")
    request = b"GET /echo.py HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with connect(server.port) as s:
        s.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            head += s.recv(4096)
        assert head.startswith(b"HTTP/1.1 101 "), head
        for word in (b"hello", b"there"):
            s.sendall(word)
            assert s.recv(4096) == word.upper()
        s.shutdown(socket.SHUT_WR)
        assert read_all(s) == b"<end>"
    assert b"no upgrade" in get(server.port, "/echo.py")[2]
    assert server.end() == 0


def real_php():
    php = shutil.which("php-cgi")
    if not php:
        raise Skip("there is no php-cgi")
    need("mod_cgi")
    server = Server('server.modules = ( "mod_cgi" )\ncgi.assign = ( ".php" => "%s" )\n' % php)
    server.file("a.php", "<?php header('X-A: b'); echo $_SERVER['REQUEST_METHOD'], ' ', $_POST['x'] ?? '-', ' ', "
                "$_SERVER['PATH_INFO'] ?? '';")
    assert get(server.port, "/a.php/more")[2] == b"GET - /more"
    status, head, body = get(server.port, "/a.php", method="POST", body=b"x=42",
                             headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 200 and body.strip() == b"POST 42" and head["X-A"] == "b", (status, body)
    assert server.end() == 0


def one_shot():
    """-1 runs programs too."""
    need("mod_cgi")
    server = Server(CONF % "")
    program(server, "show.py", SHOW)
    import harness
    done = subprocess.run([harness.goldcrest, "-1", "-f", server.config], stdout=subprocess.PIPE, timeout=30,
                          stderr=subprocess.PIPE, input=b"GET /show.py?once HTTP/1.0\r\nHost: a\r\n\r\n")
    assert b"QUERY_STRING=once" in done.stdout, (done.stdout[-300:], done.stderr[-300:])
    assert server.end() == 0


def one_shot_rights():
    """-1, started by root's inetd, gives them up as workers do."""
    if not is_root():
        raise Skip("not root")
    need("mod_cgi")
    server = Server(CONF % "" + 'server.username = "nobody"\nserver.errorlog = ""\n')
    program(server, "id.sh", "echo Content-Type: text/plain\necho\necho uid=$(id -u)\n")
    os.chmod(server.file("secret.txt", "secret"), 0o600)
    import harness
    uid = pwd.getpwnam("nobody").pw_uid
    for target, wanted in (("/id.sh", b"uid=%d\n" % uid), ("/secret.txt", b"HTTP/1.1 403")):
        done = subprocess.run([harness.goldcrest, "-1", "-f", server.config], stdout=subprocess.PIPE, timeout=30,
                              input=b"GET %s HTTP/1.0\r\nHost: a\r\n\r\n" % target.encode())
        assert wanted in done.stdout, done.stdout
    assert server.end() == 0


def tests():
    yield Test("CGI: environment, directory, arguments", environment)
    yield Test("CGI: no descriptor, no signal is left over", descriptors)
    yield Test("CGI: statuses and local redirects", statuses)
    yield Test("CGI: what cannot be run", refusals)
    yield Test("CGI: execute-x-only", only_executables)
    yield Test("CGI: through a link", links)
    yield Test("CGI: X-Sendfile", sendfile)
    yield Test("CGI: errors are logged", errors_are_logged)
    yield Test("CGI: errors are logged after a rotation", errors_after_rotation)
    yield Test("CGI: large bodies in constant memory", large_bodies, 100)
    yield Test("CGI: a body that is not read", body_not_read)
    yield Test("CGI: a slow client", slow_client)
    yield Test("CGI: a response that is cut off", cut_off)
    yield Test("CGI: the client goes", client_gone, False)
    yield Test("CGI: the client goes, the program does not want to", client_gone, True)
    yield Test("CGI: time limits", time_limits)
    yield Test("CGI: work after the response", background)
    yield Test("CGI: work after a response that is whole", work_after, "GET")
    yield Test("CGI: work after the response to HEAD", work_after, "HEAD")
    yield Test("CGI: a logging program that does not read", log_that_does_not_read)
    yield Test("CGI: no more programs than allowed", limited)
    yield Test("CGI: protocol upgrade", upgrade)
    yield Test("CGI: php-cgi", real_php)
    yield Test("CGI: one connection (-1)", one_shot)
    yield Test("CGI: one connection (-1) that root starts", one_shot_rights)
    for backend in backends():
        yield Test("CGI: many at once (%s)" % backend, many, backend, 60)
