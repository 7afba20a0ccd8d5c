#!/usr/bin/env python3
# t_sandbox.py - a module that tries what no module should, with the sandbox and without; what must go on inside it
# SPDX-License-Identifier: BSD-3-Clause
import errno
import os
import shutil
import signal
import socket
import subprocess
import time

import harness
from harness import LOCALHOST, Server, Skip, Test, backends, command, folder, free_port, full, get, is_root, raw
from harness import read, wait_for, write
from t_reload import Download, Load
from t_signals import somebody

UPLOADS = 'server.upload-dirs = ( "@DIR@/up" )\n'  # not /tmp, in which all of this is


def kernel():
    """What --show says of this kernel."""
    conf = write(os.path.join(folder("show"), "c.conf"), 'server.document-root = "/"\n')
    return command("sandbox", "--show", "-f", conf)[1]


def need_sandbox(*words):
    for word in words:
        if word not in kernel().partition("\n")[0]:
            raise Skip("this kernel has no %s" % word)


class Probe(Server):
    """The server with mod_probe in it."""

    def __init__(self, text, modules='"mod_probe"', **more):
        program = os.path.join(os.environ.get("GC_BUILD", os.getcwd()), "tests", "live", "probe")
        if not os.access(program, os.X_OK):
            raise Skip("tests/live/probe is not built (make check builds it)")
        usual, harness.goldcrest = harness.goldcrest, program
        try:
            super().__init__("server.modules = ( %s )\n" % modules + text, **more)
        finally:
            harness.goldcrest = usual

    def ask(self, what, arg=""):
        """0, or errno."""
        status, _, body = get(self.port, "/probe/%s?%s" % (what, arg))
        assert status == 200, "%s: status %d" % (what, status)
        return int(body)


def as_somebody():
    return 'server.username = "%s"\n' % somebody().pw_name if is_root() else ""


def world(path):
    os.makedirs(path, exist_ok=True)
    os.chmod(path, 0o777)
    return path


def place():
    """A directory for a server whose workers have given up root."""
    there = world(folder("server"))
    world(os.path.join(there, "up"))
    return there


def processes(word):
    """(process, parent) of those that have that word in their command line."""
    done = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], stdout=subprocess.PIPE)
    rows = [line.split(None, 2) for line in done.stdout.decode(errors="replace").splitlines()]
    return [(int(r[0]), int(r[1])) for r in rows if len(r) == 3 and word in r[2] and not r[2].startswith("ps ")]


def files(user, backend):
    """Every user may read it, as the mode says: only the sandbox can refuse it."""
    need_sandbox("Landlock")
    text = (as_somebody() if user else "") + UPLOADS
    secret = write(os.path.join(folder("secret"), "shadow"), "root:x\n")
    outside = world(folder("outside"))
    if is_root() and not user:
        secret = "/etc/shadow"
    for mode in ("disable", "enable", "strict"):
        server = Probe(text + 'server.sandbox = "%s"\n' % mode, directory=place(), backend=backend)
        server.file("x.txt", "content")
        up = os.path.join(server.dir, "up", "f")
        refused = 0 if mode == "disable" else errno.EACCES
        for what, path in (("read", secret), ("ask", secret), ("list", outside),
                           ("ask", server.root + "/.." * 8 + secret),
                           ("write", os.path.join(outside, mode)), ("ask-to-write", os.path.join(outside, mode)),
                           ("write", os.path.join(world(server.root), "new")), ("unlink", server.root + "/x.txt")):
            assert server.ask(what, path) == refused, (mode, what, path)
        server.file("x.txt", "content")
        for what, path in (("write", up), ("read", up), ("unlink", up), ("read", server.root + "/x.txt"),
                           ("list", server.root), ("ask-to-write", server.error_log)):
            assert server.ask(what, path) == 0, (mode, what, path)
        assert get(server.port, "/x.txt")[2] == b"content"
        said = "does not let this process open " + secret in server.log()
        assert said == (mode != "disable"), server.log()
        assert server.end() == 0


def ports():
    need_sandbox("Landlock")
    if "TCP: not confined" in kernel():
        raise Skip("this Landlock does not know ports")
    with socket.socket() as backend, socket.socket() as other:
        for s in (backend, other):
            s.bind((LOCALHOST, 0))
            s.listen(8)
        known, unknown = backend.getsockname()[1], other.getsockname()[1]
        text = '$HTTP["url"] =^ "/app" { proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => %d ))) }\n'
        for mode, refused in (("disable", 0), ("enable", errno.EACCES)):
            server = Probe(text % known + 'server.sandbox = "%s"\n' % mode, '"mod_probe", "mod_proxy"')
            assert server.ask("connect", str(known)) == 0, mode
            assert server.ask("connect", str(unknown)) == refused, mode
            assert server.ask("bind", str(free_port())) == refused, mode
            assert server.end() == 0


def calls(user):
    need_sandbox("seccomp")
    for mode in ("disable", "enable"):
        there = place()
        server = Probe((as_somebody() if user else "") + 'server.sandbox = "%s"\n' % mode
                       + 'server.sandbox-write = ( "@DIR@" )\n', directory=there)
        on = mode == "enable"
        refused = errno.EPERM if on else 0
        assert server.ask("write", there + "/mine") == 0
        assert server.ask("chmod", there + "/mine") == refused, mode
        assert server.ask("link", there + "/link") == refused, mode
        assert server.ask("fork") == refused, mode
        if user and is_root():
            assert server.ask("setuid") == errno.EPERM, mode
        assert server.ask("socket", "1") == server.ask("socket", "2") == 0  # unix, IPv4
        assert not on or server.ask("socket", str(int(socket.AF_ALG))) == errno.EAFNOSUPPORT
        for deadly in ("exec?/bin/true", "trace"):
            if deadly == "trace" and not on:
                continue
            before = server.log().count("is replaced")
            answer = raw(server.port, b"GET /probe/%s HTTP/1.0\r\n\r\n" % deadly.encode())
            assert answer == b"", answer
            server.wait_log("is replaced", before + 1)
            wait_for(lambda: harness.answers(server.port), "another worker")
            assert server.ask("socket", "1") == 0
        assert ("killed by signal %d" % signal.SIGSYS in server.log()) == on, server.log()
        assert server.end() == 0


def show():
    there = folder("show")
    conf = write(os.path.join(there, "c.conf"),
                 'server.document-root = "/srv/www"\n'
                 'server.modules = ( "mod_alias", "mod_evhost", "mod_proxy", "mod_cgi", "mod_deflate" )\n'
                 'server.errorlog = "/var/log/e.log"\n'
                 '$HTTP["host"] == "a" {\n alias.url = ( "/i" => "/usr/share/icons/" )\n'
                 ' evhost.path-pattern = "/srv/h-%_/htdocs"\n}\n'
                 'cgi.assign = ( ".pl" => "/usr/bin/perl" )\ndeflate.cache-dir = "/var/cache/x"\n'
                 'proxy.server = ( "/a" => (( "host" => "10.0.0.1:8081" ), ( "socket" => "/run/app.sock" )) )\n')
    status, out, err = command("sandbox", "--show", "-f", conf)
    assert status == 0 and not err, err
    lines = {" ".join(line.split()) for line in out.splitlines()}
    for wanted in ("reads /srv/www %s:1 (server.document-root)", "appends to /var/log/e.log %s:3 (server.errorlog)",
                   "reads /usr/share/icons/… %s:5 (alias.url)", "reads /srv/h-… %s:6 (evhost.path-pattern)",
                   "runs /usr/bin/perl %s:8 (cgi.assign)", "keeps files in /var/cache/x %s:9 (deflate.cache-dir)",
                   "connects to TCP port 8081 %s:10 (proxy.server)",
                   "connects to /run/app.sock %s:10 (proxy.server)"):
        assert wanted % conf in lines, "%s is not in\n%s" % (wanted % conf, out)
    assert command("sandbox", "--show", "-f", conf + ".none")[0] == 1
    assert command("sandbox")[0] == 255


def links(mode):
    """Links out of the document root: served, as ever; and a "current" that is another release since."""
    need_sandbox("Landlock")
    there = place()
    elsewhere = folder("elsewhere")
    for release in ("1", "2"):
        write(os.path.join(there, "releases", release, "public", "v.txt"), release)
    os.symlink("releases/1", os.path.join(there, "current"))
    write(os.path.join(elsewhere, "deep", "f.txt"), "linked")
    server = Server('server.document-root = "@DIR@/current/public"\nserver.sandbox = "%s"\n' % mode + as_somebody()
                    + 'server.modules = ( "mod_alias" )\nalias.url = ( "/a/" => "@DIR@/alias/" )\n' + UPLOADS
                    + 'dir-listing.activate = "enable"\n', directory=there)
    strict = mode == "strict"
    for release in ("1", "2"):
        os.symlink(elsewhere, os.path.join(there, "releases", release, "public", "link"))
    assert get(server.port, "/v.txt")[2] == b"1"
    assert get(server.port, "/link/deep/f.txt")[0] == (403 if strict else 200)
    assert get(server.port, "/link/deep/")[0] == (403 if strict else 200), "a listing"
    os.symlink("releases/2", os.path.join(there, "next"))
    os.rename(os.path.join(there, "next"), os.path.join(there, "current"))
    wait_for(lambda: get(server.port, "/v.txt")[2] == b"2", "the other release", 5)
    assert get(server.port, "/link/deep/f.txt?2")[0] == (403 if strict else 200)
    write(os.path.join(there, "alias", "later.txt"), "later")  # was not there when the worker began
    assert get(server.port, "/a/later.txt")[2] == b"later"
    assert server.end() == 0
    assert ("does not let" in server.log()) == strict, server.log()


def without_links():
    need_sandbox("Landlock")
    server = Server('server.follow-symlink = "disable"\nserver.modules = ( "mod_alias" )\n'
                    'alias.url = ( "/a/" => "@DIR@/alias/" )\n' + as_somebody() + UPLOADS, directory=place())
    server.file("d/x.txt", "content")
    os.symlink("d", os.path.join(server.root, "link"))
    assert get(server.port, "/d/x.txt")[2] == b"content"
    assert get(server.port, "/link/x.txt")[0] == 403
    write(os.path.join(server.dir, "alias", "y.txt"), "later")
    os.symlink("y.txt", os.path.join(server.dir, "alias", "l.txt"))
    assert get(server.port, "/a/y.txt")[2] == b"later"
    assert get(server.port, "/a/l.txt")[0] == 403
    assert server.end() == 0


def wider_reload(workers):
    """What a reload brings is not in the workers' sandbox: others take their places, and nobody notices."""
    need_sandbox("Landlock")
    more = folder("more")
    write(os.path.join(more, "f.txt"), "more")
    text = "server.max-worker = %d\n" % workers + as_somebody() + 'server.modules = ( "mod_alias" )\n' + UPLOADS
    server = Server(text, directory=place())
    server.file("x.txt", "content")
    content = harness.noise(8 * 1024 * 1024)
    server.file("slow", content)
    before = server.workers()
    load = Load(server.port, "/x.txt", (b"content",))
    download = Download(server.port, "/slow")
    wait_for(lambda: len(download.data) > 65536, "the download to begin")
    server.configure(text + 'mimetype.assign = ( ".txt" => "text/x-1" )\n')
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    assert server.workers() == before, "the same workers take on what their sandbox allows"
    for n in range(6):
        alias = 'alias.url = ( "/m%d/" => "%s/" )\n' % (n, more if n % 2 else folder("more%d" % n))
        server.configure(text + alias)
        server.send(signal.SIGUSR1)
        server.wait_log("is in force", 2 + n)
    assert get(server.port, "/m5/f.txt")[2] == b"more"
    asked = load.end()
    assert download.finish() == content
    wait_for(lambda: len(server.workers()) == workers, "those of before to be gone", 20)
    assert server.workers() != before and "others take their places" in server.log()
    assert "killed" not in server.log() and asked > 6
    server.configure(text + 'server.sandbox = "disable"\n')  # takes effect, too
    server.send(signal.SIGUSR1)
    server.wait_log("is in force", 8)
    assert get(server.port, "/x.txt")[0] == 200
    assert server.end() == 0


def failed_renewal():
    """One of those that are to take the places serves already, another never will: nobody's client is cut."""
    need_sandbox("Landlock")
    text = "server.max-worker = 2\n" + as_somebody() + UPLOADS
    server = Server(text, directory=place())
    content = harness.noise(4 * 1024 * 1024)
    server.file("slow", content)
    before = server.workers()
    gate = os.path.join(folder("gate"), "log")  # who opens it waits for a reader
    os.mkfifo(gate)
    os.chmod(gate, 0o666)
    server.configure(text + 'server.modules = ( "mod_alias", "mod_accesslog" )\naccesslog.filename = "%s"\n' % gate +
                     'alias.url = ( "/m/" => "%s/" )\n' % folder("more"))
    server.send(signal.SIGUSR1)
    wait_for(lambda: len(server.workers()) == 4, "two more workers")
    last = [worker for worker in server.workers() if worker not in before][-1]
    for worker in before + [last]:
        os.kill(worker, signal.SIGSTOP)  # so that who comes is answered by the other new one
    reader = os.open(gate, os.O_RDONLY | os.O_NONBLOCK)
    downloads = [Download(server.port, "/slow", 0.05) for _ in range(12)]
    wait_for(lambda: any(d.data for d in downloads), "an answer of the new one")
    os.kill(last, signal.SIGKILL)
    server.wait_log("is refused")
    for worker in before:
        os.kill(worker, signal.SIGCONT)
    for download in downloads:
        assert download.finish() == content
    wait_for(lambda: sorted(server.workers()) == sorted(before), "those of before to be alone again", 20)
    os.close(reader)
    assert server.end() == 0


def moved_cache():
    """A directory that workers keep files in is removed and made anew, by whomever: they keep files there again."""
    need_sandbox("Landlock")
    kept = os.path.join(world(folder("kept")), "cache")
    server = Server('server.modules = ( "mod_deflate" )\nmimetype.assign = ( ".txt" => "text/plain" )\n'
                    'deflate.mimetypes = ( "text/plain" )\ndeflate.allowed-encodings = ( "gzip" )\n'
                    'deflate.cache-dir = "%s"\n' % kept + as_somebody() + UPLOADS, directory=place())

    def keeps(name):
        server.file(name, b"text " * 10000)
        assert get(server.port, "/" + name, {"Accept-Encoding": "gzip"})[1]["Content-Encoding"] == "gzip"
        return any(name in made for _, _, names in os.walk(kept) for made in names)
    wait_for(lambda: keeps("a.txt"), "a kept file")
    if full():  # they notice within a minute
        shutil.rmtree(kept)
        assert not keeps("b.txt")
        wait_for(lambda: keeps("c%d.txt" % time.time()), "a kept file in a directory that was missing", 80)
        server.wait_log("others take their places")
    shutil.rmtree(kept)
    os.mkdir(kept)
    if is_root():
        os.chown(kept, somebody().pw_uid, somebody().pw_gid)
    assert not keeps("d.txt")
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    assert keeps("e.txt"), server.log()
    assert "another one now" in server.log()
    assert server.end() == 0


def logs():
    """A log that was renamed is made anew, in a directory that workers may not write to otherwise."""
    need_sandbox("Landlock")
    there = place()
    world(os.path.join(there, "logs"))
    text = as_somebody() + UPLOADS + 'server.modules = ( "mod_accesslog" )\n'
    text += 'accesslog.filename = "@DIR@/logs/access.log"\n'
    server = Server(text + 'server.errorlog = "@DIR@/logs/error.log"\n', directory=there, wait=False)
    log, errors = os.path.join(there, "logs", "access.log"), os.path.join(there, "logs", "error.log")
    wait_for(lambda: os.path.exists(errors) and b"serves with" in read(errors), "the server")
    server.file("x.txt", "content")
    get(server.port, "/x.txt?first")
    wait_for(lambda: b"?first" in read(log), "the line", 5)
    for path in (log, errors):
        os.rename(path, path + ".1")
    server.send(signal.SIGHUP)
    wait_for(lambda: os.path.exists(log), "the log to be made anew")
    wait_for(lambda: get(server.port, "/x.txt?second")[0] == 200 and b"?second" in read(log), "the line in it", 10)
    assert server.end() == 0
    assert b"cannot be opened" not in read(errors) + read(errors + ".1")


def upload_dirs():
    """Made anew, or made at last, while the worker is in its sandbox."""
    need_sandbox("Landlock")
    harness.need("mod_cgi")
    there = place()
    up = os.path.join(there, "up")
    server = Server(UPLOADS.replace('"@DIR@/up"', '"@DIR@/later", "@DIR@/up"') + as_somebody()
                    + 'server.modules = ( "mod_cgi" )\ncgi.assign = ( ".sh" => "/bin/sh" )\n', directory=there)
    server.file("n.sh", "echo Content-Type: text/plain\necho\nwc -c\n")
    body = harness.noise(300000)

    def upload():
        status, _, answer = get(server.port, "/n.sh", method="POST", body=body)
        return status, answer.strip()
    assert upload() == (200, b"300000")
    os.rename(up, up + ".before")
    assert upload()[0] == 500, "there is no directory"
    world(up)
    assert upload() == (200, b"300000")
    os.rmdir(up)
    later = world(os.path.join(there, "later"))
    assert upload() == (200, b"300000")
    assert not os.listdir(later), "its name stays"
    assert server.end() == 0


def lost_opener():
    """Without its opener a worker is replaced."""
    need_sandbox("Landlock")
    outside = folder("outside")
    write(os.path.join(outside, "f.txt"), "linked")
    server = Server(UPLOADS, directory=place())
    os.symlink(outside, os.path.join(server.root, "link"))
    assert get(server.port, "/link/f.txt")[0] == 200
    worker = server.workers()[0]
    openers = [pid for pid, parent in processes(server.config) if parent == worker]
    assert len(openers) == 1, openers
    os.kill(openers[0], signal.SIGTERM)  # it stays as long as its worker
    assert get(server.port, "/link/f.txt?2")[0] == 200
    os.kill(openers[0], signal.SIGKILL)
    get(server.port, "/link/f.txt?3")
    server.wait_log("is replaced", 2)
    wait_for(lambda: harness.answers(server.port) and get(server.port, "/link/f.txt")[0] == 200, "another worker")
    os.kill(server.workers()[0], signal.SIGKILL)
    wait_for(lambda: len(server.workers()) == 1 and len(processes(server.config)) == 3, "its opener to end")
    assert server.end() == 0
    wait_for(lambda: not processes(server.config), "all to be gone")


def tests():
    found = [Test("sandbox: --show", show)]
    for backend in backends():
        found += [Test("sandbox: files as %s, %s" % (name, backend), files, user, backend)
                  for name, user in (("root", False), ("somebody", True)) if user or is_root()]
    found += [Test("sandbox: ports", ports)]
    found += [Test("sandbox: calls as %s" % name, calls, user)
              for name, user in (("root", False), ("somebody", True)) if user or is_root()]
    found += [Test("sandbox: links, %s" % mode, links, mode) for mode in ("enable", "strict")]
    found += [Test("sandbox: no links", without_links)]
    found += [Test("sandbox: a wider reload, %d workers" % n, wider_reload, n) for n in (1, 3)]
    found += [Test("sandbox: a renewal fails", failed_renewal), Test("sandbox: a cache that has moved", moved_cache)]
    found += [Test("sandbox: logs", logs), Test("sandbox: upload dirs", upload_dirs)]
    found += [Test("sandbox: its opener is lost", lost_opener)]
    return found
