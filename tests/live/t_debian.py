#!/usr/bin/env python3
# t_debian.py - a stock Debian set-up of lighttpd starts unchanged but for its port and user
# SPDX-License-Identifier: BSD-3-Clause
import os
import pwd
import subprocess

import harness
from certificates import localhost
from harness import Server, Test, curl, folder, get, is_root, need, read, wait_for, write
from t_signals import somebody
from t_tls import trusting, url

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "debian")


def set_up(enabled, port, tls_port):
    """The tree as a package manager leaves it, below a prefix of its own; returns that prefix."""
    prefix = folder("debian")
    user = somebody().pw_name if is_root() else "www-data"
    for where, _, files in os.walk(SOURCE):
        for name in files:
            text = read(os.path.join(where, name)).decode().replace("@PREFIX@", prefix)
            if name == "lighttpd.conf":
                text = text.replace("server.port          = 80", "server.port          = %d" % port)
                if user != "www-data":
                    text = text.replace('server.groupname     = "www-data"', "").replace("www-data", user)
            if name in ("10-ssl.conf", "use-ipv6.pl"):
                text = text.replace("443", str(tls_port))
            path = write(os.path.join(prefix, os.path.relpath(os.path.join(where, name), SOURCE)), text)
            os.chmod(path, 0o755 if name.endswith(".pl") else 0o644)
    for name in ("var/log/lighttpd", "var/cache/lighttpd/uploads", "var/cache/lighttpd/compress", "run",
                 "var/www/html", "usr/share/doc",
                 "etc/lighttpd/conf-enabled", "usr/lib/cgi-bin"):
        os.makedirs(os.path.join(prefix, name), exist_ok=True)
    os.chmod(os.path.join(prefix, "var/log/lighttpd"), 0o777)
    os.chmod(os.path.join(prefix, "run"), 0o777)
    cache = os.path.join(prefix, "var/cache/lighttpd/compress")
    os.chmod(cache, 0o750)
    if is_root():  # as the package makes it
        os.chown(cache, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    if "10-ssl.conf" in enabled:
        pem = write(os.path.join(prefix, "etc/lighttpd/server.pem"), read(localhost().pem))
        os.chmod(pem, 0o400)
    for name in enabled:
        os.symlink("../conf-available/" + name, os.path.join(prefix, "etc/lighttpd/conf-enabled", name))
    write(os.path.join(prefix, "var/www/html/index.html"), "it works\n")
    write(os.path.join(prefix, "var/www/html/script.php"), "<?php ?>")
    write(os.path.join(prefix, "var/www/html/style.css"), "b{}")
    write(os.path.join(prefix, "var/www/html/secret.inc"), "x")
    write(os.path.join(prefix, "usr/share/doc/pkg/README"), "documentation\n")
    return prefix


def start(enabled):
    need("PCRE support", "mod_access", "mod_alias", "mod_redirect", "mod_dirlisting")
    port, tls_port = harness.free_ports(2)
    prefix = set_up(enabled, port, tls_port)
    conf = os.path.join(prefix, "etc/lighttpd/lighttpd.conf")
    status, _, errors = harness.command("-tt", "-f", conf)
    assert status == 0, errors
    process = subprocess.Popen([harness.goldcrest, "-D", "-f", conf], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    server = Server.__new__(Server)
    server.dir, server.port, server.tls_port, server.process = prefix, port, tls_port, process
    server.error_log = os.path.join(prefix, "var/log/lighttpd/error.log")
    server.output = open(os.devnull, "rb")
    harness.running.append(server)
    server.wait_ready()
    return server, errors


def stock():
    server, errors = start(["90-debian-doc.conf", "99-unconfigured.conf"])
    port = server.port
    assert get(port, "/")[2] == b"it works\n"
    status, headers, _ = get(port, "/style.css")
    assert status == 200 and headers["Content-Type"].startswith("text/css"), headers["Content-Type"]
    assert get(port, "/script.php")[0] == 403, "the source of a script"
    assert get(port, "/secret.inc")[0] == 403
    assert get(port, "/doc/pkg/README")[2] == b"documentation\n"
    assert b"README" in get(port, "/doc/pkg/")[2]
    assert int(read(os.path.join(server.dir, "run/lighttpd.pid"))) == server.process.pid
    assert server.end() == 0


def everything_enabled():
    """Modules that are not in this build are warnings, never the end."""
    left_out = ("10-simple-vhost.conf", "10-evhost.conf", "10-ssl.conf", "15-fastcgi-php.conf")  # exclude others
    available = sorted(os.listdir(os.path.join(SOURCE, "etc/lighttpd/conf-available")))
    server, errors = start([name for name in available if name not in left_out])
    for name in ("mod_auth", "mod_cgi", "mod_proxy"):
        assert harness.features().get(name) or "%s is left out" % name in errors, errors
    assert get(server.port, "/")[2] == b"it works\n"
    log = os.path.join(server.dir, "var/log/lighttpd/access.log")
    wait_for(lambda: os.path.exists(log) and b"GET / HTTP/1.1" in read(log), "the access log", 5)
    status, headers, _ = get(server.port, "/x", {"Host": "www.example.org"})
    assert status == 301 and headers["Location"] == "http://example.org/x", headers["Location"]
    assert server.end() == 0


def simple_vhosts():
    need("mod_simple_vhost")
    server, _ = start(["10-simple-vhost.conf"])
    write(os.path.join(server.dir, "srv/a.example/htdocs/index.html"), "a\n")
    write(os.path.join(server.dir, "srv/www.example.com/htdocs/index.html"), "default\n")
    assert get(server.port, "/", {"Host": "a.example"})[2] == b"a\n"
    assert get(server.port, "/", {"Host": "unknown.example"})[2] == b"default\n"
    assert server.end() == 0


def tls_and_deflate():
    """10-ssl.conf and 20-deflate.conf as Debian ships them; HTTP/2 is enabled in the main file."""
    need("SSL support", "mod_deflate", "zlib support")
    server, errors = start(["10-ssl.conf", "20-deflate.conf"])
    assert "ssl" not in errors.lower() and "deflate" not in errors, errors
    style = "".join("a%d { color: red }\n" % i for i in range(1000))
    write(os.path.join(server.dir, "var/www/html/style.css"), style)
    plain = "http://127.0.0.1:%d/style.css" % server.port
    for base, options in ((plain, ["--http1.1"]), (plain, ["--http2-prior-knowledge"]),
                          (url(server, "/style.css"), [*trusting(server), "--http1.1"]),
                          (url(server, "/style.css"), [*trusting(server), "--http2"])):
        status, got = curl("--compressed", *options, base)
        assert (status, got.decode()) == (0, style), "%s %s: %d" % (base, options[-1], status)
        _, head = curl("-I", "-H", "Accept-Encoding: gzip", *options, base)
        assert b"content-encoding: gzip" in head.lower() and b"content-type: text/css" in head.lower(), head
        assert head.startswith(b"HTTP/1.1 200" if options[-1] == "--http1.1" else b"HTTP/2 200"), head
    cache = os.path.join(server.dir, "var/cache/lighttpd/compress")
    assert any(names for _, _, names in os.walk(cache)), "nothing in the cache directory"
    assert curl(*trusting(server), url(server, "/"))[1] == b"it works\n"
    assert server.end() == 0


def tests():
    yield Test("Debian: the stock configuration", stock)
    yield Test("Debian: everything enabled", everything_enabled)
    yield Test("Debian: simple-vhost", simple_vhosts)
    yield Test("Debian: TLS and compression", tls_and_deflate)
