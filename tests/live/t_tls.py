#!/usr/bin/env python3
# t_tls.py - HTTPS: what curl, openssl and Python's ssl see of it; certificates by host, versions, client certificates
# SPDX-License-Identifier: BSD-3-Clause
import hashlib
import os
import re
import socket
import ssl
import time

import t_features
from certificates import (Authority, ask_tls, authority, client, connect_tls, localhost, read_to_close_notify,
                          s_client, tls_text)
from harness import (LOCALHOST, Server, Skip, Test, backends, command, connect, curl, features, folder, get, need,
                     noise, raw, read, read_all, wait_for, write)

H2C = 'server.feature-flags = ( "server.h2c" => "enable" )\n'
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def url(server, path="", host="localhost"):
    return "https://%s:%d%s" % (host, server.tls_port, path)


def trusting(server, *hosts):
    """curl's options: our authority, and where these hosts are."""
    options = ["--cacert", authority().pem]
    for host in hosts or ("localhost",):
        options += ["--resolve", "%s:%d:127.0.0.1" % (host, server.tls_port)]
    return options


def access_log(server):
    path = os.path.join(server.dir, "access.log")
    return read(path).decode().splitlines() if os.path.exists(path) else []


# ---- everything once more ------------------------------------------------------------------------------

def big_file(base, options):
    content = noise(t_features.BIG)
    for more, wanted in (([], content), (["-r", "1000000-2999999"], content[1000000:3000000])):
        status, got = curl(*options, *more, base + "/big")
        assert status == 0 and hashlib.sha256(got).digest() == hashlib.sha256(wanted).digest(), (
            "%s %r: curl ended with %d, %d bytes" % (base, more, status, len(got)))


def slow(base, options):
    begun = time.monotonic()
    status, got = curl(*options, "-r", "0-1048575", "-H", "X-Slow: 1", base + "/big")
    took = time.monotonic() - begun
    assert status == 0 and len(got) == 1048576, "curl ended with %d, %d bytes" % (status, len(got))
    assert 1.2 < took < 6, "1 MiB at 512 KiB a second took %.2f s" % took


def all_features(backend, network):
    """The table of t_features.py over TLS and over HTTP/2, with and without TLS."""
    authority()
    server = t_features.start(backend, network, tls_text() + H2C)
    secure, plain = url(server), "http://127.0.0.1:%d" % server.port
    ways = [(secure, [*trusting(server), "--http1.1"], "HTTP/1.1"),
            (secure, [*trusting(server), "--http2"], "HTTP/2.0"),
            (plain, ["--http2-prior-knowledge"], "HTTP/2.0")]
    before = 0
    for base, options, version in ways:
        t_features.ask_all(server, base, options)
        big_file(base, options)
        slow(base, options)
        asked = len(t_features.ASK) + 3
        wait_for(lambda: len(access_log(server)) >= before + asked, "a line for each request")
        lines = access_log(server)[before:]
        other = [line for line in lines if not line.endswith(version)]
        assert len(lines) == asked and len(other) == 1, (len(lines), other)  # the one is asked for in HTTP/1.0
        before += asked
    assert server.end() == 0
    assert "warning" not in server.has_said(), server.has_said()


def connections():
    server = Server(tls_text())
    server.file("x.txt", "content\n")
    one = url(server, "/x.txt")
    _, counts = curl(*trusting(server), "--http1.1", "-o", "/dev/null", "-o", "/dev/null", "-o", "/dev/null", "-w",
                     "%{num_connects} ", one, one, one)
    assert counts.split() == [b"1", b"0", b"0"], "keep-alive: connects %r" % counts
    answer = ask_tls(server.tls_port, GET % b"/x.txt" * 20 + LAST % b"/x.txt")
    assert answer.count(b" 200 OK\r\n") == 21 and answer.count(b"content\n") == 21, "pipelining: %r" % answer[-300:]
    with connect_tls(server.tls_port) as s:  # each byte in a record of its own
        for byte in LAST % b"/x.txt":
            s.send(bytes([byte]))
        assert read_to_close_notify(s).endswith(b"content\n"), "one byte at a time"
    with connect_tls(server.tls_port) as s:
        s.sendall(GET % b"/x.txt")
        socket.socket.shutdown(s, socket.SHUT_WR)  # FIN without close_notify
        assert read_to_close_notify(s).endswith(b"content\n"), "a half-closed client"
    said = s_client(server.tls_port, "-ign_eof", request=LAST % b"/x.txt")
    assert "content" in said and "unexpected eof" not in said, said[-500:]
    assert server.end() == 0


def small_records_and_large():
    """All sizes around those of records and buffers, one after the other on a connection."""
    server = Server(tls_text())
    sizes = [0, 1, 1000, 4096, 16383, 16384, 16385, 32768, 65535, 65536, 65537, 200000, 1048577]
    for size in sizes:
        server.file("%d" % size, noise(size))
    with connect_tls(server.tls_port) as s:
        stream = s.makefile("rb")
        for size in sizes:
            s.sendall(GET % b"/%d" % size)
            assert b" 200 " in stream.readline(), size
            while stream.readline() != b"\r\n":
                pass
            assert stream.read(size) == noise(size), "%d bytes are not what was sent" % size
    assert server.end() == 0


# ---- whose certificate -----------------------------------------------------------------------------------

def shown(server, name, context=None):
    context = context or client()
    with connect_tls(server.tls_port, name, context) as s:
        return s.getpeercert(binary_form=True)


def certificates_by_host():
    need("PCRE support")
    ca = authority()
    default, a, wild = ca.issue("default.test", "rsa"), ca.issue("a.test"), ca.issue("*.wild.test", "rsa")
    text = tls_text(default) + (
        '$HTTP["host"] == "a.test" { ssl.pemfile = "%s" \n ssl.privkey = "%s" }\n'
        '$HTTP["host"] =~ "\\.wild\\.test$" { ssl.pemfile = "%s" }\n' % (a.certificate, a.key, wild.pem))
    server = Server(text + '$HTTP["host"] == "a.test" { server.tag = "tag of a" }\n')
    server.file("x", "x")
    for name, wanted in (("default.test", default), ("a.test", a), ("A.test", a), ("some.wild.test", wild)):
        assert shown(server, name) == wanted.der(), "%s is shown another certificate" % name
    unknown = client()
    unknown.check_hostname = False
    assert shown(server, "unknown.test", unknown) == default.der()
    assert shown(server, None) == default.der(), "who says no name is shown the default"
    options = trusting(server, "default.test", "a.test", "some.wild.test")
    for version in ("--http1.1", "--http2"):
        for host, other, status in (("a.test", None, 200), ("a.test", "default.test", 421),
                                    ("a.test", "unknown.test", 421), ("default.test", "a.test", 421),
                                    ("default.test", "unknown.test", 200),
                                    ("some.wild.test", "other.wild.test", 200), ("some.wild.test", "a.test", 421)):
            said = ["-H", "Host: " + other] if other else []
            _, got = curl(*options, version, "-o", "/dev/null", "-w", "%{http_code}", *said, url(server, "/x", host))
            assert int(got) == status, "%s, the certificate of %s, asked for %s: %s" % (version, host, other, got)
    assert b"Server: tag of a" in curl(*options, "--http1.1", "-i", url(server, "/x", "a.test"))[1]
    assert server.end() == 0


def misdirected_is_no_end():
    """421 is an answer like others: the connection stays."""
    ca = authority()
    a = ca.issue("a.test")
    server = Server(tls_text() + '$HTTP["host"] == "a.test" { ssl.pemfile = "%s" }\n' % a.pem)
    server.file("x", "content\n")
    answer = ask_tls(server.tls_port, (GET % b"/x").replace(b"localhost", b"a.test") + LAST % b"/x")
    assert re.match(rb"HTTP/1.1 421 .*HTTP/1.1 200 .*content\n$", answer, re.S), answer
    assert server.end() == 0


# ---- versions, ciphers, protocols --------------------------------------------------------------------------

def version_of(server, *arguments):
    """The version that was agreed upon, or the server's alert."""
    said = s_client(server.tls_port, "-cipher", "DEFAULT@SECLEVEL=0", *arguments, fails=True)
    found = re.search(r"alert (protocol version)|(?:Protocol *: *|New, )(TLSv1\.[23])", said)
    return found.group(1) or found.group(2) if found else said[-300:]


def commands(**rows):
    return "ssl.openssl.ssl-conf-cmd = ( %s )\n" % ", ".join('"%s" => "%s"' % row for row in rows.items())


def versions():
    server = Server(tls_text() + 'server.tag = "x"\n')
    for version in ("1.2", "1.3"):
        assert version_of(server, "-tls" + version.replace(".", "_")) == "TLSv" + version, version
    for old in ("-tls1_1", "-tls1"):
        assert version_of(server, old) == "protocol version", "%s: %s" % (old, version_of(server, old))
    server.end()
    server = Server(commands(MinProtocol="TLSv1.3") + tls_text())
    assert version_of(server, "-tls1_3") == "TLSv1.3" and version_of(server, "-tls1_2") == "protocol version"
    server.end()
    server = Server(commands(MaxProtocol="TLSv1.2", CipherString="ECDHE-ECDSA-AES256-GCM-SHA384", Groups="P-384",
                             Options="-SessionTicket,ServerPreference") + tls_text())
    said = s_client(server.tls_port)
    assert "ECDHE-ECDSA-AES256-GCM-SHA384" in said and re.search(r"secp384r1|P-384", said), said
    assert "TLS session ticket:" not in said, "Options \"-SessionTicket\": %s" % said
    assert version_of(server, "-tls1_3") == "protocol version"
    assert server.end() == 0


def forward_secrecy():
    """By default nothing that a stolen key, or time, could open."""
    server = Server(tls_text(authority().issue("localhost", "rsa")))
    for weak in ("AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "AES256-SHA", "DHE-RSA-AES128-GCM-SHA256"):
        said = s_client(server.tls_port, "-tls1_2", "-cipher", weak + "@SECLEVEL=0", fails=True)
        assert "handshake failure" in said, "%s: %s" % (weak, said[-300:])
    for good in ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"):
        assert good in s_client(server.tls_port, "-tls1_2", "-cipher", good), good
    assert server.end() == 0


def protocols():
    """ALPN, and what it is without HTTP/2."""
    server = Server(tls_text())
    server.file("x", "x")
    for offered, wanted in (("h2,http/1.1", "h2"), ("http/1.1,h2", "h2"), ("http/1.1", "http/1.1"),
                            ("http/1.0,http/1.1", "http/1.1")):
        said = s_client(server.tls_port, "-alpn", offered)
        assert "ALPN protocol: " + wanted in said, "%s: %s" % (offered, said[-300:])
    assert "No ALPN negotiated" in s_client(server.tls_port)
    said = s_client(server.tls_port, "-alpn", "gopher", fails=True)
    assert "no application protocol" in said or "No ALPN negotiated" in said, said[-300:]  # RFC 7301 3.2
    server.end()
    server = Server(tls_text() + 'server.feature-flags = ( "server.h2proto" => "disable" )\n')
    server.file("x", "x")
    assert "ALPN protocol: http/1.1" in s_client(server.tls_port, "-alpn", "h2,http/1.1")
    _, got = curl(*trusting(server), "--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
                  url(server, "/x"))
    assert got == b"1.1 200", got
    assert server.end() == 0


def default_port():
    """ssl.engine for all sockets, and nobody says a port: 443."""
    certificate = localhost()
    address = "127.83.44.3"
    for host in (address, LOCALHOST):
        with socket.socket() as s:
            try:
                s.bind((host, 443))
                break
            except OSError:
                continue
    else:
        raise Skip("port 443 is not to be had")
    server = Server('# server.port is left out\nserver.bind = "%s"\nssl.engine = "enable"\nssl.pemfile = "%s"\n'
                    % (host, certificate.pem))
    server.file("x", "content\n")
    _, got = curl("--cacert", authority().pem, "--resolve", "localhost:443:" + host, "https://localhost/x")
    assert got == b"content\n", got
    assert server.end() == 0


# ---- what is wrong is told -----------------------------------------------------------------------------------

def mistakes():
    ca = authority()
    good, other, expired = ca.issue("localhost"), ca.issue("other.test", "rsa"), ca.issue("old.test", ends=-60)
    nonsense = write(os.path.join(folder("files"), "nonsense.pem"), "no certificate\n")
    engine = 'ssl.engine = "enable"\n'
    pem = 'ssl.pemfile = "%s"\n'
    table = [  # text from line 3 on, status, what is said
        (engine + pem % good.pem, 0, "^$"),
        (engine + pem % "/nonexistent/x.pem", 255, r"c\.conf:4:\d+: .*/nonexistent/x\.pem.*No such file"),
        (engine + pem % nonsense, 255, r"c\.conf:4:\d+: .*nonsense\.pem"),
        (engine + pem % good.certificate, 255, r"c\.conf:4:\d+: .*key"),
        (engine + pem % good.certificate + 'ssl.privkey = "%s"\n' % other.key, 255, r"c\.conf:[45]:\d+: .*key"),
        (engine + pem % good.certificate + 'ssl.privkey = "/nonexistent/key"\n', 255,
         r"c\.conf:[45]:\d+: .*/nonexistent/key"),
        (engine, 255, r"c\.conf:3:\d+: .*ssl\.pemfile"),
        (engine + pem % expired.pem, 0, r"c\.conf:4:\d+: warning: .*expired"),
        (engine + pem % good.pem + commands(MinProtocal="TLSv1.2"), 255, r"c\.conf:5:\d+: .*MinProtocal"),
        (engine + pem % good.pem + commands(MinProtocol="TLSv9"), 255, r"c\.conf:5:\d+: .*TLSv9"),
        (engine + pem % good.pem + commands(CipherString="NOSUCHCIPHER"), 255, r"c\.conf:5:\d+: .*NOSUCHCIPHER"),
        (engine + pem % good.pem + commands(Groups="P-0"), 255, r"c\.conf:5:\d+: .*P-0"),
        (engine + pem % good.pem + 'ssl.stapling-file = "/nonexistent/o"\n', 0,
         r"c\.conf:[45]:\d+: warning: .*/nonexistent/o"),
        (engine + pem % good.pem + 'ssl.verifyclient.activate = "enable"\n'
         'ssl.verifyclient.ca-file = "%s"\n' % nonsense, 255, r"c\.conf:[456]:\d+: .*nonsense\.pem"),
        (engine + pem % good.pem + 'ssl.verifyclient.activate = "enable"\n', 255, r"c\.conf:\d:\d+: .*ca-file"),
        (engine + pem % good.pem + 'ssl.use-sslv3 = "disable"\n', 0, r"c\.conf:5:\d+: warning: .*ssl\.use-sslv3"),
        (pem % good.pem + '$SERVER["socket"] == ":8443" { ssl.engin = "enable" }\n', 0, "did you mean ssl.engine"),
        (pem % good.pem + '$HTTP["host"] == "a" { ssl.engine = "enable" }\n', 0, r"warning: .*ssl\.engine"),
    ]
    def config(text):
        return write(os.path.join(folder("config"), "c.conf"),
                     'server.document-root = "/tmp"\nserver.port = 8080\n' + text)
    for text, status, words in table:
        got = command("-t", "-f", config(text))
        assert got[0] == status and re.search(words, got[2]), "%s\nstatus %d, not %d with \"%s\":\n%s" % (
            text, got[0], status, words, got[2])
    status = command("-t", "--strict", "-f", config(engine + pem % expired.pem))[0]
    assert status == 255, "--strict and an expired certificate"


def left_out():
    """Without TLS a socket that is to speak it is not opened in plain."""
    if features().get("SSL support"):
        raise Skip("this build has TLS")
    config = write(os.path.join(folder("config"), "c.conf"), 'server.document-root = "/tmp"\nssl.pemfile = "/x"\n'
                   '$SERVER["socket"] == "127.0.0.1:8443" { ssl.engine = "enable" }\n')
    status, _, errors = command("-t", "-f", config)
    assert status == 255 and re.search(r"c\.conf:[23]:\d+: error: .*without TLS", errors), errors


# ---- client certificates ----------------------------------------------------------------------------------------

VERIFY = ('server.modules = ( "mod_accesslog" )\naccesslog.filename = "@DIR@/access.log"\n'
          'accesslog.format = "%%U %%s %%u %%{SSL_CLIENT_VERIFY}e %%{SSL_CLIENT_S_DN_CN}e"\n'
          'ssl.verifyclient.activate = "enable"\nssl.verifyclient.ca-file = "%s"\n'
          'ssl.verifyclient.username = "%s"\nssl.verifyclient.enforce = "%s"\n')


def with_certificate(server, certificate, version, path="/x"):
    """curl's (exit status, HTTP status)."""
    given = ["--cert", certificate.certificate, "--key", certificate.key] if certificate else []
    status, got = curl(*trusting(server), version, *given, "-s", "-o", "/dev/null", "-w", "%{http_code}",
                       url(server, path))
    return status, int(got[-3:])


def client_certificates(enforce):
    need("mod_accesslog")
    ca, stranger = authority(), Authority("stranger")
    ann = ca.issue("ann", client=True, subject="/CN=ann/emailAddress=ann@example.org")
    expired = ca.issue("late", client=True, ends=-60)
    revoked = ca.issue("gone", client=True)
    unknown = stranger.issue("mallory", client=True)
    server_like = ca.issue("server.test")
    ca.revoke(revoked)
    crl = 'ssl.verifyclient.ca-crl-file = "%s"\n' % ca.crl()
    server = Server(VERIFY % (ca.pem, "SSL_CLIENT_S_DN_emailAddress", "enable" if enforce else "disable") + crl +
                    tls_text())
    server.file("x", "x")
    for version in ("--http1.1", "--http2"):
        assert with_certificate(server, ann, version) == (0, 200)
        for bad in (None, expired, revoked, unknown, server_like):
            status, http = with_certificate(server, bad, version)
            who = os.path.basename(os.path.dirname(bad.pem)) if bad else "nobody"
            if enforce:
                assert status != 0 and http == 0, "%s %s: %d, %d" % (version, who, status, http)
            elif bad is None:
                assert (status, http) == (0, 200), "%s: %d, %d" % (version, status, http)
    wait_for(lambda: access_log(server).count("/x 200 ann@example.org SUCCESS ann") >= 2 and
             (enforce or access_log(server).count("/x 200 - NONE -") >= 2), "the access log")
    time.sleep(0.2)
    lines = access_log(server)
    assert lines.count("/x 200 ann@example.org SUCCESS ann") == 2, lines
    if enforce:
        assert len(lines) == 2, lines
    else:
        assert lines.count("/x 200 - NONE -") == 2, lines
        assert not [line for line in lines if "SUCCESS" in line and " ann" not in line], lines
    assert server.end() == 0


def client_certificates_of_a_host():
    """One host asks for certificates; the other's clients do not get in without."""
    ca = authority()
    ann = ca.issue("ann", client=True)
    inner = ca.issue("inner.test")
    verify = ' ssl.verifyclient.activate = "enable"\n ssl.verifyclient.ca-file = "%s"\n}\n' % ca.pem
    server = Server(tls_text() + '$HTTP["host"] == "inner.test" {\n ssl.pemfile = "%s"\n' % inner.pem + verify +
                    '$HTTP["url"] =^ "/inner/" {\n' + verify)
    server.file("x", "x")
    server.file("inner/x", "x")
    options = trusting(server, "localhost", "inner.test")

    def ask(host, version, *more):
        _, got = curl(*options, version, "-s", "-o", "/dev/null", "-w", "%{http_code}", *more,
                      url(server, "/x", host))
        return int(got[-3:])
    theirs = ("--cert", ann.certificate, "--key", ann.key)
    for version in ("--http1.1", "--http2"):
        assert ask("localhost", version) == 200
        assert ask("inner.test", version) == 0
        assert ask("inner.test", version, *theirs) == 200
        assert ask("localhost", version, "-H", "Host: inner.test") == 421, "a way around the certificate"
        assert ask("localhost", version, *theirs, "-H", "Host: inner.test") == 421
        _, got = curl(*options, version, *theirs, "-o", "/dev/null", "-w", "%{http_code}", url(server, "/inner/x"))
        assert got == b"421", "nobody was asked for a certificate when TLS began: %s" % got
    request = b"GET /x HTTP/1.1\r\nHost: inner.test\r\nConnection: close\r\n\r\n"
    assert ask_tls(server.tls_port, request, None).startswith(b"HTTP/1.1 421 "), "without SNI"
    assert server.end() == 0


# ---- bad clients ---------------------------------------------------------------------------------------------------

def plain_http():
    server = Server(tls_text())
    server.file("x", "content\n")
    for request in (GET % b"/x", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n" + b"x" * 400000):
        answer = raw(server.tls_port, request)
        assert answer.startswith(b"HTTP/1.1 400 ") and b"https" in answer.lower(), answer
    assert b"content" in ask_tls(server.tls_port, LAST % b"/x")
    assert server.end() == 0


def stalled():
    """Who does not go on with the handshake is let go, as anybody who does not go on."""
    server = Server(tls_text() + "server.max-read-idle = 2\n")
    begun = time.monotonic()
    waiting = [connect(server.tls_port) for _ in range(3)]
    waiting[1].sendall(b"\x16")
    waiting[2].sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40))
    for s in waiting:
        try:
            while s.recv(4096):
                pass
        except ConnectionResetError:
            pass
        took = time.monotonic() - begun
        assert 1.5 < took < 6, "a stalled handshake was let go after %.1f s" % took
        s.close()
    assert server.end() == 0


def broken_handshakes():
    """What a client does wrong is not left to the next one, and nothing is left in memory."""
    server = Server(tls_text())
    server.file("x", "content\n")
    hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"
    rubbish = [b"\x16\x03\x01\xff\xff" + bytes(9000), hello, b"\x80\x2e\x01\x00\x02" + bytes(50), noise(3000),
               b"\x15\x03\x01\x00\x02\x02\x28", b"\x17\x03\x03\x00\x10" + bytes(16), b"", b"\r\n\r\n"]
    for turn in range(120):
        with connect(server.tls_port) as s:
            s.sendall(rubbish[turn % len(rubbish)])
            if turn % 3 == 0:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            elif turn % 3 == 1:
                s.shutdown(socket.SHUT_WR)
                try:
                    read_all(s)
                except ConnectionResetError:
                    pass
        if turn % 10 == 0:
            assert b"content" in ask_tls(server.tls_port, LAST % b"/x"), "after %r" % rubbish[turn % len(rubbish)]
    for context in (client(version=ssl.TLSVersion.TLSv1_2), client()):
        context.load_default_certs()
        try:
            connect_tls(server.tls_port, "wrong.test", context).close()
            raise AssertionError("a certificate of another name")
        except ssl.SSLCertVerificationError:
            pass
    assert get(server.port, "/x")[2] == b"content\n" and b"content" in ask_tls(server.tls_port, LAST % b"/x")
    assert len(server.workers()) == 1 and "signal" not in server.log(), server.log()
    assert server.end() == 0


def stapled():
    ca = authority()
    mine = ca.issue("localhost")
    staple = ca.staple(mine)
    server = Server('ssl.stapling-file = "%s"\n' % staple + tls_text(mine))
    for version in ("-tls1_2", "-tls1_3"):
        said = s_client(server.tls_port, "-status", version)
        assert "OCSP Response Status: successful" in said and "Cert Status: good" in said, said[:600]
    assert "OCSP response: no response" not in s_client(server.tls_port, "-status")
    server.end()
    other = ca.issue("other.test")
    server = Server('ssl.stapling-file = "%s"\n' % ca.staple(other) + tls_text(mine), wait=False)
    wait_for(lambda: "staple" in server.has_said() or "stapling" in server.has_said(), "a word on a wrong staple")
    server.end()


def challenge():
    """acme-tls/1: the certificate of the challenge, and nothing else, for clients that ask for that protocol."""
    directory = folder("challenges")
    identifier = "1.3.6.1.5.5.7.1.31=critical,ASN1:FORMAT:HEX,OCTETSTRING:" + "ab" * 32 + "\n"
    answer = authority().issue("new.test", extra=identifier)
    write(os.path.join(directory, "new.test.crt.pem"), read(answer.certificate))
    write(os.path.join(directory, "new.test.key.pem"), read(answer.key))
    server = Server('ssl.acme-tls-1 = "%s"\n' % directory + tls_text())
    server.file("x", "content\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["acme-tls/1"])
    with connect_tls(server.tls_port, "new.test", context) as s:
        assert s.getpeercert(binary_form=True) == answer.der() and s.selected_alpn_protocol() == "acme-tls/1"
        assert read_to_close_notify(s) == b"", "nothing is served there"
    for name in ("absent.test", "..", "a/../../x"):
        try:
            with connect_tls(server.tls_port, name, context):
                raise AssertionError("a certificate for the challenge of %s" % name)
        except (ssl.SSLError, OSError, ValueError):
            pass
    assert b"content" in ask_tls(server.tls_port, LAST % b"/x")
    assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("tls: features %s sendfile" % backend, all_features, backend, "sendfile")
    yield Test("tls: features %s writev" % backends()[0], all_features, backends()[0], "writev")
    yield Test("tls: keep-alive, pipelining, ends", connections)
    yield Test("tls: sizes around those of records", small_records_and_large)
    yield Test("tls: certificates by host", certificates_by_host)
    yield Test("tls: 421 is not the end", misdirected_is_no_end)
    yield Test("tls: versions and commands", versions)
    yield Test("tls: forward secrecy", forward_secrecy)
    yield Test("tls: protocols", protocols)
    yield Test("tls: the port by itself", default_port)
    yield Test("tls: mistakes in the configuration", mistakes)
    yield Test("tls: a build without it", left_out)
    yield Test("tls: client certificates, enforced", client_certificates, True)
    yield Test("tls: client certificates, not enforced", client_certificates, False)
    yield Test("tls: client certificates of a host", client_certificates_of_a_host)
    yield Test("tls: plain HTTP on its port", plain_http)
    yield Test("tls: stalled handshakes", stalled)
    yield Test("tls: broken handshakes", broken_handshakes)
    yield Test("tls: stapling", stapled)
    yield Test("tls: acme-tls/1", challenge)
