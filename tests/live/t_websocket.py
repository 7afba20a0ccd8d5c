#!/usr/bin/env python3
# t_websocket.py - WebSocket through mod_proxy and mod_wstunnel: on HTTP/1.1 and HTTP/2, by hand and by a browser
# SPDX-License-Identifier: BSD-3-Clause
import os
import signal
import subprocess
import time

from certificates import client, connect_tls, tls_text
from harness import LOCALHOST, Server, Test, backends, connect, features, need, noise, wait_for
from t_h2 import chromium
from t_tls import H2C, access_log, url
from websockets import (BINARY, CLOSE, PING, PONG, TEXT, Backend, Client, Client2, echo_bytes, echo_frames, make)

MODULES = ('server.modules = ( "mod_proxy", "mod_wstunnel", "mod_accesslog" )\n'
           'accesslog.filename = "@DIR@/access.log"\naccesslog.format = "%m %U?%q %s %H"\n')
PROXY = 'proxy.server = ( "/echo" => (( "host" => "127.0.0.1", "port" => {}, "upgrade" => "enable" )) )\n'
TUNNEL = 'wstunnel.server = ( "/tunnel" => (( "host" => "127.0.0.1", "port" => {} )) )\n'


def start(frames, raw, backend=None, text=""):
    server = Server(H2C + MODULES + PROXY.format(frames.port) + TUNNEL.format(raw.port) + text, backend)
    server.file("index.html", "here")
    return server


def talk(c):
    """Messages of all sizes, a ping, the end."""
    c.send(make(TEXT, b"hello"))
    assert c.collect(5) == b"hello"
    c.send(make(TEXT, "Grüße".encode()), make(PING, b"?"))
    found = [c.read(), c.read()]
    assert sorted(found) == sorted([(TEXT, "Grüße".encode()), (PONG, b"?")]), found
    big = b"0123456789abcdef" * 4096
    for _ in range(4):
        c.send(make(TEXT, big))
        assert c.collect(len(big)) == big
    c.send(make(CLOSE, b"\x03\xe8bye"))
    opcode, payload = c.read()
    assert opcode == CLOSE and payload[:2] == b"\x03\xe8", (opcode, payload)
    c.close()


def http1(backend):
    """Through a proxy to a WebSocket server, and ended here for a server of bytes."""
    need("mod_proxy", "mod_wstunnel")
    with Backend(echo_frames) as frames, Backend(echo_bytes) as raw:
        server = start(frames, raw, backend)
        for path in ("/echo", "/tunnel"):
            talk(Client(connect(server.port), path))
        wait_for(lambda: not frames.open and not raw.open, "the backends' connections to end")
        wait_for(lambda: sum(" 101 HTTP/1.1" in line for line in access_log(server)) == 2, "the access log")
        assert server.end() == 0


def http2(backend):
    """RFC 8441: the same in streams of one connection, beside other requests."""
    need("mod_proxy", "mod_wstunnel")
    secure = bool(features().get("SSL support"))
    with Backend(echo_frames) as frames, Backend(echo_bytes) as raw:
        server = start(frames, raw, backend, tls_text() if secure else "")
        port = server.tls_port if secure else server.port
        for path in ("/echo", "/tunnel"):
            c = Client2(port, path, secure)
            other = c.h2.ask("/index.html")
            assert c.h2.answer(other) == (200, b"here")
            second = Client2(port, path, secure, c.h2)
            second.send(make(TEXT, b"second"))
            assert second.collect(6) == b"second"
            talk(c)
        wait_for(lambda: not frames.open and not raw.open, "the backends' connections to end")
        assert server.end() == 0


def tls():
    need("mod_proxy", "mod_wstunnel", "SSL support")
    with Backend(echo_frames) as frames, Backend(echo_bytes) as raw:
        server = start(frames, raw, None, tls_text())
        for path in ("/echo", "/tunnel"):
            talk(Client(connect_tls(server.tls_port, context=client(alpn=["http/1.1"])), path))
        assert server.end() == 0


def edges():
    """What a client must not send, as mod_wstunnel answers it; and what nobody may get through."""
    need("mod_wstunnel", "mod_proxy")
    with Backend(echo_frames) as frames, Backend(echo_bytes) as raw:
        server = start(frames, raw)
        for wrong, code in ((make(TEXT, b"x", mask=False), 1002), (make(3, b"x"), 1002),
                            (make(TEXT, b"x", first=0xC1), 1002), (make(PING, b"x", final=False), 1002),
                            (make(PING, b"x" * 126), 1002), (make(0, b"x"), 1002), (make(TEXT, b"\xff"), 1007),
                            (make(CLOSE, b"\x03\xed"), 1002)):
            c = Client(connect(server.port), "/tunnel")
            c.send(wrong)
            assert c.read() == (CLOSE, code.to_bytes(2, "big")), wrong
            try:
                assert not c.receive()
            except ConnectionResetError:
                pass
            c.close()
        seen = set()
        c = Client(connect(server.port), "/tunnel")  # a message in pieces, of frames and of segments
        for byte in make(TEXT, b"a\xe2", final=False) + make(PING) + make(0, b"\x82\xac"):
            c.send(bytes([byte]))
        found = {TEXT: b"", PONG: b""}
        while found[TEXT] != "a€".encode() or PONG not in seen:
            opcode, payload = c.read()
            seen.add(opcode)
            assert opcode == PONG or payload.decode()  # whole characters
            found[opcode] += payload
        c.close()
        Client(connect(server.port), "/tunnel", expect=400, fields=("Sec-WebSocket-Key: another",))
        wait_for(lambda: not raw.open, "the backends' connections to end")
        assert raw.count == 9, raw.count
        assert server.end() == 0


def much(backend):
    """Both directions at once, more than fits anywhere."""
    need("mod_proxy", "mod_wstunnel")
    content = noise(3 * 1024 * 1024)
    with Backend(echo_frames) as frames, Backend(echo_bytes) as raw:
        server = start(frames, raw, backend, 'wstunnel.frame-type = "binary"\n')
        c = Client(connect(server.port), "/tunnel")
        for at in range(0, len(content), 262144):
            c.send(make(BINARY, content[at:at + 262144]))
            assert c.collect(len(content[at:at + 262144])) == content[at:at + 262144]
        c.close()
        assert server.end() == 0


def reload():
    """A reload does not cut what is open."""
    need("mod_proxy", "mod_wstunnel")
    with Backend(echo_frames) as frames, Backend(echo_bytes) as raw:
        server = start(frames, raw)
        open_ones = [Client(connect(server.port), path) for path in ("/echo", "/tunnel")]
        open_ones += [Client2(server.port, path, False) for path in ("/echo", "/tunnel")]
        server.configure(H2C + MODULES)  # without any backend
        server.send(signal.SIGUSR1)
        wait_for(lambda: b" 404 " in answer(server, "/echo"), "the new configuration")
        for c in open_ones:
            talk(c)
        assert server.end() == 0


def answer(server, path):
    with connect(server.port) as s:
        s.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path.encode())
        return s.recv(65536)


def pings():
    """With wstunnel.ping-interval; and a backend that ends it."""
    need("mod_wstunnel")

    def says_and_ends(_, s):
        s.recv(100)
        s.sendall(b"bye")

    with Backend(says_and_ends) as raw:
        server = Server('server.modules = ( "mod_wstunnel" )\n' + TUNNEL.format(raw.port) +
                        "wstunnel.ping-interval = 1\n")
        c = Client(connect(server.port), "/tunnel")
        assert c.read() == (PING, b"ping")
        c.send(make(PONG, b"ping"))
        assert c.read() == (PING, b"ping")
        c.send(make(TEXT, b"x"))
        assert c.read() == (TEXT, b"bye")
        assert c.read() == (CLOSE, b"\x03\xe8")
        c.close()
        assert server.end() == 0


PAGE = """<!doctype html><title>sockets</title><script>
async function one(path, binary) {
  const s = new WebSocket(location.origin.replace("http", "ws") + path);
  s.binaryType = "arraybuffer";
  await new Promise((yes, no) => { s.onopen = yes; s.onerror = () => no("no connection"); });
  for (const text of ["hello", "Gr\\u00fc\\u00dfe \\u{1F600}", "x".repeat(100000)]) {
    let got = "";
    const all = new Promise((yes, no) => {
      s.onmessage = e => { got += e.data; if (got.length >= text.length) yes(); };
      s.onclose = e => no("closed with " + e.code);
    });
    s.send(text);
    await all;
    if (got !== text) throw "an echo differs";
  }
  const ended = new Promise(yes => { s.onclose = e => yes(e.code); });
  s.close(1000);
  const code = await ended;
  if (code !== 1000) throw "ended with " + code;
}
(async () => {
  let said = "fine";
  try { await one("/echo"); await one("/tunnel"); } catch (e) { said = String(e); }
  fetch("/report?" + encodeURIComponent(said));
})();
</script>"""


def by_chromium(secure):
    """A page that opens both, and says what came of it; with TLS they are streams of HTTP/2."""
    need("mod_proxy", "mod_wstunnel", "mod_accesslog")
    if secure:
        need("SSL support")
    browser = chromium()
    with Backend(echo_frames) as frames, Backend(echo_bytes) as raw:
        server = start(frames, raw, None, tls_text() if secure else "")
        server.file("page.html", PAGE)
        address = url(server, "/page.html", LOCALHOST) if secure else "http://127.0.0.1:%d/page.html" % server.port
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   "--ignore-certificate-errors", "--user-data-dir=" + os.path.join(server.dir, "profile"),
                   "--remote-debugging-port=0", address]
        page = subprocess.Popen([browser, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            said = wait_for(lambda: [line for line in access_log(server) if "/report?" in line], "the page's report",
                            60)
            assert "/report?fine " in said[0], said
            opened = [line for line in access_log(server) if "/echo" in line or "/tunnel" in line]
            wanted = "CONNECT {} 200 HTTP/2.0" if secure else "GET {} 101 HTTP/1.1"
            assert sorted(opened) == [wanted.format("/echo?"), wanted.format("/tunnel?")], opened
        finally:
            os.killpg(page.pid, signal.SIGTERM)
            page.wait(timeout=20)
        assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("websocket: HTTP/1.1 %s" % backend, http1, backend)
        yield Test("websocket: HTTP/2 %s" % backend, http2, backend)
        yield Test("websocket: much %s" % backend, much, backend)
    yield Test("websocket: TLS", tls)
    yield Test("websocket: edges", edges)
    yield Test("websocket: reload", reload)
    yield Test("websocket: pings", pings)
    yield Test("websocket: Chromium", by_chromium, False)
    yield Test("websocket: Chromium and TLS", by_chromium, True)
