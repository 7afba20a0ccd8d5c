#!/usr/bin/env python3
# websockets.py - WebSocket as clients and backends speak it (RFC 6455), and a backend that echoes bytes
# SPDX-License-Identifier: BSD-3-Clause
import base64
import hashlib
import os
import socket
import struct
import threading

from frames import DATA, END_STREAM, HEADERS, END_HEADERS, Connection, Stream, frame, literal
from harness import LOCALHOST, connect

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def make(opcode, payload=b"", final=True, mask=True, first=None):
    """A frame; a client's are masked."""
    out = bytes([(0x80 if final else 0) | opcode if first is None else first])
    bit = 0x80 if mask else 0
    if len(payload) < 126:
        out += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        out += struct.pack(">BH", bit | 126, len(payload))
    else:
        out += struct.pack(">BQ", bit | 127, len(payload))
    if not mask:
        return out + payload
    key = os.urandom(4)
    stream = (key * (len(payload) // 4 + 1))[:len(payload)]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return out + key + masked.to_bytes(len(payload), "big")


class Peer:
    """Frames over something that has recv(); of a server's side they are masked."""

    def __init__(self):
        self.buffer = b""

    def more(self, count):
        while len(self.buffer) < count:
            part = self.receive()
            if not part:
                raise EOFError("the peer has ended it")
            self.buffer += part

    def read(self):
        """(opcode, payload) of the next frame."""
        self.more(2)
        opcode, masked, length = self.buffer[0] & 0x0F, self.buffer[1] & 0x80, self.buffer[1] & 0x7F
        at = 2 + (2 if length == 126 else 8 if length == 127 else 0)
        self.more(at)
        if length > 125:
            length = int.from_bytes(self.buffer[2:at], "big")
        key_at, at = at, at + (4 if masked else 0)
        self.more(at + length)
        key, payload = self.buffer[key_at:at], self.buffer[at:at + length]
        self.buffer = self.buffer[at + length:]
        if masked:
            payload = bytes(c ^ key[i & 3] for i, c in enumerate(payload))
        return opcode, payload

    def collect(self, count):
        """Payload of data frames, at least so many bytes."""
        found = b""
        while len(found) < count:
            opcode, payload = self.read()
            assert opcode in (0, TEXT, BINARY), opcode
            found += payload
        return found


class Client(Peer):
    """On HTTP/1.1: s is a connected socket."""

    def __init__(self, s, path, fields=(), expect=101):
        super().__init__()
        self.s = s
        key = base64.b64encode(os.urandom(16))
        lines = [b"GET %s HTTP/1.1" % path.encode(), b"Host: localhost", b"Connection: Upgrade",
                 b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + key,
                 *(f.encode() for f in fields)]
        s.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        while b"\r\n\r\n" not in self.buffer:
            part = s.recv(65536)
            assert part, "the connection ended in the handshake: %r" % self.buffer
            self.buffer += part
        self.head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(self.head.split()[1])
        assert self.status == expect, self.head
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        assert expect != 101 or b"sec-websocket-accept: " + accept.lower() in self.head.lower(), self.head

    def receive(self):
        return self.s.recv(262144)

    def send(self, *frames):
        self.s.sendall(b"".join(frames))

    def close(self):
        self.s.close()


class Client2(Peer):
    """On HTTP/2, by an extended CONNECT (RFC 8441)."""

    def __init__(self, port, path, secure=True, connection=None):
        super().__init__()
        self.h2 = c = connection or Connection(port, secure)
        self.number = c.next
        c.next += 2
        c.streams[self.number] = self.stream = Stream()
        rows = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", c.scheme),
                (":authority", c.authority), (":path", path), ("sec-websocket-version", "13")]
        c.s.sendall(frame(HEADERS, END_HEADERS, self.number,
                          b"".join(literal(n.encode(), v.encode()) for n, v in rows)))
        c.until(lambda: self.stream.status or self.stream.ended)
        assert self.stream.status == 200, self.stream.status

    def receive(self):
        self.h2.until(lambda: self.stream.body or self.stream.ended)
        part = bytes(self.stream.body)
        del self.stream.body[:]
        return part

    def send(self, *frames):
        data = b"".join(frames)
        for at in range(0, len(data), 16000):
            self.h2.send(DATA, 0, self.number, data[at:at + 16000])

    def end(self):
        self.h2.send(DATA, END_STREAM, self.number)

    def close(self):
        self.h2.s.close()


# ---- backends ------------------------------------------------------------------------------------

class Backend:
    """Listens on a port of its own; each connection has a thread that runs `serve`."""

    def __init__(self, serve):
        self.listener = socket.create_server((LOCALHOST, 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.count = 0
        self.open = 0
        self.heads = []
        self.thread = threading.Thread(target=self.run, args=(serve,), daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:  # what waits in accept() would be with the next socket of this number
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(1)
        self.listener.close()

    def run(self, serve):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            threading.Thread(target=self.one, args=(serve, s), daemon=True).start()

    def one(self, serve, s):
        self.open += 1
        try:
            with s:
                serve(self, s)
        except (OSError, EOFError):
            pass
        self.open -= 1


def echo_bytes(_, s):
    while True:
        part = s.recv(65536)
        if not part:
            return
        s.sendall(part)


class ServerSide(Peer):
    def __init__(self, s, buffer):
        super().__init__()
        self.s = s
        self.buffer = buffer

    def receive(self):
        return self.s.recv(65536)


def echo_frames(backend, s):
    """A WebSocket server: echoes messages, answers pings and the close."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = s.recv(65536)
        if not part:
            return
        data += part
    head, rest = data.split(b"\r\n\r\n", 1)
    backend.heads.append(head)
    fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    fields = {name.lower(): value for name, value in fields.items()}
    if fields.get(b"upgrade", b"").lower() != b"websocket":
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain")
        return
    accept = base64.b64encode(hashlib.sha1(fields[b"sec-websocket-key"] + GUID).digest())
    s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    peer = ServerSide(s, rest)
    while True:
        opcode, payload = peer.read()
        if opcode == PING:
            opcode = PONG
        s.sendall(make(opcode, payload, mask=False))
        if opcode == CLOSE:
            return
