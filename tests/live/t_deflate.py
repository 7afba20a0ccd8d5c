#!/usr/bin/env python3
# t_deflate.py - compressed responses as clients see them: codings, entity tags, siblings, ranges, the cache directory
# SPDX-License-Identifier: BSD-3-Clause
import gzip
import os
import re
import shutil
import subprocess
import time
import zlib

from certificates import tls_text
from harness import (Server, Test, backends, command, connect, curl, features, folder, get, is_root, need, noise,
                     read, read_all, wait_for, write)
from t_features import split
from t_signals import somebody
from t_tls import trusting, url

DECODERS = {"br": ["brotli", "-dc"], "zstd": ["zstd", "-dc"]}
CODINGS = {"gzip": "zlib support", "deflate": "zlib support", "br": "brotli support", "zstd": "zstd support"}
TEXT = b"".join(b"line %d of a text that is worth to be compressed, since it says the same again and again\n" % i
                for i in range(4000))
SMALL = TEXT[:20000]

CONFIG = '''server.modules = ( "mod_deflate", "mod_setenv" )
mimetype.assign = ( ".html" => "text/html", ".css" => "text/css", ".txt" => "text/plain", ".png" => "image/png" )
deflate.mimetypes = ( "text/", "application/javascript" )
'''


def built():
    """The codings of this build that can be undone here."""
    need("mod_deflate", "zlib support")
    return [coding for coding, feature in CODINGS.items()
            if features().get(feature) and (coding not in DECODERS or shutil.which(DECODERS[coding][0]))]


def decode(coding, body):
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "deflate":
        return zlib.decompress(body)
    if coding is None:
        return body
    done = subprocess.run(DECODERS[coding], input=body, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(server, path, accepted=None, **fields):
    """(status, headers, body as it came)"""
    more = {name.replace("_", "-"): value for name, value in fields.items()}
    if accepted is not None:
        more["Accept-Encoding"] = accepted
    return get(server.port, path, more, method=more.pop("method", "GET"))


def start(text="", backend=None, config=CONFIG):
    server = Server(config + text, backend)
    for name, content in (("small.txt", SMALL), ("large.txt", TEXT), ("tiny.txt", b"tiny"), ("page.html", SMALL),
                          ("picture.png", TEXT), ("noise.txt", noise(50000)), ("empty.txt", b"")):
        server.file(name, content)
    return server


def codings(backend):
    """Each coding, of a small body and of a large one, and what stands beside it."""
    known = built()
    server = start(backend=backend)
    for path, content in (("/small.txt", SMALL), ("/large.txt", TEXT)):
        tags = set()
        for coding in known:
            for _ in range(3):  # made, kept, and from what was kept
                status, headers, body = ask(server, path, coding)
                assert status == 200 and headers["Content-Encoding"] == coding, "%s: %s" % (coding, headers)
                assert decode(coding, body) == content and len(body) < len(content) / 2, coding
                assert headers["Content-Type"] == "text/plain", headers["Content-Type"]
                assert (headers["Vary"] or "").lower() == "accept-encoding", "Vary: %s" % headers["Vary"]
                tags.add((coding, headers["ETag"]))
        status, headers, body = ask(server, path)
        assert status == 200 and body == content and headers["Content-Encoding"] is None
        assert headers["Vary"].lower() == "accept-encoding", "caches must know (RFC 9110 12.5.5)"
        tags.add((None, headers["ETag"]))
        assert len({tag for _, tag in tags}) == len(known) + 1, "an entity tag for each: %r" % tags
    for path in ("/tiny.txt", "/picture.png", "/empty.txt"):
        status, headers, body = ask(server, path, "gzip, br, zstd, deflate")
        assert status == 200 and headers["Content-Encoding"] is None, "%s: %s" % (path, headers)
    assert ask(server, "/noise.txt", "gzip")[2] is not None
    assert server.end() == 0
    assert "warning" not in server.has_said(), server.has_said()


def preferences():
    known = built()
    server = start('deflate.allowed-encodings = ( "gzip", "br", "zstd", "deflate" )\n')
    table = [("gzip, br;q=0.5", "gzip"), ("gzip;q=0.5, deflate", "deflate"), ("*", "gzip"), ("gzip;q=0", None),
             ("", None), ("identity", None), ("x-gzip", "gzip"), ("GZIP", "gzip"), ("compress", None),
             ("identity;q=0.5, gzip;q=0.4", None), ("identity;q=0, gzip;q=0.1", "gzip"),
             ("gzip ; q=1.0 , identity;q=0", "gzip")]
    if "br" in known:
        table += [("gzip;q=0.5, br", "br"), ("br, gzip", "gzip"), ("gzip;q=0, *", "br")]
    for accepted, wanted in table:
        got = ask(server, "/small.txt", accepted)[1]["Content-Encoding"]
        assert got == wanted, "Accept-Encoding: %s was answered with %s, not %s" % (accepted, got, wanted)
    server.end()
    server = start('deflate.allowed-encodings = ( "deflate" )\n')
    assert ask(server, "/small.txt", "gzip")[1]["Content-Encoding"] is None
    assert ask(server, "/small.txt", "gzip, deflate")[1]["Content-Encoding"] == "deflate"
    assert server.end() == 0


def by_curl():
    """curl --compressed, over everything it speaks."""
    built()
    server = start(tls_text() if features().get("SSL support") else "")
    ways = [("http://127.0.0.1:%d" % server.port, [])]
    if features().get("SSL support"):
        ways += [(url(server), [*trusting(server), "--http1.1"]), (url(server), [*trusting(server), "--http2"])]
    for base, options in ways:
        for path, content in (("/small.txt", SMALL), ("/large.txt", TEXT), ("/noise.txt", noise(50000)),
                              ("/tiny.txt", b"tiny")):
            for _ in range(2):
                status, got = curl("--compressed", *options, base + path)
                assert (status, got) == (0, content), "%s%s: curl ended with %d" % (base, path, status)
        _, answer = curl("-I", "-H", "Accept-Encoding: gzip", *options, base + "/large.txt")
        assert b"content-encoding: gzip" in answer.lower(), answer
    assert server.end() == 0


def conditions():
    """304 and 412 go by the tag of what the client has; HEAD says what GET would."""
    built()
    server = start()
    for path in ("/small.txt", "/large.txt"):
        plain, coded = ask(server, path)[1], ask(server, path, "gzip")[1]
        assert coded["ETag"].startswith("W/"), "the same bytes need not come out twice: %s" % coded["ETag"]
        for accepted, tag in ((None, plain["ETag"]), ("gzip", coded["ETag"])):
            status, headers, body = ask(server, path, accepted, If_None_Match=tag)
            assert (status, body) == (304, b""), "%s %s: %d" % (path, accepted, status)
            assert headers["Vary"].lower() == "accept-encoding" and headers["ETag"] == tag, headers
            assert headers["Content-Encoding"] is None
        assert ask(server, path, None, If_None_Match=coded["ETag"])[0] == 200, "another representation's tag"
        assert ask(server, path, "gzip", If_None_Match=plain["ETag"])[0] == 200
        assert ask(server, path, "gzip", If_Modified_Since=plain["Last-Modified"])[0] == 304
        assert ask(server, path, "gzip", If_None_Match=coded["ETag"], method="HEAD")[0] == 304
        assert ask(server, path, "gzip", If_Match='"other"')[0] == 412
        status, headers, body = ask(server, path, "gzip", method="HEAD")
        assert (status, body, headers["Content-Encoding"]) == (200, b"", "gzip") and headers["ETag"] == coded["ETag"]
    assert server.end() == 0


def ranges():
    """A range is of the plain file, or the client gets the whole: never bytes of two representations."""
    built()
    server = start()
    for path, content in (("/small.txt", SMALL), ("/large.txt", TEXT)):
        status, headers, body = ask(server, path, None, Range="bytes=100-199")
        assert (status, body) == (206, content[100:200]) and headers["Content-Encoding"] is None
        status, headers, body = ask(server, path, "gzip", Range="bytes=100-199")
        if status == 206:
            assert headers["Content-Encoding"] is None and body == content[100:200]
        else:
            assert status == 200 and decode(headers["Content-Encoding"], body) == content
        coded = ask(server, path, "gzip")[1]["ETag"]
        status, headers, body = ask(server, path, "gzip", Range="bytes=10-", If_Range=coded)
        assert status == 200 and decode(headers["Content-Encoding"], body) == content, "If-Range with a weak tag"
    assert server.end() == 0


def changed():
    """A file that is changed is seen within a second or two, coded too."""
    built()
    server = start()
    assert decode("gzip", ask(server, "/small.txt", "gzip")[2]) == SMALL
    tag = ask(server, "/small.txt", "gzip")[1]["ETag"]
    server.file("small.txt", SMALL[::-1])
    wait_for(lambda: decode("gzip", ask(server, "/small.txt", "gzip")[2]) == SMALL[::-1], "the new content", 5)
    assert ask(server, "/small.txt", "gzip")[1]["ETag"] != tag
    assert ask(server, "/small.txt", "gzip", If_None_Match=tag)[0] == 200
    assert server.end() == 0


def limits():
    built()
    server = start('deflate.min-compress-size = 5000\ndeflate.max-compress-size = 100\n'
                   '$HTTP["url"] == "/page.html" { deflate.mimetypes = ( ) }\n'
                   '$HTTP["url"] == "/sealed.txt" {\n'
                   ' setenv.set-response-header = ( "Cache-Control" => "no-transform" )\n}\n')
    server.file("sealed.txt", TEXT[:50000])
    server.file("under.txt", TEXT[:4999])
    server.file("least.txt", TEXT[:5000])
    server.file("most.txt", TEXT[:102400])
    server.file("over.txt", TEXT[:102401])
    for path, wanted in (("/under.txt", None), ("/least.txt", "gzip"), ("/most.txt", "gzip"), ("/over.txt", None),
                         ("/page.html", None), ("/sealed.txt", None)):
        assert ask(server, path, "gzip")[1]["Content-Encoding"] == wanted, path
    assert server.end() == 0


def generated():
    """What is not a file: listings and error pages."""
    built()
    need("mod_dirlisting")
    server = start('dir-listing.activate = "enable"\ndeflate.mimetypes := ( "text/html" )\n')
    for i in range(100):
        server.file("folder/file %d" % i, b"x")
    status, headers, body = ask(server, "/folder/", "gzip")
    assert status == 200 and headers["Content-Encoding"] == "gzip" and b"file%2099" in decode("gzip", body)
    status, headers, body = ask(server, "/missing", "gzip")
    assert status == 404 and b"404" in decode(headers["Content-Encoding"], body)
    assert server.end() == 0


def cache_directory():
    """Compressed files are kept as files, of the workers' user; a changed file has another one."""
    built()
    directory = folder("cache")
    user = somebody() if is_root() else None
    if user:
        os.chown(directory, user.pw_uid, user.pw_gid)
    server = start('deflate.cache-dir = "%s"\n' % directory +
                   ('server.username = "%s"\nserver.errorlog = ""\n' % user.pw_name if user else ""))

    def kept():
        return {os.path.join(where, name) for where, _, names in os.walk(directory) for name in names}
    for path, content in (("/small.txt", SMALL), ("/large.txt", TEXT)):
        before = kept()
        for _ in range(3):
            status, headers, body = ask(server, path, "gzip")
            assert status == 200 and headers["Content-Encoding"] == "gzip" and decode("gzip", body) == content, path
        new = kept() - before
        assert len(new) == 1, "%s: %r" % (path, new)
        assert gzip.decompress(read(new.pop())) == content
    server.file("large.txt", TEXT + b"more\n")
    wait_for(lambda: decode("gzip", ask(server, "/large.txt", "gzip")[2]) == TEXT + b"more\n", "the new content", 5)
    wait_for(lambda: len(kept()) == 3, "a file of its own for the new content", 5)
    with connect(server.port) as s:  # a client that goes away leaves nothing half-made behind
        s.sendall(b"GET /large.txt HTTP/1.1\r\nHost: a\r\nAccept-Encoding: deflate\r\n\r\n")
    time.sleep(0.3)
    for name in kept():
        if "deflate" in name:
            assert zlib.decompress(read(name)) == TEXT + b"more\n", name
    for accepted in ("gzip", "deflate"):
        assert decode(accepted, ask(server, "/large.txt", accepted)[2]) == TEXT + b"more\n"
    status, headers, body = ask(server, "/missing.txt", "gzip")
    assert status == 404 and not [name for name in kept() if "missing" in name]
    shutil.rmtree(directory)
    assert decode("gzip", ask(server, "/page.html", "gzip")[2]) == SMALL, "without the directory"
    assert server.end() == 0


def siblings():
    """static-file.precompressed: NAME.br and so on beside NAME."""
    server = Server('mimetype.assign = ( ".css" => "text/css", ".gz" => "application/gzip" )\n'
                    'static-file.precompressed = ( "br", "zstd", "gzip" )\n')
    old = time.time() - 100
    for name, content in (("a.css", b"plain a"), ("a.css.br", b"brotli a"), ("a.css.gz", b"gzipped a"),
                          ("a.css.zst", b"zstd a"), ("b.css", b"plain b"), ("b.css.gz", b"older than b"),
                          ("c.css", b"plain c")):
        server.file(name, content)
    for name in ("a.css", "b.css.gz"):
        os.utime(os.path.join(server.root, name), (old, old))
    table = [("/a.css", "gzip, br", "br", b"brotli a"), ("/a.css", "gzip", "gzip", b"gzipped a"),
             ("/a.css", "zstd, br;q=0.3", "zstd", b"zstd a"), ("/a.css", None, None, b"plain a"),
             ("/a.css", "deflate", None, b"plain a"), ("/b.css", "gzip", None, b"plain b"),
             ("/c.css", "gzip, br", None, b"plain c")]
    tags = set()
    for _ in range(2):
        for path, accepted, coding, content in table:
            status, headers, body = ask(server, path, accepted)
            assert (status, headers["Content-Encoding"], body) == (200, coding, content), "%s for %s: %d %s %r" % (
                path, accepted, status, headers["Content-Encoding"], body)
            assert headers["Content-Type"] == "text/css", headers["Content-Type"]
            if path == "/a.css":
                assert headers["Vary"].lower() == "accept-encoding"
                tags.add((coding, headers["ETag"]))
    assert len(tags) == len({tag for _, tag in tags}) == 4, tags
    status, headers, body = ask(server, "/a.css", "br", Range="bytes=0-2")
    assert (status, body, headers["Content-Encoding"]) == (206, b"bro", "br"), "files have ranges, coded or not"
    br = ask(server, "/a.css", "br")[1]["ETag"]
    assert ask(server, "/a.css", "br", If_None_Match=br)[0] == 304
    assert ask(server, "/a.css", "gzip", If_None_Match=br)[0] == 200
    _, headers, body = ask(server, "/a.css.gz", "gzip")
    assert headers["Content-Encoding"] is None and headers["Content-Type"] == "application/gzip", headers
    status, headers, _ = ask(server, "/a.css", "br", method="HEAD")
    assert headers["Content-Length"] == "8" and headers["Content-Encoding"] == "br"
    server.file("c.css.gz", b"gzipped c")
    wait_for(lambda: ask(server, "/c.css", "gzip")[2] == b"gzipped c", "the new sibling", 5)
    os.unlink(os.path.join(server.root, "a.css.br"))
    wait_for(lambda: ask(server, "/a.css", "br")[2] == b"plain a", "the sibling to be gone", 5)
    assert server.end() == 0


def old_names():
    """mod_compress and compress.*: they work, with a word on what they are called now."""
    built()
    server = Server('server.modules = ( "mod_compress" )\nmimetype.assign = ( ".txt" => "text/plain" )\n'
                    'compress.filetype = ( "text/plain" )\ncompress.allowed-encodings = ( "gzip" )\n')
    server.file("small.txt", SMALL)
    assert decode("gzip", ask(server, "/small.txt", "gzip, br")[2]) == SMALL
    assert "deflate.mimetypes" in server.has_said(), server.has_said()
    assert server.end() == 0
    config = write(os.path.join(folder("config"), "c.conf"), 'server.document-root = "/tmp"\n' + CONFIG +
                   'deflate.allowed-encodings = ( "gzip", "brotlee" )\ndeflate.params = ( "gzip.levle" => 3 )\n')
    status, _, errors = command("-t", "-f", config)
    assert status == 255 and re.search(r"c\.conf:5:\d+: .*brotlee", errors) and "gzip.level" in errors, errors


def slow_client():
    """A stream that is compressed waits for its client, and so does all of its content."""
    built()
    server = start()
    content = TEXT * 30
    server.file("huge.txt", content)
    with connect(server.port) as s:
        s.sendall(b"GET /huge.txt HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
        time.sleep(1)
        answer = read_all(s)
    head, body = split(answer)
    assert "chunked" in head.lower() or "content-length" in head.lower(), head
    status, got = curl("-H", "Accept-Encoding: gzip", "http://127.0.0.1:%d/huge.txt" % server.port)
    assert status == 0 and gzip.decompress(got) == content
    assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("deflate: codings %s" % backend, codings, backend)
    yield Test("deflate: preferences", preferences)
    yield Test("deflate: curl --compressed", by_curl)
    yield Test("deflate: conditions and HEAD", conditions)
    yield Test("deflate: ranges", ranges)
    yield Test("deflate: a file that is changed", changed)
    yield Test("deflate: limits", limits)
    yield Test("deflate: listings and pages", generated)
    yield Test("deflate: cache directory", cache_directory)
    yield Test("deflate: siblings", siblings)
    yield Test("deflate: old names", old_names)
    yield Test("deflate: a slow client", slow_client)
