#!/usr/bin/env python3
# t_parts.py - parts that are libraries: loaded by those who ask, in time, of this build, and through an upgrade
# SPDX-License-Identifier: BSD-3-Clause
import os
import shlex
import shutil
import signal
import subprocess

from certificates import tls_text
from harness import Server, Skip, Test, command, curl, folder, get, need, read, wait_for, write
from t_tls import trusting, url
from t_tls_life import root_only
from t_upgrade import copied_server, upgrade

TLS, CODERS = "tls_openssl.so", "coders.so"
DEFLATE = 'server.modules = ( "mod_deflate" )\ndeflate.mimetypes = ( "text/" )\n' \
          'mimetype.assign = ( "" => "text/plain" )\n'


def libraries(name=TLS):
    """The folder of parts of the program that is tested."""
    if name == TLS:
        need("SSL support")
    place = os.environ.get("GOLDCREST_LIBDIR")
    if not place or not os.path.exists(os.path.join(place, name)):
        raise Skip("%s is linked with the program" % name)
    return place


def mapped(pid):
    try:
        return read("/proc/%d/maps" % pid).decode(errors="replace")
    except OSError as why:
        raise Skip("no maps of processes here") from why


def answers_tls(server):
    return curl(*trusting(server, "localhost"), url(server, "/x", "localhost"))[1] == b"x"


def loaded_when_asked(chroot):
    """Without TLS nobody has the library; a reload that asks for it brings it to all, behind chroot(), too."""
    libraries()
    where = root_only() + 'server.chroot = "@DIR@"\nserver.document-root = "/root"\n' if chroot else ""
    server = Server(where + "server.max-worker = 2\n")
    server.file("x", "x")
    pids = [server.process.pid] + server.workers()
    assert len(pids) >= 3
    for pid in pids:
        assert "libcrypto" not in mapped(pid) and TLS not in mapped(pid), mapped(pid)
    server.configure(where + "server.max-worker = 2\n" + tls_text())
    server.send(signal.SIGUSR1)
    wait_for(lambda: "is in force" in server.has_said() + server.log(), "the reload")
    assert answers_tls(server)
    wait_for(lambda: not set(pids[1:]) & set(server.workers()), "the workers of before to end")
    for pid in [server.process.pid] + server.workers():
        assert TLS in mapped(pid)
    workers = server.workers()
    server.send(signal.SIGUSR1)  # they have it: they stay
    wait_for(lambda: (server.has_said() + server.log()).count("is in force") == 2, "the second reload")
    assert server.workers() == workers and answers_tls(server)
    assert server.end() == 0


def refused(words, empty):
    """A part that is missing, no library or of another build: an error at its place; a reload changes nothing."""
    libraries()
    environment = dict(os.environ, GOLDCREST_LIBDIR=empty)
    server = Server("", env=environment)
    server.file("x", "x")
    server.configure(tls_text())
    status, _, said = command("-t", "-f", server.config, env=environment)
    assert status and "goldcrest.conf:" in said and "TLS is asked for" in said and words in said, said
    assert os.path.join(empty, TLS) in said, said
    server.send(signal.SIGUSR1)
    server.wait_log("is refused")
    assert words in server.log() and get(server.port, "/x")[2] == b"x"
    assert server.end() == 0


def coders(chroot):
    """The same for compression."""
    libraries(CODERS)
    where = root_only() + 'server.chroot = "@DIR@"\nserver.document-root = "/root"\n' if chroot else ""
    server = Server(where + 'server.modules = ( "mod_deflate" )\n')
    server.file("x", b"text " * 1000)
    gzip = {"Accept-Encoding": "gzip, br;q=0.5"}
    pids = [server.process.pid] + server.workers()
    for pid in pids:
        assert CODERS not in mapped(pid) and "libz." not in mapped(pid), mapped(pid)
    assert "Content-Encoding" not in get(server.port, "/x", gzip)[1]
    server.configure(where + DEFLATE)
    server.send(signal.SIGUSR1)
    wait_for(lambda: "is in force" in server.has_said() + server.log(), "the reload")
    assert get(server.port, "/x", gzip)[1]["Content-Encoding"] == "gzip"
    for pid in [server.process.pid] + server.workers():
        assert CODERS in mapped(pid) or pid in pids[1:]
    assert server.end() == 0


def no_coders():
    """Who compresses nothing does not miss them; who does is told where it says so."""
    libraries(CODERS)
    empty = folder("empty")
    environment = dict(os.environ, GOLDCREST_LIBDIR=empty)
    server = Server('server.modules = ( "mod_deflate" )\ndeflate.mimetypes = ()\n', env=environment)
    server.configure(DEFLATE)
    status, _, said = command("-t", "-f", server.config, env=environment)
    assert status and "goldcrest.conf:2" in said and os.path.join(empty, CODERS) + ": this part" in said, said
    server.send(signal.SIGUSR1)
    server.wait_log("is refused")
    assert server.end() == 0


def missing():
    refused("not installed", folder("empty"))


def no_library():
    place = folder("text")
    write(os.path.join(place, TLS), b"this is no library\n")
    refused(TLS + ": ", place)


def of_another_build():
    place = folder("other")
    source = write(os.path.join(place, "other.c"), "extern const unsigned goldcrest_tls[64];\n"
                                                   "const unsigned goldcrest_tls[64] = {1};\n")
    if not shutil.which(shlex.split(os.environ.get("CC", "cc"))[0]):
        raise Skip("there is no compiler")
    words = [*shlex.split(os.environ.get("CC", "cc")), "-fPIC", "-shared", "-o", os.path.join(place, TLS), source]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Skip("the compiler makes no library")
    refused("of another build", place)


def moved():
    """What was installed lies elsewhere, as a whole: no variable has to say so."""
    ours, place = libraries(), folder("moved")
    for name in ("sbin", "lib/goldcrest"):
        os.makedirs(os.path.join(place, name))
    shutil.copy(os.path.join(ours, TLS), os.path.join(place, "lib", "goldcrest"))
    environment = {k: v for k, v in os.environ.items() if k != "GOLDCREST_LIBDIR"}
    server, _ = copied_server(tls_text(), place=os.path.join(place, "sbin"), env=environment)
    server.file("x", "x")
    assert answers_tls(server)
    assert os.path.join(place, "lib", "goldcrest", TLS) in mapped(server.process.pid).replace("/sbin/..", "")
    assert server.end() == 0


def back_with_its_own():
    """It is back after an upgrade that failed late, and so is its library, though its file is another one."""
    ours = libraries()
    place = folder("library")
    part = os.path.join(place, TLS)
    turns = os.path.join(place, "turns")
    shutil.copy(os.path.join(ours, TLS), part)
    script = write(os.path.join(place, "turn.sh"),
                   'echo >>%s\n[ "$(wc -l <%s)" -ne 3 ] || { rm %s && echo >%s && exit 1; }\n'
                   % (turns, turns, part, part))
    server, program = copied_server(tls_text() + 'include_shell "/bin/sh %s"\n' % script,
                                    env=dict(os.environ, GOLDCREST_LIBDIR=place))
    if b"fexecve" not in read(program):
        raise Skip("a program that is open cannot be executed here")
    server.file("x", "x")
    server.send(signal.SIGUSR2)
    server.wait_log("is back")
    assert TLS + " (deleted)" in mapped(server.process.pid), mapped(server.process.pid)
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    assert answers_tls(server)
    shutil.copy(os.path.join(ours, TLS), part)
    upgrade(server, 1)
    assert answers_tls(server) and TLS + " (deleted)" not in mapped(server.process.pid)
    fds = "/proc/%d/fd" % server.process.pid
    assert not any(TLS + " (deleted)" in os.readlink(os.path.join(fds, fd)) for fd in os.listdir(fds))
    assert server.end() == 0


def tests():
    yield Test("parts: tls by a reload", loaded_when_asked, False)
    yield Test("parts: tls by a reload, chroot", loaded_when_asked, True)
    yield Test("parts: coders by a reload", coders, False)
    yield Test("parts: coders by a reload, chroot", coders, True)
    yield Test("parts: coders are missing", no_coders)
    yield Test("parts: tls is missing", missing)
    yield Test("parts: tls is no library", no_library)
    yield Test("parts: tls of another build", of_another_build)
    yield Test("parts: tls has moved with the program", moved)
    yield Test("parts: tls, an upgrade that fails late", back_with_its_own)
