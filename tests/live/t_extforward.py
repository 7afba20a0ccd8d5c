#!/usr/bin/env python3
# t_extforward.py - who the client is: X-Forwarded-For, Forwarded, the PROXY protocol with and without TLS, haproxy;
# and connections that are passed on as a whole
# SPDX-License-Identifier: BSD-3-Clause
import os
import shutil
import signal
import socket
import struct
import subprocess
import time

from certificates import authority, client, tls_text
from harness import (LOCALHOST, Server, Skip, Test, backends, connect, free_port, need, noise, raw, read_all,
                     wait_for, write)
from t_tls import H2C, access_log
from websockets import Backend, echo_bytes

LOG = ('server.modules = ( "mod_extforward", "mod_accesslog" )\naccesslog.filename = "@DIR@/access.log"\n'
       'accesslog.format = "%h %m %U %s %u"\n')
TRUST = 'extforward.forwarder = ( "127.0.0.1" => "trust" )\n'
LINE = TRUST + 'extforward.hap-PROXY = "enable"\n'
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n%sConnection: close\r\n\r\n"


def start(text, backend=None):
    server = Server(LOG + text, backend)
    server.file("x", "content")
    return server


def header(source="192.0.2.1", command=1, family=0x11, tlvs=b""):
    body = socket.inet_aton(source) + socket.inet_aton("198.51.100.1") + struct.pack(">HH", 4711, 443) + tlvs
    return SIGNATURE + bytes([0x20 | command, family]) + struct.pack(">H", len(body)) + body


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def said(server, words):
    return wait_for(lambda: [line for line in access_log(server) if words in line], "%s in the access log" % words)


def fields(backend):
    """From a trusted address; from others it is nothing."""
    need("mod_extforward", "mod_accesslog")
    server = start(TRUST, backend)
    wanted = []
    for i, (value, found) in enumerate((("203.0.113.7, 192.0.2.1", "192.0.2.1"),
                                        ("192.0.2.1, 127.0.0.1", "192.0.2.1"),
                                        ("unknown", LOCALHOST), ("[2001:db8::1]:80", "2001:db8::1"),
                                        (", ".join(["127.0.0.1"] * 400), LOCALHOST))):
        answer = raw(server.port, GET % (b"/%d" % i, b"X-Forwarded-For: %s\r\n" % value.encode()))
        assert answer.startswith(b"HTTP/1.1 404 "), answer
        wanted.append("%s GET /%d 404 -" % (found, i))
    wait_for(lambda: len(access_log(server)) == len(wanted), "the access log")
    assert access_log(server) == wanted, access_log(server)
    assert server.end() == 0
    server = start('extforward.forwarder = ( "127.0.0.9" => "trust", "::1" => "trust" )\n', backend)
    raw(server.port, GET % (b"/x", b"X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n"))
    assert said(server, "/x")[0].startswith(LOCALHOST), access_log(server)
    assert server.end() == 0


def lines(backend):
    """Version 1 and 2, in one piece and byte by byte, one request or two; haproxy's own checks of our health."""
    need("mod_extforward", "mod_accesslog")
    server = start(LINE, backend)
    wanted = []
    for i, (line, found) in enumerate(((b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", "192.0.2.1"),
                                       (b"PROXY TCP6 2001:db8::1 ::1 4711 443\r\n", "2001:db8::1"),
                                       (b"PROXY UNKNOWN whatever\r\n", LOCALHOST), (header(), "192.0.2.1"),
                                       (header(command=0), LOCALHOST),
                                       (header(tlvs=tlv(4, b"\0" * 3000)), "192.0.2.1"),
                                       (header(tlvs=tlv(1, b"h2") + tlv(0xE0, b"x")), "192.0.2.1"))):
        for slow in (False, True):
            path = b"/%d%d" % (i, slow)
            with connect(server.port) as s:
                if slow:
                    for byte in line[:200]:
                        s.send(bytes([byte]))
                    s.sendall(line[200:] + GET % (path, b""))
                else:
                    s.sendall(line + GET.replace(b"close", b"keep-alive") % (path, b"") + GET % (path, b""))
                assert read_all(s).count(b"HTTP/1.1 404 ") == 2 - slow
            wanted += ["%s GET %s 404 -" % (found, path.decode())] * (2 - slow)
    wait_for(lambda: len(access_log(server)) == len(wanted), "the access log")
    assert access_log(server) == wanted, access_log(server)
    assert server.end() == 0


def hostile_lines():
    """Nothing comes back for them, and the server goes on."""
    need("mod_extforward", "mod_accesslog")
    server = start(LINE + "server.max-request-head-time = 2\n")
    for line in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 65536\r\n",
                 b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\n", b"PROXY " + b"x" * 200, b"PROXY UNKNOWN\r\r\n",
                 header(family=0x41), header(command=2), header(tlvs=b"\2\xff\xff"),
                 header(tlvs=tlv(2, b"a\r\nX: y")),
                 header(tlvs=tlv(3, b"\0\0\0\0")), SIGNATURE + b"\x21\x11\xff\xff" + b"\0" * 65535,
                 noise(100000)):
        try:
            assert raw(server.port, line) == b"", line[:40]
        except (ConnectionResetError, BrokenPipeError):
            pass
    begun = time.monotonic()
    for line in (b"", b"PROXY TCP4 192.0.2.1", SIGNATURE):  # what never ends
        with connect(server.port) as s:
            s.sendall(line)
            assert read_all(s) == b""
    assert 2 <= time.monotonic() - begun < 15, time.monotonic() - begun
    with connect(server.port) as s:  # one more line is part of the first request
        s.sendall(header() + header("203.0.113.7") + GET % (b"/x", b""))
        assert read_all(s).startswith(b"HTTP/1.1 400 ")
    assert raw(server.port, header() + GET % (b"/x", b"")).startswith(b"HTTP/1.1 200 ")
    assert server.end() == 0


def strangers():
    """Who is not trusted is served without a line; one that he says is a bad request."""
    need("mod_extforward", "mod_accesslog")
    server = start('extforward.forwarder = ( "127.0.0.9" => "trust" )\nextforward.hap-PROXY = "enable"\n')
    assert raw(server.port, GET % (b"/x", b"")).startswith(b"HTTP/1.1 200 ")
    for line in (b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", header()):
        answer = raw(server.port, line + GET % (b"/y", b""))
        assert answer.startswith(b"HTTP/1.1 400 "), answer
    time.sleep(0.1)
    assert not [line for line in access_log(server) if "192.0.2.1" in line], access_log(server)
    assert server.end() == 0


def over_tls(backend):
    """The line comes ahead of TLS, also in the same segment; a client's certificate as the proxy has seen it."""
    need("mod_extforward", "mod_accesslog", "SSL support")
    server = start(LINE + 'extforward.hap-PROXY-ssl-client-verify = "enable"\n' + tls_text() + H2C, backend)
    tls = tlv(0x20, b"\7\0\0\0\0" + tlv(0x21, b"TLSv1.3") + tlv(0x22, b"Eva"))
    wanted = []
    unverified = tlv(0x20, b"\7\0\0\0\1" + tlv(0x22, b"Eva"))
    for path, line, found in ((b"/1", b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", "192.0.2.1 GET /1 404 -"),
                              (b"/2", header(), "192.0.2.1 GET /2 404 -"),
                              (b"/3", header(tlvs=tls), "192.0.2.1 GET /3 404 Eva"),
                              (b"/4", header(tlvs=unverified), "192.0.2.1 GET /4 404 -")):
        with connect(server.tls_port) as s:
            s.sendall(line)
            with client().wrap_socket(s, server_hostname="localhost") as t:
                t.sendall(GET % (path, b""))
                assert t.recv(65536).startswith(b"HTTP/1.1 404 ")
        wanted.append(found)
    wait_for(lambda: access_log(server) == wanted, "the access log: %r" % wanted)
    with connect(server.tls_port) as s:  # TLS without a line
        try:
            client().wrap_socket(s, server_hostname="localhost")
            raise AssertionError("a handshake without a PROXY line")
        except OSError:
            pass
    context = client()
    context.set_alpn_protocols(["h2"])
    with connect(server.tls_port) as s:
        s.sendall(header())
        with context.wrap_socket(s, server_hostname="localhost") as t:
            assert t.selected_alpn_protocol() == "h2"
    assert server.end() == 0


HAPROXY = """global
  maxconn 100
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend a
  bind 127.0.0.1:%d
  default_backend a
backend a
  server a 127.0.0.1:%d %s
"""


def by_haproxy(option):
    """Its own line: the client is who has connected to it."""
    need("mod_extforward", "mod_accesslog")
    program = shutil.which("haproxy") or ("/usr/sbin/haproxy" if os.path.exists("/usr/sbin/haproxy") else None)
    if not program:
        raise Skip("there is no haproxy")
    server = start(LINE)
    port = free_port()
    configuration = write(os.path.join(server.dir, "haproxy.cfg"), HAPROXY % (port, server.port, option))
    process = subprocess.Popen([program, "-db", "-f", configuration], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: socket.socket().connect_ex((LOCALHOST, port)) == 0, "haproxy")
        with socket.create_connection((LOCALHOST, port), timeout=10, source_address=("127.0.0.77", 0)) as s:
            s.sendall(GET % (b"/x", b""))
            assert read_all(s).startswith(b"HTTP/1.1 200 ")
        said(server, "127.0.0.77 GET /x 200")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
    assert server.end() == 0


def by_ourselves(version, secure):
    """A second server in front, whose proxy.server says it; ahead of TLS, where that is spoken."""
    need("mod_extforward", "mod_accesslog", "mod_proxy")
    if secure:
        need("SSL support")
    back = start(LINE + (tls_text() if secure else ""))
    tls = ""
    if secure:
        tls = ', "scheme" => "https", "tls-name" => "localhost", "tls-ca-file" => "%s"' % authority().pem
    front = Server('server.modules = ( "mod_proxy" )\n'
                   'proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => %d, "proxy-protocol" => "%s"%s )) )\n'
                   % (back.tls_port if secure else back.port, version, tls))
    for i in range(3):
        with socket.create_connection((LOCALHOST, front.port), 10, ("127.0.0.%d" % (70 + i), 0)) as s:
            s.sendall(GET % (b"/x", b""))
            answer = read_all(s)
            assert answer.startswith(b"HTTP/1.1 200 "), answer
    for i in range(3):
        said(back, "127.0.0.%d GET /x 200" % (70 + i))
    assert front.end() == 0 and back.end() == 0


# ---- whole connections ---------------------------------------------------------------------------

def passed_on(backend):
    """mod_sockproxy: bytes both ways, half-closed, with TLS in front; a reload cuts nothing."""
    need("mod_sockproxy")
    content = noise(4 * 1024 * 1024)
    with Backend(echo_bytes) as echo:
        tunnel = 'sockproxy.server = ( "" => (( "host" => "127.0.0.1", "port" => %d%s )) )\n'
        text = ('server.modules = ( "mod_sockproxy" )\n' +
                tunnel % (echo.port, ', "tcp-fin-propagate" => "enable"'))
        server = Server(text, backend)
        with connect(server.port) as s:
            s.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert s.recv(100) == b"GET / HTTP/1.1\r\n\r\n"
            server.send(signal.SIGUSR1)
            server.wait_log("reload")
            s.setblocking(True)
            found = bytearray()
            for at in range(0, len(content), 65536):
                s.sendall(content[at:at + 65536])
                while len(found) < at:
                    found += s.recv(262144)
            s.shutdown(socket.SHUT_WR)
            found += read_all(s)
            assert bytes(found) == content
        wait_for(lambda: not echo.open, "the backend's connection to end")
        assert server.end() == 0


def nobody_behind():
    need("mod_sockproxy")
    server = Server('server.modules = ( "mod_sockproxy" )\n'
                    'sockproxy.server = ( "" => (( "host" => "127.0.0.1", "port" => %d )) )\n' % free_port())
    try:
        assert raw(server.port, b"hello") == b""
    except ConnectionResetError:
        pass
    assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("extforward: fields %s" % backend, fields, backend)
        yield Test("extforward: PROXY %s" % backend, lines, backend)
        yield Test("extforward: PROXY and TLS %s" % backend, over_tls, backend)
        yield Test("sockproxy: %s" % backend, passed_on, backend)
    yield Test("extforward: hostile lines", hostile_lines)
    yield Test("extforward: strangers", strangers)
    yield Test("extforward: haproxy v1", by_haproxy, "send-proxy")
    yield Test("extforward: haproxy v2", by_haproxy, "send-proxy-v2")
    for version in ("v1", "v2"):
        yield Test("extforward: to ourselves %s" % version, by_ourselves, version, False)
        yield Test("extforward: to ourselves %s, TLS" % version, by_ourselves, version, True)
    yield Test("sockproxy: nobody there", nobody_behind)
