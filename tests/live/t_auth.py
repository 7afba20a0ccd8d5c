#!/usr/bin/env python3
# t_auth.py - passwords: curl logs in by Basic and Digest; files, LDAP, PAM, another server; hashing blocks nobody
# SPDX-License-Identifier: BSD-3-Clause
import base64
import hashlib
import http.server
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

from harness import (LOCALHOST, Server, Skip, Test, command, curl, features, folder, free_port, get, need, read,
                     wait_for, write)

REALM = "the realm"
USERS = {  # openssl passwd, htpasswd: all are "secret"
    "apr1": "$apr1$xyzq$a0y10pRpHuBEinSgTcHRf/",
    "md5": None, "sha256": None, "sha512": None, "bcrypt": None, "yescrypt": None,
    "sha1": "{SHA}" + base64.b64encode(hashlib.sha1(b"secret").digest()).decode(),
}

CONFIG = r'''
server.modules = ( "mod_auth", "mod_setenv" )
server.max-worker = @WORKERS@
auth.backend = "htpasswd"
auth.backend.htpasswd.userfile = "@DIR@/htpasswd"
auth.backend.htdigest.userfile = "@DIR@/htdigest"
auth.backend.plain.userfile = "@DIR@/plain"
auth.backend.plain.groupfile = "@DIR@/groups"
server.feature-flags = ( "auth.delay-invalid-creds" => "@DELAY@" )
auth.require = ( "/basic/" => ( "method" => "basic", "realm" => "the realm", "require" => "valid-user" ),
                 "/group/" => ( "method" => "basic", "realm" => "the realm", "require" => "group=staff|user=sha1" ) )
$HTTP["url"] =^ "/digest/" {
    auth.backend = "htdigest"
    auth.require = (
        "/digest/all/" => ( "method" => "digest", "realm" => "the realm", "require" => "valid-user",
                            "algorithm" => "MD5|SHA-256" ),
        "/digest/sha256/" => ( "method" => "digest", "realm" => "the realm", "require" => "valid-user",
                               "algorithm" => "SHA-256" ),
        "/digest/" => ( "method" => "digest", "realm" => "the realm", "require" => "valid-user" ) )
}
$HTTP["url"] =^ "/plain/" {
    auth.backend = "plain"
    auth.require = ( "/plain/" => ( "method" => "digest", "realm" => "the realm", "require" => "valid-user" ) )
}
$HTTP["url"] =^ "/missing/" {
    auth.backend.htpasswd.userfile = "@DIR@/nowhere"
    auth.require = ( "/missing/" => ( "method" => "basic", "realm" => "the realm", "require" => "valid-user" ) )
}
$HTTP["url"] =^ "/cached/" {
    auth.cache = ( "max-age" => "60" )
    auth.require = ( "/cached/" => ( "method" => "basic", "realm" => "the realm", "require" => "valid-user" ) )
}
'''


def hashed(kind, password="secret", cost="05"):
    """By the system's crypt(3) where Python still has it; None where it, or this build, does not know that kind."""
    if kind in ("bcrypt", "yescrypt") and not features().get("crypt support"):
        return None
    try:
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import crypt
    except ImportError:
        return None
    salts = {"md5": "$1$abcdefgh", "sha256": "$5$rounds=1000$saltsalt", "sha512": "$6$rounds=1000$saltsalt",
             "bcrypt": "$2y$%s$abcdefghijklmnopqrstuu" % cost, "yescrypt": "$y$j9T$F5Jx5fExrKuPp53xLKQ..1"}
    try:
        made = crypt.crypt(password, salts[kind])
    except OSError:
        return None
    return made if made and made.startswith("$") else None


def start(workers=1, delay="disable", extra=""):
    directory = folder("auth")
    lines = ["# made by the test", "", "other:$1$a$b"]
    for name, value in USERS.items():
        value = value or hashed(name)
        if value:
            lines.append("%s:%s" % (name, value))
    write(os.path.join(directory, "htpasswd"), "\n".join(lines) + "\n")
    entry = "joe:%s:" % REALM
    write(os.path.join(directory, "htdigest"), "".join(
        entry + hashlib.new(h, (entry + "secret").encode()).hexdigest() + "\n" for h in ("md5", "sha256")))
    write(os.path.join(directory, "plain"), "joe:secret\n")
    write(os.path.join(directory, "groups"), "staff: apr1 sha1\n")
    os.chmod(directory, 0o755)
    text = CONFIG.replace("@WORKERS@", str(workers)).replace("@DELAY@", delay)
    server = Server(text + extra, directory=directory)
    for name in ("basic", "group", "digest/all", "digest/sha256", "digest", "plain", "missing", "cached", "open"):
        server.file(name + "/x.txt", "seen\n")
    return server


def ask(server, path, *arguments):
    """Status and body, as curl has them."""
    status, output = curl("-w", "\n%{http_code}", *arguments, "http://%s:%d%s" % (LOCALHOST, server.port, path))
    assert status == 0, output
    body, _, code = output.rpartition(b"\n")
    return int(code), body


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode((user + ":" + password).encode()).decode()}


# ---- files ----------------------------------------------------------

def hashes():
    need("mod_authn_file")
    server = start()
    tried = 0
    for name, value in USERS.items():
        if not (value or hashed(name)):
            continue
        tried += 1
        for password, expected in (("secret", 200), ("Secret", 401), ("", 401), ("x" * 600, 401)):
            got = ask(server, "/basic/x.txt", "--basic", "-u", "%s:%s" % (name, password))[0]
            assert got == expected, (name, password[:9], got)
    assert tried >= 2
    for user, expected in (("apr1", 200), ("sha1", 200), ("nobody", 401)):
        got = ask(server, "/group/x.txt", "--basic", "-u", user + ":secret")[0]
        assert got == expected, (user, got)
    status, headers, _ = get(server.port, "/basic/x.txt")
    assert status == 401 and headers["WWW-Authenticate"] == 'Basic realm="the realm", charset="UTF-8"', headers
    assert ask(server, "/missing/x.txt", "-u", "apr1:secret")[0] == 500
    server.wait_log("nowhere: No such file or directory")
    assert ask(server, "/basic/x.txt", "-u", "other:secret")[0] == 401
    # A changed file holds at once.
    path = os.path.join(server.dir, "htpasswd")
    write(path, "new:" + USERS["sha1"] + "\n")
    assert ask(server, "/basic/x.txt", "-u", "new:secret")[0] == 200
    assert ask(server, "/basic/x.txt", "-u", "sha1:secret")[0] == 401


def digest():
    need("mod_authn_file")
    server = start(workers=2)
    for path in ("/digest/x.txt", "/digest/all/x.txt", "/digest/sha256/x.txt", "/plain/x.txt",
                 "/digest/x.txt?a=b,c&d=%22"):
        for password, expected in (("secret", 200), ("wrong", 401)):
            got = ask(server, path, "--digest", "-u", "joe:" + password)
            assert got[0] == expected, (path, password, got)
        assert ask(server, path, "--digest", "-u", "jim:secret")[0] == 401
    offered = get(server.port, "/digest/all/x.txt")[1].get_all("WWW-Authenticate")
    assert len(offered) == 2 and "SHA-256" in offered[0] and "MD5" in offered[1], offered
    # What one worker made, the other takes, also after a reload: nobody is asked again.
    nonce = offered[1].split('nonce="')[1].split('"')[0]

    counts = iter(range(1, 1000))

    def response(uri="/digest/x.txt", method="GET"):
        def h(text):
            return hashlib.md5(text.encode()).hexdigest()
        count = "%08x" % next(counts)
        value = h(":".join([h("joe:%s:secret" % REALM), nonce, count, "c", "auth", h(method + ":" + uri)]))
        return {"Authorization": 'Digest username="joe", realm="%s", nonce="%s", uri="%s", response="%s", qop=auth, '
                'nc=%s, cnonce="c", algorithm=MD5' % (REALM, nonce, uri, value, count)}
    for _ in range(8):
        assert get(server.port, "/digest/x.txt", response())[0] == 200
    assert get(server.port, "/digest/x.txt", response("/digest/y.txt"))[0] == 401
    assert get(server.port, "/digest/x.txt", response(method="POST"))[0] == 401
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    for _ in range(8):
        assert get(server.port, "/digest/x.txt", response())[0] == 200
    again = response()
    seen = [get(server.port, "/digest/x.txt", again)[0] for _ in range(20)]
    assert 1 <= seen.count(200) <= 2, seen  # a replay, for each of the two workers
    wrong = nonce[:20] + ("0" if nonce[20] != "0" else "1") + nonce[21:]
    status, headers, _ = get(server.port, "/digest/x.txt", {
        "Authorization": response()["Authorization"].replace(nonce, wrong)})
    assert status == 401 and "stale=true" in headers["WWW-Authenticate"], headers


def does_not_block():
    need("mod_authn_file")
    slow = hashed("bcrypt", cost="14")
    if not slow:
        raise Skip("crypt(3) does not know bcrypt")
    server = start()
    write(os.path.join(server.dir, "htpasswd"), "slow:%s\n" % slow)
    result = []
    begun = time.monotonic()
    thread = threading.Thread(
        target=lambda: result.append(get(server.port, "/basic/x.txt", basic("slow", "secret"))[0]))
    thread.start()
    time.sleep(0.05)
    longest, count = 0.0, 0
    while thread.is_alive() and not result:
        at = time.monotonic()
        assert get(server.port, "/open/x.txt")[0] == 200
        longest = max(longest, time.monotonic() - at)
        count += 1
        time.sleep(0.01)
    thread.join()
    took = time.monotonic() - begun
    assert result == [200], result
    assert took > 0.3 and count >= 5, "the hash took %.2f s, %d requests meanwhile" % (took, count)
    assert longest < took / 2, "a file took %.3f s while a hash took %.2f s" % (longest, took)
    # With the cache only the first one takes as long.
    assert get(server.port, "/cached/x.txt", basic("slow", "secret"))[0] == 200
    at = time.monotonic()
    for _ in range(5):
        assert get(server.port, "/cached/x.txt", basic("slow", "secret"))[0] == 200
    assert time.monotonic() - at < took
    assert get(server.port, "/cached/x.txt", basic("slow", "Secret"))[0] == 401


def throttle():
    need("mod_authn_file")
    server = start(delay="enable")
    times = []
    for _ in range(5):
        at = time.monotonic()
        assert get(server.port, "/basic/x.txt", basic("sha1", "no"))[0] == 401
        times.append(time.monotonic() - at)
    assert max(times[:3]) < 0.4 <= times[3] and times[4] >= 0.9, times
    assert get(server.port, "/open/x.txt")[0] == 200


# ---- what is refused when it is read ----------------------------------------------------------

def mistakes():
    need("mod_auth")
    rule = '( "/" => ( "method" => "basic", "realm" => "r", "require" => "valid-user" ) )'
    for text, words in (
            ('auth.require = ' + rule, 'add "mod_auth" to server.modules'),
            ('server.modules = ( "mod_auth" )\nauth.backend = "dbi"', 'no auth.backend "dbi"'),
            ('server.modules = ( "mod_auth" )\nauth.require = ( "/" => ( "method" => "basc" ) )', "no method"),
            ('server.modules = ( "mod_auth" )\nauth.require = ( "/" => ( "method" => "basic", "realm" => "r" ) )',
             'has no "require"'),
            ('server.modules = ( "mod_auth" )\nauth.require = ( "/" => ( "methd" => "basic" ) )',
             "did you mean method?"),
            ('server.modules = ( "mod_auth" )\nauth.forward = ( "/" => ( "path" => "/x" ) )', "auth.forward")):
        path = write(os.path.join(folder("mistake"), "t.conf"), 'server.document-root = "/"\n' + text + "\n")
        status, output, errors = command("-t", "-f", path)
        assert status != 0 and words in output + errors, (text, output + errors)
    path = write(os.path.join(folder("right"), "t.conf"),
                 'server.document-root = "/"\nserver.modules = ( "mod_auth" )\nauth.backend = "plain"\n'
                 'auth.require = ' + rule)
    status, output, errors = command("-t", "-f", path)
    assert status == 0, output + errors


# ---- another server decides ----------------------------------------------------------

class Decider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def do_GET(self):
        Decider.seen.append((self.path, dict(self.headers.items())))
        cookie = self.headers.get("Cookie", "")
        status = {"good": 200, "": 401, "forbidden": 403, "away": 302, "odd": 404}[cookie]
        body = b"by the decider"
        self.send_response(status)
        for name, value in (("Remote-User", "jane"), ("X-Group", "staff"), ("Set-Cookie", "a=b"), ("X-Not", "p")):
            self.send_header(name, value)
        if status == 302:
            self.send_header("Location", "https://login.example/")
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def forward():
    need("mod_auth")
    port, gone = free_port(), free_port()
    decider = http.server.ThreadingHTTPServer((LOCALHOST, port), Decider)
    threading.Thread(target=decider.serve_forever, daemon=True).start()
    try:
        server = Server('''
server.modules = ( "mod_auth", "mod_accesslog" )
accesslog.filename = "@DIR@/access.log"
accesslog.format = "%%u %%{Remote-User}i %%{X-Group}i %%{X.Group}i %%s"
auth.forward = ( "/in/" => ( "url" => "http://127.0.0.1:%d/verify?x=1",
                             "copy-response" => ( "Remote-User", "X-Group" ) ),
                 "/gone/" => ( "url" => "http://127.0.0.1:%d/" ) )
''' % (port, gone))
        server.file("in/x.txt", "seen\n")
        server.file("gone/x.txt", "seen\n")
        spoofed = {"Remote-User": "root", "remote_user": "root", "X-Group": "wheel", "X.Group": "wheel",
                   "X-Forwarded-Uri": "/public"}
        status, _, body = get(server.port, "/in/x.txt?q", dict(spoofed, Cookie="good"))
        assert (status, body) == (200, b"seen\n"), (status, body)
        path, fields = Decider.seen[-1]
        assert path == "/verify?x=1" and fields["X-Forwarded-Uri"] == "/in/x.txt?q", (path, fields)
        assert fields["X-Forwarded-Method"] == "GET" and fields["X-Forwarded-For"] == "127.0.0.1", fields
        assert fields["X-Forwarded-Proto"] == "http" and "Remote-User" not in fields, fields
        assert fields["X-Forwarded-Host"].startswith("127.0.0.1"), fields
        log = os.path.join(server.dir, "access.log")
        wait_for(lambda: os.path.exists(log) and b"jane jane staff - 200" in read(log), "the user in the log")
        status, headers, body = get(server.port, "/in/x.txt", spoofed, method="POST", body=b"abc")
        assert status == 401 and headers["WWW-Authenticate"] == "Bearer" and body == b"by the decider", (status, body)
        assert Decider.seen[-1][1]["X-Forwarded-Method"] == "POST"
        status, headers, _ = get(server.port, "/in/x.txt", {"Cookie": "away"})
        assert status == 302 and headers["Location"] == "https://login.example/" and headers["Set-Cookie"] == "a=b"
        assert get(server.port, "/in/x.txt", {"Cookie": "forbidden"})[0] == 403
        assert get(server.port, "/in/x.txt", {"Cookie": "odd"})[0] == 502
        assert get(server.port, "/in/x.txt", method="HEAD")[0] == 401
        assert get(server.port, "/gone/x.txt", {"Cookie": "good"})[0] in (502, 503)
        assert get(server.port, "/in/x.txt", {"Cookie": "good"}, method="HEAD")[0] == 200
    finally:
        decider.shutdown()
        decider.server_close()


# ---- LDAP, PAM -----------------------------------------------------------------------------------

SLAPD = """include %(schema)s/core.schema
include %(schema)s/cosine.schema
include %(schema)s/nis.schema
include %(schema)s/inetorgperson.schema
pidfile %(dir)s/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
directory %(dir)s/db
suffix "dc=example"
rootdn "cn=root,dc=example"
rootpw rootpw
"""

ENTRIES = """dn: dc=example
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: uid=joe,dc=example
objectClass: inetOrgPerson
uid: joe
cn: Joe
sn: Joe
userPassword: secret

dn: uid=a*(b,dc=example
objectClass: inetOrgPerson
uid: a*(b
cn: Odd
sn: Odd
userPassword: secret

dn: cn=staff,dc=example
objectClass: posixGroup
cn: staff
gidNumber: 1
memberUid: joe
"""


class Directory:
    """slapd on a unix socket of its own."""

    def __init__(self):
        places = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/usr/libexec:/usr/local/libexec"
        self.program, add = shutil.which("slapd", path=places), shutil.which("slapadd", path=places)
        schema = next((d for d in ("/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema")
                       if os.path.isdir(d)), None)
        if not self.program or not add or not schema:
            raise Skip("slapd is not installed")
        self.dir = folder("slapd")
        os.makedirs(os.path.join(self.dir, "db"))
        conf = write(os.path.join(self.dir, "slapd.conf"), SLAPD % {"schema": schema, "dir": self.dir})
        entries = write(os.path.join(self.dir, "entries"), ENTRIES)
        done = subprocess.run([add, "-f", conf, "-l", entries], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise Skip("slapadd: " + done.stdout.decode(errors="replace")[-200:])
        self.port = free_port()
        address = "ldap://127.0.0.1:%d/" % self.port
        arguments = [self.program, "-d", "0", "-f", conf, "-h", address]
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for(self.answers, "slapd")

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex((LOCALHOST, self.port)) == 0

    def end(self):
        self.process.terminate()
        self.process.wait()


def ldap():
    need("mod_authn_ldap")
    directory = Directory()
    try:
        server = Server('''
server.modules = ( "mod_auth", "mod_authn_ldap" )
server.feature-flags = ( "auth.delay-invalid-creds" => "disable" )
auth.backend = "ldap"
auth.backend.ldap.hostname = "127.0.0.1:%d"
auth.backend.ldap.base-dn = "dc=example"
auth.backend.ldap.filter = "(uid=$)"
auth.require = ( "/any/" => ( "method" => "basic", "realm" => "r", "require" => "valid-user" ),
                 "/staff/" => ( "method" => "basic", "realm" => "r", "require" => "group=staff" ),
                 "/dn/" => ( "method" => "basic", "realm" => "r", "require" => "group=cn=staff,dc=example" ),
                 "/others/" => ( "method" => "basic", "realm" => "r", "require" => "group=others" ) )
''' % directory.port)
        for name in ("any", "staff", "dn", "others"):
            server.file(name + "/x.txt", "seen\n")
        for path, user, password, expected in (
                ("/any/", "joe", "secret", 200), ("/any/", "joe", "wrong", 401), ("/any/", "joe", "", 401),
                ("/any/", "jim", "secret", 401), ("/any/", "*", "secret", 401), ("/any/", "a*(b", "secret", 200),
                ("/any/", "joe)(uid=*", "secret", 401), ("/staff/", "joe", "secret", 200),
                ("/staff/", "a*(b", "secret", 401), ("/dn/", "joe", "secret", 200), ("/dn/", "a*(b", "secret", 401),
                ("/others/", "joe", "secret", 401)):
            got = get(server.port, path + "x.txt", basic(user, password))[0]
            assert got == expected, (path, user, password, got)
    finally:
        directory.end()
    assert get(server.port, "/any/x.txt", basic("joe", "secret"))[0] == 500
    server.wait_log("ldap: ldap://127.0.0.1")


def pam():
    """Nobody lets us add a service: the one for all others must at least refuse."""
    need("mod_authn_pam")
    server = Server('''
server.modules = ( "mod_auth" )
server.feature-flags = ( "auth.delay-invalid-creds" => "disable" )
auth.backend = "pam"
auth.backend.pam.opts = ( "service" => "goldcrest-test" )
auth.require = ( "" => ( "method" => "basic", "realm" => "r", "require" => "valid-user" ) )
''')
    server.file("x.txt", "seen\n")
    for user in ("root", "no-such-user"):
        status = get(server.port, "/x.txt", basic(user, "certainly not"))[0]
        assert status in (401, 500), (user, status)


# ---- a reload ------------------------------------------------------------------------------------

def begins_with_a_reload():
    """The first configuration asks nobody; the process that checks passwords is there when it is needed."""
    need("mod_authn_file")
    server = Server("server.modules = ( )\n")
    server.file("x.txt", "seen\n")
    assert get(server.port, "/x.txt")[0] == 200
    write(os.path.join(server.dir, "users"), "joe:secret\n")
    server.configure('''
server.modules = ( "mod_auth" )
auth.backend = "plain"
auth.backend.plain.userfile = "@DIR@/users"
auth.require = ( "" => ( "method" => "basic", "realm" => "r", "require" => "valid-user" ) )
''')
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    wait_for(lambda: get(server.port, "/x.txt")[0] == 401, "the rule to hold")
    assert get(server.port, "/x.txt", basic("joe", "secret"))[0] == 200
    assert get(server.port, "/x.txt", basic("joe", "wrong"))[0] == 401


def tests():
    return [Test("auth: every kind of hash", hashes), Test("auth: digest", digest),
            Test("auth: hashing blocks nobody", does_not_block), Test("auth: guessing is slowed down", throttle),
            Test("auth: mistakes are errors", mistakes), Test("auth: another server decides", forward),
            Test("auth: LDAP", ldap), Test("auth: PAM", pam),
            Test("auth: begins with a reload", begins_with_a_reload)]
