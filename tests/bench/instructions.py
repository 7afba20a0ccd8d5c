#!/usr/bin/env python3
# instructions.py - instructions of a request outside the kernel: callgrind counts two runs, and the difference is it
# SPDX-License-Identifier: BSD-3-Clause
import concurrent.futures
import os
import shutil

import machine
import programs
from programs import Failed


def why_not(program):
    """Why nothing can be counted, or None."""
    if not shutil.which("valgrind"):
        return "there is no valgrind"
    with open(program, "rb") as f:
        if b"__asan_init" in f.read():
            return "valgrind does not run a build with sanitizers"
    return None


def sum_of(folder):
    """What all processes of that run have executed."""
    total = 0
    for name in os.listdir(folder):
        for line in machine.text_of(os.path.join(folder, name)).splitlines():
            if line.startswith("summary:"):
                total += int(line.split()[1])
    if not total:
        raise Failed("callgrind has left no sum")
    return total


def count(setting, who, scenario):
    """Instructions of a request; a few requests less or more change nothing but their number."""
    sums = []
    for number in scenario.counts:
        folder = os.path.join(setting.folder, "callgrind-%s-%s-%d" % (who, scenario.name, number))
        os.mkdir(folder)
        under = ["valgrind", "--tool=callgrind", "--trace-children=yes",
                 "--callgrind-out-file=" + os.path.join(folder, "%p")]
        with setting.serving(who, scenario, under) as server:
            setting.ask(server, scenario, ["-n", str(number), "-c", "1"])
        sums.append(sum_of(folder))
        shutil.rmtree(folder)
    return round((sums[1] - sums[0]) / (scenario.counts[1] - scenario.counts[0]))


def count_all(setting, scenarios, say):
    """{(who, name): instructions}; time does not matter here, so all processors are used."""
    found = {}
    with concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        jobs = {pool.submit(count, setting, who, s): (who, s.name)
                for s in scenarios for who in ("goldcrest", "floor")}
        try:
            for job in concurrent.futures.as_completed(jobs):
                who, name = jobs[job]
                try:
                    found[who, name] = job.result()
                    say("%-12s %-9s %8d instructions a request" % (name, who, found[who, name]))
                except (Failed, OSError, ValueError) as e:
                    say("%-12s %-9s not counted: %s" % (name, who, e))
        except KeyboardInterrupt:
            for job in jobs:
                job.cancel()
            programs.end_all()
            raise
    return found
