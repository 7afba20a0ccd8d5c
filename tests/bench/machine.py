#!/usr/bin/env python3
# machine.py - this machine: its name, its processors, what a program has used of them, what disturbs
# SPDX-License-Identifier: BSD-3-Clause
import os
import platform
import subprocess


def output_of(*command):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


def text_of(path):
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def processor_name():
    for line in text_of("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "cpu model") and value.strip():
            return " ".join(value.split())
    for key in ("machdep.cpu.brand_string", "hw.model"):
        name = output_of("sysctl", "-n", key)
        if name:
            return " ".join(name.split())
    return platform.machine()


def describe():
    """Of the machine what a reader of the figures wants to know, and nothing that says whose it is."""
    return {"system": platform.system(), "release": platform.release(), "processor": processor_name(),
            "processors": os.cpu_count() or 1}


# ---- who runs where ------------------------------------------------------------------------------

def siblings(cpu):
    """The processors that share a core with that one."""
    found = set()
    for part in text_of("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list" % cpu).strip().split(","):
        first, _, last = part.partition("-")
        if first.isdigit():
            found.update(range(int(first), int(last or first) + 1))
    return found | {cpu}


def places():
    """(processor of the server, processor of the load, None), or (None, None, why they cannot be chosen)."""
    if not hasattr(os, "sched_setaffinity"):
        return None, None, "this system does not let a program choose its processor"
    try:
        usable = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, usable)
    except OSError as e:
        return None, None, "a processor cannot be chosen here (%s)" % e.strerror
    if len(usable) < 2:
        return None, None, "there is one processor for all"
    server = usable[0]
    others = [cpu for cpu in usable if cpu not in siblings(server)] or usable[1:]
    return server, others[0], None


def on_processor(cpu):
    """For subprocess: what a child does before its program begins."""
    return None if cpu is None else lambda: os.sched_setaffinity(0, {cpu})


# ---- what a program has used ---------------------------------------------------------------------

def has_schedstat():
    """Does the kernel count nanoseconds for each thread (Linux)?"""
    return len(text_of("/proc/self/task/%d/schedstat" % os.getpid()).split()) >= 2


def session_of(stat):
    """The fourth word behind the name, which may hold anything."""
    words = stat[stat.rfind(")") + 1:].split()
    return int(words[3]) if len(words) > 3 else -1


def usage_of_session(leader):
    """(seconds of CPU, seconds of waiting for one) of all threads in the session of that process."""
    ran = waited = 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or session_of(text_of("/proc/%s/stat" % name)) != leader:
            continue
        try:
            threads = os.listdir("/proc/%s/task" % name)
        except OSError:
            continue
        for thread in threads:
            words = text_of("/proc/%s/task/%s/schedstat" % (name, thread)).split()
            if len(words) >= 2:
                ran += int(words[0])
                waited += int(words[1])
    return ran / 1e9, waited / 1e9


def load_average():
    """Of the last minute, for each processor; None where nobody knows."""
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except (AttributeError, OSError):
        return None
