#!/usr/bin/env python3
# t_command.py - options, exit statuses and texts; one connection on standard input; sockets handed over
# SPDX-License-Identifier: BSD-3-Clause
import os
import re
import signal
import socket
import subprocess
import sys
import time

import harness
from certificates import client, localhost, read_to_close_notify
from harness import LOCALHOST, Server, Test, answers, command, folder, free_port, get, read, write

GOOD = 'server.document-root = "%s"\nserver.port = 8080\n'


def config(text, name="c.conf"):
    return write(os.path.join(folder("config"), name), text)


def good():
    return config(GOOD % folder("root"))


def expect(arguments, status, output="", errors="", **more):
    got = command(*arguments, **more)
    assert got[0] == status, "%r: status %d, %r" % (arguments, got[0], got[1:])
    assert re.search(output, got[1]), "%r: output %r" % (arguments, got[1])
    assert re.search(errors, got[2]), "%r: errors %r" % (arguments, got[2])
    return got


def texts():
    expect(["-v"], 0, r"^goldcrest/[0-9.]+ - a light and fast web server\n$")
    expect(["--version"], 0, r"^goldcrest/")
    got = expect(["-V"], 0, r"\t[+-] epoll\n")
    for line in ("PCRE support", "zlib support", "SSL support", "IPv6 support"):
        assert re.search(r"\t[+-] %s\n" % line, got[1]), line
    expect(["-h"], 0, "--serve DIR")
    expect(["--help"], 0, "--serve DIR")
    expect(["--help-config"], 0, r"(?m)^  server\.document-root +\"text\"")
    expect([], 255, "", r"^No configuration available\. Try using -f option\.\n$")
    expect(["-X"], 255)
    expect(["-f", "a", "-f", "b"], 255, "", "-f is given twice")
    expect(["-f", "/nonexistent/x.conf"], 255, "", "/nonexistent/x.conf")
    expect(["surplus"], 255, "", "surplus")
    expect(["-i", "many", "-f", "x"], 255, "", "many")


def checks():
    expect(["-t", "-f", good()], 0, "^Syntax OK\n$")
    expect(["-tt", "-f", good()], 0, "^$")
    expect(["-t", "-f", "-"], 0, "Syntax OK", input=(GOOD % "/tmp").encode())
    bad = config((GOOD % "/tmp") + 'server.max-worker = "many\n')
    expect(["-t", "-f", bad], 255, "^$", r"c\.conf:3")
    wrong_type = config((GOOD % "/tmp") + "server.max-worker = ( 1 )\n")
    expect(["-t", "-f", wrong_type], 255, "", r"c\.conf:3:")
    expect(["-tt", "-f", config(GOOD % "/nonexistent/root")], 0, "", "warning: .*/nonexistent/root")
    expect(["-tt", "--strict", "-f", config(GOOD % "/nonexistent/root")], 255, "", "/nonexistent/root")
    jail = config('server.chroot = "/nonexistent/jail"\n' + GOOD % "/tmp")
    expect(["-tt", "-f", jail], 255, "", "/nonexistent/jail is no")
    if os.geteuid() == 0:
        expect(["-tt", "-f", config('server.username = "nobody-at-all"\n' + GOOD % "/tmp")], 255, "", "no user")
    expect(["-t", "-f", config("server.port = 80\n")], 255, "", "server.document-root")


def warnings():
    typo = config((GOOD % "/tmp") + "server.max-workers = 2\n")
    expect(["-t", "-f", typo], 0, "Syntax OK", "did you mean server.max-worker")
    expect(["-t", "--strict", "-f", typo], 255, "^$", "did you mean server.max-worker")
    module = config((GOOD % "/tmp") + 'server.modules = ( "mod_nothing" )\n')
    expect(["-t", "-f", module], 0, "Syntax OK", "mod_nothing")
    expect(["-t", "--strict", "-f", module], 255)
    expect(["-t", "--strict", "-f", good()], 0, "Syntax OK")


def printing():
    text = 'var.base = "/srv"\nserver.document-root = var.base + "/www"\n$HTTP["url"] =^ "/x" { server.tag = "x" }\n'
    got = expect(["-p", "-f", config(text)], 0, '"/srv/www"')
    assert '$HTTP["url"]' in got[1], got[1]
    again = expect(["-p", "-f", "-"], 0, '"/srv/www"', input=got[1].encode())
    assert again[1] == got[1], "what -p prints is not read as what it was"


def include_shell():
    directory = folder("shell")
    write(os.path.join(directory, "part.sh"), "#!/bin/sh\necho \"server.tag = \\\"from $1\\\"\"\n")
    os.chmod(os.path.join(directory, "part.sh"), 0o755)
    text = 'include_shell "%s/part.sh shell"\n' % directory
    server = Server(text)
    server.file("x", "x")
    assert get(server.port, "/x")[1]["Server"] == "from shell"
    expect(["-t", "-f", config(GOOD % "/tmp" + 'include_shell "exit 3"\n')], 255, "", "exit 3")
    assert server.end() == 0


def includes():
    directory = folder("includes")
    write(os.path.join(directory, "conf.d", "10-a.conf"), 'server.tag = "a"\n')
    write(os.path.join(directory, "conf.d", "20-b.conf"), 'server.tag := "b"\n')
    main = write(os.path.join(directory, "main.conf"), GOOD % "/tmp" + 'include "conf.d/*.conf"\n')
    expect(["-p", "-f", main], 0, '"b"')
    write(os.path.join(directory, "loop.conf"), 'include "loop.conf"\n')
    expect(["-t", "-f", os.path.join(directory, "loop.conf")], 255, "", "loop")


def serve():
    directory = folder("served")
    write(os.path.join(directory, "a file"), "x")
    port = free_port()
    server = subprocess.Popen([harness.goldcrest, "--serve", directory, "--port", str(port)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        line = server.stdout.readline().decode()
        assert "http://127.0.0.1:%d/" % port in line, line
        assert b"a%20file" in get(port, "/")[2]
        assert get(port, "/a%20file")[2] == b"x"
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=15) == 0
    finally:
        server.kill()
        server.wait()
    expect(["--serve", "/nonexistent/dir"], 255, "", "/nonexistent/dir")
    expect(["--serve", directory, "--port", "70000"], 255, "", "70000")
    expect(["--serve", directory, "-f", good()], 255, "", "exclude")


# ---- -1 ------------------------------------------------------------------------------------------

ASK = b"GET /x HTTP/1.1\r\nHost: a\r\n%s\r\n"


def one_shot_file():
    root = folder("root")
    write(os.path.join(root, "x"), b"content" * 30000)
    return config((GOOD % root) + 'server.errorlog = "%s/log"\n' % root)


def one_shot_pipe():
    done = subprocess.run([harness.goldcrest, "-1", "-f", one_shot_file()], stdout=subprocess.PIPE, timeout=20,
                          input=ASK % b"" + ASK % b"Connection: close\r\n")
    assert done.returncode == 0, done.returncode
    assert done.stdout.count(b"HTTP/1.1 200 OK\r\n") == 2, done.stdout[:200]
    assert done.stdout.endswith(b"content" * 30000), "%d bytes" % len(done.stdout)


def one_shot_socket():
    ours, theirs = socket.socketpair()
    server = subprocess.Popen([harness.goldcrest, "-1", "-f", one_shot_file()], stdin=theirs.fileno(),
                              stdout=theirs.fileno())
    theirs.close()
    ours.settimeout(20)
    ours.sendall(ASK % b"Connection: close\r\n")
    answer = harness.read_all(ours)
    ours.close()
    assert server.wait(timeout=15) == 0
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"content" * 30000), answer[:100]


def one_shot_tls():
    """The global block says whether its one connection speaks TLS."""
    certificate = localhost()
    path = one_shot_file()
    write(path, read(path).decode() + 'ssl.engine = "enable"\nssl.pemfile = "%s"\n' % certificate.pem)
    ours, theirs = socket.socketpair()
    server = subprocess.Popen([harness.goldcrest, "-1", "-f", path], stdin=theirs.fileno(), stdout=theirs.fileno())
    theirs.close()
    ours.settimeout(20)
    with client().wrap_socket(ours, server_hostname="localhost", suppress_ragged_eofs=False) as s:
        s.sendall(ASK % b"Connection: close\r\n")
        answer = read_to_close_notify(s)
    assert server.wait(timeout=15) == 0
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"content" * 30000), answer[:100]


# ---- sockets that somebody else opened -----------------------------------------------------------

STARTER = '''
import os, sys
if int(sys.argv[1]) != 3:
    os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ["LISTEN_FDS"] = "1"
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
'''


def handed_over():
    directory = folder("handed")
    write(os.path.join(directory, "x"), "x")
    listener = socket.socket()
    listener.bind((LOCALHOST, 0))
    listener.listen(16)
    port = listener.getsockname()[1]
    path = config('server.document-root = "%s"\nserver.systemd-socket-activation = "enable"\n' % directory)
    server = subprocess.Popen([sys.executable, "-c", STARTER, str(listener.fileno()), harness.goldcrest, "-D", "-f",
                               path, "-i", "2"], pass_fds=(listener.fileno(),), stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        assert get(port, "/x")[2] == b"x"
        begun = time.monotonic()
        assert server.wait(timeout=20) == 0, "-i: it ends by itself"
        assert time.monotonic() - begun > 1, "-i: too early"
        listener.settimeout(1)
        assert answers(port), "the socket is the starter's: it is still there"
    finally:
        server.kill()
        server.wait()
        listener.close()


def tests():
    yield Test("command: texts and statuses", texts)
    yield Test("command: -t and -tt", checks)
    yield Test("command: warnings and --strict", warnings)
    yield Test("command: -p", printing)
    yield Test("command: include_shell", include_shell)
    yield Test("command: include", includes)
    yield Test("command: --serve", serve)
    yield Test("command: -1 with pipes", one_shot_pipe)
    yield Test("command: -1 with a socket", one_shot_socket)
    yield Test("command: -1 with TLS", one_shot_tls)
    yield Test("command: sockets handed over, -i", handed_over)
