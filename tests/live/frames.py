#!/usr/bin/env python3
# frames.py - a small HTTP/2 client: frames as bytes, heads without compression, nothing done that was not asked for
# SPDX-License-Identifier: BSD-3-Clause
import struct

from certificates import client, connect_tls
from harness import connect

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
(DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE,
 CONTINUATION) = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED = 0, 1, 3, 5
CANCEL, ENHANCE_YOUR_CALM = 8, 11
INITIAL_WINDOW, MAX_STREAMS = 4, 3
DEFAULT_WINDOW_BYTES = 65535

STATUS = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}  # RFC 7541 appendix A
STATUS_NAMES = range(8, 15)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def integer(value, bits, first=0):
    """RFC 7541 5.1"""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out = [first | most]
    value -= most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def text(value):
    return integer(len(value), 7) + value


def literal(name, value):
    """Without indexing, name and value as they are (RFC 7541 6.2.2)."""
    return b"\0" + text(name) + text(value)


def head(path, method="GET", authority="localhost", scheme="https", fields=()):
    rows = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *fields]
    return b"".join(literal(n.encode(), v.encode() if isinstance(v, str) else v) for n, v in rows)


HUFFMAN_DIGITS = {"0": "00000", "1": "00001", "2": "00010", "3": "011001", "4": "011010", "5": "011011",
                  "6": "011100", "7": "011101", "8": "011110", "9": "011111"}  # RFC 7541 appendix B


def digits(encoded):
    bits, found = "".join("{:08b}".format(b) for b in encoded), ""
    while len(found) < 3:
        digit = next(d for d, code in HUFFMAN_DIGITS.items() if bits.startswith(code))
        bits, found = bits[len(HUFFMAN_DIGITS[digit]):], found + digit
    return int(found)


def status_of(block):
    """The first field of a response's head is its status: a row of the static table, or a text of three digits."""
    while block[0] & 0xE0 == 0x20:  # an update of the table's size may come before
        block = block[1:]
    if block[0] & 0x80:
        return STATUS[block[0] & 0x7F]
    index = block[0] & (0x3F if block[0] & 0x40 else 0x0F)
    assert index in STATUS_NAMES, "the head begins with field %d of the static table" % index
    length = block[1] & 0x7F
    value = block[2:2 + length]
    return digits(value) if block[1] & 0x80 else int(value)


class Stream:
    def __init__(self):
        self.status = None
        self.body = bytearray()
        self.ended = False
        self.reset = None  # the error code of RST_STREAM
        self.trailers = None


class Connection:
    """Sends what it is told to, and notes what comes. A window of `window` bytes each is opened for responses."""

    def __init__(self, port, secure=True, settings=(), window=1 << 24, name="localhost", context=None):
        self.scheme = "https" if secure else "http"
        self.authority = name
        self.s = connect_tls(port, name, context or client(alpn=["h2"])) if secure else connect(port)
        if secure:
            assert self.s.selected_alpn_protocol() == "h2", self.s.selected_alpn_protocol()
        self.buffer = b""
        self.streams = {}
        self.next = 1
        self.frames = []        # (type, flags, stream, payload), but for DATA
        self.settings = {}      # the server's
        self.goaway = None      # (last stream, error code)
        self.eof = False
        self.window = window
        rows = [(INITIAL_WINDOW, window), *settings]
        self.s.sendall(PREFACE + frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *row) for row in rows)))
        if window > DEFAULT_WINDOW_BYTES:
            self.send(WINDOW_UPDATE, 0, 0, struct.pack(">I", window - DEFAULT_WINDOW_BYTES))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def send(self, kind, flags, stream, payload=b""):
        self.s.sendall(frame(kind, flags, stream, payload))

    def ask(self, path, method="GET", fields=(), body=None, ends=True, authority=None):
        """Begins a request and returns its number; with ends=False its body goes on."""
        number = self.next
        self.next += 2
        self.streams[number] = Stream()
        flags = END_HEADERS | (END_STREAM if ends and body is None else 0)
        block = head(path, method, authority or self.authority, self.scheme, fields)
        data = b"" if body is None else frame(DATA, END_STREAM if ends else 0, number, body)
        self.s.sendall(frame(HEADERS, flags, number, block) + data)  # at once: what it finds is no matter of luck
        return number

    def step(self):
        """Reads one frame; False at the end of the connection."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            part = self.s.recv(262144)
            if not part:
                self.eof = True
                return False
            self.buffer += part
        length, kind, flags, stream = (int.from_bytes(self.buffer[:3], "big"), self.buffer[3], self.buffer[4],
                                       int.from_bytes(self.buffer[5:9], "big"))
        payload, self.buffer = self.buffer[9:9 + length], self.buffer[9 + length:]
        self.take(kind, flags, stream, payload)
        return True

    def take(self, kind, flags, stream, payload):
        if kind != DATA:
            self.frames.append((kind, flags, stream, payload))
        here = self.streams.setdefault(stream, Stream()) if stream else None
        if kind == DATA:
            here.body += payload
            self.grant(stream, len(payload), flags & END_STREAM)
        elif kind == HEADERS:
            assert flags & END_HEADERS, "a head in several frames"
            if here.status is None or here.status < 200:
                here.status = status_of(payload)
            else:
                here.trailers = payload
        elif kind == RST_STREAM:
            here.reset = int.from_bytes(payload, "big")
            here.ended = True
        elif kind == GOAWAY:
            self.goaway = struct.unpack(">II", payload[:8])
        elif kind == SETTINGS and not flags & ACK:
            self.settings.update(struct.unpack(">HI", payload[i:i + 6]) for i in range(0, len(payload), 6))
            self.send(SETTINGS, ACK, 0)
        elif kind == PING and not flags & ACK:
            self.send(PING, ACK, 0, payload)
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            here.ended = True

    def grant(self, stream, count, is_last):
        """What was read may be sent again."""
        if count:
            self.send(WINDOW_UPDATE, 0, 0, struct.pack(">I", count))
        if count and not is_last:
            self.send(WINDOW_UPDATE, 0, stream, struct.pack(">I", count))

    def until(self, condition):
        """Reads until that holds, or the connection ends: whether it holds."""
        while not condition():
            if not self.step():
                return bool(condition())
        return True

    def answer(self, number):
        """(status, body) of that request; status None if the stream was reset or the connection ended."""
        stream = self.streams[number]
        self.until(lambda: stream.ended)
        return (stream.status if stream.reset is None and stream.ended else None), bytes(stream.body)

    def to_end(self):
        """Everything, until the server closes."""
        while self.step():
            pass
