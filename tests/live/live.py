#!/usr/bin/env python3
# live.py - runs the live tests, one line each
# SPDX-License-Identifier: BSD-3-Clause
import importlib
import os
import re
import shutil
import sys
import tempfile
import time
import traceback

import harness

LIMIT_S = 300  # for one test


def run(test):
    """None if it passed, else what to say of it; "skip: …" if it could not be tried."""
    harness.alarm(LIMIT_S)
    try:
        test.run()
        return None
    except harness.Skip as why:
        return "skip: %s" % why
    except (Exception, SystemExit) as error:
        where = traceback.extract_tb(sys.exc_info()[2])[-1]
        said = "%s: %s" % (type(error).__name__, error) if not isinstance(error, AssertionError) else str(error)
        return "%s:%d: %s%s" % (where.filename.rsplit("/", 1)[-1], where.lineno, said or where.line, harness.tails())
    finally:
        harness.alarm(0)
        harness.end_all()


def is_wanted(test, words):
    """Some word is part of its name, and LIVE_PATTERN is found in it; where there are none, all are wanted."""
    pattern = os.environ.get("LIVE_PATTERN", "")
    return (not words or any(w in test.name for w in words)) and re.search(pattern, test.name)


def modules():
    """Each t_*.py beside this file."""
    here = os.path.dirname(os.path.abspath(__file__))
    return [importlib.import_module(name[:-3]) for name in sorted(os.listdir(here))
            if name.startswith("t_") and name.endswith(".py")]


def main(words):
    what = os.environ.get("LIVE_NAME", "") and os.environ["LIVE_NAME"] + ": "
    passed = skipped = 0
    failures = []
    harness.scratch = tempfile.mkdtemp(prefix="goldcrest-live.")
    try:
        harness.install()
        for test in [t for m in modules() for t in m.tests() if is_wanted(t, words)]:
            begun = time.monotonic()
            problem = run(test)
            took = time.monotonic() - begun
            if problem is None:
                passed += 1
                print("ok   %s (%.1f s)" % (what + test.name, took), flush=True)
            elif problem.startswith("skip: "):
                skipped += 1
                print("skip %s: %s" % (what + test.name, problem[6:]), flush=True)
            else:
                failures.append("FAIL %s (%.1f s): %s" % (what + test.name, took, problem))
                print(failures[-1], flush=True)
    finally:
        harness.end_all()
        shutil.rmtree(harness.scratch, ignore_errors=True)
    print("".join("once more: " + failure + "\n" for failure in failures), end="")  # where a log's end is all one has
    print("%d passed, %d failed%s" % (passed, len(failures), ", %d skipped" % skipped if skipped else ""))
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
