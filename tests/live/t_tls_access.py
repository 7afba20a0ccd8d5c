#!/usr/bin/env python3
# t_tls_access.py - who is let in by a client certificate, and no way around: other hosts, ports, tickets, reloads
# SPDX-License-Identifier: BSD-3-Clause
import os
import signal
import ssl
import struct
import subprocess
import time

from certificates import Authority, ask_tls, authority, client, localhost, tls_text
from frames import INITIAL_WINDOW, PREFACE, WINDOW_UPDATE, Connection
from harness import LOCALHOST, Server, Test, command, connect, curl, folder, need, noise, raw, read, wait_for, write
from t_tls import H2C, LAST, access_log, shown, trusting, url
from t_tls_life import replace, resume, root_only


def verify(**rows):
    """ssl.verifyclient.* as lines of a block."""
    return "".join(' ssl.verifyclient.%s = "%s"\n' % (name.replace("_", "-"), value) for name, value in rows.items())


def host(name, text):
    return '$HTTP["host"] %s {\n%s}\n' % (name if "~" in name else '== "%s"' % name, text)


def ask(server, name, certificate=None, other=None, version="--http1.1"):
    """The status that curl got; 0: no connection came about. other: asked for on name's connection."""
    options = trusting(server, name)
    if certificate:
        options += ["--cert", certificate.certificate, "--key", certificate.key]
    if other:
        options += ["-H", "Host: " + other]
    _, got = curl(*options, version, "-s", "-o", "/dev/null", "-w", "%{http_code}", url(server, "/x", name))
    return int(got[-3:])


def rules_of_a_host():
    """The certificate stands at the socket, the rules at the host: after a reload, too."""
    ca = authority()
    shared = ca.issue("inner.test")
    ann = ca.issue("ann", client=True)
    directory = folder("rules")
    replace(os.path.join(directory, "ca.pem"), read(ca.pem))
    os.chmod(directory, 0o755)
    text = (root_only() + '$SERVER["socket"] == "127.0.0.1:@TLS@" {\n ssl.engine = "enable"\n ssl.pemfile = "%s"\n}\n'
            % shared.pem + host("inner.test", verify(activate="enable", ca_file="@DIR@/ca.pem")))
    server = Server(text, directory=directory)
    server.file("x", "x")

    def all_is_well():
        for version in ("--http1.1", "--http2"):
            assert ask(server, "inner.test", ann, version=version) == 200
            assert ask(server, "inner.test", version=version) == 0
    all_is_well()
    for n in (1, 2):
        server.send(signal.SIGUSR1)
        wait_for(lambda: server.has_said().count("is in force") == n, "the reload")
        time.sleep(0.2)
        all_is_well()
    config = write(os.path.join(folder("config"), "c.conf"), 'server.document-root = "/tmp"\n' + text.replace(
        "@DIR@/ca.pem", "/nonexistent/ca.pem").replace("@TLS@", "8443").replace(root_only(), ""))
    status, _, errors = command("-t", "-f", config)
    assert status == 255 and "/nonexistent/ca.pem" in errors, errors
    assert server.end() == 0


def names_of_authorities():
    """Hosts that differ in ssl.verifyclient.ca-dn-file alone are different."""
    ca, second = authority(), Authority("second authority")
    pem = ca.issue("localhost").pem
    both = write(os.path.join(folder("both"), "ca.pem"), read(ca.pem) + read(second.pem))
    theirs = second.issue("bob", client=True)
    rules = verify(activate="enable", ca_file=both)
    server = Server(tls_text().replace(localhost().pem, pem) + host("any.test", rules) +
                    host("first.test", rules + verify(ca_dn_file=ca.pem)))
    server.file("x", "x")
    context = client(certificate=theirs)
    context.check_hostname = False

    def raw_ask(name, wanted):
        try:
            return int(ask_tls(server.tls_port, LAST.replace(b"localhost", wanted) % b"/x", name, context).split()[1])
        except (ssl.SSLError, OSError):
            return 0
    assert raw_ask("any.test", b"any.test") == 200
    assert raw_ask("first.test", b"first.test") == 0
    assert raw_ask("any.test", b"first.test") == 421, "a way around ca-dn-file"
    assert server.end() == 0


def ports():
    """TLS knows no ports, Host fields have them: neither helps."""
    need("PCRE support", "mod_simple_vhost")
    ca = authority()
    inner, ann = ca.issue("inner.test"), ca.issue("ann", client=True)
    server = Server('server.modules = ( "mod_simple_vhost" )\nsimple-vhost.server-root = "@DIR@/vhosts"\n'
                    'simple-vhost.document-root = "/"\nsimple-vhost.default-host = "localhost"\n' + tls_text() +
                    host('=~ "^inner\\.test$"', ' ssl.pemfile = "%s"\n' % inner.pem +
                         verify(activate="enable", ca_file=ca.pem)))
    for name in ("localhost", "inner.test"):
        write(os.path.join(server.dir, "vhosts", name, "x"), name)
    for version in ("--http1.1", "--http2"):
        assert ask(server, "inner.test", ann, version=version) == 200, "curl says a port"
        assert ask(server, "inner.test", version=version) == 0
        for other in ("inner.test", "inner.test:9", "inner.test:443", "INNER.test:%d" % server.tls_port,
                      "inner.test."):
            got = ask(server, "localhost", other=other, version=version)
            assert got in (421, 400), "%s: Host: %s was answered with %d" % (version, other, got)
    assert server.end() == 0


def users():
    """Who somebody is, is decided by the rules of the host that is asked; once, whatever is rewritten."""
    need("PCRE support", "mod_accesslog", "mod_rewrite")
    ca = authority()
    pem = ca.issue("localhost").pem
    ann = ca.issue("ann", client=True, subject="/CN=boss@example.org/emailAddress=ann@example.org")
    rules = verify(activate="enable", ca_file=ca.pem)
    server = Server('server.modules = ( "mod_accesslog", "mod_rewrite" )\naccesslog.filename = "@DIR@/access.log"\n'
                    'accesslog.format = "%V %u %{SSL_CLIENT_VERIFY}e"\nurl.rewrite-once = ( "^/r$" => "/x" )\n' +
                    tls_text().replace(localhost().pem, pem) +
                    host("cn.test", rules + verify(username="SSL_CLIENT_S_DN_CN")) +
                    host("mail.test", rules + verify(username="SSL_CLIENT_S_DN_emailAddress")))
    server.file("x", "x")
    context = client(certificate=ann)
    context.check_hostname = False
    for name, wanted, path in (("cn.test", b"cn.test", b"/x"), ("mail.test", b"mail.test", b"/x"),
                               ("cn.test", b"mail.test", b"/x"), ("mail.test", b"mail.test", b"/r"),
                               ("mail.test", b"mail.test", b"/r"), ("mail.test", b"mail.test", b"/none")):
        ask_tls(server.tls_port, LAST.replace(b"localhost", wanted) % path, name, context)
    wait_for(lambda: len(access_log(server)) == 6, "the access log")
    wanted = {"cn.test boss@example.org SUCCESS", "mail.test ann@example.org SUCCESS"}
    others = set(access_log(server)) - wanted
    assert others <= {"mail.test - -"}, others  # 421 is an answer, too: then nobody is anybody
    assert server.end() == 0


def revoked(version):
    """No ticket brings back whom a full handshake would refuse."""
    ca = authority()
    ann, bob = ca.issue("ann", client=True), ca.issue("bob", client=True)
    crl = os.path.join(folder("lists"), "crl.pem")
    replace(crl, read(ca.crl()))
    server = Server(root_only() + verify(activate="enable", ca_file=ca.pem, ca_crl_file=crl) + tls_text())
    server.file("x", "x")
    contexts = {}
    for who in (ann, bob):
        contexts[who] = client(certificate=who, version=version), None
        contexts[who] = contexts[who][0], resume(server, contexts[who][0], None)[1]
    ca.revoke(ann)
    replace(crl, read(ca.crl()))
    server.send(signal.SIGUSR1)
    wait_for(lambda: "is in force" in server.has_said(), "the reload")
    time.sleep(0.3)
    for _ in range(4):
        assert resume(server, *contexts[bob])[1] is not None
        try:
            resume(server, *contexts[ann])
            raise AssertionError("a certificate that is revoked was let in")
        except (ssl.SSLError, OSError):
            pass
    assert server.end() == 0


def tls_by_reload():
    """TLS that comes with a reload has the same keys of tickets in all workers."""
    server = Server("server.max-worker = 4\n")
    server.file("x", "x")
    server.configure("server.max-worker = 4\n" + tls_text())
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    time.sleep(0.3)
    context = client()
    session = resume(server, context, None)[1]
    reused = [resume(server, context, session)[0] for _ in range(24)]
    assert all(reused), "%d of 24 were resumed" % reused.count(True)
    assert server.end() == 0


def many_combinations():
    """Clients who make thousands of combinations of conditions put no host out of order."""
    ca = authority()
    inner = ca.issue("inner.test")
    names = ["X-%d" % i for i in range(13)]
    blocks = "".join('$REQUEST_HEADER["%s"] == "1" { server.tag = "%s" }\n' % (n, n) for n in names)
    server = Server(blocks + tls_text() + host("inner.test", ' ssl.pemfile = "%s"\n' % inner.pem) +
                    "server.max-keep-alive-requests = 10000\n")
    server.file("x", "x")
    for begin in range(0, 5000, 250):
        heads = ["".join("%s: 1\r\n" % n for i, n in enumerate(names) if number >> i & 1)
                 for number in range(begin, begin + 250)]
        text = "".join("GET /x HTTP/1.1\r\nHost: a\r\n%s\r\n" % fields for fields in heads)
        answer = raw(server.port, text.encode() + b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert answer.count(b"HTTP/1.1 200 ") == 251
    assert shown(server, "inner.test") == inner.der(), "another certificate"
    assert ask(server, "inner.test") == 200
    assert server.end() == 0


# ---- clients who hold on ---------------------------------------------------------------------------------------

def ends_in_handshakes(number):
    """A client who stands still in the handshake does not keep the server from its end."""
    server = Server(H2C + 'server.feature-flags += ( "server.graceful-shutdown-timeout" => 1 )\n' + tls_text())
    waiting = [connect(server.tls_port), connect(server.tls_port), connect(server.port), connect(server.port)]
    waiting[1].sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40))
    waiting[3].sendall(PREFACE[:7])
    time.sleep(0.3)
    begun = time.monotonic()
    assert server.end(number, 10) == 0
    assert time.monotonic() - begun < 5, "it took %.1f s" % (time.monotonic() - begun)
    for s in waiting:
        s.close()


def busy_but_stuck():
    """Frames that bring nothing forward do not keep a connection: nor a stream whose window stays closed."""
    server = Server(tls_text() + "server.max-write-idle = 2\nserver.max-keep-alive-idle = 2\n"
                    "server.max-read-idle = 2\n")
    server.file("big", noise(200000))
    for path in ("/big", None):
        with Connection(server.tls_port, settings=[(INITIAL_WINDOW, 0)], window=65535) as c:
            if path:
                number = c.ask(path)
                c.until(lambda: c.streams[number].status)
            c.s.settimeout(0.4)
            begun = time.monotonic()
            while time.monotonic() - begun < 15 and not c.eof and not (path and c.streams[number].ended):
                try:
                    c.step()
                except TimeoutError:
                    c.send(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1000))
                except (ssl.SSLError, OSError):
                    break
            took = time.monotonic() - begun
            assert took < 10, "%s: still there after %.1f s" % (path or "idle", took)
    assert server.end() == 0


def key_updates():
    """Nor does what TLS does for itself: a KeyUpdate a second."""
    server = Server(tls_text() + "server.max-read-idle = 2\nserver.max-keep-alive-idle = 2\n")
    begun = time.monotonic()
    process = subprocess.Popen(["openssl", "s_client", "-quiet", "-no_ign_eof", "-connect",
                                "%s:%d" % (LOCALHOST, server.tls_port)], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None and time.monotonic() - begun < 15:
            try:
                process.stdin.write(b"k\n")
                process.stdin.flush()
            except BrokenPipeError:
                break
            time.sleep(0.5)
        took = time.monotonic() - begun
        assert took < 10, "still there after %.1f s" % took
    finally:
        process.kill()
        process.wait()
    assert server.end() == 0


def tests():
    yield Test("tls access: rules of a host", rules_of_a_host)
    yield Test("tls access: names of authorities", names_of_authorities)
    yield Test("tls access: ports", ports)
    yield Test("tls access: users", users)
    yield Test("tls access: revoked, 1.2", revoked, ssl.TLSVersion.TLSv1_2)
    yield Test("tls access: revoked, 1.3", revoked, ssl.TLSVersion.TLSv1_3)
    yield Test("tls access: TLS by a reload", tls_by_reload)
    yield Test("tls access: many combinations", many_combinations)
    yield Test("tls access: SIGTERM in handshakes", ends_in_handshakes, signal.SIGTERM)
    yield Test("tls access: SIGINT in handshakes", ends_in_handshakes, signal.SIGINT)
    yield Test("tls access: busy but stuck", busy_but_stuck)
    yield Test("tls access: key updates", key_updates)
