#!/usr/bin/env python3
# certificates.py - certificates of all kinds, made by the openssl command; clients that speak TLS
# SPDX-License-Identifier: BSD-3-Clause
import os
import shutil
import socket
import ssl
import subprocess
import time

from harness import LOCALHOST, Skip, folder, need, read, write

DAY_S = 24 * 3600

CA_CONFIG = """
[ca]
default_ca = here
[here]
dir = %s
database = $dir/index.txt
serial = $dir/serial
crlnumber = $dir/crlnumber
new_certs_dir = $dir/issued
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
default_days = 30
default_crl_days = 30
policy = anything
unique_subject = no
[anything]
commonName = supplied
emailAddress = optional
[req]
distinguished_name = empty
prompt = no
[empty]
[v3_ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
"""


def openssl(*arguments, fails=False, seconds=60, **more):
    """Standard output and error of the openssl command, as text."""
    if not shutil.which("openssl"):
        raise Skip("there is no openssl command")
    if "input" not in more:
        more["stdin"] = subprocess.DEVNULL
    done = subprocess.run(["openssl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
                          **more)
    text = done.stdout.decode(errors="replace")
    assert fails or done.returncode == 0, "openssl %s: %s" % (" ".join(arguments), text[-600:])
    return text


def utc(seconds_from_now):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds_from_now))


class Certificate:
    """pem: certificate and key in one file, as ssl.pemfile likes it; certificate and key: each alone."""

    def __init__(self, directory, name):
        self.certificate, self.key, self.pem = (os.path.join(directory, name + end)
                                                for end in (".crt", ".key", ".pem"))

    def der(self):
        return ssl.PEM_cert_to_DER_cert(read(self.certificate).decode())


class Authority:
    """A certificate authority in a folder of its own."""

    def __init__(self, name="goldcrest test authority"):
        self.dir = folder("authority")
        self.config = write(os.path.join(self.dir, "ca.cnf"), CA_CONFIG % self.dir)
        for file, text in (("index.txt", ""), ("serial", "1000\n"), ("crlnumber", "01\n"), ("issued/x", "")):
            write(os.path.join(self.dir, file), text)
        self.pem, self.key = os.path.join(self.dir, "ca.pem"), os.path.join(self.dir, "ca.key")
        make_key("ec", self.key)
        openssl("req", "-x509", "-new", "-config", self.config, "-extensions", "v3_ca", "-key", self.key, "-sha256",
                "-days", "60", "-subj", "/CN=" + name, "-out", self.pem)

    def issue(self, name, kind="ec", begins=-DAY_S, ends=30 * DAY_S, subject=None, client=False, extra=""):
        """A certificate for that host, or for a client."""
        made = Certificate(folder("certificate"), "server")
        make_key(kind, made.key)
        request, extensions = made.certificate + ".csr", made.certificate + ".ext"
        write(extensions, "basicConstraints=CA:false\nextendedKeyUsage=%s\nsubjectAltName=%s\n%s" % (
            "clientAuth" if client else "serverAuth", "email:%s@test" % name if client else "DNS:" + name, extra))
        openssl("req", "-new", "-config", self.config, "-key", made.key, "-subj", subject or "/CN=" + name, "-out",
                request)
        openssl("ca", "-batch", "-config", self.config, "-in", request, "-out", made.certificate, "-notext",
                "-extfile", extensions, "-startdate", utc(begins), "-enddate", utc(ends))
        write(made.pem, read(made.certificate) + read(made.key))
        return made

    def revoke(self, certificate):
        openssl("ca", "-config", self.config, "-revoke", certificate.certificate)

    def crl(self):
        path = os.path.join(self.dir, "crl.pem")
        openssl("ca", "-config", self.config, "-gencrl", "-out", path)
        return path

    def staple(self, certificate, days=7):
        """An OCSP response for it, as DER."""
        request, response = certificate.certificate + ".req", certificate.certificate + ".ocsp"
        openssl("ocsp", "-issuer", self.pem, "-cert", certificate.certificate, "-reqout", request)
        openssl("ocsp", "-index", os.path.join(self.dir, "index.txt"), "-CA", self.pem, "-rsigner", self.pem,
                "-rkey", self.key, "-reqin", request, "-respout", response, "-ndays", str(days))
        return response


def make_key(kind, path):
    if kind == "ec":
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    else:
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path)
    os.chmod(path, 0o600)


def authority():
    """The one of this run: most tests need no other."""
    need("SSL support")
    if not hasattr(authority, "it"):
        authority.it = Authority()
    return authority.it


def localhost():
    """A certificate for "localhost" of that authority."""
    if not hasattr(localhost, "it"):
        localhost.it = authority().issue("localhost")
    return localhost.it


def tls_text(certificate=None, port="@TLS@"):
    """Lines of a configuration: TLS on a port of its own, beside the plain one."""
    return 'ssl.pemfile = "%s"\n$SERVER["socket"] == "127.0.0.1:%s" { ssl.engine = "enable" }\n' % (
        (certificate or localhost()).pem, port)


# ---- clients ---------------------------------------------------------------------------------------

def client(**more):
    """An ssl.SSLContext that trusts our authority alone, and that keeps no secret about how a connection ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority().pem)
    context.maximum_version = more.get("version", ssl.TLSVersion.TLSv1_3)
    if "alpn" in more:
        context.set_alpn_protocols(more["alpn"])
    if "certificate" in more:
        context.load_cert_chain(more["certificate"].certificate, more["certificate"].key)
    return context


def connect_tls(port, name="localhost", context=None, session=None, seconds=30):
    s = socket.create_connection((LOCALHOST, port), timeout=seconds)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    context = context or client()
    if name is None:
        context.check_hostname = False
    try:
        return context.wrap_socket(s, server_hostname=name, session=session, suppress_ragged_eofs=False)
    except BaseException:
        s.close()
        raise


def read_to_close_notify(s):
    """Until the server says that this is all; an end without that word is an ssl.SSLError."""
    data = bytearray()
    while True:
        part = s.recv(262144)
        if not part:
            return bytes(data)
        data += part


def ask_tls(port, request, name="localhost", context=None):
    with connect_tls(port, name, context) as s:
        s.sendall(request)
        return read_to_close_notify(s)


def s_client(port, *arguments, fails=False, request=None):
    """What `openssl s_client` says. Without a request it is told to end as soon as the handshake is over."""
    given = {"input": request} if request else {}
    return openssl("s_client", "-connect", "%s:%d" % (LOCALHOST, port), "-CAfile", authority().pem, *arguments,
                   fails=fails, seconds=30, **given)
