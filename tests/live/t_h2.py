#!/usr/bin/env python3
# t_h2.py - HTTP/2 as clients see it: curl, nghttp, h2load, and one of our own that says what others never would
# SPDX-License-Identifier: BSD-3-Clause
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import time

from certificates import tls_text
from frames import (CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, INITIAL_WINDOW,
                    MAX_STREAMS, NO_ERROR, PING, PREFACE, PROTOCOL_ERROR, RST_STREAM, SETTINGS,
                    WINDOW_UPDATE, Connection, frame, head)
from harness import (LOCALHOST, Server, Skip, Test, backends, connect, curl, features, is_sanitized, need, noise, raw,
                     wait_for)
from t_tls import H2C, access_log, url

BIG = 24 * 1024 * 1024 + 123
LOG = ('server.modules = ( "mod_accesslog" )\naccesslog.filename = "@DIR@/access.log"\n'
       'accesslog.format = "%m %U %s %H %X"\n')


def secure():
    """TLS where it is built: HTTP/2 is the same without, but few clients speak it."""
    return tls_text() if features().get("SSL support") else ""


def start(text="", backend=None):
    server = Server(H2C + secure() + text, backend)
    server.file("x", "content\n")
    return server


def open_to(server, **more):
    is_secure = more.pop("secure", True) and bool(features().get("SSL support"))
    return Connection(server.tls_port if is_secure else server.port, is_secure, **more)


# ---- without TLS ---------------------------------------------------------------------------------------------

def cleartext():
    """Prior knowledge, if it is allowed; a request to upgrade is not heard (RFC 9113 3.1)."""
    server = start()
    base = "http://127.0.0.1:%d/x" % server.port
    wanted = ["-o", "/dev/null", "-w", "%{http_version} %{http_code}"]
    assert curl("--http2-prior-knowledge", *wanted, base) == (0, b"2 200")
    assert curl("--http1.1", *wanted, base) == (0, b"1.1 200")
    assert curl("--http2", *wanted, base) == (0, b"1.1 200"), "Upgrade: h2c"
    with connect(server.port) as s:  # the preface, byte by byte
        for byte in PREFACE:
            s.send(bytes([byte]))
        s.sendall(frame(SETTINGS, 0, 0))
        assert s.recv(9)[3] == SETTINGS
    answer = raw(server.port, b"PRI / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 "), answer
    server.end()
    server = Server("")
    server.file("x", "content\n")
    status, _ = curl("--http2-prior-knowledge", "-o", "/dev/null", "http://127.0.0.1:%d/x" % server.port)
    assert status != 0, "cleartext HTTP/2 that nobody has allowed"
    answer = raw(server.port, PREFACE)
    assert re.match(rb"HTTP/1\.1 (400|501|505) ", answer), answer
    assert server.end() == 0


# ---- downloads and uploads ---------------------------------------------------------------------------------------

def downloads(backend):
    """Several at once, with small windows and large ones, and small files between them."""
    server = start(backend=backend)
    content = noise(BIG)
    server.file("big", content)
    for window in (1000, 65535, 1 << 24):
        size = 300000 if window == 1000 else BIG
        with open_to(server, window=window) as c:
            asked = [c.ask("/big", fields=[("range", "bytes=0-%d" % (size - 1))]) for _ in range(2)]
            small = [c.ask("/x", fields=[("priority", "u=1")]) for _ in range(16)]
            for number in small:
                assert c.answer(number) == (200, b"content\n"), c.answer(number)
            assert not any(c.streams[n].ended for n in asked), "what is more urgent came last (RFC 9218)"
            for number in asked:
                status, body = c.answer(number)
                assert status == 206 and body == content[:size], "%r, %d bytes" % (status, len(body))
            assert c.goaway is None
    assert server.end() == 0


def windows():
    """A stream whose window is closed does not hold up the others; one that opens again goes on."""
    server = start()
    server.file("big", noise(200000))
    with open_to(server, settings=[(INITIAL_WINDOW, 0)], window=65535) as c:
        first, second = c.ask("/big"), c.ask("/x")
        assert c.until(lambda: c.streams[first].status and c.streams[second].status), "heads need no window"
        c.send(WINDOW_UPDATE, 0, second, struct.pack(">I", 100))
        assert c.answer(second) == (200, b"content\n")
        assert not c.streams[first].body, "%d bytes into a closed window" % len(c.streams[first].body)
        c.send(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW, 50000))
        assert c.until(lambda: len(c.streams[first].body) >= 50000)
        status, body = c.answer(first)
        assert status == 200 and body == noise(200000)
    assert server.end() == 0


def uploads(backend):
    """Bodies nobody wants: refused, or read and answered, and the connection is there for others."""
    server = start('server.max-request-size = 1024\n', backend)
    with open_to(server) as c:
        small = c.ask("/x", "POST", body=b"some\n")
        assert c.answer(small)[0] == 405
        nowhere = c.ask("/missing", "PUT", body=b"some\n")
        assert c.answer(nowhere)[0] == 404
        large = c.ask("/x", "POST", [("content-length", "50000000")], ends=False)
        assert c.answer(large)[0] == 413
        assert c.answer(c.ask("/x")) == (200, b"content\n"), "the connection after 413"
        wrong = c.ask("/x", "POST", [("content-length", "3")], body=b"four")
        c.until(lambda: c.streams[wrong].ended)
        assert c.streams[wrong].reset == PROTOCOL_ERROR, "a body that is not what it said (RFC 9113 8.1.1)"
        assert c.answer(c.ask("/x")) == (200, b"content\n")
        assert c.goaway is None
    assert server.end() == 0


def sends_without_reading():
    """A client that sends what it may before it reads, and goes on for a while: the 413 is there to be read."""
    server = start('server.max-request-size = 1024\n')
    with open_to(server) as c:
        number = c.ask("/x", "POST", [("content-length", "8000000")], ends=False)
        for size in (16384, 16384, 16384, 16383):  # RFC 9113 6.9.2: the first window has 65535 bytes
            c.send(DATA, 0, number, bytes(size))
        assert c.answer(number)[0] == 413
        for _ in range(20):  # what was under way when the answer came
            c.send(DATA, 0, number)
        c.send(RST_STREAM, 0, number, struct.pack(">I", CANCEL))
        assert c.answer(c.ask("/x")) == (200, b"content\n"), "the connection after it"
        assert c.goaway is None
    assert server.end() == 0


# ---- ends -------------------------------------------------------------------------------------------------------

def shutdown():
    """SIGINT: GOAWAY first, then what was begun is finished, then the end."""
    server = start('server.feature-flags += ( "server.graceful-shutdown-timeout" => 30 )\n')
    content = noise(BIG)
    server.file("big", content)
    with open_to(server, window=400000) as c, open_to(server) as idle:
        asked = [c.ask("/big") for _ in range(3)]
        c.until(lambda: all(c.streams[n].body for n in asked))
        idle.answer(idle.ask("/x"))
        server.send(signal.SIGINT)
        idle.to_end()
        assert idle.goaway and idle.goaway[1] == NO_ERROR, idle.goaway
        for number in asked:
            status, body = c.answer(number)
            assert status == 200 and body == content, "%r, %d bytes" % (status, len(body))
        c.to_end()
        assert c.goaway and c.goaway[1] == NO_ERROR and c.goaway[0] >= asked[-1], c.goaway
    assert server.process.wait(timeout=15) == 0


def reload_in_downloads():
    """SIGUSR1: streams go on; what is asked afterwards sees the new configuration."""
    server = start('server.tag = "one"\n')
    content = noise(BIG)
    server.file("big", content)
    with open_to(server, window=200000) as c:
        asked = [c.ask("/big") for _ in range(2)]
        c.until(lambda: all(c.streams[n].body for n in asked))
        server.configure(H2C + secure() + 'mimetype.assign = ( "" => "text/x-two" )\nurl.access-deny = ( "x" )\n'
                         'server.modules = ( "mod_access" )\n')
        server.send(signal.SIGUSR1)
        server.wait_log("is in force")
        time.sleep(0.2)
        if features().get("mod_access"):
            assert c.answer(c.ask("/x"))[0] in (403, None), "a request after the reload"
        for number in asked:
            status, body = c.answer(number)
            assert status == 200 and body == content, "%r, %d bytes" % (status, len(body))
    assert server.end() == 0


def listener_gone():
    """A reload that takes the socket away: its connections are told (GOAWAY), and finish."""
    patience = "server.max-keep-alive-idle = 120\n"
    server = start(patience)
    content = noise(BIG)
    server.file("big", content)
    with open_to(server, secure=False, window=200000) as c, open_to(server, secure=False) as idle:
        number = c.ask("/big")
        c.until(lambda: c.streams[number].body)
        idle.answer(idle.ask("/x"))
        server.configure('server.port = %d\nserver.bind = "127.0.0.1"\n' % server.tls_port + H2C + patience)
        server.send(signal.SIGUSR1)
        server.wait_log("is in force")
        status, body = c.answer(number)
        assert status == 200 and body == content, "%r, %d bytes" % (status, len(body))
        c.to_end()
        assert c.goaway and c.goaway[1] == NO_ERROR, c.goaway
        idle.to_end()
        assert idle.goaway and idle.goaway[1] == NO_ERROR, idle.goaway
    assert server.end() == 0


def idle():
    server = start("server.max-keep-alive-idle = 1\n")
    with open_to(server) as c:
        assert c.answer(c.ask("/x")) == (200, b"content\n")
        begun = time.monotonic()
        c.to_end()  # with TLS: it would be an error not to say close_notify
        assert c.goaway and c.goaway[1] == NO_ERROR, c.goaway
        assert 0.5 < time.monotonic() - begun < 5
    assert server.end() == 0


def requests_counted():
    """server.max-keep-alive-requests: GOAWAY, and each answer is still there."""
    server = start("server.max-keep-alive-requests = 5\n")
    with open_to(server) as c:
        asked = []
        for _ in range(20):
            asked.append(c.ask("/x"))
            c.answer(asked[-1])
            if c.goaway or c.eof:
                break
        c.to_end()
        assert c.goaway and c.goaway[1] == NO_ERROR, c.goaway
        answered = [n for n in asked if c.streams[n].status == 200]
        assert answered == asked, "%d of %d answered" % (len(answered), len(asked))
        assert 5 <= len(asked) <= 6, "%d; one may have been under way (RFC 9113 6.8)" % len(asked)
        assert c.goaway[0] == asked[-1], "GOAWAY says %d, the last was %d" % (c.goaway[0], asked[-1])
    assert server.end() == 0


def stalled():
    """Time limits hold for streams: a body that stops coming, a window that stays closed."""
    server = start("server.max-read-idle = 2\nserver.max-write-idle = 2\n")
    server.file("big", noise(200000))
    begun = time.monotonic()
    with open_to(server, settings=[(INITIAL_WINDOW, 0)], window=65535) as c:
        number = c.ask("/big")
        c.until(lambda: c.streams[number].ended)
        assert c.streams[number].reset is not None or c.eof, "a stream without a window was kept"
    with open_to(server) as c:
        half = head("/x")
        c.send(HEADERS, END_STREAM, 1, half[:10])  # CONTINUATION never comes
        c.to_end()
        assert c.goaway is not None
    with open_to(server) as c:
        c.s.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 1, head("/x"))[:-4])
        c.to_end()
    assert time.monotonic() - begun < 20
    assert server.end() == 0


# ---- clients that mean no good -----------------------------------------------------------------------------------

def resident_kib(pid):
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], stdout=subprocess.PIPE)
    return int(done.stdout)


def flood(server, make, limit=200000):
    """Sends what make(i) gives until the server ends it: (frames sent, GOAWAY)."""
    with open_to(server, secure=False) as c:
        sent = 0
        try:
            for sent in range(0, limit, 50):
                c.s.sendall(b"".join(make(i) for i in range(sent, sent + 50)))
                # What it says is read at once: a mebibyte after its GOAWAY comes a reset, which takes that too.
                while select.select([c.s], [], [], 0.002)[0]:
                    if not c.step() or c.goaway:
                        return sent, c.goaway
        except OSError:
            pass
        return sent, c.goaway


def floods():
    """What costs the server more than the client ends in GOAWAY, and costs no memory."""
    server = start()
    get_head = head("/x")
    kinds = {
        "rapid resets": lambda i: frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, get_head)
        + frame(RST_STREAM, 0, 2 * i + 1, struct.pack(">I", CANCEL)),
        "settings": lambda i: frame(SETTINGS, 0, 0, struct.pack(">HI", MAX_STREAMS, i)),
        "pings": lambda i: frame(PING, 0, 0, struct.pack(">Q", i)),
        "empty data": lambda i: frame(HEADERS, END_HEADERS, 1, head("/x", "POST")) if i == 0 else frame(DATA, 0, 1),
        "continuations": lambda i: (frame(HEADERS, END_STREAM, 1, get_head) if i == 0
                                    else frame(CONTINUATION, 0, 1, b"\0\1a\1b" * 20)),
        "window updates": lambda i: frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)) + frame(PING, 0, 0, bytes(8)),
        "priorities": lambda i: frame(2, 0, 1, struct.pack(">IB", 0, i % 256)),
    }
    worker = server.workers()[0]
    before = resident_kib(worker)
    for name, make in kinds.items():
        sent, goaway = flood(server, make)
        assert goaway and goaway[1] in (ENHANCE_YOUR_CALM, PROTOCOL_ERROR), "%s: %r after %d" % (name, goaway, sent)
        assert sent < 150000, "%s: only after %d frames" % (name, sent)
        with open_to(server) as c:
            assert c.answer(c.ask("/x")) == (200, b"content\n"), "after " + name
    assert server.workers() == [worker], "the worker did not outlive it"
    more = resident_kib(worker) - before
    assert more < 6000 or is_sanitized(), "%d KiB more" % more
    assert server.end() == 0


def nobody_reads():
    """Clients with large windows who ask for much and take nothing: what waits for them is bounded."""
    server = start()
    content = noise(4 * 1024 * 1024)
    server.file("big", content)
    worker = server.workers()[0]
    with open_to(server) as c:  # what is kept after the first
        assert c.answer(c.ask("/big")) == (200, content)
    before = resident_kib(worker)
    clients = [open_to(server) for _ in range(20)]
    asked = [[c.ask("/big") for _ in range(80)] for c in clients]
    time.sleep(1)
    more = resident_kib(worker) - before
    assert more < 20 * 700 or is_sanitized(), "%d KiB for 20 connections with 80 streams each" % more
    with open_to(server) as c:
        assert c.answer(c.ask("/x")) == (200, b"content\n")
    for number in asked[0][:10]:
        status, body = clients[0].answer(number)
        assert status == 200 and body == content, "%r, %d bytes" % (status, len(body))
    for c in clients:
        c.s.close()
    assert server.workers() == [worker] and server.end() == 0


def too_many_streams():
    server = start()
    with open_to(server, settings=[(INITIAL_WINDOW, 0)], window=65535) as c:
        c.until(lambda: c.settings)
        most = c.settings[MAX_STREAMS]
        assert most == 100, most
        asked = [c.ask("/x") for _ in range(most + 20)]
        c.until(lambda: all(c.streams[n].status or c.streams[n].reset is not None for n in asked))
        refused = [n for n in asked if c.streams[n].reset is not None]
        assert refused == asked[most:], "refused %d: %r" % (len(refused), refused[:5])
        assert all(c.streams[n].reset == 7 for n in refused), "REFUSED_STREAM lets a client try again (RFC 9113 8.7)"
        c.send(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW, 65535))
        assert all(c.answer(n) == (200, b"content\n") for n in asked[:most])
    assert server.end() == 0


# ---- other clients -----------------------------------------------------------------------------------------------

def program(name):
    if not shutil.which(name):
        raise Skip("there is no " + name)
    need("SSL support")


def by_h2load(backend):
    program("h2load")
    server = start("server.max-worker = 2\nserver.max-keep-alive-requests = 50000\n", backend)
    server.file("medium", noise(100000))
    for path, count in (("/x", 20000), ("/medium", 2000)):
        done = subprocess.run(["h2load", "-n", str(count), "-c", "10", "-m", "20", url(server, path, LOCALHOST)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        said = done.stdout.decode()
        assert "%d succeeded, 0 failed, 0 errored, 0 timeout" % count in said, said
        assert "Application protocol: h2" in said, said
    assert server.end() == 0


def by_nghttp():
    program("nghttp")
    need("mod_accesslog")
    server = start(LOG)
    server.file("page.html", "".join('<img src="/i/%d.png">' % i for i in range(60)))
    for i in range(60):
        server.file("i/%d.png" % i, noise(3000 + i))
    done = subprocess.run(["nghttp", "-v", "-n", "-a", url(server, "/page.html", LOCALHOST)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    said = done.stdout.decode(errors="replace")
    assert "[ERROR]" not in said and "RST_STREAM" not in said, said[-3000:]
    wait_for(lambda: len(access_log(server)) >= 61, "61 lines in the access log")
    lines = access_log(server)
    assert len(lines) == 61 and all(" 200 HTTP/2.0 " in line for line in lines), lines[:3]
    assert server.end() == 0


IMAGES = 200
PAGE = ('<!doctype html><title>%d images</title><body style="margin:0;line-height:0">%s'
        '<script>onload=function(){var n=0;for(const i of document.images)if(i.naturalWidth>0)n++;'
        'document.title="loaded "+n;document.body.dataset.loaded=n}</script>')


def picture(number):
    """A PNG of one colour, 8 by 8."""
    import zlib

    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    row = b"\0" + bytes([number * 7 % 256, number * 13 % 256, number * 29 % 256]) * 8
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) +
            part(b"IDAT", zlib.compress(row * 8)) + part(b"IEND", b""))


def chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return name
    raise Skip("there is no Chromium")


def by_chromium():
    """A page with 200 images: all of them over one connection."""
    need("SSL support", "mod_accesslog")
    browser = chromium()
    server = start(LOG.replace("%X", "%X %{remote}p"))
    server.file("page.html", PAGE % (IMAGES, "".join('<img src="/i/%d.png" width=32 height=32>' % i
                                                     for i in range(IMAGES))))
    for i in range(IMAGES):
        server.file("i/%d.png" % i, picture(i))
    profile = os.path.join(server.dir, "profile")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
               "--disable-background-networking", "--disable-component-update", "--disable-sync",
               "--ignore-certificate-errors", "--user-data-dir=" + profile, "--window-size=660,360",
               "--virtual-time-budget=20000"]
    shot = os.environ.get("LIVE_SCREENSHOT") or os.path.join(server.dir, "page.png")
    address = url(server, "/page.html", LOCALHOST)
    subprocess.run([browser, *options, "--screenshot=" + shot, address], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=120)
    assert os.path.exists(shot) and os.path.getsize(shot) > 1000, "no screenshot"
    wait_for(lambda: sum("/i/" in line for line in access_log(server)) >= IMAGES, "the images in the access log")
    lines = [line for line in access_log(server) if "favicon" not in line]
    assert len(lines) == IMAGES + 1 and all(" 200 HTTP/2.0 " in line for line in lines), "%d lines, %r" % (
        len(lines), [line for line in lines if " 200 HTTP/2.0 " not in line][:3])
    ports = {line.split()[-1] for line in lines}
    assert len(ports) == 1, "%d connections" % len(ports)
    done = subprocess.run([browser, *options, "--dump-dom", address], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=120)
    assert b'data-loaded="%d"' % IMAGES in done.stdout, re.findall(rb"<title>[^<]*|data-loaded=\S*", done.stdout)
    assert server.end() == 0


def tests():
    yield Test("h2: cleartext", cleartext)
    for backend in backends():
        yield Test("h2: downloads %s" % backend, downloads, backend)
    yield Test("h2: windows", windows)
    for backend in backends():
        yield Test("h2: uploads %s" % backend, uploads, backend)
    yield Test("h2: all sent before anything is read", sends_without_reading)
    yield Test("h2: SIGINT in downloads", shutdown)
    yield Test("h2: reload in downloads", reload_in_downloads)
    yield Test("h2: a listener goes", listener_gone)
    yield Test("h2: idle connections", idle)
    yield Test("h2: requests are counted", requests_counted)
    yield Test("h2: stalled streams", stalled)
    yield Test("h2: floods", floods)
    yield Test("h2: nobody reads", nobody_reads)
    yield Test("h2: too many streams", too_many_streams)
    for backend in backends():
        yield Test("h2: h2load %s" % backend, by_h2load, backend)
    yield Test("h2: nghttp", by_nghttp)
    yield Test("h2: Chromium and 200 images", by_chromium)
