#!/usr/bin/env python3
# t_plugins.py - modules of others: the example builds outside of the sources and is loaded; wrong builds are refused
# SPDX-License-Identifier: BSD-3-Clause
import functools
import os
import re
import shlex
import shutil
import signal
import subprocess

import harness
from harness import PREFIX, Server, Skip, Test, backends, command, folder, get, is_emulated, need, read, write

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(HERE, "..", "..", "doc", "example-module")
TOOLS = ("autoreconf", "automake", "pkg-config", "make")


def needs():
    need("loadable modules")
    if not harness.prefix or is_emulated():
        raise Skip("nothing is installed that a module could be built with")
    if not os.path.exists(os.path.join(harness.prefix, "lib", "pkgconfig", "goldcrest.pc")):
        raise Skip("goldcrest.pc is elsewhere")


def run(directory, *words, **more):
    done = subprocess.run(words, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=240, **more)
    text = done.stdout.decode(errors="replace")
    assert done.returncode == 0, "%s: %s" % (" ".join(words), text[-2000:])
    return text


def of_package(*words):
    """pkg-config, for a package that lies below DESTDIR."""
    environment = dict(os.environ, PKG_CONFIG_PATH=os.path.join(harness.prefix, "lib", "pkgconfig"))
    said = run("/", "pkg-config", "--define-variable=prefix=" + PREFIX, *words, "goldcrest", env=environment).strip()
    return said.replace(PREFIX, harness.prefix)


def compile_alone(source, cflags, directory):
    """Without autoconf: a compiler line."""
    made = os.path.join(directory, os.path.basename(source)[:-2] + ".so")
    run(directory, *shlex.split(os.environ.get("CC", "cc")), *cflags, "-fPIC", "-shared", "-o", made, source)
    return made


@functools.lru_cache(maxsize=None)
def directory_of_example():
    """The example, built as its README says, installed into a directory."""
    needs()
    for tool in TOOLS:
        if not shutil.which(tool):
            raise Skip("there is no " + tool)
    work = os.path.join(folder("example"), "mod")
    shutil.copytree(EXAMPLE, work)
    for base, folders, files in os.walk(work):
        for name in folders + files:
            os.chmod(os.path.join(base, name), 0o755)
    os.chmod(work, 0o755)
    modules = os.path.join(folder("modules"), "m")
    ours = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
    environment = {k: v for k, v in os.environ.items() if k not in ours}
    environment.update(GOLDCREST_CFLAGS=of_package("--cflags"), GOLDCREST_LIBS=" ", moduledir=modules)
    run(work, "autoreconf", "-i", env=environment)
    run(work, "./configure", "CFLAGS=-O1 -Wall -Wextra -Werror", env=environment)
    run(work, "make", "install", env=environment)
    assert os.path.exists(os.path.join(modules, "mod_example.so")), os.listdir(modules)
    return modules


def settings(text=""):
    return 'server.modules = ( "mod_access", "mod_example" )\n' + text


def is_short():
    """40 lines of build system are enough."""
    lines = sum(len(read(os.path.join(EXAMPLE, name)).splitlines()) for name in ("configure.ac", "Makefile.am"))
    assert lines <= 40, lines


def serves(backend):
    """Its directive is known, merged, and answered; other requests go their way."""
    modules = directory_of_example()
    server = Server(settings('example.texts = ( "/hello" => "Good day" )\n'
                             '$HTTP["host"] == "other" {\n  example.texts = ( "/hello" => "Hi" )\n}\n'),
                    backend, arguments=("-D", "-m", modules))
    server.file("file", "a file\n")
    for _ in range(3):
        status, fields, body = get(server.port, "/hello")
        assert (status, body) == (200, b"Good day, 127.0.0.1\n"), (status, body)
        assert fields["Content-Type"] == "text/plain; charset=utf-8"
        assert get(server.port, "/hello", {"Host": "other"})[2] == b"Hi, 127.0.0.1\n"
        assert get(server.port, "/file")[2] == b"a file\n"
        assert get(server.port, "/hello", method="POST")[0] == 405
    assert server.end() == 0


def by_reload(backend):
    """A reload that loads a module for the first time: every worker has it afterwards."""
    modules = directory_of_example()
    server = Server('server.max-worker = 3\nserver.modules = ( "mod_access" )\n', backend,
                    arguments=("-D", "-m", modules))
    server.file("hello", "the file\n")
    assert get(server.port, "/hello")[2] == b"the file\n"
    before = server.workers()
    server.configure('server.max-worker = 3\n' + settings('example.texts = ( "/hello" => "Good day" )\n'))
    server.send(signal.SIGUSR1)
    server.wait_log("is in force")
    harness.wait_for(lambda: all(get(server.port, "/hello")[2] == b"Good day, 127.0.0.1\n" for _ in range(20)),
                     "all workers to have the module")
    harness.wait_for(lambda: not set(before) & set(server.workers()), "workers that were there before to be gone")
    assert server.end() == 0


def check(text, modules):
    return command("-t", "-m", modules, "-f", write(os.path.join(folder("c"), "c.conf"),
                                                    'server.document-root = "/tmp"\n' + text))


def is_refused():
    """No library, no module, another's module, another build: the configuration is an error, and says which."""
    needs()
    modules = folder("modules")
    status, _, errors = check('server.modules = ( "mod_nowhere" )\n', modules)
    assert status == 0 and "mod_nowhere is left out: there is no such module" in errors, errors
    write(os.path.join(modules, "mod_text.so"), "this is no library\n")
    status, _, errors = check('server.modules = ( "mod_text" )\n', modules)
    assert status == 255 and "mod_text cannot be loaded" in errors and "mod_text.so" in errors, errors
    assert re.search(r"c\.conf:2:\d+", errors), errors

    cflags = of_package("--cflags").split() + ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-std=c11"]
    work = folder("plugins")
    source = read(os.path.join(EXAMPLE, "mod_example.c")).decode()

    def build(name, change=lambda text: text, more=()):
        made = compile_alone(write(os.path.join(work, name + ".c"), change(source)), cflags + list(more), work)
        shutil.copy(made, modules)
        return check('server.modules = ( "%s" )\n' % name, modules)

    status, _, errors = build("mod_example")
    assert status == 0, errors
    status, _, errors = build("mod_other")
    assert status == 255 and "calls itself mod_example" in errors, errors
    status, _, errors = build("mod_place", lambda t: t.replace("mod_example", "mod_place")
                              .replace("PLUGIN(mod_place, NULL)", 'PLUGIN(mod_place, "mod_nowhere")'))
    assert status == 255 and "before mod_nowhere" in errors, errors
    status, _, errors = build("mod_bare", lambda t: t.split("PLUGIN(")[0]
                              .replace("static const struct module mod_example",
                                       "extern const struct module bare;\nconst struct module bare"))
    assert status == 255 and "goldcrest_plugin" in errors, errors

    headers = os.path.join(folder("headers"), "goldcrest")  # of another goldcrest
    shutil.copytree(os.path.join(harness.prefix, "include", "goldcrest"), headers)
    request = os.path.join(headers, "http", "request.h")
    os.chmod(request, 0o644)
    abi = os.path.join(headers, "server", "abi.h")
    os.chmod(abi, 0o644)
    cflags = [w.replace(os.path.join(harness.prefix, "include", "goldcrest"), headers) for w in cflags]
    old = read(abi).decode()
    write(abi, re.sub(r"GOLDCREST_HEADERS \d+u", "GOLDCREST_HEADERS 1u", old)
          .replace("_VERSION \"", "_VERSION \"older-"))
    status, _, errors = build("mod_example")
    assert status == 255 and "it was built for goldcrest older-" in errors and "build it anew" in errors, errors
    write(abi, old)
    write(request, read(request).decode().replace("uint32_t id; ", "uint32_t id, more[4]; "))
    status, _, errors = build("mod_example")
    assert status == 255 and "other switches" in errors, errors
    write(request, read(request).decode().replace("more[4]", "more[0]").replace(", more[0]", ""))
    assert build("mod_example")[0] == 0


def everything_is_there():
    """Each function that the installed headers declare can be had by a module."""
    needs()
    include = os.path.join(harness.prefix, "include", "goldcrest")
    declared, includes = set(), []
    for base, _, files in sorted(os.walk(include)):
        for name in sorted(files):
            if not name.endswith(".h"):
                continue
            path = os.path.join(base, name)
            includes.append(os.path.relpath(path, include))
            text = re.sub(r"/\*.*?\*/", "", read(path).decode(), flags=re.S)
            text = re.sub(r"^#(?:.*\\\n)*.*$", "", text, flags=re.M)
            declared.update(re.findall(r"^(?!static|typedef|\s)[\w \*]*?\b(\w+)\([^;{]*\)[^;{]*;", text, flags=re.M))
    assert len(declared) > 150, "only %d functions were found" % len(declared)
    assert {"request_core", "chunks_add_copy", "fields_set", "fdevent_want"} <= declared
    text = "".join('#include "%s"\n' % name for name in includes)
    text += '#include "server/plugin.h"\nvoid (*all[])(void);\nvoid (*all[])(void) = {\n'
    text += "".join("    (void (*)(void)) & %s,\n" % name for name in sorted(declared))
    text += '};\nstatic const struct directive none[] = {DIRECTIVE_END};\n'
    text += 'static const struct hook hooks[] = {{PHASE_COUNT, NULL, LASTS}};\n'
    text += 'static const struct module mod_all = {MODULE_ABI, "mod_all", none, hooks, 0, NULL, NULL, NULL};\n'
    text += 'PLUGIN(mod_all, NULL);\n'
    work = folder("all")
    compile_alone(write(os.path.join(work, "mod_all.c"), text), of_package("--cflags").split(), work)
    status, _, errors = check('server.modules = ( "mod_all" )\n', work)
    assert status == 0 and not errors, errors


def tests():
    yield Test("plugins: the example's build system is short", is_short)
    yield Test("plugins: what the headers declare is there", everything_is_there)
    yield Test("plugins: wrong ones are refused", is_refused)
    for name in backends():
        yield Test("plugins: the example over %s" % name, serves, name)
        yield Test("plugins: loaded by a reload over %s" % name, by_reload, name)
