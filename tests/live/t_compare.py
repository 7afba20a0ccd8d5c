#!/usr/bin/env python3
# t_compare.py - goldcrest explain --diff: requests of access logs under two configurations
# SPDX-License-Identifier: BSD-3-Clause
import os

from harness import Server, Test, command, folder, get, need, wait_for, write

COMMON = 'server.modules = ( "mod_redirect", "mod_access", "mod_proxy" )\nserver.document-root = "@DIR@/root"\n'
BEFORE = COMMON + """url.redirect = ( "^/old/(.*)$" => "/new/$1" )
$HTTP["host"] == "other.example" { url.access-deny = ( ".txt" ) }
"""
AFTER = COMMON + """url.redirect = ( "^/old/(.*)$" => "/newer/$1" )
$HTTP["host"] == "other.example" { server.document-root = "@DIR@/other" }
$HTTP["url"] =^ "/api/" { proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => 1 )) ) }
$HTTP["useragent"] =~ "bot" { url.access-deny = ( "" ) }
$HTTP["remoteip"] == "10.0.0.0/8" { url.access-deny = ( "" ) }
"""

TAIL = ' 200 5 "-" "curl"\n'
LINES = (
    '127.0.0.1 a - [01/Jan/2026:00:00:00 +0000] "GET /a.txt HTTP/1.1"' + TAIL,
    '127.0.0.1 a - [01/Jan/2026:00:00:00 +0000] "GET /old/x?y=1 HTTP/1.1"' + TAIL,
    '127.0.0.1 a - [01/Jan/2026:00:00:00 +0000] "GET /old/x?y=1 HTTP/1.1"' + TAIL,
    '127.0.0.1 other.example - [01/Jan/2026:00:00:00 +0000] "GET /a.txt HTTP/1.1"' + TAIL,
    '127.0.0.1 - joe [01/Jan/2026:00:00:00 +0000] "GET /api/x HTTP/2.0"' + TAIL,
    'a:80 10.1.2.3 - - [01/Jan/2026:00:00:00 +0000] "GET /a.txt HTTP/1.1"' + TAIL,
    '127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /b.txt HTTP/1.1" 200 1 "-" "a \\"bot\\""\n',
    '{"time":"x","level":"info","pid":1,"client":"127.0.0.1","vhost":"other.example","method":"GET",'
    '"target":"/none\\u0041.txt","version":"1.1","status":404,"bytes":3}\n',
    'what is this\n',
    '127.0.0.1 a - [01/Jan/2026:00:00:00 +0000] "\\x16\\x03" 400 5 "-" "-"\n',
)


def both(text, other, log, *more):
    directory = folder("compare")
    for name in ("a.txt", "b.txt"):
        write(os.path.join(directory, "root", name), "a")
    os.makedirs(os.path.join(directory, "other"))
    paths = [write(os.path.join(directory, name), t.replace("@DIR@", directory))
             for name, t in (("before.conf", text), ("after.conf", other), ("access.log", log))]
    return command("explain", "--diff", paths[1], "--log", paths[2], "-f", paths[0], *more) + (directory,)


def differences():
    need("mod_redirect", "mod_access", "mod_proxy", "PCRE support")
    status, output, errors, directory = both(BEFORE, AFTER, "".join(LINES))
    assert status == 1 and not errors, (status, errors)
    for words in ("301 (mod_redirect) -> 301 (mod_redirect): 2 requests, 1 different ones\n", "2 x GET a/old/x?y=1\n",
                  "before: 301 /new/x?y=1 (mod_redirect)", "after:  301 /newer/x?y=1 (mod_redirect)",
                  "1 x GET other.example/a.txt", "1 x GET other.example/noneA.txt",
                  "after:  404 %s/other/a.txt (core)" % directory, "404 (core) -> backend (mod_proxy): 1 requests",
                  "200 (mod_staticfile) -> 403 (mod_access): 2 requests, 2 different ones",
                  "7 of 8 requests (6 of 7 different ones) would be answered differently",
                  "2 of 10 lines were not understood"):
        assert words in output, "%s\n%s" % (words, output)
    status, output, errors, directory = both(BEFORE, BEFORE, "".join(LINES))
    assert status == 0 and output.startswith("0 of 8 requests"), output
    status, output, errors, directory = both(BEFORE, "server.prot = 1\n", "".join(LINES))
    assert status == 255 and "did you mean server.port" in errors, errors
    lines = "".join(LINES[1].replace("/old/x", "/old/%d" % i) for i in range(30))
    assert "… 20 more (--all)" in both(BEFORE, AFTER, lines)[1]
    assert both(BEFORE, AFTER, lines, "--all")[1].count("before:") == 30
    assert command("explain", "--diff", "x", "-f", "y")[0] == 255


def own_logs():
    """What a server has written is read again, in each of its formats."""
    need("mod_accesslog", "mod_redirect", "mod_access", "mod_proxy", "PCRE support")
    for more in ("", 'server.log-format = "json"\n'):
        text = BEFORE.replace('"mod_proxy" )', '"mod_proxy", "mod_accesslog" )') + more
        server = Server(text + 'accesslog.filename = "@DIR@/access.log"\n')
        server.file("a.txt", "a")
        get(server.port, "/a.txt")
        get(server.port, "/old/y?z", {"User-Agent": 'a "quoted" \\ agent'})
        assert server.end() == 0
        log = os.path.join(server.dir, "access.log")
        wait_for(lambda: os.path.getsize(log), "the log")
        other = write(os.path.join(server.dir, "other.conf"), AFTER.replace("@DIR@", server.dir))
        status, output, errors = command("explain", "--diff", other, "--log", log, "-f", server.config)
        assert status == 1 and "1 of 2 requests" in output and "/newer/y?z" in output, (more, output, errors)
        assert "not understood" not in output, output


def tests():
    return [Test("explain --diff: what is answered differently", differences),
            Test("explain --diff: a server's own logs", own_logs)]
