#!/usr/bin/env python3
# scripted.py - backends of HTTP that do as a test tells them, in threads of its own
# SPDX-License-Identifier: BSD-3-Clause
import os
import socket
import threading

from harness import LOCALHOST


class Peer:
    """A connection as the backend has it."""

    def __init__(self, s, number):
        self.s = s
        self.number = number  # counts from 0
        self.rest = b""

    def more(self):
        part = self.s.recv(262144)
        if not part:
            raise ConnectionResetError("the proxy closed the connection")
        self.rest += part

    def line_block(self):
        while b"\r\n\r\n" not in self.rest:
            self.more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        return head.decode("latin-1")

    def take(self, count):
        while len(self.rest) < count:
            self.more()
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def line(self):
        while b"\r\n" not in self.rest:
            self.more()
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line

    def request(self):
        """(method, target, {field: value}, body); names in lower case; trailers become fields."""
        lines = self.line_block().split("\r\n")
        method, target, _ = lines[0].split(" ")
        fields = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            fields[name.lower()] = fields.get(name.lower(), "") + value.strip()
        body = self.take(int(fields.get("content-length", 0)))
        while fields.get("transfer-encoding") == "chunked":
            size = int(self.line(), 16)
            if size == 0:
                while True:
                    line = self.line()
                    if not line:
                        return method, target, fields, body
                    name, value = line.decode().split(":", 1)
                    fields["trailer " + name.lower()] = value.strip()
            body += self.take(size)
            assert self.take(2) == b"\r\n"
        return method, target, fields, body

    def say(self, data):
        self.s.sendall(data)

    def reset(self):
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.s.close()


class Backend:
    """Listens, and calls serve(peer) for each connection in a thread of its own."""

    def __init__(self, serve, path=None):
        self.serve = serve
        self.connections = 0
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        if not path:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(path or (LOCALHOST, 0))
        if path:
            os.chmod(path, 0o666)
        self.listener.listen(128)
        self.path = path
        self.port = 0 if path else self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                s = self.listener.accept()[0]
            except OSError:
                return
            peer = Peer(s, self.connections)
            self.connections += 1
            threading.Thread(target=self.run, args=(peer,), daemon=True).start()

    def run(self, peer):
        peer.backend = self
        try:
            self.serve(peer)
        except OSError:
            pass
        finally:
            peer.s.close()

    def host(self, more=""):
        where = '"host" => "%s", "port" => %d' % (LOCALHOST, self.port)
        if self.path:
            where = '"socket" => "%s"' % self.path
        return "( %s%s )" % (where, more and ", " + more)

    def close(self):
        try:  # what waits in accept() would be with the next socket of this number
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(1)
        self.listener.close()
