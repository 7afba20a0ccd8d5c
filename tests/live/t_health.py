#!/usr/bin/env python3
# t_health.py - backends that die, hang, are slow, are ill and come back, while clients ask
# SPDX-License-Identifier: BSD-3-Clause
import os
import signal
import socket
import subprocess
import sys
import time

from certificates import authority, localhost
from harness import Server, Skip, Test, answers, folder, free_port, get, is_root, need, wait_for
from t_reload import Load

PROGRAM = """
import http.server, os, socketserver, ssl, sys, time
directory, name, port, pem = sys.argv[1:]
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def do_GET(self):
        is_check = self.path == "/health"
        if not is_check and os.path.exists(directory + "/slow"): time.sleep(0.2)
        ill = is_check and os.path.exists(directory + "/ill")
        body = name.encode()
        self.send_response(500 if ill else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64
server = Server(("127.0.0.1", int(port)), Handler)
if pem:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""


class Backend:
    """A process of its own, so that signals do to it what they do to real ones."""

    def __init__(self, name, pem=""):
        self.name = name
        self.pem = pem
        self.directory = folder("backend")
        self.port = free_port()
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, self.directory, self.name, str(self.port),
                                         self.pem], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: answers(self.port), "backend " + self.name)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            os.waitpid(self.process.pid, os.WUNTRACED)  # until it stands still, it answers

    def mark(self, word, yes=True):
        path = os.path.join(self.directory, word)
        if yes:
            open(path, "w").close()
        else:
            os.unlink(path)

    def host(self, options=""):
        return '( "host" => "127.0.0.1", "port" => %d%s )' % (self.port, options and ", " + options)


class Backends:
    def __init__(self, *names):
        self.all = []
        for name in names:
            self.all.append(name if isinstance(name, Backend) else Backend(name))

    def __enter__(self):
        return self.all

    def __exit__(self, *_):
        for backend in self.all:
            backend.kill()


def serve(hosts, more=""):
    need("mod_proxy")
    return Server('server.modules = ( "mod_proxy" )\n'
                  'proxy.server = ( "/" => ( %s ) )\n%s' % (", ".join(hosts), more))


def seen(server, count=24, path="/"):
    """Who has answered; "503" where nobody did."""
    return {body.decode() if status == 200 else str(status)
            for status, _, body in (get(server.port, path) for _ in range(count))}


CHECK = ('"check" => ( "path" => "/health", "interval" => 1, "timeout" => 1, "rise" => 1, "fall" => 1 ), '
         '"read-timeout" => 1')


def nobody_notices(workers):
    """Killed, stopped, slow, one after the other: idempotent requests go elsewhere."""
    with Backends("a", "b", "c") as (a, b, c):
        more = "server.max-worker = %d\n" % workers if workers > 1 else ""
        server = serve([x.host(CHECK) for x in (a, b, c)], more)
        wait_for(lambda: seen(server) == {"a", "b", "c"}, "all three")
        load = Load(server.port, "/", (b"a", b"b", b"c"))
        time.sleep(0.5)
        a.kill()
        time.sleep(1.5)
        a.start()
        b.signal(signal.SIGSTOP)
        time.sleep(3.5)
        assert "b" not in seen(server, 9), "one that hangs is asked"
        b.signal(signal.SIGCONT)
        c.mark("slow")
        time.sleep(1)
        c.mark("slow", False)
        wait_for(lambda: seen(server) == {"a", "b", "c"}, "all three again")
        load.end()
        said = server.log()
        for port in (a.port, b.port):
            assert "backend 127.0.0.1:%d answers again" % port in said, said
        assert "has not answered the check in 1 s" in said, said
        assert "Connection refused: nobody listens there" in said, said
        assert server.end() == 0


def ill_ones_are_left_alone():
    with Backends("a", "b") as (a, b):
        server = serve([x.host(CHECK) for x in (a, b)])
        wait_for(lambda: seen(server) == {"a", "b"}, "both")
        a.mark("ill")
        server.wait_log("backend 127.0.0.1:%d is not fit: it answers the check with 500" % a.port)
        assert seen(server) == {"b"}
        b.mark("ill")
        wait_for(lambda: seen(server, 2) == {"503"}, "nobody")
        a.mark("ill", False)
        wait_for(lambda: seen(server, 4) == {"a"}, "a")


def without_checks():
    """Nobody listens: the other is asked, and the first is left alone until its rest is over."""
    with Backends("a", "b") as (a, b):
        server = serve([a.host('"disable-time" => 2'), b.host()], 'proxy.balance = "round-robin"\n')
        assert seen(server) == {"a", "b"}
        a.kill()
        assert seen(server) == {"b"}
        assert server.log().count("does not answer: Connection refused") == 1
        a.start()
        wait_for(lambda: seen(server) == {"a", "b"}, "both again")
        server.wait_log("backend 127.0.0.1:%d answers again" % a.port)


def backups_wait():
    with Backends("a", "b") as (a, b):
        server = serve([a.host(), b.host('"backup" => "enable"')])
        assert seen(server) == {"a"}
        a.kill()
        assert seen(server) == {"b"}
        a.start()
        wait_for(lambda: seen(server) == {"a"}, "a alone")


def names_that_nobody_knows():
    need("mod_proxy")
    with Backends("a") as (a,):
        server = Server('server.modules = ( "mod_proxy" )\nproxy.server = (\n'
                        '"/none" => ( ( "host" => "no-such-name.invalid" ) ),\n'
                        '"/both" => ( ( "host" => "no-such-name.invalid" ), %s ),\n'
                        '"/name" => ( ( "host" => "localhost", "port" => %d ) ) )\n' % (a.host(), a.port))
        assert get(server.port, "/name")[0] == 200, "the first request waits for its name"
        server.wait_log("backend no-such-name.invalid:80: its name is not found")
        assert seen(server, 3, "/none") == {"503"}
        assert seen(server, 6, "/both") == {"a"}
        assert server.log().count("its name is not found") == 1
        assert server.end() == 0


def health_survives_a_reload():
    with Backends("a") as (a,):
        server = serve([a.host('"disable-time" => 3600')])
        assert seen(server, 1) == {"a"}
        a.kill()
        assert get(server.port, "/")[0] in (502, 503)
        a.start()
        assert seen(server, 2) == {"503"}
        server.send(signal.SIGUSR1)
        server.wait_log("configuration 2 is in force")
        assert seen(server, 2) == {"503"}, "what is known of a backend is forgotten"


def the_path_is_explained():
    need("mod_proxy")
    if not is_root():
        raise Skip("only root can shut others out")
    directory = folder("sockets")
    os.chmod(directory, 0o700)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(directory + "/s")
        s.listen()
        server = Server('server.modules = ( "mod_proxy" )\nserver.username = "nobody"\nserver.errorlog = ""\n'
                        'proxy.server = ( "/" => ( ( "socket" => "%s/s" ) ) )\n' % directory, wait=False)
        wait_for(lambda: answers(server.port), "the server")
        assert get(server.port, "/")[0] in (502, 503)
        wait_for(lambda: "Permission denied: %s (owner root, group root, mode 0700) does not let us through: we are "
                 "the user nobody" % directory in server.has_said(), "the explanation")


def checks_over_tls():
    trusted = '"scheme" => "https", "tls-ca-file" => "%s", "tls-name" => "%%s", %s' % (authority().pem, CHECK)
    with Backends(Backend("a", localhost().pem), Backend("b", localhost().pem)) as (a, b):
        server = serve([a.host(trusted % "localhost"), b.host(trusted % "else.example")])
        server.wait_log("backend 127.0.0.1:%d is not fit: TLS with it does not come about: " % b.port)
        assert "else.example" in server.log(), server.log()
        assert seen(server) == {"a"}
        a.mark("ill")
        server.wait_log("backend 127.0.0.1:%d is not fit: it answers the check with 500" % a.port)
        a.mark("ill", False)
        wait_for(lambda: seen(server, 4) == {"a"}, "a again")
        assert server.end() == 0


def hung_requests_do_not_hold_up_others():
    """A request that hangs at a stopped backend is given up; with POST the client is told so."""
    with Backends("a") as (a,):
        server = serve([a.host('"read-timeout" => 1')])
        assert seen(server, 1) == {"a"}
        a.signal(signal.SIGSTOP)
        begun = time.monotonic()
        assert get(server.port, "/", method="POST", body=b"x")[0] == 504
        assert time.monotonic() - begun < 5
        a.signal(signal.SIGCONT)
        wait_for(lambda: seen(server, 1) == {"a"}, "a again")


def tests():
    yield Test("backends killed, stopped and slow: nobody notices", nobody_notices, 1)
    yield Test("backends killed, stopped and slow: nobody notices, two workers", nobody_notices, 2)
    yield Test("ill backends are left alone", ill_ones_are_left_alone)
    yield Test("a backend that refuses rests", without_checks)
    yield Test("backup backends wait", backups_wait)
    yield Test("names of backends that nobody knows", names_that_nobody_knows)
    yield Test("health of backends survives a reload", health_survives_a_reload)
    yield Test("a socket's path is explained", the_path_is_explained)
    yield Test("checks of backends over TLS", checks_over_tls)
    yield Test("a stopped backend is a time limit", hung_requests_do_not_hold_up_others)
