#!/usr/bin/env python3
# t_backends.py - trees mirrored byte for byte, and uploads that are refused, with every event backend
# SPDX-License-Identifier: BSD-3-Clause
import gzip
import html.parser
import http.client
import os
import shutil
import subprocess
import urllib.parse

from harness import LOCALHOST, Server, Skip, Test, backends, connect, folder, full, need, read, read_all, noise, write

DOCUMENTATION = "/usr/share/doc"
TREE_BYTES, TREE_FILES = 40 * 1024 * 1024, 3000


# ---- a tree that is mirrored ---------------------------------------------------------------------

def made_up(root):
    for i in range(40):
        d = os.path.join(root, "package-%d" % i)
        write(os.path.join(d, "README"), "package %d\n" % i * 200)
        write(os.path.join(d, "changelog.gz"), gzip.compress(noise(20000 + i, i + 1)))
        write(os.path.join(d, "with space & \"quotes\" <%d>.txt" % i), b"odd name\n")
        write(os.path.join(d, "deep", "er", "data.bin"), noise(i * 4099, i + 1))
        os.symlink("README", os.path.join(d, "LINK"))
    os.symlink("package-0", os.path.join(root, "linked"))


def is_plain(package):
    """Only files that anybody may read, and no link that leads nowhere or upwards."""
    for where, folders, files in os.walk(package):
        for name in folders + files:
            path = os.path.join(where, name)
            if not os.path.exists(path) or not os.access(path, os.R_OK) or (name in folders and os.path.islink(path)):
                return False
    return True


def size_of(package):
    paths = [os.path.join(where, name) for where, _, files in os.walk(package) for name in files]
    return len(paths), sum(os.path.getsize(path) for path in paths)


def documentation(root):
    """Links to packages' documentation until there is enough of it."""
    count = size = 0
    for name in sorted(os.listdir(DOCUMENTATION)):
        package = os.path.join(DOCUMENTATION, name)
        if not os.path.isdir(package) or os.path.islink(package) or not is_plain(package):
            continue
        more_files, more_bytes = size_of(package)
        if more_files == 0 or count + more_files > TREE_FILES or size + more_bytes > TREE_BYTES:
            continue
        os.symlink(package, os.path.join(root, name))
        count, size = count + more_files, size + more_bytes
    return count


def make_tree():
    root = folder("tree")
    if not os.path.isdir(DOCUMENTATION) or documentation(root) < 50:
        made_up(root)
    return root


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        target = dict(attributes).get("href")
        if tag == "a" and target and not target.startswith(("/", "?", "#", ".", "http:", "https:")):
            self.found.append(target)


def mirror(connection, path, into):
    """Follows the listings on one connection."""
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, "%s: %d" % (path, response.status)
    if not path.endswith("/"):
        write(into, body)
        return
    os.makedirs(into, exist_ok=True)
    links = Links()
    links.feed(body.decode())
    for target in links.found:
        name = urllib.parse.unquote(target.rstrip("/"))
        assert "/" not in name, target
        mirror(connection, path + target, os.path.join(into, name))


def everything(root):
    found = {}
    for where, _, files in os.walk(root, followlinks=True):
        for name in files:
            path = os.path.join(where, name)
            found[os.path.relpath(path, root)] = path
    return found


def compare(source, copy):
    wanted, got = everything(source), everything(copy)
    assert sorted(wanted) == sorted(got), "missing %r, too much %r" % (sorted(set(wanted) - set(got))[:5],
                                                                      sorted(set(got) - set(wanted))[:5])
    assert wanted, "nothing was mirrored"
    for name in wanted:
        assert read(wanted[name]) == read(got[name]), "%s differs" % name


LISTING = 'server.modules = ( "mod_dirlisting" )\nserver.document-root = "%s"\n' \
          'dir-listing.activate = "enable"\ndir-listing.hide-dotfiles = "disable"\n' \
          'server.max-keep-alive-requests = 100\n'


def mirrored(backend):
    need("mod_dirlisting")
    source = make_tree()
    server = Server(LISTING % source, backend)
    copy = folder("copy")
    connection = http.client.HTTPConnection(LOCALHOST, server.port, timeout=30)
    mirror(connection, "/", copy)
    connection.close()
    compare(source, copy)
    shutil.rmtree(copy)
    assert server.end() == 0


def mirrored_by_wget():
    need("mod_dirlisting")
    if not shutil.which("wget"):
        raise Skip("there is no wget")
    source = folder("tree")
    made_up(source)
    server = Server(LISTING % source)
    copy = folder("copy")
    done = subprocess.run(["wget", "-q", "-r", "-np", "-nH", "-l", "10", "-e", "robots=off", "--no-proxy", "-P", copy,
                           "--default-page=.listing", "-R", "*[?]*", "http://127.0.0.1:%d/" % server.port],
                          stdin=subprocess.DEVNULL, timeout=200)
    assert done.returncode == 0, "wget ended with %d" % done.returncode
    for where, _, files in os.walk(copy):
        for name in files:
            if name.startswith(".listing"):
                os.unlink(os.path.join(where, name))
    compare(source, copy)


# ---- uploads that are refused --------------------------------------------------------------------

UPLOAD_BYTES = 100 * 1024 * 1024
REFUSED = 'server.modules = ( "mod_access" )\nurl.access-deny = ( ".forbidden" )\n' \
          '$HTTP["url"] =^ "/limited" { server.max-request-size = 1024 }\n'
REFUSALS = (("/limited", 413), ("/x.forbidden", 403), ("/missing", 404))


def upload(port, path, chunked):
    """Sends everything before it reads anything, as naive clients do: (status, whole answer)."""
    block = bytes(1024 * 1024)
    kind = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % UPLOAD_BYTES
    with connect(port, 60) as s:
        s.sendall(b"POST %s HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n" % (path.encode(), kind))
        for _ in range(UPLOAD_BYTES // len(block)):
            s.sendall(b"100000\r\n" + block + b"\r\n" if chunked else block)
        if chunked:
            s.sendall(b"0\r\n\r\n")
        answer = read_all(s)
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    length = [int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")]
    assert length and length[0] == len(body), "%s: %d of %r bytes of the body came" % (path, len(body), length)
    return int(lines[0].split()[1])


def refused(backend):
    need("mod_access")
    server = Server(REFUSED, backend)
    for path, wanted in REFUSALS:
        for turn in range(100 if full() else 20):
            chunked = turn % 10 == 9 and wanted != 413  # of these nobody knows the size before they are read
            status = upload(server.port, path, chunked)
            assert status == wanted, "%s, turn %d: %d" % (path, turn, status)
    assert server.end() == 0


def tests():
    for backend in backends():
        yield Test("mirror a tree, %s" % backend, mirrored, backend)
    yield Test("mirror a tree with wget", mirrored_by_wget)
    for backend in backends():
        yield Test("refused uploads of 100 MB, %s" % backend, refused, backend)
