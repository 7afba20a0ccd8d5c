#!/usr/bin/env python3
# bench.py - goldcrest beside the least that a server can do: CPU and instructions of a request, a table and a plot
# SPDX-License-Identifier: BSD-3-Clause
import argparse
import contextlib
import fnmatch
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time

import instructions
import machine
import plot
import programs
import table
from programs import Failed, Program
from scenarios import SCENARIOS

WHO = ("goldcrest", "floor")
TOO_MUCH = 0.15     # spread, waiting for a processor
BUSY_BEFORE = 0.25  # load average of each processor, before anything is measured

DESCRIPTION = """\
Starts goldcrest and a program that answers without looking (the floor) in turn, asks both the same, and prints
what a request costs: time of a processor, kernel included, and instructions outside of the kernel. Everything is on
127.0.0.1 and in a temporary folder; bench.json and bench.svg are left in the present one.
"""
ENVIRONMENT = """\
environment: BENCH_FULL=1, BENCH_QUICK=1, BENCH_ONLY=PATTERN, BENCH_SECONDS=S, BENCH_ROUNDS=N stand for these options,
also as in: make bench BENCH_ONLY='keep*'
"""


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


class Setting:
    """What is the same for all that is measured: programs, documents, processors."""

    def __init__(self, arguments, folder):
        self.folder = folder
        self.program = os.path.abspath(arguments.program)
        self.tools = os.path.abspath(arguments.tools)
        self.seconds = arguments.seconds
        self.by_schedstat = machine.has_schedstat() and arguments.meter != "rusage"
        self.server_cpu, self.load_cpu, self.not_pinned = machine.places()
        self.log = os.path.join(folder, "output")
        self.paths = os.path.join(folder, "paths")
        self.start_cost = {}
        self.lengths = {}
        os.chmod(folder, 0o755)
        many = any("@PATHS@" in scenario.load for scenario in choose(arguments.only.split(",")))
        programs.write_documents(os.path.join(folder, "www"), many)
        programs.write_paths(self.paths)
        self.pemfile = programs.write_certificate(folder)

    def tool(self, name):
        return os.path.join(self.tools, name)

    @contextlib.contextmanager
    def backend(self, scenario):
        """The floor behind a proxy: with the load's processor, since it is not what is measured."""
        if not scenario.is_proxy:
            yield None
            return
        server = Program(lambda port: [self.tool("floor"), "-p", str(port), "-l", str(scenario.length)],
                         self.load_cpu, self.log)
        try:
            yield server.port
        finally:
            server.end()

    def command(self, who, scenario, port, backend):
        pemfile = self.pemfile if scenario.is_secure else None
        if who == "goldcrest":
            path = programs.write_configuration(self.folder, port, pemfile, backend)
            return [self.program, "-D", "-f", path]
        if backend:
            return [self.tool("relay"), "-p", str(port), "-b", str(backend)]
        command = [self.tool("floor"), "-p", str(port), "-s", str(scenario.status)]
        if scenario.has_file:
            command += ["-f", os.path.join(self.folder, "www", scenario.load[-1].lstrip("/"))]
        else:
            command += ["-l", str(self.length(scenario))]
        return command + (["-t", pemfile] if pemfile else [])

    @contextlib.contextmanager
    def serving(self, who, scenario, under=()):
        with self.backend(scenario) as backend:
            server = Program(lambda port: [*under, *self.command(who, scenario, port, backend)],
                             None if under else self.server_cpu, self.log, 60 if under else 10)
            try:
                yield server
            finally:
                server.end(60 if under else 10)

    def ask(self, server, scenario, how, before=None):
        arguments = [self.paths if a == "@PATHS@" else a for a in scenario.load]
        if before and "-k" not in arguments:
            how = ["-w", *how]
        return programs.ask(self.tool("load"), server.port,
                            arguments + scenario.expectation(self.length(scenario)) + how, self.load_cpu, before)

    def length(self, scenario):
        """Of the answer's body. What is not known beforehand is what goldcrest says."""
        if scenario.length is not None:
            return scenario.length
        if scenario.name not in self.lengths:
            with self.serving("goldcrest", scenario) as server:
                said = programs.ask(self.tool("load"), server.port,
                                    [*scenario.load, "-s", str(scenario.status), "-n", "1", "-c", "1"])
            self.lengths[scenario.name] = said["body_bytes"]
        return self.lengths[scenario.name]


# ---- one measurement -----------------------------------------------------------------------------

def warm_up(setting, server, scenario):
    setting.ask(server, scenario, ["-n", str(max(64, scenario.counts[0]))])


def cost_of_start(setting, who, scenario):
    """What it takes to start, to warm up and to end, where only the whole life of a program can be asked for."""
    key = who, scenario.name
    if key not in setting.start_cost:
        with setting.serving(who, scenario) as server:
            warm_up(setting, server, scenario)
        setting.start_cost[key] = server.usage
    return setting.start_cost[key]


def measure(setting, who, scenario):
    readings = []
    with setting.serving(who, scenario) as server:

        def read():
            readings.append(machine.usage_of_session(server.process.pid) if setting.by_schedstat else (0, 0))

        warm_up(setting, server, scenario)
        counted = setting.ask(server, scenario, ["-d", str(int(setting.seconds * 1000))], read)
        read()
    used, waited = (after - before for before, after in zip(*readings))
    if not setting.by_schedstat:
        used = server.usage - cost_of_start(setting, who, scenario)
    return {"requests_s": counted["answers"] / counted["seconds"],
            "cpu_us": max(used, 0) * 1e6 / counted["answers"],
            "busy": used / counted["seconds"], "waited": waited / counted["seconds"],
            "load_busy": counted["cpu_s"] / counted["seconds"],
            "p50_us": counted["p50_us"], "p99_us": counted["p99_us"], "answers": counted["answers"]}


# ---- all of them ---------------------------------------------------------------------------------

def spread(values):
    middle = statistics.median(values)
    return (max(values) - min(values)) / 2 / middle if middle else 0


def digest(runs):
    """The medians of the rounds."""
    found = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    found["requests_cpu_s"] = 1e6 / found["cpu_us"] if found["cpu_us"] else None
    found["spread"] = spread([run["cpu_us"] for run in runs])
    return found


def run_scenario(setting, scenario, rounds):
    """A B A B …, so that what the machine does meanwhile is done to both."""
    runs = {who: [] for who in WHO}
    for number in range(rounds):
        for who in WHO:
            runs[who].append(measure(setting, who, scenario))
        say("%-12s %d/%d  goldcrest %.2f us, floor %.2f us" %
            (scenario.name, number + 1, rounds, *(runs[who][-1]["cpu_us"] for who in WHO)))
    row = {"name": scenario.name, "what": scenario.what, **{who: digest(runs[who]) for who in WHO}}
    ratios = [a["cpu_us"] / b["cpu_us"] for a, b in zip(*(runs[who] for who in WHO)) if b["cpu_us"]]
    row["ratio"] = statistics.median(ratios) if ratios else None
    row["spread"] = max(row[who]["spread"] for who in WHO)
    row["disturbed"] = row["spread"] > TOO_MUCH or max(row[who]["waited"] for who in WHO) > TOO_MUCH
    return row


def choose(patterns):
    chosen = [s for s in SCENARIOS if any(fnmatch.fnmatch(s.name, p) for p in patterns)]
    if not chosen:
        raise Failed("no scenario is called %s; there are: %s" % (" or ".join(patterns),
                                                                    " ".join(s.name for s in SCENARIOS)))
    return chosen


def has_tls(setting):
    """Does this build have TLS, and is there what makes a certificate?"""
    if "+ SSL support" not in machine.output_of(setting.program, "-V"):
        say("no TLS in this build: tls-* are left out")
        return False
    if not setting.pemfile:
        say("there is no openssl command to make a certificate with: tls-* are left out")
    return setting.pemfile is not None


def count_instructions(setting, arguments, scenarios, rows):
    why = "it was not wanted" if arguments.no_instructions else instructions.why_not(setting.program)
    if why:
        say("instructions are not counted: %s" % why)
        return
    if arguments.quick:
        scenarios = [s for s in scenarios if s.name == "keep-1k"]
    found = instructions.count_all(setting, scenarios, say)
    for row in rows:
        for who in WHO:
            row[who]["instructions"] = found.get((who, row["name"]))


def names(some, rows):
    return "everywhere" if len(some) == len(rows) else " ".join(some)


def disturbances(load, rows):
    """In words, what makes these figures doubtful."""
    found = []
    if load is not None and load > BUSY_BEFORE:
        found.append("the load average was %.1f for each processor before it began" % load)
    wide = [row["name"] for row in rows if row["spread"] > TOO_MUCH]
    if wide:
        found.append("rounds differ by more than +-%d %% (%s)" % (TOO_MUCH * 100, names(wide, rows)))
    waited = [row["name"] for row in rows if max(row[who]["waited"] for who in WHO) > TOO_MUCH]
    if waited:
        found.append("others had the server's processor at times (%s)" % names(waited, rows))
    return found


def bench(setting, arguments):
    load = machine.load_average()
    scenarios = choose(arguments.only.split(","))
    if any(s.is_secure for s in scenarios) and not has_tls(setting):
        scenarios = [s for s in scenarios if not s.is_secure]
    if setting.not_pinned:
        say("server and load share processors: %s" % setting.not_pinned)
    else:
        say("server on processor %d, load on processor %d" % (setting.server_cpu, setting.load_cpu))
    rows = [run_scenario(setting, scenario, arguments.rounds) for scenario in scenarios]
    count_instructions(setting, arguments, scenarios, rows)
    version = machine.output_of(setting.program, "-v").split(" ")[0].replace("goldcrest/", "")
    return {"version": version, "date": time.strftime("%Y-%m-%d"), "machine": machine.describe(),
            "pinned": not setting.not_pinned, "meter": "schedstat" if setting.by_schedstat else "rusage",
            "rounds": arguments.rounds, "seconds": arguments.seconds, "load_average": load,
            "disturbed": disturbances(load, rows), "scenarios": rows}


# ---- the command ---------------------------------------------------------------------------------

def is_on(name):
    return os.environ.get(name, "") not in ("", "0", "no")


def parse(words):
    env = os.environ.get
    parser = argparse.ArgumentParser(prog="make bench", description=DESCRIPTION, epilog=ENVIRONMENT,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", default=is_on("BENCH_FULL"), help="longer, more rounds")
    parser.add_argument("--quick", action="store_true", default=is_on("BENCH_QUICK"),
                        help="shorter; instructions of keep-1k alone")
    parser.add_argument("--only", metavar="PATTERN[,…]", default=env("BENCH_ONLY") or "*", help="scenarios to run")
    parser.add_argument("--seconds", type=float, default=env("BENCH_SECONDS") or None, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=env("BENCH_ROUNDS") or None, help="of each scenario")
    parser.add_argument("--no-instructions", action="store_true", help="do not ask callgrind")
    parser.add_argument("--meter", choices=("schedstat", "rusage"), help="where CPU time is asked for")
    parser.add_argument("--program", default="src/goldcrest", help="the server (src/goldcrest)")
    parser.add_argument("--tools", default="tests/bench", help="where floor, load and relay are (tests/bench)")
    parser.add_argument("--output", default=".", help="where bench.json and bench.svg go (.)")
    parser.add_argument("--list", action="store_true", help="the scenarios, and nothing else")
    arguments = parser.parse_args(words)
    pace = "full" if arguments.full else "quick" if arguments.quick else "usual"
    rounds, seconds = {"full": (5, 2.0), "quick": (3, 0.2), "usual": (3, 0.35)}[pace]
    arguments.rounds = max(1, arguments.rounds or rounds)
    arguments.seconds = max(0.05, arguments.seconds or seconds)
    return arguments


def write_results(results, folder):
    with open(os.path.join(folder, "bench.json"), "w") as f:
        json.dump(results, f, indent=1)
        f.write("\n")
    with open(os.path.join(folder, "bench.svg"), "w", encoding="utf-8") as f:
        f.write(plot.draw(results))
    print("The plot is bench.svg, all figures are in bench.json.")


def main(words):
    arguments = parse(words)
    if arguments.list:
        for scenario in SCENARIOS:
            print("%-12s %s" % (scenario.name, scenario.what))
        return 0
    for name in ("floor", "load", "relay"):
        if not os.access(os.path.join(arguments.tools, name), os.X_OK):
            say("%s is not built: make bench builds it" % name)
            return 1
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, programs.Interrupts.hear)
    folder = tempfile.mkdtemp(prefix="goldcrest-bench-")
    try:
        results = bench(Setting(arguments, folder), arguments)
        table.show(results)
        write_results(results, arguments.output)
        return 0
    except Failed as e:
        say("FAILED: %s" % e)
        return 1
    except KeyboardInterrupt:
        say("interrupted; what was started is ended")
        return 130
    finally:
        programs.end_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
