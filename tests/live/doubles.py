#!/usr/bin/env python3
# doubles.py - live tests about events, over doubles of the kernels that are not here, some of them at the same time
# SPDX-License-Identifier: BSD-3-Clause
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

# What the lines begin with; the program; its backend; whose poll() it is; with the long tests, too?
DOUBLES = (
    ("ports", "goldcrest-solaris", "ports", "", True),
    ("devpoll", "goldcrest-solaris", "devpoll", "", True),
    ("kqueue", "goldcrest-kqueue", "kqueue", "", True),
    ("poll/macos", "goldcrest-pollwrap", "poll", "macos", True),
    ("poll/openbsd", "goldcrest-pollwrap", "poll", "openbsd", False),
    ("poll/dragonfly", "goldcrest-pollwrap", "poll", "dragonfly", False),
    ("poll/netbsd", "goldcrest-pollwrap", "poll", "netbsd", False),
    ("poll/freebsd", "goldcrest-pollwrap", "poll", "freebsd", False),
)

# Connections, uploads, signals, reloads, helpers, gateways, TLS, HTTP/2; what says nothing of events is left out.
# Expressions that names of tests are searched for; a line for each module.
ABOUT_EVENTS = """
^features (.* sendfile|IPv6|four)
^conformance
^mirror a tree, |^refused uploads
^quiet
command: -1|command: sockets handed over
changes nothing|come and go|logs renamed
^SIG(?!INT finishes)|a killed worker|a killed master end|^daemon|started twice|a worker's user|socket's mode
log to a program
deflate: codings|deflate: a slow client
tls: features .* sendfile|tls: keep-alive|tls: sizes|tls: stalled|tls: broken|tls: plain HTTP
tls access: SIG|tls access: key updates
tls: certificates by a reload|tls: idle|tls: refused uploads
auth: another server|auth: begins
^h2: (?!Chromium)
h2-backend: (?!nghttpd)
tls-backend: large|tls-backend: sessions
websocket: (?!Chromium|pings)
extforward: (fields|PROXY|to ourselves v2)|sockproxy
proxy: (?!truncations)
a stopped backend|backup backends|survives a reload
CGI: (?!the client goes, the program|execute|through a link|what cannot|php|time limits|no more)
helper: (?!SIGINT|a killed master|a list)|bin-path: (ends|the helper|another|its errors)
fastcgi: (?!php-fpm: X-Sendfile|scgi.debug)
"""
LONG = """
^features .* writev
fifty reloads under load, two workers
^SIGINT finishes|tls: SIGINT|tls access: busy
nobody notices, two workers
CGI: (time limits|no more)
"""

LANES, PORTS_OF_A_LANE = 3, 2500  # most of the time the tests wait
PORTS_FROM = int(os.environ.get("LIVE_PORTS", "12000"))


def pattern(with_long):
    lines = ABOUT_EVENTS.split("\n") + (LONG.split("\n") if with_long else [])
    return "|".join(line for line in lines if line)


def environment_of(lane, name, program, backend, semantics, with_long):
    more = {"GOLDCREST": os.path.abspath(os.path.join("tests", "doubles", program)), "LIVE_BACKEND": backend,
            "GOLDCREST_LIBEXEC": os.path.abspath(os.path.join("src", "modules", "auth")), "LIVE_NAME": name,
            "LIVE_PORTS": str(PORTS_FROM + lane * PORTS_OF_A_LANE), "GC_POLL_SEMANTICS": semantics,
            "LIVE_PATTERN": os.environ.get("LIVE_PATTERN") or pattern(with_long)}
    return dict(os.environ, **more)


class Lane(threading.Thread):
    """Takes one double after the other, until there is none left."""

    def __init__(self, number, doubles, words):
        super().__init__()
        self.number, self.doubles, self.words = number, doubles, words
        self.passed = self.failed = self.skipped = self.tried = 0
        self.process, self.failures = None, []

    def run(self):
        while True:
            try:
                double = self.doubles.pop(0)
            except IndexError:
                return
            self.try_one(*double)
            self.tried += 1

    def try_one(self, name, *rest):
        live = os.path.join(os.path.dirname(os.path.abspath(__file__)), "live.py")
        environment = environment_of(self.number, name, *rest)
        process = self.process = subprocess.Popen([sys.executable, live, *self.words], stdin=subprocess.DEVNULL,
                                                  stdout=subprocess.PIPE, env=environment)
        totals, again = None, False
        for line in process.stdout:
            text = line.decode(errors="replace").rstrip("\n")
            again = text.startswith("once more: ") or again and not re.match(r"\d+ passed", text)
            if again:
                self.failures.append(text)
                continue
            totals = re.match(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", text)
            print("%s: %s" % (name, text) if totals else text, flush=True)
        if process.wait() not in (0, 1) or not totals:
            totals = re.match(r"(0)(1)(0)", "010")
            print("FAIL %s: live.py ended with status %d" % (name, process.returncode), flush=True)
        self.passed, self.failed, self.skipped = [
            a + int(b or 0) for a, b in zip((self.passed, self.failed, self.skipped), totals.groups())]


def end(lanes):
    for lane in lanes:
        lane.doubles.clear()
        if lane.process and lane.process.poll() is None:
            lane.process.send_signal(signal.SIGINT)  # it ends its servers


def main(arguments):
    """Words before "--" choose doubles, those behind it tests; all of either where there are none."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    doubles = [d for d in DOUBLES if not arguments[:at] or any(word in d[0] for word in arguments[:at])]
    if not doubles:
        print("doubles.sh: there is no such double; there are: " + " ".join(d[0] for d in DOUBLES))
        return 2
    if not all(shutil.which(os.path.join("tests", "doubles", d[1])) for d in doubles):
        print("skip: the programs over doubles are not in this build")
        return 77
    count = len(doubles)
    words = arguments[at + 1:] or os.environ.get("LIVE_TESTS", "").split()
    lanes = [Lane(i, doubles, words) for i in range(LANES)]
    signal.signal(signal.SIGTERM, lambda *_: end(lanes))
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    passed, failed, skipped = [sum(getattr(lane, w) for lane in lanes) for w in ("passed", "failed", "skipped")]
    print("".join(line + "\n" for lane in lanes for line in lane.failures), end="")
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    if sum(lane.tried for lane in lanes) != count:
        print("FAIL: not every double was tried")
        return 1
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
