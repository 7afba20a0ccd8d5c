#!/usr/bin/env python3
# programs.py - what is measured and what measures it: started, waited for, and ended, if it was started here
# SPDX-License-Identifier: BSD-3-Clause
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import machine

LOCALHOST = "127.0.0.1"
DOCUMENT_DATE = 1700000000  # Tue, 14 Nov 2023 22:13:20 GMT
DOCUMENTS = {"100.txt": 100, "1k.txt": 1024, "10k.txt": 10240, "100k.txt": 102400}
MANY = 1000  # documents of one KiB in many/

running = []
guard = threading.Lock()
stopping = threading.Event()


class Failed(Exception):
    pass


class Interrupts:
    """An interruption that comes while a program is being started is heard when it is known who was started. (Some
    of what Python does at a fork would swallow it, too.)"""
    depth = 0
    came = False

    @classmethod
    def hear(cls, *_):
        cls.came = cls.depth > 0
        if not cls.came:
            raise KeyboardInterrupt


@contextlib.contextmanager
def uninterrupted():
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    Interrupts.depth += 1
    try:
        yield
    finally:
        Interrupts.depth -= 1
    if Interrupts.came and not Interrupts.depth:
        Interrupts.came = False
        raise KeyboardInterrupt


def free_port():
    with socket.socket() as s:
        s.bind((LOCALHOST, 0))
        return s.getsockname()[1]


class Program:
    """A server in a session of its own. `command` is a function of the port that it is to listen on."""

    def __init__(self, command, cpu=None, log=os.devnull, seconds=10):
        self.usage = None
        self.asking = threading.Lock()
        for _ in range(3):
            self.port = free_port()
            if self.start(command(self.port), cpu, log, seconds):
                return
            self.end()
        raise Failed("%s does not start: %s" % (os.path.basename(command(0)[0]), machine.text_of(log)[-400:].strip()))

    def start(self, arguments, cpu, log, seconds):
        with uninterrupted(), guard:
            if stopping.is_set():
                raise Failed("stopped")
            with open(log, "ab") as out:
                self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                                start_new_session=True, preexec_fn=machine.on_processor(cpu))
            running.append(self)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with socket.socket() as s:
                s.settimeout(1)
                if s.connect_ex((LOCALHOST, self.port)) == 0:
                    return True
            if self.has_ended():
                return False
            time.sleep(0.01)
        return False

    def has_ended(self):
        """Whether it has, and what it and its children had used by then."""
        with uninterrupted(), self.asking:
            if self.process.returncode is not None:
                return True
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.process.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
                self.usage = usage.ru_utime + usage.ru_stime
        return self.process.returncode is not None

    def end(self, seconds=10):
        with uninterrupted(), guard:
            if self not in running:
                return
            running.remove(self)
        if not self.has_ended():
            self.process.terminate()
        end = time.monotonic() + seconds
        while not self.has_ended() and time.monotonic() < end:
            time.sleep(0.005)
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # what is left of its session
        except (ProcessLookupError, PermissionError):
            pass
        while not self.has_ended():
            time.sleep(0.005)


def end_all():
    """Whatever else is heard now: it is ending already."""
    Interrupts.depth += 1
    stopping.set()
    for program in list(running):
        program.end(2)


# ---- goldcrest -----------------------------------------------------------------------------------

def write_documents(folder, with_many):
    """Text that no two lines of are alike."""
    text = "".join("%08x the quick brown fox jumps over the lazy dog\n" % i for i in range(2000)).encode()
    sizes = dict(DOCUMENTS)
    if with_many:
        sizes.update(("many/%04d.txt" % i, 1024) for i in range(MANY))
    os.makedirs(os.path.join(folder, "many"))
    for name, size in sizes.items():
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(text[:size])
        os.utime(path, (DOCUMENT_DATE, DOCUMENT_DATE))


def write_paths(path):
    """All of many/, in an order that is no order."""
    with open(path, "w") as f:
        f.writelines("/many/%04d.txt\n" % (i * 367 % MANY) for i in range(MANY))


def write_certificate(folder):
    """A file of certificate and key, or None: there is no openssl command."""
    if not shutil.which("openssl"):
        return None
    parts = [os.path.join(folder, name) for name in ("certificate", "key")]
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                           "-nodes", "-days", "2", "-subj", "/CN=localhost", "-out", parts[0], "-keyout", parts[1]],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30)
    if done.returncode != 0:
        return None
    pemfile = os.path.join(folder, "both.pem")
    with open(pemfile, "w") as f:
        f.write("".join(machine.text_of(part) for part in parts))
    return pemfile


def write_configuration(folder, port, pemfile=None, backend=None):
    path = os.path.join(folder, "goldcrest.%d.conf" % port)
    lines = ['server.document-root = "%s/www"' % folder, 'server.bind = "%s"' % LOCALHOST, "server.port = %d" % port,
             'server.errorlog = "%s/error.log"' % folder, "server.max-keep-alive-requests = 65535",
             'mimetype.assign = ( ".txt" => "text/plain" )']
    if pemfile:
        lines += ['ssl.engine = "enable"', 'ssl.pemfile = "%s"' % pemfile]
    if backend:
        lines += ['server.modules += ( "mod_proxy" )',
                  'proxy.server = ( "" => ( ( "host" => "%s", "port" => %d ) ) )' % (LOCALHOST, backend)]
    with open(path, "w") as f:
        f.write("\n".join(lines) + "\n")
    return path


# ---- the load ------------------------------------------------------------------------------------

def what_was_wrong(counted):
    words = {"wrong_status": "with a wrong status", "wrong_length": "with a wrong length", "no_answer": "never came",
             "broken": "broken off", "refused": "connections refused"}
    found = ["%d %s" % (counted[key], words[key]) for key in words if counted.get(key)]
    return ", ".join(found) or "no answer at all"


def ask(load, port, arguments, cpu=None, before=None):
    """What the load generator has counted; Failed if an answer was not what it must be. With `before` it connects
    first, and begins when that has returned."""
    process = None
    try:
        with uninterrupted(), guard:
            if stopping.is_set():
                raise Failed("stopped")
            process = subprocess.Popen([load, "-p", str(port), *arguments], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       preexec_fn=machine.on_processor(cpu))
        if before:
            if "-w" in arguments:
                process.stdout.readline()
            before()
        out, errors = process.communicate(b"\n", timeout=120)
    except BaseException:
        if process:
            process.kill()
            process.wait()
        raise
    try:
        counted = json.loads(out.decode())
    except ValueError:
        raise Failed("the load generator says: %s" % errors.decode(errors="replace").strip()) from None
    if process.returncode != 0:
        raise Failed("answers: " + what_was_wrong(counted))
    return counted
