#!/usr/bin/env python3
# harness.py - starts servers in a directory of their own, talks to them, ends only what it started
# SPDX-License-Identifier: BSD-3-Clause
import functools
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

scratch = None    # everything lies below it
goldcrest = None  # the installed program
prefix = None     # where it is installed, below scratch
running = []      # servers of the present test

LOCALHOST = "127.0.0.1"
PREFIX = "/opt/goldcrest"
ALL_BACKENDS = ("epoll", "kqueue", "ports", "devpoll", "poll", "select")
PORTS_OF_A_RUN = 2000


class Skip(Exception):
    pass


class Test:
    def __init__(self, name, function, *arguments):
        self.name = name
        self.function = function
        self.arguments = arguments

    def run(self):
        self.function(*self.arguments)


def full():
    return os.environ.get("LIVE_FULL", "0") not in ("", "0")


def alarm(seconds):
    def late(*_):
        raise TimeoutError("the test takes longer than its limit")
    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)


# ---- the program under test ----------------------------------------------------------------------

def make_program():
    for name in (os.environ.get("MAKE"), "gmake", "make"):
        if name and shutil.which(name):
            return name
    raise Skip("there is no make")


def install():
    """make install with DESTDIR, as a package does it; or the program that GOLDCREST names."""
    global goldcrest, prefix
    os.chmod(scratch, 0o755)  # workers that have given up root read below it
    if os.environ.get("GOLDCREST"):
        goldcrest = os.path.abspath(os.environ["GOLDCREST"])
        built = os.path.join(os.path.dirname(goldcrest), ".libs")
        if os.path.isdir(built):
            os.environ.setdefault("GOLDCREST_LIBDIR", built)
        os.environ.setdefault("GOLDCREST_LIBEXEC", os.path.join(os.path.dirname(goldcrest), "modules", "auth"))
        return
    ours = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")  # of the make that runs these tests
    environment = {k: v for k, v in os.environ.items() if k not in ours}
    destination = os.path.join(scratch, "destdir")
    done = subprocess.run([make_program(), "install", "DESTDIR=" + destination, "prefix=" + PREFIX,
                           "exec_prefix=" + PREFIX, "sbindir=" + PREFIX + "/sbin", "libdir=" + PREFIX + "/lib",
                           "libexecdir=" + PREFIX + "/libexec", "mandir=" + PREFIX + "/share/man",
                           "docdir=" + PREFIX + "/share/doc/goldcrest"],
                          env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    prefix = destination + PREFIX
    goldcrest = os.path.join(prefix, "sbin", "goldcrest")
    os.environ["GOLDCREST_LIBEXEC"] = os.path.join(prefix, "libexec", "goldcrest")
    os.environ["GOLDCREST_LIBDIR"] = os.path.join(prefix, "lib", "goldcrest")
    if done.returncode != 0 or not os.access(goldcrest, os.X_OK):
        sys.stdout.write(done.stdout.decode(errors="replace")[-4000:])
        raise SystemExit("make install failed")


def command(*arguments, **more):
    """Runs goldcrest to its end: (status, output, errors)."""
    done = subprocess.run([goldcrest, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                          stdin=more.pop("stdin", subprocess.DEVNULL) if "input" not in more else None, **more)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def features():
    """{"epoll": True, "PCRE support": False, "mod_alias": True …} as -V has it."""
    found = {}
    for line in command("-V")[1].splitlines():
        if line[:3] in ("\t+ ", "\t- "):
            found[line[3:]] = line[1] == "+"
    return found


def backends():
    """Those of this build; or the one that LIVE_BACKEND names, which then is every server's default, too."""
    names = [os.environ["LIVE_BACKEND"]] if os.environ.get("LIVE_BACKEND") else ALL_BACKENDS
    return [name for name in names if features().get(name)]


def is_emulated():
    """The program is a script that starts an emulator (tests/portability/emulated.sh)."""
    return read(goldcrest)[:2] == b"#!"


def is_sanitized():
    """Such a build keeps what was freed: how much memory it has says nothing. Neither does an emulator's."""
    return is_emulated() or b"__asan_init" in read(goldcrest)


def need(*names):
    for name in names:
        if not features().get(name):
            raise Skip("%s is not in this build" % name)


# ---- places and files ----------------------------------------------------------------------------

def bind_next(s):
    """Runs beside each other are given ports of their own: LIVE_PORTS and those behind it."""
    first = int(os.environ.get("LIVE_PORTS", "0"))
    for _ in range(PORTS_OF_A_RUN if first else 1):
        turn = bind_next.turn = getattr(bind_next, "turn", 0) + 1
        try:
            s.bind((LOCALHOST, first and first + turn % PORTS_OF_A_RUN))
            return
        except OSError:
            continue
    raise AssertionError("no port is free")


def free_ports(count):
    """Ports that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bind_next(s)
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def free_port():
    return free_ports(1)[0]


def folder(name="t"):
    count = folder.count = getattr(folder, "count", 0) + 1
    path = os.path.join(scratch, "%s.%d" % (name, count))
    os.makedirs(path)
    return path


def write(path, content=b""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return path


def read(path):
    with open(path, "rb") as f:
        return f.read()


@functools.lru_cache(maxsize=256)
def noise_block(seed):
    block = bytearray()
    x = seed
    while len(block) < 65521:
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        block.append(x >> 16 & 255)
    return bytes(block)


def noise(count, seed=1):
    """Bytes that look random and are the same each time; no period that a buffer's size could divide."""
    block = noise_block(seed)
    return (block * (count // len(block) + 1))[:count]


def wait_for(condition, what, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited %d s for %s" % (seconds, what))


# ---- servers -------------------------------------------------------------------------------------

class Server:
    """A server in the foreground, with a configuration made of `text`; @DIR@, @PORT@ and @TLS@ in it are replaced."""

    def __init__(self, text, backend=None, directory=None, wait=True, arguments=("-D",), **more):
        self.dir = directory or folder("server")
        self.port, self.tls_port = free_ports(2)
        self.root = os.path.join(self.dir, "root")
        os.makedirs(self.root, exist_ok=True)
        self.error_log = os.path.join(self.dir, "error.log")
        self.config = os.path.join(self.dir, "goldcrest.conf")
        self.backend = backend or os.environ.get("LIVE_BACKEND")
        self.configure(text)
        self.output = open(os.path.join(self.dir, "output"), "wb")
        self.process = subprocess.Popen([goldcrest, *arguments, "-f", self.config], stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=subprocess.STDOUT, start_new_session=True, **more)
        running.append(self)
        if wait:
            self.wait_ready()

    def configure(self, text):
        if self.backend and "server.event-handler" not in text:
            text = 'server.event-handler = "%s"\n' % self.backend + text
        if "server.port" not in text:
            text += '\nserver.bind = "127.0.0.1"\nserver.port = %d\n' % self.port
        if "server.document-root" not in text:
            text += 'server.document-root = "@DIR@/root"\n'
        if "server.errorlog" not in text:
            text += 'server.errorlog = "@DIR@/error.log"\n'
        for word, value in (("@DIR@", self.dir), ("@PORT@", str(self.port)), ("@TLS@", str(self.tls_port))):
            text = text.replace(word, value)
        write(self.config, text)

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError("the server ended with status %d" % self.process.returncode)
            return "serves with" in self.has_said()
        wait_for(ready, "the server to serve")

    def file(self, name, content=b""):
        return write(os.path.join(self.root, name.lstrip("/")), content)

    def log(self):
        return read(self.error_log).decode(errors="replace") if os.path.exists(self.error_log) else ""

    def wait_log(self, words, count=1, seconds=15):
        wait_for(lambda: self.log().count(words) >= count, "\"%s\" in the error log" % words, seconds)

    def workers(self):
        """Process ids of the children."""
        done = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE)
        rows = [line.split() for line in done.stdout.decode().splitlines()]
        return sorted(int(r[0]) for r in rows if len(r) == 2 and int(r[1]) == self.process.pid)

    def send(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM, seconds=20):
        """Signals the master and returns its exit status."""
        if self.process.poll() is None:
            self.send(number)
        return self.process.wait(timeout=seconds)

    def has_said(self):
        """Standard error, the error log, and the file that a logging program writes."""
        paths = [os.path.join(self.dir, "output"), self.error_log, os.path.join(self.dir, "piped")]
        return "".join(read(p).decode(errors="replace") for p in paths if os.path.exists(p))

    def kill(self):
        """What is left of it, by the process group that it began."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.output.close()


def answers(port, host=LOCALHOST):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((host, port)) == 0


def tails():
    """Ends of the logs, for a failure's message."""
    text = ""
    for server in running:
        for name in ("output", "error.log"):
            path = os.path.join(server.dir, name)
            if os.path.exists(path) and os.path.getsize(path):
                lines = read(path).decode(errors="replace").splitlines()[-12:]
                text += "\n  %s:\n    %s" % (name, "\n    ".join(lines))
    return text


def end_all():
    """SIGTERM first, so that a sanitizer can say what it found; SIGKILL for what does not listen."""
    for server in running:
        try:
            server.end(seconds=10)
        except Exception:
            pass
        server.kill()
    running.clear()


# ---- clients -------------------------------------------------------------------------------------

def curl(*arguments):
    """(exit status, output)"""
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "30", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout


def get(port, path, headers=None, method="GET", body=None):
    """(status, headers, body)"""
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=30)
    connection.request(method, path, body=body, headers=headers or {})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, content


def connect(port, seconds=30):
    s = socket.create_connection((LOCALHOST, port), timeout=seconds)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def read_all(s):
    data = bytearray()
    while True:
        part = s.recv(262144)
        if not part:
            return bytes(data)
        data += part


def raw(port, request, half_close=False):
    """What the server sends until it closes."""
    with connect(port) as s:
        s.sendall(request)
        if half_close:
            s.shutdown(socket.SHUT_WR)
        return read_all(s)


def is_root():
    return os.geteuid() == 0
