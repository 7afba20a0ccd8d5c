#!/usr/bin/env python3
# scenarios.py - what is asked, of whom, and what the answer must be: a table
# SPDX-License-Identifier: BSD-3-Clause


class Scenario:
    """load: arguments of the load generator, floor: those of the floor. length None: that of goldcrest's answer."""

    def __init__(self, name, what, load, length, floor=(), status=200, counts=(50, 250), **kind):
        self.name = name
        self.what = what
        self.load = load
        self.length = length
        self.floor = list(floor)
        self.status = status
        self.counts = counts  # requests of the two runs that instructions are counted in
        self.is_secure = kind.get("secure", False)
        self.is_proxy = kind.get("proxy", False)
        self.has_file = kind.get("file", False)  # the floor sends the body from a file, too

    def expectation(self, length):
        return ["-s", str(self.status), "-l", str(length)]


SCENARIOS = (
    Scenario("keep-1k", "1 KiB, connections kept", ["-u", "/1k.txt"], 1024),
    Scenario("keep-10k", "10 KiB, connections kept", ["-u", "/10k.txt"], 10240),
    Scenario("keep-100k", "100 KiB, connections kept", ["-u", "/100k.txt"], 102400, file=True),
    Scenario("close-100", "100 bytes, a connection for each", ["-k", "-u", "/100.txt"], 100),
    Scenario("pipe-100", "100 bytes, 16 requests at once", ["-g", "16", "-u", "/100.txt"], 100, counts=(160, 1760)),
    Scenario("random-1k", "1,000 files of 1 KiB", ["-U", "@PATHS@"], 1024, counts=(2000, 3000)),
    Scenario("304", "If-Modified-Since: it was not",
             ["-u", "/1k.txt", "-H", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"], 0, status=304),
    Scenario("404", "a file that is not there", ["-u", "/not-there.txt"], None, status=404),
    Scenario("range", "1,000 bytes out of 100 KiB", ["-u", "/100k.txt", "-H", "Range: bytes=5000-5999"], 1000,
             status=206),
    Scenario("proxy", "1 KiB from a backend", ["-u", "/"], 1024, proxy=True),
    Scenario("tls-keep-1k", "1 KiB over TLS, connections kept", ["-t", "-u", "/1k.txt"], 1024, secure=True),
    Scenario("tls-full", "a TLS handshake for each request", ["-t", "-k", "-c", "16", "-u", "/1k.txt"], 1024,
             counts=(4, 12), secure=True),
)
