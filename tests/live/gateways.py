#!/usr/bin/env python3
# gateways.py - applications for the live tests of gateways: php-fpm, and small ones that speak FastCGI, SCGI, AJP13
# SPDX-License-Identifier: BSD-3-Clause
import glob
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading

from harness import Skip, folder, read, wait_for, write

# ---- php-fpm -------------------------------------------------------------------------------------

PHP_FPM = r'''
[global]
error_log = @DIR@/fpm.log
daemonize = no
[www]
user = @USER@
listen = @DIR@/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = @CHILDREN@
catch_workers_output = no
clear_env = no
php_admin_value[upload_max_filesize] = 200M
php_admin_value[post_max_size] = 200M
php_admin_value[memory_limit] = 512M
php_admin_value[upload_tmp_dir] = @DIR@
php_admin_value[sys_temp_dir] = @DIR@
php_admin_value[session.save_path] = @DIR@
php_admin_value[error_log] =
php_admin_flag[log_errors] = on
php_admin_flag[display_errors] = off
'''


def php_fpm_program():
    places = sorted(glob.glob("/usr/sbin/php-fpm*")) + glob.glob("/usr/local/sbin/php-fpm*")
    found = [shutil.which("php-fpm")] + places
    for path in found:
        if path and os.access(path, os.X_OK):
            return path
    raise Skip("there is no php-fpm")


class PhpFpm:
    """php-fpm on a socket in a directory of its own; end() is the caller's, or that of `with`."""

    def __init__(self, children=4):
        program = php_fpm_program()
        self.dir = folder("fpm")
        os.chmod(self.dir, 0o777)
        self.socket = os.path.join(self.dir, "fpm.sock")
        me = subprocess.run(["id", "-un"], stdout=subprocess.PIPE).stdout.decode().strip()
        text = PHP_FPM
        for word, value in (("@DIR@", self.dir), ("@USER@", me), ("@CHILDREN@", str(children))):
            text = text.replace(word, value)
        config = write(os.path.join(self.dir, "fpm.conf"), text)
        root = ["-R"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen([program, "-F", "-y", config] + root, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_for(self.is_ready, "php-fpm")
        except BaseException:
            self.end()
            raise

    def is_ready(self):
        if self.process.poll() is not None:
            log = os.path.join(self.dir, "fpm.log")
            raise AssertionError("php-fpm ended: %s" % (read(log).decode() if os.path.exists(log) else ""))
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.socket) == 0

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


# ---- listeners -----------------------------------------------------------------------------------

class Listener:
    """Calls serve(connection) for each connection, in a thread of its own; counts them."""

    def __init__(self, serve, path=None):
        self.path = path or os.path.join(folder("app"), "sock")
        self.accepts = 0
        self.serve = serve
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        os.chmod(os.path.dirname(self.path), 0o755)
        os.chmod(self.path, 0o666)
        self.socket.listen(64)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.accepts += 1
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass

    def end(self):
        try:  # what waits in accept() would be with the next socket of this number
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(1)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def relay(target):
    """A Listener that passes bytes on to another socket: it sees how many connections are made."""
    def pump(source, sink):
        try:
            while True:
                part = source.recv(65536)
                if not part:
                    break
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(connection):
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(target)
            back = threading.Thread(target=pump, args=(other, connection), daemon=True)
            back.start()
            pump(connection, other)
            back.join()
    return Listener(serve)


def exactly(connection, count):
    """So many bytes, or None at the end."""
    data = bytearray()
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            return None
        data += part
    return bytes(data)


# ---- FastCGI -------------------------------------------------------------------------------------

def fastcgi_record(kind, content=b"", request=1, padding=0):
    return struct.pack("!BBHHBB", 1, kind, request, len(content), padding, 0) + content + b"\0" * padding


def fastcgi_end(protocol_status=0):
    return fastcgi_record(3, struct.pack("!IB3x", 0, protocol_status))


def fastcgi_pairs(data):
    def length():
        nonlocal data
        if data[0] < 128:
            n, data = data[0], data[1:]
        else:
            n, data = struct.unpack("!I", data[:4])[0] & 0x7fffffff, data[4:]
        return n
    pairs = {}
    while data:
        a, b = length(), length()
        pairs[data[:a].decode()] = data[a:a + b].decode("latin-1")
        data = data[a + b:]
    return pairs


def fastcgi_serve(answer):
    """A Listener's `serve`: answer(variables, body, connection) returns bytes for STDOUT, or None if it has sent all
    by itself. variables["(role)"]: 1, 2."""
    def serve(connection):
        while True:
            params, body, role, keep = b"", b"", 0, False
            while True:
                head = exactly(connection, 8)
                if not head:
                    return
                version, kind, request, length, padding = struct.unpack("!BBHHBx", head)
                assert version == 1 and request == 1, head
                content = exactly(connection, length) if length else b""
                if padding:
                    exactly(connection, padding)
                if kind == 1:
                    role, keep = content[1], bool(content[2] & 1)
                elif kind == 4:
                    params += content
                elif kind == 5 and content:
                    body += content
                elif kind == 5:
                    break
                else:
                    return
            variables = fastcgi_pairs(params)
            variables["(role)"] = role
            said = answer(variables, body, connection)
            if said is not None:
                for i in range(0, len(said), 60000):
                    connection.sendall(fastcgi_record(6, said[i:i + 60000]))
                connection.sendall(fastcgi_record(6) + fastcgi_end())
            if not keep:
                return
    return serve


# ---- SCGI ----------------------------------------------------------------------------------------

def scgi_serve(answer):
    """A Listener's `serve`: answer(variables, body) returns the whole response."""
    def serve(connection):
        digits = b""
        while not digits.endswith(b":"):
            digits += exactly(connection, 1)
        head = exactly(connection, int(digits[:-1]))
        assert exactly(connection, 1) == b","
        parts = head.split(b"\0")[:-1]
        names = [n.decode() for n in parts[::2]]
        assert names[0] == "CONTENT_LENGTH" and len(set(names)) == len(names), names
        variables = dict(zip(names, (v.decode("latin-1") for v in parts[1::2])))
        assert variables["SCGI"] == "1"
        count = int(variables["CONTENT_LENGTH"])
        connection.sendall(answer(variables, exactly(connection, count) if count else b""))
    return serve


# ---- AJP13 ---------------------------------------------------------------------------------------

AJP_METHODS = {2: "GET", 3: "HEAD", 4: "POST", 5: "PUT"}
AJP_FIELDS = ["accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "connection",
              "content-type", "content-length", "cookie", "cookie2", "host", "pragma", "referer", "user-agent"]


class AjpPacket:
    def __init__(self, data):
        self.data = data

    def number(self, size=2):
        value, self.data = int.from_bytes(self.data[:size], "big"), self.data[size:]
        return value

    def text(self, count=None):
        count = self.number() if count is None else count
        if count == 0xffff:
            return None
        value, self.data = self.data[:count], self.data[count + 1:]
        return value.decode("latin-1")


def ajp_request(packet):
    p = AjpPacket(packet)
    assert p.number(1) == 2
    request = {"method": AJP_METHODS.get(p.number(1)), "protocol": p.text(), "uri": p.text(), "remote": p.text()}
    p.text()
    request.update(server=p.text(), port=p.number(), tls=p.number(1), fields={}, attributes={})
    for _ in range(p.number()):
        code = p.number()
        name = AJP_FIELDS[code - 0xa001] if code >> 8 == 0xa0 else p.text(code).lower()
        request["fields"][name] = p.text()
    while True:
        code = p.number(1)
        if code == 0xff:
            return request
        name = p.text() if code == 10 else code
        request["attributes"][name] = p.number() if code == 11 else p.text()


def ajp_text(text):
    return struct.pack("!H", len(text)) + text.encode() + b"\0"


def ajp_packet(content):
    return b"AB" + struct.pack("!H", len(content)) + content


def ajp_head(status, fields):
    head = struct.pack("!BH", 4, status) + ajp_text("OK") + struct.pack("!H", len(fields))
    return ajp_packet(head + b"".join(ajp_text(n) + ajp_text(v) for n, v in fields))


def ajp_serve(answer):
    """A Listener's `serve`: answer(request, body) returns (status, fields, content)."""
    def packet(connection):
        head = exactly(connection, 4)
        if not head:
            return None
        assert head[:2] == b"\x12\x34", head
        length = struct.unpack("!H", head[2:])[0]
        assert length <= 8188
        return exactly(connection, length) if length else b""

    def serve(connection):
        while True:
            first = packet(connection)
            if first is None:
                return
            request, body = ajp_request(first), b""
            left = int(request["fields"].get("content-length", 0))
            is_first = True
            while left:
                if not is_first:
                    connection.sendall(ajp_packet(struct.pack("!BH", 6, min(left, 8186))))
                piece = packet(connection)
                is_first = False
                assert piece, "no body any more"
                assert struct.unpack("!H", piece[:2])[0] == len(piece) - 2
                body += piece[2:]
                left -= len(piece) - 2
            if request["method"] == "POST":  # containers ask once more
                connection.sendall(ajp_packet(struct.pack("!BH", 6, 8186)))
                assert packet(connection) == b""
            status, fields, content = answer(request, body)
            connection.sendall(ajp_head(status, fields))
            for i in range(0, len(content), 8000):
                piece = content[i:i + 8000]
                connection.sendall(ajp_packet(struct.pack("!BH", 3, len(piece)) + piece + b"\0"))
            connection.sendall(ajp_packet(b"\5\1"))
    return serve
