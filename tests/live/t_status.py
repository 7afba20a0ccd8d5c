#!/usr/bin/env python3
# t_status.py - the status pages and metrics: workers are added up, sums never fall, what is said is well-formed
# SPDX-License-Identifier: BSD-3-Clause
import base64
import hashlib
import html.parser
import json
import os
import re
import shutil
import signal
import subprocess

from harness import LOCALHOST, Server, Test, backends, connect, get, need, raw, wait_for

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
VOID = {"meta", "br", "link"}


def text(workers, more=""):
    return ('server.modules = ( "mod_status" )\nserver.max-worker = %d\n'
            'status.status-url = "/status"\nstatus.metrics-url = "/metrics"\nstatus.statistics-url = "/statistics"\n'
            'status.config-url = "/config"\n' % workers + more)


# ---- reading -------------------------------------------------------------------------------------

LABELS = r'\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,|(?=\})))*\}'
SAMPLE = re.compile(r"^(goldcrest_[a-z0-9_]+)(" + LABELS + r")? ([0-9.]+)$")


def check_metrics(page, openmetrics):
    """A small promtool: families once, their samples together, names and types that fit, buckets that only grow."""
    found, kind, name, done, last = {}, None, None, set(), None
    lines = page.split("\n")
    assert lines.pop() == "" and (lines.pop() if openmetrics else "# EOF") == "# EOF"
    for line in lines:
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in done and kind in ("counter", "gauge", "histogram"), line
            assert kind != "counter" or name.endswith("_total") != openmetrics, line
            done.add(name)
            continue
        if line.startswith("# HELP "):
            assert line.startswith("# HELP %s " % name) and len(line) > len("# HELP %s " % name), line
            continue
        m = SAMPLE.match(line)
        assert m, "no sample: %r" % line
        sample, labels, value = m.group(1), m.group(2) or "", float(m.group(3))
        total = "_total" if openmetrics and kind == "counter" else ""
        wanted = [name + s for s in ("_bucket", "_sum", "_count")] if kind == "histogram" else [name + total]
        assert sample in wanted, "%s within %s" % (line, name)
        assert sample + labels not in found, "twice: %s" % line
        found[sample + labels] = value
        if sample.endswith("_bucket"):
            assert last is None or value >= last, "a bucket falls: %s" % line
            last = None if 'le="+Inf"' in labels else value
    return found


def metrics(server, headers=None):
    status, fields, body = get(server.port, "/metrics", headers)
    assert status == 200
    return check_metrics(body.decode(), "openmetrics" in fields["Content-Type"])


def check_promtool(page):
    if not shutil.which("promtool"):
        return
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, timeout=60)
    assert done.returncode == 0 and not done.stdout and not done.stderr, (done.stdout, done.stderr)


class Page(html.parser.HTMLParser):
    """Every element is closed, nothing is loaded, and styles and scripts are those of the policy."""

    def __init__(self, policy):
        super().__init__()
        self.policy, self.open, self.ids, self.text = policy, [], set(), ""

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            assert name not in ("src", "href", "style") and not name.startswith("on"), (tag, name, value)
            if name == "id":
                assert value not in self.ids, value
                self.ids.add(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, "</%s> closes something else" % tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("style", "script"):
            digest = base64.b64encode(hashlib.sha256(data.encode()).digest()).decode()
            assert "%s-src 'sha256-%s'" % (self.open[-1], digest) in self.policy, self.open[-1]
        self.text += data


def check_page(server):
    status, fields, body = get(server.port, "/status")
    assert status == 200
    page = Page(fields["Content-Security-Policy"])
    page.feed(body.decode())
    page.close()
    assert not page.open, page.open
    parts = json.loads(get(server.port, "/status?live")[2])["parts"]
    for name, part in parts.items():
        assert name in page.ids, name
        inner = Page("")
        inner.feed(part)
        assert not inner.open, (name, inner.open)
    return page.text


# ---- tests ---------------------------------------------------------------------------------------

def ask(server, path, count, host="a"):
    for _ in range(count):
        assert raw(server.port, b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                   % (path.encode(), host.encode()))


def ok(found):
    return found.get('goldcrest_responses_total{status="200"}', 0)


def workers_are_added_up(backend):
    need("mod_status", "mod_proxy")
    server = Server(text(3, '$HTTP["host"] == "one.example" { server.name = "<one>" }\n'
                            'server.modules += ( "mod_proxy" )\n$HTTP["url"] =^ "/back" {\n'
                            'proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => 1 ))) }\n'), backend)
    server.file("x.txt", "content")
    ask(server, "/x.txt", 60)
    ask(server, "/x.txt", 20, "one.example")
    ask(server, "/none", 10)
    ask(server, "/back", 2)
    found = metrics(server)
    assert ok(found) == 80, ok(found)
    assert found['goldcrest_responses_total{status="404"}'] == 10
    assert found['goldcrest_vhost_responses_total{vhost="<one>",class="2xx"}'] == 20
    assert found['goldcrest_request_duration_seconds_count{vhost="<one>"}'] == 20
    assert found['goldcrest_request_duration_seconds_bucket{vhost="<one>",le="+Inf"}'] == 20
    assert found["goldcrest_workers"] == 3 and found["goldcrest_connections_total"] == 93
    tried = found['goldcrest_backend_requests_total{backend="http 127.0.0.1:1"}']
    assert tried in (1, 2), "it rests after the first one, as far as that worker knows"
    assert found['goldcrest_backend_connect_errors_total{backend="http 127.0.0.1:1"}'] == tried
    assert found['goldcrest_backend_up{backend="http 127.0.0.1:1"}'] in (0, 1)
    assert ok(metrics(server, OPENMETRICS)) == 81
    check_promtool(get(server.port, "/metrics")[2])
    answer = json.loads(get(server.port, "/status?json")[2])
    assert answer["RequestsTotal"] == 95 and answer["TrafficTotal"] >= 10, answer
    auto = get(server.port, "/status?auto")[2].decode()
    assert auto.startswith("Total Accesses: 96\nTotal kBytes: "), auto
    said = check_page(server)
    assert "<one>" in said and LOCALHOST in said and "127.0.0.1:1" in said
    assert b"mod_status" in get(server.port, "/config")[2]
    assert server.end() == 0


def states_are_seen(backend):
    """Who waits in a state of the two machines is shown there, and by no other after it has gone."""
    need("mod_status")
    server = Server(text(2), backend)
    server.file("x.txt", "content")
    held = [connect(server.port) for _ in range(6)]
    for s in held[:4]:
        s.sendall(b"GET /x.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        assert s.recv(4096)
    for s in held[4:]:
        s.sendall(b"GET /x.txt HTTP/1.1\r\nHost: head-is-not-complete")

    def state(name):
        return metrics(server).get(name)
    wait_for(lambda: state('goldcrest_connections_open{state="SERVE"}') == 7, "seven connections")
    wait_for(lambda: state('goldcrest_requests_open{state="READ"}') == 2, "two requests at READ")
    wait_for(lambda: get(server.port, "/status")[2].count(b"<td>keep-alive") == 4, "those that are kept alive")
    for s in held:
        s.close()
    wait_for(lambda: state('goldcrest_connections_open{state="SERVE"}') == 1, "all of them to be gone")
    assert state('goldcrest_requests_open{state="READ"}') == 0
    assert server.end() == 0


def sums_do_not_fall(backend):
    """A reload, a worker that is killed, more and fewer workers."""
    need("mod_status")
    server = Server(text(3), backend)
    server.file("x.txt", "content")
    asked = 0

    def more():
        nonlocal asked
        ask(server, "/x.txt", 30)
        asked += 30
        found = metrics(server)
        asked += 1  # it counts once it is over
        assert ok(found) == asked - 1, "%d requests, but %d are counted" % (asked - 1, ok(found))
        return found
    more()
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    assert more()['goldcrest_reloads_total{result="ok"}'] == 1
    for n in range(2):
        before = server.workers()
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda: len(server.workers()) == 3 and before[0] not in server.workers(), "another worker", 20)
        server.wait_log("was killed by signal 9", n + 1)
        assert more()["goldcrest_workers_lost_total"] == n + 1
    for count in (1, 4, 2, 40, 1):
        server.configure(text(count))
        server.send(signal.SIGUSR1)
        wait_for(lambda: len(server.workers()) == count, "%d workers" % count, 30)
        more()
    server.configure("nonsense")
    server.send(signal.SIGUSR1)
    server.wait_log("is refused")
    assert more()['goldcrest_reloads_total{result="refused"}'] == 1
    assert server.end() == 0


def hosts_of_the_file_system():
    """Each has its own figures, kept replies too; a name that is no host, and one beyond the table, has none."""
    need("mod_status", "mod_evhost", "mod_simple_vhost")
    server = Server(text(1, 'server.modules += ( "mod_evhost", "mod_simple_vhost" )\n'
                            'evhost.path-pattern = "@DIR@/hosts/%_"\n'
                            '$HTTP["host"] =$ ".simple.example" {\nevhost.path-pattern = ""\n'
                            'simple-vhost.server-root = "@DIR@/hosts"\n'
                            'simple-vhost.default-host = "default.example" }\n'
                            '$HTTP["host"] == "named.example" { server.name = "called" }\n'))
    hosts = ["a.example", "named.example", "b.simple.example", "default.example"]
    for host in hosts + ["h%d" % i for i in range(140)]:
        path = os.path.join(server.dir, "hosts", host)
        os.makedirs(path)
        with open(os.path.join(path, "x.txt"), "w") as f:
            f.write(host)
    for host, count in (("a.example", 5), ("named.example", 2), ("b.simple.example", 3), ("c.simple.example", 2),
                        ("none.example", 4)):
        ask(server, "/x.txt", count, host)
    found = metrics(server)
    for name, status, count in (("a.example", 2, 5), ("called", 2, 2), ("b.simple.example", 2, 3),
                                ("default.example", 2, 2)):
        key = 'goldcrest_vhost_responses_total{vhost="%s",class="%dxx"}' % (name, status)
        assert found[key] == count, (name, found)
    assert not [k for k in found if "none.example" in k or "c.simple" in k or 'vhost="named' in k]
    for i in range(140):
        ask(server, "/x.txt", 1, "h%d" % i)
    found = metrics(server)
    names = {k for k in found if k.startswith("goldcrest_vhost_responses_total")}
    assert found['goldcrest_vhost_responses_total{vhost="other",class="2xx"}'] >= 10 and len(names) < 400, len(names)


def tests():
    yield Test("status: hosts of the file system", hosts_of_the_file_system)
    for backend in backends():
        yield Test("status: workers are added up: %s" % backend, workers_are_added_up, backend)
        yield Test("status: states are seen: %s" % backend, states_are_seen, backend)
        yield Test("status: sums do not fall: %s" % backend, sums_do_not_fall, backend)
