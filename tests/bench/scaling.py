#!/usr/bin/env python3
# scaling.py - how the cost of a request, of starting, and memory grow with a configuration, a tree, a crowd
# SPDX-License-Identifier: BSD-3-Clause
"""
usage: scaling.py [--binary FILE] [--only NAME,...] [--sizes N,...] [--cpu] [--list]

For each family (a kind of configuration) and each size a server is started, and the table says:

  cached   user instructions of a request whose reply is kept
  cold     the same for one whose reply is not (each request has another query)
  start    milliseconds from exec() to the first byte of an answer (the median of five)
  check    milliseconds of goldcrest -t
  KiB      PSS of all processes after the requests

Instructions come from valgrind's callgrind; without it, or with --cpu, the columns are nanoseconds of CPU, the
kernel's work included. The last family keeps idle connections beside an active one, for each event handler.
"""
import argparse
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

REQUESTS = 400
HEAD = "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: scaling\r\nAccept: */*\r\n\r\n"

# ---- families: a configuration of a size, and what to ask of it --------------------------------------------------


class Family:
    """text: what is added to the plain configuration; asks: (host, path) pairs; modules: beyond the plain ones"""

    def __init__(self, text="", asks=None, modules=(), tree=None, status=200):
        self.text, self.modules, self.tree, self.status = text, modules, tree, status
        self.asks = asks or [("localhost", "/f")]


def spread(n):
    """A few numbers below n: the first, the last, and some between."""
    return sorted({0, n // 3, n // 2, max(0, n - 2), n - 1})


def plain(n, www):
    return Family()


def vhost(condition, www, i):
    return ('%s {\n server.document-root = "%s"\n server.name = "h%d.example"\n'
            ' expire.url = ( "" => "access plus %d days" )\n}\n' % (condition, www, i, i % 300 + 1))


def hosts(n):
    return [("h%d.example" % i, "/f") for i in spread(n)] + [("nobody.example", "/f")]


def host_equal(n, www):
    text = "".join(vhost('$HTTP["host"] == "h%d.example"' % i, www, i) for i in range(n))
    return Family(text, hosts(n), ["expire"])


def host_else(n, www):
    text = " else ".join(vhost('$HTTP["host"] == "h%d.example"' % i, www, i).rstrip() for i in range(n))
    return Family(text + "\n", hosts(n), ["expire"])


def host_suffix(n, www):
    text = "".join(vhost('$HTTP["host"] =$ "h%d.example"' % i, www, i) for i in range(n))
    return Family(text, [("www.h%d.example" % i, "/f") for i in spread(n)], ["expire"])


def host_regex(n, www):
    text = "".join(vhost('$HTTP["host"] =~ "^(www\\.)?h%d\\.example$"' % i, www, i) for i in range(n))
    return Family(text, hosts(n), ["expire"])


def url_regex(n, www):
    text = "".join('$HTTP["url"] =~ "^/a%d/" { setenv.add-response-header = ( "X-A" => "%d" ) }\n' % (i, i)
                   for i in range(n))
    return Family(text, [("localhost", "/f")], ["setenv"])


def url_prefix(n, www):
    text = "".join('$HTTP["url"] =^ "/a%d/" { setenv.add-response-header = ( "X-A" => "%d" ) }\n' % (i, i)
                   for i in range(n))
    return Family(text, [("localhost", "/f")], ["setenv"])


def redirect(n, www):
    rules = ",\n".join(' "^/old%d(/.*)?$" => "/new%d$1"' % (i, i) for i in range(n))
    return Family("url.redirect = (\n%s\n)\n" % rules, [("localhost", "/old%d/x" % i) for i in spread(n)],
                  ["redirect"], status=301)


def redirect_no_match(n, www):
    return Family(redirect(n, www).text, None, ["redirect"])


def rewrite(n, www):
    rules = ",\n".join(' "^/page%d/(.*)$" => "/f?$1"' % i for i in range(n))
    return Family("url.rewrite-once = (\n%s\n)\n" % rules, [("localhost", "/page%d/x" % i) for i in spread(n)],
                  ["rewrite"])


def alias(n, www):
    rules = ",\n".join(' "/alias%d/" => "%s/"' % (i, www) for i in range(n))
    return Family("alias.url = (\n%s\n)\n" % rules, [("localhost", "/alias%d/f" % i) for i in spread(n)], ["alias"])


def host_directories(www, n):
    os.makedirs(www + "/hosts", exist_ok=True)
    for i in range(n):
        name = "%s/hosts/h%d.example" % (www, i)
        if not os.path.exists(name):
            os.mkdir(name)
            os.link(www + "/f", name + "/f")


def simple_vhost(n, www):
    return Family('simple-vhost.server-root = "%s/hosts"\nsimple-vhost.document-root = "/"\n' % www, hosts(n),
                  ["simple_vhost"], tree=host_directories)


def evhost(n, www):
    return Family('evhost.path-pattern = "%s/hosts/%%_/"\n' % www, hosts(n), ["evhost"], tree=host_directories)


def tree_of_files(www, n):
    for i in range(n):
        folder = "%s/tree/d%d" % (www, i // 100)
        if i % 100 == 0:
            os.makedirs(folder, exist_ok=True)
        name = "%s/f%d" % (folder, i)
        if not os.path.exists(name):
            with open(name, "w") as f:
                f.write("x" * 100)


def files(n, www):
    return Family("", [("localhost", "/tree/d%d/f%d" % (i // 100, i)) for i in range(0, n, max(1, n // 1000))],
                  tree=tree_of_files)


FAMILIES = {
    "plain": (plain, [1]),
    "host ==": (host_equal, [1, 10, 100, 1000, 10000]),
    "host == else": (host_else, [1, 10, 100, 1000, 10000]),
    "host =$": (host_suffix, [1, 10, 100, 1000]),
    "host =~": (host_regex, [1, 10, 100, 1000]),
    "url =^": (url_prefix, [1, 10, 100, 1000]),
    "url =~": (url_regex, [1, 10, 100, 1000]),
    "redirect": (redirect, [1, 10, 100, 1000, 10000]),
    "redirect, no match": (redirect_no_match, [1, 10, 100, 1000, 10000]),
    "rewrite-once": (rewrite, [1, 10, 100, 1000, 10000]),
    "alias": (alias, [1, 10, 100, 1000, 10000]),
    "simple-vhost": (simple_vhost, [1, 10, 100, 1000]),
    "evhost": (evhost, [1, 10, 100, 1000]),
    "files": (files, [100, 1000, 10000, 100000]),
}
CROWD = "idle"

# ---- a server ----------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configuration(family, www, port, log, more=""):
    modules = ", ".join('"mod_%s"' % m for m in ["indexfile", "staticfile", *family.modules])
    return ('server.document-root = "%s"\nserver.bind = "127.0.0.1"\nserver.port = %d\n'
            'server.errorlog = "%s"\nserver.modules = ( %s )\nserver.max-keep-alive-requests = 65535\n%s%s'
            % (www, port, log, modules, more, family.text))


def connect(port, process, seconds=120):
    end = time.monotonic() + seconds
    while True:
        try:
            s = socket.create_connection(("127.0.0.1", port))
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return s
        except OSError:
            if time.monotonic() > end or process.poll() is not None:
                raise SystemExit("scaling: the server does not serve") from None
            time.sleep(0.0005)


def ask(s, host, path):
    s.sendall((HEAD % (path, host)).encode())
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        if not more:
            raise SystemExit("scaling: the server has closed the connection")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
    while length and len(body) < int(length.group(1)):
        body += s.recv(65536)
    return int(head.split(b" ")[1])


def processes(pid):
    """pid and its descendants"""
    found = [pid]
    for p in found:
        try:
            with open("/proc/%d/task/%d/children" % (p, p)) as f:
                found += [int(x) for x in f.read().split()]
        except OSError:
            pass
    return found


def pss_kib(pid):
    total = 0
    for p in processes(pid):
        with open("/proc/%d/smaps_rollup" % p) as f:
            total += int(re.search(r"^Pss: +(\d+)", f.read(), re.M).group(1))
    return total


def cpu_ns(pid):
    total = 0
    for p in processes(pid):
        with open("/proc/%d/schedstat" % p) as f:
            total += int(f.read().split()[0])
    return total


class Server:
    def __init__(self, binary, conf, valgrind_out=None):
        command = [binary, "-D", "-f", conf]
        if valgrind_out:
            command = ["valgrind", "--tool=callgrind", "--trace-children=yes",
                       "--callgrind-out-file=%s/%%p" % valgrind_out, *command]
        self.out = valgrind_out
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL if valgrind_out else None)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def instructions(self):
        """of the process that was started last: the worker; after end()"""
        total = 0
        with open(os.path.join(self.out, max(os.listdir(self.out), key=int)), errors="replace") as f:
            for line in f:
                if line.startswith(("summary:", "totals:")):
                    total = max(total, int(line.split()[1]))
        return total


# ---- measuring ---------------------------------------------------------------------------------------------------


class Bench:
    def __init__(self, options):
        self.binary = os.path.abspath(options.binary)
        self.counts = bool(shutil.which("valgrind")) and not options.cpu
        self.folder = tempfile.mkdtemp(prefix="goldcrest-scaling-")
        self.www = self.folder + "/www"
        os.mkdir(self.www)
        with open(self.www + "/f", "w") as f:
            f.write("x" * 100)

    def write(self, family, more=""):
        self.port = free_port()
        self.conf = self.folder + "/conf"
        with open(self.conf, "w") as f:
            f.write(configuration(family, self.www, self.port, self.folder + "/log", more))

    def start_ms(self, family):
        times = []
        host, path = family.asks[0]
        for _ in range(5):
            begun = time.perf_counter()
            server = Server(self.binary, self.conf)
            with connect(self.port, server.process) as s:
                if ask(s, host, path) != family.status:
                    raise SystemExit("scaling: %s is not answered with %d" % (path, family.status))
            times.append((time.perf_counter() - begun) * 1000)
            server.end()
        return sorted(times)[2]

    def check_ms(self):
        begun = time.perf_counter()
        subprocess.run([self.binary, "-t", "-f", self.conf], check=True, stdout=subprocess.DEVNULL)
        return (time.perf_counter() - begun) * 1000

    def load(self, s, family, first, count, cold):
        for i in range(first, first + count):
            host, path = family.asks[i % len(family.asks)]
            ask(s, host, "%s?%d" % (path, i) if cold else path)

    def run(self, family, count, cold, crowd=0):
        """What `count` requests and everything before them cost."""
        out = tempfile.mkdtemp(dir=self.folder) if self.counts else None
        server = Server(self.binary, self.conf, out)
        others = []
        try:
            others += [connect(self.port, server.process) for _ in range(crowd)]
            s = connect(self.port, server.process)
            self.load(s, family, 0, len(family.asks), False)
            self.load(s, family, 0, 50, False)
            before = cpu_ns(server.process.pid)
            self.load(s, family, 0, count, cold)
            after = cpu_ns(server.process.pid)
            s.close()
        finally:
            server.end()
            for other in others:
                other.close()
        return server.instructions() if self.counts else after - before

    def per_request(self, family, cold, crowd=0):
        if not self.counts:
            return self.run(family, REQUESTS * 10, cold, crowd) / (REQUESTS * 10)
        return (self.run(family, REQUESTS * 2, cold, crowd) - self.run(family, REQUESTS, cold, crowd)) / REQUESTS

    def pss(self, family):
        server = Server(self.binary, self.conf)
        with connect(self.port, server.process) as s:
            self.load(s, family, 0, len(family.asks), False)
            kib = pss_kib(server.process.pid)
        server.end()
        return kib

    def family(self, name, size):
        family = FAMILIES[name][0](size, self.www)
        if family.tree:
            family.tree(self.www, size)
        self.write(family)
        figures = (self.start_ms(family), self.check_ms(), self.pss(family), self.per_request(family, False),
                   self.per_request(family, True))
        print("%-20s %7d %9.1f %9.1f %9d %10.0f %10.0f" % (name, size, *figures), flush=True)

    def crowd(self, handler, size):
        family = Family()
        self.write(family, 'server.event-handler = "%s"\nserver.max-connections = 12000\nserver.max-fds = 15000\n'
                   % handler)
        print("%-20s %7d %9s %9s %9s %10.0f %10s" % ("idle, " + handler, size, "", "", "",
                                                    self.per_request(family, False, size), ""), flush=True)

    def done(self):
        shutil.rmtree(self.folder)


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--binary", default="src/goldcrest")
    p.add_argument("--only", default="")
    p.add_argument("--sizes", default="")
    p.add_argument("--handlers", default="epoll,poll")
    p.add_argument("--cpu", action="store_true")
    p.add_argument("--list", action="store_true")
    return p.parse_args()


def main():
    options = parse()
    wanted = [x.strip() for x in options.only.split(",") if x.strip()] or [*FAMILIES, CROWD]
    if options.list:
        print("\n".join([*FAMILIES, CROWD]))
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    bench = Bench(options)
    print("%-20s %7s %9s %9s %9s %10s %10s" % ("", "size", "start ms", "check ms", "PSS KiB", "cached", "cold"))
    print("(%s a request)" % ("user instructions" if bench.counts else "nanoseconds of CPU"))
    try:
        for name in wanted:
            for n in [int(x) for x in options.sizes.split(",") if x] or FAMILIES.get(name, (0, [10, 1000, 10000]))[1]:
                if name in FAMILIES:
                    bench.family(name, n)
                    continue
                for handler in options.handlers.split(","):
                    bench.crowd(handler, n)
    finally:
        bench.done()


if __name__ == "__main__":
    sys.exit(main())
