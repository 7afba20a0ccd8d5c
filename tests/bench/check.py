#!/usr/bin/env python3
# check.py - tries out the benchmark: its load generator, its floor, and a run of a fraction of a second
# SPDX-License-Identifier: BSD-3-Clause
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

import programs
from programs import Failed, Program

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS, GOLDCREST = (os.path.abspath(word) for word in sys.argv[1:3])
FEW = ["-n", "400", "-c", "4"]


def tool(name):
    return os.path.join(TOOLS, name)


def ask(port, *arguments):
    return programs.ask(tool("load"), port, [*FEW, *arguments])


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def floor(*arguments):
    return Program(lambda port: [tool("floor"), "-p", str(port), *arguments])


def bench(folder, *arguments):
    return subprocess.Popen([sys.executable, os.path.join(HERE, "bench.py"), "--program", GOLDCREST, "--tools", TOOLS,
                             "--output", folder, "--no-instructions", *arguments], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder,
                            env=dict(os.environ, TMPDIR=folder))


def said(process, seconds):
    """What it has said when it has ended. One that does not end is interrupted: it ends whom it has started."""
    try:
        return process.communicate(timeout=seconds)[0].decode(errors="replace")
    except BaseException:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        raise


# ---- the load generator and the floor ------------------------------------------------------------

def right_answers(folder):
    server = floor("-l", "1000")
    for arguments in ([], ["-g", "16"], ["-k"], ["-l", "1000"]):
        counted = ask(server.port, *arguments)
        expect(counted["answers"] == 400, "%s: %d answers of 400" % (arguments, counted["answers"]))
        expect(counted["body_bytes"] == 1000, "%s: %d bytes" % (arguments, counted["body_bytes"]))
        expect(counted["bytes"] > 400 * 1000, "%s: %d bytes in all" % (arguments, counted["bytes"]))
    expect(counted["p50_us"] <= counted["p99_us"], "half of the answers took longer than most of them")


def a_file(folder):
    path = os.path.join(folder, "file")
    with open(path, "wb") as f:
        f.write(b"x" * 300001)
    server = floor("-f", path)
    expect(ask(server.port)["body_bytes"] == 300001, "not the file's length")
    expect(ask(server.port, "-k")["body_bytes"] == 300001, "not the file's length at a connection's end")


def no_body(folder):
    expect(ask(floor("-s", "304").port, "-s", "304")["body_bytes"] == 0, "a body with 304")


def relayed(folder):
    server = floor("-l", "70000")
    relay = Program(lambda port: [tool("relay"), "-p", str(port), "-b", str(server.port)])
    expect(ask(relay.port)["body_bytes"] == 70000, "not what the backend says")
    expect(ask(relay.port, "-g", "16")["answers"] == 400, "answers are lost on the way")


def refused(words, *arguments):
    try:
        ask(*arguments)
    except Failed as e:
        expect(words in str(e), "it says \"%s\", and not \"%s\"" % (e, words))
        return
    raise AssertionError("nobody noticed: %s" % words)


def wrong_status(folder):
    refused("with a wrong status", floor("-l", "100", "-e", "7").port)
    refused("with a wrong status", floor("-l", "100", "-e", "7").port, "-g", "16")
    refused("with a wrong status", floor("-l", "100").port, "-s", "404")


def wrong_length(folder):
    refused("with a wrong length", floor("-l", "100", "-E", "7").port)
    refused("with a wrong length", floor("-l", "100", "-E", "7").port, "-g", "16")
    refused("with a wrong length", floor("-l", "100").port, "-l", "101")


def nobody(folder):
    refused("connections refused", programs.free_port())


# ---- a run ---------------------------------------------------------------------------------------

SMALL = ["--rounds", "1", "--seconds", "0.1"]


def look_at(results, name):
    row, = [row for row in results["scenarios"] if row["name"] == name]
    for who in ("goldcrest", "floor"):
        expect(row[who]["answers"] > 10, "%s: %d answers of %s" % (name, row[who]["answers"], who))
        expect(0 < row[who]["cpu_us"] < 1e6, "%s: %g us of CPU" % (name, row[who]["cpu_us"]))
        expect(row[who]["requests_s"] > 0, "%s: no requests a second" % name)
    expect(0.01 < row["ratio"] < 1000, "%s: %g times the floor" % (name, row["ratio"]))


def run_of(folder, names, *arguments):
    process = bench(folder, "--only", ",".join(names), *SMALL, *arguments)
    out = said(process, 60)
    expect(process.returncode == 0, "bench ended with %d:\n%s" % (process.returncode, out))
    with open(os.path.join(folder, "bench.json")) as f:
        results = json.load(f)
    for name in names:
        look_at(results, name)
        expect(re.search("^%s " % re.escape(name), out, re.M), "the table has no line for %s" % name)
    left = [name for name in os.listdir(folder) if name.startswith("goldcrest-bench-")]
    expect(not left, "a folder is left behind")
    return results


def a_run(folder):
    results = run_of(folder, ["keep-1k", "close-100", "404"])
    expect(re.match(r"\d+\.\d+", results["version"]), "the version is \"%s\"" % results["version"])
    root = xml.etree.ElementTree.parse(os.path.join(folder, "bench.svg")).getroot()
    words = " ".join(element.text or "" for element in root.iter() if element.tag.endswith("text"))
    for word in ("keep-1k", "close-100", results["version"], results["date"]):
        expect(word in words, "the plot does not say %s" % word)
    expect(os.uname().nodename not in words.split(), "the plot says what this machine is called")


def by_rusage(folder):
    expect(run_of(folder, ["keep-10k"], "--meter", "rusage")["meter"] == "rusage", "another meter")


def a_proxy(folder):
    run_of(folder, ["proxy"])


def unknown(folder):
    process = bench(folder, "--only", "nothing", *SMALL)
    out = said(process, 30)
    expect(process.returncode == 1 and "no scenario is called nothing" in out, out)


def sessions():
    """Who runs, by session: {session: pids}"""
    done = subprocess.run(["ps", "-A", "-o", "pid=,args="], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace").splitlines()


def interrupted(folder):
    process = bench(folder, "--only", "keep-1k", "--rounds", "1", "--seconds", "30")
    end = time.monotonic() + 15
    while time.monotonic() < end and not any(folder in line and "-D -f" in line for line in sessions()):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out = said(process, 30)
    expect(process.returncode == 130 and "interrupted" in out, "%d: %s" % (process.returncode, out))
    left = [line for line in sessions() if folder in line]
    expect(not left, "still running: %s" % left)


TESTS = (right_answers, a_file, no_body, relayed, wrong_status, wrong_length, nobody, a_run, by_rusage, a_proxy,
         unknown, interrupted)


def main():
    passed = failed = 0
    for test in TESTS:
        folder = tempfile.mkdtemp(prefix="bench-check-")
        try:
            test(folder)
            passed += 1
        except (AssertionError, Failed, OSError, ValueError, subprocess.TimeoutExpired) as e:
            failed += 1
            print("FAIL %s: %s" % (test.__name__, e))
        finally:
            for program in list(programs.running):
                program.end(2)
            shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
