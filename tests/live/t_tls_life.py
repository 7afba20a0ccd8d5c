#!/usr/bin/env python3
# t_tls_life.py - TLS over time: tickets, renewed certificates, keys of root's, reloads, uploads, how it ends
# SPDX-License-Identifier: BSD-3-Clause
import os
import signal
import ssl
import time

from certificates import (ask_tls, authority, client, connect_tls, read_to_close_notify, s_client, tls_text)
from harness import (Server, Skip, Test, answers, backends, curl, folder, full, is_root, need, noise, read, wait_for,
                     write)
from t_reload import Download
from t_signals import owner, somebody
from t_tls import GET, LAST, access_log, shown, trusting, url

LOG = ('server.modules = ( "mod_accesslog" )\naccesslog.filename = "@DIR@/access.log"\n'
       'accesslog.format = "%U %P"\n')


def root_only():
    """The workers' user, where there is one to change to; the error log is the master's then."""
    return 'server.username = "%s"\nserver.errorlog = ""\n' % somebody().pw_name if is_root() else ""


# ---- tickets ------------------------------------------------------------------------------------------------

def resume(server, context, session, path=b"/x"):
    """Asks with a session of before: (was it resumed, a session for the next time)."""
    with connect_tls(server.tls_port, context=context, session=session) as s:
        s.sendall(LAST % path)
        assert read_to_close_notify(s).startswith(b"HTTP/1.1 200 ")
        return s.session_reused, s.session


def tickets(version):
    """Any worker resumes what another has begun; so do those that come later, and so it is after a reload."""
    need("mod_accesslog")
    server = Server(LOG + "server.max-worker = 4\n" + tls_text())
    server.file("x", "x")
    context = client(version=version)
    _, session = resume(server, context, None)
    assert session.has_ticket, "there is no ticket"
    for turn in range(24):
        assert resume(server, context, session)[0], "the %dth connection was not resumed" % (turn + 1)
    wait_for(lambda: len(access_log(server)) >= 25, "the access log")
    workers = {line.split()[1] for line in access_log(server)}
    assert len(workers) > 1, "all of them came to one worker"
    before = server.workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(set(server.workers()) - set(before)) == 4, "others in their place", 20)
    assert resume(server, context, session)[0], "workers that came later do not know the ticket"
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    for _ in range(8):
        assert resume(server, context, session)[0], "a reload has forgotten the keys"
    assert server.end() == 0


def tickets_by_s_client():
    server = Server("server.max-worker = 2\n" + tls_text())
    server.file("x", "x")
    kept = os.path.join(server.dir, "session")
    for version in ("-tls1_2", "-tls1_3"):
        said = s_client(server.tls_port, version, "-ign_eof", "-sess_out", kept, request=LAST % b"/x")
        assert "New, TLSv1." in said, said
        for _ in range(6):
            said = s_client(server.tls_port, version, "-ign_eof", "-sess_in", kept, request=LAST % b"/x")
            assert "Reused, TLSv1." in said, said
    said = s_client(server.tls_port, "-tls1_2", "-reconnect")
    assert said.count("Reused, TLSv1.2") == 5, said
    assert server.end() == 0


def tickets_of_another_host():
    """A ticket of one host's is no way around the client certificate that another wants."""
    ca = authority()
    inner = ca.issue("inner.test")
    server = Server(tls_text() + '$HTTP["host"] == "inner.test" {\n ssl.pemfile = "%s"\n'
                    ' ssl.verifyclient.activate = "enable"\n ssl.verifyclient.ca-file = "%s"\n}\n'
                    % (inner.pem, ca.pem))
    server.file("x", "x")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = client(version=version)
        _, session = resume(server, context, None)
        try:
            with connect_tls(server.tls_port, "inner.test", context, session) as s:
                s.sendall((LAST % b"/x").replace(b"localhost", b"inner.test"))
                raise AssertionError("answered: %r" % read_to_close_notify(s))
        except (ssl.SSLError, OSError):
            pass
    assert server.end() == 0


def stek_file():
    """Servers with the same keys, one of them in the form that lighttpd has: version and two times in front."""
    directory = folder("keys")
    new, old = os.urandom(80), os.urandom(80)
    servers = []
    for name, keys in (("rows", new + old), ("lighttpd", bytes(12) + new), ("later", os.urandom(80) + new),
                       ("others", os.urandom(80) + old)):
        path = write(os.path.join(directory, name), keys)
        os.chmod(path, 0o400)
        servers.append(Server(root_only() + 'ssl.stek-file = "%s"\n' % path + tls_text()))
        servers[-1].file("x", "x")
    context = client()
    _, session = resume(servers[0], context, None)
    assert resume(servers[1], context, session)[0], "a server with the same key does not know the ticket"
    assert resume(servers[2], context, session)[0], "a key that is not the newest any more opens tickets all the same"
    assert not resume(servers[3], context, session)[0], "a ticket without its key"
    for server in servers:
        assert server.end() == 0


# ---- certificates that are renewed -----------------------------------------------------------------------------

NOTICED_S = 75  # a minute, and what a busy machine adds


def replace(path, content):
    """As an ACME client does: the name leads from the old file to the new one, and never to half of one."""
    write(path + ".new", content)
    os.chmod(path + ".new", 0o600)
    os.replace(path + ".new", path)


def renewed():
    """Noticed within a minute, without a signal; what doesn't fit is told once, and the old one stays."""
    if not full():
        raise Skip("it takes minutes: LIVE_FULL=1")
    ca = authority()
    first, second, third, other = [ca.issue("localhost", kind) for kind in ("ec", "rsa", "ec", "ec")]
    host, host_again = ca.issue("a.test"), ca.issue("a.test")
    directory = folder("renewed")
    pem, key = os.path.join(directory, "site.pem"), os.path.join(directory, "site.key")
    replace(pem, read(first.certificate))
    replace(key, read(first.key))
    server = Server(root_only() + 'server.max-worker = 2\n'
                    'ssl.pemfile = "@DIR@/site.pem"\nssl.privkey = "@DIR@/site.key"\n'
                    '$SERVER["socket"] == "127.0.0.1:@TLS@" { ssl.engine = "enable" }\n'
                    '$HTTP["host"] == "a.test" { ssl.pemfile = "%s" \n ssl.privkey = "%s" }\n' % (host.pem, host.pem),
                    directory=directory)
    server.file("x", "content\n")
    assert shown(server, "localhost") == first.der() and shown(server, "a.test") == host.der()
    before = server.workers()
    replace(pem, read(second.certificate))  # first the one, then the other: between them nothing fits
    time.sleep(1)
    replace(key, read(second.key))
    replace(host.pem, read(host_again.pem))
    wait_for(lambda: shown(server, "localhost") == second.der(), "the renewed certificate", NOTICED_S)
    wait_for(lambda: shown(server, "a.test") == host_again.der(), "the other host's", NOTICED_S)
    time.sleep(1)
    for _ in range(16):  # both workers
        assert shown(server, "localhost") == second.der(), "a worker has kept the old one"
    said = len(server.has_said())
    replace(key, read(other.key))
    wait_for(lambda: "site." in server.has_said()[said:], "a word on the wrong key", NOTICED_S)
    time.sleep(NOTICED_S)
    lines = [line for line in server.has_said()[said:].splitlines() if "site." in line]
    assert len(lines) <= 2, "it is to be told once: %r" % lines
    assert shown(server, "localhost") == second.der(), "a key that doesn't fit has replaced one that did"
    replace(pem, read(third.certificate))
    replace(key, read(third.key))
    wait_for(lambda: shown(server, "localhost") == third.der(), "the next certificate", NOTICED_S)
    assert server.workers() == before, "workers were exchanged"
    assert server.end() == 0


def renewed_lists():
    """The same for OCSP responses, lists of revoked certificates and keys of tickets."""
    if not full():
        raise Skip("it takes minutes: LIVE_FULL=1")
    ca = authority()
    mine, inner, ann = ca.issue("localhost"), ca.issue("inner.test"), ca.issue("ann", client=True)
    directory = folder("lists")
    staple, crl, keys = (os.path.join(directory, name) for name in ("staple", "crl", "keys"))
    replace(crl, read(ca.crl()))
    replace(keys, os.urandom(80))
    server = Server(root_only() + 'ssl.stapling-file = "@DIR@/staple"\nssl.stek-file = "@DIR@/keys"\n' +
                    tls_text(mine) + '$HTTP["host"] == "inner.test" {\n ssl.pemfile = "%s"\n'
                    ' ssl.verifyclient.activate = "enable"\n'
                    ' ssl.verifyclient.ca-file = "%s"\n ssl.verifyclient.ca-crl-file = "@DIR@/crl"\n}\n'
                    % (inner.pem, ca.pem), directory=directory)
    server.file("x", "x")
    options = [*trusting(server, "inner.test"), "--cert", ann.certificate, "--key", ann.key,
               url(server, "/x", "inner.test")]
    context = client()
    _, session = resume(server, context, None)
    assert resume(server, context, session)[0] and curl(*options) == (0, b"x")
    assert "OCSP response: no response" in s_client(server.tls_port, "-status")
    ca.revoke(ann)
    replace(staple, read(ca.staple(mine)))
    replace(crl, read(ca.crl()))
    replace(keys, os.urandom(80))
    wait_for(lambda: "OCSP Response Status: successful" in s_client(server.tls_port, "-status"), "the response",
             NOTICED_S)
    wait_for(lambda: curl(*options)[0] != 0, "the certificate to be refused", NOTICED_S)
    wait_for(lambda: not resume(server, context, session)[0], "the ticket to be of no use any more", NOTICED_S)
    assert server.end() == 0


def reloaded():
    """SIGUSR1: a new certificate at once; a bad one is refused with everything else, and the old one stays."""
    ca = authority()
    first, second = ca.issue("localhost"), ca.issue("localhost", "rsa")
    server = Server(root_only() + tls_text(first))
    server.file("x", "content\n")
    assert shown(server, "localhost") == first.der()
    server.configure(root_only() + tls_text(second))
    server.send(signal.SIGUSR1)
    wait_for(lambda: shown(server, "localhost") == second.der(), "the other certificate")
    write(os.path.join(server.dir, "bad.pem"), read(first.certificate) + read(second.key))
    server.configure(root_only() + tls_text(second).replace(second.pem, "@DIR@/bad.pem"))
    server.send(signal.SIGUSR1)
    wait_for(lambda: "refused; the old one stays in force" in server.has_said(), "the refusal")
    assert shown(server, "localhost") == second.der()
    server.configure(root_only())
    server.send(signal.SIGUSR1)
    wait_for(lambda: not answers(server.tls_port), "the listener to be gone")
    server.configure(root_only() + tls_text(first))
    server.send(signal.SIGUSR1)
    wait_for(lambda: answers(server.tls_port), "it is back")
    wait_for(lambda: shown(server, "localhost") == first.der(), "its certificate")
    assert server.end() == 0


def keys_of_root(chroot):
    """Nobody but root reads the key, and the workers are somebody else, perhaps somewhere else."""
    if not is_root():
        raise Skip("this needs root")
    certificate = authority().issue("localhost")
    os.chmod(certificate.pem, 0o600)
    os.chmod(os.path.dirname(certificate.pem), 0o700)
    elsewhere = 'server.chroot = "@DIR@"\nserver.document-root = "/root"\n' if chroot else ""
    server = Server(root_only() + elsewhere + "server.max-worker = 2\n" + tls_text(certificate))
    server.file("x", "content\n")
    assert {owner(pid) for pid in server.workers()} == {somebody().pw_uid}
    for _ in range(8):
        assert b"content" in ask_tls(server.tls_port, LAST % b"/x")
    before = server.workers()
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: len(set(server.workers()) - set(before)) == 1, "another worker in its place", 20)
    server.send(signal.SIGUSR1)
    wait_for(lambda: "is in force" in server.has_said(), "the reload")
    for _ in range(16):
        assert b"content" in ask_tls(server.tls_port, LAST % b"/x")
    assert server.end() == 0


# ---- reloads and ends during downloads --------------------------------------------------------------------------

BIG = 24 * 1024 * 1024


class SecureDownload(Download):
    def __init__(self, port, path, most=None):
        super().__init__(port, path, 0.004, 16384, most)  # a record at a time

    def connect(self, port):
        return connect_tls(port, seconds=60)


def reload_in_download():
    server = Server(tls_text())
    content = noise(BIG)
    server.file("slow", content)
    server.file("x", "content\n")
    download = SecureDownload(server.tls_port, "/slow", BIG // 2)
    wait_for(lambda: len(download.data) > 65536, "the download to begin")
    for n in range(1, 6):
        server.send(signal.SIGUSR1)
        server.wait_log("is in force", n)
        assert b"content" in ask_tls(server.tls_port, LAST % b"/x")
    assert download.finish() == content, "the download is not what was sent"
    assert server.end() == 0


def graceful():
    """SIGINT: a download is finished, close_notify included; who is idle is told, too."""
    server = Server('server.feature-flags = ( "server.graceful-shutdown-timeout" => 30 )\n' + tls_text())
    content = noise(BIG)
    server.file("big", content)
    download = SecureDownload(server.tls_port, "/big")
    idle = connect_tls(server.tls_port)
    idle.sendall(b"HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b" 200 " in idle.recv(4096)
    wait_for(lambda: download.data, "the download to begin")
    server.send(signal.SIGINT)
    assert read_to_close_notify(idle) == b"", "an idle connection is closed"
    assert server.process.poll() is None, "it ended while a download was running"
    assert download.finish() == content, "the download is not whole"
    assert server.process.wait(timeout=15) == 0
    idle.close()


def idle_end():
    server = Server("server.max-keep-alive-idle = 1\n" + tls_text())
    server.file("x", "content\n")
    with connect_tls(server.tls_port) as s:
        s.sendall(GET % b"/x")
        begun = time.monotonic()
        assert read_to_close_notify(s).endswith(b"content\n")
        assert 0.5 < time.monotonic() - begun < 5
    assert server.end() == 0


# ---- uploads ------------------------------------------------------------------------------------------------------

UPLOAD_BYTES = 64 * 1024 * 1024


def upload(server, path, method="POST"):
    """Sends everything before it reads anything: (status, whole answer)."""
    block = bytes(1024 * 1024)
    with connect_tls(server.tls_port, seconds=60) as s:
        s.sendall(b"%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (
            method.encode(), path.encode(), UPLOAD_BYTES))
        for _ in range(UPLOAD_BYTES // len(block)):
            s.sendall(block)
        answer = read_to_close_notify(s)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    assert length == [len(body)], "%s: %d of %r bytes of the body came" % (path, len(body), length)
    return int(head.split()[1])


def refused(backend):
    server = Server('server.modules = ( "mod_access" )\nurl.access-deny = ( ".forbidden" )\n'
                    '$HTTP["url"] =^ "/limited" { server.max-request-size = 1024 }\n' + tls_text(), backend)
    server.file("there", "x")
    refusals = (("/limited", 413), ("/x.forbidden", 403), ("/missing", 404), ("/there", 405))
    for path, wanted in refusals * (5 if full() else 1):
        status = upload(server, path)
        assert status == wanted, "%s: %d" % (path, status)
    block = write(os.path.join(server.dir, "upload"), noise(8 * 1024 * 1024))
    for version in ("--http1.1", "--http2"):
        for path, wanted in refusals:
            for how in (["-T", block], ["--data-binary", "@" + block], ["-H", "Expect:", "-T", block]):
                status, got = curl(*trusting(server), version, *how, "-o", "/dev/null", "-w", "%{http_code}",
                                   url(server, path))
                assert int(got[-3:]) == wanted, "%s %s %s: %d, %s" % (version, path, how[0], status, got)
    assert server.end() == 0


def tests():
    yield Test("tls: tickets, 1.2", tickets, ssl.TLSVersion.TLSv1_2)
    yield Test("tls: tickets, 1.3", tickets, ssl.TLSVersion.TLSv1_3)
    yield Test("tls: tickets of s_client", tickets_by_s_client)
    yield Test("tls: tickets of another host", tickets_of_another_host)
    yield Test("tls: ticket keys from a file", stek_file)
    yield Test("tls: certificates by a reload", reloaded)
    yield Test("tls: keys of root's", keys_of_root, False)
    yield Test("tls: keys of root's, chroot", keys_of_root, True)
    yield Test("tls: reload in a download", reload_in_download)
    yield Test("tls: SIGINT in a download", graceful)
    yield Test("tls: idle connections", idle_end)
    for backend in backends():
        yield Test("tls: refused uploads, %s" % backend, refused, backend)
    yield Test("tls: renewed certificates", renewed)
    yield Test("tls: renewed lists and responses", renewed_lists)
