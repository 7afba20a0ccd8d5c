#!/usr/bin/env python3
# beside.py - lighttpd beside goldcrest: the same configuration, the same bytes, and what is different in the answers
# SPDX-License-Identifier: BSD-3-Clause
import os
import re
import shutil
import signal
import socket
import subprocess

import harness

SILENT = ("date", "server", "keep-alive", "etag", "accept-ranges", "allow", "transfer-encoding", "content-length")


def lighttpd():
    return shutil.which("lighttpd") or shutil.which("lighttpd", path="/usr/sbin:/usr/local/sbin:/sbin")


class Refused(Exception):
    pass


class Original:
    """lighttpd in the foreground; harness.running ends it."""

    def __init__(self, text, root):
        if not lighttpd():
            raise harness.Skip("there is no lighttpd")
        self.dir = harness.folder("lighttpd")
        self.port = harness.free_port()
        text += '\nserver.bind = "127.0.0.1"\nserver.port = %d\n' % self.port
        text += 'server.document-root = "%s"\nserver.errorlog = "%s/log"\n' % (root, self.dir)
        config = harness.write(os.path.join(self.dir, "lighttpd.conf"), text.replace("@ROOT@", root))
        checked = subprocess.run([lighttpd(), "-tt", "-f", config], stdin=subprocess.DEVNULL, capture_output=True)
        if checked.returncode:
            raise Refused("lighttpd does not take the configuration: %r" % checked.stderr[-200:])
        self.process = subprocess.Popen([lighttpd(), "-D", "-f", config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        harness.running.append(self)
        harness.wait_for(self.answers, "lighttpd to listen")

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self, number=signal.SIGTERM, seconds=20):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=seconds)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def request(target, *fields, method="GET", host="localhost", version="1.1", body=""):
    head = ["%s %s HTTP/%s" % (method, target, version)] + ["Host: " + host] * (host is not None) + list(fields)
    return "\r\n".join(head + ["", body]).encode("latin-1")


def chunked(bytes_):
    body = b""
    while bytes_:
        size, _, bytes_ = bytes_.partition(b"\r\n")
        n = int(size.split(b";")[0], 16)
        body, bytes_ = body + bytes_[:n], bytes_[n + 2:]
        if n == 0:
            break
    return body


def ask(port, bytes_):
    """Everything that comes until the server closes, which "Connection: close" of the last request makes it do."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        s.sendall(bytes_)
        parts = []
        while True:
            try:
                part = s.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                return b"".join(parts)
            parts.append(part)


def answer(server, bytes_):
    """(status, fields, body): without what may differ. A server's own pages are "page"."""
    head, _, body = ask(server.port, bytes_).partition(b"\r\n\r\n")
    lines = head.decode("latin-1").replace(":%d" % server.port, ":PORT").split("\r\n")
    found = re.match(r"HTTP/1\.[01] (\d+)", lines[0])
    status = int(found.group(1)) if found else 0
    fields = [(k.strip().lower(), v.strip()) for k, _, v in (line.partition(":") for line in lines[1:])]
    if ("transfer-encoding", "chunked") in fields:
        body = chunked(body)
    is_page = status >= 300 and (not body or body.lstrip().startswith(b"<"))
    kept = [f for f in fields if f[0] not in SILENT and not (f[0] == "content-type" and (is_page or status == 304))]
    return status, sorted(kept), b"page" if is_page else body


def compare(name, text, root, requests):
    """Nothing may be different: what is so on purpose is in doc/COMPATIBILITY, and not asked for here."""
    original = Original(text, root)
    ours = harness.Server(text.replace("@ROOT@", root) + '\nserver.document-root = "%s"\n' % root)
    for r in requests:
        theirs, mine = answer(original, r), answer(ours, r)
        both = "lighttpd:  %.600r\ngoldcrest: %.600r" % (theirs, mine)
        assert theirs == mine, "%s\n%s\n%s" % (name, r.decode("latin-1"), both)
    original.end()
    assert ours.end() == 0
