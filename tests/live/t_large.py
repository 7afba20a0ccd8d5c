#!/usr/bin/env python3
# t_large.py - what does not fit into 32 bits: files and bodies above 4 GiB, dates after 2038
# SPDX-License-Identifier: BSD-3-Clause
import os

from harness import Server, Skip, Test, connect, get, raw, read_all

FOUR_GIB = 4 << 30
LARGE = 5 << 30
IN_2040 = 2213956800
DATE_2040 = "Mon, 27 Feb 2040 12:00:00 GMT"


def large_file(server, mark):
    """A hole of 5 GiB with some bytes behind the fourth."""
    path = server.file("large.bin")
    try:
        with open(path, "r+b") as f:
            f.truncate(LARGE)
            f.seek(FOUR_GIB + 5)
            f.write(mark)
    except OSError as why:
        raise Skip("no file of 5 GiB: %s" % why)
    os.utime(path, (IN_2040, IN_2040))
    if int(os.stat(path).st_mtime) != IN_2040:
        raise Skip("the file system keeps no times after 2038")


def files(network):
    server = Server('server.network-backend = "%s"\n' % network)
    large_file(server, b"here")
    status, headers, _ = get(server.port, "/large.bin", method="HEAD")
    assert status == 200 and headers["Content-Length"] == str(LARGE), (status, headers["Content-Length"])
    assert headers["Last-Modified"] == DATE_2040, headers["Last-Modified"]
    status, headers, body = get(server.port, "/large.bin", {"Range": "bytes=%d-%d" % (FOUR_GIB, FOUR_GIB + 9)})
    assert status == 206 and body == b"\0" * 5 + b"here\0", (status, body)
    assert headers["Content-Range"] == "bytes %d-%d/%d" % (FOUR_GIB, FOUR_GIB + 9, LARGE), headers["Content-Range"]
    status, headers, body = get(server.port, "/large.bin", {"Range": "bytes=-3"})
    assert status == 206 and body == b"\0" * 3, (status, body)
    assert get(server.port, "/large.bin", {"If-Modified-Since": DATE_2040}, method="HEAD")[0] == 304
    earlier = {"If-Modified-Since": DATE_2040.replace("2040", "2039")}
    assert get(server.port, "/large.bin", earlier, method="HEAD")[0] == 200
    with connect(server.port) as s:  # the whole begins, and the client leaves
        s.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        assert len(s.recv(65536)) > 0
    assert get(server.port, "/large.bin", method="HEAD")[0] == 200


def bodies():
    """A length of which the last 32 bits are small is not small."""
    server = Server("server.max-request-size = 1024\n")
    for length in (FOUR_GIB, FOUR_GIB + 3, (1 << 62) + 3):
        head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\nabc" % length
        answer = raw(server.port, head.encode(), half_close=True)
        assert answer.startswith(b"HTTP/1.1 413 "), (length, answer[:200])
    with connect(server.port) as s:  # more than 63 bits are no length
        s.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % ((1 << 64) + 3))
        answer = read_all(s)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 ")), answer[:200]


def tests():
    for network in ("sendfile", "writev"):
        yield Test("above 4 GiB: files %s" % network, files, network)
    yield Test("above 4 GiB: bodies", bodies)
