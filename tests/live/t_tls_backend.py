#!/usr/bin/env python3
# t_tls_backend.py - https:// to backends: who they have to be, what is said otherwise, sessions, our certificate
# SPDX-License-Identifier: BSD-3-Clause
import hashlib
import os
import re
import signal
import subprocess

from certificates import Authority, authority, localhost, tls_text
from harness import LOCALHOST, Server, Test, answers, backends, command, curl, folder, free_port, noise, wait_for

DAY_S = 24 * 3600
CASES = {}  # certificates are made once


def proxy(port, options="", more="", **arguments):
    return Server('server.modules += ( "mod_proxy" )\nproxy.server = ( "" => (( "host" => "https://localhost:%d", '
                  '"disable-time" => 0%s )))\n' % (port, options) + more, **arguments)


def trusting(other=None):
    return ', "tls-ca-file" => "%s"' % (other or authority()).pem


def status_of(server, path="/"):
    return curl("-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:%d%s" % (server.port, path))[1].decode()


def page_of(server, path="/"):
    return curl("http://127.0.0.1:%d%s" % (server.port, path))[1].decode(errors="replace")


class OpenSSL:
    """openssl s_server -www: a page that tells about the connection."""

    def __init__(self, certificate, *arguments):
        self.port = free_port()
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "%s:%d" % (LOCALHOST, self.port), "-cert", certificate.certificate,
             "-key", certificate.key, "-www", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self):
        wait_for(lambda: answers(self.port), "openssl s_server")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def large(backend):
    """Files of all sizes through TLS, on connections that are kept."""
    behind = Server(tls_text(localhost()), backend=backend)
    content = noise(20 * 1024 * 1024)
    behind.file("big", content)
    behind.file("small.txt", "content\n")
    front = proxy(behind.tls_port, trusting(), backend=backend)
    base = "http://127.0.0.1:%d" % front.port
    for _ in range(3):
        status, got = curl(base + "/big")
        assert status == 0 and hashlib.sha256(got).digest() == hashlib.sha256(content).digest(), (status, len(got))
        assert curl(base + "/small.txt")[1] == b"content\n"
        assert status_of(front, "/none") == "404"
    assert front.end() == 0 and behind.end() == 0
    assert "error" not in front.has_said(), front.has_said()


def names():
    """The right name, a wrong one, one that was said for it; an unknown authority; expired; not looked at."""
    other, unknown = authority().issue("other.test"), Authority("unknown authority")
    expired = authority().issue("localhost", begins=-2 * DAY_S, ends=-DAY_S)
    stranger = unknown.issue("localhost")
    rows = [
        (localhost(), trusting(), None),
        (other, trusting(), "the certificate of localhost is for other.test"),
        (other, trusting() + ', "tls-name" => "other.test"', None),
        (expired, trusting(), "has expired on"),
        (stranger, trusting(), "is signed by an unknown authority: CN=unknown authority"),
        (stranger, trusting(unknown), None),
        (stranger, ', "tls-verify" => "disable"', None),
        (localhost(), "", "is signed by an unknown authority"),  # the system does not know ours
    ]
    for certificate, options, why in rows:
        with OpenSSL(certificate) as b:
            server = proxy(b.port, options)
            assert status_of(server) == ("502" if why else "200"), (options, why, server.log())
            if why:
                server.wait_log(why)
            assert server.end() == 0


def sessions():
    """A second connection goes on with the session of the first."""
    for version in ("-tls1_2", "-tls1_3"):
        with OpenSSL(localhost(), version) as b:
            server = proxy(b.port, trusting())
            pages = [page_of(server) for _ in range(4)]  # s_server closes each
            kinds = [re.search("(New|Reused), ?TLS", page) for page in pages]
            assert all(kinds), pages
            assert [k.group(1) for k in kinds] == ["New", "Reused", "Reused", "Reused"], (version, kinds)
            server.send(signal.SIGUSR1)
            wait_for(lambda: "New, TLS" in page_of(server), "a new configuration")
            assert "Reused" in page_of(server)
            assert server.end() == 0


def our_certificate():
    """A backend that asks for one, and gets it, or not."""
    member = authority().issue("member", client=True)
    demands = ("-Verify", "1", "-verify_return_error", "-CAfile", authority().pem)
    with OpenSSL(localhost(), *demands) as b:
        server = proxy(b.port, trusting() + ', "tls-cert-file" => "%s", "tls-key-file" => "%s"'
                       % (member.certificate, member.key))
        assert "CN = member" in page_of(server) or status_of(server) == "200"
        assert server.end() == 0
        server = proxy(b.port, trusting() + ', "tls-cert-file" => "%s"' % member.pem)
        assert status_of(server) == "200"
        assert server.end() == 0
        server = proxy(b.port, trusting())
        assert status_of(server) == "502"
        server.wait_log("certificate (alert 116")
        assert server.end() == 0


def no_tls():
    """Plain HTTP on that port; nobody there; old versions alone."""
    behind = Server("")
    server = proxy(behind.port, trusting())
    assert status_of(server) == "502"
    server.wait_log("speaks no TLS on this port")


def mistakes():
    """What -t says."""
    directory = folder("mistakes")
    config = os.path.join(directory, "t.conf")
    rows = [('"tls-ca-file" => "/none.pem"', "/none.pem"),
            ('"tls-cert-file" => "%s", "tls-key-file" => "%s"' % (localhost().certificate, authority().key),
             "private key does not belong")]
    for options, words in rows:
        with open(config, "w") as f:
            f.write('server.document-root = "%s"\nserver.modules = ( "mod_proxy" )\nproxy.server = ( "" => (( "host" '
                    '=> "https://localhost:1", %s )))\n' % (directory, options))
        status, output, errors = command("-t", "-f", config)
        assert status != 0 and words in output + errors, (status, output, errors)


def tests():
    authority_needed = [names, sessions, our_certificate, no_tls, mistakes]
    return ([Test("tls-backend: " + f.__name__.replace("_", " "), with_tls(f)) for f in authority_needed] +
            [Test("tls-backend: large (%s)" % name, with_tls(large), name) for name in backends()])


def with_tls(function):
    def run(*arguments):
        authority()  # or skips
        function(*arguments)
    return run
