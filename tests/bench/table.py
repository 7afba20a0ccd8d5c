#!/usr/bin/env python3
# table.py - the figures as a table, for a terminal
# SPDX-License-Identifier: BSD-3-Clause

HEAD = """\
                    requests/s    requests/CPU second    us CPU/request   CPU    spread   instructions/request
scenario      goldcrest   floor   goldcrest     floor  goldcrest  floor  ratio      +-%  goldcrest   floor  ratio"""


def number(value, places=0):
    return "-" if value is None else "%.*f" % (places, value)


def ratio_of(a, b):
    return a / b if a is not None and b else None


def line(row):
    ours, floor = row["goldcrest"], row["floor"]
    counted = ours.get("instructions"), floor.get("instructions")
    return "%-12s %10s %7s  %10s %9s %10s %6s %6s %6s%s  %10s %7s %6s" % (
        row["name"], number(ours["requests_s"]), number(floor["requests_s"]), number(ours["requests_cpu_s"]),
        number(floor["requests_cpu_s"]), number(ours["cpu_us"], 2), number(floor["cpu_us"], 2),
        number(row["ratio"], 2), number(row["spread"] * 100), "*" if row["disturbed"] else " ",
        number(counted[0]), number(counted[1]), number(ratio_of(*counted), 2))


def title(results):
    about = results["machine"]
    return "goldcrest %s, %s, %s %s, %d x %s" % (results["version"], results["date"], about["system"],
                                                 about["release"], about["processors"], about["processor"])


def show(results):
    print()
    print(title(results))
    print("one worker%s; medians of %d rounds of %g s" %
          (", server and load on a processor each" if results["pinned"] else ", processors shared with the load",
           results["rounds"], results["seconds"]))
    print()
    print(HEAD)
    for row in results["scenarios"]:
        print(line(row))
    print()
    if results["disturbed"]:
        print("* The machine was disturbed: %s." % "; ".join(results["disturbed"]))
        print("  Take the order, not the digits; instructions do not depend on it.")
