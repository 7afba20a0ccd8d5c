#!/usr/bin/env python3
# t_fastcgi.py - FastCGI, SCGI, uwsgi and AJP13: php-fpm as it is, and small applications that say what they got
# SPDX-License-Identifier: BSD-3-Clause
import hashlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
import time

from gateways import (Listener, PhpFpm, ajp_serve, fastcgi_end, fastcgi_record, fastcgi_serve, relay, scgi_serve)
from harness import (LOCALHOST, Server, Skip, Test, backends, curl, features, folder, get, is_sanitized, need, noise,
                     read, wait_for, write)
from t_tls import H2C

MEGABYTES = 100

CONFIG = r'''
server.modules = ( "mod_fastcgi", "mod_rewrite", "mod_setenv", "mod_indexfile" )
index-file.names = ( "index.php" )
server.upload-dirs = ( "@DIR@" )
setenv.set-environment = ( "APP_MODE" => "live" )
@REWRITE@
fastcgi.server = ( ".php" => (( "socket" => "@SOCKET@"@MORE@ )) )
'''

REWRITE = 'url.rewrite-once = ( "^/nice/([a-z]+)$" => "/env.php?name=$1" )'

FILES = {
    "env.php": r'''<?php header("Content-Type: application/json"); echo json_encode($_SERVER);''',
    "index.php": r'''<?php echo "index ", $_SERVER["SCRIPT_NAME"];''',
    "echo.php": r'''<?php $in = fopen("php://input", "rb"); $h = hash_init("sha256"); $n = 0;
while (!feof($in)) { $part = fread($in, 65536); $n += strlen($part); hash_update($h, $part); }
echo $n, " ", hash_final($h);''',
    "form.php": r'''<?php $f = $_FILES["f"];
echo $_POST["a"], " ", $f["size"], " ", hash_file("sha256", $f["tmp_name"]);''',
    "large.php": r'''<?php $block = str_repeat("0123456789abcdef", 4096);
for ($i = 0; $i < 16 * ''' + str(MEGABYTES) + r'''; $i++) { echo $block; flush(); }''',
    "status.php": r'''<?php http_response_code((int)$_GET["s"]); header("X-App: yes");
setcookie("a", "1"); setcookie("b", "2"); echo "body";''',
    "move.php": r'''<?php header("Location: /env.php");''',
    "log.php": r'''<?php error_log("a word to the log"); echo "said";''',
    "send.php": r'''<?php header("Content-Type: text/x-sent"); header("X-Sendfile: " . $_GET["f"]);
echo "not this";''',
    "die.php": r'''<?php header("Content-Length: 100"); echo "cut"; flush(); posix_kill(getmypid(), 9);''',
}


def php_server(fpm_socket, backend=None, more="", text=""):
    need("mod_fastcgi", "mod_rewrite", "mod_setenv", "mod_indexfile")
    rewrite = REWRITE if features().get("PCRE support") else ""
    text = CONFIG.replace("@SOCKET@", fpm_socket).replace("@MORE@", more).replace("@REWRITE@", rewrite) + text
    server = Server(text, backend)
    for name, content in FILES.items():
        server.file(name, content)
    return server


def environment(server, path, *arguments):
    status, output = curl(*arguments, "http://%s:%d%s" % (LOCALHOST, server.port, path))
    assert status == 0, output
    return json.loads(output)


# ---- php-fpm -------------------------------------------------------------------------------------

def variables(backend):
    with PhpFpm() as fpm:
        server = php_server(fpm.socket, backend)
        got = environment(server, "/env.php/more/info?x=1&y=%20", "-H", "X-Own: 1", "-H", "X_Own: 2",
                          "-H", "Proxy: evil", "-H", "Cookie: a=b", "-A", "live")
        for name, value in (("SCRIPT_NAME", "/env.php"), ("PATH_INFO", "/more/info"), ("QUERY_STRING", "x=1&y=%20"),
                            ("REQUEST_URI", "/env.php/more/info?x=1&y=%20"), ("REQUEST_METHOD", "GET"),
                            ("SCRIPT_FILENAME", server.root + "/env.php"), ("DOCUMENT_ROOT", server.root),
                            ("PATH_TRANSLATED", server.root + "/more/info"), ("GATEWAY_INTERFACE", "CGI/1.1"),
                            ("SERVER_PORT", str(server.port)), ("REMOTE_ADDR", LOCALHOST), ("HTTP_X_OWN", "1"),
                            ("HTTP_COOKIE", "a=b"), ("HTTP_USER_AGENT", "live"), ("REDIRECT_STATUS", "200"),
                            ("APP_MODE", "live"), ("HTTP_HOST", "%s:%d" % (LOCALHOST, server.port))):
            assert got.get(name) == value, (name, got.get(name))
        assert "HTTP_PROXY" not in got
        if features().get("PCRE support"):
            got = environment(server, "/nice/joe")
            assert got["REQUEST_URI"] == "/nice/joe" and got["QUERY_STRING"] == "name=joe", got
            assert got["SCRIPT_NAME"] == "/env.php" and got["REDIRECT_URI"] == "/env.php?name=joe", got
        assert get(server.port, "/")[2] == b"index /index.php"
        assert get(server.port, "/none.php")[0] == 404


def statuses():
    with PhpFpm() as fpm:
        server = php_server(fpm.socket)
        for status in (200, 201, 404, 418, 500, 503):
            got, fields, body = get(server.port, "/status.php?s=%d" % status)
            assert (got, body) == (status, b"body"), (got, body)
            assert fields["X-App"] == "yes" and fields.get_all("Set-Cookie") == ["a=1", "b=2"], fields.items()
        for status in (204, 304):
            got, fields, body = get(server.port, "/status.php?s=%d" % status)
            assert (got, body) == (status, b""), (got, body)
        got, fields, body = get(server.port, "/status.php?s=200", method="HEAD")
        assert (got, body) == (200, b"")
        got, fields, body = get(server.port, "/move.php")
        assert got == 302 and fields["Location"] == "/env.php"
        assert get(server.port, "/log.php")[2] == b"said"
        server.wait_log("fastcgi: /log.php: PHP message: a word to the log")


def over_h2(backend):
    """The same application for clients of HTTP/2; and the page of a PHP error-handler."""
    if b"HTTP2" not in curl("-V")[1]:
        raise Skip("curl has no HTTP/2")
    with PhpFpm() as fpm:
        server = php_server(fpm.socket, backend, text=H2C + 'server.error-handler-404 = "/missing.php"\n')
        server.file("missing.php", r'''<?php http_response_code(404); echo "missing ", $_SERVER["REQUEST_URI"], " ",
$_SERVER["REDIRECT_STATUS"], " ", $_SERVER["REQUEST_METHOD"];''')
        got = environment(server, "/env.php?a=b", "--http2-prior-knowledge", "-H", "Cookie: a=1", "-H", "Cookie: b=2")
        assert (got["SERVER_PROTOCOL"], got["HTTP_COOKIE"]) == ("HTTP/2.0", "a=1; b=2"), got
        data = noise(500000)
        path = write(os.path.join(folder(), "data"), data)
        url = "http://%s:%d/" % (LOCALHOST, server.port)
        status, output = curl("--http2-prior-knowledge", "--data-binary", "@" + path, url + "echo.php")
        assert output == b"%d %s" % (len(data), hashlib.sha256(data).hexdigest().encode()), output
        for arguments in (["--http2-prior-knowledge"], []):
            for more in ([], ["-d", "posted"]):
                status, output = curl("-w", "|%{http_code}", *arguments, *more, url + "nothing/here?q")
                assert output == b"missing /nothing/here?q 404 GET|404", output


def posts(backend):
    with PhpFpm() as fpm:
        server = php_server(fpm.socket, backend)
        for count in (0, 1, 4000, 65528, 65536, 3000001):
            data = noise(count)
            expected = b"%d %s" % (count, hashlib.sha256(data).hexdigest().encode())
            assert get(server.port, "/echo.php", method="POST", body=data)[2] == expected, count
        data = noise(100000)
        path = write(os.path.join(folder(), "data"), data)
        url = "http://%s:%d/" % (LOCALHOST, server.port)
        status, output = curl("-H", "Transfer-Encoding: chunked", "--data-binary", "@" + path, url + "echo.php")
        assert output == b"%d %s" % (len(data), hashlib.sha256(data).hexdigest().encode()), output
        status, output = curl("-F", "a=word", "-F", "f=@" + path, url + "form.php")
        assert output == b"word %d %s" % (len(data), hashlib.sha256(data).hexdigest().encode()), output


def keeps_connections(backend):
    with PhpFpm() as fpm, relay(fpm.socket) as counter:
        server = php_server(counter.path, backend)
        client = http.client.HTTPConnection(LOCALHOST, server.port, timeout=30)
        begun = time.monotonic()
        for i in range(200):
            client.request("POST" if i % 2 else "GET", "/echo.php", body=noise(1000) if i % 2 else None)
            assert client.getresponse().read().startswith(b"1000 " if i % 2 else b"0 ")
        client.close()
        assert counter.accepts <= 2 + (time.monotonic() - begun) / 0.25, counter.accepts
        first = counter.accepts
        server = php_server(counter.path, backend, ', "keep-alive" => "disable"')
        for _ in range(5):
            assert get(server.port, "/echo.php")[0] == 200
        assert counter.accepts == first + 5, counter.accepts


def at_once():
    """More clients than php-fpm has children: connections that are kept do not keep the children from the others."""
    with PhpFpm(children=3) as fpm:
        server = php_server(fpm.socket, text="server.max-worker = 2\n")
        slowest, problems = [0], []

        def client():
            for _ in range(10):
                begun = time.monotonic()
                try:
                    assert get(server.port, "/status.php?s=200")[2] == b"body"
                except Exception as error:
                    problems.append(error)
                slowest[0] = max(slowest[0], time.monotonic() - begun)
        threads = [threading.Thread(target=client) for _ in range(20)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not problems, problems[0]
        assert slowest[0] < 5, slowest


def resident_kib(server):
    done = subprocess.run(["ps", "-o", "rss=", "-p", ",".join(map(str, server.workers()))], stdout=subprocess.PIPE)
    return max(int(n) for n in done.stdout.split())


def large(streams):
    """100 MB up and down, and the server has not become larger."""
    with PhpFpm() as fpm:
        server = php_server(fpm.socket, text='server.stream-request-body = %d\nserver.stream-response-body = %d\n'
                            % (streams, streams))
        url = "http://%s:%d/" % (LOCALHOST, server.port)
        assert get(server.port, "/echo.php")[0] == 200
        before, most = resident_kib(server), 0
        path = os.path.join(folder(), "large")
        with open(path, "wb") as f:
            for _ in range(MEGABYTES):
                f.write(noise(1 << 20))
        expected = hashlib.sha256(read(path)).hexdigest().encode()
        for arguments in (["-T", path, "-X", "POST", url + "echo.php"], ["-o", path + ".down", url + "large.php"]):
            running = subprocess.Popen(["curl", "-sS", "--noproxy", "*", "--max-time", "120", *arguments],
                                       stdout=subprocess.PIPE)
            while True:
                try:
                    output = running.communicate(timeout=0.05)[0]
                    break
                except subprocess.TimeoutExpired:
                    most = max(most, resident_kib(server))
            assert running.returncode == 0, running.returncode
            if "-T" in arguments:
                assert output == b"%d %s" % (MEGABYTES << 20, expected), output
        assert os.path.getsize(path + ".down") == MEGABYTES << 20
        assert read(path + ".down") == b"0123456789abcdef" * (MEGABYTES << 16)
        if not is_sanitized():
            assert most < before + 12 * 1024, "%d KiB, then %d" % (before, most)


def sends_files():
    with PhpFpm() as fpm:
        server = php_server(fpm.socket, more=', "x-sendfile" => "enable", '
                                             '"x-sendfile-docroot" => ( "@DIR@/files" )')
        write(os.path.join(server.dir, "files", "f.bin"), noise(300000))
        path = os.path.join(server.dir, "files", "f.bin")
        status, fields, body = get(server.port, "/send.php?f=" + path)
        assert (status, body) == (200, noise(300000)), status
        assert fields["Content-Type"].startswith("text/x-sent") and "X-Sendfile" not in fields, fields.items()
        status, _, body = get(server.port, "/send.php?f=" + path, {"Range": "bytes=10-19"})
        assert (status, body) == (206, noise(300000)[10:20])
        status, _, body = get(server.port, "/send.php?f=" + path, {"If-None-Match": fields["ETag"]})
        assert (status, body) == (304, b"")
        for bad in (server.config, "/etc/passwd", server.dir + "/files/../goldcrest.conf"):
            assert get(server.port, "/send.php?f=" + bad)[0] == 403, bad
        assert get(server.port, "/send.php?f=" + path + "x")[0] == 404


def breaks_off():
    """A child that dies in the middle: the client sees that."""
    with PhpFpm() as fpm:
        server = php_server(fpm.socket)
        server.file("die.php", FILES["die.php"])
        status, output = curl("http://%s:%d/die.php" % (LOCALHOST, server.port))
        assert status in (18, 52, 56) or b"502" in output, (status, output)
        assert get(server.port, "/status.php?s=200")[2] == b"body"


def php_cgi():
    """A program that is started here."""
    program = shutil.which("php-cgi")
    if not program:
        raise Skip("there is no php-cgi")
    need("mod_fastcgi")
    server = Server(r'''
server.modules = ( "mod_fastcgi" )
fastcgi.server = ( ".php" => (( "bin-path" => "%s", "socket" => "@DIR@/php.sock", "max-procs" => 2,
    "bin-environment" => ( "PHP_FCGI_CHILDREN" => "2", "PHP_FCGI_MAX_REQUESTS" => "20", "MINE" => "yes" ) )) )
''' % program)
    server.file("env.php", FILES["env.php"])
    server.file("mine.php", r'''<?php echo getenv("MINE"), " ", getmypid();''')
    wait_for(lambda: get(server.port, "/env.php")[0] == 200, "php-cgi")
    pids = set()
    for _ in range(100):  # children that have had their twenty requests end, and others take their place
        word, pid = get(server.port, "/mine.php")[2].decode().split()
        assert word == "yes"
        pids.add(pid)
    assert len(pids) > 2, pids


# ---- applications of our own ---------------------------------------------------------------------

def own_server(directive, path, backend=None, more="", text=""):
    need("mod_" + directive.split(".")[0])
    return Server('server.modules = ( "mod_%s" )\n%s = ( "/app" => (( "socket" => "%s", "check-local" => "disable"'
                  '%s )) )\n' % (directive.split(".")[0], directive, path, more) + text, backend)


def tell(variables, body):
    return b"Content-Type: text/plain\r\n\r\n" + json.dumps([variables, hashlib.sha256(body).hexdigest()]).encode()


def fastcgi_app(backend):
    with Listener(fastcgi_serve(lambda v, body, _: tell(v, body))) as app:
        server = own_server("fastcgi.server", app.path, backend)
        for i in range(20):
            got = json.loads(get(server.port, "/app/x/y?q", method="POST", body=noise(i * 7000))[2])
            assert got[1] == hashlib.sha256(noise(i * 7000)).hexdigest()
            assert (got[0]["SCRIPT_NAME"], got[0]["PATH_INFO"], got[0]["(role)"]) == ("/app", "/x/y", 1), got[0]
            assert got[0].get("CONTENT_LENGTH") == str(i * 7000), got[0]
        assert app.accepts < 15, app.accepts


def fastcgi_nonsense():
    answers = {
        "/app/overloaded": (fastcgi_end(2), 503),
        "/app/role": (fastcgi_end(3), 502),
        "/app/nothing": (fastcgi_end(), 502),
        "/app/http": (b"HTTP/1.1 200 OK\r\n\r\n", 502),
        "/app/id": (fastcgi_record(6, b"A: b\n\nx", request=2), 502),
        "/app/lengths": (fastcgi_record(6, b"Content-Length: 1\nContent-Length: 2\n\nx") + fastcgi_end(), 502),
        "/app/split": (fastcgi_record(6, b"A: b\rSet-Cookie: c\n\nx") + fastcgi_end(), 502),
        "/app/small": (b"".join(fastcgi_record(6, bytes([c]), padding=c % 7) for c in b"A: b\n\nok") +
                       fastcgi_end(), 200),
    }

    def answer(variables, _, connection):
        connection.sendall(answers["/app" + variables["PATH_INFO"]][0])
        if variables["PATH_INFO"] != "/small":
            connection.shutdown(2)
    with Listener(fastcgi_serve(answer)) as app:
        server = own_server("fastcgi.server", app.path, more=', "disable-time" => 0')
        for path, (_, status) in answers.items():
            got = get(server.port, path)
            assert got[0] == status, (path, got[0])
        assert got[2] == b"ok" and got[1]["A"] == "b"


def authorizes():
    def answer(variables, body, _):
        assert variables["(role)"] == 2 and "SCRIPT_NAME" not in variables and not body, variables
        if variables.get("HTTP_X_KEY") == "right":
            return b"Variable-REMOTE_USER: joe\nVariable-LEVEL: 7\nX-Ignored: 1\n\n"
        return b"Status: 403 No\nX-Why: key\nContent-Type: text/plain\n\nno entry"
    with Listener(fastcgi_serve(answer)) as gate, Listener(fastcgi_serve(lambda v, body, _: tell(v, body))) as app:
        need("mod_fastcgi")
        server = Server('server.modules = ( "mod_fastcgi" )\nfastcgi.server = ( "/" => (( "socket" => "%s", '
                        '"check-local" => "disable", "mode" => "authorizer" )), "/app" => (( "socket" => "%s", '
                        '"check-local" => "disable" )) )\n' % (gate.path, app.path))
        server.file("page.txt", "page")
        status, fields, body = get(server.port, "/app/x")
        assert (status, body, fields["X-Why"]) == (403, b"no entry", "key"), (status, body)
        assert app.accepts == 0
        got = json.loads(get(server.port, "/app/x", {"X-Key": "right"}, method="POST", body=b"abc")[2])
        assert (got[0]["REMOTE_USER"], got[0]["LEVEL"]) == ("joe", "7"), got[0]
        assert got[1] == hashlib.sha256(b"abc").hexdigest()
        assert get(server.port, "/page.txt")[0] == 403
        assert get(server.port, "/page.txt", {"X-Key": "right"})[2] == b"page"
        assert get(server.port, "/page.txt")[0] == 403  # nothing of it was kept
        gate.end()


def scgi_app(backend):
    with Listener(scgi_serve(tell)) as app:
        server = own_server("scgi.server", app.path, backend)
        for count in (0, 1, 70000, 2000000):
            got = json.loads(get(server.port, "/app/x?q=%d" % count, method="POST", body=noise(count))[2])
            assert got[1] == hashlib.sha256(noise(count)).hexdigest()
            assert (got[0]["SCRIPT_NAME"], got[0]["QUERY_STRING"]) == ("/app", "q=%d" % count), got[0]
        status, output = curl("-H", "Transfer-Encoding: chunked", "-d", "abc",
                              "http://%s:%d/app" % (LOCALHOST, server.port))
        assert json.loads(output)[0]["CONTENT_LENGTH"] == "3", output


def ajp_app(backend):
    def answer(request, body):
        content = json.dumps([request, hashlib.sha256(body).hexdigest()]).encode()
        return 201, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))], content
    with Listener(ajp_serve(answer)) as app:
        server = own_server("ajp13.server", app.path, backend)
        for count in (0, 1, 8186, 8187, 100000, 1000000):
            status, _, body = get(server.port, "/app/a%20b?q=1", {"X-Own": "x"}, method="POST", body=noise(count))
            got = json.loads(body)
            assert status == 201 and got[1] == hashlib.sha256(noise(count)).hexdigest(), (status, count)
            assert got[0]["uri"] == "/app/a%20b" and got[0]["attributes"]["5"] == "q=1", got[0]
            assert got[0]["fields"]["x-own"] == "x" and got[0]["remote"] == LOCALHOST, got[0]
        assert get(server.port, "/app", method="HEAD")[2] == b""
        assert app.accepts < 4, app.accepts  # a client that leaves before END_RESPONSE costs one


UWSGI_APP = r'''
import hashlib, json
def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("203 Mine", [("Content-Type", "text/plain"), ("X-App", "uwsgi")])
    return [json.dumps([environ["SCRIPT_NAME"], environ["PATH_INFO"], hashlib.sha256(body).hexdigest()]).encode()]
'''


def uwsgi_app():
    program = shutil.which("uwsgi") or shutil.which("uwsgi-core")
    if not program:
        raise Skip("there is no uwsgi")
    need("mod_scgi")
    place = folder("uwsgi")
    write(os.path.join(place, "app.py"), UWSGI_APP)
    path = os.path.join(place, "sock")
    running = subprocess.Popen([program, "--plugin", "python3", "--socket", path, "--chmod-socket=666",
                                "--chdir", place, "--module", "app", "--master", "--processes", "2", "--die-on-term"],
                               stdin=subprocess.DEVNULL, stdout=open(os.path.join(place, "log"), "wb"),
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        wait_for(lambda: os.path.exists(path) or running.poll() is not None, "uwsgi")
        if running.poll() is not None:
            raise Skip("uwsgi does not run: %s" % read(os.path.join(place, "log")).decode()[-200:])
        server = own_server("scgi.server", path, text='scgi.protocol = "uwsgi"\n')
        wait_for(lambda: get(server.port, "/app")[0] == 203, "the application")
        for count in (0, 10, 70000):
            status, fields, body = get(server.port, "/app/x/y", method="POST", body=noise(count))
            assert (status, fields["X-App"]) == (203, "uwsgi"), status
            assert json.loads(body) == ["/app", "/x/y", hashlib.sha256(noise(count)).hexdigest()], body
    finally:
        running.terminate()
        try:
            running.wait(timeout=5)
        except subprocess.TimeoutExpired:  # it is not what is tested here, and now and then does not hear it
            os.killpg(running.pid, signal.SIGKILL)
            running.wait(timeout=5)


def says_what_it_does():
    """X.debug and a misspelt scgi.protocol."""
    with Listener(scgi_serve(tell)) as app:
        server = own_server("scgi.server", app.path, text="scgi.debug = 3\n")
        assert get(server.port, "/app/x", {"Cookie": "secret=1"})[0] == 200
        server.wait_log('scgi.debug: GET /app/x: "/app", host')
        assert "scgi.debug: PATH_INFO=/x" in server.log() and "secret" not in server.log()


def tests():
    each = [("variables", variables), ("posts", posts), ("keeps connections", keeps_connections),
            ("HTTP/2, error-handler", over_h2)]
    own = [("fastcgi application", fastcgi_app), ("scgi application", scgi_app), ("ajp13 container", ajp_app)]
    return ([Test("fastcgi: php-fpm: %s with %s" % (name, b), f, b) for b in backends() for name, f in each] +
            [Test("fastcgi: %s with %s" % (name, b), f, b) for b in backends() for name, f in own] +
            [Test("fastcgi: php-fpm: statuses, fields, log", statuses),
             Test("fastcgi: php-fpm: more clients than children", at_once),
             Test("fastcgi: php-fpm: 100 MB up and down, collected", large, 0),
             Test("fastcgi: php-fpm: 100 MB up and down, streamed", large, 2),
             Test("fastcgi: php-fpm: X-Sendfile", sends_files),
             Test("fastcgi: php-fpm: a child that dies", breaks_off),
             Test("fastcgi: applications that talk nonsense", fastcgi_nonsense),
             Test("fastcgi: authorizer", authorizes),
             Test("fastcgi: php-cgi by bin-path", php_cgi),
             Test("fastcgi: uwsgi", uwsgi_app),
             Test("fastcgi: scgi.debug", says_what_it_does)])
