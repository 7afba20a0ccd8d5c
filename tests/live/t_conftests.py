#!/usr/bin/env python3
# t_conftests.py - tests in the configuration: -t runs them, a start and a reload that fail one are refused
# SPDX-License-Identifier: BSD-3-Clause
import os
import signal

from harness import Server, Test, backends, command, folder, get, need, read, wait_for, write

RULES = """
server.modules = ( "mod_redirect", "mod_rewrite", "mod_setenv", "mod_proxy", "mod_access" )
url.redirect = ( "^/blog/([0-9]+)$" => "/b/$1" )
url.rewrite-once = ( "^/w/(.*)$" => "/$1" )
setenv.add-response-header = ( "X-Version" => "@VERSION@" )
$HTTP["url"] =^ "/api/" { proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => 1 )) ) }
$HTTP["remote-ip"] == "10.0.0.0/8" { url.access-deny = ( "" ) }
"""

GOOD = """
test "all that can be said" {
    "GET /blog/7" => "301 /b/7"
    "/blog/8" => "30x", "POST /blog/9" => "308 /b/9"
    "/a.txt" => ( "200", "X-Version: @VERSION@", "no X-Other", "handler mod_staticfile",
                  "file @DIR@/root/a.txt" )
    "/w/a.txt" => ( "200", "url /a.txt" )
    "GET http://example.com/a.txt from 10.1.2.3" => "403"
    "/api/x" => "backend 127.0.0.1:1"
    "/none" => "404"
    "/a.txt with Range: bytes=0-0 with X-Y: z" => "206"
    "/a.txt with X-Y: somebody comes with flowers" => "2xx"
}
"""

# what is wrong with GOOD when the first is replaced by the second: words of the message
WRONG = (
    ('"301 /b/7"', '"301 /c/7"', ('expected 301 /c/7, got 301 /b/7', '"^/blog/([0-9]+)$" matches, $1=7')),
    ('"30x"', '"2xx"', ("/blog/8: expected 2xx, got 301 /b/8",)),
    ('"no X-Other"', '"no X-Version"', ("expected no X-Version, got X-Version: 1",)),
    ('"handler mod_staticfile"', '"handler mod_proxy"', ("expected handler mod_proxy, got mod_staticfile",)),
    ('"url /a.txt"', '"url /w/a.txt"', ("expected url /w/a.txt, got /a.txt",)),
    ('=> "403"', '=> "200"', ("expected 200, got 403",)),
    ('"backend 127.0.0.1:1"', '"404"', ("expected 404, got a backend: proxy.server",)),
    ('"backend 127.0.0.1:1"', '"backend 127.0.0.1:2"', ("expected backend 127.0.0.1:2, got a backend",)),
    ('"404"', '"backend"', ("/none: expected backend, got 404",)),
    ('"206"', '"4044"', ("nothing that can be expected",)),
    ('"GET /blog/7" =>', '"GET /blog/7 from nowhere" =>', ("no request that can be made",)),
)


def text(tests, version="1"):
    return (RULES + tests).replace("@VERSION@", version)


def checks():
    need("mod_redirect", "mod_rewrite", "mod_setenv", "mod_proxy", "mod_access", "PCRE support")
    directory = folder("conftests")
    write(os.path.join(directory, "root", "a.txt"), "a")
    path = os.path.join(directory, "goldcrest.conf")
    base = text(GOOD).replace("@DIR@", directory) + 'server.document-root = "%s/root"\n' % directory
    write(path, base)
    for option in ("-t", "-tt"):
        status, output, errors = command(option, "-f", path)
        assert status == 0 and not errors, errors
    printed = command("-p", "-f", path)
    assert printed[0] == 0 and 'test "all that can be said" {' in printed[1], printed
    write(path, printed[1])
    assert command("-p", "-f", path) == printed, "what -p prints is not the same again"
    for old, new, words in WRONG:
        assert old in base, old
        write(path, base.replace(old, new, 1))
        status, output, errors = command("-t", "-f", path)
        assert status == 255 and "Syntax OK" not in output, "%s: status %d" % (new, status)
        for word in words:
            assert word in errors, "%s\n%s" % (word, errors)
        line = next(i for i, text in enumerate(base.replace(old, new, 1).splitlines(), 1) if new in text)
        assert "goldcrest.conf:%d:" % line in errors, "the place is wrong: %s" % errors
    write(path, base + 'test "many" {\n' + '    "/a.txt" => "200"\n' * 1001 + "}\n")
    assert "more than 1000 requests" in command("-t", "-f", path)[2]


def start_is_refused():
    server = Server(text(GOOD.replace('"404"', '"200"')), wait=False)
    server.file("a.txt", "a")
    assert server.process.wait(20) == 255
    assert "/none: expected 200, got 404" in server.has_said(), server.has_said()


def reload_is_refused(backend):
    need("mod_redirect", "mod_rewrite", "mod_setenv", "mod_proxy", "mod_access", "PCRE support")
    server = Server(text(""), backend)
    server.file("a.txt", "a")
    for n in range(2, 5):
        server.configure(text(GOOD.replace('"404"', '"200"'), "broken"))
        server.send(signal.SIGUSR1)
        server.wait_log("refused; the old one stays in force", n - 1)
        assert 'test "all that can be said": /none: expected 200, got 404' in server.log(), server.log()
        assert get(server.port, "/a.txt")[1]["X-Version"] == "1", "the new one is in force"
    server.configure(text(GOOD, "2"))
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    wait_for(lambda: get(server.port, "/a.txt")[1]["X-Version"] == "2", "the good configuration", 5)
    assert get(server.port, "/none")[0] == 404
    assert server.end() == 0


def start_serves_afresh():
    """What the tests have built, when no log was open and no host counted, serves nobody."""
    need("mod_accesslog", "mod_status")
    server = Server("""
server.modules = ( "mod_accesslog", "mod_status" )
accesslog.filename = "@DIR@/access.log"
status.metrics-url = "/metrics"
debug.log-file-not-found = "enable"
$HTTP["host"] == "a.example" { server.tag = "a" }
test "nobody" { "/none" => "404", "http://a.example/none" => "404" }
""")
    assert get(server.port, "/none")[0] == 404
    assert get(server.port, "/none", {"Host": "a.example"})[0] == 404
    server.wait_log("(GET /none)", 2)
    path = os.path.join(server.dir, "access.log")
    wait_for(lambda: read(path).count(b"GET /none") == 2, "two lines in the access log", 10)
    metrics = get(server.port, "/metrics")[2]
    assert b'vhost="a.example",class="4xx"} 1' in metrics, metrics
    assert server.end() == 0


def tests():
    return [Test("tests in the configuration: what can be expected, and how it is told", checks),
            Test("tests in the configuration: a start that fails one is refused", start_is_refused),
            Test("tests in the configuration: logs and counters are whole after them", start_serves_afresh)] + \
           [Test("tests in the configuration: a reload that fails one is refused, with %s" % b, reload_is_refused, b)
            for b in backends()]
