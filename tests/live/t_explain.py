#!/usr/bin/env python3
# t_explain.py - what goldcrest explain says is what the server does
# SPDX-License-Identifier: BSD-3-Clause
import json
import os
import socket

import harness
import t_debian
from certificates import tls_text
from explaining import ADDRESSES, compare, count_of_requests, tree
from harness import Server, Test, backends, features, folder, is_root, need, write
from t_signals import somebody

HERE = os.path.dirname(os.path.abspath(__file__))
REQUESTS = 120

COMMON = '''
server.document-root = "@DIR@/root"
server.feature-flags += ( "auth.delay-invalid-creds" => "disable" )
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", ".txt" => "text/plain", ".css" => "text/css", "" => "application/x" )
'''

# name, modules, text
CONFIGURATIONS = [
    ("conditions", ["mod_setenv", "mod_access"], '''
server.tag = "test"
setenv.add-response-header = ( "X-All" => "1" )
$HTTP["host"] == "a.example" { setenv.add-response-header = ( "X-Host" => "a" ) }
else $HTTP["host"] =~ "^(www\\.)?b\\." {
    setenv.set-response-header = ( "X-Host" => "b" )
    $HTTP["url"] =^ "/sub" { server.document-root = "@DIR@/root/sub" }
    else $HTTP["url"] =$ ".txt" { setenv.set-response-header = ( "X-All" => "" ) }
    else { url.access-deny = ( ".css" ) }
} else $HTTP["host"] != "localhost" { server.error-handler-404 = "/404.html" }
else { server.tag = "last" }
$HTTP["remoteip"] == "127.0.0.2" { url.access-deny = ( "" ) }
$HTTP["remoteip"] =~ "^127\\.0\\.1" { setenv.set-response-header = ( "X-From" => "far" ) }
$HTTP["useragent"] =~ "bot" { url.access-allow = ( ".txt", "/" ) }
$HTTP["querystring"] =~ "download" { setenv.add-response-header = ( "Content-Disposition" => "attachment" ) }
$HTTP["request-method"] == "POST" { server.document-root = "@DIR@/root/list" }
$HTTP["cookie"] =~ "session" { setenv.add-response-header = ( "X-Session" => "yes" ) }
$REQUEST_HEADER["X-Try"] != "" { setenv.add-response-header = ( "X-Tried" => "yes" ) }
$SERVER["socket"] == "127.0.0.1:@PORT@" { setenv.add-response-header = ( "X-Socket" => "plain" ) }
'''),
    ("rewrites", ["mod_rewrite", "mod_redirect", "mod_alias"], '''
url.rewrite-once = ( "^/r/([a-z])(.*)$" => "/$1.txt$2", "^/blog/(\\d+)(?:/(.*))?" => "/sub/deep/file.txt?n=$1&r=$2",
                     "^/assets/" => "" )
url.rewrite-repeat = ( "^/loop(.*)" => "/loop/x$1", "^/go/a(.*)" => "/go/$1", "^/go/(.*)" => "/list/$1" )
url.rewrite-if-not-file = ( "^/nothing(.*)" => "/b.html?was=$1" )
url.redirect = ( "^/old/?(.*)$" => "/new/$1${qsa}", "^/list$" => "https://${url.authority}/elsewhere?q=%20" )
alias.url = ( "/pub/" => "@DIR@/root/sub/", "/go/" => "@DIR@/root/list/" )
$HTTP["host"] =~ "^www\\.(.*)" { url.redirect = ( "" => "http://%1${url.path}${qsa}" ) url.redirect-code = 307 }
$HTTP["host"] == "b.example" { url.rewrite-once = ( "^/sub/(.*)" => "/$1" ) }
'''),
    ("listings and errors", ["mod_dirlisting", "mod_userdir", "mod_alias"], '''
dir-listing.activate = "enable"
dir-listing.exclude = ( "two" )
userdir.basepath = "@DIR@/home"
userdir.path = "web"
userdir.exclude-user = ( "bob" )
alias.url = ( "/assets/" => "@DIR@/root/list/" )
server.error-handler = "/404.html"
static-file.exclude-extensions = ( ".php", ".cgi" )
$HTTP["host"] == "a.example" { server.error-handler = "" server.errorfile-prefix = "@DIR@/error-" }
$HTTP["host"] == "b.example" { server.error-handler = "/not/there" index-file.names = ( "/index.html" ) }
$HTTP["host"] == "localhost" { server.error-handler = "" dir-listing.activate = "disable" }
server.range-requests = "enable"
$HTTP["url"] =^ "/list" { server.range-requests = "disable" }
'''),
    ("guards", ["mod_auth", "mod_authn_file", "mod_access", "mod_indexfile", "mod_extforward"], '''
auth.backend = "plain"
auth.backend.plain.userfile = "@DIR@/users"
auth.require = ( "/private" => ( "method" => "basic", "realm" => "p", "require" => "user=ann" ),
                 "/secret" => ( "method" => "basic", "realm" => "s", "require" => "user=bob" ),
                 "/list/index" => ( "method" => "basic", "realm" => "i", "require" => "valid-user" ) )
url.access-deny = ( "~", ".inc" )
extforward.forwarder = ( "127.0.0.3" => "trust" )
extforward.headers = ( "X-Forwarded-For" )
$HTTP["remoteip"] == "10.0.0.0/8" { url.access-deny = ( ".txt" ) }
'''),
    ("fields", ["mod_expire", "mod_setenv", "mod_deflate"], '''
expire.url = ( "/sub/" => "access plus 1 hours", "/list" => "" )
expire.mimetypes = ( "text/css" => "access plus 2 days" )
setenv.set-response-header = ( "Cache-Control" => "", "X-Frame-Options" => "DENY" )
setenv.add-response-header = ( "Vary" => "X-Try" )
deflate.mimetypes = ( "text/" )
static-file.precompressed = ( "gzip" )
etag.use-inode = "disable"
$HTTP["url"] =$ ".html" {
    static-file.etags = "disable"
    setenv.set-response-header = ( "Cache-Control" => "no-store" )
}
$HTTP["host"] == "a.example" { deflate.allowed-encodings = ( "gzip" ) deflate.cache-dir = "@DIR@/coded" }
$HTTP["host"] == "b.example" { expire.url = ( "" => "access plus 3 months" ) server.tag = "" }
server.reply-cache-size = 64
'''),
    ("hosts", ["mod_simple_vhost", "mod_evhost", "mod_redirect"], '''
simple-vhost.server-root = "@DIR@/hosts/"
simple-vhost.document-root = "/docs"
simple-vhost.default-host = "localhost"
$HTTP["host"] =~ "example\\.net$" { evhost.path-pattern = "@DIR@/hosts/%0/%3/" }
$HTTP["host"] == "127.0.0.1" {
    server.name = "me"
    url.redirect = ( "t" => "${url.scheme}://x${url.path}:${url.port}" )
}
else $HTTP["host"] =~ "^(.)\\.example" { url.redirect = ( "^/(sub|r)/?(.*)" => "/%1/$2:${url.port}" ) }
server.force-lowercase-filenames = "enable"
server.http-parseopts = ( "url-path-2f-decode" => "disable", "url-path-2f-reject" => "enable" )
'''),
    ("backends", ["mod_proxy", "mod_cgi", "mod_fastcgi", "mod_rewrite", "mod_wstunnel"], '''
proxy.server = ( "/api" => ( ( "host" => "127.0.0.1", "port" => @TLS@ ) ) )
fastcgi.server = ( ".php" => ( ( "socket" => "@DIR@/no.sock", "check-local" => "enable" ) ) )
cgi.assign = ( ".cgi" => "" )
wstunnel.server = ( "/go" => ( ( "host" => "127.0.0.1", "port" => @TLS@ ) ) )
url.rewrite-if-not-file = ( "^/blog/(.*)" => "/script.php/$1" )
$HTTP["host"] == "a.example" { proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => @TLS@ ) ) ) }
$HTTP["host"] == "b.example" { server.error-handler-404 = "/script.php" }
'''),
]


def addresses_are_ours():
    """Linux has all of 127/8; elsewhere an address is there if somebody has given it to the loopback."""
    for address in set(ADDRESSES):
        with socket.socket() as s:
            try:
                s.bind((address, 0))
            except OSError:
                ADDRESSES[:] = [a for a in ADDRESSES if a != address]


def furnish(server):
    tree(server.root)
    home, hosts = os.path.join(server.dir, "home"), os.path.join(server.dir, "hosts")
    write(os.path.join(home, "ann/web/home.txt"), "home\n")
    write(os.path.join(server.dir, "users"), "ann:secret\nbob:b\n")
    write(os.path.join(server.dir, "error-404.html"), "the prefix's page\n")
    for name in ("localhost/docs", "a.example/docs", "example.net/y", "b.example/docs"):
        tree(os.path.join(hosts, name))


def same(backend, number, kind, modules, text):
    need("PCRE support", *modules)
    addresses_are_ours()
    tls = features().get("SSL support") and kind in ("conditions", "rewrites", "guards")
    head = "server.modules = ( %s )\n" % ", ".join('"%s"' % m for m in modules)
    server = Server(head + COMMON + text + (tls_text() if tls else ""), backend)
    furnish(server)
    kinds = compare(server, server.config, count_of_requests(REQUESTS), number, tls)
    assert len(kinds) >= 4, "these requests have too few kinds of answers: %r" % kinds
    assert server.end() == 0


def example(backend):
    """doc/goldcrest.conf, with other places."""
    need("PCRE support", "mod_deflate", "mod_access", "mod_accesslog", "mod_alias", "mod_expire", "mod_redirect",
         "mod_setenv")
    addresses_are_ours()
    text = harness.read(os.path.join(HERE, "..", "..", "doc", "goldcrest.conf")).decode()
    for old, new in (("/var/www/html", "@DIR@/root"), ("/srv/pub/", "@DIR@/root/list/"),
                     ("/srv/files", "@DIR@/files"), ("/var/log/goldcrest", "@DIR@"),
                     ("/run/goldcrest.pid", "@DIR@/pid"),
                     ("server.port          = 80", 'server.port = @PORT@\nserver.bind = "127.0.0.1"')):
        text = text.replace(old, new)
    others = ("server.username", "server.groupname")
    text = "\n".join(line for line in text.split("\n") if not line.startswith(others))
    server = Server(text, backend)
    furnish(server)
    tree(os.path.join(server.dir, "files"))
    compare(server, server.config, count_of_requests(REQUESTS), 100)
    assert server.end() == 0


def debian(enabled):
    """A configuration as Debian ships it, with its user; the backends in it are there for nobody."""
    need("PCRE support", "mod_access", "mod_alias", "mod_redirect", "mod_dirlisting", "mod_deflate", "zlib support")
    addresses_are_ours()
    server, _ = t_debian.start(enabled)
    server.bound_to = "0.0.0.0"
    tree(os.path.join(server.dir, "var/www/html"))
    kinds = compare(server, os.path.join(server.dir, "etc/lighttpd/lighttpd.conf"), count_of_requests(REQUESTS), 101)
    assert len(kinds) >= 4, "these requests have too few kinds of answers: %r" % kinds
    assert server.end() == 0


# ---- what users see ---------------------------------------------------------------------------------

def explained(config, *arguments):
    status, out, errors = harness.command("explain", "-f", config, *arguments)
    assert status == 0 and not errors, "%d %s" % (status, errors)
    return out


def made(text):
    """A configuration without a server."""
    where = folder("explain")
    root = os.path.join(where, "root")
    tree(root)
    text = 'server.document-root = "%s"\nserver.port = 8080\n' % root + text.replace("@DIR@", where)
    return where, write(os.path.join(where, "test.conf"), text)


def tells_why():
    """Each decision with its line; which of two settings holds; the directory that stops the worker."""
    need("PCRE support", "mod_rewrite", "mod_setenv")
    where, config = made('''server.modules = ( "mod_rewrite", "mod_setenv" )
setenv.add-response-header = ( "X-Which" => "global" )
url.rewrite-once = ( "^/see/([a-z]+)$" => "/deep/$1.txt" )
$HTTP["host"] == "other.example" { server.tag = "no" }
else $HTTP["host"] =~ "^a\\.(.*)" {
    setenv.add-response-header = ( "X-Which" => "host" )
} else { server.tag = "never" }
''')
    write(os.path.join(where, "root/deep/one.txt"), "1")
    out = explained(config, "http://a.example:8080/see/one")
    rows = {" ".join(line.split()) for line in out.splitlines()}
    for row in ("200 OK 1 bytes, text/plain; charset=utf-8",
                "socket 0.0.0.0:8080 %s:2" % config,
                'no $HTTP["host"] == "other.example" it is "a.example:8080" %s:6' % config,
                'yes else $HTTP["host"] =~ "^a\\.(.*)" it is "a.example:8080" %s:7' % config,
                "- else not looked at: line 7 applies %s:9" % config,
                "uri raw mod_rewrite the URL is /deep/one.txt %s:5" % config,
                '"^/see/([a-z]+)$" matches, $1=one %s:5' % config,
                "X-Which: host mod_setenv %s:8" % config,
                'setenv.add-response-header = ( "X-Which" => "host" ) %s:8' % config,
                "in place of that of %s:4" % config,
                "kept as long as the file is the same"):
        assert row in rows, "no row \"%s\" in:\n%s" % (row, out)
    asked = json.loads(explained(config, "POST", "/see/one", "--json", "--from", "10.0.0.9", "-H", "Host: a.b"))
    found = [asked[name] for name in ("method", "status", "client", "host")]
    assert found == ["POST", 405, "10.0.0.9", "a.b"], asked
    assert "\033" not in out, "colours where there is no terminal"


def who_may_pass():
    """The component that stops the workers' user is marked; root sees what they see."""
    user = somebody().pw_name
    where, config = made('server.username = "%s"\n' % user)
    os.chmod(where, 0o755)
    shut = os.path.join(where, "root/shut")
    write(os.path.join(shut, "x.txt"), "x")
    os.chmod(shut, 0o700)
    out = explained(config, "/shut/x.txt")
    rows = [" ".join(line.split()) for line in out.splitlines()]
    stopped = [row for row in rows if row.endswith("shut may not pass")]
    assert len(stopped) == 1 and "drwx------" in stopped[0], out
    assert not is_root() or "403 Forbidden" in out, out


def nobody_notices():
    """No backend is asked, no program started, nothing written; and that is what it says."""
    need("mod_proxy", "mod_cgi", "mod_deflate", "mod_accesslog", "mod_auth")
    where, config = made('''server.modules = ( "mod_proxy", "mod_cgi", "mod_deflate", "mod_accesslog", "mod_auth" )
server.errorlog = "@DIR@/error.log"
accesslog.filename = "@DIR@/access.log"
cgi.assign = ( ".cgi" => "" )
deflate.mimetypes = ( "text/" )
deflate.cache-dir = "@DIR@/coded"
mimetype.assign = ( ".css" => "text/css" )
proxy.server = ( "/api" => ( ( "host" => "127.0.0.1", "port" => @PORT@ ) ) )
auth.forward = ( "/private" => ( "url" => "http://127.0.0.1:@PORT@/may" ) )
''')
    write(os.path.join(where, "root/note.cgi"), "#!/bin/sh\ntouch %s/ran\n" % where)
    os.chmod(os.path.join(where, "root/note.cgi"), 0o755)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(5)
        s.settimeout(0.2)
        port = s.getsockname()[1]
        write(config, harness.read(config).replace(b"@PORT@", b"%d" % port))
        before = sorted(os.listdir(where))
        for url, end in (("/api/x", "backend"), ("/note.cgi", "backend"), ("/private/x", "depends"),
                         ("/style.css", "answered"), ("/nothing", "answered")):
            said = json.loads(explained(config, "--json", "-H", "Accept-Encoding: gzip", url))
            assert said["end"] == end, "%s: %s" % (url, said["end"])
            if url == "/api/x":
                assert said["backend"] == 'proxy.server "/api" => 127.0.0.1:%d' % port, said["backend"]
        try:
            s.accept()
            raise AssertionError("somebody has connected")
        except socket.timeout:
            pass
    assert sorted(os.listdir(where)) == before, "there is more than before: %r" % sorted(os.listdir(where))


def misused():
    where, config = made("")
    for arguments in ((), ("/",), ("-f", config), ("-f", config, "GET", "/", "x"), ("-f", config, "-H", "none", "/"),
                      ("-f", config, "GET  /a b"), ("-f", config, "--from", "nowhere", "/"),
                      ("-f", config, "--socket", "1.2.3.4:5", "/"), ("-f", where + "/none", "/"), ("--what", "/")):
        status, out, errors = harness.command("explain", *arguments)
        assert status == 255 and (errors or "no request" in out), "%r: %d %s%s" % (arguments, status, out, errors)
    assert harness.command("explain", "-f", config, "/nothing")[0] == 0, "a 404 can be explained"
    lines = b"/a\n/" + b"x" * 70000 + b" http://b/\n/c\n"
    status, out, errors = harness.command("explain", "--json", "-f", config, "-", input=lines)
    asked = [answer["asked"] for answer in map(json.loads, out.splitlines())]
    assert status == 255 and "line 2" in errors and asked == ["/a", "/c"], (status, asked, errors)


def tests():
    yield Test("explain: tells why, with the line", tells_why)
    yield Test("explain: who may pass", who_may_pass)
    yield Test("explain: nobody notices", nobody_notices)
    yield Test("explain: misused", misused)
    for backend in backends():
        for number, (kind, modules, text) in enumerate(CONFIGURATIONS):
            yield Test("explain: says what the server does, %s, %s" % (kind, backend), same, backend, number, kind,
                       modules, text)
        yield Test("explain: says what the server does, doc/goldcrest.conf, %s" % backend, example, backend)
    for enabled in (["90-debian-doc.conf", "20-deflate.conf"], ["10-simple-vhost.conf", "10-dir-listing.conf"],
                    ["10-userdir.conf", "10-expire.conf", "10-rewrite.conf", "05-auth.conf", "11-extforward.conf"]):
        yield Test("explain: says what the server does, Debian: %s" % " ".join(enabled), debian, enabled)
