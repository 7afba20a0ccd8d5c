#!/usr/bin/env python3
# h2_peer.py - a backend that speaks HTTP/2 as it is told: frames in, frames out, windows kept
# SPDX-License-Identifier: BSD-3-Clause
import socket
import struct
import threading

from frames import (ACK, DATA, DEFAULT_WINDOW_BYTES, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW, PING, PREFACE,
                    RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, literal)
from harness import LOCALHOST


class Peer:
    """A connection as the backend has it: frames in, frames out."""

    def __init__(self, backend, s, number):
        self.backend, self.s, self.number = backend, s, number
        self.buffer = b""
        self.window, self.windows, self.initial = DEFAULT_WINDOW_BYTES, {}, DEFAULT_WINDOW_BYTES
        self.bodies = {}
        self.resets = {}      # stream -> error code
        self.trailers_of = set()
        self.order = []       # streams, as they began
        self.lock = threading.Lock()
        self.room = threading.Condition()

    def exactly(self, count):
        while len(self.buffer) < count:
            part = self.s.recv(262144)
            if not part:
                raise ConnectionResetError("the proxy closed the connection")
            self.buffer += part
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def send(self, kind, flags, stream, payload=b""):
        with self.lock:
            self.s.sendall(frame(kind, flags, stream, payload))

    def head(self, stream, status=200, fields=(), end=False):
        rows = [(b":status", str(status).encode()), *((n.encode(), v.encode()) for n, v in fields)]
        flags = END_HEADERS | (END_STREAM if end else 0)
        self.send(HEADERS, flags, stream, b"".join(literal(n, v) for n, v in rows))

    def data(self, stream, content, end=True):
        """As the windows allow: only in a thread that does not read."""
        at = 0
        while at < len(content):
            with self.room:
                while min(self.window, self.windows[stream]) <= 0:
                    self.room.wait(30)
                n = min(self.window, self.windows[stream], 16384, len(content) - at)
                self.window -= n
                self.windows[stream] -= n
            at += n
            self.send(DATA, END_STREAM if end and at == len(content) else 0, stream, content[at - n:at])

    def trailers(self, stream, fields):
        self.send(HEADERS, END_HEADERS | END_STREAM, stream,
                  b"".join(literal(n.encode(), v.encode()) for n, v in fields))

    def answer(self, stream, content=b"ok", status=200, fields=()):
        self.head(stream, status, [("content-length", str(len(content))), *fields])
        self.data(stream, content)

    def take(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            for i in range(0, len(payload), 6):
                key, value = struct.unpack(">HI", payload[i:i + 6])
                if key == INITIAL_WINDOW:
                    self.initial = value
            self.send(SETTINGS, ACK, 0)
        elif kind == PING and not flags & ACK:
            self.send(PING, ACK, 0, payload)
        elif kind == WINDOW_UPDATE:
            with self.room:
                if stream:
                    self.windows[stream] = self.windows.get(stream, 0) + int.from_bytes(payload, "big")
                else:
                    self.window += int.from_bytes(payload, "big")
                self.room.notify_all()
        elif kind == RST_STREAM:
            self.resets[stream] = int.from_bytes(payload, "big")
        elif kind == HEADERS and stream not in self.windows:
            self.order.append(stream)
            self.windows[stream] = self.initial
            self.bodies[stream] = bytearray()
            self.backend.begins(self, stream, flags, payload)
        elif kind == HEADERS:
            self.trailers_of.add(stream)
        elif kind == DATA and payload:
            self.send(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload)))
            if not flags & END_STREAM and self.backend.reads:
                self.send(WINDOW_UPDATE, 0, stream, struct.pack(">I", len(payload)))
            self.bodies[stream] += payload
            if self.backend.on_data:
                self.backend.on_data(self, stream, payload)
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            threading.Thread(target=self.backend.answer, args=(self, stream), daemon=True).start()

    def run(self):
        try:
            assert self.exactly(len(PREFACE)) == PREFACE
            self.backend.greet(self)
            while True:
                head = self.exactly(9)
                payload = self.exactly(int.from_bytes(head[:3], "big"))
                self.take(head[3], head[4], int.from_bytes(head[5:9], "big"), payload)
        except OSError:
            pass
        finally:
            self.s.close()


class Backend:
    """answer(peer, stream) runs in a thread of its own, when a request is complete."""

    def __init__(self, answer, settings=(), begins=None, on_data=None, reads=True):
        self.answer_by, self.settings, self.reads, self.on_data = answer, settings, reads, on_data
        self.begins = begins or (lambda *_: None)
        self.peers = []
        self.listener = socket.create_server((LOCALHOST, 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(self, s, len(self.peers))
            self.peers.append(peer)
            threading.Thread(target=peer.run, daemon=True).start()

    def greet(self, peer):
        peer.send(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *row) for row in self.settings))

    def answer(self, peer, stream):
        try:
            self.answer_by(peer, stream)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:  # what waits in accept() would be with the next socket of this number
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(1)
        self.listener.close()
        for peer in self.peers:
            peer.s.close()
